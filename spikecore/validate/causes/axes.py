"""The causes that a code's signature has: another choice, a profile, an ignored argument, a number.

A parameter with a few choices (``Literal``, ``bool``) is an axis.  A parameter that takes an int or
a float is a number.  A new code needs nothing here.
"""

from functools import cache
from importlib import import_module
from inspect import Parameter, signature
from itertools import combinations
from numbers import Real
from types import UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np

from spikecore import spikegen
from spikecore.codes.moving_window import LONGER
from spikecore.codes.profiles import CODES as PROFILES
from spikecore.validate.candidate import Observed
from spikecore.validate.estimate import decimals, highest, told
from spikecore.validate.subject import Cause, NotApplicableError

RESERVED = ("data", "targets", "out", "device", "seed", "uniforms", "stream", "sparse")
UNUSED = (*RESERVED, "dtype", "first_element", "first_step", "channels")  # how a call is made
SIZES = ("num_steps", "num_classes", "neurons")  # another one gives another shape
FACTORS = (2, 1 / 2, 10, 1 / 10, 3, 1 / 3, 1.1, 0.9)
ROUNDS = 8  # of a search, each of 17 numbers
FEW = 6  # trials in a search


class Argument(NamedTuple):
    """One argument of a code."""

    name: str
    default: Any
    meant: Any  # what is used where it is left out
    choices: tuple  # () where it may be anything
    whole: bool  # takes an int
    real: bool  # takes a float


@cache
def parameters(kind):
    """What can be chosen in a function of :mod:`spikecore.spikegen`."""
    function = getattr(spikegen, kind)
    hints, found = get_type_hints(function), []
    axes = getattr(import_module(function.__module__), "Axes", None)
    left_open = axes()._asdict() if axes else {}  # what None stands for
    for name, known in signature(function).parameters.items():
        if name not in UNUSED:
            members = tuple(_members(hints[name]))
            choices = tuple(choice for member in members for choice in _choices(member))
            whole, real = int in members, float in members
            meant = left_open.get(name) if known.default is None else known.default
            found.append(Argument(name, known.default, meant, choices, whole and not real, real))
    return tuple(found)


def _members(hint):
    """The types of a union."""
    if get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _members(part)
    else:
        yield hint


def _choices(hint):
    if hint is bool:
        return False, True
    return get_args(hint) if get_origin(hint) is Literal else ()


def value_of(kind, options, name, default=None):
    """What an option is: given, or chosen by the profile that is given, or the default."""
    profile = PROFILES.get(kind, {}).get(str(options.get("profile")).lower(), {})
    values = (options.get(name), profile.get(name), default)
    return next((value for value in values if value is not None), None)


def changed(trial, **changes):
    """The reference's output with other options; spikes past the end are dropped."""
    subject = trial.subject
    names = {known.name for known in parameters(subject.kind)}
    if not names >= set(changes):
        raise NotApplicableError(f"{subject.kind} has no {', '.join(changes)}")
    options = {**subject.options, **changes}
    if "bypass" in names and options.get("law") is options.get("profile") is None:
        changes = {**changes, "bypass": True}
    return Observed(subject.changed(**changes).expected(trial.inputs).spikes)


# --- causes --------------------------------------------------------------------------------------


def causes(kind):
    """Another choice of each axis, each profile, and each argument ignored, in this order."""
    known = parameters(kind)
    for name, _, _, choices, *_ in known:
        for choice in choices if name != "bypass" else ():
            yield _chosen({name: choice}, _sentence(name, choice, choices))
    yield from _profiles(kind, {argument.name for argument in known})
    for name, default, _, choices, whole, real in known:
        free = not choices or whole or real
        if free and name not in SIZES and default is not Parameter.empty:
            yield _ignored(name, default)


def _sentence(name, choice, choices):
    others = [known for known in choices if known != choice]
    return f"your {name} is {choice!r}" + (f", not {others[0]!r}" if len(others) == 1 else "")


def _chosen(changes, text):
    name = " + ".join(f"{axis}={choice}" for axis, choice in changes.items())
    return Cause(name, text, lambda trial: changed(trial, **changes))


def _ignored(name, default):
    def expect(trial):
        if trial.subject.options.get(name, default) is default:
            raise NotApplicableError(f"{name} is not given")
        return changed(trial, **{name: default})

    return Cause(f"{name}-ignored", f"you ignore {name}", expect)


def _profiles(kind, names):
    """A cause for the profiles that make the same choices."""
    alike = {}
    for profile, axes in PROFILES.get(kind, {}).items():
        longer = LONGER.get(profile, 0) if kind == "moving_window" else 0
        alike.setdefault((repr(sorted(axes.items())), longer), []).append(profile)
    for profiles in alike.values():
        axes = PROFILES[kind][profiles[0]]
        left_open = {axis: None for axis in axes if axis in names}
        yield Cause(
            f"profile={profiles[0]}",
            f"this is exactly profile {' or '.join(profiles)}",
            lambda trial, name=profiles[0], axes=left_open: changed(trial, profile=name, **axes),
        )


def pairs(kind):
    """Two axes at once."""
    axes = [known for known in parameters(kind) if known.choices and known.name != "bypass"]
    for first, second in combinations(axes, 2):
        for one in first.choices:
            for two in second.choices:
                text = f"{_sentence(first.name, one, first.choices)}, and " + _sentence(
                    second.name, two, second.choices
                )
                yield _chosen({first.name: one, second.name: two}, text)


# --- numbers -------------------------------------------------------------------------------------


def numbers(kind, seen):
    """For each number, causes of other values that it may have; trials must have the same one."""
    for known in sorted(parameters(kind), key=lambda known: not known.whole):
        references = {repr(_given(trial, known)) for trial, _ in seen}
        reference = _given(seen[0].trial, known)
        number = isinstance(reference, Real) and not isinstance(reference, bool)
        varied = (known.whole or known.real) and known.name not in SIZES
        if len(references) == 1 and number and varied:
            yield _values(known.name, reference, known.whole, seen)


def _given(trial, known):
    return value_of(trial.subject.kind, trial.subject.options, known.name, known.meant)


def _values(name, reference, whole, seen):
    """A cause for each value that the number may have, the simplest first."""
    tried = _near(reference) if whole else _apart(name, float(reference), seen)
    for value in tried:
        sentence = told(name, value, reference)
        if whole:
            sentence = f"your {name} is {value}, the reference's is {reference}"
        yield Cause(name, sentence, lambda trial, value=value: changed(trial, **{name: value}))


def _near(reference):
    near = [reference + step for step in (1, -1, 2, -2)]
    near += [2 * reference, reference // 2, 0, 1]
    return [value for value in dict.fromkeys(near) if value >= 0 and value != reference]


def _apart(name, reference, seen):
    """Simple factors, then what the search for the longest equal beginning finds."""
    yield from (reference * factor for factor in FACTORS if reference)
    low, high = sorted((reference / 8, reference * 4)) if reference else (-1.0, 1.0)
    few = [pair for pair in seen[:FEW] if pair.observed.spikes.size]

    def followed(grid):
        return [sum(_followed(name, value, *pair) for pair in few) for value in grid.tolist()]

    low, high = highest(followed, low, high, sum(pair.observed.spikes.size for pair in few), ROUNDS)
    yield from decimals(low, high)


def _followed(name, value, trial, observed):
    """How many places of each feature are equal before the first that is not."""
    try:
        spikes = changed(trial, **{name: value}).spikes
    except (ValueError, TypeError):
        return 0
    if spikes.shape != observed.spikes.shape:
        return 0
    same = spikes == observed.spikes
    return int(np.logical_and.accumulate(same.reshape(len(same), -1), axis=0).sum())
