"""The subcommands ``validate``, ``vectors``, ``check``, ``profiles`` and ``axes``."""

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

from spikecore.files import whole
from spikecore.foreign import a_kind, has, reason
from spikecore.validate.causes import KINDS

PEERS = (
    "snntorch", "spikingjelly", "norse", "sinabs", "nengo", "spikify", "rockpool", "bindsnet",
    "nest", "brian2",
)  # fmt: skip
NEURON, ENCODER = "a neuron", "an encoder"
# What validate.neuron and validate.encoder take: name, flag, type, of which of the two, meaning.
SETTINGS = (
    ("form", "--form FORM", str, NEURON, "auto, sequence, step or stateful"),
    ("initial", "--initial NUMBER", float, NEURON, "first membrane handed to single steps"),
    ("reset_call", "--reset METHOD", str, NEURON, "method that is called before each trial"),
    ("stream", "--stream WHOSE", str, ENCODER, "auto, own, spikecore or torch: random numbers"),
    ("draws", "--draws NUMBER", int, ENCODER, "how many random draws are judged"),
    ("false_alarm", "--false-alarm SHARE", float, ENCODER, "probability to fail a correct code"),
    ("dtype", "--dtype DTYPE", str, None, "float32 or float64, of what is given"),
    ("band", "--band ULP", float, None, "what counts as rounding"),
    ("arrays", "--arrays LIBRARY", str, None, "auto, numpy, torch or jax"),
    ("timeout", "--timeout SECONDS", float, None, "per call"),
)
OWN_OPTIONS = {
    "candidate": "MODULE:FUNCTION", "kind": "--as KIND", "against": "--as PROFILE",
    "strict": "--strict", "states": "--no-states", "data_dtype": "--dtype DTYPE",
    **{name: flag for name, flag, *_ in SETTINGS},
}  # fmt: skip
WORDS = {"true": True, "false": False}


class UsageError(Exception):
    """What was asked cannot be done, for the reason in the message."""


# --- validate ------------------------------------------------------------------------------------


def add_validate(parser):
    """Arguments of ``validate``."""
    parser.add_argument(
        "candidate", nargs="?", metavar="MODULE:FUNCTION", help="what to validate; or FILE.py:NAME"
    )
    parser.add_argument(
        "--as", "--against", dest="against", metavar="KIND|PROFILE",
        help=f"an encoder ({', '.join(KINDS)}) or a profile of LIF or fixed.LIF",
    )  # fmt: skip
    parser.add_argument(
        "--set", dest="options", action="append", default=[], metavar="NAME=VALUE",
        help="an argument of the encoder, or a field of the neuron; may be repeated",
    )  # fmt: skip
    add_settings(parser.add_argument)
    _add_network(parser)
    parser.add_argument("--peer", choices=PEERS, help="an installed library instead")
    parser.add_argument("--only", default="", metavar="TEXT", help="calls of the peer with TEXT")
    parser.add_argument("--all-peers", action="store_true", help="every installed library")
    parser.add_argument("--markdown", metavar="FILE", help="write the peers' conformance there")
    _add_outputs(parser)


def _add_network(parser):
    parser.add_argument(
        "--network", metavar="NET", help="a network: FILE.nir, MODULE:NAME of a Graph, or small"
    )
    parser.add_argument("--inputs", metavar="FILE", help="arrays of the inputs, .npz (a network)")
    parser.add_argument("--dt", type=float, metavar="SECONDS", help="time step (FILE.nir)")
    parser.add_argument("--rules", default="exact", metavar="RULE", help="meaning (FILE.nir)")


def _add_outputs(parser):
    parser.add_argument("--html", metavar="FILE", help="write the report as a page")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON")


def run_validate(arguments):
    """Validate one function, or libraries; 0 when all conform, else 1."""
    if arguments.peer or arguments.all_peers:
        return _run_peers(arguments)
    if arguments.network:
        return _run_network(arguments)
    if not arguments.candidate or not arguments.against:
        raise UsageError(
            "MODULE:FUNCTION and --as must be given together; for example validate "
            "mymodule:encode --as rate"
        )
    if arguments.markdown:
        raise UsageError("--markdown goes with --peer or --all-peers; use --html or --json here")
    function, candidate = function_for(arguments.against), load(arguments.candidate)
    try:
        report = function(candidate, arguments.against, **settings(vars(arguments)))
    except (ValueError, TypeError, ImportError) as error:
        raise UsageError(str(error)) from error
    return _show(report, arguments)


def _run_network(arguments):
    """Validate a network, a callable or the outputs of its layers in an npz file."""
    from spikecore import validate

    if not arguments.candidate or arguments.against or arguments.options:
        raise UsageError("--network takes MODULE:FUNCTION or OUTPUTS.npz, and no --as and no --set")
    is_file = arguments.candidate.endswith(".npz")
    candidate = _arrays(arguments.candidate) if is_file else load(arguments.candidate)
    asked = {"strict": arguments.strict, "states": not arguments.no_states}
    for name, flag, *_ in SETTINGS:
        if getattr(arguments, name) is not None:
            if name not in ("band", "arrays", "timeout"):
                raise UsageError(f"{flag.split()[0]} is not for networks; leave it out")
            asked[name] = getattr(arguments, name)
    try:
        report = validate.network(candidate, **_reference(arguments), **asked)
    except (ValueError, TypeError, ImportError, OSError) as error:
        raise UsageError(str(error)) from error
    return _show(report, arguments)


def _reference(arguments):
    """The network that a command names, and its inputs."""
    text = arguments.network
    if text == "small":
        from spikecore.validate.network_files import small

        against = small()
    elif text.endswith(".nir"):
        from spikecore import nir

        against = nir.read(text)
    else:
        against = load(text)
    inputs = None if arguments.inputs is None else _arrays(arguments.inputs)
    return {"against": against, "inputs": inputs, "rules": arguments.rules, "dt": arguments.dt}


def _arrays(path):
    """The arrays of an npz file by name."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # OSError, and what damaged archives raise
        told = f"{path!r} is not a whole npz file of plain arrays ({reason(error)})"
        raise UsageError(f"{told}; write it with numpy.savez") from error


def function_for(against):
    """The function of :mod:`spikecore.validate` for an encoder's kind or a neuron's profile."""
    from spikecore import validate

    return validate.encoder if against in KINDS else validate.neuron


def add_settings(add):
    """What both kinds of candidates and each of them can be told, by ``add(flag, ...)``."""
    add("--strict", action="store_true", help="fail on rounding too")
    add("--no-states", action="store_true", help="compare spikes only (a neuron)")
    for name, text, of_type, of, meaning in SETTINGS:
        flag, metavar = text.split()
        told = f"{meaning} ({of})" if of else meaning
        add(flag, dest=name, type=of_type, metavar=metavar, help=told)


def settings(given):
    """The arguments of the function of :mod:`spikecore.validate` that options of a command ask for.

    ``given`` has the values of :func:`add_settings`, ``against`` and ``options``.
    """
    against, asked = given["against"], {"strict": given["strict"]}
    chosen = ENCODER if against in KINDS else NEURON
    for name, flag, _, of, _ in (*SETTINGS, ("no_states", "--no-states", bool, NEURON, "")):
        if given[name] is None or given[name] is False:
            continue
        if of not in (None, chosen):
            raise UsageError(
                f"{flag.split()[0]} is for {of}, and {against} is {chosen}; leave it out"
            )
        asked[name] = given[name]
    if asked.pop("no_states", False):
        asked["states"] = False
    if chosen == ENCODER and "dtype" in asked:
        asked["data_dtype"] = asked.pop("dtype")
    return {**asked, **dict(option(text) for text in given["options"])}


def load(text):
    """The object that ``MODULE:FUNCTION`` or ``FILE.py:FUNCTION`` names.

    Modules beside the file, or of the current folder, are found.
    """
    module_name, colon, path = text.rpartition(":")
    if not colon or not module_name or not path:
        raise UsageError(
            f"{text!r} is not of the form MODULE:FUNCTION; write it like mymodule:encode"
        )
    is_file = module_name.endswith(".py")
    folder = str(Path(module_name).resolve().parent if is_file else Path.cwd())
    if folder not in sys.path and (is_file or "" not in sys.path):
        sys.path.insert(0, folder)
    try:
        found = _file(module_name) if is_file else importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a script ends the program
        told = dict.fromkeys((type(error).__name__, reason(error)))  # each once
        raise UsageError(
            f"module {module_name!r} cannot be imported ({': '.join(told)}); "
            "correct the name, or run from the folder that holds it"
        ) from error
    for name in path.split("."):
        if not has(found, name):
            raise UsageError(f"{module_name!r} has no {path!r}; correct the name of the function")
        found = getattr(found, name)
    if not callable(found):
        raise UsageError(f"{text!r} is {a_kind(found)}; name something callable")
    return found


def _file(path):
    """The module in a file, under a name that hides no other module."""
    name = f"spikecore_candidate_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def option(text, own=OWN_OPTIONS):
    """Name and value of ``NAME=VALUE``; the names in ``own`` are options of their own."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"--set {text!r} is not of the form NAME=VALUE; write --set num_steps=50")
    if name in own:
        raise UsageError(f"--set {name}: it is an option of its own; write {own[name]}")
    if value.lower() in WORDS:
        return name, WORDS[value.lower()]
    try:
        return name, ast.literal_eval(value)
    except Exception:  # SyntaxError, or what a set of lists and 9999 minus signs raise
        return name, value


def _show(report, arguments):
    print(report)
    if arguments.html:
        report.to_html(arguments.html)
    if arguments.json:
        report.to_json(arguments.json)
    return 0 if report.passed else 1


def _run_peers(arguments):
    from spikecore.validate import conformance, peers

    if arguments.candidate or arguments.against:
        raise UsageError("--peer and --all-peers take no MODULE:FUNCTION and no --as; leave it out")
    everything, missing = {}, []
    for name in PEERS if arguments.all_peers else (arguments.peer,):
        try:
            everything[name] = conformance.run(name, arguments.only)
        except peers.PeerMissingError as error:
            if not arguments.all_peers:
                raise UsageError(str(error)) from error
            missing.append(name)
            continue
        if arguments.only:
            print("\n\n".join(str(report) for _, report in everything[name]))
        else:
            print("\n".join(conformance.lines(name, everything[name])))
    reports = [report for results in everything.values() for _, report in results]
    if not reports:
        raise UsageError(
            "no library and no call was found to run; leave out --only, or install one"
        )
    if missing:
        print(f"not installed: {', '.join(missing)}")
    if arguments.markdown:
        page = conformance.markdown(everything, missing)
        with whole(arguments.markdown) as part:
            part.write_text(page, encoding="utf-8")
    if len(reports) == 1:
        for path, write in ((arguments.html, "to_html"), (arguments.json, "to_json")):
            if path:
                getattr(reports[0], write)(path)
    elif arguments.html or arguments.json:
        raise UsageError("--html and --json hold one report; choose one call with --only TEXT")
    return 0 if all(report.passed for report in reports) else 1


# --- vectors and check ---------------------------------------------------------------------------


def add_vectors(parser):
    """Arguments of ``vectors``."""
    parser.add_argument("folder", nargs="?", metavar="DIR", help="where to write them")
    parser.add_argument("--matrix", action="store_true", help="print which vector kills which bug")
    _add_network(parser)


def run_vectors(arguments):
    """Write the vectors, or print the kill matrix."""
    if not arguments.folder and not arguments.matrix:
        raise UsageError("DIR must be given, or --matrix; for example vectors conformance")
    if arguments.matrix:
        from spikecore.validate import vectors

        print(vectors.matrix(vectors.outcomes()))
    if arguments.folder and arguments.network:
        from spikecore.validate import network_files

        try:
            names = network_files.write(arguments.folder, **_reference(arguments))
        except (ValueError, TypeError, ImportError, OSError) as error:
            raise UsageError(str(error)) from error
        print(f"{len(names)} files in {arguments.folder}")
    elif arguments.folder:
        from spikecore.validate import files

        print(f"{len(files.write(arguments.folder))} files in {arguments.folder}")
    return 0


def add_check(parser):
    """Arguments of ``check``."""
    parser.add_argument("folder", metavar="DIR", help="what python -m spikecore vectors wrote")
    parser.add_argument(
        "results", metavar="RESULTS", help="folder with an implementation's outputs"
    )
    parser.add_argument("--strict", action="store_true", help="fail on rounding too")
    parser.add_argument(
        "--require", action="append", default=[], metavar="all|NAME",
        help="fail when this vector, or any, is not among the results; may be repeated",
    )  # fmt: skip
    _add_outputs(parser)


def run_check(arguments):
    """Judge an implementation's files; 0 when all conform, else 1."""
    from spikecore.validate import files, results

    try:
        report = results.check(
            arguments.folder, arguments.results, arguments.strict, arguments.require
        )
    except files.FileError as error:
        raise UsageError(str(error)) from error
    return _show(report, arguments)


# --- tables --------------------------------------------------------------------------------------


def _add_of(parser):
    """The argument of ``profiles`` and ``axes``."""
    parser.add_argument(
        "of", nargs="?", default="LIF", choices=("LIF", *KINDS), metavar="CODE",
        help=f"of an encoder ({', '.join(KINDS)}) instead of LIF",
    )  # fmt: skip


def run_profiles(arguments):
    """Print the known simulators' neurons, or the toolboxes that a code knows."""
    from spikecore import listing

    of = arguments.of
    print("\n".join(listing.profile_lines() if of == "LIF" else listing.code_profile_lines(of)))
    return 0


def run_axes(arguments):
    """Print the fields of LIF, or the arguments of a code."""
    from spikecore import listing

    of = arguments.of
    print("\n".join(listing.axis_lines() if of == "LIF" else listing.code_axis_lines(of)))
    return 0


# --- registration --------------------------------------------------------------------------------


def _command(text, add_arguments, run):
    """A command as the command line takes it, its usage errors ending with exit status 2."""

    def guarded(arguments):
        try:
            return run(arguments)
        except UsageError as error:
            arguments.refuse(str(error))

    description = f"{text[0].upper()}{text[1:]}."
    return SimpleNamespace(HELP=text, add_arguments=add_arguments, run=guarded, __doc__=description)


def commands():
    """The subcommands by name."""
    return {
        "validate": _command("compare an encoder, a neuron or a library with the reference",
                             add_validate, run_validate),
        "vectors": _command("write conformance vectors for implementations in any language",
                            add_vectors, run_vectors),
        "check": _command("judge what an implementation gave for the conformance vectors",
                          add_check, run_check),
        "profiles": _command("list the neurons of known simulators by name, or a code's toolboxes",
                             _add_of, run_profiles),
        "axes": _command("list the axes of LIF or of a code, their options and what they mean",
                         _add_of, run_axes),
    }  # fmt: skip
