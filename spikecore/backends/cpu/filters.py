"""The loops of filters: deconvolve, which takes one out of a signal, and convolve."""

from functools import cache

import numpy as np

from spikecore.arithmetic import like, select
from spikecore.backends import threads
from spikecore.backends.columns import at, part
from spikecore.backends.cpu.tiles import tile_count, wide
from spikecore.backends.loops import taps_at, taps_behind
from spikecore.compiler import equation, kernel

NARROW = 256  # elements in a tile: the rows under a filter of 64 taps stay in L2, of 17 in L1


@cache
def _deconvolve(code):
    """The kernel for the equations of one code."""
    miss, size, fires = code
    sized = size is not None
    size_of = size if sized else (lambda u: u)

    @equation
    def add_misses(sums, u, tap):
        for i in range(u.size):
            sums[i] = sums[i] + miss(u[i], tap)

    @equation
    def add_sizes(sums, u):
        for i in range(u.size):
            sums[i] = sums[i] + size_of(u[i])

    @kernel
    def run(rest, taps, offsets, end, numbers, levels, tile_size, out, start, stop):
        num_steps, size = rest.shape
        missed, total = np.empty(tile_size, rest.dtype), np.zeros(tile_size, rest.dtype)
        fired = np.empty(tile_size, np.bool_)
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            limits = part(numbers, low, high)
            for t in range(end):
                missed[:] = 0
                row = t + offsets[0]
                first, last = taps_at(row, taps.size, num_steps)
                for k in range(first, last):
                    add_misses(missed, rest[row + k, low:high], taps[k])
                if sized:
                    total[:] = 0
                    row = t + offsets[1]
                    first, last = taps_at(row, taps.size, num_steps)
                    for k in range(first, last):
                        add_sizes(total, rest[row + k, low:high])
                spikes = out[t, low:high]
                for i in range(high - low):
                    fired[i] = fires(missed[i], total[i], at(limits, i))
                    spikes[i] = select(fired[i], levels.on, levels.silent)
                row = t + offsets[2]
                first, last = taps_at(row, taps.size, num_steps)
                for k in range(first, last):
                    tap, u = taps[k], rest[row + k, low:high]
                    for i in range(high - low):
                        u[i] = u[i] - select(fired[i], tap, like(tap, 0))
            for t in range(end, num_steps):
                out[t, low:high] = levels.silent

    return run


def deconvolve(code, rest, taps, offsets, end, numbers, levels, out):
    """Spikes of a filter that is taken away from ``rest``, in place, before step ``end``.

    The three offsets are where the two sums and the subtraction begin, from the step on.
    """
    tile_size = wide(rest.shape[1], NARROW)
    threads.run(
        _deconvolve(code), tile_count(rest.shape[1], tile_size), 0.5 * rest.size * len(taps),
        rest, taps, offsets, end, numbers, levels, tile_size, out,
    )  # fmt: skip


@cache
def _convolve(code):
    """The kernel for the equations of one decoder."""
    add, finish = code

    @kernel
    def run(data, taps, delay, numbers, tile_size, out, start, stop):
        num_steps, size = out.shape
        total = np.empty(tile_size, out.dtype)
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            limits = part(numbers, low, high)
            for t in range(num_steps):
                total[:] = 0
                ahead = t + delay
                first, last = taps_behind(ahead, taps.size, num_steps)
                for k in range(first, last):
                    tap, x = taps[k], data[ahead - k, low:high]
                    for i in range(high - low):
                        total[i] = add(total[i], x[i], tap)
                row = out[t, low:high]
                for i in range(high - low):
                    row[i] = finish(total[i], at(limits, i))

    return run


def convolve(code, data, taps, delay, numbers, out):
    """Sums of samples weighted by taps, step t from ``data[t + delay]`` backwards."""
    tile_size = wide(out.shape[1], NARROW)
    threads.run(
        _convolve(code), tile_count(out.shape[1], tile_size), 0.2 * out.size * len(taps),
        data, taps, delay, numbers, tile_size, out,
    )  # fmt: skip
