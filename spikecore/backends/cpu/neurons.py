"""The loops of the neurons: independent neurons, or rows in which one neuron may fire."""

from functools import cache

import numpy as np

from spikecore.backends import threads
from spikecore.backends.columns import at, part, put, row_of
from spikecore.backends.cpu.tiles import WIDEST, wide
from spikecore.compiler import equation, kernel


@cache
def independent(step):
    """One step of neurons side by side, for one combination of axes: a loop for kernels."""
    count, advance, settle, emit = step.count, step.advance, step.settle, step.emit

    @equation
    def run(x, parameters, state, record, on, off, train):
        for i in range(x.size):
            numbers = at(parameters, i)
            old = at(state, i)
            before = count(old, numbers)
            new = advance(old, before, x[i], numbers)
            new, reported = settle(new, before, count(new, numbers), numbers)
            put(state, i, new)
            put(record, i, new)
            put(train, i, emit(reported, on, off))

    return run


@cache
def _neurons(step):
    """The kernel for one combination of axes and independent neurons."""
    advance = independent(step)

    @kernel
    def run(current, tile_size, parameters, state, records, on, off, spikes, start, stop):
        num_steps, size = current.shape
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            p = part(parameters, low, high)
            s = part(state, low, high)
            for t in range(num_steps):
                x = current[t, low:high]
                train = row_of(spikes, t, low, high)
                record = row_of(records, t, low, high)
                advance(x, p, s, record, on, off, train)

    return run


@cache
def _inhibited_neurons(step):
    """The kernel for one combination of axes if only the highest of a row may fire."""
    count, advance, settle, emit = step.count, step.advance, step.settle, step.emit
    only, height, moves = step.only, step.height, step.moves

    @equation
    def winner_of(state, parameters, width):
        """First neuron that is the furthest above its threshold."""
        winner = 0
        best = height(at(state, 0), at(parameters, 0))
        for i in range(1, width):
            above = height(at(state, i), at(parameters, i))
            if above > best:
                winner = i
                best = above
        return winner

    @kernel
    def run(current, width, parameters, state, records, on, off, spikes, start, stop):
        num_steps = current.shape[0]
        pending = np.empty(width, current.dtype)
        for sample in range(start, stop):
            low = sample * width
            high = low + width
            p = part(parameters, low, high)
            s = part(state, low, high)
            winner = winner_of(s, p, width)
            for t in range(num_steps):
                x = current[t, low:high]
                train = row_of(spikes, t, low, high)
                record = row_of(records, t, low, high)
                for i in range(width):
                    numbers = at(p, i)
                    old = at(s, i)
                    pending[i] = only(count(old, numbers), i == winner)
                    put(s, i, advance(old, pending[i], x[i], numbers))
                winner = winner_of(s, p, width)
                for i in range(width):
                    numbers = at(p, i)
                    new = at(s, i)
                    now = only(count(new, numbers), i == winner)
                    new, reported = settle(new, pending[i], now, numbers)
                    put(s, i, new)
                    put(record, i, new)
                    put(train, i, emit(reported, on, off))
                if moves:
                    winner = winner_of(s, p, width)

    return run


def neurons(step, width, current, parameters, state, records, on, off, spikes):
    """Run neurons over [T, M] currents; ``state`` is updated in place.

    With ``width`` the neurons form rows of that length; only the highest of a row may fire.
    """
    size = current.shape[1]
    if width:
        threads.run(
            _inhibited_neurons(step), size // width, 1.3 * current.size,
            current, width, parameters, state, records, on, off, spikes,
        )  # fmt: skip
    else:
        tile_size = wide(size, WIDEST)
        threads.run(
            _neurons(step), -(-size // tile_size), 0.4 * current.size,
            current, tile_size, parameters, state, records, on, off, spikes,
        )  # fmt: skip
