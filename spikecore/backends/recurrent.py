"""Neurons whose spikes come back through weights at the next step: one kernel, for the host.

Each sum is that of ``cpu.product``: the weight rows of the neurons that fired, in index order.
"""

from functools import cache

import numpy as np

from spikecore.backends import threads
from spikecore.backends.columns import part, row_of
from spikecore.backends.cpu.neurons import independent
from spikecore.backends.cpu.product import weigh
from spikecore.backends.cpu.tiles import tile_count
from spikecore.compiler import equation, kernel

SAMPLES = 16  # in a tile, so that the loop over its neurons is long


@equation
def sum_of(current, back, total):
    """Set ``total`` to what each neuron gets in one step."""
    for i in range(total.size):
        total[i] = current[i] + back[i]


@cache
def _recurrent(step):
    """The kernel for one combination of axes, over samples of neurons that are connected."""
    advance = independent(step)

    @kernel
    def run(
        current, weights, bias, tile_size, back, sums, parameters, state, records, on, off, spikes,
        start, stop,
    ):  # fmt: skip
        (num_steps, size), width = current.shape, bias.size
        active = np.empty(width, np.int64)
        for tile in range(start, stop):
            low = tile * tile_size
            high = min(low + tile_size, size)
            p = part(parameters, low, high)
            s = part(state, low, high)
            x = np.empty(high - low, current.dtype)
            for t in range(num_steps):
                if t == 0:
                    sum_of(current[t, low:high], back[low:high], x)
                else:
                    sum_of(current[t, low:high], sums[t - 1, low:high], x)
                train = spikes[t, low:high]
                record = row_of(records, t, low, high)
                advance(x, p, s, record, on, off, train)
                for first in range(0, high - low, width):
                    total = sums[t, low + first : low + first + width]
                    weigh(train[first : first + width], active, weights, bias, 0, width, total)

    return run


def recurrent(
    step, current, weights, bias, back, sums, parameters, state, records, on, off, spikes
):
    """Run rows of neurons over [T, M] currents, to which the weighted spikes come back.

    ``back`` is what comes back at the first step, and ``sums``, [T, M], are set to the weighted
    spikes of each step, which come back at the next one; ``state`` is updated in place.
    """
    width = bias.size
    tile_size = width * SAMPLES
    nanoseconds = (1.5 + 0.005 * width) * current.size
    threads.run(
        _recurrent(step), tile_count(current.shape[1], tile_size), nanoseconds,
        current, weights, bias, tile_size, back, sums, parameters, state, records, on, off, spikes,
    )  # fmt: skip
