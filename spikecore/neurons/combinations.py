"""Combinations of the fields of ``LIF`` that mean nothing, each with its own sentence."""

import numpy as np

from spikecore.foreign import shown


def refuse_nonsense(lif):
    """Raise the sentence of the first combination that means nothing."""
    for nonsense, sentence in (*_resets(lif), *_firing(lif), *_parts(lif), *_waiting(lif)):
        if nonsense:
            raise ValueError(sentence)


def _resets(lif):
    subtracts, sets = lif.reset == "subtract", lif.reset == "value"
    at_next = lif.reset_at == "next"
    reset = f"reset={lif.reset!r} at reset_at={lif.reset_at!r}"
    yield (
        lif.decay_reset and not (subtracts and at_next),
        f"decay_reset is True with {reset}; only a threshold that is subtracted at the next step "
        "can decay, so set reset='subtract' and reset_at='next'",
    )
    yield (
        lif.drop_input and not (sets and at_next),
        f"drop_input is True with {reset}; only a value set at the next step can replace an "
        "input, so set reset='value' and reset_at='next'",
    )
    yield (
        _any(lif.reset_value, 0) and not sets,
        f"reset_value is not 0 with reset={lif.reset!r}, which sets no value; set reset='value'",
    )
    yield (
        lif.reset == "none" and not at_next,
        f"reset_at is {lif.reset_at!r} with reset='none', which never resets; leave it at 'next'",
    )
    yield (
        lif.reset_at == "exchange" and not subtracts,
        f"reset_at is 'exchange' with reset={lif.reset!r}; only a subtracted threshold can be "
        "given back, so set reset='subtract' or reset_at='same'",
    )


def _firing(lif):
    threshold = np.asarray(lif.threshold)
    yield (
        lif.report_spike == "old" and lif.reset_at != "next",
        f"report_spike is 'old' with reset_at={lif.reset_at!r}; a membrane that was reset in the "
        "step of its spike no longer shows it, so set reset_at='next'",
    )
    yield (
        lif.spikes == "multi" and lif.compare != ">=",
        "compare is '>' with spikes='multi'; floor(v/threshold) counts a membrane at the "
        "threshold, so set compare='>='",
    )
    yield (
        lif.lower is not None and np.any(lif.lower >= threshold),
        f"lower is {lif.lower}, which is not below the threshold {np.min(threshold)}; the neuron "
        "would always fire, so lower it",
    )
    if lif.threshold_low is None:
        return
    low = np.asarray(lif.threshold_low)
    yield (
        np.any(low >= np.min(threshold)),
        f"threshold_low is {np.max(low)}, which is not below the threshold {np.min(threshold)}; "
        "the neuron would always fire, so lower it",
    )
    yield (
        lif.lower is not None and np.any(lif.lower >= low),
        f"lower is {lif.lower} with threshold_low={np.max(low)}, which no membrane would fall "
        "below; lower it, or leave one of the two out",
    )
    yield (
        lif.spikes == "multi",
        "threshold_low is given with spikes='multi', whose count has no sign; set spikes='single'",
    )
    yield (
        lif.reset_at == "exchange",
        "threshold_low is given with reset_at='exchange', which gives back one threshold; set "
        "reset_at='same'",
    )


def _parts(lif):
    """Synapse, adaptation and spike map: what their absence leaves without a use."""
    carried = lif.reset != "none" and lif.reset_at != "same"
    if lif.synapse_decay is None:
        for name, neutral in (("synapse_order", "decay-jump-use"), ("synapse_gain", 1)):
            yield _unused(lif, name, neutral, "synapse_decay=None", "give a synapse_decay")
    if lif.adaptation_decay is None:
        for name, neutral in (("adaptation_of", "threshold"), ("adaptation_scale", 1)):
            yield _unused(lif, name, neutral, "adaptation_decay=None", "give an adaptation_decay")
    elif lif.adaptation_of == "threshold":
        yield (
            carried,
            f"adaptation_of is 'threshold' with reset_at={lif.reset_at!r}; at the next step the "
            "threshold has moved, and no longer tells which membranes fired, so set "
            "reset_at='same'",
        )
        yield (
            np.any(np.asarray(lif.adaptation_scale) < 0),
            f"adaptation_scale is {np.min(lif.adaptation_scale)} with adaptation_of='threshold', "
            "which could fall to 0; use a positive scale, or adaptation_of='input'",
        )
    yield (
        lif.adaptation_decay is not None and lif.threshold_low is not None,
        "adaptation_decay is given with threshold_low; it is not defined how spikes of -1 adapt, "
        "so leave one of the two out",
    )
    linear = lif.spike_map == "linear"
    for name, neutral in (("map_scale", 1), ("map_onset", 0), ("map_slope", 1)):
        if linear or (name == "map_slope" and lif.spike_map == "quadratic"):
            given = f"spike_map={lif.spike_map!r}"
            yield _unused(lif, name, neutral, given, "choose the spike_map that it belongs to")


def _waiting(lif):
    """Refractoriness: what is held, and what a fraction of a step needs."""
    carried = lif.reset != "none" and lif.reset_at != "same"
    if not lif.refractory:
        for name, neutral in (("refractory_holds", "input"), ("refractory_mode", "steps")):
            yield _unused(lif, name, neutral, "refractory=0", "give a refractory time")
        return
    yield (
        carried and lif.refractory_holds != "input",
        f"refractory_holds is {lif.refractory_holds!r} with reset_at={lif.reset_at!r}; a membrane "
        "that may not fire can stay above its threshold, and would be reset at the next step, so "
        "set reset_at='same'",
    )
    if lif.refractory_mode == "steps":
        return
    decay = np.asarray(lif.decay)
    for lacks, needs, remedy in (
        (
            lif.refractory_holds != "membrane",
            "a membrane that is held until a moment in a step",
            "set refractory_holds='membrane'",
        ),
        (
            lif.reset != "value" or lif.reset_at != "same",
            "a value from which the membrane starts again in that step",
            "set reset='value' and reset_at='same'",
        ),
        (np.any((decay <= 0) | (decay >= 1)), "a decay that has a rate", "choose one in (0, 1)"),
        (lif.spikes != "single", "one time for each spike", "set spikes='single'"),
        (lif.threshold_low is not None, "one threshold", "leave threshold_low out"),
        (lif.spike_map != "linear", "an equation with a solution", "set spike_map='linear'"),
        (lif.inhibition, "a time for each crossing", "set inhibition=False"),
    ):
        yield lacks, f"refractory_mode is 'fraction', which needs {needs}; {remedy}"


def _unused(lif, name, neutral, given, remedy):
    """A field that is set although what it belongs to is not there."""
    value = getattr(lif, name)
    nonsense = value != neutral if isinstance(neutral, str) else _any(value, neutral)
    return nonsense, f"{name} is {shown(value)} with {given}, where it has no use; {remedy}"


def _any(value, neutral):
    return bool(np.any(np.asarray(value) != neutral))
