"""Neurons whose spikes come back through a ``Linear``: the whole chunk of time in one kernel.

It is chosen on the CPU for a cycle of these two layers alone; other cycles go step by step.  The
weighted spikes are always summed in index order, as with ``exact=True``.
"""

from typing import NamedTuple

import numpy as np

from spikecore.network.linear import Linear
from spikecore.network.stages import Neurons


class Loop(NamedTuple):
    """Names of the neurons, of the weights, and of what the neurons are given beside them."""

    neurons: str
    weights: str
    given: str


def loop_of(running, names):
    """The loop that a component is, or None."""
    if len(names) != 2 or getattr(running.backend, "__name__", "") != "spikecore.backends.cpu":
        return None
    neurons, weights = names
    others = [source for source in running.sources[neurons] if source != weights]
    found = Loop(neurons, weights, others[0] if others else "")
    layers = isinstance(running.stages[neurons], Neurons) and isinstance(
        running.layers[weights], Linear
    )
    edges = (
        running.sources[weights] == [neurons]
        and len(running.sources[neurons]) == 2
        and len(others) == 1
        and (weights, neurons) in running.late
    )
    return found if layers and edges and _fits(running, found) else None


def _fits(running, loop):
    """Whether the kernel can do all that the neurons need, and no sum has to be examined."""
    stage = running.stages[loop.neurons]
    model, dtype = stage.layer._model, stage.current_dtype
    plain = model.recurrence is None and not model.inhibition and not model.delay
    safe = _room(running, loop) > 0 and loop.weights not in running.examined
    alike = running.dtypes[loop.given] == running.stages[loop.weights].dtype == dtype
    return plain and safe and alike and loop.neurons not in running.graph._closing


def _room(running, loop):
    """How large a current may be, so that no sum with what comes back overflows."""
    dtype = running.stages[loop.neurons].current_dtype
    return dtype.type(np.finfo(dtype).max / 2 - running.bounds[loop.weights])


def advance(running, loop, values, start, stop):
    """Run the steps from ``start`` to ``stop``, as ``Running._step_by_step`` does."""
    drive, room = np.asarray(values[loop.given]), _room(running, loop)
    bounded = running.bounds[loop.given] < room
    if not bounded and running.backend.first_outside(drive.reshape(-1), -room, room) >= 0:
        running._step_by_step(loop[:2], values, start, stop)  # which says where a sum overflows
        return
    moment = slice(start, stop)
    stage, linear = running.stages[loop.neurons], running.layers[loop.weights]
    spikes = stage.place(stop - start, moment)
    sums = running.stages[loop.weights].place(stop - start, moment)
    if spikes.size:
        recorded = {name: kept[moment] for name, kept in stage.kept.items()}
        back = running.last[loop.weights]
        stage.work.advance_with(linear, drive, back, sums, recorded, spikes)
        running.last[loop.weights] = sums[-1:].copy()  # the next chunk overwrites the sums
    running._finish(loop.neurons, spikes, values)
    running._finish(loop.weights, sums, values)
