"""spikecore: the reference implementation of spike encoding and leaky integrate-and-fire neurons.

Submodules load when first touched, so that ``import spikecore`` costs next to nothing.
"""

from importlib import import_module

TYPE_CHECKING = False  # checkers take the name for true; loading `typing` takes 2 ms

if TYPE_CHECKING:  # what editors and type checkers read in place of the lazy names
    from spikecore import datasets as datasets
    from spikecore import decode as decode
    from spikecore import events as events
    from spikecore import lazy as lazy
    from spikecore import network as network
    from spikecore import neurons as neurons
    from spikecore import nir as nir
    from spikecore import random as random
    from spikecore import spikegen as spikegen
    from spikecore import spikeplot as spikeplot
    from spikecore import statistics as statistics
    from spikecore import utils as utils
    from spikecore import validate as validate
    from spikecore.backends import devices as devices
    from spikecore.events import Events as Events
    from spikecore.network import Graph as Graph
    from spikecore.network import Linear as Linear
    from spikecore.network import Sequential as Sequential
    from spikecore.neurons import LIF as LIF
    from spikecore.neurons import Alpha as Alpha
    from spikecore.neurons import Lapicque as Lapicque
    from spikecore.neurons import Leaky as Leaky
    from spikecore.neurons import RLeaky as RLeaky
    from spikecore.neurons import Synaptic as Synaptic
    from spikecore.neurons import leaky_integrate_and_fire as leaky_integrate_and_fire
    from spikecore.neurons import profiles as profiles

__version__ = "0.2.0"

__all__ = [
    "LIF",
    "Alpha",
    "Events",
    "Graph",
    "Lapicque",
    "Leaky",
    "Linear",
    "RLeaky",
    "Sequential",
    "Synaptic",
    "__version__",
    "datasets",
    "decode",
    "devices",
    "events",
    "lazy",
    "leaky_integrate_and_fire",
    "network",
    "neurons",
    "nir",
    "profiles",
    "random",
    "spikegen",
    "spikeplot",
    "statistics",
    "utils",
    "validate",
]

_HOMES = {"Graph": "network", "Linear": "network", "Sequential": "network"}
_HOMES |= {"Events": "events", "devices": "backends"}
_SUBMODULES = ("datasets", "decode", "events", "lazy", "network", "neurons", "nir", "random")
_SUBMODULES += ("spikegen", "spikeplot", "statistics", "utils", "validate")


if not TYPE_CHECKING:  # a checker would take any name for one that this function knows

    def __getattr__(name):
        if name in _SUBMODULES:
            return import_module(f"spikecore.{name}")
        if name in __all__:
            return getattr(import_module(f"spikecore.{_HOMES.get(name, 'neurons')}"), name)
        raise AttributeError(f"module 'spikecore' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
