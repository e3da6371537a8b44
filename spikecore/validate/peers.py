"""Other libraries: adapters that run them on arrays, and with what each of their calls is compared.

An adapter takes an array and a call's options, converts what a user would convert once, and gives
a function without arguments; the benchmarks time that function.  A library is imported when its
adapter is used.  Neurons begin at rest; every call that an adapter makes is written out in the
claim, so that it can be repeated.
"""

import importlib
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np

from spikecore.neurons.lif import LIF
from spikecore.validate.causes import KINDS
from spikecore.validate.causes.neuron import differences
from spikecore.validate.encoders import encoder
from spikecore.validate.neurons import neuron
from spikecore.validate.peers_codes import (
    bindsnet_encoder,
    norse_encoder,
    norse_population,
    rockpool_up_down,
    sinabs_image,
    snntorch_encoder,
    spikify_burst,
    spikify_signals,
    spikingjelly_encoder,
    spikingjelly_phase,
    torch_and,
)  # fmt: skip
from spikecore.validate.peers_simulators import brian2_lif, nest_lif
from spikecore.validate.subject import BAND

STATES = {"Leaky": 1, "Lapicque": 1, "Synaptic": 2, "RLeaky": 2, "Alpha": 3}  # of snnTorch's
TIMEOUT = 300.0


class PeerMissingError(ImportError):
    """The library is not installed; the message says what to install."""


# --- adapters ------------------------------------------------------------------------------------


def snntorch_neuron(current, name, recorded=True, **options):
    """A loop over one of snnTorch's neurons; spikes, and the membrane when recorded."""
    torch, snntorch = torch_and("snntorch")
    cell, shape = getattr(snntorch, name)(**options), current.shape
    steps = torch.from_numpy(current.reshape(shape[0], -1, shape[-1]))  # inhibition wants two axes

    def call():
        state = [torch.zeros_like(steps[0])] * STATES[name]
        spikes, membranes = [], []
        for step in steps:
            fired, *state = cell(step, *state)
            if name == "RLeaky":
                state = [fired, *state]
            spikes.append(fired)
            if recorded:
                membranes.append(state[-1])
        fired = torch.stack(spikes).reshape(shape)
        return (fired, torch.stack(membranes).reshape(shape)) if recorded else fired

    return call


def spikingjelly_lif(current, **options):
    """SpikingJelly's LIFNode in multi-step mode."""
    torch, neuron = torch_and("spikingjelly.activation_based.neuron")
    steps, node = torch.from_numpy(current), neuron.LIFNode(step_mode="m", **options)
    node.store_v_seq = True

    def call():
        node.reset()
        return node(steps), node.v_seq

    return call


def norse_lif(current, reset="reset_value", **options):
    """A loop over Norse's lif_box_feed_forward_step."""
    part = "norse.torch.functional."
    torch, box, resets = torch_and(f"{part}lif_box", f"{part}reset")
    steps = torch.from_numpy(current)
    options = {name: torch.as_tensor(value) for name, value in options.items()}
    numbers = box.LIFBoxParameters(reset_method=getattr(resets, reset), **options)

    def call():
        state = box.LIFBoxFeedForwardState(v=torch.zeros_like(steps[0]))
        spikes, membranes = [], []
        for step in steps:
            fired, state = box.lif_box_feed_forward_step(step, state, numbers)
            spikes.append(fired)
            membranes.append(state.v)
        return torch.stack(spikes), torch.stack(membranes)

    return call


def sinabs_lif(current, single=False, **options):
    """Sinabs's LIF on the batch-first input that it takes; given back time-first."""
    torch, layers, activation = torch_and("sinabs.layers", "sinabs.activation")
    shape = current.shape if current.ndim > 2 else (len(current), 1, *current.shape[1:])
    steps = torch.from_numpy(current.reshape(shape)).transpose(0, 1).contiguous()
    if single:
        options |= {"spike_fn": activation.SingleSpike, "reset_fn": activation.MembraneReset()}
    layer = layers.LIF(record_states=True, **options)

    def call():
        layer.reset_states()
        both = layer(steps), layer.recordings["v_mem"]
        return tuple(array.transpose(0, 1).reshape(current.shape) for array in both)

    return call


def nengo_step(tau_ref):
    """One step of Nengo's LIF, as a candidate."""

    def step(current, voltage, refractory_time):
        neurons = importlib.import_module("nengo").LIF(0.02, tau_ref=tau_ref, amplitude=0.001)
        output = np.zeros_like(current)
        voltage, refractory_time = voltage.copy(), refractory_time.copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            neurons.step(0.001, current, output, voltage, refractory_time)
        return output, voltage, refractory_time

    return step


# --- claims --------------------------------------------------------------------------------------


class Claim(NamedTuple):
    """One call of a library, and with what it is compared."""

    call: str  # as the library's user writes it
    against: Any  # name of a profile, a LIF, or a kind of encoder
    candidate: Any
    options: dict = {}  # noqa: RUF012 of the encoder, or fields of the neuron
    dtype: Any = None  # of a neuron's currents, float32 if left out
    band: float = BAND  # in which differences of a neuron are rounding

    @property
    def is_encoder(self):
        """Whether an encoder is meant."""
        return self.against in KINDS

    def report(self):
        """Run the library and compare it with the reference."""
        options = dict(self.options, timeout=TIMEOUT)
        if self.is_encoder:
            return encoder(self.candidate, self.against, **options)
        options |= {"dtype": self.dtype, "band": self.band}
        return neuron(self.candidate, self.against, **options)

    @property
    def subject(self):
        """With what it is compared, in words."""
        told = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        if self.is_encoder:
            return f"`spikegen.{self.against}({told})`"
        return f"`{self.against}`" + (f" with `{told}`" if told else "")

    @property
    def compared(self):
        """The subject, and the band if it is not the usual one."""
        return self.subject + (f", within {self.band:g} ulp" if self.band != BAND else "")

    def apart(self):
        """In what the neuron with which it is compared differs from snnTorch's default."""
        if self.is_encoder:
            return ""
        lif = self.against
        if isinstance(lif, str):
            lif = LIF.profile(lif, **self.options)
        told = ", ".join(differences(lif, LIF(lif.decay, lif.threshold, lif.gain)))
        return told.replace("your ", "its ").replace("you ", "")


def _call(name, *positional, **options):
    named = [f"{option}={value!r}" for option, value in options.items()]
    return f"{name}({', '.join([*positional, *named])})"


def _of(adapter, *arguments, **options):
    """A candidate of one array."""
    return lambda array: adapter(array, *arguments, **options)()


def _seeded(adapter, *arguments, **options):
    """A candidate that draws from torch's global generator."""
    return lambda data, num_steps, seed: adapter(
        data, *arguments, num_steps=num_steps, seed=seed, **options
    )()


def _snntorch():
    for against, options in (
        ("snntorch-1.0", {}),
        ("snntorch-1.0-zero", {"reset_mechanism": "zero"}),
        ("snntorch-1.0-none", {"reset_mechanism": "none"}),
        ("snntorch-1.0-subtract-now", {"reset_delay": False}),
        ("snntorch-1.0-zero-now", {"reset_mechanism": "zero", "reset_delay": False}),
        (LIF(0.9, inhibition=True), {"inhibition": True}),
    ):
        options = {"beta": 0.9, **options}
        yield Claim(_call("Leaky", **options), against, _of(snntorch_neuron, "Leaky", **options))
    yield Claim("spikegen.rate(data, num_steps)", "rate", _seeded(snntorch_encoder, "rate"))
    linear = {"linear": True, "normalize": True}
    for name, options in (
        ("rate", {"time_var_input": True, "gain": 0.5}),
        ("latency", {"num_steps": 25}),
        ("latency", {"num_steps": 25, **linear}),
        ("latency", {"num_steps": 25, "normalize": True, "clip": True}),
        ("latency", {"num_steps": 9, **linear, "interpolate": True}),
        ("latency", {"num_steps": 9, **linear, "interpolate": True, "clip": True}),
        ("delta", {}),
        ("delta", {"off_spike": True, "threshold": 0.3}),
        ("delta", {"padding": True}),
    ):
        candidate = _of(snntorch_encoder, name, **options)
        yield Claim(_call(f"spikegen.{name}", "data", **options), name, candidate, options)
    sizes, rates = {"num_classes": 7, "num_steps": 24}, {"correct_rate": 0.8, "incorrect_rate": 0.2}
    for name, options in (("targets_rate", rates), ("targets_latency", {})):
        candidate = _of(snntorch_encoder, name, **sizes, **options)
        call = _call(f"spikegen.{name}", "targets", "7", "24", **options)
        yield Claim(call, name, candidate, {**sizes, **options})


def _spikingjelly():
    slow, changes = {"tau": 10.0, "decay_input": False}, {"decay": 0.9, "gain": 1.0}
    for against, options, numbers in (
        ("spikingjelly", {"tau": 2.0}, {}),
        ("spikingjelly-soft", {"tau": 2.0, "v_reset": None}, {}),
        ("spikingjelly", slow, changes),
        ("spikingjelly-soft", {**slow, "v_reset": None}, changes),
    ):
        candidate = _of(spikingjelly_lif, **options)
        yield Claim(_call("LIFNode", **options), against, candidate, numbers)
    poisson = _seeded(spikingjelly_encoder, "PoissonEncoder")
    yield Claim("PoissonEncoder()(x), once a step", "rate", poisson)
    options = {"num_steps": 25, "linear": True, "normalize": True, "threshold": 1e-6}
    linear = _of(spikingjelly_encoder, "LatencyEncoder", 25, num_steps=25)
    yield Claim("LatencyEncoder(25), once a step", "latency", linear, options)
    named = {"profile": "spikingjelly"}
    log = _of(spikingjelly_encoder, "LatencyEncoder", 25, "log", num_steps=25)
    call = "LatencyEncoder(25, 'log'), once a step"
    yield Claim(call, "latency", log, {"num_steps": 25, **named})
    phase = _of(spikingjelly_phase, 4)
    call = "WeightedPhaseEncoder(4)(x.clamp(max=1 - 2**-4)), once a step"
    yield Claim(call, "phase", phase, {"num_bits": 4, **named})


def _norse():
    step = "lif_box_feed_forward_step(x, state"
    yield Claim(f"{step})", "norse-box", _of(norse_lif))
    call = f"{step}, LIFBoxParameters(reset_method=reset_subtract))"
    yield Claim(call, "norse-box-subtract", _of(norse_lif, "reset_subtract"))
    for options in ({"f_max": 1000}, {}):
        call = _call("poisson_encode", "x", "num_steps", **options)
        yield Claim(call, "rate", _seeded(norse_encoder, "poisson_encode", **options))
    for name, options in (("constant_current_lif_encode", {}),
                          ("spike_latency_lif_encode", {"first_only": True})):  # fmt: skip
        options = {"num_steps": 60, "profile": "norse", **options}
        yield Claim(f"{name}(x, 60)", "current", _of(norse_encoder, name, 60), options)
    fields = {"neurons": 8, "low": 0.0, "high": 1.0, "sigma": 1.0, "profile": "norse"}
    activity = _of(norse_population, 8, scale=1)
    yield Claim("population_encode(x, 8, scale=1)", "population", activity, fields)


def _sinabs():
    for options, numbers in (({}, {}), ({"norm_input": False}, {"gain": 1.0})):
        options = {"tau_mem": 20.0, **options}
        yield Claim(_call("LIF", **options), "sinabs", _of(sinabs_lif, **options), numbers)
    call = "LIF(tau_mem=20.0, spike_fn=SingleSpike, reset_fn=MembraneReset())"
    yield Claim(call, "sinabs-single-reset", _of(sinabs_lif, single=True, tau_mem=20.0))
    yield Claim("Img2SpikeLayer(shape, tw, norm=1.0)", "rate", _seeded(sinabs_image))


def _nengo():
    yield Claim("LIF(tau_rc=0.02, tau_ref=0).step(0.001, J, ...)", "nengo", nengo_step(0.0))
    yield Claim("LIF(tau_rc=0.02).step(0.001, J, ...)", "nengo-refractory", nengo_step(0.002))
    uneven = LIF.from_units("nengo", tau_ref=0.0025)
    yield Claim("LIF(tau_ref=0.0025).step(0.001, J, ...)", uneven, nengo_step(0.0025))


def _spikify():
    named = {"profile": "spikify"}
    for name, against, options in (
        ("threshold_based_representation", "temporal_contrast", {"factor": 0.5}),
        ("step_forward", "step_forward", {"threshold": 0.25}),
        ("step_forward", "step_forward", {"threshold": 0.3}),
        ("moving_window", "moving_window", {"window": 4, "threshold": 0.25}),
        ("moving_window", "moving_window", {"window": 3, "threshold": 0.3}),
    ):
        call = _call(name, "signal", *map(str, options.values()))
        candidate = _of(spikify_signals, name, *options.values())
        yield Claim(call, against, candidate, {**options, **named})
    sizes = {"max_spikes": 5, "min_interval": 2, "max_interval": 10}
    candidate = _of(spikify_burst, 32, *sizes.values())
    call = "burst_coding(signal, 5, 2, 10, 32)"
    yield Claim(call, "burst", candidate, {"num_steps": 32, **sizes, **named})


def _rockpool():
    for against, profile, options in (
        ("step_forward", "rockpool", {}),
        ("send_on_delta", "rockpool-refractory", {"n_ref_steps": 2}),
    ):
        ours = {"threshold": 0.25, "profile": profile}
        if options:
            ours["refractory"] = 2
        theirs = {"thr_up": 0.25, "thr_down": 0.25, **options}
        candidate = _of(rockpool_up_down, **theirs)
        yield Claim(_call("UpDownTorch", "shape", **theirs), against, candidate, ours)


def _bindsnet():
    options = {"num_steps": 16, "profile": "bindsnet"}
    first = _of(bindsnet_encoder, "rank_order", 16)
    yield Claim("rank_order(x, 16)", "latency", first, options)
    drawn = _seeded(bindsnet_encoder, "bernoulli")
    yield Claim("bernoulli(x, num_steps)", "rate", drawn)


def _nest():
    # The gain of an exponential current is a difference of exponentials, which NEST computes in
    # another way: that rounds it by up to 1/0.04 more.
    for model, profile, band in (
        ("iaf_psc_delta", "nest-delta", BAND),
        ("iaf_psc_exp", "nest-exp", 32 * BAND),
    ):
        call = f"Create({model!r}), sent spikes of any weight, resolution 0.1 ms"
        candidate = _of_array(nest_lif, model=model)
        yield Claim(call, profile, candidate, dtype=np.float64, band=band)


def _brian2():
    equation = "dv/dt = (I - v)/(10*ms) : 1"
    for profile, options in (
        ("brian2", {"method": "exact"}),
        ("brian2-euler", {"method": "euler"}),
        ("brian2-refractory", {"method": "exact", "refractory": 5.0}),
    ):
        flag = " (unless refractory)" if "refractory" in options else ""
        call = _call("NeuronGroup", repr(equation + flag), **options)
        # The exact solution has the term I - I*exp(-dt/tau), so that it is rounded as I is, which
        # is 100 times what it adds to the membrane.
        band = BAND if options["method"] == "euler" else 100 * BAND
        candidate = _of_array(brian2_lif, **options)
        yield Claim(call, profile, candidate, dtype=np.float64, band=band)


def _of_array(adapter, **options):
    """A candidate of one array whose adapter runs it at once."""
    return lambda current: adapter(current, **options)


PEERS = {
    "snntorch": ("snnTorch", "snntorch", _snntorch),
    "spikingjelly": ("SpikingJelly", "spikingjelly", _spikingjelly),
    "norse": ("Norse", "norse", _norse),
    "sinabs": ("Sinabs", "sinabs", _sinabs),
    "nengo": ("Nengo", "nengo", _nengo),
    "spikify": ("spikify", "spikify", _spikify),
    "rockpool": ("Rockpool", "rockpool", _rockpool),
    "bindsnet": ("BindsNET", "bindsnet", _bindsnet),
    "nest": ("NEST", "nest", _nest),
    "brian2": ("Brian2", "brian2", _brian2),
}
DISTRIBUTIONS = {
    "spikify": "innuce-spikify",
    "nest": "nest-simulator",
}  # where the package index has another name


def claims(name):
    """What a library is asked; ``PeerMissingError`` when it is not installed."""
    title, package, make = PEERS[name]
    try:
        importlib.import_module(package)
    except ImportError as error:
        missing = getattr(error, "name", None) or package
        raise PeerMissingError(
            f"--peer {name} needs {title}, but the package {missing!r} is not installed; install "
            f"it with python -m pip install {DISTRIBUTIONS.get(missing, missing)}"
        ) from error
    return list(make())


def version(name):
    """The installed version of a library."""
    package = PEERS[name][1]
    return metadata.version(DISTRIBUTIONS.get(package, package))
