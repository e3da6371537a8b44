"""The command that compares a profile with the continuous neuron, over step sizes."""

import math

import numpy as np
import pytest
from PIL import Image

from spikecore import LIF, __main__, convergence
from spikecore.neurons import exact


@pytest.mark.parametrize("name", ["snntorch-1.0", "norse-box", "sinabs", "spyx"])
@pytest.mark.parametrize("decay", convergence.DECAYS)
def test_spike_times_converge_with_the_first_power_of_the_step(name, decay):
    rows = convergence.measure(name, convergence.DECAYS[decay], 8, seed=0)
    assert [row.step for row in rows] == [0.25 / 2**k for k in range(9)]
    assert [row.order for row in rows[4:]] == pytest.approx([1] * 5, abs=0.25)
    assert convergence.order(rows[3:]) == pytest.approx(1, abs=0.1)
    miscounted = [row.missed + row.extra for row in rows]
    assert miscounted[0] > miscounted[4] > miscounted[-1] == 0
    assert rows[-1].largest < 0.02


def test_a_waiting_time_is_as_long_in_steps_of_every_size():
    rows = convergence.measure("bindsnet", convergence.DECAYS["exponential"], 6, 0, 0.5)
    assert rows[-1].missed == rows[-1].extra == 0
    assert rows[-1].median < 2 * rows[-1].step
    never = convergence.measure("bindsnet", convergence.DECAYS["exponential"], 6, 0)
    assert rows[-1].spikes < never[-1].spikes


def test_the_order_of_exact_powers():
    rows = [convergence.Row(step, 1, 0, 0, 3 * step**2, 1.0, math.nan) for step in (1, 0.5, 0.25)]
    assert convergence.order(rows) == pytest.approx(2)
    assert math.isnan(convergence.order(rows[:1]))


def test_spikes_without_a_counterpart_are_counted():
    one, two = np.array([1.0]), np.array([1.25, 3.0])
    row = convergence._compared(0.5, [one, two], [two, one], None)
    assert (row.missed, row.extra, row.spikes) == (1, 1, 3)
    assert (row.median, row.largest) == (0.25, 0.25)
    row = convergence._compared(0.5, [one], [one[:0]], None)
    assert (row.missed, row.extra, math.isnan(row.median)) == (1, 0, True)


def test_the_command_prints_a_table_and_draws(tmp_path, capsys):
    path = tmp_path / "errors.png"
    line = ["convergence", "--profile", "nengo", "--halvings", "3", "--out", str(path)]
    assert __main__.main(line) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("nengo, exponential decay, beside the continuous neuron: 50 neurons")
    assert len([row for row in printed.splitlines() if row.startswith("0.")]) == 4
    assert "order of convergence: " in printed and printed.endswith(f"wrote {path}\n")
    with Image.open(path) as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--profile", "snntorch-1.0-none"], "invalid choice: 'snntorch-1.0-none'"),
        (["--halvings", "0"], "must be a whole number from 1 to 14, got '0'"),
        (["--refractory", "-1"], "must be a whole number from 0 to 1000, got '-1'"),
        (["--decay", "linear"], "invalid choice: 'linear'"),
    ],
)
def test_what_is_refused(options, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.main(["convergence", *options])
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert sentence in complaint and complaint.count("\n") == 1


def test_profiles_of_the_same_equation_can_be_compared():
    names = convergence.comparable()
    assert {"nest-delta", "nest-exp", "nengo-refractory", "brian2-refractory"} < set(names)
    others = {"snntorch-1.0-none", "nengo-adaptive", "sinabs-alif", "spikingjelly-qif"}
    assert not others & set(names)
    for name in names:
        rows = convergence.measure(name, convergence.DECAYS["exponential"], 8, 0)
        assert rows[0].spikes > 300
        fine = rows[3:] if LIF.profile(name).synapse_decay is None else rows[5:]
        assert convergence.order(fine) == pytest.approx(1, abs=0.15), name


def test_the_propagator_of_a_synapse_is_exact_on_the_grid():
    """NEST's scheme; both round each step, and 40 of them stay within 40 ulp of a value below 1."""
    step, tau = 0.125, convergence.SYNAPSE_TAU
    left, leak = np.exp(-step / tau), np.exp(-step)
    gain = (left - leak) * tau / (tau - 1)
    weights = np.array([0.0, 1.5, -0.75, 3.0, 0.5])
    times = np.arange(5) * 8 * step
    lif = LIF.profile(
        "nest-exp", decay=leak, gain=gain, synapse_decay=left, synapse_gain=1.0, threshold=1.0,
        input_delay=0,
    )  # fmt: skip
    current = np.zeros((40, 1))
    current[7:32:8, 0] = weights[1:]
    membrane = lif.run(current).recorded["membrane"][:, 0]
    exactly = exact.LIF(tau=1.0, synapse_tau=tau).run(
        41 * step, weights=weights, input_times=times, sample_times=step * np.arange(1, 41)
    )
    assert 0.2 < membrane.max() < 1
    np.testing.assert_allclose(membrane, exactly.samples, rtol=0, atol=40 * np.spacing(1.0))
