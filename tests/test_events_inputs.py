"""Functions that take Events in place of dense spikes: the same results, bit by bit."""

import inspect

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure
from trains import on

from spikecore import LIF, Events, Leaky, Linear, Sequential, decode, memory, spikeplot, statistics
from spikecore.backends import sparse

DEVICES = ["cpu", "numpy"]
VALUES = {
    "bool": st.sampled_from([False, False, True]),
    "int8": st.sampled_from([0, 0, 0, 1, -3]),
    "uint8": st.sampled_from([0, 0, 0, 1, 200]),
    "float32": st.sampled_from([0.0, 0.0, 1.0, 0.3, -1.7]),
    "float64": st.sampled_from([0.0, 0.0, 1.0, 0.1]),
}
FEATURES = 5


def dense_spikes(least=1, most=3):
    shapes = hnp.array_shapes(min_dims=least, max_dims=most, min_side=0, max_side=6)
    return st.tuples(st.sampled_from(list(VALUES)), shapes).flatmap(
        lambda drawn: hnp.arrays(drawn[0], (*drawn[1], FEATURES), elements=VALUES[drawn[0]])
    )


def layer(outputs, inputs=FEATURES, dtype=np.float32, seed=1):
    generator = np.random.default_rng(seed)
    return Linear(generator.normal(size=(outputs, inputs)).astype(dtype), np.arange(outputs) * 0.1)


# --- layers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(dense_spikes())
def test_currents_of_events_are_those_of_the_dense_array(device, dtype, spikes):
    linear = layer(3, dtype=dtype)
    found = linear(Events.from_dense(spikes), device=device)
    assert_same_bits(found, linear(spikes, exact=True, device=device))


@pytest.mark.parametrize("threads", ["1", "3"])
def test_many_rows_and_outputs_have_the_same_bits_on_threads(threads, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", threads)
    generator = np.random.default_rng(0)
    spikes = generator.random((20, 10, 300)) < 0.1
    linear = layer(2500, 300)
    assert_same_bits(linear(Events.from_dense(spikes), device="cpu"), linear(spikes, exact=True))


def test_no_zero_is_looked_at(monkeypatch):
    seen = []
    run = sparse.product

    def watched(starts, inputs, values, weights, bias, out):
        seen.append(inputs.size)
        run(starts, inputs, values, weights, bias, out)

    monkeypatch.setattr(sparse, "product", watched)
    monkeypatch.setattr(Events, "to_dense", None)
    layer(3)(Events([1, 4], [0, 7], (2, FEATURES), 6), device="cpu")
    assert seen == [2]


def test_currents_are_written_into_out():
    events, linear = Events([1], [0], FEATURES, 3), layer(2)
    out = np.empty((3, 2), np.float32)
    assert linear(events, out=out) is out
    assert_same_bits(out, linear(events))


NETS = {
    "linear first": lambda: [layer(7), Leaky(0.9), layer(2, 7, seed=2), Leaky(0.8)],
    "neuron first": lambda: [LIF(decay=0.5), layer(4), Leaky(0.9)],
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("steps_per_chunk", [None, 1, 7])
@pytest.mark.parametrize("net", NETS)
def test_a_network_runs_events_as_the_dense_array(net, steps_per_chunk, device):
    generator = np.random.default_rng(4)
    spikes = (generator.random((30, 6, FEATURES)) < 0.3).astype(np.float32)
    options = {"exact": True, "device": device, "record": ("spikes", "membrane")}
    network = Sequential(*NETS[net]())
    dense = network.run(spikes, **options)
    table = Events.from_dense(spikes)
    assert network.run(table, steps_per_chunk=steps_per_chunk, **options) == dense


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        (Events([], [], 4, 3), r"^spikes must have 5 (inputs on their last axis|features for lin)"),
        (Events([0], [0], FEATURES, 3, 2), r"^spikes must be bool, int8, uint8, float32 or float6"),
        (Events([0], [0], FEATURES, 3, 1e300), r"^spikes must be finite"),
    ],
)  # fmt: skip
def test_events_that_do_not_fit_are_refused_as_dense_arrays(events, sentence):
    for call in (layer(2), Sequential(layer(2), Leaky(0.9)).run):
        with pytest.raises((ValueError, TypeError), match=sentence):
            call(events)
        with pytest.raises((ValueError, TypeError), match=sentence):
            call(events.to_dense())


# --- statistics ---------------------------------------------------------------------------------

OPTIONS = {
    "cross_correlogram": {"max_lag": 3},
    "van_rossum": {"tau": 2.0},
    "victor_purpura": {"cost": 0.5},
}


def measures():
    for name in statistics.__all__:
        function = getattr(statistics, name)
        if inspect.isfunction(function) and "spikes" in inspect.signature(function).parameters:
            yield name


def call_measure(name, spikes, **options):
    function = getattr(statistics, name)
    parameters = inspect.signature(function).parameters
    given = {**OPTIONS.get(name, {}), **options}
    needed = {
        key: value
        for key, value in {"sigma": 2.0, "bin_steps": 2}.items()
        if key in parameters and parameters[key].default is inspect.Parameter.empty
    }
    return function(spikes, **{**needed, **{k: v for k, v in given.items() if k in parameters}})


def test_every_measure_is_tried():
    assert len(list(measures())) >= 14


@pytest.mark.parametrize("name", sorted(measures()))
def test_measures_of_events_are_those_of_the_dense_array(name):
    generator = np.random.default_rng(2)
    spikes = generator.choice([0, 0, 0, 1, 2], (40, 3)).astype(np.uint8)
    spikes[:, 2] = 0
    for device in DEVICES:
        with on(device):
            dense = call_measure(name, spikes)
            found = call_measure(name, Events.from_dense(spikes))
            np.testing.assert_equal(found, dense)


def test_dt_is_that_of_the_events_where_none_is_given():
    spikes = np.random.default_rng(0).random((50, 2)) < 0.3
    events = Events.from_dense(spikes, dt=0.001)
    np.testing.assert_array_equal(statistics.rate(events), statistics.rate(spikes, dt=0.001))
    np.testing.assert_array_equal(statistics.rate(events, dt=1), statistics.rate(spikes))


def test_numbers_that_count_nothing_are_refused():
    with pytest.raises(
        ValueError, match=r"^spikes must hold numbers of spikes, .* spikes\[1, 2\] is"
    ):
        statistics.rate(Events([1], [2], 4, 3, -1))


def test_a_long_recording_is_measured_in_little_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1 << 24)
    events = Events([5, 10**9], [0, 1], 2, 2 * 10**9, dt=1e-6)
    np.testing.assert_allclose(statistics.rate(events), 1 / 2000)


# --- decoders -----------------------------------------------------------------------------------

DECODERS = {
    "rate": {},
    "latency": {"threshold": 0.1, "tau": 3.0},
    "staircase": {"threshold": 0.5},
    "accumulate": {},
    "phase": {"num_bits": 8},
    "current": {"decay": 0.8},
    "rank_order": {"modulation": 0.9},
    "burst": {"max_spikes": 8},
}


@pytest.mark.parametrize("name", DECODERS)
def test_decoded_events_are_the_decoded_dense_array(name):
    spikes = np.random.default_rng(6).choice([0, 0, 0, 1], (8, 3)).astype(np.int8)
    function, options = getattr(decode, name), DECODERS[name]
    assert_same_bits(function(Events.from_dense(spikes), **options), function(spikes, **options))


@pytest.mark.parametrize("name", ["rate", "latency", "current", "rank_order"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_a_decoder_of_single_numbers_makes_no_dense_array(name, shape, monkeypatch):
    spikes = np.random.default_rng(8).choice([0, 0, 2], (5, *shape)).astype(np.int8)
    function, options = getattr(decode, name), DECODERS[name]
    expected, events = function(spikes, **options), Events.from_dense(spikes)
    monkeypatch.setattr(Events, "to_dense", lambda *_: pytest.fail("made dense"))
    assert_same_bits(function(events, **options), expected)


def test_a_long_recording_is_decoded_in_little_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1 << 24)
    events = Events([5, 7, 10**9], [0, 0, 1], 3, 2 * 10**9)
    np.testing.assert_array_equal(decode.rate(events), [1e-9, 5e-10, 0])
    found = decode.latency(events, linear=True, tau=2e9)
    np.testing.assert_array_equal(found, [1 - 5 / 2e9, 0.5, 0])


def test_a_rate_needs_a_step_of_events_too():
    with pytest.raises(
        ValueError, match=r"^spikes must have at least 1 time steps, got shape \(0, 2\)"
    ):
        decode.rate(Events([], [], 2, 0))


def test_samples_are_held_where_events_are():
    spikes, signal = np.eye(8, 3) > 0, np.random.default_rng(7).random((8, 3))
    assert_same_bits(decode.hold(signal, Events.from_dense(spikes)), decode.hold(signal, spikes))


# --- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(30, 8), (30, 2, 4), (30,)])
@pytest.mark.parametrize("signs", [[0, 1], [0, 0, 1, -1]])
@pytest.mark.parametrize("density", [False, True])
def test_a_raster_of_events_is_that_of_the_dense_array(shape, signs, density):
    spikes = np.random.default_rng(3).choice(signs, shape).astype(np.int8)
    drawn = [
        spikeplot.raster(data, Figure().subplots(), density=density)
        for data in (spikes, Events.from_dense(spikes))
    ]
    if density:
        assert_same_bits(*(image.get_array().data for image in drawn))
    else:
        assert_same_bits(*(dashes.get_offsets().data for dashes in drawn))
        np.testing.assert_array_equal(*(dashes.get_facecolor() for dashes in drawn))
    assert drawn[0].axes.get_xlim() == drawn[1].axes.get_xlim()
    assert drawn[0].axes.get_ylim() == drawn[1].axes.get_ylim()


def test_a_long_recording_is_drawn_in_little_memory(monkeypatch):
    events = Events([5, 10**8], [0, 2000], 2312, 10**8 + 1)
    monkeypatch.setattr(Events, "to_dense", None)
    dashes = spikeplot.raster(events, Figure().subplots(), density=False)
    assert dashes.get_offsets().data.tolist() == [[5, 0], [10**8, 2000]]


@pytest.mark.parametrize("bin_steps", [1, 4])
def test_a_psth_of_events_is_that_of_the_dense_array(bin_steps):
    spikes = np.random.default_rng(5).choice([0, 1, -2], (30, 2, 3))
    drawn = [
        spikeplot.psth(data, Figure().subplots(), bin_steps=bin_steps).get_data()
        for data in (spikes, Events.from_dense(spikes))
    ]
    np.testing.assert_array_equal(drawn[0].values, drawn[1].values)
    np.testing.assert_array_equal(drawn[0].edges, drawn[1].edges)


def test_an_animation_of_events_is_that_of_the_dense_array():
    frames = np.random.default_rng(8).random((3, 4, 5)) < 0.3
    shown = []
    for data in (frames, Events.from_dense(frames)):
        figure = Figure()
        film = spikeplot.animator(data, figure, figure.subplots())
        film._draw_was_started = True  # or its end warns that nothing was drawn
        film._func(2)
        shown.append(figure.axes[0].images[0].get_array())
    np.testing.assert_array_equal(*shown)
    assert shown[0].any()
