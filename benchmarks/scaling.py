"""Curves over size, one thread against all, and the cost of a call on one element."""

import sys
from contextlib import contextmanager
from functools import partial
from os import environ

import numpy as np

from benchmarks import peers, run
from benchmarks.harness import Case, Check, Rival, copy, fill, stopwatch, twenty_calls
from spikecore import Leaky, spikegen
from spikecore.network import Linear

STEPS = 100  # of a curve; one step where there are fewer spikes than that
BETA = 0.9


def main(argv=None):
    """Measure every case and print the table."""
    return run.main([cases], __doc__.splitlines()[0], argv)


def cases(scale):
    """Builders of the cases by name."""
    curves = {
        f"{name}, 10^{power}": partial(build, 10**power)
        for name, build in CURVES.items()
        for power in range(scale.largest + 1)
    }
    return {**curves, **{f"{name}, all threads": partial(threads, scale, name) for name in THREADS}}


# --- curves -------------------------------------------------------------------------------------


def shape_of(size):
    """Steps and features of so many spikes."""
    return (STEPS, size // STEPS) if size >= STEPS else (1, size)


def theirs_for(size, adapter, *arguments, **options):
    """What another library does, at sizes that it does in seconds."""
    return peers.installed(adapter, *arguments, **options) if size <= 10**7 else None


def rate(size):
    """Rate code to uint8."""
    shape = shape_of(size)
    data = np.random.default_rng(0).random(shape[1], np.float32)
    out = np.empty(shape, np.uint8)
    theirs = theirs_for(size, "snntorch_encoder", data, "rate", num_steps=shape[0])

    def call(device=None, steps=shape[0], **options):
        return spikegen.rate(data, steps, seed=0, device=device, **options)

    return curve("rate to uint8", size, call, out, (data, out), fill(shape, np.uint8), theirs)


def delta(size):
    """Delta modulation to float32."""
    data = np.random.default_rng(0).random(shape_of(size), np.float32)
    theirs = theirs_for(size, "snntorch_encoder", data, "delta", threshold=0.1)

    def call(device=None, steps=None, **options):
        return spikegen.delta(data[:steps], device=device, **options)

    out = np.empty_like(data)
    return curve("delta to float32", size, call, out, (data, out), copy(data), theirs)


def leaky(size):
    """Leaky, spikes to uint8."""
    current = np.random.default_rng(0).standard_normal(shape_of(size), np.float32)
    theirs = theirs_for(size, "snntorch_neuron", current, "Leaky", recorded=False, beta=BETA)

    neuron = Leaky(BETA)

    def call(device=None, steps=None, **options):
        return neuron.run(current[:steps], record=(), device=device, **options).spikes

    out = np.empty(current.shape, np.uint8)
    return curve("Leaky to uint8", size, call, out, (current, out), copy(current), theirs)


CURVES = {"rate": rate, "delta": delta, "Leaky": leaky}
CHECKED = 4  # steps of a curve's output that are compared with the numpy backend


def curve(series, size, call, out, moved, limit, theirs):
    """One point; its first steps are checked, which the numpy backend can do at any size."""
    steps = min(CHECKED, len(out))

    def ours():
        return call(out=out)

    def begun():
        return ours()[:steps]

    def reference():
        return call(device="numpy", steps=steps, dtype=out.dtype)

    return Case(
        work=f"{'x'.join(map(str, out.shape))} {out.dtype} in `out=`",
        function=ours,
        bytes_moved=sum(one.nbytes for one in moved),
        checks=(Check("numpy backend, first steps", begun, reference),),
        peers=(Rival("snnTorch", theirs),) if theirs else (),
        limit=limit,
        at_most=50e-6 if size == 1 else None,
        clock=twenty_calls if size <= 10**4 else stopwatch,
        series=series,
        size=size,
    )


# --- threads ------------------------------------------------------------------------------------


@contextmanager
def one_thread():
    """SPIKECORE_NUM_THREADS is 1."""
    before = environ.get("SPIKECORE_NUM_THREADS")
    environ["SPIKECORE_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        environ.pop("SPIKECORE_NUM_THREADS")
        if before is not None:
            environ["SPIKECORE_NUM_THREADS"] = before


def _rate_call(scale):
    data = np.random.default_rng(0).random((scale.batch, 784), np.float32)
    out = np.empty((scale.steps, *data.shape), np.float32)
    return partial(spikegen.rate, data, scale.steps, seed=0, out=out)


def _latency_call(scale):
    data = np.random.default_rng(0).random((scale.batch, 784), np.float32)
    out = np.empty((scale.steps, *data.shape), np.uint8)
    return partial(spikegen.latency, data, scale.steps, tau=scale.steps / 20, out=out)


def _poisson_call(scale):
    labels = np.arange(scale.batch * 50) % 10
    out = np.empty((scale.steps, len(labels), 10), np.float32)
    options = {"correct_rate": 0.5, "firing_pattern": "uniform", "seed": 0, "out": out}
    return partial(spikegen.targets_rate, labels, 10, scale.steps, **options)


def _leaky_call(scale):
    shape = scale.steps, scale.batch, scale.neurons
    current = np.random.default_rng(0).standard_normal(shape, np.float32)
    out = np.empty(shape, np.uint8)
    neuron = Leaky(BETA)
    return lambda: neuron.run(current, record=(), out=out).spikes


def _product_call(scale):
    layer = Linear.draw(784, scale.neurons, seed=0)
    shape = scale.steps * scale.batch, 784
    spikes = (np.random.default_rng(0).random(shape, np.float32) < 0.1).astype(np.uint8)
    out = np.empty((len(spikes), scale.neurons), np.float32)
    return partial(layer, spikes, exact=True, out=out)


THREADS = {
    "rate": _rate_call,
    "latency": _latency_call,
    "targets, uniform": _poisson_call,
    "Leaky": _leaky_call,
    "event-driven product, 10 %": _product_call,
}
COMPUTE_BOUND = ("rate", "targets, uniform", "event-driven product, 10 %")


def threads(scale, name):
    """All threads against one; bits are the same."""
    call = THREADS[name](scale)

    def alone():
        with one_thread():
            return call()

    check = Check("one thread", lambda: call().copy(), lambda: alone().copy())
    bound = 1.6 if name in COMPUTE_BOUND else None  # a core more gives at most 2
    work = "one thread beside it"
    return Case(work, call, peers=(Rival("one thread", alone, bound, check),))


if __name__ == "__main__":
    sys.exit(main())
