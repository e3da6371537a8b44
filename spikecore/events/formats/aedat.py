"""AEDAT 2.0, big-endian addresses and times, and AEDAT 3.1, little-endian packets of events.

What an address of AEDAT 2.0 means is said by the camera alone; without one the table holds it as it
is.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from spikecore.events.formats.content import columns, header, refuse, table, units
from spikecore.events.recording import Recording

RAW = np.dtype([("t", "<i8"), ("address", "<u4")])
FULL = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1"), ("address", "<u4")])
ON_DISK = np.dtype([("address", ">u4"), ("t", ">u4")])
OTHER_SENSOR = np.uint32(1 << 31)  # of DAVIS: frames and the inertial sensor
PACKET = np.dtype(
    [
        ("type", "<i2"), ("source", "<i2"), ("size", "<i4"), ("offset", "<i4"),
        ("overflow", "<i4"), ("capacity", "<i4"), ("number", "<i4"), ("valid", "<i4"),
    ]
)  # fmt: skip
POLARITY = 1
HEADER_3 = ("#!AER-DAT3.1", "#Format: RAW", "#!END-HEADER")
HEADER_2 = ("#!AER-DAT2.0", "# written by spikecore")


# --- AEDAT 2.0 ----------------------------------------------------------------------------------


def _dvs128(a):
    """DVS128 as jAER reads it: columns mirrored, ON where bit 0 is 0."""
    return 127 - (a >> 1 & 127), a >> 8 & 127, 1 - (a & 1)


def _dvs128_tonic(a):
    """DVS128 as Tonic reads it: rows and columns exchanged, ON where bit 0 is 1."""
    return a >> 8 & 127, a >> 1 & 127, a & 1


def _davis346(a):
    """DAVIS346, as jAER and Tonic read it."""
    return 345 - (a >> 12 & 1023), 259 - (a >> 22 & 511), a >> 11 & 1


CAMERAS = {
    "dvs128": (_dvs128, (128, 128)),
    "dvs128-tonic": (_dvs128_tonic, (128, 128)),
    "davis346": (_davis346, (260, 346)),
}


def read_2(path, content, camera=None):
    """The recording of AEDAT 2.0."""
    lines, offset = header(content, b"#")
    rows = units(path, content, offset, ON_DISK)
    address = rows["address"].astype("<u4")
    if camera is None:
        found = table(path, len(rows), RAW)
        found["t"], found["address"] = rows["t"], address
        return Recording(found, header=lines)
    convert, size = CAMERAS[camera]
    kept = np.ones(len(rows), bool)
    if camera == "davis346":
        kept = address & OTHER_SENSOR == 0
    found = table(path, int(np.count_nonzero(kept)), FULL)
    found["t"], found["address"] = rows["t"][kept], address[kept]
    found["x"], found["y"], found["p"] = convert(found["address"].astype(np.int64))
    negative = np.flatnonzero((found["x"] < 0) | (found["y"] < 0))
    if negative.size:
        where = int(np.flatnonzero(kept)[negative[0]])
        must, remedy = f"hold addresses of a {camera}", "name another camera, or none"
        refuse(path, must, f"{address[where]:#x}", offset + 8 * where, remedy)
    others = len(rows) - len(found)
    skipped = {"of frames and inertial sensors": others} if others else {}
    return Recording(found, size, header=lines, skipped=skipped)


def write_2(path, recording):
    """The bytes of a table with addresses."""
    limits = {"t": (0, 2**32 - 1), "address": (0, 2**32 - 1)}
    found = columns(path, recording.table, limits)
    rows = np.empty(len(recording), ON_DISK)
    rows["t"], rows["address"] = found["t"], found["address"]
    lines = recording.header if recording.header[:1] == HEADER_2[:1] else HEADER_2
    return text(lines), rows


def text(lines):
    """Lines of a header."""
    return np.frombuffer("".join(f"{line}\r\n" for line in lines).encode("ascii"), np.uint8)


# --- AEDAT 3.1 ----------------------------------------------------------------------------------


def read_31(path, content):
    """The recording of AEDAT 3.1: its polarity events."""
    lines, offset = header(content, b"#", "#!END-HEADER")
    skipped, pieces = Counter(), []
    while offset < content.size:
        packet = _packet(path, content, offset)
        begin = offset + PACKET.itemsize
        offset = begin + int(packet["size"]) * int(packet["number"])
        if packet["type"] == POLARITY:
            rows = content[begin:offset].view("<u4").reshape(-1, 2)
            pieces.append((rows, int(packet["overflow"])))
        elif packet["number"]:
            skipped[f"of type {packet['type']}"] += int(packet["number"])
    return _polarity(path, pieces, skipped, lines)


def _packet(path, content, offset):
    """The header of a packet, whose events lie within the file."""
    if content.size - offset < PACKET.itemsize:
        left = content.size - offset
        refuse(path, f"have a packet header of {PACKET.itemsize} bytes", f"{left} bytes", offset)
    packet = content[offset : offset + PACKET.itemsize].view(PACKET)[0]
    size, number, left = int(packet["size"]), int(packet["number"]), content.size - offset
    if size < 1 or number < 0 or PACKET.itemsize + size * number > left:
        must = "have packets that lie within the file"
        refuse(path, must, f"one of {number} events of {size} bytes", offset)
    if packet["type"] == POLARITY and (size, int(packet["offset"])) != (8, 4):
        must = "have polarity events of 8 bytes with the time at byte 4"
        refuse(path, must, f"{size} bytes with the time at {packet['offset']}", offset)
    if packet["overflow"] < 0:
        must = "count the overflows of time from 0"
        refuse(path, must, packet["overflow"], offset + 12)
    return packet


def _polarity(path, pieces, skipped, lines):
    """The table of polarity events; those that are marked as not valid are skipped."""
    found = table(path, sum(len(rows) for rows, _ in pieces), FULL)
    valid = np.zeros(len(found), bool)
    start = 0
    for rows, overflow in pieces:
        part = slice(start, start + len(rows))
        data = rows[:, 0]
        found["address"][part] = data
        found["t"][part] = rows[:, 1].view("<i4").astype(np.int64) + (overflow << 31)
        valid[part] = data & 1
        start += len(rows)
    address = found["address"].astype(np.int64)
    found["x"], found["y"], found["p"] = address >> 17, address >> 2 & 0x7FFF, address >> 1 & 1
    if not valid.all():
        skipped["not valid"] = int(valid.size - np.count_nonzero(valid))
        found = found[valid]
    size = (128, 128) if any("DVS128" in line for line in lines) else None
    return Recording(found, size, header=lines, skipped=skipped)


def write_31(path, recording, together=4096):
    """The bytes of a table, in packets of at most ``together`` events of one overflow."""
    limits = {"t": (0, 2**62), "x": (0, 2**15 - 1), "y": (0, 2**15 - 1), "p": (0, 1)}
    found = columns(path, recording.table, limits)
    rows = np.empty((len(recording), 2), "<u4")
    rows[:, 0] = found["x"] << 17 | found["y"] << 2 | found["p"] << 1 | 1
    rows[:, 1] = found["t"] & 0x7FFFFFFF
    overflow = found["t"] >> 31
    edges = np.flatnonzero(np.diff(overflow, prepend=-1))
    edges = np.union1d(edges, np.arange(0, len(rows), together)).astype(int)
    lines = recording.header if recording.header[:1] == HEADER_3[:1] else HEADER_3
    parts = [text(lines)]
    for start, stop in pairwise([*edges, len(rows)]):
        if overflow[start] >= 2**31:
            raise ValueError(
                f"table['t'][{start}] must be below 2**62 to be written to {path}, got "
                f"{found['t'][start]}; choose another format"
            )
        number = stop - start
        packet = (POLARITY, 0, 8, 4, overflow[start], number, number, number)
        parts += [np.array(packet, PACKET), rows[start:stop]]
    return parts
