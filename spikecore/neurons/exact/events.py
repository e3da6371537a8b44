"""The loop of the continuous neuron: from one event to the next, whatever comes first."""

import numpy as np

from spikecore.compiler import kernel
from spikecore.neurons.exact.solution import crossing, membrane, synaptic

JUMP, LEVEL, SAMPLE = 0, 1, 2  # of the membrane or synaptic current; of the current; none
MOST_SPIKES = 10_000_000


@kernel
def simulate(p, duration, times, kinds, values, v, i, wait, samples):
    """Spike times in [0, duration), the last state, and whether there were too many spikes.

    ``samples`` gets the membrane at the events of that kind, in their order.
    """
    spikes, count = np.empty(16), 0
    t, drive, event, sample = 0.0, 0.0, 0, 0
    while t < duration:
        seen = 0
        while event < times.size and times[event] == t:
            if kinds[event] == LEVEL:
                drive = values[event]
            elif kinds[event] == SAMPLE:
                seen += 1
            elif p.synapse_tau > 0:
                i += values[event]
            elif t >= wait:
                v += values[event]
            event += 1
        while t >= wait and v >= p.threshold:
            if count == MOST_SPIKES:
                return spikes, v, i, wait, True
            if count == spikes.size:
                longer = np.empty(2 * count)
                longer[:count] = spikes
                spikes = longer
            spikes[count] = t
            count += 1
            v = v - p.threshold if p.subtracts else p.reset_value
            if p.refractory > 0:
                wait = t + p.refractory
        samples[sample : sample + seen] = v
        sample += seen
        end = times[event] if event < times.size else duration
        if t < wait:
            end = min(end, wait)
            i = synaptic(i, end - t, p)
            t = end
            continue
        target = p.leak + p.resistance * drive
        ahead = crossing(v, i, target, end - t, p)
        if ahead < end - t:
            i = synaptic(i, ahead, p)
            v = p.threshold
            t = min(t + ahead, end)  # the sum may be rounded up
        else:
            v = membrane(v, i, target, end - t, p)
            i = synaptic(i, end - t, p)
            t = end
    return spikes[:count], v, i, wait, False
