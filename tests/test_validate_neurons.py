"""Neurons compared with the reference: what passes, what fails, and which cause is named."""

import json
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from fuzzing.values import Raises
from plain.neuron import Plain

from spikecore import LIF, Leaky, profiles, validate
from spikecore.validate import vectors
from spikecore.validate.causes import neuron as neuron_causes
from spikecore.validate.report import Check, Difference, Report

FLOAT32 = np.float32
OTHERS = [name for name in profiles() if name != "snntorch-1.0"]


def run(lif, device="numpy"):
    """A candidate of whole sequences."""

    def candidate(current):
        return lif.run(current, device=device)

    return candidate


def soft_same_step(current, membrane):
    """snnTorch's neuron with >= and a reset in the same step."""
    membrane = FLOAT32(0.9) * membrane + current
    spikes = membrane >= 1
    return spikes, membrane - spikes


# --- the reference passes ------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["numpy", "cpu"])
@pytest.mark.parametrize("name", ["snntorch-1.0", "sinabs", "bindsnet"])
def test_the_reference_conforms_to_itself_on_every_backend(name, device):
    report = validate.neuron(run(LIF.profile(name), device), name, strict=True)
    assert report.verdict == "exact" and report.passed
    assert {check.verdict for check in report.checks} == {"exact"}
    assert report.diagnosis == ()


@pytest.mark.parametrize("name", profiles())
def test_every_profile_conforms_to_itself(name):
    assert validate.neuron(run(LIF.profile(name)), name).verdict == "exact"


def test_float64_is_compared_in_float64():
    report = validate.neuron(LIF(0.9), "snntorch-1.0", dtype=np.float64)
    assert report.verdict == "exact" and "float64" in report.notes[0]


def test_leaky_and_a_lif_are_references_too():
    leaky = Leaky(beta=0.8, threshold=0.5, reset_mechanism="zero")
    assert validate.neuron(leaky, leaky).verdict == "exact"
    assert validate.neuron(leaky.lif, leaky.lif).verdict == "exact"


# --- forms ---------------------------------------------------------------------------------------


def forms():
    """The same neuron, called in every way."""
    lif = LIF(0.9)

    class Module:
        def __call__(self, input_, mem=None):
            return lif(input_, mem)

    class Hidden:
        def __call__(self, *arguments):
            return self.forward(*arguments)

        def forward(self, current, membrane):
            return lif(current, membrane)

    def step(current, membrane):
        return lif(current, membrane)

    def spikes_only(current):
        return lif.run(current).spikes

    def spikes_and_membranes(current):
        done = lif.run(current)
        return [done.spikes, done.recorded["membrane"]]

    def spikes_and_last(current):
        done = lif.run(current)
        return done.spikes, done.final[0]

    def lists(current):
        return lif.run(current).spikes.tolist()

    steps = [lif, Module(), Hidden(), step]
    return [*steps, lif.run, spikes_only, spikes_and_membranes, spikes_and_last, lists]


@pytest.mark.parametrize("candidate", forms())
def test_every_form_is_recognised(candidate):
    assert validate.neuron(candidate, "snntorch-1.0").verdict == "exact"


def test_the_form_can_be_said():
    lif = LIF(0.9)

    def either(*arrays):
        return lif(*arrays) if len(arrays) == 2 else lif.run(*arrays)

    for form in ("step", "sequence"):
        report = validate.neuron(either, "snntorch-1.0", form=form)
        assert report.verdict == "exact", form
        assert form[:4] in report.notes[0]


def test_states_after_the_membrane_are_handed_on():
    lif = LIF.profile("bindsnet")

    def step(current, membrane, waiting):
        return lif(current, membrane, waiting)

    assert validate.neuron(step, "bindsnet").verdict == "exact"


def test_single_steps_begin_at_the_leak_or_where_it_is_said():
    lif = LIF(0.8, leak=-0.25, reset="value", reset_value=-0.125)
    assert validate.neuron(lambda current, membrane: lif(current, membrane), lif).passed
    shown = []

    def step(current, membrane):
        shown.append(membrane)
        raise RuntimeError("seen enough")

    assert not validate.neuron(step, lif, initial=0.5).passed
    assert (shown[0] == 0.5).all()


def test_inhibition_is_compared_at_the_threshold_too():
    lif = LIF(0.9, inhibition=True)
    report = validate.neuron(run(replace(lif, compare=">=")), lif)
    assert report.causes[0] == "compare=>="


@pytest.mark.parametrize("name", ["leak", "sinabs", "inhibition", "spyx"])
def test_a_fused_multiply_add_is_never_wrong(name):
    lif = vectors.NEURONS[name]
    for states in (True, False):
        neuron = Plain("fused")
        report = validate.neuron(
            lambda current, neuron=neuron: tuple(neuron(lif, current)), lif, states=states
        )
        assert report.passed


def test_what_has_array_is_enough():
    class Tensor:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return np.array(self.array, dtype)

    def step(current, membrane):
        assert isinstance(current, np.ndarray) and isinstance(membrane, np.ndarray)
        return tuple(Tensor(array) for array in LIF(0.9)(current, membrane))

    assert validate.neuron(step, "snntorch-1.0").verdict == "exact"


def test_spikes_of_any_number_dtype_are_compared_by_value():
    for dtype in (bool, np.uint8, np.int64, np.float64):
        candidate = partial(lambda current, dtype: LIF(0.9).run(current).spikes.astype(dtype),
                            dtype=dtype)  # fmt: skip
        assert validate.neuron(candidate, "snntorch-1.0", form="sequence").passed


# --- diagnosis -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OTHERS)
def test_any_profile_is_told_from_snntorch_and_explained(name):
    lif = LIF.profile(name)
    kept = {number: getattr(lif, number) for number in ("decay", "threshold", "gain")}
    report = validate.neuron(run(lif), "snntorch-1.0", **kept)
    assert not report.passed
    same = neuron_causes.profiles_of(lif)
    assert f"this is exactly profile {same[0]}" in report.diagnosis[0]
    assert name in same


PARTS = [  # a profile, what a candidate does otherwise, and the first cause
    ("nest-exp", {"synapse_order": "decay-jump-use"}, "synapse_order=decay-jump-use"),
    ("norse-lif", {"synapse_order": "jump-decay-use"}, "synapse_order=jump-decay-use"),
    ("rockpool", {"synapse_decay": None, "synapse_order": "decay-jump-use"}, "synapse_decay=None"),
    ("spikingjelly-cuba", {"synapse_decay": 0.75}, "synapse_decay=decay"),
    (
        "sinabs-alif",
        {"adaptation_decay": None, "adaptation_scale": 1.0},
        "adaptation_decay=None",
    ),
    ("sinabs-alif", {"adaptation_of": "input"}, "adaptation_of=input"),
    ("sinabs-alif", {"adaptation_scale": 1.8}, "adaptation_scale/(1-decay)"),
    ("nengo-adaptive", {"adaptation_of": "threshold"}, "adaptation_of=threshold"),
    ("nengo-refractory", {"refractory_mode": "steps"}, "refractory_holds=input"),  # 0 stays at 0
    ("norse-lif-refrac", {"refractory_holds": "spike"}, "refractory_holds=spike"),
    ("norse-lif-refrac", {"refractory": 4}, "refractory-1"),
    ("nest-delta", {"input_delay": 0}, "input_delay=0"),
    ("nest-delta", {"input_delay": 11}, "input_delay+1"),
    (
        "spikingjelly-qif",
        {"spike_map": "linear", "map_scale": 1.0, "map_onset": 0.0},
        "spike_map=linear",
    ),
    ("spikingjelly-eif", {"initial": None}, "initial=None"),
    ("spikingjelly-eif", {"map_scale": 1.0}, "map_scale/gain"),
    ("spikingjelly-eif", {"map_onset": 1.0}, "map_onset=threshold"),
    ("nengo-adaptive", {"adaptation_scale": 0.03}, "adaptation_scale"),
]


@pytest.mark.parametrize(("name", "changes", "cause"), PARTS, ids=[case[2] for case in PARTS])
def test_a_mistake_in_a_part_of_the_neuron_is_named(name, changes, cause):
    lif = LIF.profile(name)
    report = validate.neuron(run(replace(lif, **changes)), name)
    assert report.verdict == "wrong"
    assert report.causes[0] == cause


def test_a_missing_threshold_for_negative_spikes_is_named():
    lif = LIF(0.9, threshold_low=-1.0, reset_at="same")
    report = validate.neuron(run(replace(lif, threshold_low=None)), lif)
    assert report.causes[0] == "threshold_low=None"
    assert validate.neuron(run(lif), lif).verdict == "exact"


@pytest.mark.parametrize(
    ("wrong", "cause"), [(-1.0, "threshold_low=-threshold"), (-0.6, "threshold_low")]
)
def test_another_threshold_for_negative_spikes_is_named(wrong, cause):
    lif = LIF(0.9, threshold_low=-0.8, reset_at="same")
    report = validate.neuron(run(replace(lif, threshold_low=wrong)), lif)
    assert report.causes[0] == cause
    if cause == "threshold_low":
        told = "your threshold_low is about -0.6, the reference's is -0.8"
        assert report.diagnosis[0] == told


@pytest.mark.parametrize("exposed", [True, False])
@pytest.mark.parametrize(
    ("number", "wrong"),
    [("synapse_decay", 0.6), ("synapse_gain", 0.4), ("adaptation_decay", 0.8),
     ("adaptation_scale", 0.3), ("map_scale", 0.07), ("map_onset", 0.65), ("map_slope", 0.45)],
)  # fmt: skip
def test_a_number_of_a_part_is_estimated(number, wrong, exposed):
    parts = {
        "synapse": {"synapse_decay": 0.7, "synapse_gain": 0.3},
        "adaptation": {"adaptation_decay": 0.95, "adaptation_scale": 0.2},
        "map": {"spike_map": "exponential", "map_scale": 0.05, "map_onset": 0.8, "map_slope": 0.3},
    }[number.split("_")[0]]
    lif = LIF(0.9, reset="value", reset_at="same", **parts)
    candidate = replace(lif, **{number: wrong})
    report = validate.neuron(candidate if exposed else lambda x: candidate.run(x).spikes, lif)
    known = getattr(lif, number)
    assert f"your {number} is about {wrong}, the reference's is {known}" in report.diagnosis


def test_a_refractory_time_of_whole_steps_is_told_where_a_fraction_is_meant():
    lif = LIF.from_units("nengo", tau_ref=0.0025)
    held = replace(lif, refractory_mode="steps")
    report = validate.neuron(run(lif), held)
    assert report.causes[0] == "refractory_mode=fraction"
    assert "ends within a step (Nengo's does)" in report.diagnosis[0]


def test_a_comparison_is_logic_though_it_shows_only_at_the_threshold():
    lif = LIF.profile("spikingjelly")
    for states in (True, False):
        report = validate.neuron(run(replace(lif, compare=">")), "spikingjelly", states=states)
        assert report.verdict == "wrong"
        assert report.causes[0] == "compare=>"


def test_two_mistakes_are_both_named():
    report = validate.neuron(soft_same_step, "snntorch-1.0")
    for part in (">= (SpikingJelly", "reset in the same step", "profile spikingjelly-soft"):
        assert part in report.diagnosis[0]


def test_two_mistakes_without_a_name_are_found_as_a_pair():
    odd = LIF(0.9, compare=">=", drop_input=True, reset="value")
    report = validate.neuron(run(odd), "snntorch-1.0-zero")
    assert set(report.causes[0].split(" + ")) == {"compare=>=", "drop_input=True"}


def test_an_axis_is_named_up_to_rounding_in_another_order_of_operations():
    def box(current, membrane):
        membrane = membrane + FLOAT32(0.1) * (current - membrane)
        spikes = membrane > 1
        return spikes, np.where(spikes, FLOAT32(0), membrane)

    assert validate.neuron(box, "norse-box").verdict == "rounding"
    report = validate.neuron(box, "norse-box-subtract")
    assert report.verdict == "wrong"
    assert report.causes[0] == "reset=value"
    assert report.diagnosis[0].endswith("(up to rounding)")


def test_another_membrane_with_the_right_spikes_is_told_apart():
    def posterior(current):
        done = LIF(0.9).run(current)
        return done.spikes, done.recorded["membrane"] - done.spikes

    report = validate.neuron(posterior, "snntorch-1.0")
    assert report.causes[0] == "report-after" and not report.passed
    assert validate.neuron(posterior, "snntorch-1.0", states=False).passed


def test_nonsense_has_no_cause():
    def nonsense(current):
        return np.sin(7.1 * np.arange(current.size)).reshape(current.shape) > 0.5

    report = validate.neuron(nonsense, "snntorch-1.0")
    assert report.verdict == "wrong" and report.diagnosis == ()
    assert "no known cause" in str(report)


# --- rounding ------------------------------------------------------------------------------------


def fused(current, membrane):
    """snnTorch's neuron with a fused multiply-add: the product is exact in float64."""
    reset = membrane > 1
    product = np.float64(FLOAT32(0.9)) * membrane
    membrane = (product + current).astype(FLOAT32) - reset.astype(FLOAT32)
    return membrane > 1, membrane


def test_a_fused_multiply_add_is_equal_up_to_rounding():
    report = validate.neuron(fused, "snntorch-1.0")
    assert report.verdict == "rounding" and report.passed
    assert report.causes == ("fused",)
    assert any(check.whole == "wrong" and check.verdict == "rounding" for check in report.checks)
    assert not validate.neuron(fused, "snntorch-1.0", strict=True).passed


def promoted(current, decay=1.0, membranes=False):
    """The neuron in float64, as a Python float beside float32 makes it in Numba."""
    done = LIF(decay).run(current.astype(np.float64), device="numpy")
    return (done.spikes, done.recorded["membrane"]) if membranes else done.spikes


@pytest.mark.parametrize("decay", [1.0, 0.9])
def test_float64_promotion_is_told_apart_on_the_grid_and_named(decay):
    report = validate.neuron(partial(promoted, decay=decay), "snntorch-1.0", decay=decay)
    assert report.verdict == "rounding"
    assert report.causes[0] == "float64"
    differing = {check.name for check in report.checks if check.whole == "wrong"}
    assert "grid" in differing if decay == 1 else differing


def test_a_float64_membrane_for_float32_currents_is_a_wrong_dtype():
    report = validate.neuron(partial(promoted, membranes=True), "snntorch-1.0", decay=1.0)
    assert not report.passed
    assert report.checks[0].name == "dtype of the membrane"
    assert "float64 for currents of float32" in report.checks[0].detail
    assert report.causes[0] == "float64"


def test_a_spike_moved_outside_the_band_is_wrong():
    def late_threshold(current, membrane):
        reset = (membrane > 1).astype(FLOAT32)
        membrane = FLOAT32(0.9) * membrane + current - reset
        return membrane > FLOAT32(1.00001), membrane

    report = validate.neuron(late_threshold, "snntorch-1.0")
    assert report.verdict == "wrong" and report.causes == ()


def test_what_is_shown_of_a_wrong_train_is_not_rounding():
    def both(current, membrane):
        spikes, membrane = fused(current, membrane)
        return spikes & (membrane < 3), membrane

    report = validate.neuron(both, "snntorch-1.0")
    shown = [check.difference for check in report.checks if check.verdict == "wrong"]
    assert shown and all((place.expected, place.actual) == (1, 0) for place in shown)
    assert all(place.actual_state >= 3 for place in shown)


def test_the_first_difference_has_both_values_states_and_the_distance():
    report = validate.neuron(soft_same_step, "snntorch-1.0")
    place = report.checks[0].difference
    assert (place.step, place.element) == (1, (0,))
    assert (place.expected, place.actual) == (0, 1)
    assert (place.expected_state, place.actual_state, place.distance) == (1, 0, 0)
    text = str(report)
    assert "step 1, element (0): expected 0, got 1" in text and "+0.0 ulp" in text


# --- candidates that fail ------------------------------------------------------------------------


def raises(current):
    raise RuntimeError("out of luck\non two lines")


def exits(current):
    raise SystemExit(3)


def wrong_shape(current):
    return current[1:] > 1


def complex_spikes(current):
    return current.astype(complex)


def words(current):
    return np.full(current.shape, "spike")


def not_a_number(current):
    return np.where(current > 1, np.nan, 0)


def writes(current):
    current[0] = 7
    return LIF(0.9).run(current).spikes


def none(current):
    return None


def gradient(current):
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("call detach() first")

    return Tensor()


def step_without_state(current, membrane):
    return current > 1


def step_of_nan(current, membrane):
    return current > 1, membrane * np.nan


SENTENCES = {
    raises: "it raised RuntimeError: out of luck on two lines",
    exits: "it raised SystemExit: 3",
    wrong_shape: "its spikes have shape (23, 64) where (24, 64) was expected",
    complex_spikes: "its spikes have dtype complex128, which holds no real numbers",
    words: "its spikes have dtype <U5",
    not_a_number: "its spikes hold nan at",
    writes: "it wrote to its input current; work on a copy",
    none: "its spikes have dtype object",
    gradient: "its spikes, a Tensor, cannot become a NumPy array (call detach() first)",
    step_without_state: "a step returned an ndarray; return (spikes, state)",
    step_of_nan: "its states hold nan at",
}


@pytest.mark.parametrize("candidate", SENTENCES, ids=lambda candidate: candidate.__name__)
def test_a_candidate_that_fails_is_told_in_one_sentence(candidate):
    report = validate.neuron(candidate, "snntorch-1.0")
    assert report.verdict == "failed" and not report.passed
    failed = report.checks[0]
    assert failed.detail.startswith(SENTENCES[candidate])
    assert "\n" not in failed.detail
    with pytest.raises(AssertionError, match="does not conform"):
        report.raise_if_failed()


def test_a_candidate_that_hangs_is_left_and_not_called_again():
    calls = []

    def hangs(current):
        calls.append(current.shape)
        time.sleep(2)

    begin = time.monotonic()
    report = validate.neuron(hangs, "snntorch-1.0", timeout=0.1)
    assert time.monotonic() - begin < 1.5
    assert len(calls) == len(report.checks) == 1
    assert "did not return within timeout=0.1 s" in report.checks[0].detail


def test_failing_on_one_input_does_not_hide_the_others():
    def only_pairs(current):
        if current.ndim > 2:
            raise ValueError("two axes only")
        return LIF(0.9).run(current)

    report = validate.neuron(only_pairs, "snntorch-1.0")
    assert [check.name for check in report.checks if check.verdict == "failed"] == ["batch"]
    assert sum(check.verdict == "exact" for check in report.checks) == len(report.checks) - 1


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"against": "nosuch"}, ValueError, "^against must be one of"),
        (
            {"against": 3},
            TypeError,
            "against must be the name of a profile, a LIF, a Leaky or a fixed.LIF",
        ),
        (
            {"against": np.eye(2)},
            TypeError,
            r"^against must be .*, got array\(\[\[1., 0.\], \[0., 1.\]\]",
        ),
        (
            {"against": Raises("__repr__", KeyError)},
            TypeError,
            "^against must be .* cannot be shown",
        ),
        (
            {"reset_call": np.eye(2)},
            ValueError,
            r"^reset_call must be .*, got array\(\[\[1., 0.\], \[",
        ),
        (
            {"reset_call": Raises("__repr__", KeyError)},
            ValueError,
            "^reset_call must be .* be shown",
        ),
        ({"timeout": 2**64}, ValueError, "^timeout must lie in"),
        ({"against": LIF(0.9), "decay": 0.5}, TypeError, "changes must be given with the name"),
        ({"decay": [0.5, 0.6]}, ValueError, "decay must be one number, got an array of shape"),
        ({"form": "maybe"}, ValueError, "form must be one of"),
        ({"dtype": np.int8}, TypeError, "dtype must be float32 or float64"),
        ({"timeout": 0}, ValueError, "timeout must lie in"),
        ({"band": -1}, ValueError, "band must lie in"),
        ({"candidate": 3}, TypeError, "candidate must be callable, got an int"),
    ],
)
def test_what_cannot_be_validated_is_refused(changes, error, sentence):
    arguments = {"candidate": LIF(0.9), "against": "snntorch-1.0", **changes}
    with pytest.raises(error, match=sentence):
        validate.neuron(**arguments)


# --- reports -------------------------------------------------------------------------------------


def test_json_holds_the_whole_report(tmp_path):
    report = validate.neuron(soft_same_step, "snntorch-1.0")
    path = tmp_path / "report.json"
    text = report.to_json(path)
    assert path.read_text(encoding="utf-8") == text
    stored = json.loads(text)
    assert stored["passed"] is False and stored["verdict"] == "wrong"
    assert stored["diagnosis"] == list(report.diagnosis)
    assert stored["checks"][0]["difference"]["step"] == 1
    assert len(stored["checks"]) == len(report.checks)


def test_html_is_one_page_with_pictures_of_both_trains(tmp_path):
    report = validate.neuron(soft_same_step, "snntorch-1.0")
    path = tmp_path / "report.html"
    page = report.to_html(path)
    assert path.read_text(encoding="utf-8") == page
    assert page.startswith("<!doctype html>") and page.count("<svg") == len(report.trains) == 3
    assert "expected above" in page and "candidate below" in page
    assert "src=" not in page and "href=" not in page  # nothing is fetched
    assert "&gt;= (SpikingJelly" in page  # text is escaped


def test_names_are_escaped_in_html():
    check = Check("<b>", "wrong", "<script>", None, Difference(0, (0,), 1.0, 0.0))
    page = Report("a<b", "<i>", (check,), ("x < y",), ("<u>",)).to_html()
    for tag in ("<b>x", "<script>", "<i>", "<u>"):
        assert tag not in page


def test_infinite_numbers_become_text_in_json():
    check = Check("one", "wrong", "", None, Difference(0, (0,), 1.0, 0.0, np.inf, -np.inf))
    stored = json.loads(Report("a", "b", (check,)).to_json())
    assert stored["checks"][0]["difference"]["expected_state"] == "inf"


def test_a_passing_report_raises_nothing_and_says_so():
    report = validate.neuron(LIF(0.9), "snntorch-1.0")
    assert report.raise_if_failed() is report
    assert str(report).startswith("LIF conforms to snntorch-1.0")
    assert "<svg" not in report.to_html()
