"""The pictures of the demo and of the gallery: each function draws results on a figure.

The style is fixed, whatever the user's matplotlibrc says, so that the same results give the same
file.
"""

import numpy as np

from spikecore import spikeplot
from spikecore.files import whole
from spikecore.plots.colors import LIGHT, OFF_COLOR

DPI = 160
SIZE = (6.4, 4.8)  # inches; legible at a third of its width
STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the pictures are the same
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#4D4D4D",
    "xtick.color": "#4D4D4D",
    "ytick.color": "#4D4D4D",
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
INK, GREY, PALE, LINE = LIGHT.ink, "#8C8C8C", LIGHT.bar, LIGHT.line
GREYS = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
SQUARES = {"s": 8, "linewidths": 2.2}  # a spike of 64 neurons
CODE_COLORS = {"rate": INK, "latency": OFF_COLOR}
MEMBRANE_LOW = -2  # where the drawn membranes are cut, so that the threshold stays in sight


def write(path, draw):
    """Write the figure that ``draw()`` returns to ``path``, and return ``path``."""
    from matplotlib import style

    with style.context(["default", STYLE]), whole(path) as part:
        draw().savefig(part, dpi=DPI, metadata={"Software": None})
    return path


def _figure(scale=1):
    """An empty picture, unknown to pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(scale * SIZE[0], scale * SIZE[1]), layout="constrained")


# --- events -------------------------------------------------------------------------------------


def events(table, dt, windows):
    """Signed Events of an image: their sums in windows of steps, and all of them over time."""
    from matplotlib.colors import LinearSegmentedColormap

    figure = _figure()
    names = [str(k) for k in range(len(windows))]
    axes = figure.subplot_mosaic([names, ["raster"] * len(names)], height_ratios=(1, 1.4))
    colours = LinearSegmentedColormap.from_list("signed", [OFF_COLOR, "white", INK])
    for name, (start, stop) in zip(names, windows, strict=True):
        part = table[start:stop]
        sums = np.bincount(part.element, part.value, part.size).reshape(part.shape)
        axes[name].imshow(sums, cmap=colours, vmin=-2, vmax=2, interpolation="nearest")
        axes[name].set(title=f"{start * dt:g} to {stop * dt:g} ms", xticks=[], yticks=[])
    ax = axes["raster"]
    spikeplot.raster(table, ax, origin="upper", density=False, s=2, legend=False)
    ax.set(title=f"{len(table)} events", ylabel="Pixel")
    return figure


# --- codes --------------------------------------------------------------------------------------


def codes(image, label, trains):
    """One image, and its spikes in each code; ``trains`` has them by title."""
    columns = 2 if len(trains) < 5 else 3
    figure = _figure(scale=columns / 2)
    axes = figure.subplots(2, columns)
    shown, *rasters = axes.flat
    rows = range(0, image.shape[0], image.shape[0] // 4)
    pixels = [row * image.shape[1] for row in rows]
    shown.imshow(image, **GREYS)
    shown.set(title=f"a {label} of {image.size} pixels", xticks=[], yticks=rows, yticklabels=pixels)
    small = image.shape[0] <= 8
    for ax, (title, train) in zip(rasters, trains.items(), strict=True):
        if small:
            _shade_rows(ax, image.shape)
        spikeplot.raster(train, ax, origin="upper", **(SQUARES if small else {"legend": False}))
        ax.set(xlabel="", ylabel="", yticks=pixels)
        ax.set_title(title, fontsize=12 if small else 10)
    for ax in axes[-1]:
        ax.set_xlabel("Time step")
    for ax in axes[:, 0]:
        ax.set_ylabel("Pixel")
    if not small:
        figure.supxlabel("Grey is a share of spikes, where they lie closer than pixels.", size=10)
    return figure


def _shade_rows(ax, shape):
    """Shade every other row of an image of that shape."""
    for pixel in range(0, shape[0] * shape[1], 2 * shape[1]):
        ax.axhspan(pixel - 0.5, pixel + shape[1] - 0.5, color="0.94", zorder=0)


def series(values, threshold, trains):
    """A series with its steep rises and falls, and below it the spikes that they give."""
    figure = _figure()
    top, *strips = figure.subplots(1 + len(trains), 1, sharex=True, height_ratios=(5, 1, 1))
    before = np.concatenate([[0], values[:-1]])
    for step, (low, high) in enumerate(zip(before, values, strict=True)):
        change = high - low
        steep = abs(change) >= threshold
        color = (INK if change > 0 else OFF_COLOR) if steep else GREY
        top.plot([step - 1, step], [low, high], color=color, lw=2.4 if steep else 1.2)
    top.plot(values, "o", color=LINE, ms=6)
    top.set(ylabel="Value", title=f"rises and falls of at least {threshold}")
    for ax, (name, train) in zip(strips, trains.items(), strict=True):
        spikeplot.raster(train, ax, s=300, linewidths=3)
        ax.set(yticks=[], ylabel="", title=name)
    strips[-1].set_xticks(range(len(values)))
    return figure


def time_series(signal, time_step, trains, bound):
    """A signal in several codes side by side; ``trains`` has spikes and decoded signal by name."""
    figure = _figure()
    columns = figure.subplots(3, len(trains), height_ratios=(2.2, 1, 1)).T
    for column in columns[1:]:
        _share_heights(column, columns[0])
    for column, (name, (spikes, decoded)) in zip(columns, trains.items(), strict=True):
        spikeplot.code(
            signal, spikes, decoded, column, bound=bound, time_step=time_step, ylabel="ECG [mV]"
        )
        column[0].set_title(f"{name}: {np.count_nonzero(spikes)} spikes")
        column[0].get_legend().remove()
    columns[0, 2].set_ylabel("Error [mV]")
    figure.align_ylabels()
    _, *_, limit = columns[0, 2].lines
    limit.set_label("threshold")
    handles = [*columns[0, 0].lines, limit]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _share_heights(column, first):
    """Give the signal and the error of a column the vertical axes of the first column."""
    for panel, leftmost in zip(column[::2], first[::2], strict=True):
        panel.sharey(leftmost)
        panel.tick_params(labelleft=False)


def trade_off(choices):
    """What several codes of one signal reach with how many spikes."""
    figure = _figure()
    spikeplot.trade_off(choices, figure.subplots())
    return figure


# --- reconstruction -----------------------------------------------------------------------------


def reconstruction(images, trains):
    """Images, the means of their spikes over ever more steps, and the error that is left."""
    last = len(trains)
    steps = np.unique([*(n for n in (1, 4, 16, 64, 256) if n < last), last])
    figure = _figure()
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.55, 1))
    _draw_means(top, images[2:5], trains[:, 2:5], steps)
    _draw_error(bottom.subplots(), images, trains, steps)
    return figure


def _draw_means(figure, images, trains, steps):
    """A row for each image: itself, then the means of its spikes."""
    axes = figure.subplots(len(images), 1 + len(steps))
    for row, image, train in zip(axes, images, trains.swapaxes(0, 1), strict=True):
        shown = [image, *(train[:n].mean(axis=0) for n in steps)]
        for ax, picture in zip(row, shown, strict=True):
            ax.imshow(picture, **GREYS)
            ax.set_axis_off()
    titles = ["image", *(f"{n} step{'s' if n > 1 else ''}" for n in steps)]
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, loc="center", fontsize=11)


def _draw_error(ax, images, trains, steps):
    """The root mean square of the means' error, and what the binomial law predicts."""
    every = np.unique(np.geomspace(1, steps[-1], 25).astype(int))
    mean = np.cumsum(trains, axis=0, dtype=np.float64)[every - 1] / every[:, None, None, None]
    error = np.sqrt(((mean - images) ** 2).mean(axis=(1, 2, 3)))
    law = np.sqrt((images.astype(np.float64) * (1 - images)).mean() / every)
    ax.loglog(every, law, color=INK, lw=1.5, label="binomial law")
    ax.loglog(every, error, "o", color=LINE, ms=5, label=f"{len(images)} digits")
    ax.set(xlabel="Steps averaged", ylabel="RMS error", xticks=steps, yticks=[0.02, 0.1, 0.5])
    ax.set_xticklabels(steps)
    ax.set_yticklabels(["0.02", "0.1", "0.5"])
    ax.minorticks_off()
    ax.legend(frameon=False)


# --- neurons and networks -----------------------------------------------------------------------


def simulators(current, traces):
    """One input, and below it the membrane and the spikes of each simulator's neuron."""
    figure = _figure()
    figure.get_layout_engine().set(h_pad=0.01, hspace=0)
    axes = figure.subplots(1 + len(traces), 1, sharex=True, sharey=True)
    axes[0].bar(np.arange(len(current)), current, width=0.8, color=PALE)
    _name(axes[0], "input", "spikes")
    first = next(iter(traces.values()))[1]
    for ax, (name, (membrane, spikes)) in zip(axes[1:], traces.items(), strict=True):
        ax.axhline(1, color=GREY, lw=1, ls=(0, (4, 2)))
        ax.plot(membrane, color=LINE, lw=1.5)
        for step in np.flatnonzero(spikes):
            color = INK if spikes[step] == first[step] else OFF_COLOR
            several = (np.arange(spikes[step]) - (spikes[step] - 1) / 2) * 0.7
            ax.vlines(step + several, -1.2, -0.3, color=color, lw=2.4)
        _name(ax, name, f"{spikes.sum():g}")
    for ax in axes:
        ax.set(ylim=(-1.3, 2.8), yticks=[])
        ax.spines[:].set_visible(False)
        ax.tick_params(bottom=ax is axes[-1])
    axes[-1].spines["bottom"].set_visible(True)
    axes[-1].set(xlabel="Time step", xlim=(-0.7, len(current) - 0.3))
    return figure


def _name(ax, left, right):
    """A name to the left of a trace and a number to the right of it."""
    ax.text(-0.01, 0.4, left, transform=ax.transAxes, ha="right", va="center")
    ax.text(1.01, 0.4, right, transform=ax.transAxes, ha="left", va="center")


def network(layers, membrane):
    """The spikes of each layer, the counts of the outputs, and two membranes of the outputs."""
    figure = _figure()
    left, right = figure.subfigures(1, 2, width_ratios=(1.25, 1))
    axes = left.subplots(3, 1, sharex=True, height_ratios=(1.2, 1.2, 1))
    for ax, (name, train) in zip(axes, layers.items(), strict=True):
        neurons = train.shape[1]
        spikeplot.raster(train, ax, origin="upper")
        ax.set(title=f"{name}: {neurons}", ylabel="", yticks=range(0, neurons, -(-neurons // 4)))
    spikes = layers["output"]
    counts = np.count_nonzero(spikes, axis=0)
    busiest = np.argsort(-counts, kind="stable")[:2]
    bars, *panels = right.subplots(3, 1, height_ratios=(2.2, 1, 1))
    spikeplot.spike_count(spikes, ax=bars)
    bars.invert_yaxis()  # as in the raster beside it
    bars.set(title="spikes of the outputs", xlabel="", ylabel="", xticks=[])
    bars.set_xlim(0, 1.3 * max(1, counts.max()))
    for text in (*bars.texts, *bars.get_yticklabels()):
        text.set_fontsize(8)
    spikeplot.traces(
        membrane[:, busiest],
        spikes[:, busiest],
        (2, 1),
        spk_height=0,
        ax=panels,
        titles=[f"membrane of output {output}" for output in busiest],
        threshold=1,
        mark_spikes=True,
        show_axes=True,
        ylabel="",
    )
    return figure


def membranes(membrane, spikes):
    """The membrane of each output and its spikes."""
    figure = _figure(scale=1.5)
    low, high = max(MEMBRANE_LOW, membrane.min()), max(1, membrane.max())
    titles = []
    for index, deepest in enumerate(membrane.min(axis=0)):
        below = f", falls to {deepest:.1f}" if deepest < low else ""
        titles.append(f"output {index}, spikes: {spikes[:, index].sum():g}{below}")
    spikeplot.traces(
        membrane,
        spikes,
        spk_height=0,
        ax=figure.subplots(5, 2, sharex=True),
        titles=titles,
        threshold=1,
        mark_spikes=True,
        show_axes=True,
        ylim=(low - 0.2, high + 0.3),
    )
    return figure


# --- convergence --------------------------------------------------------------------------------


def convergence(rows, name, order):
    """Errors of spike times over the step size, and the spikes that are missed, both as logarithms.

    ``rows`` have ``step``, ``median``, ``largest``, ``missed`` and ``extra``; an error of 0 is left
    out.
    """
    figure = _figure()
    ax, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    steps = [row.step for row in rows]
    for label, marker in (("median", "o"), ("largest", "s")):
        errors = [getattr(row, label) or float("nan") for row in rows]
        ax.loglog(steps, errors, marker=marker, label=f"{label} error")
    ax.loglog(steps, steps, "--", color="gray", label="one step")
    ax.set(title=f"{name} beside the continuous neuron: order {order:.2f}", ylabel="Error / tau")
    ax.legend()
    counts.plot(steps, [row.missed + row.extra for row in rows], marker="o")
    counts.set(xlabel="Step dt / tau", ylabel="Miscounted", ylim=(0, None))
    return figure


# --- what a difference in meaning costs ---------------------------------------------------------


def meaning(result):
    """Accuracy and spikes of each reading of a network: by neuron and by rule, and by bits."""
    figure = _figure()
    left, right = figure.subfigures(1, 2, width_ratios=(2.1, 1))
    rows = ["LIF profiles", *_alike(result.profiles), "NIR rules", *_alike(result.rules)]
    found = [(place, row) for place, row in enumerate(rows) if not isinstance(row, str)]
    shares, spikes = left.subplots(1, 2, sharey=True)
    for code, (name, color) in enumerate(CODE_COLORS.items()):
        places = [place + (-0.12, 0.12)[code] for place, _ in found]  # so that none is hidden
        style = {"color": color, "marker": "o", "ls": "", "ms": 3.5, "clip_on": False}
        accuracy = [100 * row.correct[code] / result.digits for _, row in found]
        shares.plot(accuracy, places, label=name, **style)
        spikes.semilogx([row.spikes[code] for _, row in found], places, **style)
    shares.set_yticks([place for place, _ in found], [_first(row.names) for _, row in found])
    for place, heading in enumerate(rows):
        if isinstance(heading, str):
            where = shares.get_yaxis_transform()
            shares.text(-0.02, place, heading, transform=where, ha="right", va="center", size=9)
    shares.set(ylim=(len(rows) - 0.4, -0.6), xlim=(45, 101))
    for ax, title in ((shares, "digits right, %"), (spikes, "spikes per digit")):
        _small(ax, title)
        ax.tick_params(axis="y", length=0)
    _draw_bits(right.subplots(2, 1, sharex=True), result)
    figure.legend(
        handles=shares.lines, loc="outside lower left", ncols=2, frameon=False, fontsize=9
    )
    return figure


def _alike(rows):
    """Rows with the same numbers as one row with all their names, the best first."""
    found = {}
    for row in rows:
        found.setdefault((row.correct, row.spikes), []).append(row)
    joined = [
        alike[0]._replace(names=tuple(name for row in alike for name in row.names))
        for alike in found.values()
    ]
    return sorted(joined, key=lambda row: -sum(row.correct))


def _first(names):
    """The first name, and how many others there are."""
    others = len(names) - 1
    return names[0] + (f" and {others} other{'s' if others > 1 else ''}" if others else "")


def _draw_bits(axes, result):
    """Accuracy and spikes over the bits of the weights, and of weights and membrane."""
    for number, ax in enumerate(axes):
        for code, color in enumerate(CODE_COLORS.values()):
            for change, style in (("weights", "-"), ("weights and membrane", ":")):
                rows = [row for row in result.bits if row.change == change]
                shares = [100 * row.correct[code] / result.digits for row in rows]
                values = (shares, [row.spikes[code] for row in rows])[number]
                ax.plot([int(row.names[0]) for row in rows], values, style, color=color, lw=1.4)
        _small(ax, ("digits right, %", "spikes per digit")[number])
    axes[1].set_xlabel("bits of neurons.fixed", fontsize=9)
    axes[1].set(xticks=range(4, 17, 4), ylim=(0, None))
    styles = [axes[0].plot([], [], style, color=GREY)[0] for style in ("-", ":")]
    axes[0].legend(
        styles, ["weights", "and membrane"], frameon=False, fontsize=8, loc="lower right"
    )


def _small(ax, title):
    """A title and numbers in small letters, and lines to read values from."""
    ax.set_title(title, fontsize=9)
    ax.tick_params(labelsize=8)
    ax.tick_params(axis="y", labelsize=7 if ax.yaxis_inverted() else 8)
    ax.grid(color="0.9", lw=0.6)
    ax.set_axisbelow(True)
