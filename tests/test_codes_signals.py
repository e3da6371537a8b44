"""What holds for every code of time series: shapes, refusals, tiles, threads, backends."""

import inspect

import numpy as np
import pytest
from conftest import TIME_SERIES, assert_same_bits
from fuzzing.values import Raises, RaisesOn
from hypothesis import given
from hypothesis import strategies as st
from signals import DEVICES, SIGNALS

from spikecore import decode, spikegen
from spikecore.backends import threads
from spikecore.backends.cpu import filters
from spikecore.backends.cpu import signals as loops

FIR = [0.25, 0.5, 0.125]
ENCODERS = {
    "bsa": {"fir": FIR, "threshold": 0.3, "shift": "min"},
    "bsa, scaled": {
        "fir": FIR, "threshold": 0.9, "criterion": "multiply", "shift": -1000, "gain": "range",
        "offsets": (1, -1, 2), "tail": "whole",
    },
    "hsa": {"fir": FIR, "shift": "min"},
    "modified_hsa": {"fir": FIR, "threshold": 0.1, "shift": "min", "gain": 2},
    "pulse_width": {"period": 3, "low": -1000, "high": 1000},
    "level_crossing": {"spacing": 0.3},
    "moving_window": {"threshold": 0.3, "window": 3},
    "moving_window, ahead": {"threshold": 0.3, "window": 6, "first": "window"},
    "send_on_delta": {"threshold": 0.3},
    "sigma_delta": {"threshold": 0.3},
    "sigma_delta, residual": {"threshold": 0.3, "profile": "lava"},
    "step_forward": {"threshold": 0.3},
    "step_forward, several": {"threshold": 0.3, "multi": True},
    "step_forward, silent": {"threshold": 0.3, "refractory": 2},
    "temporal_contrast": {"threshold": 0.3},
    "temporal_contrast, factor": {"factor": 1, "statistic": "absolute"},
}  # fmt: skip
UNSIGNED = ("bsa", "hsa", "modified_hsa", "pulse_width")
SPIKING = [name for name in ENCODERS if not name.startswith(("sigma_delta", *UNSIGNED))]


def encode(name, signal, **options):
    function = getattr(spikegen, name.partition(",")[0])
    return function(signal, **(ENCODERS[name] | options))


def random_signal(*shape, dtype=np.float32):
    return np.random.default_rng(0).normal(size=shape).cumsum(axis=0).astype(dtype)


def test_every_code_is_here():
    names = {name.partition(",")[0] for name in ENCODERS}
    assert names | {"contrast_threshold", "profiles"} == TIME_SERIES


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (1,), (1, 2), (3, 0), (2, 2, 2)], ids=str)
def test_the_shape_is_that_of_the_data(name, shape, device):
    signal = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape) + 1
    spikes = encode(name, signal, device=device)
    assert spikes.shape == shape
    assert spikes.dtype == np.float32
    if shape[0] == 1 and not name.startswith("sigma_delta"):
        assert not spikes.any()


@pytest.mark.parametrize("name", ENCODERS)
@given(signal=SIGNALS)
def test_backends_give_the_same_bits(name, signal):
    if name.endswith("factor"):  # computed thresholds of quiet signals are refused
        signal = signal + np.arange(len(signal)).reshape(-1, *[1] * (signal.ndim - 1))
        signal = signal.astype(np.float32)
    try:
        expected = encode(name, signal, device="numpy")
    except ValueError as error:
        assert "raise factor" in str(error)
        with pytest.raises(ValueError, match="raise factor"):
            encode(name, signal, device="cpu")
        return
    assert_same_bits(encode(name, signal, device="cpu"), expected)


@pytest.mark.parametrize("name", ENCODERS)
def test_tiles_and_threads_change_nothing(name, monkeypatch):
    signal = random_signal(23, 37)
    expected = encode(name, signal, device="numpy")
    monkeypatch.setattr(threads, "SMALL", 0)
    for workers in (1, 2, 3):
        monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(workers))
        for most in (1, 5, 36, 1000):
            for module in (loops, filters):
                monkeypatch.setattr(module, "wide", lambda size, limit=None, most=most: most)
            assert_same_bits(encode(name, signal, device="cpu"), expected)


@pytest.mark.parametrize("name", SPIKING)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint8", "bool"])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_two_channels_are_the_rises_and_the_falls(name, dtype, device):
    signal = random_signal(30, 2, 3)
    options = {"dtype": dtype, "device": device}
    pairs = encode(name, signal, channels="up_down", **options)
    assert pairs.shape == (30, 2, 3, 2)
    assert pairs.dtype == dtype
    most = 1 if dtype == "bool" else 127
    if dtype in ("uint8", "bool"):
        with pytest.raises(ValueError, match="channels='up_down'"):
            encode(name, signal, **options)
    if "several" in name or (name == "level_crossing" and most == 1):
        return
    signed = encode(name, signal, dtype=np.float64)
    np.testing.assert_array_equal(pairs[..., 0], np.maximum(signed, 0))
    np.testing.assert_array_equal(pairs[..., 1], np.maximum(-signed, 0))
    for values in (pairs, signed):
        channels = "up_down" if values is pairs else "signed"
        y = decode.staircase(values, 0.3, 1.0, channels=channels, dtype=np.float64)
        np.testing.assert_array_equal(y, decode.staircase(signed, 0.3, 1.0))


@pytest.mark.parametrize("name", ENCODERS)
@given(signal=SIGNALS, device=DEVICES, out=st.booleans())
def test_nothing_but_the_result_is_touched(name, signal, device, out):
    copy = signal.copy()
    if name.endswith("factor"):
        return
    given_out = {"out": np.full_like(signal, 7)} if out else {}
    result = encode(name, signal, device=device, **given_out)
    assert not out or result is given_out["out"]
    np.testing.assert_array_equal(signal, copy)
    assert signal.flags.writeable
    held = np.zeros(signal.shape[1:], signal.dtype)
    decode.accumulate(result, held, device=device)
    decode.staircase(result, 0.3, held, device=device)
    if "initial" in ENCODERS[name] or name in ("step_forward", "sigma_delta", "level_crossing"):
        encode(name, signal, initial=held, device=device)
    assert not held.any()


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(
    "bad", [[0.0, float("nan")], [0.0, float("inf")], [0.0, 1e308], 1.0, ["a"]], ids=str
)
def test_bad_data_are_refused_by_name(name, bad):
    out = np.full(2, 7.0)
    with pytest.raises((ValueError, TypeError), match=r"^data must "):
        encode(name, bad, out=out)
    assert (out == 7).all()


X = np.linspace(0, 3, 8).reshape(4, 2)
NOT_POSITIVE = [0, -1, float("nan"), float("inf"), "1", True, [0.1, 0], [0.1, 0.2, 0.3], 1e-400]
NOT_AXES = {
    "criterion": ["divide", 1],
    "fir": [[], 1.0, [[0.5]], [0.5, float("nan")], "fir", [1e308]],
    "gain": ["min", 0, -1, float("nan"), [1.0, 2.0, 3.0], [1.0, 0.0]],
    "shift": ["range", float("inf"), [1.0, 2.0, 3.0], np.float32([0, 0])],
    "offsets": [(0, 0), 1, (0, 0, 0.5), (0, 0, 2**21)],
    "tail": ["wrap", 0],
    "period": [1, 2.5, True, 2**25],
    "low": ["0", float("nan"), float("inf")],
    "high": [-1000, "3", float("inf"), 1e308],
    "compare": ["<", 1],
    "baseline": ["sample", 1],
    "multi": [1, "yes"],
    "refractory": [-1, 1.0, True],
    "channels": ["both", 2],
    "profile": ["nobody", 1],
    "align": ["middle", 1],
    "edge": ["wrap", 0],
    "statistic": ["median", 1],
    "over": ["all", 1],
    "ddof": [2, -1, 0.5],
    "factor": ["1", float("nan"), None],
    "first": ["last", 1],
    "window": [0, -1, 2.5, True],
    "feedback": ["none", 1],
    "cum_error": [1, "no"],
    "step": [0, -1, float("nan"), "1"],
    "num_bits": [1, 25, 8.0, 8],
    "initial": ["0", float("nan"), [1.0, 2.0, 3.0], np.float32([1, 2])],
    "threshold": NOT_POSITIVE,
    "threshold_down": NOT_POSITIVE,
    "spacing": [0, -1, float("nan"), "1", [0.1, 0.2]],
    "dtype": ["int32", "uint8", "foo"],
    "device": ["gpu", 0],
    "stream": [7],
}
# What codes without falls, or with thresholds of a sum, do take.
ALLOWED = {"threshold": ("0", "0.0", "[0.1, 0]"), "dtype": ("'uint8'",)}


def refusals():
    for name in sorted(TIME_SERIES - {"profiles", "contrast_threshold"}):
        function = getattr(spikegen, name)
        for argument in inspect.signature(function).parameters:
            for value in NOT_AXES.get(argument, ()):
                if name in UNSIGNED and repr(value) in ALLOWED.get(argument, ()):
                    continue
                yield pytest.param(name, argument, value, id=f"{name}({argument}={value!r})")


@pytest.mark.parametrize(("name", "argument", "value"), list(refusals()))
def test_a_bad_argument_is_named(name, argument, value):
    options = ENCODERS[name] | {argument: value}
    if argument == "factor":
        options["threshold"] = None
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(spikegen, name)(X, **options)
    said = "threshold" if (argument, value) == ("factor", None) else argument
    assert said in str(caught.value).split(",")[0]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", NOT_POSITIVE)
def test_decoders_refuse_what_is_no_threshold(value):
    with pytest.raises((ValueError, TypeError), match=r"^threshold"):
        decode.staircase(X, value)
    with pytest.raises((ValueError, TypeError), match=r"^threshold_down"):
        decode.staircase(X, 1, threshold_down=value)


@pytest.mark.parametrize("call", [decode.accumulate, lambda x, **o: decode.staircase(x, 1, **o)])
def test_decoders_refuse_by_name(call):
    with pytest.raises(ValueError, match="have a time axis"):
        call(1.0)
    with pytest.raises(ValueError, match="must be finite"):
        call([0.0, float("nan")])
    with pytest.raises(TypeError, match=r"^dtype must be float32 or float64"):
        call(X, dtype=np.int8)
    for initial in NOT_AXES["initial"]:
        with pytest.raises((ValueError, TypeError), match=r"^initial"):
            call(X, initial=initial, dtype=np.float64)
    with pytest.raises(ValueError, match=r"^out must have shape"):
        call(X, out=np.zeros(3))


UNREADABLE = {
    "ragged": [[1.0], [1.0, 2.0]],
    "array": Raises("__array__", KeyError),
    "attributes": Raises("__getattr__", KeyError),
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("name", ["threshold", "initial"])
def test_what_numpy_cannot_convert_is_refused_by_name(name, kind):
    arguments = {"threshold": 1, name: UNREADABLE[kind]}
    with pytest.raises(TypeError, match=rf"^{name} must be"):
        spikegen.sigma_delta(X, **arguments)
    with pytest.raises(TypeError, match=rf"^{name} must be"):
        decode.staircase(X, **arguments)


def test_an_initial_value_whose_dtype_cannot_be_read_is_refused_by_name():
    for call in (decode.accumulate, lambda x, **o: decode.staircase(x, 1, **o)):
        with pytest.raises(TypeError, match=r"^initial must be"):
            call(X, initial=RaisesOn("dtype", OSError))


def test_a_dtype_that_comes_from_out_is_refused_as_that_of_out():
    with pytest.raises(
        TypeError, match=r"^out must have a dtype of float32, .*, got dtype.'complex128'"
    ):
        spikegen.sigma_delta(X, 1, out=np.zeros(X.shape, complex))


def test_bits_that_cannot_be_shown_are_refused_by_name():
    with pytest.raises(ValueError, match=r"^num_bits must come with step, got a value of type"):
        spikegen.sigma_delta(X, 1, num_bits=Raises("__repr__", KeyError))


def test_channels_and_holds_refuse_other_shapes():
    with pytest.raises(ValueError, match=r"^spikes must have a last axis of 2"):
        decode.staircase(np.zeros((3, 3)), 1, channels="up_down")
    with pytest.raises(ValueError, match=r"^spikes must have the shape of the data"):
        decode.hold(X, X[0])
    with pytest.raises(ValueError, match=r"^data must have a time axis"):
        decode.hold(1.0, 1.0)
    with pytest.raises(ValueError, match=r"^initial must be a number or have"):
        decode.hold(X, X, initial=[1, 2, 3])


def test_exclusive_arguments():
    with pytest.raises(ValueError, match=r"^threshold must be given, or factor, got neither"):
        spikegen.temporal_contrast(X)
    with pytest.raises(ValueError, match=r"^threshold must be given, or factor, got both"):
        spikegen.temporal_contrast(X, 1, 1)
    with pytest.raises(ValueError, match=r"^initial must be left out with refractory"):
        spikegen.step_forward(X, 1, refractory=1, initial=0)
    with pytest.raises(ValueError, match=r"^num_bits must come with step"):
        spikegen.sigma_delta(X, 1, num_bits=4)


@pytest.mark.parametrize("factor", [0, 1])
def test_a_computed_threshold_that_is_not_positive_is_refused(factor):
    fall = np.array([[3.0, 0], [2, 1], [1, 2]])
    with pytest.raises(ValueError, match=r"^factor must give feature \[0\] a .*, got -1.0"):
        spikegen.temporal_contrast(fall, factor=factor)
    spikes = spikegen.temporal_contrast(fall, factor=factor, statistic="absolute", compare=">=")
    assert spikes.tolist() == [[0, 0], [-1, 1], [-1, 1]]


def test_profiles_are_those_that_encoders_know():
    known = spikegen.profiles()
    assert len({profile.toolbox for profile in known.values()}) == len(known)
    for name, profile in known.items():
        assert profile.codes
        for code, axes in profile.codes.items():
            if code not in ENCODERS:  # codes of values have other arguments
                continue
            encoder = getattr(spikegen, code)
            needed = {"threshold": 0.5} | {"moving_window": {"window": 2}, "bsa": {"fir": FIR}}.get(
                code, {}
            )
            longer = name in ("kedri", "mavlab-matlab") and "window" in needed
            more = {"window": 3} if longer else {}
            named = encoder(X, **needed, profile=name)
            np.testing.assert_array_equal(named, encoder(X, **needed | more, **axes))
            other = {"compare": ">" if axes.get("compare") == ">=" else ">="}
            if code == "bsa":
                other = {"shift": -1, "tail": "truncate"}
            over = encoder(X, **needed, profile=name, **other)
            np.testing.assert_array_equal(over, encoder(X, **needed | more, **axes | other))


def test_a_profile_of_another_code_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"^profile must be one of .*'lava', 'lava-dl'.*'kedri'"):
        spikegen.sigma_delta(X, 1, profile="kedri")
