"""``spikecore.validate.suite``: the checks of a candidate as tests of pytest."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spikecore import LIF, spikegen
from spikecore.validate.suite import EncoderSuite, NeuronSuite

ROOT = Path(__file__).resolve().parents[1]
SUITE = "spikecore.validate.suite"
CHECKS = ("pulses", "pulses again", "grid", "random", "strong", "edge", "batch")
CANDIDATES = """
import numpy as np
from spikecore import LIF, spikegen
from spikecore.validate.suite import EncoderSuite, NeuronSuite

neuron = LIF(0.9).run
wrong = LIF(0.9, compare=">=").run

def fused(current, membrane):
    reset = (membrane > 1).astype(np.float32)
    product = np.float64(np.float32(0.9)) * membrane
    membrane = (product + current).astype(np.float32) - reset
    return membrane > 1, membrane

class TestNeuron(NeuronSuite):
    candidate = staticmethod(wrong)
    against = "snntorch-1.0"
    options = {"decay": 0.9, "compare": ">="}

class TestEncoder(EncoderSuite):
    candidate = staticmethod(spikegen.delta)
    kind = "delta"
    options = {"threshold": 0.25}
"""


def run(folder, *words, module=SUITE):
    """Exit status and output of pytest in a process of its own."""
    (folder / "test_theirs.py").write_text(CANDIDATES)
    done = subprocess.run(
        [sys.executable, "-m", module, *words, "-v", "-p", "no:cacheprovider"], cwd=folder,
        capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stdout


def verdicts(printed):
    """{check: PASSED or FAILED} of the tests of one class."""
    return dict(re.findall(r"test_check\[(.*?)\] (PASSED|FAILED)", printed))


class TestReference(NeuronSuite):
    """The suite itself, on what conforms."""

    candidate = staticmethod(LIF(0.9).run)


class TestReferenceEncoder(EncoderSuite):
    """The same for an encoder."""

    kind = "latency"
    options = {"num_steps": 12, "linear": True, "normalize": True}  # noqa: RUF012

    candidate = staticmethod(spikegen.latency)


@pytest.mark.parametrize("module", ["pytest", SUITE])
def test_a_candidate_has_a_test_for_each_check(tmp_path, module):
    words = ("--candidate", "test_theirs:neuron", "--as", "snntorch-1.0", "--set", "decay=0.9")
    if module == "pytest":
        words = ("-p", SUITE, "--pyargs", SUITE, *words)
    status, printed = run(tmp_path, *words, module=module)
    assert status == 0, printed
    assert verdicts(printed) == dict.fromkeys(CHECKS, "PASSED")


def test_what_fails_is_explained_and_told_by_the_status(tmp_path):
    words = ("--candidate", "test_theirs.py:wrong", "--as", "snntorch-1.0")
    status, printed = run(tmp_path, *words)
    assert status == 1
    found = verdicts(printed)
    assert tuple(found) == CHECKS
    assert found["edge"] == "FAILED" and found["random"] == "PASSED"
    assert "you compare with >=" in printed and "Traceback" not in printed


@pytest.mark.parametrize(("strict", "status"), [("false", 0), ("true", 1)])
def test_rounding_fails_where_it_is_asked_for(tmp_path, strict, status):
    words = ("--candidate", "test_theirs:fused", "--as", "snntorch-1.0", "--set")
    assert run(tmp_path, *words, f"strict={strict}")[0] == status


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "--candidate MODULE:NAME and --as KIND must be given"),
        (("--candidate", "test_theirs:nosuch", "--as", "rate"), "has no 'nosuch'"),
        (("--candidate", "test_theirs:neuron", "--as", "nosuch"), "against must be one of"),
    ],
)
def test_bad_usage_is_one_sentence_and_no_test_runs(tmp_path, words, sentence):
    status, printed = run(tmp_path, *words)
    assert status == 2 and verdicts(printed) == {}
    assert sentence in printed and "suite.py:" not in printed


def test_a_class_in_a_file_of_tests_is_enough(tmp_path):
    status, printed = run(tmp_path, "test_theirs.py", module="pytest")
    assert status == 0, printed
    assert "TestNeuron::test_check[pulses]" in printed
    assert "TestEncoder::test_check[halves]" in printed
    assert "TestCandidate" not in printed


def test_only_the_suite_imports_pytest():
    code = (
        "import sys; from spikecore import LIF, validate; from spikecore.validate import command;"
        "assert validate.neuron(LIF(0.9)).passed; assert 'pytest' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
