"""The base class of all neurons: a call makes one step, ``run`` a whole sequence.

A neuron object holds numbers and choices only; the state is an argument and a result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, backends
from spikecore.annotations import Array, Data, Device, Out, SpikeDtype, Stream
from spikecore.chunked import is_dask, lazily
from spikecore.neurons import prepare
from spikecore.neurons.dynamics import Axes, Parameters, State, step_of
from spikecore.results import by_value, same

Kind = TypeVar("Kind", bound="Neuron")


@by_value
class Run(NamedTuple):
    """The result of a run.

    Attributes
    ----------
    spikes : numpy.ndarray
        ``[num_steps, ...]``.
    recorded : dict of str to numpy.ndarray
        The states asked for with ``record``, each ``[num_steps, ...]``.
    final : tuple of numpy.ndarray
        The state after the last step, with which another run can continue.
    """

    spikes: Array
    recorded: dict[str, Array]
    final: tuple[Array, ...]


class Model(NamedTuple):
    """A neuron as the kernels need it: axes, numbers, and the names of its states."""

    axes: Axes
    parameters: dict  # name of a field of Parameters -> number, array, or function of the dtype
    states: dict  # public name -> field of State, in the order of the arguments
    initial: dict  # field of State -> number or array to begin with, where that is not 0
    inhibition: bool = False
    amplitude: float = 1.0
    recurrence: Any = None  # dense product of the last spikes, or None
    names: Any = None  # field of Parameters -> its public name, where they differ
    delay: int = 0  # steps after which an input arrives

    @property
    def independent(self):
        """Whether a neuron's step depends on its own state and its present input alone."""
        return self.recurrence is None and not (self.inhibition or self.delay)

    @property
    def state_names(self):
        """Public names of the states, in the order of the arguments."""
        return (*self.states, *([prepare.DELAYED] if self.delay else ()))


class Neuron:
    """Base class of the neurons; a subclass is a dataclass with a ``_model``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    _model: Model

    def __new__(cls: type[Kind], *arguments: Any, **fields_given: Any) -> Kind:
        known = [field.name for field in fields(cls)]
        for name in fields_given:
            if name not in known:
                prepare.refuse_field(cls.__name__, name, known)
        return super().__new__(cls)

    def __eq__(self, neuron: object) -> bool:
        """Whether the kind and every field are equal, arrays included."""
        if type(self) is not type(neuron):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(neuron, f.name)) for f in fields(self))

    def to_dict(self) -> dict[str, Any]:
        """The kind of neuron and every field that is not at its default, as a plain dict.

        Returns
        -------
        dict
            ``"kind"`` and the fields: numbers, names, and arrays as they are.

        Examples
        --------
        >>> from spikecore import LIF
        >>> LIF(decay=0.5, reset="value").to_dict()
        {'kind': 'LIF', 'decay': 0.5, 'reset': 'value'}
        """
        return {"kind": type(self).__name__, **self._differences()}

    @classmethod
    def from_dict(cls: type[Kind], description: dict[str, Any]) -> Kind:
        """The neuron that ``to_dict`` described.

        Parameters
        ----------
        description : dict
            ``"kind"``, which must be that of the class, and fields.

        Returns
        -------
        Neuron

        Raises
        ------
        ValueError, TypeError
            Another kind, a field that it does not have, or a value that it refuses.

        Examples
        --------
        >>> from spikecore import LIF
        >>> LIF.from_dict({"kind": "LIF", "decay": 0.5})
        LIF(decay=0.5)
        """
        named = isinstance(description, dict) and all(isinstance(key, str) for key in description)
        if not named:
            must, got = "be a dict with names as keys", arguments.shown(description)
            arguments.refuse("description", must, got, "pass what to_dict returned", TypeError)
        kind = description.get("kind", cls.__name__)
        if not isinstance(kind, str) or kind != cls.__name__:
            remedy = f"call from_dict of {arguments.shown(kind, str)}"
            arguments.refuse("kind", f"be {cls.__name__!r}", arguments.shown(kind), remedy)
        given = {name: value for name, value in description.items() if name != "kind"}
        lacking = [f.name for f in fields(cls) if f.default is MISSING and f.name not in given]
        if given.keys() <= {f.name for f in fields(cls)} and lacking:
            must, got = f"have the field {lacking[0]!r}", f"the fields {tuple(given)}"
            arguments.refuse("description", must, got, "add it")
        return cls(**given)

    def __reduce__(self):
        return type(self).from_dict, (self.to_dict(),)

    def _differences(self):
        """Fields that differ from their default, or have none."""
        values = ((field, getattr(self, field.name)) for field in fields(self))
        return {f.name: v for f, v in values if f.default is MISSING or not same(v, f.default)}

    def _set(self, name, value):
        """Set a field of this frozen dataclass, while it is made."""
        object.__setattr__(self, name, value)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states, in the order in which they are passed and returned."""
        return self._model.state_names

    @property
    def recordable(self) -> tuple[str, ...]:
        """Names of the states that a run can record: all but the inputs that are on their way."""
        return tuple(self._model.states)

    @property
    def fits_a_byte(self) -> bool:
        """Whether the spikes are whole numbers that uint8 holds."""
        axes, amplitude = self._model.axes, self._model.amplitude
        return axes.spikes == "single" and not axes.ternary and amplitude in range(256)

    @property
    def largest_spike(self) -> float:
        """Absolute output value of a step at most; infinite if a step may have several spikes."""
        model = self._model
        amplitude = abs(model.amplitude)
        return np.inf if model.axes.spikes == "multi" and amplitude else amplitude

    def counted(self, spikes: Array) -> NDArray[np.int64]:
        """How many spikes each neuron has in ``spikes`` of a run, with all those of a step."""
        if self._model.axes.spikes == "multi":
            thresholds = spikes.astype(np.float64) / self._model.amplitude
            return np.rint(thresholds).sum(axis=0).astype(np.int64)
        counts = np.zeros(spikes.shape[1:], np.int64)
        for begin in range(0, len(spikes), 255):  # for uint8: 1 ms, numpy.count_nonzero 6 ms
            fired = (spikes[begin : begin + 255] != 0).view(np.uint8)
            counts += np.add.reduce(fired, axis=0, dtype=np.uint8)
        return counts

    @cached_property
    def _numbers(self):
        """Plain numbers as kernels need them, kept because rounding and checking take time."""
        return {}

    def _parameters(self, shape, dtype):
        """Parameters as a kernel needs them; plain numbers are checked once, in 80 us."""
        found = self._numbers.get(dtype)
        if found is None:
            found = prepare.parameters(self._model, shape, dtype)
            if not any(np.ndim(column) for column in (*found[:-1], *found.parts)):
                self._numbers[dtype] = found
        return found

    def _levels(self, dtype):
        """Output values of a spike and of none, checked once for a dtype."""
        found = self._numbers.get(("levels", dtype))
        if found is None:
            on = arguments.level("amplitude", self._model.amplitude, dtype)
            found = self._numbers["levels", dtype] = on, dtype.type(0)
        return found

    def __call__(
        self,
        current: Data,
        *state: Data | None,
        dtype: SpikeDtype | None = None,
        device: Device | None = None,
        stream: Stream | None = None,
    ) -> tuple[Array, ...]:
        """One step.

        Parameters
        ----------
        current : array_like
            Input of each neuron, ``[...]``, float32 or float64.
        *state : array_like, optional
            The states named by ``state_names``, each of the shape of the current.  A state that is
            None or left out begins at rest.
        dtype, device, stream
            As in :meth:`run`.

        Returns
        -------
        tuple of numpy.ndarray
            The spikes, then the states.
        """
        call = arguments.Call("current", current, dtype, None, device, stream, floating=True)
        values = call.values
        work = self._begin(values.shape, values.dtype, state, call.choose(0), call.dtype)
        arguments.finite("current", values, work.backend)
        whole = values.reshape((1, *values.shape))
        spikes = call.output(whole.shape)
        if values.size:
            work.advance(whole, {}, spikes)
        return spikes.reshape(values.shape), *work.final

    def run(
        self,
        current: Data,
        *state: Data | None,
        record: Iterable[str] = ("membrane",),
        dtype: SpikeDtype | None = None,
        out: Out | dict[str, Array] | None = None,
        device: Device | None = None,
        stream: Stream | None = None,
    ) -> Run:
        """A whole sequence, in one kernel.

        Parameters
        ----------
        current : array_like
            Input of each neuron at each step, ``[num_steps, ...]``, float32 or float64; the
            arithmetic is done in that dtype.
        *state : array_like, optional
            State to begin with, as in ``__call__``.
        record : iterable of str
            States to record at every step, out of ``recordable``; spikes are always recorded.
        dtype : dtype, optional
            dtype of the spikes: that of the current (default), bool, uint8, int8, float32 or
            float64.
        out : numpy.ndarray or dict of str to numpy.ndarray, optional
            Where to write: an array for the spikes, or a dict with ``"spikes"`` and the names of
            recorded states.
        device, stream
            As in :func:`spikecore.spikegen.rate`; a current on a GPU keeps states and spikes there.

        Returns
        -------
        Run
            ``spikes``, ``recorded`` and ``final``.

        Raises
        ------
        ValueError, TypeError
            NaN, infinite or integer currents, a state or parameter of the wrong shape, an unknown
            name in ``record`` or ``out``, or an output larger than memory.
        """
        if is_dask(current):
            run = lazily("runs", "run_neuron")
            return run(self, current, state, record, dtype, out, device, stream)
        names = prepare.recorded_names(record, self.recordable)
        places = prepare.places(out, names)
        spikes = places.get("spikes")
        call = arguments.Call("current", current, dtype, spikes, device, stream, floating=True)
        values = call.values
        if values.ndim == 0:
            got, remedy = f"the scalar {values}", "pass [num_steps, ...]"
            arguments.refuse("current", "have a time axis", got, remedy)
        backend = call.choose(values.size)
        work = self._begin(values.shape[1:], values.dtype, state, backend, call.dtype)
        arguments.finite("current", values, backend)
        spikes = call.output(values.shape)
        recorded = {}
        for name in work.columns(names):
            place = places.get(name)
            recorded[name] = arguments.output(
                place, values.shape, values.dtype, backend, current=values
            )
        if values.size:
            work.advance(values, recorded, spikes)
        asked = {name: recorded.get(name, spikes) for name in names}
        return Run(spikes, asked, work.final)

    def _begin(self, shape, dtype, state, backend, spike_dtype):
        """Check the arguments, and prepare the neuron for currents of one shape and dtype."""
        model = self._model
        parameters = self._parameters(shape, dtype)
        held = prepare.initial_state(state, model, shape, dtype, backend)
        late = None
        if model.delay:
            late = prepare.delayed_inputs(state, model, shape, dtype, backend)
        if model.axes.spikes == "multi" and spike_dtype.kind != "f":
            raise ValueError(
                f"dtype is {spike_dtype}, which may not hold several spikes per step; use "
                "dtype=numpy.float32"
            )
        if model.axes.ternary and spike_dtype.kind in "bu":
            must, remedy = "hold spikes of both signs", "use dtype=numpy.int8"
            arguments.refuse("dtype", must, spike_dtype, remedy)
        levels = self._levels(spike_dtype)
        if model.inhibition and not shape:
            must, remedy = "have an axis of neurons for inhibition", "pass [..., neurons]"
            arguments.refuse("current", must, "none", remedy)
        if model.recurrence is not None:
            prepare.fits_recurrence(model.recurrence, shape, dtype)
        return Work(model, backend, shape, parameters, held, levels, late)


class Work(NamedTuple):
    """A neuron prepared for currents of one shape and dtype; all arguments have been checked."""

    model: Model
    backend: Any
    shape: tuple
    parameters: Parameters
    held: State  # updated in place
    levels: tuple
    late: Any  # the inputs that are on their way, [delay, neurons], updated in place; or None

    @property
    def final(self):
        """The states after the last step that was run."""
        held = tuple(getattr(self.held, f).reshape(self.shape) for f in self.model.states.values())
        return (
            held if self.late is None else (*held, self.late.reshape((len(self.late), *self.shape)))
        )

    def columns(self, names):
        """The named states that need a record; a state that is the last spikes needs none."""
        return [name for name in names if self.model.states[name] != "spike"]

    def advance(self, values, recorded, spikes):
        """Run the kernel over some steps."""
        records, on, off, trains = self._results(values.dtype, recorded, spikes)
        steps = values.reshape((len(values), math.prod(self.shape)))
        run = self._step if self.model.recurrence is None else self._steps
        if self.late is None:
            run(steps, records, on, off, trains)
            return
        early = slice(0, min(len(self.late), len(steps)))
        run(self.late[early], _moment(records, early), on, off, trains[early])
        later = slice(early.stop, len(steps))
        if early.stop < len(steps):
            arrived = steps[: len(steps) - early.stop]
            run(arrived, _moment(records, later), on, off, trains[later])
        self._depart(steps)

    def advance_with(self, linear, values, back, sums, recorded, spikes):
        """Run the kernel over some steps, with the weighted spikes coming back at the next step."""
        from spikecore.backends import recurrent  # compiles, where NumPy may do

        steps, totals = (array.reshape((len(array), -1)) for array in (values, sums))
        recurrent.recurrent(
            step_of(self.model.axes), steps, linear._rows, linear.bias, back.reshape(-1), totals,
            self.parameters, self.held, *self._results(values.dtype, recorded, spikes),
        )  # fmt: skip

    def advance_sums(self, inputs, weights, bias, recorded, spikes):
        """Run one kernel for weighted sums, ``[num_steps, samples, in]``, and their neurons."""
        from spikecore.backends import fused

        results = self._results(bias.dtype, recorded, spikes)
        step = step_of(self.model.axes)
        fused.layer(step, inputs, weights, bias, self.parameters, self.held, *results)

    def _results(self, dtype, recorded, spikes):
        """Where the kernel writes: the records, and the spikes with their two values."""
        trains, on, off = backends.rows(spikes, *self.levels)
        rows = dict.fromkeys(State._fields, dtype.type(0))
        for name, array in recorded.items():
            (rows[self.model.states[name]],) = backends.rows(array)
        return State(**rows), on, off, trains

    def _depart(self, steps):
        """Let the inputs of some steps follow those that are still on their way."""
        copy, copy_into, delay = self.backend.copy, self.backend.copy_into, len(self.late)
        staying = max(0, delay - len(steps))
        if staying:
            copy_into(self.late[:staying], copy(self.late[-staying:]))
        copy_into(self.late[staying:], copy(steps[len(steps) - (delay - staying) :]))

    def _steps(self, steps, records, on, off, trains):
        """Run the kernel a step at a time, with a product of the last spikes before each."""
        for t in range(len(steps)):
            moment = slice(t, t + 1)
            fired = self.held.spike.reshape(self.shape)
            total = self.model.recurrence.product(fired, self.backend, exact=True)
            self.backend.copy_into(self.held.spike, total)
            self._step(steps[moment], _moment(records, moment), on, off, trains[moment])

    def _step(self, steps, records, on, off, trains):
        """Run the kernel."""
        model, step = self.model, step_of(self.model.axes)
        width = self.shape[-1] if model.inhibition else 0
        self.backend.neurons(
            step, width, steps, self.parameters, self.held, records, on, off, trains
        )


def _moment(records, moment):
    """The records of some steps."""
    return State(*(row[moment] if np.ndim(row) else row for row in records))
