"""Recorded calls of other toolboxes' encoders and decoders.

They are in ``tests/golden/codes``, or in the folder ``codes`` inside the one that the environment
variable SPIKECORE_GOLDEN names.
"""

import functools
import json
import os
from pathlib import Path

import numpy as np

HOME = Path(__file__).resolve().parent.parent / "golden"
FOLDER = Path(os.environ.get("SPIKECORE_GOLDEN", HOME)) / "codes"
RECORDINGS = json.loads((FOLDER / "manifest.json").read_text())["recordings"]


@functools.cache
def arrays():
    with np.load(FOLDER / "arrays.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def array(recording, kind, name):
    return arrays()[recording[kind][name]]


def only_input(recording):
    (name,) = recording["inputs"]
    return array(recording, "inputs", name)


def profile_of(recording):
    """The name of the toolbox's choices."""
    peer, function = recording["peer"], recording["function"]
    if peer.startswith("MAVLab"):
        return "mavlab-matlab" if function.endswith(".m") else "mavlab"
    if peer == "Rockpool":
        return "rockpool-refractory" if recording["semantics"]["refractory"] else "rockpool"
    beginnings = {
        "KEDRI": "kedri", "SpiCoder": "spicoder", "Vasilache": "vasilache", "akshay": "pyspikes",
        "lava-dl": "lava-dl", "Lava": "lava", "maxbortone": "adm", "snn-encoder-tools": "kedri",
        "spikify": "spikify",
    }  # fmt: skip
    return next(name for start, name in beginnings.items() if peer.startswith(start))
