"""Events of Dask arrays: a delayed part for each chunk, and a function that joins them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikecore import arguments
from spikecore.chunked import is_dask
from spikecore.events import cells
from spikecore.events.table import Events
from spikecore.foreign import a_kind
from spikecore.lazy.parts import whole


def event_parts(spikes: Any) -> list[Any]:
    """Events of the chunks of a Dask array of spikes, each not yet computed.

    Parameters
    ----------
    spikes : dask.array.Array
        ``[num_steps, ...]``, such as an encoder or a neuron gives for a Dask array.

    Returns
    -------
    list of dask.delayed.Delayed
        The Events of each chunk, with steps and elements of the whole array, and its shape.
        :func:`join_events` gives those of the whole.

    Raises
    ------
    ValueError, TypeError
        No Dask array, no time axis, or an unknown shape.

    Examples
    --------
    >>> import dask
    >>> import dask.array as da
    >>> import numpy as np
    >>> from spikecore import lazy, spikegen
    >>> data = da.full((4, 6), np.float32(0.5), chunks=3)
    >>> parts = lazy.event_parts(spikegen.rate(data, 10, seed=0, dtype=bool))
    >>> len(parts)
    4
    >>> lazy.join_events(parts).compute()
    Events(108 events, 10 steps of (4, 6), bool)
    """
    if not is_dask(spikes):
        remedy = "pass an encoder's result for a Dask array, or call Events.from_dense"
        arguments.refuse("spikes", "be a Dask array", a_kind(spikes), remedy, TypeError)
    from dask import delayed

    spikes = whole("spikes", spikes, ())
    if spikes.ndim == 0:
        remedy = "pass [num_steps, ...]"
        arguments.refuse("spikes", "have a time axis", "shape ()", remedy)
    cells.sizes(spikes.shape[1:], spikes.shape[0])
    begins = [[0, *itertools.accumulate(sizes)][:-1] for sizes in spikes.chunks]
    origins = itertools.product(*begins)
    blocks = spikes.to_delayed().reshape(-1)
    made = delayed(_events_of, pure=True)
    return [made(b, o, spikes.shape) for b, o in zip(blocks, origins, strict=True)]


def join_events(parts: Sequence[Any]) -> Any:
    """The Events of a whole array, of those of its chunks.

    Parameters
    ----------
    parts : sequence of Events or dask.delayed.Delayed
        At least one; all of one shape and number of steps, none with a cell of another.

    Returns
    -------
    dask.delayed.Delayed of Events
        Those that ``sparse=True`` gives in one call, in the dtype of the spikes.

    Raises
    ------
    ValueError, TypeError
        No part, or, when it is computed, parts of several shapes.

    Examples
    --------
    >>> from spikecore import Events, lazy
    >>> left, right = Events([0, 1], [0, 0], 2, 2), Events([0], [1], 2, 2)
    >>> lazy.join_events([left, right]).compute().element
    array([0, 1, 0], dtype=int16)
    """
    remedy = "pass the parts that event_parts gives"
    found = arguments.items("parts", parts, "be Events or delayed Events", remedy)
    if not found:
        arguments.refuse("parts", "hold at least one", "none", remedy)
    from dask import delayed

    return delayed(_joined, pure=True)(list(found))


def _events_of(values, origin, shape):
    """The events of one chunk, which begins at ``origin`` in an array of a shape."""
    found = Events.from_dense(np.asarray(values))
    features = shape[1:]
    inner = np.unravel_index(found.element.astype(np.int64), found.shape or (1,))
    element = np.zeros(len(found), np.int64)
    for index, begin, length in zip(inner, origin[1:], features, strict=False):
        element = element * length + index + begin
    step = found.step + np.int64(origin[0])
    return Events._made(step, element, found.value, features, shape[0], None)


def _joined(parts):
    """The events of all parts, sorted by step and element."""
    for index, part in enumerate(parts):
        if not isinstance(part, Events):
            remedy = "pass the parts that event_parts gives"
            arguments.refuse(f"parts[{index}]", "be Events", a_kind(part), remedy, TypeError)
        if part.dense_shape != parts[0].dense_shape:
            must, remedy = f"have the shape {parts[0].dense_shape}", "join parts of one array"
            arguments.refuse(f"parts[{index}]", must, part.dense_shape, remedy)
    step, element, value = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("step", "element", "value")
    )
    order = np.lexsort((element, step))
    shape, num_steps = parts[0].shape, parts[0].num_steps
    return Events._made(step[order], element[order], value[order], shape, num_steps, parts[0].dt)
