"""Distances of spike times on a scale of time that is chosen: Victor-Purpura and van Rossum."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Number
from spikecore.chunked import by_pairs
from spikecore.compiler import equation
from spikecore.measures import pairs
from spikecore.measures.trains import LONGEST, duration, two_of


@by_pairs(symmetric=True)
def victor_purpura(
    spikes: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    cost: Number,
    dt: Number | None = None,
) -> Array:
    """Victor-Purpura distance: the least cost of turning one train into the other.

    To remove a spike or to add one costs 1, and to move one by a time of t costs ``cost*|t|``.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...); a spike of step k is at ``k*dt``.
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    cost : float
        Victor and Purpura's q, at least 0, per unit of ``dt``: spikes further apart than
        ``2/cost`` are not moved.  0 compares the numbers of spikes; a large cost counts the spikes
        that do not coincide.
    dt : float, optional
        The length of a step, 1 by default.

    Returns
    -------
    numpy.ndarray
        float64, the features of ``spikes``, then those of ``targets``: a metric, but for
        ``cost=0``, where trains of equally many spikes have a distance of 0.

    Raises
    ------
    ValueError, TypeError
        Spikes without a time axis or that are no numbers of spikes, targets of another number of
        steps, or a negative ``cost``.

    Notes
    -----
    Victor and Purpura 1996; ``victor_purpura_distance`` of Elephant 1.2.1.  Other programs ask for
    a time instead of q (``2/q`` or ``1/q``), or take q per second: convert to 1/dt.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.victor_purpura([1, 0, 0, 1], [0, 1, 0, 0], cost=0.5)
    array(1.5)
    """
    cost = arguments.number("cost", cost, 0, LONGEST)
    trains, targets = two_of(spikes, targets, dt)
    # A step that costs more than 2 is not made; the bound keeps products finite.
    per_step = np.float64(min(cost * trains.dt, 1e9))
    work = pairs.spikes_in(trains, targets) * 5 + pairs.products_in(trains, targets)
    return pairs.matrix(_victor_purpura, trains, targets, per_step, work)


@equation
def _victor_purpura(a, b, cost, row):
    """The least cost of each beginning of a and each of b, one diagonal after another.

    The costs of a diagonal, of i spikes of a and j of b with i + j = d, need those of the two
    diagonals before and not each other: 0.3 ns each, and row after row they take 1.5.
    """
    if a.size > b.size:
        a, b = b, a
    n, m = a.size, b.size
    backwards = b[::-1].copy()
    before, last, now = np.empty(n + 1), np.empty(n + 1), np.empty(n + 1)
    last[0] = 0  # diagonal 0
    for d in range(1, n + m + 1):
        low, high = max(0, d - m), min(n, d)
        if low == 0:
            now[0] = d
        if high == d:
            now[d] = d
        first, past = max(low, 1), min(high, d - 1) + 1
        if first < past:
            inner = slice(first - 1, past - 1)
            _diagonal(
                before[inner], last[inner], last[first:past],
                a[inner], backwards[m - d + first : m - d + past], cost, now[first:past],
            )  # fmt: skip
        before, last, now = last, now, before
    row[0] = last[n]


@equation
def _diagonal(moved, removed, added, x, y, cost, new):
    """The inner costs of a diagonal, in a loop of its own, which LLVM vectorises."""
    for k in range(new.size):
        shifted = moved[k] + cost * abs(x[k] - y[k])
        less = (removed[k] if removed[k] < added[k] else added[k]) + 1
        new[k] = shifted if shifted < less else less


class Decay(NamedTuple):
    """exp(-k*dt/tau), and 1 less its square, for k of a block and for whole blocks of steps."""

    left: Any
    lost: Any
    left_blocks: Any
    lost_blocks: Any


BLOCK = np.int64(1024)  # steps: tables of 8 kB, however many steps there are


@by_pairs(symmetric=True)
def van_rossum(
    spikes: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    tau: Number,
    dt: Number | None = None,
) -> Array:
    """Van Rossum distance: how far trains are apart once every spike is an exponential tail.

    ``sqrt((2/tau) * integral (f(t) - g(t))**2 dt)`` over all times, past the last step too, where
    f and g are the sums of ``exp(-(t - t_i)/tau)`` over the spikes before t of the two trains.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...); a spike of step k is at ``k*dt``.
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    tau : float
        The time constant, positive, in the unit of ``dt``.
    dt : float, optional
        The length of a step, 1 by default.

    Returns
    -------
    numpy.ndarray
        float64, the features of ``spikes``, then those of ``targets``: a metric.  One spike and
        none are 1 apart, and two spikes far from each other sqrt(2).

    Raises
    ------
    ValueError, TypeError
        Spikes without a time axis or that are no numbers of spikes, targets of another number of
        steps, or a ``tau`` that is not a positive number.

    Notes
    -----
    Van Rossum 2001, with the scale of ``van_rossum_distance`` of Elephant 1.2.1, which is sqrt(2)
    times the original.  Elephant sums ``exp(-|t_i - t_j|/tau)`` over all pairs of spikes and
    subtracts, which loses digits where trains are alike (and gave NaN before its PR 680).  Here the
    difference f - g is carried from spike to spike, and squares are added: nothing cancels, equal
    trains are 0 apart exactly, and the work is linear in the number of spikes.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.van_rossum([1, 0, 0, 1], [1, 0, 0, 0], tau=2)
    array(1.)
    """
    tau = duration("tau", tau)
    trains, targets = two_of(spikes, targets, dt)
    numbers = _decay(trains.dt / tau, trains.num_steps)
    work = 5 * pairs.spikes_in(trains, targets)
    return pairs.matrix(_van_rossum, trains, targets, numbers, work)


def _decay(per_step, num_steps):
    """The tables, up to the last step or to where the exponential is 0."""
    zero_from = 746 / per_step  # exp(-746) is 0
    blocks = 2 + math.floor(min(num_steps, zero_from) / BLOCK)
    steps = per_step * np.arange(BLOCK)
    whole = per_step * BLOCK * np.arange(blocks)
    return Decay(np.exp(-steps), -np.expm1(-2 * steps), np.exp(-whole), -np.expm1(-2 * whole))


@equation
def _over(gap, numbers):
    """What is left of an exponential after a gap, and what its square has lost, over 0 to 1.

    ``1 - (a*b)**2 = (1 - b**2) + b**2*(1 - a**2)``, in which nothing cancels.
    """
    blocks = gap // BLOCK
    if blocks == 0:
        return numbers.left[gap], numbers.lost[gap]
    rest = gap - blocks * BLOCK
    if blocks >= numbers.left_blocks.size:
        return np.float64(0), np.float64(1)
    left, after = numbers.left[rest], numbers.left_blocks[blocks]
    return left * after, numbers.lost[rest] + left * left * numbers.lost_blocks[blocks]


@equation
def _van_rossum(a, b, numbers, row):
    """The integral of the squared difference, from each spike to the next."""
    n, m = a.size, b.size
    i, j = 0, 0
    total, difference, before = np.float64(0), np.float64(0), np.float64(0)
    while i < n or j < m:
        next_a = a[i] if i < n else np.inf
        next_b = b[j] if j < m else np.inf
        now = min(next_a, next_b)
        left, lost = _over(np.int64(now - before), numbers)
        total += difference * difference * lost
        of_a, of_b = np.int64(next_a <= next_b), np.int64(next_b <= next_a)  # no branch to predict
        difference = difference * left + np.float64(of_a - of_b)
        i += of_a
        j += of_b
        before = now
    row[0] = np.sqrt(total + difference * difference)
