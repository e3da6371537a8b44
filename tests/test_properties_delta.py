"""Delta modulation spikes exactly where the rounded difference meets the threshold.

Inputs lie on grids (multiples of 0.1 and of 1/16) as well as anywhere: implementations part where a
difference equals the threshold, or misses it by the last bit.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikecore import spikegen

DEVICES = st.sampled_from(["cpu", "numpy"])
TENTHS = st.integers(-30, 30).map(lambda k: k * 0.1)
SIXTEENTHS = st.integers(-40, 40).map(lambda k: k / 16)
ANY = st.floats(-(2.0**100), 2.0**100, width=32)
SIGNALS = st.one_of(
    *(
        hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=12), elements=values)
        for values in (TENTHS, SIXTEENTHS, ANY)
    )
)
THRESHOLDS = st.sampled_from([0.1, 0.2, 0.3, 0.7, 1 / 16, 0.5, 1.0]) | st.floats(
    2.0**-100, 2.0**100, width=32
)


def rounded(value, dtype):
    """A fraction, rounded to the nearest float of the dtype, halves to even."""
    if dtype == np.float64:
        return Fraction(float(value))  # float() of a Fraction rounds so
    value = np.float32(float(value))  # twice rounded, as if once: 53 bits are enough for a sum
    return Fraction(float(value))


def expected_spikes(signal, threshold, padding, off_spike):
    """The definition, one number after another, in exact arithmetic."""
    dtype = signal.dtype
    limit = Fraction(float(dtype.type(threshold)))
    result = np.zeros(signal.shape, np.int8)
    for index in np.ndindex(signal.shape):
        t, *rest = index
        now = Fraction(float(signal[index]))
        first = now if padding else Fraction(0)
        before = Fraction(float(signal[(t - 1, *rest)])) if t else first
        difference = rounded(now - before, dtype)
        if difference >= limit:
            result[index] = 1
        elif off_spike and difference <= -limit:
            result[index] = -1
    return result


@given(
    signal=SIGNALS,
    dtype=st.sampled_from([np.float32, np.float64]),
    threshold=THRESHOLDS,
    padding=st.booleans(),
    off_spike=st.booleans(),
    device=DEVICES,
)
@example(np.array([0.0, 0.2, 0.3]), np.float32, 0.1, False, False, "cpu")  # 0.3 - 0.2 >= 0.1
@example(np.array([0.0, 0.2, 0.3]), np.float64, 0.1, False, False, "cpu")  # 0.3 - 0.2 < 0.1
def test_a_spike_is_where_the_rounded_difference_meets_the_threshold(
    signal, dtype, threshold, padding, off_spike, device
):
    signal = signal.astype(dtype)
    spikes = spikegen.delta(signal, threshold, padding, off_spike, device=device)
    np.testing.assert_array_equal(spikes, expected_spikes(signal, threshold, padding, off_spike))


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("grid", [0.1, 1 / 16])
def test_every_pair_of_neighbours_on_a_grid(grid, dtype, device):
    """All differences of multiples of the grid, at every threshold on it."""
    levels = (np.arange(-12, 13) * grid).astype(dtype)
    signal = np.array(np.meshgrid(levels, levels)).reshape(2, -1)
    for k in (1, 2, 3, 5, 7):
        spikes = spikegen.delta(signal, k * grid, True, True, device=device)
        expected = expected_spikes(signal, k * grid, True, True)
        np.testing.assert_array_equal(spikes, expected)
        if grid == 1 / 16:  # exactly representable: no rounding at all
            steps = np.rint((signal[1] - signal[0]) / dtype(grid)).astype(int)
            np.testing.assert_array_equal(spikes[1], np.sign(steps) * (np.abs(steps) >= k))


def test_float32_and_float64_part_where_rounding_does():
    for dtype, last in ((np.float32, 1), (np.float64, 0)):
        signal = np.array([0.2, 0.3], dtype)
        assert spikegen.delta(signal, 0.1).tolist() == [1, last]


@given(
    signal=hnp.arrays(np.int64, (6,), elements=st.integers(-(2**52), 2**52)),
    threshold=st.integers(1, 2**20),
    device=DEVICES,
)
def test_integers_are_compared_exactly(signal, threshold, device):
    spikes = spikegen.delta(signal, threshold, False, True, device=device)
    before = [0, *signal.tolist()[:-1]]
    for now, then, spike in zip(signal.tolist(), before, spikes, strict=True):
        assert spike == (now - then >= threshold) - (now - then <= -threshold)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_narrow_integers_do_not_wrap(dtype):
    info = np.iinfo(dtype)
    signal = np.array([info.min, info.max, info.min, info.max - 1, info.max], dtype)
    spikes = spikegen.delta(signal, 2, True, True)
    assert spikes.tolist() == [0, 1, -1, 1, 0]


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES)
def test_off_spikes_are_the_on_spikes_of_the_mirrored_signal(signal, threshold, device):
    spikes = spikegen.delta(signal, threshold, False, True, device=device)
    mirrored = spikegen.delta(-signal, threshold, False, True, device=device)
    np.testing.assert_array_equal(spikes, -mirrored)
    on_only = spikegen.delta(signal, threshold, device=device)
    np.testing.assert_array_equal(on_only, spikes == 1)


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES)
def test_padding_silences_the_first_step_and_changes_no_other(signal, threshold, device):
    plain = spikegen.delta(signal, threshold, False, True, device=device)
    padded = spikegen.delta(signal, threshold, True, True, device=device)
    assert not padded[0].any()
    np.testing.assert_array_equal(padded[1:], plain[1:])


@given(signal=SIGNALS, low=THRESHOLDS, high=THRESHOLDS, device=DEVICES)
def test_a_higher_threshold_never_adds_a_spike(signal, low, high, device):
    low, high = sorted((low, high))
    many = spikegen.delta(signal, low, off_spike=True, device=device)
    few = spikegen.delta(signal, high, off_spike=True, device=device)
    assert ((few == 0) | (few == many)).all()


@given(signal=SIGNALS, threshold=THRESHOLDS, cut=st.integers(1, 12), device=DEVICES)
def test_more_steps_keep_the_beginning(signal, threshold, cut, device):
    whole = spikegen.delta(signal, threshold, off_spike=True, device=device)
    beginning = spikegen.delta(signal[:cut], threshold, off_spike=True, device=device)
    np.testing.assert_array_equal(whole[:cut], beginning)


@given(signal=SIGNALS, device=DEVICES)
def test_nothing_but_the_result_is_touched(signal, device):
    copy = signal.copy()
    state = np.random.get_state()[1].copy()
    spikegen.delta(signal, off_spike=True, device=device)
    np.testing.assert_array_equal(signal, copy)
    assert signal.flags.writeable
    np.testing.assert_array_equal(np.random.get_state()[1], state)
