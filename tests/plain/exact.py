"""The continuous neuron with 40 digits: the solution by its textbook form, crossings by search."""

from decimal import Decimal, localcontext

DIGITS = 40
PIECES = 256  # in which a crossing is looked for; two in one piece would be overlooked


def membrane(neuron, v, i, target, t):
    """The membrane after a time t, in decimals."""
    tau = Decimal(neuron.tau)
    decay = (-t / tau).exp()
    value = target + (v - target) * decay
    if i:
        slow = Decimal(neuron.synapse_tau)
        if slow == tau:
            return value + i * t / tau * decay
        return value + i * slow / (slow - tau) * ((-t / slow).exp() - decay)
    return value


def crossing(neuron, v, i, target, span):
    """The first time at which the membrane reaches the threshold, or None."""
    threshold, low = Decimal(neuron.threshold), Decimal(0)
    for piece in range(1, PIECES + 1):
        high = span * piece / PIECES
        if membrane(neuron, v, i, target, high) >= threshold:
            for _ in range(120):
                middle = (low + high) / 2
                if membrane(neuron, v, i, target, middle) >= threshold:
                    high = middle
                else:
                    low = middle
            return high
        low = high
    return None


def spike_times(neuron, duration, inputs, changes):
    """Spike times; ``inputs`` and ``changes`` are lists of (time, weight or current)."""
    with localcontext() as context:
        context.prec = DIGITS
        return _spike_times(neuron, Decimal(duration), inputs, changes)


def _spike_times(neuron, duration, inputs, changes):
    threshold, resistance = Decimal(neuron.threshold), Decimal(neuron.resistance)
    stops = sorted({Decimal(t) for t, _ in (*inputs, *changes)} | {duration})
    t = wait = drive = i = Decimal(0)
    v, spikes = Decimal(neuron.leak), []
    while True:
        for time, level in changes:
            if Decimal(time) == t:
                drive = Decimal(level)
        for time, weight in inputs:
            if Decimal(time) == t and neuron.synapse_tau:
                i += Decimal(weight)
            elif Decimal(time) == t and t >= wait:
                v += Decimal(weight)
        stops = [stop for stop in stops if stop > t]
        while stops:
            while t >= wait and v >= threshold:
                spikes.append(t)
                v = v - threshold if neuron.reset == "subtract" else Decimal(neuron.reset_value)
                wait = t + Decimal(neuron.refractory)
            end, held = stops[0], t < wait
            end = min(end, wait) if held else end
            target = Decimal(neuron.leak) + resistance * drive
            found = None if held else crossing(neuron, v, i, target, end - t)
            span = end - t if found is None else found
            if found is not None:
                v = threshold
            elif not held:
                v = membrane(neuron, v, i, target, span)
            if neuron.synapse_tau:
                i *= (-span / Decimal(neuron.synapse_tau)).exp()
            t = end if found is None else t + found
            if t == stops[0]:
                break
        if not stops or t == duration:
            return spikes
