"""The GPU against the CPU: the same bits at full size, and speed beside the card's own copy.

``python -m benchmarks.cuda --check`` needs NumPy, Numba and a GPU, and ends within ten minutes.
"""

import argparse
import itertools
import sys
import time
from dataclasses import dataclass

import numpy as np
from numba import cuda

import spikecore
from spikecore import LIF, Alpha, Lapicque, Leaky, RLeaky, Synaptic, spikegen
from spikecore.network import Linear

FULL = {"rate": 10**8, "delta": 10**8, "latency": 10**7, "steps": 1000, "neurons": 10**5}
TINY = {"rate": 2000, "delta": 2000, "latency": 200, "steps": 19, "neurons": 20}
RESETS = (
    {"reset": "none"},
    {"reset": "subtract"},
    {"reset": "subtract", "decay_reset": True},
    {"reset": "subtract", "reset_at": "same"},
    {"reset": "subtract", "reset_at": "exchange"},
    {"reset": "value", "reset_value": -0.25},
    {"reset": "value", "drop_input": True},
    {"reset": "value", "reset_at": "same"},
)
COUNTS = ({"compare": ">"}, {"compare": ">="}, {"compare": ">=", "spikes": "multi"})


# --- bits ---------------------------------------------------------------------------------------


def first_difference(name, got, expected):
    """An empty string, or the first element that differs."""
    got = got.copy_to_host() if hasattr(got, "copy_to_host") else got
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return f"{name}: {got.dtype}{got.shape} against {expected.dtype}{expected.shape}"
    bits = f"u{got.dtype.itemsize}"
    here, there = got.view(bits).reshape(-1), expected.view(bits).reshape(-1)
    if np.array_equal(here, there):
        return ""
    flat = int(np.flatnonzero(here != there)[0])
    index = tuple(map(int, np.unravel_index(flat, got.shape)))
    return f"{name}: first at {index}: cuda {got[index]!r}, cpu {expected[index]!r}"


def encoder_checks(sizes):
    """Name, and a function of the device that gives the outputs to compare."""
    generator = np.random.default_rng(1)
    features = max(1, sizes["rate"] // 100)
    data = generator.random(features, np.float32)
    signal = generator.random((100, max(1, sizes["delta"] // 100)), np.float32)
    pixels = generator.random(sizes["latency"], np.float32)
    moving = signal[: max(1, len(signal) // 4)]
    for dtype in (np.uint8, np.float32):
        kind = np.dtype(dtype).name
        yield (
            f"rate to {kind}",
            lambda device, dtype=dtype: [
                spikegen.rate(data, 100, seed=7, dtype=dtype, device=device)
            ],
        )
    yield (
        "rate of varying data",
        lambda device: [spikegen.rate(moving, time_var_input=True, seed=7, device=device)],
    )
    uniforms = spikecore.random.torch_uniforms(3, (4, features))
    yield (
        "rate from uniforms",
        lambda device: [spikegen.rate(data, 4, uniforms=uniforms, device=device)],
    )
    for kind in (np.float32, np.float64):
        some = pixels.astype(kind)
        yield (
            f"latency of {np.dtype(kind).name}",
            lambda device, some=some: [
                spikegen.latency(some, 10, normalize=True, dtype=np.uint8, device=device),
                *spikegen.latency_code(some, 10, tau=5, device=device),
            ],
        )
    yield (
        "delta",
        lambda device: [spikegen.delta(signal, 0.25, off_spike=True, dtype=np.int8, device=device)],
    )
    labels = generator.integers(0, 10, max(1, sizes["rate"] // 10_000))
    for pattern in ("uniform", "poisson"):
        yield (
            f"targets, {pattern}",
            lambda device, pattern=pattern: [
                spikegen.targets_rate(
                    labels, 10, 50, 2, 0.6, 0.1, 1.2, 0.1, pattern, True, seed=5, device=device
                )
            ],
        )
    layer = Linear.draw(784, 1000, seed=0)
    spikes = (generator.random((max(2, sizes["neurons"] // 100), 784)) < 0.1).astype(np.uint8)
    yield "layer, event-driven", lambda device: [layer(spikes, exact=True, device=device)]
    yield (
        "layer, dense",
        lambda device: [layer(spikes, exact=device == "cpu", device=device)],
    )


def lif_neurons():
    """LIF for every combination of axes; the numbers vary so that every term is met."""
    switches = itertools.product(RESETS, COUNTS, ("new", "old"), (0, 3), (False, True))
    for number, (reset, counts, report, refractory, inhibition) in enumerate(switches):
        at_next = reset.get("reset_at", "next") == "next"
        if report == "old" and not at_next:
            continue
        terms = {"leak": 0.125, "gain": 0.75, "lower": -0.5} if number % 2 else {}
        yield LIF(
            0.9, report_spike=report, refractory=refractory, inhibition=inhibition,
            **reset, **counts, **terms,
        )  # fmt: skip


def other_neurons(width):
    """The neurons that are not LIF."""
    yield from (Lapicque(0.9), RLeaky(0.9, V=0.4, all_to_all=False))
    for mechanism in ("subtract", "zero", "none"):
        yield Synaptic(0.9, 0.8, reset_mechanism=mechanism)
        yield Alpha(0.9, 0.8, reset_mechanism=mechanism)
    yield Leaky(np.linspace(0.5, 0.99, width), np.linspace(0.8, 1.5, width), reset_delay=False)


def neuron_checks(sizes, seconds):
    """Compare every neuron until the time is up, and say how many there were."""
    width = 100 if sizes["neurons"] >= 100 else 4
    shape = (sizes["steps"], sizes["neurons"] // width, width)
    current = np.random.default_rng(2).random(shape, np.float32) * np.float32(0.6) - np.float32(0.1)
    there = cuda.to_device(current)
    neurons = [*other_neurons(width), *lif_neurons()]
    deadline = time.monotonic() + seconds
    for done, neuron in enumerate(neurons):
        if time.monotonic() > deadline:
            yield f"neurons: {done} of {len(neurons)} compared, then the time was up", None
            return
        expected = neuron.run(current, record=())
        got = neuron.run(there, record=())
        problem = first_difference(f"{neuron!r} spikes", got.spikes, expected.spikes)
        for name, ours, theirs in zip(neuron.state_names, got.final, expected.final, strict=True):
            problem = problem or first_difference(f"{neuron!r} {name}", ours, theirs)
        if problem:
            yield repr(neuron), problem
    yield f"neurons: all {len(neurons)} compared", None


def check(sizes, seconds):
    """Print PASS or the first differing element of each; whether all passed."""
    passed = True
    begin = time.monotonic()
    for name, call in encoder_checks(sizes):
        problems = [
            first_difference(name, got, expected)
            for got, expected in zip(call("cuda"), call("cpu"), strict=True)
        ]
        problem = next(filter(None, problems), "")
        passed = passed and not problem
        print(f"{'FAIL ' + problem if problem else 'PASS'}  {name}", flush=True)
    for name, problem in neuron_checks(sizes, seconds - (time.monotonic() - begin)):
        passed = passed and not problem
        print(f"{'FAIL ' + problem if problem else 'PASS'}  {name}", flush=True)
    print("PASS: every output has the CPU's bits" if passed else "FAIL", flush=True)
    return passed


# --- speed --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timing:
    """One row of the table, in seconds."""

    name: str
    moved: int  # bytes that have to be read and written
    first: float
    kernel: float
    transfers: float


def kernel_seconds(call, repeats=9):
    """Median time of a call on the device, by CUDA events."""
    seconds = []
    for _ in range(repeats):
        begin, end = cuda.event(), cuda.event()
        begin.record()
        call()
        end.record()
        end.synchronize()
        seconds.append(begin.elapsed_time(end) / 1e3)
    return max(sorted(seconds)[len(seconds) // 2], 1e-9)  # the simulator's clock stands still


def transfer_seconds(inputs, outputs):
    """Time to bring the inputs there and the outputs back."""
    begin = time.perf_counter()
    for array in inputs:
        cuda.to_device(array)
    for array in outputs:
        array.copy_to_host()
    return time.perf_counter() - begin


def timed(name, call, inputs, outputs):
    """First call, kernel time and transfers of one case."""
    begin = time.perf_counter()
    call()
    cuda.synchronize()
    first = time.perf_counter() - begin
    moved = sum(a.nbytes for a in inputs) + sum(a.nbytes for a in outputs)
    return Timing(name, moved, first, kernel_seconds(call), transfer_seconds(inputs, outputs))


def speed_cases(sizes):
    """Timings of the encoders and of Leaky, on data that lie on the device."""
    generator = np.random.default_rng(1)
    data = generator.random(max(1, sizes["rate"] // 100), np.float32)
    signal = generator.random((100, max(1, sizes["delta"] // 100)), np.float32)
    current = generator.random((sizes["steps"] // 4 or 1, sizes["neurons"]), np.float32)
    there, moving, driving = map(cuda.to_device, (data, signal, current))
    for dtype in (np.uint8, np.float32):
        kind = np.dtype(dtype).name
        out = cuda.device_array((100, data.size), dtype)
        yield timed(
            f"rate to {kind}",
            lambda out=out: spikegen.rate(there, 100, seed=1, out=out), [data], [out],
        )  # fmt: skip
        yield timed(
            f"latency to {kind}",
            lambda out=out: spikegen.latency(there, 100, normalize=True, linear=True, out=out),
            [data], [out],
        )  # fmt: skip
        kind = "int8" if dtype == np.uint8 else kind
        out = cuda.device_array(signal.shape, kind)
        yield timed(
            f"delta to {kind}",
            lambda out=out: spikegen.delta(moving, 0.3, off_spike=True, out=out), [signal], [out],
        )  # fmt: skip
    leaky = Leaky(0.9)
    spikes = cuda.device_array(current.shape, np.uint8)
    yield timed(
        "Leaky to uint8", lambda: leaky.run(driving, record=(), out=spikes), [current], [spikes]
    )
    outs = {name: cuda.device_array(current.shape, np.float32) for name in ("spikes", "membrane")}
    yield timed(
        "Leaky, spikes and membrane", lambda: leaky.run(driving, out=outs), [current], outs.values()
    )


def copy_bandwidth(num_bytes):
    """Bytes per second that a copy within the device reads and writes."""
    data = np.random.default_rng(0).random(max(1, num_bytes // 4), np.float32)
    source, target = cuda.to_device(data), cuda.device_array(data.shape, data.dtype)
    target.copy_to_device(source)
    return 2 * source.nbytes / kernel_seconds(lambda: target.copy_to_device(source))


def speed(sizes):
    """Print the table of kernel times beside the card's own copy."""
    bandwidth = copy_bandwidth(4 * sizes["rate"])
    print(f"\n{spikecore.devices()['cuda:0']}")
    print(f"copy within the device: {bandwidth / 1e9:.0f} GB/s read plus written\n")
    print(f"{'case':28} {'kernel':>10} {'GB/s':>7} {'of copy':>8} {'transfers':>10} {'first':>9}")
    for row in speed_cases(sizes):
        rate = row.moved / row.kernel
        print(
            f"{row.name:28} {row.kernel * 1e3:7.3f} ms {rate / 1e9:7.0f} {rate / bandwidth:8.0%} "
            f"{row.transfers * 1e3:7.1f} ms {row.first:7.2f} s",
            flush=True,
        )


# --- data of the host ---------------------------------------------------------------------------


def host_calls(size):
    """Calls on host data with so many outputs, by name: a function of the device."""
    steps = min(100, size)
    generator = np.random.default_rng(1)
    data = generator.random(size // steps, np.float32)
    signal = generator.random((steps, size // steps), np.float32)
    out = np.empty(signal.shape, np.int8)
    leaky = Leaky(0.9)
    return {
        "rate": lambda device: spikegen.rate(data, steps, seed=1, device=device, out=out),
        "delta": lambda device: spikegen.delta(signal, 0.3, device=device, out=out),
        "Leaky": lambda device: leaky.run(signal, record=(), device=device, out=out),
    }


def host_seconds(call, repeats=5):
    """Median time of a call that ends with its result on the host."""
    call()
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return sorted(seconds)[repeats // 2]


def crossover(largest):
    """Print CPU against GPU over the number of outputs, copies there and back counted."""
    print(f"\n{'data of the host':>16} {'outputs':>10} {'cpu':>10} {'cuda':>10}")
    faster = {}
    size = 1000
    while size <= largest:
        for name, call in host_calls(size).items():
            here, there = (host_seconds(lambda d=d, c=call: c(d)) for d in ("cpu", "cuda"))
            print(f"{name:>16} {size:10} {here * 1e3:7.2f} ms {there * 1e3:7.2f} ms", flush=True)
            faster.setdefault(name, []).append((size, there < here))
        size *= 10
    for name, sizes in faster.items():
        behind = [size for size, won in sizes if not won]
        begin = next((size for size, _ in sizes if size > max(behind, default=0)), None)
        print(f"{name}: the GPU is ahead from {begin} outputs on" if begin else
              f"{name}: the CPU is ahead at every size")  # fmt: skip
    print("SPIKECORE_CUDA_CROSSOVER takes the number of outputs from which the GPU is to be used")


def main(argv=None):
    """Check the bits, then time the kernels; exit status 1 when a bit differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuda", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the CPU bit for bit")
    parser.add_argument("--seconds", type=float, default=400, help="time for the comparison")
    parser.add_argument("--tiny", action="store_true", help="small sizes, for the simulator")
    arguments = parser.parse_args(argv)
    found = spikecore.devices()
    if "cuda:0" not in found:
        print(f"no GPU to measure: {found['cuda']}")
        return 2
    sizes = TINY if arguments.tiny else FULL
    passed = check(sizes, arguments.seconds) if arguments.check else True
    speed(sizes)
    crossover(sizes["rate"])
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
