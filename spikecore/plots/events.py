"""Plots of when something fires: the raster, the population rate and the latency curve."""

import numpy as np

from spikecore import arguments
from spikecore.plots.canvas import (
    LINE_COLOR,
    OFF_COLOR,
    ON_COLOR,
    by_neuron,
    cover,
    figure_and_axes,
    finite_array,
    label,
    optional_time_step,
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
        Where to draw. ``None`` makes a figure, which is ``raster(data).figure``. pyplot does not
        know it: save it with its ``savefig``, or pass ``ax`` to see the plot in a window.
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


def psth(data, ax=None, *, bin_steps=1, time_step=False, **kwargs):
    """Draw how often the population fires: spikes per neuron and step, or per second, over time.

    ``rate[k]`` is the number of spikes in bin ``k`` divided by the neurons and by the length of the
    bin; the last bin may be shorter than the others.

    Parameters
    ----------
    data : array_like, shape ``[num_steps]``, ``[num_steps, neurons]`` or ``[num_steps, ...]``
        Spikes in any real dtype; further axes (trials, samples) count as neurons. An element of 2
        stands for two spikes, and off-spikes (-1) count as spikes.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` makes a figure, unknown to pyplot: ``psth(data).figure``.
    bin_steps : int
        Steps per bin, at least 1.
    time_step : float, optional
        Seconds per step; the axes are then in seconds and in Hz.
    **kwargs
        Passed to ``Axes.stairs``: ``color``, ``fill``, ``label``, ...

    Returns
    -------
    matplotlib.patches.StepPatch
        Its ``get_data()`` gives the rates and the edges of the bins. Step ``k`` lies between
        ``k - 0.5`` and ``k + 0.5``, as in ``raster``, so that the two can share an axis.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` is empty or not finite, or another argument is out of range.

    Notes
    -----
    snnTorch has no such function.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> spikes = np.array([[1, 1], [0, 1], [0, 0], [0, 0], [1, 0]])
    >>> rates, edges, _ = spikeplot.psth(spikes, bin_steps=2).get_data()
    >>> rates, edges
    (array([0.75, 0.  , 0.5 ]), array([-0.5,  1.5,  3.5,  4.5]))
    """
    spikes = by_neuron(finite_array("data", data, "[num_steps, ...]", 1))
    if not spikes.size:
        raise ValueError(f"data must hold a spike train, got shape {np.shape(data)}; record one")
    bin_steps = arguments.integer("bin_steps", bin_steps, 1, remedy="pass the steps of one bin")
    time_step = optional_time_step(time_step)
    require_matplotlib()

    _, ax = figure_and_axes(None, ax, (7, 3))
    num_steps, neurons = spikes.shape
    per_step = np.abs(spikes.astype(np.float64)).sum(axis=1)
    starts = np.arange(0, num_steps, bin_steps)
    edges = np.append(starts, num_steps)
    rates = np.add.reduceat(per_step, starts) / (np.diff(edges) * neurons)
    edges = edges - 0.5
    if time_step is not None:
        rates, edges = rates / time_step, edges * time_step
    if not {"color", "facecolor", "edgecolor", "fc", "ec"} & kwargs.keys():
        kwargs["color"] = LINE_COLOR
    kwargs.setdefault("fill", True)
    cover(ax, "x", edges[0], edges[-1])
    cover(ax, "y", 0, 1.05 * max(rates.max(), np.finfo(np.float32).tiny))
    steps = ax.stairs(rates, edges, **kwargs)
    if time_step is None:
        label(ax, "Time step", "Spikes per neuron and step")
    else:
        label(ax, "Time [s]", "Rate [Hz]")
    return steps


def latency_curve(data, spike_times, ax=None, *, threshold=None, time_step=False, **kwargs):
    """Draw the time of the spike against the input that it codes.

    Parameters
    ----------
    data : array_like, any shape
        Inputs, in any order.
    spike_times : array_like, the shape of ``data``
        When each input fires, in steps. NaN or infinity stand for "never" and leave a gap.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` makes a figure, unknown to pyplot: ``latency_curve(...).figure``.
    threshold : float, optional
        Draw a dashed line at this input, below which nothing fires.
    time_step : float, optional
        Seconds per step; the times are then shown in seconds.
    **kwargs
        Passed to ``Axes.plot``: ``color``, ``marker``, ``label``, ...

    Returns
    -------
    matplotlib.lines.Line2D
        The curve, in order of rising input.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If the two arrays differ in shape or ``data`` is not finite.

    Notes
    -----
    snnTorch has no such function; its tutorial 1 draws this curve by hand.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> inputs = np.array([0.8, 0.2, 0.4])
    >>> curve = spikeplot.latency_curve(inputs, 5 * np.log(inputs / (inputs - 0.1)))
    >>> curve.get_xdata(), curve.get_ydata().round(2)
    (array([0.2, 0.4, 0.8]), array([3.47, 1.44, 0.67]))
    """
    inputs = finite_array("data", data, "an array of inputs", 0).ravel()
    times = arguments.array("spike_times", spike_times)
    if times.shape != np.shape(data):
        raise ValueError(
            f"spike_times must have the shape of data, {np.shape(data)}, got {times.shape}; "
            "pass one time for each input"
        )
    threshold = None if threshold is None else arguments.number("threshold", threshold)
    time_step = optional_time_step(time_step)
    require_matplotlib()

    _, ax = figure_and_axes(None, ax, (5, 3.5))
    order = np.argsort(inputs, kind="stable")
    times = times.ravel()[order].astype(np.float64)
    times = np.where(np.isfinite(times), times, np.nan)
    if time_step is not None:
        times = times * time_step
    if not {"color", "c"} & kwargs.keys():
        kwargs["color"] = LINE_COLOR
    (curve,) = ax.plot(inputs[order], times, **kwargs)
    if threshold is not None:
        ax.axvline(threshold, color=OFF_COLOR, linestyle="--", linewidth=1)
    label(ax, "Input value", "Spike time [steps]" if time_step is None else "Spike time [s]")
    return curve


def _points(ax):
    """The window of ``ax`` in typographic points, the unit of marker sizes."""
    from matplotlib.transforms import Affine2D

    return ax.get_window_extent().transformed(Affine2D().scale(72 / ax.figure.dpi))
