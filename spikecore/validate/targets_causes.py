"""Known ways in which encodings of class labels differ."""

import numpy as np

from spikecore import spikegen
from spikecore.validate import latency_causes
from spikecore.validate.encoder_trials import expected
from spikecore.validate.variant import NotApplicableError, Variant, after, given, on_data


def _fractions(rule):
    """Regular trains with another rule for the steps k/rate."""

    def expect(coding):
        options = coding.options
        if coding.kind != "targets_rate" or options.get("firing_pattern", "regular") != "regular":
            raise NotApplicableError("not a regular train")
        result = expected(coding)
        on, off = options.get("on_target", 1), options.get("off_target", 0)
        first, steps = options.get("first_spike_time", 0), options.get("num_steps")
        rates = options.get("correct_rate", 1), options.get("incorrect_rate", 0)
        if result.ndim < 3 or options.get("interpolate"):
            raise NotApplicableError("there is no train")
        hot = np.asarray(spikegen.to_one_hot(coding.inputs, options["num_classes"])) > 0
        result[:] = off
        for rate, mask in zip(rates, (hot, ~hot), strict=True):
            times = rule(np.arange(steps + 1) / rate) + first if rate else np.array([])
            for t in times[times < steps].astype(int):
                result[t][mask] = on
        return result

    return expect


def variants(options):
    """The hypotheses, the likeliest first."""
    swapped = {
        "correct_rate": options.get("incorrect_rate", 0),
        "incorrect_rate": options.get("correct_rate", 1),
    }
    on, off = options.get("on_target", 1), options.get("off_target", 0)
    classes = options["num_classes"]
    return [
        Variant("rounded-times", "you round the times k/rate to the nearest step",
                _fractions(np.rint)),
        Variant("ceiled-times", "you round the times k/rate up", _fractions(np.ceil)),
        Variant("rates-swapped", "correct_rate and incorrect_rate are exchanged",
                lambda c: _exchanged(c, swapped)),
        Variant("incorrect-ignored", "you ignore incorrect_rate", given(incorrect_rate=0)),
        Variant("first-ignored", "you ignore first_spike_time", given(first_spike_time=0)),
        Variant("targets-swapped", "on_target and off_target are exchanged",
                given(on_target=off, off_target=on)),
        Variant("targets-ignored", "you ignore on_target and off_target",
                given(on_target=1, off_target=0)),
        Variant("interpolate-ignored", "you do not interpolate", given(interpolate=False)),
        Variant("next-class", "your classes are counted from 1",
                on_data(lambda labels: (labels + 1) % classes)),
        Variant("last-class", "your classes are one too low",
                on_data(lambda labels: (labels - 1) % classes)),
        *([] if "correct_rate" in options else latency_causes.variants(options)),
    ]  # fmt: skip


def _exchanged(coding, swapped):
    """The rates exchanged, which the reference refuses: the trains of the others, inverted."""
    options = {**coding.options, "num_classes": 2}
    result = expected(coding)
    if result.ndim < 3 or coding.kind != "targets_rate":
        raise NotApplicableError("there is no train")
    both = spikegen.targets_rate([0], **options)
    hot = np.asarray(spikegen.to_one_hot(coding.inputs, coding.options["num_classes"])) > 0
    for t in range(len(result)):
        result[t] = np.where(hot, both[t, 0, 1], both[t, 0, 0])
    return result


def one_hot_variants(options):
    """The hypotheses for one-hot rows."""
    classes = options["num_classes"]
    return [
        Variant("next-class", "your classes are counted from 1",
                on_data(lambda labels: (labels + 1) % classes)),
        Variant("inverse", "you give 0 at the class and 1 elsewhere", after(lambda s: 1 - s)),
    ]  # fmt: skip
