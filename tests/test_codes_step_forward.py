"""Step-forward coding and sampling by change: the definition, the bounds, and coding in parts."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plain import signals as plain
from signals import COMPARES, DEVICES, EIGHTHS, EXACT, SIGNALS, THRESHOLDS, in_parts, of

from spikecore import decode, spikegen

CUTS = st.lists(st.integers(0, 9), max_size=3)


@given(
    signal=SIGNALS,
    threshold=THRESHOLDS,
    down=THRESHOLDS,
    compare=COMPARES,
    baseline=st.sampled_from(["step", "signal"]),
    refractory=st.integers(0, 3),
    device=DEVICES,
)
@example(np.array([0, 0.3, 0.1]), 0.2, 0.2, ">", "step", 0, "cpu")  # 0.1 + 0.2 > 0.3
def test_spikes_are_those_of_the_definition(
    signal, threshold, down, compare, baseline, refractory, device
):
    options = {"compare": compare, "baseline": baseline, "refractory": refractory}
    spikes = spikegen.step_forward(
        signal, threshold, threshold_down=down, **options, dtype=np.int8, device=device
    )
    kind = signal.dtype.type
    expected = plain.step_forward(signal, kind(threshold), kind(down), **options)
    np.testing.assert_array_equal(spikes, expected)


@given(signal=SIGNALS, threshold=THRESHOLDS, compare=COMPARES, device=DEVICES)
def test_several_spikes_are_those_of_the_definition(signal, threshold, compare, device):
    spikes = spikegen.step_forward(
        signal, threshold, compare=compare, multi=True, device=device, dtype=np.float64
    )
    kind = signal.dtype.type
    expected = plain.several(signal, kind(threshold), compare, 2**53)
    np.testing.assert_array_equal(spikes, expected)


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES)
def test_more_than_a_dtype_counts_follow_later(signal, threshold, device):
    threshold = threshold / 2**14
    for dtype, most in ((np.int8, 127), (np.float32, 2**24)):
        spikes = spikegen.step_forward(
            signal, threshold, multi=True, compare=">=", dtype=dtype, device=device
        )
        expected = plain.several(signal, signal.dtype.type(threshold), ">=", most)
        np.testing.assert_array_equal(spikes, expected)


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES, multi=st.booleans(), cuts=CUTS)
def test_parts_join_to_the_whole(signal, threshold, device, multi, cuts):
    """The decoder's last value is all that a later part needs."""

    def last(part, spikes, initial):
        initial = part[0] if initial is None else initial
        return decode.staircase(spikes, threshold, initial, device=device)[-1]

    def encode(part, **options):
        return spikegen.step_forward(part, threshold, multi=multi, device=device, **options)

    np.testing.assert_array_equal(in_parts(encode, last, signal, cuts), encode(signal))


@given(signal=SIGNALS, threshold=THRESHOLDS, multi=st.booleans(), device=DEVICES, cuts=CUTS)
def test_parts_sampled_by_change_join_to_the_whole(signal, threshold, multi, device, cuts):
    def last(part, spikes, initial):
        return decode.hold(part, spikes, initial)[-1]

    def encode(part, **options):
        return spikegen.send_on_delta(part, threshold, multi=multi, device=device, **options)

    np.testing.assert_array_equal(in_parts(encode, last, signal, cuts), encode(signal))


@given(changes=of(st.integers(-8, 8).map(lambda k: k / 8)), compare=COMPARES, device=DEVICES)
def test_the_error_is_at_most_the_threshold_while_the_slope_is(changes, compare, device):
    signal = np.cumsum(changes, axis=0, dtype=changes.dtype)
    spikes = spikegen.step_forward(signal, 1, compare=compare, device=device)
    if len(signal):
        error = np.abs(signal - decode.staircase(spikes, 1, signal[0], device=device))
        assert (error <= 1).all()
        assert compare == ">" or (error < 1).all()


@given(signal=EXACT, threshold=st.sampled_from([1 / 8, 0.25, 0.5, 1.0]), device=DEVICES)
def test_the_error_of_several_a_step_is_below_the_threshold_for_ever(signal, threshold, device):
    for compare in (">", ">="):
        spikes = spikegen.step_forward(
            signal, threshold, multi=True, compare=compare, device=device
        )
        if len(signal):
            error = np.abs(signal - decode.staircase(spikes, threshold, signal[0], device=device))
            assert (error < threshold).all() or compare == ">"
            assert (error <= threshold).all()


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES)
def test_the_error_of_several_on_any_signal_is_that_but_for_rounding(signal, threshold, device):
    spikes = spikegen.step_forward(signal, threshold, multi=True, compare=">=", device=device)
    if len(signal):
        error = np.abs(signal - decode.staircase(spikes, threshold, signal[0], device=device))
        rounding = 4 * np.finfo(signal.dtype).eps * (1000 + threshold)
        assert (error < threshold + rounding).all()


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES)
def test_a_receiver_of_the_samples_is_within_the_threshold(signal, threshold, device):
    spikes = spikegen.send_on_delta(signal, threshold, device=device)
    error = np.abs(signal - decode.hold(signal, spikes))
    limit = signal.dtype.type(threshold)
    rounding = 2 * np.finfo(signal.dtype).eps * (1000 + threshold)
    assert (error < limit + rounding).all()


@given(signal=SIGNALS, threshold=THRESHOLDS, compare=COMPARES, device=DEVICES)
def test_spikes_of_the_mirrored_signal_are_mirrored(signal, threshold, compare, device):
    for multi in (False, True):
        options = {"compare": compare, "multi": multi, "device": device}
        spikes = spikegen.step_forward(signal, threshold, **options)
        mirrored = spikegen.step_forward(-signal, threshold, **options)
        np.testing.assert_array_equal(spikes, -mirrored)


@given(signal=SIGNALS, threshold=THRESHOLDS, refractory=st.integers(1, 4), device=DEVICES)
def test_after_a_spike_an_element_is_silent(signal, threshold, refractory, device):
    spikes = spikegen.send_on_delta(signal, threshold, refractory=refractory, device=device)
    for k in range(1, refractory):
        assert not (spikes[k:] * spikes[:-k]).any()


@given(spikes=of(st.integers(-3, 3).map(float)), up=THRESHOLDS, down=THRESHOLDS, device=DEVICES)
def test_the_staircase_is_that_of_the_definition(spikes, up, down, device):
    kind = spikes.dtype.type
    y = decode.staircase(spikes, up, kind(0.3), threshold_down=down, device=device)
    assert y.dtype == spikes.dtype
    np.testing.assert_array_equal(y, plain.staircase(spikes, kind(up), kind(down), kind(0.3)))


SIGNAL = np.array([0, 0.5, 0.5, 2.0, -1.0, -1.0, 0.25, 0.5, 3.0, 3.0, 2.5])


@pytest.mark.parametrize(
    "axis",
    [
        {"compare": ">="},
        {"baseline": "signal"},
        {"multi": True},
        {"refractory": 2},
        {"initial": -1.0},
        {"threshold_down": 0.25},
    ],
    ids=str,
)
def test_every_axis_changes_spikes(axis):
    plain_spikes = spikegen.step_forward(SIGNAL, 0.5)
    assert (spikegen.step_forward(SIGNAL, 0.5, **axis) != plain_spikes).any()


@given(signal=of(EIGHTHS), device=DEVICES)
def test_one_threshold_a_feature_is_as_many_calls(signal, device):
    shape = signal.shape[1:]
    limits = (1 + np.arange(np.prod(shape, dtype=int))).reshape(shape) / 8
    for options in ({}, {"multi": True}, {"threshold_down": limits / 2}):
        spikes = spikegen.step_forward(signal, limits, **options, device=device)
        for index in np.ndindex(shape):
            alone = {k: v[index] if k == "threshold_down" else v for k, v in options.items()}
            one = spikegen.step_forward(signal[(..., *index)], limits[index], **alone)
            np.testing.assert_array_equal(spikes[(..., *index)], one)


def test_several_channels_of_bytes_count_up_to_127():
    spikes = spikegen.step_forward(
        [0.0, 300.0, 300.0, 300.0], 1, multi=True, compare=">=", channels="up_down", dtype=np.uint8
    )
    assert spikes.tolist() == [[0, 0], [127, 0], [127, 0], [46, 0]]


def test_the_hold_begins_with_what_was_sent():
    held = decode.hold([1.0, 2.0, 3.0], [0, 0, -1], initial=7)
    assert held.tolist() == [7, 7, 3]
    assert decode.hold([1.0, 2.0, 3.0], [0, 1, 0]).tolist() == [1, 2, 2]
