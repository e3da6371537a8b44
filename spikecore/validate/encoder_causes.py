"""Known ways in which encoders differ, as changes of what the reference is given or gives."""

import numpy as np

from spikecore.validate import delta_causes, latency_causes, rate_causes, targets_causes
from spikecore.validate.encoder_trials import expected
from spikecore.validate.execution_causes import shifted
from spikecore.validate.variant import NotApplicableError, Variant, after


def variants(kind, options):
    """The hypotheses for one kind of encoder, the likeliest first."""
    special = {
        "rate": rate_causes.variants,
        "rate_conv": rate_causes.variants,
        "latency": latency_causes.variants,
        "delta": delta_causes.variants,
        "targets_rate": targets_causes.variants,
        "targets_latency": targets_causes.variants,
        "to_one_hot": targets_causes.one_hot_variants,
    }[kind]
    named = {}
    for variant in (*special(options), *_shared()):
        named.setdefault(variant.name, variant)
    return list(named.values())


def _flipped(spikes):
    low, high = spikes.min(), spikes.max()
    return np.where(spikes == high, low, np.where(spikes == low, high, spikes))


def _swapped(spikes):
    """Samples and features exchanged, in an array of the same shape."""
    if spikes.ndim < 3:
        raise NotApplicableError("there is no batch")
    return spikes.swapaxes(1, 2).reshape(spikes.shape)


def _wide(coding):
    """The reference in float64, given float32 data."""
    if coding.inputs.dtype != np.float32:
        raise NotApplicableError("the data are not float32")
    return expected(coding, inputs=coding.inputs.astype(np.float64)).astype(np.float32)


def _shared():
    return [
        Variant("late", "your spikes come one step late", after(lambda s: shifted(s, 1))),
        Variant("early", "your spikes come one step early", after(lambda s: shifted(s, -1))),
        Variant("transposed", "samples and features are exchanged", after(_swapped)),
        Variant("reversed", "your time runs backwards: T-1-t", after(lambda s: s[::-1])),
        Variant("inverted", "your spikes are inverted", after(_flipped)),
        Variant("silent", "you never spike", after(np.zeros_like)),
        Variant("float64", "you compute in float64 where the data are float32", _wide, True),
    ]  # fmt: skip
