"""Spike times of the latency codes, before they are rounded to steps."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments
from spikecore.annotations import Array, Data, Device, Integer, Number, Stream
from spikecore.codes.latency import is_silent, latest_time, numbers_of, spike_time


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
