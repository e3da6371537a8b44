"""Burst code: the larger a value, the more spikes, and the closer together."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import (
    Array,
    ArrayLike,
    Data,
    Device,
    Integer,
    Number,
    Out,
    SpikeDtype,
    Stream,
)
from spikecore.arithmetic import floor, mul, rint, select
from spikecore.backends.loops import Place
from spikecore.chunked import divided
from spikecore.codes.signals import chosen
from spikecore.codes.values import Interval, first_steps, placed, steps, trains
from spikecore.compiler import equation


class Axes(NamedTuple):
    """What is added to the interval, and what is rounded to whole steps."""

    gap: int = 0
    rounds: str = "interval"


OPTIONS = {"rounds": ("interval", "spikes")}
PROFILES = {
    "guo": {"gap": 0, "rounds": "spikes"},
    "spikify": {"gap": 1, "rounds": "interval"},
}
MOST = 2**15 - 1  # spikes and steps between them: both are held in 32 bits
MOST_STEPS = 2**24  # a float32 holds every step up to here
FRACTION = np.int64(16)  # bits of an interval that is not whole
UNIT, HALF = np.int64(2**16), np.int64(2**15)
LOW_16, LOW_32 = np.int32(2**16 - 1), np.int64(2**32 - 1)


class Numbers(NamedTuple):
    """The numbers of a burst code, all of the data's dtype."""

    max_spikes: Any
    longest: Any
    span: Any  # max_interval - min_interval
    gap: Any
    unit: Any  # 2**16


@equation
def count_of(x, numbers):
    """ceil(x * max_spikes)."""
    return -floor(-(x * numbers.max_spikes))


@equation
def interval_of(x, numbers):
    """max_interval - x*(max_interval - min_interval)."""
    return numbers.longest - mul(x, numbers.span)


@equation
def whole_places(x, shared, numbers):
    """Spikes in the low half of the bits, steps from one to the next in the high half."""
    interval = numbers.gap - floor(-interval_of(x, numbers))
    return np.int32((np.int32(interval) << np.int32(16)) | np.int32(count_of(x, numbers)))


@equation
def emit_whole(step, place, numbers, on, off):
    """A spike at each of the first so many multiples of the interval.

    The quotient of a multiple is exact, and no other product meets a step that is none.
    """
    interval = np.int32(place >> np.int32(16))
    k = np.int32(np.float32(step) / np.float32(interval))
    here = np.int32(k * interval) == step
    return select(here & (k < np.int32(place & LOW_16)), on, off)


@equation
def fine_places(x, shared, numbers):
    """Spikes in the high half of the bits, 2**-16 steps from one to the next in the low half."""
    interval = rint((interval_of(x, numbers) + numbers.gap) * numbers.unit)
    return (np.int64(count_of(x, numbers)) << np.int64(32)) | np.int64(interval)


@equation
def emit_fine(step, place, numbers, on, off):
    """A spike at the step that is nearest to a multiple of the interval, halves to even.

    Multiples are at least a step apart, so the last one below the next step's is the only one.  The
    quotient is rounded, to the wrong side of a whole number only above 2**20, where no spike is.
    """
    interval = place & LOW_32
    begin = np.int64(step) * UNIT - HALF
    k = np.int64(np.int32(np.float64(begin + UNIT) / np.float64(interval)))
    past = k * interval - begin
    even = (step & np.int32(1)) == np.int32(0)
    within = (past > np.int64(0)) & (past < UNIT)
    edge = (past == np.int64(0)) | (past == UNIT)
    return select((within | (even & edge)) & (k < place >> np.int64(32)), on, off)


WHOLE = Place(whole_places, emit_whole)
FINE = Place(fine_places, emit_fine, np.int64)


@divided("features", placed=True)
def burst(
    data: Data,
    num_steps: Integer,
    max_spikes: Integer = 5,
    min_interval: Number = 2,
    max_interval: Number = 10,
    *,
    gap: Integer | None = None,
    rounds: Literal["interval", "spikes"] | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Burst code: ``ceil(x*max_spikes)`` spikes from step 0 on, closer together for a larger x.

    Spike ``k`` is at step ``k*I``, while below ``num_steps``, with
    ``I = ceil(max_interval - x*(max_interval - min_interval)) + gap``; with ``rounds="spikes"``
    I is not rounded up, and ``k*I`` is rounded, halves to even.

    Parameters
    ----------
    data : array_like
        Values x in [0, 1], ``[...]``.
    num_steps : int
        Time steps, at most 2**24.
    max_spikes : int
        Spikes of a value of 1, at most 32767.
    min_interval, max_interval : float
        Steps from one spike to the next, for x = 1 and for x = 0, at most 32767.
    gap : int
        0 if left out; 1 makes the interval the silent steps between two spikes.
    rounds : {"interval", "spikes"}
        What is rounded to whole steps: the interval up, which is the default, or the time of each
        spike to the nearest, the interval being a multiple of 2**-16 then.
    profile : str, optional
        A library of :func:`profiles`.
    dtype, out, device, stream
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes, 0 or 1, ``[num_steps, ...]``.

    Raises
    ------
    ValueError, TypeError
        NaN or a value outside [0, 1], intervals that are in the wrong order or shorter than one
        step with the gap, a number out of its range, or an ``out`` of the wrong form.

    Notes
    -----
    W. Guo et al., "Neural coding in spiking neural networks: a comparative study for robust
    neuromorphic systems", Frontiers in Neuroscience 15 (2021); their code rounds the times of
    spikes, spikify the interval.  Deliberate difference: spikify takes the mean of blocks of a
    signal first, which is left to the caller.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import decode, spikegen
    >>> spikes = spikegen.burst([0.0, 0.4, 1.0], 8, 3, 2, 6, dtype=np.int8)
    >>> spikes.T
    array([[0, 0, 0, 0, 0, 0, 0, 0],
           [1, 0, 0, 0, 0, 1, 0, 0],
           [1, 0, 1, 0, 1, 0, 0, 0]], dtype=int8)
    >>> decode.burst(spikes, 3)
    array([0.        , 0.5       , 0.83333333])
    """
    call = arguments.Call("data", data, dtype, out, device, stream)
    num_steps = steps(num_steps, MOST_STEPS)
    gap, rounds = chosen(Axes(), OPTIONS, PROFILES, profile, {"gap": gap, "rounds": rounds})
    max_spikes = arguments.integer("max_spikes", max_spikes, 1, MOST)
    gap, shortest, longest = _intervals(gap, min_interval, max_interval)
    cast = call.values.dtype.type
    backend = call.choose(num_steps * call.values.size)
    arguments.within("data", call.values, 0, 1, backend, "within [0, 1]")
    numbers = Numbers(
        cast(max_spikes), cast(longest), cast(longest - shortest), cast(gap), cast(UNIT)
    )
    return placed(call, WHOLE if rounds == "interval" else FINE, numbers, num_steps)


def _intervals(gap, min_interval, max_interval):
    """The gap and the two intervals, checked."""
    gap = arguments.integer("gap", gap, 0, MOST - 1)
    longest = arguments.number("max_interval", max_interval, 0, MOST - gap)
    shortest = arguments.number("min_interval", min_interval, 0, longest)
    if shortest + gap < 1:
        must = "be at least one step, with the gap"
        arguments.refuse("min_interval", must, min_interval, "raise it, or pass gap=1")
    return gap, shortest, longest


@divided("time")
def decode(
    spikes: ArrayLike,
    max_spikes: Integer = 5,
    min_interval: Number | None = None,
    max_interval: Number | None = None,
    *,
    gap: Integer | None = None,
    interval: bool = False,
) -> Array | Interval:
    """Value of a burst code, from the number n of spikes: ``(n - 1/2)/max_spikes``, and 0 for none.

    The error is at most ``1/(2*max_spikes)``, which is reached, as long as the train holds the
    whole burst.  With the intervals, which the encoder must have rounded up, the distance I of the
    first two spikes counts too: x lies where ``(n-1)/max_spikes < x <= n/max_spikes`` and
    ``I - gap - 1 < max_interval - x*(max_interval - min_interval) <= I - gap``; the value is the
    middle.  The bounds hold to the rounding of the encoder's products.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``; what is not 0 is a spike.
    max_spikes, min_interval, max_interval, gap
        As in :func:`spikecore.spikegen.burst`; without the intervals only the number counts.
    interval : bool
        Give the interval instead, both ends included.

    Returns
    -------
    numpy.ndarray of float64, or Interval

    Raises
    ------
    ValueError, TypeError
        No time axis, one interval without the other, more spikes than ``max_spikes``, or a number
        out of its range.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.burst([1, 0, 0, 1, 0, 0], 4)
    array(0.375)
    >>> decode.burst([1, 0, 0, 1, 0, 0], 4, 2, 4, interval=True)
    Interval(low=array(0.5), high=array(0.5))
    """
    max_spikes = arguments.integer("max_spikes", max_spikes, 1, MOST)
    interval = arguments.flag("interval", interval)
    fired = trains(spikes)
    count = fired.sum(axis=0)
    if count.size and count.max() > max_spikes:
        remedy = "pass the max_spikes of the encoder"
        arguments.refuse("spikes", f"have at most {max_spikes} in a train", count.max(), remedy)
    low, high = (count - 1) / max_spikes, count / max_spikes
    low = np.where(count == 0, 0.0, low)
    if (min_interval is None) != (max_interval is None):
        remedy = "pass both intervals, or none"
        arguments.refuse("min_interval", "come with max_interval", min_interval, remedy)
    if max_interval is not None:
        gap, shortest, longest = _intervals(0 if gap is None else gap, min_interval, max_interval)
        low, high = _narrowed(low, high, fired, gap, shortest, longest)
    if interval:
        return Interval(low, high)
    return np.asarray((low + high) / 2)


def _narrowed(low, high, fired, gap, shortest, longest):
    """The part of the intervals in which the distance of the first two spikes is what it is."""
    second = fired.copy()
    if len(second):
        first = first_steps(fired)
        np.put_along_axis(second, np.minimum(first, len(second) - 1)[None], False, axis=0)
        distance = first_steps(second) - first - gap
        known = second.any(axis=0) & (longest > shortest)
        span = longest - shortest if longest > shortest else 1.0
        low = np.where(known, np.maximum(low, (longest - distance) / span), low)
        high = np.where(known, np.minimum(high, (longest - distance + 1) / span), high)
    return low, high
