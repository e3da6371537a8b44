"""Colours that stay apart in greyscale and for colour-blind readers, on light and on dark axes."""

from typing import NamedTuple

import numpy as np

OFF_COLOR = "#D55E00"  # legible on white (contrast 3.9) and on black (5.4)


class Palette(NamedTuple):
    """The colours of a plot; the hues are Okabe and Ito's."""

    ink: str  # on-spikes, marks and text
    line: str
    leader: str  # the longest bar
    bar: str  # the other bars
    shade: str  # of every other row


LIGHT = Palette("#000000", "#0072B2", "#004C7F", "#9CC5E0", "#EDEDED")
DARK = Palette("#FFFFFF", "#56B4E9", "#9CC5E0", "#2A5F82", "#262626")

# Okabe and Ito's, those that are legible there; neighbours differ in greyscale too.
LIGHT_CURVES = ("#0072B2", "#D55E00", "#000000", "#CC79A7", "#009E73")
DARK_CURVES = ("#56B4E9", "#D55E00", "#FFFFFF", "#CC79A7", "#F0E442")


def palette(ax):
    """The colours to draw with on the background of ``ax``."""
    return LIGHT if luma(background(ax)) > 0.5 else DARK


def distinct(ax):
    """Colours of several curves on the background of ``ax``, in order of use."""
    return LIGHT_CURVES if palette(ax) is LIGHT else DARK_CURVES


def background(ax):
    """The colour behind a plot: that of the axes over that of their figure, over white paper."""
    from matplotlib.colors import to_rgba

    root = ax.figure.canvas.figure
    layers = [root.get_facecolor(), ax.figure.get_facecolor()]
    if ax.axison:
        layers.append(ax.get_facecolor())
    result = np.ones(3)
    for layer in layers:
        *color, opacity = to_rgba(layer)
        result = opacity * np.array(color) + (1 - opacity) * result
    return tuple(result)


def luma(color):
    """How light a colour is in greyscale, 0 for black and 1 for white."""
    from matplotlib.colors import to_rgb

    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


def text_on(color):
    """The colour of text that is legible on ``color``."""
    return "black" if luma(color) > 0.5 else "white"
