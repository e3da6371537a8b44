"""Poisson trains with a dead time: after a spike, silent steps."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments, backends, random
from spikecore.annotations import Array, Data, Device, Integer, Out, Seed, SpikeDtype, Stream
from spikecore.arithmetic import like, mul, select
from spikecore.backends.loops import Draw, Scan
from spikecore.chunked import divided, part_of_time
from spikecore.codes.rate import steps_of, word_threshold
from spikecore.codes.signals import NONE, UP, Levels, chosen, emit
from spikecore.compiler import equation


class Axes(NamedTuple):
    """What the data are."""

    rate_is: str = "mean"


OPTIONS = {"rate_is": ("mean", "hazard")}
PROFILES = {"elephant": {"rate_is": "mean"}}
MOST = 2**15 - 1  # silent steps: a word of 64 bits holds threshold, waiting and silent steps

WAITING = np.uint64(33)  # the threshold is below, and at most 2**32
SILENT = np.uint64(48)
FIFTEEN = np.uint64(2**15 - 1)
THRESHOLD = np.uint64(2**33 - 1)
ZERO, ONE = np.uint64(0), np.uint64(1)


class Numbers(NamedTuple):
    """The numbers of the code: of the data's dtype, and the silent steps in their place."""

    excluded: Any  # silent steps for a mean rate, 0 for a hazard
    silent: Any


@equation
def hazard(p, numbers):
    """p/(1 - p*r), at most 1: the probability of a spike outside of the dead time."""
    one = like(p, 1)
    q = p / (one - mul(p, numbers.excluded))
    return select(q > one, one, q)


@equation
def prepare(p, numbers):
    """What the words are compared with, and the silent steps of a spike."""
    return word_threshold(hazard(p, numbers)) | numbers.silent


@equation
def fires(word, held, left):
    """A spike for a word below the threshold, unless the element waits."""
    waiting = (held >> WAITING) & FIFTEEN
    fired = (waiting == ZERO) & (word < (held & THRESHOLD))
    silent = np.uint64(fired) * ((held >> SILENT) & FIFTEEN)
    counted = np.uint64(waiting != ZERO)
    return fired, (held - (counted << WAITING)) + (silent << WAITING)


@equation
def renew(held, prepared):
    """A step's own threshold, with the waiting of the step before."""
    return prepared | (held & (FIFTEEN << WAITING))


POISSON = Draw(prepare, fires, carried=True, renew=renew)


class Waiting(NamedTuple):
    """The silent steps that are left."""

    left: Any


class Silence(NamedTuple):
    """The silent steps after a spike."""

    steps: Any


@equation
def thin(state, drawn, numbers):
    """A spike that was drawn, unless the element waits."""
    none, one = like(state.left, 0), like(state.left, 1)
    count = select((drawn > 0) & (state.left == none), UP, NONE)
    waiting = select(state.left > none, like(none, state.left - one), none)
    return Waiting(like(none, select(count > NONE, numbers.steps, waiting))), count


THINNED = Scan(thin, emit)


def _thin(part, backend, samples, numbers, refractory, key, first_element, on, off, trains):
    """A part of the spikes: those without dead time, less those within it.

    The loop that draws them begins without waiting, so the silent steps left are kept here.
    """
    drawn = np.empty(trains.shape, np.uint8)
    apart = numbers._replace(silent=ZERO)
    byte = drawn.dtype.type
    backend.draw(POISSON, samples, apart, key, first_element, part.start, byte(1), byte(0), drawn)
    if part.kept is None:
        part.kept = Waiting(np.zeros(trains.shape[1], np.int32))
    silence = Silence(np.int32(refractory))
    backend.scan(THINNED, drawn, part.kept, silence, Levels(on, off, off), trains)


@divided("features", numbered=True, kept=True)
def poisson(
    data: Data,
    num_steps: Integer | None = None,
    *,
    refractory: Integer = 0,
    rate_is: Literal["mean", "hazard"] | None = None,
    time_var_input: bool = False,
    seed: Seed | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    first_element: Integer = 0,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Poisson train with a dead time: ``refractory`` silent steps after each spike.

    Outside of the dead time an element spikes with probability ``q`` at a step:
    ``q = p/(1 - p*refractory)`` for ``rate_is="mean"``, so that ``p`` is the mean number of spikes
    a step, dead time included; or ``q = p`` for ``rate_is="hazard"``, where the mean is
    ``p/(1 + p*refractory)``.  Intervals are ``refractory`` plus a geometric number of steps: their
    coefficient of variation is ``(1 - p*refractory)*sqrt(1 - q)`` with the mean rate p.

    Parameters
    ----------
    data : array_like
        Probabilities p of a spike at a step, ``[...]``, or time first ``[num_steps, ...]`` with
        ``time_var_input=True``: in [0, 1] for a hazard, in [0, 1/(refractory + 1)] for a mean.
    num_steps : int, optional
        Time steps to draw; given for static data and only for static data.
    refractory : int
        Silent steps after a spike, at most 32767.
    rate_is : {"mean", "hazard"}
        What the data are; ``"mean"`` if left out.  Of data that vary with time, each step's value
        is converted by itself.
    time_var_input : bool
        The first axis of the data is time.
    seed : int, numpy.random.Generator or None
        See :func:`spikecore.random.seed_of`.
    profile : str, optional
        A library of :func:`profiles`.
    dtype, out, device, stream
        As in :func:`rate`.
    first_element : int
        Flat C-order index of the first feature in a larger array.

    Returns
    -------
    numpy.ndarray
        Spikes, 0 or 1, ``[num_steps, ...]``.

    Raises
    ------
    ValueError, TypeError
        NaN or a probability out of its range, a number of steps missing or given in vain, or an
        ``out`` of the wrong form.

    Notes
    -----
    M. Deger et al., "Statistical properties of superimposed stationary spike trains", Journal of
    Computational Neuroscience 32 (2012), in steps.  Elephant's ``StationaryPoissonProcess`` takes
    the mean rate, in continuous time.  The random words are those of :func:`rate`, whose spikes
    come out without refractoriness.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> spikegen.poisson([0.1, 0.2], 12, refractory=3, seed=0, dtype=np.int8).T
    array([[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
           [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]], dtype=int8)
    """
    call = arguments.Call("data", data, dtype, out, device, stream)
    values, cast = call.values, call.values.dtype.type
    varying = arguments.flag("time_var_input", time_var_input)
    num_steps = steps_of(values, num_steps, varying)
    refractory = arguments.integer("refractory", refractory, 0, MOST)
    mean = chosen(Axes(), OPTIONS, PROFILES, profile, {"rate_is": rate_is}).rate_is == "mean"
    features = values.shape[varying:]
    size = math.prod(features)
    largest = random.MAX_ELEMENT - size
    first_element = arguments.integer("first_element", first_element, 0, largest)
    key = random.key_of(seed, "rate")
    backend = call.choose(num_steps * size)
    most, meaning = 1.0, "within [0, 1]"
    if mean and refractory:
        most = 1 / (refractory + 1)
        meaning = f"within [0, 1/(refractory + 1)], [0, {most:.6g}], for rate_is='mean'"
    arguments.within("data", values, 0, most, backend, meaning)
    part = part_of_time()
    result = call.output((num_steps if part is None else part.count, *features))
    if result.size:
        trains, on, off = backends.rows(result, call.dtype.type(1), call.dtype.type(0))
        numbers = Numbers(cast(refractory if mean else 0), np.uint64(refractory) << SILENT)
        samples = values.reshape(num_steps if varying else 1, size)
        if part is not None:
            _thin(part, backend, samples, numbers, refractory, key, first_element, on, off, trains)
            return result
        backend.draw(POISSON, samples, numbers, key, first_element, 0, on, off, trains)
    return result
