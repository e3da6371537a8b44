"""Known ways in which latency codes differ."""

import numpy as np

from spikecore import spikegen
from spikecore.validate.encoder_trials import expected
from spikecore.validate.variant import NotApplicableError, Variant, after, given, on_data

NAMES_OF_TIME = (
    "num_steps", "threshold", "tau", "first_spike_time", "normalize", "linear", "epsilon"
)  # fmt: skip


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


def variants(options):
    """The hypotheses, the likeliest first."""
    normalize = options.get("normalize", False)
    others = {
        True: "you normalise by the maximum of the whole batch",
        "sample": "you normalise each sample by its own maximum",
        False: "you do not normalise",
    }
    return [
        Variant("reversed", "your code is reversed: T-1-t", after(lambda s: s[::-1])),
        Variant("half-up", "you round halves up, not to even",
                _rounded(lambda t: np.floor(t + 0.5))),
        Variant("floor", "you round down (floor, or a cast to an integer)", _rounded(np.floor)),
        Variant("ceil", "you round up", _rounded(np.ceil)),
        Variant("silent-at-threshold", "you silence features at the threshold too: <= (Spyx does)",
                _silent(lambda x, threshold: x <= threshold)),
        Variant("silent-at-zero", "you silence features that are 0",
                _silent(lambda x, threshold: x == 0)),
        Variant("clip", "you silence features below the threshold", given(clip=True)),
        Variant("no-clip", "you do not silence features below the threshold", given(clip=False)),
        *(Variant(f"normalize={value}", sentence, given(normalize=value, bypass=True))
          for value, sentence in others.items() if value != normalize),
        Variant("linear", "you use the linear code", given(linear=True, bypass=True)),
        Variant("log", "you use the logarithmic code", given(linear=False, bypass=True)),
        Variant("tau-ignored", "you ignore tau", given(tau=1, bypass=True)),
        Variant("first-ignored", "you ignore first_spike_time", given(first_spike_time=0)),
        Variant("over-num-steps", "you spread the code over num_steps, not over num_steps - 1",
                _over_num_steps),
        Variant("from-first", "you move the earliest spike to the first step",
                lambda c: _stretched(c, _span(c), from_first=True)),
        Variant("epsilon-float32", "you add epsilon to the threshold in float32", _epsilon, True),
        Variant("dark-first", "dark features spike first: you encode 1 - x",
                on_data(lambda x: (1 - x).astype(x.dtype))),
        Variant("no-floor", "features below the threshold have their own linear time",
                lambda c: place(c, np.rint(_times(c, threshold=1e-30)[0]), _clipped(c))
                if c.options.get("linear") else expected(c, threshold=1e-6)),
        Variant("stays-on", "your neurons stay on after their spike", _stays_on),
        Variant("targets-swapped", "on_target and off_target are exchanged",
                given(on_target=options.get("off_target", 0),
                      off_target=options.get("on_target", 1))),
        Variant("targets-ignored", "you ignore on_target and off_target",
                given(on_target=1, off_target=0)),
        Variant("interpolate-ignored", "you do not interpolate", given(interpolate=False)),
        Variant("bypass-clamps", "spikes past the end fall on your last step", _clamped),
    ]  # fmt: skip


def _clamped(coding):
    times, _ = _times(coding)
    last = coding.options["num_steps"] - 1
    return place(coding, np.minimum(np.rint(times), last), _clipped(coding))
