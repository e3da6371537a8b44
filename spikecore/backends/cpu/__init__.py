"""Compiled loops over tiles.  They only index and call the equations of codes and neurons.

The last two arguments of every kernel are its range of tiles, so that ``threads.run`` can divide
them among threads.  The kernel of a loop is made once for each code (``_draw`` makes that of
``draw``), with the code's equations compiled into it.
"""

from spikecore.backends.cpu.codes import (
    climb,
    draw,
    each,
    first_outside,
    largest,
    place,
    replay,
)
from spikecore.backends.cpu.convolution import convolution
from spikecore.backends.cpu.filters import convolve, deconvolve
from spikecore.backends.cpu.neurons import neurons
from spikecore.backends.cpu.product import product
from spikecore.backends.cpu.signals import fold, scan, slide
from spikecore.backends.host import copy, copy_into, dense_product, fill, resident

__all__ = [
    "climb", "convolution", "convolve", "copy", "copy_into", "deconvolve", "dense_product", "draw",
    "each", "fill", "first_outside", "fold", "largest", "neurons", "place", "product", "replay",
    "resident", "scan", "slide",
]  # fmt: skip
