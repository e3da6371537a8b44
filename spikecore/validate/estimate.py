"""Numbers estimated from what a candidate gave."""

import numpy as np

POINTS = 17  # that a search looks at in each round


def simplest(low, high):
    """The shortest decimal in an interval, and its middle where there is none."""
    middle = (low + high) / 2
    for digits in range(16):
        value = round(middle, digits)
        if low < value < high:
            return value
    return middle


def decimals(low, high):
    """Numbers of an interval, the shortest first; its bounds are not exact."""
    slack, third = 1e-7 * max(abs(low), abs(high)), (high - low) / 3
    tried = simplest(low - slack, high + slack), simplest(low, high)
    return list(dict.fromkeys((*tried, simplest(low + third, high - third), (low + high) / 2)))


def highest(score, low, high, most=None, rounds=11):
    """Between which numbers the score is highest, by ever finer grids around the best.

    ``score`` takes an array of numbers.  It ends where several have the score ``most``, if given.
    """
    for _ in range(rounds):
        grid = np.linspace(low, high, POINTS)
        scores = np.asarray(score(grid))
        best = np.flatnonzero(scores == scores.max())
        low, high = grid[max(best[0] - 1, 0)], grid[min(best[-1] + 1, POINTS - 1)]
        if scores.max() == most and best.size > 2:
            break
    return low, high


def bounded(limits):
    """Numbers that are at least the first of each pair and below the second, the shortest first."""
    low, high = -np.inf, np.inf
    for at_least, below in limits:
        low = max(low, np.max(at_least, initial=-np.inf))
        high = min(high, np.min(below, initial=np.inf))
    slack = 1e-6 * max(abs(low), abs(high))  # both are rounded
    if not np.isfinite(slack) or low > high + slack:
        return []
    return decimals(float(low), float(high)) if low < high else [float(low + high) / 2]


def told(name, value, reference):
    """The sentence about a number."""
    return f"your {name} is about {value:.6g}, the reference's is {float(reference):.6g}"
