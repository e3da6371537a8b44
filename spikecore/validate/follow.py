"""Rounding told apart from logic: the reference follows the candidate step by step.

Before every step the reference takes on the candidate's own membrane (or, where only spikes are
exposed, computes in float64 and takes on the candidate's spikes).  A spike is then excused when the
membrane before the reset lies within ``band`` ulp of where the decision turns, and a membrane when
it is within ``band`` ulp of the reference's.  Where the membrane is the input itself, from rest and
without gain, nothing is excused, so that > and >= are told apart.  The ulp is that of the largest
number in the step; without exposed membranes the band widens as the differences of earlier steps
add up.
"""

from typing import NamedTuple

import numpy as np

from spikecore.neurons.dynamics import Parameters, State, only, step_of
from spikecore.neurons.neuron import _parameters

BAND = 4.0  # ulp: three operations on each side, and a coefficient computed in another order


class Followed(NamedTuple):
    """Step by step, ``[T, ...]``: what the reference gave, and what cannot be rounding."""

    spikes: np.ndarray
    membrane: np.ndarray  # as it is recorded
    before_reset: np.ndarray  # what is compared with the threshold
    distance: np.ndarray  # of that to the threshold, in ulp of the threshold
    wrong_spikes: np.ndarray
    wrong_membrane: np.ndarray


@np.errstate(over="ignore", invalid="ignore")
def follow(lif, current, observed, band=BAND):
    """Follow a candidate's trains with the reference ``lif``."""
    model = lif._model
    step = step_of(model.axes)
    exposed = observed.membrane is not None
    dtype = current.dtype if exposed else np.dtype(np.float64)
    p = numbers(lif, current.shape[1:], current.dtype, dtype)
    shape = current.shape[1:]
    drift = 1.0 if exposed else 1 / max(1 - float(np.max(lif.decay)), 1e-9)
    fired = np.asarray(observed.spikes, dtype) / dtype.type(lif.amplitude or 1)
    v = np.full(shape, lif.leak, current.dtype).astype(dtype)
    zero = np.zeros(shape, dtype)
    state = State(v, zero, zero, zero, zero)
    largest = np.full(shape, np.max(lif.threshold), float)
    rows = {name: np.zeros(current.shape, dtype) for name in Followed._fields[:4]}
    wrong = {name: np.zeros(current.shape, bool) for name in Followed._fields[4:]}
    width = np.spacing(largest.astype(current.dtype)).astype(float) * band
    last, touched = None, np.zeros(shape, bool)
    for t, x in enumerate(current.astype(dtype)):
        low, own, high = _counts(step, state.membrane, p, width, model.inhibition)
        claimed = fired[t] if model.axes.report == "old" else last
        before = own if claimed is None else np.clip(claimed, low, high)
        new = step.advance(state, before, x, p)
        width = _width(current.dtype, state, new, x, p, largest, band, min(t + 1, drift))
        width = np.where(_exact(model.axes, state, exposed, touched), 0.0, width)
        touched |= x != 0
        bounds = low, own, high
        if model.axes.report != "old":
            bounds = low, own, high = _counts(step, new.membrane, p, width, model.inhibition)
        judged = np.clip(fired[t], bounds[0], bounds[2])
        now = _counts(step, new.membrane, p, width, model.inhibition)[1] if model.axes.report == "old" \
            else judged  # fmt: skip
        settled, _ = step.settle(new, before, now, p)
        if model.axes.refractory:
            waiting = np.where(fired[t] > 0, p.refractory, np.maximum(state.refractory - 1, 0))
            settled = settled._replace(refractory=waiting.astype(dtype))
        compared = state.membrane if model.axes.report == "old" else new.membrane
        rows["spikes"][t] = bounds[1] * dtype.type(lif.amplitude)
        rows["membrane"][t] = settled.membrane
        rows["before_reset"][t] = new.membrane
        rows["distance"][t] = _distance(compared, p, model.axes, current.dtype)
        wrong["wrong_spikes"][t] = judged != fired[t]
        state = settled
        if exposed:
            theirs = observed.membrane[t].astype(dtype)
            parted = np.abs(theirs.astype(float) - settled.membrane.astype(float))
            wrong["wrong_membrane"][t] = ~(parted <= width)
            state = settled._replace(membrane=theirs)
        last = fired[t]
    return Followed(**rows, **wrong)


def numbers(lif, shape, rounded_to, dtype):
    """The neuron's parameters, rounded as the data are, in the dtype of the computation."""
    rounded = _parameters(lif._model, shape, np.dtype(rounded_to))
    return Parameters(*(np.asarray(one).astype(dtype)[()] for one in rounded))


def _counts(step, v, p, width, inhibition):
    """Spikes of a membrane, and the least and the most of them within the band."""
    width = np.asarray(width).astype(v.dtype)
    low, own, high = (step.count(one.astype(v.dtype), p) for one in (v - width, v, v + width))
    if not inhibition:
        return low, own, high
    v = v - p.threshold
    lead = v - v.max(axis=-1, keepdims=True)
    others = np.sort(v, axis=-1)
    runner_up = others[..., -2:-1] if v.shape[-1] > 1 else v - np.inf
    first = np.arange(v.shape[-1]) == v.argmax(axis=-1)[..., None]
    clear = first & (v - runner_up > 2 * width)
    return only(low, clear), only(own, first), only(high, lead >= -2 * width)


def _width(dtype, state, new, x, p, largest, band, drift):
    """The band of this step, in the units of the membrane."""
    for one in (state.membrane, new.membrane, p.gain * x, p.leak, p.threshold, p.reset_value):
        np.maximum(largest, np.abs(one), out=largest)
    np.minimum(largest, np.finfo(dtype).max / 4, out=largest)
    return np.spacing(largest.astype(dtype)).astype(float) * band * drift


def _exact(axes, state, exposed, touched):
    """Where the new membrane is the input itself, which no order of operations rounds."""
    if axes.gain or axes.leak:
        return False
    return state.membrane == 0 if exposed else ~touched


def _distance(v, p, axes, dtype):
    """From the membrane to the nearest threshold, in ulp of the threshold."""
    nearest = p.threshold
    if axes.spikes == "multi":
        nearest = np.maximum(np.rint(v / p.threshold), 1) * p.threshold
    return (v - nearest) / np.spacing(np.asarray(p.threshold, dtype)).astype(v.dtype)
