"""Neurons and networks over Dask arrays.

Chunks of neurons, or of a batch, run in parallel; chunks of time run one after another, and each
begins in the state in which the one before ended.
"""

from functools import partial
from operator import attrgetter, itemgetter

import dask.array as da
import numpy as np
from dask import delayed
from dask.tokenize import normalize_token

from spikecore import arguments
from spikecore.lazy.codes import refuse_options
from spikecore.lazy.grid import Grid
from spikecore.lazy.parts import whole
from spikecore.network.graph import Graph
from spikecore.network.linear import Linear
from spikecore.network.stages import LayerRun
from spikecore.neurons.neuron import Neuron, Run

# --- neurons ------------------------------------------------------------------------------------


def run_neuron(neuron, current, state, record, dtype, out, device, stream):
    """``Neuron.run`` on a Dask array of currents."""
    refuse_options({"out": out, "stream": stream})
    if current.ndim == 0:
        arguments.refuse("current", "have a time axis", "shape ()", "pass [num_steps, ...]")
    divisible = _is_divisible(neuron)
    current = whole("current", current, () if divisible else range(1, current.ndim))
    features = current.shape[1:]
    how = {"record": tuple(record), "dtype": dtype, "device": device}
    held = [_spread(name, value, features, current.dtype)
            for name, value in zip(neuron.state_names, state, strict=False)]  # fmt: skip
    checked = (0,) * len(features) if divisible else features
    like = neuron.run(np.zeros((0, *checked), current.dtype), **how)
    grid = Grid(current, len(features))
    grid.run(
        partial(_cut, held),
        lambda block, begun: delayed(_run, pure=True)(neuron, block, begun, how),
    )
    spikes = grid.over_time(attrgetter("spikes"), like.spikes)
    recorded = {
        name: grid.over_time(partial(_recorded, name), part) for name, part in like.recorded.items()
    }
    final = tuple(grid.at_the_end(partial(_final, i), part) for i, part in enumerate(like.final))
    return Run(spikes, recorded, final)


def _is_divisible(neuron):
    """Whether neurons can run apart: none acts on another, and all are alike."""
    model = neuron._model
    numbers = [value(np.dtype(np.float64)) if callable(value) else value
               for value in (*model.parameters.values(), *model.initial.values())]  # fmt: skip
    return not (model.inhibition or model.recurrence is not None or any(map(np.ndim, numbers)))


def _spread(name, value, features, dtype):
    """A given state as a Dask array of its own shape, or None."""
    if value is None:
        return None
    given = da.asarray(value)
    try:
        lead = given.shape[: max(0, given.ndim - len(features))]
        return da.broadcast_to(given, (*lead, *features))
    except ValueError:
        remedy = "pass a state of that shape"
        arguments.refuse(name, f"have the shape {features} of the neurons", given.shape, remedy)


def _cut(held, slices):
    """The given states of some of the neurons."""
    return [None if state is None else state[(..., *slices)] for state in held]


def _run(neuron, values, begun, how):
    state = begun.final if isinstance(begun, Run) else begun
    return neuron.run(np.asarray(values), *state, **how)


def _recorded(name, run):
    return run.recorded[name]


def _final(i, run):
    return run.final[i]


# --- networks -----------------------------------------------------------------------------------


@normalize_token.register(Linear)
def _of_linear(layer):
    """Equal layers share results, whatever they keep from earlier runs."""
    return "spikecore.Linear", normalize_token([layer.weight, layer.bias])


@normalize_token.register(Graph)
def _of_network(network):
    parts = [list(network.layers.items()), network.edges, network.inputs, network.outputs]
    return f"spikecore.{type(network).__name__}", normalize_token(parts)


def run_network(network, spikes, state, device, how):
    """``Graph.run`` on a Dask array of spikes: samples of a batch apart, time in turn."""
    how = {**how, "device": device}
    count = spikes.ndim - 1 - _input_axes(network)
    if count < 0:
        must, got = "have a time axis and a feature axis", f"shape {spikes.shape}"
        arguments.refuse("spikes", must, got, "pass [num_steps, ..., in_features]")
    spikes = whole("spikes", spikes, range(1 + count, spikes.ndim))
    like = network.run(np.zeros((0, *[0] * count, *spikes.shape[1 + count :]), spikes.dtype), **how)
    held = {layer: [None if part is None else da.asarray(part) for part in parts]
            for layer, parts in (state or {}).items()}  # fmt: skip
    grid = Grid(spikes, count)

    def first(slices):
        return {
            layer: _cut(parts, (*slices, *[slice(None)] * (like[layer].counts.ndim - count)))
            for layer, parts in held.items()
        }

    grid.run(first, lambda block, begun: delayed(_network, pure=True)(network, block, begun, how))
    return {layer: _layer(grid, layer, part, count) for layer, part in like.items()}


def _input_axes(network):
    """How many axes an input has without time and batch."""
    shapes = list(network.inputs.values())
    plain = all(isinstance(layer, (Linear, Neuron)) for layer in network.layers.values())
    if len(shapes) != 1 or (shapes[0] is None and not plain):
        must = "have one input, whose shape it knows, for a Dask array"
        arguments.refuse("network", must, network.inputs, "pass the shape when it is made")
    return 1 if shapes[0] is None else len(shapes[0])


def _network(network, values, begun, how):
    before = {
        layer: run.final if isinstance(run, LayerRun) else run for layer, run in begun.items()
    }
    found = network.run(np.asarray(values), state=before or None, **how)
    counted = {
        layer: run._replace(counts=run.counts + begun[layer].counts)
        for layer, run in found.items()
        if isinstance(begun.get(layer), LayerRun)
    }
    return {**found, **counted}


def _layer(grid, layer, like, count):
    """The Dask arrays of a layer's result, each with the axes of its features last."""
    after = like.counts.ndim - count

    def part(*path):
        return partial(_part, (layer, *path))

    spikes = None if like.spikes is None else grid.over_time(part("spikes"), like.spikes, after)
    recorded = {name: grid.over_time(part("recorded", name), value, after)
                for name, value in like.recorded.items()}  # fmt: skip
    final = tuple(
        grid.at_the_end(part("final", i), value, after) for i, value in enumerate(like.final)
    )
    return LayerRun(spikes, recorded, grid.at_the_end(part("counts"), like.counts, after), final)


def _part(path, found):
    """Follow names of keys and attributes, and indices."""
    for name in path:
        is_attribute = isinstance(name, str) and hasattr(found, name)
        found = getattr(found, name) if is_attribute else itemgetter(name)(found)
    return found
