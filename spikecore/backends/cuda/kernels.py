"""The CUDA kernels: loops that index and call the equations.

One thread does one element, or one neuron over all of time, neighbours in neighbouring threads, in
grid-stride loops with 64-bit indices.  What is read from memory is read for several steps before
the first of them is written: the compiler cannot know that an output is none of the inputs, and
would wait for each.  The arithmetic that is CUDA's own is at the top: products and roundings by
libdevice, because the compiler would fuse ``a*b + c``.
"""

from functools import cache

import numpy as np
from numba import config, cuda, int64, types

from spikecore import equations as eq
from spikecore.backends.columns import (
    at,
    parameters_at,
    put_at,
    state_at,
    state_put,
    state_put_at,
)
from spikecore.compiler import equation, overload
from spikecore.equations import INLINE, mul, rint
from spikecore.neurons.dynamics import floor, only, step_of

THREADS = 128  # to a block, along the elements
SIDE = 16  # of the square blocks that share tiles of a product
AHEAD = 8  # steps that are read together: 10^5 neurons need as many to keep an H200's memory busy

if not config.ENABLE_CUDASIM:  # there libdevice gives nan, and the Python functions serve
    from numba.cuda import libdevice

    @overload(mul, target="cuda", jit_options=INLINE)
    def _mul_cuda(a, b):
        if a == b == types.float32:
            return lambda a, b: libdevice.fmul_rn(a, b)
        if a == b == types.float64:
            return lambda a, b: libdevice.dmul_rn(a, b)

    @overload(rint, target="cuda", jit_options=INLINE)
    def _rint_cuda(x):
        if x == types.float32:
            return lambda x: libdevice.rintf(x)
        if x == types.float64:
            return lambda x: libdevice.rint(x)

    @overload(floor, target="cuda", jit_options=INLINE)
    def _floor_cuda(x):
        if x == types.float32:
            return lambda x: libdevice.floorf(x)
        if x == types.float64:
            return lambda x: libdevice.floor(x)


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


@equation
def unsigned(i):
    """An index that cannot be negative: Numba would look whether it counts from the end."""
    return np.uint64(i)


@equation
def get(array, t, i):
    """Element i of step t."""
    return array[unsigned(t), unsigned(i)]


@equation
def put(array, t, i, value):
    """Store element i of step t."""
    array[unsigned(t), unsigned(i)] = value


@equation
def four(array, t, i):
    """Element i of four steps."""
    return get(array, t, i), get(array, t + 1, i), get(array, t + 2, i), get(array, t + 3, i)


@cuda.jit
def fill(value, out):
    """One value everywhere."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        for t in range(first_row(), num_steps, rows()):
            put(out, t, i, value)


@equation
def _limit(x, gain, offset):
    """Threshold of the random words."""
    return eq.word_threshold(eq.firing_probability(x, gain, offset))


@cache
def rate(varying):
    """The kernel for data that are one row for all steps, or a row a step."""

    @equation
    def limits(data, t, i, gain, offset, still):
        """Thresholds of four steps."""
        if not varying:
            return still, still, still, still
        x0, x1, x2, x3 = four(data, t, i)
        return (
            _limit(x0, gain, offset),
            _limit(x1, gain, offset),
            _limit(x2, gain, offset),
            _limit(x3, gain, offset),
        )

    @equation
    def fire(data, gain, offset, limit, word, t, i, on, off, out):
        """One spike, where its step is within the output."""
        if t >= 0 and t < out.shape[0]:
            if varying:
                limit = _limit(get(data, t, i), gain, offset)
            put(out, t, i, eq.select(word < limit, on, off))

    @cuda.jit
    def run(data, gain, offset, key, first_element, first_step, on, off, out):
        num_steps, size = out.shape
        first_block = first_step // eq.STEPS_PER_BLOCK
        end_block = (first_step + num_steps - 1) // eq.STEPS_PER_BLOCK + 1
        k0, k1, stream = key
        for i in range(first_column(), size, columns()):
            limit = _limit(get(data, 0, i), gain, offset)
            element = first_element + np.uint64(i)
            for block in range(first_block + first_row(), end_block, rows()):
                w0, w1, w2, w3 = eq.random_words(element, np.uint64(block), stream, k0, k1)
                t = block * eq.STEPS_PER_BLOCK - first_step
                if t >= 0 and t + eq.STEPS_PER_BLOCK <= num_steps:
                    l0, l1, l2, l3 = limits(data, t, i, gain, offset, limit)
                    put(out, t, i, eq.select(w0 < l0, on, off))
                    put(out, t + 1, i, eq.select(w1 < l1, on, off))
                    put(out, t + 2, i, eq.select(w2 < l2, on, off))
                    put(out, t + 3, i, eq.select(w3 < l3, on, off))
                else:
                    fire(data, gain, offset, limit, w0, t, i, on, off, out)
                    fire(data, gain, offset, limit, w1, t + 1, i, on, off, out)
                    fire(data, gain, offset, limit, w2, t + 2, i, on, off, out)
                    fire(data, gain, offset, limit, w3, t + 3, i, on, off, out)

    return run


@equation
def _fire_below(uniform, p, t, i, on, off, out):
    """One spike, from a given uniform."""
    put(out, t, i, eq.select(eq.uniform_fires(uniform, p), on, off))


@cuda.jit
def rate_from_uniforms(data, varying, gain, offset, uniforms, on, off, out):
    """Spikes where a given uniform is below the probability, four steps to a thread at a time."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        for group in range(first_row(), (num_steps + 3) // 4, rows()):
            t = group * 4
            if t + 4 <= num_steps:
                u0, u1, u2, u3 = four(uniforms, t, i)
                x0 = get(data, t if varying else 0, i)
                x1 = get(data, t + 1 if varying else 0, i)
                x2 = get(data, t + 2 if varying else 0, i)
                x3 = get(data, t + 3 if varying else 0, i)
                _fire_below(u0, eq.firing_probability(x0, gain, offset), t, i, on, off, out)
                _fire_below(u1, eq.firing_probability(x1, gain, offset), t + 1, i, on, off, out)
                _fire_below(u2, eq.firing_probability(x2, gain, offset), t + 2, i, on, off, out)
                _fire_below(u3, eq.firing_probability(x3, gain, offset), t + 3, i, on, off, out)
            else:
                for s in range(t, num_steps):
                    p = eq.firing_probability(get(data, s if varying else 0, i), gain, offset)
                    _fire_below(get(uniforms, s, i), p, s, i, on, off, out)


@cuda.jit
def latest_times(data, peaks, code, per_sample, latest):
    """Latest spike time of each part of each sample."""
    samples, parts = latest.shape
    per_peak = data.size // peaks.size
    for index in range(first_column(), samples * parts, columns()):
        sample = index // parts
        part = index % parts
        first = sample * per_sample + part
        last = eq.latency_time(data[first], peaks[first // per_peak], code)
        for i in range(first + parts, (sample + 1) * per_sample, parts):
            time = eq.latency_time(data[i], peaks[i // per_peak], code)
            last = eq.select(time > last, time, last)
        latest[sample, part] = last


@cuda.jit
def row_maxima(values, less, out):
    """Maximum of each row, less a number."""
    num_rows, parts = values.shape
    for row in range(first_column(), num_rows, columns()):
        best = values[row, 0]
        for part in range(1, parts):
            best = eq.select(values[row, part] > best, values[row, part], best)
        out[row] = best - less


@cuda.jit
def latency_times(data, peaks, code, out):
    """Spike time of every feature."""
    per_peak = data.size // peaks.size
    for i in range(first_column(), data.size, columns()):
        out[i] = eq.latency_time(data[i], peaks[i // per_peak], code)


@cuda.jit
def below(data, threshold, out):
    """Which features are below the threshold."""
    for i in range(first_column(), data.size, columns()):
        out[i] = data[i] < threshold


@equation
def _latency_step(x, peak, code, last, clip):
    """Step at which one feature spikes, or -1."""
    step = eq.spike_step(eq.latency_time(x, peak, code), last)
    return eq.clipped_step(step, x, code.threshold) if clip else step


@cuda.jit
def latency(data, peaks, code, last, clip, first_step, on, off, out):
    """One spike a feature, 8 steps at a time."""
    num_steps, size = out.shape
    per_peak = size // peaks.size
    for i in range(first_column(), size, columns()):
        step = _latency_step(data[i], peaks[i // per_peak], code, last, clip) - first_step
        for group in range(first_row(), (num_steps + AHEAD - 1) // AHEAD, rows()):
            t = group * AHEAD
            due = np.int32(step - t) if t <= step and step < t + AHEAD else np.int32(-1)
            if t + AHEAD <= num_steps:
                put(out, t, i, eq.select(due == 0, on, off))
                put(out, t + 1, i, eq.select(due == 1, on, off))
                put(out, t + 2, i, eq.select(due == 2, on, off))
                put(out, t + 3, i, eq.select(due == 3, on, off))
                put(out, t + 4, i, eq.select(due == 4, on, off))
                put(out, t + 5, i, eq.select(due == 5, on, off))
                put(out, t + 6, i, eq.select(due == 6, on, off))
                put(out, t + 7, i, eq.select(due == 7, on, off))
            else:
                for s in range(t, num_steps):
                    put(out, s, i, eq.select(due == s - t, on, off))


@cuda.jit
def latency_ramps(data, peaks, code, last, clip, first_step, on, off, out):
    """The line that climbs to each feature's one spike."""
    num_steps, size = out.shape
    per_peak = size // peaks.size
    for i in range(first_column(), size, columns()):
        step = _latency_step(data[i], peaks[i // per_peak], code, last, clip)
        for t in range(first_row(), num_steps, rows()):
            value = eq.ramp(np.int64(first_step + t), np.int64(-1), step, on, off)
            put(out, t, i, value)


@equation
def _change(now, previous, threshold, off_spike, t, i, on, off, silent, out):
    """One spike of delta modulation."""
    fall = silent
    if off_spike:
        fall = eq.select(eq.delta_off(now, previous, threshold), off, silent)
    put(out, t, i, eq.select(eq.delta_on(now, previous, threshold), on, fall))


@cuda.jit
def delta(data, before, threshold, off_spike, on, off, silent, out):
    """Spikes where the difference of neighbouring steps meets the threshold, 8 steps at a time."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        for group in range(first_row(), (num_steps + AHEAD - 1) // AHEAD, rows()):
            t = group * AHEAD
            last = get(data, t - 1, i) if t > 0 else before[unsigned(i)]
            if t + AHEAD <= num_steps:
                x0, x1, x2, x3 = four(data, t, i)
                x4, x5, x6, x7 = four(data, t + 4, i)
                _change(x0, last, threshold, off_spike, t, i, on, off, silent, out)
                _change(x1, x0, threshold, off_spike, t + 1, i, on, off, silent, out)
                _change(x2, x1, threshold, off_spike, t + 2, i, on, off, silent, out)
                _change(x3, x2, threshold, off_spike, t + 3, i, on, off, silent, out)
                _change(x4, x3, threshold, off_spike, t + 4, i, on, off, silent, out)
                _change(x5, x4, threshold, off_spike, t + 5, i, on, off, silent, out)
                _change(x6, x5, threshold, off_spike, t + 6, i, on, off, silent, out)
                _change(x7, x6, threshold, off_spike, t + 7, i, on, off, silent, out)
            else:
                for s in range(t, num_steps):
                    now = get(data, s, i)
                    _change(now, last, threshold, off_spike, s, i, on, off, silent, out)
                    last = now


@equation
def _choose(word, left, needed, t, i, on, off, out):
    """Take this step or not, where it is within the output; how many are still needed."""
    if left <= 0 or t < 0:
        return needed
    chosen = eq.choose_step(word, np.uint64(left), needed)
    put(out, t, i, eq.select(chosen, on, off))
    return needed - np.uint64(chosen)


@cuda.jit
def distinct_steps(counts, key, first_element, first_step, on, off, out):
    """Exactly ``counts[i]`` distinct steps of element i, every set of them equally likely."""
    num_steps, size = out.shape
    first_block = first_step // eq.STEPS_PER_BLOCK
    end_block = (first_step + num_steps - 1) // eq.STEPS_PER_BLOCK + 1
    k0, k1, stream = key
    for i in range(first_column(), size, columns()):
        needed = counts[unsigned(i)]
        element = first_element + np.uint64(i)
        for block in range(first_block, end_block):
            w0, w1, w2, w3 = eq.random_words(element, np.uint64(block), stream, k0, k1)
            t = block * eq.STEPS_PER_BLOCK - first_step
            left = num_steps - t
            needed = _choose(w0, left, needed, t, i, on, off, out)
            needed = _choose(w1, left - 1, needed, t + 1, i, on, off, out)
            needed = _choose(w2, left - 2, needed, t + 2, i, on, off, out)
            needed = _choose(w3, left - 3, needed, t + 3, i, on, off, out)


@cuda.jit
def ramps(on, off, out):
    """Lines that climb to each spike of a train from the step after the one before."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        previous = np.int64(-1)
        for t in range(num_steps):
            if get(out, t, i) != 0:
                for s in range(previous + 1, t + 1):
                    put(out, s, i, eq.ramp(np.int64(s), previous, np.int64(t), on, off))
                previous = np.int64(t)
        for s in range(previous + 1, num_steps):
            put(out, s, i, off)


@cache
def neurons(axes):
    """The kernel for one combination of axes, neurons that do not see each other."""
    count, advance, settle, emit = step_of(axes)

    @equation
    def step(s, x, p, t, i, records, on, off, spikes):
        """One step of one neuron."""
        before = count(s.membrane, p)
        new = advance(s, before, x, p)
        s, reported = settle(new, before, count(new.membrane, p), p)
        put_at(spikes, unsigned(t), unsigned(i), emit(reported, on, off))
        state_put_at(records, unsigned(t), unsigned(i), s)
        return s

    @cuda.jit
    def run(current, parameters, state, records, on, off, spikes):
        num_steps, size = current.shape
        together = num_steps - num_steps % AHEAD
        for i in range(first_column(), size, columns()):
            p = parameters_at(parameters, unsigned(i))
            s = state_at(state, unsigned(i))
            for t in range(0, together, AHEAD):
                x0, x1, x2, x3 = four(current, t, i)
                x4, x5, x6, x7 = four(current, t + 4, i)
                s = step(s, x0, p, t, i, records, on, off, spikes)
                s = step(s, x1, p, t + 1, i, records, on, off, spikes)
                s = step(s, x2, p, t + 2, i, records, on, off, spikes)
                s = step(s, x3, p, t + 3, i, records, on, off, spikes)
                s = step(s, x4, p, t + 4, i, records, on, off, spikes)
                s = step(s, x5, p, t + 5, i, records, on, off, spikes)
                s = step(s, x6, p, t + 6, i, records, on, off, spikes)
                s = step(s, x7, p, t + 7, i, records, on, off, spikes)
            for t in range(together, num_steps):
                s = step(s, get(current, t, i), p, t, i, records, on, off, spikes)
            state_put(state, unsigned(i), s)

    return run


@equation
def _higher(value, index, best, winner):
    """Whether a neuron comes before the best so far: higher, or as high and first."""
    return value > best or (value == best and index < winner)


@cache
def inhibited_neurons(axes, dtype):
    """The kernel for one combination of axes when only the highest of a row may fire."""
    count, advance, settle, emit = step_of(axes)
    moved = axes.exchange  # the membrane that the next step resets is not the one that fired

    @equation
    def highest(membrane, threshold, low, width, values, indices):
        """First neuron of the row that is the furthest above its threshold; all threads call it."""
        thread = np.int64(cuda.threadIdx.x)
        winner = width
        best = membrane[low]
        for i in range(thread, width, np.int64(cuda.blockDim.x)):
            value = membrane[low + i] - at(threshold, low + i)
            value = eq.select(value == value, value, eq.like(value, -np.inf))  # NaN never wins
            if winner == width or _higher(value, i, best, winner):
                best = value
                winner = i
        values[thread] = best
        indices[thread] = winner
        cuda.syncthreads()
        for other in range(np.int64(cuda.blockDim.x)):
            index = indices[other]
            if index < width and (winner == width or _higher(values[other], index, best, winner)):
                best = values[other]
                winner = index
        cuda.syncthreads()
        return winner

    @cuda.jit
    def run(current, width, parameters, state, records, pending, on, off, spikes):
        num_steps, size = current.shape
        values = cuda.shared.array(THREADS, dtype)
        indices = cuda.shared.array(THREADS, int64)
        first = np.int64(cuda.threadIdx.x)
        stride = np.int64(cuda.blockDim.x)
        for sample in range(np.int64(cuda.blockIdx.x), size // width, np.int64(cuda.gridDim.x)):
            low = sample * width
            winner = highest(state.membrane, parameters.threshold, low, width, values, indices)
            for t in range(num_steps):
                for i in range(first, width, stride):
                    p = parameters_at(parameters, low + i)
                    old = state_at(state, low + i)
                    due = only(count(old.membrane, p), i == winner)
                    pending[low + i] = due
                    state_put(state, low + i, advance(old, due, current[t, low + i], p))
                cuda.syncthreads()
                winner = highest(state.membrane, parameters.threshold, low, width, values, indices)
                for i in range(first, width, stride):
                    p = parameters_at(parameters, low + i)
                    new = state_at(state, low + i)
                    now = only(count(new.membrane, p), i == winner)
                    new, reported = settle(new, pending[low + i], now, p)
                    state_put(state, low + i, new)
                    state_put_at(records, t, low + i, new)
                    put_at(spikes, t, low + i, emit(reported, on, off))
                if moved:
                    cuda.syncthreads()
                    winner = highest(
                        state.membrane, parameters.threshold, low, width, values, indices
                    )

    return run


@cuda.jit
def event_product(spikes, weights, bias, out):
    """Sums of the weight rows of the inputs that are not 0, in index order."""
    num_rows, num_inputs = spikes.shape
    num_outputs = weights.shape[1]
    for o in range(first_column(), num_outputs, columns()):
        for r in range(first_row(), num_rows, rows()):
            offset = bias[unsigned(o)]
            total = eq.like(offset, 0)
            for i in range(num_inputs):
                spike = get(spikes, r, i)
                if spike != 0:
                    total = eq.accumulate(total, eq.like(total, spike), get(weights, i, o))
            put(out, r, o, total + offset)


@cache
def dense_product(spike_dtype, dtype):
    """The same sums over all inputs, from tiles in shared memory; a product with 0 changes none."""

    @cuda.jit
    def product(spikes, weights, bias, out):
        num_rows, num_inputs = spikes.shape
        num_outputs = weights.shape[1]
        inputs = cuda.shared.array((SIDE, SIDE), spike_dtype)
        tile = cuda.shared.array((SIDE, SIDE), dtype)
        x = np.int64(cuda.threadIdx.x)
        y = np.int64(cuda.threadIdx.y)
        o = np.int64(cuda.blockIdx.x) * SIDE + x
        r = np.int64(cuda.blockIdx.y) * SIDE + y
        total = eq.like(bias[0], 0)
        for k in range(0, num_inputs, SIDE):
            inputs[y, x] = 0
            if r < num_rows and k + x < num_inputs:
                inputs[y, x] = spikes[r, k + x]
            tile[y, x] = 0
            if o < num_outputs and k + y < num_inputs:
                tile[y, x] = weights[k + y, o]
            cuda.syncthreads()
            for j in range(SIDE):
                total = eq.accumulate(total, eq.like(total, inputs[y, j]), tile[j, x])
            cuda.syncthreads()
        if r < num_rows and o < num_outputs:
            out[r, o] = total + bias[o]

    return product
