"""What every test shares: reproducible hypothesis runs, equality of bits, a full disk."""

import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import settings

# "ci" is the default so that a run can be repeated; HYPOTHESIS_PROFILE=search looks for new
# counterexamples.  No deadline: the first example of a kernel waits for its compilation.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50, database=None)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# What spikegen has beside the encoders of snnTorch: codes of time series, what goes with them, and
# codes of values.
TIME_SERIES = {
    "bsa",
    "contrast_threshold",
    "hsa",
    "level_crossing",
    "modified_hsa",
    "moving_window",
    "profiles",
    "pulse_width",
    "send_on_delta",
    "sigma_delta",
    "step_forward",
    "temporal_contrast",
}
OF_VALUES = {"burst", "current", "phase", "poisson", "population", "rank_order"}


def pytest_collection_modifyitems(items):
    """Begin with the CUDA suite, which takes longest: files are shared among the processes."""
    items.sort(key=lambda item: item.path.name != "test_cuda_suite.py")


def known_philox():
    """(counter, key, answer) of Philox4x32-10, each a list of words."""
    path = Path(__file__).parent.parent / "spikecore" / "data" / "philox.txt"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    rows = [[int(word, 16) for word in line.split()] for line in lines]
    assert len(rows) == 3 and {len(row) for row in rows} == {10}
    return [(row[:4], row[4:6], row[6:]) for row in rows]


def assert_same_bits(actual, expected):
    """Equal dtype, shape and bytes: stricter than equality, which takes -0.0 for 0.0."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    if actual.tobytes() != expected.tobytes():
        np.testing.assert_array_equal(actual, expected)  # shows where, unless the signs differ
        raise AssertionError("the arrays are equal but for the signs of zeros or NaN payloads")


@contextmanager
def small_disk(num_bytes):
    """No file may grow past that many bytes, as on a disk that is full."""
    import resource  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def nvvm_missing():
    """Why nothing can be compiled for CUDA, or None."""
    try:
        from numba.cuda.cudadrv.nvvm import NVVM

        NVVM()
    except Exception as error:
        return f"NVVM is not installed ({type(error).__name__}: {str(error).splitlines()[0]})"
    return None
