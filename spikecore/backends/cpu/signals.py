"""The loops that follow a signal through time: scan, slide and fold."""

from functools import cache

import numpy as np

from spikecore.arithmetic import like
from spikecore.backends import threads
from spikecore.backends.columns import at, part, put
from spikecore.backends.cpu.tiles import TILE, tile_count, wide
from spikecore.backends.loops import window_at
from spikecore.compiler import equation, kernel


def _writer(emit, second):
    """Store what is written for the count of an element: a value, or two side by side."""

    @equation
    def write(row, i, count, levels):
        row[i] = emit(count, levels)

    @equation
    def write_both(row, i, count, levels):
        row[2 * i] = emit(count, levels)
        row[2 * i + 1] = second(count, levels)

    return (write, 1) if second is None else (write_both, 2)


# --- scan: a state goes through time ------------------------------------------------------------


@cache
def _scan(code):
    """The kernel for the equations of one code."""
    step, emit, recall, second = code
    write, width = _writer(emit, second)
    if recall is not None:
        return _recalling_scan(step, recall, write, width)

    @kernel
    def run(data, state, numbers, levels, tile_size, out, start, stop):
        num_steps, size = data.shape
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            held = part(state, low, high)
            limits = part(numbers, low, high)
            for t in range(num_steps):
                x = data[t, low:high]
                row = out[t, width * low : width * high]
                for i in range(high - low):
                    after, count = step(at(held, i), x[i], at(limits, i))
                    put(held, i, after)
                    write(row, i, count, levels)

    return run


def _recalling_scan(step, recall, write, width):
    """The kernel that recalls the state: 3.2 ms, where a stored state takes 4.1 ms."""

    @kernel
    def run(data, state, numbers, levels, tile_size, out, start, stop):
        num_steps, size = data.shape
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            held = part(state, low, high)
            limits = part(numbers, low, high)
            if num_steps:
                x = data[0, low:high]
                row = out[0, width * low : width * high]
                for i in range(high - low):
                    _, count = step(at(held, i), x[i], at(limits, i))
                    write(row, i, count, levels)
            for t in range(1, num_steps):
                x = data[t, low:high]
                before = data[t - 1, low:high]
                row = out[t, width * low : width * high]
                for i in range(high - low):
                    _, count = step(recall(before[i]), x[i], at(limits, i))
                    write(row, i, count, levels)

    return run


def scan(code, data, state, numbers, levels, out):
    """Spikes of a state that changes from step to step, beginning with ``state``."""
    tile_size = wide(data.shape[1])
    threads.run(
        _scan(code), tile_count(data.shape[1], tile_size), 0.2 * data.size,
        data, state, numbers, levels, tile_size, out,
    )  # fmt: skip


# --- slide: a sample beside the mean of those before it -----------------------------------------


@cache
def _slide(code):
    """The kernel for the equations of one code."""
    step, emit, second = code
    write, width = _writer(emit, second)

    @kernel
    def run(data, window, growing, numbers, levels, tile_size, out, start, stop):
        num_steps, size = data.shape
        totals = np.empty(tile_size, data.dtype)
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            limits = part(numbers, low, high)
            for t in range(num_steps):
                first, last = window_at(t, window, num_steps, growing)
                x = data[first, low:high]
                for i in range(high - low):
                    totals[i] = x[i]
                fours = first + 1 + (last - first - 1) // 4 * 4
                for s in range(first + 1, fours, 4):  # fewer visits to the totals
                    x0, x1 = data[s, low:high], data[s + 1, low:high]
                    x2, x3 = data[s + 2, low:high], data[s + 3, low:high]
                    for i in range(high - low):
                        totals[i] = (((totals[i] + x0[i]) + x1[i]) + x2[i]) + x3[i]
                for s in range(fours, last):
                    x = data[s, low:high]
                    for i in range(high - low):
                        totals[i] += x[i]
                x = data[t, low:high]
                row = out[t, width * low : width * high]
                for i in range(high - low):
                    mean = totals[i] / like(x[i], last - first)
                    write(row, i, step(mean, x[i], at(limits, i)), levels)

    return run


def slide(code, data, window, growing, numbers, levels, out):
    """Spikes of the difference between a sample and the mean of those before it."""
    tile_size = wide(data.shape[1], TILE)  # the rows of a window stay in L1
    reads = min(window, len(data)) * data.size
    threads.run(
        _slide(code), tile_count(data.shape[1], tile_size), 0.1 * reads,
        data, window, growing, numbers, levels, tile_size, out,
    )  # fmt: skip


# --- fold: a state goes through time, and nothing else is wanted --------------------------------


@cache
def _fold(step):
    """The kernel for one equation."""

    @kernel
    def run(data, state, numbers, tile_size, start, stop):
        num_steps, size = data.shape
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            held = part(state, low, high)
            limits = part(numbers, low, high)
            for t in range(num_steps):
                x = data[t, low:high]
                for i in range(high - low):
                    put(held, i, step(at(held, i), x[i], at(limits, i)))

    return run


def fold(step, data, state, numbers):
    """Take a state through time; nothing is written but the state."""
    tile_size = wide(data.shape[1])
    threads.run(
        _fold(step), tile_count(data.shape[1], tile_size), 0.2 * data.size,
        data, state, numbers, tile_size,
    )  # fmt: skip
