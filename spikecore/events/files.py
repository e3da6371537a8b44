"""Read and write files of events, in the formats of cameras and of data sets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array
from spikecore.events.formats import aedat, arrays, content, hdf5, nmnist, prophesee
from spikecore.events.recording import Recording
from spikecore.events.table import Events
from spikecore.files import whole
from spikecore.foreign import a_kind

FormatName = Literal[
    "aedat2", "aedat31", "dat", "evt2", "evt3", "nir", "nmnist", "npy", "npz", "shd"
]  # fmt: skip
Camera = Literal["dvs128", "dvs128-tonic", "davis346"]


class Format(NamedTuple):
    """How a format is read and written, and the suffix that names it.

    ``read(path, content)`` or, of files that a library opens, ``read(path)``; ``write(path, held)``
    gives the arrays to write one after another, or writes the file itself.
    """

    read: Callable[..., Any]
    write: Callable[..., Any]
    suffix: str
    opens: bool = False


FORMATS = {
    "aedat2": Format(aedat.read_2, aedat.write_2, ".aedat"),
    "aedat31": Format(aedat.read_31, aedat.write_31, ".aedat3"),
    "dat": Format(prophesee.read_dat, prophesee.write_dat, ".dat"),
    "evt2": Format(prophesee.read_evt2, prophesee.write_evt2, ".evt2"),
    "evt3": Format(prophesee.read_evt3, prophesee.write_evt3, ".raw"),
    "nir": Format(hdf5.read_nir, hdf5.write_nir, ".nir", opens=True),
    "nmnist": Format(nmnist.read, nmnist.write, ".bin"),
    "npy": Format(arrays.read_npy, arrays.write_npy, ".npy", opens=True),
    "npz": Format(arrays.read_npz, arrays.write_npz, ".npz", opens=True),
    "shd": Format(hdf5.read_shd, hdf5.write_shd, ".h5", opens=True),
}
SUFFIXES = {kind.suffix: name for name, kind in FORMATS.items()} | {".hdf5": "shd"}
OF_EVENTS = ("nir", "npz")  # formats that hold Events


def read(
    path: str | os.PathLike[str],
    format: FormatName | None = None,
    *,
    camera: Camera | None = None,
) -> Any:
    """Read a file of events.

    Parameters
    ----------
    path : str or os.PathLike
    format : str, optional
        ``"aedat2"``, ``"aedat31"``, ``"dat"``, ``"evt2"``, ``"evt3"``, ``"nir"`` (EventData in
        HDF5), ``"nmnist"``, ``"npy"`` (a structured array with the field ``t``), ``"npz"`` (what
        :func:`write` stored) or ``"shd"`` (and SSC).  Without it the first bytes of the file tell
        it; N-MNIST, which has no header, is known by the suffix ``.bin``.
    camera : {"dvs128", "dvs128-tonic", "davis346"}, optional
        What the addresses of AEDAT 2 mean, as jAER reads them, and Tonic.  Without it the table has
        the addresses alone.

    Returns
    -------
    Recording
        Or :class:`Events`, of an ``.npz`` file in which they were stored.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError, TypeError
        Bytes that are wrong: the sentence has their offset.  An unknown format, or a camera where
        there is none to name.
    ImportError
        A file of HDF5 without h5py (the extra ``spikecore[data]``).

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spikecore import events
    >>> table = np.array([(7, 1, 0, 1)], [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "u1")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     events.write(f"{folder}/digit.bin", table)
    ...     events.read(f"{folder}/digit.bin")["t"]
    array([7])
    """
    remedy = "pass the path of a file of events"
    path = arguments.path("path", path, "be the path of a file", remedy)
    if format is not None:
        format = arguments.choice("format", format, tuple(FORMATS))
    if camera is not None:
        camera = arguments.choice("camera", camera, tuple(aedat.CAMERAS))
    if not path.is_file():
        raise FileNotFoundError(f"path must name a file, got {str(path)!r}; {remedy}")
    format = _format_of(path) if format is None else format
    if camera is not None and format != "aedat2":
        got, remedy = f"format {format!r}", "leave it out"
        arguments.refuse("camera", "be given for AEDAT 2 alone", got, remedy)
    kind = FORMATS[format]
    if kind.opens:
        return kind.read(path)
    options = {} if camera is None else {"camera": camera}
    return kind.read(path, content.whole(path), **options)


def write(
    path: str | os.PathLike[str],
    held: Recording | Events | Array,
    format: FormatName | None = None,
) -> None:
    """Write a file of events, which gets its name when it is whole.

    Parameters
    ----------
    path : str or os.PathLike
    held : Recording, Events or structured array
        Columns are found by their names, in any order.  Events can be written as ``"npz"``, which
        keeps all of them, and as ``"nir"``, which has no values and no shape.
    format : str, optional
        As in :func:`read`; without it the suffix names it: ``.aedat`` (AEDAT 2), ``.aedat3``,
        ``.dat``, ``.evt2``, ``.raw`` (EVT3), ``.nir``, ``.bin`` (N-MNIST), ``.npy``, ``.npz``,
        ``.h5`` (SHD).

    Raises
    ------
    ValueError, TypeError
        Columns that are missing or that the format cannot hold, or an unknown format.
    OSError
        The file cannot be written; a file that had the name stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> from spikecore import Events, events
    >>> spikes = Events([1], [0], shape=(2, 2), num_steps=3, dt=0.001)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     events.write(f"{folder}/spikes.npz", spikes)
    ...     events.read(f"{folder}/spikes.npz") == spikes
    True
    """
    remedy = "pass the path of the file to write"
    path = arguments.path("path", path, "be the path of a file", remedy)
    if format is None:
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            got, remedy = f"{str(path)!r}", f"pass format=, one of {tuple(FORMATS)}"
            arguments.refuse("path", f"end in one of {tuple(SUFFIXES)}", got, remedy)
        format = SUFFIXES[suffix]  # type: ignore[assignment]
    name = arguments.choice("format", format, tuple(FORMATS))
    held = _writable(held, name)
    if name == "nir":
        _refuse_values(held)
    kind = FORMATS[name]
    with whole(path) as part:
        if kind.opens:
            kind.write(part, held)
            return
        with open(part, "wb") as file:
            for array in kind.write(path, held):
                file.write(np.ascontiguousarray(array).data)


def _format_of(path):
    """The format that the beginning of a file tells, or its suffix."""
    with open(path, "rb") as file:
        beginning = file.read(1 << 14)
    if beginning.startswith(hdf5.SIGNATURE):
        return "nir" if hdf5.is_nir(path) else "shd"
    if beginning.startswith((arrays.NPY, arrays.ZIP)):
        return "npy" if beginning.startswith(arrays.NPY) else "npz"
    if beginning.startswith(b"#!AER-DAT"):
        return _of_aedat(path, beginning)
    if beginning.startswith(b"%"):
        return _of_prophesee(path, beginning)
    if path.suffix.lower() == ".bin":
        return "nmnist"
    remedy = f"pass format=, one of {tuple(FORMATS)}"
    content.refuse(path, "begin as a known format does", beginning[:16], 0, remedy)


def _of_aedat(path, beginning):
    """The version of AEDAT."""
    versions = {b"2.0": "aedat2", b"3.1": "aedat31"}
    version = beginning[len(b"#!AER-DAT") :][:3]
    if version not in versions:
        remedy = "convert it, for AEDAT 4 with the package aedat"
        content.refuse(path, "be AEDAT 2.0 or 3.1", version, len(b"#!AER-DAT"), remedy)
    return versions[version]


def _of_prophesee(path, beginning):
    """DAT, EVT2 or EVT3, as the header says, or the suffix."""
    lines, _ = content.header(np.frombuffer(beginning, np.uint8), b"%", "% end")
    words = " ".join(lines).lower()
    version = re.search(r"\bevt ?(\d)[.]?(\d?)", words)
    if version:
        number = version[1] + (version[2] or "0")
        if number not in ("20", "30"):
            remedy = "convert it to EVT3"
            content.refuse(path, "be EVT2 or EVT3", version[0], 0, remedy)
        return f"evt{version[1]}"
    if "data file" in words or path.suffix.lower() == ".dat":
        return "dat"
    remedy = "pass format='dat', 'evt2' or 'evt3'"
    content.refuse(path, "name its format in its header", f"{len(lines)} lines without", 0, remedy)


def _writable(held, name):
    """What is written as a recording, or Events where the format takes them."""
    if isinstance(held, Events):
        if name not in OF_EVENTS:
            must, remedy = f"be a recording for format {name!r}", f"choose one of {OF_EVENTS}"
            arguments.refuse("held", must, "Events", remedy)
        return held
    if isinstance(held, np.ndarray) and held.dtype.names:
        held = Recording(held)
    if not isinstance(held, Recording):
        must, remedy = "be a Recording, Events or a structured array", "pass one of these"
        arguments.refuse("held", must, a_kind(held), remedy, TypeError)
    if name == "nir":
        remedy = "pass recording.to_events(...)"
        arguments.refuse("held", "be Events for format 'nir'", a_kind(held), remedy, TypeError)
    return held


def _refuse_values(events):
    """Refuse Events whose values EventData cannot hold."""
    if (events.value != 1).any():
        got = events.value[np.argmax(events.value != 1)]
        must, remedy = "be 1 in each event to be written as EventData", "choose format='npz'"
        arguments.refuse("value", must, got, remedy)
