"""Random numbers that are a function of (seed, element, step), and the replay of torch's.

The random stream is Philox4x32-10 with the counter (element low, element high, step // 4, purpose)
and the seed as key; SPEC.md freezes the layout.  No state is kept, so a draw is the same for any
number of threads, any chunks and any device.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from spikecore import arguments
from spikecore.annotations import ArrayLike, Integer, RandomStream, Seed
from spikecore.philox import STEPS_PER_BLOCK, random_words

__all__ = ["seed_of", "torch_uniforms", "uniforms", "words"]


def __dir__():
    return __all__


# Numbered in the order of the names, which SPEC.md freezes.
PURPOSES = {name: number for number, name in enumerate(get_args(RandomStream))}
MAX_ELEMENT = 2**64
RAW = 1 << 16  # words of torch's generator in memory at once


def seed_of(seed: Seed | None) -> int:
    """The 64-bit seed for a public ``seed`` argument.

    ``None`` draws 64 bits of entropy, an int in [0, 2**64) is used as it is, and a
    ``numpy.random.Generator`` yields one 64-bit draw.
    """
    seed = checked_seed(seed)
    if seed is None:
        return secrets.randbits(64)
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**64, dtype=np.uint64))
    return seed


def checked_seed(seed):
    """A ``seed`` argument from which 64 bits can be taken; nothing is drawn yet."""
    if seed is None or isinstance(seed, np.random.Generator):
        return seed
    remedy = "pass an int, a numpy.random.Generator, or None for entropy"
    return arguments.integer("seed", seed, 0, 2**64 - 1, remedy=remedy)


def key_of(seed, purpose):
    """The key for a kernel: low and high word of the seed, and the number of the purpose."""
    seed = seed_of(seed)
    return np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32), np.uint64(PURPOSES[purpose])


def words(
    seed: Seed | None, elements: ArrayLike, step: Integer, stream: RandomStream = "rate"
) -> NDArray[np.uint64]:
    """Random 32-bit words of one step.

    Parameters
    ----------
    seed : int, numpy.random.Generator or None
    elements : int or array of ints
        Flat C-order indices of the features within the step.
    step : int
        Time step, in [0, 2**34).
    stream : {"rate", "targets", "weights"}
        The purpose of the draw; draws of different purposes are independent.

    Returns
    -------
    numpy.ndarray of uint64
        Words in [0, 2**32), of the shape of ``elements``.

    Examples
    --------
    >>> from spikecore import random
    >>> random.words(seed=0, elements=[0, 1, 2], step=0)
    array([1713891541, 4175744164,   83534633], dtype=uint64)
    """
    stream = arguments.choice("stream", stream, tuple(PURPOSES))
    step = arguments.integer("step", step, 0, arguments.MAX_STEPS - 1)
    index = arguments.array("elements", elements)
    if index.size and (index.dtype.kind not in "iu" or index.min() < 0):
        must, remedy = "be whole numbers of at least 0", "count features from 0"
        arguments.refuse("elements", must, arguments.shown(elements), remedy)
    block, word = divmod(step, STEPS_PER_BLOCK)
    k0, k1, number = key_of(seed, stream)
    return random_words(index.astype(np.uint64), np.uint64(block), number, k0, k1)[word]


def uniforms(
    seed: Seed | None,
    shape: Sequence[Integer],
    *,
    first_element: Integer = 0,
    first_step: Integer = 0,
    stream: RandomStream = "rate",
) -> NDArray[np.float64]:
    """The uniforms in [0, 1) from which spikes are drawn, ``word * 2**-32``, time first.

    ``rate(data, T, seed=s)`` equals ``rate(data, T, uniforms=uniforms(s, (T, *data.shape)))``.

    Parameters
    ----------
    seed : int, numpy.random.Generator or None
    shape : tuple of int
        ``(num_steps, *features)``.
    first_element, first_step : int
        Where in a larger array this part begins.
    stream : {"rate", "targets", "weights"}

    Returns
    -------
    numpy.ndarray of float64

    Examples
    --------
    >>> from spikecore import random
    >>> random.uniforms(0, (2, 3))
    array([[0.39904647, 0.9722412 , 0.01944942],
           [0.8805202 , 0.36209112, 0.31944577]])
    """
    num_steps, *features = _shape(shape, axes=1)
    size = math.prod(features)
    first_element = arguments.integer("first_element", first_element, 0, MAX_ELEMENT - size)
    first_step = arguments.integer("first_step", first_step, 0, arguments.MAX_STEPS - num_steps)
    stream = arguments.choice("stream", stream, tuple(PURPOSES))
    result = arguments.output(None, (num_steps, size), np.dtype(np.float64))
    seed = seed_of(seed)
    elements = np.uint64(first_element) + np.arange(size if num_steps else 0, dtype=np.uint64)
    for t, row in enumerate(result):
        row[:] = words(seed, elements, first_step + t, stream) * 2.0**-32
    return result.reshape(num_steps, *features)


def torch_uniforms(seed: Integer, shape: Sequence[Integer]) -> NDArray[np.float32]:
    """The float32 uniforms that torch draws on a CPU after ``torch.manual_seed(seed)``.

    Torch seeds MT19937 with the low 32 bits of the seed and takes ``(word & 0xffffff) * 2**-24``.
    Its ``torch.bernoulli(p)`` of float32 ``p`` is ``u < p``, so ``rate(data, T,
    uniforms=torch_uniforms(seed, (T, *data.shape)))`` gives snnTorch's spikes for that seed.

    Parameters
    ----------
    seed : int
        Any seed in [0, 2**64).
    shape : tuple of int

    Returns
    -------
    numpy.ndarray of float32

    Examples
    --------
    >>> from spikecore import random
    >>> random.torch_uniforms(0, (3,))  # torch.manual_seed(0); torch.rand(3)
    array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    """
    seed = arguments.integer("seed", seed, 0, 2**64 - 1)
    shape = _shape(shape)
    result = arguments.output(None, shape, np.dtype(np.float32))
    generator = np.random.MT19937()
    generator._legacy_seeding(seed & 0xFFFFFFFF)
    flat = result.reshape(-1)
    for begin in range(0, flat.size, RAW):
        part = flat[begin : begin + RAW]
        part[:] = (generator.random_raw(part.size) & 0xFFFFFF) * 2.0**-24  # exact in either dtype
    return result


def _shape(shape, axes=0):
    """``shape`` as a tuple of at least ``axes`` sizes; the first is then a number of steps."""
    remedy = "pass (num_steps, ...)"
    given = arguments.items("shape", shape, "be a tuple of sizes", remedy)
    sizes = tuple(arguments.integer("shape", size, 0, remedy=remedy) for size in given)
    if len(sizes) < axes or (axes and sizes[0] > arguments.MAX_STEPS):
        must = f"begin with a number of steps up to {arguments.MAX_STEPS}"
        arguments.refuse("shape", must, arguments.shown(shape), remedy)
    return sizes
