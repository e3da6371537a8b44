"""The nodes of a NIR graph: what fields each has, and which values they may hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikecore import arguments
from spikecore.foreign import a_kind, has

MOST_NODES = 2**16
DEEPEST = 64  # levels of graphs inside of graphs
REMEDY = "correct the graph and write it again"


class FileError(ValueError):
    """A NIR file or graph cannot be used, for the reason in the message."""


@dataclass(eq=False)
class Node:
    """One node: its kind, and its fields as the file has them.

    Attributes
    ----------
    kind : str
        NIR's name of the node, such as ``"LIF"``.
    fields : dict of str to numpy.ndarray, int or str
        Its numbers.
    metadata : dict
        What the file says besides.
    """

    kind: str
    fields: dict[str, Any]
    metadata: dict[str, Any] = field(default_factory=dict)

    def __eq__(self, node: object) -> bool:
        """Whether kind, fields and metadata are equal, with their dtypes."""
        if not isinstance(node, Node) or self.kind != node.kind:
            return NotImplemented if not isinstance(node, Node) else False
        return equal(self.fields, node.fields) and equal(self.metadata, node.metadata)

    __hash__ = None  # type: ignore[assignment]


@dataclass(eq=False)
class Nodes:
    """A graph as a file has it: nodes and graphs by name, and edges between them.

    Attributes
    ----------
    nodes : dict of str to Node or Nodes
        By name.
    edges : tuple of (str, str)
        Pairs of names.
    metadata : dict
        What the file says besides.
    """

    nodes: dict[str, Any]
    edges: tuple[tuple[str, str], ...]
    metadata: dict[str, Any] = field(default_factory=dict)

    kind = "NIRGraph"

    def __eq__(self, graph: object) -> bool:
        """Whether all nodes are equal, and the edges, in any order."""
        if not isinstance(graph, Nodes):
            return NotImplemented
        same_edges = sorted(self.edges) == sorted(graph.edges)
        return same_edges and self.nodes == graph.nodes and equal(self.metadata, graph.metadata)

    __hash__ = None  # type: ignore[assignment]


def equal(a, b):
    """Whether two fields are equal: arrays with their dtypes, and dicts of them."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        alike = getattr(a, "dtype", None) == getattr(b, "dtype", None)
        return alike and np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
    return type(a) is type(b) and a == b


# --- the fields of each kind ----------------------------------------------------------------------

SHAPE, NUMBERS, POSITIVE, SIZES, COUNT, WORD, MAYBE = (
    "shape", "numbers", "positive numbers", "sizes", "a whole number", "sizes or a word",
    "a shape or none",
)  # fmt: skip
CONVOLUTION = {
    "weight": NUMBERS, "bias": NUMBERS, "stride": SIZES, "padding": WORD, "dilation": SIZES,
    "groups": COUNT, "input_shape": MAYBE,
}  # fmt: skip
POOL = {"kernel_size": SIZES, "stride": SIZES, "padding": SIZES}
FIRING = {"v_threshold": NUMBERS, "v_reset": NUMBERS}
LEAKY = {"tau": POSITIVE, "r": NUMBERS, "v_leak": NUMBERS}
SYNAPTIC = {
    "tau_mem": POSITIVE, "tau_syn": POSITIVE, "r": NUMBERS, "v_leak": NUMBERS, "w_in": NUMBERS,
}  # fmt: skip
FIELDS: dict[str, dict[str, str]] = {
    "Input": {"shape": SHAPE},
    "Output": {"shape": SHAPE},
    "Affine": {"weight": NUMBERS, "bias": NUMBERS},
    "Linear": {"weight": NUMBERS},
    "Conv1d": CONVOLUTION,
    "Conv2d": CONVOLUTION,
    "SumPool2d": POOL,
    "AvgPool2d": POOL,
    "Flatten": {"start_dim": COUNT, "end_dim": COUNT, "input_type": MAYBE},
    "Scale": {"scale": NUMBERS},
    "Threshold": {"threshold": NUMBERS},
    "Delay": {"delay": NUMBERS},
    "I": {"r": NUMBERS},
    "LI": LEAKY,
    "CubaLI": SYNAPTIC,
    "IF": {"r": NUMBERS, **FIRING},
    "LIF": {**LEAKY, **FIRING},
    "CubaLIF": {**SYNAPTIC, **FIRING},
}
OPTIONAL = {"v_reset", "input_shape", "input_type", "w_in"}  # files before 1.0.6 have no v_reset
NEURONS = {"I", "LI", "CubaLI", "IF", "LIF", "CubaLIF"}


def node_of(where, kind, given, metadata):
    """A node of named fields; ``where`` names it in the file."""
    known_kind(where, kind)
    wanted = FIELDS[kind]
    for name in given:
        if name not in wanted:
            refuse(
                f"{where}/{name}", f"be a field of {kind}, out of {tuple(wanted)}", "another name"
            )
    lacking = next((n for n in wanted if n not in given and n not in OPTIONAL), None)
    if lacking is not None:
        refuse(where, f"have the field {lacking!r} of {kind}", f"{tuple(given)}")
    fields = {}
    for name, meaning in wanted.items():
        if given.get(name) is not None:
            fields[name] = CHECKS[meaning](f"{where}/{name}", given[name])
    if kind in NEURONS:
        _refuse_shapes(where, fields)
    return Node(kind, fields, metadata)


def known_kind(where, kind):
    """Refuse a kind of node that NIR does not have."""
    if kind not in FIELDS:
        refuse(where, f"be one of {', '.join(FIELDS)} or NIRGraph", f"the type {kind!r}")


def _numbers(where, value):
    """A finite array of numbers."""
    array = _array(where, value)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        refuse(where, "hold real numbers", f"dtype {array.dtype}")
    if not np.isfinite(array).all():
        refuse(where, "be finite", "NaN or infinity in it")
    return array


def _positive(where, value):
    array = _numbers(where, value)
    if not (array > 0).all():
        refuse(where, "be positive", f"{array.min()} in it")
    return array


def _whole(where, value):
    array = _array(where, value)
    integers = array.dtype.kind in "iu"
    if not integers or (array.size and not -(2**31) < int(array.min()) <= int(array.max()) < 2**31):
        refuse(where, "hold whole numbers", f"dtype {array.dtype}, {arguments.shown(value)}")
    return array


def _count(where, value):
    array = _whole(where, value)
    if array.size != 1:
        refuse(where, "be a whole number", f"shape {array.shape}")
    return array


def _sizes(where, value):
    array = _whole(where, value)
    if array.ndim > 1 or array.size > 2 or not array.size or (array < 0).any():
        refuse(where, "be one or two whole numbers of at least 0", arguments.shown(value))
    return array


def _shape(where, value):
    array = _whole(where, value)
    if array.ndim > 1 or not 0 < array.size <= 32 or (array < 1).any():
        refuse(where, "be a shape of positive sizes", arguments.shown(value))
    return array


def _word(where, value):
    if isinstance(value, str):
        if value not in ("same", "valid"):
            refuse(where, "be 'same', 'valid' or numbers", arguments.shown(value))
        return value
    return _sizes(where, value)


def _array(where, value):
    try:
        array = np.array(value)
    except Exception:
        refuse(where, "be an array of numbers", a_kind(value))
    array = array.astype(array.dtype.newbyteorder("="))
    array.flags.writeable = False
    return array


CHECKS = {
    SHAPE: _shape, NUMBERS: _numbers, POSITIVE: _positive, SIZES: _sizes, COUNT: _count,
    WORD: _word, MAYBE: _shape,
}  # fmt: skip


def _refuse_shapes(where, fields):
    """Refuse numbers of neurons that have several shapes."""
    shapes = {array.shape for array in fields.values() if array.ndim}
    if len(shapes) > 1:
        text = ", ".join(f"{name} {array.shape}" for name, array in fields.items())
        refuse(where, "have numbers of one shape", text)


def neuron_shape(fields):
    """The shape of a layer of neurons."""
    return next((array.shape for array in fields.values() if array.ndim), ())


# --- graphs ---------------------------------------------------------------------------------------


def graph_of(where, nodes, edges, metadata):
    """A graph of nodes that have been checked."""
    for name in nodes:
        if not name or "/" in name or name == ".":
            refuse(where, "have nodes with names without '/'", f"{name!r}")
    for edge in edges:
        for name in edge:
            if name not in nodes:
                refuse(f"{where}/edges", "name nodes of the graph", f"{name!r}")
    twice = next((edge for edge, count in Counter(edges).items() if count > 1), None)
    if twice is not None:
        refuse(f"{where}/edges", "be there once", f"{twice} twice")
    return Nodes(nodes, tuple(edges), metadata)


def from_description(where, given, depth=0):
    """A graph or node of a description, as ``to_dict`` of the nir package gives it."""
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        refuse(where, "be a description with a type", arguments.shown(given))
    if depth > DEEPEST:
        refuse(where, f"have at most {DEEPEST} graphs inside of each other", "more")
    metadata = dict(given.get("metadata") or {})
    rest = {name: value for name, value in given.items() if name not in ("type", "metadata")}
    if given["type"] != Nodes.kind:
        return node_of(where, given["type"], rest, metadata)
    found, edges = rest.get("nodes"), rest.get("edges")
    if not isinstance(found, Mapping) or len(found) > MOST_NODES:
        refuse(where, f"have a dict of at most {MOST_NODES} nodes", a_kind(found))
    nodes = {
        str(name): from_description(f"{where}/{name}", node, depth + 1)
        for name, node in found.items()
    }
    pairs = arguments.items(f"{where}/edges", edges, "be pairs of names", REMEDY)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            refuse(f"{where}/edges", "be pairs of names", arguments.shown(pair))
    return graph_of(where, nodes, [(str(a), str(b)) for a, b in pairs], metadata)


def from_object(graph):
    """The graph of an object of the nir package."""
    if not isinstance(graph, Mapping):
        if not has(graph, "to_dict", "nodes", "edges"):
            must, remedy = "be a path or a nir.NIRGraph", "pass nir.read's result, or the file"
            arguments.refuse("path", must, a_kind(graph), remedy, TypeError)
        graph = graph.to_dict()
    found = from_description("graph", graph)
    if not isinstance(found, Nodes):
        refuse("graph", "have inputs and outputs", f"one {found.kind}")
    return found


def refuse(where, must, got):
    """Raise one sentence about a place in a file or graph."""
    arguments.refuse(where, must, got, REMEDY, FileError)
