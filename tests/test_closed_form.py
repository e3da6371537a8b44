"""Under a constant current the times of the spikes are known in exact arithmetic.

Two derivations that know nothing of the package: the recursion in rational numbers, and closed
forms, because between two spikes the membrane is a sum of powers of the decay:
``v[n] = d**n * v[0] + x*(1 - d**n)/(1 - d)``.

Decays of 1/2 and 3/4 with dyadic numbers are exact in float64, so everything is equal.  With 0.9
each rational membrane is shown to keep clear of the threshold by far more than rounding.
"""

from fractions import Fraction as F  # noqa: N817, written all over

import numpy as np
import pytest

from spikecore import LIF, Lapicque, Leaky, Synaptic

STEPS = 40
DYADIC = [F(5, 16), F(3, 8), F(1, 2), F(9, 16), F(3, 4), F(1), F(11, 8), F(5, 2)]
TENTHS = [F(k, 100) for k in (13, 17, 23, 29, 31, 43, 57, 71, 97, 131, 173)]


def geometric(x, d, n):
    """Membrane after n steps of a constant current, from rest."""
    return x * (1 - d**n) / (1 - d) if d != 1 else x * n


def run(lif, currents, steps=STEPS, device="numpy"):
    """Spike counts ``[neurons][steps]`` and membranes for each constant current."""
    values = np.tile([float(x) for x in currents], (steps, 1))
    done = lif.run(values, device=device)
    return done.spikes.T, done.recorded["membrane"].T


# --- no reset: the geometric series -------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("decay", [F(0), F(1, 2), F(3, 4), F(1)])
def test_without_reset_the_membrane_is_the_geometric_series(decay, device):
    # 20 steps of 3/4: denominators up to 4**20 * 16 < 2**53, so that float64 holds every sum
    _, membranes = run(LIF(float(decay), reset="none"), DYADIC, 20, device)
    for x, membrane in zip(DYADIC, membranes, strict=True):
        assert [F(v) for v in membrane] == [geometric(x, decay, n) for n in range(1, 21)]


def test_without_reset_the_membrane_is_the_geometric_series_but_for_rounding():
    decay = F(0.9)  # the double itself
    _, membranes = run(LIF(0.9, reset="none"), TENTHS)
    for x, membrane in zip(TENTHS, membranes, strict=True):
        for n, v in enumerate(membrane, 1):
            exact = geometric(F(float(x)), decay, n)
            # each step rounds a product and a sum, and 1/(1 - d) = 10 steps add up
            assert abs(F(v) - exact) <= 10 * 2 * F(2) ** -53 * exact


def test_a_synaptic_current_makes_a_sum_of_two_series():
    # i[n] = (1 - a**n)/(1 - a) x, v[n] = sum of b**(n - k) i[k]
    a, b = F(1, 2), F(1, 4)
    current = np.full((16, 1), 0.75)
    done = Synaptic(0.5, 0.25, reset_mechanism="none").run(current, record=("synapse", "membrane"))
    for n in range(1, 17):
        assert F(done.recorded["synapse"][n - 1, 0]) == geometric(F(3, 4), a, n)
        exact = sum(b ** (n - k) * geometric(F(3, 4), a, k) for k in range(1, n + 1))
        assert F(done.recorded["membrane"][n - 1, 0]) == exact


# --- rheobase -----------------------------------------------------------------------------------

PROFILES = (
    "snntorch-1.0", "snntorch-1.0-zero", "snntorch-1.0-subtract-now", "snntorch-0.7",
    "snntorch-0.7-zero", "spikingjelly", "spikingjelly-soft", "norse-box", "norse-box-subtract",
    "sinabs", "sinabs-single-reset", "bindsnet", "lava", "spyx", "nengo",
)  # fmt: skip


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("decay", [0.5, 0.75, 0.9])
def test_the_rheobase(name, decay):
    """The membrane tends to x/(1 - d), from below: x <= threshold*(1 - d) never reaches it."""
    threshold = 2.0
    lif = LIF.profile(name, decay=decay, threshold=threshold, gain=1.0)
    rheobase = threshold * (1 - decay)
    below, above = rheobase * (1 - 1e-12), rheobase * (1 + 1e-3)
    done = lif.run(np.tile([below / 3, below, above, 2 * above], (400, 1)), device="numpy")
    assert not done.spikes[:, :2].any()
    # (1 + 1e-3)(1 - d**n) > 1 from n = ln(1001)/ln(1/d) <= 66 steps on; refractory steps add 5
    fired = done.spikes[:, 2:] != 0
    assert (fired[:80].any(axis=0) & fired[-80:].any(axis=0)).all()
    assert fired[:, 1].sum() >= fired[:, 0].sum()


# --- spike times by closed form -----------------------------------------------------------------


def steps_to_cross(start, x, d, threshold, at_least):
    """Fewest steps n >= 1 with d**n*start + x*(1 - d**n)/(1 - d) over the threshold, or None."""
    for n in range(1, STEPS + 1):
        v = d**n * start + geometric(x, d, n)
        if v > threshold or (at_least and v == threshold):
            return n
    return None


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("refractory", [0, 1, 3])
@pytest.mark.parametrize("compare", [">", ">="])
@pytest.mark.parametrize("at", ["same", "next"])
def test_a_reset_to_zero_makes_a_regular_train(at, compare, refractory, device):
    """Interval: the steps from zero to the threshold, and the refractory steps before.

    Same step: zero does not decay through r steps without input, so the interval is n + r.  Next
    step: that step begins at zero and takes its input, so n + r as well.
    """
    decay = F(1, 2)
    lif = LIF(0.5, compare=compare, reset="value", reset_at=at, refractory=refractory)
    spikes, _ = run(lif, DYADIC, device=device)
    for x, train in zip(DYADIC, spikes, strict=True):
        n = steps_to_cross(F(0), x, decay, 1, compare == ">=")
        expected = [] if n is None else list(range(n - 1, STEPS, n + refractory))
        assert np.flatnonzero(train).tolist() == expected, x


@pytest.mark.parametrize("value", [F(1, 4), F(-1, 2)])
def test_refractory_steps_let_a_reset_value_decay(value):
    decay, refractory = F(1, 2), 2
    lif = LIF(0.5, reset="value", reset_value=float(value), reset_at="same", refractory=refractory)
    spikes, _ = run(lif, DYADIC)
    for x, train in zip(DYADIC, spikes, strict=True):
        expected = []
        n = steps_to_cross(F(0), x, decay, 1, False)
        time = -1
        while n is not None and time + n < STEPS:
            time += n
            expected.append(time)
            n = steps_to_cross(value * decay**refractory, x, decay, 1, False)
            time += refractory
        assert np.flatnonzero(train).tolist() == expected, x


@pytest.mark.parametrize("compare", [">", ">="])
def test_a_dropped_input_makes_the_interval_a_step_longer(compare):
    lif = LIF(0.75, compare=compare, reset="value", drop_input=True)
    spikes, _ = run(lif, DYADIC, 20)
    for x, train in zip(DYADIC, spikes, strict=True):
        n = steps_to_cross(F(0), x, F(3, 4), 1, compare == ">=")
        assert np.flatnonzero(train).tolist() == list(range(n - 1, 20, n + 1)), x


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("compare", [">", ">="])
def test_subtraction_between_spikes_is_a_geometric_sum(compare, device):
    """Reset in the same step: from v - threshold the next crossing follows in closed form."""
    decay = F(1, 2)
    spikes, membranes = run(LIF(0.5, compare=compare, reset_at="same"), DYADIC, device=device)
    for x, train, membrane in zip(DYADIC, spikes, membranes, strict=True):
        start, time, expected = F(0), -1, []
        while True:
            n = steps_to_cross(start, x, decay, 1, compare == ">=")
            if n is None or time + n >= STEPS:
                break
            time += n
            start = decay**n * start + geometric(x, decay, n) - 1
            expected.append(time)
            if time < 20:  # float64 holds the sums so far exactly
                assert F(membrane[time]) == start
        assert np.flatnonzero(train).tolist() == expected, x


def test_without_leak_the_charge_is_counted():
    """Decay 1, subtract, several spikes a step: floor(n*x) spikes after n steps, whatever x."""
    spikes, membranes = run(
        LIF(1.0, compare=">=", reset_at="same", spikes="multi"), DYADIC, device="cpu"
    )
    for x, train, membrane in zip(DYADIC, spikes, membranes, strict=True):
        for n in range(1, STEPS + 1):
            assert train[:n].sum() == n * x // 1
            assert F(membrane[n - 1]) == n * x % 1


# --- spike times by the recursion in rational numbers -------------------------------------------

AXES = {
    "subtract": {},
    "subtract, decayed": {"decay_reset": True},
    "subtract, same": {"reset_at": "same"},
    "subtract, exchange": {"reset_at": "exchange"},
    "value": {"reset": "value", "reset_value": 0.25},
    "value, dropped": {"reset": "value", "drop_input": True},
    "value, same": {"reset": "value", "reset_at": "same"},
    "multi, same": {"compare": ">=", "reset_at": "same", "spikes": "multi"},
    "multi, next": {"compare": ">=", "spikes": "multi"},
    "at least": {"compare": ">="},
    "old": {"report_spike": "old"},
    "refractory": {"refractory": 2},
    "leak, gain": {"leak": 0.5, "gain": 0.5},
    "lower": {"lower": 0.25, "reset_at": "same"},
}


def rational(lif, x, decay, threshold):
    """Spikes by exact recursion, and how close a membrane ever comes to a threshold."""
    gain, leak, value = F(lif.gain), F(lif.leak), F(lif.reset_value)
    v, waiting, spikes, margin = leak, 0, [], F(10)

    def count(v):
        if lif.spikes == "multi":
            return max(v // threshold, 0)
        return int(v >= threshold if lif.compare == ">=" else v > threshold)

    def distance(v):
        nearest = max(round(v / threshold), 1) if lif.spikes == "multi" else 1
        return abs(v - nearest * threshold)

    for _ in range(STEPS):
        due = count(v)
        late = due if lif.reset_at != "same" else 0
        drive = 0 if waiting else gain * x
        if lif.reset == "value" and late and not lif.drop_input:
            v = value
        if lif.reset == "subtract" and lif.decay_reset:
            v -= late * threshold
        v = leak + decay * (v - leak) + drive
        if lif.reset == "subtract" and not lif.decay_reset:
            v -= late * threshold
        if late and lif.drop_input:
            v = value
        if lif.lower is not None:
            v = max(v, F(lif.lower))
        margin = min(margin, distance(v))
        now = count(v)
        if lif.reset_at == "same":
            v = v - now * threshold if lif.reset == "subtract" else value if now else v
        if lif.reset_at == "exchange":
            v -= (now - due) * threshold
            margin = min(margin, distance(v))
        spikes.append(due if lif.report_spike == "old" else now)
        waiting = lif.refractory if spikes[-1] else max(waiting - 1, 0)
    return spikes, margin


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_spike_times_in_exact_arithmetic(axes):
    """Decay 1/2 and dyadic currents; a membrane gains a bit a step, so 40 steps are exact."""
    lif = LIF(0.5, **axes)
    spikes, _ = run(lif, DYADIC)
    fired = 0
    for x, train in zip(DYADIC, spikes, strict=True):
        expected, _ = rational(lif, x, F(1, 2), F(1))
        assert train.tolist() == expected, x
        fired += sum(expected)
    assert fired


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_spike_times_with_a_margin(axes):
    """Decay 0.9, where nothing is exact: no rational membrane is within 1e-9 of a threshold."""
    lif = LIF(0.9, **axes)
    spikes, _ = run(lif, TENTHS)
    compared = 0
    for x, train in zip(TENTHS, spikes, strict=True):
        expected, margin = rational(lif, x, F(9, 10), F(1))
        if margin > F(1, 10**9):  # roundings of 40 steps are below 1e-14
            assert train.tolist() == expected, x
            compared += 1
    assert compared >= len(TENTHS) - 1


@pytest.mark.parametrize("name", PROFILES)
def test_every_profiles_spike_times_with_a_margin(name):
    lif = LIF.profile(name, decay=0.9, threshold=1.0, gain=1.0)
    spikes, _ = run(lif, TENTHS)
    for x, train in zip(TENTHS, spikes, strict=True):
        expected, margin = rational(lif, x, F(9, 10), F(1))
        assert margin > F(1, 10**9)
        assert train.tolist() == expected, x


def test_lapicque_fires_when_the_circuit_is_charged():
    """Forward Euler of RC v' = R x - v: v[n] = R x (1 - (1 - dt/RC)**n), crossed in closed form."""
    resistance, capacitance = F(4), F(1, 2)  # RC = 2, decay 1/2, input times 2
    currents = [F(1, 4), F(5, 16), F(3, 8), F(1, 2), F(1)]
    lapicque = Lapicque(R=4, C=0.5, reset_mechanism="none")
    _, membranes = run(lapicque, currents, 30)
    for x, membrane in zip(currents, membranes, strict=True):
        exact = [
            resistance * x * (1 - (1 - 1 / (resistance * capacitance)) ** n) for n in range(1, 31)
        ]
        assert [F(v) for v in membrane] == exact
    spikes, _ = run(Lapicque(R=4, C=0.5), currents, 30)
    first = [np.flatnonzero(train)[:1].tolist() for train in spikes]
    # 1 - 2**-n > 1/(4x): never for 1/4, then 4/5, 2/3, 1/2 and 1/4 of the final value
    assert first == [[], [2], [1], [1], [0]]


def test_leaky_is_its_profile():
    current = np.tile([float(x) for x in TENTHS], (STEPS, 1))
    for beta in (0.5, 0.9):
        one = Leaky(beta).run(current)
        other = LIF.profile("snntorch-1.0", decay=beta).run(current)
        np.testing.assert_array_equal(one.spikes, other.spikes)
        np.testing.assert_array_equal(one.recorded["membrane"], other.recorded["membrane"])
