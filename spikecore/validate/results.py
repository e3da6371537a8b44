"""Judge the files that an implementation wrote for the conformance vectors."""

from pathlib import Path

import numpy as np

from spikecore.validate import encoders, files, neurons
from spikecore.validate import mutants as catalogue
from spikecore.validate.candidate import Observed, RefusedError, shaped
from spikecore.validate.diagnose import Seen, reproduces
from spikecore.validate.neurons import MOST_PICTURES, settled_verdicts
from spikecore.validate.report import Check, Report

SUFFIXES = (".hex", ".txt")


def check(folder, results, strict=False):
    """Judge an implementation's outputs for the vectors in ``folder``.

    Parameters
    ----------
    folder : str or Path
        Where ``python -m spikecore vectors`` wrote them.
    results : str or Path
        Folder with ``NAME.npz`` (arrays ``spikes`` and, if exposed, ``membrane``), or
        ``NAME.spikes.hex`` and ``NAME.membrane.hex``, or the same as decimal ``.txt``, for some or
        all vectors.  Vectors without a file are listed as not run.
    strict : bool
        Fail on differences that are rounding.

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
    results = Path(results)
    checks, seen, missing = [], {}, []
    for vector in vectors:
        _refuse_stale(vector)
        try:
            observed = _read(results, vector)
        except (files.FileError, RefusedError) as error:
            checks.append(Check(vector.name, "failed", str(error)))
            continue
        if observed is None:
            missing.append(vector.name)
        else:
            seen.setdefault(catalogue.group_of(vector), []).append(Seen(vector.trial, observed))
    if not seen and not checks:
        raise files.FileError(
            f"{str(results)!r} holds no results, such as {vectors[0].name}.npz; write one file for "
            "each vector that was run"
        )
    judged = [_judge_group(group, members) for group, members in seen.items()]
    causes = [
        (cause.name, f"{group}: {_sentence(group, members, cause)}{suffix}")
        for (group, members), (_, _, found) in zip(seen.items(), judged, strict=True)
        for cause, suffix in found
    ]
    notes = [f"{sum(map(len, seen.values()))} of {len(vectors)} vectors were run"]
    notes += [f"not run: {', '.join(missing)}"] if missing else []
    return Report(
        subject=f"{len(vectors)} conformance vectors",
        candidate=str(results),
        checks=(*checks, *(one for group, _, _ in judged for one in group)),
        diagnosis=tuple(text for _, text in causes),
        notes=tuple(notes),
        trains=tuple(p for _, pictures, _ in judged for p in pictures)[:MOST_PICTURES],
        strict=strict,
        causes=tuple(name for name, _ in causes),
    )


def _judge_group(group, members):
    """Checks, pictures and causes of the vectors of one group."""
    module = neurons if group == "neuron" else encoders
    judged = [module.judge(one) for one in members]
    checks = [one for one, _ in judged]
    found = module.diagnose(members, checks)
    return settled_verdicts(checks, found), [p for _, p in judged if p], found


def _sentence(group, members, cause):
    return neurons.sentence(cause, members[0].trial.lif) if group == "neuron" else cause.sentence


def _refuse_stale(vector):
    """Vectors of another release may expect what this one does not give."""
    module = neurons if vector.group == "neuron" else encoders
    try:
        expected = module.expected(vector.trial)
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
    names = [name for name in ("spikes", "membrane") if name in arrays]
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
            texts = [results / f"{vector.name}.{name}{suffix}" for suffix in SUFFIXES]
            texts = [one for one in texts if one.is_file()]
            if texts:
                given[name] = files.read_text(texts[0], arrays[name])
    if "spikes" not in given:
        return None
    shape = arrays["spikes"].shape
    spikes = shaped("spikes", given["spikes"], shape)
    membrane = None
    if "membrane" in names and "membrane" in given:
        membrane = shaped("membranes", given["membrane"], shape)
        with np.errstate(over="ignore"):
            membrane = membrane.astype(vector.trial.inputs.dtype)
    return Observed(spikes, membrane)
