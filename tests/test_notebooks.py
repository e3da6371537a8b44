"""The notebooks as they are stored; ``python notebooks/run.py`` executes them."""

import ast
import dataclasses
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from spikecore import LIF, datasets, decode, meaning, nir, spikegen, validate
from spikecore.neurons import exact, fixed

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = [
    "1-spike-encoding.ipynb",
    "2-time-series-codes.ipynb",
    "3-feedforward-network.ipynb",
    "4-one-equation-many-simulators.ipynb",
    "5-networks-from-elsewhere.ipynb",
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


def test_the_importers_are_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[4])["cells"]}
    golden = Path(__file__).parent / "golden" / "nir"
    braille = nir.read(golden / "braille_noDelay_bias_zero.nir")
    assert "38 neurons form a cycle; 7 outputs follow" in text["nodes"]
    assert braille.nodes["lif1.w_rec"].fields["weight"].shape == (38, 38)
    assert braille.nodes["output"].fields["shape"].tolist() == [7]
    letter = np.load(golden / "data.npz")["published_braille_noDelay_bias_zero/input"]
    assert "256 steps, 12 channels" in text["published"] + text["graph-read"]
    assert letter.shape == (256, 12)
    assert "differs in a single choice" in text["part-read"]
    run = {name: braille.run(letter, 1e-4, name, record=("spikes",), device="numpy")
           for name in ("snntorch-1.0", "norse-1.1")}  # fmt: skip
    without_bias = {"lif1.w_rec": (np.zeros(38, np.float32),)}
    same = braille.run(letter, 1e-4, "snntorch-1.0", state=without_bias, device="numpy")
    np.testing.assert_array_equal(same.outputs, run["norse-1.1"].outputs)
    assert (same.outputs != run["snntorch-1.0"].outputs).any()
    assert "Two rules refuse the file" in text["compare-read"]
    refused = []
    for name in nir.rules():
        try:
            braille.run(letter[:1], 1e-4, name, device="numpy")
        except ValueError:
            refused.append(name)
    assert refused == ["sinabs-3.1", "lava-fixed"]


def test_the_costs_are_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[4])["cells"]}
    found = dict(NAMESPACE, print=lambda *text, **options: None, datasets=datasets, nir=nir)
    for name in ("digits", "answers"):
        exec(text[name], found)
    result, codes = meaning.measure(), found["codes"]
    for code, spikes in meaning.examples()[0].items():
        np.testing.assert_array_equal(codes[code], spikes)
    costs = {row.names[0]: row for row in (*result.profiles, *result.rules)}
    assert "about one digit in a hundred" in text["by-rule-read"]
    for name in ("snntorch-1.0-subtract", "spyx"):
        lost = np.subtract(costs["euler"].correct, costs[name].correct)
        assert ((lost >= 3) & (lost <= 5)).all()
    assert "hundreds of times as many spikes" in text["by-rule-read"]
    assert min(np.divide(costs["sinabs-3.1"].spikes, costs["euler"].spikes)) > 100
    assert "nearly half of the answers" in text["by-choice-read"]
    assert 0.4 * 360 < costs["euler"].correct[1] - costs["nengo"].correct[1] < 0.5 * 360
    exec("weights = " + text["by-choice"].partition("weights = ")[2].partition("\n")[0], found)
    exec(text["bits"].partition("sizes =")[0], found)
    assert "fewer than two digits in a hundred" in text["end"]
    whole = {row.names[0]: row.correct for row in result.bits if "membrane" in row.change}
    for code, spikes in enumerate(codes.values()):
        share = found["right"](found["in_integers"](spikes, 5))
        assert share == whole["5"][code] / 360
        losses = {n: costs["euler"].correct[code] - whole[str(n)][code] for n in range(4, 13)}
        assert max(lost for n, lost in losses.items() if n > 4) < min(0.02 * 360, losses[4])
        assert losses[4] < 0.05 * 360
        assert found["right"](found["in_integers"](spikes, 3)) < 0.6


def test_the_neurons_of_ones_own_are_named_as_the_text_says():
    text = {cell["id"]: "".join(cell["source"]) for cell in read(NAMES[3])["cells"]}
    assert "subtracts the threshold before the decay" in text["end"]
    found = dict(NAMESPACE, print=lambda *text, **options: None)
    found["numbers"] = {"decay": 0.9, "gain": 1.0, "threshold": 1.0}
    for name, cause in (("mine", "compare=>"), ("chip-judged", "decay-reset")):
        exec(text[name], found)
        assert found["report"].causes == (cause,)
