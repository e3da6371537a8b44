"""Which known cause reproduces a candidate: exactly, up to rounding, or at least in its spikes."""

from typing import Any, NamedTuple

import numpy as np


class Seen(NamedTuple):
    """A trial and what the candidate gave on it."""

    trial: Any
    observed: Any


def reproduces(observed, expected, states=True):
    """Whether the spikes are equal, and the membranes too where both have them."""
    if not np.array_equal(observed.spikes, expected.spikes):
        return False
    if not states or observed.membrane is None or expected.membrane is None:
        return True
    return np.array_equal(observed.membrane, expected.membrane)


def telling_first(seen, checks):
    """The trials on which the candidate differs, the smallest first, then the others.

    A wrong cause fails on one of the first, so that the others need not be run under it.
    """
    both = zip(checks, seen, strict=True)
    return [
        one
        for _, one in sorted(
            both, key=lambda pair: (pair[0].verdict == "exact", pair[1].trial.inputs.size)
        )
    ]


MOST = 3  # causes that are named, when several reproduce a candidate


def ranked(stages, same=lambda a, b: False, most=MOST):
    """(cause, suffix) of the first stage (causes, fits, suffix) in which any cause fits.

    Causes that are the ``same`` as one already found are passed over.
    """
    for causes, fits, suffix in stages:
        found = []
        for cause in causes:
            if not any(same(cause, one) for one, _ in found) and fits(cause):
                found.append((cause, suffix))
                if len(found) == most:
                    break
        if found:
            return found
    return []
