"""One layer of a network against the reference: its input, its output, and the cause."""

from dataclasses import fields, replace

import numpy as np

from spikecore.network import Graph
from spikecore.network.elements import Flatten, Threshold
from spikecore.network.layer import Stateless
from spikecore.network.pooling import Pool
from spikecore.network.readouts import Readout
from spikecore.neurons import Leaky
from spikecore.neurons.lif import LIF
from spikecore.neurons.neuron import Neuron
from spikecore.validate.candidate import Observed
from spikecore.validate.neurons import Neuron as Subject
from spikecore.validate.report import Check, Difference
from spikecore.validate.subject import Seen, Trial, compare, first, judge, sentence

MOST_ELEMENTS = 64  # on which causes are tried


class Reference:
    """A graph that was run on some inputs, every layer's output recorded."""

    def __init__(self, graph, given, state):
        self.graph = graph
        self.given = graph._given(given)
        self.order = [name for part in graph._plan.components for name in part.names]
        ends = {f"{name} output": name for name in self.order}
        edges = [edge for edge in graph.edges if edge[1] not in graph.outputs]
        edges += [(name, end) for end, name in ends.items()]
        whole = Graph(graph.layers, edges, inputs=graph.inputs, outputs=tuple(ends))
        found = {}
        self.runs = whole._run(self.given, found, state, _membranes(graph), exact=True)
        self.outputs = {ends[end]: values for end, values in found.items()}
        nothing = {name: values[:0] for name, values in self.given.items()}
        before = graph._run(nothing, None, state)
        self.before = {source: before[source].final[-1] for source, _ in graph._plan.late}

    def input_of(self, name, observed):
        """The input of a layer, from the candidate's outputs of those before it."""
        return self._input(name, observed, {}, set())

    def _input(self, name, observed, known, above):
        graph = self.graph
        parts = []
        for source in graph._sources[name]:
            values = self._output(source, observed, known, above)
            if (source, name) in graph._plan.late:
                values = np.concatenate([self.before[source][None], values[:-1]])
            parts.append(values)
        if len(parts) == 1:
            return parts[0]
        dtype = np.result_type(*(self._floating(values) for values in parts))
        total = parts[0].astype(dtype)
        for values in parts[1:]:
            total += values.astype(dtype)
        return total

    def _floating(self, values):
        """The dtype in which values are added."""
        return values.dtype if values.dtype.kind == "f" else self.graph._dtype or np.float32

    def _output(self, name, observed, known, above):
        """The output of a layer: the candidate's, or what the reference makes of its input."""
        if name in self.given:
            return self.given[name]
        if name in observed:
            return _alike(observed[name].spikes, self.outputs[name].dtype)
        if name in above:  # on a cycle of which the candidate gave no layer
            return self.outputs[name]
        if name not in known:
            current = self._input(name, observed, known, above | {name})
            known[name] = self.alone(name, current).spikes
        return known[name]

    def alone(self, name, current):
        """What a layer gives for an input, and the membranes of a neuron."""
        layer = self.graph.layers[name]
        if isinstance(layer, (Neuron, Readout)):
            current = current.astype(self._current_dtype(name, current), copy=False)
        net = Graph({name: layer}, [("in ", name), (name, "out ")], inputs="in ", outputs="out ")
        found = {}
        run = net._run(current, found, None, _membranes(net), exact=True).get(name)
        membrane = None if run is None else run.recorded.get("membrane")
        return Observed(found["out "], membrane)

    def _current_dtype(self, name, current):
        membrane = self.runs[name].recorded.get("membrane")
        return self._floating(current) if membrane is None else membrane.dtype


def _membranes(graph):
    """What a run of a graph is asked to record."""
    states = (getattr(layer, "recordable", ()) for layer in graph.layers.values())
    return ("membrane",) if any("membrane" in names for names in states) else ()


def _alike(values, dtype):
    """Values in a dtype if it holds them, or integers as float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        cast = values.astype(dtype)
    if dtype.kind == "f" or np.array_equal(cast, values):
        return cast
    return values.astype(np.float32)


def compare_layer(reference, name, current, observed, states, band, causes):
    """The check of a layer, and (sentence, name) of the causes of its difference if asked."""
    layer = reference.graph.layers[name]
    wanted = reference.alone(name, current)
    lif = _lif(layer)
    if lif is None:
        limit = _rounding(layer, current, wanted.spikes.dtype)
        return _values(wanted.spikes, observed.spikes, limit), ()
    if not states:
        observed = Observed(observed.spikes)
    dtype = wanted.membrane.dtype
    if isinstance(layer, Readout):  # a LIF that is never reset, and whose spikes nobody sees
        observed = Observed(observed.spikes > lif.threshold, observed.spikes)
    if observed.membrane is not None:
        observed = Observed(observed.spikes, observed.membrane.astype(dtype))
    current = np.ascontiguousarray(current, dtype)
    check, _ = compare(Trial(name, current, Subject(lif)), observed, True, band)
    if check.verdict != "wrong" or not causes:
        return check, ()
    return check, _causes(lif, current, observed, check.difference.element, band)


def _lif(layer):
    """The LIF that a layer is, or None."""
    if isinstance(layer, Readout):
        return layer._lif
    found = layer.lif if isinstance(layer, Leaky) else layer
    return found if type(found) is LIF else None


def _values(wanted, given, limit):
    """The check of numbers; ``limit`` is how far rounding moves each."""
    parted = np.abs(given.astype(np.float64) - wanted.astype(np.float64))
    wrong = ~(parted <= limit)
    unequal = np.asarray(given != wanted)
    if not unequal.any():
        return Check("", "exact")
    place = first(wrong if wrong.any() else unequal)
    told = Difference(place[0], place[1:], float(wanted[place]), float(given[place]),
                      count=int(unequal.sum()), total=unequal.size)  # fmt: skip
    return Check("", "wrong" if wrong.any() else "rounding", difference=told)


def _rounding(layer, current, dtype):
    """How far two orders of a layer's sum may lie apart: n epsilon times the sum of the sizes.

    A sum of n products, each rounded, is off by at most n/2 epsilon of that sum (Higham, 2002,
    section 3.1), so two of them by twice as much.
    """
    if isinstance(layer, (Flatten, Threshold)) or not isinstance(layer, Stateless):
        return 0.0
    terms, positive = 1, {}
    for name in ("weight", "bias", "scale"):
        if hasattr(layer, name):
            positive[name] = np.abs(getattr(layer, name))
    if "weight" in positive:
        terms = layer.weight[0].size + 1  # the bias too
    elif isinstance(layer, Pool):
        terms = layer.kernel_size[0] * layer.kernel_size[1]
    sizes = replace(layer, **positive)(np.abs(current.astype(dtype)), exact=True)
    return 2 * terms * float(np.finfo(dtype).eps) * sizes.astype(np.float64)


def _causes(lif, current, observed, element, band):
    """(sentence, name) of the causes, from the elements with the numbers of the first that differs.

    Inhibition joins the elements of a row, so then all of them are kept.
    """
    if not lif.inhibition:
        lif, columns = _alike_elements(lif, current, observed, element)
        steps = len(current)
        current = np.ascontiguousarray(current.reshape(steps, -1)[:, columns])
        kept = (None if a is None else a.reshape(steps, -1)[:, columns] for a in observed)
        observed = Observed(*kept)
    if any(np.ndim(getattr(lif, field.name)) for field in fields(lif)):
        return ()
    subject = Subject(lif)
    found = judge([Seen(Trial("layer", current, subject), observed)], True, band).found
    return [(sentence(cause, subject) + suffix, cause.name) for cause, suffix in found]


def _alike_elements(lif, current, observed, element):
    """The neuron of one element as numbers, and the elements with these, the first that differ."""
    shape = current.shape[1:]
    place = int(np.ravel_multi_index(element, shape)) if shape else 0
    numbers, alike = {}, np.ones(max(1, int(np.prod(shape))), bool)
    for field in fields(lif):
        value = getattr(lif, field.name)
        if np.ndim(value):
            spread = np.broadcast_to(value, shape).ravel()
            numbers[field.name] = float(spread[place])
            alike &= spread == spread[place]
    with np.errstate(all="ignore"):
        wanted = lif.run(current).spikes
    differ = np.asarray(observed.spikes != wanted).reshape(len(current), -1).any(axis=0)
    order = sorted(np.flatnonzero(alike), key=lambda column: (column != place, not differ[column]))
    return replace(lif, **numbers), order[:MOST_ELEMENTS]
