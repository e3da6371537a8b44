"""What a call takes: its output, and little else; and how much there is to take.

NumPy reports its arrays to ``tracemalloc``; kernels' own scratch is a few tiles, which it does not
see.  Each call runs once before it is measured, so that compiling is not counted.
"""

import tracemalloc

import numpy as np
import pytest

from spikecore import (
    LIF,
    Alpha,
    Lapicque,
    Leaky,
    RLeaky,
    Synaptic,
    decode,
    profiles,
    random,
    spikegen,
)
from spikecore.memory import free_memory
from spikecore.network import Linear, Sequential

SHARE, SPARE = 1.05, 8e6  # the output and at most a twentieth, or 8 MB where that is more

RNG = np.random.default_rng(0)
IMAGES = RNG.random((64, 784), np.float32)  # 0.2 MB
SIGNAL = RNG.random((100, 64, 784), np.float32)  # 20 MB
SPIKES = (SIGNAL > 0.9).view(np.int8)
FIR = [0.1, 0.2, 0.4, 0.2, 0.1]
CURRENT = SIGNAL - np.float32(0.5)
LABELS = np.arange(5000) % 10
ONE_HOT = np.eye(10, dtype=np.float32)[np.arange(300_000) % 10]  # 12 MB
STEPS = len(SIGNAL)


def taken(call):
    """What a call gives, and the most bytes that NumPy held at once during it."""
    call()
    tracemalloc.start()
    try:
        result = call()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def size(result):
    """Bytes of the arrays in a result."""
    if isinstance(result, np.ndarray):
        return result.nbytes
    if isinstance(result, dict):
        return sum(map(size, result.values()))
    return sum(map(size, result)) if isinstance(result, tuple) else 0


def little_besides(call):
    """Assert that the call takes its output and at most the share."""
    result, peak = taken(call)
    output = size(result)
    assert output > 0
    allowed = max(SHARE * output, output + SPARE)
    assert peak <= allowed, f"{peak / 1e6:.1f} MB were taken for {output / 1e6:.1f} MB of output"


ENCODERS = {
    "rate": lambda **o: spikegen.rate(IMAGES, STEPS, seed=0, **o),
    "rate_conv": lambda **o: spikegen.rate_conv(SIGNAL, seed=0, **o),
    "rate, uniforms": lambda **o: spikegen.rate(IMAGES, STEPS, uniforms=SIGNAL, **o),
    "rate, late": lambda **o: spikegen.rate(
        SIGNAL, time_var_input=True, first_spike_time=3, seed=0, **o
    ),
    "latency": lambda **o: spikegen.latency(IMAGES, STEPS, tau=5, **o),
    "latency, linear": lambda **o: spikegen.latency(
        IMAGES, STEPS, linear=True, normalize=True, clip=True, **o
    ),
    "latency, sample": lambda **o: spikegen.latency(IMAGES, STEPS, normalize="sample", **o),
    "delta": lambda **o: spikegen.delta(SIGNAL, off_spike=True, **o),
    "pulse_width": lambda **o: spikegen.pulse_width(SIGNAL, 10, **o),
    "level_crossing": lambda **o: spikegen.level_crossing(SIGNAL, 0.1, **o),
    "moving_window": lambda **o: spikegen.moving_window(SIGNAL, 0.1, 5, **o),
    "send_on_delta": lambda **o: spikegen.send_on_delta(SIGNAL, 0.1, refractory=2, **o),
    "step_forward": lambda **o: spikegen.step_forward(SIGNAL, 0.1, **o),
    "step_forward, several": lambda **o: spikegen.step_forward(SIGNAL, 0.1, multi=True, **o),
    "temporal_contrast": lambda **o: spikegen.temporal_contrast(SIGNAL, factor=1, **o),
    "burst": lambda **o: spikegen.burst(IMAGES, STEPS, **o),
    "current": lambda **o: spikegen.current(4 * IMAGES, STEPS, **o),
    "phase": lambda **o: spikegen.phase(IMAGES, 8, STEPS, **o),
    "poisson": lambda **o: spikegen.poisson(IMAGES / 4, STEPS, refractory=3, seed=0, **o),
    "population": lambda **o: spikegen.population(IMAGES[:8], 8, 0, 1, num_steps=STEPS, **o),
    "rank_order": lambda **o: spikegen.rank_order(IMAGES, STEPS, **o),
    "latency, decay": lambda **o: spikegen.latency(IMAGES, STEPS, tau=9, law="decay", **o),
    "targets_rate": lambda **o: spikegen.targets_rate(LABELS, 10, STEPS, correct_rate=0.3, **o),
    "targets_rate, uniform": lambda **o: spikegen.targets_rate(
        LABELS, 10, STEPS, correct_rate=0.3, firing_pattern="uniform", seed=0, **o
    ),
    "targets_rate, poisson": lambda **o: spikegen.targets_rate(
        LABELS, 10, STEPS, correct_rate=0.3, firing_pattern="poisson", seed=0, **o
    ),
    "targets_latency": lambda **o: spikegen.targets_latency(LABELS, 10, STEPS, normalize=True, **o),
    "targets_convert": lambda **o: spikegen.targets_convert(LABELS, 10, num_steps=STEPS, **o),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_takes_its_output(name):
    little_besides(ENCODERS[name])


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_that_is_given_its_output_takes_next_to_nothing(name):
    out = ENCODERS[name](dtype="int8")
    result, peak = taken(lambda: ENCODERS[name](out=out))
    assert result is out
    assert peak <= SPARE


OTHERS = {
    "latency, ramps": lambda: spikegen.latency(
        IMAGES, STEPS, linear=True, normalize=True, interpolate=True
    ),
    "sigma_delta": lambda: spikegen.sigma_delta(SIGNAL, 0.1, feedback="residual"),
    "convolve": lambda: decode.convolve(SIGNAL, FIR),
    "decoded pulse width": lambda: decode.pulse_width(SPIKES, 10),
    "staircase": lambda: decode.staircase(SIGNAL, 0.1),
    "accumulate": lambda: decode.accumulate(SIGNAL),
    "latency_code": lambda: spikegen.latency_code(SIGNAL),
    "latency_code_linear": lambda: spikegen.latency_code_linear(SIGNAL),
    "latency_code_log": lambda: spikegen.latency_code_log(SIGNAL),
    "latency_interpolate": lambda: spikegen.latency_interpolate(IMAGES * 99, STEPS),
    "rate_interpolate": lambda: spikegen.rate_interpolate(np.arange(0, 10**6, 7), 10**6),
    "target_rate_code": lambda: spikegen.target_rate_code(1000, rate=0.3),
    "to_one_hot": lambda: spikegen.to_one_hot(np.arange(300_000) % 10, 10),
    "to_one_hot_inverse": lambda: spikegen.to_one_hot_inverse(ONE_HOT),
    "from_one_hot": lambda: spikegen.from_one_hot(ONE_HOT),
    "random.uniforms": lambda: random.uniforms(0, (STEPS, 50_000)),
    "random.torch_uniforms": lambda: random.torch_uniforms(0, (100, 5_000)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_function_takes_its_output(name):
    little_besides(OTHERS[name])


COPYING = {
    "bsa": lambda **o: spikegen.bsa(SIGNAL, FIR, 0.1, **o),
    "bsa, scaled": lambda **o: spikegen.bsa(SIGNAL, FIR, 0.1, shift="min", gain="range", **o),
    "hsa": lambda **o: spikegen.hsa(SIGNAL, FIR, **o),
    "modified_hsa": lambda **o: spikegen.modified_hsa(SIGNAL, FIR, 0.1, **o),
}


@pytest.mark.parametrize("name", COPYING)
def test_an_encoder_that_takes_filters_away_needs_a_copy_of_the_signal(name):
    result, peak = taken(lambda: COPYING[name](dtype="int8"))
    assert peak <= result.nbytes + SIGNAL.nbytes + SPARE


def test_every_public_encoder_is_measured():
    measured = {name.partition(",")[0] for name in (*ENCODERS, *OTHERS, *COPYING)}
    assert measured >= set(spikegen.__all__) - {"profiles", "contrast_threshold"}


NEURONS = {
    "Leaky": Leaky(0.9),
    "Leaky, one beta a neuron": Leaky(np.full(784, 0.9)),
    "Leaky, inhibition": Leaky(0.9, inhibition=True),
    "Lapicque": Lapicque(R=5, C=2),
    "Synaptic": Synaptic(0.8, 0.9),
    "Alpha": Alpha(0.9, 0.8),
    "RLeaky": RLeaky(0.9, all_to_all=False),
    "RLeaky, dense": RLeaky(0.9, recurrent=Linear.draw(784, 784, seed=0)),
    **{name: LIF.profile(name) for name in profiles()},
}


@pytest.mark.parametrize("name", NEURONS)
def test_a_neuron_takes_its_output(name):
    steps = CURRENT[:5] if name == "RLeaky, dense" else CURRENT
    neuron = NEURONS[name]
    little_besides(lambda: neuron.run(steps))


def test_spikes_alone_in_bytes_are_a_quarter_of_the_current():
    _, peak = taken(lambda: Leaky(0.9).run(CURRENT, record=(), dtype=np.uint8))
    assert peak <= CURRENT.nbytes / 4 + 1e6


@pytest.mark.parametrize("density", [0.02, 0.9])
def test_a_network_without_records_takes_no_more_the_longer_it_runs(density):
    """Its output is counts and states; the currents of all steps alone would be 50 MB."""
    net = Sequential(
        Linear.draw(784, 500, seed=0), Leaky(0.9), Linear.draw(500, 10, seed=1), Leaky(0.9)
    )
    spikes = (RNG.random((400, 64, 784), np.float32) < density).astype(np.uint8)
    runs = [taken(lambda n=n: net.run(spikes[:n], record=())) for n in (200, 400)]
    (_, shorter), (run, longer) = runs
    assert longer <= shorter + 1e5
    output = sum(size(layer.counts) + size(layer.final) for layer in run.values())
    assert longer <= output + SPARE


# --- what there is ------------------------------------------------------------------------------

MACHINE = {"proc/meminfo": "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:  4000 kB\n"}
NO_LIMIT = str(2**63 - 4096)  # as version 1 says it


def version_1(folder, limit, usage, cached=0):
    """The files of a group of version 1; those of its own that are cached are fewer."""
    return {
        f"sys/fs/cgroup/memory{folder}/memory.limit_in_bytes": limit,
        f"sys/fs/cgroup/memory{folder}/memory.usage_in_bytes": usage,
        f"sys/fs/cgroup/memory{folder}/memory.stat": (
            f"cache 9\ninactive_file 1\ntotal_cache 9\ntotal_inactive_file {cached}\n"
        ),
    }


def version_2(folder, limit, usage, cached=0):
    return {
        f"sys/fs/cgroup{folder}/memory.max": limit,
        f"sys/fs/cgroup{folder}/memory.current": usage,
        f"sys/fs/cgroup{folder}/memory.stat": f"anon 5\nfile 7\ninactive_file {cached}\n",
    }


def within(*lines):
    return {"proc/self/cgroup": "".join(f"{line}\n" for line in lines)}


TREES = {
    "no groups": ({}, 4_096_000),
    "version 2": (within("0::/a") | version_2("/a", 700_000, 300_000), 400_000),
    "version 2, cached files": (within("0::/a") | version_2("/a", 700_000, 300_000, 50), 400_050),
    "version 2, a parent's limit": (
        within("0::/a/b")
        | version_2("/a", 700_000, 600_000)
        | version_2("/a/b", 500_000, 100_000)
        | version_2("/other", 1000, 0),
        100_000,
    ),
    "version 2, no limit": (within("0::/a") | version_2("/a", "max", 300_000), 4_096_000),
    "version 2, a limit above the machine": (
        within("0::/a") | version_2("/a", 10**12, 300_000),
        4_096_000,
    ),
    "version 2, in a container": (within("0::/") | version_2("", 700_000, 300_000), 400_000),
    "version 2, the host's path": (
        within("0::/../host/a:b") | version_2("", 700_000, 300_000),
        400_000,
    ),
    "more is used than the limit allows": (
        within("0::/a") | version_2("/a", 700_000, 800_000),
        0,
    ),
    "version 1": (
        within("3:cpu:/c", "4:hugetlb,memory:/a", "0::/")
        | version_1("/a", 700_000, 300_000, 50)
        | version_1("", NO_LIMIT, 10**9),
        400_050,
    ),
    "version 1, in a container": (
        within("4:memory:/docker/123") | version_1("", 700_000, 300_000),
        400_000,
    ),
    "version 1, no limit": (within("4:memory:/") | version_1("", NO_LIMIT, 10**9), 4_096_000),
}


@pytest.mark.parametrize("name", TREES)
def test_the_limits_of_containers_count(name, tmp_path):
    files, expected = TREES[name]
    for path, content in (MACHINE | files).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(content))
    assert free_memory(tmp_path) == expected


@pytest.mark.parametrize("digits", [18, 30, 400, 5000])
def test_sizes_that_no_float_holds_are_refused_in_a_sentence(digits):
    with pytest.raises(ValueError, match=r"^the output of shape .* needs .* TB, and .* are free; "):
        random.torch_uniforms(0, (10**digits,))


def test_without_the_files_of_linux_all_memory_counts(tmp_path):
    assert free_memory() <= free_memory(tmp_path) < 10**16
