"""Files of events and tables that others wrote and read: the same columns, and written again.

Reads ``tests/golden/events``, or the folder ``events`` inside the one that the environment variable
SPIKECORE_GOLDEN names, and runs every recording that it finds there.  What is not compared is
excluded by a rule in one table, with its reason.
"""

import collections
import functools
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from spikecore import Events, events

FOLDER = Path(os.environ.get("SPIKECORE_GOLDEN", Path(__file__).parent / "golden")) / "events"
CASES = json.loads((FOLDER / "manifest.json").read_text())["cases"]
RECORDED = {case["case"]: case for case in CASES}

# --- what is not compared: (pattern of the array's whole name, reason) --------------------------

EXCLUDED = [
    (r"tonic_to_frame_edges\w*/(t|x|y|p)", "an input"),
    (r"shd_\w+/step_1ms_plain_floor", "a rule that is not ours: the quotient without 4 ulp"),
]
FRAMES_LEFT_OUT = "bins that begin or end at an event, overlap, or hold a number of events"


@functools.cache
def arrays():
    with np.load(FOLDER / "data.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def columns(case):
    """The recorded arrays of a case by their short names."""
    return {name: arrays()[f"{case}/{name}"] for name in RECORDED[case]["arrays"]}


def excluded(case, name):
    """Why an array is not compared, or None."""
    whole = f"{case}/{name}"
    return next((reason for rule, reason in EXCLUDED if re.fullmatch(rule, whole)), None)


# --- files: which of our columns an array is ----------------------------------------------------

CAMERAS = {"tonic": "dvs128-tonic", "jaer": "dvs128"}  # whose reading of a DVS128


def our_column(path, name):
    """What we read for an array of that name."""
    plain, _, camera = name.partition("_")
    if path.suffix == ".aedat" and plain in "xyp" and events.read(path)["address"].size:
        aedat2 = path.read_bytes().startswith(b"#!AER-DAT2")
        wide = events.read(path)["address"].max() >= 1 << 16  # those of a DVS128 have 15 bits
        camera = "davis346" if wide else CAMERAS.get(camera, "dvs128")
        return events.read(path, camera=camera if aedat2 else None)[plain]
    recording = events.read(path)
    if name == "labels":
        return recording.labels
    if name == "offsets":
        samples = recording["sample"]
        return np.searchsorted(samples, np.arange(len(recording.labels) + 1))
    if name == "step_1ms":
        return np.concatenate([steps_of(recording.sample(i)) for i in range(len(recording.labels))])
    names = {"timestamp": "t", "times": "t", "units": "x", "data": "address"}
    return recording[names.get(name, name)]


def steps_of(sample):
    """The step of 1 ms of each event, in the order of the file."""
    elements = np.arange(len(sample))
    found = Events.from_times(sample["t"], elements, len(sample), 1e-3, num_steps=2000)
    return found.step[np.argsort(found.element)]


FILES = [(case["case"], name) for case in CASES for name in case["files"]]


@pytest.mark.parametrize(("case", "file"), FILES)
def test_a_file_is_read_to_the_recorded_columns(case, file):
    compared = 0
    for name, expected in columns(case).items():
        if excluded(case, name) is None:
            np.testing.assert_array_equal(our_column(FOLDER / file, name), expected, name)
            compared += 1
    assert compared


def formats_of(recording):
    """Formats that hold all columns of a recording."""
    names = set(recording.table.dtype.names)
    yield from ("npy", "npz")
    if "address" in names and "x" not in names:
        yield "aedat2"
    if {"x", "y", "p"} <= names:
        yield from ("aedat31", "dat", "evt2", "evt3")
        if max(recording["x"].max(), recording["y"].max()) < 240:
            yield "nmnist"
    if "sample" in names:
        yield "shd"


@pytest.mark.parametrize(("case", "file"), FILES)
def test_a_recording_is_written_and_read_back(case, file, tmp_path):
    recording = events.read(FOLDER / file)
    written = 0
    for name in formats_of(recording):
        events.write(tmp_path / "again", recording, name)
        again = events.read(tmp_path / "again", name)
        for column in set(again.table.dtype.names) & set(recording.table.dtype.names):
            if name == "aedat31" and column == "address":
                continue  # of the packet's events, whose address holds x, y and p
            np.testing.assert_array_equal(again[column], recording[column], (name, column))
        written += 1
    assert written >= 3


@pytest.mark.parametrize(("case", "file"), FILES)
def test_the_bytes_of_a_format_are_those_of_the_file(case, file, tmp_path):
    """After the header, whose text is the writer's own."""
    same = {".bin": "nmnist", ".dat": "dat", ".aedat": "aedat2"}
    name = same.get(Path(file).suffix)
    given = (FOLDER / file).read_bytes()
    markers = name == "nmnist" and 240 in given[1::5]  # of overflows, which may stand elsewhere
    if name is None or given.startswith(b"#!AER-DAT3") or markers:
        return
    events.write(tmp_path / "again", events.read(FOLDER / file), name)
    length = {"nmnist": 5, "dat": 8, "aedat2": 8}[name] * len(events.read(FOLDER / file))
    assert (tmp_path / "again").read_bytes()[-length:] == given[-length:]


# --- frames -------------------------------------------------------------------------------------


def frames():
    for case in CASES:
        if case["case"].startswith("tonic_to_frame"):
            settings = json.loads(re.search(r"\[\{.*\}\]", case["kind"])[0])
            for k, setting in enumerate(settings):
                yield case["case"], k, setting


def of_our_rule(setting):
    return set(setting) == {"time_window", "start_time", "end_time"}


def test_bins_that_begin_where_the_caller_says_are_tonics():
    compared = 0
    for case, k, setting in frames():
        if of_our_rule(setting):
            t = columns(case)["t"]
            found = Events.from_times(
                t, np.arange(t.size), t.size, setting["time_window"],
                start=setting["start_time"], stop=setting["end_time"],
            )  # fmt: skip
            np.testing.assert_array_equal(found.counts("elements"), columns(case)[f"counts_{k}"])
            compared += 1
    assert compared or not list(frames())


def test_no_event_is_lost_at_the_last_edge():
    for case in {case for case, _, _ in frames()}:
        t = columns(case)["t"]
        found = Events.from_times(t, np.arange(t.size), t.size, 1, stop=int(t.max()) + 1)
        assert len(found) == t.size


# --- NIR's event data ---------------------------------------------------------------------------

GRIDS = [case["case"] for case in CASES if "grid" in case["arrays"]]


def grid_of(case):
    """The dense grid [T, N] and its dt."""
    numbers = re.search(r"grid \[1,(\d+),(\d+)\] at dt=([\d.e+-]+)", RECORDED[case]["kind"])
    shape, dt = (int(numbers[1]), int(numbers[2])), float(numbers[3])
    bits = np.unpackbits(columns(case)["grid"], count=shape[0] * shape[1])
    return bits.reshape(shape).astype(bool), dt


@pytest.mark.parametrize("case", GRIDS)
def test_a_grid_goes_through_nir_event_data_without_a_loss(case, tmp_path):
    grid, dt = grid_of(case)
    recorded = columns(case)
    found = Events.from_times(
        recorded["time"], recorded["idx"], grid.shape[1], dt, num_steps=len(grid)
    )
    np.testing.assert_array_equal(found.to_dense(), grid)
    assert found == Events.from_dense(grid, dt=dt)
    np.testing.assert_array_equal(found.element, recorded["idx"])
    events.write(tmp_path / "grid.nir", found)
    again = events.read(tmp_path / "grid.nir").sample(0).to_events(dt=dt)
    assert again == found


# --- what is run --------------------------------------------------------------------------------


def test_how_many_arrays_are_compared(capsys):
    reasons, compared = collections.Counter(), 0
    settings = {(case, f"counts_{k}"): setting for case, k, setting in frames()}
    for case in CASES:
        for name in case["arrays"]:
            reason = excluded(case["case"], name)
            setting = settings.get((case["case"], name))
            if setting is not None and not of_our_rule(setting):
                reason = FRAMES_LEFT_OUT
            compared += reason is None
            reasons[reason] += reason is not None
    with capsys.disabled():
        print(f"\n{compared} recorded arrays of {len(CASES)} cases; left out:")
        for reason, count in reasons.most_common():
            if count:
                print(f"  {count:4} {reason}")
    assert compared


def test_every_case_is_run():
    run = {case for case, _ in FILES} | {case for case, _, _ in frames()} | set(GRIDS)
    assert run == set(RECORDED)


def test_every_rule_leaves_something_out():
    if "SPIKECORE_GOLDEN" in os.environ:
        return
    for rule, _ in EXCLUDED:
        assert any(re.fullmatch(rule, name) for name in arrays()), rule
