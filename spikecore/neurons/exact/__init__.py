"""The continuous neuron, solved event by event, without time steps."""

from spikecore.neurons.exact.lif import LIF, Result, State

__all__ = ["LIF", "Result", "State"]
