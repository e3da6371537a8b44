"""Spikes as events: the table of spikes that codes, networks and measures take and make.

``Events`` holds the step, the element and the value of every spike.  SPEC.md, "Events", has the
rules of time.
"""

from __future__ import annotations

from spikecore.events.parts import concatenate
from spikecore.events.table import Events

__all__ = ["Events", "concatenate"]


def __dir__():
    return __all__
