"""Known mistakes in the execution of a neuron, which no axis describes."""

import numpy as np

from spikecore.validate.candidate import Observed
from spikecore.validate.causes.code import shifted
from spikecore.validate.causes.neuron import changed, expected
from spikecore.validate.follow import walk
from spikecore.validate.subject import Cause, NotApplicableError


def executions():
    """The causes, the likeliest first."""

    def cause(name, sentence, observed, precision=False):
        return Cause(name, sentence, lambda trial: observed(
            trial.subject.lif, trial.inputs, trial.earlier), precision=precision)  # fmt: skip

    def walked(name, sentence, precision=False, **mistake):
        return cause(name, sentence, lambda lif, x, _: walk(lif, x, **mistake).observed, precision)

    return [
        walked("fused", "you use fused multiply-add: decay*v + x is rounded once, not twice",
               precision=True, fused="decay"),
        walked("fused", "you use fused multiply-add: decay*v + gain*x is rounded once less",
               precision=True, fused="gain"),
        cause("float64", "you compute in float64 where the data are float32", _float64,
              precision=True),
        walked("float64", "you compute in float64 with float32 parameters", precision=True,
               wide=True),
        cause("float64-steps", "you compute each step in float64 and keep the membrane in float32",
              lambda lif, x, _: walk(lif, x, wide=True, stored=x.dtype).observed, precision=True),
        cause("gain-float32", "you compute 1 - decay, the factor of the input, in float32",
              _narrow_gain, precision=True),
        walked("float16", "you keep the membrane in float16", stored=np.float16),
        cause("report-before", "you report the membrane before its reset", _report_before),
        cause("report-after", "you report the membrane after its reset", _report_after),
        cause("membrane-late", "you record the membrane one step late", _recorded(1)),
        cause("membrane-early", "you record the membrane one step early", _recorded(-1)),
        walked("exchanged", "you take the membrane first and the current second, in exchanged "
               "order", exchanged=True),
        cause("time-last", "you take the last axis for time; it is the first", _time_last),
        cause("late", "your spikes come one step late", _delayed(1)),
        cause("early", "your spikes come one step early", _delayed(-1)),
        cause("late-input", "you use the input of the step before",
              lambda lif, x, _: expected(lif, shifted(x, 1))),
        cause("early-input", "you use the input of the step after",
              lambda lif, x, _: expected(lif, shifted(x, -1))),
        cause("stale", "you keep the state of one call for the next", _stale),
        walked("shared-reset", "one neuron's spike resets its whole sample", shared=True),
        walked("losers-reset", "inhibition resets what it kept from firing (snnTorch does)",
               losers=True),
        cause("sample-leak", "the state of one sample goes on into the next of the batch",
              _sample_leak),
        cause("transposed", "samples and neurons are exchanged in your output", _transposed),
        cause("reversed", "your time runs backwards", _reversed),
        cause("rectified", "you discard negative input",
              lambda lif, x, _: expected(lif, np.maximum(x, 0).astype(x.dtype))),
        cause("zero-start", "you begin at 0, not at the leak",
              lambda lif, x, _: _started(lif, x, 0.0)),
        cause("threshold-start", "you begin at the threshold",
              lambda lif, x, _: _started(lif, x, lif.threshold)),
        walked("unit-reset", "you subtract 1 instead of the threshold", unit=True),
        cause("silent", "you never spike", _silent),
        cause("flipped", "your spikes are inverted", _inverted),
    ]  # fmt: skip


def _delayed(steps):
    def observed(lif, current, earlier):
        run = expected(lif, current)
        return Observed(shifted(run.spikes, steps), run.membrane)

    return observed


def _recorded(steps):
    """Membranes moved along time, with nothing known of the step that comes in."""

    def observed(lif, current, earlier):
        spikes, membrane, _ = expected(lif, current)
        membrane = shifted(membrane, steps)
        membrane[0 if steps > 0 else -1] = np.nan
        return Observed(spikes, membrane)

    return observed


def _time_last(lif, current, earlier):
    run = expected(lif, np.ascontiguousarray(np.moveaxis(current, -1, 0)))
    return Observed(*(np.moveaxis(array, 0, -1) for array in run[:2]))


def _silent(lif, current, earlier):
    membrane = expected(changed(lif, reset="none") or lif, current).membrane
    return Observed(np.zeros_like(membrane), membrane)


def _inverted(lif, current, earlier):
    if lif.spikes == "multi":
        raise NotApplicableError("there are several spikes in a step")
    run = expected(lif, current)
    return Observed(run.spikes.dtype.type(lif.amplitude) - run.spikes, run.membrane)


def _float64(lif, current, earlier):
    run = expected(lif, current.astype(np.float64))
    return Observed(run.spikes, run.membrane.astype(current.dtype))


def _narrow_gain(lif, current, earlier):
    if not np.isclose(lif.gain, 1 - lif.decay):
        raise NotApplicableError("the gain is not 1 - decay")
    gain = np.float32(1) - np.float32(lif.decay)
    return expected(changed(lif, gain=float(gain)), current)


def _report_before(lif, current, earlier):
    return Observed(expected(lif, current).spikes, walk(lif, current).before_reset)


def _report_after(lif, current, earlier):
    if lif.reset_at != "next" or lif.report_spike == "old" or lif.reset == "none":
        raise NotApplicableError("nothing is reset later")
    spikes, membrane, _ = expected(lif, current)
    if lif.reset == "subtract":
        return Observed(spikes, membrane - (spikes != 0) * membrane.dtype.type(lif.threshold))
    value = membrane.dtype.type(lif.reset_value)
    return Observed(spikes, np.where(spikes > 0, value, membrane))


def _stale(lif, current, earlier):
    state = None
    for before in earlier:
        if before.shape[1:] == current.shape[1:]:
            state = walk(lif, before, start=state).final
    return walk(lif, current, start=state).observed


def _sample_leak(lif, current, earlier):
    if current.ndim < 3:
        raise NotApplicableError("there is no batch")
    state, parts = None, []
    for sample in range(current.shape[1]):
        part, _, state = walk(lif, np.ascontiguousarray(current[:, sample]), start=state)
        parts.append(part[:2])
    return Observed(*(np.stack(arrays, axis=1) for arrays in zip(*parts, strict=True)))


def _transposed(lif, current, earlier):
    if current.ndim < 3:
        raise NotApplicableError("there is no batch")
    run = expected(lif, current)
    return Observed(*(array.swapaxes(1, 2).reshape(current.shape) for array in run[:2]))


def _reversed(lif, current, earlier):
    return Observed(*(array[::-1] for array in expected(lif, current[::-1].copy())[:2]))


def _started(lif, current, value):
    run = lif.run(current, np.full(current.shape[1:], value, current.dtype), device="numpy")
    return Observed(run.spikes, run.recorded["membrane"])
