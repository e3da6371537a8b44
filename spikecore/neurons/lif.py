"""The leaky integrate-and-fire neuron over every axis on which simulators differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from spikecore import arguments
from spikecore.annotations import Integer, Number, PerNeuron
from spikecore.neurons.dynamics import Axes
from spikecore.neurons.neuron import Model, Neuron
from spikecore.neurons.simulators import PROFILES, Profile, find
from spikecore.results import same


@dataclass(frozen=True, eq=False, repr=False)
class LIF(Neuron):
    """Leaky integrate-and-fire neuron.

    ``v <- leak + decay*(v - leak) + gain*x``, a spike where ``v > threshold`` (or ``>=``), and a
    reset.  Every field is one axis on which simulators differ; the defaults are snnTorch 1.0.0's.
    Called for one step (``spikes, membrane = lif(current, membrane)``) or run over a sequence
    (:meth:`run`).  SPEC.md, "Neurons", gives the order of operations.

    Parameters
    ----------
    decay : float or array_like
        Share of the membrane that is left after a step, in [0, 1].
    threshold : float or array_like
        Positive.
    gain : float or array_like
        Factor of the input.
    leak : float or array_like
        Membrane value without input; a run begins there.
    compare : {">", ">="}
        Spike where the membrane is above the threshold, or also where it is equal.
    reset : {"subtract", "value", "none"}
        Subtract the threshold, set the membrane to ``reset_value``, or leave it.
    reset_value : float or array_like
        With ``reset="value"``.
    reset_at : {"next", "same", "exchange"}
        ``"next"``: at the next step; the membrane is recorded before its reset.  ``"same"``: in
        the step of the spike, before the membrane is recorded.  ``"exchange"``, with
        ``reset="subtract"``: in the step of the spike too, and as snnTorch's ``reset_delay=False``:
        if the recorded membrane is still above the threshold, one threshold is subtracted at the
        next step before the spike test, and added again after it.
    decay_reset : bool
        The subtracted threshold decays with the membrane (``reset="subtract"`` at ``"next"``).
    drop_input : bool
        The input of a reset step is discarded (``reset="value"`` at ``"next"``).
    spikes : {"single", "multi"}
        At most one spike a step, or ``floor(v/threshold)`` of them, each subtracting a threshold.
    report_spike : {"new", "old"}
        The spike of the membrane after the update or before it.
    refractory : int
        Steps without input after a spike.
    inhibition : bool
        Only the neuron that is highest above its threshold may fire, along the last axis; of
        several equal ones, the first.
    lower : float, optional
        Lower bound, applied before the spike test; a reset may go below it.
    amplitude : float
        Output value of a spike.

    Raises
    ------
    ValueError, TypeError
        A number out of its range, or a combination without a meaning.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import LIF
    >>> lif = LIF(decay=0.5, threshold=1)
    >>> run = lif.run(np.full((6, 1), 0.75, np.float32))
    >>> run.spikes[:, 0]
    array([0., 1., 0., 0., 1., 0.], dtype=float32)
    >>> run.recorded["membrane"][:4, 0]
    array([0.75   , 1.125  , 0.3125 , 0.90625], dtype=float32)
    """

    decay: PerNeuron
    threshold: PerNeuron = 1.0
    gain: PerNeuron = 1.0
    leak: PerNeuron = 0.0
    compare: Literal[">", ">="] = ">"
    reset: Literal["subtract", "value", "none"] = "subtract"
    reset_value: PerNeuron = 0.0
    reset_at: Literal["next", "same", "exchange"] = "next"
    decay_reset: bool = False
    drop_input: bool = False
    spikes: Literal["single", "multi"] = "single"
    report_spike: Literal["new", "old"] = "new"
    refractory: Integer = 0
    inhibition: bool = False
    lower: Number | None = None
    amplitude: Number = 1.0

    def __post_init__(self):
        for name, options in CHOICES.items():
            self._set(name, arguments.choice(name, getattr(self, name), options))
        for name in ("decay_reset", "drop_input", "inhibition"):
            self._set(name, arguments.flag(name, getattr(self, name)))
        self._set("decay", arguments.parameter("decay", self.decay, 0, 1))
        self._set("threshold", arguments.parameter("threshold", self.threshold, 0, open_low=True))
        for name in ("gain", "leak", "reset_value"):
            self._set(name, arguments.parameter(name, getattr(self, name)))
        self._set("refractory", arguments.integer("refractory", self.refractory, 0, 2**24))
        self._set("amplitude", arguments.number("amplitude", self.amplitude))
        if self.lower is not None:
            self._set("lower", arguments.number("lower", self.lower))
        self._refuse_nonsense()

    def _refuse_nonsense(self):
        """Refuse combinations without a meaning, each with its own sentence."""
        subtracts, sets = self.reset == "subtract", self.reset == "value"
        at_next = self.reset_at == "next"
        exchanged = self.reset_at == "exchange"
        reset = f"reset={self.reset!r} at reset_at={self.reset_at!r}"
        refuse = [
            (
                self.decay_reset and not (subtracts and at_next),
                f"decay_reset is True with {reset}; only a threshold that is subtracted at the "
                "next step can decay, so set reset='subtract' and reset_at='next'",
            ),
            (
                self.drop_input and not (sets and at_next),
                f"drop_input is True with {reset}; only a value set at the next step can replace "
                "an input, so set reset='value' and reset_at='next'",
            ),
            (
                np.any(np.asarray(self.reset_value) != 0) and not sets,
                f"reset_value is not 0 with reset={self.reset!r}, which sets no value; set "
                "reset='value'",
            ),
            (
                self.reset == "none" and not at_next,
                f"reset_at is {self.reset_at!r} with reset='none', which never resets; leave it at "
                "'next'",
            ),
            (
                exchanged and not subtracts,
                f"reset_at is 'exchange' with reset={self.reset!r}; only a subtracted threshold "
                "can be given back, so set reset='subtract' or reset_at='same'",
            ),
            (
                self.report_spike == "old" and not at_next,
                f"report_spike is 'old' with reset_at={self.reset_at!r}; a membrane that was reset "
                "in the step of its spike no longer shows it, so set reset_at='next'",
            ),
            (
                self.spikes == "multi" and self.compare != ">=",
                "compare is '>' with spikes='multi'; floor(v/threshold) counts a membrane at the "
                "threshold, so set compare='>='",
            ),
            (
                self.lower is not None and np.any(self.lower >= np.asarray(self.threshold)),
                f"lower is {self.lower}, which is not below the threshold "
                f"{np.min(self.threshold)}; the neuron would always fire, so lower it",
            ),
        ]
        for nonsense, sentence in refuse:
            if nonsense:
                raise ValueError(sentence)

    @classmethod
    def profile(cls, name: str, **changes: Any) -> LIF:
        """The LIF neuron of a known simulator.

        Parameters
        ----------
        name : str
            One of :func:`spikecore.profiles`.
        **changes
            Fields with another value, such as ``decay`` and ``threshold``.

        Returns
        -------
        LIF

        Raises
        ------
        ValueError
            An unknown name; the message lists the known ones.

        Examples
        --------
        >>> from spikecore import LIF
        >>> LIF.profile("norse-box", decay=0.75)
        LIF(decay=0.75, gain=0.1, reset='value', reset_at='same')
        """
        return cls(**{**find(name).axes, **changes})

    @cached_property
    def _model(self):
        axes = Axes(
            compare=self.compare,
            reset=self.reset,
            reset_at=self.reset_at,
            decay_reset=self.decay_reset,
            drop_input=self.drop_input,
            spikes=self.spikes,
            report=self.report_spike,
            refractory=self.refractory > 0,
            leak=bool(np.any(np.asarray(self.leak) != 0)),
            gain=bool(np.any(np.asarray(self.gain) != 1)),
            lower=self.lower is not None,
        )
        parameters = {
            "decay": self.decay,
            "threshold": self.threshold,
            "reset_value": self.reset_value,
            "gain": self.gain,
            "leak": self.leak,
            "lower": self.lower or 0.0,
            "refractory": self.refractory,
        }
        states = {"membrane": "membrane"}
        if self.refractory:
            states["refractory"] = "refractory"
        return Model(
            axes, parameters, states, {"membrane": self.leak}, self.inhibition, self.amplitude
        )

    def __repr__(self) -> str:
        shown = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in self._differences().items()
        }
        return f"LIF({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __str__(self) -> str:
        leak, decay = _text(self.leak), _text(self.decay)
        update = f"v <- {decay}*v" if leak == "0.0" else f"v <- {leak} + {decay}*(v - {leak})"
        update += " + x" if same(self.gain, 1.0) else f" + {_text(self.gain)}*x"
        when = {
            "next": "at the next step",
            "same": "in the same step",
            "exchange": "in the same step, giving back one that is due",
        }[self.reset_at]
        reset = {
            "subtract": f"subtract it {when}",
            "value": f"set v to {_text(self.reset_value)} {when}",
            "none": "no reset",
        }[self.reset]
        used = ("decay", "threshold", "gain", "leak", "compare", "reset", "reset_value", "reset_at")
        rest = [f"; {n}={_text(v)}" for n, v in self._differences().items() if n not in used]
        spike = f"spike when v {self.compare} {_text(self.threshold)}"
        return f"{update}; {spike}, {reset}{''.join(rest)}"


# What each axis of names may be, as its annotation lists them.
CHOICES = {
    name: get_args(hint)
    for name, hint in get_type_hints(LIF).items()
    if get_origin(hint) is Literal
}


def profiles() -> dict[str, Profile]:
    """The LIF neurons of known simulators, by name.

    Returns
    -------
    dict of str to Profile
        Each with the simulator, its version, the call that it reproduces, the source and the axes.

    Examples
    --------
    >>> import spikecore
    >>> profile = spikecore.profiles()["spyx"]
    >>> profile.simulator, profile.axes["report_spike"]
    ('Spyx', 'old')
    """
    return {name: found._replace(axes=dict(found.axes)) for name, found in PROFILES.items()}


def _text(value):
    """A number as text; of a long array, its beginning and end."""
    return np.array2string(value, separator=", ") if isinstance(value, np.ndarray) else repr(value)
