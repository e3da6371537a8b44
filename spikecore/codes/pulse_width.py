"""Pulse-width coding: one spike a period, the later the larger the sample."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, Data, Device, Integer, Number, Out, SpikeDtype, Stream
from spikecore.arithmetic import like, mul, select
from spikecore.backends.loops import Scan
from spikecore.chunked import divided
from spikecore.codes.filters import Nothing, unchanged
from spikecore.codes.signals import NONE, UP, Levels, SignalCall, emit
from spikecore.codes.sums import SumCall
from spikecore.compiler import equation

LONGEST = 2**24  # steps of a period: float32 counts so far


class State(NamedTuple):
    """The step within the period, and 1 once this period has had its spike."""

    phase: Any
    fired: Any


class Numbers(NamedTuple):
    """The ends of the range, of the data's dtype, and the steps of a period."""

    low: Any
    high: Any
    period: Any


@equation
def carrier(phase, numbers):
    """The saw that climbs from 0 in each period."""
    return like(numbers.low, phase) / like(numbers.low, numbers.period)


@equation
def step(state, x, numbers):
    """One sample: the state after it, and 1 where the saw meets it first."""
    phase, fired = state.phase, state.fired
    u = (x - numbers.low) / (numbers.high - numbers.low)
    spike = (carrier(phase, numbers) >= u) & (fired == like(fired, 0))
    fired = select(spike, like(fired, 1), fired)
    phase = like(phase, phase + like(phase, 1))
    ends = phase == numbers.period
    after = State(select(ends, like(phase, 0), phase), select(ends, like(fired, 0), fired))
    return after, select(spike, UP, NONE)


@equation
def line(step, previous, following, numbers, unit):
    """The saw at the spikes, a straight line between them, and level at the ends."""
    none = like(previous, 0)
    after, before = previous >= none, following >= none
    left = carrier(select(after, previous, following) % numbers.period, numbers)
    right = carrier(select(before, following, previous) % numbers.period, numbers)
    between = after & before
    length = like(unit, select(between, following - previous, like(previous, 1)))
    share = like(unit, select(between, step - previous, none)) / length
    u = select(step == following, right, left + mul(right - left, share))
    value = numbers.low + mul(u, numbers.high - numbers.low)
    return select(after | before, value, numbers.high)


@equation
def is_spike(state, x, numbers):
    """1 where a spike is given."""
    return state, select(x != like(x, 0), UP, NONE)


SPIKES = Scan(step, emit)
GIVEN = Scan(is_spike, emit, recall=unchanged)


def _numbers(period, low, high, dtype):
    """The numbers of a code or of its decoder."""
    period = arguments.integer("period", period, 2, LONGEST)
    bound = float(np.finfo(dtype).max) / 4
    low = arguments.scalar("low", low, dtype, low=-bound, high=bound)
    high = arguments.scalar("high", high, dtype, low=float(low), high=bound, open_low=True)
    return low, high, period


@divided("time", period="period")
def pulse_width(
    data: Data,
    period: Integer,
    *,
    low: Number = 0,
    high: Number = 1,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Pulse-width coding: spike where a saw first meets the signal in each of its periods.

    ``s[t] = 1`` at the first step of a period with ``c[t] >= (x[t] - low)/(high - low)``, where
    ``c[t] = (t mod period)/period``.  A period in which there is none is silent.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``, from ``low`` to ``high``.
    period : int
        Steps in a period, at least 2.
    low, high : float
        The range of the signal.
    dtype, out, device, stream
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        Data outside of the range, NaN included, no time axis, a period below 2, ``high`` that is
        not above ``low``, or an ``out`` of the wrong form.

    Notes
    -----
    A. Arriandiaga, E. Portillo, J. I. Espinosa-Ramos and N. Kasabov, "Pulsewidth modulation-based
    algorithm for spike phase encoding and decoding of time-dependent analog data", IEEE TNNLS 31
    (2020), with one saw.  :func:`spikecore.decode.pulse_width` decodes.  A later part of a signal
    is encoded by itself if it begins with a period.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.pulse_width([0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.9, 0.9], 4)
    array([0., 0., 1., 0., 0., 1., 0., 0.])
    """
    call = SignalCall(data, dtype, out, device, stream, None)
    low, high, period = _numbers(period, low, high, call.values.dtype)
    backend = call.choose(call.values.size)
    arguments.within("data", call.values, low, high, backend, f"from low={low} to high={high}")
    result, rows, levels = call.spikes()
    if result.size:
        size = call.samples.shape[1]
        state = State(*(backend.copy(np.zeros(size, np.int32)) for _ in range(2)))
        numbers = Numbers(low, high, np.int32(period))
        backend.scan(SPIKES, call.samples, state, numbers, levels, rows)
    return result


@divided("time")
def decode(
    spikes: Data,
    period: Integer,
    *,
    low: Number = 0,
    high: Number = 1,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Pulse width: the saw at each spike, and straight lines between the spikes.

    ``y[t] = low + (high - low)*(t mod period)/period`` at a spike; linear in t between two spikes,
    level before the first and after the last.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``; what is not 0 is a spike.
    period, low, high
        As in :func:`spikecore.spikegen.pulse_width`.
    dtype : dtype
        float32 or float64: that of the arithmetic.  If left out, that of floating spikes, else
        float64.
    out, device, stream
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        y, of the shape of the spikes; ``high`` where a feature has no spike at all, because the
        saw has then been below the signal throughout.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the spikes, no time axis, a period below 2, ``high`` that is not above
        ``low``, or a dtype that is not float32 or float64.

    Notes
    -----
    The bound, at the spikes of :func:`spikecore.spikegen.pulse_width` of a signal x and up to
    rounding: ``0 <= y[t] - x[t] < (high - low)/period + |x[t] - x[t-1]|``, and 0 where a period
    begins with its spike.  Between spikes there is none: a signal may do anything there.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.pulse_width([0, 0, 1, 0, 0, 1, 0, 0], 4)
    array([0.5       , 0.5       , 0.5       , 0.41666667, 0.33333333,
           0.25      , 0.25      , 0.25      ])
    """
    call = SumCall("spikes", spikes, dtype, 0, out, device, stream)
    low, high, period = _numbers(period, low, high, call.dtype)
    result = call.result()
    if result.size:
        samples, (rows, unit) = call.samples, backends.rows(result, call.dtype.type(1))
        none = Levels(unit, unit, call.dtype.type(0))
        call.backend.scan(GIVEN, samples, Nothing(), Nothing(), none, rows)
        call.backend.climb(line, Numbers(low, high, np.int64(period)), unit, rows)
    return result
