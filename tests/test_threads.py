"""Many threads, forked processes, and how many threads there are."""

import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import warnings
import weakref

import numpy as np
import pytest

from spikecore import spikegen
from spikecore.backends import threads

IMAGES = np.random.default_rng(0).random((16, 784), dtype=np.float32)
CALLS = {
    "rate": lambda device: spikegen.rate(IMAGES, 30, seed=1, device=device),
    "rate to int8": lambda device: spikegen.rate(IMAGES, 30, seed=2, dtype="int8", device=device),
    "rate_conv": lambda device: spikegen.rate_conv(IMAGES, seed=3, device=device),
    "latency": lambda device: spikegen.latency(IMAGES, 30, normalize="sample", device=device),
    "ramps": lambda device: spikegen.latency(
        IMAGES, 30, normalize=True, interpolate=True, device=device
    ),
    "delta": lambda device: spikegen.delta(IMAGES, off_spike=True, device=device),
    "send_on_delta": lambda device: spikegen.send_on_delta(
        IMAGES, 0.2, refractory=2, channels="up_down", device=device
    ),
    "moving_window": lambda device: spikegen.moving_window(IMAGES, 0.2, 3, device=device),
    "burst": lambda device: spikegen.burst(IMAGES, 30, device=device),
    "dead time": lambda device: spikegen.poisson(
        IMAGES / 4, 30, refractory=3, seed=5, device=device
    ),
    "population": lambda device: spikegen.population(
        IMAGES[:9], 7, 0, 1, num_steps=30, device=device
    ),
    "bsa": lambda device: spikegen.bsa(IMAGES, [0.1, 0.2, 0.1], 0.1, device=device),
    "contrast": lambda device: spikegen.temporal_contrast(IMAGES, factor=0.5, device=device),
    "targets": lambda device: spikegen.targets_rate(
        np.arange(500) % 10, 10, 30, correct_rate=0.6, firing_pattern="uniform", seed=4,
        device=device,
    ),
    "poisson": lambda device: spikegen.targets_rate(
        np.arange(500) % 10, 10, 30, correct_rate=0.6, firing_pattern="poisson", seed=4,
        device=device,
    ),
}  # fmt: skip


@pytest.fixture
def three_threads(monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", "3")
    monkeypatch.setattr(threads, "SMALL", 0)


def wrong_calls(repeats):
    """Names of the calls whose result is not the reference's."""
    return [
        name
        for name, call in CALLS.items()
        for expected in [call("numpy")]
        for _ in range(repeats)
        if call("cpu").tobytes() != expected.tobytes()
    ]


def test_fifteen_python_threads_encode_at_once(three_threads):
    expected = {name: call("numpy") for name, call in CALLS.items()}
    barrier = threading.Barrier(len(CALLS))

    def encode(name):
        barrier.wait()
        return [CALLS[name]("cpu") for _ in range(10)]

    with concurrent.futures.ThreadPoolExecutor(len(CALLS)) as pool:
        results = dict(zip(CALLS, pool.map(encode, CALLS), strict=True))
    for name, repeated in results.items():
        for result in repeated:
            np.testing.assert_array_equal(result, expected[name], err_msg=name)
    assert len(CALLS) == 15


def test_more_and_fewer_threads_may_be_asked_for_at_any_time(monkeypatch):
    monkeypatch.setattr(threads, "SMALL", 0)
    for count in (2, 5, 1, 3, 8):
        monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(count))
        assert threads.thread_count() == count
        assert wrong_calls(1) == []


def test_a_part_of_shared_work_runs_its_own_work_alone(three_threads):
    """Else threads would wait for one another, and each part would be cut into small pieces."""
    pieces, inner = [], []

    def outer(start, stop):
        pieces.extend(range(start, stop))
        threads.run(lambda *bounds: inner.append(bounds), 7, 1e9)

    for _ in range(2):  # afterwards work is shared again
        threads.run(outer, 20, 1e9)
    assert sorted(pieces) == sorted(2 * list(range(20)))
    assert set(inner) == {(0, 7)}
    assert len(inner) > 2


def child(connection):
    connection.send(wrong_calls(1))
    connection.close()


def test_a_forked_child_encodes_as_its_parent(three_threads):
    assert wrong_calls(1) == []
    assert threads._pool is not None
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(sender,))
    with warnings.catch_warnings():
        # Python 3.12 warns of any fork in a process with threads, which is what is tested here.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        process.start()
    try:
        assert receiver.poll(60), "the child did not answer"
        assert receiver.recv() == []
        process.join(60)
        assert process.exitcode == 0
    finally:
        process.kill()
    assert wrong_calls(1) == []


@pytest.mark.parametrize("failing", [0, 3, 6])
def test_an_error_in_one_part_is_raised_when_all_that_began_have_ended(failing, three_threads):
    begun, ended = [], []

    def kernel(start, stop):
        begun.append(start)
        if start == failing:
            raise RuntimeError(f"part {start}")
        time.sleep(0.05)  # the others end after the one that fails
        ended.append(start)

    with pytest.raises(RuntimeError, match=f"^part {failing}$"):
        threads.run(kernel, 9, 9)
    assert failing in begun
    assert sorted(begun) == sorted([*ended, failing])
    assert wrong_calls(1) == []


def test_every_thread_takes_part(three_threads):
    meeting = threading.Barrier(3, timeout=60)

    def kernel(start, stop):
        if start < 3:  # the first ranges are of one tile each
            meeting.wait()

    threads.run(kernel, 9, 9)


def test_a_late_thread_holds_up_none(three_threads):
    hold, seen = threading.Event(), []
    pool = threads._shared_pool(2)
    busy = [pool.submit(hold.wait, 60) for _ in range(2)]
    array = np.empty(9)
    gone = weakref.ref(array)
    try:
        threads.run(lambda array, start, stop: seen.append((start, stop)), 100, 1, array)
        assert seen == list(threads._ranges(100, 3))
        del array
        assert gone() is None, "the task that was called off keeps the caller's array"
    finally:
        hold.set()
        concurrent.futures.wait(busy)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 100])
def test_every_tile_is_done_once(count, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(count))
    for tiles in (0, 1, 2, 3, 10, 101):
        done = []

        def kernel(start, stop, done=done):
            done.extend(range(start, stop))

        threads.run(kernel, tiles, threads.SMALL + 1)
        assert sorted(done) == list(range(tiles))


def test_small_work_stays_in_the_calling_thread(monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", "4")
    seen = []

    def kernel(start, stop):
        seen.append((threading.current_thread(), start, stop))

    threads.run(kernel, 100, threads.SMALL)
    assert seen == [(threading.current_thread(), 0, 100)]


# --- how many -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["0", "-1", "two", "1.5", " 2", "2 ", "²", "1e3", "+2", "0x2", "9" * 99]
)
def test_a_nonsensical_number_of_threads_is_refused(text, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", text)
    with pytest.raises(ValueError, match=r"^SPIKECORE_NUM_THREADS must be a whole number of at"):
        spikegen.rate(IMAGES, 30)


def test_an_empty_number_of_threads_is_none_at_all(monkeypatch):
    monkeypatch.delenv("SPIKECORE_NUM_THREADS", raising=False)
    expected = threads.thread_count()
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", "")
    assert threads.thread_count() == expected


def run_in_new_process(code, **variables):
    environment = {k: v for k, v in os.environ.items() if k != "SPIKECORE_NUM_THREADS"} | variables
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return result.stdout.split()


def test_numbas_number_of_threads_is_honoured():
    code = """
import numba
from spikecore.backends import threads
print(threads.thread_count())
numba.set_num_threads(2)
print(threads.thread_count())
numba.set_num_threads(3)
print(threads.thread_count())
"""
    assert run_in_new_process(code, NUMBA_NUM_THREADS="3") == ["3", "2", "3"]


def test_encoding_starts_none_of_numbas_own_threads():
    code = """
import numpy as np
from numba.np.ufunc import parallel
from spikecore import spikegen
from spikecore.backends import threads
spikegen.rate(np.full(200_000, 0.5, np.float32), 20, seed=0)
print(parallel._is_initialized, threads.thread_count(), threads._pool._max_workers)
"""
    assert run_in_new_process(code, NUMBA_NUM_THREADS="3") == ["False", "3", "2"]
