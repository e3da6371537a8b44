"""What fixed-point neurons and layers refuse, each in one sentence."""

import numpy as np
import pytest

from spikecore import LIF, Sequential
from spikecore.network import Linear
from spikecore.neurons import fixed

LOIHI = fixed.LIF.profile("loihi")
EVENTS = fixed.LIF.profile("tinyodin")
FIELDS = [
    ({"decay": 4096}, r"^decay must be from 0 to 4095, got 4096; "),
    ({"decay": 0.5}, r"^decay must be whole numbers of an integer dtype, got 0.5; round it"),
    ({"decay": [1, 5000]}, r"^decay must be from 0 to 4095, but decay\[1\] is 5000; "),
    ({"decay": np.zeros(0, int)}, r"^decay must hold a number, got an array of shape \(0,\)"),
    ({"threshold": -1}, r"^threshold must be from 0 to 131071, got -1; "),
    ({"threshold": True}, r"^threshold must be whole numbers of an integer dtype, got True"),
    ({"bias": 4096}, r"^bias must be from -4096 to 4095, got 4096; "),
    ({"bits": 32}, r"^bits must be from 2 to 31, got 32; "),
    ({"bits": None}, r"^bits must be an integer from 2 to 31, got None; "),
    ({"reset_value": 2**23}, r"^reset_value must be from -8388607 to 8388607, got 8388608; "),
    ({"rounding": "up"}, r"^rounding must be one of \('floor', 'zero', 'nearest'\), got 'up'; "),
    ({"overflow": "clip"}, r"^overflow must be one of \('saturate', "),
    ({"decay_form": "shift"}, r"^decay_offset and synapse_offset must be 0 with .*, got 0 and 1; "),
    (
        {"decay_form": "none", "synapse_offset": 0, "product_bits": 32},
        r"^product_bits must be None with decay_form='none', got 32; ",
    ),
    ({"decay_at": "event"}, r"^synapse_decay must be None with decay_at='event', got 0; "),
    (
        {"decay_at": "event", "synapse_decay": None, "bias": 3},
        r"^bias must be 0 with decay_at='event', got 3; ",
    ),
    (
        {"decay_at": "event", "synapse_decay": None, "input_bits": 31},
        r"^input_bits must be at most 30 with decay_at='event', got 31; ",
    ),
    (
        {"reset": "subtract", "reset_value": 1},
        r"^reset_value must be 0 with reset='subtract', got 1; ",
    ),
    ({"report_spike": "old"}, r"^report_spike is 'old' with reset_at='same'; .*reset_at='next'$"),
    ({"lower_threshold": 11}, r"^lower_threshold must be at most threshold, got 11 and 10; "),
    ({"reset_offset": 2}, r"^reset_offset must be 0 without a reset_interval, got 2; "),
    ({"beta": 3}, r"^beta must be a field of LIF, "),
]


@pytest.mark.parametrize(("changes", "sentence"), FIELDS, ids=lambda value: str(value)[:40])
def test_fields_that_are_refused(changes, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        fixed.LIF.profile("loihi", **changes)
    assert "\n" not in str(caught.value)


def test_a_profile_that_does_not_exist():
    with pytest.raises(ValueError, match=r"^name must be one of \('loihi', .*got 'truenorth'; "):
        fixed.LIF.profile("truenorth")


CALLS = [
    (LOIHI, (np.zeros((3, 2)),), {}, r"^current must be whole .*, got dtype float64; round it"),
    (LOIHI, ([[5, 2**18]],), {}, r"^current must be from -262144 to 262143, but current\[0, 1\] "),
    (LOIHI, (np.array([[0], [-(2**20)]], np.int32),), {}, r"but current\[1, 0\] is -1048576; "),
    (LOIHI, (np.array([[2**40]]),), {}, r"but current\[0, 0\] is 1099511627776; "),
    (LOIHI, (5,), {}, r"^current must have a time axis, got the scalar 5; "),
    (LOIHI, ([[1]], [0, 0]), {}, r"^synapse must have the shape of the neurons, \(1,\), "),
    (LOIHI, ([[1]], None, [2**23]), {}, r"^membrane must be from .*membrane\[0\] is 8388608; "),
    (LOIHI, ([[1]], None, [0.5]), {}, r"^membrane must be whole numbers of an integer dtype, got "),
    (LOIHI, ([[1]], 0, 0, 0), {}, r"^state must be at most 2 arrays, got 3 where the states are "),
    (LOIHI, ([[1]],), {"record": "u"}, r"^record must name states out of "),
    (LOIHI, ([[1]],), {"dtype": np.float32}, r"^dtype must be one of int32, int8, uint8, bool, "),
    (LOIHI, ([[1]],), {"dtype": "?!"}, r"^dtype must be one of "),
    (LOIHI, ([[1]],), {"out": np.empty((2, 1), np.int8)}, r"^out must have shape \(1, 1\) and "),
    (LOIHI, ([[1]],), {"out": {"membrane": np.empty((1, 1))}}, r"^out must have shape .*int32"),
    (LOIHI, ([[1]],), {"time_events": [True]}, r"^time_events must be None with decay_at='step', "),
    (LOIHI, ([[1]],), {"device": "tpu"}, r"^device must be one of "),
    (EVENTS, ([[8]],), {}, r"^current must be from -8 to 7, but current\[0, 0\] is 8; "),
    (EVENTS, ([[1]],), {"time_events": [1]}, r"^time_events must be bool, got dtype int64; "),
    (EVENTS, ([[1]],), {"time_events": [True, False]}, r"^time_events must have shape \(1,\) or "),
    (fixed.LIF.profile("loihi", decay=[1, 2]), ([[1]],), {}, r"^decay must be a number or "),
]  # fmt: skip


@pytest.mark.parametrize(("neuron", "given", "options", "sentence"), CALLS)
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_calls_that_are_refused(neuron, given, options, sentence, device):
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        neuron.run(*given, **{"device": device, **options})
    assert "\n" not in str(caught.value)


def test_a_network_of_floats_refuses_integer_neurons():
    net = Sequential(Linear(np.ones((2, 3))), LOIHI, Linear(np.ones((2, 2))), LIF(0.5))
    with pytest.raises(TypeError, match=r"^network must have neurons that compute in floating"):
        net.run(np.zeros((4, 3), np.uint8))


LAYERS = [
    (
        lambda: fixed.Linear([[0.5]]),
        r"^weight must be whole numbers of an integer dtype, got dtype",
    ),
    (lambda: fixed.Linear([1, 2]), r"^weight must be a matrix \[out_features, in_features\], got "),
    (lambda: fixed.Linear([[1, 2**15]]), r"but weight\[0, 1\] is 32768; "),
    (lambda: fixed.Linear([[1]], exponent=17), r"^exponent must be from -16 to 16, got 17; "),
    (lambda: fixed.Linear([[1]], delay=2), r"^delay must be from 0 to 1, got 2; "),
    (lambda: fixed.Linear([[2**14] * 2], 16), r"^weight must give currents below 2\*\*31, got "),
    (lambda: fixed.Linear([[1, 2]])([1]), r"^spikes must have 2 inputs on their last axis, got "),
    (lambda: fixed.Linear([[1, 2]])([[1.0, 0]]), r"^spikes must be whole numbers of an integer"),
    (
        lambda: fixed.Linear([[1]])([2**15]),
        r"^spikes must be from -32768 to 32767, but spikes\[0\]",
    ),
    (
        lambda: fixed.Linear([[2**14]], 8)([2**10]),
        r"^spikes must give currents below 2\*\*31, got ",
    ),
    (lambda: fixed.Linear([[1]]).run([1]), r"^spikes must have a time axis, got shape \(1,\); "),
    (
        lambda: fixed.Linear([[1]], delay=1).run([[1]], [[1], [1]]),
        r"^before must have shape \(1, 1\), got \(2, 1\); ",
    ),
    (lambda: fixed.quantize([1], "mips"), r"^profile must be one of \('loihi', 'tinyodin', "),
    (lambda: fixed.quantize([1], bits=9), r"^bits must be from 1 to 8, got 9; "),
    (lambda: fixed.quantize([1], sign_mode="odd"), r"^sign_mode must be one of \('mixed', "),
    (lambda: fixed.quantize([np.nan]), r"^weight must be finite, but weight\[0\] is nan; "),
    (lambda: fixed.quantize([1], scale=0), r"^scale must lie in \(0, inf\), got 0.0; "),
]


@pytest.mark.parametrize(("call", "sentence"), LAYERS, ids=range(len(LAYERS)))
def test_layers_and_weights_that_are_refused(call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
