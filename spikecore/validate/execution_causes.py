"""Known mistakes in the execution of a neuron, which no axis describes."""

import numpy as np

from spikecore.validate.candidate import Observed
from spikecore.validate.neuron_causes import Cause, changed, expected
from spikecore.validate.walk import before_reset, final_state, walk


def executions():
    """Mistakes that no axis describes."""

    def delayed(steps):
        def expect(lif, current, earlier):
            run = expected(lif, current)
            return Observed(shifted(run.spikes, steps), run.membrane)

        return expect

    return [
        Cause("fused", "you use fused multiply-add: decay*v + x is rounded once, not twice",
              expect=lambda lif, x, _: walk(lif, x, fused="decay"), precision=True),
        Cause("fused", "you use fused multiply-add: decay*v + gain*x is rounded once less",
              expect=lambda lif, x, _: walk(lif, x, fused="gain"), precision=True),
        Cause("float64", "you compute in float64 where the data are float32",
              expect=_float64, precision=True),
        Cause("float64", "you compute in float64 with float32 parameters",
              expect=lambda lif, x, _: walk(lif, x, wide=True), precision=True),
        Cause("float64-steps", "you compute each step in float64 and keep the membrane in float32",
              expect=lambda lif, x, _: walk(lif, x, wide=True, stored=x.dtype),
              precision=True),
        Cause("gain-float32", "you compute 1 - decay, the factor of the input, in float32",
              expect=_narrow_gain, precision=True),
        Cause("float16", "you keep the membrane in float16",
              expect=lambda lif, x, _: walk(lif, x, stored=np.float16)),
        Cause("report-before", "you report the membrane before its reset", expect=_report_before),
        Cause("report-after", "you report the membrane after its reset", expect=_report_after),
        Cause("late", "your spikes come one step late", expect=delayed(1)),
        Cause("early", "your spikes come one step early", expect=delayed(-1)),
        Cause("late-input", "you use the input of the step before",
              expect=lambda lif, x, _: expected(lif, shifted(x, 1))),
        Cause("early-input", "you use the input of the step after",
              expect=lambda lif, x, _: expected(lif, shifted(x, -1))),
        Cause("stale", "you keep the state of one call for the next", expect=_stale),
        Cause("shared-reset", "one neuron's spike resets its whole sample",
              expect=lambda lif, x, _: walk(lif, x, shared=True)),
        Cause("losers-reset", "inhibition resets what it kept from firing (snnTorch does)",
              expect=lambda lif, x, _: walk(lif, x, losers=True)),
        Cause("sample-leak", "the state of one sample goes on into the next of the batch",
              expect=_sample_leak),
        Cause("transposed", "samples and neurons are exchanged in your output",
              expect=_transposed),
        Cause("reversed", "your time runs backwards", expect=_reversed),
        Cause("rectified", "you discard negative input",
              expect=lambda lif, x, _: expected(lif, np.maximum(x, 0).astype(x.dtype))),
        Cause("zero-start", "you begin at 0, not at the leak",
              expect=lambda lif, x, _: _started(lif, x, 0.0)),
        Cause("threshold-start", "you begin at the threshold",
              expect=lambda lif, x, _: _started(lif, x, lif.threshold)),
        Cause("unit-reset", "you subtract 1 instead of the threshold", expect=_unit_reset),
        Cause("flipped", "your spikes are inverted",
              expect=_inverted),
    ]  # fmt: skip


def shifted(array, steps):
    """An array moved along time, zeros coming in."""
    result = np.zeros_like(array)
    if steps > 0:
        result[steps:] = array[:-steps]
    else:
        result[:steps] = array[-steps:]
    return result


def _inverted(lif, current, earlier):
    run = expected(lif, current)
    if lif.spikes == "multi":
        return run
    return Observed(run.spikes.dtype.type(lif.amplitude) - run.spikes, run.membrane)


def _float64(lif, current, earlier):
    run = expected(lif, current.astype(np.float64))
    return Observed(run.spikes, run.membrane.astype(current.dtype))


def _narrow_gain(lif, current, earlier):
    if not np.isclose(lif.gain, 1 - lif.decay):
        raise ValueError("the gain is not 1 - decay")
    gain = np.float32(1) - np.float32(lif.decay)
    return expected(changed(lif, gain=float(gain)), current)


def _report_before(lif, current, earlier):
    return Observed(expected(lif, current).spikes, before_reset(lif, current))


def _report_after(lif, current, earlier):
    spikes, membrane = expected(lif, current)
    if lif.reset_at != "next" or lif.report_spike == "old" or lif.reset == "none":
        return Observed(spikes, membrane)  # nothing is reset later
    if lif.reset == "subtract":
        return Observed(spikes, membrane - (spikes != 0) * membrane.dtype.type(lif.threshold))
    value = membrane.dtype.type(lif.reset_value)
    return Observed(spikes, np.where(spikes > 0, value, membrane))


def _stale(lif, current, earlier):
    state = None
    for before in earlier:
        if before.shape[1:] == current.shape[1:]:
            state = final_state(lif, before, state)
    return walk(lif, current, start=state)


def _sample_leak(lif, current, earlier):
    if current.ndim < 3:
        return expected(lif, current)
    state, parts = None, []
    for sample in range(current.shape[1]):
        part = np.ascontiguousarray(current[:, sample])
        parts.append(walk(lif, part, start=state))
        state = final_state(lif, part, state)
    return Observed(*(np.stack(one, axis=1) for one in zip(*parts, strict=True)))


def _transposed(lif, current, earlier):
    if current.ndim < 3:
        return expected(lif, current)
    run = expected(lif, current)
    return Observed(*(one.swapaxes(1, 2).reshape(current.shape) for one in run))


def _reversed(lif, current, earlier):
    return Observed(*(one[::-1] for one in expected(lif, current[::-1].copy())))


def _started(lif, current, value):
    given = np.full(current.shape[1:], value, current.dtype)
    run = lif.run(current, given, device="numpy")
    return Observed(run.spikes, run.recorded["membrane"])


def _unit_reset(lif, current, earlier):
    """Subtracting 1: the reset of the scaled neuron, undone and made anew."""
    other = lif.reset_at == "exchange" or lif.spikes == "multi" or lif.inhibition
    if lif.reset != "subtract" or lif.threshold == 1 or other:
        return expected(lif, current)
    cast = current.dtype.type
    membranes, spikes = np.zeros((2, *current.shape), current.dtype)
    v = np.full(current.shape[1:], lif.leak, current.dtype)
    quiet = changed(lif, reset="none", reset_at="next", report_spike="new", decay_reset=False)
    fires = np.greater_equal if lif.compare == ">=" else np.greater
    last = np.zeros(v.shape, bool)
    for t, x in enumerate(current):
        if lif.decay_reset:
            v = v - last.astype(v.dtype)
        before = last
        v = quiet.run(x[None], v, device="numpy").recorded["membrane"][0]
        if lif.reset_at == "next" and not lif.decay_reset:
            v = v - last.astype(v.dtype)
        last = fires(v, cast(lif.threshold))
        if lif.reset_at == "same":
            v = v - last.astype(v.dtype)
        spikes[t] = (before if lif.report_spike == "old" else last) * cast(lif.amplitude)
        membranes[t] = v
    return Observed(spikes, membranes)
