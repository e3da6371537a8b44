"""Matrices of a measure over pairs of trains, computed in one call on all threads."""

import numpy as np

from spikecore.backends import trains as loops
from spikecore.measures.trains import zeros


def matrix(measure, trains, targets, numbers, nanoseconds, itself=0.0):
    """A measure of every train and every target, of the shapes of both one after the other.

    Without targets the measure is symmetric, and ``itself`` is that of a train with itself; every
    pair is then computed once.
    """
    compared = trains if targets is None else targets
    shape = (len(trains.counts), len(compared.counts))
    out = zeros(shape)
    nanoseconds = nanoseconds / 2 if targets is None else nanoseconds
    loops.each_pair(measure, trains, targets, numbers, out[:, :, None], nanoseconds)
    if targets is None:
        out += out.T  # the part below the diagonal is 0
        np.fill_diagonal(out, itself)
    return out.reshape((*trains.shape, *compared.shape))


def spikes_in(trains, targets):
    """The spikes of both trains, summed over all pairs: what a walk along each pair meets."""
    compared = trains if targets is None else targets
    first, second = trains.counts, compared.counts
    return float(first.sum()) * len(second) + float(second.sum()) * len(first)


def products_in(trains, targets):
    """The product of the two numbers of spikes, summed over all pairs."""
    compared = trains if targets is None else targets
    return float(trains.counts.sum()) * float(compared.counts.sum())
