"""What a run of neurons begins with: names, states and parameters, checked and converted."""

import math
from itertools import combinations

import numpy as np

from spikecore import arguments
from spikecore.backends.floats import standard_floats
from spikecore.neurons.dynamics import Parameters, Parts, State, has_parts

ZERO_PARAMETERS = dict.fromkeys((*Parameters._fields, *Parts._fields), 0.0)
DELAYED = "delayed"  # the state of a neuron whose inputs come late

ELSEWHERE = {  # arguments of other libraries, and the remedy here
    "beta": "decay is LIF's name for beta",
    "decay": "beta is the name of decay here",
    "learn_beta": "spikecore does not train, so leave it out",
    "learn_threshold": "spikecore does not train, so leave it out",
    "spike_grad": "spikecore does not train, so leave it out",
    "surrogate_disable": "spikecore does not train, so leave it out",
    "init_hidden": "the state goes in and comes out of each call, so leave it out",
    "output": "every call returns spikes and state, so leave it out",
    "state_quant": "pass the neuron to Quantized(neuron, state_levels(num_bits))",
    "linear_features": "pass recurrent=Linear.draw(neurons, neurons, seed)",
    "reset_mechanism": "reset is LIF's name for reset_mechanism",
    "graded_spikes_factor": "amplitude is LIF's name for graded_spikes_factor",
    "tau": "decay is what is left after a step, exp(-dt/tau) or 1 - dt/tau",
    "v_threshold": "threshold is the name of v_threshold here",
}


def refuse_field(kind, name, known):
    """Refuse a field that a neuron does not have, with a remedy if another library has it."""
    must, remedy = f"be a field of {kind}, out of {known}", ELSEWHERE.get(name, "correct it")
    arguments.refuse(name, must, "another name", remedy, TypeError)


def recorded_names(record, states):
    """The recorded states' names, checked."""
    names = arguments.names("record", record)
    for name in names:
        if name not in states:
            must = f"name states out of {tuple(states)}"
            arguments.refuse("record", must, arguments.shown(name), "choose among them")
    return names


def fits_recurrence(linear, shape, dtype):
    """Refuse currents of another width or dtype than the recurrent weights."""
    width = shape[-1] if shape else None
    if width != linear.in_features:
        must = f"have {linear.in_features} neurons on its last axis, as recurrent has"
        remedy = f"pass [num_steps, ..., {linear.in_features}]"
        arguments.refuse("current", must, f"neurons of shape {shape}", remedy)
    if dtype != linear.weight.dtype:
        must = f"have the dtype of recurrent, {linear.weight.dtype}"
        arguments.refuse("current", must, dtype, "convert one of the two with astype", TypeError)


def places(out, wanted):
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


def initial_state(state, model, shape, dtype, backend):
    """The state to begin with: new arrays, which the kernel updates in place."""
    if len(state) > len(model.states) + (model.delay > 0):
        names = model.state_names
        must, remedy = f"be at most {len(names)} arrays", "pass them in that order"
        got = f"{len(state)} where the states are {names}"
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


def delayed_inputs(state, model, shape, dtype, backend):
    """The inputs that are on their way, ``[delay, neurons]``: a new array."""
    shape = (model.delay, *shape)
    value = np.zeros(shape, dtype)
    if len(state) > len(model.states) and state[-1] is not None:
        value = arguments.state(DELAYED, state[-1], shape, dtype, backend)
    return backend.copy(value).reshape(model.delay, math.prod(shape[1:]))


def _holds(name, column):
    """Refuse a parameter that its dtype rounded to infinity, or a threshold to 0."""
    lost = ~np.isfinite(column) | ((name == "threshold") & (column == 0))
    if np.any(lost):
        raise ValueError(
            f"{name} is {np.ravel(column)[np.argmax(lost)]} when rounded to {column.dtype}; "
            "rescale it or pass a current of float64"
        )


def parameters(model, shape, dtype):
    """Parameters as scalars, or one value per neuron, of the current's dtype."""
    numbers = {**ZERO_PARAMETERS, **model.parameters}
    public = model.names or {}

    def columns(names):
        for name in names:
            value = numbers[name]
            value = value(dtype) if callable(value) else value
            yield column(public.get(name, name), value, shape, dtype)

    parts = Parts(*columns(Parts._fields)) if has_parts(model.axes) else ()
    return Parameters(*columns(Parameters._fields[:-1]), parts)


def column(name, value, shape, dtype):
    """A parameter as a kernel takes it, refused where its dtype does not hold it."""
    with standard_floats(), np.errstate(over="ignore"):
        result = arguments.per_neuron(name, value, shape, dtype)
    _holds(name, result)
    return result
