"""The types in the signatures of public functions: what is taken, and what comes back.

They stand for what the functions check when they are called.  Type checkers and editors read them;
importing them loads NumPy alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

# --- numbers and arrays -------------------------------------------------------------------------

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Integer: TypeAlias = int | np.integer[Any]
Number: TypeAlias = float | np.floating[Any] | np.integer[Any]


class SupportsArray(Protocol):
    """What NumPy converts: arrays, its scalars, tensors on the host, columns of a table."""

    def __array__(self) -> Array: ...


class CudaArray(Protocol):
    """An array on a GPU, of Numba, CuPy or torch."""

    @property
    def __cuda_array_interface__(self) -> Any: ...


Held = TypeVar("Held", covariant=True)


class Nested(Protocol[Held]):
    """Lists and tuples, and lists of them.  Text is none: it contains text, not any object."""

    def __len__(self) -> int: ...

    def __contains__(self, item: object, /) -> bool: ...

    def __getitem__(self, index: int, /) -> "Held | Nested[Held]": ...

    def __iter__(self) -> "Iterator[Held | Nested[Held]]": ...


# Less than numpy.typing.ArrayLike, which takes text and complex numbers too.
ArrayLike: TypeAlias = float | SupportsArray | Nested[float | SupportsArray]
Data: TypeAlias = ArrayLike | CudaArray
PerNeuron: TypeAlias = Number | Array | Sequence[float]  # one for all neurons, or one for each

# --- spikes -------------------------------------------------------------------------------------

SpikeName: TypeAlias = Literal["float32", "float64", "bool", "uint8", "int8"]
SpikeScalar: TypeAlias = np.float32 | np.float64 | np.bool_ | np.uint8 | np.int8
SpikeDtype: TypeAlias = SpikeName | type[SpikeScalar | float] | np.dtype[SpikeScalar]
Out: TypeAlias = Array | CudaArray
FiringPattern: TypeAlias = Literal["regular", "uniform", "poisson"]
ResetMechanism: TypeAlias = Literal["subtract", "zero", "none"]

# --- where a call computes, and with which random numbers ---------------------------------------

DeviceName: TypeAlias = Literal["cpu", "numpy", "cuda"]
Device: TypeAlias = DeviceName | str  # "cuda:1" too; editors complete the names
Seed: TypeAlias = Integer | np.random.Generator
RandomStream: TypeAlias = Literal["rate", "targets", "weights"]


class NumbaStream(Protocol):
    """A CUDA stream of Numba."""

    @property
    def handle(self) -> Any: ...


class CupyStream(Protocol):
    """A CUDA stream of CuPy."""

    @property
    def ptr(self) -> Any: ...


class TorchStream(Protocol):
    """A CUDA stream of torch."""

    @property
    def cuda_stream(self) -> Any: ...


Stream: TypeAlias = int | NumbaStream | CupyStream | TorchStream
