"""Choose the backend: modules with one function per kernel, of the same names and arguments.

``numpy`` evaluates the equations on whole arrays, one time step after another: the reference.
``cpu`` runs them in compiled loops on every core.  The choice never changes a bit of the result.
"""

import math
from importlib import import_module

import numpy as np

DEVICES = ("cpu", "numpy")


def choose(device=None):
    """The backend module for ``device``: ``None`` and ``"cpu"`` compile, ``"numpy"`` interprets."""
    if device is None:
        device = "cpu"
    if not isinstance(device, str):
        raise TypeError(f"device must be one of {DEVICES} or None, got {device!r}")
    if device not in DEVICES:
        raise ValueError(f"device must be one of {DEVICES} or None, got {device!r}")
    return import_module(f"spikecore.backends.{device}")


def rows(out, *levels):
    """``out`` as a plain [T, N] array and the levels to write, as the kernels take them.

    bool, uint8 and int8 share the int8 kernels: the levels' bits are what is stored, and three
    output dtypes are compiled instead of five.
    """
    trains = out.view(np.ndarray).reshape(out.shape[0], math.prod(out.shape[1:]))
    if out.dtype.itemsize == 1:
        return trains.view(np.int8), *(level.view(np.int8) for level in levels)
    return trains, *levels
