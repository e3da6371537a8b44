"""The calls recorded from snnTorch 1.0.0: the same spikes, the same times, the same refusals.

Cases marked ``erratum`` are calls in which snnTorch departs from its documentation; there the
documentation is followed, and what it says is written out below.
"""

import collections
import functools
import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import OF_VALUES, TIME_SERIES

from spikecore import random, spikegen

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    case["id"]: case
    for case in json.loads((GOLDEN / "manifest.json").read_text())["cases"]
    if case["module"] == "spikegen"
}
LABELS = [3, 3, 4, 1, 4, 0]  # the targets of every recorded targets_* call

# 1e-5: snnTorch's times come of torch's float32 logarithm, whose last bit differs from ours
# (ln(x'/(x'-threshold)) is a difference of nearly equal numbers near the threshold, and a ratio
# near 1 far above it), and its interpolated values of a sum of float32 slopes.
RELATIVE = 1e-5


@functools.cache
def arrays():
    with np.load(GOLDEN / "arrays.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def replayed(case, inputs):
    """The uniforms behind a call made after ``torch.manual_seed``, as a keyword argument."""
    note = case.get("note", "")
    if not note.startswith("torch.manual_seed("):
        return {}
    seed = int(note.removeprefix("torch.manual_seed(").removesuffix(")"))
    shape = (case["kwargs"]["num_steps"], *inputs[0].shape)
    return {"uniforms": random.torch_uniforms(seed, shape)}


def documented(case):
    """What the documentation of an erratum's function says the call gives."""
    if case["function"] == "from_one_hot":
        return np.array(LABELS)
    # correct_rate r: class k of sample k fires at first + floor(k/r); all others are silent.
    steps = {
        "spikegen.targets_rate-140": [0, 2, 4, 6, 8],  # 10 steps, rate 0.5
        "spikegen.targets_rate-141": [1, 4, 7],  # 10 steps, rate 0.3, from step 1
        "spikegen.targets_rate-142": [0, 4, 8],  # 9 steps, rate 0.25, interpolated
    }[case["id"]]
    num_steps = case["kwargs"]["num_steps"]
    train = np.zeros(num_steps)
    train[steps] = 1
    silence = np.zeros(num_steps)
    if case["kwargs"].get("interpolate"):
        third = 0.7 / 3  # from off_target 0.5 to on_target 1.2 in three steps
        climb = [0.5, 0.5 + third, 0.5 + 2 * third, 1.2]
        train = np.array([1.2, *climb, *climb])
        silence = np.full(num_steps, 0.5)
    columns = [[train if k == label else silence for k in range(5)] for label in LABELS]
    return np.moveaxis(np.array(columns), 2, 0).astype(np.float32)


def devices(case):
    takes = inspect.signature(getattr(spikegen, case["function"])).parameters
    return ("cpu", "numpy") if "device" in takes else (None,)


RUNS = [
    pytest.param(case, device, id=f"{case['id']}-{device or 'no device'}")
    for case in CASES.values()
    if case["function"] in spikegen.__all__
    for device in devices(case)
]


@pytest.mark.parametrize(("case", "device"), RUNS)
def test_a_recorded_call_gives_what_snntorch_gave(case, device):
    function = getattr(spikegen, case["function"])
    inputs = [arrays()[name] for name in case["inputs"]]
    given = [array.copy() for array in inputs]
    keywords = case["kwargs"] | replayed(case, inputs)
    if device:
        keywords["device"] = device
    if "raises" in case and "erratum" not in case:
        with pytest.raises((ValueError, TypeError)):
            function(*inputs, **keywords)
        return
    result = function(*inputs, **keywords)
    results = result if isinstance(result, tuple) else (result,)
    if "erratum" in case:
        expected = [documented(case)]
    else:
        expected = [arrays()[name] for name in case["outputs"]]
    exact = not keywords.get("interpolate") and case["function"] in (
        "rate", "rate_conv", "latency", "delta", "to_one_hot", "to_one_hot_inverse", "from_one_hot",
        "targets_rate", "targets_latency", "targets_convert", "target_rate_code",
    )  # fmt: skip
    assert len(results) == len(expected)
    for ours, theirs in zip(results, expected, strict=True):
        if theirs.size == 0:  # snnTorch's empty list of spike times is of float32
            assert ours.size == 0
        elif exact or theirs.dtype.kind != "f":
            np.testing.assert_array_equal(ours, theirs, strict=True)
        else:
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=RELATIVE, atol=0)
    for array, copy in zip(inputs, given, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_every_recorded_case_is_run():
    unknown = collections.Counter(
        case["function"] for case in CASES.values() if case["function"] not in spikegen.__all__
    )
    assert not unknown, f"cases of functions that spikegen lacks: {dict(unknown)}"
    run = {run.values[0]["id"] for run in RUNS}
    assert run == set(CASES)
    assert len(CASES) == 163
    recorded = {case["function"] for case in CASES.values()}
    assert set(spikegen.__all__) - recorded - TIME_SERIES - OF_VALUES == {
        "latency_code_linear",
        "latency_code_log",
    }


def test_every_stored_array_of_an_encoder_belongs_to_a_case():
    used = {name for case in CASES.values() for name in case["inputs"] + case.get("outputs", [])}
    stored = {name for name in arrays() if name.startswith("spikegen.")}
    assert stored == used


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_torch_streams_are_replayed_for_every_recorded_seed(seed):
    notes = collections.Counter(case.get("note") for case in CASES.values())
    assert notes[f"torch.manual_seed({seed})"] == 2
