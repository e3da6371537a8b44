"""A known way in which an encoder differs, and how one is made from the reference."""

from typing import NamedTuple

from spikecore.validate.encoder_trials import expected


class Variant(NamedTuple):
    """A hypothesis: what it is called, what to say, and what the reference gives under it."""

    name: str
    sentence: str
    expect: object  # (coding) -> spikes
    precision: bool = False  # a matter of rounding


class NotApplicableError(ValueError):
    """The hypothesis says nothing about these options."""


def after(change):
    """A change of the reference's spikes."""
    return lambda coding: change(expected(coding))


def given(**changes):
    """A change of options."""
    return lambda coding: expected(coding, **changes)


def on_data(change):
    """A change of the data."""
    return lambda coding: expected(coding, inputs=change(coding.inputs))
