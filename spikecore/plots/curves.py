"""Curves of when neurons fire: the population rate over time, and the time of a spike by input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spikecore import arguments
from spikecore.annotations import ArrayLike, Integer, Number
from spikecore.events.table import Events
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import StepPatch


def psth(
    data: ArrayLike,
    ax: Axes | None = None,
    *,
    bin_steps: Integer = 1,
    time_step: Number | None = False,
    **kwargs: Any,
) -> StepPatch:
    """Draw how often the population fires: spikes per neuron and step, or per second, over time.

    ``rate[k]`` is the number of spikes in bin ``k`` divided by the neurons and by the length of the
    bin; the last bin may be shorter than the others.

    Parameters
    ----------
    data : array_like or Events, ``[num_steps]``, ``[num_steps, neurons]`` or ``[num_steps, ...]``
        Spikes in any real dtype; further axes (trials, samples) count as neurons. An element of 2
        stands for two spikes, and off-spikes (-1) count as spikes.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if the program uses pyplot, and on a
        new figure, ``psth(data).figure``, if it does not.
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
    per_step, shape = _spikes_per_step(data)
    if 0 in shape:
        arguments.refuse("data", "hold a spike train", f"shape {shape}", "record one")
    bin_steps = arguments.integer("bin_steps", bin_steps, 1, remedy="pass the steps of one bin")
    time_step = canvas.optional_time_step(time_step)
    canvas.require_matplotlib()

    ax = canvas.axes(ax, (7, 3))
    num_steps, neurons = shape[0], math.prod(shape[1:])
    starts = np.arange(0, num_steps, min(bin_steps, num_steps))
    edges = np.append(starts, num_steps)
    rates = np.add.reduceat(per_step, starts) / (np.diff(edges) * neurons)
    edges = edges - 0.5
    if time_step is not None:
        rates, edges = rates / time_step, edges * time_step
    if not {"color", "facecolor", "edgecolor", "fc", "ec"} & kwargs.keys():
        kwargs["color"] = palette(ax).line
    kwargs.setdefault("fill", True)
    xlim = canvas.limits(ax, "x", edges[0], edges[-1])
    ylim = canvas.limits(ax, "y", 0, 1.05 * max(rates.max(), np.finfo(np.float32).tiny))
    with canvas.style_of("Axes.stairs"):
        steps = ax.stairs(rates, edges, **kwargs)
    ax.set(xlim=xlim, ylim=ylim)
    if time_step is None:
        canvas.label(ax, "Time step", "Spikes per neuron and step")
    else:
        canvas.label(ax, "Time [s]", "Rate [Hz]")
    return steps


def _spikes_per_step(data):
    """The sums of the sizes of all spikes of each step, and the shape ``[num_steps, ...]``."""
    if isinstance(data, Events):
        sizes = np.abs(data.value.astype(np.float64))
        return np.bincount(data.step, sizes, data.num_steps), data.dense_shape
    data = canvas.finite_array("data", data, "[num_steps, ...]", 1)
    return np.abs(canvas.by_neuron(data).astype(np.float64)).sum(axis=1), data.shape


def latency_curve(
    data: ArrayLike,
    spike_times: ArrayLike,
    ax: Axes | None = None,
    *,
    threshold: Number | None = None,
    time_step: Number | None = False,
    **kwargs: Any,
) -> Line2D:
    """Draw the time of the spike against the input that it codes.

    Parameters
    ----------
    data : array_like, any shape
        Inputs, in any order.
    spike_times : array_like, the shape of ``data``
        When each input fires, in steps. NaN or infinity stand for "never" and leave a gap.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if the program uses pyplot, and on a
        new figure, ``latency_curve(...).figure``, if it does not.
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
    data = canvas.finite_array("data", data, "an array of inputs", 0)
    times = arguments.array("spike_times", spike_times)
    if times.shape != data.shape:
        arguments.refuse(
            "spike_times",
            f"have the shape of data, {data.shape}",
            times.shape,
            "pass one time for each input",
        )
    threshold = None if threshold is None else arguments.number("threshold", threshold)
    time_step = canvas.optional_time_step(time_step)
    canvas.require_matplotlib()

    ax = canvas.axes(ax, (5, 3.5))
    inputs = data.ravel()
    order = np.argsort(inputs, kind="stable")
    times = times.ravel()[order].astype(np.float64)
    times = np.where(np.isfinite(times), times, np.nan)
    if time_step is not None:
        times = times * time_step
    if not {"color", "c"} & kwargs.keys():
        kwargs["color"] = palette(ax).line
    with canvas.style_of("Axes.plot"):
        (curve,) = ax.plot(inputs[order], times, **kwargs)
    if threshold is not None:
        ax.axvline(threshold, color=OFF_COLOR, linestyle="--", linewidth=1)
    canvas.label(ax, "Input value", "Spike time [steps]" if time_step is None else "Spike time [s]")
    return curve
