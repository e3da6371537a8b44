"""``python -m spikecore encode``: files in, files out, and calls that are killed go on."""

import fcntl
import gzip
import os
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest
from conftest import assert_same_bits

from spikecore import Events, __main__, events, spikegen

VALUES = np.random.default_rng(5).random((3, 4)).astype(np.float32)
SIGNAL = np.random.default_rng(6).normal(0, 0.4, (50, 3)).cumsum(axis=0).astype(np.float32)
FIELDS = [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "u1")]
TABLE = np.array([(0, 1, 0, 1), (1, 1, 0, 1), (7, 2, 3, 0)], FIELDS)


def encode(*words):
    """Run the command in this process."""
    assert __main__.main(["encode", *map(str, words)]) == 0, words


def refusal(capsys, *words):
    """What the command says when it refuses."""
    with pytest.raises(SystemExit) as stop:
        __main__.main(["encode", *map(str, words)])
    told = capsys.readouterr().err
    assert stop.value.code == 2 and told.count("\n") == 1
    return told


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "values.npy", VALUES)
    np.save(tmp_path / "signal.npy", SIGNAL)
    return tmp_path


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_values_become_spikes(folder, suffix, capsys):
    output = folder / f"spikes.{suffix}"
    encode(folder / "values.npy", output, "--code", "rate", "--steps", 20, "--seed", 3,
           "--set", "gain=0.5", "--dtype", "uint8", "--block-steps", 8)  # fmt: skip
    found = np.load(output)
    found = found["spikes"] if suffix == "npz" else found
    assert_same_bits(found, spikegen.rate(VALUES, 20, 0.5, seed=3, dtype=np.uint8))
    assert capsys.readouterr().out == f"{output}: 20 steps of rate\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "signal.npy", output.name, "values.npy"
    ]  # fmt: skip


def test_the_output_can_be_mapped(folder):
    encode(folder / "signal.npy", folder / "out.npy", "--code", "delta", "--block-steps", 7)
    mapped = np.load(folder / "out.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert_same_bits(np.asarray(mapped), spikegen.delta(SIGNAL))


def test_spikes_become_events(folder):
    words = ["--code", "rate", "--steps", 20, "--seed", 3, "--sparse", "--block-steps", 8]
    encode(folder / "values.npy", folder / "out.npz", *words)
    assert events.read(folder / "out.npz") == spikegen.rate(VALUES, 20, seed=3, sparse=True)


@pytest.mark.parametrize("zipped", [False, True])
def test_bytes_of_idx_are_divided_by_255(folder, zipped):
    images = (255 * VALUES).astype(np.uint8)
    content = struct.pack(">4B2I", 0, 0, 8, 2, 3, 4) + images.tobytes()
    (folder / "images").write_bytes(gzip.compress(content) if zipped else content)
    words = ["--code", "rate", "--steps", 500, "--seed", 2]
    encode(folder / "images", folder / "out.npy", *words)
    scaled = images * np.float32(1 / 255)
    assert_same_bits(np.load(folder / "out.npy"), spikegen.rate(scaled, 500, seed=2))


def test_an_array_of_an_archive_is_chosen_and_scaled(folder):
    np.savez(folder / "two.npz", a=SIGNAL, b=VALUES)
    words = ["--code", "send_on_delta", "--set", "threshold=0.3", "--key", "a", "--scale", 2]
    encode(folder / "two.npz", folder / "out.npy", *words)
    expected = spikegen.send_on_delta(2 * SIGNAL, 0.3)
    assert_same_bits(np.load(folder / "out.npy"), expected)


def test_events_are_a_signal(folder):
    table = Events.from_dense(SIGNAL > 0)
    events.write(folder / "table.npz", table)
    encode(folder / "table.npz", folder / "out.npy", "--code", "delta", "--set", "off_spike=True")
    expected = spikegen.delta(np.float32(SIGNAL > 0), off_spike=True)
    assert_same_bits(np.load(folder / "out.npy"), expected)


def test_a_recording_is_counted_in_steps(folder):
    events.write(folder / "digits.bin", TABLE)
    words = ["--code", "rate_conv", "--seed", 1, "--dt", 3, "--steps", 4, "--scale", 0.25]
    encode(folder / "digits.bin", folder / "out.npy", *words)
    counts = (
        events.read(folder / "digits.bin").to_events(3, num_steps=4, combine="count").to_dense("f4")
    )
    expected = spikegen.rate_conv(counts * np.float32(0.25), seed=1)
    assert_same_bits(np.load(folder / "out.npy"), expected)


# --- going on -----------------------------------------------------------------------------------


CALLS = {
    "rate": ("values.npy", ["--code", "rate", "--steps", 9_000, "--dtype", "bool"], "npy"),
    "sigma_delta": ("long.npy", ["--code", "sigma_delta", "--set", "threshold=0.3"], "npy"),
    "moving_window": (
        "long.npy",
        ["--code", "moving_window", "--set", "threshold=0.3", "--set", "window=5"],
        "npz",
    ),
    "events": (
        "long.npy",
        ["--code", "step_forward", "--set", "threshold=0.3", "--set", "refractory=4", "--sparse"],
        "npz",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_killed_call_goes_on_and_writes_the_same_bytes(name, folder):
    np.save(folder / "long.npy", np.tile(SIGNAL, (180, 1)))
    source, words, suffix = CALLS[name]
    output, whole = folder / f"out.{suffix}", folder / f"whole.{suffix}"
    words = [str(word) for word in (folder / source, output, *words)]
    state = folder / f"out.{suffix}.part" / "state.npz"
    command = [sys.executable, "-m", "spikecore", "encode", *words, "--block-steps", "1"]
    with subprocess.Popen(command) as process:
        while not state.exists():
            assert process.poll() is None
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL and not output.exists()
    with np.load(state) as held:
        assert 0 < held["done"] < 9_000
    seed = ["--seed", (state.parent / "seed").read_text()] if name == "rate" else []
    encode(*words)
    assert not state.parent.exists()
    encode(words[0], whole, *words[2:], *seed)
    assert output.read_bytes() == whole.read_bytes()


def stopped(folder, monkeypatch):
    """A call that is interrupted after its second part."""
    words = [folder / "signal.npy", folder / "out.npy", "--code", "delta", "--block-steps", 7]
    kept = []

    def keep(self, *what):
        original(self, *what)
        kept.append(what)
        if len(kept) == 2:
            raise KeyboardInterrupt

    from spikecore.encode.job import Job

    original = Job.keep
    with monkeypatch.context() as patch:
        patch.setattr(Job, "keep", keep)
        assert __main__.main(["encode", *map(str, words)]) == __main__.INTERRUPTED
    assert not (folder / "out.npy").exists() and (folder / "out.npy.part").is_dir()
    return words


def test_what_was_written_after_the_last_state_is_written_again(folder, monkeypatch):
    words = stopped(folder, monkeypatch)
    with open(folder / "out.npy.part" / "spikes.npy", "ab") as file:
        file.write(b"half a step")
    encode(*words[:4], "--block-steps", 11)  # of any length
    assert_same_bits(np.load(folder / "out.npy"), spikegen.delta(SIGNAL))


def test_another_call_does_not_go_on_unless_it_begins_anew(folder, monkeypatch, capsys):
    words = stopped(folder, monkeypatch)
    capsys.readouterr()
    told = refusal(capsys, *words, "--set", "threshold=0.5")
    assert "OUTPUT must go on with the call that was stopped" in told and "--restart" in told
    encode(*words, "--set", "threshold=0.5", "--restart")
    assert_same_bits(np.load(folder / "out.npy"), spikegen.delta(SIGNAL, 0.5))


def test_two_processes_do_not_write_one_output(folder, monkeypatch, capsys):
    words = stopped(folder, monkeypatch)
    capsys.readouterr()
    handle = os.open(folder / "out.npy.part", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert "OUTPUT must be written by one process" in refusal(capsys, *words)
    os.close(handle)
    encode(*words)


def test_the_bar_counts_the_steps(folder, capsys):
    encode(folder / "signal.npy", folder / "out.npy", "--code", "delta", "--progress")
    assert "50/50" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["values.npy", "out.npy", "--code", "rate"], "--steps must be given for a code of values"),
        (["values.npy", "out.npy", "--code", "rate", "--steps", "0"], "--steps must be from 1"),
        (["values.npy", "out.txt", "--code", "delta"], "OUTPUT must end in one of"),
        (["values.npy", "out.npy", "--code", "delta", "--sparse"], "with --sparse, got"),
        (["values.npy", "no/out.npy", "--code", "delta"], "OUTPUT must lie in a folder that"),
        (["none.npy", "out.npy", "--code", "delta"], "No such file or directory: 'none.npy'"),
        (["text", "out.npy", "--code", "delta"], "must begin as a known format does"),
        (["half.npy", "out.npy", "--code", "delta"], "INPUT must be a whole .npy file"),
        (["half.idx", "out.npy", "--code", "delta"], "INPUT must be a whole IDX file"),
        (["two.npz", "out.npy", "--code", "delta"], "--key must name one of ['a', 'b']"),
        (["digits.bin", "out.npy", "--code", "delta"], "--dt must be given for a recording"),
        (["digits.bin", "out.npy", "--code", "delta", "--dt", "1"], "--steps must be given"),
        (["values.npy", "out.npy", "--code", "delta", "--set", "on=1"], "options must fit delta"),
        (["values.npy", "out.npy", "--code", "rate", "--set", "seed=1"], "write --seed N"),
        (["values.npy", "out.npy", "--code", "bsa"], "invalid choice: 'bsa'"),
        (["nan.npy", "out.npy", "--code", "delta"], "data[1, 2] is nan"),
        (["values.npy", "out.npy", "--code", "delta", "--block-steps", "0"], "--block-steps must"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(words, message, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    bad = VALUES.copy()
    bad[1, 2] = np.nan
    np.save("nan.npy", bad)
    np.savez("two.npz", a=VALUES, b=VALUES)
    (folder / "text").write_text("text")
    (folder / "half.npy").write_bytes((folder / "values.npy").read_bytes()[:-3])
    (folder / "half.idx").write_bytes(struct.pack(">4B2I", 0, 0, 8, 2, 3, 4))
    events.write("digits.bin", TABLE)
    assert message in refusal(capsys, *words)
    assert not list(folder.glob("out*"))
