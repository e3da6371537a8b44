"""A LIF neuron written plainly, one line after another, with room for one mistake.

It shares no code with the engine: without a mistake it is a second opinion on it, with one it is a
wrong implementation that the vectors must tell.  The mistakes are named as the diagnosis names
them.
"""

import numpy as np

from spikecore.validate.candidate import Observed

MISTAKES = (
    "compare=>=", "compare=>", "reset_at=same", "reset_at=next", "reset_at=exchange",
    "reset=value", "reset=subtract", "reset=none", "decay_reset=True", "decay_reset=False",
    "drop_input=True", "drop_input=False", "inhibition=True", "inhibition=False",
    "spikes=multi", "spikes=single", "report_spike=old", "report_spike=new",
    "refractory=0", "refractory+1", "refractory-1", "lower=0", "lower=None",
    "reset_value=0", "leak=0", "gain=1", "gain=1-decay", "gain*decay", "-gain",
    "decay=0", "decay=1", "1-decay", "exp(decay-1)", "1+ln(decay)", "decay**2",
    "threshold=1", "threshold*2", "amplitude=1", "unit-reset", "zero-start",
    "fused", "float64", "float64-steps", "float16",
    "report-before", "report-after", "late", "early", "late-input", "early-input",
    "stale", "shared-reset", "losers-reset", "sample-leak", "transposed", "reversed",
    "rectified", "flipped",
)  # fmt: skip

SIMPLE = {"decay_reset": False, "drop_input": False, "report_spike": "new"}
# What a mistake sets, where it is a matter of settings; the others are in the code below.
SETTINGS = {
    "compare=>=": {"compare": ">="},
    "compare=>": {"compare": ">"},
    "reset_at=same": {"reset_at": "same", **SIMPLE},
    "reset_at=next": {"reset_at": "next"},
    "reset_at=exchange": {"reset_at": "exchange", **SIMPLE},
    "reset=value": {"reset": "value"},
    "reset=subtract": {"reset": "subtract"},
    "reset=none": {"reset": "none"},
    "decay_reset=True": {"decay_reset": True},
    "decay_reset=False": {"decay_reset": False},
    "drop_input=True": {"drop_input": True},
    "drop_input=False": {"drop_input": False},
    "inhibition=True": {"inhibition": True},
    "inhibition=False": {"inhibition": False},
    "spikes=multi": {"spikes": "multi"},
    "spikes=single": {"spikes": "single"},
    "report_spike=old": {"report_spike": "old"},
    "report_spike=new": {"report_spike": "new"},
    "refractory=0": {"refractory": 0},
    "lower=0": {"lower": 0.0},
    "lower=None": {"lower": None},
    "reset_value=0": {"reset_value": 0.0},
    "leak=0": {"leak": 0.0},
    "gain=1": {"gain": 1.0},
    "decay=0": {"decay": 0.0},
    "decay=1": {"decay": 1.0},
    "threshold=1": {"threshold": 1.0},
    "amplitude=1": {"amplitude": 1.0},
}


class Plain:
    """The neuron with one mistake; it keeps what a careless implementation would keep."""

    def __init__(self, wrong=None):
        self.wrong = wrong
        self.kept = {}

    def __call__(self, lif, current):
        """Spikes and membranes of ``[T, ...]`` currents."""
        wrong = self.wrong
        settings = {name: getattr(lif, name) for name in FIELDS}
        settings.update(_applicable(lif, SETTINGS.get(wrong, {})))
        decay, gain = float(settings["decay"]), float(settings["gain"])
        changed = {
            "1-decay": (1 - decay, gain),
            "exp(decay-1)": (np.exp(decay - 1), gain),
            "1+ln(decay)": (1 + np.log(decay) if decay else 0.0, gain),
            "decay**2": (decay * decay, gain),
            "gain=1-decay": (decay, 1 - decay),
            "gain*decay": (decay, gain * decay),
            "-gain": (decay, -gain),
        }.get(wrong)
        if changed and changed[0] >= 0:
            settings["decay"], settings["gain"] = changed
        if wrong == "threshold*2":
            settings["threshold"] = 2 * settings["threshold"]
        if settings["refractory"]:
            settings["refractory"] += {"refractory+1": 1, "refractory-1": -1}.get(wrong, 0)
        current = _input(wrong, current)
        if wrong == "sample-leak" and current.ndim > 2:
            rows = [self._run(settings, current[:, i], "sample") for i in range(current.shape[1])]
            return Observed(*(np.stack(arrays, axis=1) for arrays in zip(*rows, strict=True)))
        result = self._run(settings, current, repr(lif) if wrong == "stale" else None)
        self.kept.pop("sample", None)
        return _output(wrong, settings, *result)

    def _run(self, s, current, keep):
        wrong, dtype = self.wrong, current.dtype
        wide = np.float64 if wrong in ("float64", "float64-steps") else dtype.type
        shape = current.shape[1:]
        names = ("decay", "threshold", "gain", "leak", "reset_value", "amplitude")
        decay, threshold, gain, leak, reset_value, amplitude = (
            wide(s[name]) if wrong == "float64" else wide(dtype.type(s[name])) for name in names
        )
        v = np.full(shape, 0 if wrong == "zero-start" else leak, wide)
        waiting = np.zeros(shape)
        kept = self.kept.get(keep)
        if kept is not None and kept[0].shape == shape:
            v, waiting = kept
        spikes, membranes = np.zeros((2, *current.shape), wide)
        resets = wide(1) if wrong == "unit-reset" else threshold
        for t, x in enumerate(current.astype(wide)):
            due = self._fires(s, v, threshold)
            if wrong == "shared-reset":
                due = np.broadcast_to(due.max(axis=-1, keepdims=True), shape)
            if s["refractory"]:
                x = np.where(waiting > 0, wide(0), x)
            if gain != 1:
                x = gain * x
            if s["reset_at"] == "next":
                if s["reset"] == "value" and not s["drop_input"]:
                    v = np.where(due > 0, reset_value, v)
                if s["reset"] == "subtract" and s["decay_reset"]:
                    v = v - due * resets
            v = self._leak(v, decay, leak, x)
            if s["reset_at"] in ("next", "exchange"):
                if s["reset"] == "subtract" and not s["decay_reset"]:
                    v = v - due * resets
                if s["reset"] == "value" and s["drop_input"]:
                    v = np.where(due > 0, reset_value, v)
            if s["lower"] is not None:
                v = np.maximum(v, wide(s["lower"]))
            fired = self._fires(s, v, threshold, masked=True)
            before = v
            every = fired.max(axis=-1, keepdims=True) if wrong == "shared-reset" else fired
            if s["reset_at"] == "same" and s["reset"] == "subtract":
                v = v - every * resets
            if s["reset_at"] == "same" and s["reset"] == "value":
                v = np.where(every > 0, reset_value, v)
            if s["reset_at"] == "exchange" and s["reset"] == "subtract":
                v = v - (every - due) * resets
            if wrong == "float64-steps":
                v = v.astype(dtype).astype(wide)
            if wrong == "float16":
                v = v.astype(np.float16).astype(wide)
            shown = due if s["report_spike"] == "old" else fired
            stops = every if wrong == "shared-reset" else shown
            waiting = np.where(stops > 0, s["refractory"], np.maximum(waiting - 1, 0))
            spikes[t] = shown * amplitude
            membranes[t] = before if wrong == "report-before" else v
        if keep:
            self.kept[keep] = v, waiting
        return spikes, membranes.astype(dtype)

    def _leak(self, v, decay, leak, x):
        if self.wrong == "fused" and v.dtype == np.float32:
            product = np.float64(decay) * (v - leak)
            if leak == 0:
                return (product + x).astype(np.float32)
            return (product + leak).astype(np.float32) + x
        v = leak + decay * (v - leak) if leak != 0 else decay * v
        return v + x

    def _fires(self, s, v, threshold, masked=False):
        """0 or 1, or several, in the dtype of the membrane."""
        if s["spikes"] == "multi":
            fires = np.where(v > 0, np.floor(v / threshold), 0)
        else:
            fires = v >= threshold if s["compare"] == ">=" else v > threshold
        if s["inhibition"] and not (self.wrong == "losers-reset" and not masked):
            fires = fires * (np.arange(v.shape[-1]) == v.argmax(axis=-1)[..., None])
        return fires.astype(v.dtype)


FIELDS = (
    "decay", "threshold", "gain", "leak", "compare", "reset", "reset_value", "reset_at",
    "decay_reset", "drop_input", "spikes", "report_spike", "refractory", "inhibition", "lower",
    "amplitude",
)  # fmt: skip


def _applicable(lif, changes):
    """The settings, left alone where they would mean nothing for this neuron."""
    subtract, value = lif.reset == "subtract", lif.reset == "value"
    following = lif.reset_at == "next"
    if changes.get("reset_at") == "exchange" and not subtract:
        return {}
    if changes.get("reset_at") == "same" and lif.reset == "none":
        return {}
    if changes.get("reset") == "value" and lif.reset_at == "exchange":
        return {**changes, "reset_at": "same"}
    meaningless = {
        "decay_reset": changes.get("decay_reset") and not (subtract and following),
        "drop_input": changes.get("drop_input") and not (value and following),
        "report_spike": changes.get("report_spike") == "old" and not following,
    }
    return {name: value for name, value in changes.items() if not meaningless.get(name)}


def _input(wrong, current):
    if wrong == "late-input":
        return np.concatenate([np.zeros_like(current[:1]), current[:-1]])
    if wrong == "early-input":
        return np.concatenate([current[1:], np.zeros_like(current[:1])])
    if wrong == "rectified":
        return np.where(current > 0, current, current.dtype.type(0))
    return current[::-1] if wrong == "reversed" else current


def _output(wrong, s, spikes, membranes):
    if wrong == "late":
        spikes = np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])
    if wrong == "early":
        spikes = np.concatenate([spikes[1:], np.zeros_like(spikes[:1])])
    if wrong == "flipped" and s["spikes"] == "single":
        spikes = s["amplitude"] - spikes
    if wrong == "reversed":
        spikes, membranes = spikes[::-1], membranes[::-1]
    if wrong == "transposed" and spikes.ndim > 2:
        spikes, membranes = (
            np.swapaxes(array, 1, 2).reshape(array.shape) for array in (spikes, membranes)
        )
    delayed = s["reset_at"] == "next" and s["report_spike"] == "new"
    if wrong == "report-after" and delayed and s["reset"] == "subtract":
        membranes = membranes - (spikes > 0) * membranes.dtype.type(s["threshold"])
    if wrong == "report-after" and delayed and s["reset"] == "value":
        membranes = np.where(spikes > 0, membranes.dtype.type(s["reset_value"]), membranes)
    return Observed(spikes, membranes)
