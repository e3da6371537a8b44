"""Latency codes: each feature spikes once, and a larger feature spikes earlier."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spikecore import arguments, backends
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
from spikecore.arithmetic import select
from spikecore.backends.loops import Place
from spikecore.chunked import divided, wanted_steps
from spikecore.codes import first_spike
from spikecore.codes.latency_times import countable, latest_time, numbers_of, spike_time
from spikecore.codes.lines import NOWHERE, emit_line, nearest_step
from spikecore.codes.signals import chosen
from spikecore.codes.sparse import checked, gives_events, zero
from spikecore.codes.values import (
    MOST_STEPS,
    Interval,
    emit_spike,
    first_spikes,
    place_from,
    placed_events,
)
from spikecore.compiler import equation
from spikecore.foreign import shown


@equation
def spike_step(x, latest, numbers):
    """The step of one feature's spike."""
    step = nearest_step(spike_time(x, latest, numbers), numbers.last)
    if numbers.clip:
        step = select(x < numbers.threshold, NOWHERE, step)
    return step


SPIKE = Place(spike_step, emit_spike)
LINE = Place(spike_step, emit_line)


@gives_events
@divided("features", placed=True)
def latency(
    data: Data,
    num_steps: Integer | None = None,
    threshold: Number = 0.01,
    tau: Number = 1,
    first_spike_time: Integer = 0,
    on_target: Number = 1,
    off_target: Number = 0,
    clip: bool = False,
    normalize: bool | Literal["sample"] = False,
    linear: bool = False,
    interpolate: bool = False,
    bypass: bool = False,
    epsilon: Number = 1e-7,
    *,
    law: Literal["decay", "exponential", "inverse"] | None = None,
    compare: Literal[">", ">="] | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Latency code: each feature spikes once, at the step nearest to its spike time.

    Logarithmic: ``t = tau*ln(x'/(x' - threshold)) + first_spike_time`` with
    ``x' = max(x, threshold + epsilon)``, the time at which an integrate-and-fire neuron with
    membrane time constant tau and input x reaches the threshold.  Linear:
    ``t = min(-tau*(x - 1), -tau*(threshold - 1)) + first_spike_time``.  Halves round to even.

    Parameters
    ----------
    data : array_like
        Features in [0, 1], ``[...]``; the first axis is the batch when there are two or more.
    num_steps : int, optional
        Time steps of the output; may be left out with ``bypass=True``.
    threshold : float
        In (0, 1).  Features below it spike last, or never with ``clip=True``.
    tau : float
        Time constant in steps, positive.
    first_spike_time : int
        Step of the first possible spike.
    on_target, off_target : float
        Value at a spike, and elsewhere.
    clip : bool
        Features below the threshold never spike.
    normalize : bool or "sample"
        Spread the code over the steps up to ``num_steps - 1``.  For the log code ``True`` divides
        by the largest time in the whole array, so that a sample's code depends on its batch;
        ``"sample"`` uses each sample's own largest time (all of the data, when it has fewer than
        two axes).  For the linear code both set tau to ``num_steps - 1 - first_spike_time``.
    linear : bool
        Use the linear code.
    interpolate : bool
        Rise linearly from ``off_target`` at step 0 to ``on_target`` at the spike.
    bypass : bool
        Drop spikes past the last step instead of refusing them; without ``num_steps``, take as
        many steps as the last spike needs.
    epsilon : float
        Distance that keeps the logarithm finite.
    law : {None, "decay", "exponential", "inverse"}
        Another law of the time, with ``num_steps`` and nothing but what is named here; a feature
        without a spike in those steps is silent.  ``"decay"``: the first t with
        ``x > threshold*exp(-t/tau)``, for x of at least 0 and any positive threshold, in float64
        (Guo et al., 2021).  ``"exponential"``: the step nearest to ``L - ln((exp(L) - 1)*x + 1)``,
        ``L = num_steps - 1`` (SpikingJelly).  ``"inverse"``: ``ceil(num_steps*m/x) - 1`` with m the
        least positive value of all, which is silent, as 0 is (BindsNET's ``rank_order``).
    compare : {">", ">="}
        With ``law="decay"``; ``">"`` if left out.
    profile : str, optional
        The law and the comparison of a library, of :func:`profiles`; those given here come first.
    dtype, out, device, stream
        As in :func:`spikecore.spikegen.rate`.  Data on a GPU need ``num_steps``, and spikes past
        the last step are dropped: to find them, the call would wait for the GPU.
    sparse : bool
        Give :class:`~spikecore.Events`, in memory that grows with the data and not with the steps.

    Returns
    -------
    numpy.ndarray or Events
        ``[num_steps, ...]``; ``on_target`` at each spike and ``off_target`` elsewhere.

    Raises
    ------
    ValueError, TypeError
        Data outside [0, 1] or NaN, threshold outside (0, 1), tau or epsilon not positive, a first
        spike after the last step, or, without ``bypass``, a last spike after it.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.latency``.  Differences: ``clip`` also holds with
    ``interpolate``, ``off_target`` may be any number, and the interpolated value at a spike is
    exactly ``on_target``.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> data = np.array([0.02, 0.5, 1], dtype=np.float32)
    >>> spikegen.latency(data, num_steps=5, normalize=True, linear=True)
    array([[0., 0., 1.],
           [0., 0., 0.],
           [0., 1., 0.],
           [0., 0., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    if any(choice is not None for choice in (law, compare, profile)):
        if law is profile is None:
            remedy = "leave it out, or pass the law"
            arguments.refuse("compare", "come with law='decay'", shown(compare), remedy)
        given = {"law": law, "compare": compare}
        axes = chosen(first_spike.Axes(), first_spike.OPTIONS, first_spike.PROFILES, profile, given)
        others = (first_spike_time, on_target, off_target, clip, normalize, linear, interpolate)
        _refuse_beside_law(axes, (threshold, tau), (*others, bypass, epsilon))
        call = arguments.Call("data", data, dtype, out, device, stream)
        sparse = checked(sparse, call)
        return first_spike.encode(call, axes, num_steps, threshold, tau, sparse)
    num_steps = arguments.optional_steps("num_steps", num_steps)
    clip = arguments.flag("clip", clip)
    interpolate = arguments.flag("interpolate", interpolate)
    bypass = arguments.flag("bypass", bypass)
    if num_steps is None and not bypass:
        remedy = "pass num_steps, or bypass=True to take as many steps as the last spike needs"
        arguments.refuse("num_steps", "be given", None, remedy)
    call = arguments.Call("data", data, dtype, out, device, stream)
    on, off = arguments.levels(on_target, off_target, call.dtype, interpolate)
    sparse = checked(sparse, call)
    if sparse:
        zero("off_target", off)
        zero("interpolate", interpolate)
    values = call.values
    numbers = numbers_of(
        values.dtype, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon
    )
    backend = call.choose(values.size * (num_steps or 0))
    latest = latest_time(values, numbers, normalize, backend)
    if not backend.resident:
        num_steps = _steps_needed(values, latest, numbers, num_steps, bypass, backend)
    elif num_steps is None:
        remedy = "pass num_steps"
        arguments.refuse("num_steps", "be given for data on a GPU", None, remedy)
    numbers = numbers._replace(last=values.dtype.type(num_steps - 1), clip=clip)
    if sparse:
        return placed_events(call, SPIKE, numbers, num_steps, shared=latest, on=on)
    start, count = wanted_steps(num_steps)
    result = call.output((count, *values.shape))
    if result.size:
        trains, on, off = backends.rows(result, on, off)
        code = LINE if interpolate else SPIKE
        place_from(start, backend, code, values.reshape(-1), latest, numbers, on, off, trains)
    return result


def _refuse_beside_law(axes, numbers, others):
    """Refuse what a law has no use for."""
    if axes.law != "decay" and axes.compare is not None:
        remedy = f"leave it out with law={axes.law!r}"
        arguments.refuse("compare", "come with law='decay'", shown(axes.compare), remedy)
    defaults = (0, 1, 0, False, False, False, False, False, 1e-7)
    if not all(map(_is, others, defaults)):
        must = "come with num_steps, threshold and tau only"
        got = f"{axes.law!r} and further arguments"
        arguments.refuse("law", must, got, "leave the others at their defaults")
    if axes.law != "decay" and not all(map(_is, numbers, (0.01, 1))):
        must, got = f"be left out with law={axes.law!r}", numbers
        arguments.refuse("threshold and tau", must, got, "leave them at their defaults")


def _is(value, default):
    """Whether an argument is its default; any object may be given."""
    return isinstance(value, (bool, int, float, np.number)) and bool(value == default)


def _steps_needed(values, latest, numbers, num_steps, bypass, backend):
    """``num_steps``, or the steps that the last spike needs; a later spike is refused."""
    last = 0
    if values.size:
        last = backend.largest(spike_time, values.reshape(-1), latest, numbers, 1)[0]
    last_step = int(np.rint(last))
    if num_steps is None:
        return countable(last_step + 1, values.dtype)
    if last_step > num_steps - 1 and not bypass:
        raise ValueError(
            f"num_steps is {num_steps}, but the last spike falls on step {last_step}; use "
            "normalize=True, a smaller tau or more steps, or bypass=True to drop late spikes"
        )
    return num_steps


@divided("time")
def decode(
    spikes: ArrayLike,
    threshold: Number = 0.01,
    tau: Number = 1,
    first_spike_time: Integer = 0,
    *,
    normalize: bool = False,
    linear: bool = False,
    epsilon: Number = 1e-7,
    law: Literal["decay"] | None = None,
    interval: bool = False,
) -> Array | Interval:
    """Value of a latency code, from the step t of the first spike.

    With ``s = t - first_spike_time``, the inverse of the time: ``threshold/(1 - exp(-s/tau))``, or
    ``1 - s/tau`` for the linear code.  The encoder rounded to the nearest step, so that the value
    lies between those of ``s + 1/2`` and ``s - 1/2``: for the linear code the error is at most
    ``1/(2*tau)``, which is reached.  ``law="decay"``: the value lies in
    ``threshold*exp(-t/tau) < x <= threshold*exp(-(t-1)/tau)``.  The bounds hold to the rounding of
    the encoder's times; those of ``"decay"`` exactly.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``; what is not 0 is a spike.  :class:`~spikecore.Events` are not made
        dense.
    threshold, tau, first_spike_time, linear, epsilon
        As they were for :func:`spikecore.spikegen.latency`.
    normalize : bool
        As it was; of the linear code only, whose tau is then ``num_steps - 1 - first_spike_time``.
        The normalized logarithm depends on the largest time in the data, which spikes do not hold.
    law : {None, "decay"}
        As it was; the other laws have no decoder.
    interval : bool
        Give the interval instead, both ends included.  A feature without a spike is below the
        threshold (``"decay"``: below that of the last step); one that spikes at the step of
        ``threshold + epsilon`` or later may be any smaller value.

    Returns
    -------
    numpy.ndarray of float64, or Interval
        The value is at most 1, and 0 without a spike; for ``"decay"`` it is the middle of the
        interval, and its low end at step 0, where there is no upper one.

    Raises
    ------
    ValueError, TypeError
        No time axis, a number out of its range, or a code that spikes do not determine.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.latency([[1, 0, 0], [0, 0, 0], [0, 1, 0]], linear=True, normalize=True)
    array([1., 0., 0.])
    >>> decode.latency([0, 1, 0, 0, 0], linear=True, normalize=True, interval=True)
    Interval(low=array(0.625), high=array(0.875))
    """
    flags = {"normalize": normalize, "linear": linear, "interval": interval}
    normalize, linear, interval = (arguments.flag(name, flag) for name, flag in flags.items())
    tau = arguments.number("tau", tau, 0, open_low=True)
    first = arguments.integer("first_spike_time", first_spike_time, 0, MOST_STEPS)
    step, num_steps = first_spikes(spikes)
    if law is not None:
        arguments.choice("law", law, ("decay",))
        found = first_spike.decayed(step, num_steps, threshold, tau)
        value = np.where(np.isfinite(found.high), (found.low + found.high) / 2, found.low)
        return found if interval else np.asarray(np.where(step < num_steps, value, 0.0))
    threshold = arguments.number("threshold", threshold, 0, 1, open_low=True, open_high=True)
    epsilon = arguments.number("epsilon", epsilon, 0, open_low=True)
    if normalize and not linear:
        remedy = "encode without normalize, or with linear=True"
        arguments.refuse("normalize", "be False for the logarithmic code", True, remedy)
    if normalize:
        tau = max(1, num_steps - 1 - first)
    inverse = _line if linear else _curve
    since = np.asarray(step - first, np.float64)
    spiked = step < num_steps
    if not interval:
        return np.asarray(np.where(spiked, inverse(since, threshold, tau), 0.0))
    low = inverse(since + 0.5, threshold, tau)
    low = np.where(spiked & (low > threshold + epsilon), low, 0.0)
    return Interval(low, np.where(spiked, inverse(since - 0.5, threshold, tau), threshold))


def _line(time, threshold, tau):
    """The value whose linear time this is."""
    return np.clip(1 - time / tau, 0, 1)


def _curve(time, threshold, tau):
    """The value whose logarithmic time this is."""
    with np.errstate(divide="ignore"):
        return np.minimum(1, threshold / -np.expm1(-np.maximum(time, 0) / tau))
