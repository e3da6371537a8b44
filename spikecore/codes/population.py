"""Population code: a value as the activity of neurons with Gaussian receptive fields."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import (
    Array,
    ArrayLike,
    Data,
    Device,
    Integer,
    Number,
    Out,
    SpikeDtype,
    Stream,
)
from spikecore.arithmetic import exp, like, mul, rint, select
from spikecore.backends.loops import Place
from spikecore.chunked import divided
from spikecore.codes.lines import NOWHERE
from spikecore.codes.signals import chosen
from spikecore.codes.values import MOST_STEPS, emit_spike, first_steps, placed, steps, trains
from spikecore.compiler import equation


class Axes(NamedTuple):
    """Where the centres lie, and what is given of the fields."""

    centres: str = "bohte"
    output: str = "spikes"


OUTPUTS = ("spikes", "times", "activity", "winner")
OPTIONS = {"centres": ("bohte", "even"), "output": OUTPUTS}
PROFILES = {
    "mavlab": {"centres": "bohte", "output": "winner"},
    "norse": {"centres": "even", "output": "activity"},
    "spikingjelly": {"centres": "bohte", "output": "times"},
}
FARTHEST = np.float64(39)  # widths; the activity is 0 from there on
MINUS_HALF = np.float64(-0.5)


class Numbers(NamedTuple):
    """The numbers of the fields, all of the data's dtype.

    ``first`` and ``last`` are the positions of the fields at the ends, in spacings from ``low``.
    """

    low: Any
    spacing: Any
    sigma: Any
    first: Any
    last: Any
    duration: Any


@equation
def centre(position, numbers):
    """low + position*spacing."""
    return numbers.low + mul(position, numbers.spacing)


@equation
def activity(position, x, numbers):
    """exp(-((x - centre)/sigma)**2 / 2), the exponential in float64 and rounded once."""
    distance = np.float64((x - centre(position, numbers)) / numbers.sigma)
    distance = select(distance > FARTHEST, FARTHEST, distance)
    distance = select(distance < -FARTHEST, FARTHEST, distance)
    return like(x, exp(mul(MINUS_HALF, mul(distance, distance))))


@equation
def time(position, x, numbers):
    """duration*(1 - activity), and infinity where that is not below the duration."""
    t = mul(numbers.duration, like(x, 1) - activity(position, x, numbers))
    return select(t < numbers.duration, t, like(x, np.inf))


@equation
def wins(position, x, numbers):
    """Whether the centre is the nearest, of two that are as near the lower."""
    one = like(x, 1)
    low, high = centre(numbers.first, numbers), centre(numbers.last, numbers)
    x = select(x < low, low, select(x > high, high, x))
    here = abs(x - centre(position, numbers))
    below = abs(x - centre(position - one, numbers))
    above = abs(x - centre(position + one, numbers))
    lowest, highest = position == numbers.first, position == numbers.last
    return ((here < below) | lowest) & ((here <= above) | highest)


@equation
def step_of_time(position, x, numbers):
    """The step nearest to the time, halves to even; nowhere from the duration on."""
    t = rint(mul(numbers.duration, like(x, 1) - activity(position, x, numbers)))
    return select(t < numbers.duration, np.int32(t), NOWHERE)


SPIKES = Place(step_of_time, emit_spike)


@divided("features", placed=True)
def population(
    data: Data,
    neurons: Integer,
    low: Number,
    high: Number,
    *,
    beta: Number = 1.5,
    sigma: Number | None = None,
    centres: Literal["bohte", "even"] | None = None,
    output: Literal["spikes", "times", "activity", "winner"] | None = None,
    num_steps: Integer | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """Population code: each value as ``neurons`` overlapping Gaussian fields over [low, high].

    ``g[i] = exp(-((x - mu[i])/sigma)**2 / 2)``; a field that is excited more fires earlier, at
    ``t[i] = num_steps*(1 - g[i])``, and not at all where that is not below ``num_steps``.

    Parameters
    ----------
    data : array_like
        Values x, ``[...]``; they may lie outside [low, high], where the fields fade.
    neurons : int
        Fields to a value: 3 or more for ``"bohte"``, 2 or more for ``"even"``.
    low, high : float
        The range that the fields cover.
    beta : float
        The width: ``sigma`` is the distance of neighbouring centres divided by it.
    sigma : float, optional
        The width itself, instead of ``beta``.
    centres : {"bohte", "even"}
        ``mu[i] = low + (2*i - 3)/2 * (high - low)/(neurons - 2)`` for i from 1 to ``neurons``,
        which is the default: one centre lies below ``low`` and one above ``high``.  Or as many
        centres from ``low`` to ``high``, both included.
    output : {"spikes", "times", "activity", "winner"}
        Spikes at the steps nearest to the times, halves to even, which is the default; the times,
        infinite for silence; ``g``; or 1 for the field whose centre is nearest, of two that are as
        near the lower.
    num_steps : int
        Time steps of the spikes, or the duration of the times; given for these two.
    profile : str, optional
        A library of :func:`profiles`.
    dtype, out, device, stream
        As in :func:`rate`; times and activities have the dtype of the data.

    Returns
    -------
    numpy.ndarray
        ``[num_steps, ..., neurons]`` for spikes, ``[..., neurons]`` otherwise.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the data, too few neurons, ``high`` not above ``low``, a width that is
        not positive, ``num_steps`` missing or given in vain, or an ``out`` of the wrong form.

    Notes
    -----
    S. Bohte, J. Kok and H. La Poutre, "Error-backpropagation in temporally encoded networks of
    spiking neurons", Neurocomputing 48 (2002).  SpikingJelly's ``GaussianTuning`` gives the times;
    Norse's ``population_encode`` the activity, with ``low=0``, ``high=scale`` and
    ``sigma=scale**-0.5``, where its scale is the largest value of the batch unless it is given:
    here a value's code does not depend on its batch.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import decode, spikegen
    >>> x = np.array([0.25, 0.8])
    >>> spikegen.population(x, 4, 0, 1, output="winner")
    array([[0., 1., 0., 0.],
           [0., 0., 1., 0.]])
    >>> g = spikegen.population(x, 4, 0, 1, output="activity")
    >>> decode.population(g, 4, 0, 1)
    array([0.25, 0.8 ])
    """
    call = arguments.Call("data", data, dtype, out, device, stream)
    given = {"centres": centres, "output": output}
    centres, output = chosen(Axes(), OPTIONS, PROFILES, profile, given)
    values = call.values
    fields = Fields(neurons, low, high, beta, sigma, centres)
    duration = _duration(output, num_steps)
    if output in ("times", "activity") and call.dtype != values.dtype:
        must, remedy = f"be that of the data, {values.dtype}", "leave it out, or convert the data"
        arguments.refuse("dtype", f"{must}, for output={output!r}", call.dtype, remedy)
    numbers = fields.numbers(values.dtype, duration)
    backend = call.start(values.size * fields.neurons * (duration if output == "spikes" else 1))
    positions, last = fields.positions(values.dtype), (fields.neurons,)
    flat = values.reshape(-1)
    if output == "spikes":
        return placed(call, SPIKES, numbers, duration, positions, flat, last)
    result = call.output((*values.shape, *last))
    if result.size:
        rows = result.reshape(-1)
        if output == "winner":
            _winners(backend, positions, flat, numbers, rows)
        else:
            equation = activity if output == "activity" else time
            backend.each(equation, positions, flat, numbers, rows)
    return result


def _winners(backend, positions, values, numbers, out):
    """1 for the nearest centre and 0 elsewhere, by the kernel of one step."""
    trains, on, off = backends.rows(out.reshape(1, out.size), out.dtype.type(1), out.dtype.type(0))
    backend.place(WINNER, positions, values, numbers, on, off, trains)


@equation
def winning_step(position, x, numbers):
    """Step 0 for the nearest centre."""
    return select(wins(position, x, numbers), np.int32(0), NOWHERE)


WINNER = Place(winning_step, emit_spike)


def _duration(output, num_steps):
    """The number of steps, where there is one."""
    timed = output in ("spikes", "times")
    if timed and num_steps is None:
        arguments.refuse("num_steps", f"be given for output={output!r}", None, "pass num_steps")
    if not timed and num_steps is not None:
        must = f"be left out for output={output!r}, which has no time"
        arguments.refuse("num_steps", must, num_steps, "leave it out")
    return steps(num_steps, min(MOST_STEPS, 2**24)) if timed else 1


class Fields:
    """Receptive fields: where their centres are, and how wide they are."""

    def __init__(self, neurons, low, high, beta, sigma, centres):
        centres = arguments.choice("centres", centres, OPTIONS["centres"])
        least = 3 if centres == "bohte" else 2
        self.neurons = arguments.integer("neurons", neurons, least, 2**20)
        self.low = arguments.number("low", low)
        self.high = arguments.number("high", high, self.low, open_low=True)
        self.first = -0.5 if centres == "bohte" else 0.0
        self.spacing = (self.high - self.low) / (self.neurons + 1 - least)
        beta = arguments.number("beta", beta, 0, open_low=True)
        self.sigma = self.spacing / beta
        if sigma is not None:
            self.sigma = arguments.number("sigma", sigma, 0, open_low=True)

    def positions(self, dtype):
        """Where the centres are, in spacings from ``low``."""
        return (np.arange(self.neurons) + self.first).astype(dtype)

    def numbers(self, dtype, duration=1):
        """The numbers that the equations take."""
        last = self.first + self.neurons - 1
        with np.errstate(over="ignore"):
            numbers = Numbers(
                *map(dtype.type, (self.low, self.spacing, self.sigma, self.first, last, duration))
            )
            ends = centre(numbers.first, numbers), centre(numbers.last, numbers)
        if not (np.isfinite(ends).all() and numbers.sigma > 0 and numbers.spacing > 0):
            must = f"lie so that {dtype} holds the centres and the width"
            arguments.refuse("low, high", must, (self.low, self.high), "rescale them")
        return numbers


METHODS = ("ratio", "mean")


def decode(
    code: ArrayLike,
    neurons: Integer,
    low: Number,
    high: Number,
    *,
    beta: Number = 1.5,
    sigma: Number | None = None,
    centres: Literal["bohte", "even"] = "bohte",
    output: Literal["spikes", "times", "activity", "winner"] = "activity",
    num_steps: Integer | None = None,
    method: Literal["ratio", "mean"] = "ratio",
) -> Array:
    """Value of a population code, from the activity of its fields.

    ``"ratio"`` takes the most active field and its more active neighbour:
    ``y = (mu[i] + mu[i+1])/2 - ln(g[i]/g[i+1])*sigma**2/(mu[i+1] - mu[i])``, which is the value,
    exact but for rounding, for ``output="activity"`` and ``"times"``.  ``"mean"`` is
    ``sum(mu*g)/sum(g)``, which errs at the ends of the range, for ``"bohte"`` by up to 0.0765 of
    the distance of two centres with ``beta=1.5`` and 0.284 with ``beta=1``.  From spikes the
    activity is known to half a step only.  A winner gives its centre: within
    [mu[1], mu[neurons]] the error is at most half of the distance of two centres, which is reached.

    Parameters
    ----------
    code : array_like
        What :func:`spikecore.spikegen.population` gave for the same ``output``.
    neurons, low, high, beta, sigma, centres, num_steps
        As they were for the encoder.
    output : {"activity", "times", "spikes", "winner"}
    method : {"ratio", "mean"}

    Returns
    -------
    numpy.ndarray of float64
        ``[...]``; NaN where no field is active, or only one with ``"ratio"``.

    Raises
    ------
    ValueError, TypeError
        A code of another shape, or what the encoder refuses.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.population([0, 1, 0, 0], 4, 0, 1, output="winner")
    array(0.25)
    """
    fields = Fields(neurons, low, high, beta, sigma, centres)
    output = arguments.choice("output", output, OUTPUTS)
    method = arguments.choice("method", method, METHODS)
    given = arguments.array("code", code)
    axes = 2 if output == "spikes" else 1
    if given.ndim < axes or given.shape[-1] != fields.neurons:
        must = f"end with an axis of {fields.neurons} neurons"
        arguments.refuse("code", must, f"shape {given.shape}", "pass what the encoder gave")
    g = _activities(given, output, num_steps)
    float64 = np.dtype(np.float64)
    mu = centre(fields.positions(float64), fields.numbers(float64))
    if output == "winner":
        return np.asarray(np.where(g.any(axis=-1), mu[g.argmax(axis=-1)], np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        if method == "mean":
            return np.asarray((mu * g).sum(axis=-1) / g.sum(axis=-1))
        return np.asarray(_ratio(g, mu, fields.sigma))


def _activities(given, output, num_steps):
    """The activity of every field."""
    if output in ("activity", "winner"):
        return np.asarray(given, np.float64)
    if output == "spikes":
        fired = trains(given)
        step, duration = first_steps(fired), max(1, len(fired))
        return 1 - np.asarray(step, np.float64) / duration
    duration = steps(num_steps)
    return np.maximum(0.0, 1 - np.asarray(given, np.float64) / duration)


def _ratio(g, mu, sigma):
    """The value at which two neighbouring fields have the ratio that they have."""
    best = g.argmax(axis=-1)
    below, above = np.maximum(best - 1, 0), np.minimum(best + 1, mu.size - 1)

    def taken(i):
        return np.take_along_axis(g, i[..., None], axis=-1)[..., 0]

    left = (best > 0) & ((best == mu.size - 1) | (taken(below) > taken(above)))
    i = np.where(left, below, np.minimum(best, mu.size - 2))
    first, second = taken(i), taken(i + 1)
    active = (first > 0) & (second > 0)
    logarithm = np.where(active, np.log(first) - np.log(second), np.nan)
    return (mu[i] + mu[i + 1]) / 2 - logarithm * sigma**2 / (mu[i + 1] - mu[i])
