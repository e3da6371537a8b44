"""Draw the gallery: four pictures that show on digits what the library does, always the same."""

import importlib.util
from pathlib import Path

import numpy as np

from spikecore import LIF, Leaky, datasets, spikegen
from spikecore.files import whole
from spikecore.network import Linear, Sequential

HELP = "draw four pictures that show what the library does"
SEED = 0
SAMPLE = 3  # the digit that is shown
SIZE, DPI = (6.4, 4.8), 160  # inches; legible at a third of their width
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
INK, BLUE, RED, PALE, GREY = "#000000", "#0072B2", "#D55E00", "#9CC5E0", "#8C8C8C"


# --- the command --------------------------------------------------------------------------------


def add_arguments(parser):
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", default="gallery", metavar="DIR", help="folder for the pictures (%(default)s)"
    )


def run(arguments):
    """Draw the pictures."""
    if importlib.util.find_spec("matplotlib") is None:
        print("The gallery needs matplotlib; install it with pip install 'spikecore[plot]'.")
        return 1
    from matplotlib import style

    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        # the style whatever matplotlibrc says
        with style.context(["default", STYLE]), whole(folder / name) as part:
            draw().savefig(part, dpi=DPI, metadata={"Software": None})
        print(f"wrote {folder / name}")
    return 0


# --- encoders -----------------------------------------------------------------------------------


def draw_codes():
    """One digit, and its spikes in three codes."""
    steps = 48
    images, labels = datasets.digits()
    digit = images[SAMPLE]
    rate = spikegen.rate(digit, steps, gain=0.5, seed=SEED)
    latency = spikegen.latency(digit, steps, linear=True, normalize=True, clip=True)
    # Delta needs change: the digit crosses the field of view, a pixel to the right every 3 steps.
    dark = np.zeros_like(digit)
    scene = np.concatenate([dark, digit, dark], axis=1)
    left = 16 - np.arange(steps) // 3
    film = np.stack([scene[:, start : start + 8] for start in left])
    delta = spikegen.delta(film, threshold=0.25, off_spike=True)

    figure = _figure()
    axes = figure.subplots(2, 2)
    axes[0, 0].imshow(digit, cmap="gray", vmin=0, vmax=1)
    axes[0, 0].set(title=f"a {labels[SAMPLE]} of 64 pixels", xticks=[], yticks=np.arange(8))
    axes[0, 0].set_yticklabels([*range(0, 64, 8)])
    _raster(axes[0, 1], rate, "rate: brighter, more often")
    _raster(axes[1, 0], latency, "latency: brighter, sooner")
    _raster(axes[1, 1], delta, "delta, as the digit moves")
    for ax in axes[1]:
        ax.set_xlabel("Time step")
    for ax in axes[:, 0]:
        ax.set_ylabel("Pixel")
    return figure


def draw_reconstruction():
    """Digits, the means of their spikes over ever more steps, and the error that is left."""
    images, _ = datasets.digits(size=(28, 28))
    steps = np.array([1, 4, 16, 64, 256])
    chosen = images[[2, 3, 4]]
    spikes = spikegen.rate(chosen, int(steps[-1]), seed=SEED, dtype=np.uint8)
    many = images[:100]
    trains = spikegen.rate(many, int(steps[-1]), seed=SEED, dtype=np.uint8)

    figure = _figure()
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.55, 1))
    axes = top.subplots(3, 1 + len(steps))
    for row, image, train in zip(axes, chosen, spikes.swapaxes(0, 1), strict=True):
        shown = [image, *(train[:n].mean(axis=0) for n in steps)]
        for ax, picture in zip(row, shown, strict=True):
            ax.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set_axis_off()
    for ax, title in zip(axes[0], ["image", *(f"{n} steps" for n in steps)], strict=True):
        ax.set_title(title, loc="center", fontsize=11)
    axes[0, 1].set_title("1 step", loc="center", fontsize=11)

    ax = bottom.subplots()
    every = np.unique(np.geomspace(1, steps[-1], 25).astype(int))
    mean = np.cumsum(trains, axis=0, dtype=np.float64)[every - 1] / every[:, None, None, None]
    error = np.sqrt(((mean - many) ** 2).mean(axis=(1, 2, 3)))
    law = np.sqrt((many.astype(np.float64) * (1 - many)).mean() / every)
    ax.loglog(every, law, color=INK, lw=1.5, label="binomial law")
    ax.loglog(every, error, "o", color=BLUE, ms=5, label="100 digits")
    ax.set(xlabel="Steps averaged", ylabel="RMS error", xticks=steps, yticks=[0.02, 0.1, 0.5])
    ax.set_xticklabels(steps)
    ax.set_yticklabels(["0.02", "0.1", "0.5"])
    ax.minorticks_off()
    ax.legend(frameon=False)
    return figure


# --- neurons ------------------------------------------------------------------------------------

SIMULATORS = {  # as named in the picture
    "snnTorch 1.0": "snntorch-1.0",
    "snnTorch 0.7": "snntorch-0.7",
    "Spyx": "spyx",
    "Norse": "norse-box",
    "Sinabs": "sinabs",
    "BindsNET": "bindsnet",
}


def draw_simulators():
    """One input, one decay, one threshold, and the neuron of each simulator."""
    steps = 56
    current = np.full(steps, 0.3)
    current[24] = 2.1
    current[32:] = 0.75 * spikegen.rate(np.full(steps - 32, 0.5), time_var_input=True, seed=SEED)
    figure = _figure()
    axes = figure.subplots(1 + len(SIMULATORS), 1, sharex=True, sharey=True)
    axes[0].bar(np.arange(steps), current, width=0.8, color=PALE)
    _name(axes[0], "input", "spikes")
    first = None
    for ax, (name, profile) in zip(axes[1:], SIMULATORS.items(), strict=True):
        neuron = LIF.profile(profile, decay=0.9, gain=1.0, threshold=1.0)
        run = neuron.run(current[:, None])
        membrane, spikes = run.recorded["membrane"][:, 0], run.spikes[:, 0]
        first = spikes if first is None else first
        ax.axhline(1, color=GREY, lw=1, ls=(0, (4, 2)))
        ax.plot(membrane, color=BLUE, lw=1.8)
        for step in np.flatnonzero(spikes):
            color = INK if spikes[step] == first[step] else RED
            several = (np.arange(spikes[step]) - (spikes[step] - 1) / 2) * 0.7
            ax.vlines(step + several, -1.1, -0.3, color=color, lw=2.4)
        _name(ax, name, f"{spikes.sum():g}")
    for ax in axes:
        ax.set(ylim=(-1.2, 2.8), yticks=[])
        ax.spines[:].set_visible(False)
        ax.tick_params(bottom=ax is axes[-1])
    axes[-1].spines["bottom"].set_visible(True)
    axes[-1].set(xlabel="Time step", xlim=(-0.7, steps - 0.3))
    return figure


# --- a network ----------------------------------------------------------------------------------


def draw_network():
    """The spikes of each layer of a 784-1000-10 network, and two membranes of its outputs."""
    from spikecore.plots.canvas import whole_ticks

    steps = 80
    images, _ = datasets.digits(size=(28, 28))
    spikes = spikegen.rate(images[:10].reshape(10, 784), steps, gain=0.5, seed=SEED, dtype=np.uint8)
    hidden = Linear.draw(784, 1000, seed=SEED)
    output = Linear.draw(1000, 10, seed=SEED, skip=785_000)
    net = Sequential(hidden, Leaky(beta=0.99), output, Leaky(beta=0.99))
    ran = net.run(spikes, exact=True)  # the same sums, hence the same picture, everywhere
    counts = ran["leaky2"].counts[SAMPLE]
    membrane = ran["leaky2"].recorded["membrane"][:, SAMPLE]
    layers = {"input": spikes, "hidden": ran["leaky1"].spikes, "output": ran["leaky2"].spikes}

    figure = _figure()
    left, right = figure.subfigures(1, 2, width_ratios=(1.25, 1))
    axes = left.subplots(3, 1, sharex=True, height_ratios=(1.2, 1.2, 1))
    for ax, (name, train) in zip(axes, layers.items(), strict=True):
        neurons = train.shape[2]
        # Every eighth of many neurons: more would be a grey wall at this size.
        skip = 8 if neurons > 100 else 1
        steps_fired, rows = np.nonzero(train[:, SAMPLE, ::skip])
        ax.scatter(steps_fired, rows * skip, s=9 if skip > 1 else 40, c=INK, marker="|", lw=1.3)
        every = f", one in {skip} shown" if skip > 1 else ""
        ax.set(title=f"{name}: {neurons}{every}", ylim=(neurons - 0.5, -0.5))
        ax.set_yticks([0, neurons // 2, neurons - 1] if skip > 1 else [0, 3, 6, 9])
    axes[-1].set(xlabel="Time step", xlim=(-1, steps))

    busiest = np.argsort(-counts, kind="stable")[:2]
    bars, *traces = right.subplots(3, 1, height_ratios=(1.6, 1, 1))
    bars.bar(range(10), counts, color=[BLUE if k in busiest else PALE for k in range(10)])
    bars.set(title="spikes of the outputs", xticks=range(10))
    whole_ticks(bars.yaxis)
    for ax, output in zip(traces, busiest, strict=True):
        ax.axhline(1, color=GREY, lw=1, ls=(0, (4, 2)))
        ax.plot(membrane[:, output], color=BLUE, lw=1.5)
        fired = np.flatnonzero(layers["output"][:, SAMPLE, output])
        ax.plot(fired, membrane[fired, output], "v", color=INK, ms=5)
        ax.set(title=f"membrane of output {output}", yticks=[0, 1], xlim=(-1, steps))
    traces[0].tick_params(labelbottom=False)
    traces[1].set_xlabel("Time step")
    return figure


# --- shared -------------------------------------------------------------------------------------


def _figure():
    """An empty picture, unknown to pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=SIZE, layout="constrained")


def _raster(ax, spikes, title):
    """The spikes of an image, its first row of pixels on top."""
    from spikecore import spikeplot

    for row in range(0, 64, 16):
        ax.axhspan(row - 0.5, row + 7.5, color="0.94", zorder=0)
    spikeplot.raster(spikes, ax, s=8, linewidths=2.2)
    ax.invert_yaxis()
    ax.set(title=title, xlabel="", ylabel="", yticks=range(0, 64, 8))


def _name(ax, left, right):
    """A name to the left of a trace and a number to the right of it."""
    ax.text(-0.01, 0.4, left, transform=ax.transAxes, ha="right", va="center")
    ax.text(1.01, 0.4, right, transform=ax.transAxes, ha="left", va="center")


PICTURES = {
    "codes.png": draw_codes,
    "reconstruction.png": draw_reconstruction,
    "simulators.png": draw_simulators,
    "network.png": draw_network,
}
