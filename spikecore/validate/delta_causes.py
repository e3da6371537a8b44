"""Known ways in which delta modulation differs."""

import numpy as np

from spikecore.validate.encoder_trials import expected
from spikecore.validate.variant import Variant, after, given, on_data


def _threshold(coding):
    return coding.inputs.dtype.type(coding.options.get("threshold", 0.1))


def _exclusive(coding):
    threshold = _threshold(coding)
    return expected(coding, threshold=float(np.nextafter(threshold, threshold * 2)))


def _one_exclusive(positive):
    """Only one of the two comparisons is exclusive."""

    def expect(coding):
        strict, loose = _exclusive(coding), expected(coding)
        return np.where(loose > 0, *((strict, loose) if positive else (loose, strict)))

    return expect


def _baseline(moves):
    """A loop that keeps its own baseline; ``moves(base, x, spike, threshold)`` is its next one."""

    def expect(coding):
        x, threshold = coding.inputs, _threshold(coding)
        base = x[0].copy() if coding.options.get("padding") else np.zeros_like(x[0])
        spikes = np.zeros_like(x)
        for t, now in enumerate(x):
            change = now - base
            spikes[t] = (change >= threshold).astype(x.dtype)
            if coding.options.get("off_spike"):
                spikes[t] -= (change <= -threshold).astype(x.dtype)
            base = moves(base, now, spikes[t], threshold)
        return spikes

    return expect


def _across(coding):
    """Differences along the features, as an axis mistaken."""
    moved = np.ascontiguousarray(np.moveaxis(coding.inputs, -1, 0))
    return np.moveaxis(expected(coding, inputs=moved), 0, -1)


def variants(options):
    """The hypotheses, the likeliest first."""
    return [
        Variant("exclusive", "you compare with >, so that a change of exactly the threshold is "
                "missed (the threshold is inclusive)", _exclusive),
        Variant("on-exclusive", "your on-spikes compare with >", _one_exclusive(True)),
        Variant("off-exclusive", "your off-spikes compare with <", _one_exclusive(False)),
        Variant("first-with-itself", "you compare the first sample with itself, not with 0",
                given(padding=True)),
        Variant("first-with-zero", "you compare the first sample with 0, not with itself",
                given(padding=False)),
        Variant("no-off-spikes", "your off-spikes are missing", given(off_spike=False)),
        Variant("off-spikes", "you give off-spikes that were not asked for", given(off_spike=True)),
        Variant("off-positive", "your off-spikes are +1", after(np.abs)),
        Variant("absolute", "you spike on the absolute change",
                lambda c: np.abs(expected(c, off_spike=True))),
        Variant("negated", "your signs are exchanged",
                on_data(lambda x: -x)),
        Variant("residual", "your baseline moves by one threshold at a spike (step-forward)",
                _baseline(lambda base, x, spike, threshold: base + spike * threshold)),
        Variant("held", "your baseline moves only at a spike (send on delta)",
                _baseline(lambda base, x, spike, threshold: np.where(spike != 0, x, base))),
        Variant("fixed-baseline", "you compare every sample with the first",
                _baseline(lambda base, x, spike, threshold: base)),
        Variant("across", "you take differences along the features, not along time", _across),
        Variant("threshold-ignored", "you ignore the threshold and use 0.1", given(threshold=0.1)),
    ]  # fmt: skip
