"""Draw the task graph of the guide "Larger than memory": ``python docs/task_graph.py [FILE.png]``.

The graph is Dask's own, of an encoder and a neuron whose time and features are divided; tasks that
only rename or join arrays are left out, and what depends on them depends on what they take.
"""

import sys
from functools import cache
from pathlib import Path

import dask.array as da
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spikecore import LIF, spikegen

PICTURE = Path(__file__).resolve().parent / "guides" / "task-graph.png"
TIMES, FEATURES = 3, 2  # chunks
KINDS = {"zeros": "data", "encode": "step_forward", "run": "LIF.run"}
COLORS = {"data": "#EDEDED", "step_forward": "#9CC5E0", "LIF.run": "#F2B48A"}
STATE, DATA = "#D55E00", "#000000"


def tasks():
    """{key: (kind, keys)} of the tasks that compute, and of those that they depend on."""
    signal = da.zeros((300, 2000), dtype=np.float32, chunks=(300 // TIMES, 2000 // FEATURES))
    spikes = spikegen.step_forward(signal, 0.1)
    graph = dict(LIF(0.9).run(spikes, record=()).spikes.__dask_graph__())

    def kind(key):
        name = key[0] if isinstance(key, tuple) else key
        return next((shown for begin, shown in KINDS.items() if begin in name.split("-")[0]), None)

    @cache
    def sources(key):
        """The tasks that compute what a task takes."""
        found = set()
        for source in graph[key].dependencies if key in graph else ():
            found |= {source} if kind(source) else sources(source)
        return frozenset(found)

    return {key: (kind(key), sources(key)) for key in graph if kind(key) and key in graph}


def placed(found):
    """{key: (chunk of time, chunk of features)}: later in time by one than the task before it."""

    @cache
    def place(key):
        kind, sources = found[key]
        if kind == "data":
            return key[1], key[2]
        before = [source for source in sources if found[source][0] == kind]
        above = [source for source in sources if found[source][0] != kind]
        features = place((before or above)[0])[1]
        return (1 + place(before[0])[0] if before else 0), features

    return {key: place(key) for key in found}


def draw():
    """The figure: time to the right, features below each other."""
    found = tasks()
    places = placed(found)
    figure = Figure((8, 5.2), dpi=128, facecolor="white")
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    rows = list(KINDS.values())

    def centre(key):
        time, features = places[key]
        return 1.0 + 3.1 * time, -(rows.index(found[key][0]) + 3.7 * features)

    for key, (kind, sources) in found.items():
        for source in sources:
            carried = found[source][0] == kind
            ax.annotate(
                "", centre(key), centre(source),
                arrowprops={
                    "arrowstyle": "-|>", "color": STATE if carried else DATA, "lw": 1.6,
                    "shrinkA": 46 if carried else 15, "shrinkB": 46 if carried else 15,
                },
            )  # fmt: skip
        box = {"boxstyle": "round,pad=0.45", "fc": COLORS[kind], "ec": "#444444", "lw": 0.8}
        text = f"{kind:^12}"
        ax.text(*centre(key), text, ha="center", va="center", bbox=box, family="monospace", size=9)
    _write_names(ax)
    return figure


def _write_names(ax):
    """What rows, columns and arrows are."""
    for time in range(TIMES):
        name = f"steps {100 * time} to {100 * time + 99}"
        ax.text(1.0 + 3.1 * time, 0.75, name, ha="center", size=10)
    for features in range(FEATURES):
        name = f"features\n{1000 * features} to\n{1000 * features + 999}"
        ax.text(-0.75, -1.0 - 3.7 * features, name, ha="center", va="center", size=10)
    ax.text(2.55, -2.85, "the state passes on", ha="center", color=STATE, size=10)
    ax.set_xlim(-1.5, 8.5)
    ax.set_ylim(-6.4, 1.2)
    ax.axis("off")


def main(path=PICTURE):
    """Write the picture."""
    draw().savefig(path, metadata={"Software": None})
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
