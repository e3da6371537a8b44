"""Different functions at once: threads, forked and spawned processes, and threads inside of these.

``test_threads.py`` has the encoders in eight threads and one forked child; here neurons, a network
and encoders run side by side, in whatever process.
"""

import concurrent.futures
import multiprocessing
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from numba.core import event

from spikecore import LIF, Alpha, Leaky, RLeaky, Synaptic, kernel_cache, spikegen
from spikecore.backends import threads
from spikecore.compiler import kernel
from spikecore.network import Linear, Sequential

RNG = np.random.default_rng(0)
IMAGES = RNG.random((16, 784), np.float32)
CURRENT = RNG.random((20, 16, 300), np.float32)
NET = Sequential(
    Linear.draw(784, 100, seed=0), Leaky(0.9), Linear.draw(100, 10, seed=1), Leaky(0.9)
)


def arrays(run):
    """The arrays of a neuron's run, one after another."""
    return [run.spikes, *run.recorded.values(), *run.final]


def network():
    spikes = spikegen.rate(IMAGES, 20, gain=0.2, seed=5, dtype=np.uint8)
    return [one for run in NET.run(spikes, exact=True).values() for one in (run.counts, *run.final)]


CALLS = {
    "rate": lambda: [spikegen.rate(IMAGES, 20, seed=1)],
    "latency": lambda: [spikegen.latency(IMAGES, 20, normalize=True)],
    "delta": lambda: [spikegen.delta(IMAGES, off_spike=True, dtype=np.int8)],
    "Leaky": lambda: arrays(Leaky(0.9).run(CURRENT)),
    "inhibition": lambda: arrays(Leaky(0.9, inhibition=True).run(CURRENT, dtype=np.uint8)),
    "second order": lambda: [
        *arrays(Synaptic(0.8, 0.9).run(CURRENT)),
        *arrays(Alpha(0.9, 0.8).run(CURRENT)),
    ],
    "recurrent": lambda: [
        *arrays(RLeaky(0.9, recurrent=Linear.draw(300, 300, seed=2)).run(CURRENT[:5])),
        *arrays(LIF.profile("bindsnet").run(CURRENT * 20)),
    ],
    "network": network,
}


def digest(name):
    """Every bit of what a call gives."""
    return b"".join(one.tobytes() for one in CALLS[name]())


@pytest.fixture(scope="module")
def expected():
    """What each call gives when it runs alone."""
    return {name: digest(name) for name in CALLS}


@pytest.fixture
def three_threads(monkeypatch):
    """Every call shares its work out, however small it is; processes inherit the variable."""
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", "3")
    monkeypatch.setattr(threads, "SMALL", 0)


def in_threads(workers=8):
    """Each call five times, all of them beside each other."""
    barrier = threading.Barrier(workers, timeout=60)

    def repeated(name):
        barrier.wait()
        return [digest(name) for _ in range(5)]

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return dict(zip(CALLS, pool.map(repeated, CALLS), strict=True))


def test_eight_threads_call_different_functions_at_once(expected, three_threads):
    assert len(CALLS) == 8
    for name, results in in_threads().items():
        assert results == [expected[name]] * 5, name


def test_first_calls_of_one_kernel_from_eight_threads_agree():
    """Both compile, or one waits for the other; nothing else may happen."""
    barrier = threading.Barrier(8, timeout=60)

    def first(_):
        barrier.wait()
        # No other test takes this combination of axes.
        lif = LIF(0.5, compare=">=", reset="value", lower=-1.0, refractory=2, leak=0.25)
        return b"".join(one.tobytes() for one in arrays(lif.run(CURRENT)))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(first, range(8)))
    assert len(set(results)) == 1


# --- processes ----------------------------------------------------------------------------------


def in_child(connection, name, other):
    """In a process of its own: the call alone, then beside another."""
    threads.SMALL = 0
    alone = digest(name)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        beside, _ = pool.map(digest, [name, other])
    connection.send(alone if alone == beside else b"")
    connection.close()


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("fork", ["rate", "Leaky", "recurrent", "network"]),
        ("spawn", ["delta", "delta", "delta", "Leaky"]),
    ],
    ids=["fork", "spawn"],
)
def test_four_processes_at_once(method, names, expected, three_threads):
    assert digest("rate") == expected["rate"]  # so that the parent has a pool to lose
    assert threads._pool is not None
    context = multiprocessing.get_context(method)
    children = []
    for name in names:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=in_child, args=(sender, name, names[0]))
        with warnings.catch_warnings():
            # Python 3.12 warns of any fork in a process with threads, which is what is tested.
            warnings.filterwarnings("ignore", "This process .* is multi-threaded")
            process.start()
        children.append((name, process, receiver))
    try:
        for name, process, receiver in children:
            assert receiver.poll(120), f"{name}: no answer"
            assert receiver.recv() == expected[name], name
            process.join(60)
            assert process.exitcode == 0
    finally:
        for _, process, _ in children:
            process.kill()


@pytest.fixture
def compiling():
    """An event that is set when a thread begins to compile; it then takes another half second."""

    class Began(event.Listener, threading.Event):
        def on_start(self, event):
            self.set()
            time.sleep(0.5)

        def on_end(self, event):
            pass

    began = Began()
    event.register("numba:compile", began)
    yield began
    event.unregister("numba:compile", began)


def test_a_process_that_is_forked_while_a_thread_compiles_can_compile(compiling, monkeypatch):
    monkeypatch.setattr(kernel_cache, "folder", lambda: None)

    def doubled(x):
        return 2 * x

    context = multiprocessing.get_context("fork")
    process = context.Process(target=lambda: sys.exit(kernel(doubled)(21)), daemon=True)
    with concurrent.futures.ThreadPoolExecutor(1) as pool, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded")
        result = pool.submit(lambda: kernel(doubled)(20))
        assert compiling.wait(60)
        process.start()
        assert result.result(60) == 40
    process.join(20)
    process.kill()
    assert process.exitcode == 42


def every_call(_):
    """All calls in a pool of threads, in a worker of a pool of processes."""
    threads.SMALL = 0
    return {name: set(results) for name, results in in_threads().items()}


def test_a_pool_of_threads_in_a_pool_of_processes(expected, three_threads):
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded")
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            found = list(pool.map(every_call, range(4), timeout=120))
    assert found == [{name: {expected[name]} for name in CALLS}] * 4
