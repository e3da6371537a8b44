"""Cases, how they are checked and timed, and the table of results.

What holds for every number: it comes from a function whose output was checked in the same process;
compile time stands in a column of its own; a case and what it is compared with are timed in turns,
so that noise hits both alike; and each timed call follows an untimed one of the same function, so
that everyone finds the caches as it left them.
"""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from spikecore.backends import threads

COMPARED = ("numpy", "numba", "torch", "snntorch")  # packages whose versions are printed


def stopwatch(function):
    """Seconds that one call takes."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


@dataclass(frozen=True)
class Check:
    """``got()`` and ``expected()`` must agree in shape, dtype and every bit."""

    name: str
    got: Callable
    expected: Callable

    def complaint(self):
        """What differs, in one sentence, or an empty string."""
        got, expected = np.asarray(self.got()), np.asarray(self.expected())
        if (got.shape, got.dtype) != (expected.shape, expected.dtype):
            return (
                f"{self.name}: got {got.dtype} of shape {got.shape}, expected {expected.dtype} of "
                f"shape {expected.shape}"
            )
        bits = f"u{got.itemsize}"
        wrong = np.argwhere(got.view(bits) != expected.view(bits))
        if not len(wrong):
            return ""
        first = tuple(wrong[0].tolist())
        return (
            f"{self.name}: {len(wrong)} of {got.size} values differ, the first at {list(first)}: "
            f"got {got[first]}, expected {expected[first]}"
        )


@dataclass(frozen=True)
class Rival:
    """What a case is compared with, and the bound on the ratio that the design asks for."""

    name: str
    function: Callable
    bound: float | None = None


@dataclass(frozen=True)
class Case:
    """One row: a function, what it does, what it must give and what it is compared with."""

    name: str
    work: str
    function: Callable
    bytes_moved: int = 0
    checks: tuple[Check, ...] = ()
    peer: Rival | None = None  # to be faster than, at least ``bound`` times
    limit: Rival | None = None  # to stay within, at most ``bound`` times
    clock: Callable = stopwatch  # seconds of one call; a function that times itself brings its own


@dataclass(frozen=True)
class Times:
    """Seconds of repeated calls."""

    seconds: list

    @property
    def median(self):
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def minimum(self):
        """The shortest, which noise cannot make shorter."""
        return min(self.seconds)


@dataclass(frozen=True)
class Result:
    """The times of a case and of its rivals, or why there are none."""

    case: Case
    refusal: str = ""
    first_call: float = 0.0
    ours: Times | None = None
    rivals: dict = field(default_factory=dict)  # name: Times

    @property
    def speedup(self):
        """How many times faster than the peer, median by median; None without a peer."""
        rival = self.case.peer
        return self.rivals[rival.name].median / self.ours.median if rival else None

    @property
    def slowdown(self):
        """How many times the limit's time, median by median; None without a limit."""
        rival = self.case.limit
        return self.ours.median / self.rivals[rival.name].median if rival else None

    @property
    def verdict(self):
        """Whether every bound that was measured holds: "yes", "no", or "-" when there is none."""
        held = []
        if self.case.peer and self.case.peer.bound is not None:
            held.append(self.speedup >= self.case.peer.bound)
        if self.case.limit and self.case.limit.bound is not None:
            held.append(self.slowdown <= self.case.limit.bound)
        return ("yes" if all(held) else "no") if held else "-"


def measure(case, repeats):
    """Check a case, then time it and its rivals in turns."""
    first_call = case.clock(case.function)
    for check in case.checks:
        complaint = check.complaint()
        if complaint:
            return Result(case, refusal=complaint)
    rivals = {rival.name: rival.function for rival in (case.peer, case.limit) if rival}
    functions = {"": case.function, **rivals}
    seconds = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            function()
            seconds[name].append(case.clock(function))
    times = {name: Times(values) for name, values in seconds.items()}
    return Result(case, first_call=first_call, ours=times.pop(""), rivals=times)


def unjudged(case):
    """The case without its bounds, for a run whose ratios mean nothing."""
    rivals = {"peer": case.peer, "limit": case.limit}
    return replace(
        case, **{name: rival and replace(rival, bound=None) for name, rival in rivals.items()}
    )


# --- what the machine is ------------------------------------------------------------------------


def environment():
    """Lines that say where and with what the numbers were measured."""
    versions = [f"Python {platform.python_version()}"]
    for name in COMPARED:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    return [
        f"{cpu_model()}, {os.cpu_count()} cores, threads used: {threads.thread_count()}, "
        f"load before: {load()}",
        ", ".join(versions),
        f"spikecore at {commit()}",
    ]


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
    """The mean number of running processes over the last minute."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


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


# --- the table ----------------------------------------------------------------------------------

HEADER = (
    "case",
    "median",
    "minimum",
    "first call",
    "GB/s",
    "against a peer",
    "against the limit",
    "budget met",
)


def row(result):
    """The cells of one result."""
    case, ours = result.case, result.ours
    if result.refusal:
        return (case.name, "refused", *[""] * (len(HEADER) - 2))
    rate = f"{case.bytes_moved / ours.median / 1e9:.1f}" if case.bytes_moved else ""
    return (
        case.name,
        duration(ours.median),
        duration(ours.minimum),
        duration(result.first_call),
        rate,
        _against(result, case.peer, result.speedup, "x faster", "at least"),
        _against(result, case.limit, result.slowdown, "x", "at most"),
        result.verdict,
    )


def _against(result, rival, ratio, unit, relation):
    if rival is None:
        return ""
    budget = "" if rival.bound is None else f" ({relation} {rival.bound:g})"
    return f"{rival.name} {duration(result.rivals[rival.name].median)}: {ratio:.3g}{unit}{budget}"


def duration(seconds):
    """Three digits and a unit."""
    units = {"s": 1, "ms": 1e3, "us": 1e6}
    unit = next((unit for unit, scale in units.items() if seconds * scale >= 0.9995), "us")
    value = seconds * units[unit]
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"


def render(results):
    """The results as a Markdown table, the work of each case, and the reasons of refusals."""
    rows = [HEADER, *map(row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = []
    for cells in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"| {' | '.join(padded)} |")
    lines.append("")
    lines += [f"- {result.case.name}: {result.case.work}" for result in results]
    lines += [
        f"\n{one.case.name} was not timed, its output is wrong: {one.refusal}"
        for one in results
        if one.refusal
    ]
    return "\n".join(lines)
