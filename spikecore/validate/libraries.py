"""Arrays of torch and JAX: how a candidate is given them, and how they come back as NumPy's.

Neither library is imported unless it is asked for by name.  ``"auto"`` looks only at libraries that
the candidate itself has imported.
"""

import sys
from importlib import import_module
from typing import Literal, TypeAlias, get_args

import numpy as np

Arrays: TypeAlias = Literal["auto", "numpy", "torch", "jax"]
ARRAYS = get_args(Arrays)


def require(library):
    """Import the library that a caller named, or say that it is missing."""
    if library in ("torch", "jax"):
        try:
            import_module(library)
        except ImportError as error:
            raise ImportError(
                f"arrays is {library!r}, but {library} is not installed; install it, or leave "
                "arrays at 'auto'"
            ) from error


def of_module(function):
    """``"torch"`` for torch's modules, else ``"numpy"``."""
    owner = type(getattr(function, "__self__", function))
    return "torch" if any(c.__module__.startswith("torch.nn.") for c in owner.__mro__) else "numpy"


def wanted_by(error, message):
    """The imported libraries whose arrays a candidate may have expected where NumPy's failed."""
    named = any(word in message for word in ("array", "numpy"))
    if not named and not isinstance(error, (AttributeError, TypeError)):  # data.size() is a call
        return []
    return [name for name in ("torch", "jax") if name in sys.modules]


def given(value, library):
    """An argument of the candidate as an array of the library; torch's shares its memory."""
    if library == "numpy" or not isinstance(value, np.ndarray):
        return value
    if library == "torch":
        return import_module("torch").from_numpy(np.require(value, requirements="CW"))
    array = import_module("jax.numpy").asarray(value)
    if value.dtype.kind == "f" and array.dtype != value.dtype:
        raise TypeError(f"JAX made {array.dtype} of {value.dtype}; set jax_enable_x64 to True")
    return array


def returned(value):
    """What the candidate returned, its tensors without gradient and in host memory."""
    if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
        return type(value)(returned(part) for part in value)
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return value.detach().cpu()
    return value
