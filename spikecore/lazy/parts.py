"""How a code goes on from one part of time to the next: by its state, or by the samples before.

``Dask`` arrays and ``blocks`` both go through time by ``advance``.
"""

import inspect
import math
from functools import partial

import numpy as np

from spikecore import arguments, random
from spikecore.chunked import Carried
from spikecore.codes import lfsr


def whole(name, data, axes):
    """A Dask array with one chunk along some axes; its shape must be known."""
    if any(math.isnan(length) for length in data.shape):
        remedy = "call its compute_chunk_sizes()"
        arguments.refuse(name, "have a known shape", data.shape, remedy)
    return data.rechunk(dict.fromkeys(axes, -1)) if len(axes) else data


def passes_on(division, options):
    """Whether a part of a signal can be encoded after the part before it."""
    return division.carries or behind(division, options) is not None


def behind(division, options):
    """The samples before a part that a code looks at, or None."""
    return None if division.behind is None else division.behind(options)


def start_of(function, division, options):
    """What the first part of a signal begins with; it is taken out of the options."""
    if not division.carries:
        return None
    default = inspect.signature(function).parameters["initial"].default
    return Carried(options.pop("initial", default))


def advance(function, division, options, values, before, at, origin=()):
    """The spikes of a part that begins at step ``at``, and what the next part begins with.

    ``before`` is what the part before left, which stays as it was; ``origin`` is where the features
    begin in the whole.
    """
    if division.carries:
        carried = Carried(before.initial, _copied(before.state))
        with arguments.part_of_a_whole(partial(_from, at, origin)):
            return function(values, initial=carried, **options), carried
    tail = values[:0] if before is None else before
    joined = np.concatenate([tail, values]) if len(tail) else values
    with arguments.part_of_a_whole(partial(_from, at - len(tail), origin)):
        found = function(joined, **options)[len(tail) :]
    wanted = behind(division, options)
    return found, joined[max(0, len(joined) - wanted) :].copy()


def seed_of_all(options):
    """One seed for all parts."""
    register = lfsr.checked(
        options.get("generator"), options.get("shared", False), options.get("uniforms")
    )
    if register is not None:
        return lfsr.settled(register, options.get("shared", False), options.get("seed"))
    if options.get("uniforms") is not None:
        return options.get("seed")
    return random.seed_of(options.get("seed"))


def _copied(state):
    """A state that may be changed; some of its columns are plain numbers."""
    if state is None:
        return None
    return type(state)(*(np.copy(part) if np.ndim(part) else part for part in state))


def _from(at, origin, index):
    """An index of a part in the whole."""
    features = np.add(index[1:], origin).tolist() if origin else index[1:]
    return index[0] + at, *features
