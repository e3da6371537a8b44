"""Compiled kernels on disk: one file for each kernel and types of its arguments.

The folder's name is a digest of all of the package's source files and of the versions that compile
them, so that a changed equation, in whatever file, never meets a kernel of before.  Numba's own
cache looks at one source file only; it keeps an index that processes overwrite for each other, and
raises an error where no folder can be written.  Here such a place is used without a cache, with one
warning.
"""

import functools
import hashlib
import os
import pickle
import re
import shutil
import sys
import tempfile
import uuid
import warnings
from pathlib import Path

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature
from numba.misc.appdirs import AppDirs

from spikecore.kernel_identity import digest_of

PACKAGE = Path(__file__).parent
KEPT = 4  # folders, the latest used: of other checkouts, Python versions, or sources of before
SUFFIX = ".kernel"
CHECKSUM = hashlib.sha256().digest_size
OPTIONS = ("OPT", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "SLP_VECTORIZE")


def source_digest(package=PACKAGE):
    """SHA-256 of the names and contents of all source files, 1.3 ms; None where there are none."""
    files = sorted(package.rglob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(package).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest() if files else None


# Taken when the package is imported: a file that is edited later has another digest than what runs.
SOURCES = source_digest()


@functools.cache
def folder():
    """The folder of this process's kernels, or None (and a warning) where none can be written."""
    if SOURCES is None:
        return _without("its source files cannot be read")
    versions = (sys.version, numba.__version__, llvmlite.__version__, np.__version__)
    name = hashlib.sha256(repr((SOURCES, versions)).encode()).hexdigest()[:32]
    for parent in _parents():
        path = parent / name
        try:
            path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=path).close()
            os.utime(path)
        except OSError:
            continue
        _remove_old(parent)
        return path
    return _without("no folder can be written; set NUMBA_CACHE_DIR to one that can")


def _parents():
    """Where folders of kernels may be, in Numba's order."""
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR) / "spikecore"
    yield PACKAGE / "__pycache__" / "kernels"
    user = Path(AppDirs("spikecore", appauthor=False).user_cache_dir)
    if user.is_absolute():  # it begins with ~ where there is no home
        yield user / "kernels"


def _without(reason):
    warnings.warn(
        f"spikecore compiles its kernels anew in every process: {reason}",
        RuntimeWarning,
        stacklevel=1,  # callers are Numba's
    )


def _remove_old(parent):
    """Keep the folders that were used last; other processes may do the same at once."""
    used = []
    for path in parent.iterdir():
        try:
            used.append((path.stat().st_mtime, path))
        except OSError:
            continue
    for _, path in sorted(used, reverse=True)[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


class KernelCache(NullCache):
    """What a Numba dispatcher asks for a kernel's compiled code, before it compiles."""

    def __init__(self, function):
        self._function = function

    @property
    def cache_path(self):
        """The folder, or None."""
        return folder()

    def load_overload(self, signature, target_context):
        """The compiled kernel for these types of arguments, or None."""
        if folder() is None:
            return None
        target_context.refresh()
        arguments, _ = normalize_signature(signature)
        try:
            content = self._file(arguments, target_context.codegen()).read_bytes()
        except OSError:
            return None
        checksum, data = content[:CHECKSUM], content[CHECKSUM:]
        if hashlib.sha256(data).digest() != checksum:
            return None
        found, parts = pickle.loads(data)
        if found != arguments:  # types of one name
            return None
        return CompileResult._rebuild(target_context, *parts)

    def save_overload(self, signature, compiled):
        """Keep a kernel that was compiled; where that fails it is compiled again."""
        if folder() is None or compiled.lifted or compiled.library.has_dynamic_globals:
            return
        arguments, _ = normalize_signature(signature)
        data = dumps((arguments, compiled._reduce()))
        file = self._file(arguments, compiled.library.codegen)
        try:
            _replace(file, hashlib.sha256(data).digest() + data)
        except OSError:  # no space is left, or the folder was removed
            return

    def flush(self):
        """Forget what was compiled, as a dispatcher's ``recompile`` asks."""
        for file in folder().glob(f"{self._name}-*{SUFFIX}") if folder() else ():
            file.unlink(missing_ok=True)

    @property
    def _name(self):
        """The function's name without the signs that some file systems refuse."""
        return re.sub(r"<locals>\.|[<>]", "", self._function.__qualname__)

    def _file(self, arguments, codegen):
        options = [str(getattr(config, name, None)) for name in OPTIONS]
        key = repr((digest_of(self._function), str(arguments), codegen.magic_tuple(), options))
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]
        return folder() / f"{self._name}-{digest}{SUFFIX}"


def _replace(file, content):
    """Write a file as a whole, so that another process reads all of it or finds none."""
    part = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
    try:
        part.write_bytes(content)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
