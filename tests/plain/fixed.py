"""The fixed-point neuron in Python's integers, one neuron after another, as SPEC.md has it."""

import numpy as np


def bounds(bits, overflow):
    top = 2 ** (bits - 1)
    if overflow == "symmetric":
        return -top + 1, top - 1
    return (-top + 1, top) if overflow == "wrap-high" else (-top, top - 1)


def fit(x, bits, overflow):
    """A number as its register holds it."""
    low, high = bounds(bits, overflow)
    if not overflow.startswith("wrap"):
        return min(max(x, low), high)
    return low + (x - low) % 2**bits


def divided(x, bits, rounding):
    """x / 2**bits, rounded, by division alone."""
    quotient, rest = divmod(x, 2**bits)
    if rounding == "zero" and x < 0 and rest:
        return quotient + 1
    if rounding == "nearest" and 2 * rest >= 2**bits:
        return quotient + 1
    return quotient


def decayed(lif, v, amount, offset):
    form = lif.decay_form
    if form in ("factor", "complement"):
        factor = amount if form == "factor" else 2**lif.decay_bits - amount - offset
        product = v * factor
        if lif.product_bits:
            product = fit(product, lif.product_bits, "wrap")
        return divided(product, lif.decay_bits, lif.rounding)
    if form == "shift":
        return v - divided(v, amount, lif.rounding)
    if form == "constant":
        return max(v - amount, 0) if v > 0 else min(v + amount, 0)
    return v


def spike(lif, v):
    threshold = lif.threshold * 2**lif.threshold_shift
    if lif.lower_threshold is not None:
        lower = lif.lower_threshold * 2**lif.threshold_shift
        if v < lower or (lif.compare == ">=" and v == lower):
            return -1, lower
    if v > threshold or (lif.compare == ">=" and v == threshold):
        return 1, threshold
    return 0, 0


MISTAKES = ("input-first", "synapse-late", "test-first", "inputs-test", "weights-in-time",
            "decay-reset", "report-before")  # fmt: skip


def neuron(lif, inputs, time_events, u=0, v=0, clock=0, mistake=None):
    """Spikes, synaptic currents and membranes of one neuron, and its last state.

    A mistake is in the order of the operations, or leaves one out.
    """
    spikes, currents, membranes = [], [], []
    bias = divided(lif.bias * 2 ** (lif.bias_exponent + 16), 16, "floor")
    for x, is_time in zip(inputs, time_events, strict=True):
        before, crossed = spike(lif, v)
        if lif.reset_at == "same":
            crossed = 0
        pending = before if lif.reset_at == "next" else 0
        if lif.reset_interval:
            clock = (clock + 1) % lif.reset_interval
            if clock == lif.reset_offset % lif.reset_interval:
                u = v = crossed = pending = 0
        if lif.reset == "value" and pending:
            v = lif.reset_value
        if mistake == "decay-reset" and lif.reset == "subtract":
            v, crossed = v - crossed, 0
        drive = x * 2**lif.input_shift
        if lif.synapse_decay is not None:
            last = u
            if mistake == "input-first":
                u = decayed(lif, u + drive, lif.synapse_decay, lif.synapse_offset)
            else:
                u = decayed(lif, u, lif.synapse_decay, lif.synapse_offset) + drive
            drive = u = fit(u, lif.synapse_bits, lif.synapse_overflow)
            if mistake == "synapse-late":
                drive = last
        elif mistake == "input-first" and lif.decay_at == "step":
            v, drive = v + drive, 0
        if lif.decay_at == "step":
            v = decayed(lif, v, lif.decay, lif.decay_offset) + drive + bias
        elif is_time:
            v = decayed(lif, v, lif.decay, lif.decay_offset)
            if mistake == "weights-in-time":
                v += drive
        else:
            v = v + drive
        if lif.reset == "subtract":
            v -= crossed
        free = v
        v = fit(v, lif.bits, lif.overflow)
        now, crossed = spike(lif, free if mistake == "test-first" else v)
        if mistake == "inputs-test" and is_time:
            now, crossed = 0, 0
        recorded = v
        if lif.reset_at == "same" and now:
            if lif.reset == "value":
                v = lif.reset_value
            if lif.reset == "subtract":
                v = fit(v - crossed, lif.bits, lif.overflow)
        spikes.append(before if lif.report_spike == "old" else now)
        currents.append(u)
        membranes.append(recorded if mistake == "report-before" else v)
    return spikes, currents, membranes, (u, v, clock)


def product(weight, spikes, exponent):
    """Currents of one row of spikes."""
    sums = [sum(int(w) * int(s) for w, s in zip(row, spikes, strict=True)) for row in weight]
    return np.array([divided(total * 2 ** (exponent + 16), 16, "floor") for total in sums])
