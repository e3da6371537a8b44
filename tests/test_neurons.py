"""The neurons under snnTorch's names, and what all share: states, outputs, equality, text."""

import copy
import dataclasses
import pickle
from fractions import Fraction

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

import spikecore
from spikecore import LIF, Alpha, Lapicque, Leaky, RLeaky, Synaptic, leaky_integrate_and_fire
from spikecore.backends import threads
from spikecore.network import Linear

DEVICES = ("cpu", "numpy")
RESETS = ("subtract", "zero", "none")


def currents(shape, seed=0, dtype=np.float32):
    generator = np.random.default_rng(seed)
    grid = generator.integers(-4, 13, shape) / 10
    return np.where(generator.random(shape) < 0.5, grid, generator.normal(0.4, 0.6, shape)).astype(
        dtype
    )


def everything(neuron, current, *state, device="numpy", **keywords):
    return neuron.run(current, *state, record=neuron.state_names, device=device, **keywords)


def assert_same_run(run, other):
    assert_same_bits(run.spikes, other.spikes)
    for name in run.recorded:
        assert_same_bits(run.recorded[name], other.recorded[name])
    for one, another in zip(run.final, other.final, strict=True):
        assert_same_bits(one, another)


# --- oracles, one neuron and one number at a time -----------------------------------------------


def second_order(neuron, current):
    """Synaptic as documented."""
    cast = current.dtype.type
    alpha, beta, threshold = cast(neuron.alpha), cast(neuron.beta), cast(neuron.threshold)
    i, v, rows = cast(0), cast(0), []
    for x in current:
        before = v > threshold
        i = alpha * i + x
        v = beta * v + i
        if neuron.reset_mechanism == "subtract" and before:
            v = v - threshold
        if neuron.reset_mechanism == "zero" and neuron.reset_delay and before:
            v = cast(0)
        fired = v > threshold
        if not neuron.reset_delay and neuron.reset_mechanism == "subtract":
            v = v - (cast(fired) - cast(before)) * threshold
        if not neuron.reset_delay and neuron.reset_mechanism == "zero" and fired:
            v = cast(0)
        rows.append((fired, i, v))
    return rows


def alpha_function(neuron, current):
    """Alpha as documented; tau by the scalar logarithm, rounded operation by operation."""
    cast = current.dtype.type
    alpha, beta, threshold = cast(neuron.alpha), cast(neuron.beta), cast(neuron.threshold)
    ln_alpha, ln_beta = (cast(np.log(np.float64(one))) for one in (alpha, beta))
    tau = ln_alpha / (ln_beta - ln_alpha) + cast(1)
    e, i, v, rows = cast(0), cast(0), cast(0), []
    for x in current:
        before = v > threshold
        old = i
        e, i = alpha * e + x, beta * i - x
        v = tau * (e + i)
        if before and neuron.reset_mechanism == "subtract":
            e, i, v = e - threshold, cast(0), v + old
        if before and neuron.reset_mechanism == "zero":
            e = i = v = cast(0)
        rows.append((v > threshold, e, i, v))
    return rows


def one_to_one(neuron, current):
    """RLeaky without all_to_all, as documented."""
    cast = current.dtype.type
    beta, threshold, weight = cast(neuron.beta), cast(neuron.threshold), cast(neuron.V)
    s, v, rows = cast(0), cast(0), []
    for x in current:
        before = v > threshold
        v = beta * v + x + weight * s
        if neuron.reset_mechanism == "subtract" and before:
            v = v - threshold
        if neuron.reset_mechanism == "zero" and neuron.reset_delay and before:
            v = cast(0)
        fired = v > threshold
        if not neuron.reset_delay and neuron.reset_mechanism == "subtract":
            v = v - (cast(fired) - cast(before)) * threshold
        if not neuron.reset_delay and neuron.reset_mechanism == "zero" and fired:
            v = cast(0)
        s = cast(fired)
        rows.append((fired, v))
    return rows


def rc_circuit(neuron, current):
    """Lapicque as documented, for R and C."""
    cast = current.dtype.type
    decay = cast(1 - neuron.time_step / (neuron.R * neuron.C))
    gain, threshold = cast(neuron.time_step / neuron.C), cast(neuron.threshold)
    v, rows = cast(0), []
    for x in current:
        before = v > threshold
        v = decay * v + gain * x
        if neuron.reset_mechanism == "subtract" and before:
            v = v - threshold
        if neuron.reset_mechanism == "zero" and before:
            v = cast(0)
        rows.append((v > threshold, v))
    return rows


resets = st.sampled_from(RESETS)
decays = st.sampled_from((0.0, 0.5, 0.8, 0.9, 1.0))
NAMED = {
    "Synaptic": (
        second_order,
        st.builds(Synaptic, decays, decays, st.just(1.0), resets, st.booleans()),
    ),
    "Alpha": (
        alpha_function,
        st.builds(
            Alpha, st.sampled_from((0.85, 0.9, 1.0)), st.sampled_from((0.3, 0.8)),
            st.sampled_from((0.05, 0.2)), resets,
        ),
    ),
    "RLeaky": (
        one_to_one,
        st.builds(
            RLeaky, decays, st.sampled_from((0.4, -0.5)), st.just(False), st.none(),
            st.just(1.0), resets, st.booleans(),
        ),
    ),
    "Lapicque": (
        rc_circuit,
        st.builds(
            Lapicque, st.none(), st.sampled_from((1.0, 5.0)), st.sampled_from((2.0, 1.25)),
            st.sampled_from((1.0, 0.5)), st.just(0.5), resets,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_named_neuron_does_what_its_documentation_says(name):
    oracle, strategy = NAMED[name]
    fired = []

    @settings(max_examples=60)
    @given(strategy, st.integers(0, 999), st.sampled_from((np.float32, np.float64)))
    def check(neuron, seed, dtype):
        current = currents((40,), seed, dtype)
        run = everything(neuron, current)
        columns = list(zip(*oracle(neuron, current), strict=True))
        np.testing.assert_array_equal(run.spikes, np.array(columns[0], dtype), strict=True)
        states = [one for one in neuron.state_names if one != "spikes"]
        for state, values in zip(states, columns[1:], strict=True):
            np.testing.assert_array_equal(run.recorded[state], np.array(values, dtype), strict=True)
        fired.append(run.spikes.any())

    check()
    assert any(fired)


EACH = {
    "LIF": LIF(0.9, refractory=1, leak=0.1),
    "Leaky": Leaky(0.9, reset_delay=False),
    "Lapicque": Lapicque(beta=0.6),
    "Synaptic": Synaptic(0.8, [0.5, 0.6, 0.7, 0.8, 0.9], reset_mechanism="zero"),
    "Alpha": Alpha(0.9, 0.8, threshold=0.2, reset_mechanism="subtract"),
    "RLeaky": RLeaky(0.9, V=0.4, all_to_all=False),
    "Leaky, inhibited": Leaky(0.9, inhibition=True),
    "Synaptic, inhibited": Synaptic(0.8, 0.9, inhibition=True, reset_delay=False),
    "Alpha, inhibited": Alpha(0.9, 0.8, threshold=0.2, inhibition=True),
    "RLeaky, inhibited": RLeaky(
        0.9, recurrent=Linear.draw(5, 5, seed=0), inhibition=True, reset_delay=False
    ),
}


@pytest.mark.parametrize("name", EACH)
def test_the_backends_agree_and_parts_and_steps_join(name, monkeypatch):
    neuron, current = EACH[name], currents((24, 3, 5))
    reference = everything(neuron, current)
    assert reference.spikes.any()
    monkeypatch.setattr(threads, "SMALL", 0)
    for count in ("1", "2", "3"):
        monkeypatch.setenv("SPIKECORE_NUM_THREADS", count)
        assert_same_run(everything(neuron, current, device="cpu"), reference)
    for cut in range(25):
        first = everything(neuron, current[:cut])
        rest = everything(neuron, current[cut:], *first.final)
        for state, values in reference.recorded.items():
            joined = np.concatenate([first.recorded[state], rest.recorded[state]])
            assert_same_bits(joined, values)
        for one, other in zip(rest.final, reference.final, strict=True):
            assert_same_bits(one, other)
    state = ()
    for t, x in enumerate(current):
        spikes, *state = neuron(x, *state, device="numpy")
        assert_same_bits(spikes, reference.spikes[t])
        if "spikes" in neuron.state_names:
            state = [spikes, *state]
        for value, held in zip(state, neuron.state_names, strict=True):
            assert_same_bits(value, reference.recorded[held][t])


def test_inhibition_lets_one_neuron_of_a_row_fire():
    for name, neuron in EACH.items():
        if name.endswith("inhibited"):
            run = everything(neuron, currents((24, 3, 5)) + np.float32(0.5))
            assert (run.spikes.sum(axis=-1) <= 1).all() and run.spikes.any()


# --- snnTorch's ways ----------------------------------------------------------------------------


def test_a_decay_is_clamped_as_snntorch_does_and_refused_by_lif():
    assert Leaky(beta=1.7) == Leaky(beta=1.0)
    assert Leaky(beta=-0.3).beta == 0.0
    assert Synaptic(alpha=2, beta=-1) == Synaptic(alpha=1.0, beta=0.0)
    assert Leaky(beta=[0.5, 1.7]).beta.tolist() == [0.5, 1.0]
    with pytest.raises(ValueError, match=r"decay must lie in \[0, 1\], got 1\.7"):
        LIF(decay=1.7)


def test_lapicque_completes_the_circuit():
    # R*C = time_step/ln(1/beta)
    product = -1 / np.log(0.9)
    current = currents((30, 2), dtype=np.float64)
    same = [
        Lapicque(beta=0.9),
        Lapicque(beta=0.9, R=1.0),
        Lapicque(R=1.0, C=product),
        Lapicque(beta=0.9, C=product),
    ]
    first = same[0].run(4 * current, device="numpy")
    assert first.spikes.any()
    for other in same[1:]:
        run = other.run(4 * current, device="numpy")
        np.testing.assert_array_equal(run.spikes, first.spikes)
        # decay and gain are computed from numbers that differ in their last bits; 40 steps
        np.testing.assert_allclose(run.recorded["membrane"], first.recorded["membrane"], atol=1e-13)


def test_the_tutorials_neuron_reads_its_spike_before_the_update():
    mem, spikes = np.array([0.5, 1.0, 1.5, 3.0], np.float32), None
    for _ in range(3):
        before = mem
        spikes, mem = leaky_integrate_and_fire(mem, 0.25, w=1.0, beta=0.5, threshold=1)
        np.testing.assert_array_equal(spikes, (before > 1).astype(np.float32), strict=True)
        np.testing.assert_array_equal(mem, np.float32(0.5) * before + np.float32(0.25) - spikes)
    assert before.tolist() != mem.tolist()


def test_the_tutorials_neuron_takes_a_number_or_a_current_for_each():
    mem = np.array([0.5, 1.5])
    one = leaky_integrate_and_fire(mem, 1, 0.25, 0.5)
    other = leaky_integrate_and_fire(mem, np.array([1.0, 1.0]), 0.25, 0.5, threshold=1.0)
    for a, b in zip(one, other, strict=True):
        assert_same_bits(a, b)
    assert mem.tolist() == [0.5, 1.5]


def test_choices_are_read_in_any_case():
    assert Leaky(0.5, reset_mechanism="Zero") == Leaky(0.5, reset_mechanism="zero")
    assert LIF(0.5, reset="VALUE", reset_at="Same") == LIF(0.5, reset="value", reset_at="same")
    run = LIF(0.5, reset="VALUE").run(np.full((3, 1), 2.0), device="numpy")
    assert run.recorded["membrane"].max() == 2


# --- states and outputs -------------------------------------------------------------------------


@pytest.mark.parametrize("name", EACH)
def test_names_and_shapes_of_states(name):
    neuron = EACH[name]
    expected = {
        "LIF": ("membrane", "refractory"),
        "Leaky": ("membrane",),
        "Lapicque": ("membrane",),
        "Synaptic": ("synapse", "membrane"),
        "Alpha": ("excitatory", "inhibitory", "membrane"),
        "RLeaky": ("spikes", "membrane"),
    }[name.partition(",")[0]]
    assert neuron.state_names == expected
    for shape in ((5,), (2, 5), (0, 5), (2, 1, 5)):
        for steps in (0, 1, 3):
            run = everything(neuron, np.zeros((steps, *shape), np.float32))
            assert run.spikes.shape == (steps, *shape)
            assert list(run.recorded) == list(expected)
            for values in run.recorded.values():
                assert values.shape == (steps, *shape) and values.dtype == np.float32
            for held in run.final:
                assert held.shape == shape and held.dtype == np.float32
    spikes, *states = neuron(np.zeros(5, np.float32), device="numpy")
    assert len(states) == len([one for one in expected if one != "spikes"])
    assert spikes.shape == (5,) and spikes.dtype == np.float32


@pytest.mark.parametrize("device", DEVICES)
def test_a_single_neuron_is_a_scalar(device):
    leaky = Leaky(0.5)
    spikes, membrane = leaky(np.float32(1.5), device=device)
    assert isinstance(spikes, np.ndarray) and isinstance(membrane, np.ndarray)
    assert (spikes.shape, membrane.shape, spikes.dtype) == ((), (), np.float32)
    assert (spikes, membrane) == (1, 1.5)
    run = leaky.run(np.array([1.5, 0.25]), device=device)
    assert run.spikes.tolist() == [1, 0]
    assert run.final[0] == 0 and run.final[0].shape == ()


@pytest.mark.parametrize("device", DEVICES)
def test_out_is_filled_and_returned(device, tmp_path):
    current = currents((12, 3, 5))
    neuron = Synaptic(0.5, 0.9)
    expected = everything(neuron, current)
    spikes = np.full(current.shape, 9, np.float32)
    run = neuron.run(current, out=spikes, device=device)
    assert run.spikes is spikes
    assert_same_bits(spikes, expected.spikes)
    places = {
        "spikes": np.full(current.shape, 9, np.uint8),
        "synapse": np.memmap(tmp_path / "synapse", np.float32, "w+", shape=current.shape),
        "membrane": np.full(current.shape, 9, np.float32),
    }
    run = neuron.run(current, record=("membrane", "synapse"), out=places, device=device)
    np.testing.assert_array_equal(run.spikes, expected.spikes)
    for name in ("synapse", "membrane"):
        assert run.recorded[name] is places[name]
        np.testing.assert_array_equal(places[name], expected.recorded[name])
    bits = np.zeros(current.shape, bool)
    Leaky(0.9).run(current, record=(), out=bits, device=device)
    np.testing.assert_array_equal(bits, Leaky(0.9).run(current, device="numpy").spikes != 0)


@pytest.mark.parametrize("device", DEVICES)
def test_the_spikes_of_rleaky_are_state_and_output_at_once(device):
    neuron = RLeaky(0.9, V=0.4, all_to_all=False)
    current = currents((20, 4)) + np.float32(0.4)
    spikes = np.empty(current.shape, np.uint8)
    run = neuron.run(current, record=("spikes", "membrane"), out={"spikes": spikes}, device=device)
    assert run.recorded["spikes"] is run.spikes is spikes
    expected = everything(neuron, current)
    np.testing.assert_array_equal(spikes, expected.spikes)
    one, membrane = neuron(current[0], dtype=np.uint8, device=device)
    for x in current[1:]:
        one, membrane = neuron(x, one, membrane, dtype=np.uint8, device=device)
    assert_same_bits(membrane, expected.final[1])
    assert one.dtype == np.uint8


@pytest.mark.parametrize("name", EACH)
def test_nothing_of_the_callers_is_changed(name):
    neuron, current = EACH[name], currents((8, 2, 5))
    state = everything(neuron, current).final
    kept = [one.copy() for one in (current, *state)]
    everything(neuron, current, *state, device="cpu")
    neuron.run(current, *state, device="numpy")
    neuron(current[0], *state, device="numpy")
    for one, other in zip((current, *state), kept, strict=True):
        assert_same_bits(one, other)


def test_arrays_given_as_parameters_are_copied():
    current = currents((20, 5))
    for make in (
        lambda one: LIF(one, threshold=one, gain=one, leak=one, reset="value", reset_value=one),
        lambda one: Leaky(one, threshold=one),
        lambda one: Synaptic(one, one),
        lambda one: Alpha(one, one / 2, threshold=one),
        lambda one: RLeaky(one, V=one, all_to_all=False),
    ):
        given_array = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
        neuron = make(given_array)
        expected = make(given_array.copy()).run(current, device="numpy")
        given_array[:] = 0.1
        assert_same_run(neuron.run(current, device="numpy"), expected)
        first = next(f.name for f in dataclasses.fields(neuron))
        with pytest.raises(ValueError, match="read-only"):
            getattr(neuron, first)[0] = 0.1


@pytest.mark.parametrize("device", DEVICES)
def test_a_parameter_may_be_given_for_each_sample_too(device):
    current = currents((20, 2, 3))
    beta = np.array([[0.5, 0.6, 0.7], [0.8, 0.9, 1.0]])
    run = Leaky(beta).run(current, device=device)
    for row in range(2):
        alone = Leaky(beta[row]).run(current[:, row], device="numpy")
        assert_same_bits(np.ascontiguousarray(run.spikes[:, row]), alone.spikes)
    column = Leaky([[0.5], [0.9]]).run(current, device="numpy")
    alone = Leaky(0.9).run(current[:, 1], device="numpy")
    assert_same_bits(np.ascontiguousarray(column.spikes[:, 1]), alone.spikes)


# --- the objects --------------------------------------------------------------------------------


@st.composite
def changes(draw):
    """Fields of a LIF, with arrays among them."""
    number = st.floats(0.01, 0.99)
    value = number | st.lists(number, min_size=1, max_size=3)
    fields = {"decay": draw(value)}
    for name in ("threshold", "gain", "leak"):
        if draw(st.booleans()):
            fields[name] = draw(value)
    fields["refractory"] = draw(st.integers(0, 2))
    fields["lower"] = draw(st.none() | st.floats(-1, 0))
    fields["inhibition"] = draw(st.booleans())
    fields["reset_at"] = draw(st.sampled_from(("next", "same", "exchange")))
    return fields


@given(changes())
def test_repr_is_the_call_that_makes_it(fields):
    lif = LIF(**fields)
    again = eval(repr(lif), {"LIF": LIF})
    assert again == lif
    assert repr(again) == repr(lif)


def test_repr_of_many_neurons_and_of_float32():
    many = LIF(np.random.default_rng(0).random(1500), threshold=np.full(1500, 1 / 3, np.float32))
    assert eval(repr(many), {"LIF": LIF}) == many


@pytest.mark.parametrize("name", spikecore.profiles())
def test_a_profiles_repr_is_the_call_that_makes_it(name):
    lif = LIF.profile(name)
    assert eval(repr(lif), {"LIF": LIF}) == lif


def test_str_says_what_a_neuron_does():
    assert str(LIF(0.9)) == ("v <- 0.9*v + x; spike when v > 1.0, subtract it at the next step")
    text = str(LIF.profile("bindsnet", decay=0.5, leak=0.25, gain=2.0))
    for part in (
        "v <- 0.25 + 0.5*(v - 0.25) + 2.0*x",
        "spike when v >= 13.0",
        "set v to 0.0 in the same step",
        "refractory=5",
    ):
        assert part in text
    assert "no reset" in str(LIF(0.9, reset="none"))
    assert len(str(LIF(np.full(100_000, 0.5)))) < 200


@pytest.mark.parametrize("name", EACH)
def test_copies_are_equal_and_changes_are_not(name):
    neuron = EACH[name]
    neuron.run(np.zeros((1, 5), np.float32), device="numpy")  # what is cached travels along
    assert copy.copy(neuron) == neuron
    run = copy.deepcopy(neuron).run(np.ones((3, 5), np.float32), device="numpy")
    assert run.spikes.shape == (3, 5)
    if name != "RLeaky, inhibited":  # its layer of weights is equal to itself alone
        assert pickle.loads(pickle.dumps(neuron)) == neuron
    changed = dataclasses.replace(neuron, threshold=0.123)
    assert changed != neuron
    assert neuron != "neuron"
    with pytest.raises(dataclasses.FrozenInstanceError):
        neuron.threshold = 2


def test_kinds_with_equal_numbers_are_not_equal():
    assert Leaky(0.5) != LIF(0.5)
    assert Leaky(0.5).lif == LIF(0.5)
    assert Leaky([0.5, 0.5]) == Leaky([0.5, 0.5]) != Leaky([0.5, 0.6])
    assert Leaky([0.5, 0.5]) != Leaky(0.5)


# --- as plain data ------------------------------------------------------------------------------

DESCRIBED = [
    LIF(0.5, reset="value", reset_at="same", threshold=np.array([1.0, 2.0])),
    Leaky(0.9, reset_mechanism="zero"),
    Lapicque(R=5, C=2),
    Synaptic(0.5, 0.25),
    Alpha(0.5, 0.25),
    RLeaky(0.5, recurrent=Linear(np.eye(2, dtype=np.float32))),
]


@pytest.mark.parametrize("neuron", DESCRIBED, ids=lambda neuron: type(neuron).__name__)
def test_a_neuron_is_described_by_what_is_not_at_its_default(neuron):
    description = neuron.to_dict()
    assert description.pop("kind") == type(neuron).__name__
    assert set(description) < {field.name for field in dataclasses.fields(neuron)}
    again = type(neuron).from_dict(neuron.to_dict())
    assert again == neuron == pickle.loads(pickle.dumps(neuron)) == copy.deepcopy(neuron)
    current = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    assert_same_bits(again.run(current).spikes, neuron.run(current).spikes)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (
            {"kind": "Leaky", "beta": 0.5},
            "kind must be 'LIF', got 'Leaky'; call from_dict of Leaky",
        ),
    ],
)
def test_a_description_of_something_else_is_refused(description, message):
    with pytest.raises(ValueError, match=message):
        LIF.from_dict(description)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LIF(beta=0.9), "beta must be a field of LIF.*; decay is LIF's name for beta"),
        (lambda: LIF.profile("spyx", beta=0.9), "beta must be a field of LIF.*LIF's name for beta"),
        (lambda: Leaky(0.9, learn_beta=True), "learn_beta must .* of Leaky.*does not train"),
        (lambda: Leaky(0.9, init_hidden=True), "init_hidden must .*goes in and comes out"),
        (lambda: RLeaky(0.9, linear_features=3), r"linear_features must .*recurrent=Linear\.draw"),
        (lambda: LIF.from_dict({"decay": 0.5, "betta": 1}), "betta must be a field.*correct it"),
    ],
)
def test_the_names_of_other_libraries_are_refused_with_what_to_write_here(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_one_neuron_takes_a_state_of_one_element_whatever_its_axes():
    """The tutorials pass ``cur[step]`` without axes and a membrane of ``zeros(1)``."""
    lif = Leaky(0.5)
    spikes, membrane = lif(np.float32(1.5), np.zeros(1, np.float32))
    assert spikes.shape == membrane.shape == ()
    spikes, membrane = lif(np.full(1, 1.5, np.float32), np.float32(0))
    assert spikes.shape == membrane.shape == (1,)
    with pytest.raises(ValueError, match="membrane must have the shape of the neurons"):
        lif(np.zeros(2, np.float32), np.zeros(1, np.float32))


def test_a_circuit_of_fractions_is_that_of_their_floats():
    circuit = Lapicque(beta=Fraction(3, 4), C=Fraction(5, 2), time_step=Fraction(1, 2))
    assert circuit == Lapicque(beta=0.75, C=2.5, time_step=0.5)
    assert circuit._circuit() == (0.5 / -np.log(0.75) / 2.5, 2.5)
