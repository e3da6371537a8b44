"""Neurons in the arguments and units of their simulators: what ``LIF.from_units`` converts."""

import inspect
import math
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from spikecore import arguments
from spikecore.neurons.units import continuous, layers
from spikecore.neurons.units.quantities import Flag

Units = Callable[..., dict[str, Any]]
UNITS: dict[str, Units] = {
    "nest-delta": continuous.nest_delta,
    "nest-exp": continuous.nest_exp,
    "pynn-if-curr-delta": continuous.pynn_delta,
    "pynn-if-curr-exp": continuous.pynn_exp,
    "brian2": continuous.brian2,
    "nengo": continuous.nengo,
    "nengo-adaptive": continuous.nengo_adaptive,
    "norse-lif": layers.norse_lif,
    "norse-lif-refrac": layers.norse_lif_refrac,
    "norse-iaf": layers.norse_iaf,
    "spikingjelly": layers.spikingjelly,
    "spikingjelly-if": layers.spikingjelly_if,
    "spikingjelly-plif": layers.spikingjelly_plif,
    "spikingjelly-qif": layers.spikingjelly_qif,
    "spikingjelly-eif": layers.spikingjelly_eif,
    "spikingjelly-cuba": layers.spikingjelly_cuba,
    "sinabs": layers.sinabs,
    "sinabs-iaf": layers.sinabs_iaf,
    "sinabs-alif": layers.sinabs_alif,
    "rockpool": layers.rockpool,
    "lava-synapse": layers.lava_synapse,
    "lava-refractory": layers.lava_refractory,
}
# Of these the model divides by, or it makes no neuron of them at all.
POSITIVE = {
    "dt", "tau", "tau_m", "tau_mem", "tau_rc", "tau_n", "tau_adapt", "tau_syn", "tau_syn_ex",
    "tau_syn_in", "tau_syn_E", "tau_syn_I", "init_tau", "C_m", "cm", "delta_T",
}  # fmt: skip
NOT_NEGATIVE = {
    "t_ref", "tau_refrac", "tau_ref", "refractory", "rho_reset", "refractory_period", "delay",
}  # fmt: skip


UNSET = {"leak": 0.0, "reset_value": 0.0, "spikes": "single"}  # and None: LIF's own defaults


def convert(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Fields of ``LIF`` for a simulator's own arguments, each of which is checked."""
    function = UNITS[arguments.choice("name", name, tuple(UNITS))]
    known, hints = tuple(inspect.signature(function).parameters), _hints(function)
    for key in given:
        if key not in known:
            must = f"be an argument of {name!r}, out of {known}"
            arguments.refuse(key, must, "another name", "correct it", TypeError)
    checked = {key: _checked(key, value, hints[key]) for key, value in given.items()}
    return {key: value for key, value in function(**checked).items() if value != UNSET.get(key)}


def _hints(function):
    return get_type_hints(function, include_extras=True)


def _checked(name, value, hint):
    """One argument: a choice, a flag, or a number in its bounds."""
    if value is None and type(None) in get_args(hint):
        return None
    if get_origin(hint) is Literal:
        return arguments.choice(name, value, get_args(hint))
    if hint == Flag:
        return arguments.flag(name, value)
    low = 0 if name in POSITIVE | NOT_NEGATIVE else -math.inf
    return arguments.number(name, value, low, open_low=name in POSITIVE)


def defaults(name: str) -> dict[str, str]:
    """The arguments of ``LIF.from_units`` for a name: each with its default and its unit."""
    function = UNITS[name]
    hints = _hints(function)
    return {
        key: f"{parameter.default} {_unit(hints[key])}".strip()
        for key, parameter in inspect.signature(function).parameters.items()
    }


def _unit(hint):
    """The unit in an annotation."""
    for part in (hint, *get_args(hint)):
        if get_origin(part) is Annotated:
            return part.__metadata__[0]
    return ""
