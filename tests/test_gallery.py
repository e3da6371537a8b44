"""The gallery: what it writes, that it repeats itself, and that it leaves matplotlib as it was."""

import errno
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from spikecore import __main__, convergence, datasets, decode, demo, meaning, profiles, spikegen
from spikecore.plots import gallery

COMMITTED = Path(__file__).parents[1] / "docs" / "gallery"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The folder with the pictures, drawn while unusual settings are in force."""
    folder = tmp_path_factory.mktemp("gallery") / "made" / "anew"
    with matplotlib.rc_context({"font.size": 31, "lines.linewidth": 9, "image.cmap": "jet"}):
        before = dict(matplotlib.rcParams)
        assert __main__.main(["gallery", "--out", str(folder)]) == 0
        assert dict(matplotlib.rcParams) == before
    return folder


def test_the_pictures_are_those_of_the_documentation(drawn):
    names = {path.name for path in drawn.iterdir()}
    assert names == set(gallery.PICTURES) == {path.name for path in COMMITTED.glob("*")}
    page = (COMMITTED.parent / "gallery.md").read_text()
    for name in names:
        assert page.count(f"](gallery/{name})") == 1


@pytest.mark.parametrize("name", gallery.PICTURES)
@pytest.mark.parametrize("committed", [False, True])
def test_pictures_are_small_and_whole(drawn, name, committed):
    path = (COMMITTED if committed else drawn) / name
    assert path.stat().st_size < 150_000
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.size == (1024, 768)
        pixels = np.asarray(picture.convert("L"))
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (edges == 255).all()  # nothing is cut
    assert pixels.min() < 50 and pixels.mean() > 128


@pytest.mark.parametrize("name", gallery.PICTURES)
def test_settings_of_the_user_change_nothing(drawn, name, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "PICTURES", {name: gallery.PICTURES[name]})
    assert __main__.main(["gallery", "--out", str(tmp_path)]) == 0
    assert (tmp_path / name).read_bytes() == (drawn / name).read_bytes()


def test_every_simulator_has_its_trace():
    figure = gallery.draw_simulators()
    shown = [ax.texts[0].get_text() for ax in figure.axes]
    simulators = {profile.simulator for profile in profiles().values()} - {"snnTorch tutorial"}
    assert shown == ["input", *gallery.SIMULATORS]
    assert set(gallery.SIMULATORS) == simulators and len(gallery.SIMULATORS) == 12


def test_the_convergence_is_that_of_the_command():
    errors, counts = gallery.draw_convergence().axes
    rows = convergence.measure(gallery.CONVERGES, convergence.DECAYS["exponential"], 8, 0)
    np.testing.assert_array_equal(errors.lines[0].get_ydata(), [row.median for row in rows])
    missed = [row.missed + row.extra for row in rows]
    np.testing.assert_array_equal(counts.lines[0].get_ydata(), missed)


def test_the_codes_of_the_signal_are_what_the_demo_computes():
    figure = gallery.draw_time_series()
    signal, time_step = datasets.ecg()
    shown = demo.SHOWN
    columns = np.reshape(figure.axes, (3, 2)).T
    for column, (name, code) in zip(columns, demo.signal_codes(signal).items(), strict=True):
        count = np.count_nonzero(code.spikes[shown])
        assert column[0].get_title(loc="left") + column[0].get_title() == f"{name}: {count} spikes"
        drawn = [line.get_ydata() for line in column[0].lines]
        np.testing.assert_array_equal(drawn, [signal[shown], code.decoded[shown]])
        np.testing.assert_allclose(column[2].lines[1].get_xdata(), np.arange(400) * time_step)
    for row in (0, 2):  # one scale for both signals, and for both errors
        assert columns[0, row].get_ylim() == columns[1, row].get_ylim()
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["signal", "decoded", "threshold"]


def test_every_code_has_its_line_in_the_trade_off():
    (ax,) = gallery.draw_trade_off().axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [*gallery.SIGNAL_CODES]
    best = decode.choose(spikegen.sigma_delta, datasets.ecg()[0])
    marked = [line for line in ax.lines if line.get_markersize() == 9]
    assert len(marked) == 5
    assert marked[0].get_xdata() == [best.metrics.count]


def test_the_events_are_those_of_the_recording():
    figure = gallery.draw_events()
    *frames, raster = figure.axes
    table = datasets.moving_digits().sample(gallery.SAMPLE).to_events(1000, polarity="signed")
    dense = table.to_dense().astype(int)
    for ax, (start, stop) in zip(frames, gallery.WINDOWS, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), dense[start:stop].sum(axis=0))
    assert len(raster.collections[0].get_offsets()) == len(table)
    assert raster.get_title(loc="left") + raster.get_title() == f"{len(table)} events"


def test_every_reading_of_the_network_has_its_dots():
    shares, spikes, *panels = gallery.draw_meaning().axes
    result = meaning.measure()
    labels = [text.get_text() for text in shares.get_yticklabels()]
    shown = [label.partition(" and ")[0] for label in labels]
    heading = shares.texts[1].get_position()[1]  # a name may be that of a profile and of a rule
    kinds = ["rules" if tick > heading else "profiles" for tick in shares.get_yticks()]
    named = {(kind, row.names[0]): row for kind in kinds for row in getattr(result, kind)}
    rows = [named[key] for key in zip(kinds, shown, strict=True)]
    others = sum(int(label.split()[2]) for label in labels if " and " in label)
    assert len(shown) + others == 28 + len(result.rules)
    for code in (0, 1):
        accuracy = [100 * row.correct[code] / 360 for row in rows]
        np.testing.assert_array_equal(shares.lines[code].get_xdata(), accuracy)
        counts = [row.spikes[code] for row in rows]
        np.testing.assert_array_equal(spikes.lines[code].get_xdata(), counts)
        weights = [row for row in result.bits if row.change == "weights"]
        np.testing.assert_array_equal(
            panels[1].lines[2 * code].get_ydata(), [row.spikes[code] for row in weights]
        )
    assert [text.get_text() for text in shares.texts] == ["LIF profiles", "NIR rules"]
    low, high = shares.get_xlim()
    assert all(low <= x <= high for line in shares.lines for x in line.get_xdata())


def test_rasters_of_images_begin_at_the_top():
    for figure in (gallery.draw_codes(), gallery.draw_network()):
        rasters = [ax for ax in figure.axes if ax.get_ylabel() in ("", "Pixel") and ax.get_title()]
        rasters = [ax for ax in rasters if ax.collections or (ax.images and ax.get_xlim()[1] > 40)]
        assert len(rasters) == 3 and all(ax.yaxis_inverted() for ax in rasters)


def test_a_full_disk_leaves_no_picture_and_is_said_with_its_name(tmp_path, capsys, monkeypatch):
    class HalfWritten:
        def savefig(self, path, **options):
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(gallery, "PICTURES", {"codes.png": HalfWritten})
    (tmp_path / "codes.png").write_bytes(b"before")
    with pytest.raises(SystemExit, match="2"):
        __main__.main(["gallery", "--out", str(tmp_path)])
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert "No space left on device" in printed.err and str(tmp_path / "codes.png") in printed.err
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_without_matplotlib_it_names_the_extra(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gallery.importlib.util, "find_spec", lambda name: None)
    assert __main__.main(["gallery", "--out", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().out.count("spikecore[plot]") == 1
    assert not (tmp_path / "none").exists()
