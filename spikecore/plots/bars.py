"""The bars of spike counts, at the end or as the spikes come in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from spikecore import arguments
from spikecore.annotations import ArrayLike, Integer, Number
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR, background, palette, text_on
from spikecore.plots.movies import film

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure


@overload
def spike_count(
    data: ArrayLike,
    fig: Figure | None = None,
    ax: Axes | None = None,
    labels: Iterable[object] | None = None,
    num_steps: Integer | None = False,
    animate: Literal[False] = False,
    interpolate: Integer = 1,
    gridshader: bool = True,
    interval: Number = 25,
    time_step: Number | None = False,
) -> BarContainer: ...


@overload
def spike_count(
    data: ArrayLike,
    fig: Figure | None = None,
    ax: Axes | None = None,
    labels: Iterable[object] | None = None,
    num_steps: Integer | None = False,
    *,
    animate: Literal[True],
    interpolate: Integer = 1,
    gridshader: bool = True,
    interval: Number = 25,
    time_step: Number | None = False,
) -> FuncAnimation: ...


@overload
def spike_count(
    data: ArrayLike,
    fig: Figure | None,
    ax: Axes | None,
    labels: Iterable[object] | None,
    num_steps: Integer | None,
    animate: Literal[True],
    interpolate: Integer = 1,
    gridshader: bool = True,
    interval: Number = 25,
    time_step: Number | None = False,
) -> FuncAnimation: ...


def spike_count(
    data: ArrayLike,
    fig: Figure | None = None,
    ax: Axes | None = None,
    labels: Iterable[object] | None = None,
    num_steps: Integer | None = False,
    animate: bool = False,
    interpolate: Integer = 1,
    gridshader: bool = True,
    interval: Number = 25,
    time_step: Number | None = False,
) -> BarContainer | FuncAnimation:
    """Draw a bar for the number of spikes of each output, at the end or as they come in.

    The outputs with the most spikes are dark and bold; when there are several, each says "(tie)".

    Parameters
    ----------
    data : array_like, shape ``[num_steps, outputs]``
        Output spikes of one sample, any real dtype, not negative. An element of 2 is two spikes.
    fig : matplotlib.figure.Figure, optional
        The figure of ``ax``, or the one to add axes to.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` makes axes in ``fig``. If that is None too, it draws on pyplot's
        current axes if the program uses pyplot and they are empty, and on a new figure otherwise.
    labels : sequence, optional
        Names of the outputs, the first at the bottom; their numbers when None.
    num_steps : int, optional
        Count this many of the first steps; all when False or None.
    animate : bool
        Return an animation, in which a line moves with time over the bars.
    interpolate : int
        Frames per step, so that the line moves smoothly.
    gridshader : bool
        Shade every other output.
    interval : float
        Milliseconds between frames.
    time_step : float, optional
        Seconds per step; the time axis, at the top, is then in seconds.

    Returns
    -------
    matplotlib.container.BarContainer or matplotlib.animation.FuncAnimation
        The bars, or the animation of ``num_steps * interpolate + 1`` frames. Frame ``k`` shows the
        spikes of the first ``k // interpolate`` steps, the last frame those of all steps.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` is negative, not finite or of another shape, or another argument is out of
        range.

    Notes
    -----
    Deliberate differences from ``snntorch.spikeplot.spike_count`` 1.0.0: the animation ends with
    the last step's spikes (there they are never shown). Everything is drawn on ``ax`` (there partly
    on pyplot's current axes), ``rcParams`` stay as they are, and pandas is not needed. Counts are
    written beside the bars, and time has an axis of its own. Shading tells outputs apart, as the
    documentation there says (there it follows the ticks of the time axis). ``labels`` may be left
    out, and negative spikes are refused.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> spikes = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 1]])
    >>> bars = spikeplot.spike_count(spikes, labels=["cat", "dog", "bird"])
    >>> print([int(bar.get_width()) for bar in bars])
    [3, 0, 2]
    """
    spikes = canvas.finite_array("data", data, "[num_steps, outputs]", 2, 2)
    if not spikes.size:
        arguments.refuse("data", "hold outputs and steps", f"shape {spikes.shape}", "record some")
    if spikes.min() < 0:
        arguments.refuse(
            "data", "not hold negative spikes", spikes.min(), "count data > 0 and data < 0 apart"
        )
    num_steps = canvas.steps_to_show(num_steps, spikes)
    names = canvas.texts("labels", range(spikes.shape[1]) if labels is None else labels)
    if len(names) != spikes.shape[1]:
        arguments.refuse(
            "labels", f"name {spikes.shape[1]} outputs", f"{len(names)} names", "give one each"
        )
    animate = arguments.flag("animate", animate)
    interpolate = arguments.integer(
        "interpolate", interpolate, 1, remedy="pass the frames per step"
    )
    gridshader = arguments.flag("gridshader", gridshader)
    interval = arguments.number("interval", interval, 0, open_low=True)
    time_step = canvas.optional_time_step(time_step)
    canvas.require_matplotlib()

    fig, ax = canvas.empty_axes(fig, ax, (7, 0.9 + 0.38 * len(names) + 0.4 * animate))
    counts = np.zeros((num_steps + 1, len(names)))  # counts[k]: after k steps
    np.cumsum(spikes[:num_steps], axis=0, out=counts[1:])
    bars = _Bars(ax, names, max(num_steps, counts[-1].max()), gridshader)
    if time_step is not None or animate:
        _time_axis(ax, time_step)
    if not animate:
        bars.show(counts[-1])
        return bars.container
    line = ax.axvline(0, color=OFF_COLOR, linewidth=2.5, zorder=2.5, clip_on=False)

    def show(frame):
        line.set_xdata([frame / interpolate] * 2)
        return line, *bars.show(counts[frame // interpolate])

    show(0)
    return film(fig, show, num_steps * interpolate + 1, interval)


class _Bars:
    """Horizontal bars with their counts beside them, made once and updated for every frame."""

    def __init__(self, ax, names, longest, shaded):
        rows = np.arange(len(names))
        self.longest = longest
        self.colors = palette(ax)
        self.container = ax.barh(
            rows, 0 * rows, height=0.7, color=self.colors.bar, tick_label=names
        )
        self.counts = [ax.text(0, row, "", va="center", zorder=3) for row in rows]
        self.backgrounds = [background(ax)] * len(names)
        if shaded:
            for row in rows[1::2]:
                ax.axhspan(row - 0.5, row + 0.5, color=self.colors.shade, zorder=0)
                self.backgrounds[row] = self.colors.shade
        ax.set_xlim(0, longest)
        ax.set_ylim(-0.5, len(names) - 0.5)
        canvas.whole_ticks(ax.xaxis)
        canvas.label(ax, "Spike count", "Output")
        ax.spines[["top", "right"]].set_visible(False)

    def show(self, counts):
        """Set every bar to its count, and return the artists."""
        from matplotlib.patheffects import withStroke

        leads = (counts == counts.max()) & (counts > 0)
        tie = " (tie)" if leads.sum() > 1 else ""
        for bar, text, row_color, count, leading in zip(
            self.container, self.counts, self.backgrounds, counts, leads, strict=True
        ):
            bar.set_width(count)
            bar.set_facecolor(self.colors.leader if leading else self.colors.bar)
            # Long bars carry their count inside, where the axes cannot cut it off.  A rim of the
            # colour behind it keeps the count legible where the line of time crosses it.
            inside = count > 0.8 * self.longest
            behind = bar.get_facecolor() if inside else row_color
            text.set(
                x=count,
                text=f" {count:g}{tie if leading else ''} ",
                horizontalalignment="right" if inside else "left",
                fontweight="bold" if leading else "normal",
                color=text_on(behind),
                path_effects=[withStroke(linewidth=3, foreground=behind)],
            )
        return *self.container, *self.counts


def _time_axis(ax, time_step):
    """Put an axis of time at the top, on the scale of the steps."""
    scale = 1 if time_step is None else time_step
    top = ax.secondary_xaxis("top", functions=(lambda x: x * scale, lambda t: t / scale))
    top.set_xlabel("Time step" if time_step is None else "Time [s]")
    if time_step is None:
        canvas.whole_ticks(top.xaxis)
