"""What hardware and its models computed in integers: the same currents, membranes and spikes.

Reads ``tests/golden/fixed``, or the folder ``fixed`` inside the one that the environment variable
SPIKECORE_GOLDEN names, and runs every recording that it finds there.  What cannot be reproduced is
excluded by a rule in one table, with its reason.
"""

import collections
import functools
import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from spikecore import LIF, Leaky, Synaptic, spikegen
from spikecore.neurons import Quantized, fixed, state_levels

FOLDER = Path(os.environ.get("SPIKECORE_GOLDEN", Path(__file__).parent / "golden")) / "fixed"
RECORDINGS = json.loads((FOLDER / "manifest.json").read_text())["cases"]


class Rule(NamedTuple):
    """Recordings that are not compared: those of this kind, where the condition holds."""

    reason: str
    kind: str  # a part of it
    when: object = lambda recording: True

    def holds(self, recording):
        return self.kind in recording["kind"] and self.when(recording)


EXCLUDED = []


@functools.cache
def arrays():
    with np.load(FOLDER / "data.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def array(recording, name):
    return arrays()[f"{recording['case']}/{name}"]


# --- one function a kind: pairs of an array's name and what spikecore gives -----------------------


def loihi(params):
    """The neuron of a recording's parameters, by Lava's names."""
    named = {
        "du": "synapse_decay", "dv": "decay", "vth": "threshold", "vth_hi": "threshold",
        "vth_lo": "lower_threshold", "bias_mant": "bias", "bias_exp": "bias_exponent",
        "reset_interval": "reset_interval", "reset_offset": "reset_offset",
    }  # fmt: skip
    return fixed.LIF.profile("loihi", **{named[name]: value for name, value in params.items()})


def states(run):
    yield "u", run.recorded["synapse"]
    yield "v", run.recorded["membrane"]
    yield "spikes", run.spikes


def lava(recording, device):
    neuron = loihi(recording["params"])
    run = neuron.run(array(recording, "a"), record=neuron.state_names, dtype=np.int8, device=device)
    yield from states(run)


def lava_float(recording, device):
    """The synaptic current of ``Synaptic``, and with the bias the input of ``LIF``."""
    params, current = recording["params"], array(recording, "a")
    yield from floating(params, current, device)


def floating(params, current, device):
    synaptic = Synaptic(1 - params["du"], 0.5)
    u = synaptic.run(current, record=("synapse",), device=device).recorded["synapse"]
    yield "u", u
    lif = LIF(1 - params["dv"], params["vth"], reset="value", reset_at="same")
    run = lif.run(u + np.asarray(params.get("bias_mant", 0.0)), dtype=np.int8, device=device)
    yield "v", run.recorded["membrane"]
    yield "spikes", run.spikes


def lava_refractory(recording, device):
    """The membrane is held while it waits."""
    given = dict(recording["params"])
    lif = LIF.from_units("lava-refractory", **given)
    current = array(recording, "a")
    run = lif.run(current, record=("synapse", "membrane"), dtype=np.int8, device=device)
    yield from states(run)


def state_quant(recording, device):
    given = dict(recording["params"])
    if "thr_centered" in given:
        given["threshold_centered"] = given.pop("thr_centered")
    neuron = Quantized(Leaky(0.9), state_levels(**given))
    yield "y", neuron.quantize(array(recording, "x"))
    run = neuron.run(array(recording, "current"), device=device)
    yield "v", run.recorded["membrane"]
    yield "spikes", run.spikes


def layer(recording, name):
    """A Dense layer, whose options were recorded as text."""
    options = {}
    for option, text in recording["dense"].items():
        if option == "weight_exp":
            options["exponent"] = int(text)
        elif option == "num_weight_bits":
            options["bits"] = int(text)
        else:
            assert option == "sign_mode", option
            modes = {"EXC": "excitatory", "INH": "inhibitory", "MIX": "mixed"}
            options["sign_mode"] = next(m for part, m in modes.items() if part in text.upper())
    return fixed.Linear.profile("loihi", array(recording, name), **options)


def lava_dense(recording, device):
    spikes = array(recording, "input")
    if "floating" in recording["kind"]:
        late = np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])
        current = late.astype(np.float64) @ array(recording, "weight").T
        yield from floating(recording["lif"], current, device)
        return
    neuron = loihi(recording["lif"])
    current, _ = layer(recording, "weight").run(spikes, device=device)
    if "recurrent" not in recording["arrays"]:
        yield from states(neuron.run(current, record=neuron.state_names, device=device))
        return
    recurrent, state = layer(recording, "recurrent"), ()
    fired = np.zeros(current.shape[1:], np.int8)
    seen = collections.defaultdict(list)
    for x in current:
        total = x + recurrent(fired, device=device)  # of the step before
        fired, *state = neuron(total, *state, device=device)
        for name, value in zip(("spikes", "u", "v"), (fired, *state), strict=True):
            seen[name].append(value)
    yield from ((name, np.array(values)) for name, values in seen.items())


def tinyodin(recording, device):
    params, weight = recording["params"], array(recording, "weight")
    neuron = fixed.LIF.profile("tinyodin", decay=params["leak"], threshold=params["threshold"])
    is_event = array(recording, "syn_event") != 0  # nothing happens in a cycle without one
    ticks = is_event & (array(recording, "time_ref") != 0)
    inputs = np.where(is_event, weight, 0)
    run = neuron.run(inputs, params["v0"], time_events=ticks, device=device)
    yield "v", run.recorded["membrane"]
    yield "spikes", run.spikes


def q_format(recording, device):
    params = recording["params"]
    neuron = fixed.LIF.profile("q-format", decay=params["beta"], threshold=params["threshold"])
    run = neuron.run(array(recording, "current"), device=device)
    yield "v", run.recorded["membrane"]
    yield "spikes", run.spikes


def lfsr(recording, device):
    """Levels as probabilities; the states are those below which a uniform level spikes."""
    bits, seed = recording["bits"], recording["seed"]
    levels, name = array(recording, "levels"), f"lfsr{recording['bits']}"
    options = {"generator": name, "shared": True, "seed": seed, "device": device}
    steps = len(array(recording, "states"))
    yield "spikes", spikegen.rate(levels / 2**bits, steps, **options)
    ramp = spikegen.rate((np.arange(2**bits) + 1) / 2**bits, steps, **options, dtype=bool)
    yield "states", ramp.argmax(axis=1)


RUNS = {  # the first that is a part of a recording's kind
    "Dense + LIF": lava_dense,
    "LIF, floating_pt": lava_float,
    "LIFRefractory, floating_pt": lava_refractory,
    "LIF, fixed_pt": lava,
    "LIFReset, fixed_pt": lava,
    "tinyODIN": tinyodin,
    "SystemVerilog": q_format,
    "Fibonacci LFSR": lfsr,
    "state_quant": state_quant,
}


# --- tests ----------------------------------------------------------------------------------------


def reason_to_leave_out(recording):
    """Why a recording is not compared, or None."""
    return next((rule.reason for rule in EXCLUDED if rule.holds(recording)), None)


COMPARED = [recording for recording in RECORDINGS if reason_to_leave_out(recording) is None]


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("recording", COMPARED, ids=[r["case"] for r in COMPARED])
def test_a_recorded_run_gives_what_the_hardware_gave(recording, device):
    run = next(run for kind, run in RUNS.items() if kind in recording["kind"])
    seen = set()
    for name, ours in run(recording, device):
        seen.add(name)
        theirs = array(recording, name)
        assert ours.shape == theirs.shape
        if theirs.dtype.kind == "f":  # Lava sums in another order
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
    given = {"levels", "x", "a", "input", "weight", "recurrent", "syn_event", "time_ref", "current"}
    assert set(recording["arrays"]) - given == seen


def test_how_many_recordings_are_compared(capsys):
    reasons = collections.Counter(map(reason_to_leave_out, RECORDINGS))
    compared = reasons.pop(None)
    with capsys.disabled():
        print(f"\n{compared} of {len(RECORDINGS)} recorded runs are compared; left out:")
        for reason, count in reasons.most_common():
            print(f"  {count:4} {reason}")
    assert compared == len(COMPARED) > 0


def test_every_rule_leaves_something_out():
    if "SPIKECORE_GOLDEN" in os.environ:  # others' recordings need not have each
        return
    for rule in EXCLUDED:
        assert any(rule.holds(recording) for recording in RECORDINGS), rule
