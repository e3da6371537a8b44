"""Latency codes: each feature spikes once, and a larger feature spikes earlier."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, Data, Device, Integer, Number, Out, SpikeDtype, Stream
from spikecore.arithmetic import like, log, mul, select
from spikecore.backends.loops import Place
from spikecore.codes import first_spike
from spikecore.codes.choices import Interval, first_steps, trains
from spikecore.codes.lines import NOWHERE, emit_line, nearest_step
from spikecore.compiler import equation
from spikecore.results import same


class Numbers(NamedTuple):
    """The numbers of a latency code; the floats are all of the data's dtype."""

    linear: bool
    stretch: bool  # divide the log code by its peak and spread it over the span
    threshold: Any
    floor: Any  # threshold + epsilon, the smallest value of which a logarithm is taken
    tau: Any
    latest: Any  # the linear code's time of a silent feature, -tau*(threshold - 1)
    first: Any  # first_spike_time
    span: Any  # num_steps - 1 - first_spike_time
    last: Any = 0  # the last step
    clip: bool = False


@equation
def log_time(x, numbers):
    """tau*ln(x'/(x' - threshold)) + first, x' = max(x, threshold + epsilon)."""
    saturated = select(x < numbers.floor, numbers.floor, x)
    ratio = saturated / (saturated - numbers.threshold)
    return mul(numbers.tau, like(x, log(np.float64(ratio)))) + numbers.first


@equation
def linear_time(x, numbers):
    """min(-tau*(x - 1), -tau*(threshold - 1)) + first."""
    time = mul(-numbers.tau, x - like(x, 1))
    return select(time > numbers.latest, numbers.latest, time) + numbers.first


@equation
def stretched_time(time, latest, numbers):
    """(time - first)*span/peak + first; a code whose peak is 0 is unchanged."""
    peak = latest - numbers.first
    since_first = time - numbers.first
    positive = peak > like(peak, 0)
    divisor = select(positive, peak, like(peak, 1))
    return select(positive, mul(since_first, numbers.span) / divisor + numbers.first, time)


@equation
def spike_time(x, latest, numbers):
    """Spike time of one feature in steps, before rounding; ``latest`` is its sample's latest."""
    if numbers.linear:
        return linear_time(x, numbers)
    time = log_time(x, numbers)
    if numbers.stretch:
        return stretched_time(time, latest, numbers)
    return time


@equation
def is_silent(x, latest, numbers):
    """Whether a feature is below the threshold."""
    return x < numbers.threshold


@equation
def spike_step(x, latest, numbers):
    """The step of one feature's spike."""
    step = nearest_step(spike_time(x, latest, numbers), numbers.last)
    if numbers.clip:
        step = select(x < numbers.threshold, NOWHERE, step)
    return step


@equation
def emit_spike(step, place, numbers, on, off):
    """The value of a spike at its step."""
    return select(step == place, on, off)


SPIKE = Place(spike_step, emit_spike)
LINE = Place(spike_step, emit_line)


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
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
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
    dtype, out, device, stream
        As in :func:`spikecore.spikegen.rate`.  Data on a GPU need ``num_steps``, and spikes past
        the last step are dropped: to find them, the call would wait for the GPU.

    Returns
    -------
    numpy.ndarray
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
    if law is not None or compare is not None:
        given = (first_spike_time, on_target, off_target, clip, normalize, linear, interpolate)
        call = arguments.Call("data", data, dtype, out, device, stream)
        _refuse_beside_law(law, compare, (threshold, tau), (*given, bypass, epsilon))
        return first_spike.encode(call, law, num_steps, threshold, tau, compare)
    num_steps = arguments.optional_steps("num_steps", num_steps)
    clip = arguments.flag("clip", clip)
    interpolate = arguments.flag("interpolate", interpolate)
    bypass = arguments.flag("bypass", bypass)
    if num_steps is None and not bypass:
        remedy = "pass num_steps, or bypass=True to take as many steps as the last spike needs"
        arguments.refuse("num_steps", "be given", None, remedy)
    call = arguments.Call("data", data, dtype, out, device, stream)
    on, off = arguments.levels(on_target, off_target, call.dtype, interpolate)
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
    result = call.output((num_steps, *values.shape))
    if result.size:
        trains, on, off = backends.rows(result, on, off)
        numbers = numbers._replace(last=values.dtype.type(num_steps - 1), clip=clip)
        code = LINE if interpolate else SPIKE
        backend.place(code, values.reshape(-1), latest, numbers, on, off, trains)
    return result


def _refuse_beside_law(law, compare, numbers, others):
    """Refuse what a law has no use for."""
    if law != "decay" and compare is not None:
        remedy = "leave it out"
        arguments.refuse("compare", "be given with law='decay' only", repr(compare), remedy)
    defaults = (0, 1, 0, False, False, False, False, False, 1e-7)
    if not all(map(same, others, defaults)):
        must = "come with num_steps, threshold and tau only"
        got = f"{law!r} and further arguments"
        arguments.refuse("law", must, got, "leave the others at their defaults")
    if law != "decay" and not all(map(same, numbers, (0.01, 1))):
        must, got = f"be left out with law={law!r}", numbers
        arguments.refuse("threshold, tau", must, got, "leave them at their defaults")


def _steps_needed(values, latest, numbers, num_steps, bypass, backend):
    """``num_steps``, or the steps that the last spike needs; a later spike is refused."""
    last = 0
    if values.size:
        last = backend.largest(spike_time, values.reshape(-1), latest, numbers, 1)[0]
    last_step = int(np.rint(last))
    if num_steps is None:
        return _countable(last_step + 1, values.dtype)
    if last_step > num_steps - 1 and not bypass:
        raise ValueError(
            f"num_steps is {num_steps}, but the last spike falls on step {last_step}; use "
            "normalize=True, a smaller tau or more steps, or bypass=True to drop late spikes"
        )
    return num_steps


def numbers_of(dtype, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon):
    """The numbers of the code in the data's dtype."""
    linear = arguments.flag("linear", linear)
    normalize = _normalizes(normalize) is not None
    if normalize and num_steps is None:
        arguments.refuse("num_steps", "be given with normalize", None, "pass num_steps")
    if num_steps is not None:
        _countable(num_steps, dtype)
    first = arguments.integer("first_spike_time", first_spike_time, 0, _most_steps(dtype) - 1)
    if num_steps is not None and first > num_steps - 1:
        must, remedy = f"be at most num_steps-1, {num_steps - 1}", "lower it or raise num_steps"
        arguments.refuse("first_spike_time", must, first, remedy)
    inside = {"low": 0, "high": 1, "open_low": True, "open_high": True}
    arguments.scalar("threshold", threshold, dtype, **inside)
    arguments.scalar("tau", tau, dtype, low=0, open_low=True)
    arguments.number("epsilon", epsilon, 0, open_low=True)
    threshold, tau, epsilon = float(threshold), float(tau), float(epsilon)
    span = num_steps - 1 - first if normalize else 0
    if normalize and linear:
        tau = span
    cast = dtype.type
    with np.errstate(over="ignore"):
        floor = cast(threshold + epsilon)
    if not cast(threshold) < floor < np.inf:
        raise ValueError(
            f"epsilon is {epsilon}, which {dtype} cannot add to threshold {threshold}; "
            "choose one between 1e-7 and 1, or pass float64 data"
        )
    numbers = Numbers(
        linear=linear,
        stretch=normalize and not linear,
        threshold=cast(threshold),
        floor=floor,
        tau=cast(tau),
        latest=cast(-tau * (threshold - 1)),
        first=cast(first),
        span=cast(span),
        last=cast(0),
    )
    with np.errstate(over="ignore"):
        slowest = spike_time(cast(0), cast(1), numbers._replace(stretch=False))
        longest = slowest * max(numbers.span, cast(1))
    if not np.isfinite(longest):
        raise ValueError(
            f"tau is {tau}, with which spike times exceed the range of {dtype}; choose a "
            "smaller tau"
        )
    return numbers


def _normalizes(normalize):
    """What is normalized: "all" of the data, each "sample", or nothing (None)."""
    if isinstance(normalize, str):
        return arguments.choice("normalize", normalize, ("sample",))
    return "all" if arguments.flag("normalize", normalize) else None


def latest_time(values, numbers, normalize, backend):
    """The latest spike time of each sample, or of all data: the divisor of the stretched code."""
    arguments.within("data", values, 0, 1, backend, "within [0, 1]")
    if not (numbers.stretch and values.size):
        return np.ones(1, values.dtype)
    each_sample = _normalizes(normalize) == "sample" and values.ndim > 1
    samples = len(values) if each_sample else 1
    plain, shared = numbers._replace(stretch=False), np.ones(1, values.dtype)
    return backend.largest(spike_time, values.reshape(-1), shared, plain, samples)


def _most_steps(dtype):
    """How many steps times of a dtype can distinguish after the rounding of three operations.

    At 2**21 a float32 is exact to an eighth; the kernels store a step in 32 bits.
    """
    return min(2 ** (np.finfo(dtype).nmant - 2), 2**31)


def _countable(num_steps, dtype):
    """``num_steps``, refused if times in the dtype of the data could miss a step."""
    most = _most_steps(dtype)
    if num_steps > most:
        raise ValueError(
            f"num_steps is {num_steps}, but {dtype} data can be coded in up to {most} steps; use "
            "fewer steps, or a smaller tau" + (", or float64 data" if dtype == np.float32 else "")
        )
    return num_steps


def decode(
    spikes,
    threshold=0.01,
    tau=1,
    first_spike_time=0,
    *,
    normalize=False,
    linear=False,
    law=None,
    interval=False,
):
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
        ``[num_steps, ...]``; what is not 0 is a spike.
    threshold, tau, first_spike_time, linear
        As they were for :func:`spikecore.spikegen.latency`.
    normalize : bool
        As it was; of the linear code only, whose tau is then ``num_steps - 1 - first_spike_time``.
        The normalized logarithm depends on the largest time in the data, which spikes do not hold.
    law : {None, "decay"}
        As it was; the other laws have no decoder.
    interval : bool
        Give the interval instead, both ends included.  A feature without a spike is below the
        threshold (``"decay"``: below that of the last step); one that spikes at the step of the
        threshold or later may be any smaller value.

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
    first = arguments.integer("first_spike_time", first_spike_time, 0)
    fired = trains(spikes)
    step, num_steps = first_steps(fired), len(fired)
    if law is not None:
        arguments.choice("law", law, ("decay",))
        found = first_spike.decayed(step, num_steps, threshold, tau)
        value = np.where(np.isfinite(found.high), (found.low + found.high) / 2, found.low)
        return found if interval else np.asarray(np.where(step < num_steps, value, 0.0))
    threshold = arguments.number("threshold", threshold, 0, 1, open_low=True, open_high=True)
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
    low = np.where(spiked & (low > threshold), low, 0.0)
    return Interval(low, np.where(spiked, inverse(since - 0.5, threshold, tau), threshold))


def _line(time, threshold, tau):
    """The value whose linear time this is."""
    return np.clip(1 - time / tau, 0, 1)


def _curve(time, threshold, tau):
    """The value whose logarithmic time this is."""
    with np.errstate(divide="ignore"):
        return np.minimum(1, threshold / -np.expm1(-np.maximum(time, 0) / tau))
