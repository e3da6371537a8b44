"""Make the recording of ``datasets.moving_digits``: ``python tests/moving_digits.py FILE``."""

import sys
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1])]

from spikecore import datasets, events, spikegen  # noqa: E402

SIDE, STEPS, THRESHOLD = 34, 300, 0.2
COLUMNS = [("sample", "u1"), ("t", "<i4"), ("x", "u1"), ("y", "u1"), ("p", "u1")]
CORNERS = np.array([(0, 0), (6, 3), (0, 6), (0, 0)], np.float64)  # of the way, in pixels


def place(step):
    """How far down and to the right the digit is at a step."""
    leg, along = divmod(step * 3 / STEPS, 1)
    return CORNERS[int(leg)] * (1 - along) + CORNERS[int(leg) + 1] * along


def shifted(image, down, right):
    """The image in a field of 34x34 pixels, moved by parts of a pixel, bilinearly."""
    field = np.zeros((SIDE + 1, SIDE + 1))
    rows, columns = int(down), int(right)
    fields = []
    for extra_down, extra_right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        moved = field.copy()
        top, left = rows + extra_down, columns + extra_right
        moved[top : top + len(image), left : left + len(image)] = image
        fields.append(moved[:SIDE, :SIDE])
    v, h = down - rows, right - columns
    weights = ((1 - v) * (1 - h), (1 - v) * h, v * (1 - h), v * h)
    return sum(weight * moved for weight, moved in zip(weights, fields, strict=True))


def recording():
    """The recording of ten digits."""
    images, labels = datasets.digits(size=(28, 28))
    parts = []
    for label in range(10):
        image = images[labels == label][0].astype(np.float64)
        film = np.stack([shifted(image, *place(step)) for step in range(STEPS)])
        spikes = spikegen.send_on_delta(film, THRESHOLD, dtype="int8", sparse=True)
        part = np.zeros(
            len(spikes), [("sample", "u1"), ("t", "<i4"), ("x", "u1"), ("y", "u1"), ("p", "u1")]
        )
        part["sample"], part["t"] = label, spikes.step.astype(np.int32) * 1000
        part["y"], part["x"] = np.divmod(spikes.element, SIDE)
        part["p"] = spikes.value > 0
        parts.append(part)
    table = np.concatenate(parts)
    return events.Recording(table, (SIDE, SIDE), stop=STEPS * 1000, labels=np.arange(10))


if __name__ == "__main__":
    events.write(sys.argv[1], recording())
