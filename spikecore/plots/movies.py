"""Films of spikes, and saving films."""

from __future__ import annotations

import base64
import errno
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spikecore import arguments
from spikecore.annotations import ArrayLike, Integer, Number
from spikecore.files import whole
from spikecore.foreign import a_kind
from spikecore.plots import canvas
from spikecore.plots.colors import palette

if TYPE_CHECKING:
    from matplotlib.animation import Animation, FuncAnimation
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

VIDEOS = (".mp4", ".mov", ".mkv", ".webm")
LONGEST_FRAME = 655_350  # milliseconds: a GIF has 16 bits for its hundredths of a second
FORMATS = (".gif", *VIDEOS, ".html")


def animator(
    data: ArrayLike,
    fig: Figure | None = None,
    ax: Axes | None = None,
    num_steps: Integer | None = False,
    interval: Number = 40,
    cmap: str | Colormap = "plasma",
    *,
    step_label: bool = True,
) -> FuncAnimation:
    """Animate images of spikes, one frame for each time step.

    Parameters
    ----------
    data : array_like, shape ``[num_steps, height, width]``
        Spikes or membranes of one sample, any real dtype. They are copied.
    fig : matplotlib.figure.Figure, optional
        The figure of ``ax``, or the one to add axes to.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` makes axes in ``fig``. If that is None too, it draws on pyplot's
        current axes if the program uses pyplot and they are empty, and on a new figure otherwise.
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
        Keep a reference to it while it plays; save it with ``save_animation``, or show it in a
        notebook with ``HTML(animation.to_jshtml())``. ``to_html5_video`` needs the program ffmpeg.

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
    frames = canvas.finite_array("data", data, "[num_steps, height, width]", 3, 3)
    if not frames.size:
        arguments.refuse("data", "hold pixels and steps", f"shape {frames.shape}", "record some")
    num_steps = canvas.steps_to_show(num_steps, frames)
    interval = arguments.number("interval", interval, 0, open_low=True)
    step_label = arguments.flag("step_label", step_label)
    canvas.require_matplotlib()
    cmap = canvas.color_map("cmap", cmap)

    frames = frames[:num_steps].astype(np.float64 if frames.dtype == np.float64 else np.float32)
    low, high = frames.min(), frames.max()
    fig, ax = canvas.empty_axes(fig, ax, (4, 4.2))
    ax.set_axis_off()
    image = ax.imshow(
        frames[0],
        cmap=cmap,
        vmin=low,
        vmax=high if high > low else low + 1,
        interpolation="nearest",
    )
    ink = palette(ax).ink
    counter = ax.text(0.5, -0.02, "", transform=ax.transAxes, ha="center", va="top", color=ink)

    def show(step):
        image.set_data(frames[step])
        if step_label:
            counter.set_text(f"step {step} (last: {num_steps - 1})")
        return image, counter

    show(0)
    return film(fig, show, num_steps, interval)


def film(fig, show, frames, interval):
    """An animation that calls ``show(frame)``, and says what to do where ffmpeg is missing."""
    return _film_class()(
        fig, show, frames=frames, init_func=lambda: (), interval=interval, cache_frame_data=False
    )


@cache
def _film_class():
    """matplotlib's class with checks, made when something is drawn, which imports matplotlib."""
    import matplotlib
    from matplotlib.animation import FuncAnimation

    class Film(FuncAnimation):
        def save(self, filename, writer=None, *args, **kwargs):
            ffmpeg = (writer or matplotlib.rcParams["animation.writer"]) == "ffmpeg"
            if ffmpeg and Path(filename).suffix.lower() in VIDEOS:
                _require_ffmpeg(f"filename {str(filename)!r}", "save as .gif")
            return super().save(filename, writer, *args, **kwargs)

        def to_html5_video(self, *args, **kwargs):
            if matplotlib.rcParams["animation.writer"] == "ffmpeg":
                _require_ffmpeg("to_html5_video", "use to_jshtml, which needs no program")
            return super().to_html5_video(*args, **kwargs)

    return Film


def _require_ffmpeg(what, instead):
    """Raise a RuntimeError when matplotlib finds no ffmpeg."""
    from matplotlib.animation import writers

    if not writers.is_available("ffmpeg"):
        raise RuntimeError(
            f"{what} needs the program ffmpeg, which was not found; install it, for example with "
            f"apt, brew or conda install ffmpeg, or {instead}"
        )


def save_animation(
    animation: Animation,
    path: str | os.PathLike[str],
    progress: bool = False,
    fps: Number | None = None,
) -> None:
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
    OSError
        If the file cannot be written. Nothing appears under ``path`` unless the film is whole.
    TypeError, ValueError
        If ``path`` has another ending, or another argument is out of range.

    Examples
    --------
    See ``animator``.
    """
    path = _film_path(path)
    progress = arguments.flag("progress", progress)
    fps = None if fps is None else arguments.number("fps", fps, 0, open_low=True)
    canvas.require_matplotlib()
    from matplotlib.animation import Animation

    if not isinstance(animation, Animation):
        arguments.refuse(
            "animation",
            "be a matplotlib Animation",
            a_kind(animation),
            "pass what animator returned",
            TypeError,
        )
    if path.suffix.lower() != ".gif":
        _require_ffmpeg(f"path {str(path)!r}", "save as .gif")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "the folder does not exist; make it", str(path.parent)
        )
    bar = _progress_bar(path.name) if progress else None
    try:
        with whole(path) as part:
            _write(animation, part, fps, bar)
    finally:
        if bar is not None:
            bar.close()


def _film_path(path):
    """``path`` with an ending that says in which format to write."""
    remedy = "pass for example 'film.gif'"
    result = arguments.path("path", path, "be a file's name", remedy)
    if result.suffix.lower() not in FORMATS:
        arguments.refuse(
            "path",
            f"end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}",
            repr(str(path)),
            "rename it",
        )
    return result


def _progress_bar(name):
    """A bar on stderr that counts frames."""
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise ImportError(
            "progress=True needs tqdm, which is not installed; "
            "install it with pip install 'spikecore[plot]'"
        ) from error
    return tqdm(desc=name, unit="frame")


def _write(animation, path, fps, bar):
    """Write the film in the format of the name's ending."""
    kind = path.suffix.lower()
    if kind == ".html":
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "video.mp4"
            _write(animation, video, fps, bar)
            content = base64.b64encode(video.read_bytes()).decode("ascii")
        path.write_text(
            '<!DOCTYPE html>\n<video controls autoplay loop src="data:video/mp4;base64,'
            f'{content}"></video>\n'
        )
        return

    def advance(frame, total):
        if bar is not None:
            bar.total = total
            bar.update()

    writer = "ffmpeg"
    if kind == ".gif":
        writer, fps = "pillow", _gif_fps(animation, fps)
    animation.save(path, writer=writer, fps=fps, progress_callback=advance)


def _gif_fps(animation, fps):
    """Frames per second that Pillow's writer turns into the nearest whole hundredths."""
    # Its event source has the interval too, but not while it waits to repeat or after it was shown.
    milliseconds = getattr(animation, "_interval", None) if fps is None else 1000 / fps
    if milliseconds is None:
        return None
    if milliseconds > LONGEST_FRAME:
        name, given = ("fps", fps) if fps is not None else ("animation", f"{milliseconds:g} ms")
        must = f"show a frame of a GIF for at most {LONGEST_FRAME} ms"
        arguments.refuse(name, must, given, "choose a smaller interval or a larger fps")
    # It cuts 1000 / fps to whole milliseconds, so that 30 ms come back as 29 and are shown as 20.
    return 1000 / (max(10, 10 * round(milliseconds / 10)) + 0.5)
