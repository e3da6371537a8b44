"""Tasks for the chunks of a Dask array that go through time in turn, and arrays of their parts."""

import itertools

import dask.array as da
import numpy as np
from dask import delayed


class Grid:
    """Tasks for the chunks of an array ``[num_steps, ...]``, of which ``divided`` axes are cut."""

    def __init__(self, data, divided):
        self.times, self.features = data.chunks[0], data.chunks[1 : 1 + divided]
        self.blocks = data.to_delayed().reshape(len(self.times), *map(len, self.features))
        self.places = list(np.ndindex(self.blocks.shape[1:]))

    def run(self, first, step):
        """Tasks ``step(block, begun)``, and of the first step ``first(slices)`` for ``begun``."""
        self.tasks = []
        for t in range(len(self.times)):
            begun = self.tasks[-1] if self.tasks else map(first, map(self._slices, self.places))
            pairs = zip(self.places, begun, strict=True)
            self.tasks.append([step(self.blocks[(t, *place)], state) for place, state in pairs])

    def _slices(self, place):
        begins = [[0, *itertools.accumulate(sizes)] for sizes in self.features]
        return tuple(slice(b[i], b[i + 1]) for b, i in zip(begins, place, strict=True))

    def over_time(self, get, like, after=0):
        """One array out of a part of every task; ``like`` is that part for some features."""
        rows = zip(self.tasks, self.times, strict=True)
        return da.concatenate([self._joined(row, get, like, (t,), after) for row, t in rows])

    def at_the_end(self, get, like, after=0):
        """The same of the last tasks alone; ``after`` axes follow those that are cut."""
        before = like.shape[: like.ndim - len(self.features) - after]
        return self._joined(self.tasks[-1], get, like, before, after)

    def _joined(self, tasks, get, like, before, after):
        found = np.empty([len(sizes) for sizes in self.features], object)
        for place, task in zip(self.places, tasks, strict=True):
            own = [sizes[i] for sizes, i in zip(self.features, place, strict=True)]
            shape = (*before, *own, *like.shape[like.ndim - after :])
            found[place] = da.from_delayed(delayed(get, pure=True)(task), shape, like.dtype)
        return da.block(found.tolist()) if not (before or after) else _block(found, len(before))


def _block(found, axis):
    """Join arrays whose cut axes begin at one; ``numpy.block`` counts from the last."""
    for cut in reversed(range(found.ndim)):
        joined = np.empty(found.shape[:cut], object)
        for place in np.ndindex(joined.shape):
            joined[place] = da.concatenate(list(found[place]), axis=axis + cut)
        found = joined
    return found.item()
