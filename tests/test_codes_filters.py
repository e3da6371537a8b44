"""Ben's spiker, the Hough spikers and their convolution: definitions, axes, bounds."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from plain import signals as plain
from signals import ANY, DEVICES, EIGHTHS, EXACT, SIGNALS, of

from spikecore import decode, spikegen

GOLDEN = Path(__file__).parent / "golden" / "codes"
LEVELS = st.sampled_from([0, 0.1, 0.25, 0.5, 0.95, 1.0, 2.0])
OFFSETS = st.tuples(*[st.integers(-3, 3)] * 3)
SIXTEENTHS = st.integers(-8, 24).map(lambda k: k / 16)


def filters(elements=SIXTEENTHS):
    return hnp.arrays(np.float64, st.integers(1, 5), elements=elements)


FILTERS = st.one_of(filters(), filters(ANY.map(lambda value: value / 500)))
POSITIVE = filters(SIXTEENTHS.map(abs))


def lifted(signal):
    """The signal with no sample below 0."""
    return np.abs(signal)


# --- definitions --------------------------------------------------------------------------------


@given(
    signal=SIGNALS.map(lifted),
    fir=FILTERS,
    threshold=LEVELS,
    criterion=st.sampled_from(["subtract", "multiply"]),
    offsets=OFFSETS,
    tail=st.sampled_from(["truncate", "whole"]),
    device=DEVICES,
)
def test_bsa_is_that_of_the_definition(signal, fir, threshold, criterion, offsets, tail, device):
    options = {"criterion": criterion, "offsets": offsets, "tail": tail}
    spikes = spikegen.bsa(signal, fir, threshold, **options, device=device)
    kind = signal.dtype.type
    expected = plain.bsa(signal, fir.astype(kind), kind(threshold), **options)
    np.testing.assert_array_equal(spikes, expected)


@given(signal=SIGNALS.map(lifted), fir=FILTERS, threshold=LEVELS, device=DEVICES)
def test_the_hough_spikers_are_those_of_the_definition(signal, fir, threshold, device):
    kind = signal.dtype.type
    spikes = spikegen.modified_hsa(signal, fir, threshold, device=device)
    expected = plain.hough(signal, fir.astype(kind), kind(threshold), "truncate")
    np.testing.assert_array_equal(spikes, expected)
    spikes = spikegen.hsa(signal, fir, device=device)
    expected = plain.hough(signal, fir.astype(kind), kind(0), "whole")
    np.testing.assert_array_equal(spikes, expected)


@given(
    spikes=of(EIGHTHS),
    fir=FILTERS,
    shift=EIGHTHS,
    gain=st.sampled_from([0.1, 1.0, 3.0]),
    delay=st.integers(0, 12),
    device=DEVICES,
)
def test_convolve_is_that_of_the_definition(spikes, fir, shift, gain, delay, device):
    kind = spikes.dtype.type
    expected = plain.convolve(spikes, fir.astype(kind), kind(shift), kind(gain), delay)
    for given_spikes in (spikes, np.round(spikes).astype(np.int8)):
        if given_spikes.dtype == np.int8:
            rounded = given_spikes.astype(kind)
            expected = plain.convolve(rounded, fir.astype(kind), kind(shift), kind(gain), delay)
        y = decode.convolve(
            given_spikes, fir, shift, gain, delay, dtype=spikes.dtype, device=device
        )
        assert y.dtype == spikes.dtype
        np.testing.assert_array_equal(y, expected)


def test_convolve_by_hand():
    y = decode.convolve([1, 0, 2, 0], [0.5, 0.25, 0.125], shift=10, gain=2, delay=1)
    assert y.tolist() == [10.5, 12.25, 11, 10.5]
    assert decode.convolve([True, False], [0.5, 0.25]).tolist() == [0.5, 0.25]
    assert decode.convolve(np.float32([1, 0]), [0.1]).dtype == np.float32
    assert decode.convolve([1, 0], [0.1], shift=np.float32(0)).dtype == np.float32


@given(spikes=EXACT, fir=filters(), cut=st.integers(0, 9))
def test_convolution_adds_up(spikes, fir, cut):
    """Of the spikes before a cut and of those after it."""
    first, later = spikes.copy(), spikes.copy()
    first[cut:], later[:cut] = 0, 0
    parts = decode.convolve(first, fir) + decode.convolve(later, fir)
    np.testing.assert_array_equal(decode.convolve(spikes, fir), parts)


# --- shift and gain -----------------------------------------------------------------------------


@given(signal=SIGNALS, fir=FILTERS, device=DEVICES)
def test_named_scales_are_those_of_each_feature(signal, fir, device):
    if not signal.size:
        return
    low, high = signal.min(axis=0), signal.max(axis=0)
    span = np.where(high > low, high - low, 1).astype(signal.dtype)
    named = spikegen.bsa(signal, fir, 0.25, shift="min", gain="range", device=device)
    numbers = spikegen.bsa(signal, fir, 0.25, shift=low, gain=span, device=device)
    scaled = spikegen.bsa(((signal - low) / span).astype(signal.dtype), fir, 0.25, device=device)
    np.testing.assert_array_equal(named, numbers)
    np.testing.assert_array_equal(named, scaled)


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_a_sample_below_the_shift_is_refused(device):
    with pytest.raises(ValueError, match=r"^data must be from 0 to .*but data\[1, 0\] is -0.5"):
        spikegen.bsa([[0.0, 1], [-0.5, 1]], [0.5], 0.1, device=device)
    with pytest.raises(ValueError, match=r"^data must be from 0 to .*shift='min'"):
        spikegen.hsa([0.0, 1], [0.5], shift=0.5, device=device)
    with pytest.raises(ValueError, match=r"^data must be from 0 to .*data\[1\] is"):
        spikegen.modified_hsa([0.0, 1e30], [0.5], 0.1, gain=1e-300, device=device)


def test_bad_filters_are_refused_by_the_decoder():
    for fir in ([], [[1.0]], [float("nan")], "fir", 0.5):
        with pytest.raises((ValueError, TypeError), match=r"^fir"):
            decode.convolve([1, 0], fir)
    for delay in (-1, 1.5, True):
        with pytest.raises((ValueError, TypeError), match=r"^delay"):
            decode.convolve([1, 0], [1], delay=delay)
    for gain in (0, -1, "1"):
        with pytest.raises((ValueError, TypeError), match=r"^gain"):
            decode.convolve([1, 0], [1], gain=gain)
    with pytest.raises(ValueError, match=r"^shift must be a number or broadcast"):
        decode.convolve(np.zeros((2, 2)), [1], shift=[1, 2, 3])


# --- every axis, on a recorded electrocardiogram ------------------------------------------------


def recorded():
    """An electrocardiogram from 0 to 1, and a filter of 11 taps."""
    recordings = json.loads((GOLDEN / "manifest.json").read_text())["recordings"]
    found = next(r for r in recordings if r["id"] == "kedri/bsam/ecg01/p0.95w0F11")
    with np.load(GOLDEN / "arrays.npz", allow_pickle=False) as arrays:
        return [arrays[found["inputs"][name]].reshape(-1) for name in ("signal", "fir")]


ECG, FIR = recorded()


def counts(**options):
    """Spikes with a threshold of 0.05 subtracted, and with 0.95 multiplied."""
    return [
        int(spikegen.bsa(ECG, FIR, threshold, criterion=criterion, **options).sum())
        for criterion, threshold in (("subtract", 0.05), ("multiply", 0.95))
    ]


def test_toolboxes_give_other_numbers_of_spikes():
    """Those that the toolboxes gave."""
    assert counts() == [102, 99]  # as defined
    assert counts(profile="spikify")[0] == 100
    assert counts(profile="kedri") == [165, 133]
    assert counts(profile="mavlab-matlab")[1] == 67


@pytest.mark.parametrize(
    "axis",
    [
        {"tail": "whole"},
        {"offsets": (1, 0, 0)},
        {"offsets": (0, 1, 0)},
        {"offsets": (0, 0, 1)},
        {"shift": -0.5},
        {"gain": 2},
    ],
    ids=str,
)
def test_every_axis_of_bsa_changes_spikes(axis):
    assert all(a != b for a, b in zip(counts(**axis), counts(), strict=True))


def test_mavlab_multiplies_by_itself():
    assert spikegen.bsa(ECG, FIR, 0.95, profile="mavlab").sum() == 67
    assert spikegen.bsa(ECG, FIR, 0.95, profile="mavlab-matlab").sum() == 67


def test_the_end_matters_to_the_hough_spikers():
    whole = spikegen.hsa(ECG, FIR)
    cut = spikegen.modified_hsa(ECG, FIR, 0)
    last = len(ECG) - len(FIR) + 1
    np.testing.assert_array_equal(whole[:last], cut[:last])
    assert not whole[last:].any()
    assert spikegen.modified_hsa(ECG, FIR, 0.05).sum() != cut.sum()
    lifted = spikegen.modified_hsa(ECG + 1, FIR, 0.05, shift=np.ones(()))
    np.testing.assert_array_equal(lifted, spikegen.modified_hsa(ECG + 1 - 1, FIR, 0.05))


# --- bounds -------------------------------------------------------------------------------------


@given(
    signal=EXACT.map(lifted),
    fir=filters(),
    threshold=st.sampled_from([0, 1 / 16, 0.25, 1.0]),
    gain=st.sampled_from([0.5, 1.0, 4.0]),
    device=DEVICES,
)
def test_every_spike_takes_the_threshold_away_from_the_sum(signal, fir, threshold, gain, device):
    how = {"shift": -1, "gain": gain, "device": device}
    spikes = spikegen.bsa(signal, fir, threshold, **how)
    y = decode.convolve(spikes, fir, dtype=signal.dtype, **how)
    error, total = np.abs(signal - y).sum(axis=0) / gain, ((signal + 1) / gain).sum(axis=0)
    assert (error <= total - threshold * spikes.sum(axis=0)).all()


@given(signal=EXACT.map(lifted), fir=POSITIVE, device=DEVICES)
def test_what_a_hough_spiker_decodes_to_is_nowhere_above_the_signal(signal, fir, device):
    spikes = spikegen.hsa(signal, fir, device=device)
    assert (decode.convolve(spikes, fir, dtype=signal.dtype, device=device) <= signal).all()


@given(trains=of(st.integers(0, 1).map(float)), fir=POSITIVE)
def test_a_filtered_train_of_spikes_is_found_again(trains, fir):
    """By the Hough spiker, if the filter begins with more than any later tap adds."""
    fir = np.concatenate([[fir.sum() + 1], fir])
    whole = np.concatenate([trains, np.zeros((len(fir) - 1, *trains.shape[1:]))])
    signal = decode.convolve(whole, fir)
    np.testing.assert_array_equal(spikegen.hsa(signal, fir), whole)


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_a_filter_longer_than_the_signal(device):
    signal, fir = np.float32([1.0, 0.5, 0.25]), np.ones(6) / 8
    assert not spikegen.hsa(signal, fir, device=device).any()
    assert not spikegen.bsa(signal, fir, 0, tail="whole", device=device).any()
    assert spikegen.bsa(signal, fir, 0, device=device).any()
    assert spikegen.bsa(signal, fir, 0, offsets=(9, 9, 9), tail="whole", device=device).sum() == 0
    y = decode.convolve([0, 0, 1], fir, delay=50, device=device)
    assert y.tolist() == [0, 0, 0]
