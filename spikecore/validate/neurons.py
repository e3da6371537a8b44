"""Hold a neuron against a point in the space of ``LIF``."""

import numpy as np

from spikecore import arguments
from spikecore.neurons import Leaky
from spikecore.neurons.lif import LIF
from spikecore.validate import neuron_causes as causes
from spikecore.validate.candidate import (
    Observed,
    RefusedError,
    guarded,
    name_of,
    neuron_form,
    run_neuron,
)
from spikecore.validate.diagnose import MOST, Seen, ranked, reproduces, telling_first
from spikecore.validate.execution_causes import executions
from spikecore.validate.follow import BAND, follow
from spikecore.validate.neuron_trials import trials
from spikecore.validate.pictures import cut
from spikecore.validate.report import Check, Difference, Report

FORMS = ("auto", "sequence", "step")
MOST_PICTURES = 3
ROUNDING = causes.Cause(
    "rounding", "every difference is rounding: another order of operations or precision"
)
SPIKES_ONLY = " (this gives your spikes; the membrane you return is another quantity)"
UP_TO_ROUNDING = " (up to rounding)"


def neuron(
    candidate,
    against="snntorch-1.0",
    *,
    form="auto",
    dtype=np.float32,
    states=True,
    strict=False,
    band=BAND,
    initial=None,
    timeout=60.0,
    **changes,
):
    """Hold a neuron against the reference, and say where and why it differs.

    Parameters
    ----------
    candidate : callable
        A whole sequence, ``candidate(current)`` with current ``[T, ...]``, which returns spikes or
        ``(spikes, membranes)``; or one step, ``candidate(current, membrane, ...)``, which returns
        ``(spikes, membrane, ...)``.  The form is read from the signature.  What it returns may be
        anything with ``__array__``.
    against : str, LIF or Leaky
        Name of a profile (:func:`spikecore.profiles`), or the neuron itself.
    form : {"auto", "sequence", "step"}
        The candidate's form, where the signature does not tell.
    dtype : {numpy.float32, numpy.float64}
        Of the currents.
    states : bool
        Compare membranes too, where they are exposed.
    strict : bool
        Fail on differences that are rounding.
    band : float
        What counts as rounding, in ulp of the largest number in a step.
    initial : float, optional
        First membrane handed to a candidate of single steps; the leak by default.
    timeout : float
        Seconds that one call for a whole input may take.
    **changes
        Fields of the profile to set, such as ``decay`` and ``threshold``.

    Returns
    -------
    Report

    Raises
    ------
    ValueError, TypeError
        An unknown profile, a neuron with one parameter per neuron, or a form, dtype, band or
        timeout that cannot be.  What the candidate does wrong is in the report, never raised.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import validate
    >>> def step(current, membrane):
    ...     membrane = np.float32(0.9) * membrane + current
    ...     spikes = membrane >= 1
    ...     return spikes, membrane - spikes
    >>> report = validate.neuron(step, "snntorch-1.0", decay=0.9)
    >>> report.passed
    False
    >>> print(report.diagnosis[0])
    you compare with >= (SpikingJelly, Sinabs, BindsNET do), and you reset in the same step, and \
this is exactly profile spikingjelly-soft
    """
    lif = resolve(against, changes)
    form_name = arguments.choice("form", form, FORMS)
    dtype = arguments.spike_dtype(dtype, None, np.dtype(np.float32))
    if dtype.kind != "f":
        raise TypeError(f"dtype must be float32 or float64, got {dtype}; pass one of the two")
    states, strict = arguments.flag("states", states), arguments.flag("strict", strict)
    band = arguments.number("band", band, 0)
    timeout = arguments.number("timeout", timeout, 0, open_low=True)
    if not callable(candidate):
        raise TypeError(
            f"candidate must be callable, got a {type(candidate).__name__}; pass a function of "
            "currents"
        )
    called = neuron_form(candidate, form_name)
    start = float(lif.leak) if initial is None else arguments.number("initial", initial)
    results, seen, refused = [], [], []
    for trial in trials(lif, dtype):
        try:
            observed = guarded(
                lambda trial=trial: run_neuron(candidate, called, trial.inputs, start), timeout
            )
        except RefusedError as error:
            refused.append(Check(trial.name, "failed", str(error)))
            if "did not return" in str(error):
                break
            continue
        seen.append(Seen(trial, observed))
    results += refused
    typed, seen = settle_dtypes(seen)
    results += typed
    judged = [judge(one, states, band) for one in seen]
    results += [check for check, _ in judged]
    found = diagnose(seen, [check for check, _ in judged], states, band)
    results = settled_verdicts(results, found)
    way = "whole sequences" if called.sequence else f"single steps with {called.states} state(s)"
    notes = [f"called with {way} of {dtype}", f"rounding means within {band:g} ulp"]
    if seen and seen[0].observed.membrane is None:
        notes.append("only spikes are exposed: followed in float64, with a band that grows")
    return Report(
        subject=describe(against, lif),
        candidate=name_of(candidate),
        checks=tuple(results),
        diagnosis=tuple(sentence(cause, lif) + suffix for cause, suffix in found),
        notes=tuple(notes),
        trains=tuple(picture for _, picture in judged if picture)[:MOST_PICTURES],
        strict=strict,
        causes=tuple(cause.name for cause, _ in found),
    )


def settled_verdicts(results, found):
    """Verdicts in the light of the cause: other logic to the bit is not rounding, and precision is.

    A cause stands here only when it reproduces every trial.
    """
    if not found or found[0][1]:  # none, or one that holds up to rounding or for spikes only
        return results
    before, after = ("wrong", "rounding") if found[0][0].precision else ("rounding", "wrong")
    if found[0][0].name == "rounding":
        return results
    return [
        check._replace(verdict=after)
        if check.verdict == before and check.difference is not None
        else check
        for check in results
    ]


def sentence(cause, lif):
    """What to say about a cause."""
    return cause.sentence or causes.explain(cause.point(lif), lif)


def resolve(against, changes):
    """The neuron to hold a candidate against."""
    if isinstance(against, str):
        lif = LIF.profile(against, **changes)
    elif isinstance(against, (LIF, Leaky)):
        if changes:
            raise TypeError(
                f"changes must be given with the name of a profile only, got {sorted(changes)}; "
                "put them into the LIF"
            )
        lif = against.lif if isinstance(against, Leaky) else against
    else:
        raise TypeError(
            f"against must be the name of a profile, a LIF or a Leaky, got {against!r}; "
            "spikecore.profiles() lists the names"
        )
    for name in ("decay", "threshold", "gain", "leak", "reset_value"):
        if np.ndim(getattr(lif, name)):
            raise ValueError(
                f"{name} must be one number, got an array of shape {np.shape(getattr(lif, name))}; "
                "validate one value after the other"
            )
    return lif


def expected(trial):
    """What the reference gives on a trial."""
    return causes.expected(trial.lif, trial.inputs)


def describe(against, lif):
    """How a report calls the reference."""
    return f"{against} ({lif})" if isinstance(against, str) else str(lif)


def settle_dtypes(seen):
    """A check for membranes of another dtype, and the observations in the dtype of the current."""
    results, settled, told = [], [], False
    for trial, observed in seen:
        membrane, dtype = observed.membrane, trial.inputs.dtype
        if membrane is not None and membrane.dtype != dtype:
            if not told:
                results.append(
                    Check(
                        "dtype of the membrane",
                        "wrong",
                        f"{membrane.dtype} for currents of {dtype}; keep the membrane in {dtype}, "
                        f"or validate with dtype=numpy.{membrane.dtype}",
                    )
                )
            told = True
            with np.errstate(over="ignore"):
                observed = Observed(observed.spikes, membrane.astype(dtype))
        settled.append(Seen(trial, observed))
    return results, settled


def judge(one, states=True, band=BAND):
    """The check of one trial, and a picture where its trains differ."""
    trial, observed = one
    if not states:
        observed = Observed(observed.spikes)
    expected = causes.expected(trial.lif, trial.inputs)
    spikes, membranes = observed
    apart = np.asarray(spikes != expected.spikes)
    whole = apart.copy()
    if membranes is not None:
        whole |= membranes != expected.membrane
    if not whole.any():
        return Check(trial.name, "exact", trial.why, "exact"), None
    steps = follow(trial.lif, trial.inputs, observed, band)
    wrong = steps.wrong_spikes | steps.wrong_membrane
    verdict = "wrong" if wrong.any() else "rounding"
    if wrong.any():  # what the reference gives from the candidate's own state
        place = first(wrong)
        reference = Observed(steps.spikes, steps.membrane)
    else:
        place = first(apart if apart.any() else whole)
        reference = expected
    difference = Difference(
        step=place[0],
        element=place[1:],
        expected=float(reference.spikes[place]),
        actual=float(spikes[place]),
        expected_state=float(reference.membrane[place]),
        actual_state=None if membranes is None else float(membranes[place]),
        distance=float(steps.distance[place]),
        count=int(whole.sum()),
        total=whole.size,
    )
    check = Check(trial.name, verdict, trial.why, "wrong", difference)
    picture = cut(trial.name, expected.spikes, spikes, difference) if apart.any() else None
    return check, picture


def first(mask):
    """Index of the first True, time before elements."""
    return tuple(int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape))


# --- diagnosis -----------------------------------------------------------------------------------


def diagnose(seen, results, states=True, band=BAND, most=MOST):
    """(cause, suffix of its sentence) of what reproduces the candidate, the likeliest first."""
    if not seen or all(check.verdict == "exact" for check in results):
        return []
    order = telling_first(seen, results)
    lifs = [order[0].trial.lif]
    lifs += [one.trial.lif for one in order if one.trial.lif is not lifs[0]]
    alone = len(lifs) == 1

    def exactly(with_states):
        def fits(cause):
            try:
                return all(
                    reproduces(one.observed, cause.observed(one.trial), with_states)
                    for one in order
                )
            except ValueError:
                return False

        return fits

    def rounded(cause):
        return cause.point is not None and not any(
            _beyond(cause.point(one.trial.lif), one, states, band) for one in order
        )

    def same(cause, other):
        if cause.point is None or other.point is None:
            return False
        return all(cause.point(lif) == other.point(lif) for lif in lifs)

    singles = [*causes.singles(lifs), *executions()]
    singles += causes.profile_points(lifs[0]) if alone else []
    only_rounding = all(check.verdict in ("exact", "rounding") for check in results)

    def stages():
        yield singles, exactly(states), ""
        if only_rounding:
            return
        yield pairs(), exactly(states), ""
        yield singles, rounded, UP_TO_ROUNDING
        yield singles, exactly(False), SPIKES_ONLY
        yield pairs(), rounded, UP_TO_ROUNDING
        yield pairs(), exactly(False), SPIKES_ONLY

    def pairs():
        return causes.pairs(lifs[0]) if alone else ()

    return ranked(stages(), same, most) or ([(ROUNDING, "")] if only_rounding else [])


def _beyond(lif, one, states, band):
    """Whether a trial differs from a neuron by more than rounding."""
    observed = one.observed if states else Observed(one.observed.spikes)
    followed = follow(lif, one.trial.inputs, observed, band)
    return bool((followed.wrong_spikes | followed.wrong_membrane).any())
