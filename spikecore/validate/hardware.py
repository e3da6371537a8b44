"""Compare a neuron with a point in the space of ``fixed.LIF``: integers, and no rounding."""

from dataclasses import dataclass

import numpy as np

from spikecore import arguments
from spikecore.neurons import fixed
from spikecore.validate.causes import fixed as known
from spikecore.validate.causes.fixed_execution import executions
from spikecore.validate.neuron_candidate import NeuronCandidate
from spikecore.validate.subject import Differing, first, judge, parted, report_of, run_trials


@dataclass(frozen=True)
class Fixed:
    """A point in the space of ``fixed.LIF``, as a subject.

    ``events`` says that the inputs of its trials tell the kind of each event, whatever the neuron.
    """

    lif: fixed.LIF
    events: bool

    group = "fixed neuron"
    followed = False  # the whole train has to be equal
    graded = False  # integers are equal or not, so no cause is looked for up to rounding

    def trials(self, dtype=None):
        """The default trials, int32."""
        return known.trials(self)

    def expected(self, inputs):
        """What the reference gives."""
        return known.expected(self.lif, inputs, self.events)

    def differing(self, trial, observed, wanted, band):
        """Every difference; of the states, the first of those that differ there."""
        wrong = parted(observed, wanted)
        place = first(wrong)
        for name in ("membrane", "synapse"):
            theirs, ours = getattr(observed, name), getattr(wanted, name)
            if theirs is not None and ours is not None and theirs[place] != ours[place]:
                return Differing(wrong, wanted.spikes, ours, None, theirs, name)
        return Differing(wrong, wanted.spikes, wanted.membrane, None, observed.membrane, "membrane")

    def causes(self, subjects):
        """Changes of an axis, mistakes of execution, and for a single neuron every profile."""
        changes, profiles = known.POINTS.causes([subject.lif for subject in subjects])
        return [*changes, *executions(), *profiles]

    def pairs(self):
        """Two changes of axes at once."""
        return known.POINTS.pairs(self.lif)

    def estimates(self, seen, fits):
        """None: numbers of hardware are known."""
        return ()

    def explain(self, found):
        """What was changed to come to another neuron."""
        return known.explain(found.lif, self.lif)


class FixedCandidate(NeuronCandidate):
    """A candidate of integers, which may report its synaptic current after its membrane."""

    exposes = ("membrane", "synapse")

    def run(self, trial):
        """Spikes and states ``[T, ...]`` on the trial's inputs."""
        current, events = trial.inputs, {}
        if trial.subject.events:
            current, kinds = known.split(trial.inputs)
            events["time_events"] = np.ascontiguousarray(kinds.reshape(len(kinds), -1)[:, 0])
        return self.observe(np.ascontiguousarray(current), events)


def neuron(candidate, against, changes, form, states, strict, timeout, arrays, reset_call):
    """``validate.neuron`` against a fixed-point neuron."""
    lif = resolve(against, changes)
    subject = Fixed(lif, lif.decay_at == "event")
    trials = subject.trials()
    probe = None if subject.events else next(t.inputs for t in trials if t.name == "random")
    candidate = FixedCandidate(candidate, form, 0, timeout, arrays, reset_call, probe)
    seen, failed = run_trials(trials, candidate)
    judgement = judge(seen, states)
    judgement.checks[:0] = failed
    given = "" if candidate.library == "numpy" else f", as arrays of {candidate.library}"
    notes = [f"called with {candidate.form}, in int32{given}"]
    if subject.events:
        notes.append("time_events says in which steps the neuron decays and the input is ignored")
    if seen:
        notes += _not_compared(seen[0].observed, lif, states)
    return report_of(
        judgement,
        subject,
        subject=f"{against} ({lif})" if isinstance(against, str) else str(lif),
        candidate=candidate.name,
        notes=tuple(notes),
        strict=strict,
    )


def _not_compared(observed, lif, states):
    """A note on states that a candidate does not expose."""
    names = ("membrane", "synapse") if lif.synapse_decay is not None else ("membrane",)
    missing = [name for name in names if not states or getattr(observed, name) is None]
    if missing:
        yield f"not compared: {' and '.join(missing)}"


def is_fixed(against):
    """Whether a neuron, or the profile of a name, is in fixed point."""
    return isinstance(against, fixed.LIF) or (
        isinstance(against, str) and against in known.PROFILES
    )


def resolve(against, changes):
    """The neuron with which a candidate is compared."""
    if isinstance(against, str):
        lif = fixed.LIF.profile(against, **changes)
    elif changes:
        must = "be given with the name of a profile only"
        arguments.refuse("changes", must, sorted(changes), "put them into the LIF", TypeError)
    else:
        lif = against
    for name in known.NUMBERS:
        if np.ndim(getattr(lif, name)):
            got = f"an array of shape {np.shape(getattr(lif, name))}"
            arguments.refuse(name, "be one number", got, "validate one value after the other")
    return lif
