"""How any candidate is compared with the reference, be it a neuron or an encoder.

A *subject* is what the candidate should be: a LIF neuron (:mod:`spikecore.validate.neurons`) or an
encoder with its options (:mod:`spikecore.validate.encoders`).  A subject has

``group``
    what it is called where several subjects are judged together;
``trials(dtype)``
    inputs, each chosen because it parts some pair of implementations;
``expected(inputs)``
    the reference, as :class:`Observed`;
``differing(trial, observed, wanted, band)``
    which differences rounding does not excuse, as :class:`Differing`;
``causes(subjects)`` and ``pairs()``
    known ways in which implementations differ, the likeliest first;
``estimates(seen, fits)``
    causes of another number, estimated from a candidate, that fit it;
``graded``
    whether anything that is compared may be rounded; if so,
``agrees(trial, observed, cause, band)``
    whether a candidate is the reference under a cause up to rounding.

Everything else, judging the trials and finding the cause, is here and the same for both.
"""

from typing import Any, NamedTuple

import numpy as np

from spikecore.validate.candidate import Observed, RefusedError
from spikecore.validate.pictures import cut
from spikecore.validate.report import Check, Difference, Report

BAND = 4.0  # ulp: three operations on each side, and a coefficient computed in another order
MOST_CAUSES = 3  # that are named, when several reproduce a candidate
MOST_PICTURES = 3
UP_TO_ROUNDING = " (up to rounding)"


class Trial(NamedTuple):
    """One input of a subject, why it is tried, and the inputs of the calls before it."""

    name: str
    inputs: np.ndarray
    subject: Any
    why: str = ""
    earlier: tuple = ()

    def expected(self):
        """What the reference gives."""
        return self.subject.expected(self.inputs)


class Seen(NamedTuple):
    """A trial and what the candidate gave on it."""

    trial: Trial
    observed: Observed


class Differing(NamedTuple):
    """``[T, ...]``: which places rounding does not excuse, and what a report tells of a place."""

    wrong: np.ndarray
    spikes: np.ndarray  # of the reference
    state: Any = None  # the number that decides
    distance: Any = None  # of that number to where the decision turns, in ulp
    actual: Any = None  # the candidate's number; its membrane if left out
    state_name: str = "state"


class Cause(NamedTuple):
    """A known way in which implementations differ.

    Either ``point(subject)`` is another subject, or ``expect(trial)`` is what comes out.
    """

    name: str
    sentence: Any  # None: in the words of the subject that ``point`` gives
    expect: Any = None
    point: Any = None
    precision: bool = False  # a matter of rounding

    def under(self, trial):
        """What the reference gives under this cause; as it is where the cause does not apply."""
        try:
            with np.errstate(all="ignore"):
                if self.point is None:
                    return self.expect(trial)
                return self.point(trial.subject).expected(trial.inputs)
        except (ValueError, TypeError):
            return trial.expected()

    def same(self, cause, subjects):
        """Whether two causes make the same of every subject."""
        if self.point is None or cause.point is None:
            return False
        return all(self.point(subject) == cause.point(subject) for subject in subjects)


class NotApplicableError(ValueError):
    """A cause says nothing about this trial."""


ROUNDING = Cause(
    "rounding", "every difference is rounding: another order of operations or precision"
)


# --- running -------------------------------------------------------------------------------------


def run_trials(trials, candidate):
    """What a candidate gives on each trial, and a check for each reason why it gave nothing."""
    seen, refused = [], {}
    for trial in trials:
        try:
            seen.append(Seen(trial, candidate.run(trial)))
        except RefusedError as error:
            refused.setdefault(str(error), []).append(trial.name)
            if error.hangs:
                break
    checks = [Check(", ".join(names), "failed", reason) for reason, names in refused.items()]
    return seen, checks


# --- judging -------------------------------------------------------------------------------------


class Judgement(NamedTuple):
    """Checks, (cause, suffix of its sentence) of what explains them, and what is drawn.

    ``facts`` are sentences about causes that are missing or too many.
    """

    checks: list
    found: list
    trains: list
    facts: tuple = ()


def judge(seen, states=True, band=BAND):
    """Compare a candidate with the reference on every trial, and look for the cause."""
    compared = [compare(*pair, states, band) for pair in seen]
    checks = [check for check, _ in compared]
    found = diagnose(seen, checks, states, band)
    shown = sorted((p for _, p in compared if p), key=lambda p: p.membranes)  # spikes first
    facts = tuple(_facts(seen, checks, found))
    return Judgement(_settled(checks, found), found, shown, facts)


def _facts(seen, checks, found):
    """What is known where no cause is, or more than one."""
    if len(found) > 1:
        yield "each of these causes alone reproduces you; the trials do not tell them apart"
    if found or not any(check.difference for check in checks):
        return
    differ = [t.name for t, out in seen if not np.array_equal(out.spikes, t.expected().spikes)]
    trials = f"of {len(seen)} trials"
    if differ:
        yield f"your spikes differ in {len(differ)} {trials}: {', '.join(differ)}"
    else:
        count = sum(check.difference is not None for check in checks)
        yield f"your spikes are equal; your membranes differ in {count} {trials}"


def compare(trial, observed, states=True, band=BAND):
    """The check of one trial, and a picture where its trains differ."""
    wanted, subject = trial.expected(), trial.subject
    if not states:
        observed = Observed(observed.spikes)
    spikes = observed.spikes
    other_spikes = np.asarray(spikes != wanted.spikes)
    unequal = parted(observed, wanted)
    if not unequal.any():
        return Check(trial.name, "exact", trial.why, "exact" if subject.followed else None), None
    differing = subject.differing(trial, observed, wanted, band)
    verdict = "wrong" if differing.wrong.any() else "rounding"
    shown = differing.wrong if verdict == "wrong" else other_spikes
    place = first(shown if shown.any() else unequal)

    actual = observed.membrane if differing.actual is None else differing.actual

    def there(array):
        return None if array is None else array[place].item()

    difference = Difference(
        step=place[0],
        element=place[1:],
        expected=float(differing.spikes[place]),
        actual=float(spikes[place]),
        expected_state=there(differing.state),
        actual_state=there(actual),
        distance=there(differing.distance),
        state_name=differing.state_name,
        count=int(unequal.sum()),
        total=unequal.size,
    )
    whole = "wrong" if subject.followed else None
    shown = cut(trial.name, wanted, observed, place)
    return Check(trial.name, verdict, trial.why, whole, difference), shown


def parted(observed, wanted):
    """Where the spikes differ, or the states that both have."""
    unequal = np.asarray(observed.spikes != wanted.spikes)
    for theirs, ours in zip(observed[1:], wanted[1:], strict=True):
        if theirs is not None and ours is not None:
            unequal = unequal | (theirs != ours)
    return unequal


def first(mask):
    """Index of the first True, time before elements."""
    return tuple(int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape))


def _settled(checks, found):
    """Verdicts in the light of the cause: other logic to the bit is not rounding, and precision is.

    A cause stands here only when it reproduces every trial.
    """
    if not found or found[0][1] or found[0][0] is ROUNDING:
        return checks  # no cause, or one that holds up to rounding or for spikes only
    before, after = ("wrong", "rounding") if found[0][0].precision else ("rounding", "wrong")
    return [
        check._replace(verdict=after) if check.verdict == before and check.difference else check
        for check in checks
    ]


# --- diagnosis -----------------------------------------------------------------------------------


def reproduces(observed, expected, states=True):
    """Whether the spikes are equal, and the states too that both have.

    A state is compared where the expected one is a number.
    """
    if not np.array_equal(observed.spikes, expected.spikes):
        return False
    for theirs, ours in zip(observed[1:], expected[1:], strict=True):
        both = states and theirs is not None and ours is not None
        if both and not ((theirs == ours) | np.isnan(ours)).all():
            return False
    return True


def diagnose(seen, checks, states=True, band=BAND, most=MOST_CAUSES):
    """(cause, suffix of its sentence) of what reproduces the candidate, the likeliest first.

    Causes that explain every bit come before those that explain all but rounding, and single ones
    before numbers that were estimated, before pairs.  Each explains all that is compared: spikes
    and, where they are exposed, membranes.
    """
    if not seen or all(check.verdict == "exact" for check in checks):
        return []
    order = _telling_first(seen, checks)
    if not states:
        order = [Seen(trial, Observed(out.spikes)) for trial, out in order]
    subjects = list({id(trial.subject): trial.subject for trial, _ in order}.values())
    only_rounding = all(check.verdict in ("exact", "rounding") for check in checks)
    singles, followed = subjects[0].causes(subjects), subjects[0].followed

    def exactly(cause):
        return all(reproduces(out, cause.under(trial), states) for trial, out in order)

    def rounded(cause):
        return all(trial.subject.agrees(trial, out, cause, band) for trial, out in order)

    def estimated(fits):
        return subjects[0].estimates(order, fits) if len(subjects) == 1 or not followed else ()

    def pairs():
        return subjects[0].pairs() if len(subjects) == 1 else ()

    def stages():
        yield singles, exactly, ""
        if only_rounding:
            return
        yield estimated(exactly), exactly, ""
        yield pairs(), exactly, ""
        if not any(subject.graded for subject in subjects):
            return
        yield singles, rounded, UP_TO_ROUNDING
        yield estimated(rounded), rounded, UP_TO_ROUNDING
        yield pairs(), rounded, UP_TO_ROUNDING

    for causes, fits, suffix in stages():
        found = []
        for cause in causes:
            if not any(cause.same(known, subjects) for known, _ in found) and fits(cause):
                found.append((cause, suffix))
                if len(found) == most or cause.name == "silent":  # as any that spike too rarely
                    break
        if found:
            return found
    return [(ROUNDING, "")] if only_rounding else []


def _telling_first(seen, checks):
    """The trials on which the candidate differs, the smallest first, then the others.

    A wrong cause fails on one of the first, so that the others need not be run under it.
    """
    equal = [check.verdict == "exact" for check in checks]
    order = sorted(range(len(seen)), key=lambda i: (equal[i], seen[i].trial.inputs.size))
    return [seen[i] for i in order]


# --- reporting -----------------------------------------------------------------------------------


def sentence(cause, subject):
    """What to say about a cause."""
    return cause.sentence or subject.explain(cause.point(subject))


def report_of(judgement, reference, notes, **told):
    """The report of a candidate of one reference; ``told`` are further fields of the report."""
    checks, found, trains, facts = judgement
    return Report(
        checks=tuple(checks),
        diagnosis=tuple(sentence(cause, reference) + suffix for cause, suffix in found),
        trains=tuple(trains)[:MOST_PICTURES],
        causes=tuple(cause.name for cause, _ in found),
        notes=(*notes, *facts),
        **told,
    )
