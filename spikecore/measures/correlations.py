"""What trains have in common: coincidences at each lag, covariance and correlation of counts."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Integer
from spikecore.backends import trains as loops
from spikecore.chunked import by_pairs
from spikecore.compiler import equation
from spikecore.measures import pairs
from spikecore.measures.rates import binned
from spikecore.measures.trains import steps_in_a_bin, two_of, zeros

OUTPUTS = ("counts", "border", "coefficient")


@by_pairs(lead=1)
def cross_correlogram(
    spikes: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    max_lag: Integer,
    output: Literal["counts", "border", "coefficient"] = "counts",
) -> Array:
    """Cross-correlogram: ``c[lag] = sum_t x[t]*y[t + lag]`` of every train x and every target y.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...).
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    max_lag : int
        The largest lag in steps, below ``num_steps``.
    output : {"counts", "border", "coefficient"}
        The sum itself; the sum times ``T/(T - |lag|)``, T steps, which makes up for the steps
        without a partner; or the correlation coefficient at each lag,
        ``(c - n_x*n_y/T)/sqrt(v_x*v_y)`` with ``v = sum_t x[t]**2 - n**2/T``.

    Returns
    -------
    numpy.ndarray
        float64, the lags first, from ``-max_lag`` to ``max_lag``, then the features of ``spikes``,
        then those of ``targets``.  At a negative lag y is earlier than x.  The coefficient is NaN
        for a train without spikes or with equally many at every step.

    Raises
    ------
    ValueError, TypeError
        Spikes without a time axis or that are no numbers of spikes, targets of another number of
        steps, or a ``max_lag`` that does not fit.

    Notes
    -----
    ``cross_correlation_histogram`` of Elephant 1.2.1 on bins of one step; its options are
    ``border_correction`` and ``cross_correlation_coefficient``.

    Examples
    --------
    >>> from spikecore import statistics
    >>> x = [1, 0, 0, 1, 0, 0]
    >>> y = [0, 1, 0, 0, 1, 0]
    >>> statistics.cross_correlogram(x, y, max_lag=2)  # y is a step later
    array([1., 0., 0., 2., 0.])
    """
    output = arguments.choice("output", output, OUTPUTS)
    trains, targets = two_of(spikes, targets, None)
    compared = trains if targets is None else targets
    most = max(0, trains.num_steps - 1)
    max_lag = arguments.integer("max_lag", max_lag, 0, most, "pass a number of steps in that range")
    lags = 2 * max_lag + 1
    shape = (len(trains.counts), len(compared.counts), lags)
    out = zeros(shape)
    near = min(1.0, lags / max(1, trains.num_steps))  # the part of the other's spikes that is near
    work = 3 * pairs.spikes_in(trains, targets) + near * pairs.products_in(trains, targets)
    loops.each_pair(_coincidences, trains, compared, np.int64(max_lag), out, work)
    counts = np.moveaxis(out, 2, 0)
    if output == "border":
        overlap = trains.num_steps - np.abs(np.arange(-max_lag, max_lag + 1))
        with np.errstate(invalid="ignore"):  # no time steps
            counts = counts * (trains.num_steps / overlap)[:, None, None]
    elif output == "coefficient":
        steps = trains.num_steps
        totals = np.outer(trains.counts, compared.counts)
        spread = np.outer(_spread(trains, steps), _spread(compared, steps))
        with np.errstate(invalid="ignore", divide="ignore"):  # trains that do not vary
            counts = (steps * counts - totals) / np.sqrt(spread)
    return np.ascontiguousarray(counts).reshape(lags, *trains.shape, *compared.shape)


@equation
def _coincidences(a, b, max_lag, row):
    """The number of pairs of spikes at each lag; both trains are walked through once."""
    first = 0
    for k in range(a.size):
        while first < b.size and b[first] < a[k] - max_lag:
            first += 1
        near = first
        while near < b.size and b[near] <= a[k] + max_lag:
            row[np.int64(b[near] - a[k]) + max_lag] += 1
            near += 1


def _spread(trains, steps):
    """``steps*sum(x**2) - n**2`` of each train x with n spikes: whole numbers."""
    elements = trains.elements
    changes = (np.diff(trains.times) != 0) | (np.diff(elements) != 0)
    begins = np.flatnonzero(np.append(True, changes))[: trains.times.size]
    number = np.diff(np.append(begins, trains.times.size)).astype(np.float64)
    squares = np.bincount(elements[begins], number * number, len(trains.counts))
    return steps * squares - trains.counts.astype(np.float64) ** 2


@by_pairs()
def covariance(
    spikes: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    bin_steps: Integer = 1,
    ddof: Integer = 1,
) -> Array:
    """Covariance of the numbers of spikes in bins of time, of every train and every target.

    ``(sum_k x[k]*y[k] - n_x*n_y/B)/(B - ddof)`` over B bins, with n spikes in all.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...).
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    bin_steps : int
        Steps in a bin, at least 1; the last bin may be shorter.
    ddof : int
        1 for the unbiased estimate, 0 to divide by the number of bins.

    Returns
    -------
    numpy.ndarray
        float64, the features of ``spikes``, then those of ``targets``.  0 for a train without
        spikes; NaN where there are no more bins than ``ddof``.

    Raises
    ------
    ValueError, TypeError
        As :func:`cross_correlogram`, a ``bin_steps`` below 1, or a ``ddof`` other than 0 and 1.

    Notes
    -----
    ``covariance`` of Elephant 1.2.1.  The sums are whole numbers, and so exact; the result is
    rounded once.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.covariance([[1, 0], [0, 0], [1, 1], [0, 1]], bin_steps=2)
    array([[0., 0.],
           [0., 2.]])
    """
    ddof = arguments.integer("ddof", ddof, 0, 1)
    trains, compared, bins, sums, _ = _sums(spikes, targets, bin_steps)
    with np.errstate(invalid="ignore", divide="ignore"):  # too few bins
        result = sums / (np.float64(bins) * (bins - ddof))
    return result.reshape((*trains.shape, *compared.shape))


@by_pairs()
def correlation(
    spikes: ArrayLike, targets: ArrayLike | None = None, *, bin_steps: Integer = 1
) -> Array:
    """Correlation coefficient of the numbers of spikes in bins of time (Pearson's).

    The covariance of every train and every target, divided by the two standard deviations.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...).
    targets : array_like, optional
        Trains of as many steps to compare with; those of ``spikes`` if left out.
    bin_steps : int
        Steps in a bin, at least 1; the last bin may be shorter.

    Returns
    -------
    numpy.ndarray
        float64 in [-1, 1], the features of ``spikes``, then those of ``targets``; exactly 1 for a
        train with itself.  NaN for a train that does not vary, such as one without spikes.

    Raises
    ------
    ValueError, TypeError
        As :func:`covariance`.

    Notes
    -----
    ``correlation_coefficient`` of Elephant 1.2.1, which warns where it gives NaN.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.correlation([[1, 0], [0, 1], [1, 0], [0, 1]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    trains, compared, _, sums, spreads = _sums(spikes, targets, bin_steps)
    with np.errstate(invalid="ignore", divide="ignore"):  # trains that do not vary
        result = np.clip(sums / np.sqrt(np.outer(*spreads)), -1, 1)
    return result.reshape((*trains.shape, *compared.shape))


def _sums(spikes, targets, bin_steps):
    """The trains, the bins, and ``B*sum(x*y) - n_x*n_y``, also of each train with itself.

    Whole numbers, which float64 adds exactly in any order up to 2**53.
    """
    bin_steps = steps_in_a_bin(bin_steps)
    trains, targets = two_of(spikes, targets, None)
    counts = [_flat(trains, bin_steps), None if targets is None else _flat(targets, bin_steps)]
    first, second = counts[0], counts[0] if counts[1] is None else counts[1]
    bins = len(first)
    sums = zeros((first.shape[1], second.shape[1]))
    np.matmul(first.T, second, out=sums)
    sums *= bins
    sums -= np.outer(first.sum(axis=0), second.sum(axis=0))
    spreads = [bins * (c * c).sum(axis=0) - c.sum(axis=0) ** 2 for c in (first, second)]
    return trains, trains if targets is None else targets, bins, sums, spreads


def _flat(trains, bin_steps):
    counts = binned(trains, bin_steps)
    return counts.reshape(len(counts), len(trains.counts))
