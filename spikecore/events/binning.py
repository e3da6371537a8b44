"""Events at times, binned into steps of a half-open interval."""

from __future__ import annotations

import numpy as np

from spikecore import arguments
from spikecore.events import cells, times


def binned(moments, element, shape, dt, num_steps, start, stop, value, combine, bypass):
    """The fields of Events: steps, elements, values, shape, number of steps, dt, dropped."""
    moments = times.of_events("times", moments)
    length = times.in_unit_of(moments, "dt", dt, low=0, open_low=True)
    begin = times.in_unit_of(moments, "start", start)
    combine = arguments.choice("combine", combine, cells.COMBINE)
    bypass = arguments.flag("bypass", bypass)
    steps = times.steps(moments, begin, length)
    num_steps = _number_of_steps(moments, steps, begin, length, num_steps, stop)
    shape, num_steps, size = cells.sizes(shape, num_steps)
    elements = cells.whole_numbers("element", element, size, "pass a larger shape")
    if elements.size != moments.size:
        must = f"have as many numbers as times, {moments.size}"
        arguments.refuse("element", must, elements.size, "pass one of each for an event")
    values = None if value is None else cells.of_values("value", value, moments.size)
    inside = (steps >= 0) & (steps < num_steps)
    dropped = int(inside.size - np.count_nonzero(inside))
    if dropped and not bypass:
        where = int(np.argmin(inside))
        raise ValueError(
            f"times must lie within [{begin}, {begin} + {num_steps}*{length}), but times[{where}] "
            f"is {moments[where]}, one of {dropped} outside; pass bypass=True to leave them out"
        )
    if dropped:
        steps, elements = steps[inside], elements[inside]
        values = None if values is None else values[inside]
    found, values = cells.combined(steps * size + elements, values, combine, size, shape)
    step, element = np.divmod(found, max(size, 1))
    return step, element, values, shape, num_steps, float(length), dropped


def _number_of_steps(moments, steps, start, dt, num_steps, stop):
    """``num_steps``, or the steps up to ``stop``; one of the two is given."""
    if num_steps is not None:
        if stop is not None:
            got, remedy = arguments.shown(stop), "pass one of the two"
            arguments.refuse("stop", "be left out where num_steps is given", got, remedy)
        return num_steps
    if stop is None:
        enough = int(steps.max()) + 1 if steps.size else 0
        raise ValueError(
            "num_steps or stop must be given, since the last event is not the end of a recording; "
            f"pass num_steps={max(enough, 0)} to hold all events, or more"
        )
    end = times.in_unit_of(moments, "stop", stop)
    if end < start:
        arguments.refuse("stop", f"be at least start, {start}", end, "exchange the two")
    return times.count(start, end, dt)
