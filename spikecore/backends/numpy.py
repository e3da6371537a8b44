"""The reference: the equations on whole arrays, one time step after another, without Numba's help.

Slow and plain on purpose.  Every function has its twin of the same name in ``cpu``, which gives the
same bits.
"""

import numpy as np

from spikecore import equations as eq
from spikecore.neurons.dynamics import only, step_of

UINT64 = np.uint64


def fill(out, value):
    """Set an array to one value."""
    out[...] = value


def copy(values):
    """A new array of the values."""
    return np.array(values)


def copy_into(out, values):
    """Set an array to the values of another of its size."""
    out[...] = values.reshape(out.shape)


def first_outside(values, low, high):
    """Flat index of the first value outside [low, high] (NaN is outside), or -1."""
    bad = np.flatnonzero(~((low <= values) & (values <= high)))
    return int(bad[0]) if bad.size else -1


def _words(elements, first_element, step, key):
    """The random word of one step for a range of elements."""
    k0, k1, stream = key
    block, word = divmod(step, eq.STEPS_PER_BLOCK)
    element = UINT64(first_element) + np.arange(elements, dtype=UINT64)
    return eq.random_words(element, UINT64(block), stream, k0, k1)[word]


@np.errstate(over="ignore")  # gain*x may pass the largest float; it is clipped to 1
def rate(data, gain, offset, key, first_element, first_step, on, off, out):
    """Spikes of the package's own random stream; ``key`` is (k0, k1, stream)."""
    for t, row in enumerate(out):
        p = eq.firing_probability(data[t % len(data)], gain, offset)
        words = _words(row.size, first_element, first_step + t, key)
        row[:] = eq.select(words < eq.word_threshold(p), on, off)


@np.errstate(over="ignore")
def rate_from_uniforms(data, gain, offset, uniforms, on, off, out):
    """Spikes of a stream given by the caller, one uniform per element and step."""
    for t, row in enumerate(out):
        p = eq.firing_probability(data[t % len(data)], gain, offset)
        row[:] = eq.select(eq.uniform_fires(uniforms[t], p), on, off)


def below(data, threshold, out):
    """Which features are below the threshold."""
    np.less(data, threshold, out=out)


def latest_times(data, peaks, code, samples, less=0):
    """Each sample's latest spike time, less a number."""
    times = np.empty_like(data)
    latency_times(data, peaks, code, times)
    return times.reshape(samples, -1).max(axis=1) - data.dtype.type(less)


def latency_times(data, peaks, code, out):
    """Spike time of every feature."""
    out[:] = eq.latency_time(data, np.repeat(peaks, data.size // peaks.size), code)


def _latency_steps(data, peaks, code, last, clip):
    """Step at which every feature spikes, or -1."""
    times = np.empty_like(data)
    latency_times(data, peaks, code, times)
    steps = eq.spike_step(times, last)
    return eq.clipped_step(steps, data, code.threshold) if clip else steps


def latency(data, peaks, code, last, clip, on, off, out):
    """Latency-coded spikes, [T, N]."""
    steps = _latency_steps(data, peaks, code, last, clip)
    for t, row in enumerate(out):
        row[:] = eq.select(steps == t, on, off)


def latency_ramps(data, peaks, code, last, clip, on, off, out):
    """Lines that climb to the latency-coded spikes, [T, N]."""
    steps = _latency_steps(data, peaks, code, last, clip)
    for t, row in enumerate(out):
        row[:] = eq.ramp(np.int64(t), np.int64(-1), steps, on, off)


@np.errstate(over="ignore")  # a difference may pass it too, and meets any threshold
def delta(data, threshold, padding, off_spike, on, off, silent, out):
    """Delta-modulated spikes, [T, N]."""
    before = data[0] if padding else np.zeros_like(data[0])
    for now, row in zip(data, out, strict=True):
        falls = eq.delta_off(now, before, threshold) & off_spike
        row[:] = eq.select(eq.delta_on(now, before, threshold), on, eq.select(falls, off, silent))
        before = now


def distinct_steps(counts, key, first_element, first_step, on, off, out):
    """Trains of a given number of spikes each, at distinct random steps."""
    needed = counts.copy()
    for t, row in enumerate(out):
        words = _words(row.size, first_element, first_step + t, key)
        chosen = eq.choose_step(words, UINT64(len(out) - t), needed)
        needed -= chosen
        row[:] = eq.select(chosen, on, off)


def ramps(on, off, out):
    """Replace trains of ones and zeros by linear interpolation between the ones."""
    fired = out != 0
    nobody = np.full(out.shape[1], -1)
    following = np.empty(out.shape, np.int64)
    ahead = nobody
    for t in reversed(range(len(out))):
        ahead = following[t] = eq.select(fired[t], np.int64(t), ahead)
    previous = nobody
    for t, row in enumerate(out):
        row[:] = eq.ramp(np.int64(t), previous, following[t], on, off)
        previous = eq.select(fired[t], np.int64(t), previous)


@np.errstate(over="ignore", invalid="ignore")  # a membrane may overflow, as in any simulator
def neurons(axes, width, current, parameters, state, records, on, off, spikes):
    """Run neurons over [T, M] currents; ``state`` is updated in place.

    With ``width`` the neurons stand in rows of that many, of which only the highest may fire.
    """
    count, advance, settle, emit = step_of(axes)
    may_fire = _winners(state.membrane, parameters.threshold, width) if width else True
    now = state
    for t, x in enumerate(current):
        before = only(count(now.membrane, parameters), may_fire)
        new = advance(now, before, x, parameters)
        if width:
            may_fire = _winners(new.membrane, parameters.threshold, width)
        fired = only(count(new.membrane, parameters), may_fire)
        now, reported = settle(new, before, fired, parameters)
        if width and axes.exchange:  # the next step resets what the settled membranes say
            may_fire = _winners(now.membrane, parameters.threshold, width)
        if isinstance(spikes, np.ndarray):
            spikes[t] = emit(reported, on, off)
        for record, value in zip(records, now, strict=True):
            if isinstance(record, np.ndarray):
                record[t] = value
    for held, value in zip(state, now, strict=True):
        if isinstance(held, np.ndarray):
            held[:] = value


def _winners(membrane, threshold, width):
    """Mask of each row's first neuron that is the furthest above its threshold; NaN never is."""
    above = (membrane - threshold).reshape(-1, width)
    above = np.where(np.isnan(above), -np.inf, above)
    return (np.arange(width) == above.argmax(axis=1)[:, None]).reshape(-1)


def product(spikes, weights, bias, out):
    """``spikes @ weights + bias``, each sum taken in index order over the inputs that are not 0."""
    out[:] = 0
    for s, w in zip(spikes.T, weights, strict=True):
        fired = s != 0
        out[fired] = eq.accumulate(out[fired], eq.like(w, s[fired])[:, None], w)
    out += bias


def dense_product(spikes, weights, bias, out):
    """``spikes @ weights + bias`` by BLAS, in its own order of summation."""
    np.matmul(spikes.astype(out.dtype, copy=False), weights, out=out)
    out += bias
