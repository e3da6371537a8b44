"""How often trains spike: over all of the time, in bins of time, and smoothly."""

from __future__ import annotations

import math
import operator
from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Integer, Number
from spikecore.backends import trains as loops
from spikecore.chunked import divided, is_dask, lazily
from spikecore.compiler import equation
from spikecore.measures.trains import (
    LONGEST,
    duration,
    step_at,
    steps_in_a_bin,
    trains_of,
    window_of,
    zeros,
)

WINDOWS = ("half-open", "closed")
OUTPUTS = ("sum", "mean", "rate")
KERNELS = ("gaussian", "exponential")
# Widths beyond which a kernel is 0 in float64: exp(-39**2/2) and exp(-746) are.
REACH = {"gaussian": 39, "exponential": 746}


@divided("time")
def rate(
    spikes: ArrayLike,
    *,
    start: Number = 0,
    stop: Number | None = None,
    window: Literal["half-open", "closed"] = "half-open",
    dt: Number | None = None,
) -> Array:
    """Mean rate: the number of spikes divided by the time.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...); a spike of step k is at ``k*dt``.
    start, stop : float
        The time that counts, from 0 and to ``num_steps*dt`` if left out.
    window : {"half-open", "closed"}
        Whether a spike at ``stop`` itself counts; one at ``start`` does.
    dt : float, optional
        The length of a step, 1 by default.  With dt in seconds the rate is in Hz.

    Returns
    -------
    numpy.ndarray
        float64, of the shape of the features; NaN where there are no time steps.

    Raises
    ------
    ValueError, TypeError
        Spikes without a time axis or that are no numbers of spikes, or times that do not rise
        within the time of the trains.

    Notes
    -----
    ``mean_firing_rate`` of Elephant 1.2.1 counts both ends of a window: ``window="closed"``.
    With a window it raises for a train without spikes, whose rate here is 0.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.rate([[1, 0], [1, 0], [0, 0], [1, 1]], dt=0.5)
    array([1.5, 0.5])
    >>> statistics.rate([1, 1, 0, 1], start=1, stop=3, window="closed")
    array(1.)
    """
    window = arguments.choice("window", window, WINDOWS)
    trains = trains_of("spikes", spikes, dt)
    first, last = window_of(trains, start, stop)
    within = trains.times >= first
    within &= trains.times <= last if window == "closed" else trains.times < last
    counts = np.bincount(trains.elements[within], minlength=len(trains.counts))
    with np.errstate(invalid="ignore"):  # 0 spikes in no time
        return np.asarray(counts / ((last - first) * trains.dt)).reshape(trains.shape)


def fano(
    spikes: ArrayLike,
    *,
    axis: Integer | tuple[int, ...] | None = None,
    ddof: Integer = 0,
) -> Array:
    """Fano factor: the variance of the numbers of spikes of several trains, divided by their mean.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...).
    axis : int or tuple of int, optional
        The axes of ``spikes`` along which the trains lie, trials for one; all but time if left out.
    ddof : int
        0 divides the sum of squares by the number of trains, 1 by one less.

    Returns
    -------
    numpy.ndarray
        float64, of the shape of the features without those axes.  NaN where no train has a spike.

    Raises
    ------
    ValueError, TypeError
        Spikes as for :func:`rate`, axes that the spikes do not have, or time among them.

    Notes
    -----
    As ``fanofactor`` of Elephant 1.2.1: over trains, not over windows of one train.  For windows,
    make them an axis: ``spikes.reshape(windows, steps, ...)`` with the steps moved to the front.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.fano([[1, 0], [1, 0], [0, 0], [1, 1]])
    array(0.5)
    """
    ddof = arguments.integer("ddof", ddof, 0, 1)
    if is_dask(spikes):
        return lazily("measures", "fano")(_fano, spikes, axis, ddof)  # type: ignore[no-any-return]
    trains = trains_of("spikes", spikes)
    return _fano(trains.counts.reshape(trains.shape).astype(np.float64), axis, ddof)


def _fano(counts, axis, ddof):
    """The Fano factor of numbers of spikes."""
    axes = _feature_axes(axis, counts.ndim + 1)
    number = math.prod(counts.shape[i] for i in axes)
    with np.errstate(invalid="ignore", divide="ignore"):  # no trains, or none with a spike
        mean = counts.sum(axis=axes, keepdims=True) / number
        variance = ((counts - mean) ** 2).sum(axis=axes) / (number - ddof)
        return np.asarray(variance / mean.reshape(variance.shape))


def psth(
    spikes: ArrayLike,
    bin_steps: Integer = 1,
    *,
    output: Literal["sum", "mean", "rate"] = "sum",
    axis: Integer | tuple[int, ...] | None = None,
    dt: Number | None = None,
) -> Array:
    """Peristimulus time histogram: the spikes of several trains in bins of time.

    Bin k holds the steps from ``k*bin_steps`` up to, but not, ``(k + 1)*bin_steps``; the last bin
    may be shorter than the others.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...).
    bin_steps : int
        Steps in a bin, at least 1.
    output : {"sum", "mean", "rate"}
        The sum over the trains, the sum divided by the number of trains, or that divided by the
        length of the bin.
    axis : int or tuple of int, optional
        The axes of ``spikes`` along which the trains lie, trials for one; all but time if left out.
    dt : float, optional
        The length of a step, 1 by default; it matters for ``output="rate"``.

    Returns
    -------
    numpy.ndarray
        float64, the bins first, then the features without those axes.  NaN for the mean of no
        trains.

    Raises
    ------
    ValueError, TypeError
        Spikes as for :func:`rate`, a ``bin_steps`` below 1, or axes as for :func:`fano`.

    Notes
    -----
    ``output`` names the three of Elephant 1.2.1's ``time_histogram`` ("counts", "mean", "rate").
    ``psth`` of PySpike 0.9.0 is the sum, though its documentation calls it a rate.

    Examples
    --------
    >>> from spikecore import statistics
    >>> spikes = [[1, 1], [0, 1], [0, 0], [0, 0], [1, 0]]
    >>> statistics.psth(spikes, 2)
    array([3., 0., 1.])
    >>> statistics.psth(spikes, 2, output="rate", dt=0.001)
    array([750.,   0., 500.])
    """
    bin_steps = steps_in_a_bin(bin_steps)
    output = arguments.choice("output", output, OUTPUTS)
    if is_dask(spikes):
        lazy = lazily("measures", "psth")
        return lazy(psth, spikes, bin_steps, output, axis, dt)  # type: ignore[no-any-return]
    trains = trains_of("spikes", spikes, dt)
    axes = _feature_axes(axis, len(trains.shape) + 1)
    counts = binned(trains, bin_steps)
    counts = counts.sum(axis=tuple(i + 1 for i in axes))
    if output == "sum":
        return counts
    with np.errstate(invalid="ignore"):  # no trains
        counts /= math.prod(trains.shape[i] for i in axes)
    if output == "rate":
        lengths = bin_lengths(trains.num_steps, bin_steps, trains.dt)
        counts /= lengths.reshape(-1, *[1] * (counts.ndim - 1))
    return counts


def bin_lengths(num_steps, bin_steps, dt):
    """The length of each bin; the last may be shorter."""
    starts = np.arange(0, num_steps, bin_steps)
    return np.diff(np.append(starts, num_steps)) * dt


def binned(trains, bin_steps):
    """The number of spikes of each bin and train, float64 ``[bins, ...]``."""
    bins, features = -(-trains.num_steps // bin_steps), len(trains.counts)
    counts = zeros((bins, features))
    place = trains.times.astype(np.int64) // bin_steps * features + trains.elements
    counts += np.bincount(place, minlength=bins * features).reshape(bins, features)
    return counts.reshape(bins, *trains.shape)


def _feature_axes(axis, dimensions):
    """Axes of the spikes as axes of the features, all of them for None."""
    if axis is None:
        return tuple(range(dimensions - 1))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    must = f"name axes of the spikes from 1 to {dimensions - 1}, time being axis 0"
    remedy = "leave it out for all of them"
    axes = []
    for one in given:
        try:
            index = operator.index(one)
        except Exception:  # TypeError, or what a foreign __index__ raises
            arguments.refuse("axis", must, arguments.shown(axis), remedy, TypeError)
        index += dimensions if index < 0 else 0
        if not 0 < index < dimensions or isinstance(one, bool) or index - 1 in axes:
            arguments.refuse("axis", must, arguments.shown(axis), remedy)
        axes.append(index - 1)
    return tuple(axes)


# --- smooth rates -------------------------------------------------------------------------------


class Smoothing(NamedTuple):
    """The values of a kernel at whole numbers of bins, and where it begins."""

    values: Any
    before: Any  # bins before a spike that it reaches
    bin_steps: Any


@equation
def _smooth(times, numbers, row):
    """Add a kernel for each spike of a train."""
    bins = row.size
    values, before = numbers.values, numbers.before
    for k in range(times.size):
        first = np.int64(times[k]) // numbers.bin_steps - before
        low, high = max(first, 0), min(first + values.size, bins)
        row[low:high] += values[low - first : high - first]


@divided("time")
def rate_kernel(
    spikes: ArrayLike,
    sigma: Number,
    *,
    kernel: Literal["gaussian", "exponential"] = "gaussian",
    bin_steps: Integer = 1,
    border_correction: bool = False,
    cutoff: Number | None = None,
    dt: Number | None = None,
) -> Array:
    """Rate over time: the sum of a kernel of area 1 at each spike, ``r(t) = sum_i K(t - t_i)``.

    Spikes are moved to the start of their bin, and the rate is that at the start of each bin.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...).
    sigma : float
        The width of the kernel, its standard deviation, positive, in the unit of ``dt``.
    kernel : {"gaussian", "exponential"}
        ``exp(-t**2/(2*sigma**2))/(sigma*sqrt(2*pi))``, or ``exp(-t/sigma)/sigma`` from t = 0 on,
        which looks at the past alone.
    bin_steps : int
        Steps in a bin, at least 1.
    border_correction : bool
        Divide by the part of the kernel that lies within the trains, then scale each train so that
        the sum of its rates, times the length of a bin, is its number of spikes.  For the Gaussian.
    cutoff : float, optional
        How many sigma from a spike the kernel is cut, at least 0.  If left out it is not.
    dt : float, optional
        The length of a step, 1 by default.  With dt in seconds the rate is in Hz.

    Returns
    -------
    numpy.ndarray
        float64, ``[bins, ...]``.  Without ``border_correction`` the area of a kernel that passes
        the ends of the trains is lost.

    Raises
    ------
    ValueError, TypeError
        Spikes as for :func:`rate`, a ``sigma`` that is not a positive number, a ``bin_steps`` below
        1, an unknown kernel, or a correction of the exponential kernel.

    Notes
    -----
    ``instantaneous_rate`` of Elephant 1.2.1 with ``sampling_period=bin_steps*dt``, up to the
    rounding of its FFT with ``cutoff=5``, its default, for a sigma of a whole number of bins;
    for others it stretches the cut kernel to whole bins.  What is cut there is at most 1.5e-6/sigma
    for each spike.

    Examples
    --------
    >>> from spikecore import statistics
    >>> statistics.rate_kernel([0, 0, 1, 0], sigma=1).round(3)
    array([0.054, 0.242, 0.399, 0.242])
    >>> statistics.rate_kernel([0, 0, 1, 0], sigma=1, border_correction=True).sum().round(12)
    np.float64(1.0)
    """
    sigma = duration("sigma", sigma)
    kernel = arguments.choice("kernel", kernel, KERNELS)
    bin_steps = steps_in_a_bin(bin_steps)
    border_correction = arguments.flag("border_correction", border_correction)
    if cutoff is not None:
        cutoff = arguments.number("cutoff", cutoff, 0, LONGEST)
    if border_correction and kernel != "gaussian":
        must, got = "be False for a kernel of the past", f"True with kernel={kernel!r}"
        arguments.refuse("border_correction", must, got, "use kernel='gaussian'")
    trains = trains_of("spikes", spikes, dt)
    bins = -(-trains.num_steps // bin_steps)
    out = zeros((len(trains.counts), bins))
    width = sigma / (bin_steps * trains.dt)  # in bins
    reach = math.ceil(min(bins, REACH[kernel] * width))
    if cutoff is not None:
        reach = min(reach, math.floor(step_at(cutoff * width, 1)))
    numbers = _smoothing(kernel, sigma, width, max(0, min(reach, bins - 1)), bin_steps)
    work = 0.3 * trains.times.size * min(bins, numbers.values.size)
    loops.each_train(_smooth, trains, numbers, out, work)
    if border_correction and bins:
        out *= _border(bins, trains.num_steps / bin_steps, width)
        area = out.sum(axis=1) * (bin_steps * trains.dt)
        out *= np.divide(trains.counts, area, out=area, where=area > 0)[:, None]
    return np.ascontiguousarray(out.T).reshape(bins, *trains.shape)


def _smoothing(kernel, sigma, width, reach, bin_steps):
    """A kernel at whole numbers of bins, up to its reach."""
    before = reach if kernel == "gaussian" else 0
    lags = np.arange(-before, reach + 1) / width
    if kernel == "gaussian":
        values = np.exp(-0.5 * lags * lags) / (sigma * math.sqrt(2 * math.pi))
    else:
        values = np.exp(-lags) / sigma
    return Smoothing(values, np.int64(before), np.int64(bin_steps))


def _border(bins, end, width):
    """The inverse of the part that lies within the trains of a Gaussian at the start of a bin."""
    scale = math.sqrt(2) * width
    return [2 / (math.erf((end - k) / scale) + math.erf(k / scale)) for k in range(bins)]
