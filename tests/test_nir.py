"""NIR graphs: what is read and refused, nested graphs and cycles, and what each rule refuses."""

import io
import itertools
import sys

import h5py
import numpy as np
import pytest

from spikecore import __main__, nir
from spikecore.network import Graph, Linear
from spikecore.nir import files
from spikecore.nir.nodes import FIELDS
from spikecore.nir.rules import NAMES

ONE = {"r": 1.0, "v_leak": 0.0}


def node(kind, **fields):
    return {"type": kind, **fields}


def graph(nodes, edges, size=2, output=None):
    """A description of a graph with one input and one output."""
    ends = {
        "input": node("Input", shape=np.atleast_1d(size)),
        "output": node("Output", shape=np.atleast_1d(size if output is None else output)),
    }
    return {"type": "NIRGraph", "nodes": {**ends, **nodes}, "edges": edges}


def chain(*nodes, size=2, output=None):
    """A description of nodes in a row, n0, n1, ..."""
    names = [f"n{n}" for n in range(len(nodes))]
    edges = list(itertools.pairwise(("input", *names, "output")))
    return graph(dict(zip(names, nodes, strict=True)), edges, size, output)


def lif(size=2, **changes):
    fields = {"tau": 1e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.5, "v_reset": 0.0, **changes}
    return node("LIF", **{name: np.full(size, value, np.float32) for name, value in fields.items()})


def cuba(size=2, kind="CubaLIF", **changes):
    fields = {"tau_mem": 1e-3, "tau_syn": 5e-4, "r": 1.0, "v_leak": 0.0, "w_in": 1.0, **changes}
    if kind == "CubaLIF":
        fields = {"v_threshold": 0.5, "v_reset": 0.0, **fields}
    return node(kind, **{name: np.full(size, value, np.float32) for name, value in fields.items()})


def affine(outputs=2, inputs=2, seed=0, bias=True):
    rng = np.random.default_rng(seed)
    weight = rng.integers(-32, 64, (outputs, inputs)).astype(np.float32) / 16
    offset = rng.integers(-4, 5, outputs).astype(np.float32) / 16
    return node("Affine", weight=weight, bias=offset if bias else 0 * offset)


def binary(shape, density=0.5, seed=0):
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def conv(kind="Conv2d", **changes):
    two = kind == "Conv2d"
    fields = {
        "weight": np.ones((3, 2, 3, 3) if two else (3, 2, 3), np.float32),
        "bias": np.zeros(3, np.float32), "stride": [1, 1] if two else 1, "groups": 1,
        "padding": [1, 1] if two else 1, "dilation": [1, 1] if two else 1,
        "input_shape": [4, 4] if two else 4,
    }  # fmt: skip
    return node(kind, **{**fields, **changes})


POOL = {"kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]}
EVERY = {
    "Affine": chain(affine()),
    "Linear": chain(node("Linear", weight=np.ones((2, 2), np.float32))),
    "Conv1d": chain(conv("Conv1d"), size=(2, 4), output=(3, 4)),
    "Conv2d": chain(conv(padding="same"), size=(2, 4, 4), output=(3, 4, 4)),
    "SumPool2d": chain(node("SumPool2d", **POOL), size=(2, 4, 4), output=(2, 2, 2)),
    "AvgPool2d": chain(node("AvgPool2d", **POOL), size=(2, 4, 4), output=(2, 2, 2)),
    "Flatten": chain(
        node("Flatten", start_dim=0, end_dim=-1, input_type=[2, 4]), size=(2, 4), output=8
    ),
    "Scale": chain(node("Scale", scale=np.array([0.5, 2.0]))),
    "Threshold": chain(node("Threshold", threshold=np.array([0.5, 1.0]))),
    "Delay": chain(node("Delay", delay=np.array([1e-4, 3e-4]))),
    "I": chain(node("I", r=np.ones(2))),
    "LI": chain(node("LI", tau=np.full(2, 1e-3), r=np.ones(2), v_leak=np.zeros(2))),
    "CubaLI": chain(cuba(kind="CubaLI")),
    "IF": chain(node("IF", r=np.ones(2), v_threshold=np.ones(2), v_reset=np.zeros(2))),
    "LIF": chain(lif()),
    "CubaLIF": chain(cuba()),
}


# --- every node -----------------------------------------------------------------------------------


def test_every_primitive_is_tried():
    assert set(EVERY) == set(FIELDS) - {"Input", "Output"}


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_every_primitive_is_written_read_and_run(kind, tmp_path):
    net = nir.read(EVERY[kind])
    net.write(tmp_path / "net.nir")
    again = nir.read(tmp_path / "net.nir")
    assert again == net
    again.write(tmp_path / "again.nir")
    assert nir.read(tmp_path / "again.nir") == net
    shape = tuple(net.nodes["input"].fields["shape"])
    spikes = binary((9, 3, *shape))
    outputs = net.run(spikes, 1e-4).outputs
    assert outputs.shape == (9, 3, *net.nodes["output"].fields["shape"])
    np.testing.assert_array_equal(again.run(spikes, 1e-4, device="numpy").outputs, outputs)
    np.testing.assert_array_equal(
        net.to_graph(1e-4)(spikes.astype(np.float32), exact=True), outputs
    )


def equations(kind, fields, x, dt, decayed):
    """NIR's equations of one neuron in float64, with what is left after a step."""

    def left(tau):
        return decayed(dt / fields[tau])

    current, v, out = 0.0, fields.get("v_leak", 0.0), []
    for now in x:
        drive = now
        if kind.startswith("Cuba"):
            current = left("tau_syn") * current + (1 - left("tau_syn")) * fields["w_in"] * now
            drive = current
        if kind in ("I", "IF"):
            v = v + fields["r"] * dt * drive
        else:
            d = left("tau_mem" if kind.startswith("Cuba") else "tau")
            v = fields["v_leak"] + d * (v - fields["v_leak"]) + fields["r"] * (1 - d) * drive
        fired = kind.endswith("F") and v > fields["v_threshold"]
        out.append(float(fired) if kind.endswith("F") else v)
        v = fields["v_reset"] if fired else v
    return np.array(out)


@pytest.mark.parametrize("rules", ["exact", "euler"])
@pytest.mark.parametrize("kind", ["I", "LI", "CubaLI", "IF", "LIF", "CubaLIF"])
def test_the_equations_of_the_text(kind, rules):
    numbers = {
        "tau": 1e-3, "tau_mem": 1e-3, "tau_syn": 4e-4, "r": 3.0, "v_leak": 0.125, "w_in": 2.0,
        "v_threshold": 0.75, "v_reset": -0.25,
    }  # fmt: skip
    fields = {name: numbers[name] for name in FIELDS[kind]}
    if kind in ("I", "IF"):
        fields["r"] = 2000.0
    net = nir.read(chain(node(kind, **{name: np.array([v]) for name, v in fields.items()}), size=1))
    x = np.random.default_rng(0).normal(0.3, 1, (200, 1))
    run = net.run(x, 1e-4, rules, dtype="float64", device="numpy")
    decayed = {"exact": lambda a: np.exp(-a), "euler": lambda a: 1 - a}[rules]
    expected = equations(kind, fields, x[:, 0], 1e-4, decayed)
    if kind.endswith("F"):
        assert 3 < expected.sum() < 150
        np.testing.assert_array_equal(run.outputs[:, 0], expected)
    else:
        np.testing.assert_allclose(run.outputs[:, 0], expected, rtol=0, atol=1e-12)


def test_a_flatten_counts_axes_without_the_batch():
    net = nir.read(
        chain(
            node("Flatten", start_dim=1, end_dim=2, input_type=[3, 2, 4]),
            size=(3, 2, 4),
            output=(3, 8),
        )
    )
    values = np.arange(5 * 24, dtype=np.float32).reshape(5, 3, 2, 4)
    np.testing.assert_array_equal(net.run(values, 1.0).outputs, values.reshape(5, 3, 8))


# --- graphs ---------------------------------------------------------------------------------------


def recurrent(nested, edges=None):
    """Two inputs through weights into neurons whose spikes come back, in one graph or two."""
    inner = {"lif": lif(3), "w_rec": affine(3, 3, 1)}
    loop = [("lif", "w_rec"), ("w_rec", "lif")]
    if nested:
        ends = {"in": node("Input", shape=[3]), "out": node("Output", shape=[3])}
        inside = {
            "type": "NIRGraph", "nodes": {**inner, **ends},
            "edges": [*loop, ("in", "lif"), ("lif", "out")],
        }  # fmt: skip
        nodes = {"fc": affine(3, 2), "hidden": inside, "fc2": affine(2, 3, 2)}
        edges = [("input", "fc"), ("fc", "hidden"), ("hidden", "fc2"), ("fc2", "output")]
        return graph(nodes, edges)
    named = {f"hidden.{name}": value for name, value in inner.items()}
    nodes = {"fc": affine(3, 2), **named, "fc2": affine(2, 3, 2)}
    if edges is None:
        edges = [(f"hidden.{a}", f"hidden.{b}") for a, b in loop]
        edges += [("input", "fc"), ("fc", "hidden.lif"), ("hidden.lif", "fc2"), ("fc2", "output")]
    return graph(nodes, edges)


def by_hand(spikes, first_bias=True):
    """The recurrent network as a plain loop, with Euler's steps of dt = tau/4."""
    fc, rec, fc2 = (
        Linear(found["weight"], found["bias"])
        for found in (affine(3, 2), affine(3, 3, 1), affine(2, 3, 2))
    )
    v, back, out = np.zeros((*spikes.shape[1:-1], 3), np.float32), None, []
    back = rec(np.zeros_like(v)) if first_bias else np.zeros_like(v)
    for s in spikes:
        v = np.float32(0.75) * v + np.float32(0.25) * (fc(s, exact=True) + back)
        fired = v > np.float32(0.5)
        v = np.where(fired, np.float32(0), v)
        back = rec(fired, exact=True)
        out.append(fc2(fired, exact=True))
    return np.array(out)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_cycles_and_nested_graphs(nested, device):
    net = nir.read(recurrent(nested))
    spikes = binary((40, 3, 2))
    assert list(net.to_graph(2.5e-4, "euler").layers) == ["fc", "fc2", "hidden.lif", "hidden.w_rec"]
    run = net.run(spikes, 2.5e-4, "euler", device=device)
    np.testing.assert_array_equal(run.outputs, by_hand(spikes), strict=True)
    norse = net.run(spikes, 2.5e-4, "norse-1.1", device=device)
    np.testing.assert_array_equal(norse.outputs, by_hand(spikes, first_bias=False))
    assert (norse.outputs != run.outputs).any()


def test_the_order_of_edges_is_of_no_account():
    edges = recurrent(False)["edges"]
    first = nir.read(recurrent(False))
    spikes = binary((20, 2))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(edges))
        other = nir.read(recurrent(False, [edges[k] for k in order]))
        assert other == first
        outputs = other.run(spikes, 1e-4).outputs
        np.testing.assert_array_equal(outputs, first.run(spikes, 1e-4).outputs)


def test_a_nested_graph_is_written_and_read_as_it_was(tmp_path):
    description = recurrent(True)
    description["metadata"] = {"who": "test", "deep": {"x": np.arange(3)}}
    net = nir.read(description)
    net.write(tmp_path / "nested.nir")
    again = nir.read(tmp_path / "nested.nir")
    assert again == net and again._graph.metadata["deep"]["x"].tolist() == [0, 1, 2]
    assert set(again._graph.nodes["hidden"].nodes) == {"in", "out", "lif", "w_rec"}
    assert again != nir.read(recurrent(True))


def test_graphs_in_graphs_with_inputs_that_are_passed_on():
    net = nir.read(graph({"a": through(), "s": node("Scale", scale=np.full(2, 2.0))}, [
        ("input", "a"), ("a", "s"), ("s", "output"),
    ]))  # fmt: skip
    assert net.edges == (("s", "output"), ("input", "s")) or set(net.edges) == {
        ("input", "s"), ("s", "output"),
    }  # fmt: skip
    np.testing.assert_array_equal(net.run(np.ones((1, 2)), 1.0).outputs, [[2.0, 2.0]])


def through():
    """A description of a graph that passes its input on."""
    nodes = {"i": node("Input", shape=[2]), "o": node("Output", shape=[2])}
    return {"type": "NIRGraph", "nodes": nodes, "edges": [("i", "o")]}


def test_thousands_of_graphs_inside_are_put_in_place():
    net = nir.read(chain(*([through()] * 4000), lif()))
    assert net.edges == (("n4000", "output"), ("input", "n4000"))


def test_graphs_inside_whose_edges_multiply_are_refused():
    layers = [node("Scale", scale=np.ones(2)) for _ in range(1100)]
    names = [f"s{n}" for n in range(1100)]
    edges = [("input", name) for name in names] + [(name, "hub") for name in names]
    edges += [("hub", f"t{n}") for n in range(1100)]
    nodes = dict(zip(names, layers, strict=True)) | {"hub": through()}
    nodes |= {f"t{n}": layer for n, layer in enumerate(layers)}
    with pytest.raises(nir.FileError, match=r"^edges must be at most 1048576 when graphs are put"):
        nir.read(graph(nodes, edges))


def test_a_graph_inside_takes_the_sum_of_its_sources():
    inside = {
        "type": "NIRGraph",
        "nodes": {
            "i": node("Input", shape=[2]), "s": node("Scale", scale=np.full(2, 2.0)),
            "o": node("Output", shape=[2]),
        },
        "edges": [("i", "s"), ("i", "o"), ("s", "o")],
    }  # fmt: skip
    halves = {
        name: node("Scale", scale=np.full(2, value)) for name, value in (("a", 3.0), ("b", 5.0))
    }
    net = nir.read(graph({**halves, "in": inside, "end": node("Scale", scale=np.ones(2))}, [
        ("input", "a"), ("input", "b"), ("a", "in"), ("b", "in"), ("in", "end"), ("end", "output"),
    ]))  # fmt: skip
    found = {(a, b) for a, b in net.edges if b in ("in.s", "end")}
    assert found == {("a", "in.s"), ("b", "in.s"), ("a", "end"), ("b", "end"), ("in.s", "end")}
    assert net.run(np.ones((1, 2)), 1.0).outputs.tolist() == [[24.0, 24.0]]


def test_several_inputs_and_outputs():
    description = graph({"a": affine(), "b": affine(seed=1), "lif": lif()}, [
        ("input", "a"), ("other", "b"), ("a", "lif"), ("b", "lif"), ("lif", "output"),
        ("a", "second"),
    ])  # fmt: skip
    description["nodes"] |= {"other": node("Input", shape=[2]), "second": node("Output", shape=[2])}
    net = nir.read(description)
    given = {"input": binary((8, 2)), "other": binary((8, 2), seed=1)}
    run = net.run(given, 1e-4)
    assert set(run.outputs) == {"output", "second"}
    weights = affine()
    expected = Linear(weights["weight"], weights["bias"])(given["input"], exact=True)
    np.testing.assert_array_equal(run.outputs["second"], expected)


class Foreign:
    """What spikecore sees of a graph of the nir package."""

    nodes: dict = {}  # noqa: RUF012
    edges: list = []  # noqa: RUF012

    def __init__(self, description):
        self.description = description

    def to_dict(self):
        return self.description


def test_a_graph_of_the_nir_package_is_taken():
    assert nir.read(Foreign(recurrent(True))) == nir.read(recurrent(True))


def test_a_run_goes_on_from_the_state_of_another():
    net, spikes = nir.read(recurrent(False)), binary((30, 2, 2))
    whole = net.run(spikes, 2.5e-4, "euler")
    first = net.run(spikes[:11], 2.5e-4, "euler")
    state = {name: layer.final for name, layer in first.layers.items()}
    rest = net.run(spikes[11:], 2.5e-4, "euler", state=state)
    joined = np.concatenate([first.outputs, rest.outputs])
    np.testing.assert_array_equal(joined, whole.outputs)


# --- rules ----------------------------------------------------------------------------------------


def test_every_rule_is_listed_and_explained():
    assert tuple(nir.rules()) == NAMES
    for name, rule in nir.rules().items():
        assert rule.simulator and rule.version and rule.meaning, name


REFUSALS = [
    ("norse-1.1", chain(lif(r=2.0)), "n0/r must be 1 with rules=.*since Norse ignores it, got 2"),
    ("norse-1.1", chain(lif(v_reset=0.25)), "n0/v_reset must be 0 .*since Norse resets to 0"),
    ("norse-1.1", chain(node("LI", tau=1e-3, **ONE)), "n0 must be another kind .*passes the"),
    ("norse-1.1", chain(cuba(v_leak=0.5)), "n0/v_leak must be 0 .*synaptic current too"),
    ("norse-1.1", EVERY["AvgPool2d"], "n0 must .*ends the network there, got AvgPool2d"),
    (
        "norse-1.1",
        chain(node("SumPool2d", **{**POOL, "padding": [1, 1]}), size=(2, 4, 4), output=(2, 3, 3)),
        "n0/padding must be 0 .*importer ignores it",
    ),
    ("snntorch-1.0", EVERY["IF"], "n0 must be another kind .*that cannot run, got IF"),
    ("snntorch-1.0", chain(lif(v_leak=0.5)), "n0/v_leak must be 0 .*raises an error"),
    ("snntorch-1.0", chain(lif(v_reset=0.5)), "n0/v_reset must be 0 .*snnTorch resets to 0"),
    ("snntorch-1.0", chain(lif(r=np.array([1.0, 2.0]))), "n0/r must scale all .*got 1.0 to 2"),
    ("snntorch-1.0", chain(cuba()), "n0/r must be tau_mem/dt .*raises an error"),
    ("sinabs-3.1", chain(lif(r=2.0)), "n0/r must be 1 .*Sinabs ignores it"),
    ("sinabs-3.1", chain(lif(v_reset=0.5)), "n0/v_reset must be 0 .*Sinabs subtracts"),
    ("sinabs-3.1", chain(cuba()), "n0 must be another kind .*Sinabs passes the input on"),
    ("spikingjelly-2.0", chain(lif(r=2.0)), "n0/r must be 1 or tau/dt .*raises an err"),
    ("spikingjelly-2.0", chain(lif(v_threshold=np.arange(1, 3))), "n0/v_threshold must be one n"),
    ("spikingjelly-2.0", chain(lif(tau=np.array([1e-3, 2e-3]))), "n0/tau must be one number"),
    ("spikingjelly-2.0", EVERY["LI"], "n0 must be another kind .*no such node, got LI"),
    ("spikingjelly-2.0", chain(lif(v_leak=0.5)), "n0/v_leak must be v_reset"),
    ("spyx", chain(lif(r=2.0)), "n0/r must be 1 .*Spyx ignores it"),
    ("spyx", EVERY["Scale"], "n0 must be another kind .*Spyx passes the input on"),
    ("lava-float", chain(lif(v_leak=0.5)), "n0/v_leak must be 0"),
    ("lava-fixed", recurrent(False), "graph must be a chain of layers with rules='lava-fixed'"),
    ("lava-fixed", chain(affine(), lif()), "n0/bias must be 0 with rules='lava-fixed'"),
    ("lava-fixed", chain(lif(r=2.0)), "n0/r must be 1 with rules='lava-fixed'"),
    ("lava-fixed", EVERY["CubaLIF"], "n0 must be a LIF, or weights before one"),
    ("euler", chain(lif(tau=1e-5)), "n0/tau must be at least dt .*Euler's step is unstable"),
    ("exact", chain(node("Delay", delay=np.full(2, 1.5e-4))), "n0/delay must be whole numbers"),
    ("exact", chain(lif(v_threshold=0.0)), "n0: threshold must lie in"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "description", "message"), REFUSALS, ids=[f"{r} {m[:40]}" for r, _, m in REFUSALS]
)
def test_what_a_rule_ignores_or_cannot_express_is_refused(rules, description, message):
    net = nir.read(description)
    shape = tuple(net.nodes["input"].fields["shape"])
    with pytest.raises(nir.FileError, match=f"^{message}") as refusal:
        net.run(binary((5, *shape)), 1e-4, rules, device="numpy")
    assert "; " in str(refusal.value) and "\n" not in str(refusal.value)


def test_with_strict_false_a_rule_does_as_the_importer():
    spikes = binary((40, 2), 0.7)

    def run(description, rules, **options):
        return nir.read(description).run(spikes, 1e-4, rules, strict=False, **options).outputs

    np.testing.assert_array_equal(
        run(chain(lif(r=9.0)), "norse-1.1"), run(chain(lif()), "norse-1.1")
    )
    np.testing.assert_array_equal(run(EVERY["LI"], "norse-1.1"), spikes)
    for kind, rules in itertools.product(("I", "CubaLI"), ("norse-1.1", "sinabs-3.1")):
        np.testing.assert_array_equal(run(EVERY[kind], rules), spikes)
    np.testing.assert_array_equal(run(chain(cuba()), "sinabs-3.1"), spikes)
    for shape in (2, ()):  # v_leak drives the synaptic current too
        leaky = cuba(shape, v_leak=0.125, r=2.0, w_in=0.5)
        current, v, expected = np.zeros(2), np.full(2, 0.125), []
        for s in spikes:
            current = current + 0.2 * (0.5 * s + 0.125 - current)
            v = v + 0.1 * (2.0 * current + 0.125 - v)
            expected.append(v > 0.5)
            v = np.where(expected[-1], 0.0, v)
        assert 0 < np.sum(expected) < 70
        np.testing.assert_array_equal(run(chain(leaky), "norse-1.1", dtype="float64"), expected)
    scaled = chain(node("Scale", scale=np.full(2, 3.0)), lif())
    np.testing.assert_array_equal(run(scaled, "spyx"), run(chain(lif()), "spyx"))
    both = run(chain(lif(r=np.array([1.0, 2.0]), v_threshold=0.3)), "snntorch-1.0")
    alike = run(chain(lif(r=1.0, v_threshold=0.3)), "snntorch-1.0")
    assert both.any()
    np.testing.assert_array_equal(both, alike)
    with pytest.raises(nir.FileError, match="ends the network there"):
        run(EVERY["AvgPool2d"], "norse-1.1")


def test_the_same_file_has_as_many_answers_as_importers():
    description = chain(lif(r=10.0, v_threshold=1.0))
    net = nir.read(description)
    current = np.random.default_rng(0).uniform(0, 0.3, (100, 2)).astype(np.float32)
    counts = {}
    for rules in ("exact", "euler", "snntorch-1.0", "norse-1.1", "sinabs-3.1", "spikingjelly-2.0"):
        counts[rules] = int(net.run(current, 1e-4, rules, strict=False).outputs.sum())
    assert counts["norse-1.1"] == 0 < counts["exact"] < counts["spikingjelly-2.0"]
    assert counts["snntorch-1.0"] == counts["euler"] != counts["sinabs-3.1"]


def test_arguments_of_a_run():
    net = nir.read(chain(lif()))
    spikes = binary((5, 2))
    for arguments, message in (
        ({"dt": 0}, "dt must lie in"),
        ({"dt": None}, "dt must be a real number"),
        ({"rules": "nest"}, "rules must be one of"),
        ({"strict": 1}, "strict must be True or False"),
        ({"dtype": "float16"}, "dtype must be float32 or float64"),
        ({"spikes": np.ones((5, 3))}, r"spikes must have the axes \[2\]"),
    ):
        call = {"spikes": spikes, "dt": 1e-4, **arguments}
        with pytest.raises((ValueError, TypeError), match=f"^{message}"):
            net.run(**call)
    with pytest.raises(ValueError, match=r"^rules must be a rule in floating"):
        net.to_graph(1e-4, "lava-fixed")
    assert isinstance(net.to_graph(1e-4), Graph)
    assert "tau [2] 0.001" in str(net) and repr(net) == "nir.Network(3 nodes, 2 edges)"


# --- descriptions that are not well formed --------------------------------------------------------

BAD = [
    ({"type": "NIRGraph", "nodes": {}, "edges": [("a", "b")]}, "graph/edges must name nodes"),
    (chain(node("LSTM")), "graph/n0 must be one of Input, .*got the type 'LSTM'"),
    (chain(node("LIF", tau=1.0)), "graph/n0 must have the field 'r' of LIF"),
    (chain({**lif(), "extra": 1}), "graph/n0/extra must be a field of LIF"),
    (chain(lif(tau=0.0)), "graph/n0/tau must be positive"),
    (chain(lif(r=np.nan)), "graph/n0/r must be finite"),
    (chain({**lif(), "r": np.ones(3)}), "graph/n0 must have numbers of one shape"),
    (chain({**lif(), "r": "one"}), "graph/n0/r must hold real numbers"),
    (chain({**lif(), "r": np.array([1j, 1])}), "graph/n0/r must hold real numbers"),
    (chain(node("Flatten", start_dim=0.5, end_dim=-1)), "graph/n0/start_dim must hold whole"),
    (chain(conv(padding="full")), "graph/n0/padding must be 'same', 'valid' or numbers"),
    (chain(conv(stride=[1, 2, 3])), "graph/n0/stride must be one or two whole numbers"),
    (graph({"a/b": lif()}, [("input", "a/b")]), "graph must have nodes with names without '/'"),
    (graph({"a": lif()}, [("input", "a"), ("input", "a")]), "graph/edges must be there once"),
    (graph({"a": lif()}, [("input",)]), "graph/edges must be pairs of names"),
    ({"type": "NIRGraph", "nodes": [], "edges": []}, "graph must have a dict of at most"),
    ({"nodes": {}}, "graph must be a description with a type"),
    (lif(), "graph must have inputs and outputs, got one LIF"),
]  # fmt: skip


@pytest.mark.parametrize(("description", "message"), BAD, ids=[m for _, m in BAD])
def test_what_is_no_graph_is_refused(description, message):
    with pytest.raises(nir.FileError, match=f"^{message}") as refusal:
        nir.read(description)
    assert "; " in str(refusal.value) and "\n" not in str(refusal.value)


def test_what_cannot_be_built_is_refused():
    for description, message in (
        (
            chain(lif(3)),
            r"n0 must have numbers of the shape of their input, \[2\], got shape \[3\]",
        ),
        (graph({}, [("input", "output")]), "nodes must have a layer and an input"),
        (chain(affine(2, 3)), "layers must fit, but n0, .*must have 3 features"),
        (chain(node("Linear", weight=np.ones((2, 2, 2)))), "n0: weight must be a matrix"),
        (chain(node("Flatten", start_dim=0, end_dim=-1)), "n0/input_type must be a shape"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            nir.read(description).to_graph(1e-4)
    for kind in ("Input", "Output"):
        description = chain(lif())
        name = kind.lower()
        del description["nodes"][name]
        description["edges"] = [edge for edge in description["edges"] if name not in edge]
        with pytest.raises(ValueError, match=f"^graph must have an {kind} node"):
            nir.read(description).to_graph(1e-4)


def test_a_path_or_a_graph(tmp_path):
    with pytest.raises(TypeError, match=r"^path must be a path or a nir\.NIRGraph, got an int"):
        nir.read(3)
    with pytest.raises(FileNotFoundError):
        nir.read(tmp_path / "none.nir")
    with pytest.raises(IsADirectoryError):
        nir.read(tmp_path)


# --- files that are damaged, or made to do harm ---------------------------------------------------


@pytest.fixture
def file(tmp_path):
    """The path of a good file."""
    path = tmp_path / "good.nir"
    nir.read(recurrent(True)).write(path)
    return path


def refused(path, message):
    with pytest.raises(nir.FileError, match=message) as refusal:
        nir.read(path)
    assert "; " in str(refusal.value) and "\n" not in str(refusal.value)
    assert path.name in str(refusal.value)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_refused(file, share):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    refused(file, "path must be a NIR file")


def test_bytes_that_are_changed_never_give_another_error(file):
    whole = bytearray(file.read_bytes())
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 20):
            damaged[place] = rng.integers(0, 256)
        file.write_bytes(damaged)
        try:
            nir.read(file)
            outcomes.add("read")
        except nir.FileError as error:
            assert "\n" not in str(error)
            outcomes.add("refused")
    assert "refused" in outcomes


def test_other_files_are_not_read(file, tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as other:
        other["r"] = np.ones(3)
        other.create_group("group")
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.ones(3).tobytes())
    place = "node/nodes/hidden/nodes/lif"
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(str(secret), "r", (3,))
    for change, message in (
        (lambda g: g.__setitem__("r", h5py.ExternalLink(str(secret), "/r")), "ExternalLink"),
        (lambda g: g.__setitem__("r", h5py.SoftLink("/node/edges")), "SoftLink"),
        (lambda g: g.create_virtual_dataset("r", layout), "data of another file"),
        (
            lambda g: g.create_dataset("r", (3,), "f8", external=[(str(raw), 0, 24)]),
            "data of another",
        ),
        (lambda g: g.create_group("r"), "be a dataset, got a Group"),
    ):
        nir.read(recurrent(True)).write(file)
        with h5py.File(file, "a") as opened:
            del opened[place]["r"]
            change(opened[place])
        refused(file, f"node/hidden/lif/r must .*{message}")
    nir.read(recurrent(True)).write(file)
    with h5py.File(file, "a") as opened:
        opened["node/nodes/other"] = h5py.ExternalLink(str(secret), "/group")
    refused(file, "node/other must lie in the file itself")


def test_graphs_that_contain_themselves_are_refused(file):
    with h5py.File(file, "a") as opened:
        opened["node/nodes/hidden/nodes/again"] = opened["node"]
    refused(file, "must have at most 64 graphs inside of each other, .*got a graph inside itself")


def test_shapes_that_the_file_cannot_hold_are_refused(file):
    for shape in ((2**40,), (2**20, 2**12)):
        nir.read(recurrent(True)).write(file)
        with h5py.File(file, "a") as opened:
            group = opened["node/nodes/fc"]
            del group["weight"]
            group.create_dataset("weight", shape, "f4", chunks=tuple(min(n, 1024) for n in shape))
        refused(file, "node/fc/weight must be no larger than the file can hold")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("node/type", 3, "node/type must be one text"),
        ("node/type", "Lamp", "node must be one of"),
        ("node/nodes/fc/type", "LIF", "node/fc/.* must be a field of LIF"),
        ("node/nodes/fc/weight", "text", "node/fc/weight must hold real numbers|hold numbers"),
        ("node/nodes/fc/weight", np.zeros(2, [("a", "f4")]), "node/fc/weight must hold numbers"),
        ("node/edges", np.zeros((3, 2)), "node/edges must be pairs of names"),
        ("node/edges", ["a", "b"], "node/edges must be pairs of names"),
        ("node/edges", [["fc", "nowhere"]], "node/edges must name nodes"),
        ("version", 3, "version must be one text"),
        ("node/nodes", 3, "node/nodes must be a group"),
    ],
)
def test_wrong_types_are_refused_by_name(file, place, value, message):
    with h5py.File(file, "a") as opened:
        del opened[place]
        opened[place] = value
    refused(file, message)


@pytest.mark.parametrize("place", ["node", "node/type", "node/nodes", "node/edges"])
def test_what_is_missing_is_named(file, place):
    with h5py.File(file, "a") as opened:
        del opened[place]
    refused(file, f"{place} must be there, got nothing")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    net = nir.read(chain(lif()))
    path = tmp_path / "net.nir"
    net.write(path)
    before = path.read_bytes()

    def fails(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_write_graph", fails)
    with pytest.raises(OSError, match="No space left"):
        net.write(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["net.nir"]
    assert h5py.File(io.BytesIO(before))["version"][()] == b"1.0.8"


def test_without_h5py_graphs_are_taken_and_files_named(monkeypatch, file):
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert nir.read(chain(lif())).run(binary((3, 2)), 1e-4).outputs.shape == (3, 2)
    with pytest.raises(ImportError, match=r"pip install 'spikecore\[nir\]'"):
        nir.read(file)


# --- the command ----------------------------------------------------------------------------------


def command(capsys, *arguments):
    """What the command prints, and its complaint if it refuses."""
    try:
        assert __main__.main(["nir", *map(str, arguments)]) == 0
    except SystemExit as stopped:
        assert stopped.code == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("\n") == 1
        return printed.err
    return capsys.readouterr().out


def test_the_command_shows_and_runs_a_file(file, capsys):
    net = nir.read(file)
    shown = command(capsys, file, "--dt", "2.5e-4", "--rules", "euler", "--steps", 40, "--seed", 3)
    spikes = (np.random.default_rng(3).random((40, 2)) < 0.3).astype(np.uint8)
    total = net.run(spikes, 2.5e-4, "euler").outputs.sum()
    assert shown.endswith(f"output: shape [40, 2], sum {total:g}\n")
    assert str(net) in shown and str(net.to_graph(2.5e-4, "euler")) in shown


def test_the_command_compares_all_rules(tmp_path, capsys):
    net, spikes = nir.read(chain(lif(r=10.0, v_threshold=1.0))), binary((50, 2))
    net.write(tmp_path / "net.nir")
    np.save(tmp_path / "spikes.npy", spikes)
    given = (tmp_path / "net.nir", "--dt", 1e-4, "--compare", "--input", tmp_path / "spikes.npy")
    rows = command(capsys, *given).splitlines()[-len(NAMES) :]
    assert [row.split()[0] for row in rows] == list(NAMES)
    expected = net.run(spikes, 1e-4).outputs
    for row, name in zip(rows, NAMES, strict=True):
        if "refused" in row:
            with pytest.raises(nir.FileError):
                net.run(spikes, 1e-4, name)
            continue
        outputs = net.run(spikes, 1e-4, name).outputs
        different = np.count_nonzero(outputs != expected)
        assert row.split()[1:] == [f"{outputs.sum():g}", str(different), "of", "100"]
    assert "norse-1.1              refused: n0/r must be 1" in rows[NAMES.index("norse-1.1")]
    loose = command(capsys, *given, "--as-importer").splitlines()[-len(NAMES) :]
    assert "refused" not in loose[NAMES.index("norse-1.1")]


def test_the_command_refuses_in_one_sentence(file, tmp_path, capsys):
    (tmp_path / "text.npy").write_text("none")
    for arguments, sentence in (
        ((tmp_path / "none.nir", "--dt", 1), "No such file or directory"),
        ((tmp_path / "text.npy", "--dt", 1), "path must be a NIR file"),
        ((file, "--dt", 0), "dt must lie in"),
        ((file,), "--dt"),
        ((file, "--dt", 1e-4, "--rules", "nest"), "rules must be one of"),
        ((file, "--dt", 1e-4, "--rules", "sinabs-3.1", "--steps", 0), "--steps must lie from 1"),
        ((file, "--dt", 1e-4, "--steps", 2**28), "--steps must give at most"),
        ((file, "--dt", 1e-4, "--density", 2), "--density must lie from 0 to 1"),
        ((file, "--dt", 1e-4, "--input", tmp_path / "text.npy"), "--input must be a .npy file"),
        ((file, "--dt", 1e-4, "--rules", "lava-fixed"), "graph must be a chain of layers"),
    ):
        assert sentence in command(capsys, *arguments)


def test_a_file_keeps_the_order_of_the_nodes(tmp_path):
    """nirtorch, by which others import, gives up on layers that wait for several before them."""
    path = tmp_path / "digits.nir"
    nir.digits().write(path)
    with h5py.File(path) as file:
        names = list(file["node/nodes"])
        fields = set(file["node/nodes/hidden"])
    assert names == ["input", "hidden_weights", "hidden", "answer_weights", "answer", "output"]
    assert "v_reset" not in fields  # which readers before 1.0.6 refuse
    assert nir.read(path).nodes.keys() == nir.digits().nodes.keys()
