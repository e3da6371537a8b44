"""Ben's spiker and its relatives: spikes whose convolution with a filter is the signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Data, Device, Out, SpikeDtype, Stream
from spikecore.arithmetic import like, mul, select
from spikecore.backends.loops import Deconvolve
from spikecore.chunked import divided
from spikecore.codes.filters import LONGEST, scale_of, scaled, taps_of
from spikecore.codes.signals import SignalCall, chosen
from spikecore.compiler import equation


class Axes(NamedTuple):
    """How two sums are compared, where they are taken, and what the signal is scaled by."""

    criterion: str = "subtract"
    offsets: Any = (0, 0, 0)
    tail: str = "truncate"
    shift: Any = 0
    gain: Any = 1


OPTIONS = {"criterion": ("subtract", "multiply"), "tail": ("truncate", "whole")}
PROFILES = {
    "kedri": {"offsets": (1, 0, 0), "tail": "whole", "shift": "min"},
    "mavlab": {"criterion": "multiply", "offsets": (0, -1, 1), "tail": "whole", "shift": "min"},
    "mavlab-matlab": {
        "criterion": "multiply", "offsets": (1, 0, 2), "tail": "whole", "shift": "min",
    },
    "spikify": {"criterion": "subtract", "tail": "whole"},
}  # fmt: skip


class Numbers(NamedTuple):
    """The threshold, of the data's dtype, a number or one per feature."""

    threshold: Any


# --- equations ----------------------------------------------------------------------------------


@equation
def distance(u, tap):
    """How far a sample is from its tap."""
    return abs(u - tap)


@equation
def magnitude(u):
    """How far a sample is from 0."""
    return abs(u)


@equation
def shortfall(u, tap):
    """How far a sample is below its tap."""
    return select(tap > u, tap - u, like(u, 0))


@equation
def closer(missed, total, numbers):
    """The filter takes at least the threshold away from the sum."""
    return missed <= total - numbers.threshold


@equation
def closer_by_share(missed, total, numbers):
    """What is left is at most a share of the sum."""
    return missed <= mul(numbers.threshold, total)


@equation
def within(missed, total, numbers):
    """The samples are below the filter by no more than the threshold."""
    return missed <= numbers.threshold


SUBTRACT = Deconvolve(distance, magnitude, closer)
MULTIPLY = Deconvolve(distance, magnitude, closer_by_share)
HOUGH = Deconvolve(shortfall, None, within)


# --- the encoders -------------------------------------------------------------------------------


@divided("time", per_feature=("threshold", "shift", "gain"))
def bsa(
    data: Data,
    fir: ArrayLike,
    threshold: ArrayLike,
    *,
    criterion: Literal["subtract", "multiply"] | None = None,
    shift: ArrayLike | Literal["min"] | None = None,
    gain: ArrayLike | Literal["range"] | None = None,
    offsets: Sequence[int] | None = None,
    tail: Literal["truncate", "whole"] | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Ben's spiker: spike where a filter fits the signal, and take the filter away there.

    ``s[t] = 1`` where ``sum(|u[t+k] - h[k]|) <= sum(|u[t+k]|) - threshold``, of
    ``u = (x - shift)/gain`` and over the taps k of the filter h that still lie in the signal; then
    ``u[t+k]`` becomes ``u[t+k] - h[k]``.  Else ``s[t] = 0``.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``, nowhere below ``shift``: spikes only add up.
    fir : array_like
        The taps h of a finite impulse response, ``[taps]``, rounded to the dtype of the data; such
        as ``scipy.signal.firwin(17, 0.1)``.
    threshold : float or array_like
        At least 0; one number, or one per feature.
    criterion : {"subtract", "multiply"}
        The threshold is subtracted from the second sum, or the sum multiplied by it (by 0.95, for
        example); ``"subtract"`` if left out.
    shift : float, array_like or "min"
        What is subtracted first, one number, or one per feature in the dtype of the data;
        ``"min"``: each feature's smallest sample.  0 if left out.
    gain : float, array_like or "range"
        What the shifted signal is divided by, positive; ``"range"``: each feature's range, and 1
        where that is 0.  1 if left out.
    offsets : tuple of three int
        How many steps after t the first sum, the second sum and the subtraction begin; ``(0, 0,
        0)`` if left out.  Published results are of other offsets than 0.
    tail : {"truncate", "whole"}
        Whether windows that the end of the signal cuts off may spike; ``"truncate"`` if left out.
    profile : str
        The choices of a library, of :func:`profiles`; those given here come first.
    dtype, out, device, stream
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        NaN, infinity or numbers whose sums may overflow in the data or in the taps, a sample below
        the shift, no time axis, a threshold below 0, a name that is not known, or an ``out`` of the
        wrong form.

    Notes
    -----
    B. Schrauwen and J. Van Campenhout, "BSA, a fast and accurate spike train encoding scheme",
    IJCNN 2003.  :func:`spikecore.decode.convolve` decodes, with the same filter, shift and gain
    (``data.min(axis=0)`` for ``"min"``).  There is no bound on its error.  A step looks ahead by
    the length of the filter, so that a signal is encoded in one call.

    Deliberate differences: KEDRI scales taps in the caller; spikify shifts only a signal that is
    negative somewhere and scales the taps to twice its largest sample where that is above 1: pass
    these taps.  MAVLab in Python takes the last sample for the one before step 0; here that one is
    left out.  SpiCoder's window ends at the step, and Vasilache's begins with the second tap.

    Examples
    --------
    >>> from spikecore import decode, spikegen
    >>> fir = [0.25, 0.5, 0.25]
    >>> x = [0.0, 0.25, 0.75, 0.75, 0.25, 0.0]
    >>> spikes = spikegen.bsa(x, fir, 0.5)
    >>> spikes
    array([0., 1., 1., 0., 0., 0.])
    >>> decode.convolve(spikes, fir)
    array([0.  , 0.25, 0.75, 0.75, 0.25, 0.  ])
    """
    given = {
        "criterion": criterion, "shift": shift, "gain": gain, "offsets": offsets, "tail": tail,
    }  # fmt: skip
    axes = chosen(Axes(), OPTIONS, PROFILES, profile, given)
    axes = axes._replace(offsets=_three("offsets", axes.offsets))
    code = MULTIPLY if axes.criterion == "multiply" else SUBTRACT
    call = SignalCall(data, dtype, out, device, stream, None)
    return _encode(call, code, fir, threshold, axes)


@divided("time", per_feature=("shift", "gain"))
def hsa(
    data: Data,
    fir: ArrayLike,
    *,
    shift: ArrayLike | Literal["min"] | None = None,
    gain: ArrayLike | Literal["range"] | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Hough spiker: spike where a filter fits below the signal, and take the filter away there.

    ``s[t] = 1`` where ``u[t+k] >= h[k]`` for all taps k, and then ``u[t+k]`` becomes
    ``u[t+k] - h[k]``; else ``s[t] = 0``.  Windows that the end cuts off do not spike.

    Parameters
    ----------
    data, fir, shift, gain
        As in :func:`bsa`.
    dtype, out, device, stream
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        As :func:`bsa`.

    Notes
    -----
    N. Hough et al., "SPIKER: Analog waveform to digital spiketrain conversion in ATR's artificial
    brain (CAM-Brain) project", AROB 1999.  :func:`spikecore.decode.convolve` decodes.  It has no
    bound, and, with taps of at least 0, is nowhere above the signal but for rounding.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.hsa([0.0, 0.25, 0.75, 0.75, 0.25, 0.0], [0.25, 0.5, 0.25])
    array([0., 1., 1., 0., 0., 0.])
    """
    axes = _hough_axes("whole", shift, gain)
    call = SignalCall(data, dtype, out, device, stream, None)
    return _encode(call, HOUGH, fir, 0, axes)


@divided("time", per_feature=("threshold", "shift", "gain"))
def modified_hsa(
    data: Data,
    fir: ArrayLike,
    threshold: ArrayLike,
    *,
    shift: ArrayLike | Literal["min"] | None = None,
    gain: ArrayLike | Literal["range"] | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Modified Hough spiker: spike where a filter is above the signal by no more than a threshold.

    ``s[t] = 1`` where ``sum(max(h[k] - u[t+k], 0)) <= threshold`` over the taps k that still lie in
    the signal, and then ``u[t+k]`` becomes ``u[t+k] - h[k]``; else ``s[t] = 0``.

    Parameters
    ----------
    data, fir, threshold, shift, gain
        As in :func:`bsa`.
    dtype, out, device, stream
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        As :func:`bsa`.

    Notes
    -----
    B. Schrauwen and J. Van Campenhout, "BSA, a fast and accurate spike train encoding scheme",
    IJCNN 2003.  :func:`spikecore.decode.convolve` decodes, without a bound.  With a threshold of 0
    this is :func:`hsa`, but for the windows at the end.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> x = [0.0, 0.25, 0.5, 0.25, 0.25, 0.375, 0.25]
    >>> spikegen.hsa(x, [0.25, 0.5, 0.25])
    array([0., 1., 0., 0., 0., 0., 0.])
    >>> spikegen.modified_hsa(x, [0.25, 0.5, 0.25], 0.125)
    array([0., 1., 0., 0., 1., 0., 0.])
    """
    axes = _hough_axes("truncate", shift, gain)
    call = SignalCall(data, dtype, out, device, stream, None)
    return _encode(call, HOUGH, fir, threshold, axes)


def _hough_axes(tail, shift, gain):
    """The axes of a Hough spiker."""
    return Axes(tail=tail, shift=0 if shift is None else shift, gain=1 if gain is None else gain)


def _encode(call, code, fir, threshold, axes):
    """Take the filter away wherever it fits."""
    taps = taps_of(fir, call.values.dtype)
    numbers = Numbers(call.threshold("threshold", threshold, open_low=False))
    backend = call.start(terms=2 * taps.size**2)
    scales = scale_of(call, axes)
    result, rows, levels = call.spikes()
    if not result.size:
        return result
    rest = scaled(call, scales, taps.size)
    end = len(rest)
    if axes.tail == "whole":
        end = max(0, min(end, end + 1 - taps.size - max(axes.offsets[:2])))
    backend.deconvolve(code, rest, taps, axes.offsets, end, numbers, levels, rows)
    return result


def _three(name, value):
    """Three whole numbers."""
    remedy = "pass three whole numbers of steps"
    found = arguments.items(name, value, "be three integers", remedy)
    if len(found) != 3:
        arguments.refuse(name, "be three integers", f"{len(found)} of them", remedy)
    return tuple(arguments.integer(name, number, -LONGEST, LONGEST) for number in found)
