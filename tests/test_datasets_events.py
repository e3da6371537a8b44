"""Data sets of events: the recording that comes with the package, and readers of two others."""

import shutil
from importlib import resources

import moving_digits
import numpy as np
import pytest

import spikecore
from spikecore import Events, Leaky, Linear, Sequential, datasets, events

KINDS = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]


def test_the_recording_that_ships_is_made_by_our_own_code():
    assert datasets.moving_digits() == moving_digits.recording()


def test_the_recording_that_ships_is_small_and_holds_ten_digits():
    path = resources.files(spikecore) / "data" / "moving-digits.npz"
    assert len(path.read_bytes()) < 100_000
    recording = datasets.moving_digits()
    assert recording.size == (34, 34)
    assert recording.labels.tolist() == list(range(10))
    for label in range(10):
        spikes = recording.sample(label).to_events(dt=1000)
        assert (spikes.shape, spikes.num_steps) == ((2, 34, 34), 300)
        assert 2000 < len(spikes) < 4000
        on, off = spikes.counts().sum(axis=(1, 2))
        assert 0.5 < on / off < 2


def test_a_digit_runs_through_a_network():
    spikes = datasets.moving_digits().sample(3).to_events(dt=1000)
    flat = Events(spikes.step, spikes.element, spikes.size, spikes.num_steps)
    net = Sequential(Linear.draw(2 * 34 * 34, 20, seed=0), Leaky(beta=0.95, threshold=0.1))
    assert net.run(flat)["leaky1"].counts.sum() > 0


def write_digits(root):
    """A folder of N-MNIST with a few files; the time of the first event is their number."""
    for number, (part, label) in enumerate([("Train", 0), ("Train", 7), ("Train", 7), ("Test", 2)]):
        folder = root / part / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        table = np.zeros(5, KINDS)
        table["t"] = number
        events.write(folder / f"{9 - number:05}.bin", table)


def test_files_of_n_mnist_are_read_when_they_are_asked_for(tmp_path):
    write_digits(tmp_path)
    recordings, labels = datasets.nmnist(tmp_path)
    assert labels.tolist() == [0, 7, 7]
    assert labels.dtype == np.int64
    assert len(recordings) == 3
    assert [recording["t"][0] for recording in recordings] == [0, 2, 1]  # by name
    assert recordings[-1]["t"][0] == 1
    assert [recording["t"][0] for recording in recordings[1:]] == [2, 1]
    shutil.rmtree(tmp_path / "Train" / "0")
    assert recordings[1].size == (34, 34)
    with pytest.raises(FileNotFoundError):
        recordings[0]
    test, test_labels = datasets.nmnist(str(tmp_path), train=False)
    assert (len(test), test_labels.tolist()) == (1, [2])


def test_shd_is_read_with_its_samples_and_labels(tmp_path):
    kinds = [("sample", "<i4"), ("t", "<f2"), ("x", "<i4")]
    rows = np.array([(0, 0.5, 3), (0, 0.75, 699), (2, 0.25, 0)], kinds)
    given = events.Recording(rows, 700, tick=1.0, labels=np.array([4, 0, 19], np.uint16))
    events.write(tmp_path / "shd_train.h5", given)
    assert datasets.shd(tmp_path) == given
    with pytest.raises(FileNotFoundError, match=r"^root must hold the file shd_test\.h5, got"):
        datasets.shd(tmp_path, train=False)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: datasets.nmnist(3), r"^root must be the path of a folder, got 3; pass the data"),
        (
            lambda: datasets.nmnist("none"),
            r"^root must hold the folder Train with the folders 0",
        ),
        (lambda: datasets.nmnist("none", 1), r"^train must be True or False, got 1"),
        (lambda: datasets.shd("none", train="x"), r"^train must be True or False, got 'x'"),
        (lambda: datasets.shd("none"), r"^root must hold the file shd_train\.h5, got 'none'; pass"),
        (lambda: datasets.Recordings([], "npz")[0], r"^index must be a number of a recording"),
        (lambda: datasets.Recordings([], "npz")["a"], r"^index must be a number .*, got a str"),
    ],
)
def test_bad_arguments_get_one_sentence(call, sentence):
    with pytest.raises((ValueError, TypeError, FileNotFoundError, IndexError), match=sentence):
        call()
