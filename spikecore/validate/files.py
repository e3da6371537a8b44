"""Vectors as files: npz for those who have NumPy, hexadecimal text for C, Verilog and the like.

``manifest.json`` lists the vectors in the order in which they are to be run.  Every array stands
twice: in ``NAME.npz``, and in ``NAME.ARRAY.hex`` as the bits of its numbers, one time step to a
line, which ``$readmemh`` and ``fscanf`` read; those of a neuron in fixed point also in
``NAME.ARRAY.bin``, each number in the bits of its register.  ``NAME.parameters.txt`` has the call
as lines ``key = value``.  Beside them lie an example in C and two in Verilog, which read these
files, and ``SHA256SUMS`` in the form of ``sha256sum``.
"""

import hashlib
import json
import math
import re
import zipfile
from dataclasses import asdict
from importlib import resources
from pathlib import Path

import numpy as np

from spikecore import __version__
from spikecore.files import whole
from spikecore.neurons import fixed
from spikecore.neurons.lif import LIF
from spikecore.validate.candidate import Observed
from spikecore.validate.causes import KINDS
from spikecore.validate.causes.fixed import split
from spikecore.validate.encoders import Encoder
from spikecore.validate.hardware import Fixed
from spikecore.validate.neurons import Neuron
from spikecore.validate.subject import Trial
from spikecore.validate.vectors import Vector, every

FORMAT = "spikecore-vectors"
FORMAT_VERSION = 1
MANIFEST, SUMS, README = "manifest.json", "SHA256SUMS", "README.md"
PHILOX = "philox.txt"
BESIDE = {README: "vectors.md", PHILOX: PHILOX, "lif.c": "lif.c", "lif.v": "lif.v",
          "fixed.v": "fixed.v"}  # fmt: skip
STATES = ("membrane", "synapse")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
NEURON_CALL, FIXED_CALL, ENCODER_CALL = "LIF.run", "neurons.fixed.LIF.run", "spikegen."
DTYPES = ("int8", "int32", "int64", "float32", "float64")
MOST_VALUES = 2**24  # of one array: no vector is near it
ANEW = "write the vectors anew with python -m spikecore vectors DIR"


class FileError(ValueError):
    """A file of vectors or results cannot be used, for the reason in the message."""


# --- writing -------------------------------------------------------------------------------------


def write(folder):
    """Write every vector into ``folder``, which is made when it does not exist.

    Returns
    -------
    list of str
        The names of the files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    entries, sums = [], {}
    for vector in every():
        arrays = arrays_of(vector)
        with whole(folder / f"{vector.name}.npz") as part:
            np.savez_compressed(part, **arrays)
        files = {"npz": f"{vector.name}.npz"}
        for name, array in arrays.items():
            files[name] = f"{vector.name}.{name}.hex"
            _write_text(folder / files[name], hexadecimal(name, array))
        for name, width in widths(vector).items():
            files[f"{name}.bin"] = f"{vector.name}.{name}.bin"
            _write_text(folder / files[f"{name}.bin"], binary(name, arrays[name], width))
        files["parameters"] = f"{vector.name}.parameters.txt"
        entries.append(_entry(vector, arrays, files))
        _write_text(folder / files["parameters"], flat(entries[-1]))
        sums.update((name, digest(folder / name)) for name in files.values())
    for name, source in BESIDE.items():
        text = resources.files("spikecore").joinpath("data", source).read_text("ascii")
        _write_text(folder / name, text)
        sums[name] = digest(folder / name)
    manifest = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "spikecore": __version__,
        "vectors": entries,
        "sha256": sums,
    }
    _write_text(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    sums[MANIFEST] = digest(folder / MANIFEST)
    _write_text(folder / SUMS, "".join(f"{value}  {name}\n" for name, value in sums.items()))
    return [*sums, SUMS]


def _write_text(path, text):
    with whole(path) as part:
        part.write_text(text, encoding="ascii")


def arrays_of(vector):
    """Every array of a vector by name: what goes in, and what must come out."""
    arrays = {"inputs": vector.trial.inputs}
    if getattr(vector.trial.subject, "events", False):
        arrays["inputs"], kinds = split(vector.trial.inputs)
        arrays["time_events"] = kinds.reshape(len(kinds), -1)[:, 0].astype(np.int8)
    uniforms = getattr(vector.trial.subject, "options", {}).get("uniforms")
    if uniforms is not None:
        arrays["uniforms"] = uniforms
    spikes = vector.observed.spikes
    small = np.array_equal(spikes, np.rint(spikes)) and np.abs(spikes).max(initial=0) < 128
    arrays["spikes"] = spikes.astype(np.int8) if small else spikes
    for name in STATES:
        state = getattr(vector.observed, name)
        if state is not None:
            arrays[name] = state
    return arrays


def widths(vector):
    """Bits of the register of each array, if the vector is of a neuron in fixed point."""
    if not isinstance(vector.trial.subject, Fixed):
        return {}
    lif = vector.trial.subject.lif
    found = {
        "inputs": lif.input_bits,
        "spikes": 1 if lif.lower_threshold is None else 2,
        "membrane": lif.bits + (lif.overflow == "wrap-high"),  # 2**(bits - 1) needs one more
    }
    if lif.synapse_decay is not None:
        found["synapse"] = lif.synapse_bits + (lif.synapse_overflow == "wrap-high")
    return found | ({"time_events": 1} if vector.trial.subject.events else {})


def _entry(vector, arrays, files):
    trial = vector.trial
    if isinstance(trial.subject, (Neuron, Fixed)):
        call = NEURON_CALL if isinstance(trial.subject, Neuron) else FIXED_CALL
        parameters = asdict(trial.subject.lif)
        after = [known.name for known in every() if trial.earlier
                 and known.trial.inputs is trial.earlier[-1]][:1]  # fmt: skip
        extra = {"equation": str(trial.subject.lif), "run_directly_after": after}
    else:
        call, extra = f"{ENCODER_CALL}{trial.subject.kind}", {}
        parameters = {k: v for k, v in trial.subject.options.items() if k != "uniforms"}
    return {
        "name": vector.name,
        "call": call,
        "parameters": parameters,
        "why": trial.why,
        **extra,
        "arrays": {
            name: {"dtype": str(array.dtype), "shape": list(array.shape)}
            for name, array in arrays.items()
        },
        "files": files,
    }


def flat(entry):
    """The call of a vector as lines ``key = value``, for readers without JSON."""
    steps, *shape = entry["arrays"]["inputs"]["shape"]
    sizes = {"inputs.steps": steps, "inputs.elements": math.prod(shape)}
    for name, array in entry["arrays"].items():
        sizes[f"{name}.dtype"] = array["dtype"]
        sizes[f"{name}.shape"] = "x".join(map(str, array["shape"]))
    lines = {"call": entry["call"], **entry["parameters"], **sizes}
    return "".join(f"{key} = {_word(value)}\n" for key, value in lines.items())


def _word(value):
    """A value of a line: none, true, false, or numbers with spaces between them."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    words = {None: "none", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else value


def hexadecimal(name, array):
    """The bits of an array, one time step to a line, after a comment that names dtype and shape."""
    digits = 2 * array.dtype.itemsize
    words = np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")
    rows = words.reshape(len(words), -1).tolist()
    lines = [" ".join(f"{word:0{digits}x}" for word in row) for row in rows]
    shape = "x".join(map(str, array.shape))
    return "\n".join([f"// {name} {array.dtype} {shape}", *lines]) + "\n"


def binary(name, array, width):
    """Integers in two's complement of so many bits, one time step to a line, after a comment."""
    rows = (array.astype(np.int64) & ((1 << width) - 1)).reshape(len(array), -1).tolist()
    lines = [" ".join(f"{word:0{width}b}" for word in row) for row in rows]
    shape = "x".join(map(str, array.shape))
    return "\n".join([f"// {name} {width} bits {shape}", *lines]) + "\n"


def digest(path):
    """SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


# --- reading -------------------------------------------------------------------------------------


def read(folder):
    """The vectors in ``folder``, after their sums have been checked.

    Raises
    ------
    FileError
        A manifest that is missing, malformed or names files outside the folder; a file that is
        missing, changed or not what the manifest says.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    vectors = {}
    for entry in manifest["vectors"]:
        try:
            vector = _vector(folder, entry, manifest["sha256"], vectors)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            told = f"{type(error).__name__}: {error}"
            raise FileError(f"{MANIFEST} has a malformed vector ({told}); {ANEW}") from error
        vectors[vector.name] = vector
    return list(vectors.values())


def _manifest(folder):
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "pass the folder that python -m spikecore vectors wrote"
        raise _unusable(path, f"cannot be read ({error.strerror})", remedy) from error
    except (ValueError, RecursionError) as error:
        raise _unusable(path, "is not JSON") from error
    good = isinstance(manifest, dict) and manifest.get("format") == FORMAT
    good = good and isinstance(manifest.get("vectors"), list)
    if not good or not isinstance(manifest.get("sha256"), dict):
        raise _unusable(path, f"is not a manifest of {FORMAT}")
    version = manifest.get("version")
    if version != FORMAT_VERSION:
        raise _unusable(path, f"has version {version!r} where {FORMAT_VERSION} is known")
    if not manifest["vectors"]:
        raise _unusable(path, "lists no vectors")
    return manifest


def _unusable(path, what, remedy=ANEW):
    return FileError(f"{str(path)!r} {what}; {remedy}")


def _vector(folder, entry, sums, vectors):
    name = _safe(entry["name"])
    arrays = read_npz(inside(folder, entry["files"]["npz"], sums), entry["arrays"])
    observed = Observed(arrays["spikes"], *(arrays.get(name) for name in STATES))
    parameters, call = dict(entry["parameters"]), str(entry["call"])
    earlier = ()
    try:
        if call == NEURON_CALL:
            subject = Neuron(LIF(**parameters))
            earlier = tuple(vectors[known].trial.inputs for known in entry["run_directly_after"])
        elif call == FIXED_CALL:
            subject = Fixed(fixed.LIF(**parameters), "time_events" in arrays)
            earlier = tuple(vectors[known].trial.inputs for known in entry["run_directly_after"])
        else:
            if "uniforms" in arrays:
                parameters["uniforms"] = arrays["uniforms"]
            subject = _encoder(name, call, parameters, observed.spikes.shape)
    except ValueError as error:
        raise FileError(f"{MANIFEST}, vector {name!r}: {error}") from error
    inputs = arrays["inputs"]
    if "time_events" in arrays:
        kinds = arrays["time_events"].reshape(-1, *[1] * (inputs.ndim - 1))
        inputs = (inputs << 1) | (kinds != 0)
    return Vector(Trial(name, inputs, subject, str(entry["why"]), earlier), observed)


def _encoder(name, call, options, shape):
    """The encoder of a call, whose sizes must be those of the spikes that are stored."""
    kind = call.removeprefix(ENCODER_CALL)
    if kind not in KINDS:
        raise FileError(f"{MANIFEST} asks for {call!r}, which is not known; {ANEW}")
    for option, axis in (("num_steps", 0), ("num_classes", -1)):
        size = options.get(option, shape[axis])
        if size != shape[axis]:
            raise FileError(
                f"{MANIFEST}, vector {name!r}, has {option}={size!r} for spikes of shape {shape}; "
                f"{ANEW}"
            )
    return Encoder(kind, options)


def _safe(name):
    """A name that cannot leave its folder."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or ".." in name:
        raise FileError(
            f"{MANIFEST} names the file {name!r}, which could lie outside its folder; names may "
            "hold letters, digits, dot, dash and underscore only"
        )
    return name


def inside(folder, name, sums):
    """The path of a file of the folder whose contents have the sum that is told."""
    path = folder / _safe(name)
    if path.is_symlink():
        raise _unusable(path, "is a link", "replace it by the file itself")
    try:
        actual = digest(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    known = str(sums.get(name))
    if actual != known:
        told = f"has SHA-256 {actual[:12]}... where {MANIFEST} has {known[:12]}..."
        raise _unusable(path, told)
    return path


def read_npz(path, wanted):
    """The arrays of an npz file, of the dtypes and shapes wanted, without unpickling.

    ``wanted`` gives dtype and shape of each name; sizes are looked at before anything is unpacked.
    """
    most = sum(_bytes(array) for array in wanted.values()) * 8 + 2**16
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > most:
            told = f"unpacks to {unpacked} bytes where at most {most} are expected"
            raise _unusable(path, told, "store only the arrays asked for")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in wanted if name in stored.files}
    except FileError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise _unusable(path, f"cannot be read ({reason})", "write it anew") from error
    except Exception as error:
        told = f"is not a whole npz file of plain arrays ({' '.join(str(error).split())[:120]})"
        raise _unusable(path, told, "write it with numpy.savez and without objects") from error


def _bytes(array):
    dtype, shape = array["dtype"], array["shape"]
    if dtype not in DTYPES or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise FileError(f"{MANIFEST} has the array {array!r}, which is not known; {ANEW}")
    values = math.prod(shape)
    if values > MOST_VALUES:
        raise FileError(f"{MANIFEST} has an array of {values} values; {ANEW}")
    return max(values, 1) * np.dtype(dtype).itemsize


def read_text(path, like):
    """An array of the shape and dtype of ``like`` from hexadecimal, decimal or binary text."""
    decimal, bits = path.suffix == ".txt", like.dtype.itemsize * 8
    try:
        if path.stat().st_size > 64 * like.size + 2**12:
            told = f"is far larger than its {like.size} values"
            raise _unusable(path, told, "write it anew")
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "cannot be read as text", "write it anew") from error
    words = " ".join(line.split("//")[0] for line in text.splitlines()).split()
    if len(words) != like.size:
        told = f"holds {len(words)} values where {like.size} were expected"
        raise _unusable(path, told, "write one for each step and element")
    try:
        if decimal:
            return np.array([float(word) for word in words]).astype(like.dtype).reshape(like.shape)
        if path.suffix == ".bin":
            return np.array([_signed(word) for word in words], like.dtype).reshape(like.shape)
        numbers = np.array([int(word, 16) for word in words], f"u{like.dtype.itemsize}")
    except (ValueError, OverflowError) as error:
        kind = {".txt": "decimal", ".bin": "binary"}.get(path.suffix, "hexadecimal")
        told = f"holds a word that is not a {kind} number of {bits} bits"
        raise _unusable(path, told, "write it anew") from error
    return numbers.view(like.dtype).reshape(like.shape)


def _signed(word):
    """A binary word in two's complement of its length; a word of one bit has no sign."""
    value = int(word, 2)
    return value - (1 << len(word)) if len(word) > 1 and word[0] == "1" else value
