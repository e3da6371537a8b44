"""Codes of signals over Dask arrays whose time is divided: chunks of time run in turn.

Each begins with what the one before left: a state, or the samples before it.
"""

import numpy as np
from dask import delayed

from spikecore.lazy import parts
from spikecore.lazy.grid import Grid


def encode(function, division, options, data, spread, like):
    """The Dask array of a code that goes on from chunk to chunk; ``like`` is that of no features.

    ``spread`` are the arguments with a value for each feature.
    """
    count = data.ndim - 1
    grid = Grid(data, count)

    def first(slices):
        own = {name: np.ascontiguousarray(values[slices]) for name, values in spread.items()}
        return None, (own, None, 0, tuple(part.start for part in slices))

    def step(block, begun):
        return delayed(_encode, pure=True)(function, division, options, block, begun)

    grid.run(first, step)
    return grid.over_time(_spikes, like, like.ndim - 1 - count)


def _encode(function, division, options, values, begun):
    """One chunk: its spikes, and what the next chunk of time begins with."""
    own, before, at, origin = begun[1]
    values, options = np.asarray(values), {**options, **own}
    first = parts.start_of(function, division, options)
    before = first if before is None else before
    found, after = parts.advance(function, division, options, values, before, at, origin)
    return found, (own, after, at + len(values), origin)


def _spikes(found):
    return found[0]
