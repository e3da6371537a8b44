"""The neurons of other simulators: the spikes that they gave, and their states.

Reads ``tests/golden/simulators``, or the folder ``simulators`` inside the one that the environment
variable SPIKECORE_GOLDEN names, and runs every recording that it finds there.  What cannot be
reproduced is excluded by a rule in one table, with its reason.  Spikes are equal; states are within
a tolerance, which has its reason beside it.
"""

import ast
import collections
import dataclasses
import functools
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from spikecore import LIF

FOLDER = Path(os.environ.get("SPIKECORE_GOLDEN", Path(__file__).parent / "golden")) / "simulators"
CASES = {case["case"]: case for case in json.loads((FOLDER / "manifest.json").read_text())["cases"]}
RECORDINGS = [case for case in CASES.values() if case["kind"].startswith("recorded")]


class Rule(NamedTuple):
    """Recordings that are not compared: those of a peer whose call or model has this name."""

    peer: str
    function: str
    reason: str

    def holds(self, recording):
        return (self.peer, self.function) == (peer_of(recording), function_of(recording))


EXCLUDED = [
    Rule("NEST", "iaf_psc_alpha", "its current is an alpha function, of two states"),
    Rule("Norse", "LIFAdExCell", "its adaptation follows the membrane, not the spikes alone"),
    Rule("Norse", "LIFAdExRefracCell", "its adaptation follows the membrane, not the spikes alone"),
    Rule("Norse", "IzhikevichCell", "its recovery follows the membrane"),
    Rule("SpikingJelly", "KLIFNode", "its membrane is scaled and rectified before the spike test"),
    Rule("SpikingJelly", "IzhikevichNode", "its adaptation follows the membrane"),
    Rule("Nengo", "RegularSpiking", "it counts the integral of a rate, without a membrane"),
]

# How far a state may be away, by the peer and the dtype.  Spikes are always equal.
OTHER_ORDER = 1e-9  # float64 in another order of operations, of numbers up to some tens
OTHER_ORDER_FLOAT32 = 1e-5  # float32 in another order, such as v + (x - v)/tau
FLOAT32_PARAMETERS = 1e-7  # time constants that are float32 in float64 runs too
ROUNDED_PARAMETERS = {("Norse", "LIFCell"), ("Norse", "LIFRefracCell"), ("Norse", "LIFExCell"),
                      ("Sinabs", "ALIF")}  # fmt: skip


def tolerance(recording):
    if recording["case"].endswith("float32"):
        return OTHER_ORDER_FLOAT32
    rounded = (peer_of(recording), function_of(recording)) in ROUNDED_PARAMETERS
    return FLOAT32_PARAMETERS if rounded else OTHER_ORDER


# --- what a recording says ------------------------------------------------------------------------


@functools.cache
def arrays():
    with np.load(FOLDER / "data.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def array(recording, name):
    return arrays()[f"{recording['case']}/{name}"]


def inputs(recording):
    """The input of the cases of torch, Nengo and Brian2, in the dtype of the case."""
    case = next(case for case in CASES.values() if list(case["arrays"]) == ["input"])
    dtype = np.float32 if recording["case"].endswith("float32") else np.float64
    return arrays()[f"{case['case']}/input"].astype(dtype)


def peer_of(recording):
    return recording["kind"].removeprefix("recorded, ").split()[0]


def function_of(recording):
    """The name of the class or of the model; for Brian2, of how the input arrives."""
    if "model" in recording:
        return recording["model"]
    return re.match(r"[\w/]+", recording["call"])[0]


def arguments_of(recording):
    """The keyword arguments of the call, and whether it has more that are not written."""
    text = recording["call"]
    depths = np.cumsum([(c == "(") - (c == ")") for c in text])
    end = next(i for i, c in enumerate(text) if c == ")" and not depths[i])
    call = ast.parse(text[: end + 1]).body[0].value
    given = {}
    for keyword in call.keywords:
        try:
            given[keyword.arg] = ast.literal_eval(keyword.value)
        except ValueError:  # the name of a function
            given[keyword.arg] = ast.unparse(keyword.value)
    return given, bool(call.args)


# --- one function a peer: the neuron, its input, and pairs of a state's name and what is compared -


class Comparison(NamedTuple):
    """Spikes, and states by a name to show: what spikecore gives, and what was recorded."""

    spikes: tuple
    states: dict


def compare(recording, lif, x, device, states, state=(), fired="spikes"):
    """Run a neuron; ``states`` are names of its states and of what was recorded."""
    run = lif.run(x, *state, record=lif.recordable, device=device)
    found = {name: (run.recorded[ours], array(recording, name)) for ours, name in states}
    return run, Comparison((run.spikes, array(recording, fired)), found)


def nest(recording, device):
    """Spikes of a time label k are those of step k - 1, which ends there."""
    given, exponential = dict(recording["params"]), recording["model"] == "iaf_psc_exp"
    weight, dt, num_steps = recording["weight"], recording["dt_ms"], recording["steps"]
    resting = given.get("E_L", -70.0)
    assert given.pop("V_m", resting) == resting
    x = np.zeros(num_steps)
    if "in_spike_steps" in recording["arrays"]:
        np.add.at(x, array(recording, "in_spike_steps") - 1, weight)
        if exponential:  # all weights have one sign, and the other synapse is silent
            silent, used = ("tau_syn_in", "tau_syn_ex")[:: 1 if weight > 0 else -1]
            given[silent] = given[used]
    else:
        x[:], given["input"] = array(recording, "current_pA"), "current"
    profile = "nest-exp" if exponential else "nest-delta"
    lif = LIF.from_units(profile, dt=dt, delay=dt, **given)
    run = lif.run(x, record=lif.recordable, device=device)
    steps = array(recording, "vtimes_steps") - 1
    states = {"v": (run.recorded["membrane"][steps] + resting, array(recording, "v"))}
    if "synapse" in run.recorded:
        states["i_syn"] = run.recorded["synapse"][steps], array(recording, "i_syn")
    return Comparison((np.flatnonzero(run.spikes) + 1, array(recording, "spike_steps")), states)


def norse(recording, device):
    given, _ = arguments_of(recording)
    function = function_of(recording)
    names = {"LIFCell": "norse-lif", "LIFRefracCell": "norse-lif-refrac", "IAFCell": "norse-iaf"}
    states = [("membrane", "v")]
    if function == "LIFExCell":
        lif = exponential_norse(**given)
    else:
        lif = LIF.from_units(names[function], **given)
    if function != "IAFCell":
        states.append(("synapse", "i"))
    if lif.refractory:
        states.append(("refractory", "rho"))
    return compare(recording, lif, inputs(recording), device, states)[1]


def exponential_norse(v_th=1.0, **given):
    """``LIFExCell``: Norse's cell with SpikingJelly's map."""
    slope = given.pop("delta_T", 0.5)
    lif = LIF.from_units("norse-lif", v_th=v_th, **given)
    numbers = {"map_scale": lif.gain * slope, "map_onset": v_th, "map_slope": slope}
    return dataclasses.replace(lif, spike_map="exponential", **numbers)


def spikingjelly(recording, device):
    given, _ = arguments_of(recording)
    name = {
        "IFNode": "spikingjelly-if", "LIFNode": "spikingjelly",
        "ParametricLIFNode": "spikingjelly-plif", "QIFNode": "spikingjelly-qif",
        "EIFNode": "spikingjelly-eif", "CUBALIFNode": "spikingjelly-cuba",
    }[function_of(recording)]  # fmt: skip
    lif = LIF.from_units(name, **given)
    return compare(recording, lif, inputs(recording), device, [("membrane", "v")])[1]


def sinabs(recording, device):
    given, more = arguments_of(recording)
    function, x = function_of(recording), inputs(recording)
    states = [("membrane", "v_mem")]
    if function == "ExpLeak":  # its output is its membrane
        lif = dataclasses.replace(
            LIF.from_units("sinabs", **{"norm_input": False, **given}),
            reset="none", reset_at="next",
        )  # fmt: skip
        run, found = compare(recording, lif, x, device, states)
        states = {**found.states, "spikes": (run.recorded["membrane"], found.spikes[1])}
        return Comparison((run.spikes, run.spikes), states)
    if function != "ALIF":
        name = "sinabs-iaf" if function == "IAF" else "sinabs"
        return compare(recording, LIF.from_units(name, **given), x, device, states)[1]
    if more:  # the arguments of the other recording
        given = {"tau_mem": 10, "tau_adapt": 20, "norm_input": False, **given}
    multiple = given.pop("spike_fn", "SingleSpike") == "MultiSpike"
    lif = LIF.from_units("sinabs-alif", **given)
    if multiple:
        lif = dataclasses.replace(lif, spikes="multi")
    run, found = compare(recording, lif, x, device, states)
    scale, adaptation = given.get("adapt_scale", 1.8), run.recorded["adaptation"]
    found.states["b"] = adaptation, scale * array(recording, "b")
    found.states["spike_threshold"] = 1 + adaptation, array(recording, "spike_threshold")
    return found


def nengo(recording, device):
    given, _ = arguments_of(recording)
    function, dt, x = function_of(recording), 0.001, array(recording, "J")
    if function == "SpikingRectifiedLinear":  # whose input is rectified before it is integrated
        lif = LIF(1.0, gain=dt, compare=">=", reset_at="same", spikes="multi")
        return compare(recording, lif, np.maximum(x, 0), device, [("membrane", "v")])[1]
    name = "nengo-adaptive" if function == "AdaptiveLIF" else "nengo"
    lif = LIF.from_units(name, dt=dt, **given)
    states = [("membrane", "v")]
    names = ("n", "adaptation")
    states += [("adaptation", name) for name in names if name in recording["arrays"]]
    run, found = compare(recording, lif, x, device, states)
    if lif.refractory:  # Nengo counts on below 0
        left = np.maximum(array(recording, "refractory_time") / dt, 0)
        found.states["refractory_time"] = run.recorded["refractory"], left
    return found


def brian2(recording, device):
    said = recording["call"]
    number = {
        name: float(value) for name, value in re.findall(r"(refractory|dt|tau) ([\d.]+) ms", said)
    }
    if "jump" in said:
        return brian2_jumps(recording, device, number["refractory"])
    method = re.search(r"method=(\w+)", said)[1]
    held = number["refractory"] if "(unless refractory)" in said else 0.0
    lif = LIF.from_units("brian2", dt=number["dt"], tau=number["tau"], method=method,
                         refractory=held)  # fmt: skip
    if number["refractory"] and not held:  # the membrane moves, and cannot fire
        steps = int(number["refractory"] / number["dt"] + 1e-3) - 1
        lif = dataclasses.replace(lif, refractory=steps, refractory_holds="spike")
    if "v>=1" in said:
        lif = dataclasses.replace(lif, compare=">=")
    if "v-=1" in said:
        lif = dataclasses.replace(lif, reset="subtract")
    factors = re.search(r"I=([\d.]+)\*input \(([\d.]+)\* at dt 0.1\)", said)
    x = inputs(recording) * float(factors[2 if number["dt"] == 0.1 else 1])
    run, found = compare(recording, lif, x, device, [("membrane", "v_end")])
    membrane = run.recorded["membrane"]
    before = np.concatenate([0 * membrane[:1], membrane[:-1]])
    found.states["v_start"] = before, array(recording, "v_start")
    return found


def brian2_jumps(recording, device, refractory):
    """Jumps come after the spike test of their step, so the next step decays and tests them.

    Those of the spike's own step and of the refractory ones are lost.  tau is 10 ms, and dt 1 ms.
    """
    decay, weights = np.exp(-0.1), array(recording, "w")
    x = np.zeros((len(array(recording, "spikes")), len(weights)))
    np.add.at(x, array(recording, "in_steps"), weights)
    waiting = max(1, int(refractory))
    lif = LIF(decay, gain=decay, reset="value", reset_at="same", refractory=waiting, input_delay=1)
    run, found = compare(recording, lif, x, device, [])
    # The jump of a step is in the recorded membrane, and in ours a step later, decayed.
    silent = ~run.spikes[1:].astype(bool)
    ours, theirs = run.recorded["membrane"][1:], decay * array(recording, "v_end")[:-1]
    found.states["v_end"] = ours[silent], theirs[silent]
    return found


def rockpool(recording, device):
    given, _ = arguments_of(recording)
    lif = LIF.from_units("rockpool", **given)
    names = {"v": "membrane", "vmem": "membrane", "i": "synapse", "isyn": "synapse"}
    states = [(names[name], name) for name in recording["arrays"] if name in names]
    return compare(recording, lif, inputs(recording), device, states)[1]


def lava(recording, device):
    given, _ = arguments_of(recording)
    name = "lava-refractory" if function_of(recording) == "LIFRefractory" else "lava-synapse"
    lif = LIF.from_units(name, **given)
    states = [(ours, name) for ours, name in (("membrane", "v"), ("synapse", "u"))]
    return compare(recording, lif, inputs(recording), device, states)[1]


RUNS = {
    "NEST": nest, "Norse": norse, "SpikingJelly": spikingjelly, "Sinabs": sinabs, "Nengo": nengo,
    "Brian2": brian2, "Rockpool": rockpool, "Lava": lava,
}  # fmt: skip


# --- tests --------------------------------------------------------------------------------------


def reason_to_leave_out(recording):
    """Why a recording is not compared, or None."""
    return next((rule.reason for rule in EXCLUDED if rule.holds(recording)), None)


COMPARED = [recording for recording in RECORDINGS if reason_to_leave_out(recording) is None]


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("recording", COMPARED, ids=[r["case"] for r in COMPARED])
def test_a_recorded_neuron_gives_what_the_simulator_gave(recording, device):
    (spikes, expected), states = RUNS[peer_of(recording)](recording, device)
    np.testing.assert_array_equal(spikes, expected, err_msg="spikes")
    assert states
    for name, (ours, theirs) in states.items():
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance(recording), err_msg=name)


def test_how_many_recordings_are_compared(capsys):
    reasons = collections.Counter(map(reason_to_leave_out, RECORDINGS))
    compared = reasons.pop(None)
    with capsys.disabled():
        print(f"\n{compared} of {len(RECORDINGS)} recorded neurons are compared; left out:")
        for reason, count in reasons.most_common():
            print(f"  {count:4} {reason}")
    assert compared == len(COMPARED) > 0


def test_every_recorded_array_belongs_to_a_case():
    named = {f"{case}/{name}" for case in CASES for name in CASES[case]["arrays"]}
    assert set(arrays()) == named
