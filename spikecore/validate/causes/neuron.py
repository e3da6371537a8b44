"""Neurons: the currents on which they are compared, and each axis of ``LIF`` changed.

Every trial is chosen because it parts some pair of neurons.  All but the last have the same shape,
so that state carried from call to call shows.
"""

import math
from dataclasses import fields, replace

import numpy as np

from spikecore import random
from spikecore.neurons.lif import LIF
from spikecore.neurons.simulators import PROFILES
from spikecore.validate.candidate import Observed
from spikecore.validate.causes.points import Points
from spikecore.validate.follow import walk
from spikecore.validate.subject import Trial

# Axes that must fall back to these when a change takes away what they need.
NEUTRAL = {"decay_reset": False, "drop_input": False, "report_spike": "new", "reset_value": 0.0}
NUMBERS = ("decay", "gain", "threshold", "leak", "amplitude")
WIDTH = 64
EDGE_STEPS = 48
CANDIDATES = 512  # edge columns to choose from
# Numbers of parts of the neuron that are there or not, and what each is without its part.
PARTS = {
    "lower": None, "refractory": 0, "input_delay": 0, "initial": None, "threshold_low": None,
    "synapse_decay": None, "synapse_gain": 1.0, "adaptation_decay": None, "adaptation_scale": 1.0,
    "map_scale": 1.0, "map_onset": 0.0, "map_slope": 1.0,
}  # fmt: skip
AXES = tuple(field.name for field in fields(LIF) if field.name not in (*NUMBERS, *PARTS))


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


# --- trials -------------------------------------------------------------------------------------


def trials(subject, dtype):
    """The default trials, in the order in which they are run."""
    lif = subject.lif
    unit = float(lif.threshold) / abs(float(lif.gain) or 1.0)
    offset = float(lif.leak) * (1 - float(lif.decay)) / (float(lif.gain) or 1.0)
    pulses = _pulses(lif, unit, dtype)
    columns = {
        "pulses": (pulses, "single pulses at, below and far above the threshold"),
        "pulses again": (pulses, "the same call repeated: nothing may be kept between calls"),
        "grid": (_grid(unit), "constant inputs on a grid of tenths, where float32 and 64 part"),
        "random": (_noise(unit, 96, (WIDTH,), 1), "noise around the threshold, negative too"),
        "strong": (4 * _noise(unit, 48, (WIDTH,), 2), "inputs of several thresholds a step"),
        "edge": (_edge(lif, unit, dtype), "membranes within a few ulp of the threshold"),
        "batch": (_noise(unit, 40, (3, 4), 3), "two axes: samples must not touch one another"),
    }
    if lif.inhibition:
        columns["alone"] = pulses[:, :, None], "neurons that have nobody to compete with"
    moved = {name: (array - offset if name in ("grid", "random") else array, why)
             for name, (array, why) in columns.items()}  # fmt: skip
    result = []
    for name, (array, why) in moved.items():
        earlier = tuple(trial.inputs for trial in result)
        result.append(Trial(name, np.ascontiguousarray(array, dtype), subject, why, earlier))
    return result


def _noise(unit, steps, shape, seed):
    uniform = random.uniforms(seed, (steps, *shape))
    return (1.3 * uniform - 0.4) * unit * (0.5 + uniform[:1])


def _grid(unit):
    levels = np.arange(1, WIDTH // 2 + 1) * 0.1
    constant = np.repeat(levels[None] % 2.5, 64, axis=0)
    mixed = np.rint(random.uniforms(4, (64, WIDTH // 2)) * 12 - 2) * 0.1
    return np.concatenate([constant, mixed], axis=1) * unit


def _pulses(lif, unit, dtype):
    """A pulse, silence, then another; the first at the threshold and its neighbours."""
    exact = to_reach(lif, dtype)
    around = [exact, np.nextafter(exact, dtype.type(np.inf)), np.nextafter(exact, dtype.type(0))]
    far = np.array([0.5, 1.5, 2, 2.5, 3, 3.5, 5, -0.5, -1, -2, -4]) * unit
    first = np.resize(np.concatenate([around, far]), WIDTH)
    pulses = np.zeros((24, WIDTH))
    pulses[1] = first
    columns = np.arange(WIDTH)
    gap = 2 + columns // len(around + list(far))
    pulses[gap, columns] = np.where(columns % 2, 0.4, 0.7) * unit
    pulses[12] = np.roll(first, 5)
    return pulses


def to_reach(lif, dtype):
    """The input that takes a resting membrane exactly to the threshold, where there is one."""
    gain, threshold = dtype.type(lif.gain), dtype.type(lif.threshold)
    leak = dtype.type(lif.leak)
    if not gain:
        return dtype.type(0)
    guess = (threshold - leak) / gain
    for _ in range(8):
        reached = leak + gain * guess
        if reached == threshold:
            break
        guess = np.nextafter(guess, dtype.type(np.inf if (reached < threshold) == (gain > 0)
                                               else -np.inf))  # fmt: skip
    return guess


def _edge(lif, unit, dtype):
    """Columns whose second step lands within a few ulp of the threshold; the telling ones first."""
    uniform = random.uniforms(5, (EDGE_STEPS, CANDIDATES))
    current = np.rint(uniform * 14 - 3) * 0.1 * unit
    decay, gain = dtype.type(lif.decay), dtype.type(lif.gain or 1)
    leak, threshold = dtype.type(lif.leak), dtype.type(lif.threshold)
    current[0] = -(0.5 + 3.5 * uniform[0]) * unit
    first = leak + gain * current[0].astype(dtype)
    missing = (threshold - (leak + decay * (first - leak))) / gain
    ulps = np.rint(uniform[2] * 4 - 2).astype(dtype)
    current[1] = missing + ulps * np.spacing(np.abs(missing))
    current = current.astype(dtype)
    return current[:, telling(lif, current)[:WIDTH]]


def telling(lif, current):
    """Columns ordered so that those on which precisions or comparisons part come first."""
    mistaken = [walk(lif, current, wide=True), walk(lif, current, fused="decay")]
    if lif.spikes == "single":
        turned = replace(lif, compare=">" if lif.compare == ">=" else ">=")
        mistaken.append(walk(turned, current))
    right = walk(lif, current).observed.spikes
    apart = [(walked.observed.spikes != right).any(axis=0) for walked in mistaken]
    groups = [np.flatnonzero(differs)[: WIDTH // 4] for differs in apart]
    first = np.unique(np.concatenate(groups))
    return np.concatenate([first, np.setdiff1d(np.arange(current.shape[1]), first)])


# --- one axis ------------------------------------------------------------------------------------


CHOICES = (
    ("compare", ">=", "you compare with >= (SpikingJelly, Sinabs, BindsNET do)"),
    ("compare", ">", "you compare with > (snnTorch, Norse, Lava, Nengo do)"),
    ("reset_at", "same", "you reset in the same step"),
    ("reset_at", "next", "you reset at the next step"),
    ("reset_at", "exchange", "you reset in the same step and give back a threshold that is still "
     "due (snnTorch's reset_delay=False)"),
    ("reset", "value", "you set the membrane to {lif.reset_value} where the threshold should be "
     "subtracted"),
    ("reset", "subtract", "you subtract the threshold where the membrane should be set to a value"),
    ("reset", "none", "you never reset"),
    ("decay_reset", False, "the threshold you subtract does not decay"),
    ("decay_reset", True, "the threshold you subtract decays with the membrane"),
    ("drop_input", False, "you keep the input of the step that resets"),
    ("drop_input", True, "you discard the input of the step that resets"),
    ("inhibition", False, "all your neurons may fire"),
    ("inhibition", True, "only your highest neuron may fire"),
    ("spikes", "multi", "you fire floor(v/threshold) spikes in a step (Sinabs does)"),
    ("spikes", "single", "you fire at most one spike in a step"),
    ("report_spike", "old", "you report the spike of the membrane before the update, one step late "
     "(Spyx does)"),
    ("report_spike", "new", "you report the spike of the updated membrane"),
)  # fmt: skip


def axis_changes(lif):
    """(name, sentence, changes) for every axis, the commonest mistakes first.

    A name says what the axis is set to, so that it means the same for every neuron.
    """
    for axis, value, sentence in CHOICES:
        needs = {"compare": ">="} if value == "multi" else {}
        yield f"{axis}={value}", sentence.format(lif=lif), {axis: value, **needs}
    yield from _refractory_changes(lif.refractory)
    yield from _part_changes(lif)
    for name, sentence, axis, value in _number_changes(lif):
        yield name, sentence, {axis: value}


def _refractory_changes(steps):
    yield "refractory=0", "you have no refractory time", {"refractory": 0}
    if steps:
        for more, word in ((1, "long"), (-1, "short")):
            sentence = f"your refractory time is a step too {word}"
            yield f"refractory{more:+}", sentence, {"refractory": steps + more}
    for other_steps in (1, 2, 3, 5):
        sentence = f"your refractory time is {other_steps}"
        yield f"refractory={other_steps}", sentence, {"refractory": other_steps}


HOLDS = {
    "input": "your input is 0 while refractory, and your membrane moves and may fire",
    "membrane": "you hold the membrane while refractory",
    "spike": "your membrane moves while refractory, and cannot fire",
}
ORDERS = {
    "decay-jump-use": "your synaptic current decays, jumps by the input, and is used then",
    "jump-use-decay": "your synaptic current jumps, is used, and decays after that (Norse does)",
    "jump-decay-use": "your synaptic current jumps and decays before it is used (Sinabs, Rockpool "
    "do)",
    "use-decay-jump": "your synaptic current is used before it decays and jumps (NEST does)",
}


def _part_changes(lif):
    """Changes of the parts that this neuron has."""
    if lif.refractory:
        for value, sentence in HOLDS.items():
            yield (
                f"refractory_holds={value}", sentence,
                {"refractory_holds": value, "refractory_mode": "steps"},
            )  # fmt: skip
        sentence = "your refractory time ends within a step (Nengo's does)"
        fraction = {"refractory_holds": "membrane", "refractory_mode": "fraction"}
        yield "refractory_mode=fraction", sentence, fraction
        sentence = "your refractory time is in whole steps"
        yield "refractory_mode=steps", sentence, {"refractory_mode": "steps"}
    if lif.synapse_decay is not None:
        none = {"synapse_decay": None, "synapse_order": "decay-jump-use", "synapse_gain": 1.0}
        yield "synapse_decay=None", "you have no synaptic current", none
        for value, sentence in ORDERS.items():
            yield f"synapse_order={value}", sentence, {"synapse_order": value}
        sentence = "your synaptic current decays as the membrane does"
        yield "synapse_decay=decay", sentence, {"synapse_decay": lif.decay}
        yield "synapse_gain=1", "you do not scale the jumps", {"synapse_gain": 1.0}
    if lif.adaptation_decay is not None:
        none = {"adaptation_decay": None, "adaptation_of": "threshold", "adaptation_scale": 1.0}
        yield "adaptation_decay=None", "you do not adapt", none
        for value in ("threshold", "input"):
            yield f"adaptation_of={value}", f"you adapt the {value}", {"adaptation_of": value}
        share = 1 - float(lif.adaptation_decay)
        if share:
            sentence = "a spike adds the whole scale to your adaptation, not 1 - decay of it"
            whole = {"adaptation_scale": float(lif.adaptation_scale) / share}
            yield "adaptation_scale/(1-decay)", sentence, whole
            sentence = "a spike adds 1 - decay of the scale to your adaptation, not the whole"
            part = {"adaptation_scale": float(lif.adaptation_scale) * share}
            yield "adaptation_scale*(1-decay)", sentence, part
    if lif.threshold_low is not None:
        yield "threshold_low=None", "you have no spikes of -1", {"threshold_low": None}
        sentence = "your lower threshold is the negative of the upper one"
        yield "threshold_low=-threshold", sentence, {"threshold_low": -float(lif.threshold)}
    if lif.spike_map != "linear":
        linear = {name: PARTS[name] for name in ("map_scale", "map_onset", "map_slope")}
        sentence = f"you have no {lif.spike_map} spike map"
        yield "spike_map=linear", sentence, {"spike_map": "linear", **linear}
        sentence = "you do not scale the spike map by the gain"
        scaled = {"map_scale": float(lif.map_scale) / (float(lif.gain) or 1.0)}
        yield "map_scale/gain", sentence, scaled
        sentence = "your spike map begins at the threshold"
        yield "map_onset=threshold", sentence, {"map_onset": lif.threshold}
    if lif.input_delay:
        yield "input_delay=0", "your input arrives at once", {"input_delay": 0}
        for more, word in ((1, "late"), (-1, "early")):
            sentence = f"your input arrives a step too {word}"
            yield f"input_delay{more:+}", sentence, {"input_delay": lif.input_delay + more}
    if lif.initial is not None:
        yield "initial=None", "you begin at the leak, not at initial", {"initial": None}


def _number_changes(lif):
    decay, gain, threshold = float(lif.decay), float(lif.gain), float(lif.threshold)
    yield from (
        ("lower=0", "your membrane never falls below 0", "lower", 0.0),
        ("lower=None", "your membrane may fall below the bound", "lower", None),
        ("reset_value=0", "you reset to 0, not to reset_value", "reset_value", 0.0),
        ("reset_value=leak", "you reset to the leak, not to reset_value", "reset_value", lif.leak),
        ("leak=0", "your membrane decays to 0, not to the leak", "leak", 0.0),
        ("gain=1", "you do not scale the input by the gain", "gain", 1.0),
        ("gain=1-decay", "you scale the input by 1 - decay (SpikingJelly, Norse, Sinabs do by "
         "default)", "gain", 1 - decay),
        ("gain*decay", "you decay the input together with the membrane", "gain", gain * decay),
        ("gain/2", "you halve the input", "gain", gain / 2),
        ("gain*2", "you double the input", "gain", gain * 2),
        ("-gain", "the sign of your input is reversed", "gain", -gain),
        ("decay=0", "you forget the membrane between steps", "decay", 0.0),
        ("decay=1", "your membrane does not decay", "decay", 1.0),
        ("1-decay", "you use 1 - decay for the decay", "decay", 1 - decay),
        ("exp(decay-1)", "you have exp(-dt/tau) where the reference has 1 - dt/tau", "decay",
         math.exp(decay - 1)),
    )  # fmt: skip
    if decay == 0 or decay >= math.exp(-1):
        euler = 1 + math.log(decay) if decay else 0.0
        sentence = "you have 1 - dt/tau, an Euler step, where the reference has exp(-dt/tau)"
        yield "1+ln(decay)", sentence, "decay", euler
    yield "decay**2", "your membrane decays twice in a step", "decay", decay * decay
    yield "sqrt(decay)", "your membrane decays half in a step", "decay", math.sqrt(decay)
    yield "threshold=1", "your threshold is 1", "threshold", 1.0
    yield "threshold/2", "you halve the threshold", "threshold", threshold / 2
    yield "threshold*2", "you double the threshold", "threshold", threshold * 2
    yield "amplitude=1", "your spikes are 1, not of the amplitude asked for", "amplitude", 1.0


# --- in words ------------------------------------------------------------------------------------


def explain(found, lif):
    """What was changed to come from ``lif`` to ``found``, and the profile that it then is."""
    said = differences(found, lif)
    kept = all(_same(getattr(found, number), getattr(lif, number)) for number in NUMBERS)
    names = [name for name in profiles_of(found) if kept or found == LIF.profile(name)]
    if names and names != profiles_of(lif):
        said.append(f"this is exactly profile {names[0]}")
        if names[1:]:
            said[-1] += f" (the same as {', '.join(names[1:])})"
    return ", and ".join(said)


def differences(found, lif):
    """What was changed to come from ``lif`` to ``found``, a sentence for each axis."""
    said, told = [], set()

    def values(name):
        return f"{getattr(found, name):.6g}, not {getattr(lif, name):.6g}"

    for _, sentence, changes in _changes(lif):
        if set(changes) - told and all(
            _same(getattr(found, name), value) for name, value in changes.items()
        ):
            numbers = [f": {name} {values(name)}" for name in changes if name in NUMBERS]
            said.append("".join([sentence, *numbers]))
            told |= set(changes)
    for name in (*NUMBERS, *PARTS):
        value = getattr(found, name)
        if name not in told and not _same(value, getattr(lif, name)):
            said.append(f"your {name} is {values(name) if name in NUMBERS else value}")
    for name in AXES:
        if name not in told and not _same(getattr(found, name), getattr(lif, name)):
            said.append(f"your {name} is {getattr(found, name)!r}")
    return said


def profiles_of(lif):
    """Names of the profiles with the axes of ``lif``, whatever their numbers."""

    def has(neuron, part):
        return not _same(getattr(neuron, part), PARTS[part])

    def same(profile):
        parts = ("lower", "refractory", "input_delay", "threshold_low", "synapse_decay",
                 "adaptation_decay")  # fmt: skip
        built = all(has(lif, part) == has(profile, part) for part in parts)
        return built and all(_same(getattr(lif, a), getattr(profile, a)) for a in AXES)

    return [name for name in PROFILES if same(LIF.profile(name))]


def _changes(lif):
    """The single changes that change something."""
    for name, sentence, changes in axis_changes(lif):
        if any(not _same(getattr(lif, key), value) for key, value in changes.items()):
            yield name, sentence, changes


def _same(a, b):
    return a is b if a is None or b is None else np.array_equal(a, b)


KEPT = ("decay", "threshold", "gain")
POINTS = Points(LIF.profile, PROFILES, KEPT, axis_changes, _changes, changed, profiles_of)
