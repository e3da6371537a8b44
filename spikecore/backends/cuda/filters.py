"""The loops of filters on a GPU: deconvolve and convolve, and how they are launched."""

from functools import cache

import numpy as np
from numba import cuda

from spikecore.arithmetic import like, select
from spikecore.backends import on_gpu
from spikecore.backends.columns import at
from spikecore.backends.cuda.kernels import get, put, unsigned
from spikecore.backends.loops import taps_at, taps_behind
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
    """First step of this thread."""
    return np.int64(cuda.blockIdx.y) * np.int64(cuda.blockDim.y) + np.int64(cuda.threadIdx.y)


@equation
def rows():
    """Steps from one of this thread's to the next."""
    return np.int64(cuda.gridDim.y) * np.int64(cuda.blockDim.y)


@cache
def deconvolve(code):
    """The kernel for one code; row 0 of ``out`` is step ``first_step``, row 0 of ``rest`` another.

    One thread takes all steps of an element, because each changes what the next ones see.
    """
    miss, size, fires = code
    sized = size is not None
    size_of = size if sized else (lambda u: u)

    @cuda.jit
    def run(rest, row_0, first_step, num_steps, taps, offsets, end, numbers, levels, out):
        num_taps = np.int64(taps.size)
        for i in range(first_column(), out.shape[1], columns()):
            n = at(numbers, unsigned(i))
            for moment in range(out.shape[0]):
                t = first_step + moment
                spike = levels.silent
                if t < end:
                    missed, total = like(taps[0], 0), like(taps[0], 0)
                    row = np.int64(t + offsets[0])
                    first, last = taps_at(row, num_taps, num_steps)
                    for k in range(first, last):
                        missed = missed + miss(get(rest, row + k - row_0, i), taps[unsigned(k)])
                    if sized:
                        row = np.int64(t + offsets[1])
                        first, last = taps_at(row, num_taps, num_steps)
                        for k in range(first, last):
                            total = total + size_of(get(rest, row + k - row_0, i))
                    fired = fires(missed, total, n)
                    spike = select(fired, levels.on, levels.silent)
                    if fired:
                        row = np.int64(t + offsets[2])
                        first, last = taps_at(row, num_taps, num_steps)
                        for k in range(first, last):
                            u = get(rest, row + k - row_0, i)
                            put(rest, row + k - row_0, i, u - taps[unsigned(k)])
                put(out, moment, i, spike)

    return run


@cache
def convolve(code):
    """The kernel for one decoder; row 0 of ``out`` is step ``first_step``."""
    add, finish = code

    @cuda.jit
    def run(data, row_0, first_step, num_steps, taps, delay, numbers, out):
        for i in range(first_column(), out.shape[1], columns()):
            n = at(numbers, unsigned(i))
            for moment in range(first_row(), out.shape[0], rows()):
                ahead = np.int64(first_step + moment + delay)
                first, last = taps_behind(ahead, np.int64(taps.size), np.int64(num_steps))
                total = like(taps[0], 0)
                for k in range(first, last):
                    total = add(total, get(data, ahead - k - row_0, i), taps[unsigned(k)])
                put(out, moment, i, finish(total, n))

    return run


class Filters:
    """The functions of filters of ``cuda.Backend``."""

    def deconvolve(self, code, rest, taps, offsets, end, numbers, levels, out):
        """Spikes of a filter that is taken away from ``rest``, in place, before step ``end``."""
        reach = min(offsets), max(offsets) + len(taps)
        for moment, part, some, there, limits in self._filtered(rest, reach, taps, numbers, out):
            span, begin = some
            self._launch(
                deconvolve(code), out.shape[1], 1,
                span, begin, moment.start, len(rest), there, offsets, end, limits, levels, part,
            )  # fmt: skip
            if span is not rest:  # the next chunk sees what this one took away
                self._to_host(span, rest[begin : begin + len(span)])

    def convolve(self, code, data, taps, delay, numbers, out):
        """Sums of samples weighted by taps, step t from ``data[t + delay]`` backwards."""
        reach = delay - len(taps) + 1, delay + 1
        for moment, part, some, there, limits in self._filtered(data, reach, taps, numbers, out):
            self._launch(
                convolve(code), out.shape[1], len(part),
                *some, moment.start, len(data), there, delay, limits, part,
            )  # fmt: skip

    def _filtered(self, data, reach, taps, numbers, out):
        """For each chunk of time: its slice and output, its samples with their first row, the rest.

        The steps of a chunk need samples from ``reach[0]`` to, not including, ``reach[1]`` of them.
        """
        with self._device():
            there, limits = self._to_device(taps), self._all_to_device(numbers)
            per_step = data[:1].nbytes
            fixed = per_step * min(reach[1] - reach[0], len(data))
            for moment, part in self._chunks(out, out[:1].nbytes + per_step, fixed):
                if on_gpu(data):
                    yield moment, part, (data, 0), there, limits
                    continue
                begin = min(max(0, moment.start + reach[0]), len(data) - 1)
                some = data[begin : max(begin + 1, moment.stop + reach[1] - 1)]
                yield moment, part, (self._to_device(some), begin), there, limits
