"""What every neuron can do: one step by calling it, a whole sequence by ``run``.

A neuron object holds numbers and choices and nothing else: state goes in and comes out.
"""

import math
from dataclasses import fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.neurons.dynamics import Axes, Parameters, State

ZERO_PARAMETERS = dict.fromkeys(Parameters._fields, 0.0)


class Run(NamedTuple):
    """What a run gives back.

    Attributes
    ----------
    spikes : numpy.ndarray
        ``[num_steps, ...]``.
    recorded : dict of str to numpy.ndarray
        The states asked for with ``record``, each ``[num_steps, ...]``.
    final : tuple of numpy.ndarray
        The state after the last step, to go on from.
    """

    spikes: np.ndarray
    recorded: dict
    final: tuple


class Model(NamedTuple):
    """A neuron as the kernels see it: axes, numbers, and the names of its states."""

    axes: Axes
    parameters: dict  # name of a field of Parameters -> number, array, or function of the dtype
    states: dict  # public name -> field of State, in the order of the arguments
    initial: dict  # field of State -> number or array to begin with, where that is not 0
    inhibition: bool = False
    amplitude: float = 1.0
    recurrence: Any = None  # dense product of the last spikes, or None
    names: Any = None  # field of Parameters -> its public name, where they differ


class Neuron:
    """What all neurons share; a subclass is a dataclass and gives its ``_model``."""

    _model: Model

    def __eq__(self, other):
        """Whether the kind and every field are equal, arrays included."""
        if type(self) is not type(other):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None

    @property
    def state_names(self):
        """Names of the states, in the order in which they are passed and returned."""
        return tuple(self._model.states)

    @property
    def fits_a_byte(self):
        """Whether the spikes are whole numbers that uint8 holds."""
        model = self._model
        return not model.axes.multi and model.amplitude in range(256)

    def counted(self, spikes):
        """Spikes of each neuron over a run, several in a step counted as such."""
        if self._model.axes.multi:
            thresholds = spikes.astype(np.float64) / self._model.amplitude
            return np.rint(thresholds).sum(axis=0).astype(np.int64)
        counts = np.zeros(spikes.shape[1:], np.int64)
        for begin in range(0, len(spikes), 255):  # what a byte counts: 1 ms for NumPy's own 6 ms
            fired = (spikes[begin : begin + 255] != 0).view(np.uint8)
            counts += np.add.reduce(fired, axis=0, dtype=np.uint8)
        return counts

    @cached_property
    def _numbers(self):
        """Plain numbers as kernels take them, kept because rounding and checking take time."""
        return {}

    def _parameters(self, shape, dtype):
        """Parameters as a kernel takes them; plain numbers are checked once, in 80 us."""
        found = self._numbers.get(dtype)
        if found is None:
            found = _parameters(self._model, shape, dtype)
            if not any(np.ndim(one) for one in found):
                self._numbers[dtype] = found
        return found

    def _levels(self, dtype):
        """What is written for a spike and for none, checked once for a dtype."""
        found = self._numbers.get(("levels", dtype))
        if found is None:
            on = arguments.level("amplitude", self._model.amplitude, dtype)
            found = self._numbers["levels", dtype] = on, dtype.type(0)
        return found

    def __call__(self, current, *state, dtype=None, device=None, stream=None):
        """One step.

        Parameters
        ----------
        current : array_like
            Input of each neuron, ``[...]``, float32 or float64.
        *state : array_like, optional
            The states named by ``state_names``, each of the shape of the current; None, or none
            at all, begins at rest.
        dtype, device, stream
            As in :meth:`run`.

        Returns
        -------
        tuple of numpy.ndarray
            The spikes, then the states.  A state that is the spikes themselves comes once.
        """
        values = arguments.currents("current", current)
        backend = backends.choose(device, current, stream=stream)
        whole = values.reshape((1, *values.shape))
        done = self._run(whole, values, state, backend, (), dtype, None)
        spikes = done.spikes.reshape(values.shape)
        rest = [held for name, held in zip(self.state_names, done.final, strict=True)
                if name != "spikes"]  # fmt: skip
        return spikes, *rest

    def run(
        self,
        current,
        *state,
        record=("membrane",),
        dtype=None,
        out=None,
        device=None,
        stream=None,
    ):
        """A whole sequence, in one kernel.

        Parameters
        ----------
        current : array_like
            Input of each neuron at each step, ``[num_steps, ...]``, float32 or float64; the
            arithmetic is done in that dtype.
        *state : array_like, optional
            State to begin with, as in ``__call__``.
        record : iterable of str
            States to record at every step, out of ``state_names``; the spikes always are.
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
        values = arguments.currents("current", current)
        if values.ndim == 0:
            raise ValueError(
                f"current must have a time axis, got the scalar {values}; pass [num_steps, ...]"
            )
        backend = backends.choose(device, current, stream=stream, outputs=values.size)
        return self._run(values, values, state, backend, record, dtype, out)

    def _run(self, values, given, state, backend, record, dtype, out):
        """``run`` of a current with a time axis; ``given`` is that current as it is spoken of."""
        model = self._model
        shape = values.shape[1:]
        wanted = _names(record, model.states)
        places = _places(out, wanted)
        parameters = self._parameters(shape, values.dtype)
        held = _initial_state(state, model, shape, values.dtype, backend)
        spike_dtype = arguments.spike_dtype(dtype, places.get("spikes"), values.dtype)
        if model.axes.multi and spike_dtype.kind != "f":
            raise ValueError(
                f"dtype is {spike_dtype}, which may not hold several spikes per step; use "
                "dtype=numpy.float32"
            )
        levels = self._levels(spike_dtype)
        if model.inhibition and not shape:
            raise ValueError(
                f"current must have an axis of neurons for inhibition, got shape {values.shape}; "
                "pass [num_steps, ..., neurons]"
            )
        if model.recurrence is not None:
            _fits_recurrence(model.recurrence, values)
        arguments.finite("current", given, backend)

        def place(name, dtype):
            return arguments.output(places.get(name), values.shape, dtype, backend, current=values)

        spikes = place("spikes", spike_dtype)
        recorded = {n: spikes if n == "spikes" else place(n, values.dtype) for n in wanted}
        if values.size:
            _launch(model, backend, values, parameters, held, recorded, spikes, levels)
        final = tuple(getattr(held, field).reshape(shape) for field in model.states.values())
        return Run(spikes, recorded, final)


def _launch(model, backend, values, parameters, held, recorded, spikes, levels):
    """Run the kernel over the sequence; ``held`` is updated in place."""
    trains, on, off = backends.rows(spikes, *levels)
    rows = dict.fromkeys(State._fields, values.dtype.type(0))
    for name, array in recorded.items():
        if name != "spikes":
            (rows[model.states[name]],) = backends.rows(array)
    rows = State(**rows)
    shape = values.shape[1:]
    width = shape[-1] if model.inhibition else 0
    steps = values.reshape((len(values), math.prod(shape)))
    if model.recurrence is None:
        backend.neurons(model.axes, width, steps, parameters, held, rows, on, off, trains)
        return
    for t in range(len(values)):  # a product of the spikes comes between the steps
        moment = slice(t, t + 1)
        total = model.recurrence.product(held.spike.reshape(shape), backend, exact=True)
        backend.copy_into(held.spike, total)
        records = State(*(one[moment] if np.ndim(one) else one for one in rows))
        now, fired = steps[moment], trains[moment]
        backend.neurons(model.axes, width, now, parameters, held, records, on, off, fired)


def _names(record, states):
    """The recorded states' names, checked."""
    names = listed("record", record)
    for name in names:
        if name not in states:
            raise ValueError(
                f"record must name states out of {tuple(states)}, got {name!r}; choose among them"
            )
    return names


def listed(name, value):
    """Names as a tuple; a single one may stand by itself."""
    if isinstance(value, str):
        return (value,)
    try:
        return tuple(value)
    except TypeError:
        raise TypeError(f"{name} must be names, got {value!r}; pass a tuple, () for none") from None


def same(a, b):
    """Whether two fields are equal, of whatever kind."""
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b)


def _fits_recurrence(linear, values):
    """Refuse currents of another width or dtype than the recurrent weights."""
    width = values.shape[-1] if values.ndim > 1 else None
    if width != linear.in_features:
        raise ValueError(
            f"current must have {linear.in_features} neurons on its last axis, as recurrent has, "
            f"got shape {values.shape}; pass [num_steps, ..., {linear.in_features}]"
        )
    if values.dtype != linear.weight.dtype:
        raise TypeError(
            f"current must have the dtype of recurrent, {linear.weight.dtype}, got {values.dtype}; "
            "convert one of the two with astype"
        )


def _places(out, wanted):
    """Output arrays by name."""
    if out is None:
        return {}
    places = dict(out) if isinstance(out, dict) else {"spikes": out}
    for name in places:
        if name != "spikes" and name not in wanted:
            raise ValueError(
                f"out must name 'spikes' or recorded states {wanted}, got {name!r}; add it to "
                "record or leave it out"
            )
    arrays = list(places.values())
    for i, one in enumerate(arrays):
        for other in arrays[:i]:
            if isinstance(one, np.ndarray) and np.may_share_memory(one, other):
                raise ValueError(
                    f"out holds arrays that overlap, of shapes {one.shape} and {other.shape}; pass "
                    "separate ones"
                )
    return places


def _initial_state(state, model, shape, dtype, backend):
    """The state to begin with: new arrays, which the kernel updates in place."""
    if len(state) > len(model.states):
        raise TypeError(
            f"state must be at most {len(model.states)} arrays, {tuple(model.states)}, got "
            f"{len(state)}; pass them in that order"
        )
    given = dict(zip(model.states, state, strict=False))
    held = dict.fromkeys(State._fields, dtype.type(0))
    for name, field in model.states.items():
        start = given.get(name)
        if start is None:
            value = np.full(shape, model.initial.get(field, 0.0), dtype)
            value = backend.copy(value) if getattr(backend, "resident", False) else value
        else:
            if name == "spikes" and arguments.array(name, start).dtype.kind in "bui":
                start = np.asarray(start).astype(dtype)  # written with dtype=uint8, say
            value = backend.copy(arguments.state(name, start, shape, dtype, backend))
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
        name = (model.names or {}).get(name, name)
        with np.errstate(over="ignore"):
            column = arguments.per_neuron(name, value, shape, dtype)
        _holds(name, column)
        columns.append(column)
    return Parameters(*columns)
