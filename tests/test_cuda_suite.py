"""Run the CUDA suite where there is no GPU: each way has to be chosen before Numba is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import nvvm_missing

SUITE = ["cuda_suite.py", "cuda_values.py", "cuda_fixed.py"]
WAYS = {"Numba's simulator": SUITE, "virtual GPU": [*SUITE, "cuda_ptx.py"]}


@pytest.mark.parametrize("way", WAYS)
def test_the_kernels_agree_with_the_reference(way):
    simulated = way == "Numba's simulator"
    if not simulated and nvvm_missing():
        pytest.skip(nvvm_missing())
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": str(int(simulated))}
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *WAYS[way]]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-7000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
