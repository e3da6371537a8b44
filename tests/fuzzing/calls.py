"""A call as an expression: drawing it, making it, and what is wrong with its answer."""

import dis
import io
import os
import re
import signal
import threading
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikecore
from fuzzing import values
from fuzzing.targets import LEFT_OUT
from spikecore import (
    Events,
    datasets,
    decode,
    events,
    lazy,
    network,
    neurons,
    random,
    spikegen,
    spikeplot,
    statistics,
    utils,
    validate,
)
from spikecore.backends import DeviceError
from spikecore.codes.temporal_contrast import ThresholdError

PACKAGE = str(Path(spikecore.__file__).parent) + os.sep
SECONDS = 30  # that a call may take, on a machine that others use too
LONGEST = 1000  # characters of a sentence
ALLOWED = (ValueError, TypeError, MemoryError, DeviceError, ThresholdError)
CALLS_OTHERS = ("measure",)  # functions that call the caller's own, whose errors are the caller's
WRONG_CALL = re.compile(
    r"unexpected keyword|missing \d+ required|positional arguments? but|multiple"
)
MODULES = (spikegen, decode, statistics, random, utils, datasets, events, lazy)

NAMES = {
    **values.NAMES,
    **{module.__name__.split(".")[-1]: module for module in MODULES},
    **{name: getattr(neurons, name) for name in neurons.__all__},
    **{name: getattr(network, name) for name in network.__all__},
    "Events": Events, "Figure": Figure, "spikecore": spikecore, "spikeplot": spikeplot,
    "validate": validate,
}  # fmt: skip


class Offence(NamedTuple):
    """An answer that is neither a result nor a sentence."""

    what: str  # in a word
    place: str  # file and line of the package
    message: str
    call: str


class Call(NamedTuple):
    """A target and the expressions of its arguments."""

    target: tuple
    given: dict  # name -> expression

    def __str__(self):
        shown = []
        for name, text in self.given.items():
            before = name == "current" and any(map(_is_nameless, self.given))
            shown.append(text if before or _is_nameless(name) else f"{name.lstrip('*')}={text}")
        return f"{self.target.call}({', '.join(shown)})"


@cache
def _compiled(text):
    return compile(text, "<call>", "eval")


def evaluate(text):
    """The value of an expression."""
    return eval(_compiled(text), NAMES)


# --- drawing ------------------------------------------------------------------------------------


def draw(generator, target):
    """A call of which none, one, several or all arguments are bad."""
    share = generator.choices((0.0, 0.15, 0.5, 1.0), (1, 6, 2, 1))[0]
    given = {}
    for name, good in target.good.items():
        style = name.startswith("**")
        several = name.startswith("*") and not style
        for index in range(generator.randrange(4) if several else 1):
            is_bad = generator.random() < share * (0.5 if style else 1)
            text = values.bad(generator) if is_bad else _good(generator, good)
            if style and "2**40" in str(text):
                continue  # matplotlib looks at every element of what is passed on to it
            if text is not LEFT_OUT:
                given[f"{name}{index}" if several else name] = text
    if generator.random() < 0.01:
        given["unknown"] = "1"
    return Call(target, given)


def _good(generator, good):
    """A good value; the first ones more often, so that calls fit together."""
    return good[min(int(generator.expovariate(0.9)), len(good) - 1)]


# --- calling ------------------------------------------------------------------------------------


@contextmanager
def limited(seconds):
    """An error after so many seconds, where the system and the thread have alarms."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_):
        raise TimeoutError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def strict_warnings():
    """Warnings are errors, but for films that nobody looked at, which matplotlib regrets."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Animation was deleted")
        yield


def offence_of(call):
    """What is wrong with the answer to a call, or None."""
    made = _made(call)
    if made is None:
        return None
    function, positional, named = made
    before = {name: _contents(value) for name, value in named.items()}
    before |= {f"*{i}": _contents(value) for i, value in enumerate(positional)}
    files = set(os.listdir())
    try:
        with limited(SECONDS), strict_warnings(), redirect_stdout(io.StringIO()):
            result = function(*positional, **named)
            if hasattr(result, "__next__"):
                next(result, None)
        failed = None
    except Exception as error:
        failed = error
    if failed is not None:
        found = wrong_with(failed, call)
        if found is not None:
            return found
    for name, contents in before.items():
        value = positional[int(name[1:])] if name.startswith("*") else named[name]
        written = name == "out" and failed is None
        if not written and _contents(value) != contents:
            return Offence("the caller's array changed", name, "", str(call))
    may_write = "download" in call.given or call.target.call.endswith("save_animation")
    if set(os.listdir()) != files and not may_write:
        return Offence("files appear", str(set(os.listdir()) - files), "", str(call))
    return None


def _made(call):
    """Function and arguments, or None where a value cannot be made at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            positional = [evaluate(text) for name, text in call.given.items() if _is_nameless(name)]
            named = {
                name.lstrip("*"): evaluate(text)
                for name, text in call.given.items()
                if not _is_nameless(name)
            }
        except Exception:  # such as numpy.array(Raises("__array__", KeyError))
            return None
        if positional and "current" in named:
            positional.insert(0, named.pop("current"))
        return evaluate(call.target.call), positional, named


def _is_nameless(name):
    return name.startswith("*") and not name.startswith("**")


def _contents(value, depth=2):
    """What a caller would see of a value: bytes of arrays, items of collections."""
    if isinstance(value, np.ma.MaskedArray):
        return _contents(value.data), np.ma.getmaskarray(value).tobytes()
    if isinstance(value, np.ndarray):
        small = value.nbytes < 1 << 20
        bits = value.tobytes() if small and value.dtype.char != "T" else None
        return value.dtype, value.shape, value.strides, value.flags.writeable, bits
    if type(value) in (list, tuple) and depth:
        return [_contents(item, depth - 1) for item in value]
    if type(value) is dict and depth:
        return [(id(key), _contents(item, depth - 1)) for key, item in value.items()]
    return id(value)


# --- judging ------------------------------------------------------------------------------------


def wrong_with(error, call):
    """What is wrong with an error as an answer, or None."""
    place, message = place_of(error), _said(error)
    if not place:
        wrong_call = isinstance(error, TypeError) and WRONG_CALL.search(message)
        return None if wrong_call else Offence("outside of the package", "", message, str(call))
    what = _complaint(error, message, call)
    return None if what is None else Offence(what, place, message, str(call))


def place_of(error):
    """File and line of the package's last frame of a traceback, or nothing."""
    frames = _frames(error)
    if not frames:
        return ""
    frame, line = frames[-1]
    return f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{line}"


def _frames(error):
    """Frames of the package, with the line that each was at, from the outermost on.

    That of ``chunked.py`` only passes the caller's arguments on.
    """
    trace = traceback.walk_tb(error.__traceback__)
    files = ((frame, line, frame.f_code.co_filename) for frame, line in trace)
    return [(frame, line) for frame, line, file in files
            if file.startswith(PACKAGE) and not file.endswith("chunked.py")]  # fmt: skip


def _said(error):
    try:
        return str(error)
    except Exception as failure:
        return f"(the message cannot be shown: {failure!r})"


def _complaint(error, message, call):
    """What a reader would complain about."""
    if _frames(error)[-1][0].f_code.co_name in CALLS_OTHERS:
        return None
    if type(error) not in ALLOWED and not isinstance(error, OSError):
        return f"raises {type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "takes too long"
    if isinstance(error, OSError) and error.filename is not None:
        return None  # the file system's own sentence, which names the file
    if not _raised_by_us(error.__traceback__):
        return f"a foreign {type(error).__name__}"
    if "\n" in message:
        return "a message of several lines"
    if len(message) > LONGEST:
        return "a message that is too long"
    known = {name.lstrip("*") for name in (*call.target.good, *call.target.names, "the output")}
    start = re.split(r"[,;]", message)[0]
    is_named = any(re.search(rf"\b{re.escape(name)}\b", start) for name in known)
    is_unknown = re.search(r" must be (a field|an argument) of ", start)
    if not is_named and not is_unknown:
        return "names no argument"
    if "; " not in message:
        return "gives no remedy"
    return None


def _raised_by_us(trace):
    """Whether a ``raise`` of the package raised it, rather than what a line of it called."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    if not code.co_filename.startswith(PACKAGE):
        return False
    operation = dis.opname[code.co_code[trace.tb_lasti]]
    return operation == "RAISE_VARARGS"
