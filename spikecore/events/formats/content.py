"""The bytes of a file, its lines of text, and what is said of bytes that are wrong."""

from __future__ import annotations

import os

import numpy as np

from spikecore import memory
from spikecore.foreign import shown

LONGEST_LINE = 1 << 16  # bytes; a header's lines are shorter
TEXT = frozenset({9, *range(32, 127)})  # tab, and what ASCII prints
TABLE = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")])


class FileContentError(ValueError):
    """A sentence about the bytes of a file."""


def refuse(path, must, found, offset=None, remedy="fetch or copy the file again"):
    """Raise one sentence: what a file must be, what was found in it, and where."""
    where = "" if offset is None else f" at byte {offset}"
    raise FileContentError(
        f"{path} must {must}, found {shown(found, str)}{where}; {remedy}"
    ) from None


def whole(path):
    """All bytes of a file, as uint8."""
    size = os.stat(path).st_size
    fits(path, size, np.uint8)
    content = np.fromfile(path, np.uint8)
    content.flags.writeable = False
    return content


def fits(path, count, dtype):
    """Refuse a table of so many rows that is larger than the memory that is free."""
    lack = memory.lack((count,), dtype)
    if lack is not None:
        must, found = "have a table that fits into memory", f"one of {count} rows, which {lack}"
        refuse(path, must, found, remedy="split the file")


def table(path, count, dtype=TABLE):
    """An empty table of so many rows, where it fits into memory."""
    fits(path, count, dtype)
    return np.zeros(count, dtype)


def header(content, mark, last=None):
    """Lines of printable text that begin with a mark, and the offset of what follows them.

    A line has printable characters up to its end, so that data whose first byte is the mark are no
    line of text.  ``last`` is a line after which there is none.
    """
    lines, offset = [], 0
    while content[offset : offset + len(mark)].tobytes() == mark:
        piece = content[offset : offset + LONGEST_LINE].tobytes()
        line, end, _ = piece.partition(b"\n")
        text = line.removesuffix(b"\r")
        if not end or not TEXT.issuperset(text):
            break
        lines.append(text.decode("ascii"))
        offset += len(line) + 1
        if lines[-1].strip() == last:
            break
    return tuple(lines), offset


def units(path, content, offset, dtype):
    """The content from an offset on as numbers, which it must hold without a rest."""
    dtype = np.dtype(dtype)
    rest = (content.size - offset) % dtype.itemsize
    if rest:
        must = f"hold events of {dtype.itemsize} bytes after its header of {offset} bytes"
        refuse(path, must, f"{rest} bytes of an event that is cut off", content.size - rest)
    return content[offset:].view(dtype)


def columns(path, table, limits):
    """The columns of a table to be written, int64, each refused outside of its limits."""
    found = {}
    for name, (low, high) in limits.items():
        if name not in table.dtype.names:
            must, got = f"have the field {name!r} to be written to {path}", table.dtype.names
            raise ValueError(f"table must {must}, got the fields {got}; add it, or another format")
        column = table[name]
        if column.dtype.kind not in "biu":
            raise TypeError(
                f"table[{name!r}] must hold integers to be written to {path}, got dtype "
                f"{column.dtype}; convert it, in microseconds for t"
            )
        outside = (column < low) | (column > high)
        if outside.any():
            where = int(np.argmax(outside))
            raise ValueError(
                f"table[{name!r}][{where}] must lie from {low} to {high} to be written to {path}, "
                f"got {column[where]}; leave it out, or choose another format"
            )
        found[name] = column.astype(np.int64)
    return found


def refuse_falling(path, t):
    """Refuse times that fall, where the format holds differences."""
    falls = np.flatnonzero(t[1:] < t[:-1])
    if falls.size:
        where = int(falls[0]) + 1
        raise ValueError(
            f"table['t'] must not fall to be written to {path}, got {t[where]} after "
            f"{t[where - 1]} at row {where}; sort the table by t"
        )
