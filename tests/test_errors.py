"""What is refused, and how: the message names the argument, and ``out`` keeps its contents."""

import inspect
import time
from fractions import Fraction

import numpy as np
import pytest
from conftest import OF_VALUES, TIME_SERIES
from fuzzing.values import GpuArray, Raises, RaisesOn, nested

from spikecore import backends, decode, memory, random, spikegen

F32 = np.float32
IMAGE = np.linspace(0, 1, 6, dtype=F32).reshape(2, 3)
LABELS = np.array([2, 0])

# A call of every public function that works, and the shape and dtype of what it returns.
WORKING = {
    "rate": ({"data": IMAGE, "num_steps": 4, "seed": 0}, (4, 2, 3)),
    "rate_conv": ({"data": IMAGE, "seed": 0}, (2, 3)),
    "delta": ({"data": IMAGE}, (2, 3)),
    "latency": ({"data": IMAGE, "num_steps": 4, "normalize": True}, (4, 2, 3)),
    "latency_code": ({"data": IMAGE, "num_steps": 4, "normalize": True}, None),
    "latency_code_linear": ({"data": IMAGE, "num_steps": 4, "normalize": True}, None),
    "latency_code_log": ({"data": IMAGE, "num_steps": 4, "normalize": True}, None),
    "latency_interpolate": ({"spike_time": F32([0, 3]), "num_steps": 4}, (4, 2)),
    "rate_interpolate": ({"spike_time": F32([0, 3]), "num_steps": 4}, (4,)),
    "target_rate_code": (
        {"num_steps": 4, "rate": 0.5, "firing_pattern": "poisson", "seed": 0},
        (4,),
    ),
    "targets_rate": (
        {
            "targets": LABELS,
            "num_classes": 3,
            "num_steps": 4,
            "correct_rate": 0.5,
            "firing_pattern": "poisson",
            "seed": 0,
        },
        (4, 2, 3),
    ),
    "targets_latency": (
        {"targets": LABELS, "num_classes": 3, "num_steps": 4, "normalize": True},
        (4, 2, 3),
    ),
    "targets_convert": (
        {
            "targets": LABELS,
            "num_classes": 3,
            "num_steps": 4,
            "correct_rate": 0.5,
            "firing_pattern": "poisson",
            "seed": 0,
        },
        (4, 2, 3),
    ),
    "to_one_hot": ({"targets": LABELS, "num_classes": 3}, (2, 3)),
    "to_one_hot_inverse": ({"one_hot_targets": IMAGE}, (2, 3)),
    "from_one_hot": ({"one_hot_label": np.eye(3)}, None),
}

NAN, INF = float("nan"), float("inf")
UNPRINTABLE = {
    "no repr": Raises("__repr__", KeyError), "a deep list": nested(2000), "rows": np.zeros((2, 3)),
    "a long str": "x" * 5000,
}  # fmt: skip
NOT_NUMBERS = {
    "None": None,
    "a str": "0.5",
    "a list of str": ["0.5"],
    "objects": np.array([0.5, None], object),
    "complex": np.array([0.5j]),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "records": np.zeros(2, [("a", "f4")]),
    "ragged": [[0.1], [0.1, 0.2]],
    "long double": np.ones(2, np.longdouble),
    "a set": {0.5},
    "masked": np.ma.masked_array([0.5, 0.5], [True, False]),
    "an __array__ that raises": Raises("__array__", KeyError),
    "a property that raises": RaisesOn("__array_interface__", OSError),
    "no GPU's attributes": RaisesOn("__cuda_array_interface__", ZeroDivisionError),
    "no attributes": Raises("__getattr__", RuntimeError),
    "a deep list": nested(2000),
}
NOT_FINITE = {
    "NaN": F32([[0.1, NAN]]),
    "infinity": F32([[0.1, INF]]),
    "minus infinity": np.array([[-INF, 0.1]]),
}
OUTSIDE_0_1 = {"above 1": F32([0.5, 1.5]), "below 0": F32([-0.1, 0.5]), "the int 2": [2]}
NOT_INTEGERS = {"a float": 3.0, "a str": "3", "True": True, "a list": [3], "NaN": NAN} | {
    "an __index__ that raises": Raises("__index__", OverflowError), **UNPRINTABLE,
}  # fmt: skip
NOT_STEPS = {**NOT_INTEGERS, "0": 0, "-1": -1, "more than any": 10**30, "a googol": 10**400}
NOT_FIRST = {**NOT_INTEGERS, "None": None, "-1": -1, "after the last": 5, "a googol": 10**400}
NOT_FLAGS = {"1": 1, "0": 0, "None": None, "a str": "True", "an array": np.array([True, False])}
NOT_FLAGS |= UNPRINTABLE
NOT_REAL = {
    "a str": "1", "None": None, "True": True, "complex": 1j, "NaN": NAN, "infinity": INF,
    "an array": F32([1, 2]), "a googol": 10**400, "minus a googol": Fraction(-(10**400)),
    "past float32": 1e39, "a time": np.timedelta64(1, "s"), "steps": np.timedelta64(1),
    "10**5000": 10**5000, **UNPRINTABLE,
}  # fmt: skip
NOT_POSITIVE = {**NOT_REAL, "0": 0, "-1": -1.0, "0 in float32": 1e-50}
NOT_RATES = {**NOT_REAL, "2": 2, "-0.1": -0.1}
NOT_SEEDS = {
    "a str": "0", "a float": 0.0, "True": True, "-1": -1, "2**64": 2**64, "a list": [0],
    "a RandomState": np.random.RandomState(0), "a SeedSequence": np.random.SeedSequence(0),
    **UNPRINTABLE,
}  # fmt: skip
NOT_DTYPES = {
    "nonsense": "foo", "an int": 3, "int64": np.int64, "float16": np.float16, "complex": complex,
    "object": object, "a swapped float": np.dtype(F32).newbyteorder(),
    "a dtype that raises": RaisesOn("dtype", KeyError), **UNPRINTABLE,
}  # fmt: skip
NOT_DEVICES = {"gpu": "gpu", "an int": 0, "empty": "", **UNPRINTABLE}
NOT_LABELS = {
    "negative": [-1, 0], "too large": [0, 3], "a fraction": [0.5, 1], "NaN": [NAN, 0.0],
    "infinity": [INF, 0.0], "two axes": [[0, 1]], "a scalar": 1,
    "huge": np.array([2**64 - 1, 0], np.uint64),
}  # fmt: skip
NOT_UNIFORMS = {
    "1": np.ones((4, 2, 3)), "below 0": np.full((4, 2, 3), -1e-300), "NaN": np.full((4, 2, 3), NAN),
    "another shape": np.zeros((4, 3, 2)), "no time axis": np.zeros((2, 2)), "a str": "0.5",
}  # fmt: skip

DATA = NOT_NUMBERS | NOT_FINITE
LATENCY_NUMBERS = {
    "num_steps": NOT_STEPS | {"past float32": 2**21 + 1},
    "threshold": NOT_POSITIVE | {"1": 1.0, "2": 2, "1 in float32": 1 - 1e-9},
    "tau": NOT_POSITIVE | {"too slow": 1e38},
    "first_spike_time": NOT_FIRST,
    "linear": NOT_FLAGS,
    "normalize": NOT_FLAGS | {"another name": "batch", "an empty name": ""},
    "epsilon": NOT_POSITIVE | {"lost beside threshold": 1e-12},
}
LEVELS = {"on_target": NOT_REAL, "off_target": NOT_REAL}
RESULT = {"dtype": NOT_DTYPES, "device": NOT_DEVICES}
NOT_STREAMS = {"on the CPU": object(), "a pointer on the CPU": 7}  # streams are CUDA's
STREAM = {"stream": NOT_STREAMS | UNPRINTABLE}
LATENCY = LATENCY_NUMBERS | LEVELS | RESULT
LATENCY |= {"clip": NOT_FLAGS, "interpolate": NOT_FLAGS, "bypass": NOT_FLAGS}
TARGETS = {"targets": NOT_NUMBERS | NOT_LABELS, "num_classes": NOT_STEPS | {"None": None}}
TARGETS_RATE = (
    TARGETS | LEVELS | RESULT | {
        "num_steps": NOT_STEPS,
        "first_spike_time": NOT_FIRST,
        "correct_rate": NOT_RATES,
        "incorrect_rate": NOT_RATES | {"above correct_rate": 0.6},
        "firing_pattern": {"another": "bursty", "None": None, "an int": 0},
        "interpolate": NOT_FLAGS,
        "seed": NOT_SEEDS,
        "uniforms": NOT_UNIFORMS,
        "first_element": NOT_INTEGERS | {"-1": -1, "past the last": 2**64 - 2},
    }
)  # fmt: skip
RATE_STREAM = {
    "seed": NOT_SEEDS,
    "uniforms": NOT_UNIFORMS,
    "first_element": NOT_INTEGERS | {"-1": -1, "past the last": 2**64 - 2},
    "first_step": NOT_INTEGERS | {"-1": -1, "past the last": 2**34 - 1},
}

# For every function and argument, values to be refused.  Checked below to leave no argument out.
BAD = {
    "rate": RATE_STREAM | RESULT | STREAM | {
        "data": DATA,
        "generator": {"another": "mt19937", "an int": 0},
        "shared": NOT_FLAGS | {"True, of no register": True},
        "num_steps": NOT_STEPS | {"None": None, "False": False},
        "gain": NOT_REAL,
        "offset": NOT_REAL,
        "first_spike_time": NOT_FIRST,
        "time_var_input": NOT_FLAGS,
    },
    "rate_conv": RATE_STREAM | RESULT | STREAM | {"data": DATA | {"a scalar": 0.5}},
    "delta": RESULT | STREAM | {
        "data": DATA | {"a scalar": 0.5, "2**53 + 1": [2**53 + 1], "the least": [-(2**63), 0]},
        "threshold": NOT_POSITIVE,
        "padding": NOT_FLAGS,
        "off_spike": NOT_FLAGS,
    },
    "latency": LATENCY | STREAM | {
        "data": DATA | OUTSIDE_0_1,
        "law": {"another": "square", "an int": 1, **UNPRINTABLE},
        "compare": {"without a law": ">", "another": "<", "an int": 1},
        "profile": {"another": "nobody", "an int": 1, **UNPRINTABLE},
    },
    "latency_code": LATENCY_NUMBERS | STREAM | {"data": DATA | OUTSIDE_0_1, "device": NOT_DEVICES},
    "latency_code_linear": {
        key: values for key, values in LATENCY_NUMBERS.items() if key not in {"linear", "epsilon"}
    } | STREAM | {"data": DATA | OUTSIDE_0_1, "device": NOT_DEVICES, "tau": NOT_POSITIVE},
    "latency_code_log": {
        key: values for key, values in LATENCY_NUMBERS.items() if key != "linear"
    } | STREAM | {"data": DATA | OUTSIDE_0_1, "device": NOT_DEVICES},
    "latency_interpolate": LEVELS | {
        "spike_time": DATA | {"negative": [-0.1]},
        "num_steps": NOT_STEPS | {"None": None, "False": False},
        "dtype": NOT_DTYPES | {"an integer": np.int8},
    },
    "rate_interpolate": LEVELS | {
        "spike_time": DATA | {"negative": [-1], "too late": [4], "a fraction": [0.5]},
        "num_steps": NOT_STEPS | {"None": None, "False": False},
        "dtype": NOT_DTYPES | {"an integer": np.int8},
    },
    "target_rate_code": RESULT | {
        "num_steps": NOT_STEPS | {"None": None, "False": False},
        "first_spike_time": NOT_FIRST,
        "rate": NOT_RATES,
        "firing_pattern": {"another": "bursty", "None": None},
        "seed": NOT_SEEDS,
        "uniforms": NOT_UNIFORMS,
        "first_element": NOT_INTEGERS | {"-1": -1, "past the last": 2**64},
    },
    "targets_rate": TARGETS_RATE,
    "targets_latency": LATENCY | TARGETS,
    "targets_convert": TARGETS_RATE | {"code": {"another": "morse", "None": None, "a flag": True}},
    "to_one_hot": TARGETS | {"dtype": NOT_DTYPES},
    "to_one_hot_inverse": {"one_hot_targets": DATA, "dtype": NOT_DTYPES},
    "from_one_hot": {
        "one_hot_label": NOT_NUMBERS | {
            "no 1": [[0, 0]], "two": [[1, 1]], "a 2": [[2, 0]], "NaN": [[NAN, 1.0]], "a scalar": 1,
            "no classes": np.zeros((2, 0)), "nearly 1": [[0.999, 0.0]],
        }
    },
}  # fmt: skip
for of_events in ("delta", "latency", "rate", "rate_conv", "targets_convert", "targets_latency",
                  "targets_rate"):  # fmt: skip
    BAD[of_events]["sparse"] = NOT_FLAGS

# Arguments that are taken for snnTorch's sake or for the other code, and have no effect.
WITHOUT_EFFECT = {
    ("rate_interpolate", "epsilon"),
    ("targets_rate", "epsilon"),
    *(
        ("targets_convert", name)
        for name in ("epsilon", "threshold", "tau", "clip", "normalize", "linear", "bypass")
    ),
}


def argument_names(function):
    return [name for name in inspect.signature(getattr(spikegen, function)).parameters]


@pytest.mark.parametrize("function", sorted(BAD))
def test_the_table_has_every_argument(function):
    tried = set(BAD[function]) | {name for f, name in WITHOUT_EFFECT if f == function}
    assert tried | {"out"} == set(argument_names(function)) | {"out"}


def test_the_table_has_every_function():
    assert set(BAD) == set(WORKING) == set(spikegen.__all__) - TIME_SERIES - OF_VALUES


@pytest.mark.parametrize("function", sorted(WORKING))
def test_the_working_call_works(function):
    keywords, shape = WORKING[function]
    result = getattr(spikegen, function)(**keywords)
    if shape is not None:
        result = result[0] if isinstance(result, tuple) else result
        assert result.shape == shape
        assert result.dtype == F32


REFUSALS = [
    pytest.param(function, name, value, id=f"{function}({name}: {what})")
    for function, table in BAD.items()
    for name, values in table.items()
    for what, value in values.items()
]


@pytest.mark.parametrize(("function", "name", "value"), REFUSALS)
def test_a_bad_argument_is_named_and_nothing_is_written(function, name, value):
    keywords, shape = WORKING[function]
    keywords = keywords | {name: value}
    if name == "uniforms":
        keywords["seed"] = None
    out = None
    if shape is not None and name != "dtype":
        out = np.full(shape, 7, F32)
        keywords["out"] = out
    if name == "dtype" and function in ("rate", "latency"):
        keywords["num_steps"] = 4
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(spikegen, function)(**keywords)
    message = str(caught.value)
    assert name in message.split(",")[0], message
    assert "\n" not in message, message
    assert len(message) < 1000
    if out is not None:
        assert (out == 7).all()


@pytest.mark.parametrize("function", sorted(BAD))
def test_an_array_on_a_gpu_that_is_not_there_is_refused_by_name(function):
    keywords, _ = WORKING[function]
    name = next(iter(keywords))
    if name == "num_steps":
        name = "uniforms"
        keywords = {**keywords, "seed": None}
    for gpu_array in (GpuArray(), GpuArray(shape=None), GpuArray(typestr="O"), GpuArray(data=None)):
        with pytest.raises((TypeError, backends.DeviceError), match=f"^{name} .*; ") as caught:
            getattr(spikegen, function)(**{**keywords, name: gpu_array})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("function", sorted(BAD))
def test_a_view_larger_than_memory_is_refused_before_it_is_copied(function):
    keywords, _ = WORKING[function]
    name = next(iter(keywords))
    if name == "num_steps":
        name = "uniforms"
        keywords = {**keywords, "seed": None}
    with pytest.raises(ValueError, match=f"^{name} must ") as caught:
        getattr(spikegen, function)(**{**keywords, name: np.broadcast_to(0.5, (2**40, 3))})
    assert "; " in str(caught.value)


@pytest.mark.parametrize("pattern", ["regular", "uniform", "poisson"])
def test_a_bad_seed_is_refused_before_anything_is_written(pattern):
    out = np.full((4, 2, 3), 7, F32)
    with pytest.raises(TypeError, match=r"^seed must be an integer"):
        spikegen.targets_rate(
            LABELS, 3, 4, correct_rate=0.5, firing_pattern=pattern, seed="x", out=out
        )
    assert (out == 7).all()


@pytest.mark.parametrize("device", ["numpy", "cpu"])
def test_a_line_past_its_spike_does_not_overflow(device):
    options = {"dtype": np.float64, "off_target": 1e308, "on_target": -7e307}
    line = spikegen.latency([1.0], 9, interpolate=True, bypass=True, device=device, **options)
    assert np.isfinite(line).all() and (line[1:] == 1e308).all()
    train = spikegen.targets_rate([0], 1, 4, 0, 0.5, interpolate=True, device=device, **options)
    assert np.isfinite(train).all()


def test_a_threshold_near_the_largest_float_decodes_without_a_warning():
    found = decode.latency([[1], [0], [0]], threshold=1e308, tau=1, law="decay")
    assert np.isfinite(found).all()


def test_a_gain_that_no_value_follows_from_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^gain must give finite values, got 1e-320; pass the ga"):
        decode.rate([1.0, 0.0], gain=1e-320)


def test_a_sample_that_the_data_cannot_hold_is_refused_by_name():
    data = np.zeros((2, 1), F32)
    with pytest.raises(
        ValueError, match=r"^initial must fit into the data's float32, got a larger"
    ):
        decode.hold(data, data, initial=1e308)
    assert decode.hold(data, data, initial=2.0).tolist() == [[2.0], [2.0]]


def test_half_precision_labels_are_compared_with_more_classes_than_they_reach():
    labels = spikegen.targets_latency(np.array([1, 0], np.float16), 70_000, 2, normalize=True)
    assert labels.shape == (2, 2, 70_000)
    with pytest.raises(ValueError, match=r"^targets must hold whole numbers"):
        spikegen.to_one_hot(np.array([0.5], np.float16), 2**31)


@pytest.mark.parametrize(
    ("function", "keywords"),
    [
        (function, keywords)
        for function, (keywords, shape) in WORKING.items()
        if "seed" in keywords and function != "target_rate_code"
    ],
)
def test_seed_and_uniforms_exclude_each_other(function, keywords):
    uniforms = np.zeros(WORKING[function][1])
    with pytest.raises(ValueError, match=r"^uniforms must not be given together with seed"):
        getattr(spikegen, function)(**keywords, uniforms=uniforms)


@pytest.mark.parametrize("pattern", ["regular", "uniform"])
def test_uniforms_serve_the_poisson_pattern_only(pattern):
    with pytest.raises(ValueError, match=r"^uniforms must be given for the poisson pattern only"):
        spikegen.target_rate_code(4, rate=0.5, firing_pattern=pattern, uniforms=np.zeros(4))


@pytest.mark.parametrize("function", [f for f, (_, shape) in WORKING.items() if shape is not None])
def test_an_out_that_does_not_fit_is_refused_and_not_written(function):
    keywords, shape = WORKING[function]
    call = getattr(spikegen, function)
    read_only = np.full(shape, 7, F32)
    read_only.flags.writeable = False
    unaligned = np.full(4 * int(np.prod(shape)) + 1, 7, np.uint8)[1:].view(F32).reshape(shape)
    strided = np.full((*shape[:-1], 2 * shape[-1]), 7, F32)[..., ::2]
    wrong = {
        "another shape": np.full((*shape, 1), 7, F32),
        "too short": np.full((shape[0] - 1, *shape[1:]), 7, F32),
        "strided": strided,
        "reversed": np.full(shape, 7, F32)[::-1],
        "read-only": read_only,
        "unaligned": unaligned,
        "a list": [7.0],
        "int32": np.full(shape, 7, np.int32),
        "float16": np.full(shape, 7, np.float16),
        "swapped bytes": np.full(shape, 7, np.dtype(F32).newbyteorder()),
    }
    if len(shape) > 1:
        wrong["Fortran order"] = np.full(shape, 7, F32, order="F")
    for out in wrong.values():
        before = np.array(out)
        with pytest.raises((ValueError, TypeError), match=r"^out "):
            call(**keywords, out=out)
        np.testing.assert_array_equal(np.array(out), before)
    with pytest.raises(ValueError, match=r"^out must have shape .* and dtype float64"):
        call(**keywords, dtype=np.float64, out=np.empty(shape, F32))


class WithoutFunctions(np.ndarray):
    """An array of which NumPy's functions say nothing."""

    def __array_function__(self, *arguments, **keywords):
        raise RuntimeError("the object's own message")


def test_an_out_whose_class_refuses_numpys_functions_is_filled_all_the_same():
    expected = spikegen.rate(IMAGE, 4, seed=0)
    out = np.zeros(expected.shape, F32).view(WithoutFunctions)
    spikegen.rate(IMAGE, 4, seed=0, out=out)
    np.testing.assert_array_equal(out.view(np.ndarray), expected)


def test_an_out_that_overlaps_an_input_is_refused():
    memory = np.zeros((4, 2, 3), F32)
    with pytest.raises(ValueError, match=r"^out overlaps the memory of data"):
        spikegen.rate(memory[1], 4, seed=0, out=memory)
    with pytest.raises(ValueError, match=r"^out overlaps the memory of uniforms"):
        spikegen.rate(IMAGE, 4, uniforms=memory, out=memory)
    with pytest.raises(ValueError, match=r"^out overlaps the memory of data"):
        spikegen.delta(memory, out=memory)
    with pytest.raises(ValueError, match=r"^out overlaps the memory of data"):
        spikegen.latency(memory[0], 4, normalize=True, out=memory)
    with pytest.raises(ValueError, match=r"^out overlaps the memory of spike_time"):
        spikegen.latency_interpolate(memory[3], 4, out=memory)
    with pytest.raises(ValueError, match=r"^out overlaps the memory of uniforms"):
        train = memory.reshape(-1)[:4]
        spikegen.target_rate_code(4, rate=0.5, firing_pattern="poisson", uniforms=train, out=train)


def test_neighbours_in_memory_do_not_overlap():
    memory = np.full((5, 2, 3), 0.5, F32)
    result = spikegen.rate(memory[0], 4, seed=0, out=memory[1:])
    assert result.base is memory
    np.testing.assert_array_equal(result, spikegen.rate(np.full((2, 3), 0.5, F32), 4, seed=0))


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_bad_value_is_located(device, dtype):
    data = np.full((200, 300), 0.5, dtype)
    data[70:, 5] = NAN
    data[120, 0] = INF
    with pytest.raises(ValueError, match=r"^data must be finite, but data\[70, 5\] is nan;"):
        spikegen.rate(data, 2, device=device)
    with pytest.raises(ValueError, match=r"^data must be within \[0, 1\], but data\[70, 5\]"):
        spikegen.latency(data, 2, normalize=True, device=device)
    with pytest.raises(ValueError, match=r"^data must be finite, but it is nan;"):
        spikegen.rate(dtype(NAN), 2, device=device)


@pytest.mark.parametrize(
    "call",
    [
        lambda: spikegen.rate(np.zeros(784, F32), 10**9),
        lambda: spikegen.rate(np.zeros(784, F32), 10**9, dtype=bool),
        lambda: spikegen.latency(np.zeros(784), 10**9, normalize=True),
        lambda: spikegen.targets_latency(np.zeros(784, int), 2000, 2 * 10**6, normalize=True),
        lambda: spikegen.targets_rate(np.zeros(784, int), 1000, 10**9, correct_rate=0.5),
        lambda: spikegen.to_one_hot([0], 10**12),
        lambda: spikegen.latency_interpolate(np.zeros(784), 10**9),
        lambda: random.uniforms(0, (10**9, 784)),
        lambda: random.torch_uniforms(0, (10**9, 784)),
    ],
)
def test_a_billion_steps_are_refused_at_once_with_their_size(call, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 64 * 10**9)
    begin = time.perf_counter()
    with pytest.raises(ValueError, match=r"^the output of shape .* needs [\d,.]+ (TB|GB), and "):
        call()
    # Allocating and touching a terabyte takes minutes; the bound only tells that from "at once".
    assert time.perf_counter() - begin < 5


def test_sizes_are_written_in_readable_units(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10)
    with pytest.raises(ValueError, match=r"needs 784 B, and 10 B of memory are free"):
        spikegen.rate(np.zeros(784, F32), 1, dtype=bool)
    with pytest.raises(ValueError, match=r"needs 3.14 kB"):
        spikegen.rate(np.zeros(784, F32), 1)
    with pytest.raises(ValueError, match=r"needs 3.14 MB"):
        spikegen.rate(np.zeros(784, F32), 1000)
    with pytest.raises(ValueError, match=r"needs 784.0 TB"):
        spikegen.rate(np.zeros(784 * 250, F32), 10**9)


def test_memory_is_not_asked_about_when_out_is_given(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    out = np.empty((4, 2, 3), F32)
    assert spikegen.rate(IMAGE, 4, seed=0, out=out) is out


def test_memory_that_the_system_does_not_tell_is_taken_to_suffice(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    assert spikegen.rate(IMAGE, 4, seed=0).shape == (4, 2, 3)


def test_free_memory_is_a_plausible_number_of_bytes():
    assert 10**6 < memory.available_memory() < 10**16


def test_combinations_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match=r"^num_steps must not be given with time_var_input"):
        spikegen.rate(IMAGE, 2, time_var_input=True)
    with pytest.raises(ValueError, match=r"^data must have a time axis"):
        spikegen.rate(0.5, time_var_input=True)
    with pytest.raises(ValueError, match=r"^first_spike_time must be 0 when first_step is 3"):
        spikegen.rate(IMAGE, time_var_input=True, first_spike_time=1, first_step=3)
    with pytest.raises(ValueError, match=r"^dtype is uint8, which cannot hold the -1"):
        spikegen.delta(IMAGE, off_spike=True, dtype=np.uint8)
    with pytest.raises(ValueError, match=r"^dtype is bool, which cannot hold the -1"):
        spikegen.delta(IMAGE, off_spike=True, out=np.empty((2, 3), bool))
    with pytest.raises(ValueError, match=r"^num_steps must be given with normalize"):
        spikegen.latency(IMAGE, normalize=True, bypass=True)
    with pytest.raises(ValueError, match=r"^num_steps must be given, got None"):
        spikegen.latency(IMAGE)
    with pytest.raises(ValueError, match=r"^num_steps is 4, but the last spike falls on step 12"):
        spikegen.latency(IMAGE, 4)
    with pytest.raises(ValueError, match=r"^num_steps must be given unless the rates are 1 and 0"):
        spikegen.targets_rate(LABELS, 3, correct_rate=0.5)
    with pytest.raises(ValueError, match=r"^num_steps must be given unless the rates are 1 and 0"):
        spikegen.targets_rate(LABELS, 3, first_spike_time=1)
    with pytest.raises(ValueError, match=r"^num_steps is 11507\d+, but float32 data"):
        spikegen.latency(IMAGE, tau=1e30, bypass=True)


@pytest.mark.parametrize(
    "keywords",
    [
        {"on_target": 1.5, "dtype": np.int8},
        {"off_target": -1, "dtype": np.uint8},
        {"on_target": 2, "dtype": bool},
        {"on_target": 256, "dtype": np.uint8},
        {"off_target": -129, "dtype": np.int8},
        {"on_target": 128, "dtype": np.int8},
    ],
)
def test_targets_that_the_dtype_cannot_hold_are_refused(keywords):
    name = next(name for name in keywords if name != "dtype")
    with pytest.raises(ValueError, match=f"^{name} is .* cannot hold"):
        spikegen.latency(IMAGE, 4, normalize=True, **keywords)
    with pytest.raises(ValueError, match=f"^{name} is .* cannot hold"):
        spikegen.targets_rate(LABELS, 3, **keywords)


def test_interpolation_between_targets_too_far_apart_is_refused():
    far = {"on_target": 3e38, "off_target": -3e38}
    with pytest.raises(ValueError, match=r"^on_target 3e\+38 and off_target -3e\+38"):
        spikegen.rate_interpolate([3], 4, **far)
    with pytest.raises(ValueError, match=r"^on_target 3e\+38 and off_target -3e\+38"):
        spikegen.latency(IMAGE, 4, normalize=True, interpolate=True, **far)
    assert spikegen.rate_interpolate([3], 4, **far, dtype=np.float64)[-1] == 3e38
    assert spikegen.latency(IMAGE, 4, normalize=True, **far).max() == F32(3e38)


class Lazy:
    """An array of another library."""

    def __array__(self, dtype=None, copy=None):
        return IMAGE.astype(dtype) if dtype else IMAGE


class OnDevice:
    """An array of another library that cannot be read from here."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("it lies on another device\nand here is a long explanation")


def test_arrays_of_other_libraries_are_read_or_refused():
    expected = spikegen.rate(IMAGE, 4, seed=0)
    np.testing.assert_array_equal(spikegen.rate(Lazy(), 4, seed=0), expected)
    refusal = r"^data must be convertible .* an OnDevice failed with 'it lies on another device'; "
    with pytest.raises(TypeError, match=refusal):
        spikegen.rate(OnDevice(), 4)


def test_unusual_but_clear_arguments_are_understood():
    expected = spikegen.rate(IMAGE, 4, seed=5)
    for steps in (np.int8(4), np.uint64(4), np.array(4)):
        np.testing.assert_array_equal(spikegen.rate(IMAGE, steps, seed=np.uint64(5)), expected)
    for one in (1, 1.0, np.float16(1), np.longdouble(1), np.array(1.0), Fraction(1)):
        np.testing.assert_array_equal(spikegen.rate(IMAGE, 4, gain=one, seed=5), expected)
    unmasked = np.ma.masked_array(IMAGE, False)
    np.testing.assert_array_equal(spikegen.rate(unmasked, 4, seed=5), expected)
    assert type(spikegen.rate(unmasked, 4, seed=5)) is np.ndarray
    np.testing.assert_array_equal(spikegen.rate(IMAGE.tolist(), 4, seed=5).astype(F32), expected)
    padded = spikegen.delta(IMAGE, padding=np.True_)
    np.testing.assert_array_equal(padded, spikegen.delta(IMAGE, padding=True))
    assert spikegen.latency(IMAGE, False, bypass=True).shape == (13, 2, 3)  # snnTorch's "not given"


@pytest.mark.parametrize(
    ("dtype", "spikes"),
    [
        (bool, F32), (np.int8, F32), (np.uint8, F32), (np.int16, F32), (np.int32, F32),
        (np.int64, F32), (np.uint64, F32), (np.float16, F32), (np.float32, F32),
        (np.float64, np.float64), (np.dtype(">f4"), F32), (np.dtype(">f8"), np.float64),
    ],
)  # fmt: skip
def test_spikes_are_float32_but_for_float64_data(dtype, spikes):
    data = np.array([0, 1, 1, 0], dtype)
    assert spikegen.rate(data, 3).dtype == spikes
    assert spikegen.delta(data).dtype == spikes
    assert spikegen.latency(data, 3, normalize=True).dtype == spikes
    np.testing.assert_array_equal(spikegen.rate(data, 3)[2], data)


def test_integers_that_float64_cannot_hold_are_refused():
    assert spikegen.delta(np.array([-(2**53), 2**53])).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"^data holds the integer 9007199254740993, which"):
        spikegen.delta(np.array([0, 2**53 + 1], np.uint64))
    with pytest.raises(ValueError, match=r"^data holds the integer 9223372036854775808, which"):
        spikegen.delta(np.array([-(2**63), 0]))


def test_callers_arrays_stay_writable():
    data = IMAGE.copy()
    spikegen.rate(data, 2, seed=0)
    data[0, 0] = 1
    assert data.flags.writeable
