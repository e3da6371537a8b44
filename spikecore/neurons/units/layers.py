"""Simulators of layers in steps: Norse, SpikingJelly, Sinabs, Rockpool, Lava.

Each function has the simulator's own names and defaults, and returns fields of ``LIF``.
"""
# ruff: noqa: N803 (the names are the simulators' own)

import math
from typing import Any

from spikecore import arguments
from spikecore.neurons.units.quantities import (
    FROM_THRESHOLD_TO_VALUE,
    JUMP_FIRST,
    SUBTRACT_ALL,
    TO_VALUE,
    Flag,
    PerSecond,
    Seconds,
    Steps,
    Unitless,
    driven,
    frozen,
)

# --- Norse and SpikingJelly -----------------------------------------------------------------------


def norse_lif(
    dt: Seconds = 0.001,
    tau_syn_inv: PerSecond = 200.0,
    tau_mem_inv: PerSecond = 100.0,
    v_leak: Unitless = 0.0,
    v_th: Unitless = 1.0,
    v_reset: Unitless = 0.0,
) -> dict[str, Any]:
    """``LIFCell``."""
    return {
        "decay": 1 - dt * tau_mem_inv,
        "gain": dt * tau_mem_inv,
        "threshold": v_th,
        "leak": v_leak,
        "reset_value": v_reset,
        **TO_VALUE,
        "synapse_decay": 1 - dt * tau_syn_inv,
        "synapse_order": "jump-use-decay",
    }


def norse_lif_refrac(
    dt: Seconds = 0.001,
    tau_syn_inv: PerSecond = 200.0,
    tau_mem_inv: PerSecond = 100.0,
    v_leak: Unitless = 0.0,
    v_th: Unitless = 1.0,
    v_reset: Unitless = 0.0,
    rho_reset: Steps = 5.0,
) -> dict[str, Any]:
    """``LIFRefracCell``."""
    fields = norse_lif(dt, tau_syn_inv, tau_mem_inv, v_leak, v_th, v_reset)
    return {**fields, **frozen(rho_reset)}


def norse_iaf(v_th: Unitless = 1.0, v_reset: Unitless = 0.0) -> dict[str, Any]:
    """``IAFCell``."""
    return {"decay": 1.0, "threshold": v_th, "reset_value": v_reset, **TO_VALUE}


def spikingjelly_if(v_threshold: Unitless = 1.0, v_reset: Unitless | None = 0.0) -> dict[str, Any]:
    """``IFNode``; without a v_reset the threshold is subtracted."""
    reset = _to_reset(v_reset)
    return {"decay": 1.0, "threshold": v_threshold, **reset, "initial": v_reset or None}


def spikingjelly(
    tau: Steps = 2.0,
    decay_input: Flag = True,
    v_threshold: Unitless = 1.0,
    v_reset: Unitless | None = 0.0,
) -> dict[str, Any]:
    """``LIFNode``; without a v_reset the threshold is subtracted."""
    return {
        "decay": 1 - 1 / tau,
        "gain": 1 / tau if decay_input else 1.0,
        "threshold": v_threshold,
        "leak": v_reset or 0.0,
        **_to_reset(v_reset),
    }


def spikingjelly_plif(
    init_tau: Steps = 2.0,
    decay_input: Flag = True,
    v_threshold: Unitless = 1.0,
    v_reset: Unitless | None = 0.0,
) -> dict[str, Any]:
    """``ParametricLIFNode``, whose tau is trained from ``init_tau``."""
    return spikingjelly(init_tau, decay_input, v_threshold, v_reset)


def spikingjelly_qif(
    tau: Steps = 2.0,
    v_c: Unitless = 0.8,
    a0: Unitless = 1.0,
    v_threshold: Unitless = 1.0,
    v_rest: Unitless = 0.0,
    v_reset: Unitless | None = -0.1,
) -> dict[str, Any]:
    """``QIFNode``."""
    return {
        "decay": 1.0,
        "gain": 1 / tau,
        "threshold": v_threshold,
        "leak": v_rest,
        **_to_reset(v_reset),
        "initial": v_reset or 0.0,
        "spike_map": "quadratic",
        "map_scale": a0 / tau,
        "map_onset": v_c,
    }


def spikingjelly_eif(
    tau: Steps = 2.0,
    delta_T: Unitless = 1.0,
    theta_rh: Unitless = 0.8,
    v_threshold: Unitless = 1.0,
    v_rest: Unitless = 0.0,
    v_reset: Unitless | None = -0.1,
) -> dict[str, Any]:
    """``EIFNode``."""
    return {
        "decay": 1 - 1 / tau,
        "gain": 1 / tau,
        "threshold": v_threshold,
        "leak": v_rest,
        **_to_reset(v_reset),
        "initial": v_reset or 0.0,
        "spike_map": "exponential",
        "map_scale": delta_T / tau,
        "map_onset": theta_rh,
        "map_slope": delta_T,
    }


def spikingjelly_cuba(
    c_decay: Unitless = 0.5,
    v_decay: Unitless = 0.75,
    v_threshold: Unitless = 0.5,
    v_reset: Unitless | None = 0.0,
) -> dict[str, Any]:
    """``CUBALIFNode``; its membrane decays to 0, and begins at v_reset."""
    return {
        "decay": v_decay,
        "threshold": v_threshold,
        **_to_reset(v_reset),
        "initial": v_reset or None,
        "synapse_decay": c_decay,
    }


def _to_reset(v_reset):
    """SpikingJelly's reset: to a value, or, without one, by the threshold."""
    if v_reset is None:
        return {**FROM_THRESHOLD_TO_VALUE, "reset": "subtract"}
    return {**FROM_THRESHOLD_TO_VALUE, "reset_value": v_reset}


# --- Sinabs, Rockpool and Lava --------------------------------------------------------------------


def sinabs(
    tau_mem: Steps = 20.0,
    tau_syn: Steps | None = None,
    spike_threshold: Unitless = 1.0,
    min_v_mem: Unitless | None = None,
    norm_input: Flag = True,
) -> dict[str, Any]:
    """``LIF``, with a synaptic current if tau_syn is given."""
    decay = math.exp(-1 / tau_mem)
    synapse = {"synapse_decay": math.exp(-1 / tau_syn), **JUMP_FIRST} if tau_syn else {}
    return {
        "decay": decay,
        "gain": 1 - decay if norm_input else 1.0,
        "threshold": spike_threshold,
        **SUBTRACT_ALL,
        "lower": min_v_mem,
        **synapse,
    }


def sinabs_iaf(
    spike_threshold: Unitless = 1.0, min_v_mem: Unitless | None = None
) -> dict[str, Any]:
    """``IAF``."""
    return {"decay": 1.0, "threshold": spike_threshold, **SUBTRACT_ALL, "lower": min_v_mem}


def sinabs_alif(
    tau_mem: Steps = 20.0,
    tau_adapt: Steps = 20.0,
    adapt_scale: Unitless = 1.8,
    spike_threshold: Unitless = 1.0,
    norm_input: Flag = True,
) -> dict[str, Any]:
    """``ALIF``, whose b relaxes to its spikes."""
    kept = math.exp(-1 / tau_adapt)
    return {
        **sinabs(tau_mem, None, spike_threshold, None, norm_input),
        "spikes": "single",
        "adaptation_decay": kept,
        "adaptation_scale": adapt_scale * (1 - kept),
    }


def rockpool(
    dt: Seconds = 0.001,
    tau_mem: Seconds = 0.02,
    tau_syn: Seconds = 0.02,
    bias: Unitless = 0.0,
    threshold: Unitless = 1.0,
) -> dict[str, Any]:
    """``LIF``; the bias is added to the membrane at each step."""
    decay = math.exp(-dt / tau_mem)
    return {
        "decay": decay,
        "threshold": threshold,
        **SUBTRACT_ALL,
        **driven(bias / (1 - decay)),
        "synapse_decay": math.exp(-dt / tau_syn),
        **JUMP_FIRST,
    }


def lava_synapse(
    du: Unitless = 0.0, dv: Unitless = 0.0, vth: Unitless = 10.0, bias_mant: Unitless = 0.0
) -> dict[str, Any]:
    """``proc.lif.process.LIF`` in floating point, whose bias is added to the membrane."""
    if bias_mant and not dv:
        must, remedy = "be 0 where dv is 0", "add it to the input of the membrane"
        arguments.refuse("bias_mant", must, bias_mant, remedy)
    bias = driven(bias_mant / dv) if bias_mant else {}
    return {"decay": 1 - dv, "threshold": vth, **TO_VALUE, **bias, "synapse_decay": 1 - du}


def lava_refractory(
    du: Unitless = 0.0,
    dv: Unitless = 0.0,
    vth: Unitless = 10.0,
    bias_mant: Unitless = 0.0,
    refractory_period: Steps = 1.0,
) -> dict[str, Any]:
    """``proc.lif.process.LIFRefractory`` in floating point."""
    return {**lava_synapse(du, dv, vth, bias_mant), **frozen(refractory_period)}
