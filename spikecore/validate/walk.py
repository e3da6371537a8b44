"""The reference stepped by hand, so that known mistakes of execution can be put between steps."""

import numpy as np

from spikecore.neurons.dynamics import State, only, step_of
from spikecore.validate.candidate import Observed
from spikecore.validate.follow import numbers


@np.errstate(over="ignore", invalid="ignore")
def walk(
    lif, current, *, wide=False, fused=None, shared=False, losers=False, start=None, stored=None
):
    """Spikes and membranes of ``lif`` on ``[T, ...]`` currents.

    wide: compute in float64 from parameters that are rounded as the data are.
    fused: the product of ``"decay"`` or ``"gain"`` is added without being rounded first.
    shared: a spike of one neuron resets all neurons of the last axis.
    losers: under inhibition, neurons that were kept from firing are reset too.
    start: the state to begin with, as a ``State``.
    stored: dtype in which the membrane is kept between steps.
    """
    model, shape = lif._model, current.shape[1:]
    step = step_of(model.axes)
    dtype = np.dtype(np.float64) if wide else current.dtype
    p = numbers(lif, shape, current.dtype, dtype)
    zero = np.zeros(shape, dtype)
    state = start or State(np.full(shape, lif.leak, dtype), zero, zero, zero, zero)
    spikes, membranes = np.zeros((2, *current.shape), dtype)
    may_fire = _highest(state.membrane - p.threshold) if model.inhibition else True
    for t, x in enumerate(current.astype(dtype)):
        before = only(step.count(state.membrane, p), losers or may_fire)
        if shared:
            before = np.broadcast_to(before.max(axis=-1, keepdims=True), shape)
        if fused:
            new = _fused(model.axes, state, before, x, p, fused)
        else:
            new = step.advance(state, before, x, p)
        if model.inhibition:
            may_fire = _highest(new.membrane - p.threshold)
        above = step.count(new.membrane, p)
        reset = now = only(above, may_fire)
        if shared:
            reset = np.broadcast_to(now.max(axis=-1, keepdims=True), shape)
        if losers:
            reset = above
        state, _ = step.settle(new, before, reset, p)
        spikes[t] = before if model.axes.report == "old" else now
        membranes[t] = state.membrane
        if stored is not None:
            state = state._replace(membrane=state.membrane.astype(stored).astype(dtype))
    return Observed(spikes * dtype.type(lif.amplitude), membranes.astype(current.dtype))


def final_state(lif, current, start=None):
    """The state after a run, to go on from."""
    model, shape = lif._model, current.shape[1:]
    states = [] if start is None else [getattr(start, field) for field in model.states.values()]
    run = lif.run(current, *states, device="numpy")
    held = dict.fromkeys(State._fields, np.zeros(shape, current.dtype))
    held.update(zip(model.states.values(), run.final, strict=True))
    return State(**held)


def before_reset(lif, current):
    """Membranes before the reset of their own step."""
    from spikecore.validate.follow import follow

    run = lif.run(current, device="numpy")
    return follow(lif, current, Observed(run.spikes, run.recorded["membrane"])).before_reset


def _highest(v):
    return np.arange(v.shape[-1]) == v.argmax(axis=-1)[..., None]


def _once(a, b, c):
    """``a*b + c`` of float32 rounded once, as a fused multiply-add gives it."""
    if a.dtype == np.float64:
        wide = np.longdouble
        return np.asarray(wide(a) * wide(b) + wide(c), np.float64)
    return (np.float64(a) * np.float64(b) + np.float64(c)).astype(a.dtype)


def _fused(axes, state, n, x, p, product):
    """``advance`` with one product fused into the sum that takes it: that of decay or of gain."""
    v, zero = state.membrane, np.zeros_like(state.membrane)
    following = axes.reset_at != "same"
    x = np.where(state.refractory > 0, zero, x) if axes.refractory else x
    if following and axes.reset == "value" and not axes.drop_input:
        v = np.where(n > 0, p.reset_value, v)
    if following and axes.reset == "subtract" and axes.decay_reset:
        v = v - n * p.threshold
    if product == "gain":
        v = p.leak + p.decay * (v - p.leak) if axes.leak else p.decay * v
        v = _once(p.gain, x, v)
    else:
        drive = p.gain * x if axes.gain else x
        leaking = axes.leak
        v = _once(p.decay, v - p.leak, p.leak) + drive if leaking else _once(p.decay, v, drive)
    if following and axes.reset == "subtract" and not axes.decay_reset:
        v = v - n * p.threshold
    if following and axes.reset == "value" and axes.drop_input:
        v = np.where(n > 0, p.reset_value, v)
    if axes.lower:
        v = np.where(v < p.lower, p.lower, v)
    return state._replace(membrane=v.astype(x.dtype))
