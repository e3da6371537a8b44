"""The codes of time series and of values: on what each is tried, and its known slips.

Axes, profiles and numbers come from a code's signature (:mod:`spikecore.validate.causes.axes`).
"""

from spikecore.validate.causes import slips_of_filters, slips_of_signals, slips_of_values
from spikecore.validate.causes.axes import value_of
from spikecore.validate.causes.code import Code, with_shared
from spikecore.validate.causes.inputs import filtered, ranged, signals

FIR = (0.25, 0.5, 0.25)


def described(kind, trials, defaults, vectors, own=()):
    """What the validator knows of a code; ``vectors`` are options beside the defaults."""
    points = {name: {**_needed(defaults, options), **options} for name, options in vectors.items()}
    return Code(
        kind, kind, trials, with_shared(kind, *own), defaults, points, gathered=lambda options: True
    )


def _needed(defaults, options):
    return defaults(options) if callable(defaults) else defaults


def _contrast(options):
    return {} if options.get("factor") is not None else {"threshold": 0.25}


def _population(options):
    timeless = value_of("population", options, "output") in ("activity", "winner")
    steps = {} if timeless else {"num_steps": 16}
    return {"neurons": 5, "low": 0.0, "high": 1.0, **steps}


def _period(options):
    return options.get("low", 0), options.get("high", 1)


def _phase_ends(options):
    return (-0.25, 1.25) if options.get("clip") else (0, 1)


def _around(options):
    low, high = options["low"], options["high"]
    return low - (high - low) / 4, high + (high - low) / 4


THRESHOLD = {"threshold": 0.25}
TABLE = (
    described("temporal_contrast", signals, _contrast, {
        "contrast": {},
        "contrast-start": {"threshold": 0.3, "compare": ">=", "align": "start", "edge": "repeat"},
        "contrast-factor": {"factor": 0.5, "over": "steps", "edge": "repeat", "ddof": 1},
        "contrast-absolute": {"factor": 0.75, "statistic": "absolute"},
    }, slips_of_signals.CONTRAST),
    described("step_forward", signals, THRESHOLD, {
        "step-forward": {},
        "step-forward-down": {"threshold": 0.3, "threshold_down": 0.2, "compare": ">="},
        "step-forward-multi": {"multi": True, "compare": ">="},
        "step-forward-refractory": {"refractory": 3},
    }, slips_of_signals.STEP_FORWARD),
    described("send_on_delta", signals, THRESHOLD, {
        "send-on-delta": {},
        "send-on-delta-refractory": {"threshold": 0.3, "refractory": 2, "compare": ">"},
        "send-on-delta-multi": {"multi": True, "threshold_down": 0.5},
    }, slips_of_signals.STEP_FORWARD),
    described("level_crossing", signals, {"spacing": 0.25}, {
        "level-crossing": {},
        "level-crossing-tenth": {"spacing": 0.1},
    }, slips_of_signals.LEVELS),
    described("moving_window", signals, {**THRESHOLD, "window": 4}, {
        "moving-window": {},
        "moving-window-first": {"window": 3, "first": "window", "compare": ">="},
    }, slips_of_signals.WINDOW),
    described("sigma_delta", signals, THRESHOLD, {
        "sigma-delta": {},
        "sigma-delta-residual": {"threshold": 0.3, "feedback": "residual"},
        "sigma-delta-sum": {"cum_error": True, "compare": ">"},
        "sigma-delta-integers": {"step": 0.125, "num_bits": 3},
    }, slips_of_signals.SIGMA_DELTA),
    described("bsa", filtered, {"fir": FIR, "threshold": 0.5}, {
        "bsa": {},
        "bsa-whole": {"threshold": 0.75, "criterion": "multiply", "offsets": (1, 0, 0),
                      "tail": "whole"},
        "bsa-before": {"threshold": 0.75, "criterion": "multiply", "offsets": (0, -1, 1),
                       "tail": "whole"},
        "bsa-scaled": {"shift": "min", "gain": "range", "threshold": 0.25},
    }, slips_of_filters.BSA),
    described("hsa", filtered, {"fir": FIR}, {
        "hsa": {},
        "hsa-scaled": {"shift": 0.25, "gain": 0.5},
    }, slips_of_filters.HOUGH),
    described("modified_hsa", filtered, {"fir": FIR, "threshold": 0.125}, {
        "modified-hsa": {},
        "modified-hsa-scaled": {"shift": 0.25, "gain": 0.5},
    }, slips_of_filters.HOUGH),
    described("pulse_width", ranged(0, 1, time=True, ends=_period), {"period": 8}, {
        "pulse-width": {},
        "pulse-width-range": {"period": 5, "low": -1.0, "high": 2.0},
    }, slips_of_signals.SAW),
    described("phase", ranged(0, 1, above=False, ends=_phase_ends), {"num_bits": 4}, {
        "phase": {},
        "phase-repeated": {"num_bits": 3, "num_steps": 8},
        "phase-clip": {"clip": True},
    }, slips_of_values.PHASE),
    described("burst", ranged(0, 1), {"num_steps": 32}, {
        "burst": {},
        "burst-gap": {"max_spikes": 4, "gap": 1},
        "burst-times": {"max_spikes": 4, "min_interval": 1.5, "max_interval": 7.25,
                        "rounds": "spikes"},
    }, slips_of_values.BURST),
    described("population", ranged(0, 1, ends=_around), _population, {
        "population": {},
        "population-even": {"num_steps": 9, "centres": "even", "beta": 1.0},
        "population-winner": {"output": "winner", "neurons": 6},
    }, slips_of_values.POPULATION),
    described("rank_order", ranged(0, 1), {"num_steps": 9}, {
        "rank-order": {},
        "rank-order-index": {"ties": "index"},
    }, slips_of_values.RANKS),
    described("current", ranged(0, 4), {"num_steps": 32}, {
        "current": {},
        "current-first": {"decay": 0.8, "threshold": 0.75, "gain": 0.3, "first_only": True},
    }, slips_of_values.CURRENT),
)  # fmt: skip
