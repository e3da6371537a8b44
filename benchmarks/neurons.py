"""Neurons and the network beside other libraries and beside the memory limit.

``python -m benchmarks.neurons`` takes about four minutes with all of them installed; ``--quick``
uses smaller arrays and few repeats, to see that everything runs.
"""

import sys
from functools import partial
from itertools import pairwise

import numpy as np

import spikecore
from benchmarks import peers, run
from benchmarks.harness import Case, Check, Rival, copy, fill, read
from spikecore import LIF, Alpha, Lapicque, Leaky, RLeaky, Synaptic
from spikecore.network import Linear, Sequential
from spikecore.neurons import fixed

BETA = 0.9
DENSITIES = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5)
BOUNDS = {0.02: 4, 0.1: 2}  # how many times faster than snnTorch


def main(argv=None):
    """Measure every case and print the table."""
    return run.main([cases], __doc__.splitlines()[0], argv)


def cases(scale):
    """Builders of the cases by name."""
    return {
        "Leaky, spikes and membrane": partial(leaky, scale),
        "Leaky, uint8 spikes alone": partial(leaky_spikes, scale),
        **{name: partial(named, scale, name) for name in NAMED},
        **{f"profile {name}": partial(profile, scale, name) for name in profiles(scale)},
        **{f"fixed.LIF, {name}": partial(fixed_point, scale, name) for name in FIXED},
        "LIF with a synapse": partial(synaptic, scale),
        **{f"network, {100 * d:g} %": partial(network, scale, d) for d in DENSITIES},
    }


def profiles(scale):
    """Every profile; in a quick run the first of each simulator, since each has to be compiled."""
    found = spikecore.profiles()
    if not scale.quick:
        return list(found)
    return list({profile.simulator: name for name, profile in reversed(found.items())}.values())


# --- neurons ------------------------------------------------------------------------------------


def leaky(scale):
    """snnTorch's Leaky, both outputs recorded."""
    current = currents(scale, 2 * scale.steps)
    theirs = peers.installed("snntorch_neuron", current, "Leaky", beta=BETA)
    rivals = [
        _rival("snnTorch", theirs, Leaky(BETA), current, 12),
        _rival("NumPy", peers.numpy_leaky(current, BETA, True), Leaky(BETA), current),
    ]
    limit = copy(current, 2, also=[current])
    return neuron(Leaky(BETA), current, ("membrane",), limit, rivals)


def leaky_spikes(scale):
    """The same, only the spikes, a byte each."""
    current = currents(scale, 2 * scale.steps)
    theirs = peers.installed("snntorch_neuron", current, "Leaky", recorded=False, beta=BETA)
    rivals = [_rival("snnTorch", theirs, Leaky(BETA), current, record=())]
    return neuron(Leaky(BETA), current, (), read(current, 2), rivals, np.uint8)


NAMED = {
    "Synaptic": (Synaptic(0.8, BETA), {"alpha": 0.8, "beta": BETA}),
    "Alpha": (Alpha(BETA, 0.8), {"alpha": BETA, "beta": 0.8}),
    "Lapicque": (Lapicque(R=4, C=2), {"R": 4.0, "C": 2.0, "time_step": 1.0}),
    "RLeaky": (
        RLeaky(BETA, V=0.5, all_to_all=False),
        {"beta": BETA, "V": 0.5, "all_to_all": False},
    ),
}


def named(scale, name):
    """snnTorch's other neurons, both outputs recorded."""
    ours, options = NAMED[name]
    current = currents(scale, scale.steps)
    theirs = peers.installed("snntorch_neuron", current, name, **options)
    limit = copy(current, also=[current])
    return neuron(ours, current, ("membrane",), limit, [_rival("snnTorch", theirs, ours, current)])


# Adapter and options of the profiles whose simulator may be installed, all with decay 1/2.
SNNTORCH, SPIKINGJELLY, NORSE, SINABS = (
    ("snnTorch", "snntorch_neuron", {"name": "Leaky", "beta": 0.5}),
    ("SpikingJelly", "spikingjelly_lif", {"tau": 2.0}),
    ("Norse", "norse_lif", {"tau_mem_inv": 500.0}),
    ("Sinabs", "sinabs_lif", {"tau_mem": 1 / np.log(2), "norm_input": False}),
)
SIMULATORS = {
    "snntorch-1.0": (*SNNTORCH, {}),
    "snntorch-1.0-zero": (*SNNTORCH, {"reset_mechanism": "zero"}),
    "snntorch-1.0-none": (*SNNTORCH, {"reset_mechanism": "none"}),
    "snntorch-1.0-subtract-now": (*SNNTORCH, {"reset_delay": False}),
    "snntorch-1.0-zero-now": (*SNNTORCH, {"reset_mechanism": "zero", "reset_delay": False}),
    "spikingjelly": (*SPIKINGJELLY, {"v_reset": 0.0}),
    "spikingjelly-soft": (*SPIKINGJELLY, {"v_reset": None}),
    "norse-box": (*NORSE, {"reset": "reset_value"}),
    "norse-box-subtract": (*NORSE, {"reset": "reset_subtract"}),
    "sinabs": (*SINABS, {"single": False}),
    "sinabs-single-reset": (*SINABS, {"single": True}),
}


def profile(scale, name):
    """Every simulator's LIF with decay 1/2, beside the simulator.

    Inputs are quarters and steps are few, so that no formula rounds: the simulators' products and
    sums stand in different orders.
    """
    steps, neurons = 20, 5 * scale.neurons * scale.steps // 100
    current = np.random.default_rng(0).integers(0, 8, (steps, scale.batch, neurons))
    current = (current / 4).astype(np.float32)
    simulator, adapter, common, more = SIMULATORS.get(name, ("", None, {}, {}))
    gain = 0.5 if simulator in ("SpikingJelly", "Norse") else 1.0
    ours = LIF.profile(name, decay=0.5, gain=gain, threshold=1.0)
    theirs = peers.installed(adapter, current, **common, **more) if adapter else None
    rivals = [_rival(simulator, theirs, ours, current, note=name)]
    return neuron(ours, current, ("membrane",), copy(current, also=[current]), rivals)


FIXED = {"loihi": {"decay": 400, "synapse_decay": 2048}, "q-format": {}, "spiker": {}}


def fixed_point(scale, name):
    """Hardware's neuron in integers, beside ``LIF`` in float32 with about as many spikes."""
    floating = currents(scale, 2 * scale.steps)
    ours = fixed.LIF.profile(name, threshold=1000, **FIXED[name])
    current = (floating * 1000).astype(np.int32)
    lif = LIF(BETA, reset="value", reset_at="same")
    out = {"spikes": np.empty(current.shape, np.uint8), "membrane": np.empty_like(floating)}
    limit = Rival("LIF", partial(lif.run, floating, out=out), 2)
    return neuron(ours, current, ("membrane",), limit, [], np.uint8)


def synaptic(scale):
    """LIF with a synaptic current, beside LIF without, both with the membrane recorded."""
    current = currents(scale, 2 * scale.steps)
    lif = LIF(BETA, reset="value", reset_at="same")
    ours = LIF(BETA, synapse_decay=0.5, reset="value", reset_at="same")
    out = {"spikes": np.empty_like(current), "membrane": np.empty_like(current)}
    limit = Rival("LIF", partial(lif.run, current, out=out), 1.5)
    return neuron(ours, current, ("membrane",), limit, [])


def neuron(model, current, record, limit, rivals, dtype=np.float32):
    """A run of one of our neurons, compared with the numpy backend."""
    out = {"spikes": np.empty(current.shape, dtype)}
    out.update({name: np.empty_like(current) for name in record})

    def call(**options):
        run = model.run(current, record=record, **options)
        return run.spikes, *run.recorded.values()

    ours = partial(call, out=out)
    kept = " and ".join(["spikes", *record])
    work = f"{'x'.join(map(str, current.shape))} {current.dtype} to {np.dtype(dtype)} {kept}"
    return Case(
        work=f"{work} in `out=`",
        function=ours,
        bytes_moved=current.nbytes + sum(array.nbytes for array in out.values()),
        checks=(Check("numpy backend", ours, partial(call, device="numpy", dtype=dtype)),),
        peers=tuple(filter(None, rivals)),
        limit=limit,
    )


def _rival(name, function, model, current, bound=None, record=("membrane",), note=""):
    """A simulator with its check, or None where it is not installed."""

    def expected():
        run = model.run(current, record=record)
        return run.spikes, *run.recorded.values()

    return function and Rival(name, function, bound, Check(name, function, expected), note)


def currents(scale, steps):
    """Normal currents, of which about a sixth of the neurons' steps make spikes."""
    shape = steps, scale.batch, scale.neurons
    return np.random.default_rng(0).standard_normal(shape, np.float32) * np.float32(0.5)


# --- the network --------------------------------------------------------------------------------

WIDTHS = (784, 1000, 10)


def network(scale, density):
    """784-1000-10, uint8 spikes in, counts and last membranes out.

    Weights are multiples of 2**-12, so that a sum is exact in whatever order it is taken and every
    library must give the same spikes.
    """
    layers = [grained(*widths) for widths in pairwise(WIDTHS)]
    ours = Sequential(*(part for layer in layers for part in (layer, Leaky(BETA))))
    shape = scale.steps, scale.batch, WIDTHS[0]
    spikes = (np.random.default_rng(0).random(shape, np.float32) < density).astype(np.uint8)

    def call():
        last = ours.run(spikes, record=())["leaky2"]
        return last.counts, last.final[0]

    numbers = [(layer.weight, layer.bias) for layer in layers]
    theirs = peers.snntorch_network(spikes, numbers, BETA)
    numpy = peers.numpy_network(spikes, numbers, BETA)
    rivals = [Rival("NumPy", numpy)]
    if theirs:
        bound = BOUNDS.get(density)
        rivals.insert(0, Rival("snnTorch", theirs, bound, Check("snnTorch", theirs, call)))
    work = f"{'-'.join(map(str, WIDTHS))}, {scale.steps} steps x {scale.batch}"
    return Case(
        work=f"{work}, {100 * density:g} % of the inputs spike; counts and last membranes",
        function=call,
        bytes_moved=spikes.nbytes,
        checks=(Check("NumPy", call, numpy),),
        peers=tuple(rivals),
        limit=fill((scale.steps, scale.batch, WIDTHS[1]), np.float32),
    )


def grained(in_features, out_features):
    """A layer whose weights torch would draw, rounded to multiples of 2**-12."""
    drawn = Linear.draw(in_features, out_features, seed=in_features)
    grains = np.float32(4096)
    return Linear(np.rint(drawn.weight * grains) / grains, np.rint(drawn.bias * grains) / grains)


if __name__ == "__main__":
    sys.exit(main())
