"""The LIF neuron of each known simulator, as arguments of ``LIF``."""

import math
from typing import Any, NamedTuple

from spikecore import arguments


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
