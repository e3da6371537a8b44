"""Rasters as bits, eight elements in a byte, in the order of ``numpy.packbits``."""

from __future__ import annotations

import numpy as np

from spikecore import arguments, memory


def packed(step, element, num_steps, size):
    """The bytes ``[num_steps, ceil(size/8)]`` of sorted events, without a dense array."""
    shape = (num_steps, -(-size // 8))
    memory.fits_memory(shape, np.uint8)
    out = np.zeros(shape, np.uint8)
    places = step.astype(np.int64) * shape[1] + (element >> 3)
    masks = (0x80 >> (element & 7)).astype(np.uint8)
    starts = np.flatnonzero(np.append(True, places[1:] != places[:-1])[: places.size])
    if starts.size:
        out.reshape(-1)[places[starts]] = np.bitwise_or.reduceat(masks, starts)
    return out


def unpacked(given, size):
    """Steps and elements of the bits that are 1."""
    width = -(-size // 8)
    if given.ndim != 2 or given.dtype != np.uint8 or given.shape[1] != width:
        must = f"be uint8 of shape [num_steps, {width}] for {size} elements"
        got = f"{given.dtype} of shape {given.shape}"
        arguments.refuse("packed", must, got, "pass what pack() gave, and its shape")
    steps, columns = np.nonzero(given)
    which, bit = np.nonzero(np.unpackbits(given[steps, columns][:, None], axis=1))
    step, element = steps[which], columns[which] * 8 + bit
    if (element >= size).any():
        must, got = f"have 0 in the bits after the {size} elements", int(element.max())
        arguments.refuse("packed", must, f"a bit of element {got}", "pass a larger shape")
    return step, element
