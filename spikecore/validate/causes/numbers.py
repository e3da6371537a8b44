"""Numbers of a neuron, decay, gain, threshold and those of its parts, estimated from its trains.

Where membranes are exposed, decay and gain are those of the least squares over the steps without a
reset, and the threshold lies between the membranes that fire and those that do not.  From spikes
alone one number at a time is sought, on which the reference follows the trains the longest; those
of a synaptic current, adaptation and spike map are always sought in this way.
"""

import math
from dataclasses import replace
from itertools import chain, product
from operator import itemgetter

import numpy as np

from spikecore.validate.causes.neuron import changed, expected
from spikecore.validate.estimate import bounded, decimals, highest, simplest, told
from spikecore.validate.subject import Cause

NAMES = ("decay", "gain", "threshold")
SHARES = ("decay", "synapse_decay", "adaptation_decay")  # within [0, 1]
FEW = 3  # trials on which a search begins
LEAST_GAIN = 1e-3  # of the reference's, below which the membrane does not follow the input


@np.errstate(over="ignore", invalid="ignore")
def estimates(subject, seen, fits):
    """The causes that another number, or several, reproduces the candidate."""
    lif = subject.lif
    names, candidates = _of_parts(lif), []
    if all(observed.membrane is not None for _, observed in seen):
        candidates = _from_membranes(lif, seen)
    else:
        names = (*NAMES, *names)
    sought = (changes for name in names for changes in _from_spikes(lif, seen, name))
    candidates = chain(candidates, sought)
    found = {}
    for changes in candidates:
        name = " + ".join(changes)
        if changes and name not in found:
            cause = _cause(name, subject, changes)
            if fits(cause):
                found[name] = sum(len(repr(value)) for value in changes.values()), cause
    return [cause for _, cause in sorted(found.values(), key=itemgetter(0))]


def _of_parts(lif):
    """The numbers of the parts that this neuron has, apart from those that are 0."""
    names = []
    if lif.synapse_decay is not None:
        names += ["synapse_decay", "synapse_gain"]
    if lif.adaptation_decay is not None:
        names += ["adaptation_decay", "adaptation_scale"]
    if lif.threshold_low is not None:
        names += ["threshold_low"]
    if lif.spike_map != "linear":
        names += ["map_scale", "map_onset"]
    if lif.spike_map == "exponential":
        names += ["map_slope"]
    return tuple(name for name in names if getattr(lif, name))


def _cause(name, subject, changes):
    said = [told(number, value, getattr(subject.lif, number)) for number, value in changes.items()]
    other = replace(subject, lif=changed(subject.lif, **changes) or subject.lif)
    return Cause(name, ", and ".join(said), point=lambda _: other)


# --- from membranes ------------------------------------------------------------------------------


def _from_membranes(lif, seen):
    """Changes of the numbers that differ, the simplest first."""
    rows = [_rows(lif, *pair) for pair in seen]
    before, x, now, quiet = (np.concatenate([row[i].reshape(-1) for row in rows]) for i in range(4))
    columns = np.stack([before, x], axis=1)[quiet]
    if len(columns) < 2:
        return
    (decay, gain), *_ = np.linalg.lstsq(columns, now[quiet], rcond=None)
    if not 0 <= decay <= 1 or abs(gain) < LEAST_GAIN * abs(float(lif.gain)):
        return
    dtype = seen[0].trial.inputs.dtype
    estimated = [[float(decay)], [float(gain)], _thresholds(lif, seen, decay, gain)]
    choices = [
        _near(values, float(getattr(lif, name)), dtype)
        for name, values in zip(NAMES, estimated, strict=True)
    ]
    for values in product(*choices):
        named = zip(NAMES, values, strict=True)
        yield {name: value for name, value in named if value != float(getattr(lif, name))}


def _rows(lif, trial, observed):
    """Membrane before, input and membrane after, and whether nothing was reset or clipped."""
    v = observed.membrane.astype(float) - float(lif.leak)
    recent = observed.spikes != 0
    for _ in range(min(math.ceil(lif.refractory) + 1, len(v))):
        recent[1:] = recent[1:] | recent[:-1]
    quiet = ~recent[1:]
    if lif.lower is not None:
        quiet &= observed.membrane[1:] > lif.lower
    return v[:-1], trial.inputs[1:].astype(float), v[1:], quiet


def _thresholds(lif, seen, decay, gain):
    """What parts the membranes that fire from those that do not; or what a reset subtracts."""
    limits, taken, leak = [], [], float(lif.leak)
    following = lif.reset_at == "next"
    for trial, observed in seen:
        v, fired = observed.membrane.astype(float), observed.spikes != 0
        new = leak + decay * (v[:-1] - leak) + gain * trial.inputs[1:]
        judged = v[:-1] if lif.report_spike == "old" else v[1:] if following else new
        free = np.ones(new.shape, bool)
        for wait in range(1, min(math.ceil(lif.refractory) + 1, len(v))):
            free[wait - 1 :] &= ~fired[:-wait]
        limits.append((judged[free & ~fired[1:]], judged[free & fired[1:]]))
        reset = fired[:-1] if following and lif.report_spike == "new" else fired[1:]
        taken.append((new - v[1:])[reset])
    values = bounded(limits)
    if lif.reset == "subtract" and sum(map(len, taken)):
        subtracted = float(np.median(np.concatenate(taken)))
        subtracted /= decay if lif.decay_reset and decay else 1
        values = [subtracted]
    return values or [float(lif.threshold)]


def _near(values, reference, dtype):
    """Numbers to try in the place of those estimated: the reference's where it is that."""
    value = values[0]
    slack = 2e-6 * max(abs(value), abs(reference))
    if abs(value - reference) <= slack:
        return [reference]
    if len(values) > 1:  # anywhere between bounds
        return values
    rounded = dtype.type(value)
    beside = [float(rounded + k * np.spacing(rounded)) for k in (0, 1, -1)]
    return [simplest(value - slack / 2, value + slack / 2), *beside]


# --- from spikes ---------------------------------------------------------------------------------


def _from_spikes(lif, seen, name):
    """The change of one number with which the reference follows the spikes to the end, if any."""
    reference = float(getattr(lif, name))
    low, high = (0.0, 1.0) if name in SHARES else sorted((reference / 8, reference * 4))
    for trials in (seen[:FEW], seen):
        most = sum(observed.spikes.size for _, observed in trials)

        def followed(values, trials=trials):
            return sum(_followed(lif, name, values, *pair) for pair in trials)

        low, high = highest(followed, low, high, most)
        values = np.array(decimals(low, high))
        values = values[followed(values) == most]
        if not values.size:
            return
    yield {name: float(values[0])}


def _followed(lif, name, values, trial, observed):
    """How many places the reference with each value follows before its first differences."""
    other = changed(lif, **{name: values.reshape(-1, *[1] * (trial.inputs.ndim - 1))})
    if other is None:
        return np.zeros(len(values))
    current = np.repeat(trial.inputs[:, None], len(values), axis=1)
    same = expected(other, current).spikes == observed.spikes[:, None]
    followed = np.logical_and.accumulate(same, axis=0)
    return np.moveaxis(followed, 1, 0).reshape(len(values), -1).sum(axis=1)
