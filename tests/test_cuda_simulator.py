"""Run the CUDA kernels under Numba's simulator, which has to be chosen before Numba is imported."""

import os
import subprocess
import sys
from pathlib import Path


def test_the_kernels_agree_with_the_reference_under_the_simulator():
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(here / "cuda_simulator.py")],
        cwd=here.parent,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
