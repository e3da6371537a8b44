"""CUDA kernels that call the equations of the other backends, and give the same bits.

One thread does one element, or one neuron over all of time, neighbours in neighbouring threads, in
grid-stride loops with 64-bit indices.  The arithmetic that is CUDA's own is at the top: products
and roundings by libdevice, because the compiler would fuse ``a*b + c``.
"""

import math
import os
from functools import cache

import numpy as np
from numba import config, cuda, from_dtype, int64, types

from spikecore import equations as eq
from spikecore.backends import cpu, on_gpu
from spikecore.backends.columns import (
    at,
    parameters_at,
    put_at,
    state_at,
    state_put,
    state_put_at,
)
from spikecore.compiler import equation, overload
from spikecore.dynamics import State, floor, only, step_of
from spikecore.equations import INLINE, mul, rint

THREADS = 128  # to a block, along the elements
SIDE = 16  # of the square blocks that share tiles of a product
WAVES = 32  # blocks to a multiprocessor before threads begin to do several elements
PARTS = 1024  # partial maxima to a sample
MARGIN = 0.8  # share of the free device memory that one chunk of a host array may take

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


# --- kernels ------------------------------------------------------------------------------------


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


@cuda.jit
def _fill(value, out):
    """One value everywhere."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        for t in range(first_row(), num_steps, rows()):
            out[t, i] = value


@equation
def _fire(data, varying, gain, offset, limit, word, t, i, on, off, out):
    """One spike of the rate code, where its step is within the output."""
    if t >= 0 and t < out.shape[0]:
        if varying:
            limit = eq.word_threshold(eq.firing_probability(data[t, i], gain, offset))
        out[t, i] = eq.select(word < limit, on, off)


@cuda.jit
def _rate(data, varying, gain, offset, key, first_element, first_step, on, off, out):
    """Bernoulli spikes, four steps to a thread at a time."""
    num_steps, size = out.shape
    first_block = first_step // eq.STEPS_PER_BLOCK
    end_block = (first_step + num_steps - 1) // eq.STEPS_PER_BLOCK + 1
    k0, k1, stream = key
    for i in range(first_column(), size, columns()):
        limit = eq.word_threshold(eq.firing_probability(data[0, i], gain, offset))
        element = first_element + np.uint64(i)
        for block in range(first_block + first_row(), end_block, rows()):
            w0, w1, w2, w3 = eq.random_words(element, np.uint64(block), stream, k0, k1)
            t = block * eq.STEPS_PER_BLOCK - first_step
            _fire(data, varying, gain, offset, limit, w0, t, i, on, off, out)
            _fire(data, varying, gain, offset, limit, w1, t + 1, i, on, off, out)
            _fire(data, varying, gain, offset, limit, w2, t + 2, i, on, off, out)
            _fire(data, varying, gain, offset, limit, w3, t + 3, i, on, off, out)


@cuda.jit
def _rate_from_uniforms(data, varying, gain, offset, uniforms, on, off, out):
    """Spikes where a given uniform is below the probability."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        for t in range(first_row(), num_steps, rows()):
            p = eq.firing_probability(data[t if varying else 0, i], gain, offset)
            out[t, i] = eq.select(eq.uniform_fires(uniforms[t, i], p), on, off)


@cuda.jit
def _latest_times(data, peaks, code, per_sample, latest):
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
def _row_maxima(values, less, out):
    """Maximum of each row, less a number."""
    num_rows, parts = values.shape
    for row in range(first_column(), num_rows, columns()):
        best = values[row, 0]
        for part in range(1, parts):
            best = eq.select(values[row, part] > best, values[row, part], best)
        out[row] = best - less


@cuda.jit
def _latency_times(data, peaks, code, out):
    """Spike time of every feature."""
    per_peak = data.size // peaks.size
    for i in range(first_column(), data.size, columns()):
        out[i] = eq.latency_time(data[i], peaks[i // per_peak], code)


@cuda.jit
def _below(data, threshold, out):
    """Which features are below the threshold."""
    for i in range(first_column(), data.size, columns()):
        out[i] = data[i] < threshold


@equation
def _latency_step(x, peak, code, last, clip):
    """Step at which one feature spikes, or -1."""
    step = eq.spike_step(eq.latency_time(x, peak, code), last)
    return eq.clipped_step(step, x, code.threshold) if clip else step


@cuda.jit
def _latency(data, peaks, code, last, clip, first_step, on, off, out):
    """One spike a feature."""
    num_steps, size = out.shape
    per_peak = size // peaks.size
    for i in range(first_column(), size, columns()):
        step = _latency_step(data[i], peaks[i // per_peak], code, last, clip)
        for t in range(first_row(), num_steps, rows()):
            out[t, i] = eq.select(step == first_step + t, on, off)


@cuda.jit
def _latency_ramps(data, peaks, code, last, clip, first_step, on, off, out):
    """The line that climbs to each feature's one spike."""
    num_steps, size = out.shape
    per_peak = size // peaks.size
    for i in range(first_column(), size, columns()):
        step = _latency_step(data[i], peaks[i // per_peak], code, last, clip)
        for t in range(first_row(), num_steps, rows()):
            out[t, i] = eq.ramp(np.int64(first_step + t), np.int64(-1), step, on, off)


@cuda.jit
def _delta(data, before, threshold, off_spike, on, off, silent, out):
    """Spikes where the difference of neighbouring steps meets the threshold."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        for t in range(first_row(), num_steps, rows()):
            previous = data[t - 1, i] if t > 0 else before[i]
            fall = silent
            if off_spike:
                fall = eq.select(eq.delta_off(data[t, i], previous, threshold), off, silent)
            out[t, i] = eq.select(eq.delta_on(data[t, i], previous, threshold), on, fall)


@cuda.jit
def _distinct_steps(counts, key, first_element, first_step, on, off, out):
    """Exactly ``counts[i]`` distinct steps of element i, every set of them equally likely."""
    num_steps, size = out.shape
    k0, k1, stream = key
    for i in range(first_column(), size, columns()):
        needed = counts[i]
        element = first_element + np.uint64(i)
        for t in range(num_steps):
            step = first_step + t
            block = np.uint64(step // eq.STEPS_PER_BLOCK)
            words = eq.random_words(element, block, stream, k0, k1)
            chosen = eq.choose_step(
                words[step % eq.STEPS_PER_BLOCK], np.uint64(num_steps - t), needed
            )
            needed -= np.uint64(chosen)
            out[t, i] = eq.select(chosen, on, off)


@cuda.jit
def _ramps(on, off, out):
    """Lines that climb to each spike of a train from the step after the one before."""
    num_steps, size = out.shape
    for i in range(first_column(), size, columns()):
        previous = np.int64(-1)
        for t in range(num_steps):
            if out[t, i] != 0:
                for s in range(previous + 1, t + 1):
                    out[s, i] = eq.ramp(np.int64(s), previous, np.int64(t), on, off)
                previous = np.int64(t)
        for s in range(previous + 1, num_steps):
            out[s, i] = off


@cache
def _neurons(axes):
    """The kernel for one combination of axes, neurons that do not see each other."""
    count, advance, settle, emit = step_of(axes)

    @cuda.jit
    def run(current, parameters, state, records, on, off, spikes):
        num_steps, size = current.shape
        for i in range(first_column(), size, columns()):
            p = parameters_at(parameters, i)
            s = state_at(state, i)
            for t in range(num_steps):
                before = count(s.membrane, p)
                new = advance(s, before, current[t, i], p)
                s, reported = settle(new, before, count(new.membrane, p), p)
                put_at(spikes, t, i, emit(reported, on, off))
                state_put_at(records, t, i, s)
            state_put(state, i, s)

    return run


@equation
def _higher(value, index, best, winner):
    """Whether a neuron comes before the best so far: higher, or as high and first."""
    return value > best or (value == best and index < winner)


@cache
def _inhibited_neurons(axes, dtype):
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
                cuda.syncthreads()
                if moved:
                    winner = highest(
                        state.membrane, parameters.threshold, low, width, values, indices
                    )

    return run


@cuda.jit
def _event_product(spikes, weights, bias, out):
    """Sums of the weight rows of the inputs that are not 0, in index order."""
    num_rows, num_inputs = spikes.shape
    num_outputs = weights.shape[1]
    for o in range(first_column(), num_outputs, columns()):
        for r in range(first_row(), num_rows, rows()):
            total = eq.like(bias[o], 0)
            for i in range(num_inputs):
                if spikes[r, i] != 0:
                    total = eq.accumulate(total, eq.like(total, spikes[r, i]), weights[i, o])
            out[r, o] = total + bias[o]


@cache
def _dense_product(spike_dtype, dtype):
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


# --- launching ----------------------------------------------------------------------------------


def adopt(value):
    """A device array of any library as Numba's, without a copy."""
    if config.ENABLE_CUDASIM:
        return value if hasattr(value, "__cuda_ndarray__") else _simulated(value)
    with cuda.gpus[index_of(value)]:
        return cuda.as_cuda_array(value)


def as_stream(stream):
    """A stream of Numba, CuPy or torch, or a pointer to one, as Numba's."""
    if stream is None:
        return 0
    pointer = getattr(stream, "ptr", getattr(stream, "cuda_stream", stream))
    return cuda.external_stream(pointer) if isinstance(pointer, int) else stream


def index_of(value):
    """Number of the GPU on which an array lies."""
    if config.ENABLE_CUDASIM:
        return 0
    if hasattr(value, "gpu_data"):  # Numba's
        return value.gpu_data.context.device.id
    device = getattr(value, "device", None)  # torch has its index there, CuPy its id
    number = getattr(device, "index", getattr(device, "id", None))
    return number if isinstance(number, int) else cuda.get_current_device().id


def _simulated(value):
    """The simulator's array over the memory of a host array that poses as a device's."""
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    posing = type(
        "Posing", (), {"__array_interface__": value.__cuda_array_interface__, "of": value}
    )
    return FakeCUDAArray(np.asarray(posing()))


class Backend:
    """The functions of ``cpu``, on one GPU and one stream.

    Arrays of the host are copied there and back, in chunks of time where the device's memory is too
    small for the whole; arrays of the device are used in place, and nothing waits for the kernels.
    """

    def __init__(self, index=0, stream=0, resident=False):
        self.index = index
        self.stream = stream
        self.resident = resident

    # memory

    def empty(self, shape, dtype):
        """A new array, where the data are."""
        if self.resident:
            with self._device():
                self._fits(math.prod(shape) * np.dtype(dtype).itemsize, "fewer steps per call")
                return cuda.device_array(shape, dtype, stream=self.stream)
        return np.empty(shape, dtype)

    def fill(self, out, value):
        """Set a [T, N] array to one value."""
        if not on_gpu(out):
            out[...] = value
        elif out.size:
            with self._device():
                self._launch(_fill, out.shape[1], out.shape[0], value, out)

    def copy(self, values):
        """A new array of the values, where the data are."""
        if not self.resident:
            return np.array(values)
        with self._device():
            result = cuda.device_array(values.shape, values.dtype, stream=self.stream)
            given = values if on_gpu(values) else np.ascontiguousarray(values)
            result.copy_to_device(given, stream=self.stream)
            return result

    def copy_into(self, out, values):
        """Set an array to the values of another of its size."""
        if not on_gpu(out):
            out[...] = values.reshape(out.shape)
            return
        with self._device():
            out.copy_to_device(values.reshape(out.shape), stream=self.stream)

    def _device(self):
        return cuda.gpus[self.index]

    def _to_device(self, value):
        """A host array's copy on the device; anything else as it is."""
        if isinstance(value, np.ndarray):
            self._fits(value.nbytes, "fewer elements per call")
            return cuda.to_device(np.ascontiguousarray(value), stream=self.stream)
        return value

    def _to_host(self, values, out=None):
        """Bring values back, and wait for them: the caller is about to read host memory."""
        result = values.copy_to_host(out, stream=self.stream)
        if self.stream:
            self.stream.synchronize()
        return result

    def _fits(self, needed, remedy):
        """Refuse what the device has no room for, before it is asked for it."""
        if needed > self._free_memory():
            raise MemoryError(
                f"device='cuda' has {self._free_memory():,} bytes free, and {needed:,} are needed; "
                f"use {remedy}, a smaller dtype, or device='cpu'"
            )

    def _free_memory(self):
        return cuda.current_context().get_memory_info().free

    def _launch(self, kernel, num_columns, num_rows, *arguments):
        """Threads for columns times rows, as many as keep the device busy."""
        wanted = math.ceil(num_columns / THREADS)
        blocks = min(wanted, 2**31 - 1)
        down = max(1, min(num_rows, 65535, math.ceil(self._busy() / blocks)))
        kernel[(blocks, down), (THREADS, 1), self.stream](*arguments)

    def _busy(self):
        if config.ENABLE_CUDASIM:
            return 4
        return WAVES * cuda.get_current_device().MULTIPROCESSOR_COUNT

    def _chunks(self, out, bytes_per_step, fixed=0):
        """For each chunk of time: its slice, and an array on the device, which is copied back."""
        if on_gpu(out):
            yield slice(0, len(out)), out
            return
        room = MARGIN * self._free_memory() - fixed
        if room < bytes_per_step:
            raise MemoryError(
                f"device='cuda' has {self._free_memory():,} bytes free, and one time step needs "
                f"{bytes_per_step + fixed:,}; use device='cpu' or fewer elements per call"
            )
        steps = len(out)
        if room < steps * bytes_per_step:
            steps = max(1, int(room // bytes_per_step))
        for start in range(0, len(out), steps):
            moment = slice(start, min(start + steps, len(out)))
            part = cuda.device_array(out[moment].shape, out.dtype, stream=self.stream)
            yield moment, part
            self._to_host(part, out[moment])

    # checks

    def first_outside(self, values, low, high):
        """As on the CPU; values on the device are not examined, which would mean to wait."""
        if on_gpu(values):
            return -1
        return cpu.first_outside(values, low, high)

    # encoders

    def rate(self, data, gain, offset, key, first_element, first_step, on, off, out):
        """Spikes of the package's own random stream; ``key`` is (k0, k1, stream)."""
        with self._device():
            varying = len(data) > 1
            whole = data if varying else self._to_device(data)
            for moment, part in self._chunks(out, out[:1].nbytes + varying * data[:1].nbytes):
                some = self._to_device(data[moment]) if varying else whole
                self._launch(
                    _rate, part.shape[1], math.ceil(len(part) / eq.STEPS_PER_BLOCK) + 1,
                    some, varying, gain, offset, key, np.uint64(first_element),
                    first_step + moment.start, on, off, part,
                )  # fmt: skip

    def rate_from_uniforms(self, data, gain, offset, uniforms, on, off, out):
        """Spikes of a stream given by the caller, one uniform per element and step."""
        with self._device():
            varying = len(data) > 1
            whole = data if varying else self._to_device(data)
            step = out[:1].nbytes + uniforms[:1].nbytes + varying * data[:1].nbytes
            for moment, part in self._chunks(out, step):
                some = self._to_device(data[moment]) if varying else whole
                drawn = self._to_device(uniforms[moment])
                self._launch(
                    _rate_from_uniforms, part.shape[1], len(part),
                    some, varying, gain, offset, drawn, on, off, part,
                )  # fmt: skip

    def latest_times(self, data, peaks, code, samples, less=0):
        """Each sample's latest spike time, less a number; on the host for data of the host."""
        with self._device():
            values = self._to_device(data)
            per_sample = data.size // samples
            parts = cuda.device_array((samples, min(PARTS, per_sample)), data.dtype)
            self._launch(
                _latest_times,
                parts.size,
                1,
                values,
                self._to_device(peaks),
                code,
                per_sample,
                parts,
            )
            latest = cuda.device_array(samples, data.dtype)
            self._launch(_row_maxima, samples, 1, parts, data.dtype.type(less), latest)
            return latest if self.resident else self._to_host(latest)

    def latency_times(self, data, peaks, code, out):
        """Spike time of every feature."""
        with self._device():
            part = out if on_gpu(out) else cuda.device_array(out.shape, out.dtype)
            values = self._to_device(data)
            self._launch(_latency_times, data.size, 1, values, self._to_device(peaks), code, part)
            if part is not out:
                self._to_host(part, out)

    def below(self, data, threshold, out):
        """Which features are below the threshold."""
        if not on_gpu(data):
            np.less(data, threshold, out=out)
            return
        with self._device():
            self._launch(_below, data.size, 1, data, threshold, out)

    def latency(self, data, peaks, code, last, clip, on, off, out):
        """Latency-coded spikes, [T, N]."""
        self._latency(_latency, data, peaks, code, last, clip, on, off, out)

    def latency_ramps(self, data, peaks, code, last, clip, on, off, out):
        """The lines that climb to the spikes of ``latency``."""
        self._latency(_latency_ramps, data, peaks, code, last, clip, on, off, out)

    def _latency(self, kernel, data, peaks, code, last, clip, on, off, out):
        with self._device():
            values, tops = self._to_device(data), self._to_device(peaks)
            for moment, part in self._chunks(out, out[:1].nbytes):
                self._launch(
                    kernel, part.shape[1], len(part),
                    values, tops, code, last, clip, moment.start, on, off, part,
                )  # fmt: skip

    def delta(self, data, threshold, padding, off_spike, on, off, silent, out):
        """Delta-modulated spikes, [T, N]."""
        with self._device():
            zeros = np.zeros(data.shape[1], data.dtype)
            for moment, part in self._chunks(out, out[:1].nbytes + data[:1].nbytes):
                first = data[0] if padding else zeros
                before = data[moment.start - 1] if moment.start else first
                self._launch(
                    _delta, part.shape[1], len(part), self._to_device(data[moment]),
                    self._to_device(before), threshold, off_spike, on, off, silent, part,
                )  # fmt: skip

    # targets

    def distinct_steps(self, counts, key, first_element, first_step, on, off, out):
        """Trains of a given number of spikes each, at distinct random steps."""
        with self._device():
            self._fits(out.nbytes, "fewer elements per call")
            part = cuda.device_array(out.shape, out.dtype)
            self._launch(
                _distinct_steps, out.shape[1], 1, self._to_device(counts), key,
                np.uint64(first_element), first_step, on, off, part,
            )  # fmt: skip
            self._to_host(part, out)

    def ramps(self, on, off, out):
        """Replace trains of ones and zeros by linear interpolation between the ones."""
        with self._device():
            part = self._to_device(out)
            self._launch(_ramps, out.shape[1], 1, on, off, part)
            self._to_host(part, out)

    # neurons

    def neurons(self, axes, width, current, parameters, state, records, on, off, spikes):
        """Run neurons over [T, M] currents; ``state`` is updated in place."""
        with self._device():
            numbers = type(parameters)(*map(self._to_device, parameters))
            held = State(*map(self._to_device, state))
            per_step = spikes[:1].nbytes + current[:1].nbytes
            per_step += sum(r[:1].nbytes for r in records if np.ndim(r))
            for moment, part in self._chunks(spikes, per_step):
                kept = [
                    r if not isinstance(r, np.ndarray)
                    else cuda.device_array(r[moment].shape, r.dtype, stream=self.stream)
                    for r in records
                ]  # fmt: skip
                steps = self._to_device(current[moment])
                self._run_neurons(axes, width, steps, numbers, held, State(*kept), on, off, part)
                for r, there in zip(records, kept, strict=True):
                    if isinstance(r, np.ndarray):
                        self._to_host(there, r[moment])
            for here, there in zip(state, held, strict=True):
                if isinstance(here, np.ndarray):
                    self._to_host(there, here)

    def _run_neurons(self, axes, width, current, parameters, state, records, on, off, spikes):
        size = current.shape[1]
        if not width:
            self._launch(
                _neurons(axes), size, 1, current, parameters, state, records, on, off, spikes
            )
            return
        pending = cuda.device_array(size, current.dtype, stream=self.stream)
        kernel = _inhibited_neurons(axes, from_dtype(current.dtype))
        blocks = min(size // width, 2**31 - 1)
        kernel[blocks, THREADS, self.stream](
            current, width, parameters, state, records, pending, on, off, spikes
        )

    # layers

    def product(self, spikes, weights, bias, out):
        """``spikes @ weights + bias``, each sum in index order over the inputs that are not 0."""
        self._product(spikes, weights, bias, out, dense=False)

    def dense_product(self, spikes, weights, bias, out):
        """The same sums, and the same bits, by tiles of all inputs."""
        self._product(spikes, weights, bias, out, dense=True)

    def _product(self, spikes, weights, bias, out, dense):
        with self._device():
            matrix, offsets = self._to_device(weights), self._to_device(bias)
            step = spikes[:1].nbytes + out[:1].nbytes
            for moment, part in self._chunks(out, step):
                some = self._to_device(spikes[moment])
                if not dense:
                    self._launch(
                        _event_product, out.shape[1], len(part), some, matrix, offsets, part
                    )
                    continue
                kernel = _dense_product(from_dtype(spikes.dtype), from_dtype(weights.dtype))
                across, down = math.ceil(part.shape[1] / SIDE), math.ceil(len(part) / SIDE)
                kernel[(across, down), (SIDE, SIDE), self.stream](some, matrix, offsets, part)


# --- what there is ------------------------------------------------------------------------------


def reason_unavailable():
    """Why no GPU can be used, or None."""
    if config.ENABLE_CUDASIM:
        return None
    try:
        if not cuda.is_available():
            error = cuda.cuda_error()
            said = " ".join(str(error).split())
            return f"no CUDA driver was found ({said})" if error else "no CUDA device was found"
    except Exception as error:  # a broken driver raises whatever it likes
        return f"CUDA could not be initialised ({error})"
    return None


def count():
    """Number of GPUs."""
    return 1 if config.ENABLE_CUDASIM else len(cuda.gpus)


def describe():
    """Name, compute capability and memory of each device."""
    if config.ENABLE_CUDASIM:
        return ["Numba's CUDA simulator"]
    found = []
    for index, device in enumerate(cuda.list_devices()):
        name = device.name.decode() if isinstance(device.name, bytes) else device.name
        major, minor = device.compute_capability
        with cuda.gpus[index]:
            total = cuda.current_context().get_memory_info().total
        found.append(f"{name}, compute capability {major}.{minor}, {total / 1e9:.0f} GB")
    return found


_process = None


def refuse_after_fork():
    """A forked child cannot use its parent's CUDA context."""
    global _process
    if _process is not None and _process != os.getpid():
        raise RuntimeError(
            f"device='cuda' was used by process {_process}, of which this one, {os.getpid()}, is a "
            "fork, and CUDA does not survive a fork; start processes with the 'spawn' method"
        )
    _process = os.getpid()
