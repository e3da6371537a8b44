"""What spikecore runs on: versions, threads, devices, why a GPU is not used; where SPEC.md lies."""

import os
import platform
from importlib import metadata
from pathlib import Path

HELP = "print versions, threads, devices, and where SPEC.md is"
PACKAGES = ("numpy", "numba", "llvmlite", "numba-cuda", "cupy-cuda13x", "torch", "matplotlib")
DOCUMENTS = ("SPEC.md", "CONFORMANCE.md")
VARIABLES = (
    "SPIKECORE_DEVICE",
    "SPIKECORE_CUDA_CROSSOVER",
    "SPIKECORE_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMBA_CACHE_DIR",
    "NUMBA_ENABLE_CUDASIM",
    "CUDA_VISIBLE_DEVICES",
)


def add_arguments(parser):
    """There are none."""


def facts():
    """Pairs of what and what was found."""
    from spikecore import __version__, devices, kernel_cache

    yield "spikecore", __version__
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    for package in PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    yield from devices().items()
    yield "kernels are kept in", str(kernel_cache.folder() or "none; see the warning")
    for name in VARIABLES:
        if name in os.environ:
            yield name, os.environ[name]
    yield from documents()


def documents():
    """Pairs of a document's name and its path, in a checkout or where an install put it."""
    checkout = Path(__file__).resolve().parents[1]
    paths = [checkout / name for name in DOCUMENTS]
    if not paths[0].is_file():
        installed = metadata.files("spikecore") or ()
        paths = [Path(file.locate()).resolve() for file in installed if file.name in DOCUMENTS]
    for path in paths:
        if path.is_file():
            yield path.name, path


def run(arguments):
    """Print the facts, one a line."""
    for what, found in facts():
        print(f"{what:26} {found}")
    return 0
