"""The backends agree bit for bit, for any number of threads, any layout of the data and any cut.

Sizes lie on both sides of the tiles' 1024 elements and 256 blocks of four steps.
"""

from itertools import pairwise

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import example, given
from hypothesis import strategies as st

from spikecore import backends, random, spikegen
from spikecore.backends import threads
from spikecore.backends.cpu import tiles

DTYPES = (np.float32, np.float64)
SPIKES = (np.float32, np.float64, bool, np.uint8, np.int8)
SHAPES = ((), (1,), (3, 5), (1023,), (1024,), (1025,), (3, 1024), (2, 2049))


@pytest.fixture(params=[1, 2, 3], ids=lambda n: f"{n} threads")
def workers(request, monkeypatch):
    """Threads for the compiled backend, which shares out even the smallest work."""
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(request.param))
    monkeypatch.setattr(threads, "SMALL", 0)
    monkeypatch.setattr(tiles, "WIDE", 700)  # so that a few features span several wide tiles
    return request.param


def values(shape, dtype, seed=0):
    """Numbers in [0, 1] with both ends, a value below every threshold and some exact ones."""
    generator = np.random.default_rng(seed)
    result = generator.random(shape).astype(dtype)
    grid = np.round(generator.random(shape) * 16) / 16
    return np.where(generator.random(shape) < 0.5, result, grid.astype(dtype)).astype(dtype)


def same(function, *arguments, **keywords):
    """The result, after comparing its bits with those of the reference."""
    results = [function(*arguments, **keywords, device=device) for device in ("cpu", "numpy")]
    pairs = results if isinstance(results[0], tuple) else [(result,) for result in results]
    for compiled, reference in zip(*pairs, strict=True):
        assert_same_bits(compiled, reference)
    return results[0]


def test_the_tiles_are_as_large_as_these_tests_suppose():
    assert (tiles.TILE, tiles.BLOCKS, tiles.WIDE) == (1024, 256, 8192)


# --- every encoder ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rate(shape, dtype, workers):
    data = values(shape, dtype)
    same(spikegen.rate, data, 6, seed=3)
    same(spikegen.rate, data, 9, 1.7, -0.3, 2, seed=2**64 - 1, first_step=5, dtype=np.int8)
    series = values((7, *shape), dtype)
    same(spikegen.rate, series, time_var_input=True, seed=4, first_step=3)
    same(spikegen.rate, series, None, 0.5, 0.3, 2, True, seed=5, dtype=bool)
    same(spikegen.rate_conv, series, seed=4, first_element=2**32 - 2, dtype=np.uint8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("num_steps", [1, 2, 1023, 1024, 1025, 2053])
def test_rate_of_few_features_for_many_steps(num_steps, dtype, workers):
    data = values((3,), dtype)
    for first_step in (0, 1, 4, 1023):
        same(spikegen.rate, data, num_steps, seed=1, first_step=first_step)
    same(spikegen.rate_conv, values((num_steps, 3), dtype), seed=1, first_step=2)


@pytest.mark.parametrize("spikes", SPIKES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_of_spikes(dtype, spikes, workers):
    data = values((1025,), dtype)
    series = values((6, 1025), dtype) - dtype(0.5)
    as_float = {}
    for name, function, arguments, keywords in (
        ("rate", spikegen.rate, (data, 5), {"seed": 0}),
        ("varying", spikegen.rate_conv, (series,), {"seed": 0}),
        ("latency", spikegen.latency, (data, 5), {"normalize": True}),
        ("linear", spikegen.latency, (data, 5), {"normalize": True, "linear": True, "clip": True}),
        ("delta", spikegen.delta, (series,), {}),
        ("uniform", spikegen.target_rate_code, (9, 2, 0.4, "uniform"), {"seed": 1}),
        ("poisson", spikegen.target_rate_code, (9, 2, 0.4, "poisson"), {"seed": 1}),
        ("regular", spikegen.target_rate_code, (9, 2, 0.4), {}),
    ):
        result = same(function, *arguments, **keywords, dtype=spikes)
        result = result[0] if isinstance(result, tuple) else result
        assert result.dtype == spikes
        as_float[name] = function(*arguments, **keywords, dtype=np.float32, device="numpy")
        expected = as_float[name][0] if isinstance(as_float[name], tuple) else as_float[name]
        np.testing.assert_array_equal(result, expected)
    if np.dtype(spikes).kind not in "bu":
        result = same(spikegen.delta, series, off_spike=True, dtype=spikes)
        assert set(np.unique(result)) == {-1, 0, 1}


@pytest.mark.parametrize("drawn", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rate_from_uniforms(shape, dtype, drawn, workers):
    data = values(shape, dtype)
    uniforms = np.minimum(values((6, *shape), drawn, seed=1), np.nextafter(drawn(1), drawn(0)))
    same(spikegen.rate, data, 6, 0.9, 0.05, 2, uniforms=uniforms, dtype=np.float32)
    same(spikegen.rate_conv, uniforms.astype(dtype), uniforms=uniforms, dtype=np.float32)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_latency(shape, dtype, workers):
    data = values(shape, dtype)
    for normalize in (False, True, "sample"):
        for linear in (False, True):
            keywords = {"normalize": normalize, "linear": linear, "tau": 3.3, "threshold": 0.03}
            same(spikegen.latency_code, data, 20, first_spike_time=2, **keywords)
            same(spikegen.latency, data, 20, first_spike_time=2, bypass=True, **keywords)
            same(spikegen.latency, data, 20, clip=True, bypass=True, dtype=np.int8, **keywords)
            same(
                spikegen.latency, data, 20, on_target=0.9, off_target=0.1, interpolate=True,
                clip=linear, bypass=True, **keywords,
            )  # fmt: skip
    same(spikegen.latency, data, tau=0.7, bypass=True)
    same(spikegen.latency_code_log, data, tau=0.7)
    same(spikegen.latency_code_linear, data, tau=0.7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_delta(shape, dtype, workers):
    series = values((9, *shape), dtype) - dtype(0.5)
    for padding in (False, True):
        for off_spike in (False, True):
            same(spikegen.delta, series, 0.25, padding, off_spike)
    same(spikegen.delta, series[:1], 0.25)


@pytest.mark.parametrize("size", [8191, 8192, 8193, 50_001])
def test_wide_tiles(size, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", "3")
    data = values((size,), np.float32)
    same(spikegen.latency, data, 3, normalize=True, clip=True, dtype=np.int8)
    same(spikegen.delta, data.reshape(1, -1) - np.float32(0.5), off_spike=True, dtype=np.int8)


@pytest.mark.parametrize("batch", [0, 1, 3, 342])
def test_targets(batch, workers):
    labels = np.arange(batch) % 3
    rates = {"correct_rate": 0.65, "incorrect_rate": 0.07}
    for pattern in ("regular", "uniform", "poisson"):
        for dtype in (np.float32, np.float64):
            keywords = {"firing_pattern": pattern, "seed": 11, "dtype": dtype, **rates}
            same(spikegen.targets_rate, labels, 3, 23, **keywords)
            same(spikegen.targets_rate, labels, 3, 23, 6, interpolate=True, **keywords)
        same(
            spikegen.targets_convert, labels, 3, "rate", 23, 5, firing_pattern=pattern, seed=3,
            on_target=3, off_target=-2, dtype=np.int8, first_element=2**32 - 4, **rates,
        )  # fmt: skip
        same(spikegen.target_rate_code, 40, 3, 0.4, pattern, seed=9, first_element=batch)
    uniforms = random.uniforms(8, (23, batch, 3), stream="targets")
    same(
        spikegen.targets_rate, labels, 3, 23, 4, uniforms=uniforms, firing_pattern="poisson",
        **rates,
    )  # fmt: skip
    same(spikegen.targets_rate, labels, 3)
    same(spikegen.targets_latency, labels, 3, 8, normalize=True)
    same(spikegen.targets_latency, labels, 3, 8, normalize=True, interpolate=True)
    same(spikegen.targets_convert, labels, 3, "latency", 8, normalize=True, clip=True)


def test_huge_gains_and_differences_overflow_alike(workers):
    data = np.float32([0.1, 0.5, 0.9, -40])
    for gain, offset in ((3e38, 3e38), (3e38, -3e38), (-3e38, 3e38)):
        same(spikegen.rate, data, 3, gain, offset, seed=0)
        same(spikegen.rate, data, 3, gain, offset, uniforms=np.full((3, 4), 0.5))
    same(spikegen.delta, np.float32([3e38, -3e38, 3e38]), off_spike=True)


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize(
    ("bad", "where"), [(np.nan, 0), (np.inf, 16383), (-0.5, 16384), (2, 40000)]
)
def test_the_first_value_outside_is_found(bad, where, device, workers):
    data = values((40001,), np.float32)
    backend = backends.choose(device)
    assert backend.first_outside(data, np.float32(0), np.float32(1)) == -1
    assert backend.first_outside(data[:0], np.float32(0), np.float32(1)) == -1
    data[where] = bad
    data[-1] = np.nan
    assert backend.first_outside(data, np.float32(0), np.float32(1)) == where


# --- layouts ------------------------------------------------------------------------------------


def layouts(data):
    """The same values, stored in other ways."""
    read_only = data.copy()
    read_only.flags.writeable = False
    unaligned = np.zeros(data.nbytes + 1, np.uint8)[1:].view(data.dtype).reshape(data.shape)
    unaligned[...] = data
    wide = np.zeros((*data.shape[:-1], 3 * data.shape[-1]), data.dtype)
    wide[..., 1::3] = data
    return {
        "transposed": np.ascontiguousarray(data.T).T,
        "strided": wide[..., 1::3],
        "reversed": data[::-1, ::-1].copy()[::-1, ::-1],
        "read-only": read_only,
        "Fortran order": np.asfortranarray(data),
        "swapped bytes": data.astype(data.dtype.newbyteorder()),
        "unaligned": unaligned,
        "a subclass": data.view(np.ma.MaskedArray),
        "a list": data.tolist(),
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_layout_of_the_data_does_not_matter(dtype):
    data = values((5, 411), dtype)
    uniforms = random.uniforms(0, (5, 411)).astype(dtype)
    uniforms = np.minimum(uniforms, np.nextafter(dtype(1), dtype(0)))
    calls = {
        "rate": lambda x: spikegen.rate(x, 3, seed=1, dtype=np.float32),
        "rate_conv": lambda x: spikegen.rate_conv(x, seed=1, dtype=np.float32),
        "uniforms": lambda x: spikegen.rate_conv(data, uniforms=x, dtype=np.float32),
        "latency": lambda x: spikegen.latency(x, 4, normalize="sample", dtype=np.float32),
        "times": lambda x: np.float32(spikegen.latency_code(x, 4, normalize=True)[0]),
        "delta": lambda x: spikegen.delta(x, 0.25, off_spike=True, dtype=np.float32),
        "ramps": lambda x: spikegen.latency_interpolate(x, 4, dtype=np.float32),
        "inverse": lambda x: spikegen.to_one_hot_inverse(x, dtype=np.float32),
    }
    for name, call in calls.items():
        given = uniforms if name == "uniforms" else data
        expected = call(given)
        for layout, stored in layouts(given).items():
            if layout == "a list" and name == "times" and dtype == np.float32:
                continue  # a list is of float64, whose times have other last bits
            if layout == "a list" and dtype == np.float32 and name in ("latency", "delta"):
                continue
            np.testing.assert_array_equal(call(stored), expected, err_msg=f"{name}, {layout}")


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4)], ids=str)
def test_empty_arrays_give_empty_spikes(shape, device):
    data = np.zeros(shape, np.float32)
    assert spikegen.rate(data, 4, device=device).shape == (4, *shape)
    assert spikegen.rate_conv(data, device=device).shape == shape
    assert spikegen.delta(data, device=device).shape == shape
    assert spikegen.delta(data, padding=True, device=device).shape == shape
    assert spikegen.latency_code(data, device=device)[0].shape == shape
    assert spikegen.latency(data, bypass=True, device=device).shape == (1, *shape)
    for normalize in (True, "sample"):
        result = spikegen.latency(data, 4, normalize=normalize, device=device)
        assert result.shape == (4, *shape)
    assert spikegen.latency_interpolate(data, 4).shape == (4, *shape)
    assert spikegen.to_one_hot_inverse(data).shape == shape
    lead = spikegen.rate(data, first_spike_time=2, time_var_input=True, device=device)
    assert lead.shape == (shape[0] + 2, *shape[1:])
    assert not lead.any()


# --- out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_out_is_filled_and_returned(device, tmp_path):
    data = values((2, 600), np.float32)
    labels = np.array([2, 0])
    rates = {"correct_rate": 0.6, "firing_pattern": "uniform", "seed": 0}
    for name, shape, call in (
        ("rate", (6, 2, 600), lambda **k: spikegen.rate(data, 6, seed=2, **k)),
        ("lead", (4, 600), lambda **k: spikegen.rate(data, None, 1, 0, 2, True, seed=2, **k)),
        ("latency", (6, 2, 600), lambda **k: spikegen.latency(data, 6, normalize=True, **k)),
        ("late", (6, 2, 600), lambda **k: spikegen.latency(data, 6, tau=9, bypass=True, **k)),
        ("delta", (2, 600), lambda **k: spikegen.delta(data, **k)),
        ("targets", (7, 2, 3), lambda **k: spikegen.targets_rate(labels, 3, 7, 2, **rates, **k)),
        ("train", (7,), lambda **k: spikegen.target_rate_code(7, 2, 0.6, **k)[0]),
    ):
        for dtype in SPIKES:
            expected = call(device=device, dtype=dtype)
            sentinel = np.full(shape, 3, np.uint8).astype(dtype)
            stored = np.memmap(tmp_path / name, dtype, "w+", shape=shape)
            stored[...] = sentinel
            for out in (sentinel, stored, np.ma.masked_array(sentinel.copy(), False)):
                assert call(device=device, out=out) is out or name == "train"
                np.testing.assert_array_equal(np.asarray(out), expected)
            stored.flush()
            again = np.fromfile(tmp_path / name, dtype).reshape(shape)
            np.testing.assert_array_equal(again, expected)


def test_out_of_the_functions_without_a_device():
    for call, shape in (
        (lambda **k: spikegen.latency_interpolate(np.float32([0, 3, 9]), 5, **k), (5, 3)),
        (lambda **k: spikegen.rate_interpolate([0, 3], 5, 0.9, 0.2, **k), (5,)),
    ):
        for dtype in DTYPES:
            out = np.full(shape, 7, dtype)
            assert call(out=out) is out
            assert_same_bits(out, call(dtype=dtype))
    for dtype in SPIKES:
        out = np.ones((2, 3), dtype)
        assert spikegen.to_one_hot([2, 0], 3, out=out) is out
        assert out.tolist() == [[0, 0, 1], [1, 0, 0]]
        flipped = np.zeros((2, 3), dtype)
        assert spikegen.to_one_hot_inverse(out, out=flipped) is flipped
        assert flipped.tolist() == [[1, 1, 0], [0, 1, 1]]


# --- cuts ---------------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**64 - 1)
DEVICES = st.sampled_from(["cpu", "numpy"])


@st.composite
def cuts(draw, most):
    """A length and where to cut it."""
    length = draw(st.integers(1, most))
    inner = draw(st.lists(st.integers(1, length), max_size=4))
    return [0, *sorted({*inner, length})]


def parts(bounds):
    return list(pairwise(bounds))


@given(seed=SEEDS, bounds=cuts(most=40), start=st.integers(0, 2**34 - 41), device=DEVICES)
@example(seed=0, bounds=[0, 1, 2, 3, 4, 5, 9], start=0, device="cpu")
@example(seed=0, bounds=[0, 40], start=2**34 - 41, device="cpu")
@example(seed=0, bounds=[0, 3, 40], start=2**34 - 41, device="numpy")
def test_steps_join_to_the_whole(seed, bounds, start, device):
    data = values((2, 3), np.float32, seed=1)
    series = values((bounds[-1], 4), np.float32, seed=2)
    keywords = {"seed": seed, "device": device, "dtype": np.int8}
    whole = spikegen.rate(data, bounds[-1], **keywords, first_step=start)
    varying = spikegen.rate_conv(series, **keywords, first_step=start)
    pieces = [
        spikegen.rate(data, b - a, **keywords, first_step=start + a) for a, b in parts(bounds)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    pieces = [
        spikegen.rate_conv(series[a:b], **keywords, first_step=start + a) for a, b in parts(bounds)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), varying)


@given(seed=SEEDS, bounds=cuts(most=30), lead=st.integers(0, 29), device=DEVICES)
def test_steps_join_to_the_whole_with_silent_steps_at_the_start(seed, bounds, lead, device):
    lead = min(lead, bounds[-1] - 1)
    data = values((5,), np.float32)
    keywords = {"seed": seed, "device": device, "dtype": np.int8}
    whole = spikegen.rate(data, bounds[-1], first_spike_time=lead, **keywords)
    assert not whole[:lead].any()
    np.testing.assert_array_equal(whole[lead:], spikegen.rate(data, bounds[-1], **keywords)[lead:])
    for a, b in parts(bounds):
        if b > lead:  # a part before the first spike is refused: nothing is left to draw
            part = spikegen.rate(data, b - a, first_spike_time=lead, first_step=a, **keywords)
            np.testing.assert_array_equal(part, whole[a:b])


@given(
    seed=SEEDS,
    bounds=cuts(most=3000),
    start=st.integers(0, 2**64 - 3001) | st.just(2**32 - 5),
    device=DEVICES,
)
@example(seed=1, bounds=[0, 1023, 1024, 2049, 3000], start=2**64 - 3000, device="cpu")
def test_features_join_to_the_whole(seed, bounds, start, device):
    data = values((bounds[-1],), np.float32)
    keywords = {"seed": seed, "device": device, "dtype": np.int8}
    whole = spikegen.rate(data, 5, **keywords, first_element=start)
    pieces = [
        spikegen.rate(data[a:b], 5, **keywords, first_element=start + a) for a, b in parts(bounds)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)


@given(
    seed=SEEDS,
    bounds=cuts(most=12),
    start=st.integers(0, 2**64 - 37),
    pattern=st.sampled_from(["regular", "uniform", "poisson"]),
    device=DEVICES,
)
def test_samples_of_targets_join_to_the_whole(seed, bounds, start, pattern, device):
    labels = np.arange(bounds[-1]) % 3
    keywords = {
        "correct_rate": 0.7, "incorrect_rate": 0.2, "firing_pattern": pattern, "seed": seed,
        "device": device,
    }  # fmt: skip
    whole = spikegen.targets_rate(labels, 3, 11, 2, **keywords, first_element=start)
    pieces = [
        spikegen.targets_rate(labels[a:b], 3, 11, 2, **keywords, first_element=start + 3 * a)
        for a, b in parts(bounds)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)


@given(bounds=cuts(most=30), padding=st.booleans(), device=DEVICES)
def test_a_signal_is_cut_with_the_sample_before_each_part(bounds, padding, device):
    series = values((bounds[-1], 7), np.float32) - np.float32(0.5)
    keywords = {"padding": padding, "off_spike": True, "device": device}
    whole = spikegen.delta(series, **keywords)
    pieces = [
        spikegen.delta(series[max(a - 1, 0) : b], **keywords)[min(a, 1) :] for a, b in parts(bounds)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@given(bounds=cuts(most=12), linear=st.booleans(), device=DEVICES)
def test_latency_of_samples_and_features_join_to_the_whole(bounds, linear, device):
    data = values((bounds[-1], 9), np.float64)
    keywords = {"tau": 2.0, "linear": linear, "device": device}
    whole = spikegen.latency(data, 30, **keywords)
    pieces = [spikegen.latency(data[a:b], 30, **keywords) for a, b in parts(bounds)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
