"""Codes of time series and of values from their plain twins, right or with one mistake.

A mistake that is another choice of an axis has the name of the cause, ``axis=choice``.
"""

import math

import numpy as np

from plain import signals, values
from spikecore import random

MISTAKES = {
    "temporal_contrast": (
        "compare=>", "compare=>=", "align=end", "align=start", "edge=zero", "edge=repeat",
        "statistic=absolute", "statistic=signed", "over=changes", "over=steps",
        "edge-after-next", "running-threshold", "late", "float64",
    ),
    "step_forward": (
        "compare=>", "compare=>=", "baseline=signal", "multi=True", "multi=False", "first-zero",
        "threshold_down-ignored", "refractory-ignored", "fixed-baseline", "late", "float64",
    ),
    "send_on_delta": (
        "compare=>", "compare=>=", "multi=True", "multi=False", "threshold_down-ignored",
        "refractory-ignored", "first-zero", "late",
    ),
    "level_crossing": ("truncated", "nearest", "late", "float64"),
    "moving_window": (
        "compare=>", "compare=>=", "first=growing", "first=window", "lag", "with-itself", "late",
        "float64",
    ),
    "sigma_delta": (
        "compare=>", "compare=>=", "feedback=residual", "feedback=decoder", "cum_error=True",
        "cum_error=False", "residual-lost", "num_bits-ignored", "first-not-sent", "late",
    ),
    "bsa": (
        "criterion=subtract", "criterion=multiply", "tail=truncate", "tail=whole", "shift=min",
        "gain=range", "offsets-ignored", "shift-ignored", "not-subtracted", "backward",
        "pointwise", "second-tap", "wraps", "late",
    ),
    "hsa": ("shift=min", "gain=range", "not-subtracted", "last-sample", "late"),
    "modified_hsa": ("shift=min", "gain=range", "not-subtracted", "last-sample", "late"),
    "pulse_width": ("late", "reversed", "two-saws"),
    "phase": ("exclusive", "rounded", "ceiled", "least-first", "late"),
    "burst": (
        "rounds=interval", "rounds=spikes", "gap-ignored", "max_spikes-ignored", "floored", "late",
    ),
    "population": (
        "centres=bohte", "centres=even", "beta-ignored", "floored", "ceiled", "upper-winner",
    ),
    "rank_order": ("ties=share", "ties=index", "smallest-first", "late"),
    "current": (
        "first_only=True", "first_only=False", "decay-ignored", "threshold-ignored",
        "gain-ignored", "inclusive", "subtract", "late",
    ),
    "poisson": ("rate_is=hazard", "refractory-ignored", "late"),
}  # fmt: skip
DEFAULTS = {
    "max_spikes": 5, "gap": 0, "beta": 1.5, "decay": 0.9, "threshold": 1, "gain": None,
    "offsets": (0, 0, 0), "shift": 0, "tau": 1, "refractory": 0,
    "threshold_down": None, "num_bits": None,
}  # fmt: skip


def encode(kind, inputs, options, wrong=None):
    """Spikes of a call, with one mistake; as they are where it does not apply."""
    options = changed(options, wrong)
    wide = inputs.astype(np.float64) if wrong == "float64" else inputs
    return CODES[kind](wide, options, wrong)


def changed(options, wrong):
    """The options with another choice, or with one ignored."""
    name, _, choice = (wrong or "").partition("=")
    if wrong == f"{name}={choice}":
        words = {"True": True, "False": False}
        return {**options, name: words.get(choice, choice)}
    ignored = name.removesuffix("-ignored")
    if ignored != name and ignored in options and ignored in DEFAULTS:
        return {**options, ignored: DEFAULTS[ignored]}
    return options


def cast(x, options, name, default=None):
    value = options.get(name)
    return x.dtype.type(default if value is None else value)


# --- signals ------------------------------------------------------------------------------------


def temporal_contrast(x, o, wrong):
    align, edge = o.get("align", "end"), o.get("edge", "zero")
    columns = []
    for column in x.reshape(len(x), -1).T:
        limit = limit_of(column, o, align, edge) if "factor" in o else cast(x, o, "threshold")
        found = signals.temporal_contrast(column, limit, o.get("compare", ">"))
        if wrong == "running-threshold" and "factor" in o:
            found = running(column, o["factor"])
        elif align == "start":
            found[:-1] = found[1:]
            found[-1] = found[-2] if edge == "repeat" else 0
        elif wrong == "edge-after-next":
            found[0] = found[2]
        elif edge == "repeat":
            found[0] = found[1]
        columns.append(found)
    return np.stack(columns, axis=1).reshape(x.shape)


def limit_of(x, o, align, edge):
    changes = list(x[1:] - x[:-1])
    if o.get("over") == "steps":
        beside = changes[0 if align == "end" else -1] if edge == "repeat" else 0 * x[0]
        changes = [beside, *changes] if align == "end" else [*changes, beside]
    if o.get("statistic") == "absolute":
        changes = [abs(change) for change in changes]
    count, mean, squares = x.dtype.type(len(changes)), 0 * x[0], 0 * x[0]
    for change in changes:
        mean = mean + change
    mean = mean / count
    for change in changes:
        squares = squares + (change - mean) * (change - mean)
    return mean + x.dtype.type(o["factor"]) * np.sqrt(squares / (count - o.get("ddof", 0)))


def running(x, factor):
    total = squares = 0.0
    spikes = np.zeros(len(x))
    for t in range(len(x)):
        change = float(x[t] - x[max(0, t - 1)])
        total, squares = total + change, squares + change * change
        mean = total / (t + 1)
        limit = mean + factor * math.sqrt(max(squares / (t + 1) - mean * mean, 0))
        spikes[t] = 1 if change > limit else -1 if change < -limit else 0
    return spikes


def step_forward(x, o, wrong, baseline="step", compare=">"):
    compare, baseline = o.get("compare", compare), o.get("baseline", baseline)
    up = cast(x, o, "threshold")
    down = cast(x, o, "threshold_down", up)
    start = {"initial": x.dtype.type(0)} if wrong == "first-zero" else {}
    if wrong == "fixed-baseline":
        rises, falls = x[0] + up, x[0] - up
        meets = np.greater_equal if compare == ">=" else np.greater
        return meets(x, rises).astype(int) - meets(falls, x).astype(int)
    if o.get("refractory"):
        start = {"refractory": o["refractory"]}
    if o.get("multi"):
        return signals.several(x, up, compare, down=down, baseline=baseline, **start)
    return signals.step_forward(x, up, down, compare, baseline, **start)


def send_on_delta(x, o, wrong):
    return step_forward(x, o, wrong, "signal", ">=")


def level_crossing(x, o, wrong):
    if wrong in ("truncated", "nearest"):
        rule = {"truncated": np.trunc, "nearest": np.rint}[wrong]
        levels = rule(x / cast(x, o, "spacing"))
        return np.concatenate([0 * levels[:1], levels[1:] - levels[:-1]])
    return signals.level_crossing(x, cast(x, o, "spacing"))


def moving_window(x, o, wrong):
    window, first, compare = o["window"], o.get("first", "growing"), o.get("compare", ">")
    threshold = cast(x, o, "threshold")
    if wrong not in ("lag", "with-itself"):
        return signals.moving_window(x, threshold, window, compare, first)
    beyond, spikes = signals.meets(compare), np.zeros(x.shape)
    for t in range(len(x)):
        part = x[max(0, t - window + 1) : t + 1]
        if wrong == "lag":
            part = x[: window + 1] if t <= window else x[t - window - 1 : t - 1]
        total = part[0]
        for row in part[1:]:
            total = total + row
        mean = total / x.dtype.type(len(part))
        rises, falls = beyond(x[t], mean + threshold), beyond(mean - threshold, x[t])
        spikes[t] = rises.astype(int) - falls.astype(int)
        if wrong == "lag" and t == window + 1:
            spikes[t] = 0
    return spikes


def sigma_delta(x, o, wrong):
    compare, threshold = o.get("compare", ">="), cast(x, o, "threshold")
    if wrong == "residual-lost":
        change = np.concatenate([x[:1], x[1:] - x[:-1]])
        return np.where(signals.meets(compare)(abs(change), threshold), change, 0)
    how = {name: o[name] for name in ("feedback", "cum_error", "step", "num_bits") if name in o}
    columns = [
        signals.sigma_delta(
            column, threshold, compare, initial=column[0] if wrong == "first-not-sent" else 0, **how
        )
        for column in x.reshape(len(x), -1).T
    ]
    return np.stack(columns, axis=1).reshape(x.shape)


# --- filters ------------------------------------------------------------------------------------


def scaled(x, o):
    low, gain = o.get("shift", 0), o.get("gain", 1)
    low = x.min(axis=0) if low == "min" else x.dtype.type(low)
    if gain == "range":
        gain = x.max(axis=0) - x.min(axis=0)
        gain = np.where(gain > 0, gain, x.dtype.type(1))
    gain = x.dtype.type(1) if gain is None else np.asarray(gain, x.dtype)
    return (x - low) / gain, list(np.asarray(o["fir"], x.dtype))


def bsa(x, o, wrong):
    u, taps = scaled(x, o)
    threshold, criterion = cast(x, o, "threshold"), o.get("criterion", "subtract")
    offsets, tail = o.get("offsets", (0, 0, 0)), o.get("tail", "truncate")
    how = (taps, threshold, criterion, offsets, tail)
    if wrong in ("backward", "pointwise"):
        return other_window(u, taps, threshold, criterion, wrong)
    if wrong == "second-tap":
        later = signals.bsa(u[1:], taps[1:], *how[1:])
        return np.concatenate([np.zeros_like(later[:1]), later])
    if wrong == "not-subtracted":
        rows = [signals.bsa(u[t:], *how)[0] for t in range(len(u))]
        return np.stack(rows)
    return signals.bsa(u, *how, slip_wraps=wrong == "wraps")


@signals.apart
def other_window(u, taps, threshold, criterion, wrong):
    u, spikes, zero = list(u), [0] * len(u), type(threshold)(0)
    for t in range(len(u) - (len(taps) if wrong == "pointwise" else 0)):
        begin = max(0, t - len(taps) + 1)
        pairs = [(begin + k, tap) for k, tap in enumerate(taps) if begin + k <= t]
        if wrong == "pointwise":
            pairs = [(t, tap) for tap in taps]
        missed = sum((abs(u[i] - tap) for i, tap in pairs), zero)
        total = sum((abs(u[i]) for i, _ in pairs), zero)
        spikes[t] = int(missed <= (threshold * total if criterion == "multiply" else
                                   total - threshold))  # fmt: skip
        if spikes[t] and wrong == "backward":
            for i, tap in pairs:
                u[i] = u[i] - tap
    return spikes


def hsa(x, o, wrong, tail="whole"):
    u, taps = scaled(x, o)
    how = (taps, cast(x, o, "threshold", 0), tail)
    if wrong == "not-subtracted":
        return np.stack([hough_now(u[t:], *how) for t in range(len(u))])
    if wrong == "last-sample":
        spikes = signals.hough(u[:-1], *how)
        return np.concatenate([spikes, np.full_like(spikes[:1], tail == "truncate")])
    return signals.hough(u, *how)


def hough_now(u, taps, threshold, tail):
    if tail == "whole" and len(u) < len(taps):
        return np.zeros(u.shape[1:])
    return signals.hough(u, taps, threshold, tail)[0]


def modified_hsa(x, o, wrong):
    return hsa(x, o, wrong, "truncate")


def pulse_width(x, o, wrong):
    low, high, period = cast(x, o, "low", 0), cast(x, o, "high", 1), o["period"]
    if wrong == "two-saws":
        spikes, before = np.zeros(x.shape), np.zeros(x.shape[1:])
        for t in range(len(x)):
            u = (x[t] - low) / (high - low)
            saw = 1000 / period * ((max(t - 1, 0) % period) / 999) % 1
            now = np.where(u > 1 - saw, -1, np.where(u < saw, 1, 0))
            spikes[t], before = np.where(now != before, now, 0), now
        return spikes
    return signals.pulse_width(x, period, low, high)


# --- values -------------------------------------------------------------------------------------


def trains(code):
    """The code of one value, for arrays of them."""

    def encode(x, o, wrong):
        found = [code(value, o, wrong) for value in x.reshape(-1)]
        return np.array(found).T.reshape(-1, *x.shape)

    return encode


@trains
def phase(x, o, wrong):
    bits = o["num_bits"]
    steps, kind = o.get("num_steps") or bits, type(x)
    level = min(max(float(x), 0.0) * 2**bits, 2**bits - 1 / 2)
    rules = {"exclusive": lambda v: max(math.ceil(v) - 1, 0), "ceiled": math.ceil, "rounded": round}
    if wrong in rules:
        level = min(rules[wrong](float(x) * 2**bits), 2**bits - 1)
        level = max(level, 0)
    found = values.phase(kind(math.floor(level) / 2**bits), bits, steps + bits)
    if wrong == "least-first":
        return [found[bits - 1 - t % bits] for t in range(steps)]
    return found[:steps]


@trains
def burst(x, o, wrong):
    most, gap = o.get("max_spikes", 5), o.get("gap", 0)
    ends = o.get("min_interval", 2), o.get("max_interval", 10)
    rounds, steps = o.get("rounds", "interval"), o["num_steps"]
    if wrong == "floored" and rounds == "interval":
        interval = math.floor(type(x)(ends[1]) - x * type(x)(ends[1] - ends[0])) + gap
        places = {k * interval for k in range(math.ceil(x * type(x)(most)))}
        return [int(t in places) for t in range(steps)]
    return values.burst(x, steps, most, *ends, gap, rounds)


def population(x, o, wrong):
    where, neurons, kind = o.get("centres", "bohte"), o["neurons"], x.dtype.type
    mu, spacing = values.centres(neurons, o["low"], o["high"], kind, where)
    if o.get("output") == "winner":
        inside = np.clip(x, mu[0], mu[-1])
        apart = np.abs(np.stack([inside - centre for centre in mu]))
        best = apart.argmin(axis=0)
        if wrong == "upper-winner":
            best = neurons - 1 - apart[::-1].argmin(axis=0)
        return (np.arange(neurons) == best[..., None]).astype(int)
    duration, sigma = o["num_steps"], kind(spacing / o.get("beta", 1.5))
    rule = {"floored": np.floor, "ceiled": np.ceil}.get(wrong, np.rint)
    spikes = np.zeros((duration, *x.shape, neurons))
    for index in np.ndindex(x.shape):
        for i, centre in enumerate(mu):
            distance = np.float64((x[index] - centre) / sigma)
            g = kind(np.exp(-0.5 * (distance * distance)))
            step = rule(kind(duration) * (kind(1) - g))
            if step < duration:
                spikes[(int(step), *index, i)] = 1
    return spikes


def rank_order(x, o, wrong):
    spikes = np.zeros((o["num_steps"], *x.shape))
    for sample, row in enumerate(x):
        if wrong == "smallest-first":
            row = np.where(row > 0, x.max() + 1 - row, 0)
        for i, rank in enumerate(values.ranks(list(row), o.get("ties", "share"))):
            if rank is not None and rank < len(spikes):
                spikes[rank, sample, i] = 1
    return spikes


@trains
def current(x, o, wrong):
    decay, threshold = o.get("decay", 0.9), o.get("threshold", 1)
    gain = o.get("gain")
    numbers = decay, threshold, 1 - decay if gain is None else gain
    if wrong not in ("inclusive", "subtract"):
        return values.current(x, o["num_steps"], *numbers, o.get("first_only", False))
    decay, threshold, gain = map(type(x), numbers)
    v, spikes = type(x)(0), []
    for _ in range(o["num_steps"]):
        v = decay * v + gain * x
        fired = v >= threshold if wrong == "inclusive" else v > threshold
        spikes.append(int(fired and not (o.get("first_only") and any(spikes))))
        if fired:
            v = v - threshold if wrong == "subtract" else type(x)(0)
    return spikes


def poisson(x, o, wrong):
    elements, spikes = np.arange(x.size, dtype=np.uint64), []
    words = [random.words(o["seed"], elements, t) for t in range(o["num_steps"])]
    for i, p in enumerate(x.reshape(-1)):
        drawn = [int(row[i]) for row in words]
        how = o.get("refractory", 0), o.get("rate_is", "mean")
        spikes.append(values.poisson([p] * len(drawn), drawn, *how))
    return np.array(spikes).T.reshape(-1, *x.shape)


def has_law(options):
    """Whether a latency has another law, and no argument that the law refuses."""
    taken = {"num_steps", "law", "compare"}
    if options.get("law") == "decay":
        taken |= {"threshold", "tau"}
    return "law" in options and set(options) <= taken


def first_spikes(x, o, wrong):
    """Latency by another law."""
    steps, law, found = o["num_steps"], o["law"], []
    if wrong == "dark-first":
        x = 1 - x
    x = x.astype(np.float64) if wrong == "float64" else x
    for value in x.reshape(-1):
        if law == "decay":
            numbers = o.get("threshold", 0.01), o.get("tau", 1), o.get("compare", ">")
            step = values.decaying(value, steps, *numbers)
        elif law == "exponential":
            step = values.exponential(value, steps)
        else:
            step = values.inverse(value, x[x > 0].min(), steps)
        train = values.train(step, steps)
        found.append(np.maximum.accumulate(train) if wrong == "stays-on" else train)
    return np.array(found).T.reshape(steps, *x.shape)


CODES = {
    function.__name__: function
    for function in (
        temporal_contrast, step_forward, send_on_delta, level_crossing, moving_window,
        sigma_delta, bsa, hsa, modified_hsa, pulse_width, population, rank_order,
    )
} | {"phase": phase, "burst": burst, "current": current, "poisson": poisson}  # fmt: skip
