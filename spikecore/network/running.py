"""A run of a graph: its layers' parts, and the values that flow between them in a chunk of time."""

from __future__ import annotations

import math

import numpy as np

from spikecore import arguments
from spikecore.backends.floats import standard_floats
from spikecore.events.table import Events
from spikecore.network import recurrence
from spikecore.network.delay import held_array
from spikecore.network.elements import Flatten
from spikecore.network.layer import Stateless, floating, read_only
from spikecore.network.linear import Linear, event_driven
from spikecore.network.readouts import Readout
from spikecore.network.stages import LayerRun, Membranes, Neurons
from spikecore.neurons.neuron import Neuron

LITTLE = 50_000_000  # products, 0.3 ms of work: for less no other kernel is compiled


class Running:
    """A graph that has been prepared for inputs of some shapes and dtypes; all are checked."""

    def __init__(self, graph, given, shapes, states, wanted, backend, exact, num_steps):
        self.graph, self.given, self.shapes = graph, given, shapes
        self.backend, self.exact, self.num_steps = backend, exact, num_steps
        self.layers, self.late = graph._nodes, graph._plan.late
        self.components, self.sources = graph._plan.components, graph._sources
        self.outputs, self.stages = {}, {}
        # The dtypes of each value, and of what is computed from it; the largest size that it has.
        self.given_dtypes = {name: dtype_of(values) for name, values in given.items()}
        self.dtypes = {
            name: dtype if dtype.kind == "f" else graph._dtype or floating(dtype)
            for name, dtype in self.given_dtypes.items()
        }
        self.tables = {name for name in given if self._takes_events(name)}
        largest = {name: largest_input(dtype) for name, dtype in self.given_dtypes.items()}
        self.bounds = graph._once("bounds", largest, lambda: self._bounds(largest))
        for component in self.components:
            for name in sorted(component.names, key=graph._closing.__contains__):
                self._begin(name, states.get(name, ()), wanted.get(name, ()))
        self.examined = {name for name in self.stages if self._overflows(name)}
        self.pairs = self._pairs()
        self.with_neurons = set(self.pairs.values())
        self.counting = {name for name, stage in self.stages.items() if isinstance(stage, Neurons)}
        self.last = {source: None for source, _ in self.late}
        for name in self.last:
            self.last[name] = self._output_before(name, states[name])
        cycles = (component.names for component in self.components if component.cyclic)
        self.loops = {names: recurrence.loop_of(self, names) for names in cycles}

    # --- preparation ------------------------------------------------------------------------------

    def _bounds(self, largest):
        """A bound of the size of each value, and infinity where there is none."""
        bounds = dict(largest)
        for _ in range(2 if self.late else 1):  # first without those of the step before
            for component in self.components:
                for name in component.names:
                    inputs = sum(bounds.get(source, np.inf) for source in self.sources[name])
                    layer = self.layers[name]
                    neuron = isinstance(layer, Neuron)
                    bounds[name] = layer.largest_spike if neuron else layer._largest_output(inputs)
        return bounds

    def _takes_events(self, name):
        """Whether an input is Events, which all that take it multiply as they are."""
        takers = [target for target, found in self.sources.items() if name in found]
        alone = all(self.sources[target] == [name] for target in takers)
        linear = all(isinstance(self.layers.get(target), Linear) for target in takers)
        return isinstance(self.given[name], Events) and alone and linear

    def _moment(self, name, moment):
        """An input in a chunk of steps."""
        values = self.given[name][moment]
        if name in self.tables:
            return values
        return read_only(values.to_dense() if isinstance(values, Events) else values)

    def _begin(self, name, state, wanted):
        """Prepare one layer."""
        layer, shape = self.layers[name], self.shapes[name]
        sources = [source for source in self.sources[name] if source in self.dtypes]
        found = [self.dtypes[source] for source in sources]
        dtype = np.result_type(*found) if len(found) > 1 else found[0] if found else None
        dtype = dtype or self.graph._dtype or np.dtype(np.float32)
        if isinstance(layer, (Neuron, Readout)):
            kind = Neurons if isinstance(layer, Neuron) else Membranes
            own = state[: len(layer.state_names)]
            stage = kind(layer, shape, dtype, own, self.backend, self.num_steps, wanted)
        else:
            dtype = layer._weight_dtype or dtype
            alone = len(sources) == len(self.sources[name]) == 1
            kind = layer._output_dtype(self.given_dtypes[sources[0]] if alone else dtype, dtype)
            stage = layer._begin(shape, kind, state[:1], self.backend, self.exact)
        self.stages[name], self.dtypes[name] = stage, dtype
        self.given_dtypes[name] = stage.dtype

    def _output_before(self, name, state):
        """The output of the step before the first one, of a layer that leads back into a cycle."""
        own = len(self.layers[name].state_names)
        if len(state) > own + 1:
            must, got = f"be at most {own + 1} arrays", f"{len(state)} for {name}"
            arguments.refuse("state", must, got, "pass what a former run returned", TypeError)
        if len(state) > own and state[own] is not None:
            stage = self.stages[name]
            return held_array("output", state[own], stage.shape, stage.dtype, self.backend)[None]
        return self._silent(name, ())

    def _silent(self, name, above):
        """The output of a layer without input, where no neuron has fired."""
        stage = self.stages.get(name)
        shape = self.shapes[name]
        out = np.zeros((1, *shape), self.given_dtypes[name])
        if isinstance(self.layers.get(name), Stateless) and name not in above:
            values = [self._silent(source, (*above, name)) for source in self.sources[name]]
            stage.fill(self._sum(name, values), out, 0)
        return out

    def _pairs(self):
        """The pairs of the graph that are worth one kernel: by the neurons, the linear layer."""
        found = {}
        for name, linear in self.graph._pairs.items():
            shape, inputs = self.shapes[linear], self.layers[linear].weight.shape[1]
            fits = linear not in self.examined and self.sources[linear][0] not in self.tables
            if fits and self.num_steps * math.prod(shape) * inputs > LITTLE:
                found[name] = linear
        if found and getattr(self.backend, "__name__", None) == "spikecore.backends.cpu":
            from spikecore.backends import fused

            return {
                name: linear
                for name, linear in found.items()
                if fused.pays(math.prod(self.shapes[linear][:-1]), self.shapes[linear][-1])
            }
        return {}

    def keep(self, outputs):
        """Put the outputs of the whole run into a dict, in new arrays."""
        for name in self.graph._outputs:
            sources = self.sources[name]
            if len(sources) == 1:
                dtype = self.given_dtypes[sources[0]]
            else:
                dtype = np.result_type(*(self.dtypes[source] for source in sources))
            shape = (self.num_steps, *self.shapes[sources[0]])
            outputs[name] = arguments.output(None, shape, dtype, self.backend)
        self.outputs = outputs

    # --- steps ------------------------------------------------------------------------------------

    def advance(self, start, stop):
        """Run the steps from ``start`` to ``stop``."""
        moment = slice(start, stop)
        values = {name: self._moment(name, moment) for name in self.given}
        for component in self.components:
            if component.cyclic:
                loop = self.loops.get(component.names)
                if loop is not None:
                    recurrence.advance(self, loop, values, start, stop)
                else:
                    self._step_by_step(component.names, values, start, stop)
                continue
            (name,) = component.names
            if name in self.with_neurons:
                continue
            stage, sources = self.stages[name], self.sources[name]
            out = stage.place(stop - start, moment)
            if name in self.pairs:
                self._fill_pair(self.pairs[name], name, values, out, start)
            else:
                x = values[sources[0]] if len(sources) == 1 else self._input(name, values)
                stage.fill(x, out, start)
            self._finish(name, out, values)
        for name, kept in self.outputs.items():
            self.backend.copy_into(kept[moment], self._input(name, values))

    def _fill_pair(self, linear, name, values, out, start):
        """Set ``out`` to the spikes of neurons after a linear layer.

        Where the product would be dense it stays dense, so that the bits are those of two kernels.
        """
        x, layer, stage = self._input(linear, values), self.layers[linear], self.stages[name]
        rows = layer._spike_rows(x)
        if event_driven(rows, self.exact):
            stage.fill_sums(layer, rows.reshape((len(x), -1, layer.in_features)), out, start)
            return
        currents = self.stages[linear].place(len(x), None)
        self.stages[linear].fill(x, currents, start)
        stage.fill(read_only(currents), out, start)

    def _finish(self, name, out, values):
        """Take the output of a layer in a chunk as what others may read."""
        if name in self.examined:
            self._examine(name, out)
        if name in self.counting:
            self.stages[name].count(out)
        values[name] = read_only(out)

    def _input(self, name, values):
        """The input of a layer: the values of its source, or the sum of several."""
        sources = self.sources[name]
        if len(sources) == 1:
            return values[sources[0]]
        return self._sum(name, [values[source] for source in sources])

    def _sum(self, name, values):
        """The sum of values, in the order of their sources."""
        if len(values) == 1:
            return read_only(values[0])
        sources = self.sources[name]
        dtype = np.result_type(*(self.dtypes[source] for source in sources))
        with standard_floats(), np.errstate(over="ignore", invalid="ignore"):
            total = values[0].astype(dtype)
            for value in values[1:]:
                total += value.astype(dtype, copy=False)
        if not sum(self.bounds[source] for source in sources) < np.finfo(dtype).max / 2:
            arguments.finite("current", total, self.backend)
        return read_only(total)

    def _step_by_step(self, names, values, start, stop):
        """Run the layers of a component with cycles."""
        moment = slice(start, stop)
        places = {name: self.stages[name].place(stop - start, moment) for name in names}
        closing = [name for name in names if name in self.graph._closing]
        before = {name: self.last[name] for name in names if name in self.last}
        given = {
            source: values[source]
            for name in names
            for source in self.sources[name]
            if source in values
        }
        fresh = dict.fromkeys(names)
        for t in range(stop - start):
            step = slice(t, t + 1)
            for name in names:
                out = places[name][step]
                if name in closing:
                    self.stages[name].emit(out[0])
                else:
                    x = self._input_of_step(name, step, given, fresh, before)
                    self.stages[name].fill(x, out, start + t)
                    if name in self.examined:  # before it comes back as input
                        self._examine(name, out)
                fresh[name] = read_only(out)
            for name in closing:
                x = self._input_of_step(name, step, given, fresh, before)
                self.stages[name].absorb(x[0])
            before = {name: fresh[name] for name in before}
        for name, value in before.items():
            self.last[name] = np.array(value)  # the next chunk overwrites what it is a view of
        for name, out in places.items():
            self._finish(name, out, values)

    def _input_of_step(self, name, step, given, fresh, before):
        """The input of a layer in one step of a cycle."""
        values = [
            before[source]
            if (source, name) in self.late
            else given[source][step]
            if source in given
            else fresh[source]
            for source in self.sources[name]
        ]
        return values[0] if len(values) == 1 else self._sum(name, values)

    def _overflows(self, name):
        """Whether the output of a layer may be infinite where another layer reads it."""
        layer, dtype = self.layers[name], self.stages[name].dtype
        if isinstance(layer, (Neuron, Flatten)) or dtype.kind != "f":
            return False
        if isinstance(layer, Readout):
            return any(name in self.sources[target] for target in self.layers)
        bounded = self.bounds[name] < float(np.finfo(dtype).max / 2)
        return isinstance(layer, Stateless) and not bounded

    def _examine(self, name, out):
        """Refuse an output that is infinite."""
        readout = isinstance(self.layers[name], Readout)
        if out.size:
            arguments.finite("membrane" if readout else "current", out, self.backend)

    # --- results ----------------------------------------------------------------------------------

    def results(self):
        """The result of each layer that has a state."""
        found = {}
        for name in self.graph._stateful:
            stage = self.stages[name]
            counts = getattr(stage, "counts", None)
            if counts is None:
                counts = np.zeros(stage.shape, np.int64)
            final = stage.final
            if name in self.last:
                final = (*final, np.array(self.last[name][0]))
            found[name] = LayerRun(
                getattr(stage, "spikes", None), getattr(stage, "kept", {}), counts, final
            )
        return found


def dense_shape(values):
    """Shape of an input, ``[num_steps, ...]``, also of Events."""
    return values.dense_shape if isinstance(values, Events) else values.shape


def dtype_of(values):
    """dtype of an input, also of Events."""
    return values.value.dtype if isinstance(values, Events) else values.dtype


def largest_input(dtype):
    """The largest size that inputs of a dtype may have."""
    return {"b": 1, "u": 255, "i": 128}.get(dtype.kind, np.inf)


def pairs(layers, sources, components):
    """For independent neurons that alone take the sums of a linear layer: the name of the layer."""
    taken = [source for found in sources.values() for source in found]
    found = {}
    for names, cyclic in components:
        neuron, linear = layers[names[0]], sources[names[0]][0]
        alone = len(sources[names[0]]) == taken.count(linear) == 1
        follows = isinstance(neuron, Neuron) and isinstance(layers.get(linear), Linear)
        if alone and follows and not cyclic and neuron._model.independent:
            found[names[0]] = linear
    return found
