"""Weighted sums of spikes: dense, by BLAS, or event-driven, over the inputs that fired.

SPEC.md, "Layers", says what is guaranteed about the order of the sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spikecore import arguments, backends, random
from spikecore.annotations import Array, ArrayLike, Data, Device, Integer, Out, Seed, Stream
from spikecore.events.table import Events
from spikecore.foreign import a_kind, has
from spikecore.network.layer import (
    MisfitError,
    Stateless,
    bytes_of,
    finite_input,
    largest_sum,
    last_sizes,
    offsets,
    read_only,
    sizes_before,
    spike_array,
    weights,
)
from spikecore.network.weights import FromFile, detached

EVENT_DENSITY = 0.3  # below it the event-driven product is faster (benchmarks/NOTES.md)
SAMPLED_ROWS = 64  # rows in which the density is measured


class Weighted(Protocol):
    """A layer of torch, or what looks like one."""

    @property
    def weight(self) -> Any: ...

    @property
    def bias(self) -> Any: ...


@dataclass(frozen=True, eq=False, repr=False)
class Linear(FromFile, Stateless):
    """``current = spikes @ weight.T + bias``.

    Parameters
    ----------
    weight : array_like
        ``[out_features, in_features]``, float32 or float64, finite.
    bias : array_like, optional
        ``[out_features]``; none is 0.

    Raises
    ------
    ValueError, TypeError
        Weights that are not a finite floating matrix, or a bias that does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore.network import Linear
    >>> Linear(np.array([[0.5, 0.25], [1.0, 2.0]]))(np.array([[1.0, 0.0], [1.0, 1.0]]))
    array([[0.5 , 1.  ],
           [0.75, 3.  ]])
    """

    weight: Array
    if TYPE_CHECKING:  # arrays, whatever they are made of
        bias: Array

        def __init__(self, weight: ArrayLike, bias: ArrayLike | None = None) -> None: ...
    else:
        bias: Array | None = None

    def __post_init__(self):
        _refuse_sizes(self.weight)
        must = "be a matrix [out_features, in_features]"
        self._set("weight", weights("weight", self.weight, 2, must))
        self._set("bias", offsets(self.bias, self.weight))

    @classmethod
    def draw(
        cls,
        in_features: Integer,
        out_features: Integer,
        seed: Seed | None = None,
        bias: bool = True,
        *,
        skip: Integer = 0,
    ) -> Linear:
        """Weights as torch's ``nn.Linear`` draws them on a CPU, from torch's random stream.

        Uniform in ``[-1/sqrt(in_features), 1/sqrt(in_features))``, the weights first, then the
        bias.  ``Linear.draw(i, o, seed)`` has the numbers of ``torch.manual_seed(seed);
        torch.nn.Linear(i, o)``; for a layer drawn after other layers, ``skip`` is how many numbers
        those took.

        Parameters
        ----------
        in_features, out_features : int
        seed : int, numpy.random.Generator or None
        bias : bool
            Draw a bias too.
        skip : int
            Numbers of the random stream to leave out.

        Returns
        -------
        Linear
            float32.

        Examples
        --------
        >>> from spikecore.network import Linear
        >>> Linear.draw(4, 2, seed=0).weight.round(4)
        array([[-0.0037,  0.2682, -0.4115, -0.368 ],
               [-0.1926,  0.1341, -0.0099,  0.3964]], dtype=float32)
        """
        in_features = arguments.integer("in_features", in_features, 1)
        out_features = arguments.integer("out_features", out_features, 1)
        skip = arguments.integer("skip", skip, 0)
        num_weights = in_features * out_features
        draws = skip + num_weights + (out_features if arguments.flag("bias", bias) else 0)
        uniforms = random.torch_uniforms(random.seed_of(seed), (draws,))[skip:]
        # torch computes the weights' bound as sqrt(3) * gain / sqrt(in), the bias's as 1 / sqrt(in)
        bound = math.sqrt(3.0) * (math.sqrt(2.0 / 6.0) / math.sqrt(in_features))
        weight = _spread(uniforms[:num_weights], bound).reshape(out_features, in_features)
        offsets = _spread(uniforms[num_weights:], 1 / math.sqrt(in_features)) if bias else None
        return cls(weight, offsets)

    @classmethod
    def from_torch(cls, layer: Weighted) -> Linear:
        """The weights of a ``torch.nn.Linear``, whether or not they require gradients.

        Parameters
        ----------
        layer : torch.nn.Linear
            Anything with ``weight`` and ``bias`` tensors; float32 or float64.

        Returns
        -------
        Linear

        Raises
        ------
        ValueError, TypeError
            Something without weights, or weights that ``Linear`` refuses.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from spikecore.network import Linear
        >>> Linear.from_torch(SimpleNamespace(weight=np.ones((2, 3), np.float32), bias=None))
        Linear(3 -> 2, float32)
        """
        if not has(layer, "weight", "bias"):
            got = a_kind(layer)
            remedy = "pass a torch.nn.Linear"
            arguments.refuse("layer", "have weight and bias", got, remedy, TypeError)
        return cls(detached("weight", layer.weight), detached("bias", layer.bias))

    @property
    def in_features(self) -> int:
        """Number of inputs."""
        return self.weight.shape[1]

    @property
    def out_features(self) -> int:
        """Number of outputs."""
        return self.weight.shape[0]

    def __repr__(self) -> str:
        return f"Linear({self.in_features} -> {self.out_features}, {self.weight.dtype})"

    @cached_property
    def _rows(self):
        """The weights of each input in a row."""
        rows = np.ascontiguousarray(self.weight.T)
        rows.flags.writeable = False
        return rows

    def __call__(
        self,
        spikes: Data | Events,
        *,
        exact: bool = False,
        out: Out | None = None,
        device: Device | None = None,
        stream: Stream | None = None,
    ) -> Array:
        """Currents of spikes.

        Parameters
        ----------
        spikes : array_like or Events
            ``[..., in_features]``: bool, int8, uint8, float32 or float64.  The sums of Events are
            in index order; on the CPU no zero is looked at.
        exact : bool
            Sum in index order for any density, so that the bits are the same on every device.
        out : numpy.ndarray, optional
            Array to fill and return.
        device, stream
            As in :func:`spikecore.spikegen.rate`; on a GPU all sums are in index order.

        Returns
        -------
        numpy.ndarray
            ``[..., out_features]``, of the dtype of the weights.

        Raises
        ------
        ValueError, TypeError
            Spikes of another width or dtype, or NaN.
        """
        if isinstance(spikes, Events):
            return self._of_events(spikes, exact, out, device, stream)
        given = self.inputs(arguments.array("spikes", spikes, gpu=True))
        exact = arguments.flag("exact", exact)
        shape = (*tuple(given.shape)[:-1], self.out_features)
        backend = backends.choose(device, spikes, stream=stream, outputs=math.prod(shape))
        self.refuse_infinite(given, backend)
        return self.product(given, backend, exact, out)

    def inputs(self, given):
        """An array as inputs of the layer: of a dtype of spikes, of its width, contiguous."""
        if given.dtype not in arguments.SPIKE_DTYPES or isinstance(given, np.ndarray):
            given = spike_array(given)
        self._refuse_width(tuple(given.shape))
        return given

    def _refuse_width(self, shape):
        if not shape or shape[-1] != self.in_features:
            must = f"have {self.in_features} inputs on their last axis"
            remedy = f"pass [..., {self.in_features}]"
            arguments.refuse("spikes", must, f"shape {shape}", remedy)

    def refuse_infinite(self, spikes, backend):
        """Refuse inputs that are NaN or past the largest number of the weights' dtype."""
        finite_input("spikes", spikes, self.weight.dtype, backend)

    def cannot_overflow(self, largest: float) -> bool:
        """Whether all currents of inputs up to ``largest`` in size are finite.

        Half the largest number of the dtype leaves room for the rounding of 2**20 sums and more.
        """
        return self._largest_output(largest) < float(np.finfo(self.weight.dtype).max / 2)

    @property
    def _weight_dtype(self):
        return self.weight.dtype

    def _output_shape(self, shape):
        must = f"have {self.in_features} features"
        (features,) = last_sizes(shape, 1, must)
        if features not in (None, self.in_features):
            raise MisfitError(must)
        return (*sizes_before(shape, 1), self.out_features)

    def _largest_output(self, largest):
        return largest_sum(self.weight, self.bias, largest)

    def _of_events(self, events, exact, out, device, stream):
        """Currents of Events, in index order."""
        arguments.flag("exact", exact)
        self.inputs_of_events(events)
        shape = (*events.dense_shape[:-1], self.out_features)
        backend = backends.choose(device, stream=stream, outputs=math.prod(shape))
        self.refuse_infinite(events.value, backend)
        result = arguments.output(out, shape, self.weight.dtype, backend, spikes=events.value)
        self._fill(events, result.view(np.ndarray), True, backend)
        return result

    def inputs_of_events(self, events: Events) -> None:
        """Refuse Events of another dtype than those of spikes, or of another width."""
        spike_array(events.value)
        self._refuse_width(events.dense_shape)

    def _fill_of_events(self, events, out, backend):
        """Set ``out``, [num_steps, ..., out_features], to the currents of checked Events."""
        outputs, inputs = self.weight.shape
        rows = out.reshape(-1, outputs)
        if getattr(backend, "__name__", None) != "spikecore.backends.cpu":
            self._fill(events.to_dense(), out, True, backend)
            return
        from spikecore.backends import sparse

        row, column = np.divmod(events.step.astype(np.int64) * events.size + events.element, inputs)
        starts = np.searchsorted(row, np.arange(len(rows) + 1))
        sparse.product(starts, column, bytes_of(events.value), self._rows, self.bias, rows)

    def product(self, spikes, backend, exact=False, out=None):
        """Currents of spikes that have been checked, by a chosen backend."""
        shape = (*tuple(spikes.shape)[:-1], self.out_features)
        result = arguments.output(out, shape, self.weight.dtype, backend, spikes=spikes)
        plain = result.view(np.ndarray) if isinstance(result, np.ndarray) else result
        self._fill(spikes, plain, exact, backend)
        return result

    def _fill(self, spikes, out, exact, backend):
        """Set ``out``, [..., out_features], to the currents of spikes that have been checked.

        The product is event-driven where it is exact or cheaper, and dense elsewhere.
        """
        if not out.size:
            return
        if isinstance(spikes, Events):
            self._fill_of_events(spikes, out, backend)
            return
        rows = self._spike_rows(spikes)
        product = backend.product if event_driven(rows, exact) else backend.dense_product
        product(rows, self._rows, self.bias, out.reshape((len(rows), self.out_features)))

    def _spike_rows(self, spikes):
        """Spikes as the rows of a matrix, bytes if they are bool, and read-only on the host."""
        rows = bytes_of(spikes.reshape((-1, self.in_features)))
        host = isinstance(rows, np.ndarray)
        return read_only(rows) if host and rows.flags.writeable else rows


def _refuse_sizes(weight):
    """Refuse sizes, as in ``torch.nn.Linear(784, 1000)``, and weights with a gradient."""
    if isinstance(weight, (int, np.integer)):
        remedy = "draw weights of two sizes by Linear.draw(784, 1000, seed)"
        arguments.refuse("weight", "be a matrix", arguments.shown(weight), remedy, TypeError)
    if has(weight, "requires_grad") and weight.requires_grad is True:
        remedy = "pass weight.detach(), or the whole layer to Linear.from_torch"
        arguments.refuse("weight", "need no gradient", "a tensor that does", remedy, TypeError)


def _spread(uniforms, bound):
    """Uniforms in [0, 1) stretched to [-bound, bound) as torch does: in float64, rounded once."""
    low, high = np.float32(-bound), np.float32(bound)
    return (uniforms * np.float64(high - low) + np.float64(low)).astype(np.float32)


def event_driven(rows, exact):
    """Whether the sums of rows are taken in index order: where asked for, or where it is faster."""
    return exact or (isinstance(rows, np.ndarray) and density(rows) < EVENT_DENSITY)


def density(spikes):
    """Share of the inputs that are not 0, measured in evenly spaced rows."""
    rows = spikes[:: max(1, len(spikes) // SAMPLED_ROWS)]
    return np.count_nonzero(rows) / rows.size
