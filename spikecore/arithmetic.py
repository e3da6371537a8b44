"""Arithmetic that is the same on every target: NumPy arrays and scalars, CPU and CUDA kernels.

The equations of codes and neurons are made of these functions.  All operands come in by argument,
nothing is allocated, and no Python number meets a float32.
"""

import math
from typing import Any

import numpy as np

from spikecore.compiler import equation, intrinsic, overload, types

INLINE: Any = {"forceinline": True}  # a call per element would keep LLVM from vectorising the loop


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


def floor(x):
    """Largest integer not above x, in the dtype of x."""
    return np.floor(x)


@overload(floor, target="cpu", jit_options=INLINE)
def _floor_cpu(x):
    return lambda x: np.floor(x)


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


@equation
def accumulate(total, spike, weight):
    """One more input of a weighted sum."""
    return total + mul(spike, weight)


# --- exponential --------------------------------------------------------------------------------

EXPONENT_SHIFT = np.int64(52)
EXPONENT_BIAS = np.int64(1023)
LN2_HIGH = np.float64.fromhex("0x1.62e42fee00000p-1")  # 32 bits, so that its multiples are exact
LN2_LOW = np.float64.fromhex("0x1.a39ef35793c76p-33")
INVERSE_LN2 = np.float64.fromhex("0x1.71547652b82fep+0")
LOWEST_EXPONENT = np.float64(-746)  # below it the exponential is 0
HIGHEST_EXPONENT = np.float64(709)
E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13 = (
    np.float64(1 / math.factorial(n))
    for n in range(2, 14)  # enough for |r| <= ln(2)/2
)


@equation
def exp(x):
    """e**x of a float64, within one ulp, alike on every target; infinity above 709.

    x = k*ln(2) + r with k whole and |r| <= ln(2)/2, and e**x = 2**k * e**r by the series of e**r.
    Two powers of two make 2**k, so that a subnormal result is rounded once.
    """
    below, above = x < LOWEST_EXPONENT, x > HIGHEST_EXPONENT
    inside = select(below, LOWEST_EXPONENT, select(above, HIGHEST_EXPONENT, x))
    inside = select(x == x, inside, np.float64(0))
    k = rint(mul(inside, INVERSE_LN2))
    r = (inside - mul(k, LN2_HIGH)) - mul(k, LN2_LOW)
    p = E9 + mul(r, E10 + mul(r, E11 + mul(r, E12 + mul(r, E13))))
    p = E5 + mul(r, E6 + mul(r, E7 + mul(r, E8 + mul(r, p))))
    p = E2 + mul(r, E3 + mul(r, E4 + mul(r, p)))
    p = np.float64(1) + (r + mul(mul(r, r), p))
    whole = np.int64(k)
    half = whole >> np.int64(1)
    first = float_of((half + EXPONENT_BIAS) << EXPONENT_SHIFT)
    second = float_of((whole - half + EXPONENT_BIAS) << EXPONENT_SHIFT)
    result = select(above, np.float64(np.inf), p * first * second)
    return select(x == x, result, x)


# --- logarithm ----------------------------------------------------------------------------------

MANTISSA_MASK = np.int64((1 << 52) - 1)
EXPONENT_OF_ONE = np.int64(1023 << 52)
ONE_HALF = np.float64(0.5)
SQRT_2 = np.float64(2.0**0.5)
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
