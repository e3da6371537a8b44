"""Images to encode: handwritten digits that come with the package.

Images are float32 in [0, 1], labels int64, and every call returns new arrays.
"""

from importlib import resources

import numpy as np

__all__ = ["digits"]


def digits(size=None):
    """Return 1797 handwritten digits of 8x8 pixels, in the order scikit-learn ships them.

    The data are the test part of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten
    Digits", UCI Machine Learning Repository (1998), DOI 10.24432/C50P49, licence CC BY 4.0. They
    are stored inside the package, so nothing is downloaded.

    Parameters
    ----------
    size : tuple of two ints, optional
        Height and width to resize to, ``(28, 28)`` for the shape of MNIST. Bilinear with half-pixel
        centres: output pixel ``i`` samples the input at ``(i + 0.5) * 8 / height - 0.5``, and
        positions outside the image take the value at its edge. ``None`` keeps 8x8.

    Returns
    -------
    images : ndarray of float32, shape ``[1797, height, width]``
        Grey levels from 0 (background) to 1; at 8x8 they are multiples of 1/16.
    labels : ndarray of int64, shape ``[1797]``
        The digit of each image, 0 to 9.

    Raises
    ------
    TypeError, ValueError
        If ``size`` is not a pair of positive integers.

    Examples
    --------
    >>> from spikecore import datasets
    >>> images, labels = datasets.digits()
    >>> images.shape, labels[:5]
    ((1797, 8, 8), array([0, 1, 2, 3, 4]))
    >>> datasets.digits(size=(28, 28))[0].shape
    (1797, 28, 28)
    """
    if size is not None:
        _check_size(size)
    with (
        (resources.files(__package__) / "data" / "digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        images, labels = archive["images"], archive["labels"]
    images = images / np.float32(16)
    if size is not None:
        images = _resize(images, size)
    return images, labels.astype(np.int64)


def _check_size(size):
    """Refuse a size that is not a pair of positive integers."""
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"size must be None or (height, width), got {size!r}: pass e.g. (28, 28).")
    for length in size:
        if isinstance(length, (bool, np.bool_)) or not isinstance(length, (int, np.integer)):
            raise TypeError(f"size must hold two integers, got {size!r}: pass e.g. (28, 28).")
        if length < 1:
            raise ValueError(
                f"size must hold two positive integers, got {size!r}: pass e.g. (28, 28)."
            )


def _resize(images, size):
    """Resize ``[n, height, width]`` bilinearly in float64 and round to float32 once."""
    # Products and sums one ufunc at a time, no BLAS: the same bits on every machine.
    images = images.astype(np.float64)
    for axis, new_length in ((1, size[0]), (2, size[1])):
        length = images.shape[axis]
        centres = (np.arange(new_length) + 0.5) * length / new_length - 0.5
        centres = np.clip(centres, 0, length - 1)
        below = np.floor(centres).astype(np.int64)
        above = np.minimum(below + 1, length - 1)
        fraction = np.expand_dims(centres - below, axis=2 - axis)  # along rows, then along columns
        left, right = np.take(images, below, axis), np.take(images, above, axis)
        images = left * (1 - fraction) + right * fraction
    return images.astype(np.float32)
