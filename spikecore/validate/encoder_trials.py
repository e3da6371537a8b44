"""The data on which encoders are compared, each chosen because it parts some pair of them."""

import inspect
from typing import NamedTuple

import numpy as np

from spikecore import random, spikegen

KINDS = ("rate", "rate_conv", "latency", "delta", "targets_rate", "targets_latency", "to_one_hot")
DEFAULTS = {
    "rate": {"num_steps": 24},
    "latency": {"num_steps": 25},
    "targets_rate": {"num_classes": 7, "num_steps": 24},
    "targets_latency": {"num_classes": 7, "num_steps": 24},
    "to_one_hot": {"num_classes": 7},
}
SEED = 20


class Coding(NamedTuple):
    """One input of an encoder, its options, and why it is tried."""

    name: str
    inputs: np.ndarray
    kind: str
    options: dict
    why: str = ""
    earlier: tuple = ()


def expected(coding, inputs=None, **changes):
    """What spikecore gives, with inputs or options changed."""
    function = getattr(spikegen, coding.kind)
    options = {**coding.options, **changes}
    if options.get("uniforms") is not None:
        options.pop("seed", None)  # the seed is what the candidate makes those uniforms from
    if "device" in inspect.signature(function).parameters:
        options.setdefault("device", "numpy")
    return function(coding.inputs if inputs is None else inputs, **options)


def is_random(kind, options):
    """Whether a code draws random numbers."""
    pattern = options.get("firing_pattern", "regular")
    return kind in ("rate", "rate_conv") or (kind == "targets_rate" and pattern == "poisson")


def varies(kind, options):
    """Whether the first axis of a rate code's data is time."""
    return kind == "rate_conv" or (kind == "rate" and options.get("time_var_input", False))


def trials(kind, options, dtype):
    """The default trials of deterministic comparison."""
    maker = {"rate": _rate, "rate_conv": _rate, "latency": _latency, "delta": _delta}
    return maker.get(kind, _targets)(kind, options, np.dtype(dtype))


# --- rate ----------------------------------------------------------------------------------------


def _rate(kind, options, dtype):
    """Trials with given uniforms; some of them equal the probability that they meet."""
    varying = varies(kind, options)
    steps = options.get("num_steps") or 24
    features = (3, 8)
    data = random.uniforms(SEED, (steps, *features))
    data = data if varying else data[0]
    uniforms = random.uniforms(SEED + 1, (steps, *features)).astype(dtype)
    data = data.astype(dtype)
    edge, ties = data.copy(), uniforms.copy()
    edge[..., 0, :4] = [0, 1, 2.0**-30, 1 - 2.0**-20]
    ties[0::3, 0, 0] = 0
    ties[0::2, 0, 2] = 2.0**-31
    ties[1::2, 0, 2] = 2.0**-29
    first = options.get("first_spike_time", 0)
    p = probability(edge, options)
    meets = np.broadcast_to(p, ties.shape)[0 if varying else first :]
    below = ties[0 if varying else first :]
    below[:: 1 + varying, 1, ::2] = np.minimum(meets[:: 1 + varying, 1, ::2], np.nextafter(
        dtype.type(1), dtype.type(0)))  # fmt: skip
    wide = (data * 3 - 1).astype(dtype)
    named = {
        "uniforms": (data, uniforms, "spike where u < p, for given uniforms"),
        "ties": (edge, ties, "uniforms equal to p, p of 0 and 1, and p below 2**-24"),
        "outside": (wide, uniforms, "probabilities below 0 and above 1 are clipped"),
    }
    return [
        Coding(name, values, kind, {**options, "uniforms": given}, why)
        for name, (values, given, why) in named.items()
    ]


def probability(data, options):
    """p of the rate code, as the reference rounds it."""
    from spikecore.codes.rate import firing_probability

    cast = data.dtype.type
    gain, offset = (cast(options.get(name, v)) for name, v in (("gain", 1), ("offset", 0)))
    return firing_probability(data, gain, offset)


def stream_trials(kind, options, dtype):
    """Trials of spikecore's own stream: probabilities that equal a uniform of the stream."""
    if kind == "targets_rate":
        labels = np.arange(9) % options["num_classes"]
        why = "spikecore's stream for one seed"
        return [Coding("stream", labels, kind, {**options, "seed": SEED}, why)]
    varying = varies(kind, options)
    steps = options.get("num_steps") or 24
    seed = (1 << 40) + 77
    uniforms = random.uniforms(seed, (steps, 3, 8))
    data = uniforms.astype(dtype) if varying else uniforms[5 % steps].astype(dtype)
    grid = (np.arange(24).reshape(3, 8) / 23).astype(dtype)
    grid = np.broadcast_to(grid, uniforms.shape).copy() if varying else grid
    options = {**options, "seed": seed}
    return [
        Coding("stream", grid, kind, options, "spikecore's stream for one seed"),
        Coding("stream ties", data, kind, options, "words equal to the probability they meet"),
    ]


# --- latency -------------------------------------------------------------------------------------


def _latency(kind, options, dtype):
    dense = _near_halves(options, dtype)
    batch = random.uniforms(SEED + 2, (4, 9)).astype(dtype)
    batch *= np.array([[1], [0.75], [0.5], [0.3]], dtype)
    threshold = dtype.type(options.get("threshold", 0.01))
    zero, one = dtype.type(0), dtype.type(1)
    edge = [zero, one, threshold, np.nextafter(threshold, zero), np.nextafter(threshold, one)]
    edge += [threshold / 2, dtype.type(0.5), np.nextafter(one, zero)]
    grid = np.linspace(0, 1, 41)
    named = {
        "grid": (grid, "fortieths from 0 to 1"),
        "halves": (dense, "spike times at and beside a half step"),
        "threshold": (np.array(edge), "features at, just below and just above the threshold"),
        "batch": (batch, "samples of different brightness: who normalises whom"),
        "sample": (batch[2], "one sample alone"),
    }
    return [
        Coding(name, np.ascontiguousarray(values, dtype), kind, options, why)
        for name, (values, why) in named.items()
    ]


def _near_halves(options, dtype, most=40):
    """Features whose spike time is a half exactly, or else as near as possible."""
    steps = options.get("num_steps") or 25
    span = max(steps - 1 - options.get("first_spike_time", 0), 1)
    dense = np.concatenate([np.linspace(0, 1, 6001), 1 - (np.arange(span) + 0.5) / span])
    tau, threshold = options.get("tau", 1), options.get("threshold", 0.01)
    inverse = threshold / -np.expm1(-(np.arange(4) + 0.5) / tau)  # of the log code
    beside = np.arange(-32, 33)[:, None] * np.spacing(inverse.astype(dtype))
    dense = np.concatenate([dense, (inverse + beside).reshape(-1)])
    dense = dense[(dense >= 0) & (dense <= 1)].astype(dtype)
    near = [dense, np.nextafter(dense, dtype.type(0)), np.nextafter(dense, dtype.type(1))]
    dense = np.unique(np.concatenate(near))
    names = ("num_steps", "threshold", "tau", "first_spike_time", "normalize", "linear", "epsilon")
    chosen = {name: options[name] for name in names if name in options}
    times = spikegen.latency_code(dense, **chosen, device="numpy")[0]
    apart = np.abs(times - np.floor(times) - 0.5)
    order = np.argsort(apart, kind="stable")[: most - 2]
    return np.concatenate([dense[np.sort(order)], np.array([0, 1], dtype)])


# --- delta ---------------------------------------------------------------------------------------


def _delta(kind, options, dtype):
    threshold = dtype.type(options.get("threshold", 0.1))
    uniform = random.uniforms(SEED + 3, (32, 3, 8))
    steps = np.rint(uniform * 8 - 4).astype(dtype)
    exact = np.where(np.cumsum(steps, axis=0) % 2 == 0, 0, threshold)
    exact[:, :, ::3] *= -1
    tenths = np.rint(uniform * 12 - 6).astype(dtype) * threshold
    edge = np.zeros((32, 3, 8), dtype)
    ulp = np.spacing(threshold)
    edge[1::2] = threshold + ulp * np.rint(uniform[1::2] * 4 - 2).astype(dtype)
    edge[1::2, 1] *= -1
    slow = np.cumsum((uniform - 0.45) * float(threshold), axis=0) + 0.7 * float(threshold)
    rounded = np.zeros((32, 3, 8), dtype)
    rounded[::2] = uniform[::2] * threshold / 8
    rounded[1::2] = threshold + rounded[::2]
    first = np.ones((4, 3, 8)) * float(threshold) * 3
    named = {
        "exact": (exact, "changes of exactly the threshold, up and down"),
        "multiples": (tenths, "multiples of the threshold, where float32 and float64 part"),
        "edge": (edge, "changes within a few ulp of the threshold"),
        "rounded": (rounded, "changes that round to the threshold in the dtype of the data"),
        "slow": (slow, "slow changes, which only a held baseline sees"),
        "first": (first, "a first sample that is not 0"),
    }
    return [
        Coding(name, np.ascontiguousarray(values, dtype), kind, options, why)
        for name, (values, why) in named.items()
    ]


# --- targets -------------------------------------------------------------------------------------


def _targets(kind, options, dtype):
    classes = options["num_classes"]
    every = np.arange(2 * classes) % classes
    mixed = (np.arange(9) * 5 + 3) % classes
    named = {"every class": every, "mixed": mixed, "one": mixed[:1]}
    if is_random(kind, options):
        return [
            Coding(name, values, kind, {**options, "uniforms": random.uniforms(
                SEED + 4, (options["num_steps"], len(values), classes))}, "spike where u < rate")
            for name, values in named.items()
        ]  # fmt: skip
    return [
        Coding(name, values, kind, options, "labels") for name, values in named.items()
    ]  # fmt: skip
