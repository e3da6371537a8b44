"""Run a module on the virtual GPU: ``PYTHONPATH=tests python -m virtual_gpu benchmarks.cuda --tiny``."""

import runpy
import sys

from virtual_gpu.driver import VirtualDriver

VirtualDriver().install()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
