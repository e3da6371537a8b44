"""Compare a neuron with a point in the space of ``LIF``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import TIMEOUT_MAX
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from spikecore import arguments
from spikecore.annotations import Number, SpikeDtype
from spikecore.neurons import Leaky, fixed
from spikecore.neurons.lif import LIF
from spikecore.neurons.simulators import PROFILES
from spikecore.validate import hardware
from spikecore.validate.candidate import Observed
from spikecore.validate.causes import neuron as known
from spikecore.validate.causes.execution import executions
from spikecore.validate.causes.numbers import estimates
from spikecore.validate.follow import follow
from spikecore.validate.libraries import ARRAYS, Arrays
from spikecore.validate.neuron_candidate import NeuronCandidate
from spikecore.validate.report import Check, Report
from spikecore.validate.subject import BAND, Differing, Seen, judge, report_of, run_trials

Form: TypeAlias = Literal["auto", "sequence", "step", "stateful"]
FORMS = get_args(Form)


@dataclass(frozen=True)
class Neuron:
    """A point in the space of ``LIF``, as a subject."""

    lif: LIF

    group = "neuron"
    followed = True  # from the candidate's own state
    graded = True  # membranes are

    def trials(self, dtype):
        """The default trials."""
        return known.trials(self, np.dtype(dtype))

    def expected(self, inputs):
        """What the reference gives."""
        return known.expected(self.lif, inputs)

    def differing(self, trial, observed, wanted, band):
        """What the reference gives from the candidate's own state, where that is not rounding."""
        steps = follow(self.lif, trial.inputs, observed, band)
        wrong = steps.wrong_spikes | steps.wrong_membrane
        shown = steps if wrong.any() else wanted
        return Differing(wrong, shown.spikes, shown.membrane, steps.distance)

    def causes(self, subjects):
        """Changes of an axis, mistakes of execution, and for a single neuron every profile."""
        changes, profiles = known.POINTS.causes([subject.lif for subject in subjects])
        return [*changes, *executions(), *profiles]

    def pairs(self):
        """Two changes of axes at once."""
        return known.POINTS.pairs(self.lif)

    def estimates(self, seen, fits):
        """Other numbers that fit."""
        return estimates(self, seen, fits)

    def agrees(self, trial, observed, cause, band):
        """Whether the candidate follows another neuron up to rounding."""
        if cause.point is None:
            return False
        steps = follow(cause.point(self).lif, trial.inputs, observed, band, whole=False)
        return not (steps.wrong_spikes | steps.wrong_membrane).any()

    def explain(self, found):
        """What was changed to come to another neuron."""
        return known.explain(found.lif, self.lif)


def neuron(
    candidate: Callable[..., Any],
    against: str | LIF | Leaky | fixed.LIF = "snntorch-1.0",
    *,
    form: Form = "auto",
    dtype: SpikeDtype | None = None,
    states: bool = True,
    strict: bool = False,
    band: Number = BAND,
    initial: Number | None = None,
    reset_call: str | Callable[..., Any] | None = None,
    arrays: Arrays = "auto",
    timeout: Number = 60.0,
    **changes: Any,
) -> Report:
    """Compare a neuron with the reference, and say where and why it differs.

    Parameters
    ----------
    candidate : callable
        A whole sequence, ``candidate(current)`` with current ``[T, ...]``, which returns spikes or
        ``(spikes, membranes)``; or one step, ``candidate(current, membrane, ...)``, which returns
        ``(spikes, membrane, ...)``; or one step of an object that holds its own state,
        ``candidate(current)``, which returns spikes or ``(spikes, membrane)``.  A class is called
        without arguments to make the object.  The form is read from the signature; an object of one
        argument is tried out.  What it returns may be anything with ``__array__``.
    against : str, spikecore.LIF, Leaky or fixed.LIF
        Name of a profile (:func:`spikecore.profiles`, or in fixed point
        :func:`spikecore.neurons.fixed.profiles`), or the neuron itself.
    form : {"auto", "sequence", "step", "stateful"}
        The candidate's form, where the signature does not tell.
    dtype : {numpy.float32, numpy.float64}
        Of the currents; float32 by default, and int32 in fixed point.
    states : bool
        Compare membranes too, where they are exposed.
    strict : bool
        Fail on differences that are rounding.
    band : float
        What counts as rounding, in ulp of the largest number in a step.
    initial : float, optional
        First membrane handed to a candidate of single steps; the leak by default.
    reset_call : str or callable, optional
        What is called before each trial: the name of a method of the candidate, or a function
        without arguments; with it, the form is ``"stateful"`` unless said.  By default the first
        method that the candidate has of ``reset``, ``reset_mem``, ``reset_state``,
        ``reset_states``, ``init_leaky`` and ``init_state``; an object that holds its own state and
        has none begins every trial as a copy.
    arrays : {"auto", "numpy", "torch", "jax"}
        What the candidate is given.  By default torch's tensors for a torch module, else NumPy's
        arrays, or those of a library that it has imported where it refuses NumPy's.
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

    Notes
    -----
    Against a neuron in fixed point, currents are int32, and spikes and states are compared as
    integers, with no band.  The candidate returns ``(spikes, membrane, synaptic current)``, the
    last where there is one, and single steps take these states in the same order, from 0.  With
    ``decay_at="event"`` it is given ``time_events`` by that name, bool: ``[T]``, or in single steps
    one value.  The causes are changes of an axis of ``fixed.LIF`` and of the order of its
    operations.

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
    form = arguments.choice("form", form, FORMS)
    states, strict = arguments.flag("states", states), arguments.flag("strict", strict)
    band = arguments.number("band", band, 0)
    timeout = arguments.number("timeout", timeout, 0, TIMEOUT_MAX, open_low=True)
    if hardware.is_fixed(against):
        _refuse_floats(dtype, initial)
        arrays = arguments.choice("arrays", arrays, ARRAYS)
        return hardware.neuron(
            candidate, against, changes, form, states, strict, timeout, arrays, reset_call
        )
    lif = resolve(against, changes)
    dtype = arguments.spike_dtype(dtype, None, np.dtype(np.float32))
    if dtype.kind != "f":
        raise TypeError(f"dtype must be float32 or float64, got {dtype}; pass one of the two")
    start = float(lif.leak) if initial is None else arguments.number("initial", initial)
    arrays = arguments.choice("arrays", arrays, ARRAYS)
    subject = Neuron(lif)
    trials = subject.trials(dtype)
    probe = next(trial.inputs for trial in trials if trial.name == "random")
    candidate = NeuronCandidate(candidate, form, start, timeout, arrays, reset_call, probe)
    seen, failed = run_trials(trials, candidate)
    typed, seen = _settle_dtypes(seen)
    judgement = judge(seen, states, band)
    judgement.checks[:0] = failed + typed
    given = "" if candidate.library == "numpy" else f", as arrays of {candidate.library}"
    notes = [
        f"called with {candidate.form}, in {dtype}{given}",
        f"rounding means within {band:g} ulp",
    ]
    if seen and seen[0].observed.membrane is None:
        notes.append("only spikes are exposed: followed in float64, with a band that grows")
    return report_of(
        judgement,
        subject,
        subject=f"{against} ({lif})" if isinstance(against, str) else str(lif),
        candidate=candidate.name,
        notes=tuple(notes),
        strict=strict,
    )


def _refuse_floats(dtype, initial):
    """Refuse what has no meaning against a neuron in fixed point."""
    for name, value in (("dtype", dtype), ("initial", initial)):
        if value is not None:
            must, remedy = "be left out against a neuron in fixed point", "leave it out"
            arguments.refuse(name, must, arguments.shown(value), remedy, TypeError)


def resolve(against, changes):
    """The neuron with which a candidate is compared."""
    if isinstance(against, str):
        known_names = (*PROFILES, *fixed.profiles())
        lif = LIF(**{**PROFILES[arguments.choice("against", against, known_names)].axes, **changes})
    elif isinstance(against, (LIF, Leaky)):
        if changes:
            raise TypeError(
                f"changes must be given with the name of a profile only, got {sorted(changes)}; "
                "put them into the LIF"
            )
        lif = against.lif if isinstance(against, Leaky) else against
    else:
        must, remedy = (
            "be the name of a profile, a LIF, a Leaky or a fixed.LIF",
            "pass 'snntorch-1.0' or LIF(0.9)",
        )
        arguments.refuse("against", must, arguments.shown(against), remedy, TypeError)
    for name in (*known.NUMBERS, *known.PARTS, "reset_value"):
        if np.ndim(getattr(lif, name)):
            raise ValueError(
                f"{name} must be one number, got an array of shape {np.shape(getattr(lif, name))}; "
                "validate one value after the other"
            )
    return lif


def _settle_dtypes(seen):
    """A check for membranes of another dtype, and the observations in the dtype of the current."""
    checks, settled = [], []
    for trial, observed in seen:
        membrane, dtype = observed.membrane, trial.inputs.dtype
        if membrane is not None and membrane.dtype != dtype:
            told = (
                f"{membrane.dtype} for currents of {dtype}; keep the membrane in {dtype}, or "
                f"validate with dtype=numpy.{membrane.dtype}"
            )
            checks = checks or [Check("dtype of the membrane", "wrong", told)]
            with np.errstate(over="ignore"):
                observed = Observed(observed.spikes, membrane.astype(dtype))
        settled.append(Seen(trial, observed))
    return checks, settled
