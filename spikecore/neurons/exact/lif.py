"""The continuous leaky integrate-and-fire neuron, to which discrete ones converge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments
from spikecore.annotations import ArrayLike, Number
from spikecore.backends.floats import standard_floats
from spikecore.neurons.exact import events
from spikecore.neurons.exact.solution import Numbers
from spikecore.results import by_value

RESETS = ("value", "subtract")


class State(NamedTuple):
    """Where a run ended, and another can begin.

    Attributes
    ----------
    membrane, synapse : float
        The membrane, and the synaptic current times the resistance.
    refractory : float
        Time that is left to wait.
    current : float
        The current at the end of the run.
    """

    membrane: float
    synapse: float = 0.0
    refractory: float = 0.0
    current: float = 0.0


@by_value
class Result(NamedTuple):
    """The result of a run.

    Attributes
    ----------
    spike_times : numpy.ndarray
        float64, ascending.
    samples : numpy.ndarray
        The membrane at each of ``sample_times``, after what happens then.
    final : State
        The state at the end.
    """

    spike_times: NDArray[np.float64]
    samples: NDArray[np.float64]
    final: State


@dataclass(frozen=True)
class LIF:
    """Continuous leaky integrate-and-fire neuron, solved from event to event, in float64.

    ``tau*v' = leak - v + resistance*current + i``, ``synapse_tau*i' = -i``, a spike when v reaches
    the threshold, and a reset.  The current is constant between the times at which it changes; an
    input spike adds its weight to i, or to v if there is no ``synapse_tau``.  Without a synaptic
    current the time of a spike is a closed form; with one, it is the root of a sum of two
    exponentials in an interval where they rise.

    Parameters
    ----------
    tau : float
        Membrane time constant, positive, in the unit of all times.
    threshold : float
        With ``reset="subtract"`` positive.
    leak : float
        Membrane without input; a run begins there.
    resistance : float
        Factor of the current.
    reset : {"value", "subtract"}
        Set the membrane to ``reset_value``, or subtract the threshold; a membrane that is still at
        the threshold spikes again at once.
    reset_value : float
        Below the threshold.
    refractory : float
        Time after a spike in which the membrane is held, and input spikes to it are lost; the
        synaptic current goes on.
    synapse_tau : float, optional
        Time constant of the synaptic current, positive.

    Raises
    ------
    ValueError, TypeError
        A number out of its range.

    Notes
    -----
    An error of the membrane in its last bits, about ``1e-16*threshold``, moves a spike by that
    divided by the slope at which the membrane reaches the threshold, and a time t is a float64 with
    an error of ``1e-16*t``.  With slopes above ``0.001*threshold/tau``, times are exact to
    ``1e-12*tau`` up to ``1000*tau``.  A membrane that only touches the threshold has no such bound.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.neurons import exact
    >>> neuron = exact.LIF(tau=20.0, refractory=2.0)
    >>> neuron.run(60.0, current=1.5).spike_times
    array([21.97224577, 45.94449155])
    >>> bool(np.isclose(21.97224577, 20 * np.log(3)))
    True
    """

    tau: float
    threshold: float = 1.0
    leak: float = 0.0
    resistance: float = 1.0
    reset: Literal["value", "subtract"] = "value"
    reset_value: float = 0.0
    refractory: float = 0.0
    synapse_tau: float | None = None

    def __post_init__(self):
        positive = {"low": 0, "open_low": True}
        bounds = {"tau": positive, "refractory": {"low": 0}}
        for name in ("tau", "threshold", "leak", "resistance", "reset_value", "refractory"):
            self._set(name, arguments.number(name, getattr(self, name), **bounds.get(name, {})))
        if self.synapse_tau is not None:
            self._set("synapse_tau", arguments.number("synapse_tau", self.synapse_tau, **positive))
        self._set("reset", arguments.choice("reset", self.reset, RESETS))
        if self.reset == "subtract" and self.threshold <= 0:
            must, remedy = "be positive with reset='subtract'", "set reset='value' or raise it"
            arguments.refuse("threshold", must, self.threshold, remedy)
        if self.reset == "value" and self.reset_value >= self.threshold:
            must = f"be below the threshold {self.threshold}"
            remedy = "the neuron would never stop firing"
            arguments.refuse("reset_value", must, self.reset_value, remedy)

    def _set(self, name, value):
        """Set a field of this frozen dataclass, while it is made."""
        object.__setattr__(self, name, value)

    def run(
        self,
        duration: Number,
        *,
        input_times: ArrayLike = (),
        weights: ArrayLike = 1.0,
        current: ArrayLike = 0.0,
        current_times: ArrayLike | None = None,
        sample_times: ArrayLike = (),
        state: State | None = None,
    ) -> Result:
        """All spikes in ``[0, duration)``.

        Parameters
        ----------
        duration : float
            At least 0.
        input_times : array_like
            ``[inputs]``, times of input spikes, in any order.
        weights : float or array_like
            One for all input spikes, or ``[inputs]``.
        current : float or array_like
            One for the whole run, or with ``current_times`` the value from each of them on.
        current_times : array_like, optional
            ``[changes]``, ascending; before the first the current is that of ``state``, or 0.
        sample_times : array_like
            ``[samples]``, ascending: when to return the membrane.
        state : State, optional
            Where to begin: ``final`` of a run before.

        Returns
        -------
        Result

        Raises
        ------
        ValueError, TypeError
            A time outside of ``[0, duration)``, a number that is not finite, shapes that differ,
            or more than ten million spikes.

        Examples
        --------
        >>> from spikecore.neurons import exact
        >>> neuron = exact.LIF(tau=10.0, synapse_tau=5.0)
        >>> run = neuron.run(30.0, input_times=[0, 1, 2], weights=2.0, sample_times=[1.0])
        >>> run.spike_times.round(6), run.samples.round(6)
        (array([3.498046]), array([0.172213]))
        """
        duration = arguments.number("duration", duration, 0)
        times, kinds, values = self._events(
            duration, input_times, weights, current, current_times, sample_times
        )
        begin = State(self.leak) if state is None else _state(state)
        if current_times is not None:
            times, kinds = np.append(0.0, times), np.append(events.LEVEL, kinds)
            values = np.append(begin.current, values)
        samples = np.empty(np.count_nonzero(kinds == events.SAMPLE))
        with standard_floats():
            spikes, v, i, wait, many = events.simulate(
                self._numbers(), duration, times, kinds, values, begin.membrane, begin.synapse,
                begin.refractory, samples,
            )  # fmt: skip
        if many:
            must = f"be short enough for at most {events.MOST_SPIKES:,} spikes"
            arguments.refuse("duration", must, duration, "shorten it or lower the input")
        levels = values[kinds == events.LEVEL]
        last = levels[-1] if duration else begin.current
        return Result(spikes, samples, State(v, i, max(wait - duration, 0.0), float(last)))

    def _numbers(self):
        return Numbers(
            self.tau, self.threshold, self.leak, self.resistance, self.reset_value,
            self.refractory, self.synapse_tau or 0.0, self.reset == "subtract",
        )  # fmt: skip

    def _events(self, duration, input_times, weights, current, current_times, sample_times):
        """Times, kinds and values of all events, in the order in which they happen."""
        jumps = _times("input_times", input_times, duration)
        scale = _series("weights", weights, jumps.size, "input_times")
        if current_times is None:
            starts = np.zeros(1 if duration else 0)
            levels = np.full(starts.size, arguments.number("current", current))
        else:
            starts = _times("current_times", current_times, duration, ascending=True)
            levels = _series("current", current, starts.size, "current_times")
        samples = _times("sample_times", sample_times, duration, ascending=True)
        times = np.concatenate([starts, jumps, samples])
        lengths = [starts.size, jumps.size, samples.size]
        kinds = np.repeat([events.LEVEL, events.JUMP, events.SAMPLE], lengths)
        values = np.concatenate([levels, scale, np.zeros(samples.size)])
        order = np.argsort(times, kind="stable")
        return times[order], kinds[order], values[order]


def _state(state):
    """A state to begin with, checked."""
    if not isinstance(state, State):
        must, remedy = "be a State", "pass final of a run, or exact.State(membrane)"
        arguments.refuse("state", must, f"a {type(state).__name__}", remedy, TypeError)
    low = {"refractory": 0}
    return State(
        *(
            arguments.number(f"state.{name}", value, low.get(name, -np.inf))
            for name, value in state._asdict().items()
        )
    )


def _numbers(name, value):
    """A row of finite numbers, in float64."""
    given = np.asarray(arguments.real(name, value), np.float64)
    if given.ndim > 1:
        must = "be a number or a row of numbers"
        arguments.refuse(name, must, f"shape {given.shape}", "run one neuron at a time")
    bad = np.flatnonzero(~np.isfinite(given))
    if bad.size:
        place = f"{name}[{bad[0]}]" if given.ndim else name
        arguments.refuse(place, "be finite", given.reshape(-1)[bad[0]], "correct it")
    return given


def _times(name, value, duration, ascending=False):
    """Times within a run."""
    given = np.atleast_1d(_numbers(name, value))
    bad = np.flatnonzero((given < 0) | (given >= duration))
    if bad.size:
        must = f"lie in [0, {duration}), the run"
        arguments.refuse(f"{name}[{bad[0]}]", must, given[bad[0]], "leave it out or run longer")
    if ascending and np.any(np.diff(given) < 0):
        where = int(np.argmax(np.diff(given) < 0)) + 1
        must = f"be at least the time before, {given[where - 1]}"
        arguments.refuse(f"{name}[{where}]", must, given[where], "sort them")
    return given


def _series(name, value, size, times):
    """One number for each of some times."""
    given = _numbers(name, value)
    if given.ndim and given.size != size:
        must = f"be a number or as long as {times}, {size}"
        arguments.refuse(name, must, given.size, "pass one for each time")
    return np.array(np.broadcast_to(given, size))
