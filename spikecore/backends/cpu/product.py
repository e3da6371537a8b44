"""The product of spikes with weights, summed over the inputs that fired."""

import numpy as np

from spikecore.arithmetic import accumulate, like
from spikecore.backends import threads
from spikecore.backends.cpu.search import search
from spikecore.compiler import equation, kernel

ROWS = 32  # rows of spikes in a tile of the product
OUTPUTS = 2048  # outputs in a tile: their sums stay in L1, and every tile searches the inputs
TOGETHER = 4  # weight rows added in one pass over the sums, one after another


@equation
def add(inputs, active, count, weights, low, high, sums):
    """Add the weight rows of the first ``count`` active inputs to sums, outputs low to high."""
    whole = count - count % TOGETHER
    for k in range(0, whole, TOGETHER):
        i0, i1, i2, i3 = active[k], active[k + 1], active[k + 2], active[k + 3]
        s0 = like(sums[0], inputs[i0])
        s1 = like(sums[0], inputs[i1])
        s2 = like(sums[0], inputs[i2])
        s3 = like(sums[0], inputs[i3])
        w0, w1 = weights[i0, low:high], weights[i1, low:high]
        w2, w3 = weights[i2, low:high], weights[i3, low:high]
        for o in range(high - low):
            total = accumulate(sums[o], s0, w0[o])
            total = accumulate(total, s1, w1[o])
            total = accumulate(total, s2, w2[o])
            sums[o] = accumulate(total, s3, w3[o])
    for k in range(whole, count):
        s = like(sums[0], inputs[active[k]])
        w = weights[active[k], low:high]
        for o in range(high - low):
            sums[o] = accumulate(sums[o], s, w[o])


@equation
def weigh(inputs, active, weights, bias, low, high, sums):
    """Set ``sums`` to the weighted sums of a row, outputs low to high; ``active`` is scratch."""
    sums[:] = 0
    add(inputs, active, search(inputs, active), weights, low, high, sums)
    offsets = bias[low:high]
    for o in range(high - low):
        sums[o] = sums[o] + offsets[o]


@kernel
def _product(spikes, weights, bias, out, start, stop):
    """Sums of the weight rows of the inputs that are not 0, in index order."""
    num_rows, num_inputs = spikes.shape
    num_outputs = weights.shape[1]
    row_tiles = (num_rows + ROWS - 1) // ROWS
    active = np.empty(num_inputs, np.int64)
    for tile in range(start, stop):
        first = (tile % row_tiles) * ROWS
        low = (tile // row_tiles) * OUTPUTS
        high = min(low + OUTPUTS, num_outputs)
        for r in range(first, min(first + ROWS, num_rows)):
            weigh(spikes[r], active, weights, bias, low, high, out[r, low:high])


def product(spikes, weights, bias, out):
    """``spikes @ weights + bias``, each sum taken in index order over the inputs that are not 0."""
    tiles = -(-out.shape[0] // ROWS) * -(-out.shape[1] // OUTPUTS)
    nanoseconds = cost(spikes.size, out.shape[1])
    threads.run(_product, tiles, nanoseconds, spikes, weights, bias, out)


def cost(inputs, outputs):
    """Roughly the nanoseconds that one thread takes to search inputs and to add their weights."""
    return inputs * (0.7 + 0.005 * outputs)
