"""MNIST: IDX files read and refused by name, and downloads from a server on the loopback."""

import gzip
import hashlib
import http.server
import re
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from conftest import small_disk
from fuzzing.values import Raises

from spikecore import datasets, download

IMAGES = np.random.default_rng(5).integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = np.arange(40, dtype=np.uint8) % 10


def idx(array, magic=None):
    """An IDX file of bytes."""
    magic = 0x800 + array.ndim if magic is None else magic
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


FILES = {
    "train-images-idx3-ubyte.gz": gzip.compress(idx(IMAGES), mtime=0),
    "train-labels-idx1-ubyte.gz": gzip.compress(idx(LABELS), mtime=0),
    "t10k-images-idx3-ubyte.gz": gzip.compress(idx(IMAGES[:7]), mtime=0),
    "t10k-labels-idx1-ubyte.gz": gzip.compress(idx(LABELS[:7]), mtime=0),
}
CHECKSUMS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
BIG, SMALL = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def write(folder, files):
    """Write files into a folder and return it."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def assert_training_set(result):
    """The arrays are those that the files were made of."""
    images, labels = result
    assert images.dtype == np.float32 and labels.dtype == np.int64
    np.testing.assert_array_equal(images, IMAGES.astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(labels, LABELS)


def test_gzipped_files_are_read(tmp_path):
    write(tmp_path, FILES)
    assert_training_set(datasets.mnist(tmp_path))
    images, labels = datasets.mnist(str(tmp_path), train=False)
    assert images.shape == (7, 28, 28) and labels.tolist() == list(range(7))
    assert images.min() >= 0 and datasets.mnist(tmp_path)[0].max() == 1


def test_unpacked_files_are_read(tmp_path):
    write(tmp_path, {name[:-3]: gzip.decompress(content) for name, content in FILES.items()})
    assert_training_set(datasets.mnist(tmp_path))


def test_every_call_returns_new_arrays(tmp_path):
    write(tmp_path, FILES)
    for array in datasets.mnist(tmp_path):
        array[...] = 3
    assert_training_set(datasets.mnist(tmp_path))


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte.gz.*download=True"):
        datasets.mnist(tmp_path)
    write(tmp_path, {BIG: FILES[BIG]})
    with pytest.raises(FileNotFoundError, match="train-labels-idx1-ubyte"):
        datasets.mnist(tmp_path)


RAW = idx(IMAGES)


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "unpacked"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (RAW[:-1], r"hold 31360 bytes after its header of shape \[40, 28, 28\], found 31359"),
        (RAW + b"\0", "hold 31360 bytes .* found more"),
        (RAW[:9], "header of 16 bytes, found 9"),
        (b"", "header of 16 bytes, found 0"),
        (idx(IMAGES, magic=0x801), "magic number 0x00000803, found 0x00000801"),
        (idx(IMAGES, magic=0xD03), "magic number 0x00000803, found 0x00000d03"),
        (struct.pack(">4I", 0x803, *[2**32 - 1] * 3) + b"abc", r"n at most 60000, found \[429"),
        (struct.pack(">4I", 0x803, 60_001, 28, 28) + b"abc", r"found \[60001, 28, 28\]"),
        (idx(IMAGES[:, :5, :3]), r"the shape \[n, 28, 28\] .* found \[40, 5, 3\]"),
    ],
)
def test_a_damaged_file_is_refused_by_name(content, message, packed, tmp_path):
    name, content = (BIG, gzip.compress(content)) if packed else (BIG[:-3], content)
    write(tmp_path, {name: content, SMALL: FILES[SMALL]})
    with pytest.raises(ValueError, match=message) as refusal:
        datasets.mnist(tmp_path)
    assert str(tmp_path / name) in str(refusal.value)
    assert "download=True" in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [RAW, FILES[BIG][:-9], FILES[BIG][:500], FILES[BIG][:10] + b"\xff" + FILES[BIG][11:]],
    ids=["not gzip", "no end", "half", "corrupt"],
)
def test_broken_gzip_is_refused_by_name(content, tmp_path):
    write(tmp_path, {BIG: content, SMALL: FILES[SMALL]})
    with pytest.raises(ValueError, match=f"{BIG} must be a whole gzip file, found: "):
        datasets.mnist(tmp_path)


def test_images_and_labels_of_different_sets_are_refused(tmp_path):
    write(tmp_path, {BIG: FILES[BIG], SMALL: FILES["t10k-labels-idx1-ubyte.gz"]})
    with pytest.raises(ValueError, match=r"40 images .* 7 labels"):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize("wrong", [10, 255])
def test_labels_beyond_nine_are_refused_by_place_and_value(wrong, tmp_path):
    labels = LABELS.copy()
    labels[[7, 9]] = wrong
    write(tmp_path, {BIG: FILES[BIG], SMALL: gzip.compress(idx(labels))})
    with pytest.raises(ValueError, match=f"{SMALL} must hold labels .* label 7 is {wrong};"):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize("samples", [60_000, 2**32 - 1])
def test_memory_is_bounded_whatever_a_file_unpacks_to(samples, tmp_path):
    header = struct.pack(">4I", 0x803, samples, 28, 28)
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 24)
    parts = [packer.compress(header), *(packer.compress(zeros) for _ in range(16)), packer.flush()]
    write(tmp_path, {BIG: b"".join(parts), SMALL: FILES[SMALL]})  # 260 kB that unpack to 268 MB
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"{BIG} must "):
            datasets.mnist(tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50e6


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve ``server.files``, with the fault that ``server`` asks for."""

    def do_GET(self):
        server, name = self.server, self.path.lstrip("/")
        asked = self.headers.get("Range")
        server.requests.append((name, asked))
        if name not in server.files:
            self.send_error(404)
            return
        content = server.files[name]
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        start = 0 if server.ignores_range else start
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            shown = 0 if server.lies_about_range else start
            self.send_header("Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}")
        if server.labels_gzip:
            self.send_header("Content-Encoding", "gzip")
        if server.sends_length:
            self.send_header("Content-Length", str(len(content) - start))
        if server.length is not None:
            self.send_header("Content-Length", server.length)
        self.end_headers()
        time.sleep(server.delay)
        end = len(content)
        if server.breaks:  # after how many more bytes to hang up, once for each entry
            end = start + server.breaks.pop(0)
        try:
            self.wfile.write(content[start:end])
        except ConnectionError:
            server.was_cut_off = True

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    """A server of small MNIST files that can be told to misbehave."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files, running.requests, running.breaks = dict(FILES), [], []
        running.ignores_range = running.lies_about_range = running.labels_gzip = False
        running.sends_length, running.was_cut_off = True, False
        running.length, running.delay = None, 0
        running.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch(root, server, **keywords):
    """Download the training set from the loopback server."""
    settings = {"mirrors": (server.address,), "checksums": CHECKSUMS, "progress": False}
    return datasets.mnist(root, download=True, **settings | keywords)


def names(folder):
    """The files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_missing_files_are_downloaded_once(server, tmp_path):
    root = tmp_path / "new" / "folder"
    assert_training_set(fetch(root, server))
    assert names(root) == [BIG, SMALL]
    assert server.requests == [(BIG, None), (SMALL, None)]
    assert_training_set(fetch(root, server))
    assert_training_set(datasets.mnist(root))
    assert len(server.requests) == 2


def test_md5_checksums_are_told_by_their_length(server, tmp_path):
    sums = {name: hashlib.md5(content).hexdigest().upper() for name, content in FILES.items()}
    assert_training_set(fetch(tmp_path, server, checksums=sums))


def test_unpacked_files_are_not_fetched_again(server, tmp_path):
    write(tmp_path, {name[:-3]: gzip.decompress(content) for name, content in FILES.items()})
    assert_training_set(fetch(tmp_path, server))
    assert server.requests == []


def test_a_file_with_a_wrong_checksum_is_replaced(server, tmp_path):
    write(tmp_path, {BIG: FILES[BIG][:-1], SMALL: FILES[SMALL]})
    assert_training_set(fetch(tmp_path, server))
    assert server.requests == [(BIG, None)]


def test_a_broken_connection_is_resumed(server, tmp_path):
    server.breaks = [10_000, 5_000]
    assert_training_set(fetch(tmp_path, server))
    assert server.requests[:3] == [(BIG, None), (BIG, "bytes=10000-"), (BIG, "bytes=15000-")]
    assert names(tmp_path) == [BIG, SMALL]


def test_a_later_call_resumes_where_an_earlier_one_gave_up(server, tmp_path):
    server.breaks = [1_000] * 5
    with pytest.raises(OSError, match=f"{BIG} could not be downloaded .* call again to resume"):
        fetch(tmp_path, server)
    assert names(tmp_path) == [f"{BIG}.part"]
    assert (tmp_path / f"{BIG}.part").read_bytes() == FILES[BIG][:5000]
    assert_training_set(fetch(tmp_path, server))
    assert server.requests[5] == (BIG, "bytes=5000-")
    assert names(tmp_path) == [BIG, SMALL]


def test_a_server_without_ranges_sends_the_file_anew(server, tmp_path):
    server.ignores_range, server.breaks = True, [10_000]
    assert_training_set(fetch(tmp_path, server))
    assert server.requests == [(BIG, None), (BIG, "bytes=10000-"), (SMALL, None)]


def test_a_server_that_sends_another_range_is_asked_for_the_whole_file(server, tmp_path):
    server.lies_about_range, server.breaks = True, [10_000]
    assert_training_set(fetch(tmp_path, server))
    assert [asked for name, asked in server.requests if name == BIG] == [
        None,
        "bytes=10000-",
        None,
    ]


def test_a_connection_that_ends_without_a_length_is_found_by_the_checksum(server, tmp_path):
    server.sends_length, server.breaks = False, [10_000]
    with pytest.raises(OSError, match="checksum"):
        fetch(tmp_path, server)
    assert names(tmp_path) == []


def test_a_partial_file_of_something_else_is_dropped(server, tmp_path):
    for leftover in (b"x" * 100, b"x" * len(FILES[BIG]), b"x" * 100_000):
        root = write(tmp_path / str(len(leftover)), {f"{BIG}.part": leftover})
        assert_training_set(fetch(root, server))
        assert names(root) == [BIG, SMALL]


def test_a_complete_partial_file_is_used(server, tmp_path):
    write(tmp_path, {f"{BIG}.part": FILES[BIG]})
    assert_training_set(fetch(tmp_path, server))
    assert [asked for name, asked in server.requests if name == BIG] == [
        f"bytes={len(FILES[BIG])}-"
    ]


def test_files_labelled_as_gzip_transport_are_stored_as_they_are(server, tmp_path):
    server.labels_gzip = True
    assert_training_set(fetch(tmp_path, server))


def test_a_wrong_checksum_leaves_nothing_behind(server, tmp_path):
    server.files[BIG] = FILES[BIG][:-1] + b"!"
    with pytest.raises(OSError, match=f"{BIG} could not be downloaded .*checksum .* in place of"):
        fetch(tmp_path, server)
    assert names(tmp_path) == []
    assert server.requests == [(BIG, None)]


def test_a_missing_file_on_the_server_is_reported(server, tmp_path):
    del server.files[SMALL]
    with pytest.raises(OSError, match=f"{SMALL} could not be downloaded .*404"):
        fetch(tmp_path, server)
    assert names(tmp_path) == [BIG]
    assert server.requests == [(BIG, None), (SMALL, None)]


def test_the_next_mirror_is_tried(server, tmp_path):
    mirrors = (f"{server.address}/none/", f"{server.address}/")
    assert_training_set(fetch(tmp_path, server, mirrors=mirrors))
    assert [name for name, _ in server.requests] == [f"none/{BIG}", BIG, f"none/{SMALL}", SMALL]


def test_an_endless_file_is_cut_off(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST_FILE", 100_000)
    server.files[BIG] = bytes(50_000_000)
    with pytest.raises(OSError, match="more than 100000 bytes"):
        fetch(tmp_path, server)
    assert names(tmp_path) == []
    assert server.was_cut_off


def test_a_full_disk_is_reported_with_the_name_of_the_file(server, tmp_path):
    message = f"{BIG}.part could not be written .File too large.; make room on the disk"
    with small_disk(5000), pytest.raises(OSError, match=message):
        fetch(tmp_path, server)
    assert names(tmp_path) == [f"{BIG}.part"]
    assert server.requests == [(BIG, None)]
    assert_training_set(fetch(tmp_path, server))


def test_calls_at_once_wait_for_each_other(server, tmp_path):
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(fetch(tmp_path, server))) for _ in range(4)
    ]
    server.delay = 0.05
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        assert_training_set(result)
    assert server.requests == [(BIG, None), (SMALL, None)]


def test_a_server_that_refuses_every_range_is_reported(server, tmp_path):
    server.files[BIG] = b""  # a range beyond the end of an empty file, asked for or not
    with pytest.raises(OSError, match=f"{BIG} could not be downloaded .*416"):
        fetch(tmp_path, server)


def test_a_length_that_is_no_number_is_not_believed(server, tmp_path):
    server.sends_length, server.length = False, "many"
    assert_training_set(fetch(tmp_path, server))


def test_the_progress_bar_names_each_file(server, tmp_path, capsys):
    fetch(tmp_path, server, progress=True)
    shown = capsys.readouterr().err
    assert BIG in shown and SMALL in shown and "100%" in shown


def test_no_progress_bar_unless_wanted(server, tmp_path, capsys):
    fetch(tmp_path, server)
    assert capsys.readouterr() == ("", "")


def test_the_checksums_are_those_of_the_four_files():
    assert set(datasets.MNIST_CHECKSUMS) == set(FILES)
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in datasets.MNIST_CHECKSUMS.values())
    assert all(address.startswith("https://") for address in datasets.MNIST_MIRRORS)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"root": None}, TypeError, "root must be a path, got None; pass"),
        ({"root": 5}, TypeError, "root must be a path, got 5; pass"),
        ({"root": "a\0b"}, ValueError, "root must be a path, got 'a.x00b'; pass"),
        (
            {"root": "\ud800", "download": True},
            ValueError,
            "root must be a path, got '.ud800'; pass",
        ),
        ({"root": Raises("__fspath__", KeyError)}, TypeError, "root must be a path, got <"),
        ({"checksums": 5}, TypeError, "checksums must be a mapping .*got 5;"),
        ({"mirrors": Raises("__iter__", KeyError)}, TypeError, "mirrors must be a tuple .*got <"),
        ({"mirrors": "http://127.0.0.1"}, TypeError, "mirrors must be a tuple"),
        ({"progress": None}, TypeError, "progress must be True or False"),
        ({"download": True, "checksums": {BIG: 5}}, ValueError, f"checksums must .*{BIG}.*got 5"),
        ({"root": __file__}, ValueError, "root must be a folder, got the file .*py"),
        ({"download": True, "checksums": 5}, TypeError, "checksums must be a mapping .*got 5;"),
        ({"download": True, "mirrors": 5}, TypeError, "mirrors must be a tuple .*got 5;"),
        ({"train": "yes"}, TypeError, "train must"),
        ({"download": 1}, TypeError, "download must"),
        ({"download": True, "mirrors": "http://127.0.0.1"}, TypeError, "mirrors must"),
        ({"download": True, "mirrors": (1,)}, TypeError, "mirrors must"),
        ({"download": True, "mirrors": ()}, ValueError, "mirrors must"),
        ({"download": True, "checksums": {}}, ValueError, f"checksums must .*{BIG}"),
        ({"download": True, "checksums": {BIG: "12"}}, ValueError, f"checksums must .*{BIG}"),
        ({"download": True, "progress": 1}, TypeError, "progress must"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(keywords, error, message, tmp_path):
    root = tmp_path / "root"
    with pytest.raises(error, match=message):
        datasets.mnist(**{"root": root} | keywords)
    assert not root.exists()


@pytest.mark.parametrize("missing", ["requests", "tqdm"])
def test_without_the_extra_only_the_download_is_refused(missing, tmp_path):
    write(tmp_path, {name: FILES[name] for name in (BIG, SMALL)})
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from spikecore import datasets\n"
        f"print(len(datasets.mnist({str(tmp_path)!r})[0]))\n"
        "try: datasets.mnist(sys.argv[1], download=True)\n"
        "except ImportError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "empty")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    count, message = result.stdout.splitlines()
    assert count == "40" and "pip install 'spikecore[data]'" in message
