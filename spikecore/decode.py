"""Decoders: spikes in, the signal out, time first.

Each states how near its result is to the signal, and has its encoder's file in ``codes``.
:class:`~spikecore.Events` may be passed in place of dense spikes: ``rate``, ``latency``,
``current`` and ``rank_order`` read the events themselves, the others make them dense.
"""

from spikecore.codes.burst import decode as burst
from spikecore.codes.choose import Choice, choose
from spikecore.codes.current import decode as current
from spikecore.codes.filters import convolve
from spikecore.codes.latency import decode as latency
from spikecore.codes.metrics import Metrics, metrics
from spikecore.codes.phase import decode as phase
from spikecore.codes.population import decode as population
from spikecore.codes.pulse_width import decode as pulse_width
from spikecore.codes.rank_order import decode as rank_order
from spikecore.codes.rate import decode as rate
from spikecore.codes.sigma_delta import accumulate
from spikecore.codes.staircase import hold, staircase

__all__ = [
    "Choice",
    "Metrics",
    "accumulate",
    "burst",
    "choose",
    "convolve",
    "current",
    "hold",
    "latency",
    "metrics",
    "phase",
    "population",
    "pulse_width",
    "rank_order",
    "rate",
    "staircase",
]
