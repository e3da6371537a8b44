"""What spikecore runs on: versions, threads, devices, and why a GPU is not used."""

import os
import platform
from importlib import metadata

HELP = "say what was found: versions, threads, devices"
PACKAGES = ("numpy", "numba", "llvmlite", "numba-cuda", "cupy-cuda13x", "torch", "matplotlib")
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


def run(arguments):
    """Print the facts, one a line."""
    for what, found in facts():
        print(f"{what:26} {found}")
    return 0
