"""Measures of spike trains as they are defined: lists of spike times, one pair after another."""

import itertools
import math


def times_of(train, dt=1.0):
    """The times of a train [T] of numbers of spikes."""
    return [step * dt for step, count in enumerate(train) for _ in range(int(count))]


def intervals(times):
    return [b - a for a, b in itertools.pairwise(times)]


def mean(values):
    return sum(values) / len(values) if values else math.nan


def quotient(a, b):
    return a / b if b else math.nan


# --- rates --------------------------------------------------------------------------------------


def rate(times, start, stop, closed=False):
    return sum(start <= t and (t <= stop if closed else t < stop) for t in times) / (stop - start)


def rate_kernel(times, sigma, kernel, bin_width, bins):
    """The rate at the start of each bin, each spike moved to the start of its own."""
    starts = [bin_width * math.floor(t / bin_width) for t in times]
    return [sum(density(k * bin_width - s, sigma, kernel) for s in starts) for k in range(bins)]


def density(t, sigma, kernel):
    if kernel == "gaussian":
        return math.exp(-(t**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    return math.exp(-t / sigma) / sigma if t >= 0 else 0.0


# --- intervals ----------------------------------------------------------------------------------


def cv(times, ddof=0):
    found = intervals(times)
    if len(found) <= ddof:
        return math.nan
    variance = sum((i - mean(found)) ** 2 for i in found) / (len(found) - ddof)
    return quotient(math.sqrt(variance), mean(found))


def neighbours(times):
    found = intervals(times)
    return list(itertools.pairwise(found))


def cv2(times):
    return mean([quotient(2 * abs(b - a), a + b) for a, b in neighbours(times)])


def lv(times):
    return mean([3 * quotient(a - b, a + b) ** 2 for a, b in neighbours(times)])


def lvr(times, refractory):
    return mean(
        [
            3 * (1 - quotient(4 * a * b, (a + b) ** 2)) * (1 + quotient(4 * refractory, a + b))
            for a, b in neighbours(times)
        ]
    )


# --- in common ----------------------------------------------------------------------------------


def correlogram(x, y, max_lag):
    """Of two trains [T] of numbers of spikes."""
    steps = range(len(x))
    return [
        sum(float(x[t]) * float(y[t + lag]) for t in steps if t + lag in steps)
        for lag in range(-max_lag, max_lag + 1)
    ]


def bins_of(train, bin_steps):
    return [float(sum(train[k : k + bin_steps])) for k in range(0, len(train), bin_steps)]


def covariance(x, y, ddof):
    """Of two lists of counts."""
    if len(x) <= ddof:
        return math.nan
    a, b = mean(x), mean(y)
    return sum((p - a) * (q - b) for p, q in zip(x, y, strict=True)) / (len(x) - ddof)


def correlation(x, y):
    if not x:
        return math.nan
    return quotient(covariance(x, y, 0), math.sqrt(covariance(x, x, 0) * covariance(y, y, 0)))


# --- distances ----------------------------------------------------------------------------------


def victor_purpura(a, b, cost):
    """The whole matrix of costs."""
    costs = [[float(i + j) for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            costs[i][j] = min(
                costs[i - 1][j] + 1,
                costs[i][j - 1] + 1,
                costs[i - 1][j - 1] + cost * abs(a[i - 1] - b[j - 1]),
            )
    return costs[-1][-1]


def van_rossum_squared(a, b, tau):
    """The integral as sums over all pairs of spikes."""

    def kernel(x, y):
        return math.fsum(math.exp(-abs(s - t) / tau) for s in x for t in y)

    return kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)


def distinct(times):
    return sorted(set(times))


def isi_at(times, t, end):
    """The interval that holds the moment t, which is no spike."""
    times = times or [0.0, end]
    before, after = [s for s in times if s < t], [s for s in times if s > t]
    if not before:
        return max([after[0], *intervals(after[:2])])
    if not after:
        return max([end - before[-1], *intervals(before[-2:])])
    return after[0] - before[-1]


def moments(a, b, start, stop):
    """The intervals of time between the spikes of either train, within the window."""
    edges = sorted({start, stop, *(t for t in (*a, *b) if start < t < stop)})
    return list(itertools.pairwise(edges))


def isi_distance(a, b, end, start=0.0, stop=None):
    a, b, stop = distinct(a), distinct(b), end if stop is None else stop
    total = 0.0
    for low, high in moments(a, b, start, stop):
        x, y = (isi_at(times, (low + high) / 2, end) for times in (a, b))
        total += (high - low) * abs(x - y) / max(x, y)
    return total / (stop - start)


def auxiliary(times, end):
    """A train with its auxiliary spikes."""
    if len(times) == 1:
        return [0.0, *times, end]
    low = min(0.0, 2 * times[0] - times[1])
    high = max(end, 2 * times[-1] - times[-2])
    return [low, *times, high]


def dissimilarity(times, nearest, t, end):
    """S of a train at the moment t, which is no spike; ``nearest`` has d of each spike."""
    before, after = [s for s in times if s < t], [s for s in times if s > t]
    if not before:
        return nearest[after[0]]
    if not after:
        return nearest[before[-1]]
    p, f = before[-1], after[0]
    return (nearest[p] * (f - t) + nearest[f] * (t - p)) / (f - p)


def spike_distance(a, b, end, start=0.0, stop=None):
    """Each line of the profile by its value in the middle."""
    a, b = (distinct(times) or [0.0, end] for times in (a, b))
    stop = end if stop is None else stop
    near_a = {t: min(abs(t - s) for s in auxiliary(b, end)) for t in a}
    near_b = {t: min(abs(t - s) for s in auxiliary(a, end)) for t in b}
    total = 0.0
    for low, high in moments(a, b, start, stop):
        t = (low + high) / 2
        x, y = isi_at(a, t, end), isi_at(b, t, end)
        s_a, s_b = dissimilarity(a, near_a, t, end), dissimilarity(b, near_b, t, end)
        total += (high - low) * (s_a * y + s_b * x) / (2 * ((x + y) / 2) ** 2)
    return total / (stop - start)


def spike_sync(a, b, end, max_tau=math.inf):
    a, b = distinct(a), distinct(b)
    if not a and not b:
        return 1.0

    def shortest(times, i):
        return min([end, *intervals(times[max(i - 1, 0) : i + 2])])

    coincidences = sum(
        abs(s - t) < min(max_tau, shortest(a, i) / 2, shortest(b, j) / 2)
        for i, s in enumerate(a)
        for j, t in enumerate(b)
    )
    return 2 * coincidences / (len(a) + len(b))
