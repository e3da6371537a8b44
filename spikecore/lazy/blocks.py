"""Parts over time of what an encoder, a neuron or a network gives, in constant memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from spikecore import arguments
from spikecore.annotations import Integer
from spikecore.chunked import division_of, is_dask, steps_of_a_part
from spikecore.events.table import Events
from spikecore.foreign import a_kind
from spikecore.lazy import parts
from spikecore.network.graph import Graph
from spikecore.neurons.neuron import Neuron
from spikecore.philox import STEPS_PER_BLOCK

TOGETHER = 1 << 21  # elements of a block: 8 MB of float32, enough for all threads
NO_PLACE = ("out", "stream")


def blocks(
    work: Callable[..., Any] | Neuron | Graph,
    data: Any,
    *arguments_of_work: Any,
    block_steps: Integer | None = None,
    **options: Any,
) -> Iterator[Any]:
    """Parts over time of what an encoder, a neuron or a network gives, one after another.

    Joined along time they have the bits of one call; memory holds one part of the data, one of the
    result, and the state between them.

    Parameters
    ----------
    work : function, neuron or network
        A function of :mod:`spikecore.spikegen` or :mod:`spikecore.decode` that gives ``[num_steps,
        ...]``, a neuron (its ``run``), a ``Sequential`` or a ``Graph``.
    data : array_like, or iterable of arrays
        What the function takes first: static data, or a signal ``[num_steps, ...]``, of which
        slices are read: a ``numpy.memmap``, a data set of h5py or zarr, or Events for a network.
        An iterator gives a signal's parts one after another, such as those of another call of
        ``blocks``.  For a network of several inputs, a dict of arrays by name.
    *arguments_of_work, **options
        Further arguments of the function, or of ``run``: for a neuron its states, for a network
        ``state=`` and ``record=``.
    block_steps : int, optional
        Time steps of a part; by default so many that it has 2 million elements.  An iterator's
        parts stay as they are.

    Yields
    ------
    numpy.ndarray, Events, Run or dict of LayerRun
        What the call gives, for some steps; :func:`spikecore.events.concatenate` joins Events.  The
        ``final`` state is that after the part, and the counts of a network's layer are the part's.

    Raises
    ------
    ValueError, TypeError
        A function that cannot be divided over time: ``bsa``, ``hsa``,
        ``modified_hsa``, targets, and what decodes whole trains; codes that look ahead
        (``moving_window(first="window")``, ``temporal_contrast`` with ``factor``,
        ``align="start"`` or ``edge="repeat"``); ``num_steps`` left out, ``out``, ``stream``, or a
        Dask array.  All that the call itself refuses; an index in the data is that in the whole.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import lazy, spikegen
    >>> image = np.linspace(0, 1, 784, dtype=np.float32)
    >>> parts = lazy.blocks(spikegen.rate, image, num_steps=10_000, seed=0, dtype=bool)
    >>> sum(int(np.count_nonzero(part)) for part in parts)
    3921069
    """
    block_steps = _given_steps(block_steps)
    if is_dask(data):
        remedy = "call the function itself, which takes Dask arrays"
        arguments.refuse("data", "be an array or an iterator", "a Dask array", remedy, TypeError)
    for name in NO_PLACE:
        if options.get(name) is not None:
            remedy = "leave it out: each part is a new array"
            arguments.refuse(name, "be None in blocks", "a value", remedy, TypeError)
    if isinstance(work, (Neuron, Graph)):
        _bound(work.run, data, arguments_of_work, options)
    if isinstance(work, Neuron):
        return _of_neuron(work, _signal("current", data, block_steps), arguments_of_work, options)
    if isinstance(work, Graph):
        return _of_network(work, _inputs(data, block_steps), options)
    function = of_function(work, data, arguments_of_work, options, block_steps)
    return (part for part, _ in function)


def _given_steps(block_steps):
    if block_steps is None:
        return None
    return arguments.integer("block_steps", block_steps, 1, arguments.MAX_STEPS)


def _steps_of(features, given, multiple=STEPS_PER_BLOCK):
    """The steps of a part."""
    if given is not None:
        return given
    found = max(1, TOGETHER // max(1, features))
    return found - found % multiple if found > multiple else found


# --- neurons and networks -----------------------------------------------------------------------


def _of_neuron(neuron, signal, state, options):
    """The runs of a neuron, each from the state in which the one before ended."""
    for at, values in signal:
        with arguments.part_of_a_whole(partial(_from, at)):
            run = neuron.run(values, *state, **options)
        state = run.final
        yield run


def _of_network(network, inputs, options):
    """The runs of a network, each from the state in which the one before ended."""
    state = options.pop("state", None)
    for at, values in inputs:
        with arguments.part_of_a_whole(partial(_from, at)):
            found = network.run(values, state=state, **options)
        state = {name: run.final for name, run in found.items()}
        yield found


def _from(at, index):
    """An index of a part in the whole."""
    return (index[0] + at, *index[1:]) if len(index) else index


# --- encoders and decoders ----------------------------------------------------------------------


def of_function(function, data, positional, options, block_steps, begin=0, before=None):
    """The parts of an encoder or a decoder, each with what the next begins with.

    They begin at a step, with what the part before left, so that work that stopped can go on.
    """
    division, name = division_of(function), getattr(function, "__name__", a_kind(function))
    if division is None:
        remedy = "pass one of spikegen or decode, a neuron or a network"
        got = name if callable(function) else a_kind(function)
        arguments.refuse("work", "be a function that can be divided", got, remedy, TypeError)
    first, *_ = inspect.signature(function).parameters
    options = dict(_bound(function, data, positional, options))
    data = options.pop(first)
    options = {**options, **options.pop("options", {})}
    timed = division.samples == "time" or bool(options.get("time_var_input"))
    if division.numbered:
        options["seed"] = parts.seed_of_all(options)
    if division.kept and timed:
        return _kept(function, first, data, options, block_steps)
    if division.stepped:
        drawn = _drawn_signal if timed else _drawn
        return drawn(function, first, data, options, block_steps, begin)
    if division.placed or division.kept:
        return _placed(function, name, data, options, block_steps, begin)
    if division.period:
        return _periodic(function, first, data, options, block_steps, begin, division.period)
    if parts.passes_on(division, options):
        where = block_steps, begin, before
        return _passed_on(function, division, first, data, options, *where)
    remedy = "encode parts of the features, or pass a Dask array, which divides those"
    got = f"{name} with these arguments"
    arguments.refuse("work", "be a code that goes through time without looking ahead", got, remedy)


def _bound(function, data, positional, options):
    """The arguments of a call by name, which the function must have."""
    try:
        return inspect.signature(function).bind(data, *positional, **options).arguments
    except TypeError as error:
        got, remedy = str(error).removeprefix("got "), "pass the arguments of that function"
        arguments.refuse("options", f"fit {function.__name__}", got, remedy, TypeError)


def _num_steps(options):
    """The steps of static data, which must be given."""
    remedy = "pass num_steps"
    if options.get("num_steps") is None:
        arguments.refuse("num_steps", "be given for static data", None, remedy)
    return arguments.integer("num_steps", options.pop("num_steps"), 1, arguments.MAX_STEPS)


def _moments(num_steps, together, begin):
    """The first step of each part, and how many."""
    for start in range(begin, num_steps, together):
        yield start, min(together, num_steps - start)


def _drawn(function, name, data, options, block_steps, begin):
    """A rate code of static data, whose draws are numbered by the step."""
    data = arguments.array(name, data)
    num_steps = _num_steps(options)
    first = arguments.integer("first_step", options.pop("first_step", 0), 0)
    lead = arguments.integer("first_spike_time", options.pop("first_spike_time", 0), 0)
    uniforms = options.pop("uniforms", None)
    if lead > first + num_steps - 1:
        must, remedy = f"be at most the last step, {first + num_steps - 1}", "lower it"
        arguments.refuse("first_spike_time", must, lead, remedy)

    def found():
        for start, count in _moments(num_steps, _steps_of(data.size, block_steps), begin):
            how = {**options, "num_steps": count, "first_step": first + start}
            if uniforms is not None:
                how["uniforms"] = uniforms[start : start + count]
            if lead > first + start + count - 1:  # all silent, which a call refuses
                how |= {"gain": 0, "offset": 0}
            else:
                how["first_spike_time"] = lead
            yield function(data, **how), None

    return found()


def _drawn_signal(function, name, data, options, block_steps, begin):
    """A rate code of data that vary, whose draws are numbered by the step."""
    first = arguments.integer("first_step", options.pop("first_step", 0), 0)
    uniforms = options.pop("uniforms", None)
    signal = _signal(name, data, block_steps, begin=begin)

    def found():
        how = dict(options)
        if begin:
            how.pop("first_spike_time", None)
        for at, values in signal:
            if uniforms is not None:
                how["uniforms"] = uniforms[at : at + len(values)]
            with arguments.part_of_a_whole(partial(_from, at)):
                part = function(values, first_step=first + at, **how)
            yield part, None
            how.pop("first_spike_time", None)  # the silence before the first sample is past

    return found()


def _placed(function, name, data, options, block_steps, begin):
    """A code of values, whose spikes are placed beforehand."""
    data = arguments.array("data", data)
    num_steps = _num_steps(options)

    def found():
        kept = None
        for start, count in _moments(num_steps, _steps_of(data.size, block_steps), begin):
            with steps_of_a_part(start, count, kept) as asked:
                part = function(data, num_steps=num_steps, **options)
            if not asked.noticed:
                remedy = "call the function itself"
                arguments.refuse("work", "give spikes over time", f"{name} without time", remedy)
            kept = asked.kept
            yield part, None

    return found()


def _kept(function, name, data, options, block_steps):
    """A code of data that vary, which keeps something from part to part."""
    signal = _signal(name, data, block_steps)

    def found():
        kept = None
        for at, values in signal:
            with (
                steps_of_a_part(at, len(values), kept) as asked,
                arguments.part_of_a_whole(partial(_from, at)),
            ):
                part = function(values, **options)
            kept = asked.kept
            yield part, None

    return found()


def _periodic(function, name, data, options, block_steps, begin, period):
    """A code that begins anew with each period of a signal."""
    length = arguments.integer(period, options[period], 1)
    if block_steps is not None and block_steps % length:
        remedy = f"pass {max(1, block_steps // length) * length}"
        arguments.refuse("block_steps", f"be a multiple of {period}={length}", block_steps, remedy)
    signal = _signal(name, data, block_steps, length, begin)

    def found():
        for at, values in signal:
            if at % length:
                remedy = "cut the parts there"
                must, got = f"begin at multiples of {period}={length}", f"one at step {at}"
                arguments.refuse(f"parts of {name}", must, got, remedy)
            with arguments.part_of_a_whole(partial(_from, at)):
                part = function(values, **options)
            yield part, None

    return found()


def _passed_on(function, division, name, data, options, block_steps, begin, before):
    """A code of a signal that goes on from the part before."""
    signal = _signal(name, data, block_steps, begin=begin)
    first = parts.start_of(function, division, options)
    before = first if before is None else before

    def found(before):
        for at, values in signal:
            part, before = parts.advance(function, division, options, values, before, at)
            yield part, before

    return found(before)


# --- signals ------------------------------------------------------------------------------------


def _signal(name, data, block_steps, multiple=STEPS_PER_BLOCK, begin=0):
    """Parts of a signal, each with its first step."""
    if isinstance(data, Events):
        return _sliced(data, data.num_steps, data.size, block_steps, multiple, begin)
    if isinstance(data, Iterator):
        return _numbered(name, data)
    if not (hasattr(data, "shape") and hasattr(data, "__getitem__")):
        data = arguments.array(name, data)
    shape = tuple(data.shape)
    if not shape:
        arguments.refuse(name, "have a time axis", "shape ()", "pass [num_steps, ...]")
    return _sliced(data, shape[0], int(np.prod(shape[1:])), block_steps, multiple, begin)


def _sliced(data, num_steps, features, block_steps, multiple, begin):
    """Slices of an array; one without steps gives one part."""
    together = _steps_of(features, block_steps, multiple)
    for start in range(begin, max(1, num_steps), together):
        yield start, data[start : min(start + together, num_steps)]


def _numbered(name, data):
    """What an iterator gives."""
    at, shape = 0, None
    for part in data:
        values = part if isinstance(part, Events) else arguments.array(name, part)
        tail = values.shape if isinstance(values, Events) else values.shape[1:]
        if shape is not None and tail != shape:
            remedy = "cut the signal along time alone"
            arguments.refuse(f"parts of {name}", f"have the features' shape {shape}", tail, remedy)
        yield at, values
        at, shape = at + (part.num_steps if isinstance(part, Events) else len(values)), tail


def _inputs(data, block_steps):
    """Parts of a network's input, or of its inputs by name."""
    if not isinstance(data, Mapping):
        return _signal("spikes", data, block_steps)
    if block_steps is None:
        largest = max((int(np.prod(np.shape(values)[1:])) for values in data.values()), default=1)
        block_steps = _steps_of(largest, None)
    return _together({name: _signal(name, v, block_steps) for name, v in data.items()})


def _together(signals):
    """Parts of several inputs."""
    for found in zip(*signals.values(), strict=True):
        at = found[0][0]
        yield at, {name: values for name, (_, values) in zip(signals, found, strict=True)}
