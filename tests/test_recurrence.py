"""Neurons whose spikes come back through weights: one kernel, with the bits of single steps."""

import numpy as np
import pytest
from conftest import assert_same_bits

from spikecore import LIF, Leaky, Synaptic, network
from spikecore.network import Linear, Sequential, recurrence

RNG = np.random.default_rng(0)
WIDTH = 6
RECORD = ("spikes", "membrane")
NEURONS = {
    "Leaky": Leaky(0.9),
    "Synaptic": Synaptic(0.8, 0.9),
    "value": LIF(0.9, reset="value", reset_at="same", synapse_decay=0.5, refractory=2),
    "amplitude": LIF(0.9, amplitude=0.5, reset_at="same"),
    "its own decays": LIF(np.linspace(0.5, 0.95, WIDTH, dtype=np.float32)),
}


def weights(dtype=np.float32):
    return Linear(RNG.normal(0, 0.4, (WIDTH, WIDTH)).astype(dtype), RNG.normal(0, 0.1, WIDTH))


def net_of(neuron, dtype=np.float32, scale=0.6):
    first = Linear((scale * RNG.normal(0, 1, (WIDTH, 4))).astype(dtype))
    return Sequential(first, neuron, names=["in", "n"], recurrent={"n": weights(dtype)})


def drive(steps=50, batch=40):
    return (RNG.random((steps, batch, 4)) < 0.3).astype(np.uint8)


def both(net, spikes, monkeypatch, **how):
    """The result of the kernel, and that of single steps."""
    chosen = []
    loop_of = recurrence.loop_of

    def noted(running, names):
        chosen.append(loop_of(running, names))
        return chosen[-1]

    monkeypatch.setattr(recurrence, "loop_of", noted)
    fast = net.run(spikes, exact=True, record=RECORD, **how)
    monkeypatch.setattr(recurrence, "loop_of", lambda running, names: None)
    slow = net.run(spikes, exact=True, record=RECORD, **how)
    return fast, slow, chosen


def assert_equal_runs(fast, slow):
    for name in slow:
        for theirs, ours in zip(fast[name].final, slow[name].final, strict=True):
            assert_same_bits(theirs, ours)
        assert (fast[name].spikes is None) == (slow[name].spikes is None)
        if slow[name].spikes is not None:
            assert_same_bits(fast[name].spikes, slow[name].spikes)
        assert_same_bits(fast[name].counts, slow[name].counts)
        assert fast[name].recorded.keys() == slow[name].recorded.keys()
        for state, kept in slow[name].recorded.items():
            assert_same_bits(fast[name].recorded[state], kept)


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("name", NEURONS)
def test_the_kernel_gives_the_bits_of_single_steps(name, threads, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", threads)
    fast, slow, chosen = both(net_of(NEURONS[name]), drive(), monkeypatch)
    assert chosen == [("n", "n_recurrent", "in")]
    assert fast["n"].counts.any()
    assert_equal_runs(fast, slow)


def test_cuts_in_time_join(monkeypatch):
    spikes = drive()
    fast, slow, chosen = both(net_of(Leaky(0.9)), spikes, monkeypatch, steps_per_chunk=7)
    assert chosen != [None]
    assert_equal_runs(fast, slow)


def test_a_run_goes_on_from_the_state_of_another(monkeypatch):
    net, spikes = net_of(Synaptic(0.8, 0.9)), drive()
    whole, _, chosen = both(net, spikes, monkeypatch)
    monkeypatch.undo()
    first = net.run(spikes[:20], exact=True, record=RECORD)
    state = {name: first[name].final for name in first}
    second, slow, _ = both(net, spikes[20:], monkeypatch, state=state)
    assert chosen != [None]
    assert_equal_runs(second, slow)
    joined = np.concatenate([first["n"].spikes, second["n"].spikes])
    assert_same_bits(joined, whole["n"].spikes)


def test_float64_and_numpy_agree(monkeypatch):
    net, spikes = net_of(Leaky(0.9), np.float64), drive(steps=20)
    fast, slow, chosen = both(net, spikes, monkeypatch)
    assert chosen != [None]
    assert_equal_runs(fast, slow)
    assert_equal_runs(net.run(spikes, exact=True, record=RECORD, device="numpy"), slow)


def test_a_dense_step_is_summed_in_index_order_too(monkeypatch):
    """By default a step of many spikes may be summed in any order; here it is not."""
    net = net_of(Leaky(0.9, threshold=0.01), scale=3)
    spikes = np.ones((20, 40, 4), np.uint8)
    chosen, _, _ = both(net, spikes, monkeypatch)
    monkeypatch.undo()
    assert_equal_runs(net.run(spikes, record=RECORD), chosen)


def test_a_sum_that_overflows_is_still_refused():
    huge = np.float32(3e38)
    first = Linear(np.full((WIDTH, 1), huge))
    back = Linear(np.full((WIDTH, WIDTH), huge / (4 * WIDTH)))
    net = Sequential(first, Leaky(0.9), names=["in", "n"], recurrent={"n": back})
    with pytest.raises(ValueError, match=r"^current must be finite"):
        net.run(np.full((5, 2, 1), 1.1, np.float32))


@pytest.mark.parametrize(
    "neuron",
    [
        Leaky(0.9, inhibition=True),
        LIF(0.9, input_delay=2),
        LIF(0.5, threshold=4, spikes="multi", compare=">=", reset_at="same"),
    ],
    ids=["inhibition", "a delay", "any number of spikes"],
)
def test_other_neurons_go_step_by_step(neuron, monkeypatch):
    fast, slow, chosen = both(net_of(neuron), drive(steps=10), monkeypatch)
    assert chosen == [None]
    assert_equal_runs(fast, slow)


def test_other_cycles_go_step_by_step(monkeypatch):
    layers = {"in": Linear(RNG.normal(0, 0.6, (WIDTH, 4)).astype(np.float32)), "a": Leaky(0.9),
              "b": Leaky(0.8), "back": weights()}  # fmt: skip
    edges = [
        ("input", "in"),
        ("in", "a"),
        ("a", "b"),
        ("b", "back"),
        ("back", "a"),
        ("b", "output"),
    ]
    fast, slow, chosen = both(network.Graph(layers, edges), drive(steps=10), monkeypatch)
    assert chosen == [None]
    assert_equal_runs(fast, slow)
