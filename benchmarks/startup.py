"""What a new process waits for: imports, and first calls, cold and cached.

``python -m benchmarks.startup`` prints each public function's first call with an empty cache and
with a full one, seconds after Numba's own import.
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import machine, report
from benchmarks.harness import Case, Rival

CHECKOUT = Path(__file__).resolve().parent.parent
BUDGET = 0.5  # seconds, cached

SETUP = """
import numpy as np
x = np.linspace(0, 1, 784, dtype=np.float32).reshape(1, 784)
x3 = np.repeat(x[None], 4, 0)
labels = np.array([0, 1])
"""
# Calls by name: what is imported, and what is called.
CALLS = {
    "rate": ("from spikecore import spikegen", "spikegen.rate(x, 10, seed=0)"),
    "rate, uint8": (
        "from spikecore import spikegen",
        "spikegen.rate(x, 10, seed=0, dtype=np.uint8)",
    ),
    "rate_conv": ("from spikecore import spikegen", "spikegen.rate_conv(x3, seed=0)"),
    "latency": ("from spikecore import spikegen", "spikegen.latency(x, 10, normalize=True)"),
    "latency_code": ("from spikecore import spikegen", "spikegen.latency_code(x)"),
    "delta": ("from spikecore import spikegen", "spikegen.delta(x3)"),
    "targets_rate": ("from spikecore import spikegen", "spikegen.targets_rate(labels, 10, 10)"),
    "targets_latency": (
        "from spikecore import spikegen",
        "spikegen.targets_latency(labels, 10, 10, normalize=True)",
    ),
    "targets_convert": (
        "from spikecore import spikegen",
        "spikegen.targets_convert(labels, 10, num_steps=10)",
    ),
    "random.uniforms": ("from spikecore import random", "random.uniforms(0, (10, 784))"),
    "Leaky, one step": ("from spikecore import Leaky", "Leaky(0.9)(x)"),
    "Leaky.run": ("from spikecore import Leaky", "Leaky(0.9).run(x3)"),
    "Leaky.run, inhibition": (
        "from spikecore import Leaky",
        "Leaky(0.9, inhibition=True).run(x3)",
    ),
    "LIF.run": ("from spikecore import LIF", "LIF.profile('bindsnet').run(x3)"),
    "Lapicque.run": ("from spikecore import Lapicque", "Lapicque(R=5, C=2).run(x3)"),
    "Synaptic.run": ("from spikecore import Synaptic", "Synaptic(0.8, 0.9).run(x3)"),
    "Alpha.run": ("from spikecore import Alpha", "Alpha(0.9, 0.8).run(x3)"),
    "RLeaky.run": ("from spikecore import RLeaky", "RLeaky(0.9, all_to_all=False).run(x3)"),
    "Sequential.run": (
        "from spikecore import Leaky, network",
        "network.Sequential(network.Linear.draw(784, 10, seed=0), Leaky(0.9)).run(x3)",
    ),
}

TIMED = """
{setup}
import numba
import time
begin = time.perf_counter()
{imports}
imported = time.perf_counter()
{call}
print(imported - begin, time.perf_counter() - imported)
"""


def main(argv=None):
    """Print the table of first calls."""
    del argv
    print(*machine.lines(machine.describe()), sep="\n")
    rows = [("function", "import", "cold", "cached", "budget met")]
    with tempfile.TemporaryDirectory() as folder:
        for name, (imports, call) in CALLS.items():
            cache = Path(folder) / "cache" / str(len(rows))
            _, cold = first_call(imports, call, cache)
            again = [first_call(imports, call, cache) for _ in range(3)]
            imported, cached = (sorted(times)[1] for times in zip(*again, strict=True))
            met = "yes" if imported + cached < BUDGET else "no"
            print(".", end="", flush=True)
            rows.append((name, *map(report.duration, (imported, cold, cached)), met))
    print(f"\n{report.markdown(rows)}\n\nload after: {machine.load()}")
    return 0 if all(row[-1] != "no" for row in rows) else 1


def first_call(imports, call, cache):
    """Seconds of the imports and of the call in a new process, NumPy and Numba being imported."""
    code = TIMED.format(setup=SETUP, imports=imports, call=call)
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported, called = map(float, done.stdout.split())
    return imported, called


def imports(scale):
    """The builder of one case, for the table of all."""
    del scale
    return {"import spikecore": import_case}


def import_case():
    """``import spikecore`` beside ``import numpy``, each in a new process that times itself."""
    return Case(
        work="in a new process, without the interpreter's own start",
        function=partial(import_seconds, "spikecore"),
        limit=Rival("import numpy", partial(import_seconds, "numpy"), 1.1),
        clock=lambda function: function(),
    )


def import_seconds(module):
    """Seconds that importing a module takes in a new process."""
    code = (
        "import time; begin = time.perf_counter()\n"
        f"import {module}\n"
        "print(time.perf_counter() - begin)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return float(result.stdout)


if __name__ == "__main__":
    sys.exit(main())
