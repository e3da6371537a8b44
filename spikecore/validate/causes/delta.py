"""Delta modulation: its decision, and known ways in which it differs."""

import numpy as np

from spikecore.validate.causes.code import (
    Code,
    Decision,
    after,
    cause,
    expected,
    on_data,
    with_shared,
)
from spikecore.validate.causes.inputs import signals

DEFAULT_THRESHOLD = 0.1


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
CODE = Code(
    "delta", "delta", signals, CAUSES, {"threshold": DEFAULT_THRESHOLD}, VECTORS, decision,
    gathered=lambda options: True,
)  # fmt: skip
