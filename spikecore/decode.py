"""Decoders: spikes in, the signal out, time first.

Each states how near its result is to the signal, and has its encoder's file in ``codes``.
"""

from spikecore.codes.bsa import convolve
from spikecore.codes.pulse_width import decode_pulse_width as pulse_width
from spikecore.codes.sigma_delta import accumulate
from spikecore.codes.staircase import hold, staircase

__all__ = [
    "accumulate",
    "convolve",
    "hold",
    "pulse_width",
    "staircase",
]
