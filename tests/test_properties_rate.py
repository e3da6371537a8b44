"""What the rate code promises, for any data and any seed.

Statistics are computed for fixed seeds, so they cannot flake; the bounds say how often a correct
stream, drawn at random, would miss them.
"""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from spikecore import random, spikegen

FALSE_ALARM = 1e-9  # of each statistical test as a whole
SEEDS = st.integers(0, 2**64 - 1)
DEVICES = st.sampled_from(["cpu", "numpy"])
PROBABILITY = st.floats(0, 1, width=32) | st.sampled_from([0.0, 1.0, 0.5, 2**-24, 1 - 2**-24])
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
IMAGES = hnp.arrays(np.float32, SHAPES, elements=PROBABILITY)


def extremes(n, p, tests):
    """Least and greatest count of n draws of p that all of ``tests`` counts keep to.

    Each tail of each test gets an equal share of the false alarms (Bonferroni).
    """
    tail = FALSE_ALARM / (2 * tests)
    return stats.binom.ppf(tail, n, p), stats.binom.isf(tail, n, p)


# --- convergence --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_the_rate_converges_to_the_probability_on_every_pixel_at_once(seed):
    num_steps = 10_000
    p = np.linspace(0, 1, 784, dtype=np.float32)
    counts = np.zeros(784)
    for first_step in range(0, num_steps, 1000):
        spikes = spikegen.rate(p, 1000, seed=seed, first_step=first_step, dtype=bool)
        counts += spikes.sum(axis=0)
    low, high = extremes(num_steps, p.astype(np.float64), tests=p.size)
    assert (low <= counts).all()
    assert (counts <= high).all()
    assert counts[0] == 0
    assert counts[-1] == num_steps


def test_the_counts_scatter_as_binomial_counts_do():
    """Too even a stream would pass the test above; here the spread itself is tested.

    The chi-square law is an approximation, good to a few percent for bins that expect 5 or more,
    but not in its far tails: hence a false alarm of 1e-6, not 1e-9.
    """
    n, p, features = 400, 0.3, 20_000
    counts = spikegen.rate(np.full(features, p), n, seed=5, dtype=bool).sum(axis=0)
    edges = np.arange(91, 150)
    cdf = np.concatenate([[0], stats.binom.cdf(edges, n, p), [1]])
    expected = np.diff(cdf) * features
    assert expected.min() > 5
    observed = np.bincount(np.searchsorted(edges, counts), minlength=edges.size + 1)
    chi_square = ((observed - expected) ** 2 / expected).sum()
    assert 5e-7 < stats.chi2.cdf(chi_square, expected.size - 1) < 1 - 5e-7


@pytest.mark.parametrize("p", [1e-4, 2.0**-20, 1 - 2.0**-12])
def test_extreme_probabilities_are_kept(p):
    features, num_steps = 100_000, 100
    count = sum(
        int(spikegen.rate(np.full(features, p), 10, seed=3, first_step=t, dtype=bool).sum())
        for t in range(0, num_steps, 10)
    )
    low, high = extremes(features * num_steps, p, tests=1)
    assert low <= count <= high


# --- independence -------------------------------------------------------------------------------


def agreements_within(first, second, tests):
    """Do fair coins in two arrays agree as often as independent ones would?"""
    count = int((first == second).sum())
    low, high = extremes(first.size, 0.5, tests)
    return low <= count <= high


COINS = np.full(500, 0.5, np.float32)


def coins(num_steps=2000, **keywords):
    return spikegen.rate(COINS, num_steps, dtype=bool, **keywords)


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 5, 8, 16, 1000])
def test_steps_are_independent(lag):
    # At p = 1/2, "spike now equals spike then" is itself a fair coin, for every pair of steps:
    # the count of agreements is binomial, exactly.
    spikes = coins(seed=1)
    assert agreements_within(spikes[lag:], spikes[:-lag], tests=8)


@pytest.mark.parametrize("lag", [1, 2, 4, 28, 256])
def test_features_are_independent(lag):
    spikes = coins(seed=2)
    assert agreements_within(spikes[:, lag:], spikes[:, :-lag], tests=5)


def test_no_pair_of_features_is_correlated():
    spikes = coins(seed=3)[:, :200].astype(np.float64)
    agree = spikes.T @ spikes + (1 - spikes).T @ (1 - spikes)
    pairs = agree[np.triu_indices(200, 1)]
    low, high = extremes(len(spikes), 0.5, tests=pairs.size)
    assert low <= pairs.min()
    assert pairs.max() <= high


def test_triples_of_steps_have_even_parity_half_the_time():
    spikes = coins(seed=4)
    parity = spikes[:-2] ^ spikes[1:-1] ^ spikes[2:]
    assert agreements_within(parity, np.zeros_like(parity), tests=1)


SEEDS_APART = [1, 2, 2**32, 2**32 + 1, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15]


@pytest.mark.parametrize("seed", SEEDS_APART)
def test_different_seeds_are_uncorrelated(seed):
    assert agreements_within(coins(seed=0), coins(seed=seed), tests=len(SEEDS_APART))


@pytest.mark.parametrize(("one", "other"), [("rate", "targets"), ("rate", "weights")])
def test_different_streams_are_uncorrelated(one, other):
    shape = (1000, 500)
    first, second = (random.uniforms(7, shape, stream=stream) < 0.5 for stream in (one, other))
    assert agreements_within(first, second, tests=2)
    np.testing.assert_array_equal(random.uniforms(7, shape, stream=one) < 0.5, first)


def test_rate_and_poisson_targets_of_one_seed_are_uncorrelated():
    rate = spikegen.rate(np.full(500, 0.5), 2000, seed=9, dtype=bool)
    targets = spikegen.targets_rate(
        np.zeros(250, int), 2, 2000, correct_rate=0.5, incorrect_rate=0.5,
        firing_pattern="poisson", seed=9, dtype=bool,
    )  # fmt: skip
    assert agreements_within(rate, targets.reshape(rate.shape), tests=1)


def test_neighbouring_elements_past_32_bits_are_independent():
    near = coins(num_steps=500, seed=1)
    far = coins(num_steps=500, seed=1, first_element=2**32)
    assert agreements_within(near, far, tests=2)
    late = coins(num_steps=500, seed=1, first_step=2**33)
    assert agreements_within(near, late, tests=2)


# --- exact properties ---------------------------------------------------------------------------


@given(data=IMAGES, seed=SEEDS, num_steps=st.integers(1, 12), device=DEVICES)
def test_spikes_are_zero_or_one_and_have_time_first(data, seed, num_steps, device):
    spikes = spikegen.rate(data, num_steps, seed=seed, device=device)
    assert spikes.shape == (num_steps, *data.shape)
    assert spikes.dtype == np.float32
    assert np.isin(spikes, (0, 1)).all()


@given(low=IMAGES, more=st.floats(0, 1, width=32), seed=SEEDS, device=DEVICES)
def test_a_higher_rate_never_removes_a_spike(low, more, seed, device):
    high = np.minimum(low + np.float32(more), 1)
    before = spikegen.rate(low, 8, seed=seed, dtype=bool, device=device)
    after = spikegen.rate(high, 8, seed=seed, dtype=bool, device=device)
    assert not (before & ~after).any()


@given(seed=SEEDS, num_steps=st.integers(1, 300), device=DEVICES)
def test_probability_zero_never_spikes_and_one_always_does(seed, num_steps, device):
    data = np.array([0, 1, -3, 7, -0.0], np.float32)
    spikes = spikegen.rate(data, num_steps, seed=seed, device=device)
    expected = np.broadcast_to(np.float32([0, 1, 0, 1, 0]), spikes.shape)
    np.testing.assert_array_equal(spikes, expected)


def test_the_ends_of_the_uniforms_meet_the_ends_of_the_probabilities():
    """The least and the greatest uniform against p at, and next to, 0 and 1."""
    least, greatest = 0.0, (2**32 - 1) * 2.0**-32
    p = np.array([0, 5e-324, 2.0**-32, 1 - 2.0**-32, 1 - 2.0**-33, 1 - 2.0**-53, 1])
    uniforms = np.array([[least] * 7, [greatest] * 7])
    expected = [[0, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1]]
    for device in ("cpu", "numpy"):
        np.testing.assert_array_equal(
            spikegen.rate(p, 2, uniforms=uniforms, device=device), expected
        )


def place_of_word(low, high):
    """An (element, step) of seed 0 whose word lies in [low, high)."""
    elements = np.arange(1 << 16)
    for step in range(1 << 12):
        words = random.words(0, elements, step)
        hits = np.flatnonzero((words >= low) & (words < high))
        if hits.size:
            return int(hits[0]), step
    raise AssertionError("no such word")


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_spike_is_a_word_below_the_exact_probability(dtype, device):
    """At one draw, the probability that just fires is found to the last bit."""
    for element, step in ((0, 0), (1, 3), (9, 6)):
        where = {"seed": 0, "first_element": element, "first_step": step, "device": device}
        uniform = int(random.words(0, element, step)) * 2.0**-32
        below = dtype(uniform)
        while float(below) > uniform:
            below = np.nextafter(below, dtype(0))
        above = np.nextafter(below, dtype(1))
        assert float(below) <= uniform < float(above)
        spikes = spikegen.rate(np.array([below]), 1, **where)
        assert spikes.item() == 0
        spikes = spikegen.rate(np.array([above]), 1, **where)
        assert spikes.item() == 1


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_a_tiny_probability_fires_at_the_least_words_only(device):
    element, step = place_of_word(0, 256)
    word = int(random.words(0, element, step))
    for p, fires in (((word + 1) * 2.0**-32, 1), (word * 2.0**-32, 0)):
        data = np.full(element + 1, p)
        spikes = spikegen.rate(data, 1, seed=0, first_step=step, device=device)
        assert spikes[0, element] == fires


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_a_probability_just_below_one_misses_the_greatest_words_only(device):
    element, step = place_of_word(2**32 - 256, 2**32)
    word = int(random.words(0, element, step))
    for p, fires in (((word + 1) * 2.0**-32, 1), (word * 2.0**-32, 0)):
        data = np.full(element + 1, p)
        spikes = spikegen.rate(data, 1, seed=0, first_step=step, device=device)
        assert spikes[0, element] == fires


@given(data=IMAGES, seed=SEEDS, short=st.integers(1, 10), more=st.integers(0, 10), device=DEVICES)
@example(data=np.float32([0.5]), seed=0, short=3, more=1, device="cpu")
def test_more_steps_keep_the_beginning(data, seed, short, more, device):
    beginning = spikegen.rate(data, short, seed=seed, device=device)
    whole = spikegen.rate(data, short + more, seed=seed, device=device)
    np.testing.assert_array_equal(whole[:short], beginning)


@given(data=IMAGES, seed=SEEDS, lead=st.integers(0, 7), device=DEVICES)
def test_silent_steps_change_nothing_after_them(data, seed, lead, device):
    whole = spikegen.rate(data, 8, seed=seed, device=device)
    silenced = spikegen.rate(data, 8, first_spike_time=lead, seed=seed, device=device)
    assert not silenced[:lead].any()
    np.testing.assert_array_equal(silenced[lead:], whole[lead:])


@given(data=IMAGES, seed=SEEDS, lead=st.integers(0, 5), device=DEVICES)
def test_silent_steps_are_put_before_time_varying_data(data, seed, lead, device):
    series = np.broadcast_to(data, (4, *data.shape))
    whole = spikegen.rate_conv(series, seed=seed, device=device)
    later = spikegen.rate(series, None, 1, 0, lead, True, seed=seed, device=device)
    assert later.shape == (4 + lead, *data.shape)
    assert not later[:lead].any()
    np.testing.assert_array_equal(later[lead:], whole)
    uniforms = random.uniforms(seed, series.shape)  # none for the silent steps
    replayed = spikegen.rate(series, None, 1, 0, lead, True, uniforms=uniforms, device=device)
    np.testing.assert_array_equal(replayed, later)


@given(data=IMAGES, seed=SEEDS, num_steps=st.integers(1, 9), device=DEVICES)
def test_static_data_are_data_that_do_not_vary(data, seed, num_steps, device):
    series = np.broadcast_to(data, (num_steps, *data.shape))
    static = spikegen.rate(data, num_steps, 0.7, 0.1, seed=seed, device=device)
    varying = spikegen.rate(
        series, gain=0.7, offset=0.1, time_var_input=True, seed=seed, device=device
    )
    np.testing.assert_array_equal(static, varying)


@given(
    data=IMAGES,
    gain=st.floats(-4, 4, width=16),
    offset=st.floats(-2, 2, width=16),
    seed=SEEDS,
    device=DEVICES,
)
def test_gain_and_offset_act_on_the_data_in_their_dtype(data, gain, offset, seed, device):
    p = np.clip(np.float32(gain) * data + np.float32(offset), 0, 1)
    expected = spikegen.rate(p, 5, seed=seed, device=device)
    spikes = spikegen.rate(data, 5, gain, offset, seed=seed, device=device)
    np.testing.assert_array_equal(spikes, expected)


@given(data=IMAGES, seed=SEEDS, device=DEVICES)
def test_spikes_follow_from_the_flat_index_alone(data, seed, device):
    spikes = spikegen.rate(data, 5, seed=seed, device=device)
    flat = spikegen.rate(data.reshape(-1), 5, seed=seed, device=device)
    np.testing.assert_array_equal(spikes.reshape(5, -1) if data.size else flat, flat)


@given(data=IMAGES, seed=SEEDS, device=DEVICES)
def test_nothing_but_the_result_is_touched(data, seed, device):
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    copy = data.copy()
    uniforms = random.uniforms(seed, (3, *data.shape))
    drawn = uniforms.copy()
    spikegen.rate(data, 3, seed=seed, device=device)
    spikegen.rate(data, 3, device=device)
    spikegen.rate(data, 3, uniforms=uniforms, device=device)
    np.testing.assert_array_equal(data, copy)
    np.testing.assert_array_equal(uniforms, drawn)
    assert data.flags.writeable
    assert uniforms.flags.writeable
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert np.random.get_state()[2] == 624  # nothing drawn since the seeding
