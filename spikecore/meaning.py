"""What a difference in meaning costs: one trained network, by neuron, by rule and by word length.

``nir.digits()`` reads the digits that it did not learn, as a rate code and as a latency code.  The
weights stay the same; what changes is the neuron that they drive, the rule that reads the file, or
the bits of the numbers.  The tables are Markdown.
"""

from dataclasses import fields
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from spikecore import LIF, datasets, nir, profiles, spikegen
from spikecore.files import shipped
from spikecore.network import Linear, Sequential
from spikecore.neurons import fixed
from spikecore.nir.trained import FILE, chain

HELP = "run one trained network by every profile, rule and word length"
STEPS = 25
DT = 1e-4  # seconds
DECAY, GAIN = 0.9, 0.1  # of a step of DT, as the network was trained
LAYERS = ("hidden", "answer")
BITS = range(4, 17)
CODES = ("rate", "latency")
HEADER = ("by rate", "by latency", "spikes by rate", "by latency")
# What needs numbers that the network does not have: a second filter, adaptation, a spike map.
OTHER_EQUATION = ("synapse_decay", "adaptation_decay", "spike_map")
TRAINED = LIF.profile("snntorch-1.0-zero-now", decay=DECAY, gain=GAIN)


class Row(NamedTuple):
    """What one reading of the network gives, on the digits that it did not learn."""

    names: tuple[str, ...]
    change: str  # from the neuron that was trained
    correct: tuple[int, ...]  # digits, by code
    spikes: tuple[float, ...]  # of both layers for each digit, by code


class Result(NamedTuple):
    """Every reading, and the number of digits."""

    digits: int
    profiles: tuple[Row, ...]
    rules: tuple[Row, ...]
    bits: tuple[Row, ...]


def add_arguments(parser):
    """Declare the command's arguments: none."""


def run(arguments):
    """Print the tables."""
    print("\n\n".join(tables(measure())))
    return 0


@cache
def measure() -> Result:
    """Run the network by every profile, every rule and every word length."""
    codes, labels = examples()
    return Result(
        len(labels),
        tuple(by_profile(codes, labels)),
        tuple(by_rule(codes, labels)),
        tuple(by_bits(codes, labels)),
    )


def examples():
    """The digits that the network did not learn, by code, ``[STEPS, digits, 64]``, and labels."""
    images, labels = datasets.digits()
    pixels = images[::5].reshape(-1, 64)
    latency: dict[str, Any] = {"linear": True, "normalize": True, "clip": True}
    codes = {
        "rate": spikegen.rate(pixels, STEPS, seed=0, dtype=np.uint8),
        "latency": spikegen.latency(pixels, STEPS, dtype=np.uint8, **latency),
    }
    return codes, labels[::5]


def judged(labels, *counts):
    """Correct answers, and spikes for each digit, of the spikes of each neuron, layer by layer."""
    correct = np.count_nonzero(counts[-1].argmax(axis=1) == labels)
    spikes = sum(int(count.sum()) for count in counts)
    return int(correct), spikes / len(labels)


def row(names, change, found):
    """A row of what was found by code."""
    correct, spikes = zip(*found, strict=True)
    return Row(tuple(names), change, correct, spikes)


# --- profiles -----------------------------------------------------------------------------------


def by_profile(codes, labels):
    """A row for each neuron out of the profiles; several profiles may be one neuron."""
    names = {}
    for name in comparable():
        names.setdefault(differences(neuron_of(name)), []).append(name)
    for change, alike in names.items():
        net = network_of(neuron_of(alike[0]))
        # NumPy gives the bits of compiled code, and has nothing to compile.
        runs = [net.run(spikes, record=(), exact=True, device="numpy") for spikes in codes.values()]
        found = [judged(labels, *(run[name].counts for name in LAYERS)) for run in runs]
        yield row(alike, change, found)


def comparable():
    """The profiles that have a leak, an input and a reset, or none, and nothing else."""
    found = {name: profile.axes for name, profile in profiles().items()}
    return [name for name, axes in found.items() if not any(p in axes for p in OTHER_EQUATION)]


def neuron_of(name):
    """The neuron of a profile with the numbers of the network; what has no leak stays so."""
    decay = 1.0 if profiles()[name].axes["decay"] == 1 else DECAY
    return LIF.profile(name, decay=decay, gain=GAIN, threshold=1.0)


def differences(neuron):
    """The fields in which a neuron differs from the one that was trained, as text."""
    pairs = ((f.name, getattr(neuron, f.name), getattr(TRAINED, f.name)) for f in fields(LIF))
    return ", ".join(f"{name}={value!r}" for name, value, trained in pairs if value != trained)


def network_of(neuron):
    """The trained weights and neurons of one kind."""
    stored = shipped(FILE)
    layers = {name: Linear(stored[name]) for name in LAYERS}
    return Sequential(
        layers["hidden"], neuron, layers["answer"], neuron, names=("w", "hidden", "v", "answer")
    )


# --- rules --------------------------------------------------------------------------------------


def by_rule(codes, labels):
    """A row for each rule of NIR."""
    for name in nir.rules():
        yield row(
            (name,), "", [judged(labels, *by_layer(spikes, name)) for spikes in codes.values()]
        )


def by_layer(spikes, rules):
    """Spikes of each neuron over the run, layer by layer, by a rule."""
    stored = shipped(FILE)
    networks = (chain(stored, "hidden"), chain(stored, "hidden", "answer"))
    runs = [net.run(spikes, DT, rules, device="numpy") for net in networks]
    return [found.outputs.sum(axis=0) for found in runs]


# --- word lengths -------------------------------------------------------------------------------


def by_bits(codes, labels):
    """A row for each word length: of the weights, then of the membrane too."""
    for own, change in ((False, "weights"), (True, "weights and membrane")):
        for bits in BITS:
            found = [judged(labels, *in_integers(spikes, bits, own)) for spikes in codes.values()]
            yield row((f"{bits}",), change, found)


def in_integers(spikes, bits, own):
    """Spikes of each neuron over the run, layer by layer, in integers."""
    stored, counts = shipped(FILE), []
    for name in LAYERS:
        weight, neuron = integers(stored[name], bits, own)
        current, _ = weight.run(spikes, device="numpy")
        spikes = neuron.run(current, record=(), device="numpy").spikes
        counts.append(spikes.sum(axis=0))
    return counts


def integers(weight, bits, own):
    """A layer of weights and neurons in ``bits`` bits; the largest weight is the largest number.

    The membrane is as wide with ``own``, else it has 31 bits, 8 of them below a weight's lowest.
    """
    drive = GAIN * weight.astype(np.float64)
    scale = (2 ** (bits - 1) - 1) / np.abs(drive).max()
    shift, wide = (0, bits) if own else (8, 31)
    neuron = fixed.LIF(
        decay=round(DECAY * 2**bits), decay_bits=bits, rounding="nearest", bits=wide,
        threshold=round(scale * 2**shift), input_shift=shift,
    )  # fmt: skip
    return fixed.Linear(fixed.quantize(drive, "q-format", bits=bits, scale=scale)), neuron


# --- tables -------------------------------------------------------------------------------------


def tables(result):
    """A table in Markdown for profiles, rules and bits."""
    parts = (("profiles", "differs in"), result.profiles), (("rules",), result.rules)
    for head, rows in (*parts, (("bits", "of"), result.bits)):
        lines = [(*head, *HEADER), ("---",) * (len(head) + len(HEADER))]
        lines += [cells(found, len(head), result.digits) for found in rows]
        yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(found, columns, digits):
    """The cells of one row."""
    names = ", ".join(name if name.isdecimal() else f"`{name}`" for name in found.names)
    change = f"`{found.change}`" if "=" in found.change else found.change
    shares = (f"{100 * count / digits:.1f} %" for count in found.correct)
    counts = (f"{spikes:,.1f}" for spikes in found.spikes)
    return (*(names, change)[:columns], *shares, *counts)
