"""Choose the backend.  Every backend has the same functions, with the same arguments.

``numpy`` evaluates the equations on whole arrays, one time step after another: the reference.
``cpu`` runs them in compiled loops on every core, ``cuda`` on a GPU.  The choice never changes a
bit of the result.
"""

import math
import os
import re
from importlib import import_module
from operator import methodcaller
from typing import get_args

import numpy as np

from spikecore.annotations import DeviceName
from spikecore.foreign import has, shown

MOST_DIGITS = 19  # of a number in an environment variable, which is then below 2**63
DEVICES = get_args(DeviceName)


class DeviceError(RuntimeError):
    """A device that the caller named cannot be used."""


class SettingError(ValueError):
    """An environment variable of spikecore holds what cannot be."""


def on_gpu(value):
    """Whether a value is an array on a GPU, of Numba, CuPy or torch."""
    if value is None or isinstance(value, np.ndarray):  # 0.05 us; to look for attributes, 1.1
        return False
    return has(value, "__cuda_array_interface__") or has(value, "__cuda_ndarray__")


def choose(device=None, *data, stream=None, outputs=0):
    """The backend for ``device`` and for the place of the data.

    Data on a GPU are used there.  For data in the host's memory, ``None`` means
    ``SPIKECORE_DEVICE`` if it is set; else a GPU, if there is one and if there are at least
    ``SPIKECORE_CUDA_CROSSOVER`` outputs; else the CPU.  A named device that cannot be used is an
    error; spikecore never takes another device instead.
    """
    resident = any(on_gpu(array) for array in data)
    if device is None and not resident:
        device = _default_device(outputs)
    kind, index = _parse("device", device if device is not None else "cuda")
    if kind != "cuda":
        if resident:
            raise ValueError(
                f"device must be None or 'cuda' for data on a GPU, got {shown(device)}; copy the "
                "data to the host first"
            )
        if stream is not None:
            raise ValueError(
                f"stream must be None on device {kind!r}, got {shown(stream)}; leave it out"
            )
        return import_module(f"spikecore.backends.{kind}")
    return _cuda_backend(index, stream, resident, data)


def host_device():
    """The device for work without a ``device``: "numpy" if SPIKECORE_DEVICE says so, or "cpu"."""
    return "numpy" if os.environ.get("SPIKECORE_DEVICE") == "numpy" else "cpu"


def on_host():
    """The backend for work without a ``device``."""
    return import_module(f"spikecore.backends.{host_device()}")


def _parse(name, device):
    """Kind and number (or None) of a device's name."""
    if not isinstance(device, str):
        raise TypeError(
            f"{name} must be one of {DEVICES} or None, got {shown(device)}; pass a name"
        )
    if device in ("cpu", "numpy", "cuda"):  # 0.05 us; the expression, 0.9
        return device, None
    match = re.fullmatch(r"cuda:(\d+)", device)
    if match is None:
        raise ValueError(
            f"{name} must be one of {DEVICES}, 'cuda:1' or None, got {shown(device)}; pass one of "
            "these"
        )
    return "cuda", int(match[1])


def _default_device(outputs):
    """The device for data in the host's memory when the caller names none."""
    named = os.environ.get("SPIKECORE_DEVICE")
    if named:
        try:
            _parse("SPIKECORE_DEVICE", named)
        except ValueError as error:
            raise SettingError(str(error)) from None
        return named
    crossover = os.environ.get("SPIKECORE_CUDA_CROSSOVER")
    if not crossover:  # not measured on a GPU yet; the copies may take longer than is gained
        return "cpu"
    least = decimal(
        "SPIKECORE_CUDA_CROSSOVER", crossover, 0, "be a number of outputs",
        "keep data of the host on the CPU",
    )  # fmt: skip
    return "cuda" if outputs >= least and _cuda().reason_unavailable() is None else "cpu"


def decimal(name, text, low, must, without):
    """The whole number that an environment variable holds."""
    if text.isdecimal() and len(text) < MOST_DIGITS and int(text) >= low:
        return int(text)
    raise SettingError(f"{name} must {must}, got {shown(text)}; unset it to {without}")


def _cuda():
    return import_module("spikecore.backends.cuda")


def _cuda_backend(index, stream, resident, data):
    """A backend on one GPU; an error with the reason if none can be used."""
    cuda = _cuda()
    cuda.refuse_after_fork()
    reason = cuda.reason_unavailable()
    if reason is not None:
        raise DeviceError(
            f"device='cuda' cannot be used: {reason}; use device='cpu', or see python -m spikecore "
            "info"
        )
    found = cuda.count()
    places = {cuda.index_of(array) for array in data if on_gpu(array)}
    if index is None:
        index = places.pop() if len(places) == 1 else 0
    if index >= found or places - {index}:
        raise DeviceError(
            f"device='cuda:{index}' cannot be used: {found} GPUs were found and the data lie on "
            f"{sorted(places) or 'the host'}; bring them together on one of the GPUs"
        )
    return cuda.Backend(index, cuda.as_stream(stream), resident)


def adopt(value):
    """An array on a GPU as Numba's, without a copy."""
    reason = _cuda().reason_unavailable()
    if reason is not None:
        raise DeviceError(f"no GPU can be used: {reason}; copy it to the host first")
    return _cuda().adopt(value)


def devices() -> dict[str, str]:
    """The devices that can compute.

    Returns
    -------
    dict of str to str
        ``"cpu"`` and each ``"cuda:N"`` with a description; ``"cuda"`` with the reason, if no GPU
        can be used.

    Examples
    --------
    >>> import spikecore
    >>> "cpu" in spikecore.devices()
    True
    """
    from spikecore.backends.threads import thread_count

    found = {"cpu": f"{os.cpu_count()} processors, {thread_count()} threads"}
    reason = _cuda().reason_unavailable()
    if reason is not None:
        return {**found, "cuda": f"not used: {reason}"}
    return {**found, **{f"cuda:{i}": text for i, text in enumerate(_cuda().describe())}}


_AS_INT8 = methodcaller("view", np.int8)


def rows(out, *levels):
    """``out`` as a plain [T, N] array and the levels to write, as the kernels need them.

    bool, uint8 and int8 share the int8 kernels, which store the bits of the levels, so that three
    output dtypes are compiled instead of five.
    """
    plain = out.view(np.ndarray) if isinstance(out, np.ndarray) else out
    trains = plain.reshape(out.shape[0], math.prod(out.shape[1:]))
    if out.dtype.itemsize == 1:
        return trains.view(np.int8), *map(_AS_INT8, levels)
    return trains, *levels
