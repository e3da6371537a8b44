"""How near a decoded signal is to the signal, and how many spikes that took."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import ArrayLike

LARGEST = 1e150  # squares of differences, and their sums, do not overflow


class Metrics(NamedTuple):
    """Errors and numbers of spikes: a float each, or an array with one number per feature.

    Attributes
    ----------
    snr : float
        ``20*log10(rms(x)/rms(y - x))``, in dB.  It grows with the signal's distance from 0.
    centred_snr : float
        ``20*log10(rms(x - mean(x))/rms(y - x))``, in dB, which does not.
    rmse : float
        ``rms(y - x)``, in the units of the signal.
    r2 : float
        ``1 - sum((y - x)**2)/sum((x - mean(x))**2)``.
    count : float
        The number of spikes: ``sum(|s|)``.
    rate : float
        Spikes a step and feature: ``mean(|s|)``, the average firing rate.
    efficiency : float
        ``100*(1 - rate)``, in percent.
    """

    snr: float
    centred_snr: float
    rmse: float
    r2: float
    count: float  # type: ignore[assignment]  # in place of the method of tuples
    rate: float
    efficiency: float


def metrics(
    signal: ArrayLike, decoded: ArrayLike, spikes: ArrayLike, *, per_feature: bool = False
) -> Metrics:
    """Measure a decoded signal y against the signal x, and count its spikes s.

    Parameters
    ----------
    signal, decoded : array_like
        x and y, ``[num_steps, ...]``.
    spikes : array_like
        s, of the same shape, or with a last axis of two channels.  What is not 0 counts by its
        size; for graded spikes pass ``spikes != 0``.
    per_feature : bool
        Measure each feature by itself; otherwise all samples together, as if of one feature.

    Returns
    -------
    Metrics
        Floats, or float64 arrays of the features' shape.

    Raises
    ------
    ValueError, TypeError
        Shapes that do not fit, no samples, NaN, infinity or numbers whose squares may overflow.

    Notes
    -----
    The definitions are those of B. Petro et al., "Selection and optimization of temporal spike
    encoding methods for spiking neural networks", IEEE TNNLS 31 (2020), and the efficiency that of
    MAVLab's SpikeCoding.  Computed in float64 with NumPy's sums.  Without any error both ratios are
    infinite and R² is 1, for a constant signal too; with an error, the centred ratio and R² of a
    constant signal are -infinity.

    Examples
    --------
    >>> from spikecore import decode
    >>> found = decode.metrics([3, 4, 5, 4], [3, 4, 4, 4], [0, 1, 0, 0])
    >>> round(found.snr, 2), round(found.centred_snr, 2), found.rmse, found.r2
    (18.2, 3.01, 0.5, 0.5)
    >>> found.count, found.rate, found.efficiency
    (1.0, 0.25, 75.0)
    """
    per_feature = arguments.flag("per_feature", per_feature)
    x = _samples("signal", signal)
    y = _samples("decoded", decoded, x.shape)
    s = np.abs(_samples("spikes", spikes, x.shape, (*x.shape, 2)))
    if s.shape != x.shape:
        s = s.sum(axis=-1)
    axis = 0 if per_feature else None
    error, power = _square(y - x, axis), _square(x, axis)
    spread = _square(x - x.mean(axis=axis), axis)
    rate = s.mean(axis=axis)
    found = (
        _decibels(power, error), _decibels(spread, error), np.sqrt(error),
        1 - _ratio(error, spread), s.sum(axis=axis), rate, 100 * (1 - rate),
    )  # fmt: skip
    return Metrics(*(value if per_feature else float(value) for value in found))


def _samples(name, value, *shapes):
    """Finite samples with a time axis, and of the signal's shapes if there are any, as float64."""
    given = arguments.array(name, value)
    if shapes and given.shape not in shapes:
        must = f"have the signal's shape {shapes[0]}{', or two channels of it' * (len(shapes) - 1)}"
        remedy = f"pass the {'spikes' if name == 'spikes' else 'decoded signal'} of this signal"
        arguments.refuse(name, must, given.shape, remedy)
    if given.ndim == 0 or not given.size:
        must, remedy = "hold samples along a time axis", "pass [num_steps, ...]"
        arguments.refuse(name, must, f"shape {given.shape}", remedy)
    arguments.fits_copy(name, given, np.float64)
    result = given.astype(np.float64)
    if not (np.abs(result) < LARGEST).all():
        got = "NaN, infinity or larger numbers"
        arguments.refuse(name, f"be below {LARGEST:g} in size", got, "clean or rescale it first")
    return result


def _square(values, axis):
    """The mean of the squares."""
    return np.mean(values * values, axis=axis)


def _ratio(error, of):
    """A quotient, which is 0 where there is no error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0, 0, error / of)


def _decibels(power, error):
    """A ratio of powers in dB."""
    with np.errstate(divide="ignore", over="ignore"):
        return -10 * np.log10(_ratio(error, power))
