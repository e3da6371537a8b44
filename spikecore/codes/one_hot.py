"""One-hot rows of class labels, and the classes of one-hot rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Integer, SpikeDtype


def to_one_hot(
    targets: ArrayLike,
    num_classes: Integer,
    *,
    dtype: SpikeDtype | None = None,
    out: Array | None = None,
) -> Array:
    """One-hot rows of class labels.

    Parameters
    ----------
    targets : array_like of int
        ``[batch]``, in [0, num_classes).
    num_classes : int
    dtype, out
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        ``[batch, num_classes]``, 1 at the class and 0 elsewhere.

    Raises
    ------
    ValueError, TypeError
        Labels that are not whole numbers in [0, num_classes).

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.to_one_hot([2, 0], num_classes=3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels, num_classes = classes(targets, num_classes)
    dtype = arguments.spike_dtype(dtype, out, np.dtype(np.float32))
    result = arguments.output(out, (labels.size, num_classes), dtype)
    fill_one_hot(result, labels, dtype.type(1), dtype.type(0))
    return result


def fill_one_hot(out, labels, on, off):
    """Set each row to ``on`` at its class and ``off`` elsewhere."""
    out[...] = off
    out[np.arange(labels.size), labels] = on


def to_one_hot_inverse(
    one_hot_targets: ArrayLike, *, dtype: SpikeDtype | None = None, out: Array | None = None
) -> Array:
    """1 where the input is 0, and 0 elsewhere.

    Parameters
    ----------
    one_hot_targets : array_like
    dtype, out
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        Of the shape of the input.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the input.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.to_one_hot_inverse([0.0, 0.0, 1.0])
    array([1., 1., 0.])
    """
    given = arguments.array("one_hot_targets", one_hot_targets)
    values = arguments.real("one_hot_targets", given)
    arguments.finite("one_hot_targets", values, backends.on_host())
    dtype = arguments.spike_dtype(dtype, out, given.dtype)
    result = arguments.output(out, values.shape, dtype, one_hot_targets=given)
    result[...] = values == 0
    return result


def from_one_hot(one_hot_label: ArrayLike) -> NDArray[np.int64]:
    """Class of each one-hot row.

    Parameters
    ----------
    one_hot_label : array_like
        ``[..., num_classes]``, exactly one 1 in each row and 0 elsewhere.

    Returns
    -------
    numpy.ndarray of int64
        ``[...]``.

    Raises
    ------
    ValueError, TypeError
        A row without exactly one 1, or with other values.

    Notes
    -----
    snnTorch 1.0.0 returns the row numbers instead of the classes.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.from_one_hot([[0, 0, 1], [1, 0, 0]])
    array([2, 0])
    """
    rows = arguments.array("one_hot_label", one_hot_label)
    if rows.ndim == 0 or rows.shape[-1] == 0:
        got, remedy = f"shape {rows.shape}", "pass [..., num_classes]"
        arguments.refuse("one_hot_label", "have a class axis", got, remedy)
    arguments.fits_copy("one_hot_label", rows, bool)
    proper = ((rows == 0) | (rows == 1)).all(axis=-1) & ((rows == 1).sum(axis=-1) == 1)
    if not proper.all():
        index = tuple(int(i) for i in np.argwhere(~proper)[0])
        must = "hold exactly one 1 and zeros in each row"
        got = f"{rows[index].tolist()} at row {index}"
        arguments.refuse("one_hot_label", must, got, "pass the output of to_one_hot")
    return np.asarray(rows.argmax(axis=-1), np.int64)


def classes(targets, num_classes):
    """Labels as int64 [batch], and the number of classes."""
    num_classes = arguments.integer("num_classes", num_classes, 1, 2**40)
    labels = whole("targets", targets, num_classes, "num_classes")
    if labels.ndim != 1:
        must = "be one-dimensional, one class per sample"
        arguments.refuse("targets", must, f"shape {labels.shape}", "pass [batch]")
    return labels, num_classes


def whole(name, value, end, end_name):
    """Whole numbers in [0, end) as int64; floats without a fraction are accepted."""
    given = arguments.array(name, value)
    if given.size == 0:
        return given.astype(np.int64)
    arguments.fits_copy(name, given, np.int64)
    with np.errstate(over="ignore"):  # float16 is compared with an infinite end
        bad = ~((given >= 0) & (given < end))
    if given.dtype.kind == "f":
        bad |= given != np.floor(given)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        where = ", ".join(map(str, index))
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {end_name}-1, {end - 1}, but "
            f"{name}[{where}] is {given[index]}; correct it or raise {end_name}"
        )
    return given.astype(np.int64)
