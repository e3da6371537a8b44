"""What the decoders that sum share: one call, from the first value to the array that is filled."""

import numpy as np

from spikecore import arguments, backends
from spikecore.chunked import carried
from spikecore.codes.signals import Levels, column
from spikecore.foreign import has

SMALL = (np.dtype(np.int8), np.dtype(np.uint8))


class SumCall:
    """One call of a decoder: spikes or values ``[T, ...]`` in, a signal of that shape out."""

    def __init__(self, name, value, dtype, initial, out, device, stream):
        given = arguments.array(name, value, gpu=True)
        if given.ndim == 0:
            got, remedy = f"the scalar {given}", "pass [num_steps, ...]"
            arguments.refuse(name, "have a time axis", got, remedy)
        self.name, self.given, self.out = name, given, out
        self.dtype = _dtype_of_sums(dtype, carried(initial).initial, given)
        self.backend = backends.choose(device, value, stream=stream, outputs=given.size)
        self.values = _contiguous(name, given)
        if self.values.dtype.kind == "f":
            arguments.finite(name, self.values, self.backend)

    @property
    def features(self):
        """The shape of one step."""
        return self.given.shape[1:]

    @property
    def samples(self):
        """The spikes as the loops take them, [T, N]."""
        return self.values.reshape(len(self.given), self._size())

    def _size(self):
        return int(np.prod(self.features, dtype=np.int64))

    def column(self, name, value):
        """A new column of numbers, one for each feature."""
        return column(name, value, self._size(), self.features, self.dtype, self.backend)

    def result(self):
        """The array to fill."""
        inputs = {self.name: self.given}
        return arguments.output(self.out, self.given.shape, self.dtype, self.backend, **inputs)

    def decode(self, code, state, initial, numbers, count_first=True):
        """Sum by a loop's equations from the initial value on."""
        carry = carried(initial)
        first, result = self.column("initial", carry.initial), self.result()
        if not result.size:
            return result
        samples, (rows, unit) = self.samples, backends.rows(result, self.dtype.type(1))
        if not count_first and carry.state is None:
            self.backend.copy_into(rows[:1], first)
            samples, rows = samples[1:], rows[1:]
        now = carry.state = carry.state or state(first)
        if len(rows):
            self.backend.scan(code, samples, now, numbers, Levels(unit, unit, unit), rows)
        return result


def _contiguous(name, given):
    """Spikes as the loops take them: those of a byte as they are, others in floating point."""
    if backends.on_gpu(given):
        return given
    if given.dtype == np.bool_:
        given = given.astype(np.uint8)
    if given.dtype not in SMALL:
        return arguments.real(name, given)
    result = np.ascontiguousarray(given).view()
    result.flags.writeable = False
    return result


def _dtype_of_sums(dtype, initial, given):
    """As asked for; else that of the initial value where it has one; else of floating spikes."""
    if dtype is None:
        held = (value.dtype for value in (initial, given) if has(value, "dtype"))
        numpys = (dtype for dtype in held if isinstance(dtype, np.dtype))
        floating = (dtype for dtype in numpys if dtype in (np.float32, np.float64))
        return np.dtype(next(floating, np.float64))
    result = arguments.spike_dtype(dtype, None, given.dtype)
    if result.kind != "f":
        arguments.refuse("dtype", "be float32 or float64", result, "pass one of these", TypeError)
    return result
