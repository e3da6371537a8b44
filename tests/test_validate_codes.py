"""Encoders of time series and of values compared with the reference, by their signatures."""

import numpy as np
import pytest

from spikecore import spikegen, validate
from spikecore.validate.causes import CODES, axes, table
from spikecore.validate.encoders import Encoder

FLOAT32 = np.float32
KINDS = [code.kind for code in table.TABLE]
LAWS = [{"law": "decay"}, {"law": "exponential"}, {"law": "inverse"}, {"profile": "guo"}]
POINTS = [(kind, {}) for kind in KINDS] + [("latency", options) for options in LAWS] + [
    ("temporal_contrast", {"factor": 0.5}),
    ("population", {"output": "winner"}),
    ("population", {"output": "activity"}),
    ("population", {"profile": "norse"}),
    ("phase", {"clip": True}),
    ("pulse_width", {"low": -2, "high": 5}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("kind", "options"), POINTS)
def test_the_compiled_reference_conforms(kind, options, dtype):
    def candidate(data, **given):
        return getattr(spikegen, kind)(data, device="cpu", **given)

    report = validate.encoder(candidate, kind, data_dtype=dtype, strict=True, **options)
    assert report.verdict == "exact" and report.passed, report


def test_every_code_of_spikegen_can_be_validated():
    for kind in CODES:
        assert callable(getattr(spikegen, kind))
    helpers = {
        "contrast_threshold", "from_one_hot", "latency_code", "latency_code_linear",
        "latency_code_log", "latency_interpolate", "profiles", "rate_interpolate",
        "target_rate_code", "targets_convert", "to_one_hot_inverse",
    }  # fmt: skip
    assert set(spikegen.__all__) - helpers == set(CODES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_trials_have_ties_and_the_last_is_the_least(kind):
    options = CODES[kind].needed({})
    trials = CODES[kind].trials(Encoder(kind, options), np.dtype(np.float32))
    assert len(trials) == len({trial.name for trial in trials}) >= 5
    assert trials[-1].inputs.shape[0] == 1  # T of 1, or a single value
    for trial in trials:
        assert trial.inputs.dtype == np.float32 and trial.why


# --- choices -------------------------------------------------------------------------------------

FLIPS = [
    ("temporal_contrast", {}, {"compare": ">="}),
    ("temporal_contrast", {}, {"align": "start"}),
    ("temporal_contrast", {}, {"edge": "repeat"}),
    ("temporal_contrast", {"factor": 0.5}, {"statistic": "absolute"}),
    ("temporal_contrast", {"factor": 0.5}, {"over": "steps"}),
    ("step_forward", {}, {"compare": ">="}),
    ("step_forward", {}, {"baseline": "signal"}),
    ("step_forward", {}, {"multi": True}),
    ("send_on_delta", {}, {"compare": ">"}),
    ("send_on_delta", {}, {"multi": True}),
    ("moving_window", {}, {"compare": ">="}),
    ("moving_window", {}, {"first": "window"}),
    ("sigma_delta", {}, {"compare": ">"}),
    ("sigma_delta", {"threshold": 0.3}, {"feedback": "residual"}),
    ("sigma_delta", {}, {"cum_error": True}),
    ("bsa", {"threshold": 0.75}, {"criterion": "multiply"}),
    ("bsa", {}, {"tail": "whole"}),
    ("bsa", {}, {"shift": "min"}),
    ("bsa", {}, {"gain": "range"}),
    ("hsa", {}, {"gain": "range"}),
    ("modified_hsa", {}, {"shift": "min"}),
    ("burst", {"max_interval": 7.25}, {"rounds": "spikes"}),
    ("population", {}, {"centres": "even"}),
    ("rank_order", {}, {"ties": "index"}),
    ("current", {}, {"first_only": True}),
    ("latency", {"law": "decay"}, {"compare": ">="}),
    ("latency", {"law": "exponential"}, {"law": "inverse"}),
]


@pytest.mark.parametrize(("kind", "options", "changes"), FLIPS)
def test_another_choice_is_named(kind, options, changes):
    def candidate(data, **given):
        return getattr(spikegen, kind)(data, **{**given, **changes})

    report = validate.encoder(candidate, kind, strict=True, **options)
    ((axis, choice),) = changes.items()
    assert not report.passed
    assert report.causes[0] == f"{axis}={choice}"
    assert report.diagnosis[0].startswith(f"your {axis} is {choice!r}")


def test_every_axis_that_can_be_told_is_flipped_above():
    """All but what refuses data instead, gives another shape, or is another code."""
    others = {
        ("phase", "clip"), ("population", "output"), ("latency", "clip"), ("latency", "linear"),
        ("latency", "normalize"), ("latency", "interpolate"), ("latency", "bypass"),
        ("hsa", "shift"), ("modified_hsa", "gain"),  # as of the other two spikers
    }  # fmt: skip
    flipped = {(kind, *changes) for kind, _, changes in FLIPS}
    for kind in [*KINDS, "latency"]:
        known = {(kind, known.name) for known in axes.parameters(kind) if known.choices}
        assert known - others <= flipped


def test_of_two_choices_the_other_is_told():
    report = validate.encoder(
        lambda data, threshold: spikegen.step_forward(data, threshold, compare=">="), "step_forward"
    )
    assert report.diagnosis[0] == "your compare is '>=', not '>'"


def test_two_choices_at_once_are_named():
    report = validate.encoder(
        lambda data: spikegen.temporal_contrast(data, 0.25, compare=">=", edge="repeat"),
        "temporal_contrast",
    )
    assert report.causes == ("compare=>= + edge=repeat",)
    assert (
        report.diagnosis[0]
        == "your compare is '>=', not '>', and your edge is 'repeat', not 'zero'"
    )


@pytest.mark.parametrize(
    ("kind", "profile", "told"),
    [
        ("temporal_contrast", "spikify", "spikify"),
        ("temporal_contrast", "kedri", "kedri"),
        ("moving_window", "kedri", "kedri or mavlab-matlab"),
        ("bsa", "mavlab-matlab", "mavlab-matlab"),
        ("burst", "spikify", "spikify"),
        ("sigma_delta", "lava", "lava or lava-dl"),
    ],
)
def test_a_profile_is_named(kind, profile, told):
    options = {"factor": 0.5} if kind == "temporal_contrast" else {}
    options |= {"threshold": 0.3} if kind == "sigma_delta" else {}

    def candidate(data, **given):
        return getattr(spikegen, kind)(data, profile=profile, **given)

    report = validate.encoder(candidate, kind, **options)
    assert f"this is exactly profile {told}" in report.diagnosis


def test_a_slip_is_named_beside_the_choices_of_a_profile():
    """A mean of NumPy's, of windows that look ahead at the start as the profile has it."""

    def pairwise(data, window, threshold):
        means = [data[:window].mean(axis=0)] * min(window, len(data))
        means += [data[t - window : t].mean(axis=0) for t in range(window, len(data))]
        means = np.stack(means).astype(np.float64)
        return (data > means + threshold).astype(int) - (data < means - threshold)

    options = {"window": 3, "threshold": 0.3, "profile": "spikify"}
    report = validate.encoder(pairwise, "moving_window", **options)
    assert report.verdict == "rounding" and report.causes == ("pairwise",)


# --- numbers -------------------------------------------------------------------------------------

NUMBERS = [
    ("temporal_contrast", {}, {"threshold": 0.3}),
    ("temporal_contrast", {"factor": 0.5}, {"ddof": 1}),
    ("temporal_contrast", {"factor": 0.5}, {"factor": 0.8}),
    ("step_forward", {}, {"threshold": 0.3}),
    ("step_forward", {}, {"refractory": 2}),
    ("step_forward", {"refractory": 3}, {"refractory": 2}),
    ("step_forward", {"threshold_down": 0.5}, {"threshold_down": 0.45}),
    ("send_on_delta", {}, {"threshold": 0.3}),
    ("level_crossing", {}, {"spacing": 0.4}),
    ("moving_window", {}, {"window": 5}),
    ("moving_window", {}, {"threshold": 0.125}),
    ("sigma_delta", {}, {"threshold": 0.35}),
    ("sigma_delta", {"step": 0.125, "num_bits": 3}, {"num_bits": 4}),
    ("bsa", {}, {"threshold": 0.4}),
    ("modified_hsa", {}, {"threshold": 0.25}),
    ("pulse_width", {}, {"period": 9}),
    ("burst", {}, {"gap": 2}),
    ("burst", {}, {"max_spikes": 4}),
    ("burst", {}, {"max_interval": 12}),
    ("population", {}, {"beta": 1.0}),
    ("current", {}, {"decay": 0.8}),
    ("current", {}, {"threshold": 1.25}),
    ("latency", {"law": "decay", "tau": 6.0}, {"tau": 5.0}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "changes"), NUMBERS)
def test_another_number_is_named(kind, options, changes):
    def candidate(data, **given):
        return getattr(spikegen, kind)(data, **{**given, **changes})

    report = validate.encoder(candidate, kind, **options)
    ((name, value),) = changes.items()
    assert not report.passed
    assert name in report.causes
    sentence = report.diagnosis[report.causes.index(name)]
    about = "" if isinstance(value, int) and "about" not in sentence else "about "
    assert sentence.startswith(f"your {name} is {about}{value:.6g}, the reference's is ")


def test_an_argument_that_is_ignored_is_named():
    report = validate.encoder(
        lambda data, threshold: spikegen.step_forward(data, threshold),
        "step_forward", threshold_down=0.5,
    )  # fmt: skip
    assert report.causes[0] == "threshold_down-ignored"
    assert report.diagnosis[0] == "you ignore threshold_down"


# --- what a candidate may be ---------------------------------------------------------------------


def test_the_second_argument_may_have_any_name():
    for name, second in (("step_forward", "theta"), ("bsa", "taps"), ("pulse_width", "steps")):
        words = {"step_forward": {}, "bsa": {"threshold": 0.5}, "pulse_width": {}}[name]
        source = f"lambda data, {second}: function(data, {second}, **words)"
        candidate = eval(source, {"function": getattr(spikegen, name), "words": words})
        assert validate.encoder(candidate, name).verdict == "exact"


def test_a_second_argument_without_a_meaning_is_told():
    report = validate.encoder(lambda data, other: data, "rate_conv", stream="own", draws=2**12)
    assert report.verdict == "failed"
    assert "its second argument has no meaning" in str(report)


@pytest.mark.parametrize("kind", ["step_forward", "send_on_delta", "sigma_delta"])
def test_a_code_may_take_one_sample_and_its_state(kind):
    def step(sample, state):
        apart = sample - state
        if kind == "sigma_delta":
            sent = np.where(np.abs(apart) >= FLOAT32(0.25), apart, FLOAT32(0))
            return sent, state + sent
        high, low = state + FLOAT32(0.25), state - FLOAT32(0.25)
        if kind == "send_on_delta":
            spikes = (sample >= high).astype(FLOAT32) - (sample <= low)
            return spikes, np.where(spikes != 0, sample, state)
        spikes = (sample > high).astype(FLOAT32) - (sample < low)
        return spikes, np.where(spikes > 0, high, np.where(spikes < 0, low, state))

    assert validate.encoder(step, kind).verdict == "exact"


def test_a_toolbox_that_raises_for_one_step_fails_that_trial_only():
    def no_single_step(data, threshold):
        if len(data) < 2:
            raise IndexError("index 1 is out of bounds")
        return spikegen.temporal_contrast(data, threshold)

    report = validate.encoder(no_single_step, "temporal_contrast")
    (failed,) = [check for check in report.checks if check.verdict != "exact"]
    assert failed.name == "one step" and "it raised IndexError" in failed.detail


def test_values_in_a_wider_dtype_are_rounding():
    def wide(data, threshold):
        return spikegen.sigma_delta(data.astype(np.float64), threshold)

    report = validate.encoder(wide, "sigma_delta", threshold=0.3)
    assert report.verdict in ("rounding", "wrong")
    assert report.causes == ("float64",)


@pytest.mark.parametrize("how", [{"output": "activity"}, {"profile": "norse"}])
def test_activities_a_few_ulp_away_are_rounding(how):
    def beside(data, **given):
        return np.nextafter(spikegen.population(data, **given), FLOAT32(2))

    report = validate.encoder(beside, "population", **how)
    assert report.verdict == "rounding" and report.passed
    assert not validate.encoder(beside, "population", **how, strict=True).passed


def test_times_of_silent_neurons_are_infinite_or_minus_1():
    how = {"output": "times", "num_steps": 16}
    for silent in (np.inf, -1):

        def never(data, silent=silent, **given):
            times = spikegen.population(data, **given)
            return np.where(np.isinf(times), silent, times).astype(times.dtype)

        assert validate.encoder(never, "population", **how).verdict == "exact"

    def even(data, **given):
        return spikegen.population(data, **{**given, "centres": "even"})

    report = validate.encoder(even, "population", **how)
    assert (
        report.verdict == "wrong" and report.diagnosis[0] == "your centres is 'even', not 'bohte'"
    )


def test_bad_options_are_refused_by_the_code_itself():
    with pytest.raises(ValueError, match=r"^threshold must lie in"):
        validate.encoder(spikegen.step_forward, "step_forward", threshold=-1)
    with pytest.raises(ValueError, match=r"^profile must be one of"):
        validate.encoder(spikegen.latency, "latency", profile="nosuch")
    with pytest.raises(TypeError, match=r"options must be arguments of spikegen\.delta"):
        validate.encoder(spikegen.delta, "delta", sparse=True)
    with pytest.raises(TypeError, match=r"options must be arguments of spikegen\.phase"):
        validate.encoder(spikegen.phase, "phase", nosuch=1)


# --- draws with a dead time ----------------------------------------------------------------------


def dead(data, num_steps, refractory, seed, hazard=None):
    """A Poisson train of NumPy's random numbers, without the reference's stream."""
    generator, waits, rows = np.random.default_rng(seed), np.zeros(data.shape, int), []
    q = data / (1 - data * refractory) if hazard is None else hazard(data)
    for _ in range(num_steps):
        fired = (generator.random(data.shape) < q) & (waits == 0)
        waits = np.where(fired, refractory, np.maximum(waits - 1, 0))
        rows.append(fired)
    return np.stack(rows)


def test_the_reference_of_poisson_conforms_to_the_bit():
    for options in ({}, {"refractory": 3}, {"refractory": 2, "rate_is": "hazard"}):
        report = validate.encoder(spikegen.poisson, "poisson", strict=True, **options)
        assert report.verdict == "exact" and {"stream", "stream ties"} <= {
            check.name for check in report.checks
        }


@pytest.mark.parametrize("refractory", [0, 3])
def test_a_correct_poisson_code_of_its_own_random_numbers_passes(refractory):
    report = validate.encoder(dead, "poisson", refractory=refractory, draws=2**17)
    assert report.passed, report
    names = [check.name for check in report.checks]
    assert ("dead time" in names) == (refractory > 0)


def test_another_meaning_of_the_rate_is_named():
    def wrong(data, num_steps, refractory, seed):
        return dead(data, num_steps, refractory, seed, hazard=lambda p: p)

    report = validate.encoder(wrong, "poisson", refractory=3, draws=2**17)
    assert not report.passed and report.causes == ("rate_is=hazard",)


@pytest.mark.parametrize("own", [0, 2, 4])
def test_another_dead_time_is_named(own):
    def wrong(data, num_steps, seed):
        return dead(data, num_steps, own, seed, hazard=lambda p: np.minimum(p / (1 - 3 * p), 1))

    report = validate.encoder(wrong, "poisson", refractory=3, draws=2**17)
    assert not report.passed
    assert report.diagnosis == (f"your refractory is {own}, the reference's is 3",)
