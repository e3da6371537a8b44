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


class Observed(NamedTuple):
    """What came out: spikes, and the membrane where it is exposed."""

    spikes: np.ndarray
    membrane: Any = None


def name_of(candidate):
    """How a report calls the candidate."""
    name = getattr(candidate, "__qualname__", None) or getattr(candidate, "__name__", None)
    return name or type(candidate).__name__


def guarded(function, timeout):
    """``function()``, or ``RefusedError`` when it raises or takes more than ``timeout`` seconds.

    It runs in a thread of its own, because nothing else can leave a call that hangs; the thread is
    a daemon, so it does not keep the process alive.
    """
    box = []

    def call():
        try:
            box.append((function(), None))
        except (Exception, SystemExit) as error:
            box.append((None, error))

    thread = threading.Thread(target=call, daemon=True, name="spikecore-candidate")
    thread.start()
    thread.join(timeout)
    if not box:
        raise RefusedError(
            f"it did not return within timeout={timeout:g} s; make it faster or raise timeout"
        )
    value, error = box[0]
    if isinstance(error, RefusedError):
        raise error
    if error is not None:
        text = " ".join(str(error).split())[:300]
        raise RefusedError(f"it raised {type(error).__name__}: {text or 'no message'}") from error
    return value


# --- what comes out ------------------------------------------------------------------------------


def real_array(name, value):
    """``value`` as a NumPy array of finite real numbers; tensors come through ``__array__``."""
    try:
        result = np.asarray(value)
    except Exception as error:
        raise RefusedError(
            f"its {name}, a {type(value).__name__}, cannot become a NumPy array "
            f"({' '.join(str(error).split())[:200]}); return an array in host memory without "
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
    if form == "sequence":
        return NeuronForm(True)
    if form == "auto" and _is_reference(candidate):
        return NeuronForm(True)
    parameters = _positional(candidate)
    if parameters is None:
        return NeuronForm(False, 1) if form == "step" else NeuronForm(True)
    required = [one for one in parameters if one.default is one.empty]
    states = len(required) - 1
    if states < 1 and len(parameters) > 1 and parameters[1].name.lower() in STATE_NAMES:
        states = 1
    if form == "step":
        return NeuronForm(False, max(states, 1))
    return NeuronForm(states < 1, max(states, 0))


def _is_reference(candidate):
    owner = getattr(candidate, "__self__", candidate)
    return isinstance(owner, Neuron)


def _positional(candidate):
    """Positional parameters, or None where no signature can be read."""
    try:
        forward = getattr(candidate, "forward", candidate)  # of a torch module, whose call hides it
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return None
    return [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def run_neuron(candidate, form, current, initial):
    """Spikes and membrane ``[T, ...]`` of a candidate on ``[T, ...]`` currents."""
    given = current.copy()
    if form.sequence:
        result = _run_sequence(candidate, given)
    else:
        result = _run_steps(candidate, given, form.states, initial)
    untouched("current", given, current)
    return result


def _run_sequence(candidate, current):
    owner = getattr(candidate, "__self__", candidate)
    call = owner.run if isinstance(owner, Neuron) else candidate
    value = call(current)
    membrane = None
    if isinstance(value, Run):
        value = value.spikes, value.recorded.get("membrane")
    if isinstance(value, (tuple, list)) and 0 < len(value) < 8 and len(value) != len(current):
        rest = value[1:]
        value = value[0]
        if rest and rest[0] is not None and np.shape(rest[0]) == current.shape:
            membrane = shaped("membranes", rest[0], current.shape)
    return Observed(shaped("spikes", value, current.shape), membrane)


def _run_steps(candidate, current, states, initial):
    shape = current.shape[1:]
    spikes = np.zeros(current.shape)
    membrane = None
    state = [np.full(shape, initial, current.dtype)]
    state += [np.zeros(shape, current.dtype) for _ in range(states - 1)]
    for t, x in enumerate(current):
        value = candidate(x.copy(), *state)
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
        state = [exposed, *(real_array("states", one) for one in value[2:])]
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


def run_encoder(candidate, form, data, options, shape):
    """Spikes of the expected ``shape``, from an encoder of whole trains or of single steps."""
    given = data.copy()
    keywords = {name: value for name, value in options.items() if name in form.accepts}
    if form.step_name:
        rows = [candidate(given, t, **keywords) for t in range(shape[0])]
        result = np.stack([shaped("spikes", row, shape[1:]) for row in rows])
    elif form.previous:
        result = _run_delta_steps(candidate, given, keywords, options)
    else:
        if form.steps_second:
            value = candidate(given, options["num_steps"], **keywords)
        else:
            value = candidate(given, **keywords)
        value = value[0] if isinstance(value, tuple) else value
        if np.shape(value) == data.shape != tuple(shape) == (shape[0], *data.shape):
            rows = [value, *(candidate(given, **keywords) for _ in range(shape[0] - 1))]
            value = np.stack([shaped("spikes", row, shape[1:]) for row in rows])
        result = shaped("spikes", value, shape)
    untouched("data", given, data)
    return result


def _run_delta_steps(candidate, data, keywords, options):
    """One sample and the state before it at a time; a bare result leaves the sample as state."""
    state = data[0].copy() if options.get("padding") else np.zeros_like(data[0])
    rows = []
    for sample in data:
        value = candidate(sample.copy(), state, **keywords)
        spikes, state = value[:2] if isinstance(value, tuple) else (value, sample)
        rows.append(shaped("spikes", spikes, sample.shape))
    return np.stack(rows)
