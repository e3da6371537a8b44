"""Compare an encoder with the reference."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from threading import TIMEOUT_MAX
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from spikecore import arguments, spikegen
from spikecore.annotations import Integer, Number, SpikeDtype
from spikecore.validate import chance
from spikecore.validate.candidate import Observed
from spikecore.validate.causes import CODES, KINDS, axes
from spikecore.validate.causes.axes import RESERVED
from spikecore.validate.encoder_candidate import EncoderCandidate
from spikecore.validate.libraries import ARRAYS, Arrays
from spikecore.validate.report import Report
from spikecore.validate.subject import (
    BAND,
    Differing,
    Judgement,
    NotApplicableError,
    judge,
    report_of,
    run_trials,
)

FALSE_ALARM = 1e-6
DRAWS = 2**20
DrawnBy: TypeAlias = Literal["auto", "own", "spikecore", "torch"]
DRAWN_BY = get_args(DrawnBy)


@dataclass(frozen=True, eq=False)
class Encoder:
    """A function of :mod:`spikecore.spikegen` and its options, as a subject."""

    kind: str
    options: dict

    followed = False  # no state goes from step to step

    @property
    def code(self):
        """What the validator knows of the code."""
        return CODES[self.kind]

    @property
    def group(self):
        """The codes with which it is judged together."""
        return self.code.group

    @property
    def draws(self):
        """Whether random numbers are drawn."""
        return self.code.draws is not None and self.code.draws(self.options)

    @property
    def graded(self):
        """Whether the output is numbers, which may be rounded, and not spikes."""
        numbers = self._output in ("activity", "times")
        return bool(self.options.get("interpolate")) or numbers or self.kind == "sigma_delta"

    @property
    def _output(self):
        return axes.value_of(self.kind, self.options, "output")

    def finite(self, spikes):
        """Spikes as they are; of times, -1 for the infinity of a neuron that is silent."""
        if self._output != "times":
            return spikes
        times = np.asarray(spikes)
        return np.where(times == np.inf, -1, times)

    def changed(self, **changes):
        """The encoder with other options."""
        return Encoder(self.kind, {**self.options, **changes}) if changes else self

    def trials(self, dtype):
        """The default trials."""
        return self.code.trials(self, np.dtype(dtype))

    def expected(self, inputs):
        """What spikecore gives."""
        function, options = getattr(spikegen, self.kind), dict(self.options)
        if options.get("uniforms") is not None:
            options.pop("seed", None)  # the seed is what the candidate makes those uniforms from
        if "device" in inspect.signature(function).parameters:
            options["device"] = "numpy"
        return Observed(self.finite(function(inputs, **options)))

    def differing(self, trial, observed, wanted, band):
        """Every difference, but where the number that decides lies within the band."""
        apart = np.asarray(observed.spikes != wanted.spikes)
        near = self.code.decision and self.code.decision(trial, apart.shape)
        excused = np.full(apart.shape, _near(trial, observed, wanted, band))
        if near is None:
            return Differing(apart & ~excused, wanted.spikes)
        excused |= (np.abs(near.distance) <= band) & ~near.exact
        return Differing(apart & ~excused, wanted.spikes, near.value, near.distance)

    def causes(self, subjects):
        """The causes of all the subjects; what a name means is up to the code of the trial."""
        by_kind = {subject.kind: {c.name: c for c in subject.code.causes} for subject in subjects}
        most_first = sorted(by_kind.values(), key=len, reverse=True)
        named = {name: known for causes in most_first[::-1] for name, known in causes.items()}

        def expect(name):
            def observed(trial):
                known = by_kind[trial.subject.kind].get(name)
                if known is None:
                    raise NotApplicableError(f"{name} means nothing for this code")
                return known.expect(trial)

            return observed

        order = dict.fromkeys(name for causes in most_first for name in causes)
        return [named[name]._replace(expect=expect(name)) for name in order]

    def estimates(self, seen, fits):
        """Other numbers that fit, of trials of one code that all have the same."""
        if len({trial.subject.kind for trial, _ in seen}) > 1:
            return []
        found = (next(filter(fits, causes), None) for causes in axes.numbers(self.kind, seen))
        return [cause for cause in found if cause is not None]

    def pairs(self):
        """Two other choices at once."""
        return axes.pairs(self.kind)

    def agrees(self, trial, observed, cause, band):
        """Whether the trains are those of a cause, graded ones up to rounding."""
        return _near(trial, observed, cause.under(trial), band)


def _near(trial, observed, wanted, band):
    """Whether graded trains are equal up to rounding; others are equal or not."""
    spikes, wanted = observed.spikes, wanted.spikes
    if spikes.shape != wanted.shape or not trial.subject.graded:
        return np.array_equal(spikes, wanted)
    scale = np.spacing(np.abs(wanted).max(initial=0).astype(trial.inputs.dtype))
    return bool((np.abs(spikes.astype(float) - wanted) <= band * scale).all())


def encoder(
    candidate: Callable[..., Any],
    kind: str,
    *,
    data_dtype: SpikeDtype = np.float32,
    strict: bool = False,
    band: Number = BAND,
    false_alarm: Number = FALSE_ALARM,
    draws: Integer = DRAWS,
    stream: DrawnBy = "auto",
    arrays: Arrays = "auto",
    timeout: Number = 60.0,
    **options: Any,
) -> Report:
    """Compare an encoder with the reference, and say where and why it differs.

    Parameters
    ----------
    candidate : callable
        ``candidate(data)`` returns spikes ``[T, ...]``.  It is given those of ``options`` that its
        signature names; a second positional argument of another name is the number of steps (of a
        code without, its threshold or its own second argument), one called ``step`` or ``t`` asks
        for one step at a time, and one called ``previous`` or ``state`` is what it returned beside
        the spikes of the sample before, or that sample; before the first, it is what the code
        compares the first sample with.  A rate code that returns one step per call is called once
        a step.
    kind : str
        The name of an encoder of :mod:`spikecore.spikegen`, one of
        ``spikecore.validate.causes.KINDS``.
    data_dtype : {numpy.float32, numpy.float64}
        Of the data.
    strict : bool
        Fail on differences that are rounding.
    band : float
        What counts as rounding, in ulp of the numbers that are compared.
    false_alarm : float
        For codes that use random numbers of their own: the probability that a correct one fails.
    draws : int
        For such codes: how many draws are made, over features and steps.
    stream : {"auto", "own", "spikecore", "torch"}
        Whose random numbers a code with ``seed`` draws: those of :mod:`spikecore.random`, those of
        torch on a CPU, or its own.  By default the ones that it reproduces, else its own.
    arrays : {"auto", "numpy", "torch", "jax"}
        What the candidate is given.  By default NumPy's arrays, or those of a library that it has
        imported where it refuses NumPy's.
    timeout : float
        Seconds that one call may take.
    **options
        Arguments of the function of :mod:`spikecore.spikegen`, such as ``num_steps`` and
        ``linear``.

    Returns
    -------
    Report

    Raises
    ------
    ValueError, TypeError
        An unknown kind or option, or options that the reference itself refuses.  What the candidate
        does wrong is in the report, never raised.

    Notes
    -----
    A cause is named only if it reproduces every spike: another choice of an argument, a profile, an
    argument that is ignored, another number, two choices at once, or a known slip.

    A rate code is compared exactly where that is possible: on given uniforms when it takes
    ``uniforms``, on those of spikecore or torch when it takes ``seed`` and reproduces them.
    Otherwise its distribution is judged, see :mod:`spikecore.validate.statistics`.

    Examples
    --------
    >>> from spikecore import validate
    >>> def at_most(data, uniforms):
    ...     return uniforms <= data
    >>> report = validate.encoder(at_most, "rate")
    >>> report.passed
    False
    >>> print(report.diagnosis[0])
    you spike where u <= p (SpikingJelly does), so that p = 0 can fire
    """
    kind = arguments.choice("kind", kind, KINDS)
    strict = arguments.flag("strict", strict)
    band = arguments.number("band", band, 0)
    timeout = arguments.number("timeout", timeout, 0, TIMEOUT_MAX, open_low=True)
    false_alarm = arguments.number("false_alarm", false_alarm, 0, 1, open_low=True, open_high=True)
    draws = arguments.integer("draws", draws, 2**12, 2**28)
    stream = arguments.choice("stream", stream, DRAWN_BY)
    arrays = arguments.choice("arrays", arrays, ARRAYS)
    dtype = arguments.spike_dtype(data_dtype, None, np.dtype(np.float32))
    if dtype.kind != "f":
        raise TypeError(f"data_dtype must be float32 or float64, got {dtype}; pass one of the two")
    _refuse_unknown(kind, options)
    options = {name: _plain(value) for name, value in options.items()}
    given, options = options, CODES[kind].needed(options)
    candidate = EncoderCandidate(candidate, kind, options, timeout, arrays)
    subject = Encoder(kind, options)
    subject.expected(CODES[kind].smallest(dtype))  # which refuses options that cannot be
    trials = _trials(candidate, subject, dtype, stream)
    if trials:
        seen, failed = run_trials(trials, candidate)
        judgement = judge(seen, band=band)
        judgement.checks[:0] = failed
        if subject.draws:
            judgement.checks.extend(chance.unseeded(candidate, subject, dtype))
        notes = (f"compared exactly; rounding means within {band:g} ulp",)
    else:
        options = given
        checks, found, notes, pictures = chance.judge(
            candidate, Encoder(kind, given), dtype, false_alarm, draws
        )
        judgement = Judgement(checks, found, pictures)
    told = ", ".join(f"{name}={arguments.shown(value)}" for name, value in options.items())
    return report_of(
        judgement,
        None,
        subject=f"spikegen.{kind}({told})",
        candidate=candidate.name,
        notes=(*notes, f"given by name: {', '.join(sorted(candidate.accepts)) or 'nothing'}"),
        strict=strict,
    )


def _trials(candidate, subject, dtype, drawn_by):
    """The trials of exact comparison; none for a code that draws random numbers of its own."""
    if subject.options.get("firing_pattern") == "uniform":
        if "seed" not in candidate.accepts:
            raise ValueError(
                "firing_pattern is 'uniform', which is compared on spikecore's stream only; let "
                "the candidate take seed, or validate 'regular' and 'poisson'"
            )
        return subject.code.seeded(subject, dtype)
    if not subject.draws:
        return subject.trials(dtype)
    trials = subject.trials(dtype) if "uniforms" in candidate.accepts else []
    return trials + chance.seeded_trials(candidate, subject, dtype, drawn_by)


def _plain(value):
    """A number as Python's own, which the trials can compute with; anything else as it is."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def _refuse_unknown(kind, options):
    known = inspect.signature(getattr(spikegen, kind)).parameters
    names = [name for name in known if name not in RESERVED]
    for name in options:
        if name not in names:
            raise TypeError(
                f"options must be arguments of spikegen.{kind}, {names}, got {name!r}; correct it"
            )
