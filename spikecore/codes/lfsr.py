"""The random numbers of hardware: linear-feedback shift registers."""

from functools import cache
from typing import NamedTuple

import numpy as np

from spikecore import arguments, random


class Register(NamedTuple):
    """A Fibonacci register that shifts right; the parity of its taps enters as the top bit."""

    bits: int
    taps: tuple[int, ...]

    @property
    def period(self):
        """Steps until the first state comes again: every state but 0 is passed."""
        return (1 << self.bits) - 1


REGISTERS = {"lfsr16": Register(16, (0, 1, 3, 12)), "lfsr8": Register(8, (0, 2, 3, 4))}


@cache
def cycle(register):
    """All states in the order from 1 on, and where in this order each state is."""
    order = np.empty(register.period, np.int64)
    state = 1
    for place in range(register.period):
        order[place] = state
        parity = sum(state >> tap for tap in register.taps) & 1
        state = (state >> 1) | (parity << (register.bits - 1))
    places = np.zeros(register.period + 1, np.int64)
    places[order] = np.arange(register.period)
    return order, places


def checked(generator, shared, uniforms):
    """The register of a ``generator`` argument, or None for spikecore's random stream."""
    shared = arguments.flag("shared", shared)
    if generator is None:
        if shared:
            remedy = "pass generator='lfsr16', or leave it out"
            arguments.refuse("shared", "be False without a generator", shared, remedy)
        return None
    name = arguments.choice("generator", generator, tuple(REGISTERS))
    if uniforms is not None:
        must = "be left out with uniforms, which take its place"
        arguments.refuse("generator", must, repr(name), "pass one of the two")
    return REGISTERS[name]


def uniforms(register, shared, seed, shape, first_element, first_step):
    """state / 2**bits of each element at each step, in float32, which holds them exactly."""
    result = arguments.output(None, shape, np.dtype(np.float32))
    order, places = cycle(register)
    flat = result.reshape(len(result), -1)
    at = places[_first_states(register, shared, seed, flat.shape[1], first_element)]
    scaled = (order / (1 << register.bits)).astype(np.float32)
    for t, row in enumerate(flat):
        row[:] = scaled[(at + (first_step + t)) % register.period]
    return result


def settled(register, shared, seed):
    """A seed that gives the same states in every call."""
    if not (seed is None or isinstance(seed, np.random.Generator)):
        return seed
    return 1 + random.seed_of(seed) % register.period if shared else random.seed_of(seed)


def _first_states(register, shared, seed, size, first_element):
    """The state of each element's register at step 0, or of the one that all share."""
    if not shared:
        elements = np.uint64(first_element) + np.arange(size, dtype=np.uint64)
        return 1 + (random.words(seed, elements, 0) % np.uint64(register.period)).astype(np.int64)
    if seed is None or isinstance(seed, np.random.Generator):
        return 1 + random.seed_of(seed) % register.period
    remedy = "the register begins in that state"
    return arguments.integer("seed", seed, 1, register.period, remedy=remedy)
