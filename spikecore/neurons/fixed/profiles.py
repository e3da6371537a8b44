"""The LIF neuron of known hardware, as arguments of ``fixed.LIF``."""

from typing import Any

from spikecore import arguments
from spikecore.neurons.simulators import Profile

_LOIHI: dict[str, Any] = {
    "synapse_decay": 0,
    "decay": 0,
    "threshold": 10,
    "decay_form": "complement",
    "synapse_offset": 1,
    "rounding": "zero",
    "overflow": "symmetric",
    "synapse_overflow": "wrap-high",
    "input_bits": 19,
    "input_shift": 6,
    "threshold_bits": 17,
    "threshold_shift": 6,
}


def _lava(call, **axes):
    """A profile of Lava's bit-accurate models."""
    return Profile("Lava", "0.10.0", call, "lava/proc/lif/models.py", {**_LOIHI, **axes})


PROFILES = {
    "loihi": _lava("LIF(du, dv, vth), fixed_pt"),
    "lava-bit-accurate": _lava("LIF(du, dv, vth), fixed_pt"),
    "loihi-ternary": _lava("TernaryLIF(du, dv, vth_lo, vth_hi), fixed_pt", lower_threshold=-10),
    "tinyodin": Profile(
        "tinyODIN", "18656534", "lif_neuron", "lif_neuron.v",
        {
            "decay": 0, "threshold": 100, "decay_form": "constant", "decay_at": "event",
            "bits": 12, "overflow": "saturate", "input_bits": 4, "threshold_bits": 12,
            "compare": ">=",
        },
    ),
    "q-format": Profile(
        "a SystemVerilog neuron", "QS2.13 input, Q1.7 decay", "the equations of snnTorch's Leaky",
        "SPEC.md, Fixed point",
        {
            "decay": 115, "threshold": 8192, "decay_bits": 7, "frac": 13, "product_bits": 32,
            "overflow": "wrap", "input_bits": 16, "compare": ">=", "reset": "subtract",
            "reset_at": "next",
        },
    ),
    "spiker": Profile(
        "Spiker+", "read, not run", "neuron", "VHDL",
        {
            "decay": 4, "threshold": 64, "decay_form": "shift", "bits": 16, "frac": 6,
            "overflow": "wrap", "input_bits": 16,
        },
    ),
}  # fmt: skip


def find(name):
    """The profile of a name."""
    return PROFILES[arguments.choice("name", name, tuple(PROFILES))]


def profiles() -> dict[str, Profile]:
    """The fixed-point LIF neurons of known hardware, by name.

    Returns
    -------
    dict of str to Profile
        Each with the hardware or its model, the version, the call that it reproduces, the source
        and the axes.

    Examples
    --------
    >>> from spikecore.neurons import fixed
    >>> fixed.profiles()["tinyodin"].axes["bits"]
    12
    """
    return {name: found._replace(axes=dict(found.axes)) for name, found in PROFILES.items()}
