"""Known ways in which a neuron differs: each axis of ``LIF`` changed, and mistakes of execution."""

import math
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np

from spikecore.neurons.lif import LIF
from spikecore.neurons.simulators import PROFILES
from spikecore.validate.candidate import Observed

# Axes that must fall back to these when a change takes away what they need.
NEUTRAL = {
    "decay_reset": False,
    "drop_input": False,
    "report_spike": "new",
    "reset_value": 0.0,
}
NUMBERS = ("decay", "gain", "threshold", "leak", "amplitude")
AXES = tuple(field.name for field in fields(LIF) if field.name not in (*NUMBERS, "lower"))


class Cause(NamedTuple):
    """A hypothesis: what it is called, what to say, and what the reference gives under it.

    Either ``point(lif)`` is another neuron of the space, or ``expect(lif, current, earlier)`` gives
    spikes and membrane, ``earlier`` being the currents of the calls before.
    """

    name: str
    sentence: Any = None
    point: Any = None
    expect: Any = None
    precision: bool = False  # a matter of rounding

    def observed(self, trial):
        """What the reference gives on a trial under this cause."""
        if self.point is None:
            return self.expect(trial.lif, trial.inputs, trial.earlier)
        return expected(self.point(trial.lif), trial.inputs)


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
    """(name, sentence, changes) for every axis, the commonest mistakes first.

    A name says what the axis is set to, so that it means the same for every neuron.
    """
    yield "compare=>=", "you compare with >= (SpikingJelly, Sinabs, BindsNET do)", {"compare": ">="}
    yield "compare=>", "you compare with > (snnTorch, Norse, Lava, Nengo do)", {"compare": ">"}
    at = {
        "same": "you reset in the same step",
        "next": "you reset at the next step",
        "exchange": "you reset in the same step and give back a threshold that is still due "
        "(snnTorch's reset_delay=False)",
    }
    for value, sentence in at.items():
        yield f"reset_at={value}", sentence, {"reset_at": value}
    how = {
        "value": f"you set the membrane to {lif.reset_value} where the threshold should be "
        "subtracted",
        "subtract": "you subtract the threshold where the membrane should be set to a value",
        "none": "you never reset",
    }
    for name, sentence in how.items():
        yield f"reset={name}", sentence, {"reset": name}
    flags = {
        "decay_reset": ("the threshold you subtract does not decay", "the threshold you subtract "
                        "decays with the membrane"),
        "drop_input": ("you keep the input of the step that resets", "you discard the input of the "
                       "step that resets"),
        "inhibition": ("all your neurons may fire", "only your highest neuron may fire"),
    }  # fmt: skip
    for name, sentences in flags.items():
        for value in (False, True):
            yield f"{name}={value}", sentences[value], {name: value}
    yield from _spike_changes(lif)
    yield from _number_changes(lif)


def _spike_changes(lif):
    multi = {"spikes": "multi", "compare": ">="}
    yield "spikes=multi", "you fire floor(v/threshold) spikes in a step (Sinabs does)", multi
    yield "spikes=single", "you fire at most one spike in a step", {"spikes": "single"}
    old = "you report the spike of the membrane before the update, one step late (Spyx does)"
    yield "report_spike=old", old, {"report_spike": "old"}
    new = "you report the spike of the updated membrane"
    yield "report_spike=new", new, {"report_spike": "new"}
    yield "refractory=0", "you have no refractory time", {"refractory": 0}
    if lif.refractory:
        longer, shorter = lif.refractory + 1, lif.refractory - 1
        yield "refractory+1", "your refractory time is a step too long", {"refractory": longer}
        yield "refractory-1", "your refractory time is a step too short", {"refractory": shorter}
    for steps in (1, 2, 3, 5):
        yield f"refractory={steps}", f"your refractory time is {steps}", {"refractory": steps}


def _number_changes(lif):
    decay, gain, threshold = float(lif.decay), float(lif.gain), float(lif.threshold)
    yield "lower=0", "your membrane never falls below 0", {"lower": 0.0}
    yield "lower=None", "your membrane may fall below the bound", {"lower": None}
    yield "reset_value=0", "you reset to 0, not to reset_value", {"reset_value": 0.0}
    yield "reset_value=leak", "you reset to the leak, not to reset_value", {"reset_value": lif.leak}
    yield "leak=0", "your membrane decays to 0, not to the leak", {"leak": 0.0}
    yield "gain=1", "you do not scale the input by the gain", {"gain": 1.0}
    scaled = "you scale the input by 1 - decay (SpikingJelly, Norse, Sinabs do by default)"
    yield "gain=1-decay", scaled, {"gain": 1 - decay}
    yield "gain*decay", "you decay the input together with the membrane", {"gain": gain * decay}
    yield "-gain", "the sign of your input is reversed", {"gain": -gain}
    decays = {
        "decay=0": (0.0, "you forget the membrane between steps"),
        "decay=1": (1.0, "your membrane does not decay"),
        "1-decay": (1 - decay, "you use 1 - decay for the decay"),
        "exp(decay-1)": (math.exp(decay - 1), "your decay is exp(-(1 - decay)), the exact decay of "
                         "an Euler rate"),
        "1+ln(decay)": (1 + math.log(decay) if decay else 0.0, "your decay is 1 + ln(decay), an "
                        "Euler step of it"),
        "decay**2": (decay * decay, "your membrane decays twice in a step"),
        "sqrt(decay)": (math.sqrt(decay), "your membrane decays half in a step"),
    }  # fmt: skip
    for name, (value, sentence) in decays.items():
        if 0 <= value <= 1:
            yield name, sentence, {"decay": value}
    thresholds = {"threshold=1": 1.0, "threshold/2": threshold / 2, "threshold*2": 2 * threshold}
    for name, value in thresholds.items():
        yield name, f"your threshold is {value:g}", {"threshold": value}
    yield "amplitude=1", "your spikes are 1, not of the amplitude asked for", {"amplitude": 1.0}


def singles(lifs):
    """Every single change that alters one of the neurons, as a Cause."""
    named = {}
    for lif in lifs:
        for name, sentence, _ in _changes(lif):
            named.setdefault(name, sentence)
    return [
        Cause(name, sentence if len(lifs) > 1 else None, lambda lif, n=name: _moved(lif, n))
        for name, sentence in _in_order(named, lifs)
    ]


def _in_order(named, lifs):
    """The names in the order in which the commonest mistakes come first."""
    order = list(dict.fromkeys(name for lif in lifs for name, _, _ in axis_changes(lif)))
    return sorted(named.items(), key=lambda item: order.index(item[0]))


def _moved(lif, *names):
    """A neuron with the changes of those names, itself where they say nothing about it."""
    found = {name: changes for name, _, changes in _changes(lif)}
    changes = {}
    for name in names:
        changes.update(found.get(name, {}))
    return (changed(lif, **changes) if changes else None) or lif


def profile_points(lif):
    """The named profiles, with this neuron's decay, threshold and gain, and with their own."""
    kept = {name: getattr(lif, name) for name in ("decay", "threshold", "gain")}
    for name in PROFILES:
        for other in (LIF.profile(name, **kept), LIF.profile(name)):
            yield Cause(f"profile={name}", None, lambda _, other=other: other)


def pairs(lif):
    """Two single changes at once."""
    listed = list(_changes(lif))
    for i, (name, _, changes) in enumerate(listed):
        for other_name, _, other_changes in listed[i + 1 :]:
            if not set(changes) & set(other_changes):
                other = changed(lif, **changes, **other_changes)
                if other is not None:
                    yield Cause(f"{name} + {other_name}", None, lambda _, other=other: other)


def explain(other, lif):
    """What was changed to come from ``lif`` to ``other``, and the profile that it then is."""
    said = differences(other, lif)
    names = profiles_of(other)
    if names and names != profiles_of(lif):
        said.append(f"this is exactly profile {names[0]}")
        if names[1:]:
            said[-1] += f" (the same as {', '.join(names[1:])})"
    return ", and ".join(said)


def differences(other, lif):
    """What was changed to come from ``lif`` to ``other``, a sentence for each axis."""
    said, told = [], set()
    for _, sentence, changes in _changes(lif):
        if set(changes) - told and all(
            _same(getattr(other, name), value) for name, value in changes.items()
        ):
            said.append(sentence)
            told |= set(changes)
    for name in (*NUMBERS, "lower", "refractory"):
        value = getattr(other, name)
        if name not in told and not _same(value, getattr(lif, name)):
            said.append(f"your {name} is {value}")
    return said


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
