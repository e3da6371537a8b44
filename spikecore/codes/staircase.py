"""The staircase, which decodes step-forward coding, and the hold, which repeats samples."""

from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.arithmetic import like, mul, select
from spikecore.backends.loops import Scan
from spikecore.chunked import divided
from spikecore.codes.signals import CHANNELS, emit_number, positive_per_feature
from spikecore.codes.sums import SumCall
from spikecore.compiler import equation


@equation
def stair(baseline, count, threshold, threshold_down):
    """The baseline after so many levels up, or down: one rounded addition."""
    zero = like(count, 0)
    change = select(
        count < zero, mul(count, threshold_down), select(count > zero, mul(count, threshold), zero)
    )
    return baseline + change


class Value(NamedTuple):
    """The decoder's value."""

    value: Any


class Steps(NamedTuple):
    """The height of a step up, and of one down."""

    threshold: Any
    threshold_down: Any


@equation
def climb(state, count, numbers):
    """One step of the staircase."""
    count = like(state.value, count)
    value = stair(state.value, count, numbers.threshold, numbers.threshold_down)
    return Value(value), value


STAIRCASE = Scan(climb, emit_number)


@divided("time", per_feature=("threshold", "initial", "threshold_down"), carries=True)
def staircase(
    spikes,
    threshold,
    initial=0,
    *,
    threshold_down=None,
    count_first=True,
    channels="signed",
    dtype=None,
    out=None,
    device=None,
    stream=None,
):
    """Staircase: every spike is a step of the height of the threshold.

    ``y[t] = y[t-1] + threshold*s[t]``, or ``threshold_down*s[t]`` where ``s[t]`` is negative; one
    rounded addition a step, from ``y[-1] = initial`` on.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``; a spike may count several.
    threshold : float or array_like
        Positive; one number, or one per feature.
    initial : float or array_like
        What the signal was before the first step; one number, or one per feature.
    threshold_down : float or array_like
        The height of a step down; ``threshold`` if left out.
    count_first : bool
        Whether the spikes of step 0 count.  The toolboxes' decoders of threshold-based codes begin
        at the first sample and do not count them.
    channels : {"signed", "up_down"}
        ``"up_down"``: the last axis holds rises and falls.
    dtype : dtype
        float32 or float64: that of the arithmetic.  If left out, that of ``initial`` where it is an
        array or a NumPy scalar, else that of floating spikes, else float64.  Bits are those of the
        encoder in the dtype of its data.
    out, device, stream
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        y, of the shape of the spikes without their channels.

    Raises
    ------
    ValueError, TypeError
        A threshold that is not positive, NaN or infinity in the spikes, no time axis, a dtype that
        is not float32 or float64, or channels on a GPU.

    Notes
    -----
    The bound, for spikes of a signal x and ``initial=x[0]``, with thresholds up and down alike:

    - :func:`~spikecore.spikegen.step_forward`: ``|x - y| <= threshold`` while
      ``|x[t] - x[t-1]| <= threshold``, up to the rounding of one sum.  Where the signal is
      steeper the error grows, without bound; it shrinks when the slope is small again.
    - ``step_forward(multi=True)``: ``|x - y| < threshold`` for ever, whatever the slope, up to the
      rounding of a sum.
    - :func:`~spikecore.spikegen.level_crossing` with ``initial`` on a level:
      ``0 <= x - y < threshold``, up to the rounding of the sums.
    - :func:`~spikecore.spikegen.temporal_contrast`, :func:`~spikecore.spikegen.moving_window` and
      the signs of :func:`~spikecore.spikegen.send_on_delta`: none.

    y[t] is the baseline of :func:`~spikecore.spikegen.step_forward` after step t, bit for bit, so
    the last value is the ``initial`` of the next part of a signal.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import decode, spikegen
    >>> x = np.float32([0.0, 0.3, 0.9, 1.0, 0.2])
    >>> whole = spikegen.step_forward(x, 0.25, multi=True)
    >>> first = spikegen.step_forward(x[:3], 0.25, multi=True)
    >>> y = decode.staircase(first, 0.25, initial=x[0])
    >>> y
    array([0.  , 0.25, 0.75], dtype=float32)
    >>> later = spikegen.step_forward(x[3:], 0.25, multi=True, initial=y[-1])
    >>> np.array_equal(np.concatenate([first, later]), whole)
    True
    """
    channels = arguments.choice("channels", channels, CHANNELS)
    count_first = arguments.flag("count_first", count_first)
    call = SumCall("spikes", _signed(spikes, channels), dtype, initial, out, device, stream)
    up = positive_per_feature("threshold", threshold, call.features, call.dtype)
    down = up
    if threshold_down is not None:
        down = positive_per_feature("threshold_down", threshold_down, call.features, call.dtype)
    return call.decode(STAIRCASE, Value, initial, Steps(up, down), count_first)


def _signed(spikes, channels):
    """Spikes as signed counts."""
    if channels == "signed":
        return spikes
    given = arguments.array("spikes", spikes)
    if given.ndim < 2 or given.shape[-1] != 2:
        must, remedy = "have a last axis of 2 for channels='up_down'", "pass [num_steps, ..., 2]"
        arguments.refuse("spikes", must, f"shape {given.shape}", remedy)
    dtype = given.dtype if given.dtype.kind == "f" else np.int64
    return given[..., 0].astype(dtype) - given[..., 1].astype(dtype)


def hold(data, spikes, initial=None):
    """Hold: the sample of the last spike, for a receiver that is sent the samples themselves.

    ``y[t] = data[t]`` where ``spikes[t]`` is not 0, else ``y[t-1]``, from ``y[-1] = initial`` on.

    Parameters
    ----------
    data : array_like
        The signal, ``[num_steps, ...]``.
    spikes : array_like
        Its spikes, of the same shape.
    initial : float or array_like
        The sample that was sent before the first step, one number or one per feature; ``data[0]``
        if left out.

    Returns
    -------
    numpy.ndarray
        y, float32 or float64 as the data, in a new array.

    Raises
    ------
    ValueError, TypeError
        No time axis, spikes of another shape, or an array on a GPU.

    Notes
    -----
    The bound: ``|data - y| < threshold`` for ever for the spikes of
    :func:`~spikecore.spikegen.send_on_delta` with ``compare=">="`` (``<=`` with ``">"``), up to the
    rounding of one sum.  The last value is the ``initial`` of the next part of a signal, bit for
    bit.

    Examples
    --------
    >>> from spikecore import decode, spikegen
    >>> x = [0.0, 2.5, 3.0, 3.5, 1.0]
    >>> decode.hold(x, spikegen.send_on_delta(x, 1))
    array([0. , 2.5, 2.5, 3.5, 1. ])
    """
    values = arguments.real("data", data)
    if values.ndim == 0:
        arguments.refuse(
            "data", "have a time axis", f"the scalar {values}", "pass [num_steps, ...]"
        )
    fired = arguments.array("spikes", spikes)
    if fired.shape != values.shape:
        must = f"have the shape of the data, {values.shape}"
        arguments.refuse("spikes", must, fired.shape, "pass the spikes of these data")
    if not values.size:
        return np.empty_like(values)
    first = values[0] if initial is None else _held(initial, values)
    steps = np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1))
    last = np.maximum.accumulate(np.where(fired != 0, steps, -1), axis=0)
    return np.where(last < 0, first, np.take_along_axis(values, np.maximum(last, 0), axis=0))


def _held(initial, values):
    """The sample before the first, in the dtype of the data."""
    given = arguments.array("initial", initial)
    try:
        spread = np.broadcast_to(given, values.shape[1:])
    except ValueError:
        must = f"be a number or have the features' shape {values.shape[1:]}"
        arguments.refuse("initial", must, given.shape, "pass one value per feature")
    with np.errstate(over="ignore"):
        result = spread.astype(values.dtype)
    if (np.isinf(result) & np.isfinite(spread)).any():
        must, remedy = f"fit into the data's {values.dtype}", "convert the data to float64"
        arguments.refuse("initial", must, "a larger number", remedy)
    return result
