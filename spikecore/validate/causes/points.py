"""Causes that are another neuron of the same kind: a change, two changes at once, a profile."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from spikecore.validate.subject import Cause


class Points(NamedTuple):
    """The neurons beside one, for ``LIF`` or for ``fixed.LIF``."""

    profile: Callable  # of a name and numbers
    profiles: dict
    kept: tuple  # names of the numbers that a profile takes over
    axis_changes: Callable  # of a neuron: (name, sentence, changes of fields)
    changes: Callable  # those that alter this neuron
    changed: Callable  # a neuron with other fields, or None where that means nothing
    profiles_of: Callable  # names of the profiles that a neuron is

    def singles(self, lifs):
        """Every single change that alters one of the neurons, as a Cause."""
        order = list(dict.fromkeys(name for lif in lifs for name, _, _ in self.axis_changes(lif)))
        named = {}
        for lif in lifs:
            for name, sentence, _ in self.changes(lif):
                named.setdefault(name, sentence)
        return [
            Cause(name, named[name] if len(lifs) > 1 else None, point=self._moved(name))
            for name in sorted(named, key=order.index)
        ]

    def _moved(self, name):
        """The neuron with the change of that name, itself where that says nothing about it."""

        def point(subject):
            for known, _, changes in self.changes(subject.lif):
                if known == name:
                    return replace(subject, lif=self.changed(subject.lif, **changes) or subject.lif)
            return subject

        return point

    def pairs(self, lif):
        """Two single changes at once."""
        for (name, _, changes), (second, _, more) in combinations(list(self.changes(lif)), 2):
            both = None if set(changes) & set(more) else self.changed(lif, **changes, **more)
            if both is not None:
                yield _always(f"{name} + {second}", both)

    def of_profiles(self, lif):
        """The profiles of other axes, with this neuron's numbers, and with their own."""
        kept = {name: getattr(lif, name) for name in self.kept}
        alike = self.profiles_of(lif)
        for name in (name for name in self.profiles if name not in alike):
            for numbers in (kept, {}):
                try:
                    yield _always(f"profile={name}", self.profile(name, **numbers))
                except ValueError:  # numbers that the profile does not hold
                    continue

    def causes(self, lifs):
        """Single changes, and for a single neuron every profile after them."""
        return self.singles(lifs), [*self.of_profiles(lifs[0])] if len(lifs) == 1 else []


def _always(name, lif):
    return Cause(name, None, point=lambda subject: replace(subject, lif=lif))
