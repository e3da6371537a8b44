"""The loops over spike trains: every train by itself, and every pair of trains.

A measure is an equation of whole trains: it is handed their times and writes into its row of the
output.  The loops run compiled on all threads; on the device "numpy" the same lines run
interpreted.  They are for the host: trains differ in length, and the GPU's threads would wait.
"""

from functools import cache

import numpy as np

from spikecore import backends
from spikecore.backends.floats import standard_floats
from spikecore.compiler import kernel


def each_train(measure, trains, numbers, out, nanoseconds):
    """``measure(times, numbers, out[i])`` of every train i."""
    _run(_trains(measure), len(out), nanoseconds, trains.times, trains.starts, numbers, out)


def each_pair(measure, trains, targets, numbers, out, nanoseconds):
    """``measure(times, target_times, numbers, out[i, j])`` of every train i with every target j.

    With ``targets=None`` of every two trains i < j; the rest of the output stays as it is.
    """
    halved = targets is None
    targets = trains if halved else targets
    _run(
        _pairs(measure, halved), len(out), nanoseconds,
        trains.times, trains.starts, targets.times, targets.starts, numbers, out,
    )  # fmt: skip


@cache
def _trains(measure):
    """The loop over trains for one measure."""

    def run(times, starts, numbers, out, start, stop):
        for i in range(start, stop):
            measure(times[starts[i] : starts[i + 1]], numbers, out[i])

    return run, kernel(run)


@cache
def _pairs(measure, halved):
    """The loop over pairs for one measure; a tile is a row of the output."""

    def run(times, starts, target_times, target_starts, numbers, out, start, stop):
        for i in range(start, stop):
            a = times[starts[i] : starts[i + 1]]
            for j in range(i + 1 if halved else 0, target_starts.size - 1):
                b = target_times[target_starts[j] : target_starts[j + 1]]
                measure(a, b, numbers, out[i, j])

    return run, kernel(run)


def _run(loop, num_tiles, nanoseconds, *arguments):
    """The loop over its tiles, on the device for work without a ``device``."""
    interpreted, compiled = loop
    if backends.host_device() == "numpy":
        with standard_floats(), np.errstate(all="ignore"):
            interpreted(*arguments, 0, num_tiles)
        return
    from spikecore.backends import threads  # loaded when something is compiled

    threads.run(compiled, num_tiles, nanoseconds, *arguments)
