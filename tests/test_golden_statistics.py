"""What Elephant and PySpike gave for the same spike trains: the same numbers.

Reads ``tests/golden/statistics``, or the folder ``statistics`` inside the one that the environment
variable SPIKECORE_GOLDEN names, and runs every number that it finds there.  What is not compared is
excluded by a rule in one table, with its reason.
"""

import collections
import functools
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from spikecore import statistics

FOLDER = Path(os.environ.get("SPIKECORE_GOLDEN", Path(__file__).parent / "golden")) / "statistics"
CASES = json.loads((FOLDER / "manifest.json").read_text())["cases"]
STEPS = 1000  # of 1 ms: every train lies in [0, 1000) ms

# --- what is not compared: (beginning of the name, reason) --------------------------------------

EXCLUDED = [
    ("train", "an input"),
    ("elephant_cch_lags", "an input: the lags of the correlograms"),
    ("elephant_sttc", "no spike time tiling coefficient here"),
    ("pyspike_spike_directionality", "no directionality here"),
    ("pyspike_spike_sync_maxtau", "max_tau bounds the edges alone: see the test of both rules"),
]


def reason_to_leave_out(name):
    """Why a recorded number is not compared, or None."""
    return next((reason for start, reason in EXCLUDED if name.startswith(start)), None)


# --- one function a measure, by the pattern of its recorded name ---------------------------------


class Measure(NamedTuple):
    """A pattern of names, our number, and the absolute tolerance with its reason."""

    pattern: str
    ours: object  # of a case's dense spikes [T, N] and the pattern's groups
    tolerance: float = 0.0
    reason: str = ""
    compare: object = np.asarray  # what is compared, of ours and of theirs


def of_train(function, **options):
    return lambda spikes, train: function(spikes[:, int(train)], **options)


def of_first_two(**options):
    def ours(spikes):
        return statistics.cross_correlogram(spikes[:, 0], spikes[:, 1], max_lag=20, **options)

    return ours


def upper(matrix):
    """The numbers of the pairs of different trains."""
    return matrix[np.triu_indices(len(matrix), 1)]


def mean_over_pairs(function):
    return lambda spikes: upper(function(spikes)).mean()


def in_window(function):
    return lambda spikes: function(spikes[:, 0], spikes[:, 1], start=200, stop=800)


def sync_of_all(spikes):
    """Coincidences of all pairs over spikes of all pairs, each pair weighted by its spikes."""
    counts = spikes.sum(axis=0)
    weights = upper(counts[:, None] + counts)
    if not weights.sum():
        return 1.0
    return (upper(statistics.spike_sync(spikes)) * weights).sum() / weights.sum()


ORDER = 1e-12, "sums in another order"
PROFILE = 1e-9, "profiles added up in another order"
KERNEL = 1e-12, "the peer's costs are those of a kernel, which rounds whole costs too"
FFT = 5e-5, "Hz: the peer uses an FFT"
CANCELLED = 1e-12, "the peer subtracts sums, which leaves 1e-14 of equal trains' squares", np.square
BINS = {"bin_steps": 10}
SMOOTH = {"sigma": 0.02, "bin_steps": 5, "cutoff": 5, "dt": 0.001}

MEASURES = [
    Measure(r"elephant_n_train(\d+)", lambda spikes, i: spikes[:, int(i)].sum()),
    Measure(r"elephant_mean_firing_rate_per_ms_train(\d+)", of_train(statistics.rate)),
    Measure(
        r"elephant_mean_firing_rate_100_900_train(\d+)",
        of_train(statistics.rate, start=100, stop=900, window="closed"),
    ),
    Measure(r"elephant_cv_train(\d+)", of_train(statistics.cv), *ORDER),
    Measure(r"elephant_cv2(?:_nan)?_train(\d+)", of_train(statistics.cv2), *ORDER),
    Measure(r"elephant_lv(?:_nan)?_train(\d+)", of_train(statistics.lv), *ORDER),
    Measure(r"elephant_lvr_(?:R5|nan)_train(\d+)", of_train(statistics.lvr, refractory=5), *ORDER),
    Measure(r"elephant_lvr_R0_train(\d+)", of_train(statistics.lvr), *ORDER),
    Measure(r"elephant_fanofactor", statistics.fano, *ORDER),
    Measure(
        r"elephant_time_histogram_10ms_counts|pyspike_psth_10ms",
        lambda spikes: statistics.psth(spikes, **BINS),
    ),
    Measure(
        r"elephant_time_histogram_10ms_mean",
        lambda spikes: statistics.psth(spikes, **BINS, output="mean"),
    ),
    Measure(
        r"elephant_time_histogram_10ms_rate_per_ms",
        lambda spikes: statistics.psth(spikes, **BINS, output="rate"),
    ),
    Measure(
        r"elephant_instantaneous_rate_gauss20ms_hz_train(\d+)",
        of_train(statistics.rate_kernel, **SMOOTH),
        *FFT,
    ),
    Measure(
        r"elephant_instantaneous_rate_gauss20ms_border_hz_train(\d+)",
        of_train(statistics.rate_kernel, **SMOOTH, border_correction=True),
        *FFT,
    ),
    Measure(r"elephant_cch", of_first_two()),
    Measure(r"elephant_cch_border", of_first_two(output="border"), *ORDER),
    Measure(r"elephant_cch_coeff", of_first_two(output="coefficient"), *ORDER),
    Measure(
        r"elephant_corrcoef_5ms",
        lambda spikes: statistics.correlation(spikes, bin_steps=5),
        *ORDER,
    ),
    Measure(
        r"elephant_covariance_5ms",
        lambda spikes: statistics.covariance(spikes, bin_steps=5),
        *ORDER,
    ),
    Measure(
        r"elephant_victor_purpura_q([\d.]+)_per_ms",
        lambda spikes, q: statistics.victor_purpura(spikes, cost=float(q)),
        *KERNEL,
    ),
    Measure(
        r"elephant_van_rossum_tau([\d.]+)ms",
        lambda spikes, tau: statistics.van_rossum(spikes, tau=float(tau)),
        *CANCELLED,
    ),
    Measure(r"pyspike_isi_distance_matrix", statistics.isi_distance, *PROFILE),
    Measure(r"pyspike_spike_distance_matrix", statistics.spike_distance, *PROFILE),
    Measure(r"pyspike_spike_sync_matrix", statistics.spike_sync),
    Measure(r"pyspike_isi_distance", mean_over_pairs(statistics.isi_distance), *PROFILE),
    Measure(r"pyspike_spike_distance", mean_over_pairs(statistics.spike_distance), *PROFILE),
    Measure(r"pyspike_spike_sync", sync_of_all, *ORDER),
    Measure(r"pyspike_isi_distance_200_800", in_window(statistics.isi_distance), *PROFILE),
    Measure(r"pyspike_spike_distance_200_800", in_window(statistics.spike_distance), *PROFILE),
]


def measure_of(name):
    """The measure of a recorded name, and the groups of its pattern."""
    found = [(m, match) for m in MEASURES if (match := re.fullmatch(m.pattern, name))]
    assert len(found) == 1, f"{name} has {len(found)} measures"
    return found[0][0], found[0][1].groups()


# --- tests --------------------------------------------------------------------------------------


@functools.cache
def arrays():
    with np.load(FOLDER / "data.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@functools.cache
def dense(case):
    """The trains of a case as [T, N] numbers of spikes, N in the order of their names."""
    found = [name for name in arrays() if re.fullmatch(rf"{re.escape(case)}/train\d+", name)]
    spikes = np.zeros((STEPS, len(found)), np.uint8)
    for i in range(len(found)):
        np.add.at(spikes[:, i], arrays()[f"{case}/train{i}"], 1)
    return spikes


NUMBERS = [(case["case"], name) for case in CASES for name in case["arrays"]]
COMPARED = [pair for pair in NUMBERS if reason_to_leave_out(pair[1]) is None]


@pytest.fixture(params=["cpu", "numpy"])
def device(request, monkeypatch):
    monkeypatch.setenv("SPIKECORE_DEVICE", request.param)


@pytest.mark.parametrize("case", [case["case"] for case in CASES])
def test_the_numbers_of_a_set_are_those_of_the_peers(case, device):
    for name in [name for its_case, name in COMPARED if its_case == case]:
        measure, groups = measure_of(name)
        ours = np.asarray(measure.ours(dense(case), *groups))
        theirs = arrays()[f"{case}/{name}"]
        assert ours.size == theirs.size, name
        ours, theirs = measure.compare(ours.reshape(theirs.shape)), measure.compare(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=measure.tolerance, err_msg=name)


def test_where_elephant_raises_for_few_intervals_the_result_is_nan():
    seen = 0
    for case in CASES:
        for name in case["raises"]:
            if not re.match(r"elephant_(cv2|lv|lvr_R\d)_train", name):
                continue
            measure, groups = measure_of(name)
            assert np.isnan(measure.ours(dense(case["case"]), *groups)), name
            seen += 1
    assert seen or "SPIKECORE_GOLDEN" in os.environ


def test_where_elephant_raises_for_a_rate_of_no_spikes_it_is_0():
    seen = 0
    for case in CASES:
        for name in case["raises"]:
            if name.startswith("elephant_mean_firing_rate"):
                measure, groups = measure_of(name)
                assert measure.ours(dense(case["case"]), *groups) == 0, name
                seen += 1
    assert seen or "SPIKECORE_GOLDEN" in os.environ


@pytest.mark.parametrize("cost", [0, 1, 10])
@pytest.mark.parametrize("case", [case["case"] for case in CASES])
def test_whole_costs_give_the_whole_number_that_the_peer_rounds_to(case, cost, device):
    recorded = arrays()[f"{case}/elephant_victor_purpura_q{cost}.0_per_ms"]
    ours = statistics.victor_purpura(dense(case), cost=cost)
    np.testing.assert_array_equal(ours, np.rint(recorded))


# --- max_tau: PySpike's rule, and the paper's ---------------------------------------------------


def sync_with_bounded_edges(x, y, max_tau):
    """PySpike 0.9.0: ``2*max_tau`` stands for the missing interval of a first or last spike.

    A train without spikes has one at both edges.
    """
    x, y = (t if len(t) else np.array([0, STEPS]) for t in (x, y))

    def intervals(train, i):
        before = train[i] - train[i - 1] if i else 2 * max_tau
        return before, train[i + 1] - train[i] if i + 1 < len(train) else 2 * max_tau

    coincidences = sum(
        abs(x[i] - y[j]) < min(*intervals(x, i), *intervals(y, j)) / 2 or x[i] == y[j]
        for i in range(len(x))
        for j in range(len(y))
    )
    return coincidences, len(x) + len(y)


def sync_of_the_paper(x, y, max_tau):
    def intervals(train, i):
        before = train[i] - train[i - 1] if i else STEPS
        return before, train[i + 1] - train[i] if i + 1 < len(train) else STEPS

    coincidences = sum(
        abs(x[i] - y[j]) < min(max_tau, min(*intervals(x, i), *intervals(y, j)) / 2)
        for i in range(len(x))
        for j in range(len(y))
    )
    return coincidences, len(x) + len(y)


def trains(case):
    return [np.flatnonzero(column).astype(float) for column in dense(case).T]


def of_first_two_trains(rule, case):
    x, y = trains(case)[:2]
    coincidences, number = rule(x, y, 5)
    return 2 * coincidences / number if len(x) + len(y) else 1.0


@pytest.mark.parametrize("case", [case["case"] for case in CASES])
def test_max_tau_follows_the_paper_and_the_recording_bounds_the_edges_alone(case, device):
    recorded = arrays()[f"{case}/pyspike_spike_sync_maxtau5"]
    assert of_first_two_trains(sync_with_bounded_edges, case) == recorded
    spikes = dense(case)
    ours = statistics.spike_sync(spikes[:, 0], spikes[:, 1], max_tau=5)
    assert ours == of_first_two_trains(sync_of_the_paper, case)


def test_the_two_rules_of_max_tau_differ_in_some_set():
    if "SPIKECORE_GOLDEN" in os.environ:
        return
    both = [
        (
            of_first_two_trains(sync_with_bounded_edges, case),
            of_first_two_trains(sync_of_the_paper, case),
        )
        for case in (case["case"] for case in CASES)
    ]
    assert 0 < sum(theirs != ours for theirs, ours in both) < len(CASES)


def test_regular_trains_further_apart_than_max_tau_do_not_coincide():
    """Trains 10 ms apart with intervals of 50 ms: the other rule gives 0.9 for 5 ms."""
    spikes = np.zeros((STEPS, 2))
    spikes[25::50, 0] = spikes[35::50, 1] = 1
    assert statistics.spike_sync(spikes, max_tau=5)[0, 1] == 0
    assert statistics.spike_sync(spikes)[0, 1] == 1
    x, y = (np.flatnonzero(train) for train in spikes.T)
    coincidences, number = sync_with_bounded_edges(x, y, 5)
    assert 2 * coincidences / number == 0.9


# --- what is run --------------------------------------------------------------------------------


def test_how_many_numbers_are_compared(capsys):
    reasons = collections.Counter(reason_to_leave_out(name) for _, name in NUMBERS)
    compared = reasons.pop(None)
    measures = {measure_of(name)[0].pattern for _, name in COMPARED}
    with capsys.disabled():
        print(
            f"\n{compared} of {len(NUMBERS)} recorded arrays, {len(measures)} measures; left out:"
        )
        for reason, count in reasons.most_common():
            print(f"  {count:4} {reason}")
    assert compared == len(COMPARED) > 0


def test_every_measure_is_compared_on_every_set():
    if "SPIKECORE_GOLDEN" in os.environ:  # others' recordings need not have each
        return
    for case in CASES:
        recorded = [*case["arrays"], *case["raises"]]
        names = [name for name in recorded if reason_to_leave_out(name) is None]
        assert {measure_of(name)[0].pattern for name in names} == {m.pattern for m in MEASURES}


def test_every_rule_leaves_something_out():
    if "SPIKECORE_GOLDEN" in os.environ:
        return
    for start, _ in EXCLUDED:
        assert any(name.startswith(start) for _, name in NUMBERS), start
