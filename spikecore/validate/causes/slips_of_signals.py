"""Slips in the codes of signals: contrast, step-forward, levels, windows, sigma-delta, saws.

A slip is no choice that anybody would make, so it has no axis: an index that is off by one, a sum
in another order, a state that is lost.  Each is a change of the reference's data or spikes, or the
wrong code in a few lines of NumPy, given a trial.
"""

import numpy as np

from spikecore.validate.causes.code import cast, cause, expected, given, option
from spikecore.validate.subject import NotApplicableError


def _signs(rises, falls):
    """1 for a rise and -1 for a fall, also where both are met."""
    return np.where(falls, -1.0, np.where(rises, 1.0, 0.0))


def _meets(trial, default):
    """The comparison of the trial's code."""
    return np.greater_equal if option(trial, "compare", default) == ">=" else np.greater


# --- temporal contrast ---------------------------------------------------------------------------


def _edge_after_next(trial):
    spikes = expected(trial)
    if len(spikes) < 3 or option(trial, "align", "end") != "end":
        raise NotApplicableError("there is no such step")
    spikes[0] = spikes[2]
    return spikes


def _running(trial):
    """A threshold of the changes up to each step, a 0 at the first included."""
    if option(trial, "factor") is None:
        raise NotApplicableError("the threshold is given")
    change = np.diff(trial.inputs, axis=0, prepend=trial.inputs[:1]).astype(np.float64)
    count = np.arange(1, len(change) + 1).reshape(-1, *[1] * (change.ndim - 1))
    mean = np.cumsum(change, axis=0) / count
    variance = np.cumsum(change * change, axis=0) / count - mean * mean
    limit = mean + option(trial, "factor") * np.sqrt(np.maximum(variance, 0))
    rises = change > limit
    return _signs(rises, (change < -limit) & ~rises)  # the limit may be negative


CONTRAST = (
    cause("edge-after-next", "the step that has no change has the spikes of two steps after it "
          "(MAVLab's Python side does)", _edge_after_next),
    cause("running-threshold", "your threshold is computed of the samples so far, not of the whole "
          "signal (SpiCoder's Sequential does)", _running),
)  # fmt: skip


# --- step-forward, levels, windows, sigma-delta --------------------------------------------------


def _widened(trial):
    """A baseline in the data's dtype until its first spike, and in float64 after it."""
    x, wide = trial.inputs, np.float64(option(trial, "threshold"))
    narrow, beyond = cast(trial, "threshold"), _meets(trial, ">")
    base, moved, rows = x[0].astype(np.float64), np.zeros(x.shape[1:], bool), [np.zeros(x[0].shape)]
    for now in x[1:]:
        high = np.where(moved, base + wide, base.astype(x.dtype) + narrow)
        low = np.where(moved, base - wide, base.astype(x.dtype) - narrow)
        count = _signs(beyond(now, high), beyond(low, now))
        base, moved = base + count * wide, moved | (count != 0)
        rows.append(count)
    return np.stack(rows)


def _held(trial):
    """A baseline that never moves."""
    x, threshold, beyond = trial.inputs, cast(trial, "threshold"), _meets(trial, ">")
    return _signs(beyond(x, x[0] + threshold), beyond(x[0] - threshold, x))


STEP_FORWARD = (
    cause("first-zero", "your baseline begins at 0, not at the first sample", given(initial=0)),
    cause("fixed-baseline", "your baseline stays at the first sample", _held),
    cause("widened", "your baseline has the data's precision until the first spike, and float64 "
          "after it (SpiCoder's Batch does)", _widened, precision=True),
)  # fmt: skip


def _levels(rule):
    """Levels by another rule than the one below the sample."""
    return lambda trial: np.diff(
        rule(trial.inputs / cast(trial, "spacing")), axis=0, prepend=rule(
            trial.inputs[:1] / cast(trial, "spacing")))  # fmt: skip


LEVELS = (
    cause("truncated", "you round levels towards 0 (a cast to an integer)", _levels(np.trunc)),
    cause("nearest", "you take the nearest level, not the one below", _levels(np.rint)),
)


def _means(trial, begin, end, dtype=None):
    """Means of x[t-begin ... t-end], summed oldest first, of the samples that there are."""
    x = trial.inputs if dtype is None else trial.inputs.astype(dtype)
    means = []
    for t in range(len(x)):
        part = x[max(0, t - begin) : max(0, t - end + 1)]
        part = part if len(part) else x[:1]
        total = part[0]
        for row in part[1:]:
            total = total + row
        means.append(total / x.dtype.type(len(part)))
    return np.stack(means)


def _around(trial, means, threshold=None):
    threshold = cast(trial, "threshold") if threshold is None else threshold
    beyond = _meets(trial, ">")
    x = trial.inputs
    return _signs(beyond(x, means + threshold), beyond(means - threshold, x))


def _lagging(trial):
    """Means up to the sample before last, after one for w + 1 steps and a step without any."""
    window = option(trial, "window")
    if len(trial.inputs) < window + 2:
        raise NotApplicableError("the signal is shorter than the window")
    means = _means(trial, window + 1, 2)
    means[: window + 1] = _means(trial, window + 1, 1)[window + 1]
    spikes = _around(trial, means)
    spikes[window + 1] = 0
    return spikes


def _with_itself(trial):
    return _around(trial, _means(trial, option(trial, "window") - 1, 0))


def _weighted(trial):
    """x - mean > threshold, the mean a sum of x*(1/w), newest first."""
    x, window = trial.inputs.astype(np.float64), option(trial, "window")
    means = _means(trial, window, 1, np.float64)
    for t in range(window, len(x)):
        total = 0.0
        for row in x[t - window : t]:
            total = total + row * (1 / window)
        means[t] = total
    apart, beyond, threshold = x - means, _meets(trial, ">"), option(trial, "threshold")
    return _signs(beyond(apart, threshold), beyond(-threshold, apart))


def _pairwise(trial):
    """NumPy's mean in the data's dtype, and the band around it in float64."""
    x, window = trial.inputs, option(trial, "window")
    first = x[:window].mean(axis=0) if option(trial, "first") == "window" else None
    means = [
        (x[:t] if t else x[:1]).mean(axis=0) if first is None else first
        for t in range(min(window, len(x)))
    ]  # fmt: skip
    means += [x[t - window : t].mean(axis=0) for t in range(window, len(x))]
    return _around(trial, np.stack(means).astype(np.float64), float(option(trial, "threshold")))


WINDOW = (
    cause("lag", "your mean leaves out the sample before, and the step after the first window + 1 "
          "is silent (MAVLab's Python side does)", _lagging),
    cause("with-itself", "your mean includes the sample that is compared with it", _with_itself),
    cause("weights", "your mean is a sum of x*(1/window), and you compare x - mean (SpiCoder's "
          "Batch does)", _weighted, precision=True),
    cause("pairwise", "your mean is NumPy's, whose sums are pairwise, and its band is float64",
          _pairwise, precision=True),
)  # fmt: skip


def _residual_lost(trial):
    x, threshold = trial.inputs, cast(trial, "threshold")
    start = np.broadcast_to(x.dtype.type(option(trial, "initial", 0)), (1, *x.shape[1:]))
    change = np.diff(x, axis=0, prepend=start)
    return np.where(_meets(trial, ">=")(np.abs(change), threshold), change, x.dtype.type(0))


SIGMA_DELTA = (
    cause("residual-lost", "you lose the changes below the threshold (no residual)",
          _residual_lost),
    cause("first-not-sent", "you begin with the first sample, which is then not sent",
          given(initial=None)),
)  # fmt: skip


# --- pulse width ---------------------------------------------------------------------------------


def _two_saws(trial):
    """Rising saw for 1, falling saw for -1, both a step late; a spike where each run begins."""
    x, period = trial.inputs, option(trial, "period")
    low, high = cast(trial, "low", 0), cast(trial, "high", 1)
    u = (x - low) / (high - low)
    position = np.maximum(np.arange(len(x)) - 1, 0) % period
    saw = np.mod(1000 / period * (position / 999), 1).reshape(-1, *[1] * (x.ndim - 1))
    pulse = np.where(u > 1 - saw, -1.0, np.where(u < saw, 1.0, 0.0))
    begins = np.diff(pulse, axis=0, prepend=np.zeros_like(pulse[:1])) != 0
    return np.where(begins, pulse, 0.0)


SAW = (
    cause("two-saws", "you have a falling saw for -1 too, and compare with < (Spike-Encoding does)",
          _two_saws),
)  # fmt: skip
