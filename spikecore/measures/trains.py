"""Spike trains as the measures take them: the steps of the spikes, train after train."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spikecore import arguments, memory
from spikecore.events.table import Events

SHORTEST, LONGEST = 1e-100, 1e100  # times, so that no product or quotient of two overflows


class Trains(NamedTuple):
    """Spike trains over the same time steps.

    Times are counted in steps, so that intervals between spikes are exact; ``dt`` turns what is
    computed of them into units of time.
    """

    times: np.ndarray  # float64, whole numbers: the steps of train 0, rising, then of train 1, ...
    starts: np.ndarray  # int64: train i is times[starts[i]:starts[i + 1]]
    shape: tuple[int, ...]  # of the features; trains are numbered in C order
    num_steps: int
    dt: float

    @property
    def counts(self):
        """The number of spikes of each train."""
        return np.diff(self.starts)

    @property
    def elements(self):
        """The train of each spike."""
        return np.repeat(np.arange(len(self.starts) - 1), self.counts)

    @property
    def duration(self):
        """The length of the trains in units of time."""
        return self.num_steps * self.dt

    def with_counts(self, times, counts):
        """Trains of other times, so many in each train."""
        return self._replace(times=times, starts=np.append(0, np.cumsum(counts)).astype(np.int64))


def trains_of(name, spikes, dt=None):
    """The trains of dense spikes ``[T, ...]``, or of Events.

    ``dt`` is that of the Events where it is not given, or 1.
    """
    if isinstance(spikes, Events):
        return _trains_of_events(name, spikes, dt)
    dt = 1.0 if dt is None else duration("dt", dt)
    given = arguments.array(name, spikes)
    if given.ndim == 0:
        remedy = "pass [num_steps, ...]"
        arguments.refuse(name, "have a time axis", f"the scalar {given}", remedy)
    arguments.fits_copy(name, given, bool)
    shape = given.shape[1:]
    flat = given.reshape(len(given), math.prod(shape))
    fired = flat if given.dtype.kind == "b" else flat != 0
    places = np.flatnonzero(np.ascontiguousarray(fired.T))  # train after train
    elements, steps = np.divmod(places, max(1, len(given)))
    if given.dtype.kind != "b":
        counts = _counts(name, flat[steps, elements], given.shape, steps, elements)
        steps, elements = _repeated(steps, elements, counts)
    return _made(steps, elements, shape, len(given), dt)


def _trains_of_events(name, events, dt):
    """The trains of Events, train after train."""
    given = events.dt if dt is None else dt
    dt = 1.0 if given is None else duration("dt", given)
    order = np.argsort(events.element, kind="stable")
    steps, elements = events.step[order], events.element[order]
    if events.value.dtype.kind != "b":
        counts = _counts(name, events.value[order], events.dense_shape, steps, elements)
        steps, elements = _repeated(steps, elements, counts)
    return _made(steps, elements, events.shape, events.num_steps, dt)


def _repeated(steps, elements, counts):
    """Each spike by itself, where an element has several."""
    if not counts.size or counts.max() == 1:
        return steps, elements
    return np.repeat(steps, counts), np.repeat(elements, counts)


def _made(steps, elements, shape, num_steps, dt):
    """Trains of steps that are sorted by element."""
    number = np.bincount(elements, minlength=math.prod(shape))
    trains = Trains(np.empty(0), np.zeros(1, np.int64), shape, num_steps, dt)
    return trains.with_counts(steps.astype(np.float64), number)


def _counts(name, values, shape, steps, elements):
    """How many spikes each element that is not 0 stands for."""
    numbers = values.astype(np.float64)
    is_number = (numbers > 0) & (numbers < arguments.LARGEST_EXACT)  # not of NaN
    bad = np.flatnonzero(~is_number | (numbers != np.floor(numbers)))
    if bad.size:
        where = (steps[bad[0]], *np.unravel_index(elements[bad[0]], shape[1:] or (1,)))
        index = ", ".join(map(str, arguments.whole_index(where[: len(shape)])))
        raise ValueError(
            f"{name} must hold numbers of spikes, 0, 1, 2, ..., but {name}[{index}] is "
            f"{values[bad[0]]}; pass {name} != 0 to count each element as one spike"
        )
    total = min(int(numbers.sum()), 2**60)
    if total > numbers.size:
        arguments.fits_copy(name, np.broadcast_to(np.int8(0), total), np.float64)
    return numbers.astype(np.int64)


def two_of(spikes, targets, dt):
    """The trains, and those to compare them with (None: with each other), over the same steps."""
    trains = trains_of("spikes", spikes, dt)
    if targets is None:
        return trains, None
    compared = trains_of("targets", targets, dt)
    if compared.num_steps != trains.num_steps:
        must = f"have as many time steps as spikes, {trains.num_steps}"
        arguments.refuse("targets", must, compared.num_steps, "cut both to the same length")
    return trains, compared


def distinct(trains):
    """The trains with one spike where several have the same time."""
    if trains is None or not trains.times.size:
        return trains
    elements = trains.elements
    kept = np.append(True, (np.diff(trains.times) != 0) | (np.diff(elements) != 0))
    if kept.all():
        return trains
    counts = np.bincount(elements[kept], minlength=len(trains.counts))
    return trains.with_counts(trains.times[kept], counts)


def with_edges(trains):
    """The trains, where one without a spike has a spike at the beginning and one at the end."""
    if trains is None or trains.counts.all():
        return trains
    counts = np.where(trains.counts, trains.counts, 2)
    added = np.repeat(trains.counts == 0, counts)
    times = np.empty(added.size)
    times[~added] = trains.times
    times[added] = np.tile([0.0, trains.num_steps], int(added.sum()) // 2)
    return trains.with_counts(times, counts)


def zeros(shape):
    """A new float64 array of zeros, where it fits into memory."""
    lack = memory.lack(shape, np.float64)
    if lack is not None:
        raise ValueError(
            f"the output of shape {shape} and dtype float64 {lack}; pass fewer trains, or larger "
            "bins where there are bins"
        )
    return np.zeros(shape)


# --- times as steps -----------------------------------------------------------------------------


def duration(name, value):
    """A positive time."""
    return arguments.number(name, value, SHORTEST, LONGEST)


def steps_in_a_bin(bin_steps):
    """A number of steps, at least 1."""
    remedy = "pass the steps of one bin"
    return arguments.integer("bin_steps", bin_steps, 1, arguments.MAX_STEPS, remedy)


def window_of(trains, start, stop):
    """A window of time in steps, whole numbers where it begins or ends at a step."""
    start = arguments.number("start", start)
    if stop is None and start == 0 and not trains.num_steps:
        return 0.0, 0.0
    stop = trains.duration if stop is None else arguments.number("stop", stop)
    first, last = step_at(start, trains.dt), step_at(stop, trains.dt)
    if not 0 <= first < last <= trains.num_steps:
        raise ValueError(
            f"start and stop must rise within the time of the trains, [0, {trains.duration}], got "
            f"{start} and {stop}; choose times in that range"
        )
    return first, last


def step_at(time, dt):
    """A time in steps; a quotient within 4 ulp of a whole number is that one, as k*dt is step k."""
    steps = time / dt
    if not abs(steps) <= arguments.LARGEST_EXACT:
        return steps
    whole = float(round(steps))
    return whole if abs(steps - whole) <= 4 * math.ulp(whole) else steps
