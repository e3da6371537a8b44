"""Recorded calls as trials of the validator, so that its causes can be compared with them."""

import numpy as np

from golden_codes import array
from golden_codes.values import blocks
from spikecore.validate.candidate import Observed
from spikecore.validate.encoders import Encoder
from spikecore.validate.subject import Seen, Trial

# Slips that are written out where the recordings are compared, by the beginning of the peer's name
# and the function.
WRITTEN_OUT = {
    ("MAVLab", "EncodingSchemes.temporal_contrast"): "edge-after-next",
    ("MAVLab", "HoughSpikeEncoding.m"): "last-sample",
    ("MAVLab", "HoughSpikeModifiedEncoding.m"): "last-sample",
    ("Vasilache", "BensSpikerAlgorithm"): "second-tap",
}


def written_out(recording):
    """The cause of a recording that is compared with a slip in it, or None."""
    if recording.get("inputs", {}).get("signal") is None:
        return None
    refused = (
        "threshold" in recording["outputs"]
        and not (array(recording, "outputs", "threshold") > 0).all()
    )
    if refused or len(array(recording, "inputs", "signal")) < 3:
        return None
    return WRITTEN_OUT.get((recording["peer"].split()[0], recording["function"]))


def seen(recording):
    """A recording as what the validator sees: the trial of a code, and the spikes."""
    semantics, signal = recording["semantics"], array(recording, "inputs", "signal")
    if semantics["encoder"] == "poisson_binned":
        return seen_rates(recording, signal)
    kind, options = OF[semantics["encoder"]](recording, semantics, signal)
    if "fir" in options:  # toolboxes compute in float64
        signal = signal.astype(np.float64)
    spikes = array(recording, "outputs", "spikes").reshape(signal.shape)
    return Seen(Trial(recording["id"], signal, Encoder(kind, options)), Observed(spikes))


def seen_rates(recording, signal):
    """The mean of each block as a rate; the toolbox draws for the blocks that are not 0."""
    length = recording["kwargs"]["interval_length"]
    columns = signal.reshape(len(signal), -1).T
    rates = np.concatenate([blocks(column, length) for column in columns])
    drawn = array(recording, "inputs", "uniforms").reshape(-1, length)
    uniforms = np.zeros((len(rates), length))
    uniforms[rates > 0] = drawn[: (rates > 0).sum()]
    spikes = array(recording, "outputs", "spikes").reshape(len(signal), -1).T
    encoder = Encoder("rate", {"num_steps": length, "uniforms": uniforms.T})
    return Seen(Trial(recording["id"], rates, encoder), Observed(spikes.reshape(-1, length).T))


def contrast(recording, semantics, signal):
    edge = {} if semantics["encoder"].endswith("online") else {"edge": "repeat"}
    return "temporal_contrast", {"factor": semantics["factor"], **edge}


def step_forward(recording, semantics, signal):
    return "step_forward", {"threshold": semantics["threshold"]}


def moving_window(recording, semantics, signal):
    first = "growing" if semantics["first"] == "growing" else "window"
    options = {name: semantics[name] for name in ("threshold", "window")}
    return "moving_window", {**options, "first": first}


def filtered(kind):
    def options_of(recording, semantics, signal):
        options = {"fir": array(recording, "inputs", "fir").reshape(-1), "shift": "min"}
        if "threshold" in semantics:
            options["threshold"] = semantics["threshold"]
        if semantics["gain"] == "range":
            options["gain"] = "range"
        if semantics.get("criterion") == "multiply":
            options["criterion"] = "multiply"
        if recording["function"] == "EncodingSchemes.ben_spike":
            options |= {"offsets": (0, -1, 1), "tail": "whole"}
        return kind, options

    return options_of


def two_saws(recording, semantics, signal):
    period = round(1000 / semantics["frequency"])
    return "pulse_width", {"period": period, "low": signal.min(), "high": signal.max()}


OF = {
    "bsa": filtered("bsa"),
    "bsa_backward": filtered("bsa"),
    "bsa_pointwise": filtered("bsa"),
    "hsa": filtered("hsa"),
    "mhsa": filtered("modified_hsa"),
    "moving_window": moving_window,
    "pwm_vasilache": two_saws,
    "step_forward": step_forward,
    "temporal_contrast": contrast,
    "temporal_contrast_online": contrast,
}
