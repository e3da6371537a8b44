"""Columns that are arrays or stand for one number: how kernels index both alike.

A parameter is a scalar or one value per neuron, and a record is an array or not wanted.  Numba
picks the matching line when it compiles, so that a scalar stays in a register.
"""

from spikecore.compiler import overload, types
from spikecore.equations import INLINE


def part(column, low, high):
    """Elements low to high."""
    raise RuntimeError("only compiled code calls this")


def row_of(column, t, low, high):
    """Elements low to high of time step t."""
    raise RuntimeError("only compiled code calls this")


def at(column, i):
    """Element i."""
    raise RuntimeError("only compiled code calls this")


def put(column, i, value):
    """Store element i, where there is an array to store it in."""
    raise RuntimeError("only compiled code calls this")


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
