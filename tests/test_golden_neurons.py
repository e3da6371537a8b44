"""The neurons and the network recorded from snnTorch 1.0.0: the same spikes, the same membranes.

Inhibition is an erratum: snnTorch also resets the neurons that it kept from firing.  Its
documentation says that only the neuron with the highest membrane fires, and what does not fire is
not reset; that is written out below.
"""

import functools
import json
from pathlib import Path

import numpy as np
import pytest

from spikecore import LIF, leaky_integrate_and_fire, neurons
from spikecore.network import Linear, Sequential

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    case["id"]: case
    for case in json.loads((GOLDEN / "manifest.json").read_text())["cases"]
    if case["module"] in ("neurons", "network")
}
DEVICES = ("cpu", "numpy")
MODELS = ("Leaky", "Lapicque", "Synaptic", "Alpha", "RLeaky")
EPSILON = np.finfo(np.float32).eps


@functools.cache
def arrays():
    with np.load(GOLDEN / "arrays.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files if name.startswith(("neu", "net"))}


def stored(case, kind):
    return [arrays()[name] for name in case[kind]]


def recorded_run(case, device):
    """Spikes and states in the order in which snnTorch returns them."""
    neuron = getattr(neurons, case["function"])(**case["kwargs"])
    (current,) = stored(case, "inputs")
    before = current.copy()
    states = [name for name in neuron.state_names if name != "spikes"]
    run = neuron.run(current, record=states, device=device)
    np.testing.assert_array_equal(current, before)
    return [run.spikes, *(run.recorded[name] for name in states)]


def only_the_winner_is_reset(current, beta):
    """Leaky with inhibition as documented, a neuron at a time."""
    spikes, membranes = np.zeros_like(current), np.zeros_like(current)
    beta, one = np.float32(beta), np.float32(1)
    for sample in range(current.shape[1]):
        v = [np.float32(0)] * current.shape[2]
        fired = None
        for t, row in enumerate(current[:, sample]):
            for i, x in enumerate(row):
                v[i] = beta * v[i] + x
                if i == fired:
                    v[i] = v[i] - one
            highest = v.index(max(v))
            fired = highest if v[highest] > one else None
            if fired is not None:
                spikes[t, sample, fired] = 1
            membranes[t, sample] = v
    return [spikes, membranes]


# Zeros are equal whatever their sign: snnTorch computes 0*x - 0 where nothing is left to reset.
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "case", [c for c in CASES.values() if c["function"] in MODELS], ids=lambda case: case["id"]
)
def test_a_recorded_neuron_gives_what_snntorch_gave(case, device):
    ours = recorded_run(case, device)
    theirs = stored(case, "outputs")
    if "erratum" in case:
        assert case["kwargs"] == {"beta": 0.9, "inhibition": True}
        documented = only_the_winner_is_reset(*stored(case, "inputs"), beta=0.9)
        assert (documented[0] != theirs[0]).any(), "the erratum no longer makes a difference"
        theirs = documented
    assert len(ours) == len(theirs)
    np.testing.assert_array_equal(ours[0], theirs[0], strict=True)
    silent = case["id"] == "neurons.Lapicque-183"  # beta alone makes the input small
    assert theirs[0].any() != silent
    for mine, recorded in zip(ours[1:], theirs[1:], strict=True):
        if case["function"] == "Lapicque":
            assert mine.dtype == recorded.dtype
            assert np.abs(mine - recorded).max() <= lapicque_bound(case, recorded)
        else:
            np.testing.assert_array_equal(mine, recorded, strict=True)


def lapicque_bound(case, membrane):
    """How far roundings may part two ways of writing one step.

    snnTorch multiplies the input by R, by 1/(R*C) and by time_step, four roundings; ours is
    multiplied once by a rounded number, two.  Its decay is rounded twice more than ours, and each
    side rounds its product and its sums, so that a step parts them by no more than
    4 + 2 + 2 + 2*3 = 14 half-ulps of the largest number in it (a membrane, before or after a reset
    by 1), which 1/(1 - decay) steps add up.  Spikes are equal, so resets do not part them further.
    """
    largest = np.abs(membrane).max() + 1
    decay = 0.9  # of all the recorded calls: 1 - 1/(5*2), and 1 + ln(0.9) = 0.895
    return 14 * EPSILON / 2 * largest / (1 - decay)


def test_lapicque_membranes_are_a_few_ulp_away_in_fact():
    for case in CASES.values():
        if case["function"] == "Lapicque":
            ours, theirs = recorded_run(case, "numpy")[1], stored(case, "outputs")[1]
            # measured: 1 to 2 ulp of the largest membrane, and 7 where it is 0.4 (beta alone)
            assert np.abs(ours - theirs).max() <= 8 * np.spacing(np.abs(theirs).max())


def test_the_tutorials_neuron_step_by_step():
    case = CASES["neurons.leaky_integrate_and_fire-188"]
    (inputs,) = stored(case, "inputs")
    spikes, membranes = stored(case, "outputs")
    membrane = np.float32(0)
    for t, x in enumerate(inputs):
        spike, membrane = leaky_integrate_and_fire(membrane, x, **case["kwargs"])
        assert spike.dtype == membrane.dtype == np.float32
        assert (spike, membrane) == (spikes[t], membranes[t]), t
    assert len(inputs) == 200 and spikes.any()


@pytest.mark.parametrize("device", DEVICES)
def test_the_tutorials_neuron_as_a_profile(device):
    case = CASES["neurons.leaky_integrate_and_fire-188"]
    (inputs,) = stored(case, "inputs")
    spikes, membranes = stored(case, "outputs")
    names = {"w": "gain", "beta": "decay", "threshold": "threshold"}
    lif = LIF.profile("tutorial", **{names[k]: value for k, value in case["kwargs"].items()})
    run = lif.run(inputs, device=device)
    np.testing.assert_array_equal(run.spikes, spikes, strict=True)
    np.testing.assert_array_equal(run.recorded["membrane"], membranes, strict=True)


def drift(weight, bias, spikes, membranes, beta):
    """How far the order of the sums may part the membranes of a layer, step by step.

    A sum of n products rounded in any order is within n*eps/2 * sum|w*s| of the exact one to first
    order, the bias counted among them; two such sums are within n*eps of each other.  What parts
    the membranes then decays by beta, and each side rounds a product and two sums more.
    """
    terms = weight.shape[1] + 1
    allowed = np.zeros(membranes.shape[1:])
    for s, v in zip(spikes, membranes, strict=True):
        sums = np.abs(s).astype(np.float64) @ np.abs(weight.T).astype(np.float64) + np.abs(bias)
        allowed = beta * allowed + terms * EPSILON * sums + 3 * EPSILON * (np.abs(v) + 1 + sums)
        yield allowed.copy()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("exact", [False, True])
def test_the_recorded_network(exact, device):
    case = CASES["network.feedforward-189"]
    spikes, w1, b1, w2, b2 = stored(case, "inputs")
    assert case["kwargs"] == {"beta": 0.99, "sizes": [64, 100, 10]}
    spk1, mem1, spk2, mem2 = stored(case, "outputs")
    leaky = neurons.Leaky(beta=case["kwargs"]["beta"])
    net = Sequential(Linear(w1, b1), leaky, Linear(w2, b2), leaky)
    run = net.run(spikes, exact=exact, device=device)
    layers = [
        (run["leaky1"], w1, b1, spikes, spk1, mem1),
        (run["leaky2"], w2, b2, spk1, spk2, mem2),
    ]
    for layer, weight, bias, source, fired, membranes in layers:
        np.testing.assert_array_equal(layer.spikes, fired.astype(np.uint8), strict=True)
        assert fired.any()
        ours = layer.recorded["membrane"]
        assert ours.dtype == membranes.dtype
        bounds = np.array(list(drift(weight, bias, source, membranes, 0.99)))
        assert bounds.max() < 1e-3  # a worst case, that still tells a wrong weight from rounding
        assert (np.abs(ours.astype(np.float64) - membranes) <= bounds).all()


def test_every_recorded_case_is_run():
    functions = {case["function"] for case in CASES.values()}
    assert functions == {*MODELS, "leaky_integrate_and_fire", "feedforward"}
    assert len(CASES) == 27
    alone = [c["id"] for c in CASES.values() if c["function"] not in MODELS]
    assert alone == ["neurons.leaky_integrate_and_fire-188", "network.feedforward-189"]
    assert [c["id"] for c in CASES.values() if "erratum" in c] == ["neurons.Leaky-172"]


def test_every_stored_array_belongs_to_a_case():
    used = {name for case in CASES.values() for name in case["inputs"] + case["outputs"]}
    assert set(arrays()) == used
