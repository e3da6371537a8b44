"""Layers and neurons one after another, run layer by layer, with recurrent weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike
from spikecore.network.checks import refuse_layer, sizes
from spikecore.network.graph import Graph, Sizes
from spikecore.network.layer import Layer
from spikecore.network.readouts import Readout
from spikecore.neurons.neuron import Neuron


class Sequential(Graph):
    """Layers one after another, run over all of time.

    Parameters
    ----------
    *layers : layer or neuron
        Layers of this module and neurons; the last one must be a neuron or a leaky readout.
    names : iterable of str, optional
        One per layer; by default the kind of layer and a number, ``linear1``, ``leaky1``, ...
    input_shape : tuple of int, optional
        Shape of the input without time and batch axes, so that all shapes are checked when the
        network is made.
    recurrent : dict of str to layer, optional
        For the name of a layer, a layer of weights, ``Linear`` from N to N, that takes its spikes
        of the step before and adds to its input.  In ``layers`` its name is that name with
        ``"_recurrent"`` after it.

    Raises
    ------
    ValueError, TypeError
        No layers, arguments that are not layers, widths or dtypes that do not fit, or names that
        are not distinct.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Leaky
    >>> from spikecore.network import Linear, Sequential
    >>> net = Sequential(Linear.draw(4, 3, seed=0), Leaky(beta=0.9))
    >>> run = net.run(np.ones((5, 2, 4), np.uint8))
    >>> run["leaky1"].spikes.shape, run["leaky1"].recorded["membrane"].shape
    ((5, 2, 3), (5, 2, 3))

    Neurons with recurrent weights:

    >>> weights = {"leaky1": Linear.draw(3, 3, seed=1)}
    >>> net = Sequential(Linear.draw(4, 3, seed=0), Leaky(beta=0.9), recurrent=weights)
    >>> list(net.layers)
    ['linear1', 'leaky1', 'leaky1_recurrent']
    """

    def __init__(
        self,
        *layers: Layer | Neuron,
        names: Iterable[str] | None = None,
        input_shape: Sizes = None,
        recurrent: Mapping[str, Layer] | None = None,
    ) -> None:
        if not layers:
            arguments.refuse("layers", "not be empty", "none", "pass Linear layers and neurons")
        for layer in layers:
            refuse_layer("layers", layer)
        if not isinstance(layers[-1], (Neuron, Readout)):
            remedy = "append one, such as Leaky, or a readout, such as LI"
            arguments.refuse("layers", "end with a neuron", arguments.shown(layers[-1]), remedy)
        named = _layer_names(layers, names)
        nodes = dict(zip(named, layers, strict=True))
        loops = _loops(recurrent, nodes)
        begin, end = (_free(name, (*nodes, *loops)) for name in ("input", "output"))
        edges = [*pairwise((begin, *named, end))]
        for name, (target, _) in loops.items():
            edges += [(target, name), (name, target)]
        nodes |= {name: layer for name, (_, layer) in loops.items()}
        shapes = {begin: sizes("input_shape", input_shape)}
        self._build(nodes, edges, (begin,), shapes, (end,), "layers")

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={layer!r}" for name, layer in self.layers.items())
        return f"Sequential({inside})"

    def __call__(self, spikes: ArrayLike, **options: Any) -> Array:  # type: ignore[override]
        """Run the network and return the output of its last layer; ``options`` as in :meth:`run`.

        Parameters
        ----------
        spikes : array_like
            As in :meth:`run`.
        **options
            Those of :meth:`run`, without ``record``.

        Returns
        -------
        numpy.ndarray
            ``[num_steps, ..., neurons]``: spikes, or membranes of a readout.
        """
        outputs: Any = super().__call__(spikes, **options)
        return outputs


def _loops(recurrent, nodes):
    """For each recurrent layer its name, the layer that it leads back to, and the layer itself."""
    if recurrent is None:
        return {}
    if not isinstance(recurrent, Mapping):
        got, remedy = arguments.shown(recurrent), "pass {'leaky1': Linear.draw(N, N, seed)}"
        arguments.refuse("recurrent", "be a dict of layers by name", got, remedy, TypeError)
    for name, layer in recurrent.items():
        if not isinstance(nodes.get(name), Neuron):
            firing = [name for name in nodes if isinstance(nodes[name], Neuron)]
            must = f"name layers of neurons, out of {firing}"
            arguments.refuse("recurrent", must, arguments.shown(name), "use those names")
        refuse_layer(f"recurrent[{name!r}]", layer)
    return {_free(f"{name}_recurrent", nodes): (name, recurrent[name]) for name in recurrent}


def _free(name, taken):
    """The name, with underscores if a layer has it."""
    while name in taken:
        name += "_"
    return name


def _layer_names(layers, names):
    """Distinct names: those given, or the kind of layer and a number."""
    if names is None:
        seen, made = {}, []
        for layer in layers:
            kind = type(layer).__name__.lower()
            seen[kind] = seen.get(kind, 0) + 1
            made.append(f"{kind}{seen[kind]}")
        return tuple(made)
    names = arguments.names("names", names)
    if len(names) != len(layers) or len(set(names)) != len(names):
        must = f"be {len(layers)} distinct names, one per layer"
        arguments.refuse("names", must, names, "correct them")
    return names
