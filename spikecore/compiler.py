"""Every Numba option of the package, each with its reason.

``equation`` marks a scalar equation: called from Python it stays the function that was written,
so NumPy arrays may be passed to it; called from a compiled kernel it is compiled into it.
``kernel`` compiles a loop of ``backends/cpu.py``.  Both may be closures, over plain data and over
further equations, which must have their values when the decorator is reached.
"""

from numba import njit, types
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic, overload, register_jitable

from spikecore.kernel_cache import KernelCache
from spikecore.kernel_identity import named

__all__ = ["equation", "intrinsic", "kernel", "overload", "types"]

_jitable = register_jitable(
    error_model="numpy",  # division by zero gives inf as in NumPy; no exception path in the loop
    forceinline=True,  # ten Philox rounds exceed LLVM's budget: 39 ms inlined by choice, 5 ms so
)

_jit = njit(
    error_model="numpy",
    nogil=True,  # the thread pool of backends/threads.py runs kernels side by side
)


def equation(function):
    """Compile a scalar equation into the kernels that call it."""
    return _jitable(named(function))


def kernel(function):
    """Compile a loop, or take it from the cache, when it is first called."""
    dispatcher = _jit(named(function))
    if isinstance(dispatcher, Dispatcher):  # NUMBA_DISABLE_JIT leaves the function as it is
        dispatcher._cache = KernelCache(function)
    return dispatcher
