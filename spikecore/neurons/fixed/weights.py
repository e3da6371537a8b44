"""Weights as hardware stores them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments, backends
from spikecore.annotations import ArrayLike, Integer, Number

SIGN_MODES = ("mixed", "excitatory", "inhibitory")


class Format(NamedTuple):
    """How a kind of hardware stores a weight."""

    bits: int
    drops: bool = False  # stores 8 bits, of which fewer keep the upper ones; mixed signs cost one


FORMATS = {
    "loihi": Format(8, drops=True),
    "tinyodin": Format(4),
    "q-format": Format(16),
    "spiker": Format(6),
}


def quantize(
    weight: ArrayLike,
    profile: str = "loihi",
    *,
    bits: Integer | None = None,
    sign_mode: str = "mixed",
    scale: Number = 1.0,
) -> NDArray[np.int32]:
    """Weights as hardware stores them: ``scale*weight``, rounded to integers and clipped.

    Half-way cases are rounded to even.  Loihi stores 8 bits without a sign, or 9 with a sign
    whose lowest is always 0, so that mixed weights are even, within [-256, 254]; with fewer bits,
    as many more of the lowest bits are 0.  The bits are cut off, which rounds down.  The other
    formats are two's complement.

    Parameters
    ----------
    weight : array_like
        Finite numbers of any shape.
    profile : {"loihi", "tinyodin", "q-format", "spiker"}
        Whose format: 8, 4, 16 and 6 bits.
    bits : int, optional
        Other bits than those of the profile: 1 to 8 for Loihi, 2 to 16 for the others.
    sign_mode : {"mixed", "excitatory", "inhibitory"}
        Signs that are allowed; weights of the other sign become 0.
    scale : float
        Positive factor before rounding.

    Returns
    -------
    numpy.ndarray
        int32, of the shape of the weights.

    Raises
    ------
    ValueError, TypeError
        Weights that are not finite, or an argument out of its range.

    Notes
    -----
    After ``lava.utils.weightutils`` of Lava 0.10.0 for ``"loihi"``: ``clip_weights`` and
    ``truncate_weights``, whose exponent is an argument of :class:`Linear`.

    Examples
    --------
    >>> from spikecore.neurons import fixed
    >>> fixed.quantize([-300, -3, 3, 300])
    array([-256,   -4,    2,  254], dtype=int32)
    >>> fixed.quantize([-0.5, 0.0273, 0.5], "loihi", scale=256, sign_mode="excitatory", bits=4)
    array([  0,   0, 128], dtype=int32)
    """
    known = FORMATS[arguments.choice("profile", profile, tuple(FORMATS))]
    lowest, highest = (1, 8) if known.drops else (2, 16)
    width = known.bits if bits is None else arguments.integer("bits", bits, lowest, highest)
    mode = arguments.choice("sign_mode", sign_mode, SIGN_MODES)
    scale = arguments.number("scale", scale, 0, open_low=True)
    given = arguments.real("weight", weight).astype(np.float64)
    arguments.finite("weight", given, backends.on_host())
    with np.errstate(over="ignore"):
        scaled = np.rint(given * scale)
    low, high = _range(known, width, mode)
    stored = np.clip(scaled, low, high).astype(np.int32)
    if not known.drops:
        return stored
    dropped = known.bits - width + (mode == "mixed")
    return (stored >> dropped) << dropped


def _range(known, width, mode):
    """The least and the largest weight before bits are cut off."""
    top = 1 << known.bits if known.drops else 1 << (width - 1)
    low = 0 if mode == "excitatory" else -top + (known.drops and mode == "inhibitory")
    return low, 0 if mode == "inhibitory" else top - 1
