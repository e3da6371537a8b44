"""Graded changes: the definition, a bound that holds for ever, and coding in parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import signals as plain
from signals import COMPARES, DEVICES, EXACT, SIGNALS, THRESHOLDS, in_parts

from spikecore import decode, spikegen

FEEDBACKS = st.sampled_from(["decoder", "residual"])


@given(
    signal=SIGNALS,
    threshold=THRESHOLDS,
    compare=COMPARES,
    feedback=FEEDBACKS,
    cum_error=st.booleans(),
    device=DEVICES,
)
def test_values_are_those_of_the_definition(
    signal, threshold, compare, feedback, cum_error, device
):
    options = {"compare": compare, "feedback": feedback, "cum_error": cum_error}
    values = spikegen.sigma_delta(signal, threshold, **options, device=device)
    assert values.dtype == signal.dtype
    expected = plain.sigma_delta(signal, signal.dtype.type(threshold), **options)
    np.testing.assert_array_equal(values, expected)


@given(
    signal=SIGNALS,
    threshold=THRESHOLDS,
    device=DEVICES,
    cuts=st.lists(st.integers(0, 9), max_size=3),
    step=st.sampled_from([None, 1 / 8, 0.1]),
)
def test_parts_join_to_the_whole(signal, threshold, device, cuts, step):
    def last(part, values, initial):
        return decode.accumulate(values, 0 if initial is None else initial, device=device)[-1]

    def encode(part, **options):
        return spikegen.sigma_delta(part, threshold, step=step, device=device, **options)

    np.testing.assert_array_equal(in_parts(encode, last, signal, cuts), encode(signal))


@given(signal=EXACT, threshold=THRESHOLDS, feedback=FEEDBACKS, device=DEVICES)
def test_the_error_is_below_the_threshold_for_ever(signal, threshold, feedback, device):
    values = spikegen.sigma_delta(signal, threshold, feedback=feedback, device=device)
    error = np.abs(signal - decode.accumulate(values, device=device))
    assert (error < signal.dtype.type(threshold)).all()
    assert not error[values != 0].any()


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES)
def test_the_decoders_feedback_makes_up_for_rounding(signal, threshold, device):
    """However long the signal, there is one rounding between it and the receiver."""
    signal = np.concatenate([signal] * 20)
    values = spikegen.sigma_delta(signal, threshold, device=device)
    error = np.abs(signal - decode.accumulate(values, device=device))
    assert (error < threshold + 4 * np.finfo(signal.dtype).eps * (1000 + threshold)).all()


def test_a_residual_does_not():
    """0.1 has no finite binary form, so that sums of its multiples drift."""
    x = np.float32(np.random.default_rng(0).integers(-50, 50, 20_000) * 0.1)
    errors = {}
    for feedback in ("decoder", "residual"):
        values = spikegen.sigma_delta(x, 0.05, feedback=feedback)
        errors[feedback] = np.abs(x - decode.accumulate(values)).max()
    assert errors["decoder"] < 1e-6 < 1e-5 < errors["residual"]


@given(signal=EXACT, threshold=st.sampled_from([0.25, 0.5, 1.0]), device=DEVICES)
def test_rounded_values_are_multiples_and_stay_within_the_threshold(signal, threshold, device):
    values = spikegen.sigma_delta(signal, threshold, step=0.25, device=device)
    np.testing.assert_array_equal(values % 0.25, np.zeros(values.shape))
    error = np.abs(signal - decode.accumulate(values, device=device))
    assert (error < threshold).all()


@given(signal=EXACT, num_bits=st.integers(2, 5), device=DEVICES)
def test_clipped_values_follow_later(signal, num_bits, device):
    signal = np.concatenate([signal, np.repeat(signal[-1:], 60, axis=0)])
    values = spikegen.sigma_delta(signal, 1 / 8, step=1 / 8, num_bits=num_bits, device=device)
    top = 2 ** (num_bits - 1)
    assert (values * 8 <= top - 1).all()
    assert (values * 8 >= -top).all()
    decoded = decode.accumulate(values, device=device)
    np.testing.assert_array_equal(decoded[-1:], signal[-1:])


SIGNAL = np.array([0.25, 0.375, 0.4375, 0.5, 0.75, 0.875, 1.0, 2.1, 2.3, 0.1, 0.0, 0.25])


@pytest.mark.parametrize(
    "axis",
    [
        {"compare": ">"},
        {"cum_error": True},
        {"step": 0.25},
        {"step": 0.25, "num_bits": 2},
        {"initial": 0.2},
        {"initial": None},
    ],
    ids=str,
)
def test_every_axis_changes_values(axis):
    plain_values = spikegen.sigma_delta(SIGNAL, 0.25)
    assert (spikegen.sigma_delta(SIGNAL, 0.25, **axis) != plain_values).any()


def test_feedback_changes_what_becomes_of_a_rounding():
    decoder, residual = (
        spikegen.sigma_delta(SIGNAL, 0.25, step=0.25, feedback=feedback)
        for feedback in ("decoder", "residual")
    )
    assert (decoder != residual).any()


@given(values=SIGNALS, device=DEVICES, initial=st.sampled_from([0, 0.3]))
def test_the_sum_is_numpys_running_one(values, device, initial):
    y = decode.accumulate(values, values.dtype.type(initial), device=device)
    begun = np.concatenate([np.full_like(values[:1], initial), values])
    expected = np.cumsum(begun, axis=0, dtype=values.dtype)[1:]
    assert y.dtype == values.dtype
    np.testing.assert_array_equal(y, expected if len(values) else values)


@pytest.mark.parametrize(
    ("initial", "values", "dtype", "expected"),
    [
        (0, np.float32([1]), None, np.float32),
        (0, np.float64([1]), None, np.float64),
        (np.float32(0), np.int8([1]), None, np.float32),
        (0, np.int8([1]), None, np.float64),
        (0, [1], None, np.float64),
        (np.float64(0), np.float32([1]), None, np.float64),
        (0, np.int8([1]), np.float32, np.float32),
    ],
)
def test_the_dtype_of_a_sum(initial, values, dtype, expected):
    assert decode.accumulate(values, initial, dtype=dtype).dtype == expected
    assert decode.staircase(values, 1, initial, dtype=dtype).dtype == expected
