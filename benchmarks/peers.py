"""Other libraries, driven on arrays of ours; None where a library is not installed.

Torch gets every core and keeps no gradients; what a user would convert once is converted before.
spikify stands among the versions only: none of its codes gives the spikes of one of ours (its
"poisson" bins continuous times, its threshold code compares with a mean), so none could be timed.
"""

import os
from importlib import import_module

import numpy as np


def _torch(*modules):
    """Torch and the modules asked for, or None."""
    try:
        torch, *loaded = (import_module(name) for name in ("torch", *modules))
    except ImportError:
        return None
    torch.set_num_threads(os.cpu_count())
    return torch, *loaded


# --- encoders -----------------------------------------------------------------------------------


def snntorch_encoder(name, data, **options):
    """A call of one of snnTorch's encoders after ``torch.manual_seed(0)``."""
    found = _torch("snntorch.spikegen")
    if found is None:
        return None
    torch, spikegen = found
    tensor = torch.from_numpy(data)
    function = getattr(spikegen, name)

    def call():
        with torch.no_grad():
            torch.manual_seed(0)
            return function(tensor, **options)

    return call


def spikingjelly_poisson(data, num_steps):
    """SpikingJelly's PoissonEncoder, which spikes where ``u <= p``."""
    found = _torch("spikingjelly.activation_based.encoding")
    if found is None:
        return None
    torch, encoding = found
    tensor, encoder = torch.from_numpy(data), encoding.PoissonEncoder()

    def call():
        with torch.no_grad():
            torch.manual_seed(0)
            return torch.stack([encoder(tensor) for _ in range(num_steps)])

    return call


def spikingjelly_latency(data, num_steps):
    """SpikingJelly's linear LatencyEncoder, which silences and delays no feature."""
    found = _torch("spikingjelly.activation_based.encoding")
    if found is None:
        return None
    torch, encoding = found
    tensor, encoder = torch.from_numpy(data), encoding.LatencyEncoder(num_steps, "linear")

    def call():
        with torch.no_grad():
            encoder.reset()
            return torch.stack([encoder(tensor) for _ in range(num_steps)])

    return call


def norse_poisson(data, num_steps):
    """Norse's Poisson encoder with a probability of 1 at 1."""
    found = _torch("norse.torch.functional.encode")
    if found is None:
        return None
    torch, encode = found
    tensor = torch.from_numpy(data)

    def call():
        with torch.no_grad():
            torch.manual_seed(0)
            return encode.poisson_encode(tensor, num_steps, f_max=1000.0)

    return call


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


# --- neurons ------------------------------------------------------------------------------------


def snntorch_neuron(name, current, num_states, recorded, **options):
    """A loop over one of snnTorch's neurons; spikes, and the last state when recorded."""
    found = _torch("snntorch")
    if found is None:
        return None
    torch, snntorch = found
    steps, neuron = torch.from_numpy(current), getattr(snntorch, name)(**options)

    def call():
        with torch.no_grad():
            state = [torch.zeros_like(steps[0])] * num_states
            spikes, membranes = [], []
            for step in steps:
                fired, *state = neuron(step, *state)
                if name == "RLeaky":
                    state = [fired, *state]
                spikes.append(fired)
                if recorded:
                    membranes.append(state[-1])
            return _stacked(torch, spikes, membranes)

    return call


def _stacked(torch, spikes, membranes):
    together = torch.stack(spikes)
    return (together, torch.stack(membranes)) if membranes else together


def spikingjelly_lif(current, v_reset):
    """SpikingJelly's LIFNode in multi-step mode, with its input scaled by 1/tau; tau is 2."""
    found = _torch("spikingjelly.activation_based.neuron")
    if found is None:
        return None
    torch, neuron = found
    steps = torch.from_numpy(current)
    node = neuron.LIFNode(tau=2.0, v_reset=v_reset, step_mode="m", store_v_seq=True)

    def call():
        with torch.no_grad():
            node.reset()
            return node(steps), node.v_seq

    return call


def norse_lif(current, reset):
    """A loop over Norse's LIFBoxCell, decay 1/2 and gain 1/2."""
    found = _torch("norse.torch", "norse.torch.functional.lif_box", "norse.torch.functional.reset")
    if found is None:
        return None
    torch, norse, lif_box, resets = found
    steps = torch.from_numpy(current)
    numbers = lif_box.LIFBoxParameters(
        tau_mem_inv=torch.tensor(500.0), reset_method=getattr(resets, reset)
    )
    cell = norse.LIFBoxCell(numbers, dt=0.001)

    def call():
        with torch.no_grad():
            state, spikes, membranes = None, [], []
            for step in steps:
                fired, state = cell(step, state)
                spikes.append(fired)
                membranes.append(state.v)
            return _stacked(torch, spikes, membranes)

    return call


def sinabs_lif(current, single):
    """Sinabs's LIF, decay 1/2, on the batch-first input that it takes; given back time-first."""
    found = _torch("sinabs.layers", "sinabs.activation")
    if found is None:
        return None
    torch, layers, activation = found
    steps = torch.from_numpy(current).transpose(0, 1).contiguous()
    options = {}
    if single:
        options = {"spike_fn": activation.SingleSpike, "reset_fn": activation.MembraneReset()}
    layer = layers.LIF(tau_mem=1 / np.log(2), norm_input=False, record_states=True, **options)

    def call():
        with torch.no_grad():
            layer.reset_states()
            spikes = layer(steps)
            return spikes.transpose(0, 1), layer.recordings["v_mem"].transpose(0, 1)

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


# --- the network --------------------------------------------------------------------------------


def snntorch_network(spikes, layers, beta):
    """Linear, Leaky, Linear, Leaky: counts and last membranes of the last layer."""
    found = _torch("snntorch")
    if found is None:
        return None
    torch, snntorch = found
    steps = torch.from_numpy(spikes.astype(np.float32))
    weights = [tuple(map(torch.from_numpy, (w.copy(), b.copy()))) for w, b in layers]
    neurons = [snntorch.Leaky(beta=beta) for _ in layers]

    def call():
        with torch.no_grad():
            membranes = [steps.new_zeros(len(steps[0]), len(b)) for _, b in weights]
            counts = torch.zeros_like(membranes[-1])
            for flowing in steps:
                for i, (neuron, (weight, bias)) in enumerate(zip(neurons, weights, strict=True)):
                    current = torch.nn.functional.linear(flowing, weight, bias)
                    flowing, membranes[i] = neuron(current, membranes[i])
                counts += flowing
            return counts.long(), membranes[-1]

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
