"""The virtual GPU against the PTX ISA, and each check of its memory with a program that fails it.

Kernels are written here by hand: no driver, no compiler.
"""

import ctypes
import re

import numpy as np
import pytest
from conftest import assert_same_bits
from virtual_gpu import driver
from virtual_gpu.memory import Fault, Memory
from virtual_gpu.ptx import SHARED_BYTES, Kernel, Unsupported

I1, I2, I4, I8 = (np.dtype(f"i{size}") for size in (1, 2, 4, 8))
U1, U2, U4, U8 = (np.dtype(f"u{size}") for size in (1, 2, 4, 8))
F4, F8, B1 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(bool)
NAN, INF = np.nan, np.inf
MIN32, MAX32, MIN64, MAX64 = -(2**31), 2**31 - 1, -(2**63), 2**63 - 1

DECLARED = """
    .reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<20>; .reg .b64 %rd<20>;
    .reg .f32 %f<9>; .reg .f64 %fd<9>;
"""


def module(body, parameters=0, shared=""):
    """Text of a kernel whose parameters, addresses, are in %rd0, %rd1 and so on."""
    declared = ", ".join(f".param .u64 k_param_{i}" for i in range(parameters))
    loads = "".join(f"ld.param.u64 %rd{i}, [k_param_{i}];" for i in range(parameters))
    return (
        f".version 8.0\n.target sm_90\n.address_size 64\n{shared}\n"
        f".visible .entry k({declared})\n{{{DECLARED}{loads}\n{body}\nret;\n}}\n"
    )


def kernel(*arguments, **named):
    return Kernel(module(*arguments, **named))


def run(body, arrays, grid=(1, 1, 1), block=(1, 1, 1), shared="", memory=None):
    """The arrays after a kernel that gets their addresses; a number is so many unwritten bytes."""
    memory = memory or Memory(1 << 20)
    addresses = []
    for one in arrays:
        unwritten = isinstance(one, int)
        addresses.append(memory.allocate(one if unwritten else one.nbytes))
        if not unwritten:
            memory.copy_in(addresses[-1], np.frombuffer(one.tobytes(), np.uint8))
    arguments = {f"k_param_{i}": np.uint64(one) for i, one in enumerate(addresses)}
    kernel(body, len(arrays), shared).run(memory, grid, block, arguments)
    return [
        memory.copy_out(address, one.nbytes).view(one.dtype).reshape(one.shape).copy()
        for address, one in zip(addresses, arrays, strict=True)
        if not isinstance(one, int)
    ]


# --- arithmetic ---------------------------------------------------------------------------------


def compute(instruction, to, *columns):
    """One instruction for each element: %0 is its result, %1 and so on the columns' elements."""
    names = {B1: "%p", U1: "%rs", I1: "%rs", U2: "%rs", I2: "%rs", U4: "%r", I4: "%r",
             U8: "%rd", I8: "%rd", F4: "%f", F8: "%fd"}  # fmt: skip
    types = {one: f"{'s' if one.kind == 'i' else one.kind}{8 * one.itemsize}" for one in names}
    body = "mov.u32 %r10, %tid.x; cvt.u64.u32 %rd10, %r10;"
    for i, one in enumerate((to, *(column.dtype for column in columns))):
        at = f"%rd{11 + i}"
        body += f"mul.lo.s64 {at}, %rd10, {one.itemsize}; add.s64 {at}, {at}, %rd{i};"
        if i and one == B1:
            body += f"ld.global.u8 %rs{i}, [{at}]; setp.ne.s16 %p{i}, %rs{i}, 0;"
        elif i:
            body += f"ld.global.{types[one]} {names[one]}{i}, [{at}];"
    registers = [f"{names[one]}{i}" for i, one in enumerate([to, *(c.dtype for c in columns)])]
    body += re.sub(r"%(\d)\b", lambda found: registers[int(found[1])], instruction) + ";"
    if to == B1:
        body += "selp.u16 %rs0, 1, 0, %p0; st.global.u8 [%rd11], %rs0;"
    else:
        body += f"st.global.{types[to]} [%rd11], {registers[0]};"
    count = len(columns[0]) if columns else 1
    return run(body, [np.zeros(count, to), *columns], block=(count, 1, 1))[0]


def check(instruction, to, expected, *columns):
    columns = [np.array(values, dtype) for dtype, values in columns]
    assert_same_bits(compute(instruction, to, *columns), np.array(expected, to))


@pytest.mark.parametrize(
    "instruction, dtype, a, b, expected",
    [
        ("add.s64", I8, [MAX64, -1], [1, -1], [MIN64, -2]),
        ("sub.s64", I8, [MIN64, 0], [1, MIN64], [MAX64, MIN64]),
        ("sub.s32", I4, [MIN32, 1], [1, 2], [MAX32, -1]),
        ("mul.lo.s64", I8, [2**32 + 1, MIN64], [2**32 + 1, -1], [2**33 + 1, MIN64]),
        ("mul.lo.s32", I4, [65537, -3], [65537, 5], [131073, -15]),
        ("mul.hi.s32", I4, [MIN32, -1, MAX32], [MIN32, 1, MAX32], [2**30, -1, 2**30 - 1]),
        ("mul.hi.u32", U4, [2**32 - 1, 2**16], [2**32 - 1, 2**16], [2**32 - 2, 1]),
        ("mul.hi.s64", I8, [MIN64, -1, 2**32], [MIN64, 1, 2**33], [2**62, -1, 2]),
        ("mul.hi.u64", U8, [2**64 - 1, 2**32], [2**64 - 1, 2**33], [2**64 - 2, 2]),
        ("div.s64", I8, [7, -7, 7, -7, 6, -6, -1, 0], [2, 2, -2, -2, -3, 3, 2, -5],
         [3, -3, -3, 3, -2, -2, 0, 0]),
        ("div.s64", I8, [MIN64, MIN64, MIN64, MAX64], [3, -3, 1, MIN64],
         [-3074457345618258602, 3074457345618258602, MIN64, 0]),
        ("rem.s64", I8, [7, -7, 7, -7, 6], [2, 2, -2, -2, -3], [1, -1, 1, -1, 0]),
        ("rem.u32", U4, [2**32 - 1, 7], [2, 8], [1, 7]),
        ("div.u32", U4, [2**32 - 1, 7, 2**31], [2, 8, 2**31], [2**31 - 1, 0, 1]),
        ("max.s64", I8, [-1, MIN64], [1, MAX64], [1, MAX64]),
        ("min.s64", I8, [-1, MIN64], [1, MAX64], [-1, MIN64]),
        ("max.u32", U4, [2**32 - 1], [1], [2**32 - 1]),
        ("max.f32", F4, [1, -0.0, 0, NAN], [2, 0, -0.0, -1], [2, 0, 0, -1]),
        ("min.f64", F8, [1, -0.0, 0, 3], [2, 0, -0.0, NAN], [1, -0.0, -0.0, 3]),
        ("and.b64", U8, [0b1100], [0b1010], [0b1000]),
        ("or.b64", U8, [0b1100], [0b1010], [0b1110]),
        ("xor.b64", U8, [0b1100, 2**64 - 1], [0b1010, 1], [0b0110, 2**64 - 2]),
        ("and.pred", B1, [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1]),
        ("or.pred", B1, [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 1]),
        ("xor.pred", B1, [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]),
        ("add.f32", F4, [2**24, 2.0**-149], [1, 2.0**-149], [2**24, 2.0**-148]),
        ("sub.f32", F4, [2.0**-126], [2.0**-149], [2.0**-126 - 2.0**-149]),
        ("mul.rn.f32", F4, [2.0**-126, 1e38, 0], [0.5, 10, -1], [2.0**-127, INF, -0.0]),
        ("mul.rn.f64", F8, [2.0**-1022, 1 + 2.0**-52], [0.5, 1 + 2.0**-52],
         [2.0**-1023, 1 + 2.0**-51]),
        ("div.rn.f32", F4, [1, 1, 2.0**-126], [3, 0, 2], [11184811 * 2.0**-25, INF, 2.0**-127]),
        ("div.rn.f64", F8, [1, -1], [3, 0], [6004799503160661 * 2.0**-54, -INF]),
    ],
)  # fmt: skip
def test_two_operands(instruction, dtype, a, b, expected):
    check(f"{instruction} %0, %1, %2", dtype, expected, (dtype, a), (dtype, b))


@pytest.mark.parametrize(
    "instruction, dtype, a, amounts, expected",
    [
        ("shl.b64", U8, [1, 1, 1, 3], [63, 64, 2**32 - 1, 63], [2**63, 0, 0, 2**63]),
        ("shr.u64", U8, [2**63] * 4, [1, 63, 64, 2**32 - 1], [2**62, 1, 0, 0]),
        ("shr.s64", I8, [-8] * 4 + [MAX64], [1, 63, 64, 2**32 - 1, 64], [-4, -1, -1, -1, 0]),
        ("shr.u32", U4, [2**31] * 3, [31, 32, 64], [1, 0, 0]),
        ("shr.s32", I4, [-8] * 3, [1, 32, 64], [-4, -1, -1]),
    ],
)
def test_shift_amounts_are_clamped(instruction, dtype, a, amounts, expected):
    check(f"{instruction} %0, %1, %2", dtype, expected, (dtype, a), (U4, amounts))


@pytest.mark.parametrize(
    "instruction, to, expected, columns",
    [
        ("mul.wide.s32 %0, %1, %2", I8, [2**62, -MAX32, MAX32**2],
         [(I4, [MIN32, -1, MAX32]), (I4, [MIN32, MAX32, MAX32])]),
        ("mul.wide.u32 %0, %1, %2", U8, [(2**32 - 1) ** 2], [(U4, [2**32 - 1])] * 2),
        ("mad.lo.s64 %0, %1, %2, %3", I8, [2**33, MIN64],
         [(I8, [2**32 + 1, 1]), (I8, [2**32 + 1, MAX64]), (I8, [-1, 1])]),
        ("neg.s64 %0, %1", I8, [-5, MIN64, 0], [(I8, [5, MIN64, 0])]),
        ("neg.f64 %0, %1", F8, [-0.0, 0.0, -INF], [(F8, [0.0, -0.0, INF])]),
        ("abs.f32 %0, %1", F4, [0.0, 1.5], [(F4, [-0.0, -1.5])]),
        ("not.b64 %0, %1", U8, [2**64 - 1, 0], [(U8, [0, 2**64 - 1])]),
        ("not.pred %0, %1", B1, [1, 0], [(B1, [0, 1])]),
        ("selp.f32 %0, %1, %2, %3", F4, [NAN, 2], [(F4, [NAN, NAN]), (F4, [2, 2]), (B1, [1, 0])]),
        ("selp.b64 %0, -1, 0, %1", I8, [-1, 0], [(B1, [1, 0])]),
        ("selp.b16 %0, %1, -2, %2", I2, [7, -2], [(I2, [7, 7]), (B1, [1, 0])]),
        ("and.b64 %0, %1, -4294967296", U8, [2**64 - 2**32], [(U8, [2**64 - 1])]),
        ("add.s64 %0, %1, -4", I8, [-3], [(I8, [1])]),
        ("setp.eq.s64 %0, %1, -9223372036854775808", B1, [1, 0], [(I8, [MIN64, 0])]),
        ("mov.u32 %0, -1", U4, [2**32 - 1], []),
        ("mov.u64 %0, 0xFFFFFFFFFFFFFFFF", U8, [2**64 - 1], []),
        ("mov.pred %0, -1; not.pred %0, %0", B1, [0], []),
        ("mov.f64 %0, 0dBFF8000000000000", F8, [-1.5], []),
        ("add.f32 %0, %1, 0fBF800000", F4, [0.5], [(F4, [1.5])]),
        ("mov.b64 %0, %1", U8, [0x3FF << 52, 1 << 63], [(F8, [1.0, -0.0])]),
        ("mov.b64 %0, %1", F8, [1.0, -0.0], [(U8, [0x3FF << 52, 1 << 63])]),
        ("mov.b32 %0, %1", U4, [0x7F800000], [(F4, [INF])]),
        # Numbers of 8 bits are in registers of 16.
        ("cvt.s32.s16 %0, %1", I4, [-1, 127, -128], [(I1, [-1, 127, -128])]),
        ("cvt.s32.s16 %0, %1", I4, [255, 128], [(U1, [255, 128])]),
        ("mov.u16 %0, %1", U1, [0x34, 0xFF], [(U2, [0x1234, 0xFFFF])]),
    ],
)  # fmt: skip
def test_other_operands(instruction, to, expected, columns):
    check(instruction, to, expected, *columns)


def test_bits_of_nan_are_kept():
    assert compute("mov.f32 %0, 0fFFC00001", F4).view(np.uint32) == 0xFFC00001


def test_a_product_is_not_fused_with_a_sum():
    one = 1 + 2.0**-12
    check("mul.rn.f32 %0, %1, %1; sub.f32 %0, %0, %2", F4, [0], (F4, [one]), (F4, [one**2]))


@pytest.mark.parametrize(
    "name, expected",
    [  # of 1 and 2, 2 and 1, 0 and -0, and NaN on the left, on the right and on both sides
        ("eq", [0, 0, 1, 0, 0, 0]), ("equ", [0, 0, 1, 1, 1, 1]),
        ("ne", [1, 1, 0, 0, 0, 0]), ("neu", [1, 1, 0, 1, 1, 1]),
        ("lt", [1, 0, 0, 0, 0, 0]), ("ltu", [1, 0, 0, 1, 1, 1]),
        ("le", [1, 0, 1, 0, 0, 0]), ("leu", [1, 0, 1, 1, 1, 1]),
        ("gt", [0, 1, 0, 0, 0, 0]), ("gtu", [0, 1, 0, 1, 1, 1]),
        ("ge", [0, 1, 1, 0, 0, 0]), ("geu", [0, 1, 1, 1, 1, 1]),
        ("num", [1, 1, 1, 0, 0, 0]), ("nan", [0, 0, 0, 1, 1, 1]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [F4, F8])
def test_comparisons_of_floats(name, expected, dtype):
    columns = (dtype, [1, 2, 0.0, NAN, 1, NAN]), (dtype, [2, 1, -0.0, 1, NAN, NAN])
    check(f"setp.{name}.f{8 * dtype.itemsize} %0, %1, %2", B1, expected, *columns)


@pytest.mark.parametrize(
    "name, signed, unsigned",
    [  # of -1 and 1, 1 and -1, 1 and 1
        ("eq", [0, 0, 1], [0, 0, 1]), ("ne", [1, 1, 0], [1, 1, 0]),
        ("lt", [1, 0, 0], [0, 1, 0]), ("le", [1, 0, 1], [0, 1, 1]),
        ("gt", [0, 1, 0], [1, 0, 0]), ("ge", [0, 1, 1], [1, 0, 1]),
    ],
)  # fmt: skip
def test_comparisons_of_integers(name, signed, unsigned):
    columns = (I8, [-1, 1, 1]), (I8, [1, -1, 1])
    check(f"setp.{name}.s64 %0, %1, %2", B1, signed, *columns)
    check(f"setp.{name}.u64 %0, %1, %2", B1, unsigned, *columns)


@pytest.mark.parametrize(
    "conversion, of, to, values, expected",
    [
        ("s64.s32", I4, I8, [-1, MIN32, 5], [-1, MIN32, 5]),
        ("u64.u32", I4, I8, [-1, 5], [2**32 - 1, 5]),
        ("u32.u64", U8, U4, [2**32 + 5, 2**64 - 1], [5, 2**32 - 1]),
        ("s16.s8", U2, I2, [0x1280, 0x127F], [-128, 127]),
        ("u16.u8", U2, I2, [0x1280, 0x127F], [128, 127]),
        ("s32.s64", I8, I4, [MIN64 + 7, -1], [7, -1]),
        ("u8.u32", U4, U2, [0x1FF], [0xFF]),
        ("s8.s32", I4, I2, [0x80, 0x17F], [-128, 127]),
        # Out of range gives the nearest; of NaN, what the ISA's table says.
        ("rzi.s32.f32", F4, I4, [NAN, INF, -INF, 2**31, -(2**31), -1.9, 1.9, -3e9],
         [0, MAX32, MIN32, MAX32, MIN32, -1, 1, MIN32]),
        ("rzi.s32.f64", F8, I4, [NAN, 2.0**31, MAX32 + 0.5], [MIN32, MAX32, MAX32]),
        ("rzi.s64.f32", F4, I8, [NAN, 2.0**63, -(2.0**63), -INF, 1.9],
         [MIN64, MAX64, MIN64, MIN64, 1]),
        ("rzi.s64.f64", F8, I8, [NAN, INF, 2.0**62, -0.9, 2.0**53 + 2],
         [MIN64, MAX64, 2**62, 0, 2**53 + 2]),
        ("rzi.u32.f32", F4, U4, [NAN, -0.5, -1, INF], [0, 0, 0, 2**32 - 1]),
        ("rzi.u64.f64", F8, U8, [NAN, -1, 2.0**63, 2.0**64], [2**63, 0, 2**63, 2**64 - 1]),
        ("rzi.u8.f32", F4, U2, [300, -1, 7.9], [255, 0, 7]),
        ("rni.s32.f32", F4, I4, [0.5, 1.5, 2.5, -0.5, -1.5], [0, 2, 2, 0, -2]),
        ("rmi.s32.f32", F4, I4, [0.5, -0.5, -2], [0, -1, -2]),
        ("rpi.s32.f32", F4, I4, [0.5, -0.5, -2], [1, 0, -2]),
        ("rni.f32.f32", F4, F4, [0.5, 1.5, 2.5, -0.5, NAN], [0, 2, 2, -0.0, NAN]),
        ("rmi.f64.f64", F8, F8, [-0.5, -0.0, 1.9, -INF], [-1, -0.0, 1, -INF]),
        ("rzi.f64.f64", F8, F8, [-0.5, 1.9], [-0.0, 1]),
        # The last of these would be rounded twice by way of float64.
        ("rn.f32.s64", I8, F4, [2**24 + 1, 2**24 + 3, -(2**24) - 1, MAX64, 2**62 + 2**38 + 1],
         [2**24, 2**24 + 4, -(2**24), 2**63, 2**62 + 2**39]),
        ("rn.f32.u64", U8, F4, [2**63 + 2**39, 2**63 + 2**39 + 1, 2**64 - 1],
         [2**63, 2**63 + 2**40, 2**64]),
        ("rn.f64.s64", I8, F8, [2**53 + 1, 2**53 + 3, -1], [2**53, 2**53 + 4, -1]),
        ("rn.f64.u64", U8, F8, [2**63 + 2**10, 2**63 + 2**10 + 1], [2**63, 2**63 + 2**11]),
        ("rn.f32.s16", I2, F4, [-5, 32767], [-5, 32767]),
        ("rn.f32.f64", F8, F4,
         [1 + 2.0**-24, 1 + 2.0**-24 + 2.0**-50, 1e300, 2.0**-150, 3 * 2.0**-150, -0.0],
         [1, 1 + 2.0**-23, INF, 0, 2.0**-148, -0.0]),
        ("f64.f32", F4, F8, [2.0**-149, -INF, 1.5], [2.0**-149, -INF, 1.5]),
    ],
)  # fmt: skip
def test_conversions(conversion, of, to, values, expected):
    check(f"cvt.{conversion} %0, %1", to, expected, (of, values))


@pytest.mark.parametrize("name, register", [("s64", "%rd"), ("u32", "%r")])
def test_division_by_zero_is_refused_where_a_thread_divides(name, register):
    a, b = f"{register}1", f"{register}2"
    prelude = f"mov.u32 %r3, %tid.x; setp.eq.s32 %p1, %r3, 0; mov.{name} {a}, 1; mov.{name} {b}, 0;"
    divides = f"mov.{name} {b}, 2; div.{name} {a}, {a}, {b};"
    run(prelude + divides, [], block=(2, 1, 1))
    run(f"{prelude} @%p1 bra $done; {divides} $done:", [], block=(2, 1, 1))
    with pytest.raises(Fault, match="division by 0"):
        run(f"{prelude} @%p1 bra $done; mov.{name} {b}, 2; $done: div.{name} {a}, {a}, {b};", [],
            block=(2, 1, 1))  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        "fma.rn.f32 %f0, %f1, %f2, %f3;",
        "sqrt.rn.f32 %f0, %f1;",
        "add.ftz.f32 %f0, %f1, %f2;",
        "add.rz.f32 %f0, %f1, %f2;",
        "add.sat.s32 %r0, %r1, %r2;",
        "add.u8 %rs0, %rs1, %rs2;",
        "max.NaN.f32 %f0, %f1, %f2;",
        "mul.s64 %rd0, %rd1, %rd2;",
        "div.approx.f32 %f0, %f1, %f2;",
        "setp.lt.ftz.f32 %p0, %f1, %f2;",
        "setp.lt.and.f32 %p0, %f1, %f2, %p1;",
        "setp.ltu.s32 %p0, %r1, %r2;",
        "setp.lt.b32 %p0, %r1, %r2;",
        "cvt.f32.f64 %f0, %fd0;",
        "cvt.s32.f32 %r0, %f0;",
        "cvt.rzi.f32.f64 %f0, %fd0;",
        "cvt.rz.f32.s32 %f0, %r0;",
        "cvt.rn.u64.u32 %rd0, %r0;",
        "cvt.sat.u8.u32 %rs0, %r0;",
        "ld.global.v2.f32 {%f0, %f1}, [%rd0];",
        "ld.volatile.global.f32 %f0, [%rd0];",
        "ld.local.f32 %f0, [%rd0];",
        "ld.f32 %f0, [%rd0];",
        "ld.global.f32 %fd0, [%rd0];",
        "ld.global.u32 %rs0, [%rd0];",
        "ld.global.u8 %p0, [%rd0];",
        "ld.global.u32 %r0, [%r1];",
        "ld.global.u32 %r0, [%rd0-4];",
        "ld.global.u32 %r0, %rd0;",
        "ld.global %r0, [%rd0];",
        "ld;",
        "mul.wide.s64 %rd0, %rd1, %rd2;",
        "selp.b32 %r0, %r1, %r2;",
        "st.global.f32 [%rd0], %fd0;",
        "st.param.u64 [k_param_0], %rd0;",
        "ld.param.u64 %rd0, [k_param_0+8];",
        "ld.param.u32 %r0, [k_param_0];",
        "atom.global.add.u32 %r0, [%rd0], 1;",
        "add.s64 %rd0, %r0, %r1;",
        "add.s32 %r0, %rd0, %rd1;",
        "add.s32 %r0, %r1;",
        "add.s32 %r0, %r1, %r2, %r3;",
        "add.s32 %r99, %r1, %r2;",
        "add.s32 %x1, %r1, %r2;",
        "and.b32 %r0, %r1, 0x1FFFFFFFF;",
        "and.b32 %r0, %r1, 1.5;",
        "mov.f32 %f0, 1;",
        "mov.f32 %f0, 0d3FF0000000000000;",
        "mov.b64 {%r0, %r1}, %rd0;",
        "mov.u32 %r0, %laneid;",
        "mov.u64 %rd0, %tid.x;",
        "mov.u64 %rd0, unknown;",
        "@%p0 add.s32 %r0, %r1, %r2;",
        "@%p0 bar.sync 0;",
        "bar.sync 1;",
        "bar.warp.sync 0;",
        "bar.arrive 0, 32;",
        "bra $nowhere;",
        "call.uni f;",
        "exit;",
        ".local .align 4 .b8 local[4];",
    ],
)
def test_what_is_unknown_is_refused(body):
    with pytest.raises(Unsupported):
        kernel(f"bra $after; {body} $after:", 1)  # even where it would not be reached


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".visible .entry a()\n{\nret;\n}\n.visible .entry b()\n{\nret;\n}\n",
        ".visible .entry a()\n{\nret;\n}\n.visible .entry b()\n.maxntid 128, 1, 1\n{\nret;\n}\n",
        ".visible .entry a(.param .align 8 .b8 x[16])\n{\nret;\n}\n",
        ".visible .entry a()\n.maxntid 128, 1, 1\n{\nret;\n}\n",
        f".shared .align 4 .b8 s[{SHARED_BYTES + 4}];\n.visible .entry a()\n{{\nret;\n}}\n",
    ],
)
def test_modules_that_are_refused(text):
    with pytest.raises(Unsupported):
        Kernel(text)


def test_text_that_is_laid_out_otherwise():
    body = """
        // st.global.u32 [%rd0], 1; in a comment
        /* and in
           another */
        mov.u32 %r0,
            5; $a: $b: add.s32 %r0, %r0, 2; .pragma "nounroll";
        st.global.u32   [%rd0+4] , %r0; st.global.u32 [%rd0], 3; add.s64 %rd1, %rd0, 12;
        st.global.u32 [%rd1+-4], 9;
    """
    assert run(body, [np.zeros(3, np.uint32)])[0].tolist() == [3, 7, 9]


def test_a_register_that_nothing_has_set_is_refused():
    with pytest.raises(Fault, match="nothing has set '%r1'"):
        run("add.s32 %r0, %r1, 1;", [])


# --- threads ------------------------------------------------------------------------------------

# The thread's number among all in %r10, that in its block in %r11, and the address of its element
# of 8 bytes in the first array in %rd10.
INDEX = """
    mov.u32 %r11, %tid.x; mov.u32 %r12, %ctaid.x; mov.u32 %r13, %ntid.x;
    mul.lo.s32 %r10, %r12, %r13; add.s32 %r10, %r10, %r11;
    mul.wide.s32 %rd10, %r10, 8; add.s64 %rd10, %rd10, %rd0;
"""


def each(body, grid=1, block=4):
    """What every thread has in %rd1 after this program, or 99 where it stored nothing."""
    body = f"{INDEX} cvt.s64.s32 %rd9, %r10; {body}"
    out = np.full(grid * block, 99)
    return run(body, [out], (grid, 1, 1), (block, 1, 1))[0].tolist()


STORE = "st.global.u64 [%rd10], %rd1;"


def test_branches():
    body = """
        setp.lt.s64 %p0, %rd9, 2;
        @%p0 bra $less;
        mov.u64 %rd1, 20;
        bra.uni $join;
        $less: mov.u64 %rd1, 10;
        $join: add.s64 %rd1, %rd1, %rd9;
    """
    assert each(body + STORE) == [10, 11, 22, 23]
    assert each(body.replace("@%p0", "@!%p0") + STORE) == [20, 21, 12, 13]


def test_loops_with_different_numbers_of_turns():
    body = """
        mov.u64 %rd1, 0; mov.u64 %rd2, 0;
        $again: setp.ge.s64 %p0, %rd2, %rd9;
        @%p0 bra $end;
        add.s64 %rd2, %rd2, 1; add.s64 %rd1, %rd1, %rd2;
        bra.uni $again;
        $end:
    """
    assert each(body + STORE, grid=2, block=3) == [0, 1, 3, 6, 10, 15]


@pytest.mark.parametrize("leave", ["@%p0 ret;", "@!%p0 bra $stay; ret; $stay:"])
def test_threads_that_end_early(leave):
    body = f"mov.u64 %rd1, 7; setp.ge.s64 %p0, %rd9, 5; {leave} {STORE}"
    assert each(body, grid=2, block=4) == [7, 7, 7, 7, 7, 99, 99, 99]


def test_a_branch_keeps_the_other_threads_registers():
    body = """
        mov.u64 %rd1, %rd9; mov.u64 %rd2, %rd1;
        setp.eq.s64 %p0, %rd9, 1;
        @%p0 bra $end;
        mov.u64 %rd1, 50;
        $end: add.s64 %rd1, %rd1, %rd2;
    """
    assert each(body + STORE) == [50, 2, 52, 53]


def test_axes_of_threads_and_blocks():
    """Each thread stores its place, at the index that all its coordinates make up."""
    names = [f"%{name}.{axis}" for name in ("ctaid", "tid") for axis in "zyx"]
    body = "mov.u32 %r0, 0; mov.u32 %r1, 0;"
    for name in names:
        size = name.replace("%", "%n")
        body += f"""
            mov.u32 %r2, {name}; mov.u32 %r3, {size};
            mul.lo.s32 %r0, %r0, %r3; add.s32 %r0, %r0, %r2;
            mul.lo.s32 %r1, %r1, 10; add.s32 %r1, %r1, %r2;
        """
    body += "mul.wide.s32 %rd1, %r0, 4; add.s64 %rd1, %rd1, %rd0; st.global.u32 [%rd1], %r1;"
    sizes = (2, 4, 3, 1, 2, 5)  # in the order of the names
    out = run(body, [np.zeros(sizes, np.uint32)], sizes[2::-1], sizes[:2:-1])[0]
    tens = 10 ** np.arange(6)[::-1]
    np.testing.assert_array_equal(out, np.tensordot(tens, np.indices(sizes), 1))


SHARED = ".shared .align 8 .b8 s[16];\n.shared .align 1 .b8 t[9];"
# The thread's place in shared memory is in %rd5, that of the block's other thread in %rd6.
PLACES = """
    mov.u64 %rd4, s; mul.wide.u32 %rd5, %r11, 8; add.s64 %rd5, %rd5, %rd4;
    xor.b32 %r14, %r11, 1; mul.wide.u32 %rd6, %r14, 8; add.s64 %rd6, %rd6, %rd4;
"""


def test_blocks_exchange_through_their_own_shared_memory():
    body = f"""
        {INDEX} {PLACES} cvt.u64.u32 %rd1, %r10;
        st.shared.u64 [%rd5], %rd1;
        bar.sync 0;
        ld.shared.u64 %rd1, [%rd6]; {STORE}
    """
    out = run(body, [np.zeros(6, np.int64)], (3, 1, 1), (2, 1, 1), SHARED)[0]
    assert out.tolist() == [1, 0, 3, 2, 5, 4]


def test_a_loop_with_a_barrier():
    """Prefix sums of a block, each step of which reads what the one before has written."""
    body = f"""
        {INDEX} {PLACES} mov.u64 %rd1, 1; mov.u32 %r1, 0;
        $again:
        st.shared.u64 [%rd5], %rd1;
        bar.sync 0;
        ld.shared.u64 %rd2, [%rd6]; add.s64 %rd1, %rd1, %rd2;
        bar.sync 0;
        add.s32 %r1, %r1, 1; setp.lt.s32 %p0, %r1, 5;
        @%p0 bra $again; {STORE}
    """
    out = run(body, [np.zeros(4, np.int64)], (2, 1, 1), (2, 1, 1), SHARED)[0]
    assert out.tolist() == [32] * 4


# --- what is refused ----------------------------------------------------------------------------

# Two blocks of two threads.  The first array has four numbers, the second as much unwritten memory:
# of it, the thread's element is at %rd11.  In the first array, the element of the block's other
# thread is at %rd12, that of a thread in the other block at %rd13.
NEIGHBOURS = f"""
    {INDEX} {PLACES} mul.wide.s32 %rd11, %r10, 8; add.s64 %rd11, %rd11, %rd1;
    xor.b32 %r14, %r10, 1; mul.wide.s32 %rd12, %r14, 8; add.s64 %rd12, %rd12, %rd0;
    xor.b32 %r14, %r10, 2; mul.wide.s32 %rd13, %r14, 8; add.s64 %rd13, %rd13, %rd0;
    mov.u64 %rd2, 5; mov.u16 %rs0, 5; mov.u32 %r0, 5; mov.f32 %f0, 0f00000000;
    setp.eq.s32 %p0, %r11, 0; setp.eq.s32 %p1, %r10, 0; setp.eq.s32 %p2, %r12, 0;
    setp.eq.s32 %p3, %r10, 3; setp.eq.s32 %p4, %r12, 1;
"""
READ, WRITE = "ld.global.u64 %rd3, ", "st.global.u64 "


def obey(body):
    run(NEIGHBOURS + body, [np.arange(4), 32], (2, 1, 1), (2, 1, 1), SHARED)


def only(body, predicate="%p1"):
    """Of the first thread, the last (%p3), each block's first (%p0), or one block (%p2, %p4)."""
    label = "$after_" + re.sub(r"\W", "_", body)
    return f"@!{predicate} bra {label}; {body} {label}:"


OUT, RACE, UNWRITTEN = "bytes at .* of an allocation", "race", "nothing has written"
VIOLATIONS = {
    "a load past the end": (OUT, f"{READ} [%rd0+32];", f"{READ} [%rd0+24];"),
    "a store past the end": (OUT, only(f"{WRITE} [%rd0+32], %rd2;"),
                             only(f"{WRITE} [%rd0+24], %rd2;")),
    "a load across the end": (OUT, f"{READ} [%rd0+28];", "ld.global.u32 %r1, [%rd0+28];"),
    "a load far away": (OUT, "mov.u64 %rd3, -8; ld.global.u64 %rd3, [%rd3];", f"{READ} [%rd0];"),
    "a load before all memory": ("before all", f"{READ} [%rd0+-8];", f"{READ} [%rd12];"),
    "a load between allocations": (OUT, f"{READ} [%rd1+-8];", f"{READ} [%rd10];"),
    "shared memory in a global load": ("before all", f"{READ} [%rd4];", f"{READ} [%rd0];"),
    "global memory in a shared load": (OUT, "st.shared.u64 [%rd10], %rd2;",
                                       "st.shared.u64 [%rd5], %rd2;"),
    "shared: a store past the end": (OUT, only("st.shared.u64 [%rd4+16], %rd2;", "%p0"),
                                     only("st.shared.u64 [%rd4+8], %rd2;", "%p0")),
    "shared: a store before the start": ("before all", only("st.shared.u64 [s+-8], %rd2;", "%p0"),
                                         only("st.shared.u64 [s+8], %rd2;", "%p0")),
    "shared: past an odd end": (OUT, only("st.shared.u8 [t+9], %rs0;", "%p0"),
                                only("st.shared.u8 [t+8], %rs0;", "%p0")),
    "misaligned": ("no multiple", f"{READ} [%rd0+4];", "ld.global.u32 %r1, [%rd0+4];"),
    "shared: misaligned": ("no multiple", only("st.shared.u64 [s+4], %rd2;", "%p0"),
                           only("st.shared.u32 [s+4], %r0;", "%p0")),
    "unwritten": (UNWRITTEN, f"{READ} [%rd11];", f"{WRITE} [%rd11], %rd2; {READ} [%rd11];"),
    "partly unwritten": (UNWRITTEN, "st.global.u32 [%rd11], %r0; ld.global.u64 %rd3, [%rd11];",
                         "st.global.u32 [%rd11], %r0; st.global.u32 [%rd11+4], %r0;"
                         "ld.global.u64 %rd3, [%rd11];"),
    "shared: unwritten": (UNWRITTEN, "ld.shared.u64 %rd3, [%rd5];",
                          "st.shared.u64 [%rd5], %rd2; ld.shared.u64 %rd3, [%rd5];"),
    "at once": ("at once", f"{WRITE} [%rd0], %rd2;", only(f"{WRITE} [%rd0], %rd2;")),
    "shared: at once": ("at once", "st.shared.u64 [s], %rd2;",
                        only("st.shared.u64 [s], %rd2;", "%p0")),
    "another width": (RACE, f"{WRITE} [%rd10], %rd2; ld.global.u8 %rs1, [%rd12+7];",
                      f"{WRITE} [%rd10], %rd2; ld.global.u8 %rs1, [%rd10+7];"),
    "another width, after": (RACE, "ld.global.u8 %rs1, [%rd10+7]; st.global.u64 [%rd12], %rd2;",
                             "ld.global.u8 %rs1, [%rd10+7]; st.global.u64 [%rd10], %rd2;"),
    "halves": (RACE, "st.global.u32 [%rd10], %r0; st.global.u32 [%rd12], %r0;",
               "st.global.u32 [%rd10], %r0; st.global.u32 [%rd12+4], %r0;"),
    "write, write": (RACE, f"{WRITE} [%rd10], %rd2; {WRITE} [%rd12], %rd2;",
                     f"{WRITE} [%rd10], %rd2; bar.sync 0; {WRITE} [%rd12], %rd2;"),
    "write, read": (RACE, f"{WRITE} [%rd10], %rd2; {READ} [%rd12];",
                    f"{WRITE} [%rd10], %rd2; bar.sync 0; {READ} [%rd12];"),
    "read, write": (RACE, f"{READ} [%rd10]; {WRITE} [%rd12], %rd2;",
                    f"{READ} [%rd10]; bar.sync 0; {WRITE} [%rd12], %rd2;"),
    "shared: write, read": (RACE, "st.shared.u64 [%rd5], %rd2; ld.shared.u64 %rd3, [%rd6];",
                            "st.shared.u64 [%rd5], %rd2; bar.sync 0; ld.shared.u64 %rd3, [%rd6];"),
    "blocks: write, write": (RACE, f"{WRITE} [%rd10], %rd2; bar.sync 0; {WRITE} [%rd13], %rd2;",
                             f"{WRITE} [%rd10], %rd2; bar.sync 0; {WRITE} [%rd10], %rd2;"),
    "blocks: write, read": (RACE, f"{WRITE} [%rd10], %rd2; bar.sync 0; {READ} [%rd13];",
                            f"{READ} [%rd10]; bar.sync 0; {READ} [%rd13];"),
    "blocks: read, write": (RACE, f"{READ} [%rd10]; bar.sync 0; {WRITE} [%rd13], %rd2;",
                            f"{READ} [%rd10]; bar.sync 0; {WRITE} [%rd10], %rd2;"),
    "later: write, read": (RACE, f"bar.sync 0; {WRITE} [%rd10], %rd2; {READ} [%rd12];",
                           f"bar.sync 0; {WRITE} [%rd10], %rd2; bar.sync 0; {READ} [%rd12];"),
    "later: read, write": (RACE, f"bar.sync 0; {READ} [%rd10]; {WRITE} [%rd12], %rd2;",
                           f"bar.sync 0; {READ} [%rd10]; bar.sync 0; {WRITE} [%rd12], %rd2;"),
    # Several threads have read a place, at once or in turn, before the last of them writes.
    "all read at once": (
        RACE,
        f"{READ} [%rd0]; bar.sync 0;" + only(f"{WRITE} [%rd0], %rd2;", "%p3"),
        only(f"{READ} [%rd0]; {WRITE} [%rd0], %rd2;", "%p3"),
    ),
    "a block reads at once": (
        RACE,
        only(f"{READ} [%rd0];", "%p4") + only(f"{WRITE} [%rd0], %rd2;", "%p3"),
        only(f"{READ} [%rd0];", "%p4") + "bar.sync 0;" + only(f"{WRITE} [%rd0], %rd2;", "%p3"),
    ),
    "reads in turn": (RACE, f"{READ} [%rd12]; {READ} [%rd10]; {WRITE} [%rd10], %rd2;",
                      f"{READ} [%rd12]; bar.sync 0; {READ} [%rd10]; {WRITE} [%rd10], %rd2;"),
    "blocks read in turn": (RACE, f"{READ} [%rd13]; {READ} [%rd10]; bar.sync 0;"
                            f"{WRITE} [%rd10], %rd2;", f"{READ} [%rd13]; {READ} [%rd10];"),
    "barriers": ("several barriers", "@%p0 bra $a; bar.sync 0; bra $b; $a: bar.sync 0; $b:",
                 "@%p2 bra $a; bar.sync 0; bra $b; $a: bar.sync 0; $b:"),
    "a barrier for the dead": ("threads that have ended", "@%p0 ret; bar.sync 0;",
                               "@%p2 ret; bar.sync 0;"),
}  # fmt: skip


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violations(name):
    message, bad, good = VIOLATIONS[name]
    with pytest.raises(Fault, match=message):
        obey(bad)
    obey(good)


def test_launches_are_ordered():
    """What one launch has written, the next may read: by any thread, and without a barrier."""
    memory = Memory(1 << 10)
    base = memory.allocate(16)
    for body in (f"{WRITE} [%rd10], %rd10;", f"xor.b64 %rd10, %rd10, 8; {READ} [%rd10];"):
        one = kernel(INDEX + body, 1)
        one.run(memory, (2, 1, 1), (1, 1, 1), {"k_param_0": base})
    assert memory.copy_out(base, 16).view(np.uint64).tolist() == [base, base + 8]


def test_shared_memory_starts_unwritten_in_every_launch():
    memory = Memory(1 << 10)
    obedient = kernel("mov.u64 %rd1, s; st.shared.u64 [%rd1], %rd1;", shared=SHARED)
    reader = kernel("mov.u64 %rd1, s; ld.shared.u64 %rd1, [%rd1];", shared=SHARED)
    obedient.run(memory, (1, 1, 1), (1, 1, 1), {})
    with pytest.raises(Fault, match=UNWRITTEN):
        reader.run(memory, (1, 1, 1), (1, 1, 1), {})


def test_memory_that_was_freed():
    memory = Memory(1 << 10)
    kept, freed = memory.allocate(8), memory.allocate(8)
    for base in (kept, freed):
        memory.copy_in(base, np.zeros(8, np.uint8))
    memory.free(freed)
    read = kernel(f"{READ} [%rd0];", 1)
    read.run(memory, (1, 1, 1), (1, 1, 1), {"k_param_0": kept})
    with pytest.raises(Fault, match=OUT):
        read.run(memory, (1, 1, 1), (1, 1, 1), {"k_param_0": freed})
    for use in (lambda: memory.copy_out(freed, 8), lambda: memory.copy_in(freed, np.zeros(8))):
        with pytest.raises(Fault, match="not in one allocation"):
            use()
    for base in (freed, kept + 4):
        with pytest.raises(Fault, match="where no allocation begins"):
            memory.free(base)
    assert memory.used == 8


def test_copies():
    memory = Memory(1 << 10)
    base = memory.allocate(8)
    memory.copy_in(base, np.arange(7, dtype=np.uint8))
    assert memory.copy_out(base + 1, 6).tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(Fault, match=UNWRITTEN):
        memory.copy_out(base, 8)
    memory.copy_in(base + 7, np.zeros(1, np.uint8))
    memory.copy_out(base, 8)
    for address, size in ((base, 9), (base + 8, 1), (base - 1, 2)):
        with pytest.raises(Fault, match="not in one allocation"):
            memory.copy_out(address, size)
        with pytest.raises(Fault, match="not in one allocation"):
            memory.copy_in(address, np.zeros(size, np.uint8))


def test_memory_that_is_not_there():
    memory = Memory(100)
    first_base = memory.allocate(60)
    assert memory.allocate(41) is None
    assert memory.allocate(40) is not None
    assert memory.used == 100
    memory.free(first_base)
    assert memory.allocate(61) is None
    assert memory.allocate(60) is not None


def test_the_driver_refuses_what_the_real_one_refuses():
    virtual = driver.VirtualDriver()
    loaded, function, pointer = (ctypes.c_void_p() for _ in range(3))
    virtual.cuModuleLoadDataEx(ctypes.byref(loaded), module("").encode(), 0, None, None)
    for name, answer in ((b"k", driver.SUCCESS), (b"other", driver.NOT_FOUND)):
        assert virtual.cuModuleGetFunction(ctypes.byref(function), loaded, name) == answer

    def launch(*sizes, shared=0):
        return virtual.cuLaunchKernel(function, *sizes, shared, None, [], None)

    assert launch(1, 2, 1, 4, 16, 16) == driver.SUCCESS
    for sizes in (
        (0, 1, 1, 1, 1, 1), (1, 1, 1, 1, 0, 1), (1, 65536, 1, 1, 1, 1), (1, 1, 65536, 1, 1, 1),
        (1, 1, 1, 1025, 1, 1), (1, 1, 1, 1, 1, 65), (1, 1, 1, 32, 33, 1),
    ):  # fmt: skip
        assert launch(*sizes) == driver.INVALID_VALUE
    assert launch(1, 1, 1, 1, 1, 1, shared=4) == driver.INVALID_VALUE
    assert virtual.launches == [("k", (1, 2, 1), (4, 16, 16))]
    for size, answer in (
        (0, driver.INVALID_VALUE), (8, driver.SUCCESS), (driver.TOTAL, driver.OUT_OF_MEMORY)
    ):  # fmt: skip
        assert virtual.cuMemAlloc(ctypes.byref(pointer), size) == answer
