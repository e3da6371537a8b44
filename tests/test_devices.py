"""Arrays on a GPU and devices, at functions that cannot use them."""

import numpy as np
import pytest

from spikecore import LIF, Leaky, leaky_integrate_and_fire, random, spikegen, spikeplot
from spikecore.network import Delay, Linear


class OnGpu:
    """An array on a GPU, as libraries show it."""

    __cuda_array_interface__ = {  # noqa: RUF012
        "shape": (3,), "typestr": "<f4", "data": (1, False), "version": 3, "strides": None,
    }  # fmt: skip

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("implicit conversion to a host array")


HOST_ONLY = {
    "data": lambda gpu: spikeplot.raster(gpu),
    "decay": lambda gpu: LIF(decay=gpu),
    "elements": lambda gpu: random.words(0, gpu, 0),
    "mem": lambda gpu: leaky_integrate_and_fire(gpu, 1.0, 1.0, 0.5),
    "one_hot_label": spikegen.from_one_hot,
    "one_hot_targets": spikegen.to_one_hot_inverse,
    "spike_time": lambda gpu: spikegen.latency_interpolate(gpu, 5),
    "spikes": Delay(1).run,
    "targets": lambda gpu: spikegen.targets_rate(gpu, 3, 5, correct_rate=0.5),
    "targets of latency": lambda gpu: spikegen.targets_latency(gpu, 3, 5),
    "threshold": lambda gpu: Leaky(0.5, threshold=gpu),
    "uniforms": lambda gpu: spikegen.rate(np.zeros(3, np.float32), 1, uniforms=gpu),
    "weight": Linear,
}


@pytest.mark.parametrize("name", HOST_ONLY)
def test_an_array_on_a_gpu_is_refused_where_it_cannot_be_used(name):
    argument = name.split()[0]
    message = rf"^{argument} must lie in the host's memory, got an array on a GPU; copy "
    with pytest.raises(TypeError, match=message):
        HOST_ONLY[name](OnGpu())


DEVICELESS = {
    "Linear": lambda: Linear(np.ones((1, 1), np.float32)).weight,
    "Linear.draw": lambda: Linear.draw(2, 2, seed=0).weight,
    "from_one_hot": lambda: spikegen.from_one_hot([[0, 1]]),
    "latency_interpolate": lambda: spikegen.latency_interpolate([1.0], 3),
    "leaky_integrate_and_fire": lambda: leaky_integrate_and_fire(np.ones(2), 1.0, 1.0, 0.5)[1],
    "rate_interpolate": lambda: spikegen.rate_interpolate([1], 3),
    "targets_rate": lambda: spikegen.targets_rate([1], 3),
    "to_one_hot": lambda: spikegen.to_one_hot([1], 3),
    "to_one_hot_inverse": lambda: spikegen.to_one_hot_inverse([1.0]),
    "uniforms": lambda: random.uniforms(0, (2, 3)),
}


@pytest.mark.parametrize("name", DEVICELESS)
@pytest.mark.parametrize("device", ["cuda", "numpy"])
def test_what_needs_no_device_works_whichever_is_named_for_the_rest(name, device, monkeypatch):
    expected = DEVICELESS[name]()
    monkeypatch.setenv("SPIKECORE_DEVICE", device)
    np.testing.assert_array_equal(DEVICELESS[name](), expected)


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "²", "9" * 5000])
def test_a_nonsensical_crossover_is_refused(text, monkeypatch):
    monkeypatch.delenv("SPIKECORE_DEVICE", raising=False)
    monkeypatch.setenv("SPIKECORE_CUDA_CROSSOVER", text)
    with pytest.raises(ValueError, match=r"^SPIKECORE_CUDA_CROSSOVER must be .*; unset it to keep"):
        spikegen.rate([0.5], 3)
