"""The command line, ``python -m spikecore <command>``.

A command is a module with ``HELP``, ``add_arguments(parser)`` and ``run(arguments)``, which returns
the exit status.  What a user got wrong is said in one sentence, with exit status 2.
"""

import argparse
import os
import sys

from spikecore import __version__, convergence, demo, info, meaning
from spikecore.backends import DeviceError, SettingError
from spikecore.encode import command as encode
from spikecore.nir import command as nir
from spikecore.plots import gallery
from spikecore.validate import command

READER_LEFT = 141  # as a shell reports a program that ended because its pipe was closed
INTERRUPTED = 130  # likewise of one that was interrupted
COMMANDS = {
    "convergence": convergence,
    "demo": demo,
    "encode": encode,
    "gallery": gallery,
    "info": info,
    "meaning": meaning,
    "nir": nir,
    **command.commands(),
}


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence, without the usage before it."""

    def error(self, message):
        line = " ".join(message.split())  # an argument may hold line breaks
        self.exit(2, f"{self.prog}: {line} (see {self.prog} --help)\n")


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
    try:
        try:
            arguments = parser().parse_args(argv)
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return READER_LEFT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # of the flush: the output goes to a file on a full disk
        _discard_output()
        parser().error(f"the output could not be written: {error.strerror}")


def _run(arguments):
    """Run the command; an error of the file system or of the device becomes a sentence."""
    try:
        return arguments.run(arguments)
    except BrokenPipeError:
        raise
    except (DeviceError, SettingError) as error:  # of the environment, for one
        arguments.refuse(str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        file = "" if error.filename is None else f": {str(error.filename)!r}"
        arguments.refuse(f"{reason}{file}")


def _discard_output():
    """Send what was not yet printed nowhere, or Python complains about it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
