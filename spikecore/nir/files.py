"""NIR's HDF5 files: read by our own reader, which trusts nothing, and written.

A file may be damaged or made to do harm.  Links to other files, virtual and external data,
unknown filters, graphs that contain themselves and arrays that the file cannot hold are refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikecore import arguments, memory
from spikecore.files import whole
from spikecore.foreign import reason
from spikecore.nir.nodes import (
    DEEPEST,
    MOST_NODES,
    FileError,
    Nodes,
    graph_of,
    known_kind,
    node_of,
    refuse,
)

# deflate, shuffle, fletcher32, szip, nbit, scale-offset, lzf: those that need no plug-in
FILTERS = {1, 2, 3, 4, 5, 6, 32000}
MOST_PACKED = 2000  # bytes in one of a file: deflate makes 1032 at most
LONGEST_NAME = 1000
VERSION = "1.0.8"  # of the nir package whose files these are


def hdf5() -> Any:
    """The package h5py; an error with the remedy without it."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "spikecore.nir needs h5py to read and write files; install it with pip install "
            "'spikecore[nir]'"
        ) from error
    return h5py


def read(path):
    """The graph of a file, and the version that it states."""
    path = arguments.path("path", path, "be a path or a nir.NIRGraph", "pass the path of a file")
    with open(path, "rb") as file:  # errors of the file system come as they are
        file.read(1)
    h5py = hdf5()
    try:
        with h5py.File(path, "r") as file:
            reader = Reader(h5py, file, path.stat().st_size)
            version = reader.version()
            graph = reader.graph("node", file, "node", 0)
    except FileError as error:
        raise FileError(f"{path.name}: {error}") from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        raise FileError(
            f"path must be a NIR file (HDF5), got {arguments.shown(str(path))}, which h5py cannot "
            f"read ({reason(error)}); write it again"
        ) from None
    if not isinstance(graph, Nodes):
        must = "hold a graph with inputs and outputs"
        raise FileError(f"{path.name} must {must}, got one {graph.kind}; put it into a NIRGraph")
    return graph, version


class Reader:
    """A file that is read group by group."""

    def __init__(self, h5py, file, size):
        self.h5py, self.file, self.size = h5py, file, size
        self.count = 0
        self.bytes = 0

    def version(self):
        """The version of nir that the file states, or an empty text."""
        return self.text("version", self.file) if "version" in self.file else ""

    def graph(self, where, group, name, depth, above=()):
        """The graph or node in a group."""
        inside = self.group(where, group, name)
        address = self.h5py.h5o.get_info(inside.id).addr
        if address in above or depth > DEEPEST:
            must = f"have at most {DEEPEST} graphs inside of each other, and none inside itself"
            refuse(where, must, "more" if address not in above else "a graph inside itself")
        self.count += 1
        if self.count > MOST_NODES:
            refuse(where, f"have at most {MOST_NODES} nodes", "more")
        kind = self.text(f"{where}/type", inside, "type")
        if kind != Nodes.kind:
            known_kind(where, kind)
        metadata = {}
        if "metadata" in inside:
            metadata = self.metadata(f"{where}/metadata", inside, "metadata", 0)
        if kind != Nodes.kind:
            fields = {
                key: self.value(f"{where}/{key}", inside, key)
                for key in inside
                if key not in ("type", "metadata")
            }
            return node_of(where, kind, fields, metadata)
        members = self.group(f"{where}/nodes", inside, "nodes")
        if len(members) > MOST_NODES:
            refuse(f"{where}/nodes", f"have at most {MOST_NODES} nodes", len(members))
        nodes = {
            key: self.graph(f"{where}/{key}", members, key, depth + 1, (*above, address))
            for key in members
        }
        return graph_of(where, nodes, self.edges(f"{where}/edges", inside), metadata)

    def link(self, where, group, name):
        """What a name links to, which must lie in the file."""
        if len(name) > LONGEST_NAME:
            refuse(where[:100], f"have at most {LONGEST_NAME} characters", len(name))
        if name not in group:
            link = group.get(name, getlink=True) if name in list(group) else None
            if link is None:
                refuse(where, "be there", "nothing")
        link = group.get(name, getlink=True)
        if not isinstance(link, self.h5py.HardLink):
            kind = type(link).__name__
            refuse(where, "lie in the file itself", f"a link of the kind {kind}")
        return group[name]

    def group(self, where, group, name):
        """A group in a group."""
        found = self.link(where, group, name)
        if not isinstance(found, self.h5py.Group):
            refuse(where, "be a group", f"a {type(found).__name__}")
        return found

    def dataset(self, where, group, name):
        """A dataset whose values lie in the file."""
        found = self.link(where, group, name)
        if not isinstance(found, self.h5py.Dataset):
            refuse(where, "be a dataset", f"a {type(found).__name__}")
        properties = found.id.get_create_plist()
        if found.is_virtual or properties.get_external_count():
            refuse(where, "lie in the file itself", "data of another file")
        filters = {properties.get_filter(n)[0] for n in range(properties.get_nfilters())}
        if not filters <= FILTERS:
            refuse(where, f"use filters out of {sorted(FILTERS)}", sorted(filters))
        if found.shape is None:
            return found
        needed = found.size * max(1, found.dtype.itemsize)
        self.bytes += needed
        if self.bytes > MOST_PACKED * self.size:
            got = f"shape {found.shape} in a file of {self.size} bytes"
            refuse(where, "be no larger than the file can hold", got)
        lack = memory.lack(found.shape, found.dtype)
        if lack is not None:
            refuse(where, "fit into memory", f"shape {found.shape}, which {lack}")
        return found

    def value(self, where, group, name):
        """A field: an array, a text, or None of an empty dataset."""
        found = self.dataset(where, group, name)
        if found.shape is None:
            return None
        if self.h5py.check_string_dtype(found.dtype) is not None:
            return self.text(where, group, name)
        if found.dtype.kind not in "iufb":
            refuse(where, "hold numbers", f"dtype {found.dtype}")
        return np.asarray(found[()])

    def text(self, where, group, name=None):
        """A text."""
        found = self.dataset(where, group, name or where)
        if self.h5py.check_string_dtype(found.dtype) is None or found.shape != ():
            refuse(where, "be one text", f"dtype {found.dtype} and shape {found.shape}")
        return self.word(where, found[()])

    def word(self, where, value):
        """Bytes as text."""
        try:
            return value.decode("utf8") if isinstance(value, bytes) else str(value)
        except UnicodeDecodeError:
            refuse(where, "be UTF-8", arguments.shown(value))

    def edges(self, where, group):
        """Pairs of names."""
        found = self.dataset(where, group, "edges")
        if found.size == 0:
            return []
        strings = self.h5py.check_string_dtype(found.dtype) is not None
        if not strings or found.ndim != 2 or found.shape[1] != 2:
            got = f"dtype {found.dtype} and shape {found.shape}"
            refuse(where, "be pairs of names", got)
        return [tuple(self.word(where, name) for name in pair) for pair in found[()]]

    def metadata(self, where, group, name, depth):
        """A dict of values and of further dicts."""
        inside = self.group(where, group, name)
        if depth > DEEPEST:
            refuse(where, f"have at most {DEEPEST} levels", "more")
        found: dict[str, Any] = {}
        for key in inside:
            self.count += 1
            if self.count > MOST_NODES:
                refuse(where, f"have at most {MOST_NODES} values", "more")
            if isinstance(self.link(f"{where}/{key}", inside, key), self.h5py.Group):
                found[key] = self.metadata(f"{where}/{key}", inside, key, depth + 1)
            else:
                found[key] = self.value(f"{where}/{key}", inside, key)
        return found


# --- writing --------------------------------------------------------------------------------------


def write(path, graph, version):
    """Write a graph as the nir package does; the file gets its name when it is whole."""
    h5py = hdf5()
    path = arguments.path("path", path, "be a path to write to", "pass the path of a file")
    with whole(path) as part, h5py.File(part, "w") as file:
        file.create_dataset("version", data=version, dtype=h5py.string_dtype())
        _write_graph(h5py, file.create_group("node"), graph)


def _write_graph(h5py, group, graph):
    """Write a graph or a node into a group."""
    group.create_dataset("type", data=graph.kind, dtype=h5py.string_dtype())
    if graph.metadata:
        _write_dict(h5py, group.create_group("metadata"), graph.metadata)
    if not isinstance(graph, Nodes):
        _write_dict(h5py, group, graph.fields)
        return
    members = group.create_group("nodes", track_order=True)  # nirtorch takes few that wait
    for name, node in graph.nodes.items():
        _write_graph(h5py, members.create_group(name), node)
    edges = np.array(graph.edges, dtype=object).reshape(-1, 2)
    group.create_dataset("edges", data=edges, dtype=h5py.string_dtype())


def _write_dict(h5py, group, values):
    """Write values by name."""
    for name, value in values.items():
        if isinstance(value, dict):
            _write_dict(h5py, group.create_group(name), value)
        elif isinstance(value, str):
            group.create_dataset(name, data=value, dtype=h5py.string_dtype())
        elif value is None:
            group.create_dataset(name, data=h5py.Empty("f4"))
        else:
            array = np.asarray(value)
            packing = {"compression": "gzip"} if array.size > 1 else {}
            group.create_dataset(name, data=array, **packing)
