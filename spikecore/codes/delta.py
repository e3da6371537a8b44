"""Delta modulation: spikes where a signal changes from one step to the next."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, Data, Device, Number, Out, SpikeDtype, Stream
from spikecore.arithmetic import select
from spikecore.backends.loops import Scan
from spikecore.chunked import divided
from spikecore.codes.sparse import Tiles, checked, gives_events
from spikecore.compiler import equation

NONE, UP, DOWN = np.int8(0), np.int8(1), np.int8(-1)


class State(NamedTuple):
    """The state: the sample of the step before."""

    previous: Any


class Numbers(NamedTuple):
    """The numbers of delta modulation; the threshold has the data's dtype."""

    threshold: Any
    off_spike: bool


class Levels(NamedTuple):
    """Output values of a rise, a fall and neither."""

    on: Any
    off: Any
    silent: Any


@equation
def step(state, x, numbers):
    """1 where x[t] - x[t-1] >= threshold, -1 where it is <= -threshold, 0 elsewhere."""
    change = x - state.previous
    count = NONE
    if numbers.off_spike:
        count = select(change <= -numbers.threshold, DOWN, NONE)
    return State(x), select(change >= numbers.threshold, UP, count)


@equation
def emit(count, levels):
    """The value of a rise, a fall or neither."""
    return select(count > NONE, levels.on, select(count < NONE, levels.off, levels.silent))


@equation
def recall(x):
    """The state after a sample."""
    return State(x)


DELTA = Scan(step, emit, recall)


@gives_events
@divided("time", behind=lambda options: 1)
def delta(
    data: Data,
    threshold: Number = 0.1,
    padding: bool = False,
    off_spike: bool = False,
    *,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Delta modulation: spike where the change since the step before meets the threshold.

    ``d[t] = data[t] - data[t-1]``; 1 where ``d >= threshold``; with ``off_spike``, -1 where
    ``d <= -threshold``; 0 elsewhere.  The difference is rounded to the dtype of the data.

    Parameters
    ----------
    data : array_like
        ``[num_steps, ...]``; integers are compared exactly.
    threshold : float
        Positive, in the units of the data.
    padding : bool
        Compare the first sample with itself, so that it never spikes, and not with 0.
    off_spike : bool
        Write -1 where the signal falls.
    dtype, out, device, stream
        As in :func:`rate`; bool and uint8 cannot hold off-spikes.
    sparse : bool
        Give :class:`~spikecore.Events`, in memory that grows with the spikes.

    Returns
    -------
    numpy.ndarray or Events
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the data, no time axis, a threshold that is not positive, a dtype that
        cannot hold -1, or an ``out`` of the wrong form.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.delta``: its documentation says "greater than", its code
    compares with ``>=``, as here.  To encode a part of a longer signal, pass the sample before it
    too and drop the first step.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.delta([1, 2, 0, 2, 2.9], threshold=1, off_spike=True)
    array([ 1.,  1., -1.,  1.,  0.])
    """
    call = arguments.Call("data", data, dtype, out, device, stream)
    values = call.values
    if values.ndim == 0:
        got, remedy = f"the scalar {values}", "pass [num_steps, ...]"
        arguments.refuse("data", "have a time axis", got, remedy)
    threshold = arguments.scalar("threshold", threshold, values.dtype, low=0, open_low=True)
    padding = arguments.flag("padding", padding)
    off_spike = arguments.flag("off_spike", off_spike)
    if off_spike and call.dtype.kind in "bu":
        raise ValueError(
            f"dtype is {call.dtype}, which cannot hold the -1 of off_spike=True; use "
            "dtype=numpy.int8"
        )
    sparse = checked(sparse, call)
    backend = call.start(values.size)
    tiles = Tiles(values.shape, call.dtype) if sparse else None
    result = tiles.rows if tiles else call.output(values.shape)
    silent, on = call.dtype.type(0), call.dtype.type(1)
    trains, *levels = backends.rows(result, on, -on if off_spike else silent, silent)
    samples = values.reshape(len(values), trains.shape[1])
    zeros = np.zeros(trains.shape[1], values.dtype)
    numbers = Numbers(threshold, off_spike)
    for start, count in tiles if tiles else [(0, len(values))] * bool(result.size):
        first = samples[0] if padding else zeros
        before = backend.copy(samples[start - 1] if start else first)  # new: it is overwritten
        moment = samples[start : start + count]
        backend.scan(DELTA, moment, State(before), numbers, Levels(*levels), trains[:count])
    return tiles.events() if tiles else result
