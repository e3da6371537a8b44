"""Encodings of class labels: target spikes for the output neurons of a classifier.

Wherever ``on_target`` and ``off_target`` are given, an element is ``on_target`` at a spike and
``off_target`` elsewhere.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from spikecore import arguments, backends, memory, random
from spikecore.annotations import (
    Array,
    ArrayLike,
    Device,
    FiringPattern,
    Integer,
    Number,
    Seed,
    SpikeDtype,
)
from spikecore.codes.latency import latency
from spikecore.codes.one_hot import classes, fill_one_hot, to_one_hot
from spikecore.codes.sparse import gives_events, in_samples, zero
from spikecore.codes.trains import PATTERNS, Rate, draws_of, exact_rate, fill_trains

TargetCode: TypeAlias = Literal["rate", "latency"]


@gives_events
def targets_convert(
    targets: ArrayLike,
    num_classes: Integer,
    code: TargetCode = "rate",
    num_steps: Integer | None = None,
    first_spike_time: Integer = 0,
    correct_rate: Rate = 1,
    incorrect_rate: Rate = 0,
    on_target: Number = 1,
    off_target: Number = 0,
    firing_pattern: FiringPattern = "regular",
    interpolate: bool = False,
    epsilon: Number = 1e-7,
    threshold: Number = 0.01,
    tau: Number = 1,
    clip: bool = False,
    normalize: bool | Literal["sample"] = False,
    linear: bool = False,
    bypass: bool = False,
    *,
    seed: Seed | None = None,
    uniforms: ArrayLike | None = None,
    dtype: SpikeDtype | None = None,
    out: Array | None = None,
    first_element: Integer = 0,
    device: Device | None = None,
    sparse: bool = False,
) -> Array:
    """Encode class labels by rate (:func:`targets_rate`) or latency (:func:`targets_latency`).

    Parameters
    ----------
    targets : array_like of int
        Class of each sample, ``[batch]``, in [0, num_classes).
    num_classes : int
    code : {"rate", "latency"}
    num_steps, first_spike_time, correct_rate, incorrect_rate, on_target, off_target, \
firing_pattern, interpolate, epsilon, seed, uniforms, first_element
        As in :func:`targets_rate`.
    threshold, tau, clip, normalize, linear, bypass
        As in :func:`targets_latency`.
    dtype, out, device, sparse
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray or Events
        ``[num_steps, batch, num_classes]``, or ``[batch, num_classes]`` where nothing depends on
        time.

    Raises
    ------
    ValueError, TypeError
        Another ``code``, or as the function it calls.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.targets_convert``, which does not pass ``on_target``,
    ``off_target``, ``interpolate`` and ``epsilon`` to the latency code; here they are passed.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.targets_convert([4], num_classes=5, code="rate")
    array([[0., 0., 0., 0., 1.]], dtype=float32)
    """
    if arguments.choice("code", code, get_args(TargetCode)) == "rate":
        return targets_rate(
            targets, num_classes, num_steps, first_spike_time, correct_rate, incorrect_rate,
            on_target, off_target, firing_pattern, interpolate, epsilon, seed=seed,
            uniforms=uniforms, dtype=dtype, out=out, first_element=first_element, device=device,
            sparse=sparse,
        )  # fmt: skip
    return targets_latency(
        targets, num_classes, num_steps, first_spike_time, on_target, off_target, interpolate,
        threshold, tau, clip, normalize, linear, epsilon, bypass,
        dtype=dtype, out=out, device=device, sparse=sparse,
    )  # fmt: skip


@gives_events
def targets_rate(
    targets: ArrayLike,
    num_classes: Integer,
    num_steps: Integer | None = None,
    first_spike_time: Integer = 0,
    correct_rate: Rate = 1,
    incorrect_rate: Rate = 0,
    on_target: Number = 1,
    off_target: Number = 0,
    firing_pattern: FiringPattern = "regular",
    interpolate: bool = False,
    epsilon: Number = 1e-7,
    *,
    seed: Seed | None = None,
    uniforms: ArrayLike | None = None,
    dtype: SpikeDtype | None = None,
    out: Array | None = None,
    first_element: Integer = 0,
    device: Device | None = None,
    sparse: bool = False,
) -> Array:
    """Encode class labels as spike trains: a rate for the correct class, and one for the rest.

    Parameters
    ----------
    targets : array_like of int
        Class of each sample, ``[batch]``, in [0, num_classes).
    num_classes : int
    num_steps : int, optional
        Time steps; needed unless the rates are 1 and 0 and ``first_spike_time`` is 0.
    first_spike_time : int
        Step of the first possible spike.
    correct_rate, incorrect_rate : float
        Spikes per step in [0, 1]; the first at least as large as the second.
    on_target, off_target : float
        Value at a spike, and elsewhere.
    firing_pattern : {"regular", "uniform", "poisson"}
        See :func:`target_rate_code`.  Every sample and class has its own random train.
    interpolate : bool
        Rise linearly to each spike, see :func:`rate_interpolate`.
    epsilon : float
        Has no effect; in snnTorch it corrects rounding, which is not needed here.
    seed : int, numpy.random.Generator or None
        For the random patterns.
    uniforms : array_like, optional
        Instead of ``seed``, for the poisson pattern: ``[num_steps, batch, num_classes]``.
    first_element : int
        Flat index, in a larger batch, of the first sample's first class.
    dtype, out, device, sparse
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray or Events
        ``[num_steps, batch, num_classes]``; ``[batch, num_classes]`` when the rates are 1 and 0
        and ``first_spike_time`` is 0, because every step would be the same.

    Raises
    ------
    ValueError, TypeError
        Labels that are not classes, rates outside [0, 1] or in the wrong order, ``num_steps``
        missing, or another pattern.

    Notes
    -----
    After the documentation of snnTorch 1.0.0's ``spikegen.targets_rate``.  Its code gives a wrong
    shape, or fails, for any rates but (1, 0), and uses the same random train for all.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.targets_rate([4], num_classes=5, num_steps=5, correct_rate=0.25, on_target=1.2,
    ...                       off_target=0.5, interpolate=True)[:, 0, 4].round(4)
    array([1.2   , 0.5   , 0.7333, 0.9667, 1.2   ], dtype=float32)
    """
    labels, num_classes = classes(targets, num_classes)
    num_steps = arguments.optional_steps("num_steps", num_steps)
    first = arguments.integer("first_spike_time", first_spike_time, 0, num_steps)
    correct = exact_rate("correct_rate", correct_rate)
    incorrect = exact_rate("incorrect_rate", incorrect_rate)
    if incorrect > correct:
        must, got = "not exceed correct_rate", f"{incorrect_rate} and {correct_rate}"
        arguments.refuse("incorrect_rate", must, got, "exchange them")
    pattern = arguments.choice("firing_pattern", firing_pattern, PATTERNS)
    interpolate = arguments.flag("interpolate", interpolate)
    dtype = arguments.spike_dtype(dtype, out, np.dtype(np.float32))
    levels = arguments.levels(on_target, off_target, dtype, interpolate)
    shape = (labels.size, num_classes)
    if arguments.flag("sparse", sparse):
        _refuse_beside_sparse(out, levels[1], interpolate, (correct, incorrect, first), num_steps)
        seed = random.seed_of(seed) if uniforms is None and pattern != "regular" else seed
        shape = (num_steps, labels.size, num_classes)
        uniforms = None if uniforms is None else _uniforms(uniforms, shape)

        def encode(samples):
            """The dense trains of some samples."""
            return targets_rate(
                labels[samples], num_classes, num_steps, first_spike_time, correct_rate,
                incorrect_rate, on_target, 0, firing_pattern, dtype=dtype, seed=seed,
                uniforms=None if uniforms is None else uniforms[:, samples],
                first_element=first_element + samples.start * num_classes, device=device,
            )  # fmt: skip

        return in_samples(encode, shape)
    if correct == 1 and incorrect == 0 and first == 0:
        if device is not None:
            backends.choose(device)
        result = arguments.output(out, shape, dtype)
        fill_one_hot(result, labels, *levels)
        return result
    if num_steps is None:
        must = "be given unless the rates are 1 and 0 and first_spike_time is 0"
        arguments.refuse("num_steps", must, None, "pass num_steps")
    backend = backends.choose(device)
    shape = (num_steps, *shape)
    if out is None:
        memory.fits_memory(shape, dtype)
    hot = np.zeros(shape[1:], bool)
    fill_one_hot(hot, labels, True, False)
    draws = draws_of(pattern, seed, uniforms, first_element, shape, backend)
    result = arguments.output(out, shape, dtype, uniforms=draws.uniforms)
    rates, hot = (incorrect, correct), hot.reshape(-1)
    fill_trains(result, hot, rates, first, pattern, levels, interpolate, draws, backend)
    return result


def _refuse_beside_sparse(out, off, interpolate, rates, num_steps):
    """Refuse what Events cannot hold."""
    if out is not None:
        must, remedy = "be left out with sparse=True", "leave out one of the two"
        arguments.refuse("out", must, arguments.shown(out), remedy)
    zero("off_target", off)
    zero("interpolate", interpolate)
    if rates == (1, 0, 0):
        must = "be False where nothing depends on time (rates of 1 and 0, first_spike_time 0)"
        arguments.refuse("sparse", must, True, "leave it out; the labels have no time axis")
    if num_steps is None:
        arguments.refuse("num_steps", "be given", None, "pass num_steps")


def _uniforms(uniforms, shape):
    """Uniforms of all samples."""
    given = arguments.array("uniforms", uniforms)
    if given.shape != shape:
        must, remedy = f"have shape {shape}, one for each spike", "draw them with that shape"
        arguments.refuse("uniforms", must, given.shape, remedy)
    return given


@gives_events
def targets_latency(
    targets: ArrayLike,
    num_classes: Integer,
    num_steps: Integer | None = None,
    first_spike_time: Integer = 0,
    on_target: Number = 1,
    off_target: Number = 0,
    interpolate: bool = False,
    threshold: Number = 0.01,
    tau: Number = 1,
    clip: bool = False,
    normalize: bool | Literal["sample"] = False,
    linear: bool = False,
    epsilon: Number = 1e-7,
    bypass: bool = False,
    *,
    dtype: SpikeDtype | None = None,
    out: Array | None = None,
    device: Device | None = None,
    sparse: bool = False,
) -> Array:
    """Encode class labels by spike time: the latency code of the one-hot labels.

    The correct class spikes first; all other classes last, or never with ``clip=True``.

    Parameters
    ----------
    targets : array_like of int
        Class of each sample, ``[batch]``, in [0, num_classes).
    num_classes : int
    num_steps, first_spike_time, on_target, off_target, interpolate, threshold, tau, clip, \
normalize, linear, epsilon, bypass, dtype, out, device, sparse
        As in :func:`spikecore.spikegen.latency`.

    Returns
    -------
    numpy.ndarray or Events
        ``[num_steps, batch, num_classes]``.

    Raises
    ------
    ValueError, TypeError
        Labels that are not classes, or as :func:`spikecore.spikegen.latency`.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.targets_latency([0, 3], num_classes=4, num_steps=5, normalize=True)[:, 0, 1]
    array([0., 0., 0., 0., 1.], dtype=float32)
    """
    return latency(
        to_one_hot(targets, num_classes), num_steps, threshold, tau, first_spike_time, on_target,
        off_target, clip, normalize, linear, interpolate, bypass, epsilon,
        dtype=dtype, out=out, device=device, sparse=sparse,
    )  # fmt: skip
