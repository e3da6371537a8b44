"""The subcommands validate, vectors and check: what they print, write and return."""

import inspect
import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from spikecore import LIF, __main__, listing, profiles, spikegen, validate
from spikecore.neurons import fixed
from spikecore.validate import command, conformance, peers
from spikecore.validate.causes import KINDS
from spikecore.validate.report import Check, Report

MODULE = """
import numpy as np
from spikecore import LIF, spikegen

def good(data, num_steps, uniforms):
    return spikegen.rate(data, num_steps, uniforms=uniforms)

def bad(data, num_steps, uniforms):
    return uniforms <= data

def neuron(current):
    return LIF(0.9).run(current)

class Holder:
    latency = staticmethod(spikegen.latency)

class Holding:
    membrane = np.float32(0)

    def clear(self):
        self.membrane = np.float32(0)

    def __call__(self, current):
        spikes, self.membrane = LIF(0.9)(current, current * 0 + self.membrane)
        return spikes, self.membrane + 1

def step(current, membrane):
    assert current.dtype == np.float64
    return LIF(0.9)(current, membrane)

number = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A folder with a module of candidates, entered."""
    (tmp_path / "their_candidates.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("their_candidates", None)


def run(*words):
    """Exit status of one command line."""
    try:
        return __main__.main([str(word) for word in words])
    except SystemExit as stop:
        return stop.code


# --- validate ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidate", "against", "more"),
    [
        ("good", "rate", ()),
        ("neuron", "snntorch-1.0", ()),
        ("neuron", "snntorch-1.0", ("--set", "decay=0.9", "--strict")),
        ("Holder.latency", "latency", ("--set", "num_steps=9", "--set", "normalize=sample")),
        (
            "Holder.latency",
            "latency",
            (
                "--set",
                "num_steps=9",
                "--set",
                "linear=true",
                "--set",
                "normalize=False",
                "--set",
                "bypass=TRUE",
            ),
        ),
        ("step", "snntorch-1.0", ("--dtype", "float64", "--form", "step", "--initial", "0")),
        ("Holding", "snntorch-1.0", ("--form", "stateful", "--reset", "clear", "--no-states")),
        ("Holding", "snntorch-1.0", ("--no-states", "--set", "reset=subtract", "--band", "0")),
        (
            "good",
            "rate",
            (
                "--dtype",
                "float64",
                "--arrays",
                "numpy",
                "--stream",
                "own",
                "--draws",
                "8192",
                "--false-alarm",
                "1e-9",
            ),
        ),
    ],
)
def test_what_conforms_ends_with_0(module, capsys, candidate, against, more):
    assert run("validate", f"their_candidates:{candidate}", "--as", against, *more) == 0
    assert "conforms to" in capsys.readouterr().out


def test_every_argument_of_the_functions_has_its_option():
    def own(function):
        return {
            name for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }  # fmt: skip

    for function, other in ((validate.neuron, command.ENCODER), (validate.encoder, command.NEURON)):
        known = {name for name, _, _, of, _ in command.SETTINGS if of != other} | {"strict"}
        known |= {"states"} if function is validate.neuron else {"data_dtype"}
        assert own(function) <= known
        assert known - {"dtype"} <= own(function)
        assert own(function) <= set(command.OWN_OPTIONS)


def test_what_the_options_say_reaches_the_function(module, capsys):
    words = ("validate", "their_candidates:Holding", "--as", "snntorch-1.0", "--json", "r.json")
    assert run(*words, "--band", "2.5") == 1
    notes = json.loads(Path("r.json").read_text())["notes"]
    assert "rounding means within 2.5 ulp" in notes
    assert run("validate", "their_candidates:bad", "--as", "rate", "--band", "0") == 1
    assert "rounding means within 0 ulp" in capsys.readouterr().out


def test_a_file_is_named_as_well_as_a_module(module, capsys):
    folder = module / "elsewhere"
    folder.mkdir()
    (folder / "beside.py").write_text("from spikecore import LIF\nNEURON = LIF(0.9)\n")
    (folder / "random.py").write_text("from beside import NEURON\nrun = NEURON.run\n")
    file = folder / "random.py"
    assert run("validate", f"{file}:run", "--as", "snntorch-1.0") == 0
    assert run("validate", "elsewhere/random.py:run", "--as", "snntorch-1.0") == 0
    assert not str(sys.modules["random"].__file__).startswith(str(module))
    for text in ("elsewhere/nosuch.py:run", "elsewhere/random.py:nosuch"):
        capsys.readouterr()
        assert run("validate", text, "--as", "snntorch-1.0") == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_what_does_not_ends_with_1_and_is_explained(module, capsys):
    words = ("validate", "their_candidates:bad", "--as", "rate")
    assert run(*words, "--html", "report.html", "--json", "report.json") == 1
    assert "you spike where u <= p" in capsys.readouterr().out
    assert json.loads(Path("report.json").read_text())["passed"] is False
    assert "<svg" in Path("report.html").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "MODULE:FUNCTION and --as must be given together"),
        (("their_candidates:good",), "MODULE:FUNCTION and --as must be given together"),
        (("their_candidates", "--as", "rate"), "is not of the form MODULE:FUNCTION"),
        (("no_such_module:f", "--as", "rate"), "module 'no_such_module' cannot be imported"),
        (("their_candidates:nosuch", "--as", "rate"), "has no 'nosuch'"),
        (("their_candidates:number", "--as", "rate"), "is an int; name something callable"),
        (("their_candidates:good", "--as", "nosuch"), "against must be one of"),
        (("their_candidates:good", "--as", "rate", "--set", "num_steps"), "NAME=VALUE"),
        (("their_candidates:good", "--as", "rate", "--set", "nosuch=1"), "options must be"),
        (("their_candidates:good", "--as", "rate", "--set", "gain={[]}"), "got '{[]}'; pass a"),
        (("their_candidates:good", "--as", "rate", "--set", f"gain={'-' * 9999}1"), "got '----"),
        (("their_candidates:good", "--as", "rate", "--markdown", "x"), "--markdown goes with"),
        (("their_candidates:good", "--as", "rate", "--timeout", "-1"), "timeout must lie in"),
        (("their_candidates:good", "--as", "rate", "--form", "step"), "--form is for a neuron"),
        (("their_candidates:good", "--as", "rate", "--no-states"), "--no-states is for a neuron"),
        (("their_candidates:neuron", "--as", "lava", "--draws", "9"), "--draws is for an encoder"),
        (("their_candidates:neuron", "--as", "lava", "--form", "x"), "form must be one of"),
        (("their_candidates:neuron", "--as", "lava", "--dtype", "int8"), "dtype must be float32"),
        (("their_candidates:neuron", "--as", "lava", "--reset", "x"), "reset_call must be"),
        (("their_candidates:good", "--as", "rate", "--set", "band=1"), "write --band ULP"),
        (("x:y", "--peer", "norse"), "take no MODULE:FUNCTION"),
        (("--peer", "nosuch"), "invalid choice: 'nosuch'"),
    ],
)
def test_bad_usage_ends_with_2_and_one_sentence(module, capsys, words, sentence):
    assert run("validate", *words) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1 and "Traceback" not in told


def test_a_module_that_fails_to_import_is_told(module, capsys):
    Path("broken_candidates.py").write_text("1 / 0")
    assert run("validate", "broken_candidates:f", "--as", "rate") == 2
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().err


def test_a_module_that_ends_the_program_is_told(module, capsys):
    Path("quitting_candidates.py").write_text("raise SystemExit(4)")
    assert run("validate", "quitting_candidates:f", "--as", "rate") == 2
    assert "cannot be imported (SystemExit: 4); correct" in capsys.readouterr().err
    Path("silent_candidates.py").write_text("raise RuntimeError")
    assert run("validate", "silent_candidates:f", "--as", "rate") == 2
    assert "cannot be imported (RuntimeError); correct" in capsys.readouterr().err


def test_an_object_whose_attributes_cannot_be_read_has_none(module, capsys):
    text = "class Closed:\n    def __getattr__(self, name):\n        raise KeyError(name)\n"
    Path("closed_candidates.py").write_text(f"{text}held = Closed()")
    assert run("validate", "closed_candidates:held.f", "--as", "rate") == 2
    assert "'closed_candidates' has no 'held.f'; correct" in capsys.readouterr().err


def test_the_command_knows_what_the_package_knows():
    assert command.KINDS == KINDS
    assert tuple(peers.PEERS) == command.PEERS


# --- peers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", peers.PEERS)
def test_a_library_that_is_not_installed_is_named_in_one_sentence(name, capsys, monkeypatch):
    title, package, _ = peers.PEERS[name]
    monkeypatch.setitem(sys.modules, package, None)
    assert run("validate", "--peer", name) == 2
    told = capsys.readouterr().err
    assert f"needs {title}, but the package {package!r} is not installed" in told
    assert told.count("\n") == 1


def test_the_name_to_install_is_that_of_the_package_index(capsys, monkeypatch):
    for peer, distribution in (("spikify", "innuce-spikify"), ("nest", "nest-simulator"),
                               ("brian2", "brian2")):  # fmt: skip
        monkeypatch.setitem(sys.modules, peer, None)
        assert run("validate", "--peer", peer) == 2
        assert f"python -m pip install {distribution}" in capsys.readouterr().err


def test_a_claim_may_be_of_float64_and_of_a_wider_band():
    lif = LIF.profile("brian2")
    claim = peers.Claim("call", "brian2", lif.run, dtype=np.float64, band=400)
    assert claim.compared == "`brian2`, within 400 ulp"
    report = claim.report()
    assert report.verdict == "exact"
    assert report.notes[0] == "called with whole sequences, in float64"
    assert report.notes[1] == "rounding means within 400 ulp"
    assert peers.Claim("call", "brian2", lif.run).compared == claim.subject == "`brian2`"


@pytest.fixture
def invented(monkeypatch):
    """One library that is there, and one that is not."""

    def claims():
        neuron = LIF.profile("norse-box")
        yield peers.Claim("Box()", "norse-box", neuron.run, {})
        yield peers.Claim("Box(soft)", "norse-box-subtract", neuron.run, {})
        yield peers.Claim("code(x)", "delta", lambda data: np.abs(data) > 7, {"threshold": 0.2})

    def missing():
        raise AssertionError("not imported")

    both = {"norse": ("Boxes", "numpy", claims), "sinabs": ("Absent", "no_such_package", missing)}
    monkeypatch.setattr(peers, "PEERS", both)
    monkeypatch.setattr(command, "PEERS", tuple(both))


def test_a_library_is_run_call_by_call(invented, capsys):
    assert run("validate", "--peer", "norse") == 1
    told = capsys.readouterr().out
    assert told.startswith(f"Boxes {np.__version__}")
    assert "equal                 Box()" in told and "WRONG                 Box(soft)" in told
    assert "compared with norse-box-subtract" in told and "set the membrane to 0.0" in told


def test_one_call_prints_its_whole_report(invented, capsys, tmp_path):
    path = tmp_path / "one.html"
    assert run("validate", "--peer", "norse", "--only", "soft", "--html", path) == 1
    assert "Checks:" in capsys.readouterr().out and path.exists()
    assert run("validate", "--peer", "norse", "--only", "Box()") == 0
    assert run("validate", "--peer", "norse", "--only", "nothing") == 2


def test_two_reports_do_not_fit_one_file(invented, capsys, tmp_path):
    assert run("validate", "--peer", "norse", "--json", tmp_path / "x.json") == 2
    assert "choose one call with --only TEXT" in capsys.readouterr().err


def test_the_page_says_where_and_why(invented, capsys, tmp_path):
    path = tmp_path / "page.md"
    assert run("validate", "--all-peers", "--markdown", path) == 1
    assert "not installed: sinabs" in capsys.readouterr().out
    page = path.read_text(encoding="utf-8")
    assert conformance.COMMAND in page and f"## Boxes {np.__version__}" in page
    assert "| `Box()` | `norse-box` | equal | - |" in page
    assert "| `Box(soft)` | `norse-box-subtract` | WRONG | you set the membrane" in page
    assert "`spikegen.delta(threshold=0.2)`" in page
    assert "Not installed, so not run: sinabs." in page
    assert "reset in the same step, set the membrane to 0.0" in page


def test_a_failed_call_is_shown_by_its_sentence():
    report = Report("a", "b", (Check("one", "exact"), Check("two", "failed", "it raised")))
    assert list(conformance._why(report)) == ["two: it raised", "other trials: equal"]
    alone = Report("a", "b", (Check("two", "failed", "it raised"),))
    assert list(conformance._why(alone)) == ["two: it raised"]


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "kind", "known"), [(0, LIF, profiles()), (1, fixed.LIF, fixed.profiles())]
)
def test_every_profile_has_its_row(table, kind, known, capsys):
    assert run("profiles") == 0
    _, *rows = capsys.readouterr().out.split("\n\n")[table].splitlines()
    assert [row.split()[0] for row in rows] == list(known)
    for row, (name, profile) in zip(rows, known.items(), strict=True):
        for part in (profile.simulator, profile.version, str(kind.profile(name))):
            assert part in row


def test_every_axis_has_its_options_and_its_meaning(capsys):
    assert run("axes") == 0
    printed = capsys.readouterr().out
    heads = [line for line in printed.splitlines() if not line.startswith(" ")]
    assert [head.split(":")[0] for head in heads] == [field.name for field in fields(LIF)]
    assert heads[0] == "decay: float or array_like, must be given"
    assert """reset_at: {"next", "same", "exchange"}, 'next' by default""" in heads
    assert printed.rstrip().endswith("    Positive; how steep the exponential map is, delta_T.")
    assert len(printed.splitlines()) >= 2 * len(heads) and "Raises" not in printed


@pytest.mark.parametrize("kind", KINDS)
def test_the_profiles_and_the_axes_of_every_code_are_listed(kind, capsys):
    assert run("axes", kind) == 0
    printed = capsys.readouterr().out
    heads = [line.split(":")[0] for line in printed.splitlines() if not line.startswith(" ")]
    known = inspect.signature(getattr(spikegen, kind)).parameters
    assert heads == [name for name in known if name not in listing.HOW]
    assert all(f"    {line}" not in printed.splitlines() for line in ("Returns", "Raises"))
    assert run("profiles", kind) == 0
    rows = capsys.readouterr().out.splitlines()
    names = [name for name, profile in spikegen.profiles().items() if kind in profile.codes]
    if names:
        assert [row.split()[0] for row in rows] == ["name", *names]
    else:
        assert rows == [f"{kind} has no profiles"]


def test_an_axis_of_a_code_has_its_options_and_its_meaning(capsys):
    assert run("axes", "step_forward") == 0
    printed = capsys.readouterr().out
    assert """compare: {">", ">="}, None by default""" in printed
    assert "    Whether a sample at the edge of the band spikes" in printed
    assert run("axes", "nosuch") == 2


# --- vectors and check ---------------------------------------------------------------------------


def test_vectors_are_written_and_checked(tmp_path, capsys):
    folder = tmp_path / "vectors"
    assert run("vectors", folder) == 0
    assert f"files in {folder}" in capsys.readouterr().out
    assert run("check", folder, folder, "--strict", "--json", tmp_path / "r.json") == 0
    assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "exact"
    mine = tmp_path / "mine"
    mine.mkdir()
    np.savez(mine / "delta-off.npz", spikes=np.zeros((32, 15, 4)))
    assert run("check", folder, mine) == 1
    assert "delta: you never spike" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("vectors",), "DIR must be given, or --matrix"),
        (("check", "nowhere", "nowhere"), "cannot be read (No such file or directory)"),
        (("check", "nowhere"), "the following arguments are required: RESULTS"),
    ],
)
def test_bad_folders_end_with_2(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    assert sentence in capsys.readouterr().err


def test_the_matrix_is_printed(monkeypatch, capsys):
    monkeypatch.setattr("spikecore.validate.vectors.outcomes", lambda: ["an outcome"])
    monkeypatch.setattr("spikecore.validate.vectors.matrix", lambda found: f"of {found}")
    assert run("vectors", "--matrix") == 0
    assert capsys.readouterr().out == "of ['an outcome']\n"
