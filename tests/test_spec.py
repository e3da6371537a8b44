"""SPEC.md says what the code does where a table can drift from it."""

from pathlib import Path

import spikecore
from spikecore.neurons import units

SPEC = (Path(__file__).parent.parent / "SPEC.md").read_text()


def row(name, profile):
    """The row of the profile table that the code calls for."""
    axes = dict(profile.axes)
    numbers = [f"{axes.pop(field, 1.0):.4g}" for field in ("decay", "gain", "threshold")]
    choices = [f"`{axes.pop('compare')}`", axes.pop("reset"), axes.pop("reset_at", "-")]
    rest = [name if value is True else f"{name} = {value!r}" for name, value in axes.items()]
    stands_for = f"{profile.simulator} {profile.version}, `{profile.call}`"
    cells = [f"`{name}`", stands_for, *numbers, *choices, ", ".join(rest) or "-"]
    return f"| {' | '.join(cells)} |"


def test_the_table_of_profiles_is_that_of_the_code():
    expected = [row(name, profile) for name, profile in spikecore.profiles().items()]
    section = SPEC.partition("### Profiles\n")[2].partition("\n### ")[0]
    written = [line for line in section.splitlines() if line.startswith("| `")]
    assert written == expected


def units_row(name):
    """The row of the table of units that the code calls for."""
    return f"| `{name}` | {', '.join(f'`{k}={v}`' for k, v in units.defaults(name).items())} |"


def test_the_table_of_units_is_that_of_the_code():
    section = SPEC.partition("### Units\n")[2].partition("\n## ")[0]
    written = [line for line in section.splitlines() if line.startswith("| `")]
    assert written == [units_row(name) for name in units.UNITS]
