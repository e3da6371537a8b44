"""Animations: frames of spikes, the race of spike counts, and saving them."""

import base64
import tempfile
from pathlib import Path

import numpy as np

from spikecore import arguments
from spikecore.plots.canvas import (
    BAR_COLOR,
    LEADER_COLOR,
    OFF_COLOR,
    figure_and_axes,
    finite_array,
    optional_time_step,
    require_matplotlib,
    steps_to_show,
    whole_ticks,
)


def animator(
    data, fig=None, ax=None, num_steps=False, interval=40, cmap="plasma", *, step_label=True
):
    """Animate images of spikes, one frame for each time step.

    Parameters
    ----------
    data : array_like, shape ``[num_steps, height, width]``
        Spikes or membranes of one sample, any real dtype. They are copied.
    fig : matplotlib.figure.Figure, optional
        The figure of ``ax``, or the one to add axes to.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` makes axes, in a figure unknown to pyplot if ``fig`` is None too.
    num_steps : int, optional
        Show this many of the first steps; all when False or None.
    interval : float
        Milliseconds between frames.
    cmap : str or matplotlib.colors.Colormap
        One scale for all frames, from the lowest to the highest value of the frames shown.
    step_label : bool
        Count the steps below the image. It also keeps frames apart in a GIF: Pillow joins equal
        frames into one that lasts longer.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        Keep a reference to it while it plays; save it with ``save_animation``.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` is not finite or of another shape, or another argument is out of range.

    Notes
    -----
    Deliberate differences from ``snntorch.spikeplot.animator`` 1.0.0: one image is updated (there
    one image per step is drawn beforehand: 17 s for 1000 steps of 28x28). ``fig`` and ``ax`` may be
    left out. Axes are switched off on ``ax``, not on pyplot's current axes.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from spikecore import spikeplot
    >>> animation = spikeplot.animator(np.eye(4).reshape(4, 2, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "spikes.gif"
    ...     spikeplot.save_animation(animation, path)
    ...     path.stat().st_size > 0
    True
    """
    frames = finite_array("data", data, "[num_steps, height, width]", 3, 3)
    if not frames.size:
        raise ValueError(f"data must hold pixels and steps, got shape {frames.shape}; record some")
    num_steps = steps_to_show(num_steps, frames)
    interval = arguments.number("interval", interval, 0, open_low=True)
    step_label = arguments.flag("step_label", step_label)
    require_matplotlib()
    from matplotlib.animation import FuncAnimation

    frames = frames[:num_steps].astype(np.float64 if frames.dtype == np.float64 else np.float32)
    low, high = frames.min(), frames.max()
    fig, ax = figure_and_axes(fig, ax, (4, 4.2))
    ax.set_axis_off()
    image = ax.imshow(
        frames[0],
        cmap=cmap,
        vmin=low,
        vmax=high if high > low else low + 1,
        interpolation="nearest",
    )
    counter = ax.text(0.5, -0.02, "", transform=ax.transAxes, ha="center", va="top")

    def show(step):
        image.set_data(frames[step])
        if step_label:
            counter.set_text(f"step {step} of {num_steps}")
        return image, counter

    show(0)
    return FuncAnimation(
        fig, show, frames=num_steps, init_func=lambda: (), interval=interval, cache_frame_data=False
    )


def spike_count(
    data,
    fig=None,
    ax=None,
    labels=None,
    num_steps=False,
    animate=False,
    interpolate=1,
    gridshader=True,
    interval=25,
    time_step=False,
):
    """Draw a bar for the number of spikes of each output, at the end or as they come in.

    The outputs with the most spikes are dark and bold; when there are several, each says "(tie)".

    Parameters
    ----------
    data : array_like, shape ``[num_steps, outputs]``
        Output spikes of one sample, any real dtype, not negative. An element of 2 is two spikes.
    fig : matplotlib.figure.Figure, optional
        The figure of ``ax``, or the one to add axes to.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` makes axes, in a figure unknown to pyplot if ``fig`` is None too.
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
    spikes = finite_array("data", data, "[num_steps, outputs]", 2, 2)
    if not spikes.size:
        raise ValueError(f"data must hold outputs and steps, got shape {spikes.shape}; record some")
    if spikes.min() < 0:
        raise ValueError(
            f"data must not hold negative spikes, got {spikes.min()}; count data > 0 and data < 0 "
            "apart"
        )
    num_steps = steps_to_show(num_steps, spikes)
    names = [str(name) for name in (range(spikes.shape[1]) if labels is None else labels)]
    if len(names) != spikes.shape[1]:
        raise ValueError(
            f"labels must name {spikes.shape[1]} outputs, got {len(names)} names; give one each"
        )
    animate = arguments.flag("animate", animate)
    interpolate = arguments.integer(
        "interpolate", interpolate, 1, remedy="pass the frames per step"
    )
    gridshader = arguments.flag("gridshader", gridshader)
    interval = arguments.number("interval", interval, 0, open_low=True)
    time_step = optional_time_step(time_step)
    require_matplotlib()

    fig, ax = figure_and_axes(fig, ax, (7, 0.9 + 0.38 * len(names) + 0.4 * animate))
    counts = np.zeros((num_steps + 1, len(names)))  # counts[k]: after k steps
    np.cumsum(spikes[:num_steps], axis=0, out=counts[1:])
    bars = _Bars(ax, names, max(num_steps, counts[-1].max()), gridshader)
    if time_step is not None or animate:
        _time_axis(ax, time_step)
    if not animate:
        bars.show(counts[-1])
        return bars.container
    from matplotlib.animation import FuncAnimation

    line = ax.axvline(0, color=OFF_COLOR, linewidth=2.5, zorder=2.5, clip_on=False)

    def show(frame):
        line.set_xdata([frame / interpolate] * 2)
        return line, *bars.show(counts[frame // interpolate])

    show(0)
    return FuncAnimation(
        fig,
        show,
        frames=num_steps * interpolate + 1,
        init_func=lambda: (),
        interval=interval,
        cache_frame_data=False,
    )


SHADE = "0.93"


class _Bars:
    """Horizontal bars with their counts beside them, made once and updated for every frame."""

    def __init__(self, ax, names, longest, shaded):
        rows = np.arange(len(names))
        self.longest = longest
        self.container = ax.barh(rows, 0 * rows, height=0.7, color=BAR_COLOR, tick_label=names)
        self.counts = [ax.text(0, row, "", va="center", zorder=3) for row in rows]
        self.backgrounds = [ax.get_facecolor()] * len(names)
        if shaded:
            for row in rows[1::2]:
                ax.axhspan(row - 0.5, row + 0.5, color=SHADE, zorder=0)
                self.backgrounds[row] = SHADE
        ax.set_xlim(0, longest)
        ax.set_ylim(-0.5, len(names) - 0.5)
        whole_ticks(ax.xaxis)
        ax.set_xlabel("Spike count")
        ax.set_ylabel("Output")
        ax.spines[["top", "right"]].set_visible(False)

    def show(self, counts):
        """Set every bar to its count, and return the artists."""
        from matplotlib.patheffects import withStroke

        leads = (counts == counts.max()) & (counts > 0)
        tie = " (tie)" if leads.sum() > 1 else ""
        for bar, text, background, count, leading in zip(
            self.container, self.counts, self.backgrounds, counts, leads, strict=True
        ):
            bar.set_width(count)
            bar.set_facecolor(LEADER_COLOR if leading else BAR_COLOR)
            # Long bars carry their count inside, where the axes cannot cut it off.  A rim of the
            # colour behind it keeps the count legible where the line of time crosses it.
            inside = count > 0.8 * self.longest
            behind = bar.get_facecolor() if inside else background
            text.set(
                x=count,
                text=f" {count:g}{tie if leading else ''} ",
                horizontalalignment="right" if inside else "left",
                fontweight="bold" if leading else "normal",
                color="white" if inside and leading else "black",
                path_effects=[withStroke(linewidth=3, foreground=behind)],
            )
        return *self.container, *self.counts


def _time_axis(ax, time_step):
    """Put an axis of time at the top, on the scale of the steps."""
    scale = 1 if time_step is None else time_step
    top = ax.secondary_xaxis("top", functions=(lambda x: x * scale, lambda t: t / scale))
    top.set_xlabel("Time step" if time_step is None else "Time [s]")
    if time_step is None:
        whole_ticks(top.xaxis)


def save_animation(animation, path, progress=False, fps=None):
    """Write an animation to a file, in the format that the ending of its name says.

    Parameters
    ----------
    animation : matplotlib.animation.Animation
        As ``animator`` or ``spike_count(..., animate=True)`` return it.
    path : str or os.PathLike
        ``.gif`` needs Pillow only, which comes with matplotlib. ``.mp4``, ``.mov``, ``.mkv``,
        ``.webm`` and ``.html`` (a page with the video in it) need the program ffmpeg. A GIF counts
        time in hundredths of a second, to which the frames are rounded: 25 ms become 20.
    progress : bool
        Show a progress bar on stderr, which needs ``tqdm`` (the extra ``spikecore[plot]``).
    fps : float, optional
        Frames per second; by default those of the animation's interval.

    Raises
    ------
    ImportError
        If matplotlib, or ``tqdm`` where it is needed, is not installed.
    RuntimeError
        If the format needs ffmpeg and it is not found.
    TypeError, ValueError
        If ``path`` has another ending, or another argument is out of range.

    Examples
    --------
    See ``animator``.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".gif", ".mp4", ".mov", ".mkv", ".webm", ".html"):
        raise ValueError(
            f"path must end in .gif, .mp4, .mov, .mkv, .webm or .html, got {str(path)!r}; rename it"
        )
    progress = arguments.flag("progress", progress)
    fps = None if fps is None else arguments.number("fps", fps, 0, open_low=True)
    require_matplotlib()
    from matplotlib.animation import Animation, writers

    if not isinstance(animation, Animation):
        raise TypeError(
            f"animation must be a matplotlib Animation, got a {type(animation).__name__}; "
            "pass what animator returned"
        )
    if kind != ".gif" and not writers.is_available("ffmpeg"):
        raise RuntimeError(
            f"path {str(path)!r} is a video, which needs the program ffmpeg, and it was not found; "
            "install ffmpeg or save as .gif"
        )
    if kind == ".html":
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "video.mp4"
            save_animation(animation, video, progress, fps)
            content = base64.b64encode(video.read_bytes()).decode("ascii")
        path.write_text(
            '<!DOCTYPE html>\n<video controls autoplay loop src="data:video/mp4;base64,'
            f'{content}"></video>\n'
        )
        return
    writer = "ffmpeg"
    if kind == ".gif":
        writer, fps = "pillow", _gif_fps(animation, fps)
    if not progress:
        animation.save(path, writer=writer, fps=fps)
        return
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise ImportError(
            "progress=True needs tqdm, which is not installed; "
            "install it with pip install 'spikecore[plot]'"
        ) from error
    with tqdm(desc=path.name, unit="frame") as bar:

        def advance(frame, total):
            bar.total = total
            bar.update()

        animation.save(path, writer=writer, fps=fps, progress_callback=advance)


def _gif_fps(animation, fps):
    """Frames per second that Pillow's writer turns into the nearest whole hundredths."""
    # Its event source has the interval too, but not while it waits to repeat or after it was shown.
    milliseconds = getattr(animation, "_interval", None) if fps is None else 1000 / fps
    if milliseconds is None:
        return None
    # It cuts 1000 / fps to whole milliseconds, so that 30 ms come back as 29 and are shown as 20.
    return 1000 / (max(10, 10 * round(milliseconds / 10)) + 0.5)
