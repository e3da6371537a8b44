"""The command line: what the demo prints and draws, and how it refuses."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import small_disk
from PIL import Image

from spikecore import (
    Leaky,
    __main__,
    __version__,
    datasets,
    decode,
    demo,
    info,
    meaning,
    spikegen,
)
from spikecore.network import Linear, Sequential


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    """One run of the demo in a process of its own: what it printed, and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "made" / "anew"
    command = [sys.executable, "-m", "spikecore", "demo", "--steps", "50", "--out", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout, folder


def rows(printed, number=0):
    """The cells of one of the tables by the name in their first column."""
    lines = printed.splitlines()
    begin = [i for i, line in enumerate(lines) if line.startswith("---")][number] + 1
    end = lines.index("", begin)
    cells = [re.split(r"\s{2,}", line) for line in lines[begin:end]]
    return {name: others for name, *others in cells}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SPIKECORE_DEVICE", "gpu"),
        ("SPIKECORE_DEVICE", "cuda:99"),
        ("SPIKECORE_NUM_THREADS", "two"),
        ("SPIKECORE_CUDA_CROSSOVER", "x"),
    ],
)
def test_a_bad_environment_is_one_sentence(name, text, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit) as stop:
        __main__.main(["demo", "--steps", "5", "--out", str(tmp_path / "none")])
    told = capsys.readouterr().err
    assert stop.value.code == 2 and told.count("\n") == 1
    assert name in told or "device='cuda' cannot be used" in told


def test_every_encoder_has_its_row(demonstration):
    table = rows(demonstration[0])
    assert list(table) == [*demo.GAINS, *demo.LATENCIES, *demo.DELTAS]
    for name, (shape, spikes, density, duration, *_) in table.items():
        expected = "11" if name in demo.DELTAS else "50x128x28x28"
        assert shape == expected
        share = int(spikes.replace(",", "")) / np.prod([int(n) for n in shape.split("x")])
        assert density == f"{share:.2%}"
        assert re.fullmatch(r"\d+\.\d\d ms", duration)


def test_the_table_counts_what_is_known(demonstration):
    table = rows(demonstration[0])
    every_feature = f"{128 * 784:,}"
    assert table["latency, log"][1] == table["latency, linear"][1] == every_feature
    assert table["delta"][1] == "3" and table["delta, off-spikes"][1] == "5"


def test_the_recording_of_events_has_its_line(demonstration):
    assert "as Events: 30,789 of ten digits in motion" in demonstration[0]
    assert "0.2 MB,\nthe dense array of bool 6.9 MB\n" in demonstration[0]


def test_it_ends_with_what_a_trained_network_recognises(demonstration):
    found = re.search(
        r"on 360 digits that it did not learn:\n"
        r"98.6% right by rate, (\d+) spikes each; 96.7% right by latency, (\d+) spikes each\n"
        r"\ntook [^\n]*\n$",
        demonstration[0],
    )
    exact = next(row for row in meaning.measure().rules if row.names == ("exact",))
    assert exact.correct == (355, 348)  # 98.6 and 96.7 %
    assert [int(count) for count in found.groups()] == [round(count) for count in exact.spikes]


def test_every_layer_has_its_row(demonstration):
    table, encoders = rows(demonstration[0], number=1), rows(demonstration[0])
    assert list(table) == ["input", "hidden", "output"]
    for (shape, spikes, density, duration), neurons in zip(
        table.values(), demo.WIDTHS.values(), strict=True
    ):
        assert shape == f"50x128x{neurons}"
        assert density == f"{int(spikes.replace(',', '')) / (50 * 128 * neurons):.2%}"
        assert re.fullmatch(r"\d+\.\d\d ms", duration)
    assert table["input"][1] == encoders["rate, gain 1"][1]


def test_the_layers_are_the_network():
    images = np.random.default_rng(5).random((3, 28, 28), np.float32)
    layers = demo.drive(images, 20, seed=9)
    spikes = spikegen.rate(images.reshape(3, 784), 20, seed=9)
    linears = Linear.draw(784, 1000, seed=9), Linear.draw(1000, 10, seed=9, skip=784_000 + 1000)
    leaky = Leaky(beta=0.99)
    run = Sequential(linears[0], leaky, linears[1], leaky).run(spikes)
    np.testing.assert_array_equal(layers["input"].spikes, spikes)
    np.testing.assert_array_equal(layers["hidden"].spikes, run["leaky1"].spikes)
    np.testing.assert_array_equal(layers["output"].spikes, run["leaky2"].spikes)
    np.testing.assert_array_equal(layers["output"].membrane, run["leaky2"].recorded["membrane"])


@pytest.mark.parametrize("name", demo.GAINS)
def test_the_rate_code_errs_as_much_as_the_binomial_law_says(demonstration, name):
    error, expected = map(float, rows(demonstration[0])[name][4:])
    assert error == pytest.approx(expected, rel=0.01)  # 100 352 pixels, one fixed seed


def test_every_code_of_a_signal_has_its_row(demonstration):
    table = rows(demonstration[0], number=2)
    assert list(table) == ["step_forward", "sigma_delta"]
    signal, _ = datasets.ecg()
    codes = demo.signal_codes(signal)
    for name, (shape, spikes, density, duration, ratio, largest) in table.items():
        measured = decode.metrics(signal, codes[name].decoded, codes[name].spikes != 0)
        assert shape == "3600" and spikes == f"{measured.count:.0f}"
        assert density == f"{measured.rate:.2%}" and ratio == f"{measured.snr:.1f} dB"
        assert re.fullmatch(r"\d+\.\d\d ms", duration)
        error = np.abs(codes[name].decoded - signal)
        assert largest == f"{error.max():.3f} mV"


def test_the_errors_of_the_signal_are_as_the_demo_says():
    signal, _ = datasets.ecg()
    codes, limit = demo.signal_codes(signal), demo.SIGNAL_THRESHOLD
    assert np.abs(codes["sigma_delta"].decoded - signal).max() < limit + 1e-6
    part = slice(0, 150)  # before the first beat nothing is steeper than the threshold
    assert np.abs(np.diff(signal[part])).max() <= limit
    assert np.abs(codes["step_forward"].decoded - signal)[part].max() <= limit + 1e-6
    assert np.abs(codes["step_forward"].decoded - signal).max() > 10 * limit


def test_the_drawn_part_of_the_signal_has_two_beats():
    part = datasets.ecg()[0][demo.SHOWN]
    high = np.flatnonzero(part > 1.2)
    beats = np.split(high, np.flatnonzero(np.diff(high) > 1) + 1)
    assert [len(beat) for beat in beats] == [25, 6]  # samples: a wide beat, then a narrow one


def test_it_says_what_it_wrote_and_how_long_it_took(demonstration):
    printed, folder = demonstration
    for name in demo.PICTURES:
        assert f"wrote {folder / name}\n" in printed
    assert re.search(r"\ntook \d+\.\d s, \d+\.\d s of it compiling kernels\n$", printed)
    assert max(map(len, printed.split("wrote")[0].splitlines())) <= 100


@pytest.mark.parametrize("name", demo.PICTURES)
def test_pictures_open_and_leave_a_margin(demonstration, name):
    with Image.open(demonstration[1] / name) as picture:
        assert picture.format == "PNG" and picture.width >= 1000
        pixels = np.asarray(picture.convert("L"))
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (edges == 255).all()  # nothing is cut
    assert pixels.min() < 50 and len(np.unique(pixels)) > 10


def test_two_steps_are_enough(tmp_path, capsys):
    arguments = ["demo", "--steps", "2", "--seed", str(2**64 - 1), "--out", str(tmp_path)]
    assert __main__.main(arguments) == 0
    assert rows(capsys.readouterr().out)["rate, gain 1"][0] == "2x128x28x28"
    assert {path.name for path in tmp_path.iterdir()} == {*demo.PICTURES, "spikes.npz"}


def test_the_spikes_that_are_drawn_are_written(demonstration):
    images, labels = datasets.digits(size=(28, 28))
    with np.load(demonstration[1] / "spikes.npz", allow_pickle=False) as written:
        image = written["image"]
        np.testing.assert_array_equal(image, images[demo.SAMPLE])
        assert written["label"] == labels[demo.SAMPLE]
        spikes = spikegen.rate(images[: demo.BATCH], 50, seed=0)[:, demo.SAMPLE]
        np.testing.assert_array_equal(written["rate-gain1"], spikes)
        signal = datasets.ecg()[0]
        for name in ("step_forward", "sigma_delta"):
            expected = getattr(spikegen, name)(signal, demo.SIGNAL_THRESHOLD)
            np.testing.assert_array_equal(written[name], expected)
        series = spikegen.delta(written["series"], demo.DELTA_THRESHOLD, off_spike=True)
        np.testing.assert_array_equal(written["delta-off-spikes"], series)
        assert written["output"].shape == (50, 10)


def test_without_matplotlib_the_table_remains(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    folder = tmp_path / "pictures"
    assert __main__.main(["demo", "--steps", "3", "--out", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert len(rows(printed)) == 7 and len(rows(printed, number=1)) == 3
    assert printed.count("spikecore[plot]") == 1
    assert [path.name for path in folder.iterdir()] == ["spikes.npz"]


def test_a_full_disk_leaves_no_spikes_of_the_demo(tmp_path, capsys, monkeypatch):
    def savez(path, **arrays):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(demo.np, "savez_compressed", savez)
    with pytest.raises(SystemExit, match="2"):
        __main__.main(["demo", "--steps", "2", "--out", str(tmp_path)])
    refused = capsys.readouterr().err
    assert refused.count("\n") == 1 and str(tmp_path / "spikes.npz") in refused
    assert list(tmp_path.iterdir()) == []


def test_the_seed_decides(capsys):
    seeds = (0, 0, 1)
    spikes = [demo.encode_all(np.full((4, 2, 2), 0.5, np.float32), 8, seed) for seed in seeds]
    rate = [encodings["rate, gain 1"].sample for encodings in spikes]
    np.testing.assert_array_equal(rate[0], rate[1])
    assert (rate[0] != rate[2]).any()


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        __main__.main(["--version"])
    assert capsys.readouterr().out == f"spikecore {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], "command"),
        (["dmo"], "'dmo'"),
        (["demo", "--steps", "1"], "--steps: must be a whole number from 2 to 1000, got '1'"),
        (["demo", "--steps", "1001"], "'1001'"),
        (["demo", "--steps", "many"], "'many'"),
        (["demo", "--seed", "-1"], "--seed: must be a whole number"),
        (["demo", "--seed", str(2**64)], "--seed: must be a whole number"),
        (["demo", "--colour"], "--colour"),
        (["info", "two\nlines"], "unrecognized arguments: two lines"),
    ],
)
def test_refusals_are_one_sentence(arguments, names, capsys):
    with pytest.raises(SystemExit) as stopped:
        __main__.main(arguments)
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert names in printed.err
    assert printed.err.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_refused_first(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as stopped:
        __main__.main(["demo", "--out", str(tmp_path / "file")])
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert str(tmp_path / "file") in printed.err


def test_info_tells_versions_and_devices(capsys):
    assert __main__.main(["info"]) == 0
    printed = capsys.readouterr().out
    for what in ("spikecore", "Python", "numpy", "numba", "cpu"):
        assert re.search(rf"^{what} +\S", printed, re.MULTILINE), what
    assert re.search(r"^cuda(:0)? ", printed, re.MULTILINE)
    for name in ("SPEC.md", "CONFORMANCE.md"):
        path = re.search(rf"^{name} +(\S.*)$", printed, re.MULTILINE)[1]
        assert Path(path).read_text().startswith("# ")


def run_into(target, *arguments, buffered=True):
    """Run a command with its output going to the file; the exit status and what it complained."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    command = [sys.executable, "-m", "spikecore", *arguments]
    with open(target, "w") as output:
        result = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60, env=environment
        )
    return result.returncode, result.stderr


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("argument", ["info", "--help", "--version"])
def test_it_ends_quietly_when_the_reader_leaves(argument, buffered):
    reading, writing = os.pipe()
    os.close(reading)
    status, complaint = run_into(writing, argument, buffered=buffered)
    assert complaint == ""
    # argparse itself ignores that nobody reads what it prints at once
    assert status == (__main__.READER_LEFT if buffered or argument == "info" else 0)


def test_output_that_finds_no_room_is_one_sentence():
    status, complaint = run_into("/dev/full", "info")
    assert status == 2
    assert "the output could not be written: No space left on device" in complaint
    assert complaint.count("\n") == 1


def test_a_full_disk_is_one_sentence_with_the_name_of_the_file(tmp_path, capsys):
    folder = tmp_path / "vectors"
    with small_disk(100), pytest.raises(SystemExit) as stopped:
        __main__.main(["vectors", str(folder)])
    assert stopped.value.code == 2
    complaint = capsys.readouterr().err
    assert re.search(rf"File too large: '{folder}/\S+\.npz' ", complaint)
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError("the model is missing"), "the model is missing ("),
        (OSError(28, "No space left on device"), "No space left on device ("),
        (PermissionError(13, "Permission denied", "a.png"), "Permission denied: 'a.png' ("),
    ],
)
def test_errors_of_the_system_never_name_none(error, sentence, capsys, monkeypatch):
    def fail(arguments):
        raise error

    monkeypatch.setattr(__main__.info, "run", fail)
    with pytest.raises(SystemExit):
        __main__.main(["info"])
    assert capsys.readouterr().err.startswith(f"python -m spikecore info: {sentence}")


def test_an_interrupted_command_ends_with_a_word(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "run", interrupted)
    assert __main__.main(["info"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
