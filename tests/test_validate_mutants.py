"""Wrong implementations handed to ``validate`` as anybody would hand in his own."""

import pytest

from spikecore import validate
from spikecore.validate import mutants, plain_encoders, plain_neuron
from spikecore.validate.diagnose import reproduces

# Names under which a mutant may be found as well, because on its call the two are the same.
SAME = {"late": "report_spike=old", "on-exclusive": "exclusive"}
ENCODERS = [one for one in mutants.catalogue() if one.group != "neuron"]
NEURONS = [one for one in mutants.catalogue() if one.group == "neuron"]


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


@pytest.mark.parametrize("mutant", NEURONS[::6], ids=lambda one: one.name)
def test_a_wrong_neuron_fails_and_is_named(mutant):
    lif = first_killer(mutant).lif
    neuron = plain_neuron.Plain(mutant.name)
    judge(validate.neuron(lambda current: tuple(neuron(lif, current)), lif, strict=True),
          mutant.name)  # fmt: skip


@pytest.mark.parametrize("mutant", ENCODERS, ids=lambda one: f"{one.group}-{one.name}")
def test_a_wrong_encoder_fails_and_is_named(mutant):
    trial = first_killer(mutant)
    drawn = ("uniforms", "seed")
    options = {name: value for name, value in trial.options.items() if name not in drawn}

    def candidate(data, **given):
        return plain_encoders.encode(
            trial._replace(inputs=data, options={**options, **given}), mutant.name
        )

    report = validate.encoder(candidate, trial.kind, strict=True, stream="spikecore", **options)
    judge(report, mutant.name)
