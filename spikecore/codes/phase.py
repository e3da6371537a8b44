"""Weighted phase code: the bits of a value, the most significant first, once in each period."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Data, Device, Integer, Out, SpikeDtype, Stream
from spikecore.arithmetic import like, select
from spikecore.backends.loops import Place
from spikecore.chunked import divided
from spikecore.codes.signals import chosen
from spikecore.codes.values import Interval, placed, steps, trains
from spikecore.compiler import equation


class Axes(NamedTuple):
    """Whether values without a code have the nearest one."""

    clip: bool = False


PROFILES = {
    "guo": {"clip": False},
    "spikingjelly": {"clip": False},
}


class Numbers(NamedTuple):
    """The numbers of a phase code."""

    scale: Any  # 2**num_bits, of the data's dtype
    most: Any  # 2**num_bits - 1
    num_bits: Any


@equation
def bits(x, shared, numbers):
    """floor(x * 2**num_bits) of x within [0, 1]; the product is exact, and 1 has the most bits."""
    zero, one = like(x, 0), like(x, 1)
    x = select(x > zero, select(x < one, x, one), zero)
    whole = np.int32(x * numbers.scale)
    return select(whole < numbers.most, whole, numbers.most)


@equation
def emit(step, place, numbers, on, off):
    """The value of bit ``num_bits - 1 - step mod num_bits``."""
    shift = numbers.num_bits - np.int32(1) - step % numbers.num_bits
    mask = np.int32(np.int32(1) << shift)
    return select((place & mask) != np.int32(0), on, off)


PHASE = Place(bits, emit)


@divided("features", placed=True)
def phase(
    data: Data,
    num_bits: Integer,
    num_steps: Integer | None = None,
    *,
    clip: bool | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Weighted phase code: in each period of ``num_bits`` steps, the bits of the value.

    ``s[t]`` is bit ``num_bits - 1 - t mod num_bits`` of ``floor(x * 2**num_bits)``, the most
    significant first: step ``j`` of a period has the weight ``2**-(j+1)``.  The product is exact.

    Parameters
    ----------
    data : array_like
        Values x in [0, 1), ``[...]``.
    num_bits : int
        Steps of a period, 1 to 30.
    num_steps : int, optional
        Time steps; the code is repeated.  One period if left out.
    clip : bool
        Code a value of 1 or more as the largest that has a code, ``1 - 2**-num_bits``, and one
        below 0 as 0; otherwise they are refused, which is the default.
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
        NaN, infinity or a value outside [0, 1), a number of bits or steps out of its range, or an
        ``out`` of the wrong form.

    Notes
    -----
    J. Kim et al., "Deep neural networks with weighted spikes", Neurocomputing 311 (2018).
    SpikingJelly's ``WeightedPhaseEncoder`` subtracts weights one after another, which gives the
    same bits.  Deliberate differences: values outside [0, 1) are refused or clipped by name, where
    it leaves a remainder; float32 and float64 data have the same code.

    Examples
    --------
    >>> from spikecore import decode, spikegen
    >>> spikes = spikegen.phase([0.0, 0.5, 0.7], num_bits=3)
    >>> spikes
    array([[0., 1., 1.],
           [0., 0., 0.],
           [0., 0., 1.]])
    >>> decode.phase(spikes, num_bits=3)
    array([0.   , 0.5  , 0.625])
    """
    call = arguments.Call("data", data, dtype, out, device, stream)
    num_bits = arguments.integer("num_bits", num_bits, 1, 30)
    num_steps = num_bits if num_steps is None else steps(num_steps)
    clip = chosen(Axes(), {}, PROFILES, profile, {"clip": clip}).clip
    cast = call.values.dtype.type
    backend = call.choose(num_steps * call.values.size)
    if clip:
        arguments.finite("data", call.values, backend)
    else:
        below_one = np.nextafter(cast(1), cast(0))
        arguments.within("data", call.values, 0, below_one, backend, "within [0, 1)")
    numbers = Numbers(cast(2**num_bits), np.int32(2**num_bits - 1), np.int32(num_bits))
    return placed(call, PHASE, numbers, num_steps)


@divided("time")
def decode(
    spikes: ArrayLike,
    num_bits: Integer,
    *,
    centre: bool = False,
    interval: bool = False,
) -> Array | Interval:
    """Value of a weighted phase code: the mean over periods of ``sum(2**-(j+1) * s[j])``.

    The value x that :func:`spikecore.spikegen.phase` coded has ``y <= x < y + 2**-num_bits``; with
    ``centre=True`` the error is at most ``2**-(num_bits+1)``.  Both bounds are reached, and the
    sums are exact.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``; what is not 0 is a spike.  Steps after the last whole period are
        ignored.
    num_bits : int
        Steps of a period, 1 to 30.
    centre : bool
        Add half of the last weight.
    interval : bool
        Give the interval ``[y, y + 2**-num_bits)`` instead; of trains whose periods differ, which
        no encoder makes, it is that of their mean.

    Returns
    -------
    numpy.ndarray of float64, or Interval

    Raises
    ------
    ValueError, TypeError
        Less than one period, or a number of bits out of its range.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.phase([1, 0, 1], num_bits=3, centre=True)
    array(0.6875)
    """
    num_bits = arguments.integer("num_bits", num_bits, 1, 30)
    centre, interval = arguments.flag("centre", centre), arguments.flag("interval", interval)
    fired = trains(spikes, num_bits, "pass at least one period of num_bits steps")
    periods = len(fired) // num_bits
    counts = fired[: periods * num_bits].reshape(periods, num_bits, *fired.shape[1:]).sum(axis=0)
    total = np.zeros(fired.shape[1:])
    for j, count in enumerate(counts):
        total += 2.0 ** -(j + 1) * count
    value = total / periods
    if interval:
        return Interval(value, value + 2.0**-num_bits)
    return np.asarray(value + 2.0 ** -(num_bits + 1) if centre else value)
