"""Subsets, splits and batches: the samples of snnTorch 1.0.0, in new arrays."""

import json
from pathlib import Path

import numpy as np
import pytest
from fuzzing.values import Raises, nested
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecore import utils

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    case["id"]: case
    for case in json.loads((GOLDEN / "manifest.json").read_text())["cases"]
    if case["module"] == "utils"
}


def dataset_of(n):
    """Images that tell which sample they are, and labels 0 to 9."""
    return np.arange(n)[:, None] * np.ones((1, 3), dtype=np.int64), np.arange(n) % 10


@pytest.mark.parametrize("case_id", CASES)
def test_the_samples_are_those_of_snntorch(case_id):
    case = CASES[case_id]
    with np.load(GOLDEN / "arrays.npz", allow_pickle=False) as arrays:
        inputs = tuple(arrays[name] for name in case["inputs"])
        expected = [arrays[name] for name in case["outputs"]]
    if case["function"] == "data_subset":
        result = utils.data_subset(inputs, **case["kwargs"])
    else:
        training, validation = utils.valid_split(inputs, None, **case["kwargs"])
        result = (*training, *validation)
    assert len(result) == len(expected)
    for ours, theirs in zip(result, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_there_are_golden_cases_of_both_functions():
    assert {case["function"] for case in CASES.values()} == {"data_subset", "valid_split"}
    assert len(CASES) == 5


@settings(deadline=None)
@given(n=st.integers(1, 40), subset=st.integers(1, 40))
def test_parts_are_equal_consecutive_and_disjoint(n, subset):
    if subset > n:
        with pytest.raises(ValueError, match="subset"):
            utils.data_subset(dataset_of(n), subset)
        return
    parts = [utils.data_subset(dataset_of(n), subset, idx) for idx in range(subset)]
    joined = np.concatenate([images[:, 0] for images, _ in parts])
    np.testing.assert_array_equal(joined, np.arange(n // subset * subset))
    for images, labels in parts:
        assert len(images) == n // subset
        np.testing.assert_array_equal(images[:, 0] % 10, labels)


@settings(deadline=None)
@given(
    n=st.integers(0, 60),
    split=st.floats(0, 1),
    seed=st.integers(0, 2**64 - 1),
)
def test_a_split_uses_every_sample_once(n, split, seed):
    (train, train_labels), (val, val_labels) = utils.valid_split(dataset_of(n), None, split, seed)
    assert len(val) == int(n * split)
    np.testing.assert_array_equal(np.sort(np.r_[train[:, 0], val[:, 0]]), np.arange(n))
    np.testing.assert_array_equal(val[:, 0], np.sort(val[:, 0]))
    np.testing.assert_array_equal(train[:, 0] % 10, train_labels)
    np.testing.assert_array_equal(val[:, 0] % 10, val_labels)


@settings(deadline=None)
@given(n=st.integers(0, 40), batch_size=st.integers(1, 45), shuffle=st.booleans())
def test_batches_hold_every_sample_once(n, batch_size, shuffle):
    result = list(utils.batches(*dataset_of(n), batch_size, shuffle=shuffle, seed=3))
    assert [len(labels) for _, labels in result[:-1]] == [batch_size] * (len(result) - 1)
    assert all(1 <= len(labels) <= batch_size for _, labels in result)
    samples = [image[0] for images, _ in result for image in images]
    assert sorted(samples) == list(range(n))
    if not shuffle:
        assert samples == list(range(n))
    for images, labels in result:
        np.testing.assert_array_equal(images[:, 0] % 10, labels)


def test_the_seed_fixes_the_order_of_batches():
    def order(seed):
        shuffled = utils.batches(*dataset_of(100), 10, shuffle=True, seed=seed)
        return [int(image[0]) for images, _ in shuffled for image in images]

    assert order(1) == order(1) != order(2)
    assert order(1) != list(range(100))


def calls(dataset):
    """The arrays returned by every function for one data set."""
    yield from utils.data_subset(dataset, 1)
    yield from utils.data_subset(dataset, 3)
    for part in utils.valid_split(dataset, dataset, 0.3):
        yield from part
    for shuffle in (False, True):
        for batch in utils.batches(*dataset, 7, shuffle=shuffle, seed=1):
            yield from batch


def test_results_are_new_arrays_and_the_data_set_is_unchanged():
    dataset = dataset_of(20)
    before = [array.copy() for array in dataset]
    for result in calls(dataset):
        assert not any(np.shares_memory(result, array) for array in dataset)
        result[...] = -1
    for array, copy in zip(dataset, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_global_generator_is_not_touched():
    np.random.random(3)  # a state that no seed gives
    before = np.random.get_state(legacy=False)
    list(calls(dataset_of(20)))
    list(utils.batches(*dataset_of(20), 7, shuffle=True))
    after = np.random.get_state(legacy=False)
    np.testing.assert_equal(after, before)


def test_lists_are_accepted():
    images, labels = utils.data_subset(([[1.0], [2.0]], [0, 1]), 2, idx=1)
    assert images.tolist() == [[2.0]] and labels.tolist() == [1]


class Tensor:
    """What a torch tensor is to NumPy: an object with ``__array__``."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


class Dataset:
    """What a torchvision data set is to spikecore: ``data`` and ``targets``."""

    def __init__(self, data, targets):
        self.data, self.targets = data, targets


@pytest.mark.parametrize("wrap", [Tensor, list, np.asarray])
def test_objects_with_data_and_targets_are_data_sets(wrap):
    pair = dataset_of(20)
    dataset = Dataset(Tensor(pair[0]), wrap(pair[1]))
    for result, expected in [
        (utils.data_subset(dataset, 3, 1), utils.data_subset(pair, 3, 1)),
        (utils.valid_split(dataset, None, 0.3), utils.valid_split(pair, None, 0.3)),
        (list(utils.batches(dataset, batch_size=7)), list(utils.batches(*pair, 7))),
    ]:
        np.testing.assert_equal(result, expected)


def test_batches_take_a_pair_in_one_argument():
    pair = dataset_of(20)
    result = list(utils.batches(pair, batch_size=7, shuffle=True, seed=2))
    np.testing.assert_equal(result, list(utils.batches(*pair, 7, shuffle=True, seed=2)))


class Unreadable:
    """A tensor that needs a gradient, or lies on a GPU, refuses like this."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")


DATA = dataset_of(10)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: utils.data_subset(DATA[0], 2), TypeError, "dataset must be a pair"),
        (lambda: utils.data_subset(DATA[:1], 2), TypeError, "dataset must be a pair"),
        (lambda: utils.data_subset((DATA[0], DATA[1][:9]), 2), ValueError, r"\(10, 3\) and \(9,\)"),
        (lambda: utils.data_subset((1.0, 2.0), 1), ValueError, "dataset must hold"),
        (
            lambda: utils.data_subset(([[1], [1, 2]], [0, 1]), 1),
            ValueError,
            "dataset must hold rec",
        ),
        (
            lambda: utils.data_subset(Dataset(DATA[0], Unreadable()), 1),
            TypeError,
            "dataset must hold .*host memory, .*an Unreadable failed .*requires grad",
        ),
        (
            lambda: utils.batches(Raises("__getattr__", KeyError), batch_size=2),
            TypeError,
            "images mu",
        ),
        (
            lambda: utils.batches(DATA[0], Raises("__array__", KeyError), 2),
            TypeError,
            "images and labels must hold .*a Raises failed with .*own message",
        ),
        (lambda: utils.batches(DATA, nested(99)), ValueError, "images and labels must hold rect"),
        (lambda: utils.batches(DATA), TypeError, "batch_size must .*got None"),
        (lambda: utils.batches(DATA[0], batch_size=2), TypeError, "images must be a pair"),
        (lambda: utils.batches(DATA, 2), TypeError, "labels must .*got 2; .*batch_size="),
        (lambda: utils.data_subset(DATA, 0), ValueError, "subset must be .*got 0"),
        (lambda: utils.data_subset(DATA, 11), ValueError, "subset must be .*got 11"),
        (lambda: utils.data_subset(DATA, 2.0), TypeError, "subset must be .*got 2.0"),
        (lambda: utils.data_subset(DATA, 2, 2), ValueError, "idx must be .*got 2"),
        (lambda: utils.data_subset(DATA, 2, -1), ValueError, "idx must be .*got -1"),
        (lambda: utils.valid_split(DATA[0], None, 0.5), TypeError, "ds_train must be a pair"),
        (lambda: utils.valid_split(DATA, None, 1.5), ValueError, "split must .*got 1.5"),
        (lambda: utils.valid_split(DATA, None, -0.1), ValueError, "split must .*got -0.1"),
        (lambda: utils.valid_split(DATA, None, "0.1"), TypeError, "split must .*got '0.1'"),
        (lambda: utils.valid_split(DATA, None, 0.1, seed=-1), ValueError, "seed must .*got -1"),
        (lambda: utils.valid_split(DATA, None, 0.1, seed=0.5), TypeError, "seed must .*got 0.5"),
        (lambda: utils.batches(*DATA, 0), ValueError, "batch_size must .*got 0"),
        (lambda: utils.batches(*DATA, 1.5), TypeError, "batch_size must .*got 1.5"),
        (lambda: utils.batches(*DATA, 2, shuffle=1), TypeError, "shuffle must .*got 1"),
        (lambda: utils.batches(*DATA, 2, seed="x"), TypeError, "seed must .*got 'x'"),
        (lambda: utils.batches(DATA[0], DATA[1][1:], 2), ValueError, "images and labels must"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(call, error, message):
    with pytest.raises(error, match=message):
        call()
