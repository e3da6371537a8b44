"""Fixed-point neurons and layers on the GPU against the reference; test_cuda_suite.py runs this."""

import numpy as np
import pytest
from cuda_suite import assert_alike, memory, small_blocks
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fixed import neurons, run, sequence

from spikecore.neurons import fixed

__all__ = ["memory", "small_blocks"]  # fixtures


@pytest.mark.parametrize("name", fixed.profiles())
@pytest.mark.parametrize("dtype", [np.int32, np.int8])
def test_profiles_of_hardware(name, dtype, memory):
    neuron = fixed.LIF.profile(name, decay=[1, 2, 3, 2, 1])
    top = 1 << (neuron.input_bits - 1)
    current = np.random.default_rng(0).integers(-top, top, (19, 3, 5))
    options = {"time_events": np.arange(19) % 3 == 0} if name == "tinyodin" else {}
    assert_alike(lambda device: run(neuron, current, dtype=dtype, device=device, **options))


@settings(max_examples=25)
@given(neurons(), st.integers(0, 2**32 - 1))
def test_every_combination_of_axes(neuron, seed):
    current, events = sequence(neuron, seed)
    assert_alike(lambda device: run(neuron, current, device=device, **events))


@pytest.mark.parametrize("exponent", [-3, 0, 2])
@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int32])
def test_layers(kind, exponent, memory):
    generator = np.random.default_rng(1)
    layer = fixed.Linear(generator.integers(-256, 255, (6, 7)), exponent, delay=1)
    spikes = generator.integers(0, 2, (9, 2, 7)).astype(kind)
    assert_alike(lambda device: layer.run(spikes, device=device))
