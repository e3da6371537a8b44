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
