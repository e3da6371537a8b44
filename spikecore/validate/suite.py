"""The checks of a candidate as tests of pytest, one test for each check.

From the command line, with any options of pytest after it::

    python -m spikecore.validate.suite --candidate mymodule:neuron --as norse-box --set decay=0.9
    python -m pytest -p spikecore.validate.suite --pyargs spikecore.validate.suite --candidate ...

or as a class in a file of tests::

    from spikecore.validate.suite import NeuronSuite

    class TestMine(NeuronSuite):
        candidate = staticmethod(mine)

The candidate runs while pytest collects, because the checks are known afterwards.
"""

import sys
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from spikecore import validate
from spikecore.validate import command


class Suite:
    """The tests; a class that inherits one of the two below says of what."""

    candidate = None
    options: ClassVar[dict[str, Any]] = {}

    def pytest_generate_tests(self, metafunc):
        """A test for each check of the report."""
        try:
            report = self.report(metafunc.config)
        except (command.UsageError, ValueError, TypeError, ImportError) as error:
            raise pytest.Collector.CollectError(str(error)) from None
        found = [replace(report, checks=(check,)) for check in report.checks]
        metafunc.parametrize("found", found, ids=[check.name for check in report.checks])

    def test_check(self, found):
        """A report of one check, which conforms."""
        if not found.passed:
            pytest.fail(str(found), pytrace=False)


class NeuronSuite(Suite):
    """:func:`spikecore.validate.neuron` of ``candidate`` against ``against``."""

    against = "snntorch-1.0"

    def report(self, config):
        """The report, of which each check is a test."""
        return validate.neuron(type(self).candidate, self.against, **self.options)


class EncoderSuite(Suite):
    """:func:`spikecore.validate.encoder` of ``candidate`` as ``kind``."""

    kind = "rate"

    def report(self, config):
        """The report, of which each check is a test."""
        return validate.encoder(type(self).candidate, self.kind, **self.options)


# --- from the command line -----------------------------------------------------------------------


def pytest_addoption(parser):
    """The options that say what is validated."""
    group = parser.getgroup("spikecore", "what spikecore.validate.suite validates")
    group.addoption("--candidate", metavar="MODULE:NAME", help="or FILE.py:NAME")
    group.addoption("--as", dest="against", metavar="KIND|PROFILE", help="what it should be")
    group.addoption(
        "--set", dest="options", action="append", default=[], metavar="NAME=VALUE",
        help="an argument of validate.neuron or validate.encoder; may be repeated",
    )  # fmt: skip


class TestCandidate(Suite):
    """The candidate that the command line names."""

    def report(self, config):
        """The report, of which each check is a test."""
        text, against = config.getoption("candidate", None), config.getoption("against", None)
        if not text or not against:
            raise command.UsageError("--candidate MODULE:NAME and --as KIND must be given")
        options = dict(command.option(given, own={}) for given in config.getoption("options"))
        return command.function_for(against)(command.load(text), against, **options)


if __name__ == "__main__":
    name = "spikecore.validate.suite"
    sys.exit(pytest.main(["-p", name, "--pyargs", name, *sys.argv[1:]]))
