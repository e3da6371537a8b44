"""The CUDA driver's functions that Numba calls, for one virtual GPU of compute capability 9.0."""
# ruff: noqa: N802 - the functions have the driver's names

import ctypes
import time

import numpy as np

from virtual_gpu import memory as device_memory
from virtual_gpu import ptx

TOTAL = 1 << 30
MULTIPROCESSORS = 2
THREADS, GRID, BLOCK = 1024, (2**31 - 1, 65535, 65535), (1024, 1024, 64)  # the most of a launch
ATTRIBUTES = {  # by the driver's numbers
    75: 9,  # compute capability, major
    76: 0,  # minor
    16: MULTIPROCESSORS,
    10: 32,  # threads of a warp
    1: THREADS,
    41: 1,  # unified addressing
}
PTX = 1  # the kind of what is linked
SUCCESS, INVALID_VALUE, OUT_OF_MEMORY, NOT_FOUND = 0, 1, 2, 500


class VirtualDriver:
    """What Numba takes for the driver's library: attributes that are functions."""

    def __init__(self):
        self.memory = device_memory.Memory(TOTAL)
        self.launches = []  # name, grid and block of each kernel that ran
        self._objects = {}  # handles: links, modules, functions, events
        self._linked = []  # buffers that Numba reads after cuLinkComplete
        self._contexts = []
        self.cuIpcOpenMemHandle = ctypes.c_void_p(0)

    def install(self):
        """Put this in the place of the driver that Numba did not find."""
        from numba.cuda.cudadrv.driver import driver

        driver.lib = Library(self)
        driver.is_initialized = False
        driver.initialization_error = None

    def _handle(self, thing):
        number = len(self._objects) + 1
        self._objects[number] = thing
        return number

    # devices and contexts

    def cuInit(self, flags):
        return SUCCESS

    def cuDriverGetVersion(self, version):
        version._obj.value = 13000
        return SUCCESS

    def cuDeviceGetCount(self, count):
        count._obj.value = 1
        return SUCCESS

    def cuDeviceGet(self, device, number):
        device._obj.value = number
        return SUCCESS

    def cuDeviceGetAttribute(self, value, attribute, device):
        value._obj.value = ATTRIBUTES[attribute]
        return SUCCESS

    def cuDeviceGetName(self, name, size, device):
        name.value = b"virtual GPU"
        return SUCCESS

    def cuDeviceGetUuid(self, uuid, device):
        return SUCCESS

    def cuDevicePrimaryCtxRetain(self, context, device):
        context._obj.value = 1
        return SUCCESS

    def cuDevicePrimaryCtxRelease(self, device):
        return SUCCESS

    def cuCtxPushCurrent(self, context):
        self._contexts.append(context.value)
        return SUCCESS

    def cuCtxPopCurrent(self, context):
        context._obj.value = self._contexts.pop()
        return SUCCESS

    def cuCtxGetCurrent(self, context):
        context._obj.value = self._contexts[-1] if self._contexts else None
        return SUCCESS

    def cuCtxGetDevice(self, device):
        device._obj.value = 0
        return SUCCESS

    def cuCtxSynchronize(self):
        return SUCCESS

    # memory

    def cuMemGetInfo(self, free, total):
        free._obj.value = self.memory.total - self.memory.used
        total._obj.value = self.memory.total
        return SUCCESS

    def cuMemAlloc(self, pointer, size):
        if _number(size) == 0:
            return INVALID_VALUE
        base = self.memory.allocate(_number(size))
        if base is None:
            return OUT_OF_MEMORY
        pointer._obj.value = base
        return SUCCESS

    def cuMemFree(self, pointer):
        self.memory.free(_number(pointer))
        return SUCCESS

    def cuMemcpyHtoD(self, device, host, size):
        self.memory.copy_in(_number(device), _host(host, size))
        return SUCCESS

    def cuMemcpyDtoH(self, host, device, size):
        _host(host, size)[:] = self.memory.copy_out(_number(device), size)
        return SUCCESS

    def cuMemcpyDtoD(self, target, source, size):
        self.memory.copy_in(_number(target), self.memory.copy_out(_number(source), size).copy())
        return SUCCESS

    def cuMemcpyHtoDAsync(self, device, host, size, stream):
        return self.cuMemcpyHtoD(device, host, size)

    def cuMemcpyDtoHAsync(self, host, device, size, stream):
        return self.cuMemcpyDtoH(host, device, size)

    def cuMemcpyDtoDAsync(self, target, source, size, stream):
        return self.cuMemcpyDtoD(target, source, size)

    def cuMemsetD8(self, device, value, size):
        self.memory.copy_in(_number(device), np.full(size, value, np.uint8))
        return SUCCESS

    def cuPointerGetAttribute(self, data, attribute, pointer):
        context, kind, address = 1, 2, 3
        data._obj.value = {context: 1, kind: 2, address: _number(pointer)}[attribute]
        return SUCCESS

    # modules: what is linked stays PTX

    def cuLinkCreate(self, count, keys, values, state):
        state._obj.value = self._handle([])
        return SUCCESS

    def cuLinkAddData(self, state, kind, data, size, name, count, keys, values):
        if _number(kind) != PTX:
            return INVALID_VALUE
        self._objects[_number(state)].append(ctypes.string_at(data, size))
        return SUCCESS

    def cuLinkComplete(self, state, cubin, size):
        text = b"\n".join(self._objects[_number(state)]) + b"\0"
        self._linked.append(ctypes.create_string_buffer(text, len(text)))
        cubin._obj.value = ctypes.addressof(self._linked[-1])
        size._obj.value = len(text)
        return SUCCESS

    def cuLinkDestroy(self, state):
        return SUCCESS

    def cuModuleLoadDataEx(self, module, image, count, keys, values):
        text = ctypes.string_at(image).decode()
        module._obj.value = self._handle(ptx.Kernel(text))
        return SUCCESS

    def cuModuleUnload(self, module):
        return SUCCESS

    def cuModuleGetFunction(self, function, module, name):
        if self._objects[_number(module)].name.encode() != getattr(name, "value", name):
            return NOT_FOUND
        function._obj.value = _number(module)
        return SUCCESS

    def cuFuncGetAttribute(self, value, attribute, function):
        value._obj.value = THREADS if attribute == 0 else 0
        return SUCCESS

    def cuLaunchKernel(
        self, function, gx, gy, gz, bx, by, bz, shared, stream, parameters, extra
    ):  # fmt: skip
        grid, block = (gx, gy, gz), (bx, by, bz)
        fits = all(1 <= n <= most for n, most in zip(grid + block, GRID + BLOCK, strict=True))
        if not fits or bx * by * bz > THREADS or _number(shared):
            return INVALID_VALUE
        kernel = self._objects[_number(function)]
        arguments = {}
        for (name, dtype), place in zip(kernel.parameters.items(), parameters, strict=True):
            arguments[name] = np.frombuffer(ctypes.string_at(place, dtype.itemsize), dtype)[0]
        self.launches.append((kernel.name, grid, block))
        kernel.run(self.memory, grid, block, arguments)
        return SUCCESS

    # streams and events: everything is done when it is asked for

    def cuStreamCreate(self, stream, flags):
        stream._obj.value = self._handle("stream")
        return SUCCESS

    def cuStreamDestroy(self, stream):
        return SUCCESS

    def cuStreamSynchronize(self, stream):
        return SUCCESS

    def cuEventCreate(self, event, flags):
        event._obj.value = self._handle([0.0])
        return SUCCESS

    def cuEventRecord(self, event, stream):
        self._objects[_number(event)][0] = time.perf_counter()
        return SUCCESS

    def cuEventSynchronize(self, event):
        return SUCCESS

    def cuEventElapsedTime(self, milliseconds, begin, end):
        first, last = (self._objects[_number(one)][0] for one in (begin, end))
        milliseconds._obj.value = 1000 * (last - first)
        return SUCCESS

    def cuEventDestroy(self, event):
        return SUCCESS


class Library:
    """The functions as plain ones, on which Numba may set ``restype`` and ``argtypes``."""

    def __init__(self, driver):
        self._driver = driver

    def __getattr__(self, name):
        method = getattr(self._driver, name.removesuffix("_v2"), None)
        if method is None or not name.startswith("cu"):
            raise AttributeError(name)
        if not callable(method):
            return method

        def function(*arguments):
            return method(*arguments)

        function.__name__ = name
        return function


def _number(value):
    """An integer or a ctypes one."""
    return int(getattr(value, "value", value) or 0)


def _host(pointer, size):
    """Bytes of the host's memory."""
    address = pointer if isinstance(pointer, int) else ctypes.cast(pointer, ctypes.c_void_p).value
    return np.frombuffer((ctypes.c_uint8 * size).from_address(address), np.uint8)
