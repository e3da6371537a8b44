"""How much memory is free, in the machine and in the container that this process runs in."""

import math
import os
import time
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from spikecore.foreign import shown

NO_LIMIT = 2**60  # bytes; version 1 writes nearly 2**63 where there is no limit
LARGEST_SHOWN = 10**24  # bytes
READ_EVERY = 0.05  # seconds; in that time a process fills a few hundred MB at most


class Names(NamedTuple):
    """Names of the files of a control group, and of one line."""

    limit: str
    usage: str
    cached: str  # line of memory.stat: contents of files, dropped when memory is needed


VERSION_1 = Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
VERSION_2 = Names("memory.max", "memory.current", "inactive_file")


def fits_memory(shape, dtype):
    """Refuse an array that is larger than the memory that is free."""
    missing = lack(shape, dtype)
    if missing is not None:
        raise ValueError(
            f"the output of shape {shown(shape)} and dtype {dtype} {missing}; use dtype=bool, "
            "fewer steps per call with first_step, or out= a numpy.memmap"
        )


def lack(shape, dtype):
    """How much memory an array needs and how much is free, or None where it fits."""
    needed = math.prod(shape) * np.dtype(dtype).itemsize
    available = available_memory()
    if available is None or needed <= available:
        return None
    return f"needs {_size(needed)}, and {_size(available)} of memory are free"


def available_memory():
    """Bytes that can be allocated without swapping, or None where the system does not say."""
    return _available_memory(int(time.monotonic() / READ_EVERY))


@lru_cache(maxsize=1)
def _available_memory(moment):
    """As ``available_memory``, read once in a moment: it takes as long as a small call."""
    return free_memory()


def free_memory(root="/"):
    """Free bytes of the machine whose file system is at ``root``, read now."""
    found = [number for number in (_of_machine(root), *_of_groups(root)) if number is not None]
    return min(found, default=None)


def _of_machine(root):
    available = _numbers(Path(root, "proc/meminfo")).get("MemAvailable:")
    if available is not None:
        return available * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _of_groups(root):
    """Free bytes of each control group with a limit that this process is in.

    A group's files are in the folder of its path, and the limits of its parents count too.  In a
    container the path may be the host's, and its folder missing; then the top folder has the
    container's limits.
    """
    top = Path(root, "sys/fs/cgroup")
    for line in _lines(Path(root, "proc/self/cgroup")):
        _, controllers, path = line.split(":", 2)
        path = PurePosixPath(path.lstrip("/"))
        for folder in (path, *path.parents):
            if controllers == "":
                yield _of_group(top / folder, VERSION_2)
            elif "memory" in controllers.split(","):
                yield _of_group(top / "memory" / folder, VERSION_1)


def _of_group(folder, names):
    """Free bytes of a control group; None without a limit."""
    limit = _number(folder / names.limit)
    if limit is None or limit > NO_LIMIT:  # most groups; reading the other files takes 0.1 ms
        return None
    used = _number(folder / names.usage) or 0
    return max(0, limit - used + _numbers(folder / "memory.stat").get(names.cached, 0))


def _lines(file):
    """A file's lines; none if it cannot be read."""
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def _number(file):
    """The number in a file; None for another word, such as ``max``."""
    words = " ".join(_lines(file)).split()
    return int(words[0]) if words and words[0].isdecimal() else None


def _numbers(file):
    """Numbers by name, of lines ``name number`` with or without a unit."""
    words = [line.split() for line in _lines(file)]
    return {parts[0]: int(parts[1]) for parts in words if len(parts) > 1 and parts[1].isdecimal()}


def _size(num_bytes):
    if num_bytes > LARGEST_SHOWN:  # no float may hold it
        return f"more than {_size(LARGEST_SHOWN)}"
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.3g} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:,.1f} TB"
