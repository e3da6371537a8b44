"""A linear layer and its neurons in one kernel: the same bits as two kernels."""

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikecore import LIF, Leaky, RLeaky, spikegen
from spikecore.backends import fused
from spikecore.backends.cpu.search import BITS, firing, place_of_lowest, search
from spikecore.compiler import kernel
from spikecore.network import Graph, Linear, Sequential, running
from spikecore.network.linear import EVENT_DENSITY

NEURONS = (
    Leaky(0.9),
    LIF(0.5, threshold=0.3, reset="value", reset_at="same", refractory=2),
    LIF(0.8, synapse_decay=0.5, threshold=0.4, reset="subtract", reset_at="next", gain=0.5),
)
RECORDS = ((), ("spikes", "membrane"))


def binary(shape, density, seed=0):
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def chain(widths, neurons, seed=0):
    """Linear layers of some widths with a neuron after each; every weight drives spikes."""
    rng = np.random.default_rng(seed)
    parts = []
    for inputs, outputs, neuron in zip(widths, widths[1:], neurons, strict=False):
        weight = rng.normal(0.1, 0.5, (outputs, inputs)).astype(np.float32)
        parts += [Linear(weight, rng.normal(0, 0.1, outputs).astype(np.float32)), neuron]
    return Sequential(*parts)


def chosen(monkeypatch, answer):
    """Choose one kernel, or two; the list that is returned grows with every call of the one."""
    calls, layer = [], fused.layer

    def counted(*arguments):
        calls.append(arguments)
        layer(*arguments)

    monkeypatch.setattr(running, "LITTLE", 0)
    monkeypatch.setattr(fused, "pays", lambda *sizes: answer)
    monkeypatch.setattr(fused, "layer", counted)
    return calls


@settings(max_examples=25)
@example([70, 5, 129, 3], [0, 1, 2], (), 4, (3, 2), 0.2, 3, True)
@given(
    widths=st.lists(st.integers(1, 130), min_size=2, max_size=4),
    kinds=st.lists(st.sampled_from(range(len(NEURONS))), min_size=3, max_size=3),
    record=st.sampled_from(RECORDS),
    steps=st.integers(1, 6),
    leading=st.sampled_from([(), (1,), (5,), (3, 2)]),
    density=st.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0]),
    threads=st.integers(1, 3),
    exact=st.booleans(),
)
def test_one_kernel_has_the_bits_of_two(
    widths, kinds, record, steps, leading, density, threads, exact
):
    net = chain(widths, [NEURONS[kind] for kind in kinds])
    spikes = binary((steps, *leading, widths[0]), density)
    options = {"record": record, "exact": exact, "steps_per_chunk": 4}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKECORE_NUM_THREADS", str(threads))
        calls = chosen(patch, False)
        expected = net.run(spikes, **options)
        assert not calls
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKECORE_NUM_THREADS", str(threads))
        patch.setattr("spikecore.backends.threads.SMALL", 0)
        calls = chosen(patch, True)
        assert net.run(spikes, **options) == expected
        assert bool(calls) or not (exact or density < EVENT_DENSITY / 2)
    if exact:
        assert net.run(spikes, device="numpy", **options) == expected


def test_a_dense_chunk_is_summed_as_ever(monkeypatch):
    net = chain([100, 20], NEURONS)
    spikes = np.concatenate([binary((4, 8, 100), 0.05), binary((4, 8, 100), 0.9)])
    chosen(monkeypatch, False)
    expected = net.run(spikes, steps_per_chunk=4)
    calls = chosen(monkeypatch, True)
    assert net.run(spikes, steps_per_chunk=4) == expected
    assert len(calls) == 1  # of two chunks
    assert net.run(spikes.astype(np.float32), steps_per_chunk=4) == expected
    assert len(calls) == 1  # sums of floats may overflow and have to be examined first


def test_a_state_goes_on_in_one_kernel(monkeypatch):
    net = chain([70, 9, 5], NEURONS)
    spikes = binary((9, 4, 70), 0.1)
    calls = chosen(monkeypatch, True)
    whole = net.run(spikes)
    first = net.run(spikes[:4])
    second = net.run(spikes[4:], state={name: run.final for name, run in first.items()})
    assert calls
    for name, run in whole.items():
        assert_same_bits(np.concatenate([first[name].spikes, second[name].spikes]), run.spikes)
        assert_same_bits(run.final[0], second[name].final[0])


def test_only_independent_neurons_that_alone_take_the_sums_are_joined():
    weight = np.eye(4, dtype=np.float32)
    lif = LIF(0.5)
    assert Sequential(Linear(weight), lif, Linear(weight), lif)._pairs == {
        "lif1": "linear1",
        "lif2": "linear2",
    }
    for neuron in (
        LIF(0.5, inhibition=True),
        LIF(0.5, input_delay=1),
        RLeaky(0.5, recurrent=Linear(weight)),
    ):
        assert not Sequential(Linear(weight), neuron)._pairs
    nodes = {"in": Linear(weight), "lif": lif}
    edges = [("input", "in"), ("in", "lif"), ("lif", "output")]
    assert Graph(nodes, edges)._pairs == {"lif": "in"}
    assert not Graph(nodes, [*edges, ("in", "sums")], outputs=("output", "sums"))._pairs
    shared = [*edges, ("in", "second"), ("second", "more")]
    assert not Graph({**nodes, "second": lif}, shared, outputs=("output", "more"))._pairs
    assert not Graph(nodes, [*edges, ("lif", "in")])._pairs  # a cycle


def test_few_samples_and_wide_layers_take_two_kernels(monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", "2")
    assert fused.pays(4, fused.WIDEST)
    assert not fused.pays(3, 1000)
    assert not fused.pays(128, fused.WIDEST + 1)


def test_a_rate_coded_network_is_run_in_one_kernel_for_each_layer(monkeypatch):
    spikes = spikegen.rate(np.full((8, 784), 0.05), 80, seed=0, dtype=np.uint8)
    layers = Linear.draw(784, 100, 0), Leaky(0.9), Linear.draw(100, 10, 1), Leaky(0.9)
    calls = []
    monkeypatch.setattr(fused, "layer", lambda *a, run=fused.layer: (calls.append(a), run(*a)))
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", "2")
    found = Sequential(*layers).run(spikes, record=(), exact=True, steps_per_chunk=90)
    assert len(calls) == 1  # the second layer has too little work
    assert found == Sequential(*layers).run(spikes, record=(), exact=True, device="numpy")


# --- the search ---------------------------------------------------------------------------------


@kernel
def search_row(row, found):
    return search(row, found)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("width", [0, 1, BITS - 1, BITS, BITS + 1, 3 * BITS + 5])
def test_the_search_finds_every_element_that_is_not_0(width, dtype):
    rng = np.random.default_rng(width)
    for density in (0.0, 0.1, 1.0):
        row = np.where(rng.random(width) < density, rng.integers(1, 256, width), 0).astype(dtype)
        for values in (row, -row if dtype == np.float32 else row):  # -0.0 is 0
            found = np.full(width, -1)
            count = search_row(values, found)
            np.testing.assert_array_equal(found[:count], np.flatnonzero(values))


def test_a_word_has_a_bit_for_each_element():
    row = np.zeros(2 * BITS, np.uint8)
    row[[BITS, BITS + 5, 2 * BITS - 1]] = 1, 128, 255
    assert firing(row, BITS) == 1 | 1 << 5 | 1 << 63
    assert place_of_lowest(firing(row, BITS)) == 0
    assert place_of_lowest(np.uint64(1 << 63)) == 63
