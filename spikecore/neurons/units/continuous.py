"""Simulators of equations in continuous time: NEST, PyNN, Brian2, Nengo.

Each function has the simulator's own names and defaults, and returns fields of ``LIF``.  The
membrane is measured from the resting potential where there is one.
"""
# ruff: noqa: N803 (the names are the simulators' own)

import math
from typing import Any

from spikecore import arguments
from spikecore.neurons.units.quantities import (
    FROM_THRESHOLD_TO_VALUE,
    TO_VALUE,
    Input,
    Method,
    Milliseconds,
    Millivolts,
    Nanoamperes,
    Nanofarads,
    Picoamperes,
    Picofarads,
    Seconds,
    Unitless,
    driven,
    frozen,
)

# --- NEST and PyNN --------------------------------------------------------------------------------


def nest_delta(
    dt: Milliseconds = 0.1,
    tau_m: Milliseconds = 10.0,
    C_m: Picofarads = 250.0,
    t_ref: Milliseconds = 2.0,
    E_L: Millivolts = -70.0,
    V_th: Millivolts = -55.0,
    V_reset: Millivolts = -70.0,
    V_min: Millivolts | None = None,
    I_e: Picoamperes = 0.0,
    delay: Milliseconds = 1.0,
    input: Input = "spikes",
) -> dict[str, Any]:
    """``iaf_psc_delta``; the input is weights of spikes in mV, or currents in pA.

    A spike that is sent in a step arrives ``delay`` later.  A current acts a step later than that.
    """
    decay = math.exp(-dt / tau_m)
    resistance = tau_m / C_m
    by_current = input == "current"
    return {
        "decay": decay,
        "gain": resistance * (1 - decay) if by_current else 1.0,
        "threshold": V_th - E_L,
        "reset_value": V_reset - E_L,
        **FROM_THRESHOLD_TO_VALUE,
        **frozen(round(t_ref / dt)),
        **driven(resistance * I_e),
        "lower": None if V_min is None else V_min - E_L,
        "input_delay": round(delay / dt) + by_current,
    }


def nest_exp(
    dt: Milliseconds = 0.1,
    tau_m: Milliseconds = 10.0,
    C_m: Picofarads = 250.0,
    t_ref: Milliseconds = 2.0,
    E_L: Millivolts = -70.0,
    V_th: Millivolts = -55.0,
    V_reset: Millivolts = -70.0,
    tau_syn_ex: Milliseconds = 2.0,
    tau_syn_in: Milliseconds = 2.0,
    I_e: Picoamperes = 0.0,
    delay: Milliseconds = 1.0,
    input: Input = "spikes",
) -> dict[str, Any]:
    """``iaf_psc_exp``; the input is weights of spikes in pA, or currents in pA.

    There is one synaptic current, so the two time constants must be equal.
    """
    _same_synapses("tau_syn_in", tau_syn_in, "tau_syn_ex", tau_syn_ex)
    fields = nest_delta(dt, tau_m, C_m, t_ref, E_L, V_th, V_reset, None, I_e, delay, input)
    if input == "spikes":
        fields |= _exponential_current(dt, tau_m, C_m, tau_syn_ex)
    return fields


def pynn_delta(
    dt: Milliseconds = 0.1,
    v_rest: Millivolts = -65.0,
    cm: Nanofarads = 1.0,
    tau_m: Milliseconds = 20.0,
    tau_refrac: Milliseconds = 0.1,
    i_offset: Nanoamperes = 0.0,
    v_reset: Millivolts = -65.0,
    v_thresh: Millivolts = -50.0,
    delay: Milliseconds | None = None,
    input: Input = "spikes",
) -> dict[str, Any]:
    """``IF_curr_delta`` on NEST; the input is weights of spikes in mV, or currents in nA.

    The delay is one step if it is not given.
    """
    late = dt if delay is None else delay
    return nest_delta(
        dt, tau_m, cm, tau_refrac, v_rest, v_thresh, v_reset, None, i_offset, late, input
    )


def pynn_exp(
    dt: Milliseconds = 0.1,
    v_rest: Millivolts = -65.0,
    cm: Nanofarads = 1.0,
    tau_m: Milliseconds = 20.0,
    tau_refrac: Milliseconds = 0.1,
    tau_syn_E: Milliseconds = 5.0,
    tau_syn_I: Milliseconds = 5.0,
    i_offset: Nanoamperes = 0.0,
    v_reset: Millivolts = -65.0,
    v_thresh: Millivolts = -50.0,
    delay: Milliseconds | None = None,
    input: Input = "spikes",
) -> dict[str, Any]:
    """``IF_curr_exp`` on NEST; the input is weights of spikes in nA, or currents in nA.

    The delay is one step if it is not given.  The two time constants of synapses must be equal.
    """
    _same_synapses("tau_syn_I", tau_syn_I, "tau_syn_E", tau_syn_E)
    late = dt if delay is None else delay
    fields = nest_delta(
        dt, tau_m, cm, tau_refrac, v_rest, v_thresh, v_reset, None, i_offset, late, input
    )
    if input == "spikes":
        fields |= _exponential_current(dt, tau_m, cm, tau_syn_E)
    return fields


def _same_synapses(name, value, partner, expected):
    """Refuse two time constants where there is one synaptic current."""
    if value != expected:
        must = f"be {partner} = {expected}, for LIF has one synaptic current"
        arguments.refuse(name, must, value, "set both to the one that the input uses")


def _exponential_current(dt, tau_m, capacitance, tau_syn):
    """The exact solution for a current that decays, in steps of the membrane."""
    if tau_syn == tau_m:
        gain = dt / capacitance * math.exp(-dt / tau_m)
    else:
        difference = math.exp(-dt / tau_m) - math.exp(-dt / tau_syn)
        gain = tau_m * tau_syn / (capacitance * (tau_m - tau_syn)) * difference
    decay = math.exp(-dt / tau_syn)
    return {"synapse_decay": decay, "synapse_order": "use-decay-jump", "gain": gain}


# --- Brian2 and Nengo -----------------------------------------------------------------------------


def brian2(
    dt: Milliseconds = 0.1,
    tau: Milliseconds = 10.0,
    threshold: Unitless = 1.0,
    reset: Unitless = 0.0,
    refractory: Milliseconds = 0.0,
    method: Method = "exact",
) -> dict[str, Any]:
    """``dv/dt = (I - v)/tau : 1 (unless refractory)``, ``v > threshold``, ``v = reset``.

    The step of the spike is the first of the refractory ones.
    """
    decay = math.exp(-dt / tau) if method == "exact" else 1 - dt / tau
    blocked = math.floor(refractory / dt + 1e-3) - 1  # as Brian2 counts steps of floats
    return {
        "decay": decay,
        "gain": 1 - decay if method == "exact" else dt / tau,
        "threshold": threshold,
        "reset_value": reset,
        **TO_VALUE,
        **frozen(blocked),
    }


def nengo(
    dt: Seconds = 0.001,
    tau_rc: Seconds = 0.02,
    tau_ref: Seconds = 0.002,
    min_voltage: Unitless = 0.0,
) -> dict[str, Any]:
    """``LIF``, from a voltage of 0; spikes are 1 here, and amplitude/dt in Nengo."""
    decay = math.exp(-dt / tau_rc)
    fraction = {**frozen(tau_ref / dt), "refractory_mode": "fraction"} if tau_ref > 0 else {}
    return {"decay": decay, "gain": 1 - decay, **TO_VALUE, "lower": min_voltage, **fraction}


def nengo_adaptive(
    dt: Seconds = 0.001,
    tau_rc: Seconds = 0.02,
    tau_ref: Seconds = 0.002,
    min_voltage: Unitless = 0.0,
    tau_n: Seconds = 1.0,
    inc_n: Unitless = 0.01,
) -> dict[str, Any]:
    """``AdaptiveLIF``, from a voltage of 0; spikes are 1 here, and amplitude/dt in Nengo."""
    return {
        **nengo(dt, tau_rc, tau_ref, min_voltage),
        "adaptation_of": "input",
        "adaptation_decay": 1 - dt / tau_n,
        "adaptation_scale": inc_n / tau_n,
    }
