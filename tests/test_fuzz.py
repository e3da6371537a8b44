"""Random calls with bad values, and the judge of their answers."""

import subprocess
import sys
from pathlib import Path

import pytest
from fuzzing import calls, command_line, targets

from spikecore import (
    arguments,
    decode,
    network,
    neurons,
    random,
    spikegen,
    spikeplot,
    statistics,
    utils,
    validate,
)

CALL = calls.Call(
    targets.Target("spikegen.rate", {"data": [], "num_steps": []}, ()), {"data": "'x'"}
)


def test_calls_with_bad_values_end_in_a_result_or_in_a_sentence():
    script = Path(__file__).with_name("fuzz.py")
    command = [sys.executable, str(script), "--calls", "2000", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().startswith("2000 calls in ")


def test_everything_public_is_called():
    called = {target.call for target in targets.all_targets()}
    for module in (spikegen, decode, statistics, utils, spikeplot):
        home = module.__name__.removeprefix("spikecore.")
        assert {f"{home}.{name}" for name in filter(str.islower, module.__all__)} <= called
    results = ("Run", "LayerRun", "LayerOutput", "Profile")
    names = {name for name in (*neurons.__all__, *network.__all__) if name not in results}
    assert names - {"profiles", "fixed", "exact"} <= called
    for module in (neurons.fixed, neurons.exact):
        home = module.__name__.rpartition(".")[2]
        own = {f"{home}.{name}" for name in module.__all__ if name not in ("Result", "State")}
        assert own <= called
    own = {n for n, f in vars(random).items() if getattr(f, "__module__", "") == random.__name__}
    inner = {"checked_seed", "key_of"}
    assert {f"random.{name}" for name in own if not name.startswith("_")} - {
        f"random.{name}" for name in inner
    } <= called
    assert {f"validate.{name}" for name in ("encoder", "neuron", "network")} <= called
    assert set(validate.__all__) == {"encoder", "neuron", "network", "ConformanceError", "Report"}


def test_an_argument_without_good_values_is_an_error_that_names_it_and_its_table(monkeypatch):
    monkeypatch.delitem(targets.SIGNALS, "spacing")
    sentence = "^spacing, an argument of spikegen.level_crossing, must have good values, got none; "
    sentence += "add 'spacing' to GOOD or SIGNALS in tests/fuzzing/targets.py$"
    with pytest.raises(LookupError, match=sentence):
        targets.all_targets()
    with pytest.raises(LookupError, match="add 'data' to the tables of its target in"):
        targets.target("spikegen.rate", ({"num_steps": []},))


def test_what_the_callers_own_function_raises_is_no_offence():
    (choose,) = (t for t in targets.all_targets() if t.call == "decode.choose")
    given = {"encoder": "spikegen.step_forward", "signal": "[1, 2, 0, 2.9]", "grid": "1"}
    assert calls.offence_of(calls.Call(choose, given | {"decoder": "int"})) is None
    assert calls.offence_of(calls.Call(choose, given | {"decoder": "lambda s, p: 1 / 0"})) is None


def test_styles_of_plots_are_no_positional_arguments():
    (raster,) = (t for t in targets.plot_targets() if t.call == "spikeplot.raster")
    call = calls.Call(raster, {"data": "np.eye(3)", "**color": "'red'"})
    assert str(call) == "spikeplot.raster(data=np.eye(3), color='red')"
    assert "**color" in raster.good


def refuse_by(body):
    """A function with that body, whose file seems to lie in the package."""
    names = {}
    file = f"{calls.PACKAGE}broken.py"
    exec(compile(f"def refuse(*arguments):\n    {body}\n", file, "exec"), names)
    return names["refuse"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("raise ValueError('data must be x, got y; pass x')", None),
        ("raise KeyError('data must be x, got y; pass x')", "raises KeyError"),
        ("int('x')", "a foreign ValueError"),
        ("open('/')", None),
        ("raise OSError('no')", "names no argument"),
        ("raise ValueError('data must be x,\\\\ngot y; pass x')", "a message of several lines"),
        ("raise ValueError('data must be x' + 'x'*999 + '; pass x')", "a message that is too long"),
        ("raise ValueError('it must be x, as data are; pass x')", "names no argument"),
        ("raise ValueError('data must be x, got y')", "gives no remedy"),
        ("__import__('warnings').warn('data must be x')", "raises UserWarning"),
        ("raise UnicodeError('data must be x; pass x')", "raises UnicodeError"),
        ("exec('raise ValueError(\"data must be x; pass x\")')", "a foreign ValueError"),
    ],
)
def test_an_answer_that_is_no_sentence_is_an_offence(monkeypatch, body, what):
    body = body.replace("\\\\n", "\\n")
    monkeypatch.setattr(arguments, "refuse", refuse_by(body))
    found = calls.offence_of(CALL)
    if what is None:
        assert found is None
    else:
        assert (found.what, found.call) == (what, "spikegen.rate(data='x')")
        assert found.place.startswith("broken.py:")


def test_an_error_of_the_call_itself_may_be_pythons_own():
    unknown = calls.Call(CALL.target, {"data": "0.5", "unknown": "1"})
    assert calls.offence_of(unknown) is None


def test_an_array_that_changes_and_a_file_that_appears_are_offences(monkeypatch, tmp_path):
    call = calls.Call(CALL.target, {"data": "np.ones(3)"})
    monkeypatch.setattr(spikegen, "rate", lambda data: data.fill(0))
    assert calls.offence_of(call).what == "the caller's array changed"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(spikegen, "rate", lambda data: Path("trace").touch())
    assert calls.offence_of(call).what == "files appear"
    monkeypatch.setattr(spikegen, "rate", lambda data: None)
    assert calls.offence_of(call) is None


@pytest.mark.parametrize(
    ("status", "said", "what"),
    [
        (0, "", None),
        (2, "python -m spikecore demo: --steps is x (see python -m spikecore demo --help)\n", None),
        (1, "", "another exit status than 2"),
        (2, "Traceback\n", "more or less than one line"),
        (2, "python -m spikecore: a\nb (see --help)\n", "more or less than one line"),
    ],
)
def test_a_command_that_ends_otherwise_than_in_one_line_is_an_offence(
    monkeypatch, status, said, what
):
    def end(words):
        sys.stderr.write(said)
        raise SystemExit(status)

    monkeypatch.setattr(command_line, "main", end)
    found = command_line.offence_of(["demo"])
    assert (found and found.what) == what


def test_a_command_that_raises_is_an_offence(monkeypatch):
    monkeypatch.setattr(command_line, "main", lambda words: {}[words[0]])
    assert command_line.offence_of(["demo"]).what == "raises KeyError"


def test_a_printed_call_repeats_what_was_called():
    for target in targets.all_targets():
        given = {name: good[0] or good[-1] for name, good in target.good.items()}
        text = str(calls.Call(target, given))
        compile(text, "<call>", "eval")
        assert text.startswith(target.call)
