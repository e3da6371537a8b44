"""Events: a table of spikes that is the dense array, and times that are exact steps."""

import copy
import math
import pickle
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikecore import Events, events, memory

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)
VALUES = {
    "bool": st.booleans(),
    "int8": st.sampled_from([0, 0, 1, -1, -128]),
    "uint8": st.sampled_from([0, 0, 1, 3, 255]),
    "int64": st.sampled_from([0, 0, 1, -(2**63), 2**53 + 1]),
    "uint64": st.sampled_from([0, 0, 1, 2**64 - 1]),
    "float32": st.sampled_from([0.0, 0.0, 1.0, -0.5, 1e-45]),
    "float64": st.sampled_from([0.0, 0.0, 1.0, 1e300, 5e-324]),
    ">f4": st.sampled_from([0.0, 1.0, 2.5]),
}
DENSE = st.sampled_from(list(VALUES)).flatmap(
    lambda name: hnp.arrays(np.dtype(name), SHAPES, elements=VALUES[name])
)
BITS = hnp.arrays(bool, SHAPES)
DTS = st.sampled_from([0.1, 0.3, 1e-4, 1e-3, 1.0, 2.5])


# --- dense arrays -------------------------------------------------------------------------------


@given(DENSE)
def test_dense_to_events_and_back_is_the_identity(dense):
    table = Events.from_dense(dense)
    assert_same_bits(table.to_dense(), dense.astype(dense.dtype.newbyteorder("=")))
    assert len(table) == np.count_nonzero(dense)
    assert table.dense_shape == dense.shape


@given(DENSE)
def test_events_to_dense_and_back_is_the_identity(dense):
    table = Events.from_dense(dense, dt=0.3)
    assert Events.from_dense(table.to_dense(), dt=0.3) == table


@given(DENSE, st.randoms(use_true_random=False))
def test_events_in_any_order_are_sorted(dense, shuffler):
    table = Events.from_dense(dense)
    order = list(range(len(table)))
    shuffler.shuffle(order)
    order = np.array(order, int)
    columns = table.step[order], table.element[order]
    assert Events(*columns, table.shape, table.num_steps, table.value[order]) == table


@given(DENSE)
def test_arrays_with_strides_are_read_as_they_are(dense):
    swapped = dense.swapaxes(0, -1)
    assert_same_bits(
        Events.from_dense(swapped).to_dense(),
        np.ascontiguousarray(swapped, dense.dtype.newbyteorder("=")),
    )


@given(BITS)
def test_bits_are_those_of_numpy(dense):
    table = Events.from_dense(dense, dt=2)
    rows = dense.reshape(len(dense), math.prod(dense.shape[1:]))
    assert_same_bits(table.pack(), np.packbits(rows, axis=1))
    assert Events.unpack(table.pack(), table.shape, dt=2) == table


@given(DENSE)
def test_counts_are_numbers_of_what_is_not_0(dense):
    table = Events.from_dense(dense)
    rows = dense.reshape(len(dense), math.prod(dense.shape[1:]))
    assert_same_bits(table.counts(), np.asarray(np.count_nonzero(dense, axis=0), np.int64))
    assert_same_bits(table.counts("elements"), np.count_nonzero(rows, axis=1).astype(np.int64))


@given(DENSE, st.tuples(*[st.integers(-8, 8) | st.none()] * 2))
def test_slices_are_those_of_the_dense_array(dense, bounds):
    part = Events.from_dense(dense)[slice(*bounds)]
    assert part == Events.from_dense(dense[slice(*bounds)])


@given(DENSE, st.data())
def test_taken_elements_are_columns_of_the_dense_array(dense, data):
    rows = dense.reshape(len(dense), math.prod(dense.shape[1:]))
    wanted = data.draw(st.lists(st.integers(0, rows.shape[1] - 1))) if rows.shape[1] else []
    taken = Events.from_dense(dense).take(np.array(wanted, int))
    assert taken == Events.from_dense(rows[:, np.array(wanted, int)])


@given(DENSE, st.lists(st.integers(0, 6), max_size=4))
def test_slices_join_to_the_whole(dense, cuts):
    table = Events.from_dense(dense, dt=0.1)
    edges = [0, *sorted(min(cut, len(dense)) for cut in cuts), len(dense)]
    parts = [table[a:b] for a, b in pairwise(edges)]
    assert events.concatenate(parts) == table


def test_joined_values_have_the_dtype_of_all():
    parts = [Events([0], [0], (), 1, np.array([1], kind)) for kind in (np.int8, np.float32)]
    assert events.concatenate(parts).value.dtype == np.float32


def test_many_steps_and_elements_have_wider_integers():
    wide = Events([2**40], [2**20], (2**21,), 2**41)
    assert (wide.step.dtype, wide.element.dtype) == (np.int64, np.int32)
    edge = Events([2**15 - 1], [2**15], (2**15 + 1,), 2**15)
    assert (edge.step.dtype, edge.element.dtype) == (np.int16, np.int32)
    later = wide[2**40 :]
    assert later.step[0] == 0
    assert later.num_steps == 2**40


# --- values -------------------------------------------------------------------------------------


@given(DENSE, DENSE)
def test_equal_events_have_equal_hashes_and_others_differ(a, b):
    first, second = Events.from_dense(a), Events.from_dense(b)
    same = a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=") and np.array_equal(a, b)
    assert (first == second) == same
    assert first != a.tolist()
    if same:
        assert hash(first) == hash(second)
    assert hash(first) == hash(Events.from_dense(a.copy()))


def test_dt_and_the_dtype_of_values_tell_events_apart():
    dense = np.eye(3, dtype=np.int8)
    table = Events.from_dense(dense, dt=0.1)
    assert table != Events.from_dense(dense)
    assert table != Events.from_dense(dense.astype(np.uint8), dt=0.1)
    assert table != Events.from_dense(dense.reshape(3, 1, 3), dt=0.1)
    assert Events.from_dense(dense, dt=1) == Events.from_dense(dense, dt=1.0)


@given(DENSE)
def test_pickles_and_copies_are_equal(dense):
    table = Events.from_dense(dense, dt=1e-4)
    for twin in (pickle.loads(pickle.dumps(table)), copy.copy(table), copy.deepcopy(table)):
        assert twin == table
        assert hash(twin) == hash(table)
        assert not twin.step.flags.writeable


def test_pickles_keep_the_number_of_dropped_events():
    table = Events.from_times([5, 50], [0, 0], (), 1, num_steps=10, bypass=True)
    assert pickle.loads(pickle.dumps(table)).dropped == table.dropped == 1


def test_nothing_can_be_changed():
    steps, dense = np.array([1, 2]), np.eye(3)
    table, copied = Events(steps, [0, 0], 1, 5), Events.from_dense(dense)
    for name in ("step", "element", "value"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(table, name)[0] = 1
    with pytest.raises(AttributeError, match=r"^Events cannot be changed \(dt\); make new ones$"):
        table.dt = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        del table.dt
    with pytest.raises(AttributeError):
        table.other = 1
    steps[0], dense[0, 0] = 4, 7
    assert table.step[0] == 1
    assert copied.value[0] == 1


def test_the_structured_array_has_the_columns():
    table = Events.from_dense(np.array([[0, -2], [3, 0]], np.int8))
    found = table.to_numpy()
    assert found.dtype.names == ("step", "element", "value")
    for name in found.dtype.names:
        assert_same_bits(np.ascontiguousarray(found[name]), getattr(table, name))


def test_repr_is_short_and_tells_the_form():
    table = Events.from_dense(np.zeros((100, 128, 784), bool))
    assert repr(table) == "Events(0 events, 100 steps of (128, 784), bool)"
    assert len(repr(Events([1], [0], (), 3, dt=0.1))) < 60


def test_numpy_gets_the_dense_array():
    dense = np.array([[0, 2], [1, 0]], np.uint8)
    table = Events.from_dense(dense)
    assert_same_bits(np.asarray(table), dense)
    assert_same_bits(np.asarray(table, np.float32), dense.astype(np.float32))
    with pytest.raises(ValueError, match="copy"):
        np.asarray(table, copy=False)


# --- times --------------------------------------------------------------------------------------


@given(BITS, DTS)
def test_times_in_the_middle_of_steps_give_the_events_back(dense, dt):
    table = Events.from_dense(dense, dt=dt)
    columns = table.times, table.element, table.shape
    assert Events.from_times(*columns, dt, num_steps=table.num_steps) == table


@given(st.lists(st.integers(0, 10**6), unique=True), DTS)
def test_the_time_k_dt_is_step_k(steps, dt):
    moments = np.array(steps, np.float64) * dt
    found = Events.from_times(moments, np.zeros(len(steps), int), (), dt, num_steps=10**6 + 1)
    assert found.step.tolist() == sorted(steps)


@given(st.lists(st.integers(-(2**62), 2**62), max_size=20), st.integers(1, 2**40))
def test_integers_are_divided_exactly(moments, dt):
    start = min(moments, default=0)
    stop = max(moments, default=0) + 1
    if stop > 2**62 or -(-(stop - start) // dt) > 2**62:
        return
    elements = np.arange(len(moments))
    moments_array = np.array(moments, np.int64)
    try:
        found = Events.from_times(moments_array, elements, len(moments), dt, start=start, stop=stop)
    except ValueError as error:
        assert "2**63 cells" in str(error)
        return
    assert found.num_steps == -(-(stop - start) // dt)
    place = np.argsort(found.element)
    assert found.step[place].tolist() == [(moment - start) // dt for moment in moments]


@given(st.lists(st.fractions(0, 1000, max_denominator=1000), max_size=20), DTS)
def test_floats_are_divided_as_fractions_where_no_edge_is_near(moments, dt):
    length = Fraction(dt)
    kept = [m for m in moments if abs((m / length) - round(m / length)) > Fraction(1, 10**9)]
    found = Events.from_times(
        np.array(kept, np.float64), np.arange(len(kept)), len(kept), dt, num_steps=10**7 + 1
    )
    place = np.argsort(found.element)
    assert found.step[place].tolist() == [math.floor(moment / length) for moment in kept]


def test_a_quotient_is_moved_up_within_4_ulp_and_not_beyond():
    moments = [8.0 - k * np.spacing(8.0) for k in (4, 5)]
    assert Events.from_times(moments, [0, 1], 2, 1.0, num_steps=9).to_numpy()["step"].tolist() == (
        [7, 8]
    )


def test_the_interval_is_half_open_from_start():
    def binned(moments, **options):
        return Events.from_times(moments, [0] * len(moments), (), 1000, **options)

    assert binned([0, 999], num_steps=1, combine="any").num_steps == 1
    assert binned([500], stop=5500).num_steps == 6
    assert binned([500], stop=5000).num_steps == 5
    assert binned([500], start=500, stop=1501).step[0] == 0
    with pytest.raises(ValueError, match=r"^times must lie within \[0, 0 \+ 1\*1000\), but times"):
        binned([0, 1000], num_steps=1)
    dropped = binned([-1, 0, 1000, 5], num_steps=1, bypass=True, combine="count")
    assert (dropped.dropped, dropped.value.tolist()) == (2, [2])


def test_stop_is_exact_for_floats_too():
    for dt in (0.1, 0.3, 1e-4):
        for steps in (1, 3, 7, 10, 1000, 99_999):
            assert Events.from_times([], [], (), dt, stop=steps * dt).num_steps == steps


def test_the_last_event_is_not_the_end():
    sentence = r"^num_steps or stop must be given, .* pass num_steps=8 to hold all events, or more$"
    with pytest.raises(ValueError, match=sentence):
        Events.from_times([3, 7], [0, 0], (), 1)


@pytest.mark.parametrize(
    ("combine", "expected", "dtype"),
    [("any", [True, True], bool), ("count", [3, 1], np.uint8), ("signed", [1, -1], np.int8)],
)
def test_several_events_of_a_cell_are_combined(combine, expected, dtype):
    found = Events([0, 0, 0, 1], [0, 0, 0, 0], (), 2, [1, -1, 1, -1], combine=combine)
    assert found.value.tolist() == expected
    assert found.value.dtype == dtype


def test_signs_that_cancel_leave_no_event():
    assert len(Events([0, 0], [1, 1], 2, 1, [1, -1], combine="signed")) == 0


def test_many_events_of_a_cell_are_counted():
    assert Events([0] * 300, [0] * 300, (), 1, combine="count").value.dtype == np.uint16
    signed = Events([0] * 200, [0] * 200, (), 1, -1, combine="signed")
    assert (signed.value[0], signed.value.dtype) == (-200, np.int16)


def test_counts_of_a_cell_are_those_of_the_dense_array():
    generator = np.random.default_rng(3)
    moments, elements = generator.integers(0, 40, 500), generator.integers(0, 6, 500)
    dense = np.zeros((8, 2, 3), np.uint8)
    np.add.at(dense.reshape(8, 6), (moments // 5, elements), 1)
    found = Events.from_times(moments, elements, (2, 3), 5, num_steps=8, combine="count")
    assert_same_bits(found.to_dense(), dense)


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Events([0], [0], (), 0), r"^step\[0\] must be empty where there is no cell, got"),
        (lambda: Events([4], [0], (), 4), r"^step\[0\] must lie from 0 to 3, got 4; pass more"),
        (lambda: Events([0], [-1], 3, 4), r"^element\[0\] must lie from 0 to 2, got -1; pass a"),
        (lambda: Events([0.5], [0], 3, 4), r"^step must be integers, got dtype float64"),
        (lambda: Events([[0]], [0], 3, 4), r"^step must have one axis, got shape \(1, 1\)"),
        (lambda: Events([0, 1], [0], 3, 4), r"^element must have as many numbers as step, 2"),
        (lambda: Events([0], [0], 3, 4, [0]), r"^value\[0\] must be finite and not 0, got 0; lea"),
        (lambda: Events([0], [0], 3, 4, np.nan), r"^value\[0\] must be finite and not 0, got nan"),
        (lambda: Events([0], [0], 3, 4, [1, 1]), r"^value must have shape \(1,\), one for each"),
        (lambda: Events([0, 0], [5, 5], (2, 3), 1), r"^several events lie in step 0 of element "),
        (lambda: Events([], [], 2**40, 2**40), r"^shape and num_steps must have fewer than 2"),
        (lambda: Events([], [], (2, -1), 3), r"^shape\[1\] must be from 0 to \d+, got -1"),
        (lambda: Events([], [], "ab", 3), r"^shape\[0\] must be an integer from 0 to \d+, got 'a'"),
        (lambda: Events([], [], 2, 3, dt=0), r"^dt must lie in \(0, inf\), got 0"),
        (lambda: Events([], [], 2, 3, combine="sum"), r"^combine must be one of \('error', 'any'"),
        (lambda: Events.from_dense(3), r"^spikes must have a time axis, got the scalar 3"),
        (lambda: Events.from_dense([[0, np.inf]]), r"^spikes\[0, 1\] must be finite, got inf"),
        (lambda: Events.from_dense([1j]), r"^spikes must hold real numbers of at most 64 bits"),
        (lambda: Events.from_dense(np.eye(2))["a"], r"^index must be a slice of steps, got 'a'"),
        (lambda: Events.from_dense(np.eye(2))[::2], r"^index must be a slice of steps, got slice"),
        (lambda: Events.from_dense(np.eye(2))["a":], r"^index must have whole numbers, got slice"),
        (lambda: Events.from_dense(np.eye(2)).take([2]), r"^elements\[0\] must lie from 0 to 1"),
        (lambda: Events.from_dense([3]).to_dense(bool), r"^dtype must hold the value 3, got bool"),
        (lambda: Events.from_dense([-1]).to_dense("u8"), r"^dtype must hold the value -1, got uin"),
        (lambda: Events.from_dense([1]).to_dense("U3"), r"^dtype must be real, of at most 64 bits"),
        (lambda: Events.from_dense([2]).pack(), r"^value must be 1 in each event to be packed"),
        (lambda: Events.unpack([[1]], 8), r"^packed must be uint8 of shape \[num_steps, 1\]"),
        (
            lambda: Events.unpack(np.array([[1]], np.uint8), 7),
            r"^packed must have 0 in the bits after the 7 elements, got a bit of element 7",
        ),
        (lambda: Events.from_times([np.nan], [0], (), 1, stop=1), r"^times\[0\] must be finite"),
        (lambda: Events.from_times([2**63], [0], (), 1, stop=1), r"^times\[0\] must lie within 2"),
        (lambda: Events.from_times([0], [0], (), -1, stop=1), r"^dt must lie in \(0, inf\)"),
        (
            lambda: Events.from_times([0], [0], (), 1, stop=1, num_steps=1),
            r"^stop must be left out where num_steps is given, got 1",
        ),
        (lambda: Events.from_times([0], [0], (), 1, stop=-1), r"^stop must be at least start, 0"),
        (lambda: Events.from_times([0.0], [0], (), 1e-300, stop=1e300), r"^stop must be within"),
        (lambda: events.concatenate([]), r"^parts must hold at least one, got none"),
        (lambda: events.concatenate([np.eye(2)]), r"^parts\[0\] must be Events, got an ndarray"),
        (
            lambda: events.concatenate([Events([], [], 1, 2), Events([], [], 2, 2)]),
            r"^parts\[1\] must have shape \(1,\) and dt None, as the first, got \(2,\) and None",
        ),
    ],
)  # fmt: skip
def test_bad_arguments_get_one_sentence(call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)


class OnGpu:
    __cuda_array_interface__ = {"shape": (2,), "typestr": "<f4", "data": (0, True), "version": 3}  # noqa: RUF012


def test_arrays_on_a_gpu_are_refused():
    sentence = r"must lie in the host's memory, got an array on a GPU; copy it to the host first$"
    calls = (Events.from_dense, lambda a: Events(a, [0], 1, 1), lambda a: Events.unpack(a, 1))
    for call in calls:
        with pytest.raises(TypeError, match=sentence):
            call(OnGpu())


def test_nothing_large_is_made(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1 << 20)
    table = Events([], [], (1000, 1000), 10**6)
    for call in (table.to_dense, table.pack, table.counts):
        with pytest.raises(ValueError, match="memory are free"):
            call()
