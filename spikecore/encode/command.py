"""Encode a file of any size into a file of spikes, a part of the time steps after another.

INPUT is a .npy, .npz or IDX file (gzipped or not), or a file of events; OUTPUT is .npy, .npz, or
with --sparse events in .npz.  Memory holds a part of the spikes.  A call that was stopped
goes on where it stopped when it is made again; OUTPUT appears when it is whole.
"""

import os
import sys
from contextlib import nullcontext

import numpy as np

from spikecore import arguments as checked
from spikecore import random, spikegen
from spikecore.chunked import division_of
from spikecore.encode import job as jobs
from spikecore.encode import sources
from spikecore.files import whole
from spikecore.lazy import parts
from spikecore.lazy.blocks import of_function
from spikecore.validate.command import UsageError, option

HELP = "encode a file of any size into a file of spikes, resumable"
CODES = tuple(
    name
    for name in spikegen.__all__
    if (division := division_of(getattr(spikegen, name)))
    and not division.kept  # what these keep is not stored
    and (division.stepped or division.placed or division.period or division.carries
         or division.behind)
)  # fmt: skip
OWN = {  # arguments of codes that are options of their own, or have no meaning here
    "num_steps": "--steps N",
    "seed": "--seed N",
    "dtype": "--dtype NAME",
    "sparse": "--sparse",
    "out": "OUTPUT",
    "stream": "nothing, as parts are written to a file",
    "uniforms": "--seed N",
}
DTYPES = ("bool", "uint8", "int8", "float32", "float64")


def add_arguments(parser):
    """Declare the command's arguments."""
    add = parser.add_argument
    add("input", metavar="INPUT", help=".npy, .npz, IDX, or a file of events")
    add("output", metavar="OUTPUT", help=".npy or .npz; with --sparse .npz")
    add("--code", required=True, choices=CODES, metavar="NAME", help=f"one of {', '.join(CODES)}")
    add("--steps", type=int, metavar="N", help="time steps, of codes of values and of recordings")
    add(
        "--set", dest="options", action="append", default=[], metavar="NAME=VALUE",
        help="an argument of the code, such as gain=0.5; may be repeated",
    )  # fmt: skip
    add("--dtype", choices=DTYPES, metavar="NAME", help=f"of the spikes: {', '.join(DTYPES)}")
    add("--sparse", action="store_true", help="write Events")
    add("--seed", type=int, metavar="N", help="of random codes (drawn once if left out)")
    add("--key", metavar="NAME", help="the array of a .npz file that holds several")
    add("--dt", type=float, metavar="TIME", help="length of a step of a recording of events")
    add(
        "--scale", type=float, metavar="FACTOR",
        help="multiply the data (1/255 for the bytes of IDX files, else 1)",
    )  # fmt: skip
    add("--block-steps", type=int, metavar="N", help="steps of a part (2 million elements)")
    add("--restart", action="store_true", help="do not go on with a call that was stopped")
    add(
        "--progress", action="store_true",
        help="show a progress bar where the output is no terminal too (needs tqdm)",
    )  # fmt: skip


def run(arguments):
    """Encode the file."""
    try:
        return _run(arguments)
    except (ValueError, TypeError, ImportError, UsageError) as error:
        arguments.refuse(str(error))


def _run(given):
    function = getattr(spikegen, given.code)
    output = _output(given)
    options = _options(given)
    read = {"key": given.key, "dt": given.dt, "num_steps": options.get("num_steps")}
    data = sources.read(given.input, scale=_scale(given), **read)
    if data.is_recorded:
        options.pop("num_steps", None)
    if given.block_steps is not None:
        checked.integer("--block-steps", given.block_steps, 1)
    timed = division_of(function).samples == "time" or bool(options.get("time_var_input"))
    if timed and not data.shape:
        checked.refuse("INPUT", "have a time axis", "shape ()", "pass [num_steps, ...]")
    values = data if timed else data[...] if data.shape else data[()]
    num_steps = _num_steps(data, options, timed)
    with jobs.Job(output, _description(given, data, options), given.restart) as job:
        options = _seeded(function, options, job)
        before = job.before(_probe(function, data, options) if job.saved else None)
        try:
            return _encode(function, values, options, given, job, before, num_steps, timed)
        except (ValueError, TypeError):
            if not job.done:  # a call that is wrong leaves nothing
                job.finish()
            raise


def _encode(function, values, options, given, job, before, num_steps, timed):
    """Go on from what is done to the end."""
    begin = _begin(job.done, options, timed)
    found = of_function(function, values, (), options, given.block_steps, begin, before)
    made = (jobs.Sparse if given.sparse else jobs.Dense)(job, num_steps)
    with made as sink, _bar(num_steps, job.done, job.output.name, given.progress) as bar:
        for part, before in found if job.done < num_steps or not num_steps else ():
            sink.write(part)
            count = part.num_steps if given.sparse else len(part)
            job.keep(job.done + count, before, sink.files)
            if bar is not None:
                bar.update(count)
        sink.finish()
    job.finish()
    print(f"{job.output}: {num_steps} steps of {given.code}")
    return 0


def _output(given):
    """The path of the output."""
    suffixes = (".npz",) if given.sparse else (".npy", ".npz")
    remedy = "choose one of these suffixes"
    output = checked.path("OUTPUT", given.output, "be the path of a file", remedy)
    if output.suffix not in suffixes:
        must = f"end in one of {suffixes}{' with --sparse' if given.sparse else ''}"
        checked.refuse("OUTPUT", must, repr(given.output), remedy)
    if not output.parent.is_dir():
        must, got = "lie in a folder that exists", repr(given.output)
        checked.refuse("OUTPUT", must, got, f"make {str(output.parent)!r}")
    if output.is_dir():
        checked.refuse("OUTPUT", "be the path of a file", "a folder", "choose another name")
    return output


def _scale(given):
    return None if given.scale is None else checked.number("--scale", given.scale)


def _options(given):
    """The arguments of the code."""
    options = dict(option(text, OWN) for text in given.options)
    if given.steps is not None:
        options["num_steps"] = checked.integer("--steps", given.steps, 1, checked.MAX_STEPS)
    if given.dtype is not None:
        options["dtype"] = given.dtype
    if given.seed is not None:
        options["seed"] = random.seed_of(given.seed)
    if given.sparse:
        options["sparse"] = True
    return options


def _num_steps(data, options, timed):
    """The steps of the output."""
    if timed:
        lead = checked.integer("first_spike_time", options.get("first_spike_time", 0), 0)
        return data.shape[0] + lead
    if options.get("num_steps") is None:
        checked.refuse("--steps", "be given for a code of values", None, "pass --steps N")
    return options["num_steps"]


def _begin(done, options, timed):
    """The step of the data at which the next part begins."""
    return max(0, done - options.get("first_spike_time", 0)) if timed else done


def _description(given, data, options):
    """What must be alike for a call to go on."""
    with open(given.input, "rb") as file:
        stat = os.fstat(file.fileno())
    return {
        "input": [str(given.input), stat.st_size, stat.st_mtime_ns],
        "code": given.code,
        "options": {name: repr(value) for name, value in sorted(options.items())},
        "read": [given.key, given.dt, given.steps, data.scale, given.sparse],
    }


def _seeded(function, options, job):
    """The options with a seed, which is that of the call that was stopped."""
    division = division_of(function)
    if not division.stepped or "seed" in options or options.get("generator") is not None:
        return options
    path = job.folder / "seed"
    if not path.is_file():
        with whole(path) as part:
            part.write_text(str(random.seed_of(None)))
    return {**options, "seed": int(path.read_text())}


def _probe(function, data, options):
    """What the part after the first sample begins with: its form is that of a saved state."""
    division, options = division_of(function), dict(options)
    if not parts.passes_on(division, options):
        return None
    first = parts.start_of(function, division, options)
    return parts.advance(function, division, options, np.asarray(data[:1]), first, 0)[1]


def _bar(total, done, name, wanted):
    """A progress bar on stderr, or nothing where nobody sees it."""
    if not wanted and not sys.stderr.isatty():
        return nullcontext()
    try:
        from tqdm import tqdm
    except ImportError as error:
        if not wanted:
            return nullcontext()
        raise ImportError(
            "--progress needs tqdm, which is not installed; "
            "install it with pip install 'spikecore[data]'"
        ) from error
    return tqdm(total=total, initial=done, desc=name, unit="step")
