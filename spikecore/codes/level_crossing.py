"""Level crossing: spikes where a signal passes fixed levels."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Data, Device, Out, PerNeuron, SpikeDtype, Stream
from spikecore.arithmetic import floor, rint, select
from spikecore.backends.loops import Scan
from spikecore.chunked import carried, divided
from spikecore.codes.signals import CHANNELS, SignalCall, written
from spikecore.codes.sparse import checked, gives_events
from spikecore.compiler import equation


class State(NamedTuple):
    """The level that has been sent, a whole number."""

    level: Any


class Numbers(NamedTuple):
    """The distance of the levels, and the most spikes of a step."""

    spacing: Any
    most: Any


@equation
def step(state, x, numbers):
    """One sample: the level after it, and the levels passed."""
    crossed = floor(x / numbers.spacing) - state.level
    crossed = select(crossed > numbers.most, numbers.most, crossed)
    crossed = select(crossed < -numbers.most, -numbers.most, crossed)
    return State(state.level + crossed), crossed


@equation
def level_below(x, shared, spacing):
    """The level at or below a sample."""
    return floor(x / spacing)


@equation
def level_nearest(x, shared, spacing):
    """The level nearest to a decoder's value."""
    return rint(x / spacing)


@cache
def scan_of(paired):
    """The equations, for one or two channels."""
    emit, second = written(paired, counted=True)
    return Scan(step, emit, second=second)


@gives_events
@divided("time", per_feature=("spacing", "initial"), carries=True)
def level_crossing(
    data: Data,
    spacing: PerNeuron,
    *,
    initial: ArrayLike | None = None,
    channels: Literal["signed", "up_down"] | None = "signed",
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Level crossing: as many spikes as a signal passes levels, which lie at multiples of a number.

    ``s[t] = floor(x[t]/spacing) - floor(x[t-1]/spacing)``, of rounded quotients; ``s[0] = 0``.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``.
    spacing : float
        Positive: the distance of two levels, in the units of the data.
    initial : float or array_like
        The decoder's value before the first sample, near a level, one number or one per feature in
        the dtype of the data: the last of :func:`spikecore.decode.staircase` for a later part of a
        signal.  If left out, the level at or below ``x[0]``, which never spikes.
    channels : {"signed", "up_down"}
        Negative numbers for falls, or a last axis of two: rises, falls.
    dtype, out, device, stream
        As in :func:`rate`; bool and uint8 need ``channels="up_down"``.
    sparse : bool
        Give :class:`~spikecore.Events`, in memory that grows with the spikes.

    Returns
    -------
    numpy.ndarray or Events
        Numbers of spikes in the shape of the data, with a last axis of 2 for
        ``channels="up_down"``.  A step gives at most as many as the dtype counts exactly (127 for
        int8, 2**24 for float32); the rest follows in the next steps.

    Raises
    ------
    ValueError, TypeError
        NaN, infinity or a number above a quarter of the largest float in the data, no time axis,
        a spacing that is not positive, or an ``out`` of the wrong form.

    Notes
    -----
    The code of a level-crossing converter: N. Sayiner et al., "A level-crossing sampling scheme for
    A/D conversion", IEEE TCAS II 43 (1996).  There is no hysteresis: noise at a level spikes at
    every step.  :func:`step_forward` with ``multi=True`` is the same code with a hysteresis of one
    level.  :func:`spikecore.decode.staircase`, begun at a level, is below the signal by less than
    ``spacing``, up to the rounding of its sums, while levels are below 2**24 in float32.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.level_crossing([0.5, 1.5, 3.0, 2.5, -0.5], 1)
    array([ 0.,  1.,  2., -1., -3.])
    """
    channels = arguments.choice("channels", channels, CHANNELS)
    call = SignalCall(data, dtype, out, device, stream, channels)
    sparse = checked(sparse, call)
    spacing = arguments.scalar("spacing", spacing, call.values.dtype, low=0, open_low=True)
    terms = max(1.0, 1 / float(spacing))  # so that no number of a level overflows either
    backend = call.start(terms)
    carry = carried(initial)
    first = None if carry.initial is None else call.state("initial", carry.initial)
    if first is not None:
        call.within("initial", first, terms)
    samples, begin, nearest = call.samples, False, level_nearest
    if carry.state is None and samples.size:
        if first is None:
            first, begin, nearest = backend.copy(samples[0]), True, level_below
        carry.state = State(backend.copy(first))
        backend.each(nearest, first, first[:1], spacing, carry.state.level)
    numbers = Numbers(spacing, call.values.dtype.type(call.most))

    def encode(samples, rows, levels, level):
        if begin:
            backend.fill(rows[:1], levels.silent)
            samples, rows = samples[1:], rows[1:]
        if len(rows):
            backend.scan(scan_of(call.paired), samples, State(level), numbers, levels, rows)

    return call.encoded(sparse, encode, carry.state.level if carry.state else None)
