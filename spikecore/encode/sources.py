"""What is encoded: arrays of .npy, .npz and IDX files, and the spikes of files of events.

A .npy file and an IDX file that is not gzipped are mapped, so that parts of them can be read.
"""

import gzip
import math
import struct
import zipfile
from typing import NamedTuple

import numpy as np

from spikecore import arguments, events
from spikecore.events import Events, Recording
from spikecore.foreign import reason

IDX = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
OF_EVENTS = {"step", "element", "shape", "num_steps"}
NUMPY, ZIP, GZIP = b"\x93NUMPY", b"PK", b"\x1f\x8b"


class Scaled(NamedTuple):
    """An array that is read a part at a time, and multiplied in float32, or float64 if it is that.

    ``values`` are an array or Events, whose parts are made dense.
    """

    values: object
    scale: float
    shape: tuple

    @property
    def is_recorded(self):
        """Whether steps have been made of a recording of events."""
        return isinstance(self.values, Events)

    def __getitem__(self, part):
        if isinstance(self.values, Events):
            found = self.values[part].to_dense(np.float32)
        else:
            found = np.asarray(self.values[part])
        if self.scale == 1:
            return found
        dtype = np.result_type(found.dtype.newbyteorder("="), np.float32)
        return np.multiply(found, dtype.type(self.scale), dtype=dtype)


def read(path, *, key=None, dt=None, num_steps=None, scale=None):
    """The data of a file; bytes of an IDX file are divided by 255 unless a scale is given."""
    path = arguments.path("INPUT", path, "be the path of a file", "pass the path of a file")
    with open(path, "rb") as file:
        beginning = file.read(8)
    values, own = _read(path, beginning, key, dt, num_steps)
    shape = values.dense_shape if isinstance(values, Events) else values.shape
    if not isinstance(values, Events) and values.dtype.kind not in "biuf":
        remedy = "convert it to float32"
        arguments.refuse("INPUT", "hold real numbers", f"dtype {values.dtype}", remedy, TypeError)
    return Scaled(values, own if scale is None else scale, tuple(shape))


def _read(path, beginning, key, dt, num_steps):
    """The values, and the scale that they have unless another is given."""
    if beginning.startswith(NUMPY):
        values = _loaded(path)
        if values.dtype.names is None:
            return values, 1
    elif beginning.startswith(ZIP):
        values = _of_archive(path, key)
        if values is not None:
            return values, 1
    elif beginning.startswith(GZIP) or _is_idx(beginning):
        return _of_idx(path, beginning)
    return _of_events(path, dt, num_steps), 1


def _loaded(path):
    """The array of a .npy file, mapped."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        remedy = "write it with numpy.save"
        arguments.refuse("INPUT", "be a whole .npy file", f"{path} ({reason(error)})", remedy)


def _of_archive(path, key):
    """An array of a .npz file, or None for one of events."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
            if key is None and (set(names) >= OF_EVENTS or "table" in names):
                return None
            if key is None and len(names) == 1:
                key = names[0]
            if key not in names:
                arguments.refuse("--key", f"name one of {names}", key, "pass one of these names")
            return archive[key]
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        remedy = "write it with numpy.savez"
        arguments.refuse("INPUT", "be a whole .npz file", f"{path} ({reason(error)})", remedy)


def _is_idx(beginning):
    """Whether a file begins as IDX does: two zero bytes, a type, and a number of axes."""
    return len(beginning) >= 4 and beginning[:2] == b"\0\0" and beginning[2] in IDX


def _of_idx(path, beginning):
    """The array of an IDX file, and the scale of bytes."""
    zipped = beginning.startswith(GZIP)
    try:
        with gzip.open(path) if zipped else open(path, "rb") as file:
            beginning = file.read(4)
            if not _is_idx(beginning):
                remedy = "pass an IDX file, gzipped or not"
                arguments.refuse("INPUT", "be IDX inside of gzip", beginning, remedy)
            shape = struct.unpack(f">{beginning[3]}I", file.read(4 * beginning[3]))
            dtype, begin = np.dtype(IDX[beginning[2]]), file.tell()
            held = file.read() if zipped else None
    except (EOFError, gzip.BadGzipFile, struct.error, OSError) as error:
        remedy = "fetch it again"
        arguments.refuse("INPUT", "be a whole IDX file", f"{path} ({reason(error)})", remedy)
    length = len(held) if zipped else path.stat().st_size - begin
    if length != dtype.itemsize * math.prod(shape):
        got = f"{length} bytes of data in place of {dtype.itemsize * math.prod(shape)}"
        arguments.refuse("INPUT", "be a whole IDX file", got, "fetch it again")
    scale = 1 / 255 if dtype == np.uint8 else 1
    if zipped:
        return np.frombuffer(held, dtype).reshape(shape), scale
    if not length:
        return np.empty(shape, dtype), scale
    return np.memmap(path, dtype, "r", begin, shape), scale


def _of_events(path, dt, num_steps):
    """The Events of a file, or of a recording in steps of ``dt``, in which several are counted."""
    found = events.read(path)
    if isinstance(found, Recording):
        if dt is None:
            remedy = "pass --dt, in the unit of the recording's times"
            arguments.refuse("--dt", "be given for a recording", None, remedy)
        if num_steps is None and found.stop is None:
            remedy = "pass --steps, as the last event is not the end of a recording"
            arguments.refuse("--steps", "be given for a recording", None, remedy)
        return found.to_events(dt, num_steps=num_steps, combine="count")
    return found
