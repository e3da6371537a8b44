"""Codes of time series as they are defined: one feature, one number after another."""

import math
from itertools import pairwise

import numpy as np


def apart(code):
    """The code of a signal [T, ...], each feature by itself."""

    def encode(signal, *arguments, **options):
        flat = signal.reshape(len(signal), math.prod(signal.shape[1:]))
        columns = [code(list(column), *arguments, **options) for column in flat.T]
        if not columns:
            return np.zeros(signal.shape)
        return np.array(columns, np.float64).T.reshape(signal.shape)

    return encode


def meets(compare):
    return (lambda a, b: a >= b) if compare == ">=" else (lambda a, b: a > b)


@apart
def temporal_contrast(x, threshold, compare=">"):
    beyond = meets(compare)
    spikes = [0] * len(x)
    for t in range(1, len(x)):
        change = x[t] - x[t - 1]
        spikes[t] = int(beyond(change, threshold)) - int(beyond(-change, threshold))
    return spikes


@apart
def step_forward(x, threshold, down, compare=">", baseline="step", refractory=0, initial=None):
    beyond, spikes, silent = meets(compare), [], 0
    b = initial
    for sample in x:
        if b is None:
            b, spike = sample, 0
        else:
            rises = beyond(sample, b + threshold)
            falls = beyond(-sample, -(b - down))
            spike = int(rises) - int(falls)
            if silent:
                spike = 0
            if spike:
                silent = refractory
            if baseline == "signal":
                b = sample if spike or silent else b
            elif spike:
                b = b + threshold if spike > 0 else b - down
            silent = max(0, silent - 1)
        spikes.append(spike)
    return spikes


@apart
def several(
    x, threshold, compare=">=", most=2**24, initial=None, down=None, baseline="step", refractory=0
):  # fmt: skip
    """step_forward(multi=True)."""
    down, most = threshold if down is None else down, 1 if refractory else most
    spikes, b, silent = [], initial, 0

    def levels(quotient):
        whole = int(quotient // type(quotient)(1))
        if compare == ">" and quotient == whole:
            whole -= 1
        return min(max(whole, 0), most)

    for sample in x:
        if b is None:
            b = sample
        count = levels((sample - b) / threshold) - levels((b - sample) / down)
        if silent:
            count = 0
        if count:
            silent = refractory
        if baseline == "signal":
            b = sample if count or silent else b
        elif count:
            b = b + type(sample)(count) * (threshold if count > 0 else down)
        silent = max(0, silent - 1)
        spikes.append(count)
    return spikes


@apart
def moving_window(x, threshold, window, compare=">", first="growing"):
    beyond, spikes = meets(compare), []
    for t, sample in enumerate(x):
        before = x[max(0, t - window) : t]
        if t < window:
            before = x[:window] if first == "window" else before or x[:1]
        total = before[0]
        for value in before[1:]:
            total = total + value
        mean = total / type(sample)(len(before))
        rises = beyond(sample, mean + threshold)
        falls = beyond(-sample, -(mean - threshold))
        spikes.append(int(rises) - int(falls))
    return spikes


@apart
def sigma_delta(
    x, threshold, compare=">=", feedback="decoder", cum_error=False, initial=0, step=None,
    num_bits=None,
):  # fmt: skip
    beyond, values = meets(compare), []
    zero = type(threshold)(0)
    reference, residual, error = type(threshold)(initial), zero, zero
    for sample in x:
        change = sample - reference
        if feedback == "residual":
            change = change + residual
        error = error + change
        sent = beyond(abs(error if cum_error else change), threshold)
        value = change if sent else zero
        if sent:
            error = zero
        if num_bits:
            unit, half = type(threshold)(step), 2 ** (num_bits - 1)
            value = min(max(value, -half * unit), (half - 1) * unit)
        kept, value = value, value if step is None else value // type(threshold)(step) * step
        if feedback == "residual":
            reference, residual = sample, change - kept
        else:
            reference = reference + value
        values.append(value)
    return values


@apart
def level_crossing(x, spacing):
    levels = [sample / spacing // type(sample)(1) for sample in x]
    return [0] + [b - a for a, b in pairwise(levels)] if x else []


@apart
def staircase(spikes, threshold, down, initial):
    values, y = [], initial
    for spike in spikes:
        y = y + type(y)(spike) * (threshold if spike > 0 else down)
        values.append(y)
    return values


@apart
def bsa(u, taps, threshold, criterion="subtract", offsets=(0, 0, 0), tail="truncate", slip_wraps=0):
    """``slip_wraps``: a toolbox takes the last sample for the one before the first."""
    u, spikes, zero = list(u), [0] * len(u), type(threshold)(0)
    last = len(u) - len(taps) - max(offsets[:2])

    def under(t, offset):
        return [(t + offset + k, h) for k, h in enumerate(taps) if 0 <= t + offset + k < len(u)]

    for t in range(len(u)):
        missed, total = zero, zero
        for i, h in under(t, offsets[0]):
            missed = missed + abs(u[i] - h)
        if slip_wraps and t + offsets[1] < 0:
            total = abs(u[t + offsets[1]])
        for i, _ in under(t, offsets[1]):
            total = total + abs(u[i])
        limit = threshold * total if criterion == "multiply" else total - threshold
        if missed <= limit and (tail == "truncate" or t <= last):
            spikes[t] = 1
            for i, h in under(t, offsets[2]):
                u[i] = u[i] - h
    return spikes


@apart
def hough(u, taps, threshold, tail):
    u, spikes, zero = list(u), [0] * len(u), type(threshold)(0)
    for t in range(len(u) if tail == "truncate" else len(u) - len(taps) + 1):
        pairs = list(zip(range(t, len(u)), taps, strict=False))
        missed = zero
        for i, h in pairs:
            missed = missed + max(h - u[i], zero)
        if missed <= threshold:
            spikes[t] = 1
            for i, h in pairs:
                u[i] = u[i] - h
    return spikes


@apart
def convolve(spikes, taps, shift, gain, delay):
    values, zero = [], type(shift)(0)
    for t in range(len(spikes)):
        total = zero
        for k, h in enumerate(taps):
            if 0 <= t + delay - k < len(spikes):
                total = total + type(shift)(spikes[t + delay - k]) * h
        values.append(gain * total + shift)
    return values


@apart
def pulse_width(x, period, low, high):
    spikes, waiting = [], True
    for t, sample in enumerate(x):
        kind = type(sample)
        if t % period == 0:
            waiting = True
        meets = kind(t % period) / kind(period) >= (sample - low) / (high - low)
        spikes.append(int(waiting and meets))
        waiting = waiting and not meets
    return spikes


@apart
def decoded_pulse_width(spikes, period, low, high):
    kind = type(low)
    times = [t for t, spike in enumerate(spikes) if spike]
    saw = {t: kind(t % period) / kind(period) for t in times}
    values = []
    for t in range(len(spikes)):
        before, after = [s for s in times if s <= t], [s for s in times if s >= t]
        if t in saw:
            u = saw[t]
        elif before and after:
            p, q = before[-1], after[0]
            u = saw[p] + (saw[q] - saw[p]) * (kind(t - p) / kind(q - p))
        elif times:
            u = saw[before[-1] if before else after[0]]
        values.append(low + u * (high - low) if times else high)
    return values
