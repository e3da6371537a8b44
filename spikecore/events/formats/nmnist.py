"""N-MNIST and N-Caltech101: 5 bytes an event, big-endian: x8, y8, p1, t23 in microseconds.

An event with y = 240 stands for an overflow: all later times are 2**13 us later.
"""

from __future__ import annotations

import numpy as np

from spikecore.events.formats.content import columns, refuse_falling, table, units
from spikecore.events.recording import Recording

OVERFLOW_ROW = 240
OVERFLOW = 1 << 13
LARGEST = (1 << 23) - 1
SIZE = (34, 34)


def read(path, content):
    """The recording of the bytes."""
    rows = units(path, content, 0, "S5").view(np.uint8).reshape(-1, 5)
    is_overflow = rows[:, 1] == OVERFLOW_ROW
    overflows = np.cumsum(is_overflow)[~is_overflow]
    events = rows[~is_overflow]
    found = table(path, len(events))
    found["x"], found["y"], found["p"] = events[:, 0], events[:, 1], events[:, 2] >> 7
    t = found["t"]  # column by column, so that few arrays of 8 bytes an event exist at once
    t[:] = events[:, 2] & 127
    for i in (3, 4):
        t <<= 8
        t |= events[:, i]
    overflows *= OVERFLOW
    t += overflows
    largest = int(max(found["x"].max(), found["y"].max())) if len(found) else 0
    return Recording(found, SIZE if largest < SIZE[0] else None)


def write(path, recording):
    """The bytes of a table."""
    limits = {"t": (0, 1 << 37), "x": (0, 255), "y": (0, 255), "p": (0, 1)}
    found = columns(path, recording.table, limits)
    t = found["t"]
    refuse_falling(path, t)
    at_marker = np.flatnonzero(found["y"] == OVERFLOW_ROW)
    if at_marker.size:
        raise ValueError(
            f"table['y'][{at_marker[0]}] must not be {OVERFLOW_ROW} to be written to {path}, where "
            "that row stands for an overflow of the time; choose another format"
        )
    overflows = np.maximum(0, -((LARGEST - t) // OVERFLOW))  # so many before each event
    before = np.diff(overflows, prepend=0)
    place = np.arange(t.size) + np.cumsum(before)
    rows = np.zeros((t.size + int(before.sum()), 5), np.uint8)
    rows[:, 1] = OVERFLOW_ROW
    t = t - OVERFLOW * overflows
    rows[place] = np.stack(
        [found["x"], found["y"], found["p"] << 7 | t >> 16, t >> 8 & 255, t & 255], axis=1
    )
    return (rows,)
