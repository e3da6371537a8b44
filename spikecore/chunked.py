"""Public functions that take Dask arrays too: how each may be divided.

A decorator says over which axes a function may be called in parts.  The work itself stands in
``lazy``, which is imported when a Dask array comes.
"""

import functools
import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Division(NamedTuple):
    """How a function may be divided."""

    samples: str  # "features"; "rows": a sample's features whole; "time": time first, and whole
    numbered: bool = False  # it draws random numbers by the index of an element
    per_feature: tuple[str, ...] = ()  # arguments that may have the features' shape


def is_dask(value: object) -> bool:
    """Whether a value is a Dask array, without importing Dask."""
    kind = type(value)
    return kind.__name__ == "Array" and kind.__module__.startswith("dask.")


def lazily(name: str) -> Callable[..., Any]:
    """A function of ``lazy``, which stands above those that call it: imported by its name."""
    return getattr(import_module("spikecore.lazy"), name)  # type: ignore[no-any-return]


def divided(
    samples: str, *, numbered: bool = False, per_feature: tuple[str, ...] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function's first argument be a Dask array."""
    division = Division(samples, numbered, per_feature)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        first = next(iter(signature.parameters))

        @functools.wraps(function)
        def call(*positional: P.args, **named: P.kwargs) -> R:
            data = positional[0] if positional else named.get(first)
            if not is_dask(data):
                return function(*positional, **named)
            return lazily("encode")(call, division, signature.bind(*positional, **named))

        return call

    return decorate
