"""Encode a batch of handwritten digits in every way, print a table and draw what came out."""

import argparse
import importlib.util
import statistics
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikecore import __version__, datasets, spikegen
from spikecore.backends import threads

HELP = "encode a batch of digits, print a table and draw the spikes"
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


class Encoding(NamedTuple):
    """What one encoder gave, and what the table and the pictures need of it."""

    shape: tuple
    spikes: int  # off-spikes count too
    seconds: float  # median of a few calls
    first_call: float  # seconds of the first call, which compiles
    sample: np.ndarray  # the spikes of one image, or of the series
    mean: np.ndarray  # over time


# --- the command --------------------------------------------------------------------------------


def add_arguments(parser):
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", default="demo-output", metavar="DIR", help="folder for pictures (%(default)s)"
    )
    parser.add_argument(
        "--steps", default=100, type=_integer(2, 1000), help="time steps, 2 to 1000 (%(default)s)"
    )
    parser.add_argument(
        "--seed", default=0, type=_integer(0, 2**64 - 1), help="of the rate code (%(default)s)"
    )


def run(arguments):
    """Encode, print the table, draw the pictures."""
    begin = time.perf_counter()
    pictures = importlib.util.find_spec("matplotlib") is not None
    folder = Path(arguments.out)
    if pictures:
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
        "image,\nand what the binomial law lets expect"
    )
    if pictures:
        print()
        for name, draw in PICTURES.items():
            path = folder / name
            draw(encodings, images, labels).savefig(path, dpi=150)
            print(f"wrote {path}")
    else:
        print("\nPictures need matplotlib; install it with pip install 'spikecore[plot]'.")
    compiling = sum(one.first_call - one.seconds for one in encodings.values())
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
    times = []
    for _ in range(1 + REPEATS):
        begin = time.perf_counter()
        spikes = encode()
        times.append(time.perf_counter() - begin)
    return Encoding(
        shape=spikes.shape,
        spikes=np.count_nonzero(spikes),
        seconds=statistics.median(times[1:]),
        first_call=times[0],
        sample=spikes[:, SAMPLE].copy() if spikes.ndim > 1 else spikes,
        mean=spikes.mean(axis=0, dtype=np.float64),
    )


def rate_error(encoding, gain, images):
    """Root mean square of mean/gain - image, and what the binomial law lets expect."""
    error = np.sqrt(np.mean((encoding.mean / gain - images) ** 2))
    p = gain * images.astype(np.float64)
    variance = p * (1 - p) / encoding.shape[0]
    return error, np.sqrt(np.mean(variance)) / gain


# --- the table ----------------------------------------------------------------------------------

HEADER = ("encoder", "shape", "spikes", "density", "time", "error", "expected")


def row(name, encoding, images):
    """The cells of one encoder."""
    errors = ("", "")
    if name in GAINS:
        errors = (f"{error:.4f}" for error in rate_error(encoding, GAINS[name], images))
    return (
        name,
        "x".join(map(str, encoding.shape)),
        f"{encoding.spikes:,}",
        f"{encoding.spikes / np.prod(encoding.shape):.2%}",
        f"{encoding.seconds * 1e3:.2f} ms",
        *errors,
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


def draw_rasters(encodings, images, labels):
    """One image and its spikes in each code."""
    from matplotlib.figure import Figure

    from spikecore import spikeplot

    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots(2, 3).flat
    axes[0].imshow(images[SAMPLE], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes[0].set_axis_off()
    _title(axes[0], f"a {labels[SAMPLE]} of 28x28 pixels")
    names = [*GAINS, *LATENCIES]
    for ax, name in zip(axes[1:], names, strict=True):
        spikeplot.raster(encodings[name].sample, ax, **({} if name in GAINS else {"s": 12}))
        ax.invert_yaxis()  # as the image: its first row of pixels on top
        ax.set_yticks(range(0, images[SAMPLE].size, 196))
        _title(ax, name)
        _tidy(ax)
        ax.label_outer()
    axes[1].set_ylabel("Neuron")
    axes[1].tick_params(labelleft=True)
    return figure


def draw_reconstruction(encodings, images, labels):
    """One digit of each kind, and the mean of its spikes over time."""
    from matplotlib.figure import Figure

    chosen = [int(np.flatnonzero(labels == label)[0]) for label in range(10)]
    rows = {"image": images}
    for name, gain in GAINS.items():
        error, _ = rate_error(encodings[name], gain, images)
        rows[f"{name}\nerror {error:.3f}"] = encodings[name].mean / gain
    figure = Figure(figsize=(10, 2.9), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    for line, (name, shown) in zip(figure.subplots(len(rows), 10), rows.items(), strict=True):
        for ax, index in zip(line, chosen, strict=True):
            ax.imshow(shown[index], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=SMALL + 1)
    return figure


def draw_delta(encodings, images, labels):
    """The series, its steep rises and falls, and the spikes they give."""
    from matplotlib.figure import Figure

    from spikecore import spikeplot
    from spikecore._plots import canvas

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


def _title(ax, text):
    ax.set_title(text, loc="left", fontsize=SMALL + 2)


def _tidy(ax):
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL, color=GREY)


PICTURES = {
    "rasters.png": draw_rasters,
    "reconstruction.png": draw_reconstruction,
    "delta.png": draw_delta,
}
