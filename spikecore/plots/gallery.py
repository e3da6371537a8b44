"""Draw the gallery: pictures of digits and of a signal that show what the library does."""

import importlib.util
from pathlib import Path

import numpy as np

from spikecore import LIF, convergence, datasets, decode, demo, meaning, spikegen

HELP = "draw pictures that show what the library does"
SEED = 0
SAMPLE = 3  # the digit that is shown
SIMULATORS = {  # as named in the picture: the profile, and what else is the same for all
    "snnTorch": ("snntorch-1.0", {}),
    "Spyx": ("spyx", {}),
    "Norse": ("norse-box", {}),
    "Lava": ("lava", {}),
    "Brian2": ("brian2", {}),
    "Nengo": ("nengo", {}),
    "SpikingJelly": ("spikingjelly", {}),
    "BindsNET": ("bindsnet", {}),
    "NEST": ("nest-delta", {"refractory": 2, "input_delay": 1}),  # its times are in 0.1 ms
    "PyNN": ("pynn-if-curr-delta", {}),
    "Sinabs": ("sinabs", {}),
    "Rockpool": ("rockpool", {"synapse_decay": None, "synapse_order": "decay-jump-use"}),
}
WINDOWS = ((0, 25), (100, 125), (200, 225), (275, 300))  # steps of a millisecond
CONVERGES = "spikingjelly"  # the profile that is compared with the continuous neuron
SIGNAL_CODES = {  # as named in the picture: the encoder and its options
    "sigma_delta": (spikegen.sigma_delta, {}),
    "step_forward, multi": (spikegen.step_forward, {"multi": True}),
    "step_forward": (spikegen.step_forward, {}),
    "level_crossing": (spikegen.level_crossing, {}),
    "temporal_contrast": (spikegen.temporal_contrast, {"statistic": "absolute"}),
}


def add_arguments(parser):
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", default="gallery", metavar="DIR", help="folder for the pictures (%(default)s)"
    )


def run(arguments):
    """Draw the pictures."""
    if importlib.util.find_spec("matplotlib") is None:
        print("The gallery needs matplotlib; install it with pip install 'spikecore[plot]'.")
        return 1
    from spikecore.plots import pictures

    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        print(f"wrote {pictures.write(folder / name, draw)}")
    return 0


def draw_codes():
    """One digit, and its spikes in three codes."""
    from spikecore.plots import pictures

    images, labels = datasets.digits()
    trains = demo.digit_codes(images[SAMPLE], 48, SEED)
    return pictures.codes(images[SAMPLE], labels[SAMPLE], trains)


def draw_reconstruction():
    """Digits averaged from their spikes over ever more steps, and the error that is left."""
    from spikecore.plots import pictures

    images = datasets.digits(size=(28, 28))[0][:100]
    trains = spikegen.rate(images, 256, seed=SEED, dtype=np.uint8)
    return pictures.reconstruction(images, trains)


def draw_simulators():
    """One input, one decay, one threshold, and the neuron of each simulator."""
    from spikecore.plots import pictures

    steps = 56
    current = np.full(steps, 0.3)
    current[24] = 2.1
    current[32:] = 0.75 * spikegen.rate(np.full(steps - 32, 0.5), time_var_input=True, seed=SEED)
    neurons = {
        name: LIF.profile(profile, decay=0.9, gain=1.0, threshold=1.0, **changes)
        for name, (profile, changes) in SIMULATORS.items()
    }
    runs = {name: neuron.run(current[:, None]) for name, neuron in neurons.items()}
    traces = {
        name: (run.recorded["membrane"][:, 0], run.spikes[:, 0]) for name, run in runs.items()
    }
    return pictures.simulators(current, traces)


def draw_convergence():
    """A simulator's neuron comes close to the continuous one as its steps get shorter."""
    from spikecore.plots import pictures

    rows = convergence.measure(CONVERGES, convergence.DECAYS["exponential"], 8, SEED)
    return pictures.convergence(rows, CONVERGES, convergence.order(rows))


def draw_network():
    """The spikes of each layer of a 784-1000-10 network, and two membranes of its outputs."""
    from spikecore.plots import pictures

    images = datasets.digits(size=(28, 28))[0][:10]
    # The sums of weights are exact, hence the same picture on every machine.
    layers = demo.drive(images, 80, SEED, gain=0.5, exact=True)
    shown = {name: layer.spikes[:, SAMPLE] for name, layer in layers.items()}
    return pictures.network(shown, layers["output"].membrane[:, SAMPLE])


def draw_time_series():
    """A part of an electrocardiogram in two codes, what they decode to, and the errors."""
    signal, time_step = datasets.ecg()
    return demo.draw_signal_codes(signal, time_step, demo.signal_codes(signal))


def draw_trade_off():
    """The electrocardiogram in five codes: signal-to-noise ratio against spikes."""
    from spikecore.plots import pictures

    signal, _ = datasets.ecg()
    choices = {
        name: decode.choose(encoder, signal, **options)
        for name, (encoder, options) in SIGNAL_CODES.items()
    }
    return pictures.trade_off(choices)


def draw_events():
    """A digit in motion as events: a few windows of time, and every event."""
    from spikecore.plots import pictures

    recording = datasets.moving_digits().sample(SAMPLE)
    table = recording.to_events(dt=1000, polarity="signed")
    return pictures.events(table, 1, WINDOWS)


def draw_meaning():
    """One trained network by every neuron, rule and word length: accuracy and spikes."""
    from spikecore.plots import pictures

    return pictures.meaning(meaning.measure())


PICTURES = {
    "codes.png": draw_codes,
    "reconstruction.png": draw_reconstruction,
    "simulators.png": draw_simulators,
    "convergence.png": draw_convergence,
    "network.png": draw_network,
    "time-series.png": draw_time_series,
    "trade-off.png": draw_trade_off,
    "events.png": draw_events,
    "meaning.png": draw_meaning,
}
