"""What each rule makes of a NIR graph, in words."""

from __future__ import annotations

from spikecore.nir.rules import NAMES, Rule

_ANY = "Affine, Linear, Conv1d, Conv2d, SumPool2d, AvgPool2d, Flatten as NIR has them"
_ZERO = "v > v_threshold, then v = 0 in the same step"
_EXACT_LI = "v <- v_leak + d*(v - v_leak) + r*(1 - d)*x with d = e^(-dt/tau)"
_EULER_LI = "v <- v + dt/tau*(v_leak - v + r*x)"
_TEXT_RESET = "then a spike where v > v_threshold, and v = v_reset in the same step"

RULES: dict[str, Rule] = {
    "exact": Rule(
        "none: NIR's equations", "each solved over a step for input that is held",
        {
            "LI": _EXACT_LI, "LIF": f"as LI, {_TEXT_RESET}", "I": "v <- v + r*dt*x",
            "IF": f"as I, {_TEXT_RESET}",
            "CubaLI": "i <- c*i + (1 - c)*w_in*x with c = e^(-dt/tau_syn), then LI of i",
            "CubaLIF": f"as CubaLI, {_TEXT_RESET}",
            "Delay": "delay/dt steps, which must be whole within 1e-6",
            "layers": f"{_ANY}; Scale, Threshold (x > threshold)",
        },
        {},
    ),
    "euler": Rule(
        "none: NIR's equations", "by Euler's method",
        {
            "LI": _EULER_LI, "LIF": f"as LI, {_TEXT_RESET}", "I": "v <- v + r*dt*x",
            "IF": f"as I, {_TEXT_RESET}",
            "CubaLI": "i <- i + dt/tau_syn*(w_in*x - i), then LI of i",
            "CubaLIF": f"as CubaLI, {_TEXT_RESET}", "Delay": "as exact", "layers": "as exact",
        },
        {},
    ),
    "snntorch-1.0": Rule(
        "snnTorch", "1.0.0",
        {
            "LIF": f"v <- (1 - dt/tau)*v + x; {_ZERO}, with v_threshold/(r*dt/tau)",
            "CubaLIF": f"i <- (1 - dt/tau_syn)*i + x, v <- (1 - dt/tau_mem)*v + i; {_ZERO}, with "
            "v_threshold/(w_in*dt/tau_syn); r must be tau_mem/dt",
            "layers": _ANY,
        },
        {
            "dt": "must be 0.0001, which snnTorch has built in",
            "r, w_in": "must scale all neurons alike; snnTorch takes the first neuron's scale",
            "v_reset": "must be 0; snnTorch resets to 0",
            "v_leak": "must be 0; snnTorch raises an error",
            "IF": "snnTorch's importer makes a neuron that cannot run",
            "cycles": "run as in the NIR paper; the importer of 1.0.0 itself fails",
        },
    ),
    "snntorch-1.0-subtract": Rule(
        "snnTorch", "1.0.0, reset_mechanism='subtract', as published with the NIR paper",
        {
            "LIF, CubaLIF": "as snntorch-1.0, but v - threshold in the same step; if v is still "
            "above it, one is given back (reset_at='exchange')",
            "layers": _ANY,
        },
        {"all": "as snntorch-1.0"},
    ),
    "norse-1.1": Rule(
        "Norse", "1.1.0",
        {
            "LIF": f"v <- v + dt/tau*(x + v_leak - v); {_ZERO}",
            "IF": f"v <- v + x; {_ZERO}",
            "CubaLIF": "i <- i + dt/tau_syn*(w_in*x - i), v <- v + dt/tau_mem*(r*i + v_leak - v); "
            f"{_ZERO}",
            "layers": "Affine, Linear, Conv2d, SumPool2d, Flatten",
            "cycles": "the bias of a layer on a cycle is absent in the first step",
        },
        {
            "r": "of LIF and IF must be 1; Norse ignores it",
            "v_reset": "must be 0; Norse resets to 0",
            "v_leak": "of CubaLIF must be 0; Norse adds it to the synaptic current too",
            "I, LI, CubaLI, Conv1d": "Norse passes the input on as it is",
            "padding": "of pools must be 0; Norse ignores it",
        },
    ),
    "norse-1.1-subtract": Rule(
        "Norse", "1.1.0, reset_method=reset_subtract",
        {"CubaLIF": "as norse-1.1, but v - v_threshold", "others": "as norse-1.1"},
        {"all": "as norse-1.1"},
    ),
    "sinabs-3.1": Rule(
        "Sinabs", "3.1.3, which reads tau in steps: dt=1 for the file's numbers",
        {
            "LIF": "v <- e^(-dt/tau)*v + x; floor(v/v_threshold) spikes, each subtracts one "
            "threshold",
            "IF": "v <- v + x; spikes as LIF; then v is at least -v_threshold",
            "LI": "v <- e^(-dt/tau)*v + x", "layers": "Affine, Conv2d, SumPool2d, Flatten",
            "cycles": "the bias of a layer on a cycle is absent in the first step",
        },
        {
            "r": "must be 1; Sinabs ignores it",
            "v_reset": "must be 0; Sinabs subtracts the threshold",
            "v_leak": "must be 0; Sinabs raises an error",
            "I, CubaLI, CubaLIF, Linear": "Sinabs passes the input on as it is",
            "padding": "of pools must be 0; Sinabs ignores it",
        },
    ),
    "spikingjelly-2.0": Rule(
        "SpikingJelly", "2.0.0",
        {
            "LIF": "r = 1: v <- v + (x - (v - v_reset))*dt/tau; r = tau/dt: without that factor of "
            "x; v >= v_threshold, then v = v_reset in the same step",
            "IF": "v <- v + x, and r must be 1/dt; spikes as LIF",
            "CubaLIF": "i <- (1 - dt/tau_syn)*i + x, v <- (1 - dt/tau_mem)*v + i; spikes as LIF; r "
            "and w_in must be tau_mem/dt and tau_syn/dt",
            "layers": _ANY,
            "cycles": "the bias of a layer on a cycle is absent in the first step",
        },
        {"others": "what differs raises an error in SpikingJelly too, such as tau <= dt"},
    ),
    "spyx": Rule(
        "Spyx", "as in the NIR paper; the importer of 1.0.0 leaves out LIF's factor dt/tau",
        {
            "LIF": "v <- (1 - dt/tau)*v + dt/tau*x - s*v_threshold, s the spike of the v before, "
            "which is the output",
            "IF": "v <- v + x - s*v_threshold",
            "CubaLIF": "i <- (1 - dt/tau_syn)*i + x, v <- (1 - dt/tau_mem)*(v - s*v_threshold) + i",
            "cycles": "one neuron on a cycle: its spikes come back in the step of their output",
            "layers": _ANY,
        },
        {
            "r": "must be 1, of CubaLIF tau_mem/dt; Spyx ignores it",
            "w_in": "must be tau_syn/dt; likewise", "v_leak, v_reset": "must be 0; likewise",
            "Scale": "Spyx passes the input on as it is",
        },
    ),
    "lava-float": Rule(
        "Lava", "0.10.0, floating_pt, as the NIR paper maps to it",
        {
            "LIF": f"v <- (1 - dt/tau)*v + r*dt/tau*x of the step before; {_ZERO}",
            "IF": f"v <- v + x of the step before; {_ZERO}; r must be 1/dt",
            "CubaLIF": "i <- (1 - dt/tau_syn)*i + x of the step before, "
            "v <- (1 - dt/tau_mem)*v + i; r and w_in must be tau_mem/dt and tau_syn/dt",
            "layers": _ANY,
        },
        {"v_reset": "must be 0; Lava resets to 0", "v_leak": "must be 0"},
    ),
    "lava-fixed": Rule(
        "Lava", "0.10.0, fixed_pt, as the NIR paper maps to it",
        {
            "LIF": "integers of Loihi: dv = int(4095*dt/tau), weights int(256*w*dt/tau) one step "
            "later, threshold int(131071*v_threshold) >> 9; SPEC.md, Fixed point, has the rest",
            "layers": "Linear and Affine without bias before a LIF, in a chain",
        },
        {"r": "must be 1", "v_leak": "must be 0", "v_reset": "must be 0; Lava resets to 0"},
    ),
}  # fmt: skip


def rules() -> dict[str, Rule]:
    """The rules by which a NIR graph is run, by name.

    Returns
    -------
    dict of str to Rule
        Each with whose importer it is, the update of each kind of node, and what it refuses.

    Examples
    --------
    >>> from spikecore import nir
    >>> nir.rules()["norse-1.1"].ignored["r"]
    'of LIF and IF must be 1; Norse ignores it'
    """
    return {name: RULES[name] for name in NAMES}
