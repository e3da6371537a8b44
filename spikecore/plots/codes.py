"""Plots of codes of time series: what one of them does, and what several of them cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import ArrayLike, Number
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR, distinct, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    from spikecore.annotations import Array
    from spikecore.decode import Choice

MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # of codes whose colours look alike in greyscale
HEIGHTS = (2.2, 1, 1)  # of the panels of a code


class CodePlot(NamedTuple):
    """What ``code`` draws, from top to bottom.

    Attributes
    ----------
    signal, decoded : matplotlib.lines.Line2D
        The two curves of the first panel.
    up, down : matplotlib.collections.LineCollection
        The spikes of the second panel.
    error : matplotlib.lines.Line2D
        The curve of the third panel, ``decoded - data``.
    """

    signal: Line2D
    decoded: Line2D
    up: LineCollection
    down: LineCollection
    error: Line2D


def code(
    data: ArrayLike,
    spikes: ArrayLike,
    decoded: ArrayLike,
    ax: Axes | Sequence[Axes] | Array | None = None,
    *,
    bound: Number | None = None,
    time_step: Number | None = False,
    ylabel: str = "Signal",
) -> CodePlot:
    """Draw a signal, its spikes up and down, the signal that they decode to, and its error.

    Three panels, one above the other: signal and decoded signal; a line for each spike, from 0 to
    its value; ``decoded - data``.

    Parameters
    ----------
    data : array_like, shape ``[num_steps]``
        One feature of a signal.
    spikes : array_like, shape ``[num_steps]`` or ``[num_steps, 2]``
        Its spikes: signed, counted or graded; or in two channels, up and down.
    decoded : array_like, shape ``[num_steps]``
        The signal that a decoder gives back.
    ax : matplotlib.axes.Axes or array of Axes, optional
        An array has the three panels, from top to bottom. A single axes is divided into panels.
        ``None`` chooses as in ``traces``.
    bound : float, optional
        Draw dashed lines at an error of plus and minus this: the bound that the code states.
    time_step : float, optional
        Seconds per step; the time axis is then in seconds.
    ylabel : str
        What the signal is, and its unit: ``"ECG [mV]"``.

    Returns
    -------
    CodePlot
        The artists ``signal``, ``decoded``, ``up``, ``down`` and ``error``.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If an array is empty, not finite or has another shape, or another argument is out of range.

    Notes
    -----
    snnTorch has no such function.

    Examples
    --------
    >>> from spikecore import decode, spikegen, spikeplot
    >>> x = [0.0, 1.0, 2.0, 1.5, 0.5]
    >>> spikes = spikegen.step_forward(x, 0.75)
    >>> y = decode.staircase(spikes, 0.75, initial=x[0])
    >>> drawn = spikeplot.code(x, spikes, y, bound=0.75)
    >>> drawn.decoded.get_ydata(), drawn.error.get_ydata()
    (array([0.  , 0.75, 1.5 , 1.5 , 0.75]), array([ 0.  , -0.25, -0.5 ,  0.  ,  0.25]))
    """
    data = canvas.finite_array("data", data, "[num_steps]", 1, 1).astype(np.float64)
    if not data.size:
        arguments.refuse("data", "hold a signal", f"shape {data.shape}", "record one")
    up, down = _up_and_down(spikes, data.shape)
    decoded = canvas.finite_array("decoded", decoded, "[num_steps]", 1, 1).astype(np.float64)
    if decoded.shape != data.shape:
        must, remedy = f"have the shape of data, {data.shape}", "decode the spikes of this signal"
        arguments.refuse("decoded", must, decoded.shape, remedy)
    bound = None if bound is None else arguments.number("bound", bound, 0, open_low=True)
    time_step = canvas.optional_time_step(time_step)
    if not isinstance(ylabel, str):
        must, remedy = "be a string", "pass for example 'ECG [mV]'"
        arguments.refuse("ylabel", must, arguments.shown(ylabel), remedy, TypeError)
    canvas.require_matplotlib()

    step = 1 if time_step is None else time_step
    times = np.arange(len(data)) * step
    panels = canvas.panels(ax, 3, 1, 3, (7, 5), HEIGHTS)
    margin = max(step / 2, 0.01 * times[-1])  # else a first spike would lie on the axis
    limits = [canvas.limits(panel, "x", -margin, times[-1] + margin) for panel in panels]
    signal, approached = _draw_signals(panels[0], times, data, decoded)
    ups, downs = _draw_spikes(panels[1], times, up, down)
    error = _draw_error(panels[2], times, decoded - data, bound)
    for panel, xlim, name in zip(panels, limits, (ylabel, "Spikes", "Error"), strict=True):
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_xlim(xlim)
        panel.tick_params(labelbottom=panel is panels[-1])
        canvas.label(panel, "Time step" if time_step is None else "Time [s]", name)
    return CodePlot(signal, approached, ups, downs, error)


def _up_and_down(spikes, shape):
    """The values of spikes up, and of spikes down, at every step; 0 where there is none."""
    spikes = canvas.finite_array("spikes", spikes, "[num_steps] or [num_steps, 2]", 1, 2)
    if spikes.shape not in (shape, (*shape, 2)):
        must = f"have the shape of data, {shape}, or two channels of it"
        arguments.refuse("spikes", must, spikes.shape, "pass the spikes of this signal")
    spikes = spikes.astype(np.float64)
    if spikes.ndim == 2:
        return spikes[:, 0], -spikes[:, 1]
    return np.maximum(spikes, 0), np.minimum(spikes, 0)


def _draw_signals(panel, times, data, decoded):
    """The signal, broad and pale, and on it the decoded signal."""
    colors = palette(panel)
    (signal,) = panel.plot(times, data, color=colors.bar, linewidth=3, label="signal")
    (line,) = panel.plot(times, decoded, color=colors.line, linewidth=1.2, label="decoded")
    panel.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))  # above
    return signal, line


def _draw_spikes(panel, times, up, down):
    """A line from 0 to the value of every spike."""
    colors = palette(panel)
    reach = 1.1 * max(up.max(), -down.min(), np.finfo(np.float32).tiny)
    ylim = canvas.limits(panel, "y", -reach if down.any() else 0, reach)
    panel.axhline(0, color=colors.ink, linewidth=0.6)
    drawn = []
    for values, color in ((up, colors.ink), (down, OFF_COLOR)):
        at = np.flatnonzero(values)
        drawn.append(panel.vlines(times[at], 0, values[at], color=color, linewidth=1.2))
    panel.set_ylim(ylim)
    return drawn


def _draw_error(panel, times, error, bound):
    """The error, and the bound on both sides of 0."""
    colors = palette(panel)
    panel.axhline(0, color=colors.ink, linewidth=0.6)
    (line,) = panel.plot(times, error, color=colors.line, linewidth=1.2)
    for level in () if bound is None else (-bound, bound):
        panel.axhline(level, color=OFF_COLOR, linestyle="--", linewidth=1)
    return line


def trade_off(
    codes: Mapping[str, Choice | Mapping[str, Any]],
    ax: Axes | None = None,
) -> list[Line2D]:
    """Draw the signal-to-noise ratio of codes against their spikes.

    A dot for each parameter that was tried, and for each code a line: the highest ratio with at
    most so many spikes.

    Parameters
    ----------
    codes : mapping of str to Choice or mapping
        For the name of each code what :func:`~spikecore.decode.choose` gave, whose choice is then
        marked by a larger dot; or a mapping with ``"count"`` and ``"snr"``, an array each with one
        number per parameter. Parameters with no spikes, or without a finite ratio, are left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if the program uses pyplot, and on a
        new figure, ``trade_off(codes)[0].figure``, if it does not.

    Returns
    -------
    list of matplotlib.lines.Line2D
        The line of each code, whose dots and choice follow it in ``line.axes.lines``.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``codes`` is not such a mapping, or one of them has nothing to draw.

    Notes
    -----
    All codes must be of one signal, whose distance from 0 raises the ratio of each by as much.
    snnTorch has no such function.

    Examples
    --------
    >>> from spikecore import spikeplot
    >>> tried = {"count": [80, 40, 20, 10], "snr": [30.0, 20.0, 21.0, 10.0]}
    >>> (line,) = spikeplot.trade_off({"step_forward": tried})
    >>> line.get_xdata(), line.get_ydata()
    (array([10., 20., 80.]), array([10., 21., 30.]))
    """
    if not isinstance(codes, Mapping):
        must, remedy = "be a mapping of names to what was tried", "pass {'name': choice}"
        arguments.refuse("codes", must, arguments.shown(codes), remedy, TypeError)
    names = canvas.texts("codes", list(codes))
    if not names:
        arguments.refuse("codes", "hold a code", "none", "pass {'name': choice}")
    tried = [_tried(f"codes[{arguments.shown(key)}]", value) for key, value in codes.items()]
    canvas.require_matplotlib()

    ax = canvas.axes(ax, (6, 4))
    colors, lines = distinct(ax), []
    for index, (name, (counts, ratios, chosen)) in enumerate(zip(names, tried, strict=True)):
        color, marker = colors[index % len(colors)], MARKERS[index % len(MARKERS)]
        lines.append(_draw_front(ax, name, counts, ratios, color, marker))
        if chosen is not None:
            ax.plot(*chosen, marker, color=color, markersize=9, markeredgecolor=palette(ax).ink)
    ax.set_xscale("log")
    ax.legend(frameon=False, loc="upper left")  # where no code gets: a high ratio of few spikes
    canvas.label(ax, "Spikes", "Signal-to-noise ratio [dB]")
    return lines


def _tried(name, value):
    """Spikes and ratios of what can be drawn of a code, and those of the choice or None."""
    table, chosen = _table(value)
    remedy = "pass what decode.choose returns"
    if table is None or not {"count", "snr"} <= set(table):
        must = "be a Choice, or a mapping with 'count' and 'snr'"
        arguments.refuse(name, must, arguments.shown(value), remedy, TypeError)
    counts, ratios = (
        arguments.array(f"{name}[{key!r}]", table[key]).astype(np.float64)
        for key in ("count", "snr")
    )
    if counts.ndim != 1 or counts.shape != ratios.shape:
        must = "hold two arrays with one number per parameter"
        arguments.refuse(name, must, f"shapes {counts.shape} and {ratios.shape}", remedy)
    known = np.isfinite(counts) & np.isfinite(ratios) & (counts > 0)
    if not known.any():
        must = "have a parameter with spikes and a finite ratio"
        arguments.refuse(name, must, "none", "try other parameters")
    return counts[known], ratios[known], chosen


def _table(value):
    """The mapping of what was tried, and spikes and ratio of the choice, or None."""
    if isinstance(value, Mapping):
        return value, None
    from spikecore.decode import Choice  # here, because it loads Numba

    if not isinstance(value, Choice):
        return None, None
    return value.tried, (value.metrics.count, value.metrics.snr)


def _draw_front(ax, name, counts, ratios, color, marker):
    """A dot for each parameter, and the line of the best."""
    best = _front(counts, ratios)
    (line,) = ax.plot(
        counts[best], ratios[best], color=color, drawstyle="steps-post", linewidth=1.5, label=name
    )
    line.set_marker(marker)
    line.set_markersize(4)
    ax.plot(counts, ratios, marker, color=color, markersize=3, alpha=0.35)
    return line


def _front(counts, ratios):
    """Indices of the parameters that no other beats with as few spikes, in order of spikes."""
    order = np.lexsort((-ratios, counts))
    highest = np.maximum.accumulate(ratios[order])
    rises = np.concatenate([[True], highest[1:] > highest[:-1]])
    return order[rises]
