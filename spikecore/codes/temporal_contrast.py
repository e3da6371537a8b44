"""Temporal contrast: spikes where a signal changes by more than its usual change."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import (
    Array,
    Data,
    Device,
    Integer,
    Number,
    Out,
    PerNeuron,
    SpikeDtype,
    Stream,
)
from spikecore.arithmetic import mul, select
from spikecore.backends.floats import in_standard_floats
from spikecore.backends.loops import Scan
from spikecore.chunked import divided
from spikecore.codes.signals import (
    CHANNELS,
    COMPARE,
    DOWN,
    NONE,
    UP,
    SignalCall,
    chosen,
    written,
)
from spikecore.codes.sparse import checked, gives_events
from spikecore.compiler import equation


class Axes(NamedTuple):
    """How a change is compared, where its spike goes, and what the threshold is computed of."""

    compare: str = ">"
    align: str = "end"
    edge: str = "zero"
    channels: str = "signed"
    statistic: str = "signed"
    over: str = "changes"
    ddof: int = 0


OPTIONS = {
    "compare": COMPARE,
    "align": ("end", "start"),
    "edge": ("zero", "repeat"),
    "channels": CHANNELS,
    "statistic": ("signed", "absolute"),
    "over": ("changes", "steps"),
}
_PETRO = {"compare": ">", "align": "start", "edge": "repeat", "over": "steps"}
PROFILES = {
    "kedri": {**_PETRO, "ddof": 1},
    "mavlab-matlab": {"compare": ">", "align": "end", "edge": "repeat", "ddof": 1},
    "pyspikes": {"compare": ">", "align": "start", "statistic": "absolute"},
    "spicoder": {"compare": ">", "align": "end", "edge": "zero", "over": "steps"},
    "spikify": _PETRO,
}


# --- the threshold of the data ------------------------------------------------------------------


class Total(NamedTuple):
    """The sample before, and a sum over the changes."""

    previous: Any
    total: Any


class Mean(NamedTuple):
    """The mean change, one per feature."""

    mean: Any


@cache
def sums_of(absolute):
    """The equations that sum changes, and squares of their deviations from the mean."""

    @equation
    def change_of(state, x):
        change = x - state.previous
        if absolute:
            change = select(change < -change, -change, change)
        return change

    @equation
    def add_change(state, x, numbers):
        """One more change of the sum."""
        return Total(x, state.total + change_of(state, x))

    @equation
    def add_square(state, x, numbers):
        """One more squared deviation of the sum."""
        deviation = change_of(state, x) - numbers.mean
        return Total(x, state.total + mul(deviation, deviation))

    return add_change, add_square


@in_standard_floats
@np.errstate(over="ignore")
def _statistic(call, factor, axes):
    """``mean + factor*std`` of the changes of each feature, flat."""
    samples, dtype = call.samples, call.values.dtype
    num_steps, size = samples.shape
    count = num_steps if axes.over == "steps" else num_steps - 1
    if num_steps < 2 or count <= axes.ddof:
        must = f"have at least {max(2, num_steps + axes.ddof + 1 - count)} steps for a threshold"
        arguments.refuse("data", must, num_steps, "pass threshold= instead of factor=")
    spans = _spans(axes, num_steps)
    add_change, add_square = sums_of(axes.statistic == "absolute")
    mean = _sum(call, add_change, spans, Mean(np.zeros(size, dtype))) / dtype.type(count)
    squares = _sum(call, add_square, spans, Mean(mean))
    return mean + factor * np.sqrt(squares / dtype.type(count - axes.ddof))


def _spans(axes, num_steps):
    """Sample before, and samples whose changes are summed, in the order of the steps."""
    spans, last = [(0, slice(1, num_steps))], num_steps - 1
    if axes.over == "steps" and axes.align == "start":  # the edge is the last step
        spans.append((last - (axes.edge == "repeat"), slice(last, num_steps)))
    elif axes.over == "steps":
        now = int(axes.edge == "repeat")
        spans.insert(0, (0, slice(now, now + 1)))
    return spans


def _sum(call, equation, spans, numbers):
    """The sum of an equation over the changes of some spans, one per feature."""
    backend, total = call.backend, np.zeros(call.samples.shape[1], call.values.dtype)
    for before, rows in spans:
        state = Total(backend.copy(call.samples[before]), total)
        backend.fold(equation, call.samples[rows], state, numbers)
    return total


class ThresholdError(ValueError):
    """A threshold that was computed is not positive."""


def _positive(thresholds, shape):
    """Thresholds that were computed, refused where one of them is no threshold."""
    bad = np.flatnonzero(~(thresholds > 0) | np.isinf(thresholds))
    if bad.size:
        index = ", ".join(str(i) for i in np.unravel_index(bad[0], shape))
        must = (
            f"give {f'feature [{index}]' if shape else 'the signal'} a positive, finite threshold"
        )
        remedy = "raise factor, or use statistic='absolute'"
        arguments.refuse("factor", must, thresholds[bad[0]], remedy, ThresholdError)
    return thresholds


def contrast_threshold(
    data: Data,
    factor: Number,
    *,
    statistic: Literal["signed", "absolute"] | None = None,
    over: Literal["changes", "steps"] | None = None,
    ddof: Integer | None = None,
    align: Literal["end", "start"] | None = None,
    edge: Literal["zero", "repeat"] | None = None,
    profile: str | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
) -> Array:
    """The threshold that :func:`temporal_contrast` computes: ``mean + factor*std`` of the changes.

    ``d[t] = x[t] - x[t-1]``; ``std = sqrt(sum((d - mean)**2)/(n - ddof))``, per feature, in the
    dtype of the data and summed in the order of the steps.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``, at least two steps.
    factor : float
        How many standard deviations are added to the mean.
    statistic : {"signed", "absolute"}
        Changes as they are, or their absolute values; ``"signed"`` if left out.
    over : {"changes", "steps"}
        The ``num_steps - 1`` changes, or one value a step: those and what ``edge`` puts at the
        step that has no change; ``"changes"`` if left out.
    ddof : int
        0 or 1; 0 if left out.
    align, edge, profile
        As in :func:`temporal_contrast`; they matter for ``over="steps"``.
    device, stream
        As in :func:`rate`.  For data on a GPU the call waits for the sums.

    Returns
    -------
    numpy.ndarray
        The thresholds, of the features' shape.

    Raises
    ------
    ValueError, TypeError
        A threshold that is not positive: one signal's falls may outweigh its rises.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.contrast_threshold([0.0, 1.0, 0.0, 2.0], 1)
    array(1.9138858)
    """
    given = {"statistic": statistic, "over": over, "ddof": ddof, "align": align, "edge": edge}
    axes = _axes(profile, given)
    call = SignalCall(data, np.int8, None, device, stream)
    factor = arguments.scalar("factor", factor, call.values.dtype)
    call.start()
    shape = call.values.shape[1:]
    return _positive(_statistic(call, factor, axes), shape).reshape(shape)


# --- the code -----------------------------------------------------------------------------------


class State(NamedTuple):
    """The sample before."""

    previous: Any


class Numbers(NamedTuple):
    """The threshold, of the data's dtype, a number or one per feature."""

    threshold: Any


@equation
def recall(x):
    """The state after a sample."""
    return State(x)


@cache
def scan_of(compare, paired):
    """The equations for one combination of axes."""
    meets = compare == ">="

    @equation
    def step(state, x, numbers):
        """1 for a change above the threshold, -1 for one below its negative."""
        change, threshold = x - state.previous, numbers.threshold
        if meets:
            rises, falls = change >= threshold, change <= -threshold
        else:
            rises, falls = change > threshold, change < -threshold
        return State(x), select(rises, UP, select(falls, DOWN, NONE))

    emit, second = written(paired)
    return Scan(step, emit, recall, second)


def _behind(options):
    """The samples that a later part of a signal needs, unless a spike depends on later ones."""
    given = {name: options.get(name) for name in ("align", "edge")}
    axes = chosen(Axes(), OPTIONS, PROFILES, options.get("profile"), given)
    ahead = options.get("factor") is not None or axes.align == "start" or axes.edge == "repeat"
    return None if ahead else 1


@gives_events
@divided("time", per_feature=("threshold",), behind=_behind)
def temporal_contrast(
    data: Data,
    threshold: PerNeuron | None = None,
    factor: Number | None = None,
    *,
    compare: Literal[">", ">="] | None = None,
    align: Literal["end", "start"] | None = None,
    edge: Literal["zero", "repeat"] | None = None,
    statistic: Literal["signed", "absolute"] | None = None,
    over: Literal["changes", "steps"] | None = None,
    ddof: Integer | None = None,
    channels: Literal["signed", "up_down"] | None = None,
    profile: str | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Temporal contrast, or threshold-based representation: spike where a signal changes.

    ``d[t] = x[t] - x[t-1]``; ``s[t] = 1`` where ``d[t] > threshold``, -1 where
    ``d[t] < -threshold``, else 0; ``s[0] = 0``.  The threshold is given, or
    ``mean(d) + factor*std(d)``.

    Parameters
    ----------
    data : array_like
        The signal x, ``[num_steps, ...]``.
    threshold : float or array_like
        Positive, in the units of the data; one number, or one per feature.
    factor : float
        Instead of a threshold: computes one per feature, as :func:`contrast_threshold` does.
    compare : {">", ">="}
        Whether a change of a threshold spikes; ``">"`` if left out.
    align : {"end", "start"}
        The step of a spike: the later sample of the two, or the earlier; ``"end"`` if left out.
    edge : {"zero", "repeat"}
        What the step has that is without a change, the first for ``"end"`` and the last for
        ``"start"``: nothing, or the spikes of the step beside it; ``"zero"`` if left out.
    statistic, over, ddof
        As in :func:`contrast_threshold`.
    channels : {"signed", "up_down"}
        -1 for a fall, or a last axis of two: rises, falls; ``"signed"`` if left out.
    profile : str
        The choices of a library, of :func:`profiles`; those given here come first.
    dtype, out, device, stream
        As in :func:`rate`; bool and uint8 need ``channels="up_down"``.
    sparse : bool
        Give :class:`~spikecore.Events`, in memory that grows with the spikes.

    Returns
    -------
    numpy.ndarray or Events
        Spikes of the shape of the data, with a last axis of 2 for ``channels="up_down"``.

    Raises
    ------
    ValueError, TypeError
        NaN, infinity or a number above a quarter of the largest float in the data, no time axis,
        a threshold that is not positive, given or computed, both or none of ``threshold`` and
        ``factor``, a name that is not known, or an ``out`` of the wrong form.

    Notes
    -----
    T. Delbruck and P. Lichtsteiner, "Fast sensory motor control based on event-based hybrid
    neuromorphic-procedural system", ISCAS 2007; B. Petro et al., "Selection and optimization of
    temporal spike encoding methods for spiking neural networks", IEEE TNNLS 31 (2020).
    :func:`spikecore.decode.staircase` decodes without a bound: what is left below the threshold at
    a step is lost.  Toolboxes do not count the spikes of step 0 (``count_first=False``).

    Deliberate differences: a computed threshold that is not positive, with which toolboxes spike
    at every step, is refused.  A signal of one step has no change and is silent.  Sums run in the
    order of the steps, where NumPy's are pairwise, so that a computed threshold may differ from a
    toolbox's in its last bits.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.temporal_contrast([0.0, 1.0, 1.5, 0.0, 0.0], 0.75)
    array([ 0.,  1.,  0., -1.,  0.])
    """
    given = {
        "compare": compare, "align": align, "edge": edge, "statistic": statistic, "over": over,
        "ddof": ddof, "channels": channels,
    }  # fmt: skip
    axes = _axes(profile, given)
    call = SignalCall(data, dtype, out, device, stream, axes.channels)
    sparse = checked(sparse, call)
    if (threshold is None) == (factor is None):
        got = "neither" if threshold is None else "both"
        arguments.refuse("threshold", "be given, or factor", got, "pass one of the two")
    if factor is None:
        limit = call.threshold("threshold", threshold)
    else:
        factor = arguments.scalar("factor", factor, call.values.dtype)
    backend = call.start()
    changes = len(call.values) > 1 and call.values.size
    if changes and factor is not None:
        limit = _positive(_statistic(call, factor, axes), call.values.shape[1:])
    code, start = scan_of(axes.compare, call.paired), axes.align == "start"

    def encode(samples, rows, levels, limit):
        if not changes:
            backend.fill(rows, levels.silent)
            return
        before = State(backend.copy(samples[0]))
        here, edge_row, beside = (rows[:-1], rows[-1:], -2) if start else (rows[1:], rows[:1], 1)
        backend.scan(code, samples[1:], before, Numbers(limit), levels, here)
        if axes.edge == "repeat":
            backend.copy_into(edge_row, rows[beside])
        else:
            backend.fill(edge_row, levels.silent)

    return call.encoded(sparse, encode, limit if changes else None)


def _axes(profile, given):
    """The axes of one call."""
    axes = chosen(Axes(), OPTIONS, PROFILES, profile, given)
    return axes._replace(ddof=arguments.integer("ddof", axes.ddof, 0, 1))
