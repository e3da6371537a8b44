"""Latency codes: their trials, their decision, and known ways in which they differ."""

from dataclasses import replace

import numpy as np

from spikecore import random, spikegen
from spikecore.validate.causes import slips_of_values, targets
from spikecore.validate.causes.axes import value_of
from spikecore.validate.causes.code import (
    Code,
    Decision,
    after,
    cause,
    expected,
    on_data,
    with_shared,
)
from spikecore.validate.causes.inputs import SEED, make_trials, ranged
from spikecore.validate.subject import NotApplicableError

NAMES_OF_TIME = (
    "num_steps", "threshold", "tau", "first_spike_time", "normalize", "linear", "epsilon"
)  # fmt: skip
DEFAULT_THRESHOLD = 0.01


def trials(subject, dtype):
    """Features at half steps and at the threshold, and samples of different brightness."""
    if _law(subject.options):
        return ranged(0, 1)(subject, dtype)
    batch = random.uniforms(SEED + 2, (4, 9)).astype(dtype)
    batch *= np.array([[1], [0.75], [0.5], [0.3]], dtype)
    threshold = dtype.type(subject.options.get("threshold", DEFAULT_THRESHOLD))
    zero, one = dtype.type(0), dtype.type(1)
    edge = [zero, one, threshold, np.nextafter(threshold, zero), np.nextafter(threshold, one)]
    edge += [threshold / 2, dtype.type(0.5), np.nextafter(one, zero)]
    halves = _near_halves(subject.options, dtype)
    named = {
        "grid": (np.linspace(0, 1, 41), "fortieths from 0 to 1"),
        "halves": (halves, "spike times at and beside a half step"),
        "threshold": (np.array(edge), "features at, just below and just above the threshold"),
        "batch": (batch, "samples of different brightness: who normalises whom"),
        "sample": (batch[2], "one sample alone"),
    }
    return make_trials(subject, dtype, named)


def _near_halves(options, dtype, most=40):
    """Features whose spike time is a half exactly, or else as near as possible."""
    steps = options.get("num_steps") or 25
    span = max(steps - 1 - options.get("first_spike_time", 0), 1)
    dense = np.concatenate([np.linspace(0, 1, 6001), 1 - (np.arange(span) + 0.5) / span])
    tau, threshold = options.get("tau", 1), options.get("threshold", DEFAULT_THRESHOLD)
    inverse = threshold / -np.expm1(-(np.arange(4) + 0.5) / tau)  # of the log code
    beside = np.arange(-32, 33)[:, None] * np.spacing(inverse.astype(dtype))
    dense = np.concatenate([dense, (inverse + beside).reshape(-1)])
    dense = dense[(dense >= 0) & (dense <= 1)].astype(dtype)
    near = [dense, np.nextafter(dense, dtype.type(0)), np.nextafter(dense, dtype.type(1))]
    dense = np.unique(np.concatenate(near))
    times = spikegen.latency_code(dense, **_of_time(options), device="numpy")[0]
    apart = np.abs(times - np.floor(times) - 0.5)
    order = np.argsort(apart, kind="stable")[: most - 2]
    return np.concatenate([dense[np.sort(order)], np.array([0, 1], dtype)])


def decision(trial, shape):
    """The spike time, and how far it is from the half step that would move it."""
    if _law(trial.subject.options):
        return None
    chosen = _of_time(trial.subject.options)
    times, silent = spikegen.latency_code(trial.inputs, **chosen, device="numpy")
    scale = np.maximum(times, chosen.get("tau", 1))
    if chosen.get("normalize"):
        scale = np.maximum(scale, chosen["num_steps"])
    steps = np.arange(shape[0]).reshape(-1, *[1] * times.ndim)
    distance = (np.abs(steps - times) - 0.5) / np.spacing(scale.astype(times.dtype))
    exact = silent & trial.subject.options.get("clip", False)
    return Decision(*(np.broadcast_to(array, shape) for array in (times, distance, exact)))


def _law(options):
    """The law of the time, None for the circuit's."""
    return value_of("latency", options, "law")


def _of_time(options):
    if _law(options):
        raise NotApplicableError("another law")
    return {name: options[name] for name in NAMES_OF_TIME if name in options}


# --- causes --------------------------------------------------------------------------------------


def _times(trial, **changes):
    """Spike times before they are rounded."""
    chosen = _of_time({**trial.subject.options, **changes})
    return spikegen.latency_code(trial.inputs, **chosen, device="numpy")[0]


def _place(trial, steps, silent=False):
    """``on_target`` at the given steps, ``off_target`` elsewhere; steps past the end are lost."""
    options = trial.subject.options
    num_steps = options["num_steps"]
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    if options.get("clip"):
        silent = silent | (trial.inputs < _threshold(trial))
    steps = np.where(silent, num_steps, steps)
    if options.get("interpolate"):
        return spikegen.latency_interpolate(steps, num_steps, on, off)
    return np.where(np.arange(num_steps).reshape(-1, *[1] * steps.ndim) == steps, on, off)


def _threshold(trial):
    return trial.inputs.dtype.type(trial.subject.options.get("threshold", DEFAULT_THRESHOLD))


def _rounded(rule):
    return lambda trial: _place(trial, rule(_times(trial)))


def _silent(rule):
    return lambda trial: _place(
        trial, np.rint(_times(trial)), rule(trial.inputs, _threshold(trial))
    )


def _span(trial):
    return trial.subject.options["num_steps"] - 1 - trial.subject.options.get("first_spike_time", 0)


def _stretched(trial, span, from_first=False):
    """Log code spread by hand: over another span, or with its least time moved to the start."""
    options = trial.subject.options
    if options.get("linear") or not options.get("normalize"):
        raise NotApplicableError("the log code is not normalised")
    times = _times(trial, normalize=False, first_spike_time=0)
    batched = options["normalize"] == "sample" and times.ndim > 1
    axes = tuple(range(1, times.ndim)) if batched else None
    low = times.min(axis=axes, keepdims=True) if from_first else times.dtype.type(0)
    high = times.max(axis=axes, keepdims=True)
    spread = (times - low) * times.dtype.type(span) / (high - low)
    times = np.where(high > low, spread, times)
    return _place(trial, np.rint(times + times.dtype.type(options.get("first_spike_time", 0))))


def _over_num_steps(trial):
    if trial.subject.options.get("linear") and trial.subject.options.get("normalize"):
        return expected(trial, normalize=False, tau=_span(trial) + 1, bypass=True)
    return _stretched(trial, _span(trial) + 1)


def _epsilon(trial):
    """threshold + epsilon summed in the dtype of the data."""
    cast, options = trial.inputs.dtype.type, trial.subject.options
    threshold = options.get("threshold", DEFAULT_THRESHOLD)
    total = cast(threshold) + cast(options.get("epsilon", 1e-7))
    return expected(trial, epsilon=float(total) - float(threshold))


def _no_floor(trial):
    if trial.subject.options.get("linear"):
        return _place(trial, np.rint(_times(trial, threshold=1e-30)))
    return expected(trial, threshold=1e-6)


def _stays_on(trial):
    spikes, on = expected(trial), trial.subject.options.get("on_target", 1)
    return np.where(np.logical_or.accumulate(spikes == on, axis=0), on, spikes)


def _clamped(trial):
    return _place(trial, np.minimum(np.rint(_times(trial)), trial.subject.options["num_steps"] - 1))


OWN = (
    *slips_of_values.FIRST,
    cause("reversed", "your code is reversed: T-1-t", after(lambda s: s[::-1])),
    cause("half-up", "you round halves up, not to even", _rounded(lambda t: np.floor(t + 0.5))),
    cause("half-down", "you round halves down, not to even", _rounded(lambda t: np.ceil(t - 0.5))),
    cause("floor", "you round down (floor, or a cast to an integer)", _rounded(np.floor)),
    cause("ceil", "you round up", _rounded(np.ceil)),
    cause("silent-at-threshold", "you silence features at the threshold too: <= (Spyx does)",
          _silent(lambda x, threshold: x <= threshold)),
    cause("silent-at-zero", "you silence features that are 0",
          _silent(lambda x, threshold: x == 0)),
    cause("over-num-steps", "you spread the code over num_steps, not over num_steps - 1",
          _over_num_steps),
    cause("from-first", "you move the earliest spike to the first step",
          lambda trial: _stretched(trial, _span(trial), from_first=True)),
    cause("epsilon-float32", "you add epsilon to the threshold in float32", _epsilon,
          precision=True),
    cause("dark-first", "dark features spike first: you encode 1 - x",
          on_data(lambda x: (1 - x).astype(x.dtype))),
    cause("no-floor", "features below the threshold have their own linear time", _no_floor),
    cause("stays-on", "your neurons stay on after their spike", _stays_on),
    *targets.LEVELS,
    cause("bypass-clamps", "spikes past the end fall on your last step", _clamped),
)  # fmt: skip


def _needed(options):
    numbers = {"threshold": 1.0, "tau": 6.0} if _law(options) == "decay" else {}
    return {"num_steps": 25, **numbers}


VECTORS = {
    "latency": {"num_steps": 25},
    "latency-tau": {"num_steps": 40, "tau": 2.5, "first_spike_time": 3, "threshold": 0.05,
                    "clip": True},
    "latency-epsilon": {"num_steps": 50, "normalize": True, "threshold": 0.6},
    "latency-batch": {"num_steps": 20, "normalize": True},
    "latency-sample": {"num_steps": 20, "normalize": "sample", "first_spike_time": 2},
    "latency-linear": {"num_steps": 25, "linear": True, "normalize": True},
    "latency-linear-tau": {"num_steps": 17, "linear": True, "tau": 9.0, "first_spike_time": 4,
                           "threshold": 0.25},
    "latency-linear-clip": {"num_steps": 9, "linear": True, "normalize": True, "clip": True,
                            "threshold": 0.125},
    "latency-levels": {"num_steps": 13, "linear": True, "normalize": True, "on_target": 0.75,
                       "off_target": 0.25},
    "latency-ramp": {"num_steps": 13, "linear": True, "normalize": True, "interpolate": True,
                     "on_target": 1.25},
    "latency-decay": {"num_steps": 25, "law": "decay", "threshold": 1.0, "tau": 6.0},
    "latency-decay-meets": {"num_steps": 12, "law": "decay", "threshold": 0.75, "tau": 3.0,
                            "compare": ">="},
    "latency-exponential": {"num_steps": 17, "law": "exponential"},
    "latency-inverse": {"num_steps": 20, "law": "inverse"},
}  # fmt: skip
CODE = Code(
    "latency", "latency", trials, with_shared("latency", *OWN), _needed, VECTORS, decision,
    gathered=_law,
)  # fmt: skip


def _of_label(known):
    """A cause where the features are the one-hot rows of labels."""

    def spikes_of(trial):
        options = dict(trial.subject.options)
        rows = spikegen.to_one_hot(trial.inputs, options.pop("num_classes"))
        subject = replace(trial.subject, kind=CODE.kind, options=options)
        return known.expect(trial._replace(inputs=rows, subject=subject)).spikes

    return cause(known.name, known.sentence, spikes_of, known.precision)


OF_LABELS = targets.CODE._replace(
    kind="targets_latency",
    causes=with_shared("targets_latency", *targets.CODE.causes, *map(_of_label, OWN)),
    vectors={"targets-latency": {"num_classes": 5, "num_steps": 14}},
)
