"""How an encoder is called: whole trains, a step at a time, or a sample at a time."""

import inspect
from typing import NamedTuple

import numpy as np

from spikecore.validate.candidate import Candidate, Observed, RefusedError, shaped, untouched
from spikecore.validate.causes import axes
from spikecore.validate.neuron_candidate import STATE_NAMES

STEP_NAMES = ("step", "t", "time_step")
PREVIOUS_NAMES = ("previous", "prev", "last", "before", *STATE_NAMES)


class EncoderForm(NamedTuple):
    """How an encoder takes its arguments."""

    accepts: frozenset  # keyword arguments it can be given
    step_name: str | None = None  # second argument is the step
    previous: bool = False  # second argument is the state, or the sample before
    second: bool = False  # second positional argument is the code's own, such as num_steps


def encoder_form(candidate, options):
    """Which of the options a candidate takes, and whether it encodes a step at a time."""
    try:
        parameters = list(inspect.signature(candidate).parameters.values())
    except (TypeError, ValueError):
        return EncoderForm(frozenset())
    known = set(options) | {"seed", "uniforms"}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return EncoderForm(frozenset(known))
    named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    accepts = frozenset(named & known - {positional[0].name if positional else ""})
    second = positional[1] if len(positional) > 1 else None
    if second is None or second.name in known:
        return EncoderForm(accepts)
    if second.name in STEP_NAMES:
        return EncoderForm(accepts, step_name=second.name)
    if second.name in PREVIOUS_NAMES:
        return EncoderForm(accepts, previous=True)
    return EncoderForm(accepts, second=second.default is second.empty)


class EncoderCandidate(Candidate):
    """An encoder of whole trains, of single steps, or of one sample after another."""

    def __init__(self, function, kind, options, timeout, arrays="auto"):
        super().__init__(function, timeout, "data", arrays)
        self.form = encoder_form(function, options)
        self.kind = kind
        self.accepts = self.form.accepts

    def run(self, trial, shape=None):
        """Spikes of the expected ``shape`` on the trial's data."""
        shape = trial.expected().spikes.shape if shape is None else shape
        given = trial.inputs.copy()
        spikes = self.guarded(lambda: self._spikes(given, trial.subject, shape))
        untouched("data", given, trial.inputs)
        return Observed(spikes)

    def _spikes(self, data, subject, shape):
        options = subject.options
        keywords = {name: value for name, value in options.items() if name in self.accepts}
        if self.form.step_name:
            return self._rows(((data, t) for t in range(shape[0])), keywords, shape)
        if self.form.previous:
            return shaped("spikes", self._samples(data, keywords, options), shape)
        second = (options[self.second(options)],) if self.form.second else ()
        value = self.function(data, *second, **keywords)
        value = value[0] if isinstance(value, tuple) else value
        if np.shape(value) == data.shape != shape == (shape[0], *data.shape):
            later = self._rows(((data,) for _ in range(shape[0] - 1)), keywords, shape)
            value = np.concatenate([shaped("spikes", value, shape[1:])[None], later])
        return shaped("spikes", subject.finite(value), shape)

    def second(self, options):
        """The option that a second positional argument of an unknown name is."""
        if "num_steps" in options:
            return "num_steps"
        names = (known.name for known in axes.parameters(self.kind) if known.name in options)
        name = next(names, None)
        if name is None:
            raise RefusedError(
                "its second argument has no meaning; give it the name of an option or a default"
            )
        return name

    def _rows(self, calls, keywords, shape):
        rows = [self.function(*call, **keywords) for call in calls]
        rows = [shaped("spikes", row, shape[1:]) for row in rows]
        return np.stack(rows) if rows else np.zeros((0, *shape[1:]))

    def _samples(self, data, keywords, options):
        """One sample and the state before it at a time; without a state, the sample before."""
        names = {known.name: known.default for known in axes.parameters(self.kind)}
        begins = options.get("padding", names.get("initial", 0) is None or "align" in names)
        state = data[0].copy() if begins else np.zeros_like(data[0])
        rows = []
        for sample in data:
            value = self.function(sample.copy(), state, **keywords)
            spikes, state = value[:2] if isinstance(value, tuple) else (value, sample)
            rows.append(shaped("spikes", spikes, sample.shape))
        return np.stack(rows)
