"""What a code gives to a loop: its equations, as functions marked ``equation``.

A backend has one loop of each kind, which only indexes and calls; the code's equations compute.
Every equation works for arrays (``numpy``), for scalars and inside kernels (``cpu``, ``cuda``), and
takes the code's numbers as a NamedTuple of scalars.
"""

from typing import Any, NamedTuple

import numpy as np

from spikecore.compiler import equation


@equation
def keep(held, prepared):
    """What is held, unchanged."""
    return held


class Draw(NamedTuple):
    """Random words decide: each step of each element has a 32-bit word of its own.

    Attributes
    ----------
    prepare : equation
        ``prepare(x, numbers)``: what a feature holds, to compare its words with, a uint64.
    fires : equation
        ``fires(word, held, left)``: whether there is a spike, and what the feature holds after the
        step; ``left`` is the number of steps to the end of the output, with this step.
    carried : bool
        What a feature holds changes from step to step; otherwise ``fires`` returns it unchanged.
    renew : equation
        ``renew(held, prepared)``: what a feature holds at a step of data that vary with time.
        ``held`` is what it held after the step before, or 0 before the first step, which must give
        ``prepared``; that is what ``prepare`` made of the step's value.  Used if ``carried``.
    """

    prepare: Any
    fires: Any
    carried: bool = False
    renew: Any = keep


class Place(NamedTuple):
    """The steps of an element's spikes are known before the first of them.

    Attributes
    ----------
    prepare : equation
        ``prepare(x, shared, numbers)``: the place of a feature's spikes, a ``kind``; ``shared`` is
        a number that all features of a sample share.  Data as long as one sample serve all samples.
    emit : equation
        ``emit(step, place, numbers, on, off)``: the output value at a step, which is an int32.
    kind : type
        The integer type of a place.
    """

    prepare: Any
    emit: Any
    kind: Any = np.int32


class Scan(NamedTuple):
    """A state changes from step to step.

    Attributes
    ----------
    step : equation
        ``step(state, x, numbers)``: the state after a sample, and its signed count of spikes.
    emit : equation
        ``emit(count, levels)``: the output value of a count.
    recall : equation or None
        ``recall(x)``: the state after a sample, if that sample alone determines it.  Then nothing
        is stored from step to step, and a GPU thread may begin at any step.  Without it the loop
        updates the state in place, and one thread computes all steps of an element.
    second : equation or None
        As ``emit``, of a value that is written beside the first: an element then has two columns
        of the output.
    """

    step: Any
    emit: Any
    recall: Any = None
    second: Any = None


class Slide(NamedTuple):
    """A sample is compared with the mean of the samples before it.

    Attributes
    ----------
    step : equation
        ``step(mean, x, numbers)``: the signed count of spikes.
    emit, second : equation
        As those of ``Scan``.
    """

    step: Any
    emit: Any
    second: Any = None


class Deconvolve(NamedTuple):
    """A filter is looked for in a signal, and taken away from it at each spike.

    Attributes
    ----------
    miss : equation
        ``miss(u, tap)``: what a sample under a tap adds to the first sum.
    size : equation or None
        ``size(u)``: what it adds to the second sum, which is left at 0 without.
    fires : equation
        ``fires(missed, total, numbers)``: whether there is a spike, of the two sums.
    """

    miss: Any
    size: Any
    fires: Any


class Convolve(NamedTuple):
    """A weighted sum over the steps before.

    Attributes
    ----------
    add : equation
        ``add(total, x, tap)``: the sum with one more term.
    finish : equation
        ``finish(total, numbers)``: the output value of a sum.
    """

    add: Any
    finish: Any


@equation
def taps_at(row, num_taps, num_steps):
    """The taps k with 0 <= row + k < num_steps: first, and one past the last."""
    first = -row if row < 0 else np.int64(0)
    last = num_steps - row
    last = last if last < num_taps else num_taps
    return first, last


@equation
def of_sample(data, i, per_sample):
    """The value of element i; data that are as long as one sample serve all samples."""
    return data[i % per_sample if data.size == per_sample else i]


@equation
def taps_behind(row, num_taps, num_steps):
    """The taps k with 0 <= row - k < num_steps: first, and one past the last."""
    first = row - num_steps + 1
    first = first if first > 0 else np.int64(0)
    last = row + 1
    last = last if last < num_taps else num_taps
    return first, last


@equation
def window_at(t, window, num_steps, growing):
    """The samples that step t is compared with the mean of: first, and one past the last.

    Of the first steps, which have fewer before them, a ``growing`` window takes those, and the
    other the whole window, which lies ahead.
    """
    if t >= window:
        return t - window, t
    if growing:
        return np.int64(0), t if t > 0 else np.int64(1)
    return np.int64(0), window if window < num_steps else num_steps
