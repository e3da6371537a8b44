"""Check integers: parameters, inputs and states, each within the range of its register."""

import math

import numpy as np

from spikecore import arguments
from spikecore.foreign import shown


def parameter(name, value, low, high):
    """An int, or a read-only int64 array of integers, in [low, high]."""
    given = _whole(name, value)
    if not given.size:
        remedy = "pass an int"
        arguments.refuse(name, "hold a number", f"an array of shape {given.shape}", remedy)
    if given.ndim == 0:
        return arguments.integer(name, given.item(), low, high)
    _within(name, given, low, high, "pass whole numbers in that range")
    result = given.astype(np.int64)
    result.flags.writeable = False
    return result


def data(name, value, low, high, backend, remedy):
    """Integers in [low, high] as a read-only, contiguous int32 array."""
    given = _whole(name, value)
    narrow = given.dtype == np.int32 and given.dtype.isnative and given.flags.c_contiguous
    if not narrow:
        _within(name, given, low, high, remedy)
        arguments.fits_copy(name, given, np.int32)
    result = np.require(given, np.int32, ["C", "A"]).view(np.ndarray)
    result.flags.writeable = False
    if narrow and backend.first_outside(result.reshape(-1), np.int32(low), np.int32(high)) >= 0:
        _within(name, result, low, high, remedy)
    return result


def state(name, value, shape, low, high):
    """A state of the neurons' shape, as a new int32 array."""
    given = _whole(name, value)
    if given.size == 1 and math.prod(shape) == 1:
        given = given.reshape(shape)
    if given.shape != shape:
        remedy = "pass one value per neuron, or None to begin at rest"
        arguments.refuse(name, f"have the shape of the neurons, {shape}", given.shape, remedy)
    _within(name, given, low, high, "pass a state that a run returned")
    return np.array(given, np.int32)


def _whole(name, value):
    """An array of integers in the host's memory."""
    given = arguments.array(name, value)
    if given.dtype.kind not in "iu":
        remedy = "round it and convert it with astype(numpy.int32)"
        got = f"dtype {given.dtype}" if np.ndim(value) else shown(value)
        arguments.refuse(name, "be whole numbers of an integer dtype", got, remedy, TypeError)
    return given


def _within(name, values, low, high, remedy):
    """Refuse integers outside [low, high], by the first of them."""
    if not values.size or (low <= int(values.min()) and int(values.max()) <= high):
        return
    where = int(np.argmax((values < low) | (values > high)))
    index = ", ".join(str(i) for i in np.unravel_index(where, values.shape))
    place = f"{name}[{index}]" if values.ndim else "it"
    found = values.reshape(-1)[where]
    raise ValueError(f"{name} must be from {low} to {high}, but {place} is {found}; {remedy}")
