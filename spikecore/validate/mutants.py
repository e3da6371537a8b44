"""The catalogue of wrong implementations: which vectors kill them, and what they are taken for."""

from typing import NamedTuple

from spikecore.validate import encoders, neurons, plain_encoders, plain_neuron, vectors
from spikecore.validate.candidate import Observed
from spikecore.validate.diagnose import Seen, reproduces
from spikecore.validate.report import Check

GROUPS = ("neuron", *plain_encoders.MISTAKES)


class Mutant(NamedTuple):
    """A wrong implementation of one group of vectors; its name is the cause to be found."""

    group: str
    name: str


class Outcome(NamedTuple):
    """What became of a mutant."""

    mutant: Mutant
    killers: tuple  # names of the vectors whose outputs it does not give
    causes: tuple  # what the diagnosis found, the likeliest first


def catalogue():
    """Every mutant."""
    found = [Mutant("neuron", name) for name in plain_neuron.MISTAKES]
    found += [Mutant(g, name) for g, names in plain_encoders.MISTAKES.items() for name in names]
    return found


def group_of(vector):
    """The group of mutants that a vector is meant for."""
    return plain_encoders.GROUPS.get(vector.group, "neuron")


def outputs(mutant):
    """(vector, what the mutant gives) for the vectors of its group; ``name=None`` is correct."""
    neuron = plain_neuron.Plain(mutant.name)
    for vector in vectors.every():
        if group_of(vector) != mutant.group:
            continue
        if mutant.group == "neuron":
            yield vector, neuron(vector.trial.lif, vector.trial.inputs)
        else:
            yield vector, Observed(plain_encoders.encode(vector.trial, mutant.name))


def outcome(mutant):
    """Run one mutant on its vectors and have it diagnosed."""
    ran = list(outputs(mutant))
    killers = tuple(v.name for v, observed in ran if not reproduces(observed, v.observed))
    module = neurons if mutant.group == "neuron" else encoders
    seen = [Seen(vector.trial, observed) for vector, observed in ran]
    checks = [Check(v.name, "wrong" if v.name in killers else "exact") for v, _ in ran]
    found = module.diagnose(seen, checks, most=1) if killers else []
    return Outcome(mutant, killers, tuple(cause.name for cause, _ in found))


def matrix():
    """The kill matrix as text: a row for each mutant, and what each vector kills."""
    outcomes = [outcome(mutant) for mutant in catalogue()]
    width = max(len(one.mutant.name) for one in outcomes)
    lines = []
    for group in GROUPS:
        names = [v.name for v in vectors.every() if group_of(v) == group]
        members = [one for one in outcomes if one.mutant.group == group]
        lines.append(f"{group}: {len(members)} mutants, {len(names)} vectors (x kills)")
        for one in members:
            marks = "".join("x" if name in one.killers else "." for name in names)
            named = "named" if one.causes[:1] == (one.mutant.name,) else f"taken for {one.causes}"
            lines.append(f"  {one.mutant.name:<{width}} {marks} {named}")
        for number, name in enumerate(names):
            killed = sum(name in one.killers for one in members)
            lines.append(f"  {number + 1:3} {name}: kills {killed}")
        lines.append("")
    killed = sum(bool(one.killers) for one in outcomes)
    named = sum(one.causes[:1] == (one.mutant.name,) for one in outcomes)
    lines.append(f"{killed} of {len(outcomes)} mutants killed, {named} named first")
    return "\n".join(lines)
