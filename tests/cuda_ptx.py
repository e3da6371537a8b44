"""Every CUDA kernel compiles without a driver, and its arithmetic is what SPEC.md says.

A product that is added to something must not be fused with the sum, and float32 kernels do no
float64 arithmetic, but for the logarithm of the latency code.  Needs NVVM, which comes with a CUDA
toolkit; test_cuda_suite.py runs this.
"""

import re
import shutil
import subprocess

import numba
import numpy as np
import pytest
from conftest import nvvm_missing
from numba import cuda, from_dtype, typeof

from spikecore.backends.cuda import filters, kernels, product, signals
from spikecore.codes import (
    bsa,
    burst,
    delta,
    first_spike,
    latency,
    latency_times,
    level_crossing,
    lines,
    moving_window,
    phase,
    poisson,
    population,
    pulse_width,
    rank_order,
    rate,
    sigma_delta,
    staircase,
    step_forward,
    temporal_contrast,
    trains,
)
from spikecore.codes import filters as tapped
from spikecore.neurons.dynamics import Axes, Parameters, Parts, State, has_parts, step_of

MISSING = nvvm_missing() if not numba.config.ENABLE_CUDASIM else "the simulator compiles nothing"
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

F32, F64, I8 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int8)


def _arrays(dtype, out_dtype=I8):
    """Types of a row, a matrix and an output."""
    return (
        typeof(np.zeros(4, dtype)),
        typeof(np.zeros((2, 4), dtype)),
        typeof(np.zeros((2, 4), out_dtype)),
    )


def _numbers(dtype, linear, stretch):
    return latency_times.Numbers(linear, stretch, *[dtype.type(1)] * 7, clip=True)


def _encoder_kernels(dtype, out_dtype=I8):
    """Name, kernel and argument types of everything but the neurons."""
    row, matrix, out = _arrays(dtype, out_dtype)
    number, level = typeof(dtype.type(0)), typeof(out_dtype.type(0))
    index, flag, word = numba.int64, numba.boolean, numba.uint64
    key = typeof((np.uint64(0),) * 3)
    counts = typeof(np.zeros((1, 4), np.uint64))
    two = typeof(rate.Numbers(dtype.type(0), dtype.type(0)))
    drawn = (matrix, two, key, word, index, level, level, out)
    yield "fill", kernels.fill, (level, out)
    yield "rate", kernels.draw(rate.BERNOULLI, varying=False), drawn
    yield "rate of varying data", kernels.draw(rate.BERNOULLI, varying=True), drawn
    uniform = (matrix, flag, two, matrix, level, level, out)
    yield "rate_from_uniforms", kernels.replay(rate.uniform_fires), uniform
    change = typeof(delta.Numbers(dtype.type(0), True))
    state, levels = typeof(delta.State(np.zeros(4, dtype))), delta.Levels(*[out_dtype.type(0)] * 3)
    yield "delta", signals.scan(delta.DELTA), (matrix, state, change, typeof(levels), out)
    yield from _signal_kernels(dtype, out_dtype)
    silent = (row, row, typeof(_numbers(dtype, True, False)), typeof(np.zeros(4, bool)))
    yield "below", kernels.each(latency_times.is_silent), silent
    steps = (counts, word, key, word, index, level, level, out)
    yield "distinct_steps", kernels.draw(trains.DISTINCT, varying=False), steps
    yield "row_maxima", kernels.row_maxima, (matrix, row)
    for name, code, values in _placed(dtype):
        yield name, kernels.place(code), (row, row, typeof(values), index, level, level, out)
    ranks = typeof(np.zeros(4, np.int32)), row, numba.int32, index, level, level, out
    yield "rank_order", kernels.place(rank_order.RANK), ranks
    dead = typeof(poisson.Numbers(dtype.type(0), np.uint64(0)))
    waits = (matrix, dead, key, word, index, level, level, out)
    yield "poisson", kernels.draw(poisson.POISSON, varying=False), waits
    yield "poisson of varying data", kernels.draw(poisson.POISSON, varying=True), waits
    floating = typeof(np.zeros((2, 4), dtype))
    yield "ramps", kernels.climb(lines.line), (number, number, floating)
    yield "event_product", kernels.event_product, (out, matrix, row, floating)
    dense = product.dense_product(from_dtype(out_dtype), from_dtype(dtype))
    yield "dense_product", dense, (out, matrix, row, floating)


def _placed(dtype):
    """Codes of places known beforehand, with their numbers."""
    one = dtype.type(1)
    yield "phase", phase.PHASE, phase.Numbers(one, np.int32(1), np.int32(1))
    yield "burst", burst.WHOLE, burst.Numbers(*[one] * 5)
    yield "inverse", first_spike.INVERSE, first_spike.Inverse(one)
    yield "winner", population.WINNER, population.Numbers(*[one] * 6)


def _signal_kernels(dtype, out_dtype):
    """The codes of time series, over their axes."""
    row, matrix, out = np.zeros(4, dtype), np.zeros((2, 4), dtype), np.zeros((2, 4), out_dtype)
    pairs, level, number = np.zeros((2, 8), out_dtype), out_dtype.type(1), dtype.type(1)
    levels = delta.Levels(level, level, level)
    silent, rest = np.zeros(4, np.int32), np.int32(2)

    def scan(code, state, numbers, out=out, data=matrix):
        return signals.scan(code), tuple(map(typeof, (data, state, numbers, levels, out)))

    for meets in (">", ">="):
        for baseline in ("step", "signal"):
            axes = step_forward.Axes(meets, baseline)
            numbers = step_forward.Numbers(row, number, number, rest)
            state = step_forward.State(row, np.int32(0))
            yield (
                f"step_forward {axes[:2]}",
                *scan(step_forward.scan_of(axes, False), state, numbers),
            )
            code = step_forward.scan_of(axes._replace(multi=True, channels="up_down"), True)
            state = step_forward.State(row, silent)
            yield f"step_forward, several {axes[:2]}", *scan(code, state, numbers, pairs)
        code = temporal_contrast.scan_of(meets, False)
        state, numbers = temporal_contrast.State(row), temporal_contrast.Numbers(row)
        yield f"temporal_contrast {meets}", *scan(code, state, numbers)
    numbers = level_crossing.Numbers(number, number)
    yield "level_crossing", *scan(level_crossing.scan_of(False), level_crossing.State(row), numbers)
    if out_dtype in (dtype, I8):
        graded = np.zeros((2, 4), dtype)
        levels = delta.Levels(number, number, number)
        for feedback in ("decoder", "residual"):
            code = sigma_delta.scan_of(sigma_delta.Axes(">=", feedback, True), True, True)
            numbers = sigma_delta.Numbers(row, number, number, number)
            state = sigma_delta.State(row, row, row)
            yield f"sigma_delta, {feedback}", *scan(code, state, numbers, graded)
        steps = staircase.Steps(row, number)
        spikes = np.zeros((2, 4), np.int8)
        yield "staircase", *scan(staircase.STAIRCASE, staircase.Value(row), steps, graded, spikes)
        sums = sigma_delta.Nothing()
        yield "accumulate", *scan(sigma_delta.SUM, staircase.Value(row), sums, graded)
        levels = delta.Levels(level, level, level)
    code = moving_window.slide_of(moving_window.Axes())
    given = (matrix, 0, 0, 2, 3, True, moving_window.Numbers(row), levels, out)
    yield "moving_window", signals.slide(code), tuple(map(typeof, given))
    numbers = pulse_width.Numbers(number, number, np.int32(3))
    yield "pulse_width", *scan(pulse_width.SPIKES, pulse_width.State(silent, silent), numbers)
    threshold, offsets = bsa.Numbers(row), (0, 1, 2)
    for name, code in (("multiply", bsa.MULTIPLY), ("subtract", bsa.SUBTRACT), ("hsa", bsa.HOUGH)):
        given = (matrix, 0, 0, 2, row, offsets, 2, threshold, levels, out)
        yield f"deconvolve, {name}", filters.deconvolve(code), tuple(map(typeof, given))
    if out_dtype in (dtype, I8):
        graded, scales = np.zeros((2, 4), dtype), tapped.Scale(row, number)
        given = (out, 0, 0, 2, row, 0, scales, graded)
        yield "convolve", filters.convolve(tapped.CONVOLVE), tuple(map(typeof, given))
        unit = delta.Levels(number, number, number)
        given = (matrix, tapped.Nothing(), scales, unit, graded)
        yield "scale", signals.scan(tapped.SCALE), tuple(map(typeof, given))
        given = (matrix, tapped.Nothing(), tapped.Nothing(), unit, graded)
        yield "given spikes", signals.scan(pulse_width.GIVEN), tuple(map(typeof, given))
        ends = pulse_width.Numbers(number, number, 3)
        yield "lines", kernels.climb(pulse_width.line), tuple(map(typeof, (ends, number, graded)))
    given = (matrix, tapped.Extremes(row, row), tapped.Nothing())
    yield "extremes", signals.fold(tapped.widen), tuple(map(typeof, given))
    for name, step in zip(("change", "square"), temporal_contrast.sums_of(True), strict=True):
        given = (matrix, temporal_contrast.Total(row, row), temporal_contrast.Mean(row))
        yield f"sum of a {name}", signals.fold(step), tuple(map(typeof, given))


def _latency_kernels(dtype):
    row, matrix, out = _arrays(dtype)
    number, level = typeof(dtype.type(0)), typeof(np.int8(0))
    numbers = typeof(_numbers(dtype, False, True))
    index = numba.int64
    largest = kernels.largest(latency_times.spike_time)
    yield "latest_times", largest, (row, row, numbers, index, matrix)
    yield "latency_times", kernels.each(latency_times.spike_time), (row, row, numbers, row)
    ramps = (row, row, numbers, index, number, number, matrix)
    yield "latency_ramps", kernels.place(latency.LINE), ramps
    integers = (row, row, numbers, index, level, level, out)
    yield "latency to int8", kernels.place(latency.SPIKE), integers
    one = dtype.type(1)
    fields = population.Numbers(*[one] * 6)
    codes = {
        "population": (population.SPIKES, fields),
        "decay": (
            first_spike.decay_of(False),
            first_spike.Decay(np.float64(1), np.float64(1), np.int32(9)),
        ),
        "exponential": (first_spike.EXPONENTIAL, first_spike.Exponential(one, one)),
    }
    for name, (code, values) in codes.items():
        yield name, kernels.place(code), (row, row, typeof(values), index, level, level, out)
    yield "activity", kernels.each(population.activity), (row, row, typeof(fields), row)


SUBTRACT, VALUE = Axes(reset="subtract"), Axes(reset="value")
SAME_VALUE = VALUE._replace(reset_at="same", compare=">=")
AXES = {
    "none": Axes(),
    "snntorch": SUBTRACT,
    "decayed reset": SUBTRACT._replace(decay_reset=True),
    "exchange": SUBTRACT._replace(reset_at="exchange"),
    "same": SUBTRACT._replace(reset_at="same", compare=">=", leak=True, gain=True),
    "multi": SUBTRACT._replace(reset_at="same", spikes="multi"),
    "value": VALUE._replace(leak=True, lower=True),
    "dropped input": VALUE._replace(drop_input=True, gain=True),
    "refractory": VALUE._replace(reset_at="same", compare=">=", refractory=True),
    "old": SUBTRACT._replace(report="old"),
    "synaptic": SUBTRACT._replace(synapse="decay-jump-use"),
    "alpha": SUBTRACT._replace(model="alpha"),
    "alpha zero": VALUE._replace(model="alpha"),
    "recurrent": SUBTRACT._replace(recurrent=True),
    "used first": SUBTRACT._replace(synapse="use-decay-jump", synapse_gain=True),
    "adapted threshold": SUBTRACT._replace(reset_at="same", adaptation="threshold"),
    "adapted input": SUBTRACT._replace(adaptation="input"),
    "held membrane": SAME_VALUE._replace(refractory=True, holds="membrane"),
    "ternary": SUBTRACT._replace(reset_at="same", ternary=True),
    "quadratic": SAME_VALUE._replace(spike_map="quadratic"),
    "quantized": SUBTRACT._replace(levels=(-1.0, -0.25, 0.5, 1.2)),
}
WIDE_AXES = {  # whose exponential and logarithm are in float64
    "exponential": SAME_VALUE._replace(spike_map="exponential"),
    "fraction": SAME_VALUE._replace(refractory=True, holds="membrane", fraction=True),
}
INHIBITED = ("snntorch", "same", "refractory", "alpha", "adapted threshold", "held membrane")


def _parameters(number, parts):
    """Parameters that are all one number."""
    found = [number] * (len(Parameters._fields) - 1)
    return Parameters(*found, Parts(*[number] * len(Parts._fields)) if parts else ())


def _neuron_arguments(dtype, per_neuron, parts=False):
    row, matrix, out = np.zeros(4, dtype), np.zeros((2, 4), dtype), np.zeros((2, 4), dtype)
    parameter = row if per_neuron else dtype.type(0)
    state = State(*[row] * len(State._fields))
    records = State(matrix, *[dtype.type(0)] * (len(State._fields) - 1))
    level = dtype.type(1)
    return (
        matrix,
        _parameters(parameter, parts),
        state,
        records,
        level,
        level,
        out,
    )


def _wide_neuron_kernels(dtype):
    for name, axes in WIDE_AXES.items():
        given = _neuron_arguments(dtype, per_neuron=False, parts=True)
        yield f"neurons, {name}", kernels.neurons(step_of(axes)), tuple(map(typeof, given))


def _neuron_kernels(dtype):
    for name, axes in AXES.items():
        per_neuron = name in ("snntorch", "refractory", "adapted threshold")
        given = _neuron_arguments(dtype, per_neuron, has_parts(axes))
        yield f"neurons, {name}", kernels.neurons(step_of(axes)), tuple(map(typeof, given))
        if name not in INHIBITED:
            continue
        current, parameters, state, records, on, off, spikes = given
        inhibited = (current, 4, parameters, state, records, current[0], on, off, spikes)
        kernel = kernels.inhibited_neurons(step_of(axes), from_dtype(dtype))
        yield f"inhibited, {name}", kernel, tuple(map(typeof, inhibited))


def _cases(source, *arguments):
    return [pytest.param(k, t, id=f"{n}-{arguments[0].name}") for n, k, t in source(*arguments)]


@pytest.fixture(params=[(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
def ptx_of(request, monkeypatch):
    """Compile a kernel for one compute capability, as if such a device were there."""

    class Device:
        compute_capability = request.param

    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", Device)

    def compile_kernel(kernel, types):
        ptx, _ = cuda.compile_ptx(kernel.py_func, types, cc=request.param)
        return ptx, "sm_{}{}".format(*request.param)

    return compile_kernel


def _lines(ptx, pattern):
    """Lines of PTX that match, with their numbers."""
    return [
        f"{number}: {line.strip()}"
        for number, line in enumerate(ptx.splitlines(), 1)
        if re.search(pattern, line)
    ]


def _reads_before_a_write(ptx):
    """The most loads that one stretch of straight code makes before it stores anything."""
    stretches = re.split(r"\bst\.global|\bbra\b|^\$L", ptx, flags=re.M)
    return max(stretch.count("ld.global") for stretch in stretches)


def _assert_no_spills(ptx, architecture, tmp_path):
    """Ask ptxas, where there is one, for registers and spills."""
    ptxas = shutil.which("ptxas")
    if ptxas is None:
        print("ptxas is not installed: registers and spills not examined")
        return
    source = tmp_path / "kernel.ptx"
    source.write_text(ptx)
    command = [ptxas, f"-arch={architecture}", "-v", str(source), "-o", str(tmp_path / "kernel")]
    done = subprocess.run(command, capture_output=True, text=True)
    if "Unsupported .version" in done.stderr:
        print(
            f"ptxas is older than NVVM: registers and spills not examined ({done.stderr.strip()})"
        )
        return
    assert done.returncode == 0, done.stderr
    print(re.search(r"Used \d+ registers", done.stderr)[0])
    spills = re.findall(r"(\d+) bytes spill", done.stderr)
    assert set(spills) <= {"0"}, f"{architecture}: {done.stderr}"


EXACT_F32 = _cases(_encoder_kernels, F32) + _cases(_neuron_kernels, F32)
EXACT_F64 = _cases(_encoder_kernels, F64, F64) + _cases(_neuron_kernels, F64)
LATENCY = _cases(_latency_kernels, F32) + _cases(_latency_kernels, F64)
WIDE = _cases(_wide_neuron_kernels, F32) + _cases(_wide_neuron_kernels, F64)


@pytest.mark.parametrize(("kernel", "types"), EXACT_F32 if MISSING is None else [])
def test_float32_kernels_fuse_nothing_and_stay_in_float32(kernel, types, ptx_of, tmp_path):
    ptx, architecture = ptx_of(kernel, types)
    assert not _lines(ptx, r"\bfma\."), "a product is fused with a sum"
    assert not _lines(ptx, r"\.f64"), "float64 arithmetic in a float32 kernel"
    _assert_no_spills(ptx, architecture, tmp_path)


@pytest.mark.parametrize("ptx_of", [(9, 0)], indirect=True, ids=["sm_90"])
@pytest.mark.parametrize(("kernel", "types"), EXACT_F64 if MISSING is None else [])
def test_float64_kernels_fuse_nothing(kernel, types, ptx_of, tmp_path):
    ptx, architecture = ptx_of(kernel, types)
    assert not _lines(ptx, r"\bfma\."), "a product is fused with a sum"
    _assert_no_spills(ptx, architecture, tmp_path)


@pytest.mark.parametrize(("kernel", "types"), LATENCY if MISSING is None else [])
def test_latency_kernels_fuse_nothing(kernel, types, ptx_of, tmp_path):
    ptx, architecture = ptx_of(kernel, types)
    assert not _lines(ptx, r"\bfma\."), "a product is fused with a sum"
    assert _lines(ptx, r"mul\.rn\.f64|mul\.f64"), "the logarithm is not evaluated in float64"
    _assert_no_spills(ptx, architecture, tmp_path)


@pytest.mark.parametrize("ptx_of", [(9, 0)], indirect=True, ids=["sm_90"])
@pytest.mark.parametrize(("kernel", "types"), WIDE if MISSING is None else [])
def test_exponentials_and_logarithms_of_neurons_fuse_nothing(kernel, types, ptx_of, tmp_path):
    ptx, architecture = ptx_of(kernel, types)
    assert not _lines(ptx, r"\bfma\."), "a product is fused with a sum"
    assert _lines(ptx, r"mul\.rn\.f64|mul\.f64"), "they are not evaluated in float64"
    _assert_no_spills(ptx, architecture, tmp_path)


STREAMS = {"delta": 8, "neurons, none": 8, "rate_from_uniforms": 4, "rate of varying data": 4}


@pytest.mark.parametrize("ptx_of", [(9, 0)], indirect=True, ids=["sm_90"])
@pytest.mark.parametrize(
    ("kernel", "types"), [case for case in EXACT_F32 if case.id.rpartition("-")[0] in STREAMS]
)
def test_several_steps_are_read_before_one_is_written(kernel, types, ptx_of, request):
    """A thread that waits for each of its reads leaves most of the memory's speed unused."""
    ptx, _ = ptx_of(kernel, types)
    name = request.node.callspec.id.removesuffix("-sm_90").rpartition("-")[0]
    assert _reads_before_a_write(ptx) >= STREAMS[name]
