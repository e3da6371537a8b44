"""A graph without graphs inside: nested graphs are put in place, inputs and outputs named."""

from __future__ import annotations

from typing import Any, NamedTuple

from spikecore.nir.nodes import Node, Nodes, refuse

MOST_EDGES = 2**20


class Flat(NamedTuple):
    """A graph of nodes alone.

    Attributes
    ----------
    nodes : dict of str to Node
        By name; those of a graph inside have its name before their own, with a dot between.
    sources : dict of str to list of str
        From which nodes each takes its values.
    """

    nodes: dict[str, Node]
    sources: dict[str, list[str]]

    def of(self, kind):
        """Names of the nodes of a kind."""
        return [name for name, node in self.nodes.items() if node.kind == kind]


def flat(graph):
    """The graph with the graphs inside of it put in place."""
    nodes: dict[str, Node] = {}
    edges: list[Any] = []
    _spread(graph, "", nodes, edges)
    sources: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        sources[target].append(source)
    result = Flat(nodes, sources)
    inside = [n for n in nodes if n not in graph.nodes and nodes[n].kind in ("Input", "Output")]
    return without(result, inside)


def without(graph, names):
    """The graph without some nodes, whose sources go to their targets."""
    nodes, sources = dict(graph.nodes), {n: list(s) for n, s in graph.sources.items()}
    targets: dict[str, set[str]] = {name: set() for name in nodes}
    for target, found in sources.items():
        for source in found:
            targets[source].add(target)
    count = sum(map(len, sources.values()))
    for name in names:
        before = [source for source in sources.pop(name) if source != name]
        after = targets.pop(name) - {name}
        del nodes[name]
        count += len(before) * len(after)
        if count > MOST_EDGES:
            refuse("edges", f"be at most {MOST_EDGES} when graphs are put in place", "more")
        for source in before:
            targets[source].discard(name)
            targets[source] |= after
        for target in after:
            found = sources[target]
            twice = set(before) & set(found)
            if twice:
                must = "lead once from a node to another when graphs are put in place"
                refuse("edges", must, f"{min(twice)} to {target} twice")
            place = found.index(name)
            found[place : place + 1] = before
    return Flat(nodes, sources)


def _spread(graph, prefix, nodes, edges):
    """Collect the nodes of a graph, and its edges as those of the nodes inside."""
    for name, node in graph.nodes.items():
        full = prefix + name
        if isinstance(node, Nodes):
            _spread(node, f"{full}.", nodes, edges)
            continue
        if full in nodes:
            refuse(full, "be the name of one node", "two of that name")
        nodes[full] = node
    for source, target in graph.edges:
        edges.append((_end(graph, prefix, source, "Output"), _end(graph, prefix, target, "Input")))


def _end(graph, prefix, name, kind):
    """The node at the end of an edge; of a graph inside, its one input or output."""
    node = graph.nodes[name]
    full = prefix + name
    if not isinstance(node, Nodes):
        return full
    ends = [key for key, held in node.nodes.items() if held.kind == kind]
    if len(ends) != 1:
        refuse(full, f"have one {kind} to lead an edge to", f"{len(ends)} of them")
    return f"{full}.{ends[0]}"
