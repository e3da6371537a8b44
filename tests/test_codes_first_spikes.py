"""Codes by the first spike: laws of latency, rank order, and the current of a neuron."""

import math

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from plain import values as plain
from signals import COMPARES, DEVICES, DTYPES, of
from values import ANY, EIGHTHS, LISTS, ROWS, STEPS, TENTHS, VALUES, apart

from spikecore import LIF, decode, spikegen

TAUS = st.sampled_from([0.5, 1, 3, 10, 33.3])


# --- latency by other laws ----------------------------------------------------------------------


@given(
    data=VALUES, num_steps=STEPS, threshold=st.sampled_from([0.3, 0.5, 1, 2.0]), tau=TAUS,
    compare=COMPARES, device=DEVICES,
)  # fmt: skip
def test_decay_is_that_of_the_definition(data, num_steps, threshold, tau, compare, device):
    how = {"law": "decay", "compare": compare, "device": device}
    spikes = spikegen.latency(data, num_steps, threshold, tau, **how)

    def twin(x):
        step = plain.decaying(float(x), num_steps, threshold, tau, compare)
        return plain.train(step, num_steps)

    np.testing.assert_array_equal(spikes, apart(twin, data, num_steps))


@given(data=VALUES, num_steps=st.integers(2, 60), threshold=st.sampled_from([0.5, 1, 2]), tau=TAUS)
def test_decay_lies_in_the_interval_of_its_decoder(data, num_steps, threshold, tau):
    spikes = spikegen.latency(data, num_steps, threshold, tau, law="decay")
    how = {"threshold": threshold, "tau": tau, "law": "decay"}
    low, high = decode.latency(spikes, **how, interval=True)
    spiked = spikes.any(axis=0)
    assert (((low < data) | ~spiked) & (low <= data) & (data <= high)).all()
    y = decode.latency(spikes, **how)
    later = spiked & np.isfinite(high)
    np.testing.assert_array_equal(y[later], ((low + high) / 2)[later])
    np.testing.assert_array_equal(y[~spiked], 0)


@given(data=VALUES, num_steps=STEPS, device=DEVICES)
def test_exponential_is_that_of_the_definition(data, num_steps, device):
    spikes = spikegen.latency(data, num_steps, law="exponential", device=device)
    expected = apart(
        lambda x: plain.train(plain.exponential(x, num_steps), num_steps), data, num_steps
    )
    np.testing.assert_array_equal(spikes, expected)


@given(data=VALUES, num_steps=STEPS, device=DEVICES)
def test_inverse_is_that_of_the_definition(data, num_steps, device):
    data = np.where(data < 1e-30, data.dtype.type(0), data)  # whose inverse is a float
    spikes = spikegen.latency(data, num_steps, law="inverse", device=device)
    positive = data[data > 0]
    least = positive.min() if positive.size else data.dtype.type(1)
    expected = apart(
        lambda x: plain.train(plain.inverse(x, least, num_steps), num_steps), data, num_steps
    )
    np.testing.assert_array_equal(spikes, expected)


X = np.array([0.0, 0.05, 0.2, 0.5, 0.7, 1.0])


@pytest.mark.parametrize(
    "axis",
    [
        {"compare": ">="}, {"threshold": 0.8}, {"tau": 2}, {"law": "exponential"},
        {"law": "inverse"}, {"law": None},
    ],
    ids=str,
)  # fmt: skip
def test_every_axis_of_the_laws_changes_spikes(axis):
    usual = {"law": "decay", "threshold": 1.0, "tau": 3.0}
    other = usual | axis
    if other["law"] != "decay":  # which take no other number
        other = {"law": other["law"]} if other["law"] else {"tau": 3.0, "bypass": True}
    assert (spikegen.latency(X, 9, **other) != spikegen.latency(X, 9, **usual)).any()


@given(row=ROWS, num_steps=STEPS, law=st.sampled_from(["decay", "exponential", "inverse"]))
def test_a_larger_value_never_spikes_later(row, num_steps, law):
    row = np.sort(np.where(row < 1e-30, row.dtype.type(0), row))
    given_numbers = {"threshold": 1.0, "tau": 5.0} if law == "decay" else {}
    spikes = spikegen.latency(row, num_steps, law=law, **given_numbers)
    step = np.where(spikes.any(axis=0), spikes.argmax(axis=0), num_steps)
    if law == "inverse":  # whose least value is silent
        step = step[row > min(row[row > 0], default=0)]
    assert (np.diff(step) <= 0).all()


@given(row=ROWS, num_steps=st.integers(2, 40))
def test_linear_latency_decodes_within_half_a_step(row, num_steps):
    how = {"threshold": 1e-3, "linear": True, "normalize": True}
    spikes = spikegen.latency(row, num_steps, **how)
    heard = row >= 1e-3
    y = decode.latency(spikes, **how)
    bound = 1 / (2 * (num_steps - 1)) + 4 * np.finfo(row.dtype).eps
    assert (abs(row - y)[heard] <= bound).all()
    low, high = decode.latency(spikes, **how, interval=True)
    slack = 4 * np.finfo(row.dtype).eps
    assert ((low - slack <= row) & (row <= high + slack)).all()


def test_the_bound_of_linear_latency_is_reached():
    how = {"linear": True, "normalize": True}
    y = decode.latency(spikegen.latency([0.625, 0.875], 5, **how), **how)
    assert y.tolist() == [0.5, 1.0]  # the time 1.5 goes to step 2, and 0.5 to step 0


@given(row=ROWS, tau=st.sampled_from([1, 5, 20]), first=st.integers(0, 3))
def test_logarithmic_latency_lies_in_the_interval_of_its_decoder(row, tau, first):
    threshold = 0.05
    spikes = spikegen.latency(row, None, threshold, tau, first, clip=True, bypass=True)
    low, high = decode.latency(spikes, threshold, tau, first, interval=True)
    slack = 1e-5 if row.dtype == np.float32 else 1e-12
    assert ((low - slack <= row) & (row <= high + slack)).all()
    y = decode.latency(spikes, threshold, tau, first)
    heard = spikes.any(axis=0)
    assert ((low <= y) & (y <= high))[heard].all()
    assert not y[~heard].any()


# --- rank order ---------------------------------------------------------------------------------


@given(row=ROWS, num_steps=st.integers(1, 9), ties=st.sampled_from(["share", "index"]))
def test_rank_order_is_that_of_the_definition(row, num_steps, ties):
    ranks = plain.ranks(row.tolist(), ties)
    expected = np.array([plain.train(rank, num_steps) for rank in ranks]).T
    for device in ("cpu", "numpy"):
        spikes = spikegen.rank_order(row, num_steps, ties=ties, device=device)
        np.testing.assert_array_equal(spikes, expected)


@given(data=of(EIGHTHS, st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))))
def test_each_sample_of_a_batch_is_ranked_by_itself(data):
    spikes = spikegen.rank_order(data, 9)
    for sample in range(len(data)):
        alone = spikegen.rank_order(data[sample].reshape(-1), 9)
        np.testing.assert_array_equal(spikes[:, sample].reshape(9, -1), alone)


@given(row=ROWS, modulation=st.sampled_from([0.1, 0.5, 0.99]))
def test_the_decoded_weights_have_the_order_of_the_values(row, modulation):
    weights = decode.rank_order(spikegen.rank_order(row), modulation)
    for relation in (np.less, np.equal):
        np.testing.assert_array_equal(relation.outer(weights, weights), relation.outer(row, row))


def test_the_first_of_equal_values_spikes_first_by_index():
    row = [0.5, 0.9, 0.5, 0.0]
    assert spikegen.rank_order(row, ties="index").argmax(axis=0).tolist() == [1, 0, 2, 0]
    assert spikegen.rank_order(row).argmax(axis=0).tolist() == [1, 0, 1, 0]
    assert spikegen.rank_order(row).sum(axis=0).tolist() == [1, 1, 1, 0]


# --- current ------------------------------------------------------------------------------------

CURRENTS = of(st.floats(-2, 30, width=32), LISTS) | of(EIGHTHS.map(lambda x: 8 * x), LISTS)
NEURONS = st.sampled_from([(0.9, 1.0, 0.1), (0.5, 1.0, 0.5), (0.99, 0.7, 1.0), (0.8, 2.0, 0.3)])


@given(row=CURRENTS, neuron=NEURONS, num_steps=STEPS, first_only=st.booleans(), device=DEVICES)
def test_current_is_that_of_the_definition(row, neuron, num_steps, first_only, device):
    decay, threshold, gain = neuron
    how = {"decay": decay, "threshold": threshold, "gain": gain, "first_only": first_only}
    spikes = spikegen.current(row, num_steps, **how, device=device)
    expected = apart(lambda x: plain.current(x, num_steps, **how), row, num_steps)
    np.testing.assert_array_equal(spikes, expected)


@given(row=CURRENTS, num_steps=STEPS)
def test_current_is_a_neuron_under_a_constant_current(row, num_steps):
    neuron = LIF(0.9, 1.0, gain=0.1, reset="value", reset_at="same")
    expected = neuron.run(np.repeat(row[None], num_steps, axis=0), record=()).spikes
    spikes = spikegen.current(row, num_steps, profile="norse")
    assert_same_bits(spikes, expected.astype(spikes.dtype))


@given(row=CURRENTS, neuron=NEURONS, num_steps=st.integers(1, 60))
def test_the_current_lies_in_the_interval_of_its_decoder(row, neuron, num_steps):
    how = dict(zip(("decay", "threshold", "gain"), neuron, strict=True))
    spikes = spikegen.current(row, num_steps, **how)
    low, high = decode.current(spikes, **how, interval=True)
    slack = 4 * np.finfo(row.dtype).eps / (1 - how["decay"])
    spiked = spikes.any(axis=0)
    assert ((low * (1 - slack) < row) | ~spiked).all()
    assert (row <= high * (1 + slack)).all()
    y = decode.current(spikes, **how)
    assert ((low <= y) & (y <= high))[spiked].all()
    assert not y[~spiked].any()


@pytest.mark.parametrize(
    "axis", [{"decay": 0.8}, {"threshold": 0.5}, {"gain": 0.5}, {"first_only": True}], ids=str
)
def test_every_axis_of_current_changes_spikes(axis):
    x = np.array([0.9, 1.2, 2.0, 5.0])
    assert (spikegen.current(x, 60, **axis) != spikegen.current(x, 60)).any()


def test_the_interval_of_a_current_is_that_of_the_closed_form():
    """v after t + 1 steps is x*(1 - decay**(t + 1)), with a gain of 1 - decay."""
    x = 1 / (1 - 0.9 ** np.arange(1, 40)) + 1e-9
    spikes = spikegen.current(x, 60)
    assert spikes.argmax(axis=0).tolist() == list(range(39))
    np.testing.assert_allclose(decode.current(spikes, interval=True).low, x, rtol=1e-8)
    assert math.isinf(decode.current(spikes, interval=True).high[0])


# --- rate ---------------------------------------------------------------------------------------


@given(data=of(ANY, LISTS) | of(TENTHS, LISTS), dtype=DTYPES, seed=st.integers(0, 2**64 - 1))
def test_rate_decodes_within_the_bound_of_hoeffding(data, dtype, seed):
    """A probability of 1e-9 to be farther away."""
    data, n, gain, offset = data.astype(dtype), 500, 0.75, 0.125
    spikes = spikegen.rate(data, n, gain, offset, seed=seed)
    error = abs(decode.rate(spikes, gain, offset) - data)
    assert (error <= math.sqrt(math.log(2 / 1e-9) / (2 * n)) / gain).all()


def test_the_decoder_of_rate_has_no_bias():
    x = np.full(4000, 0.3)
    y = decode.rate(spikegen.rate(x, 50, 0.5, 0.2, seed=3), 0.5, 0.2)
    p = 0.5 * 0.3 + 0.2
    deviation = math.sqrt(p * (1 - p) / 50) / 0.5
    assert abs(y.mean() - 0.3) < 4 * deviation / math.sqrt(y.size)
    assert abs(y.std() / deviation - 1) < 0.05
