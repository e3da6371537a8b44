"""The random stream: its frozen layout, what counts as a seed, and the replay of torch's."""

import hashlib
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from conftest import assert_same_bits, known_philox
from fuzzing.values import Raises
from hypothesis import example, given
from hypothesis import strategies as st

from spikecore import random, spikegen

SPECIFICATION = Path(__file__).parent.parent / "SPEC.md"
STREAM_NAMES = {number: name for name, number in random.PURPOSES.items()}
SEEDS = st.integers(0, 2**64 - 1)
ELEMENTS = st.integers(0, 2**64 - 1)
STEPS = st.integers(0, 2**34 - 1)
STREAMS = st.sampled_from(sorted(random.PURPOSES))

# --- the layout, against a Philox in Python's integers --------------------------------------------

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)


def philox(counter, key):
    """Philox4x32-10 after Salmon et al. (2011), one round after another."""
    left, right = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(MULTIPLIERS[0] * left[0], 2**32)
        high1, low1 = divmod(MULTIPLIERS[1] * left[2], 2**32)
        left = [high1 ^ left[1] ^ right[0], low1, high0 ^ left[3] ^ right[1], low0]
        right = [(right[i] + WEYL[i]) % 2**32 for i in (0, 1)]
    return left


def word_of(seed, element, step, stream):
    """The word the layout of SPEC.md gives to one draw."""
    counter = (element % 2**32, element // 2**32, step // 4, stream)
    return philox(counter, (seed % 2**32, seed // 2**32))[step % 4]


def specified_rows():
    """The rows of the fenced block ``stream`` in SPEC.md."""
    lines = iter(SPECIFICATION.read_text(encoding="utf-8").splitlines())
    rows = []
    for line in lines:
        if line.strip() != "```stream":
            continue
        for row in lines:
            if row.strip() == "```":
                break
            if row.strip() and not row.lstrip().startswith("#"):
                seed, element, step, stream, word = row.split()
                rows.append((int(seed), int(element), int(step), int(stream), int(word, 16)))
    return rows


@pytest.mark.parametrize(("counter", "key", "answer"), known_philox())
def test_philox_in_this_file_gives_the_known_answers(counter, key, answer):
    assert philox(counter, key) == answer


def test_the_stream_is_that_of_the_specification():
    rows = specified_rows()
    for seed, element, step, stream, word in rows:
        where = f"seed {seed}, element {element}, step {step}, stream {stream}"
        assert int(random.words(seed, element, step, STREAM_NAMES[stream])) == word, where
        assert word_of(seed, element, step, stream) == word, where
    assert len(rows) >= 12
    seeds, elements, steps, streams, _ = zip(*rows, strict=True)
    assert max(seeds) == 2**64 - 1
    assert max(elements) >= 2**32
    assert {0, 1, 2, 3, 4, 5, 2**34 - 1} <= set(steps)
    assert {0, 1, 2} <= set(streams)


def test_the_numbers_of_the_streams_are_frozen():
    assert random.PURPOSES["rate"] == 0
    assert random.PURPOSES["targets"] == 1
    assert random.PURPOSES["weights"] == 2
    assert len(set(random.PURPOSES.values())) == len(random.PURPOSES)


@given(seed=SEEDS, elements=st.lists(ELEMENTS, max_size=5), step=STEPS, stream=STREAMS)
@example(seed=2**64 - 1, elements=[2**64 - 1], step=2**34 - 1, stream="weights")
def test_words_are_philox_of_their_place(seed, elements, step, stream):
    expected = [word_of(seed, element, step, random.PURPOSES[stream]) for element in elements]
    given_elements = np.array(elements, np.uint64)
    result = random.words(seed, given_elements, step, stream)
    assert result.dtype == np.uint64
    assert result.tolist() == expected


def test_a_change_of_the_stream_is_deliberate():
    """Hashes of 10 000 words; they may change only together with SPEC.md."""
    for stream, expected in (("rate", "bd2daec3ababe623"), ("targets", "86e686e07665fb9e")):
        words = [random.words(20_220, np.arange(100), step, stream) for step in range(100)]
        digest = hashlib.sha256(np.array(words, "<u4").tobytes()).hexdigest()
        assert digest.startswith(expected), (stream, digest)


# --- uniforms -----------------------------------------------------------------------------------


@given(
    seed=SEEDS,
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4).map(tuple),
    element=st.integers(0, 2**64 - 65),
    step=st.integers(0, 2**34 - 5),
    stream=STREAMS,
)
def test_uniforms_are_words_over_2_to_the_32(seed, shape, element, step, stream):
    result = random.uniforms(seed, shape, first_element=element, first_step=step, stream=stream)
    assert result.shape == shape
    assert result.dtype == np.float64
    flat = result.reshape(shape[0], int(np.prod(shape[1:])))
    for t, row in enumerate(flat):
        for i, uniform in enumerate(row):
            word = word_of(seed, element + i, step + t, random.PURPOSES[stream])
            assert Fraction(float(uniform)) == Fraction(word, 2**32)


def test_uniforms_stay_below_one():
    assert (2**32 - 1) * 2.0**-32 < 1
    drawn = random.uniforms(0, (100, 1000))
    assert 0 <= drawn.min() < drawn.max() < 1


@given(
    seed=SEEDS,
    data=st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1.0, 2**-32, 1 - 2**-53]), max_size=5),
    num_steps=st.integers(1, 9),
    element=st.integers(0, 2**64 - 6),
    step=st.integers(0, 2**34 - 10),
    device=st.sampled_from(["cpu", "numpy"]),
)
@example(seed=0, data=[], num_steps=1, element=0, step=0, device="cpu")  # once refused
def test_rate_is_the_uniforms_of_its_seed(seed, data, num_steps, element, step, device):
    for dtype in (np.float32, np.float64):
        array = np.array(data, dtype)
        where = {"first_element": element, "first_step": step}
        uniforms = random.uniforms(seed, (num_steps, array.size), **where)
        drawn = spikegen.rate(array, num_steps, 0.9, 0.05, seed=seed, device=device, **where)
        replayed = spikegen.rate(array, num_steps, 0.9, 0.05, uniforms=uniforms, device=device)
        assert_same_bits(drawn, replayed)
        series = np.broadcast_to(array, (num_steps, array.size))
        drawn = spikegen.rate_conv(series, seed=seed, device=device, **where)
        assert_same_bits(drawn, spikegen.rate_conv(series, uniforms=uniforms, device=device))


@given(seed=SEEDS, rate=st.floats(0, 1), num_steps=st.integers(1, 20), first=st.integers(0, 20))
def test_poisson_targets_are_the_uniforms_of_their_seed(seed, rate, num_steps, first):
    first = min(first, num_steps)
    uniforms = random.uniforms(seed, (num_steps,), stream="targets")
    keywords = {"firing_pattern": "poisson"}
    drawn, _ = spikegen.target_rate_code(num_steps, first, rate, seed=seed, **keywords)
    replayed, _ = spikegen.target_rate_code(num_steps, first, rate, uniforms=uniforms, **keywords)
    assert_same_bits(drawn, replayed)
    expected = (uniforms < rate) & (np.arange(num_steps) >= first)
    np.testing.assert_array_equal(drawn, expected)


# --- seeds --------------------------------------------------------------------------------------


def test_an_int_is_used_as_it_is():
    for seed in (0, 1, 2**32, 2**64 - 1, np.int8(7), np.uint64(2**64 - 1), np.array(5)):
        assert random.seed_of(seed) == int(seed)
        assert type(random.seed_of(seed)) is int


def test_no_seed_draws_anew():
    # Two of 64 random bits agree with probability 5e-20.
    assert random.seed_of(None) != random.seed_of(None)
    data = np.full(1000, 0.5, np.float32)
    # A thousand fair draws agree with probability 1e-301.
    assert (spikegen.rate(data, 1) != spikegen.rate(data, 1)).any()


def test_a_generator_yields_one_draw():
    ours, reference = np.random.default_rng(3), np.random.default_rng(3)
    drawn = [int(reference.integers(2**64, dtype=np.uint64)) for _ in range(3)]
    assert [random.seed_of(ours) for _ in range(3)] == drawn
    data = np.full((50,), 0.5, np.float32)
    expected = spikegen.rate(data, 9, seed=drawn[0])
    again = np.random.default_rng(3)
    np.testing.assert_array_equal(spikegen.rate(data, 9, seed=again), expected)
    # exactly one draw was taken, however many spikes were made of it
    assert random.seed_of(again) == drawn[1]


def test_a_refused_call_draws_nothing_from_a_generator():
    ours, untouched = np.random.default_rng(3), np.random.default_rng(3)
    for call in (
        lambda: spikegen.rate([np.nan], 3, seed=ours),
        lambda: spikegen.rate([0.5], 3, seed=ours, out=np.empty(2)),
        lambda: spikegen.rate([0.5], 3, seed=ours, uniforms=[[0.5]] * 3),
        lambda: spikegen.target_rate_code(5, 0, 0.5, "uniform", seed=ours, out=np.empty(4)),
        lambda: random.uniforms(ours, (-1,)),
    ):
        with pytest.raises(ValueError):
            call()
    assert ours.bit_generator.state == untouched.bit_generator.state


@pytest.mark.parametrize(
    ("seed", "error"),
    [
        (-1, ValueError), (2**64, ValueError), (10**400, ValueError), (0.0, TypeError),
        ("0", TypeError), (True, TypeError), (np.True_, TypeError), ([0], TypeError),
        (b"0", TypeError), (np.random.RandomState(0), TypeError), (np.random.PCG64(0), TypeError),
    ],
)  # fmt: skip
def test_anything_else_is_refused(seed, error):
    with pytest.raises(error, match=r"^seed must be .* numpy\.random\.Generator, or None"):
        random.seed_of(seed)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: random.words(0, -1, 0), "elements"),
        (lambda: random.words(0, [0.5], 0), "elements"),
        (lambda: random.words(0, True, 0), "elements"),
        (lambda: random.words(0, 2**64, 0), "elements"),
        (lambda: random.words(0, 0, -1), "step"),
        (lambda: random.words(0, 0, 2**34), "step"),
        (lambda: random.words(0, 0, 0.0), "step"),
        (lambda: random.words(0, 0, 0, "noise"), "stream"),
        (lambda: random.words(0, 0, 0, 1), "stream"),
        (lambda: random.words("0", 0, 0), "seed"),
        (lambda: random.uniforms(0, ()), "shape"),
        (lambda: random.uniforms(0, 3), "shape"),
        (lambda: random.uniforms(0, (3, -1)), "shape"),
        (lambda: random.uniforms(0, (3.0,)), "shape"),
        (lambda: random.uniforms(0, (2**34 + 1, 0)), "shape"),
        (lambda: random.uniforms(0, (0,), stream="noise"), "stream"),
        (lambda: random.uniforms(0, (1, 2), first_element=2**64 - 1), "first_element"),
        (lambda: random.uniforms(0, (1,), first_element=-1), "first_element"),
        (lambda: random.uniforms(0, (2,), first_step=2**34 - 1), "first_step"),
        (lambda: random.torch_uniforms(-1, (2,)), "seed"),
        (lambda: random.torch_uniforms(2**64, (2,)), "seed"),
        (lambda: random.torch_uniforms(None, (2,)), "seed"),
        (lambda: random.torch_uniforms(0, 2), "shape"),
        (lambda: random.torch_uniforms(0, Raises("__iter__", KeyError)), "shape"),
        (lambda: random.torch_uniforms(0, ["x"]), "shape"),
        (lambda: random.torch_uniforms(0, (-2,)), "shape"),
    ],
)
def test_a_bad_argument_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
        call()


def test_elements_may_be_any_integers_of_any_shape():
    expected = random.words(0, np.arange(6, dtype=np.uint64).reshape(2, 3), 1)
    assert expected.shape == (2, 3)
    for dtype in (np.int8, np.uint8, np.int32, np.int64):
        elements = np.arange(6, dtype=dtype).reshape(2, 3)
        np.testing.assert_array_equal(random.words(0, elements, 1), expected)
    assert random.words(0, [], 1).shape == (0,)
    assert random.words(0, 5, 1).shape == ()


# --- torch --------------------------------------------------------------------------------------


def test_torch_uniforms_are_those_of_torch():
    # torch.manual_seed(0); torch.rand(3), and seeds that differ above the low 32 bits only
    expected = np.float32([0.4962565899, 0.7682217956, 0.0884774327])
    np.testing.assert_array_equal(random.torch_uniforms(0, (3,)), expected)
    np.testing.assert_array_equal(random.torch_uniforms(2**32, (3,)), expected)
    assert random.torch_uniforms(1, (3,))[0] != expected[0]
    # torch.manual_seed(2**64 - 1); torch.rand(2)
    low_bits = random.torch_uniforms(2**32 - 1, (2, 2))
    np.testing.assert_array_equal(random.torch_uniforms(2**64 - 1, (2, 2)), low_bits)


def test_torch_uniforms_have_24_bits_and_stay_below_one():
    drawn = random.torch_uniforms(7, (3, 1000))
    assert drawn.dtype == np.float32
    assert drawn.shape == (3, 1000)
    whole = drawn.astype(np.float64) * 2**24
    np.testing.assert_array_equal(whole, np.floor(whole))
    assert 0 <= drawn.min() < drawn.max() < 1
    assert random.torch_uniforms(7, ()).shape == ()
    assert random.torch_uniforms(7, (0, 3)).shape == (0, 3)


def test_drawing_leaves_numpys_generator_alone():
    before = np.random.get_state()
    random.torch_uniforms(0, (5,))
    random.uniforms(None, (5,))
    random.words(None, 0, 0)
    after = np.random.get_state()
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_a_shape_without_an_end_is_refused():
    with pytest.raises(ValueError, match=r"^shape must be a tuple of sizes, got more than 65536"):
        random.uniforms(0, count())
