"""Population code: the fields, their outputs, and how near the decoders come."""

import math

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from plain import values as plain
from signals import DEVICES, of
from values import LISTS

from spikecore import decode, spikegen

CENTRES = st.sampled_from(["bohte", "even"])
ENDS = st.sampled_from([(0, 1), (-1, 1), (-3.5, 10), (100, 100.5)])
SHARES = st.integers(0, 16).map(lambda k: k / 16) | st.floats(0, 1, width=32)
ROWS = of(SHARES, LISTS)
AROUND = of(st.floats(-3, 3, width=32), LISTS)


def fields(neurons, ends, where="bohte", kind=np.float64):
    """Centres, their distance, and the end points of the decoded range."""
    mu, spacing = plain.centres(neurons, *ends, kind, where)
    return np.array(mu), spacing


@given(
    row=AROUND, neurons=st.integers(3, 12), ends=ENDS, where=CENTRES,
    beta=st.sampled_from([1, 1.5, 2]), device=DEVICES,
)  # fmt: skip
def test_activity_is_that_of_the_definition(row, neurons, ends, where, beta, device):
    """The arithmetic is that of SPEC.md, but for the last bit of the exponential."""
    kind = row.dtype.type
    how = {"beta": beta, "centres": where, "output": "activity", "device": device}
    g = spikegen.population(row, neurons, *ends, **how)
    mu, spacing = fields(neurons, ends, where, kind)
    distance = ((row[:, None] - mu) / kind(spacing / beta)).astype(np.float64)
    expected = np.array([[math.exp(-0.5 * d * d) for d in ds] for ds in distance.tolist()])
    tiny = float(np.finfo(kind).tiny)
    np.testing.assert_allclose(g, expected.astype(kind), rtol=2 * np.finfo(kind).eps, atol=tiny)
    assert ((g >= 0) & (g <= 1)).all()


@given(row=AROUND, neurons=st.integers(3, 9), num_steps=st.integers(1, 40), device=DEVICES)
def test_times_and_spikes_are_those_of_the_activity(row, neurons, num_steps, device):
    how = {"neurons": neurons, "low": -1, "high": 1, "device": device}
    g = spikegen.population(row, output="activity", **how)
    times = spikegen.population(row, output="times", num_steps=num_steps, **how)
    expected = row.dtype.type(num_steps) * (1 - g)
    heard = expected < num_steps
    np.testing.assert_array_equal(times, np.where(heard, expected, np.inf))
    spikes = spikegen.population(row, num_steps=num_steps, **how)
    step = np.where(np.rint(expected) < num_steps, np.rint(expected), -1)
    trains = step == np.arange(num_steps).reshape(-1, 1, 1)
    np.testing.assert_array_equal(spikes, trains)


@given(row=AROUND, neurons=st.integers(3, 90), ends=ENDS, where=CENTRES, device=DEVICES)
def test_the_winner_is_the_first_of_the_nearest_centres(row, neurons, ends, where, device):
    kind = row.dtype.type
    how = {"centres": where, "output": "winner", "device": device}
    won = spikegen.population(row, neurons, *ends, **how)
    np.testing.assert_array_equal(won.sum(axis=-1), 1)
    mu, _ = fields(neurons, ends, where, kind)
    x = np.clip(row, mu[0], mu[-1])
    nearest = abs(x[:, None] - mu).argmin(axis=-1)
    np.testing.assert_array_equal(won.argmax(axis=-1), nearest)


def test_a_value_between_two_centres_goes_to_the_lower():
    won = spikegen.population([0.5, 1.5, 0.0, 9.0], 3, 0, 2, centres="even", output="winner")
    assert won.argmax(axis=-1).tolist() == [0, 1, 0, 2]


@given(share=SHARES, neurons=st.integers(3, 30), ends=ENDS, where=CENTRES)
def test_the_ratio_of_two_fields_is_the_value(share, neurons, ends, where):
    low, high = ends
    x = np.array([low + share * (high - low)])
    how = {"centres": where, "output": "activity"}
    y = decode.population(
        spikegen.population(x, neurons, low, high, **how), neurons, low, high, **how
    )
    assert abs(x - y)[0] <= 1e-13 * (high - low) + 4 * np.spacing(abs(x[0]))


@given(row=ROWS, neurons=st.integers(3, 12), num_steps=st.integers(1, 50))
def test_times_are_decoded_as_their_activities(row, neurons, num_steps):
    row = row.astype(np.float64)
    how = {"neurons": neurons, "low": 0, "high": 1, "output": "times", "num_steps": num_steps}
    y = decode.population(spikegen.population(row, **how), **how)
    assert (abs(row - y) <= 1e-12).all()


@given(row=ROWS, neurons=st.integers(3, 30), ends=ENDS)
def test_the_winner_is_within_half_of_the_distance_of_two_centres(row, neurons, ends):
    low, high = ends
    x = low + row * (high - low)
    how = {"output": "winner"}
    y = decode.population(spikegen.population(x, neurons, *ends, **how), neurons, *ends, **how)
    _, spacing = fields(neurons, ends)
    assert (abs(x - y) <= spacing / 2 + 4 * np.finfo(row.dtype).eps * max(map(abs, ends))).all()


def test_the_bound_of_the_winner_is_reached():
    how = {"neurons": 4, "low": 0, "high": 2, "output": "winner"}
    y = decode.population(spikegen.population([1.0], **how), **how)
    assert y.tolist() == [0.5]  # centres lie at -0.5, 0.5, 1.5 and 2.5


@pytest.mark.parametrize("neurons", [6, 10])
@pytest.mark.parametrize(("beta", "share"), [(1.5, 0.0765), (1, 0.284)])
def test_the_weighted_mean_errs_at_the_ends_of_the_range(neurons, beta, share):
    x = np.linspace(0, 1, 10001)
    g = spikegen.population(x, neurons, 0, 1, beta=beta, output="activity")
    error = abs(x - decode.population(g, neurons, 0, 1, beta=beta, method="mean"))
    assert 0.99 * share < error.max() * (neurons - 2) < share
    assert error.argmax() in (0, 10000)
    exact = abs(x - decode.population(g, neurons, 0, 1, beta=beta))
    assert exact.max() < 1e-14


@given(row=ROWS, num_steps=st.integers(2, 60))
def test_spikes_give_the_activity_to_half_a_step(row, num_steps):
    how = {"neurons": 6, "low": 0, "high": 1}
    g = spikegen.population(row, output="activity", **how)
    spikes = spikegen.population(row, num_steps=num_steps, **how)
    fired = spikes.any(axis=0)
    known = 1 - spikes.argmax(axis=0) / num_steps
    bound = 1 / (2 * num_steps) + np.finfo(row.dtype).eps
    assert (abs(known - g)[fired] <= bound).all()
    assert (g[~fired] <= bound).all()


def test_more_steps_decode_nearer():
    x = np.linspace(0, 1, 500)
    how = {"neurons": 6, "low": 0, "high": 1}
    errors = []
    for num_steps in (20, 200, 2000):
        spikes = spikegen.population(x, num_steps=num_steps, dtype=np.int8, **how)
        errors.append(abs(x - decode.population(spikes, output="spikes", **how)).max())
    assert errors[0] < 0.1
    assert errors[1] < errors[0] / 5
    assert errors[2] < errors[1] / 5


def test_what_no_field_hears_is_not_a_number():
    nothing = np.zeros(5)
    assert np.isnan(decode.population(nothing, 5, 0, 1))
    assert np.isnan(decode.population(nothing, 5, 0, 1, method="mean"))
    assert np.isnan(decode.population(nothing, 5, 0, 1, output="winner"))
    alone = np.eye(5)[2]
    assert np.isnan(decode.population(alone, 5, 0, 1))
    assert decode.population(alone, 5, 0, 1, method="mean") == 0.5
    far = spikegen.population([1e30, -1e30], 5, 0, 1, output="activity")
    assert not far.any()


X = np.linspace(-0.2, 1.2, 13)
USUAL = {"neurons": 5, "low": 0, "high": 1, "num_steps": 9}


@pytest.mark.parametrize(
    "axis",
    [{"beta": 1}, {"sigma": 0.1}, {"centres": "even"}, {"low": 0.1}, {"high": 1.2}],
    ids=str,
)
def test_every_axis_of_population_changes_spikes(axis):
    spikes = spikegen.population(X, **USUAL | axis)
    assert (spikes != spikegen.population(X, **USUAL)).any()


def test_sigma_is_the_width_and_beta_a_share_of_the_distance():
    by_sigma = spikegen.population(X, 6, 0, 1, sigma=0.25 / 2, output="activity")
    assert_same_bits(by_sigma, spikegen.population(X, 6, 0, 1, beta=2, output="activity"))
    won = spikegen.population(X, 6, 0, 1, output="winner")
    assert_same_bits(won, spikegen.population(X, 6, 0, 1, output="winner", sigma=9))


def test_a_value_does_not_depend_on_its_batch():
    whole = spikegen.population(X, **USUAL)
    for i, x in enumerate(X):
        assert_same_bits(spikegen.population(x, **USUAL), whole[:, i])


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1e-46), (1e39, 2e39), (-3e38, 3e38)], ids=["narrow", "far", "wide"]
)
def test_a_range_that_float32_cannot_hold_is_refused(low, high):
    with pytest.raises(ValueError, match=r"^low, high must lie so that float32 holds"):
        spikegen.population(np.float32([0]), 5, low, high, output="winner")
