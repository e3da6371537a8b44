"""Networks of spiking neurons: layers, and layers run one after another or as a graph over time."""

from spikecore.network.convolution import Conv1d, Conv2d
from spikecore.network.delay import Delay, LayerOutput
from spikecore.network.elements import Flatten, Scale, Threshold
from spikecore.network.graph import Graph
from spikecore.network.linear import Linear
from spikecore.network.pooling import AvgPool2d, SumPool2d
from spikecore.network.readouts import LI, CubaLI
from spikecore.network.sequential import Sequential
from spikecore.network.stages import LayerRun

__all__ = [
    "LI", "AvgPool2d", "Conv1d", "Conv2d", "CubaLI", "Delay", "Flatten", "Graph", "LayerOutput",
    "LayerRun", "Linear", "Scale", "Sequential", "SumPool2d", "Threshold",
]  # fmt: skip


def __dir__():
    return __all__
