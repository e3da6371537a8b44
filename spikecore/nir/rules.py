"""What a NIR graph means in time steps: how each simulator's importer reads the nodes.

NIR has equations in continuous time and no time step.  A rule turns each node into the update of
one step; SPEC.md, "NIR", has the table.  The numbers are computed in the dtype of the file, as the
importers do, and in float64 by ``exact`` and ``euler``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.network import LI, CubaLI
from spikecore.neurons.lif import LIF


class Rule(NamedTuple):
    """What a simulator makes of a NIR graph.

    Attributes
    ----------
    simulator, version : str
        Whose importer it is.
    meaning : dict of str to str
        The update of one step, by the kind of node.
    ignored : dict of str to str
        What is refused, by the kind of node, and what the importer does with it in silence.
    """

    simulator: str
    version: str
    meaning: dict[str, str]
    ignored: dict[str, str]


class Refusal(NamedTuple):
    """Something in a node that a rule does not take: what, and what the simulator does with it."""

    field: str
    must: str
    peer: str
    ignored: bool = True  # by the simulator, and so with strict=False here; else it cannot run


@dataclass(frozen=True)
class Plain:
    """Parameters of a neuron in the dtype of the rule's arithmetic."""

    kind: str
    fields: dict[str, Any]
    dt: float

    def __getitem__(self, name: str) -> Any:
        value = self.fields.get(name)
        if value is None:
            return np.zeros_like(self.fields["r"]) if name == "v_reset" else np.float64(1.0)
        return value

    @property
    def synaptic(self):
        """Whether it has a synaptic current."""
        return self.kind in ("CubaLI", "CubaLIF")

    @property
    def fires(self):
        """Whether it has a threshold."""
        return self.kind in ("IF", "LIF", "CubaLIF")

    @property
    def tau(self) -> Any:
        """Time constant of the membrane; None of an integrator."""
        return self.fields.get("tau_mem", self.fields.get("tau"))


Found = tuple[dict[str, Any], list[Refusal]]


# --- exact and Euler ------------------------------------------------------------------------------


def _text(node: Plain, decayed: Callable[[Any], Any]) -> Found:
    """The equations of NIR's text; ``decayed(dt/tau)`` is what is left after a step."""
    axes: dict[str, Any] = {"decay": 1.0, "gain": node["r"] * node.dt}
    refusals = []
    if node.tau is not None:
        decay = decayed(node.dt / node.tau)
        axes = {"decay": decay, "gain": node["r"] * (1 - decay), "leak": node["v_leak"]}
        if np.any(decay < 0):
            refusals.append(Refusal("tau", "be at least dt", "Euler's step is unstable", False))
    if node.synaptic:
        synapse = decayed(node.dt / node["tau_syn"])
        axes |= {"synapse_decay": synapse, "synapse_gain": node["w_in"] * (1 - synapse)}
        if np.any(synapse < 0):
            refusals.append(Refusal("tau_syn", "be at least dt", "Euler's step is unstable", False))
    if node.fires:
        axes |= {
            "threshold": node["v_threshold"], "reset": "value", "reset_at": "same",
            "reset_value": node["v_reset"],
        }  # fmt: skip
    return axes, refusals


def exact(node: Plain) -> Found:
    """Each equation's solution over a step, for input that is held."""
    return _text(node, lambda steps: np.exp(-steps))


def euler(node: Plain) -> Found:
    """Euler's step of each equation."""
    return _text(node, lambda steps: 1 - steps)


# --- simulators -----------------------------------------------------------------------------------

ZERO = {"reset": "value", "reset_at": "same", "reset_value": 0.0}


def uniform(node: Plain, names: tuple[str, ...], whose: str) -> list[Refusal]:
    """Refusals of numbers that differ between neurons."""
    differing = (name for name in names if np.ptp(np.asarray(node[name], np.float64)) > 0)
    return [Refusal(name, "be one number for all neurons", whose) for name in differing]


def nonzero(node: Plain, name: str, peer: str, ignored: bool = True) -> list[Refusal]:
    """A refusal of a field that is not 0."""
    return [Refusal(name, "be 0", peer, ignored)] if np.any(node[name] != 0) else []


def other(
    node: Plain, name: str, value: Any, shown: str, peer: str, ignored: bool
) -> list[Refusal]:
    """A refusal of a field that does not have a value, up to the rounding of float32."""
    alike = np.allclose(np.asarray(node[name], np.float64), value, rtol=1e-5, atol=0)
    return [] if alike else [Refusal(name, f"be {shown}", peer, ignored)]


def snntorch(node: Plain) -> Found:
    """snnTorch 1.0.0: r, or w_in, is put into the threshold."""
    refusals = nonzero(node, "v_leak", "snnTorch raises an error", False)
    if not np.isclose(node.dt, 1e-4, rtol=1e-9, atol=0):
        refusals.append(Refusal("dt", "be 0.0001", "snnTorch has no other time step", False))
    refusals += nonzero(node, "v_reset", "snnTorch resets to 0")
    decay = 1 - node.dt / node.tau
    if node.kind == "LIF":
        scale = node["r"] * node.dt / node["tau"]
        axes: dict[str, Any] = {"decay": decay}
    else:
        refusals += other(
            node, "r", node.tau / node.dt, "tau_mem/dt", "snnTorch raises an error", False
        )
        axes = {"decay": decay, "synapse_decay": 1 - node.dt / node["tau_syn"]}
        scale = node["w_in"] * node.dt / node["tau_syn"]
    if np.ptp(np.asarray(scale, np.float64)) > 1e-6 * np.max(np.abs(scale)):
        field = "r" if node.kind == "LIF" else "w_in"
        peer = "snnTorch divides all thresholds by the scale of the first neuron"
        refusals.append(Refusal(field, "scale all neurons alike", peer))
    first = np.ravel(scale)[0]
    return {**axes, "threshold": node["v_threshold"] / first, **ZERO}, refusals


def snntorch_subtract(node: Plain) -> Found:
    """snnTorch 1.0.0 with ``reset_mechanism="subtract"`` in the step of the spike."""
    axes, refusals = snntorch(node)
    return {**axes, "reset": "subtract", "reset_at": "exchange", "reset_value": 0.0}, refusals


def norse(node: Plain) -> Found:
    """Norse 1.1.0: Euler's step, without r and v_reset."""
    refusals = nonzero(node, "v_reset", "Norse resets to 0") if node.fires else []
    if not node.synaptic:
        refusals += other(node, "r", 1.0, "1", "Norse ignores it", True)
    if node.kind == "IF":
        return {"decay": 1.0, "threshold": node["v_threshold"], **ZERO}, refusals
    gain = node.dt / node.tau
    axes = {"decay": 1 - gain, "gain": gain, "leak": node["v_leak"]}
    if node.synaptic:
        refusals += nonzero(node, "v_leak", "Norse adds it to the synaptic current too")
        jump = node.dt / node["tau_syn"]
        axes |= {"gain": gain * node["r"], "synapse_decay": 1 - jump}
        axes["synapse_gain"] = jump * node["w_in"]
        if np.any(node["v_leak"] != 0):
            axes["offset"] = node["v_leak"] / node["w_in"]
    return {**axes, "threshold": node["v_threshold"], **ZERO}, refusals


def norse_subtract(node: Plain) -> Found:
    """Norse 1.1.0 with ``reset_method=reset_subtract``, which reaches CubaLIF alone."""
    axes, refusals = norse(node)
    if node.kind == "CubaLIF":
        axes = {**axes, "reset": "subtract", "reset_value": 0.0}
    return axes, refusals


def sinabs(node: Plain) -> Found:
    """Sinabs 3.1.3: time constants in steps, several spikes a step."""
    refusals = other(node, "r", 1.0, "1", "Sinabs ignores it", True)
    if node.tau is not None:
        refusals += nonzero(node, "v_leak", "Sinabs raises an error", False)
    axes: dict[str, Any] = {"decay": 1.0 if node.tau is None else np.exp(-node.dt / node.tau)}
    if not node.fires:
        return axes, refusals
    refusals += nonzero(node, "v_reset", "Sinabs subtracts the threshold")
    axes |= {
        "threshold": node["v_threshold"], "compare": ">=", "spikes": "multi", "reset": "subtract",
        "reset_at": "same",
    }  # fmt: skip
    if node.kind == "IF":
        axes["lower"] = -node["v_threshold"]
    return axes, refusals


def spikingjelly(node: Plain) -> Found:
    """SpikingJelly 2.0.0: ``v >= v_threshold``, and one number for all neurons."""
    raises, one = "SpikingJelly raises an error", "SpikingJelly has one for all neurons"
    times = ("tau_mem", "tau_syn") if node.synaptic else ("tau",)
    names = ("v_threshold", "v_reset") + (() if node.tau is None else ("v_leak", *times))
    refusals = [r._replace(ignored=False) for r in uniform(node, names, one)]
    axes: dict[str, Any] = {
        "threshold": node["v_threshold"], "compare": ">=", "reset": "value", "reset_at": "same",
        "reset_value": node["v_reset"],
    }  # fmt: skip
    if node.kind == "IF":
        refusals += other(node, "r", 1 / node.dt, "1/dt", raises, False)
        return {"decay": 1.0, "initial": node["v_reset"], **axes}, refusals
    refusals += other(node, "v_leak", node["v_reset"], "v_reset", raises, False)
    steps = node.tau / node.dt
    if np.any(steps <= 1):
        refusals.append(Refusal("tau", "be more than dt", raises, False))
    axes |= {"decay": 1 - node.dt / node.tau, "leak": node["v_reset"]}
    if node.synaptic:
        refusals += other(node, "r", steps, "tau_mem/dt", raises, False)
        refusals += other(node, "w_in", node["tau_syn"] / node.dt, "tau_syn/dt", raises, False)
        return {**axes, "synapse_decay": 1 - node.dt / node["tau_syn"]}, refusals
    if np.allclose(node["r"], 1.0, rtol=1e-5):
        axes["gain"] = node.dt / node.tau
    else:
        refusals += other(node, "r", steps, "1 or tau/dt", raises, False)
    return axes, refusals


def spyx(node: Plain) -> Found:
    """Spyx as in the NIR paper: spikes of the membrane before the update, one threshold subtracted.

    Its neurons with a synaptic current decay what was subtracted, too.
    """
    refusals = nonzero(node, "v_reset", "Spyx subtracts the threshold")
    axes: dict[str, Any] = {"decay": 1.0, "decay_reset": node.synaptic}
    if node.tau is not None:
        refusals += nonzero(node, "v_leak", "Spyx ignores it")
        axes["decay"] = 1 - node.dt / node.tau
    if node.synaptic:
        refusals += other(node, "r", node.tau / node.dt, "tau_mem/dt", "Spyx ignores it", True)
        expected = node["tau_syn"] / node.dt
        refusals += other(node, "w_in", expected, "tau_syn/dt", "Spyx ignores it", True)
        axes["synapse_decay"] = 1 - node.dt / node["tau_syn"]
    else:
        refusals += other(node, "r", 1.0, "1", "Spyx ignores it", True)
        if node.tau is not None:
            axes["gain"] = node.dt / node.tau
    reset = {"reset": "subtract", "reset_at": "next", "report_spike": "old"}
    return {**axes, "threshold": node["v_threshold"], **reset}, refusals


def lava(node: Plain) -> Found:
    """Lava 0.10.0 in floating point: dv = dt/tau, and the input one step later."""
    own = "the mapping to Lava of the NIR paper has no such gain"
    refusals = nonzero(node, "v_reset", "Lava resets to 0") if node.fires else []
    if node.kind == "IF":
        refusals += other(node, "r", 1 / node.dt, "1/dt", own, False)
        return {"decay": 1.0, "threshold": node["v_threshold"], "input_delay": 1, **ZERO}, refusals
    refusals += nonzero(node, "v_leak", "Lava has no such number", False)
    axes: dict[str, Any] = {"decay": 1 - node.dt / node.tau, "input_delay": 1}
    if node.synaptic:
        refusals += other(node, "r", node.tau / node.dt, "tau_mem/dt", own, False)
        refusals += other(node, "w_in", node["tau_syn"] / node.dt, "tau_syn/dt", own, False)
        axes["synapse_decay"] = 1 - node.dt / node["tau_syn"]
    else:
        axes["gain"] = node["r"] * node.dt / node.tau
    return {**axes, "threshold": node["v_threshold"], **ZERO}, refusals


def layer_of(node: Plain, axes: dict[str, Any]) -> Any:
    """The neuron or readout with an update's numbers; ``offset`` is not of its own."""
    axes = {name: value for name, value in axes.items() if name != "offset"}
    values = {name: _plain(value) for name, value in axes.items()}
    if node.fires:
        return LIF(**values)
    return CubaLI(**values) if node.synaptic else LI(**values)


def _plain(value):
    """A number where an array holds one value only."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    first = np.ravel(value)[0]
    return first.item() if (np.asarray(value) == first).all() else value


# --- which rules there are ------------------------------------------------------------------------


class Reading(NamedTuple):
    """How a rule reads a graph.

    Attributes
    ----------
    neuron : function
        The update of a neuron.
    double : bool
        Its numbers are computed in float64, whatever the file has.
    neurons : tuple of str
        The kinds of neurons that it takes.
    layers : tuple of str
        The kinds of layers that it takes.
    silent : dict of str to str
        Kinds that it passes on without a word, and how that is said.
    failing : dict of str to str
        Why it does not take a kind, where more is known than that the importer has none.
    bias_before : bool
        A layer on a cycle gives its bias before the first step.
    padding : bool
        Pools have their padding.
    """

    neuron: Callable[[Plain], Found]
    neurons: tuple[str, ...]
    layers: tuple[str, ...]
    double: bool = False
    silent: dict[str, str] = {}  # noqa: RUF012
    failing: dict[str, str] = {}  # noqa: RUF012
    bias_before: bool = True
    padding: bool = True


ALL_NEURONS = ("I", "LI", "CubaLI", "IF", "LIF", "CubaLIF")
WEIGHTS = ("Affine", "Linear", "Conv1d", "Conv2d")
POOLS = ("SumPool2d", "AvgPool2d")
ALL_LAYERS = (*WEIGHTS, *POOLS, "Flatten", "Scale", "Threshold", "Delay")
_PASSES = "passes the input on as it is"
_ENDS = "the importer ends the network there"
_SNNTORCH: dict[str, Any] = {
    "neurons": ("LIF", "CubaLIF"),
    "layers": (*WEIGHTS, *POOLS, "Flatten"),
    "failing": {"IF": "snnTorch makes a neuron of it that cannot run"},
}
_NORSE: dict[str, Any] = {
    "neurons": ("IF", "LIF", "CubaLIF"),
    "layers": ("Affine", "Linear", "Conv2d", "SumPool2d", "Flatten"),
    "silent": dict.fromkeys(("I", "LI", "CubaLI", "Conv1d"), f"Norse {_PASSES}"),
    "failing": {"AvgPool2d": _ENDS},
    "bias_before": False,
    "padding": False,
}

READINGS: dict[str, Reading] = {
    "exact": Reading(exact, ALL_NEURONS, ALL_LAYERS, double=True),
    "euler": Reading(euler, ALL_NEURONS, ALL_LAYERS, double=True),
    "snntorch-1.0": Reading(snntorch, **_SNNTORCH),
    "snntorch-1.0-subtract": Reading(snntorch_subtract, **_SNNTORCH),
    "norse-1.1": Reading(norse, **_NORSE),
    "norse-1.1-subtract": Reading(norse_subtract, **_NORSE),
    "sinabs-3.1": Reading(
        sinabs,
        ("LI", "IF", "LIF"),
        ("Affine", "Conv2d", "SumPool2d", "Flatten"),
        silent=dict.fromkeys(("I", "CubaLI", "CubaLIF", "Linear"), f"Sinabs {_PASSES}"),
        failing={"AvgPool2d": _ENDS, "Conv1d": "Sinabs raises an error"},
        bias_before=False,
        padding=False,
    ),
    "spikingjelly-2.0": Reading(
        spikingjelly,
        ("IF", "LIF", "CubaLIF"),
        (*WEIGHTS, *POOLS, "Flatten"),
        bias_before=False,
    ),
    "spyx": Reading(
        spyx,
        ("IF", "LIF", "CubaLIF"),
        (*WEIGHTS, *POOLS, "Flatten"),
        silent={"Scale": f"Spyx {_PASSES}"},
    ),
    "lava-float": Reading(lava, ("IF", "LIF", "CubaLIF"), (*WEIGHTS, *POOLS, "Flatten")),
}
FIXED = "lava-fixed"
NAMES = (*READINGS, FIXED)


def reading(name):
    """The reading that an argument ``rules`` names."""
    return READINGS[arguments.choice("rules", name, NAMES)]
