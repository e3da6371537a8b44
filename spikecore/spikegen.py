"""Spike encoders: numbers in, spikes out, time first.

The names of snnTorch 1.0.0's ``spikegen`` have its positional order and its defaults; the codes of
time series are those of other toolboxes, by definition and by name (``profiles``).  SPEC.md states
the equations and lists every deliberate difference.  Each code has a file in ``codes``.
"""

from spikecore.codes.bsa import bsa, hsa, modified_hsa
from spikecore.codes.burst import burst
from spikecore.codes.current import current
from spikecore.codes.delta import delta
from spikecore.codes.latency import latency
from spikecore.codes.latency_times import latency_code, latency_code_linear, latency_code_log
from spikecore.codes.level_crossing import level_crossing
from spikecore.codes.lines import latency_interpolate, rate_interpolate
from spikecore.codes.moving_window import moving_window
from spikecore.codes.one_hot import from_one_hot, to_one_hot, to_one_hot_inverse
from spikecore.codes.phase import phase
from spikecore.codes.poisson import poisson
from spikecore.codes.population import population
from spikecore.codes.profiles import profiles
from spikecore.codes.pulse_width import pulse_width
from spikecore.codes.rank_order import rank_order
from spikecore.codes.rate import rate, rate_conv
from spikecore.codes.sigma_delta import sigma_delta
from spikecore.codes.step_forward import send_on_delta, step_forward
from spikecore.codes.targets import targets_convert, targets_latency, targets_rate
from spikecore.codes.temporal_contrast import contrast_threshold, temporal_contrast
from spikecore.codes.trains import target_rate_code

__all__ = [
    "bsa",
    "burst",
    "contrast_threshold",
    "current",
    "delta",
    "from_one_hot",
    "hsa",
    "latency",
    "latency_code",
    "latency_code_linear",
    "latency_code_log",
    "latency_interpolate",
    "level_crossing",
    "modified_hsa",
    "moving_window",
    "phase",
    "poisson",
    "population",
    "profiles",
    "pulse_width",
    "rank_order",
    "rate",
    "rate_conv",
    "rate_interpolate",
    "send_on_delta",
    "sigma_delta",
    "step_forward",
    "target_rate_code",
    "targets_convert",
    "targets_latency",
    "targets_rate",
    "temporal_contrast",
    "to_one_hot",
    "to_one_hot_inverse",
]
