"""Encoders written plainly, with room for one mistake each, sharing no code with the package.

Without a mistake they are a second opinion on spikecore's encoders; with one they are wrong
implementations that the vectors must tell.  The mistakes are named as the diagnosis names them.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from plain import codes

SHARED = ("late", "early", "transposed", "reversed")
MISTAKES = {
    "rate": (
        "at-most", "24-bit", "16-bit", "gain-ignored", "offset-ignored", "offset-first", "above",
        "complement", "exponential", "shared-features", "shared-samples", "frozen",
        "first_spike_time-ignored", "next-uniform", "other-stream", "first-word", "word-order",
        "key-order", "short-seed", *SHARED[:3],
    ),
    "latency": (
        "reversed", "half-up", "floor", "ceil", "silent-at-threshold", "silent-at-zero",
        "clip=True", "clip=False", "normalize=True", "normalize=sample", "normalize=False",
        "linear=True", "linear=False", "tau-ignored", "first_spike_time-ignored",
        "over-num-steps", "from-first", "epsilon-float32", "dark-first", "stays-on",
        "targets-swapped", "targets-ignored", "interpolate=False", "float64", "late", "early",
        "law=exponential", "law=inverse", "compare=>", "compare=>=",
    ),
    "delta": (
        "exclusive", "on-exclusive", "off-exclusive", "padding=True", "padding=False",
        "off_spike=False", "off_spike=True", "off-positive", "absolute", "negated", "residual",
        "held", "fixed-baseline", "across", "threshold-ignored", "float64", *SHARED,
    ),
    "targets": (
        "rounded-times", "ceiled-times", "rates-swapped", "incorrect_rate-ignored",
        "first_spike_time-ignored", "targets-swapped", "targets-ignored", "interpolate=False",
        "next-class", "late",
    ),
    **codes.MISTAKES,
}  # fmt: skip
GROUPS = {
    "rate": "rate",
    "rate_conv": "rate",
    "latency": "latency",
    "delta": "delta",
    "targets_rate": "targets",
    "targets_latency": "targets",
    "to_one_hot": "targets",
    **{kind: kind for kind in codes.MISTAKES},
}


class Call(NamedTuple):
    """An encoder's data and options."""

    kind: str
    inputs: np.ndarray
    options: dict


def encode(kind, inputs, options, wrong=None):
    """Spikes of a call, with one mistake."""
    if kind in codes.CODES:
        spikes = codes.encode(kind, inputs, options, wrong)
    else:
        known = {"rate": rate, "latency": latency, "delta": delta, "targets": targets}
        spikes = known[GROUPS[kind]](Call(kind, inputs, options), wrong)
    if wrong == "late":
        return np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])
    if wrong == "early":
        return np.concatenate([spikes[1:], np.zeros_like(spikes[:1])])
    if wrong == "reversed":
        return spikes[::-1]
    if wrong == "transposed" and spikes.ndim > 2:
        return np.swapaxes(spikes, 1, 2).reshape(spikes.shape)
    return spikes


# --- rate ----------------------------------------------------------------------------------------


def rate(call, wrong):
    """A draw for every element and step."""
    x, options = call.inputs, call.options
    varying = call.kind == "rate_conv" or options.get("time_var_input", False)
    cast = x.dtype.type
    gain, offset = cast(options.get("gain", 1)), cast(options.get("offset", 0))
    if wrong == "gain-ignored":
        gain = cast(1)
    if wrong == "offset-ignored":
        offset = cast(0)
    if wrong == "offset-first":
        offset = gain * offset
    if wrong == "complement":
        x = cast(1) - x
    p = np.minimum(np.maximum(gain * x + offset, cast(0)), cast(1))
    if wrong == "exponential":
        full = np.clip(call.inputs.astype(np.float64) * float(gain) + float(offset), 0, 1)
        p = -np.expm1(-full)
    shape = x.shape if varying else (options["num_steps"], *x.shape)
    u = _uniforms(options, shape, wrong)
    if wrong in ("24-bit", "16-bit"):
        scale = 2.0 ** int(wrong[:2])
        u = np.floor(u * scale) / scale
    if wrong == "shared-features":
        u = np.repeat(u.reshape(len(u), -1)[:, :1], math.prod(shape[1:]), axis=1).reshape(shape)
    if wrong == "shared-samples":
        u = np.repeat(u[:, :1], shape[1], axis=1)
    if wrong == "frozen":
        u = np.repeat(u[:1], len(u), axis=0)
    if wrong == "next-uniform":
        u = np.roll(u, -1, axis=0)
    p = np.asarray(p, np.float64)
    fires = u <= p if wrong == "at-most" else u < p
    if wrong == "above":
        fires = ~fires
    spikes = fires.astype(np.float32 if call.inputs.dtype == np.float32 else np.float64)
    first = options.get("first_spike_time", 0)
    if first and not varying and wrong not in ("first_spike_time-ignored", "above"):
        spikes[:first] = 0
    if wrong == "above" and first and not varying:
        spikes[:first] = 1
    return spikes


def _uniforms(options, shape, wrong):
    """Given ones, or those of the seed, one Philox block after another."""
    if options.get("uniforms") is not None:
        return np.asarray(options["uniforms"], np.float64)
    seed = options["seed"]
    if wrong == "key-order":
        seed = (seed & 0xFFFFFFFF) << 32 | seed >> 32
    if wrong == "short-seed":
        seed &= 0xFFFFFFFF
    stream = 1 if wrong == "other-stream" else 0
    result = np.zeros((shape[0], math.prod(shape[1:])))
    for t in range(shape[0]):
        block, word = divmod(t, 4)
        if wrong == "first-word":
            block, word = t, 0
        if wrong == "word-order":
            word = 3 - word
        for element in range(result.shape[1]):
            counter = (element & 0xFFFFFFFF, element >> 32, block, stream)
            result[t, element] = _philox(counter, seed)[word] / 2**32
    return result.reshape(shape)


def _philox(counter, seed):
    """Ten rounds of Philox4x32 in Python's integers."""
    a, b, c, d = counter
    low, high = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        first, second = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (
            second >> 32 ^ b ^ low,
            second & 0xFFFFFFFF,
            first >> 32 ^ d ^ high,
            first & 0xFFFFFFFF,
        )
        low, high = (low + 0x9E3779B9) & 0xFFFFFFFF, (high + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


# --- latency -------------------------------------------------------------------------------------

ROUNDINGS = {"half-up": lambda t: np.floor(t + 0.5), "floor": np.floor, "ceil": np.ceil}


def latency(call, wrong):
    """One spike for every feature."""
    for known in (codes.changed(call.options, wrong), call.options):
        if codes.has_law(known):
            return codes.first_spikes(call.inputs, known, wrong)
    x, options = call.inputs, dict(call.options)
    cast = x.dtype.type
    if wrong == "float64":
        x, cast = x.astype(np.float64), np.float64
    if wrong == "dark-first":
        x = cast(1) - x
    settings = {
        "clip=True": {"clip": True},
        "clip=False": {"clip": False},
        "normalize=True": {"normalize": True},
        "normalize=sample": {"normalize": "sample"},
        "normalize=False": {"normalize": False},
        "linear=True": {"linear": True},
        "linear=False": {"linear": False},
        "tau-ignored": {"tau": 1},
        "first_spike_time-ignored": {"first_spike_time": 0},
        "targets-swapped": {
            "on_target": options.get("off_target", 0),
            "off_target": options.get("on_target", 1),
        },
        "targets-ignored": {"on_target": 1, "off_target": 0},
        "interpolate=False": {"interpolate": False},
    }
    options.update(settings.get(wrong, {}))
    threshold = options.get("threshold", 0.01)
    steps, first = options["num_steps"], options.get("first_spike_time", 0)
    linear, normalize = options.get("linear", False), options.get("normalize", False)
    span = steps - 1 - first + (wrong == "over-num-steps")
    times = _linear_times(x, options, span) if linear else _log_times(x, options, wrong)
    if normalize and not linear:
        axes = None if normalize is True or x.ndim < 2 else tuple(range(1, x.ndim))
        low = times.min(axis=axes, keepdims=True) if wrong == "from-first" else cast(0)
        high = times.max(axis=axes, keepdims=True)
        spread = np.where(high > low, high - low, cast(1))
        stretched = (times - low) * cast(span) / spread
        times = np.where(high > low, stretched, times)
    times = times + cast(first)
    step = ROUNDINGS.get(wrong, np.rint)(times)
    silent = x < cast(threshold) if options.get("clip") else np.zeros(x.shape, bool)
    if wrong == "silent-at-threshold":
        silent = silent | (x <= cast(threshold))
    if wrong == "silent-at-zero":
        silent = silent | (x == 0)
    return _write(step, silent | (step > steps - 1), options, wrong, call.inputs.dtype)


def _linear_times(x, options, span):
    cast = x.dtype.type
    threshold = options.get("threshold", 0.01)
    tau = float(span) if options.get("normalize") else float(options.get("tau", 1))
    return np.minimum(-cast(tau) * (x - cast(1)), cast(-tau * (threshold - 1)))


def _log_times(x, options, wrong):
    cast = x.dtype.type
    threshold, epsilon = options.get("threshold", 0.01), options.get("epsilon", 1e-7)
    floor = cast(threshold + epsilon)
    if wrong == "epsilon-float32":
        floor = cast(threshold) + cast(epsilon)
    high = np.maximum(x, floor)
    ratio = high / (high - cast(threshold))
    return cast(options.get("tau", 1)) * np.log(ratio.astype(np.float64)).astype(x.dtype)


def _write(step, silent, options, wrong, dtype):
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    out = np.float64 if dtype == np.float64 else np.float32
    steps = options["num_steps"]
    spikes = np.full((steps, *step.shape), off, out)
    for index in np.ndindex(step.shape):
        if silent[index]:
            continue
        at = int(step[index])
        if options.get("interpolate"):
            wide = np.float64 if wrong == "float64" else out
            for t in range(at):
                share = wide(t) / wide(at)
                spikes[(t, *index)] = wide(off) + (wide(on) - wide(off)) * share
        spikes[(at, *index)] = on
        if wrong == "stays-on":
            spikes[(slice(at, None), *index)] = on
    return spikes


# --- delta ---------------------------------------------------------------------------------------


def delta(call, wrong):
    """A loop over time that keeps its baseline."""
    x, options = call.inputs, call.options
    if wrong == "across":
        x = np.moveaxis(x, -1, 0)
    if wrong == "float64":
        x = x.astype(np.float64)
    if wrong == "negated":
        x = -x
    threshold = x.dtype.type(0.1 if wrong == "threshold-ignored" else options.get("threshold", 0.1))
    padding = options.get("padding", False)
    padding = {"padding=True": True, "padding=False": False}.get(wrong, padding)
    off_spike = options.get("off_spike", False)
    off_spike = {"off_spike=False": False, "off_spike=True": True, "absolute": True}.get(
        wrong, off_spike
    )
    base = x[0] if padding else np.zeros_like(x[0])
    spikes = np.zeros(x.shape, call.inputs.dtype)
    for t, now in enumerate(x):
        change = now - base
        strict = wrong == "exclusive"
        up = change > threshold if strict or wrong == "on-exclusive" else change >= threshold
        down = change < -threshold if strict or wrong == "off-exclusive" else change <= -threshold
        spikes[t] = up.astype(int) - (down & off_spike).astype(int)
        if wrong == "residual":
            base = base + spikes[t] * threshold
        elif wrong == "held":
            base = np.where(spikes[t] != 0, now, base)
        elif wrong != "fixed-baseline":
            base = now
    if wrong == "across":
        spikes = np.moveaxis(spikes, 0, -1)
    return np.abs(spikes) if wrong in ("off-positive", "absolute") else spikes


# --- targets -------------------------------------------------------------------------------------

ROUNDED = {
    "rounded-times": lambda t: round(t),
    "ceiled-times": math.ceil,
}


def targets(call, wrong):
    """Labels, one after another."""
    options, labels = dict(call.options), call.inputs
    classes = options["num_classes"]
    if wrong == "next-class":
        labels = (labels + 1) % classes
    hot = np.zeros((len(labels), classes), np.float32)
    for sample, label in enumerate(labels):
        hot[sample, label] = 1
    if call.kind == "to_one_hot":
        return hot
    if call.kind == "targets_latency":
        chosen = wrong if wrong in MISTAKES["latency"] else None
        chosen = None if chosen in SHARED else chosen
        return latency(call._replace(inputs=hot), chosen)
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    if wrong == "targets-swapped":
        on, off = off, on
    if wrong == "targets-ignored":
        on, off = 1, 0
    rates = [options.get("incorrect_rate", 0), options.get("correct_rate", 1)]
    if wrong == "incorrect_rate-ignored":
        rates[0] = 0
    if wrong == "rates-swapped":
        rates.reverse()
    first = 0 if wrong == "first_spike_time-ignored" else options.get("first_spike_time", 0)
    spikes = np.full((options["num_steps"], *hot.shape), off, np.float32)
    for index in np.ndindex(hot.shape):
        times = _times(rates[int(hot[index])], first, options["num_steps"], wrong)
        if options.get("interpolate") and wrong != "interpolate=False":
            _ramp(spikes, index, times, np.float32(on), np.float32(off))
        for t in times:
            spikes[(t, *index)] = on
    return spikes


def _times(rate, first, steps, wrong):
    if not rate:
        return []
    rate = Fraction(rate).limit_denominator(1000)
    rule = ROUNDED.get(wrong, math.floor)
    times = (first + rule(k / rate) for k in range(steps + 1))
    return [t for t in times if t < steps]


def _ramp(spikes, index, times, on, off):
    before = -1
    for t in times:
        length = max(t - before - 1, 1)
        for s in range(before + 1, t):
            share = np.float32(s - before - 1) / np.float32(length)
            spikes[(s, *index)] = off + (on - off) * share
        before = t
