"""How a candidate is called: which form it has, what it may not do, what its output must be.

A candidate is anybody's callable on NumPy arrays.  Whatever goes wrong in it becomes a
``RefusedError`` with one readable sentence.
"""

import inspect
import threading
from typing import Any, NamedTuple

import numpy as np

from spikecore.neurons.neuron import Neuron, Run

STATE_NAMES = ("membrane", "mem", "membrane_potential", "v", "u", "state", "states", "hidden")
STEP_NAMES = ("step", "t", "time_step")
PREVIOUS_NAMES = ("previous", "prev", "last", "before", *STATE_NAMES)


class RefusedError(Exception):
    """The candidate cannot be compared, for the reason in the message."""

    hangs = False  # it did not return, so calling it again would be in vain


class Observed(NamedTuple):
    """What came out: spikes, and the membrane where it is exposed."""

    spikes: np.ndarray
    membrane: Any = None


class Candidate:
    """Anybody's callable, and how many seconds one of its calls may take."""

    def __init__(self, function, timeout, of):
        if not callable(function):
            raise TypeError(
                f"candidate must be callable, got a {type(function).__name__}; pass a function of "
                f"{of}"
            )
        self.function, self.timeout = function, timeout

    @property
    def name(self):
        """How a report calls it."""
        name = getattr(self.function, "__qualname__", None)
        name = name or getattr(self.function, "__name__", None)
        return name or type(self.function).__name__

    def guarded(self, call):
        """``call()``, or ``RefusedError`` when it raises or takes too long.

        It runs in a thread of its own, because nothing else can leave a call that hangs; the thread
        is a daemon, so it does not keep the process alive.  An interrupt interrupts.
        """
        box = []

        def attempt():
            try:
                box.append((call(), None))
            except BaseException as error:
                box.append((None, error))

        thread = threading.Thread(target=attempt, daemon=True, name="spikecore-candidate")
        thread.start()
        thread.join(self.timeout)
        if not box:
            refused = RefusedError(
                f"it did not return within timeout={self.timeout:g} s; make it faster or raise "
                "timeout"
            )
            refused.hangs = True
            raise refused
        value, error = box[0]
        if isinstance(error, (RefusedError, KeyboardInterrupt)):
            raise error
        if error is not None:
            raise RefusedError(f"it raised {type(error).__name__}: {_message(error)}") from error
        return value


def _message(error, most=300):
    """An exception's message on one line."""
    try:
        return " ".join(str(error).split())[:most] or "no message"
    except Exception as failure:
        return f"its message cannot be had, str() of it raises {type(failure).__name__}"


# --- what comes out ------------------------------------------------------------------------------


def real_array(name, value):
    """``value`` as a NumPy array of finite real numbers; tensors come through ``__array__``."""
    try:
        result = np.asarray(value)
    except Exception as error:
        raise RefusedError(
            f"its {name}, a {type(value).__name__}, cannot become a NumPy array "
            f"({_message(error, 200)}); return an array in host memory without "
            "gradient"
        ) from error
    if result.dtype.kind not in "biuf":
        raise RefusedError(
            f"its {name} have dtype {result.dtype}, which holds no real numbers; return float32, "
            "integers or bools"
        )
    if result.dtype.kind == "f" and not np.isfinite(result).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(result))[0])
        raise RefusedError(f"its {name} hold {result[index]} at {index}; return finite numbers")
    return result


def shaped(name, value, shape):
    """``value`` as an array of that shape."""
    result = real_array(name, value)
    if result.shape != tuple(shape):
        raise RefusedError(
            f"its {name} have shape {result.shape} where {tuple(shape)} was expected; return one "
            "value for each step and element, time first"
        )
    return result


def untouched(name, given, before):
    """Refuse a candidate that wrote to its input."""
    if given.tobytes() != before.tobytes():
        raise RefusedError(f"it wrote to its input {name}; work on a copy")


# --- neurons -------------------------------------------------------------------------------------


class NeuronForm(NamedTuple):
    """Whole sequences, or one step with so many states."""

    sequence: bool
    states: int = 0


def neuron_form(candidate, form="auto"):
    """Which form a neuron has, by its signature."""
    if form == "sequence" or (form == "auto" and _owner_is_reference(candidate)):
        return NeuronForm(True)
    parameters = _positional(candidate)
    if parameters is None:
        return NeuronForm(False, 1) if form == "step" else NeuronForm(True)
    states = sum(parameter.default is parameter.empty for parameter in parameters) - 1
    if states < 1 and len(parameters) > 1 and parameters[1].name.lower() in STATE_NAMES:
        states = 1
    if form == "step":
        return NeuronForm(False, max(states, 1))
    return NeuronForm(states < 1, max(states, 0))


def _owner_is_reference(candidate):
    return isinstance(getattr(candidate, "__self__", candidate), Neuron)


def _positional(candidate):
    """Positional parameters, or None where no signature can be read."""
    try:
        forward = getattr(candidate, "forward", candidate)  # of a torch module, whose call hides it
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return None
    return [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


class NeuronCandidate(Candidate):
    """A neuron of whole sequences or of single steps, which begin with the membrane ``initial``."""

    def __init__(self, function, form, initial, timeout):
        super().__init__(function, timeout, "currents")
        self.form, self.initial = neuron_form(function, form), initial

    def run(self, trial):
        """Spikes and membrane ``[T, ...]`` on the trial's currents."""
        given = trial.inputs.copy()
        run = self._sequence if self.form.sequence else self._steps
        observed = self.guarded(lambda: run(given))
        untouched("current", given, trial.inputs)
        return observed

    def _sequence(self, current):
        owner = getattr(self.function, "__self__", self.function)
        value = (owner.run if isinstance(owner, Neuron) else self.function)(current)
        membrane = None
        if isinstance(value, Run):
            value = value.spikes, value.recorded.get("membrane")
        if isinstance(value, (tuple, list)) and 0 < len(value) < 8 and len(value) != len(current):
            value, *rest = value
            if rest and rest[0] is not None and np.shape(rest[0]) == current.shape:
                membrane = shaped("membranes", rest[0], current.shape)
        return Observed(shaped("spikes", value, current.shape), membrane)

    def _steps(self, current):
        shape, dtype = current.shape[1:], current.dtype
        spikes, membrane = np.zeros(current.shape), None
        state = [np.full(shape, self.initial, dtype)]
        state += [np.zeros(shape, dtype) for _ in range(self.form.states - 1)]
        for t, x in enumerate(current):
            value = self.function(x.copy(), *state)
            if not isinstance(value, (tuple, list)) or len(value) < 2:
                raise RefusedError(
                    f"a step returned a {type(value).__name__}; return (spikes, state) from a step "
                    "that takes (current, state)"
                )
            spikes[t] = shaped("spikes", value[0], shape)
            exposed = shaped("states", value[1], shape)
            if membrane is None:
                membrane = np.zeros(current.shape, exposed.dtype)
            membrane[t] = exposed
            state = [exposed, *(real_array("states", more) for more in value[2:])]
        return Observed(spikes, membrane)


# --- encoders ------------------------------------------------------------------------------------


class EncoderForm(NamedTuple):
    """How an encoder takes its arguments."""

    accepts: frozenset  # keyword arguments it can be given
    step_name: str | None = None  # second argument is the step
    previous: bool = False  # second argument is the state, or the sample before
    steps_second: bool = False  # second positional argument is the number of steps


def encoder_form(candidate, options):
    """Which of the options a candidate takes, and whether it encodes a step at a time."""
    try:
        parameters = list(inspect.signature(candidate).parameters.values())
    except (TypeError, ValueError):
        return EncoderForm(frozenset())
    known = set(options) | {"seed", "uniforms"}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return EncoderForm(frozenset(known))
    named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    accepts = frozenset(named & known - {positional[0].name if positional else ""})
    second = positional[1] if len(positional) > 1 else None
    if second is None or second.name in known:
        return EncoderForm(accepts)
    if second.name in STEP_NAMES:
        return EncoderForm(accepts, step_name=second.name)
    if second.name in PREVIOUS_NAMES:
        return EncoderForm(accepts, previous=True)
    return EncoderForm(accepts, steps_second=second.default is second.empty)


class EncoderCandidate(Candidate):
    """An encoder of whole trains, of single steps, or of one sample after another."""

    def __init__(self, function, options, timeout):
        super().__init__(function, timeout, "data")
        self.form = encoder_form(function, options)
        self.accepts = self.form.accepts

    def run(self, trial, shape=None):
        """Spikes of the expected ``shape`` on the trial's data."""
        shape = trial.expected().spikes.shape if shape is None else shape
        given, options = trial.inputs.copy(), trial.subject.options
        spikes = self.guarded(lambda: self._spikes(given, options, shape))
        untouched("data", given, trial.inputs)
        return Observed(spikes)

    def _spikes(self, data, options, shape):
        keywords = {name: value for name, value in options.items() if name in self.accepts}
        if self.form.step_name:
            return self._rows(((data, t) for t in range(shape[0])), keywords, shape)
        if self.form.previous:
            return shaped("spikes", self._samples(data, keywords, options), shape)
        second = (options["num_steps"],) if self.form.steps_second else ()
        value = self.function(data, *second, **keywords)
        value = value[0] if isinstance(value, tuple) else value
        if np.shape(value) == data.shape != shape == (shape[0], *data.shape):
            later = self._rows(((data,) for _ in range(shape[0] - 1)), keywords, shape)
            value = np.concatenate([shaped("spikes", value, shape[1:])[None], later])
        return shaped("spikes", value, shape)

    def _rows(self, calls, keywords, shape):
        rows = [self.function(*call, **keywords) for call in calls]
        rows = [shaped("spikes", row, shape[1:]) for row in rows]
        return np.stack(rows) if rows else np.zeros((0, *shape[1:]))

    def _samples(self, data, keywords, options):
        """One sample and the state before it at a time; without a state, the sample before."""
        state = data[0].copy() if options.get("padding") else np.zeros_like(data[0])
        rows = []
        for sample in data:
            value = self.function(sample.copy(), state, **keywords)
            spikes, state = value[:2] if isinstance(value, tuple) else (value, sample)
            rows.append(shaped("spikes", spikes, sample.shape))
        return np.stack(rows)
