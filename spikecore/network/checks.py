"""Checks of a graph's layers and shapes, and how a graph shows them."""

import numpy as np

from spikecore import arguments, backends
from spikecore.foreign import a_kind
from spikecore.network.elements import Flatten
from spikecore.network.layer import Layer
from spikecore.network.linear import Linear
from spikecore.network.readouts import Readout
from spikecore.neurons.neuron import Neuron


def refuse_layer(name, layer):
    """Refuse what is no layer, and neurons whose spikes could not be counted."""
    if not isinstance(layer, (Layer, Neuron)):
        must, got = "be Linear layers or neurons, or other layers", a_kind(layer)
        remedy = "wrap weights in Linear(weight, bias)"
        arguments.refuse(name, must, got, remedy, TypeError)
    if isinstance(layer, Neuron) and layer.largest_spike == 0:
        must = "write a spike as a number other than 0, so that it can be counted"
        arguments.refuse(name, must, arguments.shown(layer), "give amplitude another value")


def shown(layer):
    """A layer in a few words: of a neuron, the fields that are not at their default."""
    if not isinstance(layer, Neuron):
        return repr(layer)
    fields = (
        f"{name}={f'array{np.shape(value)}' if np.ndim(value) else number(value)}"
        for name, value in layer._differences().items()
    )
    return f"{type(layer).__name__}({', '.join(fields)})"


def number(value):
    """A number in at most six digits, or a name."""
    text = repr(value)
    return f"{value:.6g}" if isinstance(value, float) and len(text) > 8 else text


def closes(layer):
    """Whether no step's output depends on the input of that step."""
    return isinstance(layer, Layer) and layer._closes()


def sizes(name, shape):
    """The shape of an input, or None."""
    if shape is None:
        return None
    found = arguments.items(name, shape, "be a shape", "pass a tuple of sizes")
    return tuple(arguments.integer(name, size, 1) for size in found)


def refuse_unreached(nodes, inputs, sources):
    """Refuse a layer to which no way leads from an input."""
    reached, level = set(), set(inputs)
    while level:
        reached |= level
        level = {name for name, found in sources.items() if level & set(found)} - reached
    unreached = next((name for name in nodes if name not in reached), None)
    if unreached is not None:
        must, got = "lead from an input to every layer", f"no way to {unreached!r}"
        arguments.refuse("edges", must, got, "add an edge, or leave the layer out")


def refuse_sizes(name, expected, shape):
    """Refuse an input whose last axes are not those that its graph was made for."""
    if expected is not None and shape[len(shape) - len(expected) :] != expected:
        must, remedy = f"have the axes {list(expected)} of {name} at their end", "reshape them"
        arguments.refuse("spikes", must, f"shape {shape} of a step", remedy)


def refuse_on_gpu(graph, given):
    """Refuse inputs on a GPU for layers that have no kernel there."""
    got, remedy = "an array on a GPU", "copy it to the host and pass device='cuda'"
    if not all(map(backends.on_gpu, given.values())):
        arguments.refuse("spikes", "lie on a GPU all or none", got, remedy, TypeError)
    for component in graph._plan.components:
        name = component.names[0]
        layer, sources = graph._nodes[name], graph._sources[name]
        fires = isinstance(graph._nodes.get(sources[0]), Neuron)
        reason = None
        if component.cyclic or len(sources) > 1:
            reason = "cycles and sums of several values"
        elif not isinstance(layer, (Linear, Flatten, Neuron, Readout)):
            reason = f"{type(layer).__name__}"
        elif fires and isinstance(layer, (Neuron, Readout)):
            reason = "neurons that take the spikes of neurons"
        if reason is not None:
            must = f"lie in the host's memory for {name!r}, as there is no CUDA kernel for {reason}"
            arguments.refuse("spikes", must, got, remedy, TypeError)
    several = next((n for n in graph._outputs if len(graph._sources[n]) > 1), None)
    if several is not None:
        must = f"lie in the host's memory for the sum {several!r}, which has no CUDA kernel"
        arguments.refuse("spikes", must, got, remedy, TypeError)


def common(a, b):
    """What two shapes have in common, as far as they are known, or None if they differ."""
    if a[:1] != (...,) and b[:1] != (...,):
        return a if a == b else None
    a_sizes, b_sizes = a[a[:1] == (...,) :], b[b[:1] == (...,) :]
    if len(a_sizes) < len(b_sizes):
        a_sizes, b_sizes = b_sizes, a_sizes
    start = len(a_sizes) - len(b_sizes)
    joined = list(a_sizes)
    for place, size in enumerate(b_sizes, start):
        if None not in (joined[place], size) and joined[place] != size:
            return None
        joined[place] = size if joined[place] is None else joined[place]
    return (..., *joined)


def text(shape):
    """A shape as text."""
    partial = shape[:1] == (...,)
    sizes = ", ".join("?" if size is None else str(size) for size in shape[partial:])
    return f"shape [..., {sizes}]" if partial else f"shape ({sizes})"


def table(graph):
    """The lines of a table of a graph's layers, in the order in which they are run."""
    rows = [("name", "layer", "from", "shape")]
    for component in graph._plan.components:
        for name in component.names:
            took = (
                f"{source} of the step before" if (source, name) in graph._plan.late else source
                for source in graph._sources[name]
            )
            shape = graph._known[name]
            known = ("?" if size is None else str(size) for size in shape[shape[:1] == (...,) :])
            row = (name, shown(graph._nodes[name]), ", ".join(took), f"[{', '.join(known)}]")
            rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield " ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
