"""Compiled loops over tiles.  They index and call; codes and neurons hand them their equations.

Every kernel takes the range of tiles it is to do last, so that ``threads.run`` can share them out.
The kernel of a loop is made once for each code (``_draw`` makes that of ``draw``), with the code's
equations compiled into it.
"""

from spikecore.backends.cpu.codes import (
    climb,
    draw,
    each,
    first_outside,
    largest,
    place,
    replay,
    scan,
)
from spikecore.backends.cpu.neurons import neurons
from spikecore.backends.cpu.product import product
from spikecore.backends.host import copy, copy_into, dense_product, fill, resident

__all__ = [
    "climb", "copy", "copy_into", "dense_product", "draw", "each", "fill", "first_outside",
    "largest", "neurons", "place", "product", "replay", "resident", "scan",
]  # fmt: skip
