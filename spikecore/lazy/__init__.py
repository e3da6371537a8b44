"""Dask arrays in, Dask arrays out: nothing is computed before ``compute``."""

from spikecore.lazy.codes import encode
from spikecore.lazy.runs import run_network, run_neuron

__all__ = ["encode", "run_network", "run_neuron"]
