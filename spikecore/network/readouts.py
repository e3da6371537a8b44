"""Leaky integrators that do not fire: a network that ends with one has membranes as its output."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spikecore import arguments
from spikecore.annotations import Data, Device, PerNeuron
from spikecore.network.delay import LayerOutput
from spikecore.network.layer import Layer
from spikecore.neurons.lif import LIF, SynapseOrder


class Readout(Layer):
    """What both readouts share; their output is the membrane."""

    _lif: LIF

    @property
    def state_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the states, in the order in which they are passed and returned."""
        return self._lif.state_names

    @property
    def recordable(self) -> tuple[str, ...]:
        """Names of the states that a run can record."""
        return self._lif.recordable

    def run(self, current: Data, *state: Data | None, device: Device | None = None) -> LayerOutput:
        """A whole sequence.

        Parameters
        ----------
        current : array_like
            ``[num_steps, ...]``, float32 or float64.
        *state : array_like, optional
            State to begin with, by ``state_names``.
        device
            As in :func:`spikecore.spikegen.rate`; a current on a GPU keeps all results there.

        Returns
        -------
        LayerOutput
            The membrane after each step, and the state after the last one.

        Raises
        ------
        ValueError, TypeError
            NaN, infinite or integer currents, or a state or parameter of the wrong shape.
        """
        run = self._lif.run(current, *state, dtype="uint8", device=device)
        return LayerOutput(run.recorded["membrane"], run.final)

    def _largest_output(self, largest):
        return float("inf")

    def __repr__(self) -> str:
        given = self._lif._differences()
        shown = (f"{name}={value!r}" for name, value in given.items() if name != "reset")
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, eq=False, repr=False)
class LI(Readout):
    """Leaky integrator: ``v <- leak + decay*(v - leak) + gain*x``.

    Parameters
    ----------
    decay : float or array_like
        Share of the membrane that is left after a step, in [0, 1].
    gain : float or array_like
        Factor of the input.
    leak : float or array_like
        Membrane value without input; a run begins there, unless ``initial`` is given.
    initial : float or array_like, optional
        Membrane at which a run begins.

    Raises
    ------
    ValueError, TypeError
        A number out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import LI
    >>> LI(decay=0.5).run(np.ones((3, 1))).values[:, 0]
    array([1.  , 1.5 , 1.75])
    """

    decay: PerNeuron
    gain: PerNeuron = 1.0
    leak: PerNeuron = 0.0
    initial: PerNeuron | None = None

    def __post_init__(self):
        _check(self)

    @cached_property
    def _lif(self):
        return LIF(self.decay, gain=self.gain, leak=self.leak, initial=self.initial, reset="none")


@dataclass(frozen=True, eq=False, repr=False)
class CubaLI(Readout):
    """Leaky integrator of a synaptic current i: ``v <- leak + decay*(v - leak) + gain*i``.

    Parameters
    ----------
    decay : float or array_like
        Share of the membrane that is left after a step, in [0, 1].
    synapse_decay : float or array_like
        Share of the synaptic current that is left after a step, in [0, 1].
    gain : float or array_like
        Factor of the synaptic current.
    leak : float or array_like
        Membrane value without input; a run begins there, unless ``initial`` is given.
    initial : float or array_like, optional
        Membrane at which a run begins.
    synapse_gain : float or array_like
        Factor of the input in the synaptic current.
    synapse_order : {"decay-jump-use", "jump-use-decay", "jump-decay-use", "use-decay-jump"}
        As in :class:`spikecore.LIF`.

    Raises
    ------
    ValueError, TypeError
        A number out of its range, or another order.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import CubaLI
    >>> CubaLI(decay=0.5, synapse_decay=0.5).run(np.array([[1.0], [0], [0]])).values[:, 0]
    array([1.  , 1.  , 0.75])
    """

    decay: PerNeuron
    synapse_decay: PerNeuron
    gain: PerNeuron = 1.0
    leak: PerNeuron = 0.0
    initial: PerNeuron | None = None
    synapse_gain: PerNeuron = 1.0
    synapse_order: SynapseOrder = "decay-jump-use"

    def __post_init__(self):
        if self.synapse_decay is None:
            must, remedy = "be a number in [0, 1]", "use LI for none"
            arguments.refuse("synapse_decay", must, None, remedy, TypeError)
        _check(self)

    @cached_property
    def _lif(self):
        return LIF(
            self.decay,
            gain=self.gain,
            leak=self.leak,
            initial=self.initial,
            reset="none",
            synapse_decay=self.synapse_decay,
            synapse_gain=self.synapse_gain,
            synapse_order=self.synapse_order,
        )


def _check(readout: Any) -> None:
    """Check the fields as those of a neuron, and keep them as it does."""
    for name in readout.__dataclass_fields__:
        readout._set(name, getattr(readout._lif, name))
