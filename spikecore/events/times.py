"""Times to steps: exact for integers, and ``k*dt`` is step k for floats."""

from __future__ import annotations

import numpy as np

from spikecore import arguments

ULPS = 4  # a quotient so near below a whole number is that number: k*dt divided by dt misses by 1
LARGEST_TIME = 2**62  # so that the difference of two integer times fits int64
LIMIT = np.float64(LARGEST_TIME)


def of_events(name, times):
    """Times as int64 or float64, one axis, finite."""
    given = arguments.array(name, times)
    if given.ndim != 1:
        arguments.refuse(name, "have one axis", f"shape {given.shape}", "pass one time an event")
    if given.dtype.kind == "b":
        arguments.refuse(name, "be numbers", "dtype bool", "pass integers or floats", TypeError)
    if given.dtype.kind == "f":
        bad, must = ~np.isfinite(given), "be finite"
        result = given.astype(np.float64)
    else:
        bad = (given > LARGEST_TIME) | (given < -LARGEST_TIME)
        must, result = "lie within 2**62 of 0", given.astype(np.int64)
    if bad.any():
        where = int(np.argmax(bad))
        arguments.refuse(f"{name}[{where}]", must, given[where], "leave out that event")
    return result


def in_unit_of(times, name, value, **bounds):
    """A time as an int where it is whole and the events' times are integers; else a float."""
    number = arguments.number(name, value, **bounds)
    if times.dtype.kind == "i" and number == int(number):
        whole = int(value) if isinstance(value, (int, np.integer)) else int(number)
        if abs(whole) > LARGEST_TIME:
            arguments.refuse(name, "lie within 2**62 of 0", whole, "choose another unit of time")
        return whole
    return number


def steps(times, start, dt):
    """The step of each time: ``floor((t - start)/dt)``.

    Integers are divided exactly.  Of floats the quotient is taken in float64 and moved up to the
    next whole number where it is within 4 ulp of it.
    """
    if times.dtype.kind == "i" and isinstance(start, int) and isinstance(dt, int):
        return (times - start) // dt
    quotient, largest = _quotient(times, start, dt)
    above = np.ceil(quotient)
    near = above - quotient <= ULPS * np.spacing(np.maximum(largest, np.abs(above)))
    return np.where(near, above, np.floor(quotient)).astype(np.int64)


def count(start, stop, dt):
    """``ceil((stop - start)/dt)``, exact for integers, moved down within 4 ulp for floats."""
    if isinstance(start, int) and isinstance(stop, int) and isinstance(dt, int):
        return -(-(stop - start) // dt)
    quotient, largest = _quotient(np.float64(stop), start, dt)
    below = np.floor(quotient)
    near = quotient - below <= ULPS * np.spacing(np.maximum(largest, below))
    result = below if near else np.ceil(quotient)
    if abs(result) == LIMIT:
        arguments.refuse("stop", "be within 2**62 steps of start", stop, "pass a larger dt")
    return int(result)


def _quotient(times, start, dt):
    """``(t - start)/dt`` in float64, and the largest number whose rounding may have moved it."""
    with np.errstate(over="ignore"):
        quotient = (times - np.float64(start)) / dt
        if start == 0:
            return np.clip(quotient, -LIMIT, LIMIT), np.float64(1)
        largest = np.maximum(np.abs(times), abs(np.float64(start))) / np.float64(dt)
    return np.clip(quotient, -LIMIT, LIMIT), np.clip(largest, 1, LIMIT)
