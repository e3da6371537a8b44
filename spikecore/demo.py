"""Encode digits and a signal, drive networks with the digits, print tables and draw all of it."""

import argparse
import importlib.util
import statistics
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikecore import Leaky, __version__, datasets, decode, meaning, nir, spikegen
from spikecore.backends import threads
from spikecore.files import whole
from spikecore.network import Linear, Sequential

HELP = "encode digits and a signal, drive a network, print tables and draw the spikes"
BATCH = 128
SAMPLE = 3  # the image of the batch whose spikes are drawn
REPEATS = 5
PICTURES = (
    "codes.png",
    "reconstruction.png",
    "series.png",
    "network.png",
    "membranes.png",
    "time-series.png",
)
SERIES = np.array([0, 1, 0, 2, 8, -20, 20, -5, 0, 1, 0], np.float32)  # of snnTorch's tutorial 1
DELTA_THRESHOLD = 4
GAINS = {"rate, gain 1": 1, "rate, gain 0.25": 0.25}
LATENCIES = {
    "latency, log": {},
    "latency, linear": {"linear": True},
    "latency, linear, normalised, clipped": {"linear": True, "normalize": True, "clip": True},
}
DELTAS = {"delta": False, "delta, off-spikes": True}
SIGNAL_THRESHOLD = 0.1  # mV, of both codes of the electrocardiogram
SHOWN = slice(1440, 1840)  # the samples that are drawn: a wide beat and a narrow one
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


class SignalCode(NamedTuple):
    """What one code of a signal gave, and what its decoder gave back."""

    spikes: np.ndarray  # [samples]
    decoded: np.ndarray  # of the same shape
    seconds: float  # of the encoder
    first_call: float


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
        "--steps",
        default=100,
        type=whole_number(2, 1000),
        help="time steps, 2 to 1000 (%(default)s)",
    )
    parser.add_argument(
        "--seed", default=0, type=whole_number(0, 2**64 - 1), help="of every draw (%(default)s)"
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
    signal, time_step = datasets.ecg()
    codes = signal_codes(signal)
    print_signal_codes(codes, signal, time_step)
    print_events(datasets.moving_digits().to_events(dt=1000))
    arrays = sample_spikes(encodings, layers, images, labels)
    arrays |= {name: code.spikes for name, code in codes.items()}
    write_spikes(folder / "spikes.npz", arrays)
    if importlib.util.find_spec("matplotlib") is not None:
        drawings = digit_pictures(encodings, layers, images, labels, seed)
        drawings["time-series.png"] = partial(draw_signal_codes, signal, time_step, codes)
        draw_pictures(folder, drawings)
    else:
        print("\nPictures need matplotlib; install it with pip install 'spikecore[plot]'.")
    print_recognition()
    measured = [*encodings.values(), *layers.values(), *codes.values()]
    compiling = sum(max(0, part.first_call - part.seconds) for part in measured)
    print(f"\ntook {time.perf_counter() - begin:.1f} s, {compiling:.1f} s of it compiling kernels")
    return 0


def write_spikes(path, arrays):
    """Write named arrays to one file."""
    with whole(path) as part:
        np.savez_compressed(part, **arrays)
    print(
        f"\nwrote {path}: one image, its spikes in each code, those of each layer and of the signal"
    )


def digit_pictures(encodings, layers, images, labels, seed):
    """By name, the functions that draw what was computed of the digits."""
    from spikecore.plots import pictures

    shown = {name: layer.spikes[:, SAMPLE] for name, layer in layers.items()}
    codes = {name: encodings[name].sample for name in (*GAINS, *LATENCIES)}
    deltas = {name: encodings[name].sample for name in DELTAS}
    averaged = spikegen.rate(images[:100], len(shown["input"]), seed=seed, dtype=np.uint8)
    membrane = layers["output"].membrane[:, SAMPLE]
    image, label = images[SAMPLE], labels[SAMPLE]
    return {
        "codes.png": partial(pictures.codes, image, label, codes),
        "reconstruction.png": partial(pictures.reconstruction, images[:100], averaged),
        "series.png": partial(pictures.series, SERIES, DELTA_THRESHOLD, deltas),
        "network.png": partial(pictures.network, shown, membrane),
        "membranes.png": partial(pictures.membranes, membrane, shown["output"]),
    }


def draw_pictures(folder, drawings):
    """Draw what was computed; the gallery's pictures are drawn by the same functions."""
    from spikecore.plots import pictures

    for name in PICTURES:
        print(f"wrote {pictures.write(folder / name, drawings[name])}")


def whole_number(low, high):
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


# --- the signal ---------------------------------------------------------------------------------


def signal_codes(signal):
    """A signal in two codes: spikes of one size, and spikes of the size of the change."""
    limit = SIGNAL_THRESHOLD
    encode = partial(spikegen.step_forward, signal, limit)
    spikes, seconds, first_call = timed(encode)
    decoded = decode.staircase(spikes, limit, initial=signal[0])
    result = {"step_forward": SignalCode(spikes, decoded, seconds, first_call)}
    encode = partial(spikegen.sigma_delta, signal, limit)
    spikes, seconds, first_call = timed(encode)
    decoded = decode.accumulate(spikes)
    result["sigma_delta"] = SignalCode(spikes, decoded, seconds, first_call)
    return result


def draw_signal_codes(signal, time_step, codes):
    """A part of the signal, and what its codes make of it."""
    from spikecore.plots import pictures

    shown = {name: (code.spikes[SHOWN], code.decoded[SHOWN]) for name, code in codes.items()}
    return pictures.time_series(signal[SHOWN], time_step, shown, SIGNAL_THRESHOLD)


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
SIGNAL_HEADER = ("code of a signal", "shape", "spikes", "density", "time", "SNR", "largest error")


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


def print_signal_codes(codes, signal, time_step):
    """Print the table of the codes of a signal and how to read it."""
    rows = [signal_row(name, code, signal) for name, code in codes.items()]
    print(f"\n{table(SIGNAL_HEADER, rows)}")
    print(
        f"\nthe signal: {len(signal) * time_step:.0f} s of an electrocardiogram; threshold: "
        f"{SIGNAL_THRESHOLD} mV; SNR: of the decoded signal; its error\nis below the threshold for "
        "sigma_delta, and for step_forward where the signal is not steeper"
    )


def print_events(table):
    """Print how much memory a recording of digits in motion takes as Events, and dense."""
    stored = sum(column.nbytes for column in (table.step, table.element, table.value))
    print(
        f"\nas Events: {len(table):,} of ten digits in motion, 2x34x34 pixels and 300 ms; "
        f"{stored / 1e6:.1f} MB,\nthe dense array of bool {np.prod(table.dense_shape) / 1e6:.1f} MB"
    )


def print_recognition():
    """Print how many digits the trained network recognises, and how many spikes that takes."""
    codes, labels = meaning.examples()
    told = []
    for code, spikes in codes.items():
        # NumPy has the bits of compiled code, and nothing to compile for one run.
        layers = nir.digits().run(spikes, meaning.DT, device="numpy").layers
        correct, count = meaning.judged(labels, *(layers[name].counts for name in meaning.LAYERS))
        told.append(f"{correct / len(labels):.1%} right by {code}, {count:.0f} spikes each")
    print(
        f"\na trained network, 64-128-10, on {len(labels)} digits that it did not learn:\n"
        + "; ".join(told)
    )


def row(name, encoding, images):
    """The cells of one encoder."""
    errors = ("", "")
    if name in GAINS:
        errors = (f"{error:.4f}" for error in rate_error(encoding, GAINS[name], images))
    return (*_measures(name, encoding.shape, encoding.spikes, encoding.seconds), *errors)


def signal_row(name, code, signal):
    """The cells of one code of a signal."""
    measured = decode.metrics(signal, code.decoded, code.spikes != 0)
    largest = np.abs(code.decoded - signal).max()
    cells = _measures(name, code.spikes.shape, int(measured.count), code.seconds)
    return (*cells, f"{measured.snr:.1f} dB", f"{largest:.3f} mV")


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
