"""The picture of a network: its layers as boxes, from the inputs at the top to the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spikecore import arguments
from spikecore.foreign import a_kind
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    from spikecore.network import Graph, LayerRun

LONGEST = 34  # letters of a line in a box


def network(
    net: Graph, run: Mapping[str, LayerRun] | None = None, *, ax: Axes | None = None
) -> dict[str, Annotation]:
    """Draw the layers of a network with their shapes, and the spikes of a run.

    An arrow leads from each layer to those that take its values; it is dashed where they take the
    value of the step before.

    Parameters
    ----------
    net : spikecore.network.Graph
        A Graph or a Sequential; of a NIR network, what ``to_graph`` returns.
    run : dict of str to LayerRun, optional
        What ``net.run`` returned. The box of a neuron layer then has the number of its spikes, and
        their mean for each neuron; where the spikes were recorded, also their density, the share of
        the elements ``[num_steps, ..., neurons]`` that are not 0.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if the program uses pyplot and they
        are empty, and on a new figure otherwise.

    Returns
    -------
    dict of str to matplotlib.text.Annotation
        The box of each input, layer and output by its name. The arrows are in ``ax.texts`` too.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``net`` is no Graph, or ``run`` is not of this network.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Leaky, spikeplot
    >>> from spikecore.network import Linear, Sequential
    >>> net = Sequential(Linear(np.eye(2, dtype=np.float32)), Leaky(0.5), input_shape=(2,))
    >>> run = net.run(np.full((4, 1, 2), 2, np.uint8))
    >>> boxes = spikeplot.network(net, run)
    >>> print(boxes["leaky1"].get_text())
    leaky1  [2]
    Leaky(beta=0.5)
    8 spikes, 4 per neuron, density 1
    """
    from spikecore.network import Graph  # which loads Numba

    if not isinstance(net, Graph):
        must, remedy = "be a Graph or a Sequential", "pass what to_graph returns of a NIR network"
        arguments.refuse("net", must, a_kind(net), remedy, TypeError)
    if run is not None:
        _refuse_run(net, run)
    canvas.require_matplotlib()

    rows = _rows(net)
    _, ax = canvas.empty_axes(None, ax, (max(3.4, 3 * max(map(len, rows))), 0.95 * len(rows)))
    ax.set_axis_off()
    ax.set_xlim(0, 1)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    places = {
        name: ((column + 1) / (len(row) + 1), depth)
        for depth, row in enumerate(rows)
        for column, name in enumerate(row)
    }
    boxes = {name: _box(ax, place, _text(net, run, name)) for name, place in places.items()}
    for source, name in net.edges:
        late = (source, name) in net._plan.late
        _arrow(ax, boxes[source], boxes[name], places[source], places[name], late)
    return boxes


def _refuse_run(net, run):
    """Refuse what is not the result of a run of this network."""
    from spikecore.network import LayerRun

    must, remedy = "be what net.run returned", "pass run = net.run(spikes)"
    whole = isinstance(run, Mapping) and all(isinstance(part, LayerRun) for part in run.values())
    if not whole:
        arguments.refuse("run", must, a_kind(run), remedy, TypeError)
    if set(run) != set(net._stateful):
        arguments.refuse("run", must, f"the layers {tuple(run)}", remedy)


def _rows(net):
    """Names from the top: a layer lies below all whose values of the same step it takes."""
    depth = dict.fromkeys(net.inputs, 0)
    order = [name for component in net._plan.components for name in component.names]
    for name in (*order, *net.outputs):
        before = [depth[source] for source in net._sources[name] if source in depth]
        depth[name] = 1 + max(before, default=0)
    last = 1 + max(depth[name] for name in order)
    depth.update(dict.fromkeys(net.outputs, last))
    rows = [[] for _ in range(last + 1)]
    for name, row in depth.items():
        rows[row].append(name)
    return rows


def _text(net, run, name):
    """What a box says of a layer, an input or an output."""
    from spikecore.network.checks import shown

    shape = net._known[net._sources[name][0] if name in net.outputs else name]
    sizes = ", ".join("?" if size is None else str(size) for size in shape[shape[:1] == (...,) :])
    lines = [f"{name}  [{sizes}]" if sizes else name]
    if name in net._nodes:
        said = shown(net._nodes[name])
        lines.append(said if len(said) <= LONGEST else said[: LONGEST - 3] + "...")
    if run is not None and name in net._firing:
        lines.append(_activity(run[name]))
    return "\n".join(lines)


def _activity(layer):
    """The spikes of a layer: how many, of each neuron, and their density if they were recorded."""
    total, neurons = int(layer.counts.sum()), layer.counts.size
    text = f"{total:,} spikes, {total / max(1, neurons):.3g} per neuron"
    if layer.spikes is None or not layer.spikes.size:
        return text
    return f"{text}, density {np.count_nonzero(layer.spikes) / layer.spikes.size:.2g}"


def _box(ax, place, text):
    """A box with text."""
    colors = palette(ax)
    frame = {"boxstyle": "round,pad=0.4", "facecolor": colors.shade, "edgecolor": colors.line}
    style = {"ha": "center", "va": "center", "fontsize": 8, "color": colors.ink, "zorder": 3}
    return ax.annotate(text, place, annotation_clip=False, bbox=frame, **style)


def _arrow(ax, source, target, start, end, late):
    """An arrow between two boxes; it bends around the boxes that lie between them."""
    style = {
        "arrowstyle": "-|>",
        "color": OFF_COLOR if late else palette(ax).ink,
        "linestyle": "--" if late else "-",
        "shrinkA": 0,
        "shrinkB": 0,
    }
    if source is target:  # around the box, from below it to above it
        (x, y), bend = start, 3.5
        start, end = (x, y + 0.3), (x, y - 0.3)
    else:
        bend = 0 if end[1] - start[1] == 1 else -0.6 if late else 0.4
        style |= {"patchA": source.get_bbox_patch(), "patchB": target.get_bbox_patch()}
    style["connectionstyle"] = f"arc3,rad={bend}"
    ax.annotate("", end, start, arrowprops=style, annotation_clip=False, zorder=2)
