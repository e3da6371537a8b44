"""What the codes of signals share: the call, thresholds, levels, channels and named choices.

A signal is ``[T, ...]``, each feature by itself.  An encoder's step gives a signed count of spikes;
what is written for a count is here.
"""

from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.arithmetic import like, select
from spikecore.codes.sparse import Tiles, checked, in_samples
from spikecore.compiler import equation
from spikecore.foreign import shape_of

NONE, UP, DOWN = np.int8(0), np.int8(1), np.int8(-1)


class Levels(NamedTuple):
    """What is written for a rise, a fall and neither."""

    on: Any
    off: Any
    silent: Any


# --- what is written ----------------------------------------------------------------------------


@equation
def emit(count, levels):
    """The value of a rise, a fall or neither."""
    return select(count > NONE, levels.on, select(count < NONE, levels.off, levels.silent))


@equation
def emit_rise(count, levels):
    """One for a rise, in a channel of its own."""
    return select(count > NONE, levels.on, levels.silent)


@equation
def emit_fall(count, levels):
    """One for a fall, in a channel of its own."""
    return select(count < NONE, levels.on, levels.silent)


@equation
def emit_number(number, levels):
    """The number itself."""
    return like(levels.on, number)


@equation
def emit_rises(number, levels):
    """The number of levels risen, in a channel of its own."""
    return like(levels.on, select(number > like(number, 0), number, like(number, 0)))


@equation
def emit_falls(number, levels):
    """The number of levels fallen, in a channel of its own."""
    return like(levels.on, select(number < like(number, 0), -number, like(number, 0)))


def written(paired, counted=False):
    """How a loop writes counts: the first value of an element, and the one beside it or None.

    ``counted`` are whole numbers as floats; others are -1, 0 and 1 as int8.
    """
    if counted:
        return (emit_rises, emit_falls) if paired else (emit_number, None)
    return (emit_rise, emit_fall) if paired else (emit, None)


# --- the call -----------------------------------------------------------------------------------


class SignalCall(arguments.Call):
    """One call of an encoder of signals: ``[T, ...]`` in, the same out or with two channels.

    ``channels=None`` is a code without falls.
    """

    def __init__(self, data, dtype, out, device, stream, channels="signed", graded=False):
        super().__init__("data", data, dtype, out, device, stream)
        if self.values.ndim == 0:
            got, remedy = f"the scalar {self.values}", "pass [num_steps, ...]"
            arguments.refuse("data", "have a time axis", got, remedy)
        self.paired = channels == "up_down"
        if graded:  # values in the units of the data, not spikes
            self.dtype = self.values.dtype
        if self.dtype.kind in "bu" and channels == "signed":
            raise ValueError(
                f"dtype is {self.dtype}, which cannot hold the -1 of a fall; use dtype=numpy.int8, "
                "or channels='up_down'"
            )

    @property
    def samples(self):
        """The signal as the loops take it, [T, N]."""
        features = int(np.prod(self.values.shape[1:], dtype=np.int64))
        return self.values.reshape(len(self.values), features)

    def start(self, terms=1):
        """The backend, for data so far below the largest float that no difference overflows.

        Nor does a sum of so many terms.
        """
        self.choose(self.values.size)
        self.within("data", self.values, terms)
        return self.backend

    def within(self, name, values, terms):
        """Refuse values so near to the largest float that a sum of so many may overflow."""
        limit = np.finfo(self.values.dtype).max / (4 * terms)
        meaning = f"finite and of at most {limit:.3g}, so that no difference overflows"
        arguments.within(name, values, -limit, limit, self.backend, meaning)

    def threshold(self, name, value, open_low=True):
        """A positive threshold in the data's dtype, or one per feature, flat."""
        return positive_per_feature(name, value, self.values.shape[1:], self.values.dtype, open_low)

    def state(self, name, value):
        """A new column of the state, [N]: one number, or one per feature."""
        shape, size = self.values.shape[1:], self.samples.shape[1]
        return column(name, value, size, shape, self.values.dtype, self.backend)

    def tiles(self, sparse):
        """The tiles of sparse spikes, or None."""
        return Tiles(self._shape, self.dtype) if checked(sparse, self) else None

    @property
    def _shape(self):
        """The shape of the output."""
        return (*self.values.shape, 2) if self.paired else self.values.shape

    def spikes(self, tiles=None):
        """The array to fill, and the same as [T, N] or [T, 2N] with the levels to write."""
        result = self.output(self._shape) if tiles is None else tiles.rows
        return result, *self._rows(result)

    def _rows(self, result):
        """An array to fill as [T, N] or [T, 2N], and the levels to write."""
        silent, on = self.dtype.type(0), self.dtype.type(1)
        off = silent if self.paired or self.dtype.kind in "bu" else -on
        trains, *levels = backends.rows(result, on, off, silent)
        return trains, Levels(*levels)

    def encoded(self, sparse, encode, *per_feature):
        """Spikes that ``encode(samples, rows, levels, *per_feature)`` writes, a train by itself.

        ``per_feature`` are numbers, or arrays of one per feature.  Events come of some trains after
        others, each whole.
        """
        if not sparse:
            result, rows, levels = self.spikes()
            if result.size:
                encode(self.samples, rows, levels, *per_feature)
            return result
        num_steps, size = self.samples.shape
        together = 2 if self.paired else 1

        def dense(part):
            samples = np.ascontiguousarray(self.samples[:, part])
            out = np.empty((num_steps, samples.shape[1] * together), self.dtype)
            rows, levels = self._rows(out)
            if out.size:
                encode(samples, rows, levels, *(n[part] if np.ndim(n) else n for n in per_feature))
            return out

        return in_samples(dense, (num_steps, size, together), self._shape[1:])

    @property
    def most(self):
        """The largest number up to which the output counts exactly."""
        if self.dtype.kind == "b":
            return 1
        return 127 if self.dtype.itemsize == 1 else 2 ** (np.finfo(self.dtype).nmant + 1)


def positive_per_feature(name, value, shape, dtype, open_low=True):
    """A positive threshold in the dtype of a signal, or one per feature, flat.

    With ``open_low=False`` it may be 0.
    """
    if not backends.on_gpu(value) and shape_of(value) == ():
        return arguments.scalar(name, value, dtype, low=0, open_low=open_low)
    given = arguments.array(name, value)
    if given.size:
        given = arguments.parameter(name, given, low=0, open_low=open_low)
    spread = _per_feature(name, given, shape)
    with np.errstate(over="ignore"):
        rounded = spread.astype(dtype)
    if rounded.size:  # it may have become 0 or infinite
        arguments.parameter(name, rounded, low=0, open_low=open_low)
    return rounded.reshape(-1)


def column(name, value, size, shape, dtype, backend):
    """A new flat array of one number per feature, where the data are; any real number will do."""
    if not backends.on_gpu(value) and shape_of(value) == ():
        number = arguments.scalar(name, value, dtype)
        return backend.copy(np.full(size, number, dtype))
    given = arguments.array(name, value, gpu=backend.resident)
    if given.dtype != dtype and given.dtype.kind == "f":
        remedy = "convert one of the two with astype"
        arguments.refuse(name, f"have the dtype of the signal, {dtype}", given.dtype, remedy)
    if backends.on_gpu(given):
        if given.shape != shape:
            must, remedy = f"have the features' shape {shape}", "pass one number per feature"
            arguments.refuse(name, must, f"shape {given.shape}", remedy)
        return backend.copy(given.reshape(size))
    result = np.ascontiguousarray(_per_feature(name, given, shape), dtype)
    arguments.finite(name, result, backend)
    return backend.copy(result.reshape(-1))


def _per_feature(name, given, shape):
    """An array broadcast to one number per feature."""
    try:
        return np.broadcast_to(given, shape)
    except ValueError:
        must = f"be a number or broadcast to the features' shape {shape}"
        arguments.refuse(name, must, f"shape {given.shape}", "pass one number per feature")


# --- named choices ------------------------------------------------------------------------------


def chosen(defaults, options, profiles, profile, given):
    """The axes of one call: those given, else those of the profile, else the defaults.

    ``defaults`` is a NamedTuple of the code's axes, ``options`` the names that an axis may have,
    where it has names, ``profiles`` the axes of each library, and ``given`` holds None for what
    the caller left open.
    """
    axes = defaults._asdict()
    if profile is not None:
        axes |= profiles[arguments.choice("profile", profile, tuple(profiles))]
    axes |= {name: value for name, value in given.items() if value is not None}
    for name, names in options.items():
        axes[name] = arguments.choice(name, axes[name], names)
    for name, value in defaults._asdict().items():
        if isinstance(value, bool):
            axes[name] = arguments.flag(name, axes[name])
    return type(defaults)(**axes)


COMPARE = (">", ">=")
CHANNELS = ("signed", "up_down")
