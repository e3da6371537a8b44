"""The benchmark harness: wrong functions are refused, statistics and tables are right."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import encoders, harness
from benchmarks.harness import Case, Check, Result, Rival, Times

ROOT = Path(__file__).resolve().parent.parent
RIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def case_of(function, **options):
    check = Check("reference", function, RIGHT.copy)
    return Case("fast", "six numbers", function, checks=(check,), **options)


def wrong(values=RIGHT):
    result = values.copy()
    result[1, 0] = 7
    return result


def scripted(*seconds):
    """A clock that reads out given times."""
    remaining = list(seconds)
    return lambda function: remaining.pop(0)


def test_a_wrong_fast_function_is_refused_and_not_timed():
    calls = []
    rival = Rival("slow", lambda: calls.append(1))
    result = harness.measure(case_of(wrong, peer=rival), repeats=5)
    assert not calls and result.ours is None and not result.rivals
    reason = "reference: 1 of 6 values differ, the first at [1, 0]: got 7.0, expected 3.0"
    assert result.refusal == reason
    printed = harness.render([result])
    assert f"fast was not timed, its output is wrong: {reason}" in printed
    assert "ms" not in printed and " us" not in printed


@pytest.mark.parametrize(
    ("got", "complaint"),
    [
        (RIGHT.astype(np.float64), "got float64 of shape (2, 3), expected float32"),
        (RIGHT[:1], "of shape (1, 3), expected"),
        (np.where(RIGHT == 0, np.float32(-0.0), RIGHT), "1 of 6 values differ"),
        (np.nextafter(RIGHT, np.float32(9)), "6 of 6 values differ"),
        (RIGHT, ""),
        (RIGHT[:, ::-1].copy()[:, ::-1], ""),
    ],
    ids=["dtype", "shape", "sign of zero", "last bit", "right", "strides"],
)
def test_checks_compare_every_bit(got, complaint):
    said = Check("reference", lambda: got, lambda: RIGHT).complaint()
    assert complaint in said and bool(said) == bool(complaint)


def test_first_call_and_repeats_stay_apart():
    """The clock reads the first call, then ours and the rival's in turns."""
    clock = scripted(9.0, 3.0, 30.0, 1.0, 10.0, 2.0, 50.0)
    result = harness.measure(case_of(RIGHT.copy, peer=Rival("peer", int), clock=clock), repeats=3)
    assert result.first_call == 9
    assert (result.ours.median, result.ours.minimum) == (2, 1)
    assert (result.rivals["peer"].median, result.rivals["peer"].minimum) == (30, 10)
    assert result.speedup == 15 and result.slowdown is None


def test_every_timed_call_follows_an_untimed_one():
    log = []

    def clock(function):
        log.append("clock")
        function()

    names = ("ours", "peer", "limit")
    ours, peer, limit = (lambda name=name: log.append(name) for name in names)
    case = Case("c", "", ours, peer=Rival("p", peer), limit=Rival("l", limit), clock=clock)
    harness.measure(case, repeats=2)
    one_round = [event for name in names for event in (name, "clock", name)]
    assert log == ["clock", "ours", *one_round, *one_round]


@pytest.mark.parametrize(
    ("at_least", "at_most", "verdict"),
    [(10, 2, "yes"), (10.1, 2, "no"), (10, 1.9, "no"), (None, 2, "yes"), (None, None, "-")],
)
def test_verdicts(at_least, at_most, verdict):
    """Ours takes 2 s, the peer 20 s, the limit 1 s."""
    case = Case("c", "", int, peer=Rival("p", int, at_least), limit=Rival("l", int, at_most))
    result = Result(case, ours=Times([2.0]), rivals={"p": Times([20.0]), "l": Times([1.0])})
    assert (result.speedup, result.slowdown, result.verdict) == (10, 2, verdict)
    unjudged = replace(result, case=harness.unjudged(case))
    assert (unjudged.speedup, unjudged.verdict) == (10, "-")


def test_the_table():
    case = Case("rate", "10x4", int, 8000, peer=Rival("peer", int, 25), limit=Rival("fill", int, 3))
    times = {"peer": Times([0.08]), "fill": Times([0.001])}
    result = Result(case, first_call=1.25, ours=Times([0.004, 0.002, 0.003]), rivals=times)
    header, rule, line, *notes = harness.render([result]).splitlines()
    assert len(header) == len(rule) == len(line) and set(rule) == set("|- ")
    assert [cell.strip() for cell in header.strip("|").split("|")] == list(harness.HEADER)
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "rate",
        "3.00 ms",
        "2.00 ms",
        "1.25 s",
        "0.0",
        "peer 80.0 ms: 26.7x faster (at least 25)",
        "fill 1.00 ms: 3x (at most 3)",
        "yes",
    ]
    assert notes == ["", "- rate: 10x4"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.5, "1.50 s"),
        (0.99996, "1.00 s"),
        (0.0123456, "12.3 ms"),
        (0.123, "123 ms"),
        (0.00005, "50.0 us"),
        (1e-9, "0.00 us"),
    ],
)
def test_durations_have_three_digits(seconds, text):
    assert harness.duration(seconds) == text


def test_the_environment_names_what_a_reader_needs():
    said = "\n".join(harness.environment())
    for word in ("cores", "threads used: ", "load before", f"numpy {np.__version__}", "numba"):
        assert word in said


def test_a_quick_run():
    """Every case passes its check and is timed."""
    command = [sys.executable, "-m", "benchmarks.encoders", "--quick"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr + result.stdout
    names = [case.name for case in encoders.all_cases(2, 4)]
    lines = [line for line in result.stdout.splitlines() if line.startswith("| ")]
    assert [line.split("|")[1].strip() for line in lines[2:]] == names
    assert all("refused" not in line for line in lines)
    assert "not to be quoted" in result.stdout
