"""Two spike trains one above another, as a small SVG picture."""

import html

import numpy as np

CELL, LANE, LEFT, TOP = 9, 22, 70, 42
EXPECTED, ACTUAL, MARK = "#1f5fa8", "#c2410c", "#f3d9d9"
MOST_LANES, MOST_STEPS = 12, 80


def cut(title, expected, actual, difference):
    """The part of two trains around their first difference."""
    from spikecore.validate.report import Trains

    steps, shape = len(expected), expected.shape[1:]
    flat = int(np.ravel_multi_index(difference.element, shape)) if shape else 0
    both = [one.reshape(steps, -1) for one in (expected, actual)]
    order = np.flatnonzero((both[0] != both[1]).any(axis=0))
    order = [flat, *(int(i) for i in order if i != flat)][:MOST_LANES]
    begin = max(0, min(difference.step - MOST_STEPS // 2, steps - MOST_STEPS))
    names = tuple(tuple(int(i) for i in np.unravel_index(e, shape)) for e in order)
    part = [one[begin : begin + MOST_STEPS, order] for one in both]
    return Trains(title, names, *part, difference.step, begin)


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
