"""What size costs: constant memory, Dask's overhead, and files: ``python -m benchmarks.scale``.

Each row is a process of its own, whose largest resident memory is measured.  ``--largest 10`` goes
up to 10^10 spikes (8 seconds on two cores), ``--file 9`` writes 10^9 of them to a file.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import machine, report
from spikecore import lazy, spikegen

CHECKOUT = Path(__file__).resolve().parent.parent
FEATURES = 10_000
SHARE = 0.5  # of the outputs that are spikes, so that 10^k spikes are 2*10^k outputs
LIMIT = 256e6  # bytes of resident memory
CHUNKS, STEPS = 16, 4_000  # of the work for Dask: a chunk gives 40 MB of bool
DASK = ("one call", "1 thread", "2 threads", "1 worker", "2 workers")


def main(argv=None):
    """Print the tables, or do the work of one row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=9, metavar="K", help="10^K spikes, 5 to 11")
    parser.add_argument("--file", type=int, default=0, metavar="K", help="write 10^K to a file too")
    parser.add_argument("--no-dask", action="store_true", help="leave out the rows of Dask")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.row:
        work, _, number = given.row.partition(":")
        print(json.dumps(ROWS[work](number)))
        return 0
    print(*machine.lines(machine.describe()), sep="\n")
    fits = show_sizes(given.largest, given.file)
    if not given.no_dask:
        show_dask()
    print(f"\nload after: {machine.load()}")
    return 0 if fits else 1


def show_sizes(largest, in_file):
    """A row for each power of ten; whether all stay below the limit."""
    rows = [("10^k spikes of rate", "outputs", "spikes", "time", "ns a spike", "resident")]
    wanted = [f"stream:{power}" for power in range(5, largest + 1)]
    peaks = []
    for row in [*wanted, *([f"file:{in_file}"] if in_file else [])]:
        found = measured(row)
        each = f"{1e9 * found['seconds'] / found['spikes']:.3f}"
        cells = f"{found['outputs']:,}", f"{found['spikes']:,}", report.duration(found["seconds"])
        place = "to nowhere" if row.startswith("stream") else "to a file"
        name = f"10^{row.partition(':')[2]} {place}"
        rows.append((name, *cells, each, f"{found['resident'] / 1e6:.0f} MB"))
        peaks.append(found["resident"])
    print(f"\n{report.markdown(rows)}\n")
    print(f"largest resident memory: {max(peaks) / 1e6:.0f} MB, limit {LIMIT / 1e6:.0f} MB")
    return max(peaks) <= LIMIT


def show_dask():
    """Rows of one work by one call, by Dask's threads and by its workers."""
    rows = [("rate and its sum", "time", "of one call", "resident of a process")]
    whole = None
    for number, name in enumerate(DASK):
        found = measured(f"dask:{number}")
        whole = found["seconds"] if whole is None else whole
        ratio = f"{found['seconds'] / whole:.2f}"
        resident = f"{found['resident'] / 1e6:.0f} MB"
        rows.append((name, report.duration(found["seconds"]), ratio, resident))
    print(f"\n{report.markdown(rows)}\n\na task of Dask by itself:", end=" ")
    print(report.duration(measured("task:0")["seconds"]))


def measured(row):
    """What a process of its own says of a row."""
    command = [sys.executable, "-m", "benchmarks.scale", "--row", row]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def resident():
    """Bytes of the largest resident memory of this process so far.

    ``getrusage`` counts the process from which this one was forked too; Linux's file does not.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    except OSError:  # not on Linux; kilobytes, or bytes on macOS
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak


# --- the work of a row --------------------------------------------------------------------------


def sizes_of(power):
    """Steps and features of 10^power spikes."""
    outputs = int(10 ** int(power) / SHARE)
    features = min(FEATURES, outputs)
    return outputs // features, features


def stream(power):
    """Spikes to nowhere, a part after another; they are counted."""
    steps, features = sizes_of(power)
    data, how = np.full(features, SHARE, np.float32), {"seed": 0, "dtype": bool}
    spikegen.rate(data, 4, **how)  # compiled, or read from the cache
    begin = time.perf_counter()
    parts = lazy.blocks(spikegen.rate, data, num_steps=steps, **how)
    spikes = sum(int(np.count_nonzero(part)) for part in parts)
    seconds = time.perf_counter() - begin
    outputs = steps * features
    return {"seconds": seconds, "outputs": outputs, "spikes": spikes, "resident": resident()}


def file(power):
    """Spikes to a file by the command ``encode``; they are counted after it is measured."""
    from spikecore.__main__ import main as spikecore

    steps, features = sizes_of(power)
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/data.npy", np.full(features, SHARE, np.float32))
        words = ["encode", f"{folder}/data.npy", f"{folder}/spikes.npy", "--code", "rate"]
        begin = time.perf_counter()
        spikecore([*words, "--steps", str(steps), "--seed", "0", "--dtype", "bool"])
        seconds, most = time.perf_counter() - begin, resident()
        spikes = 0
        with open(f"{folder}/spikes.npy", "rb") as written:
            np.lib.format.read_magic(written)
            shape, *_ = np.lib.format.read_array_header_1_0(written)
            while part := written.read(1 << 24):
                spikes += int(np.count_nonzero(np.frombuffer(part, bool)))
    assert shape == (steps, features)
    outputs = steps * features
    return {"seconds": seconds, "outputs": outputs, "spikes": spikes, "resident": most}


def dask_work(number):
    """The same work by one call, by threads, or by workers; the best of three times."""
    name = DASK[int(number)]
    data = np.full((CHUNKS, FEATURES), SHARE, np.float32)
    if name == "one call":
        return timed(lambda: int(spikegen.rate(data, STEPS, seed=0, dtype=bool).sum()))
    import dask.array as da

    spikes = spikegen.rate(da.from_array(data, (1, -1)), STEPS, seed=0, dtype=bool).sum()
    count = int(name.partition(" ")[0])
    if "thread" in name:
        return timed(lambda: int(spikes.compute(scheduler="threads", num_workers=count)))
    from distributed import Client, LocalCluster

    os.environ["SPIKECORE_NUM_THREADS"] = "1"
    with (
        LocalCluster(
            count, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        found = timed(lambda: int(spikes.compute()))
        found["resident"] = max(client.run(resident).values())
    return found


def timed(call):
    """The best of three times, after one for compilation."""
    call()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return {"seconds": min(times), "resident": resident()}


def task(number):
    """What a task costs in Dask's scheduler by itself: a thousand of the smallest."""
    del number
    import dask.array as da
    from distributed import Client, LocalCluster

    data = da.zeros(1000, chunks=1, dtype=np.float32)
    spikes = spikegen.rate(data, 1, seed=0, dtype=bool)
    os.environ["SPIKECORE_NUM_THREADS"] = "1"
    with (
        LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        found = timed(spikes.sum().compute)
    return {**found, "seconds": found["seconds"] / 1000}


ROWS = {"stream": stream, "file": file, "dask": dask_work, "task": task}


if __name__ == "__main__":
    sys.exit(main())
