"""What statistics refuse, each in one sentence with the argument, its value and the remedy."""

import re

import numpy as np
import pytest

from spikecore import memory, statistics

SPIKES = np.eye(6, 3)
ALL = {
    "cross_correlogram": {"max_lag": 1},
    "rate_kernel": {"sigma": 1.0},
    "van_rossum": {"tau": 1.0},
    "victor_purpura": {"cost": 1.0},
}
PAIRS = ("correlation", "covariance", "cross_correlogram", "isi_distance", "spike_distance")
PAIRS += ("spike_sync", "van_rossum", "victor_purpura")


def refused(error, message, function, *arguments, **options):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        function(*arguments, **options)


@pytest.mark.parametrize("name", statistics.__all__)
@pytest.mark.parametrize(
    ("spikes", "error", "message"),
    [
        (1, ValueError, "spikes must have a time axis, got the scalar 1; pass [num_steps, ...]"),
        (
            [0, -1, 1],
            ValueError,
            "spikes must hold numbers of spikes, 0, 1, 2, ..., but spikes[1] is -1; pass "
            "spikes != 0 to count each element as one spike",
        ),
        (
            [[0, 1], [2, 0.5]],
            ValueError,
            "spikes must hold numbers of spikes, 0, 1, 2, ..., but spikes[1, 1] is 0.5; pass "
            "spikes != 0 to count each element as one spike",
        ),
        (
            np.array([[[0, np.nan]]]),
            ValueError,
            "spikes must hold numbers of spikes, 0, 1, 2, ..., but spikes[0, 0, 1] is nan; pass "
            "spikes != 0 to count each element as one spike",
        ),
        (
            np.array([np.inf]),
            ValueError,
            "spikes must hold numbers of spikes, 0, 1, 2, ..., but spikes[0] is inf; pass "
            "spikes != 0 to count each element as one spike",
        ),
        (
            np.array([2**60]),
            ValueError,
            "spikes must hold numbers of spikes, 0, 1, 2, ..., but spikes[0] is "
            "1152921504606846976; pass spikes != 0 to count each element as one spike",
        ),
        (
            ["a"],
            TypeError,
            "spikes must hold real numbers of at most 64 bits, got dtype <U1; convert it to "
            "float32 or float64 first",
        ),
    ],
)
def test_spikes_are_numbers_of_spikes_over_time(name, spikes, error, message):
    refused(error, message, getattr(statistics, name), spikes, **ALL.get(name, {}))


@pytest.mark.parametrize("name", statistics.__all__)
def test_more_spikes_than_memory_are_refused(name):
    with pytest.raises(
        ValueError, match=r"^spikes must fit into memory, got .*; pass a part of it"
    ):
        getattr(statistics, name)(np.array([2.0**52]), **ALL.get(name, {}))


@pytest.mark.parametrize("name", PAIRS)
def test_targets_have_as_many_steps(name):
    message = (
        "targets must have as many time steps as spikes, 6, got 5; cut both to the same length"
    )
    function, options = getattr(statistics, name), ALL.get(name, {})
    refused(ValueError, message, function, SPIKES, SPIKES[:5], **options)
    refused(
        ValueError,
        "targets must have a time axis, got the scalar 0; pass [num_steps, ...]",
        function, SPIKES, 0, **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_a_matrix_larger_than_memory_is_refused(name, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with pytest.raises(ValueError, match=r"^the output of shape .* are free; pass fewer trains"):
        getattr(statistics, name)(np.zeros((2, 12)), **ALL.get(name, {}))


POSITIVE = "must lie in [1e-100, 1e+100], got {}; choose a value in it"


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("isi", {"dt": 0}, ValueError, "dt " + POSITIVE.format(0.0)),
        ("rate", {"dt": -1}, ValueError, "dt " + POSITIVE.format(-1.0)),
        ("lvr", {"dt": np.inf}, ValueError, "dt " + POSITIVE.format("inf")),
        ("psth", {"dt": "1"}, TypeError, "dt must be a real number, got '1'; pass a plain float"),
        ("van_rossum", {"tau": 0}, ValueError, "tau " + POSITIVE.format(0.0)),
        ("spike_sync", {"max_tau": 0}, ValueError, "max_tau " + POSITIVE.format(0.0)),
        ("rate_kernel", {"sigma": np.nan}, ValueError, "sigma " + POSITIVE.format("nan")),
        (
            "victor_purpura",
            {"cost": -1},
            ValueError,
            "cost must lie in [0, 1e+100], got -1.0; choose a value in it",
        ),
        (
            "lvr",
            {"refractory": -1},
            ValueError,
            "refractory must lie in [0, 1e+100], got -1.0; choose a value in it",
        ),
        (
            "rate_kernel",
            {"sigma": 1, "cutoff": -1},
            ValueError,
            "cutoff must lie in [0, 1e+100], got -1.0; choose a value in it",
        ),
        (
            "rate_kernel",
            {"sigma": 1, "kernel": "exponential", "border_correction": True},
            ValueError,
            "border_correction must be False for a kernel of the past, got True with "
            "kernel='exponential'; use kernel='gaussian'",
        ),
        (
            "rate_kernel",
            {"sigma": 1, "kernel": "box"},
            ValueError,
            "kernel must be one of ('gaussian', 'exponential'), got 'box'; pass one of these names",
        ),
        (
            "psth",
            {"bin_steps": 0},
            ValueError,
            "bin_steps must be from 1 to 17179869184, got 0; pass the steps of one bin",
        ),
        (
            "correlation",
            {"bin_steps": 1.5},
            TypeError,
            "bin_steps must be an integer from 1 to 17179869184, got 1.5; pass the steps of one "
            "bin",
        ),
        (
            "psth",
            {"output": "hz"},
            ValueError,
            "output must be one of ('sum', 'mean', 'rate'), got 'hz'; pass one of these names",
        ),
        (
            "cross_correlogram",
            {"max_lag": 6},
            ValueError,
            "max_lag must be from 0 to 5, got 6; pass a number of steps in that range",
        ),
        (
            "cross_correlogram",
            {"max_lag": 1, "output": "sum"},
            ValueError,
            "output must be one of ('counts', 'border', 'coefficient'), got 'sum'; pass one of "
            "these names",
        ),
        (
            "rate",
            {"window": "open"},
            ValueError,
            "window must be one of ('half-open', 'closed'), got 'open'; pass one of these names",
        ),
        (
            "cv",
            {"ddof": 2},
            ValueError,
            "ddof must be from 0 to 1, got 2; pass a whole number in that range",
        ),
    ],
)
def test_options(name, options, error, message):
    refused(error, message, getattr(statistics, name), SPIKES, **options)


@pytest.mark.parametrize("name", ["rate", "isi_distance", "spike_distance"])
@pytest.mark.parametrize(
    ("start", "stop", "end"), [(3, 3, 3.0), (4, 2, 2.0), (-1, 2, 2), (0, 6.5, 6.5), (7, None, 6.0)]
)
def test_windows_rise_within_the_trains(name, start, stop, end):
    message = (
        f"start and stop must rise within the time of the trains, [0, 6.0], got {float(start)}"
    )
    message += f" and {float(end)}; choose times in that range"
    refused(ValueError, message, getattr(statistics, name), SPIKES, start=start, stop=stop)


@pytest.mark.parametrize("name", ["psth", "fano"])
@pytest.mark.parametrize("axis", [0, 3, -3, (1, 1), (1, -2), True, "x", 1.0, (1, None)])
def test_axes_are_those_of_features(name, axis):
    error = TypeError if axis in ("x", 1.0, (1, None)) and axis is not True else ValueError
    message = "axis must name axes of the spikes from 1 to 2, time being axis 0, got "
    message += f"{axis!r}; leave it out for all of them"
    refused(error, message, getattr(statistics, name), np.zeros((4, 2, 3)), axis=axis)
