"""Parts of a data set: a fraction of it, a validation split, batches.

A data set is a pair ``(images, labels)`` of arrays with one entry per sample along the first axis,
as ``datasets.digits()`` returns it, or an object with the attributes ``data`` and ``targets``, as
torchvision's have; its transforms are not applied. Every function returns new arrays. It does not
change the caller's arrays or NumPy's global generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, Protocol, TypeAlias

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, Integer, Number, SupportsArray
from spikecore.foreign import a_kind, has, reason

__all__ = ["batches", "data_subset", "valid_split"]


def __dir__():
    return __all__


Samples: TypeAlias = SupportsArray | Sequence[Any]  # of any dtype


class Targeted(Protocol):
    """A data set as torchvision's are."""

    @property
    def data(self) -> Any: ...

    @property
    def targets(self) -> Any: ...


Dataset: TypeAlias = tuple[Samples, Samples] | list[Samples] | Targeted


def data_subset(dataset: Dataset, subset: Integer, idx: Integer = 0) -> tuple[Array, Array]:
    """Return part ``idx`` of a data set cut into ``subset`` consecutive parts of equal size.

    Part ``idx`` holds the samples ``step*idx ... step*(idx + 1) - 1`` with
    ``step = len(images) // subset``; up to ``subset - 1`` samples at the end belong to no part.

    Parameters
    ----------
    dataset : pair of array_like, or object with ``data`` and ``targets``
        ``(images, labels)``, shapes ``[n, ...]`` and ``[n, ...]``, any dtype.
    subset : int
        The number of parts; 1 returns a copy of everything.
    idx : int
        Which part, 0 to ``subset - 1``.

    Returns
    -------
    tuple of ndarray
        New arrays ``(images, labels)`` of ``step`` samples, dtypes unchanged.

    Raises
    ------
    TypeError, ValueError
        If ``dataset`` is not such a data set, or a number is out of range.

    Notes
    -----
    The samples are those of ``snntorch.utils.data_subset`` 1.0.0. Deliberate differences: a new
    data set is returned (snnTorch cuts the caller's); ``idx`` outside its range and more parts than
    samples are refused (snnTorch returns nothing), and so is ``subset < 1`` (snnTorch ignores it).

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import utils
    >>> images, labels = utils.data_subset((np.zeros((100, 28, 28)), np.arange(100)), 10, idx=2)
    >>> images.shape, labels[:3]
    ((10, 28, 28), array([20, 21, 22]))
    """
    images, labels = _pair("dataset", dataset)
    most, remedy = max(len(images), 1), "choose at most one part for each sample"
    subset = arguments.integer("subset", subset, 1, most, remedy)
    idx = arguments.integer("idx", idx, 0, subset - 1, "choose one of the parts")
    step = len(images) // subset
    part = slice(step * idx, step * (idx + 1))
    return images[part].copy(), labels[part].copy()


def valid_split(
    ds_train: Dataset, ds_val: object, split: Number, seed: Integer | None = 0
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Split a data set at random into a training and a validation set without common samples.

    ``int(n * split)`` of the ``n`` samples are for validation. The training samples are drawn
    without replacement by ``numpy.random.default_rng(seed)`` and stay in the order of the draw; the
    validation samples keep their order.

    Parameters
    ----------
    ds_train : pair of array_like, or object with ``data`` and ``targets``
        ``(images, labels)``, shapes ``[n, ...]`` and ``[n, ...]``, any dtype.
    ds_val : object
        Not used; pass None. It keeps snnTorch's order of arguments: there it is an object that
        receives the validation samples.
    split : float
        The share of samples for validation, in [0, 1].
    seed : int, optional
        Seed of the draw. ``None`` takes entropy from the system.

    Returns
    -------
    training, validation : tuple of ndarray
        Two new pairs ``(images, labels)``, dtypes unchanged.

    Raises
    ------
    TypeError, ValueError
        If ``ds_train`` is not such a data set, ``split`` is outside [0, 1] or ``seed`` is
        negative.

    Notes
    -----
    The samples and their order are those of ``snntorch.utils.valid_split`` 1.0.0 with the same
    seed. Deliberate difference: new data sets are returned (snnTorch overwrites both arguments).

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import utils
    >>> dataset = np.zeros((10, 28, 28)), np.arange(10)
    >>> training, validation = utils.valid_split(dataset, None, split=0.2, seed=7)
    >>> len(training[1]), len(validation[1])
    (8, 2)
    >>> np.sort(np.concatenate([training[1], validation[1]]))
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    images, labels = _pair("ds_train", ds_train)
    split = arguments.number("split", split, 0, 1)
    generator = _generator(seed)
    n = len(images)
    training = generator.choice(n, size=n - int(n * split), replace=False)
    left_over = np.ones(n, dtype=bool)
    left_over[training] = False
    return (images[training], labels[training]), (images[left_over], labels[left_over])


def batches(
    images: Samples | Dataset,
    labels: Samples | None = None,
    batch_size: Integer | None = None,
    shuffle: bool = False,
    seed: Integer | None = None,
) -> Iterator[tuple[Array, Array]]:
    """Yield a data set in batches of ``batch_size`` samples; the last may be smaller.

    Parameters
    ----------
    images, labels : array_like
        Shapes ``[n, ...]`` and ``[n, ...]``, any dtype. Without ``labels``, ``images`` is a data
        set: a pair, or an object with ``data`` and ``targets``.
    batch_size : int
        Samples per batch, at least 1. It must be given; after a data set, as ``batch_size=``.
    shuffle : bool
        Take the samples in random order, each once.
    seed : int, optional
        Seed of that order. ``None`` takes entropy from the system.

    Yields
    ------
    tuple of ndarray
        New arrays ``(images, labels)`` of up to ``batch_size`` samples, dtypes unchanged.

    Raises
    ------
    TypeError, ValueError
        At the call, before the first batch, if an argument is not as described.

    Examples
    --------
    >>> from spikecore import datasets, utils
    >>> [len(labels) for images, labels in utils.batches(*datasets.digits(), batch_size=1000)]
    [1000, 797]
    >>> next(utils.batches(datasets.digits(), batch_size=1000))[0].shape
    (1000, 8, 8)
    """
    if labels is None:
        images, labels = _pair("images", images)
    elif batch_size is None and _is_a_number(labels):
        remedy = "after a data set write batch_size="
        arguments.refuse("labels", "be an array", arguments.shown(labels), remedy, TypeError)
    else:
        images, labels = _pair("images and labels", (images, labels))
    remedy = "pass the samples of one batch"
    batch_size = arguments.integer("batch_size", batch_size, 1, remedy=remedy)
    shuffle = arguments.flag("shuffle", shuffle)
    generator = _generator(seed)
    order = generator.permutation(len(images)) if shuffle else np.arange(len(images))
    starts = range(0, len(order), batch_size)
    chosen = (order[start : start + batch_size] for start in starts)
    return ((images[samples], labels[samples]) for samples in chosen)


def _generator(seed):
    """A generator with the caller's seed, independent of NumPy's global generator."""
    if seed is not None:
        seed = arguments.integer("seed", seed, 0, remedy="pass a whole number or None")
    return np.random.default_rng(seed)


def _is_a_number(value):
    """Whether a batch size may have been meant."""
    return isinstance(value, Real) or (isinstance(value, np.ndarray) and value.ndim == 0)


def _pair(name, dataset) -> tuple[Array, Array]:
    """``dataset`` as two arrays of equal length."""
    if has(dataset, "data", "targets"):
        dataset = (dataset.data, dataset.targets)
    if not isinstance(dataset, (tuple, list)) or len(dataset) != 2:
        must = "be a pair (images, labels) or have the attributes data and targets"
        got, remedy = a_kind(dataset), "pass a tuple of two arrays"
        arguments.refuse(name, must, got, remedy, TypeError)
    images, labels = (_converted(name, values) for values in dataset)
    if not images.ndim or not labels.ndim or len(images) != len(labels):
        must, got = "hold one label for each image", f"shapes {images.shape} and {labels.shape}"
        arguments.refuse(name, must, got, "pass arrays of equal length")
    return images, labels


def _converted(name, values):
    """``values`` as an array; lists and anything with ``__array__`` are converted."""
    try:
        return np.asarray(values)
    except Exception as error:  # a foreign __array__ raises whatever it likes
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(
            f"{name} must hold rectangular arrays in host memory, but converting {a_kind(values)} "
            f"failed with {reason(error)!r}; give every sample the same "
            "shape, and detach tensors and bring them to the host"
        ) from error
