"""A feed-forward network over time: linear layers and neurons, run layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Device, Integer
from spikecore.events.table import Events
from spikecore.foreign import a_kind
from spikecore.network.linear import Linear
from spikecore.neurons.neuron import Neuron
from spikecore.results import by_value

CHUNK_BYTES = 1 << 22  # of a layer's inputs or currents in one chunk of time


@by_value
class LayerRun(NamedTuple):
    """The result of one layer of neurons.

    Attributes
    ----------
    spikes : numpy.ndarray or None
        ``[num_steps, batch, neurons]``, when recorded: uint8, or the dtype of the currents if a
        neuron may fire several times in a step, or if uint8 cannot hold a spike's output value.
    recorded : dict of str to numpy.ndarray
        Recorded states, ``[num_steps, batch, neurons]``.
    counts : numpy.ndarray
        Spikes of each neuron over the run, ``[batch, neurons]``, int64.
    final : tuple of numpy.ndarray
        State after the last step.
    """

    spikes: Array | None
    recorded: dict[str, Array]
    counts: NDArray[np.int64]
    final: tuple[Array, ...]


class Sequential:
    """Layers one after another, run over all of time.

    Parameters
    ----------
    *layers : Linear or neuron
        The last one must be a neuron.
    names : iterable of str, optional
        One per layer; by default the kind of layer and a number, ``linear1``, ``leaky1``, ...

    Raises
    ------
    ValueError, TypeError
        No layers, arguments that are not layers, widths or dtypes that do not fit, or names that
        are not distinct.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Leaky
    >>> from spikecore.network import Linear, Sequential
    >>> net = Sequential(Linear.draw(4, 3, seed=0), Leaky(beta=0.9))
    >>> run = net.run(np.ones((5, 2, 4), np.uint8))
    >>> run["leaky1"].spikes.shape, run["leaky1"].recorded["membrane"].shape
    ((5, 2, 3), (5, 2, 3))
    """

    def __init__(self, *layers: Linear | Neuron, names: Iterable[str] | None = None) -> None:
        if not layers:
            arguments.refuse("layers", "not be empty", "none", "pass Linear layers and neurons")
        for layer in layers:
            if not isinstance(layer, (Linear, Neuron)):
                must, got = "be Linear layers or neurons", a_kind(layer)
                remedy = "wrap weights in Linear(weight, bias)"
                arguments.refuse("layers", must, got, remedy, TypeError)
            if isinstance(layer, Neuron) and layer.largest_spike == 0:
                must = "write a spike as a number other than 0, so that it can be counted"
                arguments.refuse(
                    "layers", must, arguments.shown(layer), "give amplitude another value"
                )
        if not isinstance(layers[-1], Neuron):
            remedy = "append one, such as Leaky"
            arguments.refuse("layers", "end with a neuron", arguments.shown(layers[-1]), remedy)
        self._layers = layers
        self._names = _layer_names(layers, names)
        linears = [layer for layer in layers if isinstance(layer, Linear)]
        for before, after in pairwise(linears):
            fits = before.out_features == after.in_features
            if not fits or before.weight.dtype != after.weight.dtype:
                raise ValueError(
                    f"layers must fit, but {before!r} is followed by {after!r}; give the "
                    "second as many inputs as the first has outputs, of one dtype"
                )

    @property
    def layers(self) -> dict[str, Linear | Neuron]:
        """Layers by name."""
        return dict(zip(self._names, self._layers, strict=True))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={layer!r}" for name, layer in self.layers.items())
        return f"Sequential({inside})"

    def __call__(self, spikes: ArrayLike, **options: Any) -> Array:
        """Run the network and return the spikes of its last layer; ``options`` as in :meth:`run`.

        Parameters
        ----------
        spikes : array_like
            As in :meth:`run`.
        **options
            Those of :meth:`run`, without ``record``.

        Returns
        -------
        numpy.ndarray
            ``[num_steps, ..., neurons]``.
        """
        run = self.run(spikes, record=("spikes",), **options)
        recorded: Any = run[self._names[-1]].spikes
        return recorded

    def __eq__(self, network: object) -> bool:
        """Whether all names and layers are equal."""
        if not isinstance(network, Sequential):
            return NotImplemented
        return self._names == network._names and self._layers == network._layers

    def run(
        self,
        spikes: ArrayLike,
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
        spikes : array_like or Events
            ``[num_steps, ..., in_features]``: bool, int8, uint8, float32 or float64.  The sums of
            Events are in index order in the first layer.
        state : dict of str to tuple, optional
            State of each layer of neurons by name, such as ``final`` of an earlier run.
        record : iterable of str
            ``"spikes"``, and states of the neurons (a layer records those that it has).
        steps_per_chunk : int, optional
            Time steps in a chunk; by default so many that a layer's inputs or currents take 4 MB.
        exact : bool
            Sum in index order in every linear layer.
        device
            As in :func:`spikecore.spikegen.rate`.

        Returns
        -------
        dict of str to LayerRun
            The result of each layer of neurons, by its name.

        Raises
        ------
        ValueError, TypeError
            Input that does not fit the first layer, unknown names in ``record`` or ``state``, or
            an output larger than memory.
        """
        if backends.on_gpu(spikes):
            must, got = "lie in the host's memory", "an array on a GPU"
            remedy = "copy them and pass device='cuda', or call the layers one by one"
            arguments.refuse("spikes", must, got, remedy, TypeError)
        is_table = isinstance(spikes, Events)
        given: Any = spikes if is_table else arguments.array("spikes", spikes)
        shape = given.dense_shape if is_table else given.shape
        if len(shape) < 2:
            must, got = "have a time axis and a feature axis", f"shape {shape}"
            arguments.refuse("spikes", must, got, "pass [num_steps, ..., in_features]")
        exact = arguments.flag("exact", exact)
        wanted = self._recordable(record)
        states = self._states(state)
        shapes = self._shapes(shape)
        if steps_per_chunk is None:
            widest = max(math.prod(shape) for shape in (shape[1:], *shapes.values()))
            steps_per_chunk = max(1, CHUNK_BYTES // (4 * max(1, widest)))
        chunk = arguments.integer("steps_per_chunk", steps_per_chunk, 1)
        widest = max(math.prod(shape) for shape in shapes.values())
        backend = backends.choose(device, outputs=shape[0] * widest)
        given = self._inputs(given, backend)
        num_steps = shape[0]
        spike_dtype = given.value.dtype if is_table else given.dtype
        stages: dict[str, Any] = {}
        largest = _largest_input(spike_dtype)
        for name, layer in self.layers.items():
            if isinstance(layer, Linear):
                checked = not layer.cannot_overflow(largest)
                stages[name] = _Weights(layer, backend, exact, checked)
                dtype = layer.weight.dtype
                continue
            dtype = spike_dtype if not stages else dtype
            places = _Places(num_steps, shapes[name], dtype, layer, wanted[name])
            work = layer._begin(shapes[name], dtype, states[name], backend, places.spike_dtype)
            stages[name] = _Neurons(layer, work, places)
            largest = layer.largest_spike
        for start in range(0, max(num_steps, 1), chunk):  # a run of no steps has a final state too
            moment = slice(start, start + chunk)
            flowing = given[moment]
            if is_table and not isinstance(self._layers[0], Linear):
                flowing = flowing.to_dense()
            for stage in stages.values():
                flowing = stage.take(flowing, moment)
        return {name: stages[name].result() for name in self._neurons}

    @property
    def _neurons(self):
        """The layers of neurons by name."""
        return {n: layer for n, layer in self.layers.items() if isinstance(layer, Neuron)}

    def _inputs(self, given, backend):
        """The input as the first layer takes it, finite."""
        first = self._layers[0]
        if isinstance(given, Events):
            return self._inputs_of_events(given, backend)
        if isinstance(first, Linear):
            given = first.inputs(given)
            first.refuse_infinite(given, backend)
            return given
        given = arguments.currents("spikes", given)
        arguments.finite("spikes", given, backend)
        return given

    def _inputs_of_events(self, events, backend):
        """Events as the first layer takes them; neurons take dense arrays."""
        first = self._layers[0]
        if isinstance(first, Linear):
            first.inputs_of_events(events)
            first.refuse_infinite(events.value, backend)
            return events
        arguments.currents("spikes", events.value)
        return events

    def _recordable(self, record):
        """For each layer of neurons, the requested names that it records."""
        names = arguments.names("record", record)
        known = {"spikes"}.union(*(layer.recordable for layer in self._neurons.values()))
        for name in names:
            if name not in known:
                must = f"name 'spikes' or states out of {sorted(known)}"
                arguments.refuse("record", must, arguments.shown(name), "choose among them")
        return {
            layer_name: [n for n in names if n == "spikes" or n in layer.recordable]
            for layer_name, layer in self._neurons.items()
        }

    def _states(self, state):
        """State to begin with, by layer."""
        given = {} if state is None else state
        neurons = self._neurons
        if not isinstance(given, dict):
            must, got = "be a dict of tuples by layer name", a_kind(given)
            remedy = "pass {name: run[name].final for name in run}"
            arguments.refuse("state", must, got, remedy, TypeError)
        for name, held in given.items():
            if name not in neurons:
                must = f"name layers of neurons {tuple(neurons)}"
                arguments.refuse("state", must, arguments.shown(name), "use those names")
            if not isinstance(held, (tuple, list)):
                got = f"{a_kind(held)} for {arguments.shown(name)}"
                remedy = "pass the layer's states, as a former run's final"
                arguments.refuse("state", "hold tuples", got, remedy, TypeError)
        return {name: tuple(given.get(name, ())) for name in neurons}

    def _shapes(self, shape):
        """Shape of one step of each layer's output."""
        shapes, current = {}, tuple(shape[1:])
        for name, layer in self.layers.items():
            if isinstance(layer, Linear):
                if current[-1] != layer.in_features:
                    must = f"have {layer.in_features} features for {name}"
                    remedy = f"pass [num_steps, ..., {layer.in_features}]"
                    arguments.refuse("spikes", must, f"shape {shape}", remedy)
                current = (*current[:-1], layer.out_features)
            shapes[name] = current
        return shapes


def _largest_input(dtype):
    """The largest size that inputs of a dtype may have."""
    return {"b": 1, "u": 255, "i": 128}.get(dtype.kind, np.inf)


class _Places:
    """The arrays that a layer of neurons fills: of the whole run, and scratch for a chunk."""

    def __init__(self, num_steps, shape, dtype, layer, wanted):
        self.shape, self.dtype = shape, dtype
        self.spike_dtype = np.dtype(np.uint8) if layer.fits_a_byte else dtype
        self.kept = {}
        for name in wanted:
            kind = self.spike_dtype if name == "spikes" else dtype
            self.kept[name] = arguments.output(None, (num_steps, *shape), kind)
        self.spikes = self.kept.pop("spikes", None)
        self.counts = np.zeros(shape, np.int64)
        self._scratch = None

    def spikes_of(self, moment, steps):
        """The array for the spikes of a chunk."""
        if self.spikes is not None:
            return self.spikes[moment]
        if self._scratch is None:
            self._scratch = np.empty((steps, *self.shape), self.spike_dtype)
        return self._scratch[:steps]


class _Weights:
    """A linear layer in a run."""

    def __init__(self, layer, backend, exact, checked):
        self.layer, self.backend, self.exact, self.checked = layer, backend, exact, checked
        self._scratch = None

    def take(self, spikes, moment):
        """Currents of a chunk of spikes; the next chunk overwrites them."""
        layer = self.layer
        shape = spikes.dense_shape if isinstance(spikes, Events) else spikes.shape
        steps = shape[0]
        if self._scratch is None:
            shape = (*shape[:-1], layer.out_features)
            self._scratch = np.empty(shape, layer.weight.dtype)
        currents = self._scratch[:steps]
        if isinstance(spikes, Events):
            layer.fill_of_events(spikes, currents, self.backend)
        else:
            layer.fill(spikes, currents, self.exact, self.backend)
        currents.flags.writeable = False  # Numba compiles again when that flag changes
        if self.checked:
            arguments.finite("current", currents, self.backend)
        return currents


class _Neurons:
    """A layer of neurons in a run."""

    def __init__(self, layer, work, places):
        self.layer, self.work, self.places = layer, work, places

    def take(self, currents, moment):
        """Spikes of a chunk of currents."""
        currents = currents.astype(self.places.dtype, copy=False)  # if it follows a neuron
        spikes = self.places.spikes_of(moment, len(currents))
        if currents.size:
            recorded = {}
            for name, kept in self.places.kept.items():
                recorded[name] = kept[moment]
            self.work.advance(currents, recorded, spikes)
            self.places.counts += self.layer.counted(spikes)
        return spikes

    def result(self):
        """The layer's result."""
        places = self.places
        return LayerRun(places.spikes, places.kept, places.counts, self.work.final)


def _layer_names(layers, names):
    """Distinct names: those given, or the kind of layer and a number."""
    if names is None:
        seen, made = {}, []
        for layer in layers:
            kind = type(layer).__name__.lower()
            seen[kind] = seen.get(kind, 0) + 1
            made.append(f"{kind}{seen[kind]}")
        return tuple(made)
    names = arguments.names("names", names)
    if len(names) != len(layers) or len(set(names)) != len(names):
        must = f"be {len(layers)} distinct names, one per layer"
        arguments.refuse("names", must, names, "correct them")
    return names
