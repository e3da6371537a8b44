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
PICTURES = ("codes.png", "reconstruction.png", "series.png", "network.png", "membranes.png")
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
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    steps, seed = arguments.steps, arguments.seed
    images, labels = (part[:BATCH] for part in datasets.digits(size=(28, 28)))
    print(
        f"spikecore {__version__}: {BATCH} digits of 28x28, {steps} steps, "
        f"seed {seed}, threads: {threads.thread_count()}\n"
    )
    encodings = encode_all(images, steps, seed)
    print_encodings(encodings, images)
    layers = drive(images, steps, seed)
    print_layers(layers)
    write_spikes(folder / "spikes.npz", sample_spikes(encodings, layers, images, labels))
    if importlib.util.find_spec("matplotlib") is not None:
        draw_pictures(folder, encodings, layers, images, labels, seed)
    else:
        print("\nPictures need matplotlib; install it with pip install 'spikecore[plot]'.")
    measured = [*encodings.values(), *layers.values()]
    compiling = sum(max(0, part.first_call - part.seconds) for part in measured)
    print(f"\ntook {time.perf_counter() - begin:.1f} s, {compiling:.1f} s of it compiling kernels")
    return 0


def write_spikes(path, arrays):
    """Write named arrays to one file."""
    with whole(path) as part:
        np.savez_compressed(part, **arrays)
    print(f"\nwrote {path}: one image, its spikes in each code, and those of each layer")


def draw_pictures(folder, encodings, layers, images, labels, seed):
    """Draw what was computed; the gallery's pictures are drawn by the same functions."""
    from spikecore.plots import pictures

    shown = {name: layer.spikes[:, SAMPLE] for name, layer in layers.items()}
    codes = {name: encodings[name].sample for name in (*GAINS, *LATENCIES)}
    deltas = {name: encodings[name].sample for name in DELTAS}
    averaged = spikegen.rate(images[:100], len(shown["input"]), seed=seed, dtype=np.uint8)
    membrane = layers["output"].membrane[:, SAMPLE]
    image, label = images[SAMPLE], labels[SAMPLE]
    drawings = {
        "codes.png": partial(pictures.codes, image, label, codes),
        "reconstruction.png": partial(pictures.reconstruction, images[:100], averaged),
        "series.png": partial(pictures.series, SERIES, DELTA_THRESHOLD, deltas),
        "network.png": partial(pictures.network, shown, membrane),
        "membranes.png": partial(pictures.membranes, membrane, shown["output"]),
    }
    for name in PICTURES:
        print(f"wrote {pictures.write(folder / name, drawings[name])}")


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


def digit_codes(digit, steps, seed):
    """The spikes of one digit in three codes, by a title that says what to look for."""
    # Delta needs change: the digit crosses the field of view, a pixel to the right every 3 steps.
    dark, width = np.zeros_like(digit), digit.shape[1]
    scene = np.concatenate([dark, digit, dark], axis=1)
    left = 2 * width - np.arange(steps) // 3
    film = np.stack([scene[:, start : start + width] for start in left])
    return {
        "rate: brighter, more often": spikegen.rate(digit, steps, gain=0.5, seed=seed),
        "latency: brighter, sooner": spikegen.latency(
            digit, steps, linear=True, normalize=True, clip=True
        ),
        "delta: what moves": spikegen.delta(film, threshold=0.25, off_spike=True),
    }


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
    """Root mean square of mean/gain - image, and what the binomial law predicts."""
    error = np.sqrt(np.mean((encoding.mean / gain - images) ** 2))
    p = gain * images.astype(np.float64)
    variance = p * (1 - p) / encoding.shape[0]
    return error, np.sqrt(np.mean(variance)) / gain


# --- the network --------------------------------------------------------------------------------


def linears(seed):
    """The random weights of a 784-1000-10 network, by the name of the layer that they feed."""
    result, drawn = {}, 0
    for before, name in pairwise(WIDTHS):
        # The layers' weights follow one another in torch's stream, as torch draws them.
        linear = Linear.draw(WIDTHS[before], WIDTHS[name], seed=seed, skip=drawn)
        drawn += linear.weight.size + linear.bias.size
        result[name] = linear
    return result


def drive(images, steps, seed, gain=1, exact=False):
    """Run the rate-coded images through the network, a layer at a time to time each."""
    pixels = images.reshape(len(images), -1)
    spikes, seconds, first_call = timed(partial(spikegen.rate, pixels, steps, gain, seed=seed))
    layers = {"input": Layer(spikes, None, seconds, first_call)}
    for name, linear in linears(seed).items():
        record = ("spikes", "membrane") if name == "output" else ("spikes",)
        block = Sequential(linear, Leaky(beta=BETA), names=("linear", name))
        call = partial(block.run, spikes, record=record, exact=exact)
        ran, seconds, first_call = timed(call, 3)
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


def print_encodings(encodings, images):
    """Print the table of the encoders and how to read it."""
    print(table(HEADER, [row(name, encoding, images) for name, encoding in encodings.items()]))
    print(
        "\ntime: median of a few calls after the first; error: root mean square of mean/gain - "
        "image,\nand the error that the binomial law predicts\n"
    )


def print_layers(layers):
    """Print the table of the layers and how to read it."""
    print(table(LAYER_HEADER, [layer_row(name, layer) for name, layer in layers.items()]))
    print(
        "\ntime of the input: of its rate code; of a layer: of its Linear and Leaky; "
        "the weights are random,\nso the output that fires most says nothing about the digit"
    )


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
