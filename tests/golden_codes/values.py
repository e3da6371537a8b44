"""Recorded calls of codes that turn values into trains.

``RUNS`` has a function for each rule of the manifest.  Of a recording and a device it gives pairs
of an output's name and what spikecore gives for it.  What a toolbox does around its code (the mean
of blocks, the order of axes) is done here.
"""

import numpy as np

from golden_codes import array, only_input
from spikecore import LIF, decode, spikegen

# Outputs that are compared within a bound, by the last name of the function: of float32 and of
# float64 recordings.
TOLERANCES = {
    # exponentials of other libraries, in float32 where the data are
    ("population_encode", "activity"): (4e-6, 4e-6),  # its centres are float32 for any data
    ("PopSpikeEncoderDeterministic", "activity"): (4e-6, 2e-14),
    ("GaussianTuning", "times"): (4e-6, 2e-14),  # of times up to 50
    ("GaussianTuning", "mu"): (1e-6, 1e-15),  # rounded in another order
    ("grf_spike_with_internal_timesteps", "decoded"): (1e-15, 1e-15),  # sums in another order
}


def tolerance(recording, name, dtype):
    """0, or the bound of an output."""
    function = recording["function"].rpartition(".")[2]
    narrow, wide = TOLERANCES.get((function, name), (0, 0))
    return narrow if dtype == np.float32 else wide


def blocks(signal, length):
    """spikify's value of each block: the mean, after a negative minimum and a large maximum."""
    if signal.min() < 0:
        signal = signal - signal.min()
    if signal.max() > 1:
        signal = signal / signal.max()
    return signal.reshape(-1, length).mean(axis=1)


def flat(trains):
    """Trains ``[T, blocks]`` one after another, as spikify returns them."""
    return trains.T.reshape(-1)


def pixels(values):
    """Whole numbers up to 255 as float32 within [0, 1]."""
    return values.astype(np.float32) / np.float32(255)


def steps_of(kwargs):
    return round(kwargs["duration"] / kwargs["dt"])


# --- phase and burst ----------------------------------------------------------------------------


def phase(recording, device):
    values = only_input(recording)
    kwargs, bits = recording["kwargs"], recording["semantics"]["bits"]
    how = {"num_bits": bits, "num_steps": kwargs.get("calls"), "profile": "spikingjelly"}
    if recording["semantics"]["form"] == "integer_bits":  # pixels are whole numbers: their bits
        values = values / 2.0**bits
        how |= {"num_steps": steps_of(kwargs), "profile": "guo"}
    yield "spikes", spikegen.phase(values, **how, device=device)


def phase_of_arcsine(recording, device):
    """The level of an angle, rounded up, in whole numbers of so many bits."""
    num_bits = recording["kwargs"]["num_bits"]
    values = blocks(only_input(recording), num_bits)
    level = np.ceil(np.arcsin(values / values.max()) / (np.pi / 2) * 2**num_bits)
    spikes = spikegen.phase(level / 2**num_bits, num_bits, clip=True, device=device)
    yield "spikes", flat(spikes)


def burst(recording, device):
    values = only_input(recording)
    kwargs = recording["kwargs"]
    if recording["peer"] == "spikify":
        length = kwargs["interval_length"]
        most, ends = kwargs["n_max"], (kwargs["t_min"], kwargs["t_max"])
        how = {"profile": "spikify", "device": device}
        yield "spikes", flat(spikegen.burst(blocks(values, length), length, most, *ends, **how))
    else:
        ends = kwargs["Tmin"] / kwargs["dt"], kwargs["Tmax"] / kwargs["dt"]
        how = {"profile": "guo", "device": device}
        shape = steps_of(kwargs), kwargs["Nmax"]
        yield "spikes", spikegen.burst(pixels(values), *shape, *ends, **how)


# --- first spikes -------------------------------------------------------------------------------


def latency(recording, device):
    values = only_input(recording)
    num_steps, how = recording["kwargs"]["T"], {"device": device}
    if recording["kwargs"]["enc_function"] == "log":
        yield "spikes", spikegen.latency(values, num_steps, profile="spikingjelly", **how)
    else:  # the linear code, with a threshold below every value but 0
        how |= {"normalize": True, "linear": True, "threshold": 1e-7, "epsilon": 1e-6}
        yield "spikes", spikegen.latency(values, num_steps, **how)


def decaying_threshold(recording, device):
    values = only_input(recording)
    kwargs = recording["kwargs"]
    tau = kwargs["tau_th"] / kwargs["dt"]
    how = {"profile": "guo", "device": device}
    yield (
        "spikes",
        spikegen.latency(pixels(values), steps_of(kwargs), kwargs["theta0"], tau, **how),
    )


def logarithmic_bins(recording, device):
    """A threshold that decays over a unit of time; what it does not reach spikes last."""
    signal = only_input(recording)
    length = recording["kwargs"]["interval_length"]
    values, tau = blocks(signal, length), 0.1 * (length - 1)
    spikes = spikegen.latency(values, length, 1, tau, profile="spikify", device=device)
    spikes[-1, ~spikes.any(axis=0)] = 1
    yield "spikes", flat(spikes)


def inverse(recording, device):
    """BindsNET divides by the largest value first, in float32."""
    values = only_input(recording)
    values = values.astype(np.float32)
    num_steps, how = recording["kwargs"]["time"], {"profile": "bindsnet", "device": device}
    yield "spikes", spikegen.latency(values / values.max(), num_steps, **how)


def volley(recording, device):
    """BindsNET: at the first step what is above a quantile, and nothing at the others."""
    kwargs, values = recording["kwargs"], only_input(recording)
    threshold = float(np.quantile(values, 1 - kwargs["sparsity"]))
    spikes = np.zeros((kwargs["time"], *values.shape), np.int8)
    how = {"law": "decay", "out": spikes[:1], "device": device}
    spikegen.latency(values, 1, threshold, **how)
    yield "spikes", spikes


def above_threshold(recording, device):
    """spikify's steps by themselves: each is a first spike in a single step."""
    signal, threshold = only_input(recording), recording["semantics"]["threshold"]
    how = {"law": "decay", "device": device}
    yield "spikes", spikegen.latency(np.maximum(signal, 0), 1, threshold, **how)


def current(recording, device):
    values = only_input(recording)
    semantics = recording["semantics"]
    how = {"first_only": semantics["first_only"], "profile": "norse", "device": device}
    yield "spikes", spikegen.current(values, semantics["num_steps"], **how)


# --- populations --------------------------------------------------------------------------------


def centres(neurons, low, high):
    """The centres of Bohte, of which each is the value of its winner."""
    return decode.population(np.eye(neurons), neurons, low, high, output="winner")


def winner(recording, device):
    values = only_input(recording)
    fields = [recording["semantics"][name] for name in ("neurons", "low", "high")]
    spikes = spikegen.population(values, *fields, profile="mavlab", device=device)
    yield "spikes", spikes
    yield "decoded", decode.population(spikes, *fields, output="winner")


def place(recording, device):
    """The number of the nearest centre, of two that are as near the even one."""
    values = only_input(recording)
    neurons, low, high = (recording["semantics"][name] for name in ("neurons", "low", "high"))
    position = np.rint((values - low) / (high - low) * (neurons - 2) + 0.5)
    ends = 0, neurons - 1
    how = {"centres": "even", "output": "winner", "device": device}
    spikes = spikegen.population(position, neurons, *ends, **how)
    yield "spikes", spikes
    yield "decoded", decode.population(spikes, neurons, low, high, output="winner")


def levels_of_activity(recording, device):
    """The activity, rounded to one of T + 1 levels by MAVLab's own rule, and its own decoder."""
    values = only_input(recording)
    kwargs = recording["kwargs"]
    num_steps, neurons = kwargs["timesteps"], kwargs["neurons"]
    ends = kwargs["min_input"], kwargs["max_input"]
    how = {"beta": kwargs["beta"], "output": "activity", "device": device}
    g = spikegen.population(values, neurons, *ends, **how)
    half = 1 / (2 * num_steps)
    level = np.rint((g + half) / (1 + 2 * half) * (num_steps + 1) + 1e-4).astype(int)
    step = num_steps - level
    spikes = np.zeros((len(values), num_steps, neurons))
    value, neuron = np.nonzero(step < num_steps - 1)
    spikes[value, step[value, neuron], neuron] = 1
    yield "spikes", spikes
    weight = (num_steps - np.arange(num_steps))[:, None] * spikes
    with np.errstate(invalid="ignore"):
        sums = (weight * centres(neurons, *ends)).sum(axis=(1, 2))
        yield "decoded", sums / weight.sum(axis=(1, 2))


def activity(recording, device):
    """Norse: the scale is the largest value of the batch, unless it is given."""
    values = only_input(recording)
    scale = float(recording["kwargs"]["scale"] or values.max())
    neurons = recording["kwargs"]["out_features"]
    how = {"sigma": scale**-0.5, "profile": "norse", "device": device}
    yield "activity", spikegen.population(values, neurons, 0, scale, **how)


def integrated_activity(recording, device):
    """SpikingJelly: an integrate-and-fire neuron under each activity."""
    values = only_input(recording)
    kwargs = recording["kwargs"]
    how = {"sigma": kwargs["std"], "centres": "even", "output": "activity", "device": device}
    g = spikegen.population(values, kwargs["pop_dim"], *kwargs["mean_range"], **how)
    g = g.reshape(len(values), -1)
    yield "activity", g
    neuron = LIF(1.0, 0.999, compare=">=", reset="subtract", reset_at="same")
    currents = np.repeat(g[None], kwargs["spike_ts"], axis=0)
    yield "spikes", neuron.run(currents, record=(), device=device).spikes


def times(recording, device):
    """SpikingJelly: the times in rows of values, without those that are silent."""
    values = only_input(recording)
    kwargs = recording["kwargs"]
    neurons, features = kwargs["m"], values.shape[1]
    low, high = (np.broadcast_to(kwargs[name], features).tolist() for name in ("x_min", "x_max"))
    how = {"num_steps": int(kwargs["duration"]), "profile": "spikingjelly", "device": device}
    found = np.stack(
        [
            spikegen.population(values[:, k], neurons, low[k], high[k], **how)
            for k in range(features)
        ],
        axis=1,
    ).reshape(len(values), -1)
    heard = np.isfinite(found)
    yield "times", found[heard]
    yield "columns", np.nonzero(heard)[1]
    yield "offsets", np.cumsum([0, *heard.sum(axis=1)])
    yield "mu", np.array([centres(neurons, *ends) for ends in zip(low, high, strict=True)])


# --- what is drawn from another stream: its statistics are compared -----------------------------


def poisson(recording, device):
    """Elephant's process in steps of a tenth of a millisecond: 600 trains of a second.

    Means of counts agree within 5 standard errors, of either: one in 10^6 would not.
    """
    kwargs = recording["kwargs"]
    dead = kwargs["refractory_ms"] or 0
    theirs = {name: array(recording, "outputs", name) for name in recording["outputs"]}
    if recording["inputs"]:
        rate_hz = only_input(recording)
    else:
        rate_hz = np.full(1000, float(kwargs["rate_hz"]))
    p = np.repeat(np.repeat(rate_hz, 10)[:, None] * 1e-4, kwargs["trains"], axis=1)
    how = {"time_var_input": True, "seed": 0, "dtype": np.uint8, "device": device}
    spikes = spikegen.poisson(p, refractory=round(10 * dead), profile="elephant", **how)
    counts, recorded = spikes.sum(axis=0), theirs["counts"]
    error = np.hypot(counts.std(), recorded.std()) / np.sqrt(len(counts))
    assert abs(counts.mean() - recorded.mean()) < 5 * error
    assert abs(np.log(counts.var() / recorded.var())) < 5 * 2 / np.sqrt(len(counts))
    times, train = np.nonzero(spikes)
    order = np.lexsort((times, train))
    intervals = np.diff(times[order])[np.diff(train[order]) == 0] / 10
    assert intervals.min() >= dead + 0.1
    assert abs(intervals.mean() / theirs["isi_mean"][0] - 1) < 0.03
    assert abs(intervals.std() / intervals.mean() - theirs["isi_cv"][0]) < 0.03
    return ()


RUNS = {
    "burst": burst,
    "current_lif": current,
    "grf_latency_mavlab": levels_of_activity,
    "grf_times": times,
    "grf_winner": winner,
    "latency_sj": latency,
    "phase": phase,
    "phase_arcsin": phase_of_arcsine,
    "place": place,
    "poisson_refractory": poisson,
    "population_if": integrated_activity,
    "population_norse": activity,
    "rank_order_bindsnet": inverse,
    "rectified_threshold": above_threshold,
    "single_bindsnet": volley,
    "ttfs_decaying_threshold": decaying_threshold,
    "ttfs_log_bins": logarithmic_bins,
}
