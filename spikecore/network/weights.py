"""Weights from elsewhere: tensors, and files (``.npz``, ``.safetensors``) read without torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from spikecore import arguments
from spikecore.foreign import a_kind, has, reason

SUFFIXES = (".npz", ".safetensors")


class FromFile:
    """A layer with ``weight`` and ``bias``, which files may hold."""

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], name: str = "", **options: Any) -> Any:
        """The layer with weights from a file.

        Parameters
        ----------
        path : str or os.PathLike
            ``.npz``, or ``.safetensors`` (with ``pip install 'spikecore[safetensors]'``).
        name : str
            The layer's name in the file: its weights are ``name.weight``, as in torch's
            ``state_dict``, and its bias is ``name.bias``, or 0 if there is none.  Without a name
            they are ``weight`` and ``bias``.
        **options
            Other arguments of the layer, such as ``stride``.

        Returns
        -------
        Linear, Conv1d or Conv2d

        Raises
        ------
        ValueError, TypeError
            A file of another kind or that is damaged, a name that it does not hold, or weights that
            the layer refuses; the sentence has the file, the name, and what it found there.
        OSError
            A file that cannot be opened.
        ImportError
            ``.safetensors`` without that package.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from spikecore.network import Linear
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/net.npz", **{"fc1.weight": np.ones((2, 3), np.float32)})
        ...     Linear.from_file(f"{folder}/net.npz", "fc1")
        Linear(3 -> 2, float32)
        """
        path = arguments.path("path", path, "be the path of a file", "pass a str or a Path")
        if not isinstance(name, str):
            must, remedy = "be the name of a layer", "pass 'fc1' for 'fc1.weight'"
            arguments.refuse("name", must, arguments.shown(name), remedy, TypeError)
        prefix = f"{name}." if name else ""
        found = _tensors(path, f"{prefix}weight", f"{prefix}bias")
        try:
            return cls(*found, **options)  # type: ignore[call-arg]
        except (ValueError, TypeError) as error:
            shapes = " and ".join(
                f"{tensor!r} {value.dtype} {list(value.shape)}"
                for tensor, value in zip((f"{prefix}weight", f"{prefix}bias"), found, strict=True)
                if value is not None
            )
            told = f"{os.fspath(path)!r} has {shapes}, of which {cls.__name__} cannot be made"
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{told}: {reason(error)}") from error


def detached(name, tensor):
    """A tensor as an array, without its gradient; arrays and None as they are."""
    if has(tensor, "detach"):
        try:
            tensor = tensor.detach().cpu()
        except Exception as error:
            must, got = "be a tensor that can be copied to the host", reason(error)
            arguments.refuse(name, must, got, "pass an array", TypeError)
    return None if tensor is None else arguments.array(name, tensor)


def _tensors(path, weight, bias):
    """The arrays of these names; the second is None if the file has none."""
    kind = Path(path).suffix.lower()
    if kind not in SUFFIXES:
        must, remedy = f"end with {' or '.join(SUFFIXES)}", "save the arrays with numpy.savez"
        arguments.refuse("path", must, os.fspath(path), remedy)
    names, read = (_npz if kind == ".npz" else _safetensors)(path)
    if weight not in names:
        held = ", ".join(sorted(names)[:12]) or "no arrays"
        must = f"hold {weight!r}"
        arguments.refuse(os.fspath(path), must, held, "pass the layer's name as the file has it")
    return read(weight), read(bias) if bias in names else None


def _npz(path):
    """The names in an npz file, and what reads one of its arrays."""

    def read(name=None):
        with open(path, "rb") as file:  # NumPy leaves a damaged file open
            try:
                with np.load(file, allow_pickle=False) as stored:
                    return set(stored.files) if name is None else stored[name]
            except Exception as error:  # what damaged archives raise, or pickled objects
                _damaged(path, error, name)

    return read(), read


def _safetensors(path):
    """The names in a safetensors file, and what reads one of its arrays."""
    try:
        from safetensors import safe_open
    except ImportError as error:
        raise ImportError(
            "reading .safetensors needs safetensors, which is not installed; install it with "
            "pip install 'spikecore[safetensors]'"
        ) from error

    def read(name=None):
        with open(path, "rb"):  # what cannot be opened is an OSError that names it
            pass
        try:
            with safe_open(path, framework="numpy") as stored:
                return set(stored.keys()) if name is None else stored.get_tensor(name)
        except Exception as error:  # a damaged file, or dtypes that NumPy lacks
            _damaged(path, error, name)

    return read(), read


def _damaged(path, error, name=None):
    """Refuse a file that cannot be read, or one of its arrays."""
    what = os.fspath(path) if name is None else f"{name!r} in {os.fspath(path)!r}"
    must, got = "be readable as arrays of numbers", f"{a_kind(error)}: {reason(error)[:120]}"
    arguments.refuse(what, must, got, "save it anew, as float32 or float64")
