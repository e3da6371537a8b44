"""What holds for every plot: nothing global changes, and matplotlib is asked for when drawing."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from spikecore import spikeplot

matplotlib.use("Agg")

SPIKES = (np.random.default_rng(1).random((12, 4)) < 0.4).astype(np.float32)

# Each draws once on `ax`, or on a figure of its own when ax is None, and returns the artists.
CALLS = {
    "raster": lambda ax: spikeplot.raster(SPIKES, ax),
}


def figure_of(result):
    """The figure that the first of some artists lies in."""
    return result.figure


@pytest.fixture
def current_axes():
    """The current axes of pyplot, which no plot may touch; closed again after the test."""
    ax = pyplot.figure().add_subplot()
    yield ax
    pyplot.close(ax.figure)


def test_every_public_plot_is_called_here():
    assert set(CALLS) | {"save_animation"} == set(spikeplot.__all__) | {"save_animation"}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("given", [True, False], ids=["ax", "no ax"])
def test_nothing_global_changes(name, given, current_axes):
    settings = dict(matplotlib.rcParams)
    figures, children = pyplot.get_fignums(), len(current_axes.get_children())
    CALLS[name](Figure().subplots() if given else None)
    assert dict(matplotlib.rcParams) == settings
    assert pyplot.get_fignums() == figures
    assert pyplot.gca() is current_axes
    assert len(current_axes.get_children()) == children and not current_axes.has_data()


@pytest.mark.parametrize("name", CALLS)
def test_the_axes_given_are_drawn_on(name):
    fig = Figure()
    assert figure_of(CALLS[name](fig.subplots())) is fig


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


def test_without_matplotlib_drawing_names_the_extra():
    message = run_python(
        "import sys; sys.modules['matplotlib'] = None\n"
        "from spikecore import spikeplot\n"
        "try: spikeplot.raster([0, 1])\n"
        "except ImportError as error: print(error)"
    )
    assert "matplotlib" in message and "pip install 'spikecore[plot]'" in message
