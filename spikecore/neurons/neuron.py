"""The base class of all neurons: a call makes one step, ``run`` a whole sequence.

A neuron object holds numbers and choices only; the state is an argument and a result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import cached_property
from itertools import combinations
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, backends
from spikecore.annotations import Array, Data, Device, Out, SpikeDtype, Stream
from spikecore.backends.floats import standard_floats
from spikecore.neurons.dynamics import Axes, Parameters, State, step_of
from spikecore.results import by_value, same

Kind = TypeVar("Kind", bound="Neuron")
ZERO_PARAMETERS = dict.fromkeys(Parameters._fields, 0.0)


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


class Neuron:
    """Base class of the neurons; a subclass is a dataclass with a ``_model``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    _model: Model

    def __new__(cls: type[Kind], *arguments: Any, **fields_given: Any) -> Kind:
        known = [field.name for field in fields(cls)]
        for name in fields_given:
            if name not in known:
                _refuse_field(cls.__name__, name, known)
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
        return tuple(self._model.states)

    @property
    def fits_a_byte(self) -> bool:
        """Whether the spikes are whole numbers that uint8 holds."""
        model = self._model
        return model.axes.spikes == "single" and model.amplitude in range(256)

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
            found = _parameters(self._model, shape, dtype)
            if not any(np.ndim(column) for column in found):
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
            States to record at every step, out of ``state_names``; spikes are always recorded.
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
        names = _names(record, self._model.states)
        places = _places(out, names)
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
        held = _initial_state(state, model, shape, dtype, backend)
        if model.axes.spikes == "multi" and spike_dtype.kind != "f":
            raise ValueError(
                f"dtype is {spike_dtype}, which may not hold several spikes per step; use "
                "dtype=numpy.float32"
            )
        levels = self._levels(spike_dtype)
        if model.inhibition and not shape:
            must, remedy = "have an axis of neurons for inhibition", "pass [..., neurons]"
            arguments.refuse("current", must, "none", remedy)
        if model.recurrence is not None:
            _fits_recurrence(model.recurrence, shape, dtype)
        return Work(model, backend, shape, parameters, held, levels)


class Work(NamedTuple):
    """A neuron prepared for currents of one shape and dtype; all arguments have been checked."""

    model: Model
    backend: Any
    shape: tuple
    parameters: Parameters
    held: State  # updated in place
    levels: tuple

    @property
    def final(self):
        """The states after the last step that was run."""
        return tuple(getattr(self.held, f).reshape(self.shape) for f in self.model.states.values())

    def columns(self, names):
        """The named states that need a record; a state that is the last spikes needs none."""
        return [name for name in names if self.model.states[name] != "spike"]

    def advance(self, values, recorded, spikes):
        """Run the kernel over some steps."""
        trains, on, off = backends.rows(spikes, *self.levels)
        rows = dict.fromkeys(State._fields, values.dtype.type(0))
        for name, array in recorded.items():
            (rows[self.model.states[name]],) = backends.rows(array)
        rows = State(**rows)
        steps = values.reshape((len(values), math.prod(self.shape)))
        if self.model.recurrence is None:
            self._step(steps, rows, on, off, trains)
            return
        for t in range(len(values)):  # a product of the spikes comes between the steps
            moment = slice(t, t + 1)
            fired = self.held.spike.reshape(self.shape)
            total = self.model.recurrence.product(fired, self.backend, exact=True)
            self.backend.copy_into(self.held.spike, total)
            records = State(*(row[moment] if np.ndim(row) else row for row in rows))
            self._step(steps[moment], records, on, off, trains[moment])

    def _step(self, steps, records, on, off, trains):
        model, step = self.model, step_of(self.model.axes)
        width = self.shape[-1] if model.inhibition else 0
        self.backend.neurons(
            step, width, steps, self.parameters, self.held, records, on, off, trains
        )


ELSEWHERE = {  # arguments of other libraries, and the remedy here
    "beta": "decay is LIF's name for beta",
    "decay": "beta is the name of decay here",
    "learn_beta": "spikecore does not train, so leave it out",
    "learn_threshold": "spikecore does not train, so leave it out",
    "spike_grad": "spikecore does not train, so leave it out",
    "surrogate_disable": "spikecore does not train, so leave it out",
    "init_hidden": "the state goes in and comes out of each call, so leave it out",
    "output": "every call returns spikes and state, so leave it out",
    "state_quant": "state is kept in the dtype of the current, so leave it out",
    "linear_features": "pass recurrent=Linear.draw(neurons, neurons, seed)",
    "reset_mechanism": "reset is LIF's name for reset_mechanism",
    "graded_spikes_factor": "amplitude is LIF's name for graded_spikes_factor",
    "tau": "decay is what is left after a step, exp(-dt/tau) or 1 - dt/tau",
    "v_threshold": "threshold is the name of v_threshold here",
}


def _refuse_field(kind, name, known):
    """Refuse a field that a neuron does not have, with a remedy if another library has it."""
    must, remedy = f"be a field of {kind}, out of {known}", ELSEWHERE.get(name, "correct it")
    arguments.refuse(name, must, "another name", remedy, TypeError)


def _names(record, states):
    """The recorded states' names, checked."""
    names = arguments.names("record", record)
    for name in names:
        if name not in states:
            must = f"name states out of {tuple(states)}"
            arguments.refuse("record", must, arguments.shown(name), "choose among them")
    return names


def _fits_recurrence(linear, shape, dtype):
    """Refuse currents of another width or dtype than the recurrent weights."""
    width = shape[-1] if shape else None
    if width != linear.in_features:
        must = f"have {linear.in_features} neurons on its last axis, as recurrent has"
        remedy = f"pass [num_steps, ..., {linear.in_features}]"
        arguments.refuse("current", must, f"neurons of shape {shape}", remedy)
    if dtype != linear.weight.dtype:
        must = f"have the dtype of recurrent, {linear.weight.dtype}"
        arguments.refuse("current", must, dtype, "convert one of the two with astype", TypeError)


def _places(out, wanted):
    """Output arrays by name."""
    if out is None:
        return {}
    places = dict(out) if isinstance(out, dict) else {"spikes": out}
    for name in places:
        if not isinstance(name, str) or (name != "spikes" and name not in wanted):
            must = f"name 'spikes' or recorded states {wanted}"
            arguments.refuse("out", must, arguments.shown(name), "add it to record or leave it out")
    for first, second in combinations(places.values(), 2):
        if isinstance(first, np.ndarray) and np.may_share_memory(first, second):
            raise ValueError(
                f"out holds arrays that overlap, of shapes {second.shape} and {first.shape}; pass "
                "separate ones"
            )
    return places


def _initial_state(state, model, shape, dtype, backend):
    """The state to begin with: new arrays, which the kernel updates in place."""
    if len(state) > len(model.states):
        must, remedy = f"be at most {len(model.states)} arrays", "pass them in that order"
        got = f"{len(state)} where the states are {tuple(model.states)}"
        arguments.refuse("state", must, got, remedy, TypeError)
    given = dict(zip(model.states, state, strict=False))
    held = dict.fromkeys(State._fields, dtype.type(0))
    for name, field in model.states.items():
        start = given.get(name)
        if start is None:
            value = np.full(shape, model.initial.get(field, 0.0), dtype)
            value = backend.copy(value) if backend.resident else value
        else:
            start = arguments.state(name, start, shape, dtype, backend, field == "spike")
            value = backend.copy(start)
        held[field] = value.reshape(math.prod(shape))
    return State(**held)


def _holds(name, column):
    """Refuse a parameter that its dtype rounded to infinity, or a threshold to 0."""
    lost = ~np.isfinite(column) | ((name == "threshold") & (column == 0))
    if np.any(lost):
        raise ValueError(
            f"{name} is {np.ravel(column)[np.argmax(lost)]} when rounded to {column.dtype}; "
            "rescale it or pass a current of float64"
        )


def _parameters(model, shape, dtype):
    """Parameters as scalars, or one value per neuron, of the current's dtype."""
    numbers = {**ZERO_PARAMETERS, **model.parameters}
    columns = []
    for name in Parameters._fields:
        value = numbers[name]
        value = value(dtype) if callable(value) else value
        columns.append(column((model.names or {}).get(name, name), value, shape, dtype))
    return Parameters(*columns)


def column(name, value, shape, dtype):
    """A parameter as a kernel takes it, refused where its dtype does not hold it."""
    with standard_floats(), np.errstate(over="ignore"):
        result = arguments.per_neuron(name, value, shape, dtype)
    _holds(name, result)
    return result
