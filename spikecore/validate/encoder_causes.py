"""Known ways in which an encoder differs, as changes of what the reference is given or gives."""

from typing import NamedTuple

import numpy as np

from spikecore import random, spikegen
from spikecore.validate.encoder_trials import expected, probability, static_rate
from spikecore.validate.neuron_causes import shifted

NAMES_OF_TIME = (
    "num_steps", "threshold", "tau", "first_spike_time", "normalize", "linear", "epsilon"
)  # fmt: skip


class Variant(NamedTuple):
    """A hypothesis: what it is called, what to say, and what the reference gives under it."""

    name: str
    sentence: str
    expect: object  # (coding) -> spikes
    precision: bool = False  # a matter of rounding


class NotApplicableError(ValueError):
    """The hypothesis says nothing about these options."""


def variants(kind, options):
    """The hypotheses for one kind of encoder, the likeliest first."""
    special = {
        "rate": _rate,
        "rate_conv": _rate,
        "latency": _latency,
        "delta": _delta,
        "targets_rate": _targets,
        "targets_latency": _targets,
    }.get(kind, _one_hot)
    named = {}
    for variant in (*special(options), *_shared()):
        named.setdefault(variant.name, variant)
    return list(named.values())


def _after(change):
    """A change of the reference's spikes."""
    return lambda coding: change(expected(coding))


def _with(**changes):
    """A change of options."""
    return lambda coding: expected(coding, **changes)


def _on(change):
    """A change of the data."""
    return lambda coding: expected(coding, inputs=change(coding.inputs))


def _flipped(spikes):
    low, high = spikes.min(), spikes.max()
    return np.where(spikes == high, low, np.where(spikes == low, high, spikes))


def _swapped(spikes):
    """Samples and features exchanged, in an array of the same shape."""
    if spikes.ndim < 3:
        raise NotApplicableError("there is no batch")
    return spikes.swapaxes(1, 2).reshape(spikes.shape)


def _wide(coding):
    """The reference in float64, given float32 data."""
    if coding.inputs.dtype != np.float32:
        raise NotApplicableError("the data are not float32")
    return expected(coding, inputs=coding.inputs.astype(np.float64)).astype(np.float32)


def _shared():
    return [
        Variant("late", "your spikes come one step late", _after(lambda s: shifted(s, 1))),
        Variant("early", "your spikes come one step early", _after(lambda s: shifted(s, -1))),
        Variant("transposed", "samples and features are exchanged", _after(_swapped)),
        Variant("reversed", "your time runs backwards: T-1-t", _after(lambda s: s[::-1])),
        Variant("inverted", "your spikes are inverted", _after(_flipped)),
        Variant("silent", "you never spike", _after(np.zeros_like)),
        Variant("float64", "you compute in float64 where the data are float32", _wide, True),
    ]  # fmt: skip


# --- rate ----------------------------------------------------------------------------------------


def _given(coding):
    """The uniforms of a trial, its own or those of its seed, in float64."""
    if coding.options.get("uniforms") is not None:
        return np.asarray(coding.options["uniforms"], np.float64)
    varying = coding.kind == "rate_conv" or coding.options.get("time_var_input", False)
    shape = coding.inputs.shape
    shape = shape if varying else (coding.options["num_steps"], *shape)
    return random.uniforms(coding.options["seed"], shape)


def _drawn(change):
    """A change of the uniforms, from which the reference then draws."""
    return lambda coding: expected(coding, uniforms=change(_given(coding)), seed=None)


def _words(index):
    """Another layout of the counter: a function of (seed, element, step) gives the word."""

    def expect(coding):
        if coding.options.get("seed") is None:
            raise NotApplicableError("the uniforms are given")
        uniforms = _given(coding)
        features = uniforms.reshape(len(uniforms), -1)
        elements = np.arange(features.shape[1], dtype=np.uint64)
        seed = coding.options["seed"]
        rows = [index(seed, elements, t) * 2.0**-32 for t in range(len(features))]
        return expected(coding, uniforms=np.reshape(rows, uniforms.shape), seed=None)

    return expect


def _high_half_first(seed):
    return ((seed & 0xFFFFFFFF) << 32) | (seed >> 32)


def _rate(options):
    gain, offset = options.get("gain", 1), options.get("offset", 0)
    bits = lambda n: lambda u: np.floor(u * 2.0**n) * 2.0**-n  # noqa: E731
    return [
        Variant("at-most", "you spike where u <= p (SpikingJelly does), so that p = 0 can fire",
                _at_most),
        Variant("24-bit", "your uniforms have 24 bits (torch's float32 do)", _drawn(bits(24))),
        Variant("16-bit", "your uniforms have 16 bits", _drawn(bits(16))),
        Variant("8-bit", "your uniforms have 8 bits", _drawn(bits(8))),
        Variant("gain-ignored", "you ignore the gain", _with(gain=1)),
        Variant("offset-ignored", "you ignore the offset", _with(offset=0)),
        Variant("gain-and-offset-ignored", "you ignore gain and offset", _with(gain=1, offset=0)),
        Variant("offset-first", "you add the offset before you multiply by the gain",
                _with(offset=gain * offset)),
        Variant("above", "you spike where u > p",
                lambda c: 1 - expected(c)),
        Variant("complement", "your probability is 1 - p",
                _on(lambda x: (1 - x).astype(x.dtype))),
        Variant("exponential", "your probability is 1 - exp(-p), that of a Poisson process in bins "
                "(spikify does)", _exponential),
        Variant("squared", "your probability is p squared", _on(lambda x: x * x)),
        Variant("shared-features", "all your features share one random number a step",
                _drawn(lambda u: np.broadcast_to(u.reshape(len(u), -1)[:, 0].reshape(
                    -1, *[1] * (u.ndim - 1)), u.shape))),
        Variant("shared-samples", "all your samples share their random numbers",
                _drawn(lambda u: np.broadcast_to(u[:, :1], u.shape))),
        Variant("frozen", "you draw once and use it for every step",
                _drawn(lambda u: np.broadcast_to(u[:1], u.shape))),
        Variant("first-ignored", "you ignore first_spike_time", _with(first_spike_time=0)),
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
    result, uniforms = expected(coding), _given(coding)
    p = np.clip(probability(coding.inputs, coding.options), 0, 1).astype(np.float64)
    equal = uniforms == p
    if static_rate(coding):
        equal[: coding.options.get("first_spike_time", 0)] = False
    result[len(result) - len(equal) :][equal] = 1
    return result


def _exponential(coding):
    """1 - exp(-p) in place of p."""
    gain, offset = coding.options.get("gain", 1), coding.options.get("offset", 0)
    p = np.clip(coding.inputs.astype(np.float64) * gain + offset, 0, 1)
    plain = {"gain": 1, "offset": 0} if coding.kind == "rate" else {}
    return expected(coding, inputs=-np.expm1(-p), **plain)


# --- latency -------------------------------------------------------------------------------------


def _times(coding, inputs=None, **changes):
    """Spike times before rounding, and which features are silent."""
    inputs = coding.inputs if inputs is None else inputs
    options = {**coding.options, **changes}
    chosen = {name: options[name] for name in NAMES_OF_TIME if name in options}
    return spikegen.latency_code(inputs, **chosen, device="numpy")


def place(coding, steps, silent=None):
    """``on_target`` at the given steps, ``off_target`` elsewhere; steps past the end are lost."""
    options = coding.options
    num_steps = options["num_steps"]
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    if silent is not None:
        steps = np.where(silent, num_steps, steps)
    if options.get("interpolate"):
        return spikegen.latency_interpolate(steps, num_steps, on, off)
    hit = np.arange(num_steps).reshape(-1, *[1] * steps.ndim) == steps
    return np.where(hit, on, off)


def _rounded(rule):
    def expect(coding):
        times, silent = _times(coding)
        clip = coding.options.get("clip", False)
        return place(coding, rule(times), silent if clip else None)

    return expect


def _silent(rule):
    def expect(coding):
        threshold = coding.inputs.dtype.type(coding.options.get("threshold", 0.01))
        silent, clipped = rule(coding.inputs, threshold), _clipped(coding)
        if clipped is not None:
            silent = silent | clipped
        return place(coding, np.rint(_times(coding)[0]), silent)

    return expect


def _stretched(coding, span, from_first=False):
    """Log code spread by hand: over another span, or with its least time moved to the start."""
    options = coding.options
    if options.get("linear") or not options.get("normalize"):
        raise NotApplicableError("the log code is not normalised")
    times = _times(coding, normalize=False, first_spike_time=0)[0]
    batched = options["normalize"] == "sample" and times.ndim > 1
    axes = tuple(range(1, times.ndim)) if batched else None
    low = times.min(axis=axes, keepdims=True) if from_first else times.dtype.type(0)
    high = times.max(axis=axes, keepdims=True)
    spread = (times - low) * times.dtype.type(span) / (high - low)
    times = np.where(high > low, spread, times)
    first = times.dtype.type(options.get("first_spike_time", 0))
    return place(coding, np.rint(times + first), _clipped(coding))


def _clipped(coding):
    if not coding.options.get("clip", False):
        return None
    return coding.inputs < coding.inputs.dtype.type(coding.options.get("threshold", 0.01))


def _span(coding, more=0):
    return coding.options["num_steps"] - 1 - coding.options.get("first_spike_time", 0) + more


def _over_num_steps(coding):
    if coding.options.get("linear") and coding.options.get("normalize"):
        return expected(coding, normalize=False, tau=_span(coding, 1), bypass=True)
    return _stretched(coding, _span(coding, 1))


def _epsilon(coding):
    """threshold + epsilon summed in the dtype of the data."""
    cast = coding.inputs.dtype.type
    threshold = coding.options.get("threshold", 0.01)
    total = cast(threshold) + cast(coding.options.get("epsilon", 1e-7))
    return expected(coding, epsilon=float(total) - float(threshold))


def _stays_on(coding):
    spikes = expected(coding)
    on = coding.options.get("on_target", 1)
    return np.where(np.logical_or.accumulate(spikes == on, axis=0), on, spikes)


def _latency(options):
    normalize = options.get("normalize", False)
    others = {
        True: "you normalise by the maximum of the whole batch",
        "sample": "you normalise each sample by its own maximum",
        False: "you do not normalise",
    }
    return [
        Variant("reversed", "your code is reversed: T-1-t", _after(lambda s: s[::-1])),
        Variant("half-up", "you round halves up, not to even",
                _rounded(lambda t: np.floor(t + 0.5))),
        Variant("floor", "you round down (floor, or a cast to an integer)", _rounded(np.floor)),
        Variant("ceil", "you round up", _rounded(np.ceil)),
        Variant("silent-at-threshold", "you silence features at the threshold too: <= (Spyx does)",
                _silent(lambda x, threshold: x <= threshold)),
        Variant("silent-at-zero", "you silence features that are 0",
                _silent(lambda x, threshold: x == 0)),
        Variant("clip", "you silence features below the threshold", _with(clip=True)),
        Variant("no-clip", "you do not silence features below the threshold", _with(clip=False)),
        *(Variant(f"normalize={value}", sentence, _with(normalize=value, bypass=True))
          for value, sentence in others.items() if value != normalize),
        Variant("linear", "you use the linear code", _with(linear=True, bypass=True)),
        Variant("log", "you use the logarithmic code", _with(linear=False, bypass=True)),
        Variant("tau-ignored", "you ignore tau", _with(tau=1, bypass=True)),
        Variant("first-ignored", "you ignore first_spike_time", _with(first_spike_time=0)),
        Variant("over-num-steps", "you spread the code over num_steps, not over num_steps - 1",
                _over_num_steps),
        Variant("from-first", "you move the earliest spike to the first step",
                lambda c: _stretched(c, _span(c), from_first=True)),
        Variant("epsilon-float32", "you add epsilon to the threshold in float32", _epsilon, True),
        Variant("dark-first", "dark features spike first: you encode 1 - x",
                _on(lambda x: (1 - x).astype(x.dtype))),
        Variant("no-floor", "features below the threshold have their own linear time",
                lambda c: place(c, np.rint(_times(c, threshold=1e-30)[0]), _clipped(c))
                if c.options.get("linear") else expected(c, threshold=1e-6)),
        Variant("stays-on", "your neurons stay on after their spike", _stays_on),
        Variant("targets-swapped", "on_target and off_target are exchanged",
                _with(on_target=options.get("off_target", 0),
                      off_target=options.get("on_target", 1))),
        Variant("targets-ignored", "you ignore on_target and off_target",
                _with(on_target=1, off_target=0)),
        Variant("interpolate-ignored", "you do not interpolate", _with(interpolate=False)),
        Variant("bypass-clamps", "spikes past the end fall on your last step", _clamped),
    ]  # fmt: skip


def _clamped(coding):
    times, _ = _times(coding)
    last = coding.options["num_steps"] - 1
    return place(coding, np.minimum(np.rint(times), last), _clipped(coding))


# --- delta ---------------------------------------------------------------------------------------


def _above_threshold(coding):
    return coding.inputs.dtype.type(coding.options.get("threshold", 0.1))


def _exclusive(coding):
    threshold = _above_threshold(coding)
    return expected(coding, threshold=float(np.nextafter(threshold, threshold * 2)))


def _one_exclusive(positive):
    """Only one of the two comparisons is exclusive."""

    def expect(coding):
        strict, loose = _exclusive(coding), expected(coding)
        return np.where(loose > 0, *((strict, loose) if positive else (loose, strict)))

    return expect


def _baseline(moves):
    """A loop that keeps its own baseline; ``moves(base, x, spike, threshold)`` is its next one."""

    def expect(coding):
        x, threshold = coding.inputs, _above_threshold(coding)
        base = x[0].copy() if coding.options.get("padding") else np.zeros_like(x[0])
        spikes = np.zeros_like(x)
        for t, now in enumerate(x):
            change = now - base
            spikes[t] = (change >= threshold).astype(x.dtype)
            if coding.options.get("off_spike"):
                spikes[t] -= (change <= -threshold).astype(x.dtype)
            base = moves(base, now, spikes[t], threshold)
        return spikes

    return expect


def _across(coding):
    """Differences along the features, as an axis mistaken."""
    moved = np.ascontiguousarray(np.moveaxis(coding.inputs, -1, 0))
    return np.moveaxis(expected(coding, inputs=moved), 0, -1)


def _delta(options):
    return [
        Variant("exclusive", "you compare with >, so that a change of exactly the threshold is "
                "missed (the threshold is inclusive)", _exclusive),
        Variant("on-exclusive", "your on-spikes compare with >", _one_exclusive(True)),
        Variant("off-exclusive", "your off-spikes compare with <", _one_exclusive(False)),
        Variant("first-with-itself", "you compare the first sample with itself, not with 0",
                _with(padding=True)),
        Variant("first-with-zero", "you compare the first sample with 0, not with itself",
                _with(padding=False)),
        Variant("no-off-spikes", "your off-spikes are missing", _with(off_spike=False)),
        Variant("off-spikes", "you give off-spikes that were not asked for", _with(off_spike=True)),
        Variant("off-positive", "your off-spikes are +1", _after(np.abs)),
        Variant("absolute", "you spike on the absolute change",
                lambda c: np.abs(expected(c, off_spike=True))),
        Variant("negated", "your signs are exchanged",
                _on(lambda x: -x)),
        Variant("residual", "your baseline moves by one threshold at a spike (step-forward)",
                _baseline(lambda base, x, spike, threshold: base + spike * threshold)),
        Variant("held", "your baseline moves only at a spike (send on delta)",
                _baseline(lambda base, x, spike, threshold: np.where(spike != 0, x, base))),
        Variant("fixed-baseline", "you compare every sample with the first",
                _baseline(lambda base, x, spike, threshold: base)),
        Variant("across", "you take differences along the features, not along time", _across),
        Variant("threshold-ignored", "you ignore the threshold and use 0.1", _with(threshold=0.1)),
    ]  # fmt: skip


# --- targets -------------------------------------------------------------------------------------


def _fractions(rule):
    """Regular trains with another rule for the steps k/rate."""

    def expect(coding):
        options = coding.options
        if coding.kind != "targets_rate" or options.get("firing_pattern", "regular") != "regular":
            raise NotApplicableError("not a regular train")
        result = expected(coding)
        on, off = options.get("on_target", 1), options.get("off_target", 0)
        first, steps = options.get("first_spike_time", 0), options.get("num_steps")
        rates = options.get("correct_rate", 1), options.get("incorrect_rate", 0)
        if result.ndim < 3 or options.get("interpolate"):
            raise NotApplicableError("there is no train")
        hot = np.asarray(spikegen.to_one_hot(coding.inputs, options["num_classes"])) > 0
        result[:] = off
        for rate, mask in zip(rates, (hot, ~hot), strict=True):
            times = rule(np.arange(steps + 1) / rate) + first if rate else np.array([])
            for t in times[times < steps].astype(int):
                result[t][mask] = on
        return result

    return expect


def _targets(options):
    swapped = {
        "correct_rate": options.get("incorrect_rate", 0),
        "incorrect_rate": options.get("correct_rate", 1),
    }
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    classes = options["num_classes"]
    return [
        Variant("rounded-times", "you round the times k/rate to the nearest step",
                _fractions(np.rint)),
        Variant("ceiled-times", "you round the times k/rate up", _fractions(np.ceil)),
        Variant("rates-swapped", "correct_rate and incorrect_rate are exchanged",
                lambda c: _exchanged(c, swapped)),
        Variant("incorrect-ignored", "you ignore incorrect_rate", _with(incorrect_rate=0)),
        Variant("first-ignored", "you ignore first_spike_time", _with(first_spike_time=0)),
        Variant("targets-swapped", "on_target and off_target are exchanged",
                _with(on_target=off, off_target=on)),
        Variant("targets-ignored", "you ignore on_target and off_target",
                _with(on_target=1, off_target=0)),
        Variant("interpolate-ignored", "you do not interpolate", _with(interpolate=False)),
        Variant("next-class", "your classes are counted from 1",
                _on(lambda labels: (labels + 1) % classes)),
        Variant("last-class", "your classes are one too low",
                _on(lambda labels: (labels - 1) % classes)),
        *([] if "correct_rate" in options else _latency(options)),
    ]  # fmt: skip


def _exchanged(coding, swapped):
    """The rates exchanged, which the reference refuses: the trains of the others, inverted."""
    options = {**coding.options, "num_classes": 2}
    result = expected(coding)
    if result.ndim < 3 or coding.kind != "targets_rate":
        raise NotApplicableError("there is no train")
    both = spikegen.targets_rate([0], **options)
    hot = np.asarray(spikegen.to_one_hot(coding.inputs, coding.options["num_classes"])) > 0
    for t in range(len(result)):
        result[t] = np.where(hot, both[t, 0, 1], both[t, 0, 0])
    return result


def _one_hot(options):
    classes = options["num_classes"]
    return [
        Variant("next-class", "your classes are counted from 1",
                _on(lambda labels: (labels + 1) % classes)),
        Variant("inverse", "you give 0 at the class and 1 elsewhere", _after(lambda s: 1 - s)),
    ]  # fmt: skip
