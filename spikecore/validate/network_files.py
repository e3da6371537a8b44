"""A network as files: its inputs, numbers, and every layer's outputs, in the form of the vectors.

Each layer has ``NAME.npz``, ``NAME.ARRAY.hex`` and ``NAME.parameters.txt``, as in
:mod:`spikecore.validate.files`.  ``manifest.json`` lists the layers in the order in which they are
run, and from which each takes its input.
"""

import json
import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np

from spikecore import __version__
from spikecore.files import whole
from spikecore.network import LI, Graph, Linear
from spikecore.neurons import Leaky
from spikecore.neurons.lif import LIF
from spikecore.validate.files import (
    FORMAT_VERSION,
    MANIFEST,
    SUMS,
    _word,
    _write_text,
    digest,
    hexadecimal,
)
from spikecore.validate.networks import MEMBRANE, referred

FORMAT = "spikecore-network-vectors"
EXPECTED, INPUTS = "expected.npz", "inputs.npz"


def small():
    """A network with recurrent weights, two kinds of reset and a readout."""
    layers = {
        "w1": Linear.draw(12, 8, seed=0),
        "lif1": Leaky(0.9, 0.5),
        "recurrent": Linear.draw(8, 8, seed=1),
        "w2": Linear.draw(8, 6, seed=2),
        "lif2": LIF(0.8, 0.25, reset="value", reset_at="same"),
        "w3": Linear.draw(6, 4, seed=3),
        "readout": LI(0.95),
    }
    chain = ("input", "w1", "lif1", "w2", "lif2", "w3", "readout", "output")
    loop = [("lif1", "recurrent"), ("recurrent", "lif1")]
    return Graph(layers, [*pairwise(chain), *loop], inputs={"input": (12,)})


def write(folder, against, inputs=None, rules="exact", dt=None):
    """Write what each layer of a network must give, and return the names of the files.

    ``EXPECTED`` has the outputs of all layers by name, as ``validate.network`` takes them.
    """
    reference, subject = referred(against, inputs, rules, dt)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = Folder(folder)
    made.npz(INPUTS, reference.given)
    membranes = {
        name: run.recorded["membrane"]
        for name, run in reference.runs.items()
        if "membrane" in run.recorded
    }
    made.npz(EXPECTED, {**reference.outputs, **_named(membranes)})
    made.hexadecimal("inputs", reference.given)
    layers = [
        _layer(made, reference, membranes, number, name)
        for number, name in enumerate(reference.order)
    ]
    manifest = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "spikecore": __version__,
        "network": subject,
        "outputs": {name: reference.graph._sources[name] for name in reference.graph.outputs},
        "layers": layers,
        "sha256": dict(made.sums),
    }
    made.text(MANIFEST, json.dumps(manifest, indent=1) + "\n")
    made.text(SUMS, "".join(f"{value}  {name}\n" for name, value in made.sums.items()))
    return list(made.sums)


class Folder:
    """Files that were written, and their sums."""

    def __init__(self, path):
        self.path, self.sums = path, {}

    def npz(self, name, arrays):
        """Write arrays by name; those of an npz file may have any name."""
        with whole(self.path / name) as part:
            np.savez_compressed(part, **arrays)
        self.sums[name] = digest(self.path / name)

    def text(self, name, text):
        """Write a text file."""
        _write_text(self.path / name, text)
        self.sums[name] = digest(self.path / name)

    def hexadecimal(self, stem, arrays):
        """Write the bits of each array, and return the files by the names of the arrays."""
        files = {}
        for name, array in arrays.items():
            files[name] = f"{stem}.{_safe(name)}.hex"
            self.text(files[name], hexadecimal(_safe(name), np.atleast_1d(array)))
        return files


def _layer(made, reference, membranes, number, name):
    """Write one layer, and return its entry in the manifest."""
    layer = reference.graph.layers[name]
    layer = layer.lif if isinstance(layer, Leaky) else layer
    values = {field.name: getattr(layer, field.name) for field in fields(layer)}
    arrays = {key: value for key, value in values.items() if isinstance(value, np.ndarray)}
    parameters = {key: value for key, value in values.items() if key not in arrays}
    arrays["outputs"] = reference.outputs[name]
    if name in membranes:
        arrays["membrane"] = membranes[name]
    stem, late = f"{number:02}-{_safe(name)}", reference.graph._plan.late
    made.npz(f"{stem}.npz", arrays)
    files = {"npz": f"{stem}.npz", **made.hexadecimal(stem, arrays)}
    files["parameters"] = f"{stem}.parameters.txt"
    lines = {"layer": type(layer).__name__, **parameters}
    for key, array in arrays.items():
        lines |= {f"{key}.dtype": array.dtype, f"{key}.shape": "x".join(map(str, array.shape))}
    made.text(files["parameters"], "".join(f"{k} = {_word(v)}\n" for k, v in lines.items()))
    return {
        "name": name,
        "layer": type(layer).__name__,
        "from": [
            {"name": source, "step_before": (source, name) in late}
            for source in reference.graph._sources[name]
        ],
        "parameters": json.loads(json.dumps(parameters, default=repr)),
        "arrays": {k: {"dtype": str(a.dtype), "shape": list(a.shape)} for k, a in arrays.items()},
        "files": files,
    }


def _named(membranes):
    """Membranes by the names that they have beside the outputs."""
    return {f"{name}{MEMBRANE}": values for name, values in membranes.items()}


def _safe(name):
    """A name that a file can have."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)
