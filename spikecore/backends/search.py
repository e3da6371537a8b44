"""The places of spikes in a raster, for the host."""

import numpy as np

from spikecore.compiler import kernel

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
