"""Judge the files that an implementation wrote for the conformance vectors."""

from pathlib import Path

import numpy as np

from spikecore.validate import files
from spikecore.validate.candidate import Observed, RefusedError, shaped
from spikecore.validate.report import Check, Report
from spikecore.validate.subject import MOST_PICTURES, Seen, judge, reproduces, sentence

SUFFIXES = (".hex", ".bin", ".txt")
OUTPUTS = ("spikes", *files.STATES)


def check(folder, results, strict=False, require=()):
    """Judge an implementation's outputs for the vectors in ``folder``.

    Parameters
    ----------
    folder : str or Path
        Where ``python -m spikecore vectors`` wrote them.
    results : str or Path
        Folder with ``NAME.npz`` (arrays ``spikes`` and, if exposed, ``membrane``, in fixed point
        ``synapse``), or ``NAME.spikes.hex`` and ``NAME.membrane.hex``, or the same as decimal
        ``.txt``, in fixed point also as binary ``.bin``, for some or all vectors.  Vectors without
        a file are listed as not run.
    strict : bool
        Fail on differences that are rounding.
    require : sequence of str
        Names of vectors that must be among the results, or ``"all"``.

    Returns
    -------
    Report

    Raises
    ------
    spikecore.validate.files.FileError
        Vectors that are damaged, or not one file of results.

    Examples
    --------
    >>> import tempfile
    >>> from spikecore.validate import files, results
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     names = files.write(folder)
    ...     report = results.check(folder, folder)
    >>> report.verdict
    'exact'
    """
    vectors = files.read(folder)
    results, names = Path(results), [vector.name for vector in vectors]
    required = _required(require, names)
    failed, groups, missing = [], {}, []
    for vector in vectors:
        _refuse_stale(vector)
        try:
            observed = _read(results, vector)
        except (files.FileError, RefusedError) as error:
            failed.append(Check(vector.name, "failed", str(error)))
            continue
        if observed is None:
            missing.append(vector.name)
        else:
            groups.setdefault(vector.group, []).append(Seen(vector.trial, observed))
    unknown = _unknown(results, names)
    if len(missing) == len(vectors) and not unknown:
        raise files.FileError(
            f"{str(results)!r} holds no results, such as {names[0]}.npz; write one file for "
            "each vector that was run"
        )
    failed += [
        Check(name, "failed", f"no vector has the name of this file; {names[0]}.npz would be known")
        for name in unknown
    ]
    absent = [name for name in required if name in missing]
    if absent:
        told = f"{len(absent)} required vectors were not run, {_listed(absent)}; run them too"
        failed.append(Check("required", "failed", told))
    judged = {group: judge(members) for group, members in groups.items()}
    causes = [
        (cause.name, f"{group}: {sentence(cause, groups[group][0].trial.subject)}{suffix}")
        for group, judgement in judged.items()
        for cause, suffix in judgement.found
    ]
    notes = [f"not run: {_listed(missing)}"] if missing else []
    notes += [f"{group}: {fact}" for group, judgement in judged.items() for fact in judgement.facts]
    return Report(
        subject="the conformance vectors that it ran",
        candidate=str(results),
        checks=(*failed, *(check for judgement in judged.values() for check in judgement.checks)),
        diagnosis=tuple(text for _, text in causes),
        notes=tuple(notes),
        trains=tuple(t for judgement in judged.values() for t in judgement.trains)[:MOST_PICTURES],
        strict=strict,
        causes=tuple(name for name, _ in causes),
        counted=f"{len(vectors) - len(missing)} of {len(vectors)} run",
    )


def _listed(names, most=6):
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _required(require, names):
    for name in require:
        if name != "all" and name not in names:
            raise files.FileError(
                f"--require must name a vector, such as {names[0]}, or 'all', got {name!r}; "
                f"{files.MANIFEST} lists the names"
            )
    return names if "all" in require else require


def _unknown(results, names):
    """Files that are named like results, but like those of no vector."""
    endings = [".npz"] + [f".{name}{suffix}" for name in OUTPUTS for suffix in SUFFIXES]
    known = {name + ending for name in names for ending in endings}
    found = sorted(path.name for path in results.iterdir()) if results.is_dir() else []
    return [name for name in found if name.endswith(tuple(endings)) and name not in known]


def _refuse_stale(vector):
    """Vectors of another release may expect what this one does not give."""
    try:
        expected = vector.trial.expected()
    except (ValueError, TypeError) as error:
        raise files.FileError(
            f"vector {vector.name!r} asks for what cannot be computed ({error}); write it anew"
        ) from error
    if not reproduces(vector.observed, expected):
        raise files.FileError(
            f"vector {vector.name!r} expects what this spikecore does not give, so it is of "
            "another release; write the vectors anew with python -m spikecore vectors DIR"
        )


def _read(results, vector):
    """What an implementation gave for a vector, or None when there is no file."""
    arrays = files.arrays_of(vector)
    path = results / f"{vector.name}.npz"
    names = [name for name in OUTPUTS if name in arrays]
    if path.is_file():
        wanted = {
            name: {"dtype": "float64", "shape": list(array.shape)} for name, array in arrays.items()
        }
        given = files.read_npz(path, wanted)
        if "spikes" not in given:
            raise files.FileError(f"{str(path)!r} has no array 'spikes'; store one of that name")
    else:
        given = {}
        for name in names:
            texts = [results / f"{vector.name}.{name}{suffix}" for suffix in _suffixes(vector)]
            texts = [text for text in texts if text.is_file()]
            if texts:
                given[name] = files.read_text(texts[0], arrays[name])
    if not given:
        return None
    if "spikes" not in given:
        raise files.FileError(
            f"{vector.name!r} has a membrane without spikes; write {vector.name}.spikes.hex too"
        )
    shape = arrays["spikes"].shape
    spikes = shaped("spikes", given["spikes"], shape)
    states = {}
    for name in files.STATES:
        if name in names and name in given:
            state = shaped(f"{name}s", given[name], shape)
            if arrays[name].dtype.kind == "f":
                with np.errstate(over="ignore"):
                    state = state.astype(arrays[name].dtype)
            states[name] = state
    return Observed(spikes, **states)


def _suffixes(vector):
    """Endings of text files; binary is for integers."""
    return [s for s in SUFFIXES if s != ".bin" or files.widths(vector)]
