"""What the validator knows of one code, and the causes that all codes share."""

from typing import Any, NamedTuple

import numpy as np

from spikecore.validate.candidate import Observed
from spikecore.validate.causes import axes
from spikecore.validate.subject import Cause, NotApplicableError


class Code(NamedTuple):
    """One function of :mod:`spikecore.spikegen`."""

    kind: str  # its name
    group: str  # of the codes that are judged together
    trials: Any  # (subject, dtype) -> the trials of deterministic comparison
    causes: tuple  # the likeliest first
    defaults: Any  # options of the trials, where none are given; or a function of those given
    vectors: dict  # {name: options} of the conformance vectors
    decision: Any = None  # (trial, shape) -> Decision, where something is rounded
    draws: Any = None  # (options) -> whether random numbers are drawn
    seeded: Any = None  # (subject, dtype) -> trials of spikecore's random numbers for a seed
    probability: Any = None  # (data, options) -> of each draw
    gathered: Any = None  # (options) -> whether its trials make one vector, side by side

    def needed(self, options):
        """The options of a call, those that it needs included."""
        defaults = self.defaults(options) if callable(self.defaults) else self.defaults
        return {**defaults, **options}

    def smallest(self, dtype):
        """The least data that the function takes."""
        return np.zeros(1, np.int64) if self.group == "targets" else np.zeros((1, 1), dtype)


class Decision(NamedTuple):
    """``[T, ...]``: the number that decides, how many ulp it is from deciding otherwise, and
    whether it is exact, so that no order of operations rounds it.
    """

    value: np.ndarray
    distance: np.ndarray
    exact: np.ndarray


# --- causes --------------------------------------------------------------------------------------


def cause(name, sentence, spikes, precision=False):
    """A cause under which ``spikes(trial)`` come out."""
    return Cause(name, sentence, lambda trial: Observed(spikes(trial)), precision=precision)


def expected(trial, inputs=None, **changes):
    """The reference's spikes, with data or options changed."""
    subject = trial.subject.changed(**changes)
    return subject.expected(trial.inputs if inputs is None else inputs).spikes


def after(change):
    """A change of the reference's spikes."""
    return lambda trial: change(expected(trial))


def given(**changes):
    """A change of options."""
    return lambda trial: axes.changed(trial, **changes).spikes


def option(trial, name, default=None):
    """An option of a trial, given or of its profile; the default where it is None too."""
    return axes.value_of(trial.subject.kind, trial.subject.options, name, default)


def cast(trial, name, default=None):
    """An option in the dtype of the data."""
    return trial.inputs.dtype.type(option(trial, name, default))


def on_data(change):
    """A change of the data."""
    return lambda trial: expected(trial, inputs=change(trial.inputs))


def with_shared(kind, *special):
    """A code's own causes, those of its signature and those of every code, each name once.

    What only rounds otherwise comes last, and of that a wider dtype first.
    """
    named = {}
    for known in (*special, *axes.causes(kind), *SHARED):
        named.setdefault(known.name, known)
    return tuple(sorted(named.values(), key=lambda c: (c.precision, c.name != "float64")))


def shifted(array, steps):
    """An array moved along time, zeros coming in."""
    result = np.zeros_like(array)
    if steps > 0:
        result[steps:] = array[:-steps]
    else:
        result[:steps] = array[-steps:]
    return result


def _flipped(spikes):
    low, high = spikes.min(), spikes.max()
    return np.where(spikes == high, low, np.where(spikes == low, high, spikes))


def _swapped(spikes):
    """Samples and features exchanged, in an array of the same shape."""
    if spikes.ndim < 3:
        raise NotApplicableError("there is no batch")
    return spikes.swapaxes(1, 2).reshape(spikes.shape)


def _wide(trial):
    """The reference in float64, given float32 data."""
    if trial.inputs.dtype != np.float32:
        raise NotApplicableError("the data are not float32")
    return expected(trial, trial.inputs.astype(np.float64)).astype(np.float32)


SHARED = (
    cause("late", "your spikes come one step late", after(lambda s: shifted(s, 1))),
    cause("early", "your spikes come one step early", after(lambda s: shifted(s, -1))),
    cause("transposed", "samples and features are exchanged", after(_swapped)),
    cause("reversed", "your time runs backwards: T-1-t", after(lambda s: s[::-1])),
    cause("inverted", "your spikes are inverted", after(_flipped)),
    cause("silent", "you never spike", after(np.zeros_like)),
    cause("float64", "you compute in float64 where the data are float32", _wide, precision=True),
)
