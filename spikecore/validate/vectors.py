"""The conformance vectors: inputs, parameters and expected outputs, each there to kill something.

A vector is one call: a neuron on one array of currents, or an encoder on one array of data.  They
are run in their order, so that state kept from one call to the next shows in the vector that
repeats the one before it.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from spikecore.neurons import fixed
from spikecore.neurons.lif import LIF
from spikecore.validate.candidate import Observed
from spikecore.validate.causes import CODES, GROUPS
from spikecore.validate.causes.inputs import gathered
from spikecore.validate.encoders import Encoder
from spikecore.validate.hardware import Fixed
from spikecore.validate.neurons import Neuron
from spikecore.validate.subject import Trial, reproduces


class Vector(NamedTuple):
    """One call and what it must give."""

    trial: Trial
    observed: Observed  # what spikecore gives

    @property
    def name(self):
        """The name of its files."""
        return self.trial.name

    @property
    def group(self):
        """What it is judged together with: the neurons, or the encoders of a kind."""
        return self.trial.subject.group


NEURONS = {
    "snntorch": LIF.profile("snntorch-1.0"),
    "snntorch-zero": LIF.profile("snntorch-1.0-zero", threshold=0.75),
    "snntorch-none": LIF.profile("snntorch-1.0-none"),
    "snntorch-exchange": LIF.profile("snntorch-1.0-subtract-now"),
    "snntorch-0.7": LIF.profile("snntorch-0.7", decay=0.8),
    "snntorch-0.7-zero": LIF.profile("snntorch-0.7-zero"),
    "spikingjelly": LIF.profile("spikingjelly"),
    "spikingjelly-soft": LIF.profile("spikingjelly-soft", gain=1.0, threshold=0.7),
    "norse-box": LIF.profile("norse-box"),
    "norse-box-subtract": LIF.profile("norse-box-subtract", gain=1.0),
    "sinabs": LIF.profile("sinabs"),
    "bindsnet": LIF.profile("bindsnet", refractory=3),
    "spyx": LIF.profile("spyx", threshold=1.5),
    "nengo": LIF.profile("nengo"),
    "leak": LIF(0.8, 0.75, leak=-0.25, reset="value", reset_value=-0.125, reset_at="same"),
    "leak-next": LIF(0.7, leak=0.125, reset="value", reset_value=-0.5),
    "graded": LIF(0.6, 0.5, amplitude=0.25, reset_at="same"),
    "no-decay": LIF(1.0),
    "inhibition": LIF(0.85, inhibition=True),
}
HARDWARE = {
    "loihi": fixed.LIF.profile(
        "loihi", synapse_decay=900, decay=200, threshold=900, bias=-75, bias_exponent=-1
    ),
    "loihi-undecayed": fixed.LIF.profile("loihi", threshold=131071, reset_interval=7),
    "loihi-ternary": fixed.LIF.profile(
        "loihi-ternary", synapse_decay=2048, decay=1024, threshold=40, lower_threshold=-25
    ),
    "tinyodin": fixed.LIF.profile("tinyodin", decay=2, threshold=24),
    "tinyodin-subtract": fixed.LIF.profile(
        "tinyodin", decay=1, threshold=3, bits=6, threshold_bits=5, reset="subtract"
    ),
    "q-format": fixed.LIF.profile("q-format", threshold=9001),
    "q-format-small": fixed.LIF.profile("q-format", bits=16, threshold=30000, product_bits=22),
    "spiker": fixed.LIF.profile("spiker"),
    "nearest": fixed.LIF(
        decay=13, threshold=100, decay_bits=4, rounding="nearest", bits=9, input_bits=8,
        overflow="symmetric", reset_value=-5, reset_at="next", report_spike="old",
    ),
}  # fmt: skip
FLOAT32 = np.dtype(np.float32)
COLUMNS = {"pulses": 15, "grid": 9, "random": 4, "strong": 4, "edge": 16}
FIXED_COLUMNS = {"pulses": 26, "small": 6, "grid": 6, "random": 6, "strong": 8, "edge": 8}
STEPS = 40


@cache
def every():
    """All vectors, in the order in which they are to be run."""
    return tuple(
        Vector(trial, trial.expected()) for trial in (*_neurons(), *_hardware(), *_codes())
    )


def _neurons():
    for name, lif in NEURONS.items():
        subject = Neuron(lif)
        current = _mixed(subject, COLUMNS)
        if lif.inhibition:
            current = np.ascontiguousarray(np.swapaxes(current.reshape(STEPS, 12, 4), 1, 2))
        trial = Trial(f"lif-{name}", current, subject, "every kind of current")
        yield trial
        if name in ("snntorch", "bindsnet"):
            why = "the call before once more: no state is kept"
            yield trial._replace(name=f"lif-{name}-again", earlier=(current,), why=why)
        if name in ("snntorch", "leak"):
            batch = next(t for t in subject.trials(FLOAT32) if t.name == "batch")
            yield batch._replace(name=f"lif-{name}-batch", earlier=())


def _hardware():
    for name, lif in HARDWARE.items():
        subject = Fixed(lif, lif.decay_at == "event")
        inputs = _mixed(subject, FIXED_COLUMNS)
        if subject.events:  # all columns have the time events of the first
            inputs = (inputs & ~1) | (inputs[:, :1] & 1)
        trial = Trial(f"fixed-{name}", inputs, subject, "every kind of input")
        yield trial
        if name == "loihi":
            why = "the call before once more: no state is kept"
            yield trial._replace(name=f"fixed-{name}-again", earlier=(inputs,), why=why)
        for kind in ("ends", "batch") if name in ("loihi", "tinyodin") else ("ends",):
            found = next(t for t in subject.trials() if t.name == kind)
            yield found._replace(name=f"fixed-{name}-{kind}", earlier=())


def _mixed(subject, columns):
    """Columns of all the default trials side by side."""
    parts = []
    for trial in subject.trials(FLOAT32):
        if trial.name in columns:
            part = np.zeros((STEPS, columns[trial.name]), trial.inputs.dtype)
            rows = trial.inputs[:STEPS, _spread(trial, columns[trial.name])]
            part[: len(rows)] = rows
            parts.append(part)
    return np.concatenate(parts, axis=1)


def _spread(trial, count):
    """Which columns: the first ones, or of the grid some constant and some mixed."""
    if trial.name == "grid":
        half = trial.inputs.shape[1] // 2
        return np.r_[8:12, half : half + count - 4]
    return np.arange(count)


def _codes():
    for code in CODES.values():
        for name, options in code.vectors.items():
            subject = Encoder(code.kind, options)
            trials = subject.trials(FLOAT32)
            if code.gathered is not None and code.gathered(options):
                yield Trial(name, gathered(trials), subject, "every kind of input")
                continue
            if subject.draws:
                trials += code.seeded(subject, np.dtype(np.float64))
            for trial in trials:
                yield trial._replace(name=f"{name}-{trial.name.replace(' ', '-')}")


# --- what they kill ------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """Which vectors tell a wrong implementation, and what the diagnosis takes it for."""

    group: str
    name: str
    killers: tuple  # names of the vectors whose outputs it does not give
    causes: tuple  # the likeliest first


def outcomes():
    """Every known cause, as if it were an implementation."""
    for group in GROUPS:
        members = [vector for vector in every() if vector.group == group]
        subjects = [vector.trial.subject for vector in members]
        for cause in subjects[0].causes(subjects):
            told = [v.name for v in members if not reproduces(cause.under(v.trial), v.observed)]
            yield Outcome(group, cause.name, tuple(told), (cause.name,))


def matrix(found):
    """The kill matrix as text: a row for each outcome, and what each vector kills."""
    found, lines = list(found), []
    width = max(len(outcome.name) for outcome in found)
    for group in dict.fromkeys(outcome.group for outcome in found):
        names = [vector.name for vector in every() if vector.group == group]
        members = [outcome for outcome in found if outcome.group == group]
        lines.append(f"{group}: {len(members)} mistakes, {len(names)} vectors (x kills)")
        for _, mistake, killers, causes in members:
            marks = "".join("x" if name in killers else "." for name in names)
            told = "named" if causes[:1] == (mistake,) else f"taken for {causes}"
            lines.append(f"  {mistake:<{width}} {marks} {told}")
        for number, name in enumerate(names, 1):
            killed = sum(name in outcome.killers for outcome in members)
            lines.append(f"  {number:3} {name}: kills {killed}")
        lines.append("")
    killed = sum(bool(outcome.killers) for outcome in found)
    named = sum(outcome.causes[:1] == (outcome.name,) for outcome in found)
    return "\n".join([*lines, f"{killed} of {len(found)} mistakes killed, {named} named first"])
