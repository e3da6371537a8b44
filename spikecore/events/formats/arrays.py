"""NumPy's files: a structured array in .npy, and recordings or Events in .npz."""

from __future__ import annotations

import json
import struct
import tokenize
import warnings
import zipfile
import zlib

import numpy as np

from spikecore.events.formats.content import FileContentError, fits, refuse
from spikecore.events.recording import Recording
from spikecore.events.table import Events
from spikecore.foreign import reason

NPY, ZIP = b"\x93NUMPY", b"PK"
EVENTS = {"step", "element", "value", "shape", "num_steps", "dt"}
RECORDING = {"table", "size", "tick", "stop", "labels", "header", "skipped"}
WRONG = (
    ValueError, TypeError, KeyError, OverflowError, EOFError, SyntaxError, NotImplementedError,
    RuntimeError, UnicodeDecodeError, OSError, AttributeError, MemoryError, IndexError,
    zipfile.BadZipFile, zlib.error, struct.error,
    tokenize.TokenError,
)  # fmt: skip  # what NumPy and zipfile raise for bytes that are wrong


def read_npy(path):
    """The recording of a structured array."""
    with open(path, "rb") as file:
        try:
            table = _array(path, file, path.stat().st_size)
        except FileContentError:
            raise
        except WRONG as error:
            refuse(path, "be a whole file of NumPy", reason(error))
    return _recording(path, {"table": table})


def _array(path, file, length):
    """An array that is as long as its header says, before it is allocated."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"version {version}")
    read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that NumPy no longer writes
        shape, fortran, dtype = read[min(version[0], 2)](file)
    begin = file.tell()
    announced = begin + dtype.itemsize * int(np.prod([int(n) for n in shape], dtype=object))
    if announced != length or dtype.hasobject or dtype.itemsize == 0:
        raise ValueError(f"{length} bytes in place of the {announced} that its header announces")
    fits(path, announced - begin, np.uint8)
    content = file.read(announced - begin)
    if len(content) != announced - begin:
        raise EOFError(f"{len(content)} bytes of data in place of {announced - begin}")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def read_npz(path):
    """The recording, or the Events, that ``write`` stored."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                if name not in EVENTS | RECORDING:
                    raise ValueError(f"an array {name!r}")
                fits(path, info.file_size, np.uint8)
                with archive.open(info) as file:
                    arrays[name] = _array(path, file, info.file_size)
    except FileContentError:
        raise
    except WRONG as error:
        refuse(path, "be a whole .npz file of events", reason(error))
    if set(arrays) >= EVENTS - {"dt"}:
        return _events(path, arrays)
    return _recording(path, arrays)


def _events(path, arrays):
    """Events of arrays, checked."""
    try:
        shape = tuple(int(length) for length in arrays["shape"])
        num_steps = arrays["num_steps"].item()
        dt = arrays["dt"].item() if "dt" in arrays else None
        columns = (arrays["step"], arrays["element"], shape, num_steps)
        return Events(*columns, arrays["value"], dt)
    except WRONG as error:
        refuse(path, "hold events", reason(error))


def _recording(path, arrays):
    """A recording of arrays, checked."""
    if "table" not in arrays:
        refuse(path, "hold the array 'table', or the arrays of Events", sorted(arrays))
    try:
        size = tuple(int(n) for n in arrays["size"]) if "size" in arrays else None
        tick = arrays["tick"].item() if "tick" in arrays else 1e-6
        stop = arrays["stop"].item() if "stop" in arrays else None
        header = tuple(str(arrays["header"]).splitlines()) if "header" in arrays else ()
        skipped = json.loads(str(arrays["skipped"])) if "skipped" in arrays else {}
        kept = {"stop": stop, "labels": arrays.get("labels"), "header": header}
        return Recording(arrays["table"], size, tick=tick, skipped=skipped, **kept)
    except (*WRONG, RecursionError) as error:
        refuse(path, "hold a recording", reason(error))


def write_npy(path, recording):
    """Write the table."""
    with open(path, "wb") as file:
        np.lib.format.write_array(file, recording.table, allow_pickle=False)


def write_npz(path, held):
    """Write a recording or Events, with all that they hold."""
    if isinstance(held, Events):
        names = ("step", "element", "value", "num_steps")
        arrays = {name: np.asarray(getattr(held, name)) for name in names}
        arrays["shape"] = np.array(held.shape, np.int64)
        if held.dt is not None:
            arrays["dt"] = np.float64(held.dt)
    else:
        arrays = {"table": held.table, "tick": np.float64(held.tick)}
        arrays["header"] = np.array("\n".join(held.header))
        arrays["skipped"] = np.array(json.dumps(dict(held.skipped)))
        for name in ("size", "stop", "labels"):
            if getattr(held, name) is not None:
                arrays[name] = np.asarray(getattr(held, name))
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)
