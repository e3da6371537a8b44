"""The trained network of digits, and what a difference in meaning costs it."""

import re
from pathlib import Path

import numpy as np
import pytest

from spikecore import LIF, __main__, datasets, meaning, nir, profiles
from spikecore.files import shipped
from spikecore.network import Linear, Sequential
from spikecore.nir.trained import FILE

ROOT = Path(__file__).resolve().parents[1]
CODES, LABELS = meaning.examples()
# Of the 360 digits that were held back.  snnTorch 1.0.0 itself recognised 353 and 351 of them when
# it had trained the network, with Euler's step.
RIGHT = {
    ("exact", "rate"): 355,
    ("exact", "latency"): 348,
    ("euler", "rate"): 353,
    ("euler", "latency"): 351,
}


@pytest.fixture(scope="module")
def result():
    return meaning.measure()


def row_of(rows, name, change=None):
    """The only row with a name."""
    found = [row for row in rows if name in row.names and change in (None, row.change)]
    assert len(found) == 1
    return found[0]


# --- the network --------------------------------------------------------------------------------


def test_the_file_is_small():
    assert (ROOT / "spikecore" / "data" / FILE).stat().st_size < 100_000


@pytest.mark.parametrize(("rules", "code"), RIGHT)
def test_it_recognises_more_than_95_percent_of_the_digits_held_back(rules, code):
    outputs = nir.digits().run(CODES[code], meaning.DT, rules, device="numpy").outputs
    answers = outputs.sum(axis=0).argmax(axis=1)
    right = np.count_nonzero(answers == LABELS)
    assert len(LABELS) == 360 and right >= 0.95 * 360
    assert right == RIGHT[rules, code]


def test_the_digits_held_back_are_every_fifth():
    images, labels = datasets.digits()
    np.testing.assert_array_equal(labels[::5], LABELS)
    fully = images[::5].reshape(-1, 64) == 1
    assert CODES["rate"].shape == (25, 360, 64)
    assert CODES["rate"][:, fully].all() and CODES["latency"][0, fully].all()
    assert (CODES["latency"].sum(axis=0) == (images[::5].reshape(-1, 64) > 0)).all()


@pytest.mark.parametrize("code", CODES)
def test_numpy_and_cpu_give_the_same_bits(code):
    net = nir.digits().to_graph(meaning.DT)
    spikes = CODES[code][:, :40]
    record = ("spikes", "membrane")
    by_device = [
        net.run(spikes, record=record, exact=True, device=device) for device in ("numpy", "cpu")
    ]
    for name in meaning.LAYERS:
        reference, compiled = (run[name] for run in by_device)
        np.testing.assert_array_equal(compiled.spikes, reference.spikes)
        bits = [run.recorded["membrane"].view(np.uint32) for run in (reference, compiled)]
        np.testing.assert_array_equal(*bits)
        assert reference.spikes.any()


def test_a_nir_file_of_it_is_the_same_network(tmp_path):
    nir.digits().write(tmp_path / "digits.nir")
    assert nir.read(tmp_path / "digits.nir") == nir.digits()


def test_every_rule_takes_it_as_it_is():
    for rules in nir.rules():
        assert nir.digits().run(CODES["latency"][:, :2], meaning.DT, rules, device="numpy")


# --- what is compared ---------------------------------------------------------------------------


def test_every_profile_of_the_same_equation_has_its_place(result):
    named = [name for row in result.profiles for name in row.names]
    left_out = {name for name in profiles() if name not in named}
    assert len(named) == len(set(named)) == 28
    assert left_out == {
        name
        for name in profiles()
        if LIF.profile(name).synapse_decay is not None
        or LIF.profile(name).adaptation_decay is not None
        or LIF.profile(name).spike_map != "linear"
    }


def test_every_rule_and_every_number_of_bits_has_its_row(result):
    assert [row.names for row in result.rules] == [(name,) for name in nir.rules()]
    for change in ("weights", "weights and membrane"):
        bits = [row.names[0] for row in result.bits if row.change == change]
        assert bits == [str(number) for number in range(4, 17)]


def test_what_differs_is_named():
    assert meaning.differences(meaning.TRAINED) == ""
    assert meaning.differences(meaning.neuron_of("nengo")) == "lower=0.0"
    integrator = meaning.neuron_of("spikingjelly-if")
    assert meaning.differences(integrator) == "decay=1.0, compare='>='"


# --- the numbers --------------------------------------------------------------------------------


def test_answers_and_spikes_are_counted():
    hidden, answer = np.array([[3, 0], [1, 1]]), np.array([[0, 2], [4, 4]])
    assert meaning.judged(np.array([1, 1]), hidden, answer) == (1, 7.5)  # of equals the first


def test_the_neuron_that_was_trained_and_the_euler_rule_agree(result):
    trained, euler = row_of(result.profiles, "norse-box"), row_of(result.rules, "euler")
    assert trained.change == "" and trained.correct == euler.correct == (353, 351)
    assert trained.spikes == euler.spikes


def test_a_membrane_that_does_not_fall_below_0_loses_the_latency_code_alone(result):
    trained, nengo = row_of(result.profiles, "norse-box"), row_of(result.profiles, "nengo")
    assert nengo.change == "lower=0.0"
    assert trained.correct[0] - nengo.correct[0] < 5 and nengo.correct[1] < 0.6 * 360


def test_a_profile_has_the_spikes_of_a_step_that_is_written_out(result):
    """With sums in float64, where no membrane of this network lies between two readings."""
    stored = shipped(FILE)
    spikes = CODES["latency"].astype(np.float64)
    total = 0
    for name in meaning.LAYERS:
        drive = 0.1 * (spikes @ stored[name].T.astype(np.float64))
        membrane, fired = np.zeros(drive.shape[1:]), []
        for x in drive:
            membrane = np.maximum(0.9 * membrane + x, 0)  # Nengo's lower bound
            fired.append(membrane > 1)
            membrane[fired[-1]] = 0
        spikes = np.array(fired, np.float64)
        total += spikes.sum()
    right = np.count_nonzero(spikes.sum(axis=0).argmax(axis=1) == LABELS)
    found = row_of(result.profiles, "nengo")
    assert (found.correct[1], found.spikes[1]) == (right, total / 360)


@pytest.mark.parametrize("own", [False, True])
def test_integers_are_those_of_a_step_that_is_written_out(result, own):
    shift, wide = (0, 5) if own else (8, 31)
    stored, spikes, total = shipped(FILE), CODES["rate"].astype(np.int64), 0
    for name in meaning.LAYERS:
        drive = 0.1 * stored[name].astype(np.float64)
        scale = 15 / np.abs(drive).max()
        weight = np.rint(scale * drive).astype(np.int64)
        assert weight.min() == -15
        low, high = -(2 ** (wide - 1)), 2 ** (wide - 1) - 1
        membrane, fired = np.zeros((360, len(weight)), np.int64), []
        for x in spikes @ weight.T:
            decayed = (membrane * 29 + 16) >> 5  # 29/32 is nearest to 0.9; halves go up
            membrane = np.clip(decayed + (x << shift), low, high)
            fired.append(membrane > round(scale * 2**shift))
            membrane[fired[-1]] = 0
        spikes = np.array(fired, np.int64)
        total += spikes.sum()
    right = np.count_nonzero(spikes.sum(axis=0).argmax(axis=1) == LABELS)
    found = row_of(result.bits, "5", "weights and membrane" if own else "weights")
    assert (found.correct[0], found.spikes[0]) == (right, total / 360)


def test_spikes_of_the_rule_that_gives_outputs_alone_are_counted_too(result):
    weight = Linear(shipped(FILE)["hidden"])
    found = meaning.by_layer(CODES["rate"][:, :20], "euler")
    run = Sequential(weight, meaning.TRAINED)(CODES["rate"][:, :20], exact=True, device="numpy")
    np.testing.assert_array_equal(found[0], run.sum(axis=0))
    fixed, floating = row_of(result.rules, "lava-fixed"), row_of(result.rules, "lava-float")
    assert fixed.spikes == pytest.approx(floating.spikes, rel=0.01)  # the hidden ones are most


# --- where the numbers are shown ----------------------------------------------------------------


def test_the_tables_of_the_guide_are_those_of_the_code(result):
    guide = (ROOT / "docs" / "guides" / "networks.md").read_text()
    shown = re.findall(r"(?:^\| .*\n)+", guide.partition("## What a difference")[2], re.MULTILINE)
    assert [table.strip() for table in shown] == list(meaning.tables(result))


def test_the_guide_says_what_is_in_the_tables(result):
    """The sentences around the tables of the guide."""
    drives = [0.1 * np.abs(shipped(FILE)[name]).max() for name in meaning.LAYERS]
    np.testing.assert_allclose(drives, (5.4, 4.2), atol=0.05)
    sinabs, trained = row_of(result.rules, "sinabs-3.1"), row_of(result.rules, "euler")
    assert all(a > 100 * b for a, b in zip(sinabs.spikes, trained.spikes, strict=True))
    widest = [row_of(result.bits, "16", change) for change in ("weights", "weights and membrane")]
    assert widest[0].correct == trained.correct > widest[1].correct


def test_the_command_prints_the_tables(capsys, result):
    assert __main__.main(["meaning"]) == 0
    assert capsys.readouterr().out == "\n\n".join(meaning.tables(result)) + "\n"
