"""Each simulator's LIF neuron by name: the trains that the simulators gave, and where they part.

``golden/peers_lif.npz`` was recorded by running the simulators on three inputs with the map
``v <- decay*v + x`` and threshold 1.
"""

import functools
import math
from pathlib import Path

import numpy as np
import pytest

import spikecore
from spikecore import LIF

# What was called in the simulator, and the profile that stands for it.
RECORDED = {
    "snntorch-1.0 Leaky(reset_mechanism='subtract')": "snntorch-1.0",
    "snntorch-1.0 Leaky(reset_mechanism='zero')": "snntorch-1.0-zero",
    "snntorch-1.0 Leaky(reset_mechanism='zero', reset_delay=False)": "snntorch-1.0-zero-now",
    "spikingjelly-2.0 LIFNode(decay_input=False, v_reset=0)": "spikingjelly",
    "spikingjelly-2.0 LIFNode(decay_input=False, v_reset=None)": "spikingjelly-soft",
    "norse-1.1 LIFBox reset_value": "norse-box",
    "norse-1.1 LIFBox reset_subtract": "norse-box-subtract",
    "sinabs-3.1 LIF(norm_input=False) MultiSpike MembraneSubtract": "sinabs",
    "sinabs-3.1 LIF(norm_input=False) SingleSpike MembraneReset": "sinabs-single-reset",
    "nengo-4.1 LIF(tau_ref=0), v0=0": "nengo",
}
INPUTS = ("random", "dyadic", "pulse")
DEVICES = ("cpu", "numpy")


@functools.cache
def recordings():
    with np.load(Path(__file__).parent / "golden" / "peers_lif.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def one_map(name, decay, **changes):
    """The profile driven as the recordings were: ``v <- decay*v + x``, threshold 1."""
    return LIF.profile(name, **{"decay": decay, "gain": 1.0, "threshold": 1.0, **changes})


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("source", INPUTS)
@pytest.mark.parametrize(("call", "name"), RECORDED.items(), ids=RECORDED.values())
def test_a_profile_gives_its_simulators_train(call, name, source, device):
    lif = one_map(name, recordings()[f"{source}/decay"].item())
    run = lif.run(recordings()[f"{source}/input"], record=(), device=device)
    expected = recordings()[f"{source}/{call}"]
    assert expected.any()
    np.testing.assert_array_equal(run.spikes, expected)


def test_every_recorded_train_is_compared():
    compared = {f"{source}/{call}" for source in INPUTS for call in RECORDED}
    given = {f"{source}/{name}" for source in INPUTS for name in ("input", "decay")}
    assert set(recordings()) == compared | given


# --- one map, same numbers: decay 0.9, threshold 1, membrane 0 at the start ---------------------
#
# float32, as all of these were run but Brian2, Nengo and BindsNET's default, which agree in both.
# Two rows of the comparison have no place in LIF's space: lava-dl's fixed point (0.3 becomes 19/64,
# 12-bit decay) and NIR's continuous time (spikes at 3.848, 7.697, ... between the steps).

CONSTANT = np.full((30, 1), 0.3, np.float32)
TOGETHER = "000100010001000100010001000100"
TRAINS_OF_A_CONSTANT = {
    "snntorch-1.0": "000100001000100010000100010001",
    "snntorch-1.0-zero": "000100010001000100010001000100",
    "spikingjelly": TOGETHER,
    "spikingjelly-soft": TOGETHER,
    "norse-box": TOGETHER,
    "norse-box-subtract": TOGETHER,
    "sinabs": TOGETHER,
    "lava": TOGETHER,
    "nengo": TOGETHER,
    "bindsnet without refractory steps": TOGETHER,
    "bindsnet": "000100000000100000000100000000",
    "spyx": "000010000100010001000010001000",
}
FIRES_AT_THE_THRESHOLD = {
    "spikingjelly": True,
    "spikingjelly-soft": True,
    "sinabs": True,
    "sinabs-single-reset": True,
    "bindsnet": True,
    "snntorch-1.0": False,
    "norse-box": False,
    "norse-box-subtract": False,
    "lava": False,
    "spyx": False,
    "nengo": False,
}
TRAINS_OF_A_LARGE_PULSE = {
    "snntorch-1.0": "1100",
    "spikingjelly-soft": "1110",
    "norse-box-subtract": "1110",
    "sinabs": "3000",
    "spyx": "0110",
    "snntorch-1.0-zero": "1000",
    "snntorch-1.0-zero-now": "1000",
    "spikingjelly": "1000",
    "norse-box": "1000",
    "sinabs-single-reset": "1000",
    "lava": "1000",
    "bindsnet": "1000",
    "nengo": "1000",
}


def train(name, current):
    """Spikes per step, written as the comparison writes them."""
    bare = name.removesuffix(" without refractory steps")
    changes = {} if bare == name else {"refractory": 0}
    run = one_map(bare, 0.9, **changes).run(current, record=(), dtype=np.float32, device="numpy")
    return "".join(str(int(count)) for count in run.spikes[:, 0])


def pulse(height, num_steps=4):
    current = np.zeros((num_steps, 1), np.float32)
    current[0] = height
    return current


@pytest.mark.parametrize(("name", "expected"), TRAINS_OF_A_CONSTANT.items())
def test_a_constant_current(name, expected):
    assert train(name, CONSTANT) == expected
    assert train(name, CONSTANT.astype(np.float64)) == expected


@pytest.mark.parametrize(("name", "fires"), FIRES_AT_THE_THRESHOLD.items())
def test_a_pulse_of_exactly_the_threshold(name, fires):
    seen = train(name, pulse(1.0))
    assert ("1" in seen) == fires
    assert train(name, pulse(np.nextafter(np.float32(1), np.float32(2)))).count("1") == 1
    assert train(name, pulse(np.nextafter(np.float32(1), np.float32(0)))).count("1") == 0


@pytest.mark.parametrize(("name", "expected"), TRAINS_OF_A_LARGE_PULSE.items())
def test_a_pulse_of_three_and_a_half_thresholds(name, expected):
    assert train(name, pulse(3.5)) == expected


def test_a_threshold_given_back_is_why_snntorch_may_stay_above_it():
    # snntorch.Leaky(beta=0.9, reset_delay=False) on 2.5, 0, 0, 0 gives 1, 0, 0, 0 and membranes
    # 1.5, 1.35, 1.215, 1.0935: do_reset = spk - reset = -1 adds the threshold back.
    lif = LIF.profile("snntorch-1.0-subtract-now")
    run = lif.run(pulse(2.5).astype(np.float64), device="numpy")
    assert run.spikes[:, 0].tolist() == [1, 0, 0, 0]
    np.testing.assert_allclose(
        run.recorded["membrane"][:, 0], [1.5, 1.35, 1.215, 1.0935], rtol=0, atol=1e-15
    )  # the decimals are not binary: two roundings of numbers near 1 a step


# --- the table of profiles ----------------------------------------------------------------------


@pytest.mark.parametrize("name", spikecore.profiles())
def test_a_profile_says_whose_it_is_and_builds(name):
    profile = spikecore.profiles()[name]
    for text in (profile.simulator, profile.version, profile.call, profile.source):
        assert isinstance(text, str) and text.strip()
    lif = LIF.profile(name)
    assert {axis: getattr(lif, axis) for axis in profile.axes} == profile.axes
    run = lif.run(np.full((4, 2), 40.0), device="numpy")
    assert run.spikes.any()


# decay, gain, threshold as each call's defaults give them
NUMBERS = {
    "spikingjelly": (1 - 1 / 2, 1 / 2, 1),  # tau = 2
    "spikingjelly-soft": (1 - 1 / 2, 1 / 2, 1),
    "norse-box": (0.9, 0.1, 1),  # dt = 1 ms, 1/tau_mem = 100 Hz
    "norse-box-subtract": (0.9, 0.1, 1),
    "sinabs": (math.exp(-1 / 20), 1 - math.exp(-1 / 20), 1),  # norm_input=True
    "sinabs-single-reset": (math.exp(-1 / 20), 1 - math.exp(-1 / 20), 1),
    "bindsnet": (math.exp(-1 / 100), 1, -52 - -65),  # tc_decay = 100, from rest
    "lava": (1 - 0.1, 1, 1),
    "spyx": (0.9, 1, 1),
    "nengo": (math.exp(-0.001 / 0.02), 1 - math.exp(-0.001 / 0.02), 1),
    "tutorial": (0.819, 0.4, 1),
}


@pytest.mark.parametrize("name", spikecore.profiles())
def test_the_numbers_of_a_profile_are_its_calls(name):
    lif = LIF.profile(name)
    expected = NUMBERS.get(name, (0.9, 1, 1))  # snnTorch's, whose beta has no default
    assert (lif.decay, lif.gain, lif.threshold) == expected
    assert lif.refractory == (5 if name == "bindsnet" else 0)
    assert lif.lower == (0 if name == "nengo" else None)  # Nengo's min_voltage


def test_no_two_profiles_are_the_same_neuron():
    names = list(spikecore.profiles())
    twins = {
        frozenset((a, b))
        for i, a in enumerate(names)
        for b in names[:i]
        if one_map(a, 0.9) == one_map(b, 0.9)
    }
    # Two simulators' ways to one map; the rest are apart.
    assert twins == {
        frozenset(("spikingjelly", "sinabs-single-reset")),
        frozenset(("norse-box", "lava")),
        frozenset(("norse-box", "snntorch-1.0-zero-now")),
        frozenset(("lava", "snntorch-1.0-zero-now")),
        frozenset(("spyx", "tutorial")),
    }


def test_a_profiles_fields_can_be_changed():
    lif = LIF.profile("sinabs", decay=0.5, threshold=2)
    assert (lif.decay, lif.threshold, lif.spikes) == (0.5, 2.0, "multi")
    with pytest.raises(TypeError, match="tau"):
        LIF.profile("sinabs", tau=3)


def test_an_unknown_profile_lists_the_known_ones():
    with pytest.raises(ValueError, match="name must be one of") as refusal:
        LIF.profile("brian")
    for name in spikecore.profiles():
        assert repr(name) in str(refusal.value)


def test_the_table_of_profiles_is_the_callers_to_change():
    spikecore.profiles().clear()
    assert "snntorch-1.0" in spikecore.profiles()
    for profile in spikecore.profiles().values():
        profile.axes["decay"] = -1
    assert LIF.profile("snntorch-1.0").decay == 0.9
