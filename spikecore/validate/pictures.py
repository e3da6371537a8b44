"""Small SVG pictures: two trains one above another, two membranes, observed and expected rates."""

import html
from typing import Any, NamedTuple

import numpy as np

CELL, LANE, LEFT, TOP = 9, 22, 70, 42
CURVE = 66  # height of a membrane
EXPECTED, ACTUAL, MARK, AXIS = "#1f5fa8", "#c2410c", "#f3d9d9", "#888"
MOST_LANES, MOST_CURVES, MOST_STEPS = 12, 3, 80
TICK = 10  # steps from one tick of the time axis to the next
SIDE = 220  # of the square of rates


class Trains(NamedTuple):
    """Two trains or membranes to draw, ``[time, neuron]``, of the elements named."""

    title: str
    elements: tuple
    expected: Any
    actual: Any
    step: int  # of the first difference
    first_step: int = 0  # of the part that is drawn
    membranes: bool = False


class Rates(NamedTuple):
    """How often each feature fired, and how often it should have."""

    title: str
    expected: Any
    actual: Any
    spread: Any  # standard deviation of an observed rate


def cut(title, wanted, observed, place):
    """The part around the first difference, at ``place`` (step, *element), of what came out.

    The spikes are drawn where some differ, else the membranes.
    """
    membranes = np.array_equal(wanted.spikes, observed.spikes)
    expected, actual = (pair.membrane if membranes else pair.spikes for pair in (wanted, observed))
    step, *element = place
    steps, shape = len(expected), expected.shape[1:]
    lane = int(np.ravel_multi_index(element, shape)) if shape else 0
    trains = [train.reshape(steps, -1) for train in (expected, actual)]
    order = np.flatnonzero((trains[0] != trains[1]).any(axis=0))
    order = [lane, *(int(i) for i in order if i != lane)]
    order = order[: MOST_CURVES if membranes else MOST_LANES]
    begin = max(0, min(step - MOST_STEPS // 2, steps - MOST_STEPS))
    names = tuple(tuple(int(i) for i in np.unravel_index(e, shape)) for e in order)
    parts = [train[begin : begin + MOST_STEPS, order] for train in trains]
    return Trains(title, names, *parts, step, begin, membranes)


def picture(shown):
    """The SVG element of trains, membranes or rates."""
    return _rates(shown) if isinstance(shown, Rates) else _over_time(shown)


def _svg(width, height, title, what, parts):
    colours = (
        f'<tspan fill="{EXPECTED}">{what[0]}</tspan>, <tspan fill="{ACTUAL}">{what[1]}</tspan>'
    )
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" role="img" aria-label="{html.escape(title)}">',
            f'<text x="0" y="14">{html.escape(title)}: {colours}</text>',
            *parts,
            "</svg>",
        ]
    )


def _over_time(trains):
    """Expected above actual, or one curve over the other; the first difference is marked."""
    steps, lanes = trains.expected.shape
    lane_height = CURVE if trains.membranes else LANE
    width, bottom = max(LEFT + steps * CELL + 10, 360), TOP + lanes * lane_height
    mark = _x(trains.step - trains.first_step) - CELL / 2
    parts = [
        f'<rect x="{mark:g}" y="{TOP - 4}" width="{CELL}" height="{bottom - TOP + 4}" '
        f'fill="{MARK}"/>',
        f'<text x="{mark:g}" y="{TOP - 8}">step {trains.step}</text>',
    ]
    for lane, element in enumerate(trains.elements):
        top, pair = TOP + lane * lane_height, (trains.expected[:, lane], trains.actual[:, lane])
        parts.append(f'<text x="0" y="{top + 12}">{html.escape(str(element))}</text>')
        parts += _curves(*pair, top) if trains.membranes else _ticks(*pair, top)
    parts += _time_axis(steps, trains.first_step, bottom)
    what = ("expected", "candidate") if trains.membranes else ("expected above", "candidate below")
    title = f"{trains.title}, membrane" if trains.membranes else trains.title
    return _svg(width, bottom + 34, title, what, parts)


def _x(step):
    """Middle of a step that is drawn."""
    return LEFT + (step + 0.5) * CELL


def _time_axis(steps, first_step, bottom):
    """A line with a tick and its number every few steps."""
    yield f'<path d="M{LEFT} {bottom}h{steps * CELL}" stroke="{AXIS}"/>'
    for step in range(-(-first_step // TICK) * TICK, first_step + steps, TICK):
        x = _x(step - first_step)
        yield f'<path d="M{x:g} {bottom}v4" stroke="{AXIS}"/>'
        yield f'<text x="{x:g}" y="{bottom + 16}" text-anchor="middle">{step}</text>'
    yield f'<text x="{LEFT}" y="{bottom + 30}">step</text>'


def _ticks(expected, actual, top):
    """A path of vertical ticks for each train; a negative spike is a short one."""
    for train, y, colour in ((expected, top, EXPECTED), (actual, top + LANE // 2 - 1, ACTUAL)):
        path = "".join(f"M{_x(t):g} {y}v{8 if train[t] > 0 else 4}" for t in np.flatnonzero(train))
        yield f'<path d="{path}" stroke="{colour}" stroke-width="3" fill="none"/>'


def _curves(expected, actual, top):
    """Two curves over the same range, which is written beside them."""
    low = float(min(expected.min(), actual.min()))
    high = float(max(expected.max(), actual.max()))
    height = CURVE - 14
    scale = height / (high - low or 1.0)
    for y, value in ((top + 8, high), (top + height + 4, low)):
        yield f'<text x="{LEFT - 4}" y="{y}" text-anchor="end">{value:.3g}</text>'
    for train, colour, thick in ((expected, EXPECTED, 4), (actual, ACTUAL, 1.5)):
        points = " ".join(
            f"{_x(t):g},{top + (high - float(value)) * scale:.1f}" for t, value in enumerate(train)
        )
        yield (
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{thick}" '
            'stroke-opacity=".8"/>'
        )


def _rates(rates):
    """Observed against expected rates, with four standard deviations of a correct code."""
    left, top = LEFT, TOP - 10

    def point(p, rate):
        return f"{left + p * SIDE:.1f},{top + (1 - rate) * SIDE:.1f}"

    order = np.argsort(rates.expected, kind="stable")
    p, rate, spread = (np.asarray(array, float)[order] for array in rates[1:])
    outline = [*zip(p, np.minimum(p + 4 * spread, 1), strict=True)]
    outline += [*zip(p, np.maximum(p - 4 * spread, 0), strict=True)][::-1]
    dots = "".join(f"M{point(x, y)}h0" for x, y in zip(p, rate, strict=True))
    parts = [
        f'<rect x="{left}" y="{top}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{AXIS}"/>',
        f'<polygon points="{" ".join(point(*corner) for corner in outline)}" fill="{EXPECTED}" '
        f'fill-opacity=".25" stroke="{EXPECTED}"/>',
        f'<path d="{dots}" stroke="{ACTUAL}" stroke-width="3" stroke-linecap="round"/>',
    ]
    for value in (0, 0.5, 1):
        x, y = left + value * SIDE, top + (1 - value) * SIDE
        parts.append(f'<text x="{x:g}" y="{top + SIDE + 16}" text-anchor="middle">{value}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:g}" text-anchor="end">{value}</text>')
    parts.append(f'<text x="{left}" y="{top + SIDE + 32}">probability of a feature</text>')
    parts.append(f'<text x="0" y="{top + SIDE / 2 - 14:g}">rate</text>')
    what = ("expected within 4 standard deviations", "observed")
    return _svg(left + SIDE + 190, top + SIDE + 40, rates.title, what, parts)
