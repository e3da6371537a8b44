"""The leaky integrate-and-fire neuron over every axis on which simulators differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

import numpy as np

from spikecore import arguments
from spikecore.annotations import Integer, Number, PerNeuron
from spikecore.arithmetic import log
from spikecore.neurons.combinations import refuse_nonsense
from spikecore.neurons.dynamics import Axes
from spikecore.neurons.neuron import Model, Neuron
from spikecore.neurons.simulators import PROFILES, Profile, find
from spikecore.neurons.units import convert
from spikecore.results import same

SynapseOrder: TypeAlias = Literal[
    "decay-jump-use", "jump-use-decay", "jump-decay-use", "use-decay-jump"
]


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
        Membrane value without input; a run begins there, unless ``initial`` is given.
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
    refractory : float
        Steps after a spike in which something is held; 2.5 holds three steps, or two and a half
        with ``refractory_mode="fraction"``.
    inhibition : bool
        Only the neuron that is highest above its threshold may fire, along the last axis; of
        several equal ones, the first.
    lower : float or array_like, optional
        Lower bound, applied before the spike test; a reset may go below it.
    amplitude : float
        Output value of a spike.
    initial : float or array_like, optional
        Membrane at which a run begins; ``leak`` by default.
    synapse_decay : float or array_like, optional
        Share of the synaptic current that is left after a step, in [0, 1]; without it the input
        itself drives the membrane.
    synapse_order : {"decay-jump-use", "jump-use-decay", "jump-decay-use", "use-decay-jump"}
        Order in which a synaptic current decays, jumps by ``synapse_gain*x``, and is used in place
        of x by the membrane.
    synapse_gain : float or array_like
        Factor of the jump.
    adaptation_decay : float or array_like, optional
        Share of the adaptation that is left after a step, in [0, 1]; without it there is none.
    adaptation_scale : float or array_like
        What a spike adds to the adaptation, at the end of its step.
    adaptation_of : {"threshold", "input"}
        The adaptation is added to the threshold, or subtracted from the input.
    refractory_holds : {"input", "membrane", "spike"}
        While refractory the input is 0, the membrane stays as it is and cannot fire, or the
        membrane moves and cannot fire.  A synaptic current goes on in any case.
    refractory_mode : {"steps", "fraction"}
        Whole steps, or the time from the moment in the step at which the membrane crosses the
        threshold; the step in which it ends is integrated in part (Nengo).
    input_delay : int
        Steps after which an input arrives; those on their way are the state ``"delayed"``,
        ``[input_delay, ...]``.
    threshold_low : float or array_like, optional
        A spike of -1 where the membrane is below it (or equal, with ``">="``).
    spike_map : {"linear", "quadratic", "exponential"}
        Added to the update, from the membrane before it: nothing,
        ``map_scale*(v - leak)*(v - map_onset)``, or ``map_scale*exp((v - map_onset)/map_slope)``.
    map_scale : float or array_like
        Factor of the spike map.
    map_onset : float or array_like
        Membrane from which the map drives it up: v_c of a quadratic neuron, or theta_rh of an
        exponential one.
    map_slope : float or array_like
        Positive; how steep the exponential map is, delta_T.

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
    refractory: Number = 0
    inhibition: bool = False
    lower: PerNeuron | None = None
    amplitude: Number = 1.0
    initial: PerNeuron | None = None
    synapse_decay: PerNeuron | None = None
    synapse_order: SynapseOrder = "decay-jump-use"
    synapse_gain: PerNeuron = 1.0
    adaptation_decay: PerNeuron | None = None
    adaptation_scale: PerNeuron = 1.0
    adaptation_of: Literal["threshold", "input"] = "threshold"
    refractory_holds: Literal["input", "membrane", "spike"] = "input"
    refractory_mode: Literal["steps", "fraction"] = "steps"
    input_delay: Integer = 0
    threshold_low: PerNeuron | None = None
    spike_map: Literal["linear", "quadratic", "exponential"] = "linear"
    map_scale: PerNeuron = 1.0
    map_onset: PerNeuron = 0.0
    map_slope: PerNeuron = 1.0

    def __post_init__(self):
        for name, options in CHOICES.items():
            self._set(name, arguments.choice(name, getattr(self, name), options))
        for name in ("decay_reset", "drop_input", "inhibition"):
            self._set(name, arguments.flag(name, getattr(self, name)))
        for name, bounds in NUMBERS.items():
            value = getattr(self, name)
            if value is not None or name not in OPTIONAL:
                self._set(name, arguments.parameter(name, value, **bounds))
        waiting = arguments.number("refractory", self.refractory, 0, 2**24)
        self._set("refractory", int(waiting) if waiting.is_integer() else waiting)
        self._set("input_delay", arguments.integer("input_delay", self.input_delay, 0, 2**24))
        self._set("amplitude", arguments.number("amplitude", self.amplitude))
        refuse_nonsense(self)

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

    @classmethod
    def from_units(cls, name: str, **numbers: Any) -> LIF:
        """The LIF neuron of a known simulator, from that simulator's own arguments.

        Parameters
        ----------
        name : str
            A profile whose simulator has units, such as ``"nest-delta"``; SPEC.md, "Units", lists
            the names, their arguments, defaults and units.
        **numbers
            The simulator's arguments by its names, as plain numbers in its units, such as
            ``tau_m=10.0`` for 10 ms; ``dt`` is the time step.

        Returns
        -------
        LIF
            Its membrane is in the simulator's unit, measured from the resting potential.

        Raises
        ------
        ValueError, TypeError
            An unknown name or argument, a number out of its range, or two time constants of
            synapses that differ.

        Examples
        --------
        >>> from spikecore import LIF
        >>> lif = LIF.from_units("nest-delta", dt=0.1, tau_m=20.0, t_ref=2.0, V_th=-50.0)
        >>> lif.threshold, lif.refractory, lif.input_delay
        (20.0, 20, 10)
        """
        return cls(**convert(name, numbers))

    @cached_property
    def _model(self):
        synaptic, adapts = self.synapse_decay is not None, self.adaptation_decay is not None
        axes = Axes(
            compare=self.compare,
            reset=self.reset,
            reset_at=self.reset_at,
            decay_reset=self.decay_reset,
            drop_input=self.drop_input,
            spikes=self.spikes,
            report=self.report_spike,
            synapse=self.synapse_order if synaptic else "none",
            synapse_gain=not np.all(np.asarray(self.synapse_gain) == 1),
            adaptation=self.adaptation_of if adapts else "none",
            refractory=self.refractory > 0,
            holds=self.refractory_holds,
            fraction=self.refractory_mode == "fraction",
            leak=bool(np.any(np.asarray(self.leak) != 0)),
            gain=bool(np.any(np.asarray(self.gain) != 1)),
            lower=self.lower is not None,
            ternary=self.threshold_low is not None,
            spike_map=self.spike_map,
        )
        names = {*NUMBERS, "refractory"} - {"initial"}
        given = {name: getattr(self, name) for name in names}
        parameters = {name: 0.0 if value is None else value for name, value in given.items()}
        if axes.fraction:
            decay = np.asarray(self.decay, np.float64)
            parameters["rate"] = -log(decay)
            parameters["resistance"] = np.asarray(self.gain, np.float64) / (1 - decay)
        used = ("membrane", True), ("synapse", synaptic), ("adaptation", adapts)
        used += (("refractory", axes.refractory),)
        return Model(
            axes,
            parameters,
            states={name: name for name, present in used if present},
            initial={"membrane": self.leak if self.initial is None else self.initial},
            inhibition=self.inhibition,
            amplitude=self.amplitude,
            delay=self.input_delay,
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
        drive = "x" if self.synapse_decay is None else "i"
        update += f" + {drive}" if same(self.gain, 1.0) else f" + {_text(self.gain)}*{drive}"
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
        used += ("synapse_order",)
        rest = [f"; {n}={_text(v)}" for n, v in self._differences().items() if n not in used]
        spike = f"spike when v {self.compare} {_text(self.threshold)}"
        if self.synapse_decay is not None:
            update = f"i by {self.synapse_order}; {update}"
        return f"{update}; {spike}, {reset}{''.join(rest)}"


# Bounds of each number, or of each neuron's.
NUMBERS: dict[str, dict[str, Any]] = {
    "decay": {"low": 0, "high": 1},
    "threshold": {"low": 0, "open_low": True},
    "gain": {},
    "leak": {},
    "reset_value": {},
    "initial": {},
    "synapse_decay": {"low": 0, "high": 1},
    "synapse_gain": {},
    "adaptation_decay": {"low": 0, "high": 1},
    "adaptation_scale": {},
    "threshold_low": {},
    "lower": {},
    "map_scale": {},
    "map_onset": {},
    "map_slope": {"low": 0, "open_low": True},
}
# None leaves them out
OPTIONAL = ("initial", "synapse_decay", "adaptation_decay", "threshold_low", "lower")

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
