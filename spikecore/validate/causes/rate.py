"""The rate code: its trials, its decision, and known ways in which it differs.

The causes hold for given uniforms and for spikecore's own.
"""

import numpy as np

from spikecore import random
from spikecore.codes.rate import firing_probability
from spikecore.validate.causes.code import (
    Code,
    Decision,
    cause,
    expected,
    given,
    on_data,
    with_shared,
)
from spikecore.validate.causes.inputs import SEED
from spikecore.validate.subject import NotApplicableError, Trial

FEATURES = (3, 8)
DEFAULT_STEPS = 24


def varies(subject):
    """Whether the first axis of the data is time."""
    return subject.kind == "rate_conv" or bool(subject.options.get("time_var_input"))


def probability(data, options):
    """p of the rate code, as the reference rounds it."""
    cast = data.dtype.type
    return firing_probability(data, cast(options.get("gain", 1)), cast(options.get("offset", 0)))


def trials(subject, dtype):
    """Trials with given uniforms; some of them equal the probability that they meet."""
    varying = varies(subject)
    steps = subject.options.get("num_steps") or DEFAULT_STEPS
    data = random.uniforms(SEED, (steps, *FEATURES))
    data = (data if varying else data[0]).astype(dtype)
    uniforms = random.uniforms(SEED + 1, (steps, *FEATURES)).astype(dtype)
    edge, ties = data.copy(), uniforms.copy()
    edge[..., 0, :4] = [0, 1, 2.0**-30, 1 - 2.0**-20]
    ties[0::3, 0, 0] = 0
    ties[0::2, 0, 2] = 2.0**-31
    ties[1::2, 0, 2] = 2.0**-29
    begin = 0 if varying else subject.options.get("first_spike_time", 0)
    meets = np.broadcast_to(probability(edge, subject.options), ties.shape)[begin:]
    below_1 = np.nextafter(dtype.type(1), dtype.type(0))
    row = slice(None, None, 1 + varying), 1, slice(None, None, 2)
    ties[begin:][row] = np.minimum(meets[row], below_1)
    wide = (data * 3 - 1).astype(dtype)
    named = {
        "uniforms": (data, uniforms, "spike where u < p, for given uniforms"),
        "ties": (edge, ties, "uniforms equal to p, p of 0 and 1, and p below 2**-24"),
        "outside": (wide, uniforms, "probabilities below 0 and above 1 are clipped"),
    }
    return [
        Trial(name, values, subject.changed(uniforms=drawn), why)
        for name, (values, drawn, why) in named.items()
    ]


def seeded_trials(subject, dtype):
    """Trials of spikecore's own stream: probabilities that equal a uniform of the stream."""
    varying, seed = varies(subject), (1 << 40) + 77
    steps = subject.options.get("num_steps") or DEFAULT_STEPS
    uniforms = random.uniforms(seed, (steps, *FEATURES))
    data = uniforms.astype(dtype) if varying else uniforms[5 % steps].astype(dtype)
    grid = (np.arange(24).reshape(FEATURES) / 23).astype(dtype)
    grid = np.broadcast_to(grid, uniforms.shape).copy() if varying else grid
    subject = subject.changed(seed=seed)
    return [
        Trial("stream", grid, subject, "spikecore's stream for one seed"),
        Trial("stream ties", data, subject, "words equal to the probability they meet"),
    ]


def decision(trial, shape):
    """u - p for given uniforms; exact without gain and offset."""
    options, dtype = trial.subject.options, trial.inputs.dtype
    if options.get("uniforms") is None:
        return None
    uniforms = np.asarray(options["uniforms"], np.float64)
    gain, offset = options.get("gain", 1), options.get("offset", 0)
    p = np.clip(probability(trial.inputs, options), 0, 1)
    scale = np.maximum(np.abs(trial.inputs * dtype.type(gain)), np.maximum(p, abs(offset)))
    distance = (uniforms - p) / np.spacing(scale.astype(dtype))
    lead = shape[0] - len(uniforms) if varies(trial.subject) else 0
    pad = [(lead, 0), *[(0, 0)] * (uniforms.ndim - 1)]
    exact = np.pad(np.full(uniforms.shape, gain == 1 and offset == 0), pad, constant_values=True)
    value = np.broadcast_to(p, uniforms.shape)
    return Decision(np.pad(value, pad), np.pad(distance, pad), exact)


# --- causes --------------------------------------------------------------------------------------


def _uniforms(trial):
    """The uniforms of a trial, its own or those of its seed, in float64."""
    options, shape = trial.subject.options, trial.inputs.shape
    if options.get("uniforms") is not None:
        return np.asarray(options["uniforms"], np.float64)
    if not varies(trial.subject):
        shape = (options["num_steps"], *shape)
    return random.uniforms(options["seed"], shape)


def _drawn(change):
    """A change of the uniforms, from which the reference then draws."""
    return lambda trial: expected(trial, uniforms=change(_uniforms(trial)), seed=None)


def _bits(number):
    return _drawn(lambda u: np.floor(u * 2.0**number) * 2.0**-number)


def _words(index):
    """Another layout of the counter: a function of (seed, element, step) gives the word."""

    def spikes_of(trial):
        seed = trial.subject.options.get("seed")
        if seed is None:
            raise NotApplicableError("the uniforms are given")
        uniforms = _uniforms(trial)
        elements = np.arange(uniforms[0].size, dtype=np.uint64)
        rows = [index(seed, elements, t) * 2.0**-32 for t in range(len(uniforms))]
        return expected(trial, uniforms=np.reshape(rows, uniforms.shape), seed=None)

    return spikes_of


def _high_half_first(seed):
    return ((seed & 0xFFFFFFFF) << 32) | (seed >> 32)


def _at_most(trial):
    """Spikes where u equals p as well."""
    result, uniforms, options = expected(trial), _uniforms(trial), trial.subject.options
    p = np.clip(probability(trial.inputs, options), 0, 1).astype(np.float64)
    equal = uniforms == p
    if not varies(trial.subject):
        equal[: options.get("first_spike_time", 0)] = False
    result[len(result) - len(equal) :][equal] = 1
    return result


def _exponential(trial):
    """1 - exp(-p) in place of p."""
    options = trial.subject.options
    gain, offset = options.get("gain", 1), options.get("offset", 0)
    p = np.clip(trial.inputs.astype(np.float64) * gain + offset, 0, 1)
    plain = {"gain": 1, "offset": 0} if trial.subject.kind == "rate" else {}
    return expected(trial, -np.expm1(-p), **plain)


def _intervals(trial):
    """Exponential intervals in continuous time, of 1 - u each, and a spike in each bin they hit."""
    options = trial.subject.options
    if varies(trial.subject) or options.get("first_spike_time", 0):
        raise NotApplicableError("the rate changes")
    p = np.clip(probability(trial.inputs, options), 0, 1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.cumsum(-np.log1p(-_uniforms(trial)) / p, axis=0)
    steps = np.arange(len(times)).reshape(-1, 1, *[1] * p.ndim)
    return (np.floor(times) == steps).any(axis=1).astype(np.float64)


def _offset_first(trial):
    options = trial.subject.options
    return expected(trial, offset=options.get("gain", 1) * options.get("offset", 0))


CAUSES = with_shared(
    "rate",
    cause("at-most", "you spike where u <= p (SpikingJelly does), so that p = 0 can fire",
          _at_most),
    cause("24-bit", "your uniforms have 24 bits (torch's float32 do)", _bits(24)),
    cause("16-bit", "your uniforms have 16 bits", _bits(16)),
    cause("8-bit", "your uniforms have 8 bits", _bits(8)),
    cause("gain-and-offset-ignored", "you ignore gain and offset", given(gain=1, offset=0)),
    cause("offset-first", "you add the offset before you multiply by the gain", _offset_first),
    cause("above", "you spike where u > p", lambda trial: 1 - expected(trial)),
    cause("complement", "your probability is 1 - p", on_data(lambda x: (1 - x).astype(x.dtype))),
    cause("exponential", "your probability is 1 - exp(-p), that of a Poisson process in bins "
          "(spikify does)", _exponential),
    cause("intervals", "your intervals are exponential, one drawn after another and laid into bins "
          "(spikify's poisson)", _intervals),
    cause("squared", "your probability is p squared", on_data(lambda x: x * x)),
    cause("shared-features", "all your features share one random number a step",
          _drawn(lambda u: np.broadcast_to(u.reshape(len(u), -1)[:, 0].reshape(
              -1, *[1] * (u.ndim - 1)), u.shape))),
    cause("shared-samples", "all your samples share their random numbers",
          _drawn(lambda u: np.broadcast_to(u[:, :1], u.shape))),
    cause("frozen", "you draw once and use it for every step",
          _drawn(lambda u: np.broadcast_to(u[:1], u.shape))),
    cause("next-uniform", "you use the random number of the step after",
          _drawn(lambda u: np.roll(u, -1, axis=0))),
    cause("other-stream", "you draw from stream 1, that of the targets",
          _words(lambda s, e, t: random.words(s, e, t, "targets"))),
    cause("first-word", "you use the first word of the block of every step",
          _words(lambda s, e, t: random.words(s, e, 4 * t))),
    cause("word-order", "you read the four words of a block backwards",
          _words(lambda s, e, t: random.words(s, e, t - t % 4 + 3 - t % 4))),
    cause("key-order", "the two halves of your key are exchanged",
          _words(lambda s, e, t: random.words(_high_half_first(s), e, t))),
    cause("short-seed", "you use only the low 32 bits of the seed",
          _words(lambda s, e, t: random.words(s & 0xFFFFFFFF, e, t))),
)  # fmt: skip


def _needed(options):
    return {} if options.get("time_var_input") else {"num_steps": DEFAULT_STEPS}


VECTORS = {
    "rate": {"num_steps": 24},
    "rate-scaled": {"num_steps": 12, "gain": 0.75, "offset": 0.125, "first_spike_time": 3},
}
CODE = Code(
    "rate", "rate", trials, CAUSES, _needed, VECTORS, decision, lambda options: True,
    seeded_trials, probability=probability,
)  # fmt: skip
VARYING = CODE._replace(kind="rate_conv", defaults={}, vectors={"rate-varying": {}})
