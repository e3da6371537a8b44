"""Graphs of layers: the order in which they are run, cycles, sums, and what they refuse."""

import itertools
import pickle

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecore import LIF, Leaky
from spikecore.network import LI, Conv2d, Delay, Flatten, Graph, Linear, Scale, Sequential
from spikecore.network.order import plan

DEVICES = ("cpu", "numpy")


def binary(shape, density, seed=0):
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(0, 0.7, shape).astype(np.float32)


def dyadic(shape, seed=0):
    return (np.random.default_rng(seed).integers(-64, 65, shape) / 64).astype(np.float32)


def assert_same_runs(runs, expected):
    assert list(runs) == list(expected)
    for name, layer in expected.items():
        for ours, theirs in ((runs[name].spikes, layer.spikes), (runs[name].counts, layer.counts)):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                assert_same_bits(ours, theirs)
        for state, values in layer.recorded.items():
            assert_same_bits(runs[name].recorded[state], values)
        for ours, theirs in zip(runs[name].final, layer.final, strict=True):
            assert_same_bits(ours, theirs)


# --- a plain loop over steps ----------------------------------------------------------------------


def step_by_step(net, spikes, dtype=np.float32):
    """The spikes of every neuron, by calling each layer for each step.

    ``late`` is the plan's; what a layer gave before the first step is its output for zeros.
    """
    order = [name for part in net._plan.components for name in part.names]
    state = {name: () for name in order}
    held, result = {}, {name: [] for name in order}

    def before(name, above=()):
        layer = net.layers.get(name)
        shape = net._shapes({"input": spikes.shape[1:]}, "spikes")[name]
        if not hasattr(layer, "_fill") or name in above:
            return np.zeros(shape, dtype)
        return layer(total([before(s, (*above, name)) for s in sources[name]]), exact=True)

    def total(values):
        out = np.asarray(values[0])
        for value in values[1:]:
            out = out.astype(dtype) + np.asarray(value).astype(dtype)
        return out

    sources = {name: [s for s, target in net.edges if target == name] for name in order}
    for source, _ in net._plan.late:
        held[source] = before(source)
    for x in spikes:
        now = {"input": x}
        for name in order:
            values = [held[s] if (s, name) in net._plan.late else now[s] for s in sources[name]]
            layer = net.layers[name]
            if isinstance(layer, (Leaky, LIF)):
                fired, *state[name] = layer(total(values).astype(dtype), *state[name])
                now[name] = fired.astype(np.uint8)
            elif isinstance(layer, Delay):
                run = layer.run(total(values)[None], *state[name])
                now[name], state[name] = run.values[0], run.final
            else:
                now[name] = layer(total(values), exact=True)
            result[name].append(now[name])
        held = {name: now[name] for name in held}
    return {name: np.array(values) for name, values in result.items()}


def recurrent(order=lambda edges: edges, **nodes):
    """Two layers of neurons, with a skip connection, and a loop in each and around both."""
    layers = {
        "w1": Linear(normal((5, 4), 1), normal(5, 2)),
        "lif1": LIF(0.8, threshold=0.6),
        "back1": Linear(normal((5, 5), 3), normal(5, 4)),
        "w2": Linear(normal((5, 5), 5)),
        "lif2": Leaky(0.9, threshold=0.5),
        "back2": Linear(normal((5, 5), 6), normal(5, 7)),
        "skip": Scale(0.5),
    }
    edges = [
        ("input", "w1"), ("w1", "lif1"), ("lif1", "back1"), ("back1", "lif1"), ("lif1", "w2"),
        ("w2", "lif2"), ("lif2", "back2"), ("back2", "lif1"), ("lif1", "skip"), ("skip", "lif2"),
        ("lif2", "lif2"), ("lif2", "output"),
    ]  # fmt: skip
    return Graph({**layers, **nodes}, order(edges), inputs={"input": (4,)})


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("steps", [1, 4, 25])
def test_a_graph_with_cycles_is_a_plain_loop_over_steps(device, steps):
    net, spikes = recurrent(), binary((25, 3, 4), 0.4)
    assert net._plan.late == {("back1", "lif1"), ("back2", "lif1"), ("lif2", "lif2")}
    expected = step_by_step(net, spikes)
    run = net.run(spikes, exact=True, device=device, steps_per_chunk=steps)
    assert list(run) == ["lif1", "back1", "lif2", "back2"]
    for name in ("lif1", "lif2"):
        assert expected[name].any() and not expected[name].all()
        assert_same_bits(run[name].spikes, expected[name])
        np.testing.assert_array_equal(run[name].counts, expected[name].sum(axis=0))
    output = net(spikes, exact=True, device=device, steps_per_chunk=steps)
    assert_same_bits(output, expected["lif2"])


def test_weights_whose_sums_are_exact_give_the_same_run_on_any_path():
    weights = {
        name: Linear(dyadic((5, 4 if name == "w1" else 5), n))
        for n, name in enumerate(("w1", "w2", "back1", "back2"))
    }
    net, spikes = recurrent(**weights), binary((25, 3, 4), 0.4)
    expected = net.run(spikes, exact=True, device="numpy")
    for device, exact in itertools.product(DEVICES, (True, False)):
        assert_same_runs(net.run(spikes, exact=exact, device=device), expected)


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_the_edges_is_of_no_account(seed):
    spikes = binary((20, 2, 4), 0.4)

    def shuffled(edges):
        return [edges[k] for k in np.random.default_rng(seed).permutation(len(edges))]

    net, other = recurrent(), recurrent(shuffled)
    assert net == other and str(net) == str(other)
    assert_same_runs(other.run(spikes), net.run(spikes))


@given(st.integers(0, 12), st.integers(1, 13))
@settings(max_examples=15)
def test_a_graph_goes_on_from_the_state_of_another_run(cut, chunk):
    net = recurrent(skip=Delay(3))
    spikes = binary((12, 2, 4), 0.5, 3)
    whole = net.run(spikes, exact=True, device="numpy")
    first = net.run(spikes[:cut], exact=True, device="numpy", steps_per_chunk=chunk)
    state = {name: layer.final for name, layer in first.items()}
    rest = net.run(spikes[cut:], state=state, exact=True, device="numpy", steps_per_chunk=chunk)
    for name in ("lif1", "lif2"):
        joined = np.concatenate([first[name].spikes, rest[name].spikes])
        assert_same_bits(joined, whole[name].spikes)
    for name, layer in whole.items():
        for ours, theirs in zip(rest[name].final, layer.final, strict=True):
            assert_same_bits(ours, theirs)


@pytest.mark.parametrize("device", DEVICES)
def test_a_delay_in_a_graph(device):
    net, spikes = recurrent(skip=Delay(2)), binary((25, 3, 4), 0.4)
    run = net.run(spikes, exact=True, device=device, steps_per_chunk=4)
    assert_same_bits(run["lif2"].spikes, step_by_step(net, spikes)["lif2"])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("steps", [1, 25])
def test_a_delay_on_a_cycle_closes_it(device, steps):
    net, spikes = recurrent(back1=Delay(2)), binary((25, 3, 4), 0.4)
    assert net._plan.late == {("back2", "lif1"), ("lif2", "lif2")}
    run = net.run(spikes, exact=True, device=device, steps_per_chunk=steps)
    assert run["lif1"].spikes.any()
    assert_same_bits(run["lif1"].spikes, plain_two_steps(net, spikes))


def plain_two_steps(net, spikes):
    """The spikes of ``lif1`` where its own spikes come back two steps later."""
    layers = net.layers
    state1, state2 = (), ()
    before = [np.zeros((3, 5), np.float32)] * 2
    late2 = np.zeros((3, 5), np.float32)
    back2 = layers["back2"](np.zeros((3, 5), np.uint8), exact=True)
    out = []
    position = [name for part in net._plan.components for name in part.names]
    assert position.index("back1") < position.index("lif1")
    for x in spikes:
        now = {"w1": layers["w1"](x, exact=True), "back1": before[0], "back2": back2}
        ordered = [now[s] for s, target in net.edges if target == "lif1"]
        total = ordered[0]
        for value in ordered[1:]:
            total = total + value
        fired, *state1 = layers["lif1"](total, *state1)
        into2 = {
            "w2": layers["w2"](fired, exact=True),
            "skip": layers["skip"](fired),
            "lif2": late2,
        }
        ordered = [into2[s] for s, target in net.edges if target == "lif2"]
        total = ordered[0]
        for value in ordered[1:]:
            total = total + value
        late2, *state2 = layers["lif2"](total, *state2)
        back2 = layers["back2"](late2, exact=True)
        before = [before[1], fired]
        out.append(fired.astype(np.uint8))
    return np.array(out)


# --- without cycles -------------------------------------------------------------------------------


def test_a_graph_without_branches_is_a_sequential_network():
    layers = [Linear(normal((6, 4), 1)), Leaky(0.9), Linear(normal((2, 6), 2)), LIF(0.8)]
    names = ("linear1", "leaky1", "linear2", "lif1")
    chain = Sequential(*layers)
    graph = Graph(
        dict(zip(names, layers, strict=True)), itertools.pairwise(("input", *names, "output"))
    )
    spikes = binary((15, 2, 4), 0.4)
    assert_same_runs(graph.run(spikes), chain.run(spikes))
    assert_same_bits(graph(spikes), chain(spikes))
    assert graph != chain and isinstance(chain, Graph)


def test_several_inputs_and_outputs():
    left, right = Linear(dyadic((3, 4), 1)), Linear(dyadic((3, 2), 2))
    net = Graph(
        {"left": left, "right": right, "lif": Leaky(0.9), "readout": LI(0.5)},
        [
            ("a", "left"), ("b", "right"), ("left", "lif"), ("right", "lif"), ("lif", "spikes"),
            ("lif", "readout"), ("readout", "membrane"), ("left", "sums"), ("right", "sums"),
        ],
        inputs={"a": (4,), "b": (2,)},
        outputs=("spikes", "membrane", "sums"),
    )  # fmt: skip
    a, b = binary((9, 2, 4), 0.5), binary((9, 2, 2), 0.5, 1)
    for chunk in (1, 4, 9):
        outputs = net({"a": a, "b": b}, steps_per_chunk=chunk)
        sums = left(a) + right(b)
        lif = Leaky(0.9).run(sums)
        np.testing.assert_array_equal(outputs["spikes"], lif.spikes)
        np.testing.assert_array_equal(outputs["membrane"], LI(0.5).run(lif.spikes).values)
        np.testing.assert_array_equal(outputs["sums"], sums)
    assert net.inputs == {"a": (4,), "b": (2,)} and net.outputs == ("spikes", "membrane", "sums")


def test_sums_are_taken_in_the_order_in_which_the_layers_are_run():
    """1e8 + 1 - 1e8 is 0 in float32, and 1 in another order."""
    numbers = {"b": 1e8, "c": 1.0, "a": -1e8}
    net = Graph(
        {**{name: Scale(x) for name, x in numbers.items()}, "out": Scale(1.0)},
        [("input", name) for name in numbers]
        + [(name, "out") for name in numbers]
        + [("out", "output")],
    )
    assert net(np.ones((1, 1), np.float32))[0, 0] == 0.0
    names = dict(net.edges)
    assert [source for source, target in net.edges if target == "out"] == ["b", "c", "a"]
    assert names["out"] == "output"


# --- the plan -------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(st.integers(1, 7), st.data())
def test_the_plan_of_any_graph_can_be_run(count, data):
    """Every layer follows its sources, but for edges of the step before; cycles need one."""
    names = tuple("abcdefg"[:count])
    sources = {
        name: data.draw(st.lists(st.sampled_from((*names, "input")), unique=True)) for name in names
    }
    closing = {name for name in names if data.draw(st.booleans())}
    found = plan(names, sources, closing)
    order = [name for part in found.components for name in part.names]
    assert sorted(order) == sorted(names)
    place = {name: number for number, name in enumerate(order)}
    home = {name: n for n, part in enumerate(found.components) for name in part.names}
    for name in names:
        for source in set(sources[name]) - {"input"}:
            inside = home[source] == home[name]
            assert home[source] <= home[name]
            if (source, name) in found.late:
                assert inside and found.components[home[name]].cyclic and name not in closing
            elif not (inside and name in closing):
                assert place[source] < place[name]
    again = plan(names, {name: list(reversed(s)) for name, s in sources.items()}, closing)
    assert again == found


def test_the_cycle_is_closed_where_it_is_entered():
    sources = {"a": ["input", "d"], "b": ["a"], "c": ["b"], "d": ["c", "c2"], "c2": ["c"]}
    found = plan(tuple(sources), sources, set())
    assert found.late == {("d", "a")}
    assert found.components[0].names == ("a", "b", "c", "c2", "d")
    delayed = plan(tuple(sources), sources, {"c"})
    assert delayed.late == frozenset() and delayed.components[0].names[0] == "c"


def test_a_chain_of_thousands_of_layers():
    names = tuple(str(n) for n in range(5000))
    sources = {name: [str(int(name) - 1)] if name != "0" else ["input", "4999"] for name in names}
    found = plan(names, sources, set())
    assert found.late == {("4999", "0")} and found.components[0].names == names


# --- values and refusals --------------------------------------------------------------------------


def test_a_graph_is_shown_as_a_table():
    net = Graph(
        {
            "conv": Conv2d(dyadic((2, 1, 3, 3))), "lif": Leaky(0.9), "flat": Flatten(),
            "w": Linear(dyadic((2, 8))), "back": Linear(dyadic((2, 2))), "out": Leaky(0.5),
        },
        [
            ("input", "conv"), ("conv", "lif"), ("lif", "flat"), ("flat", "w"), ("w", "out"),
            ("out", "back"), ("back", "out"), ("out", "output"),
        ],
        inputs={"input": (1, 4, 4)},
    )  # fmt: skip
    lines = repr(net).splitlines()
    assert str(net) == repr(net)
    assert lines[0].split() == ["name", "layer", "from", "shape"]
    assert lines[1].split() == [
        "conv",
        "Conv2d(1",
        "->",
        "2,",
        "3x3,",
        "float32)",
        "input",
        "[2,",
        "2,",
        "2]",
    ]
    assert "w, back of the step before" in lines[5] and lines[5].endswith("[2]")
    assert len(lines) == 7


def test_graphs_are_compared_by_value():
    assert recurrent() == recurrent() == pickle.loads(pickle.dumps(recurrent()))
    assert recurrent() != recurrent(skip=Scale(0.25))
    assert recurrent() != recurrent(lambda edges: edges[:-2] + edges[-1:])
    assert recurrent() != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(recurrent())


W, LAYER = Linear(np.eye(3, dtype=np.float32)), {"a": Leaky(0.5)}
ENDS = [("input", "a"), ("a", "output")]
THROUGH_W = [("input", "w"), ("w", "a"), ("a", "output")]
SPIKES = np.ones((4, 3), np.float32)
REFUSED = [
    (lambda: Graph([Leaky(0.5)], ENDS), TypeError, "^nodes must be a dict of layers"),
    (lambda: Graph({"a": 3}, ENDS), TypeError, "^nodes must be Linear layers or neurons"),
    (lambda: Graph({}, []), ValueError, "^nodes must have a layer and an input, got 0 layers"),
    (lambda: Graph(LAYER, [("input", "b")]), ValueError, "^edges must lead to a layer or an out"),
    (lambda: Graph(LAYER, [("x", "a")]), ValueError, "^edges must lead from a layer or"),
    (lambda: Graph(LAYER, [("output", "a")]), ValueError, "^edges must lead from a layer or an in"),
    (lambda: Graph(LAYER, [("a", "input")]), ValueError, "^edges must lead to a layer or an"),
    (lambda: Graph(LAYER, [("input",)]), TypeError, "^edges must be pairs of names"),
    (lambda: Graph(LAYER, 5), TypeError, "^edges must be pairs of names"),
    (lambda: Graph(LAYER, [*ENDS, ENDS[0]]), ValueError, "^edges must be there once"),
    (lambda: Graph(LAYER, ENDS[:1]), ValueError, "^edges must lead to every layer and out"),
    (
        lambda: Graph({**LAYER, "w": W}, [*ENDS, ("w", "w")]),
        ValueError,
        "^edges must lead from an input to every layer, got no way to 'w'",
    ),
    (lambda: Graph(LAYER, ENDS, inputs=("a",)), ValueError, "^names must be distinct"),
    (lambda: Graph(LAYER, ENDS, inputs={"input": (0,)}), ValueError, r"^inputs\['input'\] mu"),
    (
        lambda: Graph({"w": W, **LAYER}, THROUGH_W, inputs={"input": (4,)}),
        ValueError,
        r"^layers must fit, but w, Linear\(3 -> 3, float32\), must have 3 features and gets shape "
        r"\[..., 4\] from input; ",
    ),
    (
        lambda: Graph(
            {"w": W, "v": Linear(dyadic((2, 3))), **LAYER},
            [("input", "w"), ("input", "v"), ("w", "a"), ("v", "a"), ENDS[1]],
        ),
        ValueError,
        r"^nodes must give a inputs of one shape, got shape \[..., 3\] from w, shape \[..., 2\] fr",
    ),
    (
        lambda: Graph({"w": W, "a": Linear(np.eye(3))}, [("input", "w"), ("w", "a"), ENDS[1]]),
        ValueError,
        "^layers must fit, but w is .* make all weights of one dtype",
    ),
    (lambda: recurrent().run({"x": SPIKES}), TypeError, "^spikes must be a dict of arrays"),
    (lambda: recurrent().run(binary((3, 4), 1), state={"w1": ()}), ValueError, "^state must name"),
    (lambda: recurrent().run(binary((3, 4), 1), state={"back1": (1, 2)}), TypeError, "^state mus"),
    (
        lambda: recurrent().run(binary((3, 5), 1)),
        ValueError,
        r"^spikes must have the axes \[4\] of input at their end, got shape \(5,\) of a step; ",
    ),
    (
        lambda: recurrent().run(binary((3, 4), 1), state={"back1": (np.ones(5),)}),
        ValueError,
        r"^output must have shape \(5,\) and dtype float32, got \(5,\) and float64; ",
    ),
    (
        lambda: Graph({"w": Scale(1e20), "a": Scale(1e20)}, THROUGH_W)(SPIKES),
        ValueError,
        r"^current must be finite, but current\[0, 0\] is inf",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[m for *_, m in REFUSED])
def test_what_does_not_fit_is_refused(call, kind, message):
    with pytest.raises(kind, match=message) as refusal:
        call()
    assert "; " in str(refusal.value) and "\n" not in str(refusal.value)


def test_inputs_of_different_lengths_are_refused():
    net = Graph({"a": Scale(1.0)}, [("x", "a"), ("y", "a"), ("a", "output")], inputs=("x", "y"))
    with pytest.raises(
        ValueError, match=r"^spikes must have one number of steps, got 4 of x, 3 of"
    ):
        net({"x": SPIKES, "y": SPIKES[:3]})
    with pytest.raises(TypeError, match=r"^spikes must be a dict of arrays"):
        net(SPIKES)


def test_a_run_does_not_depend_on_the_run_before_it():
    weight = np.full((2, 3), 3e38, np.float32)  # overflows for inputs above 1, which are looked at

    def network():
        return Sequential(
            Linear(weight / 3), Leaky(0.5), Linear(np.eye(2, dtype=np.float32)), LI(0.5)
        )

    net = network()
    ones = binary((4, 2, 3), 0.5)
    calls = [ones, ones[:, :1], ones * np.float32(0.5), ones[:3], ones.astype(bool), ones[:, 0]]
    for spikes in calls:
        assert_same_runs(net.run(spikes), network().run(spikes))
    net.run(ones.astype(bool))
    with pytest.raises(ValueError, match="current must be finite"):
        net.run(np.full((4, 2, 3), 255, np.uint8))
    net.run(ones.astype(bool))
    with pytest.raises(ValueError, match="spikes"):
        net.run(np.ones((4, 2, 5), np.uint8))
