"""Poisson trains with a dead time: trials of spikecore's stream, and the draws of its steps.

Outside of the dead times a train is draws of one probability, whatever the spikes before.  So its
distribution is judged as that of a rate code, on the first steps of each train that are no dead
time: every train has at least ``T/(refractory + 1)`` of them.
"""

import numpy as np

from spikecore import random
from spikecore.codes import poisson
from spikecore.validate.causes.axes import value_of
from spikecore.validate.causes.code import Code, with_shared
from spikecore.validate.subject import Trial

FEATURES = (3, 8)
STEPS = 48
SEED = (1 << 40) + 77


def _options(options):
    """Silent steps, and whether the data are the mean rate."""
    meaning = value_of("poisson", options, "rate_is", poisson.Axes().rate_is)
    return options.get("refractory", 0), meaning == "mean"


def most(options):
    """The largest rate that can be asked for."""
    refractory, mean = _options(options)
    return 1 / (refractory + 1) if mean else 1.0


def probability(data, options):
    """Of a spike at a step outside of the dead time, as the reference rounds it."""
    refractory, mean = _options(options)
    excluded = data.dtype.type(refractory if mean else 0)
    return poisson.hazard(data, poisson.Numbers(excluded, np.uint64(0)))


def outside(fired, options):
    """The first steps of ``[calls, T, features]`` that are no dead time, and spikes within one."""
    refractory, _ = _options(options)
    waits, live = np.zeros_like(fired[:, 0], np.int64), np.empty_like(fired)
    for t in range(fired.shape[1]):
        live[:, t] = waits == 0
        waits = np.where(fired[:, t] & live[:, t], refractory, np.maximum(waits - 1, 0))
    least = -(-fired.shape[1] // (refractory + 1))
    order = np.argsort(~live, axis=1, kind="stable")[:, :least]
    return np.take_along_axis(fired, order, axis=1), int((fired & ~live).sum())


def shortest(fired):
    """The fewest silent steps between two spikes of a train."""
    trains = np.moveaxis(fired, 1, -1).reshape(-1, fired.shape[1])
    train, step = np.nonzero(trains)
    gaps = np.diff(step)[np.diff(train) == 0]
    return int(gaps.min()) - 1 if gaps.size else None


def _none(subject, dtype):
    """The code takes no uniforms."""
    return []


def seeded_trials(subject, dtype):
    """Trials of spikecore's own stream: a grid of rates, and rates that meet a word."""
    varying, high = bool(subject.options.get("time_var_input")), most(subject.options)
    steps = subject.options.get("num_steps") or STEPS
    uniforms = random.uniforms(SEED, (steps, *FEATURES))
    data = uniforms if varying else uniforms[5 % steps]
    grid = np.arange(24).reshape(FEATURES) / 23 * high
    grid = np.broadcast_to(grid, uniforms.shape) if varying else grid
    subject = subject.changed(seed=SEED)
    return [
        Trial(name, np.ascontiguousarray(np.minimum(values, high), dtype), subject, why)
        for name, values, why in (
            ("stream", grid, "spikecore's stream for one seed"),
            ("stream ties", data, "words equal to the hazard that they meet"),
        )
    ]


def _needed(options):
    return {} if options.get("time_var_input") else {"num_steps": STEPS}


VECTORS = {
    "poisson": {"num_steps": 48, "refractory": 3},
    "poisson-hazard": {"num_steps": 48, "refractory": 2, "rate_is": "hazard"},
}
CODE = Code(
    "poisson", "poisson", _none, with_shared("poisson"), _needed, VECTORS,
    draws=lambda options: True, seeded=seeded_trials, probability=probability,
)  # fmt: skip
