"""Neurons whose membrane takes few values, as snnTorch's ``state_quant`` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, backends
from spikecore.annotations import ArrayLike, Integer, Number
from spikecore.neurons.dynamics import nearest_of
from spikecore.neurons.lif import LIF
from spikecore.neurons.neuron import Neuron
from spikecore.neurons.snntorch import Leaky

MOST_BITS = 10  # of the levels, which each step compares with the membrane
# What each gap between levels is of the one before it, by bits; 0.95 with more.
RATIOS = {1: 0.05, 2: 0.1, 3: 0.3, 4: 0.5, 5: 0.7, 6: 0.9, 7: 0.925}


def state_levels(
    num_bits: Integer = 8,
    *,
    uniform: bool = True,
    threshold_centered: bool = True,
    threshold: Number = 1.0,
    lower_limit: Number = 0.0,
    upper_limit: Number = 0.2,
    multiplier: Number | None = None,
) -> NDArray[np.float32]:
    """Levels of a membrane of ``num_bits`` bits, from ``-threshold*(1 + lower_limit)`` to
    ``threshold*(1 + upper_limit)``.

    Uniform levels have equal gaps.  Others lie closer together towards a centre, the threshold or
    0, which is none of them: each gap is ``multiplier`` times the one that lies farther out.

    Parameters
    ----------
    num_bits : int
        From 1 to 10; there are ``2**num_bits`` levels.
    uniform : bool
        Equal gaps.
    threshold_centered : bool
        Of levels that are not uniform: the centre is the threshold, else 0.
    threshold : float
        Positive.
    lower_limit, upper_limit : float
        At least 0, how far the levels go beyond the threshold and its negative; without uniform
        gaps the upper one is positive.
    multiplier : float, optional
        In (0, 1); by default 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.925 for 1 to 7 bits, else 0.95.

    Returns
    -------
    numpy.ndarray
        float32, ``[2**num_bits]``, in ascending order; of many bits some may be equal.

    Raises
    ------
    ValueError, TypeError
        An argument out of its range.

    Notes
    -----
    The levels of ``snntorch.functional.quant.state_quant`` of snnTorch 1.0.0, whose argument
    ``thr_centered`` is ``threshold_centered`` here.  Neither 0 nor the threshold need be a level.

    Examples
    --------
    >>> from spikecore import neurons
    >>> neurons.state_levels(2)
    array([-1.        , -0.26666665,  0.4666667 ,  1.2       ], dtype=float32)
    """
    bits = arguments.integer("num_bits", num_bits, 1, MOST_BITS)
    uniform = arguments.flag("uniform", uniform)
    centered = arguments.flag("threshold_centered", threshold_centered)
    threshold = arguments.number("threshold", threshold, 0, open_low=True)
    below = arguments.number("lower_limit", lower_limit, 0)
    above = arguments.number("upper_limit", upper_limit, 0, open_low=not uniform)
    low, high, count = -threshold - threshold * below, threshold + threshold * above, 1 << bits
    if uniform:
        return _equal_gaps(np.float32(low), np.float32(high), count)
    ratio = RATIOS.get(bits, 0.95)
    if multiplier is not None:
        ratio = arguments.number("multiplier", multiplier, 0, 1, open_low=True, open_high=True)
    centre = threshold if centered else 0.0
    lower = int(count * ((centre - low) / (high - low)))
    gaps = [ratio**j for j in range(max(lower, count - lower))]
    falling = _spread(low, gaps[:lower], centre - low)[:-1]  # without the centre itself
    rising = _spread(centre, gaps[: count - lower][::-1], high - centre)[1:]
    return np.array([*falling, *rising], np.float32)


def _equal_gaps(low, high, count):
    """From both ends towards the middle, each rounded once to float32, as torch does it."""
    step = np.float64((high - low) / np.float32(count - 1))
    index = np.arange(count)
    rising, falling = low + step * index, high - step * index[::-1]
    return np.where(index < count // 2, rising, falling).astype(np.float32)


def _spread(start, gaps, room):
    """Where gaps end that begin at ``start`` and fill the room."""
    if not gaps:
        return [start]
    scale = sum(gaps[::-1]) / room
    return list(accumulate((gap / scale for gap in gaps), initial=start))


@dataclass(frozen=True, eq=False)
class Quantized(Neuron):
    """A neuron whose membrane is rounded to the nearest level in each step, before it can fire.

    The rounded membrane is tested, recorded and carried on; of two levels that are equally near,
    it is the lower one.  A reset may leave the levels until the next step.

    Parameters
    ----------
    neuron : spikecore.LIF or Leaky
        Without a refractory time that ends within a step.
    levels : array_like
        At least one finite number, in ascending order, such as those of :func:`state_levels`.

    Raises
    ------
    ValueError, TypeError
        A neuron of another kind, or levels that are not ascending numbers.

    Notes
    -----
    ``snntorch.Leaky(beta, state_quant=...)`` of snnTorch 1.0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Leaky, neurons
    >>> coarse = neurons.Quantized(Leaky(0.5), [-1, -0.5, 0, 0.5, 1, 1.5])
    >>> run = coarse.run(np.full((5, 1), 0.8, np.float32))
    >>> run.recorded["membrane"][:, 0]
    array([1. , 1.5, 0.5, 1. , 1.5], dtype=float32)
    >>> run.spikes[:, 0]
    array([0., 1., 0., 0., 1.], dtype=float32)
    """

    neuron: LIF | Leaky
    levels: ArrayLike

    def __post_init__(self):
        must, remedy = "be a LIF or a Leaky", "pass Leaky(0.9)"
        if not isinstance(self.neuron, (LIF, Leaky)):
            arguments.refuse("neuron", must, arguments.shown(self.neuron), remedy, TypeError)
        if self.neuron._model.axes.fraction:
            must, remedy = "hold whole steps", "set refractory_mode='steps'"
            arguments.refuse("neuron", must, "refractory_mode='fraction'", remedy)
        levels = arguments.real("levels", self.levels).astype(np.float64)
        if levels.ndim != 1 or not 0 < levels.size <= 1 << MOST_BITS:
            must = f"be [levels], 1 to {1 << MOST_BITS} of them"
            arguments.refuse("levels", must, f"shape {levels.shape}", "pass state_levels(4)")
        arguments.finite("levels", levels, backends.on_host())
        if (np.diff(levels) < 0).any():
            arguments.refuse("levels", "be ascending", arguments.shown(self.levels), "sort them")
        levels.flags.writeable = False
        self._set("levels", levels)

    def quantize(self, values: ArrayLike) -> NDArray[np.floating]:
        """The nearest levels of some numbers, in their dtype, float32 or float64.

        Parameters
        ----------
        values : array_like
            Finite numbers of any shape; integers are promoted with float32, as NumPy does it.

        Returns
        -------
        numpy.ndarray
            Of the shape of the values.
        """
        given = arguments.real("values", values)
        arguments.finite("values", given, backends.on_host())
        return np.asarray(nearest_of(self._axes.levels)(given))

    @property
    def _axes(self):
        return self._model.axes

    @cached_property
    def _model(self):
        model = self.neuron._model
        return model._replace(axes=model.axes._replace(levels=tuple(self.levels.tolist())))
