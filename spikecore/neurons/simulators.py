"""The LIF neuron of each known simulator, as arguments of ``LIF``."""

import math
from typing import Any, NamedTuple

from spikecore import arguments
from spikecore.neurons.units import convert


class Profile(NamedTuple):
    """One simulator's LIF neuron.

    Attributes
    ----------
    simulator, version : str
        Name and version of the simulator.
    call : str
        The call that it reproduces.
    source : str
        The file with the simulator's update.
    axes : dict
        Arguments of ``LIF``: the axes of its step, and the call's default numbers.
    """

    simulator: str
    version: str
    call: str
    source: str
    axes: dict[str, Any]


_NEXT_SUBTRACT = {"compare": ">", "reset": "subtract", "reset_at": "next"}
_NEXT_VALUE = {"compare": ">", "reset": "value", "reset_at": "next"}
_SAME_VALUE = {"compare": ">", "reset": "value", "reset_at": "same"}
_SAME_SUBTRACT = {"compare": ">", "reset": "subtract", "reset_at": "same"}


def _snntorch(call, axes, version="1.0.0"):
    """A profile of snnTorch's ``Leaky``."""
    axes = {"decay": 0.9, **axes}
    return Profile("snnTorch", version, call, "snntorch/_neurons/leaky.py", axes)


def _spikingjelly(call, reset):
    """A profile of SpikingJelly's ``LIFNode``."""
    axes = {"decay": 0.5, "gain": 0.5, **reset, "compare": ">="}
    source = "spikingjelly/activation_based/neuron/lif.py"
    return Profile("SpikingJelly", "2.0.0", call, source, axes)


def _norse(call, reset):
    """A profile of Norse's ``LIFBoxCell``."""
    axes = {"decay": 0.9, "gain": 0.1, **reset}
    return Profile("Norse", "1.1.0", call, "norse/torch/functional/lif_box.py", axes)


def _sinabs(call, reset, **axes):
    """A profile of Sinabs' ``LIF``."""
    decay = math.exp(-1 / 20)
    axes = {"decay": decay, "gain": 1 - decay, **reset, "compare": ">=", **axes}
    return Profile("Sinabs", "3.1.3", call, "sinabs/layers/functional/lif.py", axes)


def _nengo(call, name):
    """A profile of Nengo, whose time constants are in seconds."""
    call = f"{call}, dt=0.001, voltage 0 at the start"
    return Profile("Nengo", "4.1.0", call, "nengo/neurons.py", convert(name, {}))


def _nest(model, name):
    """A profile of NEST, whose time constants are in ms; the input is weights of spikes."""
    call, source = f"{model}, resolution 0.1 ms", f"models/{model}.cpp"
    return Profile("NEST", "3.10.0", call, source, convert(name, {}))


def _pynn(call, name):
    """A profile of PyNN's standard cells on NEST; the input is weights of spikes."""
    call, source = f"{call} on NEST, timestep 0.1 ms", "pyNN/standardmodels/cells.py"
    return Profile("PyNN", "0.13.0", call, source, convert(name, {}))


def _brian2(options, flag="", **given):
    """A profile of an equation in Brian2, for a step of 0.1 ms."""
    call = f"dv/dt = (I - v)/(10*ms) : 1{flag}, v > 1, v = 0, {options}"
    source = "brian2/groups/neurongroup.py"
    return Profile("Brian2", "2.10.1", call, source, convert("brian2", given))


def _norse_cell(call, file, name):
    """A profile of another cell of Norse, for a step of 1 ms."""
    source = f"norse/torch/functional/{file}"
    return Profile("Norse", "1.1.0", call, source, convert(name, {}))


def _jelly(call, file, name):
    """A profile of another node of SpikingJelly."""
    source = f"spikingjelly/activation_based/neuron/{file}"
    return Profile("SpikingJelly", "2.0.0", call, source, convert(name, {}))


def _sinabs_layer(call, file, name, **given):
    """A profile of another layer of Sinabs."""
    source = f"sinabs/layers/functional/{file}"
    return Profile("Sinabs", "3.1.3", call, source, convert(name, given))


def _lava(call, name, **given):
    """A profile of Lava's processes in floating point."""
    call, source = f"proc.lif.process.{call}", "lava/proc/lif/models.py"
    return Profile("Lava", "0.10.0", call, source, convert(name, given))


PROFILES = {
    "snntorch-1.0": _snntorch("Leaky(beta)", _NEXT_SUBTRACT),
    "snntorch-1.0-zero": _snntorch("Leaky(beta, reset_mechanism='zero')", _NEXT_VALUE),
    "snntorch-1.0-none": _snntorch(
        "Leaky(beta, reset_mechanism='none')", {"compare": ">", "reset": "none"}
    ),
    "snntorch-1.0-subtract-now": _snntorch(
        "Leaky(beta, reset_delay=False)", {**_NEXT_SUBTRACT, "reset_at": "exchange"}
    ),
    "snntorch-1.0-zero-now": _snntorch(
        "Leaky(beta, reset_mechanism='zero', reset_delay=False)", _SAME_VALUE
    ),
    "snntorch-0.7": _snntorch(
        "Leaky(beta) with mem passed", {**_NEXT_SUBTRACT, "decay_reset": True}, "0.5.3 to 0.7.0"
    ),
    "snntorch-0.7-zero": _snntorch(
        "Leaky(beta, reset_mechanism='zero') with mem passed",
        {**_NEXT_VALUE, "drop_input": True},
        "0.5.3 to 0.7.0",
    ),
    "spikingjelly": _spikingjelly("LIFNode(tau=2.0)", _SAME_VALUE),
    "spikingjelly-soft": _spikingjelly("LIFNode(tau=2.0, v_reset=None)", _SAME_SUBTRACT),
    "norse-box": _norse("LIFBoxCell()", _SAME_VALUE),
    "norse-box-subtract": _norse(
        "LIFBoxCell(LIFBoxParameters(reset_method=reset_subtract))", _SAME_SUBTRACT
    ),
    "sinabs": _sinabs("LIF(tau_mem=20.0)", _SAME_SUBTRACT, spikes="multi"),
    "sinabs-single-reset": _sinabs(
        "LIF(tau_mem=20.0, spike_fn=SingleSpike, reset_fn=MembraneReset())", _SAME_VALUE
    ),
    "bindsnet": Profile(
        "BindsNET",
        "0.3.4",
        "LIFNodes(n)",
        "bindsnet/network/nodes.py",
        {
            "decay": math.exp(-1 / 100),
            "threshold": 13.0,
            **_SAME_VALUE,
            "compare": ">=",
            "refractory": 5,
        },
    ),
    "lava": Profile(
        "Lava",
        "as published in its repository",
        "proc.lif.process.LIF(du=1, dv=0.1, vth=1)",
        "lava/proc/lif/models.py, PyLifModelFloat",
        {"decay": 0.9, **_SAME_VALUE},
    ),
    "spyx": Profile(
        "Spyx",
        "1.0.0",
        "nn.LIF(hidden_shape, beta)",
        "spyx/nn.py",
        {"decay": 0.9, **_NEXT_SUBTRACT, "report_spike": "old"},
    ),
    "nengo": Profile(
        "Nengo",
        "4.1.0",
        "LIF(tau_rc=0.02, tau_ref=0), voltage 0 at the start",
        "nengo/neurons.py",
        {
            "decay": math.exp(-0.001 / 0.02),
            "gain": 1 - math.exp(-0.001 / 0.02),
            **_SAME_VALUE,
            "lower": 0.0,
        },
    ),
    "nengo-refractory": _nengo("LIF(tau_rc=0.02, tau_ref=0.002)", "nengo"),
    "nengo-adaptive": _nengo("AdaptiveLIF(tau_n=1, inc_n=0.01)", "nengo-adaptive"),
    "nest-delta": _nest("iaf_psc_delta", "nest-delta"),
    "nest-exp": _nest("iaf_psc_exp", "nest-exp"),
    "pynn-if-curr-delta": _pynn("IF_curr_delta()", "pynn-if-curr-delta"),
    "pynn-if-curr-exp": _pynn("IF_curr_exp()", "pynn-if-curr-exp"),
    "brian2": _brian2("method='exact'"),
    "brian2-euler": _brian2("method='euler'", method="euler"),
    "brian2-refractory": _brian2(
        "method='exact', refractory=5*ms", " (unless refractory)", refractory=5.0
    ),
    "norse-lif": _norse_cell("LIFCell()", "lif.py", "norse-lif"),
    "norse-lif-refrac": _norse_cell("LIFRefracCell()", "lif_refrac.py", "norse-lif-refrac"),
    "norse-iaf": _norse_cell("IAFCell()", "iaf.py", "norse-iaf"),
    "spikingjelly-if": _jelly("IFNode()", "integrate_and_fire.py", "spikingjelly-if"),
    "spikingjelly-plif": _jelly("ParametricLIFNode(init_tau=2.0)", "plif.py", "spikingjelly-plif"),
    "spikingjelly-qif": _jelly("QIFNode()", "qif.py", "spikingjelly-qif"),
    "spikingjelly-eif": _jelly("EIFNode()", "eif.py", "spikingjelly-eif"),
    "spikingjelly-cuba": _jelly(
        "CUBALIFNode(c_decay=0.5, v_decay=0.75, v_threshold=0.5, v_reset=0)",
        "cubalif.py",
        "spikingjelly-cuba",
    ),
    "sinabs-iaf": _sinabs_layer("IAF()", "iaf.py", "sinabs-iaf"),
    "sinabs-syn": _sinabs_layer(
        "LIF(tau_mem=20.0, tau_syn=10.0)", "lif.py", "sinabs", tau_syn=10.0
    ),
    "sinabs-alif": _sinabs_layer("ALIF(tau_mem=20.0, tau_adapt=20.0)", "alif.py", "sinabs-alif"),
    "rockpool": Profile(
        "Rockpool",
        "3.1.0",
        "LIF(shape)",
        "rockpool/nn/modules/torch/lif_torch.py",
        convert("rockpool", {}),
    ),
    "lava-synapse": _lava("LIF(du=0.5, dv=0.1, vth=1)", "lava-synapse", du=0.5, dv=0.1, vth=1),
    "lava-refractory": _lava(
        "LIFRefractory(du=0.5, dv=0.1, vth=1, refractory_period=1)",
        "lava-refractory",
        du=0.5,
        dv=0.1,
        vth=1,
    ),
    "tutorial": Profile(
        "snnTorch",
        "tutorial 3",
        "leaky_integrate_and_fire(mem, x, w, beta)",
        "the hand-written neuron, whose input is w*x",
        {"decay": 0.819, "gain": 0.4, **_NEXT_SUBTRACT, "report_spike": "old"},
    ),
}


def find(name, argument="name"):
    """The profile that the value of an argument names."""
    return PROFILES[arguments.choice(argument, name, tuple(PROFILES))]
