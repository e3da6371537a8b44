"""What a report says and holds, and how failing candidates and incomplete results are told."""

import json
import platform
import re
from datetime import date
from xml.etree import ElementTree

import numpy as np
import pytest

from spikecore import LIF, __main__, __version__, spikegen, validate
from spikecore.validate import files, results, vectors
from spikecore.validate.follow import follow, walk
from spikecore.validate.pictures import cut
from spikecore.validate.pictures import picture as picture_of
from spikecore.validate.report import Check, Report
from spikecore.validate.subject import Observed

SVG = "{http://www.w3.org/2000/svg}"
MODULE = """
def neuron_step(current, membrane):
    return current > 1, membrane
"""


def run(*words):
    """Exit status of one command line."""
    try:
        return __main__.main([str(word) for word in words])
    except SystemExit as stop:
        return stop.code


# --- reports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("verdict", ["exact", "rounding", "wrong", "failed"])
def test_a_report_is_true_when_the_candidate_conforms(verdict, strict):
    report = Report("reference", "candidate", (Check("name", verdict),), strict=strict)
    assert bool(report) == report.passed
    assert bool(report) == (verdict == "exact" or (verdict == "rounding" and not strict))


@pytest.mark.parametrize("word", ["BODY", "TITLE", "{body}", "$body"])
def test_a_name_is_never_taken_for_a_place_in_the_page(word):
    check = Check("name", "exact", "a detail")
    page = Report(f"{word} of", word, (check,)).to_html()
    assert f"<h1>{word} against {word} of</h1>" in page
    assert page.count("<html") == page.count("<h1>") == page.count("a detail") == 1


def test_a_report_says_what_made_it_and_when():
    report = validate.neuron(LIF(0.9))
    stored = json.loads(report.to_json())
    made = {"spikecore": __version__, "Python": platform.python_version(), "NumPy": np.__version__}
    assert stored["versions"] == made
    assert abs((date.fromisoformat(stored["date"]) - date.today()).days) <= 1  # it is in UTC
    for text in (str(report), report.to_html()):
        assert all(f"{name} {version}" in text for name, version in made.items())
        assert stored["date"] in text


def test_the_short_form_of_a_report_is_a_line():
    report = validate.neuron(LIF(0.9, compare=">="), "snntorch-1.0")
    assert repr(report) == "<Report wrong: LIF against snntorch-1.0, 7 checks>"


def test_a_notebook_shows_the_report_without_touching_its_own_style():
    report = validate.neuron(LIF(0.9, compare=">="), "snntorch-1.0")
    shown = report._repr_html_()
    assert shown.startswith('<div class="spikecore-report">') and shown.endswith("</div>\n")
    assert shown in report.to_html() and "<body" not in shown
    style = shown[shown.index("<style>") + 7 : shown.index("</style>")].strip()
    assert style.startswith(".spikecore-report {") and style.endswith("} }")


def pictures_of(report):
    """The pictures in the page of a report, as trees."""
    found = re.findall(r"<svg.*?</svg>", report.to_html(), re.S)
    return [ElementTree.fromstring(text) for text in found]


def texts(picture):
    return ["".join(element.itertext()) for element in picture.iter(f"{SVG}text")]


def test_the_membrane_is_drawn_where_only_it_differs():
    def shifted(current):
        done = LIF(0.9).run(current)
        return done.spikes, done.recorded["membrane"] + np.float32(0.25)

    report = validate.neuron(shifted)
    pictures = pictures_of(report)
    assert len(pictures) == 3
    for picture in pictures:
        assert "membrane: expected, candidate" in texts(picture)[0]
        wanted, got = list(picture.iter(f"{SVG}polyline"))[:2]
        for above, below in zip(
            got.get("points").split(), wanted.get("points").split(), strict=True
        ):
            (x, high), (same, low) = (map(float, point.split(",")) for point in (above, below))
            assert x == same and high < low  # heights count downwards
    spikes_too = validate.neuron(LIF(0.9, compare=">="), "snntorch-1.0")
    assert not any(list(picture.iter(f"{SVG}polyline")) for picture in pictures_of(spikes_too))


def test_pictures_of_spikes_come_before_those_of_membranes():
    def report_of_both(current):
        done = LIF(0.9).run(current)
        late = len(current) > 30  # not the first trials
        return done.spikes * (not late), done.recorded["membrane"] + np.float32(0.25)

    shown = validate.neuron(report_of_both).trains
    assert [trains.membranes for trains in shown] == sorted(trains.membranes for trains in shown)
    assert not shown[0].membranes


def test_the_time_axis_has_a_number_every_ten_steps():
    report = validate.neuron(LIF(0.9, compare=">="), "snntorch-1.0")
    for trains, picture in zip(report.trains, pictures_of(report), strict=True):
        last = trains.first_step + len(trains.expected)
        numbers = [int(text) for text in texts(picture) if text.isdecimal()]
        assert numbers == list(range(-(-trains.first_step // 10) * 10, last, 10))
        assert texts(picture)[-1] == "step"


def test_a_cut_begins_where_the_difference_is_in_its_middle():
    wanted = Observed(np.zeros((200, 3)))
    got = Observed(wanted.spikes.copy())
    got.spikes[103, 1] = 1
    trains = cut("late", wanted, got, (103, 1))
    assert trains.first_step == 63 and trains.elements == ((1,),)
    assert np.flatnonzero(trains.actual[:, 0]).tolist() == [40]
    picture = ElementTree.fromstring(picture_of(trains))
    numbers = [text for text in texts(picture) if text.isdecimal()]
    assert numbers == [str(step) for step in range(70, 143, 10)]
    ticks = {element.get("x"): element.text for element in picture.iter(f"{SVG}text")}
    assert ticks["137.5"] == "70"  # its middle: 70 + 7.5 cells of 9


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_observed_rates_are_drawn_against_expected_ones(share):
    random = np.random.default_rng(3)

    def code(data):
        return random.random((512, *data.shape)) < share * data

    report = validate.encoder(code, "rate", draws=2**16)
    assert report.passed == (share == 1)
    (rates,) = report.trains
    band = 5 * rates.spread
    assert ((np.abs(rates.actual - rates.expected) <= band).all()) == (share == 1)
    (picture,) = pictures_of(report)
    dots = list(picture.iter(f"{SVG}path"))[-1].get("d")
    assert dots.count("M") == rates.expected.size
    assert "expected within 4 standard deviations, observed" in texts(picture)[0]


# --- failing candidates --------------------------------------------------------------------------


class SpeechlessError(Exception):
    """An exception that cannot be printed."""

    def __str__(self):
        raise ValueError("no words")


def test_an_exception_that_cannot_be_printed_is_told():
    def speechless(current):
        raise SpeechlessError

    (check,) = validate.neuron(speechless).checks
    assert check.detail.startswith("it raised SpeechlessError: its message cannot be had")
    assert "ValueError" in check.detail


def test_one_reason_for_every_failure_is_said_once():
    def raises(current):
        raise RuntimeError("out of luck")

    report = validate.neuron(raises)
    assert str(report).count("out of luck") == 1
    (check,) = report.checks
    assert check.name == "pulses, pulses again, grid, random, strong, edge, batch"


@pytest.mark.parametrize("kind", ["neuron", "delta", "rate"])
def test_an_interrupt_in_a_candidate_interrupts(kind):
    def interrupted(array):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        if kind == "neuron":
            validate.neuron(interrupted)
        else:
            validate.encoder(interrupted, kind)


def test_a_neuron_in_the_place_of_an_encoder_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "their_neurons.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert run("validate", "their_neurons:neuron_step", "--as", "rate") == 1
    assert "its spikes have shape" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("timeout=3", "--timeout SECONDS"),
        ("strict=True", "--strict"),
        ("kind=1", "--as KIND"),
        ("against=1", "--as PROFILE"),
        ("candidate=1", "MODULE:FUNCTION"),
    ],
)
def test_an_option_of_its_own_is_not_set_as_an_argument(setting, remedy, capsys):
    assert run("validate", "numpy:sin", "--as", "rate", "--set", setting) == 2
    told = capsys.readouterr().err
    assert f"it is an option of its own; write {remedy}" in told
    assert told.count("\n") == 1


# --- results of vectors --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    files.write(folder)
    return folder


def store(folder, *names):
    """The results of the vectors of these names, as files; all are right."""
    stored = {vector.name: vector.observed for vector in vectors.every()}
    for name in names:
        np.savez(folder / f"{name}.npz", spikes=stored[name].spikes)
    return folder


def test_the_headline_counts_what_was_run(written, tmp_path):
    report = results.check(written, store(tmp_path, "delta-off"))
    total = len(vectors.every())
    assert report.passed
    assert str(report).splitlines()[0].endswith(f": 1 of {total} run, all equal")
    np.savez(tmp_path / "delta.npz", spikes=np.zeros((32, 15, 4)))
    headline = str(results.check(written, tmp_path)).splitlines()[0]
    assert headline.endswith(f": 2 of {total} run, WRONG")


def test_what_is_required_must_be_among_the_results(written, tmp_path, capsys):
    names = "delta-off", "delta"
    store(tmp_path, *names)
    some = [word for name in names for word in ("--require", name)]
    assert run("check", written, tmp_path, *some) == 0
    capsys.readouterr()
    assert run("check", written, tmp_path, *some, "--require", "lif-sinabs") == 1
    assert "1 required vectors were not run, lif-sinabs; run them too" in capsys.readouterr().out
    assert run("check", written, tmp_path, "--require", "all") == 1
    assert f"{len(vectors.every()) - 2} required vectors were not run" in capsys.readouterr().out
    assert run("check", written, written, "--require", "all") == 0


def test_a_vector_that_is_not_known_cannot_be_required(written, capsys):
    assert run("check", written, written, "--require", "delta-of") == 2
    assert "--require must name a vector" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["delta-of.npz", "lif.spikes.hex", "lif.membrane.txt"])
def test_a_file_of_no_vector_is_complained_about(written, tmp_path, name):
    store(tmp_path, "delta-off")
    assert results.check(written, tmp_path).passed
    (tmp_path / "notes.txt").write_text("not a result")
    assert results.check(written, tmp_path).passed
    (tmp_path / name).write_text("0")
    report = results.check(written, tmp_path)
    assert not report.passed
    (complaint,) = (check for check in report.checks if check.verdict != "exact")
    assert (complaint.name, complaint.verdict) == (name, "failed")
    assert "no vector has the name of this file" in str(report)


def test_a_membrane_without_spikes_is_complained_about(written, tmp_path):
    name = "lif-snntorch"
    (tmp_path / f"{name}.membrane.hex").write_text((written / f"{name}.membrane.hex").read_text())
    (check,) = results.check(written, tmp_path).checks
    assert (check.name, check.verdict) == (name, "failed")
    assert "has a membrane without spikes; write lif-snntorch.spikes.hex too" in check.detail


def test_a_manifest_without_vectors_is_refused(tmp_path, capsys):
    files.write(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "vectors": []}))
    assert run("check", tmp_path, tmp_path) == 2
    assert "lists no vectors; write the vectors anew" in capsys.readouterr().err


# --- the reference stepped by hand ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_membrane_of_nan_never_wins(dtype):
    """Infinity times a decay of 0 is NaN, which SPEC.md lets fire never."""
    lif = LIF(0.0, gain=1e30, inhibition=True)
    current = np.array([[0, 1, 2], [0, 3, 1], [1, 1, 1]], dtype)
    current[0, 0] = np.finfo(dtype).max
    with np.errstate(over="ignore", invalid="ignore"):
        done = lif.run(current, device="numpy")
    assert np.isnan(done.recorded["membrane"]).any()
    walked = walk(lif, current).observed
    np.testing.assert_array_equal(walked.spikes, done.spikes)
    np.testing.assert_array_equal(walked.membrane, done.recorded["membrane"])
    assert done.spikes[1].tolist() == [0, 1, 0]  # not the first, whose membrane is NaN
    if dtype == np.float64:  # in which the spikes alone are followed
        steps = follow(lif, current, Observed(done.spikes))
        np.testing.assert_array_equal(steps.spikes, done.spikes)
        assert not steps.wrong_spikes.any()


def test_walking_without_a_mistake_is_the_reference():
    for vector in vectors.every():
        if vector.group == "neuron":
            walked = walk(vector.trial.subject.lif, vector.trial.inputs).observed
            np.testing.assert_array_equal(walked.spikes, vector.observed.spikes)
            np.testing.assert_array_equal(walked.membrane, vector.observed.membrane)


def test_an_encoder_is_told_from_its_reference_under_every_shared_cause():
    def late(data):
        spikes = spikegen.delta(data)
        return np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])

    assert validate.encoder(late, "delta").causes[0] == "late"
