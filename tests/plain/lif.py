"""LIF written from SPEC.md, "Neurons": one neuron and one number at a time, every term in full.

Where the package leaves a neutral term out (a leak of 0) only the sign of a zero may differ.  The
exponential and the logarithm are those of ``arithmetic``, which have tests of their own.
"""

import numpy as np

from spikecore.arithmetic import exp, log

NUMBERS = (
    "decay", "threshold", "gain", "leak", "reset_value", "synapse_decay", "synapse_gain",
    "adaptation_decay", "adaptation_scale", "threshold_low", "map_scale", "map_onset", "map_slope",
)  # fmt: skip


class Cell:
    """One neuron: its numbers, and what goes on from step to step."""

    def __init__(self, lif, cast, numbers, start):
        self.lif, self.cast = lif, cast
        self.__dict__.update(numbers)
        self.membrane = start["membrane"]
        self.synapse, self.adaptation = start["synapse"], start["adaptation"]
        self.refractory = start["refractory"]

    def level(self):
        """The threshold in force."""
        adapts = self.lif.adaptation_decay is not None
        if adapts and self.lif.adaptation_of == "threshold":
            return self.threshold + self.adaptation
        return self.threshold

    def is_silenced(self):
        lif = self.lif
        cannot = lif.refractory_holds != "input" and lif.refractory_mode == "steps"
        return bool(lif.refractory) and cannot and self.refractory > 0

    def count(self):
        """Spikes of the membrane."""
        v, lif, cast = self.membrane, self.lif, self.cast
        if self.is_silenced():
            return cast(0)
        if lif.spikes == "multi":
            return cast(np.floor(v / self.level())) if v > 0 else cast(0)
        at_least = lif.compare == ">="
        if lif.threshold_low is not None and (
            v <= self.threshold_low if at_least else v < self.threshold_low
        ):
            return cast(-1)
        return cast(1 if (v >= self.level() if at_least else v > self.level()) else 0)

    def height(self):
        """How far the membrane is beyond a threshold; nothing is lower than NaN."""
        beyond = self.membrane - self.level()
        if self.lif.threshold_low is not None and self.threshold_low - self.membrane > beyond:
            beyond = self.threshold_low - self.membrane
        return self.cast(-np.inf) if self.is_silenced() or np.isnan(beyond) else beyond

    def removed(self, n):
        """What n spikes subtract."""
        return self.threshold_low if n < 0 else n * self.level()

    def drive(self, x):
        """The input of the membrane; the synaptic current moves on."""
        if self.lif.synapse_decay is None:
            return x
        order, jump, i = self.lif.synapse_order, self.synapse_gain * x, self.synapse
        for part in order.split("-"):
            if part == "decay":
                i = self.synapse_decay * i
            elif part == "jump":
                i = i + jump
            else:
                used = i
        self.synapse = i
        return used

    def upstroke(self, v):
        kind = self.lif.spike_map
        if kind == "linear":
            return self.cast(0)
        if kind == "quadratic":
            return self.map_scale * ((v - self.leak) * (v - self.map_onset))
        return self.map_scale * self.cast(exp(np.float64((v - self.map_onset) / self.map_slope)))

    def advance(self, due, x):
        lif, cast = self.lif, self.cast
        fired = lif.reset_at != "same" and due != 0
        x = self.drive(x)
        if lif.adaptation_decay is not None and lif.adaptation_of == "input":
            x = x - self.adaptation
        waits = bool(lif.refractory) and self.refractory > 0
        if waits and lif.refractory_holds == "input":
            x = cast(0)
        if lif.refractory_mode == "fraction":
            self.advance_in_fractions(x)
            return
        v = self.membrane
        if lif.reset == "value" and fired and not lif.drop_input:
            v = self.reset_value
        if lif.reset == "subtract" and fired and lif.decay_reset:
            v = v - self.removed(due)
        more = self.upstroke(v)
        v = self.leak + self.decay * (v - self.leak)
        v = v + self.gain * x
        v = v + more
        if lif.reset == "subtract" and fired and not lif.decay_reset:
            v = v - self.removed(due)
        if lif.reset == "value" and fired and lif.drop_input:
            v = self.reset_value
        if lif.lower is not None:
            v = max(v, cast(lif.lower))
        if not (waits and lif.refractory_holds == "membrane"):
            self.membrane = v

    def advance_in_fractions(self, x):
        """A step of which the membrane may sleep through the beginning."""
        cast, one = self.cast, self.cast(1)
        rate = cast(-log(np.float64(self.exact_decay)))
        steady = self.leak + cast(self.exact_gain / (1 - self.exact_decay)) * x
        self.refractory = max(self.refractory - one, cast(0))
        share = max(one - self.refractory, cast(0))
        moved = cast(1 - exp(-np.float64(rate * share)))
        self.membrane = self.membrane + (steady - self.membrane) * moved
        if self.lif.lower is not None:
            self.membrane = max(self.membrane, cast(self.lif.lower))
        if self.count():
            ratio = (steady - self.membrane) / (steady - self.level())
            ratio = min(max(ratio, self.decay), one)
            self.refractory = cast(self.lif.refractory) + (
                one + cast(log(np.float64(ratio))) / rate
            )

    def settle(self, due, now):
        """Spikes that the step reports."""
        lif, cast = self.lif, self.cast
        if lif.reset == "subtract" and lif.reset_at == "same":
            self.membrane = self.membrane - self.removed(now)
        if lif.reset == "subtract" and lif.reset_at == "exchange":
            self.membrane = self.membrane - (now - due) * self.threshold
        if lif.reset == "value" and lif.reset_at == "same" and now != 0:
            self.membrane = self.reset_value
        report = due if lif.report_spike == "old" else now
        if lif.refractory_mode == "steps":
            rested = max(self.refractory - cast(1), cast(0))
            self.refractory = cast(lif.refractory) if report != 0 else rested
        if lif.adaptation_decay is not None:
            raised = self.adaptation_scale * report
            self.adaptation = self.adaptation_decay * self.adaptation + raised
        return report


def run(lif, current, **start):
    """Spikes, and states by name, of ``[num_steps, rows, neurons]``; ``start`` are states too."""
    cast = current.dtype.type
    num_steps, num_rows, width = current.shape
    late = start.pop("delayed", np.zeros((lif.input_delay, *current.shape[1:]), cast))
    arriving = np.concatenate([late, current])
    states = {n: np.zeros_like(current) for n in ("membrane", "synapse", "adaptation",
                                                  "refractory")}  # fmt: skip
    spikes = np.zeros_like(current)
    for row in range(num_rows):
        cells = [_cell(lif, cast, i, width, row, start) for i in range(width)]
        for t in range(num_steps):
            due = _fired(lif, cells)
            for i, cell in enumerate(cells):
                cell.advance(due[i], arriving[t, row, i])
            now = _fired(lif, cells)
            for i, cell in enumerate(cells):
                spikes[t, row, i] = cell.settle(due[i], now[i]) * cast(lif.amplitude)
                for name, values in states.items():
                    values[t, row, i] = getattr(cell, name)
    return spikes, states


def _cell(lif, cast, i, width, row, start):
    def of(value):
        return None if value is None else np.broadcast_to(np.asarray(value), width)[i]

    numbers = {
        name: None if getattr(lif, name) is None else cast(of(getattr(lif, name)))
        for name in NUMBERS
    }
    numbers |= {"exact_decay": np.float64(of(lif.decay)), "exact_gain": np.float64(of(lif.gain))}
    began = of(lif.leak if lif.initial is None else lif.initial)
    held = {"membrane": cast(began), "synapse": cast(0), "adaptation": cast(0)}
    held["refractory"] = cast(0)
    held |= {name: values[row, i] for name, values in start.items()}
    return Cell(lif, cast, numbers, held)


def _fired(lif, cells):
    counts = [cell.count() for cell in cells]
    if lif.inhibition:
        heights = [cell.height() for cell in cells]
        winner = heights.index(max(heights))
        counts = [n if i == winner else n * 0 for i, n in enumerate(counts)]
    return counts
