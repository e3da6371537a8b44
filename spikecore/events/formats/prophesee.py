"""Prophesee's files: lines that begin with %, then DAT, EVT2 or EVT3.

DAT has 8 bytes an event: t32, then x14 y14 p4.  EVT2 has words of 32 bits: the type in the highest
four, then 6 bits of the time, x11, y11; words of type 8 hold the 28 higher bits of the time.  EVT3
has words of 16 bits that change a state (``backends/words.py``).
"""

from __future__ import annotations

import re

import numpy as np

from spikecore.events.formats.content import columns, header, refuse, refuse_falling, table, units
from spikecore.events.recording import Recording

PAIR = np.dtype([("t", "<u4"), ("data", "<u4")])
CD_EVENTS = (0, 12)  # types of events of a DAT file that hold changes of brightness
OFF_2, ON_2, TIME_2 = 0, 1, 8
MOST_LEAPS = 1 << 24  # words that a writer adds where the time leaps
HIGHS = 1 << 12  # values of the upper part of a time in EVT3
LEAP = (HIGHS >> 1) - 1  # the largest that a reader tells from a step back


def _header(content):
    """Lines, offset of the data, and the sensor's height and width where they are named."""
    lines, offset = header(content, b"%", "% end")
    named = "\n".join(lines)
    width, height = (
        re.search(rf"{side}[ =]+(\d{{1,5}})\b", named, re.I) for side in ("width", "height")
    )
    both = re.search(r"geometry[ =:]+(\d{1,5})x(\d{1,5})\b", named, re.I)
    if both:
        size = int(both[2]), int(both[1])
    else:
        size = (int(height[1]), int(width[1])) if width and height else (0, 0)
    return lines, offset, size if min(size) else None


# --- DAT ----------------------------------------------------------------------------------------


def read_dat(path, content):
    """The recording of a DAT file."""
    lines, offset, size = _header(content)
    if content.size - offset < 2:
        must = "have the type and the size of events after its header"
        refuse(path, must, f"{content.size - offset} bytes", offset)
    kind, length = (int(number) for number in content[offset : offset + 2])
    if kind not in CD_EVENTS or length != 8:
        must = "hold events of type 0 or 12, of 8 bytes"
        refuse(path, must, f"type {kind} and {length} bytes", offset)
    rows = units(path, content, offset + 2, PAIR)
    found = table(path, len(rows))
    found["t"], data = rows["t"], rows["data"]
    found["x"], found["y"], found["p"] = data & 0x3FFF, data >> 14 & 0x3FFF, data >> 28
    return Recording(found, size, header=lines)


def write_dat(path, recording):
    """The bytes of a table."""
    limits = {"t": (0, 2**32 - 1), "x": (0, 0x3FFF), "y": (0, 0x3FFF), "p": (0, 15)}
    found = columns(path, recording.table, limits)
    rows = np.empty((len(recording), 2), "<u4")
    rows[:, 0] = found["t"]
    rows[:, 1] = found["x"] | found["y"] << 14 | found["p"] << 28
    lines = _lines(recording, "Data file containing CD events", "Version 2")
    return lines, np.array([12, 8], np.uint8), rows


def _lines(recording, *lines):
    """The lines of a header, with the sensor's height and width."""
    size = [] if recording.size is None else [f"Height {recording.size[0]}"]
    size += [f"Width {recording.size[1]}"] if len(recording.size or ()) == 2 else []
    found = [f"% {line}" for line in (*lines, *size, "end")]
    return np.frombuffer("".join(f"{line}\n" for line in found).encode("ascii"), np.uint8)


# --- EVT2 ---------------------------------------------------------------------------------------


def read_evt2(path, content):
    """The recording of an EVT2 file."""
    lines, offset, size = _header(content)
    data = units(path, content, offset, "<u4")
    kind = (data >> 28).astype(np.uint8)
    is_event = kind <= ON_2
    found = table(path, int(np.count_nonzero(is_event)))
    times = np.flatnonzero(kind == TIME_2)
    high = (data[times] & 0x0FFFFFFF).astype(np.int64)
    high += (np.cumsum(np.diff(high, prepend=0) < -(1 << 27))) << 28
    latest = np.cumsum(kind == TIME_2)[is_event]  # so many words of time before the event
    events = data[is_event]
    found["t"] = np.append(0, high)[latest] << 6 | (events >> 22 & 63)
    found["x"], found["y"] = events >> 11 & 0x7FF, events & 0x7FF
    found["p"] = kind[is_event]
    others = np.bincount(kind[~is_event & (kind != TIME_2)], minlength=16)
    skipped = {f"words of type {k:#x}": int(n) for k, n in enumerate(others) if n}
    return Recording(found, size, header=lines, skipped=skipped)


def write_evt2(path, recording):
    """The bytes of a table."""
    limits = {"t": (0, 2**34 - 1), "x": (0, 0x7FF), "y": (0, 0x7FF), "p": (0, 1)}
    found = columns(path, recording.table, limits)
    refuse_falling(path, found["t"])
    high = found["t"] >> 6
    renewed = np.diff(high, prepend=-1) != 0
    place = np.arange(high.size) + np.cumsum(renewed)
    out = np.empty(high.size + int(np.count_nonzero(renewed)), "<u4")
    out[place] = found["p"] << 28 | (found["t"] & 63) << 22 | found["x"] << 11 | found["y"]
    out[place[renewed] - 1] = TIME_2 << 28 | high[renewed]
    return _lines(recording, "evt 2.0"), out


# --- EVT3 ---------------------------------------------------------------------------------------


def read_evt3(path, content):
    """The recording of an EVT3 file."""
    from spikecore.backends import words  # loads Numba

    lines, offset, size = _header(content)
    data = units(path, content, offset, "<u2").astype(np.uint16, copy=False)
    kinds = np.zeros(16, np.int64)
    found = table(path, words.count(data, kinds))
    wrong = words.decode(data, found)
    if wrong >= 0:
        must = f"have columns up to {words.LAST_COLUMN}"
        refuse(path, must, "a vector that goes beyond", offset + 2 * wrong)
    skipped = {
        f"words of type {k:#x}": int(kinds[k])
        for k in range(16)
        if kinds[k] and k not in words.USED
    }
    return Recording(found, size, header=lines, skipped=skipped)


def write_evt3(path, recording):
    """The bytes of a table: for each event, the words that change the state, then its column."""
    from spikecore.backends import words  # loads Numba

    limits = {"t": (0, 2**50), "x": (0, 0x7FF), "y": (0, 0x7FF), "p": (0, 1)}
    found = columns(path, recording.table, limits)
    t, y = found["t"], found["y"]
    refuse_falling(path, t)
    high, low = t >> 12, t & 0xFFF
    # A reader counts an overflow where the upper part falls by more than half, so that a leap over
    # many of its values needs words between.
    first = np.arange(t.size) == 0
    leaps = -(-np.diff(high, prepend=0) // LEAP) + first * (high == 0)
    if leaps.sum() > MOST_LEAPS:
        raise ValueError(
            f"table['t'] must not leap by so much to be written to {path}, got "
            f"{int(leaps.sum())} words for the leaps alone; subtract the time of the first event"
        )
    new_low = (np.diff(low, prepend=-1) != 0) | (leaps > 0)
    new_row = np.diff(y, prepend=-1) != 0
    length = leaps + new_low + new_row + 1
    end = np.cumsum(length)
    out = np.empty(int(end[-1]) if end.size else 0, "<u2")
    out[end - 1] = words.X << 12 | found["p"] << 11 | found["x"]
    out[end[new_row] - 2] = words.Y << 12 | y[new_row]
    out[(end - 2 - new_row)[new_low]] = words.TIME_LOW << 12 | low[new_low]
    event = np.repeat(np.arange(t.size), leaps)
    back = np.repeat(np.cumsum(leaps), leaps) - 1 - np.arange(event.size)  # leaps after this one
    out[(end - length)[event] + leaps[event] - 1 - back] = words.TIME_HIGH << 12 | (
        np.maximum(high[event] - back * LEAP, 0) & (HIGHS - 1)
    )
    return _lines(recording, "evt 3.0"), out
