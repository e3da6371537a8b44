"""Every scalar equation of spikecore, written once.

A function here holds for a NumPy array, a NumPy scalar, a CPU kernel and a CUDA kernel alike: all
operands come in by argument, nothing is allocated, and no Python number meets a float32.  SPEC.md
states each one in mathematics.
"""

from typing import NamedTuple

import numpy as np

from spikecore.compiler import equation, intrinsic, overload, types

# --- arithmetic that every target performs alike ------------------------------------------------

INLINE = {"forceinline": True}  # a call per element would keep LLVM from vectorising the loop


def mul(a, b):
    """Product that is rounded before it is added to anything (CUDA would fuse the two)."""
    if a.dtype != b.dtype:
        raise TypeError(f"mul needs operands of one dtype, got {a.dtype} and {b.dtype}")
    return a * b


@overload(mul, target="cpu", jit_options=INLINE)
def _mul_cpu(a, b):
    if a == b and isinstance(a, types.Float):
        return lambda a, b: a * b


def select(condition, a, b):
    """``a`` where the condition holds, ``b`` elsewhere; both of one dtype."""
    return np.where(condition, a, b)[()]


@overload(select, jit_options=INLINE)
def _select(condition, a, b):
    if a == b:
        return lambda condition, a, b: a if condition else b


def like(x, value):
    """``value`` in the dtype of ``x``, rounded once when that is narrower."""
    return np.asarray(value).astype(x.dtype)[()]


@overload(like, jit_options=INLINE)
def _like(x, value):
    dtype = x

    def cast(x, value):
        return dtype(value)

    return cast


def rint(x):
    """Nearest integer, halves to even, in the dtype of ``x``."""
    return np.rint(x)


@overload(rint, target="cpu", jit_options=INLINE)
def _rint_cpu(x):
    return lambda x: np.rint(x)


def bits_of(x):
    """The 64 bits of a float64 as an int64."""
    return np.asarray(x, np.float64).view(np.int64)[()]


def float_of(bits):
    """The float64 whose 64 bits are those of an int64."""
    return np.asarray(bits, np.int64).view(np.float64)[()]


@intrinsic
def _bitcast_to_int(typing_context, x):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


@intrinsic
def _bitcast_to_float(typing_context, bits):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


@overload(bits_of, jit_options=INLINE)
def _bits_of(x):
    if x == types.float64:
        return lambda x: _bitcast_to_int(x)


@overload(float_of, jit_options=INLINE)
def _float_of(bits):
    if bits == types.int64:
        return lambda bits: _bitcast_to_float(bits)


# --- Philox4x32-10 (Salmon et al., 2011) --------------------------------------------------------
# The 32-bit words live in uint64 lanes: the 64-bit products need no splitting, and the rate kernel
# takes 5.8 ms instead of 10 ms for 10 million spikes.

PHILOX_M0 = np.uint64(0xD2511F53)
PHILOX_M1 = np.uint64(0xCD9E8D57)
PHILOX_W0 = np.uint64(0x9E3779B9)
PHILOX_W1 = np.uint64(0xBB67AE85)
LOW_32 = np.uint64(0xFFFFFFFF)
BITS_32 = np.uint64(32)


@equation
def philox_round(c0, c1, c2, c3, k0, k1):
    """One round: two 32x32-bit products, their halves crossed and mixed with the key."""
    product0 = PHILOX_M0 * c0
    product1 = PHILOX_M1 * c2
    return (
        (product1 >> BITS_32) ^ c1 ^ k0,
        product1 & LOW_32,
        (product0 >> BITS_32) ^ c3 ^ k1,
        product0 & LOW_32,
    )


@equation
def philox_next_key(k0, k1):
    """The Weyl sequence that gives each round its key."""
    return (k0 + PHILOX_W0) & LOW_32, (k1 + PHILOX_W1) & LOW_32


@equation
def philox(c0, c1, c2, c3, k0, k1):
    """Four random 32-bit words from a counter and a key.

    The ten rounds stand one under another because a loop is not unrolled before LLVM decides
    whether the loop around it can be vectorised.
    """
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    k0, k1 = philox_next_key(k0, k1)
    return philox_round(c0, c1, c2, c3, k0, k1)


STEPS_PER_BLOCK = 4  # a block's four words belong to four consecutive steps of one element


@equation
def random_words(element, block, stream, k0, k1):
    """The words of steps ``4*block .. 4*block+3`` of one element (all uint64)."""
    return philox(element & LOW_32, element >> BITS_32, block, stream, k0, k1)


# --- rate ---------------------------------------------------------------------------------------

TWO_TO_32 = np.float64(2.0**32)


@equation
def firing_probability(x, gain, offset):
    """p = clip(gain*x + offset, 0, 1)."""
    p = mul(gain, x) + offset
    zero = like(p, 0)
    one = like(p, 1)
    return select(p < zero, zero, select(p > one, one, p))


@equation
def word_threshold(p):
    """ceil(p * 2**32): a 32-bit word below it fires, which is ``word * 2**-32 < p`` exactly.

    Exact in the dtype of p: a power of two scales it, and the whole part needs no more bits.
    """
    scaled = p * like(p, TWO_TO_32)
    whole = np.int64(scaled)
    return np.uint64(whole + np.int64(like(p, whole) < scaled))


@equation
def uniform_fires(uniform, p):
    """u < p, compared exactly: of two dtypes, the narrower is widened."""
    return uniform < p


@equation
def choose_step(word, remaining, needed):
    """Selection sampling: take this step with probability needed/remaining (all uint64)."""
    return word * remaining < needed << BITS_32


# --- latency ------------------------------------------------------------------------------------

EXPONENT_SHIFT = np.int64(52)
EXPONENT_BIAS = np.int64(1023)
MANTISSA_MASK = np.int64((1 << 52) - 1)
EXPONENT_OF_ONE = np.int64(1023 << 52)
ONE_HALF = np.float64(0.5)
SQRT_2 = np.float64(2.0**0.5)
LN2_HIGH = np.float64.fromhex("0x1.62e42fee00000p-1")  # 32 bits, so that its multiples are exact
LN2_LOW = np.float64.fromhex("0x1.a39ef35793c76p-33")
# 2/3, 2/5 ... 2/21: the series of 2*atanh(s) past its first term, enough for |s| <= 0.1716
ATANH_TERMS = tuple(np.float64(2 / n) for n in range(3, 22, 2))
T3, T5, T7, T9, T11, T13, T15, T17, T19, T21 = ATANH_TERMS


@equation
def log(x):
    """Natural logarithm of a positive normal float64, within one ulp, alike on every target.

    x = 2**k * m with m in (sqrt(1/2), sqrt(2)], f = m - 1, s = f/(2 + f), and
    ln m = 2*atanh(s) = f - s*(f - R(s*s)).  The libraries' own logarithms differ in the last bit.
    """
    bits = bits_of(x)
    k = (bits >> EXPONENT_SHIFT) - EXPONENT_BIAS
    m = float_of((bits & MANTISSA_MASK) | EXPONENT_OF_ONE)
    upper = m > SQRT_2
    m = select(upper, m * ONE_HALF, m)
    k = np.float64(k + np.int64(upper))
    f = m - np.float64(1)
    s = f / (np.float64(2) + f)
    z = mul(s, s)
    r = T17 + mul(z, T19 + mul(z, T21))
    r = T11 + mul(z, T13 + mul(z, T15 + mul(z, r)))
    r = T5 + mul(z, T7 + mul(z, T9 + mul(z, r)))
    r = mul(z, T3 + mul(z, r))
    return mul(k, LN2_HIGH) - ((mul(s, f - r) - mul(k, LN2_LOW)) - f)


class LatencyCode(NamedTuple):
    """The numbers of a latency code; the floats are all of the data's dtype."""

    linear: bool
    stretch: bool  # divide the log code by its peak and spread it over the span
    threshold: np.floating
    floor: np.floating  # threshold + epsilon, the least value the logarithm sees
    tau: np.floating
    latest: np.floating  # the linear code's time of a silent feature, -tau*(threshold - 1)
    first: np.floating  # first_spike_time
    span: np.floating  # num_steps - 1 - first_spike_time


@equation
def log_time(x, code):
    """tau*ln(x'/(x' - threshold)) + first, x' = max(x, threshold + epsilon)."""
    saturated = select(x < code.floor, code.floor, x)
    ratio = saturated / (saturated - code.threshold)
    return mul(code.tau, like(x, log(np.float64(ratio)))) + code.first


@equation
def linear_time(x, code):
    """min(-tau*(x - 1), -tau*(threshold - 1)) + first."""
    time = mul(-code.tau, x - like(x, 1))
    return select(time > code.latest, code.latest, time) + code.first


@equation
def stretched_time(time, peak, code):
    """(time - first)*span/peak + first; a code whose peak is 0 stays where it is."""
    since_first = time - code.first
    some = peak > like(peak, 0)
    return select(
        some,
        mul(since_first, code.span) / select(some, peak, like(peak, 1)) + code.first,
        time,
    )


@equation
def latency_time(x, peak, code):
    """Spike time of one feature, in steps, not yet rounded."""
    if code.linear:
        return linear_time(x, code)
    time = log_time(x, code)
    if code.stretch:
        return stretched_time(time, peak, code)
    return time


@equation
def spike_step(time, last):
    """The step nearest to a spike time, halves to even; -1 past the last step."""
    nearest = rint(time)
    return np.int64(select(nearest > last, like(time, -1), nearest))


@equation
def clipped_step(step, x, threshold):
    """-1, no spike, for a feature under the threshold."""
    return select(x < threshold, like(step, -1), step)


# --- delta --------------------------------------------------------------------------------------


@equation
def delta_on(current, previous, threshold):
    """x[t] - x[t-1] >= threshold."""
    return current - previous >= threshold


@equation
def delta_off(current, previous, threshold):
    """x[t] - x[t-1] <= -threshold."""
    return current - previous <= -threshold


# --- targets ------------------------------------------------------------------------------------


@equation
def ramp(step, previous, following, on, off):
    """Line from ``off`` on the step after one spike to ``on`` at the next (-1: there is none)."""
    length = following - previous - like(following, 1)
    length = select(length > like(length, 1), length, like(length, 1))
    height = off + mul(on - off, like(on, step - previous - like(step, 1)) / like(on, length))
    climbing = (following >= like(following, 0)) & (step <= following)
    return select(climbing, select(step == following, on, height), off)


# --- layers -------------------------------------------------------------------------------------


@equation
def accumulate(total, spike, weight):
    """One more input of a weighted sum."""
    return total + mul(spike, weight)
