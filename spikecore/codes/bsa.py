"""Ben's spiker and its relatives: spikes whose convolution with a filter is the signal."""

from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.arithmetic import accumulate, like, mul, select
from spikecore.backends.loops import Convolve, Deconvolve, Scan
from spikecore.codes.signals import Levels, SignalCall, chosen, emit_number, positive_per_feature
from spikecore.codes.sums import SumCall
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
LONGEST = 2**20  # taps


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


# --- the signal, shifted and scaled -------------------------------------------------------------


class Scale(NamedTuple):
    """What is subtracted from a sample, and what the difference is divided by."""

    shift: Any
    gain: Any


class Extremes(NamedTuple):
    """The smallest and the largest sample."""

    low: Any
    high: Any


class Nothing(NamedTuple):
    """A loop without state, or without numbers."""

    unused: Any = np.int8(0)


@equation
def scale(state, x, numbers):
    """One sample, shifted and scaled."""
    return state, (x - numbers.shift) / numbers.gain


@equation
def unchanged(x):
    """The state of a loop without state."""
    return Nothing(np.int8(0))


@equation
def widen(state, x, numbers):
    """The extremes with one more sample."""
    low, high = state
    return Extremes(select(x < low, x, low), select(x > high, x, high))


SCALE = Scan(scale, emit_number, recall=unchanged)


def scale_of(call, axes):
    """Shift and gain of one call, each a number or one per feature, flat."""
    samples, dtype = call.samples, call.values.dtype
    named = [name for name in (axes.shift, axes.gain) if isinstance(name, str)]
    low = high = np.zeros(samples.shape[1], dtype)
    if named and samples.size:
        low, high = np.full_like(low, np.inf), np.full_like(high, -np.inf)
        call.backend.fold(widen, samples, Extremes(low, high), Nothing())
    shift, gain = axes.shift, axes.gain
    if isinstance(shift, str):
        arguments.choice("shift", shift, ("min",))
        shift = low
    else:
        shift = call.state("shift", shift)
    if isinstance(gain, str):
        arguments.choice("gain", gain, ("range",))
        return Scale(shift, np.where(high > low, high - low, dtype.type(1)))
    return Scale(shift, call.threshold("gain", gain))


# --- the encoders -------------------------------------------------------------------------------


def bsa(
    data,
    fir,
    threshold,
    *,
    criterion=None,
    shift=None,
    gain=None,
    offsets=None,
    tail=None,
    profile=None,
    dtype=None,
    out=None,
    device=None,
    stream=None,
):
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


def hsa(data, fir, *, shift=None, gain=None, dtype=None, out=None, device=None, stream=None):
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


def modified_hsa(
    data,
    fir,
    threshold,
    *,
    shift=None,
    gain=None,
    dtype=None,
    out=None,
    device=None,
    stream=None,
):
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
    rest = _scaled(call, scales, taps.size)
    end = len(rest)
    if axes.tail == "whole":
        end = max(0, min(end, end + 1 - taps.size - max(axes.offsets[:2])))
    backend.deconvolve(code, rest, taps, axes.offsets, end, numbers, levels, rows)
    return result


def _scaled(call, scales, num_taps):
    """A new array of the shifted and scaled signal, [T, N], which must not be negative."""
    dtype, backend = call.values.dtype, call.backend
    rest = arguments.output(None, call.samples.shape, dtype, backend)
    unit = dtype.type(1)
    with np.errstate(over="ignore"):
        backend.scan(SCALE, call.samples, Nothing(), scales, Levels(unit, unit, unit), rest)
    limit = np.finfo(dtype).max / (8 * num_taps**2)
    meaning = f"from 0 to {limit:.3g} after shift and gain (shift='min' makes it so)"
    arguments.within("data", rest.reshape(call.values.shape), 0, limit, backend, meaning)
    return rest


def taps_of(fir, dtype):
    """The taps of a filter in the dtype of a signal."""
    given = arguments.array("fir", fir)
    if given.ndim != 1 or not 0 < given.size <= LONGEST:
        must = f"have one axis, of 1 to {LONGEST} taps"
        arguments.refuse("fir", must, f"shape {given.shape}", "pass the taps of one filter")
    limit = np.finfo(dtype).max / (8 * given.size**2)
    given = arguments.parameter("fir", given, -limit, limit)
    taps = np.ascontiguousarray(given, dtype)
    taps.flags.writeable = False
    return taps


def _three(name, value):
    """Three whole numbers."""
    remedy = "pass three whole numbers of steps"
    found = arguments.items(name, value, "be three integers", remedy)
    if len(found) != 3:
        arguments.refuse(name, "be three integers", f"{len(found)} of them", remedy)
    return tuple(arguments.integer(name, number, -LONGEST, LONGEST) for number in found)


# --- decoder ------------------------------------------------------------------------------------


@equation
def add_term(total, x, tap):
    """One more term of the convolution."""
    return accumulate(total, like(tap, x), tap)


@equation
def finish(total, numbers):
    """The sum in the units of the signal."""
    return mul(numbers.gain, total) + numbers.shift


CONVOLVE = Convolve(add_term, finish)


def convolve(
    spikes, fir, shift=0, gain=1, delay=0, *, dtype=None, out=None, device=None, stream=None
):
    """Convolution of spikes with a filter: every spike adds the taps to the steps from it on.

    ``y[t] = gain*sum(h[k]*s[t + delay - k]) + shift`` over the taps k, in their order.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``.
    fir : array_like
        The taps h of the encoder, ``[taps]``.
    shift, gain : float or array_like
        Those of the encoder; one number, or one per feature.
    delay : int
        By how many steps the result is moved forward in time, at least 0: ``len(fir)//2`` puts the
        middle of a symmetric filter at its spike.
    dtype : dtype
        float32 or float64: that of the arithmetic.  If left out, that of ``shift`` where it is an
        array or a NumPy scalar, else that of floating spikes, else float64.
    out, device, stream
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        y, of the shape of the spikes.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the spikes or the taps, no time axis, a gain that is not positive, or a
        dtype that is not float32 or float64.

    Notes
    -----
    The bound, for spikes of :func:`~spikecore.spikegen.bsa`, :func:`~spikecore.spikegen.hsa` and
    :func:`~spikecore.spikegen.modified_hsa`: none.  Whatever a filter cannot give, such as a step
    that is steeper or a value below ``shift``, is lost.  Up to rounding, x is y and what the
    encoder had left.

    NumPy, SciPy and MATLAB sum in other orders, so that the last bits may differ.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.convolve([1, 0, 0, 1], [0.5, 0.25], shift=10, gain=4)
    array([12., 11., 10., 12.])
    """
    delay = arguments.integer("delay", delay, 0, LONGEST)
    call = SumCall("spikes", spikes, dtype, shift, out, device, stream)
    taps = taps_of(fir, call.dtype)
    positive = positive_per_feature("gain", gain, call.features, call.dtype)
    numbers = Scale(call.column("shift", shift), positive)
    result = call.result()
    if result.size:
        samples, (rows,) = call.samples, backends.rows(result)
        call.backend.convolve(CONVOLVE, samples, taps, delay, numbers, rows)
    return result
