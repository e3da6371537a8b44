"""A feed-forward network over time: linear layers and neurons, run layer by layer.

The currents of a layer are one product for all steps and samples: dense (BLAS), or event-driven,
the sum of the weight rows of the inputs that fired.  SPEC.md, "Layers", says what is guaranteed
about the order of the sums.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spikecore import backends, checks, random
from spikecore.neuron import Neuron, listed

EVENT_DENSITY = 0.3  # below it the event-driven product is the faster one (benchmarks/NOTES.md)
SAMPLED_ROWS = 64  # rows in which the density is measured
CHUNK_BYTES = 1 << 22  # of a layer's inputs or currents in one chunk of time


@dataclass(frozen=True, eq=False, repr=False)
class Linear:
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

    weight: np.ndarray
    bias: np.ndarray | None = None

    def __post_init__(self):
        backend = backends.choose()
        weight = checks.currents("weight", self.weight)
        if weight.ndim != 2 or 0 in weight.shape:
            raise ValueError(
                f"weight must be a matrix [out_features, in_features], got shape {weight.shape}; "
                "reshape it"
            )
        bias = np.zeros(len(weight), weight.dtype) if self.bias is None else self.bias
        bias = checks.currents("bias", bias)
        if bias.shape != weight.shape[:1]:
            raise ValueError(
                f"bias must have shape {weight.shape[:1]}, one number per output, got "
                f"{bias.shape}; leave it out for no bias"
            )
        for name, values in (("weight", weight), ("bias", bias)):
            with np.errstate(over="ignore"):
                frozen = np.array(values, weight.dtype)
            checks.finite(name, frozen, backend)
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)

    @classmethod
    def draw(cls, in_features, out_features, seed=None, bias=True, *, skip=0):
        """Weights as torch's ``nn.Linear`` draws them on a CPU, from torch's own stream.

        Uniform in ``[-1/sqrt(in_features), 1/sqrt(in_features))``, the weights first, then the
        bias.  ``Linear.draw(i, o, seed)`` has the numbers of ``torch.manual_seed(seed);
        torch.nn.Linear(i, o)``; for a layer drawn after others, ``skip`` is how many numbers those
        took.

        Parameters
        ----------
        in_features, out_features : int
        seed : int, numpy.random.Generator or None
        bias : bool
            Draw a bias too.
        skip : int
            Numbers of the stream to pass over.

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
        in_features = checks.integer("in_features", in_features, 1)
        out_features = checks.integer("out_features", out_features, 1)
        skip = checks.integer("skip", skip, 0)
        num_weights = in_features * out_features
        draws = skip + num_weights + (out_features if checks.flag("bias", bias) else 0)
        uniforms = random.torch_uniforms(random.seed_of(seed), (draws,))[skip:]
        # torch computes the weights' bound as sqrt(3) * gain / sqrt(in), the bias's as 1 / sqrt(in)
        bound = math.sqrt(3.0) * (math.sqrt(2.0 / 6.0) / math.sqrt(in_features))
        weight = _spread(uniforms[:num_weights], bound).reshape(out_features, in_features)
        offsets = _spread(uniforms[num_weights:], 1 / math.sqrt(in_features)) if bias else None
        return cls(weight, offsets)

    @property
    def in_features(self):
        """Number of inputs."""
        return self.weight.shape[1]

    @property
    def out_features(self):
        """Number of outputs."""
        return self.weight.shape[0]

    def __repr__(self):
        return f"Linear({self.in_features} -> {self.out_features}, {self.weight.dtype})"

    @cached_property
    def _rows(self):
        """The weights of each input in a row."""
        rows = np.ascontiguousarray(self.weight.T)
        rows.flags.writeable = False
        return rows

    def __call__(self, spikes, *, exact=False, out=None, device=None, stream=None):
        """Currents of spikes.

        Parameters
        ----------
        spikes : array_like
            ``[..., in_features]``: bool, int8, uint8, float32 or float64.
        exact : bool
            Take the sums in index order whatever the density, so that the bits are the same on
            every device.
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
        given = checks.array("spikes", spikes)
        if given.dtype not in checks.SPIKE_DTYPES:
            raise TypeError(
                f"spikes must be bool, int8, uint8, float32 or float64, got {given.dtype}; convert "
                "them with astype"
            )
        if given.ndim == 0 or tuple(given.shape)[-1] != self.in_features:
            raise ValueError(
                f"spikes must have {self.in_features} inputs on their last axis, got shape "
                f"{given.shape}; pass [..., {self.in_features}]"
            )
        exact = checks.flag("exact", exact)
        shape = (*tuple(given.shape)[:-1], self.out_features)
        backend = backends.choose(device, spikes, stream=stream, outputs=math.prod(shape))
        if isinstance(given, np.ndarray):
            given = np.require(given, given.dtype.newbyteorder("="), ["C", "A"]).view(np.ndarray)
        if given.dtype.kind == "f":
            limit = min(np.finfo(given.dtype).max, np.finfo(self.weight.dtype).max)
            checks.within("spikes", given, -limit, limit, backend, "finite")
        return self.product(given, backend, exact, out)

    def product(self, spikes, backend, exact=False, out=None):
        """What calling the layer gives, for spikes that have been checked and a chosen backend."""
        shape = (*tuple(spikes.shape)[:-1], self.out_features)
        result = checks.output(out, shape, self.weight.dtype, backend, spikes=spikes)
        if result.size:
            inputs = spikes.reshape((-1, self.in_features))
            plain = result.view(np.ndarray) if isinstance(result, np.ndarray) else result
            self._fill(inputs, plain.reshape((len(inputs), self.out_features)), exact, backend)
        return result

    def _fill(self, spikes, out, exact, backend):
        """The event-driven product where it is exact or cheaper, the dense one elsewhere."""
        if spikes.dtype == np.bool_:
            spikes = spikes.view(np.uint8)
        if isinstance(spikes, np.ndarray):
            spikes = spikes.view()
            spikes.flags.writeable = False
        event_driven = exact or _density(spikes) < EVENT_DENSITY
        fill = backend.product if event_driven else backend.dense_product
        fill(spikes, self._rows, self.bias, out)


def _spread(uniforms, bound):
    """Uniforms in [0, 1) stretched to [-bound, bound) as torch does: in float64, rounded once."""
    low, high = np.float32(-bound), np.float32(bound)
    return (uniforms * np.float64(high - low) + np.float64(low)).astype(np.float32)


def _density(spikes):
    """Share of the inputs that are not 0, in evenly spaced rows; 1 on a GPU, where none is read."""
    if backends.on_gpu(spikes):
        return 1.0
    rows = spikes[:: max(1, len(spikes) // SAMPLED_ROWS)]
    return np.count_nonzero(rows) / rows.size


class LayerRun(NamedTuple):
    """What one layer of neurons did.

    Attributes
    ----------
    spikes : numpy.ndarray or None
        ``[num_steps, batch, neurons]``, when recorded: uint8, or the dtype of the currents where a
        neuron may fire several times in a step or writes its spikes as another number.
    recorded : dict of str to numpy.ndarray
        Recorded states, ``[num_steps, batch, neurons]``.
    counts : numpy.ndarray
        Spikes of each neuron over the run, ``[batch, neurons]``, int64.
    final : tuple of numpy.ndarray
        State after the last step.
    """

    spikes: np.ndarray | None
    recorded: dict
    counts: np.ndarray
    final: tuple


class Sequential:
    """Layers one after another, run over all of time.

    Parameters
    ----------
    *layers : Linear or neuron
        The last one must be a neuron.
    names : iterable of str, optional
        One per layer; by default the kind of layer and a number, ``linear1``, ``leaky1``, ...

    Raises
    ------
    ValueError, TypeError
        No layers, things that are not layers, widths or dtypes that do not fit, or names that are
        not distinct.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import Leaky
    >>> from spikecore.network import Linear, Sequential
    >>> net = Sequential(Linear.draw(4, 3, seed=0), Leaky(beta=0.9))
    >>> run = net.run(np.ones((5, 2, 4), np.uint8))
    >>> run["leaky1"].spikes.shape, run["leaky1"].recorded["membrane"].shape
    ((5, 2, 3), (5, 2, 3))
    """

    def __init__(self, *layers, names=None):
        if not layers:
            raise ValueError("layers must not be empty, got none; pass Linear layers and neurons")
        for layer in layers:
            if not isinstance(layer, (Linear, Neuron)):
                raise TypeError(
                    f"layers must be Linear layers or neurons, got a {type(layer).__name__}; wrap "
                    "weights in Linear(weight, bias)"
                )
        if not isinstance(layers[-1], Neuron):
            raise ValueError(
                f"layers must end with a neuron, got {layers[-1]!r}; append one, such as Leaky"
            )
        self._layers = layers
        self._names = _layer_names(layers, names)
        linears = [layer for layer in layers if isinstance(layer, Linear)]
        for before, after in pairwise(linears):
            if (
                before.out_features != after.in_features
                or before.weight.dtype != after.weight.dtype
            ):
                raise ValueError(
                    f"layers must fit, but {before!r} is followed by {after!r}; make the one's "
                    "outputs the other's inputs, of one dtype"
                )

    @property
    def layers(self):
        """Layers by name."""
        return dict(zip(self._names, self._layers, strict=True))

    def __repr__(self):
        inside = ", ".join(f"{name}={layer!r}" for name, layer in self.layers.items())
        return f"Sequential({inside})"

    def run(
        self,
        spikes,
        *,
        state=None,
        record=("spikes", "membrane"),
        steps_per_chunk=None,
        exact=False,
        device=None,
    ):
        """Run the network over time-first input.

        Time is cut into chunks, so that nothing of the length of the run is held but what is
        recorded; with ``record=()`` only the spike counts and the final state come back.

        Parameters
        ----------
        spikes : array_like
            ``[num_steps, ..., in_features]``: bool, int8, uint8, float32 or float64.
        state : dict of str to tuple, optional
            State of each layer of neurons by name, as a former run's ``final``.
        record : iterable of str
            ``"spikes"``, and states of the neurons (a layer records those that it has).
        steps_per_chunk : int, optional
            Time steps to a chunk; by default what keeps a layer's inputs and currents near 4 MB.
        exact : bool
            Sum in index order in every layer.
        device
            As in :func:`spikecore.spikegen.rate`.

        Returns
        -------
        dict of str to LayerRun
            By the names of the layers of neurons.

        Raises
        ------
        ValueError, TypeError
            Input that does not fit the first layer, unknown names in ``record`` or ``state``, or
            an output larger than memory.
        """
        given = checks.array("spikes", spikes)
        if backends.on_gpu(given):
            raise TypeError(
                "spikes must lie in the host's memory, got an array on a GPU; copy them and pass "
                "device='cuda', or call the layers one by one"
            )
        neurons = {n: layer for n, layer in self.layers.items() if isinstance(layer, Neuron)}
        if given.ndim < 2:
            raise ValueError(
                f"spikes must have a time axis and a feature axis, got shape {given.shape}; pass "
                "[num_steps, ..., in_features]"
            )
        checks.flag("exact", exact)
        wanted = self._recordable(record, neurons)
        states = self._states(state, neurons)
        num_steps = len(given)
        shapes = self._shapes(given.shape)
        if steps_per_chunk is None:
            widest = max(math.prod(shape) for shape in (given.shape[1:], *shapes.values()))
            steps_per_chunk = max(1, CHUNK_BYTES // (4 * max(1, widest)))
        chunk = checks.integer("steps_per_chunk", steps_per_chunk, 1)
        dtypes, spike_dtypes = self._dtypes(given)
        kept = {name: {} for name in neurons}
        for name in neurons:
            for what in wanted[name]:
                kind = spike_dtypes[name] if what == "spikes" else dtypes[name]
                kept[name][what] = checks.output(None, (num_steps, *shapes[name]), kind)
        counts = {name: np.zeros(shapes[name], np.int64) for name in neurons}
        for start in range(0, max(num_steps, 1), chunk):  # no steps have a final state too
            flowing = given[start : start + chunk]
            for name, layer in self.layers.items():
                if isinstance(layer, Linear):
                    flowing = layer(flowing, exact=exact, device=device)
                    continue
                places = {w: out[start : start + chunk] for w, out in kept[name].items()}
                places.setdefault("spikes", np.empty(flowing.shape, spike_dtypes[name]))
                recorded = [w for w in wanted[name] if w != "spikes"]
                flowing = flowing.astype(dtypes[name], copy=False)  # a neuron after a neuron
                run = layer.run(flowing, *states[name], record=recorded, out=places, device=device)
                states[name] = run.final
                counts[name] += layer.counted(run.spikes)
                flowing = run.spikes
        return {
            name: LayerRun(kept[name].pop("spikes", None), kept[name], counts[name], states[name])
            for name in neurons
        }

    def _recordable(self, record, neurons):
        """For each layer of neurons, what it records of what was asked."""
        names = listed("record", record)
        known = {"spikes"}.union(*(layer.state_names for layer in neurons.values()))
        for name in names:
            if name not in known:
                raise ValueError(
                    f"record must name 'spikes' or states out of {sorted(known)}, got {name!r}; "
                    "choose among them"
                )
        return {
            layer_name: [n for n in names if n == "spikes" or n in layer.state_names]
            for layer_name, layer in neurons.items()
        }

    def _states(self, state, neurons):
        """State to begin with, by layer."""
        given = {} if state is None else state
        if not isinstance(given, dict):
            raise TypeError(
                f"state must be a dict of tuples by layer name, got a {type(given).__name__}; pass "
                "{name: run[name].final for name in run}"
            )
        for name, held in given.items():
            if name not in neurons:
                raise ValueError(
                    f"state must name layers of neurons {tuple(neurons)}, got {name!r}; use those "
                    "names"
                )
            if not isinstance(held, (tuple, list)):
                raise TypeError(
                    f"state must hold tuples, got a {type(held).__name__} for {name!r}; pass the "
                    "layer's states, as a former run's final"
                )
        return {name: tuple(given.get(name, ())) for name in neurons}

    def _shapes(self, shape):
        """Shape of one step of each layer's output."""
        shapes, current = {}, tuple(shape[1:])
        for name, layer in self.layers.items():
            if isinstance(layer, Linear):
                if current[-1] != layer.in_features:
                    raise ValueError(
                        f"spikes must have {layer.in_features} features for {name}, got shape "
                        f"{shape}; pass [num_steps, ..., {layer.in_features}]"
                    )
                current = (*current[:-1], layer.out_features)
            shapes[name] = current
        return shapes

    def _dtypes(self, given):
        """dtype of the currents and of the spikes of each layer of neurons."""
        dtypes, spike_dtypes, current = {}, {}, None
        for name, layer in self.layers.items():
            if isinstance(layer, Linear):
                current = layer.weight.dtype
                continue
            if current is None:
                current = checks.currents("spikes", given).dtype
            dtypes[name] = current
            spike_dtypes[name] = np.dtype(np.uint8) if layer.fits_a_byte else current
        return dtypes, spike_dtypes


def _layer_names(layers, names):
    """Distinct names, given or made of the kind of layer and a number."""
    if names is None:
        seen, made = {}, []
        for layer in layers:
            kind = type(layer).__name__.lower()
            seen[kind] = seen.get(kind, 0) + 1
            made.append(f"{kind}{seen[kind]}")
        return tuple(made)
    names = listed("names", names)
    if len(names) != len(layers) or len(set(names)) != len(names):
        raise ValueError(
            f"names must be {len(layers)} distinct names, one per layer, got {names}; correct them"
        )
    return names
