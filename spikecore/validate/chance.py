"""Encoders that draw random numbers: from where they draw, their distribution, their seeds."""

import inspect
import math

import numpy as np

from spikecore import random, spikegen
from spikecore.statistics import isi, rate
from spikecore.validate import statistics
from spikecore.validate.candidate import RefusedError
from spikecore.validate.causes import poisson
from spikecore.validate.causes.rate import CAUSES, varies
from spikecore.validate.estimate import highest, told
from spikecore.validate.pictures import Rates
from spikecore.validate.report import Check
from spikecore.validate.subject import Cause, Trial

DEFAULT_STEPS = 1024
SEED = 3  # of the first call, where a candidate takes one
LEAST_STEPS = 1024  # over all calls
MOST_CALLS = 64
LOG_IMPOSSIBLE = -60.0  # 1e-26
APART = "other spikes", "the second call gave the spikes of the first"
ACROSS = "neighbouring features", "pairs of features"
REPEATING = 0.3  # correlation of steps that are copies, rather than spaced evenly
RATES_ONLY = ("certain features", "rate of each feature", "overall rate")


# --- whose random numbers ------------------------------------------------------------------------


def seeded_trials(candidate, subject, dtype, drawn_by):
    """Trials of the random numbers that a candidate with ``seed`` draws; none when its own."""
    if "seed" not in candidate.accepts or drawn_by == "own":
        return []
    ours = subject.code.seeded(subject, dtype)
    theirs = _torch_trials(ours)
    if drawn_by != "auto":
        return {"spikecore": ours, "torch": theirs}[drawn_by]
    for trials in (ours, theirs):
        if trials and _resembles(candidate, trials[0]):
            return trials
    return []


def _torch_trials(ours):
    """The same trials with torch's random numbers for the seed, where torch has some."""
    grid, subject = ours[0], ours[0].subject
    if subject.kind != "rate" or varies(subject) or grid.inputs.dtype != np.float32:
        return []
    shape = (subject.options["num_steps"], *grid.inputs.shape)
    uniforms = random.torch_uniforms(subject.options["seed"], shape)
    subject = subject.changed(uniforms=uniforms)
    ties = "uniforms of torch equal to the probability they meet"
    return [
        Trial("torch's stream", grid.inputs, subject, "torch's stream on a CPU for one seed"),
        Trial("torch's ties", uniforms[5 % len(uniforms)], subject, ties),
    ]


def _resembles(candidate, trial):
    """Whether far fewer spikes differ than would between two independent draws."""
    wanted = trial.expected().spikes
    try:
        spikes = candidate.run(trial, wanted.shape).spikes
    except RefusedError:
        return False
    mean = wanted.mean(axis=0)
    independent = float((2 * mean * (1 - mean)).mean())
    return float((spikes != wanted).mean()) < independent / 3


# --- the distribution ----------------------------------------------------------------------------


def judge(candidate, subject, dtype, false_alarm, draws):
    """Checks, causes, notes and pictures of an encoder with random numbers of its own."""
    try:
        import scipy.stats  # noqa: F401
    except ImportError:
        raise ImportError(
            "SciPy is not installed, and judging a distribution needs it; install it with python "
            "-m pip install 'spikecore[validate]'"
        ) from None
    trial, p, calls = _trial(_with_steps_of(candidate, subject, dtype), dtype, draws)
    shape, options = trial.expected().spikes.shape, trial.subject.options
    limit, pictures = false_alarm / (1 + varies(subject)), []
    try:
        every = [_seeded(trial, candidate, number) for number in range(calls)]
        trains = [candidate.run(each, shape).spikes for each in every]
        fired, checks = _fired(np.stack(trains), options)
        waits, causes = options.get("refractory", 0), []
        if waits:
            fired, found, causes = _outside(fired, options)
            checks += found
        log_equal = fired.shape[1] * _log_equal(p)
        seeds, reseeded = _calls(candidate, every[0], shape, trains, log_equal)
        seeds += unseeded(candidate, trial.subject, dtype)
        fired = fired[:1] if reseeded else fired
        calls, fired = len(fired), fired.reshape(-1, p.size)
        found = statistics.tests(fired, p, calls)
        spread = np.sqrt(p * (1 - p) / len(fired))
        pictures = [Rates("rate of each feature", p, rate(fired), spread)]
        bad = {test.name for test in statistics.failures(found, limit)}
        checks += [_check(test, bad) for test in found]
        causes = causes or (explain(fired, p, found, bad, trial, limit, calls) if bad else [])
        if reseeded:
            causes.append((Cause("reseeded", SENTENCES["reseeded"]), ""))
        if varies(subject) and not waits:
            checks += _follows_data(candidate, every[0], p, shape, limit)
        checks += seeds
    except RefusedError as error:
        checks, causes = [Check("run", "failed", str(error))], []
    notes = (
        f"judged by its distribution on {calls * math.prod(shape)} draws in {calls} call(s); a "
        f"correct code fails with probability {false_alarm:g}, a bias of 1 % and draws of which "
        "2 % are those of a neighbour or of an earlier step are found in every run of 2**20 draws",
    )
    return checks, causes, notes, pictures


def unseeded(candidate, subject, dtype):
    """The check that a code whose seed is None by default then differs from call to call."""
    drawn_from = [name for name in ("seed", "uniforms") if name in candidate.accepts]
    if "seed" not in drawn_from:
        return []
    parameters = inspect.signature(candidate.original).parameters
    if any(getattr(parameters.get(name), "default", ...) is not None for name in drawn_from):
        return []
    trial, p, _ = _trial(subject.changed(**dict.fromkeys(drawn_from)), dtype, 2**14)
    shape = trial.expected().spikes.shape
    if shape[0] * _log_equal(p) > LOG_IMPOSSIBLE:
        return []
    name = "two calls without a seed"
    try:
        first, second = (candidate.run(trial, shape).spikes for _ in range(2))
    except RefusedError as error:
        return [Check(name, "failed", str(error))]
    return [_told(name, not np.array_equal(first, second), *APART)]


def _with_steps_of(candidate, subject, dtype):
    """The subject with the steps of a candidate that cannot be told them, by one small call."""
    form = candidate.form
    told = "num_steps" in form.accepts or "num_steps" in subject.options or form.second
    of_steps = subject.kind in ("rate", "poisson") and not varies(subject)
    if told or form.step_name or not of_steps:
        return subject
    data = np.zeros((2, 3), dtype)
    try:
        shape = candidate.guarded(lambda: np.shape(candidate.function(data)))
    except RefusedError:
        return subject
    own = len(shape) == 3 and shape[1:] == data.shape
    return subject.changed(num_steps=shape[0]) if own else subject


def _trial(subject, dtype, draws):
    """Data whose probabilities are spread evenly from 0 to 1, in an order without a pattern."""
    options = {"num_steps": DEFAULT_STEPS, **subject.options}
    steps = options["num_steps"]
    calls = min(MOST_CALLS, max(2, math.ceil(LEAST_STEPS / max(1, steps))))
    draws = draws / (steps * calls)
    if subject.kind == "targets_rate":
        subject = subject.changed(**{**subject.code.defaults, **options})
        classes = subject.options["num_classes"]
        labels = np.arange(max(2, math.ceil(draws / classes))) % classes
        hot = np.asarray(spikegen.to_one_hot(labels, classes)) > 0
        rates = options.get("correct_rate", 1), options.get("incorrect_rate", 0)
        p = np.where(hot, *(float(number) for number in rates)).reshape(-1)
        return Trial("distribution", labels, subject), p, calls
    if not varies(subject):
        subject = subject.changed(**options)
    features = 32 * max(1, math.ceil(draws / 32))
    order = np.argsort(random.uniforms(5, (1, features))[0], kind="stable")
    largest = poisson.most(options) if subject.kind == "poisson" else 1
    data = np.linspace(0, largest, features)[order].astype(dtype).reshape(-1, 32)
    p = np.clip(subject.code.probability(data, options), 0, 1).astype(np.float64).reshape(-1)
    if varies(subject):
        data = np.broadcast_to(data, (steps, *data.shape)).copy()
    return Trial("distribution", data, subject), p, calls


def _seeded(trial, candidate, number):
    """The trial of one of several calls."""
    if "seed" not in candidate.accepts:
        return trial
    return trial._replace(subject=trial.subject.changed(seed=SEED + number))


def _fired(spikes, options):
    """Which elements spike, ``[calls, T, features]`` from the first possible step, and checks."""
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    strange = int((~np.isin(spikes, np.array([on, off], spikes.dtype))).sum())
    detail = f"{strange} values are neither {on} nor {off}"
    checks = [Check("values", "wrong" if strange else "exact", detail)]
    fired = (spikes != off).reshape(*spikes.shape[:2], -1)
    silent = options.get("first_spike_time", 0)
    if silent:
        early = int(fired[:, :silent].sum())
        detail = f"{early} spikes in the {silent} steps before it"
        checks.append(Check("first_spike_time", "wrong" if early else "exact", detail))
    return fired[:, silent:], checks


def _outside(fired, options):
    """What is drawn outside of the dead times, the check of these, and the cause."""
    asked = options["refractory"]
    live, early = poisson.outside(fired, options)
    checks = [Check("dead time", "wrong" if early else "exact", f"{early} spikes within one")]
    shortest = poisson.shortest(fired)
    if shortest in (None, asked):
        return live, checks, []
    told = f"your refractory is {shortest}, the reference's is {asked}"
    return live, checks, [(Cause("refractory", told), "")]


def _check(test, bad, prefix=""):
    verdict = "wrong" if test.name in bad else "exact"
    return Check(f"{prefix}{test.name}", verdict, f"{test.detail}; p-value {test.p_value:.2g}")


def _follows_data(candidate, trial, p, shape, limit):
    """Data that change: every other step has its features in the opposite order."""
    data = trial.inputs.copy()
    data[1::2] = np.flip(data[1::2], axis=tuple(range(1, data.ndim)))
    spikes = candidate.run(trial._replace(inputs=data), shape).spikes
    fired = (spikes != 0).reshape(len(spikes), -1)[len(spikes) - len(data) :]
    fired = np.concatenate([fired[::2], fired[1::2, ::-1]])
    found = [test for test in statistics.tests(fired, p) if test.name in RATES_ONLY]
    bad = {test.name for test in statistics.failures(found, limit)}
    return [_check(test, bad, "changing data, ") for test in found]


def _log_equal(p):
    """Logarithm of the probability that two draws of every feature are equal."""
    return float(np.log(p * p + (1 - p) ** 2).sum())


def _calls(candidate, trial, shape, trains, log_equal):
    """Checks of the seed, or of two calls without one, and whether all calls are the same."""
    if log_equal > LOG_IMPOSSIBLE:  # they may well be equal
        return [], False
    reseeded = all(np.array_equal(trains[0], train) for train in trains[1:])
    if "seed" not in candidate.accepts:
        return [_told("two calls", not reseeded, *APART)], reseeded
    again = candidate.run(trial, shape).spikes
    return [
        _told("one seed twice", np.array_equal(trains[0], again), "the same spikes",
              "the same seed gave other spikes"),
        _told("two seeds", not reseeded, "other spikes", "another seed gave the same spikes"),
    ], reseeded  # fmt: skip


def _told(name, right, good, bad):
    return Check(name, "exact" if right else "wrong", good if right else bad)


# --- why -----------------------------------------------------------------------------------------

RATES = {  # in the place of p
    "exponential": lambda p: -np.expm1(-p),
    "complement": lambda p: 1 - p,
    "squared": lambda p: p * p,
    "tenth": lambda p: p / 10,
    "three-quarters": lambda p: 0.75 * p,
}
DEFAULTS = {"gain": 1, "offset": 0}
IGNORED = {  # options in the place of those given
    **{f"{name}-ignored": {name: value} for name, value in DEFAULTS.items()},
    "gain-and-offset-ignored": DEFAULTS,
}
SENTENCES = {
    **{cause.name: cause.sentence for cause in CAUSES},
    "tenth": "your probability is p/10 (Norse's poisson_encode by default)",
    "three-quarters": "your probability is 0.75 p (Spyx's rate_code by default)",
    "other-rates": "your rates are not those asked for, feature by feature",
    "regular": "your intervals are more regular than those of independent draws, as "
               "Poisson-distributed intervals are (BindsNET's poisson)",
    "shared": "some of your features share their random numbers",
    "reseeded": "you draw the same random numbers in every call: a fixed seed, or a generator made "
                "anew in the call",
    "dependent": "your steps are not independent of one another",
    "uneven": "some of your steps fire more, or less, than the others",
}  # fmt: skip


def explain(fired, p, found, bad, trial, false_alarm, calls=1):
    """(cause, suffix) of a distribution that is wrong: in its rates, then in its structure."""
    limit = false_alarm / len(statistics.TESTS)

    def failing(rates, **known):
        found = statistics.tests(fired, rates, calls, **known)
        return {test.name: test for test in statistics.failures(found, false_alarm)}

    causes, around = [], {test.name: test for test in found if test.name in bad}
    if not _rates_fit(fired, p, limit):
        around = failing(rate(fired), estimated=True)
        for cause, rates in _other_rates(trial, p, fired):
            if np.allclose(rates, p) or not _rates_fit(fired, rates, limit):
                continue
            remaining = failing(rates)
            if not remaining or cause.name in SENTENCES or "=" in cause.name:
                causes, around = [cause], remaining
                break
    period = _period(fired.reshape(calls, -1, p.size)) if "lag correlations" in bad else 0
    if period > 1:
        causes.append(Cause("periodic", f"your random numbers repeat every {period} steps"))
    else:
        causes += _structure(fired, around, bad, frozen=period == 1)
    if not causes and "overall rate" in bad:
        overall = next(test for test in found if test.name == "overall rate")
        causes = [Cause("biased", f"your rate is biased: {overall.detail}")]
    if not causes and bad & {"rate of each feature", "spread of the rates", "intervals"}:
        causes = [Cause("other-rates", SENTENCES["other-rates"])]
    return [(cause, "") for cause in causes]


def _other_rates(trial, p, fired):
    """(cause, probabilities) of known mistakes, then of numbers that fit the trains best."""
    for name, change in RATES.items():
        yield Cause(name, SENTENCES[name]), change(p)
    if trial.subject.kind == "targets_rate":
        return
    data = trial.inputs[0] if varies(trial.subject) else trial.inputs
    options, counts = trial.subject.options, fired.sum(axis=0)

    def with_options(**changes):
        rates = trial.subject.code.probability(data, {**options, **changes})
        return np.clip(rates, 0, 1).astype(np.float64).reshape(-1)

    def likelihood(rates):
        inside = np.clip(rates, 1e-9, 1 - 1e-9)
        return (counts * np.log(inside) + (len(fired) - counts) * np.log1p(-inside)).sum()

    if trial.subject.kind == "poisson":
        for meaning in ("mean", "hazard"):
            sentence = f"your rate_is is {meaning!r}"
            yield Cause(f"rate_is={meaning}", sentence), with_options(rate_is=meaning)
        return
    for name, changes in IGNORED.items():
        yield Cause(name, SENTENCES[name]), with_options(**changes)

    def likeliest(rates, least, most):
        return sum(highest(lambda grid: [likelihood(rates(v)) for v in grid], least, most)) / 2

    numbers = [{"gain": likeliest(lambda v: with_options(gain=v), 0.0, 8.0)},
               {"offset": likeliest(lambda v: with_options(offset=v), -1.0, 1.0)},
               _line(data.reshape(-1).astype(float), counts / len(fired))]  # fmt: skip
    for changes in numbers:
        said = [told(k, round(v, 3), options.get(k, DEFAULTS[k])) for k, v in changes.items()]
        yield Cause(" + ".join(changes), ", and ".join(said)), with_options(**changes)
    power = likeliest(lambda v: p**v, 0.0, 8.0)
    yield Cause("power", f"your probability is about p**{power:.3g}"), p**power


def _line(data, rates):
    """Gain and offset of the rates that are not clipped, by weighted least squares."""
    fitted = rates
    for _ in range(3):
        inside = (fitted > 0.01) & (fitted < 0.99)
        if inside.sum() < 2:
            return {}
        weights = (fitted * (1 - fitted))[inside] ** -0.5
        gain, offset = np.polyfit(data[inside], rates[inside], 1, w=weights)
        fitted = gain * data + offset
    return {"gain": float(gain), "offset": float(offset)}


def _rates_fit(fired, p, limit):
    """Whether every feature's count and their spread are those of other probabilities."""
    counts = fired.sum(axis=0)
    certain = (counts[p <= 0] == 0).all() and (counts[p >= 1] == len(fired)).all()
    some = (p > 0) & (p < 1)
    if not certain or not some.any():
        return False
    checks = (statistics._each_feature, statistics._overall)
    return all(check(counts[some], len(fired), p[some]).p_value >= limit for check in checks)


def _period(calls):
    """After how many steps every train begins anew, 0 where it does not."""
    steps = calls.shape[1]
    same = ((calls[:, k:] == calls[:, : steps - k]).all() for k in range(1, steps))
    return next((k for k, equal in enumerate(same, 1) if equal), 0)


def _structure(fired, around, bad, frozen):
    """What is the same, or too regular, in the trains themselves, whatever their rates."""
    around = {name: test for name, test in around.items() if name in bad}
    lag = around.get("lag correlations")
    along = lag.size if lag else 0
    across = max((abs(around[name].size) for name in ACROSS if name in around), default=0)
    uneven = {"lag correlations", "intervals"} & set(around)
    if frozen:
        name = "frozen"
    elif along >= REPEATING:  # a few steps drawn again and again make all else look wrong
        name = "dependent"
    elif uneven and _spread_of_intervals(fired) < 0.8:
        name = "regular"
    elif across > abs(along):
        name = "shared-features" if _nested(fired) else "shared"
    elif lag:
        name = "dependent"
    elif "rate of each step" in around:
        name = "uneven"
    else:
        return []
    detail = f": {lag.detail}" if name == "dependent" else ""
    return [Cause(name, SENTENCES[name] + detail)]


def _nested(fired):
    """Whether a busier feature fires whenever a quieter one does."""
    order = np.argsort(fired.sum(axis=0), kind="stable")
    return not (fired[:, order[:-1]] & ~fired[:, order[1:]]).any()


def _spread_of_intervals(fired):
    """Variance of the intervals over that of independent draws of the same rate: 1 for those."""
    ratios = []
    for gaps in isi(fired[:, :256]):
        if gaps.size >= 10 and gaps.mean() > 2:
            ratios.append(gaps.var() / (gaps.mean() * (gaps.mean() - 1)))
    return float(np.median(ratios)) if ratios else 1.0
