"""Run ranges of a compiled kernel on a pool of Python threads.

The kernels are serial and release the GIL, so Python threads are enough.  ``parallel=True`` is not
used: Numba's workqueue layer aborts the process when two Python threads enter it at once, and data
loaders and Dask workers call spikecore from several threads.
"""

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait

import numba
from numba.core.compiler_lock import global_compiler_lock
from numba.np.ufunc import parallel

from spikecore.backends import decimal
from spikecore.backends.floats import standard_floats

# Nanoseconds of work below which the caller's thread does all of it: waking another thread and
# waiting for it takes 0.1 to 0.2 ms.
SMALL = 300_000

_pool = None
_this_thread = threading.local()  # .shares: whether it runs ranges of a larger piece of work


def thread_count():
    """SPIKECORE_NUM_THREADS, or else the number set by ``numba.set_num_threads``."""
    text = os.environ.get("SPIKECORE_NUM_THREADS")
    if text:
        must, without = "be a whole number of at least 1", "use Numba's number of threads"
        return decimal("SPIKECORE_NUM_THREADS", text, 1, must, without)
    # get_num_threads starts Numba's threads, which do not survive a later fork.  Before they are
    # started, nobody can have changed their number.
    if getattr(parallel, "_is_initialized", True):
        return numba.get_num_threads()
    return numba.config.NUMBA_NUM_THREADS


def run(kernel, num_tiles, nanoseconds, *arguments):
    """Call ``kernel(*arguments, start, stop)`` until every tile in range(num_tiles) is done.

    ``nanoseconds`` is roughly what one thread needs for all tiles.  ``kernel`` may be a function
    that calls kernels itself: each of them then runs whole in the thread that calls it.
    """
    workers = min(thread_count(), num_tiles)  # refuses a wrong setting for little work too
    with standard_floats():  # also in threads that start here and copy this mode
        if workers <= 1 or nanoseconds <= SMALL or getattr(_this_thread, "shares", False):
            kernel(*arguments, 0, num_tiles)
        else:
            _share(kernel, num_tiles, workers, arguments)


def _share(kernel, num_tiles, workers, arguments):
    """Call the kernel in this thread and in threads of the pool."""
    ranges = deque(_ranges(num_tiles, workers))

    def take():
        _this_thread.shares = True
        try:
            while True:
                try:
                    start, stop = ranges.popleft()
                except IndexError:
                    return
                kernel(*arguments, start, stop)
        finally:
            _this_thread.shares = False

    pool = _shared_pool(workers - 1)
    tasks = [pool.submit(take) for _ in range(workers - 1)]
    try:
        take()
    finally:  # no thread writes to the caller's arrays after an error was raised
        ranges.clear()
        begun = [task for task in tasks if not task.cancel()]
        wait(begun)
        arguments = ()  # a cancelled task stays in the pool's queue for a while, without the arrays
    for task in begun:
        task.result()


def _ranges(num_tiles, workers):
    """Ranges of tiles, smaller and smaller, so that a late or slow thread delays the end little."""
    start = 0
    while start < num_tiles:
        stop = start + max(1, (num_tiles - start) // (2 * workers))
        yield start, stop
        start = stop


def _shared_pool(workers):
    """The process's pool, replaced when a call needs more workers."""
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
    # A thread that compiles holds this lock.  A forked child would have the held lock but not the
    # thread, and would wait for ever at its first call, so a fork waits until compilation ends.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
