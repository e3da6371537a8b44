"""The raster: a dash for every spike, or their density where dashes would hide one another."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import ArrayLike
from spikecore.events.table import Events
from spikecore.foreign import shape_of
from spikecore.plots import canvas
from spikecore.plots.colors import OFF_COLOR, background, palette, text_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.image import AxesImage
    from matplotlib.typing import ColorType

LARGEST_SIZE = 1e9  # square points of a marker; above, whether dashes hide is not asked
MOST_HIDDEN = 0.25  # of the spikes may lie under the dashes of others
LINE_WIDTHS = {"linewidth", "linewidths", "lw"}
# What a density keeps of the keyword arguments, and what of them it has no use for.
IMAGE_STYLE = {"alpha", "label", "zorder"}
DASH_STYLE = {"s", "marker", "rasterized", *LINE_WIDTHS}


def raster(
    data: ArrayLike,
    ax: Axes | None = None,
    *,
    off_color: ColorType = OFF_COLOR,
    origin: Literal["lower", "upper"] | None = None,
    density: bool | None = None,
    legend: bool | None = None,
    **kwargs: Any,
) -> PathCollection | AxesImage:
    """Draw a dash for every spike: time step to the right, neuron number upwards.

    Where dashes would hide one another, their density is drawn instead: an image in which the
    darkness of a pixel is the share of its steps and neurons that spike.

    Parameters
    ----------
    data : array_like or Events, ``[num_steps]``, ``[num_steps, neurons]`` or ``[num_steps, ...]``
        Spikes of one sample in any real dtype; everything that is not 0 is a spike. The features of
        an image are numbered in C order. Anything with ``__array__`` will do.
    ax : matplotlib.axes.Axes, optional
        Where to draw. ``None`` draws on pyplot's current axes if the program uses pyplot, and on a
        new figure, ``raster(data).figure``, if it does not.
    off_color : color, optional
        The colour of negative values, the off-spikes.
    origin : {"lower", "upper"}, optional
        Where neuron 0 lies. ``"upper"`` puts it on top, as an image has its first row of pixels.
        ``None`` keeps the direction of the axes, which is upwards for new ones.
    density : bool, optional
        Draw the density, or dashes. ``None`` draws the density when more than a quarter of the
        spikes would lie under the dashes of others, where not all neurons spike, unless ``kwargs``
        say how to tell them apart (``alpha``, or a colour for each spike).
    legend : bool, optional
        Say above the axes what the colours mean. ``None`` does so for off-spikes and for densities,
        unless the axes have a legend or ``label`` is given.
    **kwargs
        Passed to ``Axes.scatter``: ``s``, ``c``, ``marker``, ``alpha``, ... By default spikes are
        vertical dashes that fill the height of their row, black on light and white on dark axes.
        One array of colours in ``c`` stands for all spikes, in time order. A density takes the
        colour from them, ``alpha``, ``label`` and ``zorder``.

    Returns
    -------
    matplotlib.collections.PathCollection or matplotlib.image.AxesImage
        For dashes, one artist with one offset ``(step, neuron)`` per spike, in order of time, then
        neuron. In vector files it is an embedded image (``rasterized=True``). For a density, the
        image, whose cells hold about a pixel of the figure; the opacity of a cell is its share of
        spikes, as a fraction of the largest share.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra ``spikecore[plot]``).
    TypeError, ValueError
        If ``data`` is not a finite array of real numbers with a time axis, or another argument is
        not one of those above.

    Notes
    -----
    Deliberate differences from ``snntorch.spikeplot.raster`` 1.0.0: the limits show every neuron
    and every step, silent ones included (there they follow the spikes); axes that show something
    already are only widened. Off-spikes have their own colour (there they look like on-spikes).
    ``[num_steps, height, width]`` is flattened (there the third index becomes the marker size).
    ``ax`` may be left out, axes without labels receive some, and ticks fall on whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from spikecore import spikeplot
    >>> spikes = np.zeros((5, 3), dtype=np.int8)
    >>> spikes[1, 0], spikes[4, 1] = 1, -1
    >>> dots = spikeplot.raster(spikes, Figure().subplots(), s=20)
    >>> dots.get_offsets().data
    array([[1., 0.],
           [4., 1.]])
    >>> print(*dots.axes.get_xlim(), *dots.axes.get_ylim())
    -0.5 4.5 -0.5 2.5
    """
    spikes = _spikes_of(data)
    if origin is not None and not (isinstance(origin, str) and origin in ("lower", "upper")):
        arguments.refuse(
            "origin", "be 'lower', 'upper' or None", arguments.shown(origin), "pass 'upper'"
        )
    density = canvas.optional_flag("density", density)
    legend = canvas.optional_flag("legend", legend)
    canvas.require_matplotlib()

    off = canvas.color("off_color", off_color)
    steps, rows = spikes.steps, spikes.rows
    if "color" in kwargs:
        kwargs["c"] = kwargs.pop("color")
    color_each = _is_color_of_each(kwargs.get("c"), len(steps))
    if color_each and density:
        raise ValueError("density=True needs a single colour, got one for each spike; pass one")
    ax = canvas.axes(ax, (7, 4))
    if color_each:
        kwargs["c"] = list(kwargs["c"])  # a tuple stands for one colour from here on
    else:
        given = kwargs.get("c")
        kwargs["c"] = canvas.color("c", palette(ax).ink if given is None else given)
    kwargs = _with_dashes(kwargs, ax, spikes.shape)
    if density is None:
        density = not color_each and _dashes_hide(ax, spikes.shape, steps, rows, kwargs)
    density = density and math.prod(spikes.shape) > 0
    xlim, ylim = (
        canvas.limits(ax, axis, -0.5, max(length, 1) - 0.5)
        for axis, length in zip("xy", spikes.shape, strict=True)
    )
    if density:
        artist, entries = _draw_density(ax, spikes, off, kwargs)
    else:
        artist, entries = _draw_dashes(ax, spikes.are_off, steps, rows, off, kwargs)
    _set_view(ax, xlim, ylim, origin)
    wanted = len(entries) > 1 and "label" not in kwargs and ax.get_legend() is None
    if wanted if legend is None else legend:
        _draw_legend(ax, entries, "s" if density else kwargs["marker"])
    return artist


class _Spikes(NamedTuple):
    """Where spikes lie in ``[num_steps, neurons]``, in order of time, then neuron."""

    steps: np.ndarray
    rows: np.ndarray
    are_off: np.ndarray
    shape: tuple[int, int]


def _spikes_of(data):
    """The spikes of a dense array, or of Events, whose zeros are not looked at."""
    if isinstance(data, Events):
        values = canvas.finite_array("data", data.value, "[num_steps, ...]", 1)
        shape = (data.num_steps, data.size)
        return _Spikes(data.step.astype(int), data.element.astype(int), values < 0, shape)
    dense = canvas.by_neuron(canvas.finite_array("data", data, "[num_steps, ...]", 1))
    steps, rows = np.nonzero(dense)
    return _Spikes(steps, rows, dense[steps, rows] < 0, dense.shape)


def _set_view(ax, xlim, ylim, origin):
    """Show the given limits, neuron 0 where ``origin`` says, with labels and whole numbers."""
    ax.set(xlim=xlim, ylim=ylim)
    if origin is not None and ax.yaxis_inverted() != (origin == "upper"):
        ax.invert_yaxis()
    canvas.whole_ticks(ax.xaxis)
    canvas.whole_ticks(ax.yaxis)
    canvas.label(ax, "Time step", "Neuron")


# --- dashes -------------------------------------------------------------------------------------


def _is_color_of_each(value, count):
    """Whether ``value`` is a colour, or a number to map to one, for each of ``count`` spikes."""
    # As in Axes.scatter, a sequence as long as the spikes is one value each, not red, green, blue.
    shape = shape_of(value)
    if value is None or (canvas.is_color(value) and shape != (count,)):
        return False
    if isinstance(value, str) or not shape or shape[0] != count:
        got = f"shape {shape}" if shape else arguments.shown(value)
        arguments.refuse(
            "c",
            f"be a colour of matplotlib, or one for each of the {count} spikes",
            got,
            "pass for example 'black'",
        )
    return True


def _with_dashes(style, ax, shape):
    """The style with a dash as high as its row, where it does not say otherwise."""
    num_steps, neurons = shape
    style = {"marker": "|", "rasterized": True, **style}
    window = canvas.points(ax)
    if _is_dash(style["marker"]) and not LINE_WIDTHS & style.keys():
        style["linewidths"] = np.clip(0.5 * window.width / max(num_steps, 1), 0.6, 1.5)
    if style.get("s") is None:
        style["s"] = np.clip(0.8 * window.height / max(neurons, 1), 1.5, 14) ** 2
    return style


def _is_dash(marker):
    """Whether a marker is a dash; it may also be an array of a path's points."""
    return isinstance(marker, str) and marker == "|"


def _dashes_hide(ax, shape, steps, rows, style):
    """Whether too many spikes would lie under the dashes of others."""
    keys = style.keys() - {"c", "label", "zorder"}
    sizes = [style[name] for name in ("s", *(LINE_WIDTHS & keys))]
    are_numbers = all(isinstance(size, Real) and 0 <= size < LARGEST_SIZE for size in sizes)
    if not keys <= DASH_STYLE or not are_numbers:
        return False  # alpha, for one, tells them apart
    window = canvas.points(ax)
    height, line = np.sqrt(float(sizes[0])), max(map(float, sizes[1:]), default=1.5)
    width = line
    if not _is_dash(style["marker"]):
        height = width = height + line  # the line runs around the marker
    # Spikes in the same cell of the size of a dash cover one another. That does not mislead where
    # nearly all of the cell spikes, for then it should be dark.
    column = (np.arange(shape[0]) / max(1, width * shape[0] / window.width)).astype(int)
    row = (np.arange(shape[1]) / max(1, height * shape[1] / window.height)).astype(int)
    sizes = np.outer(np.bincount(column), np.bincount(row))
    counts = np.bincount(column[steps] * sizes.shape[1] + row[rows], minlength=sizes.size)
    mixed = (counts > 1) & (counts < 0.9 * sizes.ravel())
    return (counts[mixed] - 1).sum() > MOST_HIDDEN * len(steps)


def _draw_dashes(ax, are_off, steps, rows, off, style):
    """A dash for each spike, and the entries of a legend."""
    on = style["c"]
    if not isinstance(on, tuple):  # a colour of each
        return _scatter(ax, steps, rows, style), []
    # Agg draws a million dashes in 0.3 s when they share a colour, in 2 s when they do not.
    both = np.array([on, off])
    colors = both[are_off.astype(np.intp)] if are_off.any() else both[:1]
    dashes = _scatter(ax, steps, rows, {**style, "c": colors})
    return dashes, [("on", on), ("off", off)] if are_off.any() else [("on", on)]


def _scatter(ax, steps, rows, style):
    with canvas.style_of("Axes.scatter"):
        return ax.scatter(steps, rows, **style)


# --- density ------------------------------------------------------------------------------------


def _draw_density(ax, spikes, off, style):
    """An image of the share of spikes in each cell, and the entries of a legend."""
    extra = sorted(style.keys() - IMAGE_STYLE - DASH_STYLE - {"c"})
    if extra:
        raise TypeError(f"density=True draws an image, which has no {extra[0]!r}; leave it out")
    on = style["c"]
    window = ax.get_window_extent()
    cells = [_cells(*side) for side in zip(spikes.shape, window.size, strict=True)]
    on_share, off_share = (
        _share(spikes, kind, cells) for kind in (~spikes.are_off, spikes.are_off)
    )
    largest = (on_share + off_share).max() or 1.0
    num_steps, neurons = spikes.shape
    with canvas.style_of("Axes.imshow"):
        image = ax.imshow(
            _blend(on_share / largest, on, off_share / largest, off).swapaxes(0, 1),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(-0.5, num_steps - 0.5, -0.5, neurons - 0.5),
            **{name: style[name] for name in IMAGE_STYLE & style.keys()},
        )
    if off_share.any():
        return image, [(f"{_percent(largest)} on", on), (f"{_percent(largest)} off", off)]
    half = (*on[:3], 0.5 * on[3])
    return image, [(_percent(largest / 2), half), (f"{_percent(largest)} spikes", on)]


def _percent(share):
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _cells(length, pixels):
    """How many cells of a pixel or more show ``length`` steps or neurons, as many in each."""
    per_cell = max(1, int(np.ceil(length / max(pixels, 1))))
    return -(-length // per_cell)


def _share(spikes, chosen, cells):
    """The share of chosen spikes in each of the cells; their sizes differ by at most one."""
    places, sizes = [], []
    for count, length, found in zip(
        cells, spikes.shape, (spikes.steps[chosen], spikes.rows[chosen]), strict=True
    ):
        starts = np.arange(count) * length // count
        sizes.append(np.diff(starts, append=length))
        places.append(np.searchsorted(starts, found, "right") - 1)
    numbers = np.bincount(places[0] * cells[1] + places[1], minlength=cells[0] * cells[1])
    return numbers.reshape(cells) / np.outer(*sizes)


def _blend(on_share, on, off_share, off):
    """Red, green, blue and opacity of cells in which two colours have a share."""
    share = on_share + off_share
    of_off = np.divide(off_share, share, out=np.zeros_like(share), where=share > 0)[..., None]
    colors = (1 - of_off) * np.array(on[:3]) + of_off * np.array(off[:3])
    opacity = on_share * on[3] + off_share * off[3]
    return np.concatenate([colors, np.minimum(opacity, 1)[..., None]], axis=-1)


# --- legend -------------------------------------------------------------------------------------


def _draw_legend(ax, entries, marker):
    """What the colours mean, above the axes on the right, where no spike is."""
    from matplotlib.lines import Line2D

    behind = background(ax)
    handles = [
        Line2D([], [], ls="", marker=marker, ms=8, mew=1.5, color=color, label=name)
        for name, color in entries
    ]
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=len(entries),
        facecolor=behind,
        edgecolor="none",
        framealpha=1,
        labelcolor=text_on(behind),
        fontsize="small",
        borderpad=0.2,
        borderaxespad=0,
        handletextpad=0.1,
        columnspacing=1,
    )
