"""Larger than memory: parts over time in constant memory; Dask arrays in, Dask arrays out.

``blocks`` needs NumPy alone.  ``codes``, ``runs``, ``time`` and ``pairs`` make Dask arrays, and are
imported when one comes.
"""

from spikecore.lazy.blocks import blocks

__all__ = ["blocks"]


def __dir__():
    return __all__
