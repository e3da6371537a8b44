"""Recorded calls of other toolboxes, of the codes that turn values into trains.

``REPRODUCE`` has a function for each toolbox and each function of it: of a record's keyword
arguments and inputs it gives what spikecore gives for the recorded outputs, by name.  What a
toolbox does around its code (the mean of blocks, the order of axes) is done here.
"""

import numpy as np

from spikecore import LIF, decode, spikegen

GUO = "SausageMuffins/bic-coding-schemes (after Guo et al. 2021)"
MAVLAB = "MAVLab SpikeCoding"
ENCODING = "activation_based.encoding"

EXCLUDED = {
    ("spikify", "encoders.temporal.global_referenced.phase"): "the arcsine of a block's mean in "
    "Gray-like levels: another code of that name, without a source to define it",
    ("BindsNET", "encoding.encodings.single"): "one volley of all values above a quantile of the "
    "batch: a comparison, not a code of time",
    ("spikify", "encoders.rate.poisson"): "intervals in continuous time, drawn one after another "
    "and laid into bins: no draw belongs to a step",
}
STATISTICS = {  # what is drawn from another stream: its statistics are compared
    ("Elephant", "spike_train_generation.StationaryPoissonProcess"),
    ("Elephant", "spike_train_generation.NonStationaryPoissonProcess"),
}
TOLERANCES = {  # absolute, by the function's last name and the output: (float32, float64)
    # exponentials of other libraries, in float32 where the data are
    ("population_encode", "activity"): (4e-6, 4e-6),  # its centres are float32 for any data
    ("PopSpikeEncoderDeterministic", "activity"): (4e-6, 2e-14),
    ("GaussianTuning", "times"): (4e-6, 2e-14),  # of times up to 50
    ("GaussianTuning", "mu"): (1e-6, 1e-15),  # rounded in another order
    ("grf_spike_with_internal_timesteps", "decoded"): (1e-15, 1e-15),  # sums in another order
}


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


def spikingjelly_phase(kwargs, values):
    return {"spikes": spikegen.phase(values, kwargs["K"], kwargs["calls"])}


def guo_phase(kwargs, values):
    """Pixels are whole numbers: their eight bits."""
    num_steps = round(kwargs["duration"] / kwargs["dt"])
    return {"spikes": spikegen.phase(values / 2.0**8, kwargs["num_phases"], num_steps)}


def spikify_burst(kwargs, signal):
    length = kwargs["interval_length"]
    spikes = spikegen.burst(
        blocks(signal, length), length, kwargs["n_max"], kwargs["t_min"], kwargs["t_max"],
        profile="spikify",
    )  # fmt: skip
    return {"spikes": flat(spikes)}


def guo_burst(kwargs, values):
    dt = kwargs["dt"]
    spikes = spikegen.burst(
        pixels(values), round(kwargs["duration"] / dt), kwargs["Nmax"], kwargs["Tmin"] / dt,
        kwargs["Tmax"] / dt, profile="guo",
    )  # fmt: skip
    return {"spikes": spikes}


def pixels(values):
    """Whole numbers up to 255 as float32 within [0, 1]."""
    return values.astype(np.float32) / np.float32(255)


def guo_first_spike(kwargs, values):
    dt = kwargs["dt"]
    spikes = spikegen.latency(
        pixels(values), round(kwargs["duration"] / dt), kwargs["theta0"], kwargs["tau_th"] / dt,
        law="decay",
    )  # fmt: skip
    return {"spikes": spikes}


def spikingjelly_first_spike(kwargs, values):
    if kwargs["enc_function"] == "log":
        return {"spikes": spikegen.latency(values, kwargs["T"], law="exponential")}
    no_threshold = {"threshold": 1e-7, "epsilon": 1e-6}
    spikes = spikegen.latency(values, kwargs["T"], normalize=True, linear=True, **no_threshold)
    return {"spikes": spikes}


def spikify_first_spike(kwargs, signal):
    """A threshold that decays over a unit of time; what it does not reach spikes last."""
    length = kwargs["interval_length"]
    values = blocks(signal, length)
    spikes = spikegen.latency(values, length, 1, 0.1 * (length - 1), law="decay", compare=">=")
    spikes[-1, ~spikes.any(axis=0)] = 1
    return {"spikes": flat(spikes)}


def norse_current(kwargs, values, first_only=False):
    num_steps = kwargs["seq_length"]
    return {"spikes": spikegen.current(values, num_steps, first_only=first_only, profile="norse")}


def norse_first_spike(kwargs, values):
    return norse_current(kwargs, values, first_only=True)


def bindsnet_rank(kwargs, values):
    """BindsNET divides by the largest value first, in float32."""
    values = values.astype(np.float32)
    return {"spikes": spikegen.latency(values / values.max(), kwargs["time"], law="inverse")}


def mavlab_winner(kwargs, values):
    fields = {"neurons": kwargs["m"], "low": kwargs["min_input"], "high": kwargs["max_input"]}
    spikes = spikegen.population(values, **fields, profile="mavlab")
    return {"spikes": spikes, "decoded": decode.population(spikes, **fields, output="winner")}


def mavlab_place(kwargs, values):
    """The number of the nearest centre, of two that are as near the even one."""
    low, high, neurons = kwargs["min_input"], kwargs["max_input"], kwargs["m"]
    fields = {"neurons": neurons, "low": low, "high": high}
    position = np.rint((values - low) / (high - low) * (neurons - 2) + 0.5)
    spikes = spikegen.population(position, neurons, 0, neurons - 1, centres="even", output="winner")
    return {"spikes": spikes, "decoded": decode.population(spikes, **fields, output="winner")}


def mavlab_steps(kwargs, values):
    """The activity, rounded to one of T + 1 levels by MAVLab's own rule, and its own decoder."""
    num_steps, neurons = kwargs["timesteps"], kwargs["neurons"]
    low, high = kwargs["min_input"], kwargs["max_input"]
    g = spikegen.population(values, neurons, low, high, beta=kwargs["beta"], output="activity")
    half = 1 / (2 * num_steps)
    level = np.rint((g + half) / (1 + 2 * half) * (num_steps + 1) + 1e-4).astype(int)
    step = num_steps - level
    spikes = np.zeros((len(values), num_steps, neurons))
    value, neuron = np.nonzero(step < num_steps - 1)
    spikes[value, step[value, neuron], neuron] = 1
    weight = (num_steps - np.arange(num_steps))[:, None] * spikes
    mu = centres(neurons, low, high)
    with np.errstate(invalid="ignore"):
        decoded = (weight * mu).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    return {"spikes": spikes.reshape(-1, neurons), "decoded": decoded}


def centres(neurons, low, high):
    """The centres of Bohte, of which each is the value of its winner."""
    return decode.population(np.eye(neurons), neurons, low, high, output="winner")


def norse_population(kwargs, values):
    scale = kwargs["scale"] or values.max()
    activity = spikegen.population(
        values, kwargs["out_features"], 0, float(scale), sigma=float(scale) ** -0.5, profile="norse"
    )
    return {"activity": activity}


def spikingjelly_steps(kwargs, values):
    """An integrate-and-fire neuron under each activity."""
    low, high = kwargs["mean_range"]
    activity = spikegen.population(
        values, kwargs["pop_dim"], low, high, sigma=kwargs["std"], centres="even", output="activity"
    )
    activity = activity.reshape(len(values), -1)
    neuron = LIF(1.0, 0.999, compare=">=", reset="subtract", reset_at="same")
    spikes = neuron.run(np.repeat(activity[None], kwargs["spike_ts"], axis=0), record=()).spikes
    return {"spikes": spikes, "activity": activity}


def spikingjelly_times(kwargs, values):
    """Times in rows of values, [batch, features, values], without those that are silent."""
    num_steps, neurons = int(kwargs["duration"]), kwargs["m"]
    rows = values.shape[1]
    low, high = (np.broadcast_to(kwargs[name], rows).tolist() for name in ("x_min", "x_max"))
    parts = [
        spikegen.population(
            values[:, k], neurons, low[k], high[k], num_steps=num_steps, profile="spikingjelly"
        )
        for k in range(rows)
    ]
    times = np.stack(parts, axis=1)
    times = times.reshape(len(values), -1)
    heard = np.isfinite(times)
    mu = [centres(neurons, *ends) for ends in zip(low, high, strict=True)]
    return {
        "times": times[heard],
        "columns": np.nonzero(heard)[1],
        "offsets": np.cumsum([0, *heard.sum(axis=1)]),
        "mu": np.array(mu),
    }


def elephant_rates(kwargs, rate_hz=None):
    """Elephant's process in steps of a tenth of a millisecond: 600 trains of a second."""
    if rate_hz is None:
        rate_hz = np.full(1000, float(kwargs["rate_hz"]))
    p = np.repeat(rate_hz, 10)[:, None] * 1e-4
    refractory = round(10 * (kwargs["refractory_ms"] or 0))
    return spikegen.poisson(
        np.repeat(p, kwargs["trains"], axis=1), refractory=refractory, time_var_input=True, seed=0,
        profile="elephant", dtype=np.uint8,
    )  # fmt: skip


REPRODUCE = {
    ("SpikingJelly", f"{ENCODING}.WeightedPhaseEncoder"): spikingjelly_phase,
    (GUO, "PhaseCoding"): guo_phase,
    ("spikify", "encoders.temporal.latency.burst_coding"): spikify_burst,
    (GUO, "BurstCoding"): guo_burst,
    (GUO, "TTFSCoding"): guo_first_spike,
    ("SpikingJelly", f"{ENCODING}.LatencyEncoder"): spikingjelly_first_spike,
    ("spikify", "encoders.temporal.global_referenced.time_to_first_spike"): spikify_first_spike,
    ("Norse", "functional.encode.constant_current_lif_encode"): norse_current,
    ("Norse", "functional.encode.spike_latency_lif_encode"): norse_first_spike,
    ("BindsNET", "encoding.encodings.rank_order"): bindsnet_rank,
    (MAVLAB, "EncodingSchemes.grf_spike"): mavlab_winner,
    (MAVLAB, "EncodingSchemes.one_hot_place_spike"): mavlab_place,
    (MAVLAB, "EncodingSchemes.grf_spike_with_internal_timesteps"): mavlab_steps,
    ("Norse", "functional.encode.population_encode"): norse_population,
    ("SpikingJelly", f"{ENCODING}.PopSpikeEncoderDeterministic"): spikingjelly_steps,
    ("SpikingJelly", "timing_based.encoding.GaussianTuning"): spikingjelly_times,
}
