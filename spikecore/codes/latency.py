"""Latency codes: one spike a feature, the sooner the larger it is."""

import numpy as np

from spikecore import arguments, backends
from spikecore import equations as eq


def latency(
    data,
    num_steps=None,
    threshold=0.01,
    tau=1,
    first_spike_time=0,
    on_target=1,
    off_target=0,
    clip=False,
    normalize=False,
    linear=False,
    interpolate=False,
    bypass=False,
    epsilon=1e-7,
    *,
    dtype=None,
    out=None,
    device=None,
    stream=None,
):
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
        Silence features below the threshold.
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
    dtype, out, device, stream
        As in :func:`spikecore.spikegen.rate`.  Data on a GPU need ``num_steps``, and spikes past
        the last step are dropped, because to look for them would be to wait for the GPU.

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
    given = arguments.array("data", data)
    num_steps = arguments.optional_steps("num_steps", num_steps)
    clip = arguments.flag("clip", clip)
    interpolate = arguments.flag("interpolate", interpolate)
    bypass = arguments.flag("bypass", bypass)
    if num_steps is None and not bypass:
        raise ValueError(
            "num_steps must be given, got None; pass num_steps, or bypass=True to take as many "
            "steps as the last spike needs"
        )
    dtype = arguments.spike_dtype(dtype, out, given.dtype)
    on, off = arguments.levels(on_target, off_target, dtype, interpolate)
    outputs = given.size * (num_steps or 0)
    backend = backends.choose(device, data, stream=stream, outputs=outputs)
    values, code, peaks = _prepare(
        given, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon, backend
    )
    if not getattr(backend, "resident", False):
        num_steps = _steps_needed(values, peaks, code, num_steps, bypass, backend)
    elif num_steps is None:
        raise ValueError("num_steps must be given for data on a GPU, got None; pass num_steps")
    result = arguments.output(out, (num_steps, *values.shape), dtype, backend, data=given)
    if result.size:
        trains, on, off = backends.rows(result, on, off)
        last = values.dtype.type(num_steps - 1)
        encode = backend.latency_ramps if interpolate else backend.latency
        encode(values.reshape(-1), peaks, code, last, clip, on, off, trains)
    return result


def _steps_needed(values, peaks, code, num_steps, bypass, backend):
    """``num_steps``, or what the last spike needs; a spike past the last step is refused."""
    latest = backend.latest_times(values.reshape(-1), peaks, code, 1)[0] if values.size else 0
    last_step = int(np.rint(latest))
    if num_steps is None:
        return _countable(last_step + 1, values.dtype)
    if last_step > num_steps - 1 and not bypass:
        raise ValueError(
            f"num_steps is {num_steps}, but the last spike falls on step {last_step}; use "
            "normalize=True, a smaller tau or more steps, or bypass=True to drop late spikes"
        )
    return num_steps


def latency_code(
    data,
    num_steps=None,
    threshold=0.01,
    tau=1,
    first_spike_time=0,
    normalize=False,
    linear=False,
    epsilon=1e-7,
    *,
    device=None,
    stream=None,
):
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
    given = arguments.array("data", data)
    num_steps = arguments.optional_steps("num_steps", num_steps)
    backend = backends.choose(device, data, stream=stream, outputs=given.size)
    values, code, peaks = _prepare(
        given, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon, backend
    )
    times = arguments.output(None, values.shape, values.dtype, backend)
    silent = arguments.output(None, values.shape, np.dtype(bool), backend)
    if values.size:
        backend.latency_times(values.reshape(-1), peaks, code, times.reshape(-1))
        backend.below(values.reshape(-1), code.threshold, silent.reshape(-1))
    return times, silent


def latency_code_linear(
    data,
    num_steps=None,
    threshold=0.01,
    tau=1,
    first_spike_time=0,
    normalize=False,
    *,
    device=None,
    stream=None,
):
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
        data,
        num_steps,
        threshold,
        tau,
        first_spike_time,
        normalize,
        True,
        device=device,
        stream=stream,
    )[0]


def latency_code_log(
    data,
    num_steps=None,
    threshold=0.01,
    tau=1,
    first_spike_time=0,
    normalize=False,
    epsilon=1e-7,
    *,
    device=None,
    stream=None,
):
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
        data,
        num_steps,
        threshold,
        tau,
        first_spike_time,
        normalize,
        False,
        epsilon,
        device=device,
        stream=stream,
    )[0]


def _prepare(
    data, num_steps, threshold, tau, first_spike_time, normalize, linear, epsilon, backend
):
    """Checked data, the numbers of the code in its dtype, and the peaks that divide it."""
    values = arguments.real("data", data)
    linear = arguments.flag("linear", linear)
    sample = isinstance(normalize, str) and arguments.choice("normalize", normalize, ("sample",))
    normalize = bool(sample) or arguments.flag("normalize", normalize)
    if normalize and num_steps is None:
        raise ValueError("num_steps must be given with normalize, got None; pass num_steps")
    if num_steps is not None:
        _countable(num_steps, values.dtype)
    first = arguments.integer(
        "first_spike_time", first_spike_time, 0, _most_steps(values.dtype) - 1
    )
    if num_steps is not None and first > num_steps - 1:
        raise ValueError(
            f"first_spike_time must be at most num_steps-1, {num_steps - 1}, got {first}; lower it "
            "or raise num_steps"
        )
    inside = {"low": 0, "high": 1, "open_low": True, "open_high": True}
    arguments.scalar("threshold", threshold, values.dtype, **inside)
    arguments.scalar("tau", tau, values.dtype, low=0, open_low=True)
    arguments.number("epsilon", epsilon, 0, open_low=True)
    threshold, tau, epsilon = float(threshold), float(tau), float(epsilon)
    span = num_steps - 1 - first if normalize else 0
    if normalize and linear:
        tau = span
    cast = values.dtype.type
    with np.errstate(over="ignore"):
        floor = cast(threshold + epsilon)
    if not cast(threshold) < floor < np.inf:
        raise ValueError(
            f"epsilon is {epsilon}, which {values.dtype} cannot add to threshold {threshold}; "
            "choose one between 1e-7 and 1, or pass float64 data"
        )
    code = eq.LatencyCode(
        linear=linear,
        stretch=normalize and not linear,
        threshold=cast(threshold),
        floor=floor,
        tau=cast(tau),
        latest=cast(-tau * (threshold - 1)),
        first=cast(first),
        span=cast(span),
    )
    with np.errstate(over="ignore"):
        slowest = eq.latency_time(cast(0), cast(1), code._replace(stretch=False))
        longest = slowest * max(code.span, cast(1))
    if not np.isfinite(longest):
        raise ValueError(
            f"tau is {tau}, with which spike times exceed the range of {values.dtype}; choose a "
            "smaller tau"
        )
    arguments.within("data", values, 0, 1, backend, "within [0, 1]")
    peaks = np.ones(1, values.dtype)
    if code.stretch and values.size:
        samples = len(values) if sample and values.ndim > 1 else 1
        plain = code._replace(stretch=False)
        peaks = backend.latest_times(values.reshape(-1), peaks, plain, samples, code.first)
    return values, code, peaks


def _most_steps(dtype):
    """How many steps a dtype of data tells apart, with room for the rounding of three operations.

    At 2**21 a float32 is exact to an eighth; the kernels hold a step in 32 bits.
    """
    return min(2 ** (np.finfo(dtype).nmant - 2), 2**31)


def _countable(num_steps, dtype):
    """``num_steps``, refused where times in the dtype of the data could miss a step."""
    most = _most_steps(dtype)
    if num_steps > most:
        raise ValueError(
            f"num_steps is {num_steps}, but {dtype} data can be coded in up to {most} steps; use "
            "fewer steps, or a smaller tau" + (", or float64 data" if dtype == np.float32 else "")
        )
    return num_steps
