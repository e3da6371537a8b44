"""isi_histogram, correlogram and distances: what they draw is read back."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from spikecore import spikeplot, statistics
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """Every plot without ax gets a figure of its own, whatever other tests have imported."""
    monkeypatch.setattr(canvas, "pyplot_in_use", lambda: None)


SPIKES = np.random.default_rng(4).random((300, 3)) < 0.2


@pytest.mark.parametrize("bin_steps", [1, 4])
@pytest.mark.parametrize("time_step", [False, 0.002])
def test_the_histogram_counts_the_intervals_of_all_trains(bin_steps, time_step):
    numbers, edges, base = spikeplot.isi_histogram(
        SPIKES, bin_steps=bin_steps, time_step=time_step
    ).get_data()
    intervals = np.concatenate(statistics.isi(SPIKES))
    assert numbers.sum() == len(intervals) == SPIKES.sum() - 3 and base == 0
    steps = edges / (time_step or 1)
    np.testing.assert_allclose(np.diff(steps), bin_steps)
    np.testing.assert_array_equal(numbers, np.histogram(intervals, steps)[0])
    assert numbers[-1] and steps[0] == pytest.approx(-0.5)


def test_no_interval_spans_two_trains():
    spikes = np.array([[1, 0], [0, 0], [1, 1]])
    assert spikeplot.isi_histogram(spikes).get_data().values.tolist() == [0, 0, 1]


@pytest.mark.parametrize("shape", [(0,), (5,), (5, 0), (5, 2)])
def test_without_intervals_the_histogram_is_empty(shape):
    steps = spikeplot.isi_histogram(np.zeros(shape))
    assert steps.get_data().values.tolist() == [0]
    assert steps.axes.get_ylim() == (0, 1)


def test_a_correlogram_has_lag_0_in_the_middle():
    values = statistics.cross_correlogram(SPIKES[:, 0], SPIKES[:, 1], max_lag=5)
    steps = spikeplot.correlogram(values)
    drawn, edges, _ = steps.get_data()
    np.testing.assert_array_equal(drawn, values)
    np.testing.assert_array_equal(edges, np.arange(12) - 5.5)
    (line,) = steps.axes.lines
    assert list(line.get_xdata()) == [0, 0] and line.get_color() == OFF_COLOR
    assert steps.axes.get_xlabel() == "Lag [steps]"
    seconds = spikeplot.correlogram(values, time_step=0.5)
    np.testing.assert_array_equal(seconds.get_data().edges, edges / 2)
    assert seconds.axes.get_xlabel() == "Lag [s]"


def test_values_below_0_are_in_sight():
    low, high = spikeplot.correlogram([-2.0, 0.0, 1.0]).axes.get_ylim()
    assert low < -2 and high > 1
    assert spikeplot.correlogram([2.0, 0.0, 1.0]).axes.get_ylim()[0] == 0


def test_a_matrix_is_drawn_with_its_scale():
    matrix = statistics.spike_distance(SPIKES)
    image = spikeplot.distances(matrix, labels=["a", "b", "c"])
    np.testing.assert_array_equal(image.get_array(), matrix)
    assert image.get_clim() == (0, matrix.max()) and image.colorbar is not None
    for axis in (image.axes.xaxis, image.axes.yaxis):
        assert [text.get_text() for text in axis.get_ticklabels()] == ["a", "b", "c"]


def test_correlations_below_0_and_unknown_ones():
    matrix = np.array([[1.0, -0.5], [np.nan, 1.0]])
    image = spikeplot.distances(matrix)
    assert image.get_clim() == (-0.5, 1)
    np.testing.assert_array_equal(image.get_array().mask, np.isnan(matrix))
    assert spikeplot.distances(np.full((2, 2), np.nan)).get_clim() == (0, 1)
    assert spikeplot.distances(np.zeros((2, 3))).get_clim() == (0, 1)


def test_labels_of_rows_alone_where_columns_are_others():
    image = spikeplot.distances(np.ones((2, 3)), labels=["a", "b"])
    assert [text.get_text() for text in image.axes.yaxis.get_ticklabels()] == ["a", "b"]
    assert image.axes.get_xlabel() == "Target"


def test_the_scale_lies_beside_the_axes_that_are_given():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    before = left.get_position().bounds
    image = spikeplot.distances(np.eye(3), left)
    assert image.axes is left and len(figure.axes) == 2 and not right.has_data()
    assert left.get_position(original=True).bounds == before
    assert len(left.child_axes) == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: spikeplot.isi_histogram([0, 0.5]),
            ValueError,
            "data must hold numbers of spikes, 0, 1, 2, ..., but data[1] is 0.5; pass data != 0 to "
            "count each element as one spike",
        ),
        (
            lambda: spikeplot.correlogram([1.0, 2.0]),
            ValueError,
            "data must have an odd number of lags, from -n to n, got 2; pass what "
            "statistics.cross_correlogram gives for one pair",
        ),
        (
            lambda: spikeplot.distances(np.zeros((0, 3))),
            ValueError,
            "data must hold a pair of trains, got shape (0, 3); leave it out",
        ),
        (
            lambda: spikeplot.distances(np.eye(2), labels=["a"]),
            ValueError,
            "labels must be one for each of the 2 rows, got 1; name every train",
        ),
        (
            lambda: spikeplot.distances([[np.inf]]),
            ValueError,
            "data must be finite, but data[0, 0] is inf; replace it first",
        ),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message
