"""Small adapters that run other libraries, and what each of their calls is held against.

A library is imported only when it is asked for.  Neurons are driven from rest; every call that the
adapter makes is written out in the claim, so that it can be repeated.
"""

import importlib
import math
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np

from spikecore.neurons.lif import LIF
from spikecore.validate import neuron_causes
from spikecore.validate.encoder_trials import KINDS
from spikecore.validate.encoders import encoder
from spikecore.validate.neurons import neuron


class PeerMissingError(ImportError):
    """The library is not installed; the message says what to install."""


class Claim(NamedTuple):
    """One call of a library, and what it is held against."""

    call: str  # as the library's user writes it
    against: Any  # name of a profile, a LIF, or a kind of encoder
    candidate: Any
    options: dict

    @property
    def is_encoder(self):
        """Whether an encoder is meant."""
        return isinstance(self.against, str) and self.against in KINDS

    def report(self):
        """Run the library and hold it against the reference."""
        if self.is_encoder:
            return encoder(self.candidate, self.against, timeout=300.0, **self.options)
        return neuron(self.candidate, self.against, timeout=300.0, **self.options)

    @property
    def subject(self):
        """What it is held against, in words."""
        told = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        if self.is_encoder:
            return f"`spikegen.{self.against}({told})`"
        return f"`{self.against}`" + (f" with `{told}`" if told else "")

    def apart(self):
        """In what the neuron that it is held against differs from snnTorch's default."""
        if self.is_encoder:
            return ""
        lif = self.against
        if isinstance(lif, str):
            lif = LIF.profile(lif, **self.options)
        base = LIF(lif.decay, lif.threshold, lif.gain)
        told = ", ".join(neuron_causes.differences(lif, base))
        return told.replace("your ", "its ").replace("you ", "")


def _torch():
    import torch

    torch.set_grad_enabled(False)
    return torch


def _seeded(draw):
    """A candidate ``(data, num_steps, seed)`` that draws from torch's global stream."""
    torch = _torch()

    def candidate(data, num_steps, seed):
        torch.manual_seed(seed)
        return draw(torch.from_numpy(data), num_steps)

    return candidate


def _tensors(function):
    """A candidate of one array."""
    torch = _torch()
    return lambda data: function(torch.from_numpy(data))


# --- snnTorch ------------------------------------------------------------------------------------


def _snntorch():
    import snntorch
    from snntorch import spikegen

    def leaky(**options):
        def step(current, membrane):
            torch, shape = _torch(), (-1, current.shape[-1])  # its inhibition wants two axes
            layer = snntorch.Leaky(beta=0.9, **options)
            spikes, membrane = layer(
                torch.from_numpy(current.reshape(shape)), torch.from_numpy(membrane.reshape(shape))
            )
            return spikes.reshape(current.shape), membrane.reshape(current.shape)

        return step

    def exchange(current):
        """With reset_delay=False the last spike is found from the membrane handed in."""
        torch = _torch()
        layer = snntorch.Leaky(beta=0.9, reset_delay=False)
        membrane, spikes, membranes = torch.zeros(current.shape[1:]), [], []
        for x in torch.from_numpy(current):
            spike, membrane = layer(x, membrane)
            spikes.append(spike.numpy().copy())
            membranes.append(membrane.numpy().copy())
        return np.stack(spikes), np.stack(membranes)

    yield Claim("Leaky(beta=0.9)", "snntorch-1.0", leaky(), {})
    zero, none = "snntorch-1.0-zero", "snntorch-1.0-none"
    yield Claim("Leaky(beta=0.9, reset_mechanism='zero')", zero, leaky(reset_mechanism="zero"), {})
    yield Claim("Leaky(beta=0.9, reset_mechanism='none')", none, leaky(reset_mechanism="none"), {})
    yield Claim("Leaky(beta=0.9, reset_delay=False)", "snntorch-1.0-subtract-now", exchange, {})
    now = leaky(reset_mechanism="zero", reset_delay=False)
    call = "Leaky(beta=0.9, reset_mechanism='zero', reset_delay=False)"
    yield Claim(call, "snntorch-1.0-zero-now", now, {})
    only = LIF(0.9, inhibition=True)
    yield Claim("Leaky(beta=0.9, inhibition=True)", only, leaky(inhibition=True), {})
    yield Claim(
        "spikegen.rate(data, num_steps)", "rate", _seeded(lambda x, n: spikegen.rate(x, n)), {}
    )
    varying = _tensors(lambda x: spikegen.rate(x, time_var_input=True, gain=0.5))
    call = "spikegen.rate(data, time_var_input=True, gain=0.5)"
    yield Claim(call, "rate", varying, {"time_var_input": True, "gain": 0.5})
    for options in (
        {"num_steps": 25},
        {"num_steps": 25, "linear": True, "normalize": True},
        {"num_steps": 25, "normalize": True, "clip": True},
        {"num_steps": 9, "linear": True, "normalize": True, "interpolate": True},
        {"num_steps": 9, "linear": True, "normalize": True, "interpolate": True, "clip": True},
    ):
        told = ", ".join(f"{name}={value}" for name, value in options.items())
        candidate = _tensors(lambda x, options=options: spikegen.latency(x, **options))
        yield Claim(f"spikegen.latency(data, {told})", "latency", candidate, options)
    for options in ({}, {"off_spike": True, "threshold": 0.3}, {"padding": True}):
        told = "".join(f", {name}={value}" for name, value in options.items())
        candidate = _tensors(lambda x, options=options: spikegen.delta(x, **options))
        yield Claim(f"spikegen.delta(data{told})", "delta", candidate, options)
    options = {"num_classes": 7, "num_steps": 24, "correct_rate": 0.8, "incorrect_rate": 0.2}
    candidate = _tensors(lambda x, options=options: spikegen.targets_rate(x, **options))
    call = "spikegen.targets_rate(targets, 7, 24, correct_rate=0.8, incorrect_rate=0.2)"
    yield Claim(call, "targets_rate", candidate, options)
    options = {"num_classes": 7, "num_steps": 24}
    candidate = _tensors(lambda x, options=options: spikegen.targets_latency(x, **options))
    yield Claim("spikegen.targets_latency(targets, 7, 24)", "targets_latency", candidate, options)


# --- SpikingJelly --------------------------------------------------------------------------------


def _spikingjelly():
    from spikingjelly.activation_based import encoding
    from spikingjelly.activation_based.neuron import LIFNode

    def node(**options):
        def step(current, membrane):
            torch = _torch()
            layer = LIFNode(step_mode="s", **options)
            layer.v = torch.from_numpy(membrane)
            spikes = layer(torch.from_numpy(current))
            return spikes, layer.v

        return step

    yield Claim("LIFNode(tau=2.0)", "spikingjelly", node(tau=2.0), {})
    yield Claim(
        "LIFNode(tau=2.0, v_reset=None)", "spikingjelly-soft", node(tau=2.0, v_reset=None), {}
    )
    numbers = {"decay": 0.9, "gain": 1.0}
    call = "LIFNode(tau=10.0, decay_input=False)"
    yield Claim(call, "spikingjelly", node(tau=10.0, decay_input=False), numbers)
    call = "LIFNode(tau=10.0, decay_input=False, v_reset=None)"
    soft = node(tau=10.0, decay_input=False, v_reset=None)
    yield Claim(call, "spikingjelly-soft", soft, numbers)
    poisson = _seeded(lambda x, n: _torch().stack([encoding.PoissonEncoder()(x) for _ in range(n)]))
    yield Claim("PoissonEncoder()(x), once a step", "rate", poisson, {})

    def latency(data):
        torch = _torch()
        coder = encoding.LatencyEncoder(25)
        return torch.stack([coder(torch.from_numpy(data)) for _ in range(25)])

    options = {"num_steps": 25, "linear": True, "normalize": True, "threshold": 1e-6}
    yield Claim("LatencyEncoder(25), once a step", "latency", latency, options)


# --- Norse ---------------------------------------------------------------------------------------


def _norse():
    from norse.torch.functional import encode
    from norse.torch.functional.lif_box import (
        LIFBoxFeedForwardState,
        LIFBoxParameters,
        lif_box_feed_forward_step,
    )
    from norse.torch.functional.reset import reset_subtract

    def box(**options):
        def step(current, membrane):
            torch = _torch()
            spikes, state = lif_box_feed_forward_step(
                torch.from_numpy(current),
                LIFBoxFeedForwardState(v=torch.from_numpy(membrane)),
                LIFBoxParameters(**options),
            )
            return spikes, state.v

        return step

    yield Claim("lif_box_feed_forward_step(x, state)", "norse-box", box(), {})
    subtract = box(reset_method=reset_subtract)
    call = "lif_box_feed_forward_step(x, state, LIFBoxParameters(reset_method=reset_subtract))"
    yield Claim(call, "norse-box-subtract", subtract, {})
    for call, options in (
        ("poisson_encode(x, num_steps, f_max=1000)", {"f_max": 1000}),
        ("poisson_encode(x, num_steps)", {}),
    ):
        draw = _seeded(lambda x, n, options=options: encode.poisson_encode(x, n, **options))
        yield Claim(call, "rate", draw, {})


# --- Sinabs --------------------------------------------------------------------------------------


def _sinabs():
    import sinabs.layers
    from sinabs.activation import MembraneReset, SingleSpike

    def layer(**options):
        def sequence(current):
            torch = _torch()
            neurons = sinabs.layers.LIF(record_states=True, **options)
            spikes = neurons(torch.from_numpy(current)[None])[0]
            return spikes.numpy(), neurons.recordings["v_mem"][0].numpy()

        return sequence

    yield Claim("LIF(tau_mem=20.0)", "sinabs", layer(tau_mem=20.0), {})
    plain = layer(tau_mem=20.0, norm_input=False)
    yield Claim("LIF(tau_mem=20.0, norm_input=False)", "sinabs", plain, {"gain": 1.0})
    single = layer(tau_mem=20.0, spike_fn=SingleSpike, reset_fn=MembraneReset())
    call = "LIF(tau_mem=20.0, spike_fn=SingleSpike, reset_fn=MembraneReset())"
    yield Claim(call, "sinabs-single-reset", single, {})

    def image(x, num_steps):
        coder = sinabs.layers.Img2SpikeLayer(tuple(x.shape), tw=num_steps, norm=1.0)
        return coder(x)

    yield Claim("Img2SpikeLayer(shape, tw, norm=1.0)", "rate", _seeded(image), {})


# --- Nengo ---------------------------------------------------------------------------------------


def _nengo():
    import nengo

    def lif(tau_ref):
        neurons = nengo.LIF(tau_rc=0.02, tau_ref=tau_ref, amplitude=0.001)

        def step(current, voltage, refractory_time):
            output = np.zeros_like(current)
            voltage, refractory_time = voltage.copy(), refractory_time.copy()
            with np.errstate(divide="ignore", invalid="ignore"):
                neurons.step(0.001, current, output, voltage, refractory_time)
            return output, voltage, refractory_time

        return step

    yield Claim("LIF(tau_rc=0.02, tau_ref=0).step(0.001, J, ...)", "nengo", lif(0.0), {})
    decay = math.exp(-0.001 / 0.02)
    whole = LIF(
        decay, gain=1 - decay, reset="value", reset_at="same", lower=0.0, refractory=2
    )  # two steps are the default tau_ref of 2 ms, if whole steps were meant
    yield Claim("LIF(tau_rc=0.02).step(0.001, J, ...)", whole, lif(0.002), {})


PEERS = {
    "snntorch": ("snnTorch", "snntorch", _snntorch),
    "spikingjelly": ("SpikingJelly", "spikingjelly", _spikingjelly),
    "norse": ("Norse", "norse", _norse),
    "sinabs": ("Sinabs", "sinabs", _sinabs),
    "nengo": ("Nengo", "nengo", _nengo),
}


def claims(name):
    """What a library is asked; ``PeerMissingError`` when it is not installed."""
    title, package, make = PEERS[name]
    try:
        importlib.import_module(package)
    except ImportError as error:
        missing = getattr(error, "name", None) or package
        raise PeerMissingError(
            f"--peer {name} needs {title}, but the package {missing!r} is not installed; install "
            f"it with python -m pip install {missing}"
        ) from error
    return list(make())


def version(name):
    """The installed version of a library."""
    return metadata.version(PEERS[name][1])
