"""The calls of other toolboxes' encoders and decoders: the same spikes, the same signals.

Runs every recording that ``golden_codes`` finds.  What public arguments do not reproduce is left
out by a rule with its reason, and reproduced by the cause that the rule names, if it names one.
"""

import collections
import operator
import os
from typing import NamedTuple

import numpy as np
import pytest
from golden_codes import RECORDINGS, array, filters, profile_of, slips, values

from spikecore import decode, spikegen
from spikecore.validate.causes import CODES
from spikecore.validate.subject import compare, diagnose


class Rule(NamedTuple):
    """Recordings that are not compared: those with these fields, where the condition holds."""

    reason: str
    peer: str = ""  # the beginning of its name
    function: str = ""
    rule: str = ""  # the recording's semantics["encoder"]
    cause: str = ""  # the validator's cause that reproduces it
    when: object = lambda recording: True

    def holds(self, recording):
        return (
            recording["peer"].startswith(self.peer)
            and self.function in ("", recording["function"])
            and self.rule in ("", recording["semantics"]["encoder"])
            and self.when(recording)
        )


def of_signals(*names, dtype=""):
    return lambda recording: recording.get("signal") in names and recording["id"].endswith(dtype)


EXCLUDED = [
    Rule("the toolbox raises an error", when=lambda recording: "raises" in recording),
    # codes of values
    Rule(
        "intervals in continuous time, one drawn after another and laid into bins: no draw belongs "
        "to a step",
        "spikify", rule="poisson_binned", cause="intervals",
    ),
    # codes of time series
    Rule(
        "statistics of the samples so far: a threshold that another call cannot be given",
        "SpiCoder", rule="temporal_contrast_online", cause="running-threshold",
    ),
    Rule(
        "the mean leaves out the sample before, against its own MATLAB side",
        "MAVLab", "EncodingSchemes.moving_window", cause="lag",
    ),
    Rule(
        "numpy.convolve adds the products of a mean in an order of its own",
        "SpiCoder", "Batch.MW", when=lambda recording: "/ibm/w10t3.0/float64" in recording["id"],
    ),
    Rule(
        "the mean is a sum of x*(1/w), and x - mean > threshold: other bits at exact ties",
        "SpiCoder", "Batch.MW", cause="weights", when=of_signals("grid8", "grid10", "ibm"),
    ),
    Rule(
        "the baseline is float32 until the first spike, and float64 after it",
        "SpiCoder", "Batch.SF", cause="widened", when=of_signals("grid10", dtype="float32"),
    ),
    Rule(
        "the mean is NumPy's pairwise sum in float32, and the band around it float64",
        "spikify", "encoders.temporal.contrast.moving_window", cause="pairwise",
        when=of_signals("grid10", dtype="float32"),
    ),
    # filters and pulse width
    Rule(
        "slip: at step 0 the second sum has the last sample, and that decides",
        "MAVLab", "EncodingSchemes.ben_spike", cause="wraps", when=filters.wraps,
    ),
    Rule(
        "slip: the window ends at the step but meets the taps from the first on, and fewer of them "
        "at the start",
        "SpiCoder", rule="bsa_backward", cause="backward",
    ),
    Rule("slip: one sample is compared with every tap", rule="bsa_pointwise", cause="pointwise"),
    Rule(
        "another code: two saws, of a period that is no whole number of steps, and -1 where the "
        "falling one is met",
        rule="pwm_vasilache", cause="two-saws",
    ),
]  # fmt: skip

# Outputs that are not compared, of recordings that are: (function, output).
OUTPUTS_LEFT_OUT = {
    (
        "nn.modules.torch.UpDownTorch",
        "signal_after",
    ): "the caller's signal, which the call writes to",
    ("AsynchronousDeltaModulator", "resampled"): "the input of the encoder, resampled before it",
    ("TBR_factor3", "decoded"): "published with one decimal",
    ("timing_based.encoding.GaussianTuning", "sigma2"): "the width of the fields, an argument",
    **{
        (f"encoders.temporal.deconvolution.{name}", "fir"): "its scaled taps, which ours takes"
        for name in ("bens_spiker", "hough_spiker", "modified_hough_spiker")
    },
    ("BensSpikerAlgorithm", "decoded"): "centred, and begun with the second tap",
}


# --- one function a family: pairs of an output's name and what spikecore gives --------------------


def decoded(recording, spikes, threshold, signal, **options):
    """The decoded signal as the toolbox decodes, or nothing where it does not."""
    kind = recording["semantics"].get("decoder")
    if "decoded" not in recording["outputs"]:
        return
    dtype = array(recording, "outputs", "decoded").dtype
    if kind == "cumsum":  # SpiCoder: one product and one sum, of the whole count
        counts = decode.accumulate(spikes, dtype=dtype)
        yield "decoded", signal[0].astype(dtype) + counts * dtype.type(threshold)
        return
    first = {"staircase": signal[0], "staircase_from_0": 0 * signal[0]}[kind]
    options |= {"initial": first.astype(dtype), "count_first": False}
    yield "decoded", decode.staircase(spikes, threshold, **options)


def step_forward(recording, device):
    semantics, outputs = recording["semantics"], recording["outputs"]
    signal = array(recording, "inputs", "signal")
    if semantics["state"] != "data":  # toolboxes with a baseline of float64
        signal = signal.astype(np.float64)
    if "resampled" in outputs:
        signal = array(recording, "outputs", "resampled")
    threshold = semantics["threshold"]
    if "threshold_dtype" in semantics:
        threshold = float(np.dtype(semantics["threshold_dtype"]).type(threshold))
    options = {"threshold_down": semantics.get("threshold_down")}
    how = {"profile": profile_of(recording), "refractory": semantics.get("refractory", 0)}
    encoder = spikegen.step_forward
    if semantics["baseline"] != "step":
        encoder = spikegen.send_on_delta
    spikes = encoder(signal, threshold, **options, **how, device=device)
    yield "spikes", spikes
    yield from decoded(recording, spikes, threshold, signal, **options)
    if "baseline" in outputs:  # before each step
        yield "baseline", baselines(spikes, threshold, signal, how["refractory"], **options)


def baselines(spikes, threshold, signal, refractory, threshold_down):
    if not refractory:
        after = decode.staircase(
            spikes, threshold, signal[0], channels="up_down", threshold_down=threshold_down
        )
    else:  # the samples of the silent steps, which are those from a spike on
        fired = spikes.any(axis=-1)
        follows = fired.copy()
        for k in range(1, refractory):
            follows[k:] |= fired[:-k]
        after = decode.hold(signal, follows)
    return np.concatenate([signal[:1], after[:-1]])


def moving_window(recording, device):
    semantics, kwargs = recording["semantics"], recording["kwargs"]
    signal = array(recording, "inputs", "signal").astype(np.float64)
    threshold = semantics["threshold"]
    if profile_of(recording) == "spicoder":
        how = {"window": semantics["window"], "first": "growing"}
    else:
        window = kwargs["window_length"] if "window_length" in kwargs else kwargs["window"]
        how = {"window": window, "profile": profile_of(recording)}
    spikes = spikegen.moving_window(signal, threshold, **how, device=device)
    yield "spikes", spikes
    yield from decoded(recording, spikes, threshold, signal)


def temporal_contrast(recording, device):
    semantics, outputs = recording["semantics"], recording["outputs"]
    signal, factor = array(recording, "inputs", "signal"), semantics["factor"]
    how = {"profile": profile_of(recording)}
    if how["profile"] == "mavlab":  # its step 0 has d[2] where d[1] was meant
        how = {"edge": "repeat"}
    if len(signal) == 1:  # no change, and no threshold
        yield "spikes", spikegen.temporal_contrast(signal, factor=factor, **how, device=device)
        yield from decoded(recording, array(recording, "outputs", "spikes"), 1.0, signal)
        return
    if "threshold" in outputs and not (array(recording, "outputs", "threshold") > 0).all():
        with pytest.raises(ValueError, match=r"^factor must give .* threshold"):
            spikegen.temporal_contrast(signal, factor=factor, **how, device=device)
        return
    spikes = spikegen.temporal_contrast(signal, factor=factor, **how, device=device)
    if semantics["edge"] == "drop":
        spikes = spikes[:-1]
    if how == {"edge": "repeat"}:
        spikes[0] = spikes[2]
    yield "spikes", spikes
    limits = spikegen.contrast_threshold(signal, factor, **how, device=device)
    if "threshold" in outputs:
        theirs = array(recording, "outputs", "threshold")
        # NumPy's sums are pairwise, and ours in the order of the steps
        rtol = 1e-5 if signal.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(limits, theirs.reshape(limits.shape), rtol=rtol, atol=0)
        limits = theirs.reshape(limits.shape)  # so that what is decoded has the same bits
    yield from decoded(recording, spikes, limits, signal)


def sigma_delta(recording, device):
    semantics = recording["semantics"]
    signal, threshold = array(recording, "inputs", "signal"), semantics["threshold"]
    how = {"profile": profile_of(recording), "cum_error": semantics["cum_error"]}
    if semantics["quantise"]:
        how["step"] = semantics["quantise"]
    if "spike_exp" in semantics:  # of integers, shifted to the left
        unit = 2.0 ** semantics["spike_exp"]
        signal, threshold = signal * unit, threshold * unit
        if semantics["num_bits"]:
            how |= {"step": unit, "num_bits": semantics["num_bits"]}
    values = spikegen.sigma_delta(signal, threshold, **how, device=device)
    if "decoded" in recording["outputs"]:
        yield "decoded", decode.accumulate(values, device=device)
    if semantics.get("delay"):  # a step late, and run for a step longer
        values = np.concatenate([np.zeros_like(values[:1]), values])
    yield "values", values


NEARLY = {("sweep", name): "means and a logarithm" for name in ("snr", "rmse", "r2")}


def sweep(recording, device):
    """Metrics of each of many parameters, and the parameter with the highest ratio."""
    semantics, signal = recording["semantics"], array(recording, "inputs", "signal")
    signal = signal.reshape(-1).astype(np.float64)
    grid = array(recording, "inputs", "parameter").reshape(-1)
    options = {"profile": "kedri", "device": device}
    if semantics["window"]:
        options["window"] = recording["kwargs"]["window"]
    if semantics["of"] == "bsa":
        options |= {"fir": array(recording, "inputs", "fir").reshape(-1), "criterion": "multiply"}
    theirs = {name: array(recording, "outputs", name).reshape(-1) for name in recording["outputs"]}
    encoder, found = getattr(spikegen, semantics["of"]), collections.defaultdict(list)
    able = []
    for parameter in grid.tolist():
        try:
            chosen = decode.choose(encoder, signal, grid=[parameter], refine=0, **options)
        except ValueError as error:  # a computed threshold of 0 or less
            assert "a factor that gives a threshold" in str(error)
            able.append(False)
            continue
        able.append(True)
        for name, value in zip(
            ("snr", "rmse", "r2", "count", "afr"), MEASURES(chosen.metrics), strict=True
        ):
            found[name].append(value)
    assert any(able) and (all(able) or semantics["of"] == "temporal_contrast")
    for name, measured in found.items():
        ours = theirs[name].copy()
        ours[able] = measured
        yield name, ours
    chosen = decode.choose(encoder, signal, grid=grid[able], refine=0, **options)
    assert chosen.parameter == grid[able][theirs["snr"][able].argmax()]
    if all(able):
        assert chosen.parameter == grid[semantics["best_by_snr"]]
    np.testing.assert_array_equal(chosen.tried["count"], theirs["count"][able])


MEASURES = operator.attrgetter("snr", "rmse", "r2", "count", "rate")


RUNS = {
    "moving_window": moving_window,
    "sigma_delta": sigma_delta,
    "step_forward": step_forward,
    "sweep": sweep,
    "temporal_contrast": temporal_contrast,
    **filters.RUNS,
    **values.RUNS,
}


# --- tests --------------------------------------------------------------------------------------


def rule_of(recording):
    """The rule that leaves a recording out of the comparison, or None."""
    return next((rule for rule in EXCLUDED if rule.holds(recording)), None)


COMPARED = [recording for recording in RECORDINGS if rule_of(recording) is None]
SLIPS = [r for r in RECORDINGS if (rule := rule_of(r)) is not None and rule.cause]


# a sweep is a hundred calls, of codes whose other recordings run interpreted too
CALLS = [
    pytest.param(recording, device, id=f"{recording['id']}-{device}")
    for recording in COMPARED
    for device in ("cpu", "numpy")
    if device == "cpu" or recording["semantics"]["encoder"] != "sweep"
]


@pytest.mark.parametrize(("recording", "device"), CALLS)
def test_a_recorded_call_gives_what_the_toolbox_gave(recording, device):
    seen = set()
    for name, ours in RUNS[recording["semantics"]["encoder"]](recording, device):
        seen.add(name)
        if (recording["function"], name) in OUTPUTS_LEFT_OUT:
            continue
        theirs = array(recording, "outputs", name)
        assert ours.size == theirs.size
        if (recording["semantics"]["encoder"], name) in filters.NEARLY | NEARLY:
            np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=1e-9, atol=1e-12)
            continue
        limit = values.tolerance(recording, name, theirs.dtype)
        ours = ours.reshape(theirs.shape)
        if limit:
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit, err_msg=name)
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
    if seen:  # none where a threshold is refused, or statistics are compared
        missing = set(recording["outputs"]) - seen - {"threshold"}
        assert {(recording["function"], name) for name in missing} <= set(OUTPUTS_LEFT_OUT)


def cause_of(kind, name):
    return next(cause for cause in CODES[kind].causes if cause.name == name)


@pytest.mark.parametrize("recording", SLIPS, ids=lambda recording: recording["id"])
def test_a_slip_of_a_toolbox_is_reproduced_by_its_cause(recording):
    seen, name = slips.seen(recording), rule_of(recording).cause
    spikes = cause_of(seen.trial.subject.kind, name).expect(seen.trial).spikes
    np.testing.assert_array_equal(spikes, seen.observed.spikes)


WRITTEN_OUT = [
    (recording, name) for recording in COMPARED if (name := slips.written_out(recording))
]


@pytest.mark.parametrize(("recording", "name"), WRITTEN_OUT, ids=lambda known: str(known)[:60])
def test_a_slip_that_the_comparison_writes_out_is_a_cause_too(recording, name):
    seen = slips.seen(recording)
    spikes = cause_of(seen.trial.subject.kind, name).expect(seen.trial).spikes
    np.testing.assert_array_equal(spikes, seen.observed.spikes)


def test_every_slip_is_named_by_the_validator():
    """For the first recording of each on which the reference gives something else."""
    named = set()
    for recording in SLIPS:
        seen, name = slips.seen(recording), rule_of(recording).cause
        if name in named:
            continue
        try:
            check, _ = compare(*seen)
        except ValueError:  # a threshold that is refused
            continue
        if check.verdict != "exact":
            assert name in [cause.name for cause, _ in diagnose([seen], [check])]
            named.add(name)
    if "SPIKECORE_GOLDEN" not in os.environ:  # others' recordings need not have each
        assert named == {rule.cause for rule in EXCLUDED if rule.cause}


def test_how_many_recordings_are_reproduced(capsys):
    rules = collections.Counter(map(rule_of, RECORDINGS))
    compared = rules.pop(None)
    with capsys.disabled():
        print(f"\n{compared} of {len(RECORDINGS)} recorded calls are compared; the others:")
        for rule, count in rules.most_common():
            told = f"reproduced by the cause {rule.cause!r}: " if rule.cause else "left out: "
            print(f"  {count:4} {told}{rule.reason}")
    assert compared == len(COMPARED) > 0
    known = {recording["semantics"]["encoder"] for recording in RECORDINGS}
    assert known <= set(RUNS) | {rule.rule for rule in EXCLUDED}


def test_what_petro_published_is_compared():
    if "SPIKECORE_GOLDEN" in os.environ:  # others' recordings need not have it
        return
    published = [r for r in COMPARED if "as published" in r["peer"]]
    codes = {r["semantics"]["encoder"] for r in published}
    assert codes == {"bsa", "moving_window", "step_forward", "temporal_contrast"}
    assert len(published) == 4


def test_nearly_all_calls_that_answered_are_reproduced():
    answered = [recording for recording in RECORDINGS if "raises" not in recording]
    assert len(COMPARED) >= 0.9 * len(answered)
    if "SPIKECORE_GOLDEN" in os.environ:  # others' recordings have other shares
        return
    assert len(COMPARED) + len(SLIPS) == 1060 >= 0.97 * len(answered)


def test_every_rule_leaves_something_out():
    if "SPIKECORE_GOLDEN" in os.environ:  # others' recordings need not have each
        return
    for rule in EXCLUDED:
        assert any(rule.holds(recording) for recording in RECORDINGS), rule
    for function, output in OUTPUTS_LEFT_OUT:
        assert any(
            recording["function"] == function and output in recording["outputs"]
            for recording in COMPARED
        ), (function, output)
