"""Files of events: bytes of known meaning, what is written is read, and wrong bytes are refused."""

import os
import struct
import sys

import fuzz_events
import numpy as np
import pytest
from conftest import small_disk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from trains import on

from spikecore import Events, events, memory
from spikecore.backends import words
from spikecore.events.files import FORMATS

MUTATIONS = int(os.environ.get("SPIKECORE_MUTATIONS", "300"))  # 10000 take 40 s in all
KINDS = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]


def rows(*events_of_file):
    return np.array(list(events_of_file), KINDS)


def read_bytes(tmp_path, content, name=None, suffix="", **options):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    return events.read(path, name, **options)


def tables(largest_time, columns, on_values=2):
    """Tables with rising times."""
    row = st.tuples(
        st.integers(0, largest_time), st.integers(0, columns - 1), st.integers(0, columns - 1),
        st.integers(0, on_values - 1),
    )  # fmt: skip
    return st.lists(row, max_size=12).map(lambda found: rows(*sorted(found)))


# --- what is written is read --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("aedat31", tables(2**40, 2**15)),
        ("dat", tables(2**32 - 1, 2**14, 16)),
        ("evt2", tables(2**34 - 1, 2**11)),
        ("evt3", st.one_of(tables(2**36, 2**11), tables(2**25, 3), tables(40, 3))),
        ("nmnist", st.one_of(tables(2**24, 240), tables(2**30, 3))),
        ("npy", tables(2**62, 2**15, 256)),
        ("npz", tables(2**62, 2**15, 256)),
    ],
)  # fmt: skip
def test_what_is_written_is_read(name, drawn, tmp_path_factory):
    path = tmp_path_factory.mktemp(name) / "file"

    @given(drawn)
    def check(table):
        events.write(path, table, name)
        found = events.read(path, name)
        for column in ("t", "x", "y", "p"):
            np.testing.assert_array_equal(found[column], table[column])

    check()


def test_the_order_of_fields_and_their_dtypes_do_not_matter(tmp_path):
    table = rows((3, 1, 2, 1), (9, 4, 5, 0))
    turned = np.zeros(2, [("p", bool), ("y", "u2"), ("extra", "f4"), ("t", ">u8"), ("x", "i8")])
    for name in ("t", "x", "y", "p"):
        turned[name] = table[name]
    for name in ("aedat31", "dat", "evt2", "evt3", "nmnist"):
        events.write(tmp_path / "plain", table, name)
        events.write(tmp_path / "turned", turned, name)
        assert (tmp_path / "plain").read_bytes() == (tmp_path / "turned").read_bytes()


@given(hnp.arrays("u4", st.integers(0, 9)), st.data())
def test_addresses_are_kept(tmp_path_factory, address, data):
    table = np.zeros(address.size, [("address", "u4"), ("t", "u4")])
    table["address"], table["t"] = address, data.draw(hnp.arrays("u4", address.size))
    path = tmp_path_factory.mktemp("aedat") / "file.aedat"
    events.write(path, table)
    found = events.read(path)
    np.testing.assert_array_equal(found["address"], table["address"])
    np.testing.assert_array_equal(found["t"], table["t"])


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_beginning_of_a_file_tells_its_format(name, tmp_path):
    path = tmp_path / f"file{FORMATS[name].suffix if name == 'nmnist' else ''}"
    events.write(path, fuzz_events.sample(name), name)
    assert events.read(path) == events.read(path, name)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_suffix_names_the_format_to_write(name, tmp_path):
    held = fuzz_events.sample(name)
    events.write(tmp_path / "plain", held, name)
    events.write(tmp_path / f"file{FORMATS[name].suffix}", held)
    written = (tmp_path / f"file{FORMATS[name].suffix}").read_bytes()
    assert written == (tmp_path / "plain").read_bytes()


def test_samples_are_written_with_their_labels_and_the_dtype_of_their_times(tmp_path):
    sample = fuzz_events.sample("shd")
    events.write(tmp_path / "file.h5", sample)
    found = events.read(tmp_path / "file.h5")
    assert found == sample
    assert found["t"].dtype == np.float16
    spikes = found.to_events(dt=0.25, num_steps=4)
    assert spikes.shape == (3, 700)
    assert spikes.to_numpy()[["step", "element"]].tolist() == [(1, 1400), (2, 3), (3, 699)]
    alone = found.sample(2).to_events(dt=0.25, num_steps=4)
    assert (alone.shape, alone.step.tolist(), alone.element.tolist()) == ((700,), [1], [0])


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"chunks": (4,), "maxshape": (None,)},
        {"chunks": (3,), "compression": "gzip"},
        {"chunks": (4,), "compression": "gzip", "shuffle": True},
    ],
)
@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8"])
@pytest.mark.parametrize("userblock", [0, 512])
def test_lists_of_hdf5_are_read_as_they_were_written(layout, kind, userblock, tmp_path):
    """h5py 3.16 reads lists of big-endian numbers as if they were little-endian."""
    import h5py

    generator = np.random.default_rng(0)
    lengths = [0, 5, 1, 3000, 0, 2, 40, 7, 9, 1]
    path, written = tmp_path / "file.h5", {}
    with h5py.File(path, "w", userblock_size=userblock) as file:
        file["labels"] = np.arange(10)
        for name, dtype in (("times", kind), ("units", "<u2")):
            held = file.create_dataset(f"spikes/{name}", (10,), h5py.vlen_dtype(dtype), **layout)
            written[name] = [generator.integers(0, 700, n).astype(dtype) for n in lengths]
            for i, part in enumerate(written[name]):
                held[i] = part
    found = events.read(path, "shd")
    assert np.bincount(found["sample"], minlength=10).tolist() == lengths
    for name, column in (("times", "t"), ("units", "x")):
        np.testing.assert_array_equal(found[column], np.concatenate(written[name]))


@pytest.mark.parametrize("value", [True, np.int8(-3), np.float32(0.5)])
def test_events_are_stored_with_all_that_they_have(value, tmp_path):
    spikes = Events([0, 4], [5, 0], (2, 3), 7, value, dt=1e-4)
    events.write(tmp_path / "file.npz", spikes)
    assert events.read(tmp_path / "file.npz") == spikes
    silent = Events([], [], (), 0)
    events.write(tmp_path / "file.npz", silent)
    assert events.read(tmp_path / "file.npz") == silent


def test_a_recording_is_stored_with_all_that_it_has(tmp_path):
    kept = {"tick": 1e-3, "stop": 50, "labels": [3], "header": ("% a", "% b"), "skipped": {"x": 2}}
    recording = events.Recording(rows((3, 1, 0, 1)), (2, 2), **kept)
    events.write(tmp_path / "file.npz", recording)
    found = events.read(tmp_path / "file.npz")
    assert found == recording
    assert (found.header, dict(found.skipped)) == (recording.header, {"x": 2})


# --- bytes of known meaning ---------------------------------------------------------------------


def test_n_mnist_is_big_endian_and_row_240_adds_2_to_the_13(tmp_path):
    content = bytes([5, 6, 0x81, 2, 3]) + bytes([0, 240, 0, 0, 0]) + bytes([7, 8, 0, 0, 9])
    found = read_bytes(tmp_path, content, suffix=".bin")
    assert found.table.tolist() == [(0x010203, 5, 6, 1), (9 + 2**13, 7, 8, 0)]
    assert found.size == (34, 34)


def evt3(*data):
    return b"% evt 3.0\n% end\n" + np.array(data, "<u2").tobytes()


def test_evt3_words_change_the_state(tmp_path):
    found = read_bytes(
        tmp_path,
        evt3(
            0x8001, 0x6005, 0x0003, 0x2801,  # time, row 3, ON at column 1
            0x3064, 0x4005, 0x4800, 0x5081,  # OFF at 100 and 102, at 112 + 11, at 124 and 131
            0xA123, 0xE000, 0x2002,
        ),
    )  # fmt: skip
    columns = [1, 100, 102, 123, 124, 131, 2]
    assert found["x"].tolist() == columns
    assert found["p"].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert set(found["t"].tolist()) == {4096 + 5}
    assert set(found["y"].tolist()) == {3}
    assert dict(found.skipped) == {"words of type 0xa": 1, "words of type 0xe": 1}


def test_evt3_counts_overflows_and_fills_in_upper_parts_that_are_missing(tmp_path):
    data = [0x8FFF, 0x6001, 0x2000, 0x8000, 0x2000, 0x6FFF, 0x2000, 0x6002, 0x2000]
    found = read_bytes(tmp_path, evt3(*data))
    loop = 2**24
    assert found["t"].tolist() == [0xFFF001, loop, loop + 0xFFF, loop + 0x1002]
    back = read_bytes(tmp_path, evt3(0x8FA0, 0x6002, 0x2000, 0x8F9F, 0x6003, 0x2000))
    assert back["t"].tolist() == [0xFA0002, 0xF9F003]


def plain_evt3(data):
    """EVT3 as its words say, one after another: (t, x, y, p)."""
    loops = high = low = row = column = polarity = 0
    for word in data:
        kind, value = divmod(word, 4096)
        if kind == 0:
            row = value % 2048
        elif kind == 2:
            yield (loops * 4096 + high) * 4096 + low, value % 2048, row, value // 2048
        elif kind == 3:
            column, polarity = value % 2048, value // 2048
        elif kind in (4, 5):
            width = {4: 12, 5: 8}[kind]
            for bit in range(width):
                if value & 2**bit:
                    yield (loops * 4096 + high) * 4096 + low, column + bit, row, polarity
            column += width
        elif kind == 6:
            high += value < low
            low = value
        elif kind == 8:
            loops += high - value > 2048
            low = low if value == high else 0
            high = value


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@given(st.lists(st.integers(0, 2**16 - 1), max_size=60))
def test_evt3_is_decoded_as_by_a_plain_loop(device, data):
    expected = list(plain_evt3(data))
    kinds, content = np.zeros(16, np.int64), np.array(data, np.uint16)
    with on(device):
        table = np.zeros(words.count(content, kinds), KINDS)
        assert len(table) == len(expected)
        wrong = words.decode(content, table)
    assert kinds.tolist() == np.bincount(content >> 12, minlength=16).tolist()
    beyond = next((k for k, event in enumerate(expected) if event[1] > 2047), len(expected))
    assert (wrong >= 0) == (beyond < len(expected))
    assert table[:beyond].tolist() == expected[:beyond]


def test_evt2_words_of_time_hold_the_upper_28_bits(tmp_path):
    data = [0x80000002, 0x14801003, 0x0000_0805, 0xA0000000, 0x8FFFFFFF, 0x0, 0x80000000, 0x0]
    found = read_bytes(tmp_path, b"% evt 2.0\n" + np.array(data, "<u4").tobytes())
    assert found.table.tolist() == [
        (2 * 64 + 18, 2, 3, 1), (128, 1, 5, 0), ((2**28 - 1) * 64, 0, 0, 0), (2**34, 0, 0, 0),
    ]  # fmt: skip
    assert dict(found.skipped) == {"words of type 0xa": 1}


def packet(kind, number, size=8, overflow=0, offset=4):
    return struct.pack("<hhiiiiii", kind, 0, size, offset, overflow, number, number, number)


def test_aedat3_skips_other_packets_and_events_that_are_not_valid(tmp_path):
    head = b"#!AER-DAT3.1\r\n#!END-HEADER\r\n"
    event = struct.pack("<Ii", 5 << 17 | 6 << 2 | 3, 7) + struct.pack("<Ii", 0, 8)
    content = head + packet(0, 2, 12) + bytes(24) + packet(1, 2, overflow=3) + event
    found = read_bytes(tmp_path, content)
    assert found.table.tolist() == [(3 * 2**31 + 7, 5, 6, 1, 5 << 17 | 6 << 2 | 3)]
    assert dict(found.skipped) == {"of type 0": 2, "not valid": 1}


def test_davis_addresses_of_other_sensors_are_skipped(tmp_path):
    head = b"#!AER-DAT2.0\r\n"
    on_event = (259 - 7) << 22 | (345 - 9) << 12 | 1 << 11
    content = head + struct.pack(">IIII", on_event, 5, 1 << 31, 6)
    found = read_bytes(tmp_path, content, camera="davis346")
    assert found.table.tolist() == [(5, 9, 7, 1, on_event)]
    assert dict(found.skipped) == {"of frames and inertial sensors": 1}


@pytest.mark.parametrize("mark", [b"#", b"%"])
def test_data_that_begin_with_the_mark_of_a_header_are_data(mark, tmp_path):
    name, head = {b"#": ("aedat2", b"#!AER-DAT2.0\r\n"), b"%": ("evt2", b"% evt 2.0\n")}[mark]
    content = head + mark + bytes(3) + (bytes(4) if mark == b"#" else b"")
    assert len(read_bytes(tmp_path, content, name)) == 1


def test_the_size_of_a_sensor_is_read_from_its_header(tmp_path):
    for text in (
        "% geometry 640x480",
        "% format EVT3;height=480;width=640",
        "% Height 480\n% Width 640",
    ):
        found = read_bytes(tmp_path, f"% evt 3.0\n{text}\n".encode(), "evt3")
        assert found.size == (480, 640)


# --- recordings ---------------------------------------------------------------------------------


def test_polarities_are_channels_signs_or_nothing():
    recording = events.Recording(rows((0, 1, 2, 0), (5, 1, 2, 1)), (3, 2))
    channels = recording.to_events(1, num_steps=6)
    assert channels.shape == (2, 3, 2)
    assert channels.to_dense()[0, 0, 2, 1]
    assert channels.to_dense()[5, 1, 2, 1]
    signed = recording.to_events(1, num_steps=6, polarity="signed")
    assert (signed.shape, signed.value.tolist()) == ((3, 2), [-1, 1])
    both = recording.to_events(10, num_steps=1, polarity="ignore", combine="count")
    assert (both.shape, both.value.tolist()) == ((3, 2), [2])


def test_recordings_are_not_changed_and_share_nothing():
    table = rows((0, 1, 2, 0))
    recording = events.Recording(table)
    table["t"] = 9
    assert recording["t"][0] == 0
    with pytest.raises(ValueError, match="read-only"):
        recording["t"][0] = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        recording.size = (1, 1)


# --- wrong bytes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("nmnist", bytes(7), r"hold events of 5 bytes .* 2 bytes of an event that is cut off at b"),
        ("aedat2", b"#!AER-DAT2.0\r\n" + bytes(9), r"cut off at byte 22; fetch or copy the file a"),
        ("dat", b"% a\n" + bytes([12]), r"the size of events after its header, found 1 bytes at b"),
        ("dat", b"% a\n" + bytes([14, 8]), r"events of type 0 or 12, .* found type 14 and 8 bytes"),
        ("dat", b"% a\n" + bytes([12, 8, 1]), r"found 1 bytes of an event that is cut off at byte"),
        ("evt2", b"% a\n" + bytes(6), r"found 2 bytes of an event that is cut off at byte 8"),
        ("evt3", b"% a\n" + bytes(3), r"found 1 bytes of an event that is cut off at byte 6"),
        ("evt3", evt3(0x37FF, 0x4002), r"have columns up to 2047, found a vector .* at byte 18"),
        ("aedat31", b"#!AER-DAT3.1\r\n" + bytes(9), r"a packet header of 28 bytes, found 9 bytes"),
        ("aedat31", packet(1, 2**31 - 1), r"lie within the file, found one of 2147483647 events o"),
        ("aedat31", packet(1, -1), r"lie within the file, found one of -1 events of 8 bytes at by"),
        ("aedat31", packet(1, 1, offset=0) + bytes(8), r"with the time at byte 4, found 8 bytes"),
        ("aedat31", packet(1, 0, overflow=-1), r"count the overflows of time from 0, found -1 at"),
        ("npy", b"\x93NUMPY\x01\x00", r"be a whole file of NumPy, found EOF: reading array header"),
        ("npz", b"PK", r"be a whole \.npz file of events, found File is not a zip file"),
        ("shd", b"\x89HDF", r"be a whole HDF5 file with readable data sets, found "),
        (None, b"#!AER-DAT4.0\r\n", r"be AEDAT 2.0 or 3.1, found b'4.0' at byte 9; convert it, fo"),
        (None, b"% evt 2.1\n", r"be EVT2 or EVT3, found evt 2.1 at byte 0; convert it to EVT3"),
        (None, b"% nothing\n", r"name its format in its header, found 1 lines without at byte 0"),
        (None, b"abc", r"begin as a known format does, found b'abc' at byte 0; pass format="),
    ],
)  # fmt: skip
def test_wrong_bytes_get_one_sentence_with_their_place(name, content, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence) as caught:
        read_bytes(tmp_path, content, name)
    assert str(caught.value).startswith(f"{tmp_path / 'file'} must ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_cut_of_a_file_is_read_or_refused(name, tmp_path):
    path = tmp_path / "file"
    events.write(path, fuzz_events.sample(name), name)
    content = path.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 100)):
        path.write_bytes(content[:length])
        assert fuzz_events.offence(path, name) is None


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_mutated_files_end_in_a_result_or_a_sentence(name):
    assert fuzz_events.offences(name, MUTATIONS, seed=0) == {}


def test_nothing_is_allocated_on_the_word_of_a_header(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "available_memory", lambda: 1 << 12)
    with pytest.raises(
        ValueError, match=r"have a table that fits into memory, found one of 12000 "
    ):
        read_bytes(tmp_path, evt3(*[0x4FFF] * 1000), "evt3")
    with pytest.raises(ValueError, match="fits into memory"):
        read_bytes(tmp_path, bytes(5000), "nmnist")


def test_events_and_tables_that_a_format_cannot_hold_are_refused(tmp_path):
    table, path = rows((5, 300, 2, 1), (3, 0, 240, 0)), tmp_path / "file"
    refused = [
        ("nmnist", table, r"^table\['x'\]\[0\] must lie from 0 to 255 to be written to "),
        ("nmnist", rows((0, 0, 240, 0)), r"^table\['y'\]\[0\] must not be 240 to be written"),
        ("evt3", table, r"^table\['t'\] must not fall to be written to .*, got 3 after 5 at row 1"),
        ("evt3", rows((2**49, 0, 0, 0)), r"^table\['t'\] must not leap by so much"),
        ("dat", rows((-1, 0, 0, 0)), r"^table\['t'\]\[0\] must lie from 0 to 4294967295"),
        ("aedat2", table, r"^table must have the field 'address' to be written to"),
        ("dat", table.astype([("t", "f8"), *KINDS[1:]]), r"^table\['t'\] must hold integers"),
        ("shd", table, r"^table must have times t in seconds"),
        ("dat", Events([], [], 1, 1), r"^held must be a recording for format 'dat', got Events"),
        ("nir", Events([0], [0], 1, 1, 2), r"^value must be 1 in each event to be written as Ev"),
        ("nir", table, r"^held must be Events for format 'nir', got a Recording"),
        ("npz", np.eye(2), r"^held must be a Recording, Events or a structured array, got an nda"),
        (None, table, r"^path must end in one of \("),
        ("raw", table, r"^format must be one of \("),
    ]
    for name, held, sentence in refused:
        with pytest.raises((ValueError, TypeError), match=sentence):
            events.write(path, held, name)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "file.dat"
    events.write(path, rows((1, 1, 1, 1)))
    before = path.read_bytes()
    with small_disk(1000), pytest.raises(OSError) as caught:
        events.write(path, np.zeros(1000, KINDS))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_wrong_arguments_get_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^path must name a file, got "):
        events.read(tmp_path)
    with pytest.raises(TypeError, match=r"^path must be the path of a file, got 3; pass"):
        events.read(3)
    (tmp_path / "a.bin").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"^camera must be given for AEDAT 2 alone, got format 'nm"
    ):
        events.read(tmp_path / "a.bin", camera="dvs128")
    with pytest.raises(ValueError, match=r"^camera must be one of \('dvs128', "):
        events.read(tmp_path / "a.bin", camera="phone")
    with pytest.raises(ValueError, match=r"^size must be given .*; pass size=\(3, 2\) to hold all"):
        events.Recording(rows((0, 1, 2, 0))).to_events(1, num_steps=1)
    with pytest.raises(
        ValueError, match=r"^table\['y'\]\[0\] must lie from 0 to 1, got 2; pass a l"
    ):
        events.Recording(rows((0, 1, 2, 0)), (2, 2)).to_events(1, num_steps=1)
    with pytest.raises(
        ValueError, match=r"^table must have the field 't', got the fields \('a',\)"
    ):
        events.Recording(np.zeros(1, [("a", int)]))
    with pytest.raises(ValueError, match=r"^name must be one of \('t', 'x', 'y', 'p'\), got 'q'"):
        events.Recording(rows())["q"]


def test_a_file_of_hdf5_without_h5py_says_what_to_install(tmp_path, monkeypatch):
    events.write(tmp_path / "file.h5", fuzz_events.sample("shd"))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"need h5py, .* pip install 'spikecore\[data\]'$"):
        events.read(tmp_path / "file.h5")
