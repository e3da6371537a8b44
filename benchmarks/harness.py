"""Cases, how they are checked and timed, and what is kept of them.

What holds for every number: it comes from a function whose output was checked in the same process;
compile time stands apart; a case and what it is compared with are timed in turns, so that noise
hits both alike; and each timed call follows an untimed one of the same function, so that everyone
finds the caches as it left them.
"""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np


def stopwatch(function):
    """Seconds that one call takes."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def twenty_calls(function):
    """Seconds of one call out of twenty, for calls of microseconds."""
    return stopwatch(lambda: [function() for _ in range(20)]) / 20


@dataclass(frozen=True)
class Check:
    """``got()`` and ``expected()`` must agree in shape, dtype and every bit.

    Either may give one array or a tuple of them.
    """

    name: str
    got: Callable
    expected: Callable

    def complaint(self):
        """What differs, in one sentence, or an empty string."""
        got, expected = _arrays(self.got()), _arrays(self.expected())
        if len(got) != len(expected):
            return f"{self.name}: got {len(got)} arrays, expected {len(expected)}"
        for i, pair in enumerate(zip(got, expected, strict=True)):
            name = self.name if len(got) == 1 else f"{self.name}, array {i}"
            said = _difference(name, *pair)
            if said:
                return said
        return ""


def _arrays(value):
    return [np.asarray(part) for part in (value if isinstance(value, (tuple, list)) else [value])]


def _difference(name, got, expected):
    """How two arrays differ, or an empty string."""
    if (got.shape, got.dtype) != (expected.shape, expected.dtype):
        return (
            f"{name}: got {got.dtype} of shape {got.shape}, expected {expected.dtype} of "
            f"shape {expected.shape}"
        )
    bits = f"u{got.itemsize}"
    unequal = got.view(bits) != expected.view(bits)
    if not unequal.any():
        return ""
    wrong = np.argwhere(unequal)
    first = tuple(wrong[0].tolist())
    return (
        f"{name}: {len(wrong)} of {got.size} values differ, the first at {list(first)}: "
        f"got {got[first]}, expected {expected[first]}"
    )


@dataclass(frozen=True)
class Rival:
    """What a case is compared with, and the bound on the ratio that the design asks for.

    A rival with a check is timed only if its output passes; ``note`` says of what that output is
    the equal, where it is not that of the case itself.
    """

    name: str
    function: Callable
    bound: float | None = None
    check: Check | None = None
    note: str = ""


@dataclass(frozen=True)
class Case:
    """One row: a function, what it does, what it must give and what it is compared with."""

    work: str
    function: Callable
    bytes_moved: int = 0
    checks: tuple[Check, ...] = ()
    peers: tuple[Rival, ...] = ()  # to be faster than, at least ``bound`` times
    limit: Rival | None = None  # to stay within, at most ``bound`` times
    at_most: float | None = None  # seconds
    series: str = ""  # cases of one series make a curve over ``size``
    size: int = 0
    clock: Callable = stopwatch  # seconds of one call; a function that times itself brings its own


@dataclass(frozen=True)
class Measured:
    """A rival's times, or why there are none."""

    name: str
    bound: float | None = None
    note: str = ""
    refusal: str = ""
    median: float = 0.0
    minimum: float = 0.0


@dataclass(frozen=True)
class Result:
    """The times of a case and of its rivals, in a form that JSON holds."""

    name: str
    work: str
    refusal: str = ""
    first_call: float = 0.0
    repeats: int = 0
    median: float = 0.0
    minimum: float = 0.0
    bytes_moved: int = 0
    series: str = ""
    size: int = 0
    at_most: float | None = None
    peers: list = field(default_factory=list)
    limit: Measured | None = None

    def speedup(self, peer):
        """How many times faster than a peer, median by median; None where that was refused."""
        return None if peer.refusal or self.refusal else peer.median / self.median

    @property
    def slowdown(self):
        """How many times the limit's time, median by median; None without a limit."""
        return self.median / self.limit.median if self.limit and not self.refusal else None

    @property
    def verdict(self):
        """Whether every bound that was measured holds: "yes", "no", or "-" when there is none."""
        held = [self.speedup(peer) >= peer.bound for peer in self.peers
                if peer.bound is not None and not peer.refusal]  # fmt: skip
        if self.limit and self.limit.bound is not None:
            held.append(self.slowdown <= self.limit.bound)
        if self.at_most is not None:
            held.append(self.median <= self.at_most)
        if self.refusal or not held:
            return "-"
        return "yes" if all(held) else "no"

    def as_dict(self):
        """The result as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved):
        """The result that ``as_dict`` gave."""
        limit = saved["limit"] and Measured(**saved["limit"])
        peers = [Measured(**peer) for peer in saved["peers"]]
        return cls(**{**saved, "limit": limit, "peers": peers})


def measure(name, case, repeats, seconds=float("inf"), judge=True):
    """Check a case, then time it and its rivals in turns.

    Turns end after ``repeats`` of them, or, three having been done, when ``seconds`` have passed.
    Without ``judge`` no bound is kept, for a run whose ratios mean nothing.
    """
    first_call = case.clock(case.function)
    for check in case.checks:
        complaint = check.complaint()
        if complaint:
            return Result(name, case.work, refusal=complaint)
    rivals = [*case.peers, *([case.limit] if case.limit else [])]
    refusals = {rival.name: rival.check.complaint() if rival.check else "" for rival in rivals}
    functions = {rival.name: rival.function for rival in rivals if not refusals[rival.name]}
    times = _in_turns({"": case.function, **functions}, case.clock, repeats, seconds)

    def measured(rival):
        said = Measured(
            rival.name, rival.bound if judge else None, rival.note, refusals[rival.name]
        )
        taken = times.get(rival.name)
        return said if taken is None else Measured(
            *(said.name, said.bound, said.note, said.refusal, *_summary(taken))
        )  # fmt: skip

    median, minimum = _summary(times[""])
    return Result(
        name=name,
        work=case.work,
        first_call=first_call,
        repeats=len(times[""]),
        median=median,
        minimum=minimum,
        bytes_moved=case.bytes_moved,
        series=case.series,
        size=case.size,
        at_most=case.at_most if judge else None,
        peers=[measured(peer) for peer in case.peers],
        limit=measured(case.limit) if case.limit else None,
    )


def _in_turns(functions, clock, repeats, seconds):
    """Seconds of each function's calls by its name; the garbage is collected outside of them."""
    times = {name: [] for name in functions}
    begin = time.perf_counter()
    gc.collect()
    for turn in range(repeats):
        if turn >= 3 and time.perf_counter() - begin > seconds:
            break
        for name, function in functions.items():
            function()
            times[name].append(clock(function))
    return times


def _summary(times):
    """The middle one, and the shortest, which noise cannot make shorter."""
    return statistics.median(times), min(times)


# --- the memory limit ---------------------------------------------------------------------------


def fill(shape, dtype, bound=None):
    """The memory limit of what is only written."""
    array = np.empty(shape, dtype)
    return Rival("fill", lambda: array.fill(1), bound)


def copy(data, bound=None, also=()):
    """The memory limit of what is read and written once; ``also`` are arrays written besides."""
    array = np.empty_like(data)
    more = [np.empty_like(written) for written in also]

    def move():
        np.copyto(array, data)
        for written in more:
            written.fill(1)

    return Rival("copy and fill" if more else "copy", move, bound)


def read_and_fill(data, dtype, bound=None):
    """The memory limit of what is read once, and written once in another dtype."""
    size = 1 << 16
    values, written = data.reshape(-1), np.empty(data.size, dtype)
    cached = np.empty(size, data.dtype)

    def move():
        for begin in range(0, values.size, size):
            some = values[begin : begin + size]
            np.copyto(cached[: some.size], some)
            written[begin : begin + size].fill(1)

    return Rival("read and fill", move, bound)


def read(data, bound=None):
    """The memory limit of what is only read: rows copied to where the cache holds them."""
    rows = data.reshape(-1, min(data.size, 1 << 16)) if data.size % (1 << 16) == 0 else data
    cached = np.empty_like(rows[0])

    def move():
        for row in rows:
            np.copyto(cached, row)

    return Rival("read", move, bound)
