"""NIR graphs: read and written without the nir package, and run by the rules of its importers.

NIR (neuromorphs.github.io/NIR) describes networks in continuous time, with no time step.  A rule
says what a graph means in steps; SPEC.md, "NIR", lists them.
"""

from spikecore.nir.listing import rules
from spikecore.nir.network import Network, NetworkRun, read
from spikecore.nir.nodes import FileError, Node
from spikecore.nir.rules import Rule
from spikecore.nir.trained import digits

__all__ = ["FileError", "Network", "NetworkRun", "Node", "Rule", "digits", "read", "rules"]


def __dir__():
    return __all__
