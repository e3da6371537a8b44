"""Neurons whose membrane is rounded to levels."""

import numpy as np
import pytest
from conftest import assert_same_bits

from spikecore import LIF, Leaky
from spikecore.neurons import Lapicque, Quantized, state_levels

CURRENT = np.random.default_rng(0).normal(0.2, 0.6, (40, 3, 4))
NEURONS = [
    Leaky(0.9),
    Leaky(0.8, reset_mechanism="zero", reset_delay=False),
    LIF(0.9, compare=">=", reset="value", reset_value=-0.3, refractory=2, lower=-0.9),
    LIF(0.7, synapse_decay=0.5, reset_at="same", spikes="multi", compare=">="),
]


def plainly(neuron, levels, current):
    """A step of the neuron by itself on the way to each rounded membrane, in its dtype."""
    levels = levels.astype(current.dtype)
    free = LIF(0.9, reset="none")
    v, n = np.zeros(current.shape[1:], current.dtype), np.zeros(current.shape[1:])
    rows = []
    for x in current:
        _, v = free(x, v)
        v = (v - n).astype(current.dtype)
        v = levels[np.abs(levels - v[..., None]).argmin(axis=-1)]
        n = (v > 1).astype(current.dtype)
        rows.append((n, v))
    return map(np.array, zip(*rows, strict=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_a_membrane_is_the_level_nearest_to_it(dtype, device):
    levels = state_levels(4)
    run = Quantized(Leaky(0.9), levels).run(CURRENT.astype(dtype), device=device)
    spikes, membranes = plainly(Leaky(0.9), levels, CURRENT.astype(dtype))
    assert_same_bits(run.recorded["membrane"], membranes)
    assert_same_bits(run.spikes, spikes)
    assert run.spikes.any() and not run.spikes.all()


@pytest.mark.parametrize("neuron", NEURONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compiled_and_interpreted_steps_have_the_same_bits(neuron, dtype):
    coarse, current = Quantized(neuron, state_levels(3)), CURRENT.astype(dtype)
    names = coarse.recordable
    runs = [coarse.run(current, record=names, device=device) for device in ("cpu", "numpy")]
    assert_same_bits(runs[0].spikes, runs[1].spikes)
    for name in names:
        assert_same_bits(runs[0].recorded[name], runs[1].recorded[name])


@pytest.mark.parametrize("neuron", NEURONS)
def test_a_run_of_two_parts_joins_to_the_whole(neuron):
    coarse = Quantized(neuron, state_levels(5))
    whole, first = coarse.run(CURRENT), coarse.run(CURRENT[:17])
    second = coarse.run(CURRENT[17:], *first.final)
    assert_same_bits(np.concatenate([first.spikes, second.spikes]), whole.spikes)
    for ours, theirs in zip(second.final, whole.final, strict=True):
        assert_same_bits(ours, theirs)


def test_levels_that_every_membrane_has_change_nothing():
    current = np.rint(CURRENT * 4) / 4
    levels = np.arange(-200, 201) / 8
    free, coarse = LIF(1.0, threshold=1.5), Quantized(LIF(1.0, threshold=1.5), levels)
    assert_same_bits(
        coarse.run(current).recorded["membrane"], free.run(current).recorded["membrane"]
    )


def test_of_two_levels_that_are_equally_near_the_lower_one_is_taken():
    coarse = Quantized(Leaky(0.9), [-1, 0, 1, 2])
    values = np.array([-0.5, 0.5, 1.5, 9, -9])
    assert coarse.quantize(values).tolist() == [-1, 0, 1, 2, -1]
    assert coarse.quantize([1, 3]).dtype == np.float64
    assert Quantized(Leaky(0.9), [0.5]).quantize(values).tolist() == [0.5] * 5


@pytest.mark.parametrize("bits", range(1, 11))
@pytest.mark.parametrize("options", [{}, {"lower_limit": 0.3, "upper_limit": 0.5}])
def test_uniform_levels_have_equal_gaps_between_their_ends(bits, options):
    levels = state_levels(bits, threshold=2, **options)
    low, high = -2 * (1 + options.get("lower_limit", 0)), 2 * (1 + options.get("upper_limit", 0.2))
    assert (levels.dtype, levels.shape) == (np.float32, (2**bits,))
    np.testing.assert_allclose(levels, np.linspace(low, high, 2**bits), atol=5e-7)
    assert (levels[0], levels[-1]) == (np.float32(low), np.float32(high))


@pytest.mark.parametrize("bits", range(1, 11))
@pytest.mark.parametrize("centered", [True, False])
def test_other_levels_come_closer_together_towards_their_centre(bits, centered):
    options = {"uniform": False, "threshold_centered": centered, "upper_limit": 0.5}
    levels = state_levels(bits, **options).astype(float)
    centre = 1.0 if centered else 0.0
    assert levels.shape == (2**bits,)
    assert (np.diff(levels) >= 0).all()
    below, above = np.diff(levels[levels <= centre]), np.diff(levels[levels > centre])
    assert (np.diff(below) < 1e-6).all() and (np.diff(above) > -1e-6).all()
    assert levels[-1] == 1.5
    if bits in (4, 5):
        ratio = {4: 0.5, 5: 0.7}[bits]
        np.testing.assert_allclose(below[1:4] / below[:3], ratio, rtol=1e-4)
        assert (state_levels(bits, multiplier=ratio, **options) == levels).all()


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((Lapicque(0.9), [0, 1]), TypeError, "neuron must be a LIF or a Leaky"),
        (
            (LIF.from_units("nengo", tau_ref=0.0025), [0, 1]),
            ValueError,
            "neuron must hold whole steps, got refractory_mode='fraction'",
        ),
        ((Leaky(0.9), [1, 0]), ValueError, "levels must be ascending"),
        ((Leaky(0.9), []), ValueError, "levels must be .levels., 1 to 1024 of them"),
        ((Leaky(0.9), [[0, 1]]), ValueError, "levels must be .levels., 1 to 1024 of them"),
        ((Leaky(0.9), [0, np.nan]), ValueError, "levels must be finite"),
        ((Leaky(0.9), "levels"), TypeError, "levels must "),
    ],
)
def test_what_cannot_be_levels_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        Quantized(*arguments)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_bits": 0}, "num_bits must be from 1 to 10"),
        ({"num_bits": 11}, "num_bits must be from 1 to 10"),
        ({"threshold": 0}, "threshold must lie in"),
        ({"uniform": False, "upper_limit": 0}, "upper_limit must lie in"),
        ({"uniform": False, "multiplier": 1}, "multiplier must lie in"),
    ],
)
def test_what_cannot_make_levels_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        state_levels(**options)


def test_they_are_compared_and_described_by_value():
    levels = state_levels(2)
    assert Quantized(Leaky(0.9), levels) == Quantized(Leaky(0.9), levels.tolist())
    assert Quantized(Leaky(0.9), levels) != Quantized(Leaky(0.8), levels)
    with pytest.raises(TypeError, match="state_quant must be a field"):
        LIF.profile("snntorch-1.0", state_quant=4).run(CURRENT)
