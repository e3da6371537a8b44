"""Codes of time series beside the memory limit, plain NumPy and spikify.

``python -m benchmarks.signals`` takes about two minutes; ``--quick`` uses smaller arrays.  Plain
NumPy computes a step of all features at once, which is how it is fast; spikify loops over single
samples in Python, and gets fewer features.
"""

import sys
from functools import partial

import numpy as np

from benchmarks import peers, run
from benchmarks.encoders import encoder
from benchmarks.harness import Check, Rival, read_and_fill
from spikecore import spikegen

CODES = {
    "step_forward": {"threshold": 0.5},
    "step_forward, multi": {"threshold": 0.5, "multi": True},
    "send_on_delta": {"threshold": 0.5},
    "sigma_delta": {"threshold": 0.5},
    "moving_window": {"threshold": 0.5, "window": 5},
    "temporal_contrast": {"threshold": 0.5},
    "level_crossing": {"spacing": 0.5},
    "pulse_width": {"period": 20, "low": -1000, "high": 1000},
}
TAPS = 17
CUTOFF = 0.1  # of the filter, as a share of half the sampling rate
SPIKIFY = {  # its function, our options, and its own
    "step_forward": ("contrast.step_forward", {"threshold": 0.01}, {}),
    "moving_window": ("contrast.moving_window", {"threshold": 0.01}, {"window_length": 5}),
    "temporal_contrast": ("contrast.threshold_based_representation", {"factor": 0.5}, {}),
    "bsa": ("deconvolution.bens_spiker", {"threshold": 0.05},
            {"window_length": TAPS, "cutoff": CUTOFF}),
}  # fmt: skip


def main(argv=None):
    """Measure every case and print the table."""
    return run.main([cases], __doc__.splitlines()[0], argv)


def cases(scale):
    """Builders of the cases by name."""
    return {
        **{name: partial(code, scale, name) for name in CODES},
        "bsa": partial(filtered, scale, "bsa", {"threshold": 0.05}),
        "modified_hsa": partial(filtered, scale, "modified_hsa", {"threshold": 0.05}),
        **{f"{name}, spikify's": partial(of_spikify, scale, name) for name in SPIKIFY},
    }


def code(scale, name):
    """A code of float32 samples to int8, or of graded ones to float32."""
    data = signal(100 * scale.steps, scale.neurons)
    function, options = name.partition(",")[0], CODES[name]
    graded = name == "sigma_delta"
    out = np.empty(data.shape, np.float32 if graded else np.int8)
    limit = read_and_fill(data, out.dtype, 2)
    return encoder(function, data, options, out, limit, graded=graded)


def filtered(scale, name, options):
    """A code of a filter of 17 taps, of a tenth of the features."""
    data = signal(100 * scale.steps, scale.neurons // 10)
    data -= data.min(axis=0)
    data /= data.max(axis=0)
    fir = np.hanning(TAPS + 2)[1:-1].astype(np.float32)
    fir /= fir.sum()
    out, limit = np.empty(data.shape, np.int8), read_and_fill(data, np.int8)
    rivals = []
    if name == "bsa":
        step_by_step = numpy_bsa(data, fir, options["threshold"])

        def expected():
            return spikegen.bsa(data, fir, **options, dtype=np.int8)

        rivals = [Rival("NumPy", step_by_step, None, Check("NumPy", step_by_step, expected))]
    return encoder(name, data, options, out, limit, ours={"fir": fir}, rivals=rivals)


def of_spikify(scale, name):
    """A code as spikify has it, of the ten columns in which a toolbox ends within seconds."""
    data = signal(100 * scale.steps, 10).astype(np.float64)
    data -= data.min(axis=0)
    data /= data.max(axis=0)
    function, options, its_own = SPIKIFY[name]
    ours = {"profile": "spikify"}
    if name == "moving_window":
        ours["window"] = its_own["window_length"]
    if name == "bsa":
        ours["fir"] = peers.spikify_filter(*its_own.values(), otherwise=np.hanning(TAPS + 2)[1:-1])
    theirs = peers.spikify(function, data, **options, **its_own)

    def expected():
        return getattr(spikegen, name)(data, **options, **ours, dtype=np.int8)

    rivals = []
    if theirs is not None:
        bound = None if name == "temporal_contrast" else 50  # which is NumPy there, without loops
        rivals = [Rival("spikify", theirs, bound, Check("spikify", theirs, expected))]
    out, limit = np.empty(data.shape, np.int8), read_and_fill(data, np.int8)
    return encoder(name, data, options, out, limit, ours=ours, rivals=rivals)


def numpy_bsa(data, fir, threshold):
    """Plain NumPy: the windows of all features at once, step by step, summed tap by tap."""
    threshold = np.float32(threshold)

    def call():
        rest, spikes = data.copy(), np.empty(data.shape, np.int8)
        for t, row in enumerate(spikes):
            window = rest[t : t + TAPS]
            taps = fir[: len(window), None]
            missed = np.abs(window - taps).cumsum(axis=0)[-1]
            total = np.abs(window).cumsum(axis=0)[-1]
            fired = missed <= total - threshold
            window -= taps * fired
            row[:] = fired
        return spikes

    return call


def signal(*shape):
    """Random walks, a tenth of the threshold a step."""
    steps = np.random.default_rng(0).normal(0, 0.1, shape)
    return steps.cumsum(axis=0).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
