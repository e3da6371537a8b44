"""The layers' parts of a run: each fills the array of its output, a chunk or a step at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments
from spikecore.annotations import Array
from spikecore.network.layer import scratch
from spikecore.results import by_value


@by_value
class LayerRun(NamedTuple):
    """The result of one layer with a state.

    Attributes
    ----------
    spikes : numpy.ndarray or None
        ``[num_steps, batch, neurons]``, when recorded: uint8, or the dtype of the currents if a
        neuron may fire several times in a step, or if uint8 cannot hold a spike's output value.
        None of a layer that does not fire.
    recorded : dict of str to numpy.ndarray
        Recorded states, ``[num_steps, batch, neurons]``.
    counts : numpy.ndarray
        Spikes of each neuron over the run, ``[batch, neurons]``, int64.
    final : tuple of numpy.ndarray
        State after the last step; of a layer that leads back into a cycle, its last output too.
    """

    spikes: Array | None
    recorded: dict[str, Array]
    counts: NDArray[np.int64]
    final: tuple[Array, ...]


class Neurons:
    """A layer of neurons in a run, and the arrays that it fills: of the whole run, or scratch."""

    def __init__(self, layer, shape, dtype, state, backend, num_steps, wanted):
        self.layer, self.shape, self.backend = layer, shape, backend
        self.current_dtype = dtype
        self.dtype = np.dtype(np.uint8) if layer.fits_a_byte else dtype
        self.kept = {}
        for name in wanted:
            kind = self.dtype if name == "spikes" else dtype
            self.kept[name] = arguments.output(None, (num_steps, *shape), kind, backend)
        self.spikes = self.kept.pop("spikes", None)
        self.work = layer._begin(shape, dtype, state, backend, self.dtype)
        self.counts = np.zeros(shape, np.int64)
        self._scratch: Any = None

    def place(self, steps, moment):
        """The array for the spikes of a chunk."""
        if self.spikes is not None:
            return self.spikes[moment]
        if self._scratch is None or len(self._scratch) < steps:
            self._scratch = scratch((steps, *self.shape), self.dtype, self.backend)
        return self._scratch[:steps]

    def fill(self, values, out, first):
        """Set ``out`` to the spikes of some steps."""
        if not values.size:
            return
        currents = _in_dtype(values, self.current_dtype)  # if it follows a neuron
        moment = slice(first, first + len(values))
        recorded = {name: kept[moment] for name, kept in self.kept.items()}
        self.work.advance(currents, recorded, out)

    def fill_sums(self, linear, values, out, first):
        """Set ``out`` to the spikes for a linear layer's sums, taken in index order."""
        moment = slice(first, first + len(values))
        recorded = {name: kept[moment] for name, kept in self.kept.items()}
        self.work.advance_sums(values, linear._rows, linear.bias, recorded, out)

    def count(self, out):
        """Count the spikes of a chunk."""
        if out.size:
            out = out if isinstance(out, np.ndarray) else out.copy_to_host()
            self.counts += self.layer.counted(out)

    @property
    def final(self):
        """The states after the last step."""
        return self.work.final


class Membranes:
    """A leaky readout in a run: its output is the membrane."""

    spikes = None

    def __init__(self, layer, shape, dtype, state, backend, num_steps, wanted):
        self.shape, self.dtype, self.backend = shape, dtype, backend
        self.kept = {}
        for name in wanted:
            self.kept[name] = arguments.output(None, (num_steps, *shape), dtype, backend)
        self.work = layer._lif._begin(shape, dtype, state, backend, np.dtype(np.uint8))
        self._scratch: Any = None
        self._unused: Any = None

    def place(self, steps, moment):
        """The array for the membranes of a chunk."""
        if "membrane" in self.kept:
            return self.kept["membrane"][moment]
        if self._scratch is None or len(self._scratch) < steps:
            self._scratch = scratch((steps, *self.shape), self.dtype, self.backend)
        return self._scratch[:steps]

    def fill(self, values, out, first):
        """Set ``out`` to the membranes of some steps."""
        if not values.size:
            return
        currents = _in_dtype(values, self.dtype)
        moment = slice(first, first + len(values))
        recorded = {name: kept[moment] for name, kept in self.kept.items()}
        if self._unused is None or self._unused.shape != out.shape:
            self._unused = scratch(out.shape, np.uint8, self.backend)
        self.work.advance(currents, {**recorded, "membrane": out}, self._unused)

    @property
    def final(self):
        """The states after the last step."""
        return self.work.final


def _in_dtype(values, dtype):
    """Values in a dtype; those on a GPU have it already."""
    return values if values.dtype == dtype else values.astype(dtype)
