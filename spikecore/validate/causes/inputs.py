"""Inputs on which codes differ: on grids, where ties are exact, beside ties, and at random."""

import numpy as np

from spikecore import random
from spikecore.validate.subject import Trial

SEED = 20  # of the trials' data
STEPS, FEATURES = 32, (3, 4)
BATCH = (4, 9)


def make_trials(subject, dtype, named):
    """Trials from ``{name: (data, why)}``."""
    return [
        Trial(name, np.ascontiguousarray(values, dtype), subject, why)
        for name, (values, why) in named.items()
    ]


def gathered(trials):
    """The inputs of trials side by side: features of signals, samples of values."""
    shape = trials[0].inputs.shape
    parts = [trial.inputs for trial in trials if trial.inputs.shape == shape]
    return np.concatenate(parts, axis=1 if len(shape) > 2 else 0)


def _drawn(shape, number=0):
    return random.uniforms(SEED + number, shape)


def signals(subject, dtype):
    """Signals whose changes are multiples of half the threshold, or beside it, or of any size."""
    options = subject.options
    unit = float(options.get("threshold", options.get("spacing", 0.25)))
    drawn = _drawn((STEPS, *FEATURES))
    halves = np.cumsum(np.rint(drawn * 6 - 3), axis=0) * (unit / 2)
    tenths = np.cumsum(np.rint(_drawn((STEPS, *FEATURES), 1) * 6 - 3), axis=0) * (unit * 0.4)
    leaps = np.rint(_drawn((STEPS, *FEATURES), 2) * 16 - 8) * unit
    beside = np.repeat(tenths[::2].astype(dtype), 2, axis=0)
    direction = np.where(drawn[1::2] < 0.5, -1, 1).astype(dtype)
    beside[1::2] += direction * dtype.type(unit)
    beside[1::2] += np.rint(drawn[::2] * 4 - 2).astype(dtype) * np.spacing(beside[1::2])
    anywhere = np.cumsum((drawn - 0.47) * (3 * unit), axis=0)
    return make_trials(subject, dtype, {
        "halves": (halves, "changes in multiples of half the threshold, which are exact ties"),
        "tenths": (tenths, "changes in multiples of 0.4 thresholds (of 0.1 by default)"),
        "beside": (beside, "changes within a few ulp of the threshold"),
        "leaps": (leaps, "changes of many thresholds"),
        "random": (anywhere, "changes of any size"),
        "one step": (halves[:1] + 3 * unit, "a signal of one step"),
    })  # fmt: skip


def filtered(subject, dtype):
    """Sums of the filter at random steps, alone and beside something else, nowhere below 0."""
    taps = np.asarray(subject.options["fir"], float)
    spikes = _drawn((STEPS, *FEATURES)) < 0.3
    sums = np.zeros(spikes.shape)
    for k, tap in enumerate(taps[:STEPS]):
        sums[k:] += np.abs(tap) * spikes[: STEPS - k]
    noise = _drawn(spikes.shape, 1)
    low = float(_number(subject.options.get("shift")))
    return make_trials(subject, dtype, {
        "sums": (low + sums, "sums of the filter, which it fits exactly"),
        "eighths": (low + sums + np.rint(noise * 4) / 8, "the same with eighths added"),
        "tenths": (low + np.rint(noise * 12) * 0.1, "multiples of 0.1"),
        "random": (low + noise * 1.5, "anything"),
        "one step": (low + sums[:1] + 1, "a signal of one step"),
    })  # fmt: skip


def _number(value):
    return value if isinstance(value, (int, float)) else 0


def ranged(low, high, time=False, above=True, ends=None):
    """Trials of values from low to high, or of a signal of them.

    ``above`` says whether the upper end may be coded, and ``ends(options)`` gives other ends.
    """

    def trials(subject, dtype):
        first, last = (low, high) if ends is None else ends(subject.options)
        shape, span = (STEPS, *FEATURES) if time else BATCH, last - first
        drawn = _drawn(shape, 3)
        most = dtype.type(last) if above else np.nextafter(dtype.type(last), dtype.type(first))
        grid = np.resize(np.append(np.arange(0, 16), 16), shape)
        edges = np.linspace(first, last, 9).astype(dtype)
        above_0, least = edges[1:], dtype.type(first)  # beside 0 there are subnormal numbers
        beside = [edges, np.nextafter(above_0, most), np.nextafter(above_0, least)]
        named = {
            "eighths": (first + grid / 16 * span, "sixteenths of the range, which are exact ties"),
            "tenths": (first + np.rint(drawn * 10) * 0.1 * span, "tenths of the range"),
            "beside": (np.resize(np.concatenate(beside), shape), "at and beside eighths"),
            "random": (first + drawn * span, "values anywhere in the range"),
            "one step" if time else "one value": (
                np.full((1, *FEATURES) if time else (1,), first + span * 3 / 8), "one alone"
            ),
        }  # fmt: skip
        made = make_trials(subject, dtype, named)
        return [trial._replace(inputs=np.clip(trial.inputs, dtype.type(first), most))
                for trial in made]  # fmt: skip

    return trials
