"""Decoders: spikes in, the signal out, time first.

Each states how near its result is to the signal, and has its encoder's file in ``codes``.
"""

from spikecore.codes.sigma_delta import accumulate
from spikecore.codes.staircase import hold, staircase

__all__ = ["accumulate", "hold", "staircase"]
