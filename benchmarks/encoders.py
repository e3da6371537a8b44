"""Encoders beside snnTorch 1.0.0 and beside the memory limit.

``python -m benchmarks.encoders`` takes about a minute with snnTorch installed; ``--quick`` uses
smaller arrays and few repeats, to see that everything runs.
"""

import argparse
import math
import subprocess
import sys

import numpy as np

from benchmarks import harness, peers
from benchmarks.harness import Case, Check, Rival
from spikecore import random, spikegen

FEATURES = 784


def main(argv=None):
    """Measure every case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small arrays, few repeats")
    parser.add_argument("--repeats", type=int, help="timed calls of each function")
    arguments = parser.parse_args(argv)
    repeats = arguments.repeats or (3 if arguments.quick else 21)
    batch, steps = (16, 20) if arguments.quick else (128, 100)
    print(*harness.environment(), sep="\n")
    if arguments.quick:
        print("quick run: small arrays and few repeats, so its ratios are not to be quoted")
    results = []
    for case in all_cases(batch, steps):
        judged = harness.unjudged(case) if arguments.quick else case
        results.append(harness.measure(judged, repeats))
    print(f"load after: {harness.load()}; {repeats} timed calls of each function\n")
    print(harness.render(results))
    return 1 if any(result.refusal for result in results) else 0


def all_cases(batch, steps):
    """The rows, made one after another so that few arrays are alive at once."""
    yield from rate_cases(batch, steps)
    yield from latency_cases(batch, steps)
    yield delta_case(batch, steps)
    yield import_case()


def rate_cases(batch, steps):
    """Rate code into a float32 array, into a uint8 array, and into a new array."""
    data = _data(batch, FEATURES)
    shape = (steps, *data.shape)
    common = {
        "encoder": "rate",
        "data": data,
        "options": {"num_steps": steps},
        "ours_only": {"seed": 0},
        "replay": {"uniforms": random.torch_uniforms(0, shape)},
    }
    for dtype, bound in ((np.float32, 3), (np.uint8, None)):
        out = np.empty(shape, dtype)
        limit = fill(shape, dtype, bound)
        yield encoder_case(f"rate, {out.dtype}", out=out, limit=limit, at_least=25, **common)
    new = Rival("fill, new array", lambda: np.empty(shape, np.float32).fill(1))
    yield encoder_case("rate, new array", out=None, limit=new, **common)


def latency_cases(batch, steps):
    """Latency codes into a float32 array."""
    data = _data(batch, FEATURES)
    shape = (steps, *data.shape)
    codes = {
        "latency, log": {"tau": steps / 20},
        "latency, linear": {"linear": True, "normalize": True, "clip": True},
    }
    for name, code in codes.items():
        options = {"num_steps": steps, **code}
        out = np.empty(shape, np.float32)
        limit = fill(shape, out.dtype, 3)
        yield encoder_case(name, "latency", data, options, out, limit, at_least=15)


def delta_case(batch, steps):
    """Delta modulation with off-spikes of a float32 signal."""
    data = _data(steps, batch, FEATURES)
    options = {"threshold": 0.1, "off_spike": True}
    limit = copy(data, 2)
    return encoder_case("delta", "delta", data, options, np.empty_like(data), limit, at_least=15)


def encoder_case(
    name, encoder, data, options, out, limit, at_least=None, *, ours_only=(), replay=()
):
    """One of our encoders, held against the numpy backend and against snnTorch's.

    ``ours_only`` are options that snnTorch lacks; ``replay`` makes ours draw snnTorch's random
    numbers.  ``out=None`` leaves the allocation to the call.
    """
    function = getattr(spikegen, encoder)
    given = {**options, **dict(ours_only)}
    replayed = {**options, **dict(replay)}
    dtype = np.dtype(np.float32) if out is None else out.dtype
    steps = (options["num_steps"],) if "num_steps" in options else ()
    shape = (*steps, *data.shape)

    def ours():
        return function(data, out=out, **given)

    def reference():
        return function(data, device="numpy", dtype=dtype, **given)

    checks = [Check("numpy backend", ours, reference)]
    theirs = peers.snntorch_encoder(encoder, data, **options)
    if theirs:
        checks.append(Check("snnTorch", theirs, lambda: function(data, **replayed)))
    words = ", ".join(f"{option}={value}" for option, value in options.items())
    where = "a new array" if out is None else "out="
    return Case(
        name=name,
        work=f"{_size(data.shape)} to {_size(shape)} {dtype} in {where}; {words}",
        function=ours,
        bytes_moved=data.nbytes + dtype.itemsize * math.prod(shape),
        checks=tuple(checks),
        peer=theirs and Rival("snnTorch", theirs, at_least),
        limit=limit,
    )


def fill(shape, dtype, bound):
    """The memory limit of what is only written."""
    array = np.empty(shape, dtype)
    return Rival("fill", lambda: array.fill(1), bound)


def copy(data, bound):
    """The memory limit of what is read and written."""
    array = np.empty_like(data)
    return Rival("copy", lambda: np.copyto(array, data), bound)


def import_case():
    """``import spikecore`` beside ``import numpy``, each in a new process that times itself."""
    return Case(
        name="import spikecore",
        work="in a new process, without the interpreter's own start",
        function=lambda: import_seconds("spikecore"),
        limit=Rival("numpy", lambda: import_seconds("numpy"), 1.1),
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


def _data(*shape):
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def _size(shape):
    return "x".join(map(str, shape))


if __name__ == "__main__":
    sys.exit(main())
