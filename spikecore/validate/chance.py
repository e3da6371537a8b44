"""Encoders that draw random numbers: whose stream they use, their distribution, their seeds."""

import math

import numpy as np

from spikecore import random, spikegen
from spikecore.validate import encoder_trials as trials_of
from spikecore.validate import statistics
from spikecore.validate.candidate import RefusedError, guarded, run_encoder
from spikecore.validate.report import Check
from spikecore.validate.variant import Variant

DEFAULT_STEPS = 1024
SEEDS = (3, 4)
RATES_ONLY = ("certain features", "rate of each feature", "overall rate")


# --- whose stream --------------------------------------------------------------------------------


def exact_trials(candidate, form, kind, options, dtype, stream, timeout):
    """Trials of the stream that a candidate with ``seed`` uses; empty when it is its own."""
    if "seed" not in form.accepts or stream == "own":
        return []
    ours = trials_of.stream_trials(kind, options, dtype)
    theirs = _torch_trials(ours)
    if stream == "spikecore":
        return ours
    if stream == "torch":
        return theirs
    for trials in (ours, theirs):
        if trials and _resembles(candidate, form, trials[0], timeout):
            return trials
    return []


def _torch_trials(ours):
    """The same trials with torch's stream for the seed, where torch has one."""
    static = bool(ours) and ours[0].kind == "rate" and not ours[0].options.get("time_var_input")
    if not static or ours[0].inputs.dtype != np.float32:
        return []
    grid, options = ours[0], ours[0].options
    shape = (options["num_steps"], *grid.inputs.shape)
    uniforms = random.torch_uniforms(options["seed"], shape)
    grid = grid._replace(
        name="torch's stream",
        options={**options, "uniforms": uniforms},
        why="torch's stream on a CPU for one seed",
    )
    why = "uniforms of torch equal to the probability they meet"
    return [grid, grid._replace(name="torch's ties", inputs=uniforms[5 % len(uniforms)], why=why)]


def _resembles(candidate, form, coding, timeout):
    """Whether far fewer spikes differ than would between two independent streams."""
    wanted = trials_of.expected(coding)
    try:
        spikes = _run(candidate, form, coding, wanted.shape, timeout)
    except RefusedError:
        return False
    mean = wanted.mean(axis=0)
    independent = float((2 * mean * (1 - mean)).mean())
    return float((spikes != wanted).mean()) < independent / 3


def _run(candidate, form, coding, shape, timeout):
    return guarded(
        lambda: run_encoder(candidate, form, coding.inputs, coding.options, shape), timeout
    )


# --- the distribution ----------------------------------------------------------------------------


def judge(candidate, form, kind, options, dtype, false_alarm, draws, timeout):
    """Checks, causes and notes of an encoder with random numbers of its own."""
    try:
        import scipy.stats  # noqa: F401
    except ImportError:
        raise ImportError(
            "SciPy is not installed, and judging a distribution needs it; install it with python "
            "-m pip install 'spikecore[validate]'"
        ) from None
    own_steps = _steps_of(candidate, form, kind, options, dtype, timeout)
    coding, p = _coding(kind, {**own_steps, **options}, dtype, draws)
    silent = coding.options.get("first_spike_time", 0)
    shape = trials_of.expected(coding).shape
    extra = {"seed": SEEDS[0]} if "seed" in form.accepts else {}
    coding = coding._replace(options={**coding.options, **extra})
    varying = trials_of.varies(kind, options)
    limit = false_alarm / (1 + varying)
    try:
        spikes = _run(candidate, form, coding, shape, timeout)
        fired, checks = _fired(spikes, options, silent)
        found = statistics.tests(fired, p)
        bad = {test.name for test in statistics.failures(found, limit)}
        checks += [_check(test, bad) for test in found]
        causes = explain(fired, p, found, bad, coding, limit) if bad else []
        if varying:
            checks += _follows_data(candidate, form, coding, p, shape, limit, timeout)
        checks += _seeds(candidate, form, coding, shape, timeout, spikes)
    except RefusedError as error:
        checks, causes = [Check("run", "failed", str(error))], []
    notes = (
        f"judged by its distribution on {math.prod(shape)} draws; a correct code fails with "
        f"probability {false_alarm:g}, a bias of 1 % is found in every run of 2**20 draws",
    )
    return checks, causes, notes


def _steps_of(candidate, form, kind, options, dtype, timeout):
    """The number of steps of a candidate that cannot be told it, by one small call."""
    told = "num_steps" in form.accepts or "num_steps" in options or form.steps_second
    if told or form.step_name or kind != "rate" or trials_of.varies(kind, options):
        return {}
    data = np.zeros((2, 3), dtype)
    try:
        shape = guarded(lambda: np.shape(candidate(data)), timeout)
    except RefusedError:
        return {}
    return {"num_steps": shape[0]} if len(shape) == 3 and shape[1:] == data.shape else {}


def _coding(kind, options, dtype, draws):
    """Data whose probabilities are spread evenly from 0 to 1, in an order without a pattern."""
    if kind == "targets_rate":
        options = {**trials_of.DEFAULTS[kind], "num_steps": DEFAULT_STEPS, **options}
        classes, steps = options["num_classes"], options["num_steps"]
        labels = np.arange(max(2, math.ceil(draws / steps / classes))) % classes
        coding = trials_of.Coding("distribution", labels, kind, options)
        hot = np.asarray(spikegen.to_one_hot(labels, classes)) > 0
        rates = options.get("correct_rate", 1), options.get("incorrect_rate", 0)
        return coding, np.where(hot, *(float(rate) for rate in rates)).reshape(-1)
    varying = trials_of.varies(kind, options)
    if kind == "rate" and not varying:
        options = {"num_steps": DEFAULT_STEPS, **options}
    steps = options.get("num_steps", DEFAULT_STEPS)
    features = 32 * max(1, math.ceil(draws / steps / 32))
    order = np.argsort(random.uniforms(5, (1, features))[0], kind="stable")
    data = np.linspace(0, 1, features)[order].astype(dtype).reshape(-1, 32)
    p = np.clip(trials_of.probability(data, options), 0, 1).astype(np.float64).reshape(-1)
    if varying:
        data = np.broadcast_to(data, (steps, *data.shape)).copy()
    return trials_of.Coding("distribution", data, kind, options), p


def _fired(spikes, options, silent):
    """Which elements spike, ``[T, features]`` from the first possible step on, and two checks."""
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    other = int((~np.isin(spikes, np.array([on, off], spikes.dtype))).sum())
    checks = [
        Check("values", "wrong" if other else "exact", f"{other} values are neither {on} nor {off}")
    ]
    fired = (spikes != off).reshape(len(spikes), -1)
    if silent:
        early = int(fired[:silent].sum())
        detail = f"{early} spikes in the {silent} steps before it"
        checks.append(Check("first_spike_time", "wrong" if early else "exact", detail))
    return fired[silent:], checks


def _check(test, bad, prefix=""):
    verdict = "wrong" if test.name in bad else "exact"
    return Check(f"{prefix}{test.name}", verdict, f"{test.detail}; p-value {test.p_value:.2g}")


def _follows_data(candidate, form, coding, p, shape, limit, timeout):
    """Data that change: every other step has its features in the opposite order."""
    data = coding.inputs.copy()
    data[1::2] = np.flip(data[1::2], axis=tuple(range(1, data.ndim)))
    spikes = _run(candidate, form, coding._replace(inputs=data), shape, timeout)
    fired = (spikes != 0).reshape(len(spikes), -1)[len(spikes) - len(data) :]
    fired = np.concatenate([fired[::2], fired[1::2, ::-1]])
    found = [test for test in statistics.tests(fired, p) if test.name in RATES_ONLY]
    bad = {test.name for test in statistics.failures(found, limit)}
    return [_check(test, bad, "changing data, ") for test in found]


def _seeds(candidate, form, coding, shape, timeout, spikes):
    """The same seed gives the same spikes, another seed others."""
    if "seed" not in form.accepts:
        return []
    again = _run(candidate, form, coding, shape, timeout)
    other = coding._replace(options={**coding.options, "seed": SEEDS[1]})
    different = _run(candidate, form, other, shape, timeout)
    same, apart = np.array_equal(spikes, again), not np.array_equal(spikes, different)
    return [
        Check("one seed twice", "exact" if same else "wrong",
              "the same spikes" if same else "the same seed gave other spikes"),
        Check("two seeds", "exact" if apart else "wrong",
              "other spikes" if apart else "another seed gave the same spikes"),
    ]  # fmt: skip


# --- why -----------------------------------------------------------------------------------------

RATES = {
    "exponential": ("your probability is 1 - exp(-p), that of a Poisson process in bins (spikify "
                    "does)", lambda p: -np.expm1(-p)),
    "complement": ("your probability is 1 - p", lambda p: 1 - p),
    "squared": ("your probability is p squared", lambda p: p * p),
    "tenth": ("your probability is p/10 (Norse's poisson_encode by default)", lambda p: p / 10),
    "three-quarters": ("your probability is 0.75 p (Spyx's rate_code by default)",
                       lambda p: 0.75 * p),
    "half": ("your probability is p/2", lambda p: p / 2),
    "root": ("your probability is the root of p", np.sqrt),
}  # fmt: skip


def explain(fired, p, found, bad, coding, false_alarm):
    """(cause, suffix) of a distribution that is wrong: in its rates, then in its structure."""
    limit = false_alarm / len(statistics.TESTS)
    causes = [
        (name, sentence)
        for name, sentence, other in _other_rates(coding, p)
        if not np.allclose(other, p) and _rates_fit(fired, other, limit)
    ][:1]
    realised = fired.mean(axis=0)
    around = {
        test.name for test in statistics.failures(statistics.tests(fired, realised), false_alarm)
    }
    causes += _structure(fired, around & bad)
    overall = next((test for test in found if test.name == "overall rate"), None)
    if not causes and "overall rate" in bad:
        causes.append(("biased", f"your rate is biased: {overall.detail}"))
    elif not causes and bad & {"rate of each feature", "spread of the rates", "intervals"}:
        causes.append(("other-rates", "your rates are not those asked for, feature by feature"))
    return [(Variant(name, sentence, None), "") for name, sentence in causes]


def _other_rates(coding, p):
    for name, (sentence, change) in RATES.items():
        yield name, sentence, change(p)
    if coding.kind != "targets_rate":
        plain = {**coding.options, "gain": 1, "offset": 0}
        varying = trials_of.varies(coding.kind, coding.options)
        data = coding.inputs[0] if varying else coding.inputs
        for name, sentence, changes in (
            ("gain-ignored", "you ignore the gain", {"gain": 1}),
            ("offset-ignored", "you ignore the offset", {"offset": 0}),
            ("gain-and-offset-ignored", "you ignore gain and offset", plain),
        ):
            other = trials_of.probability(data, {**coding.options, **changes})
            yield name, sentence, np.clip(other, 0, 1).astype(np.float64).reshape(-1)


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
        yield "frozen", "you draw once and use it for every step"
        return
    if bad & {"lag correlations", "intervals"} and _spread_of_intervals(fired) < 0.8:
        yield (
            "regular",
            (
                "your intervals are more regular than those of independent draws, as "
                "Poisson-distributed intervals are (BindsNET's poisson)"
            ),
        )
    elif "pairs of features" in bad and _nested(fired):
        yield "shared-features", "all your features share one random number a step"
    elif "pairs of features" in bad:
        yield "shared", "some of your features share their random numbers"
    elif "lag correlations" in bad:
        yield "dependent", "your steps are not independent of one another"
    elif "rate of each step" in bad:
        yield "uneven", "some of your steps fire more, or less, than the others"


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
