"""save_animation and films' own save: formats, ffmpeg, and files that are whole or not there."""

import base64
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from spikecore import spikeplot
from spikecore.plots import canvas


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """Every plot without ax gets a figure of its own, whatever other tests have imported."""
    monkeypatch.setattr(canvas, "pyplot_in_use", lambda: None)


SPIKES = (np.random.default_rng(2).random((6, 3, 4)) < 0.5).astype(np.float32)


def finished(animation):
    """The animation, with matplotlib told not to warn that it was never shown."""
    animation._draw_was_started = True
    return animation


@pytest.fixture
def fake_ffmpeg(tmp_path):
    """A stand-in for ffmpeg that writes its arguments and the number of bytes it was sent."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "size = len(sys.stdin.buffer.read())\n"
        "open(sys.argv[-1], 'w').write(' '.join(sys.argv[1:]) + f' bytes={size}')\n"
    )
    program.chmod(0o755)
    with matplotlib.rc_context({"animation.ffmpeg_path": str(program)}):
        yield


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".webm"])
def test_videos_are_written_by_ffmpeg(ending, tmp_path, fake_ffmpeg):
    animation = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)))
    spikeplot.save_animation(animation, tmp_path / f"spikes{ending}", fps=12)
    written = (tmp_path / f"spikes{ending}").read_text()
    assert "-framerate 12" in written and f"bytes={6 * 100 * 100 * 4}" in written


def test_html_holds_the_video(tmp_path, fake_ffmpeg):
    animation = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)), interval=50)
    spikeplot.save_animation(animation, tmp_path / "spikes.html")
    page = (tmp_path / "spikes.html").read_text()
    video = re.search('<video .*src="data:video/mp4;base64,([^"]*)"', page)[1]
    assert b"-framerate 20.0" in base64.b64decode(video)


@pytest.mark.parametrize("ending", [".mp4", ".html"])
def test_without_ffmpeg_a_video_is_refused_and_a_gif_is_not(ending, tmp_path):
    animation = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)))
    path = tmp_path / f"spikes{ending}"
    with matplotlib.rc_context({"animation.ffmpeg_path": str(tmp_path / "none")}):
        with pytest.raises(RuntimeError, match=r"needs the program ffmpeg.*save as \.gif"):
            spikeplot.save_animation(animation, path)
        spikeplot.save_animation(animation, tmp_path / "spikes.gif")
    assert not path.exists() and (tmp_path / "spikes.gif").exists()


def test_without_ffmpeg_a_film_says_what_to_do(tmp_path):
    film = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)))
    with matplotlib.rc_context({"animation.ffmpeg_path": str(tmp_path / "none")}):
        for animation in (film, spikeplot.spike_count(SPIKES[:, 0], Figure(), animate=True)):
            with pytest.raises(RuntimeError, match=r"needs the program ffmpeg.*install.*to_jshtml"):
                finished(animation).to_html5_video()
            with pytest.raises(RuntimeError, match=r"film.mp4.*needs the program ffmpeg.*as \.gif"):
                animation.save(tmp_path / "film.mp4")
        film.save(tmp_path / "film.gif", writer="pillow")
        assert "<script" in film.to_jshtml()
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def test_with_ffmpeg_a_film_is_a_video(tmp_path, fake_ffmpeg):
    film = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)))
    assert "<video" in film.to_html5_video()
    film.save(tmp_path / "film.mp4")
    assert "bytes=" in (tmp_path / "film.mp4").read_text()


@pytest.mark.parametrize("ending", [".gif", ".mp4", ".html"])
def test_a_film_that_fails_leaves_the_file_before_it(ending, tmp_path, fake_ffmpeg):
    (tmp_path / f"film{ending}").write_text("before")
    before = sorted(tmp_path.iterdir())
    animation = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)))

    show = animation._func

    def fail(step):
        return show(step // (3 - step))  # in the fourth frame

    animation._func = fail
    with pytest.raises(ZeroDivisionError):
        spikeplot.save_animation(animation, tmp_path / f"film{ending}")
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / f"film{ending}").read_text() == "before"


def test_a_failing_ffmpeg_is_said_with_the_name_of_the_file(tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.buffer.read()\nsys.exit(1)\n")
    program.chmod(0o755)
    animation = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)))
    with (
        matplotlib.rc_context({"animation.ffmpeg_path": str(program)}),
        pytest.raises(OSError, match=r"could not be written.*film\.mp4"),
    ):
        spikeplot.save_animation(animation, tmp_path / "film.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_a_full_disk_is_said_with_the_name_of_the_file(tmp_path):
    code = (
        "import resource, sys\n"
        "from matplotlib.figure import Figure\n"
        "from spikecore import spikeplot\n"
        "animation = spikeplot.animator([[[0, 1]], [[1, 0]]], Figure(figsize=(1, 1)))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: spikeplot.save_animation(animation, sys.argv[1])\n"
        "except OSError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "film.gif")]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert printed.count("\n") == 1 and "File too large" in printed
    assert str(tmp_path / "film.gif") in printed
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused_before_anything_is_drawn(tmp_path):
    animation = finished(spikeplot.animator(SPIKES))
    animation._func = None
    with pytest.raises(FileNotFoundError, match=r"folder does not exist; make it.*none"):
        spikeplot.save_animation(animation, tmp_path / "none" / "film.gif")


def test_a_link_to_a_file_stays_a_link(tmp_path):
    (tmp_path / "film.gif").symlink_to(tmp_path / "far.gif")
    spikeplot.save_animation(
        spikeplot.animator(SPIKES, Figure(figsize=(1, 1))), tmp_path / "film.gif"
    )
    assert (tmp_path / "film.gif").is_symlink() and (tmp_path / "far.gif").stat().st_size > 100


def test_progress_counts_frames(tmp_path, capsys):
    animation = spikeplot.animator(SPIKES, Figure(figsize=(1, 1)))
    spikeplot.save_animation(animation, tmp_path / "quiet.gif")
    assert capsys.readouterr() == ("", "")
    spikeplot.save_animation(animation, tmp_path / "spikes.gif", progress=True)
    shown = capsys.readouterr().err
    assert "spikes.gif" in shown and "6/6" in shown


def test_progress_without_tqdm_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    animation = finished(spikeplot.animator(SPIKES))
    with pytest.raises(ImportError, match=r"pip install 'spikecore\[plot\]'"):
        spikeplot.save_animation(animation, tmp_path / "spikes.gif", progress=True)


def test_saving_changes_no_setting(tmp_path):
    settings = dict(matplotlib.rcParams)
    spikeplot.save_animation(spikeplot.animator(SPIKES), tmp_path / "spikes.gif")
    assert dict(matplotlib.rcParams) == settings
