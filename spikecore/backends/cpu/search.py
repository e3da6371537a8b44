"""Which elements of a row are not 0: 64 of them are compared at once, into the bits of a word.

``row[i] != 0`` for one element after another takes 0.23 ns each (benchmarks/NOTES.md).
"""

from typing import Any

import numpy as np
from llvmlite import ir

from spikecore.arithmetic import INLINE
from spikecore.compiler import equation, intrinsic, overload, types

BITS = 64
WORD: Any = ir.IntType(BITS)
NONE_LEFT = np.uint64(0)
LOWEST = np.uint64(1)


def firing(row, first):
    """64 bits: bit k says whether element ``first + k`` is not 0."""
    fired = row[first : first + BITS] != 0
    return np.packbits(fired, bitorder="little").view(np.uint64)[0]


def place_of_lowest(word):
    """Place of the lowest bit of a word that is not 0."""
    return np.int64((int(word) & -int(word)).bit_length() - 1)


@intrinsic
def _firing(typing_context, row, first):
    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        element = context.get_data_type(row.dtype)
        several = ir.VectorType(element, BITS)
        begin = builder.gep(array.data, [arguments[1]])
        begin = builder.bitcast(begin, several.as_pointer())
        values = builder.load(begin, align=row.dtype.bitwidth // 8)
        compare = builder.icmp_unsigned
        if isinstance(row.dtype, types.Float):
            compare = builder.fcmp_unordered  # NaN is not 0
        return builder.bitcast(compare("!=", values, ir.Constant(several, None)), WORD)

    if isinstance(row, types.Array) and row.ndim == 1 and row.layout == "C":
        return types.uint64(row, types.int64), generate


@intrinsic
def _place_of_lowest(typing_context, word):
    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@overload(firing, jit_options=INLINE)
def _of_row(row, first):
    return lambda row, first: _firing(row, first)


@overload(place_of_lowest, jit_options=INLINE)
def _of_word(word):
    return lambda word: _place_of_lowest(word)


@equation
def search(row, found):
    """Put the indices of the elements that are not 0 into ``found``, and return how many."""
    count = 0
    whole = len(row) - len(row) % BITS
    for first in range(0, whole, BITS):
        word = firing(row, first)
        while word != NONE_LEFT:
            found[count] = first + place_of_lowest(word)
            count += 1
            word &= word - LOWEST
    for i in range(whole, len(row)):
        found[count] = i
        count += row[i] != 0
    return count
