"""The product of spikes with weights and the neurons that take it, in one kernel, for the host.

A thread runs all steps of a sample before it begins the next one, so that sums and states stay in
L1.  The sums are those of ``cpu.product``, in index order, and the steps those of ``cpu.neurons``.
"""

from functools import cache

import numpy as np

from spikecore.backends import threads
from spikecore.backends.columns import part, row_of
from spikecore.backends.cpu.neurons import independent
from spikecore.backends.cpu.product import cost, weigh
from spikecore.compiler import kernel

WIDEST = 8192  # neurons of a sample: sums and states of float32 stay in L1 and L2


@cache
def _layer(step):
    """The kernel for one combination of axes and independent neurons."""
    advance = independent(step)

    @kernel
    def run(inputs, weights, bias, parameters, state, records, on, off, spikes, start, stop):
        num_steps, _, num_inputs = inputs.shape
        width = weights.shape[1]
        active = np.empty(num_inputs, np.int64)
        sums = np.empty(width, bias.dtype)
        for sample in range(start, stop):
            low = sample * width
            high = low + width
            p = part(parameters, low, high)
            s = part(state, low, high)
            for t in range(num_steps):
                weigh(inputs[t, sample], active, weights, bias, 0, width, sums)
                train = row_of(spikes, t, low, high)
                record = row_of(records, t, low, high)
                advance(sums, p, s, record, on, off, train)

    return run


def pays(samples, outputs):
    """Whether the kernel is faster than two, which share rows of spikes and not samples alone."""
    return outputs <= WIDEST and samples >= 2 * threads.thread_count()


def layer(step, inputs, weights, bias, parameters, state, records, on, off, spikes):
    """Run neurons over the weighted sums of inputs; ``state`` is updated in place."""
    _, samples, _ = inputs.shape
    nanoseconds = cost(inputs.size, len(bias)) + 0.4 * spikes.size
    threads.run(
        _layer(step), samples, nanoseconds,
        inputs, weights, bias, parameters, state, records, on, off, spikes,
    )  # fmt: skip
