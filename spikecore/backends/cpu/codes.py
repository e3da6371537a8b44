"""The loops of the codes: draw, replay, place, climb, and their helpers."""

from functools import cache, partial

import numpy as np

from spikecore.arithmetic import select
from spikecore.backends import threads
from spikecore.backends.cpu.tiles import BLOCKS, TILE, tile_count, wide
from spikecore.backends.host import largest_by
from spikecore.compiler import equation, kernel
from spikecore.philox import STEPS_PER_BLOCK, random_words

NARROW = 64  # features in a sample: loops over fewer are too short to be vectorised
CHECKED = 1 << 14  # values in a tile of the check

UINT64 = np.uint64


# --- checks -------------------------------------------------------------------------------------


@kernel
def _first_outside(values, low, high, found, start, stop):
    """Per tile, the index of the first value outside [low, high] (NaN is outside), or -1."""
    for tile in range(start, stop):
        begin = tile * CHECKED
        piece = values[begin : begin + CHECKED]
        outside = 0
        for i in range(piece.size):
            outside += not ((piece[i] >= low) & (piece[i] <= high))
        found[tile] = -1
        if outside:
            i = 0
            while low <= piece[i] <= high:
                i += 1
            found[tile] = begin + i


def first_outside(values, low, high):
    """Flat index of the first value outside [low, high], or -1."""
    tiles = tile_count(values.size, CHECKED)
    found = np.empty(tiles, np.int64)
    threads.run(_first_outside, tiles, 0.1 * values.size, values, low, high, found)
    bad = found[found >= 0]
    return int(bad[0]) if bad.size else -1


# --- draw: random words, compared with what an element holds ------------------------------------


@cache
def _draw(code, renews):
    """The kernel for the equations of one code, which renews what it holds at every step or not."""
    prepare, fires, carried, renew = code

    @equation
    def fill_row(data, numbers, held):
        """Prepare one row of features."""
        for i in range(data.size):
            held[i] = prepare(data[i], numbers)

    @equation
    def following(after, prepared):
        """What is held at the next step."""
        if renews:
            return renew(after, prepared)
        return after if carried else prepared

    @kernel
    def run(
        data, varying, numbers, key, first_element, first_step, blocks, on, off, out, start, stop
    ):
        num_steps, size = out.shape
        element_tiles = (size + TILE - 1) // TILE
        first_block = first_step // STEPS_PER_BLOCK
        end_block = (first_step + num_steps - 1) // STEPS_PER_BLOCK + 1
        held = np.empty((STEPS_PER_BLOCK, TILE), np.uint64)
        kept = np.empty(TILE, np.uint64)
        k0, k1, purpose = key
        for tile in range(start, stop):
            low = (tile % element_tiles) * TILE
            width = min(TILE, size - low)
            element = first_element + UINT64(low)
            begin = first_block + (tile // element_tiles) * blocks
            if not varying:
                fill_row(data[0, low : low + width], numbers, held[0])
            if renews:
                kept[:] = UINT64(0)
            held0 = held[0]
            held1 = held[1 if varying else 0]
            held2 = held[2 if varying else 0]
            held3 = held[3 if varying else 0]
            for block in range(begin, min(begin + blocks, end_block)):
                row = block * STEPS_PER_BLOCK - first_step
                counter = UINT64(block)
                inside = max(0, -row), min(STEPS_PER_BLOCK, num_steps - row)
                if varying:
                    for j in range(inside[0], inside[1]):
                        fill_row(data[row + j, low : low + width], numbers, held[j])
                if row >= 0 and row + STEPS_PER_BLOCK <= num_steps:
                    out0 = out[row, low : low + width]
                    out1 = out[row + 1, low : low + width]
                    out2 = out[row + 2, low : low + width]
                    out3 = out[row + 3, low : low + width]
                    left = UINT64(num_steps - row)
                    for i in range(width):
                        w0, w1, w2, w3 = random_words(element + UINT64(i), counter, purpose, k0, k1)
                        h = following(kept[i], held0[i]) if renews else held0[i]
                        fired, after = fires(w0, h, left)
                        out0[i] = select(fired, on, off)
                        h = following(after, held1[i])
                        fired, after = fires(w1, h, left - UINT64(1))
                        out1[i] = select(fired, on, off)
                        h = following(after, held2[i])
                        fired, after = fires(w2, h, left - UINT64(2))
                        out2[i] = select(fired, on, off)
                        h = following(after, held3[i])
                        fired, after = fires(w3, h, left - UINT64(3))
                        out3[i] = select(fired, on, off)
                        if renews:
                            kept[i] = after
                        elif carried:
                            held0[i] = after
                else:
                    for i in range(width):
                        words = random_words(element + UINT64(i), counter, purpose, k0, k1)
                        for j in range(inside[0], inside[1]):
                            place = j if varying else 0
                            left = UINT64(num_steps - row - j)
                            h = following(kept[i], held[place, i]) if renews else held[place, i]
                            fired, after = fires(words[j], h, left)
                            out[row + j, low + i] = select(fired, on, off)
                            if renews:
                                kept[i] = after
                            elif carried:
                                held[place, i] = after

    return run


def draw(code, data, numbers, key, first_element, first_step, on, off, out):
    """Spikes from spikecore's random stream; ``key`` is (k0, k1, purpose).

    ``data`` is one row for all steps, or a row for each step.
    """
    num_steps, size = out.shape
    blocks = (first_step + num_steps - 1) // STEPS_PER_BLOCK - first_step // STEPS_PER_BLOCK + 1
    together = max(1, blocks) if code.carried else BLOCKS
    tiles = tile_count(size, TILE) * tile_count(blocks, together)
    varying = data.shape[0] > 1
    threads.run(
        _draw(code, code.carried and varying), tiles, 0.5 * out.size,
        data, varying, numbers, key, UINT64(first_element), first_step, together, on, off, out,
    )  # fmt: skip


@cache
def _replay(fires):
    """The kernel for one comparison of a uniform with a feature."""

    @kernel
    def run(data, varying, numbers, uniforms, tile_size, on, off, out, start, stop):
        num_steps, size = out.shape
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            for t in range(num_steps):
                x = data[t if varying else 0, low:high]
                drawn = uniforms[t, low:high]
                row = out[t, low:high]
                for i in range(high - low):
                    row[i] = select(fires(drawn[i], x[i], numbers), on, off)

    return run


def replay(fires, data, numbers, uniforms, on, off, out):
    """Spikes from given uniforms, one for each element and step."""
    varying = data.shape[0] > 1
    tile_size = wide(out.shape[1])
    threads.run(
        _replay(fires), tile_count(out.shape[1], tile_size), 0.2 * out.size,
        data, varying, numbers, uniforms, tile_size, on, off, out,
    )  # fmt: skip


# --- place: the steps of the spikes are known beforehand ----------------------------------------


@cache
def _filler(prepare):
    """A loop over features, sample after sample, because the features of a sample share a number.

    It takes 1.5 ns a feature; with ``shared[i // per_sample]`` for each feature it takes 12.7 ns.
    Where a sample has ten features, an equation with an exponential takes 17 ns a feature in
    loops over ten, and 2 ns in one loop over all.
    """

    @equation
    def fill_samples(data, low, high, shared, per_sample, numbers, results):
        """Sample after sample."""
        begin = low
        while begin < high:
            sample = begin // per_sample
            first = sample * per_sample
            end = min(high, first + per_sample)
            number = shared[sample]
            skipped = first if data.size == per_sample else 0  # data of one sample serve all
            piece = data[begin - skipped : end - skipped]
            filled = results[begin - low : end - low]
            for i in range(end - begin):
                filled[i] = prepare(piece[i], number, numbers)
            begin = end

    @equation
    def fill_narrow(data, low, high, shared, per_sample, numbers, results):
        """The same where a sample is short: first each feature's operands side by side."""
        values = np.empty(high - low, data.dtype)
        spread = np.empty(high - low, shared.dtype)
        sample, k = low // per_sample, low % per_sample
        skips = data.size == per_sample
        for i in range(high - low):
            values[i] = data[k if skips else low + i]
            spread[i] = shared[sample]
            k += 1
            if k == per_sample:
                sample, k = sample + 1, 0
        for i in range(high - low):
            results[i] = prepare(values[i], spread[i], numbers)

    @equation
    def fill_tile(data, low, high, shared, per_sample, numbers, results):
        """``prepare`` of the features from ``low`` to ``high``."""
        if per_sample < NARROW:
            fill_narrow(data, low, high, shared, per_sample, numbers, results)
        else:
            fill_samples(data, low, high, shared, per_sample, numbers, results)

    return fill_tile


@cache
def _each(prepare):
    """The kernel that fills an array by one equation."""
    fill_tile = _filler(prepare)

    @kernel
    def run(data, shared, per_sample, numbers, out, start, stop):
        for tile in range(start, stop):
            low = tile * TILE
            high = min(low + TILE, out.size)
            fill_tile(data, low, high, shared, per_sample, numbers, out[low:high])

    return run


def each(equation, data, shared, numbers, out):
    """``equation(x, shared, numbers)`` of every feature."""
    per_sample = out.size // shared.size
    tiles = tile_count(out.size, TILE)
    threads.run(_each(equation), tiles, 2.0 * out.size, data, shared, per_sample, numbers, out)


largest = partial(largest_by, each)


@cache
def _place(code):
    """The kernel for the equations of one code."""
    prepare, emit, kind = code
    fill_tile = _filler(prepare)

    @kernel
    def run(data, shared, per_sample, numbers, tile_size, on, off, out, start, stop):
        num_steps, size = out.shape
        places = np.empty(tile_size, kind)
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            fill_tile(data, low, high, shared, per_sample, numbers, places)
            for t in range(num_steps):
                row = out[t, low:high]
                for i in range(high - low):
                    row[i] = emit(np.int32(t), places[i], numbers, on, off)

    return run


def place(code, data, shared, numbers, on, off, out):
    """Spikes at steps that are known beforehand; ``shared`` has a number for each sample."""
    size = out.shape[1]
    per_sample = size // shared.size
    tile_size = wide(size)
    threads.run(
        _place(code), tile_count(size, tile_size), 0.1 * out.size,
        data, shared, per_sample, numbers, tile_size, on, off, out,
    )  # fmt: skip


@cache
def _climb(line):
    """The kernel for one equation of a line."""

    @kernel
    def run(on, off, out, start, stop):
        num_steps, size = out.shape
        for tile in range(start, stop):
            for i in range(tile * TILE, min((tile + 1) * TILE, size)):
                previous = -1
                for t in range(num_steps):
                    if out[t, i]:
                        for s in range(previous + 1, t + 1):
                            out[s, i] = line(s, previous, t, on, off)
                        previous = t
                for s in range(previous + 1, num_steps):
                    out[s, i] = line(s, previous, np.int64(-1), on, off)

    return run


def climb(line, on, off, out):
    """Replace trains of ones and zeros by lines that climb to each one.

    ``line(step, previous, following, on, off)``, of the spikes before and at or after the step, -1
    where there is none; ``on`` and ``off`` are the line's numbers.
    """
    threads.run(_climb(line), tile_count(out.shape[1], TILE), 2.0 * out.size, on, off, out)
