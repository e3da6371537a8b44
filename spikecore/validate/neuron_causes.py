"""Known ways in which a neuron differs: each axis of ``LIF`` changed, and mistakes of execution."""

import math
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np

from spikecore.lif import LIF
from spikecore.simulators import PROFILES
from spikecore.validate.candidate import Observed
from spikecore.validate.walk import before_reset, final_state, walk

# Axes that must fall back to these when a change takes away what they need.
NEUTRAL = {
    "decay_reset": False,
    "drop_input": False,
    "report_spike": "new",
    "reset_value": 0.0,
    "spikes": "single",
}
NUMBERS = ("decay", "gain", "threshold", "leak", "amplitude")
AXES = tuple(field.name for field in fields(LIF) if field.name not in (*NUMBERS, "lower"))


class Cause(NamedTuple):
    """A hypothesis: what it is called, what to say, and what the reference gives under it."""

    name: str
    sentence: str
    lif: Any = None  # the point of the space, for hypotheses that are one
    expect: Any = None  # (lif, current, earlier trials' currents) -> Observed


def expected(lif, current):
    """What a neuron gives, by the plain backend."""
    run = lif.run(current, device="numpy")
    return Observed(run.spikes, run.recorded["membrane"])


def changed(lif, **changes):
    """``lif`` with axes changed, others made neutral where the combination would mean nothing."""
    try:
        return replace(lif, **changes)
    except ValueError:
        pass
    neutral = {name: value for name, value in NEUTRAL.items() if name not in changes}
    if "reset" in changes and changes["reset"] == "none":
        neutral["reset_at"] = "next"
    elif changes.get("reset") == "value" and lif.reset_at == "exchange":
        neutral["reset_at"] = "same"
    try:
        return replace(lif, **{**neutral, **changes})
    except ValueError:
        return None


# --- one axis ------------------------------------------------------------------------------------


def axis_changes(lif):
    """(name, sentence, changes) for every axis, the commonest mistakes first."""
    yield "compare", _compare(lif), {"compare": ">" if lif.compare == ">=" else ">="}
    at = {
        "same": "you reset in the same step",
        "next": "you reset at the next step",
        "exchange": "you reset in the same step and give back a threshold that is still due "
        "(snnTorch's reset_delay=False)",
    }
    for value, sentence in at.items():
        yield f"reset_at={value}", sentence, {"reset_at": value}
    value = lif.reset_value if lif.reset == "value" else 0.0
    how = {
        "value": f"you set the membrane to {value} where the threshold should be subtracted",
        "subtract": "you subtract the threshold where the membrane should be set to a value",
        "none": "you never reset",
    }
    for name, sentence in how.items():
        yield f"reset={name}", sentence, {"reset": name}
    flags = {
        "decay_reset": ("the threshold you subtract decays with the membrane", "does not decay"),
        "drop_input": ("you discard the input of the step that resets", "you keep that input"),
        "inhibition": ("only your highest neuron may fire", "all your neurons may fire"),
    }
    for name, sentences in flags.items():
        now = getattr(lif, name)
        yield name, sentences[now], {name: not now}
    yield "spikes=multi", "you fire floor(v/threshold) spikes in a step (Sinabs does)", {
        "spikes": "multi", "compare": ">="}  # fmt: skip
    yield "spikes=single", "you fire at most one spike in a step", {"spikes": "single"}
    yield "report_spike=old", (
        "you report the spike of the membrane before the update, one step late (Spyx does)"
    ), {"report_spike": "old"}  # fmt: skip
    yield "report_spike=new", "you report the spike of the updated membrane", {
        "report_spike": "new"}  # fmt: skip
    for steps in sorted({0, 1, 2, 3, 5, lif.refractory + 1, max(lif.refractory - 1, 0)}):
        yield f"refractory={steps}", f"your refractory time is {steps} steps", {"refractory": steps}
    yield "lower=0", "your membrane never falls below 0", {"lower": 0.0}
    yield "lower=None", "your membrane may fall below the bound", {"lower": None}
    yield "reset_value=0", "you reset to 0, not to reset_value", {"reset_value": 0.0}
    yield "reset_value=leak", "you reset to the leak, not to reset_value", {"reset_value": lif.leak}
    yield from _number_changes(lif)


def _compare(lif):
    if lif.compare == ">":
        return "you compare with >= (SpikingJelly, Sinabs, BindsNET do)"
    return "you compare with > (snnTorch, Norse, Lava, Nengo do)"


def _number_changes(lif):
    decay, gain, threshold = float(lif.decay), float(lif.gain), float(lif.threshold)
    yield "leak=0", "your membrane decays to 0, not to the leak", {"leak": 0.0}
    gains = {
        1.0: "you do not scale the input by the gain",
        1 - decay: "you scale the input by 1 - decay (SpikingJelly, Norse, Sinabs do by default)",
        gain * (1 - decay): "you scale the input by 1 - decay as well",
        gain * decay: "you decay the input together with the membrane",
        -gain: "the sign of your input is reversed",
    }
    for value, sentence in gains.items():
        yield f"gain={value:.6g}", sentence, {"gain": value}
    decays = {
        0.0: "you forget the membrane between steps",
        1.0: "your membrane does not decay",
        1 - decay: "you use 1 - decay for the decay",
        math.exp(-(1 - decay)): "your decay is exp(-(1 - decay)), an exact decay of an Euler rate",
        1 + math.log(decay) if decay else 0.0: "your decay is 1 + ln(decay), an Euler step of it",
        decay * decay: "your membrane decays twice in a step",
        math.sqrt(decay): "your decay is the square root, half a step",
    }
    for value, sentence in decays.items():
        if 0 <= value <= 1:
            yield f"decay={value:.6g}", sentence, {"decay": value}
    for value in (1.0, threshold / 2, 2 * threshold):
        yield f"threshold={value:.6g}", f"your threshold is {value:g}", {"threshold": value}
    yield "amplitude=1", "your spikes are 1, not of the amplitude asked for", {"amplitude": 1.0}


def points(lif):
    """Every single change as a Cause."""
    for name, _, changes in _changes(lif):
        other = changed(lif, **changes)
        if other is not None and other != lif:
            yield Cause(name, explain(other, lif), other)


def profile_points(lif):
    """The named profiles, with this neuron's decay, threshold and gain, and with their own."""
    kept = {name: getattr(lif, name) for name in ("decay", "threshold", "gain")}
    for name in PROFILES:
        for other in (LIF.profile(name, **kept), LIF.profile(name)):
            yield Cause(f"profile={name}", explain(other, lif), other)


def pairs(lif):
    """Two single changes at once."""
    singles = list(_changes(lif))
    for i, (name, _, changes) in enumerate(singles):
        for other_name, _, other_changes in singles[i + 1 :]:
            if not set(changes) & set(other_changes):
                other = changed(lif, **changes, **other_changes)
                if other is not None:
                    yield Cause(f"{name} + {other_name}", None, other)


def explain(other, lif):
    """What was changed to come from ``lif`` to ``other``, and the profile that it then is."""
    said, told = [], set()
    for _, sentence, changes in _changes(lif):
        if not told & set(changes) and all(
            _same(getattr(other, name), value) for name, value in changes.items()
        ):
            said.append(sentence)
            told |= set(changes)
    for name in (*NUMBERS, "lower", "refractory"):
        value = getattr(other, name)
        if name not in told and not _same(value, getattr(lif, name)):
            said.append(f"your {name} is {value}")
    names = profiles_of(other)
    if names and names != profiles_of(lif):
        said.append(f"this is exactly profile {names[0]}")
        if names[1:]:
            said[-1] += f" (the same as {', '.join(names[1:])})"
    return ", and ".join(said)


def profiles_of(lif):
    """Names of the profiles with the axes of ``lif``, whatever their numbers."""
    axes = [axis for axis in AXES if axis != "refractory"]

    def same(profile):
        bounded = (lif.lower is None) == (profile.lower is None)
        waits = (lif.refractory > 0) == (profile.refractory > 0)
        return bounded and waits and all(_same(getattr(lif, a), getattr(profile, a)) for a in axes)

    return [name for name in PROFILES if same(LIF.profile(name))]


def _changes(lif):
    """The single changes that change something."""
    for name, sentence, changes in axis_changes(lif):
        if any(not _same(getattr(lif, key), value) for key, value in changes.items()):
            yield name, sentence, changes


def _same(a, b):
    return a is b if a is None or b is None else np.array_equal(a, b)


# --- execution -----------------------------------------------------------------------------------


def executions():
    """Mistakes that no axis describes."""

    def delayed(steps):
        def expect(lif, current, earlier):
            run = expected(lif, current)
            return Observed(shifted(run.spikes, steps), run.membrane)

        return expect

    return [
        Cause("fused", "you use fused multiply-add: decay*v + x is rounded once, not twice",
              expect=lambda lif, x, _: walk(lif, x, fused=True)),
        Cause("float64", "you compute in float64 where the data are float32",
              expect=_float64),
        Cause("float64", "you compute in float64 with float32 parameters",
              expect=lambda lif, x, _: walk(lif, x, wide=True)),
        Cause("float64-steps", "you compute each step in float64 and keep the membrane in float32",
              expect=lambda lif, x, _: walk(lif, x, wide=True, stored=x.dtype)),
        Cause("float16", "you keep the membrane in float16",
              expect=lambda lif, x, _: walk(lif, x, stored=np.float16)),
        Cause("report-before", "you report the membrane before its reset", expect=_report_before),
        Cause("report-after", "you report the membrane after its reset", expect=_report_after),
        Cause("late", "your spikes come one step late", expect=delayed(1)),
        Cause("early", "your spikes come one step early", expect=delayed(-1)),
        Cause("late-input", "you use the input of the step before",
              expect=lambda lif, x, _: expected(lif, shifted(x, 1))),
        Cause("early-input", "you use the input of the step after",
              expect=lambda lif, x, _: expected(lif, shifted(x, -1))),
        Cause("stale", "you keep the state of one call for the next", expect=_stale),
        Cause("shared-reset", "one neuron's spike resets its whole sample",
              expect=lambda lif, x, _: walk(lif, x, shared=True)),
        Cause("sample-leak", "the state of one sample goes on into the next of the batch",
              expect=_sample_leak),
        Cause("transposed", "samples and neurons are exchanged in your output",
              expect=_transposed),
        Cause("reversed", "your time runs backwards", expect=_reversed),
        Cause("rectified", "you discard negative input",
              expect=lambda lif, x, _: expected(lif, np.maximum(x, 0).astype(x.dtype))),
        Cause("zero-start", "you begin at 0, not at the leak",
              expect=lambda lif, x, _: _started(lif, x, 0.0)),
        Cause("threshold-start", "you begin at the threshold",
              expect=lambda lif, x, _: _started(lif, x, lif.threshold)),
        Cause("unit-reset", "you subtract 1 instead of the threshold", expect=_unit_reset),
        Cause("flipped", "your spikes are inverted",
              expect=lambda lif, x, _: _spikes(lif, x, lambda s: 1 - s)),
    ]  # fmt: skip


def shifted(array, steps):
    """An array moved along time, zeros coming in."""
    result = np.zeros_like(array)
    if steps > 0:
        result[steps:] = array[:-steps]
    else:
        result[:steps] = array[-steps:]
    return result


def _spikes(lif, current, change):
    run = expected(lif, current)
    return Observed(change(run.spikes), run.membrane)


def _float64(lif, current, earlier):
    run = expected(lif, current.astype(np.float64))
    return Observed(run.spikes, run.membrane.astype(current.dtype))


def _report_before(lif, current, earlier):
    return Observed(expected(lif, current).spikes, before_reset(lif, current))


def _report_after(lif, current, earlier):
    spikes, membrane = expected(lif, current)
    if lif.reset_at != "next" or lif.report_spike == "old" or lif.reset == "none":
        raise ValueError("nothing is reset later")
    if lif.reset == "subtract":
        return Observed(spikes, membrane - spikes * membrane.dtype.type(lif.threshold))
    value = membrane.dtype.type(lif.reset_value)
    return Observed(spikes, np.where(spikes > 0, value, membrane))


def _stale(lif, current, earlier):
    state = None
    for before in earlier:
        if before.shape[1:] == current.shape[1:]:
            state = final_state(lif, before, state)
    return walk(lif, current, start=state)


def _sample_leak(lif, current, earlier):
    if current.ndim < 3:
        return expected(lif, current)
    state, parts = None, []
    for sample in range(current.shape[1]):
        part = np.ascontiguousarray(current[:, sample])
        parts.append(walk(lif, part, start=state))
        state = final_state(lif, part, state)
    return Observed(*(np.stack(one, axis=1) for one in zip(*parts, strict=True)))


def _transposed(lif, current, earlier):
    if current.ndim < 3:
        return expected(lif, current)
    run = expected(lif, current)
    return Observed(*(one.swapaxes(1, 2).reshape(current.shape) for one in run))


def _reversed(lif, current, earlier):
    return Observed(*(one[::-1] for one in expected(lif, current[::-1].copy())))


def _started(lif, current, value):
    given = np.full(current.shape[1:], value, current.dtype)
    run = lif.run(current, given, device="numpy")
    return Observed(run.spikes, run.recorded["membrane"])


def _unit_reset(lif, current, earlier):
    """Subtracting 1: the reset of the scaled neuron, undone and made anew."""
    if lif.reset != "subtract" or lif.reset_at == "exchange" or lif.spikes == "multi":
        raise ValueError("no threshold is subtracted")
    cast = current.dtype.type
    membranes, spikes = np.zeros((2, *current.shape), current.dtype)
    v = np.full(current.shape[1:], lif.leak, current.dtype)
    quiet = changed(lif, reset="none", reset_at="next", report_spike="new", decay_reset=False)
    fires = np.greater_equal if lif.compare == ">=" else np.greater
    last = np.zeros(v.shape, bool)
    for t, x in enumerate(current):
        if lif.decay_reset:
            v = v - last.astype(v.dtype)
        before = last
        v = quiet.run(x[None], v, device="numpy").recorded["membrane"][0]
        if lif.reset_at == "next" and not lif.decay_reset:
            v = v - last.astype(v.dtype)
        last = fires(v, cast(lif.threshold))
        if lif.reset_at == "same":
            v = v - last.astype(v.dtype)
        spikes[t] = (before if lif.report_spike == "old" else last) * cast(lif.amplitude)
        membranes[t] = v
    return Observed(spikes, membranes)
