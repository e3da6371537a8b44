"""Neurons and layers in the integers of digital hardware, equal to it bit by bit."""

from spikecore.neurons.fixed.lif import LIF
from spikecore.neurons.fixed.linear import Linear
from spikecore.neurons.fixed.profiles import profiles
from spikecore.neurons.fixed.weights import quantize

__all__ = ["LIF", "Linear", "profiles", "quantize"]
