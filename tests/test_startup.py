"""A new process of an installed copy: kernels come from the cache, and nothing compiles at import.

The copy is laid out as pip lays it out: the package's folder without the setup.cfg beside it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spikecore

PACKAGE = Path(spikecore.__file__).parent

SETUP = """
import numpy as np
from numba.core import event

class Compiled(event.Listener):
    names = []
    def on_start(self, event): self.names.append(event.data["dispatcher"].py_func.__qualname__)
    def on_end(self, event): pass

event.register("numba:compile", Compiled())
x = np.linspace(0, 1, 50, dtype=np.float32)
"""
CALLS = """
from spikecore import Leaky
run = Leaky(0.9).run(np.tile(x, (4, 1)), record=())
print(run.final[0].tobytes().hex(), *Compiled.names)
"""
KERNELS = {"_first_outside", "_neurons.<locals>.run"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed") / "site"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "spikecore", ignore=ignored)
    return folder


def start(site, cache, code):
    """A new process that imports the copy and caches in the folder."""
    environment = os.environ | {"PYTHONPATH": str(site), "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SETUP + code],
        cwd=site,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """The words that a process printed; it ended well and without a warning."""
    printed, complaints = process.communicate(timeout=120)
    assert process.returncode == 0 and complaints == "", complaints
    return printed.split()


def test_eight_first_calls_at_once_agree_and_the_next_process_compiles_nothing(site, tmp_path):
    cache = tmp_path / "cache"
    first = [ended(process) for process in [start(site, cache, CALLS) for _ in range(8)]]
    membranes = {words[0] for words in first}
    assert len(membranes) == 1
    assert {name for words in first for name in words[1:]} >= KERNELS
    [membrane, *compiled] = ended(start(site, cache, CALLS))
    assert membrane in membranes and compiled == []
    # Other axes are another kernel, which may not be mistaken for the one that is kept.
    other = CALLS.replace("Leaky(0.9)", "Leaky(0.9, reset_mechanism='zero')")
    [different, *compiled] = ended(start(site, cache, other))
    assert different != membrane and KERNELS & set(compiled) == {"_neurons.<locals>.run"}
    [again, *compiled] = ended(start(site, cache, other))
    assert again == different and compiled == []


def test_importing_every_module_compiles_nothing(site, tmp_path):
    code = """
import spikecore
from spikecore import network, neurons, random, spikegen
from spikecore.backends import cpu, numpy as reference
print(spikecore.__file__, *Compiled.names)
"""
    [file, *compiled] = ended(start(site, tmp_path / "cache", code))
    assert Path(file).parent == site / "spikecore" and compiled == []
    assert not list(tmp_path.rglob("*.nb?"))


def test_a_checkout_does_not_cache(site, tmp_path):
    """There a kernel would go stale when an equation in another file changes."""
    copy = tmp_path / "checkout"
    shutil.copytree(site / "spikecore", copy / "spikecore")
    (copy / "setup.cfg").touch()
    code = "from spikecore import spikegen; spikegen.delta(x); print(*Compiled.names)"
    assert "_delta" in ended(start(copy, tmp_path / "cache", code))
    assert not list(tmp_path.rglob("*.nb?"))
    # The same call of the installed copy leaves its kernels there.
    assert "_delta" in ended(start(site, tmp_path / "cache", code))
    assert list((tmp_path / "cache").rglob("*.nbi"))
