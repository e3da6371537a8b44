"""Spike times of the latency codes, before they are rounded to steps."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments
from spikecore.annotations import Array, Data, Device, Integer, Number, Stream
from spikecore.arithmetic import like, log, mul, select
from spikecore.compiler import equation


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


def latency_code(
    data: Data,
    num_steps: Integer | None = None,
    threshold: Number = 0.01,
    tau: Number = 1,
    first_spike_time: Integer = 0,
    normalize: bool | Literal["sample"] = False,
    linear: bool = False,
    epsilon: Number = 1e-7,
    *,
    device: Device | None = None,
    stream: Stream | None = None,
) -> tuple[Array, NDArray[np.bool_]]:
    """Spike times of the latency code, before rounding, and which features are silent.

    Parameters
    ----------
    data, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon, device, stream
        As in :func:`latency`; ``num_steps`` is needed with ``normalize`` only.

    Returns
    -------
    times : numpy.ndarray
        In steps, of the shape and (floating) dtype of the data.
    silent : numpy.ndarray of bool
        Features below the threshold.

    Raises
    ------
    ValueError, TypeError
        As :func:`latency`.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> data = np.array([0.02, 0.5, 1], dtype=np.float32)
    >>> spikegen.latency_code(data, num_steps=5, normalize=True, linear=True)
    (array([3.92, 2.  , 0.  ], dtype=float32), array([False, False, False]))
    """
    num_steps = arguments.optional_steps("num_steps", num_steps)
    call = arguments.Call("data", data, device=device, stream=stream)
    values = call.values
    numbers = numbers_of(
        values.dtype, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon
    )
    backend = call.choose(values.size)
    latest = latest_time(values, numbers, normalize, backend)
    times = arguments.output(None, values.shape, values.dtype, backend)
    silent = arguments.output(None, values.shape, np.dtype(bool), backend)
    if values.size:
        features = values.reshape(-1)
        backend.each(spike_time, features, latest, numbers, times.reshape(-1))
        backend.each(is_silent, features, latest, numbers, silent.reshape(-1))
    return times, silent


def latency_code_linear(
    data: Data,
    num_steps: Integer | None = None,
    threshold: Number = 0.01,
    tau: Number = 1,
    first_spike_time: Integer = 0,
    normalize: bool | Literal["sample"] = False,
    *,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Spike times of the linear latency code: ``min(-tau*(x-1), -tau*(threshold-1))`` + first.

    Parameters
    ----------
    data, num_steps, threshold, tau, first_spike_time, normalize, device, stream
        As in :func:`latency_code`.

    Returns
    -------
    numpy.ndarray
        Times in steps.

    Raises
    ------
    ValueError, TypeError
        As :func:`latency`.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> spikegen.latency_code_linear(np.array([0.0, 0.5, 1.0]), tau=10)
    array([9.9, 5. , 0. ])
    """
    return latency_code(
        data, num_steps, threshold, tau, first_spike_time, normalize, True,
        device=device, stream=stream,
    )[0]  # fmt: skip


def latency_code_log(
    data: Data,
    num_steps: Integer | None = None,
    threshold: Number = 0.01,
    tau: Number = 1,
    first_spike_time: Integer = 0,
    normalize: bool | Literal["sample"] = False,
    epsilon: Number = 1e-7,
    *,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Spike times of the logarithmic latency code: ``tau*ln(x'/(x'-threshold))`` + first.

    Parameters
    ----------
    data, num_steps, threshold, tau, first_spike_time, normalize, epsilon, device, stream
        As in :func:`latency_code`.

    Returns
    -------
    numpy.ndarray
        Times in steps.

    Raises
    ------
    ValueError, TypeError
        As :func:`latency`.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> spikegen.latency_code_log(np.array([0.02, 0.5, 1.0]), num_steps=5, normalize=True).round(4)
    array([4.    , 0.1166, 0.058 ])
    """
    return latency_code(
        data, num_steps, threshold, tau, first_spike_time, normalize, False, epsilon,
        device=device, stream=stream,
    )[0]  # fmt: skip


def numbers_of(dtype, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon):
    """The numbers of the code in the data's dtype."""
    linear = arguments.flag("linear", linear)
    normalize = _normalizes(normalize) is not None
    if normalize and num_steps is None:
        arguments.refuse("num_steps", "be given with normalize", None, "pass num_steps")
    if num_steps is not None:
        countable(num_steps, dtype)
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


def countable(num_steps, dtype):
    """``num_steps``, refused if times in the dtype of the data could miss a step."""
    most = _most_steps(dtype)
    if num_steps > most:
        raise ValueError(
            f"num_steps is {num_steps}, but {dtype} data can be coded in up to {most} steps; use "
            "fewer steps, or a smaller tau" + (", or float64 data" if dtype == np.float32 else "")
        )
    return num_steps
