"""Values for the tests of codes: on grids, where ties are exact, and anywhere in [0, 1)."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from signals import DTYPES, of

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
EIGHTHS = st.integers(0, 7).map(lambda k: k / 8)
TENTHS = st.integers(0, 9).map(lambda k: k * 0.1)
ANY = st.floats(0, 1, width=32, exclude_max=True, allow_subnormal=False)
VALUES = st.one_of(of(EIGHTHS, SHAPES), of(TENTHS, SHAPES), of(ANY, SHAPES))
LISTS = hnp.array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=9)
ROWS = st.one_of(of(EIGHTHS, LISTS), of(TENTHS, LISTS), of(ANY, LISTS))
STEPS = st.integers(1, 20)

__all__ = ["DTYPES", "ROWS", "STEPS", "VALUES", "apart"]


def apart(twin, values, num_steps):
    """Trains ``[num_steps, ...]`` of a twin, which gives the train of one number."""
    trains = [twin(x) for x in values.reshape(-1)]
    if not trains:
        return np.zeros((num_steps, *values.shape))
    return np.array(trains, np.float64).T.reshape(num_steps, *values.shape)
