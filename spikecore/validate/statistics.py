"""Whether trains are independent draws of given probabilities: tests with a stated false alarm.

Every test gives a p-value, already multiplied by the number of comparisons it makes; a train fails
when one of them is below ``false_alarm / len(TESTS)``.  Rates of single features, pairs of
features, the overall rate and the rate of each step use exact binomial tails or Chernoff bounds,
which hold at any size; the chi-squares and lag correlations use their limits, which at 2**16 draws
or more are good to a factor of two in the tail.

At the default size of 2**20 draws over probabilities spread evenly from 0 to 1, a bias of 1 % (p
becomes 1.01 p) shifts the overall rate by 12 standard deviations and is missed with a probability
below 1e-10; one of 0.5 % by 6, and is found in about half of the runs (27 of 50 were).
"""

from typing import NamedTuple

import numpy as np

LAGS = 8
LONGEST_INTERVAL = 16
BANDS = 8  # groups of features of similar probability, in which intervals are pooled
MOST_PAIRED = 128  # features of which all pairs are compared
LEAST_VARIANCE = 10.0  # T*p*(1-p) of a feature that enters a chi-square
TESTS = (
    "certain features",
    "rate of each feature",
    "overall rate",
    "spread of the rates",
    "rate of each step",
    "steps in common",
    "lag correlations",
    "pairs of features",
    "intervals",
)


class Test(NamedTuple):
    """One test: its name, p-value, and what was found, in words."""

    name: str
    p_value: float
    detail: str


def tests(spikes, p):
    """Every test on trains of 0 and 1, ``[T, F]``, of probabilities ``p``, ``[F]``.

    Parameters
    ----------
    spikes : numpy.ndarray
        ``[num_steps, features]``.
    p : numpy.ndarray of float64
        Probability of each feature, the same at every step.

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
    fired, p, counts = fired[:, chance], p[chance], counts[chance]
    found += [_each_feature(counts, len(fired), p), _overall(counts, len(fired), p)]
    found += [_spread(counts, len(fired), p), _each_step(fired, p)]
    middle = (p >= 0.05) & (p <= 0.95)
    if middle.sum() >= 2:
        scale = np.sqrt(p * (1 - p))[middle]
        scores = ((fired[:, middle] - p[middle]) / scale).astype(np.float32)
        found += [_in_common(scores), _lags(scores), _pairs(fired, p)]
    if len(fired) > 2 * LONGEST_INTERVAL:
        found.append(_intervals(fired, p))
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


def _spread(counts, steps, p):
    from scipy.stats import chi2

    variance = steps * p * (1 - p)
    some = variance >= LEAST_VARIANCE
    if some.sum() < 2:
        return Test(TESTS[3], 1.0, "too few steps")
    squares = ((counts - steps * p) ** 2 / variance)[some]
    mean, spread = some.sum(), (2 + (1 / (p * (1 - p))[some] - 6) / steps).sum()
    factor, freedom = spread / (2 * mean), 2 * mean**2 / spread
    total = squares.sum() / factor
    value = 2 * min(chi2.sf(total, freedom), chi2.cdf(total, freedom))
    detail = f"mean square {squares.mean():.4f} where 1 was expected"
    return Test(TESTS[3], float(min(value, 1.0)), detail)


def _each_step(fired, p):
    """The step whose number of spikes is the least likely."""
    totals = fired.sum(axis=1)
    worst = int(np.abs(totals - p.sum()).argmax())
    value = min(1.0, 2 * np.exp(log_chernoff(float(totals[worst]), p)) * len(fired))
    detail = f"step {worst} has {totals[worst]} spikes where {p.sum():.0f} were expected"
    return Test(TESTS[4], float(value), detail)


def _in_common(scores):
    """Whether features rise and fall together, or balance one another."""
    from scipy.stats import chi2

    steps, features = scores.shape
    squares = scores.sum(axis=1, dtype=np.float64) ** 2 / features
    value = 2 * min(chi2.sf(squares.sum(), steps), chi2.cdf(squares.sum(), steps))
    detail = f"mean square {squares.mean():.4f} where 1 was expected"
    return Test(TESTS[5], float(min(value, 1.0)), detail)


def _lags(scores):
    from scipy.stats import norm

    steps, features = scores.shape
    lags = range(1, min(LAGS, steps - 1) + 1)
    sums = [float(np.einsum("tf,tf->", scores[:-k], scores[k:])) for k in lags]
    z = np.array([s / np.sqrt((steps - k) * features) for s, k in zip(sums, lags, strict=True)])
    worst = int(np.abs(z).argmax())
    value = min(1.0, 2 * float(norm.sf(abs(z[worst]))) * z.size)
    correlation = z[worst] / np.sqrt((steps - worst - 1) * features)
    return Test(TESTS[6], value, f"correlation {correlation:+.5f} at lag {worst + 1}")


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
    return Test(TESTS[7], value, detail)


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
        return Test(TESTS[8], 1.0, "too few intervals")
    value = float(chi2.sf(total, freedom))
    return Test(TESTS[8], value, f"chi-square {total:.0f} at {freedom} degrees of freedom")
