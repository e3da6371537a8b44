"""spikecore: the reference implementation of spike encoding and leaky integrate-and-fire neurons.

Submodules load when first touched, so that ``import spikecore`` costs next to nothing.
"""

from importlib import import_module

__version__ = "0.2.0"

_SUBMODULES = ("datasets", "network", "neurons", "random", "spikegen", "spikeplot", "utils")
_SUBMODULES += ("validate",)
_NEURONS = ("LIF", "Alpha", "Lapicque", "Leaky", "RLeaky", "Synaptic")
_NEURONS += ("leaky_integrate_and_fire", "profiles")
_NETWORK = ("Linear", "Sequential")

__all__ = ["__version__", "devices", *_NEURONS, *_NETWORK, *_SUBMODULES]


def __getattr__(name):
    if name in _SUBMODULES:
        return import_module(f"spikecore.{name}")
    if name in _NEURONS:
        return getattr(import_module("spikecore.neurons"), name)
    if name in _NETWORK:
        return getattr(import_module("spikecore.network"), name)
    if name == "devices":
        return import_module("spikecore.backends").devices
    raise AttributeError(f"module 'spikecore' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
