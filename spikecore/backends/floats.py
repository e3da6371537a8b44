"""The floating-point mode: round to nearest, and keep subnormal numbers.

A library may make the processor replace subnormal numbers by zero (``torch.set_flush_denormal``,
code linked with ``-ffast-math``).  Each thread has its mode, and a new thread copies that of the
thread which starts it.  Without setting the mode, results would depend on the caller and on
which thread computes a tile.
"""

import contextlib
import ctypes
import functools
import os
import sys

ENVIRONMENT = ctypes.c_uint64 * 8  # at least as large as C's ``fenv_t`` on any system


def _functions():
    """C's ``fegetenv`` and ``fesetenv`` and the default environment; None if they are not known.

    On Windows an environment does not include this mode.
    """
    try:
        library = ctypes.PyDLL(None)  # keeps the GIL: 0.15 us a call
        if sys.platform == "darwin":
            default = ctypes.byref(ENVIRONMENT.in_dll(library, "_FE_DFL_ENV"))
        elif sys.platform == "linux" and os.uname().machine in ("x86_64", "aarch64"):
            default = ctypes.c_void_p(-1)  # FE_DFL_ENV of glibc and of musl
        else:
            return None
        return library.fegetenv, library.fesetenv, default
    except (AttributeError, OSError, TypeError, ValueError):
        return None


class StandardFloats:
    """A context: this thread computes in the standard mode, then has its own again (0.7 us)."""

    __slots__ = ("_callers",)

    def __enter__(self):
        get, put, default = FUNCTIONS
        self._callers = ENVIRONMENT()
        get(self._callers)
        put(default)

    def __exit__(self, *error):
        FUNCTIONS[1](self._callers)


FUNCTIONS = _functions()
standard_floats = StandardFloats if FUNCTIONS else contextlib.nullcontext


def in_standard_floats(function):
    """The function, computing in the standard mode."""

    @functools.wraps(function)
    def compute(*arguments):
        with standard_floats():
            return function(*arguments)

    return compute
