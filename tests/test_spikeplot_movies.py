"""animator and spike_count: what every frame shows, in memory and in the file."""

import numpy as np
import pytest
from fuzzing.values import Raises, nested
from matplotlib.animation import AbstractMovieWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from spikecore import spikeplot
from spikecore.plots import canvas


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """Every plot without ax gets a figure of its own, whatever other tests have imported."""
    monkeypatch.setattr(canvas, "pyplot_in_use", lambda: None)


SPIKES = (np.random.default_rng(2).random((6, 3, 4)) < 0.5).astype(np.float32)
SPIKES[3] = SPIKES[2]  # two equal frames, which Pillow would join into one


class Recorder(AbstractMovieWriter):
    """A writer that reads the artists of each frame instead of drawing it."""

    def __init__(self, read):
        super().__init__()
        self.read, self.frames = read, []

    def setup(self, fig, outfile, dpi=None):
        pass

    def grab_frame(self, **arguments):
        self.frames.append(self.read())

    def finish(self):
        pass


def frames_of(animation, read):
    """What ``read`` returns in each frame of an animation."""
    recorder = Recorder(read)
    animation.save("nowhere", writer=recorder)
    return recorder.frames


def finished(animation):
    """The animation, with matplotlib told not to warn that it was never shown."""
    animation._draw_was_started = True
    return animation


def luma(color):
    """Luma of a colour, 0 for black and 1 for white."""
    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "int8", "uint8", "int64"])
def test_frame_k_shows_step_k(dtype):
    ax = Figure().subplots()
    animation = spikeplot.animator(SPIKES.astype(dtype), ax=ax)
    assert ax.texts[0].get_text() == "step 0 (last: 5)"  # before it plays
    shown = frames_of(animation, lambda: (ax.images[0].get_array().copy(), ax.texts[0].get_text()))
    assert len(shown) == 6
    for step, (pixels, text) in enumerate(shown):
        np.testing.assert_array_equal(pixels, SPIKES[step])
        assert text == f"step {step} (last: 5)"


def test_one_image_is_drawn_however_many_steps():
    ax = Figure().subplots()
    before = len(ax.get_children())
    animation = spikeplot.animator(np.zeros((1000, 28, 28)), ax=ax)
    assert len(frames_of(animation, lambda: None)) == 1000
    assert len(ax.images) == 1 and len(ax.get_children()) == before + 2
    assert not ax.axison


def test_num_steps_shows_the_beginning():
    for num_steps, expected in ((2, 2), (6, 6), (False, 6), (None, 6), (np.int64(1), 1)):
        ax = Figure().subplots()
        animation = spikeplot.animator(SPIKES, ax=ax, num_steps=num_steps)
        assert len(frames_of(animation, lambda: None)) == expected


def test_all_frames_share_one_scale():
    data = np.stack([np.full((2, 2), value) for value in (-1.0, 0.0, 3.0)])
    ax = Figure().subplots()
    finished(spikeplot.animator(data, ax=ax, cmap="gray"))
    assert ax.images[0].get_clim() == (-1, 3) and ax.images[0].get_cmap().name == "gray"
    assert ax.images[0].get_interpolation() == "nearest"
    silent = Figure().subplots()
    finished(spikeplot.animator(np.zeros((2, 2, 2)), ax=silent))
    assert silent.images[0].get_clim() == (0, 1)


def test_later_changes_of_the_data_are_not_shown():
    data, ax = SPIKES.copy(), Figure().subplots()
    animation = spikeplot.animator(data, ax=ax)
    data[...] = 9
    shown = frames_of(animation, lambda: ax.images[0].get_array().copy())
    np.testing.assert_array_equal(shown, SPIKES)


def test_figure_and_axes_complete_each_other():
    fig = Figure()
    animation = finished(spikeplot.animator(SPIKES, fig))
    assert animation._fig is fig and len(fig.axes) == 1
    ax = Figure().subfigures(1, 2)[1].subplots()
    animation = finished(spikeplot.animator(SPIKES, ax.figure, ax))
    assert animation._fig is ax.figure.canvas.figure and ax.images
    bars = spikeplot.spike_count(SPIKES[:, 0], fig, fig.axes[0])
    assert bars[0].axes is fig.axes[0]
    with pytest.raises(ValueError, match="fig must be the figure of ax"):
        spikeplot.animator(SPIKES, Figure(), Figure().subplots())


def centres(ax, height, width):
    """Where the pixels of the image on ``ax`` lie in a picture: rows from the top, columns."""
    rows, columns = np.mgrid[:height, :width]
    points = ax.transData.transform(np.stack([columns.ravel(), rows.ravel()], axis=1))
    picture_height = ax.figure.canvas.get_width_height()[1]
    return np.floor(picture_height - points[:, 1]).astype(int), np.floor(points[:, 0]).astype(int)


def test_the_gif_shows_the_spikes_of_step_k_in_frame_k(tmp_path):
    fig = Figure(figsize=(2, 2.2))
    ax = fig.subplots()
    animation = spikeplot.animator(SPIKES, fig, ax, cmap="gray")
    spikeplot.save_animation(animation, tmp_path / "spikes.gif")
    rows, columns = centres(ax, 3, 4)
    with Image.open(tmp_path / "spikes.gif") as gif:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(gif)]
        assert gif.info["duration"] == 40
    assert len(frames) == 6
    for frame, expected in zip(frames, SPIKES, strict=True):
        np.testing.assert_array_equal(frame[rows, columns] > 127, expected.ravel() > 0)


def test_equal_frames_without_a_counter_last_longer(tmp_path):
    animation = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)), step_label=False)
    spikeplot.save_animation(animation, str(tmp_path / "spikes.gif"), fps=50)
    with Image.open(tmp_path / "spikes.gif") as gif:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(gif)]
    assert len(durations) == 5 and sum(durations) == 6 * 20


@pytest.mark.parametrize(
    ("interval", "fps", "duration"),
    [(30, None, 30), (25, None, 20), (1, None, 10), (40, 25, 40), (40, 10, 100), (40, 30, 30)],
)
def test_gif_frames_last_the_nearest_hundredths(interval, fps, duration, tmp_path):
    animation = spikeplot.animator(SPIKES[:2], Figure(figsize=(1, 1)), interval=interval)
    spikeplot.save_animation(animation, tmp_path / "spikes.gif", fps=fps)
    with Image.open(tmp_path / "spikes.gif") as gif:
        assert gif.info["duration"] == duration


OUTPUTS = np.array([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]])


def widths(ax):
    """The counts that the bars show."""
    return [bar.get_width() for bar in ax.containers[0]]


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8", "int8", "float32", "float64"])
def test_bars_are_as_long_as_the_counts(dtype):
    bars = spikeplot.spike_count(OUTPUTS.astype(dtype))
    ax = bars[0].axes
    assert widths(ax) == [2, 0, 2, 3]
    assert [bar.get_y() + bar.get_height() / 2 for bar in bars] == [0, 1, 2, 3]
    assert [text.get_text().strip() for text in ax.texts] == ["2", "0", "2", "3"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1", "2", "3"]
    assert ax.get_xlim() == (0, 4) and ax.get_ylim() == (-0.5, 3.5)


def test_labels_and_num_steps():
    ax = spikeplot.spike_count(OUTPUTS, labels=["a", "b", "c", 7], num_steps=2)[0].axes
    assert widths(ax) == [2, 0, 1, 1] and ax.get_xlim() == (0, 2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c", "7"]


def test_a_winner_stands_out_and_silence_has_none():
    bars = spikeplot.spike_count(OUTPUTS)
    shades = [luma(bar.get_facecolor()) for bar in bars]
    assert shades[3] < 0.4 < 0.6 < min(shades[:3])
    assert [text.get_fontweight() for text in bars[0].axes.texts] == ["normal"] * 3 + ["bold"]
    silent = spikeplot.spike_count(np.zeros((3, 2)))
    assert all(luma(bar.get_facecolor()) > 0.6 for bar in silent)
    assert [text.get_text().strip() for text in silent[0].axes.texts] == ["0", "0"]


def test_a_tie_is_said():
    bars = spikeplot.spike_count(OUTPUTS[:, :3])
    assert [text.get_text().strip() for text in bars[0].axes.texts] == ["2 (tie)", "0", "2 (tie)"]
    dark = [luma(bar.get_facecolor()) < 0.4 for bar in bars]
    assert dark == [True, False, True]


def test_counts_stay_inside_the_axes():
    bars = spikeplot.spike_count(np.ones((200, 3)))
    fig = bars[0].figure
    fig.draw_without_rendering()
    window = bars[0].axes.get_window_extent()
    for text in bars[0].axes.texts:
        box = text.get_window_extent()
        assert window.x0 <= box.x0 and box.x1 <= window.x1
        assert luma(text.get_color()) > 0.9  # white on the dark bar of a leader


def test_the_line_of_time_leaves_the_counts_legible():
    fig = Figure(figsize=(7, 3), layout="constrained")
    FigureCanvasAgg(fig)
    finished(spikeplot.spike_count(np.zeros((100, 4)), fig, animate=True))
    (ax,) = fig.axes
    fig.canvas.draw()  # which lays the figure out
    boxes = [text.get_window_extent() for text in ax.texts]
    line_at = ax.transData.inverted().transform(((boxes[0].x0 + boxes[0].x1) / 2, 0))[0]
    ax.lines[0].set_xdata([line_at] * 2)  # through the middle of every count
    fig.canvas.draw()
    picture = np.asarray(fig.canvas.buffer_rgba()).astype(int)[::-1]
    for box in boxes:
        part = picture[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
        of_the_line = part[..., 0] - part[..., 2] > 100
        assert of_the_line.any(axis=1).mean() < 0.5  # without a rim it shows inside the 0 as well


def test_several_spikes_a_step_widen_the_axis():
    ax = spikeplot.spike_count(np.full((2, 2), 5))[0].axes
    assert widths(ax) == [10, 10] and ax.get_xlim() == (0, 10)


def test_every_other_output_is_shaded():
    def spans(ax):
        bars = set(ax.containers[0])
        return sorted(
            (patch.get_y(), patch.get_y() + patch.get_height())
            for patch in ax.patches
            if patch not in bars
        )

    assert spans(spikeplot.spike_count(OUTPUTS)[0].axes) == [(0.5, 1.5), (2.5, 3.5)]
    assert spans(spikeplot.spike_count(OUTPUTS, gridshader=False)[0].axes) == []


@pytest.mark.parametrize("interpolate", [1, 3])
def test_frames_count_up_to_the_last_step(interpolate):
    ax = Figure().subplots()
    animation = spikeplot.spike_count(OUTPUTS, ax=ax, animate=True, interpolate=interpolate)

    def read():
        return widths(ax), ax.lines[0].get_xdata()[0], [text.get_text() for text in ax.texts]

    frames = frames_of(animation, read)
    assert len(frames) == 4 * interpolate + 1
    for frame, (counts, time, texts) in enumerate(frames):
        assert counts == OUTPUTS[: frame // interpolate].sum(axis=0).tolist()
        assert time == frame / interpolate
        assert [text.split()[0] for text in texts] == [str(int(count)) for count in counts]
    assert frames[-1][0] == [2, 0, 2, 3] and frames[-1][1] == 4
    assert len(ax.containers[0]) == 4 and len(ax.lines) == 1


def time_axis(ax):
    """The axis at the top, or None."""
    return ax.child_axes[0] if ax.child_axes else None


def test_the_time_axis_is_in_steps_or_seconds():
    assert time_axis(spikeplot.spike_count(OUTPUTS)[0].axes) is None
    ax = spikeplot.spike_count(OUTPUTS, time_step=1e-3)[0].axes
    ax.figure.draw_without_rendering()
    assert time_axis(ax).get_xlabel() == "Time [s]"
    np.testing.assert_allclose(time_axis(ax).get_xlim(), (0, 4e-3))
    ax = Figure().subplots()
    finished(spikeplot.spike_count(OUTPUTS, ax=ax, animate=True))
    ax.figure.draw_without_rendering()
    assert time_axis(ax).get_xlabel() == "Time step"
    np.testing.assert_allclose(time_axis(ax).get_xlim(), (0, 4))


def test_the_count_gif_ends_with_the_last_step(tmp_path):
    fig = Figure(figsize=(2, 2))
    animation = spikeplot.spike_count(OUTPUTS, fig, animate=True, interpolate=2, interval=30)
    spikeplot.save_animation(animation, tmp_path / "race.gif")
    with Image.open(tmp_path / "race.gif") as gif:
        assert gif.n_frames == 9
        assert gif.info["duration"] == 30
        gif.seek(8)
        last = np.asarray(gif.convert("L"))
    height = fig.canvas.get_width_height()[1]
    for output, count in enumerate([2, 0, 2, 3]):
        at = fig.axes[0].transData.transform([[abs(count - 0.2), output + 0.3]])[0]
        shade = last[int(height - at[1]), int(at[0])] / 255
        assert (shade < 0.4) == (output == 3)


def test_bars_and_counts_are_legible_on_dark_axes():
    ax = Figure(facecolor="black").subplots(subplot_kw={"facecolor": "black"})
    bars = spikeplot.spike_count(OUTPUTS, ax=ax)
    assert all(luma(bar.get_facecolor()) > 0.3 for bar in bars)
    assert luma(bars[3].get_facecolor()) - luma(bars[0].get_facecolor()) > 0.3  # the leader
    shades = [patch.get_facecolor() for patch in ax.patches if patch not in set(bars)]
    assert max(map(luma, shades)) < 0.3
    assert {text.get_color() for text in ax.texts} == {"white"}
    ax = Figure(facecolor="black").subplots(subplot_kw={"facecolor": "black"})
    spikeplot.spike_count(np.ones((4, 1)), ax=ax)
    assert ax.texts[0].get_color() == "black"  # inside the light bar of the leader


@pytest.mark.parametrize(
    ("name", "interval", "fps"), [("fps", 25, 1e-320), ("animation", 1e9, None)]
)
def test_a_frame_that_a_gif_cannot_show_so_long_is_refused(name, interval, fps, tmp_path):
    animation = spikeplot.animator(np.ones((2, 1, 1)), interval=interval)
    with pytest.raises(ValueError, match=f"^{name} must show a frame of a GIF for at most 655350"):
        spikeplot.save_animation(animation, tmp_path / "a.gif", fps=fps)
    assert not list(tmp_path.iterdir())
    spikeplot.save_animation(animation, tmp_path / "a.gif", fps=1000 / 655_350)


NO_PATH = Raises("__fspath__", KeyError)
NO_ITEMS, NO_TEXT = Raises("__iter__", KeyError), Raises("__str__", KeyError)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda ax: spikeplot.animator(SPIKES[0], ax=ax), ValueError, r"data must be .*\(3, 4\)"),
        (lambda ax: spikeplot.animator(SPIKES[:0], ax=ax), ValueError, "data must hold"),
        (lambda ax: spikeplot.animator(SPIKES * np.nan, ax=ax), ValueError, r"data\[0, 0, 0\] is"),
        (
            lambda ax: spikeplot.animator(SPIKES, ax=ax, num_steps=7),
            ValueError,
            "num_steps .*got 7",
        ),
        (
            lambda ax: spikeplot.animator(SPIKES, ax=ax, num_steps=0),
            ValueError,
            "num_steps .*got 0",
        ),
        (lambda ax: spikeplot.animator(SPIKES, ax=ax, num_steps=2.0), TypeError, "num_steps must"),
        (lambda ax: spikeplot.animator(SPIKES, ax=ax, interval=0), ValueError, "interval must"),
        (lambda ax: spikeplot.animator(SPIKES, ax=ax, step_label=1), TypeError, "step_label must"),
        (lambda ax: spikeplot.animator(SPIKES, ax=ax, cmap="no"), ValueError, "cmap must .*'no'"),
        (lambda ax: spikeplot.animator(SPIKES, ax=ax, cmap=5), TypeError, "cmap must .*got 5"),
        (lambda ax: spikeplot.animator(SPIKES, "fig", ax), TypeError, "fig must be a Figure"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, labels=5), TypeError, "labels must"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, labels=[1]), ValueError, "labels must"),
        (lambda ax: spikeplot.save_animation(None, 5), TypeError, "path must be a file's name"),
        (lambda ax: spikeplot.spike_count(SPIKES, ax=ax), ValueError, "data must be"),
        (lambda ax: spikeplot.spike_count(OUTPUTS[:0], ax=ax), ValueError, "data must hold"),
        (lambda ax: spikeplot.spike_count(OUTPUTS[:, :0], ax=ax), ValueError, "data must hold"),
        (lambda ax: spikeplot.spike_count(-OUTPUTS, ax=ax), ValueError, "negative spikes, got -1"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, labels="ab"), TypeError, "labels must"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, num_steps=5), ValueError, "num_steps"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, animate=1), TypeError, "animate must"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, interpolate=0), ValueError, "interpolat"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, gridshader=1), TypeError, "gridshader"),
        (
            lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, interval=-1),
            ValueError,
            "interval must",
        ),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, time_step=0), ValueError, "time_step"),
        (lambda ax: spikeplot.save_animation(None, "spikes.gif"), TypeError, "animation must"),
        (lambda ax: spikeplot.save_animation(None, NO_PATH), TypeError, "path must be a file's na"),
        (lambda ax: spikeplot.save_animation(None, "\0.gif"), ValueError, "path must be a file's"),
        (lambda ax: spikeplot.save_animation(None, "spikes.png"), ValueError, "path must end in"),
        (
            lambda ax: spikeplot.save_animation(None, "a.gif", progress=1),
            TypeError,
            "progress must",
        ),
        (lambda ax: spikeplot.save_animation(None, "a.gif", fps=0), ValueError, "fps must"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, labels=NO_ITEMS), TypeError, "labels mu"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, ax=ax, labels=[NO_TEXT]), TypeError, "labels m"),
        (lambda ax: spikeplot.spike_count(OUTPUTS, fig=[[1]], ax=ax), TypeError, "fig must be"),
        (lambda ax: spikeplot.animator(np.ones((2, 1, 1)), ax=ax, cmap=[]), TypeError, "cmap must"),
        (lambda ax: spikeplot.animator(np.ones((2, 1, 1)), ax=nested(99)), TypeError, "ax must be"),
    ],
)
def test_bad_arguments_are_refused_before_drawing(call, error, message):
    ax = Figure().subplots()
    with pytest.raises(error, match=message):
        call(ax)
    assert not ax.has_data() and ax.axison
