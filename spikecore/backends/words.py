"""The words of EVT3, 16 bits each, decoded one after another.

A word changes the row, the column, or a part of the time, or it stands for events.  The loop runs
compiled; on the device "numpy" the same lines run interpreted.
"""

import numpy as np

from spikecore import backends
from spikecore.backends.floats import standard_floats
from spikecore.compiler import kernel

Y, X, BASE, VECTOR_12, VECTOR_8, TIME_LOW, TIME_HIGH = 0x0, 0x2, 0x3, 0x4, 0x5, 0x6, 0x8
VECTORS = (VECTOR_12, VECTOR_8)
USED = (Y, X, BASE, VECTOR_12, VECTOR_8, TIME_LOW, TIME_HIGH)
LAST_COLUMN = 0x7FF
HALF = 1 << 11  # of the values of a time's upper part


def _count(words, kinds):
    """The number of events; ``kinds`` gets the number of words of each type."""
    total = 0
    for i in range(words.size):
        word = np.int64(words[i])
        kind = word >> 12
        kinds[kind] += 1
        if kind == X:
            total += 1
        elif kind in VECTORS:
            bits = word & (0xFFF if kind == VECTOR_12 else 0xFF)
            while bits:
                bits &= bits - 1
                total += 1
    return total


def _decode(words, t, x, y, p):
    """Fill the columns; the index of a word with an event past the last column, or -1.

    The time is loops * 2**24 + high * 2**12 + low.  A fall of the upper part by more than half of
    its values is an overflow.  A new upper part sets the lower part to 0; a lower part that falls
    without a new upper part raises it by one, since some writers leave those words out.
    """
    loops = high = low = time = np.int64(0)
    row = column = polarity = np.int64(0)
    n = 0
    for i in range(words.size):
        word = np.int64(words[i])
        kind, value = word >> 12, word & 0xFFF
        if kind == X:
            t[n], x[n], y[n], p[n] = time, value & 0x7FF, row, value >> 11
            n += 1
        elif kind == Y:
            row = value & 0x7FF
        elif kind == BASE:
            column, polarity = value & 0x7FF, value >> 11
        elif kind in VECTORS:
            width = 12 if kind == VECTOR_12 else 8
            for bit in range(width):
                if value >> bit & 1:
                    if column + bit > LAST_COLUMN:
                        return i
                    t[n], x[n], y[n], p[n] = time, column + bit, row, polarity
                    n += 1
            column += width
        elif kind == TIME_LOW:
            if value < low:
                high += 1
            low = value
            time = (loops << 24) + (high << 12) + low
        elif kind == TIME_HIGH:
            if high - value > HALF:
                loops += 1
            if value != high:
                low = np.int64(0)
            high = value
            time = (loops << 24) + (high << 12) + low
    return -1


_compiled_count, _compiled_decode = kernel(_count), kernel(_decode)


def count(words, kinds):
    """The number of events in the words; ``kinds``, 16 numbers, gets those of the words."""
    function = _count if backends.host_device() == "numpy" else _compiled_count
    with standard_floats():
        return int(function(words, kinds))


def decode(words, table):
    """Fill the fields t, x, y and p of a table that has a row for each event.

    The index of a word with an event past the last column, or -1.
    """
    function = _decode if backends.host_device() == "numpy" else _compiled_decode
    with standard_floats():
        return int(function(words, table["t"], table["x"], table["y"], table["p"]))
