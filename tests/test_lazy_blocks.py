"""Parts over time in constant memory: joined, they are one call."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from test_lazy import CURRENTS, NEURONS, OF_SIGNALS, PER_FEATURE, SIGNALS, SPIKES, VALUES, network

from spikecore import Events, Graph, Leaky, Linear, decode, events, lazy, spikegen
from spikecore.chunked import division_of
from spikecore.lazy import parts

LEAD = {"first_spike_time": 5, "gain": 0.5}
UNIFORMS = np.random.default_rng(1).random((9, *VALUES.shape))
OF_VALUES = {
    "rate": (spikegen.rate, {"seed": 3, "first_step": 2}),
    "rate from an element on": (spikegen.rate, {"seed": 3, "first_element": 2**33}),
    "rate after silence": (spikegen.rate, {"seed": 3, **LEAD}),
    "rate of registers": (spikegen.rate, {"seed": 3, "generator": "lfsr16"}),
    "rate of uniforms": (spikegen.rate, {"uniforms": UNIFORMS}),
    "latency": (spikegen.latency, {"bypass": True, "tau": 3}),
    "latency, normalised": (spikegen.latency, {"normalize": True, "off_target": -1}),
    "latency, by samples": (spikegen.latency, {"normalize": "sample"}),
    "latency, lines": (spikegen.latency, {"normalize": True, "interpolate": True}),
    "latency, decay": (spikegen.latency, {"threshold": 1, "tau": 3, "law": "decay"}),
    "phase": (spikegen.phase, {"num_bits": 4}),
    "burst": (spikegen.burst, {}),
    "population": (spikegen.population, {"neurons": 5, "low": 0, "high": 1}),
    "current": (spikegen.current, {"gain": 3}),
    "current, first spikes": (spikegen.current, {"gain": 3, "first_only": True}),
    "poisson": (spikegen.poisson, {"refractory": 3, "rate_is": "hazard", "seed": 1}),
    "poisson of bools": (spikegen.poisson, {"rate_is": "hazard", "seed": 1, "dtype": bool}),
    "rank order": (spikegen.rank_order, {}),
    "lines": (spikegen.latency_interpolate, {}),
}
REFUSED = ("bsa", "temporal_contrast", "decoded rate", "convolve", "a window ahead")


def joined(parts):
    return np.concatenate(list(parts))


@st.composite
def cut(draw, values):
    """Parts of a signal, of any lengths from 1 on."""
    places = sorted(draw(st.sets(st.integers(1, len(values) - 1))))
    return np.split(values, places)


@pytest.mark.parametrize("name", OF_VALUES)
@pytest.mark.parametrize("block_steps", [1, 4, None])
def test_parts_of_a_code_of_values_join_to_the_whole(name, block_steps):
    encode, how = OF_VALUES[name]
    parts = lazy.blocks(encode, VALUES, num_steps=9, block_steps=block_steps, **how)
    assert_same_bits(joined(parts), encode(VALUES, num_steps=9, **how))


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_parts_have_the_same_bits_on_every_device(device):
    how = {"num_steps": 9, "normalize": True, "device": device}
    found = joined(lazy.blocks(spikegen.latency, VALUES, block_steps=4, **how))
    assert_same_bits(found, spikegen.latency(VALUES, **how))


SIGNAL_CODES = {
    **{name: code for name, code in OF_SIGNALS.items() if name not in REFUSED},
    "samples, refractory": lambda x: spikegen.send_on_delta(x, 0.2, refractory=3),
    "an initial value": lambda x: spikegen.step_forward(x, 0.3, initial=PER_FEATURE, multi=True),
    "levels from a value": lambda x: spikegen.level_crossing(x, 0.25, initial=0.1),
    "a window above": lambda x: spikegen.moving_window(x, 0.1, 2, compare=">="),
    "steps not counted": lambda x: decode.staircase(x > 0, 0.3, count_first=False),
    "a sum from a value": lambda x: decode.accumulate(x, PER_FEATURE),
}


class Recorder:
    """An encoder as ``lambda x: encode(x, ...)`` calls it, as a function and its arguments."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, name):
        return lambda x, *positional, **options: (
            getattr(sys.modules[f"spikecore.{self.name}"], name), positional, options)  # fmt: skip


def call_of(code):
    """The function that a lambda calls, and its arguments after the signal."""
    names = {"spikegen": Recorder("spikegen"), "decode": Recorder("decode")}
    made = type(code)(code.__code__, {**code.__globals__, **names})
    return made(np.zeros(1))


@pytest.mark.parametrize("name", SIGNAL_CODES)
@settings(max_examples=10)
@given(data=st.data())
def test_parts_of_a_signal_join_to_the_whole(name, data):
    code = SIGNAL_CODES[name]
    encode, positional, options = call_of(code)
    signal = SIGNALS > 0 if name in ("staircase", "steps not counted") else SIGNALS
    parts = data.draw(cut(signal))
    if name == "pulse_width":  # begins anew every 3 steps
        parts = np.split(signal, [3, 6])
    assert_same_bits(
        joined(lazy.blocks(encode, iter(parts), *positional, **options)), code(SIGNALS)
    )
    found = lazy.blocks(encode, signal, *positional, block_steps=3, **options)
    assert_same_bits(joined(found), code(SIGNALS))


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_the_dead_time_of_data_that_vary_goes_on_in_the_next_part(device):
    data, how = SIGNALS * 0 + 0.2, {"refractory": 2, "seed": 3, "time_var_input": True}
    parts = lazy.blocks(spikegen.poisson, data, block_steps=2, device=device, **how)
    expected = spikegen.poisson(data, device=device, **how)
    assert_same_bits(joined(parts), expected)
    apart = [spikegen.poisson(part, device=device, **how) for part in np.split(data, [2, 4, 6, 8])]
    assert not np.array_equal(joined(apart), expected)


@pytest.mark.parametrize(
    ("encode", "how"),
    [
        (spikegen.delta, {"threshold": 0.2, "off_spike": True}),
        (spikegen.step_forward, {"threshold": 0.2}),
        (spikegen.sigma_delta, {"threshold": 0.2}),
        (spikegen.level_crossing, {"spacing": 0.2}),
        (spikegen.moving_window, {"threshold": 0.2, "window": 3}),
        (spikegen.temporal_contrast, {"threshold": 0.2}),
        (spikegen.rate_conv, {"seed": 1}),
    ],
)
def test_events_of_parts_join_to_those_of_the_whole(encode, how):
    parts = lazy.blocks(encode, SIGNALS, block_steps=4, sparse=True, **how)
    assert events.concatenate(parts) == encode(SIGNALS, sparse=True, **how)


def test_events_of_placed_spikes_join_to_those_of_the_whole():
    how = {"num_steps": 9, "normalize": True, "sparse": True}
    parts = lazy.blocks(spikegen.latency, VALUES, block_steps=4, **how)
    assert events.concatenate(parts) == spikegen.latency(VALUES, **how)


@pytest.mark.parametrize("name", NEURONS)
@settings(max_examples=6)
@given(parts=cut(CURRENTS))
def test_runs_of_a_neuron_join_to_the_whole(name, parts):
    neuron = NEURONS[name]
    runs, expected = list(lazy.blocks(neuron, iter(parts))), neuron.run(CURRENTS)
    assert_same_bits(joined(run.spikes for run in runs), expected.spikes)
    membranes = joined(run.recorded["membrane"] for run in runs)
    assert_same_bits(membranes, expected.recorded["membrane"])
    for last, right in zip(runs[-1].final, expected.final, strict=True):
        assert_same_bits(last, right)


@pytest.mark.parametrize("sparse", [False, True])
def test_runs_of_a_network_join_to_the_whole(sparse):
    spikes = Events.from_dense(SPIKES) if sparse else SPIKES
    expected = network().run(spikes, exact=True)
    found = list(lazy.blocks(network(), spikes, exact=True, block_steps=4))
    assert len(found) == 3
    for layer, whole in expected.items():
        assert_same_bits(joined(part[layer].spikes for part in found), whole.spikes)
        assert_same_bits(np.sum([part[layer].counts for part in found], axis=0), whole.counts)
        assert_same_bits(found[-1][layer].final[0], whole.final[0])


def test_a_network_of_several_inputs_takes_parts_of_each():
    layers = {"a": Linear.draw(5, 3, seed=0), "b": Linear.draw(5, 3, seed=1), "n": Leaky(0.9)}
    edges = [("x", "a"), ("y", "b"), ("a", "n"), ("b", "n"), ("n", "output")]
    graph = Graph(layers, edges, inputs={"x": (5,), "y": (5,)})
    inputs = {"x": SPIKES, "y": SPIKES[::-1].copy()}
    found = joined(p["n"].spikes for p in lazy.blocks(graph, inputs, exact=True, block_steps=2))
    assert_same_bits(found, graph.run(inputs, exact=True)["n"].spikes)


def test_parts_of_an_encoder_go_through_a_network():
    spikes = lazy.blocks(spikegen.rate, VALUES[0], num_steps=9, seed=1, block_steps=4)
    found = joined(p["lif1"].spikes for p in lazy.blocks(network(), spikes, exact=True))
    whole = network().run(spikegen.rate(VALUES[0], 9, seed=1), exact=True)
    assert_same_bits(found, whole["lif1"].spikes)


def test_a_mapped_file_is_read_a_part_at_a_time(tmp_path):
    np.save(tmp_path / "signal.npy", SIGNALS)
    mapped = np.load(tmp_path / "signal.npy", mmap_mode="r")
    found = joined(lazy.blocks(spikegen.delta, mapped, block_steps=2))
    assert_same_bits(found, spikegen.delta(SIGNALS))


@pytest.mark.parametrize("encode", [spikegen.step_forward, spikegen.sigma_delta])
def test_what_a_part_left_stays_as_it_was(encode):
    """A worker may run a chunk again, from the same state."""
    division, how = division_of(encode), {"threshold": 0.2}
    first = parts.start_of(encode, division, dict(how))
    _, before = parts.advance(encode, division, how, SIGNALS[:4], first, 0)
    once, _ = parts.advance(encode, division, how, SIGNALS[4:], before, 4)
    again, _ = parts.advance(encode, division, how, SIGNALS[4:], before, 4)
    assert_same_bits(once, again)
    assert_same_bits(once, encode(SIGNALS, 0.2)[4:])


def test_a_seed_is_drawn_once_for_all_parts():
    parts = list(lazy.blocks(spikegen.rate, np.full(200, 0.5), num_steps=2, block_steps=1))
    assert not np.array_equal(*parts)  # the draws of two steps
    generator = np.random.default_rng(4)
    found = joined(lazy.blocks(spikegen.rate, VALUES, 9, seed=generator, block_steps=4))
    assert_same_bits(found, spikegen.rate(VALUES, 9, seed=np.random.default_rng(4)))


def test_a_signal_without_steps_gives_an_empty_part():
    (part,) = lazy.blocks(spikegen.delta, SIGNALS[:0])
    assert_same_bits(part, spikegen.delta(SIGNALS[:0]))


def test_parts_take_the_memory_of_one_part():
    code = (
        "import numpy as np; from spikecore import lazy, spikegen\n"
        "image = np.full(10_000, 0.5, 'f4')\n"
        "def run(steps):\n"
        "    parts = lazy.blocks(spikegen.rate, image, num_steps=steps, seed=0, dtype=bool)\n"
        "    assert sum(len(part) for part in parts) == steps\n"
        "    with open('/proc/self/status') as file:  # a fork's getrusage counts its parent\n"
        "        return next(int(line.split()[1]) for line in file if line.startswith('VmHWM'))\n"
        "assert run(30_000) - run(400) < 8_000  # kB; all spikes together are 300 MB\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_blocks_do_not_import_dask():
    code = (
        "import sys, numpy as np; from spikecore import lazy, spikegen\n"
        "list(lazy.blocks(spikegen.delta, np.ones((3, 2))))\n"
        "assert not any(name.partition('.')[0] == 'dask' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: lazy.blocks(spikegen.bsa, SIGNALS, [1], 1), ValueError, "work must be a code"),
        (
            lambda: lazy.blocks(spikegen.moving_window, SIGNALS, 1, 3, first="window"),
            ValueError,
            "work must be a code that goes through time without looking ahead, got moving_window",
        ),
        (
            lambda: lazy.blocks(spikegen.temporal_contrast, SIGNALS, factor=1),
            ValueError,
            "work must be a code that",
        ),
        (
            lambda: list(
                lazy.blocks(
                    spikegen.population, VALUES, 5, 0, 1, output="times", num_steps=4, block_steps=2
                )
            ),
            ValueError,
            "work must give spikes over time",
        ),
        (lambda: lazy.blocks(spikegen.phase, VALUES), TypeError, "options must fit phase, got mis"),
        (lambda: lazy.blocks(Leaky(0.9), VALUES, num=4), TypeError, "options must fit run, got a"),
        (lambda: lazy.blocks(len, SIGNALS), TypeError, "work must be a function that can be"),
        (lambda: lazy.blocks(spikegen.rate, VALUES), ValueError, "num_steps must be given"),
        (
            lambda: lazy.blocks(spikegen.rate, VALUES, 5, first_spike_time=9),
            ValueError,
            "first_spike_time must be at most the last step, 4",
        ),
        (
            lambda: lazy.blocks(spikegen.delta, SIGNALS, out=SIGNALS),
            TypeError,
            "out must be None in blocks",
        ),
        (
            lambda: lazy.blocks(spikegen.delta, SIGNALS, block_steps=0),
            ValueError,
            "block_steps must be from 1",
        ),
        (
            lambda: lazy.blocks(spikegen.pulse_width, SIGNALS, 4, block_steps=6),
            ValueError,
            "block_steps must be a multiple of period=4, got 6; pass 4",
        ),
        (lambda: lazy.blocks(spikegen.delta, 1.0), ValueError, "data must have a time axis"),
        (
            lambda: list(lazy.blocks(spikegen.delta, iter([SIGNALS, SIGNALS[:, :2]]))),
            ValueError,
            r"parts of data must have the features' shape \(3, 4\)",
        ),
        (
            lambda: list(lazy.blocks(spikegen.pulse_width, iter([SIGNALS, SIGNALS]), 4, low=-9,
                                     high=9)),
            ValueError,
            "parts of data must begin at multiples of period=4",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_divided_is_refused(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


@pytest.mark.parametrize(
    ("work", "how"),
    [
        (spikegen.delta, {}),
        (spikegen.sigma_delta, {"threshold": 0.1}),
        (spikegen.rate, {"time_var_input": True}),
        (Leaky(0.9), {}),
    ],
)
def test_bad_data_are_named_by_their_index_in_the_whole(work, how):
    data = SIGNALS.copy()
    data[7, 2, 1] = np.nan
    with pytest.raises(ValueError, match=r"\[7, 2, 1\] is nan"):
        list(lazy.blocks(work, data, block_steps=3, **how))


def test_the_caller_of_a_part_is_not_part_of_a_whole():
    for part in lazy.blocks(spikegen.rate_conv, SIGNALS, seed=1, block_steps=3):
        with pytest.raises(ValueError, match=r"data\[1\] is nan"):
            spikegen.rate([0, np.nan], len(part))
