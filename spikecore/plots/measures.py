"""Plots of statistics: intervals between spikes, a correlogram, a matrix over pairs of trains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from spikecore import arguments
from spikecore.annotations import ArrayLike, Integer, Number
from spikecore.measures.trains import steps_in_a_bin, trains_of
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage
    from matplotlib.patches import StepPatch

MOST_LABELS = 40  # of an axis; more cannot be read


def isi_histogram(
    data: ArrayLike,
    ax: Axes | None = None,
    *,
    bin_steps: Integer = 1,
    time_step: Number | None = False,
    **kwargs: Any,
) -> StepPatch:
    """Draw how many intervals between spikes have each length, of all trains together.

    Parameters
    ----------
    data : array_like, shape ``[num_steps]`` or ``[num_steps, ...]``
        Numbers of spikes (0, 1, 2, ...), each feature a train.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if the program uses pyplot, and on a
        new figure, ``isi_histogram(data).figure``, if it does not.
    bin_steps : int
        Steps per bin, at least 1. Bin ``k`` holds intervals from ``k * bin_steps`` up to, but not,
        ``(k + 1) * bin_steps``.
    time_step : float, optional
        Seconds per step; the intervals are then shown in seconds.
    **kwargs
        Passed to ``Axes.stairs``: ``color``, ``fill``, ``label``, ...

    Returns
    -------
    matplotlib.patches.StepPatch
        Its ``get_data()`` gives the numbers and the edges of the bins. An interval of ``n`` steps
        lies between ``n - 0.5`` and ``n + 0.5``.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` are no numbers of spikes over time, or another argument is out of range.

    Notes
    -----
    snnTorch has no such function.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> spikes = np.array([1, 0, 1, 0, 1, 1])
    >>> numbers, edges, _ = spikeplot.isi_histogram(spikes).get_data()
    >>> numbers, edges
    (array([0, 1, 2]), array([-0.5,  0.5,  1.5,  2.5]))
    """
    bin_steps = steps_in_a_bin(bin_steps)
    time_step = canvas.optional_time_step(time_step)
    trains = trains_of("data", data)
    canvas.require_matplotlib()

    intervals = np.diff(trains.times)[np.diff(trains.elements) == 0].astype(np.int64)
    numbers = np.bincount(intervals // bin_steps, minlength=1)
    edges = np.arange(len(numbers) + 1) * bin_steps - 0.5
    below = "Interval [steps]"
    if time_step is not None:
        edges, below = edges * time_step, "Interval [s]"
    return _stairs(ax, numbers, edges, below, "Intervals", kwargs)


def correlogram(
    data: ArrayLike,
    ax: Axes | None = None,
    *,
    time_step: Number | None = False,
    **kwargs: Any,
) -> StepPatch:
    """Draw a correlogram: the value at each lag, with lag 0 in the middle.

    Parameters
    ----------
    data : array_like, shape ``[2 * max_lag + 1]``
        The correlogram of one pair of trains, as ``statistics.cross_correlogram`` gives it.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if the program uses pyplot, and on a
        new figure, ``correlogram(data).figure``, if it does not.
    time_step : float, optional
        Seconds per step; the lags are then shown in seconds.
    **kwargs
        Passed to ``Axes.stairs``: ``color``, ``fill``, ``label``, ...

    Returns
    -------
    matplotlib.patches.StepPatch
        Its ``get_data()`` gives the values and the edges of the lags. Lag ``k`` lies between
        ``k - 0.5`` and ``k + 0.5``; a dashed line marks lag 0.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` is not finite, or not of an odd number of lags.

    Notes
    -----
    snnTorch has no such function.

    Examples
    --------
    >>> from spikecore import spikeplot, statistics
    >>> x, y = [1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0]
    >>> values = statistics.cross_correlogram(x, y, max_lag=1)
    >>> spikeplot.correlogram(values).get_data().edges
    array([-1.5, -0.5,  0.5,  1.5])
    """
    values = canvas.finite_array("data", data, "[lags] of one pair of trains", 1, 1)
    if len(values) % 2 == 0:
        got, remedy = f"{len(values)}", "pass what statistics.cross_correlogram gives for one pair"
        arguments.refuse("data", "have an odd number of lags, from -n to n", got, remedy)
    time_step = canvas.optional_time_step(time_step)
    canvas.require_matplotlib()

    edges = np.arange(len(values) + 1) - len(values) / 2
    below = "Lag [steps]"
    if time_step is not None:
        edges, below = edges * time_step, "Lag [s]"
    steps = _stairs(ax, values, edges, below, "Correlogram", kwargs)
    steps.axes.axvline(0, color=OFF_COLOR, linestyle="--", linewidth=1)
    return steps


def _stairs(ax, values, edges, xlabel, ylabel, kwargs):
    """Filled steps from 0 to each value."""
    ax = canvas.axes(ax, (5, 3.5))
    if not {"color", "facecolor", "edgecolor", "fc", "ec"} & kwargs.keys():
        kwargs["color"] = palette(ax).line
    kwargs.setdefault("fill", True)
    low, high = min(0, values.min()), max(values.max(), 0)
    room = 0.05 * (high - low) or 1
    xlim = canvas.limits(ax, "x", edges[0], edges[-1])
    ylim = canvas.limits(ax, "y", low - room if low < 0 else 0, high + room)
    with canvas.style_of("Axes.stairs"):
        steps = ax.stairs(values, edges, **kwargs)
    ax.set(xlim=xlim, ylim=ylim)
    canvas.label(ax, xlabel, ylabel)
    return steps


def distances(
    data: ArrayLike,
    ax: Axes | None = None,
    *,
    labels: Iterable[object] | None = None,
    cmap: str | Colormap = "viridis",
) -> AxesImage:
    """Draw a matrix over pairs of trains, distances or correlations, with its scale beside it.

    Parameters
    ----------
    data : array_like, shape ``[trains, targets]``
        The matrix, as ``statistics.spike_distance`` gives it for ``[num_steps, trains]``. NaN
        leaves a cell empty.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if nothing is drawn there, and on a
        new figure, ``distances(data).figure``, otherwise.
    labels : sequence of str, optional
        A name for each row, and for each column too where there are as many.
    cmap : str or matplotlib.colors.Colormap
        The scale runs from 0, or the lowest value below it, to the highest value.

    Returns
    -------
    matplotlib.image.AxesImage
        The image, whose array is the matrix in float64. Its scale is ``image.colorbar``.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` is no matrix, is empty or infinite, or ``labels`` are not one a row.

    Notes
    -----
    snnTorch has no such function.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot, statistics
    >>> spikes = np.eye(6, 3)
    >>> image = spikeplot.distances(statistics.victor_purpura(spikes, cost=0.5), labels="abc")
    Traceback (most recent call last):
        ...
    TypeError: labels must be a list of strings, got 'abc'; pass ['abc']
    >>> image = spikeplot.distances(statistics.victor_purpura(spikes, cost=0.5), labels=list("abc"))
    >>> image.get_array().data
    array([[0. , 0.5, 1. ],
           [0.5, 0. , 0.5],
           [1. , 0.5, 0. ]])
    """
    given = arguments.array("data", data)
    arguments.fits_copy("data", given, np.float64)
    unknown = np.isnan(given) if given.dtype.kind == "f" else np.zeros(given.shape, bool)
    known = np.where(unknown, given.dtype.type(0), given)
    matrix = canvas.finite_array("data", known, "a matrix [trains, targets]", 2, 2)
    if not matrix.size:
        arguments.refuse("data", "hold a pair of trains", f"shape {matrix.shape}", "leave it out")
    labels = canvas.texts("labels", labels)
    if labels is not None and len(labels) != len(matrix):
        must = f"be one for each of the {len(matrix)} rows"
        arguments.refuse("labels", must, f"{len(labels)}", "name every train")
    canvas.require_matplotlib()
    cmap = canvas.color_map("cmap", cmap)

    _, ax = canvas.empty_axes(None, ax, (4.6, 3.8))
    values = np.ma.masked_array(matrix.astype(np.float64), unknown)
    low, high = min(0, values.min()), values.max()
    if unknown.all():
        low, high = 0, 1
    high = high if high > low else low + 1  # all 0: every cell has the colour of 0
    image = ax.imshow(values, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    ax.figure.colorbar(image, cax=ax.inset_axes([1.04, 0, 0.05, 1]))
    if labels is None or len(labels) > MOST_LABELS:
        canvas.whole_ticks(ax.xaxis)
        canvas.whole_ticks(ax.yaxis)
    else:
        ax.set_yticks(range(len(labels)), labels)
        if matrix.shape[1] == len(labels):
            ax.set_xticks(range(len(labels)), labels, rotation=90)
    canvas.label(ax, "Target" if matrix.shape[0] != matrix.shape[1] else "Train", "Train")
    return image
