"""The CUDA kernels against the reference, without a GPU; test_cuda_suite.py runs this.

In Numba's simulator, which runs the Python functions, or on the virtual GPU, which runs the PTX
that Numba compiles from them.  Blocks of four threads and small odd shapes, so that blocks are
partly filled, grids have several blocks, and threads take several elements.
"""

import os

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, cuda
from virtual_gpu.driver import VirtualDriver

import spikecore
from spikecore import (
    LIF,
    Alpha,
    Lapicque,
    Leaky,
    RLeaky,
    Synaptic,
    backends,
    decode,
    lazy,
    spikegen,
    validate,
)
from spikecore.backends import cuda as gpu
from spikecore.backends.cuda import kernels, product
from spikecore.network import LI, Conv2d, Flatten, Graph, Linear, Sequential

if not config.ENABLE_CUDASIM:
    VirtualDriver().install()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks so small that a few elements need several."""
    monkeypatch.setattr(kernels, "THREADS", 4)
    monkeypatch.setattr(product, "SIDE", 4)
    monkeypatch.setattr(gpu, "PARTS", 3)


@pytest.fixture(params=["whole", "in chunks of two steps"])
def memory(request, monkeypatch):
    """A device that takes the whole output, or only two steps of it at a time."""
    if request.param != "whole":
        moments = gpu.Backend._moments

        def two_steps(self, num_steps, whole, bytes_per_step, fixed=0):
            free = (2.5 * bytes_per_step + fixed) / gpu.MARGIN
            monkeypatch.setattr(self, "_free_memory", lambda: free)
            return moments(self, num_steps, whole, bytes_per_step, fixed)

        monkeypatch.setattr(gpu.Backend, "_moments", two_steps)


def numbers(*shape, dtype=np.float32, seed=0):
    """Random data in [0, 1), and a few ends of the interval."""
    data = np.random.default_rng(seed).random(shape).astype(dtype)
    data.reshape(-1)[:2] = 0, 1
    return data


def assert_alike(call):
    """The call gives the same bits on the GPU as on the reference."""
    expected, actual = call("numpy"), call("cuda")
    if not isinstance(expected, (tuple, list)):
        expected, actual = [expected], [actual]
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert isinstance(one, np.ndarray)
        assert_same_bits(one, other)


DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SPIKES = pytest.mark.parametrize("spikes", [np.float32, np.float64, np.bool_, np.uint8, np.int8])


@DTYPES
@SPIKES
def test_rate(dtype, spikes, memory):
    data = numbers(3, 7, dtype=dtype)
    assert_alike(
        lambda device: spikegen.rate(
            data, 9, 1.1, -0.1, 3, seed=2**40, dtype=spikes, first_element=2**33, first_step=2,
            device=device,
        )
    )  # fmt: skip


def test_rate_of_data_that_vary_with_time(memory):
    data = numbers(6, 9)
    assert_alike(
        lambda device: spikegen.rate(
            data, first_spike_time=2, time_var_input=True, seed=1, device=device
        )
    )


def test_rate_from_uniforms(memory):
    data, uniforms = numbers(3, 3), numbers(5, 3, 3, dtype=np.float64, seed=4)
    uniforms[uniforms == 1] = 0.5
    assert_alike(lambda device: spikegen.rate(data, 5, uniforms=uniforms, device=device))
    moving = numbers(5, 3, 3)
    assert_alike(
        lambda device: spikegen.rate(moving, time_var_input=True, uniforms=uniforms, device=device)
    )


@DTYPES
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalize": True, "first_spike_time": 2},
        {"normalize": "sample"},
        {"linear": True, "tau": 5},
        {"linear": True, "normalize": True, "clip": True},
        {"normalize": True, "interpolate": True, "on_target": 1.2, "off_target": -0.5},
        {"normalize": True, "dtype": np.uint8, "threshold": 0.3, "clip": True},
        {"tau": 20, "bypass": True},
    ],
    ids=str,
)
def test_latency(dtype, options, memory):
    data = numbers(3, 7, dtype=dtype)
    assert_alike(lambda device: spikegen.latency(data, 20, device=device, **options))


def test_latency_times():
    data = numbers(2, 6)
    assert_alike(lambda device: spikegen.latency_code(data, 9, normalize=True, device=device))


@DTYPES
@pytest.mark.parametrize("padding", [False, True])
@pytest.mark.parametrize("off_spike", [False, True])
def test_delta(dtype, padding, off_spike, memory):
    data = numbers(19, 9, dtype=dtype)
    assert_alike(
        lambda device: spikegen.delta(data, 0.25, padding, off_spike, dtype=np.int8, device=device)
    )


FIR = [0.1, 0.3, 0.4, 0.2]
SIGNAL_CODES = {
    "temporal_contrast": {"threshold": 0.25},
    "temporal_contrast of factor": {"factor": 0.5, "align": "start", "edge": "repeat"},
    "temporal_contrast of steps": {"factor": 0.5, "over": "steps", "statistic": "absolute"},
    "step_forward": {"threshold": 0.25, "threshold_down": 0.125},
    "step_forward >=": {"threshold": 0.25, "compare": ">=", "channels": "up_down"},
    "step_forward, several": {"threshold": 0.1, "multi": True},
    "step_forward, silent": {"threshold": 0.1, "refractory": 3},
    "step_forward on": {"threshold": 0.1, "initial": -0.5, "multi": True, "compare": ">="},
    "send_on_delta": {"threshold": 0.25, "channels": "up_down"},
    "send_on_delta, silent": {"threshold": 0.25, "refractory": 2, "multi": True},
    "level_crossing": {"spacing": 0.1},
    "level_crossing on": {"spacing": 0.1, "initial": 2.5, "channels": "up_down"},
    "moving_window": {"threshold": 0.25, "window": 4},
    "moving_window ahead": {"threshold": 0.25, "window": 5, "first": "window"},
    "moving_window, long": {"threshold": 0.25, "window": 30, "channels": "up_down"},
    "bsa": {"fir": FIR, "threshold": 0.1},
    "bsa scaled": {
        "fir": FIR, "threshold": 0.95, "criterion": "multiply", "shift": "min", "gain": "range",
        "offsets": (1, -2, 3), "tail": "whole",
    },
    "hsa": {"fir": FIR},
    "modified_hsa": {"fir": FIR, "threshold": 0.1, "shift": -0.5, "gain": 0.75},
    "pulse_width": {"period": 4, "low": -0.1, "high": 1.1},
}  # fmt: skip


@DTYPES
@pytest.mark.parametrize("name", SIGNAL_CODES)
def test_codes_of_time_series(name, dtype, memory):
    data = numbers(19, 3, 3, dtype=dtype)
    encode = getattr(spikegen, name.replace(",", "").split()[0])
    options = SIGNAL_CODES[name]
    assert_alike(lambda device: encode(data, **options, dtype=np.int8, device=device))


@DTYPES
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compare": ">", "initial": None},
        {"feedback": "residual"},
        {"profile": "lava", "cum_error": True},
        {"step": 1 / 16, "num_bits": 3},
    ],
    ids=str,
)
def test_graded_changes(options, dtype, memory):
    data = numbers(19, 9, dtype=dtype)
    assert_alike(lambda device: spikegen.sigma_delta(data, 0.25, device=device, **options))


@DTYPES
def test_decoders(dtype, memory):
    counts = np.random.default_rng(0).integers(-3, 4, (19, 9)).astype(np.int8)
    limits = np.linspace(0.1, 0.5, 9)
    assert_alike(
        lambda device: decode.staircase(
            counts, limits, 0.5, threshold_down=0.2, dtype=dtype, device=device
        )
    )
    assert_alike(
        lambda device: decode.staircase(
            counts > 0, 0.1, dtype=dtype, count_first=False, device=device
        )
    )
    values = numbers(19, 9, dtype=dtype)
    assert_alike(lambda device: decode.accumulate(values, 0.25, device=device))
    for delay in (0, 2, 30):
        assert_alike(
            lambda device, delay=delay: decode.convolve(
                counts,
                FIR,
                np.linspace(-1, 1, 9, dtype=dtype),
                limits,
                delay,
                dtype=dtype,
                device=device,
            )
        )


@DTYPES
@pytest.mark.parametrize("period", [2, 5])
def test_the_decoder_of_pulse_width(dtype, period):
    spikes = np.random.default_rng(0).random((19, 9)) < 0.3
    assert_alike(
        lambda device: decode.pulse_width(
            spikes, period, low=-0.1, high=1.1, dtype=dtype, device=device
        )
    )


@DTYPES
def test_signals_on_the_gpu_stay_there(dtype):
    data = numbers(19, 9, dtype=dtype)
    there = cuda.to_device(data)
    for name, options in SIGNAL_CODES.items():
        encode = getattr(spikegen, name.replace(",", "").split()[0])
        spikes = encode(there, **options, dtype=np.int8)
        assert backends.on_gpu(spikes)
        expected = encode(data, **options, dtype=np.int8, device="numpy")
        assert_same_bits(spikes.copy_to_host(), expected)
    values = spikegen.sigma_delta(there, 0.25)
    expected = spikegen.sigma_delta(data, 0.25, device="numpy")
    assert_same_bits(values.copy_to_host(), expected)
    trains = (expected != 0).astype(dtype)
    for decoder, numbers_of in ((decode.convolve, FIR), (decode.pulse_width, 4)):
        found = decoder(cuda.to_device(trains), numbers_of)
        assert_same_bits(found.copy_to_host(), decoder(trains, numbers_of, device="numpy"))
    sums = decode.accumulate(values)
    assert_same_bits(sums.copy_to_host(), decode.accumulate(expected, device="numpy"))
    spikes = spikegen.step_forward(there, 0.25, initial=sums.copy_to_host()[-1])
    stairs = decode.staircase(spikes, 0.25, sums[-1])
    first = decode.accumulate(expected, device="numpy")[-1]
    counts = spikegen.step_forward(data, 0.25, initial=first, device="numpy")
    assert_same_bits(spikes.copy_to_host(), counts)
    expected = decode.staircase(counts, 0.25, first, device="numpy")
    assert_same_bits(stairs.copy_to_host(), expected)


@pytest.mark.parametrize(
    ("encode", "options"),
    [
        (spikegen.phase, {"num_bits": 4, "num_steps": 9}),
        (spikegen.latency, {"normalize": True, "num_steps": 9}),
        (spikegen.step_forward, {"threshold": 0.25, "refractory": 2}),
        (spikegen.sigma_delta, {"threshold": 0.25}),
        (spikegen.delta, {"threshold": 0.25}),
    ],
)
def test_parts_over_time_join_to_the_whole(encode, options):
    data = np.random.default_rng(2).random((7, 3), np.float32)
    parts = lazy.blocks(encode, data, block_steps=4, device="cuda", **options)
    assert_same_bits(np.concatenate(list(parts)), encode(data, device="numpy", **options))


@pytest.mark.parametrize("pattern", ["regular", "uniform", "poisson"])
@pytest.mark.parametrize("interpolate", [False, True])
def test_targets(pattern, interpolate):
    assert_alike(
        lambda device: spikegen.targets_rate(
            [1, 2, 0], 3, 7, 1, 0.6, 0.3, 1.2, 0.1, pattern, interpolate, seed=3, device=device
        )
    )


NEURONS = [
    *(LIF.profile(name) for name in spikecore.profiles()),
    LIF(0.9, leak=0.1, gain=1.5, lower=-0.5, refractory=2, reset="value", reset_at="same"),
    LIF(np.linspace(0.1, 0.9, 5), threshold=np.linspace(0.5, 1, 5), decay_reset=True),
    Leaky(0.9, reset_delay=False, graded_spikes_factor=2.5),
    Lapicque(0.9),
    Synaptic(0.9, 0.8),
    Synaptic(0.9, 0.8, reset_mechanism="zero", reset_delay=False),
    Alpha(0.9, 0.8),
    Alpha(0.9, 0.8, reset_mechanism="subtract"),
    RLeaky(0.9, V=0.4, all_to_all=False),
    RLeaky(0.9, recurrent=Linear.draw(5, 5, seed=0)),
    LIF(0.9, inhibition=True),
    LIF(0.9, inhibition=True, reset="value", reset_at="same", threshold=np.linspace(0.4, 1, 5)),
    Synaptic(0.5, 0.8, inhibition=True),
    LIF(0.9, input_delay=3, synapse_decay=0.5, synapse_order="use-decay-jump", synapse_gain=0.5),
    LIF(0.9, adaptation_decay=np.linspace(0.5, 1, 5), reset_at="same", inhibition=True),
    LIF(0.9, refractory=2, refractory_holds="spike", report_spike="old", reset="none",
        inhibition=True),
    LIF(0.9, threshold_low=-0.5, reset_at="same", inhibition=True),
]  # fmt: skip


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda neuron: repr(neuron)[:70])
def test_neurons(neuron, memory):
    current = 1.2 * numbers(19, 3, 5, seed=8)  # two groups of eight steps, and three more

    def run(device):
        done = neuron.run(current, record=neuron.recordable, device=device)
        return [done.spikes, *done.recorded.values(), *done.final]

    assert_alike(run)


@st.composite
def lifs(draw):
    """LIF neurons all over the space of axes."""
    reset, at, extra = draw(
        st.sampled_from(
            [
                ("subtract", "next", {}), ("subtract", "next", {"decay_reset": True}),
                ("subtract", "same", {}), ("subtract", "exchange", {}), ("none", "next", {}),
                ("value", "next", {"reset_value": -0.25}), ("value", "same", {}),
                ("value", "next", {"drop_input": True}),
            ]
        )
    )  # fmt: skip
    multi = draw(st.booleans())
    extra = {**extra, **draw_parts(draw, reset, at)}
    return LIF(
        decay=draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
        compare=">=" if multi else draw(st.sampled_from([">", ">="])),
        spikes="multi" if multi else "single",
        reset=reset,
        reset_at=at,
        report_spike=draw(st.sampled_from(["new", "old"])) if at == "next" else "new",
        input_delay=draw(st.sampled_from([0, 2])),
        inhibition=draw(st.booleans()),
        leak=draw(st.sampled_from([0.0, 0.125])),
        gain=draw(st.sampled_from([1.0, 1.5])),
        lower=draw(st.sampled_from([None, 0.0])),
        **extra,
    )


def draw_parts(draw, reset, at):
    """A synaptic current, an adaptation, a spike map and something to hold, each perhaps."""
    waits = at == "same" or reset == "none"
    parts = {"refractory": draw(st.sampled_from([0, 1.5, 2]))}
    if draw(st.booleans()):
        orders = ["decay-jump-use", "jump-use-decay", "jump-decay-use", "use-decay-jump"]
        parts |= {"synapse_decay": 0.5, "synapse_order": draw(st.sampled_from(orders))}
    if draw(st.booleans()):
        kinds = ["input", "threshold"] if waits else ["input"]
        parts |= {"adaptation_decay": 0.75, "adaptation_of": draw(st.sampled_from(kinds))}
    if reset == "value" and draw(st.booleans()):  # else the membrane would overflow
        kind = draw(st.sampled_from(["quadratic", "exponential"]))
        parts |= {"spike_map": kind, "map_scale": 0.125, "map_onset": 0.5}
    if waits and parts["refractory"]:
        parts["refractory_holds"] = draw(st.sampled_from(["input", "membrane", "spike"]))
    return parts


@settings(max_examples=40)
@given(lifs(), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32 - 1))
def test_every_combination_of_axes(neuron, dtype, seed):
    # multiples of 1/16, so that membranes meet thresholds
    current = np.random.default_rng(seed).integers(-8, 33, (19, 2, 3)) / dtype(16)

    def run(device):
        done = neuron.run(current.astype(dtype), record=neuron.recordable, device=device)
        return [done.spikes, *done.recorded.values(), *done.final]

    assert_alike(run)


@pytest.mark.parametrize("kind", [np.uint8, np.bool_, np.float32])
@pytest.mark.parametrize("exact", [False, True])
def test_layers(kind, exact, memory):
    layer = Linear.draw(7, 6, seed=1)
    spikes = (numbers(9, 7) < 0.4).astype(kind)
    expected = layer(spikes, exact=True, device="numpy")
    assert_same_bits(layer(spikes, exact=exact, device="cuda"), expected)


def test_dense_and_event_driven_products_have_the_same_bits():
    layer, spikes = Linear.draw(7, 6, seed=1), numbers(9, 7)
    outs = np.empty((2, 9, 6), np.float32)
    gpu.Backend().product(spikes, layer._rows, layer.bias, outs[0])
    gpu.Backend().dense_product(spikes, layer._rows, layer.bias, outs[1])
    assert_same_bits(outs[0], outs[1])


def test_a_network():
    net = Sequential(Linear.draw(6, 5, seed=1), Leaky(0.9), Linear.draw(5, 3, seed=2), Leaky(0.9))
    spikes = (numbers(8, 2, 6) < 0.6).astype(np.uint8)

    def run(device):
        done = net.run(spikes, exact=True, device=device)
        return [a for layer in done.values() for a in (layer.spikes, *layer.recorded.values())]

    assert_alike(run)


def test_a_graph_with_a_convolution_a_cycle_and_membranes():
    weight = numbers(4, 2, 2, 2) - np.float32(0.4)
    net = Graph(
        {
            "conv": Conv2d(weight, stride=2, padding=1, groups=1), "lif": LIF(0.9, threshold=0.5),
            "flat": Flatten(), "back": Conv2d(numbers(4, 4, 1, 1, seed=2) - np.float32(0.5)),
            "out": Linear.draw(36, 3, seed=1), "read": LI(0.5),
        },
        [
            ("input", "conv"), ("conv", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "flat"),
            ("flat", "out"), ("out", "read"), ("read", "output"),
        ],
    )  # fmt: skip
    spikes = (numbers(5, 2, 2, 5, 5) < 0.5).astype(np.uint8)
    assert net(spikes, device="numpy").any()
    assert_alike(lambda device: net(spikes, exact=True, device=device))


# --- where things are computed ------------------------------------------------------------------


class OnTheGpu:
    """An array of some library, of which only ``__cuda_array_interface__`` is known."""

    def __init__(self, array):
        self.held = cuda.to_device(np.ascontiguousarray(array))
        if config.ENABLE_CUDASIM:  # whose arrays have no such interface
            known = {**self.held._ary.__array_interface__, "version": 3}
        else:
            known = self.held.__cuda_array_interface__
        self.__cuda_array_interface__ = known


def fetched(result):
    """What lies in the device's memory."""
    assert backends.on_gpu(result), "the result has left the GPU"
    return result.copy_to_host()


def test_data_on_the_gpu_are_used_there_and_the_result_stays():
    data = numbers(3, 7)
    there = OnTheGpu(data)
    assert_same_bits(fetched(spikegen.rate(there, 5, seed=1)), spikegen.rate(data, 5, seed=1))
    moving = spikegen.delta(there, 0.3, off_spike=True, dtype=np.int8)
    assert_same_bits(fetched(moving), spikegen.delta(data, 0.3, off_spike=True, dtype=np.int8))
    code = spikegen.latency(there, 9, normalize="sample")
    assert_same_bits(fetched(code), spikegen.latency(data, 9, normalize="sample"))
    times, silent = spikegen.latency_code(there, 9, threshold=0.3)
    expected = spikegen.latency_code(data, 9, threshold=0.3)
    assert_same_bits(fetched(times), expected[0])
    assert_same_bits(fetched(silent), expected[1])


def test_neurons_and_layers_on_the_gpu():
    current = numbers(19, 3, 5)
    for neuron in (Leaky(0.9), Synaptic(0.9, 0.8), LIF(0.9, refractory=2, inhibition=True)):
        expected = neuron.run(current, record=neuron.recordable)
        there = neuron.run(OnTheGpu(current), record=neuron.recordable)
        assert_same_bits(fetched(there.spikes), expected.spikes)
        for name, values in expected.recorded.items():
            assert_same_bits(fetched(there.recorded[name]), values)
        for one, other in zip(there.final, expected.final, strict=True):
            assert_same_bits(fetched(one), other)
        again = neuron.run(OnTheGpu(current), *there.final)
        assert_same_bits(fetched(again.spikes), neuron.run(current, *expected.final).spikes)
        for one, other in zip(there.final, expected.final, strict=True):
            assert_same_bits(fetched(one), other)  # the state that was passed on is untouched
    layer = Linear.draw(5, 4, seed=0)
    assert_same_bits(fetched(layer(OnTheGpu(current))), layer(current, exact=True))


@pytest.mark.parametrize("last", [Leaky(0.9, 0.4), LI(0.5)], ids=["Leaky", "LI"])
@pytest.mark.parametrize("kind", [np.uint8, np.bool_, np.float32])
def test_a_network_on_the_gpu_has_the_bits_of_the_host(last, kind, monkeypatch):
    monkeypatch.delattr(gpu.Backend, "_to_host")  # nothing between the layers leaves the GPU
    layers = (
        Flatten(-2),
        Linear.draw(6, 5, seed=1),
        LIF(0.9, 0.4),
        Linear.draw(5, 3, seed=2),
        last,
    )
    net, spikes = Sequential(*layers), (numbers(7, 2, 3, 2) < 0.6).astype(kind)
    record = ("spikes", "membrane")
    expected = net.run(spikes, record=record, exact=True, device="numpy")
    there = net.run(OnTheGpu(spikes), record=record, steps_per_chunk=3)
    assert list(there) == list(expected)
    for name, layer in expected.items():
        assert_same_bits(there[name].counts, layer.counts)
        for array, values in zip(there[name].final, layer.final, strict=True):
            assert_same_bits(fetched(array), values)
        for state, values in layer.recorded.items():
            assert_same_bits(fetched(there[name].recorded[state]), values)
        if layer.spikes is not None:
            assert_same_bits(fetched(there[name].spikes), layer.spikes)
    again = net.run(OnTheGpu(spikes), state={name: part.final for name, part in there.items()})
    more = net.run(
        spikes, state={n: p.final for n, p in expected.items()}, exact=True, device="numpy"
    )
    for name, layer in more.items():
        assert_same_bits(fetched(again[name].recorded["membrane"]), layer.recorded["membrane"])
    there = net(OnTheGpu(spikes), steps_per_chunk=3)
    assert_same_bits(fetched(there), net(spikes, exact=True, device="numpy"))


def test_a_readout_on_the_gpu():
    current = numbers(9, 5)
    there, expected = LI(0.5).run(OnTheGpu(current)), LI(0.5).run(current)
    assert_same_bits(fetched(there.values), expected.values)
    assert_same_bits(fetched(there.final[0]), expected.final[0])


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ((Conv2d(np.ones((1, 1, 2, 2), np.float32)), Leaky(0.9)), "'conv2d1', as .* for Conv2d"),
        ((Leaky(0.9), Leaky(0.9)), "'leaky2', as .* for neurons that take the spikes"),
    ],
)
def test_layers_without_a_kernel_are_refused_on_the_gpu(layers, reason):
    with pytest.raises(TypeError, match=f"spikes must lie in the host's memory for {reason}"):
        Sequential(*layers).run(OnTheGpu(numbers(3, 1, 4, 4)))


def test_cycles_and_sums_are_refused_on_the_gpu():
    there, layer = OnTheGpu(numbers(3, 4)), Linear.draw(4, 4, seed=0)
    loop = Sequential(layer, Leaky(0.9), recurrent={"leaky1": layer})
    edges = [("input", "w"), ("input", "u"), ("w", "output"), ("u", "output")]
    for net in (loop, Graph({"w": layer, "u": layer}, edges)):
        with pytest.raises(TypeError, match="spikes must lie in the host's memory for"):
            net.run(there)
    edges = [("a", "w"), ("b", "u"), ("w", "c"), ("u", "d")]
    net = Graph({"w": layer, "u": layer}, edges, inputs=("a", "b"), outputs=("c", "d"))
    with pytest.raises(TypeError, match="spikes must lie on a GPU all or none"):
        net.run({"a": there, "b": numbers(3, 4)})
    found = net({"a": there, "b": OnTheGpu(numbers(3, 4, seed=1))})
    assert_same_bits(fetched(found["c"]), layer(numbers(3, 4), exact=True))


def test_an_output_on_the_gpu_is_filled():
    data = numbers(3, 7)
    out = OnTheGpu(np.zeros((5, 3, 7), np.uint8))
    spikegen.rate(OnTheGpu(data), 5, seed=1, out=out)
    assert_same_bits(out.held.copy_to_host(), spikegen.rate(data, 5, seed=1, dtype=np.uint8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda gpu: spikegen.rate(gpu, 5, device="cpu"), "device must be None or 'cuda'"),
        (lambda gpu: spikegen.rate(gpu, 5, out=np.zeros((5, 2, 3), np.float32)), "out must lie"),
        (lambda gpu: spikegen.latency(gpu, bypass=True), "num_steps must be given"),
        (lambda gpu: spikegen.latency(gpu, 5, law="inverse"), "data must lie on the host"),
        (lambda gpu: spikegen.rank_order(gpu, 5), "data must lie in the host's memory"),
        (lambda gpu: spikegen.rate(gpu, 5, device="cuda:7"), "'cuda:7' cannot be used"),
        (lambda gpu: spikegen.rate(OnTheGpu(np.zeros(3, np.int32)), 5), "data must be C-cont"),
        (lambda gpu: spikegen.rate(numbers(3), 5, device="cuda:x"), "device must be one of"),
        (lambda gpu: spikegen.rate(numbers(3), 5, device="cpu", stream=3), "stream must be None"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused(call, message):
    with pytest.raises((ValueError, TypeError, backends.DeviceError), match=message):
        call(OnTheGpu(numbers(2, 3)))


def test_memory_for_one_step_is_needed(monkeypatch):
    monkeypatch.setattr(gpu.Backend, "_free_memory", lambda self: 10)
    with pytest.raises(MemoryError, match="10 bytes free, and 28 are needed; use fewer elements"):
        spikegen.rate(numbers(7), 5, device="cuda")
    with pytest.raises(MemoryError, match="10 bytes free, and 140 are needed; use fewer steps"):
        spikegen.rate(OnTheGpu(numbers(7)), 5)
    monkeypatch.setattr(gpu.Backend, "_free_memory", lambda self: 30)
    with pytest.raises(MemoryError, match="30 bytes free, and one time step needs 28"):
        spikegen.rate(numbers(7), 5, device="cuda")


def test_the_default_device_follows_the_environment(monkeypatch):
    data = numbers(5)
    assert backends.choose().__name__ == "spikecore.backends.cpu"
    monkeypatch.setenv("SPIKECORE_CUDA_CROSSOVER", "100")
    assert backends.choose(outputs=99).__name__ == "spikecore.backends.cpu"
    assert isinstance(backends.choose(outputs=100), gpu.Backend)
    monkeypatch.setenv("SPIKECORE_DEVICE", "numpy")
    assert backends.choose(outputs=100).__name__ == "spikecore.backends.numpy"
    monkeypatch.setenv("SPIKECORE_DEVICE", "cuda:0")
    assert isinstance(backends.choose(), gpu.Backend)
    assert backends.choose("cpu").__name__ == "spikecore.backends.cpu"
    assert_same_bits(spikegen.rate(data, 3, seed=0), spikegen.rate(data, 3, seed=0, device="cpu"))
    for variable in ("SPIKECORE_DEVICE", "SPIKECORE_CUDA_CROSSOVER"):
        monkeypatch.delenv("SPIKECORE_DEVICE", raising=False)
        monkeypatch.setenv(variable, "tpu")
        with pytest.raises(ValueError, match=f"{variable} must be"):
            backends.choose()


def test_a_stream_is_passed_on(monkeypatch):
    used = []
    launch = gpu.Backend._launch

    def spy(self, *arguments):
        used.append(self.stream)
        launch(self, *arguments)

    monkeypatch.setattr(gpu.Backend, "_launch", spy)
    stream = cuda.stream()
    spikegen.rate(numbers(3), 5, device="cuda", stream=stream)
    assert used == [stream]


def test_a_fork_of_a_process_that_used_cuda_is_refused(monkeypatch):
    spikegen.rate(numbers(3), 5, device="cuda")
    monkeypatch.setattr(gpu, "_process", os.getpid() - 1)
    with pytest.raises(RuntimeError, match="does not survive a fork"):
        spikegen.rate(numbers(3), 5, device="cuda")


def test_the_reference_conforms_to_itself_on_the_gpu():
    lif = LIF.profile("sinabs")

    def neuron(current):
        run = lif.run(current, device="cuda")
        return run.spikes, run.recorded["membrane"]

    assert validate.neuron(neuron, "sinabs").verdict == "exact"
    for kind in ("delta", "latency"):
        encode = getattr(spikegen, kind)
        report = validate.encoder(lambda *a, e=encode, **k: e(*a, device="cuda", **k), kind)
        assert report.verdict == "exact", str(report)


def test_devices_are_told():
    name = "Numba's CUDA simulator" if config.ENABLE_CUDASIM else "virtual GPU, compute capability"
    assert spikecore.devices()["cuda:0"].startswith(name)


def test_the_stand_in_shares_its_memory():
    """What the tests above rest on: nothing is copied on the way in."""
    stand_in = OnTheGpu(np.zeros(3))
    adopted = backends.adopt(stand_in)
    stand_in.held.copy_to_device(np.ones(3))
    assert adopted.copy_to_host().tolist() == [1, 1, 1]
