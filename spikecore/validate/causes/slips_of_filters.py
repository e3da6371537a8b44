"""Slips in the codes that take a filter away from a signal."""

import numpy as np

from spikecore.validate.causes.code import cast, cause, expected, option
from spikecore.validate.subject import NotApplicableError


def _scaled(trial):
    """u = (x - shift)/gain of a trial, and its taps."""
    x = trial.inputs
    shift, gain = option(trial, "shift", 0), option(trial, "gain", 1)
    low = x.min(axis=0) if isinstance(shift, str) else np.asarray(shift, x.dtype)
    u = x - low
    if isinstance(gain, str):
        span = x.max(axis=0) - x.min(axis=0)
        gain = np.where(span > 0, span, x.dtype.type(1))
    return u / np.asarray(gain, x.dtype), np.asarray(trial.subject.options["fir"], x.dtype)


def _spiker(trial, rows, closer, steps):
    """Spikes of a search: ``rows(t)`` are (row, tap) pairs of a step, which a spike subtracts."""
    u, _ = _scaled(trial)
    threshold, multiply = cast(trial, "threshold"), option(trial, "criterion") == "multiply"
    spikes = np.zeros(u.shape)
    for t in steps(len(u)):
        pairs = rows(t, len(u))
        missed, total = (sum(terms, u.dtype.type(0)) for terms in closer(u, pairs, t))
        fits = missed <= (threshold * total if multiply else total - threshold)
        spikes[t] = fits
        for i, tap in pairs:
            u[i] = np.where(fits, u[i] - tap, u[i])
    return spikes


def _distances(u, pairs, t):
    return [abs(u[i] - tap) for i, tap in pairs], [abs(u[i]) for i, _ in pairs]


def _backward(trial):
    """The window ends at the step, and has its oldest sample under the first tap."""
    _, taps = _scaled(trial)

    def rows(t, length):
        begin = max(0, t - len(taps) + 1)
        return list(zip(range(begin, t + 1), taps, strict=False))

    return _spiker(trial, rows, _distances, range)


def _pointwise(trial):
    """Every tap meets the sample of the step."""
    u, taps = _scaled(trial)
    last = len(u) - len(taps)

    def closer(u, pairs, t):
        return [abs(u[t] - tap) for tap in taps], [abs(u[t]) for _ in taps]

    return _spiker(trial, lambda t, length: [], closer, lambda length: range(max(0, last)))


def _second_tap(trial):
    """Step 0 is left out, and so is the first tap."""
    if len(trial.inputs) < 2:
        raise NotApplicableError("there is no second step")
    taps = tuple(trial.subject.options["fir"])[1:]
    spikes = expected(trial, trial.inputs[1:].copy(), fir=taps, **_fixed(trial))
    return np.concatenate([np.zeros_like(spikes[:1]), spikes])


def _fixed(trial):
    """The shift and the gain of the whole signal, as numbers."""
    x, found = trial.inputs, {}
    low, high = x.min(axis=0), x.max(axis=0)
    if option(trial, "shift") == "min":
        found["shift"] = low
    if option(trial, "gain") == "range":
        found["gain"] = np.where(high > low, high - low, x.dtype.type(1))
    return found


def _wraps(trial):
    """The second sum takes the last sample for the one before step 0."""
    offsets = option(trial, "offsets", (0, 0, 0))
    if offsets[1] >= 0:
        raise NotApplicableError("no sum begins before its step")
    u, taps = _scaled(trial)
    threshold, multiply = cast(trial, "threshold"), option(trial, "criterion") == "multiply"
    length, spikes = len(u), np.zeros(u.shape)
    for t in range(max(0, length - len(taps) - max(offsets[:2]) + 1)):
        missed = total = u.dtype.type(0)
        for k, tap in enumerate(taps):
            missed = missed + abs(u[t + offsets[0] + k] - tap)
            total = total + abs(u[t + offsets[1] + k])
        fits = missed <= (threshold * total if multiply else total - threshold)
        spikes[t] = fits
        for k, tap in enumerate(taps):
            i = t + offsets[2] + k
            if i < length:
                u[i] = np.where(fits, u[i] - tap, u[i])
    return spikes


def _kept(trial):
    """Nothing is subtracted at a spike."""
    spikes = np.zeros(trial.inputs.shape)
    for t in range(len(spikes)):
        part = trial._replace(inputs=np.ascontiguousarray(trial.inputs[t:]))
        spikes[t] = expected(part, **_fixed(trial))[0]
    return spikes


def _last_sample(empty):
    """The last sample is never looked at; ``empty`` is the spike of its step."""

    def spikes_of(trial):
        spikes = expected(trial, trial.inputs[:-1].copy(), **_fixed(trial))
        last = np.full_like(trial.inputs[:1], empty(trial))
        return np.concatenate([spikes, last])

    return spikes_of


KEPT = cause("not-subtracted", "you do not take the filter away at a spike", _kept)
BSA = (
    KEPT,
    cause("backward", "your window ends at the step, and is shorter at the start (SpiCoder's)",
          _backward),
    cause("pointwise", "you compare the sample of the step with every tap (Spikes does)",
          _pointwise),
    cause("second-tap", "you begin with the second step and the second tap (Spike-Encoding does)",
          _second_tap),
    cause("wraps", "at step 0, you take the last sample for the one before (MAVLab's Python side "
          "does)", _wraps),
)  # fmt: skip
HOUGH = (
    KEPT,
    cause("last-sample", "you never look at the last sample (MAVLab's MATLAB side does not)",
          _last_sample(lambda trial: trial.subject.kind == "modified_hsa")),
)  # fmt: skip
