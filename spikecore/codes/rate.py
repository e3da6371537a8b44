"""Rate code: at every step, a spike with a probability that grows with the data."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments, backends, random
from spikecore.annotations import (
    Array,
    ArrayLike,
    Data,
    Device,
    Integer,
    Number,
    Out,
    Seed,
    SpikeDtype,
    Stream,
)
from spikecore.arithmetic import like, mul, select
from spikecore.backends.loops import Draw
from spikecore.chunked import divided
from spikecore.codes import lfsr
from spikecore.codes.sparse import Tiles, checked, gives_events
from spikecore.codes.values import counted
from spikecore.compiler import equation

TWO_TO_32 = np.float64(2.0**32)


@equation
def firing_probability(x, gain, offset):
    """p = clip(gain*x + offset, 0, 1)."""
    p = mul(gain, x) + offset
    zero = like(p, 0)
    one = like(p, 1)
    return select(p < zero, zero, select(p > one, one, p))


@equation
def word_threshold(p):
    """ceil(p * 2**32): a 32-bit word below it fires, which is ``word * 2**-32 < p`` exactly.

    Exact in the dtype of p: scaling by a power of two is, and the whole part needs no more bits.
    """
    scaled = p * like(p, TWO_TO_32)
    whole = np.int64(scaled)
    return np.uint64(whole + np.int64(like(p, whole) < scaled))


class Numbers(NamedTuple):
    """The numbers of a rate code, of the data's dtype."""

    gain: Any
    offset: Any


@equation
def prepare(x, numbers):
    """The threshold with which the random words of a feature are compared."""
    return word_threshold(firing_probability(x, numbers.gain, numbers.offset))


@equation
def fires(word, threshold, left):
    """A spike where the word is below the threshold, which stays the same."""
    return word < threshold, threshold


@equation
def uniform_fires(uniform, x, numbers):
    """u < p, compared exactly: of two dtypes, the narrower is widened."""
    return uniform < firing_probability(x, numbers.gain, numbers.offset)


BERNOULLI = Draw(prepare, fires)


@gives_events
@divided("features", numbered=True, stepped=True)
def rate(
    data: Data,
    num_steps: Integer | None = None,
    gain: Number = 1,
    offset: Number = 0,
    first_spike_time: Integer = 0,
    time_var_input: bool = False,
    *,
    seed: Seed | None = None,
    uniforms: Data | None = None,
    generator: Literal["lfsr16", "lfsr8"] | None = None,
    shared: bool = False,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    first_element: Integer = 0,
    first_step: Integer = 0,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Rate code: at every step, spike with probability ``clip(gain*data + offset, 0, 1)``.

    A draw depends on (seed, element, step) alone, so the same spikes come out for any number of
    threads, any device and any split of the work (SPEC.md, "Random stream").

    Parameters
    ----------
    data : array_like
        ``[...]``, or time first ``[num_steps, ...]`` with ``time_var_input=True``.  float32 and
        float64 are used as they are; integers, bools and float16 as NumPy promotes them to float.
    num_steps : int, optional
        Time steps to draw; given for static data and only for static data.
    gain, offset : float
        Applied in the dtype of the data, to static and to time-varying data.
    first_spike_time : int
        Steps without spikes at the start.  Static data: the first steps of ``num_steps`` are
        silenced.  Time-varying data: silent steps are put before the data's own.
    time_var_input : bool
        The first axis of the data is time.
    seed : int, numpy.random.Generator or None
        See :func:`spikecore.random.seed_of`.
    uniforms : array_like, optional
        Instead of ``seed``: the uniforms in [0, 1), one for each output; spike when ``u < p``.
        ``(num_steps, *data.shape)`` for static data, ``data.shape`` for time-varying data.
    generator : {None, "lfsr16", "lfsr8"}
        Instead of the random stream: a shift register of hardware for each element, of 16 or 8
        bits: spike when ``state < p*2**bits``.  Its states repeat after ``2**bits - 1`` steps.
    shared : bool
        With a register: one for all elements, which begins in the state ``seed``, from 1 to
        ``2**bits - 1``.  An element then spikes whenever one of smaller probability does.
    dtype : dtype, optional
        float32 (default), float64 (default for float64 data), bool, uint8 or int8.
    out : numpy.ndarray, optional
        Array to fill and return; C-contiguous, of the output's shape and dtype.
    first_element, first_step : int
        Where in a larger array this part begins: flat C-order index of its first feature within a
        step, and its first time step.  Parts encoded so give, when joined, the code of the whole.
    device : {None, "cpu", "numpy", "cuda", "cuda:1", ...}
        Where to compute; the bits are the same.  Data on a GPU (anything with
        ``__cuda_array_interface__``) are used in place, and the result is on the same GPU.
    stream : optional
        CUDA stream for the kernels: Numba's, CuPy's or torch's, or a pointer.  For data on the
        GPU, the call does not wait for the kernels and does not look for NaN.
    sparse : bool
        Give :class:`~spikecore.Events`, in memory that grows with the spikes, for data of the host.

    Returns
    -------
    numpy.ndarray or Events
        Spikes, 0 or 1, ``[num_steps, ...]``; Events of the same with ``sparse=True``.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the data, a ``num_steps`` or ``first_spike_time`` that does not fit, both
        ``seed`` and ``uniforms``, an ``out`` of the wrong form, or an output larger than memory.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.rate``, with two differences: ``gain`` and ``offset`` apply to
    time-varying data too, and the random stream is spikecore's own (``uniforms=
    spikecore.random.torch_uniforms(seed, shape)`` gives torch's).

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.rate([0.0, 0.5, 1.0], num_steps=4, seed=0)
    array([[0., 0., 1.],
           [0., 1., 1.],
           [0., 0., 1.],
           [0., 1., 1.]])
    """
    call = arguments.Call("data", data, dtype, out, device, stream)
    sparse = checked(sparse, call)
    values = call.values
    varying = arguments.flag("time_var_input", time_var_input)
    register = lfsr.checked(generator, shared, uniforms)
    num_steps = steps_of(values, num_steps, varying)
    gain = arguments.scalar("gain", gain, values.dtype)
    offset = arguments.scalar("offset", offset, values.dtype)
    lead = arguments.integer("first_spike_time", first_spike_time, 0)
    first_step = arguments.integer("first_step", first_step, 0, arguments.MAX_STEPS - num_steps)
    features = values.shape[varying:]
    size = math.prod(features)
    largest = random.MAX_ELEMENT - size
    first_element = arguments.integer("first_element", first_element, 0, largest)
    total, silent = _silent_steps(num_steps, lead, first_step, varying)
    shape = (total, *features)
    backend = call.start(math.prod(shape))
    expected = values.shape if varying else shape
    if register is not None and sparse:
        seed = lfsr.settled(register, shared, seed)
    elif register is not None:
        where = expected, first_element, first_step
        uniforms = lfsr.uniforms(register, shared, seed, *where)
    elif uniforms is not None:
        uniforms = arguments.uniforms(uniforms, seed, expected, backend)
    tiles = Tiles(shape, bool) if sparse else None
    result = tiles.rows if tiles else call.output(shape, uniforms=uniforms)
    key = random.key_of(None if register else seed, "rate")
    trains, *levels = backends.rows(result, result.dtype.type(1), result.dtype.type(0))
    samples = values.reshape(num_steps if varying else 1, size)
    numbers, delay = Numbers(gain, offset), silent if varying else 0

    def fill(start, rows):
        """The steps from ``start`` on; data and uniforms that vary begin after ``delay`` steps."""
        quiet = min(max(0, silent - start), len(rows))
        if quiet:
            backend.fill(rows[:quiet], levels[1])
        live, begin = rows[quiet:], start + quiet - delay
        if not len(live):
            return
        now = samples[begin : begin + len(live)] if varying else samples
        at = first_step + begin
        if uniforms is not None:
            drawn = uniforms[begin : begin + len(live)]
        elif register is not None:
            drawn = lfsr.uniforms(register, shared, seed, (len(live), *features), first_element, at)
        else:
            backend.draw(BERNOULLI, now, numbers, key, first_element, at, *levels, live)
            return
        drawn = drawn.reshape(len(live), size)
        backend.replay(uniform_fires, now, numbers, drawn, *levels, live)

    if tiles is None:
        fill(0, trains)
        return result
    tiles.fill(
        lambda start, rows: fill(start, backends.rows(rows, *levels)[0]), 0.7 * math.prod(shape)
    )
    return tiles.events(call.dtype)


def _silent_steps(num_steps, lead, first_step, varying):
    """Steps of the output, and how many of the first are silent."""
    if not varying:
        last = first_step + num_steps - 1
        if lead > last:
            must, remedy = f"be at most the last step, {last}", "lower it or raise num_steps"
            arguments.refuse("first_spike_time", must, lead, remedy)
        return num_steps, max(0, lead - first_step)
    if lead and first_step:
        must = f"be 0 when first_step is {first_step}"
        remedy = "the silent steps belong to the first part of time-varying data"
        arguments.refuse("first_spike_time", must, lead, remedy)
    return num_steps + lead, lead


def steps_of(values, num_steps, varying):
    """Number of steps to draw."""
    num_steps = arguments.optional_steps("num_steps", num_steps)
    if varying and num_steps is not None:
        remedy = "the data's first axis and first_spike_time determine it"
        arguments.refuse("num_steps", "not be given with time_var_input=True", num_steps, remedy)
    if varying and values.ndim == 0:
        must, got = "have a time axis with time_var_input=True", f"the scalar {values}"
        arguments.refuse("data", must, got, "pass [num_steps, ...]")
    if not varying and num_steps is None:
        remedy = "pass num_steps, or time_var_input=True when the first axis of data is time"
        arguments.refuse("num_steps", "be given for static data", None, remedy)
    return values.shape[0] if varying else num_steps


@gives_events
@divided("time", numbered=True, stepped=True)
def rate_conv(
    data: Data,
    *,
    seed: Seed | None = None,
    uniforms: Data | None = None,
    dtype: SpikeDtype | None = None,
    out: Out | None = None,
    first_element: Integer = 0,
    first_step: Integer = 0,
    device: Device | None = None,
    stream: Stream | None = None,
    sparse: bool = False,
) -> Array:
    """Spike at every step of time-first data with probability ``clip(data, 0, 1)``.

    The same as ``rate(data, time_var_input=True)``, as in snnTorch 1.0.0, whose ``rate_conv`` adds
    no time axis: the first axis of the data is time.

    Parameters
    ----------
    data : array_like
        ``[num_steps, ...]``.
    seed, uniforms, dtype, out, first_element, first_step, device, stream, sparse
        As in :func:`rate`.

    Returns
    -------
    numpy.ndarray
        Spikes of the shape of the data.

    Raises
    ------
    ValueError, TypeError
        As :func:`rate`.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.rate_conv([0.0, 1.0, -3.0, 7.0], seed=0)
    array([0., 1., 0., 1.])
    """
    return rate(
        data, time_var_input=True, seed=seed, uniforms=uniforms, dtype=dtype, out=out,
        first_element=first_element, first_step=first_step, device=device, stream=stream,
        sparse=sparse,
    )  # fmt: skip


@divided("time")
def decode(
    spikes: ArrayLike,
    gain: Number = 1,
    offset: Number = 0,
) -> Array:
    """Value of a rate code: ``(spikes/num_steps - offset)/gain``.

    An estimate without bias, where the probability ``p = gain*x + offset`` lay in [0, 1].  Its
    standard deviation is ``sqrt(p*(1 - p)/num_steps)/gain``, and for any p the error is above
    ``sqrt(ln(2/d)/(2*num_steps))/gain`` with a probability of at most d (Hoeffding, 1963).

    Parameters
    ----------
    spikes : array_like
        ``[num_steps, ...]``, at least one step; what is not 0 is a spike.
        :class:`~spikecore.Events` are not made dense.
    gain, offset : float
        As they were for :func:`spikecore.spikegen.rate`; the gain is not 0.

    Returns
    -------
    numpy.ndarray of float64

    Raises
    ------
    ValueError, TypeError
        No time axis or no step, or a gain of 0.

    Examples
    --------
    >>> from spikecore import decode
    >>> decode.rate([[0, 1], [1, 1], [0, 1], [0, 1]])
    array([0.25, 1.  ])
    """
    gain, offset = arguments.number("gain", gain), arguments.number("offset", offset)
    if gain == 0:
        arguments.refuse("gain", "not be 0", gain, "pass the gain of the encoder")
    counts, num_steps = counted(spikes, 1)
    with np.errstate(over="ignore"):
        values = np.asarray((counts / num_steps - offset) / gain)
    if not np.isfinite(values).all():
        arguments.refuse("gain", "give finite values", gain, "pass the gain of the encoder")
    return values
