"""Spike encoders: numbers in, spikes out, time first.

The names, the positional order and the defaults are those of snnTorch 1.0.0's ``spikegen``; SPEC.md
states the equations and lists every deliberate difference.  Each function checks its arguments,
allocates the output and launches one kernel.
"""

import math

from spikecore import arguments, backends, random
from spikecore.codes.latency import latency, latency_code, latency_code_linear, latency_code_log
from spikecore.codes.targets import (
    from_one_hot,
    latency_interpolate,
    rate_interpolate,
    target_rate_code,
    targets_convert,
    targets_latency,
    targets_rate,
    to_one_hot,
    to_one_hot_inverse,
)

__all__ = [
    "delta",
    "from_one_hot",
    "latency",
    "latency_code",
    "latency_code_linear",
    "latency_code_log",
    "latency_interpolate",
    "rate",
    "rate_conv",
    "rate_interpolate",
    "target_rate_code",
    "targets_convert",
    "targets_latency",
    "targets_rate",
    "to_one_hot",
    "to_one_hot_inverse",
]


def rate(
    data,
    num_steps=None,
    gain=1,
    offset=0,
    first_spike_time=0,
    time_var_input=False,
    *,
    seed=None,
    uniforms=None,
    dtype=None,
    out=None,
    first_element=0,
    first_step=0,
    device=None,
    stream=None,
):
    """Rate code: at every step, spike with probability ``clip(gain*data + offset, 0, 1)``.

    A draw depends on (seed, element, step) alone, so the same spikes come out for any number of
    threads, any device and any split of the work (SPEC.md, "Random stream").

    Parameters
    ----------
    data : array_like
        ``[...]``, or time first ``[num_steps, ...]`` with ``time_var_input=True``.  float32 and
        float64 are used as they are; integers, bools and float16 as NumPy promotes them to float.
    num_steps : int, optional
        Time steps to draw; given for static data and only for static data.
    gain, offset : float
        Applied in the dtype of the data, to static and to time-varying data.
    first_spike_time : int
        Steps without spikes at the start.  Static data: the first steps of ``num_steps`` are
        silenced.  Time-varying data: silent steps are put before the data's own.
    time_var_input : bool
        The first axis of the data is time.
    seed : int, numpy.random.Generator or None
        See :func:`spikecore.random.seed_of`.
    uniforms : array_like, optional
        Instead of ``seed``: the uniforms in [0, 1), one for each spike; spike when ``u < p``.
        ``(num_steps, *data.shape)`` for static data, ``data.shape`` for time-varying data.
    dtype : dtype, optional
        float32 (default), float64 (default for float64 data), bool, uint8 or int8.
    out : numpy.ndarray, optional
        Array to fill and return; C-contiguous, of the output's shape and dtype.
    first_element, first_step : int
        Where in a larger array this part begins: flat C-order index of its first feature within a
        step, and its first time step.  Parts so encoded join to what the whole would have been.
    device : {None, "cpu", "numpy", "cuda", "cuda:1", ...}
        Where to compute; the bits are the same.  Data on a GPU (anything with
        ``__cuda_array_interface__``) are used there, and the result stays there.
    stream : optional
        CUDA stream for the kernels: Numba's, CuPy's or torch's, or a pointer.  Nothing waits for
        them when the data are on the GPU, and such data are not examined for NaN.

    Returns
    -------
    numpy.ndarray
        Spikes, 0 or 1, ``[num_steps, ...]``.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the data, a ``num_steps`` or ``first_spike_time`` that does not fit, both
        ``seed`` and ``uniforms``, an ``out`` of the wrong form, or an output larger than memory.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.rate``, with two differences: ``gain`` and ``offset`` hold for
    time-varying data too, and the random stream is spikecore's own (``uniforms=
    spikecore.random.torch_uniforms(seed, shape)`` gives torch's).

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.rate([0.0, 0.5, 1.0], num_steps=4, seed=0)
    array([[0., 0., 1.],
           [0., 1., 1.],
           [0., 0., 1.],
           [0., 1., 1.]])
    """
    given = arguments.array("data", data)
    values = arguments.real("data", given)
    varying = arguments.flag("time_var_input", time_var_input)
    num_steps = _rate_steps(values, num_steps, varying)
    gain = arguments.scalar("gain", gain, values.dtype)
    offset = arguments.scalar("offset", offset, values.dtype)
    lead = arguments.integer("first_spike_time", first_spike_time, 0)
    first_step = arguments.integer("first_step", first_step, 0, arguments.MAX_STEPS - num_steps)
    shape = (num_steps, *values.shape[varying:])
    size = math.prod(shape[1:])
    first_element = arguments.integer("first_element", first_element, 0, random.MAX_ELEMENT - size)
    if varying:
        if lead and first_step:
            raise ValueError(
                f"first_spike_time must be 0 when first_step is {first_step}, got {lead}; the "
                "silent steps belong to the first part of time-varying data"
            )
        shape = (num_steps + lead, *shape[1:])
        silent = lead
    else:
        if lead > first_step + num_steps - 1:
            raise ValueError(
                f"first_spike_time must be at most the last step, {first_step + num_steps - 1}, "
                f"got {lead}; lower it or raise num_steps"
            )
        silent = max(0, lead - first_step)
        first_step += silent
    dtype = arguments.spike_dtype(dtype, out, given.dtype)
    backend = backends.choose(device, data, stream=stream, outputs=math.prod(shape))
    arguments.finite("data", values, backend)
    if uniforms is not None:
        expected = values.shape if varying else shape
        uniforms = arguments.uniforms(uniforms, seed, expected, backend)
    result = arguments.output(out, shape, dtype, backend, data=given, uniforms=uniforms)
    key = random.key_of(seed, "rate")
    trains, on, off = backends.rows(result, dtype.type(1), dtype.type(0))
    if silent:
        backend.fill(trains[:silent], off)
    values = values.reshape(num_steps if varying else 1, size)
    if uniforms is None:
        backend.rate(values, gain, offset, key, first_element, first_step, on, off, trains[silent:])
    else:
        drawn = uniforms.reshape(uniforms.shape[0], size)[0 if varying else silent :]
        backend.rate_from_uniforms(values, gain, offset, drawn, on, off, trains[silent:])
    return result


def _rate_steps(values, num_steps, varying):
    """Number of steps to draw."""
    num_steps = arguments.optional_steps("num_steps", num_steps)
    if varying and num_steps is not None:
        raise ValueError(
            f"num_steps must not be given with time_var_input=True, got {num_steps}; the data's "
            "first axis and first_spike_time determine it"
        )
    if varying and values.ndim == 0:
        raise ValueError(
            f"data must have a time axis with time_var_input=True, got the scalar {values}; pass "
            "[num_steps, ...]"
        )
    if not varying and num_steps is None:
        raise ValueError(
            "num_steps must be given for static data, got None; pass num_steps, or "
            "time_var_input=True when the first axis of data is time"
        )
    return values.shape[0] if varying else num_steps


def rate_conv(
    data,
    *,
    seed=None,
    uniforms=None,
    dtype=None,
    out=None,
    first_element=0,
    first_step=0,
    device=None,
    stream=None,
):
    """Spike at every step of time-first data with probability ``clip(data, 0, 1)``.

    The same as ``rate(data, time_var_input=True)``, as in snnTorch 1.0.0, whose ``rate_conv`` adds
    no time axis: the first axis of the data is time.

    Parameters
    ----------
    data : array_like
        ``[num_steps, ...]``.
    seed, uniforms, dtype, out, first_element, first_step, device, stream
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        As :func:`rate`.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.rate_conv([0.0, 1.0, -3.0, 7.0], seed=0)
    array([0., 1., 0., 1.])
    """
    return rate(
        data,
        time_var_input=True,
        seed=seed,
        uniforms=uniforms,
        dtype=dtype,
        out=out,
        first_element=first_element,
        first_step=first_step,
        device=device,
        stream=stream,
    )


def delta(
    data,
    threshold=0.1,
    padding=False,
    off_spike=False,
    *,
    dtype=None,
    out=None,
    device=None,
    stream=None,
):
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
        Compare the first sample with itself, so that it never spikes, rather than with 0.
    off_spike : bool
        Give -1 where the signal falls.
    dtype, out, device, stream
        As in :func:`rate`; bool and uint8 cannot hold off-spikes.

    Returns
    -------
    numpy.ndarray
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the data, no time axis, a threshold that is not positive, a dtype that
        cannot hold -1, or an ``out`` of the wrong form.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.delta``, whose text says "greater than" and whose code
    compares with ``>=``, as here.  A part of a longer signal is encoded by passing the sample
    before it as well and dropping the first step.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.delta([1, 2, 0, 2, 2.9], threshold=1, off_spike=True)
    array([ 1.,  1., -1.,  1.,  0.])
    """
    given = arguments.array("data", data)
    values = arguments.real("data", given)
    if values.ndim == 0:
        raise ValueError(
            f"data must have a time axis, got the scalar {values}; pass [num_steps, ...]"
        )
    threshold = arguments.scalar("threshold", threshold, values.dtype, low=0, open_low=True)
    padding = arguments.flag("padding", padding)
    off_spike = arguments.flag("off_spike", off_spike)
    dtype = arguments.spike_dtype(dtype, out, given.dtype)
    if off_spike and dtype.kind in "bu":
        raise ValueError(
            f"dtype is {dtype}, which cannot hold the -1 of off_spike=True; use dtype=numpy.int8"
        )
    backend = backends.choose(device, data, stream=stream, outputs=values.size)
    arguments.finite("data", values, backend)
    result = arguments.output(out, values.shape, dtype, backend, data=given)
    silent, on = dtype.type(0), dtype.type(1)
    trains, on, off, silent = backends.rows(result, on, -on if off_spike else silent, silent)
    if result.size:
        samples = values.reshape(trains.shape)
        backend.delta(samples, threshold, padding, off_spike, on, off, silent, trains)
    return result
