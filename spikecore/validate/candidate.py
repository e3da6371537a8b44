"""What any candidate may not do, and what its output must be.

A candidate is anybody's callable on arrays of NumPy, torch or JAX.  Whatever goes wrong in it
becomes a ``RefusedError`` with one readable sentence.
"""

import threading
from typing import Any, NamedTuple

import numpy as np

from spikecore.foreign import a_kind
from spikecore.validate import libraries


class RefusedError(Exception):
    """The candidate cannot be compared, for the reason in the message."""

    hangs = False  # it did not return, so calling it again would be in vain


class Observed(NamedTuple):
    """What came out: spikes, and the states that are exposed."""

    spikes: np.ndarray
    membrane: Any = None
    synapse: Any = None  # the synaptic current of a neuron in fixed point


class Candidate:
    """Anybody's callable, and how many seconds one of its calls may take."""

    def __init__(self, function, timeout, of, arrays="auto"):
        if not callable(function):
            raise TypeError(
                f"candidate must be callable, got {a_kind(function)}; pass a function of {of}"
            )
        libraries.require(arrays)
        self.original, self.timeout, self.finds = function, timeout, arrays == "auto"
        self.library = libraries.of_module(function) if self.finds else arrays

    @property
    def name(self):
        """How a report calls it."""
        name = getattr(self.original, "__qualname__", None)
        name = name or getattr(self.original, "__name__", None)
        return name or type(self.original).__name__

    def function(self, *arguments, **keywords):
        """Call it with arrays of its library, which is found where NumPy's are refused."""
        try:
            return self._call(self.library, arguments, keywords)
        except Exception as error:
            for library in libraries.wanted_by(error, _message(error)) if self.finds else ():
                try:
                    value = self._call(library, arguments, keywords)
                except Exception as failure:
                    error.args = (
                        f"{_message(error)}; given arrays of {library}, it raised "
                        f"{type(failure).__name__}: {_message(failure)}",
                    )
                else:
                    self.library = library
                    return value
            raise

    def _call(self, library, arguments, keywords):
        arguments = [libraries.given(value, library) for value in arguments]
        keywords = {name: libraries.given(value, library) for name, value in keywords.items()}
        return libraries.returned(self.original(*arguments, **keywords))

    def guarded(self, call):
        """``call()``, or ``RefusedError`` when it raises or takes too long.

        It runs in a thread of its own, because nothing else can leave a call that hangs; the thread
        is a daemon, so it does not keep the process alive.  An interrupt interrupts.
        """
        box = []

        def attempt():
            try:
                box.append((call(), None))
            except BaseException as error:
                box.append((None, error))

        thread = threading.Thread(target=attempt, daemon=True, name="spikecore-candidate")
        thread.start()
        thread.join(self.timeout)
        if not box:
            refused = RefusedError(
                f"it did not return within timeout={self.timeout:g} s; make it faster or raise "
                "timeout"
            )
            refused.hangs = True
            raise refused
        value, error = box[0]
        if isinstance(error, (RefusedError, KeyboardInterrupt)):
            raise error
        if error is not None:
            raise RefusedError(f"it raised {type(error).__name__}: {_message(error)}") from error
        return value


def _message(error, most=300):
    """An exception's message on one line."""
    try:
        return " ".join(str(error).split())[:most] or "no message"
    except Exception as failure:
        return f"its message cannot be had, str() of it raises {type(failure).__name__}"


# --- what comes out ------------------------------------------------------------------------------


def real_array(name, value):
    """``value`` as a NumPy array of finite real numbers; tensors come through ``__array__``."""
    try:
        result = np.asarray(value)
    except Exception as error:
        raise RefusedError(
            f"its {name}, {a_kind(value)}, cannot become a NumPy array "
            f"({_message(error, 200)}); return an array in host memory without "
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
