"""A trained network that comes with the package."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from spikecore.files import shipped
from spikecore.nir.network import Network, read

FILE = "digits-network.npz"


def digits() -> Network:
    """Return a trained network of 64, 128 and 10 LIF neurons that recognises handwritten digits.

    Its inputs are the 8x8 pixels of ``datasets.digits()``, as a rate code or as a latency code of
    25 steps of 0.1 ms; its answer is the output that spikes most often.  It learnt the digits whose
    number is no multiple of 5, so that ``images[::5]`` are new to it.  snnTorch 1.0.0 trained it
    (``benchmarks/train_digits.py``) with the step that ``rules="euler"`` makes of it.

    It has no biases, and r = 1, so that every rule takes it.  It is stored inside the package, and
    nothing is downloaded; ``digits().write("digits.nir")`` gives a NIR file.

    Returns
    -------
    Network
        Nodes ``hidden_weights``, ``hidden``, ``answer_weights`` and ``answer``, for ``dt=1e-4``.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import datasets, nir, spikegen
    >>> images, labels = datasets.digits()
    >>> pixels = images[::5].reshape(-1, 64)
    >>> spikes = spikegen.rate(pixels, num_steps=25, seed=0, dtype=np.uint8)
    >>> outputs = nir.digits().run(spikes, dt=1e-4).outputs
    >>> answers = outputs.sum(axis=0).argmax(axis=1)
    >>> int(np.count_nonzero(answers == labels[::5])), len(answers)
    (355, 360)
    """
    stored = shipped(FILE)
    return chain(stored, "hidden", "answer")


def chain(stored: dict[str, Any], *names: str) -> Network:
    """The network of the named layers, one after another, of numbers as they are stored."""
    inputs = stored[names[0]].shape[1]
    nodes = {"input": {"type": "Input", "shape": np.array([inputs])}}
    for name in names:
        weight = stored[name]
        outputs = len(weight)
        bias = np.zeros(outputs, np.float32)  # some importers have no layer without one
        nodes[f"{name}_weights"] = {"type": "Affine", "weight": weight, "bias": bias}
        numbers = {"tau": stored["tau"], "r": 1, "v_leak": 0}  # no v_reset: older readers lack it
        numbers["v_threshold"] = stored["v_threshold"]
        fields = {key: np.full(outputs, value, np.float32) for key, value in numbers.items()}
        nodes[name] = {"type": "LIF", **fields}
    nodes["output"] = {"type": "Output", "shape": np.array([outputs])}
    return read({"type": "NIRGraph", "nodes": nodes, "edges": list(pairwise(nodes))})
