"""Compiled loops over tiles.  Kernels index and call; the arithmetic is in equations.py.

Every kernel takes the range of tiles it is to do last, so that ``threads.run`` can share them out.
A tile is a run of neighbouring elements over a run of time steps: its scratch stays in L1 and every
row it writes is contiguous.  The function of the same name, without underscore, launches it.
"""

from functools import cache

import numpy as np

from spikecore import equations as eq
from spikecore.backends import threads
from spikecore.backends.columns import (
    at,
    parameters_at,
    parameters_part,
    put,
    row_of,
    state_at,
    state_part,
    state_put,
    state_row,
)
from spikecore.compiler import equation, kernel
from spikecore.neurons.dynamics import only, step_of

TILE = 1024  # elements: 8 kB of thresholds
BLOCKS = 256  # random blocks (of four steps) to a tile, so that few long trains are shared out too
WIDE = 8192  # at most so many elements where scratch is small: delta 3.9 ms, with 1024 it is 5.0
WIDEST = 32768  # neurons: Leaky 12.5 ms, with 8192 it is 13.3; a state of 128 kB stays in L2
CHECKED = 1 << 14  # values examined between two chances to stop

UINT64 = np.uint64


def _tiles(size, tile):
    return -(-size // tile)


def _wide(size, most=WIDE):
    """Elements to a tile, at most so many, such that every thread gets as many tiles."""
    workers, size = threads.thread_count(), max(1, size)
    return _tiles(size, workers * _tiles(size, workers * most))


def fill(out, value):
    """Set an array to one value."""
    out[...] = value


def copy(values):
    """A new array of the values."""
    return np.array(values)


def copy_into(out, values):
    """Set an array to the values of another of its size."""
    out[...] = values.reshape(out.shape)


# --- checks -------------------------------------------------------------------------------------


@kernel
def _first_outside(values, low, high, found, start, stop):
    """Per tile, the index of the first value that is not within [low, high] (NaN is not)."""
    for tile in range(start, stop):
        begin = tile * CHECKED
        part = values[begin : begin + CHECKED]
        outside = 0
        for i in range(part.size):
            outside += not ((part[i] >= low) & (part[i] <= high))
        found[tile] = -1
        if outside:
            i = 0
            while low <= part[i] <= high:
                i += 1
            found[tile] = begin + i


def first_outside(values, low, high):
    """Flat index of the first value outside [low, high], or -1."""
    tiles = _tiles(values.size, CHECKED)
    found = np.empty(tiles, np.int64)
    threads.run(_first_outside, tiles, 0.1 * values.size, values, low, high, found)
    bad = found[found >= 0]
    return int(bad[0]) if bad.size else -1


# --- rate ---------------------------------------------------------------------------------------


@kernel
def _fill_thresholds(data, gain, offset, thresholds):
    """Integer thresholds of one row of features."""
    for i in range(data.size):
        thresholds[i] = eq.word_threshold(eq.firing_probability(data[i], gain, offset))


@kernel
def _rate(data, varying, gain, offset, key, first_element, first_step, on, off, out, start, stop):
    """Bernoulli spikes; ``data`` is one row for all steps, or a row a step when varying."""
    num_steps, size = out.shape
    element_tiles = (size + TILE - 1) // TILE
    first_block = first_step // eq.STEPS_PER_BLOCK
    end_block = (first_step + num_steps - 1) // eq.STEPS_PER_BLOCK + 1
    thresholds = np.empty((eq.STEPS_PER_BLOCK, TILE), np.uint64)
    k0, k1, stream = key
    for tile in range(start, stop):
        low = (tile % element_tiles) * TILE
        width = min(TILE, size - low)
        element = first_element + UINT64(low)
        begin = first_block + (tile // element_tiles) * BLOCKS
        if not varying:
            _fill_thresholds(data[0, low : low + width], gain, offset, thresholds[0])
        for block in range(begin, min(begin + BLOCKS, end_block)):
            row = block * eq.STEPS_PER_BLOCK - first_step
            counter = UINT64(block)
            if varying:
                for j in range(max(0, -row), min(eq.STEPS_PER_BLOCK, num_steps - row)):
                    _fill_thresholds(data[row + j, low : low + width], gain, offset, thresholds[j])
            limit0 = thresholds[0]
            limit1 = thresholds[1 if varying else 0]
            limit2 = thresholds[2 if varying else 0]
            limit3 = thresholds[3 if varying else 0]
            if row >= 0 and row + eq.STEPS_PER_BLOCK <= num_steps:
                out0 = out[row, low : low + width]
                out1 = out[row + 1, low : low + width]
                out2 = out[row + 2, low : low + width]
                out3 = out[row + 3, low : low + width]
                for i in range(width):
                    w0, w1, w2, w3 = eq.random_words(element + UINT64(i), counter, stream, k0, k1)
                    out0[i] = eq.select(w0 < limit0[i], on, off)
                    out1[i] = eq.select(w1 < limit1[i], on, off)
                    out2[i] = eq.select(w2 < limit2[i], on, off)
                    out3[i] = eq.select(w3 < limit3[i], on, off)
            else:
                for i in range(width):
                    words = eq.random_words(element + UINT64(i), counter, stream, k0, k1)
                    limits = (limit0[i], limit1[i], limit2[i], limit3[i])
                    for j in range(max(0, -row), min(eq.STEPS_PER_BLOCK, num_steps - row)):
                        out[row + j, low + i] = eq.select(words[j] < limits[j], on, off)


def rate(data, gain, offset, key, first_element, first_step, on, off, out):
    """Spikes of the package's own random stream; ``key`` is (k0, k1, stream)."""
    num_steps, size = out.shape
    blocks = (first_step + num_steps - 1) // eq.STEPS_PER_BLOCK - first_step // eq.STEPS_PER_BLOCK
    tiles = _tiles(size, TILE) * _tiles(blocks + 1, BLOCKS)
    varying = data.shape[0] > 1
    threads.run(
        _rate, tiles, 0.5 * out.size,
        data, varying, gain, offset, key, UINT64(first_element), first_step, on, off, out,
    )  # fmt: skip


@kernel
def _rate_from_uniforms(
    data, varying, gain, offset, uniforms, tile_size, on, off, out, start, stop
):
    """Spikes where a given uniform is below the probability."""
    num_steps, size = out.shape
    for tile in range(start, stop):
        low = tile * tile_size
        high = min(low + tile_size, size)
        for t in range(num_steps):
            part = data[t if varying else 0, low:high]
            drawn = uniforms[t, low:high]
            row = out[t, low:high]
            for i in range(high - low):
                p = eq.firing_probability(part[i], gain, offset)
                row[i] = eq.select(eq.uniform_fires(drawn[i], p), on, off)


def rate_from_uniforms(data, gain, offset, uniforms, on, off, out):
    """Spikes of a stream given by the caller, one uniform per element and step."""
    varying = data.shape[0] > 1
    tile_size = _wide(out.shape[1])
    tiles = _tiles(out.shape[1], tile_size)
    threads.run(
        _rate_from_uniforms, tiles, 0.2 * out.size,
        data, varying, gain, offset, uniforms, tile_size, on, off, out,
    )  # fmt: skip


# --- latency ------------------------------------------------------------------------------------


@kernel
def _fill_times(data, low, peaks, per_peak, code, times):
    """Spike times of a tile of features that begins at ``low``."""
    begin = 0
    while begin < data.size:  # a peak at a time: with peaks[i // per_peak] 12.7 ns each, so 1.5
        sample = (low + begin) // per_peak
        end = min(data.size, (sample + 1) * per_peak - low)
        peak = peaks[sample]
        part = data[begin:end]
        out = times[begin:end]
        for i in range(end - begin):
            out[i] = eq.latency_time(part[i], peak, code)
        begin = end


@kernel
def _latency_times(data, peaks, per_peak, code, out, start, stop):
    """Spike times of a tile of features."""
    for tile in range(start, stop):
        low = tile * TILE
        high = min(low + TILE, data.size)
        _fill_times(data[low:high], low, peaks, per_peak, code, out[low:high])


def latency_times(data, peaks, code, out):
    """Spike time of every feature."""
    per_peak = data.size // peaks.size
    tiles = _tiles(data.size, TILE)
    threads.run(_latency_times, tiles, 2.0 * data.size, data, peaks, per_peak, code, out)


def below(data, threshold, out):
    """Which features are below the threshold."""
    np.less(data, threshold, out=out)


def latest_times(data, peaks, code, samples, less=0):
    """Each sample's latest spike time, less a number."""
    times = np.empty_like(data)
    latency_times(data, peaks, code, times)
    return times.reshape(samples, -1).max(axis=1) - data.dtype.type(less)


@kernel
def _fill_steps(data, low, peaks, per_peak, code, last, clip, steps):
    """Step at which each feature of a tile that begins at ``low`` spikes, or -1."""
    times = np.empty(data.size, data.dtype)
    _fill_times(data, low, peaks, per_peak, code, times)
    for i in range(data.size):
        step = eq.spike_step(times[i], last)
        steps[i] = eq.clipped_step(step, data[i], code.threshold) if clip else step


@kernel
def _latency(data, peaks, per_peak, code, last, clip, tile_size, on, off, out, start, stop):
    """One spike a feature."""
    num_steps, size = out.shape
    steps = np.empty(tile_size, np.int32)
    for tile in range(start, stop):
        low = tile * tile_size
        high = min(low + tile_size, size)
        _fill_steps(data[low:high], low, peaks, per_peak, code, last, clip, steps)
        for t in range(num_steps):
            row = out[t, low:high]
            for i in range(high - low):
                row[i] = eq.select(steps[i] == np.int32(t), on, off)


def latency(data, peaks, code, last, clip, on, off, out):
    """Latency-coded spikes, [T, N]."""
    per_peak = data.size // peaks.size
    tile_size = _wide(data.size)
    tiles = _tiles(data.size, tile_size)
    threads.run(
        _latency, tiles, 0.1 * out.size,
        data, peaks, per_peak, code, last, clip, tile_size, on, off, out,
    )  # fmt: skip


@kernel
def _latency_ramps(data, peaks, per_peak, code, last, clip, on, off, out, start, stop):
    """The line that climbs to each feature's one spike."""
    num_steps, size = out.shape
    steps = np.empty(TILE, np.int32)
    for tile in range(start, stop):
        low = tile * TILE
        high = min(low + TILE, size)
        _fill_steps(data[low:high], low, peaks, per_peak, code, last, clip, steps)
        for t in range(num_steps):
            row = out[t, low:high]
            for i in range(high - low):
                row[i] = eq.ramp(np.int32(t), np.int32(-1), steps[i], on, off)


def latency_ramps(data, peaks, code, last, clip, on, off, out):
    """Lines that climb to the latency-coded spikes, [T, N]."""
    per_peak = data.size // peaks.size
    tiles = _tiles(data.size, TILE)
    threads.run(
        _latency_ramps, tiles, 0.2 * out.size,
        data, peaks, per_peak, code, last, clip, on, off, out,
    )  # fmt: skip


# --- delta --------------------------------------------------------------------------------------


@kernel
def _delta(data, threshold, padding, off_spike, tile_size, on, off, silent, out, start, stop):
    """Spikes where the difference of neighbouring steps meets the threshold."""
    num_steps, size = out.shape
    for tile in range(start, stop):
        low = tile * tile_size
        high = min(low + tile_size, size)
        rest = data[0, low:high] if padding else np.zeros(high - low, data.dtype)
        for t in range(num_steps):
            now = data[t, low:high]
            before = data[t - 1, low:high] if t else rest
            row = out[t, low:high]
            if off_spike:
                for i in range(high - low):
                    fall = eq.select(eq.delta_off(now[i], before[i], threshold), off, silent)
                    row[i] = eq.select(eq.delta_on(now[i], before[i], threshold), on, fall)
            else:
                for i in range(high - low):
                    row[i] = eq.select(eq.delta_on(now[i], before[i], threshold), on, silent)


def delta(data, threshold, padding, off_spike, on, off, silent, out):
    """Delta-modulated spikes, [T, N]."""
    tile_size = _wide(out.shape[1])
    tiles = _tiles(out.shape[1], tile_size)
    threads.run(
        _delta, tiles, 0.2 * out.size,
        data, threshold, padding, off_spike, tile_size, on, off, silent, out,
    )  # fmt: skip


# --- targets ------------------------------------------------------------------------------------


@equation
def _choose(word, left, needed, i):
    """Whether element i spikes at a step with so many left, this one counted."""
    chosen = eq.choose_step(word, left, needed[i])
    needed[i] -= UINT64(chosen)
    return chosen


@kernel
def _distinct_steps(counts, key, first_element, first_step, on, off, out, start, stop):
    """Exactly ``counts[i]`` distinct steps of element i, every set of them equally likely."""
    num_steps, size = out.shape
    first_block = first_step // eq.STEPS_PER_BLOCK
    end_block = (first_step + num_steps - 1) // eq.STEPS_PER_BLOCK + 1
    k0, k1, stream = key
    for tile in range(start, stop):
        low = tile * TILE
        width = min(TILE, size - low)
        element = first_element + UINT64(low)
        needed = counts[low : low + width].copy()
        for block in range(first_block, end_block):
            row = block * eq.STEPS_PER_BLOCK - first_step
            counter = UINT64(block)
            if row >= 0 and row + eq.STEPS_PER_BLOCK <= num_steps:
                out0 = out[row, low : low + width]
                out1 = out[row + 1, low : low + width]
                out2 = out[row + 2, low : low + width]
                out3 = out[row + 3, low : low + width]
                left = UINT64(num_steps - row)
                for i in range(width):
                    w0, w1, w2, w3 = eq.random_words(element + UINT64(i), counter, stream, k0, k1)
                    out0[i] = eq.select(_choose(w0, left, needed, i), on, off)
                    out1[i] = eq.select(_choose(w1, left - UINT64(1), needed, i), on, off)
                    out2[i] = eq.select(_choose(w2, left - UINT64(2), needed, i), on, off)
                    out3[i] = eq.select(_choose(w3, left - UINT64(3), needed, i), on, off)
            else:
                for i in range(width):
                    words = eq.random_words(element + UINT64(i), counter, stream, k0, k1)
                    for j in range(max(0, -row), min(eq.STEPS_PER_BLOCK, num_steps - row)):
                        chosen = _choose(words[j], UINT64(num_steps - row - j), needed, i)
                        out[row + j, low + i] = eq.select(chosen, on, off)


def distinct_steps(counts, key, first_element, first_step, on, off, out):
    """Trains of a given number of spikes each, at distinct random steps."""
    tiles = _tiles(out.shape[1], TILE)
    threads.run(
        _distinct_steps, tiles, 0.6 * out.size,
        counts, key, UINT64(first_element), first_step, on, off, out,
    )  # fmt: skip


@kernel
def _ramps(on, off, out, start, stop):
    """Lines that climb to each spike of a train from the step after the one before."""
    num_steps, size = out.shape
    for tile in range(start, stop):
        for i in range(tile * TILE, min((tile + 1) * TILE, size)):
            previous = -1
            for t in range(num_steps):
                if out[t, i]:
                    for s in range(previous + 1, t + 1):
                        out[s, i] = eq.ramp(s, previous, t, on, off)
                    previous = t
            for s in range(previous + 1, num_steps):
                out[s, i] = off


def ramps(on, off, out):
    """Replace trains of ones and zeros by linear interpolation between the ones."""
    tiles = _tiles(out.shape[1], TILE)
    threads.run(_ramps, tiles, 2.0 * out.size, on, off, out)


# --- neurons ------------------------------------------------------------------------------------


@cache
def _neurons(axes):
    """The kernel for one combination of axes, neurons that do not see each other."""
    count, advance, settle, emit = step_of(axes)

    @kernel
    def run(current, tile_size, parameters, state, records, on, off, spikes, start, stop):
        num_steps, size = current.shape
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            p = parameters_part(parameters, low, high)
            s = state_part(state, low, high)
            for t in range(num_steps):
                x = current[t, low:high]
                train = row_of(spikes, t, low, high)
                record = state_row(records, t, low, high)
                for i in range(high - low):
                    numbers = parameters_at(p, i)
                    old = state_at(s, i)
                    before = count(old.membrane, numbers)
                    new = advance(old, before, x[i], numbers)
                    new, reported = settle(new, before, count(new.membrane, numbers), numbers)
                    state_put(s, i, new)
                    state_put(record, i, new)
                    put(train, i, emit(reported, on, off))

    return run


@cache
def _inhibited_neurons(axes):
    """The kernel for one combination of axes when only the highest of a row may fire."""
    count, advance, settle, emit = step_of(axes)
    moved = axes.exchange  # the membrane that the next step resets is not the one that fired

    @kernel
    def run(current, width, parameters, state, records, on, off, spikes, start, stop):
        num_steps = current.shape[0]
        pending = np.empty(width, current.dtype)
        for sample in range(start, stop):
            low = sample * width
            high = low + width
            p = parameters_part(parameters, low, high)
            s = state_part(state, low, high)
            winner = _highest(s.membrane, p.threshold)
            for t in range(num_steps):
                x = current[t, low:high]
                train = row_of(spikes, t, low, high)
                record = state_row(records, t, low, high)
                for i in range(width):
                    numbers = parameters_at(p, i)
                    old = state_at(s, i)
                    pending[i] = only(count(old.membrane, numbers), i == winner)
                    state_put(s, i, advance(old, pending[i], x[i], numbers))
                winner = _highest(s.membrane, p.threshold)
                for i in range(width):
                    numbers = parameters_at(p, i)
                    new = state_at(s, i)
                    now = only(count(new.membrane, numbers), i == winner)
                    new, reported = settle(new, pending[i], now, numbers)
                    state_put(s, i, new)
                    state_put(record, i, new)
                    put(train, i, emit(reported, on, off))
                if moved:
                    winner = _highest(s.membrane, p.threshold)

    return run


@kernel
def _highest(membrane, threshold):
    """First neuron whose membrane is the furthest above its threshold; NaN never is."""
    winner = 0
    best = eq.like(membrane[0], -np.inf)
    for i in range(membrane.size):
        above = membrane[i] - at(threshold, i)
        if above > best:
            winner = i
            best = above
    return winner


def neurons(axes, width, current, parameters, state, records, on, off, spikes):
    """Run neurons over [T, M] currents; ``state`` is updated in place.

    With ``width`` the neurons stand in rows of that many, of which only the highest may fire.
    """
    size = current.shape[1]
    if width:
        threads.run(
            _inhibited_neurons(axes), size // width, 1.3 * current.size,
            current, width, parameters, state, records, on, off, spikes,
        )  # fmt: skip
    else:
        tile_size = _wide(size, WIDEST)
        threads.run(
            _neurons(axes), _tiles(size, tile_size), 0.4 * current.size,
            current, tile_size, parameters, state, records, on, off, spikes,
        )  # fmt: skip


# --- layers -------------------------------------------------------------------------------------

ROWS = 32  # rows of spikes to a tile of the product
OUTPUTS = 2048  # outputs to a tile, whose sums stay in L1; every tile looks for the inputs anew
TOGETHER = 4  # weight rows added in one pass over the sums, one after another


@kernel
def _product(spikes, weights, bias, out, start, stop):
    """Sums of the weight rows of the inputs that are not 0, in index order."""
    num_rows, num_inputs = spikes.shape
    num_outputs = weights.shape[1]
    row_tiles = (num_rows + ROWS - 1) // ROWS
    active = np.empty(num_inputs, np.int64)
    for tile in range(start, stop):
        first = (tile % row_tiles) * ROWS
        low = (tile // row_tiles) * OUTPUTS
        high = min(low + OUTPUTS, num_outputs)
        for r in range(first, min(first + ROWS, num_rows)):
            inputs = spikes[r]
            count = 0
            for i in range(num_inputs):
                active[count] = i
                count += inputs[i] != 0
            sums = out[r, low:high]
            sums[:] = 0
            whole = count - count % TOGETHER
            for k in range(0, whole, TOGETHER):
                i0, i1, i2, i3 = active[k], active[k + 1], active[k + 2], active[k + 3]
                s0 = eq.like(bias[0], inputs[i0])
                s1 = eq.like(bias[0], inputs[i1])
                s2 = eq.like(bias[0], inputs[i2])
                s3 = eq.like(bias[0], inputs[i3])
                w0, w1 = weights[i0, low:high], weights[i1, low:high]
                w2, w3 = weights[i2, low:high], weights[i3, low:high]
                for o in range(high - low):
                    total = eq.accumulate(sums[o], s0, w0[o])
                    total = eq.accumulate(total, s1, w1[o])
                    total = eq.accumulate(total, s2, w2[o])
                    sums[o] = eq.accumulate(total, s3, w3[o])
            for k in range(whole, count):
                s = eq.like(bias[0], inputs[active[k]])
                w = weights[active[k], low:high]
                for o in range(high - low):
                    sums[o] = eq.accumulate(sums[o], s, w[o])
            offsets = bias[low:high]
            for o in range(high - low):
                sums[o] = sums[o] + offsets[o]


def product(spikes, weights, bias, out):
    """``spikes @ weights + bias``, each sum taken in index order over the inputs that are not 0."""
    tiles = _tiles(out.shape[0], ROWS) * _tiles(out.shape[1], OUTPUTS)
    nanoseconds = spikes.size * (0.7 + 0.005 * out.shape[1])  # finding and adding up
    threads.run(_product, tiles, nanoseconds, spikes, weights, bias, out)


def dense_product(spikes, weights, bias, out):
    """``spikes @ weights + bias`` by BLAS, in its own order of summation."""
    np.matmul(spikes.astype(out.dtype, copy=False), weights, out=out)
    out += bias
