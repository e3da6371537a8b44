"""Columns, which are arrays or a single number: kernels index both in the same way.

A parameter is a scalar or one value per neuron, and a record is an array or not wanted.  Numba
picks the matching line when it compiles, so that a scalar stays in a register.  A NamedTuple of
columns is a column too, field by field.  The plain functions are for NumPy and CUDA's simulator.
"""

import numpy as np

from spikecore.arithmetic import INLINE
from spikecore.compiler import overload, types


def part(column, low, high):
    """Elements low to high."""
    if isinstance(column, tuple):
        return type(column)(*(part(field, low, high) for field in column))
    return column[low:high] if np.ndim(column) else column


def row_of(column, t, low, high):
    """Elements low to high of time step t."""
    if isinstance(column, tuple):
        return type(column)(*(row_of(field, t, low, high) for field in column))
    return column[t, low:high] if np.ndim(column) else column


def at(column, i):
    """Element i."""
    if isinstance(column, tuple):
        return type(column)(*(at(field, i) for field in column))
    return column[i] if np.ndim(column) else column


def put(column, i, value):
    """Store element i, if the column is an array."""
    if isinstance(column, tuple):
        for field, number in zip(column, value, strict=True):
            put(field, i, number)
    elif np.ndim(column):
        column[i] = value


def put_at(column, t, i, value):
    """Store element i of time step t, if the column is an array."""
    if isinstance(column, tuple):
        for field, number in zip(column, value, strict=True):
            put_at(field, t, i, number)
    elif np.ndim(column):
        column[t, i] = value


def _by_field(function, column, arguments, stores=False):
    """``function`` of every field of a NamedTuple, as source for Numba to compile.

    Numba has no loop over fields of different types, so the source has a call for each.
    """
    names = column.fields
    if stores:
        calls = ", ".join(f"function(column.{n}, {arguments}, value.{n})" for n in names)
        source = f"lambda column, {arguments}, value: ({calls},)"
    else:
        calls = ", ".join(f"function(column.{n}, {arguments})" for n in names)
        source = f"lambda column, {arguments}: kind({calls})"
    return eval(source, {"function": function, "kind": column.instance_class})


@overload(part, jit_options=INLINE)
def _part(column, low, high):
    if isinstance(column, types.BaseNamedTuple):
        return _by_field(part, column, "low, high")
    if isinstance(column, types.Array):
        return lambda column, low, high: column[low:high]
    return lambda column, low, high: column


@overload(row_of, jit_options=INLINE)
def _row_of(column, t, low, high):
    if isinstance(column, types.BaseNamedTuple):
        return _by_field(row_of, column, "t, low, high")
    if isinstance(column, types.Array):
        return lambda column, t, low, high: column[t, low:high]
    return lambda column, t, low, high: column


@overload(at, jit_options=INLINE)
def _at(column, i):
    if isinstance(column, types.BaseNamedTuple):
        return _by_field(at, column, "i")
    if isinstance(column, types.Array):
        return lambda column, i: column[i]
    return lambda column, i: column


@overload(put, jit_options=INLINE)
def _put(column, i, value):
    if isinstance(column, types.BaseNamedTuple):
        return _by_field(put, column, "i", stores=True)
    if isinstance(column, types.Array):

        def store(column, i, value):
            column[i] = value

        return store
    return lambda column, i, value: None


@overload(put_at, jit_options=INLINE)
def _put_at(column, t, i, value):
    if isinstance(column, types.BaseNamedTuple):
        return _by_field(put_at, column, "t, i", stores=True)
    if isinstance(column, types.Array):

        def store(column, t, i, value):
            column[t, i] = value

        return store
    return lambda column, t, i, value: None
