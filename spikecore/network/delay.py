"""A layer whose output is its input of some steps before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Integer
from spikecore.network.elements import broadcast_shape, shown
from spikecore.network.layer import Layer, finite_input, read_only, spike_array
from spikecore.results import by_value

MOST_STEPS = 2**24


@by_value
class LayerOutput(NamedTuple):
    """The result of a layer that keeps a state and is run by itself.

    Attributes
    ----------
    values : numpy.ndarray
        The output, ``[num_steps, ...]``.
    final : tuple of numpy.ndarray
        The state after the last step, with which another run can continue.
    """

    values: Array
    final: tuple[Array, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Delay(Layer):
    """``y[t] = x[t - steps]``; zeros before the first step.

    In a cycle of a :class:`Graph` a delay of at least one step closes it, and no other step is
    added.

    Parameters
    ----------
    steps : int or array_like of int
        For all elements, or one for each; several broadcast to the last axes of the input.

    Raises
    ------
    ValueError, TypeError
        Steps that are not whole numbers of at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import Delay
    >>> Delay([1, 2]).run(np.array([[1, 1], [0, 0], [1, 0]], np.uint8)).values
    array([[0, 0],
           [1, 0],
           [0, 1]], dtype=uint8)
    """

    steps: Integer | Array

    state_names = ("delayed",)

    def __post_init__(self):
        given = arguments.array("steps", self.steps)
        if given.dtype.kind not in "iu" or not given.size:
            must, remedy = "be whole numbers", "round the times over dt"
            arguments.refuse("steps", must, arguments.shown(self.steps), remedy, TypeError)
        for steps in (given.min(), given.max()):
            arguments.integer("steps", steps, 0, MOST_STEPS)
        steps = given.astype(np.int64)
        steps.flags.writeable = False
        self._set("steps", steps if steps.ndim else int(steps))

    def run(self, spikes: ArrayLike, delayed: ArrayLike | None = None) -> LayerOutput:
        """Delay a whole sequence.

        Parameters
        ----------
        spikes : array_like
            ``[num_steps, ...]``: bool, int8, uint8, float32 or float64.
        delayed : array_like, optional
            The inputs of the steps before, oldest first, such as ``final[0]`` of a former run.

        Returns
        -------
        LayerOutput
            The delayed input, of its dtype, and the inputs that are on their way.

        Raises
        ------
        ValueError, TypeError
            Spikes or a state of another shape or dtype, or NaN.
        """
        given = spike_array(arguments.array("spikes", spikes))
        if given.ndim == 0:
            arguments.refuse("spikes", "have a time axis", "a number", "pass [num_steps, ...]")
        shape = self._fitting("spikes", given.shape[1:])
        backend = backends.on_host()
        finite_input("spikes", given, given.dtype, backend)
        part = self._begin(shape, given.dtype, (delayed,), backend, exact=True)
        out = arguments.output(None, given.shape, given.dtype)
        part.fill(read_only(given), out, 0)
        return LayerOutput(out, part.final)

    def _output_shape(self, shape):
        return broadcast_shape(shape, self.steps, "steps")

    def _output_dtype(self, given, dtype):
        return given

    def _closes(self):
        return int(np.min(self.steps)) > 0

    def _begin(self, shape, dtype, state, backend, exact):
        longest = int(np.max(self.steps))
        held = state[0] if state else None
        whole = (longest, *shape)
        if held is None:
            ring = arguments.output(None, whole, dtype)
            ring[...] = 0
        else:
            ring = held_array("delayed", held, whole, dtype, backend)
        return Line(self, shape, dtype, ring)

    def __repr__(self) -> str:
        return f"Delay({shown(self.steps)})"


class Line:
    """A delay in a run: a ring of the last inputs, oldest first at its position."""

    def __init__(self, layer, shape, dtype, ring):
        self.shape, self.dtype, self._ring, self._position = shape, dtype, ring, 0
        spread = np.broadcast_to(layer.steps, shape)
        self._delays = {int(k): spread == k for k in np.unique(layer.steps)}
        if len(self._delays) == 1:
            self._delays = dict.fromkeys(self._delays)  # for all elements
        self._scratch: Any = None

    def place(self, steps, moment):
        """The array for the output of a chunk of steps."""
        if self._scratch is None or len(self._scratch) < steps:
            self._scratch = np.empty((steps, *self.shape), self.dtype)
        return self._scratch[:steps]

    def fill(self, values, out, first):
        """Set ``out`` to the delayed values."""
        for x, row in zip(values, out, strict=True):
            self.emit(row, x)
            self.absorb(x)

    def emit(self, row, x=None):
        """Set ``row`` to what arrives in this step; ``x`` is its input, for a delay of 0."""
        for steps, where in self._delays.items():
            late = x if steps == 0 else self._ring[(self._position - steps) % len(self._ring)]
            if where is None:
                row[...] = late
            else:
                np.copyto(row, late, where=where)

    def absorb(self, x):
        """Take the input of this step."""
        if len(self._ring):
            self._ring[self._position] = x
            self._position = (self._position + 1) % len(self._ring)

    @property
    def final(self):
        """The inputs that are on their way, oldest first."""
        return (np.roll(self._ring, -self._position, axis=0),)


def held_array(name, held, shape, dtype, backend):
    """What a former run left: a new array of that shape and dtype."""
    given = arguments.array(name, held)
    if given.shape != shape or given.dtype != dtype:
        must = f"have shape {shape} and dtype {dtype}"
        got = f"{given.shape} and {given.dtype}"
        arguments.refuse(name, must, got, "pass what a former run returned")
    result = np.array(given, order="C")
    finite_input(name, result, dtype, backend)
    return result
