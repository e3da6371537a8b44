"""Which cause a report names: none that does not reproduce the candidate, and numbers by value."""

import numpy as np
import pytest

from spikecore import LIF, spikegen, validate

FLOAT32 = np.float32


def generator(seed=11):
    return np.random.default_rng(seed)


def sequence(lif):
    """A candidate of whole sequences."""
    return lambda current: lif.run(current, device="numpy")


def spikes_alone(lif):
    """The same, without its membranes."""
    return lambda current: lif.run(current, device="numpy").spikes


FORMS = pytest.mark.parametrize("form", [sequence, spikes_alone])


# --- neurons: mistakes that are no numbers -------------------------------------------------------


def exchanged(membrane, current):
    membrane = FLOAT32(0.9) * membrane + current - (membrane > 1)
    return membrane > 1, membrane


@pytest.mark.parametrize("states", [True, False])
def test_exchanged_arguments_are_named_and_no_profile_is(states):
    """A step that takes (membrane, current) was called a profile, or had no cause."""
    report = validate.neuron(exchanged, "snntorch-1.0", states=states)
    assert report.causes == ("exchanged",)
    assert report.diagnosis[0].startswith("you take the membrane first and the current second")
    assert "profile" not in report.diagnosis[0]


@FORMS
def test_time_on_the_last_axis_is_named(form):
    """A loop over the last axis was told that the sign of its input was reversed, or nothing."""

    def time_last(current):
        moved = np.ascontiguousarray(np.moveaxis(current, -1, 0))
        result = form(LIF(0.9))(moved)
        if form is spikes_alone:
            return np.moveaxis(result, 0, -1)
        return [np.moveaxis(a, 0, -1) for a in (result.spikes, result.recorded["membrane"])]

    report = validate.neuron(time_last, "snntorch-1.0", form="sequence")
    assert report.causes == ("time-last",)


@pytest.mark.parametrize(("steps", "name"), [(1, "membrane-late"), (-1, "membrane-early")])
@pytest.mark.parametrize("profile", ["snntorch-1.0", "norse-box", "bindsnet"])
def test_a_membrane_a_step_away_beside_right_spikes_is_named(profile, steps, name):
    """It had an empty line and "you use fused multiply-add" as its causes."""
    lif = LIF.profile(profile)

    def candidate(current):
        run = lif.run(current, device="numpy")
        return run.spikes, np.roll(run.recorded["membrane"], steps, axis=0)

    report = validate.neuron(candidate, profile)
    assert report.causes == (name,)
    assert validate.neuron(candidate, profile, states=False).passed


def test_another_membrane_beside_right_spikes_has_no_cause_but_facts():
    """Causes were named that gave the spikes, but not the membrane that was returned."""

    def candidate(current):
        run = LIF(0.9).run(current, device="numpy")
        return run.spikes, run.recorded["membrane"] * FLOAT32(3) + FLOAT32(0.125)

    report = validate.neuron(candidate, "snntorch-1.0")
    assert not report.passed and report.causes == ()
    assert report.notes[-1] == "your spikes are equal; your membranes differ in 7 of 7 trials"
    text = str(report)
    assert "no known cause" in text and "first at step 0" in text


def test_without_a_cause_a_report_names_the_trials_whose_spikes_differ():
    def candidate(current):
        run = LIF(0.9).run(current, device="numpy")
        return run.spikes * (current.ndim < 3), run.recorded["membrane"]

    report = validate.neuron(candidate, "snntorch-1.0")
    assert report.causes == ()
    assert report.notes[-1] == "your spikes differ in 1 of 7 trials: batch"


def test_a_neuron_that_never_spikes_is_told_so():
    """Two changes that never reach the threshold either were named as a pair."""
    report = validate.neuron(lambda current: np.zeros_like(current), "snntorch-1.0")
    assert report.causes == ("silent",)


def test_a_membrane_that_ignores_the_input_has_no_numbers():
    """A gain of 0 and a threshold of 1e-45 followed it "up to rounding"."""

    def candidate(current, membrane):
        return current > 1, np.zeros_like(current)

    assert validate.neuron(candidate, "snntorch-1.0").causes == ()


@pytest.mark.parametrize("scale", [1e30, 1e307])
def test_huge_membranes_are_judged_without_a_warning(scale):
    dtype = np.float32 if scale < 1e38 else np.float64

    def candidate(current):
        run = LIF(0.9).run(current, device="numpy")
        return run.spikes, run.recorded["membrane"] * dtype(scale)

    report = validate.neuron(candidate, "snntorch-1.0", dtype=dtype)
    assert report.verdict == "wrong" and report.causes == ()


# --- neurons: numbers ----------------------------------------------------------------------------

NUMBERS = [
    ("decay", 0.89),
    ("decay", 0.5),
    ("decay", 0.9001),
    ("threshold", 1.1),
    ("threshold", 0.95),
    ("gain", 0.7),
    ("gain", 1.03),
]


@FORMS
@pytest.mark.parametrize(("name", "value"), NUMBERS)
def test_a_wrong_number_is_estimated_and_told(name, value, form):
    """The commonest mistake had no cause at all."""
    report = validate.neuron(form(LIF(**{"decay": 0.9, name: value})), "snntorch-1.0")
    reference = 0.9 if name == "decay" else 1
    assert name in report.causes and not report.passed
    sentence = f"your {name} is about {value:g}, the reference's is {reference:g}"
    assert sentence in report.diagnosis
    if form is sequence:
        assert report.causes == (name,)


@FORMS
@pytest.mark.parametrize("profile", ["norse-box", "sinabs", "bindsnet", "nengo", "spyx"])
def test_a_wrong_decay_is_told_for_other_neurons(profile, form):
    value = 0.83
    report = validate.neuron(form(LIF.profile(profile, decay=value)), profile)
    assert report.diagnosis[0].startswith("your decay is about 0.83, the reference's is ")


@FORMS
def test_a_wrong_number_is_told_in_float64_and_under_inhibition(form):
    lif = LIF(0.9, inhibition=True)
    report = validate.neuron(form(LIF(0.89, inhibition=True)), lif, dtype=np.float64)
    assert report.diagnosis[0] == "your decay is about 0.89, the reference's is 0.9"


def test_several_wrong_numbers_are_told_from_membranes():
    """Numbers are changed at once where the membranes tell each of them."""
    report = validate.neuron(sequence(LIF(0.89, threshold=1.1)), "snntorch-1.0")
    assert report.causes == ("decay + threshold",)
    assert "your decay is about 0.89" in report.diagnosis[0]
    assert "your threshold is about 1.1" in report.diagnosis[0]


def test_numbers_in_another_order_of_operations_are_told_up_to_rounding():
    def candidate(current, membrane):
        membrane = membrane - FLOAT32(0.11) * membrane + current - (membrane > 1)
        return membrane > 1, membrane

    report = validate.neuron(candidate, "snntorch-1.0")
    assert report.causes == ("decay",)
    assert report.diagnosis[0].endswith("(up to rounding)")
    assert report.diagnosis[0].startswith("your decay is about 0.89,")


@FORMS
def test_an_euler_step_for_the_exponential_is_told_with_both_numbers(form):
    exact = float(np.exp(-0.1))
    report = validate.neuron(form(LIF(0.9)), "snntorch-1.0", decay=exact)
    assert report.causes == ("1+ln(decay)",)
    assert "1 - dt/tau" in report.diagnosis[0]
    assert report.diagnosis[0].endswith("decay 0.9, not 0.904837")


def test_half_the_gain_has_one_cause_where_membranes_tell_it():
    """A threshold of 2 was named too, which gives the spikes but not the membranes."""
    report = validate.neuron(sequence(LIF(0.9, gain=0.5)), "snntorch-1.0")
    assert report.causes == ("gain/2",)


def test_causes_that_spikes_do_not_tell_apart_are_said_to_be_alternatives():
    """Half the gain gives the spikes of twice the threshold: one alone was named."""
    for lif, causes in (
        (LIF(0.9, gain=0.5), ("gain/2", "threshold*2")),
        (LIF(0.9, gain=2), ("gain*2", "threshold/2")),
    ):
        report = validate.neuron(spikes_alone(lif), "snntorch-1.0")
        assert report.causes == causes
        assert report.notes[-1].startswith("each of these causes alone reproduces you")


# --- encoders ------------------------------------------------------------------------------------


def half_down(data, num_steps):
    times = spikegen.latency_code(data, num_steps, linear=True, normalize=True)[0]
    steps = np.ceil(times - FLOAT32(0.5))
    return np.arange(num_steps).reshape(-1, *[1] * data.ndim) == steps


@pytest.mark.parametrize("num_steps", [9, 17, 25])
def test_rounding_halves_down_is_another_rule_and_not_rounding(num_steps):
    """It passed as "every difference is rounding"."""
    options = {"linear": True, "normalize": True, "num_steps": num_steps}
    report = validate.encoder(half_down, "latency", **options)
    assert report.verdict == "wrong" and report.causes == ("half-down",)


@pytest.mark.parametrize("value", [0.9, 1.1, 2.5])
@pytest.mark.parametrize("linear", [False, True])
def test_a_wrong_tau_is_estimated(value, linear):
    def candidate(data, num_steps):
        return spikegen.latency(data, num_steps, tau=value, linear=linear, bypass=True)

    options = {"num_steps": 60, "linear": linear, "tau": 4.0 if linear else 1.0}
    report = validate.encoder(candidate, "latency", **options)
    reference = f"{options['tau']:g}"
    assert report.diagnosis == (f"your tau is about {value:g}, the reference's is {reference}",)


@pytest.mark.parametrize("options", [{}, {"off_spike": True}, {"padding": True}])
def test_a_wrong_threshold_of_delta_is_estimated(options):
    report = validate.encoder(
        lambda data: spikegen.delta(data, threshold=0.25, **options),
        "delta", threshold=0.2, **options,
    )  # fmt: skip
    assert report.diagnosis == ("your threshold is about 0.25, the reference's is 0.2",)


def given_uniforms(data, uniforms, gain, offset):
    return uniforms < data * FLOAT32(gain) + FLOAT32(offset)


@pytest.mark.parametrize(("name", "value"), [("gain", 0.8), ("gain", 1.5), ("offset", 0.05)])
def test_gain_and_offset_of_a_rate_code_are_estimated_from_given_uniforms(name, value):
    numbers = {"gain": 1, "offset": 0, name: value}
    report = validate.encoder(
        lambda data, uniforms: given_uniforms(data, uniforms, **numbers), "rate"
    )
    assert report.causes == (name,)
    assert report.diagnosis[0].startswith(f"your {name} is about {value:g},")


def test_gain_and_offset_at_once_are_estimated_from_rates():
    """The rates were called "not those asked for, feature by feature"."""
    draw = generator()
    report = validate.encoder(
        lambda x, num_steps: draw.random((num_steps, *x.shape)) < 0.8 * x + 0.1, "rate"
    )
    assert report.causes == ("gain + offset",)
    numbers = [float(part.split(",")[0]) for part in report.diagnosis[0].split("about ")[1:]]
    assert numbers == pytest.approx([0.8, 0.1], abs=0.01)


@pytest.mark.parametrize("num_steps", [1, 25, 100])
def test_half_the_probability_has_one_cause(num_steps):
    """Its structure was called wrong too: not independent, or too regular."""
    draw = generator()
    report = validate.encoder(
        lambda x, num_steps: draw.random((num_steps, *x.shape)) < 0.5 * x,
        "rate", num_steps=num_steps,
    )  # fmt: skip
    assert report.causes == ("gain",)


@pytest.mark.parametrize("period", [8, 16])
@pytest.mark.parametrize("num_steps", [100, 1024])
def test_noise_that_nearly_repeats_is_told_with_its_lag(period, num_steps):
    """Draws of 8 or 16 steps, used again with a little noise, were called too regular."""
    draw = generator()

    def candidate(x, num_steps):
        draws = np.resize(draw.random((period, *x.shape)), (num_steps, *x.shape))
        return draws + 0.01 * draw.random(draws.shape) < x

    report = validate.encoder(candidate, "rate", num_steps=num_steps)
    assert report.causes == ("dependent",)
    assert f"at lag {period};" in report.diagnosis[0] + ";"
