"""Judging random codes by their distribution: false alarms, power, and causes.

Every draw has a fixed seed, so nothing here can fail by chance.
"""

import numpy as np
import pytest
from scipy.stats import binom

from spikecore import spikegen, validate
from spikecore.validate import statistics

DRAWS = 2**17  # of candidates whose fault is plain
P = np.linspace(0, 1, 64)


def generator(seed=11):
    return np.random.default_rng(seed)


# --- false alarms --------------------------------------------------------------------------------


def test_five_hundred_seeds_give_no_failure_and_few_at_five_per_cent():
    strict = loose = 0
    for seed in range(500):
        found = statistics.tests(spikegen.rate(P, 320, seed=seed, dtype=bool), P)
        strict += bool(statistics.failures(found, 1e-6))
        loose += bool(statistics.failures(found, 0.05))
    assert strict == 0
    # were the false alarm above 5 %, more than 56 of 500 would be seen with probability 1 - 1e-8
    assert loose <= binom.ppf(1 - 1e-8, 500, 0.05)
    assert loose >= 2  # the bounds are not so wide that nothing is ever found


def test_the_false_alarm_is_shared_by_all_tests():
    found = statistics.tests(spikegen.rate(P, 320, seed=0), P)
    assert [test.name for test in found] == list(statistics.TESTS)
    limit = 0.01 / len(statistics.TESTS)
    edge = [statistics.Test("one", limit * 0.99, ""), statistics.Test("two", limit * 1.01, "")]
    assert statistics.failures(edge, 0.01) == edge[:1]


@pytest.mark.parametrize("p", [0.001, 0.2, 0.5, 0.99])
def test_the_chernoff_bound_is_above_the_exact_tail_and_near_it(p):
    trials = 400
    for count in range(0, trials + 1, 25):
        exact = min(binom.cdf(count, trials, p), binom.sf(count - 1, trials, p))
        bound = np.exp(statistics.log_chernoff(count, np.full(trials, p)))
        assert bound >= exact * (1 - 1e-9)
        if exact > 1e-200:
            assert np.log(bound) <= np.log(exact) + 6


def test_two_sided_p_values_are_exact():
    values = statistics.two_sided(np.arange(11), 10, 0.5)
    assert values[0] == pytest.approx(2 / 1024) and values[5] == 1
    np.testing.assert_allclose(values, values[::-1])


def test_trains_of_certain_features_alone_are_judged():
    trains = np.zeros((40, 3), bool)
    trains[:, 2] = True
    (only,) = statistics.tests(trains, np.array([0, 0, 1]))
    assert only.p_value == 1
    trains[3, 0] = True
    (only,) = statistics.tests(trains, np.array([0, 0, 1]))
    assert only.p_value == 0


SHAPES = [(25, 64, 8), (100, 64, 2), (2, 64, 64), (300, 48, 1)]


@pytest.mark.parametrize(("steps", "features", "calls"), SHAPES)
@pytest.mark.parametrize("estimated", [False, True])
def test_short_trains_fail_no_more_often_than_stated(steps, features, calls, estimated):
    p, runs, loose = generator(3).permutation(np.linspace(0, 1, features)), 200, 0
    draw = generator(steps)
    for _ in range(runs):
        trains = draw.random((calls * steps, features)) < p
        rates = trains.mean(axis=0) if estimated else p
        found = statistics.tests(trains, rates, calls, estimated)
        assert statistics.failures(found, 1e-6) == []
        loose += bool(statistics.failures(found, 0.05))
    # at 5 % a correct test fails more often than this with a probability of 1e-6
    assert loose <= binom.ppf(1 - 1e-6, runs, 0.05)


# --- power ---------------------------------------------------------------------------------------


def biased(factor):
    draw = generator()
    return lambda x, num_steps: draw.random((num_steps, *x.shape), np.float32) < factor * x


@pytest.mark.parametrize("factor", [1.01, 0.99])
def test_a_bias_of_one_per_cent_is_found_every_time(factor):
    draw, p = generator(), np.linspace(0, 0.95, 1024)
    for _ in range(8):
        trains = draw.random((1024, 1024), np.float32) < factor * p
        failed = {test.name for test in statistics.failures(statistics.tests(trains, p), 1e-6)}
        assert "overall rate" in failed


def test_a_bias_of_one_per_cent_is_named():
    report = validate.encoder(biased(0.99), "rate")
    assert not report.passed and report.causes == ("gain",)
    assert report.diagnosis[0] == "your gain is about 0.99, the reference's is 1"


def copied(u, share, distance=1):
    """Draws of which a share are those so many features before."""
    copies = generator(12).random(u.shape) < share
    for feature in range(distance, u.shape[1]):
        u[:, feature] = np.where(copies[:, feature], u[:, feature - distance], u[:, feature])
    return u


@pytest.mark.parametrize("distance", [1, 32])
def test_two_per_cent_of_draws_taken_from_a_neighbour_are_found_every_time(distance):
    draw, p = generator(), generator(1).permutation(np.linspace(0, 1, 512))
    for _ in range(4):
        trains = copied(draw.random((2048, p.size)), 0.02, distance) < p
        failed = {test.name for test in statistics.failures(statistics.tests(trains, p, 2), 1e-6)}
        assert "neighbouring features" in failed
        draws = copied(draw.random((2048, p.size)).T, 0.02, distance).T
        trains = draws < p
        failed = {test.name for test in statistics.failures(statistics.tests(trains, p, 2), 1e-6)}
        assert "lag correlations" in failed


def test_the_bound_of_a_correlation_is_above_the_exact_tail():
    # Two steps of one feature, whose products of scores are +1 or -1 at p = 1/2: of n pairs the
    # tail beyond n is 2**-n, and the bound must be above it and near it.
    for pairs in (1, 8, 30):
        scores = np.ones((2, pairs), np.float32)
        bound = statistics.log_correlation(scores, np.full((1, pairs), 0.5), 1)
        assert -pairs * np.log(2) <= bound <= -0.4 * pairs


# --- candidates ----------------------------------------------------------------------------------


def test_a_correct_code_with_its_own_generator_passes():
    draw = generator()
    report = validate.encoder(
        lambda x, num_steps: draw.random((num_steps, *x.shape)) < x, "rate", draws=DRAWS
    )
    assert report.passed and report.verdict == "exact"
    assert "fails with probability 1e-06" in report.notes[0]


def test_a_code_with_its_own_number_of_steps_is_asked_for_it():
    draw = generator()
    report = validate.encoder(lambda x: draw.random((90, *x.shape)) < x, "rate", draws=2**16)
    assert report.passed


def exponential(x, num_steps):
    """A Poisson process in bins, as spikify's rate code is."""
    return generator().random((num_steps, *x.shape)) < -np.expm1(-x)


def poisson_intervals(x, num_steps):
    """Poisson-distributed intervals, as BindsNET's: a train more regular than a Poisson process."""
    draw, flat = generator(), x.reshape(-1)
    spikes = np.zeros((num_steps, flat.size))
    some = flat > 0
    intervals = np.maximum(draw.poisson(1 / flat[some], (num_steps, some.sum())), 1)
    times = intervals.cumsum(axis=0) - 1
    for column, steps in zip(np.flatnonzero(some), times.T, strict=True):
        spikes[steps[steps < num_steps], column] = 1
    return spikes.reshape(num_steps, *x.shape)


def frozen(x, num_steps):
    return np.broadcast_to(generator().random(x.shape) < x, (num_steps, *x.shape))


def shared_by_all(x, num_steps):
    return generator().random((num_steps, *[1] * x.ndim)) < x


def shared_by_samples(x, num_steps):
    return generator().random((num_steps, 1, *x.shape[1:])) < x


def sticky(x, num_steps):
    """The right rate, but each draw is used for two steps."""
    draws = generator().random(((num_steps + 1) // 2, *x.shape))
    return np.repeat(draws, 2, axis=0)[:num_steps] < x


def silent_first_step(x, num_steps):
    spikes = generator().random((num_steps, *x.shape)) < x
    spikes[0] = False
    return spikes


def neighbours(x, num_steps):
    draws = generator().random((num_steps, x.size))
    draws[:, 1::2] = draws[:, ::2]
    return draws.reshape(num_steps, *x.shape) < x


def copying(x, num_steps):
    draws = copied(generator().random((num_steps, x.size)), 0.3)
    return draws.reshape(num_steps, *x.shape) < x


def period_of_8(x, num_steps):
    return np.resize(generator().random((8, *x.shape)), (num_steps, *x.shape)) < x


def period_of_16(x, num_steps):
    return np.resize(generator().random((16, *x.shape)), (num_steps, *x.shape)) < x


def complement(x, num_steps):
    return generator().random((num_steps, *x.shape)) < 1 - x


WRONG = {
    exponential: "exponential",
    poisson_intervals: "regular",
    frozen: "frozen",
    shared_by_all: "shared-features",
    shared_by_samples: "shared",
    sticky: "dependent",
    silent_first_step: "uneven",
    complement: "complement",
    neighbours: "shared",
    copying: "shared",
    period_of_8: "periodic",
    period_of_16: "periodic",
}
SHORT = (exponential, frozen, neighbours, copying, period_of_8, period_of_16)


@pytest.mark.parametrize("candidate", WRONG, ids=lambda candidate: candidate.__name__)
def test_a_wrong_distribution_is_found_and_named(candidate):
    report = validate.encoder(candidate, "rate", draws=DRAWS)
    assert not report.passed
    assert report.causes[0] == WRONG[candidate]
    assert report.causes[-1] == "reseeded"  # each makes its generator anew


@pytest.mark.parametrize("num_steps", [25, 256])
@pytest.mark.parametrize("candidate", SHORT, ids=lambda candidate: candidate.__name__)
def test_short_trains_are_told_as_well(candidate, num_steps):
    report = validate.encoder(candidate, "rate", num_steps=num_steps)
    assert report.causes == (WRONG[candidate], "reseeded")


def test_two_features_that_share_their_draws_are_found_among_all():
    draw = generator()

    def one_pair(x, num_steps):
        draws = draw.random((num_steps, x.size))
        first, second = np.argsort(np.abs(x - 0.5), axis=None)[:2]
        draws[:, first] = draws[:, second]
        return draws.reshape(num_steps, *x.shape) < x

    for num_steps in (25, 100):
        report = validate.encoder(one_pair, "rate", num_steps=num_steps)
        assert [c.name for c in report.checks if c.verdict == "wrong"] == ["pairs of features"]
        assert report.causes == ("shared",)


@pytest.mark.parametrize("num_steps", [1, 25, 100, 1024])
def test_a_correct_code_passes_at_any_number_of_steps(num_steps):
    draw = generator()

    def right(x, num_steps):
        return draw.random((num_steps, *x.shape)) < x

    assert validate.encoder(right, "rate", num_steps=num_steps, draws=DRAWS).passed


NUMBERS = [
    (lambda x: x**2.2, {}, "power", "your probability is about p**2.2"),
    (lambda x: 0.4 * x, {}, "gain", "your gain is about 0.4, the reference's is 1"),
    (lambda x: 0.8 * x, {"gain": 0.6}, "gain", "your gain is about 0.8, the reference's is 0.6"),
    (lambda x: x + 0.05, {}, "offset", "your offset is about 0.05, the reference's is 0"),
]


@pytest.mark.parametrize("num_steps", [25, 100, 1024])
@pytest.mark.parametrize(("rates", "options", "cause", "sentence"), NUMBERS)
def test_a_wrong_probability_is_estimated_and_is_the_only_cause(
    rates, options, cause, sentence, num_steps
):
    draw = generator()

    def candidate(x, num_steps):
        return draw.random((num_steps, *x.shape)) < rates(x)

    report = validate.encoder(candidate, "rate", num_steps=num_steps, draws=2**21, **options)
    assert report.causes == (cause,)
    about = float(report.diagnosis[0].split("**")[-1].split("about ")[-1].split(",")[0])
    stated = float(sentence.split("**")[-1].split("about ")[-1].split(",")[0])
    assert about == pytest.approx(stated, abs=0.01)
    assert report.diagnosis[0].split("about")[0] == sentence.split("about")[0]


def test_a_gain_that_is_ignored_is_named():
    draw = generator()
    report = validate.encoder(
        lambda x, num_steps: draw.random((num_steps, *x.shape)) < x, "rate", gain=0.5, draws=DRAWS
    )
    assert report.causes[0] == "gain-ignored"


def test_a_code_that_ignores_changes_of_its_data_is_found():
    draw = generator()
    good = validate.encoder(lambda x: draw.random(x.shape) < x, "rate_conv", draws=DRAWS)
    assert good.passed
    report = validate.encoder(lambda x: draw.random(x.shape) < x[:1], "rate_conv", draws=DRAWS)
    names = [check.name for check in report.checks if check.verdict == "wrong"]
    assert names and all(name.startswith("changing data, ") for name in names)


def test_spikes_before_the_first_time_are_found():
    draw = generator()
    report = validate.encoder(
        lambda x, num_steps: draw.random((num_steps, *x.shape)) < x,
        "rate", first_spike_time=3, draws=DRAWS,
    )  # fmt: skip
    assert "first_spike_time" in [c.name for c in report.checks if c.verdict == "wrong"]


def test_graded_spikes_are_found():
    draw = generator()
    report = validate.encoder(
        lambda x, num_steps: 2.0 * (draw.random((num_steps, *x.shape)) < x),
        "rate", draws=DRAWS,
    )  # fmt: skip
    assert [c.name for c in report.checks if c.verdict == "wrong"] == ["values"]


def test_poisson_targets_are_judged_too():
    draw = generator()

    def candidate(labels, num_classes, num_steps, factor=1.0):
        p = np.where(np.eye(num_classes)[labels] > 0, 0.8, 0.2 * factor)
        return draw.random((num_steps, *p.shape)) < p

    options = {"correct_rate": 0.8, "incorrect_rate": 0.2, "firing_pattern": "poisson"}
    assert validate.encoder(candidate, "targets_rate", draws=DRAWS, **options).passed
    report = validate.encoder(
        lambda labels, num_classes, num_steps: candidate(labels, num_classes, num_steps, 0.9),
        "targets_rate", draws=DRAWS, **options,
    )  # fmt: skip
    assert not report.passed


# --- seeds ---------------------------------------------------------------------------------------


def own_seed(x, num_steps, seed):
    return np.random.default_rng(seed).random((num_steps, *x.shape)) < x


def fixed(x, num_steps):
    return np.random.default_rng(0).random((num_steps, *x.shape)) < x


def fixed_without_seed(x, num_steps, seed=None):
    return own_seed(x, num_steps, 5 if seed is None else seed)


def ours_with_a_seed(x, num_steps, seed=None):
    return spikegen.rate(x, num_steps, seed=5 if seed is None else seed)


def fresh_without_seed(x, num_steps, seed=None):
    return FRESH.random((num_steps, *x.shape)) < x if seed is None else own_seed(x, num_steps, seed)


FRESH = generator()


def deaf(x, num_steps, seed):
    return np.random.default_rng(0).random((num_steps, *x.shape)) < x


class Forgetful:
    """A generator that goes on from call to call, whatever the seed."""

    def __init__(self):
        self.draw = generator()

    def __call__(self, x, num_steps, seed):
        return self.draw.random((num_steps, *x.shape)) < x


@pytest.mark.parametrize(
    ("candidate", "wrong"),
    [
        (own_seed, []),
        (fresh_without_seed, []),
        (deaf, ["two seeds"]),
        (Forgetful(), ["one seed twice"]),
        (fixed, ["two calls"]),
        (fixed_without_seed, ["two calls without a seed"]),
        (ours_with_a_seed, ["two calls without a seed"]),
    ],
)
@pytest.mark.parametrize("num_steps", [1, 25, 1024])
def test_seeds_repeat_and_differ_and_calls_do(candidate, wrong, num_steps):
    report = validate.encoder(candidate, "rate", num_steps=num_steps, draws=2**16)
    assert [check.name for check in report.checks if check.verdict == "wrong"] == wrong
    reseeded = set(wrong) & {"two calls", "two seeds"}
    assert report.causes == (("reseeded",) if reseeded else ())


def test_calls_that_are_equal_by_right_are_not_told_apart():
    def certain(labels, num_classes, num_steps):
        hot = np.eye(num_classes)[labels] > 0
        return np.broadcast_to(hot, (num_steps, *hot.shape))

    options = {"firing_pattern": "poisson", "correct_rate": 1, "incorrect_rate": 1e-6}
    report = validate.encoder(certain, "targets_rate", draws=2**16, **options)
    assert report.passed and "two calls" not in {check.name for check in report.checks}
