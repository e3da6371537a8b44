"""Plots of spikes, with the names and arguments of snnTorch's ``spikeplot`` and NumPy arrays.

What holds for every function here: with ``ax``, it draws there and nowhere else. Without, it draws
where the user of pyplot expects it, so that ``plt.show()``, ``plt.gcf()`` and notebooks find the
plot; a program that does not import pyplot gets a figure that pyplot does not know. Curves and
rasters join what the current axes show, as ``plt.plot`` does; bars, films and panels take a figure
of their own if the current one is in use. Every function returns its artists, or the animation,
never calls ``show`` and leaves ``rcParams`` as they are.

``import spikecore.spikeplot`` does not import matplotlib; drawing does. Colours suit light and dark
axes, and stay apart in greyscale and for colour-blind readers.
"""

from spikecore.plots.bars import spike_count
from spikecore.plots.codes import code, trade_off
from spikecore.plots.curves import latency_curve, psth
from spikecore.plots.measures import correlogram, distances, isi_histogram
from spikecore.plots.movies import animator, save_animation
from spikecore.plots.networks import network
from spikecore.plots.panels import reconstruction, traces
from spikecore.plots.rasters import raster

__all__ = [
    "animator",
    "code",
    "correlogram",
    "distances",
    "isi_histogram",
    "latency_curve",
    "network",
    "psth",
    "raster",
    "reconstruction",
    "save_animation",
    "spike_count",
    "traces",
    "trade_off",
]
