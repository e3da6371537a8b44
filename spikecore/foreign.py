"""Objects of other people's classes: their methods and attributes may raise anything."""

import inspect

import numpy as np

LONGEST = 200  # characters of a value in a sentence


def shown(value, text=repr):
    """A value in one line, cut where it is long."""
    try:
        line = " ".join(text(value).split())
    except Exception:  # RecursionError of deep lists and ValueError of huge integers, for two
        return f"a value of type {type(value).__name__} that cannot be shown"
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def a_kind(value):
    """The type of a value with its article."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' or name == 'ndarray' else 'a'} {name}"


def reason(error):
    """What an error says in its first line, or its kind where it says nothing."""
    try:
        return shown(str(error).splitlines()[0], str) or type(error).__name__
    except Exception:
        return type(error).__name__


def shape_of(value):
    """The shape that NumPy gives a value, or None where it refuses, as for ragged lists."""
    try:
        shape = np.shape(value)
    except Exception:
        return None
    return shape if isinstance(shape, tuple) else None  # a module may have a ``shape`` of its own


def misfit(function, /, *positional, **named):
    """Why a function cannot be called so, or None where it can or its signature is not known."""
    try:
        signature = inspect.signature(function)
    except Exception:  # ValueError for what is written in C, or what a foreign class raises
        return None
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        return str(error)
    return None


def has(value, *names):
    """Whether a value has all of the attributes; one that cannot be read does not count."""
    try:
        return all(hasattr(value, name) for name in names)
    except Exception:
        return False
