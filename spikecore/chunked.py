"""Public functions that can be called in parts: how each may be divided.

A decorator says over which axes a function may be called in parts, and how parts of time follow one
another.  The work itself stands in ``lazy``, which is imported when a Dask array comes.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Division(NamedTuple):
    """How a function may be divided."""

    samples: str  # "features"; "rows": a sample's features whole; "time": time first, and whole
    numbered: bool = False  # it draws random numbers by the index of an element
    per_feature: tuple[str, ...] = ()  # arguments that may have the features' shape
    carries: bool = False  # its argument ``initial`` takes what ``Carried`` the part before left
    behind: Callable[..., int | None] | None = None  # of its options: samples needed before a part
    stepped: bool = False  # its draws are numbered by the step, its argument ``first_step``
    period: str = ""  # an argument at whose multiples a part may begin
    kept: bool = False  # ``part_of_time`` has what it kept of the part before
    placed: bool = False  # ``steps_of_a_part`` says which of the steps are wanted


class Carried:
    """What a code has after a part of a signal; it stands for the argument ``initial``.

    ``initial`` is that argument of the first part.  The code puts its ``state`` here, which is None
    before the first part, and takes it from here.
    """

    def __init__(self, initial: Any, state: Any = None) -> None:
        self.initial, self.state = initial, state


def carried(initial: Any) -> Carried:
    """An argument ``initial`` as what is carried from part to part."""
    return initial if isinstance(initial, Carried) else Carried(initial)


class Part:
    """Steps of a part, whether a code has taken notice of them, and what it keeps for the next."""

    def __init__(self, start: int, count: int, kept: Any = None) -> None:
        self.start, self.count, self.kept, self.noticed = start, count, kept, False


_PART: ContextVar[Part | None] = ContextVar("steps of a part", default=None)


@contextmanager
def steps_of_a_part(start: int, count: int, kept: Any = None) -> Iterator[Part]:
    """Let a code give ``count`` steps from ``start`` on, with what it kept of the part before."""
    part = Part(start, count, kept)
    token = _PART.set(part)
    try:
        yield part
    finally:
        _PART.reset(token)


def wanted_steps(num_steps: int) -> tuple[int, int]:
    """The first step that is wanted of ``num_steps``, and how many."""
    part = part_of_time()
    return (0, num_steps) if part is None else (part.start, part.count)


def part_of_time() -> Part | None:
    """The part that is wanted, or None for the whole."""
    part = _PART.get()
    if part is not None:
        part.noticed = True
    return part


def is_dask(value: object) -> bool:
    """Whether a value is a Dask array, without importing Dask."""
    kind = type(value)
    return kind.__name__ == "Array" and kind.__module__.startswith("dask.")


def lazily(module: str, name: str) -> Callable[..., Any]:
    """A function of ``lazy``, which stands above those that call it: imported by its name."""
    return getattr(import_module(f"spikecore.lazy.{module}"), name)  # type: ignore[no-any-return]


def divided(samples: str, **how: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function's first argument be a Dask array; ``how`` are fields of ``Division``."""
    division = Division(samples, **how)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        first = next(iter(signature.parameters))

        @functools.wraps(function)
        def call(*positional: P.args, **named: P.kwargs) -> R:
            data = positional[0] if positional else named.get(first)
            if not is_dask(data):
                return function(*positional, **named)
            bound = signature.bind(*positional, **named)
            return lazily("codes", "encode")(call, division, bound)

        call.division = division  # type: ignore[attr-defined]
        return call

    return decorate


def by_pairs(
    *, symmetric: bool = False, lead: int = 0
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let the ``spikes`` or ``targets`` of a matrix over pairs of trains be Dask arrays.

    ``lead`` axes of the result stand before those of the pairs.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*positional: P.args, **named: P.kwargs) -> R:
            trains = (*positional[:2], named.get("spikes"), named.get("targets"))
            if not any(map(is_dask, trains)):
                return function(*positional, **named)
            bound = signature.bind(*positional, **named)
            return lazily("measures", "matrix")(function, bound, symmetric, lead)

        return call

    return decorate


def division_of(function: object) -> Division | None:
    """How a public function may be divided, or None."""
    return getattr(function, "division", None)
