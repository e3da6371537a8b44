"""How a fixed-point neuron is called: one step, or a whole sequence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import Array, Data, Device, Out, Stream
from spikecore.foreign import shown
from spikecore.neurons import prepare
from spikecore.neurons.fixed import integers
from spikecore.neurons.fixed.dynamics import Parameters, State, step_of
from spikecore.neurons.neuron import Neuron, Run

DTYPES = tuple(map(np.dtype, ("int32", "int8", "uint8", "bool")))
INT64 = np.dtype(np.int64)


class Runner(Neuron):
    """A neuron whose states, inputs and spikes are integers."""

    input_bits: Any  # a field of the neuron

    @property
    def fits_a_byte(self) -> bool:
        """Whether the spikes are whole numbers that uint8 holds."""
        return self._model.axes.spikes == "single"

    def __call__(  # type: ignore[override]
        self,
        current: Data,
        *state: Data | None,
        time_events: Data | None = None,
        dtype: Any = None,
        device: Device | None = None,
        stream: Stream | None = None,
    ) -> tuple[Array, ...]:
        """One step.

        Parameters
        ----------
        current : array_like
            Input of each neuron, ``[...]``, integers of ``input_bits`` bits.
        *state : array_like, optional
            The states named by ``state_names``, each of the shape of the current.  A state that is
            None or left out begins at 0.
        time_events, dtype, device, stream
            As in :meth:`run`, without the time axis.

        Returns
        -------
        tuple of numpy.ndarray
            The spikes, then the states.
        """
        whole = arguments.array("current", current)[np.newaxis]
        if time_events is not None:
            time_events = arguments.array("time_events", time_events)[np.newaxis]
        run = self.run(
            whole, *state, time_events=time_events, record=(), dtype=dtype, device=device,
            stream=stream,
        )  # fmt: skip
        return run.spikes[0], *run.final

    def run(  # type: ignore[override]
        self,
        current: Data,
        *state: Data | None,
        time_events: Data | None = None,
        record: Iterable[str] = ("membrane",),
        dtype: Any = None,
        out: Out | dict[str, Array] | None = None,
        device: Device | None = None,
        stream: Stream | None = None,
    ) -> Run:
        """A whole sequence, in one kernel.

        Parameters
        ----------
        current : array_like
            Input of each neuron at each step, ``[num_steps, ...]``, integers of ``input_bits``
            bits, in the host's memory.
        *state : array_like, optional
            State to begin with, as in ``__call__``.
        time_events : array_like, optional
            With ``decay_at="event"``: bool, ``[num_steps]`` or ``[num_steps, ...]``; in these steps
            the membrane decays, and the input is ignored.  Left out, no step is one.
        record : iterable of str
            States to record at every step, out of ``state_names``; spikes are always recorded.
        dtype : dtype, optional
            dtype of the spikes: int32 (default), int8, uint8 or bool.
        out : numpy.ndarray or dict of str to numpy.ndarray, optional
            Where to write: an array for the spikes, or a dict with ``"spikes"`` and the names of
            recorded states, which are int32.
        device, stream
            As in :func:`spikecore.spikegen.rate`.

        Returns
        -------
        Run
            ``spikes``, ``recorded`` and ``final``.

        Raises
        ------
        ValueError, TypeError
            Inputs or states that are not integers, or out of the range of their bits; a state or
            parameter of the wrong shape, an unknown name in ``record`` or ``out``, or an output
            larger than memory.
        """
        names = prepare.recorded_names(record, self._model.states)
        places = prepare.places(out, names)
        given = arguments.array("current", current)
        if given.ndim == 0:
            got, remedy = f"the scalar {given}", "pass [num_steps, ...]"
            arguments.refuse("current", "have a time axis", got, remedy)
        spike_dtype = self._spike_dtype(dtype, places.get("spikes"))
        backend = backends.choose(device, stream=stream, outputs=given.size)
        top = 1 << (self.input_bits - 1)
        remedy = "scale it, or set input_bits"
        values = integers.data("current", given, -top, top - 1, backend, remedy)
        values = self._events(values, time_events)
        shape = values.shape[1:]
        parameters = self._parameters(shape, INT64)
        held = self._held(state, shape)
        spikes = arguments.output(places.get("spikes"), values.shape, spike_dtype, current=given)
        recorded = {
            name: arguments.output(places.get(name), values.shape, values.dtype, current=given)
            for name in names
        }
        if values.size:
            self._advance(backend, values, parameters, held, recorded, spikes)
        states = self._model.states.values()
        return Run(spikes, recorded, tuple(getattr(held, f).reshape(shape) for f in states))

    def _advance(self, backend, values, parameters, held, recorded, spikes):
        """Run the kernel over all steps."""
        on, off = spikes.dtype.type(1), spikes.dtype.type(0)
        trains, on, off = backends.rows(spikes, on, off)
        rows = dict.fromkeys(State._fields, np.int32(0))
        for name, array in recorded.items():
            (rows[self._model.states[name]],) = backends.rows(array)
        steps = values.reshape((len(values), math.prod(values.shape[1:])))
        steps.flags.writeable = False
        step = step_of(self._model.axes)
        backend.neurons(step, 0, steps, parameters, held, State(**rows), on, off, trains)

    def _events(self, values, time_events):
        """Inputs with the kind of each event in their lowest bit, if the steps are events."""
        if not self._model.axes.events:
            if time_events is not None:
                must, got = "be None with decay_at='step'", shown(time_events)
                arguments.refuse(
                    "time_events", must, got, "every step has a decay, so leave it out"
                )
            return values
        if time_events is None:
            return values << np.int32(1)
        given = arguments.array("time_events", time_events)
        if given.dtype != np.bool_:
            remedy = "compare it with 0"
            arguments.refuse("time_events", "be bool", f"dtype {given.dtype}", remedy, TypeError)
        if given.shape not in (values.shape, values.shape[:1]):
            must = f"have shape {values.shape[:1]} or {values.shape}"
            arguments.refuse("time_events", must, given.shape, "pass one value per step")
        kinds = given.reshape(given.shape + (1,) * (values.ndim - given.ndim))
        return np.ascontiguousarray((values << np.int32(1)) | kinds)

    def _parameters(self, shape, dtype):
        """Parameters as a kernel needs them: int64 scalars, or one value per neuron."""
        found = self._numbers.get(dtype)
        if found is None:
            numbers = self._model.parameters
            columns = (
                arguments.per_neuron(n, numbers[n], shape, dtype) for n in Parameters._fields
            )
            found = Parameters(*columns)
            if not any(np.ndim(column) for column in found):
                self._numbers[dtype] = found
        return found

    def _held(self, state, shape):
        """The state to begin with: new arrays, which the kernel updates in place."""
        names = self._model.states
        if len(state) > len(names):
            must, remedy = f"be at most {len(names)} arrays", "pass them in that order"
            got = f"{len(state)} where the states are {tuple(names)}"
            arguments.refuse("state", must, got, remedy, TypeError)
        numbers = self._model.parameters
        ranges = {
            "membrane": (numbers["low"], numbers["high"]),
            "synapse": (numbers["synapse_low"], numbers["synapse_high"]),
            "clock": (0, max(numbers["interval"] - 1, 0)),
        }
        held = dict.fromkeys(State._fields, np.int32(0))
        given = dict(zip(names, state, strict=False))
        for name, field in names.items():
            start = given.get(name)
            value = np.zeros(shape, np.int32)
            if start is not None:
                value = integers.state(name, start, shape, *ranges[field])
            held[field] = value.reshape(math.prod(shape))
        return State(**held)

    def _spike_dtype(self, dtype, out):
        """The dtype of the spikes: as asked for, else that of ``out``, else int32."""
        if dtype is None:
            dtype = out.dtype if isinstance(out, np.ndarray) else np.int32
        try:
            result = np.dtype(dtype)
        except Exception:  # TypeError, or what foreign attributes raise
            result = np.dtype(object)
        if result not in DTYPES:
            must = f"be one of {', '.join(map(str, DTYPES))}"
            arguments.refuse("dtype", must, shown(dtype), "pass one of these", TypeError)
        if not self.fits_a_byte and result.kind in "ub":
            remedy = "use dtype=numpy.int8"
            arguments.refuse("dtype", "hold the spike -1", result, remedy)
        return result

    def _begin(self, shape, dtype, state, backend, spike_dtype):
        """Refuse a network that computes in floating point."""
        must = "have neurons that compute in floating point"
        remedy = "call fixed.Linear and fixed.LIF one after another"
        arguments.refuse("network", must, repr(self), remedy, TypeError)
