"""Data to encode, and recordings of events; some come with the package, others are read from disk.

Images are float32 in [0, 1], labels int64, signals float32, and every call returns new arrays. Only
``mnist(..., download=True)`` uses the network.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, memory
from spikecore.annotations import Integer
from spikecore.download import fetch
from spikecore.files import shipped
from spikecore.recordings import Recordings, moving_digits, nmnist, shd

__all__ = [
    "MNIST_CHECKSUMS", "MNIST_MIRRORS", "Recordings", "digits", "ecg", "mnist", "moving_digits",
    "nmnist", "shd",
]  # fmt: skip


def __dir__():
    return __all__


MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
"""Where ``mnist`` looks for its files, in this order."""

MNIST_CHECKSUMS = MappingProxyType(
    {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    }
)
"""SHA-256 of MNIST's four files as they are distributed."""

_REMEDY = "remove it and call mnist with download=True"
_CHUNK = 1 << 16
_MOST_SAMPLES = 60_000  # in MNIST's training set, and in data sets of the same form
_PIXELS = (28, 28)
_CLASSES = 10
_ECG_ZERO = np.float32(1024)  # the converter's number at 0 mV
_ECG_GAIN = np.float32(200)  # numbers per mV
_ECG_RATE = 360  # samples per second


def digits(
    size: tuple[Integer, Integer] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
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
        If ``size`` is not a pair of positive integers, or needs more memory than is free.

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
        size = _height_and_width(size)
    stored = shipped("digits.npz")
    images = stored["images"] / np.float32(16)
    if size is not None:
        lack = memory.lack((2, len(images), *size), np.float64)  # two neighbours of each pixel
        if lack is not None:
            got = f"{arguments.shown(size)}, which {lack}"
            arguments.refuse("size", "fit into memory", got, "pass a smaller one")
        images = _resize(images, size)
    return images, stored["labels"].astype(np.int64)


def ecg() -> tuple[NDArray[np.float32], float]:
    """Return ten seconds of an electrocardiogram (ECG), a signal to encode.

    It has normal heartbeats, wider ones, a baseline that wanders and an artefact. The samples are
    those from 19:47 to 19:57 of record 208, lead MLII, of the MIT-BIH Arrhythmia Database
    (G. B. Moody and R. G. Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE Eng. in Med.
    and Biol. 20(3), 2001; PhysioNet, DOI 10.13026/C2F305), licence Open Data Commons Attribution
    1.0. They are stored inside the package, so nothing is downloaded.

    Returns
    -------
    signal : ndarray of float32, shape ``[3600]``
        Millivolts, multiples of 1/200, each rounded once to float32.
    time_step : float
        Seconds per sample, 1/360.

    Examples
    --------
    >>> from spikecore import datasets
    >>> signal, time_step = datasets.ecg()
    >>> signal.shape, round(len(signal) * time_step, 9)
    ((3600,), 10.0)
    >>> print(signal.min(), signal.max())
    -1.35 2.58
    """
    return (shipped("ecg.npz")["signal"] - _ECG_ZERO) / _ECG_GAIN, 1 / _ECG_RATE


def mnist(
    root: str | os.PathLike[str],
    train: bool = True,
    download: bool = False,
    *,
    mirrors: Iterable[str] = MNIST_MIRRORS,
    checksums: Mapping[str, str] | None = None,
    progress: bool = True,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read MNIST from its IDX files, gzipped or not, and fetch them first if asked to.

    Data sets in the same form can be read too: up to 60 000 images of 28x28, labels 0 to 9.

    Parameters
    ----------
    root : str or os.PathLike
        The folder that holds ``train-images-idx3-ubyte.gz`` and its three companions, with or
        without ``.gz`` (torchvision keeps them in ``<its root>/MNIST/raw``).
    train : bool
        The training set, or the test set when False.
    download : bool
        Fetch files that are missing, or whose checksum is wrong. An interrupted download stays in a
        ``.part`` file and is resumed by the next call; a file gets its name when it is complete and
        its checksum is right. Processes that download into one folder wait for each other. Needs
        ``requests`` and ``tqdm`` (the extra ``spikecore[data]``).
    mirrors : sequence of str
        Addresses of folders that hold the files, tried in order.
    checksums : mapping of str to str, optional
        SHA-256 (or MD5, known by its length) of each ``.gz`` file; by default ``MNIST_CHECKSUMS``.
    progress : bool
        Show a progress bar for each file on stderr.

    Returns
    -------
    images : ndarray of float32, shape ``[60000, 28, 28]``, or ``[10000, 28, 28]`` for the test set
        Grey levels from 0 (background) to 1, multiples of 1/255.
    labels : ndarray of int64, shape ``[60000]`` or ``[10000]``
        The digit of each image, 0 to 9.

    Raises
    ------
    FileNotFoundError
        If a file is missing and ``download`` is False.
    TypeError, ValueError
        If an argument is not as described. ``ValueError`` also if a file is truncated, too long,
        not gzip or not IDX, or does not hold images of 28x28 and as many labels from 0 to 9.
    OSError
        If no mirror delivered a file with the right checksum, or the disk is full; nothing is left
        under the file's name.
    ImportError
        If ``download`` is True and the extra ``spikecore[data]`` is not installed.

    Examples
    --------
    >>> from spikecore import datasets
    >>> datasets.mnist("no/such/folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: root has neither train-images-idx3-ubyte.gz nor ...
    """
    root = _folder(root)
    prefix = "train" if arguments.flag("train", train) else "t10k"
    images_name, labels_name = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
    arguments.flag("progress", progress)
    mirrors = _addresses(mirrors)
    checksums = _mapping(MNIST_CHECKSUMS if checksums is None else checksums)
    if arguments.flag("download", download):
        wanted = {f"{name}.gz": _checksum(checksums, name) for name in (images_name, labels_name)}
        fetch(root, wanted, mirrors, progress)
    images = _read_idx(_locate(root, images_name), _PIXELS)
    labels_path = _locate(root, labels_name)
    labels = _read_idx(labels_path, ())
    if len(images) != len(labels):
        raise ValueError(
            f"root holds {len(images)} images in {images_name} and {len(labels)} labels in "
            f"{labels_name}; fetch both files from one source"
        )
    if len(labels) and labels.max() >= _CLASSES:
        index = int(np.argmax(labels >= _CLASSES))
        raise ValueError(
            f"{labels_path} must hold labels from 0 to 9, but label {index} is {labels[index]}; "
            f"{_REMEDY}"
        )
    return images / np.float32(255), labels.astype(np.int64)


def _folder(root):
    """``root`` as a path that is not a file."""
    remedy = "pass the folder that holds MNIST's files"
    root = arguments.path("root", root, "be a path", remedy)
    if root.exists() and not root.is_dir():
        arguments.refuse("root", "be a folder", f"the file {str(root)!r}", remedy)
    return root


def _height_and_width(size):
    """``size`` as two positive integers."""
    remedy = "pass e.g. (28, 28)"
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        arguments.refuse(
            "size", "be None or (height, width)", arguments.shown(size), remedy, TypeError
        )
    return tuple(
        arguments.integer(f"size[{i}]", length, 1, remedy=remedy) for i, length in enumerate(size)
    )


def _resize(images, size):
    """Resize ``[n, height, width]`` bilinearly in float64 and round to float32 once."""
    # Products and sums by ufuncs, without BLAS: the same bits on every machine.
    images = images.astype(np.float64)
    for axis, new_length in ((1, size[0]), (2, size[1])):
        length = images.shape[axis]
        centres = (np.arange(new_length) + 0.5) * length / new_length - 0.5
        centres = np.clip(centres, 0, length - 1)
        below = np.floor(centres).astype(np.int64)
        above = np.minimum(below + 1, length - 1)
        fraction = np.expand_dims(centres - below, axis=2 - axis)  # along rows, then along columns
        left, right = np.take(images, below, axis), np.take(images, above, axis)
        left *= 1 - fraction
        right *= fraction
        images = np.add(left, right, out=left)
    return images.astype(np.float32)


def _locate(root, name):
    """The path of an IDX file, gzipped or not."""
    for path in (root / f"{name}.gz", root / name):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"root has neither {name}.gz nor {name} (root is {str(root)!r}); "
        "pass the folder that holds them, or download=True"
    )


def _read_idx(path, sample):
    """Read an IDX file of bytes with samples of that shape; refuse any other file by its name."""
    dimensions = 1 + len(sample)
    expected_magic = 0x800 + dimensions  # two zero bytes, 8 for unsigned bytes, the dimensions
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            header = file.read(4 + 4 * dimensions)
            if len(header) < 4 + 4 * dimensions:
                must = f"begin with a header of {4 + 4 * dimensions} bytes"
                _refuse_file(path, must, len(header))
            magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
            if magic != expected_magic:
                must = f"begin with the magic number {expected_magic:#010x}"
                _refuse_file(path, must, f"{magic:#010x}")
            if shape[0] > _MOST_SAMPLES or tuple(shape[1:]) != sample:
                wanted = ", ".join(("n", *map(str, sample)))
                must = f"announce the shape [{wanted}] with n at most {_MOST_SAMPLES}"
                _refuse_file(path, must, shape)
            content = np.empty(shape, np.uint8)  # at most 47 MB, however long the file is
            length = _fill(content, file)
            goes_on = length == content.size and file.read(1) != b""
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} must be a whole gzip file, found: {error}; {_REMEDY}") from error
    if length < content.size or goes_on:
        must = f"hold {content.size} bytes after its header of shape {shape}"
        _refuse_file(path, must, "more" if goes_on else length)
    return content


def _refuse_file(path, must, found):
    """Raise one sentence: what a file must be, and what was found in it."""
    raise ValueError(f"{path} must {must}, found {found}; {_REMEDY}")


def _fill(array, file):
    """Read ``file`` into the array in chunks, and return the number of bytes read."""
    left = array.reshape(-1).data
    while left and (count := file.readinto(left[:_CHUNK])):
        left = left[count:]
    return array.size - len(left)


def _addresses(mirrors):
    """``mirrors`` as a tuple of addresses, at least one."""
    must, remedy = "be a tuple of addresses", "pass ('https://...',)"
    listed = arguments.items("mirrors", mirrors, must, remedy)
    if isinstance(mirrors, str) or not all(isinstance(mirror, str) for mirror in listed):
        arguments.refuse("mirrors", must, arguments.shown(mirrors), remedy, TypeError)
    if not listed:
        arguments.refuse("mirrors", "hold an address", arguments.shown(mirrors), "leave it out")
    return listed


def _mapping(checksums):
    """``checksums`` if it is a mapping."""
    if not isinstance(checksums, Mapping):
        must, remedy = "be a mapping of file names to checksums", "leave it out, or pass a dict"
        arguments.refuse("checksums", must, arguments.shown(checksums), remedy, TypeError)
    return checksums


def _checksum(checksums, name):
    """The checksum of ``name.gz`` in lower case."""
    checksum = checksums.get(f"{name}.gz", "")
    checksum = checksum.lower() if isinstance(checksum, str) else checksum
    if not isinstance(checksum, str) or len(checksum) not in (32, 64):
        must = f"give the SHA-256 or MD5 of {name}.gz in hexadecimal"
        arguments.refuse("checksums", must, arguments.shown(checksum), "add it")
    return checksum
