"""The currents on which neurons are compared, each chosen because it parts some pair of them.

All but the last trial have the same shape, so that state carried from call to call shows.
"""

from typing import NamedTuple

import numpy as np

from spikecore import random

WIDTH = 64
EDGE_STEPS = 48
CANDIDATES = 512  # edge columns to choose from


class Trial(NamedTuple):
    """One input, the neuron, why it is tried, and the inputs of the trials run before it."""

    name: str
    inputs: np.ndarray
    lif: object
    why: str
    earlier: tuple = ()


def trials(lif, dtype):
    """The default trials for a neuron, in the order in which they are run."""
    unit = float(lif.threshold) / abs(float(lif.gain) or 1.0)
    offset = float(lif.leak) * (1 - float(lif.decay)) / (float(lif.gain) or 1.0)
    pulses = _pulses(lif, unit, dtype)
    columns = {
        "pulses": (pulses, "single pulses at, below and far above the threshold"),
        "pulses again": (pulses, "the same call repeated: nothing may be kept between calls"),
        "grid": (_grid(unit), "constant inputs on a grid of tenths, where float32 and 64 part"),
        "random": (_noise(unit, 96, (WIDTH,), 1), "noise around the threshold, negative too"),
        "strong": (4 * _noise(unit, 48, (WIDTH,), 2), "inputs of several thresholds a step"),
        "edge": (_edge(lif, unit, dtype), "membranes within a few ulp of the threshold"),
        "batch": (_noise(unit, 40, (3, 4), 3), "two axes: samples must not touch one another"),
    }
    if lif.inhibition:
        columns["alone"] = pulses[:, :, None], "neurons that have nobody to compete with"
    moved = {name: (array - offset if name in ("grid", "random") else array, why)
             for name, (array, why) in columns.items()}  # fmt: skip
    result = []
    for name, (array, why) in moved.items():
        earlier = tuple(trial.inputs for trial in result)
        result.append(Trial(name, np.ascontiguousarray(array, dtype), lif, why, earlier))
    return result


def draws(shape, seed):
    """Uniforms in [0, 1) that are the same on every machine."""
    return random.uniforms(seed, shape)


def _noise(unit, steps, shape, seed):
    uniform = draws((steps, *shape), seed)
    return (1.3 * uniform - 0.4) * unit * (0.5 + uniform[:1])


def _grid(unit):
    levels = np.arange(1, WIDTH // 2 + 1) * 0.1
    constant = np.repeat(levels[None] % 2.5, 64, axis=0)
    mixed = np.rint(draws((64, WIDTH // 2), 4) * 12 - 2) * 0.1
    return np.concatenate([constant, mixed], axis=1) * unit


def _pulses(lif, unit, dtype):
    """A pulse, silence, then another; the first at the threshold and its neighbours."""
    exact = to_reach(lif, dtype)
    around = [exact, np.nextafter(exact, dtype.type(np.inf)), np.nextafter(exact, dtype.type(0))]
    far = np.array([0.5, 1.5, 2, 2.5, 3, 3.5, 5, -0.5, -1, -2, -4]) * unit
    first = np.resize(np.concatenate([around, far]), WIDTH)
    pulses = np.zeros((24, WIDTH))
    pulses[1] = first
    columns = np.arange(WIDTH)
    gap = 2 + columns // len(around + list(far))
    pulses[gap, columns] = np.where(columns % 2, 0.4, 0.7) * unit
    pulses[12] = np.roll(first, 5)
    return pulses


def to_reach(lif, dtype):
    """The input that takes a resting membrane exactly to the threshold, where there is one."""
    gain, threshold = dtype.type(lif.gain), dtype.type(lif.threshold)
    leak = dtype.type(lif.leak)
    if not gain:
        return dtype.type(0)
    guess = (threshold - leak) / gain
    for _ in range(8):
        reached = leak + gain * guess
        if reached == threshold:
            break
        guess = np.nextafter(guess, dtype.type(np.inf if (reached < threshold) == (gain > 0)
                                               else -np.inf))  # fmt: skip
    return guess


def _edge(lif, unit, dtype):
    """Columns whose second step lands within a few ulp of the threshold; the telling ones first."""
    uniform = draws((EDGE_STEPS, CANDIDATES), 5)
    current = np.rint(uniform * 14 - 3) * 0.1 * unit
    decay, gain = dtype.type(lif.decay), dtype.type(lif.gain or 1)
    leak, threshold = dtype.type(lif.leak), dtype.type(lif.threshold)
    current[0] = -(0.5 + 3.5 * uniform[0]) * unit
    first = leak + gain * current[0].astype(dtype)
    missing = (threshold - (leak + decay * (first - leak))) / gain
    ulps = np.rint(uniform[2] * 4 - 2).astype(dtype)
    current[1] = missing + ulps * np.spacing(np.abs(missing))
    current = current.astype(dtype)
    return current[:, telling(lif, current)[:WIDTH]]


def telling(lif, current):
    """Columns ordered so that those on which precisions or comparisons part come first."""
    from dataclasses import replace

    from spikecore.validate.walk import walk

    plain = walk(lif, current).spikes
    others = [walk(lif, current, wide=True).spikes, walk(lif, current, fused="decay").spikes]
    if lif.spikes == "single":
        other = ">" if lif.compare == ">=" else ">="
        others.append(walk(replace(lif, compare=other), current).spikes)
    groups = [np.flatnonzero((plain != one).any(axis=0))[: WIDTH // 4] for one in others]
    first = np.unique(np.concatenate(groups))
    return np.concatenate([first, np.setdiff1d(np.arange(current.shape[1]), first)])
