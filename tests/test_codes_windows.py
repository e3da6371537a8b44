"""Codes that compare a sample with those before it: moving window, contrast, level crossing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import signals as plain
from signals import COMPARES, DEVICES, EIGHTHS, SIGNALS, THRESHOLDS, in_parts, of

from spikecore import decode, spikegen

FIRSTS = st.sampled_from(["growing", "window"])


# --- moving window ------------------------------------------------------------------------------


@given(
    signal=SIGNALS,
    threshold=THRESHOLDS,
    window=st.integers(1, 12),
    compare=COMPARES,
    first=FIRSTS,
    device=DEVICES,
)
def test_moving_window_is_that_of_the_definition(signal, threshold, window, compare, first, device):
    options = {"compare": compare, "first": first}
    spikes = spikegen.moving_window(signal, threshold, window, **options, device=device)
    expected = plain.moving_window(signal, signal.dtype.type(threshold), window, **options)
    np.testing.assert_array_equal(spikes, expected)


@given(signal=SIGNALS, threshold=THRESHOLDS, window=st.integers(1, 5), cut=st.integers(0, 9))
def test_a_growing_window_is_causal(signal, threshold, window, cut):
    whole = spikegen.moving_window(signal, threshold, window)
    beginning = spikegen.moving_window(signal[:cut], threshold, window)
    np.testing.assert_array_equal(whole[:cut], beginning)


@given(signal=SIGNALS, threshold=THRESHOLDS, window=st.integers(1, 3), cut=st.integers(0, 9))
def test_a_later_part_needs_a_window_of_samples(signal, threshold, window, cut):
    whole = spikegen.moving_window(signal, threshold, window)
    begin = max(0, cut - window)
    later = spikegen.moving_window(signal[begin:], threshold, window)
    if cut >= window:
        np.testing.assert_array_equal(later[cut - begin :], whole[cut:])


SIGNAL = np.array([0, 1, 0.25, 0, 0, 1, 2, 0.5, 0.5, 1.25])


@pytest.mark.parametrize(
    ("window", "axis"), [(2, {"compare": ">="}), (2, {"first": "window"}), (3, {})], ids=str
)
def test_every_axis_of_moving_window_changes_spikes(window, axis):
    plain_spikes = spikegen.moving_window(SIGNAL, 0.75, 2)
    assert (spikegen.moving_window(SIGNAL, 0.75, window, **axis) != plain_spikes).any()


def test_kedri_averages_one_sample_more_than_its_window():
    given_window = spikegen.moving_window(SIGNAL, 0.5, 2, profile="kedri")
    np.testing.assert_array_equal(
        given_window, spikegen.moving_window(SIGNAL, 0.5, 3, profile="spikify")
    )


# --- temporal contrast --------------------------------------------------------------------------


@given(signal=SIGNALS, threshold=THRESHOLDS, compare=COMPARES, device=DEVICES)
def test_contrast_is_that_of_the_definition(signal, threshold, compare, device):
    options = {"compare": compare}
    spikes = spikegen.temporal_contrast(signal, threshold, **options, device=device)
    expected = plain.temporal_contrast(signal, signal.dtype.type(threshold), **options)
    np.testing.assert_array_equal(spikes, expected)


@given(signal=SIGNALS, threshold=THRESHOLDS, device=DEVICES)
def test_align_shifts_and_edge_repeats(signal, threshold, device):
    end = spikegen.temporal_contrast(signal, threshold, device=device)
    for align in ("end", "start"):
        for edge in ("zero", "repeat"):
            spikes = spikegen.temporal_contrast(
                signal, threshold, align=align, edge=edge, device=device
            )
            changes, odd, beside = (
                (spikes[1:], spikes[:1], spikes[1:2])
                if align == "end"
                else (spikes[:-1], spikes[-1:], spikes[-2:-1])
            )
            np.testing.assert_array_equal(changes, end[1:])
            if len(signal) > 1 and edge == "repeat":
                np.testing.assert_array_equal(odd, beside)
            else:
                assert not odd.any()


def in_order(values):
    """A sum from the first value on."""
    total = values.dtype.type(0)
    for value in values:
        total = total + value
    return total


@given(
    signal=of(EIGHTHS),
    factor=st.sampled_from([0.5, 1.0, 3.0]),
    statistic=st.sampled_from(["signed", "absolute"]),
    over=st.sampled_from(["changes", "steps"]),
    align=st.sampled_from(["end", "start"]),
    edge=st.sampled_from(["zero", "repeat"]),
    ddof=st.integers(0, 1),
    device=DEVICES,
)
def test_the_threshold_is_mean_and_deviations(
    signal, factor, statistic, over, align, edge, ddof, device
):
    if len(signal) < 3:
        return
    options = {"statistic": statistic, "over": over, "align": align, "edge": edge, "ddof": ddof}
    kind, expected = signal.dtype.type, np.empty(signal.shape[1:], signal.dtype)
    for index in np.ndindex(expected.shape):
        d = np.diff(signal[(..., *index)])
        extra = {"zero": 0, "repeat": d[-1] if align == "start" else d[0]}[edge]
        if over == "steps":
            d = np.append(d, extra) if align == "start" else np.append(extra, d)
        d = np.abs(d.astype(kind)) if statistic == "absolute" else d.astype(kind)
        mean = in_order(d) / kind(len(d))
        deviation = np.sqrt(in_order((d - mean) ** 2) / kind(len(d) - ddof))
        expected[index] = mean + kind(factor) * deviation
    if (expected > 0).all():
        limits = spikegen.contrast_threshold(signal, factor, **options, device=device)
        np.testing.assert_array_equal(limits, expected)
        spikes = spikegen.temporal_contrast(signal, factor=factor, **options, device=device)
        same = {"align": align, "edge": edge, "device": device}
        by_threshold = spikegen.temporal_contrast(signal, limits, **same)
        np.testing.assert_array_equal(spikes, by_threshold)
    else:
        with pytest.raises(ValueError, match=r"^factor must give .* a positive, finite threshold"):
            spikegen.temporal_contrast(signal, factor=factor, **options, device=device)


RISES = np.array([0, 1, 1.25, 3, 2.5, 2.5, 4, 5.25, 5.0, 5.5])


@pytest.mark.parametrize(
    "axis",
    [
        {"align": "start"},
        {"edge": "repeat"},
        {"factor": 0.6},
        {"statistic": "absolute", "factor": 0.4},
        {"over": "steps", "align": "start", "edge": "repeat"},
    ],
    ids=str,
)
def test_every_axis_of_contrast_changes_spikes(axis):
    options = {"factor": 0.3} | axis
    plain_spikes = spikegen.temporal_contrast(RISES, factor=0.3)
    assert (spikegen.temporal_contrast(RISES, **options) != plain_spikes).any()


def test_comparison_and_degrees_of_freedom_change_spikes():
    signal = np.array([0.0, 2.0, 2.0, 4.0, 4.0])  # the mean is 1, the deviations are 1
    first, second = (
        spikegen.temporal_contrast(signal, factor=1, compare=compare) for compare in (">", ">=")
    )
    assert first.tolist() == [0, 0, 0, 0, 0]
    assert second.tolist() == [0, 1, 0, 1, 0]
    third = spikegen.temporal_contrast(signal, factor=1, compare=">=", ddof=1)
    assert third.tolist() == [0, 0, 0, 0, 0]


def test_statistics_over_the_steps_change_the_threshold():
    changes = spikegen.contrast_threshold(RISES, 0.3)
    for edge in ("zero", "repeat"):
        assert spikegen.contrast_threshold(RISES, 0.3, over="steps", edge=edge) != changes


# --- level crossing -----------------------------------------------------------------------------


@given(signal=SIGNALS, spacing=THRESHOLDS, device=DEVICES)
def test_level_crossing_is_that_of_the_definition(signal, spacing, device):
    spikes = spikegen.level_crossing(signal, spacing, dtype=np.float64, device=device)
    expected = plain.level_crossing(signal, signal.dtype.type(spacing))
    np.testing.assert_array_equal(spikes, expected)


@given(
    signal=of(EIGHTHS),
    spacing=st.sampled_from([1 / 8, 0.25, 1.0]),
    cuts=st.lists(st.integers(0, 9), max_size=3),
    device=DEVICES,
)
def test_levels_join_over_cuts_and_decode_to_the_level_below(signal, spacing, cuts, device):
    def last(part, spikes, initial):
        if initial is None:
            initial = np.floor(part[0] / part.dtype.type(spacing)) * part.dtype.type(spacing)
        return decode.staircase(spikes, spacing, initial, device=device)[-1]

    def encode(part, **options):
        return spikegen.level_crossing(part, spacing, device=device, **options)

    whole = encode(signal)
    np.testing.assert_array_equal(in_parts(encode, last, signal, cuts), whole)
    if len(signal):
        below = np.floor(signal[0] / signal.dtype.type(spacing)) * signal.dtype.type(spacing)
        error = signal - decode.staircase(whole, spacing, below, device=device)
        assert ((error >= 0) & (error < spacing)).all()


def test_more_levels_than_a_byte_counts_follow_later():
    spikes = spikegen.level_crossing([0, 300, 300, -1], 1, dtype=np.int8)
    assert spikes.tolist() == [0, 127, 127, -127]
    spikes = spikegen.level_crossing([0, 2, 2, 2, -1], 1, dtype=bool, channels="up_down")
    assert spikes.sum(axis=0).tolist() == [2, 1]
