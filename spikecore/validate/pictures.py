"""Two spike trains one above another, as a small SVG picture."""

import html
from typing import Any, NamedTuple

import numpy as np

CELL, LANE, LEFT, TOP = 9, 22, 70, 42
EXPECTED, ACTUAL, MARK = "#1f5fa8", "#c2410c", "#f3d9d9"
MOST_LANES, MOST_STEPS = 12, 80


class Trains(NamedTuple):
    """Two trains to draw, ``[time, neuron]``, of the elements named."""

    title: str
    elements: tuple
    expected: Any
    actual: Any
    step: int  # of the first difference
    first_step: int = 0  # of the part that is drawn


def cut(title, expected, actual, place):
    """The part of two trains around their first difference, at ``place`` (step, *element)."""
    step, *element = place
    steps, shape = len(expected), expected.shape[1:]
    lane = int(np.ravel_multi_index(element, shape)) if shape else 0
    trains = [train.reshape(steps, -1) for train in (expected, actual)]
    order = np.flatnonzero((trains[0] != trains[1]).any(axis=0))
    order = [lane, *(int(i) for i in order if i != lane)][:MOST_LANES]
    begin = max(0, min(step - MOST_STEPS // 2, steps - MOST_STEPS))
    names = tuple(tuple(int(i) for i in np.unravel_index(e, shape)) for e in order)
    parts = [train[begin : begin + MOST_STEPS, order] for train in trains]
    return Trains(title, names, *parts, step, begin)


def raster(trains):
    """The SVG element: expected ticks above, actual ticks below, the first difference marked."""
    steps, lanes = trains.expected.shape
    width, height = LEFT + steps * CELL + 10, TOP + lanes * LANE + 24
    mark = LEFT + (trains.step - trains.first_step) * CELL
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img">',
        f'<text x="0" y="14">{html.escape(trains.title)}: '
        f'<tspan fill="{EXPECTED}">expected above</tspan>, '
        f'<tspan fill="{ACTUAL}">candidate below</tspan></text>',
        f'<rect x="{mark}" y="{TOP - 4}" width="{CELL}" height="{lanes * LANE + 4}" '
        f'fill="{MARK}"/>',
        f'<text x="{mark}" y="{TOP - 8}">step {trains.step}</text>',
    ]
    for lane, element in enumerate(trains.elements):
        top = TOP + lane * LANE
        parts.append(f'<text x="0" y="{top + 12}">{html.escape(str(element))}</text>')
        parts.append(_ticks(trains.expected[:, lane], top, EXPECTED))
        parts.append(_ticks(trains.actual[:, lane], top + LANE // 2 - 1, ACTUAL))
    last = trains.first_step + steps - 1
    parts.append(
        f'<text x="{LEFT}" y="{height - 6}">steps {trains.first_step} to {last}</text></svg>'
    )
    return "".join(parts)


def _ticks(train, top, colour):
    """One path of vertical ticks; several spikes or a negative one are told by their length."""
    path = "".join(
        f"M{LEFT + t * CELL + CELL // 2} {top}v{8 if s > 0 else 4}"
        for t, s in enumerate(train)
        if s != 0
    )
    return f'<path d="{path}" stroke="{colour}" stroke-width="3" fill="none"/>'
