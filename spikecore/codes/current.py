"""Current code: each value is the constant input current of a leaky integrate-and-fire neuron."""

from __future__ import annotations

from typing import Any, NamedTuple

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
    SpikeDtype,
    Stream,
)
from spikecore.chunked import divided, part_of_time
from spikecore.codes.signals import chosen
from spikecore.codes.values import Interval, first_spikes, steps
from spikecore.neurons.lif import LIF

TOGETHER = 1 << 18  # currents repeated at once: 1 MB of float32
LONGEST = 2**24  # a neuron that stays silent counts its steps in a float32


class Axes(NamedTuple):
    """The numbers of the neuron; a gain of None is ``1 - decay``."""

    decay: Any = 0.9
    threshold: Any = 1.0
    gain: Any = None


PROFILES = {"norse": {"decay": 0.9, "threshold": 1.0, "gain": 0.1}}


@divided("features", placed=True, kept=True)
def current(
    data: Data,
    num_steps: Integer,
    *,
    decay: Number | None = None,
    threshold: Number | None = None,
    gain: Number | None = None,
    first_only: bool = False,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Current code: a leaky integrate-and-fire neuron under a constant current.

    ``v <- decay*v + gain*x``, a spike where ``v > threshold``, which sets v to 0.  With the gain
    ``1 - decay`` the membrane tends to x, so that a value up to the threshold never spikes.

    Parameters
    ----------
    data : array_like
        Currents x, ``[...]``.
    num_steps : int
        Time steps, at most 2**24.
    decay : float
        Share of the membrane that is left after a step, in (0, 1); 0.9 if left out.
    threshold : float
        Positive; 1 if left out.
    gain : float
        Factor of the current, positive; ``1 - decay`` if left out.
    first_only : bool
        Keep the first spike of each train only.
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
        NaN or infinity in the data, a number out of its range, or an ``out`` of the wrong form.

    Notes
    -----
    L. Lapicque (1907); Norse's ``constant_current_lif_encode``, and with ``first_only=True`` its
    ``spike_latency_lif_encode``.  Deliberate difference: Norse writes ``v + a*((0 - v) + x)``,
    which rounds in another order; this is ``LIF.profile("norse-box")``, bit for bit.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import decode, spikegen
    >>> spikes = spikegen.current([0.9, 2.0, 4.0], 9, dtype=np.int8)
    >>> spikes.T
    array([[0, 0, 0, 0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 0, 1, 0, 0],
           [0, 0, 1, 0, 0, 1, 0, 0, 1]], dtype=int8)
    >>> decode.current(spikes, interval=True).low.round(2)
    array([0.  , 1.92, 3.69])
    """
    call = arguments.Call("data", data, dtype, out, device, stream)
    num_steps = steps(num_steps, LONGEST)
    neuron = _neuron(decay, threshold, gain, profile, first_only, LONGEST)
    values = call.values
    backend = call.start(num_steps * values.size)
    part = part_of_time()
    count = num_steps if part is None else part.count
    result = call.output((count, *values.shape))
    if result.size:
        work = part.kept if part is not None else None
        work = work or neuron._begin(values.shape, values.dtype, (), backend, call.dtype)
        rows = 1 if backend.resident else max(1, min(count, TOGETHER // values.size))
        repeated = values.reshape((1, *values.shape))
        if rows > 1:
            repeated = np.repeat(repeated, rows, axis=0)
        for begin in range(0, count, rows):
            moment = result[begin : begin + rows]
            work.advance(repeated[: len(moment)], {}, moment)
        if part is not None:
            part.kept = work
    return result


def _neuron(decay, threshold, gain, profile, first_only, silent):
    """The neuron: after its first spike silent for ever, or not."""
    given = {"decay": decay, "threshold": threshold, "gain": gain}
    decay, threshold, gain = chosen(Axes(), {}, PROFILES, profile, given)
    ends = {"open_low": True, "open_high": True}
    decay = arguments.number("decay", decay, 0, 1, **ends)
    threshold = arguments.number("threshold", threshold, 0, open_low=True)
    gain = 1 - decay if gain is None else gain
    gain = arguments.number("gain", gain, 0, open_low=True)
    refractory = silent if arguments.flag("first_only", first_only) else 0
    return LIF(decay, threshold, gain, reset="value", reset_at="same", refractory=refractory)


@divided("time")
def decode(
    spikes: ArrayLike,
    *,
    decay: Number | None = None,
    threshold: Number | None = None,
    gain: Number | None = None,
    profile: str | None = None,
    interval: bool = False,
) -> Array | Interval:
    """Value of a current code, from the step t of the first spike.

    The current lies in ``c/(1 - decay**(t+1)) < x <= c/(1 - decay**t)`` with
    ``c = threshold*(1 - decay)/gain``; there is no upper end at t = 0.  Without a spike x is at
    most ``c/(1 - decay**num_steps)``.  The bounds hold to the rounding of the membrane, which is
    of the order of ``eps/(1 - decay)``.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``; what is not 0 is a spike.  :class:`~spikecore.Events` are not made
        dense.
    decay, threshold, gain, profile
        As they were for :func:`spikecore.spikegen.current`.
    interval : bool
        Give the interval, of which the high end belongs to it; a train without a spike has the low
        end 0, which holds for currents that are not negative.

    Returns
    -------
    numpy.ndarray of float64, or Interval
        The value is the middle of the interval; at t = 0 its low end, and 0 without a spike.

    Raises
    ------
    ValueError, TypeError
        No time axis, or a number out of its range.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.current([0, 0, 1, 0], decay=0.5, interval=True)
    Interval(low=array(1.14285714), high=array(1.33333333))
    """
    interval = arguments.flag("interval", interval)
    neuron = _neuron(decay, threshold, gain, profile, False, 0)
    step, num_steps = first_spikes(spikes)
    some = step < num_steps
    tends_to = neuron.threshold * (1 - neuron.decay) / neuron.gain
    with np.errstate(divide="ignore", over="ignore"):
        low = np.where(some, tends_to / (1 - neuron.decay ** (step + 1.0)), 0.0)
        high = tends_to / (1 - neuron.decay ** np.asarray(step, np.float64))
    if interval:
        return Interval(low, np.asarray(high))
    value = np.where(np.isfinite(high), (low + high) / 2, low)
    return np.asarray(np.where(some, value, 0.0))
