"""The catalogue of wrong implementations: which vectors kill them, and what they are taken for."""

from typing import NamedTuple

from plain import encoders, fixed_mistakes, neuron
from spikecore.validate import vectors
from spikecore.validate.candidate import Observed
from spikecore.validate.report import Check
from spikecore.validate.subject import Seen, diagnose, reproduces
from spikecore.validate.vectors import Outcome

GROUPS = ("neuron", "fixed neuron", *encoders.MISTAKES)


class Mutant(NamedTuple):
    """A wrong implementation of one group of vectors; its name is the cause to be found."""

    group: str
    name: str


def catalogue():
    """Every mutant."""
    found = [Mutant("neuron", name) for name in neuron.MISTAKES]
    found += [Mutant("fixed neuron", name) for name in fixed_mistakes.MISTAKES]
    found += [Mutant(g, name) for g, names in encoders.MISTAKES.items() for name in names]
    return found


def outputs(mutant):
    """(vector, what the mutant gives) for the vectors of its group; ``name=None`` is correct."""
    twin, hardware = neuron.Plain(mutant.name), fixed_mistakes.Plain(mutant.name)
    for vector in vectors.every():
        if vector.group != mutant.group:
            continue
        trial, subject = vector.trial, vector.trial.subject
        if mutant.group == "neuron":
            yield vector, twin(subject.lif, trial.inputs)
        elif mutant.group == "fixed neuron":
            yield vector, hardware(subject.lif, trial.inputs, subject.events)
        else:
            spikes = encoders.encode(subject.kind, trial.inputs, subject.options, mutant.name)
            yield vector, Observed(spikes)


def outcome(mutant):
    """Run one mutant on its vectors and have it diagnosed."""
    ran = list(outputs(mutant))
    killers = tuple(v.name for v, observed in ran if not reproduces(observed, v.observed))
    seen = [Seen(vector.trial, observed) for vector, observed in ran]
    checks = [Check(v.name, "wrong" if v.name in killers else "exact") for v, _ in ran]
    found = diagnose(seen, checks, most=1) if killers else []
    return Outcome(mutant.group, mutant.name, killers, tuple(cause.name for cause, _ in found))
