"""Statistics and Events of Dask arrays: the bits of one call for any chunks."""

import dask
import dask.array as da
import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from test_lazy import cuts, untouched

from spikecore import Events, lazy, spikegen, statistics

GENERATOR = np.random.default_rng(8)
SPIKES = (GENERATOR.random((20, 2, 3)) < 0.3).astype(np.uint8)
COUNTS = GENERATOR.integers(0, 3, (20, 2, 3)).astype(np.float32)
TARGETS = (GENERATOR.random((20, 4)) < 0.3).astype(np.uint8)

OF_TRAINS = {
    "rate": lambda x: statistics.rate(x, dt=0.1, stop=1.5),
    "cv": lambda x: statistics.cv(x, ddof=1),
    "cv2": statistics.cv2,
    "lv": statistics.lv,
    "lvr": lambda x: statistics.lvr(x, refractory=0.1, dt=0.5),
    "rate_kernel": lambda x: statistics.rate_kernel(x, 2.0, bin_steps=3, border_correction=True),
    "fano": statistics.fano,
    "fano of an axis": lambda x: statistics.fano(x, axis=-1, ddof=1),
    "psth": lambda x: statistics.psth(x, 3),
    "psth of an axis": lambda x: statistics.psth(x, 3, output="mean", axis=1),
    "psth, rates": lambda x: statistics.psth(x, 7, output="rate", axis=(1, 2), dt=0.1),
}
OF_PAIRS = {
    "correlogram": lambda x, y: statistics.cross_correlogram(x, y, max_lag=4, output="border"),
    "covariance": lambda x, y: statistics.covariance(x, y, bin_steps=3, ddof=1),
    "correlation": lambda x, y: statistics.correlation(x, y, bin_steps=2),
    "victor_purpura": lambda x, y: statistics.victor_purpura(x, y, cost=0.3),
    "van_rossum": lambda x, y: statistics.van_rossum(x, y, tau=3.0),
    "isi_distance": lambda x, y: statistics.isi_distance(x, y, start=2),
    "spike_distance": statistics.spike_distance,
    "spike_sync": lambda x, y: statistics.spike_sync(x, y, max_tau=2.0),
}


def assert_equal(found, expected):
    """A Dask array whose shape and dtype are known, and its bits."""
    assert isinstance(found, da.Array)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert_same_bits(found.compute(scheduler="sync"), expected)


@pytest.mark.parametrize("name", OF_TRAINS)
@settings(max_examples=6)
@given(chunks=cuts(SPIKES.shape))
def test_measures_of_trains_for_any_chunks(name, chunks):
    measure = OF_TRAINS[name]
    assert_equal(measure(da.from_array(COUNTS, chunks)), measure(COUNTS))


@pytest.mark.parametrize("name", OF_PAIRS)
@settings(max_examples=6)
@given(chunks=cuts(SPIKES.shape), of_targets=cuts(TARGETS.shape))
def test_measures_of_pairs_for_any_chunks(name, chunks, of_targets):
    measure = OF_PAIRS[name]
    spikes, targets = da.from_array(SPIKES, chunks), da.from_array(TARGETS, of_targets)
    assert_equal(measure(spikes, None), measure(SPIKES, None))
    assert_equal(measure(spikes, targets), measure(SPIKES, TARGETS))


def test_one_of_the_two_may_be_an_array():
    expected = statistics.van_rossum(SPIKES, TARGETS, tau=3.0)
    assert_equal(statistics.van_rossum(da.from_array(SPIKES, 2), TARGETS, tau=3.0), expected)
    assert_equal(statistics.van_rossum(SPIKES, da.from_array(TARGETS, 2), tau=3.0), expected)


def test_a_train_by_itself():
    train = SPIKES[:, 0, 0]
    assert_equal(statistics.rate(da.from_array(train, 6)), statistics.rate(train))
    expected = statistics.spike_sync(train, TARGETS)
    assert_equal(statistics.spike_sync(da.from_array(train, 6), TARGETS), expected)


def test_nothing_is_computed_before_it_is_asked_for():
    for measure in OF_TRAINS.values():
        measure(untouched(SPIKES))
    for measure in OF_PAIRS.values():
        measure(untouched(SPIKES), untouched(TARGETS))
    lazy.join_events(lazy.event_parts(untouched(SPIKES)))


def test_equal_calls_share_their_results():
    def names():
        spikes = da.from_array(SPIKES, 2)
        yield from (measure(spikes).name for measure in OF_TRAINS.values())
        yield from (measure(spikes, None).name for measure in OF_PAIRS.values())
        yield lazy.join_events(lazy.event_parts(spikes)).key

    assert list(names()) == list(names())


def test_a_symmetric_measure_is_computed_once_for_each_pair_of_chunks():
    spikes = da.from_array(TARGETS, (-1, 1))
    graph = statistics.van_rossum(spikes, tau=2.0).__dask_graph__()
    assert sum("_measured" in str(key) for key in graph) == 4 * 5 // 2


@pytest.mark.parametrize(
    "measure", [statistics.rate, statistics.fano, lambda x: statistics.van_rossum(x, tau=2.0)]
)
def test_bad_spikes_are_named_by_their_index_in_the_whole(measure):
    bad = COUNTS.copy()
    bad[17, 1, 2] = 0.5
    with pytest.raises(ValueError, match=r"but spikes\[17, 1, 2\] is 0.5"):
        measure(da.from_array(bad, (5, 1, 2))).compute(scheduler="sync")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (statistics.isi, TypeError, "spikes must be no Dask array for a list of arrays"),
        (lambda x: statistics.rate(x, stop=99), ValueError, "start and stop must rise"),
        (lambda x: statistics.fano(x, axis=3), ValueError, "axis must name axes of the spikes"),
        (lambda x: statistics.psth(x, 0), ValueError, "bin_steps must be from 1"),
        (lambda x: statistics.van_rossum(x, tau=0), ValueError, "tau must lie in"),
        (lambda x: statistics.spike_sync(x, TARGETS[:9]), ValueError, "targets must have as many"),
        (lambda x: statistics.spike_sync(x[0, 0, 0]), ValueError, "spikes must have a time axis"),
        (lambda x: lazy.event_parts(x[0, 0, 0]), ValueError, "spikes must have a time axis"),
        (lambda x: lazy.event_parts(SPIKES), TypeError, "spikes must be a Dask array"),
        (lambda x: lazy.join_events([]), ValueError, "parts must hold at least one"),
    ],
)
def test_wrong_arguments_are_refused_when_the_graph_is_made(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call(da.from_array(SPIKES, 2))


# --- events -------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(chunks=cuts(COUNTS.shape))
def test_events_of_chunks_join_to_those_of_the_whole(chunks):
    parts = lazy.event_parts(da.from_array(COUNTS, chunks))
    whole = Events.from_dense(COUNTS)
    found = dask.compute(*parts, scheduler="sync")
    assert {part.dense_shape for part in found} == {whole.dense_shape}
    assert sum(map(len, found)) == len(whole)
    assert lazy.join_events(parts).compute(scheduler="sync") == whole


@settings(max_examples=5)
@given(data=st.data())
def test_sparse_spikes_of_a_dask_array_are_the_events_of_one_call(data):
    values = np.linspace(0, 1, 30, dtype=np.float32).reshape(5, 6)
    chunks = data.draw(cuts(values.shape))
    found = spikegen.rate(da.from_array(values, chunks), 9, seed=1, sparse=True)
    assert found.compute(scheduler="sync") == spikegen.rate(values, 9, seed=1, sparse=True)
    signal = da.from_array(COUNTS, data.draw(cuts(COUNTS.shape)))
    found = spikegen.step_forward(signal, 0.5, sparse=True)
    assert found.compute(scheduler="sync") == spikegen.step_forward(COUNTS, 0.5, sparse=True)


def test_parts_of_several_shapes_do_not_join():
    parts = [Events([0], [0], 2, 2), Events([0], [0], 3, 2)]
    with pytest.raises(ValueError, match=r"^parts\[1\] must have the shape \(2, 2\)"):
        lazy.join_events(parts).compute(scheduler="sync")
    with pytest.raises(TypeError, match=r"^parts\[0\] must be Events"):
        lazy.join_events([3]).compute(scheduler="sync")
