"""The membrane between two events: its value, its extremum, and where it reaches the threshold.

``tau*v' = target - v + i*exp(-t/synapse_tau)``, from v at t = 0: the sum of a constant and of two
exponentials, whose derivative is 0 once at most.  A membrane that begins to rise reaches the
threshold before its maximum or not at all; one that begins to fall, after its minimum, if it is
above the threshold at the end.
"""

from typing import Any, NamedTuple

import numpy as np

from spikecore.compiler import equation

ROUNDS = 200  # of the search; a bisection alone takes 60 for the last bit


class Numbers(NamedTuple):
    """The numbers of a neuron, float64; ``synapse_tau`` is 0 without a synaptic current."""

    tau: Any
    threshold: Any
    leak: Any
    resistance: Any
    reset_value: Any
    refractory: Any
    synapse_tau: Any
    subtracts: Any  # the reset subtracts the threshold


@equation
def synaptic(i, t, p):
    """What the synaptic current is after a time t."""
    return i * np.exp(-t / p.synapse_tau) if i != 0 else i


@equation
def membrane(v, i, target, t, p):
    """The membrane after a time t.

    The synaptic part is i*s*exp(-s)*(exp(x) - 1)/x with s = t/tau and x = s - t/synapse_tau, which
    has no cancellation if the two time constants are close or equal.
    """
    s = t / p.tau
    decay = np.exp(-s)
    value = target + (v - target) * decay
    if i != 0:
        x = s - t / p.synapse_tau
        if abs(x) > 1:  # without exp(x), which may overflow
            value += i * s * (np.exp(-t / p.synapse_tau) - decay) / x
        else:
            value += i * s * decay * (np.expm1(x) / x if x != 0 else 1.0)
    return value


@equation
def extremum(v, i, target, p):
    """The time at which the derivative of the membrane is 0; infinite if there is none after 0."""
    delta = (p.synapse_tau - p.tau) / p.tau
    q = 1 - (v - target) / i
    if 1 + delta * q <= 0:
        return np.inf
    t = p.synapse_tau * (q if delta == 0 else np.log1p(delta * q) / delta)
    return t if t > 0 else np.inf


@equation
def crossing(v, i, target, span, p):
    """The first time before ``span`` at which the membrane reaches the threshold, or infinity.

    The membrane is below the threshold at first.
    """
    if i == 0:
        if target <= p.threshold:
            return np.inf
        t = p.tau * np.log1p((p.threshold - v) / (target - p.threshold))
        return t if t < span else np.inf
    rises, turn = target - v + i > 0, extremum(v, i, target, p)
    end = min(turn, span) if rises else span
    if membrane(v, i, target, end, p) < p.threshold:
        return np.inf
    return search(v, i, target, end, p)


@equation
def search(v, i, target, high, p):
    """The one time in [0, high] at which the membrane reaches the threshold.

    Newton's method, and a bisection wherever it would leave the bracket.
    """
    low = 0.0
    t = 0.5 * high
    for _ in range(ROUNDS):
        value = membrane(v, i, target, t, p)
        above = value - p.threshold
        slope = (target - value + synaptic(i, t, p)) / p.tau
        if above < 0:
            low = t
        else:
            high = t
        newton = t - above / slope if slope > 0 else low
        if not low < newton < high:
            newton = 0.5 * (low + high)
        if above == 0 or newton == t or not low < newton < high:
            break
        t = newton
    return t
