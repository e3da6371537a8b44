"""Encoders beside other libraries and beside the memory limit.

``python -m benchmarks.encoders`` takes about two minutes with all of them installed; ``--quick``
uses smaller arrays and few repeats, to see that everything runs.
"""

import math
import sys
from functools import partial

import numpy as np

from benchmarks import peers, run
from benchmarks.harness import Case, Check, Rival, copy, fill
from spikecore import random, spikegen

FEATURES = 784
ALL_DTYPES = ("float32", "float64", "bool", "uint8", "int8")
CLASSES = 10


def main(argv=None):
    """Measure every case and print the table."""
    return run.main([cases], __doc__.splitlines()[0], argv)


def cases(scale):
    """Builders of the cases by name."""
    return {
        **{f"rate, {dtype}": partial(rate, scale, dtype) for dtype in ALL_DTYPES},
        "rate, new array": partial(rate, scale, None),
        "rate, events": partial(rate_events, scale),
        "rate from uniforms": partial(rate_from_uniforms, scale),
        "rate_conv": partial(rate_conv, scale),
        **{
            f"latency, {code}{kind}": partial(latency, scale, code, dtype)
            for code in CODES
            for kind, dtype in (("", "float32"), (", uint8", "uint8"), (", float64", "float64"))
        },
        "latency, SpikingJelly's": partial(latency_of_spikingjelly, scale),
        "latency, ramps": partial(ramps, scale),
        "delta, float32": partial(delta, scale, "float32", True, 2),
        "delta, int8": partial(delta, scale, "int8", True, None),
        "delta without off-spikes, uint8": partial(delta, scale, "uint8", False, None),
        **{f"{name}, int8": partial(of_values, scale, name) for name in VALUES},
        **{f"targets_rate, {how}": partial(targets, scale, how) for how in TARGETS},
        "targets_latency": partial(targets, scale, "latency"),
        "to_one_hot_inverse": partial(one_hot_inverse, scale),
        "from_one_hot": partial(from_one_hot, scale),
    }


def rate(scale, dtype):
    """Rate code into an array given, or (dtype None) into a new one."""
    data = _data(scale.batch, FEATURES)
    options = {"num_steps": scale.steps}
    shape = (scale.steps, *data.shape)
    uniforms = random.torch_uniforms(0, shape)
    bound = 25 if dtype in ("float32", "uint8") else None

    def rival(name, function, values=data, drawn=uniforms, **how):
        def expected():
            return spikegen.rate(values, scale.steps, uniforms=drawn)

        return _rival(name, function, expected, **how)

    rivals = [
        rival("snnTorch", peers.installed("snntorch_encoder", data, "rate", **options), bound=bound)
    ]
    if dtype == "float32":
        drawn = np.random.default_rng(0).random(shape, np.float32)
        above = np.nextafter(data, np.float32(2))
        theirs = peers.installed(
            "spikingjelly_encoder", data, "PoissonEncoder", num_steps=scale.steps
        )
        norse = peers.installed("norse_encoder", data, "poisson_encode", scale.steps, f_max=1000.0)
        rivals += [
            rival("NumPy", peers.numpy_rate(data, scale.steps), drawn=drawn),
            rival("Norse", norse),
            rival("SpikingJelly", theirs, above, note="spikes where u <= p"),
        ]
    if dtype is None:
        out, limit = None, Rival("fill, new array", lambda: np.empty(shape, np.float32).fill(1))
    else:
        out, limit = np.empty(shape, dtype), fill(shape, dtype, 3 if dtype == "float32" else None)
    return encoder("rate", data, options, out, limit, ours={"seed": 0}, rivals=rivals)


def rate_events(scale):
    """Rate code of p = 0.01 as Events, beside dense arrays that are searched for spikes."""
    data = np.full((scale.batch, FEATURES), 0.01, np.float32)
    encode = partial(spikegen.rate, data, scale.steps, seed=0)

    def places():
        found = encode(sparse=True)
        return found.step.astype(np.int64) * found.size + found.element

    def bits():
        return np.flatnonzero(encode(dtype=bool))

    return Case(
        work=f"{_size(data.shape)} to Events of {scale.steps} steps; p=0.01",
        function=partial(encode, sparse=True),
        bytes_moved=data.nbytes,
        checks=(Check("numpy backend", places, lambda: np.flatnonzero(encode(device="numpy"))),),
        peers=(
            Rival("bool, numpy.flatnonzero", bits, 1.5),
            Rival("float32, numpy.nonzero", lambda: np.nonzero(encode()), 5),
        ),
    )


def rate_from_uniforms(scale):
    """Rate code of uniforms that the caller gives."""
    data = _data(scale.batch, FEATURES)
    uniforms = _data(scale.steps, *data.shape)
    out = np.empty(uniforms.shape, np.float32)
    options = {"num_steps": scale.steps}
    return encoder("rate", data, options, out, copy(uniforms), ours={"uniforms": uniforms})


def rate_conv(scale):
    """Rate code of time-varying data."""
    data = _data(scale.steps, scale.batch, FEATURES)
    return encoder("rate_conv", data, {}, np.empty_like(data), copy(data), ours={"seed": 0})


CODES = {"log": {}, "linear": {"linear": True, "normalize": True, "clip": True}}


def latency(scale, code, dtype):
    """Latency codes into an array given; float64 data for a float64 code."""
    data = _data(scale.batch, FEATURES).astype("float64" if dtype == "float64" else "float32")
    shape = (scale.steps, *data.shape)
    options = {"num_steps": scale.steps, **(CODES[code] or {"tau": scale.steps / 20})}
    rivals = []
    if dtype == "float32":
        theirs = peers.installed("snntorch_encoder", data, "latency", **options)
        expected = _float32("latency", data, options)
        rivals.append(_rival("snnTorch", theirs, expected, 15))
        if code == "linear":
            rivals.append(_rival("NumPy", peers.numpy_latency(data, scale.steps, 0.01), expected))
    limit = fill(shape, dtype, 3 if dtype == "float32" else None)
    return encoder("latency", data, options, np.empty(shape, dtype), limit, rivals=rivals)


def latency_of_spikingjelly(scale):
    """The linear code without a threshold to speak of, which is SpikingJelly's."""
    data = _data(scale.batch, FEATURES)
    shape = (scale.steps, *data.shape)
    linear = {"linear": True, "normalize": True, "threshold": 1e-7, "epsilon": 1e-6}
    options = {"num_steps": scale.steps, **linear}
    steps = scale.steps
    theirs = peers.installed(
        "spikingjelly_encoder", data, "LatencyEncoder", steps, "linear", num_steps=steps
    )
    rivals = [_rival("SpikingJelly", theirs, _float32("latency", data, options))]
    out, limit = np.empty(shape, np.float32), fill(shape, np.float32)
    return encoder("latency", data, options, out, limit, rivals=rivals)


def ramps(scale):
    """Lines that climb to the spikes of the latency code."""
    data = _data(scale.batch, FEATURES)
    out = np.empty((scale.steps, *data.shape), np.float32)
    options = {"num_steps": scale.steps, **CODES["linear"], "interpolate": True}
    return encoder("latency", data, options, out, fill(out.shape, out.dtype))


def delta(scale, dtype, off_spike, bound):
    """Delta modulation of a float32 signal."""
    data = _data(scale.steps, scale.batch, FEATURES)
    options = {"threshold": 0.1, "off_spike": off_spike}
    rivals = []
    if dtype == "float32":
        expected = _float32("delta", data, options)
        theirs = peers.installed("snntorch_encoder", data, "delta", **options)
        rivals = [
            _rival("snnTorch", theirs, expected, 15),
            _rival("NumPy", peers.numpy_delta(data, 0.1), expected),
        ]
    out = np.empty(data.shape, dtype)
    return encoder("delta", data, options, out, copy(data, bound), rivals=rivals)


VALUES = {
    "phase": {"num_bits": 8},
    "burst": {"max_spikes": 5},
    "population": {"neurons": 10, "low": 0, "high": 1},
}


def of_values(scale, name):
    """Codes of values into bytes; of a population, as many neurons as the others have features."""
    neurons = VALUES[name].get("neurons", 1)
    data = _data(scale.batch, FEATURES // neurons)
    shape = (scale.steps, *data.shape, *([neurons] if neurons > 1 else []))
    options = {"num_steps": scale.steps, **VALUES[name]}
    return encoder(name, data, options, np.empty(shape, np.int8), fill(shape, np.int8, 3))


TARGETS = {
    "regular": {"correct_rate": 0.5},
    "uniform": {"correct_rate": 0.5, "firing_pattern": "uniform", "seed": 0},
    "poisson": {"correct_rate": 0.5, "firing_pattern": "poisson", "seed": 0},
}


def targets(scale, how):
    """Codes of class labels."""
    labels = np.random.default_rng(0).integers(0, CLASSES, scale.batch * 50)
    out = np.empty((scale.steps, len(labels), CLASSES), np.float32)
    name = "targets_latency" if how == "latency" else "targets_rate"
    options = {"num_classes": CLASSES, "num_steps": scale.steps, **TARGETS.get(how, {})}
    return encoder(name, labels, options, out, fill(out.shape, out.dtype))


def one_hot_inverse(scale):
    """One-hot rows turned over."""
    rows = _one_hot(scale)
    call = partial(spikegen.to_one_hot_inverse, rows, out=np.empty_like(rows))
    check = Check("1 - x", call, lambda: 1 - rows)
    work = f"{_size(rows.shape)} float32 in out="
    return Case(work, call, 2 * rows.nbytes, (check,), limit=copy(rows))


def from_one_hot(scale):
    """Class of each one-hot row."""
    rows = _one_hot(scale)
    call = partial(spikegen.from_one_hot, rows)
    check = Check("argmax", call, lambda: rows.argmax(axis=-1))
    work = f"{_size(rows.shape)} float32 to int64"
    return Case(work, call, rows.nbytes, (check,), limit=copy(rows))


def _one_hot(scale):
    labels = np.random.default_rng(0).integers(0, CLASSES, scale.batch * 5000)
    return spikegen.to_one_hot(labels, CLASSES)


def encoder(name, data, options, out, limit, *, ours=(), rivals=(), graded=False):
    """One of our encoders, compared with the numpy backend.

    ``ours`` are options that others lack; ``out=None`` leaves the allocation to the call.  A
    ``graded`` code has the dtype of its data.
    """
    function = getattr(spikegen, name)
    given = {**options, **dict(ours)}
    dtype = np.dtype(np.float32) if out is None else out.dtype
    shape = (options["num_steps"], *data.shape) if out is None else out.shape

    def call():
        return function(data, out=out, **given)

    def reference():
        told = {} if graded else {"dtype": dtype}
        return function(data, device="numpy", **told, **given)

    words = ", ".join(f"{option}={value}" for option, value in options.items())
    where = "a new array" if out is None else "`out=`"
    return Case(
        work=f"{_size(data.shape)} to {_size(shape)} {dtype} in {where}; {words}".rstrip("; "),
        function=call,
        bytes_moved=data.nbytes + dtype.itemsize * math.prod(shape),
        checks=(Check("numpy backend", call, reference),),
        peers=tuple(filter(None, rivals)),
        limit=limit,
    )


def _rival(name, function, expected, bound=None, note=""):
    """A peer with its check, or None where it is not installed."""
    return function and Rival(name, function, bound, Check(name, function, expected), note)


def _float32(name, data, options):
    return lambda: getattr(spikegen, name)(data, dtype=np.float32, **options)


def _data(*shape):
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def _size(shape):
    return "x".join(map(str, shape))


if __name__ == "__main__":
    sys.exit(main())
