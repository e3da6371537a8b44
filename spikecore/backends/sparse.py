"""Spikes as events, for the host: found in a raster, and weighted and summed.

The inputs of a row are known, so that no zero is looked at; each sum is that of ``cpu.product``.
"""

import numpy as np

from spikecore.arithmetic import accumulate, like
from spikecore.backends import threads
from spikecore.backends.cpu.product import OUTPUTS, ROWS
from spikecore.compiler import kernel

TOGETHER = 4  # weight rows added in one pass over the sums, one after another
WORDS = 512  # words of eight marks that are searched together: their places stay in L1
EIGHT, BYTE = np.uint64(8), np.uint64(255)


@kernel
def _find(words, size, step, steps, elements):
    """Steps and elements of the bytes that are not 0, of rows of ``size``, the first at ``step``.

    A word is eight bytes, the first one lowest.  No branch depends on a byte: each place is stored,
    and the next one overwrites it unless there is a mark.  Indices are unsigned, so that Numba
    does not ask whether they count from the end.
    """
    some = np.empty(WORDS, np.uint64)
    places = np.empty(8 * WORDS + 1, np.uint64)
    found, first = 0, 0  # the step's first place
    for begin in range(0, words.size, WORDS):
        piece = words[begin : begin + WORDS]
        chosen = np.uint64(0)
        for k in range(np.uint64(piece.size)):
            some[chosen] = k
            chosen += np.uint64(piece[k] != 0)
        count = np.uint64(0)
        for k in range(chosen):
            place, word = EIGHT * some[k], piece[some[k]]
            for _ in range(8):
                places[count] = place
                count += np.uint64((word & BYTE) != 0)
                place, word = place + np.uint64(1), word >> EIGHT
        for k in range(count):
            place = 8 * begin + np.int64(places[k])
            while place >= first + size:
                step, first = step + 1, first + size
            steps[found], elements[found] = step, place - first
            found += 1


def find(marks, size, first_step, steps, elements):
    """The steps and elements of marks of one byte, flat, into arrays of their exact number."""
    marks = marks.view(np.uint8)
    whole = marks.size - marks.size % 8
    _find(marks[:whole].view(np.uint64), size, first_step, steps, elements)
    last = whole + np.flatnonzero(marks[whole:])
    if last.size:
        steps[-last.size :], elements[-last.size :] = first_step + last // size, last % size


@kernel
def _product(starts, inputs, values, weights, bias, out, start, stop):
    """Sums of the weight rows of each row's events, in index order."""
    num_rows, num_outputs = out.shape
    row_tiles = (num_rows + ROWS - 1) // ROWS
    for tile in range(start, stop):
        first = (tile % row_tiles) * ROWS
        low = (tile // row_tiles) * OUTPUTS
        high = min(low + OUTPUTS, num_outputs)
        offsets = bias[low:high]
        for r in range(first, min(first + ROWS, num_rows)):
            sums = out[r, low:high]
            sums[:] = 0
            begin, end = starts[r], starts[r + 1]
            whole = end - (end - begin) % TOGETHER
            for k in range(begin, whole, TOGETHER):
                s0, s1 = like(bias[0], values[k]), like(bias[0], values[k + 1])
                s2, s3 = like(bias[0], values[k + 2]), like(bias[0], values[k + 3])
                w0, w1 = weights[inputs[k], low:high], weights[inputs[k + 1], low:high]
                w2, w3 = weights[inputs[k + 2], low:high], weights[inputs[k + 3], low:high]
                for o in range(high - low):
                    total = accumulate(sums[o], s0, w0[o])
                    total = accumulate(total, s1, w1[o])
                    total = accumulate(total, s2, w2[o])
                    sums[o] = accumulate(total, s3, w3[o])
            for k in range(whole, end):
                s = like(bias[0], values[k])
                w = weights[inputs[k], low:high]
                for o in range(high - low):
                    sums[o] = accumulate(sums[o], s, w[o])
            for o in range(high - low):
                sums[o] = sums[o] + offsets[o]


def product(starts, inputs, values, weights, bias, out):
    """Sums of the events of each row, ``starts[r]`` to ``starts[r + 1]``, into ``out[r]``."""
    tiles = -(-out.shape[0] // ROWS) * -(-out.shape[1] // OUTPUTS)
    nanoseconds = 0.1 * inputs.size * out.shape[1] + 0.1 * out.size
    threads.run(_product, tiles, nanoseconds, starts, inputs, values, weights, bias, out)
