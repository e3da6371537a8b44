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


def test_a_thousand_seeds_give_no_failure_and_few_at_five_per_cent():
    strict = loose = 0
    for seed in range(1000):
        found = statistics.tests(spikegen.rate(P, 320, seed=seed, dtype=bool), P)
        strict += bool(statistics.failures(found, 1e-6))
        loose += bool(statistics.failures(found, 0.05))
    assert strict == 0
    # were the false alarm above 5 %, more than 93 of 1000 would be seen with probability 1 - 1e-8
    assert loose <= binom.ppf(1 - 1e-8, 1000, 0.05)
    assert loose >= 5  # the bounds are not so wide that nothing is ever found


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
    assert not report.passed and report.causes[0] == "biased"
    assert "your rate is biased" in report.diagnosis[0]


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
}


@pytest.mark.parametrize("candidate", WRONG, ids=lambda candidate: candidate.__name__)
def test_a_wrong_distribution_is_found_and_named(candidate):
    report = validate.encoder(candidate, "rate", draws=DRAWS)
    assert not report.passed
    assert report.causes[0] == WRONG[candidate]


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
    report = validate.encoder(
        lambda x, num_steps: 2.0 * (generator().random((num_steps, *x.shape)) < x),
        "rate", draws=DRAWS,
    )  # fmt: skip
    assert [c.name for c in report.checks if c.verdict == "wrong"] == ["values"]


def test_poisson_targets_are_judged_too():
    def candidate(labels, num_classes, num_steps, factor=1.0):
        p = np.where(np.eye(num_classes)[labels] > 0, 0.8, 0.2 * factor)
        return generator().random((num_steps, *p.shape)) < p

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
    [(own_seed, []), (deaf, ["two seeds"]), (Forgetful(), ["one seed twice"])],
)
def test_seeds_repeat_and_differ(candidate, wrong):
    report = validate.encoder(candidate, "rate", draws=2**16)
    assert [check.name for check in report.checks if check.verdict == "wrong"] == wrong
