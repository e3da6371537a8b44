"""Every recorded call of a code that turns values into trains is what spikecore gives.

Reads ``tests/golden/codes``, or the folder ``codes`` inside the one that the environment variable
SPIKECORE_GOLDEN names.
"""

import json
import os
from pathlib import Path

import golden_codes_place as place
import numpy as np
import pytest

FOLDER = Path(os.environ.get("SPIKECORE_GOLDEN", Path(__file__).parent / "golden")) / "codes"
FAMILIES = {"burst", "current", "phase", "poisson", "population", "rank_order", "ttfs"}
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
RECORDS = [record for record in MANIFEST["recordings"] if record["encoder"] in FAMILIES]


def rule(record):
    return record["peer"], record["function"]


REPRODUCED = [record for record in RECORDS if rule(record) in place.REPRODUCE]
STATISTICS = [record for record in RECORDS if rule(record) in place.STATISTICS]


@pytest.fixture(scope="module")
def arrays():
    with np.load(FOLDER / "arrays.npz") as held:
        yield held


def test_nine_of_ten_recordings_are_reproduced():
    assert len(REPRODUCED) + len(STATISTICS) >= 0.9 * len(RECORDS)
    rules = {rule(record) for record in RECORDS}
    known = [*place.REPRODUCE, *place.EXCLUDED, *place.STATISTICS]
    assert rules <= set(known)
    assert len(known) == len(set(known))


def tolerance(record, name, dtype):
    """0, but for floats that come from other libraries' exponentials and sums."""
    function = record["function"].rpartition(".")[2]
    narrow, wide = place.TOLERANCES.get((function, name), (0, 0))
    return narrow if dtype == np.float32 else wide


@pytest.mark.parametrize("record", REPRODUCED, ids=lambda record: record["id"])
def test_a_recorded_call_is_reproduced(record, arrays):
    inputs = [arrays[key] for key in record["inputs"].values()]
    found = place.REPRODUCE[rule(record)](record["kwargs"], *inputs)
    assert set(found) <= set(record["outputs"])
    for name, actual in found.items():
        expected = arrays[record["outputs"][name]]
        assert actual.shape == expected.shape
        limit = tolerance(record, name, expected.dtype)
        if limit:
            np.testing.assert_allclose(actual, expected, rtol=0, atol=limit)
        else:
            np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("record", STATISTICS, ids=lambda record: record["id"])
def test_a_recorded_process_has_the_same_statistics(record, arrays):
    """Means of counts agree within 5 standard errors, of either: one in 10^6 would not."""
    inputs = [arrays[key] for key in record["inputs"].values()]
    spikes = place.elephant_rates(record["kwargs"], *inputs)
    theirs = {name: arrays[key] for name, key in record["outputs"].items()}
    counts, recorded = spikes.sum(axis=0), theirs["counts"]
    error = np.hypot(counts.std(), recorded.std()) / np.sqrt(len(counts))
    assert abs(counts.mean() - recorded.mean()) < 5 * error
    assert abs(np.log(counts.var() / recorded.var())) < 5 * 2 / np.sqrt(len(counts))
    times, train = np.nonzero(spikes)
    order = np.lexsort((times, train))
    intervals = np.diff(times[order])[np.diff(train[order]) == 0] / 10
    dead = record["kwargs"]["refractory_ms"] or 0
    assert intervals.min() >= dead + 0.1
    assert abs(intervals.mean() / theirs["isi_mean"][0] - 1) < 0.03
    assert abs(intervals.std() / intervals.mean() - theirs["isi_cv"][0]) < 0.03
