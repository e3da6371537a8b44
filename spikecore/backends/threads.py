"""Run ranges of a compiled kernel on a pool of Python threads.

The kernels are serial and release the GIL, so threads are all that is needed.  ``parallel=True`` is
not used: Numba's workqueue layer aborts the process when two Python threads enter it at once, and
people call spikecore from data loaders and Dask workers.
"""

import os
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise

import numba
from numba.np.ufunc import parallel

# Below this many outputs a kernel ends before a second thread would have begun.
SMALL = 1 << 15

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


def run(kernel, num_tiles, num_outputs, *arguments):
    """Call ``kernel(*arguments, start, stop)`` until every tile in range(num_tiles) is done."""
    workers = min(thread_count(), num_tiles) if num_outputs > SMALL else 1
    if workers <= 1:
        kernel(*arguments, 0, num_tiles)
        return
    bounds = [num_tiles * worker // workers for worker in range(workers + 1)]
    pool = _shared_pool(workers - 1)
    others = [pool.submit(kernel, *arguments, start, stop) for start, stop in pairwise(bounds[1:])]
    try:
        kernel(*arguments, bounds[0], bounds[1])
    finally:
        wait(others)  # no thread writes to the caller's arrays after an error was raised
    for other in others:
        other.result()


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
