"""Hold an encoder against the reference."""

import inspect

import numpy as np

from spikecore import arguments, spikegen
from spikecore.validate import chance
from spikecore.validate import encoder_trials as trials_of
from spikecore.validate.candidate import (
    Observed,
    RefusedError,
    encoder_form,
    guarded,
    name_of,
    run_encoder,
)
from spikecore.validate.decisions import decision
from spikecore.validate.diagnose import MOST, Seen, ranked, reproduces, telling_first
from spikecore.validate.encoder_causes import variants
from spikecore.validate.follow import BAND
from spikecore.validate.neurons import MOST_PICTURES, UP_TO_ROUNDING, first, settled_verdicts
from spikecore.validate.pictures import cut
from spikecore.validate.report import Check, Difference, Report
from spikecore.validate.variant import Variant

ROUNDING = Variant(
    "rounding", "every difference is rounding: another order of operations or precision", None
)
FALSE_ALARM = 1e-6
DRAWS = 2**20
RESERVED = ("data", "targets", "out", "device", "seed", "uniforms", "stream")
STREAMS = ("auto", "own", "spikecore", "torch")


def encoder(
    candidate,
    kind,
    *,
    data_dtype=np.float32,
    strict=False,
    band=BAND,
    false_alarm=FALSE_ALARM,
    draws=DRAWS,
    stream="auto",
    timeout=60.0,
    **options,
):
    """Hold an encoder against the reference, and say where and why it differs.

    Parameters
    ----------
    candidate : callable
        ``candidate(data)`` returns spikes ``[T, ...]``.  It is given those of ``options`` that its
        signature names; a second positional argument of another name is the number of steps, one
        called ``step`` or ``t`` asks for one step at a time, and one called ``previous`` or
        ``state`` is the sample before (``delta``) or what it returned beside the spikes.  A rate
        code that returns one step per call is called once a step.
    kind : str
        A function of :mod:`spikecore.spikegen`: ``"rate"``, ``"rate_conv"``, ``"latency"``,
        ``"delta"``, ``"targets_rate"``, ``"targets_latency"`` or ``"to_one_hot"``.
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
        Whose random numbers a code with ``seed`` uses: those of :mod:`spikecore.random`, those of
        torch on a CPU, or its own.  By default the one that it reproduces, else its own.
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
    A rate code is compared exactly where that is possible: on given uniforms when it takes
    ``uniforms``, on spikecore's stream or torch's when it takes ``seed`` and reproduces one.
    Otherwise its distribution is judged, see :mod:`spikecore.validate.statistics`.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import validate
    >>> def delta(data):
    ...     return np.diff(data, axis=0, prepend=np.zeros_like(data[:1])) > np.float32(0.1)
    >>> report = validate.encoder(delta, "delta", threshold=0.1)
    >>> report.passed
    False
    >>> print(report.diagnosis[0])
    you compare with >, so that a change of exactly the threshold is missed (the threshold is \
inclusive)
    """
    kind = arguments.choice("kind", kind, trials_of.KINDS)
    strict = arguments.flag("strict", strict)
    band = arguments.number("band", band, 0)
    timeout = arguments.number("timeout", timeout, 0, open_low=True)
    false_alarm = arguments.number("false_alarm", false_alarm, 0, 1, open_low=True, open_high=True)
    draws = arguments.integer("draws", draws, 2**12, 2**28)
    stream = arguments.choice("stream", stream, STREAMS)
    dtype = arguments.spike_dtype(data_dtype, None, np.dtype(np.float32))
    if dtype.kind != "f":
        raise TypeError(f"data_dtype must be float32 or float64, got {dtype}; pass one of the two")
    if not callable(candidate):
        raise TypeError(
            f"candidate must be callable, got a {type(candidate).__name__}; pass a function of data"
        )
    _refuse_unknown(kind, options)
    random_options = dict(options)
    options = {**trials_of.DEFAULTS.get(kind, {}), **options}
    if kind == "rate" and options.get("time_var_input"):
        options.pop("num_steps")
    form = encoder_form(candidate, options)
    notes = (f"compared exactly; rounding means within {band:g} ulp",)
    found, pictures = [], []
    codings = trials_of.trials(kind, options, dtype)
    if options.get("firing_pattern") == "uniform":
        codings = _uniform_trials(form, kind, options, dtype)
    elif trials_of.is_random(kind, options):
        codings = codings if "uniforms" in form.accepts else []
        codings += chance.exact_trials(candidate, form, kind, options, dtype, stream, timeout)
    if codings:
        results, found, pictures = judge_all(candidate, form, codings, timeout, band)
    else:
        results, found, notes = chance.judge(
            candidate, form, kind, random_options, dtype, false_alarm, draws, timeout
        )
    shown = options if codings else random_options
    told = ", ".join(f"{name}={value!r}" for name, value in shown.items())
    return Report(
        subject=f"spikegen.{kind}({told})",
        candidate=name_of(candidate),
        checks=tuple(results),
        diagnosis=tuple(cause.sentence + suffix for cause, suffix in found),
        notes=(*notes, f"given by name: {', '.join(sorted(form.accepts)) or 'nothing'}"),
        trains=tuple(pictures)[:MOST_PICTURES],
        strict=strict,
        causes=tuple(cause.name for cause, _ in found),
    )


def _uniform_trials(form, kind, options, dtype):
    """Trains of a given number of spikes are compared on spikecore's stream only."""
    if "seed" not in form.accepts:
        raise ValueError(
            "firing_pattern is 'uniform', which is compared on spikecore's stream only; let the "
            "candidate take seed, or validate 'regular' and 'poisson'"
        )
    return trials_of.stream_trials(kind, options, dtype)


def _refuse_unknown(kind, options):
    known = inspect.signature(getattr(spikegen, kind)).parameters
    names = [name for name in known if name not in RESERVED]
    for name in options:
        if name not in names:
            raise TypeError(
                f"options must be arguments of spikegen.{kind}, {names}, got {name!r}; correct it"
            )


def judge_all(candidate, form, codings, timeout, band):
    """Checks, causes and pictures of deterministic trials."""
    results, seen = [], []
    for coding in codings:
        try:
            wanted = trials_of.expected(coding)
            spikes = guarded(
                lambda coding=coding, wanted=wanted: run_encoder(
                    candidate, form, coding.inputs, coding.options, wanted.shape
                ),
                timeout,
            )
        except RefusedError as error:
            results.append(Check(coding.name, "failed", str(error)))
            if "did not return" in str(error):
                break
            continue
        seen.append(Seen(coding, Observed(spikes)))
    judged = [judge(one, band) for one in seen]
    results += [check for check, _ in judged]
    found = diagnose(seen, [check for check, _ in judged])
    results = settled_verdicts(results, found)
    return results, found, [picture for _, picture in judged if picture]


def expected(coding):
    """What the reference gives on a trial."""
    return Observed(trials_of.expected(coding))


def judge(one, band=BAND):
    """The check of one trial, and a picture where its trains differ."""
    coding, (spikes, _) = one
    wanted = trials_of.expected(coding)
    apart = np.asarray(spikes != wanted)
    if not apart.any():
        return Check(coding.name, "exact", coding.why), None
    near = decision(coding, wanted.shape)
    excused = np.full(apart.shape, _near(one, wanted, band))
    if near is not None:
        excused |= (np.abs(near.distance) <= band) & ~near.exact
    verdict = "wrong" if (apart & ~excused).any() else "rounding"
    place = first(apart & ~excused if verdict == "wrong" else apart)
    difference = Difference(
        step=place[0],
        element=place[1:],
        expected=float(wanted[place]),
        actual=float(spikes[place]),
        expected_state=None if near is None else float(near.value[place]),
        distance=None if near is None else float(near.distance[place]),
        count=int(apart.sum()),
        total=apart.size,
    )
    check = Check(coding.name, verdict, coding.why, None, difference)
    return check, cut(coding.name, wanted, spikes, difference)


def diagnose(seen, results, most=MOST):
    """(cause, suffix) of what reproduces the encoder, the likeliest first.

    A cause is looked for by name in every trial, as what it means depends on the options; where it
    means nothing the trial must be as it should be.
    """
    if not seen or all(check.verdict == "exact" for check in results):
        return []
    order = telling_first(seen, results)
    known = [
        {cause.name: cause for cause in variants(one.trial.kind, one.trial.options)}
        for one in order
    ]
    first_of = {}
    for causes in known:
        first_of = {**causes, **first_of}

    def fits(cause):
        return all(
            reproduces(one.observed, Observed(_under(causes.get(cause.name), one.trial)))
            for one, causes in zip(order, known, strict=True)
        )

    def rounded(cause):
        return all(
            _near(one, _under(causes.get(cause.name), one.trial))
            for one, causes in zip(order, known, strict=True)
        )

    causes = _ordered(first_of, known)
    if all(check.verdict in ("exact", "rounding") for check in results):
        return ranked([(causes, fits, "")], most=most) or [(ROUNDING, "")]
    return ranked([(causes, fits, ""), (causes, rounded, UP_TO_ROUNDING)], most=most)


def _near(one, wanted, band=BAND):
    """Whether interpolated trains are equal up to rounding; others are equal or not."""
    coding, (spikes, _) = one
    if spikes.shape != wanted.shape or not coding.options.get("interpolate"):
        return np.array_equal(spikes, wanted)
    scale = np.spacing(np.abs(wanted).max().astype(coding.inputs.dtype))
    return bool((np.abs(spikes.astype(float) - wanted) <= band * scale).all())


def _ordered(first_of, known):
    """Every cause once, in the order of the trial that knows the most."""
    names = [name for causes in sorted(known, key=len, reverse=True) for name in causes]
    return [first_of[name] for name in dict.fromkeys(names)]


def _under(cause, coding):
    """What the reference gives under a cause, or as it is where the cause does not apply."""
    if cause is not None:
        try:
            with np.errstate(all="ignore"):
                return cause.expect(coding)
        except (ValueError, TypeError):
            pass
    return trials_of.expected(coding)
