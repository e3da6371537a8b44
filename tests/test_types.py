"""The types of the public API: all are there, and they allow what runs and refuse what raises.

Whether type checkers agree, ``tests/typed/check.py`` says; it needs mypy and pyright.
"""

import inspect
import runpy
import typing
from pathlib import Path

import pytest

import spikecore
from spikecore import (
    datasets,
    network,
    neurons,
    random,
    spikegen,
    spikeplot,
    statistics,
    utils,
    validate,
)
from spikecore.neurons.lif import CHOICES

TYPED = Path(__file__).resolve().parent / "typed"
INNER = {"Linear.product", "Linear.fill", "Linear.inputs", "Linear.refuse_infinite"}


def public():
    """Every public function, class and method by its name."""
    found = {"devices": spikecore.devices}
    for home in (spikegen, neurons, network, utils, datasets, spikeplot, validate):
        found |= {name: getattr(home, name) for name in home.__all__}
    found |= {f"statistics.{name}": getattr(statistics, name) for name in statistics.__all__}
    found |= {f"fixed.{name}": getattr(neurons.fixed, name) for name in neurons.fixed.__all__}
    found |= {f"exact.{name}": getattr(neurons.exact, name) for name in neurons.exact.__all__}
    found |= {name: getattr(random, name) for name in ("seed_of", "words", "uniforms")}
    found |= {"torch_uniforms": random.torch_uniforms}
    found = {name: member for name, member in found.items() if callable(member)}
    for kind_name, kind in [pair for pair in found.items() if inspect.isclass(pair[1])]:
        for name, member in vars(kind).items():
            member = member.fget if isinstance(member, property) else member
            member = getattr(member, "__func__", member)
            if inspect.isfunction(member) and (name == "__call__" or not name.startswith("_")):
                found[f"{kind_name}.{name}"] = member
    return {name: member for name, member in found.items() if name not in INNER}


PUBLIC = public()


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_argument_and_every_result_has_a_type(name):
    if isinstance(PUBLIC[name], type) and issubclass(PUBLIC[name], Exception):
        return
    signature = inspect.signature(PUBLIC[name])
    arguments = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    assert [p.name for p in arguments if p.annotation is p.empty] == []
    assert inspect.isclass(PUBLIC[name]) or signature.return_annotation is not signature.empty


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - set(spikeplot.__all__)))
def test_the_types_can_be_read_when_the_program_runs(name):
    """But those of plots, because that would import matplotlib."""
    hints = typing.get_type_hints(PUBLIC[name])
    assert set(PUBLIC[name].__annotations__) <= set(hints)


def test_the_axes_of_lif_take_the_names_in_their_types():
    assert set(CHOICES) == {
        "compare", "reset", "reset_at", "spikes", "report_spike", "synapse_order", "adaptation_of",
        "refractory_holds", "refractory_mode", "spike_map",
    }  # fmt: skip
    for name, options in CHOICES.items():
        assert getattr(neurons.LIF, name) in options
        assert ", ".join(f'"{option}"' for option in options) in neurons.LIF.__doc__


def test_a_program_without_errors_of_types_runs():
    runpy.run_path(str(TYPED / "user.py"))


LINES = (TYPED / "wrong.py").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def names():
    """What the lines of wrong.py without mistakes define."""
    found = {}
    exec("\n".join(line for line in LINES if not line.endswith("# E")), found)
    return found


@pytest.mark.parametrize("line", [line for line in LINES if line.endswith("# E")])
def test_a_line_with_an_error_of_types_raises(line, names):
    with pytest.raises((AttributeError, TypeError, ValueError)):
        exec(line, dict(names))
