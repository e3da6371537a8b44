"""Encoders and decoders over Dask arrays.

A function is called on chunks whose elements keep their places in the whole, so that the bits are
those of one call for any chunks.  Arguments are checked when the graph is made, by a call without
features; what is wrong with the data is found when they are computed.
"""

import itertools
from functools import partial

import dask.array as da
import numpy as np
from dask import delayed

from spikecore import arguments
from spikecore.codes.latency_times import latency_code
from spikecore.lazy import parts, time
from spikecore.lazy.events import event_parts, join_events
from spikecore.lazy.parts import whole

NO_PLACE = {"out": "the result is a new Dask array", "stream": "a scheduler calls the function"}
TIMES = ("threshold", "tau", "epsilon")  # arguments of the latency code that set spike times


def encode(function, division, bound):
    """The Dask array of an encoder or a decoder, whose chunks are calls of it."""
    name = next(iter(bound.arguments))
    options = dict(bound.arguments)
    data = options.pop(name)
    refuse_options(options)
    if arguments.flag("sparse", options.pop("sparse", False)):
        return _events(function, options, data)
    if division.numbered:
        options["seed"] = parts.seed_of_all(options)
    timed = division.samples == "time" or bool(options.get("time_var_input"))
    if timed and data.ndim == 0:
        arguments.refuse(name, "have a time axis", "shape ()", "pass [num_steps, ...]")
    several = timed and data.numblocks[0] > 1
    if several and division.stepped and not options.get("first_spike_time"):
        return _by_steps(function, division, name, options, whole(name, data, ()))
    in_turn = several and parts.passes_on(division, options)
    return _chunked(function, division, name, options, data, timed, in_turn)


def _events(function, options, data):
    """The Events of all chunks, delayed; values that are written between spikes are refused."""
    function(np.zeros((1,) * data.ndim, data.dtype), **{**options, "sparse": True})
    return join_events(event_parts(function(data, **options)))


def _by_steps(function, division, name, options, data):
    """Chunks of time apart, whose draws are numbered by the step."""
    first = arguments.integer("first_step", options.pop("first_step", 0), 0)
    chunks = []
    for at in np.cumsum([0, *data.chunks[0][:-1]]).tolist():
        part, own = data.blocks[len(chunks)], {**options, "first_step": first + at}
        chunks.append(_chunked(function, division, name, own, part, True, False, at))
    return da.concatenate(chunks)


def _chunked(function, division, name, options, data, timed, in_turn, at=0):
    """Chunks apart, or chunks of time in turn; ``at`` is the first step of the data."""
    data = whole(name, data, () if in_turn else _together(data, division, timed, options))
    features = data.shape[timed:]
    spread = {key: _spread(key, options.pop(key), features) for key in division.per_feature
              if np.ndim(options.get(key))}  # fmt: skip
    rows = data.shape[1:] if division.samples == "rows" else None
    meta, place = _meta(partial(function, **options), data, timed, spread, rows)
    if in_turn:
        return time.encode(function, division, options, data, spread, meta)
    blocks = [data, range(data.ndim)]
    for axis in range(timed, data.ndim):
        blocks += [da.arange(data.shape[axis], chunks=(data.chunks[axis],)), (axis,)]
    if _by_largest(options, data):
        blocks += [_slowest(data, options), ()]
    if division.numbered:
        call = partial(_numbered, at=at)
        options["first_element"] = int(options.get("first_element", 0))
    else:
        call = _slow if _by_largest(options, data) else _plain
    work = partial(_chunk, call, partial(function, **options), timed, features, spread)
    added = meta.ndim - len(features)  # axes of the result that are not those of the features
    lead, trail = range(-place, 0), range(data.ndim, data.ndim + added - place)
    sizes = meta.shape[:place] + meta.shape[place + len(features) :]
    return da.blockwise(
        work, (*lead, *range(timed, data.ndim), *trail), *blocks, concatenate=True,
        new_axes=dict(zip((*lead, *trail), sizes, strict=True)), dtype=meta.dtype, meta=meta,
        align_arrays=False, token=function.__name__,
    )  # fmt: skip


def refuse_options(options):
    """Arguments that have no meaning where the call comes later."""
    for option, reason in NO_PLACE.items():
        if options.get(option) is not None:
            remedy = f"leave it out, because {reason}"
            arguments.refuse(option, "be None for a Dask array", "a value", remedy, TypeError)
    if options.get("uniforms") is not None:
        remedy = "pass seed, whose draws are those of one call"
        arguments.refuse("uniforms", "be None for a Dask array", "a value", remedy, TypeError)


def _together(data, division, timed, options):
    """The axes that a call needs whole."""
    if division.samples == "rows" or _by_sample(options):
        return range(min(1, data.ndim - 1), data.ndim)
    return [0] if timed else []


def _by_sample(options):
    """Whether a normalised latency code needs all features of a sample."""
    return options.get("normalize") == "sample" and not options.get("linear")


def _by_largest(options, data):
    """Whether a normalised latency code needs the largest time of all the data."""
    wanted = options.get("normalize", False)
    return not options.get("linear") and (wanted is True or (wanted == "sample" and data.ndim < 2))


def _spread(name, value, features):
    """An argument with a value for each feature, in the features' shape."""
    given = np.asarray(value)
    try:
        return np.broadcast_to(given, features)
    except ValueError:
        remedy = "pass one number, or one for each feature"
        arguments.refuse(name, f"have the features' shape {features}", given.shape, remedy)


def _meta(call, data, timed, spread, rows):
    """The result for no features, which checks every argument, and the axis where features begin.

    A signal without features is given an axis for them, which the result then loses; rows whose
    length matters are one.
    """
    count = data.ndim - timed
    none = {key: value[(slice(0, 0),) * count] for key, value in spread.items()}
    added = timed and not count
    shape = (*data.shape[:timed], *[0] * (count + added))
    if rows is not None:
        shape = (1, *rows) if data.ndim > 1 else data.shape
    found = call(np.zeros(shape, data.dtype), **none)
    if not isinstance(found, np.ndarray):
        remedy = "leave out interval=True"
        arguments.refuse("the result", "be one array for Dask", type(found).__name__, remedy)
    if not count:
        shape = tuple(length for length in found.shape if length or not added)
        return np.empty(shape, found.dtype), len(shape)
    return found, found.shape.index(0) if 0 in found.shape else found.ndim - count


# --- chunks -------------------------------------------------------------------------------------


def _chunk(call, function, timed, features, spread, values, *places):
    """One chunk: the values at the places, one array of indices for each axis of features."""
    indices, rest = places[: len(features)], places[len(features) :]
    own = {name: np.ascontiguousarray(all_[np.ix_(*indices)]) for name, all_ in spread.items()}
    return call(partial(function, **own), np.asarray(values), timed, features, indices, *rest)


def _plain(function, values, timed, features, indices):
    """A code of each element by itself, or of rows."""
    origin = (0,) * timed + _first(indices)
    with arguments.part_of_a_whole(partial(np.add, origin)):
        return function(values)


def _slow(function, values, timed, features, indices, slowest):
    """A normalised code: the value with the largest time of all stands beside the chunk's own."""

    def whole_index(index):
        return np.add(np.unravel_index(index[0], values.shape), _first(indices))

    with arguments.part_of_a_whole(whole_index):
        spikes = function(np.append(values.reshape(-1), slowest))
    return spikes[:, :-1].reshape(len(spikes), *values.shape)


def _first(indices):
    """Where a chunk begins in the whole."""
    return tuple(int(index[0]) if index.size else 0 for index in indices)


def _numbered(function, values, timed, features, indices, at):
    """A code whose draws depend on the index of an element: a call for each run of indices."""
    elements = np.zeros((), np.int64)
    for index, length in zip(indices, features, strict=True):
        elements = elements[..., None] * length + index
    elements = elements.reshape(-1)
    if elements.size == 0:
        return function(values)
    samples = values.reshape(*values.shape[:timed], -1)
    first = function.keywords["first_element"]

    def run(begin, end):
        def whole_index(index):
            steps = [index[0] + at] if timed else []
            return *steps, *np.unravel_index(elements[begin + index[-1]], features)

        with arguments.part_of_a_whole(whole_index):
            part = samples[..., begin:end]
            return function(part, first_element=first + int(elements[begin]))

    cuts = np.flatnonzero(np.diff(elements) != 1) + 1
    parts = list(itertools.starmap(run, itertools.pairwise([0, *cuts.tolist(), elements.size])))
    spikes = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
    return spikes.reshape(len(spikes), *values.shape[timed:])


def _slowest(data, options):
    """The value with the largest spike time, which a normalised code needs."""
    times = {name: options[name] for name in TIMES if name in options}
    starts = [itertools.accumulate(chunks, initial=0) for chunks in data.chunks]
    origins = itertools.product(*(list(start)[:-1] for start in starts))
    blocks = data.to_delayed().reshape(-1)
    found = [delayed(_slowest_of, pure=True)(block, origin, times)
             for block, origin in zip(blocks, origins, strict=True)]  # fmt: skip
    return da.from_delayed(delayed(_latest, pure=True)(found), (), data.dtype)


def _slowest_of(values, origin, times):
    """The largest time in a chunk, and the value that has it."""
    values = np.asarray(values).reshape(np.shape(values))
    if values.size == 0:
        return -np.inf, values.dtype.type(0)
    with arguments.part_of_a_whole(partial(np.add, origin)):
        found = np.asarray(latency_code(values, **times)[0]).reshape(-1)
    place = found.argmax()
    return found[place], values.reshape(-1)[place]


def _latest(found):
    """The value with the largest time of all."""
    return np.asarray(max(found, key=lambda pair: pair[0])[1])
