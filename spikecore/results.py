"""Results and fields of objects: whether two are equal, and how they are shown.

NumPy's ``==`` of arrays gives an array, with which tuples and dataclasses cannot be compared.
"""

import numpy as np


def same(a, b):
    """Whether two fields are equal: None, numbers, names or arrays."""
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b)


def equal(a, b):
    """Whether two results are equal: arrays, and dicts and tuples of them."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[name], b[name]) for name in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return same(a, b)


def differ(a, b):
    """Whether two results are not equal."""
    return not equal(a, b)


def by_value(kind):
    """A kind of results that are compared by value, have no hash and are shown by their shapes."""
    kind.__eq__, kind.__ne__, kind.__hash__, kind.__repr__ = equal, differ, None, summary
    return kind


def summary(result):
    """The shapes and dtypes of a result's arrays, in the form of a call."""
    fields = ", ".join(f"{name}={_shape(value)}" for name, value in result._asdict().items())
    return f"{type(result).__name__}({fields})"


def _shape(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {_shape(held)}" for name, held in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_shape, value)) + ("," if len(value) == 1 else "") + ")"
    return f"{value.dtype}{list(value.shape)}" if hasattr(value, "shape") else repr(value)
