"""Plots in several panels: traces of single neurons, images rebuilt from spikes."""

import numpy as np

from spikecore import arguments
from spikecore.plots.canvas import (
    LINE_COLOR,
    OFF_COLOR,
    ON_COLOR,
    by_neuron,
    finite_array,
    optional_time_step,
    panels,
    require_matplotlib,
)


def traces(
    data,
    spk=None,
    dim=(3, 3),
    spk_height=5,
    titles=None,
    *,
    ax=None,
    threshold=None,
    mark_spikes=False,
    show_axes=False,
    time_step=False,
    ylabel="Membrane",
):
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
        dimensions, stands in for ``dim``. A single axes is divided into panels. ``None`` makes a
        figure, unknown to pyplot: ``traces(data)[0].figure``.
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
    drawn (there an IndexError). Nothing is drawn on pyplot's current figure. Axes, units, threshold
    and marks can be asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> membrane = np.array([[0.2, 0.0], [1.1, 0.5], [0.1, 0.7]])
    >>> lines = spikeplot.traces(membrane, spk=membrane > 1, spk_height=2, threshold=1)
    >>> [line.get_ydata().tolist() for line in lines]
    [[0.2, 3.1, 0.1], [0.0, 0.5, 0.7]]
    """
    data = finite_array("data", data, "[num_steps] or [num_steps, neurons]", 1, 2)
    shape = data.shape
    spk_height = arguments.number("spk_height", spk_height)
    if spk is not None:
        spk = finite_array("spk", spk, f"of the shape of data, {shape}", len(shape), len(shape))
        if spk.shape != shape:
            raise ValueError(
                f"spk must have the shape of data, {shape}, got {spk.shape}; "
                "pass the spikes of the same neurons and steps"
            )
    rows, columns = _rows_and_columns(ax.shape if np.ndim(ax) == 2 else dim)
    titles = _strings("titles", titles)
    threshold = None if threshold is None else arguments.number("threshold", threshold)
    mark_spikes = arguments.flag("mark_spikes", mark_spikes)
    show_axes = arguments.flag("show_axes", show_axes)
    time_step = optional_time_step(time_step)
    if mark_spikes and spk is None:
        raise ValueError("mark_spikes is True, but spk is None; pass the spikes to mark as spk")
    require_matplotlib()

    data = by_neuron(data)
    spk = None if spk is None else by_neuron(spk)
    shown = data if spk is None else data + spk_height * spk
    times = np.arange(len(data)) * (1 if time_step is None else time_step)
    count = min(rows * columns, shown.shape[1])
    rows, columns = max(-(-count // columns), 1), max(min(columns, count), 1)  # no empty rows
    figsize = (max(5, 2.4 * columns), max(3, 1.7 * rows))
    lines = []
    for index, panel in enumerate(panels(ax, rows, columns, count, figsize)):
        (line,) = panel.plot(times, shown[:, index], color=LINE_COLOR, linewidth=1.2)
        lines.append(line)
        if threshold is not None:
            panel.axhline(threshold, color=OFF_COLOR, linestyle="--", linewidth=1)
        if mark_spikes:
            fired = spk[:, index] != 0
            panel.plot(times[fired], shown[fired, index], "v", color=ON_COLOR, markersize=5)
        if titles is not None and index < len(titles):
            panel.set_title(titles[index])
        if not show_axes:
            panel.set_axis_off()
            continue
        panel.spines[["top", "right"]].set_visible(False)
        lowest = index + columns >= count
        panel.tick_params(labelbottom=lowest, labelleft=index % columns == 0)
        if lowest:
            panel.set_xlabel("Time step" if time_step is None else "Time [s]")
        if index % columns == 0:
            panel.set_ylabel(ylabel)
    _share_limits([line.axes for line in lines])
    return lines


def reconstruction(data, ax=None, *, image=None, titles=None, cmap="binary"):
    """Show images rebuilt from spikes, the mean of each pixel over time, side by side.

    Parameters
    ----------
    data : array_like, shape ``[num_steps, height, width]``, or a list of such arrays
        Spikes of one sample, or of one sample encoded in several ways; their numbers of steps may
        differ.
    ax : matplotlib.axes.Axes or array of Axes, optional
        An array has one axes for each image. A single axes is divided when there are several
        images. ``None`` makes a figure, unknown to pyplot: ``reconstruction(data)[0].figure``.
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
    several = isinstance(data, (list, tuple)) and len(data) > 0 and np.ndim(data[0]) == 3
    given = data if several else [data]
    images = []
    for index, spikes in enumerate(given):
        name = f"data[{index}]" if several else "data"
        spikes = finite_array(name, spikes, "[num_steps, height, width]", 3, 3)
        if not spikes.size:
            raise ValueError(
                f"{name} must hold a spike train, got shape {spikes.shape}; record one"
            )
        images.append(spikes.mean(axis=0, dtype=np.float64))
    if image is not None:
        original = finite_array("image", image, "[height, width]", 2, 2)
        if not original.size:
            raise ValueError(f"image must hold pixels, got shape {original.shape}; leave it out")
        images.insert(0, original.astype(np.float64))
    titles = _strings("titles", titles)
    if titles is not None and len(titles) > len(images):
        raise ValueError(
            f"titles must be at most {len(images)}, one an image, got {len(titles)}; drop some"
        )
    require_matplotlib()

    low = min(0, *(values.min() for values in images))
    high = max(values.max() for values in images)
    high = high if high > low else low + 1  # all silent: every pixel has the colour of 0
    height, width = images[0].shape
    figsize = (2.4 * len(images), np.clip(2.4 * height / width, 0.8, 6) + 0.5)
    shown = []
    for index, panel in enumerate(panels(ax, 1, len(images), len(images), figsize)):
        shown.append(
            panel.imshow(images[index], cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        )
        panel.set_xticks([])
        panel.set_yticks([])
        if titles is not None and index < len(titles):
            panel.set_title(titles[index])
    return shown


def _rows_and_columns(dim):
    """``dim`` as two positive integers."""
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise TypeError(f"dim must be (rows, columns), got {dim!r}; pass e.g. (3, 3)")
    return tuple(
        arguments.integer(f"dim[{i}]", length, 1, remedy="pass e.g. (3, 3)")
        for i, length in enumerate(dim)
    )


def _strings(name, values):
    """``values`` as a list, or None; one string is not a list of letters."""
    if isinstance(values, str):
        raise TypeError(f"{name} must be a list of strings, got {values!r}; pass [{values!r}]")
    return None if values is None else list(values)


def _share_limits(axes):
    """Give all axes the vertical range that the widest of them needs."""
    if axes:
        limits = np.array([ax.get_ylim() for ax in axes])
        for ax in axes:
            ax.set_ylim(limits.min(), limits.max())
