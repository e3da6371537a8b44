"""Statistics of spike trains: rates, intervals, correlations and distances of spikes over time.

Spikes are ``[num_steps, ...]``, numbers of spikes (0, 1, 2, ...), each feature a train; a spike of
step k is at the time ``k*dt``.  Distances and correlations are matrices over all pairs of trains,
computed in one call on all threads.  Each function states its edge rules, and where Elephant or
PySpike has others.
"""

from spikecore.measures.coincidence import spike_sync
from spikecore.measures.correlations import correlation, covariance, cross_correlogram
from spikecore.measures.intervals import cv, cv2, isi, lv, lvr
from spikecore.measures.profiles import isi_distance, spike_distance
from spikecore.measures.rates import fano, psth, rate, rate_kernel
from spikecore.measures.spike_times import van_rossum, victor_purpura

__all__ = [
    "correlation",
    "covariance",
    "cross_correlogram",
    "cv",
    "cv2",
    "fano",
    "isi",
    "isi_distance",
    "lv",
    "lvr",
    "psth",
    "rate",
    "rate_kernel",
    "spike_distance",
    "spike_sync",
    "van_rossum",
    "victor_purpura",
]
