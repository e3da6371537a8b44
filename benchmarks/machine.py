"""What the numbers were measured with: processor, threads, versions, commit, load."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from spikecore.backends import threads

PACKAGES = (
    "numpy", "numba", "llvmlite", "torch", "snntorch", "spikingjelly", "norse", "sinabs", "spikify",
)  # fmt: skip


def describe():
    """The machine as a dict that JSON holds."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "threads": threads.thread_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := version(name))},
        "commit": commit(),
        "load before": load(),
    }


def lines(machine):
    """The description in a few lines."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    loads = [f"{when} {machine[when]}" for when in ("load before", "load after") if when in machine]
    return [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads used, "
        f"{machine['system']}; {', '.join(loads)}",
        f"Python {machine['python']}, {versions}",
        f"spikecore at {machine['commit']}",
    ]


def version(name):
    """The installed version of a package, or an empty string."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def cpu_model():
    """The processor's name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def load():
    """The mean number of running processes over the last minute, or -1."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1


def commit():
    """The commit of the checkout, with a note when files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    here = Path(__file__).resolve().parent
    try:
        return subprocess.run(
            command, cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "an unknown commit"
