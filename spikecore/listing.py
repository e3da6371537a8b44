"""Tables of profiles and of axes, as ``LIF``, the codes and their docstrings have them."""

import inspect
import re
from dataclasses import MISSING, fields

from spikecore import spikegen
from spikecore.neurons import fixed
from spikecore.neurons.lif import LIF, profiles

COLUMNS = ("name", "simulator", "version", "equation")
CODE_COLUMNS = ("name", "toolbox", "version", "arguments")
HOW = ("data", "targets", "dtype", "out", "device", "stream", "profile")  # of any code


def profile_lines():
    """A table of the profiles of ``LIF``, and one of those of ``fixed.LIF``."""
    rows = [COLUMNS]
    for name, profile in profiles().items():
        rows.append((name, profile.simulator, profile.version, str(LIF.profile(name))))
    yield from _table(rows)
    yield ""
    integers = [("name", "hardware", "version", "integers")]
    for name, found in fixed.profiles().items():
        integers.append((name, found.simulator, found.version, str(fixed.LIF.profile(name))))
    yield from _table(integers)


def code_profile_lines(kind):
    """A row for each profile that a code knows, with the arguments that it sets."""
    rows = [CODE_COLUMNS]
    for name, profile in spikegen.profiles().items():
        if kind in profile.codes:
            choices = ", ".join(f"{axis}={value!r}" for axis, value in profile.codes[kind].items())
            rows.append((name, profile.toolbox, profile.version, choices))
    if len(rows) == 1:
        return [f"{kind} has no profiles"]
    return list(_table(rows))


def _table(rows):
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


def code_axis_lines(kind):
    """Each argument of a code: its type, its default, and what it means."""
    function = getattr(spikegen, kind)
    described = documented(inspect.getdoc(function))
    for name, parameter in inspect.signature(function).parameters.items():
        if name in HOW:
            continue
        of, meaning = described.get(name, ("", ()))
        must = parameter.default is parameter.empty
        default = "must be given" if must else f"{parameter.default!r} by default"
        yield f"{name}: {of + ', ' if of else ''}{default}"
        yield from (f"    {line}" for line in meaning)


def documented(text):
    """{parameter: (type, lines of its description)} of the parameters in a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+$|\Z)", text, re.M | re.S)
    found, lines = {}, []
    for line in section[1].splitlines() if section else ():
        if head := re.match(r"(\w[\w, ]*?)(?: : (.*))?$", line):
            lines = []
            found |= {name: (head[2] or "", lines) for name in head[1].split(", ")}
        elif line.strip():
            lines.append(line.strip())
    return found
