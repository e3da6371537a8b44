"""Known ways in which rate codes differ, for given uniforms and for spikecore's stream."""

import numpy as np

from spikecore import random
from spikecore.validate.encoder_trials import expected, probability, varies
from spikecore.validate.variant import NotApplicableError, Variant, given, on_data


def _uniforms(coding):
    """The uniforms of a trial, its own or those of its seed, in float64."""
    if coding.options.get("uniforms") is not None:
        return np.asarray(coding.options["uniforms"], np.float64)
    shape = coding.inputs.shape
    if not varies(coding.kind, coding.options):
        shape = (coding.options["num_steps"], *shape)
    return random.uniforms(coding.options["seed"], shape)


def _drawn(change):
    """A change of the uniforms, from which the reference then draws."""
    return lambda coding: expected(coding, uniforms=change(_uniforms(coding)), seed=None)


def _words(index):
    """Another layout of the counter: a function of (seed, element, step) gives the word."""

    def expect(coding):
        if coding.options.get("seed") is None:
            raise NotApplicableError("the uniforms are given")
        uniforms = _uniforms(coding)
        features = uniforms.reshape(len(uniforms), -1)
        elements = np.arange(features.shape[1], dtype=np.uint64)
        seed = coding.options["seed"]
        rows = [index(seed, elements, t) * 2.0**-32 for t in range(len(features))]
        return expected(coding, uniforms=np.reshape(rows, uniforms.shape), seed=None)

    return expect


def _high_half_first(seed):
    return ((seed & 0xFFFFFFFF) << 32) | (seed >> 32)


def variants(options):
    """The hypotheses, the likeliest first."""
    gain, offset = options.get("gain", 1), options.get("offset", 0)
    bits = lambda n: lambda u: np.floor(u * 2.0**n) * 2.0**-n  # noqa: E731
    return [
        Variant("at-most", "you spike where u <= p (SpikingJelly does), so that p = 0 can fire",
                _at_most),
        Variant("24-bit", "your uniforms have 24 bits (torch's float32 do)", _drawn(bits(24))),
        Variant("16-bit", "your uniforms have 16 bits", _drawn(bits(16))),
        Variant("8-bit", "your uniforms have 8 bits", _drawn(bits(8))),
        Variant("gain-ignored", "you ignore the gain", given(gain=1)),
        Variant("offset-ignored", "you ignore the offset", given(offset=0)),
        Variant("gain-and-offset-ignored", "you ignore gain and offset", given(gain=1, offset=0)),
        Variant("offset-first", "you add the offset before you multiply by the gain",
                given(offset=gain * offset)),
        Variant("above", "you spike where u > p",
                lambda c: 1 - expected(c)),
        Variant("complement", "your probability is 1 - p",
                on_data(lambda x: (1 - x).astype(x.dtype))),
        Variant("exponential", "your probability is 1 - exp(-p), that of a Poisson process in bins "
                "(spikify does)", _exponential),
        Variant("squared", "your probability is p squared", on_data(lambda x: x * x)),
        Variant("shared-features", "all your features share one random number a step",
                _drawn(lambda u: np.broadcast_to(u.reshape(len(u), -1)[:, 0].reshape(
                    -1, *[1] * (u.ndim - 1)), u.shape))),
        Variant("shared-samples", "all your samples share their random numbers",
                _drawn(lambda u: np.broadcast_to(u[:, :1], u.shape))),
        Variant("frozen", "you draw once and use it for every step",
                _drawn(lambda u: np.broadcast_to(u[:1], u.shape))),
        Variant("first-ignored", "you ignore first_spike_time", given(first_spike_time=0)),
        Variant("next-uniform", "you use the random number of the step after",
                _drawn(lambda u: np.roll(u, -1, axis=0))),
        Variant("other-stream", "you draw from stream 1, that of the targets",
                _words(lambda s, e, t: random.words(s, e, t, "targets"))),
        Variant("first-word", "you use the first word of the block of every step",
                _words(lambda s, e, t: random.words(s, e, 4 * t))),
        Variant("word-order", "you read the four words of a block backwards",
                _words(lambda s, e, t: random.words(s, e, t - t % 4 + 3 - t % 4))),
        Variant("key-order", "the two halves of your key are exchanged",
                _words(lambda s, e, t: random.words(_high_half_first(s), e, t))),
        Variant("short-seed", "you use only the low 32 bits of the seed",
                _words(lambda s, e, t: random.words(s & 0xFFFFFFFF, e, t))),
    ]  # fmt: skip


def _at_most(coding):
    """Spikes where u equals p as well."""
    result, uniforms = expected(coding), _uniforms(coding)
    p = np.clip(probability(coding.inputs, coding.options), 0, 1).astype(np.float64)
    equal = uniforms == p
    if not varies(coding.kind, coding.options):
        equal[: coding.options.get("first_spike_time", 0)] = False
    result[len(result) - len(equal) :][equal] = 1
    return result


def _exponential(coding):
    """1 - exp(-p) in place of p."""
    gain, offset = coding.options.get("gain", 1), coding.options.get("offset", 0)
    p = np.clip(coding.inputs.astype(np.float64) * gain + offset, 0, 1)
    plain = {"gain": 1, "offset": 0} if coding.kind == "rate" else {}
    return expected(coding, inputs=-np.expm1(-p), **plain)
