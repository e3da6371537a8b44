"""``PYTHONPATH=tests python -m virtual_gpu benchmarks.cuda --tiny``: a module on that GPU."""

import runpy
import sys

from conftest import nvvm_missing

from virtual_gpu.driver import VirtualDriver

if missing := nvvm_missing():
    sys.exit(f"skipped: {missing}")
VirtualDriver().install()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
