"""Spike trains of a given rate: regular, or drawn at random."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, backends, random
from spikecore.annotations import (
    Array,
    ArrayLike,
    Device,
    FiringPattern,
    Integer,
    Number,
    Seed,
    SpikeDtype,
)
from spikecore.backends.loops import Draw
from spikecore.codes import rate as bernoulli
from spikecore.codes.lines import line
from spikecore.compiler import equation
from spikecore.philox import BITS_32

Rate: TypeAlias = Number | Fraction  # a fraction is exact
PATTERNS = get_args(FiringPattern)


@equation
def prepare(count, numbers):
    """How many spikes an element still needs."""
    return count


@equation
def choose(word, needed, left):
    """Selection sampling: take a step with probability needed/left (all uint64)."""
    chosen = word * left < needed << BITS_32
    return chosen, needed - np.uint64(chosen)


NOTHING = np.uint64(0)  # selection sampling needs no numbers but the counts
DISTINCT = Draw(prepare, choose, carried=True)


def target_rate_code(
    num_steps: Integer,
    first_spike_time: Integer = 0,
    rate: Rate = 1,
    firing_pattern: FiringPattern = "regular",
    *,
    seed: Seed | None = None,
    uniforms: ArrayLike | None = None,
    dtype: SpikeDtype | None = None,
    out: Array | None = None,
    first_element: Integer = 0,
    device: Device | None = None,
) -> tuple[Array, NDArray[np.int64]]:
    """One output neuron's spike train of a given rate, and its spike times.

    regular: spike k at ``first_spike_time + floor(k/rate)``, in exact arithmetic; the rate is taken
    as the simplest fraction that rounds to the float given, so 0.65 is 13/20.  uniform: as many
    spikes, ``ceil((num_steps - first_spike_time)*rate)``, on distinct steps drawn uniformly.
    poisson: an independent draw with probability ``rate`` at each step.

    Parameters
    ----------
    num_steps : int
    first_spike_time : int
        Step of the first possible spike, at most ``num_steps``.
    rate : float
        Spikes per step, in [0, 1].
    firing_pattern : {"regular", "uniform", "poisson"}
    seed : int, numpy.random.Generator or None
    uniforms : array_like, optional
        Instead of ``seed``, for the poisson pattern: ``[num_steps]``.
    first_element : int
        Element of the random stream to use.
    dtype, out, device
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    train : numpy.ndarray
        0 and 1, ``[num_steps]``.
    times : numpy.ndarray of int64
        Steps of the spikes, rising.

    Raises
    ------
    ValueError, TypeError
        A rate outside [0, 1], a first spike after the last step, or another pattern.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.target_rate_code``, whose float32 arithmetic fails for rates
    such as 0.65 and 0.07, and whose uniform trains lose spikes that fall on one step.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.target_rate_code(num_steps=5, rate=0.3)
    (array([1., 0., 0., 1., 0.], dtype=float32), array([0, 3]))
    """
    num_steps = arguments.integer("num_steps", num_steps, 1, arguments.MAX_STEPS)
    first = arguments.integer("first_spike_time", first_spike_time, 0, num_steps)
    rates = (Fraction(0), exact_rate("rate", rate))
    pattern = arguments.choice("firing_pattern", firing_pattern, PATTERNS)
    dtype = arguments.spike_dtype(dtype, out, np.dtype(np.float32))
    backend = backends.choose(device)
    draws = draws_of(pattern, seed, uniforms, first_element, (num_steps,), backend)
    train = arguments.output(out, (num_steps,), dtype, uniforms=draws.uniforms)
    levels = dtype.type(1), dtype.type(0)
    fill_trains(train, np.ones(1, bool), rates, first, pattern, levels, False, draws, backend)
    return train, np.flatnonzero(train)


def exact_rate(name, value):
    """A rate as the simplest fraction that rounds to the float given; a fraction as it is."""
    arguments.number(name, value, 0, 1)
    if isinstance(value, Rational):
        return Fraction(value)
    value = np.asarray(value)[()]
    if not value:
        return Fraction(0)
    neighbours = np.nextafter(value, 0), np.nextafter(value, 2)
    exact, below, above = (Fraction(float(rate)) for rate in (value, *neighbours))
    return _simplest((below + exact) / 2, (exact + above) / 2)


def _simplest(low, high):
    """The fraction of least denominator in [low, high], by their common continued fraction."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    return whole - 1 + 1 / _simplest(1 / (high - whole + 1), 1 / (low - whole + 1))


def _spike_count(num_steps, first, rate):
    """How many k have first + floor(k/rate) < num_steps."""
    return -(-(num_steps - first) * rate.numerator // rate.denominator)


def _regular_steps(num_steps, first, rate):
    """first + floor(k/rate) for k = 0, 1, ... while below num_steps."""
    count = _spike_count(num_steps, first, rate)
    return [first + k * rate.denominator // rate.numerator for k in range(count)]


class Draws(NamedTuple):
    """The source of random numbers of the random patterns."""

    seed: Any
    uniforms: Any
    first_element: int


def draws_of(pattern, seed, uniforms, first_element, shape, backend):
    """The source of random numbers for trains of that shape, checked."""
    size = math.prod(shape[1:])
    if pattern == "uniform" and shape[0] >= 2**32:
        remedy = "use fewer, because 32 random bits choose a step"
        arguments.refuse("num_steps", "be below 2**32 for the uniform pattern", shape[0], remedy)
    largest = random.MAX_ELEMENT - size
    first_element = arguments.integer("first_element", first_element, 0, largest)
    if uniforms is not None:
        if pattern != "poisson":
            must, got = "be given for the poisson pattern only", f"firing_pattern={pattern!r}"
            arguments.refuse("uniforms", must, got, "pass seed, or firing_pattern='poisson'")
        uniforms = arguments.uniforms(uniforms, seed, shape, backend)
    return Draws(random.checked_seed(seed), uniforms, first_element)


def fill_trains(result, hot, rates, first, pattern, levels, interpolate, draws, backend):
    """Fill [T, ...] with trains in which element i has the rate ``rates[hot[i]]``."""
    num_steps, dtype = len(result), result.dtype
    rows = result.reshape(num_steps, hot.size)
    above, below = (dtype.type(1), dtype.type(0)) if interpolate else levels
    trains, above, below = backends.rows(rows, above, below)
    trains[:first] = below
    live = trains[first:]
    key = random.key_of(draws.seed, "targets")
    if pattern == "regular":
        _fill_regular(trains, hot, rates, first, above, below)
    elif pattern == "uniform":
        cold, warm = (np.uint64(_spike_count(num_steps, first, rate)) for rate in rates)
        needed = np.where(hot, warm, cold).reshape(1, hot.size)
        backend.draw(DISTINCT, needed, NOTHING, key, draws.first_element, first, above, below, live)
    else:
        p = np.where(hot, float(rates[1]), float(rates[0])).reshape(1, hot.size)
        p.flags.writeable = False
        numbers = bernoulli.Numbers(np.float64(1), np.float64(0))
        if draws.uniforms is None:
            code = bernoulli.BERNOULLI
            backend.draw(code, p, numbers, key, draws.first_element, first, above, below, live)
        else:
            given = draws.uniforms.reshape(num_steps, hot.size)[first:]
            backend.replay(bernoulli.uniform_fires, p, numbers, given, above, below, live)
    if interpolate:
        backend.climb(line, *levels, trains)


def _fill_regular(trains, hot, rates, first, above, below):
    """Regular trains: every element of one rate fires at the same steps."""
    fires = np.zeros((2, len(trains)), bool)
    for row, rate in zip(fires, rates, strict=True):
        row[_regular_steps(len(trains), first, rate)] = True
    for t, train in enumerate(trains):
        train[:] = np.where(hot, *(above if fires[k, t] else below for k in (1, 0)))
