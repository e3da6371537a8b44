"""Step-forward coding and sampling by change: one recursion."""

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
    Out,
    PerNeuron,
    SpikeDtype,
    Stream,
)
from spikecore.arithmetic import floor, like, select
from spikecore.backends.loops import Scan
from spikecore.chunked import carried, divided
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
from spikecore.codes.sparse import gives_events
from spikecore.codes.staircase import stair
from spikecore.compiler import equation


class Axes(NamedTuple):
    """What is done at a spike, and when there is one."""

    compare: str = ">"
    baseline: str = "step"
    multi: bool = False
    channels: str = "signed"


OPTIONS = {"compare": COMPARE, "baseline": ("step", "signal"), "channels": CHANNELS}

_FOLLOWS = {"baseline": "signal"}
PROFILES: dict[str, dict[str, Any]] = {
    "adm": {"compare": ">", **_FOLLOWS},
    "kedri": {"compare": ">"},
    "mavlab": {"compare": ">"},
    "mavlab-matlab": {"compare": ">"},
    "rockpool": {"compare": ">=", "multi": True, "channels": "up_down"},
    "rockpool-refractory": {"compare": ">=", "multi": True, "channels": "up_down", **_FOLLOWS},
    "spicoder": {"compare": ">"},
    "spikify": {"compare": ">"},
    "vasilache": {"compare": ">"},
}
FOLLOWING = {
    name: {axis: value for axis, value in axes.items() if axis != "baseline"}
    for name, axes in PROFILES.items()
    if axes.get("baseline") == "signal"
}


class State(NamedTuple):
    """The baseline, and the silent steps that are left (0 without refractoriness)."""

    baseline: Any
    silent: Any


class Numbers(NamedTuple):
    """Thresholds of the data's dtype, each a number or one per feature, and two whole numbers.

    ``most`` is the largest number of spikes in a step, and ``silent`` the steps that a spike
    silences, its own included.
    """

    threshold: Any
    threshold_down: Any
    most: Any
    silent: Any


@cache
def scan_of(axes, refractory):
    """The equations for one combination of axes."""
    meets, several, follows = axes.compare == ">=", axes.multi, axes.baseline == "signal"

    @equation
    def whole(quotient, most):
        """Levels that are met, from 0 to ``most``."""
        number = floor(quotient) if meets else -floor(-quotient) - like(quotient, 1)
        number = select(number > like(quotient, 0), number, like(quotient, 0))
        return select(number < most, number, most)

    @equation
    def counted(x, b, n):
        """The levels between the baseline and the sample, and the baseline after so many."""
        up, down = whole((x - b) / n.threshold, n.most), whole((b - x) / n.threshold_down, n.most)
        return up - down, stair(b, up - down, n.threshold, n.threshold_down)

    @equation
    def compared(x, b, n):
        """1 above the band around the baseline, -1 below, 0 within; and the baseline after it."""
        high, low = b + n.threshold, b - n.threshold_down  # the same sums as those of ``stair``
        rises, falls = (x >= high, x <= low) if meets else (x > high, x < low)
        count = select(rises, UP, select(falls, DOWN, NONE))
        return count, select(rises, high, select(falls, low, b))

    count_of = counted if several else compared

    @equation
    def step(state, x, numbers):
        """One sample: the state after it, and its signed count of spikes."""
        b, silent = state.baseline, state.silent
        count, after = count_of(x, b, numbers)
        none = like(silent, 0)
        if refractory:
            after = select(silent > none, b, after)
            count = select(silent > none, like(count, 0), count)
            silent = select(count == like(count, 0), silent, numbers.silent)
        if follows and refractory:
            after = select(silent > none, x, b)
        elif follows:
            after = select(count == like(count, 0), b, x)
        if refractory:
            silent = select(silent > none, like(none, silent - like(none, 1)), none)
        return State(after, silent), count

    emit, second = written(axes.channels == "up_down", several)
    return Scan(step, emit, second=second)


@gives_events
@divided("time", per_feature=("threshold", "threshold_down", "initial"), carries=True)
def step_forward(
    data: Data,
    threshold: PerNeuron,
    *,
    threshold_down: PerNeuron | None = None,
    compare: Literal[">", ">="] | None = None,
    baseline: Literal["step", "signal"] | None = None,
    multi: bool | None = None,
    refractory: Integer = 0,
    initial: ArrayLike | None = None,
    channels: Literal["signed", "up_down"] | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Step-forward coding: spike where a signal leaves the band around a baseline, and move that.

    ``s[t] = 1`` where ``x[t] > b + threshold``, -1 where ``x[t] < b - threshold_down``, else 0;
    then ``b`` becomes ``b + threshold`` or ``b - threshold_down``.  ``b`` begins as ``x[0]``.  The
    sums are rounded to the dtype of the data.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``.
    threshold : float or array_like
        Positive, in the units of the data; one number, or one per feature.
    threshold_down : float or array_like
        That of a fall; ``threshold`` if left out.
    compare : {">", ">="}
        Whether a sample at the edge of the band spikes; ``">"`` if left out.
    baseline : {"step", "signal"}
        What a spike moves the baseline to: by the threshold, or to the sample, which is
        :func:`send_on_delta`; ``"step"`` if left out.
    multi : bool
        Give all levels that a sample is away from the baseline, not only one: ``n`` is the largest
        number with ``(x - b)/threshold >= n`` (or ``> n``), of the rounded quotient, and ``b``
        becomes ``b + n*threshold``.  ``n`` is at most what the dtype of the output counts exactly
        (127 for int8, 2**24 for float32); the rest follows in the next steps.
    refractory : int
        An element is silent for so many steps after a spike, counting the spike's own; meanwhile a
        baseline ``"signal"`` is the sample.  A spike is then at most one.
    initial : float or array_like
        The baseline before the first sample, one number or one per feature in the dtype of the
        data: the last value of :func:`spikecore.decode.staircase` for a later part of a signal.
        If left out, ``x[0]``, which never spikes.
    channels : {"signed", "up_down"}
        -1 for a fall, or a last axis of two: rises, falls; ``"signed"`` if left out.
    profile : str
        The choices of a library, of :func:`profiles`; those given here come first.
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
        NaN, infinity or a number above a quarter of the largest float in the data, no time axis,
        a threshold that is not positive, ``initial`` with ``refractory``, a name that is not known,
        or an ``out`` of the wrong form.

    Notes
    -----
    N. Kasabov et al., "Evolving spatio-temporal data machines based on the NeuCube neuromorphic
    framework", Neural Networks 78 (2016); B. Petro et al., "Selection and optimization of temporal
    spike encoding methods for spiking neural networks", IEEE TNNLS 31 (2020), whose MATLAB code
    compares with ``>``, as here.  The baseline after a step is the decoder's value there, bit for
    bit: :func:`spikecore.decode.staircase` says how near it is to the signal.

    Deliberate differences: the toolboxes hold the baseline in float64, also for float32 data;
    convert the data for their bits.  An empty signal gives an empty array.

    Examples
    --------
    >>> from spikecore import decode, spikegen
    >>> spikes = spikegen.step_forward([0.0, 1.5, 1.5, 2.5, -1.0], 1)
    >>> spikes
    array([ 0.,  1.,  0.,  1., -1.])
    >>> decode.staircase(spikes, 1, initial=0)
    array([0., 1., 1., 2., 1.])
    """
    given = {"compare": compare, "baseline": baseline, "multi": multi, "channels": channels}
    axes = chosen(Axes(), OPTIONS, PROFILES, profile, given)
    call = SignalCall(data, dtype, out, device, stream, axes.channels)
    return _encode(call, axes, threshold, threshold_down, refractory, initial, sparse)


@gives_events
@divided("time", per_feature=("threshold", "threshold_down", "initial"), carries=True)
def send_on_delta(
    data: Data,
    threshold: PerNeuron,
    *,
    threshold_down: PerNeuron | None = None,
    compare: Literal[">", ">="] | None = None,
    multi: bool | None = None,
    refractory: Integer = 0,
    initial: ArrayLike | None = None,
    channels: Literal["signed", "up_down"] | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Sampling by change: spike where a signal is a threshold away from the last sample that did.

    ``s[t] = 1`` where ``x[t] >= b + threshold``, -1 where ``x[t] <= b - threshold_down``, else 0;
    at a spike ``b`` becomes ``x[t]``.  ``b`` begins as ``x[0]``.  This is :func:`step_forward` with
    ``baseline="signal"`` and ``compare=">="``.

    Parameters
    ----------
    data, threshold, threshold_down
        As in :func:`step_forward`.
    compare : {">", ">="}
        Whether a sample at the edge of the band spikes; ``">="`` if left out.
    multi, refractory
        As in :func:`step_forward`; the baseline becomes the sample in any case.
    initial : float or array_like
        The last sample that was sent, one number or one per feature in the dtype of the data: the
        last value of :func:`spikecore.decode.hold` for a later part of a signal.
    channels, profile, dtype, out, device, stream, sparse
        As in :func:`step_forward`.

    Returns
    -------
    numpy.ndarray or Events
        Spikes of the shape of the data, with a last axis of 2 for ``channels="up_down"``.

    Raises
    ------
    ValueError, TypeError
        As :func:`step_forward`.

    Notes
    -----
    M. Miskowicz, "Send-On-Delta concept: an event-based data reporting strategy", Sensors 6 (2006).
    A receiver of the samples themselves (:func:`spikecore.decode.hold`) is less than a threshold
    away for ever.  A receiver of the signs alone (:func:`spikecore.decode.staircase`) is not:
    nothing bounds its error, because a spike may stand for a change of many thresholds.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.send_on_delta([0.0, 2.5, 3.0, 3.5, 1.0], 1)
    array([ 0.,  1.,  0.,  1., -1.])
    """
    given = {"compare": compare, "multi": multi, "channels": channels}
    axes = chosen(Axes(">=", "signal"), OPTIONS, FOLLOWING, profile, given)
    call = SignalCall(data, dtype, out, device, stream, axes.channels)
    return _encode(call, axes, threshold, threshold_down, refractory, initial, sparse)


def _encode(call, axes, threshold, threshold_down, refractory, initial, sparse):
    """Run the recursion of one combination of axes."""
    up = call.threshold("threshold", threshold)
    down = up if threshold_down is None else call.threshold("threshold_down", threshold_down)
    refractory = arguments.integer("refractory", refractory, 0, 2**31 - 1)
    carry = carried(initial)
    if refractory and carry.initial is not None:
        remedy = "encode the signal in one call, or leave refractory at 0"
        must = "be left out with refractory, whose silent steps it does not carry"
        arguments.refuse("initial", must, f"refractory={refractory}", remedy)
    tiles = call.tiles(sparse)
    backend = call.start()
    held = None if carry.initial is None else call.state("initial", carry.initial)
    result, trains, levels = call.spikes(tiles)
    if not result.size:
        return tiles.events() if tiles else result
    samples, begin = call.samples, 0
    if held is None and carry.state is None:  # the first sample is the baseline
        held, begin = backend.copy(samples[0]), 1
    most = call.values.dtype.type(1 if refractory else call.most)
    silent = backend.copy(np.zeros(samples.shape[1], np.int32)) if refractory else np.int32(0)
    numbers = Numbers(up, down, most, np.int32(refractory))
    code = scan_of(axes, bool(refractory))
    state = carry.state = carry.state or State(held, silent)
    for start, count in tiles or [(0, len(samples))]:
        rows, moment = trains[:count], samples[start : start + count]
        if start < begin:
            backend.fill(rows[:begin], levels.silent)
            rows, moment = rows[begin:], moment[begin:]
        if len(rows):
            backend.scan(code, moment, state, numbers, levels, rows)
    return tiles.events() if tiles else result
