"""Call everything public with bad values, and print the answers that are not a sentence.

Run ``python tests/fuzz.py --calls 20000 --seed 0``, or ``--target spikegen`` for a part of it. What
is printed can be repeated with ``--call 'spikegen.rate(data=None)'``. test_fuzz.py runs a few
thousand calls.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["HTTPS_PROXY"] = os.environ["HTTP_PROXY"] = "http://127.0.0.1:1"  # refuses all calls
os.environ["SPIKECORE_DEVICE"] = "numpy"  # checks do not depend on it, and nothing is compiled
sys.path[:0] = [str(Path(__file__).parents[1])]

from fuzzing import calls, command_line, targets  # noqa: E402

from spikecore import memory  # noqa: E402

MEMORY = 1 << 24  # bytes that an output may take, so that no call is slow


def offences(number, seed, wanted=""):
    """What ``number`` calls find, each kind at each place once, and how many calls of it."""
    generator = Random(seed)
    found, counts = {}, Counter()
    everything = [t for t in targets.all_targets() if wanted in t.call]
    weights = [target.weight for target in everything]
    with surroundings():
        for index in range(number):
            if index % 50 == 0 and not wanted:
                offence = command_line.offence_of(command_line.draw(generator))
            else:
                (target,) = generator.choices(everything, weights)
                offence = calls.offence_of(calls.draw(generator, target))
            if offence is not None:
                key = offence.what, offence.place
                counts[key] += 1
                best = found.get(key)
                if best is None or len(offence.call) < len(best.call):
                    found[key] = offence
    return {key: (counts[key], found[key]) for key in sorted(found)}


class surroundings:  # noqa: N801
    """A folder of its own with files to read, and little memory."""

    def __enter__(self):
        self.home, self.free = os.getcwd(), memory.available_memory
        self.folder = tempfile.TemporaryDirectory()
        os.chdir(self.folder.name)
        command_line.write_files()
        memory.available_memory = lambda: MEMORY
        warnings.filterwarnings("ignore", "Animation was deleted")

    def __exit__(self, *_):
        memory.available_memory = self.free
        os.chdir(self.home)
        self.folder.cleanup()


def table(found):
    """A row for each offence, with the shortest call that showed it."""
    lines = []
    for (what, place), (count, offence) in found.items():
        said = " ".join(offence.message.split())[:300]
        lines.append(
            f"{count:5} x {what} at {place or '-'}\n        {said}\n        {offence.call}"
        )
    return "\n".join(lines)


def repeat(text):
    """Make one printed call, and show where its error comes from."""
    with surroundings():
        try:
            print(repr(calls.evaluate(text)))
        except Exception:
            traceback.print_exc()


def main():
    """Read the arguments, make the calls, print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", default="", help="only callables with this in their name")
    parser.add_argument("--call", help="repeat this call")
    arguments = parser.parse_args()
    if arguments.call:
        repeat(arguments.call)
        return 0
    begin = time.perf_counter()
    found = offences(arguments.calls, arguments.seed, arguments.target)
    print(table(found))
    took = time.perf_counter() - begin
    print(f"{arguments.calls} calls in {took:.1f} s, {len(found)} kinds of offences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
