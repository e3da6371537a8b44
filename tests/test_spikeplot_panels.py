"""traces and reconstruction: lines and images are read back from every panel."""

from itertools import count

import numpy as np
import pytest
from fuzzing.values import Raises, Tensor, nested
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from spikecore import spikeplot
from spikecore.plots import canvas


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """Every plot without ax gets a figure of its own, whatever other tests have imported."""
    monkeypatch.setattr(canvas, "pyplot_in_use", lambda: None)


GENERATOR = np.random.default_rng(3)
MEMBRANE = GENERATOR.random((20, 12))
FIRED = GENERATOR.random((20, 12)) < 0.2


def visible(fig):
    """The axes of a figure that show something, insets included."""
    return [ax for axes in fig.axes for ax in (axes, *axes.child_axes) if ax.has_data()]


@pytest.mark.parametrize("neurons", [0, 1, 2, 4, 6, 12])
def test_every_neuron_has_a_panel_until_panels_run_out(neurons):
    lines = spikeplot.traces(MEMBRANE[:, :neurons], dim=(2, 3))
    assert len(lines) == min(neurons, 6)
    assert len({id(line.axes) for line in lines}) == len(lines)
    for index, line in enumerate(lines):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(20))
        np.testing.assert_array_equal(line.get_ydata(), MEMBRANE[:, index])
    if neurons:
        assert len(lines[0].figure.axes) == len(lines)


def test_one_dimension_is_one_neuron():
    (line,) = spikeplot.traces(MEMBRANE[:, 0], FIRED[:, 0], spk_height=2)
    np.testing.assert_array_equal(line.get_ydata(), MEMBRANE[:, 0] + 2 * FIRED[:, 0])


def test_spikes_ride_on_the_traces():
    for line, data, spk in zip(
        spikeplot.traces(MEMBRANE, FIRED), MEMBRANE.T, FIRED.T, strict=False
    ):
        np.testing.assert_array_equal(line.get_ydata(), data + 5 * spk)


def test_panels_lie_in_rows_from_the_top_left():
    boxes = [line.axes.get_position() for line in spikeplot.traces(MEMBRANE, dim=(2, 3))]
    assert boxes[0].x0 < boxes[1].x0 < boxes[2].x0
    assert boxes[3].x0 == boxes[0].x0 and boxes[3].y1 < boxes[0].y0


def test_panels_share_the_vertical_range():
    data = np.stack([np.zeros(5), np.linspace(-10, 20, 5)], axis=1)
    limits = {line.axes.get_ylim() for line in spikeplot.traces(data)}
    assert len(limits) == 1
    low, high = limits.pop()
    assert low < -10 and high > 20


def test_each_panel_has_its_own_range_on_request():
    data = np.stack([np.zeros(5), np.linspace(-10, 20, 5)], axis=1)
    own = [line.axes.get_ylim() for line in spikeplot.traces(data, sharey=False)]
    assert own[0][1] < 1 and own[1][1] > 20


@pytest.mark.parametrize("sharey", [True, False])
def test_the_range_can_be_given(sharey):
    lines = spikeplot.traces(MEMBRANE, ylim=(-1, 3), sharey=sharey)
    assert {line.axes.get_ylim() for line in lines} == {(-1, 3)}


def test_traces_and_marks_are_legible_on_dark_axes():
    ax = Figure(facecolor="black").subplots(subplot_kw={"facecolor": "black"})
    spikeplot.traces(MEMBRANE[:, 0], FIRED[:, 0], ax=ax, mark_spikes=True)
    trace, marks = (sum(to_rgb(line.get_color())) / 3 for line in ax.lines)
    assert trace > 0.4 and marks == 1


def test_a_short_list_of_titles_is_enough():
    lines = spikeplot.traces(MEMBRANE[:, :3], titles=["first", "second"])
    assert [line.axes.get_title() for line in lines] == ["first", "second", ""]


def test_threshold_and_spikes_are_marked():
    lines = spikeplot.traces(
        MEMBRANE[:, :2], FIRED[:, :2], spk_height=0, threshold=0.9, mark_spikes=True, time_step=0.1
    )
    for index, line in enumerate(lines):
        trace, threshold, marks = line.axes.lines
        assert trace is line
        assert set(threshold.get_ydata()) == {0.9} and threshold.get_linestyle() == "--"
        steps = np.flatnonzero(FIRED[:, index])
        np.testing.assert_allclose(marks.get_xdata(), steps * 0.1)
        np.testing.assert_array_equal(marks.get_ydata(), MEMBRANE[steps, index])
        assert marks.get_marker() == "v" and marks.get_linestyle() == "None"


def test_axes_and_units_on_request():
    assert not any(line.axes.axison for line in spikeplot.traces(MEMBRANE))
    lines = spikeplot.traces(
        MEMBRANE[:, :5], dim=(2, 3), show_axes=True, time_step=1e-3, ylabel="U [mV]"
    )
    assert all(line.axes.axison for line in lines)
    np.testing.assert_allclose(lines[0].get_xdata(), np.arange(20) * 1e-3)
    labels = [(line.axes.get_xlabel(), line.axes.get_ylabel()) for line in lines]
    assert labels == [
        ("", "U [mV]"),
        ("", ""),
        ("Time [s]", ""),
        ("Time [s]", "U [mV]"),
        ("Time [s]", ""),
    ]
    (line,) = spikeplot.traces(MEMBRANE[:, 0], show_axes=True)
    assert line.axes.get_xlabel() == "Time step" and line.axes.get_ylabel() == "Membrane"


def test_an_array_of_axes_is_filled_in_order_and_the_rest_switched_off():
    axes = Figure().subplots(2, 4)
    lines = spikeplot.traces(MEMBRANE[:, :6], ax=axes, show_axes=True)
    assert [ax.get_ylabel() for ax in axes.flat] == ["Membrane", "", "", ""] * 2
    assert [line.axes for line in lines] == list(axes.flat[:6])
    assert not any(ax.axison for ax in axes.flat[6:])
    axes = Figure().subplots(3)
    lines = spikeplot.traces(MEMBRANE, dim=(3, 1), ax=list(axes))
    assert [line.axes for line in lines] == list(axes)


def test_one_axes_is_divided_into_panels_inside_it():
    fig = Figure()
    ax = fig.subplots()
    fig.draw_without_rendering()
    lines = spikeplot.traces(MEMBRANE, dim=(2, 3), ax=ax)
    fig.draw_without_rendering()
    assert len(lines) == 6 and not ax.has_data() and not ax.axison
    outer = ax.get_position()
    boxes = [line.axes.get_position() for line in lines]
    for box in boxes:
        assert outer.x0 - 1e-9 <= box.x0 < box.x1 <= outer.x1 + 1e-9
        assert outer.y0 - 1e-9 <= box.y0 < box.y1 <= outer.y1 + 1e-9
    for first, second in ((0, 1), (1, 2), (3, 4)):
        assert boxes[first].x1 < boxes[second].x0 and boxes[first].y0 == boxes[second].y0
    assert boxes[3].y1 < boxes[0].y0


def test_one_panel_uses_the_axes_itself():
    ax = Figure().subplots()
    (line,) = spikeplot.traces(MEMBRANE[:, 0], ax=ax)
    assert line.axes is ax


def test_images_are_means_over_time():
    short, long = GENERATOR.integers(0, 2, (5, 3, 4)), GENERATOR.random((9, 3, 4)) < 0.5
    shown = spikeplot.reconstruction([short, long.astype(np.int8)])
    np.testing.assert_array_equal(shown[0].get_array(), short.sum(axis=0) / 5)
    np.testing.assert_array_equal(shown[1].get_array(), long.sum(axis=0) / 9)
    assert shown[0].axes.get_position().x1 < shown[1].axes.get_position().x0


def test_float32_means_are_taken_in_float64():
    spikes = np.full((100_000, 1, 1), 0.1, dtype=np.float32)
    (shown,) = spikeplot.reconstruction(spikes)
    assert shown.get_array()[0, 0] == pytest.approx(np.float32(0.1), rel=1e-12)


def test_the_original_comes_first_with_its_title():
    image = GENERATOR.random((2, 2))
    shown = spikeplot.reconstruction(
        np.ones((4, 2, 2)), image=image, titles=["original", "from spikes"], cmap="gray"
    )
    np.testing.assert_array_equal(shown[0].get_array(), image)
    assert [image.axes.get_title() for image in shown] == ["original", "from spikes"]
    assert {image.get_cmap().name for image in shown} == {"gray"}


def test_images_share_one_scale_from_zero():
    shown = spikeplot.reconstruction([np.ones((2, 1, 2)), np.full((2, 1, 2), 0.25)])
    assert {image.get_clim() for image in shown} == {(0, 1)}
    (off,) = spikeplot.reconstruction(np.array([[[-1, 0]], [[0, 0]]]))
    assert off.get_clim() == (-0.5, 0)
    (silent,) = spikeplot.reconstruction(np.zeros((2, 1, 2)))
    assert silent.get_clim() == (0, 1)


def test_nested_lists_are_one_spike_train():
    (shown,) = spikeplot.reconstruction([[[0, 1]], [[1, 1]]])
    np.testing.assert_array_equal(shown.get_array(), [[0.5, 1]])


def test_images_are_drawn_on_the_axes_given():
    axes = Figure().subplots(1, 3)
    shown = spikeplot.reconstruction([np.ones((2, 3, 3))] * 2, axes)
    assert [image.axes for image in shown] == list(axes[:2]) and not axes[2].axison
    ax = Figure().subplots()
    (shown,) = spikeplot.reconstruction(np.ones((2, 3, 3)), ax)
    assert shown.axes is ax
    fig = Figure()
    spikeplot.reconstruction([np.ones((2, 3, 3))] * 2, fig.subplots())
    assert len(visible(fig)) == 2


SPIKES = np.ones((3, 2, 2))
HUGE = np.broadcast_to(0.5, (2**40, 3))
ONE = np.ones(1, np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda ax: spikeplot.traces(SPIKES, ax=ax), ValueError, "data must be"),
        (lambda ax: spikeplot.traces([[np.nan]], ax=ax), ValueError, r"data\[0, 0\] is nan"),
        (lambda ax: spikeplot.traces([1, 2], [1], ax=ax), ValueError, "spk must have the shape"),
        (lambda ax: spikeplot.traces([1, 2], [[1, 2]], ax=ax), ValueError, "spk must be"),
        (lambda ax: spikeplot.traces([1], dim=3, ax=ax), TypeError, "dim must .*got 3"),
        (lambda ax: spikeplot.traces([1], dim=(3, 0), ax=ax), ValueError, r"dim\[1\] must"),
        (lambda ax: spikeplot.traces([1], spk_height="a", ax=ax), TypeError, "spk_height must"),
        (lambda ax: spikeplot.traces([1], titles="a", ax=ax), TypeError, "titles must"),
        (lambda ax: spikeplot.traces([1], threshold="a", ax=ax), TypeError, "threshold must"),
        (lambda ax: spikeplot.traces([1], mark_spikes=True, ax=ax), ValueError, "mark_spikes is"),
        (lambda ax: spikeplot.traces([1], mark_spikes=1, ax=ax), TypeError, "mark_spikes must"),
        (lambda ax: spikeplot.traces([1], show_axes=1, ax=ax), TypeError, "show_axes must"),
        (lambda ax: spikeplot.traces([1], time_step=0, ax=ax), ValueError, "time_step must"),
        (lambda ax: spikeplot.traces([1], ylim=3, ax=ax), TypeError, r"ylim must .*got 3"),
        (lambda ax: spikeplot.traces([1], ylim=(1, 2, 3), ax=ax), TypeError, "ylim must"),
        (lambda ax: spikeplot.traces([1], ylim=(2, 1), ax=ax), ValueError, "ylim must rise"),
        (lambda ax: spikeplot.traces([1], ylim=(0, np.inf), ax=ax), ValueError, r"ylim\[1\] must"),
        (lambda ax: spikeplot.traces([1], sharey=1, ax=ax), TypeError, "sharey must"),
        (lambda ax: spikeplot.traces([1], titles=3, ax=ax), TypeError, "titles must .*got 3"),
        (
            lambda ax: spikeplot.traces([1], ax=[[ax, ax], [ax, 1]]),
            TypeError,
            "ax must be one Axes",
        ),
        (lambda ax: spikeplot.traces([1], ax=Raises("__len__", KeyError)), TypeError, "ax must be"),
        (lambda ax: spikeplot.traces([1], ax=Raises("__array__", KeyError)), TypeError, "ax must"),
        (lambda ax: spikeplot.traces([1], dim=Raises("__repr__", KeyError)), TypeError, "dim must"),
        (lambda ax: spikeplot.traces([1], ylim=Raises("__iter__", KeyError)), TypeError, "ylim mu"),
        (lambda ax: spikeplot.traces(ONE, spk=3e38 * ONE, ax=ax), ValueError, "spk must keep"),
        (lambda ax: spikeplot.reconstruction(nested(70), ax), TypeError, "data must be convertib"),
        (
            lambda ax: spikeplot.traces([1], ax=[Raises("__array__", RuntimeError)]),
            TypeError,
            "ax must",
        ),
        (
            lambda ax: spikeplot.traces([1], ax=HUGE),
            TypeError,
            "ax must be Axes .*, got an ndarray",
        ),
        (
            lambda ax: spikeplot.traces([1], titles=HUGE),
            ValueError,
            "titles must .*more than 65536",
        ),
        (lambda ax: spikeplot.traces([1], titles=count()), ValueError, "titles must .*more than 6"),
        (
            lambda ax: spikeplot.traces([1], ylim=count()),
            ValueError,
            r"ylim must .*more than 65536",
        ),
        (
            lambda ax: spikeplot.traces([1], ax=[Tensor()]),
            TypeError,
            "ax must be Axes .*got a list",
        ),
        (lambda ax: spikeplot.traces([1], ax="ax"), TypeError, "ax must be Axes .*got a str"),
        (lambda ax: spikeplot.traces([1], ax=["ax"]), TypeError, "ax must be one Axes .*a str"),
        (lambda ax: spikeplot.reconstruction(SPIKES, ax, cmap="no"), ValueError, "cmap must"),
        (lambda ax: spikeplot.traces(np.ones((2, 5)), ax=[ax]), ValueError, "ax must .*got 1"),
        (lambda ax: spikeplot.reconstruction(SPIKES[0], ax), ValueError, "data must be"),
        (lambda ax: spikeplot.reconstruction([], ax), ValueError, "data must be"),
        (lambda ax: spikeplot.reconstruction(SPIKES[:0], ax), ValueError, "data must hold"),
        (lambda ax: spikeplot.reconstruction([SPIKES, [1]], ax), ValueError, r"data\[1\] must be"),
        (lambda ax: spikeplot.reconstruction(SPIKES, ax, image=[1]), ValueError, "image must be"),
        (lambda ax: spikeplot.reconstruction(SPIKES, ax, image=[[]]), ValueError, "image must hol"),
        (lambda ax: spikeplot.reconstruction(SPIKES, ax, titles=["a", "b"]), ValueError, "titles"),
        (lambda ax: spikeplot.reconstruction(SPIKES, ax, titles="a"), TypeError, "titles must"),
        (lambda ax: spikeplot.reconstruction([SPIKES] * 2, [ax]), ValueError, "ax must .*got 1"),
    ],
)
def test_bad_arguments_are_refused_before_drawing(call, error, message):
    ax = Figure().subplots()
    with pytest.raises(error, match=message):
        call(ax)
    assert not ax.has_data() and ax.axison and not ax.child_axes
