"""The continuous neuron against closed forms and against 40 digits."""

import math

import numpy as np
import pytest
from conftest import assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import exact as plain

from spikecore import LIF
from spikecore.neurons import exact

WITHIN = 1e-12  # of the time constant


@pytest.mark.parametrize("refractory", [0.0, 0.3, 5.0])
@pytest.mark.parametrize("current", [1.001, 1.5, 40.0])
@pytest.mark.parametrize("reset", [{}, {"reset_value": -0.5}, {"reset": "subtract"}])
def test_a_constant_current_has_the_known_period(current, refractory, reset):
    neuron = exact.LIF(tau=3.0, refractory=refractory, **reset)
    times = neuron.run(50.0, current=current).spike_times
    begin = neuron.reset_value
    first = 3 * math.log(current / (current - 1))
    period = refractory + 3 * math.log((current - begin) / (current - 1))
    count = 0 if first >= 50 else 1 + math.floor((50 - first) / period)
    assert times.size == count > 0
    np.testing.assert_allclose(times, first + period * np.arange(count), rtol=0, atol=3 * WITHIN)


def test_a_current_that_ends_at_the_threshold_never_spikes():
    for current in (1.0, 0.5, -3.0, 0.0):
        assert exact.LIF(tau=1.0).run(1000.0, current=current).spike_times.size == 0


def test_input_spikes_without_a_synapse_move_the_membrane_at_once():
    neuron = exact.LIF(tau=10.0, threshold=1.0)
    run = neuron.run(50.0, input_times=[0, 5, 10], weights=0.52, sample_times=[0, 5, 7, 10])
    later = 0.52 * (math.exp(-0.5) + 1)
    assert run.spike_times.tolist() == [10.0]
    expected = [0.52, later, later * math.exp(-0.2), 0]
    np.testing.assert_allclose(run.samples, expected, rtol=1e-15, atol=0)


def test_a_jump_past_two_thresholds_spikes_twice_when_the_threshold_is_subtracted():
    jump = {"input_times": [1.0], "weights": 2.5, "sample_times": [1.0]}
    run = exact.LIF(tau=1.0, reset="subtract").run(2.0, **jump)
    assert (run.spike_times.tolist(), run.samples.tolist()) == ([1.0, 1.0], [0.5])
    run = exact.LIF(tau=1.0, reset="value").run(2.0, **jump)
    assert (run.spike_times.tolist(), run.samples.tolist()) == ([1.0], [0.0])


def test_inputs_at_one_time_are_summed_before_the_threshold_is_compared():
    neuron = exact.LIF(tau=1.0)
    run = neuron.run(2.0, input_times=[1.0, 1.0], weights=[1.5, -1.0], sample_times=[1.0])
    assert (run.spike_times.size, run.samples.tolist()) == (0, [0.5])


def test_the_membrane_is_held_while_the_neuron_waits_and_spikes_to_it_are_lost():
    neuron = exact.LIF(tau=1.0, refractory=2.0, reset_value=-1.0)
    times, samples = [1.0, 2.5, 3.0], [1.0, 2.9, 3.0]
    run = neuron.run(4.0, input_times=times, weights=1.25, sample_times=samples, current=0.0)
    assert run.spike_times.tolist() == [1.0]
    assert run.samples.tolist() == [-1.0, -1.0, 0.25]


@pytest.mark.parametrize("synapse_tau", [10.0, 10.0 * (1 + 1e-9), 5.0, 0.01, 3000.0])
def test_one_input_through_a_synapse_has_the_textbook_shape(synapse_tau):
    neuron = exact.LIF(tau=10.0, threshold=1e6, synapse_tau=synapse_tau)
    times = np.linspace(0, 90, 181)[1:]
    samples = neuron.run(100.0, input_times=[0.0], weights=3.0, sample_times=times).samples
    expected = [float(plain.membrane(neuron, 0, 3, 0, plain.Decimal(t))) for t in times.tolist()]
    np.testing.assert_allclose(samples, expected, rtol=2e-14, atol=1e-300)


def test_a_slow_synapse_outlasts_the_membrane():
    neuron = exact.LIF(tau=1.0, threshold=1e6, synapse_tau=100.0)  # exp(990) overflows
    sample = neuron.run(2000.0, input_times=[0.0], weights=1.0, sample_times=[1000.0]).samples
    assert sample[0] == pytest.approx(math.exp(-10) / 0.99, rel=1e-14)


@st.composite
def cases(draw):
    """A neuron, input spikes and changes of the current."""
    tau = draw(st.sampled_from([0.5, 1.0, 8.0]))
    ratio = draw(st.sampled_from([None, 0.125, 0.999999, 1.0, 1.5, 6.0]))
    reset = draw(st.sampled_from(["value", "subtract"]))
    neuron = exact.LIF(
        tau=tau,
        threshold=draw(st.sampled_from([0.75, 1.0])),
        leak=draw(st.sampled_from([0.0, 0.25])),
        resistance=draw(st.sampled_from([1.0, 2.0])),
        reset=reset,
        reset_value=draw(st.sampled_from([0.0, -0.5])) if reset == "value" else 0.0,
        refractory=draw(st.sampled_from([0.0, 0.25])) * tau,
        synapse_tau=None if ratio is None else ratio * tau,
    )
    moments = st.integers(0, 99)
    numbers = st.integers(-8, 24)
    inputs = draw(st.lists(st.tuples(moments, numbers), max_size=6))
    changes = draw(st.dictionaries(moments, st.integers(-4, 10), max_size=3))
    return (
        neuron,
        [(t * tau / 25, weight / 8) for t, weight in inputs],
        [(t * tau / 25, level / 4) for t, level in sorted(changes.items())],
    )


def run(neuron, inputs, changes, duration, **options):
    times, weights = zip(*inputs, strict=True) if inputs else ((), ())
    starts, levels = zip(*changes, strict=True) if changes else ((), ())
    return neuron.run(
        duration, input_times=times, weights=weights, current_times=starts, current=levels,
        **options,
    )  # fmt: skip


@settings(max_examples=60)
@given(cases())
def test_spikes_are_those_of_40_digits(case):
    neuron, inputs, changes = case
    ours = run(neuron, inputs, changes, 4 * neuron.tau).spike_times
    theirs = np.array(plain.spike_times(neuron, 4 * neuron.tau, inputs, changes), float)
    assert ours.size == theirs.size
    # the errors of earlier spikes are carried on, and a slow approach to the threshold widens them
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=20 * WITHIN * neuron.tau)


@settings(max_examples=100)
@given(cases(), st.integers(0, 100))
def test_runs_of_two_parts_join_to_the_whole(case, cut):
    neuron, inputs, changes = case
    tau, middle = neuron.tau, case[0].tau * cut / 25
    whole = run(neuron, inputs, changes, 4 * tau)
    early = [[pair for pair in pairs if pair[0] < middle] for pairs in (inputs, changes)]
    late = [[(t - middle, x) for t, x in pairs if t >= middle] for pairs in (inputs, changes)]
    first = run(neuron, *early, middle)
    second = run(neuron, *late, 4 * tau - middle, state=first.final)
    joined = np.concatenate([first.spike_times, middle + second.spike_times])
    assert joined.size == whole.spike_times.size
    np.testing.assert_allclose(joined, whole.spike_times, rtol=0, atol=20 * WITHIN * tau)
    np.testing.assert_allclose(second.final, whole.final, rtol=0, atol=1e-10)


@given(cases())
def test_the_unit_of_time_has_no_effect(case):
    neuron, inputs, changes = case
    slow = exact.LIF(
        neuron.tau * 4, neuron.threshold, neuron.leak, neuron.resistance, neuron.reset,
        neuron.reset_value, neuron.refractory * 4,
        neuron.synapse_tau and neuron.synapse_tau * 4,
    )  # fmt: skip
    times = run(neuron, inputs, changes, 4 * neuron.tau).spike_times
    stretched = [[(4 * t, x) for t, x in pairs] for pairs in (inputs, changes)]
    assert_same_bits(run(slow, *stretched, 16 * neuron.tau).spike_times, 4 * times)


@pytest.mark.parametrize("reset", ["value", "subtract"])
def test_the_exponential_propagator_is_exact_on_the_grid_for_held_input(reset):
    """Where no spike falls between two steps, which the discrete neuron could not see."""
    decay, levels = math.exp(-0.125), np.random.default_rng(0).uniform(-2, 0.9, 40)
    discrete = LIF(decay, gain=1 - decay, reset=reset, reset_at="same").run(levels[:, None])
    grid = 0.125 * np.arange(41)
    continuous = exact.LIF(tau=1.0, reset=reset).run(
        grid[-1] + 1, current=levels, current_times=grid[:-1], sample_times=grid[1:]
    )
    assert continuous.spike_times.size == discrete.spikes.sum() == 0
    membrane = discrete.recorded["membrane"][:, 0]
    np.testing.assert_allclose(continuous.samples, membrane, rtol=0, atol=WITHIN)


def test_a_touch_of_the_threshold_between_events_is_found():
    """The membrane is above the threshold for a thousandth of the time between two events."""
    neuron = exact.LIF(tau=1.0, synapse_tau=1.0, threshold=1.0)
    just = math.e * (1 + 1e-7)  # the alpha function i*t*exp(-t) has its maximum i/e at 1
    times = neuron.run(40.0, input_times=[0.0], weights=just).spike_times
    assert times.size == 1
    assert times[0] == pytest.approx(1 - math.sqrt(2e-7), abs=1e-6)
    assert neuron.run(40.0, input_times=[0.0], weights=math.e * (1 - 1e-7)).spike_times.size == 0


def test_an_empty_run_returns_where_it_began():
    run = exact.LIF(tau=1.0, leak=0.5).run(0.0)
    assert run.spike_times.size == 0
    assert run.final == exact.State(0.5)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: exact.LIF(tau=0), r"^tau must lie in \(0, inf\), got 0.0; "),
        (lambda: exact.LIF(tau="1"), r"^tau must be a real number, got '1'; "),
        (lambda: exact.LIF(1, refractory=-1), r"^refractory must lie in \[0, inf\), got -1.0; "),
        (lambda: exact.LIF(1, synapse_tau=0), r"^synapse_tau must lie in \(0, inf\), got 0.0; "),
        (lambda: exact.LIF(1, reset="none"), r"^reset must be one of \('value', 'subtract'\), got"),
        (lambda: exact.LIF(1, reset_value=1), r"^reset_value must be below the threshold 1.0, got"),
        (lambda: exact.LIF(1, 0, reset="subtract"), r"^threshold must be positive with reset='sub"),
        (lambda: exact.LIF(1).run(-1), r"^duration must lie in \[0, inf\), got -1.0; "),
        (lambda: exact.LIF(1).run(5, input_times=[1, 5]), r"^input_times\[1\] must lie in \[0, 5"),
        (
            lambda: exact.LIF(1).run(5, input_times=[1], weights=[1, 2]),
            r"^weights must be ",
        ),
        (
            lambda: exact.LIF(1).run(5, input_times=[math.nan]),
            r"^input_times\[0\] must be ",
        ),
        (
            lambda: exact.LIF(1).run(5, current=math.inf),
            r"^current must lie in ",
        ),
        (
            lambda: exact.LIF(1).run(5, current=[1, 2], current_times=[2, 1]),
            r"^current_times\[1\] must be at least the time before, 2.0, got 1.0; sort them",
        ),
        (
            lambda: exact.LIF(1).run(5, sample_times=[[1]]),
            r"^sample_times must be a number or ",
        ),
        (
            lambda: exact.LIF(1).run(5, state=0.5),
            r"^state must be a State, got a float; ",
        ),
        (lambda: exact.LIF(1).run(5, state=exact.State(math.nan)), r"^state.membrane must lie in "),
        (
            lambda: exact.LIF(1).run(1, current=1e12),
            r"^duration must be short enough for at most 10,",
        ),
    ],
)
def test_what_is_refused(call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
