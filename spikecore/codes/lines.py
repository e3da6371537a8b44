"""Lines that climb to each spike: targets for a membrane before it fires."""

from __future__ import annotations

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Integer, Number, SpikeDtype
from spikecore.arithmetic import like, mul, rint, select
from spikecore.backends.loops import Place
from spikecore.chunked import divided, wanted_steps
from spikecore.codes.one_hot import whole
from spikecore.codes.values import place_from
from spikecore.compiler import equation

NOWHERE = np.int32(-1)  # the step of a spike that does not happen


@equation
def line(step, previous, following, on, off):
    """Line from ``off`` on the step after one spike to ``on`` at the next (-1: there is none)."""
    length = following - previous - like(following, 1)
    length = select(length > like(length, 1), length, like(length, 1))
    height = off + mul(on - off, like(on, step - previous - like(step, 1)) / like(on, length))
    climbing = (following >= like(following, 0)) & (step <= following)
    return select(climbing, select(step == following, on, height), off)


@equation
def nearest_step(time, last):
    """The step nearest to a spike time, halves to even; ``NOWHERE`` past the last step."""
    nearest = rint(time)
    return np.int32(select(nearest > last, like(time, NOWHERE), nearest))


@equation
def given_step(time, shared, last):
    """The step of a spike time that the caller gives."""
    return nearest_step(time, last)


@equation
def emit_line(step, place, numbers, on, off):
    """The line that climbs to the spike from step 0."""
    return line(step, NOWHERE, place, on, off)


GIVEN_LINE = Place(given_step, emit_line)


@divided("features")
def rate_interpolate(
    spike_time: ArrayLike,
    num_steps: Integer,
    on_target: Number = 1,
    off_target: Number = 0,
    epsilon: Number = 1e-7,
    *,
    dtype: SpikeDtype | None = None,
    out: Array | None = None,
) -> Array:
    """Line that climbs to each spike from the step after the one before.

    Between spikes p < q the value at step s is
    ``off_target + (on_target - off_target)*(s - p - 1)/(q - p - 1)``, with p = -1 before the first
    spike; it is exactly ``on_target`` at a spike and ``off_target`` after the last.

    Parameters
    ----------
    spike_time : array_like of int
        Steps of the spikes, in any order.
    num_steps : int
    on_target, off_target : float
        Value at a spike, and on the step after one.
    epsilon : float
        Has no effect; in snnTorch it corrects rounding, which is not needed here.
    dtype : dtype, optional
        float32 (default) or float64.
    out : numpy.ndarray, optional
        Array to fill and return.

    Returns
    -------
    numpy.ndarray
        ``[num_steps]``.

    Raises
    ------
    ValueError, TypeError
        A spike time that is not a step.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.rate_interpolate([0, 4], num_steps=5).round(4)
    array([1.    , 0.    , 0.3333, 0.6667, 1.    ], dtype=float32)
    """
    num_steps = arguments.integer("num_steps", num_steps, 1, arguments.MAX_STEPS)
    times = whole("spike_time", spike_time, num_steps, "num_steps").reshape(-1)
    dtype = arguments.spike_dtype(dtype, out, np.dtype(np.float32))
    on, off = arguments.levels(on_target, off_target, dtype, True)
    result = arguments.output(out, (num_steps,), dtype)
    result[:] = 0
    result[times] = 1
    backends.on_host().climb(line, on, off, result.view(np.ndarray).reshape(num_steps, 1))
    return result


@divided("features", placed=True)
def latency_interpolate(
    spike_time: ArrayLike,
    num_steps: Integer,
    on_target: Number = 1,
    off_target: Number = 0,
    *,
    dtype: SpikeDtype | None = None,
    out: Array | None = None,
) -> Array:
    """Line that climbs from ``off_target`` at step 0 to ``on_target`` at each neuron's spike.

    Parameters
    ----------
    spike_time : array_like
        Spike time of each neuron in steps, ``[...]``; rounded, halves to even.  A neuron whose
        spike falls past the last step stays at ``off_target``.
    num_steps : int
    on_target, off_target : float
    dtype : dtype, optional
        float32 (default; float64 for float64 times) or float64.
    out : numpy.ndarray, optional
        Array to fill and return.

    Returns
    -------
    numpy.ndarray
        ``[num_steps, ...]``.

    Raises
    ------
    ValueError, TypeError
        NaN, infinite or negative spike times.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> spikegen.latency_interpolate(np.float32([0, 4]), num_steps=5)
    array([[1.  , 0.  ],
           [0.  , 0.25],
           [0.  , 0.5 ],
           [0.  , 0.75],
           [0.  , 1.  ]], dtype=float32)
    """
    num_steps = arguments.integer("num_steps", num_steps, 1, arguments.MAX_STEPS)
    given = arguments.array("spike_time", spike_time)
    times = arguments.real("spike_time", given)
    dtype = arguments.spike_dtype(dtype, out, given.dtype)
    on, off = arguments.levels(on_target, off_target, dtype, True)
    backend = backends.on_host()
    limit = np.finfo(times.dtype).max
    arguments.within("spike_time", times, 0, limit, backend, "finite and at least 0")
    start, count = wanted_steps(num_steps)
    result = arguments.output(out, (count, *times.shape), dtype, spike_time=given)
    if result.size:
        last, shared = times.dtype.type(num_steps - 1), np.ones(1, times.dtype)
        trains, on, off = backends.rows(result, on, off)
        flat = times.reshape(-1)
        place_from(start, backend, GIVEN_LINE, flat, shared, last, on, off, trains)
    return result
