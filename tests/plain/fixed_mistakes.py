"""Mistakes of fixed-point neurons in plain integers, each named as the cause to be found."""

from dataclasses import replace

import numpy as np

from plain import fixed as plain
from spikecore.validate.candidate import Observed


def _field(**changes):
    """A neuron with other fields, where all of them differ and mean something."""

    def mistaken(lif):
        try:
            return replace(lif, **changes)
        except ValueError:
            return lif

    return mistaken


def _added(name, more):
    def mistaken(lif):
        value = getattr(lif, name)
        try:
            return lif if value is None else replace(lif, **{name: value + more})
        except ValueError:
            return lif

    return mistaken


AXES = {
    "compare=>=": _field(compare=">="),
    "compare=>": _field(compare=">"),
    "rounding=floor": _field(rounding="floor"),
    "rounding=zero": _field(rounding="zero"),
    "rounding=nearest": _field(rounding="nearest"),
    "reset_at=same": _field(reset_at="same", report_spike="new"),
    "reset_at=next": _field(reset_at="next"),
    "reset=none": _field(reset="none", reset_value=0),
    "reset=subtract": _field(reset="subtract", reset_value=0),
    "overflow=saturate": _field(overflow="saturate"),
    "overflow=symmetric": _field(overflow="symmetric"),
    "overflow=wrap": _field(overflow="wrap"),
    "synapse_overflow=saturate": _field(synapse_overflow="saturate"),
    "synapse_overflow=wrap": _field(synapse_overflow="wrap"),
    "bits-1": _added("bits", -1),
    "bits+1": _added("bits", 1),
    "synapse_bits-1": _added("synapse_bits", -1),
    "decay_bits+1": _added("decay_bits", 1),
    "product_bits=None": _field(product_bits=None),
    "decay_offset=1": _field(decay_offset=1),
    "synapse_offset=0": _field(synapse_offset=0),
    "decay+1": _added("decay", 1),
    "decay-1": _added("decay", -1),
    "decay_at=step": _field(decay_at="step"),
    "input_shift+1": _added("input_shift", 1),
    "input_shift-1": _added("input_shift", -1),
    "threshold_shift-1": _added("threshold_shift", -1),
    "bias=0": _field(bias=0, bias_exponent=0),
    "-bias_exponent": lambda lif: replace(lif, bias_exponent=-lif.bias_exponent),
    "lower_threshold=None": _field(lower_threshold=None),
    "reset_interval=0": _field(reset_interval=0, reset_offset=0),
    "reset_value=0": _field(reset_value=0),
    "report_spike=new": _field(report_spike="new"),
}
EXECUTIONS = (
    "input-first", "synapse-late", "test-first", "inputs-test", "weights-in-time", "report-before",
    "decay-reset", "late", "stale", "rectified", "kinds-exchanged",
)  # fmt: skip
MISTAKES = (*AXES, *EXECUTIONS)


class Plain:
    """A neuron in plain integers with one mistake, or with none."""

    def __init__(self, name):
        self.name, self.last = name, {}

    def __call__(self, lif, inputs, events):
        """Spikes and states of ``[T, ...]`` inputs."""
        name, shape = self.name, inputs.shape[1:]
        neuron = AXES[name](lif) if name in AXES else lif
        columns = inputs.reshape(len(inputs), -1).T.tolist()
        key = (repr(lif), shape)
        starts = self.last.get(key, {}) if name == "stale" else {}
        rows, self.last[key] = [], {}
        for i, column in enumerate(columns):
            *row, self.last[key][i] = run(neuron, column, events, name, *starts.get(i, (0, 0, 0)))
            rows.append(row)
        spikes, currents, membranes = (
            np.array(values, np.int32).T.reshape(inputs.shape) for values in zip(*rows, strict=True)
        )
        if name == "late":
            spikes = np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])
        return Observed(spikes, membranes, None if neuron.synapse_decay is None else currents)


def run(lif, column, events, name, *start):
    """Spikes, currents, membranes and last state of one neuron."""
    kinds = [bool(x % 2) for x in column] if events else [False] * len(column)
    weights = [x // 2 for x in column] if events else column
    if lif.decay_at == "step" and events:
        weights = [0 if kind else w for w, kind in zip(weights, kinds, strict=True)]
    if name == "rectified":
        weights = [max(w, 0) for w in weights]
    if name == "kinds-exchanged" and events:
        kinds = [not kind for kind in kinds]
    known = {name} & set(plain.MISTAKES)
    return plain.neuron(lif, weights, kinds, *start, mistake=next(iter(known), None))
