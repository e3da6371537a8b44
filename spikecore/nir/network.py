"""A network that was read from a NIR graph."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Device, Number
from spikecore.network import Graph, LayerRun
from spikecore.network.layer import Stateless
from spikecore.network.readouts import Readout
from spikecore.neurons.neuron import Neuron
from spikecore.nir import files, fixed
from spikecore.nir.build import Builder
from spikecore.nir.flat import flat
from spikecore.nir.nodes import Node, Nodes, from_object
from spikecore.nir.rules import FIXED, NAMES, reading
from spikecore.results import by_value

Rules = Literal[
    "exact", "euler", "snntorch-1.0", "snntorch-1.0-subtract", "norse-1.1", "norse-1.1-subtract",
    "sinabs-3.1", "spikingjelly-2.0", "spyx", "lava-float", "lava-fixed",
]  # fmt: skip
Float = Literal["float32", "float64"] | type[np.float32 | np.float64]


@by_value
class NetworkRun(NamedTuple):
    """The result of a run of a NIR network.

    Attributes
    ----------
    outputs : numpy.ndarray or dict of str to numpy.ndarray
        What the output node takes, ``[num_steps, ...]``; a dict by name if there are several.
    layers : dict of str to LayerRun
        The result of each node that has a state, by its name.
    """

    outputs: Any
    layers: dict[str, LayerRun]


class Network:
    """A NIR graph: nodes in continuous time, which a rule turns into steps.

    :func:`read` makes it.  It is compared by value.

    Parameters
    ----------
    graph : Nodes
        The graph as the file has it.
    version : str
        The version of NIR that the file states.
    """

    def __init__(self, graph: Nodes, version: str = files.VERSION) -> None:
        self._graph, self._version = graph, version
        self._flat = flat(graph)
        self._built: dict[Any, Graph] = {}

    @property
    def nodes(self) -> dict[str, Node]:
        """The nodes by name; those of a graph inside have its name before, with a dot between."""
        return dict(self._flat.nodes)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Pairs of names, of nodes as in ``nodes``."""
        found = self._flat.sources.items()
        return tuple((source, name) for name, sources in found for source in sources)

    @property
    def version(self) -> str:
        """The version of NIR that the file states."""
        return self._version

    def __eq__(self, network: object) -> bool:
        """Whether the graphs are equal."""
        if not isinstance(network, Network):
            return NotImplemented
        return self._graph == network._graph

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"nir.Network({len(self.nodes)} nodes, {len(self.edges)} edges)"

    def __str__(self) -> str:
        rows = [("node", "kind", "from", "numbers")]
        for name, node in self.nodes.items():
            numbers = ", ".join(f"{key} {_text(value)}" for key, value in node.fields.items())
            rows.append((name, node.kind, ", ".join(self._flat.sources[name]), numbers))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        return "\n".join(lines)

    def to_graph(
        self,
        dt: Number,
        rules: Rules = "exact",
        *,
        strict: bool = True,
        dtype: Float = "float32",
    ) -> Graph:
        """The graph of layers that a rule makes of the network.

        Parameters
        ----------
        dt : float
            The time step, in the unit of the time constants (seconds, as all exporters write).
        rules : str
            One of :func:`rules`.
        strict : bool
            Refuse what the rule's simulator ignores; False does as the simulator does.
        dtype : {"float32", "float64"}
            In which the network computes.

        Returns
        -------
        spikecore.network.Graph

        Raises
        ------
        ValueError, TypeError
            What the rule cannot express, or, with ``strict``, ignores.

        Examples
        --------
        >>> from spikecore import nir
        >>> lif = {"type": "LIF", "tau": 1e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.5}
        >>> net = nir.read(
        ...     {
        ...         "type": "NIRGraph",
        ...         "nodes": {
        ...             "input": {"type": "Input", "shape": [2]},
        ...             "lif": lif,
        ...             "output": {"type": "Output", "shape": [2]},
        ...         },
        ...         "edges": [("input", "lif"), ("lif", "output")],
        ...     }
        ... )
        >>> net.to_graph(dt=5e-4, rules="euler")
        name layer                                                                   from  shape
        lif  LIF(decay=0.5, threshold=0.5, gain=0.5, reset='value', reset_at='same') input [2]
        """
        dt = arguments.number("dt", dt, 0, open_low=True)
        name = arguments.choice("rules", rules, NAMES)
        strict, kind = arguments.flag("strict", strict), _dtype(dtype)
        if name == FIXED:
            must, remedy = "be a rule in floating point", "call run for integers"
            arguments.refuse("rules", must, name, remedy)
        key = (dt, name, strict, kind)
        if key not in self._built:
            self._built = {key: Builder(self._flat, dt, name, strict, kind).graph()}
        return self._built[key]

    def run(
        self,
        spikes: ArrayLike | Mapping[str, ArrayLike],
        dt: Number,
        rules: Rules = "exact",
        *,
        strict: bool = True,
        dtype: Float = "float32",
        state: Mapping[str, Any] | None = None,
        record: Iterable[str] = (),
        exact: bool = True,
        device: Device | None = None,
    ) -> NetworkRun:
        """Run the network over time-first input.

        Parameters
        ----------
        spikes : array_like or dict of str to array_like
            ``[num_steps, ..., *shape of the input node]``; a dict by name if there are several.
        dt, rules, strict, dtype
            As in :meth:`to_graph`.
        state, record, device
            As in :meth:`spikecore.network.Graph.run`.
        exact : bool
            Sum in index order in every layer; False takes the faster product.

        Returns
        -------
        NetworkRun
            ``outputs`` and ``layers``.

        Raises
        ------
        ValueError, TypeError
            As in :meth:`to_graph`, or input that does not fit.

        Examples
        --------
        >>> import numpy as np
        >>> from spikecore import nir
        >>> nodes = {
        ...     "input": {"type": "Input", "shape": [1]},
        ...     "if": {"type": "IF", "r": 1e4, "v_threshold": 2.0},
        ...     "output": {"type": "Output", "shape": [1]},
        ... }
        >>> edges = [("input", "if"), ("if", "output")]
        >>> net = nir.read({"type": "NIRGraph", "nodes": nodes, "edges": edges})
        >>> net.run(np.ones((6, 1), np.uint8), dt=1e-4).outputs[:, 0]
        array([0, 0, 1, 0, 0, 1], dtype=uint8)
        >>> net.run(np.ones((6, 1), np.uint8), dt=1e-4, rules="spikingjelly-2.0").outputs[:, 0]
        array([0, 1, 0, 1, 0, 1], dtype=uint8)
        """
        if rules == FIXED:
            dt = arguments.number("dt", dt, 0, open_low=True)
            outputs = fixed.run(self._flat, spikes, dt, arguments.flag("strict", strict))
            return NetworkRun(outputs, {})
        graph, given, before = self._prepared(spikes, dt, rules, strict, dtype)
        state = before if state is None else state
        found: dict[str, Array] = {}
        layers = graph._run(given, found, state, record, None, exact, device)
        return NetworkRun(found if len(found) > 1 else found[graph.outputs[0]], layers)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the network as a NIR file.

        Parameters
        ----------
        path : str or os.PathLike
            The file; it gets its name when it is whole.

        Raises
        ------
        OSError
            If the file cannot be written.
        ImportError
            Without h5py.
        """
        files.write(path, self._graph, self._version)

    def _prepared(self, spikes, dt, rules, strict=True, dtype="float32"):
        """The graph of a rule, the inputs that its layers take, and the state to begin with."""
        graph = self.to_graph(dt, rules, strict=strict, dtype=dtype)
        given = self._given(graph, spikes, _dtype(dtype))
        return graph, given, None if reading(rules).bias_before else _without_bias(graph, given)

    def _given(self, graph, spikes, dtype):
        """The inputs by name, in dtypes that the layers take."""
        names = tuple(graph.inputs)
        by_name = {names[0]: spikes}
        if isinstance(spikes, Mapping):
            by_name = dict(spikes)
        found = {}
        for name, values in by_name.items():
            array = arguments.array("spikes", values)
            takers = [layer for n, layer in graph.layers.items() if (name, n) in graph.edges]
            neurons = any(isinstance(layer, (Neuron, Readout)) for layer in takers)
            narrow = array.dtype in (np.dtype(np.bool_), np.dtype(np.uint8), np.dtype(np.int8))
            found[name] = array if narrow and not neurons else array.astype(dtype)
        return found if len(names) > 1 or isinstance(spikes, Mapping) else found[names[0]]


def _without_bias(graph, given):
    """A state in which layers on cycles gave nothing before the first step."""
    by_name = given if isinstance(given, dict) else {next(iter(graph.inputs)): given}
    shapes = graph._shapes({name: np.shape(v)[1:] for name, v in by_name.items()}, "spikes")
    return {
        source: (np.zeros(shapes[source], graph._dtype or np.float32),)
        for source, _ in graph._plan.late
        if isinstance(graph.layers[source], Stateless)
    }


def _dtype(dtype):
    """float32 or float64."""
    try:
        found = np.dtype(dtype)
    except Exception:  # TypeError, or what foreign attributes raise
        found = np.dtype(object)
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        must = "be float32 or float64"
        arguments.refuse("dtype", must, arguments.shown(dtype), "pass one of the two", TypeError)
    return found


def _text(value):
    """A number, or shape and range of several."""
    if isinstance(value, str):
        return value
    if value.size <= 4 and value.dtype.kind in "iu":
        return str(value.tolist())
    low, high = f"{value.min():.4g}", f"{value.max():.4g}"
    spread = low if low == high else f"{low} to {high}"
    return f"{list(value.shape)} {spread}" if value.ndim else spread


def read(path: Any) -> Network:
    """Read a NIR file, or take a graph of the nir package.

    Parameters
    ----------
    path : str, os.PathLike, nir.NIRGraph or dict
        A file, which needs h5py; or a graph, or what its ``to_dict`` returns, which needs nothing.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        A file that is damaged, is no NIR, or refers to others; a graph that is not well formed.
    TypeError
        Neither a path nor a graph.
    OSError
        A file that cannot be opened.
    ImportError
        A path, without h5py.

    Examples
    --------
    >>> from spikecore import nir
    >>> nodes = {
    ...     "input": {"type": "Input", "shape": [3]},
    ...     "li": {"type": "LI", "tau": 1e-3, "r": 1.0, "v_leak": 0.0},
    ...     "output": {"type": "Output", "shape": [3]},
    ... }
    >>> edges = [("input", "li"), ("li", "output")]
    >>> nir.read({"type": "NIRGraph", "nodes": nodes, "edges": edges})
    nir.Network(3 nodes, 2 edges)
    """
    if isinstance(path, (str, bytes, os.PathLike)):
        graph, version = files.read(path)
        return Network(graph, version)
    return Network(from_object(path))
