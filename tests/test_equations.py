"""The scalar equations of the encoders: exact where that is possible, and alike when compiled."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from conftest import assert_same_bits, known_philox
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

from spikecore import arithmetic, philox
from spikecore.codes import lines, rate, trains

DTYPES = (np.float32, np.float64)

# --- Philox4x32-10: the known answers of Random123 -----------------------------------------------

KNOWN = known_philox()


@njit
def compiled_philox(c0, c1, c2, c3, k0, k1):
    return philox.philox(c0, c1, c2, c3, k0, k1)


@njit
def compiled_random_words(element, block, stream, k0, k1):
    return philox.random_words(element, block, stream, k0, k1)


@pytest.mark.parametrize("words", [philox.philox, compiled_philox], ids=["interpreted", "compiled"])
@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_known_answers(counter, key, answer, words):
    arguments = [np.uint64(word) for word in counter + key]
    assert [int(word) for word in words(*arguments)] == answer


def test_philox_gives_the_known_answers_in_arrays():
    counters, keys, answers = (np.array(words, np.uint64) for words in zip(*KNOWN, strict=True))
    result = np.array(philox.philox(*counters.T, *keys.T))
    assert_same_bits(np.ascontiguousarray(result.T), answers)


@given(element=st.integers(0, 2**64 - 1), block=st.integers(0, 2**32 - 1))
def test_an_element_is_split_into_the_counters_first_two_words(element, block):
    arguments = [np.uint64(number) for number in (element, block, 2, 5, 6)]
    low, high = np.uint64(element & 0xFFFFFFFF), np.uint64(element >> 32)
    expected = philox.philox(low, high, *arguments[1:])
    assert philox.random_words(*arguments) == expected
    assert compiled_random_words(*arguments) == tuple(int(word) for word in expected)


# --- rate ---------------------------------------------------------------------------------------


@njit
def compiled_threshold(p):
    return rate.word_threshold(p)


PROBABILITIES = {
    dtype: [
        dtype(0), dtype(1), np.nextafter(dtype(0), dtype(1)), np.nextafter(dtype(1), dtype(0)),
        np.finfo(dtype).tiny, np.finfo(dtype).eps, dtype(2.0**-32), dtype(2.0**-33),
        np.nextafter(dtype(2.0**-32), dtype(1)), np.nextafter(dtype(2.0**-32), dtype(0)),
        dtype(0.5), np.nextafter(dtype(0.5), dtype(0)), dtype(1 - 2.0**-24), dtype(0.1),
    ]
    for dtype in DTYPES
}  # fmt: skip


def exact_threshold(p):
    return math.ceil(Fraction(float(p)) * 2**32)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_threshold_of_a_probability_is_exact_at_the_ends(dtype):
    for p in PROBABILITIES[dtype]:
        assert int(rate.word_threshold(p)) == exact_threshold(p), p
        assert int(compiled_threshold(p)) == exact_threshold(p), p
    together = rate.word_threshold(np.array(PROBABILITIES[dtype]))
    assert together.tolist() == [exact_threshold(p) for p in PROBABILITIES[dtype]]
    assert together[0] == 0
    assert together[1] == 2**32


@given(p=st.floats(0, 1) | st.floats(0, 1e-9) | st.floats(0, 1, width=32))
@example(p=1 - 2**-53)
@example(p=5e-324)
@example(p=2**-32 * 3)
@example(p=math.nextafter(2**-32 * 3, 1))
def test_the_threshold_of_a_probability_is_its_ceiling(p):
    assert int(rate.word_threshold(np.float64(p))) == exact_threshold(p)
    assert int(compiled_threshold(np.float64(p))) == exact_threshold(p)
    single = np.float32(p)
    assert int(rate.word_threshold(single)) == exact_threshold(single)
    assert int(compiled_threshold(single)) == exact_threshold(single)


@given(
    x=st.floats(-1e3, 1e3, width=32),
    gain=st.floats(-1e3, 1e3, width=32),
    offset=st.floats(-1e3, 1e3, width=32),
)
def test_the_probability_is_rounded_after_the_product_and_after_the_sum(x, gain, offset):
    for dtype in DTYPES:
        p = rate.firing_probability(dtype(x), dtype(gain), dtype(offset))
        # Of float32 operands, a float64 result rounds to float32 as the exact one would.
        product = dtype(x * gain)
        total = dtype(float(product) + offset)
        assert p.dtype == dtype
        assert p == min(max(total, 0), 1)


@pytest.mark.parametrize("drawn", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_uniform_is_compared_exactly_with_a_probability_of_another_dtype(dtype, drawn):
    close = [0.1, 0.3, 0.5, 0.7, 1e-40, 1 - 2**-24]
    for u in close:
        for p in close:
            expected = Fraction(float(drawn(u))) < Fraction(float(dtype(p)))
            assert (
                rate.uniform_fires(drawn(u), dtype(p), rate.Numbers(dtype(1), dtype(0))) == expected
            )


@given(
    word=st.integers(0, 2**32 - 1),
    remaining=st.integers(1, 2**32 - 1),
    share=st.fractions(0, 1),
)
@example(word=2**32 - 1, remaining=2**32 - 1, share=Fraction(1))
@example(word=0, remaining=2**32 - 1, share=Fraction(0))
def test_a_step_is_chosen_with_the_exact_probability(word, remaining, share):
    needed = math.floor(remaining * share)
    expected = Fraction(word, 2**32) < Fraction(needed, remaining)
    chosen, left = trains.choose(np.uint64(word), np.uint64(needed), np.uint64(remaining))
    assert chosen == expected
    assert left == needed - expected


# --- the logarithm ------------------------------------------------------------------------------


@njit(error_model="numpy")
def compiled_log(x):
    result = np.empty_like(x)
    for i in range(x.size):
        result[i] = arithmetic.log(x[i])
    return result


def arguments_of_log():
    """Two million positive normal float64: all magnitudes, near 1, and at the edges of [1, 2)."""
    generator = np.random.default_rng(0)
    bits = generator.integers(1 << 52, 0x7FF << 52, 500_000)
    ratios = 1 / (1 - generator.random(500_000))  # what a latency code asks for
    near = 1 + generator.standard_normal(500_000) * 2.0 ** generator.integers(-52, -1, 500_000)
    between = generator.uniform(0.7, 1.5, 500_000)
    root = np.sqrt(2) * (1 + np.arange(-1000, 1000) * 2.0**-52)
    powers = 2.0 ** np.arange(-1022, 1024)
    edges = np.concatenate([powers, np.nextafter(powers, 0)[1:], np.nextafter(powers, np.inf)])
    sets = [bits.view(np.float64), ratios, near[near > 0], between, root, edges]
    return np.concatenate(sets)


def test_the_logarithm_has_the_same_bits_interpreted_and_compiled():
    x = arguments_of_log()
    assert x.size > 2_000_000
    assert_same_bits(compiled_log(x), arithmetic.log(x))


def test_the_logarithm_is_within_one_ulp():
    x = arguments_of_log()
    result = arithmetic.log(x)
    exact = np.log(x.astype(np.longdouble))  # 64 bits of mantissa: its own error is 2**-11 ulp
    ulp = np.spacing(np.abs(exact).astype(np.float64)).astype(np.longdouble)
    error = np.abs(result.astype(np.longdouble) - exact) / ulp
    assert np.isfinite(result).all()
    assert error.max() < 1, (error.max(), x[error.argmax()])


def test_the_constants_of_the_logarithm_are_exact_to_the_last_bit():
    with localcontext() as context:
        context.prec = 60
        ln_2 = Fraction(Decimal(2).ln())
    high, low = Fraction(float(arithmetic.LN2_HIGH)), Fraction(float(arithmetic.LN2_LOW))
    assert (high * 2**32).denominator == 1  # 32 bits: k*LN2_HIGH is exact for any exponent k
    assert abs(high - ln_2) < Fraction(1, 2**32)
    assert float(low) == float(ln_2 - high)  # the rest, rounded once
    assert math.sqrt(2) == arithmetic.SQRT_2
    assert tuple(2 / n for n in (3, 5, 7, 9, 11, 13, 15, 17, 19, 21)) == arithmetic.ATANH_TERMS


def test_the_logarithm_of_one_is_zero_and_of_its_neighbours_exact():
    assert arithmetic.log(np.float64(1)) == 0
    above = np.nextafter(1.0, 2)
    below = np.nextafter(1.0, 0)
    assert arithmetic.log(above) == math.log1p(2.0**-52)
    assert arithmetic.log(below) == math.log1p(-(2.0**-53))


# --- the exponential ----------------------------------------------------------------------------


@njit(error_model="numpy")
def compiled_exp(x):
    result = np.empty_like(x)
    for i in range(x.size):
        result[i] = arithmetic.exp(x[i])
    return result


def arguments_of_exp():
    """A million exponents: over the whole range, near 0, and at the edges between powers of 2."""
    generator = np.random.default_rng(0)
    near = generator.standard_normal(300_000) * 2.0 ** generator.integers(-60, 3, 300_000)
    halves = (np.arange(-1021, 1022) + 0.5) * np.log(2)
    edges = np.concatenate([halves, np.nextafter(halves, 0), np.nextafter(halves, 1000)])
    return np.concatenate([generator.uniform(-708, 709, 700_000), near, edges, [-708, 0, 709]])


def test_the_exponential_has_the_same_bits_interpreted_and_compiled():
    ends = [np.nan, np.inf, -np.inf, 710, -747, 1e300, -1e300]
    x = np.concatenate([arguments_of_exp(), ends])
    assert_same_bits(compiled_exp(x), arithmetic.exp(x))
    np.testing.assert_array_equal(arithmetic.exp(x[-7:]), [np.nan, np.inf, 0, np.inf, 0, np.inf, 0])


def test_the_exponential_is_within_one_ulp():
    x = arguments_of_exp()
    result = arithmetic.exp(x)
    exact = np.exp(x.astype(np.longdouble))
    error = np.abs(result.astype(np.longdouble) - exact) / np.spacing(result).astype(np.longdouble)
    assert error.max() < 1, (error.max(), x[error.argmax()])
    assert arithmetic.exp(np.float64(0)) == 1


def test_the_constants_of_the_exponential_are_those_of_its_series():
    terms = [getattr(arithmetic, f"E{n}") for n in range(2, 14)]
    assert terms == [float(Fraction(1, math.factorial(n))) for n in range(2, 14)]
    with localcontext() as context:
        context.prec = 60
        assert float(1 / Fraction(Decimal(2).ln())) == arithmetic.INVERSE_LN2


# --- the helpers that keep arithmetic alike -----------------------------------------------------


def test_mul_refuses_operands_of_two_dtypes():
    with pytest.raises(TypeError, match=r"^mul needs operands of one dtype"):
        arithmetic.mul(np.float32(2), np.float64(2))
    assert arithmetic.mul(np.float32(2), np.float32(3)).dtype == np.float32

    @njit
    def product(a, b):
        return arithmetic.mul(a, b)

    with pytest.raises(Exception, match="No implementation of function"):
        product(np.float32(2), np.float64(2))
    assert product(np.float32(0.1), np.float32(3)) == np.float32(0.1) * np.float32(3)


def test_select_refuses_operands_of_two_dtypes_when_compiled():
    @njit
    def chosen(condition, a, b):
        return arithmetic.select(condition, a, b)

    with pytest.raises(Exception, match="No implementation of function"):
        chosen(True, np.float32(2), np.float64(2))
    assert chosen(False, 1, 2) == arithmetic.select(False, 1, 2) == 2


@given(bits=st.integers(-(2**63), 2**63 - 1))
def test_bits_and_floats_are_views_of_each_other(bits):
    bits = np.int64(bits)
    assert arithmetic.bits_of(arithmetic.float_of(bits)) == bits


@njit
def compiled_bits(x):
    return arithmetic.bits_of(x)


@njit
def compiled_float(bits):
    return arithmetic.float_of(bits)


def test_bits_and_floats_are_the_same_compiled():
    for x in (0.0, -0.0, 1.0, -1.5, 5e-324, 1e308, np.inf):
        bits = np.float64(x).view(np.int64)
        assert compiled_bits(np.float64(x)) == arithmetic.bits_of(np.float64(x)) == bits
        assert_same_bits(np.float64(compiled_float(bits)), np.float64(x))
        assert_same_bits(arithmetic.float_of(bits), np.float64(x))


@njit
def compiled_step(time, last):
    return lines.nearest_step(time, last)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spike_step", [lines.nearest_step, compiled_step])
def test_times_round_half_to_even_and_late_ones_are_silent(spike_step, dtype):
    times = [0, 0.5, np.nextafter(0.5, 1), 1.5, 2.5, 3.5, 4.5, 5.5, 5.50001, 7, 1e30]
    expected = [0, 0, 0 if dtype is np.float32 else 1, 2, 2, 4, 4, -1, -1, -1, -1]
    assert [int(spike_step(dtype(time), dtype(5))) for time in times] == expected


@njit
def compiled_ramp(step, previous, following, on, off):
    return lines.line(step, previous, following, on, off)


@pytest.mark.parametrize("ramp", [lines.line, compiled_ramp])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_ramp_begins_at_off_and_ends_at_on(dtype, ramp):
    def line(previous, following, steps):
        numbers = [np.int64(n) for n in (previous, following)]
        return [float(ramp(np.int64(s), *numbers, dtype(1.2), dtype(0.5))) for s in steps]

    on, off = float(dtype(1.2)), float(dtype(0.5))
    assert line(-1, 0, range(3)) == [on, off, off]
    assert line(2, 3, [3]) == [on]
    assert line(-1, -1, range(3)) == [off] * 3
    climb = line(1, 6, range(2, 8))
    assert climb[0] == off
    assert climb[4:] == [on, off]
    for k in range(5):  # two roundings of values below 2: an eighth of this bound
        assert math.isclose(climb[k], 0.5 + 0.7 * k / 4, abs_tol=8 * float(np.finfo(dtype).eps))
