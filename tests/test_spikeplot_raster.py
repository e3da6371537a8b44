"""raster: every spike is one offset of one artist, and nothing else in matplotlib changes."""

import io
import re
from fractions import Fraction

import numpy as np
import pytest
from fuzzing.values import Raises
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from spikecore import spikeplot
from spikecore.plots import canvas


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """Every plot without ax gets a figure of its own, whatever other tests have imported."""
    monkeypatch.setattr(canvas, "pyplot_in_use", lambda: None)


def offsets(dots):
    """The positions of an artist's markers as a list of (step, neuron)."""
    return [(int(step), int(neuron)) for step, neuron in dots.get_offsets().data]


def greyscale(color):
    """Luma of a colour, 0 for black and 1 for white."""
    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


@settings(max_examples=25, deadline=None)
@given(
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    dtype=st.sampled_from(["float32", "float64", "int8", "uint8", "bool", "int64"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_spike_is_one_dot_at_its_step_and_neuron(shape, dtype, seed):
    spikes = (np.random.default_rng(seed).random(shape) < 0.5).astype(dtype)
    dots = spikeplot.raster(spikes)
    neurons = int(np.prod(shape[1:]))
    expected = [
        (step, neuron)
        for step in range(shape[0])
        for neuron in range(neurons)
        if spikes.reshape(shape[0], neurons)[step, neuron]
    ]
    assert offsets(dots) == expected


def test_one_dimension_is_one_neuron_over_time():
    dots = spikeplot.raster(np.array([0, 1, 0, 1]))
    assert offsets(dots) == [(1, 0), (3, 0)]
    assert dots.axes.get_xlim() == (-0.5, 3.5)
    assert dots.axes.get_ylim() == (-0.5, 0.5)


def test_images_are_flattened_in_c_order():
    spikes = np.zeros((3, 4, 5))
    spikes[2, 1, 3] = 1
    assert offsets(spikeplot.raster(spikes)) == [(2, 1 * 5 + 3)]


def test_silent_neurons_and_steps_stay_in_view():
    spikes = np.zeros((20, 30))
    spikes[7, 11] = 1
    for data in (spikes, np.zeros((20, 30))):
        ax = spikeplot.raster(data).axes
        assert ax.get_xlim() == (-0.5, 19.5)
        assert ax.get_ylim() == (-0.5, 29.5)


def test_a_second_raster_only_widens_the_view():
    ax = Figure().subplots()
    spikeplot.raster(np.ones((10, 3)), ax)
    spikeplot.raster(np.ones((4, 8)), ax)
    assert ax.get_xlim() == (-0.5, 9.5)
    assert ax.get_ylim() == (-0.5, 7.5)
    assert len(ax.collections) == 2


def test_shared_axes_keep_the_longer_view():
    top, bottom = Figure().subplots(2, sharex=True)
    spikeplot.raster(np.ones((10, 3)), top)
    spikeplot.raster(np.ones((4, 8)), bottom)
    assert top.get_xlim() == bottom.get_xlim() == (-0.5, 9.5)
    assert top.get_ylim() == (-0.5, 2.5)


def test_an_inverted_axis_stays_inverted():
    ax = Figure().subplots()
    ax.invert_yaxis()
    spikeplot.raster(np.ones((4, 8)), ax)
    assert ax.get_ylim() == (7.5, -0.5)


def test_off_spikes_have_their_own_colour():
    dots = spikeplot.raster(np.array([[1, -1], [0, 1]]), c="green", off_color="orange")
    colors = [to_rgb(color) for color in dots.get_facecolors()]
    assert colors == [to_rgb("green"), to_rgb("orange"), to_rgb("green")]


def test_on_and_off_differ_in_greyscale():
    on, off = spikeplot.raster(np.array([[1, -1]])).get_facecolors()
    assert abs(greyscale(on) - greyscale(off)) > 0.3
    assert max(greyscale(on), greyscale(off)) < 0.6  # and both differ from the white background


def test_unsigned_and_bool_spikes_are_all_on():
    for dtype in (bool, np.uint8):
        colors = spikeplot.raster(np.ones((2, 2), dtype=dtype)).get_facecolors()
        assert {tuple(color) for color in colors} == {(0.0, 0.0, 0.0, 1.0)}


def test_scatter_arguments_are_passed_on():
    dots = spikeplot.raster(np.ones((2, 2)), s=400, c="black", marker="o", alpha=0.5, label="on")
    assert list(dots.get_sizes()) == [400]
    assert dots.get_alpha() == 0.5 and dots.get_label() == "on"
    assert dots.get_paths()[0].codes is not None  # a circle, not the default dash
    assert to_rgb(spikeplot.raster(np.ones(3), color="red").get_facecolors()[0]) == to_rgb("red")


def test_one_colour_value_per_spike_is_left_to_scatter():
    dots = spikeplot.raster(np.array([1, -1, 1]), c=[0.0, 0.5, 0.2])
    np.testing.assert_array_equal(dots.get_array(), [0, 0.5, 0.2])


def test_dashes_fill_their_row_but_not_the_next():
    for neurons in (40, 60, 100):
        dots = spikeplot.raster(np.ones((5, neurons)))
        row = dots.axes.get_window_extent().height * 72 / dots.figure.dpi / neurons
        assert 0.5 * row < np.sqrt(dots.get_sizes()[0]) <= row


def test_many_spikes_are_an_image_in_vector_files():
    dots = spikeplot.raster(np.ones((100, 200)), density=False)
    file = io.StringIO()
    dots.figure.savefig(file, format="svg")
    assert dots.get_rasterized()
    assert "<image" in file.getvalue() and len(re.findall("<use", file.getvalue())) < 200


def test_a_million_spikes_are_one_artist():
    dots = spikeplot.raster(np.ones((1000, 1000), dtype=bool), density=False)
    assert len(dots.get_offsets()) == 1_000_000
    assert len(dots.axes.get_children()) == len(Figure().subplots().get_children()) + 1
    dots.figure.savefig(io.BytesIO(), format="png")


def test_ticks_fall_on_whole_numbers():
    for shape in ((3, 1), (4, 2), (100, 784)):
        ax = spikeplot.raster(np.ones(shape)).axes
        for ticks in (ax.get_xticks(), ax.get_yticks()):
            np.testing.assert_array_equal(ticks, np.round(ticks))


def test_labels_of_the_caller_are_kept():
    ax = Figure().subplots()
    ax.set_xlabel("t")
    spikeplot.raster(np.ones((2, 2)), ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("t", "Neuron")


def test_ticks_of_the_caller_are_kept():
    ax = Figure().subplots()
    ax.set_xticks([0.5, 1.5])
    spikeplot.raster(np.ones((3, 3)), ax)
    assert ax.get_xticks().tolist() == [0.5, 1.5] and 0.5 not in ax.get_yticks()


def test_the_data_are_not_written_to():
    spikes = np.array([[1.0, 0.0], [0.0, -1.0]])
    spikes.flags.writeable = False
    spikeplot.raster(spikes)


def rendered(ax):
    """The luma of the pixels inside the axes, as drawn."""
    FigureCanvasAgg(ax.figure).draw()
    picture = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3] / 255
    box = ax.get_window_extent()
    inside = picture[int(box.y0) + 2 : int(box.y1) - 2, int(box.x0) + 2 : int(box.x1) - 2]
    return inside @ np.array([0.299, 0.587, 0.114])


RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("style", [{}, {"s": 1.5, "c": "black", "marker": "o"}])
def test_many_inputs_are_as_dark_as_their_share_of_spikes(share, style):
    spikes = RANDOM.random((100, 784)) < share
    spikes[0, :9] = True  # some cell is full, so that black means all
    ax = Figure().subplots()
    ax.set(xticks=[], yticks=[])
    spikeplot.raster(spikes, ax, **style)
    assert 1 - rendered(ax).mean() == pytest.approx(share, abs=0.01)  # dashes: above 0.7 at 0.5


def test_a_density_is_the_share_of_each_cell():
    spikes = RANDOM.choice([-1, 0, 1], p=[0.2, 0.5, 0.3], size=(50, 1000))
    ax = Figure(figsize=(2, 2)).subplots()
    image = spikeplot.raster(spikes, ax, density=True, off_color="#FF0000")
    cells = image.get_array().shape[:2]  # neurons, steps
    assert cells[0] <= ax.get_window_extent().height and cells[1] == 50
    starts = np.arange(cells[0]) * 1000 // cells[0]
    shares = np.zeros((*cells, 2))
    for row, (low, high) in enumerate(zip(starts, [*starts[1:], 1000], strict=True)):
        for step in range(50):
            cell = spikes[step, low:high]
            shares[row, step] = (cell > 0).mean(), (cell < 0).mean()
    total = shares.sum(axis=2)
    np.testing.assert_allclose(image.get_array()[..., 3], total / total.max(), rtol=1e-12)
    red = image.get_array()[..., 0][total > 0]
    np.testing.assert_allclose(red, (shares[..., 1] / np.maximum(total, 1e-9))[total > 0])
    assert image.get_extent() == [-0.5, 49.5, -0.5, 999.5] and image.origin == "lower"


@pytest.mark.parametrize(
    ("share", "neurons", "style"),
    [
        (0.01, 784, {}),  # few hide one another
        (1.0, 784, {}),  # rightly black
        (0.5, 60, {}),  # room for all
        (0.5, 784, {"alpha": 0.1}),
        (0.5, 784, {"density": False}),
    ],
)
def test_dashes_remain_where_they_do_not_mislead(share, neurons, style):
    spikes = RANDOM.random((100, neurons)) < share
    dots = spikeplot.raster(spikes, Figure().subplots(), **style)
    assert len(dots.get_offsets()) == np.count_nonzero(spikes)


def test_a_colour_for_each_spike_needs_dashes():
    dots = spikeplot.raster(np.ones((30, 800)), c=np.arange(24_000))
    assert len(dots.get_array()) == 24_000
    with pytest.raises(ValueError, match="density=True needs a single colour"):
        spikeplot.raster(np.ones((30, 800)), c=np.arange(24_000), density=True)


def test_no_spikes_and_no_steps_have_a_density():
    assert not spikeplot.raster(np.zeros((9, 9)), density=True).get_array()[..., 3].any()
    assert len(spikeplot.raster(np.zeros((0, 9)), density=True).get_offsets()) == 0


@pytest.mark.parametrize("density", [False, True])
def test_the_origin_says_where_neuron_0_lies(density):
    spikes = np.zeros((9, 8))
    spikes[:, :4] = 1
    for origin, darker in (("lower", 0), ("upper", 1), (None, 0)):
        ax = Figure().subplots()
        spikeplot.raster(spikes, ax, origin=origin, density=density, marker="s")
        halves = np.array_split(rendered(ax), 2)
        assert halves[darker].mean() < halves[1 - darker].mean()  # 0: the lower half
        assert ax.yaxis_inverted() == (origin == "upper")
    ax = Figure().subplots()
    for origin, inverted in (("upper", True), (None, True), ("upper", True), ("lower", False)):
        spikeplot.raster(spikes, ax, origin=origin, density=density)
        assert ax.yaxis_inverted() == inverted


def legend_of(dots):
    """The words of the legend, or None."""
    legend = dots.axes.get_legend()
    return legend and [text.get_text() for text in legend.get_texts()]


def test_a_legend_tells_on_from_off():
    both, on = np.array([[1, -1]]), np.array([[1, 0]])
    assert legend_of(spikeplot.raster(both)) == ["on", "off"]
    assert legend_of(spikeplot.raster(both, density=True)) == ["100 % on", "100 % off"]
    assert legend_of(spikeplot.raster(on, density=True)) == ["50 %", "100 % spikes"]
    assert legend_of(spikeplot.raster(on)) is None
    assert legend_of(spikeplot.raster(on, legend=True)) == ["on"]
    assert legend_of(spikeplot.raster(both, legend=False)) is None
    assert legend_of(spikeplot.raster(both, label="mine")) is None
    dots = spikeplot.raster(both)
    drawn = dots.axes.get_legend()
    spikeplot.raster(both, dots.axes)
    assert dots.axes.get_legend() is drawn


def test_the_legend_names_the_largest_share():
    spikes = np.zeros((1000, 1000))
    spikes[::10, ::10] = 1
    ax = Figure(figsize=(1, 1), dpi=50).subplots()
    image = spikeplot.raster(spikes, ax, density=True)
    assert image.get_array()[..., 3].max() == 1
    half, largest = (float(text.split(" ")[0]) for text in legend_of(image))
    assert 1 < largest < 2 and half == pytest.approx(largest / 2, abs=0.05)


@pytest.mark.parametrize("dark", ["axes", "figure"])
def test_spikes_stand_out_on_dark_axes(dark):
    ax = Figure(facecolor="black" if dark == "figure" else "white").subplots()
    ax.set_facecolor("none" if dark == "figure" else "#101010")
    dots = spikeplot.raster(np.array([[1, -1]]), ax)
    on, off = (greyscale(color) for color in dots.get_facecolors())
    assert on > 0.99 and 0.3 < off < 0.7
    texts = dots.axes.get_legend().get_texts()
    assert {greyscale(text.get_color()) for text in texts} == {on}


def test_a_stack_is_labelled_at_the_bottom_only():
    axes = Figure().subplots(3, 1, sharex=True)
    for ax in axes:
        spikeplot.raster(np.eye(5), ax)
    assert [ax.get_xlabel() for ax in axes] == ["", "", "Time step"]
    assert [ax.get_ylabel() for ax in axes] == ["Neuron"] * 3
    axes = Figure().subplots(1, 2, sharey=True)
    for ax in axes:
        spikeplot.raster(np.eye(5), ax)
    assert [ax.get_ylabel() for ax in axes] == ["Neuron", ""]


def test_sizes_of_each_and_no_size_are_left_to_scatter():
    dots = spikeplot.raster(np.ones((1, 3)), s=[1, 2, 3], linewidths=[1, 2, 1])
    assert list(dots.get_sizes()) == [1, 2, 3]
    assert len(spikeplot.raster(np.ones((1, 3)), s=None, c=None).get_offsets()) == 3


def test_a_tuple_as_long_as_the_spikes_is_a_value_of_each():
    dots = spikeplot.raster(np.eye(3), color=(0, 0, 1))
    assert list(dots.get_array()) == [0, 0, 1]


NO_ARRAY, NO_TEXT = Raises("__array__", KeyError), Raises("__str__", KeyError)
NO_EQ = Raises("__eq__", KeyError)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"off_color": "nosuch"}, ValueError, "off_color must be a colour .*got 'nosuch'; pass"),
        ({"c": "nosuch"}, ValueError, "c must be a colour .*each of the 2 spikes, got 'nosuch'"),
        ({"color": "nosuch"}, ValueError, "c must be a colour"),
        ({"c": [0.1, 0.2, 0.3, 0.4, 0.5]}, ValueError, r"c must .*got shape \(5,\)"),
        ({"c": 3}, ValueError, "c must be a colour .*got 3"),
        ({"marker": "nosuch"}, ValueError, "keyword arguments must be those of matplotlib's Axes"),
        ({"nosuch": 1}, TypeError, "keyword arguments must be .*nosuch.*correct or drop them"),
        ({"nosuch": 1, "density": True}, TypeError, "has no 'nosuch'"),
        ({"s": "big"}, (TypeError, ValueError), "keyword arguments must be"),
        ({"origin": "top"}, ValueError, "origin must be 'lower', 'upper' or None, got 'top'"),
        ({"origin": np.zeros(2)}, ValueError, "origin must be 'lower', 'upper' or None, got array"),
        ({"off_color": NO_EQ}, ValueError, "off_color must be a colour of matplotlib"),
        ({"c": [[0.5], [0.1, 0.2]]}, ValueError, r"c must be a colour .*got \[\[0.5\], \[0.1, 0.2"),
        ({"c": NO_ARRAY}, ValueError, "c must be a colour"),
        ({"marker": np.zeros((2, 3))}, (TypeError, ValueError), "keyword arguments must be"),
        ({"c": np}, ValueError, "c must be a colour .*got <module 'numpy'"),
        ({"s": 10**400}, ValueError, "keyword arguments must be those of matplotlib's Axes"),
        ({"s": Fraction(9, 2)}, ValueError, "keyword arguments must be .*s must be float"),
        ({"label": NO_TEXT}, TypeError, "keyword arguments must be .*the object's own message"),
        ({"density": 1}, TypeError, "density must be True or False, got 1"),
        ({"legend": "on"}, TypeError, "legend must be True or False, got 'on'"),
    ],
)
def test_bad_styles_are_refused_in_a_sentence(arguments, error, message):
    ax = Figure().subplots()
    with pytest.raises(error, match=message) as refused:
        spikeplot.raster(np.array([[1, -1]]), ax, **arguments)
    assert "\n" not in str(refused.value)
    assert not ax.has_data() and ax.get_xlim() == (0.0, 1.0)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (np.float32(1), ValueError, r"data must be \[num_steps, ...\], got shape \(\)"),
        (np.array([[0, np.nan]]), ValueError, r"data\[0, 1\] is nan"),
        (np.array([0, 1, np.inf]), ValueError, r"data\[2\] is inf"),
        (np.array([0, 1e101]), ValueError, r"data must lie within 1e\+100 of 0, .*got 1e\+101;"),
        (np.broadcast_to(0.5, (2**40, 3)), ValueError, "data must fit into memory"),
        (np.array(["spike"]), TypeError, "data must hold real numbers"),
        ([[1, 0], [1]], TypeError, "data must be convertible"),
    ],
)
def test_bad_data_are_refused_by_name(data, error, message):
    ax = Figure().subplots()
    with pytest.raises(error, match=message):
        spikeplot.raster(data, ax)
    assert not ax.has_data() and ax.get_xlim() == (0.0, 1.0)
