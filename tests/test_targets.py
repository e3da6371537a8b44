"""Targets: exact regular trains, fair random ones, lines between spikes, one-hot labels."""

import inspect
import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from spikecore import random, spikegen
from spikecore.codes import trains

SEEDS = st.integers(0, 2**64 - 1)
DEVICES = st.sampled_from(["cpu", "numpy"])
PATTERNS = ("regular", "uniform", "poisson")
FALSE_ALARM = 1e-9  # of each statistical test as a whole


def regular_train(num_steps, first, rate):
    """Spikes at first + floor(k/rate): step s after the first has one when an integer k lies in
    [s*rate, (s + 1)*rate)."""
    since = np.arange(num_steps) - first
    n, d = rate.numerator, rate.denominator
    return (since >= 0) & (-(-since * n // d) * d < (since + 1) * n)


# --- regular trains -----------------------------------------------------------------------------


@pytest.mark.parametrize("percent", range(101))
def test_no_spike_of_a_regular_train_is_lost_or_invented(percent):
    rate = Fraction(percent, 100)
    for num_steps in (*range(1, 41), 99, 100, 101, 250, 500, 999, 1000):
        for first in {0, 1, num_steps // 3, num_steps - 1, num_steps}:
            train, times = spikegen.target_rate_code(num_steps, first, percent / 100)
            expected = regular_train(num_steps, first, rate)
            np.testing.assert_array_equal(train, expected)
            np.testing.assert_array_equal(times, np.flatnonzero(expected))
            assert times.size == math.ceil((num_steps - first) * rate)
            assert train.dtype == np.float32
            assert times.dtype == np.int64


@pytest.mark.parametrize("kind", [np.float32, np.float64, Fraction])
def test_a_rate_is_the_number_that_was_written(kind):
    for percent in range(101):
        written = Fraction(percent, 100)
        rate = written if kind is Fraction else kind(percent / 100)
        train, _ = spikegen.target_rate_code(300, 2, rate)
        np.testing.assert_array_equal(train, regular_train(300, 2, written))


@given(rate=st.fractions(0, 1, max_denominator=1000), num_steps=st.integers(1, 3000))
@example(rate=Fraction(1, 3), num_steps=1000)
@example(rate=Fraction(999, 1000), num_steps=3000)
def test_fractions_that_no_float_holds_are_understood(rate, num_steps):
    for given_rate in (rate, float(rate), np.float32(float(rate))):
        train, _ = spikegen.target_rate_code(num_steps, rate=given_rate)
        np.testing.assert_array_equal(train, regular_train(num_steps, 0, rate))


@given(value=st.floats(0, 1) | st.floats(0, 1, width=32).map(np.float32))
@example(value=5e-324)
@example(value=1 - 2**-53)
@example(value=0.1234567)
@example(value=np.float32(0.3))
@example(value=np.float32(2.2021658e-26))  # its fraction would be rounded twice by way of float64
def test_a_rate_is_the_simplest_fraction_that_rounds_to_it(value):
    fraction = trains.exact_rate("rate", value)
    below, exact, above = (
        Fraction(float(one)) for one in (np.nextafter(value, 0), value, np.nextafter(value, 2))
    )
    low, high = (below + exact) / 2, (exact + above) / 2  # what rounds to the value
    assert low <= fraction <= high
    for denominator in range(1, min(fraction.denominator, 60)):
        assert not math.ceil(low * denominator) <= math.floor(high * denominator)


@given(
    rate=st.fractions(0, 1, max_denominator=50),
    short=st.integers(1, 60),
    more=st.integers(0, 60),
    first=st.integers(0, 60),
)
def test_more_steps_keep_the_beginning_of_a_regular_train(rate, short, more, first):
    first = min(first, short)
    beginning, _ = spikegen.target_rate_code(short, first, rate)
    whole, _ = spikegen.target_rate_code(short + more, first, rate)
    np.testing.assert_array_equal(whole[:short], beginning)


def test_the_lowest_and_the_highest_rate():
    for rate in (1e-300, 5e-324):
        assert spikegen.target_rate_code(9, 2, rate)[1].tolist() == [2]
    assert spikegen.target_rate_code(9, 2, 0)[1].tolist() == []
    for rate in (1, 1.0, np.int8(1), np.float32(1)):
        assert spikegen.target_rate_code(9, 2, rate)[1].tolist() == list(range(2, 9))


# --- uniform trains -----------------------------------------------------------------------------


@given(
    num_steps=st.integers(1, 60),
    first=st.integers(0, 60),
    rate=st.fractions(0, 1, max_denominator=100),
    seed=SEEDS,
    device=DEVICES,
)
@example(num_steps=60, first=0, rate=Fraction(1), seed=0, device="cpu")
@example(num_steps=60, first=60, rate=Fraction(1, 2), seed=0, device="cpu")
@example(num_steps=7, first=6, rate=Fraction(1, 100), seed=2**64 - 1, device="numpy")
def test_a_uniform_train_has_exactly_as_many_spikes_as_a_regular_one(
    num_steps, first, rate, seed, device
):
    first = min(first, num_steps)
    train, times = spikegen.target_rate_code(
        num_steps, first, rate, "uniform", seed=seed, device=device
    )
    assert np.isin(train, (0, 1)).all()
    assert not train[:first].any()
    np.testing.assert_array_equal(times, np.flatnonzero(train))
    assert times.size == math.ceil((num_steps - first) * rate)


def uniform_trains(count, num_steps, first, rate, **keywords):
    """Independent uniform trains, [num_steps, count]."""
    trains = spikegen.targets_rate(
        np.zeros(count, int), 1, num_steps, first, rate, firing_pattern="uniform", dtype=bool,
        **keywords,
    )  # fmt: skip
    return trains[:, :, 0]


def within(counts, n, p):
    """Do all these counts of n draws of p keep to exact binomial bounds (Bonferroni)?"""
    tail = FALSE_ALARM / (2 * np.size(counts))
    low, high = stats.binom.ppf(tail, n, p), stats.binom.isf(tail, n, p)
    return bool(((low <= counts) & (counts <= high)).all())


@pytest.mark.parametrize(("rate", "first"), [(0.05, 0), (0.35, 3), (0.9, 1)])
def test_each_step_of_a_uniform_train_is_equally_likely(rate, first):
    trains = 50_000
    counts = uniform_trains(trains, 23, first, rate, seed=1).sum(axis=1)
    spikes = math.ceil(Fraction(str(rate)) * (23 - first))
    assert not counts[:first].any()
    assert within(counts[first:], trains, spikes / (23 - first))


def test_each_set_of_steps_is_equally_likely():
    trains = 200_000
    spikes = uniform_trains(trains, 7, 0, Fraction(3, 7), seed=2)
    codes = (spikes * (1 << np.arange(7))[:, None]).sum(axis=0)
    counts = np.bincount(codes, minlength=128)
    sets = [sum(1 << i for i in chosen) for chosen in combinations(range(7), 3)]
    assert within(counts[sets], trains, 1 / math.comb(7, 3))
    assert counts[sets].sum() == trains


def test_uniform_trains_are_drawn_anew_for_every_sample_and_class():
    # 1 of C(40, 20) = 1.4e11 sets each: that two of 600 agree has probability 1.3e-6.
    trains = spikegen.targets_rate(
        np.arange(200) % 3, 3, 40, correct_rate=0.5, incorrect_rate=0.5, firing_pattern="uniform",
        seed=4,
    )  # fmt: skip
    flat = trains.reshape(40, 600)
    assert len({train.tobytes() for train in flat.T}) == 600
    # Two trains share a step with probability 1/2; steps of one pair depend on each other, so
    # one step of each pair is counted.
    shared = (flat[0, 0::2] == 1) & (flat[0, 1::2] == 1)
    assert within(np.array([shared.sum()]), 300, 0.25)


@given(seed=SEEDS, batch=st.integers(1, 5), device=DEVICES)
def test_a_train_of_a_batch_is_the_train_of_its_element(seed, batch, device):
    for pattern in PATTERNS:
        keywords = {"firing_pattern": pattern, "seed": seed, "device": device}
        together = spikegen.targets_rate(
            np.arange(batch) % 3, 3, 17, 2, correct_rate=0.6, incorrect_rate=0.3, **keywords
        )
        for b in range(batch):
            for c in range(3):
                rate = 0.6 if c == b % 3 else 0.3
                alone, _ = spikegen.target_rate_code(
                    17, 2, rate, first_element=3 * b + c, **keywords
                )
                np.testing.assert_array_equal(together[:, b, c], alone)


# --- poisson trains -----------------------------------------------------------------------------


@given(
    uniforms=hnp.arrays(np.float64, (9, 2, 3), elements=st.floats(0, 1, exclude_max=True)),
    correct=st.floats(0, 1),
    incorrect=st.floats(0, 1),
    first=st.integers(0, 9),
    device=DEVICES,
)
def test_poisson_trains_replay_uniforms(uniforms, correct, incorrect, first, device):
    incorrect, correct = sorted((correct, incorrect))
    labels = np.array([2, 0])
    spikes = spikegen.targets_rate(
        labels, 3, 9, first, correct, incorrect, firing_pattern="poisson", uniforms=uniforms,
        device=device,
    )  # fmt: skip
    if spikes.ndim == 2:
        assert (correct, incorrect, first) == (1, 0, 0)
        return
    rates = np.where(labels[:, None] == np.arange(3), correct, incorrect)
    expected = (uniforms < rates) & (np.arange(9) >= first)[:, None, None]
    np.testing.assert_array_equal(spikes, expected)


def test_poisson_trains_have_their_rates():
    spikes = spikegen.targets_rate(
        np.zeros(500, int), 2, 400, correct_rate=0.3, incorrect_rate=0.01,
        firing_pattern="poisson", seed=3,
    )  # fmt: skip
    counts = spikes.sum(axis=0)
    assert within(counts[:, 0], 400, 0.3)
    assert within(counts[:, 1], 400, 0.01)


# --- lines between spikes -----------------------------------------------------------------------


def exact_line(spikes, num_steps, on, off):
    """The documented line, in fractions."""
    line = [off] * num_steps
    previous = -1
    for spike in sorted(set(spikes)):
        for s in range(previous + 1, spike):
            line[s] = off + (on - off) * Fraction(s - previous - 1, spike - previous - 1)
        line[spike] = on
        previous = spike
    return line


@given(
    num_steps=st.integers(1, 30),
    chosen=st.lists(st.integers(0, 29), max_size=12),
    on=st.floats(-8, 8),
    off=st.floats(-8, 8),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@example(num_steps=5, chosen=[4, 0, 4], on=0.5, off=0.5, dtype=np.float32)  # snnTorch raises
@example(num_steps=5, chosen=[4, 0], on=0.2, off=0.9, dtype=np.float32)  # and loses steps here
def test_a_line_climbs_to_each_spike(num_steps, chosen, on, off, dtype):
    chosen = [step for step in chosen if step < num_steps]
    result = spikegen.rate_interpolate(chosen, num_steps, on, off, dtype=dtype)
    assert result.dtype == dtype
    on, off = Fraction(float(dtype(on))), Fraction(float(dtype(off)))
    for s, (value, exact) in enumerate(
        zip(result, exact_line(chosen, num_steps, on, off), strict=True)
    ):
        if s in chosen or exact == off:
            assert Fraction(float(value)) == exact
        else:  # four roundings (a difference, a quotient, a product, a sum) of values below 16
            assert abs(Fraction(float(value)) - exact) <= 4 * 16 * float(np.finfo(dtype).eps)


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("levels", [(1, 0), (1.2, 0.5), (-1, 2)])
def test_interpolated_targets_are_the_lines_of_their_trains(pattern, levels, device):
    keywords = {
        "correct_rate": 0.3, "incorrect_rate": 0.1, "firing_pattern": pattern, "seed": 5,
        "device": device,
    }  # fmt: skip
    labels = np.arange(4) % 3
    spikes = spikegen.targets_rate(labels, 3, 21, 2, **keywords)
    on, off = levels
    lines = spikegen.targets_rate(
        labels, 3, 21, 2, on_target=on, off_target=off, interpolate=True, **keywords
    )
    for index in np.ndindex(4, 3):
        steps = np.flatnonzero(spikes[(slice(None), *index)])
        line = spikegen.rate_interpolate(steps, 21, on, off)
        np.testing.assert_array_equal(lines[(slice(None), *index)], line)


def test_the_documented_line_of_snntorch():
    line = spikegen.rate_interpolate([0, 4], 5, on_target=1.2, off_target=0.5)
    np.testing.assert_allclose(line, [1.2, 0.5, 0.5 + 0.7 / 3, 0.5 + 1.4 / 3, 1.2], rtol=1e-6)


# --- labels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_target_is_on_at_a_spike_and_off_elsewhere(pattern, device):
    keywords = {
        "correct_rate": 0.5, "incorrect_rate": 0.2, "firing_pattern": pattern, "seed": 6,
        "device": device,
    }  # fmt: skip
    spikes = spikegen.targets_rate([1, 0, 1], 2, 30, 4, **keywords)
    assert spikes.shape == (30, 3, 2)
    for on, off, dtype in ((0.9, 0.1, np.float32), (-1, 3, np.int8), (0, 1, bool), (2, 2, float)):
        levels = spikegen.targets_rate(
            [1, 0, 1], 2, 30, 4, on_target=on, off_target=off, dtype=dtype, **keywords
        )
        expected = np.where(spikes == 1, np.dtype(dtype).type(on), np.dtype(dtype).type(off))
        np.testing.assert_array_equal(levels, expected)


def test_time_is_dropped_only_where_nothing_depends_on_it():
    one_hot = np.float32([[0, 0, 1], [1, 0, 0]])
    for pattern in PATTERNS:
        result = spikegen.targets_rate([2, 0], 3, firing_pattern=pattern)
        np.testing.assert_array_equal(result, one_hot)
        result = spikegen.targets_rate([2, 0], 3, 5, firing_pattern=pattern)
        np.testing.assert_array_equal(result, one_hot)
        later = spikegen.targets_rate([2, 0], 3, 5, 2, firing_pattern=pattern, seed=0)
        np.testing.assert_array_equal(later[2:], [one_hot] * 3)
        assert not later[:2].any()
    all_classes = spikegen.targets_rate([2, 0], 3, 5, correct_rate=1, incorrect_rate=1)
    np.testing.assert_array_equal(all_classes, np.ones((5, 2, 3)))


@given(
    labels=hnp.arrays(np.int64, st.integers(0, 9), elements=st.integers(0, 6)),
    dtype=st.sampled_from([np.float32, np.float64, bool, np.uint8, np.int8]),
)
def test_one_hot_rows_and_labels_are_inverse(labels, dtype):
    rows = spikegen.to_one_hot(labels, 7, dtype=dtype)
    assert rows.dtype == dtype
    assert rows.shape == (labels.size, 7)
    np.testing.assert_array_equal(rows, labels[:, None] == np.arange(7))
    classes = spikegen.from_one_hot(rows)
    assert classes.dtype == np.int64
    np.testing.assert_array_equal(classes, labels)
    np.testing.assert_array_equal(spikegen.to_one_hot_inverse(rows), 1 - rows.astype(int))


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int32, np.uint64, np.float32, np.float64, bool]
)
def test_labels_may_be_of_any_dtype_that_holds_them(dtype):
    labels = np.array([1, 0, 1], dtype)
    expected = [[0, 1], [1, 0], [0, 1]]
    assert spikegen.to_one_hot(labels, 2).tolist() == expected
    assert spikegen.to_one_hot(labels.tolist(), 2).tolist() == expected


def test_from_one_hot_keeps_leading_axes():
    rows = np.eye(4)[np.array([[3, 1], [0, 2]])]
    assert spikegen.from_one_hot(rows).tolist() == [[3, 1], [0, 2]]
    assert spikegen.from_one_hot([0, 1, 0]) == 1
    assert spikegen.from_one_hot(np.zeros((0, 3))).shape == (0,)


# --- what the labels' codes pass on ---------------------------------------------------------------

LATENCY = {
    "first_spike_time": 1, "on_target": 1.5, "off_target": -0.5, "interpolate": True,
    "threshold": 0.2, "tau": 2.0, "clip": True, "normalize": True, "linear": True, "epsilon": 1e-3,
    "bypass": True, "dtype": np.float64, "device": "numpy",
}  # fmt: skip


@pytest.mark.parametrize("chosen", [*LATENCY, "all", "none"])
def test_latency_targets_are_the_latency_code_of_one_hot_rows(chosen):
    keywords = LATENCY if chosen == "all" else {k: v for k, v in LATENCY.items() if k == chosen}
    keywords = {"bypass": True, **keywords}
    rows = np.float32([[0, 0, 1], [1, 0, 0]])
    expected = spikegen.latency(rows, 9, **keywords)
    result = spikegen.targets_latency([2, 0], 3, 9, **keywords)
    np.testing.assert_array_equal(result, expected, strict=True)
    result = spikegen.targets_convert([2, 0], 3, "latency", 9, **keywords)
    np.testing.assert_array_equal(result, expected, strict=True)


RATE = {
    "first_spike_time": 1, "correct_rate": 0.9, "incorrect_rate": 0.2, "on_target": 1.5,
    "off_target": -0.5, "firing_pattern": "uniform", "interpolate": True, "seed": 8,
    "dtype": np.float64, "first_element": 7, "device": "numpy",
}  # fmt: skip


@pytest.mark.parametrize("chosen", [*RATE, "all"])
def test_rate_targets_are_converted_with_every_argument(chosen):
    keywords = RATE if chosen == "all" else {k: v for k, v in RATE.items() if k == chosen}
    keywords = {"correct_rate": 0.5, "firing_pattern": "poisson", "seed": 1, **keywords}
    if chosen == "incorrect_rate":
        keywords["correct_rate"] = 0.7
    expected = spikegen.targets_rate([2, 0], 3, 9, **keywords)
    result = spikegen.targets_convert([2, 0], 3, "rate", 9, **keywords)
    np.testing.assert_array_equal(result, expected, strict=True)
    uniforms = random.uniforms(0, (9, 2, 3))
    keywords = {"correct_rate": 0.5, "firing_pattern": "poisson", "uniforms": uniforms}
    expected = spikegen.targets_rate([2, 0], 3, 9, **keywords)
    result = spikegen.targets_convert([2, 0], 3, "rate", 9, **keywords)
    np.testing.assert_array_equal(result, expected, strict=True)


def test_these_tests_pass_every_argument_on():
    convert = set(inspect.signature(spikegen.targets_convert).parameters)
    tested = {"targets", "num_classes", "code", "num_steps", *LATENCY, *RATE, "uniforms", "out"}
    assert convert == tested | {"sparse"}  # test_events_encoders.py


@given(seed=SEEDS, device=DEVICES)
def test_nothing_but_the_result_is_touched(seed, device):
    labels = np.array([2, 0])
    uniforms = random.uniforms(seed, (9, 2, 3))
    drawn = uniforms.copy()
    state = np.random.get_state()[1].copy()
    for pattern in PATTERNS:
        spikegen.targets_rate(
            labels, 3, 9, correct_rate=0.5, firing_pattern=pattern, seed=seed, device=device
        )
    spikegen.targets_rate(
        labels, 3, 9, correct_rate=0.5, firing_pattern="poisson", uniforms=uniforms, device=device
    )
    spikegen.targets_latency(labels, 3, 9, normalize=True, device=device)
    assert labels.tolist() == [2, 0]
    assert labels.flags.writeable
    np.testing.assert_array_equal(uniforms, drawn)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
