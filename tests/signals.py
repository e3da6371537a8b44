"""Signals for the tests of codes: on grids, where ties are exact, and anywhere."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DEVICES = st.sampled_from(["cpu", "numpy"])
DTYPES = st.sampled_from([np.float32, np.float64])
COMPARES = st.sampled_from([">", ">="])
EIGHTHS = st.integers(-24, 24).map(lambda k: k / 8)
TENTHS = st.integers(-30, 30).map(lambda k: k * 0.1)
ANY = st.floats(-1000, 1000, width=32)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9)
THRESHOLDS = st.sampled_from([0.1, 0.2, 0.3, 0.7, 1 / 8, 0.25, 0.5, 1.0]) | st.floats(
    2.0**-10, 2.0**10, width=32
)


def of(values, shape=SHAPES):
    return st.tuples(hnp.arrays(np.float64, shape, elements=values), DTYPES).map(
        lambda drawn: drawn[0].astype(drawn[1])
    )


SIGNALS = st.one_of(of(TENTHS), of(EIGHTHS), of(ANY))
EXACT = of(EIGHTHS)  # sums and differences of these are exact


def in_parts(encode, decode_last, signal, cuts, **options):
    """A signal encoded part by part, each begun with what the decoder has."""
    edges = sorted({0, len(signal), *(cut for cut in cuts if cut < len(signal))})
    parts, held = [], {}
    for start, stop in pairwise(edges):
        part = signal[start:stop]
        spikes = encode(part, **held, **options)
        parts.append(spikes)
        held = {"initial": decode_last(part, spikes, held.get("initial"))}
    return np.concatenate(parts) if parts else encode(signal, **options)
