"""What every plot shares: colours, checked data, and axes to draw on that belong to the caller.

A figure made here is a plain ``matplotlib.figure.Figure`` that pyplot does not know, so none is
left open and the current axes stay whose they were.
"""

import math

import numpy as np

from spikecore import arguments

# Dark, middle and light in greyscale as well as in colour (Okabe and Ito's palette for the hues).
ON_COLOR = "#000000"
OFF_COLOR = "#D55E00"
LINE_COLOR = "#0072B2"
LEADER_COLOR = "#004C7F"
BAR_COLOR = "#9CC5E0"


def require_matplotlib():
    """Raise an ImportError that names the extra when matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "spikecore.spikeplot draws with matplotlib, which is not installed; "
            "install it with pip install 'spikecore[plot]'"
        ) from error


def finite_array(name, value, shape, min_dimensions, max_dimensions=None):
    """``value`` as an array of finite numbers; ``shape`` says in words what it should be."""
    data = arguments.array(name, value)
    too_many = max_dimensions is not None and data.ndim > max_dimensions
    if data.ndim < min_dimensions or too_many:
        raise ValueError(
            f"{name} must be {shape}, got shape {data.shape}; "
            "index one sample or reshape it, time first"
        )
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        index = np.unravel_index(np.argmin(np.isfinite(data)), data.shape)
        position = ", ".join(str(i) for i in index)
        raise ValueError(
            f"{name} must be finite, but {name}[{position}] is {data[index]}; replace it first"
        )
    return data


def by_neuron(data):
    """View ``[num_steps, ...]`` as ``[num_steps, neurons]``, features in C order."""
    return data.reshape(len(data), math.prod(data.shape[1:]))


def steps_to_show(num_steps, data):
    """The number of leading steps of ``data`` to draw: all when ``num_steps`` is False or None."""
    if not len(data):
        raise ValueError(
            f"data must hold at least one time step, got shape {data.shape}; record one"
        )
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


def figure_and_axes(fig, ax, figsize):
    """Complete a pair of which either may be None; a new figure stays outside pyplot."""
    from matplotlib.figure import Figure

    if ax is None:
        if fig is None:
            fig = Figure(figsize=figsize, layout="constrained")
        ax = fig.add_subplot()
    root = ax.figure.canvas.figure  # also right where ax lies in a SubFigure
    if fig is not None and fig is not ax.figure and fig is not root:
        raise ValueError(f"fig must be the figure of ax, got {fig}; leave fig out")
    return root, ax


def panels(ax, rows, columns, count, figsize):
    """Return ``count`` axes: those given, or a grid in a new figure or inside the axes given."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    cells = [divmod(index, columns) for index in range(count)]
    if ax is None:
        fig = Figure(figsize=figsize, layout="constrained")
        grid = fig.add_gridspec(rows, columns)
        return [fig.add_subplot(grid[cell]) for cell in cells]
    if isinstance(ax, Axes):
        if rows * columns == 1:
            return [ax]
        ax.set_axis_off()
        # A tenth of a panel between panels, more where tick labels and titles have to fit.
        width, height = 1 / (1.12 * columns - 0.12), 1 / (1.3 * rows - 0.3)
        return [
            ax.inset_axes([1.12 * column * width, 1 - height - 1.3 * row * height, width, height])
            for row, column in cells
        ]
    given = np.asarray(ax, dtype=object).ravel()
    if len(given) < count:
        raise ValueError(
            f"ax must hold at least {count} axes, one a panel, got {len(given)}; leave it out"
        )
    for unused in given[count:]:
        unused.set_axis_off()
    return list(given[:count])


def cover(ax, axis, low, high):
    """Set the limits of one axis to hold [low, high] and whatever its axes already show."""
    siblings = getattr(ax, f"get_shared_{axis}_axes")().get_siblings(ax)
    inverted = getattr(ax, f"{axis}axis_inverted")()
    if any(other.has_data() for other in siblings):
        current = getattr(ax, f"get_{axis}lim")()
        low, high = min(low, *current), max(high, *current)
    getattr(ax, f"set_{axis}lim")(*((high, low) if inverted else (low, high)))


def label(ax, xlabel, ylabel):
    """Name the axes, unless the caller has done so already."""
    if not ax.get_xlabel():
        ax.set_xlabel(xlabel)
    if not ax.get_ylabel():
        ax.set_ylabel(ylabel)


def whole_ticks(axis):
    """Put ticks at whole numbers only, unless the caller chose others: there is no neuron 0.5."""
    from matplotlib.ticker import AutoLocator, MaxNLocator

    if isinstance(axis.get_major_locator(), AutoLocator):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
