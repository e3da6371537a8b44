"""A new process: kernels come from the cache, are never stale, and nothing compiles at import.

The processes share a checkout, a copy of the package that has a loop and an equation more, each in
a file of its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spikecore

PACKAGE = Path(spikecore.__file__).parent

EQUATION = """
from spikecore.compiler import overload

def plus(x): return x + 1

@overload(plus)
def _plus(x): return lambda x: x + 1
"""
# A loop that calls a loop so long that LLVM leaves it a function, which is found by its name.
LINES = "\n".join(
    f"        x = x / {i}.5 - factor if x > {i % 5} else x + {i}" for i in range(1, 60)
)
LOOP = f"""
from functools import cache
from typing import Any, NamedTuple
from spikecore.compiler import equation, kernel
from spikecore.made_equation import plus

class Code(NamedTuple):
    scaled: Any
    shifted: Any

@cache
def code_of(factor):
    @equation
    def scaled(x): return x * factor
    @equation
    def shifted(x): return plus(x) + factor
    return Code(scaled, shifted)

@cache
def loops_of(code):
    scaled, shifted = code
    factor = 3.0
    @kernel
    def part(x):
        x = scaled(x)
{LINES}
        return scaled(x)
    @kernel
    def whole(x): return shifted(x) + part(x) + part(x + 1) + part(x - 1)
    return part, whole

def show(*factors):
    for factor in factors:
        code = code_of(factor)
        part, whole = loops_of(code)
        parts = [part.py_func(x) for x in (10.0, 11.0, 9.0)]
        plain = code.shifted(10.0) + parts[0] + parts[1] + parts[2]
        print(whole(10.0), plain)
"""
SETUP = """
import numpy as np
from numba.core import event

class Compiled(event.Listener):
    names = []
    def on_start(self, event): self.names.append(event.data["dispatcher"].py_func.__name__)
    def on_end(self, event): pass

event.register("numba:compile", Compiled())
x = np.linspace(0, 1, 50, dtype=np.float32)
"""
CALLS = """
from spikecore import Leaky
run = Leaky(0.9).run(np.tile(x, (4, 1)), record=())
print(run.final[0].tobytes().hex(), *Compiled.names)
"""
KERNELS = {"_first_outside", "run"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("checkout"))


def checkout(folder):
    """A copy of the package as it lies in an editable checkout, with no kernels yet."""
    (folder / "setup.cfg").touch()
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "spikecore", ignore=ignored)
    (folder / "spikecore" / "made_equation.py").write_text(EQUATION)
    (folder / "spikecore" / "made_loop.py").write_text(LOOP)
    return folder


def start(site, *arguments, **variables):
    """A new process of the interpreter that imports the copy; without variables it caches there."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=site,
        env=environment | {"PYTHONPATH": str(site)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """The words that a process printed; it ended well and without a warning."""
    printed, complaints = process.communicate(timeout=120)
    assert process.returncode == 0 and complaints == "", complaints
    return printed.split()


def words(site, code, **variables):
    """What code prints in a new process, in which a warning is an error."""
    return ended(start(site, "-W", "error", "-c", SETUP + code, **variables))


def show(site, *factors, **variables):
    """What the loops made for some factors give, and the names of those that were compiled."""
    code = f"from spikecore.made_loop import show; show{factors}; print(*Compiled.names)"
    return shown(factors, words(site, code, **variables))


def shown(factors, printed):
    pairs, compiled = printed[: 2 * len(factors)], printed[2 * len(factors) :]
    assert pairs[::2] == pairs[1::2], "compiled, and as written"
    return pairs[::2], compiled


def kernels(folder):
    return sorted(folder.rglob("*.kernel"))


def test_the_next_process_compiles_nothing(site):
    [membrane, *compiled] = words(site, CALLS)
    assert set(compiled) >= KERNELS
    assert words(site, CALLS) == [membrane]
    # Other axes are another kernel, which may not be mistaken for the one that is kept.
    axes = CALLS.replace("Leaky(0.9)", "Leaky(0.9, reset_mechanism='zero')")
    [different, *compiled] = words(site, axes)
    assert different != membrane and KERNELS & set(compiled) == {"run"}
    assert words(site, axes) == [different]


def test_eight_processes_at_once_compile_two_loops_of_one_factory(site, tmp_path):
    """And those that load both do not mistake the one for the other."""
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    code = f"{SETUP}from spikecore.made_loop import show; show(float(sys.argv[1]))"
    code = f"import sys; {code}; print(*Compiled.names)"
    factors = ["2.0", "5.0"] * 4
    eight = [start(site, "-W", "error", "-c", code, factor, **cache) for factor in factors]
    results = [shown(factors[:1], ended(process)) for process in eight]
    two, five = {x for [x], _ in results[::2]}, {x for [x], _ in results[1::2]}
    assert len(two) == len(five) == 1 and two != five
    assert {"part", "whole"} <= {name for _, compiled in results for name in compiled}
    expected = [*two, *five]
    [folder] = {file.parent for file in kernels(tmp_path)}
    assert sorted(folder.iterdir()) == kernels(tmp_path)  # no part of a file is left
    assert show(site, 2.0, 5.0, **cache) == (expected, [])
    for number, file in enumerate(kernels(tmp_path)):  # a bit, or the end, is lost
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content[:100] if number % 2 else content)
    results, compiled = show(site, 2.0, 5.0, **cache)
    assert results == expected and compiled.count("part") == compiled.count("whole") == 2
    assert show(site, 5.0, 2.0, **cache) == (expected[::-1], [])


def test_importing_every_module_compiles_nothing(site, tmp_path):
    code = """
import spikecore
from spikecore import network, neurons, random, spikegen
from spikecore.backends import cpu, numpy as reference
print(spikecore.__file__, *Compiled.names)
"""
    [file, *compiled] = words(site, code, NUMBA_CACHE_DIR=str(tmp_path))
    assert Path(file).parent == site / "spikecore" and compiled == []
    assert not list(tmp_path.iterdir())


def test_a_source_file_that_is_edited_gives_the_new_result(tmp_path):
    """What is edited is compiled into the loop, and neither the loop nor what it calls has it."""
    copy = checkout(tmp_path)
    code = "from spikecore.made_loop import show; show(2.0); print(*Compiled.names)"
    [before, _, *_] = words(copy, code)
    edited = EQUATION.replace("lambda x: x + 1", "lambda x: x + 9")
    (copy / "spikecore" / "made_equation.py").write_text(edited)
    [after, _, *compiled] = words(copy, code)
    assert float(after) == float(before) + 8 and "whole" in compiled
    (copy / "spikecore" / "made_equation.py").write_text(EQUATION)
    assert words(copy, code) == [before, before]


def test_where_nothing_can_be_written_it_computes_with_one_warning(tmp_path):
    copy = checkout(tmp_path)
    file = copy / "spikecore" / "__pycache__"  # no folder can be made in a file, whoever asks
    file.touch()
    nowhere = {"XDG_CACHE_HOME": str(file), "HOME": str(file), "LOCALAPPDATA": str(file)}
    code = f"{SETUP}{CALLS}\nfrom spikecore import spikegen; spikegen.delta(np.tile(x, (4, 1)))"
    for arguments, expected in ((("-c", code), "run"), (("-m", "spikecore", "info"), "numba")):
        printed, complaints = start(copy, *arguments, **nowhere).communicate(timeout=120)
        assert expected in printed.split()
        assert complaints.count("Warning") == 1, complaints
        assert complaints.count("NUMBA_CACHE_DIR") == 1, complaints
    assert not kernels(tmp_path)
