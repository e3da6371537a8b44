"""Spikes of an encoder as Events: encoded in tiles of steps, of which the spikes alone are kept.

Memory grows with the spikes and with a tile, never with the dense array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, ParamSpec, Protocol, cast, overload

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array
from spikecore.backends import threads
from spikecore.backends.search import find
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

    A tile is an array ``[steps, *shape]``, which is filled again and again.  Tiles that need those
    before them come one after another from iterating, in ``rows``; tiles ``apart`` are filled by
    several threads at once, each in an array of its own.
    """

    def __init__(self, shape, dtype):
        features, self.num_steps, self.size = sizes(shape[1:], shape[0])
        together = max(1, TILE // max(1, self.size))
        if together > STEPS_PER_BLOCK:  # a part of a block takes as long as the block
            together -= together % STEPS_PER_BLOCK
        self.together, self.shape = max(1, min(self.num_steps, together)), features
        self.count = -(-self.num_steps // self.together)
        self._found = tuple([None] * self.count for _ in range(3))  # step, element, value
        self.rows = self._tile(dtype)
        self._free = [self.rows]

    def _tile(self, dtype):
        return arguments.output(None, (min(self.num_steps, self.together), *self.shape), dtype)

    def __iter__(self):
        """The first step of each tile and the number of its steps; what it holds is then taken."""
        for number in range(self.count):
            start = number * self.together
            count = min(self.together, self.num_steps - start)
            yield start, count
            self._take(number, self.rows[:count].reshape(-1))

    def fill(self, rows_from, nanoseconds):
        """Let ``rows_from(start, rows)`` fill every tile; one thread takes so long for all."""

        def some(first, last):
            rows = self._free.pop() if self._free else self._tile(self.rows.dtype)
            for number in range(first, last):
                start = number * self.together
                now = rows[: self.num_steps - start]
                rows_from(start, now)
                self._take(number, now.reshape(-1))
            self._free.append(rows)

        threads.run(some, self.count, nanoseconds)

    def _take(self, number, flat):
        """Keep the spikes of a tile in the integers that they have in the end."""
        marks = flat if flat.dtype.itemsize == 1 else flat != 0
        count = np.count_nonzero(marks)
        step = np.empty(count, fitting(self.num_steps - 1))
        element = np.empty(count, fitting(self.size - 1))
        find(marks, self.size, number * self.together, step, element)
        columns = step, element, None if flat.dtype == np.bool_ else flat[marks != 0]
        for pieces, column in zip(self._found, columns, strict=True):
            pieces[number] = column

    def events(self, dtype: Any = None) -> Any:
        """All spikes; their values may get another dtype, such as that of ones."""
        dtype = self.rows.dtype if dtype is None else np.dtype(dtype)
        steps, elements, values = self._found
        step, element = _joined(steps), _joined(elements)
        value = np.ones(step.size, dtype) if self.rows.dtype == np.bool_ else _joined(values)
        fields = step, element, value.astype(dtype, copy=False), self.shape, self.num_steps, None
        return Events._made(*fields)


def _joined(pieces):
    """Pieces as one array; their memory is free again before the next array is made."""
    found = [piece for piece in pieces if piece is not None]
    joined = np.concatenate(found) if found else np.empty(0, np.int16)
    pieces.clear()
    return joined


def placed(places: Any, value: Any, shape: Any, num_steps: Any) -> Any:
    """Events of elements that spike once, at a step or, where it is outside, never."""
    inside = (places >= 0) & (places < num_steps) & (value != 0)
    element = np.flatnonzero(inside)
    order = np.argsort(places[element], kind="stable")
    element = element[order]
    features, num_steps, _ = sizes(shape, num_steps)
    values = np.full(element.size, value)
    return Events._made(places[element], element, values, features, num_steps, None)


def in_samples(encode: Any, shape: Any, features_shape: Any = None) -> Any:
    """Events of ``[num_steps, batch, features]``, of which ``encode(samples)`` makes a slice.

    The shape of one step is ``features_shape`` where it is not ``(batch, features)``.
    """
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
    features_shape = (batch, features) if features_shape is None else features_shape
    return Events._made(*columns, features_shape, num_steps, None)
