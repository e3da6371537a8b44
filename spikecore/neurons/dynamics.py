"""The equations of the neurons: one step of leaky integration, firing and reset.

A step has three parts: ``advance`` the state by the input, ``count`` the spikes, ``settle`` their
effect on the state.  Inhibition compares all neurons of a row after the first part.
The axes on which simulators differ are constants of the step, not data: ``step_of(axes)`` builds
the functions for one combination, and the compiler removes branches on axes.

As in arithmetic.py, all functions here work for arrays, for scalars and inside kernels.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from spikecore.arithmetic import exp, floor, like, log, mul, select
from spikecore.compiler import equation


class Axes(NamedTuple):
    """The choices of a step, constants of its compiled code; :class:`LIF` explains them."""

    compare: str = ">"  # or ">=": the comparison of membrane and threshold
    reset: str = "none"  # "subtract" the threshold, or set a "value"
    reset_at: str = "next"  # step, the "same" step, or "exchange": the new reset for the last one
    decay_reset: bool = False  # the subtracted threshold decays with the membrane
    drop_input: bool = False  # the input of a reset step is discarded
    spikes: str = "single"  # or "multi": floor(v / threshold) in one step
    report: str = "new"  # spike of the membrane after the update, or the "old" one, before it
    model: str = "leaky"  # or "alpha": the difference of two filtered inputs
    synapse: str = "none"  # or the order in which a synaptic current decays, jumps and is used
    synapse_gain: bool = False  # the jump of the synaptic current is scaled
    adaptation: str = "none"  # each spike raises the "threshold", or lowers the "input"
    refractory: bool = False  # steps after a spike in which something is held
    holds: str = "input"  # what that is: the input, the "membrane", or the "spike" alone
    fraction: bool = False  # a spike has a time within its step, and so has the end of the hold
    leak: bool = False  # decay towards a value other than 0
    gain: bool = False  # the input is scaled
    lower: bool = False  # the membrane has a lower bound
    ternary: bool = False  # spikes of -1 below a second threshold
    spike_map: str = "linear"  # or a "quadratic" or "exponential" term that drives spikes up
    recurrent: bool = False  # each neuron's own last spike is added to its input
    levels: tuple[float, ...] = ()  # the membrane is rounded to the nearest of them


class Parts(NamedTuple):
    """The numbers of the parts that few neurons have, as those of ``Parameters``."""

    synapse_gain: Any
    adaptation_decay: Any
    adaptation_scale: Any
    threshold_low: Any
    map_scale: Any
    map_onset: Any
    map_slope: Any
    rate: Any  # -ln(decay)
    resistance: Any  # what an input of 1 moves the membrane by in the end, gain/(1 - decay)


class Parameters(NamedTuple):
    """The numbers of a step: scalars, or one per neuron, all of the data's dtype."""

    decay: Any
    threshold: Any
    reset_value: Any
    gain: Any
    leak: Any
    lower: Any
    refractory: Any
    synapse_decay: Any
    recurrent: Any
    tau_alpha: Any
    parts: Any  # Parts, or () where the step uses none: every number costs 0.1 us in each call


def has_parts(axes):
    """Whether a step uses any of ``Parts``."""
    jumps, adapts, bends = axes.synapse_gain, axes.adaptation != "none", axes.spike_map != "linear"
    return jumps or adapts or bends or axes.fraction or axes.ternary


class State(NamedTuple):
    """The state of a neuron between two steps; fields that its axes do not use are 0."""

    membrane: Any
    synapse: Any
    inhibitory: Any
    adaptation: Any
    refractory: Any
    spike: Any


class Step(NamedTuple):
    """The functions of one combination of axes."""

    level: Any  # the threshold in force
    count: Any
    advance: Any
    settle: Any
    emit: Any
    only: Any  # under inhibition: the spikes of the neurons that may fire
    height: Any  # under inhibition: the neuron with the largest height may fire
    moves: bool  # under inhibition: the next reset asks again which neuron is highest


@cache
def step_of(axes):
    """The step for one combination of axes."""
    advance = _advance_alpha(axes) if axes.model == "alpha" else _advance(axes)
    return Step(
        level=_level(axes),
        count=_count(axes),
        advance=advance,
        settle=_settle(axes),
        emit=_emit(axes),
        only=only,
        height=_height(axes),
        moves=_settling_moves_heights(axes),
    )


def _settling_moves_heights(axes):
    """Whether the height of a neuron that is reset or reported next differs from what it was."""
    changes = _is_silenced(axes) or axes.adaptation == "threshold"
    return axes.reset_at == "exchange" or (axes.report == "old" and changes)


# --- firing ---------------------------------------------------------------------------------------


def _level(axes):
    adapts = axes.adaptation == "threshold"

    @equation
    def level(state, p):
        """The threshold in force."""
        if adapts:
            return p.threshold + state.adaptation
        return p.threshold

    return level


def _is_silenced(axes):
    """Whether a waiting neuron cannot fire; with fractions it waits by not moving."""
    return axes.refractory and axes.holds != "input" and not axes.fraction


def _count(axes):
    multi, at_least, ternary = axes.spikes == "multi", axes.compare == ">=", axes.ternary
    level, silenced = _level(axes), _is_silenced(axes)

    @equation
    def count(state, p):
        """Spikes of a membrane: 0 or 1, floor(v / threshold), or -1, 0 or 1."""
        v, threshold = state.membrane, level(state, p)
        zero, one = like(v, 0), like(v, 1)
        if multi:
            n = select(v > zero, floor(v / threshold), zero)
        elif at_least:
            n = select(v >= threshold, one, zero)
        else:
            n = select(v > threshold, one, zero)
        if ternary:
            under = v <= p.parts.threshold_low if at_least else v < p.parts.threshold_low
            n = select(under, -one, n)
        if silenced:
            n = select(state.refractory > zero, zero, n)
        return n

    return count


def _height(axes):
    level, ternary, silenced = _level(axes), axes.ternary, _is_silenced(axes)

    @equation
    def height(state, p):
        """How far a membrane is beyond its threshold; -inf for NaN and where it cannot fire.

        Under inhibition the highest neuron of a row may fire, the first of several equal ones.
        """
        v = state.membrane
        beyond = v - level(state, p)
        lowest = like(v, -np.inf)
        if ternary:
            under = p.parts.threshold_low - v
            beyond = select(under > beyond, under, beyond)
        if silenced:
            beyond = select(state.refractory > like(v, 0), lowest, beyond)
        return select(beyond == beyond, beyond, lowest)

    return height


# --- integration ----------------------------------------------------------------------------------


def _synapse(axes):
    none, order, gain = axes.synapse == "none", axes.synapse, axes.synapse_gain
    jump_first = order in ("jump-use-decay", "jump-decay-use")
    use_first, use_between = order == "use-decay-jump", order == "jump-use-decay"

    @equation
    def synapse(current, x, p):
        """The synaptic current after a step, and what of it drives the membrane."""
        if none:
            return current, x
        jump = mul(p.parts.synapse_gain, x) if gain else x
        if jump_first:
            raised = current + jump
            after = mul(p.synapse_decay, raised)
            return after, raised if use_between else after
        after = mul(p.synapse_decay, current) + jump
        return after, current if use_first else after

    return synapse


@equation
def wait(waiting):
    """Steps that are left to wait at the end of a step, and the share of it in which v moves."""
    zero, one = like(waiting, 0), like(waiting, 1)
    left = select(waiting > one, waiting - one, zero)
    return left, select(left < one, one - left, zero)


@equation
def relax(v, drive, share, p):
    """The membrane after a share of a step, of the equation whose whole step is ``decay``."""
    target = p.leak + mul(p.parts.resistance, drive)
    moved = np.float64(1) - exp(-np.float64(mul(p.parts.rate, share)))
    return v + mul(target - v, like(v, moved))


def _crossed(axes):
    count, level = _count(axes), _level(axes)

    @equation
    def crossed(state, drive, p):
        """The state with the time to wait from now on, where the membrane crossed the threshold.

        It crossed the threshold at the time s in [0, 1] of the step with
        (target - v)/(target - threshold) = decay**(1 - s), and waits until s + refractory.
        """
        v = state.membrane
        one, target = like(v, 1), p.leak + mul(p.parts.resistance, drive)
        fires = count(state, p) != like(v, 0)
        ahead = select(fires, target - level(state, p), one)
        ratio = select(fires, target - v, one) / ahead
        ratio = select(ratio < p.decay, p.decay, select(ratio > one, one, ratio))
        time = one + like(v, log(np.float64(ratio))) / p.parts.rate
        waiting = select(fires, p.refractory + time, state.refractory)
        return State(v, state.synapse, state.inhibitory, state.adaptation, waiting, state.spike)

    return crossed


def _upstroke(axes):
    quadratic = axes.spike_map == "quadratic"

    @equation
    def upstroke(v, p):
        """What the spike map adds to the leaky update of a membrane."""
        beyond = v - p.parts.map_onset
        if quadratic:
            return mul(p.parts.map_scale, mul(v - p.leak, beyond))
        rise = like(v, exp(np.float64(beyond / p.parts.map_slope)))
        return mul(p.parts.map_scale, rise)

    return upstroke


@cache
def nearest_of(levels):
    """The equation that rounds to the nearest of some levels, and to the first of two."""

    @equation
    def rounded(v):
        """The level of the smallest distance."""
        best = like(v, levels[0])
        for level in levels:
            value = like(v, level)
            best = select(abs(value - v) < abs(best - v), value, best)
        return best

    return rounded


def _advance(axes):
    following = axes.reset_at != "same"
    value, subtract = axes.reset == "value", axes.reset == "subtract"
    value_first = following and value and not axes.drop_input
    value_last = following and value and axes.drop_input
    subtract_first = following and subtract and axes.decay_reset
    subtract_last = following and subtract and not axes.decay_reset
    leak, gain, lower, recurrent = axes.leak, axes.gain, axes.lower, axes.recurrent
    hold_input = axes.refractory and axes.holds == "input"
    hold_membrane = axes.refractory and axes.holds == "membrane" and not axes.fraction
    fraction, bends = axes.fraction, axes.spike_map != "linear"
    lowered = axes.adaptation == "input"
    synapse, upstroke, crossed = _synapse(axes), _upstroke(axes), _crossed(axes)
    removed, quantized, rounded = _removed(axes), len(axes.levels) > 0, nearest_of(axes.levels)

    @equation
    def advance(state, n, x, p):
        """Membrane before firing; n is how many spikes of the last step are still to be reset."""
        v, waiting = state.membrane, state.refractory
        zero = like(v, 0)
        current, drive = synapse(state.synapse, x, p)
        if lowered:
            drive = drive - state.adaptation
        if hold_input:
            drive = select(waiting > zero, zero, drive)
        if fraction:
            waiting, share = wait(waiting)
            v = relax(v, drive, share, p)
        else:
            if gain:
                drive = mul(p.gain, drive)
            if value_first:
                v = select(n != zero, p.reset_value, v)
            if subtract_first:
                v = v - removed(n, state, p)
            start = v
            v = p.leak + mul(p.decay, v - p.leak) if leak else mul(p.decay, v)
            v = v + drive
            if bends:
                v = v + upstroke(start, p)
        if recurrent:
            v = v + mul(p.recurrent, state.spike)
        if subtract_last:
            v = v - removed(n, state, p)
        if value_last:
            v = select(n != zero, p.reset_value, v)
        if lower:
            v = select(v < p.lower, p.lower, v)
        if hold_membrane:
            v = select(waiting > zero, state.membrane, v)
        if quantized:
            v = rounded(v)
        moved = State(v, current, state.inhibitory, state.adaptation, waiting, state.spike)
        return crossed(moved, drive, p) if fraction else moved

    return advance


def _advance_alpha(axes):
    subtract, value = axes.reset == "subtract", axes.reset == "value"

    @equation
    def advance(state, n, x, p):
        """Difference of a slow and a fast synaptic current, scaled by tau_alpha."""
        excitatory = mul(p.synapse_decay, state.synapse) + x
        inhibitory = mul(p.decay, state.inhibitory) - x
        v = mul(p.tau_alpha, excitatory + inhibitory)
        zero = like(v, 0)
        if subtract:
            excitatory = excitatory - mul(p.threshold, n)
            inhibitory = select(n > zero, zero, inhibitory)
            v = v + mul(state.inhibitory, n)
        if value:
            excitatory = select(n > zero, zero, excitatory)
            inhibitory = select(n > zero, zero, inhibitory)
            v = select(n > zero, zero, v)
        waiting = state.refractory
        return State(v, excitatory, inhibitory, state.adaptation, waiting, state.spike)

    return advance


# --- what a spike does ----------------------------------------------------------------------------


def _removed(axes):
    level, ternary = _level(axes), axes.ternary

    @equation
    def removed(n, state, p):
        """What n spikes subtract from the membrane: the threshold that was crossed."""
        amount = mul(n, level(state, p))
        if ternary:
            amount = select(n < like(n, 0), p.parts.threshold_low, amount)
        return amount

    return removed


def _settle(axes):
    same = axes.reset_at == "same"
    subtract, value = same and axes.reset == "subtract", same and axes.reset == "value"
    exchange = axes.reset_at == "exchange" and axes.reset == "subtract"
    old, recurrent, adapts = axes.report == "old", axes.recurrent, axes.adaptation != "none"
    steps = axes.refractory and not axes.fraction
    removed = _removed(axes)

    @equation
    def settle(state, before, now, p):
        """State after the step, and the spikes that it reports."""
        v = state.membrane
        zero, one = like(v, 0), like(v, 1)
        reported = before if old else now
        if subtract:
            v = v - removed(now, state, p)
        if exchange:
            v = v - mul(now - before, p.threshold)
        if value:
            v = select(now != zero, p.reset_value, v)
        waiting = state.refractory
        if steps:
            waiting = select(waiting > one, waiting - one, zero)
            waiting = select(reported != zero, p.refractory, waiting)
        adaptation = state.adaptation
        if adapts:
            raised = mul(p.parts.adaptation_scale, reported)
            adaptation = mul(p.parts.adaptation_decay, adaptation) + raised
        spike = state.spike
        if recurrent:
            spike = reported
        return State(v, state.synapse, state.inhibitory, adaptation, waiting, spike), reported

    return settle


def _emit(axes):
    multi, ternary = axes.spikes == "multi", axes.ternary

    @equation
    def emit(n, on, off):
        """Output value of n spikes."""
        if multi:
            return mul(like(on, n), on)
        if ternary:
            off = select(n < like(n, 0), like(on, -on), off)
        return select(n > like(n, 0), on, off)

    return emit


@equation
def only(n, allowed):
    """Spikes of the neurons that may fire."""
    return select(allowed, n, like(n, 0))
