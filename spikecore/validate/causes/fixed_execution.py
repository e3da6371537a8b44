"""Known mistakes in the execution of a fixed-point neuron, which no axis describes."""

from dataclasses import replace

import numpy as np

from spikecore.neurons.fixed.dynamics import State, saturate, step_of, wrap
from spikecore.validate.candidate import Observed
from spikecore.validate.causes.code import shifted
from spikecore.validate.causes.fixed import changed, expected, split
from spikecore.validate.subject import Cause, NotApplicableError


def executions():
    """The causes, the likeliest first."""

    def cause(name, sentence, observed):
        return Cause(name, sentence, lambda trial: observed(trial.subject, trial))

    def walked(name, sentence, **mistake):
        return cause(name, sentence, lambda s, t: walk(s.lif, t.inputs, s.events, **mistake)[0])

    return [
        walked("input-first", "you add the input before the decay", input_first=True),
        walked("synapse-late", "your membrane takes the synaptic current of the step before",
               synapse_late=True),
        walked("test-first", "you compare with the threshold before the membrane wraps or "
               "saturates", test_first=True),
        walked("inputs-test", "you compare with the threshold after inputs only, not after time "
               "events", inputs_test=True),
        walked("weights-in-time", "you add the weight of a time event too",
               weights_in_time=True),
        cause("kinds-exchanged", "you take inputs for time events, and time events for inputs",
              _kinds_exchanged),
        walked("report-before", "you report the membrane before its reset", before_reset=True),
        walked("decay-reset", "the threshold you subtract decays with the membrane",
               decay_reset=True),
        cause("report-late", "you report the membrane of the step before", _report_late),
        cause("late", "your spikes come one step late", _moved(1)),
        cause("early", "your spikes come one step early", _moved(-1)),
        cause("late-input", "you use the input of the step before", _input_of(1)),
        cause("early-input", "you use the input of the step after", _input_of(-1)),
        cause("stale", "you keep the state of one call for the next", _stale),
        cause("rectified", "you discard negative input", _rectified),
        cause("transposed", "samples and neurons are exchanged in your output", _transposed),
        cause("silent", "you never spike", _silent),
    ]  # fmt: skip


def walk(
    lif, inputs, events, *, input_first=False, synapse_late=False, test_first=False,
    inputs_test=False, weights_in_time=False, decay_reset=False, before_reset=False, start=None,
):  # fmt: skip
    """What a neuron gives that is stepped with one mistake, and the state to go on from.

    input_first: the input is added to the state that decays, before its decay.
    synapse_late: the membrane takes the synaptic current of the step before.
    test_first: the spike test sees the membrane before it wraps or saturates.
    inputs_test: a time event never makes a spike.
    weights_in_time: the weight of a time event is added after the decay.
    decay_reset: the threshold is subtracted at the next step before the decay.
    before_reset: the membrane is recorded before its reset.
    start: the state to begin with, as a ``State``.
    """
    shape, clock = inputs.shape[1:], lif.reset_interval
    _refuse(lif, events, input_first, synapse_late, inputs_test or weights_in_time)
    if decay_reset and (lif.reset, lif.reset_at) != ("subtract", "next"):
        raise NotApplicableError("no threshold is subtracted at the next step")
    unclocked = replace(lif, reset_interval=0, reset_offset=0)
    step, p = _step(unclocked, shape)
    free, free_p = _step(replace(unclocked, bits=31, overflow="saturate"), shape)
    state = start or State(*(np.zeros(shape, np.int32) for _ in State._fields))
    ticks = state.clock.flat[0] if start and state.clock.size else 0
    rows = np.zeros((3, *inputs.shape), np.int32)
    for t, x in enumerate(inputs):
        ticks = (ticks + 1) % clock if clock else 0
        if clock and ticks == lif.reset_offset % clock:
            state = State(*map(np.zeros_like, state))
        before = step.count(state, p)
        if decay_reset:
            crossed = np.where(before < 0, p.lower_threshold, p.threshold)
            membrane = state.membrane - np.where(before != 0, crossed, 0)
            new = step.advance(state._replace(membrane=membrane), np.zeros_like(before), x, p)
        elif input_first:
            new = _input_first(lif, step, state, before, x, p)
        elif synapse_late:
            new = _synapse_late(unclocked, step, state, before, x, p)
        else:
            new = step.advance(state, before, x, p)
        weight, is_time = split(x)
        if weights_in_time:
            new = _with_weight(lif, new, np.where(is_time, weight, 0), p)
        tested = free.advance(state, before, x, free_p) if test_first else new
        now = step.count(tested, p)
        if inputs_test:
            now = np.where(is_time, 0, now).astype(now.dtype)
        state, rows[0, t] = step.settle(new, before, now, p)
        rows[1, t] = new.membrane if before_reset else state.membrane
        rows[2, t] = state.synapse
    observed = Observed(rows[0], rows[1], None if lif.synapse_decay is None else rows[2])
    return observed, state._replace(clock=np.full(shape, ticks, np.int32))


def _refuse(lif, events, input_first, synapse_late, of_events):
    """Say that a mistake is about something that this neuron does not have."""
    at_events = events and lif.decay_at == "event"
    if of_events and not at_events:
        raise NotApplicableError("there are no time events")
    if input_first and at_events:
        raise NotApplicableError("a step is an input or a decay")
    if synapse_late and lif.synapse_decay is None:
        raise NotApplicableError("there is no synaptic current")


def _step(lif, shape):
    """The step of a neuron and its parameters."""
    return step_of(lif._model.axes), lif._parameters(shape, np.dtype(np.int64))


def _input_first(lif, step, state, before, x, p):
    drive = x.astype(np.int64) << p.input_shift
    if lif.synapse_decay is not None:
        return step.advance(
            state._replace(synapse=state.synapse + drive), before, np.zeros_like(x), p
        )
    membrane = state.membrane
    if lif.reset_at == "next" and lif.reset == "value":
        membrane = np.where(before != 0, p.reset_value, membrane)
        before = np.zeros_like(before)
    return step.advance(state._replace(membrane=membrane + drive), before, np.zeros_like(x), p)


def _synapse_late(lif, step, state, before, x, p):
    plain, plain_p = _step(
        replace(lif, synapse_decay=None, synapse_offset=0, input_shift=0), x.shape
    )
    membrane = plain.advance(state, before, state.synapse, plain_p).membrane
    return step.advance(state, before, x, p)._replace(membrane=membrane)


def _with_weight(lif, new, weight, p):
    fit = wrap if lif.overflow.startswith("wrap") else saturate
    total = new.membrane + (weight.astype(np.int64) << p.input_shift)
    return new._replace(membrane=fit(total, p.low, p.high).astype(np.int32))


def _kinds_exchanged(subject, trial):
    if not subject.events:
        raise NotApplicableError("there are no time events")
    return expected(subject.lif, trial.inputs ^ 1, True)


def _report_late(subject, trial):
    observed = expected(subject.lif, trial.inputs, subject.events)
    return observed._replace(membrane=shifted(observed.membrane, 1))


def _moved(steps):
    def observed(subject, trial):
        right = expected(subject.lif, trial.inputs, subject.events)
        return right._replace(spikes=shifted(right.spikes, steps))

    return observed


def _input_of(steps):
    def observed(subject, trial):
        return expected(subject.lif, shifted(trial.inputs, steps), subject.events)

    return observed


def _stale(subject, trial):
    state = None
    for before in trial.earlier:
        if before.shape[1:] == trial.inputs.shape[1:]:
            state = walk(subject.lif, before, subject.events, start=state)[1]
    return walk(subject.lif, trial.inputs, subject.events, start=state)[0]


def _rectified(subject, trial):
    inputs = trial.inputs
    if subject.events:
        inputs = np.where(inputs < 0, inputs & 1, inputs)
    return expected(subject.lif, np.maximum(inputs, 0), subject.events)


def _transposed(subject, trial):
    if trial.inputs.ndim < 3:
        raise NotApplicableError("there is no batch")
    observed = expected(subject.lif, trial.inputs, subject.events)
    arrays = (a if a is None else a.swapaxes(1, 2).reshape(trial.inputs.shape) for a in observed)
    return Observed(*arrays)


def _silent(subject, trial):
    observed = expected(changed(subject.lif, reset="none") or subject.lif, trial.inputs,
                        subject.events)  # fmt: skip
    return observed._replace(spikes=np.zeros_like(observed.spikes))
