"""Neurons and layers in fixed point against plain integers, and their properties."""

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import fixed as plain

from spikecore.neurons import fixed

STEPS = 25


@st.composite
def neurons(draw):
    """Neurons all over the space of axes, and inputs that take them to the ends of their bits."""
    form = draw(st.sampled_from(["factor", "complement", "shift", "constant", "none"]))
    decay_bits, bits = draw(st.sampled_from([0, 3, 7, 12])), draw(st.sampled_from([5, 12, 24, 31]))
    amounts = {
        "factor": 2 ** (decay_bits + 1) - 1, "complement": 2**decay_bits - 1, "shift": 31,
        "constant": 2 ** (bits - 1) - 1, "none": 0,
    }  # fmt: skip
    amount = st.integers(0, amounts[form])
    events = draw(st.booleans())
    overflows = st.sampled_from(["saturate", "symmetric", "wrap", "wrap-high"])
    threshold_bits, shift = draw(st.integers(1, bits)), draw(st.integers(0, 4))
    threshold = draw(st.integers(0, 2**threshold_bits - 1))
    reset = draw(st.sampled_from(["value", "subtract", "none"]))
    reset_at = draw(st.sampled_from(["same", "next"]))
    late = reset_at == "next" or reset == "none"
    interval = draw(st.sampled_from([0, 1, 4]))
    low = draw(st.sampled_from([None, st.integers(-(2**threshold_bits), threshold)]))
    products = st.sampled_from([None, 8, 32])
    offsets = st.integers(0, 1 if form == "complement" else 0)
    return fixed.LIF(
        decay=draw(amount),
        threshold=threshold,
        synapse_decay=None if events or draw(st.booleans()) else draw(amount),
        bias=0 if events else draw(st.integers(-16, 15)),
        bias_exponent=draw(st.integers(-4, 4)),
        lower_threshold=None if low is None else draw(low),
        decay_form=form,
        decay_bits=decay_bits,
        decay_offset=draw(offsets),
        synapse_offset=draw(offsets),
        decay_at="event" if events else "step",
        rounding=draw(st.sampled_from(["floor", "zero", "nearest"])),
        product_bits=draw(products) if form in ("factor", "complement") else None,
        bits=bits,
        synapse_bits=draw(st.sampled_from([6, 24])),
        overflow=draw(overflows),
        synapse_overflow=draw(overflows),
        input_bits=bits - 1,
        threshold_bits=threshold_bits,
        bias_bits=5,
        input_shift=draw(st.integers(0, 6)),
        threshold_shift=shift,
        compare=draw(st.sampled_from([">", ">="])),
        reset=reset,
        reset_value=draw(st.integers(-3, 3)) if reset == "value" else 0,
        reset_at=reset_at,
        report_spike=draw(st.sampled_from(["new", "old"])) if late else "new",
        reset_interval=interval,
        reset_offset=draw(st.integers(0, 5)) if interval else 0,
    )


def sequence(neuron, seed, size=4):
    """Inputs, small ones and ones that fill their bits, and which steps are time events."""
    generator = np.random.default_rng(seed)
    top = 1 << (neuron.input_bits - 1)
    current = generator.integers(-top, top, (STEPS, size))
    small = generator.random((STEPS, size)) < 0.5
    current[small] = np.clip(current[small], -3, min(3, top - 1))
    events = {}
    if neuron.decay_at == "event":
        events["time_events"] = generator.random(STEPS) < 0.4
    return current.astype(np.int32), events


def run(neuron, current, *state, **options):
    done = neuron.run(current, *state, record=neuron.state_names, **options)
    return [done.spikes, *done.recorded.values(), *done.final]


@settings(max_examples=300)
@given(neurons(), st.integers(0, 2**32 - 1))
def test_every_combination_of_axes_gives_what_plain_integers_give(neuron, seed):
    current, events = sequence(neuron, seed)
    done = neuron.run(current, record=neuron.state_names, device="numpy", **events)
    kinds = events.get("time_events", np.zeros(STEPS, bool))
    for i, inputs in enumerate(current.T.tolist()):
        spikes, currents, membranes, last = plain.neuron(neuron, inputs, kinds)
        assert done.spikes[:, i].tolist() == spikes
        assert done.recorded["membrane"][:, i].tolist() == membranes
        if "synapse" in done.recorded:
            assert done.recorded["synapse"][:, i].tolist() == currents
        final = dict(zip(neuron.state_names, done.final, strict=True))
        named = dict(zip(("synapse", "membrane", "clock"), last, strict=True))
        assert {name: value[i] for name, value in final.items()}.items() <= named.items()


@settings(max_examples=25)
@given(neurons(), st.integers(0, 2**32 - 1))
def test_compiled_and_interpreted_steps_have_the_same_bits(neuron, seed):
    current, events = sequence(neuron, seed)
    pairs = zip(
        run(neuron, current, device="cpu", **events),
        run(neuron, current, device="numpy", **events),
        strict=True,
    )
    for ours, reference in pairs:
        assert_same_bits(ours, reference)


@given(neurons(), st.integers(0, 2**32 - 1), st.integers(0, STEPS))
def test_runs_of_two_parts_join_to_the_whole(neuron, seed, cut):
    current, events = sequence(neuron, seed)
    parts = [slice(None, cut), slice(cut, None)]
    kinds = [{name: value[part] for name, value in events.items()} for part in parts]
    whole = neuron.run(current, device="numpy", **events)
    first = neuron.run(current[parts[0]], device="numpy", **kinds[0])
    second = neuron.run(current[parts[1]], *first.final, device="numpy", **kinds[1])
    assert_same_bits(np.concatenate([first.spikes, second.spikes]), whole.spikes)
    for ours, theirs in zip(second.final, whole.final, strict=True):
        assert_same_bits(ours, theirs)


@given(neurons(), st.integers(0, 2**32 - 1))
def test_stepping_equals_running(neuron, seed):
    current, events = sequence(neuron, seed)
    whole, state = run(neuron, current, device="numpy", **events), ()
    for t, x in enumerate(current):
        kind = {name: np.full(x.shape, value[t]) for name, value in events.items()}
        spikes, *state = neuron(x, *state, device="numpy", **kind)
        now = dict(zip(neuron.state_names, state, strict=True))
        assert_same_bits(spikes, whole[0][t])
        for ours, recorded in zip(now.values(), whole[1:], strict=False):
            assert_same_bits(ours, recorded[t])


def constant(neuron, x, steps, **options):
    run = neuron.run(np.full((steps, 1), x), **options)
    return run.recorded["membrane"][:, 0].tolist()


def test_a_sum_past_the_bits_wraps_or_saturates():
    adder = {"decay": 0, "threshold": 2**12 - 1, "decay_form": "none", "bits": 8}
    expected = {
        "saturate": [100, 127, 127, -100, -128],
        "symmetric": [100, 127, 127, -100, -127],
        "wrap": [100, -56, 44, -100, 56],
        "wrap-high": [100, -56, 44, -100, 56],
    }
    for overflow, values in expected.items():
        neuron = fixed.LIF(**adder, overflow=overflow)
        assert constant(neuron, 100, 3) + constant(neuron, -100, 2) == values, overflow
    ends = {name: constant(fixed.LIF(**adder, overflow=name), -128, 1) for name in expected}
    assert ends == {"saturate": [-128], "symmetric": [-127], "wrap": [-128], "wrap-high": [128]}


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("floor", [-2, -2, -1, 0, 1, 1]), ("zero", [-1, -1, 0, 0, 1, 1]),
     ("nearest", [-2, -1, 0, 1, 1, 2])],
)  # fmt: skip
def test_each_rounding(rounding, expected):
    """-7/4, -5/4, -2/4, 2/4, 5/4 and 7/4."""
    neuron = fixed.LIF(decay=1, threshold=100, decay_bits=2, rounding=rounding)
    membrane = np.array([-7, -5, -2, 2, 5, 7])
    _, after = neuron(np.zeros(6, int), membrane)
    assert after.tolist() == expected


def test_a_shift_rounds_what_is_taken_away():
    membrane = np.array([-9, -8, -1, 1, 8, 9])
    taken = {"floor": [-3, -2, -1, 0, 2, 2], "zero": [-2, -2, 0, 0, 2, 2]}
    for rounding, amounts in taken.items():
        neuron = fixed.LIF(decay=2, threshold=100, decay_form="shift", rounding=rounding)
        _, after = neuron(np.zeros(6, int), membrane)
        assert (membrane - after).tolist() == amounts


def test_a_ternary_spike_has_the_sign_of_the_threshold_that_was_crossed():
    neuron = fixed.LIF.profile("loihi-ternary", decay=0, synapse_decay=4095, threshold=5)
    run = neuron.run(np.array([[3, -3, 6, -11, 0]]))
    assert run.spikes[0].tolist() == [0, 0, 1, -1, 0]
    assert run.recorded["membrane"][0].tolist() == [3 << 6, -(3 << 6), 0, 0, 0]
    with pytest.raises(ValueError, match="dtype must hold the spike -1, got uint8"):
        neuron.run(np.array([[3]]), dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.uint8, np.bool_])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_spikes_of_every_dtype(dtype, device):
    neuron = fixed.LIF.profile("q-format", threshold=2000)
    current = np.random.default_rng(0).integers(-500, 2000, (40, 3))
    expected = neuron.run(current, device="numpy").spikes
    assert expected.dtype == np.int32
    assert set(np.unique(expected)) == {0, 1}
    assert_same_bits(neuron.run(current, dtype=dtype, device=device).spikes, expected.astype(dtype))


def test_outputs_are_written_where_the_caller_wants_them():
    neuron, current = fixed.LIF.profile("loihi"), np.arange(12).reshape(6, 2)
    places = {
        "spikes": np.empty((6, 2), np.int8),
        "membrane": np.empty((6, 2), np.int32),
    }
    run = neuron.run(current, out=places)
    assert run.spikes is places["spikes"]
    assert run.recorded["membrane"] is places["membrane"]
    assert_same_bits(run.recorded["membrane"], neuron.run(current).recorded["membrane"])


def test_one_number_per_neuron():
    decays, thresholds, biases = [0, 100, 4095], [5, 9, 20], [-3, 0, 7]
    exponents = [0, 2, -1]
    each = {"decay": decays, "threshold": thresholds, "bias": biases, "bias_exponent": exponents}
    together = fixed.LIF.profile("loihi", **{name: np.array(v) for name, v in each.items()})
    current = np.random.default_rng(1).integers(-20, 40, (30, 2, 3))
    whole = together.run(current)
    for i in range(3):
        alone = fixed.LIF.profile("loihi", **{name: values[i] for name, values in each.items()})
        run = alone.run(current[..., i])
        assert_same_bits(run.spikes, np.ascontiguousarray(whole.spikes[..., i]))
        expected = np.ascontiguousarray(whole.recorded["membrane"][..., i])
        assert_same_bits(run.recorded["membrane"], expected)


@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (0,), (1,), (3, 2, 0)])
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_empty_and_single_shapes(shape, device):
    neuron = fixed.LIF.profile("loihi")
    run = neuron.run(np.zeros(shape, np.int32), record=neuron.state_names, device=device)
    for values in (run.spikes, *run.recorded.values()):
        assert (values.shape, values.dtype) == (shape, np.int32)
    assert [values.shape for values in run.final] == [shape[1:], shape[1:]]


def test_a_neuron_is_described_by_a_dict_and_is_equal_to_its_copy():
    neuron = fixed.LIF.profile("loihi", decay=np.array([1, 2]))
    copy = fixed.LIF.from_dict(neuron.to_dict())
    assert copy == neuron
    assert copy != fixed.LIF.profile("loihi", decay=1)
    assert "decay=[1, 2]" in repr(neuron)


def test_real_numbers_become_multiples_of_the_last_bit():
    neuron = fixed.LIF.profile("q-format")
    values = np.array([0.25, -0.75, 3 / 2**14])
    assert neuron.to_integers(values).tolist() == [2048, -6144, 2]
    assert neuron.to_reals(neuron.to_integers(values[:2])).tolist() == [0.25, -0.75]
    with pytest.raises(ValueError, match=r"values must be within \[-1024.0.*values\[1\] is 2000"):
        neuron.to_integers([0, 2000])


# --- layers ---------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5), st.integers(-6, 6),
    st.sampled_from([np.bool_, np.int8, np.uint8, np.int32]), st.sampled_from(["cpu", "numpy"]),
)  # fmt: skip
def test_currents_are_those_of_plain_integers(seed, inputs, outputs, exponent, dtype, device):
    generator = np.random.default_rng(seed)
    weight = generator.integers(-(2**15), 2**15, (outputs, inputs))
    high = 2 if dtype == np.bool_ else 5
    spikes = generator.integers(0, high, (4, inputs)).astype(dtype)
    if np.issubdtype(dtype, np.signedinteger):
        spikes -= 2
    layer = fixed.Linear(weight, exponent)
    currents = layer(spikes, device=device)
    assert currents.dtype == np.int32
    for row, given_row in zip(currents, spikes, strict=True):
        assert row.tolist() == plain.product(weight, given_row, exponent).tolist()


@pytest.mark.parametrize("delay", [0, 1])
@pytest.mark.parametrize("cut", range(7))
def test_delayed_currents_of_two_parts_join_to_the_whole(delay, cut):
    generator = np.random.default_rng(0)
    layer = fixed.Linear(generator.integers(-9, 9, (3, 4)), delay=delay)
    spikes = generator.integers(0, 2, (6, 2, 4), np.uint8)
    whole, last = layer.run(spikes)
    first, held = layer.run(spikes[:cut])
    second, end = layer.run(spikes[cut:], held)
    assert_same_bits(np.concatenate([first, second]), whole)
    assert_same_bits(end, last)
    expected = np.concatenate([np.zeros((delay, 2, 3), np.int32), layer(spikes)])[:6]
    assert_same_bits(whole, expected)


@given(st.integers(1, 8), st.sampled_from(["mixed", "excitatory", "inhibitory"]))
def test_weights_of_loihi_are_truncated_multiples(bits, sign_mode):
    weight = np.arange(-400, 400)
    stored = fixed.quantize(weight, "loihi", bits=bits, sign_mode=sign_mode)
    step = 2 ** (8 - bits + (sign_mode == "mixed"))
    low, high = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}[sign_mode]
    expected = [min(max(w, low), high) // step * step for w in weight.tolist()]
    assert stored.tolist() == expected
    assert stored.dtype == np.int32


@pytest.mark.parametrize(("profile", "bits"), [("tinyodin", 4), ("q-format", 16), ("spiker", 6)])
def test_weights_of_other_hardware_are_twos_complement(profile, bits):
    top = 2 ** (bits - 1)
    weight = [-top - 1, -top, -0.5, 0.5, 1.5, top - 1, top]
    stored = fixed.quantize(weight, profile)
    assert stored.tolist() == [-top, -top, 0, 0, 2, top - 1, top - 1]
    assert fixed.quantize([-3, 3], profile, sign_mode="excitatory").tolist() == [0, 3]
    assert fixed.quantize([-3, 3], profile, sign_mode="inhibitory").tolist() == [-3, 0]
    assert fixed.quantize([-9], profile, bits=3).tolist() == [-4]


def test_layers_are_compared_by_value():
    layer = fixed.Linear([[1, 2]], exponent=1, delay=1)
    assert layer == fixed.Linear(np.array([[1, 2]]), 1, 1)
    assert layer != fixed.Linear([[1, 2]], 1)
    assert layer != fixed.Linear([[1, 3]], 1, 1)
    assert layer != "layer"
    assert repr(layer) == "fixed.Linear(2 -> 1, exponent=1, delay=1)"
