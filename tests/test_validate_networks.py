"""validate.network: which layer is named, for which cause, and what is only rounding."""

import json

import numpy as np
import pytest

from spikecore import LIF, Leaky, __main__, nir, validate
from spikecore.network import (
    AvgPool2d,
    Conv2d,
    Delay,
    Flatten,
    Graph,
    Linear,
    Sequential,
    SumPool2d,
)
from spikecore.validate import network_files
from spikecore.validate.layers import Reference

NET = network_files.small()
INPUTS = (np.random.default_rng(1).random((40, 2, 12)) < 0.4).astype(np.float32)
ORDER = ("w1", "lif1", "recurrent", "w2", "lif2", "w3", "readout")


def outputs(net=NET, inputs=INPUTS):
    """The outputs of every layer, with the membranes of neurons."""
    reference = Reference(net, inputs, None)
    found = dict(reference.outputs)
    for name, run in reference.runs.items():
        if "membrane" in run.recorded and run.spikes is None and name != "readout":
            found[name] = (found[name], run.recorded["membrane"])
    return found


def changed(**layers):
    """The network with other layers."""
    return Graph({**NET.layers, **layers}, NET.edges, inputs=NET.inputs)


def verdicts(report):
    return [check.verdict for check in report.checks]


def test_a_network_is_equal_to_itself_in_every_layer():
    report = validate.network(lambda spikes: outputs(inputs=spikes), NET, inputs=INPUTS)
    assert report.verdict == "exact" and not report.diagnosis
    names = [f"layer {name!r} ({number} of 7)" for number, name in enumerate(ORDER, 1)]
    assert [check.name for check in report.checks] == names


@pytest.mark.parametrize(
    ("name", "layer", "cause"),
    [
        ("lif1", LIF(0.9, 0.5, reset="value"), "you set the membrane to 0.0"),
        ("lif1", LIF(0.9, 0.5, reset_at="same"), "you reset in the same step"),
        ("lif2", LIF(0.8, 0.25, reset_at="same"), "you subtract the threshold"),
        ("lif2", LIF(0.7, 0.25, reset="value", reset_at="same"), "your decay is about 0.7"),
    ],
)
@pytest.mark.parametrize("membranes", [True, False])
def test_the_layer_that_differs_is_named_with_its_cause(name, layer, cause, membranes):
    theirs = outputs(changed(**{name: layer}))
    if not membranes:
        theirs = {n: value[0] if isinstance(value, tuple) else value for n, value in theirs.items()}
    report = validate.network(theirs, NET, inputs=INPUTS)
    wrong = [check.name for check in report.checks if check.verdict == "wrong"]
    assert wrong == [f"layer {name!r} ({ORDER.index(name) + 1} of 7)"]
    assert any(cause in sentence for sentence in report.diagnosis) or not membranes
    (place,) = {sentence.split(": ")[0] for sentence in report.diagnosis}
    assert place.startswith(f"layer {name!r} (") and ", step " in place and not report.passed


def test_the_first_step_and_element_are_those_of_the_difference():
    theirs = outputs()
    current = theirs["w2"].copy()
    current[7, 1, 4] += 1
    current[9, 0, 0] += 1
    report = validate.network({**theirs, "w2": current}, NET, inputs=INPUTS)
    check = report.checks[3]
    assert (check.difference.step, check.difference.element) == (7, (1, 4))
    assert check.difference.actual == current[7, 1, 4] and check.difference.count == 2
    assert report.diagnosis[0].startswith("layer 'w2' (4 of 7), step 7, element (1, 4): no known")
    # and the neurons after it, judged on the currents that they had, fire as they should not
    assert verdicts(report)[:3] == ["exact"] * 3


def test_another_order_of_a_sum_is_rounding_and_another_weight_is_not():
    layer = NET.layers["w1"]
    wide = (INPUTS.astype(np.float64) @ layer.weight.T.astype(np.float64) + layer.bias).astype("f4")
    backward = (INPUTS[..., ::-1] @ layer.weight.T[::-1] + layer.bias).astype("f4")
    for current in (wide, backward):
        assert not np.array_equal(current, outputs()["w1"])
        assert verdicts(validate.network({"w1": current}, NET, inputs=INPUTS)) == ["rounding"]
        strict = validate.network({"w1": current}, NET, inputs=INPUTS, strict=True)
        assert not strict.passed
    weight = layer.weight * np.float32(1 + 1e-4)
    current = Linear(weight, layer.bias)(INPUTS, exact=True)
    assert verdicts(validate.network({"w1": current}, NET, inputs=INPUTS)) == ["wrong"]


def test_what_is_not_given_is_computed_from_what_is():
    theirs = outputs(changed(lif1=LIF(0.9, 0.5, reset="value")))
    report = validate.network({"lif1": theirs["lif1"]}, NET, inputs=INPUTS)
    assert "you set the membrane to 0.0" in report.diagnosis[0]
    assert "w1, recurrent, w2" in report.notes[0]
    # The readout alone: the mistake is somewhere before it.
    report = validate.network(lambda spikes: theirs["readout"], NET, inputs=INPUTS)
    assert verdicts(report) == ["wrong"]
    whole = validate.network(lambda spikes: outputs()["readout"], NET, inputs=INPUTS)
    assert verdicts(whole) == ["exact"]


def test_spikes_that_come_back_in_the_same_step_are_a_mistake_of_the_neurons():
    theirs = outputs()
    spikes = theirs["lif1"][0]
    ahead = NET.layers["recurrent"](np.concatenate([spikes[1:], spikes[:1]]), exact=True)
    report = validate.network({**theirs, "recurrent": ahead}, NET, inputs=INPUTS)
    assert report.diagnosis[0].startswith("layer 'lif1'")


def test_neurons_with_numbers_of_their_own_are_diagnosed_where_they_differ():
    decays = np.array([0.5, 0.9, 0.9, 0.7], np.float32)
    layer = Linear.draw(12, 4, seed=4)
    net = Sequential(layer, LIF(decays, 0.3), names=["w", "lif"])
    theirs = outputs(Sequential(layer, LIF(decays, 0.3, reset_at="same"), names=["w", "lif"]))
    report = validate.network(theirs, net, inputs=INPUTS)
    assert any("you reset in the same step" in sentence for sentence in report.diagnosis)
    inhibited = Sequential(layer, LIF(0.9, 0.3, inhibition=True), names=["w", "lif"])
    theirs = outputs(Sequential(layer, LIF(0.9, 0.3), names=["w", "lif"]))
    report = validate.network(theirs, inhibited, inputs=INPUTS)
    assert any("inhibition" in cause for cause in report.causes)


def test_images_pools_and_delays_are_judged_too():
    kernel = np.random.default_rng(2).normal(0, 0.4, (3, 2, 3, 3)).astype(np.float32)
    layers = (Conv2d(kernel, padding=1), Leaky(0.5, 0.5), SumPool2d(2), Delay(2), AvgPool2d(1),
              Flatten(), Linear.draw(12, 4, seed=5), Leaky(0.5, 0.5))  # fmt: skip
    net = Sequential(*layers, input_shape=(2, 4, 4))
    images = (np.random.default_rng(3).random((12, 2, 2, 4, 4)) < 0.5).astype(np.float32)
    theirs = outputs(net, images)
    assert set(verdicts(validate.network(theirs, net, inputs=images))) == {"exact"}
    assert validate.network(lambda spikes: outputs(net, spikes), net)  # on spikes of its own
    shifted = {**theirs, "delay1": np.roll(theirs["delay1"], 1, axis=0)}
    report = validate.network(shifted, net, inputs=images)
    assert verdicts(report)[3] == "wrong" and report.diagnosis[0].startswith("layer 'delay1'")
    rounded = {**theirs, "conv2d1": np.nextafter(theirs["conv2d1"], np.float32(9))}
    assert verdicts(validate.network(rounded, net, inputs=images))[0] == "rounding"


@pytest.mark.parametrize("rules", ["exact", "norse-1.1"])
def test_a_nir_network_is_compared_by_its_rule(rules):
    ones = np.ones(3, np.float32)
    lif = {"type": "LIF", "tau": ones * 1e-3, "r": ones, "v_leak": ones * 0,
           "v_threshold": ones * 0.1}  # fmt: skip
    weight = np.random.default_rng(4).normal(0, 1, (3, 3)).astype(np.float32)
    affine = {"type": "Affine", "weight": weight, "bias": ones * 0.25}
    nodes = {"input": {"type": "Input", "shape": [3]}, "lif": lif, "back": affine,
             "output": {"type": "Output", "shape": [3]}}  # fmt: skip
    edges = [("input", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")]
    net = nir.read({"type": "NIRGraph", "nodes": nodes, "edges": edges})

    def candidate(given):
        return net.run(given, 5e-4, rules, record=("spikes", "membrane"))

    asked = {"inputs": INPUTS[:, :, :3], "dt": 5e-4}
    assert validate.network(candidate, net, **asked, rules=rules).verdict == "exact"
    report = validate.network(candidate, net, **asked, rules="euler")
    assert not report.passed


class Tensor:
    """A tensor that needs a gradient, and so becomes no array by itself."""

    def __init__(self, values):
        self.values = values

    def __array__(self, *_, **__):
        raise RuntimeError("requires grad")

    def detach(self):
        return self

    def cpu(self):
        return self.values


def test_tensors_with_gradients_are_taken_from_every_place():
    theirs = outputs()
    spikes, membrane = theirs["lif1"]
    given = {"w1": Tensor(theirs["w1"]), "lif1": Tensor(spikes), "lif1.membrane": Tensor(membrane),
             "lif2": tuple(map(Tensor, theirs["lif2"]))}  # fmt: skip
    report = validate.network(lambda inputs: given, NET, inputs=INPUTS)
    assert verdicts(report) == ["exact"] * 3


def failing(spikes):
    raise KeyError("weights")


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (failing, "it raised KeyError"),
        (lambda spikes: {"other": spikes}, "it names the layer 'other'"),
        (lambda spikes: {"w1": spikes}, "its outputs of 'w1' have shape"),
        (lambda spikes: {"lif1.membrane": spikes}, "membranes of 'lif1' and no spikes"),
        (lambda spikes: {3: spikes}, "it names the layer 3"),
    ],
)
def test_what_a_candidate_does_wrong_is_in_the_report(candidate, words):
    report = validate.network(candidate, NET, inputs=INPUTS)
    assert report.verdict == "failed" and words in report.checks[0].detail


@pytest.mark.parametrize(
    ("candidate", "against", "options", "words"),
    [
        (failing, 3, {}, "against must be a network.Graph or a nir.Network, got 3"),
        (3, NET, {}, "candidate must be callable"),
        ({}, NET, {}, "inputs must be those of recorded outputs"),
        (failing, NET, {"dt": 1.0}, "dt and rules must be left out against a Graph"),
        (failing, Sequential(Leaky(0.5)), {}, "inputs must be given"),
        (failing, NET, {"inputs": np.ones((3, 5))}, "spikes must have the axes"),
        (failing, NET, {"timeout": 0}, "timeout must lie in"),
    ],
)
def test_what_cannot_be_compared_is_refused(candidate, against, options, words):
    with pytest.raises((TypeError, ValueError), match=words.replace(".", r"\.")):
        validate.network(candidate, against, **options)


# --- files and commands --------------------------------------------------------------------------


def command(*words):
    """Exit status of one command line."""
    try:
        return __main__.main([str(word) for word in words])
    except SystemExit as stop:
        return stop.code


def test_a_network_is_written_and_its_outputs_are_judged(tmp_path, capsys):
    folder = tmp_path / "net"
    assert command("vectors", folder, "--network", "small") == 0
    judge = ("--network", "small", "--inputs", folder / "inputs.npz")
    assert command("validate", folder / "expected.npz", *judge, "--strict") == 0
    with np.load(folder / "expected.npz") as stored:
        theirs = {name: stored[name] for name in stored.files}
    theirs["lif2"][11, 1, 2] ^= 1
    np.savez(tmp_path / "theirs.npz", **theirs)
    capsys.readouterr()
    assert command("validate", tmp_path / "theirs.npz", *judge) == 1
    assert "layer 'lif2' (5 of 7), step 11, element (1, 2)" in capsys.readouterr().out


def test_the_files_of_a_network_are_whole_and_alike(tmp_path):
    names = network_files.write(tmp_path, NET)
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [layer["name"] for layer in manifest["layers"]] == list(ORDER)
    into = {layer["name"]: layer["from"] for layer in manifest["layers"]}
    assert into["lif1"] == [{"name": "w1", "step_before": False},
                            {"name": "recurrent", "step_before": True}]  # fmt: skip
    expected = np.load(tmp_path / "expected.npz")
    for layer in manifest["layers"]:
        arrays = np.load(tmp_path / layer["files"]["npz"])
        np.testing.assert_array_equal(arrays["outputs"], expected[layer["name"]])
        for key, array in arrays.items():
            rows = (tmp_path / layer["files"][key]).read_text().splitlines()[1:]
            bits = np.array([int(word, 16) for row in rows for word in row.split()])
            words = np.ascontiguousarray(array).view(f"u{array.itemsize}")
            np.testing.assert_array_equal(bits, words.ravel())
            assert layer["arrays"][key] == {"dtype": str(array.dtype), "shape": [*array.shape]}
    sums = (tmp_path / "SHA256SUMS").read_text().splitlines()
    for line in sums:
        value, name = line.split()
        assert network_files.digest(tmp_path / name) == value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("validate", "--network", "small"), "--network takes MODULE:FUNCTION or OUTPUTS.npz"),
        (("validate", "a:b", "--network", "small", "--as", "rate"), "and no --as"),
        (("validate", "none.npz", "--network", "small"), "is not a whole npz file"),
        (("vectors", "none", "--network", "json:dumps"), "against must be a network.Graph"),
        (("vectors", "none", "--network", "none.nir"), "none.nir"),
        (("validate", "json:dumps", "--network", "small", "--form", "step"), "not for networks"),
    ],
)
def test_commands_that_cannot_be_done_end_with_status_2(words, message, capsys):
    assert command(*words) == 2
    assert message in capsys.readouterr().err
