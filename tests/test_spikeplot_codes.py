"""code and trade_off: curves, spikes and dots are read back from the artists."""

from itertools import pairwise

import numpy as np
import pytest
from fuzzing.values import Raises
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from spikecore import datasets, decode, spikegen, spikeplot
from spikecore.plots import canvas, codes
from spikecore.plots.colors import DARK_CURVES, LIGHT_CURVES, OFF_COLOR, luma


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """Every plot without ax gets a figure of its own, whatever other tests have imported."""
    monkeypatch.setattr(canvas, "pyplot_in_use", lambda: None)


SIGNAL = datasets.ecg()[0][:400]
THRESHOLD = 0.125
SPIKES = spikegen.step_forward(SIGNAL, THRESHOLD)
DECODED = decode.staircase(SPIKES, THRESHOLD, initial=SIGNAL[0])


def segments(lines):
    """Step, foot and head of each line of a collection."""
    return [(start[0], start[1], end[1]) for start, end in lines.get_segments()]


# --- one code -----------------------------------------------------------------------------------


def test_a_signal_what_it_decodes_to_and_the_difference():
    drawn = spikeplot.code(SIGNAL, SPIKES, DECODED)
    for line, values in (
        (drawn.signal, SIGNAL),
        (drawn.decoded, DECODED),
        (drawn.error, DECODED.astype(np.float64) - SIGNAL),
    ):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(400))
        np.testing.assert_array_equal(line.get_ydata(), values)


def test_every_spike_is_a_line_from_zero_to_its_value():
    drawn = spikeplot.code(SIGNAL, SPIKES, DECODED)
    ups, downs = np.flatnonzero(SPIKES > 0), np.flatnonzero(SPIKES < 0)
    assert len(ups) > 9 and len(downs) > 9
    assert segments(drawn.up) == [(step, 0, 1) for step in ups]
    assert segments(drawn.down) == [(step, 0, -1) for step in downs]
    assert to_rgb(drawn.up.get_color()[0]) == to_rgb("black")
    assert to_rgb(drawn.down.get_color()[0]) == to_rgb(OFF_COLOR)


def test_counts_and_graded_spikes_are_drawn_as_large_as_they_are():
    drawn = spikeplot.code([0, 1, 2, 3], [0, 3, -0.5, 0], [0, 1, 2, 3])
    assert segments(drawn.up) == [(1, 0, 3)] and segments(drawn.down) == [(2, 0, -0.5)]
    low, high = drawn.up.axes.get_ylim()
    assert low < -3 and high > 3


def test_two_channels_are_spikes_up_and_spikes_down():
    channels = spikegen.step_forward(SIGNAL, THRESHOLD, channels="up_down", dtype=np.uint8)
    for given_spikes in (SPIKES, channels):
        drawn = spikeplot.code(SIGNAL, given_spikes, DECODED)
        assert len(segments(drawn.up)) == channels[:, 0].sum()
        assert segments(drawn.down) == [(step, 0, -1) for step in np.flatnonzero(channels[:, 1])]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "float32", "int64"])
def test_spikes_without_a_sign_all_go_up(dtype):
    spikes = np.array([0, 1, 0, 1]).astype(dtype)
    drawn = spikeplot.code([0, 1, 2, 3], spikes, [0, 1, 1, 2])
    assert segments(drawn.up) == [(1, 0, 1), (3, 0, 1)] and segments(drawn.down) == []
    assert drawn.up.axes.get_ylim()[0] == 0


def test_a_silent_code_has_an_empty_panel():
    drawn = spikeplot.code([1, 2], [0, 0], [1, 1])
    assert segments(drawn.up) == segments(drawn.down) == []
    drawn.up.figure.draw_without_rendering()


def test_integers_do_not_wrap_in_the_error():
    drawn = spikeplot.code(np.array([200, 3], np.uint8), [0, 0], np.array([3, 200], np.uint8))
    np.testing.assert_array_equal(drawn.error.get_ydata(), [-197, 197])


def test_the_bound_is_drawn_on_both_sides():
    drawn = spikeplot.code(SIGNAL, SPIKES, DECODED, bound=THRESHOLD)
    dashed = [line for line in drawn.error.axes.lines if line.get_linestyle() == "--"]
    assert [set(line.get_ydata()) for line in dashed] == [{-THRESHOLD}, {THRESHOLD}]
    without = spikeplot.code(SIGNAL, SPIKES, DECODED)
    assert not [line for line in without.error.axes.lines if line.get_linestyle() == "--"]


def test_time_can_be_in_seconds():
    drawn = spikeplot.code(SIGNAL, SPIKES, DECODED, time_step=0.5)
    for line in (drawn.signal, drawn.decoded, drawn.error):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(400) / 2)
    assert [step for step, *_ in segments(drawn.up)] == (np.flatnonzero(SPIKES > 0) / 2).tolist()
    assert drawn.error.axes.get_xlabel() == "Time [s]"


def test_panels_are_named_share_their_time_and_number_it_once():
    drawn = spikeplot.code(SIGNAL, SPIKES, DECODED, ylabel="ECG [mV]")
    panels = [drawn.signal.axes, drawn.up.axes, drawn.error.axes]
    assert drawn.decoded.axes is panels[0] and drawn.down.axes is panels[1]
    assert [panel.get_ylabel() for panel in panels] == ["ECG [mV]", "Spikes", "Error"]
    assert [panel.get_xlabel() for panel in panels] == ["", "", "Time step"]
    assert len({panel.get_xlim() for panel in panels}) == 1
    low, high = panels[0].get_xlim()
    assert low < -0.4 and high > 399.4
    texts = [text.get_text() for text in panels[0].get_legend().get_texts()]
    assert texts == ["signal", "decoded"]


def test_the_signal_has_the_highest_panel_also_inside_of_one_axes():
    for ax in (None, Figure().subplots()):
        drawn = spikeplot.code(SIGNAL, SPIKES, DECODED, ax)
        drawn.signal.figure.draw_without_rendering()
        boxes = [artist.axes.get_position() for artist in (drawn.signal, drawn.up, drawn.error)]
        assert boxes[0].height > 2 * boxes[1].height
        assert boxes[1].height == pytest.approx(boxes[2].height)
        assert boxes[0].y0 > boxes[1].y1 > boxes[1].y0 > boxes[2].y1
        if ax is not None:
            outer = ax.get_position()
            assert boxes[0].y1 <= outer.y1 + 1e-9 and boxes[2].y0 >= outer.y0 - 1e-9


def test_three_axes_are_used_from_top_to_bottom_and_a_second_code_joins_them():
    axes = Figure().subplots(3)
    spikeplot.code(SIGNAL, SPIKES, DECODED, axes)
    drawn = spikeplot.code(SIGNAL[:9] + 9, SPIKES[:9], DECODED[:9], list(axes))
    assert [artist.axes for artist in (drawn.signal, drawn.up, drawn.error)] == list(axes)
    assert axes[0].get_xlim()[1] > 399 and axes[0].get_ylim()[1] > 8


def test_what_the_caller_named_keeps_its_name():
    axes = Figure().subplots(3)
    axes[0].set_ylabel("mine")
    spikeplot.code(SIGNAL, SPIKES, DECODED, axes)
    assert axes[0].get_ylabel() == "mine" and axes[1].get_ylabel() == "Spikes"


def test_curves_and_spikes_are_legible_on_dark_axes():
    axes = Figure(facecolor="black").subplots(3, subplot_kw={"facecolor": "black"})
    drawn = spikeplot.code(SIGNAL, SPIKES, DECODED, axes)
    assert luma(drawn.decoded.get_color()) > 0.4 and luma(drawn.error.get_color()) > 0.4
    assert to_rgb(drawn.up.get_color()[0]) == to_rgb("white")
    assert abs(luma(drawn.decoded.get_color()) - luma(drawn.signal.get_color())) > 0.2


def test_the_arrays_of_the_caller_are_left_alone():
    arrays = [SIGNAL.copy(), SPIKES.copy(), DECODED.copy()]
    drawn = spikeplot.code(*arrays)
    drawn.signal.get_ydata()[:] = 7
    drawn.decoded.get_ydata()[:] = 7
    for array, before in zip(arrays, (SIGNAL, SPIKES, DECODED), strict=True):
        np.testing.assert_array_equal(array, before)
    float64 = np.arange(3.0)
    spikeplot.code(float64, [0, 1, 0], float64).signal.get_ydata()[:] = 7
    np.testing.assert_array_equal(float64, [0, 1, 2])


# --- several codes ------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(-5, 5)), min_size=1, max_size=12),
)
def test_the_line_has_what_no_parameter_beats_with_as_few_spikes(pairs):
    counts, ratios = np.array(pairs).T
    (line,) = spikeplot.trade_off({"a": {"count": counts, "snr": ratios}})
    expected = [
        (count, ratio)
        for count, ratio in sorted(set(pairs))
        if not any(c <= count and r >= ratio and (c, r) != (count, ratio) for c, r in pairs)
    ]
    assert list(zip(line.get_xdata(), line.get_ydata(), strict=True)) == expected


def test_every_parameter_is_a_dot():
    tried = {"count": [9, 1, 4, 4], "snr": [3.0, 2.0, 1.0, 2.5]}
    (line,) = spikeplot.trade_off({"a": tried})
    dots = line.axes.lines[1]
    np.testing.assert_array_equal(dots.get_xdata(), tried["count"])
    np.testing.assert_array_equal(dots.get_ydata(), tried["snr"])
    assert dots.get_linestyle() == "None" and dots.get_color() == line.get_color()


def test_what_choose_gives_is_drawn_and_its_choice_marked():
    best = decode.choose(spikegen.step_forward, SIGNAL, "count", 60, grid=[0.05, 0.1, 0.2, 0.4])
    drawn = spikeplot.trade_off({"step_forward": best, "tried": best.tried})
    _, dots, choice, front, again = drawn[0].axes.lines
    np.testing.assert_array_equal(dots.get_xdata(), best.tried["count"])
    np.testing.assert_array_equal(dots.get_ydata(), best.tried["snr"])
    np.testing.assert_array_equal(again.get_ydata(), best.tried["snr"])
    assert choice.get_xdata() == [best.metrics.count] and best.metrics.count <= 60
    assert choice.get_ydata() == [best.metrics.snr]
    assert choice.get_markersize() > 2 * dots.get_markersize() and front is drawn[1]


def test_what_has_no_place_on_the_axes_is_left_out():
    tried = {"count": [0, 2, 4, np.nan, 5], "snr": [1.0, np.nan, 7.0, 3.0, np.inf]}
    (line,) = spikeplot.trade_off({"a": tried})
    for drawn in line.axes.lines:
        assert (drawn.get_xdata().tolist(), drawn.get_ydata().tolist()) == ([4], [7])


@pytest.mark.parametrize(
    ("background", "colors"), [("white", LIGHT_CURVES), ("black", DARK_CURVES)]
)
def test_codes_are_named_and_stay_apart_in_greyscale(background, colors):
    names = [f"code {index}" for index in range(6)]
    ax = Figure(facecolor=background).subplots(subplot_kw={"facecolor": background})
    lines = spikeplot.trade_off({name: {"count": [1, 2], "snr": [1, 2]} for name in names}, ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    styles = [(line.get_color(), line.get_marker()) for line in lines]
    assert len(set(styles)) == 6 and [color for color, _ in styles[:5]] == list(colors)
    shades = [luma(color) for color in colors]
    assert all(abs(shade - luma(background)) > 0.25 for shade in shades)
    assert all(abs(a - b) > 0.1 for a, b in pairwise(shades))


def test_spikes_are_on_a_logarithmic_axis_with_names():
    (line,) = spikeplot.trade_off({"a": {"count": [1, 100], "snr": [1, 2]}})
    assert line.axes.get_xscale() == "log" and line.get_drawstyle() == "steps-post"
    labels = line.axes.get_xlabel(), line.axes.get_ylabel()
    assert labels == ("Spikes", "Signal-to-noise ratio [dB]")


# --- refusals -----------------------------------------------------------------------------------

TRIED = {"count": [1, 2], "snr": [1, 2]}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda ax: spikeplot.code([[1]], [1], [1], ax), ValueError, "data must be"),
        (lambda ax: spikeplot.code([], [], [], ax), ValueError, "data must hold a signal"),
        (lambda ax: spikeplot.code([np.inf], [1], [1], ax), ValueError, r"data\[0\] is inf"),
        (lambda ax: spikeplot.code(["a"], [1], [1], ax), TypeError, "data must"),
        (lambda ax: spikeplot.code([1, 2], [1], [1, 2], ax), ValueError, "spikes must have the sh"),
        (lambda ax: spikeplot.code([1, 2], [[1], [2]], [1, 2], ax), ValueError, "spikes must have"),
        (lambda ax: spikeplot.code([1], [np.nan], [1], ax), ValueError, r"spikes\[0\] is nan"),
        (lambda ax: spikeplot.code([1], [[[1, 2]]], [1], ax), ValueError, "spikes must be"),
        (lambda ax: spikeplot.code([1], [1], [1, 2], ax), ValueError, "decoded must have the sh"),
        (lambda ax: spikeplot.code([1], [1], [np.nan], ax), ValueError, r"decoded\[0\] is nan"),
        (lambda ax: spikeplot.code([1], [1], [1], ax, bound=0), ValueError, "bound must"),
        (lambda ax: spikeplot.code([1], [1], [1], ax, bound="a"), TypeError, "bound must"),
        (lambda ax: spikeplot.code([1], [1], [1], ax, time_step=0), ValueError, "time_step must"),
        (lambda ax: spikeplot.code([1], [1], [1], ax, ylabel=5), TypeError, "ylabel must be a str"),
        (lambda ax: spikeplot.code([1], [1], [1], [ax] * 2), ValueError, "ax must hold .*got 2"),
        (lambda ax: spikeplot.code([1], [1], [1], "ax"), TypeError, "ax must be Axes"),
        (lambda ax: spikeplot.trade_off([TRIED], ax), TypeError, "codes must be a mapping"),
        (lambda ax: spikeplot.trade_off({}, ax), ValueError, "codes must hold a code"),
        (lambda ax: spikeplot.trade_off({"a": [1]}, ax), TypeError, r"codes\['a'\] must be a Ch"),
        (lambda ax: spikeplot.trade_off({"a": {"snr": [1]}}, ax), TypeError, r"codes\['a'\] must"),
        (
            lambda ax: spikeplot.trade_off({"a": TRIED | {"snr": [1]}}, ax),
            ValueError,
            r"codes\['a'\] must hold two arrays",
        ),
        (
            lambda ax: spikeplot.trade_off({"a": {"count": 1, "snr": 2}}, ax),
            ValueError,
            r"codes\['a'\] must hold two arrays",
        ),
        (
            lambda ax: spikeplot.trade_off({"a": TRIED | {"snr": ["x", "y"]}}, ax),
            TypeError,
            r"codes\['a'\]\['snr'\] must",
        ),
        (
            lambda ax: spikeplot.trade_off({"a": TRIED, "b": {"count": [0], "snr": [1]}}, ax),
            ValueError,
            r"codes\['b'\] must have a parameter with spikes",
        ),
        (
            lambda ax: spikeplot.trade_off({"a": Raises("__repr__", KeyError)}, ax),
            TypeError,
            r"codes\['a'\] must be a Choice",
        ),
        (
            lambda ax: spikeplot.trade_off({"a": Raises("__getattr__", KeyError)}, ax),
            TypeError,
            r"codes\['a'\] must be a Choice",
        ),
        (lambda ax: spikeplot.trade_off({"a": TRIED}, [ax]), TypeError, "ax must be one Axes"),
    ],
)
def test_bad_arguments_are_refused_before_drawing(call, error, message):
    ax = Figure().subplots()
    with pytest.raises(error, match=message):
        call(ax)
    assert not ax.has_data() and ax.axison and not ax.child_axes


def test_there_are_as_many_markers_as_keep_the_styles_apart():
    assert len(set(codes.MARKERS)) == 7 and len(set(LIGHT_CURVES)) == len(set(DARK_CURVES)) == 5
