"""Networks of spiking neurons: linear layers, and layers run one after another over time."""

from spikecore.network.linear import Linear
from spikecore.network.sequential import LayerRun, Sequential

__all__ = ["LayerRun", "Linear", "Sequential"]


def __dir__():
    return __all__
