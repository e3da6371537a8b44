"""Data sets of events: digits in motion that come with the package, N-MNIST and SHD from disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments
from spikecore.events import Recording, read
from spikecore.events.files import FormatName
from spikecore.foreign import a_kind

__all__ = ["Recordings", "moving_digits", "nmnist", "shd"]

CLASSES = 10  # of N-MNIST


class Recordings(Sequence[Recording]):
    """Files of events as a sequence; each is read when it is asked for.

    Parameters
    ----------
    paths : sequence of pathlib.Path
    format : str
        As in :func:`spikecore.events.read`.

    Examples
    --------
    >>> from spikecore import datasets
    >>> len(datasets.Recordings([], "nmnist"))
    0
    """

    def __init__(self, paths: Sequence[Path], format: FormatName) -> None:
        self.paths = tuple(paths)
        self.format: FormatName = format

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Recording: ...

    @overload
    def __getitem__(self, index: slice) -> Recordings: ...

    def __getitem__(self, index: Any) -> Any:
        """The recording of a number, or the recordings of a slice."""
        if isinstance(index, slice):
            return Recordings(self.paths[index], self.format)
        must = "be a number of a recording"
        remedy = f"pass one from {-len(self)} to {len(self) - 1}"
        if not isinstance(index, (int, np.integer)):
            arguments.refuse("index", must, a_kind(index), remedy, TypeError)
        if not -len(self) <= index < len(self):
            arguments.refuse("index", must, index, remedy, IndexError)
        return read(self.paths[index], self.format)

    def __iter__(self) -> Iterator[Recording]:
        return (read(path, self.format) for path in self.paths)

    def __repr__(self) -> str:
        return f"Recordings({len(self)} files, {self.format})"


def moving_digits() -> Recording:
    """Return ten digits in motion, a recording of events that comes with the package.

    No camera made it: the first digit of each class of :func:`digits`, enlarged to 28x28, moves
    along a triangle within 34x34 pixels for 300 ms, as N-MNIST's digits do, and
    :func:`spikecore.spikegen.send_on_delta` with a threshold of 0.2 codes each pixel at every
    millisecond.  ``tests/moving_digits.py`` makes it again, bit for bit.

    Returns
    -------
    Recording
        10 samples; times in microseconds, ``p`` 1 where a pixel became brighter, ``stop`` 300 000.

    Examples
    --------
    >>> from spikecore import datasets
    >>> recording = datasets.moving_digits()
    >>> recording.labels
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    >>> recording.sample(3).to_events(dt=1000).shape
    (2, 34, 34)
    """
    place = resources.files(__package__) / "data" / "moving-digits.npz"
    with resources.as_file(place) as path:
        return read(path, "npz")


def nmnist(
    root: str | os.PathLike[str], train: bool = True
) -> tuple[Recordings, NDArray[np.int64]]:
    """Find the files of N-MNIST on disk.

    N-MNIST (G. Orchard et al., "Converting static image datasets to spiking neuromorphic datasets
    using saccades", Front. Neurosci. 9, 2015) is distributed by its authors, licence CC BY-SA 4.0;
    nothing is downloaded here.

    Parameters
    ----------
    root : str or os.PathLike
        The folder that holds ``Train`` and ``Test``, each with the folders ``0`` to ``9`` of
        ``.bin`` files.
    train : bool
        The training set, or the test set when False.

    Returns
    -------
    recordings : Recordings
        Read one by one as they are asked for; by class, then by the name of the file.
    labels : ndarray of int64
        The digit of each.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no file in it.
    TypeError, ValueError
        If an argument is not as described; reading a recording raises what
        :func:`spikecore.events.read` does.

    Examples
    --------
    >>> from spikecore import datasets
    >>> datasets.nmnist("no/such/folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: root must hold the folder Train with the folders 0 to 9 of .bin files, ...
    """
    root = _folder(root)
    part = "Train" if arguments.flag("train", train) else "Test"
    paths: list[Path] = []
    labels: list[int] = []
    for label in range(CLASSES):
        found = sorted((root / part / str(label)).glob("*.bin"))
        paths += found
        labels += [label] * len(found)
    if not paths:
        must = f"hold the folder {part} with the folders 0 to 9 of .bin files"
        _refuse_missing(root, must)
    return Recordings(paths, "nmnist"), np.array(labels, np.int64)


def shd(root: str | os.PathLike[str], train: bool = True) -> Recording:
    """Read the Spiking Heidelberg Digits from disk.

    SHD (B. Cramer et al., "The Heidelberg spiking data sets for the systematic evaluation of
    spiking neural networks", IEEE TNNLS 33, 2022) is distributed by its authors, licence CC BY 4.0;
    nothing is downloaded here.  :func:`spikecore.events.read` reads the Speech Commands (SSC)
    likewise.

    Parameters
    ----------
    root : str or os.PathLike
        The folder that holds ``shd_train.h5`` and ``shd_test.h5``.
    train : bool
        The training set, or the test set when False.

    Returns
    -------
    Recording
        All samples: ``t`` in seconds, float16 as published, ``x`` the unit, 0 to 699;
        ``labels`` from 0 to 19.  ``recording.sample(i)`` is one of them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If h5py is not installed (the extra ``spikecore[data]``).
    TypeError, ValueError
        If an argument is not as described, or the file is not whole.

    Examples
    --------
    >>> from spikecore import datasets
    >>> datasets.shd("no/such/folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: root must hold the file shd_train.h5, got 'no/such/folder'; ...
    """
    root = _folder(root)
    name = f"shd_{'train' if arguments.flag('train', train) else 'test'}.h5"
    path = root / name
    if not path.is_file():
        _refuse_missing(root, f"hold the file {name}")
    return read(path, "shd")


def _folder(root):
    """The path of a folder."""
    return arguments.path("root", root, "be the path of a folder", "pass the data set's folder")


def _refuse_missing(root, must):
    """Raise the sentence of files that are not there."""
    remedy = "pass the folder of the data set, unpacked"
    arguments.refuse("root", must, repr(str(root)), remedy, FileNotFoundError)
