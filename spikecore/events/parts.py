"""Events that follow one another in time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from spikecore import arguments
from spikecore.events import cells
from spikecore.events.table import Events
from spikecore.foreign import a_kind


def concatenate(parts: Iterable[Events]) -> Events:
    """Join events in time, as ``numpy.concatenate`` joins their dense arrays.

    Parameters
    ----------
    parts : sequence of Events
        At least one, of one shape and one ``dt``; each begins where the one before it ends.

    Returns
    -------
    Events
        Values have the dtype that NumPy gives to all of theirs together; what the parts dropped is
        added up.

    Raises
    ------
    ValueError, TypeError
        No part, something else than events, or shapes or ``dt`` that differ.

    Examples
    --------
    >>> from spikecore import Events, events
    >>> part = Events([1], [0], shape=2, num_steps=3)
    >>> events.concatenate([part, part]).step
    array([1, 4], dtype=int16)
    """
    remedy = "pass a list of Events"
    found = arguments.items("parts", parts, "be Events", remedy)
    if not found:
        arguments.refuse("parts", "hold at least one", "none", remedy)
    for index, part in enumerate(found):
        if not isinstance(part, Events):
            arguments.refuse(f"parts[{index}]", "be Events", a_kind(part), remedy, TypeError)
        if (part.shape, part.dt) != (found[0].shape, found[0].dt):
            must = f"have shape {found[0].shape} and dt {found[0].dt}, as the first"
            got, remedy = f"{part.shape} and {part.dt}", "bring them to one form"
            arguments.refuse(f"parts[{index}]", must, got, remedy)
    starts = np.cumsum([0, *(part.num_steps for part in found)])
    shape, num_steps, _ = cells.sizes(found[0].shape, int(starts[-1]))
    step = np.concatenate([p.step + start for p, start in zip(found, starts[:-1], strict=True)])
    element = np.concatenate([part.element for part in found])
    value = np.concatenate([part.value for part in found])
    dropped = sum(part.dropped for part in found)
    return Events._made(step, element, value, shape, num_steps, found[0].dt, dropped)
