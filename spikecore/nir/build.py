"""A NIR graph as a graph of layers, by a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikecore import arguments
from spikecore.backends.floats import standard_floats
from spikecore.network import (
    AvgPool2d,
    Conv1d,
    Conv2d,
    Delay,
    Flatten,
    Graph,
    Linear,
    Scale,
    SumPool2d,
    Threshold,
)
from spikecore.network.elements import broadcast_shape
from spikecore.network.layer import MisfitError, Stateless, last_sizes, sizes_before
from spikecore.network.order import plan
from spikecore.nir.flat import without
from spikecore.nir.nodes import NEURONS, FileError, neuron_shape
from spikecore.nir.rules import Plain, Refusal, layer_of, reading

NEAR = 1e-6  # of a whole number of steps, within which a delay is taken for it


class RuleError(FileError):
    """A rule does not take a node, for the reason in the message."""


class Builder:
    """One graph, and the rule by which its nodes become layers."""

    def __init__(self, flat, dt, rules, strict, dtype):
        self.flat, self.dt, self.rules, self.strict, self.dtype = flat, dt, rules, strict, dtype
        self.reading = reading(rules)
        self.cycles = _cycles(flat)
        self.late: list[str] = []  # neurons on cycles that report the spike of the step before
        self.offsets: dict[str, Offset] = {}  # what is added to the input of neurons

    def graph(self):
        """The graph of layers."""
        inputs, outputs = self.flat.of("Input"), self.flat.of("Output")
        for kind, found in (("Input", inputs), ("Output", outputs)):
            if not found:
                arguments.refuse("graph", f"have an {kind} node", "none", "add one", FileError)
        layers, passed = {}, []
        for name in sorted(self.flat.nodes):
            node = self.flat.nodes[name]
            if node.kind in ("Input", "Output"):
                continue
            layer = self.layer(name, node)
            if layer is None:
                passed.append(name)
            else:
                layers[name] = layer
        if passed and not layers:
            layers[passed[-1]] = Scale(1.0)
            passed.pop()
        edges = list(self.edges(without(self.flat, passed), layers))
        shapes = {name: tuple(np.ravel(self.flat.nodes[name].fields["shape"])) for name in inputs}
        graph = Graph(layers, edges, inputs=shapes, outputs=tuple(outputs))
        self.refuse_shapes(graph)
        return graph

    def edges(self, flat, layers):
        """The edges; spikes that are reported late leave a cycle through a delay of one step.

        On the cycle they come back in the step in which they are reported.
        """
        late = {}
        for name in self.late:
            late[name] = f"{name}.late"
            layers[late[name]] = Delay(1)
        around = next((part for part in self.cycles if len(part & set(late)) > 1), None)
        if around is not None:
            names = tuple(sorted(around & set(late)))
            found = Refusal("type", "be the only neuron of its cycles", "its order is open", False)
            self.object_to(names[0], found, f"a cycle with {names}")
        before = {name: f"{name}.offset" for name in self.offsets}
        for name, layer in self.offsets.items():
            layers[before[name]] = layer
        for target, sources in flat.sources.items():
            for source in sources:
                inside = any(source in part and target in part for part in self.cycles)
                yield source if inside else late.get(source, source), before.get(target, target)
        yield from late.items()
        yield from ((added, name) for name, added in before.items())

    def refuse_shapes(self, graph):
        """Refuse nodes whose numbers have another shape than their input."""
        for name in graph.layers:
            if name not in self.flat.nodes:
                continue
            node = self.flat.nodes[name]
            known = graph._known[name]
            sizes = known[known[:1] == (...,) :]
            expected = neuron_shape(node.fields) if node.kind in NEURONS else ()
            if expected and sizes != expected:
                must = f"have numbers of the shape of their input, {list(sizes)}"
                self.refuse(name, must, f"shape {list(expected)}")

    def refuse(self, name, must, got):
        """Refuse a node."""
        arguments.refuse(name, must, got, "correct the graph and write it again", FileError)

    def object_to(self, name, found: Refusal, got):
        """Refuse what the rule does not take, unless the simulator ignores it and that is asked."""
        if found.ignored and not self.strict:
            return
        remedy = "use rules='exact', or strict=False to do the same"
        if not found.ignored:
            remedy = "use rules='exact', or change the graph"
        field = "" if found.field == "type" else f"/{found.field}"
        must = f"{found.must} with rules={self.rules!r}, since {found.peer}"
        arguments.refuse(f"{name}{field}", must, got, remedy, RuleError)

    # --- layers -----------------------------------------------------------------------------------

    def layer(self, name, node):
        """The layer of a node; None where the rule passes its input on."""
        kind, read = node.kind, self.reading
        if kind in read.silent:
            self.object_to(name, Refusal("type", "be another kind", read.silent[kind]), kind)
            return self.passing(name)
        if kind not in (*read.neurons, *read.layers):
            peer = read.failing.get(kind, "the importer has no such node")
            self.object_to(name, Refusal("type", "be another kind", peer, False), kind)
        try:
            return self.neuron(name, node) if kind in NEURONS else MAKERS[kind](self, name, node)
        except FileError:
            raise
        except (ValueError, TypeError) as error:  # a layer's own refusal, which names no node
            raise FileError(f"{name}: {error}") from None

    def neuron(self, name, node):
        """The neurons of a node."""
        fields = {
            key: value
            if value.dtype.kind == "f" and not self.reading.double
            else value.astype(np.float64)
            for key, value in node.fields.items()
        }
        plain = Plain(node.kind, fields, self.dt)
        axes, refusals = self.reading.neuron(plain)
        for found in refusals:
            got = self.dt if found.field == "dt" else fields.get(found.field, node.kind)
            self.object_to(name, found, _shown(got))
        on_cycle = any(name in part for part in self.cycles)
        if axes.get("report_spike") == "old" and on_cycle:
            axes = {**axes, "report_spike": "new"}
            self.late.append(name)
        if "offset" in axes:
            self.offsets[name] = Offset(axes["offset"])
        return layer_of(plain, axes)

    def passing(self, name):
        """A layer that passes its input on; torch repeats it to the shape of the next neurons."""
        targets = [target for target, found in self.flat.sources.items() if name in found]
        shapes = [
            neuron_shape(self.flat.nodes[target].fields)
            for target in targets
            if self.flat.nodes[target].kind in NEURONS
        ]
        return Repeat(shapes[0]) if len(targets) == 1 and shapes and shapes[0] else None

    def weights(self, array):
        """Weights in the dtype of the run."""
        return np.asarray(array).astype(self.dtype)

    def affine(self, name, node):
        """A matrix, with a bias."""
        bias = node.fields.get("bias")
        weight = self.weights(node.fields["weight"])
        return Linear(weight, None if bias is None else self.weights(bias))

    def convolution(self, name, node):
        """A convolution of one or two dimensions."""
        kind = {"Conv1d": Conv1d, "Conv2d": Conv2d}[node.kind]
        options = {}
        for field in ("stride", "padding", "dilation", "groups"):
            options[field] = self.sizes(node, field, 1 if field == "groups" else None)
        return kind(
            self.weights(node.fields["weight"]), self.weights(node.fields["bias"]), **options
        )

    def sizes(self, node, field, count=None):
        """A field as one number or a pair of them."""
        value = node.fields[field]
        if isinstance(value, str):
            return value
        numbers = [int(number) for number in np.ravel(value)]
        single = len(numbers) == 1 or count == 1 or node.kind == "Conv1d"
        return numbers[0] if single else tuple(numbers)

    def pool(self, name, node):
        """A pool."""
        padding = self.sizes(node, "padding")
        if np.any(node.fields["padding"] != 0) and not self.reading.padding:
            peer = "the importer ignores it"
            self.object_to(name, Refusal("padding", "be 0", peer), _shown(node.fields["padding"]))
            padding = 0
        kind = {"SumPool2d": SumPool2d, "AvgPool2d": AvgPool2d}[node.kind]
        return kind(self.sizes(node, "kernel_size"), self.sizes(node, "stride"), padding)

    def flatten(self, name, node):
        """Axes that become one, counted from the last."""
        shape = node.fields.get("input_type")
        start, end = (int(np.ravel(node.fields[f])[0]) for f in ("start_dim", "end_dim"))
        if shape is None and start >= 0:
            self.refuse(f"{name}/input_type", "be a shape, from which axes are counted", "none")
        axes = 0 if shape is None else np.size(shape)
        start, end = (value - axes if value >= 0 else value for value in (start, end))
        if not -max(axes, 64) <= start <= end < 0:
            self.refuse(name, f"have start_dim and end_dim of {axes} axes", f"{node.fields}")
        return Flatten(start, end)

    def scale(self, name, node):
        """One product."""
        return Scale(node.fields["scale"].astype(np.float64))

    def threshold(self, name, node):
        """One comparison."""
        return Threshold(node.fields["threshold"].astype(np.float64))

    def delay(self, name, node):
        """Whole steps."""
        steps = node.fields["delay"].astype(np.float64) / self.dt
        whole = np.rint(steps)
        if np.any(np.abs(steps - whole) > NEAR) or np.any(whole < 0):
            must = f"be whole numbers of steps of {self.dt}"
            self.refuse(f"{name}/delay", must, _shown(node.fields["delay"]))
        return Delay(whole.astype(np.int64))


MAKERS: dict[str, Any] = {
    "Affine": Builder.affine,
    "Linear": Builder.affine,
    "Conv1d": Builder.convolution,
    "Conv2d": Builder.convolution,
    "SumPool2d": Builder.pool,
    "AvgPool2d": Builder.pool,
    "Flatten": Builder.flatten,
    "Scale": Builder.scale,
    "Threshold": Builder.threshold,
    "Delay": Builder.delay,
}


@dataclass(frozen=True, eq=False, repr=False)
class Repeat(Stateless):
    """The input, repeated along axes of size 1 to a shape, as torch does when it adds."""

    shape: tuple[int, ...]

    _overflows_at_once = False

    def _output_shape(self, shape):
        count = len(self.shape)
        must = f"broadcast to {self.shape}"
        sizes = last_sizes(shape, count, must)
        pairs = zip(sizes, self.shape, strict=True)
        if not all(size in (None, 1, wanted) for size, wanted in pairs):
            raise MisfitError(must)
        return (*sizes_before(shape, count), *self.shape)

    def _fill(self, values, out, exact, backend):
        out[...] = values

    def __repr__(self) -> str:
        return f"Repeat({self.shape})"


@dataclass(frozen=True, eq=False, repr=False)
class Offset(Stateless):
    """The input and a number."""

    offset: Any

    def _largest_output(self, largest):
        return largest + float(np.max(np.abs(self.offset)))

    def _output_shape(self, shape):
        return broadcast_shape(shape, self.offset, "offset")

    def _fill(self, values, out, exact, backend):
        with standard_floats(), np.errstate(over="ignore"):
            np.add(values.astype(out.dtype, copy=False), self.offset.astype(out.dtype), out=out)

    def __repr__(self) -> str:
        return f"Offset({np.shape(self.offset)})"


def _cycles(flat):
    """The names of the nodes that lie on cycles with each other."""
    names = tuple(name for name in sorted(flat.nodes) if flat.nodes[name].kind != "Input")
    components = plan(names, {name: flat.sources[name] for name in names}, set()).components
    return [set(part.names) for part in components if part.cyclic]


def _shown(value):
    """A number, or the ends of several."""
    if not isinstance(value, np.ndarray):
        return f"{value}"
    low, high = np.min(value), np.max(value)
    return f"{low}" if low == high else f"{low} to {high}"
