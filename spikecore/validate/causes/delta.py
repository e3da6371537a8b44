"""Delta modulation: its trials, its decision, and known ways in which it differs."""

import numpy as np

from spikecore import random
from spikecore.validate.causes.code import (
    Code,
    Decision,
    after,
    cause,
    expected,
    on_data,
    with_shared,
)
from spikecore.validate.causes.inputs import SEED, make_trials

DEFAULT_THRESHOLD = 0.1


def trials(subject, dtype):
    """Changes at the threshold, beside it, slower than it, and rounded to it."""
    threshold = dtype.type(subject.options.get("threshold", DEFAULT_THRESHOLD))
    uniform = random.uniforms(SEED + 3, (32, 3, 8))
    steps = np.rint(uniform * 8 - 4).astype(dtype)
    exact = np.where(np.cumsum(steps, axis=0) % 2 == 0, 0, threshold)
    exact[:, :, ::3] *= -1
    tenths = np.rint(uniform * 12 - 6).astype(dtype) * threshold
    edge = np.zeros((32, 3, 8), dtype)
    edge[1::2] = threshold + np.spacing(threshold) * np.rint(uniform[1::2] * 4 - 2).astype(dtype)
    edge[1::2, 1] *= -1
    slow = np.cumsum((uniform - 0.45) * float(threshold), axis=0) + 0.7 * float(threshold)
    rounded = np.zeros((32, 3, 8), dtype)
    rounded[::2] = uniform[::2] * threshold / 8
    rounded[1::2] = threshold + rounded[::2]
    sizes = np.zeros((32, 3, 8))
    sizes[1::2] = (uniform[1::2] * 8 - 4) * float(threshold)
    away = np.ones((4, 3, 8)) * float(threshold) * 3
    named = {
        "exact": (exact, "changes of exactly the threshold, up and down"),
        "multiples": (tenths, "multiples of the threshold, where float32 and float64 part"),
        "edge": (edge, "changes within a few ulp of the threshold"),
        "rounded": (rounded, "changes that round to the threshold in the dtype of the data"),
        "slow": (slow, "slow changes, which only a held baseline sees"),
        "sizes": (sizes, "changes of every size, which tell the threshold"),
        "first": (away, "a first sample that is not 0"),
    }
    return make_trials(subject, dtype, named)


def decision(trial, shape):
    """The change, and how far it is from either threshold; exact where the sample before is 0."""
    x, threshold = trial.inputs, _threshold(trial)
    start = x[:1] if trial.subject.options.get("padding", False) else np.zeros_like(x[:1])
    before = np.concatenate([start, x[:-1]])
    change = x - before
    scale = np.spacing(np.maximum(np.maximum(np.abs(x), np.abs(before)), threshold))
    up, down = (change - threshold) / scale, (change + threshold) / scale
    return Decision(change, np.where(np.abs(up) < np.abs(down), up, down), before == 0)


# --- causes --------------------------------------------------------------------------------------


def _threshold(trial):
    return trial.inputs.dtype.type(trial.subject.options.get("threshold", DEFAULT_THRESHOLD))


def _exclusive(trial):
    threshold = _threshold(trial)
    return expected(trial, threshold=float(np.nextafter(threshold, threshold * 2)))


def _on_exclusive(trial):
    return np.where(expected(trial) > 0, _exclusive(trial), expected(trial))


def _off_exclusive(trial):
    return np.where(expected(trial) > 0, expected(trial), _exclusive(trial))


def _baseline(moves):
    """A loop that keeps its own baseline; ``moves(base, x, spike, threshold)`` is its next one."""

    def spikes_of(trial):
        x, threshold, options = trial.inputs, _threshold(trial), trial.subject.options
        base = x[0].copy() if options.get("padding") else np.zeros_like(x[0])
        spikes = np.zeros_like(x)
        for t, now in enumerate(x):
            change = now - base
            spikes[t] = (change >= threshold).astype(x.dtype)
            if options.get("off_spike"):
                spikes[t] -= (change <= -threshold).astype(x.dtype)
            base = moves(base, now, spikes[t], threshold)
        return spikes

    return spikes_of


def _across(trial):
    """Differences along the features, as an axis mistaken."""
    moved = np.ascontiguousarray(np.moveaxis(trial.inputs, -1, 0))
    return np.moveaxis(expected(trial, moved), 0, -1)


CAUSES = with_shared(
    "delta",
    cause("exclusive", "you compare with >, so that a change of exactly the threshold is missed "
          "(the threshold is inclusive)", _exclusive),
    cause("on-exclusive", "your on-spikes compare with >", _on_exclusive),
    cause("off-exclusive", "your off-spikes compare with <", _off_exclusive),
    cause("off-positive", "your off-spikes are +1", after(np.abs)),
    cause("absolute", "you spike on the absolute change",
          lambda trial: np.abs(expected(trial, off_spike=True))),
    cause("negated", "your signs are exchanged", on_data(np.negative)),
    cause("residual", "your baseline moves by one threshold at a spike (step-forward)",
          _baseline(lambda base, x, spike, threshold: base + spike * threshold)),
    cause("held", "your baseline moves only at a spike (send on delta)",
          _baseline(lambda base, x, spike, threshold: np.where(spike != 0, x, base))),
    cause("fixed-baseline", "you compare every sample with the first",
          _baseline(lambda base, x, spike, threshold: base)),
    cause("across", "you take differences along the features, not along time", _across),
)  # fmt: skip


VECTORS = {
    "delta": {"threshold": 0.1},
    "delta-off": {"threshold": 0.3, "off_spike": True},
    "delta-padding": {"threshold": 0.25, "off_spike": True, "padding": True},
}
CODE = Code("delta", "delta", trials, CAUSES, {}, VECTORS, decision)
