"""Convolutions of spikes: event-driven, over the inputs that are not 0, in index order.

SPEC.md, "Layers", says what is guaranteed about the order of the sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Integer
from spikecore.backends.windows import Geometry
from spikecore.foreign import a_kind, has
from spikecore.network.layer import (
    MisfitError,
    Stateless,
    bytes_of,
    largest_sum,
    last_sizes,
    offsets,
    pair,
    read_only,
    sizes_before,
    weights,
    whole,
)
from spikecore.network.weights import FromFile, detached

Pair = Integer | tuple[Integer, Integer] | list[Integer]
Padding = Pair | Literal["same", "valid"]


class Convolution(FromFile, Stateless):
    """What ``Conv1d`` and ``Conv2d`` share."""

    weight: Any
    bias: Any
    stride: Any
    padding: Any
    dilation: Any
    groups: Any
    _spatial: ClassVar[Any]  # names of the axes over which the kernel moves

    def _make(self, sizes):
        """Check the fields; ``sizes`` checks the numbers of a field."""
        axes = ", ".join(("out_channels", "in_channels / groups", *self._spatial))
        ndim = 2 + len(self._spatial)
        self._set("weight", weights("weight", self.weight, ndim, f"be an array [{axes}]"))
        self._set("bias", offsets(self.bias, self.weight))
        self._set("groups", whole("groups", self.groups, 1))
        if len(self.weight) % self.groups:
            must = f"divide the number of output channels, {len(self.weight)}"
            arguments.refuse("groups", must, self.groups, "choose a divisor")
        self._set("stride", sizes("stride", self.stride, 1))
        self._set("dilation", sizes("dilation", self.dilation, 1))
        if isinstance(self.padding, str):
            self._set("padding", arguments.choice("padding", self.padding, ("same", "valid")))
            if self.padding == "same" and set(np.ravel(self.stride).tolist()) != {1}:
                must, remedy = "be 1 with padding='same'", "pass the padding as numbers"
                arguments.refuse("stride", must, self.stride, remedy)
        else:
            self._set("padding", sizes("padding", self.padding, 0))

    @classmethod
    def from_torch(cls, layer: Any) -> Any:
        """The weights and the other numbers of a torch layer of the same name.

        Parameters
        ----------
        layer : torch.nn.Conv1d or torch.nn.Conv2d
            Anything with ``weight``, ``bias``, ``stride``, ``padding``, ``dilation`` and
            ``groups``, whether or not the weights require gradients.

        Returns
        -------
        Conv1d or Conv2d

        Raises
        ------
        ValueError, TypeError
            Something else, a transposed convolution, padding with other values than 0, or weights
            of another number of axes.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from spikecore.network import Conv1d
        >>> weight = np.ones((4, 2, 3), np.float32)
        >>> layer = SimpleNamespace(weight=weight, bias=None, stride=(2,), padding=(1,),
        ...                         dilation=(1,), groups=1)
        >>> Conv1d.from_torch(layer)
        Conv1d(2 -> 4, 3, stride=2, padding=1, float32)
        """
        names = ("stride", "padding", "dilation", "groups")
        if not has(layer, "weight", "bias", *names):
            must, remedy = f"be a {cls.__name__} of torch", f"pass a torch.nn.{cls.__name__}"
            arguments.refuse("layer", must, a_kind(layer), remedy, TypeError)
        mode, transposed = (getattr(layer, n, None) for n in ("padding_mode", "transposed"))
        if mode not in (None, "zeros") or transposed:
            got = "a transposed one" if transposed else f"one with padding_mode={mode!r}"
            must = "be a convolution that pads with zeros"
            arguments.refuse("layer", must, got, f"use a torch.nn.{cls.__name__} of that kind")
        found = (getattr(layer, name) for name in names)
        numbers = (v[0] if isinstance(v, tuple) and len(v) == 1 else v for v in found)
        weight, bias = detached("weight", layer.weight), detached("bias", layer.bias)
        return cls(weight, bias, *numbers)  # type: ignore[call-arg]

    @cached_property
    def _geometry(self):
        """Height, 1 of one dimension, and width."""

        def both(value, line):
            return tuple(value) if isinstance(value, tuple) else (line, value)

        size = (1, *self.weight.shape[2:])[-2:]
        dilation, stride = both(self.dilation, 1), both(self.stride, 1)
        if self.padding == "same":
            total = [d * (k - 1) for d, k in zip(dilation, size, strict=True)]
            before = tuple(t // 2 for t in total)
            after = tuple(t - b for t, b in zip(total, before, strict=True))
        else:
            before = after = (0, 0) if self.padding == "valid" else both(self.padding, 0)
        return Geometry(size, stride, dilation, before, after, self.groups)

    @cached_property
    def _taps(self):
        """The weights with the outputs on the last axis, ``[channels, height, width, outputs]``."""
        outputs, inside = self.weight.shape[:2]
        taps = self.weight.reshape(outputs, inside, *self._geometry.size)
        taps = np.ascontiguousarray(taps.transpose(1, 2, 3, 0))
        taps.flags.writeable = False
        return taps

    @property
    def in_channels(self) -> int:
        """Number of input channels."""
        return self.weight.shape[1] * self.groups

    @property
    def out_channels(self) -> int:
        """Number of output channels."""
        return len(self.weight)

    @property
    def _weight_dtype(self):
        return self.weight.dtype

    def _largest_output(self, largest):
        return largest_sum(self.weight, self.bias, largest)

    def _output_shape(self, shape):
        count = len(self._spatial)
        axes = ", ".join(map(str, (self.in_channels, *self._spatial)))
        must = f"have the axes [..., {axes}]"
        channels, *sizes = last_sizes(shape, count + 1, must)
        if channels not in (None, self.in_channels):
            raise MisfitError(must)
        found = self._geometry.output_sizes((1, *sizes)[-2:])[-count:]
        for name, size, output in zip(self._spatial, sizes, found, strict=True):
            if output is not None and output < 1:
                raise MisfitError(f"have a {name} that the kernel fits into, not {size},")
        return (*sizes_before(shape, count + 1), self.out_channels, *found)

    def _fill(self, values, out, exact, backend):
        lines = (1,) if len(self._spatial) == 1 else ()
        images, sizes = values.shape[-len(self._spatial) :], out.shape[-len(self._spatial) :]
        spikes = bytes_of(values).reshape(-1, self.in_channels, *lines, *images)
        places = out.reshape(-1, self.out_channels, *lines, *sizes)
        # Faster than a product by BLAS at any density; benchmarks/NOTES.md has the numbers.
        backend.convolution(read_only(spikes), self._taps, self.bias, self._geometry, places)

    def __repr__(self) -> str:
        defaults = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        size = "x".join(map(str, self.weight.shape[2:]))
        kind, text = type(self).__name__, f"{self.in_channels} -> {self.out_channels}, {size}"
        for name, default in defaults.items():
            value = getattr(self, name)
            if value != default and value != (default, default):
                text += f", {name}={value!r}"
        return f"{kind}({text}, {self.weight.dtype})"


@dataclass(frozen=True, eq=False, repr=False)
class Conv1d(Convolution):
    """Cross-correlation along the last axis, as torch's ``nn.Conv1d``.

    ``y[o, x] = sum_(c, i) w[o, c, i] * s[c, x*stride + i*dilation - padding] + b[o]``.

    Parameters
    ----------
    weight : array_like
        ``[out_channels, in_channels / groups, width]``, float32 or float64, finite.
    bias : array_like, optional
        ``[out_channels]``; none is 0.
    stride : int
        Inputs from one output to the next.
    padding : int or {"same", "valid"}
        Zeros before and after the input; as many as keep the length (one more after than before if
        their number is odd, as in torch); or none.
    dilation : int
        Inputs from one element of the kernel to the next.
    groups : int
        Groups of channels; the outputs of a group have its inputs alone.

    Raises
    ------
    ValueError, TypeError
        Weights that are not a finite floating array of three axes, or numbers that do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import Conv1d
    >>> layer = Conv1d(np.array([[[0.5, 1.0, 0.25]]]), padding=1)
    >>> layer(np.array([[0, 1, 0, 0, 1]], np.uint8))
    array([[0.25, 1.  , 0.5 , 0.25, 1.  ]])
    """

    weight: Array
    if TYPE_CHECKING:  # an array, whatever it is made of
        bias: Array

        def __init__(
            self,
            weight: ArrayLike,
            bias: ArrayLike | None = None,
            stride: Integer = 1,
            padding: Integer | Literal["same", "valid"] = 0,
            dilation: Integer = 1,
            groups: Integer = 1,
        ) -> None: ...
    else:
        bias: Array | None = None
    stride: Integer = 1
    padding: Integer | Literal["same", "valid"] = 0
    dilation: Integer = 1
    groups: Integer = 1

    _spatial = ("width",)

    def __post_init__(self):
        self._make(whole)


@dataclass(frozen=True, eq=False, repr=False)
class Conv2d(Convolution):
    """Cross-correlation over the last two axes, as torch's ``nn.Conv2d``.

    ``y[o, r, q] = sum_(c, i, j) w[o, c, i, j] * s[c, y, x] + b[o]`` with
    ``y = r*stride + i*dilation - padding``, and x likewise.

    Parameters
    ----------
    weight : array_like
        ``[out_channels, in_channels / groups, height, width]``, float32 or float64, finite.
    bias : array_like, optional
        ``[out_channels]``; none is 0.
    stride : int or pair of int
        Inputs from one output to the next; pairs are (height, width).
    padding : int, pair of int or {"same", "valid"}
        Zeros around the input; as many as keep its size (one more after than before if their number
        is odd, as in torch); or none.
    dilation : int or pair of int
        Inputs from one element of the kernel to the next.
    groups : int
        Groups of channels; the outputs of a group have its inputs alone.

    Raises
    ------
    ValueError, TypeError
        Weights that are not a finite floating array of four axes, or numbers that do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import Conv2d
    >>> layer = Conv2d(np.ones((4, 2, 3, 3), np.float32), stride=2, padding=1)
    >>> layer
    Conv2d(2 -> 4, 3x3, stride=(2, 2), padding=(1, 1), float32)
    >>> layer(np.ones((5, 2, 34, 34), np.uint8)).shape
    (5, 4, 17, 17)
    """

    weight: Array
    if TYPE_CHECKING:  # an array, whatever it is made of
        bias: Array

        def __init__(
            self,
            weight: ArrayLike,
            bias: ArrayLike | None = None,
            stride: Pair = 1,
            padding: Padding = 0,
            dilation: Pair = 1,
            groups: Integer = 1,
        ) -> None: ...
    else:
        bias: Array | None = None
    stride: Pair = 1
    padding: Padding = 0
    dilation: Pair = 1
    groups: Integer = 1

    _spatial = ("height", "width")

    def __post_init__(self):
        self._make(pair)
