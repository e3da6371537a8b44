"""What a kernel is: a description that is the same in every process, and differs where code does.

Numba's own key of a closure is a pickle of what it closes over, and the names of compiled functions
hold a number that counts what its process compiled before.  Two processes give one name to two
equations; a third that loads the kernels of both then calls the wrong equation.  Here data are
described by value, and functions by name, bytecode and all that they refer to.
"""

import hashlib
import types

import numpy as np

PLAIN = (type(None), type(...), bool, int, float, complex, str, bytes, np.generic, np.dtype)
KNOWN_BY_VERSION = ("builtins", "numba", "numpy")  # their versions are part of the cache's folder


def named(function):
    """Give what a factory made a name of its own, so that no two are mixed up when linked."""
    if function.__closure__ or "<" in function.__qualname__:  # <locals>, <lambda>
        function.__qualname__ = f"{function.__qualname__}_{digest_of(function)[:12]}"
    return function


def digest_of(function):
    """SHA-256 of the function's description."""
    return hashlib.sha256("\n".join(_described(function, {})).encode()).hexdigest()


def _described(value, seen):
    """Lines that describe a value.  What is not known is described by ``repr``.

    That may hold an address, which no other process has: then a kernel is compiled once too often.
    """
    value = getattr(value, "py_func", value)  # of a compiled function
    if isinstance(value, PLAIN):
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, (tuple, list)):
        yield f"{_name(type(value))} of {len(value)}"
        for element in value:
            yield from _described(element, seen)
    elif isinstance(value, frozenset):  # a hash decides on its order
        yield f"set {sorted(map(repr, value))}"
    elif isinstance(value, np.ndarray):
        data = hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
        yield f"array {value.dtype} {value.shape} {data}"
    elif isinstance(value, types.FunctionType) and not _known_by_version(value):
        yield from _described_function(value, seen)
    elif hasattr(value, "__name__"):  # a class, a module, or a function that is not Python's
        yield f"{type(value).__name__} {_name(value)} {getattr(value, '_fields', '')}"
    else:
        yield f"{type(value).__name__} {value!r}"


def _described_function(function, seen):
    """Lines for a function; one that was described before is named by its turn alone."""
    yield f"function {seen.get(function)} {_name(function)}"
    if function in seen:
        return
    seen[function] = len(seen)
    codes = list(_codes(function.__code__))
    for code in codes:
        yield f"{code.co_code.hex()} {code.co_varnames} {code.co_names}"
        for constant in code.co_consts:
            if not isinstance(constant, types.CodeType):
                yield from _described(constant, seen)
    yield from _described((function.__defaults__, _items(function.__kwdefaults__)), seen)
    for cell in function.__closure__ or ():
        yield from _described(cell.cell_contents, seen)
    names = sorted({name for code in codes for name in code.co_names})
    for holder, name, value in _globals(function, names):
        yield f"{holder}.{name}"
        yield from _described(value, seen)


def _codes(code):
    """A function's code, and that of the functions written inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _globals(function, names):
    """What a function may read from its module, and from modules that its module imports."""
    for name in names:
        if name in function.__globals__:
            value = function.__globals__[name]
            yield "", name, value
            if isinstance(value, types.ModuleType) and not _known_by_version(value):
                for attribute in names:
                    if attribute in vars(value):  # getattr might import
                        yield name, attribute, vars(value)[attribute]


def _items(mapping):
    return None if mapping is None else tuple(sorted(mapping.items()))


def _known_by_version(value):
    module = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
    return str(module).partition(".")[0] in KNOWN_BY_VERSION


def _name(value):
    name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
    return f"{getattr(value, '__module__', '')}.{name}"
