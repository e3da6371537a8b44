"""The CUDA kernels that follow a signal through time: scan, slide and fold."""

from functools import cache

import numpy as np
from numba import cuda

from spikecore.arithmetic import like
from spikecore.backends.columns import at
from spikecore.backends.columns import put as put_column
from spikecore.backends.cuda.kernels import AHEAD, four, get, put, unsigned
from spikecore.backends.loops import window_at
from spikecore.compiler import equation

# As in kernels.py: the simulator replaces ``cuda`` in the module of a kernel and in no other.


@equation
def first_column():
    """First element of this thread."""
    return np.int64(cuda.blockIdx.x) * np.int64(cuda.blockDim.x) + np.int64(cuda.threadIdx.x)


@equation
def columns():
    """Elements from one of this thread's to the next."""
    return np.int64(cuda.gridDim.x) * np.int64(cuda.blockDim.x)


@equation
def first_row():
    """First step (or block of steps) of this thread."""
    return np.int64(cuda.blockIdx.y) * np.int64(cuda.blockDim.y) + np.int64(cuda.threadIdx.y)


@equation
def rows():
    """Steps from one of this thread's to the next."""
    return np.int64(cuda.gridDim.y) * np.int64(cuda.blockDim.y)


def _writer(emit, second):
    """Store what is written for the count of an element: a value, or two side by side."""

    @equation
    def write(out, t, i, count, levels):
        put(out, t, i, emit(count, levels))

    @equation
    def write_both(out, t, i, count, levels):
        put(out, t, 2 * i, emit(count, levels))
        put(out, t, 2 * i + 1, second(count, levels))

    return write if second is None else write_both


@cache
def scan(code):
    """The kernel for one code, 8 steps at a time; with ``recall`` a thread begins at any step."""
    step, emit, recall, second = code
    write = _writer(emit, second)
    recalls = recall is not None
    remember = recall if recalls else (lambda x: x)

    @equation
    def take(state, x, numbers, levels, t, i, out):
        """One step of one element, and its state afterwards."""
        state, count = step(state, x, numbers)
        write(out, t, i, count, levels)
        return state

    @cuda.jit
    def run(data, state, numbers, levels, out):
        num_steps, size = data.shape
        start, stride = (first_row(), rows()) if recalls else (0, 1)
        for i in range(first_column(), size, columns()):
            s = at(state, unsigned(i))
            n = at(numbers, unsigned(i))
            for group in range(start, (num_steps + AHEAD - 1) // AHEAD, stride):
                t = group * AHEAD
                if recalls and t > 0:
                    s = remember(get(data, t - 1, i))
                if t + AHEAD <= num_steps:
                    x0, x1, x2, x3 = four(data, t, i)
                    x4, x5, x6, x7 = four(data, t + 4, i)
                    s = take(s, x0, n, levels, t, i, out)
                    s = take(s, x1, n, levels, t + 1, i, out)
                    s = take(s, x2, n, levels, t + 2, i, out)
                    s = take(s, x3, n, levels, t + 3, i, out)
                    s = take(s, x4, n, levels, t + 4, i, out)
                    s = take(s, x5, n, levels, t + 5, i, out)
                    s = take(s, x6, n, levels, t + 6, i, out)
                    s = take(s, x7, n, levels, t + 7, i, out)
                else:
                    for moment in range(t, num_steps):
                        s = take(s, get(data, moment, i), n, levels, moment, i, out)
            if not recalls:
                put_column(state, unsigned(i), s)

    return run


@cache
def slide(code):
    """The kernel for one code; row 0 of ``out`` is step ``first_step``, row 0 of ``data`` another.

    A thread begins anywhere in time, and reads the window of each of its steps.
    """
    step, emit, second = code
    write = _writer(emit, second)

    @cuda.jit
    def run(data, first_row_of_data, first_step, whole, window, growing, numbers, levels, out):
        num_steps = out.shape[0]
        size = data.shape[1]
        for i in range(first_column(), size, columns()):
            n = at(numbers, unsigned(i))
            for row in range(first_row(), num_steps, rows()):
                t = first_step + row
                first, last = window_at(t, window, whole, growing)
                total = get(data, first - first_row_of_data, i)
                for s in range(first + 1, last):
                    total = total + get(data, s - first_row_of_data, i)
                mean = total / like(total, last - first)
                x = get(data, t - first_row_of_data, i)
                write(out, row, i, step(mean, x, n), levels)

    return run


@cache
def fold(step):
    """The kernel for one equation, 8 steps at a time; one thread takes all steps of an element."""

    @cuda.jit
    def run(data, state, numbers):
        num_steps, size = data.shape
        together = num_steps - num_steps % AHEAD
        for i in range(first_column(), size, columns()):
            s = at(state, unsigned(i))
            n = at(numbers, unsigned(i))
            for t in range(0, together, AHEAD):
                x0, x1, x2, x3 = four(data, t, i)
                x4, x5, x6, x7 = four(data, t + 4, i)
                s = step(step(step(step(s, x0, n), x1, n), x2, n), x3, n)
                s = step(step(step(step(s, x4, n), x5, n), x6, n), x7, n)
            for t in range(together, num_steps):
                s = step(s, get(data, t, i), n)
            put_column(state, unsigned(i), s)

    return run
