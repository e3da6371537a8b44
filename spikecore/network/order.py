"""The order in which a graph's layers are run, and the edges that carry values of the step before.

The layers fall into components: a layer by itself, or all layers that lie on cycles with each
other.  In a component an edge closes a cycle if it leads back to the layer in which the cycle is
entered; it carries the value of the step before.  The order of the edges has no influence.
"""

from heapq import heapify, heappop, heappush
from typing import NamedTuple


class Component(NamedTuple):
    """Layers that are run together.

    Attributes
    ----------
    names : tuple of str
        In the order in which they are run.
    cyclic : bool
        Whether they are run step by step.
    """

    names: tuple
    cyclic: bool


class Plan(NamedTuple):
    """How a graph is run.

    Attributes
    ----------
    components : tuple of Component
        In an order in which every component follows those that it takes values from.
    late : frozenset of tuple
        The edges that carry the value of the step before.
    """

    components: tuple
    late: frozenset


def plan(names, sources, closing):
    """The plan of a graph.

    ``names`` are the layers in the order of their listing, ``sources`` has the layers (and inputs)
    that each takes values from, and ``closing`` the layers whose output never depends on the input
    of the same step.
    """
    rank = _ranks(names, sources)
    inner = {name: [s for s in sources[name] if s in rank] for name in names}
    components, late = [], set()
    for members in _components(names, inner):
        if len(members) == 1 and members[0] not in inner[members[0]]:
            components.append((members, False))
            continue
        order, edges = _cycles(members, inner, closing, rank)
        late |= edges
        components.append((order, True))
    found = tuple(Component(tuple(m), cyclic) for m, cyclic in _sorted(components, inner, rank))
    return Plan(found, frozenset(late))


def _ranks(names, sources):
    """Each layer's distance from the inputs, and its place in the listing."""
    targets = {}
    for name in names:
        for source in sources[name]:
            targets.setdefault(source, []).append(name)
    level = {source for source in targets if source not in sources}
    level |= {name for name in names if not sources[name]}
    distance, steps = {}, 0
    while level:
        distance.update(dict.fromkeys(level, steps))
        level = {name for source in level for name in targets.get(source, ())} - distance.keys()
        steps += 1
    return {name: (distance.get(name, steps), place) for place, name in enumerate(names)}


def _components(names, sources):
    """The strongly connected components (Kosaraju's two searches, without recursion)."""
    members, targets = set(names), {name: [] for name in names}
    for name in names:
        for source in sources[name]:
            if source in members:
                targets[source].append(name)
    finished, seen = [], set()
    for root in names:
        stack = [] if root in seen else [(root, iter(targets[root]))]
        seen.add(root)
        while stack:
            name, rest = stack[-1]
            following = next((t for t in rest if t not in seen), None)
            if following is None:
                finished.append(stack.pop()[0])
            else:
                seen.add(following)
                stack.append((following, iter(targets[following])))
    placed, found = set(), []
    for root in reversed(finished):
        if root in placed:
            continue
        component, stack = [], [root]
        placed.add(root)
        while stack:
            name = stack.pop()
            component.append(name)
            before = [s for s in sources[name] if s in members and s not in placed]
            placed.update(before)
            stack.extend(before)
        found.append(component)
    return found


def _cycles(members, inner, closing, rank):
    """The members of a component in their order, and the edges that close its cycles.

    The edges into closing layers are cut first.  While cycles are left, each is entered in the
    layer that is nearest to the inputs, and the edges into that layer are cut.
    """
    inside = set(members)
    left = {n: [s for s in inner[n] if s in inside and n not in closing] for n in members}
    late = set()
    while True:
        cycles = [
            part for part in _components(members, left)
            if len(part) > 1 or part[0] in left[part[0]]
        ]  # fmt: skip
        if not cycles:
            break
        for cycle in cycles:
            around = set(cycle)
            entry = min(cycle, key=rank.get)
            late |= {(source, entry) for source in left[entry] if source in around}
            left[entry] = [source for source in left[entry] if source not in around]
    return list(_topological(members, left, rank)), late


def _topological(names, sources, rank):
    """Layers so that each follows its sources; of several that may come next, the lowest rank."""
    members = set(names)
    missing = {n: {s for s in sources[n] if s in members} for n in names}
    targets = {n: [] for n in names}
    for name, before in missing.items():
        for source in before:
            targets[source].append(name)
    ready = [(rank[n], n) for n in names if not missing[n]]
    heapify(ready)
    while ready:
        _, name = heappop(ready)
        yield name
        for target in targets[name]:
            missing[target].discard(name)
            if not missing[target]:
                heappush(ready, (rank[target], target))


def _sorted(components, inner, rank):
    """Components in an order in which each follows those that it takes values from."""
    home = {name: number for number, (members, _) in enumerate(components) for name in members}
    before = {
        number: {home[s] for name in members for s in inner[name]} - {number}
        for number, (members, _) in enumerate(components)
    }
    lowest = {n: min(rank[name] for name in members) for n, (members, _) in enumerate(components)}
    return [components[n] for n in _topological(list(before), before, lowest)]
