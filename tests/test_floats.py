"""Results do not depend on the floating-point mode of the caller, which stays as it was."""

import ctypes
import platform
import sys

import numpy as np
import pytest

from spikecore import LIF, spikegen
from spikecore.backends import floats, threads
from spikecore.network import Linear

RNG = np.random.default_rng(0)
SMALLEST = float(np.finfo(np.float32).smallest_normal)
TINY = np.full((16, 512), 1e-40, np.float32)  # subnormal
UNIFORMS = np.zeros((20, *TINY.shape), np.float32)
CURRENT = (RNG.random((30, *TINY.shape)) * SMALLEST).astype(np.float32)
SIGNAL = CURRENT + CURRENT  # partly subnormal, with differences up to twice the smallest normal
ONES = np.full((3, 4), 1, np.float32)
LIF_STEP = LIF(0.5, threshold=SMALLEST, reset="subtract")
LINEAR = Linear(CURRENT[0, :10], np.zeros(10, np.float32))

CALLS = {
    "rate": lambda device: spikegen.rate(TINY, 20, uniforms=UNIFORMS, dtype=bool, device=device),
    "delta": lambda device: spikegen.delta(SIGNAL, threshold=SMALLEST, device=device),
    "LIF": lambda device: LIF_STEP.run(CURRENT, device=device).spikes,
    "event-driven": lambda device: LINEAR(np.eye(512, dtype=np.float32), exact=True, device=device),
    "parameters": lambda device: (
        LIF(1e-40, gain=1e-40).run(ONES, device=device).recorded["membrane"]
    ),
    "numbers": lambda device: spikegen.rate(
        ONES, offset=1e-40, gain=1e-40, time_var_input=True, uniforms=0 * ONES, device=device
    ),
    "dense": lambda device: LINEAR(np.ones((4, 512), np.float32), device=device),
}


def flushes():
    """Whether this thread takes a subnormal number for zero."""
    return not np.multiply(np.float32(1e-40), np.float32(1))


@pytest.fixture
def flushing():
    """This thread takes subnormal numbers for zero until the test has ended."""
    library = ctypes.PyDLL(None)
    callers, changed = floats.ENVIRONMENT(), floats.ENVIRONMENT()
    library.fegetenv(callers)
    library.fegetenv(changed)
    words = (ctypes.c_uint32 * 16).from_buffer(changed)
    if platform.machine() == "x86_64":
        words[7] |= 0x8040  # MXCSR: results that are subnormal, and operands
    else:
        words[2 if sys.platform == "darwin" else 0] |= 1 << 24  # FPCR
    library.fesetenv(changed)
    try:
        assert flushes()
        yield
        assert flushes(), "the caller's mode is not what it was"
    finally:
        library.fesetenv(callers)


@pytest.fixture(scope="module")
def expected():
    """What each call gives in the standard mode."""
    results = {name: call("numpy") for name, call in CALLS.items()}
    assert not flushes() and all(array.any() for array in results.values())
    return results


@pytest.mark.parametrize("count", ["1", "3"])
@pytest.mark.parametrize("name", CALLS)
def test_the_callers_mode_changes_no_bit(name, count, expected, flushing, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", count)
    monkeypatch.setattr(threads, "SMALL", 0)
    monkeypatch.setattr(threads, "_pool", None)  # so that its threads start in this mode
    assert CALLS[name]("cpu").tobytes() == expected[name].tobytes()


@pytest.mark.parametrize("name", CALLS)
def test_numpy_computes_in_the_standard_mode_too(name, expected, flushing):
    assert CALLS[name]("numpy").tobytes() == expected[name].tobytes()


def test_an_error_in_a_kernel_leaves_the_callers_mode(flushing):
    def kernel(start, stop):
        raise RuntimeError(f"subnormal numbers are zero: {flushes()}")

    with pytest.raises(RuntimeError, match="zero: False"):
        threads.run(kernel, 1, 0)
