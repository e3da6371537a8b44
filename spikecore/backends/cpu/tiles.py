"""How work is cut into tiles.

A tile is a range of elements over a range of time steps: its scratch arrays stay in L1, and every
row that it writes is contiguous.
"""

from spikecore.backends import threads

TILE = 1024  # elements: 8 kB of thresholds
BLOCKS = 256  # random blocks (of four steps) in a tile, so that threads share a few long trains too
WIDE = 8192  # elements at most, if scratch arrays are small: delta 3.9 ms, with 1024 it is 5.0
WIDEST = 32768  # neurons: Leaky 12.5 ms, with 8192 it is 13.3; a state of 128 kB stays in L2


def tile_count(size, tile):
    """Number of tiles for ``size`` elements."""
    return -(-size // tile)


def wide(size, most=None):
    """Elements in a tile, at most ``most`` (WIDE), so that all threads get equally many tiles."""
    most = WIDE if most is None else most
    workers, size = threads.thread_count(), max(1, size)
    rounds = -(-size // (workers * most))
    return -(-size // (workers * rounds))
