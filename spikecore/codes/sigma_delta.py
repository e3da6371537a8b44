"""Sigma-Delta coding: graded changes of which nothing is lost, and the sum that decodes them."""

from __future__ import annotations

from functools import cache
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
    PerNeuron,
    Stream,
)
from spikecore.arithmetic import floor, like, mul, select
from spikecore.backends.loops import Scan
from spikecore.chunked import carried, divided
from spikecore.codes.signals import COMPARE, SignalCall, chosen, emit_number
from spikecore.codes.sparse import gives_events
from spikecore.codes.staircase import Value
from spikecore.codes.sums import SumCall
from spikecore.compiler import equation


class Axes(NamedTuple):
    """What is fed back, and when a change is sent."""

    compare: str = ">="
    feedback: str = "decoder"
    cum_error: bool = False


OPTIONS = {"compare": COMPARE, "feedback": ("decoder", "residual")}
PROFILES = {
    "lava": {"compare": ">=", "feedback": "residual"},
    "lava-dl": {"compare": ">=", "feedback": "residual"},
}


class State(NamedTuple):
    """The value that a sample is compared with, and what is owed; parts not in use are numbers."""

    reference: Any
    residual: Any
    error: Any


class Numbers(NamedTuple):
    """The threshold, and what values are rounded and clipped to, all of the data's dtype."""

    threshold: Any
    step: Any
    low: Any
    high: Any


@cache
def scan_of(axes, rounded, clipped):
    """The equations for one combination of axes."""
    meets, residual, cumulative = axes.compare == ">=", axes.feedback == "residual", axes.cum_error

    @equation
    def beyond(value, threshold):
        """Whether a value is a threshold away from 0."""
        if meets:
            return (value >= threshold) | (value <= -threshold)
        return (value > threshold) | (value < -threshold)

    @equation
    def step(state, x, numbers):
        """One sample: the state after it, and the value that is sent (0 for none)."""
        change = x - state.reference
        if residual:
            change = change + state.residual
        error = state.error
        if cumulative:
            error = error + change
            sent = beyond(error, numbers.threshold)
            error = select(sent, like(x, 0), error)
        else:
            sent = beyond(change, numbers.threshold)
        graded = select(sent, change, like(x, 0))
        if clipped:
            graded = select(graded < numbers.low, numbers.low, graded)
            graded = select(graded > numbers.high, numbers.high, graded)
        written = graded
        if rounded:
            written = mul(floor(graded / numbers.step), numbers.step)
        if residual:
            return State(x, change - graded, error), written
        return State(state.reference + written, state.residual, error), written

    return Scan(step, emit_number)


@gives_events
@divided("time", per_feature=("threshold", "initial"), carries=True)
def sigma_delta(
    data: Data,
    threshold: PerNeuron,
    *,
    initial: ArrayLike | None = 0,
    compare: Literal[">", ">="] | None = None,
    feedback: Literal["residual", "decoder"] | None = None,
    cum_error: bool | None = None,
    step: Number | None = None,
    num_bits: Integer | None = None,
    profile: str | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Sigma-Delta coding: send how far a signal is from what the receiver has, once it is enough.

    ``d = x[t] - y``; where ``|d| >= threshold``, the output is ``d`` and ``y`` becomes ``y + d``;
    else the output is 0 and ``y`` stays.  ``y`` begins as ``initial``.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``.
    threshold : float or array_like
        Positive, in the units of the data; one number, or one per feature.
    initial : float or array_like or None
        What the receiver has before the first step, one number or one per feature in the dtype of
        the data: the last value of :func:`spikecore.decode.accumulate` for a later part of a
        signal.  None takes the first sample, which is then not sent.
    compare : {">=", ">"}
        Whether a change of a threshold is sent; ``">="`` if left out.
    feedback : {"decoder", "residual"}
        What ``d`` is: ``x[t] - y`` of the receiver's value, or ``(x[t] - x[t-1]) + r`` with the
        residual ``r``, which is 0 after a spike and d otherwise.  They are the same but for
        rounding, which the first makes up for and the second does not; ``"decoder"`` if left out.
    cum_error : bool
        Send when the sum of all d since the last spike meets the threshold.  As d has the residual
        in it already, what is owed counts again at each step.
    step : float
        Round values down to multiples of it.  The receiver's value includes the rounding, so that
        ``feedback="decoder"`` makes up for it; a residual does not.
    num_bits : int
        Clip values to what an integer of so many bits times ``step`` can hold, two's complement;
        the rest follows in the next steps.  Needs ``step``.
    profile : str
        The choices of a library, of :func:`profiles`; those given here come first.
    out, device, stream
        As in :func:`rate`.
    sparse : bool
        Give :class:`~spikecore.Events`, in memory that grows with the values that are sent.

    Returns
    -------
    numpy.ndarray or Events
        Values of the shape and dtype of the data (float64 for wide integers): a sum in any other
        dtype is not the receiver's.

    Raises
    ------
    ValueError, TypeError
        NaN, infinity or a number above a quarter of the largest float in the data, no time axis,
        a threshold or step that is not positive, ``num_bits`` without ``step``, a name that is not
        known, or an ``out`` of the wrong form.

    Notes
    -----
    After ``Delta`` of Lava 0.10.0 (Intel), with ``profile="lava"``: P. O'Connor and M. Welling,
    "Sigma Delta quantized networks", ICLR 2017.  :func:`spikecore.decode.accumulate` decodes; with
    ``feedback="decoder"`` its value after a step is y, bit for bit.

    Deliberate differences: Lava feeds back the residual, so that roundings add up, and its text
    says "exceeds" where its code has ``>=``.  lava-dl rounds after the residual is taken, so that
    its receiver drifts; that is ``feedback="residual"`` with ``step=1/64``.

    Examples
    --------
    >>> from spikecore import decode, spikegen
    >>> values = spikegen.sigma_delta([0.0, 0.25, 0.75, 0.875, -0.5], 0.5)
    >>> values
    array([ 0.  ,  0.  ,  0.75,  0.  , -1.25])
    >>> decode.accumulate(values)
    array([ 0.  ,  0.  ,  0.75,  0.75, -0.5 ])
    """
    given = {"compare": compare, "feedback": feedback, "cum_error": cum_error}
    axes = chosen(Axes(), OPTIONS, PROFILES, profile, given)
    call = SignalCall(data, None, out, device, stream, graded=True)
    dtype = call.values.dtype
    threshold = call.threshold("threshold", threshold)
    numbers = Numbers(threshold, *_grid(step, num_bits, dtype))
    tiles = call.tiles(sparse)
    backend = call.start()
    carry = carried(initial)
    held = None if carry.initial is None else call.state("initial", carry.initial)
    result, rows, levels = call.spikes(tiles)
    if not result.size:
        return tiles.events() if tiles else result
    samples = call.samples
    if held is None:
        held = backend.copy(samples[0])
    zero, size = dtype.type(0), samples.shape[1]
    owed = backend.copy(np.zeros(size, dtype)) if axes.feedback == "residual" else zero
    error = backend.copy(np.zeros(size, dtype)) if axes.cum_error else zero
    code = scan_of(axes, step is not None, num_bits is not None)
    state = carry.state = carry.state or State(held, owed, error)
    for start, count in tiles or [(0, len(samples))]:
        moment = samples[start : start + count]
        backend.scan(code, moment, state, numbers, levels, rows[:count])
    return tiles.events() if tiles else result


def _grid(step, num_bits, dtype):
    """The step of the values, and the ends of their range."""
    zero = dtype.type(0)
    if step is None:
        if num_bits is not None:
            remedy = "give step=1 for whole numbers"
            arguments.refuse("num_bits", "come with step", arguments.shown(num_bits), remedy)
        return zero, zero, zero
    step = arguments.scalar("step", step, dtype, low=0, open_low=True)
    if num_bits is None:
        return step, zero, zero
    bits = arguments.integer("num_bits", num_bits, 2, 24)
    low, high = -(2 ** (bits - 1)) * float(step), (2 ** (bits - 1) - 1) * float(step)
    return step, arguments.scalar("step", low, dtype), arguments.scalar("step", high, dtype)


# --- decoder ------------------------------------------------------------------------------------


class Nothing(NamedTuple):
    """A sum needs no numbers."""

    unused: Any = np.int8(0)


@equation
def add(state, x, numbers):
    """One step of the sum."""
    value = state.value + like(state.value, x)
    return Value(value), value


SUM = Scan(add, emit_number)


@divided("time", per_feature=("initial",), carries=True)
def accumulate(values, initial=0, *, dtype=None, out=None, device=None, stream=None):
    """Sum of graded spikes: ``y[t] = y[t-1] + values[t]``, from ``y[-1] = initial`` on.

    One rounded addition a step, in the order of the steps.

    Parameters
    ----------
    values : array_like
        ``[num_steps, ...]``.
    initial : float or array_like
        The value before the first step; one number, or one per feature.
    dtype : dtype
        float32 or float64: that of the sums.  If left out, that of ``initial`` where it is an array
        or a NumPy scalar, else that of floating values, else float64.
    out, device, stream
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        y, of the shape of the values.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the values, no time axis, or a dtype that is not float32 or float64.

    Notes
    -----
    The bound, for values of :func:`~spikecore.spikegen.sigma_delta` of a signal x: ``|x - y|`` is
    below the threshold for ever, whatever the slope, with ``feedback="decoder"`` (and ``step`` at
    most the threshold, without ``num_bits``), up to the rounding of one sum.  After a spike it is 0
    up to that rounding, or below ``step``.  With ``feedback="residual"`` the roundings of all steps
    add up.  y[t] is what the encoder compares the next sample with, bit for bit, so the last value
    is the ``initial`` of the next part of a signal.

    ``Sigma`` of Lava 0.10.0 is this with ``initial=0``.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import decode, spikegen
    >>> x = np.float32([0.0, 0.3, 0.9, 1.0, 0.2])
    >>> first = spikegen.sigma_delta(x[:3], 0.5)
    >>> y = decode.accumulate(first)
    >>> later = spikegen.sigma_delta(x[3:], 0.5, initial=y[-1])
    >>> np.array_equal(np.concatenate([first, later]), spikegen.sigma_delta(x, 0.5))
    True
    """
    call = SumCall("values", values, dtype, initial, out, device, stream)
    return call.decode(SUM, Value, initial, Nothing())
