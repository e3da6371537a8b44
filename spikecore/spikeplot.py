"""Plots of spikes, with the names and arguments of snnTorch's ``spikeplot`` and NumPy arrays.

What holds for every function here: it draws on the axes it is given, or on a new figure that pyplot
does not know; it returns its artists, or the animation; it never calls ``show``, never touches the
current axes and leaves ``rcParams`` as they are. ``import spikecore.spikeplot`` does not import
matplotlib; drawing does. Colours stay apart in greyscale and for colour-blind readers.
"""

from spikecore.plots.events import latency_curve, psth, raster
from spikecore.plots.movies import animator, save_animation, spike_count
from spikecore.plots.panels import reconstruction, traces

__all__ = [
    "animator",
    "latency_curve",
    "psth",
    "raster",
    "reconstruction",
    "save_animation",
    "spike_count",
    "traces",
]
