"""Spiking neurons: ``LIF`` over explicit axes, and snnTorch's models under its names."""

from spikecore.neurons import exact, fixed
from spikecore.neurons.lif import LIF, profiles
from spikecore.neurons.neuron import Run
from spikecore.neurons.quantized import Quantized, state_levels
from spikecore.neurons.snntorch import (
    Alpha,
    Lapicque,
    Leaky,
    RLeaky,
    Synaptic,
    leaky_integrate_and_fire,
)

__all__ = [
    "LIF", "Alpha", "Lapicque", "Leaky", "Quantized", "RLeaky", "Run", "Synaptic",
    "exact", "fixed", "leaky_integrate_and_fire", "profiles", "state_levels",
]  # fmt: skip


def __dir__():
    return __all__
