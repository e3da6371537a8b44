"""Encodings of class labels: their trials, and known ways in which they differ."""

import numpy as np

from spikecore import random, spikegen
from spikecore.validate.causes.code import Code, after, cause, expected, given, with_shared
from spikecore.validate.causes.inputs import SEED
from spikecore.validate.subject import NotApplicableError, Trial

DEFAULTS = {"num_classes": 7, "num_steps": 24}


def trials(subject, dtype):
    """Labels; with given uniforms where they are drawn from."""
    classes = subject.options["num_classes"]
    mixed = (np.arange(9) * 5 + 3) % classes
    named = {"every class": np.arange(2 * classes) % classes, "mixed": mixed, "one": mixed[:1]}
    if not subject.draws:
        return [Trial(name, labels, subject, "labels") for name, labels in named.items()]
    steps = subject.options["num_steps"]
    return [
        Trial(name, labels, subject.changed(uniforms=random.uniforms(
            SEED + 4, (steps, len(labels), classes))), "spike where u < rate")
        for name, labels in named.items()
    ]  # fmt: skip


def seeded_trials(subject, dtype):
    """A trial of spikecore's own stream."""
    labels = np.arange(9) % subject.options["num_classes"]
    subject = subject.changed(seed=SEED)
    return [Trial("stream", labels, subject, "spikecore's stream for one seed")]


# --- causes --------------------------------------------------------------------------------------


def _fractions(rule):
    """Regular trains with another rule for the steps k/rate."""

    def spikes_of(trial):
        options, result = trial.subject.options, expected(trial)
        pattern = options.get("firing_pattern", "regular")
        if trial.subject.kind != "targets_rate" or pattern != "regular":
            raise NotApplicableError("not a regular train")
        if result.ndim < 3 or options.get("interpolate"):
            raise NotApplicableError("there is no train")
        first, steps = options.get("first_spike_time", 0), options["num_steps"]
        rates = options.get("correct_rate", 1), options.get("incorrect_rate", 0)
        hot = _hot(trial)
        result[:] = options.get("off_target", 0)
        for rate, mask in zip(rates, (hot, ~hot), strict=True):
            times = rule(np.arange(steps + 1) / rate) + first if rate else np.array([])
            for t in times[times < steps].astype(int):
                result[t][mask] = options.get("on_target", 1)
        return result

    return spikes_of


def _hot(trial):
    classes = trial.subject.options["num_classes"]
    return np.asarray(spikegen.to_one_hot(trial.inputs, classes)) > 0


def _rates_swapped(trial):
    """The rates exchanged, which the reference refuses: the trains of the others, inverted."""
    result = expected(trial)
    if result.ndim < 3 or trial.subject.kind != "targets_rate":
        raise NotApplicableError("there is no train")
    both = trial.subject.changed(num_classes=2).expected(np.array([0])).spikes
    return np.where(_hot(trial), both[:, :1, 1:], both[:, :1, :1]).astype(result.dtype)


def _targets_swapped(trial):
    options = trial.subject.options
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    return expected(trial, on_target=off, off_target=on)


def _moved(steps):
    """Every label that many classes further."""

    def spikes_of(trial):
        classes = trial.subject.options["num_classes"]
        return expected(trial, (trial.inputs + steps) % classes)

    return spikes_of


RATES = (
    cause("rounded-times", "you round the times k/rate to the nearest step", _fractions(np.rint)),
    cause("ceiled-times", "you round the times k/rate up", _fractions(np.ceil)),
    cause("rates-swapped", "correct_rate and incorrect_rate are exchanged", _rates_swapped),
)
LEVELS = (
    cause("targets-swapped", "on_target and off_target are exchanged", _targets_swapped),
    cause("targets-ignored", "you ignore on_target and off_target",
          given(on_target=1, off_target=0)),
)  # fmt: skip
NEXT = cause("next-class", "your classes are counted from 1", _moved(1))
LABELS = (NEXT, cause("last-class", "your classes are one too low", _moved(-1)))
INVERSE = cause("inverse", "you give 0 at the class and 1 elsewhere", after(lambda s: 1 - s))

VECTORS = {
    "targets": {"num_classes": 5, "num_steps": 24, "correct_rate": 0.65, "incorrect_rate": 0.2},
    "targets-levels": {"num_classes": 4, "num_steps": 15, "correct_rate": 0.35,
                       "first_spike_time": 2, "on_target": 0.75, "off_target": 0.25},
    "targets-ramp": {"num_classes": 4, "num_steps": 12, "correct_rate": 0.25,
                     "interpolate": True},
}  # fmt: skip
CODE = Code(
    "targets_rate", "targets", trials,
    with_shared("targets_rate", *RATES, *LEVELS, *LABELS), DEFAULTS, VECTORS,
    draws=lambda options: options.get("firing_pattern") == "poisson", seeded=seeded_trials,
)  # fmt: skip
ONE_HOT = Code(
    "to_one_hot", "targets", trials, with_shared("to_one_hot", NEXT, INVERSE), {"num_classes": 7},
    {"one-hot": {"num_classes": 6}},
)  # fmt: skip
