"""What all layers that are no neurons have in common: shapes, dtypes, and their part of a run.

A shape holds the sizes of one time step, batch axes first.  While a network is made, the batch axes
are not known: then the shape begins with ``...``, and a size that is not known is None.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Device
from spikecore.backends.floats import standard_floats
from spikecore.foreign import shape_of
from spikecore.results import same


class MisfitError(Exception):
    """What a layer requires of its input, for the sentence of the network that has it."""


def last_sizes(shape, count, must):
    """The last sizes of a shape; a shape with fewer is a :class:`MisfitError`."""
    if shape[:1] == (...,):
        known = shape[1:]
        return (None,) * (count - len(known)) + known[max(0, len(known) - count) :]
    if len(shape) < count:
        raise MisfitError(must)
    return tuple(shape[len(shape) - count :])


def sizes_before(shape, count):
    """The sizes before the last ones."""
    return (..., *shape[1:][:-count]) if shape[:1] == (...,) else tuple(shape[:-count])


class Layer:
    """Base class of the layers that are no neurons; a subclass is a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    state_names: ClassVar[tuple[str, ...]] = ()  # what a layer keeps from step to step

    @property
    def _weight_dtype(self):
        """The dtype that a layer with weights computes in, or None."""
        return None

    def __eq__(self, layer: object) -> bool:
        """Whether the kind and every field are equal, arrays included."""
        if type(self) is not type(layer):
            return NotImplemented
        return all(
            same(a, b) and getattr(a, "dtype", None) == getattr(b, "dtype", None)
            for a, b in zip(self._values(), layer._values(), strict=True)
        )

    def _values(self) -> Iterator[Any]:
        return (getattr(self, field.name) for field in fields(self))

    def _set(self, name, value):
        """Set a field of this frozen dataclass, while it is made."""
        object.__setattr__(self, name, value)

    def _output_shape(self, shape):
        """Shape of the output for a shape of the input; a :class:`MisfitError` if there is none."""
        return shape

    def _output_dtype(self, given, dtype):
        """dtype of the output for input of the dtype ``given``, in a network of ``dtype``."""
        return dtype

    def _largest_output(self, largest):
        """A bound of the output's size, for input up to ``largest``; infinity if there is none."""
        return largest

    def _closes(self):
        """Whether no step's output depends on the input of that step."""
        return False

    def _fitting(self, name, shape):
        """The output's shape for an array of the caller."""
        try:
            return self._output_shape(shape)
        except MisfitError as misfit:
            arguments.refuse(name, f"{misfit} for {self!r}", f"shape {shape}", "reshape it")


class Stateless(Layer):
    """Base class of the layers that keep nothing from step to step; they can be called."""

    _overflows_at_once: ClassVar[bool] = True  # an output may be infinite; False saves a look

    def _begin(self, shape, dtype, state, backend, exact):
        """Its part of a run, with an output of a shape and dtype."""
        return Moment(self, shape, dtype, backend, exact)

    def _fill(self, values, out, exact, backend):
        """Set ``out`` to the output for values that have been checked."""
        raise NotImplementedError

    def __call__(
        self, spikes: ArrayLike, *, exact: bool = False, device: Device | None = None
    ) -> Array:
        """The output of the layer.

        Parameters
        ----------
        spikes : array_like
            Batch and time axes, then those of the layer: bool, int8, uint8, float32 or float64.
        exact : bool
            Sum in index order for any density, so that the bits are the same on every device.
        device
            As in :func:`spikecore.spikegen.rate`.

        Returns
        -------
        numpy.ndarray
            Of the dtype of the weights; without weights float64 for float64 and else float32.

        Raises
        ------
        ValueError, TypeError
            Spikes of another shape or dtype, or NaN.
        """
        given = spike_array(arguments.array("spikes", spikes))
        exact = arguments.flag("exact", exact)
        shape = self._fitting("spikes", given.shape)
        dtype = self._output_dtype(given.dtype, self._weight_dtype or floating(given.dtype))
        backend = backends.choose(device, outputs=math.prod(shape))
        finite_input("spikes", given, dtype, backend)
        out = arguments.output(None, shape, dtype)
        if out.size:
            self._fill(read_only(given), out, exact, backend)
        if self._overflows_at_once and dtype.kind == "f":
            arguments.finite(f"the output of {self!r}", out, backend)
        return out


@dataclass(eq=False)
class Moment:
    """A layer's part of a run, if nothing is kept from step to step."""

    layer: Any
    shape: tuple
    dtype: Any
    backend: Any
    exact: bool
    _scratch: Any = None

    final = ()

    def place(self, steps, moment):
        """The array for the output of a chunk of steps; the next chunk overwrites it."""
        if self._scratch is None or len(self._scratch) < steps:
            self._scratch = scratch((steps, *self.shape), self.dtype, self.backend)
        return self._scratch[:steps]

    def fill(self, values, out, first):
        """Set ``out`` to the output of some steps, of which ``first`` is the number in the run."""
        if out.size:
            self.layer._fill(values, out, self.exact, self.backend)


# --- arrays -------------------------------------------------------------------------------------


def spike_array(given):
    """An array of a dtype of spikes, contiguous and in the byte order of the machine."""
    if given.dtype not in arguments.SPIKE_DTYPES:
        must, remedy = "be bool, int8, uint8, float32 or float64", "convert them with astype"
        arguments.refuse("spikes", must, given.dtype, remedy, TypeError)
    if not (given.flags.c_contiguous and given.dtype.isnative):
        arguments.fits_copy("spikes", given, given.dtype)
    return np.require(given, given.dtype.newbyteorder("="), ["C", "A"]).view(np.ndarray)


def finite_input(name, values, dtype, backend):
    """Refuse values that are NaN or past the largest number of ``dtype``."""
    if values.dtype.kind == "f":
        limit = np.finfo(values.dtype).max
        if dtype.kind == "f":
            limit = min(limit, np.finfo(dtype).max)
        arguments.within(name, values, -limit, limit, backend, "finite")


def floating(dtype):
    """The dtype in which a layer without weights computes."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def read_only(values):
    """A view that cannot be written to; Numba compiles again when that flag changes."""
    if not isinstance(values, np.ndarray):  # on a GPU
        return values
    view = values.view()
    view.flags.writeable = False
    return view


def scratch(shape, dtype, backend):
    """A new array, where the data are."""
    return (backend.empty if backend.resident else np.empty)(shape, dtype)


def bytes_of(values):
    """bool as uint8, so that one kernel less is compiled."""
    return values.view(np.uint8) if values.dtype == np.bool_ else values


def weights(name, value, ndim, must):
    """Weights as a read-only array of the layer's own, with so many axes, none of them empty."""
    value = arguments.currents(name, value)
    if value.ndim != ndim or 0 in value.shape:
        arguments.refuse(name, must, f"shape {value.shape}", "reshape it")
    return frozen(name, value, value.dtype)


def frozen(name, values, dtype):
    """A read-only copy, finite in its dtype."""
    with np.errstate(over="ignore"):
        result = np.array(values, dtype)
    arguments.finite(name, result, backends.on_host())
    result.flags.writeable = False
    return result


def offsets(bias, weight):
    """The bias of a layer, one number for each output channel; none is 0."""
    bias = np.zeros(len(weight), weight.dtype) if bias is None else bias
    bias = arguments.currents("bias", bias)
    if bias.shape != weight.shape[:1]:
        must = f"have shape {weight.shape[:1]}, one number per output"
        arguments.refuse("bias", must, bias.shape, "leave it out for no bias")
    return frozen("bias", bias, weight.dtype)


def largest_sum(weight, bias, largest):
    """A bound of weighted sums of inputs up to ``largest``, of the first axis of the weights."""
    with standard_floats(), np.errstate(over="ignore", invalid="ignore"):
        sums = np.abs(weight.reshape(len(weight), -1)).sum(axis=1, dtype=np.float64) * largest
        bound = float(np.max(sums + np.abs(bias)))
    return math.inf if math.isnan(bound) else bound


def pair(name, value, low):
    """A whole number for both axes, or one for each."""
    if isinstance(value, (tuple, list, np.ndarray)) and len(shape_of(value) or ()) == 1:
        if len(value) != 2:
            must = "be a whole number or two of them"
            arguments.refuse(name, must, arguments.shown(value), "pass (height, width)")
        return tuple(whole(f"{name}[{axis}]", size, low) for axis, size in enumerate(value))
    return (whole(name, value, low),) * 2


def whole(name, value, low):
    """A whole number that is a size in a layer."""
    return arguments.integer(name, value, low, 2**31 - 1)
