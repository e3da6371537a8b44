"""Encoders with ``sparse=True``: the Events of the dense call, in memory that grows with them."""

import tracemalloc
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from test_events import OnGpu

from spikecore import Events, memory, spikegen
from spikecore.backends.search import find
from spikecore.codes import sparse

DEVICES = ["cpu", "numpy"]
TILES = [1 << 20, 40, 1]
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.random((6, 5)).astype(np.float32)
SIGNAL = np.cumsum(GENERATOR.normal(size=(21, 2, 3)), axis=0)
LABELS = np.array([2, 0, 1, 1, 2])
UNIFORMS = GENERATOR.random((10, 6, 5))

SIGNAL_CODES = {
    "delta": spikegen.delta,
    "step_forward": spikegen.step_forward,
    "sigma_delta": spikegen.sigma_delta,
    "level_crossing": spikegen.level_crossing,
    "moving_window": partial(spikegen.moving_window, window=3),
    "temporal_contrast": spikegen.temporal_contrast,
}

CALLS = {
    "rate": lambda **o: spikegen.rate(IMAGES, 10, seed=3, **o),
    "rate, in the middle": lambda **o: spikegen.rate(
        IMAGES, 10, seed=3, first_step=7, first_element=9, **o
    ),
    "rate, late": lambda **o: spikegen.rate(IMAGES, 10, seed=3, first_spike_time=6, **o),
    "rate, int8": lambda **o: spikegen.rate(IMAGES, 10, seed=3, dtype="int8", **o),
    "rate, uniforms": lambda **o: spikegen.rate(IMAGES, 10, uniforms=UNIFORMS, **o),
    "rate, register": lambda **o: spikegen.rate(IMAGES, 10, seed=3, generator="lfsr8", **o),
    "rate, one register": lambda **o: spikegen.rate(
        IMAGES, 10, seed=3, generator="lfsr16", shared=True, first_step=4, **o
    ),
    "rate, varying": lambda **o: spikegen.rate(
        UNIFORMS, seed=1, time_var_input=True, first_spike_time=3, **o
    ),
    "rate, varying, in the middle": lambda **o: spikegen.rate(
        UNIFORMS, seed=1, time_var_input=True, first_step=5, **o
    ),
    "rate_conv": lambda **o: spikegen.rate_conv(UNIFORMS, seed=1, **o),
    "latency": lambda **o: spikegen.latency(IMAGES, 10, bypass=True, **o),
    "latency, needed steps": lambda **o: spikegen.latency(IMAGES, tau=3, bypass=True, **o),
    "latency, clipped": lambda **o: spikegen.latency(
        IMAGES, 12, threshold=0.4, tau=5, clip=True, normalize=True, **o
    ),
    "latency, linear": lambda **o: spikegen.latency(
        IMAGES, 9, normalize="sample", linear=True, on_target=-2, dtype="int8", **o
    ),
    "latency, decay": lambda **o: spikegen.latency(
        IMAGES, 5, threshold=2, tau=2, law="decay", **o
    ),
    "latency, inverse": lambda **o: spikegen.latency(IMAGES, 9, law="inverse", **o),
    "delta": lambda **o: spikegen.delta(SIGNAL, 0.5, **o),
    "delta, both": lambda **o: spikegen.delta(
        SIGNAL, 0.5, padding=True, off_spike=True, dtype="int8", **o
    ),
    "step_forward": lambda **o: spikegen.step_forward(SIGNAL, 0.4, **o),
    "step_forward, two channels": lambda **o: spikegen.step_forward(
        SIGNAL, 0.4, channels="up_down", multi=True, dtype="uint8", **o
    ),
    "step_forward, silent": lambda **o: spikegen.step_forward(
        SIGNAL, 0.3, refractory=4, baseline="signal", **o
    ),
    "step_forward, later": lambda **o: spikegen.step_forward(SIGNAL, 0.4, initial=0.5, **o),
    "send_on_delta": lambda **o: spikegen.send_on_delta(SIGNAL, [0.2, 0.4, 0.6], **o),
    "sigma_delta": lambda **o: spikegen.sigma_delta(SIGNAL, 0.5, **o),
    "sigma_delta, residual": lambda **o: spikegen.sigma_delta(
        SIGNAL, 0.5, feedback="residual", cum_error=True, step=0.25, num_bits=4, **o
    ),
    "sigma_delta, first sample": lambda **o: spikegen.sigma_delta(SIGNAL, 0.5, initial=None, **o),
    "level_crossing": lambda **o: spikegen.level_crossing(SIGNAL, 0.4, **o),
    "level_crossing, two channels": lambda **o: spikegen.level_crossing(
        SIGNAL, 0.4, initial=SIGNAL[0], channels="up_down", dtype="uint8", **o
    ),
    "moving_window": lambda **o: spikegen.moving_window(SIGNAL, [0.2, 0.4, 0.6], 3, **o),
    "moving_window, two channels": lambda **o: spikegen.moving_window(
        SIGNAL, 0.4, 5, first="window", channels="up_down", dtype="uint8", **o
    ),
    "temporal_contrast": lambda **o: spikegen.temporal_contrast(SIGNAL, [0.2, 0.4, 0.6], **o),
    "temporal_contrast, computed": lambda **o: spikegen.temporal_contrast(
        SIGNAL, factor=0.5, align="start", edge="repeat", channels="up_down", dtype="uint8", **o
    ),
    "targets_rate": lambda **o: spikegen.targets_rate(
        LABELS, 3, 12, correct_rate=0.5, incorrect_rate=0.1, **o
    ),
    "targets_rate, poisson": lambda **o: spikegen.targets_rate(
        LABELS, 3, 12, 2, 0.7, 0.2, firing_pattern="poisson", seed=5, first_element=4, **o
    ),
    "targets_rate, uniforms": lambda **o: spikegen.targets_rate(
        LABELS, 3, 12, 1, 0.7, 0.2, firing_pattern="poisson",
        uniforms=np.random.default_rng(2).random((12, 5, 3)), **o
    ),
    "targets_latency": lambda **o: spikegen.targets_latency(LABELS, 3, 8, normalize=True, **o),
    "targets_convert, rate": lambda **o: spikegen.targets_convert(
        LABELS, 3, "rate", 9, correct_rate=0.6, firing_pattern="uniform", seed=2, **o
    ),
    "targets_convert, latency": lambda **o: spikegen.targets_convert(
        LABELS, 3, "latency", 20, clip=True, **o
    ),
}  # fmt: skip


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("name", CALLS)
def test_sparse_spikes_are_the_events_of_the_dense_call(name, tile, device, monkeypatch):
    monkeypatch.setattr(sparse, "TILE", tile)
    dense = CALLS[name](device=device)
    found = CALLS[name](device=device, sparse=True)
    assert found == Events.from_dense(dense)
    assert len(found) > 0


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
@pytest.mark.parametrize("rows", [0, 1, 9, 70])
@pytest.mark.parametrize("density", [0, 0.02, 1])
def test_spikes_are_found_in_any_number_of_bytes(size, rows, density):
    """Parts of a word, of WORDS words, rows without spikes and bytes of any value."""
    marks = GENERATOR.integers(1, 256, rows * size, np.uint8)
    marks *= GENERATOR.random(marks.size) < density
    expected = np.divmod(np.flatnonzero(marks), size)
    step, element = (np.empty(expected[0].size, kind) for kind in (np.int16, np.int32))
    find(marks, size, 5, step, element)
    np.testing.assert_array_equal(step, expected[0] + 5)
    np.testing.assert_array_equal(element, expected[1])


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_events_are_the_same_for_any_number_of_threads(threads, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", threads)
    images = np.random.default_rng(1).random((50, 784)).astype(np.float32)
    found = spikegen.rate(images, 60, gain=0.05, seed=9, sparse=True)
    assert found == Events.from_dense(spikegen.rate(images, 60, gain=0.05, seed=9))


@given(
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    st.integers(1, 9),
    st.integers(0, 2**64 - 1),
)
def test_any_shape_gives_the_events_of_the_dense_call(shape, num_steps, seed):
    data = np.full(shape, 0.4)
    found = spikegen.rate(data, num_steps, seed=seed, sparse=True)
    assert found == Events.from_dense(spikegen.rate(data, num_steps, seed=seed))
    found = spikegen.latency(data, num_steps, bypass=True, sparse=True)
    assert found == Events.from_dense(spikegen.latency(data, num_steps, bypass=True))
    signal = np.broadcast_to(data, (num_steps, *shape))
    for encode in SIGNAL_CODES.values():
        assert encode(signal, 0.1, sparse=True) == Events.from_dense(encode(signal, 0.1))


@pytest.mark.parametrize("name", SIGNAL_CODES)
def test_a_signal_of_no_steps_has_no_events(name):
    found = SIGNAL_CODES[name](np.zeros((0, 3)), 0.1, sparse=True)
    assert found == Events.from_dense(np.zeros((0, 3)))


def test_memory_grows_with_the_spikes():
    data = np.full(100_000, 0.005, np.float32)
    spikegen.rate(data, 2, seed=0, sparse=True)  # compiled
    tracemalloc.start()
    found = spikegen.rate(data, 400, seed=0, sparse=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    held = found.step.nbytes + found.element.nbytes + found.value.nbytes
    assert peak < 3 * held  # the dense array of bool has 40 MB, the events 2 MB
    assert held < 2.5e6


@pytest.mark.parametrize("name", ["delta", "level_crossing", "moving_window"])
def test_memory_grows_with_the_spikes_of_a_signal(name, monkeypatch):
    monkeypatch.setattr(sparse, "TILE", 1 << 14)
    encode = SIGNAL_CODES[name]
    signal = np.zeros((500, 1500), np.float32)
    signal[::50, ::30] = 1.0
    encode(signal, 0.5, sparse=True)  # compiled
    tracemalloc.start()
    found = encode(signal, 0.5, sparse=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e5  # the dense array has 3 MB
    assert found == Events.from_dense(encode(signal, 0.5))


def test_what_does_not_fit_into_memory_as_an_array_is_encoded(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1 << 21)
    data = np.full(1000, 1e-4, np.float32)
    with pytest.raises(ValueError, match="memory are free"):
        spikegen.rate(data, 10_000, seed=0)
    assert 500 < len(spikegen.rate(data, 10_000, seed=0, sparse=True)) < 1500


def test_a_seed_is_drawn_once_for_all_tiles(monkeypatch):
    """A single register, or a generator that each tile took from, would give other spikes."""
    monkeypatch.setattr(sparse, "TILE", 8)
    for options in ({}, {"generator": "lfsr8"}, {"generator": "lfsr8", "shared": True}):
        seeds = [np.random.default_rng(4) for _ in range(2)]
        dense = spikegen.rate(IMAGES, 10, seed=seeds[0], **options)
        found = spikegen.rate(IMAGES, 10, seed=seeds[1], sparse=True, **options)
        assert found == Events.from_dense(dense)
    rates = {"correct_rate": 0.5, "firing_pattern": "poisson"}
    seeds = [np.random.default_rng(4) for _ in range(2)]
    dense = spikegen.targets_rate(LABELS, 3, 9, seed=seeds[0], **rates)
    found = spikegen.targets_rate(LABELS, 3, 9, seed=seeds[1], sparse=True, **rates)
    assert found == Events.from_dense(dense)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: spikegen.rate(IMAGES, 2, sparse=True, out=np.empty((2, 6, 5), np.float32)),
            r"^out must be left out with sparse=True, got array",
        ),
        (lambda: spikegen.rate(IMAGES, 2, sparse=1), r"^sparse must be True or False, got 1"),
        (
            lambda: spikegen.latency(IMAGES, 9, bypass=True, off_target=1, sparse=True),
            r"^off_target must be 0 with sparse=True, got 1\.0; leave it at 0, or make a dense",
        ),
        (
            lambda: spikegen.latency(IMAGES, 9, bypass=True, interpolate=True, sparse=True),
            r"^interpolate must be 0 with sparse=True, got True",
        ),
        (
            lambda: spikegen.targets_rate(LABELS, 3, 9, sparse=True),
            r"^sparse must be False where nothing depends on time",
        ),
        (
            lambda: spikegen.targets_rate(LABELS, 3, 9, 1, off_target=1, sparse=True),
            r"^off_target must be 0 with sparse=True",
        ),
        (
            lambda: spikegen.targets_rate(
                LABELS, 3, 9, 1, firing_pattern="poisson", uniforms=[[[0.5]]], sparse=True
            ),
            r"^uniforms must have shape \(9, 5, 3\), one for each spike, got \(1, 1, 1\)",
        ),
    ],
)
def test_what_events_cannot_hold_is_refused(call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        call()


def test_data_on_a_gpu_are_refused():
    with pytest.raises(TypeError, match=r"^data must lie in the host's memory with sparse=True"):
        sparse.checked(True, SimpleNamespace(out=None, data=OnGpu(), name="data"))
    assert sparse.checked(False, SimpleNamespace(out=None, data=OnGpu(), name="data")) is False
