"""A convolution as a product: the inputs under the kernel at each place of the output, in rows.

The sums of ``convolution`` run over channels, then rows, then columns of the kernel: the order of
the inputs in a row here, so that any product in index order gives the bits of the compiled loop.
"""

from typing import NamedTuple

import numpy as np

PART_BYTES = 1 << 22  # of rows in one product


class Geometry(NamedTuple):
    """How a kernel moves over its input; pairs are (height, width).

    Attributes
    ----------
    size : tuple
        Of the kernel.
    stride, dilation : tuple
        Steps of the kernel, and between its elements.
    before, after : tuple
        Zeros before and after the input.
    groups : int
        Groups of channels, each with its own kernels.
    """

    size: tuple
    stride: tuple
    dilation: tuple
    before: tuple
    after: tuple
    groups: int = 1

    def output_sizes(self, sizes):
        """Height and width of the output for those of the input; None where not known."""
        return tuple(map(self._output_size, range(2), sizes))

    def _output_size(self, axis, size):
        if size is None:
            return None
        reach = self.dilation[axis] * (self.size[axis] - 1) + 1
        return (size + self.before[axis] + self.after[axis] - reach) // self.stride[axis] + 1


def windows(values, geometry):
    """The inputs under the kernel: a view ``[samples, channels, rows, columns, *kernel]``."""
    samples, channels, height, width = values.shape
    top, left = geometry.before
    padded = values
    if any((*geometry.before, *geometry.after)):
        bottom, right = geometry.after
        shape = (samples, channels, top + height + bottom, left + width + right)
        padded = np.zeros(shape, values.dtype)
        padded[:, :, top : top + height, left : left + width] = values
    sizes = geometry.output_sizes((height, width))
    down, across = padded.strides[2:]
    moves = (down * geometry.stride[0], across * geometry.stride[1])
    inside = (down * geometry.dilation[0], across * geometry.dilation[1])
    return np.lib.stride_tricks.as_strided(
        padded, (samples, channels, *sizes, *geometry.size),
        (*padded.strides[:2], *moves, *inside), writeable=False,
    )  # fmt: skip


def convolution_by(product, spikes, weights, bias, geometry, out):
    """A convolution by ``product``, group by group and in parts that fit into caches.

    ``spikes`` is [samples, channels, height, width], ``weights`` [channels of a group, height,
    width, out_channels], and ``out`` [samples, out_channels, rows, columns].
    """
    inside, outputs = len(weights), weights.shape[-1] // geometry.groups
    matrix = weights.reshape(-1, weights.shape[-1])
    under = windows(spikes, geometry).transpose(0, 2, 3, 1, 4, 5)
    for group in range(geometry.groups):
        channels = slice(group * inside, (group + 1) * inside)
        chosen = slice(group * outputs, (group + 1) * outputs)
        columns = np.ascontiguousarray(matrix[:, chosen])
        columns.flags.writeable = False
        part_of = under[:, :, :, channels]
        for samples, lines in _parts(out.shape, len(matrix) * max(4, spikes.itemsize)):
            place = part_of[samples, lines]
            rows = place.reshape(-1, len(matrix))
            rows.flags.writeable = False
            sums = np.empty((len(rows), outputs), out.dtype)
            product(rows, columns, bias[chosen], sums)
            sums = sums.reshape(*place.shape[:3], outputs)
            out[samples, chosen, lines] = sums.transpose(0, 3, 1, 2)


def _parts(shape, row_bytes):
    """Ranges of samples and of lines of the output, of bounded size."""
    samples, _, lines, columns = shape
    together = max(1, PART_BYTES // max(1, row_bytes * columns))
    if together >= lines:
        together //= max(1, lines)
        for start in range(0, samples, together):
            yield slice(start, start + together), slice(0, lines)
        return
    for sample in range(samples):
        for start in range(0, lines, together):
            yield slice(sample, sample + 1), slice(start, start + together)
