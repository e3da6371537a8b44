"""psth and latency_curve: rates, edges and points are read back from the artists."""

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


@settings(max_examples=25, deadline=None)
@given(
    num_steps=st.integers(1, 12),
    neurons=st.integers(1, 5),
    bin_steps=st.integers(1, 15),
    seed=st.integers(0, 2**32 - 1),
)
def test_rates_times_widths_count_every_spike(num_steps, neurons, bin_steps, seed):
    spikes = np.random.default_rng(seed).integers(0, 2, (num_steps, neurons))
    rates, edges, _ = spikeplot.psth(spikes, bin_steps=bin_steps).get_data()
    for rate, low, high in zip(rates, edges[:-1], edges[1:], strict=True):
        inside = [k for k in range(num_steps) if low < k < high]
        assert len(inside) == high - low
        assert rate == pytest.approx(spikes[inside].sum() / (neurons * len(inside)), abs=1e-12)
    assert edges[0] == -0.5 and edges[-1] == num_steps - 0.5
    assert all(width == bin_steps for width in np.diff(edges)[:-1])


def test_rates_in_hertz():
    rates, edges, _ = spikeplot.psth(np.eye(4, 2), time_step=1e-3).get_data()
    np.testing.assert_allclose(rates, [500, 500, 0, 0])
    np.testing.assert_allclose(edges, [-0.0005, 0.0005, 0.0015, 0.0025, 0.0035])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "float32", "float64", "int64"])
def test_every_dtype_gives_the_same_rates(dtype):
    spikes = np.ones((300, 3, 2), dtype=dtype)
    rates, _, _ = spikeplot.psth(spikes, bin_steps=300).get_data()
    np.testing.assert_array_equal(rates, [1.0])


def test_off_spikes_count_and_multiple_spikes_count_twice():
    rates, _, _ = spikeplot.psth(np.array([[-1, 1], [2, 0]])).get_data()
    np.testing.assert_array_equal(rates, [1, 1])


def test_one_neuron_needs_no_second_axis():
    rates, _, _ = spikeplot.psth(np.array([0, 1, 1])).get_data()
    np.testing.assert_array_equal(rates, [0, 1, 1])


def test_bins_longer_than_any_integer_of_numpy_are_one_bin():
    spikes = np.eye(4, 2)
    rates, edges, _ = spikeplot.psth(spikes, bin_steps=10**400).get_data()
    np.testing.assert_array_equal(rates, [0.25])
    np.testing.assert_array_equal(edges, [-0.5, 3.5])


def test_psth_lies_under_a_raster():
    top, bottom = Figure().subplots(2, sharex=True)
    spikes = np.eye(6)
    spikeplot.raster(spikes, top)
    spikeplot.psth(spikes, bottom, bin_steps=4)
    assert top.get_xlim() == bottom.get_xlim() == (-0.5, 5.5)


def test_the_view_begins_at_zero_and_holds_the_highest_rate():
    for spikes in (np.eye(5), np.zeros((5, 2))):
        steps = spikeplot.psth(spikes)
        assert steps.axes.get_xlim() == (-0.5, 4.5)
        low, high = steps.axes.get_ylim()
        assert low == 0 and high > steps.get_data()[0].max()


def test_psth_labels_and_colour():
    steps = spikeplot.psth(np.eye(3))
    assert steps.axes.get_xlabel() == "Time step"
    assert steps.axes.get_ylabel() == "Spikes per neuron and step"
    assert to_rgb(steps.get_facecolor()) == to_rgb("#0072B2") and steps.get_fill()
    steps = spikeplot.psth(np.eye(3), time_step=0.1, color="red", fill=False, label="all")
    assert (steps.axes.get_xlabel(), steps.axes.get_ylabel()) == ("Time [s]", "Rate [Hz]")
    assert to_rgb(steps.get_edgecolor()) == to_rgb("red") and not steps.get_fill()
    assert steps.get_label() == "all"


def test_the_curve_runs_through_all_points_by_rising_input():
    inputs = np.array([[0.5, 0.1], [0.9, 0.3]], dtype=np.float32)
    curve = spikeplot.latency_curve(inputs, 1 / inputs)
    np.testing.assert_array_equal(curve.get_xdata(), np.sort(inputs.ravel()))
    np.testing.assert_array_equal(curve.get_ydata(), np.sort((1 / inputs).ravel())[::-1])
    assert curve.axes.get_xlabel() == "Input value"
    assert curve.axes.get_ylabel() == "Spike time [steps]"


def test_inputs_that_never_fire_leave_a_gap():
    curve = spikeplot.latency_curve([0.0, 0.1, 0.2], [np.inf, np.nan, 3])
    np.testing.assert_array_equal(curve.get_ydata(), [np.nan, np.nan, 3])


def test_times_in_seconds_and_the_threshold():
    curve = spikeplot.latency_curve([0.5, 1.0], [4, 2], threshold=0.25, time_step=0.5)
    np.testing.assert_array_equal(curve.get_ydata(), [2.0, 1.0])
    assert curve.axes.get_ylabel() == "Spike time [s]"
    threshold = curve.axes.lines[1]
    assert list(threshold.get_xdata()) == [0.25, 0.25] and threshold.get_linestyle() == "--"
    assert len(spikeplot.latency_curve([0.5], [4]).axes.lines) == 1


def test_plot_arguments_are_passed_on():
    curve = spikeplot.latency_curve([0.5], [4], c="red", marker="o", label="tau = 5")
    assert (curve.get_color(), curve.get_marker(), curve.get_label()) == ("red", "o", "tau = 5")
    assert spikeplot.latency_curve([0.5], [4]).get_color() == "#0072B2"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda ax: spikeplot.psth(1, ax), ValueError, "data must be"),
        (lambda ax: spikeplot.psth(np.ones((0, 3)), ax), ValueError, r"data must .*\(0, 3\)"),
        (lambda ax: spikeplot.psth(np.ones((3, 0)), ax), ValueError, r"data must .*\(3, 0\)"),
        (lambda ax: spikeplot.psth([np.nan], ax), ValueError, r"data\[0\] is nan"),
        (lambda ax: spikeplot.psth([1], ax, bin_steps=0), ValueError, "bin_steps must .*got 0"),
        (lambda ax: spikeplot.psth([1], ax, bin_steps=1.0), TypeError, "bin_steps must .*got 1.0"),
        (lambda ax: spikeplot.psth([1], ax, time_step=0), ValueError, "time_step must .*got 0"),
        (lambda ax: spikeplot.psth([1], ax, nosuch=1), TypeError, "keyword .*Axes.stairs.*nosuch"),
        (lambda ax: spikeplot.psth([1], ax, color="no"), ValueError, "keyword arguments must"),
        (lambda ax: spikeplot.latency_curve([1], [1], ax, nosuch=1), TypeError, "keyword .*nosuch"),
        (lambda ax: spikeplot.latency_curve([1], [1], ax, c="no"), ValueError, "keyword"),
        (lambda ax: spikeplot.latency_curve([1], [1, 2], ax), ValueError, "spike_times must"),
        (lambda ax: spikeplot.latency_curve([np.inf], [1], ax), ValueError, r"data\[0\] is inf"),
        (lambda ax: spikeplot.latency_curve(["a"], [1], ax), TypeError, "data must"),
        (lambda ax: spikeplot.latency_curve([1], ["a"], ax), TypeError, "spike_times must"),
        (
            lambda ax: spikeplot.latency_curve([1], [1], ax, threshold="a"),
            TypeError,
            "threshold must",
        ),
        (lambda ax: spikeplot.latency_curve([1], [1], ax, time_step=-1), ValueError, "time_step"),
    ],
)
def test_bad_arguments_are_refused_before_drawing(call, error, message):
    ax = Figure().subplots()
    with pytest.raises(error, match=message):
        call(ax)
    assert not ax.has_data() and ax.get_xlabel() == ""
