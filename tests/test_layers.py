"""Convolutions, pools, delays and readouts: their sums, their order, and what they refuse."""

import pickle

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from spikecore import LIF, Leaky
from spikecore.backends import threads
from spikecore.network import (
    LI,
    AvgPool2d,
    Conv1d,
    Conv2d,
    CubaLI,
    Delay,
    Flatten,
    Linear,
    Scale,
    Sequential,
    SumPool2d,
    Threshold,
)

DEVICES = ("cpu", "numpy")
RNG = np.random.default_rng(0)
GEOMETRIES = [
    {},
    {"stride": 2, "padding": 1},
    {"stride": (1, 3), "padding": (2, 0), "dilation": (1, 2)},
    {"padding": "same", "dilation": 2},
    {"padding": "valid", "groups": 2},
    {"stride": (3, 1), "padding": (0, 2), "groups": 2, "dilation": (2, 1)},
]

LINES = [{}, {"stride": 2, "padding": 3, "dilation": 2}, {"padding": "same"}]


def binary(shape, density, seed=0):
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def normal(shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(0, 1, shape).astype(dtype)


def dyadic(shape, seed=0):
    return (np.random.default_rng(seed).integers(-64, 65, shape) / 64).astype(np.float32)


def conv2d(weight_of=normal, dtype=np.float32, bias=True, **options):
    weight = weight_of((4, 4 // options.get("groups", 1), 3, 2), 1).astype(dtype)
    return Conv2d(weight, weight_of(4, 2).astype(dtype) if bias else None, **options)


def in_index_order(layer, spikes):
    """The sums of a 2D convolution as specified, one number at a time."""
    outputs, inside, tall, broad = layer.weight.shape
    (sy, sx), (dy, dx) = layer.stride, layer.dilation
    top, left = layer._geometry.before
    shape = layer._output_shape(spikes.shape)
    out = np.empty(shape, layer.weight.dtype)
    for n, o, r, q in np.ndindex(shape):
        total = layer.weight.dtype.type(0)
        first = o // (outputs // layer.groups) * inside
        for c, i, j in np.ndindex(inside, tall, broad):
            y, x = r * sy + i * dy - top, q * sx + j * dx - left
            if 0 <= y < spikes.shape[2] and 0 <= x < spikes.shape[3]:
                s = spikes[n, first + c, y, x]
                if s != 0:
                    total = total + layer.weight.dtype.type(s) * layer.weight[o, c, i, j]
        out[n, o, r, q] = total + layer.bias[o]
    return out


# --- convolution --------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exact_sums_of_a_convolution_run_in_index_order(options, dtype, device):
    layer = conv2d(dtype=dtype, **options)
    for spikes in (binary((3, 4, 7, 6), 0.2), normal((2, 4, 6, 7), 3), np.zeros((1, 4, 5, 5))):
        expected = in_index_order(layer, spikes)
        actual = layer(spikes, exact=True, device=device)
        assert_same_bits(actual, expected)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("density", [0.0, 0.05, 1.0])
def test_exact_convolutions_are_the_same_bits_everywhere(density, count, monkeypatch):
    monkeypatch.setenv("SPIKECORE_NUM_THREADS", str(count))
    monkeypatch.setattr(threads, "SMALL", 0)
    layer = Conv2d(normal((7, 5, 3, 3), 1), normal(7, 2), stride=2, padding=1)
    spikes = binary((13, 5, 11, 9), density)
    whole = layer(spikes, exact=True)
    assert_same_bits(whole, layer(spikes, exact=True, device="numpy"))
    parts = [layer(part, exact=True) for part in (spikes[:4], spikes[4:])]
    assert_same_bits(np.concatenate(parts), whole)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("density", [0.05, 0.9])
@pytest.mark.parametrize("exact", [False, True])
def test_a_convolution_is_scipys_correlation_within_the_bound_of_its_sum(density, exact, device):
    """A sum of n rounded products is within n*u/(1 - n*u) * sum|w*s| of the exact sum."""
    layer = Conv2d(normal((3, 5, 3, 3), 1), normal(3, 2), padding=1)
    spikes = binary((6, 5, 12, 10), density) * normal((6, 5, 12, 10), 3)
    actual = layer(spikes, exact=exact, device=device)
    terms = layer.weight[0].size + 1
    unit = np.finfo(np.float32).eps / 2
    for n, image in enumerate(spikes.astype(np.float64)):
        for o, kernel in enumerate(layer.weight.astype(np.float64)):
            whole = sum(signal.correlate(image[c], kernel[c], "same") for c in range(5))
            size = sum(signal.correlate(abs(image[c]), abs(kernel[c]), "same") for c in range(5))
            bound = terms * unit / (1 - terms * unit) * (size + abs(layer.bias[o]))
            assert (np.abs(actual[n, o] - (whole + layer.bias[o])) <= bound + 1e-12).all()


@pytest.mark.parametrize("density", [0.05, 0.9])
@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
def test_a_convolution_of_multiples_of_1_64_is_exact(options, density):
    layer = conv2d(dyadic, **options)
    spikes = binary((5, 3, 4, 9, 8), density)
    expected = in_index_order(layer, spikes.reshape(15, 4, 9, 8)).reshape(
        5, 3, 4, *layer(spikes).shape[3:]
    )
    for device in DEVICES:
        for kind in (bool, np.uint8, np.int8, np.float32, np.float64):
            for exact in (True, False):
                current = layer(spikes.astype(kind), exact=exact, device=device)
                np.testing.assert_array_equal(current, expected, strict=True)


@pytest.mark.parametrize("density", [0.1, 1.0])
def test_the_reference_computes_convolutions_in_parts(density, monkeypatch):
    monkeypatch.setattr("spikecore.backends.windows.PART_BYTES", 3000)
    layer = conv2d(dyadic, padding=1)
    for spikes in (binary((9, 4, 8, 8), density), binary((1, 4, 40, 40), density)):
        expected = layer(spikes, exact=True)
        for device in DEVICES:
            np.testing.assert_array_equal(layer(spikes, device=device), expected)
            np.testing.assert_array_equal(layer(spikes, exact=True, device=device), expected)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "options", [{}, {"stride": 2, "padding": 3, "dilation": 2}, {"padding": "same"}]
)
def test_one_dimension_is_two_with_one_line(options, device):
    weight, bias = normal((4, 3, 4), 1), normal(4, 2)
    spikes = binary((6, 2, 3, 15), 0.3)
    one = Conv1d(weight, bias, **options)
    pairs = {
        name: value if isinstance(value, str) else ((0 if name == "padding" else 1), value)
        for name, value in options.items()
    }
    two = Conv2d(weight[:, :, None], bias, **pairs)
    expected = two(spikes[:, :, :, None], exact=True, device=device)[..., 0, :]
    assert_same_bits(one(spikes, exact=True, device=device), expected)


def test_padding_same_has_one_zero_more_after_than_before():
    """As in torch: of 1 zero for a kernel of 2 none is before, of 3 for a dilated one 1."""
    line = np.array([[1.0, 2.0, 4.0, 8.0]])
    two = Conv1d(np.array([[[1.0, 16.0]]]), padding="same")
    assert two(line).tolist() == [[33.0, 66.0, 132.0, 8.0]]
    three = Conv1d(np.array([[[1.0, 16.0]]]), padding="same", dilation=3)
    assert three(line).tolist() == [[64.0, 129.0, 2.0, 4.0]]
    plane = Conv2d(np.array([[[[1.0], [16.0]]]]), padding="same")
    assert plane(line.reshape(1, 4, 1)).ravel().tolist() == [33.0, 66.0, 132.0, 8.0]


def test_one_dimension_is_scipys_correlation():
    layer = Conv1d(dyadic((1, 1, 5), 1))
    spikes = binary((1, 40), 0.3)
    expected = signal.correlate(spikes[0].astype(float), layer.weight[0, 0].astype(float), "valid")
    np.testing.assert_array_equal(layer(spikes)[0], expected)


# --- pools and elements -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SumPool2d, AvgPool2d])
@pytest.mark.parametrize("options", [(2,), ((2, 3),), (3, 2, 1), ((3, 2), (1, 2), (1, 0))], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_pools_add_their_windows_in_index_order(kind, options, dtype):
    layer = kind(*options)
    (tall, broad), (sy, sx), (top, left) = layer.kernel_size, layer.stride, layer.padding
    values = binary((2, 3, 7, 9), 0.5).astype(dtype) * dtype(3)
    if np.dtype(dtype).kind == "f":
        values = values * normal(values.shape, 4, dtype)
    actual = layer(values)
    assert actual.dtype == (np.float64 if dtype == np.float64 else np.float32)
    padded = np.zeros((2, 3, 7 + 2 * top, 9 + 2 * left), actual.dtype)
    padded[:, :, top : top + 7, left : left + 9] = values
    expected = np.zeros_like(actual)
    for n, c, r, q in np.ndindex(actual.shape):
        total = actual.dtype.type(0)
        for i, j in np.ndindex(tall, broad):
            total = total + padded[n, c, r * sy + i, q * sx + j]
        expected[n, c, r, q] = total / actual.dtype.type(tall * broad if layer.average else 1)
    assert_same_bits(actual, expected)


def test_elements_of_a_layer():
    values = np.array([[0.5, 1.0], [2.0, -1.0]])
    np.testing.assert_array_equal(Scale([2.0, 3.0])(values), values * [2.0, 3.0])
    np.testing.assert_array_equal(Threshold([0.5, 1.0])(values), [[0, 0], [1, 0]])
    np.testing.assert_array_equal(Threshold(1.0, ">=")(values), [[0, 1], [1, 0]])
    assert Threshold(0.5)(np.array([True, False])).tolist() == [1, 0]
    assert Scale(2.0)(np.array([True])).dtype == np.float32
    joined = Flatten(-3, -2)(np.arange(24, dtype=np.float32).reshape(2, 2, 3, 2))
    assert_same_bits(joined, np.arange(24, dtype=np.float32).reshape(2, 6, 2))


@settings(max_examples=40)
@given(st.integers(0, 4), st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_a_delay_is_a_shift_and_goes_on_from_its_state(longest, steps, cut, each):
    values = np.random.default_rng(steps).integers(0, 200, (steps, 2, 3)).astype(np.uint8)
    delays = np.array([longest, longest // 2, 0]) if each else longest
    layer = Delay(delays)
    padded = np.concatenate([np.zeros((longest, 2, 3), np.uint8), values])
    spread = np.broadcast_to(delays, 3)
    expected = np.empty_like(values)
    for neuron, k in enumerate(spread):
        expected[:, :, neuron] = padded[longest - k : longest - k + steps, :, neuron]
    run = layer.run(values)
    assert_same_bits(run.values, expected)
    first = layer.run(values[:cut])
    rest = layer.run(values[cut:], *first.final)
    assert_same_bits(np.concatenate([first.values, rest.values]), expected)
    assert_same_bits(rest.final[0], run.final[0])
    assert_same_bits(run.final[0], padded[len(padded) - longest :])


# --- readouts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
def test_a_leaky_integrator_is_its_equation(device):
    x = normal((20, 3), 1, np.float64)
    run = LI(0.75, gain=2.0, leak=0.5, initial=-1.0).run(x, device=device)
    v, expected = np.full(3, -1.0), []
    for now in x:
        v = 0.5 + 0.75 * (v - 0.5) + 2.0 * now
        expected.append(v)
    assert_same_bits(run.values, np.array(expected))
    assert_same_bits(run.final[0], expected[-1])
    synaptic = CubaLI(0.75, 0.5, gain=2.0, synapse_gain=3.0).run(x, device=device)
    i, v, expected = np.zeros(3), np.zeros(3), []
    for now in x:
        i = 0.5 * i + 3.0 * now
        v = 0.75 * v + 2.0 * i
        expected.append(v)
    assert_same_bits(synaptic.values, np.array(expected))


@pytest.mark.parametrize("device", DEVICES)
def test_a_network_may_end_with_membranes(device):
    net = Sequential(Linear(normal((5, 4), 1)), Leaky(0.9), Linear(normal((2, 5), 2)), LI(0.8))
    spikes = binary((12, 3, 4), 0.4)
    run = net.run(spikes, exact=True, device=device)
    current = net.layers["linear2"](run["leaky1"].spikes, exact=True)
    expected = LI(0.8).run(current)
    assert_same_bits(run["li1"].recorded["membrane"], expected.values)
    assert run["li1"].spikes is None and not run["li1"].counts.any()
    for chunk in (1, 5):
        output = net(spikes, exact=True, device=device, steps_per_chunk=chunk)
        assert_same_bits(output, expected.values)
    first = net.run(spikes[:5], exact=True)
    state = {name: layer.final for name, layer in first.items()}
    rest = net.run(spikes[5:], exact=True, state=state)
    assert_same_bits(rest["li1"].recorded["membrane"], expected.values[5:])


@pytest.mark.parametrize("device", DEVICES)
def test_a_convolutional_network_is_its_layers_one_after_another(device):
    layers = (
        Conv2d(normal((4, 2, 3, 3), 1), padding=1), LIF(0.9), SumPool2d(2), Scale(0.5), Delay(2),
        Flatten(), Linear(normal((3, 64), 2)), Leaky(0.8),
    )  # fmt: skip
    net = Sequential(*layers, input_shape=(2, 8, 8))
    spikes = binary((10, 2, 2, 8, 8), 0.2)
    for chunk in (1, 4, 10):
        run = net.run(spikes, exact=True, device=device, steps_per_chunk=chunk)
        first = layers[1].run(layers[0](spikes, exact=True), dtype=np.uint8)
        assert first.spikes.any()
        pooled = layers[4].run(layers[3](layers[2](first.spikes))).values
        current = layers[6](layers[5](pooled), exact=True)
        second = layers[7].run(current, dtype=np.uint8)
        assert_same_bits(run["lif1"].spikes, first.spikes)
        assert_same_bits(run["leaky1"].spikes, second.spikes)
        assert_same_bits(run["leaky1"].recorded["membrane"], second.recorded["membrane"])
        assert run["leaky1"].spikes.any() and not run["leaky1"].spikes.all()


# --- values and refusals ------------------------------------------------------------------------


def test_layers_are_compared_by_value():
    makers = (
        lambda: conv2d(stride=2), lambda: Conv1d(np.ones((1, 1, 2))), lambda: SumPool2d(2),
        lambda: AvgPool2d(2), lambda: Flatten(), lambda: Scale(2.0), lambda: Threshold([1.0, 2.0]),
        lambda: Delay([1, 2]), lambda: LI(0.5), lambda: CubaLI(0.5, 0.25),
    )  # fmt: skip
    for make in makers:
        assert make() == make() == pickle.loads(pickle.dumps(make()))
        assert [make() == other() for other in makers].count(True) == 1
        assert make() != 3
    assert conv2d(stride=2) != conv2d(stride=1)
    assert repr(conv2d(stride=2)) == "Conv2d(4 -> 4, 3x2, stride=(2, 2), float32)"
    assert repr(AvgPool2d(2, padding=1)) == "AvgPool2d(2x2, padding=(1, 1))"
    assert repr(CubaLI(0.5, 0.25)) == "CubaLI(decay=0.5, synapse_decay=0.25)"
    assert repr(Delay([1, 2])) == "Delay((2,))" and repr(Threshold(1.0)) == "Threshold(1.0)"


IMAGES = np.ones((2, 4, 6, 6), np.uint8)
REFUSED = [
    (lambda: Conv2d(np.ones((2, 2))), ValueError, r"^weight must be an array \[out_"),
    (lambda: Conv2d(np.ones((2, 2, 3, 3), int)), TypeError, "^weight must be floating"),
    (lambda: Conv2d(np.ones((2, 2, 3, 3)), np.ones(3)), ValueError, "^bias must have shape"),
    (lambda: Conv2d(np.full((1, 1, 1, 1), np.nan)), ValueError, "^weight must be finite"),
    (lambda: conv2d(stride=0), ValueError, "^stride must be from 1"),
    (lambda: conv2d(stride=(1, 2, 3)), ValueError, "^stride must be a whole number or two"),
    (lambda: conv2d(padding=-1), ValueError, "^padding must be from 0"),
    (lambda: conv2d(padding="full"), ValueError, "^padding must be one of"),
    (lambda: conv2d(padding="same", stride=2), ValueError, "^stride must be 1 with padding='same'"),
    (lambda: conv2d(dilation=1.5), TypeError, "^dilation must be an integer"),
    (lambda: Conv2d(np.ones((3, 2, 1, 1)), groups=2), ValueError, "^groups must divide the number"),
    (lambda: conv2d()(IMAGES[:, :3]), ValueError, r"^spikes must have the axes \[..., 4, h"),
    (lambda: conv2d()(np.ones((4, 6))), ValueError, r"^spikes must have the axes \[..., 4, height"),
    (lambda: conv2d()(IMAGES[..., :1]), ValueError, "^spikes must have a width that the kern"),
    (lambda: conv2d()(IMAGES * np.nan), ValueError, "^spikes must be finite"),
    (lambda: conv2d()(IMAGES.astype(int)), TypeError, "^spikes must be bool, int8, uint8"),
    (lambda: conv2d()(IMAGES, exact=1), TypeError, "^exact must be True or False"),
    (lambda: SumPool2d([[1], [1, 2]]), TypeError, "^kernel_size must be an integer"),
    (lambda: SumPool2d(0), ValueError, "^kernel_size must be from 1"),
    (lambda: SumPool2d(2, padding=2), ValueError, "^padding must be at most half"),
    (lambda: SumPool2d(7)(IMAGES), ValueError, "^spikes must have a height that the kernel fits"),
    (lambda: Scale(np.inf), ValueError, r"^scale must lie in"),
    (lambda: Scale([1.0, 2.0])(IMAGES), ValueError, r"^spikes must have last sizes that scale, of"),
    (lambda: Scale(1e300)(IMAGES), ValueError, "^the output of Scale.* must be finite"),
    (lambda: Threshold(0.5, "<"), ValueError, "^compare must be one of"),
    (lambda: Flatten(-1, -2), ValueError, "^start must be from -64 to -2"),
    (lambda: Flatten()(np.ones(3)), ValueError, "^spikes must have at least 3 axes"),
    (lambda: Delay(0.5), TypeError, "^steps must be whole numbers, got 0.5; round"),
    (lambda: Delay(-1), ValueError, "^steps must be from 0"),
    (lambda: Delay([1, 2]).run(np.ones((3, 3))), ValueError, "^spikes must have last sizes"),
    (lambda: Delay(1).run(np.ones((3, 3)), np.ones((2, 3))), ValueError, "^delayed must"),
    (lambda: Delay(1).run(1.0), ValueError, "^spikes must have a time axis"),
    (lambda: LI(1.5), ValueError, "^decay must lie in"),
    (lambda: CubaLI(0.5, None), TypeError, "^synapse_decay must be a number"),
    (lambda: CubaLI(0.5, 0.5, synapse_order="x"), ValueError, "^synapse_order must be one of"),
    (
        lambda: Sequential(conv2d(), SumPool2d(4), Leaky(0.5), input_shape=(4, 5, 5)),
        ValueError,
        r"^layers must fit, but sumpool2d1, SumPool2d\(4x4\), must have a height that the kernel "
        r"fits into, not 3, and gets shape \[..., 4, 3, 4\] from conv2d1; ",
    ),
    (
        lambda: Sequential(conv2d(), Leaky(0.5), Conv2d(dyadic((1, 3, 1, 1))), LIF(0.5)),
        ValueError,
        r"^layers must fit, but conv2d2, .*must have the axes \[..., 3, height, width\] and gets "
        r"shape \[..., 4, \?, \?\] from leaky1; ",
    ),
    (
        lambda: Sequential(conv2d(), Flatten(), Linear(dyadic((2, 7))), LI(0.5)).run(IMAGES),
        ValueError,
        r"^spikes must have 7 features for linear1, got shape \(80,\) there; ",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[m for *_, m in REFUSED])
def test_what_does_not_fit_is_refused(call, kind, message):
    with pytest.raises(kind, match=message) as refusal:
        call()
    assert "; " in str(refusal.value) and "\n" not in str(refusal.value)
