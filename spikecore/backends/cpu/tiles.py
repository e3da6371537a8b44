"""How work is cut into tiles.

A tile is a run of neighbouring elements over a run of time steps: its scratch stays in L1 and every
row it writes is contiguous.
"""

from spikecore.backends import threads

TILE = 1024  # elements: 8 kB of thresholds
BLOCKS = 256  # random blocks (of four steps) to a tile, so that few long trains are shared out too
WIDE = 8192  # at most so many elements where scratch is small: delta 3.9 ms, with 1024 it is 5.0
WIDEST = 32768  # neurons: Leaky 12.5 ms, with 8192 it is 13.3; a state of 128 kB stays in L2


def tile_count(size, tile):
    """Tiles that hold so many elements."""
    return -(-size // tile)


def wide(size, most=None):
    """Elements to a tile, at most so many (WIDE), such that every thread gets as many tiles."""
    most = WIDE if most is None else most
    workers, size = threads.thread_count(), max(1, size)
    rounds = -(-size // (workers * most))
    return -(-size // (workers * rounds))
