"""Read files of events whose bytes were changed, and print the answers that are not a sentence.

Run ``python tests/fuzz_events.py --mutations 10000 --seed 0``, or ``--format evt3`` for one format.
test_event_files.py runs a few hundred mutations of each format.
"""

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1])]

from spikecore import Events, events, memory  # noqa: E402
from spikecore.events.files import FORMATS  # noqa: E402

MEMORY = 1 << 24  # bytes that a table may take
SLOW = 5.0  # seconds after which a file of a few kB has taken too long


def table(count=40):
    """A small table that every format of cameras can hold."""
    generator = np.random.default_rng(5)
    kinds = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1"), ("address", "<u4")]
    found = np.zeros(count, kinds)
    found["t"] = np.cumsum(generator.integers(0, 3000, count))
    for name in ("x", "y"):
        found[name] = generator.integers(0, 34, count)
    found["p"], found["address"] = generator.integers(0, 2, count), np.arange(count) << 8
    return found


def sample(name):
    """What a valid file of a format holds."""
    if name in ("nir", "npz"):
        return Events([0, 3, 3], [1, 0, 2], 3, 5, dt=0.25)
    if name == "shd":
        kinds = [("sample", "<i4"), ("t", "<f2"), ("x", "<i4")]
        rows = np.array([(0, 0.5, 3), (0, 0.75, 699), (2, 0.25, 0)], kinds)
        return events.Recording(rows, 700, tick=1.0, labels=np.array([4, 0, 9], np.uint16))
    return table()


def mutated(content, generator):
    """The bytes after one to four changes: replaced, removed, repeated, cut off."""
    content = bytearray(content)
    for _ in range(generator.integers(1, 5)):
        if not content:
            break
        start = int(generator.integers(0, len(content)))
        length = int(generator.choice([1, 1, 1, 2, 4, 8, 64]))
        change = generator.integers(0, 7)
        if change <= 1:
            content[start : start + length] = generator.bytes(length)
        elif change == 2:
            content[start : start + length] = bytes([generator.choice([0, 127, 128, 255])] * length)
        elif change == 3:
            del content[start : start + length]
        elif change == 4:
            content[start:start] = content[start : start + length]
        elif change == 5:
            content[start] ^= 1 << int(generator.integers(0, 8))
        else:
            del content[start:]
    return bytes(content)


def offence(path, name):
    """What is wrong with the answer to a file, or None."""
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = events.read(path, name)
    except ValueError as error:
        said = str(error)
        if not said.startswith(str(path)) or "\n" in said or ";" not in said:
            return f"no sentence: {said[:200]}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    else:
        if not isinstance(found, (events.Recording, Events)):
            return f"an answer of type {type(found).__name__}"
    if time.perf_counter() - began > SLOW:
        return "no answer for seconds"
    return None


def offences(name, mutations, seed):
    """Each kind of wrong answer once, with the bytes that gave it."""
    generator = np.random.default_rng([seed, sorted(FORMATS).index(name)])
    available, found = memory.available_memory, {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        events.write(path, sample(name), name)
        content = path.read_bytes()
        memory.available_memory = lambda: MEMORY
        try:
            for _ in range(mutations):
                changed = mutated(content, generator)
                path.write_bytes(changed)
                what = offence(path, name)
                if what is not None:
                    found.setdefault(what.replace(str(path), "FILE"), changed)
        finally:
            memory.available_memory = available
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=sorted(FORMATS), action="append")
    given = parser.parse_args()
    wrong = 0
    for name in given.format or sorted(FORMATS):
        began = time.perf_counter()
        found = offences(name, given.mutations, given.seed)
        seconds = time.perf_counter() - began
        print(f"{name}: {given.mutations} mutations, {len(found)} wrong answers, {seconds:.1f} s")
        for what, content in found.items():
            print(f"    {what}\n        {content[:60]!r}")
        wrong += len(found)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
