"""Codes of values for one number at a time, as their definitions say, in the number's own dtype."""

import math
from fractions import Fraction

import numpy as np


def phase(x, num_bits, num_steps):
    """Weights that fit are taken off, the largest first."""
    bits, rest = [], x
    for j in range(num_bits):
        weight = type(x)(2.0 ** -(j + 1))
        bits.append(int(rest >= weight))
        rest = rest - weight if rest >= weight else rest
    return [bits[t % num_bits] for t in range(num_steps)]


def burst(x, num_steps, max_spikes, min_interval, max_interval, gap=0, rounds="interval"):
    kind = type(x)
    count = math.ceil(x * kind(max_spikes))
    interval = kind(max_interval) - x * kind(max_interval - min_interval)
    if rounds == "interval":
        steps = [k * (math.ceil(interval) + gap) for k in range(count)]
    else:  # whole multiples of 2**-16, and halves to the even step
        unit = int(np.rint((interval + kind(gap)) * kind(2**16)))
        steps = [round(Fraction(k * unit, 2**16)) for k in range(count)]
    return [int(t in steps) for t in range(num_steps)]


def decaying(x, num_steps, threshold, tau, compare=">"):
    """The first step at which a threshold has fallen below the value."""
    for t in range(num_steps):
        level = threshold * math.exp(-t / tau)
        if x > level or (compare == ">=" and x == level and x > 0):
            return t
    return None


def exponential(x, num_steps):
    kind, last = type(x), num_steps - 1
    grown = kind(math.exp(last) - 1) * x + kind(1)
    return int(np.rint(kind(last) - kind(math.log(grown))))


def inverse(x, least, num_steps):
    if x <= least:
        return None
    one = type(x)(1)
    step = max(0, math.ceil((one / x) * (type(x)(num_steps) / (one / least))) - 1)
    return step if step < num_steps - 1 else None


def current(x, num_steps, decay, threshold, gain, first_only=False):
    kind = type(x)
    decay, threshold, gain = kind(decay), kind(threshold), kind(gain)
    v, spikes = kind(0), []
    for _ in range(num_steps):
        v = decay * v + gain * x
        spikes.append(int(v > threshold and not (first_only and any(spikes))))
        if v > threshold:
            v = kind(0)
    return spikes


def ranks(values, ties):
    """The rank of each value from the largest down, and None for 0."""
    found = []
    for i, x in enumerate(values):
        larger = [y for y in values if y > x]
        rank = len(set(larger)) if ties == "share" else len(larger) + values[:i].count(x)
        found.append(rank if x > 0 else None)
    return found


def poisson(p, words, refractory, rate_is):
    """``p`` and ``words`` of one element, step by step."""
    spikes, waits = [], 0
    for probability, word in zip(p, words, strict=True):
        kind, q = type(probability), probability
        if rate_is == "mean":
            q = min(kind(1), q / (kind(1) - q * kind(refractory)))
        fired = waits == 0 and Fraction(int(word), 2**32) < Fraction(float(q))
        spikes.append(int(fired))
        waits = refractory if fired else max(0, waits - 1)
    return spikes


def centres(neurons, low, high, kind, where="bohte"):
    """In the dtype of the data, by the order of the operations of SPEC.md."""
    first = -0.5 if where == "bohte" else 0.0
    spacing = (high - low) / (neurons - 2 if where == "bohte" else neurons - 1)
    return [kind(low) + kind(first + i) * kind(spacing) for i in range(neurons)], spacing


def train(step, num_steps):
    """A train with one spike, or with none."""
    return [int(t == step) for t in range(num_steps)]
