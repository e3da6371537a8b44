"""Weighted sums of spikes that are given as events, for the host.

The inputs of a row are known, so that no zero is looked at; each sum is that of ``cpu.product``.
"""

from spikecore.arithmetic import accumulate, like
from spikecore.backends import threads
from spikecore.backends.cpu.product import OUTPUTS, ROWS
from spikecore.compiler import kernel

TOGETHER = 4  # weight rows added in one pass over the sums, one after another


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
