"""The structure that CONTRIBUTING.md draws: imports run one way, backends and words agree."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import spikecore
from spikecore import (
    decode,
    events,
    lazy,
    network,
    neurons,
    nir,
    random,
    spikegen,
    statistics,
    utils,
)
from spikecore.backends import cpu, cuda
from spikecore.backends import numpy as reference
from spikecore.neurons.units import UNITS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "spikecore"

# From the ground up: a file imports its own floor and those below.
FLOORS = (
    ("annotations",),
    (
        "chunked",
        "compiler",
        "files",
        "foreign",
        "kernel_cache",
        "kernel_identity",
        "memory",
        "results",
    ),
    ("arithmetic", "philox"),
    ("backends",),
    ("arguments",),
    ("events",),
    ("random",),
    ("codes", "neurons", "measures"),
    ("network",),
    ("lazy",),
    ("spikegen", "decode", "statistics", "datasets", "recordings", "download", "utils"),
    ("plots", "spikeplot", "info", "demo", "listing", "convergence", "meaning", "nir"),
    ("validate",),
    ("encode",),
    ("__main__",),
)


def files():
    return sorted(path for path in PACKAGE.rglob("*.py"))


def module_of(path):
    """Name of a file's module below the package; a folder's __init__ is the folder."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def floor_of(module):
    first = module.split(".")[0]
    return next(number for number, names in enumerate(FLOORS) if first in names)


MODULES = {module_of(path): path for path in files()}


def imports_of(path):
    """Modules below the package that a file imports, at the top or inside of a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by dots; write the whole name"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if is_module(name) else node.module for name in inner]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "spikecore":
                yield name.removeprefix("spikecore").removeprefix(".")


def is_module(name):
    return name.startswith("spikecore.") and name.removeprefix("spikecore.") in MODULES


def test_every_file_has_a_floor():
    for module in MODULES:
        if module:
            assert floor_of(module) >= 0


def test_contributing_draws_every_floor_in_its_place():
    picture = (ROOT / "CONTRIBUTING.md").read_text().split("```")[1]
    words = re.findall(r"\w+/?", picture)
    drawn = [[f"{n}/" if (PACKAGE / n).is_dir() else n for n in names] for names in FLOORS]
    places = [max(map(words.index, names)) for names in drawn[::-1]]
    assert places == sorted(places)


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_imports_run_one_way(module):
    for target in imports_of(MODULES[module]):
        if target:  # the package itself has the version and lazy names
            assert floor_of(target) <= floor_of(module), f"{module} imports {target}"


def test_no_files_import_each_other_in_a_circle():
    """A folder's ``__init__`` gathers names, so a file may import what lies beside it."""
    arrows = {
        module: {t for t in imports_of(path) if t and not module.startswith(f"{t}.")}
        for module, path in MODULES.items()
        if module
    }
    done = set()

    def visit(module, way):
        assert module not in way, " -> ".join([*way, module])
        if module not in done:
            for target in arrows[module]:
                visit(target, [*way, module])
            done.add(module)

    for module in arrows:
        visit(module, [])


def libraries_of(path):
    """Whole names of what a file imports from elsewhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("library", "place"), [("numba.cuda", "backends/cuda/"), ("matplotlib", "plots/")]
)
def test_only_one_folder_imports(library, place):
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in files()
        if any(f"{name}.".startswith(f"{library}.") for name in libraries_of(path))
    }
    assert users
    assert {name for name in users if not name.startswith(place)} == set()


def functions_of(backend):
    members = inspect.getmembers(backend, callable)
    return {name: function for name, function in members if name in cpu.__all__}


@pytest.mark.parametrize("backend", [reference, cuda.Backend], ids=["numpy", "cuda"])
def test_every_backend_has_the_same_functions_with_the_same_arguments(backend):
    expected = functions_of(cpu)
    assert set(functions_of(backend)) == set(expected) == set(cpu.__all__) - {"resident"}
    for name, function in functions_of(backend).items():
        names = [n for n in inspect.signature(function).parameters if n != "self"]
        assert names == list(inspect.signature(expected[name]).parameters), name
    assert set(reference.__all__) == set(cpu.__all__)


def test_every_backend_says_whether_its_arrays_lie_on_a_gpu():
    assert reference.resident is False
    assert cpu.resident is False
    assert cuda.Backend(resident=True).resident is True


# --- signatures and what is written of them -----------------------------------------------------


def public():
    """Every public function and class by the name that a user writes."""
    found = {"devices": spikecore.devices, "profiles": spikecore.profiles}
    for home in (spikegen, neurons, network, utils):
        for name in home.__all__:
            if not inspect.ismodule(getattr(home, name)):
                found[name] = getattr(home, name)
    for home in (decode, statistics, neurons.fixed, neurons.exact, nir):
        for name in home.__all__:  # some have the name of an encoder or a neuron
            found[f"{home.__name__.rpartition('.')[2]}.{name}"] = getattr(home, name)
    for name in ("seed_of", "words", "uniforms", "torch_uniforms"):
        found[name] = getattr(random, name)
    fixed = {f"fixed.{kind.__name__}": kind for kind in (neurons.fixed.LIF, neurons.fixed.Linear)}
    fixed["exact.LIF"] = neurons.exact.LIF
    found |= {f"lazy.{name}": getattr(lazy, name) for name in lazy.__all__}
    fixed["nir.Network"] = nir.Network
    found |= {f"events.{name}": getattr(events, name) for name in events.__all__}
    layers = (getattr(network, name) for name in network.__all__)
    classes = (neurons.LIF, *layers, spikecore.Events)
    kinds = {kind.__name__: kind for kind in classes if not issubclass(kind, tuple)}
    for kind_name, kind in {**kinds, **fixed}.items():
        for name, member in inspect.getmembers(kind, callable):
            if not name.startswith("_"):
                found[f"{kind_name}.{name}"] = member
    return found


PUBLIC = public()
INNER = {"Linear.product", "Linear.inputs", "Linear.refuse_infinite", "Linear.inputs_of_events"}


def documented(function):
    """Names in the section "Parameters" of a docstring, or None where there is no section."""
    text = inspect.getdoc(function) or ""
    match = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, re.M | re.S)
    if match is None:
        return None
    heads = re.findall(r"^([*\w][^\n]*(?:\\\n[^\n]*)?)$", match[1].replace("\\\n", ""), re.M)
    return [
        name.strip(" *\\") for head in heads for name in head.partition(" :")[0].split(",") if name
    ]


def arguments_of(function):
    if inspect.isclass(function) and issubclass(function, (tuple, Exception)):
        return []  # a result, whose docstring has attributes, or an error
    names = list(inspect.signature(function).parameters)
    return [name for name in names if name not in ("self", "args", "kwargs")]


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - INNER))
def test_the_docstring_names_the_arguments_in_their_order(name):
    function = PUBLIC[name]
    names = documented(function)
    expected = arguments_of(function)
    if names is None and not expected:
        return
    if names is None:  # one sentence that names each of them
        for argument in expected:
            assert argument in inspect.getdoc(function), argument
        return
    assert sorted(names) == sorted(expected)


def calls_in(text):
    """Function names and keywords of the calls that a text shows."""
    ours = "\n".join(line for line in text.splitlines() if not line.startswith("|"))  # no tables
    for match in re.finditer(r"\b([A-Za-z_][\w.]*)\(([^()\n]*(?:\([^()]*\)[^()\n]*)*)\)", ours):
        keywords = re.findall(r"(?:^|[,(]\s*)(\w+)\s*=(?!=)", match[2])
        yield match[1], keywords


@pytest.mark.parametrize("page", ["README.md", "SPEC.md", "CONTRIBUTING.md"])
def test_calls_that_are_shown_use_arguments_that_exist(page):
    seen = 0
    for name, keywords in calls_in((ROOT / page).read_text()):
        words = name.split(".")
        longest_first = (".".join(words[-count:]) for count in (3, 2, 1))
        function = next((PUBLIC[known] for known in longest_first if known in PUBLIC), None)
        if function is None or not keywords:
            continue
        seen += 1
        parameters = inspect.signature(function).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            kind = neurons.fixed.LIF if "fixed" in words else neurons.LIF
            parameters = {**parameters, **inspect.signature(kind).parameters}
        if words[-1] == "from_units":
            taken = [inspect.signature(convert).parameters for convert in UNITS.values()]
            parameters = set().union(*taken)
        unknown = set(keywords) - set(parameters)
        assert not unknown, f"{page} shows {name}({', '.join(unknown)}=...)"
    assert seen or page == "CONTRIBUTING.md"
