"""How fast a discrete neuron comes close to the continuous one as its time step is reduced.

Both get the same currents, which change at multiples of the longest step; a neuron with a synapse
gets spikes of those weights at the same times.  The n-th spike of one is
compared with the n-th spike of the other; after a spike that one of them misses, the others are
compared with their neighbours, so that the largest error is that of a period, and the median small.
"""

import importlib.util
import math
from typing import NamedTuple

import numpy as np

from spikecore import LIF, demo, profiles, random
from spikecore.neurons import exact

HELP = "compare a profile with the continuous neuron, over step sizes"
NEURONS = 50
DURATION = 16  # in time constants
LONGEST = 0.25  # step, in time constants
HOLD = 0.5  # time for which a current is constant
STRONGEST = 3.0  # current, in thresholds
DECAYS = {"exponential": lambda step: math.exp(-step), "euler": lambda step: 1 - step}


class Row(NamedTuple):
    """What one step size gave; times are in time constants."""

    step: float
    spikes: int
    missed: int  # spikes of the continuous neurons that have no counterpart
    extra: int
    median: float  # absolute error of the time of a spike
    largest: float
    order: float  # of the median error, against the step size before; NaN for the first


SYNAPSE_TAU = 0.5  # in time constants
OTHER_EQUATION = ("adaptation_decay", "spike_map")


def comparable():
    """The profiles of the equation that is solved: a leak, perhaps a synapse, and a reset."""
    found = {name: profile.axes for name, profile in profiles().items()}
    others = {name for name, axes in found.items() if any(part in axes for part in OTHER_EQUATION)}
    return [name for name in found if found[name]["reset"] != "none" and name not in others]


def add_arguments(parser):
    """Declare the command's arguments."""
    names = comparable()
    parser.add_argument("--profile", choices=names, default="snntorch-1.0", metavar="NAME",
                        help="of LIF, without adaptation or a spike map (%(default)s)")  # fmt: skip
    parser.add_argument("--decay", choices=tuple(DECAYS), default="exponential",
                        help="of a step: exp(-dt/tau), or 1 - dt/tau (%(default)s)")  # fmt: skip
    parser.add_argument("--halvings", type=demo.whole_number(1, 14), default=8,
                        help=f"of the step, which begins at {LONGEST} time constants "
                        "(%(default)s)")  # fmt: skip
    parser.add_argument("--refractory", type=demo.whole_number(0, 1000), default=0, metavar="STEPS",
                        help="waiting time, in longest steps (%(default)s)")  # fmt: skip
    parser.add_argument("--seed", type=demo.whole_number(0, 2**64 - 1), default=0,
                        help="of the currents (%(default)s)")  # fmt: skip
    parser.add_argument("--out", metavar="FILE", help="where to draw (convergence-NAME.png)")


def run(arguments):
    """Print the table, and draw it."""
    rows = measure(
        arguments.profile, DECAYS[arguments.decay], arguments.halvings, arguments.seed,
        arguments.refractory * LONGEST,
    )  # fmt: skip
    print(f"{arguments.profile}, {arguments.decay} decay, beside the continuous neuron: {NEURONS} "
          f"neurons for {DURATION} time constants\n")  # fmt: skip
    print(table(rows))
    print(f"\norder of convergence: {order(rows):.2f}")
    if importlib.util.find_spec("matplotlib") is None:
        print("\nThe picture needs matplotlib; install it with pip install 'spikecore[plot]'.")
        return 0
    from spikecore.plots import pictures

    path = arguments.out or f"convergence-{arguments.profile}.png"
    draw = pictures.convergence
    print(f"wrote {pictures.write(path, lambda: draw(rows, arguments.profile, order(rows)))}")
    return 0


def measure(profile, decay, halvings, seed, refractory=0.0):
    """A row for each step size, the longest first."""
    levels = STRONGEST * random.uniforms(seed, (int(DURATION / HOLD), NEURONS), stream="weights")
    if LIF.profile(profile).synapse_decay is not None:
        levels[0] = 0  # nothing arrives before the first step
    reference = _continuous(LIF.profile(profile), levels, refractory)
    rows = []
    for step in LONGEST / 2.0 ** np.arange(halvings + 1):
        found = _discrete(profile, decay, step, levels, refractory)
        before = rows[-1] if rows else None
        rows.append(_compared(step, reference, found, before))
    return rows


def _continuous(lif, levels, refractory):
    """Spike times of each neuron, solved from event to event."""
    synapse = {} if lif.synapse_decay is None else {"synapse_tau": SYNAPSE_TAU}
    neuron = exact.LIF(
        tau=1.0, reset=lif.reset, reset_value=float(lif.reset_value), refractory=refractory,
        **synapse,
    )  # fmt: skip
    times = HOLD * np.arange(len(levels))
    names = ("weights", "input_times") if synapse else ("current", "current_times")
    return [
        neuron.run(DURATION, **dict(zip(names, (level, times), strict=True))).spike_times
        for level in levels.T
    ]


def _discrete(profile, decay, step, levels, refractory):
    """Spike times of each neuron of a profile: when the membrane that spikes is recorded."""
    waiting, every = round(refractory / step), round(HOLD / step)
    numbers = {"decay": decay(step), "gain": 1 - decay(step), "refractory": waiting}
    if not waiting:
        numbers |= {"refractory_holds": "input", "refractory_mode": "steps"}
    current = np.repeat(levels, every, axis=0)
    synapse = LIF.profile(profile)
    if synapse.synapse_decay is not None:
        numbers |= {"synapse_decay": decay(step / SYNAPSE_TAU), "synapse_gain": 1.0}
        current = np.zeros_like(current)
        if synapse.synapse_order == "use-decay-jump":  # at the end of a step, so of the one before
            left = numbers["synapse_decay"]
            numbers["gain"] = (left - decay(step)) * SYNAPSE_TAU / (SYNAPSE_TAU - 1)
            current[every - 1 : -1 : every] = levels[1:]
        else:
            current[::every] = levels
    lif = LIF.profile(profile, threshold=1.0, input_delay=0, **numbers)
    spikes = lif.run(current, record=()).spikes
    late = 0 if lif.report_spike == "old" else 1
    times = step * (np.arange(len(spikes)) + late)
    return [np.repeat(times, train.astype(np.int64)) for train in spikes.T]


def _compared(step, reference, found, before):
    """The row of one step size."""
    errors, missed, extra = [], 0, 0
    for theirs, ours in zip(reference, found, strict=True):
        both = min(theirs.size, ours.size)
        errors.append(np.abs(ours[:both] - theirs[:both]))
        missed, extra = missed + theirs.size - both, extra + ours.size - both
    errors = np.concatenate(errors)
    median, largest = (np.median(errors), errors.max()) if errors.size else (math.nan, math.nan)
    order = math.log2(before.median / median) if before and median else math.nan
    count = sum(train.size for train in found)
    return Row(float(step), count, missed, extra, float(median), float(largest), order)


def order(rows):
    """The slope of the median error over the step size, both as logarithms, by least squares."""
    points = [(math.log(row.step), math.log(row.median)) for row in rows if row.median > 0]
    if len(points) < 2:
        return math.nan
    steps, errors = np.array(points).T
    return float(np.polyfit(steps, errors, 1)[0])


def table(rows):
    """The rows as text."""
    header = ["dt/tau", "spikes", "missed", "extra", "median error", "largest error", "order"]
    return demo.table(
        header,
        [
            [
                f"{row.step:.6g}", str(row.spikes), str(row.missed), str(row.extra),
                f"{row.median:.3g}", f"{row.largest:.3g}",
                "" if math.isnan(row.order) else f"{row.order:.2f}",
            ]
            for row in rows
        ],
    )  # fmt: skip
