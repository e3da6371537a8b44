"""Encoders compared with the reference: what passes, what fails, and which cause is named."""

import time
from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from spikecore import random, spikegen, validate
from spikecore.validate.causes import CODES

FLOAT32 = np.float32
POINTS = [
    ("rate", {}),
    ("rate", {"num_steps": 9, "gain": 0.75, "offset": 0.1, "first_spike_time": 2}),
    ("rate", {"time_var_input": True}),
    ("rate_conv", {}),
    ("latency", {}),
    ("latency", {"linear": True}),
    ("latency", {"num_steps": 40, "tau": 3, "threshold": 0.05, "clip": True}),
    ("latency", {"normalize": True}),
    ("latency", {"normalize": "sample", "first_spike_time": 3}),
    ("latency", {"linear": True, "normalize": True, "on_target": 0.75, "off_target": -0.25}),
    ("latency", {"linear": True, "normalize": True, "interpolate": True}),
    ("delta", {}),
    ("delta", {"off_spike": True, "padding": True, "threshold": 0.3}),
    ("targets_rate", {"correct_rate": 0.65, "incorrect_rate": 0.2, "first_spike_time": 2}),
    ("targets_rate", {"correct_rate": 0.8, "firing_pattern": "poisson"}),
    ("targets_rate", {"correct_rate": 0.8, "firing_pattern": "uniform"}),
    ("targets_latency", {"clip": True}),
    ("to_one_hot", {}),
]


@pytest.mark.parametrize(("kind", "options"), POINTS)
def test_the_reference_conforms_to_itself(kind, options):
    report = validate.encoder(getattr(spikegen, kind), kind, strict=True, **options)
    assert report.verdict == "exact" and report.passed, report


@pytest.mark.parametrize("device", ["numpy", "cpu"])
@pytest.mark.parametrize("kind", ["rate", "latency", "delta"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_backend_conforms(kind, device, dtype):
    function = getattr(spikegen, kind)

    def candidate(data, uniforms=None, seed=None):
        given = {"uniforms": uniforms, "seed": seed, "num_steps": 24} if kind == "rate" else {}
        steps = {"num_steps": 25} if kind == "latency" else {}
        return function(data, device=device, **given, **steps)

    report = validate.encoder(candidate, kind, data_dtype=dtype, strict=True)
    assert report.verdict == "exact"
    if kind == "rate":  # given uniforms and spikecore's stream, both to the bit
        assert {"ties", "stream", "stream ties"} <= {check.name for check in report.checks}


# --- forms ---------------------------------------------------------------------------------------


def steps_second(data, length):
    return spikegen.latency(data, length)


def one_step_of_latency(data, step):
    return spikegen.latency(data, 25)[step]


def closure(data):
    return spikegen.latency(data, 25)


def everything(data, **options):
    return spikegen.latency(data, **options)


@pytest.mark.parametrize("form", [steps_second, one_step_of_latency, closure, everything])
def test_forms_of_a_latency_code(form):
    assert validate.encoder(form, "latency").verdict == "exact"


def test_a_delta_code_may_take_the_sample_before():
    def with_state(sample, previous):
        return sample - previous >= FLOAT32(0.1), sample

    def bare(sample, previous):
        return sample - previous >= FLOAT32(0.1)

    for candidate in (with_state, bare):
        assert validate.encoder(candidate, "delta").verdict == "exact"


def test_a_rate_code_may_give_one_step_a_call():
    generator = np.random.default_rng(1)
    report = validate.encoder(lambda x: generator.random(x.shape) < x, "rate", draws=2**16)
    assert report.passed


# --- diagnosis -----------------------------------------------------------------------------------


def at_most(data, uniforms):
    return uniforms <= data


def narrow(data, uniforms):
    return np.floor(uniforms * 2**24) / 2**24 < data


def spyx(data, num_steps):
    steps = np.rint((1 - np.clip(data, 0, 1)) * FLOAT32(num_steps - 1))
    return (np.arange(num_steps).reshape(-1, *[1] * data.ndim) == steps) & (data > FLOAT32(0.01))


def half_up(data, num_steps):
    x = np.maximum(data, FLOAT32(0.01))
    steps = np.floor((1 - x) * FLOAT32(num_steps - 1) + FLOAT32(0.5))
    return np.arange(num_steps).reshape(-1, *[1] * data.ndim) == steps


def exclusive(data):
    return np.diff(data, axis=0, prepend=np.zeros_like(data[:1])) > FLOAT32(0.1)


def positive(data, threshold):
    change = np.diff(data, axis=0, prepend=np.zeros_like(data[:1]))
    return np.abs(change) >= FLOAT32(threshold)


def batch_for_sample(data, num_steps):
    return spikegen.latency(data, num_steps, normalize=True)


LINEAR = {"linear": True, "normalize": True}
CAUSES = [
    (at_most, "rate", {}, "at-most"),
    (narrow, "rate", {}, "24-bit"),
    (spyx, "latency", {**LINEAR, "clip": True}, "silent-at-threshold"),
    (half_up, "latency", LINEAR, "half-up"),
    (exclusive, "delta", {}, "exclusive"),
    (positive, "delta", {"off_spike": True, "threshold": 0.2}, "off-positive"),
    (batch_for_sample, "latency", {"normalize": "sample"}, "normalize=True"),
]


@pytest.mark.parametrize(("candidate", "kind", "options", "cause"), CAUSES)
def test_a_known_mistake_is_named(candidate, kind, options, cause):
    report = validate.encoder(candidate, kind, **options)
    assert not report.passed
    assert report.causes[0] == cause
    assert report.diagnosis[0] in str(report)


def floored_labels(targets, num_classes, num_steps):
    times, _ = spikegen.latency_code(spikegen.to_one_hot(targets, num_classes), num_steps)
    return np.arange(num_steps).reshape(-1, 1, 1) == np.floor(times)


def test_mistakes_of_a_code_are_named_where_its_features_are_labels():
    report = validate.encoder(floored_labels, "targets_latency")
    assert not report.passed
    assert report.causes[0] == "floor"


def test_the_reasons_name_what_was_found_in_libraries():
    sentences = {cause.name: cause.sentence for cause in CODES["rate"].causes}
    assert "SpikingJelly" in sentences["at-most"] and "spikify" in sentences["exponential"]


@pytest.mark.parametrize("kind", CODES)
def test_causes_have_names_of_their_own(kind):
    names = [cause.name for cause in CODES[kind].causes]
    assert len(set(names)) == len(names)


def test_the_first_difference_tells_time_and_distance():
    place = next(
        check.difference
        for check in validate.encoder(half_up, "latency", **LINEAR).checks
        if check.difference
    )
    assert place.expected_state % 1 == 0.5 and place.distance == 0


def test_a_time_beside_a_half_may_be_rounded_otherwise():
    def promoted(data, num_steps):
        x = np.maximum(data, FLOAT32(0.01)).astype(np.float64)
        steps = np.rint((1 - x) * (num_steps - 1))
        return np.arange(num_steps).reshape(-1, *[1] * data.ndim) == steps

    report = validate.encoder(promoted, "latency", **LINEAR)
    assert report.verdict == "rounding" and report.passed
    assert not validate.encoder(promoted, "latency", strict=True, **LINEAR).passed


# --- streams -------------------------------------------------------------------------------------


def test_spikecores_stream_is_recognised_and_compared_to_the_bit():
    def candidate(data, num_steps, seed):
        return random.uniforms(seed, (num_steps, *data.shape)) < data

    report = validate.encoder(candidate, "rate")
    assert {check.name for check in report.checks} == {"stream", "stream ties"}
    assert report.verdict == "exact"


def test_a_stream_that_almost_is_spikecores_is_not_let_pass():
    def candidate(data, num_steps, seed):
        return np.floor(random.uniforms(seed, (num_steps, *data.shape)) * 2**16) / 2**16 < data

    report = validate.encoder(candidate, "rate", num_steps=24)
    assert report.verdict == "wrong" and report.causes[0] == "16-bit"


def test_torchs_stream_is_recognised():
    def candidate(data, num_steps, seed):
        return random.torch_uniforms(seed, (num_steps, *data.shape)) < data

    report = validate.encoder(candidate, "rate")
    assert {check.name for check in report.checks} == {"torch's stream", "torch's ties"}
    assert report.verdict == "exact"


def test_a_stream_can_be_asked_for():
    def wrong_order(data, num_steps, seed):
        return spikegen.rate(data, num_steps, uniforms=random.uniforms(seed ^ 1, (24, 3, 8)))

    report = validate.encoder(wrong_order, "rate", num_steps=24, stream="spikecore")
    assert report.verdict == "wrong"


# --- candidates that fail ------------------------------------------------------------------------


def raises(data):
    raise KeyError("no such thing")


def writes(data):
    data[:] = 0
    return spikegen.delta(data)


def too_short(data):
    return spikegen.delta(data)[:-1]


def not_a_number(data):
    return data * np.nan


SENTENCES = {
    raises: "it raised KeyError: 'no such thing'",
    writes: "it wrote to its input data; work on a copy",
    too_short: "its spikes have shape (31, 3, 4) where (32, 3, 4) was expected",
    not_a_number: "its spikes hold nan at",
}


@pytest.mark.parametrize("candidate", SENTENCES, ids=lambda candidate: candidate.__name__)
def test_a_candidate_that_fails_is_told_in_one_sentence(candidate):
    report = validate.encoder(candidate, "delta")
    assert report.verdict == "failed"
    assert any(check.detail.startswith(SENTENCES[candidate]) for check in report.checks)


@pytest.mark.parametrize("kind", ["rate", "latency"])
def test_a_candidate_that_hangs_is_left(kind):
    def hangs(data):
        time.sleep(1)

    report = validate.encoder(hangs, kind, timeout=0.05)
    assert [check.verdict for check in report.checks] == ["failed"]
    assert "did not return within timeout=0.05 s" in report.checks[0].detail


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"kind": "nosuch"}, ValueError, "kind must be one of"),
        ({"nosuch": 1}, TypeError, "options must be arguments of spikegen.latency"),
        ({"seed": 1}, TypeError, "options must be arguments of spikegen.latency"),
        ({"threshold": 2}, ValueError, "threshold must lie in"),
        ({"num_steps": date(2020, 1, 1)}, TypeError, "^num_steps must be an integer"),
        ({"num_steps": np.zeros((3, 0))}, TypeError, "^num_steps must be an integer"),
        ({"kind": "rate", "num_steps": "5"}, TypeError, "^num_steps must be an integer"),
        ({"kind": "targets_rate", "num_classes": None}, TypeError, "^num_classes must be"),
        ({"timeout": 2**64}, ValueError, "^timeout must lie in"),
        ({"false_alarm": 0}, ValueError, "false_alarm must lie in"),
        ({"draws": 3}, ValueError, "draws must be from 4096"),
        ({"stream": "nosuch"}, ValueError, "stream must be one of"),
        ({"data_dtype": np.uint8}, TypeError, "data_dtype must be float32 or float64"),
        (
            {"kind": "targets_rate", "candidate": steps_second, "firing_pattern": "uniform"},
            ValueError,
            "firing_pattern is 'uniform'",
        ),
        ({"candidate": 3}, TypeError, "candidate must be callable, got an int"),
    ],
)
def test_what_cannot_be_validated_is_refused(changes, error, sentence):
    arguments = {"candidate": spikegen.latency, "kind": "latency", **changes}
    with pytest.raises(error, match=sentence):
        validate.encoder(**arguments)


def test_options_may_be_numbers_of_any_class():
    options = {"tau": Fraction(3, 2), "num_steps": np.int64(20), "clip": np.True_}
    report = validate.encoder(spikegen.latency, "latency", **options)
    assert report.passed
    assert report.subject == "spikegen.latency(num_steps=20, tau=1.5, clip=True)"
