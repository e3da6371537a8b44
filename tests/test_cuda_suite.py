"""Run the CUDA suite where there is no GPU: each way has to be chosen before Numba is imported.

The processes run beside the other tests (see conftest.py), which keep one core busy.
"""

import atexit
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import nvvm_missing

HERE = Path(__file__).parent
SUITE = ["cuda_suite.py", "cuda_values.py", "cuda_fixed.py"]
WAYS = {"Numba's simulator": SUITE, "virtual GPU": [*SUITE, "cuda_ptx.py"]}
FOLDER = tempfile.TemporaryDirectory()
RUNS = {}  # each way's process, and the file of what it prints


def start():
    """Begin both ways."""
    for way, files in WAYS.items():
        simulated = way == "Numba's simulator"
        if way in RUNS or (nvvm_missing() and not simulated):
            continue
        environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": str(int(simulated))}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
        output = Path(FOLDER.name, way)
        with output.open("w") as file:
            process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=file, stderr=file)
        atexit.register(process.kill)
        RUNS[way] = process, output


@pytest.mark.parametrize("way", WAYS)
def test_the_kernels_agree_with_the_reference(way):
    start()
    if way not in RUNS:
        pytest.skip(nvvm_missing())
    process, output = RUNS[way]
    code = process.wait()
    printed = output.read_text()
    assert code == 0, printed[-7000:]
    assert " passed" in printed
