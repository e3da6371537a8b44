"""Pulse width: the definition, its decoder, and the bound at a spike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from plain import signals as plain
from signals import DEVICES, EXACT, SHAPES, SIGNALS, of

from spikecore import decode, spikegen

PERIODS = st.integers(2, 6)
RANGES = st.sampled_from([(-3.0, 3.0), (-4.0, 4.5), (-3.1, 3.3)])
IN_RANGE = of(st.floats(-3, 3, width=32))
TRAINS = hnp.arrays(np.int8, SHAPES, elements=st.integers(0, 1))


@given(signal=IN_RANGE | EXACT, period=PERIODS, ends=RANGES, device=DEVICES)
def test_pulse_width_is_that_of_the_definition(signal, period, ends, device):
    low, high = map(signal.dtype.type, ends)
    spikes = spikegen.pulse_width(signal, period, low=low, high=high, device=device)
    np.testing.assert_array_equal(spikes, plain.pulse_width(signal, period, low, high))


@given(spikes=TRAINS, period=PERIODS, ends=RANGES, device=DEVICES, dtype=st.sampled_from("fd"))
def test_the_decoder_is_that_of_the_definition(spikes, period, ends, device, dtype):
    low, high = map(np.dtype(dtype).type, ends)
    y = decode.pulse_width(spikes, period, low=low, high=high, dtype=dtype, device=device)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, plain.decoded_pulse_width(spikes, period, low, high))


@given(signal=SIGNALS, period=PERIODS)
def test_a_period_has_one_spike_at_most(signal, period):
    spikes = spikegen.pulse_width(signal, period, low=-1000, high=1000)
    for begin in range(0, len(signal), period):
        assert (spikes[begin : begin + period].sum(axis=0) <= 1).all()


@given(signal=EXACT, period=st.sampled_from([2, 4, 8]), device=DEVICES)
def test_at_a_spike_the_error_is_below_a_step_of_the_saw_and_of_the_signal(signal, period, device):
    """Of these numbers no sum and no quotient is rounded."""
    how = {"low": -4, "high": 4, "device": device}
    spikes = spikegen.pulse_width(signal, period, **how)
    y = decode.pulse_width(spikes, period, dtype=np.float64, **how)
    slope = np.abs(np.diff(signal, axis=0, prepend=signal[:1]))
    error = (y - signal)[spikes != 0]
    assert (error >= 0).all()
    assert (error < 8 / period + slope[spikes != 0]).all()
    begins = spikes.copy()
    begins[np.arange(len(begins)) % period != 0] = 0
    assert not (y - signal)[begins != 0].any()


@given(signal=EXACT, period=PERIODS, periods=st.integers(0, 4))
def test_parts_that_begin_with_a_period_join_to_the_whole(signal, period, periods):
    cut = period * periods
    parts = [spikegen.pulse_width(part, period, low=-3, high=3) for part in
             (signal[:cut], signal[cut:])]  # fmt: skip
    whole = spikegen.pulse_width(signal, period, low=-3, high=3)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_by_hand():
    assert spikegen.pulse_width([0, 0, 0.25, 0.3], 2, dtype=np.uint8).tolist() == [1, 0, 0, 1]
    assert spikegen.pulse_width([0.75, 0.75, 0.75, 0.75], 4).tolist() == [0, 0, 0, 1]
    assert spikegen.pulse_width([0.76, 0.76, 0.76, 0.76], 4).tolist() == [0, 0, 0, 0]
    y = decode.pulse_width([[0, 0], [1, 0], [0, 0], [0, 0], [0, 0], [1, 0]], 4, low=1, high=5)
    assert y[:, 0].tolist() == [2, 2, 2, 2, 2, 2]
    assert y[:, 1].tolist() == [5] * 6  # the saw never met it
    assert decode.pulse_width([0, 0, 1, 0, 0], 4).tolist() == [0.5] * 5


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_data_outside_of_the_range_are_refused(device):
    with pytest.raises(ValueError, match=r"^data must be from low=0.0 to high=1.0, but data\[1\]"):
        spikegen.pulse_width([0.5, 1.25], 4, device=device)
    for low, high in ((1, 1), (2, 1)):
        for function in (spikegen.pulse_width, decode.pulse_width):
            with pytest.raises(ValueError, match=r"^high lie|^high must lie in \("):
                function([0.0, 1.0], 4, low=low, high=high, device=device)
    with pytest.raises(ValueError, match=r"^period must be from 2"):
        decode.pulse_width([0, 1], 1, device=device)
    with pytest.raises(ValueError, match=r"^spikes must be finite"):
        decode.pulse_width([0, float("nan")], 4, device=device)
