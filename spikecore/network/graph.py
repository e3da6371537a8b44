"""A network as a graph: named layers, and edges between them, run over time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Device, Integer
from spikecore.chunked import is_dask, lazily
from spikecore.events.table import Events
from spikecore.foreign import a_kind
from spikecore.network.checks import (
    closes,
    common,
    refuse_layer,
    refuse_on_gpu,
    refuse_sizes,
    refuse_unreached,
    sizes,
    table,
    text,
)
from spikecore.network.layer import Layer, MisfitError, finite_input, floating, spike_array
from spikecore.network.order import plan
from spikecore.network.readouts import Readout
from spikecore.network.running import Running, dense_shape, pairs
from spikecore.network.stages import LayerRun
from spikecore.neurons.neuron import Neuron

CHUNK_BYTES = 1 << 21  # of a layer's inputs or currents in a chunk; 4 MB would be allocated anew

Sizes = Sequence[int] | None


class Graph:
    """Layers with names, and edges between them, run over all of time.

    The inputs of a layer with several edges are added.  A cycle closes over one step: the edge that
    leads back to the layer in which the cycle is entered carries the value of the step before;
    before the first step every input is 0 and no neuron has fired.  A :class:`Delay` of at least
    one step on a cycle closes it in its place.  SPEC.md, "Layers", has the rules.

    Parameters
    ----------
    nodes : dict of str to layer
        Layers of this module and neurons, by name.
    edges : iterable of (str, str)
        Names of a layer or input, and of the layer or output that takes its values.  Their order
        is of no account.
    inputs : str, iterable of str or dict of str to tuple
        Names of the inputs; in a dict with the shape of each, without time and batch axes, so that
        all shapes are checked when the graph is made.
    outputs : str or iterable of str
        Names of the outputs.

    Raises
    ------
    ValueError, TypeError
        Layers, names or edges that do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Leaky
    >>> from spikecore.network import Graph, Linear
    >>> net = Graph(
    ...     {"in": Linear.draw(4, 3, seed=0), "lif": Leaky(0.9), "back": Linear.draw(3, 3, seed=1)},
    ...     [("input", "in"), ("in", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")],
    ...     inputs={"input": (4,)},
    ... )
    >>> net(np.ones((5, 2, 4), np.uint8)).shape
    (5, 2, 3)
    >>> net
    name layer                   from                        shape
    in   Linear(4 -> 3, float32) input                       [3]
    lif  Leaky(beta=0.9)         in, back of the step before [3]
    back Linear(3 -> 3, float32) lif                         [3]
    """

    def __init__(
        self,
        nodes: Mapping[str, Layer | Neuron],
        edges: Iterable[tuple[str, str]],
        *,
        inputs: str | Iterable[str] | Mapping[str, Sizes] = ("input",),
        outputs: str | Iterable[str] = ("output",),
    ) -> None:
        if not isinstance(nodes, Mapping) or not all(isinstance(name, str) for name in nodes):
            got, remedy = arguments.shown(nodes), "pass {name: layer}"
            arguments.refuse("nodes", "be a dict of layers by name", got, remedy, TypeError)
        named = dict(inputs) if isinstance(inputs, Mapping) else inputs
        names = arguments.names("inputs", named)
        shapes = {}
        if isinstance(named, dict):
            shapes = {name: sizes(f"inputs[{name!r}]", named[name]) for name in names}
        self._build(dict(nodes), edges, names, shapes, arguments.names("outputs", outputs))

    def _build(self, nodes, edges, inputs, shapes, outputs, named="nodes"):
        """Check the parts, and plan how they are run."""
        for layer in nodes.values():
            refuse_layer(named, layer)
        self._nodes, self._inputs, self._outputs = nodes, inputs, outputs
        self._input_shapes = {name: shapes.get(name) for name in inputs}
        self._refuse_names()
        self._sources = self._connect(edges)
        self._closing = {n for n, layer in nodes.items() if closes(layer)}
        refuse_unreached(nodes, inputs, self._sources)
        self._plan = plan(tuple(nodes), {n: self._sources[n] for n in nodes}, self._closing)
        order = [*inputs, *(n for part in self._plan.components for n in part.names)]
        place = {name: number for number, name in enumerate(order)}
        for found in self._sources.values():
            found.sort(key=place.get)
        self._refuse_dtypes(order)
        tails = {n: (...,) if s is None else (..., *s) for n, s in self._input_shapes.items()}
        self._known = self._shapes(tails, named)
        back = {source for source, _ in self._plan.late}
        self._firing = {n for n, layer in nodes.items() if isinstance(layer, Neuron)}
        self._stateful = {  # the layers with a result
            n: layer
            for n, layer in nodes.items()
            if n in self._firing or layer.state_names or n in back
        }
        self._pairs = pairs(nodes, self._sources, self._plan.components)
        self._found = {}  # shapes and bounds of the last run (benchmarks/NOTES.md)

    @property
    def layers(self) -> dict[str, Layer | Neuron]:
        """Layers by name."""
        return dict(self._nodes)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Edges, sorted by the layer that takes the values."""
        return tuple((s, name) for name, found in self._sources.items() for s in found)

    @property
    def inputs(self) -> dict[str, tuple[int, ...] | None]:
        """Shape of each input without time and batch axes, or None, by name."""
        return dict(self._input_shapes)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return self._outputs

    def __eq__(self, network: object) -> bool:
        """Whether all names, layers and edges are equal."""
        if type(self) is not type(network):
            return NotImplemented
        mine = (self._nodes, self._input_shapes, self._outputs, set(self.edges))
        theirs = (network._nodes, network._input_shapes, network._outputs, set(network.edges))
        return list(self._nodes) == list(network._nodes) and mine == theirs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "\n".join(table(self))

    # --- making -----------------------------------------------------------------------------------

    def _refuse_names(self):
        """Refuse names that are used twice, and graphs without a layer or an input."""
        if not self._nodes or not self._inputs:
            must, remedy = "have a layer and an input", "pass layers by name"
            arguments.refuse("nodes", must, f"{len(self._nodes)} layers", remedy)
        names = [*self._nodes, *self._inputs, *self._outputs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            must = "be distinct, with those of inputs and outputs"
            arguments.refuse("names", must, f"{twice!r} twice", "rename one of them")

    def _connect(self, edges):
        """The sources of every layer and output."""
        sources = {name: [] for name in (*self._nodes, *self._outputs)}
        known = {*self._nodes, *self._inputs}
        remedy = "use names of nodes, inputs and outputs"
        for edge in arguments.items("edges", edges, "be pairs of names", "pass (source, target)"):
            if not isinstance(edge, (tuple, list)) or len(edge) != 2:
                must, got = "be pairs of names", arguments.shown(edge)
                arguments.refuse("edges", must, got, "pass (source, target)", TypeError)
            source, target = edge
            for name, names, what in ((source, known, "from"), (target, sources, "to")):
                if not isinstance(name, str) or name not in names:
                    must = f"lead {what} a layer or an {'input' if what == 'from' else 'output'}"
                    arguments.refuse("edges", must, arguments.shown(name), remedy)
            if source in sources[target]:
                must, got = "be there once", f"({source!r}, {target!r}) twice"
                arguments.refuse("edges", must, got, "multiply the values with Scale instead")
            sources[target].append(source)
        for name, found in sources.items():
            if not found:
                must = f"lead to every layer and output, also to {name!r}"
                arguments.refuse("edges", must, "none to it", "add one, or leave it out")
        return sources

    def _refuse_dtypes(self, order):
        """Refuse weights of several dtypes."""
        weighted = [
            (name, self._nodes[name])
            for name in order
            if isinstance(self._nodes.get(name), Layer) and self._nodes[name]._weight_dtype
        ]
        self._dtype = weighted[0][1]._weight_dtype if weighted else None
        for name, layer in weighted:
            if layer._weight_dtype != self._dtype:
                first = weighted[0]
                raise ValueError(
                    f"layers must fit, but {first[0]} is {first[1]!r} and {name} is {layer!r}; "
                    "make all weights of one dtype"
                )

    def _shapes(self, tails, named):
        """Shape of one step of every layer's output, for the shapes of the inputs.

        ``named`` is the argument that does not fit where a layer cannot take its input.
        """
        shapes = dict(tails)
        for component in self._plan.components:
            waiting = component.names
            if not component.cyclic:
                (name,) = waiting
                shapes[name] = self._shape(name, self._joined(name, shapes, named), named)
                continue
            while waiting:  # in a cycle a layer may come before its sources
                ready = [n for n in waiting if any(s in shapes for s in self._sources[n])]
                for name in ready:
                    shapes[name] = self._shape(name, self._joined(name, shapes, named), named)
                waiting = [name for name in waiting if name not in ready]
        for name, found in self._sources.items():
            if len(found) > 1:
                self._joined(name, shapes, named)
        return shapes

    def _shape(self, name, shape, named):
        """Shape of a layer's output for that of its input."""
        layer = self._nodes[name]
        try:
            return layer._output_shape(shape) if isinstance(layer, Layer) else shape
        except MisfitError as misfit:
            self._refuse_shape(named, name, misfit, shape)

    def _joined(self, name, shapes, named):
        """The shape of a layer's input, on which all of its sources that are known agree."""
        joined, sources = None, self._sources[name]
        if len(sources) == 1:
            return shapes[sources[0]]
        for source in sources:
            shape = shapes.get(source)
            if shape is None:  # of a cycle, and not yet known
                continue
            joined = shape if joined is None else common(joined, shape)
            if joined is None:
                must = f"give {name} inputs of one shape"
                got = ", ".join(
                    f"{text(shapes[s])} from {s}" for s in self._sources[name] if s in shapes
                )
                arguments.refuse(named, must, got, "make their shapes equal")
        return joined

    def _refuse_shape(self, named, name, misfit, shape):
        """Refuse a layer's input."""
        layer = self._nodes[name]
        if shape[:1] == (...,):
            sources = " and ".join(self._sources[name])
            raise ValueError(
                f"layers must fit, but {name}, {layer!r}, must {misfit} and gets {text(shape)} "
                f"from {sources}; change one of the two"
            )
        remedy = f"pass input that {layer!r} can take"
        arguments.refuse(named, f"{misfit} for {name}", f"shape {shape} there", remedy)

    # --- running ----------------------------------------------------------------------------------

    def __call__(
        self, spikes: ArrayLike | Mapping[str, ArrayLike], **options: Any
    ) -> Array | dict[str, Array]:
        """Run the network and return its outputs; ``options`` as in :meth:`run`.

        Parameters
        ----------
        spikes : array_like or dict of str to array_like
            As in :meth:`run`.
        **options
            Those of :meth:`run`, without ``record``.

        Returns
        -------
        numpy.ndarray or dict of str to numpy.ndarray
            ``[num_steps, ...]``; a dict by name if there are several outputs.
        """
        outputs: dict[str, Array] = {}
        self._run(spikes, outputs, record=(), **options)
        return outputs if len(self._outputs) > 1 else outputs[self._outputs[0]]

    def run(
        self,
        spikes: ArrayLike | Mapping[str, ArrayLike],
        *,
        state: Mapping[str, Sequence[ArrayLike | None]] | None = None,
        record: Iterable[str] = ("spikes", "membrane"),
        steps_per_chunk: Integer | None = None,
        exact: bool = False,
        device: Device | None = None,
    ) -> dict[str, LayerRun]:
        """Run the network over time-first input.

        Time is cut into chunks, so that only records take memory for the whole run; with
        ``record=()`` only the spike counts and the final state are returned.

        Parameters
        ----------
        spikes : array_like, Events, or dict of them by name
            ``[num_steps, ..., in_features]``: bool, int8, uint8, float32 or float64; a dict if
            there are several inputs.  The sums of Events in a linear layer are in index order.
            Arrays on a GPU are used there, by linear layers, Flatten, neurons and readouts, and all
            results but the counts stay there.
        state : dict of str to tuple, optional
            State of each layer by name, such as ``final`` of an earlier run.
        record : iterable of str
            ``"spikes"``, and states of the neurons (a layer records those that it has).
        steps_per_chunk : int, optional
            Time steps in a chunk; by default so many that a layer's inputs or currents take 2 MB.
        exact : bool
            Sum in index order in every layer.
        device
            As in :func:`spikecore.spikegen.rate`.

        Returns
        -------
        dict of str to LayerRun
            The result of each layer that has a state, by its name: neurons, readouts, delays, and
            layers that lead back into a cycle.

        Raises
        ------
        ValueError, TypeError
            Input that does not fit the first layer, unknown names in ``record`` or ``state``, or
            an output larger than memory.
        """
        if is_dask(spikes):
            how = {"record": record, "steps_per_chunk": steps_per_chunk, "exact": exact}
            run = lazily("runs", "run_network")
            found: dict[str, LayerRun] = run(self, spikes, state, device, how)
            return found
        return self._run(spikes, None, state, record, steps_per_chunk, exact, device)

    def _run(
        self,
        spikes,
        outputs,
        state=None,
        record=(),
        steps_per_chunk=None,
        exact=False,
        device=None,
    ):
        """Run the network; ``outputs`` is a dict to put the outputs into, or None."""
        given = self._given(spikes)
        exact = arguments.flag("exact", exact)
        wanted = self._recordable(record)
        states = self._states(state)
        tails = {name: dense_shape(values)[1:] for name, values in given.items()}
        shapes = self._once("shapes", tails, lambda: self._shapes(tails, "spikes"))
        num_steps = dense_shape(next(iter(given.values())))[0]
        widest = max(math.prod(shapes[name]) for name in (*given, *self._nodes))
        if steps_per_chunk is None:
            steps_per_chunk = max(1, CHUNK_BYTES // (4 * max(1, widest)))
        chunk = arguments.integer("steps_per_chunk", steps_per_chunk, 1)
        widest = max(math.prod(shapes[name]) for name in self._nodes)
        arrays = [values for values in given.values() if not isinstance(values, Events)]
        backend = backends.choose(device, *arrays, outputs=num_steps * widest)
        given = {name: self._input(name, values, backend) for name, values in given.items()}
        running = Running(self, given, shapes, states, wanted, backend, exact, num_steps)
        if outputs is not None:
            running.keep(outputs)
        for start in range(0, max(num_steps, 1), chunk):  # a run of no steps has a final state too
            running.advance(start, min(num_steps, start + chunk))
        return running.results()

    def _once(self, name, asked, compute):
        """What was computed in the last run if it asked for the same, else computed anew."""
        known = self._found.get(name)
        if known is None or known[0] != asked:
            known = self._found[name] = (asked, compute())
        return known[1]

    def _given(self, spikes):
        """The caller's arrays by the name of their input."""
        by_name = {self._inputs[0]: spikes}
        if isinstance(spikes, Mapping) or len(self._inputs) > 1:
            if not isinstance(spikes, Mapping) or set(spikes) != set(self._inputs):
                must = f"be a dict of arrays by the names {self._inputs}"
                got = tuple(spikes) if isinstance(spikes, Mapping) else a_kind(spikes)
                arguments.refuse("spikes", must, got, "pass one array for each", TypeError)
            by_name = {name: spikes[name] for name in self._inputs}
        found = {}
        for name, values in by_name.items():
            is_table = isinstance(values, Events)
            found[name] = values if is_table else arguments.array("spikes", values, gpu=True)
            shape = dense_shape(found[name])
            if len(shape) < 2:
                must, got = "have a time axis and a feature axis", f"shape {shape}"
                arguments.refuse("spikes", must, got, "pass [num_steps, ..., in_features]")
            refuse_sizes(name, self._input_shapes[name], shape[1:])
        if any(map(backends.on_gpu, found.values())):
            refuse_on_gpu(self, found)
        steps = {name: dense_shape(values)[0] for name, values in found.items()}
        if len(set(steps.values())) > 1:
            got = ", ".join(f"{number} of {name}" for name, number in steps.items())
            arguments.refuse("spikes", "have one number of steps", got, "make them equally long")
        return found

    def _input(self, name, given, backend):
        """An input as the layers that take it need it, finite."""
        takers = [layer for n, layer in self._nodes.items() if name in self._sources[n]]
        if isinstance(given, Events):  # what it does not hold is 0, and needs no look
            values = given.value
            if any(isinstance(layer, (Neuron, Readout)) for layer in takers):
                arguments.currents("spikes", values)
            else:
                spike_array(values)
            dtype = self._dtype or floating(values.dtype)
            finite_input("spikes", values, dtype, backend)
            return given
        if any(isinstance(layer, (Neuron, Readout)) for layer in takers):
            given = arguments._currents("spikes", given)
            arguments.finite("spikes", given, backend)
            return given
        given = spike_array(given) if isinstance(given, np.ndarray) else given
        finite_input("spikes", given, self._dtype or floating(given.dtype), backend)
        return given

    def _recordable(self, record):
        """For each layer with a result, the requested names that it records."""
        names = arguments.names("record", record)
        found = {n: getattr(layer, "recordable", ()) for n, layer in self._stateful.items()}
        known = {"spikes"}.union(*found.values())
        for name in names:
            if name not in known:
                must = f"name 'spikes' or states out of {sorted(known)}"
                arguments.refuse("record", must, arguments.shown(name), "choose among them")
        return {
            layer: [n for n in names if n in states or (n == "spikes" and layer in self._firing)]
            for layer, states in found.items()
        }

    def _states(self, state):
        """State to begin with, by layer."""
        given = {} if state is None else state
        stateful = self._stateful
        if not isinstance(given, dict):
            must, got = "be a dict of tuples by layer name", a_kind(given)
            remedy = "pass {name: run[name].final for name in run}"
            arguments.refuse("state", must, got, remedy, TypeError)
        for name, held in given.items():
            if name not in stateful:
                must = f"name layers of neurons {tuple(stateful)}"
                arguments.refuse("state", must, arguments.shown(name), "use those names")
            if not isinstance(held, (tuple, list)):
                got = f"{a_kind(held)} for {arguments.shown(name)}"
                remedy = "pass the layer's states, as a former run's final"
                arguments.refuse("state", "hold tuples", got, remedy, TypeError)
        return {name: tuple(given.get(name, ())) for name in stateful}
