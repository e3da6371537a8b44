"""What the codes of values share: spikes at places known beforehand, and trains to decode."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends, memory
from spikecore.annotations import Array
from spikecore.arithmetic import like, select
from spikecore.backends.loops import Place
from spikecore.chunked import wanted_steps
from spikecore.codes import sparse
from spikecore.compiler import equation
from spikecore.events.table import Events

MOST_STEPS = 2**31 - 1  # a loop counts steps in 32 bits


@equation
def emit_spike(step, place, numbers, on, off):
    """The value of a spike at its step."""
    return select(step == place, on, off)


class Interval(NamedTuple):
    """Where a value must lie, as arrays of float64.

    Attributes
    ----------
    low, high : numpy.ndarray
        The ends; which of them belong to it, the decoder says.
    """

    low: Array
    high: Array


def steps(num_steps, most=MOST_STEPS):
    """A positive number of time steps."""
    return arguments.integer("num_steps", num_steps, 1, most)


def placed(call, code, numbers, num_steps, data=None, shared=None, last=()):
    """The array of spikes at places that the code knows beforehand.

    ``data`` and ``shared`` are what the loop takes: the call's values and nothing, if left out.
    ``last`` is the axis that the code adds.
    """
    data = call.values.reshape(-1) if data is None else data
    shared = np.ones(1, call.values.dtype) if shared is None else shared
    start, count = wanted_steps(num_steps)
    result = call.output((count, *call.values.shape, *last))
    if result.size:
        rows, on, off = backends.rows(result, call.dtype.type(1), call.dtype.type(0))
        place_from(start, call.backend, code, data, shared, numbers, on, off, rows)
    return result


class Later(NamedTuple):
    """The first step of a part, and the numbers of the code."""

    start: Any
    numbers: Any


@cache
def later(code):
    """A code whose loop begins at a later step than 0."""
    of_code, emit_of_code = code.prepare, code.emit

    @equation
    def prepare(x, shared, numbers):
        """The places, which are counted from step 0."""
        return of_code(x, shared, numbers.numbers)

    @equation
    def emit(step, place, numbers, on, off):
        """The output value at a step of the part."""
        here = like(step, step + numbers.start)
        return emit_of_code(here, place, numbers.numbers, on, off)

    return Place(prepare, emit, code.kind)


def place_from(start, backend, code, data, shared, numbers, on, off, rows):
    """The rows of a code from a step on."""
    if start:
        code, numbers = later(code), Later(np.int32(start), numbers)
    backend.place(code, data, shared, numbers, on, off, rows)


def placed_events(call, code, numbers, num_steps, shared=None, on=None):
    """The Events of elements that spike once, at a place that the code knows beforehand."""
    shared = np.ones(1, call.values.dtype) if shared is None else shared
    places = arguments.output(None, (call.values.size,), np.dtype(code.kind))
    if places.size:
        call.backend.each(code.prepare, call.values.reshape(-1), shared, numbers, places)
    on = call.dtype.type(1) if on is None else on
    start, count = wanted_steps(num_steps)
    return sparse.placed(places, on, call.values.shape, num_steps)[start : start + count]


def counted(spikes, least=0):
    """The number of spikes of each train, and that of the steps; Events are not made dense."""
    if not isinstance(spikes, Events):
        fired = trains(spikes, least)
        return fired.sum(axis=0), len(fired)
    _enough(spikes.dense_shape, least)
    return spikes.counts(), spikes.num_steps


def first_spikes(spikes):
    """The step of each train's first spike, and the number of steps, which is that of none."""
    if not isinstance(spikes, Events):
        fired = trains(spikes)
        return first_steps(fired), len(fired)
    memory.fits_memory(spikes.shape, np.int64)
    step = np.full(spikes.size, spikes.num_steps)
    step[spikes.element[::-1]] = spikes.step[::-1]  # of several, the last one stays: the earliest
    return step.reshape(spikes.shape), spikes.num_steps


def _enough(shape, least, remedy="pass [num_steps, ...]"):
    """Refuse spikes of fewer steps than are needed."""
    if shape[0] < least:
        must = f"have at least {least} time steps"
        arguments.refuse("spikes", must, f"shape {shape}", remedy)


def trains(spikes, least=0, remedy="pass [num_steps, ...]"):
    """Whether there is a spike, ``[num_steps, ...]``; ``least`` steps are needed."""
    given = arguments.array("spikes", spikes)
    if given.ndim == 0:
        arguments.refuse("spikes", "have a time axis", f"the scalar {given}", remedy)
    _enough(given.shape, least, remedy)
    lack = memory.lack(given.shape, np.dtype(bool))
    if lack is not None:  # of a view that repeats its elements
        got, remedy = f"shape {given.shape}, whose comparison {lack}", "pass a part of it"
        arguments.refuse("spikes", "fit into memory", got, remedy)
    if given.dtype.kind == "f" and np.isnan(given).any():
        arguments.refuse("spikes", "not hold NaN", "some", "pass what an encoder gives")
    return given != 0


def first_steps(fired):
    """The step of each train's first spike as an int64, and the number of steps where none is."""
    if not len(fired):
        return np.zeros(fired.shape[1:], np.int64)
    return np.where(fired.any(axis=0), fired.argmax(axis=0), len(fired))
