"""What the installed libraries conform to, as text for a terminal and as CONFORMANCE.md."""

import platform
from importlib import resources
from string import Template

import numpy as np

from spikecore import __version__
from spikecore.validate import peers
from spikecore.validate.report import WORDS

VERDICTS = ("exact", "rounding", "wrong")  # of trials that could be compared
COMMAND = "python -m spikecore validate --all-peers --markdown CONFORMANCE.md"


def run(name, only=""):
    """(claim, report) of the calls of a library whose text contains ``only``."""
    return [(claim, claim.report()) for claim in peers.claims(name) if only in claim.call]


def lines(name, results):
    """One library, for a terminal."""
    yield f"{peers.PEERS[name][0]} {peers.version(name)}"
    for claim, report in results:
        yield f"  {WORDS[report.verdict]:<21} {claim.call}"
        yield f"  {'':<21} compared with {claim.compared.replace('`', '')}"
        for sentence in _why(report):
            yield f"  {'':<21} {sentence}"


def _why(report):
    """Cause and first difference of what is not equal."""
    yield from report.diagnosis[:1]
    if report.passed:
        return
    worst = next(check for check in report.checks if check.verdict == report.verdict)
    yield f"{worst.name}: {worst.difference or worst.detail}"
    others = [check.verdict for check in report.checks if check.verdict != "failed"]
    if report.verdict == "failed" and others:
        yield f"other trials: {WORDS[max(others, key=VERDICTS.index)]}"


def markdown(everything, missing):
    """The page: ``everything`` is {name: results}, ``missing`` the libraries not installed."""
    page = Template(resources.files("spikecore").joinpath("data/conformance.md").read_text("utf-8"))
    text = page.substitute(
        spikecore=__version__,
        command=COMMAND,
        versions=", ".join(f"{peers.PEERS[name][0]} {peers.version(name)}" for name in everything),
        python=platform.python_version(),
        numpy=np.__version__,
        machine=platform.machine(),
        sections="\n".join(
            part for name in everything for part in _section(name, everything[name])
        ),
    )
    return text + (f"\nNot installed, so not run: {', '.join(missing)}.\n" if missing else "")


def _section(name, results):
    yield f"## {peers.PEERS[name][0]} {peers.version(name)}\n"
    yield (
        f"`python -m spikecore validate --peer {name}` shows it; `--only TEXT` picks calls and\n"
        "prints their whole reports.\n"
    )
    yield "| call | compared with | verdict | where and why it differs |\n| --- | --- | --- | --- |"
    rows = [
        f"| `{_cell(claim.call)}` | {_cell(claim.compared)} | {WORDS[report.verdict]} | "
        f"{_cell('; '.join(_why(report))) or '-'} |"
        for claim, report in results
    ]
    yield "\n".join(rows) + "\n"
    apart = {claim.subject: claim.apart() for claim, _ in results if claim.apart()}
    if apart:
        yield "Against snnTorch's default neuron of the same numbers:\n"
        yield "\n".join(f"- {_cell(subject)}: {text}" for subject, text in apart.items()) + "\n"


def _cell(text):
    return text.replace("|", "\\|").replace("\n", " ")
