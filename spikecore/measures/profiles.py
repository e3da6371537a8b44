"""Distances without a scale of time: the ISI-distance and the SPIKE-distance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikecore.annotations import Array, ArrayLike, Number
from spikecore.chunked import by_pairs
from spikecore.compiler import equation
from spikecore.measures import pairs
from spikecore.measures.trains import distinct, two_of, window_of, with_edges


class Window(NamedTuple):
    """The window of time that counts, and the end of the trains, in steps."""

    start: Any
    stop: Any
    end: Any


@by_pairs(symmetric=True)
def isi_distance(
    spikes: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    start: Number = 0,
    stop: Number | None = None,
    dt: Number | None = None,
) -> Array:
    """ISI-distance: the mean over time of ``|x - y|/max(x, y)``, x and y the current intervals.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, spikes; a spike of step k is at ``k*dt``, and several spikes of one
        step are one.
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    start, stop : float
        The time to average over, from 0 and to ``num_steps*dt`` if left out.  Intervals are those
        of the whole trains.
    dt : float, optional
        The length of a step, 1 by default.  It matters for ``start`` and ``stop`` only.

    Returns
    -------
    numpy.ndarray
        float64 in [0, 1), the features of ``spikes``, then those of ``targets``.  0 for trains with
        the same intervals, and without time steps.

    Raises
    ------
    ValueError, TypeError
        Spikes without a time axis or that are no numbers of spikes, targets of another number of
        steps, or times that do not rise within the time of the trains.

    Notes
    -----
    Kreuz et al. 2007; ``isi_distance`` of PySpike 0.9.0, whose rules at the edges are followed.
    Before the first spike the interval is ``max(t1 - 0, t2 - t1)``, after the last it is the
    larger of the time to the end and the last interval; of a single spike it is the time to the
    edge, and of no spike the whole time.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.isi_distance([1, 0, 0, 0], [1, 0, 1, 0])
    array(0.5)
    """
    trains, targets, window = _profiles(spikes, targets, start, stop, dt)
    work = 4 * pairs.spikes_in(trains, targets)
    return pairs.matrix(_isi_distance, trains, targets, window, work)


@by_pairs(symmetric=True)
def spike_distance(
    spikes: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    start: Number = 0,
    stop: Number | None = None,
    dt: Number | None = None,
) -> Array:
    """SPIKE-distance: the mean over time of how far the spikes around each moment are apart.

    At a time t the train a, with an interval x around t, has the value
    ``S_a = (d_P*(t_F - t) + d_F*(t - t_P))/x``, where d_P and d_F are the times from its spikes
    before and after t to the nearest of the other train.  The profile is
    ``(S_a*y + S_b*x)/(2*((x + y)/2)**2)``, y the interval of b.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, spikes; a spike of step k is at ``k*dt``, and several spikes of one
        step are one.
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    start, stop : float
        The time to average over, from 0 and to ``num_steps*dt`` if left out.  The profile is that
        of the whole trains.
    dt : float, optional
        The length of a step, 1 by default.  It matters for ``start`` and ``stop`` only.

    Returns
    -------
    numpy.ndarray
        float64, at least 0, the features of ``spikes``, then those of ``targets``.  0 for equal
        trains, and without time steps.

    Raises
    ------
    ValueError, TypeError
        As :func:`isi_distance`.

    Notes
    -----
    Kreuz et al. 2013; ``spike_distance`` of PySpike 0.9.0, whose rules at the edges are followed.
    Before the first spike, and after the last, the interval is that of :func:`isi_distance`, and
    ``S_a`` stays what it is at that spike.  For the nearest spike, a train goes on with auxiliary
    spikes: one interval before its first spike, or at 0 where that is later than 0, and likewise
    at its end; of a single spike at both edges.  A train without spikes has one at each edge.
    One difference: after a single spike at time 0, ``S_a`` stays what it is, as after any single
    spike; in PySpike it rises to the distance of the end from the other train.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.spike_distance([1, 0, 0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0])
    array(0.)
    >>> statistics.spike_distance([0, 1, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0, 1, 0])
    array(0.25)
    """
    trains, targets, window = _profiles(spikes, targets, start, stop, dt)
    work = 10 * pairs.spikes_in(trains, targets)
    return pairs.matrix(_spike_distance, trains, targets, window, work)


def _profiles(spikes, targets, start, stop, dt):
    """Trains with distinct and auxiliary spikes, none of them silent, and the window."""
    trains, targets = two_of(spikes, targets, dt)
    window = Window(*map(np.float64, window_of(trains, start, stop)), np.float64(trains.num_steps))
    return auxiliary(trains), None if targets is None else auxiliary(targets), window


def auxiliary(trains):
    """The trains with auxiliary spikes at both ends, so that every moment lies in an interval.

    The first is one interval before the first spike, or at 0 if that is earlier; the last
    likewise.  A train without spikes gets one at both edges first.
    """
    trains = with_edges(distinct(trains))
    counts, end = trains.counts, float(trains.num_steps)
    first, last = trains.starts[:-1], trains.starts[1:] - 1
    several = np.flatnonzero(counts > 1)
    before, after = np.zeros(len(counts)), np.full(len(counts), end)
    times = trains.times
    begin, stop = first[several], last[several]
    before[several] = np.minimum(0, times[begin] - (times[begin + 1] - times[begin]))
    after[several] = np.maximum(end, times[stop] + (times[stop] - times[stop - 1]))
    result = trains.with_counts(np.empty(times.size + 2 * len(counts)), counts + 2)
    result.times[result.starts[:-1]] = before
    result.times[result.starts[1:] - 1] = after
    result.times[np.arange(times.size) + 2 * trains.elements + 1] = times
    return result


# --- equations ----------------------------------------------------------------------------------


@equation
def _isi_distance(a, b, window, row):
    """Both trains walked through once; nothing changes between two spikes of either.

    After i spikes of a the interval is that of ``a[i]`` and ``a[i + 1]``: the first and the last of
    its times are auxiliary spikes.
    """
    n, m = a.size - 2, b.size - 2
    i, j = 0, 0
    now, total = np.float64(0), np.float64(0)
    while now < window.stop:
        next_a = a[i + 1] if i < n else np.inf
        next_b = b[j + 1] if j < m else np.inf
        until = min(next_a, next_b)
        low, high = max(now, window.start), min(until, window.stop)
        if high > low:
            x, y = a[i + 1] - a[i], b[j + 1] - b[j]
            total += (high - low) * abs(x - y) / max(x, y)
        i += np.int64(next_a <= next_b)  # no branch to predict
        j += np.int64(next_b <= next_a)
        now = until
    row[0] = total / (window.stop - window.start) if window.stop > 0 else np.float64(0)


@equation
def _spike_distance(a, b, window, row):
    """Both trains walked through twice, in the order that the first walk leaves in ``of_a``.

    Between two spikes the profile is a line.
    """
    n, m = a.size - 2, b.size - 2
    of_a, of_b = np.empty(n + m, np.int64), np.empty(n + m, np.int64)
    apart_a, apart_b = np.empty(n + 2), np.empty(m + 2)
    events = _merge(a, b, apart_a, apart_b, of_a, of_b)
    slope_a, slope_b = np.empty(n + 1), np.empty(m + 1)
    _slopes(a, apart_a, slope_a)
    _slopes(b, apart_b, slope_b)
    i, j = 0, 0
    now, total = np.float64(0), np.float64(0)
    for k in range(events + 1):
        until = window.end
        if k < events:
            until = a[i + 1] if of_a[k] else b[j + 1]
        low, high = max(now, window.start), min(until, window.stop)
        if high > low:
            middle = (low + high) / 2
            x, y = a[i + 1] - a[i], b[j + 1] - b[j]
            s_a = apart_a[i] + slope_a[i] * (middle - a[i])
            s_b = apart_b[j] + slope_b[j] * (middle - b[j])
            total += 2 * (high - low) * (s_a * y + s_b * x) / ((x + y) * (x + y))
        if k < events:
            i += of_a[k]
            j += of_b[k]
        now = until
    row[0] = total / (window.stop - window.start) if window.stop > 0 else np.float64(0)


@equation
def _merge(a, b, apart_a, apart_b, of_a, of_b):
    """The order of the spikes, and the time from each to the nearest of the other train.

    What is written for a train whose spike is not next is written again when it is.
    """
    n, m = a.size - 2, b.size - 2
    i, j, events = 0, 0, 0
    while i < n or j < m:
        next_a = a[i + 1] if i < n else np.inf
        next_b = b[j + 1] if j < m else np.inf
        apart_a[i + 1] = min(next_a - b[j], abs(b[j + 1] - next_a))
        apart_b[j + 1] = min(next_b - a[i], abs(a[i + 1] - next_b))
        of_a[events], of_b[events] = np.int64(next_a <= next_b), np.int64(next_b <= next_a)
        i += of_a[events]
        j += of_b[events]
        events += 1
    apart_a[0], apart_a[n + 1] = apart_a[1], apart_a[n]
    apart_b[0], apart_b[m + 1] = apart_b[1], apart_b[m]
    return events


@equation
def _slopes(times, apart, slope):
    """How fast S changes after so many spikes; not at the edges, where both ``apart`` are alike."""
    for k in range(slope.size):
        slope[k] = (apart[k + 1] - apart[k]) / (times[k + 1] - times[k])
