"""Encode a batch of handwritten digits, drive a network with them, print tables and draw both."""

import argparse
import importlib.util
import statistics
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikecore import Leaky, __version__, datasets, spikegen
from spikecore.backends import threads
from spikecore.files import whole
from spikecore.network import Linear, Sequential

HELP = "encode a batch of digits, drive a network with them, print tables and draw the spikes"
BATCH = 128
SAMPLE = 3  # the image of the batch whose spikes are drawn
REPEATS = 5
SERIES = np.array([0, 1, 0, 2, 8, -20, 20, -5, 0, 1, 0], np.float32)  # of snnTorch's tutorial 1
DELTA_THRESHOLD = 4
GAINS = {"rate, gain 1": 1, "rate, gain 0.25": 0.25}
LATENCIES = {
    "latency, log": {},
    "latency, linear": {"linear": True},
    "latency, linear, normalised, clipped": {"linear": True, "normalize": True, "clip": True},
}
DELTAS = {"delta": False, "delta, off-spikes": True}
WIDTHS = {"input": 28 * 28, "hidden": 1000, "output": 10}  # the network of snnTorch's tutorial 3
BETA = 0.99


class Encoding(NamedTuple):
    """What one encoder gave, and what the table and the pictures need of it."""

    shape: tuple
    spikes: int  # off-spikes count too
    seconds: float  # median of a few calls
    first_call: float  # seconds of the first call, which compiles
    sample: np.ndarray  # the spikes of one image, or of the series
    mean: np.ndarray  # over time


class Layer(NamedTuple):
    """What one layer of the network did."""

    spikes: np.ndarray  # [steps, BATCH, neurons]
    membrane: np.ndarray | None  # of the same shape, of the outputs only
    seconds: float
    first_call: float


# --- the command --------------------------------------------------------------------------------


def add_arguments(parser):
    """Declare the command's arguments."""
    parser.add_argument(
        "--out",
        default="demo-output",
        metavar="DIR",
        help="folder for spikes and pictures (%(default)s)",
    )
    parser.add_argument(
        "--steps", default=100, type=_integer(2, 1000), help="time steps, 2 to 1000 (%(default)s)"
    )
    parser.add_argument(
        "--seed", default=0, type=_integer(0, 2**64 - 1), help="of every draw (%(default)s)"
    )


def run(arguments):
    """Encode, drive the network, print the tables, write the spikes, draw the pictures."""
    begin = time.perf_counter()
    pictures = importlib.util.find_spec("matplotlib") is not None
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = (part[:BATCH] for part in datasets.digits(size=(28, 28)))
    print(
        f"spikecore {__version__}: {BATCH} digits of 28x28, {arguments.steps} steps, "
        f"seed {arguments.seed}, threads: {threads.thread_count()}\n"
    )
    encodings = encode_all(images, arguments.steps, arguments.seed)
    print(table(HEADER, [row(name, one, images) for name, one in encodings.items()]))
    print(
        "\ntime: median of a few calls after the first; error: root mean square of mean/gain - "
        "image,\nand what the binomial law lets expect\n"
    )
    layers = drive(images, arguments.steps, arguments.seed)
    print(table(LAYER_HEADER, [layer_row(name, one) for name, one in layers.items()]))
    print(
        "\ntime of the input: of its rate code; of a layer: of its Linear and Leaky; "
        "the weights are random,\nso which output fires most says nothing about the digit"
    )
    path = folder / "spikes.npz"
    with whole(path) as part:
        np.savez_compressed(part, **sample_spikes(encodings, layers, images, labels))
    print(f"\nwrote {path}: one image, its spikes in each code, and those of each layer")
    if pictures:
        drawn = {name: (draw, encodings) for name, draw in PICTURES.items()}
        drawn |= {name: (draw, layers) for name, draw in NETWORK_PICTURES.items()}
        for name, (draw, results) in drawn.items():
            path = folder / name
            with whole(path) as part:
                draw(results, images, labels).savefig(part, dpi=150)
            print(f"wrote {path}")
    else:
        print("\nPictures need matplotlib; install it with pip install 'spikecore[plot]'.")
    measured = [*encodings.values(), *layers.values()]
    compiling = sum(max(0, one.first_call - one.seconds) for one in measured)
    print(f"\ntook {time.perf_counter() - begin:.1f} s, {compiling:.1f} s of it compiling kernels")
    return 0


def _integer(low, high):
    """A type for argparse: a whole number in [low, high]."""

    def convert(text):
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {low} to {high}, got {text!r}"
            )
        return int(text)

    return convert


# --- encoding -----------------------------------------------------------------------------------


def encode_all(images, steps, seed):
    """Every encoding of the demo by its name."""
    out = np.empty((steps, *images.shape), np.float32)
    tau = steps / 20  # 5 for 100 steps, as in snnTorch's tutorial 1
    result = {}
    for name, gain in GAINS.items():
        encode = partial(spikegen.rate, images, steps, gain, seed=seed, out=out)
        result[name] = measure(encode)
    for name, options in LATENCIES.items():
        encode = partial(spikegen.latency, images, steps, tau=tau, out=out, **options)
        result[name] = measure(encode)
    for name, off_spike in DELTAS.items():
        encode = partial(spikegen.delta, SERIES, DELTA_THRESHOLD, off_spike=off_spike)
        result[name] = measure(encode)
    return result


def measure(encode):
    """Call an encoder a few times and keep what the demo shows of its spikes."""
    spikes, seconds, first_call = timed(encode)
    return Encoding(
        shape=spikes.shape,
        spikes=np.count_nonzero(spikes),
        seconds=seconds,
        first_call=first_call,
        sample=spikes[:, SAMPLE].copy() if spikes.ndim > 1 else spikes,
        mean=spikes.mean(axis=0, dtype=np.float64),
    )


def timed(function, repeats=REPEATS):
    """What a function gives, the median seconds of a few calls, and the seconds of the first."""
    times = []
    for _ in range(1 + repeats):
        begin = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - begin)
    return result, statistics.median(times[1:]), times[0]


def rate_error(encoding, gain, images):
    """Root mean square of mean/gain - image, and what the binomial law lets expect."""
    error = np.sqrt(np.mean((encoding.mean / gain - images) ** 2))
    p = gain * images.astype(np.float64)
    variance = p * (1 - p) / encoding.shape[0]
    return error, np.sqrt(np.mean(variance)) / gain


# --- the network --------------------------------------------------------------------------------


def drive(images, steps, seed):
    """Run the rate-coded images through a 784-1000-10 network, a layer at a time to time each."""
    pixels = images.reshape(len(images), -1)
    spikes, seconds, first_call = timed(partial(spikegen.rate, pixels, steps, seed=seed))
    layers = {"input": Layer(spikes, None, seconds, first_call)}
    drawn = 0  # the layers' weights follow one another in torch's stream, as torch draws them
    for before, name in pairwise(WIDTHS):
        linear = Linear.draw(WIDTHS[before], WIDTHS[name], seed=seed, skip=drawn)
        drawn += linear.weight.size + linear.bias.size
        record = ("spikes", "membrane") if name == "output" else ("spikes",)
        block = Sequential(linear, Leaky(beta=BETA), names=("linear", name))
        ran, seconds, first_call = timed(partial(block.run, spikes, record=record), 3)
        spikes = ran[name].spikes
        layers[name] = Layer(spikes, ran[name].recorded.get("membrane"), seconds, first_call)
    return layers


def sample_spikes(encodings, layers, images, labels):
    """What is written of one image: itself, its spikes by encoder, and by layer."""
    spikes = {name.replace(", ", "-").replace(" ", ""): e.sample for name, e in encodings.items()}
    spikes |= {name: layer.spikes[:, SAMPLE] for name, layer in layers.items()}
    arrays = {name: train.astype(np.int8) for name, train in spikes.items()}
    return {"image": images[SAMPLE], "label": labels[SAMPLE], "series": SERIES, **arrays}


# --- the tables ---------------------------------------------------------------------------------

HEADER = ("encoder", "shape", "spikes", "density", "time", "error", "expected")
LAYER_HEADER = ("layer", "shape", "spikes", "density", "time")


def row(name, encoding, images):
    """The cells of one encoder."""
    errors = ("", "")
    if name in GAINS:
        errors = (f"{error:.4f}" for error in rate_error(encoding, GAINS[name], images))
    return (*_measures(name, encoding.shape, encoding.spikes, encoding.seconds), *errors)


def layer_row(name, layer):
    """The cells of one layer."""
    return _measures(name, layer.spikes.shape, np.count_nonzero(layer.spikes), layer.seconds)


def _measures(name, shape, spikes, seconds):
    return (
        name,
        "x".join(map(str, shape)),
        f"{spikes:,}",
        f"{spikes / np.prod(shape):.2%}",
        f"{seconds * 1e3:.2f} ms",
    )


def table(header, rows):
    """Columns under a header, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for cells in (header, ["-" * width for width in widths], *rows):
        first, *others = zip(cells, widths, strict=True)
        aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


# --- the pictures -------------------------------------------------------------------------------

GREY = "#8C8C8C"
SMALL = 9  # points
MEMBRANE_LOW = -2  # where the drawn membranes are cut, so that the threshold stays in sight


def draw_encoders(encodings, images, labels):
    """One image, its spikes in each code, and images reconstructed from the means of spikes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 9), layout="constrained")
    rasters, means = figure.subfigures(2, 1, height_ratios=(6, 3))
    draw_rasters(rasters, encodings, images, labels)
    draw_reconstruction(means, encodings, images, labels)
    return figure


def draw_rasters(figure, encodings, images, labels):
    """One image and its spikes in each code."""
    from spikecore import spikeplot

    axes = figure.subplots(2, 3).flat
    axes[0].imshow(images[SAMPLE], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes[0].set_axis_off()
    _title(axes[0], f"a {labels[SAMPLE]} of 28x28 pixels")
    names = [*GAINS, *LATENCIES]
    for ax, name in zip(axes[1:], names, strict=True):
        spikeplot.raster(encodings[name].sample, ax, **({} if name in GAINS else {"s": 12}))
        ax.invert_yaxis()  # as the image: its first row of pixels on top
        ax.set_yticks(range(0, images[SAMPLE].size, 196))
        ax.set_xlim(left=-1.5)  # spikes at step 0 apart from the axis
        _title(ax, name)
        _tidy(ax)
        ax.label_outer()
    axes[1].set_ylabel("Neuron")
    axes[1].tick_params(labelleft=True)


def draw_reconstruction(figure, encodings, images, labels):
    """One digit of each kind, and the mean of its spikes over time."""
    chosen = [int(np.flatnonzero(labels == label)[0]) for label in range(10)]
    rows = {"image": images}
    for name, gain in GAINS.items():
        error, _ = rate_error(encodings[name], gain, images)
        rows[f"{name}\nerror {error:.3f}"] = encodings[name].mean / gain
    for line, (name, shown) in zip(figure.subplots(len(rows), 10), rows.items(), strict=True):
        for ax, index in zip(line, chosen, strict=True):
            ax.imshow(shown[index], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=SMALL + 1)


def draw_delta(encodings, images, labels):
    """The series, its steep rises and falls, and the spikes they give."""
    from matplotlib.figure import Figure

    from spikecore import spikeplot
    from spikecore.plots import canvas

    figure = Figure(figsize=(8, 4.4), layout="constrained")
    top, *strips = figure.subplots(3, 1, sharex=True, height_ratios=(5, 1, 1))
    before = np.concatenate([[0], SERIES[:-1]])
    colors = {1: canvas.ON_COLOR, -1: canvas.OFF_COLOR, 0: GREY}
    for step, spike in enumerate(encodings["delta, off-spikes"].sample.astype(int)):
        width = 2.4 if spike else 1.2
        top.plot([step - 1, step], [before[step], SERIES[step]], c=colors[spike], lw=width)
    top.plot(SERIES, "o", c=canvas.LINE_COLOR, ms=6)
    top.set_ylabel("Value")
    steep = f"at least {DELTA_THRESHOLD}"
    _title(top, f"a rise of {steep} gives an on-spike (black), a fall of {steep} an off-spike")
    for ax, name in zip(strips, DELTAS, strict=True):
        spikeplot.raster(encodings[name].sample, ax, s=400, linewidths=3)
        ax.set(yticks=[], ylabel="", xlabel="")
        _title(ax, name)
    strips[-1].set(xlabel="Time step", xticks=range(SERIES.size))
    for ax in (top, *strips):
        _tidy(ax)
    return figure


def draw_network(layers, images, labels):
    """One image, the spikes of each layer over time, and how often each output fired."""
    from matplotlib.figure import Figure

    from spikecore import spikeplot

    figure = Figure(figsize=(10, 6.5), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.06)
    grid = figure.add_gridspec(3, 2, width_ratios=(5, 3), height_ratios=(4, 4, 2.2))
    rasters = [figure.add_subplot(grid[index, 0]) for index in range(3)]
    for ax, (name, layer) in zip(rasters, layers.items(), strict=True):
        steps, _, neurons = layer.spikes.shape
        sample = layer.spikes[:, SAMPLE]
        spikeplot.raster(sample, ax)
        _title(ax, f"{name}: {neurons} neurons, {np.count_nonzero(sample)} spikes")
        _tidy(ax)
        if name == "input":
            ax.invert_yaxis()  # as the image: its first row of pixels on top
            ax.set_yticks(range(0, neurons, 196))
        if ax is not rasters[-1]:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    rasters[-1].set_yticks(range(0, neurons, 3))
    figure.align_ylabels(rasters)
    shown = figure.add_subplot(grid[0, 1])
    shown.imshow(images[SAMPLE], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    shown.set_axis_off()
    _title(shown, f"a {labels[SAMPLE]}")
    counts = figure.add_subplot(grid[1:, 1])
    spikeplot.spike_count(layers["output"].spikes[:, SAMPLE], ax=counts)
    most = max(1, layers["output"].spikes[:, SAMPLE].sum(axis=0, dtype=int).max())
    counts.set(xlim=(0, 1.15 * most), xlabel=f"Spikes in {steps} steps")
    _title(counts, "outputs of the untrained network")
    _tidy(counts)
    return figure


def draw_membranes(layers, images, labels):
    """The membrane of each output and its spikes."""
    from matplotlib.figure import Figure

    from spikecore import spikeplot

    spikes, membrane = (part[:, SAMPLE] for part in layers["output"][:2])
    figure = Figure(figsize=(10, 7), layout="constrained")
    axes = figure.subplots(5, 2, sharex=True)
    lines = spikeplot.traces(
        membrane,
        spikes,
        spk_height=0,
        ax=axes,
        threshold=1,
        mark_spikes=True,
        show_axes=True,
    )
    low, high = max(MEMBRANE_LOW, membrane.min()), max(1, membrane.max())
    for index, line in enumerate(lines):
        line.axes.set_ylim(low - 0.2, high + 0.3)
        deepest = membrane[:, index].min()
        below = f", falls to {deepest:.1f}" if deepest < low else ""
        _title(line.axes, f"output {index}, spikes: {spikes[:, index].sum()}{below}")
        _tidy(line.axes)
    return figure


def _title(ax, text):
    ax.set_title(text, loc="left", fontsize=SMALL + 2)


def _tidy(ax):
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL, color=GREY)


PICTURES = {"encoders.png": draw_encoders, "delta.png": draw_delta}
NETWORK_PICTURES = {"network.png": draw_network, "membranes.png": draw_membranes}
