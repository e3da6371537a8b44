"""Recorded calls of codes that take a filter away from a signal."""

import numpy as np
from plain import signals as plain

from golden_codes import array, profile_of
from spikecore import decode, spikegen

# Outputs that are compared but for the last bits: (of the family, output), and the reason.
NEARLY = {
    ("bsa", "decoded"): "NumPy, SciPy and MATLAB sum the terms of a convolution in other orders",
    ("hsa", "decoded"): "the same",
    ("mhsa", "decoded"): "the same",
}


def filter_inputs(recording):
    """The signal as float64, in columns, and the taps of each column."""
    signal = array(recording, "inputs", "signal").astype(np.float64)
    columns = signal.reshape(len(signal), -1)
    kind = "outputs" if "fir" in recording["outputs"] else "inputs"  # scaled by the toolbox
    taps = array(recording, kind, "fir").astype(np.float64)
    return columns, np.broadcast_to(taps.reshape(len(taps), -1), (len(taps), columns.shape[1]))


def scales(recording, column):
    """What the toolbox subtracts from a column and divides it by."""
    semantics, low = recording["semantics"], column.min()
    shift = {"min": low, "min_if_negative": min(low, 0.0)}[semantics["shift"]]
    largest = (column - shift).max()
    gain = {"range": column.max() - low, "max_if>1": max(largest, 1.0)}
    return shift, gain.get(semantics["gain"], 1.0)


def filtered(recording, device, encode):
    """Spikes, and what they decode to, of ``encode(column, taps, shift=, gain=)``."""
    columns, taps = filter_inputs(recording)
    spikes, decoded, shifts = [], [], []
    for column, fir in zip(columns.T, taps.T, strict=True):
        shift, gain = scales(recording, column)
        spikes.append(encode(column, fir, shift=shift, gain=gain, device=device))
        delay = len(fir) // 2 if recording["semantics"]["decoder"] == "convolve_centred" else 0
        decoded.append(decode.convolve(spikes[-1], fir, shift, gain, delay, device=device))
        shifts.append(shift)
    yield "spikes", np.stack(spikes, axis=1)
    for name, found in {"decoded": np.stack(decoded, axis=1), "shift": np.array(shifts)}.items():
        if name in recording["outputs"]:
            yield name, found


def bsa(recording, device):
    threshold = recording["semantics"]["threshold"]
    profile = profile_of(recording)

    def encode(column, fir, shift, gain, **options):
        if profile == "vasilache":  # from step 1 and tap 1 on
            later = spikegen.bsa(column[1:], fir[1:], threshold, shift=shift, gain=gain, **options)
            return np.append(0, later)
        # KEDRI's BSA.m and BSAmult.m are one profile
        options["criterion"] = recording["semantics"]["criterion"]
        return spikegen.bsa(
            column, fir, threshold, shift=shift, gain=gain, profile=profile, **options
        )

    yield from filtered(recording, device, encode)


def wraps(recording):
    """Whether a step that looks at the last sample for the one before the first is another."""
    semantics = recording["semantics"]
    columns, taps = filter_inputs(recording)
    how = (taps[:, 0], semantics["threshold"], "multiply", (0, -1, 1), "whole")
    lifted = columns - columns.min(axis=0)
    return (plain.bsa(lifted, *how)[0] != plain.bsa(lifted, *how, slip_wraps=True)[0]).any()


def hsa(recording, device):
    threshold = recording["semantics"].get("threshold")
    short = recording["semantics"]["tail"].endswith("minus_last")

    def encode(column, fir, **options):
        part = column[:-1] if short else column  # MATLAB's loop never looks at the last sample
        if threshold is None:
            spikes = spikegen.hsa(part, fir, **options)
        else:
            spikes = spikegen.modified_hsa(part, fir, threshold, **options)
        # there it has no taps to sum, and the empty sum is within any threshold
        return np.append(spikes, threshold is not None) if short else spikes

    yield from filtered(recording, device, encode)
    if "norm" in recording["outputs"]:
        yield "norm", np.array([scales(recording, c)[1] for c in filter_inputs(recording)[0].T])


RUNS = {"bsa": bsa, "hsa": hsa, "mhsa": hsa}
