"""The convolution of spikes: each input that is not 0 adds to the outputs that it reaches."""

import numpy as np

from spikecore.arithmetic import accumulate, like
from spikecore.backends import threads
from spikecore.compiler import kernel


@kernel
def _convolution(spikes, weights, bias, stride, dilation, before, groups, out, start, stop):
    """Sums of the samples ``start`` to ``stop``.

    An output's inputs come in the order of their index, which is that of the kernel's elements.
    """
    _, channels, height, width = spikes.shape
    inside, tall, broad, outputs = weights.shape
    _, _, lines, columns = out.shape
    of_group = outputs // groups
    sums = np.empty((lines, columns, outputs), out.dtype)
    for sample in range(start, stop):
        sums[:] = 0
        for channel in range(channels):
            low = (channel // inside) * of_group
            high = low + of_group
            weight = weights[channel % inside]
            for y in range(height):
                for x in range(width):
                    given = spikes[sample, channel, y, x]
                    if given == 0:
                        continue
                    s = like(bias[0], given)
                    for i in range(tall):
                        down = y + before[0] - i * dilation[0]
                        line = down // stride[0]
                        if down < 0 or down % stride[0] != 0 or line >= lines:
                            continue
                        for j in range(broad):
                            across = x + before[1] - j * dilation[1]
                            column = across // stride[1]
                            if across < 0 or across % stride[1] != 0 or column >= columns:
                                continue
                            total = sums[line, column, low:high]
                            w = weight[i, j, low:high]
                            for o in range(of_group):
                                total[o] = accumulate(total[o], s, w[o])
        for o in range(outputs):
            for line in range(lines):
                for column in range(columns):
                    out[sample, o, line, column] = sums[line, column, o] + bias[o]


def convolution(spikes, weights, bias, geometry, out):
    """Weighted sums over the inputs under a kernel, each in index order."""
    nanoseconds = spikes.size * (1 + 0.2 * weights.shape[-1] * geometry.size[0]) + out.size
    threads.run(
        _convolution, len(spikes), nanoseconds, spikes, weights, bias, geometry.stride,
        geometry.dilation, geometry.before, geometry.groups, out,
    )  # fmt: skip
