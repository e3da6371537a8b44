"""Compare an encoder, a neuron or a network, anybody's, with the reference.

:func:`neuron` and :func:`encoder` run a candidate, compare it bit for bit, tell rounding from
logic, and name the cause when a known one reproduces it; :func:`network` does so for each layer of
a network.  ``python -m spikecore validate`` does the same from the command line; ``vectors`` writes
inputs and expected outputs for implementations that Python cannot call, and ``check`` judges what
they gave.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers read in place of the lazy names
    from spikecore.validate.encoders import encoder as encoder
    from spikecore.validate.networks import network as network
    from spikecore.validate.neurons import neuron as neuron
    from spikecore.validate.report import ConformanceError as ConformanceError
    from spikecore.validate.report import Report as Report

_HOMES = {
    "ConformanceError": "report",
    "Report": "report",
    "encoder": "encoders",
    "network": "networks",
    "neuron": "neurons",
}

__all__ = ["ConformanceError", "Report", "encoder", "network", "neuron"]


if not TYPE_CHECKING:  # a checker would take any name for one that this function knows

    def __getattr__(name):
        if name in _HOMES:
            return getattr(import_module(f"spikecore.validate.{_HOMES[name]}"), name)
        raise AttributeError(f"module 'spikecore.validate' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
