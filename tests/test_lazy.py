"""Dask arrays: the bits of one call for any chunks, schedulers and processes."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import dask
import dask.array as da
import distributed
import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecore import (
    LIF,
    Alpha,
    Leaky,
    Linear,
    RLeaky,
    Sequential,
    Synaptic,
    decode,
    spikegen,
    statistics,
)

DOCS = Path(__file__).resolve().parent.parent / "docs"
GENERATOR = np.random.default_rng(3)
VALUES = GENERATOR.random((4, 3, 5)).astype(np.float32)
SIGNALS = GENERATOR.normal(0, 0.4, (9, 3, 4)).cumsum(axis=0).astype(np.float32)
CURRENTS = (1.5 * GENERATOR.random((9, 3, 4))).astype(np.float32)
SPIKES = (GENERATOR.random((9, 4, 5)) < 0.4).astype(np.uint8)
LOWEST = SIGNALS.min(axis=0)
PER_FEATURE = GENERATOR.random((3, 4)).astype(np.float32)

OF_VALUES = {
    "rate": lambda x: spikegen.rate(x, 7, seed=3),
    "rate from an element on": lambda x: spikegen.rate(x, 7, seed=3, first_element=2**33),
    "rate of registers": lambda x: spikegen.rate(x, 7, seed=3, generator="lfsr16"),
    "latency": lambda x: spikegen.latency(x, 7, bypass=True, tau=3),
    "latency, normalised": lambda x: spikegen.latency(x, 7, normalize=True),
    "latency, by samples": lambda x: spikegen.latency(x, 7, normalize="sample"),
    "latency, linear": lambda x: spikegen.latency(x, 7, normalize=True, linear=True),
    "latency, decay": lambda x: spikegen.latency(x, 7, 1, 3, law="decay"),
    "phase": lambda x: spikegen.phase(x, 4),
    "burst": lambda x: spikegen.burst(x, 20),
    "current": lambda x: spikegen.current(3 * x, 9),
    "poisson": lambda x: spikegen.poisson(x / 4, 9, refractory=3, seed=1),
    "population": lambda x: spikegen.population(x, 5, 0, 1, num_steps=9),
    "activities": lambda x: spikegen.population(x, 5, 0, 1, output="activity"),
    "rank order": lambda x: spikegen.rank_order(x, 5),
    "lines": lambda x: spikegen.latency_interpolate(7 * x, 9),
}
OF_SIGNALS = {
    "rate": lambda x: spikegen.rate(x, time_var_input=True, seed=2),
    "rate after silence": lambda x: spikegen.rate(
        x, time_var_input=True, first_spike_time=2, seed=2
    ),
    "rate_conv": lambda x: spikegen.rate_conv(x, seed=2),
    "delta": lambda x: spikegen.delta(x, 0.3, off_spike=True),
    "step_forward": lambda x: spikegen.step_forward(x, 0.3),
    "thresholds of features": lambda x: spikegen.step_forward(x, PER_FEATURE),
    "two channels": lambda x: spikegen.step_forward(x, 0.3, channels="up_down"),
    "send_on_delta": lambda x: spikegen.send_on_delta(x, 0.3, refractory=1),
    "sigma_delta": lambda x: spikegen.sigma_delta(x, 0.3),
    "moving_window": lambda x: spikegen.moving_window(x, 0.3, 3),
    "temporal_contrast": lambda x: spikegen.temporal_contrast(
        x, factor=0.5, statistic="absolute"
    ),
    "bsa": lambda x: spikegen.bsa(x, [0.2, 0.5, 0.3], 0.1, shift=LOWEST),
    "level_crossing": lambda x: spikegen.level_crossing(x, 0.25),
    "pulse_width": lambda x: spikegen.pulse_width(x, 3, low=-3, high=3),
    "decoded rate": lambda x: decode.rate(x > 0),
    "staircase": lambda x: decode.staircase(x > 0, 0.3, PER_FEATURE),
    "accumulate": lambda x: decode.accumulate(x),
    "refractory steps": lambda x: spikegen.step_forward(x, 0.2, refractory=3),
    "an initial value": lambda x: spikegen.send_on_delta(x, 0.3, initial=PER_FEATURE, multi=True),
    "padding": lambda x: spikegen.delta(x, 0.3, padding=True),
    "a residual": lambda x: spikegen.sigma_delta(x, 0.3, feedback="residual", step=0.1),
    "an error": lambda x: spikegen.sigma_delta(x, PER_FEATURE, cum_error=True, initial=None),
    "a window ahead": lambda x: spikegen.moving_window(x, 0.3, 3, first="window"),
    "contrast": lambda x: spikegen.temporal_contrast(x, 0.3, channels="up_down"),
    "draws from a step on": lambda x: spikegen.rate_conv(x, seed=2, first_step=3),
    "convolve": lambda x: decode.convolve(x > 0, [0.2, 0.5, 0.3]),
}  # fmt: skip


@st.composite
def cuts(draw, shape):
    """Chunks of a shape, of any lengths."""
    chunks = []
    for length in shape:
        places = draw(st.sets(st.integers(1, length - 1))) if length > 1 else ()
        chunks.append(tuple(np.diff([0, *sorted(places), length]).tolist()))
    return tuple(chunks)


def assert_equal(*pairs):
    """Dask arrays that are not computed yet, of known shapes and dtypes, and their bits."""
    for lazy, expected in pairs:
        assert isinstance(lazy, da.Array)
        assert (lazy.shape, lazy.dtype) == (expected.shape, expected.dtype)
    found = dask.compute(*(lazy for lazy, _ in pairs), scheduler="sync")
    for computed, (_, expected) in zip(found, pairs, strict=True):
        assert_same_bits(computed, expected)


@pytest.mark.parametrize("name", OF_VALUES)
@settings(max_examples=15)
@given(chunks=cuts(VALUES.shape))
def test_codes_of_values_for_any_chunks(name, chunks):
    encode = OF_VALUES[name]
    assert_equal((encode(da.from_array(VALUES, chunks)), encode(VALUES)))


@pytest.mark.parametrize("name", OF_SIGNALS)
@settings(max_examples=15)
@given(chunks=cuts(SIGNALS.shape))
def test_codes_of_signals_for_any_chunks(name, chunks):
    encode = OF_SIGNALS[name]
    assert_equal((encode(da.from_array(SIGNALS, chunks)), encode(SIGNALS)))


@pytest.mark.parametrize("name", OF_SIGNALS)
def test_a_signal_without_features(name):
    if name in (
        "thresholds of features",
        "bsa",
        "staircase",
        "an initial value",
        "an error",
    ):  # they have an array for each
        return
    encode, signal = OF_SIGNALS[name], SIGNALS[:, 0, 0]
    assert_equal((encode(da.from_array(signal, 4)), encode(signal)))


def test_one_row_is_ranked_whole():
    row = VALUES[0, 0]
    lazy = da.from_array(row, 2)
    assert_equal((spikegen.rank_order(lazy), spikegen.rank_order(row)))
    how = {"num_steps": 5, "normalize": "sample"}
    assert_equal((spikegen.latency(lazy, **how), spikegen.latency(row, **how)))


NEURONS = {
    "LIF": LIF(0.9),
    "a decay for each": LIF(np.linspace(0.1, 0.9, 4)),
    "inhibition": LIF(0.9, inhibition=True),
    "delay": LIF(0.9, input_delay=3),
    "refractory": LIF(0.9, refractory=2),
    "Leaky": Leaky(0.9),
    "Synaptic": Synaptic(0.9, 0.8),
    "Alpha": Alpha(0.9, 0.8),
    "own spikes": RLeaky(0.9, V=0.3, all_to_all=False),
    "all to all": RLeaky(0.9, recurrent=Linear.draw(4, 4, seed=1)),
}


@pytest.mark.parametrize("name", NEURONS)
@settings(max_examples=6)  # of up to 400 tasks each
@given(chunks=cuts(CURRENTS.shape))
def test_neurons_for_any_chunks_go_on_where_they_stopped(name, chunks):
    neuron, currents = NEURONS[name], da.from_array(CURRENTS, chunks)
    found, expected = neuron.run(currents), neuron.run(CURRENTS)
    more, expected_more = neuron.run(currents, *found.final), neuron.run(CURRENTS, *expected.final)
    assert_equal(
        (found.spikes, expected.spikes),
        (found.recorded["membrane"], expected.recorded["membrane"]),
        *zip(found.final, expected.final, strict=True),
        (more.spikes, expected_more.spikes),
    )


def network():
    return Sequential(
        Linear.draw(5, 8, seed=0), Leaky(0.9), Linear.draw(8, 3, seed=1), LIF(0.8, refractory=1)
    )


@settings(max_examples=6)
@given(chunks=cuts(SPIKES.shape))
def test_networks_for_any_chunks_go_on_where_they_stopped(chunks):
    def pairs(found, expected):
        for layer, right in expected.items():
            yield found[layer].spikes, right.spikes
            yield found[layer].counts, right.counts
            yield found[layer].recorded["membrane"], right.recorded["membrane"]
            yield found[layer].final[0], right.final[0]

    def run(spikes, **how):
        return network().run(spikes, exact=True, **how)

    spikes = da.from_array(SPIKES, chunks)
    found, expected = run(spikes), run(SPIKES)
    after, right = ({layer: part.final for layer, part in whole.items()}
                    for whole in (found, expected))  # fmt: skip
    more, expected_more = run(spikes, state=after), run(SPIKES, state=right)
    assert_equal(*pairs(found, expected), *pairs(more, expected_more))


# --- what is known when the graph is made -------------------------------------------------------


def never(block):
    raise AssertionError("computed")


def untouched(values):
    """A Dask array that must not be computed."""
    return da.from_array(values, 2).map_blocks(never, dtype=values.dtype, meta=values[:0])


def test_nothing_is_computed_before_it_is_asked_for():
    for encode in OF_VALUES.values():
        encode(untouched(VALUES))
    for encode in OF_SIGNALS.values():
        encode(untouched(SIGNALS))
    lazy = LIF(0.9).run(untouched(CURRENTS)).spikes
    network().run(untouched(SPIKES))
    with pytest.raises(AssertionError, match="computed"):
        lazy.compute(scheduler="sync")


def test_equal_calls_share_their_results():
    def names():
        data = da.from_array(VALUES, 2)
        yield from (encode(data).name for encode in OF_VALUES.values())
        signals = da.from_array(SIGNALS, 2)
        yield from (encode(signals).name for encode in OF_SIGNALS.values())
        yield LIF(0.9).run(da.from_array(CURRENTS, 2)).spikes.name
        yield network().run(da.from_array(SPIKES, 2))["leaky1"].spikes.name

    before = list(names())
    network().run(SPIKES)
    assert list(names()) == before
    assert len(set(before)) == len(before)


def test_a_seed_is_drawn_once_for_all_chunks():
    lazy = spikegen.rate(da.from_array(VALUES, 2), 5)
    assert_same_bits(lazy.compute(scheduler="sync"), lazy.rechunk(1).compute(scheduler="sync"))
    assert spikegen.rate(da.from_array(VALUES, 2), 5).name != lazy.name


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: spikegen.rate(x, -1), ValueError, "num_steps must be from 1"),
        (lambda x: spikegen.rate(x), ValueError, "num_steps must be given"),
        (lambda x: spikegen.rate(x, 3, out=np.zeros(3)), TypeError, "out must be None for a Dask"),
        (lambda x: spikegen.rate(x, 3, uniforms=x), TypeError, "uniforms must be None for a Dask"),
        (lambda x: spikegen.rate(x, 3, sparse=1), TypeError, "sparse must be True or False"),
        (
            lambda x: spikegen.latency(x, 3, off_target=1, normalize=True, sparse=True),
            ValueError,
            "off_target must be 0 with sparse=True",
        ),
        (lambda x: spikegen.delta(x, -1), ValueError, "threshold must lie in"),
        (lambda x: spikegen.delta(x[0, 0, 0]), ValueError, r"data must have a time axis"),
        (lambda x: spikegen.delta(x[x[:, 0, 0] > 0]), ValueError, "data must have a known shape"),
        (lambda x: spikegen.step_forward(x, [1, 2]), ValueError, "threshold must have"),
        (lambda x: decode.phase(x, 4, interval=True), ValueError, "the result must be one array"),
        (lambda x: LIF(0.9).run(x, record=["charge"]), ValueError, "record"),
        (lambda x: LIF(0.9).run(x, np.zeros(2)), ValueError, "membrane must have the shape"),
        (lambda x: LIF(0.9).run(x[0, 0, 0]), ValueError, "current must have a time axis"),
        (lambda x: network().run(x[0, 0]), ValueError, "spikes must have a time axis"),
        (lambda x: network().run(x[:, :, :2]), ValueError, "spikes"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_when_the_graph_is_made(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call(da.from_array(VALUES, (2, 2, 3)))


@pytest.mark.parametrize(
    "encode",
    [
        lambda x: spikegen.rate(x, 3),
        lambda x: spikegen.rate(x, time_var_input=True),
        lambda x: spikegen.latency(x, 9, linear=True),
        lambda x: spikegen.latency(x, 9, normalize=True),
        lambda x: spikegen.delta(x),
        lambda x: spikegen.sigma_delta(x, 1),
        lambda x: spikegen.bsa(x, [1], 1),
    ],
)
def test_bad_data_are_named_by_their_index_in_the_whole(encode):
    data = VALUES.copy()
    data[3, 2, 4] = np.nan
    with pytest.raises(ValueError, match=r"but data\[3, 2, 4\] is nan"):
        encode(da.from_array(data, (2, 2, 3))).compute(scheduler="sync")


def test_a_register_is_drawn_once_for_all_chunks():
    def encode(values):
        return spikegen.rate(values, 5, generator="lfsr8", shared=True)

    lazy = encode(da.full(40, 0.5, chunks=20))
    first, second = np.split(lazy.compute(scheduler="sync"), 2, axis=1)
    assert_same_bits(first, second)
    assert encode(da.full(40, 0.5, chunks=20)).name != lazy.name


def test_more_elements_than_2_to_the_31_keep_their_draws():
    far = 2**31 + 5
    lazy = spikegen.rate(da.full((far + 9,), np.float32(0.5), chunks=2**20), 4, seed=1)
    part = spikegen.rate(np.full(9, 0.5, np.float32), 4, seed=1, first_element=far)
    assert lazy.shape == (4, far + 9)
    assert_same_bits(lazy[:, far:].compute(scheduler="sync"), part)


def test_the_picture_of_the_task_graph_shows_the_graph():
    spec = importlib.util.spec_from_file_location("task_graph", DOCS / "task_graph.py")
    picture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(picture)
    found = picture.tasks()
    kinds = Counter(kind for kind, _ in found.values())
    assert kinds == {"data": 6, "step_forward": 6, "LIF.run": 6}
    assert sum(len(sources) for _, sources in found.values()) == 6 + 6 + 2 * 4
    assert len({(found[key][0], place) for key, place in picture.placed(found).items()}) == 18
    (ax,) = picture.draw().axes
    assert sum(text.get_text().strip() == "LIF.run" for text in ax.texts) == 6
    assert (DOCS / "guides" / "task-graph.png").stat().st_size < 150_000


# --- processes ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    with (
        dask.config.set({"distributed.worker.daemon": True}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
        ) as local,
        distributed.Client(local) as client,
    ):
        yield client


def large():
    """Spikes, membranes, counts and distances, of more chunks than there are workers."""
    values = da.from_array(np.tile(VALUES, (6, 5, 4)), (7, 4, 9))
    spikes = spikegen.rate(values, 20, seed=1)
    run = LIF(0.9).run(spikes.astype(np.float32))
    ends = network().run(spikes[..., :5].astype(np.uint8), exact=True)
    signal = da.from_array(np.tile(SIGNALS, (5, 2, 1)), (7, 3, 2))
    coded = spikegen.step_forward(signal, 0.2, refractory=2)
    windows = spikegen.moving_window(signal, 0.2, 9)
    distances = statistics.van_rossum(abs(coded), tau=2.0)
    return spikes, run.recorded["membrane"], ends["lif1"].counts, coded, windows, distances


def test_processes_give_the_bits_of_one_call(cluster):
    expected = dask.compute(*large(), scheduler="sync")
    for threads in ("1", "3"):
        cluster.run(os.environ.__setitem__, "SPIKECORE_NUM_THREADS", threads)
        for found, right in zip(dask.compute(*large()), expected, strict=True):
            assert_same_bits(found, right)


def test_what_a_killed_worker_had_is_computed_again(cluster):
    expected = dask.compute(*large(), scheduler="sync")
    held = dask.persist(*large())
    distributed.wait(held)
    pid = next(iter(cluster.run(os.getpid).values()))
    os.kill(pid, signal.SIGKILL)
    for found, right in zip(dask.compute(*held), expected, strict=True):
        assert_same_bits(found, right)


def test_arrays_do_not_import_dask():
    code = (
        "import sys, numpy as np; from spikecore import spikegen, LIF\n"
        "spikegen.rate(np.ones(3), 2); LIF(0.9).run(np.ones((2, 3)))\n"
        "assert not any(name.partition('.')[0] == 'dask' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
