"""LIF over all its axes: a scalar oracle, the two backends, and how runs relate to each other."""

import math
from itertools import combinations, product

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from plain import lif as plain

from spikecore import LIF
from spikecore.backends import threads
from spikecore.backends.cpu import tiles

TILE = 1024
RESETS = (  # every way to reset
    {"reset": "subtract"},
    {"reset": "subtract", "decay_reset": True},
    {"reset": "subtract", "reset_at": "same"},
    {"reset": "subtract", "reset_at": "exchange"},
    {"reset": "value"},
    {"reset": "value", "drop_input": True},
    {"reset": "value", "reset_at": "same"},
    {"reset": "none"},
)
FIRINGS = ({}, {"compare": ">="}, {"compare": ">=", "spikes": "multi"})
SOURCES = ("normal", "tenths", "sixteenths")


# --- neurons and currents -----------------------------------------------------------------------

NUMBERS = {
    "decay": (0.9, 0.5, 0.0, 1.0, 0.97),
    "threshold": (1.0, 0.5, 0.7, 1.25),
    "gain": (1.0, 0.1, 2.0, -1.0),
    "leak": (0.0, 0.1, -0.25, 2.0),
}


SYNAPSES = ("decay-jump-use", "jump-use-decay", "jump-decay-use", "use-decay-jump")
MAPS = {  # gentle ones, so that membranes seldom overflow
    "linear": {},
    "quadratic": {"map_scale": 0.0625, "map_onset": 0.5},
    "exponential": {"map_scale": 0.125, "map_onset": 0.75, "map_slope": 4.0},
}


@st.composite
def neurons(draw, width=4, parts=True):
    """A LIF of any valid combination of axes, with scalars or one number per neuron.

    Without ``parts`` the input drives the membrane and nothing else: no synapse, adaptation, map or
    fraction of a step.
    """
    axes = {**draw(st.sampled_from(RESETS)), **draw(st.sampled_from(FIRINGS))}
    if axes["reset"] == "value":
        axes["reset_value"] = draw(st.sampled_from((0.0, 0.25, -0.5, 1.5)))
    if axes.get("reset_at", "next") == "next":
        axes["report_spike"] = draw(st.sampled_from(("new", "old")))
    for name in NUMBERS:
        number = st.sampled_from(NUMBERS[name])
        axes[name] = draw(number | st.lists(number, min_size=width, max_size=width))
    axes["refractory"] = draw(st.sampled_from((0, 1, 2, 3, 1.5)))
    axes["inhibition"] = draw(st.booleans())
    axes["lower"] = draw(st.sampled_from((None, 0.0, -1.0, 0.25)))
    axes["amplitude"] = draw(st.sampled_from((1.0, 2.5, -1.0)))
    axes["input_delay"] = draw(st.sampled_from((0, 0, 1, 3)))
    axes["initial"] = draw(st.sampled_from((None, 0.5)))
    if parts:
        draw_parts(draw, axes, st.sampled_from)
    waits_anyhow = axes["refractory"] and can_wait(axes)
    if waits_anyhow:
        axes["refractory_holds"] = draw(st.sampled_from(("input", "membrane", "spike")))
    single = axes.get("spikes") != "multi" and axes.get("reset_at") != "exchange"
    if single and "adaptation_decay" not in axes and axes["lower"] is None and draw(st.booleans()):
        axes["threshold_low"] = -0.5
    if parts and waits_anyhow and draw(st.booleans()):
        draw_fraction(draw, axes)
    return LIF(**axes)


def can_wait(axes):
    return axes["reset"] == "none" or axes.get("reset_at") == "same"


def draw_parts(draw, axes, among):
    """A synaptic current, an adaptation and a spike map, each perhaps."""
    if draw(st.booleans()):
        axes["synapse_decay"] = draw(among((0.0, 0.5, 0.9, 1.0)))
        axes["synapse_order"] = draw(among(SYNAPSES))
        axes["synapse_gain"] = draw(among((1.0, 0.5)))
    if draw(st.booleans()):
        axes["adaptation_decay"] = draw(among((0.5, 0.9, 1.0)))
        axes["adaptation_scale"] = draw(among((0.25, 1.0)))
        axes["adaptation_of"] = draw(
            among(("threshold", "input") if can_wait(axes) else ("input",))
        )
    axes["spike_map"] = draw(among(("linear", "linear", *MAPS)))
    axes.update(MAPS[axes["spike_map"]])


def draw_fraction(draw, axes):
    """Make the neuron one whose refractory time ends within a step."""
    for name in ("spikes", "threshold_low", "map_scale", "map_onset", "map_slope"):
        axes.pop(name, None)
    axes.update(
        reset="value", reset_at="same", decay=draw(st.sampled_from((0.9, 0.5, 0.97))),
        inhibition=False, spike_map="linear", refractory_holds="membrane",
        refractory_mode="fraction", refractory=draw(st.sampled_from((0.5, 1.0, 2.25))),
    )  # fmt: skip
    axes.pop("report_spike", None)


def currents(source, shape, dtype, seed):
    """Random numbers, or numbers of a grid, on which membranes meet thresholds exactly."""
    generator = np.random.default_rng(seed)
    if source == "normal":
        return generator.normal(0.4, 0.8, shape).astype(dtype)
    if source == "tenths":
        return (generator.integers(-6, 16, shape) / 10).astype(dtype)
    return (generator.integers(-10, 26, shape) / 16).astype(dtype)


@st.composite
def runs(draw, num_steps=12, parts=True):
    """A neuron and its currents ``[num_steps, rows, neurons]``."""
    width = draw(st.integers(1, 5))
    lif = draw(neurons(width, parts))
    shape = (draw(st.integers(1, num_steps)), draw(st.integers(1, 3)), width)
    dtype = draw(st.sampled_from((np.float32, np.float64)))
    return lif, currents(draw(st.sampled_from(SOURCES)), shape, dtype, draw(st.integers(0, 999)))


def everything(lif, current, *state, device="numpy"):
    return lif.run(current, *state, record=lif.recordable, device=device)


def assert_same_run(run, other):
    assert_same_bits(run.spikes, other.spikes)
    assert list(run.recorded) == list(other.recorded)
    for name in run.recorded:
        assert_same_bits(run.recorded[name], other.recorded[name])
    for one, another in zip(run.final, other.final, strict=True):
        assert_same_bits(one, another)


# --- against the oracle -------------------------------------------------------------------------


@settings(max_examples=300)
@given(runs())
@example((LIF(1.0, inhibition=True), np.full((3, 1, 2), 0.6, np.float32)))  # equals: first fires
@example(
    (LIF(0.9, reset_at="exchange", inhibition=True), np.full((6, 1, 3), [2.5, 2.6, 0], np.float32))
)
def test_every_combination_of_axes_does_what_is_specified(case):
    lif, current = case
    assert_is_plain(everything(lif, current), lif, current)


@np.errstate(all="ignore")  # a membrane may overflow
def assert_is_plain(run, lif, current, **start):
    spikes, states = plain.run(lif, current, **start)
    for name, values in run.recorded.items():
        np.testing.assert_array_equal(values, states[name], err_msg=name, strict=True)
    np.testing.assert_array_equal(run.spikes, spikes, strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_several_spikes_are_the_floor_of_a_rounded_quotient(dtype):
    threshold = (np.arange(1, 300) / 100).astype(dtype)
    current = threshold * np.arange(1, 12, dtype=dtype)[:, None]  # about whole quotients
    lif = LIF(0, threshold=threshold, compare=">=", spikes="multi", reset_at="same")
    run = lif.run(current, device="numpy")
    expected = [[math.floor(x / t) for x, t in zip(row, threshold, strict=True)] for row in current]
    np.testing.assert_array_equal(run.spikes, expected)
    assert (np.floor(current * (1 / threshold)) != expected).any()  # a reciprocal would not do


@settings(max_examples=100)
@given(runs(), st.integers(0, 999))
def test_a_run_may_begin_anywhere(case, seed):
    lif, current = case
    generator = np.random.default_rng(seed)
    shape = current.shape[1:]
    start = {
        "membrane": generator.normal(0.5, 1, shape),
        "synapse": generator.normal(0, 1, shape),
        "adaptation": generator.random(shape),
        "refractory": generator.integers(0, 4, shape),
        "delayed": generator.normal(0.4, 0.8, (lif.input_delay, *shape)),
    }
    start = {name: start[name].astype(current.dtype) for name in lif.state_names}
    assert_is_plain(everything(lif, current, *start.values()), lif, current, **start)


# --- the backends agree to the bit --------------------------------------------------------------

FRACTION = {
    "reset": "value", "reset_at": "same", "refractory": 1.25, "refractory_holds": "membrane",
    "refractory_mode": "fraction",
}  # fmt: skip
WAITS = (
    {},
    {"refractory": 2},
    {"refractory": 1.5, "refractory_holds": "membrane"},
    {"refractory": 2, "refractory_holds": "spike"},
)
FACTORS = (
    (*RESETS, FRACTION),
    FIRINGS,
    WAITS,
    (  # the other orders: "decay-jump-use" is Synaptic's, "jump-use-decay" Norse's
        {},
        {"synapse_decay": 0.8, "synapse_order": "jump-decay-use", "synapse_gain": 0.5},
        {"synapse_decay": 0.8, "synapse_order": "use-decay-jump"},
    ),
    (
        {},
        {"adaptation_decay": 0.9, "adaptation_scale": 0.25},
        {"adaptation_decay": 0.5, "adaptation_of": "input"},
    ),
    tuple({"spike_map": name, **numbers} for name, numbers in MAPS.items()),
    ({}, {"report_spike": "old"}),
    ({}, {"inhibition": True}),
    ({}, {"leak": -0.25}),
    ({}, {"gain": 0.1}),
    ({}, {"lower": -0.5}),
    ({}, {"threshold_low": -0.4}),
    ({}, {"input_delay": 2}),
    (False, True),  # one number per neuron
    (np.float32, np.float64),
)


def is_valid(choice):
    if choice[0] == len(RESETS) and choice[2]:  # a fraction is a way to wait
        return False
    try:
        LIF(**{"decay": 0.9, "threshold": 0.7, **combination(choice)[0]})
    except ValueError:
        return False
    return True


def pairwise_covering():
    """Combinations in which every valid pair of values of two factors occurs."""
    generator = np.random.default_rng(1)
    sizes = [len(factor) for factor in FACTORS]
    pairs = [
        ((a, i), (b, j))
        for a, b in combinations(range(len(sizes)), 2)
        for i, j in product(range(sizes[a]), range(sizes[b]))
    ]

    def completions(pair):
        """Valid combinations with this pair, the rest at random, and often neutral."""
        for _ in range(40):
            choice = generator.integers(0, sizes) * (generator.random(len(sizes)) < 0.5)
            for factor, value in pair:
                choice[factor] = value
            if is_valid(choice):
                yield tuple(choice.tolist())

    def covered(choice):
        return {((a, choice[a]), (b, choice[b])) for a, b in combinations(range(len(sizes)), 2)}

    chosen, done = [], set()
    for pair in sorted(pairs, key=lambda pair: -pair[0][1] * pair[1][1]):
        found = [] if pair in done else list(completions(pair))
        if found:
            chosen.append(max(found, key=lambda choice: len(covered(choice) - done)))
            done |= covered(chosen[-1])
    return chosen


def combination(choice):
    """The LIF's fields, whether numbers are per neuron, and the dtype."""
    *axes, per_neuron, dtype = (factor[i] for factor, i in zip(FACTORS, choice, strict=True))
    return {name: value for axis in axes for name, value in axis.items()}, per_neuron, dtype


def of_width(axes, per_neuron, width):
    """The LIF of a combination, for rows of so many neurons."""
    numbers = {"decay": 0.9, "threshold": 0.7, **axes}
    if per_neuron:
        generator = np.random.default_rng(width)
        for name in ("decay", "threshold", "gain", "leak", "adaptation_scale", "map_scale"):
            if name in numbers:
                spread = numbers[name] * generator.uniform(0.5, 1.1, width)
                numbers[name] = np.round(spread, 2)
    return LIF(**numbers)


SHAPES = (  # around the tile, in all and in a row of which one neuron may fire
    (5, 1, 1),
    (9, 3, 7),
    (3, 1, TILE - 1),
    (3, 1, TILE),
    (3, 2, TILE + 1),
)


def test_the_tile_is_as_large_as_these_tests_suppose():
    assert tiles.TILE == TILE


def test_the_covering_is_small_and_covers():
    chosen = pairwise_covering()
    assert len(chosen) <= 50  # about a second of compilation each
    for factor, options in enumerate(FACTORS):
        assert {choice[factor] for choice in chosen} == set(range(len(options)))


def _label(choice):
    axes, per_neuron, dtype = combination(choice)
    words = [f"{name}={value}" for name, value in axes.items()]
    return " ".join([*words, "arrays" if per_neuron else "scalars", dtype.__name__])


@pytest.mark.parametrize("choice", pairwise_covering(), ids=_label)
def test_compiled_loops_give_the_bits_of_the_reference(choice, monkeypatch):
    axes, per_neuron, dtype = combination(choice)
    monkeypatch.setattr(threads, "SMALL", 0)
    for k, (shape, source) in enumerate(product(SHAPES, SOURCES)):
        monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(1 + k % 3))
        lif = of_width(axes, per_neuron, shape[-1])
        current = currents(source, shape, dtype, seed=k)
        whole = everything(lif, current, device="cpu")
        assert_same_run(whole, everything(lif, current))
        cut = 1 + k % (shape[0] - 1)
        first = everything(lif, current[:cut], device="cpu")
        rest = everything(lif, current[cut:], *first.final, device="cpu")
        assert_same_bits(np.concatenate([first.spikes, rest.spikes]), whole.spikes)
        for one, other in zip(rest.final, whole.final, strict=True):
            assert_same_bits(one, other)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_a_membrane_that_overflowed_does_not_silence_its_row(device, place):
    current = np.array([[3e38, 0.1, 1], [0.5, 2, 1], [0.3, 0.2, 0.3]], np.float32)
    lif = LIF(decay=0, gain=10, inhibition=True, reset="none")
    run = lif.run(np.roll(current, place, axis=1), device=device)
    assert np.isnan(run.recorded["membrane"][2, place])  # 0 * infinity
    expected = np.roll([[1, 0, 0], [0, 1, 0], [0, 0, 1]], place, axis=1)
    np.testing.assert_array_equal(run.spikes, expected)


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_spikes_may_be_of_any_dtype_and_states_unrecorded(device):
    current = currents("normal", (20, 3, 7), np.float32, 0)
    lif = LIF(0.9, amplitude=2)
    expected = lif.run(current, device=device)
    for dtype in (np.float64, np.uint8, np.int8):
        run = lif.run(current, record=(), dtype=dtype, device=device)
        np.testing.assert_array_equal(run.spikes, expected.spikes.astype(dtype), strict=True)
        assert run.recorded == {}
        assert_same_bits(run.final[0], expected.final[0])
    run = LIF(0.9).run(current, record=(), dtype=bool, device=device)
    np.testing.assert_array_equal(run.spikes, expected.spikes > 0, strict=True)


# --- steps and cuts -----------------------------------------------------------------------------


@given(runs())
def test_steps_are_a_run(case):
    lif, current = case
    run = everything(lif, current)
    assume(np.isfinite(run.recorded["membrane"]).all())
    state = ()
    for t, x in enumerate(current):
        spikes, *state = lif(x, *state, device="numpy")
        assert_same_bits(spikes, run.spikes[t])
        for name, value in zip(lif.recordable, state, strict=False):
            assert_same_bits(value, run.recorded[name][t])
    for value, last in zip(state, run.final, strict=True):
        assert_same_bits(value, last)


@pytest.mark.parametrize("axes", [{}, {"reset_at": "exchange", "inhibition": True}], ids=str)
def test_compiled_steps_are_a_run(axes):
    lif = LIF(0.9, **axes)
    current = currents("tenths", (12, 2, 5), np.float32, 1)
    run = everything(lif, current, device="cpu")
    state = ()
    for t, x in enumerate(current):
        spikes, *state = lif(x, *state, device="cpu")
        assert_same_bits(spikes, run.spikes[t])
        assert_same_bits(state[0], run.recorded["membrane"][t])


@given(runs(), st.data())
def test_parts_join_to_the_whole(case, data):
    lif, current = case
    whole = everything(lif, current)
    assume(np.isfinite(whole.recorded["membrane"]).all())  # no run begins at infinity
    cuts = sorted(data.draw(st.lists(st.integers(0, len(current)), max_size=3)))
    parts, state = [], ()
    for begin, end in zip([0, *cuts], [*cuts, len(current)], strict=True):
        parts.append(everything(lif, current[begin:end], *state))
        state = parts[-1].final
    assert_same_bits(np.concatenate([part.spikes for part in parts]), whole.spikes)
    for name in whole.recorded:
        joined = np.concatenate([part.recorded[name] for part in parts])
        assert_same_bits(joined, whole.recorded[name])
    for one, other in zip(state, whole.final, strict=True):
        assert_same_bits(one, other)


@given(runs())
def test_more_steps_keep_the_beginning(case):
    lif, current = case
    longer = np.concatenate([current, 2 * current])
    assert_same_bits(
        everything(lif, longer).spikes[: len(current)], everything(lif, current).spikes
    )


@given(runs())
def test_a_neuron_keeps_nothing_between_runs(case):
    lif, current = case
    copy = current.copy()
    assert_same_run(everything(lif, current), everything(lif, current))
    assert_same_bits(current, copy)


# --- neurons beside each other ------------------------------------------------------------------


@given(runs(), st.integers(0, 999))
def test_samples_do_not_hear_each_other(case, seed):
    lif, current = case
    whole = everything(lif, current)
    for row in range(current.shape[1]):
        alone = everything(lif, current[:, row])
        assert_same_bits(alone.spikes, np.ascontiguousarray(whole.spikes[:, row]))
    order = np.random.default_rng(seed).permutation(current.shape[1])
    assert_same_bits(everything(lif, current[:, order]).spikes, whole.spikes[:, order])


@given(runs(), st.integers(0, 999))
def test_a_permutation_of_neurons_permutes_the_result(case, seed):
    lif, current = case
    if lif.inhibition:  # the first of equals fires, so no two may be equal
        lif = LIF(0.9, inhibition=True, reset=lif.reset)
        current = currents("normal", current.shape, np.float64, seed)
    order = np.random.default_rng(seed).permutation(current.shape[-1])
    fields = {}
    for name in NUMBERS:
        number = getattr(lif, name)
        fields[name] = number[order] if isinstance(number, np.ndarray) else number
    permuted = LIF(**_with(lif, fields))
    run, other = everything(lif, current), everything(permuted, current[..., order])
    assert_same_bits(other.spikes, run.spikes[..., order])
    assert_same_bits(other.recorded["membrane"], run.recorded["membrane"][..., order])


def _with(lif, changes):
    return {name: changes.get(name, getattr(lif, name)) for name in LIF.__dataclass_fields__}


@given(runs())
def test_twice_the_units_are_twice_the_membranes(case):
    lif, current = case
    names = ["threshold", "leak", "reset_value", "lower", "initial", "threshold_low", "map_onset"]
    names += ["adaptation_scale"] if lif.adaptation_decay is not None else []
    names += ["map_scale", "map_slope"] if lif.spike_map == "exponential" else []
    doubled = {name: 2 * getattr(lif, name) for name in names if getattr(lif, name) is not None}
    if lif.spike_map == "quadratic":
        doubled["map_scale"] = lif.map_scale / 2
    run = everything(lif, current)
    other = everything(LIF(**_with(lif, doubled)), 2 * current)
    assert_same_bits(other.spikes, run.spikes)
    assert_same_bits(other.recorded["membrane"], 2 * run.recorded["membrane"])


@given(runs())
def test_what_is_recorded_is_before_a_delayed_reset_and_after_one_in_the_same_step(case):
    lif, current = case
    run = everything(lif, current)
    fired, v = run.spikes != 0, run.recorded["membrane"]
    threshold = np.broadcast_to(np.asarray(lif.threshold, v.dtype), v.shape)
    if lif.reset_at == "next" and lif.report_spike == "new":
        above = v >= threshold if lif.compare == ">=" else v > threshold
        if lif.threshold_low is not None:
            above |= v <= -0.5 if lif.compare == ">=" else v < -0.5
        silenced = lif.inhibition or lif.refractory_holds != "input"
        if silenced or lif.adaptation_decay is not None:
            assert not (fired & ~above).any()
        else:
            np.testing.assert_array_equal(fired, above)
    if lif.reset_at == "same" and lif.reset == "value":
        assert (v[fired] == np.asarray(lif.reset_value, v.dtype)).all()


# --- neurons that differ in one axis agree until something touches it ---------------------------


def part_company(one, other, current):
    """First step at which each neuron's spikes differ, and its membranes; num_steps for never."""
    runs_ = [everything(lif, current) for lif in (one, other)]
    firsts = []
    for a, b in (
        [run.spikes for run in runs_],
        [run.recorded["membrane"] for run in runs_],
    ):
        firsts.append(first_true(a != b))
    return *firsts, runs_[0]


def first_true(happens):
    """First step at which something holds, for each neuron; num_steps where it never does."""
    return np.where(happens.any(axis=0), happens.argmax(axis=0), len(happens))


# What touches an axis, at each step of a run of the first of the two neurons.


def spike(lif, run, current):
    return run.spikes != 0


def meets_threshold(lif, run, current):
    return run.recorded["membrane"] == lif.threshold


def was_above(lif, run, current):
    v = run.recorded["membrane"]
    return np.concatenate([np.zeros_like(v[:1]), v[:-1]]) > lif.threshold


def two_thresholds(lif, run, current):
    return (run.spikes != 0) & (run.recorded["membrane"] >= lif.threshold)


def below_bound(lif, run, current):
    return run.recorded["membrane"] < -0.25


def several_above(lif, run, current):
    several = (run.recorded["membrane"] > lif.threshold).sum(axis=-1, keepdims=True) > 1
    return np.broadcast_to(several, run.spikes.shape)


VALUE = {"reset": "value"}
# axis: fields in common, of one, of the other, what touches the axis, and how many steps after the
# touch the spikes and the membranes may part at the soonest.
TOUCHES = {
    "compare": ({}, {}, {"compare": ">="}, meets_threshold, 0, 1),
    "subtract or value": ({}, {}, VALUE, spike, 1, 1),
    "subtract or none": ({}, {}, {"reset": "none"}, spike, 1, 1),
    "value or none": (VALUE, {}, {"reset": "none"}, spike, 1, 1),
    "next or same, subtract": ({}, {}, {"reset_at": "same"}, spike, 1, 0),
    "next or same, value": (VALUE, {}, {"reset_at": "same"}, spike, 1, 0),
    "exchange or same": ({}, {"reset_at": "exchange"}, {"reset_at": "same"}, was_above, 0, 0),
    "decay_reset": ({}, {}, {"decay_reset": True}, spike, 1, 1),
    "drop_input": (VALUE, {}, {"drop_input": True}, spike, 1, 1),
    "reset_value": (VALUE, {}, {"reset_value": 0.25}, spike, 1, 1),
    "multi": (
        {"compare": ">=", "reset_at": "same"},
        {},
        {"spikes": "multi"},
        two_thresholds,
        0,
        0,
    ),
    "refractory": ({}, {}, {"refractory": 2}, spike, 1, 1),
    "lower": ({}, {}, {"lower": -0.25}, below_bound, 0, 0),
    "inhibition": ({}, {}, {"inhibition": True}, several_above, 0, 1),
}


@pytest.mark.parametrize("axis", TOUCHES)
def test_neurons_that_differ_in_one_axis_agree_until_it_is_touched(axis):
    common, one, other, touching, spikes_later, membranes_later = TOUCHES[axis]
    # Sixteenths, decay 1/2: exact, so that membranes meet the threshold now and then.
    generator = np.random.default_rng(3)
    current = generator.integers(-8, 12, (30, 60, 2)) / 16
    current[:, :20] /= 4  # some that never fire
    current[:, 40:] += 1.5  # and some that do often, by two thresholds too
    lif = LIF(0.5, **{**common, **one})
    changed = LIF(0.5, **{**common, **other})
    spikes_part, membranes_part, run = part_company(lif, changed, current)
    touched = first_true(touching(lif, run, current))
    steps = len(current)
    assert (spikes_part >= np.minimum(touched + spikes_later, steps)).all()
    assert (membranes_part >= np.minimum(touched + membranes_later, steps)).all()
    soonest = (membranes_part == touched + membranes_later) & (touched < steps)
    assert soonest.any(), "no neuron parts at once: the axis does nothing here"
    assert (touched == steps).any(), "every neuron is touched: nothing is compared to the end"


def test_a_spike_of_the_old_membrane_is_reported_one_step_later():
    for axes in ({}, VALUE, {"decay_reset": True}, {"inhibition": True}, {"reset": "none"}):
        current = currents("normal", (30, 4, 5), np.float32, 2)
        new, old = (everything(LIF(0.9, **axes, report_spike=r), current) for r in ("new", "old"))
        assert new.spikes.any()
        assert not old.spikes[0].any()
        assert_same_bits(old.spikes[1:], new.spikes[:-1])
        assert_same_bits(old.recorded["membrane"], new.recorded["membrane"])


@given(runs(parts=False), st.sampled_from((2.0, 0.1, -1.0)))
def test_a_gain_is_a_factor_of_the_current(case, gain):
    lif, current = case
    scaled = current.dtype.type(gain) * current
    one = everything(LIF(**_with(lif, {"gain": gain})), current)
    other = everything(LIF(**_with(lif, {"gain": 1.0})), scaled)
    np.testing.assert_array_equal(one.spikes, other.spikes)  # 0 * -1 is -0 in a refractory step
    np.testing.assert_array_equal(one.recorded["membrane"], other.recorded["membrane"])


@given(runs(), st.sampled_from((3.0, 0.5, -2.0)))
def test_an_amplitude_is_a_factor_of_the_spikes(case, amplitude):
    lif, current = case
    one = everything(LIF(**_with(lif, {"amplitude": amplitude})), current)
    other = everything(LIF(**_with(lif, {"amplitude": 1.0})), current)
    np.testing.assert_array_equal(one.spikes, other.spikes * current.dtype.type(amplitude))
    assert_same_bits(one.recorded["membrane"], other.recorded["membrane"])


@given(st.integers(0, 999), st.sampled_from((0.25, -1.5)))
def test_a_leak_moves_the_origin(seed, leak):
    # Everything is a multiple of 1/16 and decay is 1: all sums are exact, and only the leak's
    # role as the place to begin is left.
    current = currents("sixteenths", (20, 2, 3), np.float64, seed)
    moved = everything(LIF(1.0, threshold=2.0 + leak, leak=leak, reset="none"), current)
    still = everything(LIF(1.0, threshold=2.0, reset="none"), current)
    assert_same_bits(moved.spikes, still.spikes)
    np.testing.assert_array_equal(moved.recorded["membrane"] - leak, still.recorded["membrane"])
    given_start = np.zeros(current.shape[1:])
    one, other = (everything(LIF(1.0, leak=x), current, given_start) for x in (leak, 0.0))
    np.testing.assert_array_equal(one.spikes, other.spikes)


def test_without_input_the_membrane_decays_to_the_leak():
    run = everything(LIF(0.5, threshold=10, leak=2.0), np.zeros((40, 1)), np.array([10.0]))
    distance = run.recorded["membrane"][:, 0] - 2.0
    np.testing.assert_array_equal(distance[:20], 8.0 * 0.5 ** np.arange(1, 21))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_refractory_steps_take_no_input_and_no_more(steps):
    current = np.full((12, 1), 3.0)
    run = everything(LIF(0.5, reset="value", reset_at="same", refractory=steps), current)
    fired = np.flatnonzero(run.spikes[:, 0])
    np.testing.assert_array_equal(fired, np.arange(0, 12, steps + 1))
    waiting = run.recorded["refractory"][:, 0]
    np.testing.assert_array_equal(waiting, [(steps - t) % (steps + 1) for t in range(12)])


@settings(max_examples=30)
@given(st.integers(0, 999), st.integers(2, 6))
def test_under_inhibition_the_highest_above_its_threshold_fires_alone(seed, width):
    current = currents("normal", (15, 3, width), np.float64, seed) + 0.5
    threshold = np.linspace(0.5, 1.5, width)
    run = everything(LIF(0.9, threshold=threshold, inhibition=True), current)
    above = run.recorded["membrane"] - threshold
    expected = (above == above.max(axis=-1, keepdims=True)) & (above > 0)
    np.testing.assert_array_equal(run.spikes != 0, expected)
    assert (expected.sum(axis=-1) <= 1).all()


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_each_neuron_may_have_its_own_lower_bound(device):
    bounds = np.array([-0.25, -0.5, -1.0])
    current = -np.random.default_rng(0).random((30, 3)).astype(np.float32)
    together = LIF(0.9, lower=bounds).run(current, device=device).recorded["membrane"]
    for neuron, bound in enumerate(bounds):
        alone = LIF(0.9, lower=bound).run(current[:, neuron], device=device).recorded["membrane"]
        assert_same_bits(np.ascontiguousarray(together[:, neuron]), alone)
        assert together[:, neuron].min() == np.float32(bound)
    assert LIF(0.9, lower=bounds) == LIF(0.9, lower=list(bounds)) != LIF(0.9, lower=-0.25)
