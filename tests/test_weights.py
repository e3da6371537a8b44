"""Weights from files and from torch, and recurrent weights in a Sequential."""

import builtins
import re
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import assert_same_bits
from safetensors.numpy import save_file

from spikecore import LIF, Leaky
from spikecore.network import LI, Conv1d, Conv2d, Graph, Linear, Sequential

TENSORS = {
    "fc1.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fc1.bias": np.array([0.5, -0.5], np.float32),
    "fc2.weight": np.ones((4, 2), np.float64),
    "conv.weight": np.ones((2, 1, 3, 3), np.float32),
    "line.weight": np.ones((2, 1, 3), np.float32),
    "half.weight": np.ones((2, 3), np.float16),
    "weight": np.full((1, 2), 2, np.float32),
}
SAVE = {
    "npz": lambda path: np.savez(path, **TENSORS),
    "safetensors": lambda p: save_file(TENSORS, p),
}


@pytest.fixture(params=list(SAVE))
def path(request, tmp_path):
    """A file of each kind."""
    found = tmp_path / f"net.{request.param}"
    SAVE[request.param](found)
    return found


def test_weights_and_biases_are_those_of_the_file(path):
    layer = Linear.from_file(path, "fc1")
    assert layer == Linear(TENSORS["fc1.weight"], TENSORS["fc1.bias"])
    assert Linear.from_file(str(path), "fc2") == Linear(TENSORS["fc2.weight"])
    assert Linear.from_file(path) == Linear(TENSORS["weight"])
    assert Linear.from_file(path, "half").weight.dtype == np.float32


def test_convolutions_take_their_other_arguments(path):
    layer = Conv2d.from_file(path, "conv", stride=2, padding=1)
    assert layer == Conv2d(TENSORS["conv.weight"], stride=2, padding=1)
    assert Conv1d.from_file(path, "line", dilation=2) == Conv1d(TENSORS["line.weight"], dilation=2)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fc3", "must hold 'fc3.weight', got conv.weight, fc1.bias"),
        ("conv", "has 'conv.weight' float32 [2, 1, 3, 3], of which Linear cannot be made"),
        (3, "name must be the name of a layer, got 3"),
    ],
)
def test_a_name_that_does_not_fit_is_refused_with_file_tensor_and_shape(path, name, words):
    with pytest.raises((ValueError, TypeError), match=re.escape(words)) as caught:
        Linear.from_file(path, name)
    assert isinstance(name, int) or path.name in str(caught.value)


def test_a_damaged_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match="must be readable as arrays of numbers"):
        Linear.from_file(path, "fc1")


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "net.npz", weight=np.array([{}], object))
    with pytest.raises(ValueError, match=r"'weight' in .*net.npz.* must be readable"):
        Linear.from_file(tmp_path / "net.npz")


def test_other_files_and_files_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"path must end with .npz or .safetensors"):
        Linear.from_file(tmp_path / "net.pt", "fc1")
    for kind in SAVE:
        with pytest.raises(FileNotFoundError, match="none"):
            Linear.from_file(tmp_path / f"none.{kind}", "fc1")
    with pytest.raises(TypeError, match="path must be the path of a file, got 3"):
        Linear.from_file(3)


def test_without_safetensors_the_extra_is_named(tmp_path, monkeypatch):
    load = builtins.__import__

    def refuse(name, *more, **options):
        if name == "safetensors":
            raise ImportError(name)
        return load(name, *more, **options)

    SAVE["safetensors"](tmp_path / "net.safetensors")
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install 'spikecore\[safetensors\]'"):
        Linear.from_file(tmp_path / "net.safetensors", "fc1")


# --- layers of torch ----------------------------------------------------------------------------


class Tensor:
    """A tensor that needs a gradient, and so becomes no array by itself."""

    def __init__(self, values):
        self.values = values

    def detach(self):
        return self

    def cpu(self):
        return self.values


def torch_layer(**changes):
    """What a Conv2d of torch has."""
    numbers = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}
    weight = np.random.default_rng(0).normal(0, 1, (4, 3, 2, 3)).astype(np.float32)
    made = {"weight": Tensor(weight), "bias": None, "padding_mode": "zeros", "transposed": False}
    return SimpleNamespace(**{**made, **numbers, **changes})


def test_a_convolution_of_torch_has_all_of_its_numbers():
    layer = torch_layer()
    found = Conv2d.from_torch(layer)
    numbers = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}
    assert found == Conv2d(layer.weight.values, **numbers)
    line = {"weight": Tensor(np.ones((4, 1, 3), np.float32)), "bias": Tensor(np.ones(4, "f4"))}
    one = torch_layer(**line, stride=(1,), padding="same", dilation=(2,), groups=1)
    assert Conv1d.from_torch(one) == Conv1d(
        line["weight"].values, np.ones(4, "f4"), padding="same", dilation=2
    )


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (3, "layer must be a Conv2d of torch, got an int"),
        (torch_layer(padding_mode="reflect"), "got one with padding_mode='reflect'"),
        (torch_layer(transposed=True), "got a transposed one"),
        (torch_layer(weight=np.ones((4, 1, 3), np.float32)), "weight must be an array"),
    ],
)
def test_what_is_no_convolution_of_torch_is_refused(layer, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Conv2d.from_torch(layer)


# --- recurrent weights ---------------------------------------------------------------------------

INPUT = (np.random.default_rng(0).random((30, 2, 4)) < 0.4).astype(np.uint8)
FORWARD, BACK = Linear.draw(4, 3, seed=0), Linear.draw(3, 3, seed=1)


@pytest.mark.parametrize("neuron", [Leaky(0.9, 0.2), LIF(0.9, 0.2, reset="value", reset_at="same")])
def test_recurrent_weights_are_a_loop_of_a_graph(neuron):
    net = Sequential(FORWARD, neuron, LI(0.5), names=["w", "lif", "li"], recurrent={"lif": BACK})
    graph = Graph(
        {"w": FORWARD, "lif": neuron, "li": LI(0.5), "lif_recurrent": BACK},
        [("input", "w"), ("w", "lif"), ("lif", "li"), ("li", "output"), ("lif", "lif_recurrent"),
         ("lif_recurrent", "lif")],
    )  # fmt: skip
    found, wanted = net.run(INPUT, exact=True), graph.run(INPUT, exact=True)
    assert found == wanted
    assert_same_bits(net(INPUT, exact=True), graph(INPUT, exact=True))
    alone = Sequential(FORWARD, neuron, LI(0.5), names=["w", "lif", "li"])
    assert not np.array_equal(alone.run(INPUT)["lif"].counts, found["lif"].counts)


def test_a_run_with_recurrent_weights_goes_on_where_it_ended():
    net = Sequential(FORWARD, Leaky(0.9, 0.2), recurrent={"leaky1": BACK})
    whole = net.run(INPUT)["leaky1"].spikes
    first = net.run(INPUT[:11])
    rest = net.run(INPUT[11:], state={name: part.final for name, part in first.items()})
    assert_same_bits(np.concatenate([first["leaky1"].spikes, rest["leaky1"].spikes]), whole)


@pytest.mark.parametrize(
    ("recurrent", "words"),
    [
        (BACK, "recurrent must be a dict of layers by name"),
        ({"linear1": BACK}, "recurrent must name layers of neurons, out of ['leaky1']"),
        ({3: BACK}, "recurrent must name layers of neurons"),
        ({"leaky1": 3}, "recurrent['leaky1'] must be Linear layers"),
        ({"leaky1": FORWARD}, "layers"),
    ],
)
def test_recurrent_weights_that_do_not_fit_are_refused(recurrent, words):
    with pytest.raises((ValueError, TypeError), match=re.escape(words)):
        Sequential(FORWARD, Leaky(0.9), recurrent=recurrent)
