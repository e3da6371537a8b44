"""Spikes as events: the table of spikes that codes, networks and measures take and make.

``Events`` holds the step, the element and the value of every spike; ``read`` and ``write`` know the
files of cameras and data sets.  SPEC.md, "Events", has the rules of time and of formats.
"""

from __future__ import annotations

from spikecore.events.files import read, write
from spikecore.events.parts import concatenate
from spikecore.events.recording import Recording
from spikecore.events.table import Events

__all__ = ["Events", "Recording", "concatenate", "read", "write"]


def __dir__():
    return __all__
