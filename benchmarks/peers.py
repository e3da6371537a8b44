"""Other libraries and plain NumPy, driven on arrays of ours.

The adapters of libraries are those that the validator runs.  Torch gets every core and keeps no
gradients; what a user would convert once is converted before.
"""

import importlib
import os
from contextlib import contextmanager

import numpy as np

from spikecore.validate import peers as libraries


def installed(adapter, /, *arguments, **options):
    """What an adapter of the validator makes, or None where its library is not installed."""
    return _or_none(getattr(libraries, adapter), *arguments, **options)


def _or_none(make, /, *arguments, **options):
    try:
        return make(*arguments, **options)
    except ImportError:
        return None


# --- plain NumPy --------------------------------------------------------------------------------


def numpy_rate(data, num_steps):
    """Plain NumPy: compare with uniforms of its own generator."""

    def call():
        uniforms = np.random.default_rng(0).random((num_steps, *data.shape), np.float32)
        return (uniforms < data).astype(np.float32)

    return call


def numpy_latency(data, num_steps, threshold):
    """Plain NumPy, the linear code with clip: set a one at each feature's step."""

    def call():
        out = np.zeros((num_steps, *data.shape), np.float32)
        tau, one = np.float32(num_steps - 1), np.float32(1)
        times = np.minimum(-tau * (data - one), np.float32(-(num_steps - 1) * (threshold - 1)))
        steps = np.rint(times).astype(np.int64)
        np.put_along_axis(out, steps[None], (data >= np.float32(threshold))[None], axis=0)
        return out

    return call


def numpy_delta(data, threshold):
    """Plain NumPy: differences along time, compared twice."""

    def call():
        change = np.diff(data, axis=0, prepend=np.zeros_like(data[:1]))
        limit = np.float32(threshold)
        return (change >= limit).astype(np.float32) - (change <= -limit).astype(np.float32)

    return call


def numpy_leaky(current, beta, recorded):
    """Plain NumPy: whole arrays, one step after another."""

    def call():
        beta_, one = np.float32(beta), np.float32(1)
        membrane = np.zeros_like(current[0])
        spikes = np.empty_like(current)
        membranes = np.empty_like(current) if recorded else None
        for t, x in enumerate(current):
            membrane = beta_ * membrane + x - (membrane > one)
            spikes[t] = membrane > one
            if recorded:
                membranes[t] = membrane
        return (spikes, membranes) if recorded else spikes

    return call


# --- codes of time series -----------------------------------------------------------------------


def spikify(function, data, **options):
    """The spikes of one of spikify's encoders, such as ``contrast.step_forward``; or None."""
    module, _, name = f"spikify.encoders.temporal.{function}".rpartition(".")
    imported = _or_none(importlib.import_module, module)
    return imported and (lambda: getattr(imported, name)(data, **options)[0])


def spikify_filter(taps, cutoff, otherwise):
    """The filter that spikify designs with SciPy, or another where they are not installed."""
    scipy = _or_none(importlib.import_module, "scipy.signal")
    return otherwise if scipy is None else scipy.firwin(taps, cutoff, window="hann")


# --- distances of spike trains ------------------------------------------------------------------


def elephant_distance(spikes, name, **options):
    """Elephant's Victor-Purpura or van Rossum distance of all pairs; or None."""
    return _or_none(_elephant_distance, spikes, name, **options)


def _elephant_distance(spikes, name, **options):
    import neo
    import quantities
    from elephant import spike_train_dissimilarity

    end = len(spikes) * quantities.ms
    trains = [
        neo.SpikeTrain(np.flatnonzero(train).astype(float) * quantities.ms, t_stop=end)
        for train in spikes.T
    ]
    function = getattr(spike_train_dissimilarity, f"{name}_distance")
    if name == "victor_purpura":
        return lambda: function(trains, options["cost"] / quantities.ms)
    return lambda: function(trains, options["tau"] * quantities.ms)


def pyspike_matrix(spikes, name):
    """One of PySpike's matrices, whose pairs are computed in C; or None."""
    return _or_none(_pyspike_matrix, spikes, name)


def _pyspike_matrix(spikes, name):
    import pyspike

    trains = [
        pyspike.SpikeTrain(np.flatnonzero(train).astype(float), (0, len(spikes)))
        for train in spikes.T
    ]
    function = getattr(pyspike, f"{name}_matrix")
    return lambda: function(trains)


@contextmanager
def on_device(device):
    """Compute there, where a function has no ``device``."""
    before = os.environ.get("SPIKECORE_DEVICE")
    os.environ["SPIKECORE_DEVICE"] = device
    try:
        yield
    finally:
        del os.environ["SPIKECORE_DEVICE"]
        if before is not None:
            os.environ["SPIKECORE_DEVICE"] = before


# --- the network --------------------------------------------------------------------------------


def snntorch_network(spikes, layers, beta):
    """Linear, Leaky, Linear, Leaky: counts and last membranes of the last layer; or None."""
    return _or_none(_snntorch_network, spikes, layers, beta)


def _snntorch_network(spikes, layers, beta):
    torch, snntorch = libraries.torch_and("snntorch")
    steps = torch.from_numpy(spikes.astype(np.float32))
    weights = [tuple(map(torch.from_numpy, (w.copy(), b.copy()))) for w, b in layers]
    neurons = [snntorch.Leaky(beta=beta) for _ in layers]

    def call():
        membranes = [steps.new_zeros(len(steps[0]), len(b)) for _, b in weights]
        counts = torch.zeros_like(membranes[-1])
        for flowing in steps:
            for i, (neuron, (weight, bias)) in enumerate(zip(neurons, weights, strict=True)):
                current = torch.nn.functional.linear(flowing, weight, bias)
                flowing, membranes[i] = neuron(current, membranes[i])
            counts += flowing
        return counts.long(), membranes[-1]

    return call


def snntorch_convolutions(spikes, weights, beta):
    """Convolution, Leaky, sum pool, convolution, Leaky: counts of the last; or None."""
    return _or_none(_snntorch_convolutions, spikes, weights, beta)


def _snntorch_convolutions(spikes, weights, beta):
    torch, snntorch = libraries.torch_and("snntorch")
    steps = torch.from_numpy(spikes.astype(np.float32))
    first, second = map(torch.from_numpy, weights)
    functional = torch.nn.functional

    def call():
        neurons = [snntorch.Leaky(beta=beta) for _ in weights]
        membranes, counts = [neuron.init_leaky() for neuron in neurons], 0
        for frame in steps:
            current = functional.conv2d(frame, first, padding=2)
            spike, membranes[0] = neurons[0](current, membranes[0])
            pooled = functional.avg_pool2d(spike, 2, divisor_override=1)
            current = functional.conv2d(pooled, second, padding=1)
            spike, membranes[1] = neurons[1](current, membranes[1])
            counts = counts + spike
        return counts.long()

    return call


def norse_nir(path, spikes, dt):
    """A NIR file in Norse's importer, a step at a time; or None."""
    return _or_none(_norse_nir, path, spikes, dt)


def _norse_nir(path, spikes, dt):
    torch, norse, nir = libraries.torch_and("norse.torch", "nir")
    module, steps = norse.from_nir(nir.read(path), dt=dt), torch.from_numpy(spikes)

    def call():
        state, rows = None, []
        for current in steps:
            row, state = module(current, state)
            rows.append(row)
        return torch.stack(rows).byte()

    return call


def numpy_network(spikes, layers, beta):
    """The same in plain NumPy, a product for each step."""
    steps = spikes.astype(np.float32)
    weights = [(np.ascontiguousarray(w.T), b) for w, b in layers]
    beta, one = np.float32(beta), np.float32(1)

    def call():
        membranes = [np.zeros((len(steps[0]), len(b)), np.float32) for _, b in weights]
        counts = np.zeros(membranes[-1].shape, np.int64)
        for flowing in steps:
            for i, (weight, bias) in enumerate(weights):
                v = membranes[i]
                v = beta * v + (flowing @ weight + bias) - (v > one)
                flowing, membranes[i] = (v > one).astype(np.float32), v
            counts += flowing > 0
        return counts, membranes[-1]

    return call
