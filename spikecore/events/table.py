"""Spikes as a table: the step, the element and the value of every spike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spikecore import arguments, memory
from spikecore.annotations import Array, ArrayLike, Integer, Number
from spikecore.events import bits, cells
from spikecore.events.binning import binned
from spikecore.events.cells import COMBINE, Combine


class Events:
    """Spikes as sorted events ``(step, element, value)``: what is not 0 in ``[num_steps, *shape]``.

    Memory grows with the events.  They are sorted by step, then by element, and no two lie in one
    cell.  Time is the half-open interval from 0 to ``num_steps*dt``.  Nothing in it can be changed.

    Parameters
    ----------
    step, element : array_like of int, shape ``[n]``
        Where the events lie, in any order; elements are numbered in the C order of ``shape``.
    shape : int or tuple of int
        Of one step: of the features, or batch and features; ``()`` for a single train.
    num_steps : int
    value : array_like, optional
        One for each event, or one for all; real, finite and not 0.  Without it they are True.
    dt : float, optional
        Length of a step in units of time.
    combine : {"error", "any", "count", "signed"}
        Several events of one cell are an error, or one event: True, their number, or the sum of the
        signs of their values.  Signs that cancel leave no event.

    Attributes
    ----------
    step, element, value : numpy.ndarray
        Read-only.  ``step`` and ``element`` have the smallest of int16, int32 and int64 that holds
        all steps, or all elements: convert them before you compute products of them.
    shape : tuple of int
    num_steps : int
    dt : float or None
    dropped : int
        Events outside of the interval that :meth:`from_times` left out.  It does not count in
        comparisons.

    Raises
    ------
    ValueError, TypeError
        Steps or elements that are outside, values that are 0, or several events in one cell.

    Notes
    -----
    Events can be passed to :class:`~spikecore.Linear`, :class:`~spikecore.Sequential`,
    :mod:`~spikecore.statistics`, :mod:`~spikecore.decode` and :mod:`~spikecore.spikeplot` in place
    of dense spikes.  ``numpy.asarray(events)`` is the dense array.

    Examples
    --------
    >>> from spikecore import Events
    >>> events = Events([2, 0, 2], [1, 0, 0], shape=2, num_steps=4, dt=0.001)
    >>> events
    Events(3 events, 4 steps of (2,), bool, dt=0.001)
    >>> events.to_dense("uint8")
    array([[1, 0],
           [0, 0],
           [1, 1],
           [0, 0]], dtype=uint8)
    """

    __slots__ = ("dropped", "dt", "element", "num_steps", "shape", "step", "value")

    step: NDArray[np.signedinteger[Any]]
    element: NDArray[np.signedinteger[Any]]
    value: Array
    shape: tuple[int, ...]
    num_steps: int
    dt: float | None
    dropped: int

    def __init__(
        self,
        step: ArrayLike,
        element: ArrayLike,
        shape: Integer | Iterable[Integer],
        num_steps: Integer,
        value: ArrayLike | None = None,
        dt: Number | None = None,
        *,
        combine: Combine = "error",
    ) -> None:
        lengths, total, size = cells.sizes(shape, num_steps)
        dt = _optional_dt(dt)
        combine = arguments.choice("combine", combine, COMBINE)
        steps = cells.whole_numbers("step", step, total, "pass more num_steps")
        elements = cells.whole_numbers("element", element, size, "pass a larger shape")
        if steps.size != elements.size:
            must = f"have as many numbers as step, {steps.size}"
            arguments.refuse("element", must, elements.size, "pass one of each for an event")
        values = None if value is None else cells.of_values("value", value, steps.size)
        found, values = cells.combined(steps * size + elements, values, combine, size, lengths)
        step, element = np.divmod(found, max(size, 1))
        self._set(step, element, values, lengths, total, dt)

    def _set(self, step, element, value, shape, num_steps, dt, dropped=0):
        """Take sorted arrays that were checked; they become read-only."""
        size = math.prod(shape)
        arrays = {
            "step": np.ascontiguousarray(step, cells.fitting(num_steps - 1)),
            "element": np.ascontiguousarray(element, cells.fitting(size - 1)),
            "value": np.ascontiguousarray(value),
        }
        for name, array in arrays.items():
            kept = array if array.flags.owndata else array.copy()
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "num_steps", num_steps)
        object.__setattr__(self, "dt", dt)
        object.__setattr__(self, "dropped", dropped)

    @classmethod
    def _made(cls, *fields):
        """Events of sorted arrays that were checked."""
        made = cls.__new__(cls)
        made._set(*fields)
        return made

    # --- made from other forms ------------------------------------------------------------------

    @classmethod
    def from_dense(cls, spikes: ArrayLike, dt: Number | None = None) -> Events:
        """What is not 0 in a dense array.

        Parameters
        ----------
        spikes : array_like
            ``[num_steps, ...]``, bool, integers or floats.
        dt : float, optional
            Length of a step.

        Returns
        -------
        Events
            With values of the dtype of the spikes, so that ``to_dense()`` gives the array back.

        Raises
        ------
        ValueError, TypeError
            No time axis, NaN or infinity, or an array on a GPU.

        Examples
        --------
        >>> from spikecore import Events
        >>> Events.from_dense([[0, 2], [0, 0], [-1, 0]]).to_numpy().tolist()
        [(0, 1, 2), (2, 0, -1)]
        """
        return cls._made(*cells.of_dense(spikes), _optional_dt(dt))

    @classmethod
    def from_times(
        cls,
        times: ArrayLike,
        element: ArrayLike,
        shape: Integer | Iterable[Integer],
        dt: Number,
        *,
        num_steps: Integer | None = None,
        start: Number = 0,
        stop: Number | None = None,
        value: ArrayLike | None = None,
        combine: Combine = "error",
        bypass: bool = False,
    ) -> Events:
        """Events at times, in steps of ``dt``: ``step = floor((time - start)/dt)``.

        Integer times with an integer ``dt`` are divided exactly.  For floats the quotient is taken
        in float64 and moved up to the next whole number where it is within 4 ulp of it, so that the
        time ``k*dt`` is step k.

        Parameters
        ----------
        times : array_like, shape ``[n]``
            In the unit of ``dt``, integers or floats, in any order.
        element : array_like of int, shape ``[n]``
        shape : int or tuple of int
        dt : float
            Positive.
        num_steps : int, optional
            Or ``stop``: the interval is ``[start, stop)`` with ``ceil((stop - start)/dt)`` steps.
        start, stop : float
        value, combine
            As in :class:`Events`.
        bypass : bool
            Leave out the events that lie outside of the interval, and count them in ``dropped``.

        Returns
        -------
        Events

        Raises
        ------
        ValueError, TypeError
            Times that are not finite or lie outside, neither or both of ``num_steps`` and ``stop``.

        Examples
        --------
        >>> from spikecore import Events
        >>> Events.from_times([0.1, 0.3, 0.7], [0, 0, 0], (), 0.1, num_steps=8).step
        array([1, 3, 7], dtype=int16)
        """
        return cls._made(
            *binned(times, element, shape, dt, num_steps, start, stop, value, combine, bypass)
        )

    @classmethod
    def unpack(
        cls, packed: ArrayLike, shape: Integer | Iterable[Integer], dt: Number | None = None
    ) -> Events:
        """The events of bits, as :meth:`pack` gives them.

        Parameters
        ----------
        packed : array_like of uint8
            ``[num_steps, ceil(size/8)]``.
        shape : int or tuple of int
            Of one step, of that size; the bits after it are 0.
        dt : float, optional

        Returns
        -------
        Events
            With the value True.

        Examples
        --------
        >>> import numpy as np
        >>> from spikecore import Events
        >>> Events.unpack(np.array([[0b1000_0001]], np.uint8), shape=8).element
        array([0, 7], dtype=int16)
        """
        given = arguments.array("packed", packed)
        lengths, num_steps, size = cells.sizes(shape, len(given) if given.ndim else 0)
        step, element = bits.unpacked(given, size)
        value = np.ones(step.size, bool)
        return cls._made(step, element, value, lengths, num_steps, _optional_dt(dt))

    # --- other forms ----------------------------------------------------------------------------

    def to_dense(self, dtype: DTypeLike | None = None) -> Array:
        """The dense array ``[num_steps, *shape]``.

        Parameters
        ----------
        dtype : numpy.dtype, optional
            Real; by default that of the values.

        Returns
        -------
        numpy.ndarray

        Raises
        ------
        ValueError, TypeError
            A dtype that cannot hold the values, or an array larger than the memory that is free.
        """
        values = self.value if dtype is None else cells.converted(self.value, dtype)
        memory.fits_memory(self.dense_shape, values.dtype)
        dense = np.zeros(self.dense_shape, values.dtype)
        dense.reshape(-1)[self._cells] = values
        return dense

    def __array__(self, dtype=None, copy=None):
        """The dense array."""
        if copy is False:
            raise ValueError("Events have no dense array to share; leave out copy=False")
        return self.to_dense(dtype)

    def pack(self) -> NDArray[np.uint8]:
        """Bits, as ``numpy.packbits(dense.reshape(num_steps, -1), axis=1)`` gives them.

        Returns
        -------
        numpy.ndarray of uint8
            ``[num_steps, ceil(size/8)]``; element 0 is the highest bit of byte 0.

        Raises
        ------
        ValueError
            Values that are not 1, which one bit cannot hold.

        Examples
        --------
        >>> from spikecore import Events
        >>> Events([0, 0, 1], [0, 7, 1], shape=8, num_steps=2).pack()
        array([[129],
               [ 64]], dtype=uint8)
        """
        if (self.value != 1).any():
            held = self.value[np.argmax(self.value != 1)]
            remedy = "pass events of the value 1, or keep them as they are"
            arguments.refuse("value", "be 1 in each event to be packed in bits", held, remedy)
        return bits.packed(self.step, self.element, self.num_steps, self.size)

    def to_numpy(self) -> Array:
        """A structured array with the fields ``step``, ``element`` and ``value``.

        Examples
        --------
        >>> from spikecore import Events
        >>> Events([1], [2], shape=3, num_steps=2, value=-1).to_numpy()
        array([(1, 2, -1)],
              dtype=[('step', '<i2'), ('element', '<i2'), ('value', '<i8')])
        """
        columns = {"step": self.step, "element": self.element, "value": self.value}
        table = np.empty(len(self), [(name, column.dtype) for name, column in columns.items()])
        for name, column in columns.items():
            table[name] = column
        return table

    # --- what they are --------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of elements of one step."""
        return math.prod(self.shape)

    @property
    def dense_shape(self) -> tuple[int, ...]:
        """The shape of the dense array, ``(num_steps, *shape)``."""
        return (self.num_steps, *self.shape)

    @property
    def times(self) -> NDArray[np.float64]:
        """The middle of each event's step, ``(step + 1/2)*dt``; ``dt`` is 1 where it is None."""
        length = np.float64(1 if self.dt is None else self.dt)
        return (self.step + np.float64(0.5)) * length

    @property
    def _cells(self):
        """The number of each event's cell in the dense array."""
        return self.step.astype(np.int64) * self.size + self.element

    def counts(self, over: Literal["time", "elements"] = "time") -> NDArray[np.int64]:
        """The number of events, whatever their value.

        Parameters
        ----------
        over : {"time", "elements"}
            Sum over the steps, or over the elements.

        Returns
        -------
        numpy.ndarray of int64
            Of shape ``shape``, or ``[num_steps]``.

        Examples
        --------
        >>> from spikecore import Events
        >>> events = Events([2, 0, 2], [1, 0, 0], shape=2, num_steps=4)
        >>> events.counts(), events.counts(over="elements")
        (array([2, 1]), array([1, 0, 2, 0]))
        """
        over = arguments.choice("over", over, ("time", "elements"))
        found, shape = (self.element, self.shape) if over == "time" else (
            self.step, (self.num_steps,)
        )  # fmt: skip
        memory.fits_memory(shape, np.int64)
        return np.bincount(found, minlength=math.prod(shape)).astype(np.int64).reshape(shape)

    def __len__(self) -> int:
        return len(self.step)

    def __repr__(self) -> str:
        dt = "" if self.dt is None else f", dt={self.dt:g}"
        steps = f"{self.num_steps} steps of {self.shape}"
        return f"Events({len(self)} events, {steps}, {self.value.dtype}{dt})"

    # --- parts ----------------------------------------------------------------------------------

    def __getitem__(self, moment: slice) -> Events:
        """The events of steps ``[start, stop)``, counted from ``start``."""
        if not isinstance(moment, slice) or moment.step not in (None, 1):
            must, remedy = "be a slice of steps", "pass events[10:20]; take() chooses elements"
            arguments.refuse("index", must, arguments.shown(moment), remedy, TypeError)
        start, stop = cells.bounds(moment, self.num_steps)
        first, last = np.searchsorted(self.step, [start, stop])
        step, element, value = (
            getattr(self, name)[first:last] for name in ("step", "element", "value")
        )
        return Events._made(step - start, element, value, self.shape, stop - start, self.dt)

    def take(self, elements: ArrayLike) -> Events:
        """The events of some elements: ``dense.reshape(num_steps, -1)[:, elements]``.

        Parameters
        ----------
        elements : array_like of int, shape ``[k]``
            Numbers of elements in C order; one may stand several times.

        Returns
        -------
        Events
            Of shape ``(k,)``.

        Examples
        --------
        >>> from spikecore import Events
        >>> Events([0, 1], [2, 0], shape=3, num_steps=2).take([2, 1]).to_dense(int)
        array([[1, 0],
               [0, 0]])
        """
        remedy = f"number the elements from 0 to {self.size - 1}"
        wanted = cells.whole_numbers("elements", elements, self.size, remedy)
        source, element = cells.chosen(self.step, self.element, wanted)
        shape = (wanted.size,)
        fields = self.step[source], element, self.value[source], shape, self.num_steps, self.dt
        return Events._made(*fields)

    def _compared(self):
        """What two equal Events have in common."""
        arrays = (self.step.tobytes(), self.element.tobytes(), self.value.tobytes())
        return self.dense_shape, self.dt, self.value.dtype.str, *arrays

    def __eq__(self, events: object) -> bool:
        """Whether all events, the shape, ``dt`` and the dtype of the values are equal."""
        return self._compared() == events._compared() if isinstance(events, Events) else False

    def __hash__(self) -> int:
        return hash(self._compared())

    def __reduce__(self):
        fields = (self.step, self.element, self.value, self.shape, self.num_steps, self.dt)
        return Events._made, (*fields, self.dropped)

    def __setattr__(self, name, value=None):
        raise AttributeError(f"Events cannot be changed ({name}); make new ones")

    __delattr__ = __setattr__


def _optional_dt(dt):
    """A positive length of a step, or None."""
    return None if dt is None else arguments.number("dt", dt, low=0, open_low=True)
