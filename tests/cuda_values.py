"""The codes of values on CUDA against the reference; with the fixtures of cuda_suite.py."""

import numpy as np
import pytest
from conftest import assert_same_bits
from cuda_suite import (
    DTYPES,
    OnTheGpu,
    assert_alike,
    fetched,
    memory,  # noqa: F401
    numbers,
    small_blocks,  # noqa: F401
)

from spikecore import spikegen

ROUNDED, HAZARD = {"rounds": "spikes"}, {"rate_is": "hazard"}
VALUES = {
    "phase": lambda x, **how: spikegen.phase(x, 5, 19, clip=True, **how),
    "burst": lambda x, **how: spikegen.burst(x, 19, 5, 2, 6, **how),
    "burst, times rounded": lambda x, **how: spikegen.burst(x, 19, 5, 1.5, 4.25, **ROUNDED, **how),
    "rank order": lambda x, **how: spikegen.rank_order(x, 5, **how),
    "rank order, by index": lambda x, **how: spikegen.rank_order(x, ties="index", **how),
    "population": lambda x, **how: spikegen.population(x, 5, 0, 1, num_steps=9, **how),
    "winner": lambda x, **how: spikegen.population(x, 5, 0, 1, output="winner", **how),
    "current": lambda x, **how: spikegen.current(4 * x, 9, **how),
    "first of current": lambda x, **how: spikegen.current(4 * x, 9, first_only=True, **how),
    "decay": lambda x, **how: spikegen.latency(x, 9, 1.0, 3.0, law="decay", **how),
    "exponential": lambda x, **how: spikegen.latency(x, 9, law="exponential", **how),
    "inverse": lambda x, **how: spikegen.latency(x, 9, law="inverse", **how),
    "poisson": lambda x, **how: spikegen.poisson(x / 4, 19, refractory=3, seed=1, **how),
    "hazard": lambda x, **how: spikegen.poisson(x, 19, refractory=2, seed=1, **HAZARD, **how),
}


@DTYPES
@pytest.mark.parametrize("name", VALUES)
def test_codes_of_values(name, dtype, memory):  # noqa: F811
    data = numbers(3, 7, dtype=dtype)
    assert_alike(lambda device: VALUES[name](data, dtype=np.int8, device=device))


@DTYPES
@pytest.mark.parametrize("options", [{"output": "activity"}, {"output": "times", "num_steps": 9}])
def test_activities_and_times(options, dtype):
    data = 3 * numbers(3, 7, dtype=dtype) - 1
    assert_alike(lambda device: spikegen.population(data, 5, 0, 1, device=device, **options))


def test_a_dead_time_under_rates_that_vary():
    data = numbers(18, 7) / 4
    data[:9, 3] = 0.25
    assert_alike(
        lambda device: spikegen.poisson(
            data, refractory=3, time_var_input=True, seed=1, device=device
        )
    )


@pytest.mark.parametrize(
    "name", [name for name in VALUES if name[:4] not in ("rank", "inve", "curr", "firs", "pois")]
)
def test_codes_of_values_stay_on_the_gpu(name):
    data = numbers(3, 7) * np.float32(0.99)
    there = VALUES[name](OnTheGpu(data), dtype=np.int8)
    assert_same_bits(fetched(there), VALUES[name](data, dtype=np.int8))


def test_rates_and_currents_on_the_gpu():
    data = numbers(3, 7) / 4
    there = spikegen.poisson(OnTheGpu(data), 9, refractory=3, seed=1)
    assert_same_bits(fetched(there), spikegen.poisson(data, 9, refractory=3, seed=1))
    there = spikegen.current(OnTheGpu(16 * data), 9)
    assert_same_bits(fetched(there), spikegen.current(16 * data, 9))
    there = spikegen.population(OnTheGpu(data), 5, 0, 1, output="activity")
    assert_same_bits(fetched(there), spikegen.population(data, 5, 0, 1, output="activity"))
