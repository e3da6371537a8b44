"""Neurons in fixed point handed to ``validate`` as anybody would hand in his own."""

import json

import numpy as np
import pytest
from plain import fixed as plain
from plain import fixed_mistakes, mutants

from spikecore import LIF, validate
from spikecore.__main__ import main
from spikecore.neurons import fixed
from spikecore.validate.causes import fixed as causes
from spikecore.validate.subject import reproduces
from spikecore.validate.vectors import HARDWARE, every

LOIHI = {"synapse_decay": 900, "decay": 200, "threshold": 900}
ODIN = {"threshold": 12, "decay": 2}


def loihi(current, rounding=lambda x: np.trunc(x / 4096).astype(np.int64)):
    """Loihi's neuron as a user would write it; [T, ...] -> spikes, v, u."""
    u, v = np.zeros((2, *current.shape[1:]), np.int64)
    rows = []
    for x in current.astype(np.int64):
        u = rounding(u * (4096 - 901)) + (x << 6)
        u = np.where(u > 2**23, u - 2**24, np.where(u <= -(2**23), u + 2**24, u))
        v = np.clip(rounding(v * (4096 - 200)) + u, 1 - 2**23, 2**23 - 1)
        spikes = v > 900 << 6
        v = np.where(spikes, 0, v)
        rows.append((spikes, v, u))
    return tuple(map(np.array, zip(*rows, strict=True)))


def floored(current):
    return loihi(current, lambda x: x >> 12)


def odin_step(current, membrane, time_events):
    """tinyODIN's neuron, one event."""
    if time_events:
        membrane = np.sign(membrane) * np.maximum(np.abs(membrane) - 2, 0)
    else:
        membrane = np.clip(membrane + current, -2048, 2047)
    spikes = membrane >= 12
    return spikes, np.where(spikes, 0, membrane)


class Odin:
    """The same as an object that holds its membrane."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.membrane = 0

    def __call__(self, current, time_events):
        membrane = self.membrane + np.zeros_like(current)
        spikes, self.membrane = odin_step(current, membrane, time_events)
        return spikes, self.membrane


@pytest.mark.parametrize("name", fixed.profiles())
def test_every_profile_conforms_to_itself(name):
    report = validate.neuron(fixed.LIF.profile(name), name, strict=True)
    assert report.verdict == "exact"
    assert report.diagnosis == ()
    assert len(report.checks) == 9


@pytest.mark.parametrize("name", HARDWARE)
def test_every_neuron_conforms_in_single_steps(name):
    lif = HARDWARE[name]
    where = {state: i for i, state in enumerate(lif.state_names, 1)}

    def step(current, membrane, synapse, clock, **events):
        given = {"membrane": membrane, "synapse": synapse, "clock": clock}
        kinds = {n: np.full(current.shape, kind) for n, kind in events.items()}
        found = lif(current, *(given[n] for n in lif.state_names), **kinds, device="numpy")
        given.update({n: found[i] for n, i in where.items()})
        return found[0], *given.values()

    report = validate.neuron(step, lif)
    assert report.verdict == "exact", str(report)
    assert report.notes[0] == "called with single steps with 3 state(s), in int32"


def test_a_neuron_of_ones_own_is_compared_in_spikes_membrane_and_current():
    assert validate.neuron(loihi, "loihi", **LOIHI).verdict == "exact"
    report = validate.neuron(floored, "loihi", **LOIHI)
    assert report.causes == ("rounding=floor",)
    assert report.diagnosis == (
        "you round what a decay shifts out down, as an arithmetic shift does",
    )


def test_a_synaptic_current_alone_that_differs_is_found_and_shown():
    def candidate(current):
        spikes, v, u = loihi(current)
        return spikes, v, u + (u == 64)

    report = validate.neuron(candidate, "loihi", **LOIHI)
    assert report.verdict == "wrong"
    wrong = next(check for check in report.checks if check.verdict == "wrong")
    assert "; synapse 64 expected, 65 got; " in str(wrong.difference)
    assert not validate.neuron(lambda x: loihi(x)[0], "loihi", **LOIHI).diagnosis


def test_what_is_not_exposed_is_noted():
    report = validate.neuron(lambda current: loihi(current)[:2], "loihi", **LOIHI)
    assert report.verdict == "exact"
    assert "not compared: synapse" in report.notes
    report = validate.neuron(loihi, "loihi", states=False, **LOIHI)
    assert "not compared: membrane and synapse" in report.notes


@pytest.mark.parametrize("candidate", [odin_step, Odin, Odin()])
def test_time_events_are_given_by_name(candidate):
    form = "auto" if candidate is odin_step else "stateful"
    report = validate.neuron(candidate, "tinyodin", form=form, **ODIN)
    assert report.verdict == "exact", str(report)
    assert report.notes[1].startswith("time_events says in which steps")


def test_a_profile_is_recognised():
    lif = fixed.LIF.profile("tinyodin", compare=">", reset="none", **ODIN)
    report = validate.neuron(odin_step, lif)
    assert report.diagnosis == (
        "you compare with >= (tinyODIN, the Q-format do), and you set the membrane to 0 where the "
        "threshold should be subtracted, and this is exactly profile tinyodin",
    )
    known = dict(decay=4, threshold=64)
    report = validate.neuron(fixed.LIF.profile("spiker"), "loihi", **known)
    assert report.causes == ("profile=spiker",)
    assert report.diagnosis[0].endswith("this is exactly profile spiker")


def first_killer(mutant):
    """The neuron of the first vector that the mutant fails."""
    return next(
        vector.trial.subject
        for vector, observed in mutants.outputs(mutant)
        if not reproduces(observed, vector.observed)
    )


# Under another name on the neuron on which it is found first, where the two are the same.
SAME = {"report-before": "reset_at=next", "test-first": "overflow=saturate"}


@pytest.mark.parametrize("name", fixed_mistakes.MISTAKES)
def test_a_wrong_neuron_fails_and_is_named(name):
    subject = first_killer(mutants.Mutant("fixed neuron", name))
    twin = fixed_mistakes.Plain(name)

    def candidate(current, time_events=None):
        inputs = current
        if time_events is not None:
            inputs = (current << 1) | time_events.reshape(-1, *[1] * (current.ndim - 1))
        return tuple(twin(subject.lif, inputs, subject.events))

    report = validate.neuron(candidate, subject.lif, form="sequence")
    assert not report.passed
    assert {name, SAME.get(name)} & set(report.causes), report.causes


@pytest.mark.parametrize(
    ("change", "causes_found"),
    [
        ({"bits": 11, "overflow": "wrap"}, "overflow=wrap + bits-1"),
        ({"compare": ">", "reset_at": "next"}, "compare=> + reset_at=next"),
    ],
)
def test_two_mistakes_at_once_are_named(change, causes_found):
    candidate = fixed.LIF.profile("tinyodin", **{**ODIN, **change})
    assert validate.neuron(candidate, "tinyodin", **ODIN).causes[0] == causes_found


def test_a_neuron_like_none_has_no_cause():
    def candidate(current):
        return current % 5 == 3

    report = validate.neuron(candidate, "loihi")
    assert report.verdict == "wrong"
    assert report.diagnosis == ()
    assert any(note.startswith("your spikes differ in ") for note in report.notes)


def test_every_cause_of_every_neuron_alters_it_and_has_a_sentence():
    for name, lif in HARDWARE.items():
        for cause, sentence, changes in causes._changes(lif):
            found = causes.changed(lif, **changes)
            assert found != lif, (name, cause)
            assert sentence.split()[0] in ("you", "your", "past", "the"), sentence


def test_the_trials_reach_both_ends_of_a_small_register():
    lif = fixed.LIF.profile("tinyodin", **ODIN, reset="none")
    found = [t.expected().membrane for t in causes.trials(validate.hardware.Fixed(lif, True))]
    assert min(m.min() for m in found) == -2048
    assert max(m.max() for m in found) == 2047


def test_repeated_trials_are_the_same_call():
    for lif in HARDWARE.values():
        trials = causes.trials(validate.hardware.Fixed(lif, lif.decay_at == "event"))
        np.testing.assert_array_equal(trials[0].inputs, trials[1].inputs)


def test_plain_integers_give_every_trial():
    for lif in HARDWARE.values():
        subject = validate.hardware.Fixed(lif, lif.decay_at == "event")
        for trial in subject.trials()[::3]:
            wanted = trial.expected()
            column = trial.inputs.reshape(len(trial.inputs), -1)[:, 1].tolist()
            kinds = [subject.events and x % 2 == 1 for x in column]
            weights = [x >> subject.events for x in column]
            spikes, _, membranes, _ = plain.neuron(lif, weights, kinds)
            assert wanted.spikes.reshape(len(column), -1)[:, 1].tolist() == spikes
            assert wanted.membrane.reshape(len(column), -1)[:, 1].tolist() == membranes


# --- arguments and the command line --------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"dtype": np.float32}, TypeError, "dtype must be left out against a neuron in fixed"),
        ({"initial": 3}, TypeError, "initial must be left out against a neuron in fixed"),
        ({"nosuch": 3}, TypeError, "nosuch"),
        ({"threshold": [1, 2]}, ValueError, "threshold must be one number, got an array of shape"),
        ({"threshold": -1}, ValueError, "threshold must be from 0"),
    ],
)
def test_what_means_nothing_in_fixed_point_is_refused(options, error, sentence):
    with pytest.raises(error, match=sentence):
        validate.neuron(loihi, "loihi", **options)


def test_fields_are_given_with_a_name_only():
    with pytest.raises(TypeError, match="changes must be given with the name of a profile only"):
        validate.neuron(loihi, fixed.LIF.profile("loihi"), threshold=3)


def test_an_unknown_profile_lists_those_in_fixed_point_too():
    with pytest.raises(ValueError, match=r"'snntorch-1\.0'.*'tinyodin'"):
        validate.neuron(loihi, "nosuch")


def test_a_neuron_in_floating_point_is_reported_as_failed():
    report = validate.neuron(LIF(0.9), "loihi")
    assert report.verdict == "failed"


def test_the_command_line_takes_profiles_in_fixed_point(tmp_path, monkeypatch, capsys):
    (tmp_path / "hardware_neuron.py").write_text(
        "from spikecore.neurons import fixed\n"
        "mine = fixed.LIF.profile('tinyodin', threshold=9, compare='>')\n"
    )
    monkeypatch.chdir(tmp_path)
    words = ["validate", "hardware_neuron.py:mine", "--against", "tinyodin"]
    words += ["--set", "threshold=9", "--json", "report.json"]
    assert main(words) == 1
    assert "you compare with >" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["causes"][0] == "compare=>"
    assert main([*words[:2], "--as", "tinyodin", "--set", "threshold=9", "--set", "compare=>"]) == 0


def test_the_vectors_are_of_every_profile():
    built = {name for lif in HARDWARE.values() for name in causes.profiles_of(lif)}
    assert built >= set(fixed.profiles())
    assert sum(vector.group == "fixed neuron" for vector in every()) == 21
