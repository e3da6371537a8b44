"""raster: every spike is one offset of one artist, and nothing else in matplotlib changes."""

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (np.float32(1), ValueError, r"data must be \[num_steps, ...\], got shape \(\)"),
        (np.array([[0, np.nan]]), ValueError, r"data\[0, 1\] is nan"),
        (np.array([0, 1, np.inf]), ValueError, r"data\[2\] is inf"),
        (np.array(["spike"]), TypeError, "data must hold real numbers"),
        ([[1, 0], [1]], TypeError, "data must be convertible"),
    ],
)
def test_bad_data_are_refused_by_name(data, error, message):
    ax = Figure().subplots()
    with pytest.raises(error, match=message):
        spikeplot.raster(data, ax)
    assert not ax.has_data() and ax.get_xlim() == (0.0, 1.0)
