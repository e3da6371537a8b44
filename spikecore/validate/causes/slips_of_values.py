"""Slips in the codes of values: phase, burst, population, ranks, currents, first spikes."""

import numpy as np

from spikecore.codes.population import Fields
from spikecore.validate.causes.code import cast, cause, expected, option
from spikecore.validate.subject import NotApplicableError


def _level(trial, rule):
    """The bits of a whole number that ``rule`` makes of x*2**num_bits."""
    number = 2 ** trial.subject.options["num_bits"]
    return expected(trial, (rule(trial.inputs.astype(np.float64) * number) / number), clip=True)


def _least_first(trial):
    period, spikes = trial.subject.options["num_bits"], expected(trial)
    whole = np.resize(np.arange(period), len(spikes))
    steps = np.arange(len(spikes)) - whole + (period - 1 - whole)
    once = expected(trial, num_steps=len(spikes) + period)
    return once[steps]


def _angle(trial):
    x = trial.inputs.astype(np.float64)
    if not x.max() > 0:
        raise NotApplicableError("there is no largest value")
    angle = np.arcsin(x / x.max()) / (np.pi / 2)
    return _level(trial._replace(inputs=angle), np.ceil)


PHASE = (
    cause("exclusive", "you take a weight off with >, so that an exact sum of weights is missed",
          lambda trial: _level(trial, lambda level: np.maximum(np.ceil(level) - 1, 0))),
    cause("rounded", "you round to the nearest level, not down", lambda t: _level(t, np.rint)),
    cause("ceiled", "you round levels up", lambda trial: _level(trial, np.ceil)),
    cause("least-first", "your least significant bit comes first", _least_first),
    cause("angle", "you code the angle arcsin(x/max), rounded up (spikify's phase does)", _angle),
)  # fmt: skip


def _shortest(trial):
    """Intervals rounded down."""
    options = trial.subject.options
    if option(trial, "rounds", "interval") != "interval":
        raise NotApplicableError("intervals are not rounded")
    x, most = trial.inputs, option(trial, "max_spikes", 5)
    low, high = option(trial, "min_interval", 2), option(trial, "max_interval", 10)
    of = x.dtype.type
    interval = np.floor(of(high) - x * of(high - low)) + option(trial, "gap", 0)
    count, spikes = np.ceil(x * of(most)), np.zeros((options["num_steps"], *x.shape))
    for k in range(most):
        step = np.where(k < count, k * interval, len(spikes))
        spikes += np.arange(len(spikes)).reshape(-1, *[1] * x.ndim) == step
    return spikes


BURST = (cause("floored", "you round intervals down, not up", _shortest),)


# --- populations, ranks, currents, first spikes --------------------------------------------------


def _steps_of(rule):
    """Steps D*(1 - g) by another rounding."""

    def spikes_of(trial):
        duration = option(trial, "num_steps")
        if duration is None or option(trial, "output", "spikes") != "spikes":
            raise NotApplicableError("there are no steps")
        g = expected(trial, output="activity", num_steps=None)
        times = g.dtype.type(duration) * (g.dtype.type(1) - g)
        steps = np.arange(duration).reshape(-1, *[1] * g.ndim)
        return (rule(times) == steps).astype(np.float64)

    return spikes_of


def _upper(trial):
    """Of two centres that are as near, the upper wins."""
    if option(trial, "output", "spikes") != "winner":
        raise NotApplicableError("there is no winner")
    x = trial.inputs
    low, high = trial.subject.options["low"], trial.subject.options["high"]
    fields = Fields(
        trial.subject.options["neurons"], low, high, 1, 1, option(trial, "centres", "bohte")
    )
    of = x.dtype.type
    centres = of(low) + fields.positions(x.dtype) * of(fields.spacing)
    apart = np.abs(np.clip(x, centres[0], centres[-1])[..., None] - centres)
    winner = len(centres) - 1 - apart[..., ::-1].argmin(axis=-1)
    return (np.arange(len(centres)) == winner[..., None]).astype(np.float64)


POPULATION = (
    cause("floored", "you round times down (floor, or a cast to an integer)", _steps_of(np.floor)),
    cause("ceiled", "you round times up", _steps_of(np.ceil)),
    cause("upper-winner", "of two centres that are as near, you take the upper", _upper),
)


def _smallest_first(trial):
    x = trial.inputs
    order = np.where(x > 0, x.max(initial=0) + x.dtype.type(1) - x, x.dtype.type(0))
    return expected(trial, order)


def _inverse(trial):
    """BindsNET's times, which are proportional to 1/x."""
    x = trial.inputs.astype(np.float32)
    steps = option(trial, "num_steps") or len(expected(trial))
    latency = type(trial.subject)("latency", {"num_steps": steps, "law": "inverse"})
    return latency.expected(x / x.max()).spikes


RANKS = (
    cause("smallest-first", "your smallest value spikes first", _smallest_first),
    cause("inverse", "your times are proportional to 1/x (BindsNET's rank_order)", _inverse),
)


def _neuron(advance, beyond=np.greater, reset=lambda v, threshold: np.zeros_like(v)):
    """A neuron by hand: ``advance(v, x, decay, gain)`` and what a spike leaves."""

    def spikes_of(trial):
        x, steps = trial.inputs, trial.subject.options["num_steps"]
        decay = option(trial, "decay", 0.9)
        gain = option(trial, "gain", 1 - decay)
        decay, gain, threshold = (
            x.dtype.type(decay),
            x.dtype.type(gain),
            cast(trial, "threshold", 1),
        )
        v, rows = np.zeros_like(x), []
        for _ in range(steps):
            v = advance(v, x, decay, gain)
            fired = beyond(v, threshold)
            v = np.where(fired, reset(v, threshold), v)
            rows.append(fired)
        spikes = np.stack(rows).astype(np.float64)
        if option(trial, "first_only", False):
            spikes *= np.cumsum(spikes, axis=0) == 1
        return spikes

    return spikes_of


def _plain_step(v, x, decay, gain):
    return decay * v + gain * x


CURRENT = (
    cause("inclusive", "you spike at the threshold too: >=", _neuron(_plain_step,
                                                                     np.greater_equal)),
    cause("subtract", "you subtract the threshold at a spike; the reset is to 0",
          _neuron(_plain_step, reset=lambda v, threshold: v - threshold)),
    cause("from-rest", "you compute v + gain*((0 - v) + x), which rounds in another order (Norse "
          "does)", _neuron(lambda v, x, decay, gain: v + gain * ((0 - v) + x)), precision=True),
)  # fmt: skip


def _unreached_last(trial):
    if option(trial, "law") is None:
        raise NotApplicableError("not another law")
    spikes = expected(trial)
    spikes[-1][~spikes.any(axis=0)] = 1
    return spikes


FIRST = (
    cause("unreached-last", "what the threshold does not reach spikes last (spikify does)",
          _unreached_last),
)  # fmt: skip
