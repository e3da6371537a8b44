"""A user's program that goes through the public API; type checkers have nothing to say about it."""

# pyright: strict

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import spikecore
from spikecore import (
    LIF,
    Alpha,
    Events,
    Lapicque,
    Leaky,
    Linear,
    RLeaky,
    Sequential,
    Synaptic,
    datasets,
    decode,
    events,
    leaky_integrate_and_fire,
    nir,
    random,
    spikegen,
    spikeplot,
    statistics,
    utils,
    validate,
)
from spikecore.network import LI, Conv2d, Flatten, Graph, SumPool2d

# --- encoders -----------------------------------------------------------------------------------

images, labels = datasets.digits()
small = images[:2].reshape(2, 64)
generator = np.random.default_rng(0)

spikegen.rate(small, 5, seed=0)
spikegen.rate(small, num_steps=np.int64(5), gain=np.float32(0.5), seed=generator, dtype=np.uint8)
spikegen.rate([0.0, 0.5, 1], num_steps=4, dtype="int8", device="cpu")
spikegen.rate([[0.0, 0.5], (1, 0)], time_var_input=True, seed=1, dtype=np.dtype(np.float64))
spikegen.rate(0.5, 3, uniforms=random.torch_uniforms(0, (3,)), dtype=bool)
spikegen.rate([small[0], small[1]], 5, seed=2, dtype=float, out=np.empty((5, 2, 64)))
spikegen.rate_conv(small, seed=3, device="numpy", first_element=64)
spikegen.delta([1, 2, 0, 2, 2.9], threshold=1, off_spike=True, dtype=small.dtype)
trains = spikegen.latency(small, num_steps=5, normalize="sample", linear=True, clip=True)
num_steps: int = trains.shape[0]
times, silent = spikegen.latency_code(small, 5, normalize=True)
spikegen.latency_code_linear(small, tau=10)
spikegen.latency(small, 9, threshold=1, law="decay", compare=">=")
bits = spikegen.phase([0.5, 0.25], num_bits=np.int64(4), dtype=np.int8)
low, high = decode.phase(bits, 4, interval=True)
spikegen.burst(small * 0.9, 50, max_spikes=4, rounds="spikes", profile="guo")
fields = spikegen.population(small, 5, low=0, high=1, centres="even", output="activity")
decode.population(fields, 5, 0, 1, centres="even", method="mean").mean()
spikegen.poisson(small / 9, 50, refractory=3, rate_is="hazard", seed=generator)
spikegen.current(small, num_steps=9, gain=0.5, first_only=True, out=np.empty((9, 2, 64)))
decode.rank_order(spikegen.rank_order([0.5, 0.9], ties="index"), modulation=0.9).sum()
spikegen.latency_code_log(small, tau=10)
loud = int(np.count_nonzero(~silent & (times < num_steps)))
classes = spikegen.from_one_hot(spikegen.to_one_hot(labels[:3], num_classes=10))
spikegen.to_one_hot_inverse(spikegen.to_one_hot([2, 0], 3, dtype=np.float64))
spikegen.targets_rate([4], 5, 5, correct_rate=Fraction(1, 4), firing_pattern="poisson", seed=0)
spikegen.targets_latency(classes, 10, 5, normalize=True)
spikegen.targets_convert([4], num_classes=5, code="latency", num_steps=5, normalize=True)
train, steps = spikegen.target_rate_code(num_steps=5, rate=0.3, firing_pattern="regular")
spikegen.rate_interpolate(steps, num_steps=5)
spikegen.latency_interpolate(np.array([0.0, 4.0]), num_steps=5, on_target=1.5)

# --- random numbers and data sets ---------------------------------------------------------------

word = int(random.words(seed=0, elements=[0, 1, 2], step=0, stream="targets")[0])
random.uniforms(random.seed_of(generator), trains.shape, first_step=1)
training, validation = utils.valid_split((images, labels), None, split=0.2, seed=7)
first_images, first_labels = utils.data_subset(training, 10, idx=2)
for batch, answers in utils.batches(first_images, first_labels, batch_size=100, shuffle=True):
    assert batch.shape[0] == len(answers)
for batch, _ in utils.batches(validation, batch_size=100):
    assert batch.ndim == 3

# --- neurons ------------------------------------------------------------------------------------

current = np.full((6, 3), 0.75, np.float32)
lif = LIF(0.5, threshold=np.ones(3), compare=">=", reset="value", reset_value=0.1, reset_at="same")
run = lif.run(current, record=(), dtype=np.uint8, device="cpu")
lif.run(current, *run.final, record="membrane", out={"membrane": np.empty((6, 3), np.float32)})
spikes, recorded, final = LIF.profile("spyx", decay=[0.5, 0.6, 0.7]).run(current)
recorded["membrane"].max(axis=0)
step_spikes, membrane = lif(current[0], None)
same: LIF = LIF.from_dict(lif.to_dict())
assert same == lif and lif.state_names == ("membrane",)
source: str = spikecore.profiles()["nengo"].source
device_names: list[str] = sorted(spikecore.devices())

leaky = Leaky(beta=0.9, reset_mechanism="zero", reset_delay=False)
leaky.lif.run(current)
neurons = (
    leaky,
    Lapicque(R=5, C=2),
    Synaptic(alpha=0.9, beta=np.float32(0.8)),
    Alpha(alpha=0.9, beta=0.8, reset_mechanism="subtract"),
    RLeaky(beta=0.5, recurrent=Linear.draw(3, 3, seed=0)),
)
totals = [neuron.run(current).spikes.sum() for neuron in neurons]
leaky_integrate_and_fire(np.array([0.5, 1.5]), np.array([1.0, 1.0]), w=0.25, beta=0.5)

# --- networks -----------------------------------------------------------------------------------

layer = Linear([[0.5, 0.25], [1.0, 2.0]], bias=[0.0, 1.0])
offsets = layer.weight.sum(axis=1) + layer.bias
layer(np.ones((4, 2), np.uint8), exact=True).astype(np.float32)
net = Sequential(Linear.draw(4, 3, seed=0), leaky, names=["hidden", "output"])
layers = net.run(np.ones((5, 2, 4), np.uint8), steps_per_chunk=2)
layers = net.run(np.ones((5, 2, 4), np.uint8), state={n: layers[n].final for n in layers})
kept = layers["output"].spikes
assert kept is not None and kept.shape == (5, 2, 3)
prediction = int(layers["output"].counts[0].argmax())
vision = Sequential(
    Conv2d(np.ones((4, 2, 3, 3), np.float32), stride=(2, 1), padding="valid"), leaky,
    SumPool2d(2), Flatten(), LI(0.5), input_shape=(2, 8, 8),
)  # fmt: skip
membranes = vision(np.ones((3, 2, 8, 8), np.uint8)).max()
loop = Graph(
    {"lif": LIF(0.5), "back": Linear.draw(3, 3, seed=0)},
    [("input", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")],
    inputs={"input": (3,)},
)
loop.run(np.ones((5, 3), np.float32), record="spikes")["lif"].final[0].sum()
assert list(loop.layers) == ["lif", "back"] and loop.outputs == ("output",)
assert nir.rules()["exact"].simulator and "norse-1.1" in nir.rules()
net(np.ones((5, 2, 4), np.uint8)).sum(axis=0)

# --- events ---------------------------------------------------------------------------------------

table = spikegen.rate(small, 5, seed=0, sparse=True)
table.counts("elements").sum()
Events.from_dense(small > 0.5, dt=0.1).take([0, 1])[0:1].to_dense("uint8").mean()
Events.from_times([0.1, 0.2], [0, 0], (), 0.1, num_steps=3, combine="count").value.max()
events.concatenate([table, table]).pack().sum()
recording = events.Recording(np.zeros(3, [("t", "i8"), ("x", "i2")]), (4,), tick=1e-6)
recording.to_events(1000, num_steps=2, combine="count").counts().sum()
with tempfile.TemporaryDirectory() as events_folder:
    events.write(f"{events_folder}/spikes.npz", table, "npz")
    events.read(Path(events_folder) / "spikes.npz")
statistics.rate(table, dt=0.5).mean()

# --- statistics ---------------------------------------------------------------------------------

raster = np.random.default_rng(0).random((200, 3)) < 0.1
statistics.rate(raster, start=10, stop=np.float64(100), window="closed", dt=0.5).mean()
statistics.rate_kernel(raster, 20.0, kernel="exponential", bin_steps=5, dt=1).max(axis=0)
statistics.psth(raster, 10, output="rate", axis=1, dt=0.001).sum()
statistics.fano(raster, axis=(1,), ddof=1)
longest = max(train.max() for train in statistics.isi(raster, dt=0.1))
measures = (statistics.cv, statistics.cv2, statistics.lv)
variation = [float(measure(raster[:, 0])) for measure in measures]
statistics.lvr(raster, refractory=2)
lags = statistics.cross_correlogram(raster, raster[:, 0], max_lag=20, output="border")
statistics.correlation(raster, bin_steps=5)
statistics.covariance(raster, raster, ddof=0)
statistics.victor_purpura(raster, cost=0.1)
statistics.van_rossum(raster, tau=np.float32(5))
statistics.isi_distance([1, 0, 1, 1], [0, 1, 0, 1])
spike_distances = statistics.spike_distance(raster, stop=50)
statistics.spike_sync(raster, raster[:, :2], max_tau=3, dt=1).reshape(3, 2)

# --- plots --------------------------------------------------------------------------------------

axes = Figure().subplots(2, 2)
spikeplot.raster(spikes, axes[0, 0], origin="upper", density=False, s=20)
spikeplot.psth(spikes, ax=axes[0, 1], bin_steps=2, time_step=0.001).get_data()
spikeplot.latency_curve([0.2, 0.4], [3.5, 1.4], threshold=0.1).get_xdata()
spikeplot.traces(recorded["membrane"], spikes, dim=(3, 1), titles=["a", "b"], ylim=(0, 2))
spikeplot.reconstruction(np.ones((3, 8, 8)), image=images[0], cmap="gray")
signal, time_step = datasets.ecg()
coded = spikegen.delta(signal, threshold=0.1, off_spike=True)
drawn = spikeplot.code(
    signal, coded, np.round(signal, 1), bound=0.1, time_step=time_step, ylabel="ECG [mV]"
)
drawn.error.get_ydata()
spikeplot.code([0, 1], [0, 1], [0, 1], ax=[*Figure().subplots(3)])


def compare(best: decode.Choice) -> float:
    mine = {"count": [1, 2], "snr": np.array([3.0, 4.0])}
    lines = spikeplot.trade_off({"step_forward": best, "mine": mine}, axes[1, 1])
    return float(lines[0].get_linewidth())


bars = spikeplot.spike_count(spikes, labels=("cat", "dog", "bird"))
assert len(bars) == 3
spikeplot.isi_histogram(raster, axes[1, 0], bin_steps=2, time_step=0.001).get_data()
spikeplot.correlogram(lags[:, 1], color="black")
spikeplot.distances(spike_distances, labels=["a", "b", "c"], cmap="gray")
spikeplot.network(net, layers, ax=axes[1, 0])["hidden"].get_text().upper()
with tempfile.TemporaryDirectory() as folder:
    film = spikeplot.spike_count(spikes, animate=True)
    spikeplot.save_animation(film, Path(folder) / "count.gif", fps=20)
    spikeplot.save_animation(spikeplot.animator(np.ones((2, 8, 8))), f"{folder}/digits.gif")

# --- the validator ------------------------------------------------------------------------------


def at_most(data: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    return uniforms <= data


report = validate.neuron(LIF(decay=0.9), "snntorch-1.0", form="sequence", dtype=np.float64)
report.raise_if_failed()
report = validate.encoder(at_most, "rate", stream="own")
if not report.passed:
    assert report.verdict == "wrong" and report.diagnosis[0].startswith("you spike")
    text: str = report.to_json()
    differences = [check.difference.step for check in report.checks if check.difference]
