"""What a kernel's description holds, and where its compiled code is kept."""

import os
from functools import partial

import numpy as np

from spikecore import kernel_cache
from spikecore.compiler import equation, kernel
from spikecore.kernel_identity import digest_of

STEP = 1.0


def made(constant, default=0):
    """A function that closes over a constant."""

    def function(x, offset=default):
        return x + constant + offset

    return function


def calls(function):
    return lambda x: function(x) + STEP


DIFFERENT = [
    made(1),
    made(1.0),
    made(np.float32(1)),
    made(True),
    made(np.int64(1)),
    made((1, 2)),
    made((1, (2,))),
    made(np.array([1, 2])),
    made(np.array([1, 3])),
    made("spike"),
    made(None),
    made(np.float32),
    made(np.floor),
    made(made(1)),
    made(made(2)),
    made(1, default=1),
    calls(made(1)),
    calls(made(2)),
    calls(calls(made(1))),
    calls(np.floor),
    calls(np.ceil),
]


def test_different_functions_have_different_digests():
    assert len({digest_of(function) for function in DIFFERENT}) == len(DIFFERENT)


def test_functions_that_are_made_alike_have_one_digest():
    for make in (partial(made, (1, "spike")), lambda: calls(made(2)), lambda: calls(np.floor)):
        assert digest_of(make()) == digest_of(make())


def test_a_function_that_calls_itself_has_a_digest():
    def down(x):
        return down(x - 1) if x else 0

    assert digest_of(down) == digest_of(down)


def test_a_global_number_is_part_of_the_digest(monkeypatch):
    function = calls(made(1))
    before = digest_of(function)
    monkeypatch.setitem(globals(), "STEP", 2.0)
    assert digest_of(function) != before


def test_what_a_factory_makes_has_a_name_of_its_own():
    names = {equation(made(constant)).__qualname__ for constant in (1, 2, 2)}
    assert len(names) == 2
    assert all(name.startswith("made.<locals>.function_") for name in names)


def test_a_kernel_that_was_changed_is_compiled_and_the_first_is_found_again(monkeypatch, tmp_path):
    monkeypatch.setattr(kernel_cache, "folder", lambda: tmp_path)
    for expected, hits in ((12.0, 0), (13.0, 0), (12.0, 1), (13.0, 1)):
        monkeypatch.setitem(globals(), "STEP", expected - 11)
        compiled = kernel(calls(equation(made(1.0))))
        assert compiled(10.0) == expected
        assert sum(compiled.stats.cache_hits.values()) == hits
    assert len(list(tmp_path.iterdir())) == 2
    compiled.recompile()
    assert sum(compiled.stats.cache_hits.values()) == 1, "it was found, not compiled"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_was_removed_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(kernel_cache, "folder", lambda: tmp_path / "removed")
    assert kernel(made(1))(2) == 3


def test_the_digest_of_sources_depends_on_every_file(tmp_path):
    (tmp_path / "codes").mkdir()
    files = [tmp_path / "a.py", tmp_path / "codes" / "b.py"]
    seen = {kernel_cache.source_digest(tmp_path)}
    assert seen == {None}
    for content in ("x = 1", "x = 2"):
        for file in files:
            file.write_text(content)
            seen.add(kernel_cache.source_digest(tmp_path))
    assert len(seen) == 5
    files[1].rename(tmp_path / "b.py")
    assert kernel_cache.source_digest(tmp_path) not in seen


def test_only_the_folders_that_were_used_last_are_kept(tmp_path):
    for age in range(7):
        folder = tmp_path / f"{age}"
        folder.mkdir()
        (folder / "rate.kernel").touch()
        os.utime(folder, (1e9 - age, 1e9 - age))
    kernel_cache._remove_old(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3"]


def test_no_folder_is_made_in_a_home_that_is_not_known(monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    parents = list(kernel_cache._parents())
    assert parents and all(path.is_absolute() for path in parents)
