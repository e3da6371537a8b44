"""Weighted sums of spikes in integers, with an exponent and a delay as hardware has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, ArrayLike, Device, Integer, Number
from spikecore.neurons.fixed import integers
from spikecore.neurons.fixed.weights import quantize

LARGEST = 2**31 - 1
WIDEST = 16  # bits of a weight, of a spike, and how far an exponent shifts
REMEDY = "scale it down or convert it to spikes of a smaller size"


@dataclass(frozen=True, eq=False, repr=False)
class Linear:
    """``current = (spikes @ weight.T) * 2**exponent``, in integers, some steps later.

    A negative exponent drops the lowest bits of the sum, which rounds down.

    Parameters
    ----------
    weight : array_like
        ``[out_features, in_features]``, integers of at most 16 bits.
    exponent : int
        From -16 to 16.
    delay : int
        Steps from a spike to its current, 0 or 1 (:meth:`run`).

    Raises
    ------
    ValueError, TypeError
        Weights that are not a matrix of such integers, or whose sums of binary spikes an int32
        could not hold.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.neurons import fixed
    >>> layer = fixed.Linear(fixed.quantize([[100, -7], [3, 40]], "loihi"), exponent=-1)
    >>> layer(np.array([[1, 0], [1, 1]], np.uint8))
    array([[50,  1],
           [46, 21]], dtype=int32)
    """

    weight: Array
    if TYPE_CHECKING:  # an array, whatever it is made of
        exponent: int
        delay: int

        def __init__(
            self, weight: ArrayLike, exponent: Integer = 0, delay: Integer = 0
        ) -> None: ...
    else:
        exponent: int = 0
        delay: int = 0

    def __post_init__(self):
        top = 1 << (WIDEST - 1)
        weight = np.asarray(integers.parameter("weight", self.weight, -top, top - 1))
        if weight.ndim != 2:
            must = "be a matrix [out_features, in_features]"
            arguments.refuse("weight", must, f"shape {weight.shape}", "reshape it")
        weight = weight.astype(np.int32)
        weight.flags.writeable = False
        exponent = arguments.integer("exponent", self.exponent, -WIDEST, WIDEST)
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "exponent", exponent)
        object.__setattr__(self, "delay", arguments.integer("delay", self.delay, 0, 1))
        self._refuse_overflow("weight", 1)

    @classmethod
    def profile(
        cls,
        name: str,
        weight: ArrayLike,
        exponent: Integer = 0,
        delay: Integer | None = None,
        *,
        bits: Integer | None = None,
        sign_mode: str = "mixed",
        scale: Number = 1.0,
    ) -> Linear:
        """The layer of known hardware, which stores the weights in its own way.

        Parameters
        ----------
        name : str
            A profile of :func:`quantize`.
        weight : array_like
            ``[out_features, in_features]``, finite numbers.
        exponent : int
            As above.
        delay : int, optional
            As above; of Loihi 1, of the others 0.
        bits, sign_mode, scale
            As in :func:`quantize`.

        Returns
        -------
        Linear

        Examples
        --------
        >>> from spikecore.neurons import fixed
        >>> fixed.Linear.profile("loihi", [[100, -7]])
        fixed.Linear(2 -> 1, exponent=0, delay=1)
        """
        stored = quantize(weight, name, bits=bits, sign_mode=sign_mode, scale=scale)
        return cls(stored, exponent, int(name.lower() == "loihi") if delay is None else delay)

    def __eq__(self, layer: object) -> bool:
        """Whether weights, exponent and delay are equal."""
        if not isinstance(layer, Linear):
            return NotImplemented
        mine, theirs = (self.exponent, self.delay), (layer.exponent, layer.delay)
        return mine == theirs and np.array_equal(self.weight, layer.weight)

    def __repr__(self) -> str:
        sizes = f"{self.in_features} -> {self.out_features}"
        return f"fixed.Linear({sizes}, exponent={self.exponent}, delay={self.delay})"

    @property
    def in_features(self) -> int:
        """Number of inputs."""
        return self.weight.shape[1]

    @property
    def out_features(self) -> int:
        """Number of outputs."""
        return self.weight.shape[0]

    def __call__(self, spikes: ArrayLike, *, device: Device | None = None) -> Array:
        """Currents of spikes, without the delay.

        Parameters
        ----------
        spikes : array_like
            ``[..., in_features]``: bool, or integers of at most 16 bits.
        device
            As in :func:`spikecore.spikegen.rate`.

        Returns
        -------
        numpy.ndarray
            ``[..., out_features]``, int32.

        Raises
        ------
        ValueError, TypeError
            Spikes of another width or dtype, or whose sums an int32 could not hold.
        """
        given = arguments.array("spikes", spikes)
        backend = backends.choose(device, outputs=given.size)
        given = self._inputs("spikes", given, backend)
        return self._product(given, backend)

    def run(
        self,
        spikes: ArrayLike,
        before: ArrayLike | None = None,
        *,
        device: Device | None = None,
    ) -> tuple[Array, Array]:
        """Currents of a sequence of spikes, each ``delay`` steps after its spikes.

        Parameters
        ----------
        spikes : array_like
            ``[num_steps, ..., in_features]``.
        before : array_like, optional
            ``[delay, ..., in_features]``: the spikes before the first step; none if left out.
        device
            As in :func:`spikecore.spikegen.rate`.

        Returns
        -------
        currents : numpy.ndarray
            ``[num_steps, ..., out_features]``, int32.
        before : numpy.ndarray
            ``[delay, ..., in_features]``, int32: the last spikes, with which another run can
            continue.

        Raises
        ------
        ValueError, TypeError
            As for a call; and ``before`` of another shape.

        Examples
        --------
        >>> import numpy as np
        >>> from spikecore.neurons import fixed
        >>> currents, before = fixed.Linear([[2, 4]], delay=1).run(np.array([[1, 0], [1, 1]]))
        >>> currents[:, 0]
        array([0, 2], dtype=int32)
        >>> before
        array([[1, 1]], dtype=int32)
        """
        given = arguments.array("spikes", spikes)
        if given.ndim < 2:
            must, remedy = "have a time axis", "pass [num_steps, ..., in_features]"
            arguments.refuse("spikes", must, f"shape {given.shape}", remedy)
        backend = backends.choose(device, outputs=given.size)
        given = self._inputs("spikes", given, backend)
        shape = (self.delay, *given.shape[1:])
        held = np.zeros(shape, np.int32)
        if before is not None:
            held = self._inputs("before", arguments.array("before", before), backend)
            if held.shape != shape:
                remedy = "pass what the run before returned"
                arguments.refuse("before", f"have shape {shape}", held.shape, remedy)
        whole = np.concatenate([held, given])
        arrived, rest = whole[: len(given)], whole[len(given) :]
        return self._product(arrived, backend), rest.astype(np.int32)

    def _inputs(self, name, given, backend):
        """Spikes as the product takes them, contiguous."""
        if given.ndim == 0 or given.shape[-1] != self.in_features:
            must = f"have {self.in_features} inputs on their last axis"
            remedy = f"pass [..., {self.in_features}]"
            arguments.refuse(name, must, f"shape {given.shape}", remedy)
        given = given.view(np.uint8) if given.dtype == np.bool_ else given
        top = 1 << (WIDEST - 1)
        values = integers.data(name, given, -top, top - 1, backend, REMEDY)
        if values.size:
            self._refuse_overflow(name, max(-int(values.min()), int(values.max())))
        return values

    def _refuse_overflow(self, name, largest):
        """Refuse what could give a sum that an int32 does not hold."""
        bound = int(np.abs(self.weight).sum(axis=1, dtype=np.int64).max()) * largest
        bound <<= max(self.exponent, 0)
        if bound > LARGEST:
            must = "give currents below 2**31"
            got = f"spikes of up to {largest}, whose weighted sum may be {bound}"
            arguments.refuse(name, must, got, "use smaller weights, spikes or a smaller exponent")

    @cached_property
    def _rows(self):
        """The weights of each input in a row; float64 holds every sum of them exactly."""
        rows = np.ascontiguousarray(self.weight.T, np.float64)
        rows.flags.writeable = False
        return rows

    def _product(self, spikes, backend):
        """Currents of spikes that have been checked."""
        shape = (*spikes.shape[:-1], self.out_features)
        arguments.output(None, shape, np.dtype(np.float64), backend)
        sums = np.empty((spikes.size // self.in_features, self.out_features))
        if sums.size:
            rows = spikes.reshape((-1, self.in_features)).astype(np.float64)
            rows.flags.writeable = False
            backend.product(rows, self._rows, np.zeros(self.out_features), sums)
        whole = sums.astype(np.int64)
        if self.exponent >= 0:
            return (whole << self.exponent).astype(np.int32).reshape(shape)
        return (whole >> -self.exponent).astype(np.int32).reshape(shape)
