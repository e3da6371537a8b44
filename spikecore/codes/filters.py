"""What the codes of filters share: taps, shift and gain, and the convolution that decodes them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Data, Device, Integer, Out, SpikeDtype, Stream
from spikecore.arithmetic import accumulate, like, mul, select
from spikecore.backends.loops import Convolve, Scan
from spikecore.chunked import divided
from spikecore.codes.signals import Levels, emit_number, positive_per_feature
from spikecore.codes.sums import SumCall
from spikecore.compiler import equation

LONGEST = 2**20  # taps


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


def scaled(call, scales, num_taps):
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


@divided("time", per_feature=("shift", "gain"))
def convolve(
    spikes: Data,
    fir: ArrayLike,
    shift: ArrayLike = 0,
    gain: ArrayLike = 1,
    delay: Integer = 0,
    *,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
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
    The bound: none for a single sample; what a filter cannot give, such as a steeper step, is lost,
    and no sample may be below ``shift``.  Of all steps together, where ``u = (x - shift)/gain`` and
    up to rounding: for :func:`~spikecore.spikegen.bsa` with ``criterion="subtract"`` and without
    offsets, ``sum(|x - y|)/gain <= sum(u) - threshold*count``, because every spike takes the
    threshold away from the sum.  For :func:`~spikecore.spikegen.hsa` with taps of at least 0,
    ``y <= x``.

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
