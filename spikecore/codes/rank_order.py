"""Rank-order code: the largest value first, then the next, whatever the values are."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spikecore import arguments
from spikecore.annotations import (
    Array,
    ArrayLike,
    Data,
    Device,
    Integer,
    Number,
    Out,
    SpikeDtype,
    Stream,
)
from spikecore.backends.loops import Place
from spikecore.chunked import divided
from spikecore.codes.values import emit_spike, first_spikes, placed, steps
from spikecore.compiler import equation

TIES = ("share", "index")


@equation
def step_of_rank(rank, shared, none):
    """The step of a rank."""
    return np.int32(rank)


RANK = Place(step_of_rank, emit_spike)


@divided("rows", placed=True)
def rank_order(
    data: Data,
    num_steps: Integer | None = None,
    *,
    ties: Literal["share", "index"] = "share",
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Rank-order code: in each sample, the r-th largest value spikes at step r, from 0.

    Parameters
    ----------
    data : array_like
        Values of at least 0, ``[...]``; the first axis is the batch when there are two or more.
        A value of 0 is silent.  Not on a GPU, since they are sorted on the host.
    num_steps : int, optional
        Time steps; ranks from there on are silent.  As many as a sample has values, if left out.
    ties : {"share", "index"}
        Equal values share a step, and the next value has the next; or the first of them in C order
        spikes first.
    dtype, out, device, stream
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes, 0 or 1, ``[num_steps, ...]``.

    Raises
    ------
    ValueError, TypeError
        NaN, infinity or a negative value, data on a GPU, or an ``out`` of the wrong form.

    Notes
    -----
    S. Thorpe and J. Gautrais, "Rank order coding", in: Computational Neuroscience: Trends in
    Research (1998).  BindsNET's ``rank_order`` is another code, whose times are proportional to
    ``1/x``: the law ``"inverse"`` of the time to the first spike.

    Examples
    --------
    >>> from spikecore import decode, spikegen
    >>> spikes = spikegen.rank_order([0.2, 0.9, 0.0, 0.2, 0.1], num_steps=3)
    >>> spikes
    array([[0., 1., 0., 0., 0.],
           [1., 0., 0., 1., 0.],
           [0., 0., 0., 0., 1.]])
    >>> decode.rank_order(spikes)
    array([0.5 , 1.  , 0.  , 0.5 , 0.25])
    """
    ties = arguments.choice("ties", ties, TIES)
    arguments.array("data", data)  # refuses data on a GPU
    call = arguments.Call("data", data, dtype, out, device, stream)
    values = call.values
    batch = len(values) if values.ndim > 1 else 1
    if num_steps is None:
        num_steps = max(1, values.size // max(1, batch))
    num_steps = steps(num_steps)
    backend = call.choose(num_steps * values.size)
    largest = np.finfo(values.dtype).max
    arguments.within("data", values, 0, largest, backend, "finite and at least 0")
    ranks = _ranks(values.reshape(batch, -1) if values.size else values.reshape(1, 0), ties)
    return placed(call, RANK, np.int32(0), num_steps, ranks.reshape(-1))


def _ranks(rows, ties):
    """The rank of every value in its row from the largest down, -1 for 0."""
    order = np.argsort(-rows, axis=1, kind="stable")
    sorted_rows = np.take_along_axis(rows, order, axis=1)
    new = np.ones(rows.shape, np.int32)
    if ties == "share":
        new[:, 1:] = sorted_rows[:, 1:] != sorted_rows[:, :-1]
    numbered = np.cumsum(new, axis=1, dtype=np.int32) - np.int32(1)
    ranks = np.empty(rows.shape, np.int32)
    np.put_along_axis(ranks, order, numbered, axis=1)
    ranks[rows == 0] = -1
    return ranks


@divided("time")
def decode(
    spikes: ArrayLike,
    modulation: Number = 0.5,
) -> Array:
    """Weight of a rank-order code: ``modulation**step``, and 0 for silence.

    The order of the values is exact, where the encoder's steps were enough; their size is not in
    the code.

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``; the first spike of a train counts.  :class:`~spikecore.Events` are not
        made dense.
    modulation : float
        In (0, 1): what a step takes off.

    Returns
    -------
    numpy.ndarray of float64

    Raises
    ------
    ValueError, TypeError
        No time axis, or a modulation outside (0, 1).

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.rank_order([[0, 1, 0], [1, 0, 0]], modulation=0.9)
    array([0.9, 1. , 0. ])
    """
    inside = {"open_low": True, "open_high": True}
    modulation = arguments.number("modulation", modulation, 0, 1, **inside)
    step, num_steps = first_spikes(spikes)
    return np.asarray(np.where(step < num_steps, modulation**step, 0.0))
