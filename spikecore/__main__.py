"""The command line, ``python -m spikecore <command>``.

A command is a module with ``HELP``, ``add_arguments(parser)`` and ``run(arguments)``, which returns
the exit status.  What a user got wrong is said in one sentence, with exit status 2.
"""

import argparse
import sys

from spikecore import __version__, demo, info
from spikecore.plots import gallery
from spikecore.validate import command

COMMANDS = {"demo": demo, "gallery": gallery, "info": info, **command.commands()}


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence, without the usage before it."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser():
    """The parser of the whole command line."""
    main_parser = Parser(prog="python -m spikecore", description="Spike encoding and LIF neurons.")
    main_parser.add_argument("--version", action="version", version=f"spikecore {__version__}")
    commands = main_parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run, refuse=command.error)
    return main_parser


def main(argv=None):
    """Run one command and return its exit status."""
    arguments = parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except OSError as error:
        arguments.refuse(f"{error.strerror}: {str(error.filename)!r}")


if __name__ == "__main__":
    sys.exit(main())
