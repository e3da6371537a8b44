"""Decoders: spikes in, the signal out, time first.

Each states how near its result is to the signal, and has its encoder's file in ``codes``.
"""

from spikecore.codes.choose import Choice, choose
from spikecore.codes.filters import convolve
from spikecore.codes.metrics import Metrics, metrics
from spikecore.codes.pulse_width import decode as pulse_width
from spikecore.codes.sigma_delta import accumulate
from spikecore.codes.staircase import hold, staircase

__all__ = [
    "Choice",
    "Metrics",
    "accumulate",
    "choose",
    "convolve",
    "hold",
    "metrics",
    "pulse_width",
    "staircase",
]
