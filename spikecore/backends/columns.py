"""Columns that are arrays or stand for one number: how kernels index both alike.

A parameter is a scalar or one value per neuron, and a record is an array or not wanted.  Numba
picks the matching line when it compiles, so that a scalar stays in a register; the functions
themselves serve CUDA's simulator.
"""

import numpy as np

from spikecore.compiler import equation, overload, types
from spikecore.equations import INLINE
from spikecore.neurons.dynamics import Parameters, State


def part(column, low, high):
    """Elements low to high."""
    return column[low:high] if np.ndim(column) else column


def row_of(column, t, low, high):
    """Elements low to high of time step t."""
    return column[t, low:high] if np.ndim(column) else column


def at(column, i):
    """Element i."""
    return column[i] if np.ndim(column) else column


def put(column, i, value):
    """Store element i, where there is an array to store it in."""
    if np.ndim(column):
        column[i] = value


def put_at(column, t, i, value):
    """Store element i of time step t, where there is an array to store it in."""
    if np.ndim(column):
        column[t, i] = value


@overload(part, jit_options=INLINE)
def _part(column, low, high):
    if isinstance(column, types.Array):
        return lambda column, low, high: column[low:high]
    return lambda column, low, high: column


@overload(row_of, jit_options=INLINE)
def _row_of(column, t, low, high):
    if isinstance(column, types.Array):
        return lambda column, t, low, high: column[t, low:high]
    return lambda column, t, low, high: column


@overload(at, jit_options=INLINE)
def _at(column, i):
    if isinstance(column, types.Array):
        return lambda column, i: column[i]
    return lambda column, i: column


@overload(put, jit_options=INLINE)
def _put(column, i, value):
    if isinstance(column, types.Array):

        def store(column, i, value):
            column[i] = value

        return store
    return lambda column, i, value: None


@overload(put_at, jit_options=INLINE)
def _put_at(column, t, i, value):
    if isinstance(column, types.Array):

        def store(column, t, i, value):
            column[t, i] = value

        return store
    return lambda column, t, i, value: None


@equation
def parameters_part(p, low, high):
    """The parameters of a tile of neurons."""
    return Parameters(
        part(p.decay, low, high),
        part(p.threshold, low, high),
        part(p.reset_value, low, high),
        part(p.gain, low, high),
        part(p.leak, low, high),
        part(p.lower, low, high),
        part(p.refractory, low, high),
        part(p.synapse_decay, low, high),
        part(p.recurrent, low, high),
        part(p.tau_alpha, low, high),
    )


@equation
def parameters_at(p, i):
    """The parameters of one neuron."""
    return Parameters(
        at(p.decay, i),
        at(p.threshold, i),
        at(p.reset_value, i),
        at(p.gain, i),
        at(p.leak, i),
        at(p.lower, i),
        at(p.refractory, i),
        at(p.synapse_decay, i),
        at(p.recurrent, i),
        at(p.tau_alpha, i),
    )


@equation
def state_part(s, low, high):
    """The state of a tile of neurons."""
    return State(
        part(s.membrane, low, high),
        part(s.synapse, low, high),
        part(s.inhibitory, low, high),
        part(s.refractory, low, high),
        part(s.spike, low, high),
    )


@equation
def state_row(s, t, low, high):
    """What is recorded of a tile of neurons at one step."""
    return State(
        row_of(s.membrane, t, low, high),
        row_of(s.synapse, t, low, high),
        row_of(s.inhibitory, t, low, high),
        row_of(s.refractory, t, low, high),
        row_of(s.spike, t, low, high),
    )


@equation
def state_at(s, i):
    """The state of one neuron."""
    return State(
        at(s.membrane, i),
        at(s.synapse, i),
        at(s.inhibitory, i),
        at(s.refractory, i),
        at(s.spike, i),
    )


@equation
def state_put(s, i, new):
    """Store the state of one neuron."""
    put(s.membrane, i, new.membrane)
    put(s.synapse, i, new.synapse)
    put(s.inhibitory, i, new.inhibitory)
    put(s.refractory, i, new.refractory)
    put(s.spike, i, new.spike)


@equation
def state_put_at(s, t, i, new):
    """Record the state of one neuron at one step."""
    put_at(s.membrane, t, i, new.membrane)
    put_at(s.synapse, t, i, new.synapse)
    put_at(s.inhibitory, t, i, new.inhibitory)
    put_at(s.refractory, t, i, new.refractory)
    put_at(s.spike, t, i, new.spike)
