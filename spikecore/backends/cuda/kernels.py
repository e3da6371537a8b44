"""The CUDA kernels: the loops of ``cpu``, which only index and call the equations of a code.

A thread computes an element, or a neuron over all of time, and the next thread the next element, in
grid-stride loops with 64-bit indices.  A thread reads several steps before it writes the first: the
compiler cannot know that outputs and inputs do not overlap, and would wait for each read.  The
arithmetic that only CUDA has is at the top: products and roundings by libdevice, because the
compiler would fuse ``a*b + c``.
"""

from functools import cache

import numpy as np
from numba import config, cuda, int64, types

from spikecore.arithmetic import INLINE, accumulate, floor, like, mul, rint, select
from spikecore.backends.columns import at, put_at
from spikecore.backends.columns import put as put_column
from spikecore.backends.loops import of_sample
from spikecore.compiler import equation, overload
from spikecore.philox import STEPS_PER_BLOCK, random_words

THREADS = 128  # in a block, along the elements
NOTHING = np.uint64(0)  # what is held before the first step of data that vary with time
AHEAD = 8  # steps read together: with 10^5 neurons an H200's memory is busy only with so many

if not config.ENABLE_CUDASIM:  # there libdevice gives nan, and the Python functions are used
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
    """Distance from an element of this thread to its next."""
    return np.int64(cuda.gridDim.x) * np.int64(cuda.blockDim.x)


@equation
def first_row():
    """First step (or block of steps) of this thread."""
    return np.int64(cuda.blockIdx.y) * np.int64(cuda.blockDim.y) + np.int64(cuda.threadIdx.y)


@equation
def rows():
    """Distance from a step (or a block of steps) of this thread to its next."""
    return np.int64(cuda.gridDim.y) * np.int64(cuda.blockDim.y)


@equation
def unsigned(i):
    """An index as unsigned: Numba would test a signed one for counting from the end."""
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
    """Set every element to one value."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        for t in range(first_row(), num_steps, rows()):
            put(out, t, i, value)


@cache
def draw(code, varying):
    """The kernel for one code, of data that are one row for all steps, or a row a step."""
    prepare, fires, carried, renew = code

    @equation
    def following(after, prepared):
        """What is held at the next step."""
        if carried:
            return renew(after, prepared) if varying else after
        return prepared

    @equation
    def fire(word, held, t, i, on, off, out):
        """One step of one element, and what it holds afterwards."""
        fired, held = fires(word, held, np.uint64(out.shape[0] - t))
        put(out, t, i, select(fired, on, off))
        return held

    @equation
    def fire_within(word, held, data, numbers, t, i, on, off, out):
        """The same, if the step is within the output."""
        after = held
        if t >= 0 and t < out.shape[0]:
            if varying:
                held = following(held, prepare(get(data, t, i), numbers))
            after = fire(word, held, t, i, on, off, out)
        return after if carried else held

    @cuda.jit
    def run(data, numbers, key, first_element, first_step, on, off, out):
        num_steps, size = out.shape
        first_block = first_step // STEPS_PER_BLOCK
        end_block = (first_step + num_steps - 1) // STEPS_PER_BLOCK + 1
        start, stride = (0, 1) if carried else (first_row(), rows())
        k0, k1, purpose = key
        for i in range(first_column(), size, columns()):
            held = NOTHING if carried and varying else prepare(get(data, 0, i), numbers)
            element = first_element + np.uint64(i)
            for block in range(first_block + start, end_block, stride):
                w0, w1, w2, w3 = random_words(element, np.uint64(block), purpose, k0, k1)
                t = block * STEPS_PER_BLOCK - first_step
                if t >= 0 and t + STEPS_PER_BLOCK <= num_steps:
                    h0, h1, h2, h3 = held, held, held, held
                    if varying:
                        x0, x1, x2, x3 = four(data, t, i)
                        h0, h1 = prepare(x0, numbers), prepare(x1, numbers)
                        h2, h3 = prepare(x2, numbers), prepare(x3, numbers)
                        h0 = following(held, h0)
                    after = fire(w0, h0, t, i, on, off, out)
                    after = fire(w1, following(after, h1), t + 1, i, on, off, out)
                    after = fire(w2, following(after, h2), t + 2, i, on, off, out)
                    after = fire(w3, following(after, h3), t + 3, i, on, off, out)
                    held = after if carried else held
                else:
                    held = fire_within(w0, held, data, numbers, t, i, on, off, out)
                    held = fire_within(w1, held, data, numbers, t + 1, i, on, off, out)
                    held = fire_within(w2, held, data, numbers, t + 2, i, on, off, out)
                    held = fire_within(w3, held, data, numbers, t + 3, i, on, off, out)

    return run


@cache
def replay(fires):
    """The kernel for one comparison of a given uniform with a feature, four steps at a time."""

    @equation
    def fire(uniform, x, numbers, t, i, on, off, out):
        """One step of one element."""
        put(out, t, i, select(fires(uniform, x, numbers), on, off))

    @cuda.jit
    def run(data, varying, numbers, uniforms, on, off, out):
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
                    fire(u0, x0, numbers, t, i, on, off, out)
                    fire(u1, x1, numbers, t + 1, i, on, off, out)
                    fire(u2, x2, numbers, t + 2, i, on, off, out)
                    fire(u3, x3, numbers, t + 3, i, on, off, out)
                else:
                    for s in range(t, num_steps):
                        x = get(data, s if varying else 0, i)
                        fire(get(uniforms, s, i), x, numbers, s, i, on, off, out)

    return run


@cache
def largest(prepare):
    """The kernel for the largest value of one equation in each part of each sample."""

    @cuda.jit
    def run(data, shared, numbers, per_sample, results):
        samples, parts = results.shape
        per_number = data.size // shared.size
        for index in range(first_column(), samples * parts, columns()):
            sample = index // parts
            part = index % parts
            first = sample * per_sample + part
            best = prepare(data[first], shared[first // per_number], numbers)
            for i in range(first + parts, (sample + 1) * per_sample, parts):
                value = prepare(data[i], shared[i // per_number], numbers)
                best = select(value > best, value, best)
            results[sample, part] = best

    return run


@cuda.jit
def row_maxima(values, out):
    """Maximum of each row."""
    num_rows, parts = values.shape
    for row in range(first_column(), num_rows, columns()):
        best = values[row, 0]
        for part in range(1, parts):
            best = select(values[row, part] > best, values[row, part], best)
        out[row] = best


@cache
def each(prepare):
    """The kernel that fills an array by one equation."""

    @cuda.jit
    def run(data, shared, numbers, out):
        per_number = out.size // shared.size
        for i in range(first_column(), out.size, columns()):
            out[i] = prepare(of_sample(data, i, per_number), shared[i // per_number], numbers)

    return run


@cache
def place(code):
    """The kernel for one code, 8 steps at a time."""
    prepare, emit, _ = code

    @cuda.jit
    def run(data, shared, numbers, first_step, on, off, out):
        num_steps, size = out.shape
        per_number = size // shared.size
        for i in range(first_column(), size, columns()):
            x = of_sample(data, i, per_number)
            where = prepare(x, shared[i // per_number], numbers)
            for group in range(first_row(), (num_steps + AHEAD - 1) // AHEAD, rows()):
                t = group * AHEAD
                step = np.int32(first_step + t)
                if t + AHEAD <= num_steps:
                    put(out, t, i, emit(step, where, numbers, on, off))
                    put(out, t + 1, i, emit(np.int32(step + 1), where, numbers, on, off))
                    put(out, t + 2, i, emit(np.int32(step + 2), where, numbers, on, off))
                    put(out, t + 3, i, emit(np.int32(step + 3), where, numbers, on, off))
                    put(out, t + 4, i, emit(np.int32(step + 4), where, numbers, on, off))
                    put(out, t + 5, i, emit(np.int32(step + 5), where, numbers, on, off))
                    put(out, t + 6, i, emit(np.int32(step + 6), where, numbers, on, off))
                    put(out, t + 7, i, emit(np.int32(step + 7), where, numbers, on, off))
                else:
                    for s in range(t, num_steps):
                        put(out, s, i, emit(np.int32(first_step + s), where, numbers, on, off))

    return run


@cache
def climb(line):
    """The kernel for one line, which climbs from a spike of a train to the next spike."""

    @cuda.jit
    def run(on, off, out):
        num_steps, size = out.shape
        for i in range(first_column(), size, columns()):
            previous = np.int64(-1)
            for t in range(num_steps):
                if get(out, t, i) != 0:
                    for s in range(previous + 1, t + 1):
                        put(out, s, i, line(np.int64(s), previous, np.int64(t), on, off))
                    previous = np.int64(t)
            for s in range(previous + 1, num_steps):
                put(out, s, i, line(np.int64(s), previous, np.int64(-1), on, off))

    return run


@cache
def neurons(functions):
    """The kernel for one combination of axes and independent neurons."""
    count, advance, settle, emit = (
        functions.count,
        functions.advance,
        functions.settle,
        functions.emit,
    )

    @equation
    def step(s, x, p, t, i, records, on, off, spikes):
        """One step of one neuron."""
        before = count(s, p)
        new = advance(s, before, x, p)
        s, reported = settle(new, before, count(new, p), p)
        put_at(spikes, unsigned(t), unsigned(i), emit(reported, on, off))
        put_at(records, unsigned(t), unsigned(i), s)
        return s

    @cuda.jit
    def run(current, parameters, state, records, on, off, spikes):
        num_steps, size = current.shape
        together = num_steps - num_steps % AHEAD
        for i in range(first_column(), size, columns()):
            p = at(parameters, unsigned(i))
            s = at(state, unsigned(i))
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
            put_column(state, unsigned(i), s)

    return run


@equation
def _higher(value, index, best, winner):
    """Whether a neuron wins against the best so far: it is higher, or equal and earlier."""
    return value > best or (value == best and index < winner)


@cache
def inhibited_neurons(step, dtype):
    """The kernel for one combination of axes if only the highest of a row may fire."""
    count, advance, settle, emit = step.count, step.advance, step.settle, step.emit
    only, height, moves = step.only, step.height, step.moves

    @equation
    def highest(state, parameters, low, width, values, indices):
        """First neuron of the row that is the furthest above its threshold; all threads call it."""
        thread = np.int64(cuda.threadIdx.x)
        winner = width
        best = height(at(state, low), at(parameters, low))
        for i in range(thread, width, np.int64(cuda.blockDim.x)):
            value = height(at(state, low + i), at(parameters, low + i))
            if winner == width or _higher(value, i, best, winner):
                best = value
                winner = i
        values[thread] = best
        indices[thread] = winner
        cuda.syncthreads()
        for slot in range(np.int64(cuda.blockDim.x)):
            index = indices[slot]
            if index < width and (winner == width or _higher(values[slot], index, best, winner)):
                best = values[slot]
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
            winner = highest(state, parameters, low, width, values, indices)
            for t in range(num_steps):
                for i in range(first, width, stride):
                    p = at(parameters, low + i)
                    old = at(state, low + i)
                    due = only(count(old, p), i == winner)
                    pending[low + i] = due
                    put_column(state, low + i, advance(old, due, current[t, low + i], p))
                cuda.syncthreads()
                winner = highest(state, parameters, low, width, values, indices)
                for i in range(first, width, stride):
                    p = at(parameters, low + i)
                    new = at(state, low + i)
                    now = only(count(new, p), i == winner)
                    new, reported = settle(new, pending[low + i], now, p)
                    put_column(state, low + i, new)
                    put_at(records, t, low + i, new)
                    put_at(spikes, t, low + i, emit(reported, on, off))
                if moves:
                    cuda.syncthreads()
                    winner = highest(state, parameters, low, width, values, indices)

    return run


@cuda.jit
def event_product(spikes, weights, bias, out):
    """Sums of the weight rows of the inputs that are not 0, in index order."""
    num_rows, num_inputs = spikes.shape
    num_outputs = weights.shape[1]
    for o in range(first_column(), num_outputs, columns()):
        for r in range(first_row(), num_rows, rows()):
            offset = bias[unsigned(o)]
            total = like(offset, 0)
            for i in range(num_inputs):
                spike = get(spikes, r, i)
                if spike != 0:
                    total = accumulate(total, like(total, spike), get(weights, i, o))
            put(out, r, o, total + offset)
