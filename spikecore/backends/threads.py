"""Run ranges of a compiled kernel on a pool of Python threads.

The kernels are serial and release the GIL, so threads are all that is needed.  ``parallel=True`` is
not used: Numba's workqueue layer aborts the process when two Python threads enter it at once, and
people call spikecore from data loaders and Dask workers.
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait

import numba
from numba.core.compiler_lock import global_compiler_lock
from numba.np.ufunc import parallel

from spikecore.backends.floats import standard_floats

# Nanoseconds of work below which the caller does it alone: to wake a thread and to wait for it
# takes 0.1 to 0.2 ms.
SMALL = 300_000

_pool = None


def thread_count():
    """SPIKECORE_NUM_THREADS, or else what ``numba.set_num_threads`` says."""
    text = os.environ.get("SPIKECORE_NUM_THREADS")
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(
                f"SPIKECORE_NUM_THREADS must be a whole number of at least 1, got {text!r}; "
                "unset it to use Numba's number of threads"
            )
        return int(text)
    # get_num_threads starts Numba's own threads, which a later fork would not survive.  Nobody can
    # have changed the number before they were started.
    if getattr(parallel, "_is_initialized", True):
        return numba.get_num_threads()
    return numba.config.NUMBA_NUM_THREADS


def run(kernel, num_tiles, nanoseconds, *arguments):
    """Call ``kernel(*arguments, start, stop)`` until every tile in range(num_tiles) is done.

    ``nanoseconds`` is about what all of it takes one thread.
    """
    workers = min(thread_count(), num_tiles)  # refuses nonsense, however small the work
    with standard_floats():  # also of the threads that start here, which do nothing else
        if workers <= 1 or nanoseconds <= SMALL:
            kernel(*arguments, 0, num_tiles)
        else:
            _share(kernel, num_tiles, workers, arguments)


def _share(kernel, num_tiles, workers, arguments):
    """Call the kernel in this thread and in others."""
    ranges = deque(_ranges(num_tiles, workers))

    def take():
        while True:
            try:
                start, stop = ranges.popleft()
            except IndexError:
                return
            kernel(*arguments, start, stop)

    pool = _shared_pool(workers - 1)
    others = [pool.submit(take) for _ in range(workers - 1)]
    try:
        take()
    finally:  # no thread writes to the caller's arrays after an error was raised
        ranges.clear()
        begun = [other for other in others if not other.cancel()]
        wait(begun)
        arguments = ()  # a thread that was called off holds its task until it wakes, not the arrays
    for other in begun:
        other.result()


def _ranges(num_tiles, workers):
    """Ranges of tiles that grow smaller, so that a thread that is late or slow holds up none."""
    start = 0
    while start < num_tiles:
        stop = start + max(1, (num_tiles - start) // (2 * workers))
        yield start, stop
        start = stop


def _shared_pool(workers):
    """The process's pool, made anew when more workers are asked for."""
    global _pool
    if _pool is None or _pool._max_workers < workers:
        _pool = ThreadPoolExecutor(workers, thread_name_prefix="spikecore")
    return _pool


def _forget_pool():
    """A forked child has the pool object but none of its threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
    # A thread that compiles holds this lock.  A forked child would have the lock without the thread
    # and wait for ever at its first call, so a fork waits until nothing is compiled.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
