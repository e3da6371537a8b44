"""Tables of the neurons: the profiles, and the axes as ``LIF`` and its docstring have them."""

import inspect
import re
from dataclasses import MISSING, fields

from spikecore.neurons.lif import LIF, profiles

COLUMNS = ("name", "simulator", "version", "equation")


def profile_lines():
    """A row for each profile, under the names of the columns."""
    rows = [COLUMNS]
    for name, profile in profiles().items():
        rows.append((name, profile.simulator, profile.version, str(LIF.profile(name))))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def axis_lines():
    """Each field of ``LIF``: its default, its options, and what it means."""
    described = documented(inspect.getdoc(LIF) or "")
    for field in fields(LIF):
        options, meaning = described.get(field.name, ("", ()))
        default = "must be given" if field.default is MISSING else f"{field.default!r} by default"
        yield f"{field.name}: {options}, {default}"
        yield from (f"    {line}" for line in meaning)


def documented(text):
    """{parameter: (type, lines of its description)} of the parameters in a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+$|\Z)", text, re.M | re.S)
    found = {}
    for line in section[1].splitlines() if section else ():
        if head := re.match(r"(\w+) : (.*)", line):
            found[head[1]] = (head[2], [])
        elif line.strip() and found:
            list(found.values())[-1][1].append(line.strip())
    return found
