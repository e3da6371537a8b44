"""What a validation found: checks with their verdicts, the first difference of each, the cause.

Verdicts, from best to worst: ``exact`` (the same bits), ``rounding`` (every difference lies inside
the stated band around a threshold), ``wrong`` (some difference lies outside it) and ``failed`` (the
candidate raised, hung, or returned something that cannot be compared).
"""

from __future__ import annotations

import html
import json
import os
import platform
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from spikecore import __version__
from spikecore.files import whole
from spikecore.validate.pictures import picture

Verdict: TypeAlias = Literal["exact", "rounding", "wrong", "failed"]
VERDICTS = get_args(Verdict)
WORDS = {"exact": "equal", "rounding": "equal up to rounding", "wrong": "WRONG", "failed": "FAILED"}


class ConformanceError(AssertionError):
    """A candidate did not conform; the message is the readable report."""


class Difference(NamedTuple):
    """The first place at which a candidate differs."""

    step: int
    element: tuple[int, ...]
    expected: float
    actual: float
    expected_state: float | None = None  # an int in fixed point
    actual_state: float | None = None
    distance: float | None = None  # of the expected state to the threshold, in ulp
    count: int = 1  # how many places differ
    total: int = 1  # of how many
    state_name: str = "state"

    def __str__(self) -> str:
        where = ", ".join(map(str, self.element))
        text = f"first at step {self.step}, element ({where}): expected {self.expected:g}"
        text += f", got {self.actual:g}"
        if self.expected_state is not None:
            text += f"; {self.state_name} {self.expected_state!r} expected"
        if self.actual_state is not None:
            text += f", {self.actual_state!r} got"
        if self.distance is not None:
            text += f"; {_ulps(self.distance)} from the threshold"
        return f"{text}; {self.count} of {self.total} places differ"


def _ulps(distance):
    return f"{distance:+.1f} ulp" if abs(distance) < 1e6 else f"{distance:+.1e} ulp"


class Check(NamedTuple):
    """One thing that was tried."""

    name: str
    verdict: Verdict
    detail: str = ""
    whole: Verdict | None = None  # of the whole train, without following the candidate's state
    difference: Difference | None = None


def versions() -> dict[str, str]:
    """What made a report."""
    python = platform.python_version()
    return {"spikecore": __version__, "Python": python, "NumPy": np.__version__}


def today() -> str:
    """The date in UTC."""
    return datetime.now(timezone.utc).date().isoformat()


@dataclass(frozen=True, repr=False)
class Report:
    """What :func:`spikecore.validate.neuron` and :func:`spikecore.validate.encoder` return.

    Attributes
    ----------
    subject : str
        With what the candidate was compared.
    candidate : str
        Its name.
    checks : tuple of Check
        What was tried; each has ``name``, ``verdict``, ``detail`` and ``difference``.
    diagnosis : tuple of str
        Causes that reproduce the candidate, the likeliest first.
    notes : tuple of str
        How it was called, and what could not be tried.
    strict : bool
        Whether ``rounding`` counts as failing.
    versions : dict of str
        Those of spikecore, Python and NumPy.
    date : str
        When it was made, ``YYYY-MM-DD``.

    A report is true when the candidate conforms; a notebook shows it with its pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import LIF, validate
    >>> report = validate.neuron(LIF(decay=0.9), "snntorch-1.0")
    >>> report.passed, report.verdict
    (True, 'exact')
    """

    subject: str
    candidate: str
    checks: tuple[Check, ...]
    diagnosis: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trains: tuple[Any, ...] = ()
    strict: bool = False
    causes: tuple[str, ...] = ()  # machine-readable names of the diagnosis
    counted: str = ""  # how much was tried, where that is a part
    versions: dict[str, str] = field(default_factory=versions, compare=False)
    date: str = field(default_factory=today, compare=False)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        return max((check.verdict for check in self.checks), key=VERDICTS.index, default="exact")

    @property
    def passed(self) -> bool:
        """Whether the candidate conforms."""
        return self.verdict == "exact" or (self.verdict == "rounding" and not self.strict)

    def __bool__(self) -> bool:
        return self.passed

    @property
    def headline(self) -> str:
        """The verdict in a line."""
        state = "conforms to" if self.passed else "does not conform to"
        words = WORDS[self.verdict]
        if self.counted:
            words = f"{self.counted}, {'all equal' if self.verdict == 'exact' else words}"
        return f"{self.candidate} {state} {self.subject}: {words}"

    @property
    def made(self) -> str:
        """What made it, and when."""
        told = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"made with {told} on {self.date}"

    def raise_if_failed(self) -> Report:
        """Raise ``ConformanceError``, an ``AssertionError``, with the readable report."""
        if not self.passed:
            raise ConformanceError(str(self))
        return self

    def __repr__(self) -> str:
        names, count = f"{self.candidate} against {self.subject.split(' (')[0]}", len(self.checks)
        return f"<Report {self.verdict}: {names}, {count} checks>"

    def __str__(self) -> str:
        lines = [self.headline]
        if self.diagnosis:
            lines.append("Diagnosis:")
            lines += [f"  - {sentence}" for sentence in self.diagnosis]
        elif not self.passed:
            lines.append("Diagnosis: no known cause reproduces this.")
        lines.append("Checks:")
        lines += [f"  {line}" for check in self.checks for line in _lines(check)]
        lines += [f"Note: {note}" for note in (*self.notes, self.made)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dicts, lists, numbers and strings."""
        checks = [
            {
                **check._asdict(),
                "difference": check.difference and _plain(check.difference._asdict()),
            }
            for check in self.checks
        ]
        return {
            "subject": self.subject,
            "candidate": self.candidate,
            "passed": self.passed,
            "verdict": self.verdict,
            "strict": self.strict,
            "diagnosis": list(self.diagnosis),
            "causes": list(self.causes),
            "checks": checks,
            "notes": list(self.notes),
            "versions": self.versions,
            "date": self.date,
        }

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as JSON text, also written to ``path`` when one is given."""
        return _written(json.dumps(self.to_dict(), indent=1), path)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as one self-contained page with pictures of the trains."""
        title = html.escape(f"{self.candidate} against {self.subject}")
        return _written(f"{HEAD}<title>{title}</title></head><body>\n{self._repr_html_()}", path)

    def _repr_html_(self):
        """What a notebook shows; its style reaches nothing outside of it."""
        headline = html.escape(self.headline)
        parts = [
            f'<div class="spikecore-report">{STYLE}',
            f"<h1>{html.escape(f'{self.candidate} against {self.subject}')}</h1>",
            f'<p class="{self.verdict}">{headline}</p>',
        ]
        parts += [f"<p><b>Cause.</b> {html.escape(sentence)}</p>" for sentence in self.diagnosis]
        parts += [picture(shown) for shown in self.trains]
        rows = "".join(
            f'<tr class="{check.verdict}"><td>{html.escape(check.name)}</td>'
            f"<td>{WORDS[check.verdict]}</td><td>{html.escape(_details(check))}</td></tr>"
            for check in self.checks
        )
        parts.append(f"<table><tr><th>check</th><th>verdict</th><th>detail</th></tr>{rows}</table>")
        parts += [f"<p>{html.escape(note)}</p>" for note in (*self.notes, self.made)]
        return "\n".join([*parts, "</div>\n"])


def _written(text, path):
    if path is not None:
        with whole(path) as part:
            part.write_text(text, encoding="utf-8")
    return text


def _lines(check):
    yield f"{WORDS[check.verdict]:<22}{check.name}" + (f": {check.detail}" if check.detail else "")
    if check.whole is not None and check.whole != check.verdict:
        yield f"{'':<22}the whole train {'differs' if check.whole != 'exact' else 'is equal'}"
    if check.difference is not None:
        yield f"{'':<22}{check.difference}"


def _details(check):
    return ". ".join(line.strip() for line in [*list(_lines(check))[1:], check.detail] if line)


def _plain(fields):
    """Numbers that JSON can hold: infinities and NaN become strings."""
    finite = (str(v) if isinstance(v, float) and v - v != 0 else v for v in fields.values())
    return dict(zip(fields, finite, strict=True))


HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">"""
STYLE = """<style>
.spikecore-report { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff;
  max-width: 60em; margin: 2em auto; padding: 0 1em;
  & h1 { font-size: 1.4em } & table { border-collapse: collapse; margin: 1em 0 }
  & td, & th { text-align: left; vertical-align: top; padding: .2em .8em;
    border-top: 1px solid #ccc }
  & p.exact, & tr.exact td + td { color: #17692b }
  & p.rounding, & tr.rounding td + td { color: #7a5b00 }
  & p.wrong, & p.failed, & tr.wrong td + td, & tr.failed td + td { color: #a11212 }
  & svg { display: block; max-width: 100%; height: auto; margin: 1em 0 }
  & text { font: 11px system-ui, sans-serif; fill: #333 } }
</style>"""
