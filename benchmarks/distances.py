"""Distance matrices of spike trains beside Elephant and PySpike.

``python -m benchmarks.distances`` takes about a minute with both installed.
"""

import sys
from functools import partial

import numpy as np

from benchmarks import peers, run
from benchmarks.harness import Case, Check, Rival
from spikecore import statistics

COST, TAU = 0.1, 20.0  # per step; in steps
CLOSE = 1e-9  # the sums of others are taken in another order
TRAINS, STEPS_OF_SCALE = 50, 20  # for each step of the scale, so many steps of the trains
ELEPHANT = {"victor_purpura": {"cost": COST}, "van_rossum": {"tau": TAU}}
PYSPIKE = ("isi_distance", "spike_distance", "spike_sync")


def main(argv=None):
    """Measure every case and print the table."""
    return run.main([cases], __doc__.splitlines()[0], argv)


def cases(scale):
    """Builders of the cases by name."""
    names = (*ELEPHANT, *PYSPIKE)
    return {f"distances, {name}": partial(matrix, scale, name) for name in names}


def matrix(scale, name):
    """All pairs of Poisson trains of 100 spikes each, at full scale."""
    trains = min(TRAINS, scale.batch)
    num_steps = STEPS_OF_SCALE * scale.steps
    spikes = np.random.default_rng(0).random((num_steps, trains)) < 0.05
    options = ELEPHANT.get(name, {})
    call = partial(getattr(statistics, name), spikes, **options)
    if name in ELEPHANT:
        rival = _rival("Elephant", peers.elephant_distance(spikes, name, **options), call, 50)
    else:
        rival = _rival("PySpike", peers.pyspike_matrix(spikes, name), call, 2)
    words = "".join(f", {option}={value:g}" for option, value in options.items())
    return Case(
        work=f"{trains}x{trains} pairs of trains of {spikes.sum() // trains} spikes{words}",
        function=call,
        bytes_moved=spikes.nbytes,
        checks=(Check("numpy backend", call, partial(_interpreted, call)),),
        peers=tuple(filter(None, [rival])),
    )


def _interpreted(call):
    """The result of the interpreted loops."""
    with peers.on_device("numpy"):
        return call()


def _rival(name, function, ours, bound):
    """A peer that agrees to a billionth, or None where it is not installed."""

    def theirs():
        """Our numbers where theirs are close, and theirs elsewhere, as the check is of bits."""
        their_numbers, our_numbers = np.asarray(function(), np.float64), ours()
        return np.where(np.abs(their_numbers - our_numbers) <= CLOSE, our_numbers, their_numbers)

    check = Check(name, theirs, ours)
    return function and Rival(name, function, bound, check, f"to within {CLOSE:g}")


if __name__ == "__main__":
    sys.exit(main())
