"""Laws of the time to the first spike beside the circuit's: decay, exponential, inverse."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.arithmetic import exp, floor, like, log, mul, rint, select
from spikecore.backends.loops import Place
from spikecore.codes.lines import NOWHERE
from spikecore.codes.signals import COMPARE
from spikecore.codes.values import MOST_STEPS, Interval, emit_spike, placed, placed_events, steps
from spikecore.compiler import equation


class Axes(NamedTuple):
    """The law of the time, and how a decaying threshold is compared (">" if None)."""

    law: str = "decay"
    compare: str | None = None


OPTIONS = {"law": ("decay", "exponential", "inverse")}
PROFILES = {
    "bindsnet": {"law": "inverse"},
    "guo": {"law": "decay", "compare": ">"},
    "spikify": {"law": "decay", "compare": ">="},
    "spikingjelly": {"law": "exponential"},
}
LEAST = np.float64(1e-300)  # a value that no threshold of up to 2**31 steps need tell from 0
LONGEST_POWER = {4: 89, 8: 709}  # exp of more is infinite, by the size of a float


class Decay(NamedTuple):
    """The numbers of the decaying threshold, float64 but for the steps."""

    threshold: Any
    tau: Any
    num_steps: Any


@equation
def level(step, numbers):
    """threshold*exp(-step/tau)."""
    return mul(numbers.threshold, exp(-(step / numbers.tau)))


@cache
def decay_of(at_least):
    """The code of the first step at which a value is above the threshold, or meets it."""

    @equation
    def above(x, step, numbers):
        """Whether the value is above the threshold of a step."""
        return x >= level(step, numbers) if at_least else x > level(step, numbers)

    @equation
    def place(x, shared, numbers):
        """The first step of a spike: the logarithm is at most one below, or two."""
        wide = np.float64(x)
        some = wide > LEAST
        ratio = numbers.threshold / select(some, wide, LEAST)
        ratio = select(ratio < np.float64(1), np.float64(1), ratio)
        none = np.float64(numbers.num_steps)
        step = floor(mul(numbers.tau, log(ratio)))
        step = select(step < none, step, none)
        one = np.float64(1)
        step = select(above(wide, step, numbers), step, step + one)
        step = select(above(wide, step, numbers), step, step + one)
        within = some & (step < none) & above(wide, step, numbers)
        return select(within, np.int32(step), NOWHERE)

    return Place(place, emit_spike)


class Exponential(NamedTuple):
    """The numbers of the exponential law, of the data's dtype."""

    last: Any  # num_steps - 1
    growth: Any  # exp(last) - 1


@equation
def exponential_place(x, shared, numbers):
    """The step nearest to last - ln(growth*x + 1)."""
    grown = mul(numbers.growth, x) + like(x, 1)
    return np.int32(rint(numbers.last - like(x, log(np.float64(grown)))))


class Inverse(NamedTuple):
    """The numbers of the inverse law, of the data's dtype."""

    num_steps: Any


@equation
def inverse_place(x, least, numbers):
    """ceil(num_steps*least/x) - 1, for the least positive value of all."""
    zero, one = like(x, 0), like(x, 1)
    some = x > least
    longest = one / least
    time = (one / select(some, x, one)) * (numbers.num_steps / longest)
    step = -floor(-time) - one
    step = select(step > zero, step, zero)
    return select(some & (step < numbers.num_steps - one), np.int32(step), NOWHERE)


EXPONENTIAL = Place(exponential_place, emit_spike)
INVERSE = Place(inverse_place, emit_spike)


def encode(call, axes, num_steps, threshold, tau, sparse=False):
    """Spikes of one law."""
    law, compare = axes.law, arguments.choice("compare", axes.compare or ">", COMPARE)
    num_steps = steps(num_steps)
    values, cast = call.values, call.values.dtype.type
    backend = call.choose(num_steps * values.size)
    spikes = placed_events if sparse else placed
    if law == "decay":
        numbers = _decay(num_steps, threshold, tau)
        largest = np.finfo(values.dtype).max
        arguments.within("data", values, 0, largest, backend, "finite and at least 0")
        return spikes(call, decay_of(compare == ">="), numbers, num_steps)
    arguments.within("data", values, 0, 1, backend, "within [0, 1]")
    if law == "exponential":
        most = LONGEST_POWER[values.dtype.itemsize]
        if num_steps > most:
            must = f"be at most {most} for {values.dtype} data, whose exponential is infinite after"
            arguments.refuse("num_steps", must, num_steps, "use fewer steps")
        growth = cast(exp(np.float64(num_steps - 1)) - 1)
        return spikes(call, EXPONENTIAL, Exponential(cast(num_steps - 1), growth), num_steps)
    if backend.resident:
        remedy = "copy them to the host"
        arguments.refuse("data", "lie on the host for law='inverse'", "an array on a GPU", remedy)
    positive = values[values > 0]
    least = positive.min(keepdims=True) if positive.size else np.ones(1, values.dtype)
    smallest = np.finfo(values.dtype).tiny
    if least[0] < smallest:
        must = f"have no positive value below {smallest}, whose inverse is infinite"
        arguments.refuse("data", must, least[0], "rescale it, or set it to 0")
    return spikes(call, INVERSE, Inverse(cast(num_steps)), num_steps, shared=least)


def _decay(num_steps, threshold, tau):
    """The numbers of the decaying threshold."""
    threshold = arguments.number("threshold", threshold, 0, open_low=True)
    tau = arguments.number("tau", tau, 0, open_low=True)
    return Decay(np.float64(threshold), np.float64(tau), np.int32(min(num_steps, MOST_STEPS)))


def decayed(step, num_steps, threshold, tau):
    """The interval of the values that a decaying threshold codes by a step (>, so high included).

    At step 0 there is no upper end; without a spike the lower one is 0.
    """
    numbers = _decay(num_steps, threshold, tau)
    step = np.asarray(step, np.float64)
    before = np.maximum(step - 1.0, 0.0)  # at step 0 it might overflow, and is not taken
    high = np.where(step > 0, level(before, numbers), np.inf)
    return Interval(np.where(step < num_steps, level(step, numbers), 0.0), high)
