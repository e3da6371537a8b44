"""Plots in several panels: traces of single neurons, images rebuilt from spikes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Integer, Number
from spikecore.foreign import shape_of
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D


def traces(
    data: ArrayLike,
    spk: ArrayLike | None = None,
    dim: tuple[Integer, Integer] = (3, 3),
    spk_height: Number = 5,
    titles: Iterable[object] | None = None,
    *,
    ax: Axes | Sequence[Axes] | Array | None = None,
    threshold: Number | None = None,
    mark_spikes: bool = False,
    show_axes: bool = False,
    time_step: Number | None = False,
    ylabel: str = "Membrane",
    ylim: tuple[Number, Number] | None = None,
    sharey: bool = True,
) -> list[Line2D]:
    """Draw the trace of one neuron in each panel of a grid, with its spikes riding on it.

    The line is ``data + spk_height * spk``.

    Parameters
    ----------
    data : array_like, shape ``[num_steps]`` or ``[num_steps, neurons]``
        Membranes or currents of one sample, any real dtype.
    spk : array_like, the shape of ``data``, optional
        Spikes, added to the line ``spk_height`` high.
    dim : tuple of two ints
        Rows and columns of the grid. The first ``rows * columns`` neurons are shown; when there are
        fewer, rows and columns that would be empty are left out.
    spk_height : float
        Height of a spike in units of the data; 0 leaves the trace as it is.
    titles : sequence of str, optional
        One title per panel; a short list leaves the last panels without.
    ax : matplotlib.axes.Axes or array of Axes, optional
        An array as ``subplots`` returns it has one axes for each panel; its shape, when it has two
        dimensions, stands in for ``dim``. A single axes is divided into panels. ``None`` draws on
        pyplot's current figure if the program uses pyplot and that figure is empty or has the same
        panels, and on a new figure, ``traces(data)[0].figure``, otherwise.
    threshold : float, optional
        Draw a dashed line at this height in every panel.
    mark_spikes : bool
        Put a triangle on the line at every spike of ``spk``; reads best with ``spk_height=0``.
    show_axes : bool
        Show the axes, with labels at the left and at the bottom of the grid.
    time_step : float, optional
        Seconds per step; the time axis is then in seconds.
    ylabel : str
        What the data are, and their unit: ``"Membrane [mV]"``.
    ylim : tuple of two floats, optional
        The vertical range of every panel, ``(low, high)``.
    sharey : bool
        Give all panels the same vertical range; False gives each the range of its own trace.

    Returns
    -------
    list of matplotlib.lines.Line2D
        The trace in each panel. A threshold and marks follow it in ``line.axes.lines``.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If an array is not finite or has another shape, or another argument is out of range.

    Notes
    -----
    Deliberate differences from ``snntorch.spikeplot.traces`` 1.0.0: fewer neurons than panels are
    drawn (there an IndexError), and a figure that shows something else is left alone (there panels
    cover it). Axes, units, threshold and marks can be asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> membrane = np.array([[0.2, 0.0], [1.1, 0.5], [0.1, 0.7]])
    >>> lines = spikeplot.traces(membrane, spk=membrane > 1, spk_height=2, threshold=1)
    >>> [line.get_ydata().tolist() for line in lines]
    [[0.2, 3.1, 0.1], [0.0, 0.5, 0.7]]
    """
    data = canvas.finite_array("data", data, "[num_steps] or [num_steps, neurons]", 1, 2)
    spk_height = arguments.number("spk_height", spk_height)
    spk = None if spk is None else _spikes_of(data, spk)
    grid = ax.shape if isinstance(ax, np.ndarray) and ax.ndim == 2 else dim
    rows, columns = _rows_and_columns(grid)
    titles = canvas.texts("titles", titles)
    threshold = None if threshold is None else arguments.number("threshold", threshold)
    mark_spikes = arguments.flag("mark_spikes", mark_spikes)
    show_axes = arguments.flag("show_axes", show_axes)
    time_step = canvas.optional_time_step(time_step)
    ylim = None if ylim is None else _range("ylim", ylim)
    sharey = arguments.flag("sharey", sharey)
    if mark_spikes and spk is None:
        raise ValueError("mark_spikes is True, but spk is None; pass the spikes to mark as spk")
    canvas.require_matplotlib()

    data = canvas.by_neuron(data)
    spk = None if spk is None else canvas.by_neuron(spk)
    shown = data if spk is None else _above(data, spk, spk_height)
    times = np.arange(len(data)) * (1 if time_step is None else time_step)
    count = min(rows * columns, shown.shape[1])
    rows, columns = max(-(-count // columns), 1), max(min(columns, count), 1)  # no empty rows
    figsize = (max(5, 2.4 * columns), max(3, 1.7 * rows))
    lines = []
    for index, panel in enumerate(canvas.panels(ax, rows, columns, count, figsize)):
        fired = None if spk is None or not mark_spikes else spk[:, index] != 0
        lines.append(_draw_trace(panel, times, shown[:, index], threshold, fired))
        if titles is not None and index < len(titles):
            panel.set_title(titles[index])
        if not show_axes:
            panel.set_axis_off()
            continue
        below = "Time step" if time_step is None else "Time [s]"
        _show_outer(panel, index, columns, count, below, ylabel)
    _set_ranges([line.axes for line in lines], ylim, sharey)
    return lines


def _spikes_of(data, spk):
    """``spk`` as an array of the shape of ``data``."""
    shape = data.shape
    spk = canvas.finite_array("spk", spk, f"of the shape of data, {shape}", len(shape), len(shape))
    if spk.shape != shape:
        arguments.refuse(
            "spk",
            f"have the shape of data, {shape}",
            spk.shape,
            "pass the spikes of the same neurons and steps",
        )
    return spk


def _draw_trace(panel, times, values, threshold, fired):
    """The trace of one neuron, its threshold, and a triangle wherever it ``fired``."""
    colors = palette(panel)
    (line,) = panel.plot(times, values, color=colors.line, linewidth=1.2)
    if threshold is not None:
        panel.axhline(threshold, color=OFF_COLOR, linestyle="--", linewidth=1)
    if fired is not None:
        panel.plot(times[fired], values[fired], "v", color=colors.ink, markersize=5)
    return line


def _show_outer(panel, index, columns, count, xlabel, ylabel):
    """Show the axes of a panel, with numbers and labels at the left and bottom of the grid only."""
    panel.spines[["top", "right"]].set_visible(False)
    lowest, leftmost = index + columns >= count, index % columns == 0
    panel.tick_params(labelbottom=lowest, labelleft=leftmost)
    if lowest:
        panel.set_xlabel(xlabel)
    if leftmost:
        panel.set_ylabel(ylabel)


def reconstruction(
    data: ArrayLike | Sequence[ArrayLike],
    ax: Axes | Sequence[Axes] | Array | None = None,
    *,
    image: ArrayLike | None = None,
    titles: Iterable[object] | None = None,
    cmap: str | Colormap = "binary",
) -> list[AxesImage]:
    """Show images rebuilt from spikes, the mean of each pixel over time, side by side.

    Parameters
    ----------
    data : array_like, shape ``[num_steps, height, width]``, or a list of such arrays
        Spikes of one sample, or of one sample encoded in several ways; their numbers of steps may
        differ.
    ax : matplotlib.axes.Axes or array of Axes, optional
        An array has one axes for each image. A single axes is divided when there are several
        images. ``None`` chooses as in ``traces``.
    image : array_like, shape ``[height, width]``, optional
        The original, shown first.
    titles : sequence of str, optional
        One title per image, the original included.
    cmap : str or matplotlib.colors.Colormap
        All images share one scale, from 0 (or the lowest mean) to the highest.

    Returns
    -------
    list of matplotlib.image.AxesImage
        The images, whose arrays are the means in float64.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If an array is not finite or not of the shape above, or ``titles`` are too many.

    Notes
    -----
    snnTorch has no such function; its tutorial 1 draws this plot by hand to compare gains, each
    image on a scale of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> spikes = np.array([[[1, 0]], [[1, 1]], [[1, 0]], [[1, 0]]])
    >>> (shown,) = spikeplot.reconstruction(spikes, titles=["rate code"])
    >>> print(shown.get_array())
    [[1.   0.25]]
    """
    images = _means(data)
    if image is not None:
        original = canvas.finite_array("image", image, "[height, width]", 2, 2)
        if not original.size:
            arguments.refuse("image", "hold pixels", f"shape {original.shape}", "leave it out")
        images.insert(0, original.astype(np.float64))
    titles = canvas.texts("titles", titles)
    if titles is not None and len(titles) > len(images):
        arguments.refuse(
            "titles", f"be at most {len(images)}, one an image", len(titles), "drop some"
        )
    canvas.require_matplotlib()
    cmap = canvas.color_map("cmap", cmap)

    low = min(0, *(values.min() for values in images))
    high = max(values.max() for values in images)
    high = high if high > low else low + 1  # all silent: every pixel has the colour of 0
    height, width = images[0].shape
    figsize = (2.4 * len(images), np.clip(2.4 * height / width, 0.8, 6) + 0.5)
    shown = []
    for index, panel in enumerate(canvas.panels(ax, 1, len(images), len(images), figsize)):
        shown.append(
            panel.imshow(images[index], cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        )
        panel.set_xticks([])
        panel.set_yticks([])
        if titles is not None and index < len(titles):
            panel.set_title(titles[index])
    return shown


def _above(data, spk, height):
    """The data, higher where there are spikes."""
    with np.errstate(over="ignore"):
        shown = data + height * spk
    if not np.isfinite(shown).all():
        remedy = "pass spikes of 0 and 1, or a smaller spk_height"
        arguments.refuse("spk", "keep data + spk_height*spk finite", f"height {height}", remedy)
    return shown


def _means(data):
    """The mean over time of one spike train of images, or of each in a list of them."""
    several = (
        isinstance(data, (list, tuple)) and len(data) > 0 and len(shape_of(data[0]) or ()) == 3
    )
    images = []
    for index, spikes in enumerate(data if several else [data]):
        name = f"data[{index}]" if several else "data"
        spikes = canvas.finite_array(name, spikes, "[num_steps, height, width]", 3, 3)
        if not spikes.size:
            arguments.refuse(name, "hold a spike train", f"shape {spikes.shape}", "record one")
        images.append(spikes.mean(axis=0, dtype=np.float64))
    return images


def _rows_and_columns(dim):
    """``dim`` as two positive integers."""
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        arguments.refuse(
            "dim", "be (rows, columns)", arguments.shown(dim), "pass e.g. (3, 3)", TypeError
        )
    return tuple(
        arguments.integer(f"dim[{i}]", length, 1, remedy="pass e.g. (3, 3)")
        for i, length in enumerate(dim)
    )


def _range(name, value):
    """``value`` as two finite numbers, the lower first."""
    must, remedy = "be (low, high)", "pass e.g. (-1, 2)"
    ends = arguments.items(name, value, must, remedy)
    if len(ends) != 2:
        arguments.refuse(name, must, arguments.shown(value), remedy, TypeError)
    low, high = ends
    low, high = arguments.number(f"{name}[0]", low), arguments.number(f"{name}[1]", high)
    if not low < high:
        arguments.refuse(name, "rise from low to high", arguments.shown(value), "swap the two")
    return low, high


def _set_ranges(panels, ylim, sharey):
    """Give panels the range ``ylim``, or all of them the range that the widest needs."""
    if ylim is None and sharey and panels:
        limits = np.array([panel.get_ylim() for panel in panels])
        ylim = limits.min(), limits.max()
    if ylim is not None:
        for panel in panels:
            panel.set_ylim(ylim)
