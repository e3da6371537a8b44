"""Results as tables, as pictures, as the README's section, and against older results."""

import json
import re
from pathlib import Path

from benchmarks import machine
from benchmarks.harness import Result

HEADER = (
    "case",
    "median",
    "minimum",
    "first call",
    "GB/s",
    "against peers",
    "against the memory limit",
    "share of it",
    "budget met",
)
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
TOLERANCE = 1.5  # of the ratios to the memory limit, which move that much between runs


def save(path, described, results):
    """Write the results with what they were measured on."""
    saved = {"machine": described, "results": [one.as_dict() for one in results]}
    Path(path).write_text(json.dumps(saved, indent=1) + "\n")


def load(path):
    """The machine and the results of a file that ``save`` wrote."""
    saved = json.loads(Path(path).read_text())
    return saved["machine"], [Result.from_dict(one) for one in saved["results"]]


# --- tables -------------------------------------------------------------------------------------


def duration(seconds):
    """Three digits and a unit."""
    units = {"s": 1, "ms": 1e3, "us": 1e6}
    unit = next((unit for unit, scale in units.items() if seconds * scale >= 0.9995), "us")
    value = seconds * units[unit]
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"


def row(result):
    """The cells of one result."""
    if result.refusal:
        return (result.name, "refused", *[""] * (len(HEADER) - 2))
    rate = f"{result.bytes_moved / result.median / 1e9:.1f}" if result.bytes_moved else ""
    limit, slowdown = result.limit, result.slowdown
    against = ""
    if limit:
        against = f"{limit.name} {duration(limit.median)}: {slowdown:.3g}x"
        against += _budget(limit, "at most")
    at_most = "" if result.at_most is None else f" (at most {duration(result.at_most)})"
    return (
        result.name,
        duration(result.median) + at_most,
        duration(result.minimum),
        duration(result.first_call),
        rate,
        "; ".join(_against(result, peer) for peer in result.peers),
        against,
        f"{100 / slowdown:.0f} %" if limit else "",
        result.verdict,
    )


def _against(result, peer):
    name = f"{peer.name} [{peer.note}]" if peer.note else peer.name
    if peer.refusal:
        return f"{name}: refused"
    speedup = f"{result.speedup(peer):.3g}x faster{_budget(peer, 'at least')}"
    return f"{name} {duration(peer.median)}: {speedup}"


def _budget(rival, relation):
    return "" if rival.bound is None else f" ({relation} {rival.bound:g})"


def markdown(rows):
    """Rows of cells as a Markdown table with aligned columns."""
    rows = [tuple(one) for one in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = []
    for cells in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"| {' | '.join(padded)} |")
    return "\n".join(lines)


def render(results):
    """The table of results, the work of each case, and the reasons of refusals."""
    lines = [markdown([HEADER, *map(row, results)]), ""]
    lines += [f"- {one.name}: {one.work}" for one in results]
    lines += [""] if any(refusals(results)) else []
    lines += refusals(results)
    return "\n".join(lines)


def refusals(results):
    """A sentence for each thing that was not timed."""
    said = [
        f"{one.name} was not timed, its output is wrong: {one.refusal}"
        for one in results
        if one.refusal
    ]
    return said + [
        f"{peer.name} was not timed in {one.name}, its output is another: {peer.refusal}"
        for one in results
        for peer in one.peers
        if peer.refusal
    ]


def page(described, results):
    """Everything as one Markdown page."""
    head = "\n".join(f"- {line}" for line in machine.lines(described))
    return f"# Benchmarks\n\n{head}\n\n{render(results)}\n"


# --- the README ---------------------------------------------------------------------------------

README_CASES = (
    "rate, float32",
    "rate, uint8",
    "latency, log",
    "latency, linear",
    "delta, float32",
    "Leaky, spikes and membrane",
    "Leaky, uint8 spikes alone",
    "network, 10 %",
    "network, 2 %",
    "import spikecore",
)
README_PEERS = ("snnTorch", "NumPy")


def readme_section(described, results):
    """What the README says of speed: a few rows, and what they were measured on."""
    found = {one.name: one for one in results}
    rows = [("work", "time", *(f"against {peer}" for peer in README_PEERS), "memory limit")]
    for name in README_CASES:
        if name not in found or found[name].refusal:
            continue
        one = found[name]
        peers = {peer.name: peer for peer in one.peers if not peer.refusal}
        ratios = [
            f"{one.speedup(peers[peer]):.3g}x faster" if peer in peers else ""
            for peer in README_PEERS
        ]
        bound = one.limit is not None and one.limit.bound is not None
        limit = f"{one.slowdown:.2g}x {one.limit.name}" if bound else ""
        rows.append((f"{name}: {one.work.partition(';')[0]}", duration(one.median), *ratios, limit))
    rows.append(("the same on a GPU", "not yet measured on a GPU", *[""] * (len(rows[0]) - 2)))
    loads = f"load {described['load before']} before and {described['load after']} after"
    facts = described["versions"]
    versions = ", ".join(f"{name} {facts[name]}" for name in ("numpy", "numba", "torch", "snntorch")
                         if name in facts)  # fmt: skip
    return (
        f"{_plain_table(rows)}\n\n"
        f"Median of warm calls on {described['threads']} threads of {described['cpu']} "
        f"({described['system']}, {loads}), {versions}, at {described['commit']}. Compiling is not "
        "counted, `out=` is given to spikecore wherever there is one, and each output was compared "
        "bit by bit before it was timed."
    )


def _plain_table(rows):
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def with_section(text, section):
    """A README's text with the section between its two markers."""
    pattern = f"{re.escape(BEGIN)}\n.*?{re.escape(END)}"
    if not re.search(pattern, text, re.DOTALL):
        raise ValueError(f"the README must hold the lines {BEGIN} and {END}; add them")
    return re.sub(pattern, lambda _: f"{BEGIN}\n{section}\n{END}", text, flags=re.DOTALL)


# --- against older results ----------------------------------------------------------------------


def compare(old, new, tolerance=TOLERANCE):
    """Lines that compare new results with old ones, and whether they pass.

    What is judged is the ratio to the memory limit of the same run: absolute times differ between
    machines, and from hour to hour on one.
    """
    before = {one.name: one for one in old}
    lines, passed = [], True
    for one in new:
        was = before.get(one.name)
        if was is None or was.refusal:
            continue
        if one.refusal:
            lines.append(f"{one.name}: refused now, {one.refusal}")
            passed = False
            continue
        told = f"{one.name}: {one.median / was.median:.2f} of the old time"
        if one.limit and was.limit:
            change = one.slowdown / was.slowdown
            told += f", {change:.2f} of the old ratio to the memory limit"
            if change > tolerance:
                told += f", more than {tolerance:g}: SLOWER"
                passed = False
        lines.append(told)
    return lines, passed


# --- pictures -----------------------------------------------------------------------------------


def plot(folder, results):
    """Draw time against size, and speed-ups over each peer; give back the files' names."""
    import matplotlib

    matplotlib.use("Agg")
    drawn = []
    for name, draw in (("time_against_size.png", _plot_sizes), ("speedups.png", _plot_speedups)):
        figure = draw([one for one in results if not one.refusal])
        if figure is not None:
            figure.savefig(Path(folder) / name, dpi=120)
            drawn.append(name)
    return drawn


def _plot_sizes(results):
    from matplotlib.figure import Figure

    curves = {}
    for one in results:
        if one.series:
            curves.setdefault(one.series, []).append(one)
    if not curves:
        return None
    figure = Figure(figsize=(5 * len(curves), 4), layout="constrained")
    axes = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for ax, (name, points) in zip(axes, curves.items(), strict=True):
        points.sort(key=lambda one: one.size)
        sizes = [one.size for one in points]
        ax.loglog(sizes, [one.median for one in points], "o-", label="spikecore")
        ax.loglog(sizes, [one.limit.median for one in points], "k--", label="memory limit")
        for peer in dict.fromkeys(peer.name for one in points for peer in one.peers):
            pairs = [(one.size, other.median) for one in points for other in one.peers
                     if other.name == peer and not other.refusal]  # fmt: skip
            if pairs:
                ax.loglog(*zip(*pairs, strict=True), ".-", label=peer)
        ax.set(title=name, xlabel="spikes to compute")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("seconds, median")
    axes[-1].legend()
    return figure


def _plot_speedups(results):
    from matplotlib.figure import Figure

    bars = [
        (f"{one.name} over {peer.name}", peer.name, one.speedup(peer))
        for one in results
        for peer in one.peers
        if not peer.refusal and not one.series
    ]
    if not bars:
        return None
    names = list(dict.fromkeys(peer for _, peer, _ in bars))
    figure = Figure(figsize=(9, 1 + 0.22 * len(bars)), layout="constrained")
    ax = figure.subplots()
    ax.barh(
        range(len(bars)),
        [speedup for *_, speedup in bars],
        color=[f"C{names.index(peer)}" for _, peer, _ in bars],
    )
    ax.set_yticks(range(len(bars)), [label for label, *_ in bars], fontsize=7)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.axvline(1, color="k", linewidth=1)
    ax.set_xlabel("times faster than the peer")
    ax.grid(axis="x", alpha=0.3)
    return figure
