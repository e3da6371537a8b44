"""Fixed-point neurons: the inputs on which they are compared, and each axis changed.

Where a neuron decays at time events, an input is the weight times 2, plus 1 where its step is a
time event.  The weights of time events are not 0, because they have to be ignored.
"""

from dataclasses import fields, replace

import numpy as np

from spikecore import random
from spikecore.neurons.fixed.lif import LIF
from spikecore.neurons.fixed.profiles import PROFILES
from spikecore.validate.candidate import Observed
from spikecore.validate.causes.points import Points
from spikecore.validate.subject import Trial

# Numbers that a profile leaves to its user, and ranges that only check what is given.
NUMBERS = ("decay", "threshold", "synapse_decay", "bias", "bias_exponent", "lower_threshold",
           "reset_value", "reset_interval", "reset_offset")  # fmt: skip
CHECKED = ("frac", "input_bits", "threshold_bits", "bias_bits")
AXES = tuple(f.name for f in fields(LIF) if f.name not in (*NUMBERS, *CHECKED))
PARTS = ("synapse_decay", "lower_threshold")  # that are there or not
NEUTRAL = {"decay_offset": 0, "synapse_offset": 0, "report_spike": "new", "reset_value": 0,
           "product_bits": None}  # fmt: skip
MOST_STEPS = 480
WIDTH = 32


def expected(lif, inputs, events=False):
    """What a neuron gives, by the plain backend; ``events`` says that inputs tell their kind."""
    current, kinds = split(inputs) if events else (inputs, None)
    at_events = lif.decay_at == "event"
    if events and not at_events:
        current, kinds = np.where(kinds, 0, current), None
    wide = replace(lif, input_bits=30 if at_events else 31)
    names = [name for name in lif.state_names if name != "clock"]
    run = wide.run(current, time_events=kinds, record=names, device="numpy")
    return Observed(run.spikes, run.recorded["membrane"], run.recorded.get("synapse"))


def split(inputs):
    """Weights, and which steps are time events."""
    return inputs >> 1, (inputs & 1) != 0


def changed(lif, **changes):
    """``lif`` with fields changed, others made neutral where the combination would mean nothing."""
    neutral = {name: value for name, value in NEUTRAL.items() if name not in changes}
    for more in ({}, *({name: value} for name, value in neutral.items()), neutral):
        try:
            return replace(lif, **{**more, **changes})
        except ValueError:
            pass
    return None


# --- trials -------------------------------------------------------------------------------------


def trials(subject):
    """The default trials, in the order in which they are run."""
    lif = subject.lif
    top = 1 << (lif.input_bits - 1)
    unit = max((int(lif.threshold) << lif.threshold_shift) >> lif.input_shift, 1)
    near = min(unit, top - 1)  # the threshold, or what is nearest to it in one step
    columns = {
        "pulses": (_pulses(lif, near, top), "single pulses at thresholds and ends of registers"),
        "pulses again": (_pulses(lif, near, top), "the same call repeated: nothing may be kept"),
        "small": (_whole(6, (40, WIDTH), -3, 4), "inputs of a few bits, where roundings part"),
        "grid": (_grid(unit, near), "constant inputs, many of which meet the threshold exactly"),
        "random": (_noise(near, (48, WIDTH), 1), "noise around the threshold, negative too"),
        "strong": (_whole(2, (32, WIDTH), -top, top), "inputs of all bits: sums that overflow"),
        "edge": (_edge(lif, unit, near, top), "membranes at the threshold and beside it"),
        "ends": (_ends(lif, top), "long drives to the ends of the registers, and back"),
        "batch": (_noise(near, (24, 3, 4), 3), "two axes: samples must not touch one another"),
    }
    result = []
    for name, (array, why) in columns.items():
        inputs = np.clip(array, -top, top - 1).astype(np.int32)
        if subject.events:
            kinds = _kinds(name, len(inputs)).reshape(-1, *[1] * (inputs.ndim - 1))
            inputs = (inputs << 1) | kinds
        earlier = tuple(trial.inputs for trial in result)
        result.append(Trial(name, np.ascontiguousarray(inputs), subject, why, earlier))
    return result


def _whole(seed, shape, low, high):
    """Integers from low to high - 1."""
    return np.floor(random.uniforms(seed, shape) * (high - low)).astype(np.int64) + low


def _noise(near, shape, seed):
    uniform = random.uniforms(seed, shape)
    return np.rint((1.3 * uniform - 0.4) * near * (0.5 + uniform[:1])).astype(np.int64)


def _pulses(lif, near, top):
    """A pulse, silence, then two others."""
    ends = [1 << (bits - 1) >> lif.input_shift for bits in (lif.bits, lif.synapse_bits)]
    around = [value + more for value in (near, *ends) for more in (0, -1, 1)]
    first = np.array([*around, -near, -2 * near - 1, -1, 2, -5, 7, near // 2, near // 3, *(
        -value for value in ends), top - 1, -top, top // 2, -top // 2])  # fmt: skip
    first = np.resize(first, WIDTH)
    pulses = np.zeros((26, WIDTH), np.int64)
    pulses[1], pulses[8], pulses[16] = first, np.roll(first, 5) // 3, np.roll(first, 11)
    return pulses


def _grid(unit, near):
    steps = min(24 + 4 * -(-unit // near), 160)
    levels = np.rint(np.linspace(-near / 4, near, WIDTH)).astype(np.int64)
    divisors = [unit // n for n in range(2, 14)]
    levels[WIDTH // 2 : WIDTH // 2 + len(divisors)] = divisors
    return np.repeat(levels[None], steps, axis=0)


def _edge(lif, unit, near, top):
    """The second input takes the membrane to the threshold, or one unit of the input beside it."""
    current = _whole(5, (28, WIDTH), -near, near // 2 + 1)
    first = np.zeros((2, WIDTH), np.int32)
    first[0] = np.clip(current[0], -top, top - 1)
    if lif.decay_at == "event":
        return current
    before = expected(lif, first).membrane[1].astype(np.int64)
    missing = ((int(lif.threshold) << lif.threshold_shift) - before) >> lif.input_shift
    current[1] = missing + np.arange(WIDTH) % 3 - 1
    return current


def _ends(lif, top):
    """Constant extremes until the registers are full, then their opposites."""
    needed = 4 * (1 << (lif.bits - 1)) // (3 * (max(top - 1, 1) << lif.input_shift))
    rows = np.zeros((min(max(needed, 20), MOST_STEPS - 12), 8), np.int64)
    rows[:, :3], rows[:, 3:6] = -top, top - 1
    rows[::2, 2], rows[::2, 5] = -top + 1, top // 2
    rows[:, 6], rows[:, 7] = -top + np.arange(len(rows)) % 3, -(top // 2) - 1
    return np.concatenate([rows, -1 - rows[:12]])


def _kinds(name, steps):
    """Which steps are time events."""
    kinds = random.uniforms(steps, (steps,)) < 0.3
    if name.startswith("pulses"):
        kinds[[1, 8, 16]] = False
    if name in ("ends", "grid"):
        kinds[: steps - 12] = np.arange(steps - 12) % 16 == 9
    return kinds


# --- one axis ------------------------------------------------------------------------------------

CHOICES = (
    ("compare", ">=", "you compare with >= (tinyODIN, the Q-format do)"),
    ("compare", ">", "you compare with > (Loihi, Spiker+ do)"),
    ("rounding", "floor", "you round what a decay shifts out down, as an arithmetic shift does"),
    ("rounding", "zero", "you round what a decay shifts out toward zero (Loihi does)"),
    ("rounding", "nearest", "you round what a decay shifts out to the nearest integer"),
    ("reset_at", "same", "you reset in the step of the spike"),
    ("reset_at", "next", "you reset at the next step"),
    ("reset", "value", "you set the membrane to {lif.reset_value} where the threshold should be "
     "subtracted"),
    ("reset", "subtract", "you subtract the threshold where the membrane should be set"),
    ("reset", "none", "you never reset"),
    ("report_spike", "old", "you report the spike of the membrane before the update"),
    ("report_spike", "new", "you report the spike of the updated membrane"),
)  # fmt: skip
OVERFLOWS = {
    "saturate": "stops at -2**{n} and 2**{n} - 1, the ends of two's complement",
    "symmetric": "stops at -(2**{n} - 1) and 2**{n} - 1",
    "wrap": "wraps, as two's complement does",
    "wrap-high": "wraps, and keeps 2**{n} itself (Lava does)",
}
WIDTHS = (8, 12, 16, 24)


def axis_changes(lif):
    """(name, sentence, changes) for every axis, the commonest mistakes first.

    A name says what the axis is set to, so that it means the same for every neuron.
    """
    for axis, value, sentence in CHOICES:
        yield f"{axis}={value}", sentence.format(lif=lif), {axis: value}
    registers = [("", "membrane")]
    if lif.synapse_decay is not None:
        registers.append(("synapse_", "synaptic current"))
    for prefix, register in registers:
        yield from _overflow_changes(lif, prefix, register)
    yield from _decay_changes(lif, registers)
    yield from _shift_changes(lif)
    yield from _part_changes(lif)


def _overflow_changes(lif, prefix, register):
    bits = getattr(lif, f"{prefix}bits")
    for overflow, sentence in OVERFLOWS.items():
        name = f"{prefix}overflow"
        told = f"past its bits, your {register} {sentence.format(n=bits - 1)}"
        yield f"{name}={overflow}", told, {name: overflow}
    name = f"{prefix}bits"
    for more, word in ((1, "more"), (-1, "less")):
        yield f"{name}{more:+}", f"your {register} has one bit {word}", {name: bits + more}
    for width in WIDTHS:
        yield f"{name}={width}", f"your {register} has {width} bits", {name: width}
    yield f"{name}=31", f"your {register} never overflows: it has more bits", {name: 31}


def _decay_changes(lif, registers):
    k = lif.decay_bits
    if lif.decay_form in ("factor", "complement"):
        for other, sentence in (
            ("complement", f"your factor of the decay is 2**{k} - decay"),
            ("factor", "your factor of the decay is the decay itself"),
        ):
            yield f"decay_form={other}", sentence, {"decay_form": other}
        for more in (1, -1):
            sentence = f"you shift the product of the decay by {k + more} bits, not {k}"
            yield f"decay_bits{more:+}", sentence, {"decay_bits": k + more}
        yield "product_bits=None", "your product of the decay never wraps", {"product_bits": None}
        for width in (16, 24, 32):
            sentence = f"your product of the decay wraps to {width} bits"
            yield f"product_bits={width}", sentence, {"product_bits": width}
    for prefix, register in registers:
        offset = f"{prefix or 'decay_'}offset"
        if lif.decay_form == "complement":
            for value, word in ((0, "without"), (1, "with")):
                sentence = f"your {register} decays {word} the offset of 1"
                yield f"{offset}={value}", sentence, {offset: value}
        name = f"{prefix}decay"
        for more in (1, -1):
            sentence = f"the decay of your {register} is {getattr(lif, name) + more}, not "
            yield (
                f"{name}{more:+}",
                f"{sentence}{getattr(lif, name)}",
                {name: getattr(lif, name) + more},
            )
    if lif.decay_at == "event":
        sentence = "you decay in every event, not in time events alone"
        yield "decay_at=step", sentence, {"decay_at": "step"}
    yield "decay=none", "your membrane does not decay", {
        "factor": {"decay": 1 << k}, "complement": {"decay": 0, "decay_offset": 0},
        "constant": {"decay": 0},
    }.get(lif.decay_form, {"decay_form": "none", "decay": 0})  # fmt: skip


def _shift_changes(lif):
    for name, what in (("input_shift", "input"), ("threshold_shift", "threshold")):
        shift = getattr(lif, name)
        for more in (1, -1):
            sentence = f"you shift the {what} to the left by {shift + more}, not {shift}"
            yield f"{name}{more:+}", sentence, {name: shift + more}
        yield f"{name}=0", f"you do not shift the {what}", {name: 0}
    for more in (1, -1):
        sentence = f"your threshold is {lif.threshold + more}, not {lif.threshold}"
        yield f"threshold{more:+}", sentence, {"threshold": lif.threshold + more}


def _part_changes(lif):
    if lif.synapse_decay is not None:
        none = {"synapse_decay": None, "synapse_offset": 0}
        yield "synapse_decay=None", "you have no synaptic current", none
        sentence = "your synaptic current decays as the membrane does"
        yield "synapse_decay=decay", sentence, {"synapse_decay": lif.decay}
    if lif.bias:
        yield "bias=0", "you do not add the bias", {"bias": 0, "bias_exponent": 0}
        yield "bias_exponent=0", "you do not shift the bias", {"bias_exponent": 0}
        sentence = "you shift the bias to the other side"
        yield "-bias_exponent", sentence, {"bias_exponent": -lif.bias_exponent}
        if lif.bias_exponent < 0:
            whole = -(-lif.bias >> -lif.bias_exponent) if lif.bias < 0 else lif.bias
            sentence = "you round the shifted bias toward zero"
            yield "bias-rounding=zero", sentence, {"bias": whole, "bias_exponent": 0}
    if lif.reset_value:
        yield "reset_value=0", "you reset to 0, not to reset_value", {"reset_value": 0}
    if lif.lower_threshold is not None:
        yield "lower_threshold=None", "you have no spikes of -1", {"lower_threshold": None}
        sentence = "your lower threshold is the negative of the upper one"
        yield "lower_threshold=-threshold", sentence, {"lower_threshold": -lif.threshold}
    if lif.reset_interval:
        sentence = "you do not clear the state in regular steps"
        yield "reset_interval=0", sentence, {"reset_interval": 0, "reset_offset": 0}
        for more, word in ((1, "late"), (-1, "early")):
            offset = (lif.reset_offset + more) % lif.reset_interval
            sentence = f"you clear the state a step too {word}"
            yield f"reset_offset{more:+}", sentence, {"reset_offset": offset}


# --- in words ------------------------------------------------------------------------------------


def explain(found, lif):
    """What was changed to come from ``lif`` to ``found``, and the profile that it then is."""
    said = differences(found, lif)
    kept = all(getattr(found, name) == getattr(lif, name) for name in NUMBERS)
    names = [name for name in profiles_of(found) if kept or found == LIF.profile(name)]
    if names and names != profiles_of(lif):
        said.append(f"this is exactly profile {names[0]}")
        if names[1:]:
            said[-1] += f" (the same as {', '.join(names[1:])})"
    return ", and ".join(said)


def differences(found, lif):
    """What was changed to come from ``lif`` to ``found``, a sentence for each axis."""
    said, told = [], set()
    for _, sentence, changes in _changes(lif):
        if set(changes) - told and all(getattr(found, n) == v for n, v in changes.items()):
            said.append(sentence)
            told |= set(changes)
    for name in (*NUMBERS, *AXES):
        value, reference = getattr(found, name), getattr(lif, name)
        if name not in told and value != reference:
            said.append(f"your {name} is {value!r}, not {reference!r}")
    return said


def profiles_of(lif):
    """Names of the profiles with the axes of ``lif``, whatever their numbers."""

    def same(profile):
        built = all((getattr(lif, p) is None) == (getattr(profile, p) is None) for p in PARTS)
        return built and all(getattr(lif, a) == getattr(profile, a) for a in AXES)

    return [name for name in PROFILES if same(LIF.profile(name))]


def _changes(lif):
    """The single changes that change something and mean something."""
    for name, sentence, changes in axis_changes(lif):
        if any(getattr(lif, key) != value for key, value in changes.items()):
            neuron = changed(lif, **changes)
            if neuron is not None:
                yield name, sentence, changes


POINTS = Points(
    LIF.profile, PROFILES, ("decay", "threshold"), axis_changes, _changes, changed, profiles_of
)
