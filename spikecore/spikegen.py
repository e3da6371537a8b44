"""Spike encoders: numbers in, spikes out, time first.

The names, the positional order and the defaults are those of snnTorch 1.0.0's ``spikegen``; SPEC.md
states the equations and lists every deliberate difference.  Each code has a file in ``codes``.
"""

from spikecore.codes.delta import delta
from spikecore.codes.latency import (
    latency,
    latency_code,
    latency_code_linear,
    latency_code_log,
)
from spikecore.codes.lines import latency_interpolate, rate_interpolate
from spikecore.codes.one_hot import from_one_hot, to_one_hot, to_one_hot_inverse
from spikecore.codes.rate import rate, rate_conv
from spikecore.codes.targets import targets_convert, targets_latency, targets_rate
from spikecore.codes.trains import target_rate_code

__all__ = [
    "delta",
    "from_one_hot",
    "latency",
    "latency_code",
    "latency_code_linear",
    "latency_code_log",
    "latency_interpolate",
    "rate",
    "rate_conv",
    "rate_interpolate",
    "target_rate_code",
    "targets_convert",
    "targets_latency",
    "targets_rate",
    "to_one_hot",
    "to_one_hot_inverse",
]
