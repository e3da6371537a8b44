"""The conformance vectors: inputs, parameters and expected outputs, each there to kill something.

A vector is one call: a neuron on one array of currents, or an encoder on one array of data.  They
are run in their order, so that state kept from one call to the next shows in the vector that
repeats the one before it.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from spikecore.neurons.lif import LIF
from spikecore.validate import encoder_trials, neuron_trials
from spikecore.validate.candidate import Observed
from spikecore.validate.neuron_causes import expected as expected_neuron


class Vector(NamedTuple):
    """One call and what it must give."""

    name: str
    group: str  # "neuron", or the kind of encoder
    trial: object
    observed: Observed  # what spikecore gives


NEURONS = {
    "snntorch": LIF.profile("snntorch-1.0"),
    "snntorch-zero": LIF.profile("snntorch-1.0-zero", threshold=0.75),
    "snntorch-none": LIF.profile("snntorch-1.0-none"),
    "snntorch-exchange": LIF.profile("snntorch-1.0-subtract-now"),
    "snntorch-0.7": LIF.profile("snntorch-0.7", decay=0.8),
    "snntorch-0.7-zero": LIF.profile("snntorch-0.7-zero"),
    "spikingjelly": LIF.profile("spikingjelly"),
    "spikingjelly-soft": LIF.profile("spikingjelly-soft", gain=1.0, threshold=0.7),
    "norse-box": LIF.profile("norse-box"),
    "norse-box-subtract": LIF.profile("norse-box-subtract", gain=1.0),
    "sinabs": LIF.profile("sinabs"),
    "bindsnet": LIF.profile("bindsnet", refractory=3),
    "spyx": LIF.profile("spyx", threshold=1.5),
    "nengo": LIF.profile("nengo"),
    "leak": LIF(0.8, 0.75, leak=-0.25, reset="value", reset_value=-0.125, reset_at="same"),
    "leak-next": LIF(0.7, leak=0.125, reset="value", reset_value=-0.5),
    "graded": LIF(0.6, 0.5, amplitude=0.25, reset_at="same"),
    "no-decay": LIF(1.0),
    "inhibition": LIF(0.85, inhibition=True),
}
CODES = {
    "rate": ("rate", {"num_steps": 24}),
    "rate-scaled": ("rate", {"num_steps": 12, "gain": 0.75, "offset": 0.125,
                             "first_spike_time": 3}),
    "rate-varying": ("rate_conv", {}),
    "latency": ("latency", {"num_steps": 25}),
    "latency-tau": ("latency", {"num_steps": 40, "tau": 2.5, "first_spike_time": 3,
                                "threshold": 0.05, "clip": True}),
    "latency-epsilon": ("latency", {"num_steps": 50, "normalize": True, "threshold": 0.6}),
    "latency-batch": ("latency", {"num_steps": 20, "normalize": True}),
    "latency-sample": ("latency", {"num_steps": 20, "normalize": "sample", "first_spike_time": 2}),
    "latency-linear": ("latency", {"num_steps": 25, "linear": True, "normalize": True}),
    "latency-linear-tau": ("latency", {"num_steps": 17, "linear": True, "tau": 9.0,
                                       "first_spike_time": 4, "threshold": 0.25}),
    "latency-linear-clip": ("latency", {"num_steps": 9, "linear": True, "normalize": True,
                                        "clip": True, "threshold": 0.125}),
    "latency-levels": ("latency", {"num_steps": 13, "linear": True, "normalize": True,
                                   "on_target": 0.75, "off_target": 0.25}),
    "latency-ramp": ("latency", {"num_steps": 13, "linear": True, "normalize": True,
                                 "interpolate": True, "on_target": 1.25}),
    "delta": ("delta", {"threshold": 0.1}),
    "delta-off": ("delta", {"threshold": 0.3, "off_spike": True}),
    "delta-padding": ("delta", {"threshold": 0.25, "off_spike": True, "padding": True}),
    "targets": ("targets_rate", {"num_classes": 5, "num_steps": 24, "correct_rate": 0.65,
                                 "incorrect_rate": 0.2}),
    "targets-levels": ("targets_rate", {"num_classes": 4, "num_steps": 15, "correct_rate": 0.35,
                                        "first_spike_time": 2, "on_target": 0.75,
                                        "off_target": 0.25}),
    "targets-ramp": ("targets_rate", {"num_classes": 4, "num_steps": 12, "correct_rate": 0.25,
                                      "interpolate": True}),
    "targets-latency": ("targets_latency", {"num_classes": 5, "num_steps": 14}),
    "one-hot": ("to_one_hot", {"num_classes": 6}),
}  # fmt: skip
FLOAT32 = np.dtype(np.float32)
COLUMNS = {"pulses": 15, "grid": 9, "random": 4, "strong": 4, "edge": 16}
STEPS = 40


@cache
def every():
    """All vectors, in the order in which they are to be run."""
    return (*_neurons(), *_codes())


def _neurons():
    for name, lif in NEURONS.items():
        current = _mixed(lif)
        if lif.inhibition:
            current = np.ascontiguousarray(np.swapaxes(current.reshape(STEPS, 12, 4), 1, 2))
        trial = neuron_trials.Trial(f"lif-{name}", current, lif, "every kind of current")
        yield _neuron(trial)
        if name in ("snntorch", "bindsnet"):
            why = "the call before once more: no state is kept"
            yield _neuron(trial._replace(name=f"lif-{name}-again", earlier=(current,), why=why))
        if name in ("snntorch", "leak"):
            batch = {t.name: t for t in neuron_trials.trials(lif, FLOAT32)}["batch"]
            yield _neuron(batch._replace(name=f"lif-{name}-batch", earlier=()))


def _neuron(trial):
    return Vector(trial.name, "neuron", trial, expected_neuron(trial.lif, trial.inputs))


def _mixed(lif):
    """Columns of all the default trials side by side."""
    parts = []
    for trial in neuron_trials.trials(lif, FLOAT32):
        if trial.name in COLUMNS:
            part = np.zeros((STEPS, COLUMNS[trial.name]), FLOAT32)
            rows = trial.inputs[:STEPS, _spread(trial, COLUMNS[trial.name])]
            part[: len(rows)] = rows
            parts.append(part)
    return np.concatenate(parts, axis=1)


def _spread(trial, count):
    """Which columns: the first ones, or of the grid some constant and some mixed."""
    if trial.name == "grid":
        return np.r_[8:12, 32 : 32 + count - 4]
    return np.arange(count)


def _codes():
    for name, (kind, options) in CODES.items():
        codings = encoder_trials.trials(kind, options, FLOAT32)
        if kind in ("rate", "rate_conv"):
            codings += encoder_trials.stream_trials(kind, options, np.dtype(np.float64))
        for coding in codings:
            coding = coding._replace(name=f"{name}-{coding.name.replace(' ', '-')}")
            spikes = encoder_trials.expected(coding)
            yield Vector(coding.name, coding.kind, coding, Observed(spikes))
