"""Spike trains for the tests of statistics, and the two ways to compute on the host."""

import os
from contextlib import contextmanager

import numpy as np
from conftest import assert_same_bits
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DTYPES = st.sampled_from([np.uint8, np.float32, np.int64])
COUNTS = st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2])  # of a step
ONES = st.sampled_from([0, 0, 0, 1])
DT = st.sampled_from([1.0, 0.25, 2.0**-10])  # so that times are exact in the plain twins too


FEATURES = st.integers(0, 4)


def trains(elements=COUNTS, steps=(0, 30), features=FEATURES):
    """[T, N] numbers of spikes; some trains are silent."""
    shape = st.tuples(st.integers(*steps), features)
    counts = shape.flatmap(lambda its: hnp.arrays(np.int8, its, elements=elements))
    return st.tuples(counts, DTYPES).map(lambda drawn: drawn[0].astype(drawn[1]))


@contextmanager
def on(device):
    """Compute on this device wherever none is named."""
    before = os.environ.get("SPIKECORE_DEVICE")
    os.environ["SPIKECORE_DEVICE"] = device
    try:
        yield
    finally:
        if before is None:
            del os.environ["SPIKECORE_DEVICE"]
        else:
            os.environ["SPIKECORE_DEVICE"] = before


def on_both(function, *arguments, **options):
    """The result, which is the same compiled and interpreted, bit for bit."""
    results = []
    for device in ("cpu", "numpy"):
        with on(device):
            results.append(function(*arguments, **options))
    compiled, interpreted = results
    if not isinstance(compiled, list):
        compiled, interpreted = [compiled], [interpreted]
    for a, b in zip(compiled, interpreted, strict=True):
        assert_same_bits(a, b)
    return results[0]
