"""Spikes of an encoder as Events: encoded in tiles of steps, of which the spikes alone are kept.

Memory grows with the spikes and with a tile, never with the dense array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, ParamSpec, Protocol, cast, overload

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array
from spikecore.events.cells import fitting, sizes
from spikecore.events.table import Events
from spikecore.philox import STEPS_PER_BLOCK

Arguments = ParamSpec("Arguments")


class Encoder(Protocol[Arguments]):
    """What type checkers know of an encoder: Events with ``sparse=True``, else an array."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # the first that fits is taken
        self, *args: Any, sparse: Literal[True], **kwargs: Any
    ) -> Events: ...

    @overload
    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Array: ...


def gives_events(encode: Callable[Arguments, Array]) -> Encoder[Arguments]:
    """The function itself, for type checkers one that gives Events with ``sparse=True``."""
    return cast("Encoder[Arguments]", encode)


TILE = 1 << 20  # elements of a tile: enough for all threads, and in the cache


def checked(sparse, call):
    """``sparse`` as a bool; Events are made on the host, in no array of the caller's."""
    sparse = arguments.flag("sparse", sparse)
    if sparse and call.out is not None:
        must, remedy = "be left out with sparse=True", "leave out one of the two"
        arguments.refuse("out", must, arguments.shown(call.out), remedy)
    if sparse and backends.on_gpu(call.data):
        must, got = "lie in the host's memory with sparse=True", "an array on a GPU"
        arguments.refuse(call.name, must, got, "copy it to the host first", TypeError)
    return sparse


def zero(name, value):
    """Refuse an output value other than 0 between spikes, where all elements would be events."""
    if value != 0:
        remedy = "leave it at 0, or make a dense array"
        arguments.refuse(name, "be 0 with sparse=True", value, remedy)


class Tiles:
    """The spikes of a raster ``[num_steps, *shape]``, which is made a few steps at a time.

    ``rows`` is the array of a tile, ``[steps, *shape]``; it is filled again and again.
    """

    def __init__(self, shape, dtype):
        features, self.num_steps, self.size = sizes(shape[1:], shape[0])
        self.shape, self.pieces = features, []
        together = max(1, TILE // max(1, self.size))
        if together > STEPS_PER_BLOCK:  # a part of a block takes as long as the block
            together -= together % STEPS_PER_BLOCK
        together = min(self.num_steps, together)
        self.rows = arguments.output(None, (together, *features), dtype)

    def __iter__(self):
        """The first step of each tile and the number of its steps; what it holds is then taken."""
        for start in range(0, self.num_steps, max(1, len(self.rows))):
            count = min(len(self.rows), self.num_steps - start)
            yield start, count
            self._take(start, self.rows[:count].reshape(-1))

    def _take(self, start, flat):
        """Keep the spikes of a tile in the integers that they have in the end."""
        found = np.flatnonzero(flat if flat.dtype == np.bool_ else flat != 0)
        step = found // max(1, self.size)
        element = (found - step * self.size).astype(fitting(self.size - 1))
        step = (step + start).astype(fitting(self.num_steps - 1))
        self.pieces.append((step, element, flat[found]))

    def events(self, dtype: Any = None) -> Any:
        """All spikes; their values may get another dtype, such as that of ones."""
        if not self.pieces:
            empty = np.empty(0, np.int64)
            self.pieces = [(empty, empty, np.empty(0, self.rows.dtype))]
        step, element, value = (np.concatenate(part) for part in zip(*self.pieces, strict=True))
        value = value.astype(self.rows.dtype if dtype is None else dtype, copy=False)
        return Events._made(step, element, value, self.shape, self.num_steps, None)


def placed(places: Any, value: Any, shape: Any, num_steps: Any) -> Any:
    """Events of elements that spike once, at a step or, where it is outside, never."""
    inside = (places >= 0) & (places < num_steps) & (value != 0)
    element = np.flatnonzero(inside)
    order = np.argsort(places[element], kind="stable")
    element = element[order]
    features, num_steps, _ = sizes(shape, num_steps)
    values = np.full(element.size, value)
    return Events._made(places[element], element, values, features, num_steps, None)


def in_samples(encode: Any, shape: Any) -> Any:
    """Events of ``[num_steps, batch, features]``, of which ``encode(samples)`` makes a slice."""
    num_steps, batch, features = shape
    together = max(1, TILE // max(1, num_steps * features))
    starts = range(0, max(batch, 1), together)
    parts = [Events.from_dense(encode(slice(start, start + together))) for start in starts]
    step = np.concatenate([part.step for part in parts])
    element = np.concatenate(
        [part.element + np.int64(k * features) for part, k in zip(parts, starts, strict=True)]
    )
    value = np.concatenate([part.value for part in parts])
    order = np.argsort(step, kind="stable")  # elements rise from part to part
    columns = step[order], element[order], value[order]
    return Events._made(*columns, (batch, features), num_steps, None)
