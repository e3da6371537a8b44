"""Phase and burst codes: their definitions, their axes, and how near their decoders come."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import values as plain
from signals import DEVICES, of
from values import ANY, EIGHTHS, LISTS, ROWS, STEPS, TENTHS, VALUES, apart

from spikecore import decode, spikegen

BITS = st.integers(1, 30)


# --- phase --------------------------------------------------------------------------------------


@given(data=VALUES, num_bits=BITS, num_steps=STEPS, device=DEVICES)
def test_phase_is_that_of_the_definition(data, num_bits, num_steps, device):
    spikes = spikegen.phase(data, num_bits, num_steps, device=device)
    expected = apart(lambda x: plain.phase(x, num_bits, num_steps), data, num_steps)
    np.testing.assert_array_equal(spikes, expected)


@given(data=VALUES, num_bits=BITS, periods=st.integers(1, 3))
def test_phase_decodes_within_its_last_weight(data, num_bits, periods):
    spikes = spikegen.phase(data, num_bits, periods * num_bits)
    y, weight = decode.phase(spikes, num_bits), 2.0**-num_bits
    assert ((data >= y) & (data < y + weight)).all()
    assert (abs(data - decode.phase(spikes, num_bits, centre=True)) <= weight / 2).all()
    low, high = decode.phase(spikes, num_bits, interval=True)
    np.testing.assert_array_equal(low, y)
    np.testing.assert_array_equal(high, y + weight)


def test_the_bounds_of_phase_are_reached():
    just_below = np.nextafter(0.5, 0)
    spikes = spikegen.phase([0.5, just_below], 8)
    assert decode.phase(spikes, 8).tolist() == [0.5, 0.5 - 2.0**-8]
    assert decode.phase(spikes, 8, centre=True)[0] - 0.5 == 2.0**-9


@given(data=of(EIGHTHS), num_bits=st.integers(3, 8))
def test_eighths_are_decoded_exactly_from_three_bits_on(data, num_bits):
    np.testing.assert_array_equal(decode.phase(spikegen.phase(data, num_bits), num_bits), data)


@given(data=VALUES, num_bits=BITS)
def test_more_steps_repeat_the_period(data, num_bits):
    period = spikegen.phase(data, num_bits)
    twice = spikegen.phase(data, num_bits, 2 * num_bits + 1)
    np.testing.assert_array_equal(twice, np.concatenate([period, period, period[:1]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_clip_codes_what_has_no_code_as_the_nearest_that_has(dtype, device):
    huge = np.finfo(dtype).max
    x = np.array([-huge, -1, -1e-9, 0, 0.99, 1, 1.5, 2**31, huge], dtype)
    spikes = spikegen.phase(x, 5, clip=True, device=device)
    assert decode.phase(spikes, 5).tolist() == [
        0,
        0,
        0,
        0,
        31 / 32,
        31 / 32,
        31 / 32,
        31 / 32,
        31 / 32,
    ]
    with pytest.raises(ValueError, match=r"^data must be within \[0, 1\)"):
        spikegen.phase(x[3:6], 5, device=device)


def test_the_decoder_of_phase_takes_the_mean_of_the_periods():
    assert decode.phase([1, 0, 0, 1, 1], 2) == (0.5 + 0.25) / 2
    assert decode.phase(np.zeros((6, 0)), 3).shape == (0,)


# --- burst --------------------------------------------------------------------------------------

INTERVALS = st.tuples(st.integers(8, 40), st.integers(0, 40)).map(
    lambda ends: (ends[0] / 8, (ends[0] + ends[1]) / 8)
)


@given(
    data=VALUES,
    num_steps=st.integers(1, 40),
    most=st.integers(1, 9),
    ends=INTERVALS,
    gap=st.integers(0, 2),
    rounds=st.sampled_from(["interval", "spikes"]),
    device=DEVICES,
)
def test_burst_is_that_of_the_definition(data, num_steps, most, ends, gap, rounds, device):
    how = {"gap": gap, "rounds": rounds}
    spikes = spikegen.burst(data, num_steps, most, *ends, **how, device=device)
    expected = apart(lambda x: plain.burst(x, num_steps, most, *ends, **how), data, num_steps)
    np.testing.assert_array_equal(spikes, expected)


@given(data=of(EIGHTHS), device=DEVICES)
def test_a_burst_of_the_shortest_interval_has_a_spike_in_every_step(data, device):
    spikes = spikegen.burst(data, 9, 8, 0, 0, gap=1, device=device)
    np.testing.assert_array_equal(spikes.sum(axis=0), 8 * data)
    assert (np.diff(spikes, axis=0) <= 0).all()


@given(data=of(ANY) | of(TENTHS), most=st.integers(1, 20))
def test_burst_decodes_within_half_a_spike(data, most):
    """Up to the rounding of one product."""
    spikes = spikegen.burst(data, 200, most, 1, 10)
    error = abs(data - decode.burst(spikes, most))
    assert (error <= 1 / (2 * most) + np.finfo(data.dtype).eps).all()


def test_the_bound_of_burst_is_reached():
    x = np.array([0.0, 0.5, np.nextafter(0.25, 1)])
    y = decode.burst(spikegen.burst(x, 50, 4), 4)
    assert y.tolist() == [0, 3 / 8, 3 / 8]
    assert x[1] - y[1] == 1 / 8


@given(
    data=of(EIGHTHS, LISTS), most=st.sampled_from([2, 4, 8]), ends=INTERVALS, gap=st.integers(0, 2)
)
def test_the_interval_of_a_burst_holds_the_value_and_is_not_wider_than_the_count(
    data, most, ends, gap
):
    spikes = spikegen.burst(data, 1000, most, *ends, gap=gap)
    low, high = decode.burst(spikes, most, *ends, gap=gap, interval=True)
    assert ((low <= data) & (data <= high)).all()
    wide = decode.burst(spikes, most, interval=True)
    assert ((wide.low <= low) & (high <= wide.high)).all()
    assert (abs(data - decode.burst(spikes, most, *ends, gap=gap)) <= 1 / (2 * most)).all()


def test_the_distance_of_the_spikes_narrows_the_interval():
    x = np.linspace(0.3, 1, 50)
    spikes = spikegen.burst(x, 100, 4, 2, 30)
    wide = decode.burst(spikes, 4, interval=True)
    narrow = decode.burst(spikes, 4, 2, 30, interval=True)
    assert ((narrow.low <= x + 1e-12) & (x - 1e-12 <= narrow.high)).all()
    assert (narrow.high - narrow.low).mean() < 0.2 * (wide.high - wide.low).mean()


AXES = [
    {"gap": 1}, {"rounds": "spikes"}, {"max_spikes": 4}, {"min_interval": 1}, {"max_interval": 8},
]  # fmt: skip


@pytest.mark.parametrize("axis", AXES, ids=str)
def test_every_axis_of_burst_changes_spikes(axis):
    x = np.linspace(0, 1, 11)
    usual = {"max_spikes": 5, "min_interval": 2, "max_interval": 10}
    assert (spikegen.burst(x, 40, **usual | axis) != spikegen.burst(x, 40, **usual)).any()


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_times_between_two_steps_go_to_the_even_one(device):
    """Intervals of 1.5 and of 2.5 steps."""
    spikes = spikegen.burst([1.0, 0.0], 12, 8, 1.5, 2.5, rounds="spikes", device=device)
    assert np.flatnonzero(spikes[:, 0]).tolist() == [0, 2, 3, 4, 6, 8, 9, 10]
    assert not spikes[:, 1].any()
    half = spikegen.burst([0.5], 20, 8, 1.5, 3.5, rounds="spikes", device=device)
    assert np.flatnonzero(half).tolist() == [round(Fraction(5 * k, 2)) for k in range(4)]


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("rounds", ["interval", "spikes"])
def test_the_longest_bursts_are_whole(device, rounds):
    """At the limits of the words in which a burst is held."""
    for most, interval in ((2**15 - 1, 1), (3, 2**15 - 1)):
        num_steps = (most - 1) * interval + 9
        spikes = spikegen.burst(
            [1.0], num_steps, most, interval, interval, rounds=rounds, dtype=bool, device=device
        )
        np.testing.assert_array_equal(np.flatnonzero(spikes), np.arange(most) * interval)


@given(row=ROWS, most=st.integers(1, 5))
def test_a_larger_value_never_has_fewer_spikes(row, most):
    counts = spikegen.burst(np.sort(row), 60, most).sum(axis=0)
    assert (np.diff(counts) >= 0).all()
