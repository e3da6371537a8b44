"""What holds for every code of values: shapes, refusals, tiles, threads, backends, profiles."""

import inspect

import numpy as np
import pytest
from conftest import OF_VALUES, assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from signals import DEVICES
from values import VALUES

from spikecore import decode, spikegen
from spikecore.backends import threads
from spikecore.backends.cpu import codes as loops

ENCODERS = {
    "phase": {"num_bits": 4, "num_steps": 9},
    "burst": {"num_steps": 19},
    "burst, times rounded": {"num_steps": 19, "min_interval": 1.5, "rounds": "spikes"},
    "rank_order": {"num_steps": 4},
    "rank_order, by index": {"num_steps": 4, "ties": "index"},
    "population": {"neurons": 5, "low": 0, "high": 1, "num_steps": 9},
    "population, even": {"neurons": 3, "low": 0, "high": 2, "num_steps": 9, "centres": "even"},
    "population, times": {"neurons": 4, "low": 0, "high": 1, "num_steps": 9, "output": "times"},
    "population, activity": {"neurons": 4, "low": 0, "high": 1, "output": "activity"},
    "population, winner": {"neurons": 70, "low": 0, "high": 1, "output": "winner"},
    "current": {"num_steps": 9, "gain": 1},
    "current, first": {"num_steps": 9, "gain": 1, "first_only": True},
    "latency, decay": {"num_steps": 9, "threshold": 0.9, "tau": 3, "law": "decay"},
    "latency, exponential": {"num_steps": 9, "law": "exponential"},
    "latency, inverse": {"num_steps": 9, "law": "inverse"},
    "poisson": {"num_steps": 9, "refractory": 2, "rate_is": "hazard", "seed": 1},
}
GRADED = ("population, times", "population, activity")
SPIKING = [name for name in ENCODERS if name not in GRADED]


def encode(name, data, **options):
    function = getattr(spikegen, name.partition(",")[0])
    return function(data, **(ENCODERS[name] | options))


def expected_shape(name, shape):
    options = ENCODERS[name]
    last = (options["neurons"],) if "neurons" in options else ()
    timed = () if options.get("output") else (options["num_steps"],)
    return (*timed, *shape, *last)


def test_every_code_is_here():
    assert {name.partition(",")[0] for name in ENCODERS} == OF_VALUES | {"latency"}


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0), (2, 2, 2)], ids=str)
def test_the_shape_is_that_of_the_data_with_time_first(name, shape, device):
    data = np.full(shape, 0.5, np.float32)
    spikes = encode(name, data, device=device)
    assert spikes.shape == expected_shape(name, shape)
    assert spikes.dtype == np.float32


@pytest.mark.parametrize("name", [name for name in ENCODERS if "num_steps" in ENCODERS[name]])
def test_one_step_is_the_first_of_several(name):
    data = np.linspace(0, 0.9, 7)
    one = encode(name, data, num_steps=1, device="cpu")
    assert_same_bits(one, encode(name, data, num_steps=1, device="numpy"))
    if name.partition(",")[0] in ("phase", "burst", "current", "rank_order", "poisson"):
        np.testing.assert_array_equal(one, encode(name, data)[:1])


@pytest.mark.parametrize("name", ENCODERS)
@given(data=VALUES)
def test_backends_give_the_same_bits(name, data):
    assert_same_bits(encode(name, data, device="cpu"), encode(name, data, device="numpy"))


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("shape", [(3, 5), (2, 137)], ids=str)
def test_tiles_and_threads_change_nothing(name, shape, monkeypatch):
    data = np.random.default_rng(0).random(shape, np.float32)
    expected = encode(name, data, device="numpy")
    monkeypatch.setattr(threads, "SMALL", 0)
    for workers in (1, 2, 3):
        monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(workers))
        for most in (1, 5, 36, 1000):
            monkeypatch.setattr(loops, "wide", lambda size, limit=None, most=most: most)
            assert_same_bits(encode(name, data, device="cpu"), expected)


@pytest.mark.parametrize("name", SPIKING)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint8", "bool"])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_every_dtype_holds_the_same_spikes(name, dtype, device):
    data = np.linspace(0, 0.99, 12, dtype=np.float32).reshape(2, 6)
    spikes = encode(name, data, dtype=dtype, device=device)
    assert spikes.dtype == dtype
    np.testing.assert_array_equal(spikes, encode(name, data))
    assert set(np.unique(spikes)) == {0, 1}


@pytest.mark.parametrize("name", GRADED)
def test_graded_results_have_the_dtype_of_the_data(name):
    for dtype in (np.float32, np.float64):
        assert encode(name, np.full(3, 0.5, dtype)).dtype == dtype
    with pytest.raises(ValueError, match=r"^dtype must be that of the data, float64"):
        encode(name, [0.5], dtype=np.int8)


@pytest.mark.parametrize("name", ENCODERS)
@given(data=VALUES, device=DEVICES, out=st.booleans())
def test_nothing_but_the_result_is_touched(name, data, device, out):
    copy = data.copy()
    given_out = {"out": np.full(expected_shape(name, data.shape), 7, data.dtype)} if out else {}
    result = encode(name, data, device=device, **given_out)
    assert not out or result is given_out["out"]
    np.testing.assert_array_equal(data, copy)
    assert data.flags.writeable
    assert_same_bits(result, encode(name, copy, device=device))


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("bad", [[0.0, float("nan")], [0.0, float("inf")], ["a"], None], ids=str)
def test_bad_data_are_refused_by_name(name, bad):
    out = np.full(expected_shape(name, (2,)), 7.0)
    with pytest.raises((ValueError, TypeError), match=r"^data must "):
        encode(name, bad, out=out)
    assert (out == 7).all()


OUTSIDE = {
    "phase": [1.0, -0.1],
    "burst": [1.1, -0.1],
    "rank_order": [-0.1],
    "latency, decay": [-0.1],
    "latency, exponential": [1.1, -0.1],
    "latency, inverse": [1.1, -0.1, 1e-45],
    "poisson": [1.1, -0.1],
}


@pytest.mark.parametrize(
    ("name", "x"), [(name, x) for name, values in OUTSIDE.items() for x in values]
)
def test_data_out_of_the_range_of_a_code_are_refused(name, x):
    with pytest.raises(ValueError, match=r"^data must "):
        encode(name, np.float32([0.5, x]))


NOT_STEPS = [0, -1, 2.0, True, "3", 2**40]
NOT_AXES = {
    "num_bits": [0, 31, 4.0],
    "num_steps": NOT_STEPS,
    "clip": [1, "yes"],
    "max_spikes": [0, 2**15, 2.5],
    "min_interval": [0, -1, 11, float("nan"), "2"],
    "max_interval": [1, 2**15, float("inf")],
    "gap": [-1, 0.5],
    "rounds": ["time", 1],
    "ties": ["first", None],
    "neurons": [2, 1, 2.5, 2**21],
    "low": [1, float("nan"), "0"],
    "high": [0, -1, float("inf")],
    "beta": [0, -1, "1"],
    "sigma": [0, -0.5, float("nan")],
    "centres": ["middle", 1],
    "output": ["rate", 1],
    "decay": [0, 1, -0.1, "0.9"],
    "threshold": [0, -1, float("nan"), "1"],
    "gain": [0, -1, float("nan")],
    "first_only": [1, None],
    "law": ["linear", 1],
    "compare": ["<", 1],
    "tau": [0, -1, float("nan")],
    "refractory": [-1, 0.5, 2**15],
    "rate_is": ["median", 1],
    "time_var_input": [1, None],
    "seed": [-1, 0.5, 2**64],
    "first_element": [-1, 0.5],
    "profile": ["nobody", 1],
    "dtype": ["int32", "foo"],
    "device": ["gpu", 0],
    "stream": [7],
}
CALLS = ["phase", "burst", "rank_order", "population", "current", "latency, decay", "poisson"]


def refusals():
    for name in CALLS:
        function = getattr(spikegen, name.partition(",")[0])
        for argument in inspect.signature(function).parameters:
            untouched = argument not in ENCODERS[name] and "latency" in name
            if untouched and argument not in ("compare", "profile"):
                continue
            for value in NOT_AXES.get(argument, ()):
                if not (argument == "num_steps" and name == "rank_order" and value == 2**40):
                    yield pytest.param(name, argument, value, id=f"{name}({argument}={value!r})")


@pytest.mark.parametrize(("name", "argument", "value"), list(refusals()))
def test_a_bad_argument_is_named(name, argument, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        encode(name, np.full((2, 3), 0.5), **{argument: value})
    said = str(caught.value)
    ends = {"low": "high", "min_interval": "max_interval", "max_interval": "min_interval"}
    assert {argument, ends.get(argument)} & set(said.replace(",", "").split())
    assert "\n" not in said
    assert "; " in said


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decode.phase([1, 0], 3), r"^spikes must have at least 3 time steps"),
        (lambda: decode.phase(1, 3), r"^spikes must have a time axis"),
        (lambda: decode.rate(np.zeros((0, 2))), r"^spikes must have at least 1 time steps"),
        (lambda: decode.rate([1], gain=0), r"^gain must not be 0"),
        (lambda: decode.burst([1.0, float("nan")]), r"^spikes must not hold NaN"),
        (lambda: decode.burst([1, 1, 1], 2), r"^spikes must have at most 2 in a train"),
        (lambda: decode.burst([1], 2, 1), r"^min_interval must come with max_interval"),
        (lambda: decode.rank_order([1], 1), r"^modulation must lie in \(0, 1\)"),
        (lambda: decode.latency([1], normalize=True), r"^normalize must be False"),
        (lambda: decode.latency([1], law="inverse"), r"^law must be one of"),
        (lambda: decode.current(1), r"^spikes must have a time axis"),
        (lambda: decode.population([1, 0], 3, 0, 1), r"^code must end with an axis of 3"),
        (lambda: decode.population([1, 0, 0], 3, 0, 1, output="spikes"), r"^code must end with"),
        (lambda: decode.population([1, 0, 0], 3, 0, 1, output="times"), r"^num_steps must be"),
        (lambda: spikegen.population([1], 3, 0, 1), r"^num_steps must be given for"),
        (
            lambda: spikegen.population([1], 3, 0, 1, output="winner", num_steps=3),
            r"^num_steps must be left out",
        ),
        (lambda: spikegen.poisson([0.3], 9, refractory=3), r"^data must be within \[0, 1/"),
        (lambda: spikegen.poisson([0.3]), r"^num_steps must be given"),
        (lambda: spikegen.poisson(0.3, time_var_input=True), r"^data must have a time axis"),
        (lambda: spikegen.latency([0.3], 9, law="exponential", tau=2), r"^threshold and tau must"),
        (lambda: spikegen.latency([0.3], 9, law="decay", linear=True), r"^law must come with"),
        (lambda: spikegen.latency([0.3], 9, compare=">"), r"^compare must come with law="),
        (
            lambda: spikegen.latency([0.3], 9, compare=">", law="inverse"),
            r"^compare must come with law=",
        ),
        (
            lambda: spikegen.latency(np.float32([0.3]), 90, law="exponential"),
            r"^num_steps must be at most 89 for float32",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


X = np.random.default_rng(2).random((5, 4))
NEEDED = {
    "burst": {"num_steps": 30},
    "current": {"num_steps": 30},
    "latency": {"num_steps": 9},
    "phase": {"num_bits": 5},
    "poisson": {"num_steps": 30, "seed": 0},
    "population": {"neurons": 5, "low": 0, "high": 1},
}


def test_profiles_set_the_arguments_that_they_list():
    seen = set()
    for name, profile in spikegen.profiles().items():
        for code, axes in profile.codes.items():
            if code not in NEEDED:
                continue
            seen.add(code)
            function, needed = getattr(spikegen, code), dict(NEEDED[code])
            if axes.get("output") == "times":
                needed["num_steps"] = 9
            data = 4 * X if code == "current" else X  # a current of 1 or less never spikes
            named = function(data, **needed, profile=name)
            assert_same_bits(named, function(data, **needed, **axes))
            assert named.any()
    assert seen == set(NEEDED)


def test_an_argument_comes_before_the_profile():
    spikes = spikegen.burst(X, 30, gap=0, profile="spikify")
    assert_same_bits(spikes, spikegen.burst(X, 30))
    assert (spikes != spikegen.burst(X, 30, profile="spikify")).any()
    norse = {"output": "winner", "profile": "norse"}
    assert_same_bits(
        spikegen.population(X, 5, 0, 1, **norse),
        spikegen.population(X, 5, 0, 1, output="winner", centres="even"),
    )


def test_a_profile_of_another_code_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"^profile must be one of \('guo', 'spikify'\)"):
        spikegen.burst(X, 30, profile="norse")
