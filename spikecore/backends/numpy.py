"""The reference: the equations on whole arrays, one time step after another, without Numba.

Slow and plain on purpose.  ``cpu`` and ``cuda`` have functions of the same names and arguments,
which give the same bits.
"""

from functools import partial

import numpy as np

from spikecore.arithmetic import accumulate, like, select
from spikecore.backends.columns import put
from spikecore.backends.floats import in_standard_floats
from spikecore.backends.host import copy, copy_into, dense_product, fill, largest_by, resident
from spikecore.backends.loops import taps_at, taps_behind, window_at
from spikecore.backends.windows import convolution_by
from spikecore.philox import STEPS_PER_BLOCK, random_words

__all__ = [
    "climb", "convolution", "convolve", "copy", "copy_into", "deconvolve", "dense_product", "draw",
    "each", "fill", "first_outside", "fold", "largest", "neurons", "place", "product", "replay",
    "resident", "scan", "slide",
]  # fmt: skip

UINT64 = np.uint64


@in_standard_floats
def first_outside(values, low, high):
    """Flat index of the first value outside [low, high] (NaN is outside), or -1."""
    bad = np.flatnonzero(~((low <= values) & (values <= high)))
    return int(bad[0]) if bad.size else -1


# --- codes --------------------------------------------------------------------------------------


@in_standard_floats
@np.errstate(over="ignore")  # a product may overflow before it is clipped
def draw(code, data, numbers, key, first_element, first_step, on, off, out):
    """Spikes from spikecore's random stream; ``key`` is (k0, k1, purpose).

    ``data`` is one row for all steps, or a row for each step.
    """
    held = None
    for t, row in enumerate(out):
        if held is None or not code.carried:
            held = code.prepare(data[t % len(data)], numbers)
        elif len(data) > 1:
            held = code.renew(held, code.prepare(data[t], numbers))
        words = _words(row.size, first_element, first_step + t, key)
        fired, held = code.fires(words, held, UINT64(len(out) - t))
        row[:] = select(fired, on, off)


def _words(elements, first_element, step, key):
    """The random word of one step for a range of elements."""
    k0, k1, purpose = key
    block, word = divmod(step, STEPS_PER_BLOCK)
    element = UINT64(first_element) + np.arange(elements, dtype=UINT64)
    return random_words(element, UINT64(block), purpose, k0, k1)[word]


@in_standard_floats
@np.errstate(over="ignore")
def replay(fires, data, numbers, uniforms, on, off, out):
    """Spikes from given uniforms, one for each element and step."""
    for t, row in enumerate(out):
        row[:] = select(fires(uniforms[t], data[t % len(data)], numbers), on, off)


@in_standard_floats
@np.errstate(over="ignore")  # of a line past its spike, where the level is taken instead
def place(code, data, shared, numbers, on, off, out):
    """Spikes at steps that are known beforehand; ``shared`` has a number for each sample."""
    places = code.prepare(*_spread(data, shared, out.shape[1]), numbers)
    for t, row in enumerate(out):
        row[:] = code.emit(np.int32(t), places, numbers, on, off)


@in_standard_floats
def each(equation, data, shared, numbers, out):
    """``equation(x, shared, numbers)`` of every feature."""
    out[:] = equation(*_spread(data, shared, out.size), numbers)


largest = partial(largest_by, each)


def _spread(data, shared, size):
    """Every feature's value, and the number of its sample."""
    return np.tile(data, size // data.size), np.repeat(shared, size // shared.size)


@in_standard_floats
@np.errstate(over="ignore")  # a difference may overflow; it is then past any threshold
def scan(code, data, state, numbers, levels, out):
    """Spikes of a state that changes from step to step, beginning with ``state``."""
    now = state
    for x, row in zip(data, out, strict=True):
        now, count = code.step(now, x, numbers)
        _write(code, count, levels, row)
    if code.recall is None:
        put(state, slice(None), now)


@in_standard_floats
@np.errstate(over="ignore")
def slide(code, data, window, growing, numbers, levels, out):
    """Spikes of the difference between a sample and the mean of those before it."""
    num_steps = np.int64(len(data))
    for t, row in enumerate(out):
        first, last = window_at(np.int64(t), window, num_steps, growing)
        total = data[first]
        for x in data[first + 1 : last]:
            total = total + x
        mean = total / like(total, last - first)
        _write(code, code.step(mean, data[t], numbers), levels, row)


def _write(code, count, levels, row):
    """What is written for the counts of one step: a value an element, or two side by side."""
    if code.second is None:
        row[:] = code.emit(count, levels)
    else:
        row[0::2] = code.emit(count, levels)
        row[1::2] = code.second(count, levels)


@in_standard_floats
@np.errstate(over="ignore")  # a square may pass the largest float
def fold(step, data, state, numbers):
    """Take a state through time; nothing is written but the state."""
    now = state
    for x in data:
        now = step(now, x, numbers)
    put(state, slice(None), now)


@in_standard_floats
@np.errstate(over="ignore")
def deconvolve(code, rest, taps, offsets, end, numbers, levels, out):
    """Spikes of a filter that is taken away from ``rest``, in place, before step ``end``.

    The three offsets are where the two sums and the subtraction begin, from the step on.
    """
    num_steps, num_taps = np.int64(len(rest)), np.int64(len(taps))
    out[end:] = levels.silent
    for t in range(end):
        sums = []
        for term, offset in zip((code.miss, code.size), offsets[:2], strict=True):
            total, begin = np.zeros_like(rest[0]), np.int64(t + offset)
            for k in range(*taps_at(begin, num_taps, num_steps)) if term else ():
                u = rest[begin + k]
                total = total + (term(u, taps[k]) if term is code.miss else term(u))
            sums.append(total)
        fired = code.fires(*sums, numbers)
        out[t] = select(fired, levels.on, levels.silent)
        begin = np.int64(t + offsets[2])
        for k in range(*taps_at(begin, num_taps, num_steps)):
            rest[begin + k] -= select(fired, taps[k], like(taps, 0))


@in_standard_floats
@np.errstate(over="ignore", invalid="ignore")
def convolve(code, data, taps, delay, numbers, out):
    """Sums of samples weighted by taps, step t from ``data[t + delay]`` backwards."""
    num_steps, num_taps = np.int64(len(data)), np.int64(len(taps))
    for t, row in enumerate(out):
        total, ahead = np.zeros_like(row), np.int64(t + delay)
        for k in range(*taps_behind(ahead, num_taps, num_steps)):
            total = code.add(total, data[ahead - k], taps[k])
        row[:] = code.finish(total, numbers)


@in_standard_floats
@np.errstate(over="ignore")
def climb(line, on, off, out):
    """Replace trains of ones and zeros by lines that climb to each one."""
    fired = out != 0
    no_spike = np.full(out.shape[1], -1)
    following = np.empty(out.shape, np.int64)
    ahead = no_spike
    for t in reversed(range(len(out))):
        ahead = following[t] = select(fired[t], np.int64(t), ahead)
    previous = no_spike
    for t, row in enumerate(out):
        row[:] = line(np.int64(t), previous, following[t], on, off)
        previous = select(fired[t], np.int64(t), previous)


# --- neurons ------------------------------------------------------------------------------------


@in_standard_floats
@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # as in any simulator
def neurons(step, width, current, parameters, state, records, on, off, spikes):
    """Run neurons over [T, M] currents; ``state`` is updated in place.

    With ``width`` the neurons form rows of that length; only the highest of a row may fire.
    """
    may_fire = winners(step.height, state, parameters, width)
    now = state
    for t, x in enumerate(current):
        before = step.only(step.count(now, parameters), may_fire)
        new = step.advance(now, before, x, parameters)
        may_fire = winners(step.height, new, parameters, width)
        fired = step.only(step.count(new, parameters), may_fire)
        now, reported = step.settle(new, before, fired, parameters)
        if step.moves:  # the next reset is that of the settled membranes
            may_fire = winners(step.height, now, parameters, width)
        if isinstance(spikes, np.ndarray):
            spikes[t] = step.emit(reported, on, off)
        for record, value in zip(records, now, strict=True):
            if isinstance(record, np.ndarray):
                record[t] = value
    for held, value in zip(state, now, strict=True):
        if isinstance(held, np.ndarray):
            held[:] = value


def winners(height, state, parameters, width):
    """Mask of the neurons that may fire: the first highest of each row; True for all, no rows."""
    if not width:
        return True
    heights = height(state, parameters).reshape(-1, width)
    return (np.arange(width) == heights.argmax(axis=1)[:, None]).reshape(-1)


# --- layers -------------------------------------------------------------------------------------


@in_standard_floats
def product(spikes, weights, bias, out):
    """``spikes @ weights + bias``, each sum taken in index order over the inputs that are not 0."""
    out[:] = 0
    for s, w in zip(spikes.T, weights, strict=True):
        fired = s != 0
        out[fired] = accumulate(out[fired], like(w, s[fired])[:, None], w)
    out += bias


def convolution(spikes, weights, bias, geometry, out):
    """Weighted sums over the inputs under a kernel, each in index order."""
    convolution_by(product, spikes, weights, bias, geometry, out)
