"""Mistakes that a type checker must report: the lines marked E, each of which raises an error."""

import numpy as np

import spikecore
from spikecore import (
    LIF,
    Lapicque,
    Leaky,
    Linear,
    RLeaky,
    Sequential,
    datasets,
    random,
    spikegen,
    spikeplot,
    utils,
    validate,
)

data = np.zeros(3, np.float32)
current = np.zeros((2, 3), np.float32)

spikegen.rate()  # E
spikegen.rate("abc", 3)  # E
spikegen.rate([0.5, "1"], 3)  # E
spikegen.rate(data, num_steps=2.5)  # E
spikegen.rate(data, 3, gain="2")  # E
spikegen.rate(data, 3, seed="0")  # E
spikegen.rate(data, 3, device=0)  # E
spikegen.rate(data, 3, dtype="int16")  # E
spikegen.rate(data, 3, dtype=np.int16)  # E
spikegen.rate(data, 3, out=[0.0] * 3)  # E
spikegen.rate(data, 3, steps=3)  # E
spikegen.rate(data, 3, 1, 0, 0, False, 0)  # E
spikegen.latency(data, 5, normalize="batch")  # E
spikegen.latency(data, 5, law="square")  # E
spikegen.phase(data, 2.5)  # E
spikegen.burst(data, 9, rounds="time")  # E
spikegen.population(data, 5, 0, 1, output="rate")  # E
spikegen.poisson(data, 9, rate_is="median")  # E
spikegen.rank_order(data, ties=None)  # E
spikegen.delta(None)  # E
spikegen.targets_rate([0], 2, 5, 1, firing_pattern="gaussian")  # E
spikegen.targets_convert([0], 2, code="phase")  # E
spikegen.rate(data, 3).spikes  # E
random.words(0, [0], 0, stream="noise")  # E
random.uniforms(0, 3)  # E
utils.data_subset(data, 2)  # E
utils.batches((data, data), batch_size="2")  # E
datasets.digits(28)  # E

LIF()  # E
LIF(decay="wrong", compare="~")  # E
LIF(decay="wrong")  # E
LIF(0.5, compare="=>")  # E
LIF(0.5, reset="zero")  # E
LIF(0.5, reset_at="later")  # E
LIF(0.5, spikes="many")  # E
LIF(0.5, report_spike="all")  # E
LIF(0.5, beta=0.5)  # E
LIF(0.5, refractory="2")  # E
LIF(0.5, spike_map="cubic")  # E
LIF(0.5, input_delay=1.5)  # E
LIF.from_units(1)  # E
LIF(0.5).run()  # E
LIF(0.5).run(current, record=3)  # E
LIF(0.5).run(current).membrane  # E
LIF(0.5).decay = 0.4  # E
LIF.profile(1)  # E
Leaky(beta=0.5, reset_mechanism="value")  # E
Leaky(0.5, reset_delay=1)  # E
Lapicque(R="5", C=2)  # E
RLeaky(0.5, recurrent=np.zeros((3, 3)))  # E

Linear()  # E
Linear(784, 10, 3)  # E
Linear.draw(784)  # E
Linear.draw(784, 10, bias=None)  # E
Sequential(np.zeros((3, 3)), Leaky(0.5))  # E
Sequential(Leaky(0.5)).run(current, state=[data])  # E
Sequential(Leaky(0.5)).run(current)["leaky1"].rate  # E

spikeplot.raster()  # E
spikeplot.raster(current, origin="top")  # E
spikeplot.traces(current, dim=3)  # E
spikeplot.save_animation(current, "film.gif")  # E

validate.neuron(3)  # E
validate.neuron(LIF(0.5), form="steps")  # E
validate.encoder(spikegen.rate, "rate", stream="numpy")  # E

spikecore.nothing  # E
validate.nothing  # E
