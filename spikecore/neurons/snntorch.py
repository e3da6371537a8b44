"""snnTorch's neurons under its names.

Parameters and defaults are those of snnTorch 1.0.0; those that only training needs are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, get_args

import numpy as np

from spikecore import arguments, backends
from spikecore.annotations import (
    Array,
    ArrayLike,
    Data,
    Device,
    Number,
    PerNeuron,
    ResetMechanism,
    SpikeDtype,
    Stream,
)
from spikecore.foreign import a_kind, has
from spikecore.neurons.dynamics import Axes
from spikecore.neurons.lif import LIF
from spikecore.neurons.neuron import Model, Neuron
from spikecore.neurons.prepare import column

RESETS = get_args(ResetMechanism)


class Recurrence(Protocol):
    """What connects the neurons of a layer, as ``spikecore.network.Linear`` does."""

    @property
    def in_features(self) -> int: ...

    @property
    def out_features(self) -> int: ...

    @property
    def weight(self) -> Array: ...

    def product(self, spikes: Any, backend: Any, exact: bool = False, out: Any = None) -> Any: ...


class _Named(Neuron):
    """What the models of snnTorch share: checks of parameters, resets, names."""

    def _check(self, *decays, clamp=True):
        for name in decays:
            decay = arguments.parameter(name, getattr(self, name))
            decay = np.clip(decay, 0, 1) if clamp else decay
            self._set(name, arguments.parameter(name, decay, 0, 1))
        self._set("threshold", arguments.parameter("threshold", self.threshold, 0, open_low=True))
        for name in ("inhibition", "reset_delay"):
            if hasattr(self, name):
                self._set(name, arguments.flag(name, getattr(self, name)))
        mechanism = arguments.choice("reset_mechanism", self.reset_mechanism, RESETS)
        self._set("reset_mechanism", mechanism)

    def _reset_axes(self, drop_input):
        """How ``reset_mechanism`` and ``reset_delay`` reset."""
        reset = {"zero": "value"}.get(self.reset_mechanism, self.reset_mechanism)
        delay = getattr(self, "reset_delay", True)
        at = {"value": "same", "subtract": "exchange"}.get(reset, "next")
        drop = reset == "value" and delay and drop_input
        return Axes(reset=reset, reset_at="next" if delay else at, drop_input=drop)

    def _model_of(self, axes, states, names, recurrence=None, **parameters):
        """The model of a neuron at rest at 0, whose field ``decay`` is its argument ``beta``."""
        return Model(
            axes,
            {"decay": self.beta, "threshold": self.threshold, **parameters},
            states,
            initial={},
            inhibition=self.inhibition,
            recurrence=recurrence,
            names={"decay": "beta", **names},
        )


@dataclass(frozen=True, eq=False)
class Leaky(_Named):
    """First-order leaky integrate-and-fire neuron: the ``snntorch-1.0`` profile of :class:`LIF`.

    ``v <- beta*v + x - r*threshold`` with ``r = (v > threshold)`` of the membrane before, spike
    where the new ``v > threshold``.

    Parameters
    ----------
    beta : float or array_like
        Membrane decay; clamped to [0, 1], as snnTorch does silently.
    threshold : float or array_like
        Positive.
    reset_mechanism : {"subtract", "zero", "none"}
        Subtract the threshold, set the membrane to 0 before it decays, or leave it.
    reset_delay : bool
        Reset at the next step (the membrane is recorded before the reset), or in the same step.
    inhibition : bool
        Only the neuron highest above its threshold may fire, along the last axis.
    graded_spikes_factor : float
        Output value of a spike.

    Notes
    -----
    After snnTorch 1.0.0's ``Leaky``, but under inhibition only the neuron that fired is reset.
    ``reset_delay=False`` with ``"subtract"`` is ``reset_at="exchange"`` of :class:`LIF`: after an
    input of more than one threshold it adds a threshold again, so that the membrane may stay above
    it, as in snnTorch.  ``LIF(decay, reset_at="same")`` is the neuron without that.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Leaky
    >>> leaky = Leaky(beta=0.5)
    >>> spikes, membrane = leaky(np.array([1.5, 0.25]))
    >>> leaky(np.array([1.5, 0.25]), membrane)
    (array([1., 0.]), array([1.25 , 0.375]))
    """

    beta: PerNeuron
    threshold: PerNeuron = 1.0
    reset_mechanism: ResetMechanism = "subtract"
    reset_delay: bool = True
    inhibition: bool = False
    graded_spikes_factor: Number = 1.0

    def __post_init__(self):
        self._check("beta")
        arguments.number("graded_spikes_factor", self.graded_spikes_factor)

    @property
    def lif(self) -> LIF:
        """The same neuron as a :class:`LIF`."""
        axes = self._reset_axes(drop_input=False)
        return LIF(
            decay=self.beta,
            threshold=self.threshold,
            reset=axes.reset,
            reset_at=axes.reset_at,
            inhibition=self.inhibition,
            amplitude=self.graded_spikes_factor,
        )

    @cached_property
    def _model(self):
        return self.lif._model._replace(names={"decay": "beta"})


@dataclass(frozen=True, eq=False)
class Lapicque(_Named):
    """Integrate-and-fire neuron as an RC circuit, by the forward Euler method.

    ``v <- (1 - time_step/(R*C))*v + (time_step/C)*x``, spike where ``v > threshold``, reset at the
    next step.

    Parameters
    ----------
    beta : float, optional
        Decay rate of the continuous circuit, in (0, 1), from which the missing one of R and C
        follows: ``R*C = time_step/ln(1/beta)`` (R is 1 when neither is given).
    R, C : float, optional
        Resistance and capacitance, positive; both, or ``beta`` and at most one of them.
    time_step : float
        Positive, at most R*C, beyond which the method is unstable.
    threshold : float or array_like
        Positive.
    reset_mechanism : {"subtract", "zero", "none"}
        Zero sets the membrane to 0 at the next step and discards that step's input.
    inhibition : bool
        Only the neuron highest above its threshold may fire, along the last axis.

    Notes
    -----
    After snnTorch 1.0.0's ``Lapicque``.  It multiplies the input by ``R``, ``1/(R*C)`` and
    ``time_step`` one after another; here the input is multiplied once, by the nearest float to
    ``time_step/C``, so membranes may differ in their last bits.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Lapicque
    >>> Lapicque(R=5, C=2)(np.array([1.0, 4.0]))
    (array([0., 1.]), array([0.5, 2. ]))
    """

    beta: Number | None = None
    R: Number | None = None
    C: Number | None = None
    time_step: Number = 1.0
    threshold: PerNeuron = 1.0
    reset_mechanism: ResetMechanism = "subtract"
    inhibition: bool = False

    def __post_init__(self):
        self._check()
        for name in ("time_step", "R", "C", "beta"):
            value, high = getattr(self, name), 1 if name == "beta" else math.inf
            if value is not None or name == "time_step":
                number = arguments.number(name, value, 0, high, open_low=True, open_high=True)
                self._set(name, number)
        given = [name for name in ("beta", "R", "C") if getattr(self, name) is not None]
        if given not in (["beta"], ["beta", "R"], ["beta", "C"], ["R", "C"]):
            must = "be given as beta, as beta with one of R and C, or as R and C"
            remedy = "leave out or add what follows from the others"
            arguments.refuse("beta, R and C", must, given, remedy)
        time_constant = math.prod(self._circuit())
        if self.time_step > time_constant:
            remedy = "so take a smaller time_step or a larger beta, R or C"
            remedy = f"a larger one makes the membrane oscillate, {remedy}"
            must = f"be at most R*C = {time_constant:g}"
            arguments.refuse("time_step", must, self.time_step, remedy)

    def _circuit(self):
        """R and C, one of which may follow from ``beta``."""
        product = None
        if self.beta is not None:
            product = self.time_step / -float(np.log(self.beta))
        if self.C is not None:
            return (self.R if self.R is not None else product / self.C), self.C
        resistance = 1.0 if self.R is None else self.R
        return resistance, product / resistance

    @cached_property
    def _model(self):
        resistance, capacitance = self._circuit()
        axes = self._reset_axes(drop_input=True)
        return LIF(
            decay=1 - self.time_step / (resistance * capacitance),
            gain=self.time_step / capacitance,
            threshold=self.threshold,
            reset=axes.reset,
            drop_input=axes.drop_input,
            inhibition=self.inhibition,
        )._model


@dataclass(frozen=True, eq=False)
class Synaptic(_Named):
    """Second-order neuron: a synaptic current between the input and the membrane.

    ``i <- alpha*i + x``, ``v <- beta*v + i - r*threshold``, spike where ``v > threshold``.

    Parameters
    ----------
    alpha, beta : float or array_like
        Decay of the synaptic current and of the membrane; clamped to [0, 1], as snnTorch does.
    threshold : float or array_like
        Positive.
    reset_mechanism : {"subtract", "zero", "none"}
        With a delay, zero sets the membrane to 0 instead of that step's update; the synaptic
        current is never reset.
    reset_delay : bool
        Reset at the next step, or in the same step.
    inhibition : bool
        Only the neuron highest above its threshold may fire, along the last axis.

    Notes
    -----
    After snnTorch 1.0.0's ``Synaptic``: ``spikes, synapse, membrane = synaptic(x, synapse,
    membrane)``.  ``reset_delay=False`` as in :class:`Leaky`.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Synaptic
    >>> Synaptic(alpha=0.5, beta=0.5)(np.array([2.0]), np.array([1.0]), np.array([0.5]))
    (array([1.]), array([2.5]), array([2.75]))
    """

    alpha: PerNeuron
    beta: PerNeuron
    threshold: PerNeuron = 1.0
    reset_mechanism: ResetMechanism = "subtract"
    reset_delay: bool = True
    inhibition: bool = False

    def __post_init__(self):
        self._check("alpha", "beta")

    @cached_property
    def _model(self):
        axes = self._reset_axes(drop_input=True)._replace(synapse="decay-jump-use")
        states, names = {"synapse": "synapse", "membrane": "membrane"}, {"synapse_decay": "alpha"}
        return self._model_of(axes, states, names, synapse_decay=self.alpha)


@dataclass(frozen=True, eq=False)
class Alpha(_Named):
    """Neuron whose membrane follows an alpha function: the difference of two synaptic currents.

    ``e <- alpha*e + x``, ``i <- beta*i - x``, ``v = tau*(e + i)`` with
    ``tau = ln(alpha)/(ln(beta) - ln(alpha)) + 1``; spike where ``v > threshold``.

    Parameters
    ----------
    alpha, beta : float or array_like
        Decay of the excitatory and of the inhibitory current, ``0 < beta < alpha <= 1``.
    threshold : float or array_like
        Positive.
    reset_mechanism : {"zero", "subtract", "none"}
        At the next step.  Zero sets all three to 0 instead of that step's update; subtract takes
        the threshold from the excitatory current, clears the inhibitory one and adds its old value
        to the membrane, as snnTorch does.
    inhibition : bool
        Only the neuron highest above its threshold may fire, along the last axis.

    Notes
    -----
    After snnTorch 1.0.0's ``Alpha``: ``spikes, excitatory, inhibitory, membrane = neuron(x,
    excitatory, inhibitory, membrane)``.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Alpha
    >>> run = Alpha(alpha=0.5, beta=0.25).run(np.array([[1.0], [0.0], [0.0]]))
    >>> run.recorded["membrane"][:, 0]
    array([0.   , 0.5  , 0.375])
    """

    alpha: PerNeuron
    beta: PerNeuron
    threshold: PerNeuron = 1.0
    reset_mechanism: ResetMechanism = "zero"
    inhibition: bool = False

    def __post_init__(self):
        self._check("alpha", "beta", clamp=False)
        try:
            np.broadcast_shapes(np.shape(self.alpha), np.shape(self.beta))
        except ValueError:
            got = f"shapes {np.shape(self.alpha)} and {np.shape(self.beta)}"
            remedy = "pass one value per neuron in both"
            arguments.refuse("alpha and beta", "broadcast together", got, remedy)
        alpha, beta = np.asarray(self.alpha), np.asarray(self.beta)
        if np.any(beta <= 0) or np.any(beta >= alpha):
            must, got = "be larger than beta, and beta larger than 0", self._decays
            arguments.refuse("alpha", must, got, "the scale tau is not defined otherwise")

    @property
    def _decays(self):
        """Both decays, for a message."""
        return f"alpha={self.alpha} and beta={self.beta}"

    @cached_property
    def _model(self):
        axes = self._reset_axes(drop_input=False)._replace(model="alpha")
        states = {"excitatory": "synapse", "inhibitory": "inhibitory", "membrane": "membrane"}
        names, decay = {"synapse_decay": "alpha"}, self.alpha
        return self._model_of(axes, states, names, synapse_decay=decay, tau_alpha=self._tau)

    def _tau(self, dtype):
        """ln(alpha)/(ln(beta) - ln(alpha)) + 1, each operation rounded to the dtype."""
        logs = [
            np.log(np.asarray(decay).astype(dtype).astype(np.float64)).astype(dtype)
            for decay in (self.alpha, self.beta)
        ]
        if np.any(logs[0] == logs[1]):
            must = f"be larger than beta in {dtype} too"
            remedy = "move them apart or pass a current of float64"
            arguments.refuse("alpha", must, self._decays, remedy)
        return logs[0] / (logs[1] - logs[0]) + dtype.type(1)


@dataclass(frozen=True, eq=False)
class RLeaky(_Named):
    """Leaky neuron with recurrent connections: its spikes are added to the next step's input.

    ``v <- beta*v + x + recurrent(s) - r*threshold``, where s are the layer's spikes of the step
    before: ``V*s`` one to one, or ``s @ weight.T + bias`` from all to all.

    Parameters
    ----------
    beta : float or array_like
        Membrane decay; clamped to [0, 1], as snnTorch does.
    V : float or array_like
        Weight of a neuron's own last spike, with ``all_to_all=False``.
    all_to_all : bool
        Connect every neuron of the last axis with all of them, by ``recurrent``.
    recurrent : Linear, optional
        The connections, N to N; needed with ``all_to_all=True``.
        ``spikecore.network.Linear.draw(N, N, seed)`` draws them as snnTorch does.
    threshold : float or array_like
        Positive.
    reset_mechanism : {"subtract", "zero", "none"}
        With a delay, zero sets the membrane to 0 instead of that step's update.
    reset_delay : bool
        Reset at the next step, or in the same step.
    inhibition : bool
        Only the neuron highest above its threshold may fire, along the last axis.

    Notes
    -----
    After snnTorch 1.0.0's ``RLeaky``: ``spikes, membrane = rleaky(x, spikes, membrane)``.  It draws
    the recurrent weights itself (``linear_features``); here they are given.  The products are
    summed in index order.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import RLeaky
    >>> neuron = RLeaky(beta=0.5, V=0.25, all_to_all=False)
    >>> spikes, membrane = neuron(np.array([1.5]))
    >>> neuron(np.array([0.5]), spikes, membrane)
    (array([0.]), array([0.5]))
    """

    beta: PerNeuron
    V: PerNeuron = 1.0
    all_to_all: bool = True
    recurrent: Recurrence | None = None
    threshold: PerNeuron = 1.0
    reset_mechanism: ResetMechanism = "subtract"
    reset_delay: bool = True
    inhibition: bool = False

    def __post_init__(self):
        self._check("beta")
        self._set("V", arguments.parameter("V", self.V))
        dense = arguments.flag("all_to_all", self.all_to_all)
        layer, got = self.recurrent, arguments.shown(self.recurrent)
        if dense and layer is None:
            must = "be a Linear layer with all_to_all=True"
            remedy = "all_to_all=False for one-to-one weights V"
            remedy = f"pass Linear.draw(neurons, neurons, seed), or {remedy}"
            arguments.refuse("recurrent", must, got, remedy)
        if not dense and layer is not None:
            arguments.refuse("recurrent", "be None with all_to_all=False", got, "pass V")
        if dense and not has(layer, "product", "in_features", "out_features"):
            got = a_kind(layer)
            remedy = "wrap weights in spikecore.network.Linear(weight, bias)"
            arguments.refuse("recurrent", "be a Linear layer", got, remedy, TypeError)
        if dense and layer.in_features != layer.out_features:
            must, remedy = "have as many outputs as inputs", "connect each neuron with each"
            arguments.refuse("recurrent", must, got, remedy)

    @cached_property
    def _model(self):
        axes = self._reset_axes(drop_input=True)._replace(recurrent=True)
        states, names = {"spikes": "spike", "membrane": "membrane"}, {"recurrent": "V"}
        weight = 1.0 if self.all_to_all else self.V
        return self._model_of(axes, states, names, self.recurrent, recurrent=weight)

    def __call__(
        self,
        current: Data,
        *state: Data | None,
        dtype: SpikeDtype | None = None,
        device: Device | None = None,
        stream: Stream | None = None,
    ) -> tuple[Array, ...]:
        """One step: the spikes, which are a state too, and the membrane.

        Parameters and results are as in :meth:`Neuron.__call__`, but the spikes come once.
        """
        fired, _, membrane = super().__call__(
            current, *state, dtype=dtype, device=device, stream=stream
        )
        return fired, membrane


def leaky_integrate_and_fire(
    mem: ArrayLike, x: ArrayLike, w: PerNeuron, beta: PerNeuron, threshold: PerNeuron = 1
) -> tuple[Array, ...]:
    """One step of the tutorial's hand-written neuron, whose spike is read before the update.

    ``spikes = mem > threshold``, then ``mem <- beta*mem + w*x - spikes*threshold``, in this order.

    Parameters
    ----------
    mem : array_like
        Membrane, ``[...]``, float32 or float64.
    x : array_like
        Input, of the same shape.
    w : float
        Input weight.
    beta : float
        Membrane decay in [0, 1].
    threshold : float
        Positive.

    Returns
    -------
    spikes, mem : numpy.ndarray
        In the dtype of ``mem``.

    Raises
    ------
    ValueError, TypeError
        Numbers out of range, NaN, or shapes that differ.

    Notes
    -----
    The function of snnTorch's tutorial 3; the profile ``tutorial`` of :class:`LIF` runs it over a
    sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import leaky_integrate_and_fire
    >>> leaky_integrate_and_fire(np.array([0.5, 1.5]), np.array([1.0, 1.0]), w=0.25, beta=0.5)
    (array([0., 1.]), array([0.5, 0. ]))
    """
    beta = arguments.parameter("beta", beta, 0, 1)
    w = arguments.parameter("w", w)
    lif = LIF.profile("tutorial", decay=beta, gain=w, threshold=threshold)
    membrane, current = arguments.currents("mem", mem), arguments.real("x", x)
    backend = backends.on_host()
    arguments.finite("mem", membrane, backend)
    if current.ndim and current.shape != membrane.shape:
        must = f"be a number or have the shape of mem, {membrane.shape}"
        arguments.refuse("x", must, current.shape, "reshape one of the two")
    for name, value in (("beta", beta), ("w", w)):  # which the neuron calls decay and gain
        column(name, value, membrane.shape, membrane.dtype)
    with np.errstate(over="ignore"):
        current = np.full(membrane.shape, current, membrane.dtype)
    arguments.finite("x", current, backend)
    return lif(current, membrane, device=backends.host_device())
