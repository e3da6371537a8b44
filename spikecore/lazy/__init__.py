"""Larger than memory: parts over time in constant memory; Dask arrays in, Dask arrays out.

``blocks`` needs NumPy alone.  ``codes``, ``time``, ``runs`` and ``measures`` make Dask arrays, and
are imported when one comes.
"""

from spikecore.lazy.blocks import blocks
from spikecore.lazy.events import event_parts, join_events

__all__ = ["blocks", "event_parts", "join_events"]


def __dir__():
    return __all__
