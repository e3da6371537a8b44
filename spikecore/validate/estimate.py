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


def highest(score, low, high, rounds=12):
    """The number of the highest score, and that score, by ever finer grids around the best."""
    for _ in range(rounds):
        grid = np.linspace(low, high, POINTS)
        scores = [score(number) for number in grid]
        best = np.flatnonzero(np.equal(scores, max(scores)))
        low, high = grid[max(best[0] - 1, 0)], grid[min(best[-1] + 1, POINTS - 1)]
        found = float(grid[best[len(best) // 2]]), max(scores)
        if high - low <= 1e-9 * max(abs(high), abs(low)):
            break
    return found


def told(name, value, reference):
    """The sentence about a number."""
    return f"your {name} is about {value:.6g}, the reference's is {float(reference):.6g}"
