"""Poisson trains with a dead time: the definition on spikecore's words, and their statistics."""

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from plain import values as plain
from signals import DEVICES, DTYPES

from spikecore import random, spikegen

SEEDS = st.integers(0, 2**64 - 1)
RATES = st.sampled_from(["mean", "hazard"])


def words(seed, elements, num_steps):
    """The random words of rate codes, ``[num_steps, elements]``."""
    return np.array([random.words(seed, np.arange(elements), step) for step in range(num_steps)])


def twin(p, drawn, refractory, rate_is):
    """``p`` and ``drawn`` are [num_steps, elements]."""
    trains = [
        plain.poisson(list(column), list(word), refractory, rate_is)
        for column, word in zip(p.T, drawn.T, strict=True)
    ]
    return np.array(trains).T


@given(
    elements=st.integers(1, 7), num_steps=st.integers(1, 30), refractory=st.integers(0, 5),
    rate_is=RATES, seed=SEEDS, dtype=DTYPES, device=DEVICES,
)  # fmt: skip
def test_poisson_is_that_of_the_definition(
    elements, num_steps, refractory, rate_is, seed, dtype, device
):
    most = 1 if rate_is == "hazard" else 1 / (refractory + 1)
    p = np.minimum(np.linspace(0, most, elements, dtype=dtype), dtype(most))
    p[p > most] = np.nextafter(dtype(most), dtype(0))
    how = {"refractory": refractory, "rate_is": rate_is, "seed": seed, "device": device}
    drawn = words(seed, elements, num_steps)
    spikes = spikegen.poisson(p, num_steps, **how)
    expected = twin(np.tile(p, (num_steps, 1)), drawn, refractory, rate_is)
    np.testing.assert_array_equal(spikes, expected)
    varying = np.random.default_rng(seed).random((num_steps, elements)).astype(dtype)
    varying *= dtype(0.999 * most)
    spikes = spikegen.poisson(varying, time_var_input=True, **how)
    np.testing.assert_array_equal(spikes, twin(varying, drawn, refractory, rate_is))


@given(seed=SEEDS, refractory=st.integers(0, 5), num_steps=st.integers(1, 30))
def test_data_that_do_not_vary_may_be_given_for_each_step(seed, refractory, num_steps):
    p = np.linspace(0, 1, 5) / 6
    how = {"refractory": refractory, "seed": seed}
    whole = spikegen.poisson(np.tile(p, (num_steps, 1)), time_var_input=True, **how)
    assert_same_bits(whole, spikegen.poisson(p, num_steps, **how))


@given(seed=SEEDS, num_steps=st.integers(1, 40))
def test_without_a_dead_time_it_is_the_rate_code(seed, num_steps):
    p = np.linspace(0, 1, 9)
    expected = spikegen.rate(p, num_steps, seed=seed)
    for rate_is in ("mean", "hazard"):
        assert_same_bits(spikegen.poisson(p, num_steps, rate_is=rate_is, seed=seed), expected)


@given(seed=SEEDS, refractory=st.integers(1, 9))
def test_no_interval_is_shorter_than_the_dead_time(seed, refractory):
    spikes = spikegen.poisson([1.0], 200, refractory=refractory, rate_is="hazard", seed=seed)
    steps = np.flatnonzero(spikes)
    assert (np.diff(steps) == refractory + 1).all()  # a hazard of 1 waits for nothing else
    spikes = spikegen.poisson([0.5], 200, refractory=refractory, rate_is="hazard", seed=seed)
    assert (np.diff(np.flatnonzero(spikes)) > refractory).all()


@given(seed=SEEDS, cut=st.integers(1, 8), num_steps=st.integers(1, 20))
def test_parts_of_the_elements_and_the_first_steps_are_those_of_the_whole(seed, cut, num_steps):
    p = np.linspace(0, 0.25, 9)
    whole = spikegen.poisson(p, 20, refractory=3, seed=seed)
    later = spikegen.poisson(p[cut:], 20, refractory=3, seed=seed, first_element=cut)
    assert_same_bits(later, whole[:, cut:])
    shorter = spikegen.poisson(p, num_steps, refractory=3, seed=seed)
    assert_same_bits(shorter, whole[:num_steps])


def test_the_longest_dead_time_is_kept():
    most = 2**15 - 1
    spikes = spikegen.poisson([1.0], 2 * most + 5, refractory=most, rate_is="hazard", seed=0)
    assert np.flatnonzero(spikes).tolist() == [0, most + 1, 2 * most + 2]


P, DEAD, TRAINS, STEPS = 0.1, 4, 2000, 2000


def statistics(rate_is):
    """Spikes a step after the first steps, in which no train waits, and 100 intervals a train.

    As many of each: those that end before a given step would be too short on the average.
    """
    how = {"refractory": DEAD, "rate_is": rate_is, "seed": 11, "dtype": bool}
    spikes = spikegen.poisson(np.full(TRAINS, P), STEPS, **how)
    intervals = [np.diff(np.flatnonzero(train))[:100] for train in spikes.T]
    return spikes[200:].mean(), np.stack(intervals)


@pytest.mark.parametrize(
    ("rate_is", "mean", "q"),
    [("mean", P, P / (1 - P * DEAD)), ("hazard", P / (1 + P * DEAD), P)],
    ids=["mean", "hazard"],
)
def test_the_mean_rate_and_the_intervals_are_those_of_the_docstring(rate_is, mean, q):
    """Bounds are five standard errors: 1e-3 of the rate, 1.5e-3 of the interval and its CV."""
    measured, intervals = statistics(rate_is)
    assert intervals.shape == (TRAINS, 100)
    assert abs(measured / mean - 1) < 5e-3
    assert abs(intervals.mean() * mean - 1) < 7e-3
    assert abs(intervals.std() / intervals.mean() - (1 - mean * DEAD) * np.sqrt(1 - q)) < 7e-3
    assert intervals.min() == DEAD + 1


def test_a_rate_that_varies_is_followed():
    """Six steps for a cycle, which is slow against the dead time: within 5 % of each rate."""
    cycle = 0.02 + 0.015 * np.sin(np.linspace(0, 2 * np.pi, 400, endpoint=False))
    p = np.repeat(np.tile(cycle, 3)[:, None], 20_000, axis=1)
    spikes = spikegen.poisson(p, refractory=5, time_var_input=True, seed=5, dtype=bool)
    measured = spikes[400:].reshape(2, 20, 20, 20_000).mean(axis=(0, 2, 3))
    np.testing.assert_allclose(measured, cycle.reshape(20, 20).mean(axis=1), rtol=0.06)


@pytest.mark.parametrize("axis", [{"refractory": 2}, {"rate_is": "hazard"}, {"seed": 4}], ids=str)
def test_every_axis_of_poisson_changes_spikes(axis):
    usual = {"refractory": 3, "rate_is": "mean", "seed": 3}
    p = np.full(50, 0.2)
    assert (spikegen.poisson(p, 50, **usual | axis) != spikegen.poisson(p, 50, **usual)).any()


def test_a_generator_and_none_are_seeds():
    first, second = (
        spikegen.poisson([0.2] * 99, 9, seed=np.random.default_rng(1)) for _ in range(2)
    )
    assert_same_bits(first, second)
    assert spikegen.poisson([0.2], 9).shape == (9, 1)
