"""Measures of spike trains over Dask arrays: trains by chunks, matrices by blocks of pairs."""

import math
from functools import partial

import dask.array as da
import numpy as np
from dask import delayed

from spikecore import arguments
from spikecore.chunked import is_dask
from spikecore.lazy.parts import whole
from spikecore.measures.rates import bin_lengths, binned
from spikecore.measures.trains import trains_of


def matrix(function, bound, symmetric, lead):
    """A matrix over pairs of trains, by blocks; ``lead`` axes stand before those of the pairs.

    Of a symmetric measure without targets every pair is computed once, in the order of one call.
    """
    options = dict(bound.arguments)
    spikes, targets = options.pop("spikes"), options.pop("targets", None)
    spikes = _trains("spikes", spikes)
    compared = spikes if targets is None else _trains("targets", targets)
    if compared.shape[0] != spikes.shape[0]:
        must = f"have as many time steps as spikes, {spikes.shape[0]}"
        arguments.refuse("targets", must, compared.shape[0], "cut both to the same length")
    call = partial(function, **options)
    none = [np.zeros((part.shape[0], 0), part.dtype) for part in (spikes, compared)]
    like = call(*none)  # checks the arguments
    rows, columns = _flat(spikes), _flat(compared)
    mirrored = symmetric and targets is None
    names = "spikes", "spikes" if targets is None else "targets"
    wholes = tuple(zip(names, (spikes.shape[1:], compared.shape[1:]), strict=True))
    blocks = [
        [
            _block(call, rows, columns, i, j, mirrored, like, wholes)
            for j in range(columns.numblocks[1])
        ]
        for i in range(rows.numblocks[1])
    ]
    axes = like.ndim - 2
    joined = da.concatenate([da.concatenate(row, axis=axes + 1) for row in blocks], axis=axes)
    return joined.reshape((*like.shape[:lead], *spikes.shape[1:], *compared.shape[1:]))


def _trains(name, spikes):
    """Spikes as a Dask array with all of time in one chunk."""
    spikes = spikes if is_dask(spikes) else da.from_array(arguments.array(name, spikes))
    if spikes.ndim == 0:
        remedy = "pass [num_steps, ...]"
        arguments.refuse(name, "have a time axis", "shape ()", remedy)
    return whole(name, spikes, [0])


def _flat(spikes):
    """The trains along one axis."""
    return spikes.reshape((spikes.shape[0], int(np.prod(spikes.shape[1:]))))


def _block(call, rows, columns, i, j, mirrored, like, wholes):
    """The measure of the trains of two chunks."""
    first, second = rows.to_delayed()[0, i], columns.to_delayed()[0, j]
    lengths = rows.chunks[1][i], columns.chunks[1][j]
    if mirrored and i > j:
        return _block(call, rows, columns, j, i, mirrored, like, wholes[::-1]).T
    second = None if mirrored and i == j else second
    places = _place(rows, i), _place(columns, j)
    made = delayed(_measured, pure=True)(call, first, second, places, wholes)
    return da.from_delayed(made, (*like.shape[:-2], *lengths), like.dtype)


def _place(trains, chunk):
    """The first train of a chunk."""
    return sum(trains.chunks[1][:chunk])


def _measured(call, first, second, places, wholes):
    """The measure of two chunks; of bad spikes the index is that in the whole."""
    given = [np.asarray(part) for part in (first, second) if part is not None]
    try:
        return call(*given)
    except ValueError:
        for part, place, (name, shape) in zip(given, places, wholes, strict=False):
            with arguments.part_of_a_whole(partial(_whole_index, place, shape)):
                trains_of(name, part)
        raise


def _whole_index(place, shape, index):
    """The index of a train of a chunk in the whole."""
    return index[0], *(
        int(i) for i in np.unravel_index(index[1] + place, shape or (1,))[: len(shape)]
    )


# --- measures of several trains together --------------------------------------------------------


def fano(of_counts, spikes, axis, ddof):
    """The Fano factor: numbers of spikes by chunks, and their variance in one task."""
    spikes = _trains("spikes", spikes)
    kept = _kept(spikes, of_counts, axis, ddof)
    counts = spikes.map_blocks(_counted, drop_axis=0, dtype=np.float64, meta=np.empty(0))
    made = delayed(of_counts, pure=True)(counts, axis, ddof)
    return da.from_delayed(made, tuple(spikes.shape[i] for i in kept), np.float64)


def _kept(spikes, of_counts, axis, ddof):
    """The axes of the spikes that a result keeps; wrong ones are refused."""
    of_counts(np.ones((1,) * (spikes.ndim - 1)), axis, ddof)
    gone = range(1, spikes.ndim) if axis is None else np.atleast_1d(axis) % spikes.ndim
    return [i for i in range(1, spikes.ndim) if i not in gone]


def _trains_at(values, block_info):
    """The trains of a chunk; of bad spikes the index is that in the whole."""
    origin = [first for first, _ in block_info[0]["array-location"]]
    with arguments.part_of_a_whole(partial(np.add, origin)):
        return trains_of("spikes", values)


def _counted(values, block_info=None):
    trains = _trains_at(values, block_info)
    return trains.counts.reshape(trains.shape).astype(np.float64)


def psth(function, spikes, bin_steps, output, axis, dt):
    """The histogram: numbers of spikes in bins by chunks, whose sums are exact in any order."""
    spikes = _trains("spikes", spikes)
    num_steps, ones = spikes.shape[0], (1,) * (spikes.ndim - 1)
    how = {"output": output, "axis": axis, "dt": dt}
    function(np.zeros((1, *ones), np.uint8), bin_steps, **how)  # checks the arguments
    bins = -(-num_steps // bin_steps)
    chunks = ((bins,), *spikes.chunks[1:])
    counts = spikes.map_blocks(
        _binned, bin_steps, chunks=chunks, dtype=np.float64, meta=np.empty((0, *ones))
    )
    gone = range(1, spikes.ndim) if axis is None else np.atleast_1d(axis) % spikes.ndim
    sums = counts.sum(axis=tuple(int(i) for i in gone))
    if output == "sum":
        return sums
    number = math.prod(spikes.shape[i] for i in gone)
    lengths = None
    if output == "rate":
        lengths = bin_lengths(num_steps, bin_steps, 1.0 if dt is None else float(dt))
    return sums.map_blocks(_divided, number, lengths, dtype=np.float64)


def _binned(values, bin_steps, block_info=None):
    return binned(_trains_at(values, block_info), bin_steps)


def _divided(sums, number, lengths, block_info=None):
    """Sums divided by the number of trains, and by the lengths of their bins."""
    with np.errstate(invalid="ignore"):  # no trains
        found = sums / number
    if lengths is None:
        return found
    first, last = block_info[0]["array-location"][0]
    return found / lengths[first:last].reshape(-1, *[1] * (sums.ndim - 1))
