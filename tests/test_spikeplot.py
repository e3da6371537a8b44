"""What holds for every plot: nothing global changes, and matplotlib is asked for when drawing."""

import ast
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.animation import Animation
from matplotlib.figure import Figure

from spikecore import Leaky, spikeplot
from spikecore.network import Sequential

matplotlib.use("Agg")

SPIKES = (np.random.default_rng(1).random((12, 4)) < 0.4).astype(np.float32)

# Each draws once on `ax`, or on a figure of its own when ax is None, and returns the artists.
CALLS = {
    "animator": lambda ax: spikeplot.animator(SPIKES.reshape(12, 2, 2), ax=ax),
    "code": lambda ax: spikeplot.code(
        SPIKES.sum(axis=1), SPIKES[:, 0], SPIKES[:, 1], ax, bound=1, ylabel="Membrane [mV]"
    ),
    "correlogram": lambda ax: spikeplot.correlogram([0, 2, -1], ax, time_step=1e-3),
    "distances": lambda ax: spikeplot.distances(np.eye(4), ax, labels=["a", "b", "c", "d"]),
    "isi_histogram": lambda ax: spikeplot.isi_histogram(SPIKES, ax, time_step=1e-3),
    "latency_curve": lambda ax: spikeplot.latency_curve([0.2, 0.9], [3, 1], ax, threshold=0.1),
    "network": lambda ax: list(spikeplot.network(Sequential(Leaky(0.5)), ax=ax).values()),
    "psth": lambda ax: spikeplot.psth(SPIKES, ax, time_step=1e-3),
    "raster": lambda ax: spikeplot.raster(SPIKES, ax),
    "reconstruction": lambda ax: spikeplot.reconstruction(
        SPIKES.reshape(12, 2, 2), ax, image=np.eye(2), titles=["image", "spikes"]
    ),
    "spike_count": lambda ax: spikeplot.spike_count(SPIKES, ax=ax, labels=["a", "b", "c", "long"]),
    "spike_count animated": lambda ax: spikeplot.spike_count(SPIKES, ax=ax, animate=True),
    "traces": lambda ax: spikeplot.traces(
        SPIKES,
        SPIKES,
        (2, 2),
        ax=ax,
        threshold=1,
        mark_spikes=True,
        show_axes=True,
        titles=list("abcd"),
    ),
    "trade_off": lambda ax: spikeplot.trade_off({"a": {"count": [1, 9], "snr": [2, 30]}}, ax),
}


def figure_of(result):
    """The figure that some artists, or an animation, lie in."""
    if isinstance(result, Animation):
        result._draw_was_started = True  # else matplotlib warns that it was never shown
        return result._fig
    return (result if hasattr(result, "figure") else result[0]).figure


@pytest.fixture(autouse=True)
def no_figures():
    """pyplot without figures, before and after the test."""
    pyplot.close("all")
    yield
    pyplot.close("all")


def test_every_public_plot_is_called_here():
    assert {name.split()[0] for name in CALLS} | {"save_animation"} == set(spikeplot.__all__)


@pytest.mark.parametrize("name", CALLS)
def test_with_axes_nothing_global_changes(name):
    current = pyplot.figure().add_subplot()
    settings, children = dict(matplotlib.rcParams), len(current.get_children())
    figure_of(CALLS[name](Figure().subplots()))
    assert dict(matplotlib.rcParams) == settings
    assert pyplot.get_fignums() == [current.figure.number] and pyplot.gca() is current
    assert len(current.get_children()) == children and not current.has_data()


@pytest.mark.parametrize("name", CALLS)
def test_without_axes_pyplot_shows_the_plot(name):
    settings = dict(matplotlib.rcParams)
    assert figure_of(CALLS[name](None)) is pyplot.gcf()
    assert len(pyplot.get_fignums()) == 1
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("name", CALLS)
def test_an_empty_figure_of_the_user_is_drawn_on_and_keeps_its_size(name):
    figure = pyplot.figure(figsize=(3, 2))
    assert figure_of(CALLS[name](None)) is figure
    assert tuple(figure.get_size_inches()) == (3, 2)


@pytest.mark.parametrize("name", CALLS)
def test_empty_axes_of_the_user_are_drawn_on(name):
    figure, _ = pyplot.subplots()
    assert figure_of(CALLS[name](None)) is figure


@pytest.mark.parametrize(
    "name", ["correlogram", "isi_histogram", "latency_curve", "psth", "raster", "trade_off"]
)
def test_curves_and_rasters_join_the_current_axes(name):
    drawn = [CALLS[name](None) for _ in range(30)]
    axes = [(artist[0] if name == "trade_off" else artist).axes for artist in drawn]
    assert set(axes) == {pyplot.gca()} and len(pyplot.get_fignums()) == 1


@pytest.mark.parametrize("name", ["animator", "code", "spike_count", "reconstruction", "traces"])
def test_bars_films_and_panels_never_cover_another_plot(name):
    pyplot.plot([0, 1])
    taken = pyplot.gcf()
    figure = figure_of(CALLS[name](None))
    assert figure is pyplot.gcf() and figure is not taken
    assert len(taken.axes) == 1 and len(taken.axes[0].get_children()) == 11


@pytest.mark.parametrize("name", ["code", "reconstruction", "traces"])
def test_panels_of_the_same_grid_are_used_again(name):
    panels = [[artist.axes for artist in CALLS[name](None)] for _ in range(30)]
    assert panels == [panels[0]] * 30 and len(pyplot.get_fignums()) == 1


def test_the_traces_of_a_tutorial_can_be_resized_and_saved(tmp_path):
    spikeplot.traces(SPIKES, spk=SPIKES, dim=(2, 2))
    figure = pyplot.gcf()
    figure.set_size_inches(8, 6)
    figure.savefig(tmp_path / "traces.png", dpi=50)
    pixels = pyplot.imread(tmp_path / "traces.png")
    assert pixels.shape[:2] == (300, 400) and (pixels[..., :3] < 0.9).any(axis=2).mean() > 0.01


@pytest.mark.parametrize("name", CALLS)
def test_the_axes_given_are_drawn_on(name):
    fig = Figure()
    assert figure_of(CALLS[name](fig.subplots())) is fig


@pytest.mark.parametrize("name", CALLS)
def test_wrong_axes_are_refused_in_a_sentence(name):
    removed = Figure().subplots()
    removed.remove()
    for ax in (5, "ax", Figure(), [None], removed):
        with pytest.raises((TypeError, ValueError), match=r"^ax must [^\n]+; [^\n]+$"):
            CALLS[name](ax)
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    "name", ["animator", "latency_curve", "psth", "raster", "spike_count", "trade_off"]
)
def test_an_array_of_axes_is_refused_where_one_is_needed(name):
    with pytest.raises(TypeError, match=r"ax must be one Axes .*ndarray of length 2; pass one"):
        CALLS[name](Figure().subplots(2))


class Tensor:
    """Spikes of another library: NumPy can read them, and nothing more."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


def test_anything_with_array_is_accepted():
    spikes, images = Tensor(SPIKES), Tensor(SPIKES.reshape(12, 2, 2))
    assert len(spikeplot.raster(spikes).get_offsets()) == SPIKES.sum()
    assert spikeplot.psth(spikes).get_data()[0].sum() == pytest.approx(SPIKES.sum() / 4)
    assert sum(bar.get_width() for bar in spikeplot.spike_count(spikes)) == SPIKES.sum()
    assert len(spikeplot.traces(spikes, spikes)) == 4
    assert len(spikeplot.reconstruction([images, images], image=Tensor(np.eye(2)))) == 3
    assert len(spikeplot.latency_curve(Tensor([1.0]), Tensor([2])).get_xdata()) == 1
    figure_of(spikeplot.animator(images))
    one = Tensor(SPIKES[:, 0])
    assert spikeplot.code(one, one, one).error.get_ydata().tolist() == [0] * 12
    tried = {"count": Tensor([1, 2]), "snr": Tensor([3, 4])}
    assert spikeplot.trade_off({"a": tried})[0].get_ydata().tolist() == [3, 4]


@pytest.mark.parametrize("name", CALLS)
def test_labels_are_not_cut(name):
    fig = figure_of(CALLS[name](None))
    fig.draw_without_rendering()
    box = fig.get_tightbbox()
    width, height = fig.get_size_inches()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


def run_python(code):
    """Run code in a new process and return what it printed."""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_importing_loads_neither_matplotlib_nor_numba():
    loaded = run_python(
        "import sys, spikecore.spikeplot, spikecore.datasets, spikecore.utils\n"
        "print({'matplotlib', 'numba', 'requests', 'tqdm'} & set(sys.modules))"
    )
    assert loaded == "set()"


def test_only_plots_import_matplotlib_and_only_in_functions():
    package = Path(spikeplot.__file__).parent
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text())
        imports = [
            node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        names = [getattr(node, "module", None) or node.names[0].name for node in imports]
        of_matplotlib = [
            node
            for node, name in zip(imports, names, strict=True)
            if name.split(".")[0] == "matplotlib"
        ]
        assert not of_matplotlib or path.parent.name == "plots", path
        assert not [node for node in of_matplotlib if node.col_offset == 0], path


def test_without_matplotlib_drawing_names_the_extra():
    calls = {
        "animator": "[[[0, 1]]]",
        "code": "[0, 1], [0, 1], [0, 1]",
        "correlogram": "[0, 1, 0]",
        "distances": "[[0, 1]]",
        "isi_histogram": "[0, 1]",
        "latency_curve": "[0.5], [1]",
        "network": "Graph({'leaky': Leaky(0.5)}, [('input', 'leaky'), ('leaky', 'output')])",
        "psth": "[0, 1]",
        "raster": "[0, 1]",
        "reconstruction": "[[[0, 1]]]",
        "save_animation": "None, 'spikes.gif'",
        "spike_count": "[[0, 1]]",
        "trade_off": "{'a': {'count': [1], 'snr': [2]}}",
        "traces": "[0, 1]",
    }
    assert set(calls) == set(spikeplot.__all__)
    attempts = "".join(
        f"try: spikeplot.{name}({arguments})\nexcept ImportError as error: print(error)\n"
        for name, arguments in calls.items()
    )
    block = "import sys; sys.modules['matplotlib'] = None\n"
    block += "from spikecore import Leaky, spikeplot\nfrom spikecore.network import Graph\n"
    messages = run_python(f"{block}{attempts}").splitlines()
    assert len(messages) == len(calls)
    for message in messages:
        assert "matplotlib" in message and "pip install 'spikecore[plot]'" in message


def test_drawing_needs_neither_pandas_nor_pyplot():
    drawn = run_python(
        "import sys\n"
        "for name in ('pandas', 'tqdm', 'torch', 'scipy'): sys.modules[name] = None\n"
        "from spikecore import spikeplot\n"
        "spikeplot.spike_count([[0, 1]])[0].figure.draw_without_rendering()\n"
        "spikeplot.raster([[0, 1]]).figure.draw_without_rendering()\n"
        "print('drawn', 'matplotlib.pyplot' in sys.modules)"
    )
    assert drawn == "drawn False"


def test_in_the_kernel_of_a_notebook_pyplot_shows_the_plot():
    shown = run_python(
        "import sys, types\n"
        "sys.modules['ipykernel'] = types.ModuleType('ipykernel')\n"
        "from spikecore import spikeplot\n"
        "dots = spikeplot.raster([0, 1, 1])\n"
        "from matplotlib import pyplot\n"
        "print(pyplot.get_fignums(), pyplot.gcf() is dots.figure)"
    )
    assert shown == "[1] True"
