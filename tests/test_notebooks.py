"""The notebooks as they are stored; ``python notebooks/run.py`` executes them."""

import ast
import dataclasses
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from spikecore import LIF, datasets, decode, spikegen, validate
from spikecore.neurons import exact, fixed

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = [
    "1-spike-encoding.ipynb",
    "2-time-series-codes.ipynb",
    "3-feedforward-network.ipynb",
    "4-one-equation-many-simulators.ipynb",
    "6-events.ipynb",
]
NAMESPACE = {
    "LIF": LIF, "exact": exact, "fixed": fixed, "np": np, "spikegen": spikegen,
    "validate": validate,
}  # fmt: skip
ALLOWED = {"IPython", "matplotlib", "numpy", "pathlib", "spikecore"}


def read(name):
    return json.loads((FOLDER / name).read_text())


def code_of(cell):
    """The Python of a cell, without its magics."""
    lines = "".join(cell["source"]).splitlines()
    return "\n".join(line for line in lines if not line.startswith("%"))


def test_there_are_no_others():
    assert sorted(path.name for path in FOLDER.glob("*.ipynb")) == NAMES
    readme = (FOLDER / "README.md").read_text()
    assert all(f"]({name})" in readme for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_format_and_stable_ids(name):
    notebook = read(name)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    # Words, not the random letters that an editor gives a cell.
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_outputs_are_stored(name):
    for cell in read(name)["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.parametrize("name", NAMES)
def test_code_parses_and_imports_only_what_the_extra_has(name):
    imported = set()
    for cell in read(name)["cells"]:
        if cell["cell_type"] != "code":
            continue
        for node in ast.walk(ast.parse(code_of(cell))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    assert imported <= ALLOWED and "spikecore" in imported


@pytest.mark.parametrize("name", NAMES)
def test_every_code_cell_is_introduced_and_headings_nest(name):
    cells = read(name)["cells"]
    text = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    levels = [len(mark) for mark in re.findall(r"^(#+) ", "\n".join(text), flags=re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    kinds = [cell["cell_type"] for cell in cells]
    assert kinds[0] == kinds[-1] == "markdown"
    assert "code code code" not in " ".join(kinds)


@pytest.mark.parametrize("name", [*NAMES, "README.md"])
def test_links_within_the_repository_lead_somewhere(name):
    if name.endswith(".md"):
        text = (FOLDER / name).read_text()
    else:
        text = "\n".join("".join(cell["source"]) for cell in read(name)["cells"])
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.startswith("https://") or (FOLDER / target).exists(), target


def test_the_step_at_which_the_text_says_that_the_darkest_fire():
    spikes = spikegen.latency([0.0, 0.01, 1.0], 100, threshold=0.01, linear=True, normalize=True)
    first, second, bright = spikes.argmax(axis=0).tolist()
    assert first == second == 98 and bright == 0
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[0])["cells"]}
    assert "at step 98" in text["normalize"] and "at step 98" in text["clip"]
    assert "normalize=True, clip=True" in text["latency-clip"]
    assert "threshold=0.01, linear=True, normalize=True" in text["latency-normalize"]


def test_the_time_series_are_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[1])["cells"]}
    signal, time_step = datasets.ecg()
    assert "near 7.9 s, an artefact" in text["data"]
    bends = np.abs(np.diff(signal, 2)).argsort()[-4:] * time_step  # the four sharpest
    assert ((bends > 7.8) & (bends < 8)).all()
    assert "does not get to 20 dB" in text["refused-read"]
    with pytest.raises(ValueError, match="target must be met"):
        decode.choose(spikegen.step_forward, signal, "snr", 20)
    assert "Then it turns back: more spikes, more error" in text["trade-off-read"]
    tried = decode.choose(spikegen.step_forward, signal).tried
    best = tried["snr"].argmax()
    assert tried["count"][0] > 5 * tried["count"][best] and tried["snr"][0] < tried["snr"][best] / 2


def test_sigma_delta_is_ahead_and_levels_need_more_spikes():
    signal, _ = datasets.ecg()
    for target in (10, 15, 20, 30):
        counts = [
            decode.choose(encoder, signal, "snr", target, **options).metrics.count
            for encoder, options in (
                (spikegen.sigma_delta, {}),
                (spikegen.step_forward, {"multi": True}),
                (spikegen.level_crossing, {}),
            )
        ]
        assert counts == sorted(counts)


def test_the_events_are_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[-1])["cells"]}
    three = datasets.moving_digits().sample(3)
    assert "0.3/0.1 is below 3" in text["exact"] and 0.3 / 0.1 < 3
    assert "0.3 / 0.1" in text["floats"]
    assert "several events fall into one cell" in text["longer"]
    with pytest.raises(ValueError, match="several events lie in step"):
        three.to_events(dt=50_000)
    assert "34x34 pixels" in text["data"] and three.size == (34, 34)
    assert "300 ms" in text["data"] and three.stop == 300_000


def test_the_simulators_are_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[3])["cells"]}
    namespace = dict(NAMESPACE, print=lambda text: None)
    for name in ("input", "equations", "one-by-one"):
        exec(text[name].split("fig, ax")[0], namespace)
    assert "makes no difference here" in text["one-by-one-read"]
    first, current = namespace["first"], namespace["current"]
    for compare in (">", ">="):
        spikes = dataclasses.replace(first, compare=compare).run(current[:, None]).spikes
        np.testing.assert_array_equal(spikes, namespace["reference"])


def test_the_chip_is_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[3])["cells"]}
    assert "the chip fires as snnTorch's neuron does" in text["bits"]
    found = dict(NAMESPACE, print=lambda text: None)
    exec(text["input"].split("fig, ax")[0], found)
    exec(text["chip"], found)
    np.testing.assert_array_equal(found["hardware"].spikes, found["model"].spikes)
    assert found["apart"].max() * 2**13 < 128 / 13  # 1/(1 - decay)
    assert "on average" in text["converge-read"]
    exec(text["converge"].split("fig, ax")[0], found)
    np.testing.assert_allclose(np.array(found["errors"]) / found["sizes"], 1, atol=0.25)


def test_the_neurons_of_ones_own_are_named_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[3])["cells"]}
    assert "subtracts the threshold before the decay" in text["end"]
    found = dict(NAMESPACE, print=lambda *text, **options: None)
    found["numbers"] = {"decay": 0.9, "gain": 1.0, "threshold": 1.0}
    for name, cause in (("mine", "compare=>"), ("chip-judged", "decay-reset")):
        exec(text[name], found)
        assert found["report"].causes == (cause,)
