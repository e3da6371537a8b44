"""Run the CUDA suite where there is no GPU: each way has to be chosen before Numba is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import nvvm_missing

HERE = Path(__file__).parent
WAYS = {"Numba's simulator": {"NUMBA_ENABLE_CUDASIM": "1"}, "virtual GPU": {}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Both ways at once, each with the file of what it prints."""
    started = {}
    for way, variables in WAYS.items():
        output = tmp_path_factory.mktemp("suite") / "output"
        environment = {k: v for k, v in os.environ.items() if k != "NUMBA_ENABLE_CUDASIM"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "cuda_suite.py"]
        with open(output, "w") as file:
            process = subprocess.Popen(
                command, cwd=HERE, env=environment | variables, stdout=file, stderr=file
            )
        started[way] = process, output
        if nvvm_missing():
            break
    yield started
    for process, _ in started.values():
        process.kill()


@pytest.mark.parametrize("way", WAYS)
def test_the_kernels_agree_with_the_reference(way, runs):
    if way not in runs:
        pytest.skip(nvvm_missing())
    process, output = runs[way]
    code = process.wait()
    assert code == 0, output.read_text()[-7000:]
    assert " passed" in output.read_text()
