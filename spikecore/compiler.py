"""Every Numba option of the package, each with its reason.

``equation`` marks a scalar equation: called from Python it stays the function that was written,
so NumPy arrays may be passed to it; called from a compiled kernel it is compiled into it.
``kernel`` compiles a loop of ``backends/cpu.py``.
"""

from pathlib import Path

from numba import njit, types
from numba.extending import intrinsic, overload, register_jitable

__all__ = ["equation", "intrinsic", "kernel", "overload", "types"]

# A cached kernel goes stale when an equation in *another* file changes, because Numba looks at
# the kernel's own file only.  An installed package changes as a whole (pip writes every file
# anew), so it may cache; a checkout, recognised by the setup.cfg beside it, may not.
INSTALLED = not (Path(__file__).resolve().parent.parent / "setup.cfg").exists()

equation = register_jitable(
    error_model="numpy",  # division by zero gives inf as in NumPy; no exception path in the loop
    forceinline=True,  # ten Philox rounds exceed LLVM's budget: 39 ms inlined by choice, 5 ms so
)

kernel = njit(
    error_model="numpy",
    nogil=True,  # the thread pool of backends/threads.py runs kernels side by side
    cache=INSTALLED,
)
