"""Distances without a scale of time: the ISI-distance and the SPIKE-distance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikecore.annotations import Array, ArrayLike, Number
from spikecore.compiler import equation
from spikecore.measures import pairs
from spikecore.measures.trains import distinct, two_of, window_of, with_edges


class Window(NamedTuple):
    """The window of time that counts, and the end of the trains, in steps."""

    start: Any
    stop: Any
    end: Any


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
    work = 6 * pairs.spikes_in(trains, targets)
    return pairs.matrix(_isi_distance, trains, targets, window, work)


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

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.spike_distance([1, 0, 0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0])
    array(0.)
    >>> statistics.spike_distance([0, 1, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0, 1, 0])
    array(0.25)
    """
    trains, targets, window = _profiles(spikes, targets, start, stop, dt)
    work = 15 * pairs.spikes_in(trains, targets)
    return pairs.matrix(_spike_distance, trains, targets, window, work)


def _profiles(spikes, targets, start, stop, dt):
    """Trains with distinct spikes, none of them silent, and the window."""
    trains, targets = two_of(spikes, targets, dt)
    window = Window(*map(np.float64, window_of(trains, start, stop)), np.float64(trains.num_steps))
    trains, targets = (with_edges(distinct(given)) for given in (trains, targets))
    return trains, targets, window


# --- equations ----------------------------------------------------------------------------------


@equation
def interval(times, passed, end):
    """The interval of a train after so many spikes; it is longer than its part at the edges."""
    n = times.size
    if passed == 0:
        edge = times[0]
        return edge if n == 1 or edge > times[1] - edge else times[1] - edge
    if passed == n:
        edge = end - times[n - 1]
        last = times[n - 1] - times[n - 2] if n > 1 else edge
        return edge if edge > last else last
    return times[passed] - times[passed - 1]


@equation
def _isi_distance(a, b, window, row):
    """Both trains walked through once; nothing changes between two spikes of either."""
    n, m = a.size, b.size
    i, j = 0, 0
    x, y = interval(a, 0, window.end), interval(b, 0, window.end)
    now, total = np.float64(0), np.float64(0)
    while now < window.stop:
        next_a = a[i] if i < n else window.end
        next_b = b[j] if j < m else window.end
        until = next_a if next_a < next_b else next_b
        low, high = max(now, window.start), min(until, window.stop)
        if high > low:
            total += (high - low) * abs(x - y) / max(x, y)
        if i < n and next_a == until:
            i += 1
            x = interval(a, i, window.end)
        if j < m and next_b == until:
            j += 1
            y = interval(b, j, window.end)
        now = until
    row[0] = total / (window.stop - window.start) if window.stop > 0 else np.float64(0)


@equation
def _nearest(a, b, end, found):
    """The time from each spike of a to the nearest of b and its auxiliary spikes."""
    m = b.size
    before, after = np.float64(0), end
    if m > 1:
        before = min(before, b[0] - (b[1] - b[0]))
        after = max(after, b[m - 1] + (b[m - 1] - b[m - 2]))
    j = 0
    for k in range(a.size):
        while j < m and b[j] < a[k]:
            before = b[j]
            j += 1
        following = b[j] if j < m else after
        found[k] = min(a[k] - before, following - a[k])


@equation
def _slope(times, apart, passed, end):
    """How fast S changes after so many spikes; it does not at the edges."""
    if passed == 0 or passed == times.size:
        return np.float64(0)
    return (apart[passed] - apart[passed - 1]) / (times[passed] - times[passed - 1])


@equation
def _spike_distance(a, b, window, row):
    """Both trains walked through once; between two spikes the profile is a line."""
    n, m = a.size, b.size
    apart_a, apart_b = np.empty(n), np.empty(m)
    _nearest(a, b, window.end, apart_a)
    _nearest(b, a, window.end, apart_b)
    i, j = 0, 0
    x, y = interval(a, 0, window.end), interval(b, 0, window.end)
    # S at the last spike, or at the first before it, and its slope from there on
    from_a, from_b = apart_a[0], apart_b[0]
    slope_a, slope_b = np.float64(0), np.float64(0)
    since_a, since_b = np.float64(0), np.float64(0)
    now, total = np.float64(0), np.float64(0)
    while now < window.stop:
        next_a = a[i] if i < n else window.end
        next_b = b[j] if j < m else window.end
        until = next_a if next_a < next_b else next_b
        low, high = max(now, window.start), min(until, window.stop)
        if high > low:
            middle = (low + high) / 2
            s_a = from_a + slope_a * (middle - since_a)
            s_b = from_b + slope_b * (middle - since_b)
            total += 2 * (high - low) * (s_a * y + s_b * x) / ((x + y) * (x + y))
        if i < n and next_a == until:
            from_a, since_a = apart_a[i], until
            i += 1
            x = interval(a, i, window.end)
            slope_a = _slope(a, apart_a, i, window.end)
        if j < m and next_b == until:
            from_b, since_b = apart_b[j], until
            j += 1
            y = interval(b, j, window.end)
            slope_b = _slope(b, apart_b, j, window.end)
        now = until
    row[0] = total / (window.stop - window.start) if window.stop > 0 else np.float64(0)
