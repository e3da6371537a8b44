"""What the installed libraries conform to, as text for a terminal and as CONFORMANCE.md."""

import platform

import numpy as np

from spikecore import __version__
from spikecore.validate import peers
from spikecore.validate.report import WORDS

COMMAND = "python -m spikecore validate --all-peers --markdown CONFORMANCE.md"


def run(name, only=""):
    """(claim, report) of the calls of a library whose text contains ``only``."""
    return [(claim, claim.report()) for claim in peers.claims(name) if only in claim.call]


def lines(name, results):
    """One library, for a terminal."""
    yield f"{peers.PEERS[name][0]} {peers.version(name)}"
    for claim, report in results:
        yield f"  {WORDS[report.verdict]:<21} {claim.call}"
        yield f"  {'':<21} compared with {claim.subject.replace('`', '')}"
        for sentence in _why(report):
            yield f"  {'':<21} {sentence}"


def _why(report):
    """Cause and first difference of what is not equal."""
    yield from report.diagnosis[:1]
    if report.passed:
        return
    worst = next(check for check in report.checks if check.verdict == report.verdict)
    yield f"{worst.name}: {worst.difference or worst.detail}"


def markdown(everything, missing):
    """The page: ``everything`` is {name: results}, ``missing`` the libraries not installed."""
    versions = ", ".join(f"{peers.PEERS[n][0]} {peers.version(n)}" for n in everything)
    parts = [
        "# Conformance\n",
        "What the neurons and encoders of other libraries compute, found by running them against\n"
        f"spikecore {__version__}. Made by\n",
        f"```sh\n{COMMAND}\n```\n",
        f"with {versions}, Python {platform.python_version()} and NumPy {np.__version__} on "
        f"{platform.machine()}. Do not edit by hand.\n",
        "- *equal*: the same spikes and membranes, bit for bit; for random codes, the same spikes "
        "for the same seed of torch, or the same distribution.\n"
        "- *equal up to rounding*: followed step by step from the library's own state, every "
        "difference lies within 4 ulp of the largest number in the step, which another order of "
        "operations explains.\n"
        "- *WRONG*: some difference lies outside; the cause is named where a known one reproduces "
        "the library exactly. It says that the call differs from the profile or code in its row, "
        "not that the library is broken, unless its own documentation says so.\n"
        "- *FAILED*: the call raised, or gave another shape.\n",
    ]
    parts += [part for name, results in everything.items() for part in _section(name, results)]
    parts.append(
        "BindsNET, Lava and Spyx have profiles too, read from their sources (SPEC.md); no adapter "
        "runs them here.\n"
    )
    if missing:
        parts.append(f"Not installed, so not run: {', '.join(missing)}.\n")
    return "\n".join(parts)


def _section(name, results):
    yield f"## {peers.PEERS[name][0]} {peers.version(name)}\n"
    yield (
        f"`python -m spikecore validate --peer {name}` shows it; `--only TEXT` picks calls and\n"
        "prints their whole reports.\n"
    )
    yield "| call | compared with | verdict | where and why it differs |\n| --- | --- | --- | --- |"
    rows = [
        f"| `{_cell(claim.call)}` | {_cell(claim.subject)} | {WORDS[report.verdict]} | "
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
