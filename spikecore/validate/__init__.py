"""Hold an encoder or a neuron, anybody's, against the reference.

:func:`neuron` and :func:`encoder` run a candidate, compare it bit for bit, tell rounding from
logic, and name the cause when a known one reproduces it.  ``python -m spikecore validate`` does the
same from the command line; ``vectors`` writes inputs and expected outputs for implementations that
Python cannot call, and ``check`` judges what they gave.
"""

from spikecore.validate.encoders import encoder
from spikecore.validate.neurons import neuron
from spikecore.validate.report import ConformanceError, Report

__all__ = ["ConformanceError", "Report", "encoder", "neuron"]
