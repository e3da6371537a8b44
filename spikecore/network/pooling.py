"""Sums and averages over windows of the last two axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from spikecore import arguments
from spikecore.annotations import Integer
from spikecore.backends.floats import standard_floats
from spikecore.backends.windows import Geometry, windows
from spikecore.network.layer import MisfitError, Stateless, last_sizes, pair, sizes_before

Pair = Integer | tuple[Integer, Integer] | list[Integer]
MUST = "have the axes [..., channels, height, width]"


@dataclass(frozen=True, eq=False, repr=False)
class Pool(Stateless):
    """What both pools share."""

    kernel_size: Pair
    stride: Pair | None = None
    padding: Pair = 0

    average: ClassVar[bool]

    def __post_init__(self):
        self._set("kernel_size", pair("kernel_size", self.kernel_size, 1))
        stride = self.kernel_size if self.stride is None else pair("stride", self.stride, 1)
        self._set("stride", stride)
        self._set("padding", pair("padding", self.padding, 0))
        for padding, size in zip(self.padding, self.kernel_size, strict=True):
            if 2 * padding > size:
                must = f"be at most half of the kernel's size, {self.kernel_size}"
                arguments.refuse("padding", must, self.padding, "make it smaller")

    @cached_property
    def _geometry(self):
        return Geometry(self.kernel_size, self.stride, (1, 1), self.padding, self.padding)

    def _output_shape(self, shape):
        channels, *sizes = last_sizes(shape, 3, MUST)
        found = self._geometry.output_sizes(sizes)
        for name, size, output in zip(("height", "width"), sizes, found, strict=True):
            if output is not None and output < 1:
                raise MisfitError(f"have a {name} that the kernel fits into, not {size},")
        return (*sizes_before(shape, 3), channels, *found)

    def _largest_output(self, largest):
        return largest if self.average else largest * math.prod(self.kernel_size)

    def _fill(self, values, out, exact, backend):
        images = values.reshape(-1, 1, *values.shape[-2:]).astype(out.dtype, copy=False)
        under = windows(images, self._geometry)
        sums = out.reshape(under.shape[:4])
        with standard_floats(), np.errstate(over="ignore", invalid="ignore"):
            sums[...] = 0
            for i, j in np.ndindex(self.kernel_size):
                sums += under[..., i, j]
            if self.average:
                sums /= out.dtype.type(math.prod(self.kernel_size))

    def __repr__(self) -> str:
        text = "x".join(map(str, self._geometry.size))
        if self.stride != self.kernel_size:
            text += f", stride={self.stride}"
        if self.padding != (0, 0):
            text += f", padding={self.padding}"
        return f"{type(self).__name__}({text})"


@dataclass(frozen=True, eq=False, repr=False)
class SumPool2d(Pool):
    """Sums over windows of the last two axes, of each channel by itself.

    Parameters
    ----------
    kernel_size : int or pair of int
        Height and width of a window.
    stride : int or pair of int, optional
        Inputs from one window to the next; ``kernel_size`` by default.
    padding : int or pair of int
        Zeros around the input, at most half of ``kernel_size``.

    Raises
    ------
    ValueError, TypeError
        Sizes that are not positive whole numbers, or a larger padding.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import SumPool2d
    >>> SumPool2d(2)(np.ones((1, 4, 4), np.uint8))
    array([[[4., 4.],
            [4., 4.]]], dtype=float32)
    """

    average = False


@dataclass(frozen=True, eq=False, repr=False)
class AvgPool2d(Pool):
    """Averages over windows of the last two axes: the sum over the size of the window.

    Zeros of the padding count, as in torch's ``nn.AvgPool2d``.

    Parameters
    ----------
    kernel_size : int or pair of int
        Height and width of a window.
    stride : int or pair of int, optional
        Inputs from one window to the next; ``kernel_size`` by default.
    padding : int or pair of int
        Zeros around the input, at most half of ``kernel_size``.

    Raises
    ------
    ValueError, TypeError
        Sizes that are not positive whole numbers, or a larger padding.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import AvgPool2d
    >>> AvgPool2d((1, 2))(np.array([[[1, 0, 1, 1]]], np.uint8))
    array([[[0.5, 1. ]]], dtype=float32)
    """

    average = True
