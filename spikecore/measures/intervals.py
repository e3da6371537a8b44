"""The intervals between spikes, and how irregular they are."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Integer, Number
from spikecore.backends import trains as loops
from spikecore.chunked import divided, is_dask
from spikecore.compiler import equation
from spikecore.measures.trains import LONGEST, trains_of

NANOSECONDS = 5  # of one thread for a spike


class Numbers(NamedTuple):
    """What a measure needs besides the intervals."""

    ddof: Any = np.int64(0)
    refractory: Any = np.float64(0)  # in steps


def isi(spikes: ArrayLike, *, dt: Number | None = None) -> list[Array]:
    """Intervals between spikes: the differences of successive spike times of each train.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...).  A spike of step k is at ``k*dt``;
        spikes of one step are at the same time, with an interval of 0 between them.
    dt : float, optional
        The length of a step, 1 by default; it is the unit of the result.

    Returns
    -------
    list of numpy.ndarray
        A float64 array for each train, in C order of the features; a single train ``[num_steps]``
        gives a list of one array.  The time before the first spike and that after the last are no
        intervals, so n spikes have n - 1.

    Raises
    ------
    ValueError, TypeError
        Spikes without a time axis or that are no numbers of spikes, or a ``dt`` that is not a
        positive number.

    Notes
    -----
    As ``isi`` of Elephant 1.2.1.  A whole number of steps is multiplied by ``dt`` once, so equal
    intervals are equal floats.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.isi([1, 0, 0, 1, 1], dt=0.5)
    [array([1.5, 0.5])]
    """
    if is_dask(spikes):
        remedy = "compute it, or pass the trains of a chunk"
        arguments.refuse(
            "spikes", "be no Dask array for a list of arrays", "one", remedy, TypeError
        )
    trains = trains_of("spikes", spikes, dt)
    cuts = pairwise(trains.starts.tolist())
    return [np.diff(trains.times[start:stop]) * trains.dt for start, stop in cuts]


@divided("time")
def cv(spikes: ArrayLike, *, ddof: Integer = 0) -> Array:
    """Coefficient of variation: the standard deviation of the intervals, divided by their mean.

    0 for a regular train, and 1 on average for a Poisson process.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes, as for :func:`isi`.
    ddof : int
        0 divides the sum of squares by the number of intervals, 1 by one less.

    Returns
    -------
    numpy.ndarray
        float64, of the shape of the features.  One interval gives 0 (NaN with ``ddof=1``), and
        none gives NaN.  The unit of time does not matter.

    Raises
    ------
    ValueError, TypeError
        As :func:`isi`, or a ``ddof`` other than 0 and 1.

    Notes
    -----
    As ``cv`` of Elephant 1.2.1, which warns where it gives NaN.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.cv([1, 1, 0, 0, 1, 1, 0, 0, 1])
    array(0.5)
    """
    ddof = arguments.integer("ddof", ddof, 0, 1)
    return _each(_cv, spikes, Numbers(ddof=np.int64(ddof)))


@divided("time")
def cv2(spikes: ArrayLike) -> Array:
    """Local variation of the intervals: the mean of ``2*|I' - I|/(I' + I)`` over neighbours I, I'.

    Unlike :func:`cv` it is small where a rate changes slowly.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes, as for :func:`isi`.

    Returns
    -------
    numpy.ndarray
        float64, of the shape of the features.  Fewer than two intervals give NaN, as two
        neighbours of 0 do.

    Raises
    ------
    ValueError, TypeError
        As :func:`isi`.

    Notes
    -----
    Holt, Softky, Koch and Douglas 1996.  Elephant 1.2.1 raises for fewer than two intervals, or
    gives NaN with ``with_nan=True``.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.cv2([1, 1, 0, 0, 1, 1, 0, 0, 1])
    array(1.)
    """
    return _each(_cv2, spikes, Numbers())


@divided("time")
def lv(spikes: ArrayLike) -> Array:
    """Local variation LV: the mean of ``3*((I - I')/(I + I'))**2`` over neighbours I, I'.

    0 for a regular train, and 1 on average for a Poisson process.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes, as for :func:`isi`.

    Returns
    -------
    numpy.ndarray
        float64, of the shape of the features; NaN as from :func:`cv2`.

    Raises
    ------
    ValueError, TypeError
        As :func:`isi`.

    Notes
    -----
    Shinomoto, Shima and Tanji 2003; ``lv`` of Elephant 1.2.1, which raises for fewer than two
    intervals, or gives NaN with ``with_nan=True``.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.lv([1, 1, 0, 0, 1, 1, 0, 0, 1])
    array(0.75)
    """
    return _each(_lv, spikes, Numbers())


@divided("time")
def lvr(spikes: ArrayLike, *, refractory: Number = 0, dt: Number | None = None) -> Array:
    """LV revised for refractoriness: mean ``3*(1 - 4*I*I'/(I + I')**2)*(1 + 4*R/(I + I'))``.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes, as for :func:`isi`.
    refractory : float
        R, the refractory time, at least 0, in the unit of ``dt``.
    dt : float, optional
        The length of a step, 1 by default.

    Returns
    -------
    numpy.ndarray
        float64, of the shape of the features; NaN as from :func:`cv2`.

    Raises
    ------
    ValueError, TypeError
        As :func:`isi`, or a negative ``refractory``.

    Notes
    -----
    Shinomoto et al. 2009; ``lvr`` of Elephant 1.2.1, where R is 5 ms by default.  Here R is 0
    unless it is given, because the unit of ``dt`` is the caller's; with 0 the measure is
    :func:`lv`.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.lvr([1, 1, 0, 0, 1, 1, 0, 0, 1], refractory=1)
    array(1.5)
    """
    refractory = arguments.number("refractory", refractory, 0, LONGEST)
    return _each(_lvr, spikes, lambda trains: _refractory(refractory, trains), dt)


def _refractory(refractory, trains):
    return Numbers(refractory=np.float64(refractory / trains.dt))


def _each(measure, spikes, numbers, dt=None):
    """A number for each train."""
    trains = trains_of("spikes", spikes, dt)
    if callable(numbers):
        numbers = numbers(trains)
    out = np.empty((len(trains.counts), 1))
    loops.each_train(measure, trains, numbers, out, NANOSECONDS * trains.times.size)
    return out.reshape(trains.shape)


# --- equations ----------------------------------------------------------------------------------


@equation
def _cv(times, numbers, row):
    """The standard deviation of a train's intervals, divided by their mean."""
    number = times.size - 1
    if number < 1:
        row[0] = np.nan
        return
    mean = (times[number] - times[0]) / number
    squares = np.float64(0)
    for k in range(number):
        apart = times[k + 1] - times[k] - mean
        squares += apart * apart
    row[0] = np.sqrt(squares / (number - numbers.ddof)) / mean


def _mean_over_neighbours(term):
    """The measure that is the mean of a term of two neighbouring intervals."""

    @equation
    def measure(times, numbers, row):
        number = times.size - 2
        if number < 1:
            row[0] = np.nan
            return
        total = np.float64(0)
        for k in range(number):
            total += term(times[k + 1] - times[k], times[k + 2] - times[k + 1], numbers)
        row[0] = total / number

    return measure


@equation
def _cv2_term(first, second, numbers):
    return 2 * abs(second - first) / (second + first)


@equation
def _lv_term(first, second, numbers):
    ratio = (first - second) / (first + second)
    return 3 * ratio * ratio


@equation
def _lvr_term(first, second, numbers):
    both = first + second
    return 3 * (1 - 4 * first * second / (both * both)) * (1 + 4 * numbers.refractory / both)


_cv2 = _mean_over_neighbours(_cv2_term)
_lv = _mean_over_neighbours(_lv_term)
_lvr = _mean_over_neighbours(_lvr_term)
