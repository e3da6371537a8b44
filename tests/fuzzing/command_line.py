"""The command line with bad flags, values and files, in this process."""

import gzip
import io
import re
import struct
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from fuzzing.calls import Offence, limited, place_of, strict_warnings
from spikecore.__main__ import main

SECONDS = 20
COMMANDS = (
    "demo",
    "gallery",
    "info",
    "validate",
    "validate",
    "validate",
    "vectors",
    "check",
    "encode",
)
COMMANDS += ("profiles", "axes", "validat", "", "--version")
FLAGS = ("--out", "--steps", "--seed", "--as", "--set", "--timeout", "--peer", "--only", "--json")
FLAGS += ("--html", "--markdown", "--strict", "--all-peers", "--require", "--matrix", "--bogus")
FLAGS += ("--form", "--initial", "--reset", "--stream", "--draws", "--false-alarm", "--dtype")
FLAGS += ("--code", "--key", "--sparse", "--scale", "--dt")
FLAGS += ("--band", "--arrays", "--no-states", "-x", "--help", "--")
WORDS = ("", "0", "-1", "1e9", "nan", "x", "é", "a\nb", "file", "none/such/file", "data")
WORDS += ("data/x.json", "9" * 400, "file/x", "\x00", "\udcff", "broken", "math:sqrt", "math:none")
WORDS += ("none:none", "math", ":", "broken_module:f", "broken_module.py:f", "quitting_module:f")
WORDS += ("numpy:pi", "rate", "snntorch-1.0", "num_steps=5", "num_steps", "=", "a=1", "data=1")
WORDS += ("dtype=x", "num_steps=-1", "num_steps={[]}", "gain=" + "-" * 9999 + "1", "norse", "torch")
WORDS += ("all", "spikecore.spikegen:rate", "math:sqrt.none")


def write_files():
    """What calls and commands read: MNIST as it should be and broken, a file, a bad module."""
    pixels = bytes(2 * 28 * 28)
    images, labels = struct.pack(">4I", 0x803, 2, 28, 28) + pixels, struct.pack(">2I", 0x801, 2)
    Path("data").mkdir()
    for prefix in ("train", "t10k"):
        Path(f"data/{prefix}-images-idx3-ubyte").write_bytes(images)
        Path(f"data/{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels + b"\1\2"))
    Path("broken").mkdir()
    Path("broken/train-images-idx3-ubyte.gz").write_bytes(gzip.compress(images)[:40])
    Path("broken/t10k-images-idx3-ubyte").write_bytes(images[:9])
    Path("broken/manifest.json").write_text("[}")
    Path("file").write_text("text")
    Path("broken_module.py").write_text("import none_such\n")
    Path("quitting_module.py").write_text("raise SystemExit(3)\n")


def draw(generator):
    """The words of a command, at least one of them bad."""
    words = [generator.choice(COMMANDS)]
    if words == ["validate"] and generator.random() < 0.5:  # what is bad comes later
        words += ["math:sqrt", "--as", generator.choice(("rate", "latency", "snntorch-1.0"))]
    for _ in range(generator.randrange(5)):
        words.append(generator.choice(generator.choice((FLAGS, WORDS))))
    if {"demo", "gallery", "vectors", "--peer", "--all-peers"} & set(words):
        words.append("--bogus")  # they work for seconds once nothing is wrong
    return words


def offence_of(words):
    """What is wrong with how a command ends, or None."""
    shown = f"main({words!r})"
    said, printed = io.StringIO(), io.StringIO()
    status = 0
    try:
        streams = redirect_stderr(said), redirect_stdout(printed)
        with streams[0], streams[1], limited(SECONDS), strict_warnings():
            main(words)
    except SystemExit as stop:
        status = stop.code
    except Exception as error:
        return Offence(f"raises {type(error).__name__}", place_of(error), str(error), shown)
    text = said.getvalue()
    if status in (0, None):
        return None
    if status != 2:
        return Offence("another exit status than 2", "", f"{status}: {text}", shown)
    if text.count("\n") != 1 or not re.match(r"python -m spikecore.*: .* \(see .*--help\)$", text):
        return Offence("more or less than one line", "", text, shown)
    return None
