"""Moving-window coding: spikes where a signal leaves the band around its recent mean."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

from spikecore import arguments
from spikecore.annotations import Array, Data, Device, Integer, Out, PerNeuron, SpikeDtype, Stream
from spikecore.arithmetic import select
from spikecore.backends.loops import Slide
from spikecore.chunked import divided
from spikecore.codes.signals import (
    CHANNELS,
    COMPARE,
    DOWN,
    NONE,
    UP,
    SignalCall,
    chosen,
    written,
)
from spikecore.codes.sparse import checked, gives_events
from spikecore.compiler import equation


class Axes(NamedTuple):
    """How a sample is compared, and what the first samples are compared with."""

    compare: str = ">"
    first: str = "growing"
    channels: str = "signed"


OPTIONS = {"compare": COMPARE, "first": ("growing", "window"), "channels": CHANNELS}
PROFILES = {
    "kedri": {"compare": ">", "first": "window"},
    "mavlab-matlab": {"compare": ">", "first": "window"},
    "spikify": {"compare": ">", "first": "window"},
}
LONGER = {"kedri": 1, "mavlab-matlab": 1}  # samples that a library averages beyond its window


class Numbers(NamedTuple):
    """The threshold, of the data's dtype, a number or one per feature."""

    threshold: Any


@cache
def slide_of(axes):
    """The equations for one combination of axes."""
    meets = axes.compare == ">="

    @equation
    def step(mean, x, numbers):
        """1 above the band around the mean, -1 below, 0 within."""
        high, low = mean + numbers.threshold, mean - numbers.threshold
        rises, falls = (x >= high, x <= low) if meets else (x > high, x < low)
        return select(rises, UP, select(falls, DOWN, NONE))

    return Slide(step, *written(axes.channels == "up_down"))


def _behind(options):
    """The samples that a later part needs; None for a window that looks ahead."""
    profile = options.get("profile")
    first = chosen(Axes(), OPTIONS, PROFILES, profile, {"first": options.get("first")}).first
    return None if first == "window" else arguments.integer("window", options["window"], 1, 2**31)


@gives_events
@divided("time", per_feature=("threshold",), behind=_behind)
def moving_window(
    data: Data,
    threshold: PerNeuron,
    window: Integer,
    *,
    compare: Literal[">", ">="] | None = None,
    first: Literal["growing", "window"] | None = None,
    channels: Literal["signed", "up_down"] | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Moving-window coding: spike where a signal leaves the band around the mean before it.

    ``b[t]`` is the mean of ``x[t-window] ... x[t-1]``, summed oldest first and divided once;
    ``s[t] = 1`` where ``x[t] > b[t] + threshold``, -1 where ``x[t] < b[t] - threshold``, else 0.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``.
    threshold : float or array_like
        Positive, in the units of the data; one number, or one per feature.
    window : int
        The number of samples that are averaged, at least 1.
    compare : {">", ">="}
        Whether a sample at the edge of the band spikes; ``">"`` if left out.
    first : {"growing", "window"}
        What the first ``window`` samples are compared with: the mean of the samples so far, with
        ``b[0] = x[0]``; or the mean of ``x[0] ... x[window-1]``, which looks ahead.
        ``"growing"`` if left out.
    channels : {"signed", "up_down"}
        -1 for a fall, or a last axis of two: rises, falls; ``"signed"`` if left out.
    profile : str
        The choices of a library, of :func:`profiles`; those given here come first.  KEDRI and
        MAVLab in MATLAB average one sample more than their window says, and so do their profiles.
    dtype, out, device, stream
        As in :func:`rate`; bool and uint8 need ``channels="up_down"``.
    sparse : bool
        Give :class:`~spikecore.Events`, in memory that grows with the spikes.

    Returns
    -------
    numpy.ndarray or Events
        Spikes of the shape of the data, with a last axis of 2 for ``channels="up_down"``.

    Raises
    ------
    ValueError, TypeError
        NaN, infinity or numbers whose sum may overflow in the data, no time axis, a threshold that
        is not positive, a window below 1, a name that is not known, or an ``out`` of the wrong
        form.

    Notes
    -----
    B. Petro et al., "Selection and optimization of temporal spike encoding methods for spiking
    neural networks", IEEE TNNLS 31 (2020), whose code has ``first="window"``.  Here the default is
    causal: a longer signal keeps the beginning.  A later part of a signal is encoded by passing
    the ``window`` samples before it as well and dropping their steps.
    :func:`spikecore.decode.staircase` decodes without a bound.

    Deliberate differences: a signal shorter than its window, for which toolboxes raise an
    IndexError, is compared with its own mean where ``first="window"``; SpiCoder's sums run in other
    orders, which shows at exact ties.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.moving_window([0.0, 0.0, 1.0, 1.0, 1.0, -1.0], 0.5, window=2)
    array([ 0.,  0.,  1.,  0.,  0., -1.])
    """
    given = {"compare": compare, "first": first, "channels": channels}
    axes = chosen(Axes(), OPTIONS, PROFILES, profile, given)
    window = arguments.integer("window", window, 1, 2**31)
    if profile is not None:
        window += LONGER.get(profile.lower(), 0)
    call = SignalCall(data, dtype, out, device, stream, axes.channels)
    sparse = checked(sparse, call)
    limit = call.threshold("threshold", threshold)
    backend = call.start(terms=max(1, min(window, len(call.values))))
    code, growing = slide_of(axes), axes.first == "growing"

    def encode(samples, rows, levels, limit):
        backend.slide(code, samples, window, growing, Numbers(limit), levels, rows)

    return call.encoded(sparse, encode, limit)
