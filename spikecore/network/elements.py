"""Layers that take each element by itself: ``Scale``, ``Threshold``, and ``Flatten``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spikecore import arguments
from spikecore.annotations import Integer, PerNeuron
from spikecore.backends.floats import standard_floats
from spikecore.network.layer import MisfitError, Stateless, last_sizes, sizes_before


@dataclass(frozen=True, eq=False, repr=False)
class Scale(Stateless):
    """``y = scale*x``.

    Parameters
    ----------
    scale : float or array_like
        A number, or numbers that broadcast to the last axes of the input.

    Raises
    ------
    ValueError, TypeError
        A scale that is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import Scale
    >>> Scale([0.5, 2.0])(np.ones((3, 2), np.uint8))[0]
    array([0.5, 2. ], dtype=float32)
    """

    scale: PerNeuron

    def __post_init__(self):
        self._set("scale", arguments.parameter("scale", self.scale))

    def _output_shape(self, shape):
        return broadcast_shape(shape, self.scale, "scale")

    def _largest_output(self, largest):
        bound = float(np.max(np.abs(self.scale)))
        return largest * bound if bound else 0.0

    def _fill(self, values, out, exact, backend):
        with standard_floats(), np.errstate(over="ignore"):
            scale = np.asarray(self.scale).astype(out.dtype)
            np.multiply(values.astype(out.dtype, copy=False), scale, out=out)

    def __repr__(self) -> str:
        return f"Scale({shown(self.scale)})"


@dataclass(frozen=True, eq=False, repr=False)
class Threshold(Stateless):
    """1 where the input is above the threshold and 0 elsewhere, as uint8.

    Parameters
    ----------
    threshold : float or array_like
        A number, or numbers that broadcast to the last axes of the input.
    compare : {">", ">="}
        Above, or also where it is equal.

    Raises
    ------
    ValueError, TypeError
        A threshold that is not finite, or another comparison.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import Threshold
    >>> Threshold(0.5)(np.array([0.25, 0.5, 0.75]))
    array([0, 0, 1], dtype=uint8)
    """

    threshold: PerNeuron
    compare: Literal[">", ">="] = ">"

    def __post_init__(self):
        self._set("threshold", arguments.parameter("threshold", self.threshold))
        self._set("compare", arguments.choice("compare", self.compare, (">", ">=")))

    def _output_shape(self, shape):
        return broadcast_shape(shape, self.threshold, "threshold")

    def _output_dtype(self, given, dtype):
        return np.dtype(np.uint8)

    def _largest_output(self, largest):
        return 1.0

    def _fill(self, values, out, exact, backend):
        compare = np.greater if self.compare == ">" else np.greater_equal
        dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float32)
        threshold = np.asarray(self.threshold).astype(dtype)
        compare(values, threshold, out=out.view(np.bool_))

    def __repr__(self) -> str:
        at_least = "" if self.compare == ">" else ", compare='>='"
        return f"Threshold({shown(self.threshold)}{at_least})"


@dataclass(frozen=True, eq=False, repr=False)
class Flatten(Stateless):
    """Make one axis of several, in C order.

    Axes are counted from the last one, so that batch axes are of no account.

    Parameters
    ----------
    start, end : int
        First and last axis of those that become one; negative.  By default channels, height and
        width.

    Raises
    ------
    ValueError, TypeError
        Axes that are not negative whole numbers in this order.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import Flatten
    >>> Flatten()(np.ones((5, 16, 4, 4), np.uint8)).shape
    (5, 256)
    """

    start: Integer = -3
    end: Integer = -1

    _overflows_at_once = False

    def __post_init__(self):
        self._set("end", arguments.integer("end", self.end, -64, -1, "count from the last axis"))
        self._set("start", arguments.integer("start", self.start, -64, self.end))

    def _output_shape(self, shape):
        sizes = last_sizes(shape, -self.start, f"have at least {-self.start} axes")
        count = self.end - self.start + 1
        joined, after = sizes[:count], sizes[count:]
        size = None if None in joined else math.prod(joined)
        return (*sizes_before(shape, -self.start), size, *after)

    def _output_dtype(self, given, dtype):
        return given

    def _fill(self, values, out, exact, backend):
        backend.copy_into(out, values)

    def __repr__(self) -> str:
        return (
            "Flatten()"
            if (self.start, self.end) == (-3, -1)
            else f"Flatten({self.start}, {self.end})"
        )


def broadcast_shape(shape, value, name):
    """The shape, if numbers broadcast to its last sizes."""
    given = np.shape(value)
    must = f"have last sizes that {name}, of shape {given}, broadcasts to"
    for size, number in zip(last_sizes(shape, len(given), must), given, strict=True):
        if number != 1 and size not in (None, number):
            raise MisfitError(must)
    return shape


def shown(value):
    """A number, or the shape of several."""
    return f"{np.shape(value)}" if np.ndim(value) else f"{value!r}"
