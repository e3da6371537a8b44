"""Plots of when something fires: the raster, the population rate and the latency curve."""

import numpy as np

from .canvas import (
    OFF_COLOR,
    ON_COLOR,
    by_neuron,
    cover,
    figure_and_axes,
    finite_array,
    label,
    require_matplotlib,
    whole_ticks,
)


def raster(data, ax=None, *, off_color=OFF_COLOR, **kwargs):
    """Draw a dot for every spike: time step to the right, neuron number upwards.

    Parameters
    ----------
    data : array_like, shape ``[num_steps]``, ``[num_steps, neurons]`` or ``[num_steps, ...]``
        Spikes of one sample in any real dtype; everything that is not 0 is a spike. The features of
        an image are numbered in C order. Anything with ``__array__`` will do.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` makes a figure, which is ``raster(data).figure``; pyplot does not
        know it, so show it by evaluating it in a notebook, or pass ``ax``.
    off_color : color, optional
        The colour of negative values, the off-spikes of ``spikegen.delta``.
    **kwargs
        Passed to ``Axes.scatter``: ``s``, ``c``, ``marker``, ``alpha``, ... By default spikes are
        vertical dashes that fill the height of their row. One array of colours in ``c`` stands for
        all spikes, in time order.

    Returns
    -------
    matplotlib.collections.PathCollection
        One artist with one offset ``(step, neuron)`` per spike, in order of time, then neuron. In
        vector files it is an embedded image (``rasterized=True``), so a million spikes stay small.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` is not a finite array of real numbers with a time axis.

    Notes
    -----
    Deliberate differences from ``snntorch.spikeplot.raster`` 1.0.0: the limits show every neuron
    and every step, silent ones included (there they follow the spikes); axes that show something
    already are only widened. Off-spikes have their own colour (there they look like on-spikes).
    ``[num_steps, height, width]`` is flattened (there the third index becomes the marker size).
    ``ax`` may be left out, axes without labels receive some, and ticks fall on whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> spikes = np.zeros((5, 3), dtype=np.int8)
    >>> spikes[1, 0], spikes[4, 1] = 1, -1
    >>> dots = spikeplot.raster(spikes, s=20)
    >>> dots.get_offsets().data
    array([[1., 0.],
           [4., 1.]])
    >>> print(*dots.axes.get_xlim(), *dots.axes.get_ylim())
    -0.5 4.5 -0.5 2.5
    """
    spikes = by_neuron(finite_array("data", data, "[num_steps, ...]", 1))
    require_matplotlib()
    from matplotlib.colors import is_color_like, to_rgba

    _, ax = figure_and_axes(None, ax, (7, 4))
    num_steps, neurons = spikes.shape
    steps, rows = np.nonzero(spikes)
    color = kwargs.pop("color", None)
    if color is not None:
        kwargs["c"] = color
    color = kwargs.setdefault("c", ON_COLOR)
    # As in Axes.scatter, a sequence as long as the spikes is one value each, not red, green, blue.
    one_color = is_color_like(color) and np.shape(color) != steps.shape
    if one_color:
        off = spikes[steps, rows] < 0
        both = np.array([to_rgba(color), to_rgba(off_color)])
        # Agg draws a million dashes in 0.3 s when they share a colour, in 2 s when they do not.
        kwargs["c"] = both[off.astype(np.intp)] if off.any() else both[:1]
    if "marker" not in kwargs:
        kwargs["marker"] = "|"
        if not {"linewidth", "linewidths", "lw"} & kwargs.keys():
            kwargs["linewidths"] = np.clip(0.5 * _points(ax).width / max(num_steps, 1), 0.6, 1.5)
    if "s" not in kwargs:
        kwargs["s"] = np.clip(0.8 * _points(ax).height / max(neurons, 1), 1.5, 14) ** 2
    kwargs.setdefault("rasterized", True)
    cover(ax, "x", -0.5, max(num_steps, 1) - 0.5)
    cover(ax, "y", -0.5, max(neurons, 1) - 0.5)
    dots = ax.scatter(steps, rows, **kwargs)
    whole_ticks(ax.xaxis)
    whole_ticks(ax.yaxis)
    label(ax, "Time step", "Neuron")
    return dots


def _points(ax):
    """The window of ``ax`` in typographic points, the unit of marker sizes."""
    from matplotlib.transforms import Affine2D

    return ax.get_window_extent().transformed(Affine2D().scale(72 / ax.figure.dpi))
