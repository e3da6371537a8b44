"""The benchmark harness: wrong functions are refused, statistics, tables and comparisons hold."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as everything
from benchmarks import (
    encoders,
    harness,
    machine,
    neurons,
    report,
    run,
    scale,
    scaling,
    signals,
    startup,
)
from benchmarks.harness import Case, Check, Measured, Result, Rival
from spikecore import spikegen

ROOT = Path(__file__).resolve().parent.parent
RIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)
TINY = run.Scale(2, 4, 5, 3)


def case_of(function, **options):
    check = Check("reference", function, RIGHT.copy)
    return Case("six numbers", function, checks=(check,), **options)


def wrong(values=RIGHT):
    result = values.copy()
    result[1, 0] = 7
    return result


def scripted(*seconds):
    """A clock that reads out given times."""
    remaining = list(seconds)
    return lambda function: remaining.pop(0)


REASON = "1 of 6 values differ, the first at [1, 0]: got 7.0, expected 3.0"


def test_a_wrong_fast_function_is_refused_and_not_timed():
    calls = []
    rival = Rival("slow", lambda: calls.append(1))
    result = harness.measure("fast", case_of(wrong, peers=(rival,)), repeats=5)
    assert not calls and not result.repeats and not result.peers and result.verdict == "-"
    assert result.refusal == f"reference: {REASON}"
    printed = report.render([result])
    assert f"fast was not timed, its output is wrong: reference: {REASON}" in printed
    assert "ms" not in printed and " us" not in printed


def test_a_kernel_that_forgets_the_last_step_is_refused(monkeypatch):
    """A real case, whose fast function is wrong in a single spike."""

    def forgetful(*arguments, device=None, **options):
        spikes = rate(*arguments, device=device, **options)
        if device is None:
            spikes[-1, 0, 0] = 1 - spikes[-1, 0, 0]
        return spikes

    rate = spikegen.rate
    monkeypatch.setattr(spikegen, "rate", forgetful)
    result = harness.measure("rate", encoders.cases(TINY)["rate, uint8"](), repeats=3)
    assert "numpy backend: 1 of 6272 values differ, the first at [3, 0, 0]" in result.refusal


def test_a_peer_that_gives_something_else_is_refused_alone():
    """The others of its row are timed."""
    calls = []
    peers = (
        Rival("other", wrong, 3, Check("other", wrong, RIGHT.copy)),
        Rival("same", RIGHT.copy, 0, Check("same", RIGHT.copy, RIGHT.copy), "its profile"),
    )
    clock = scripted(1.0, 2.0, 4.0)
    case = case_of(RIGHT.copy, peers=peers, clock=lambda f: (calls.append(f), clock(f))[1])
    result = harness.measure("fast", case, repeats=1)
    assert wrong not in calls and len(calls) == 3
    assert [one.refusal for one in result.peers] == [f"other: {REASON}", ""]
    assert [result.speedup(one) for one in result.peers] == [None, 2]
    assert result.verdict == "yes"
    printed = report.render([result])
    assert "other: refused; same [its profile] 4.00 s: 2x faster (at least 0)" in printed
    assert f"other was not timed in fast, its output is another: other: {REASON}" in printed


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
    said = Check("reference", lambda: (RIGHT, got), lambda: (RIGHT, RIGHT)).complaint()
    assert complaint in said and bool(said) == bool(complaint)
    assert said.startswith("reference, array 1: ") or not said


def test_a_missing_array_is_a_difference():
    said = Check("reference", lambda: (RIGHT,), lambda: (RIGHT, RIGHT)).complaint()
    assert said == "reference: got 1 arrays, expected 2"


def test_first_call_and_repeats_stay_apart():
    """The clock reads the first call, then ours and the rival's in turns."""
    clock = scripted(9.0, 3.0, 30.0, 1.0, 10.0, 2.0, 50.0)
    case = case_of(RIGHT.copy, peers=(Rival("peer", int),), clock=clock)
    result = harness.measure("fast", case, repeats=3)
    assert result.first_call == 9
    assert (result.median, result.minimum, result.repeats) == (2, 1, 3)
    [peer] = result.peers
    assert (peer.median, peer.minimum) == (30, 10)
    assert result.speedup(peer) == 15 and result.slowdown is None


def test_every_timed_call_follows_an_untimed_one():
    log = []

    def clock(function):
        log.append("clock")
        function()

    names = ("ours", "peer", "limit")
    ours, peer, limit = (lambda name=name: log.append(name) for name in names)
    harness._in_turns({"": ours, "p": peer, "l": limit}, clock, 2, 60)
    assert log == [event for name in names for event in (name, "clock", name)] * 2


def test_time_ends_the_turns_but_not_before_the_third():
    times = harness._in_turns({"": int}, lambda function: 1.0, 100, 0)
    assert times == {"": [1.0] * 3}


@pytest.mark.parametrize(
    ("at_least", "within", "at_most", "verdict"),
    [
        (10, 2, 2.0, "yes"),
        (10.1, 2, None, "no"),
        (10, 1.9, None, "no"),
        (10, 2, 1.9, "no"),
        (None, 2, None, "yes"),
        (None, None, None, "-"),
    ],
)
def test_verdicts(at_least, within, at_most, verdict):
    """Ours takes 2 s, the peer 20 s, the limit 1 s."""
    peer = Rival("p", int, at_least)
    clock = scripted(9.0, 2.0, 20.0, 1.0, 9.0, 2.0, 20.0, 1.0)
    case = Case("", int, peers=(peer,), limit=Rival("l", int, within), at_most=at_most, clock=clock)
    result = harness.measure("c", case, 1)
    assert (result.speedup(result.peers[0]), result.slowdown, result.verdict) == (10, 2, verdict)
    assert harness.measure("c", case, 1, judge=False).verdict == "-"


RESULT = Result(
    "rate", "10x4", first_call=1.25, repeats=3, median=0.003, minimum=0.002, bytes_moved=8000,
    peers=[Measured("peer", 25, median=0.08, minimum=0.07)],
    limit=Measured("fill", 3, median=0.001, minimum=0.001),
)  # fmt: skip


def test_the_table():
    header, rule, line, *notes = report.render([RESULT]).splitlines()
    assert len(header) == len(rule) == len(line) and set(rule) == set("|- ")
    assert [cell.strip() for cell in header.strip("|").split("|")] == list(report.HEADER)
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "rate",
        "3.00 ms",
        "2.00 ms",
        "1.25 s",
        "0.0",
        "peer 80.0 ms: 26.7x faster (at least 25)",
        "fill 1.00 ms: 3x (at most 3)",
        "33 %",
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
    assert report.duration(seconds) == text


def test_the_machine_says_what_a_reader_needs():
    described = machine.describe()
    assert json.loads(json.dumps(described)) == described
    said = "\n".join(machine.lines(described))
    for word in ("cores", "threads used", "load before", f"numpy {np.__version__}", "numba"):
        assert word in said


# --- against older results ----------------------------------------------------------------------


def slower(times):
    return replace(RESULT, median=RESULT.median * times)


@pytest.mark.parametrize(("times", "passed"), [(0.5, True), (1.4, True), (1.6, False)])
def test_what_is_compared_is_the_ratio_to_the_memory_limit(times, passed):
    lines, held = report.compare([RESULT], [slower(times)])
    assert held == passed and (", more than 1.5: SLOWER" in lines[0]) != passed
    machine_twice_as_slow = replace(slower(2), limit=replace(RESULT.limit, median=0.002))
    assert report.compare([RESULT], [machine_twice_as_slow])[1]


def test_a_row_that_is_refused_now_fails_and_a_new_one_does_not():
    refused = Result("rate", "10x4", refusal="wrong")
    assert report.compare([RESULT], [refused]) == (["rate: refused now, wrong"], False)
    assert report.compare([], [RESULT]) == ([], True)
    assert report.compare([refused], [RESULT]) == ([], True)


# --- whole runs ---------------------------------------------------------------------------------


def test_a_run_writes_results_that_load_again_and_can_be_compared(tmp_path, capsys):
    chosen = ["--quick", "--only", "delta, int8", "--repeats", "1", "--out", str(tmp_path)]
    assert encoders.main(chosen) == 0
    printed = capsys.readouterr().out
    assert "| delta, int8 |" in printed and "not to be quoted" in printed
    described, [result] = report.load(tmp_path / "results.json")
    assert result.name == "delta, int8" and result.median > 0 and "load after" in described
    assert report.page(described, [result]) == (tmp_path / "results.md").read_text()
    again = [*chosen, "--compare", str(tmp_path / "results.json"), "--tolerance"]
    assert encoders.main([*again, "1e9"]) == 0
    assert encoders.main([*again, "0"]) == 1
    assert "more than 0: SLOWER" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (encoders, "latency, linear"),
        (signals, "sigma_delta"),
        (signals, "bsa"),
        (neurons, "Leaky, uint8 spikes alone"),
        (neurons, "network, 10 %"),
        (scaling, "Leaky, 10^3"),
        (scaling, "rate, all threads"),
    ],
)
def test_a_case_of_each_kind_passes_its_checks(part, name):
    result = harness.measure(name, part.cases(TINY)[name](), repeats=1)
    assert not result.refusal and result.repeats == 1
    assert not [one for one in result.peers if one.refusal]


def test_names_are_distinct_and_the_designs_rows_are_there():
    parts = [startup.imports, encoders.cases, signals.cases, neurons.cases, scaling.cases]
    names = [name for part in parts for name in part(run.FULL)]
    assert len(set(names)) == len(names)
    assert set(report.README_CASES) <= set(names)


def test_pictures_are_drawn(tmp_path):
    curve = [
        replace(RESULT, series="rate", size=10**power, median=10**power / 1e9) for power in range(4)
    ]
    assert len(report.plot(tmp_path, [RESULT, *curve])) == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "speedups.png",
        "time_against_size.png",
    ]
    assert report.plot(tmp_path, []) == []


# --- the README ---------------------------------------------------------------------------------


def test_the_readme_has_the_table_of_the_committed_results(tmp_path, capsys):
    readme = (ROOT / "README.md").read_text()
    written = tmp_path / "README.md"
    written.write_text(readme.replace(report.BEGIN, f"{report.BEGIN}\nan older table"))
    assert everything.main(["--readme", str(written)]) == 0
    assert written.read_text() == readme, "run python -m benchmarks --readme README.md"
    section = readme.split(report.BEGIN)[1].split(report.END)[0]
    assert "`out=` is given" in section and "not yet measured on a GPU" in section
    described, results = report.load(everything.RESULTS)
    assert described["cpu"] in section and "snntorch" in described["versions"]
    assert not report.refusals(results)
    assert {one.name for one in results} >= set(report.README_CASES)


def test_a_readme_without_markers_is_refused():
    with pytest.raises(ValueError, match=r"^the README must hold the lines <!-- benchmarks -->"):
        report.with_section("# spikecore\n", "table")


def test_a_speed_that_was_refused_has_no_row():
    rows = [replace(RESULT, name="delta, float32"), Result("rate, uint8", "10x4", refusal="wrong")]
    section = report.readme_section(machine.describe() | {"load after": 0.5}, rows)
    assert "delta, float32: 10x4" in section and "rate, uint8" not in section


# --- what size costs ----------------------------------------------------------------------------


def test_every_size_is_a_process_whose_memory_is_measured(capsys):
    assert scale.main(["--largest", "6", "--no-dask"]) == 0
    printed = capsys.readouterr().out
    rows = re.findall(r"10\^(\d) to nowhere +\| ([\d,]+) +\| ([\d,]+) .*?(\d+) MB", printed)
    assert [power for power, *_ in rows] == ["5", "6"]
    for power, outputs, spikes, resident in rows:
        number = int(outputs.replace(",", ""))
        assert number == 2 * 10 ** int(power)
        deviation = abs(int(spikes.replace(",", "")) - number / 2)
        assert deviation < 5 * (number / 4) ** 0.5  # five standard deviations, of a fixed seed
        assert 20 < int(resident) <= 256


def test_a_size_above_the_limit_of_memory_fails(capsys, monkeypatch):
    found = {"seconds": 1.0, "outputs": 2, "spikes": 1, "resident": scale.LIMIT + 1}
    monkeypatch.setattr(scale, "measured", lambda row: found)
    assert scale.main(["--largest", "5", "--file", "9", "--no-dask"]) == 1
    printed = capsys.readouterr().out
    assert "10^9 to a file" in printed and "limit 256 MB" in printed


def test_a_file_is_counted_in_parts():
    found = scale.file("5")
    assert found["outputs"] == 200_000 and found["spikes"] == scale.stream("5")["spikes"]


def test_one_call_and_threads_do_the_same_work(monkeypatch):
    monkeypatch.setattr(scale, "FEATURES", 50)
    monkeypatch.setattr(scale, "STEPS", 20)
    monkeypatch.setattr(scale, "timed", lambda call: {"sum": call()})
    assert scale.dask_work("0") == scale.dask_work("2")
