"""Whether trains are independent draws of given probabilities: tests with a stated false alarm.

Every test gives a p-value, already multiplied by the number of comparisons it makes; a train fails
when one of them is below ``false_alarm / len(TESTS)``.  Rates, steps, pairs of features, and the
correlations along time and along features use exact binomial tails or Chernoff bounds, which hold
at any size and for any number of steps; the chi-squares use their limits, which at 2**16 draws or
more are good to a factor of two in the tail.

What is found at the default size, 2**20 draws over probabilities spread evenly from 0 to 1:

- a bias of 1 % (p becomes 1.01 p) shifts the overall rate by 12 standard deviations and is missed
  with a probability below 1e-10; one of 0.5 % by 6, and is found in about half of the runs;
- steps, or features, that repeat at some distance: where every draw is that of so many steps (or
  features) before with a probability of 2 %, the correlation is 14 standard deviations at 1024
  steps and 512 features and is missed with a probability below 1e-10; 1 % is found in about half
  of the runs.  Every distance is looked at, so a period of 8, 16 or any number of steps is found
  where it fits into the train;
- a single pair of features, with p from 0.05 to 0.95, that shares its draws: missed with a
  probability below 1e-10 from 16 steps on, because short trains are drawn again, up to 64 times,
  until there are 1024 steps.
"""

from typing import NamedTuple

import numpy as np

LONGEST_INTERVAL = 16
BANDS = 8  # groups of features of similar probability, in which intervals are pooled
MOST_PAIRED = 1024  # features of which all pairs are compared
CHUNK = 2**20  # draws that are turned into numbers at a time
LEAST_VARIANCE = 10.0  # T*p*(1-p) of a feature that enters a chi-square
TESTS = (
    "certain features",
    "rate of each feature",
    "overall rate",
    "spread of the rates",
    "rate of each step",
    "steps in common",
    "lag correlations",
    "neighbouring features",
    "pairs of features",
    "intervals",
)


class Test(NamedTuple):
    """One test: its name, p-value, and what was found, in words."""

    name: str
    p_value: float
    detail: str
    size: float = 0.0  # of a correlation


def tests(spikes, p, calls=1, estimated=False):
    """Every test on trains of 0 and 1, ``[T, F]``, of probabilities ``p``, ``[F]``.

    Parameters
    ----------
    spikes : numpy.ndarray
        ``[num_steps, features]``; several calls one after another in time.
    p : numpy.ndarray of float64
        Probability of each feature, the same at every step.
    calls : int
        From how many calls, of equal length, the steps are.
    estimated : bool
        Whether ``p`` are the trains' own means, which makes any two of their steps differ.

    Returns
    -------
    list of Test

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import spikegen
    >>> from spikecore.validate import statistics
    >>> p = np.linspace(0, 1, 256)
    >>> trains = spikegen.rate(p, num_steps=512, seed=1)
    >>> min(test.p_value for test in statistics.tests(trains, p)) > 1e-6
    True
    """
    fired = np.asarray(spikes) != 0
    p = np.asarray(p, np.float64)
    counts = fired.sum(axis=0)
    chance = (p > 0) & (p < 1)
    found = [_certain(fired, p)]
    if not chance.any():
        return found
    steps, some = len(fired), p[chance]
    if not estimated:
        found += [_each_feature(counts[chance], steps, some), _overall(counts[chance], steps, some)]
        found += [_spread(counts[chance], steps, some)]
    found += [_each_step(fired[:, chance], some, calls)]
    middle = (p >= 0.05) & (p <= 0.95)
    if middle.sum() >= 2:
        scores = np.zeros(fired.shape, np.float32)  # features keep their distances
        scores[:, middle] = (fired[:, middle] - p[middle]) / np.sqrt(p * (1 - p))[middle]
        found += [_in_common(scores[:, middle], p[middle])]
        if steps > 1:
            found += [_correlations(TESTS[6], scores[:, middle], p[None, middle], estimated)]
        found += [_correlations(TESTS[7], scores.T, np.where(middle, p, 0)[:, None])]
        found += [_pairs(fired, p)]
    if steps > 2 * LONGEST_INTERVAL:
        found.append(_intervals(fired[:, chance], some))
    return found


def failures(found, false_alarm):
    """The tests that fail, at a total false alarm."""
    return [test for test in found if test.p_value < false_alarm / len(TESTS)]


def _certain(fired, p):
    """p = 0 never fires, p = 1 always does."""
    wrong = int(fired[:, p <= 0].sum()) + int((~fired[:, p >= 1]).sum())
    detail = f"{wrong} draws of probability 0 fired or of probability 1 did not"
    return Test(TESTS[0], 0.0 if wrong else 1.0, detail)


def two_sided(counts, trials, p):
    """Exact two-sided binomial p-values."""
    from scipy.stats import binom

    tail = np.minimum(binom.cdf(counts, trials, p), binom.sf(counts - 1, trials, p))
    return np.minimum(2 * tail, 1.0)


def _each_feature(counts, steps, p):
    values = two_sided(counts, steps, p)
    worst = int(values.argmin())
    detail = f"p = {p[worst]:.4g} fired {counts[worst]} times in {steps} steps"
    return Test(TESTS[1], min(1.0, float(values.min()) * p.size), detail)


def log_chernoff(count, p):
    """Logarithm of a bound on the tail beyond ``count`` of a sum of draws of probabilities ``p``.

    The least of ``log E[exp(tilt*(sum - count))]`` over the tilt, found by Newton's method.
    """
    tilt = 0.0
    for _ in range(50):
        tilted = p / (p + (1 - p) * np.exp(-tilt))
        step = (count - tilted.sum()) / max(float((tilted * (1 - tilted)).sum()), 1e-300)
        tilt += float(np.clip(step, -2, 2))
        if abs(step) < 1e-9:
            break
    return min(0.0, float(np.log1p(p * np.expm1(tilt)).sum() - tilt * count))


def _overall(counts, steps, p):
    """All draws at once; the exponent is that of one step times the number of steps."""
    total, mean = int(counts.sum()), steps * p.sum()
    value = 2 * np.exp(steps * log_chernoff(total / steps, p))
    detail = f"{total} spikes where {mean:.0f} were expected ({total / mean - 1:+.3%})"
    return Test(TESTS[2], min(1.0, float(value)), detail)


def _square_sum(name, squares, mean, spread):
    """A chi-square of the mean and the variance that a sum of squares should have."""
    from scipy.stats import chi2

    total, freedom = squares.sum() * 2 * mean / spread, 2 * mean**2 / spread
    value = 2 * min(chi2.sf(total, freedom), chi2.cdf(total, freedom))
    detail = f"mean square {squares.mean():.4f} where 1 was expected"
    return Test(name, float(min(value, 1.0)), detail)


def _spread(counts, steps, p):
    variance = steps * p * (1 - p)
    some = variance >= LEAST_VARIANCE
    if some.sum() < 2:
        return Test(TESTS[3], 1.0, "too few steps")
    squares = ((counts - steps * p) ** 2 / variance)[some]
    spread = (2 + (1 / (p * (1 - p))[some] - 6) / steps).sum()
    return _square_sum(TESTS[3], squares, some.sum(), spread)


def _each_step(fired, p, calls):
    """The step whose number of spikes, over all calls, is the least likely."""
    totals = fired.reshape(calls, -1, p.size).sum(axis=(0, 2))
    worst = int(np.abs(totals - calls * p.sum()).argmax())
    bound = np.exp(calls * log_chernoff(totals[worst] / calls, p))
    detail = f"step {worst} has {totals[worst]} spikes where {calls * p.sum():.0f} were expected"
    return Test(TESTS[4], min(1.0, 2 * float(bound) * totals.size), detail)


def _in_common(scores, p):
    """Whether features rise and fall together, or balance one another."""
    steps, features = scores.shape
    squares = scores.sum(axis=1, dtype=np.float64) ** 2 / features
    spread = 2 + (1 / (p * (1 - p)) - 6).sum() / features**2
    return _square_sum(TESTS[5], squares, steps, steps * spread)


# --- along time, and along features --------------------------------------------------------------


def _correlations(name, scores, p, estimated=False):
    """The least likely correlation between draws at any one distance along the first axis.

    The likeliest candidates are found by their size, and bounded by :func:`log_correlation`.
    ``p`` has one value for each column, or for each row, where 0 means that the row is not used.
    """
    from scipy.stats import norm

    length, width = scores.shape
    used = np.broadcast_to(p[:, :1] > 0, (length, 1))
    pairs = np.rint(_products(used.astype(np.float32))) * width
    sums = _products(scores) + (pairs / (length - 1) if estimated else 0)
    z = sums / np.sqrt(np.maximum(pairs, 1))
    worst = np.argsort(-np.abs(z))[:2]
    if estimated:
        values = 2 * norm.sf(np.abs(z[worst]))
    else:
        values = np.array([2 * np.exp(log_correlation(scores, p, k + 1)) for k in worst])
    distance = worst[values.argmin()]
    value = min(1.0, float(values.min()) * z.size)
    correlation = float(sums[distance] / max(pairs[distance], 1))
    where = "lag" if name == TESTS[6] else "a distance of"
    detail = f"correlation {correlation:+.5f} at {where} {distance + 1}"
    return Test(name, value, detail, correlation)


def _columns(array):
    """Some columns at a time."""
    width = max(1, CHUNK // len(array))
    return (slice(begin, begin + width) for begin in range(0, array.shape[1], width))


def _products(array):
    """The sum of the products at each distance 1, 2, ... along the first axis."""
    size = 2 * len(array)
    power = sum((np.abs(np.fft.rfft(array[:, part], size, axis=0)) ** 2).sum(axis=1)
                for part in _columns(array))  # fmt: skip
    return np.fft.irfft(power, size)[1 : len(array)]


def log_correlation(scores, p, distance):
    """Logarithm of a bound on the tail beyond the sum of products at a distance.

    Of two draws at a distance k, one lies in an even stretch of k draws and the other in an odd
    one.  Given the even ones, the sum is one of independent draws, each weighted by its even
    neighbours: Chernoff's bound holds, at any tilt.  ``scores`` are ``(draw - p)/sqrt(p*(1 - p))``.
    """
    length = len(scores)
    odd = np.flatnonzero((np.arange(length) // distance) % 2)
    later = np.where(odd + distance < length, odd + distance, 0)
    inside = (odd + distance < length)[:, None]

    def parts():
        for columns in _columns(scores):
            near, q = scores[:, columns], p if p.shape[1] == 1 else p[:, columns]
            q = q if len(q) == 1 else q[odd]
            scale = np.sqrt(q * (1 - q))
            weights = (near[odd - distance] + near[later] * inside) * (q > 0)
            yield near[odd], weights.astype(float), q, np.where(scale > 0, scale, 1)

    total, variance = (
        sum(sums)
        for sums in zip(*(((w * s).sum(), (w * w).sum()) for s, w, _, _ in parts()), strict=True)
    )
    tilts = np.array([1, 0.5, 0.25]) * total / max(variance, 1e-300)

    def exponent(weights, q, scale, tilt):
        moved = tilt * weights / scale
        return float((np.log1p(q * np.expm1(moved)) - q * moved).sum())

    sums = sum(np.array([exponent(w, q, scale, tilt) for tilt in tilts])
               for _, w, q, scale in parts())  # fmt: skip
    return min(0.0, float((sums - tilts * total).min()))


# --- pairs and intervals -------------------------------------------------------------------------


def _pairs(fired, p):
    """Coincidences: given one train, those of another are binomial, which is exact."""
    chosen = np.flatnonzero((p >= 0.05) & (p <= 0.95))
    chosen = chosen[np.linspace(0, chosen.size - 1, min(chosen.size, MOST_PAIRED)).astype(int)]
    trains, q = fired[:, chosen].astype(np.float32), p[chosen]
    together, own = np.rint(trains.T @ trains), trains.sum(axis=0)
    mean = own[:, None] * q
    z = np.abs(together - mean) / np.sqrt(np.maximum(mean * (1 - q), 1e-9))
    np.fill_diagonal(z, 0)
    first, second = np.unravel_index(np.argsort(z, axis=None)[-64:], z.shape)
    values = two_sided(together[first, second], own[first], q[second])
    worst = int(values.argmin())
    i, j = chosen[first[worst]], chosen[second[worst]]
    detail = f"features {i} and {j} fired together {together[first, second][worst]:.0f} times"
    detail += f" where {mean[first, second][worst]:.0f} were expected"
    value = min(1.0, float(values.min()) * q.size * (q.size - 1))
    covariance = together[first, second][worst] / len(fired) - p[i] * p[j]
    correlation = covariance / np.sqrt(p[i] * (1 - p[i]) * p[j] * (1 - p[j]))
    return Test(TESTS[8], value, detail, float(correlation))


def _intervals(fired, p):
    """Steps from spike to spike against the geometric law, in groups of similar probability."""
    from scipy.stats import chi2

    order = np.argsort(p, kind="stable")
    fired, p = fired[:, order], p[order]
    edges = np.unique(np.linspace(0, p.size, min(BANDS, p.size) + 1).astype(int)[:-1])
    begun = fired[:-LONGEST_INTERVAL]
    starts, alive = begun.sum(axis=0), begun.copy()
    total, freedom = 0.0, 0
    left_seen, left_expected = (np.add.reduceat(x, edges) for x in (starts, starts.astype(float)))
    left_seen = left_seen.astype(float)
    for gap in range(1, LONGEST_INTERVAL):
        next_spike = fired[gap : gap + len(begun)]
        seen = np.add.reduceat((alive & next_spike).sum(axis=0), edges)
        wanted = np.add.reduceat(starts * p * (1 - p) ** (gap - 1), edges)
        alive &= ~next_spike
        enough = (wanted >= 25) & (left_expected - wanted >= 25)
        total += float(((seen - wanted) ** 2 / np.maximum(wanted, 1))[enough].sum())
        freedom += int(enough.sum())
        left_seen -= np.where(enough, seen, 0)
        left_expected = left_expected - np.where(enough, wanted, 0)
    rest = left_expected >= 25
    total += float(((left_seen - left_expected) ** 2 / np.maximum(left_expected, 1))[rest].sum())
    if not freedom:
        return Test(TESTS[9], 1.0, "too few intervals")
    value = float(chi2.sf(total, freedom))
    return Test(TESTS[9], value, f"chi-square {total:.0f} at {freedom} degrees of freedom")
