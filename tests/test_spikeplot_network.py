"""network: boxes, arrows and numbers are read back from the axes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from spikecore import Leaky, spikeplot
from spikecore.network import LI, Graph, Linear, Sequential
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """Every plot without ax gets a figure of its own, whatever other tests have imported."""
    monkeypatch.setattr(canvas, "pyplot_in_use", lambda: None)


def layer(inputs, outputs):
    """A layer whose currents are the sums of its inputs."""
    return Linear(np.ones((outputs, inputs), np.float32))


LOOP = Graph(
    {"in": layer(4, 3), "lif": Leaky(0.5), "back": layer(3, 3), "readout": LI(0.9)},
    [("input", "in"), ("in", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "readout"),
     ("readout", "output")],
    inputs={"input": (4,)},
)  # fmt: skip
SPIKES = np.ones((5, 2, 4), np.uint8)
SPIKES[:3, 0] = 0


def arrows(ax):
    """The arrows, in the order of the edges."""
    return [text.arrow_patch for text in ax.texts if text.arrow_patch is not None]


def dashed(ax):
    """The arrows of values of the step before."""
    return [arrow for arrow in arrows(ax) if arrow.get_linestyle() == "--"]


def test_every_input_layer_and_output_has_a_box_with_its_shape():
    boxes = spikeplot.network(LOOP)
    assert list(boxes) == ["input", "in", "lif", "back", "readout", "output"]
    assert boxes["input"].get_text() == "input  [4]"
    assert boxes["in"].get_text() == "in  [3]\nLinear(4 -> 3, float32)"
    assert boxes["output"].get_text() == "output  [3]"


def test_a_layer_lies_below_those_whose_values_it_takes():
    height = {name: box.xy[1] for name, box in spikeplot.network(LOOP).items()}
    assert height["input"] < height["in"] < height["lif"] < height["readout"] < height["output"]
    assert height["back"] == height["readout"]
    ax = spikeplot.network(LOOP)["in"].axes
    assert ax.yaxis_inverted()  # from the top


def test_each_edge_has_an_arrow_and_those_of_the_step_before_are_dashed():
    ax = spikeplot.network(LOOP)["in"].axes
    assert len(arrows(ax)) == len(LOOP.edges)
    (back,) = dashed(ax)
    assert to_hex(back.get_edgecolor()) == OFF_COLOR.lower()


def test_spikes_and_density_are_those_of_the_run():
    run = LOOP.run(SPIKES)
    told = spikeplot.network(LOOP, run)["lif"].get_text().splitlines()[-1]
    spikes = run["lif"].spikes
    total = np.count_nonzero(spikes)
    assert 0 < total < spikes.size
    assert told == f"{total} spikes, {total / 6:.3g} per neuron, density {spikes.mean():.2g}"
    counted = spikeplot.network(LOOP, LOOP.run(SPIKES, record=()))["lif"].get_text()
    assert counted.splitlines()[-1] == f"{total} spikes, {total / 6:.3g} per neuron"


def test_a_long_description_is_cut():
    net = Sequential(Leaky(0.5, threshold=0.25, reset_mechanism="zero"))
    line = spikeplot.network(net)["leaky1"].get_text().splitlines()[1]
    assert len(line) == 34 and line.endswith("...")


def test_a_layer_that_takes_its_own_output_has_an_arrow_around_it():
    net = Graph({"lif": Leaky(0.5)}, [("input", "lif"), ("lif", "lif"), ("lif", "output")])
    fig = Figure()
    boxes = spikeplot.network(net, ax=fig.subplots())
    fig.draw_without_rendering()
    (around,) = dashed(boxes["lif"].axes)
    assert boxes["lif"].figure is fig
    right = around.get_window_extent().x1
    assert right > boxes["lif"].get_bbox_patch().get_window_extent().x1


def test_boxes_are_legible_on_dark_axes():
    ax = Figure(facecolor="black").subplots(subplot_kw={"facecolor": "black"})
    boxes = spikeplot.network(LOOP, ax=ax)
    assert to_hex(boxes["lif"].get_color()) == "#ffffff"


@pytest.mark.parametrize(
    ("net", "run", "message"),
    [
        (3, None, "net must be a Graph or a Sequential, got an int"),
        (LOOP, 3, "run must be what net.run returned, got an int"),
        (LOOP, {"lif": 3}, "run must be what net.run returned, got a dict"),
        (LOOP, {}, "run must be what net.run returned, got the layers"),
    ],
)
def test_what_is_no_network_or_no_run_is_refused(net, run, message):
    with pytest.raises((TypeError, ValueError), match=message):
        spikeplot.network(net, run)
