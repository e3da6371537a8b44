"""Linear and Sequential: what is guaranteed about sums, chunks of time, states and memory."""

import pickle
import sys
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import spikecore
from spikecore import LIF, Alpha, Leaky, RLeaky, Synaptic, datasets, spikegen
from spikecore.backends import threads
from spikecore.network import Linear, Sequential
from spikecore.network.linear import EVENT_DENSITY

DEVICES = ("cpu", "numpy")
SPIKE_DTYPES = (bool, np.uint8, np.int8, np.float32, np.float64)


def binary(shape, density, seed=0):
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def dyadic(shape, seed=0):
    """Multiples of 1/64 up to 1: sums of fewer than 2**17 of them are exact in float32."""
    return (np.random.default_rng(seed).integers(-64, 65, shape) / 64).astype(np.float32)


def normal(shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(0, 1, shape).astype(dtype)


# --- the product --------------------------------------------------------------------------------


def in_index_order(spikes, weight, bias):
    """The sums as specified, one number at a time."""
    out = np.empty((len(spikes), len(weight)), weight.dtype)
    for r, row in enumerate(spikes):
        for o, weights in enumerate(weight):
            total = weight.dtype.type(0)
            for s, w in zip(row, weights, strict=True):
                if s != 0:
                    total = total + weight.dtype.type(s) * w
            out[r, o] = total + bias[o]
    return out


def exact_sums(spikes, weight, bias):
    """The sums and what bounds their rounding, in float64 (of float32 data; good to 1e-15)."""
    spikes, weight, bias = (np.asarray(one, np.float64) for one in (spikes, weight, bias))
    return spikes @ weight.T + bias, np.abs(spikes) @ np.abs(weight.T) + np.abs(bias)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (33, 9, 7), (2, 13, 513)], ids=str)
def test_exact_sums_run_in_index_order(shape, dtype, device):
    rows, inputs, outputs = shape
    weight, bias = normal((outputs, inputs), 1, dtype), normal(outputs, 2, dtype)
    for seed, spikes in enumerate(
        [binary((rows, inputs), 0.5), normal((rows, inputs), 3), np.zeros((rows, inputs))]
    ):
        current = Linear(weight, bias)(spikes, exact=True, device=device)
        expected = in_index_order(spikes, weight, bias)
        np.testing.assert_array_equal(current, expected, strict=True, err_msg=f"spikes {seed}")


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.3, 1.0])
def test_exact_sums_are_the_same_bits_everywhere(density, count, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(count))
    monkeypatch.setattr(threads, "SMALL", 0)
    linear = Linear(normal((515, 101), 1), normal(515, 2))
    spikes = binary((67, 101), density)
    whole = linear(spikes, exact=True)
    assert_same_bits(whole, linear(spikes, exact=True, device="numpy"))
    for cut in (1, 32, 33):
        parts = [linear(part, exact=True) for part in (spikes[:cut], spikes[cut:])]
        assert_same_bits(np.concatenate(parts), whole)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("density", [0.01, 0.1, 0.19, 0.5, 1.0])
@pytest.mark.parametrize("inputs", [1, 17, 784])
def test_either_path_is_within_the_bound_of_the_exact_sum(inputs, density, device):
    """A sum of n rounded products, in any order, is within n*u/(1 - n*u) * sum|w*s| (Higham 2002).

    u is half of eps; n counts the bias.  2*n*eps*sum|w*s| allows for the sums of the bound itself.
    """
    linear = Linear(normal((50, inputs), 1), normal(50, 2))
    spikes = binary((40, inputs), density) * normal((40, inputs), 3)
    exact, size = exact_sums(spikes, linear.weight, linear.bias)
    unit = np.finfo(np.float32).eps / 2
    bound = (inputs + 1) * unit / (1 - (inputs + 1) * unit) * size
    for current in (linear(spikes, device=device), linear(spikes, exact=True, device=device)):
        assert current.dtype == np.float32
        assert (np.abs(current - exact) <= bound).all()


@pytest.mark.parametrize("density", [0.05, 0.9])
def test_either_path_is_exact_when_the_sums_are(density):
    assert 0.05 < EVENT_DENSITY < 0.9
    linear = Linear(dyadic((30, 200), 1), dyadic(30, 2))
    spikes = binary((25, 4, 200), density)
    exact, _ = exact_sums(spikes, linear.weight, linear.bias)
    for device in DEVICES:
        for kind in SPIKE_DTYPES:
            for flag in (True, False):
                current = linear(spikes.astype(kind), exact=flag, device=device)
                np.testing.assert_array_equal(current, exact.astype(np.float32), strict=True)


@pytest.mark.parametrize("device", DEVICES)
def test_spikes_of_minus_one_and_graded_spikes_are_weighed(device):
    linear = Linear(np.array([[1.0, 2.0, 4.0]]))
    for spikes in (np.array([[-1, 0, 1]], np.int8), np.array([[-1, 0, 1]], np.float32)):
        for exact in (True, False):
            assert linear(spikes, exact=exact, device=device).tolist() == [[3.0]]
    assert linear(np.array([0.5, 255, 0.0]), device=device).tolist() == [510.5]
    assert linear(np.array([0, 255, 0], np.uint8), device=device).tolist() == [510.0]


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.floats(0, 1),
    st.booleans(),
)
def test_leading_axes_of_any_size(leading, inputs, outputs, density, exact):
    linear = Linear(dyadic((outputs, inputs)), dyadic(outputs, 1))
    spikes = binary((*leading, inputs), density)
    before = spikes.copy()
    expected, _ = exact_sums(spikes, linear.weight, linear.bias)
    current = linear(spikes, exact=exact, device="numpy")
    np.testing.assert_array_equal(current, expected.astype(np.float32), strict=True)
    np.testing.assert_array_equal(spikes, before)
    out = np.empty(current.shape, np.float32)
    assert linear(spikes, exact=exact, device="numpy", out=out) is out
    np.testing.assert_array_equal(out, current)


def test_any_layout_of_the_spikes():
    linear = Linear(normal((6, 8), 1))
    spikes = binary((10, 16), 0.1)
    expected = linear(np.ascontiguousarray(spikes[::2, ::2]), exact=True)
    assert_same_bits(linear(spikes[::2, ::2], exact=True), expected)
    assert_same_bits(linear(np.asfortranarray(spikes[::2, ::2]), exact=True), expected)


def test_weights_are_the_layers_own():
    weight, bias = normal((3, 4), 1), normal(3, 2)
    linear = Linear(weight, bias)
    before = linear(np.ones(4)).copy()
    weight[:], bias[:] = 7, 7
    assert_same_bits(linear(np.ones(4)), before)
    with pytest.raises(ValueError, match="read-only"):
        linear.weight[0, 0] = 1
    assert (linear.in_features, linear.out_features) == (4, 3)
    assert repr(linear) == "Linear(4 -> 3, float32)"


# Recorded with torch 2.15 on a CPU:
#   torch.manual_seed(0); a = torch.nn.Linear(4, 2); b = torch.nn.Linear(2, 3)
#   torch.manual_seed(5); c = torch.nn.Linear(7, 2, bias=False)
#   torch.manual_seed(1); d = torch.nn.Linear(784, 1000); e = torch.nn.Linear(1000, 10)
FIRST = [
    [-0.003743410110473633, 0.26822179555892944, -0.4115225672721863, -0.3679695129394531],
    [-0.19257718324661255, 0.13407868146896362, -0.009906589984893799, 0.39644473791122437],
]
FIRST_BIAS = [-0.04437202215194702, 0.1323062777519226]
SECOND = [
    [-0.2136969119310379, -0.13899271190166473],
    [-0.6755334138870239, -0.4683041572570801],
    [-0.2914857566356659, 0.026193760335445404],
]
SECOND_BIAS = [0.2795442044734955, 0.42428016662597656, -0.47937673330307007]
WITHOUT_BIAS = [
    [0.24964694678783417, -0.28263357281684875, 0.30801811814308167, 0.2418421059846878,
     0.3175683319568634, -0.28978896141052246, -0.25369617342948914],
    [0.17985014617443085, -0.3528187572956085, 0.3735685348510742, 0.08045242726802826,
     0.048811282962560654, -0.3232260048389435, 0.12044892460107803],
]  # fmt: skip


def test_drawn_weights_are_torchs():
    first = Linear.draw(4, 2, seed=0)
    second = Linear.draw(2, 3, seed=0, skip=4 * 2 + 2)
    third = Linear.draw(7, 2, seed=5, bias=False)
    assert first.weight.dtype == first.bias.dtype == np.float32
    assert first.weight.tolist() == FIRST and first.bias.tolist() == FIRST_BIAS
    assert second.weight.tolist() == SECOND and second.bias.tolist() == SECOND_BIAS
    assert third.weight.tolist() == WITHOUT_BIAS and third.bias.tolist() == [0, 0]
    hidden = Linear.draw(784, 1000, seed=1)
    output = Linear.draw(1000, 10, seed=1, skip=784 * 1000 + 1000)
    assert hidden.weight[999, 783] == np.float32(0.018526609987020493)
    assert hidden.bias[999] == np.float32(-0.01240112166851759)
    assert output.weight[9, 999] == np.float32(0.019533256068825722)
    assert output.bias[9] == np.float32(-0.017230253666639328)
    # torch's sum in float64; the order of its sum may part the last digits
    assert hidden.weight.sum(dtype=np.float64) == pytest.approx(11.310173692814262, abs=1e-9)


def test_drawn_weights_depend_on_the_seed_and_stay_within_bounds():
    one, other = Linear.draw(9, 5, seed=1), Linear.draw(9, 5, seed=2)
    assert (one.weight != other.weight).any()
    assert (np.abs(one.weight) <= 1 / 3).all() and (np.abs(one.bias) <= 1 / 3).all()
    assert (Linear.draw(9, 5, seed=None).weight != Linear.draw(9, 5, seed=None).weight).any()


# --- networks -----------------------------------------------------------------------------------


def small(**changes):
    return Sequential(
        Linear(normal((11, 7), 1), normal(11, 2)),
        Leaky(beta=0.9, **changes),
        Linear(normal((5, 11), 3)),
        Synaptic(alpha=0.5, beta=0.8),
    )


def layer_by_layer(net, spikes, device):
    """The same network by hand: each layer over all of time, exact."""
    results, flowing = {}, spikes
    for name, layer in net.layers.items():
        if isinstance(layer, Linear):
            flowing = layer(flowing, exact=True, device=device)
        else:
            run = layer.run(flowing, record=layer.state_names, dtype=np.uint8, device=device)
            results[name] = run
            flowing = run.spikes
    return results


def assert_same_layers(one, other):
    assert list(one) == list(other)
    for name in one:
        a, b = one[name], other[name]
        if a.spikes is not None and b.spikes is not None:
            assert_same_bits(a.spikes, b.spikes)
        assert_same_bits(a.counts, b.counts)
        for state in set(a.recorded) & set(b.recorded):
            assert_same_bits(a.recorded[state], b.recorded[state])
        for x, y in zip(a.final, b.final, strict=True):
            assert_same_bits(x, y)


@pytest.mark.parametrize("device", DEVICES)
def test_a_network_is_its_layers_one_after_another(device):
    net, spikes = small(), binary((30, 3, 7), 0.3)
    run = net.run(spikes, record=("spikes", "membrane", "synapse"), exact=True, device=device)
    by_hand = layer_by_layer(net, spikes, device)
    assert list(run) == list(by_hand) == ["leaky1", "synaptic1"]
    assert set(run["leaky1"].recorded) == {"membrane"}
    assert set(run["synaptic1"].recorded) == {"membrane", "synapse"}
    for name, layer in by_hand.items():
        assert_same_bits(run[name].spikes, layer.spikes)
        for state, values in run[name].recorded.items():
            assert_same_bits(values, layer.recorded[state])
        for one, other in zip(run[name].final, layer.final, strict=True):
            assert_same_bits(one, other)
        np.testing.assert_array_equal(run[name].counts, layer.spikes.sum(axis=0))
        assert run[name].counts.dtype == np.int64
        assert run[name].spikes.any() and not run[name].spikes.all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("steps", [1, 2, 7, 29, 30, 31, 1000])
def test_chunks_are_the_whole(steps, device):
    net, spikes = small(), binary((30, 3, 7), 0.3)
    whole = net.run(spikes, exact=True, device=device)
    assert_same_layers(net.run(spikes, exact=True, device=device, steps_per_chunk=steps), whole)


def test_chunks_are_the_whole_on_either_path_when_the_sums_are_exact():
    net = Sequential(Linear(dyadic((11, 7), 1)), Leaky(0.9), Linear(dyadic((5, 11), 3)), Leaky(0.9))
    spikes = np.concatenate([binary((15, 3, 7), 0.05), binary((15, 3, 7), 0.9)])
    whole = net.run(spikes, exact=True, device="numpy")
    for device in DEVICES:
        for steps in (1, 4, 15, 30):
            assert_same_layers(net.run(spikes, steps_per_chunk=steps, device=device), whole)


@given(st.integers(0, 20), st.integers(0, 20))
@settings(max_examples=25)
def test_a_run_goes_on_from_the_state_of_another(cut, second_cut):
    net, spikes = small(), binary((20, 2, 7), 0.4, 5)
    whole = net.run(spikes, exact=True, device="numpy")
    state, parts = None, []
    low, high = sorted((cut, second_cut))
    for begin, end in ((0, low), (low, high), (high, 20)):
        part = net.run(spikes[begin:end], state=state, exact=True, device="numpy")
        state = {name: layer.final for name, layer in part.items()}
        parts.append(part)
    for name, layer in whole.items():
        assert_same_bits(np.concatenate([part[name].spikes for part in parts]), layer.spikes)
        joined = np.concatenate([part[name].recorded["membrane"] for part in parts])
        assert_same_bits(joined, layer.recorded["membrane"])
        np.testing.assert_array_equal(sum(part[name].counts for part in parts), layer.counts)
        for one, other in zip(state[name], layer.final, strict=True):
            assert_same_bits(one, other)


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("leading", [(), (0,), (1,), (2, 3), (0, 2)], ids=str)
def test_time_and_batch_of_any_size(leading, steps):
    net = small()
    run = net.run(binary((steps, *leading, 7), 0.5), device="numpy")
    for name, neurons in (("leaky1", 11), ("synaptic1", 5)):
        layer = run[name]
        assert layer.spikes.shape == (steps, *leading, neurons)
        assert layer.recorded["membrane"].shape == layer.spikes.shape
        assert layer.counts.shape == (*leading, neurons)
        assert [held.shape for held in layer.final] == [(*leading, neurons)] * len(layer.final)
        assert len(layer.final) == len(net.layers[name].state_names)
        if not steps:
            assert not any(held.any() for held in layer.final)


@pytest.mark.parametrize("device", DEVICES)
def test_spikes_of_any_dtype_give_the_same_run(device):
    net, spikes = small(), binary((12, 2, 7), 0.3)
    runs = [net.run(spikes.astype(kind), exact=True, device=device) for kind in SPIKE_DTYPES]
    for run in runs[1:]:
        assert_same_layers(run, runs[0])


def test_the_callers_arrays_stay_as_they_were():
    net, spikes = small(), binary((6, 2, 7), 0.5)
    first = net.run(spikes)
    state = {name: tuple(one.copy() for one in layer.final) for name, layer in first.items()}
    kept = {name: tuple(one.copy() for one in held) for name, held in state.items()}
    before = spikes.copy()
    net.run(spikes, state=state)
    np.testing.assert_array_equal(spikes, before)
    for name, held in state.items():
        for one, other in zip(held, kept[name], strict=True):
            assert_same_bits(one, other)


def test_names_of_layers():
    layers = (Linear(np.eye(2)), Leaky(0.5), Linear(np.eye(2)), LIF(0.5), Leaky(0.5))
    net = Sequential(*layers)
    assert list(net.layers) == ["linear1", "leaky1", "linear2", "lif1", "leaky2"]
    assert tuple(net.layers.values()) == layers
    named = Sequential(*layers, names=("a", "b", "c", "d", "e"))
    assert list(named.run(np.ones((2, 2)))) == ["b", "d", "e"]
    assert "linear1=Linear(2 -> 2, float64), leaky1=Leaky(beta=0.5" in repr(net)
    assert str(net) == repr(net)


def test_a_neuron_may_follow_a_neuron_or_come_first():
    spikes = binary((10, 3), 0.6).astype(np.float64)
    net = Sequential(Leaky(0.5, threshold=0.6), LIF(0.9, threshold=1.5), Alpha(0.9, 0.8))
    run = net.run(spikes, device="numpy")
    first = Leaky(0.5, threshold=0.6).run(spikes)
    second = LIF(0.9, threshold=1.5).run(first.spikes)
    assert first.spikes.any() and second.spikes.any()
    np.testing.assert_array_equal(run["leaky1"].spikes, first.spikes)
    np.testing.assert_array_equal(run["lif1"].spikes, second.spikes)
    assert_same_bits(run["lif1"].recorded["membrane"], second.recorded["membrane"])


def test_each_layer_computes_in_its_own_dtype():
    net = Sequential(Leaky(0.5, threshold=0.6), Linear(np.eye(3, dtype=np.float32)), Leaky(0.9))
    run = net.run(np.ones((4, 3)), device="numpy")
    assert run["leaky1"].recorded["membrane"].dtype == np.float64
    assert run["leaky2"].recorded["membrane"].dtype == np.float32


@pytest.mark.parametrize("device", DEVICES)
def test_several_and_graded_spikes_flow_on_as_they_are(device):
    spikes = np.ones((6, 2), np.uint8)
    several = LIF(0.5, compare=">=", spikes="multi", reset_at="same")
    graded = Leaky(0.5, graded_spikes_factor=2.5)
    byte = Leaky(0.5, graded_spikes_factor=3)
    net = Sequential(Linear(3.25 * np.eye(2)), several, graded, byte, Leaky(0.5))
    run = net.run(spikes, device=device)
    by_hand = several.run(np.full((6, 2), 3.25))
    assert (by_hand.spikes > 1).any()
    np.testing.assert_array_equal(run["lif1"].spikes, by_hand.spikes, strict=True)
    np.testing.assert_array_equal(run["lif1"].counts, by_hand.spikes.sum(axis=0))
    np.testing.assert_array_equal(run["leaky1"].spikes, graded.run(by_hand.spikes).spikes)
    assert run["leaky1"].spikes.max() == 2.5
    assert run["leaky2"].spikes.dtype == np.uint8 and run["leaky2"].spikes.max() == 3
    for name in ("leaky1", "leaky2", "leaky3"):  # a graded spike is one spike
        np.testing.assert_array_equal(run[name].counts, (run[name].spikes != 0).sum(axis=0))


def test_without_records_memory_does_not_grow_with_time():
    steps, batch, neurons = 2000, 8, 64
    net = Sequential(Linear(normal((neurons, 16), 1)), Leaky(0.9))
    spikes = binary((steps, batch, 16), 0.1)
    net.run(spikes[:40], record=(), steps_per_chunk=20)  # compiled before it is measured
    tracemalloc.start()
    try:
        run = net.run(spikes, record=(), steps_per_chunk=20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run["leaky1"].spikes is None and run["leaky1"].recorded == {}
    assert run["leaky1"].counts.sum() > 0
    # A layer's spikes alone are 1 MB as uint8; a chunk's currents and spikes are 51 kB.
    assert peak < steps * batch * neurons / 4


def test_the_default_chunk_bounds_memory():
    steps, batch, neurons = 3000, 64, 100  # currents of 77 MB in all, in chunks of 34 MB
    net = Sequential(Linear(normal((neurons, 4), 1)), Leaky(0.9))
    spikes = binary((steps, batch, 4), 0.05)
    net.run(spikes[:2], record=())
    tracemalloc.start()
    try:
        net.run(spikes, record=())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60e6


# --- recurrent layers ---------------------------------------------------------------------------


def recurrent_oracle(current, weight, bias, beta, reset):
    """RLeaky all to all, a number at a time in the dtype of the current."""
    cast = current.dtype.type
    beta, one = cast(beta), cast(1)
    spikes, membranes = np.zeros_like(current), np.zeros_like(current)
    for row in range(current.shape[1]):
        v = [cast(0)] * current.shape[2]
        s = [0] * current.shape[2]
        for t in range(len(current)):
            back = []
            for o in range(len(s)):
                total = cast(0)
                for i, fired in enumerate(s):
                    if fired:
                        total = total + weight[o, i]
                back.append(total + bias[o])
            for o in range(len(s)):
                due = v[o] > one
                v[o] = beta * v[o] + current[t, row, o] + back[o]
                if due and reset == "subtract":
                    v[o] = v[o] - one
                if due and reset == "zero":
                    v[o] = cast(0)
            s = [int(one_v > one) for one_v in v]
            spikes[t, row], membranes[t, row] = s, v
    return spikes, membranes


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_all_to_all_recurrence(reset, device):
    linear = Linear(0.4 * normal((5, 5), 1), 0.1 * normal(5, 2))
    current = normal((25, 2, 5), 3) * np.float32(0.5) + np.float32(0.2)
    neuron = RLeaky(0.8, recurrent=linear, reset_mechanism=reset)
    run = neuron.run(current, device=device)
    spikes, membranes = recurrent_oracle(current, linear.weight, linear.bias, 0.8, reset)
    assert spikes.any() and not spikes.all()
    np.testing.assert_array_equal(run.spikes, spikes, strict=True)
    np.testing.assert_array_equal(run.recorded["membrane"], membranes, strict=True)
    first = neuron.run(current[:9], device=device)
    rest = neuron.run(current[9:], *first.final, device=device)
    assert_same_bits(np.concatenate([first.spikes, rest.spikes]), run.spikes)


def test_a_diagonal_recurrence_is_one_to_one():
    current = normal((40, 3, 4), 1)
    weights = Linear(0.5 * np.eye(4, dtype=np.float32))
    dense = RLeaky(0.9, V=7.0, recurrent=weights)  # V is of no account, as in snnTorch
    alone = RLeaky(0.9, V=0.5, all_to_all=False)
    one, other = dense.run(current, device="numpy"), alone.run(current, device="numpy")
    assert one.spikes.any()
    np.testing.assert_array_equal(one.spikes, other.spikes)
    np.testing.assert_array_equal(one.recorded["membrane"], other.recorded["membrane"])


def test_a_recurrent_layer_in_a_network():
    recurrent = RLeaky(0.9, recurrent=Linear.draw(11, 11, seed=4))
    net = Sequential(Linear(normal((11, 7), 1)), recurrent)
    spikes = binary((20, 2, 7), 0.3)
    whole = net.run(spikes, exact=True, device="numpy")
    by_hand = recurrent.run(net.layers["linear1"](spikes, exact=True), device="numpy")
    np.testing.assert_array_equal(whole["rleaky1"].spikes, by_hand.spikes)
    assert whole["rleaky1"].spikes.any()
    for steps in (1, 7):
        assert_same_layers(
            net.run(spikes, exact=True, device="numpy", steps_per_chunk=steps), whole
        )


# --- at the size of the tutorials ---------------------------------------------------------------


def test_rate_coded_digits_through_784_1000_10():
    images, labels = datasets.digits(size=(28, 28))
    assert len(images) == len(labels)
    chosen = images[:8].reshape(8, 784)
    spikes = spikegen.rate(chosen, 25, seed=0, dtype=np.uint8)
    hidden = Linear.draw(784, 1000, seed=0)
    output = Linear.draw(1000, 10, seed=0, skip=785_000)
    net = Sequential(hidden, Leaky(beta=0.99), output, Leaky(beta=0.99))
    run = net.run(spikes)
    assert run["leaky1"].spikes.shape == (25, 8, 1000)
    assert run["leaky2"].spikes.shape == (25, 8, 10)
    for layer in run.values():
        assert layer.spikes.any() and not layer.spikes.all()
        np.testing.assert_array_equal(layer.counts, layer.spikes.sum(axis=0))
    assert_same_layers(net.run(spikes, record=(), exact=True), net.run(spikes, exact=True))


# --- inner calls, and what a user of torch writes -------------------------------------------------


def python_calls(function):
    """Calls of the package's own Python functions."""
    calls = []

    def count(frame, event, argument):
        if event == "call" and "spikecore" in frame.f_code.co_filename:
            calls.append(frame.f_code.co_name)

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def test_chunks_of_time_do_not_check_again():
    net = Sequential(
        Linear.draw(20, 30, seed=0), Leaky(0.9), Linear.draw(30, 10, seed=1), Leaky(0.9)
    )
    spikes = (np.random.default_rng(0).random((30, 4, 20)) < 0.2).astype(np.uint8)
    for chunk in (30, 10):
        net.run(spikes, steps_per_chunk=chunk)
    calls = python_calls(lambda: net.run(spikes, steps_per_chunk=10))
    once = python_calls(lambda: net.run(spikes, steps_per_chunk=30))
    assert len(calls) < 2 * len(once)  # three chunks
    assert calls.count("array") == once.count("array")
    assert calls.count("first_outside") == once.count("first_outside")


@pytest.mark.parametrize("largest", [1e38, 3e38])
def test_currents_that_may_overflow_are_examined_and_others_are_not(largest):
    net = Sequential(Linear(np.full((1, 2), largest, np.float32)), Leaky(0.9))
    assert Linear(np.ones((1, 2), np.float32)).cannot_overflow(255)
    assert not net.layers["linear1"].cannot_overflow(255)
    with pytest.raises(ValueError, match=r"current must be finite, but current\[1, 0, 0\] is inf"):
        net.run(np.array([[[0, 0]], [[255, 255]]], np.uint8))


def test_a_spike_of_0_cannot_be_counted():
    for spikes in ("single", "multi"):
        lif = LIF(0.5, compare=">=", spikes=spikes, amplitude=0.0)
        with pytest.raises(ValueError, match="write a spike as a number other than 0"):
            Sequential(Linear.draw(2, 2, seed=0), lif)


def test_calling_a_network_gives_the_spikes_of_its_last_layer():
    net = Sequential(Linear.draw(4, 3, seed=0), Leaky(0.9))
    spikes = np.ones((5, 2, 4), np.uint8)
    assert_same_bits(net(spikes), net.run(spikes)["leaky1"].spikes)
    assert spikecore.Sequential is Sequential
    assert spikecore.Linear is Linear


class Tensor:
    """What numpy sees of a torch tensor that requires gradients."""

    requires_grad = True

    def __init__(self, values):
        self.values = np.asarray(values, np.float32)

    def detach(self):
        return self

    cpu = detach

    def __array__(self, dtype=None, copy=None):
        return self.values


def test_the_weights_of_a_torch_layer_are_taken_without_their_gradient():
    layer = SimpleNamespace(weight=Tensor([[1, 2]]), bias=Tensor([3]))
    assert Linear.from_torch(layer) == Linear(np.float32([[1, 2]]), np.float32([3]))
    with pytest.raises(TypeError, match=r"weight must need no gradient.* Linear\.from_torch"):
        Linear(layer.weight)
    with pytest.raises(TypeError, match=r"weight must be a matrix, got 784; .*Linear\.draw"):
        Linear(784, 1000)
    with pytest.raises(TypeError, match="layer must have weight and bias, got an int"):
        Linear.from_torch(3)


def test_layers_and_networks_are_equal_by_value():
    def network(seed, names=None):
        return Sequential(Linear.draw(4, 3, seed=seed), Leaky(0.9), names=names)

    assert network(0) == network(0) == pickle.loads(pickle.dumps(network(0)))
    assert network(0) != network(1)
    assert network(0) != network(0, names=("a", "b"))
    assert Linear.draw(4, 3, seed=0) != Linear.draw(4, 3, seed=1)
    assert Linear(np.eye(2, dtype=np.float32)) != Linear(np.eye(2))
    assert Linear.draw(4, 3, seed=0) != 3


def test_what_is_compared_by_value_has_no_hash():
    net = Sequential(Linear.draw(4, 3, seed=0), Leaky(0.9))
    layers = net.run(np.ones((5, 2, 4), np.uint8))
    run = Leaky(0.9).run(np.ones((5, 2), np.float32))
    for value in (net, *net.layers.values(), layers["leaky1"], run):
        with pytest.raises(TypeError, match=f"unhashable type: '{type(value).__name__}'"):
            hash(value)


def test_results_are_compared_by_value_and_shown_by_their_shapes():
    net = Sequential(Linear.draw(4, 3, seed=0), Leaky(0.9))
    spikes = np.ones((5, 2, 4), np.uint8)
    assert net.run(spikes) == net.run(spikes)
    assert net.run(spikes) != net.run(np.zeros_like(spikes))
    run = Leaky(0.5).run(np.ones((5, 2), np.float32))
    assert run == Leaky(0.5).run(np.ones((5, 2), np.float32))
    assert run != Leaky(0.6).run(np.ones((5, 2), np.float32))
    assert run != tuple(run)
    assert repr(run) == (
        "Run(spikes=float32[5, 2], recorded={'membrane': float32[5, 2]}, final=(float32[2],))"
    )
    assert repr(net.run(spikes, record=())["leaky1"]) == (
        "LayerRun(spikes=None, recorded={}, counts=int64[2, 3], final=(float32[2, 3],))"
    )
