"""What a file of events holds: a table with a row for each event, as it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Integer, Number
from spikecore.events.cells import Combine
from spikecore.events.table import Events
from spikecore.foreign import a_kind

POLARITIES = ("channels", "signed", "ignore")


class Recording:
    """Events as they were recorded, in the order of the file.

    :func:`spikecore.events.read` makes it.  ``recording["t"]`` is a column of the table.

    Parameters
    ----------
    table : numpy.ndarray
        A structured array with the field ``t``, and those of ``x``, ``y``, ``p``, ``address`` and
        ``sample`` that there are.  It is copied.
    size : tuple of int, optional
        Height and width of the sensor, or the number of units.
    tick : float
        Seconds in a unit of ``t``.
    stop : float, optional
        The end of the recording in the unit of ``t``, where it is known.
    labels : array_like, optional
        One for each sample.
    header : tuple of str
        The text at the beginning of the file, in lines.
    skipped : mapping of str to int
        How many things in the file are no events of the table, by what they are.

    Attributes
    ----------
    table : numpy.ndarray
        Read-only.  ``t`` is in units of ``tick`` seconds, ``x`` the column or the unit, ``y`` the
        row, ``p`` 1 for ON and 0 for OFF, ``sample`` the number of the sample.
    size, tick, stop, labels, header, skipped
        As above.

    Raises
    ------
    ValueError, TypeError
        A table without fields, or without the field ``t``.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import events
    >>> kinds = [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "u1")]
    >>> table = np.array([(1500, 1, 0, 1), (2500, 0, 1, 0)], kinds)
    >>> recording = events.Recording(table, size=(2, 2))
    >>> recording
    Recording(2 events, t x y p, size (2, 2))
    >>> recording.to_events(dt=1000, num_steps=3).to_numpy().tolist()
    [(1, 5, True), (2, 2, True)]
    """

    __slots__ = ("_edges", "header", "labels", "size", "skipped", "stop", "table", "tick")

    table: Array
    size: tuple[int, ...] | None
    tick: float
    stop: float | None
    labels: Array | None
    header: tuple[str, ...]
    skipped: Mapping[str, int]
    _edges: Any

    def __init__(
        self,
        table: Array,
        size: tuple[Integer, ...] | None = None,
        *,
        tick: Number = 1e-6,
        stop: Number | None = None,
        labels: ArrayLike | None = None,
        header: tuple[str, ...] = (),
        skipped: Mapping[str, int] | None = None,
    ) -> None:
        if not isinstance(table, np.ndarray) or not table.dtype.names or table.ndim != 1:
            got, remedy = a_kind(table), "pass an array with the fields t, x, y, p"
            arguments.refuse("table", "be a structured array", got, remedy, TypeError)
        if "t" not in table.dtype.names:
            got, remedy = f"the fields {table.dtype.names}", "name the field of the times t"
            arguments.refuse("table", "have the field 't'", got, remedy)
        for name in table.dtype.names:
            if table.dtype[name].kind not in "biuf":
                got = f"{table.dtype[name]}"
                remedy = "pass columns of numbers"
                arguments.refuse(f"table[{name!r}]", "hold numbers", got, remedy, TypeError)
        kept = table.copy()
        kept.flags.writeable = False
        fields = {
            "table": kept,
            "size": None if size is None else _lengths(size),
            "tick": arguments.number("tick", tick, low=0, open_low=True),
            "stop": None if stop is None else arguments.number("stop", stop),
            "labels": None if labels is None else _frozen(arguments.array("labels", labels)),
            "header": arguments.names("header", header),
            "skipped": MappingProxyType(dict(skipped or {})),
            "_edges": None,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __getitem__(self, name: str) -> Array:
        """A column of the table."""
        if name not in self._names:
            remedy = "choose among them"
            arguments.refuse("name", f"be one of {self._names}", arguments.shown(name), remedy)
        return self.table[name]

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        size = "" if self.size is None else f", size {self.size}"
        return f"Recording({len(self)} events, {' '.join(self._names)}{size})"

    def __eq__(self, recording: object) -> bool:
        """Whether table, size, tick, stop and labels are equal."""
        if not isinstance(recording, Recording):
            return NotImplemented
        mine, theirs = (
            (r.size, r.tick, r.stop, r.table.dtype, r.table.tobytes()) for r in (self, recording)
        )
        return mine == theirs and np.array_equal(
            () if self.labels is None else self.labels,
            () if recording.labels is None else recording.labels,
        )

    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name, value=None):
        raise AttributeError(f"Recordings cannot be changed ({name}); make a new one")

    __delattr__ = __setattr__

    def __reduce__(self):
        return _restored, tuple(
            dict(getattr(self, name)) if name == "skipped" else getattr(self, name)
            for name in ("table", "size", "tick", "stop", "labels", "header", "skipped")
        )

    def sample(self, index: Integer) -> Recording:
        """The events of one sample, without the field ``sample``.

        Parameters
        ----------
        index : int

        Returns
        -------
        Recording
        """
        names = [name for name in self._names if name != "sample"]
        if len(names) == len(self._names):
            got, remedy = f"the fields {tuple(names)}", "use the recording itself"
            arguments.refuse("the recording", "have the field 'sample'", got, remedy)
        index = arguments.integer("index", index, 0, max(0, self._samples - 1))
        chosen = self.table[self._rows_of(index)]
        table = np.empty(len(chosen), [(name, chosen.dtype[name]) for name in names])
        for name in names:
            table[name] = chosen[name]
        labels = None if self.labels is None else self.labels[index : index + 1]
        return Recording(table, self.size, tick=self.tick, stop=self.stop, labels=labels)

    def _rows_of(self, index):
        """The rows of a sample: a slice, where each sample lies together."""
        if self._edges is None:
            numbers = np.ascontiguousarray(self.table["sample"])
            together = (numbers[1:] >= numbers[:-1]).all()
            edges = np.searchsorted(numbers, np.arange(self._samples + 1)) if together else ()
            object.__setattr__(self, "_edges", edges)
        if len(self._edges):
            return slice(self._edges[index], self._edges[index + 1])
        return self.table["sample"] == index

    @property
    def _names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self.table.dtype.names or ()

    @property
    def _samples(self):
        """The number of samples."""
        if self.labels is not None:
            return len(self.labels)
        numbers = self.table["sample"]
        return int(numbers.max()) + 1 if numbers.size else 0

    def to_events(
        self,
        dt: Number,
        *,
        num_steps: Integer | None = None,
        start: Number = 0,
        stop: Number | None = None,
        size: tuple[Integer, ...] | None = None,
        polarity: Literal["channels", "signed", "ignore"] = "channels",
        combine: Combine = "error",
        bypass: bool = False,
    ) -> Events:
        """Events in steps of ``dt``.

        Parameters
        ----------
        dt : float
            In the unit of ``t``: 1000 is a millisecond of a recording in microseconds.
        num_steps, start, stop, combine, bypass
            As in :meth:`Events.from_times`; ``stop`` is that of the recording where it has one.
        size : tuple of int, optional
            In place of the recording's: height and width, or the number of units.
        polarity : {"channels", "signed", "ignore"}
            Two channels in front of the rows, OFF 0 and ON 1; or values of -1 and 1 in one; or
            nothing.  Without the field ``p`` it has no effect.

        Returns
        -------
        Events
            Of the shape ``(samples, 2, height, width)``, without the axes that there are not.

        Raises
        ------
        ValueError, TypeError
            No size, columns outside of it, and what :meth:`Events.from_times` refuses.
        """
        polarity = arguments.choice("polarity", polarity, POLARITIES)
        axes, value = self._axes(size, polarity)
        if num_steps is None and stop is None:
            stop = self.stop
        shape = tuple(length for _, _, length in axes)
        element = np.zeros(len(self), np.int64)
        for name, column, length in axes:
            _refuse_outside(name, column, length)
            element = element * length + column
        return Events.from_times(
            self.table["t"], element, shape, dt, num_steps=num_steps, start=start, stop=stop,
            value=value, combine=combine, bypass=bypass,
        )  # fmt: skip

    def _axes(self, size, polarity):
        """The axes of one step, each a name, a column and a length; and the values or None."""
        names = self._names
        size = self.size if size is None else _lengths(size)
        places = [name for name in ("y", "x") if name in names]
        if not places:
            got, remedy = f"the fields {names}", "read the file with camera="
            arguments.refuse("the recording", "have the field 'x'", got, remedy)
        if size is None:
            enough = tuple(int(self.table[name].max()) + 1 if len(self) else 0 for name in places)
            raise ValueError(
                f"size must be given for a recording that does not tell it; pass size={enough} to "
                "hold all events, or that of the sensor"
            )
        if len(size) != len(places):
            must = f"have a length for each of {places}"
            arguments.refuse("size", must, size, "pass height and width, or the number of units")
        axes, value = [], None
        if "sample" in names:
            axes.append(("sample", self.table["sample"], self._samples))
        if "p" in names and polarity == "channels":
            axes.append(("p", self.table["p"], 2))
        if "p" in names and polarity == "signed":
            value = np.where(self.table["p"] > 0, np.int8(1), np.int8(-1))
        axes += [(name, self.table[name], n) for name, n in zip(places, size, strict=True)]
        return axes, value


def _restored(table, size, tick, stop, labels, header, skipped):
    """The recording of a pickle."""
    kept = {"tick": tick, "stop": stop, "labels": labels, "header": header, "skipped": skipped}
    return Recording(table, size, **kept)


def _lengths(size):
    """``size`` as a tuple of ints."""
    remedy = "pass height and width, or the number of units"
    lengths = (size,) if isinstance(size, (int, np.integer)) else size
    lengths = arguments.items("size", lengths, "be a tuple of lengths", remedy)
    return tuple(
        arguments.integer(f"size[{i}]", n, 1, remedy=remedy) for i, n in enumerate(lengths)
    )


def _frozen(array):
    """A read-only copy."""
    kept = array.copy()
    kept.flags.writeable = False
    return kept


def _refuse_outside(name, column, length):
    """Refuse a column with a number outside of the axis."""
    if column.dtype.kind == "f":
        must, remedy = "hold whole numbers", "pass columns of integers"
        arguments.refuse(f"table[{name!r}]", must, f"dtype {column.dtype}", remedy, TypeError)
    outside = (column < 0) | (column >= length)
    if outside.any():
        where = int(np.argmax(outside))
        must = f"lie from 0 to {length - 1}"
        arguments.refuse(f"table[{name!r}][{where}]", must, column[where], "pass a larger size")
