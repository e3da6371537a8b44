"""Encoders that draw random numbers: from where they draw, their distribution, their seeds."""

import math

import numpy as np

from spikecore import random, spikegen
from spikecore.validate import statistics
from spikecore.validate.candidate import RefusedError
from spikecore.validate.causes.rate import CAUSES, probability, varies
from spikecore.validate.pictures import Rates
from spikecore.validate.report import Check
from spikecore.validate.subject import Cause, Trial

DEFAULT_STEPS = 1024
SEEDS = (3, 4)
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
    trial, p = _trial(_with_steps_of(candidate, subject, dtype), dtype, draws)
    shape, options = trial.expected().spikes.shape, trial.subject.options
    if "seed" in candidate.accepts:
        trial = trial._replace(subject=trial.subject.changed(seed=SEEDS[0]))
    limit, pictures = false_alarm / (1 + varies(subject)), []
    try:
        spikes = candidate.run(trial, shape).spikes
        fired, checks = _fired(spikes, options)
        found = statistics.tests(fired, p)
        spread = np.sqrt(p * (1 - p) / len(fired))
        pictures = [Rates("rate of each feature", p, fired.mean(axis=0), spread)]
        bad = {test.name for test in statistics.failures(found, limit)}
        checks += [_check(test, bad) for test in found]
        causes = explain(fired, p, found, bad, trial, limit) if bad else []
        if varies(subject):
            checks += _follows_data(candidate, trial, p, shape, limit)
        if "seed" in candidate.accepts:
            checks += _seeds(candidate, trial, shape, spikes)
    except RefusedError as error:
        checks, causes = [Check("run", "failed", str(error))], []
    notes = (
        f"judged by its distribution on {math.prod(shape)} draws; a correct code fails with "
        f"probability {false_alarm:g}, a bias of 1 % is found in every run of 2**20 draws",
    )
    return checks, causes, notes, pictures


def _with_steps_of(candidate, subject, dtype):
    """The subject with the steps of a candidate that cannot be told them, by one small call."""
    form = candidate.form
    told = "num_steps" in form.accepts or "num_steps" in subject.options or form.steps_second
    if told or form.step_name or subject.kind != "rate" or varies(subject):
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
    if subject.kind == "targets_rate":
        subject = subject.changed(**{**subject.code.defaults, **options})
        classes = subject.options["num_classes"]
        labels = np.arange(max(2, math.ceil(draws / steps / classes))) % classes
        hot = np.asarray(spikegen.to_one_hot(labels, classes)) > 0
        rates = options.get("correct_rate", 1), options.get("incorrect_rate", 0)
        p = np.where(hot, *(float(rate) for rate in rates)).reshape(-1)
        return Trial("distribution", labels, subject), p
    if not varies(subject):
        subject = subject.changed(**options)
    features = 32 * max(1, math.ceil(draws / steps / 32))
    order = np.argsort(random.uniforms(5, (1, features))[0], kind="stable")
    data = np.linspace(0, 1, features)[order].astype(dtype).reshape(-1, 32)
    p = np.clip(probability(data, options), 0, 1).astype(np.float64).reshape(-1)
    if varies(subject):
        data = np.broadcast_to(data, (steps, *data.shape)).copy()
    return Trial("distribution", data, subject), p


def _fired(spikes, options):
    """Which elements spike, ``[T, features]`` from the first possible step on, and two checks."""
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    strange = int((~np.isin(spikes, np.array([on, off], spikes.dtype))).sum())
    detail = f"{strange} values are neither {on} nor {off}"
    checks = [Check("values", "wrong" if strange else "exact", detail)]
    fired = (spikes != off).reshape(len(spikes), -1)
    silent = options.get("first_spike_time", 0)
    if silent:
        early = int(fired[:silent].sum())
        detail = f"{early} spikes in the {silent} steps before it"
        checks.append(Check("first_spike_time", "wrong" if early else "exact", detail))
    return fired[silent:], checks


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


def _seeds(candidate, trial, shape, spikes):
    """The same seed gives the same spikes, another seed others."""
    again = candidate.run(trial, shape).spikes
    reseeded = trial._replace(subject=trial.subject.changed(seed=SEEDS[1]))
    different = candidate.run(reseeded, shape).spikes
    same, apart = np.array_equal(spikes, again), not np.array_equal(spikes, different)
    return [
        Check("one seed twice", "exact" if same else "wrong",
              "the same spikes" if same else "the same seed gave other spikes"),
        Check("two seeds", "exact" if apart else "wrong",
              "other spikes" if apart else "another seed gave the same spikes"),
    ]  # fmt: skip


# --- why -----------------------------------------------------------------------------------------

RATES = {  # in the place of p
    "exponential": lambda p: -np.expm1(-p),
    "complement": lambda p: 1 - p,
    "squared": lambda p: p * p,
    "tenth": lambda p: p / 10,
    "three-quarters": lambda p: 0.75 * p,
    "half": lambda p: p / 2,
    "root": np.sqrt,
}
IGNORED = {  # options in the place of those given
    "gain-ignored": {"gain": 1},
    "offset-ignored": {"offset": 0},
    "gain-and-offset-ignored": {"gain": 1, "offset": 0},
}
SENTENCES = {
    **{cause.name: cause.sentence for cause in CAUSES},
    "tenth": "your probability is p/10 (Norse's poisson_encode by default)",
    "three-quarters": "your probability is 0.75 p (Spyx's rate_code by default)",
    "half": "your probability is p/2",
    "root": "your probability is the root of p",
    "other-rates": "your rates are not those asked for, feature by feature",
    "regular": "your intervals are more regular than those of independent draws, as "
               "Poisson-distributed intervals are (BindsNET's poisson)",
    "shared": "some of your features share their random numbers",
    "dependent": "your steps are not independent of one another",
    "uneven": "some of your steps fire more, or less, than the others",
}  # fmt: skip


def explain(fired, p, found, bad, trial, false_alarm):
    """(cause, suffix) of a distribution that is wrong: in its rates, then in its structure."""
    limit = false_alarm / len(statistics.TESTS)
    names = [
        name
        for name, rates in _other_rates(trial, p)
        if not np.allclose(rates, p) and _rates_fit(fired, rates, limit)
    ][:1]
    around = statistics.failures(statistics.tests(fired, fired.mean(axis=0)), false_alarm)
    structure = _structure(fired, {test.name for test in around} & bad)
    names += [structure] if structure else []
    if not names and "overall rate" in bad:
        overall = next(test for test in found if test.name == "overall rate")
        return [(Cause("biased", f"your rate is biased: {overall.detail}"), "")]
    if not names and bad & {"rate of each feature", "spread of the rates", "intervals"}:
        names = ["other-rates"]
    return [(Cause(name, SENTENCES[name]), "") for name in names]


def _other_rates(trial, p):
    for name, change in RATES.items():
        yield name, change(p)
    if trial.subject.kind != "targets_rate":
        data = trial.inputs[0] if varies(trial.subject) else trial.inputs
        for name, changes in IGNORED.items():
            rates = probability(data, {**trial.subject.options, **changes})
            yield name, np.clip(rates, 0, 1).astype(np.float64).reshape(-1)


def _rates_fit(fired, p, limit):
    """Whether every feature's count and their spread are those of other probabilities."""
    counts = fired.sum(axis=0)
    certain = (counts[p <= 0] == 0).all() and (counts[p >= 1] == len(fired)).all()
    some = (p > 0) & (p < 1)
    if not certain or not some.any():
        return False
    checks = (statistics._each_feature, statistics._overall)
    return all(check(counts[some], len(fired), p[some]).p_value >= limit for check in checks)


def _structure(fired, bad):
    """What is the same, or too regular, in the trains themselves, whatever their rates."""
    if (fired == fired[:1]).all():
        return "frozen"
    if bad & {"lag correlations", "intervals"} and _spread_of_intervals(fired) < 0.8:
        return "regular"
    if "pairs of features" in bad:
        return "shared-features" if _nested(fired) else "shared"
    if "lag correlations" in bad:
        return "dependent"
    return "uneven" if "rate of each step" in bad else None


def _nested(fired):
    """Whether a busier feature fires whenever a quieter one does."""
    order = np.argsort(fired.sum(axis=0), kind="stable")
    return not (fired[:, order[:-1]] & ~fired[:, order[1:]]).any()


def _spread_of_intervals(fired):
    """Variance of the intervals over that of independent draws of the same rate: 1 for those."""
    ratios = []
    for train in fired.T[:256]:
        gaps = np.diff(np.flatnonzero(train))
        if gaps.size >= 10 and gaps.mean() > 2:
            ratios.append(gaps.var() / (gaps.mean() * (gaps.mean() - 1)))
    return float(np.median(ratios)) if ratios else 1.0
