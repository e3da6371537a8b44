"""HDF5: samples of SHD and SSC, and NIR's EventData.

SHD and SSC hold a list of times in seconds for each sample, published as float16, the list of their
units, and a label.  EventData holds ``idx`` and ``time``, padded with -1 and infinity.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from spikecore.events.formats.content import FileContentError, fits, refuse, table, whole
from spikecore.events.formats.heaps import lists
from spikecore.events.recording import Recording
from spikecore.foreign import reason

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SHD_UNITS = 700
MOST_DEFLATED = 1040  # bytes that a byte of compressed data stands for
MOST_SAMPLES = 1 << 24


def _h5py():
    """h5py, which is installed or named."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "files of HDF5 need h5py, which is not installed; install it with pip install "
            "'spikecore[data]'"
        ) from error
    return h5py


def is_nir(path):
    """Whether a file holds EventData, and not samples of SHD."""
    with _opened(path) as file:
        return "idx" in file and "spikes" not in file


@contextmanager
def _opened(path):
    """The file, open for reading; any error in it is told in one sentence."""
    library = _h5py()
    try:
        with library.File(path, "r") as file:
            yield file
    except FileContentError:
        raise
    except Exception as error:  # h5py raises errors of many kinds for bytes that are wrong
        refuse(path, "be a whole HDF5 file with readable data sets", reason(error))


# --- SHD and SSC --------------------------------------------------------------------------------


def read_shd(path):
    """The recording of all samples."""
    with _opened(path) as file:
        times, units = (_lists(path, file, f"spikes/{name}") for name in ("times", "units"))
        labels = _array(path, file, "labels", 1, "iu")
        if not len(times) == len(units) == len(labels):
            must = "have as many lists of times and of units as labels"
            refuse(path, must, f"{len(times)}, {len(units)} and {len(labels)}")
        lengths = np.array([len(part) for part in times], np.int64)
        for i, part in enumerate(units):
            if len(part) != lengths[i]:
                must = "have a unit for each time"
                refuse(path, must, f"{len(part)} and {lengths[i]} in sample {i}")
        kinds = [part.dtype for part in times] or [np.dtype(np.float16)]
        kind, unit_kind = np.result_type(*kinds), np.dtype("<i4")
        found = table(path, int(lengths.sum()), [("sample", "<i4"), ("t", kind), ("x", unit_kind)])
        found["sample"] = np.repeat(np.arange(len(lengths)), lengths)
        if len(found):
            found["t"], found["x"] = np.concatenate(times), np.concatenate(units)
    bad = ~np.isfinite(found["t"]) | (found["t"] < 0)
    if bad.any():
        where = int(np.argmax(bad))
        must = "have finite times from 0"
        refuse(path, must, f"{found['t'][where]} in sample {found['sample'][where]}")
    size = (SHD_UNITS,) if not len(found) or 0 <= found["x"].max() < SHD_UNITS else None
    return Recording(found, size, tick=1.0, labels=labels)


def _data_set(path, file, name, dimensions):
    """A data set of that many axes."""
    library = _h5py()
    held = file.get(name)
    if not isinstance(held, library.Dataset) or held.ndim != dimensions:
        must = f"have a data set {name!r} with {dimensions} axes"
        refuse(path, must, "none" if held is None else f"{held}")
    stored = held.id.get_storage_size()
    if held.size * held.id.get_type().get_size() > MOST_DEFLATED * stored:
        must = f"have the data of {name!r} in the file"
        refuse(path, must, f"{stored} bytes for the shape {held.shape}")
    return held


def _lists(path, file, name):
    """The lists of a data set of lists of numbers."""
    held = _data_set(path, file, name, 1)
    kind = _h5py().check_vlen_dtype(held.dtype)
    if kind is None or np.dtype(kind).kind not in "iuf":
        refuse(path, f"have lists of numbers in {name!r}", held.dtype)
    if held.shape[0] > MOST_SAMPLES:
        refuse(path, f"have at most {MOST_SAMPLES} samples", held.shape[0])
    fits(path, held.shape[0], np.int64)
    return lists(path, whole(path), held, name, np.dtype(kind))


def _array(path, file, name, dimensions, kinds):
    """The numbers of a data set, which fit into memory."""
    held = _data_set(path, file, name, dimensions)
    if held.dtype.kind not in kinds:
        refuse(path, f"have numbers in {name!r}", held.dtype)
    fits(path, held.size, np.float64)
    return held[()]


def write_shd(path, recording):
    """Write the samples of a recording; one without samples is one sample."""
    library = _h5py()
    t, units, sample, labels = _columns(path, recording)
    edges = np.searchsorted(sample, np.arange(len(labels) + 1))
    with library.File(path, "w") as file:
        file["labels"] = labels
        for name, column in (("times", t), ("units", units)):
            held = file.create_dataset(
                f"spikes/{name}", (len(labels),), library.vlen_dtype(column.dtype)
            )
            for i, (start, stop) in enumerate(pairwise(edges)):
                held[i] = column[start:stop]


def _columns(path, recording):
    """Times in seconds, units, numbers of samples, labels."""
    names = recording.table.dtype.names
    t = recording["t"]
    if recording.tick != 1 or t.dtype.kind != "f" or "x" not in names or "y" in names:
        raise ValueError(
            f"table must have times t in seconds (tick=1.0, floats) and units x to be written to "
            f"{path}, got the fields {names}, tick {recording.tick} and dtype {t.dtype} of t; "
            "convert it"
        )
    units = recording["x"]
    if units.size and not (units.min() >= 0 and units.max() < 2**16):
        raise ValueError(
            f"table['x'] must lie from 0 to 65535 to be written to {path}, got "
            f"{units.min()} to {units.max()}; choose another format"
        )
    sample = recording["sample"] if "sample" in names else np.zeros(len(t), np.int64)
    if (sample[1:] < sample[:-1]).any():
        raise ValueError(
            f"table['sample'] must rise to be written to {path}, got a sample in two parts; sort "
            "the table by it"
        )
    labels = recording.labels
    if labels is None:
        labels = np.zeros(int(sample[-1]) + 1 if len(sample) else 1, np.uint16)
    if labels.dtype.kind not in "iu" or (len(sample) and sample[-1] >= len(labels)):
        raise ValueError(
            f"labels must be integers, one for each sample, to be written to {path}, got "
            f"{len(labels)} of dtype {labels.dtype}; add the missing ones"
        )
    return t, units.astype(np.uint16), sample, labels


# --- NIR EventData ------------------------------------------------------------------------------


def read_nir(path):
    """The recording of EventData; leading axes of ``idx`` and ``time`` are samples."""
    with _opened(path) as file:
        axes = getattr(file.get("idx"), "ndim", 0)
        idx = _array(path, file, "idx", max(axes, 1), "iu")
        time = _array(path, file, "time", max(axes, 1), "f")
        neurons, stop = (_number(path, file, name) for name in ("n_neurons", "t_max"))
    if idx.shape != time.shape:
        refuse(path, "have idx and time of one shape", f"{idx.shape} and {time.shape}")
    idx, time = (array.reshape(-1, array.shape[-1]) for array in (idx, time))
    kept = idx >= 0
    if not np.array_equal(kept, np.isfinite(time)):
        refuse(path, "be padded with -1 in idx where time is infinite", "one without the other")
    if not (1 <= neurons <= 2**31 and neurons == int(neurons) and np.isfinite(stop)):
        must = "have a whole number n_neurons from 1 and a finite t_max"
        refuse(path, must, f"{neurons} and {stop}")
    found = table(path, int(kept.sum()), [("sample", "<i4"), ("t", "<f8"), ("x", "<i4")])
    found["sample"], _ = np.nonzero(kept)
    found["t"], found["x"] = time[kept], np.minimum(idx[kept], 2**31 - 1)
    labels = np.arange(len(idx))
    return Recording(found, (int(neurons),), tick=1.0, stop=float(stop), labels=labels)


def _number(path, file, name):
    """A number that is a data set or an attribute."""
    held = file.attrs.get(name) if name in file.attrs else file.get(name)
    value = held[()] if hasattr(held, "shape") else held
    if np.shape(value) != () or np.asarray(value).dtype.kind not in "iuf":
        refuse(path, f"have the number {name!r}", "none" if held is None else held)
    return float(value)


def write_nir(path, events):
    """Write events as EventData: the time of a step is its middle."""
    library = _h5py()
    with library.File(path, "w") as file:
        file["idx"] = events.element.astype(np.int64)[None]
        file["time"] = events.times[None]
        file["n_neurons"] = events.size
        file["t_max"] = events.num_steps * (1.0 if events.dt is None else events.dt)
