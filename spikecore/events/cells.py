"""Cells of a raster by number: sorted, distinct, and with one value each.

A cell is a step and an element, numbered ``step * size + element`` in C order.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np

from spikecore import arguments

Combine = Literal["error", "any", "count", "signed"]

COMBINE = get_args(Combine)
MOST_CELLS = 2**63 - 1  # numbers of cells are int64


def fitting(largest):
    """The smallest of int16, int32 and int64 that holds a number; signed, so differences work."""
    return next(
        np.dtype(kind) for kind in (np.int16, np.int32, np.int64) if largest <= np.iinfo(kind).max
    )


def sizes(shape, num_steps, remedy="pass the shape of one step, such as (28, 28)"):
    """The features' shape as a tuple of ints and the number of steps, whose cells can be counted.

    Returns
    -------
    shape, num_steps, size
        ``size`` is the number of elements.
    """
    if isinstance(shape, (int, np.integer)) and not isinstance(shape, (bool, np.bool_)):
        shape = (shape,)
    lengths = arguments.items("shape", shape, "be a tuple of lengths", remedy)
    shape = tuple(
        arguments.integer(f"shape[{i}]", length, 0, MOST_CELLS, remedy=remedy)
        for i, length in enumerate(lengths)
    )
    num_steps = arguments.integer("num_steps", num_steps, 0, remedy="pass the number of time steps")
    size = math.prod(shape)
    if num_steps * max(size, 1) > MOST_CELLS:
        arguments.refuse(
            "shape and num_steps", "have fewer than 2**63 cells", f"{shape} and {num_steps}",
            "count time in longer steps",
        )  # fmt: skip
    return shape, num_steps, size


def whole_numbers(name, values, high, remedy):
    """Whole numbers from 0 to below ``high`` as int64, one axis."""
    given = arguments.array(name, values)
    if given.dtype.kind not in "iu" and given.size:
        arguments.refuse(name, "be integers", f"dtype {given.dtype}", remedy, TypeError)
    if given.ndim != 1:
        arguments.refuse(name, "have one axis", f"shape {given.shape}", "pass one number an event")
    outside = (given < 0) | (given >= high)
    if outside.any():
        where = int(np.argmax(outside))
        must = f"lie from 0 to {high - 1}" if high else "be empty where there is no cell"
        arguments.refuse(f"{name}[{where}]", must, given[where], remedy)
    return given.astype(np.int64)


def of_values(name, values, count):
    """The values of events: real, finite, not 0, one for each; one number stands for all."""
    given = arguments.array(name, values)
    if given.ndim == 0:
        given = np.full(count, given)
    if given.shape != (count,):
        must = f"have shape {(count,)}, one for each event"
        arguments.refuse(name, must, given.shape, "pass as many, or one number for all")
    given = np.array(given, given.dtype.newbyteorder("="))
    bad = given == 0
    if given.dtype.kind == "f":
        bad |= ~np.isfinite(given)
    if bad.any():
        where = int(np.argmax(bad))
        remedy = "leave out events of value 0" if given[where] == 0 else "clean the values first"
        arguments.refuse(f"{name}[{where}]", "be finite and not 0", given[where], remedy)
    return given


def combined(cells, values, combine, size, shape):
    """Sorted distinct cells with their values.

    ``values`` is None where each event stands for one spike.
    """
    if cells.size < 2 or (cells[1:] >= cells[:-1]).all():
        order = None
    else:
        order = np.argsort(cells, kind="stable")
        cells = cells[order]
        values = values if values is None else values[order]
    first = np.append(True, cells[1:] != cells[:-1])[: cells.size]
    if combine == "error":
        if not first.all():
            step, element = divmod(int(cells[np.argmin(first)]), size)
            place = tuple(int(i) for i in np.unravel_index(element, shape or (1,)))[: len(shape)]
            raise ValueError(
                f"several events lie in step {step} of element {place}; pass combine='any', "
                "'count' or 'signed', or a smaller dt"
            )
        return cells, np.ones(cells.size, bool) if values is None else values
    starts = np.flatnonzero(first)
    if combine == "any":
        return cells[starts], np.ones(starts.size, bool)
    if combine == "count":
        return cells[starts], _smallest(np.diff(starts, append=cells.size), "u")
    signs = np.ones(cells.size, np.int64) if values is None else np.sign(values).astype(np.int64)
    sums = np.add.reduceat(signs, starts) if starts.size else signs
    kept = sums != 0
    return cells[starts[kept]], _smallest(sums[kept], "i")


def _smallest(numbers, kind):
    """Whole numbers in the smallest integer dtype of a kind that holds them."""
    low, high = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, 0)
    for width in (1, 2, 4):
        info = np.iinfo(f"{kind}{width}")
        if info.min <= low and high <= info.max:
            return numbers.astype(info.dtype)
    return numbers.astype(np.int64)


def of_dense(spikes):
    """Steps, elements and values of what is not 0, the features' shape and the number of steps."""
    given = arguments.array("spikes", spikes)
    if given.ndim == 0:
        got, remedy = f"the scalar {given}", "pass [num_steps, ...]"
        arguments.refuse("spikes", "have a time axis", got, remedy)
    arguments.fits_copy("spikes", given, bool)
    # numpy.flatnonzero takes 15 times as long for float32 as for bool.
    found = np.flatnonzero(given if given.dtype.kind == "b" else given != 0)
    values = given.flat[found] if not given.flags.c_contiguous else given.reshape(-1)[found]
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        where = int(np.argmin(np.isfinite(values)))
        place = ", ".join(map(str, np.unravel_index(found[where], given.shape)))
        remedy = "clean the spikes first"
        arguments.refuse(f"spikes[{place}]", "be finite", values[where], remedy)
    values = values.astype(given.dtype.newbyteorder("="), copy=False)
    shape = given.shape[1:]
    step, element = np.divmod(found, max(math.prod(shape), 1))
    return step, element, values, shape, len(given)


def converted(values, dtype):
    """The values of events in another dtype, none changed."""
    try:
        kind = np.dtype(dtype)
    except Exception:  # TypeError, or what foreign attributes raise
        kind = np.dtype(object)
    if kind.kind not in "biuf" or kind.itemsize > 8:
        must, remedy = "be real, of at most 64 bits", "pass numpy.float32, for example"
        arguments.refuse("dtype", must, arguments.shown(dtype), remedy, TypeError)
    with np.errstate(over="ignore", invalid="ignore"):
        result = values.astype(kind)
        changed = result.astype(values.dtype) != values
    changed |= (result < 0) != (values < 0)  # -1 as uint64, and back
    if changed.any():
        must, remedy = f"hold the value {values[np.argmax(changed)]}", f"pass numpy.{values.dtype}"
        arguments.refuse("dtype", must, kind, remedy)
    return result


def bounds(moment, num_steps):
    """The first step of a slice, and one past its last."""
    try:
        start, stop, _ = moment.indices(num_steps)
    except Exception:  # TypeError, or what a foreign __index__ raises
        got, remedy = arguments.shown(moment), "pass events[10:20]"
        arguments.refuse("index", "have whole numbers", got, remedy, TypeError)
    return start, max(start, stop)


def chosen(step, element, wanted):
    """The events of the wanted elements: which event, and at which place of ``wanted``."""
    order = np.argsort(wanted, kind="stable")
    first = np.searchsorted(wanted[order], element, "left")
    number = np.searchsorted(wanted[order], element, "right") - first
    source = np.repeat(np.arange(len(step)), number)
    offset = np.arange(source.size) - np.repeat(np.cumsum(number) - number, number)
    place = order[first[source] + offset]
    sorted_by = np.lexsort((place, step[source]))
    return source[sorted_by], place[sorted_by]
