"""Every axis of a code matters: on some recorded call, another value of it gives other spikes."""

import inspect
import typing

import numpy as np
import pytest
from test_golden_codes import COMPARED, RUNS

from spikecore import spikegen

# Arguments that are no axes: what is encoded, with which numbers, and how.
NUMBERS = {
    "data", "threshold", "factor", "window", "fir", "period", "low", "high", "spacing", "num_steps",
    "num_bits", "neurons", "beta", "sigma", "max_spikes", "min_interval", "max_interval", "decay",
    "gain", "seed", "first_element", "tau", "profile", "dtype", "out", "device", "stream",
}  # fmt: skip
# Codes that no toolbox has, or has with other draws; their own tests flip their axes.
NOT_RECORDED = {"level_crossing", "poisson", "rank_order"}
REFUSED = {("phase", "clip")}  # what the recordings clip is outside the range of the code
# What the axes are set to that do not list their values, from a recorded call's arguments.
OTHERS = {
    "threshold_down": lambda given: 1.5 * given["threshold"],
    "initial": lambda given: np.asarray(given["data"])[0] + given["threshold"],
    "edge": lambda given: ["zero", "repeat"],
    "refractory": lambda given: 3,
    "ddof": lambda given: [0, 1],
    "step": lambda given: 1.5 * given["threshold"],
    "offsets": lambda given: [(1, 0, 0), (0, 0, 0)],
    "shift": lambda given: 0.1,
    "gap": lambda given: [0, 1],
}
CODES = (
    "temporal_contrast", "step_forward", "send_on_delta", "moving_window", "sigma_delta", "bsa",
    "hsa", "modified_hsa", "phase", "burst", "population", "current",
)  # fmt: skip


def axes_of(code):
    """Names of the arguments in which toolboxes differ."""
    return [name for name in inspect.signature(getattr(spikegen, code)).parameters
            if name not in NUMBERS]  # fmt: skip


@pytest.fixture(scope="module")
def recorded_calls():
    """Arguments of every call of an encoder that the recordings lead to, by its name."""
    found = {code: [] for code in CODES}
    with pytest.MonkeyPatch.context() as patch:
        for code in CODES:
            patch.setattr(spikegen, code, noting(getattr(spikegen, code), found[code]))
        for recording in COMPARED:
            if recording["semantics"]["encoder"] != "sweep":  # the same codes a hundred times
                for _ in RUNS[recording["semantics"]["encoder"]](recording, "cpu"):
                    pass
    return found


def noting(function, calls):
    """A function that keeps the arguments of its calls."""
    signature = inspect.signature(function)

    def call(*positional, **named):
        spikes = function(*positional, **named)
        given = dict(signature.bind(*positional, **named).arguments)
        calls.append((given, np.array(spikes)))
        return spikes

    return call


def others(code, axis, given):
    """Values of an axis to try."""
    if axis in OTHERS:
        value = OTHERS[axis](given)
        return value if isinstance(value, list) else [value]
    hint = typing.get_type_hints(getattr(spikegen, code), include_extras=True)[axis]
    kinds = typing.get_args(hint) or (hint,)
    listed = [value for kind in (hint, *kinds) for value in typing.get_args(kind)
              if isinstance(value, str)]  # fmt: skip
    return listed or [False, True]


def changes_spikes(code, axis, given, spikes):
    """Whether some other value gives other spikes; one that the code refuses says nothing."""
    for value in others(code, axis, given):
        try:
            changed = getattr(spikegen, code)(**{**given, axis: value})
        except (ValueError, TypeError):
            if (code, axis) in REFUSED:
                return True
            continue
        if changed.shape != spikes.shape or (changed != spikes).any():
            return True
    return False


@pytest.mark.parametrize(
    ("code", "axis"), [(code, axis) for code in CODES for axis in axes_of(code)]
)
def test_an_axis_changes_the_spikes_of_a_recorded_call(code, axis, recorded_calls):
    assert any(changes_spikes(code, axis, *call) for call in recorded_calls[code])


def test_every_code_of_the_toolboxes_has_its_axes_here():
    named = {code for profile in spikegen.profiles().values() for code in profile.codes}
    assert named <= set(CODES) | NOT_RECORDED | {"latency"}
