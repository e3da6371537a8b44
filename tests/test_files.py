"""Files get their name when they are whole, and errors of the disk name the file."""

import errno
import os

import pytest
from conftest import small_disk

from spikecore.files import whole


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "picture.png"
    with whole(path) as part:
        part.write_bytes(b"abc")
        assert not path.exists()
        assert part.suffix == ".png" and part.parent == tmp_path
    assert path.read_bytes() == b"abc"
    assert os.listdir(tmp_path) == ["picture.png"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_the_old_file(fault, tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(fault), whole(str(path)) as part:
        part.write_text("half")
        raise fault
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_full_disk_is_reported_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "spikes.npz"
    with small_disk(1000), pytest.raises(OSError) as refusal, whole(path) as part:
        part.write_bytes(bytes(2000))
    assert refusal.value.errno == errno.EFBIG
    assert refusal.value.filename == str(path)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_reported_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "none" / "spikes.npz"
    with pytest.raises(FileNotFoundError) as refusal, whole(path) as part:
        part.write_bytes(b"abc")
    assert refusal.value.filename == str(path)


def test_errors_about_other_files_keep_their_name(tmp_path):
    with pytest.raises(FileNotFoundError) as refusal, whole(tmp_path / "report.json"):
        (tmp_path / "elsewhere").read_text()
    assert refusal.value.filename == str(tmp_path / "elsewhere")


def test_pipes_and_links_are_written_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with whole(pipe) as part:
        part.write_text("abc")
    assert pipe.is_fifo() and os.read(reader, 10) == b"abc"
    os.close(reader)
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with whole(link) as part:
        part.write_text("new")
    assert link.is_symlink() and target.read_text() == "new"
