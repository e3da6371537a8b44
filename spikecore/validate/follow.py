"""The reference neuron stepped by hand: along a candidate's own states, or with a known mistake.

:func:`follow` tells rounding from logic.  Before every step the reference takes on the candidate's
own membrane (or, where only spikes are exposed, computes in float64 and takes on the candidate's
spikes).  A spike is then excused when the membrane before the reset lies within ``band`` ulp of
where the decision turns, and a membrane when it is within ``band`` ulp of the reference's.  Where
the membrane is the input itself, from rest and without gain, nothing is excused, so that > and >=
are told apart.  The ulp is that of the largest number in the step; without exposed membranes the
band widens as the differences of earlier steps add up.

:func:`walk` puts mistakes of execution between the parts of a step, which no axis describes.
"""

from typing import NamedTuple

import numpy as np

from spikecore.backends import numpy as reference
from spikecore.neurons import prepare
from spikecore.neurons.dynamics import State, only, step_of
from spikecore.validate.candidate import Observed
from spikecore.validate.subject import BAND


def numbers(lif, shape, rounded_to, dtype):
    """The neuron's parameters, rounded as the data are, in the dtype of the computation."""
    rounded = prepare.parameters(lif._model, shape, np.dtype(rounded_to))

    def converted(column):
        if isinstance(column, tuple):
            return type(column)(*map(converted, column))
        column = np.asarray(column).astype(dtype)
        return column.reshape(shape) if column.ndim else column[()]

    return converted(rounded)


def rest(lif, shape, rounded_to, dtype):
    """The state before the first step."""
    started = lif._model.initial
    columns = (np.full(shape, started.get(field, 0.0), rounded_to) for field in State._fields)
    return State(*(column.astype(dtype) for column in columns))


def arriving(lif, current):
    """The currents in the steps in which they reach the neuron."""
    late = min(lif._model.delay, len(current))
    return np.concatenate([np.zeros_like(current[:late]), current[: len(current) - late]])


def winners(step, state, p):
    """Which neurons inhibition lets fire: the first of each row that is furthest above."""
    shape = state.membrane.shape
    return reference.winners(step.height, state, p, shape[-1]).reshape(shape)


# --- along a candidate ---------------------------------------------------------------------------


class Followed(NamedTuple):
    """Step by step, ``[T, ...]``: what the reference gave, and what cannot be rounding."""

    spikes: np.ndarray
    membrane: np.ndarray  # as it is recorded
    distance: np.ndarray  # of what is compared to the threshold, in ulp of the threshold
    wrong_spikes: np.ndarray
    wrong_membrane: np.ndarray


@np.errstate(over="ignore", invalid="ignore")
def follow(lif, current, observed, band=BAND, whole=True):
    """Follow a candidate's trains with the reference ``lif``, or until it is wrong."""
    model, shape = lif._model, current.shape[1:]
    step, axes = step_of(model.axes), model.axes
    exposed = observed.membrane is not None
    dtype = current.dtype if exposed else np.dtype(np.float64)
    p = numbers(lif, shape, current.dtype, dtype)
    state = rest(lif, shape, current.dtype, dtype)
    fired = np.asarray(observed.spikes, dtype) / dtype.type(lif.amplitude or 1)
    # Without membranes a difference decays from step to step: it adds up to 1/(1 - decay) at most.
    drift = 1.0 if exposed else 1 / max(1 - float(np.max(lif.decay)), 1e-9)
    largest = np.full(shape, np.max(lif.threshold), float)
    width = np.spacing(largest.astype(current.dtype)).astype(float) * band
    rows = {name: np.zeros(current.shape, dtype) for name in Followed._fields[:3]}
    wrong = {name: np.zeros(current.shape, bool) for name in Followed._fields[3:]}
    last, touched = None, np.zeros(shape, bool)
    for t, x in enumerate(arriving(lif, current).astype(dtype)):
        # 1. What is still to be reset: the spikes that the candidate claims for the membrane it
        # had, as far as the band allows them.  With report == "old" a step reports those of the
        # membrane before its update, so the claim is in this row, else it is in the row before.
        bounds = _counts(step, state, p, width, model.inhibition)
        claimed = fired[t] if axes.report == "old" else last
        before = bounds[1] if claimed is None else np.clip(claimed, bounds[0], bounds[2])
        # 2. The reference's new membrane, and how far rounding may have moved the candidate's.
        new = step.advance(state, before, x, p)
        width = _width(current.dtype, state, new, x, p, largest, band, min(t + 1, drift))
        width = np.where(_exact(axes, state, exposed, touched), 0.0, width)
        touched |= x != 0
        # 3. The spikes of this row are judged by the membrane that they report.
        after = _counts(step, new, p, width, model.inhibition)
        bounds = bounds if axes.report == "old" else after
        judged = np.clip(fired[t], bounds[0], bounds[2])
        now = after[1] if axes.report == "old" else judged
        # 4. Reset by the spikes that were accepted; the refractory time follows the claimed ones.
        settled, _ = step.settle(new, before, now, p)
        if axes.refractory:
            waiting = np.where(
                fired[t] != 0, _waiting(axes, new, after[1], p), np.maximum(state.refractory - 1, 0)
            )
            settled = settled._replace(refractory=waiting.astype(dtype))
        compared = state.membrane if axes.report == "old" else new.membrane
        rows["spikes"][t] = bounds[1] * dtype.type(lif.amplitude)
        rows["membrane"][t] = settled.membrane
        level = step.level(state, p)
        rows["distance"][t] = _distance(compared, level, axes, current.dtype)
        wrong["wrong_spikes"][t] = judged != fired[t]
        # 5. Go on from the candidate's membrane where it is exposed, else from the reference's.
        state, last = settled, fired[t]
        if exposed:
            theirs = observed.membrane[t].astype(dtype)
            parted = np.abs(theirs.astype(float) - settled.membrane.astype(float))
            wrong["wrong_membrane"][t] = ~(parted <= width)
            state = settled._replace(membrane=theirs)
        if not whole and (wrong["wrong_spikes"][t] | wrong["wrong_membrane"][t]).any():
            break
    return Followed(**rows, **wrong)


def _waiting(axes, new, own, p):
    """Steps to wait after a spike; one that only rounding lets happen is at the end of its step."""
    if not axes.fraction:
        return p.refractory
    return np.where(own != 0, new.refractory, p.refractory + 1)


def _counts(step, state, p, width, inhibition):
    """The least spikes within the band of a membrane, those of the membrane, and the most."""
    v = state.membrane
    width = np.asarray(width).astype(v.dtype)
    moved = (state._replace(membrane=w.astype(v.dtype)) for w in (v - width, v, v + width))
    low, own, high = (step.count(near, p) for near in moved)
    if not inhibition:
        return low, own, high
    first = winners(step, state, p)
    above = step.height(state, p)
    lead = above - above.max(axis=-1, keepdims=True)
    runner_up = np.sort(above, axis=-1)[..., -2:-1] if v.shape[-1] > 1 else above - np.inf
    clear = first & (above - runner_up > 2 * width)
    return only(low, clear), only(own, first), only(high, first | (lead >= -2 * width))


def _width(dtype, state, new, x, p, largest, band, drift):
    """The band of this step, in the units of the membrane; ``largest`` is kept up to date."""
    drives = (p.gain * drive for drive in (x, new.synapse, new.adaptation))
    resistance = p.parts.resistance if p.parts else 0
    levels = (resistance * x, p.leak, p.threshold, p.reset_value)
    for number in (state.membrane, new.membrane, *drives, *levels):
        np.maximum(largest, np.abs(number), out=largest)
    np.minimum(largest, np.finfo(dtype).max / 4, out=largest)
    return np.spacing(largest.astype(dtype)).astype(float) * band * drift


def _exact(axes, state, exposed, touched):
    """Where the new membrane is the input itself, which no order of operations rounds."""
    driven = axes.synapse != "none" or axes.adaptation == "input" or axes.spike_map != "linear"
    if axes.gain or axes.leak or axes.fraction or driven:
        return False
    return state.membrane == 0 if exposed else ~touched


def _distance(v, level, axes, dtype):
    """From the membrane to the nearest threshold, in ulp of the threshold."""
    nearest = level
    if axes.spikes == "multi":
        nearest = np.maximum(np.rint(v / level), 1) * level
    return (v - nearest) / np.spacing(np.asarray(level, dtype)).astype(v.dtype)


# --- with a mistake ------------------------------------------------------------------------------


class Walked(NamedTuple):
    """What came out, the membranes before their resets, and the state to go on from."""

    observed: Observed
    before_reset: np.ndarray
    final: State


@np.errstate(over="ignore", invalid="ignore")
def walk(
    lif, current, *, wide=False, fused=None, shared=False, losers=False, unit=False, stored=None,
    exchanged=False, start=None,
):  # fmt: skip
    """Step ``lif`` over ``[T, ...]`` currents with one mistake.

    wide: compute in float64 from parameters that are rounded as the data are.
    fused: the product of ``"decay"`` or ``"gain"`` is added without being rounded first.
    shared: a spike of one neuron resets all neurons of the last axis.
    losers: under inhibition, neurons that were kept from firing are reset too.
    unit: a reset subtracts 1 in place of the threshold.
    stored: dtype in which the membrane is kept between steps.
    exchanged: the current is taken for the membrane, and the membrane for the current.
    start: the state to begin with, as a ``State``.
    """
    model, shape = lif._model, current.shape[1:]
    step, axes = step_of(model.axes), model.axes
    dtype = np.dtype(np.float64) if wide else current.dtype
    p = numbers(lif, shape, current.dtype, dtype)
    resets = p._replace(threshold=dtype.type(1)) if unit else p
    advancing = resets
    if fused and not axes.fraction:  # a fraction of a step has another product
        advancing = resets._replace(**{fused: Fused(getattr(p, fused))})
    state = rest(lif, shape, dtype, dtype) if start is None else start
    spikes, membranes, unreset = np.zeros((3, *current.shape), dtype)

    def everyone(fired):
        return np.broadcast_to(fired.max(axis=-1, keepdims=True), shape) if shared else fired

    may_fire = winners(step, state, p) if model.inhibition else True
    for t, x in enumerate(arriving(lif, current).astype(dtype)):
        if exchanged:
            state, x = state._replace(membrane=x), state.membrane
        before = everyone(only(step.count(state, p), losers or may_fire))
        new = step.advance(state, before, x, advancing)
        if model.inhibition:
            may_fire = winners(step, new, p)
        above = step.count(new, p)
        now = only(above, may_fire)
        state, _ = step.settle(new, before, above if losers else everyone(now), resets)
        if model.inhibition and axes.reset_at == "exchange":
            may_fire = winners(step, state, p)
        spikes[t] = before if axes.report == "old" else now
        membranes[t], unreset[t] = state.membrane, new.membrane
        if stored is not None:
            state = state._replace(membrane=state.membrane.astype(stored).astype(dtype))
    observed = Observed(spikes * dtype.type(lif.amplitude), membranes.astype(current.dtype))
    return Walked(observed, unreset, state)


class Fused:
    """A factor whose products are rounded only with the sum that takes them.

    As the decay or the gain of a step, it makes that step one of fused multiply-adds.
    """

    __array_ufunc__ = None  # NumPy leaves sums with it to ``__radd__``

    def __init__(self, factor, product=None):
        self.dtype, self.factor, self.product = factor.dtype, factor, product

    def __mul__(self, array):
        wide = np.float64 if self.dtype == np.float32 else np.longdouble  # exact for float32
        return Fused(self.factor, wide(self.factor) * array.astype(wide))

    def __add__(self, array):
        return (self.product + array.astype(self.product.dtype)).astype(self.dtype)

    __radd__ = __add__
