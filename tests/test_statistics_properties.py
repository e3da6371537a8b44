"""What must hold of statistics of any spike trains, and their answers at the edges."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from trains import COUNTS, ONES, on, on_both, trains

from spikecore import statistics

COSTS = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0])
TAUS = st.sampled_from([0.3, 2.0, 50.0])
MATRICES = {
    "correlation": statistics.correlation,
    "covariance": statistics.covariance,
    "cross_correlogram": lambda a, b=None: statistics.cross_correlogram(a, b, max_lag=0)[0],
    "isi_distance": statistics.isi_distance,
    "spike_distance": statistics.spike_distance,
    "spike_sync": statistics.spike_sync,
    "van_rossum": partial(statistics.van_rossum, tau=2.0),
    "victor_purpura": partial(statistics.victor_purpura, cost=0.5),
}
DISTANCES = ("isi_distance", "spike_distance", "van_rossum", "victor_purpura")
METRICS = {
    "isi_distance": statistics.isi_distance,
    "van_rossum": MATRICES["van_rossum"],
    "victor_purpura": MATRICES["victor_purpura"],
}
EACH = {name: getattr(statistics, name) for name in ("cv", "cv2", "lv", "lvr")}


# --- matrices -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MATRICES)
@given(trains())
def test_matrices_are_symmetric(name, spikes):
    matrix = MATRICES[name](spikes)
    assert_same_bits(matrix, np.ascontiguousarray(matrix.T))


@pytest.mark.parametrize("name", MATRICES)
@given(trains(), st.data())
def test_a_pair_by_itself_has_its_number_of_the_matrix(name, spikes, data):
    if not spikes.shape[1]:
        return
    i, j = data.draw(st.tuples(*[st.integers(0, spikes.shape[1] - 1)] * 2))
    pair = MATRICES[name](spikes[:, i], spikes[:, j])
    assert pair.shape == ()
    np.testing.assert_array_equal(pair, MATRICES[name](spikes)[i, j])


@pytest.mark.parametrize("name", MATRICES)
def test_features_of_spikes_come_before_those_of_targets(name):
    generator = np.random.default_rng(1)
    spikes, targets = (generator.random((40, *shape)) < 0.3 for shape in ((2, 3), (4,)))
    measure = MATRICES[name]
    matrix = measure(spikes, targets)
    assert matrix.shape == (2, 3, 4)
    for i, j, k in product(range(2), range(3), range(4)):
        np.testing.assert_array_equal(matrix[i, j, k], measure(spikes[:, i, j], targets[:, k]))
    assert measure(spikes).shape == (2, 3, 2, 3)


@pytest.mark.parametrize("name", DISTANCES)
@given(trains())
def test_equal_trains_have_a_distance_of_exactly_0(name, spikes):
    np.testing.assert_array_equal(np.diagonal(MATRICES[name](spikes)), 0)
    np.testing.assert_array_equal(np.diagonal(MATRICES[name](spikes, spikes.copy())), 0)


@given(trains())
def test_equal_trains_are_synchronous(spikes):
    for matrix in (statistics.spike_sync(spikes), statistics.spike_sync(spikes, spikes.copy())):
        np.testing.assert_array_equal(np.diagonal(matrix), 1)


@given(trains(elements=ONES))
def test_other_trains_have_a_distance(spikes):
    different = (spikes[:, :, None] != spikes[:, None, :]).any(axis=0)
    assert np.array_equal(MATRICES["victor_purpura"](spikes) > 0, different)
    assert np.array_equal(MATRICES["van_rossum"](spikes) > 0, different)


@pytest.mark.parametrize("name", METRICS)
@given(trains(features=st.integers(3, 4)))
def test_the_triangle_inequality(name, spikes):
    matrix = METRICS[name](spikes)
    around = matrix[:, :, None] + matrix[None, :, :]  # i to j to k
    assert (matrix[:, None, :] <= around + 1e-12).all()


@given(trains(elements=ONES))
def test_bounds(spikes):
    for name in ("isi_distance", "spike_distance", "spike_sync"):
        matrix = MATRICES[name](spikes)
        assert ((matrix >= 0) & (matrix <= 1)).all()
    counts = spikes.sum(axis=0, dtype=float)
    matrix = MATRICES["victor_purpura"](spikes)
    assert (matrix >= np.abs(counts[:, None] - counts)).all()
    assert (matrix <= counts[:, None] + counts).all()
    assert ((matrix * 2) % 1 == 0).all()  # whole numbers of half a spike


@given(trains())
def test_victor_purpura_is_a_count_at_the_ends_of_the_scale(spikes):
    counts = spikes.sum(axis=0, dtype=float)
    none = statistics.victor_purpura(spikes, cost=0)
    np.testing.assert_array_equal(none, np.abs(counts[:, None] - counts))
    much = statistics.victor_purpura(spikes, cost=1e80)
    both = np.minimum(spikes[:, :, None], spikes[:, None, :]).sum(axis=0, dtype=float)
    np.testing.assert_array_equal(much, counts[:, None] + counts - 2 * both)


@given(trains(), COSTS, COSTS)
def test_a_higher_cost_never_brings_trains_nearer(spikes, cost, more):
    low, high = (statistics.victor_purpura(spikes, cost=c) for c in sorted((cost, more)))
    assert (low <= high + 1e-12).all()


@given(trains(elements=ONES), st.sampled_from([0.5, 1, 3]), st.sampled_from([0, 1, 7]))
def test_a_larger_max_tau_never_removes_a_coincidence(spikes, max_tau, more):
    low, high = (statistics.spike_sync(spikes, max_tau=tau) for tau in (max_tau, max_tau + more))
    assert (low <= high).all() and (high <= statistics.spike_sync(spikes)).all()


# --- time ---------------------------------------------------------------------------------------

DTS = st.sampled_from([0.25, 2.0**-10, 8.0])  # powers of two, so that equality is exact


@given(trains(), DTS, TAUS, COSTS)
def test_times_in_another_unit_give_the_same(spikes, dt, tau, cost):
    options = ({"tau": tau}, {"tau": tau * dt, "dt": dt})
    assert_same_bits(*(statistics.van_rossum(spikes, **o) for o in options))
    options = ({"cost": cost}, {"cost": cost / dt, "dt": dt})
    assert_same_bits(*(statistics.victor_purpura(spikes, **o) for o in options))
    options = ({"max_tau": tau}, {"max_tau": tau * dt, "dt": dt})
    assert_same_bits(*(statistics.spike_sync(spikes, **o) for o in options))
    options = ({"refractory": tau}, {"refractory": tau * dt, "dt": dt})
    assert_same_bits(*(statistics.lvr(spikes, **o) for o in options))
    assert_same_bits(statistics.rate(spikes) / dt, statistics.rate(spikes, dt=dt))


@pytest.mark.parametrize("name", [*EACH, "isi_distance", "spike_distance", "spike_sync"])
@given(trains(elements=ONES), st.sampled_from([2, 4]))
def test_measures_without_a_scale_do_not_see_slower_trains(name, spikes, factor):
    slow = np.zeros((len(spikes) * factor, spikes.shape[1]), spikes.dtype)
    slow[::factor] = spikes
    measure = getattr(statistics, name)
    np.testing.assert_allclose(measure(slow), measure(spikes), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [*EACH, "van_rossum", "victor_purpura"])
@given(trains(), st.integers(0, 5))
def test_silence_before_and_after_does_not_matter(name, spikes, silent):
    longer = np.pad(spikes, ((silent, 2 * silent), (0, 0)))
    measure = {**EACH, **MATRICES}[name]
    assert_same_bits(measure(longer), measure(spikes))


def test_a_regular_train_has_no_variation_in_any_unit():
    spikes = np.zeros(1000)
    spikes[7::30] = 1
    for name in ("cv", "cv2", "lv", "lvr"):
        assert getattr(statistics, name)(spikes) == 0
    for dt in (0.1, 0.3, 1 / 3):
        assert len(set(statistics.isi(spikes, dt=dt)[0])) == 1


def test_a_poisson_train_has_a_variation_near_1():
    """30000 intervals: 0.02 is more than three standard deviations of each; the seed is fixed."""
    spikes = np.random.default_rng(0).random(3_000_000) < 0.01
    assert abs(statistics.cv(spikes) - 1) < 0.02
    assert abs(statistics.cv2(spikes) - 1) < 0.02
    assert abs(statistics.lv(spikes) - 1) < 0.02


@given(trains(), trains(features=st.just(1)))
def test_a_negative_lag_is_a_target_that_is_earlier(spikes, others):
    steps = min(len(spikes), len(others))
    x, y = spikes[:steps], others[:steps]
    forth = statistics.cross_correlogram(x, y, max_lag=max(0, steps - 1))
    back = statistics.cross_correlogram(y, x, max_lag=max(0, steps - 1))
    np.testing.assert_array_equal(forth, np.swapaxes(back[::-1], 1, 2))
    assert forth.sum() == (x.sum(axis=0, dtype=float) * y.sum(dtype=float)).sum()


# --- edges --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0,), (0, 3), (0, 2, 2), (5, 0), (0, 0), (1, 0, 2)])
def test_no_steps_and_no_trains(shape):
    spikes = np.zeros(shape, np.uint8)
    features, silent = shape[1:], np.zeros(shape[1:])
    for name in EACH:
        assert on_both(EACH[name], spikes).shape == features
    for name in DISTANCES:
        matrix = on_both(MATRICES[name], spikes)
        assert_same_bits(matrix, np.zeros(features + features))
    assert_same_bits(on_both(statistics.spike_sync, spikes), np.ones(features + features))
    assert [train.size for train in statistics.isi(spikes)] == [0] * silent.size
    assert statistics.rate(spikes).shape == features
    assert statistics.psth(spikes, 2).shape == (-(-shape[0] // 2),)
    assert np.isnan(statistics.fano(spikes))
    assert on_both(statistics.rate_kernel, spikes, 1.0).shape == shape
    assert statistics.cross_correlogram(spikes, max_lag=0).shape == (1, *features, *features)
    assert statistics.correlation(spikes).shape == features + features


def test_one_step():
    spikes = np.array([[0, 1, 2]])
    np.testing.assert_array_equal(statistics.rate(spikes), [0, 1, 2])
    np.testing.assert_array_equal(statistics.cv(spikes), [np.nan] * 3)  # 0/0 where both are at once
    np.testing.assert_array_equal(
        statistics.victor_purpura(spikes, cost=1), [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    )
    np.testing.assert_array_equal(
        statistics.van_rossum(spikes, tau=1), [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    )
    np.testing.assert_array_equal(statistics.spike_sync(spikes), [[1, 0, 0], [0, 1, 1], [0, 1, 1]])
    assert np.isnan(statistics.covariance(spikes)).all()


def test_one_spike_and_none():
    spikes = np.zeros((10, 2))
    spikes[4, 0] = 1
    assert statistics.victor_purpura(spikes, cost=0.5)[0, 1] == 1
    assert statistics.van_rossum(spikes, tau=3)[0, 1] == 1
    assert statistics.spike_sync(spikes)[0, 1] == 0
    # the only interval is 4 until the spike and 6 after it, beside one of 10
    assert statistics.isi_distance(spikes)[0, 1] == pytest.approx(0.4 * 0.6 + 0.6 * 0.4)
    np.testing.assert_array_equal(statistics.cv(spikes), [np.nan, np.nan])


def test_two_spikes_far_from_each_other_are_sqrt_2_apart():
    spikes = np.zeros((20_000, 2))
    spikes[0, 0] = spikes[-1, 1] = 1
    assert statistics.van_rossum(spikes, tau=1)[0, 1] == np.sqrt(2)


def test_one_interval_and_two():
    assert statistics.cv([1, 0, 1]) == 0
    assert np.isnan(statistics.cv2([1, 0, 1])) and np.isnan(statistics.lv([1, 0, 1]))
    assert statistics.cv2([1, 0, 1, 0, 1]) == statistics.lv([1, 0, 1, 0, 1]) == 0


@pytest.mark.parametrize("name", ["isi_distance", "spike_distance", "spike_sync"])
@given(trains(elements=COUNTS))
def test_several_spikes_of_a_step_are_one_where_only_their_time_matters(name, spikes):
    measure = getattr(statistics, name)
    assert_same_bits(measure(spikes), measure(spikes != 0))


# --- forms of spikes, and threads ---------------------------------------------------------------


@pytest.mark.parametrize("name", [*EACH, *MATRICES, "rate", "fano"])
def test_the_dtype_and_the_layout_of_spikes_do_not_matter(name):
    measure = {**EACH, **MATRICES}.get(name) or getattr(statistics, name)
    spikes = np.random.default_rng(3).random((60, 4)) < 0.3
    expected = measure(spikes)
    for form in (
        *(spikes.astype(dtype) for dtype in ("u1", "i8", "f2", "f4", ">f8", "i4", "u8")),
        np.asfortranarray(spikes),
        np.repeat(spikes, 2, axis=0)[::2],
        spikes[:, ::-1][:, ::-1],
        spikes.tolist(),
    ):
        assert_same_bits(measure(form), expected)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("name", MATRICES)
def test_any_number_of_threads_gives_the_same_bits(name, threads, monkeypatch):
    from spikecore.backends import threads as pool

    spikes = np.random.default_rng(2).random((400, 13)) < 0.1
    expected = MATRICES[name](spikes)
    monkeypatch.setattr(pool, "SMALL", 0)
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(threads))
    assert_same_bits(MATRICES[name](spikes), expected)


def test_a_gpu_as_the_default_device_leaves_statistics_on_the_host():
    with on("cuda"):
        assert statistics.victor_purpura([1, 0], [0, 1], cost=0.5) == 0.5
