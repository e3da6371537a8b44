"""Images to encode: handwritten digits that come with the package, and MNIST read from disk.

Images are float32 in [0, 1], labels int64, and every call returns new arrays. Nothing is fetched
from the network unless ``mnist(..., download=True)`` says so.
"""

import gzip
import hashlib
import math
import os
import struct
import zlib
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import numpy as np

from spikecore import arguments

__all__ = ["MNIST_CHECKSUMS", "MNIST_MIRRORS", "digits", "mnist"]

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

_ATTEMPTS = 5  # on each mirror; each one resumes where the last broke off
_CHUNK = 1 << 16
_LARGEST_FILE = 1 << 26  # MNIST's largest is 9.9 MB; a server that never stops is cut off here


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
        size = _height_and_width(size)
    with (
        (resources.files(__package__) / "data" / "digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        images, labels = archive["images"], archive["labels"]
    images = images / np.float32(16)
    if size is not None:
        images = _resize(images, size)
    return images, labels.astype(np.int64)


def mnist(
    root, train=True, download=False, *, mirrors=MNIST_MIRRORS, checksums=None, progress=True
):
    """Read MNIST from its IDX files, gzipped or not, and fetch them first if asked to.

    Parameters
    ----------
    root : str or os.PathLike
        The folder that holds ``train-images-idx3-ubyte.gz`` and its three companions, with or
        without ``.gz`` (torchvision keeps them in ``<its root>/MNIST/raw``).
    train : bool
        The training set, or the test set when False.
    download : bool
        Fetch files that are missing, or whose checksum is wrong. An interrupted download stays in a
        ``.part`` file and is resumed by the next call; a file gets its name once it is complete and
        its checksum is right. Needs ``requests`` and ``tqdm`` (the extra ``spikecore[data]``).
    mirrors : sequence of str
        Addresses of folders that hold the files, tried in order.
    checksums : mapping of str to str, optional
        SHA-256 (or MD5, told by its length) of each ``.gz`` file; by default ``MNIST_CHECKSUMS``.
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
    ValueError
        If a file is truncated, too long, not gzip or not IDX, or an argument is out of range.
    OSError
        If no mirror delivered a file with the right checksum; nothing is left under its name.
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
    root = Path(root)
    prefix = "train" if arguments.flag("train", train) else "t10k"
    images_name, labels_name = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
    if arguments.flag("download", download):
        arguments.flag("progress", progress)
        _check_mirrors(mirrors)
        checksums = MNIST_CHECKSUMS if checksums is None else checksums
        wanted = {f"{name}.gz": _checksum(checksums, name) for name in (images_name, labels_name)}
        root.mkdir(parents=True, exist_ok=True)
        for name, checksum in wanted.items():
            _provide(root, name, checksum, mirrors, progress)
    images = _read_idx(_locate(root, images_name), 3)
    labels = _read_idx(_locate(root, labels_name), 1)
    if len(images) != len(labels):
        raise ValueError(
            f"root holds {len(images)} images in {images_name} and {len(labels)} labels in "
            f"{labels_name}; fetch both files from one source"
        )
    return images / np.float32(255), labels.astype(np.int64)


def _height_and_width(size):
    """``size`` as two positive integers."""
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"size must be None or (height, width), got {size!r}; pass e.g. (28, 28)")
    return tuple(
        arguments.integer(f"size[{i}]", length, 1, remedy="pass e.g. (28, 28)")
        for i, length in enumerate(size)
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


def _locate(root, name):
    """The path of an IDX file, gzipped or not."""
    for path in (root / f"{name}.gz", root / name):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"root has neither {name}.gz nor {name} (root is {str(root)!r}); "
        "pass the folder that holds them, or download=True"
    )


def _read_idx(path, dimensions):
    """Read an IDX file of bytes with that many dimensions, and refuse any other by its name."""
    remedy = "remove it and call mnist with download=True"
    expected_magic = 0x800 + dimensions  # two zero bytes, 8 for unsigned bytes, the dimensions
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            header = file.read(4 + 4 * dimensions)
            if len(header) < 4 + 4 * dimensions:
                raise ValueError(
                    f"{path} must begin with a header of {4 + 4 * dimensions} bytes, found "
                    f"{len(header)}; {remedy}"
                )
            magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
            if magic != expected_magic:
                raise ValueError(
                    f"{path} must begin with the magic number {expected_magic:#010x}, found "
                    f"{magic:#010x}; {remedy}"
                )
            size = math.prod(shape)
            content = _read_up_to(file, size + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} must be a whole gzip file, found: {error}; {remedy}") from error
    if len(content) != size:
        found = f"{len(content)}" if len(content) < size else "more"
        raise ValueError(
            f"{path} must hold {size} bytes after its header of shape {shape}, found {found}; "
            f"{remedy}"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_up_to(file, size):
    """Read at most ``size`` bytes; memory grows with what is there, not with what a header says."""
    content = bytearray()
    while len(content) < size and (chunk := file.read(min(_CHUNK, size - len(content)))):
        content += chunk
    return content


def _check_mirrors(mirrors):
    """Refuse anything but a few addresses."""
    if isinstance(mirrors, str) or not all(isinstance(mirror, str) for mirror in mirrors):
        raise TypeError(
            f"mirrors must be a tuple of addresses, got {mirrors!r}; pass ('https://...',)"
        )
    if not mirrors:
        raise ValueError(f"mirrors must hold an address, got {mirrors!r}; leave it out")


def _checksum(checksums, name):
    """The checksum of ``name.gz`` in lower case."""
    checksum = str(checksums.get(f"{name}.gz", "")).lower()
    if len(checksum) not in (32, 64):
        raise ValueError(
            f"checksums must give the SHA-256 or MD5 of {name}.gz in hexadecimal, got "
            f"{checksum!r}; add it"
        )
    return checksum


def _digest(path, checksum):
    """The digest of a file, of the kind that ``checksum`` is."""
    kind = "sha256" if len(checksum) == 64 else "md5"
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _provide(root, name, checksum, mirrors, progress):
    """Make sure that ``root`` holds the file: keep it, or resume or begin its download."""
    target, part = root / name, root / f"{name}.part"
    if target.is_file() and _digest(target, checksum) == checksum:
        return
    if not target.is_file() and target.with_suffix("").is_file():
        return  # unpacked by the user; its checksum is not known, its structure is checked later
    try:
        import requests
        import tqdm  # noqa: F401
        from urllib3.exceptions import HTTPError
    except ImportError as error:
        raise ImportError(
            "mnist(download=True) needs requests and tqdm, which are not both installed; "
            "install them with pip install 'spikecore[data]'"
        ) from error
    reasons = []
    for mirror in mirrors:
        address = f"{mirror.rstrip('/')}/{name}"
        for _ in range(_ATTEMPTS):
            resumed = part.is_file()
            try:
                _transfer(address, part, progress)
            except requests.HTTPError as error:
                reason = str(error)
                break
            except (OSError, HTTPError) as error:
                reason = f"{address}: {error}"
                continue
            found = _digest(part, checksum)
            if found == checksum:
                os.replace(part, target)
                return
            part.unlink()
            reason = f"{address}: checksum {found} in place of {checksum}"
            if not resumed:
                break
        reasons.append(reason)
    raise OSError(
        f"{name} could not be downloaded ({'; '.join(reasons)}); call again to resume, or fetch it "
        f"by other means into {str(root)!r}"
    )


def _transfer(address, part, progress):
    """Append to ``part`` what is missing of the file at ``address``, or write it from the start."""
    import requests
    from tqdm import tqdm

    start = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with requests.get(address, headers=headers, stream=True, timeout=(10, 60)) as response:
        if response.status_code == 416:  # nothing is missing, or part is not of this file
            return
        response.raise_for_status()
        if response.status_code == 206:
            if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                part.unlink()
                raise OSError("the server sent another range than the one asked for")
        else:
            start = 0  # the server knows no ranges and sends the whole file
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        received = start
        with (
            open(part, "ab" if start else "wb") as file,
            tqdm(
                total=total,
                initial=start,
                unit="B",
                unit_scale=True,
                desc=part.stem,
                disable=not progress,
            ) as bar,
        ):
            # The bytes as stored: some servers label a .gz file as gzip-encoded transport. A
            # connection that ends early raises here, by the length that was announced.
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                received += file.write(chunk)
                bar.update(len(chunk))
                if received > _LARGEST_FILE:
                    break
        if received > _LARGEST_FILE:
            part.unlink()
            raise OSError(f"the server sent more than {_LARGEST_FILE} bytes")
