"""Encoders of other libraries: adapters from arrays to arrays (see ``peers``)."""

import importlib
import os

import numpy as np


def torch_and(*modules):
    """Torch, on every core and without gradients, and the modules asked for."""
    torch, *loaded = (importlib.import_module(name) for name in ("torch", *modules))
    torch.set_num_threads(os.cpu_count())
    torch.set_grad_enabled(False)
    return torch, *loaded


def _drawing(torch, seed, encode):
    """``encode()`` after torch was seeded."""

    def call():
        torch.manual_seed(seed)
        return encode()

    return call


def snntorch_encoder(data, name, seed=0, **options):
    """One of snnTorch's encoders."""
    torch, spikegen = torch_and("snntorch.spikegen")
    tensor, function = torch.from_numpy(data), getattr(spikegen, name)
    return _drawing(torch, seed, lambda: function(tensor, **options))


def spikingjelly_encoder(data, name, *arguments, num_steps, seed=0):
    """One of SpikingJelly's encoders, called once a step."""
    torch, encoding = torch_and("spikingjelly.activation_based.encoding")
    tensor, make = torch.from_numpy(data), getattr(encoding, name)

    def encode():
        coder = make(*arguments)
        return torch.stack([coder(tensor) for _ in range(num_steps)])

    return _drawing(torch, seed, encode)


def spikingjelly_phase(data, num_bits):
    """SpikingJelly's phase code, which refuses what is above its largest value."""
    most = data.dtype.type(1 - 2.0**-num_bits)
    weighted = "WeightedPhaseEncoder"
    return spikingjelly_encoder(np.minimum(data, most), weighted, num_bits, num_steps=num_bits)


def norse_encoder(data, name, num_steps, seed=0, **options):
    """One of Norse's encoders of a number of steps."""
    torch, encode = torch_and("norse.torch.functional.encode")
    tensor, function = torch.from_numpy(data), getattr(encode, name)
    return _drawing(torch, seed, lambda: function(tensor, num_steps, **options))


def norse_population(data, neurons, **options):
    """Norse's activities of Gaussian fields."""
    torch, encode = torch_and("norse.torch.functional.encode")
    tensor = torch.from_numpy(data)
    return lambda: encode.population_encode(tensor, neurons, **options)


def sinabs_image(data, num_steps, seed=0):
    """Sinabs's encoder of images."""
    torch, layers = torch_and("sinabs.layers")
    tensor, layer = torch.from_numpy(data), layers.Img2SpikeLayer(data.shape, num_steps, norm=1.0)
    return _drawing(torch, seed, lambda: layer(tensor))


def spikify_signals(signal, name, *arguments):
    """One of spikify's encoders of signals, which takes ``[T, channels]``."""
    contrast = importlib.import_module("spikify.encoders.temporal.contrast")
    function, columns = getattr(contrast, name), signal.reshape(len(signal), -1)

    def encode():
        return function(columns, *arguments)[0].reshape(signal.shape)

    return encode


def spikify_burst(data, num_steps, *arguments):
    """spikify's burst code, of a signal that is level for so many steps."""
    latency = importlib.import_module("spikify.encoders.temporal.latency")
    signal = np.repeat(data.reshape(-1), num_steps)

    def encode():
        spikes = latency.burst_coding(signal, *arguments, num_steps)
        return spikes.reshape(-1, num_steps).T.reshape(num_steps, *data.shape)

    return encode


def rockpool_up_down(signal, **options):
    """Rockpool's code of changes, whose channels up and down lie side by side."""
    torch, modules = torch_and("rockpool.nn.modules.torch")
    columns = torch.from_numpy(signal.reshape(1, len(signal), -1).copy())  # it writes into its data

    def encode():
        module = modules.UpDownTorch((columns.shape[2],), **options)
        return module(columns)[0].reshape(*signal.shape, 2)

    return encode


def bindsnet_encoder(data, name, num_steps, seed=0):
    """One of BindsNET's encoders, which write into their data."""
    torch, encodings = torch_and("bindsnet.encoding.encodings")
    function = getattr(encodings, name)
    encode = lambda: function(torch.from_numpy(data.copy()), num_steps)  # noqa: E731
    return _drawing(torch, seed, encode)
