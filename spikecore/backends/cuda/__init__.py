"""The functions of ``cpu`` on a GPU: launch the kernels, and move arrays where they are needed."""

import math
import os
import warnings

import numpy as np
from numba import config, cuda, from_dtype

from spikecore.backends import cpu, on_gpu
from spikecore.backends.cuda import kernels, product, signals
from spikecore.backends.cuda.filters import Filters
from spikecore.backends.windows import convolution_by
from spikecore.philox import STEPS_PER_BLOCK

WAVES = 32  # blocks for each multiprocessor; if there are more elements, a thread takes several
PARTS = 1024  # partial maxima of a sample
MARGIN = 0.8  # share of the free device memory that one chunk of a host array may take


def adopt(value):
    """A device array of any library as Numba's, without a copy."""
    if config.ENABLE_CUDASIM:
        return value if hasattr(value, "__cuda_ndarray__") else _simulated(value)
    with cuda.gpus[index_of(value)]:
        return cuda.as_cuda_array(value)


def as_stream(stream):
    """A CUDA stream of Numba, CuPy or torch, or a pointer to a CUDA stream, as Numba's."""
    if stream is None:
        return 0
    pointer = getattr(stream, "ptr", getattr(stream, "cuda_stream", stream))
    return cuda.external_stream(pointer) if isinstance(pointer, int) else stream


def index_of(value):
    """Number of the GPU that has an array."""
    if config.ENABLE_CUDASIM:
        return 0
    if hasattr(value, "gpu_data"):  # Numba's
        return value.gpu_data.context.device.id
    device = getattr(value, "device", None)  # torch has its index there, CuPy its id
    number = getattr(device, "index", getattr(device, "id", None))
    return number if isinstance(number, int) else cuda.get_current_device().id


def _simulated(value):
    """The simulator's array over the memory of a host array, which tests pass as a device's."""
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    posing = type(
        "Posing", (), {"__array_interface__": value.__cuda_array_interface__, "of": value}
    )
    return FakeCUDAArray(np.asarray(posing()))


class Backend(Filters):
    """The functions of ``cpu``, on one GPU and one CUDA stream.

    Arrays of the host are copied there and back, in chunks of time if the device's memory is too
    small for the whole.  Arrays of the device are used in place, without waiting for the kernels.
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
                self._launch(kernels.fill, out.shape[1], out.shape[0], value, out)

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
        """Set an array to values of the same number."""
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

    def _all_to_device(self, columns):
        """The columns of a NamedTuple; those of the host are copied to the device."""

        def moved(column):
            is_nested = isinstance(column, tuple)
            return self._all_to_device(column) if is_nested else self._to_device(column)

        return type(columns)(*map(moved, columns))

    def _all_to_host(self, columns, out):
        """Copy back the columns whose place in ``out`` is an array of the host."""
        for column, place in zip(columns, out, strict=True):
            if isinstance(place, np.ndarray):
                self._to_host(column, place)

    def _to_host(self, values, out=None):
        """Copy values back and wait for them, because the caller reads them next."""
        result = values.copy_to_host(out, stream=self.stream)
        if self.stream:
            self.stream.synchronize()
        return result

    def _fits(self, needed, remedy):
        """Refuse an array that is larger than the device's free memory."""
        if needed > self._free_memory():
            raise MemoryError(
                f"device='cuda' has {self._free_memory():,} bytes free, and {needed:,} are needed; "
                f"use {remedy}, a smaller dtype, or device='cpu'"
            )

    def _free_memory(self):
        return cuda.current_context().get_memory_info().free

    def _launch(self, kernel, num_columns, num_rows, *arguments):
        """Run a kernel over columns and rows, in enough threads to keep the device busy."""
        wanted = math.ceil(num_columns / kernels.THREADS)
        blocks = min(wanted, 2**31 - 1)
        down = max(1, min(num_rows, 65535, math.ceil(self._busy() / blocks)))
        self._configured(kernel, (blocks, down), (kernels.THREADS, 1))(*arguments)

    def _configured(self, kernel, blocks, threads):
        """The kernel with its grid, without Numba's warning that a small grid leaves a GPU idle."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Grid size")
            return kernel[blocks, threads, self.stream]

    def _busy(self):
        if config.ENABLE_CUDASIM:
            return 4
        return WAVES * cuda.get_current_device().MULTIPROCESSOR_COUNT

    def _chunks(self, out, bytes_per_step, fixed=0, whole=False):
        """For each chunk of time: its slice, and its array on the device, which is copied back."""
        for moment in self._moments(len(out), whole or on_gpu(out), bytes_per_step, fixed):
            if on_gpu(out):
                yield moment, out
                return
            part = cuda.device_array(out[moment].shape, out.dtype, stream=self.stream)
            yield moment, part
            self._to_host(part, out[moment])

    def _moments(self, num_steps, whole, bytes_per_step, fixed=0):
        """Slices of time that the device's memory has room for; ``whole``: all of it in one."""
        if whole:
            yield slice(0, num_steps)
            return
        room = MARGIN * self._free_memory() - fixed
        if room < bytes_per_step:
            raise MemoryError(
                f"device='cuda' has {self._free_memory():,} bytes free, and one time step needs "
                f"{bytes_per_step + fixed:,}; use device='cpu' or fewer elements per call"
            )
        steps = num_steps
        if room < steps * bytes_per_step:
            steps = max(1, int(room // bytes_per_step))
        for start in range(0, num_steps, steps):
            yield slice(start, min(start + steps, num_steps))

    # checks

    def first_outside(self, values, low, high):
        """As on the CPU; values on the device are not checked, because that means waiting."""
        if on_gpu(values):
            return -1
        return cpu.first_outside(values, low, high)

    # encoders

    def draw(self, code, data, numbers, key, first_element, first_step, on, off, out):
        """Spikes from spikecore's random stream; ``key`` is (k0, k1, purpose)."""
        with self._device():
            varying = len(data) > 1
            kernel = kernels.draw(code, varying)
            whole = data if varying else self._to_device(data)
            for moment, part in self._parts(code.carried, out, varying * data[:1].nbytes):
                some = self._to_device(data[moment]) if varying else whole
                blocks = 1 if code.carried else math.ceil(len(part) / STEPS_PER_BLOCK) + 1
                self._launch(
                    kernel, part.shape[1], blocks,
                    some, numbers, key, np.uint64(first_element), first_step + moment.start,
                    on, off, part,
                )  # fmt: skip

    def _parts(self, carried, out, bytes_per_step):
        """Chunks of time; a single one if what an element holds changes from step to step."""
        step = out[:1].nbytes + bytes_per_step
        if carried:
            self._fits(len(out) * step, "fewer elements per call")
        return self._chunks(out, step, whole=carried)

    def replay(self, fires, data, numbers, uniforms, on, off, out):
        """Spikes from given uniforms, one for each element and step."""
        with self._device():
            varying = len(data) > 1
            whole = data if varying else self._to_device(data)
            step = out[:1].nbytes + uniforms[:1].nbytes + varying * data[:1].nbytes
            for moment, part in self._chunks(out, step):
                some = self._to_device(data[moment]) if varying else whole
                drawn = self._to_device(uniforms[moment])
                self._launch(
                    kernels.replay(fires), part.shape[1], math.ceil(len(part) / 4),
                    some, varying, numbers, drawn, on, off, part,
                )  # fmt: skip

    def largest(self, equation, data, shared, numbers, samples):
        """Each sample's largest ``equation(x, shared, numbers)``, in the memory of the data."""
        with self._device():
            per_sample = data.size // samples
            parts = cuda.device_array((samples, min(PARTS, per_sample)), data.dtype)
            values, known = self._to_device(data), self._to_device(shared)
            kernel = kernels.largest(equation)
            self._launch(kernel, parts.size, 1, values, known, numbers, per_sample, parts)
            found = cuda.device_array(samples, data.dtype)
            self._launch(kernels.row_maxima, samples, 1, parts, found)
            return found if self.resident else self._to_host(found)

    def each(self, equation, data, shared, numbers, out):
        """``equation(x, shared, numbers)`` of every feature."""
        with self._device():
            part = out if on_gpu(out) else cuda.device_array(out.shape, out.dtype)
            values, known = self._to_device(data), self._to_device(shared)
            self._launch(kernels.each(equation), out.size, 1, values, known, numbers, part)
            if part is not out:
                self._to_host(part, out)

    def place(self, code, data, shared, numbers, on, off, out):
        """Spikes at steps that are known beforehand; ``shared`` has a number for each sample."""
        with self._device():
            values, known = self._to_device(data), self._to_device(shared)
            for moment, part in self._chunks(out, out[:1].nbytes):
                self._launch(
                    kernels.place(code), part.shape[1], math.ceil(len(part) / kernels.AHEAD),
                    values, known, numbers, moment.start, on, off, part,
                )  # fmt: skip

    def scan(self, code, data, state, numbers, levels, out):
        """Spikes of a state that changes from step to step, beginning with ``state``."""
        with self._device():
            held, limits = self._all_to_device(state), self._all_to_device(numbers)
            for moment, part in self._chunks(out, out[:1].nbytes + data[:1].nbytes):
                if code.recall and moment.start:
                    held = self._all_to_device(code.recall(data[moment.start - 1]))
                groups = math.ceil(len(part) / kernels.AHEAD) if code.recall else 1
                self._launch(
                    signals.scan(code), data.shape[1], groups,
                    self._to_device(data[moment]), held, limits, levels, part,
                )  # fmt: skip
            if not code.recall:
                self._all_to_host(held, state)

    def slide(self, code, data, window, growing, numbers, levels, out):
        """Spikes of the difference between a sample and the mean of those before it."""
        with self._device():
            limits, kernel = self._all_to_device(numbers), signals.slide(code)
            per_step = data[:1].nbytes
            fixed = min(window, len(data)) * per_step
            for moment, part in self._chunks(out, out[:1].nbytes + per_step, fixed):
                # the first steps may look ahead, as far as the first window ends
                begin, end = max(0, moment.start - window), max(moment.stop, min(window, len(data)))
                some = data if on_gpu(data) else self._to_device(data[begin:end])
                self._launch(
                    kernel, data.shape[1], len(part),
                    some, 0 if some is data else begin, moment.start, len(data), window, growing,
                    limits, levels, part,
                )  # fmt: skip

    def fold(self, step, data, state, numbers):
        """Take a state through time; nothing is written but the state."""
        with self._device():
            held, limits = self._all_to_device(state), self._all_to_device(numbers)
            for moment in self._moments(len(data), on_gpu(data), data[:1].nbytes):
                some = self._to_device(data[moment])
                self._launch(signals.fold(step), data.shape[1], 1, some, held, limits)
            self._all_to_host(held, state)

    def climb(self, line, on, off, out):
        """Replace trains of ones and zeros by lines that climb to each one."""
        with self._device():
            part = self._to_device(out)
            self._launch(kernels.climb(line), out.shape[1], 1, on, off, part)
            if part is not out:
                self._to_host(part, out)

    # neurons

    def neurons(self, step, width, current, parameters, state, records, on, off, spikes):
        """Run neurons over [T, M] currents; ``state`` is updated in place."""
        with self._device():
            numbers, held = self._all_to_device(parameters), self._all_to_device(state)
            per_step = spikes[:1].nbytes + current[:1].nbytes
            per_step += sum(r[:1].nbytes for r in records if np.ndim(r))
            for moment, part in self._chunks(spikes, per_step):
                kept = [
                    r if not isinstance(r, np.ndarray)
                    else cuda.device_array(r[moment].shape, r.dtype, stream=self.stream)
                    for r in records
                ]  # fmt: skip
                steps = self._to_device(current[moment])
                self._run_neurons(
                    step, width, steps, numbers, held, type(records)(*kept), on, off, part
                )
                for r, there in zip(records, kept, strict=True):
                    if isinstance(r, np.ndarray):
                        self._to_host(there, r[moment])
            self._all_to_host(held, state)

    def _run_neurons(self, step, width, current, parameters, state, records, on, off, spikes):
        size = current.shape[1]
        if not width:
            self._launch(
                kernels.neurons(step), size, 1, current, parameters, state, records, on, off, spikes
            )
            return
        pending = cuda.device_array(size, current.dtype, stream=self.stream)
        kernel = kernels.inhibited_neurons(step, from_dtype(current.dtype))
        blocks = min(size // width, 2**31 - 1)
        self._configured(kernel, blocks, kernels.THREADS)(
            current, width, parameters, state, records, pending, on, off, spikes
        )

    # layers

    def product(self, spikes, weights, bias, out):
        """``spikes @ weights + bias``, each sum in index order over the inputs that are not 0."""
        self._product(spikes, weights, bias, out, dense=False)

    def dense_product(self, spikes, weights, bias, out):
        """The same sums, and the same bits, by tiles of all inputs."""
        self._product(spikes, weights, bias, out, dense=True)

    def convolution(self, spikes, weights, bias, geometry, out):
        """Weighted sums over the inputs under a kernel, each in index order."""
        convolution_by(self.product, spikes, weights, bias, geometry, out)

    def _product(self, spikes, weights, bias, out, dense):
        with self._device():
            matrix, offsets = self._to_device(weights), self._to_device(bias)
            step = spikes[:1].nbytes + out[:1].nbytes
            for moment, part in self._chunks(out, step):
                some = self._to_device(spikes[moment])
                if not dense:
                    self._launch(
                        kernels.event_product, out.shape[1], len(part), some, matrix, offsets, part
                    )
                    continue
                kernel = product.dense_product(from_dtype(spikes.dtype), from_dtype(weights.dtype))
                side = product.SIDE
                blocks = (math.ceil(part.shape[1] / side), math.ceil(len(part) / side))
                self._configured(kernel, blocks, (side, side))(some, matrix, offsets, part)


# --- devices ------------------------------------------------------------------------------------


def reason_unavailable():
    """Why no GPU can be used, or None."""
    if config.ENABLE_CUDASIM:
        return None
    try:
        if not cuda.is_available():
            error = cuda.cuda_error()
            said = " ".join(str(error).split())
            return f"no CUDA driver was found ({said})" if error else "no CUDA device was found"
    except Exception as error:  # a broken driver may raise anything
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
