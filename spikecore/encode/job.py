"""Encoding that can be stopped at any moment and goes on: what is done stands beside the output.

The folder ``OUTPUT.part`` holds what the call was (``job.json``), the spikes so far, and the state
after them (``state.npz``), which gets its name when it is whole.  What was written after the last
state is written again, with the same bytes.
"""

import json
import os
import shutil
import zipfile
from contextlib import suppress

import numpy as np

from spikecore import arguments, events
from spikecore.chunked import Carried
from spikecore.events import Events
from spikecore.files import whole

COLUMNS = ("step", "element", "value")


class Job:
    """A call of an encoder whose output grows in a folder."""

    def __init__(self, output, description, restart):
        self.output, self.folder = output, output.with_name(f"{output.name}.part")
        text = json.dumps(description, indent=1, sort_keys=True)
        self.folder.mkdir(exist_ok=True)
        self.handle = _locked(self.folder)
        try:
            self._begin(text, restart)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Let another process go on."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None

    def _begin(self, text, restart):
        """Look whether the folder is of this call, and how far that came."""
        if restart:
            for path in self.folder.iterdir():
                path.unlink()
        kept = self.folder / "job.json"
        if kept.is_file() and kept.read_text() != text:
            must = "go on with the call that was stopped"
            got = f"{self.folder} of another call, or of a file that has changed"
            arguments.refuse("OUTPUT", must, got, "pass --restart, which begins anew")
        with whole(kept) as part:
            part.write_text(text)
        self.done, self.lengths, self.saved = 0, {}, None
        state = self.folder / "state.npz"
        if state.is_file():
            with np.load(state) as held:
                self.done = int(held["done"])
                self.lengths = dict(zip(held["names"], held["lengths"].tolist(), strict=True))
                self.saved = [held[f"state{i}"] for i in range(int(held["parts"]))]

    def before(self, probe):
        """What the part after the last one begins with; ``probe`` is such a thing, made anew."""
        if not self.saved:
            return None
        if isinstance(probe, Carried):
            return Carried(probe.initial, type(probe.state)(*(part[()] for part in self.saved)))
        return self.saved[0]

    def keep(self, done, before, files):
        """Note what is done, after the spikes are in their files."""
        saved = []
        if isinstance(before, Carried):
            saved = [] if before.state is None else list(before.state)
        elif before is not None:
            saved = [before]
        for file in files.values():
            file.flush()
        lengths = [file.tell() for file in files.values()]
        named = {f"state{i}": part for i, part in enumerate(saved)}
        self.done = done
        with whole(self.folder / "state.npz") as part:
            np.savez(
                part, done=done, parts=len(saved), names=np.array(list(files), str),
                lengths=np.array(lengths, np.int64), **named,
            )  # fmt: skip

    def open(self, name):
        """A file of the folder, cut to what the last state says of it."""
        path = self.folder / name
        file = open(path, "r+b" if path.is_file() else "w+b")  # noqa: SIM115  # closed at the end
        file.truncate(self.lengths.get(name, 0))
        file.seek(0, os.SEEK_END)
        return file

    def finish(self):
        """Remove the folder, once the output has its name."""
        shutil.rmtree(self.folder)


def _locked(folder):
    """A handle that locks a folder until it is closed, if the system can lock folders, or None."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        got, remedy = f"{folder}, which another process writes", "wait for it"
        arguments.refuse("OUTPUT", "be written by one process", got, remedy)
    except OSError:  # some network file systems do not lock folders
        pass
    return handle


class Sink:
    """Files of the folder to which spikes are added."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the files."""
        for file in self.files.values():
            file.close()


class Dense(Sink):
    """A dense array in a .npy file, which a .npz file may take in."""

    def __init__(self, job, num_steps):
        self.job, self.num_steps = job, num_steps
        self.files = {"spikes.npy": job.open("spikes.npy")}

    def write(self, part):
        """Add some steps."""
        (file,) = self.files.values()
        if not file.tell():
            header = {"descr": np.lib.format.dtype_to_descr(part.dtype), "fortran_order": False}
            header["shape"] = (self.num_steps, *part.shape[1:])
            np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)

    def finish(self):
        """Give the array its name."""
        self.close()
        source = self.job.folder / "spikes.npy"
        if self.job.output.suffix == ".npy":
            os.replace(source, self.job.output)
            return
        with whole(self.job.output) as part, zipfile.ZipFile(part, "w", allowZip64=True) as archive:
            archive.write(source, "spikes.npy", zipfile.ZIP_DEFLATED, compresslevel=1)


class Sparse(Sink):
    """Events, a file for each of their columns."""

    def __init__(self, job, num_steps):
        self.job, self.num_steps, self.step = job, num_steps, job.done
        self.files = {name: job.open(name) for name in (*COLUMNS, "form")}

    def write(self, part):
        """Add some steps."""
        if not self.files["form"].tell():
            form = {"value": part.value.dtype.str, "shape": part.shape, "dt": part.dt}
            self.files["form"].write(json.dumps(form).encode())
        columns = (part.step + np.int64(self.step), part.element.astype(np.int64), part.value)
        for name, column in zip(COLUMNS, columns, strict=True):
            self.files[name].write(np.ascontiguousarray(column).data)
        self.step += part.num_steps

    def finish(self):
        """Write the events under their name."""
        self.files["form"].seek(0)
        form = json.loads(self.files["form"].read())
        self.close()
        kinds = np.int64, np.int64, np.dtype(form["value"])
        step, element, value = (
            np.fromfile(self.job.folder / name, kind)
            for name, kind in zip(COLUMNS, kinds, strict=True)
        )
        with suppress(MemoryError):
            shape = tuple(form["shape"])
            found = Events._made(step, element, value, shape, self.num_steps, form["dt"])
            events.write(self.job.output, found)
            return
        arguments.refuse("--sparse", "give events that fit into memory", f"{len(step)}", "leave it")
