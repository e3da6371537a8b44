"""Wrong implementations handed to ``validate`` as anybody would hand in his own."""

import pytest
from plain import encoders, mutants, neuron

from spikecore import validate
from spikecore.validate.subject import reproduces

# Names under which a mutant may be found as well, because on its call the two are the same.
SAME = {"late": "report_spike=old", "on-exclusive": "exclusive"}
ENCODERS = [mutant for mutant in mutants.catalogue() if mutant.group in encoders.MISTAKES]
NEURONS = [mutant for mutant in mutants.catalogue() if mutant.group == "neuron"]


def first_killer(mutant):
    """The trial of the first vector that the mutant fails."""
    return next(
        vector.trial
        for vector, observed in mutants.outputs(mutant)
        if not reproduces(observed, vector.observed)
    )


def judge(report, name):
    assert not report.passed
    assert report.causes[0] in (name, SAME.get(name))


@pytest.mark.parametrize("mutant", NEURONS[::6], ids=lambda mutant: mutant.name)
def test_a_wrong_neuron_fails_and_is_named(mutant):
    lif = first_killer(mutant).subject.lif
    twin = neuron.Plain(mutant.name)
    report = validate.neuron(lambda current: tuple(twin(lif, current)), lif, strict=True)
    judge(report, mutant.name)


@pytest.mark.parametrize("mutant", ENCODERS, ids=lambda mutant: f"{mutant.group}-{mutant.name}")
def test_a_wrong_encoder_fails_and_is_named(mutant):
    subject = first_killer(mutant).subject
    drawn = ("uniforms", "seed")
    options = {name: value for name, value in subject.options.items() if name not in drawn}

    def candidate(data, **given):
        return encoders.encode(subject.kind, data, {**options, **given}, mutant.name)

    report = validate.encoder(candidate, subject.kind, strict=True, stream="spikecore", **options)
    judge(report, mutant.name)


def test_an_unknown_mistake_of_a_fixed_neuron_has_a_report_without_a_cause():
    report = validate.neuron(lambda current: current % 7 == 3, "loihi")
    assert report.verdict == "wrong" and report.causes == ()
