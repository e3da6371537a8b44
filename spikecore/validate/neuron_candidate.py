"""How a neuron is called: whole sequences, steps that are handed the state, or steps that hold it.

An object begins every trial anew: by ``reset_call``, or by its method of one of the names in
``RESETS`` (also those of the modules inside a torch module).  One that holds its own state and has
no such method begins as a copy of what it was.
"""

import copy
import inspect
from typing import NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.foreign import a_kind
from spikecore.neurons.neuron import Neuron, Run
from spikecore.validate.candidate import (
    Candidate,
    Observed,
    RefusedError,
    real_array,
    shaped,
    untouched,
)
from spikecore.validate.libraries import of_module

STATE_NAMES = ("membrane", "mem", "membrane_potential", "v", "u", "state", "states", "hidden")
RESETS = ("reset", "reset_mem", "reset_state", "reset_states", "init_leaky", "init_state")


class NeuronForm(NamedTuple):
    """Whole sequences; or one step, with so many states or, with none, a state of its own."""

    sequence: bool
    states: int = 0

    @property
    def stateful(self):
        """Whether the candidate holds its state itself."""
        return not self.sequence and not self.states

    def __str__(self):
        if self.sequence:
            return "whole sequences"
        if self.stateful:
            return "single steps of an object that holds its state"
        return f"single steps with {self.states} state(s)"


SEQUENCE, STATEFUL = NeuronForm(True), NeuronForm(False)


def neuron_form(candidate, form="auto"):
    """Which form a neuron has, by its signature."""
    if form == "stateful" or (form == "auto" and getattr(candidate, "init_hidden", False) is True):
        return STATEFUL
    if form == "sequence" or (form == "auto" and _owner_is_reference(candidate)):
        return SEQUENCE
    parameters = _positional(candidate)
    if parameters is None:
        return NeuronForm(False, 1) if form == "step" else SEQUENCE
    states = sum(parameter.default is parameter.empty for parameter in parameters) - 1
    if states < 1 and len(parameters) > 1 and parameters[1].name.lower() in STATE_NAMES:
        states = 1
    if form == "step":
        return NeuronForm(False, max(states, 1))
    return NeuronForm(states < 1, max(states, 0))


def _owner(candidate):
    """The object whose method a candidate is, or the candidate."""
    return getattr(candidate, "__self__", candidate)


def _owner_is_reference(candidate):
    return isinstance(_owner(candidate), Neuron)


def _positional(candidate):
    """Positional parameters, or None where no signature can be read."""
    try:
        forward = getattr(candidate, "forward", candidate)  # of a torch module, whose call hides it
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return None
    found = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [p for p in found if p.name != "time_events"]  # which is given by its name


def _could_hold_state(candidate):
    """Whether there is an object: functions and the modules that have them are none."""
    owner = _owner(candidate)
    nothing = inspect.isroutine(owner) or inspect.ismodule(owner) or inspect.isclass(owner)
    return not nothing and not isinstance(owner, Neuron)


def _is_copied(candidate):
    """Whether what holds the state can be copied, so that every trial begins with a new copy."""
    try:
        copy.deepcopy(candidate)
    except Exception:
        return False
    return _could_hold_state(candidate)


def resets(candidate, reset_call=None):
    """Functions without arguments that begin a trial anew; none where nothing is known."""
    if callable(reset_call):
        return [reset_call]
    owner = _owner(candidate)
    if reset_call is not None:
        method = getattr(owner, reset_call, None) if isinstance(reset_call, str) else None
        if not callable(method):
            must = "be a function without arguments or the name of a method of the candidate"
            arguments.refuse("reset_call", must, arguments.shown(reset_call), "correct it")
        return [method]
    parts = owner.modules() if of_module(owner) == "torch" else [owner]
    found = []
    for part in parts:
        methods = (getattr(part, name, None) for name in RESETS)
        found += [method for method in methods if _takes_nothing(method)][:1]
    return found


def _takes_nothing(method):
    try:
        inspect.signature(method).bind()
    except (TypeError, ValueError):
        return False
    return True


def made(candidate):
    """The candidate, or an object of it where it is a class."""
    if not inspect.isclass(candidate):
        return candidate
    try:
        return candidate()
    except Exception as error:
        raise TypeError(
            f"candidate is the class {candidate.__name__}, which cannot be made without arguments "
            f"({error}); pass an object of it"
        ) from error


class NeuronCandidate(Candidate):
    """A neuron; single steps that are handed their state begin with the membrane ``initial``.

    ``probe`` are currents ``[T, N]`` by which an object of one argument shows whether it takes
    single steps.
    """

    exposes: tuple[str, ...] = ("membrane",)  # states that are compared, in their order

    def __init__(
        self, function, form, initial, timeout, arrays="auto", reset_call=None, probe=None
    ):
        super().__init__(made(function), timeout, "currents", arrays)
        self.initial, self.resets = initial, resets(self.original, reset_call)
        self.kept = self.original if not self.resets and _is_copied(self.original) else None
        self.form = neuron_form(self.original, form)
        if form == "auto" and self.form.sequence:
            if reset_call is not None:
                self.form = STATEFUL
            elif self._may_be_tried(probe):
                self.form = STATEFUL if self._holds_state(probe) else SEQUENCE
                self.original = self.original if self.kept is None else self.kept
        if not self.form.stateful:
            self.kept = None  # a state that leaks from one call to the next has to show
        elif not self.resets and self.kept is None:
            raise ValueError(
                "candidate holds its own state, cannot be copied and has none of the methods "
                f"{', '.join(RESETS)}; pass reset_call, the name of a method or a function"
            )

    def _may_be_tried(self, probe):
        """Whether the candidate may hold its state, which trial calls have to show."""
        anew = self.resets or self.kept is not None
        return probe is not None and _could_hold_state(self.original) and anew

    def _begin(self):
        """Forget what the trial before left."""
        for reset in self.resets:
            reset()
        if self.kept is not None:
            self.original = copy.deepcopy(self.kept)

    def _holds_state(self, probe):
        """Whether a call takes one step of each row, and the next call goes on from there."""

        def attempt():
            self._begin()
            first = self._parts(self.function(probe.copy()), probe.shape).spikes
            second = self._parts(self.function(probe.copy()), probe.shape).spikes
            self._begin()
            backward = self._parts(self.function(probe[::-1].copy()), probe.shape).spikes
            self._begin()
            return np.array_equal(backward[::-1], first) and not np.array_equal(first, second)

        def one_row():
            self._begin()
            return np.shape(self._parts(self.function(probe[0].copy()), probe[0].shape).spikes)

        try:
            if not self.guarded(attempt):
                return False
        except RefusedError as error:
            if error.hangs:
                return False
        try:
            return self.guarded(one_row) == probe[0].shape
        except RefusedError:
            return False

    def run(self, trial):
        """Spikes and membrane ``[T, ...]`` on the trial's currents."""
        return self.observe(trial.inputs, {})

    def observe(self, inputs, by_step):
        """What comes out; ``by_step`` are named arrays ``[T]`` that are given by name."""
        given = inputs.copy()
        run = self._sequence if self.form.sequence else self._steps
        run = self._own_steps if self.form.stateful else run

        def anew():
            self._begin()
            return run(given, by_step)

        observed = self.guarded(anew)
        untouched("current", given, inputs)
        return observed

    def _sequence(self, current, by_step):
        owner = _owner(self.original)
        if isinstance(owner, Neuron):
            record = [name for name in owner.recordable if name in self.exposes]
            value = owner.run(current, record=record, **by_step)
        else:
            value = self.function(current, **{name: a.copy() for name, a in by_step.items()})
        return self._parts(value, current.shape)

    def _parts(self, value, shape):
        """Spikes, and the states where the values that follow have their shape."""
        states = {}
        if isinstance(value, Run):
            states = {name: value.recorded.get(name) for name in self.exposes}
            value = value.spikes
        if isinstance(value, (tuple, list)) and 0 < len(value) < 8 and len(value) != shape[0]:
            value, *rest = value
            for name, state in zip(self.exposes, rest, strict=False):
                if state is not None and np.shape(state) == shape:
                    states[name] = shaped(f"{name}s", state, shape)
        return Observed(shaped("spikes", value, shape), **states)

    def _own_steps(self, current, by_step):
        rows = []
        for t, x in enumerate(current):
            more = {name: array[t] for name, array in by_step.items()}
            row = self._parts(self.function(x.copy(), **more), x.shape)
            # a copy: it may be the array in which the candidate holds its state
            rows.append([None if array is None else array.copy() for array in row])
        columns = zip(*rows, strict=True)
        return Observed(
            *(None if any(row is None for row in column) else np.stack(column)
              for column in columns)
        )  # fmt: skip

    def _steps(self, current, by_step):
        shape, dtype = current.shape[1:], current.dtype
        spikes, rows = np.zeros(current.shape), []
        state = [np.full(shape, self.initial, dtype)]
        state += [np.zeros(shape, dtype) for _ in range(self.form.states - 1)]
        for t, x in enumerate(current):
            more = {name: array[t] for name, array in by_step.items()}
            value = self.function(x.copy(), *state, **more)
            if not isinstance(value, (tuple, list)) or len(value) < 2:
                raise RefusedError(
                    f"a step returned {a_kind(value)}; return (spikes, state) from a step "
                    "that takes (current, state)"
                )
            spikes[t] = shaped("spikes", value[0], shape)
            state = [shaped("states", value[1], shape)]
            state += [real_array("states", more) for more in value[2:]]
            rows.append([shown.copy() for shown in self._shown(state, shape)])
        return Observed(spikes, *(np.stack(column) for column in zip(*rows, strict=True)))

    def _shown(self, state, shape):
        """The states that are compared, out of those of a step."""
        shown = state[: len(self.exposes)]
        return [array for array in shown if array.shape == shape]
