"""The leaky integrate-and-fire neuron in fixed point, over every axis on which hardware differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Integer
from spikecore.backends import on_host
from spikecore.neurons.fixed import integers
from spikecore.neurons.fixed.dynamics import Axes
from spikecore.neurons.fixed.profiles import find
from spikecore.neurons.fixed.run import Runner
from spikecore.neurons.neuron import Model

Form = Literal["factor", "complement", "shift", "constant", "none"]
Overflow = Literal["saturate", "symmetric", "wrap", "wrap-high"]
PerNeuron = Integer | Array | Sequence[int]
EXPONENTS = 16  # how far a bias is shifted at most


@dataclass(frozen=True, eq=False, repr=False)
class LIF(Runner):
    """Leaky integrate-and-fire neuron in the integers of digital hardware, equal to it bit by bit.

    ``u <- decayed(u) + (x << input_shift)``, ``v <- decayed(v) + u + bias``, a spike where
    ``v > threshold << threshold_shift``, and a reset; without a ``synapse_decay`` the input goes
    to the membrane.  Every field is one axis on which hardware differs.  SPEC.md, "Fixed point",
    gives the order of operations.

    Parameters
    ----------
    decay : int or array_like
        Amount of the membrane's decay in the form of ``decay_form``.
    threshold : int or array_like
        From 0 to ``2**threshold_bits - 1``.
    synapse_decay : int or array_like, optional
        Decay of a synaptic current between input and membrane, in the same form; no such current
        if left out.
    bias : int or array_like
        Added to the membrane at each step, times ``2**bias_exponent``, rounded down.
    bias_exponent : int or array_like
        From -16 to 16.
    lower_threshold : int or array_like, optional
        Makes spikes ternary: -1 where the membrane is below it; at most the threshold.
    decay_form : {"factor", "complement", "shift", "constant", "none"}
        What is left of v, with k = ``decay_bits``: ``v*decay >> k``;
        ``v*(2**k - decay - offset) >> k``; ``v - (v >> decay)``; v moved towards 0 by ``decay``,
        not past it; v.
    decay_bits : int
        k, from 0 to 16.
    decay_offset, synapse_offset : {0, 1}
        The offset of ``"complement"``.
    decay_at : {"step", "event"}
        Decay and input in each step; or one of them, the decay in the steps that the argument
        ``time_events`` of a call names, and the input in the others.
    rounding : {"floor", "zero", "nearest"}
        Where a decay shifts to the right: down, towards zero, or to the nearest, halves up.
    product_bits : int, optional
        The product ``v*decay`` wraps to so many bits, from 2 to 62.
    bits, synapse_bits : int
        Of the membrane and of the synaptic current, sign included, from 2 to 31.
    frac : int
        Bits after the binary point, for :meth:`to_integers` and :meth:`to_reals` only.
    overflow, synapse_overflow : {"saturate", "symmetric", "wrap", "wrap-high"}
        With n bits: the nearest number in [-2**(n-1), 2**(n-1) - 1]; the nearest in
        [-(2**(n-1) - 1), 2**(n-1) - 1]; the lowest n bits, in two's complement; the same, with
        2**(n-1) in place of -2**(n-1).
    input_bits, threshold_bits, bias_bits : int
        Ranges that arguments are checked with: inputs and biases are signed, thresholds are not.
    input_shift, threshold_shift : int
        Inputs and thresholds are shifted to the left, from 0 to 24.
    compare : {">", ">="}
        Spike where the membrane is above the threshold, or also where it is equal.
    reset : {"value", "subtract", "none"}
        Set the membrane to ``reset_value``, subtract the threshold that was crossed, or leave it.
    reset_value : int or array_like
        With ``reset="value"``.
    reset_at : {"same", "next"}
        In the step of the spike, before the membrane is recorded; or at the next step: a value
        before the decay, and the threshold after the input is added.
    report_spike : {"new", "old"}
        The spike of the membrane after the update or before it.
    reset_interval : int
        Membrane and synaptic current are 0 before each step, counted from 1, that is
        ``reset_offset`` past a multiple of it; 0 for never.
    reset_offset : int

    Raises
    ------
    ValueError, TypeError
        A number out of its range, or a combination without a meaning.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.neurons import fixed
    >>> lif = fixed.LIF.profile("loihi", synapse_decay=2048, decay=512, threshold=100)
    >>> run = lif.run(np.full((5, 1), 40), record=("synapse", "membrane"))
    >>> run.spikes[:, 0]
    array([0, 0, 1, 0, 1], dtype=int32)
    >>> run.recorded["synapse"][:, 0]
    array([2560, 3839, 4478, 4797, 4957], dtype=int32)
    >>> fixed.LIF(decay=115, threshold=8192, decay_bits=7)
    fixed.LIF(decay=115, threshold=8192, decay_bits=7)
    """

    decay: PerNeuron
    threshold: PerNeuron
    synapse_decay: PerNeuron | None = None
    bias: PerNeuron = 0
    bias_exponent: PerNeuron = 0
    lower_threshold: PerNeuron | None = None
    decay_form: Form = "factor"
    decay_bits: Integer = 12
    decay_offset: Literal[0, 1] = 0
    synapse_offset: Literal[0, 1] = 0
    decay_at: Literal["step", "event"] = "step"
    rounding: Literal["floor", "zero", "nearest"] = "floor"
    product_bits: Integer | None = None
    bits: Integer = 24
    synapse_bits: Integer = 24
    frac: Integer = 0
    overflow: Overflow = "saturate"
    synapse_overflow: Overflow = "saturate"
    input_bits: Integer = 24
    threshold_bits: Integer = 23
    bias_bits: Integer = 13
    input_shift: Integer = 0
    threshold_shift: Integer = 0
    compare: Literal[">", ">="] = ">"
    reset: Literal["value", "subtract", "none"] = "value"
    reset_value: PerNeuron = 0
    reset_at: Literal["same", "next"] = "same"
    report_spike: Literal["new", "old"] = "new"
    reset_interval: Integer = 0
    reset_offset: Integer = 0

    def __post_init__(self):
        for name, options in CHOICES.items():
            self._set(name, arguments.choice(name, getattr(self, name), options))
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None or name != "product_bits":
                self._set(name, arguments.integer(name, value, low, high))
        for name, (low, high) in self._ranges().items():
            value = getattr(self, name)
            if value is not None or name not in ("synapse_decay", "lower_threshold"):
                self._set(name, integers.parameter(name, value, low, high))
        self._refuse_nonsense()

    def _ranges(self):
        """The least and the largest number of each parameter that may be one per neuron."""
        top = {
            "factor": 2 << self.decay_bits, "complement": 1 << self.decay_bits,
            "shift": 32, "constant": 1 << (self.bits - 1), "none": 1,
        }[self.decay_form] - 1  # fmt: skip
        threshold, bias = 1 << self.threshold_bits, 1 << (self.bias_bits - 1)
        return {
            "decay": (0, top),
            "synapse_decay": (0, top),
            "threshold": (0, threshold - 1),
            "lower_threshold": (-threshold, threshold - 1),
            "reset_value": limits(self.bits, self.overflow),
            "bias": (-bias, bias - 1),
            "bias_exponent": (-EXPONENTS, EXPONENTS),
        }

    def _refuse_nonsense(self):
        """Refuse combinations without a meaning, each with its own sentence."""
        complement, at_events = self.decay_form == "complement", self.decay_at == "event"
        products = self.decay_form in ("factor", "complement")
        at_next, ternary = self.reset_at == "next", self.lower_threshold is not None
        refuse = [
            (
                (self.decay_offset or self.synapse_offset) and not complement,
                f"decay_offset and synapse_offset must be 0 with decay_form={self.decay_form!r}, "
                f"got {self.decay_offset} and {self.synapse_offset}; set decay_form='complement'",
            ),
            (
                self.product_bits is not None and not products,
                f"product_bits must be None with decay_form={self.decay_form!r}, got "
                f"{self.product_bits}; there is no product, so leave it out",
            ),
            (
                at_events and self.synapse_decay is not None,
                f"synapse_decay must be None with decay_at='event', got {self.synapse_decay}; a "
                "synaptic current decays in each step, so leave it out",
            ),
            (
                at_events and np.any(self.bias),
                f"bias must be 0 with decay_at='event', got {self.bias}; it would be added in each "
                "step, so leave it out",
            ),
            (
                at_events and self.input_bits > 30,
                f"input_bits must be at most 30 with decay_at='event', got {self.input_bits}; one "
                "bit says whether a step is a time event",
            ),
            (
                np.any(np.asarray(self.reset_value) != 0) and self.reset != "value",
                f"reset_value must be 0 with reset={self.reset!r}, got {self.reset_value}; set "
                "reset='value'",
            ),
            (
                self.report_spike == "old" and not (at_next or self.reset == "none"),
                f"report_spike is 'old' with reset_at={self.reset_at!r}; a membrane that was reset "
                "in the step of its spike no longer shows it, so set reset_at='next'",
            ),
            (
                ternary and np.any(np.asarray(self.lower_threshold) > np.asarray(self.threshold)),
                f"lower_threshold must be at most threshold, got {self.lower_threshold} and "
                f"{self.threshold}; exchange the two",
            ),
            (
                self.reset_offset and not self.reset_interval,
                f"reset_offset must be 0 without a reset_interval, got {self.reset_offset}; pass "
                "an interval",
            ),
        ]
        for nonsense, sentence in refuse:
            if nonsense:
                raise ValueError(sentence)

    @classmethod
    def profile(cls, name: str, **changes: Any) -> LIF:
        """The neuron of known hardware.

        Parameters
        ----------
        name : str
            One of :func:`spikecore.neurons.fixed.profiles`.
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
        >>> from spikecore.neurons import fixed
        >>> fixed.LIF.profile("tinyodin", threshold=40).bits
        12
        """
        return cls(**{**find(name).axes, **changes})

    def to_integers(self, values: ArrayLike) -> NDArray[np.int32]:
        """Real numbers as fixed-point numbers: the nearest multiple of ``2**-frac``.

        Parameters
        ----------
        values : array_like
            Finite numbers of any shape.

        Returns
        -------
        numpy.ndarray
            int32; half-way cases are rounded to even.

        Raises
        ------
        ValueError
            A number that ``bits`` bits do not hold.

        Examples
        --------
        >>> from spikecore.neurons import fixed
        >>> fixed.LIF.profile("q-format").to_integers([0.5, -1.0])
        array([ 4096, -8192], dtype=int32)
        """
        given = arguments.real("values", values).astype(np.float64)
        low, high = limits(self.bits, self.overflow)
        unit = 2.0**-self.frac
        meaning = f"within [{low * unit}, {high * unit}], which {self.bits} bits hold"
        arguments.within("values", given, low * unit, high * unit, on_host(), meaning)
        return np.rint(given * 2.0**self.frac).astype(np.int32)

    def to_reals(self, values: ArrayLike) -> NDArray[np.float64]:
        """Fixed-point numbers as real numbers: ``values / 2**frac``, exactly.

        Parameters
        ----------
        values : array_like
            Integers of any shape.

        Returns
        -------
        numpy.ndarray
            float64.

        Examples
        --------
        >>> from spikecore.neurons import fixed
        >>> fixed.LIF.profile("q-format").to_reals([4096, -8192])
        array([ 0.5, -1. ])
        """
        whole = integers.parameter("values", values, -(2**31), 2**31 - 1)
        return np.asarray(whole, np.float64) * 2.0**-self.frac

    @cached_property
    def _model(self):
        axes = Axes(
            decay="factor" if self.decay_form == "complement" else self.decay_form,
            rounding=self.rounding,
            overflow="wrap" if self.overflow.startswith("wrap") else "saturate",
            synapse=self._synapse_axis(),
            product=self.product_bits is not None,
            events=self.decay_at == "event",
            compare=self.compare,
            reset=self.reset,
            reset_at=self.reset_at,
            report=self.report_spike,
            spikes="single" if self.lower_threshold is None else "ternary",
            clock=self.reset_interval > 0,
        )
        states = {"synapse": "synapse", "membrane": "membrane", "clock": "clock"}
        if self.synapse_decay is None:
            del states["synapse"]
        if not self.reset_interval:
            del states["clock"]
        return Model(axes, self._numbers_of_step(), states, {})

    def _synapse_axis(self):
        if self.synapse_decay is None:
            return "none"
        return "wrap" if self.synapse_overflow.startswith("wrap") else "saturate"

    def _numbers_of_step(self):
        """The fields of ``dynamics.Parameters``, as Python ints and int64 arrays."""
        low, high = limits(self.bits, self.overflow)
        synapse_low, synapse_high = limits(self.synapse_bits, self.synapse_overflow)
        product_low, product_high = limits(self.product_bits or 2, "wrap")
        bias, up = np.asarray(self.bias), np.asarray(self.bias_exponent)
        lower = 0 if self.lower_threshold is None else self.lower_threshold
        synapse_decay = 0 if self.synapse_decay is None else self.synapse_decay
        interval = self.reset_interval
        return {
            "decay": self._amount(self.decay, self.decay_offset),
            "synapse_decay": self._amount(synapse_decay, self.synapse_offset),
            "threshold": self.threshold << self.threshold_shift,
            "lower_threshold": lower << self.threshold_shift,
            "reset_value": self.reset_value,
            "bias": (bias << np.maximum(up, 0)) >> np.maximum(-up, 0),
            "shift": self.decay_bits,
            "input_shift": self.input_shift,
            "low": low,
            "high": high,
            "synapse_low": synapse_low,
            "synapse_high": synapse_high,
            "product_low": product_low,
            "product_high": product_high,
            "interval": interval,
            "phase": self.reset_offset % interval if interval else 0,
        }

    def _amount(self, decay, offset):
        """A decay as the step takes it."""
        if self.decay_form == "complement":
            return (1 << self.decay_bits) - offset - decay
        return decay

    def __repr__(self) -> str:
        shown = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in self._differences().items()
        }
        return f"fixed.LIF({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def limits(bits, overflow):
    """The least and the largest number of a register."""
    top = 1 << (bits - 1)
    return {
        "saturate": (-top, top - 1),
        "symmetric": (1 - top, top - 1),
        "wrap": (-top, top - 1),
        "wrap-high": (1 - top, top),
    }[overflow]


# What each axis of names may be, as its annotation lists them.
CHOICES = {
    name: get_args(hint)
    for name, hint in get_type_hints(LIF).items()
    if get_origin(hint) is Literal and isinstance(get_args(hint)[0], str)
}
RANGES = {
    "decay_bits": (0, 16),
    "decay_offset": (0, 1),
    "synapse_offset": (0, 1),
    "product_bits": (2, 62),
    "bits": (2, 31),
    "synapse_bits": (2, 31),
    "frac": (0, 30),
    "input_bits": (1, 31),
    "threshold_bits": (1, 31),
    "bias_bits": (1, 31),
    "input_shift": (0, 24),
    "threshold_shift": (0, 24),
    "reset_interval": (0, 2**31 - 1),
    "reset_offset": (0, 2**31 - 1),
}
