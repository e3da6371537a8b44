"""SPIKE-synchronization: which spikes of two trains coincide."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikecore.annotations import Array, ArrayLike, Number
from spikecore.chunked import by_pairs
from spikecore.compiler import equation
from spikecore.measures import pairs
from spikecore.measures.trains import distinct, duration, two_of


class Limits(NamedTuple):
    """The time of the trains, and half the longest interval that counts, in steps."""

    end: Any
    max_tau: Any


@by_pairs(symmetric=True)
def spike_sync(
    spikes: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    max_tau: Number | None = None,
    dt: Number | None = None,
) -> Array:
    """SPIKE-synchronization: the part of the spikes of two trains that coincide, 0 to 1.

    ``2*c/(n + m)`` for c coincidences of n and m spikes.  Two spikes coincide if they are less than
    tau apart, tau being half the shortest of the intervals before and after either of them.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, spikes; a spike of step k is at ``k*dt``, and several spikes of one
        step are one.
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    max_tau : float, optional
        The largest tau, positive, in the unit of ``dt``.
    dt : float, optional
        The length of a step, 1 by default.  It matters for ``max_tau`` only.

    Returns
    -------
    numpy.ndarray
        float64 in [0, 1], the features of ``spikes``, then those of ``targets``.  Two trains
        without spikes give 1, and one of them gives 0.

    Raises
    ------
    ValueError, TypeError
        Spikes without a time axis or that are no numbers of spikes, targets of another number of
        steps, or a ``max_tau`` that is not a positive number.

    Notes
    -----
    Kreuz, Mulansky and Bozanic 2015.  As ``spike_sync`` of PySpike 0.9.0 without ``max_tau``: a
    first or last spike has no interval on one side, for which the whole time stands, so single
    spikes coincide that are less than half of the time apart.  With ``max_tau`` PySpike bounds the
    tau of first and last spikes alone: 20 spikes each, 10 ms apart and with intervals of 50 ms,
    give 0.9 for 5 ms.  Here, as in the paper, every tau is at most ``max_tau``, and they give 0.

    Examples
    --------
    >>> from spikecore import statistics
    >>> x = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    >>> y = [0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    >>> statistics.spike_sync(x, y)
    array(0.5)
    >>> statistics.spike_sync(x, y, max_tau=1)
    array(0.)
    """
    max_tau = None if max_tau is None else duration("max_tau", max_tau)
    trains, targets = two_of(spikes, targets, dt)
    most = np.inf if max_tau is None else max_tau / trains.dt
    limits = Limits(np.float64(trains.num_steps), np.float64(most))
    trains, targets = distinct(trains), distinct(targets)
    work = 6 * pairs.spikes_in(trains, targets)
    return pairs.matrix(_spike_sync, trains, targets, limits, work, itself=1.0)


@equation
def _reach(times, limits):
    """Half the shorter of the intervals before and after each spike, at most ``max_tau``."""
    n = times.size
    reach = np.empty(n)
    for k in range(n):
        before = times[k] - times[k - 1] if k > 0 else limits.end
        after = times[k + 1] - times[k] if k < n - 1 else limits.end
        reach[k] = min(min(before, after) / 2, limits.max_tau)
    return reach


@equation
def _spike_sync(a, b, limits, row):
    """Both trains walked through once; no spike coincides with two."""
    n, m = a.size, b.size
    if n + m == 0:
        row[0] = 1
        return
    reach_a, reach_b = _reach(a, limits), _reach(b, limits)
    i, j, coincidences = 0, 0, 0
    while i < n and j < m:
        apart = b[j] - a[i]
        coincide = abs(apart) < min(reach_a[i], reach_b[j])
        coincidences += np.int64(coincide)
        i += np.int64(coincide or apart > 0)  # no branch to predict
        j += np.int64(coincide or apart <= 0)
    row[0] = 2 * coincidences / (n + m)
