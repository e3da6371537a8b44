"""The LIF neuron of each known simulator, as a point in the space of ``LIF``'s axes."""

import math
from typing import NamedTuple

from spikecore import arguments


class Profile(NamedTuple):
    """One simulator's LIF neuron.

    Attributes
    ----------
    simulator, version : str
        Whose it is.
    call : str
        The call it stands for.
    source : str
        Where its update is written.
    axes : dict
        Arguments of ``LIF``: how it steps, and the call's default numbers.
    """

    simulator: str
    version: str
    call: str
    source: str
    axes: dict


_SNNTORCH = "snntorch/_neurons/leaky.py"
_NEXT_SUBTRACT = {"compare": ">", "reset": "subtract", "reset_at": "next"}
_SAME_VALUE = {"compare": ">", "reset": "value", "reset_at": "same"}
_SAME_SUBTRACT = {"compare": ">", "reset": "subtract", "reset_at": "same"}

PROFILES = {
    "snntorch-1.0": Profile(
        "snnTorch", "1.0.0", "Leaky(beta)", _SNNTORCH, {"decay": 0.9, **_NEXT_SUBTRACT}
    ),
    "snntorch-1.0-zero": Profile(
        "snnTorch",
        "1.0.0",
        "Leaky(beta, reset_mechanism='zero')",
        _SNNTORCH,
        {"decay": 0.9, "compare": ">", "reset": "value", "reset_at": "next"},
    ),
    "snntorch-1.0-none": Profile(
        "snnTorch",
        "1.0.0",
        "Leaky(beta, reset_mechanism='none')",
        _SNNTORCH,
        {"decay": 0.9, "compare": ">", "reset": "none"},
    ),
    "snntorch-1.0-subtract-now": Profile(
        "snnTorch",
        "1.0.0",
        "Leaky(beta, reset_delay=False)",
        _SNNTORCH,
        {"decay": 0.9, **_NEXT_SUBTRACT, "reset_at": "exchange"},
    ),
    "snntorch-1.0-zero-now": Profile(
        "snnTorch",
        "1.0.0",
        "Leaky(beta, reset_mechanism='zero', reset_delay=False)",
        _SNNTORCH,
        {"decay": 0.9, **_SAME_VALUE},
    ),
    "snntorch-0.7": Profile(
        "snnTorch",
        "0.5.3 to 0.7.0",
        "Leaky(beta) with mem passed",
        _SNNTORCH,
        {"decay": 0.9, **_NEXT_SUBTRACT, "decay_reset": True},
    ),
    "snntorch-0.7-zero": Profile(
        "snnTorch",
        "0.5.3 to 0.7.0",
        "Leaky(beta, reset_mechanism='zero') with mem passed",
        _SNNTORCH,
        {
            "decay": 0.9,
            "compare": ">",
            "reset": "value",
            "reset_at": "next",
            "drop_input": True,
        },
    ),
    "spikingjelly": Profile(
        "SpikingJelly",
        "2.0.0",
        "LIFNode(tau=2.0)",
        "spikingjelly/activation_based/neuron/lif.py",
        {"decay": 0.5, "gain": 0.5, **_SAME_VALUE, "compare": ">="},
    ),
    "spikingjelly-soft": Profile(
        "SpikingJelly",
        "2.0.0",
        "LIFNode(tau=2.0, v_reset=None)",
        "spikingjelly/activation_based/neuron/lif.py",
        {"decay": 0.5, "gain": 0.5, **_SAME_SUBTRACT, "compare": ">="},
    ),
    "norse-box": Profile(
        "Norse",
        "1.1.0",
        "LIFBoxCell()",
        "norse/torch/functional/lif_box.py",
        {"decay": 0.9, "gain": 0.1, **_SAME_VALUE},
    ),
    "norse-box-subtract": Profile(
        "Norse",
        "1.1.0",
        "LIFBoxCell(LIFBoxParameters(reset_method=reset_subtract))",
        "norse/torch/functional/lif_box.py",
        {"decay": 0.9, "gain": 0.1, **_SAME_SUBTRACT},
    ),
    "sinabs": Profile(
        "Sinabs",
        "3.1.3",
        "LIF(tau_mem=20.0)",
        "sinabs/layers/functional/lif.py",
        {
            "decay": math.exp(-1 / 20),
            "gain": 1 - math.exp(-1 / 20),
            **_SAME_SUBTRACT,
            "compare": ">=",
            "spikes": "multi",
        },
    ),
    "sinabs-single-reset": Profile(
        "Sinabs",
        "3.1.3",
        "LIF(tau_mem=20.0, spike_fn=SingleSpike, reset_fn=MembraneReset())",
        "sinabs/layers/functional/lif.py",
        {
            "decay": math.exp(-1 / 20),
            "gain": 1 - math.exp(-1 / 20),
            **_SAME_VALUE,
            "compare": ">=",
        },
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


def find(name):
    """The profile of that name."""
    return PROFILES[arguments.choice("name", name, tuple(PROFILES))]
