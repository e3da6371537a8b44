"""How near each decision of an encoder was: what is compared, and how far it is from turning."""

from typing import NamedTuple

import numpy as np

from spikecore import spikegen
from spikecore.validate.encoder_trials import probability, varies
from spikecore.validate.latency_causes import NAMES_OF_TIME


class Decision(NamedTuple):
    """``[T, ...]``: the number that decides, how many ulp it is from deciding otherwise, and
    whether it is exact, so that no order of operations rounds it.
    """

    value: np.ndarray
    distance: np.ndarray
    exact: np.ndarray


def decision(coding, shape):
    """The decisions of one trial, or None where nothing is rounded."""
    if coding.kind in ("rate", "rate_conv") and coding.options.get("uniforms") is not None:
        return _rate(coding, shape)
    if coding.kind == "latency":
        return _latency(coding, shape)
    if coding.kind == "delta":
        return _delta(coding)
    return None


def _rate(coding, shape):
    """u - p; exact without gain and offset."""
    uniforms = np.asarray(coding.options["uniforms"], np.float64)
    p = np.clip(probability(coding.inputs, coding.options), 0, 1)
    scale = np.abs(coding.inputs * coding.inputs.dtype.type(coding.options.get("gain", 1)))
    scale = np.maximum(scale, np.maximum(p, abs(coding.options.get("offset", 0))))
    plain = coding.options.get("gain", 1) == 1 and coding.options.get("offset", 0) == 0
    distance = (uniforms - p) / np.spacing(scale.astype(coding.inputs.dtype))
    lead = shape[0] - len(uniforms) if varies(coding.kind, coding.options) else 0
    value = np.broadcast_to(p, uniforms.shape)
    pad = [(lead, 0), *[(0, 0)] * (uniforms.ndim - 1)]
    exact = np.pad(np.full(uniforms.shape, plain), pad, constant_values=True)
    return Decision(np.pad(value, pad), np.pad(distance, pad), exact)


def _latency(coding, shape):
    """The spike time, and how far it is from the half step that would move it."""
    chosen = {name: coding.options[name] for name in NAMES_OF_TIME if name in coding.options}
    times, silent = spikegen.latency_code(coding.inputs, **chosen, device="numpy")
    scale = np.maximum(times, chosen.get("tau", 1))
    if chosen.get("normalize"):
        scale = np.maximum(scale, chosen["num_steps"])
    steps = np.arange(shape[0]).reshape(-1, *[1] * times.ndim)
    distance = (np.abs(steps - times) - 0.5) / np.spacing(scale.astype(times.dtype))
    exact = silent & coding.options.get("clip", False)
    return Decision(*(np.broadcast_to(one, shape) for one in (times, distance, exact)))


def _delta(coding):
    """The change, and how far it is from either threshold; exact where the sample before is 0."""
    x = coding.inputs
    first = x[:1] if coding.options.get("padding", False) else np.zeros_like(x[:1])
    before = np.concatenate([first, x[:-1]])
    threshold = x.dtype.type(coding.options.get("threshold", 0.1))
    change = x - before
    scale = np.spacing(np.maximum(np.maximum(np.abs(x), np.abs(before)), threshold))
    up, down = (change - threshold) / scale, (change + threshold) / scale
    distance = np.where(np.abs(up) < np.abs(down), up, down)
    return Decision(change, distance, before == 0)
