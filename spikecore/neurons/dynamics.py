"""The equations of the neurons: one step of leaky integration, firing and reset.

A step has three parts: ``advance`` the state by the input, ``count`` the spikes, ``settle`` their
effect on the state.  Inhibition compares all neurons of a row after the first part.
The axes on which simulators differ are constants of the step, not data: ``step_of(axes)`` builds
the functions for one combination, and the compiler removes branches on axes.

As in arithmetic.py, all functions here work for arrays, for scalars and inside kernels.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from spikecore.arithmetic import floor, like, mul, select
from spikecore.compiler import equation


class Axes(NamedTuple):
    """The choices of a step, constants of its compiled code; :class:`LIF` explains them."""

    compare: str = ">"  # or ">=": the comparison of membrane and threshold
    reset: str = "none"  # "subtract" the threshold, or set a "value"
    reset_at: str = "next"  # step, the "same" step, or "exchange": the new reset for the last one
    decay_reset: bool = False  # the subtracted threshold decays with the membrane
    drop_input: bool = False  # the input of a reset step is discarded
    spikes: str = "single"  # or "multi": floor(v / threshold) in one step
    report: str = "new"  # spike of the membrane after the update, or the "old" one, before it
    model: str = "leaky"  # or "synaptic": a filtered input; "alpha": the difference of two
    refractory: bool = False  # steps without input after a spike
    leak: bool = False  # decay towards a value other than 0
    gain: bool = False  # the input is scaled
    lower: bool = False  # the membrane has a lower bound
    recurrent: bool = False  # each neuron's own last spike is added to its input


class Parameters(NamedTuple):
    """The numbers of a step: scalars, or one per neuron, all of the data's dtype."""

    decay: Any
    threshold: Any
    reset_value: Any
    gain: Any
    leak: Any
    lower: Any
    refractory: Any
    synapse_decay: Any
    recurrent: Any
    tau_alpha: Any


class State(NamedTuple):
    """The state of a neuron between two steps; fields that its axes do not use are 0."""

    membrane: Any
    synapse: Any
    inhibitory: Any
    refractory: Any
    spike: Any


class Step(NamedTuple):
    """The functions of one combination of axes."""

    count: Any
    advance: Any
    settle: Any
    emit: Any
    only: Any  # under inhibition: the spikes of the neurons that may fire
    height: Any  # under inhibition: the neuron with the largest height may fire
    moves: bool  # under inhibition: the next reset asks again which neuron is highest


@cache
def step_of(axes):
    """The step for one combination of axes."""
    moves = axes.reset_at == "exchange"
    return Step(_count(axes), _advance(axes), _settle(axes), _emit(axes), only, height, moves)


def _count(axes):
    multi, at_least = axes.spikes == "multi", axes.compare == ">="

    @equation
    def count(v, p):
        """Spikes of a membrane: 0 or 1, or floor(v / threshold)."""
        zero, one = like(v, 0), like(v, 1)
        if multi:
            return select(v > zero, floor(v / p.threshold), zero)
        if at_least:
            return select(v >= p.threshold, one, zero)
        return select(v > p.threshold, one, zero)

    return count


def _advance(axes):
    if axes.model == "alpha":
        return _advance_alpha(axes)
    following = axes.reset_at != "same"
    value, subtract = axes.reset == "value", axes.reset == "subtract"
    value_first = following and value and not axes.drop_input
    value_last = following and value and axes.drop_input
    subtract_first = following and subtract and axes.decay_reset
    subtract_last = following and subtract and not axes.decay_reset
    leak, gain, lower, refractory = axes.leak, axes.gain, axes.lower, axes.refractory
    synapse, recurrent = axes.model == "synaptic", axes.recurrent

    @equation
    def advance(state, n, x, p):
        """Membrane before firing; n is how many spikes of the last step are still to be reset."""
        v = state.membrane
        zero = like(v, 0)
        current = state.synapse
        if synapse:
            current = mul(p.synapse_decay, current) + x
            drive = current
        else:
            drive = x
        if refractory:
            drive = select(state.refractory > zero, zero, drive)
        if gain:
            drive = mul(p.gain, drive)
        if value_first:
            v = select(n > zero, p.reset_value, v)
        if subtract_first:
            v = v - mul(n, p.threshold)
        v = p.leak + mul(p.decay, v - p.leak) if leak else mul(p.decay, v)
        v = v + drive
        if recurrent:
            v = v + mul(p.recurrent, state.spike)
        if subtract_last:
            v = v - mul(n, p.threshold)
        if value_last:
            v = select(n > zero, p.reset_value, v)
        if lower:
            v = select(v < p.lower, p.lower, v)
        return State(v, current, state.inhibitory, state.refractory, state.spike)

    return advance


def _advance_alpha(axes):
    subtract, value = axes.reset == "subtract", axes.reset == "value"

    @equation
    def advance(state, n, x, p):
        """Difference of a slow and a fast synaptic current, scaled by tau_alpha."""
        excitatory = mul(p.synapse_decay, state.synapse) + x
        inhibitory = mul(p.decay, state.inhibitory) - x
        v = mul(p.tau_alpha, excitatory + inhibitory)
        zero = like(v, 0)
        if subtract:
            excitatory = excitatory - mul(p.threshold, n)
            inhibitory = select(n > zero, zero, inhibitory)
            v = v + mul(state.inhibitory, n)
        if value:
            excitatory = select(n > zero, zero, excitatory)
            inhibitory = select(n > zero, zero, inhibitory)
            v = select(n > zero, zero, v)
        return State(v, excitatory, inhibitory, state.refractory, state.spike)

    return advance


def _settle(axes):
    same = axes.reset_at == "same"
    subtract, value = same and axes.reset == "subtract", same and axes.reset == "value"
    exchange = axes.reset_at == "exchange" and axes.reset == "subtract"
    old, refractory, recurrent = axes.report == "old", axes.refractory, axes.recurrent

    @equation
    def settle(state, before, now, p):
        """State after the step, and the spikes that it reports."""
        v = state.membrane
        zero, one = like(v, 0), like(v, 1)
        reported = before if old else now
        if subtract:
            v = v - mul(now, p.threshold)
        if exchange:
            v = v - mul(now - before, p.threshold)
        if value:
            v = select(now > zero, p.reset_value, v)
        waiting = state.refractory
        if refractory:
            waiting = select(waiting > one, waiting - one, zero)
            waiting = select(reported > zero, p.refractory, waiting)
        spike = state.spike
        if recurrent:
            spike = reported
        return State(v, state.synapse, state.inhibitory, waiting, spike), reported

    return settle


def _emit(axes):
    multi = axes.spikes == "multi"

    @equation
    def emit(n, on, off):
        """Output value of n spikes."""
        if multi:
            return mul(like(on, n), on)
        return select(n > like(n, 0), on, off)

    return emit


@equation
def only(n, allowed):
    """Spikes of the neurons that may fire."""
    return select(allowed, n, like(n, 0))


@equation
def height(v, threshold):
    """How far a membrane is above its threshold; -inf for NaN.

    Under inhibition the highest neuron of a row may fire, the first of several equal ones.
    """
    above = v - threshold
    return select(above == above, above, like(above, -np.inf))
