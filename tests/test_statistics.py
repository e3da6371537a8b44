"""Every statistic beside its definition in plain Python, compiled and interpreted."""

from functools import partial

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import example, given
from hypothesis import strategies as st
from plain import statistics as plain
from trains import DT, ONES, on_both, trains

from spikecore import statistics

# A sum of up to 60 terms in another order; van Rossum's squares are differences of sums up to 3600.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}
SQUARES = {"rtol": 1e-10, "atol": 1e-10}
PLAIN_INTERVALS = {"cv": plain.cv, "cv2": plain.cv2, "lv": plain.lv}


def columns(spikes, dt=1.0):
    return [plain.times_of(train, dt) for train in spikes.T]


def table(measure, first, second):
    """A plain measure of all pairs."""
    return np.array([[measure(a, b) for b in second] for a in first]).reshape(
        len(first), len(second)
    )


# --- rates --------------------------------------------------------------------------------------


@given(trains(), DT)
def test_rates_are_numbers_of_spikes_over_the_time(spikes, dt):
    time = len(spikes) * dt
    expected = [len(times) / time if time else np.nan for times in columns(spikes)]
    np.testing.assert_allclose(on_both(statistics.rate, spikes, dt=dt), expected, rtol=1e-15)


@given(trains(steps=(2, 30)), DT, st.data(), st.sampled_from(["half-open", "closed"]))
def test_rates_of_a_window(spikes, dt, data, window):
    eighths = st.integers(0, 8 * len(spikes))
    first, last = sorted(data.draw(st.tuples(eighths, eighths).filter(lambda w: w[0] != w[1])))
    start, stop = first / 8 * dt, last / 8 * dt
    ours = statistics.rate(spikes, start=start, stop=stop, window=window, dt=dt)
    expected = [plain.rate(times, start, stop, window == "closed") for times in columns(spikes, dt)]
    np.testing.assert_allclose(ours, expected, **CLOSE)


@pytest.mark.parametrize("dt", [0.1, 0.3, 1e-3, 1 / 3])
def test_the_time_of_step_k_is_the_start_of_a_window_that_begins_at_k_times_dt(dt):
    spikes = np.eye(50, dtype=np.uint8)
    for k in range(1, 49):
        ours = statistics.rate(spikes, start=k * dt, stop=(k + 1) * dt, dt=dt)
        np.testing.assert_array_equal(np.flatnonzero(ours), [k])
        ours = statistics.rate(spikes, start=k * dt, stop=(k + 1) * dt, dt=dt, window="closed")
        np.testing.assert_array_equal(np.flatnonzero(ours), [k, k + 1])


@given(trains(), st.integers(1, 12), DT)
def test_the_histogram_counts_spikes_in_bins(spikes, bin_steps, dt):
    starts = range(0, len(spikes), bin_steps)
    parts = [spikes[k : k + bin_steps] for k in starts]
    expected = np.array([float(part.sum()) for part in parts])
    assert_same_bits(statistics.psth(spikes, bin_steps), expected)
    if spikes.shape[1]:
        expected /= spikes.shape[1]
        assert_same_bits(statistics.psth(spikes, bin_steps, output="mean"), expected)
        expected /= [len(part) * dt for part in parts]
        ours = statistics.psth(spikes, bin_steps, output="rate", dt=dt)
        np.testing.assert_allclose(ours, expected, rtol=1e-15)


def test_trials_are_an_axis():
    spikes = np.random.default_rng(0).integers(0, 3, (12, 5, 2, 3))
    for axis, axes in ((1, 1), ((1, -1), (1, 3)), (None, (1, 2, 3)), ([2], 2)):
        expected = spikes.sum(axis=axes).reshape(4, 3, *spikes.sum(axis=axes).shape[1:]).sum(axis=1)
        np.testing.assert_array_equal(statistics.psth(spikes, 3, axis=axis), expected)
        counts = spikes.sum(axis=0)
        axes = tuple(np.atleast_1d(axes) - 1)
        expected = counts.var(axis=axes) / counts.mean(axis=axes)
        np.testing.assert_allclose(statistics.fano(spikes, axis=axis), expected, rtol=1e-14)


@given(trains(), st.integers(0, 1))
def test_the_fano_factor_is_variance_over_mean(spikes, ddof):
    counts = [len(times) for times in columns(spikes)]
    ours = statistics.fano(spikes, ddof=ddof)
    if sum(counts) and len(counts) > ddof:
        np.testing.assert_allclose(ours, np.var(counts, ddof=ddof) / np.mean(counts), **CLOSE)
    else:
        assert np.isnan(ours)


@given(
    trains(features=st.integers(1, 2)),
    st.sampled_from([0.5, 2.0, 40.0]),
    st.sampled_from(["gaussian", "exponential"]),
    st.integers(1, 7),
    DT,
)
def test_smooth_rates_are_sums_of_kernels(spikes, sigma, kernel, bin_steps, dt):
    options = {"sigma": sigma * dt, "kernel": kernel, "bin_steps": bin_steps, "dt": dt}
    ours = on_both(statistics.rate_kernel, spikes, **options)
    bins = -(-len(spikes) // bin_steps)
    assert ours.shape == (bins, spikes.shape[1])
    for train, times in zip(ours.T, columns(spikes, dt), strict=True):
        expected = plain.rate_kernel(times, sigma * dt, kernel, bin_steps * dt, bins)
        np.testing.assert_allclose(train, expected, rtol=1e-12, atol=1e-300)


@given(trains(features=st.integers(1, 2)), st.sampled_from([0.5, 3.0, 100.0]), st.integers(1, 7))
def test_with_border_correction_the_area_is_the_number_of_spikes(spikes, sigma, bin_steps):
    options = {"sigma": sigma, "bin_steps": bin_steps, "border_correction": True}
    ours = on_both(statistics.rate_kernel, spikes, **options)
    np.testing.assert_allclose(ours.sum(axis=0) * bin_steps, spikes.sum(axis=0), rtol=1e-12)


def test_a_kernel_is_cut_beyond_the_cutoff():
    spikes = np.zeros(101)
    spikes[50] = 1
    whole = statistics.rate_kernel(spikes, 0.5, dt=0.1)
    cut = statistics.rate_kernel(spikes, 0.5, dt=0.1, cutoff=3)  # 15 steps, though 3*0.5/0.1 < 15
    np.testing.assert_array_equal(np.flatnonzero(cut), np.arange(35, 66))
    np.testing.assert_array_equal(cut[35:66], whole[35:66])
    assert (whole > 0).all()


# --- intervals ----------------------------------------------------------------------------------


@given(trains(), DT)
def test_intervals_are_differences_of_times(spikes, dt):
    ours = statistics.isi(spikes, dt=dt)
    assert [train.tolist() for train in ours] == [
        plain.intervals(times) for times in columns(spikes, dt)
    ]


@given(trains(), st.sampled_from(sorted(PLAIN_INTERVALS)))
def test_variations_of_intervals(spikes, name):
    expected = [PLAIN_INTERVALS[name](times) for times in columns(spikes)]
    ours = on_both(getattr(statistics, name), spikes)
    np.testing.assert_allclose(ours, np.reshape(expected, spikes.shape[1]), **CLOSE)


@given(trains())
def test_an_unbiased_cv_divides_by_one_less(spikes):
    expected = [plain.cv(times, ddof=1) for times in columns(spikes)]
    ours = on_both(statistics.cv, spikes, ddof=1)
    np.testing.assert_allclose(ours, np.reshape(expected, spikes.shape[1]), **CLOSE)


@given(trains(), st.sampled_from([0, 0.5, 3]), DT)
def test_the_revised_local_variation(spikes, refractory, dt):
    expected = [plain.lvr(times, refractory * dt) for times in columns(spikes, dt)]
    ours = on_both(statistics.lvr, spikes, refractory=refractory * dt, dt=dt)
    np.testing.assert_allclose(ours, np.reshape(expected, spikes.shape[1]), rtol=1e-11, atol=1e-11)


# --- in common ----------------------------------------------------------------------------------


@given(trains(steps=(1, 20)), st.data())
def test_the_correlogram_is_a_sum_of_products(spikes, data):
    steps = len(spikes)
    max_lag = data.draw(st.integers(0, steps - 1))
    ours = on_both(statistics.cross_correlogram, spikes, max_lag=max_lag)
    for i, x in enumerate(spikes.T):
        for j, y in enumerate(spikes.T):
            expected = plain.correlogram(x, y, max_lag)
            assert ours[:, i, j].tolist() == expected
    lags = np.abs(np.arange(-max_lag, max_lag + 1))[:, None, None]
    border = statistics.cross_correlogram(spikes, max_lag=max_lag, output="border")
    np.testing.assert_allclose(border, ours * steps / (steps - lags), rtol=1e-15)


@given(trains(steps=(1, 20)), st.data())
def test_the_coefficient_of_a_correlogram_at_lag_0_is_the_correlation(spikes, data):
    max_lag = data.draw(st.integers(0, len(spikes) - 1))
    ours = statistics.cross_correlogram(spikes, max_lag=max_lag, output="coefficient")
    np.testing.assert_allclose(ours[max_lag], statistics.correlation(spikes), **CLOSE)


@given(trains(), st.integers(1, 6), st.integers(0, 1))
def test_covariances_of_counts(spikes, bin_steps, ddof):
    counts = [plain.bins_of(train, bin_steps) for train in spikes.T.astype(int).tolist()]
    ours = on_both(statistics.covariance, spikes, bin_steps=bin_steps, ddof=ddof)
    expected = table(lambda x, y: plain.covariance(x, y, ddof), counts, counts)
    np.testing.assert_allclose(ours, expected, **CLOSE)


@given(trains(), st.integers(1, 6))
def test_correlations_of_counts(spikes, bin_steps):
    ours = on_both(statistics.correlation, spikes, bin_steps=bin_steps)
    counts = [plain.bins_of(train, bin_steps) for train in spikes.T.astype(int).tolist()]
    varies = np.array([len(set(train)) > 1 for train in counts], bool)
    known = np.logical_and.outer(varies, varies)
    assert np.array_equal(~np.isnan(ours), known)
    expected = table(plain.correlation, counts, counts)
    np.testing.assert_allclose(ours[known], expected[known], **CLOSE)
    assert (np.diagonal(ours)[varies] == 1).all()


# --- distances ----------------------------------------------------------------------------------


@given(trains(), st.sampled_from([0, 0.1, 0.5, 1, 3, 1e90]), DT)
def test_victor_purpura_is_the_least_cost(spikes, cost, dt):
    ours = on_both(statistics.victor_purpura, spikes, cost=cost / dt, dt=dt)
    times = columns(spikes)
    expected = table(lambda a, b: plain.victor_purpura(a, b, cost), times, times)
    np.testing.assert_allclose(ours, expected, **CLOSE)
    if cost in (0, 1, 3):
        np.testing.assert_array_equal(ours, expected)


@given(trains(), st.sampled_from([1e-90, 0.3, 2.0, 50.0, 1e90]), DT)
def test_van_rossum_is_the_integral_of_the_squared_difference(spikes, tau, dt):
    ours = on_both(statistics.van_rossum, spikes, tau=tau * dt, dt=dt)
    times = columns(spikes)
    expected = table(lambda a, b: plain.van_rossum_squared(a, b, tau), times, times)
    np.testing.assert_allclose(ours**2, expected, **SQUARES)


def test_van_rossum_over_gaps_longer_than_a_table():
    spikes = np.zeros((20_000, 4), np.uint8)
    spikes[[0, 1023, 1024, 5000, 19_999], 0] = 1
    spikes[[0, 1025, 2048, 19_000], 1] = 1
    spikes[[3, 4097], 2] = 1
    times = columns(spikes)
    for tau in (1.0, 20.0, 700.0, 3000.0, 1e6):
        ours = on_both(statistics.van_rossum, spikes, tau=tau)
        expected = table(partial(plain.van_rossum_squared, tau=tau), times, times)
        np.testing.assert_allclose(ours**2, expected, **SQUARES)


@given(trains(steps=(1, 30)))
@example(np.array([[1, 0], [0, 0], [0, 1]]))
def test_the_isi_distance_is_a_mean_over_moments(spikes):
    times, end = columns(spikes), float(len(spikes))
    ours = on_both(statistics.isi_distance, spikes)
    expected = table(lambda a, b: plain.isi_distance(a, b, end), times, times)
    np.testing.assert_allclose(ours, expected, **CLOSE)


@given(trains(steps=(1, 30)))
@example(np.array([[1, 0], [0, 0], [0, 1]]))
def test_the_spike_distance_is_a_mean_over_moments(spikes):
    times, end = columns(spikes), float(len(spikes))
    ours = on_both(statistics.spike_distance, spikes)
    expected = table(lambda a, b: plain.spike_distance(a, b, end), times, times)
    np.testing.assert_allclose(ours, expected, **CLOSE)


@pytest.mark.parametrize("name", ["isi_distance", "spike_distance"])
@given(trains(steps=(2, 30)), DT, st.data())
def test_profiles_are_averaged_over_a_window(name, spikes, dt, data):
    eighths = st.integers(0, 8 * len(spikes))
    low, high = sorted(data.draw(st.tuples(eighths, eighths).filter(lambda w: w[0] != w[1])))
    options = {"start": low / 8 * dt, "stop": high / 8 * dt, "dt": dt}
    ours = on_both(getattr(statistics, name), spikes, **options)
    times, end = columns(spikes), float(len(spikes))
    expected = table(lambda a, b: getattr(plain, name)(a, b, end, low / 8, high / 8), times, times)
    np.testing.assert_allclose(ours, expected, **CLOSE)


@given(trains(elements=ONES), st.sampled_from([None, 0.5, 1, 2.5, 1e90]), DT)
def test_synchronization_is_the_part_of_spikes_that_coincide(spikes, max_tau, dt):
    times, end = columns(spikes), float(len(spikes))
    bound = np.inf if max_tau is None else max_tau
    ours = on_both(statistics.spike_sync, spikes, max_tau=max_tau and max_tau * dt, dt=dt)
    expected = table(lambda a, b: plain.spike_sync(a, b, end, bound), times, times)
    np.testing.assert_array_equal(ours, expected)
