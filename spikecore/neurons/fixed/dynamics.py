"""The step of a neuron in fixed point: the parts of a floating-point step, in integers.

It runs in the same loops as the step of ``neurons/dynamics.py``.  States are int32, and every sum
and product is an int64, which the ranges of the arguments cannot overflow; what hardware does
where its registers are narrower is written out.  Shifts to the right of a negative number go down.
"""

from functools import cache
from typing import Any, NamedTuple

from spikecore.arithmetic import like, select
from spikecore.compiler import equation
from spikecore.neurons.dynamics import Step, only


class Axes(NamedTuple):
    """The choices of a step, constants of its compiled code; :class:`LIF` explains them."""

    decay: str = "factor"  # of the membrane and the synaptic current; "shift", "constant", "none"
    rounding: str = "floor"  # of what the decay shifts out; "zero" or "nearest"
    overflow: str = "saturate"  # of the membrane; or "wrap"
    synapse: str = "none"  # or the overflow of the synaptic current
    product: bool = False  # the product of the decay wraps
    events: bool = False  # a step is an input or a time event, and only the second has a decay
    compare: str = ">"  # or ">="
    reset: str = "value"  # "subtract" or "none"
    reset_at: str = "same"  # or "next" step
    report: str = "new"  # or "old"
    spikes: str = "single"  # or "ternary": -1 below a second threshold
    clock: bool = False  # the state is cleared in regular steps


class Parameters(NamedTuple):
    """The numbers of a step, int64: scalars, or in the upper half one per neuron."""

    decay: Any  # the factor, the shift or the constant
    synapse_decay: Any
    threshold: Any
    lower_threshold: Any
    reset_value: Any
    bias: Any

    shift: Any  # bits of the decay's factor
    input_shift: Any
    low: Any  # of the membrane
    high: Any
    synapse_low: Any
    synapse_high: Any
    product_low: Any
    product_high: Any
    interval: Any
    phase: Any


class State(NamedTuple):
    """The state of a neuron between two steps; fields that its axes do not use are 0."""

    membrane: Any
    synapse: Any
    clock: Any  # steps since the last one that was a multiple of the interval


@equation
def wrap(x, low, high):
    """The number in [low, high] that has the lowest bits of x; high - low + 1 is a power of 2."""
    return ((x - low) & (high - low)) + low


@equation
def saturate(x, low, high):
    """The number in [low, high] that is nearest to x."""
    x = select(x < low, low, x)
    return select(x > high, high, x)


@cache
def step_of(axes):
    """The step for one combination of axes."""
    count, advance, settle = _count(axes), _advance(axes), _settle(axes)
    # the level and the height of a neuron are for inhibition, which integers do not have
    return Step(None, count, advance, settle, emit, only, None, moves=False)


def _count(axes):
    at_least, ternary = axes.compare == ">=", axes.spikes == "ternary"

    @equation
    def count(state, p):
        """Spikes of a membrane: -1, 0 or 1."""
        v = state.membrane
        zero, one = like(v, 0), like(v, 1)
        above = v >= p.threshold if at_least else v > p.threshold
        n = select(above, one, zero)
        if ternary:
            below = v <= p.lower_threshold if at_least else v < p.lower_threshold
            n = select(below, like(v, -1), n)
        return n

    return count


def _shifted(axes):
    toward_zero, nearest = axes.rounding == "zero", axes.rounding == "nearest"

    @equation
    def shifted(x, bits):
        """x / 2**bits, rounded; of two nearest integers the larger."""
        one = like(x, 1)
        if toward_zero:
            x = x + select(x < like(x, 0), (one << bits) - one, like(x, 0))
        if nearest:
            x = x + ((one << bits) >> one)
        return x >> bits

    return shifted


def _decayed(axes):
    kind, product, shifted = axes.decay, axes.product, _shifted(axes)
    factor, by_shift, constant = kind == "factor", kind == "shift", kind == "constant"

    @equation
    def decayed(v, amount, p):
        """What is left of a state after its decay."""
        if factor:
            v = v * amount
            if product:
                v = wrap(v, p.product_low, p.product_high)
            return shifted(v, p.shift)
        if by_shift:
            return v - shifted(v, amount)
        if constant:
            zero = like(v, 0)
            down = select(v > amount, v - amount, zero)
            up = select(v < -amount, v + amount, zero)
            return select(v > zero, down, up)
        return v

    return decayed


def _advance(axes):
    synapse, events, clock = axes.synapse != "none", axes.events, axes.clock
    following = axes.reset_at == "next"
    value, subtract = following and axes.reset == "value", following and axes.reset == "subtract"
    fit = wrap if axes.overflow == "wrap" else saturate
    synapse_fit = wrap if axes.synapse == "wrap" else saturate
    decayed, crossed = _decayed(axes), _crossed(axes)

    @equation
    def advance(state, n, x, p):
        """Membrane before firing; n is the spike of the last step that is still to be reset."""
        v, u, ticks = like(p.low, state.membrane), like(p.low, state.synapse), state.clock
        x = like(p.low, x)
        zero = like(v, 0)
        if clock:
            ticks = like(ticks, ticks + like(ticks, 1))
            ticks = select(ticks >= p.interval, like(ticks, 0), ticks)
            due = ticks == p.phase
            v, u, n = select(due, zero, v), select(due, zero, u), select(due, like(n, 0), n)
        if value:
            v = select(n != like(n, 0), p.reset_value, v)
        if events:  # the lowest bit says which kind of event a step is
            weight, is_time = (x >> like(x, 1)) << p.input_shift, (x & like(x, 1)) != zero
            v = select(is_time, decayed(v, p.decay, p), v + weight)
        else:
            drive = x << p.input_shift
            if synapse:
                u = decayed(u, p.synapse_decay, p) + drive
                u = synapse_fit(u, p.synapse_low, p.synapse_high)
                drive = u
            v = decayed(v, p.decay, p) + drive + p.bias
        if subtract:
            v = v - crossed(n, p)
        v = fit(v, p.low, p.high)
        return State(like(n, v), like(n, u), ticks)

    return advance


def _crossed(axes):
    ternary = axes.spikes == "ternary"

    @equation
    def crossed(n, p):
        """The threshold that a spike crossed, 0 without a spike."""
        threshold, none = p.threshold, like(p.threshold, 0)
        if ternary:
            below = select(n < like(n, 0), p.lower_threshold, none)
            return select(n > like(n, 0), threshold, below)
        return select(n > like(n, 0), threshold, none)

    return crossed


def _settle(axes):
    same, old = axes.reset_at == "same", axes.report == "old"
    value, subtract = same and axes.reset == "value", same and axes.reset == "subtract"
    fit = wrap if axes.overflow == "wrap" else saturate
    crossed = _crossed(axes)

    @equation
    def settle(state, before, now, p):
        """State after the step, and the spike that it reports."""
        v = like(p.low, state.membrane)
        if subtract:
            v = fit(v - crossed(now, p), p.low, p.high)
        if value:
            v = select(now != like(now, 0), p.reset_value, v)
        return State(like(now, v), state.synapse, state.clock), before if old else now

    return settle


@equation
def emit(n, on, off):
    """Output value of a spike."""
    negative = select(n < like(n, 0), like(on, -on), off)
    return select(n > like(n, 0), on, negative)
