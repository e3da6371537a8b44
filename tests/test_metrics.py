"""Metrics by hand, and the parameter that is chosen by them."""

import math
import sys
import types

import numpy as np
import pytest

from spikecore import decode, spikegen
from spikecore.codes import choose as searching

X = np.sin(np.linspace(0, 20, 300)) + 0.25


# --- metrics ------------------------------------------------------------------------------------


def test_metrics_by_hand():
    found = decode.metrics([3, 4, 5, 4], [3, 4, 4, 5], [0, 1, -2, 0])
    # the squares: of the signal 66, about its mean of 4 2, of the error 2
    assert found.snr == pytest.approx(10 * math.log10(66 / 2), rel=1e-15)
    assert found.centred_snr == 0
    assert found.rmse == math.sqrt(0.5)
    assert found.r2 == 0
    assert (found.count, found.rate, found.efficiency) == (3, 0.75, 25)
    assert all(type(value) is float for value in found)


def test_metrics_of_each_feature_are_those_of_it_alone():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 20, 3))
    spikes = rng.integers(-1, 2, (20, 3))
    together = decode.metrics(x, y, spikes, per_feature=True)
    for i in range(3):
        alone = decode.metrics(x[:, i], y[:, i], spikes[:, i])
        assert [value[i] for value in together] == pytest.approx(list(alone), rel=1e-12)
    flat = decode.metrics(x.reshape(-1), y.reshape(-1), spikes.reshape(-1))
    assert decode.metrics(x, y, spikes) == pytest.approx(flat, rel=1e-12)


def test_both_channels_count():
    pairs = [[1, 1], [0, 1], [0, 0], [1, 0]]
    found = decode.metrics([1, 2, 3, 4], [1, 2, 3, 3], pairs)
    assert (found.count, found.rate) == (4, 1)
    columns = [np.reshape(values, (4, 1)) for values in ([1, 2, 3, 4], [1, 2, 3, 3])]
    found = decode.metrics(*columns, np.reshape(pairs, (4, 1, 2)), per_feature=True)
    assert found.count.tolist() == [4]


@pytest.mark.parametrize(
    ("x", "y", "snr", "centred_snr", "r2"),
    [
        ([1, 2], [1, 2], math.inf, math.inf, 1),
        ([2, 2], [2, 2], math.inf, math.inf, 1),
        ([0, 0], [0, 0], math.inf, math.inf, 1),
        ([2, 2], [2, 4], 10 * math.log10(2), -math.inf, -math.inf),
        ([0, 0], [0, 4], -math.inf, -math.inf, -math.inf),
    ],
)
def test_a_quiet_signal_or_no_error_is_infinite(x, y, snr, centred_snr, r2):
    found = decode.metrics(x, y, [0, 0])
    assert found.snr == pytest.approx(snr, rel=1e-14)
    assert (found.centred_snr, found.r2) == (centred_snr, r2)


def test_the_centred_ratio_does_not_know_an_offset():
    y = X + 0.1 * np.cos(np.arange(len(X)))
    plain, lifted = decode.metrics(X, y, X), decode.metrics(X + 100, y + 100, X)
    assert lifted.centred_snr == pytest.approx(plain.centred_snr, rel=1e-9)
    assert lifted.snr > plain.snr + 30


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((1, 1, 1), r"^signal must hold samples"),
        (([], [], []), r"^signal must hold samples"),
        (([1, 2], [1, 2, 3], [0, 0]), r"^decoded must have the signal's shape \(2,\)"),
        (([1, 2], [1, 2], [0, 0, 0]), r"^spikes must have the signal's shape \(2,\)"),
        (([1, float("nan")], [1, 2], [0, 0]), r"^signal must be below 1e\+150 in size"),
        (([1, 2], [1, float("inf")], [0, 0]), r"^decoded must be below"),
        (([1, 2], [1, 1e160], [0, 0]), r"^decoded must be below"),
        (([1, 2], [1, 2], ["a", "b"]), r"^spikes must hold real numbers"),
    ],
    ids=str,
)
def test_metrics_refuse_by_name(given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        decode.metrics(*given)


# --- the choice of a parameter ------------------------------------------------------------------


KNOWN = {
    spikegen.bsa: {"fir": np.hanning(9)[1:-1] / 4, "shift": "min", "gain": "range"},
    spikegen.level_crossing: {},
    spikegen.modified_hsa: {"fir": np.hanning(9)[1:-1] / 4, "shift": -0.75},
    spikegen.moving_window: {"window": 3},
    spikegen.send_on_delta: {},
    spikegen.sigma_delta: {},
    spikegen.step_forward: {},
    spikegen.temporal_contrast: {"statistic": "absolute"},
}


def measured(encoder, parameter, options):
    """The metrics of one parameter, found without a search."""
    name = {spikegen.level_crossing: "spacing", spikegen.temporal_contrast: "factor"}
    spikes = encoder(X, **{name.get(encoder, "threshold"): parameter}, **options)
    first = X[0]
    if encoder in (spikegen.bsa, spikegen.modified_hsa):
        shift, gain = (X.min(), np.ptp(X)) if encoder is spikegen.bsa else (-0.75, 1)
        decoded = decode.convolve(spikes, options["fir"], shift, gain)
    elif encoder is spikegen.sigma_delta:
        decoded, spikes = decode.accumulate(spikes), spikes != 0
    elif encoder is spikegen.send_on_delta:
        decoded = decode.hold(X, spikes)
    elif encoder is spikegen.temporal_contrast:
        limit = spikegen.contrast_threshold(X, parameter, statistic="absolute")
        decoded = decode.staircase(spikes, limit, first, count_first=False)
    else:
        if encoder is spikegen.level_crossing:
            first = np.floor(first / parameter) * parameter
        counts = encoder is not spikegen.moving_window
        decoded = decode.staircase(spikes, parameter, first, count_first=counts)
    return decode.metrics(X, decoded, spikes)


@pytest.mark.parametrize("encoder", KNOWN, ids=lambda encoder: encoder.__name__)
def test_the_best_of_the_grid_is_chosen_and_then_refined(encoder):
    options = KNOWN[encoder]
    coarse = decode.choose(encoder, X, refine=0, **options)
    place = coarse.tried["parameter"].tolist().index(coarse.parameter)
    assert coarse.tried["snr"].max() == coarse.tried["snr"][place] == coarse.metrics.snr
    assert coarse.metrics == measured(encoder, coarse.parameter, options)
    fine = decode.choose(encoder, X, **options)
    assert set(coarse.tried["parameter"]) < set(fine.tried["parameter"])
    assert fine.metrics.snr >= coarse.metrics.snr
    assert fine.metrics == measured(encoder, fine.parameter, options)
    assert (np.diff(fine.tried["parameter"]) > 0).all()
    beside = coarse.tried["parameter"][max(0, place - 1) : place + 2]
    assert beside[0] <= fine.parameter <= beside[-1]


def test_a_round_tries_eight_on_either_side_of_the_best():
    def encode(signal, parameter):
        return np.zeros(len(signal))

    def decoder(spikes, parameter):
        return X + 1 + abs(parameter - 10)

    found = decode.choose(encode, X, grid=[-80, 1, 10, 28, 90], refine=1, decoder=decoder)
    assert found.tried["parameter"].tolist() == [-80, *range(1, 11), *range(12, 30, 2), 90]


def test_every_encoder_with_a_decoder_is_known():
    assert set(KNOWN) == set(searching.KNOWN)


@pytest.mark.parametrize("refine", [0, 2])
def test_a_ratio_is_reached_with_the_fewest_spikes(refine):
    found = decode.choose(spikegen.step_forward, X, "snr", 15, refine=refine)
    able = found.tried["snr"] >= 15
    assert found.metrics.snr >= 15
    assert found.metrics.count == found.tried["count"][able].min()
    assert found.metrics.count < decode.choose(spikegen.step_forward, X).metrics.count


@pytest.mark.parametrize(("by", "target"), [("count", 60), ("rate", 60 / 300)])
def test_so_many_spikes_are_used_as_well_as_they_can_be(by, target):
    found = decode.choose(spikegen.step_forward, X, by, target)
    able = found.tried["count"] <= 60
    assert found.metrics.count <= 60
    assert found.metrics.snr == found.tried["snr"][able].max()
    assert not able.all()


def scripted(table):
    """An encoder and a decoder that give so many spikes, and so large an error."""

    def encode(signal, parameter):
        spikes = np.zeros(len(signal))
        spikes[: table[parameter][0]] = 1
        return spikes

    return encode, lambda spikes, parameter: X + table[parameter][1]


@pytest.mark.parametrize(
    ("table", "asked", "parameter"),
    [
        ({1: (5, 0.1), 2: (4, 0.1), 3: (6, 0.1)}, (), 2),  # of equal ratios, fewer spikes
        ({1: (5, 0.1), 2: (5, 0.1), 3: (5, 0.2)}, (), 2),  # of equal numbers, the larger
        ({1: (9, 0.1), 2: (4, 0.2), 3: (4, 0.3)}, ("snr", 5), 2),  # of equal numbers, the better
        ({1: (9, 0.1), 2: (4, 0.2), 3: (2, 4.0)}, ("snr", 5), 2),
        ({1: (9, 0.1), 2: (4, 0.2), 3: (2, 0.4)}, ("count", 4), 2),
        ({1: (9, 0.1), 2: (4, 0.2), 3: (2, 0.4)}, ("count", 3.5), 3),
        ({1: (9, 0.1), 2: (4, 0.2), 3: (2, 0.4)}, ("rate", 9 / 300), 1),
    ],
    ids=str,
)
def test_how_ties_and_targets_are_decided(table, asked, parameter):
    encode, decoder = scripted(table)
    found = decode.choose(encode, X, *asked, grid=[3, 1, 2, 2], refine=0, decoder=decoder)
    assert found.parameter == parameter
    assert found.tried["parameter"].tolist() == [1, 2, 3]
    assert found.tried["count"].tolist() == [row[0] for row in table.values()]


def test_a_target_out_of_reach_is_refused_with_what_is_in_reach():
    best = decode.choose(spikegen.step_forward, X, refine=0).metrics.snr
    reached = rf"^target must be met.*got 200.0; the grid reaches {best:.6g}"
    with pytest.raises(ValueError, match=reached):
        decode.choose(spikegen.step_forward, X, "snr", 200)
    with pytest.raises(ValueError, match=r"^target must be met .*got -1.0; the grid reaches"):
        decode.choose(spikegen.step_forward, X, "count", -1)


def test_computed_thresholds_that_are_refused_are_passed_over():
    falling = -X.cumsum()
    found = decode.choose(spikegen.temporal_contrast, falling, refine=0)
    refused = np.isnan(found.tried["snr"])
    assert refused.any() and not refused.all()
    np.testing.assert_array_equal(np.isnan(found.tried["count"]), refused)
    with pytest.raises(ValueError, match=r"^grid must have a factor that gives a threshold"):
        decode.choose(spikegen.temporal_contrast, falling, grid=[0, 0.01])


def test_axes_reach_the_encoder_and_the_decoder():
    down = decode.choose(spikegen.step_forward, X, grid=[0.1], refine=0, threshold_down=0.2)
    spikes = spikegen.step_forward(X, 0.1, threshold_down=0.2)
    decoded = decode.staircase(spikes, 0.1, X[0], threshold_down=0.2)
    assert down.metrics == decode.metrics(X, decoded, spikes)
    pairs = decode.choose(spikegen.step_forward, X, grid=[0.1], refine=0, profile="rockpool")
    spikes = spikegen.step_forward(X, 0.1, profile="rockpool")
    decoded = decode.staircase(spikes, 0.1, X[0], channels="up_down")
    assert pairs.metrics == decode.metrics(X, decoded, spikes)
    pairs = decode.choose(
        spikegen.send_on_delta, X, grid=[0.1], refine=0, channels="up_down", initial=0.5
    )
    spikes = spikegen.send_on_delta(X, 0.1, initial=0.5)
    assert pairs.metrics == decode.metrics(X, decode.hold(X, spikes, 0.5), spikes)
    graded = decode.choose(spikegen.sigma_delta, X, grid=[0.3], refine=0, initial=None)
    values = spikegen.sigma_delta(X, 0.3, initial=None)
    assert graded.metrics == decode.metrics(X, decode.accumulate(values, X[0]), values != 0)
    fir = np.hanning(9)[1:-1] / 4
    kedri = decode.choose(spikegen.bsa, X, grid=[0.3], refine=0, profile="kedri", fir=fir)
    spikes = spikegen.bsa(X, fir, 0.3, profile="kedri")
    assert kedri.metrics == decode.metrics(X, decode.convolve(spikes, fir, X.min()), spikes)
    window = {"window": 5, "first": "window"}
    ahead = decode.choose(spikegen.moving_window, X, grid=[0.01], refine=0, **window)
    spikes = spikegen.moving_window(X, 0.01, **window)
    decoded = decode.staircase(spikes, 0.01, X[0], count_first=False)
    assert spikes[0] == -1
    assert ahead.metrics == decode.metrics(X, decoded, spikes)
    several = np.stack([X, 2 * X], axis=1)
    both = decode.choose(spikegen.step_forward, several, grid=[0.1], refine=0)
    spikes = spikegen.step_forward(several, 0.1)
    decoded = decode.staircase(spikes, 0.1, several[0])
    assert both.metrics == decode.metrics(several, decoded, spikes)


def test_the_multiplied_criterion_has_its_own_grid():
    fir = np.hanning(9)[1:-1] / 4
    for how in ({"criterion": "multiply", "shift": "min"}, {"profile": "mavlab"}):
        tried = decode.choose(spikegen.bsa, X, refine=0, fir=fir, **how).tried["parameter"]
        np.testing.assert_allclose(tried, np.linspace(0.8, 1.1, 31))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "best"}, r"^by must be one of"),
        ({"by": "count"}, r"^target must be given for by='count'"),
        ({"by": "rate"}, r"^target must be given"),
        ({"target": "high"}, r"^target must be a real number"),
        ({"grid": []}, r"^grid must hold a number"),
        ({"grid": [1, float("nan")]}, r"^grid\[1\] must lie in"),
        ({"refine": -1}, r"^refine must be"),
        ({"progress": 1}, r"^progress must be True or False"),
        ({"threshold": 1}, r"^threshold must be left out, because it is chosen"),
        ({"out": np.empty(300)}, r"^out must be left out"),
        ({"channels": "both"}, r"^channels must be one of"),
        ({"signal": 1.0}, r"^signal must hold samples"),
        ({"signal": []}, r"^signal must hold samples"),
        ({"signal": np.ones(9)}, r"^signal must vary"),
        ({"encoder": scripted({})[0], "decoder": max}, r"^grid must be given"),
        ({"encoder": [], "decoder": max, "grid": [1]}, r"^encoder must be a function, got"),
        ({"encoder": len, "decoder": max, "grid": [1]}, r"^encoder must fit encoder\(signal, para"),
        (
            {"grid": [1], "decoder": len},
            r"^decoder must fit decoder\(spikes, parameter\): too many",
        ),
        (
            {"window": 2},
            r"^options must fit step_forward: got an unexpected keyword argument 'wind",
        ),
        ({"name": 2}, r"^options must fit step_forward: got an unexpected keyword argument 'name'"),
        ({"encoder": spikegen.bsa}, r"^options must fit bsa: missing a required argument: 'fir'"),
        ({"encoder": spikegen.bsa, "fir": 10**400}, r"^fir must hold real numbers"),
        ({"encoder": scripted({})[0], "grid": [1]}, r"^decoder must be given"),
        ({"encoder": scripted({})[0], "grid": [1], "decoder": 3}, r"^decoder must be a function"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_choose_refuses_by_name(options, message):
    given = {"encoder": spikegen.step_forward, "signal": X} | options
    with pytest.raises((ValueError, TypeError), match=message):
        decode.choose(**given)


def test_samples_of_which_memory_holds_no_copy_are_refused_by_name():
    huge = np.broadcast_to(0.5, (2**40, 3))
    with pytest.raises(ValueError, match=r"^signal must fit into memory, got shape \(10995116"):
        decode.metrics(huge, huge, huge)


def test_an_error_of_the_callers_own_decoder_passes_through():
    def decoder(spikes, parameter):
        raise ZeroDivisionError("of the caller")

    with pytest.raises(ZeroDivisionError, match="of the caller"):
        decode.choose(spikegen.step_forward, X, decoder=decoder)


def test_an_encoder_of_a_class_without_a_hash_is_taken():
    class Coder:
        __hash__ = None

        def __call__(self, signal, threshold):
            return spikegen.step_forward(signal, threshold)

    chosen = decode.choose(Coder(), X, grid=[0.1], refine=0, decoder=lambda spikes, parameter: X)
    assert chosen.parameter == 0.1


# --- progress -----------------------------------------------------------------------------------


class Bar:
    """What stands in for tqdm, and remembers what it was told."""

    made = None  # a list of the bars

    def __init__(self, total, initial, desc, unit):
        self.total, self.done, self.closed = total, initial, False
        Bar.made.append(self)

    def update(self):
        self.done += 1

    def close(self):
        self.closed = True


@pytest.fixture
def bars(monkeypatch):
    """The bars that a search makes."""
    tqdm = types.ModuleType("tqdm")
    tqdm.tqdm, Bar.made = Bar, []
    monkeypatch.setitem(sys.modules, "tqdm", tqdm)
    return Bar.made


def search(**options):
    return decode.choose(spikegen.step_forward, X, grid=[0.1, 0.2, 0.3], **options)


def test_a_bar_counts_the_parameters_where_it_is_asked_for(bars):
    found = search(progress=True)
    assert [(bar.done, bar.closed) for bar in bars] == [(len(found.tried["snr"]), True)]
    assert bars[0].done <= bars[0].total


def test_a_short_search_shows_nothing(bars, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    search()
    search(progress=False)
    assert not bars


def test_a_long_search_shows_a_bar_on_a_terminal_only(bars, monkeypatch):
    monkeypatch.setattr(searching, "LONG", -1)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    search()
    assert not bars
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    found = search()
    assert [(bar.done, bar.closed) for bar in bars] == [(len(found.tried["snr"]), True)]
    search(progress=False)
    assert len(bars) == 1


def test_without_tqdm_it_is_named_where_a_bar_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(searching, "LONG", -1)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    search()
    with pytest.raises(ImportError, match=r"progress=True needs tqdm.*spikecore\[plot\]"):
        search(progress=True)


def test_an_error_closes_the_bar(bars):
    with pytest.raises(ValueError, match="channels"):
        search(progress=True, channels="both")
    assert bars[0].closed
    assert len(bars) == 1
