"""What every plot shares: checked data, axes to draw on, their limits and labels.

Axes that are given are used. Without them, a plot appears where pyplot looks for it if pyplot is in
use, so that ``plt.show``, ``plt.gcf`` and notebooks find it. A program that does not import pyplot
gets a plain ``matplotlib.figure.Figure``, which is freed with the last reference to it.
"""

import math
import sys
from contextlib import contextmanager

import numpy as np

from spikecore import arguments
from spikecore.foreign import a_kind, reason

LARGEST = 1e100  # sums and matplotlib's margins overflow somewhere above


def require_matplotlib():
    """Raise an ImportError that names the extra when matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "spikecore.spikeplot draws with matplotlib, which is not installed; "
            "install it with pip install 'spikecore[plot]'"
        ) from error


# --- arguments ----------------------------------------------------------------------------------


def finite_array(name, value, shape, min_dimensions, max_dimensions=None) -> np.ndarray:
    """``value`` as an array of finite numbers; ``shape`` says in words what it should be."""
    data = arguments.array(name, value)
    arguments.fits_copy(name, data, np.float64)
    too_many = max_dimensions is not None and data.ndim > max_dimensions
    if data.ndim < min_dimensions or too_many:
        arguments.refuse(
            name, f"be {shape}", f"shape {data.shape}", "index one sample or reshape it, time first"
        )
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        index = np.unravel_index(np.argmin(np.isfinite(data)), data.shape)
        position = ", ".join(str(i) for i in index)
        raise ValueError(
            f"{name} must be finite, but {name}[{position}] is {data[index]}; replace it first"
        )
    if data.dtype == np.float64 and data.size and np.abs(data).max() > LARGEST:
        must, got = f"lie within {LARGEST:g} of 0, to be added up", f"{np.abs(data).max():g}"
        arguments.refuse(name, must, got, "rescale it first")
    return data


def by_neuron(data):
    """View ``[num_steps, ...]`` as ``[num_steps, neurons]``, features in C order."""
    return data.reshape(len(data), math.prod(data.shape[1:]))


def steps_to_show(num_steps, data):
    """The number of leading steps of ``data`` to draw: all when ``num_steps`` is False or None."""
    if not len(data):
        arguments.refuse("data", "hold at least one time step", f"shape {data.shape}", "record one")
    if num_steps is None or num_steps is False:
        return len(data)
    return arguments.integer(
        "num_steps", num_steps, 1, len(data), "leave it out to draw every step"
    )


def optional_time_step(time_step):
    """Seconds per step as a float, or None when the axis counts steps."""
    if time_step is None or time_step is False:
        return None
    return arguments.number("time_step", time_step, 0, open_low=True)


def optional_flag(name, value):
    """True, False, or None, which leaves the choice to the plot."""
    return None if value is None else arguments.flag(name, value)


def texts(name, values):
    """``values`` as a list of strings, or None; a single string is not a list of letters."""
    if values is None:
        return None
    must, got = "be a list of strings", arguments.shown(values)
    remedy = "pass one string for each"
    if isinstance(values, str):
        arguments.refuse(name, must, got, f"pass [{got}]", TypeError)
    found = arguments.items(name, values, must, remedy)
    try:
        return [str(value) for value in found]
    except Exception:  # what a foreign __str__ raises
        arguments.refuse(name, must, got, remedy, TypeError)


def color_map(name, value):
    """The colormap that ``value`` is or names."""
    import matplotlib

    try:
        return matplotlib.colormaps.get_cmap(value)
    except Exception as error:  # a foreign __eq__ or __hash__ raises whatever it likes
        kind = ValueError if isinstance(error, ValueError) else TypeError
        must, got = "be a colormap of matplotlib or its name", arguments.shown(value)
        arguments.refuse(name, must, got, "pass for example 'gray'", kind)


def color(name, value):
    """``value`` as red, green, blue and opacity."""
    from matplotlib.colors import to_rgba

    if not is_color(value):
        arguments.refuse(
            name,
            "be a colour of matplotlib",
            arguments.shown(value),
            "pass for example 'black' or '#D55E00'",
        )
    return to_rgba(value)


def is_color(value):
    """Whether matplotlib takes a value for a colour."""
    from matplotlib.colors import is_color_like

    try:
        return is_color_like(value)
    except Exception:  # a foreign class raises whatever it likes
        return False


@contextmanager
def style_of(method):
    """Say in a sentence that matplotlib refused the keyword arguments that were passed on."""
    try:
        yield
    except Exception as error:  # matplotlib, or an object's own class
        kind = ValueError if isinstance(error, ValueError) else TypeError
        said = reason(error).rstrip(".")
        raise kind(
            f"keyword arguments must be those of matplotlib's {method}, which refused them: "
            f"{said}; correct or drop them"
        ) from error


# --- axes ---------------------------------------------------------------------------------------


def pyplot_in_use():
    """pyplot where the program imported it or runs in a notebook's kernel, else None."""
    if sys.modules.get("matplotlib.pyplot") or sys.modules.get("ipykernel"):
        from matplotlib import pyplot

        return pyplot
    return None


def new_figure(figsize):
    """An empty figure, known to pyplot where that is in use."""
    from matplotlib.figure import Figure

    pyplot = pyplot_in_use()
    make = Figure if pyplot is None else pyplot.figure
    return make(figsize=figsize, layout="constrained")


def current_figure():
    """pyplot's current figure, or None where there is none."""
    pyplot = pyplot_in_use()
    return pyplot.gcf() if pyplot is not None and pyplot.get_fignums() else None


def given_axes(ax):
    """``ax``, which must be axes that lie in a figure."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        got = a_kind(ax)
        if isinstance(ax, (list, tuple)) or (isinstance(ax, np.ndarray) and ax.ndim):
            got = f"{got} of length {len(ax)}"
        arguments.refuse(
            "ax",
            "be one Axes of matplotlib",
            got,
            "pass one that fig.subplots() returned, or leave it out",
            TypeError,
        )
    if ax.figure is None:
        arguments.refuse("ax", "lie in a figure", "axes that were removed", "pass other axes")
    return ax


def axes(ax, figsize):
    """``ax``, or the current axes where pyplot is in use, or those of a new figure."""
    if ax is not None:
        return given_axes(ax)
    figure = current_figure()
    return new_figure(figsize).add_subplot() if figure is None else figure.gca()


def empty_axes(fig, ax, figsize):
    """A figure and axes for what cannot share them with another plot; either may be None."""
    from matplotlib.figure import FigureBase

    if fig is not None and not isinstance(fig, FigureBase):
        arguments.refuse("fig", "be a Figure of matplotlib", a_kind(fig), "leave it out", TypeError)
    if ax is None:
        ax = _unused_axes(figsize) if fig is None else fig.add_subplot()
    root = given_axes(ax).figure.canvas.figure  # also right where ax lies in a SubFigure
    if fig is not None and fig is not ax.figure and fig is not root:
        arguments.refuse("fig", "be the figure of ax", fig, "leave fig out")
    return root, ax


def _unused_axes(figsize):
    """The current axes if nothing is drawn on them, or those of a new figure."""
    figure = current_figure()
    if figure is None or (figure.axes and figure.gca().has_data()):
        figure = new_figure(figsize)
    return figure.gca()


def panels(ax, rows, columns, count, figsize, heights=None):
    """Return ``count`` axes: those given, or a grid in a figure or inside the axes given.

    ``heights`` are the rows' shares of the height, equal by default; axes that are given keep their
    own.
    """
    from matplotlib.axes import Axes

    heights = heights or (1,) * rows
    if ax is None:
        return _own_panels(rows, columns, count, figsize, heights)
    if isinstance(ax, Axes):
        return _divided(given_axes(ax), rows, columns, count, heights)
    numbers = isinstance(ax, np.ndarray) and ax.dtype != object  # maybe too many to look at each
    several = isinstance(ax, (np.ndarray, list, tuple)) and not numbers
    given = _flat(ax) if several else None
    if given is None:
        arguments.refuse(
            "ax",
            "be Axes of matplotlib, or an array of them",
            a_kind(ax),
            "pass what fig.subplots() returned, or leave it out",
            TypeError,
        )
    if len(given) < count:
        arguments.refuse(
            "ax", f"hold at least {count} axes, one a panel", len(given), "leave it out"
        )
    result = [given_axes(panel) for panel in given]
    for unused in result[count:]:
        unused.set_axis_off()
    return result[:count]


def _flat(ax):
    """What an array or a list holds, or None where NumPy or a foreign class refuses."""
    try:
        return np.asarray(ax, dtype=object).ravel()
    except Exception:
        return None


def _own_panels(rows, columns, count, figsize, heights):
    """A grid in pyplot's current figure if that is free or has this very grid, or in a new one."""
    figure = current_figure()
    cells = [(rows, columns, index, index) for index in range(count)]
    if figure is not None and figure.axes:
        if [_cell(panel) for panel in figure.axes] == cells:  # drawn before, as by plt.subplot
            return list(figure.axes)
        if len(figure.axes) == 1 and not figure.axes[0].has_data():
            return _divided(figure.axes[0], rows, columns, count, heights)
        figure = None
    figure = new_figure(figsize) if figure is None else figure
    grid = figure.add_gridspec(rows, columns, height_ratios=heights)
    return [figure.add_subplot(grid[divmod(index, columns)]) for index in range(count)]


def _cell(ax):
    """Rows and columns of the grid that holds the axes, and the first and last cell they fill."""
    place = ax.get_subplotspec()
    return None if place is None else place.get_geometry()


def _divided(ax, rows, columns, count, heights):
    """Panels inside the axes; the axes themselves when there is one panel."""
    if rows * columns == 1:
        return [ax]
    ax.set_axis_off()
    # A tenth of a panel between panels, more where tick labels and titles have to fit.
    width, row_height = 1 / (1.12 * columns - 0.12), 1 / (1.3 * rows - 0.3)
    shares = np.array(heights) * rows / sum(heights) * row_height
    bottoms = 1 - np.cumsum(shares) - 0.3 * row_height * np.arange(rows)
    places = (divmod(index, columns) for index in range(count))
    return [
        ax.inset_axes([1.12 * column * width, bottoms[row], width, shares[row]])
        for row, column in places
    ]


# --- limits, labels, ticks ----------------------------------------------------------------------


def limits(ax, axis, low, high):
    """Limits of one axis that hold [low, high] and whatever its axes already show."""
    siblings = getattr(ax, f"get_shared_{axis}_axes")().get_siblings(ax)
    if any(sibling.has_data() for sibling in siblings):
        current = getattr(ax, f"get_{axis}lim")()
        low, high = min(low, *current), max(high, *current)
    return (high, low) if getattr(ax, f"{axis}axis_inverted")() else (low, high)


def label(ax, xlabel, ylabel):
    """Name the axes, unless the caller has done so or their numbers are hidden.

    Matplotlib hides the numbers of inner axes that share an axis with others.
    """
    numbers = ax.xaxis.get_tick_params()
    if not ax.get_xlabel() and (numbers["labelbottom"] or numbers["labeltop"]):
        ax.set_xlabel(xlabel)
    numbers = ax.yaxis.get_tick_params()
    if not ax.get_ylabel() and (numbers["labelleft"] or numbers["labelright"]):
        ax.set_ylabel(ylabel)


def whole_ticks(axis):
    """Put ticks at whole numbers only, unless the caller chose others: there is no neuron 0.5."""
    from matplotlib.ticker import AutoLocator, MaxNLocator

    if isinstance(axis.get_major_locator(), AutoLocator):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def points(ax):
    """The window of ``ax`` in typographic points, the unit of marker sizes."""
    from matplotlib.transforms import Affine2D

    return ax.get_window_extent().transformed(Affine2D().scale(72 / ax.figure.dpi))
