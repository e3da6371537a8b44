"""Encodings of class labels: what the output neurons of a classifier should do.

Wherever ``on_target`` and ``off_target`` are given, an element is ``on_target`` at a spike and
``off_target`` elsewhere.
"""

import math
from fractions import Fraction
from numbers import Rational

import numpy as np

from spikecore import arguments, backends, random
from spikecore import equations as eq
from spikecore.codes.latency import latency

PATTERNS = ("regular", "uniform", "poisson")


def targets_convert(
    targets,
    num_classes,
    code="rate",
    num_steps=None,
    first_spike_time=0,
    correct_rate=1,
    incorrect_rate=0,
    on_target=1,
    off_target=0,
    firing_pattern="regular",
    interpolate=False,
    epsilon=1e-7,
    threshold=0.01,
    tau=1,
    clip=False,
    normalize=False,
    linear=False,
    bypass=False,
    *,
    seed=None,
    uniforms=None,
    dtype=None,
    out=None,
    first_element=0,
    device=None,
):
    """Encode class labels by rate (:func:`targets_rate`) or latency (:func:`targets_latency`).

    Parameters
    ----------
    targets : array_like of int
        Class of each sample, ``[batch]``, in [0, num_classes).
    num_classes : int
    code : {"rate", "latency"}
    num_steps, first_spike_time, correct_rate, incorrect_rate, on_target, off_target, \
firing_pattern, interpolate, epsilon, seed, uniforms, first_element
        As in :func:`targets_rate`.
    threshold, tau, clip, normalize, linear, bypass
        As in :func:`targets_latency`.
    dtype, out, device
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        ``[num_steps, batch, num_classes]``, or ``[batch, num_classes]`` where nothing depends on
        time.

    Raises
    ------
    ValueError, TypeError
        Another ``code``, or as the function it calls.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.targets_convert``, which loses ``on_target``, ``off_target``,
    ``interpolate`` and ``epsilon`` on the way to the latency code; here they arrive.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.targets_convert([4], num_classes=5, code="rate")
    array([[0., 0., 0., 0., 1.]], dtype=float32)
    """
    if arguments.choice("code", code, ("rate", "latency")) == "rate":
        return targets_rate(
            targets,
            num_classes,
            num_steps,
            first_spike_time,
            correct_rate,
            incorrect_rate,
            on_target,
            off_target,
            firing_pattern,
            interpolate,
            epsilon,
            seed=seed,
            uniforms=uniforms,
            dtype=dtype,
            out=out,
            first_element=first_element,
            device=device,
        )
    return targets_latency(
        targets,
        num_classes,
        num_steps,
        first_spike_time,
        on_target,
        off_target,
        interpolate,
        threshold,
        tau,
        clip,
        normalize,
        linear,
        epsilon,
        bypass,
        dtype=dtype,
        out=out,
        device=device,
    )


def targets_rate(
    targets,
    num_classes,
    num_steps=None,
    first_spike_time=0,
    correct_rate=1,
    incorrect_rate=0,
    on_target=1,
    off_target=0,
    firing_pattern="regular",
    interpolate=False,
    epsilon=1e-7,
    *,
    seed=None,
    uniforms=None,
    dtype=None,
    out=None,
    first_element=0,
    device=None,
):
    """Encode class labels as spike trains: one rate for the correct class, one for the others.

    Parameters
    ----------
    targets : array_like of int
        Class of each sample, ``[batch]``, in [0, num_classes).
    num_classes : int
    num_steps : int, optional
        Time steps; needed unless the rates are 1 and 0 and ``first_spike_time`` is 0.
    first_spike_time : int
        Step of the first possible spike.
    correct_rate, incorrect_rate : float
        Spikes per step in [0, 1]; the first at least as large as the second.
    on_target, off_target : float
        Value at a spike, and elsewhere.
    firing_pattern : {"regular", "uniform", "poisson"}
        See :func:`target_rate_code`.  Random trains are drawn anew for every sample and class.
    interpolate : bool
        Rise linearly to each spike, see :func:`rate_interpolate`.
    epsilon : float
        Has no effect; snnTorch's guard against rounding, which is not needed here.
    seed : int, numpy.random.Generator or None
        For the random patterns.
    uniforms : array_like, optional
        Instead of ``seed``, for the poisson pattern: ``[num_steps, batch, num_classes]``.
    first_element : int
        Flat index, in a larger batch, of the first sample's first class.
    dtype, out, device
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        ``[num_steps, batch, num_classes]``; ``[batch, num_classes]`` when the rates are 1 and 0
        and ``first_spike_time`` is 0, because every step would be the same.

    Raises
    ------
    ValueError, TypeError
        Labels that are not classes, rates outside [0, 1] or in the wrong order, ``num_steps``
        missing, or another pattern.

    Notes
    -----
    After the documentation of snnTorch 1.0.0's ``spikegen.targets_rate``.  Its code gives a wrong
    shape, or fails, for any rates but (1, 0), and uses one random train for all.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.targets_rate([4], num_classes=5, num_steps=5, correct_rate=0.25, on_target=1.2,
    ...                       off_target=0.5, interpolate=True)[:, 0, 4].round(4)
    array([1.2   , 0.5   , 0.7333, 0.9667, 1.2   ], dtype=float32)
    """
    labels, num_classes = _labels(targets, num_classes)
    num_steps = arguments.optional_steps("num_steps", num_steps)
    first = arguments.integer("first_spike_time", first_spike_time, 0, num_steps)
    correct = _rate("correct_rate", correct_rate)
    incorrect = _rate("incorrect_rate", incorrect_rate)
    if incorrect > correct:
        raise ValueError(
            f"incorrect_rate must not exceed correct_rate, got {incorrect_rate} and "
            f"{correct_rate}; exchange them"
        )
    pattern = arguments.choice("firing_pattern", firing_pattern, PATTERNS)
    interpolate = arguments.flag("interpolate", interpolate)
    dtype = arguments.spike_dtype(dtype, out, np.dtype(np.float32))
    on, off = arguments.levels(on_target, off_target, dtype, interpolate)
    backends.choose(device)
    samples = np.arange(labels.size)
    if correct == 1 and incorrect == 0 and first == 0:
        result = arguments.output(out, (labels.size, num_classes), dtype)
        result[...] = off
        result[samples, labels] = on
        return result
    if num_steps is None:
        raise ValueError(
            "num_steps must be given unless the rates are 1 and 0 and first_spike_time is 0, got "
            "None; pass num_steps"
        )
    shape = (num_steps, labels.size, num_classes)
    if out is None:
        arguments.fits_memory(shape, dtype)
    hot = np.zeros(shape[1:], bool)
    hot[samples, labels] = True
    rates = (incorrect, correct)
    return _trains(
        shape, hot.reshape(-1), rates, first, pattern, interpolate, on, off,
        seed, uniforms, dtype, out, first_element, device,
    )  # fmt: skip


def targets_latency(
    targets,
    num_classes,
    num_steps=None,
    first_spike_time=0,
    on_target=1,
    off_target=0,
    interpolate=False,
    threshold=0.01,
    tau=1,
    clip=False,
    normalize=False,
    linear=False,
    epsilon=1e-7,
    bypass=False,
    *,
    dtype=None,
    out=None,
    device=None,
):
    """Encode class labels by spike time: the latency code of the one-hot labels.

    The correct class spikes first; the others last, or never with ``clip=True``.

    Parameters
    ----------
    targets : array_like of int
        Class of each sample, ``[batch]``, in [0, num_classes).
    num_classes : int
    num_steps, first_spike_time, on_target, off_target, interpolate, threshold, tau, clip, \
normalize, linear, epsilon, bypass, dtype, out, device
        As in :func:`spikecore.spikegen.latency`.

    Returns
    -------
    numpy.ndarray
        ``[num_steps, batch, num_classes]``.

    Raises
    ------
    ValueError, TypeError
        Labels that are not classes, or as :func:`spikecore.spikegen.latency`.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.targets_latency([0, 3], num_classes=4, num_steps=5, normalize=True)[:, 0, 1]
    array([0., 0., 0., 0., 1.], dtype=float32)
    """
    return latency(
        to_one_hot(targets, num_classes),
        num_steps,
        threshold,
        tau,
        first_spike_time,
        on_target,
        off_target,
        clip,
        normalize,
        linear,
        interpolate,
        bypass,
        epsilon,
        dtype=dtype,
        out=out,
        device=device,
    )


def target_rate_code(
    num_steps,
    first_spike_time=0,
    rate=1,
    firing_pattern="regular",
    *,
    seed=None,
    uniforms=None,
    dtype=None,
    out=None,
    first_element=0,
    device=None,
):
    """One output neuron's spike train of a given rate, and its spike times.

    regular: spike k at ``first_spike_time + floor(k/rate)``, in exact arithmetic; the rate is taken
    as the simplest fraction that rounds to the float given, so 0.65 is 13/20.  uniform: as many
    spikes, ``ceil((num_steps - first_spike_time)*rate)``, on distinct steps drawn uniformly.
    poisson: an independent draw with probability ``rate`` at each step.

    Parameters
    ----------
    num_steps : int
    first_spike_time : int
        Step of the first possible spike, at most ``num_steps``.
    rate : float
        Spikes per step, in [0, 1].
    firing_pattern : {"regular", "uniform", "poisson"}
    seed : int, numpy.random.Generator or None
    uniforms : array_like, optional
        Instead of ``seed``, for the poisson pattern: ``[num_steps]``.
    first_element : int
        Element of the random stream to use.
    dtype, out, device
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    train : numpy.ndarray
        0 and 1, ``[num_steps]``.
    times : numpy.ndarray of int64
        Steps of the spikes, rising.

    Raises
    ------
    ValueError, TypeError
        A rate outside [0, 1], a first spike after the last step, or another pattern.

    Notes
    -----
    After snnTorch 1.0.0's ``spikegen.target_rate_code``, whose float32 arithmetic fails for rates
    such as 0.65 and 0.07, and whose uniform trains lose spikes that fall on one step.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.target_rate_code(num_steps=5, rate=0.3)
    (array([1., 0., 0., 1., 0.], dtype=float32), array([0, 3]))
    """
    num_steps = arguments.integer("num_steps", num_steps, 1, arguments.MAX_STEPS)
    first = arguments.integer("first_spike_time", first_spike_time, 0, num_steps)
    rates = (Fraction(0), _rate("rate", rate))
    pattern = arguments.choice("firing_pattern", firing_pattern, PATTERNS)
    dtype = arguments.spike_dtype(dtype, out, np.dtype(np.float32))
    train = _trains(
        (num_steps,), np.ones(1, bool), rates, first, pattern, False, dtype.type(1), dtype.type(0),
        seed, uniforms, dtype, out, first_element, device,
    )  # fmt: skip
    return train, np.flatnonzero(train)


def rate_interpolate(
    spike_time, num_steps, on_target=1, off_target=0, epsilon=1e-7, *, dtype=None, out=None
):
    """Line that climbs to each spike from the step after the one before.

    Between spikes p < q the value at step s is
    ``off_target + (on_target - off_target)*(s - p - 1)/(q - p - 1)``, with p = -1 before the first
    spike; it is exactly ``on_target`` at a spike and ``off_target`` after the last.

    Parameters
    ----------
    spike_time : array_like of int
        Steps of the spikes, in any order.
    num_steps : int
    on_target, off_target : float
        Value at a spike, and on the step after one.
    epsilon : float
        Has no effect; snnTorch's guard against rounding, which is not needed here.
    dtype : dtype, optional
        float32 (default) or float64.
    out : numpy.ndarray, optional
        Array to fill and return.

    Returns
    -------
    numpy.ndarray
        ``[num_steps]``.

    Raises
    ------
    ValueError, TypeError
        A spike time that is not a step.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.rate_interpolate([0, 4], num_steps=5).round(4)
    array([1.    , 0.    , 0.3333, 0.6667, 1.    ], dtype=float32)
    """
    num_steps = arguments.integer("num_steps", num_steps, 1, arguments.MAX_STEPS)
    times = _whole("spike_time", spike_time, num_steps, "num_steps").reshape(-1)
    dtype = arguments.spike_dtype(dtype, out, np.dtype(np.float32))
    on, off = arguments.levels(on_target, off_target, dtype, True)
    result = arguments.output(out, (num_steps,), dtype)
    result[:] = 0
    result[times] = 1
    backends.choose().ramps(on, off, result.view(np.ndarray).reshape(num_steps, 1))
    return result


def latency_interpolate(spike_time, num_steps, on_target=1, off_target=0, *, dtype=None, out=None):
    """Line that climbs from ``off_target`` at step 0 to ``on_target`` at each neuron's spike.

    Parameters
    ----------
    spike_time : array_like
        Spike time of each neuron in steps, ``[...]``; rounded, halves to even.  A neuron whose
        spike falls past the last step stays at ``off_target``.
    num_steps : int
    on_target, off_target : float
    dtype : dtype, optional
        float32 (default; float64 for float64 times) or float64.
    out : numpy.ndarray, optional
        Array to fill and return.

    Returns
    -------
    numpy.ndarray
        ``[num_steps, ...]``.

    Raises
    ------
    ValueError, TypeError
        NaN, infinite or negative spike times.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> spikegen.latency_interpolate(np.float32([0, 4]), num_steps=5)
    array([[1.  , 0.  ],
           [0.  , 0.25],
           [0.  , 0.5 ],
           [0.  , 0.75],
           [0.  , 1.  ]], dtype=float32)
    """
    given = arguments.array("spike_time", spike_time)
    times = arguments.real("spike_time", given)
    num_steps = arguments.integer("num_steps", num_steps, 1, arguments.MAX_STEPS)
    dtype = arguments.spike_dtype(dtype, out, given.dtype)
    on, off = arguments.levels(on_target, off_target, dtype, True)
    limit = np.finfo(times.dtype).max
    arguments.within("spike_time", times, 0, limit, backends.choose(), "finite and at least 0")
    result = arguments.output(out, (num_steps, *times.shape), dtype, spike_time=given)
    steps = eq.spike_step(times, times.dtype.type(num_steps - 1))
    for t in range(num_steps):
        result[t] = eq.ramp(np.int64(t), np.int64(-1), steps, on, off)
    return result


def to_one_hot(targets, num_classes, *, dtype=None, out=None):
    """One-hot rows of class labels.

    Parameters
    ----------
    targets : array_like of int
        ``[batch]``, in [0, num_classes).
    num_classes : int
    dtype, out
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        ``[batch, num_classes]``, 1 at the class and 0 elsewhere.

    Raises
    ------
    ValueError, TypeError
        Labels that are not whole numbers in [0, num_classes).

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.to_one_hot([2, 0], num_classes=3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    return targets_rate(targets, num_classes, dtype=dtype, out=out)


def to_one_hot_inverse(one_hot_targets, *, dtype=None, out=None):
    """1 where the input is 0, and 0 elsewhere.

    Parameters
    ----------
    one_hot_targets : array_like
    dtype, out
        As in :func:`spikecore.spikegen.rate`.

    Returns
    -------
    numpy.ndarray
        Of the shape of the input.

    Raises
    ------
    ValueError, TypeError
        NaN or infinity in the input.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.to_one_hot_inverse([0.0, 0.0, 1.0])
    array([1., 1., 0.])
    """
    given = arguments.array("one_hot_targets", one_hot_targets)
    values = arguments.real("one_hot_targets", given)
    arguments.finite("one_hot_targets", values, backends.choose())
    dtype = arguments.spike_dtype(dtype, out, given.dtype)
    result = arguments.output(out, values.shape, dtype, one_hot_targets=given)
    result[...] = values == 0
    return result


def from_one_hot(one_hot_label):
    """Class of each one-hot row.

    Parameters
    ----------
    one_hot_label : array_like
        ``[..., num_classes]``, exactly one 1 in each row and 0 elsewhere.

    Returns
    -------
    numpy.ndarray of int64
        ``[...]``.

    Raises
    ------
    ValueError, TypeError
        A row without exactly one 1, or with other values.

    Notes
    -----
    snnTorch 1.0.0 returns the row numbers instead of the classes.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.from_one_hot([[0, 0, 1], [1, 0, 0]])
    array([2, 0])
    """
    rows = arguments.array("one_hot_label", one_hot_label)
    if rows.ndim == 0 or rows.shape[-1] == 0:
        raise ValueError(
            f"one_hot_label must have a class axis, got shape {rows.shape}; pass [..., num_classes]"
        )
    proper = ((rows == 0) | (rows == 1)).all(axis=-1) & ((rows == 1).sum(axis=-1) == 1)
    if not proper.all():
        index = tuple(int(i) for i in np.argwhere(~proper)[0])
        raise ValueError(
            f"one_hot_label must hold exactly one 1 and zeros in each row, got "
            f"{rows[index].tolist()} at row {index}; pass the output of to_one_hot"
        )
    return np.asarray(rows.argmax(axis=-1), np.int64)


def _labels(targets, num_classes):
    """Labels as int64 [batch], and the number of classes."""
    num_classes = arguments.integer("num_classes", num_classes, 1, 2**40)
    labels = _whole("targets", targets, num_classes, "num_classes")
    if labels.ndim != 1:
        raise ValueError(
            f"targets must be one-dimensional, one class per sample, got shape {labels.shape}; "
            "pass [batch]"
        )
    return labels, num_classes


def _whole(name, value, end, end_name):
    """Whole numbers in [0, end) as int64; floats without a fraction are accepted."""
    given = arguments.array(name, value)
    if given.size == 0:
        return given.astype(np.int64)
    bad = ~((given >= 0) & (given < end))
    if given.dtype.kind == "f":
        bad |= given != np.floor(given)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        where = ", ".join(map(str, index))
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {end_name}-1, {end - 1}, but "
            f"{name}[{where}] is {given[index]}; correct it or raise {end_name}"
        )
    return given.astype(np.int64)


def _rate(name, value):
    """A rate as the simplest fraction that rounds to the float given; a fraction as it is."""
    arguments.number(name, value, 0, 1)
    if isinstance(value, Rational):
        return Fraction(value)
    value = np.asarray(value)[()]
    if not value:
        return Fraction(0)
    exact, below, above = (
        Fraction(float(one)) for one in (value, np.nextafter(value, 0), np.nextafter(value, 2))
    )
    return _simplest((below + exact) / 2, (exact + above) / 2)


def _simplest(low, high):
    """The fraction of least denominator in [low, high], by their common continued fraction."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    return whole - 1 + 1 / _simplest(1 / (high - whole + 1), 1 / (low - whole + 1))


def _spike_count(num_steps, first, rate):
    """How many k have first + floor(k/rate) < num_steps."""
    return -(-(num_steps - first) * rate.numerator // rate.denominator)


def _regular_steps(num_steps, first, rate):
    """first + floor(k/rate) for k = 0, 1, ... while below num_steps."""
    count = _spike_count(num_steps, first, rate)
    return [first + k * rate.denominator // rate.numerator for k in range(count)]


def _trains(
    shape, hot, rates, first, pattern, interpolate, on, off,
    seed, uniforms, dtype, out, first_element, device,
):  # fmt: skip
    """Trains [T, ...] in which element i has the rate ``rates[hot[i]]``."""
    backend = backends.choose(device)
    num_steps = shape[0]
    if pattern == "uniform" and num_steps >= 2**32:
        raise ValueError(
            f"num_steps must be below 2**32 for the uniform pattern, got {num_steps}; use fewer, "
            "because 32 random bits choose a step"
        )
    largest = random.MAX_ELEMENT - hot.size
    first_element = arguments.integer("first_element", first_element, 0, largest)
    if uniforms is not None:
        if pattern != "poisson":
            raise ValueError(
                f"uniforms must be given for the poisson pattern only, got firing_pattern="
                f"{pattern!r}; pass seed, or firing_pattern='poisson'"
            )
        uniforms = arguments.uniforms(uniforms, seed, shape, backend).reshape(num_steps, hot.size)
    result = arguments.output(out, shape, dtype, uniforms=uniforms)
    key = random.key_of(seed, "targets")
    above, below = (dtype.type(1), dtype.type(0)) if interpolate else (on, off)
    trains, above, below = backends.rows(result.reshape(num_steps, hot.size), above, below)
    trains[:first] = below
    live = trains[first:]
    if pattern == "regular":
        _fill_regular(trains, hot, rates, first, above, below)
    elif pattern == "uniform":
        cold, warm = (np.uint64(_spike_count(num_steps, first, rate)) for rate in rates)
        needed = np.where(hot, warm, cold)
        backend.distinct_steps(needed, key, first_element, first, above, below, live)
    else:
        p = np.where(hot, float(rates[1]), float(rates[0])).reshape(1, hot.size)
        p.flags.writeable = False
        one, zero = np.float64(1), np.float64(0)
        if uniforms is None:
            backend.rate(p, one, zero, key, first_element, first, above, below, live)
        else:
            backend.rate_from_uniforms(p, one, zero, uniforms[first:], above, below, live)
    if interpolate:
        backend.ramps(on, off, trains)
    return result


def _fill_regular(trains, hot, rates, first, above, below):
    """Regular trains: every element of one rate fires at the same steps."""
    fires = np.zeros((2, len(trains)), bool)
    for row, rate in zip(fires, rates, strict=True):
        row[_regular_steps(len(trains), first, rate)] = True
    for t, train in enumerate(trains):
        train[:] = np.where(hot, *(above if fires[k, t] else below for k in (1, 0)))
