"""Rate codes drawn by the shift registers of hardware."""

import numpy as np
import pytest
from conftest import assert_same_bits

from spikecore import random, spikegen

REGISTERS = {"lfsr16": (16, (0, 1, 3, 12)), "lfsr8": (8, (0, 2, 3, 4))}


def states(name, first, count):
    """A register as a list of bits, the lowest first."""
    bits, taps = REGISTERS[name]
    register = [first >> i & 1 for i in range(bits)]
    for _ in range(count):
        yield sum(bit << i for i, bit in enumerate(register))
        register = [*register[1:], sum(register[tap] for tap in taps) % 2]


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("name", REGISTERS)
def test_an_element_spikes_when_its_state_is_below_its_level(name, device):
    size = 2 ** REGISTERS[name][0]
    levels = np.array([0, 1, 2, size // 3, size - 1, size])
    spikes = spikegen.rate(
        levels / size, 70, seed=77, generator=name, shared=True, dtype=bool, device=device
    )
    for state, row in zip(states(name, 77, 70), spikes, strict=True):
        assert row.tolist() == (state < levels).tolist()


@pytest.mark.parametrize("name", REGISTERS)
def test_a_period_passes_every_state_but_0(name):
    bits = REGISTERS[name][0]
    period = 2**bits - 1
    levels = np.array([1, 2, 1000 % period, period]) / 2**bits
    spikes = spikegen.rate(levels, 2 * period, seed=5, generator=name, shared=True, dtype=bool)
    assert spikes[:period].sum(axis=0).tolist() == [0, 1, 1000 % period - 1, period - 1]
    assert_same_bits(spikes[:period], spikes[period:])
    assert len(set(states(name, 5, period))) == period


def test_registers_of_elements_begin_in_the_states_of_the_random_stream():
    words = random.words(3, np.arange(4) + 10, 0)
    data = np.full((2, 2), 0.4)
    spikes = spikegen.rate(data, 30, seed=3, generator="lfsr16", first_element=10, dtype=bool)
    for word, train in zip(words.tolist(), spikes.reshape(30, 4).T, strict=True):
        expected = [state < 0.4 * 2**16 for state in states("lfsr16", 1 + word % 65535, 30)]
        assert train.tolist() == expected


@pytest.mark.parametrize("shared", [False, True])
def test_parts_join_to_the_whole(shared):
    data = np.linspace(0, 1, 12, dtype=np.float32)
    how = {"seed": 9, "generator": "lfsr8", "shared": shared}
    whole = spikegen.rate(data, 300, first_spike_time=3, **how)
    assert not whole[:3].any()
    first = spikegen.rate(data, 100, first_spike_time=3, **how)
    second = spikegen.rate(data, 200, first_step=100, **how)
    assert_same_bits(np.concatenate([first, second]), whole)
    right = spikegen.rate(data[7:], 300, first_spike_time=3, first_element=7, **how)
    assert_same_bits(right, np.ascontiguousarray(whole[:, 7:]))
    moving = spikegen.rate(np.broadcast_to(data, (300, 12)), time_var_input=True, **how)
    assert_same_bits(moving[3:], whole[3:])


def test_a_shared_register_correlates_the_elements_fully():
    spikes = spikegen.rate([0.2, 0.5], 500, seed=1, generator="lfsr16", shared=True, dtype=bool)
    assert not (spikes[:, 0] & ~spikes[:, 1]).any()
    alone = spikegen.rate([0.2, 0.5], 500, seed=1, generator="lfsr16", dtype=bool)
    assert (alone[:, 0] & ~alone[:, 1]).any()


def test_seeds_from_a_generator_and_from_entropy():
    drawn = [
        spikegen.rate(
            [0.5] * 5, 40, seed=np.random.default_rng(0), generator="lfsr16", shared=shared
        )
        for shared in (True, True, False, False)
    ]
    assert_same_bits(drawn[0], drawn[1])
    assert_same_bits(drawn[2], drawn[3])
    assert spikegen.rate([0.5], 40, generator="lfsr16", shared=True).any()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"generator": "mt"}, r"^generator must be one of \('lfsr16', 'lfsr8'\), got 'mt'; "),
        ({"shared": True}, r"^shared must be False without a generator, got True; "),
        ({"generator": "lfsr8", "shared": 1}, r"^shared must be True or False, got 1; "),
        (
            {"generator": "lfsr8", "shared": True, "seed": 0},
            r"^seed must be from 1 to 255, got 0; the register begins in that state",
        ),
        ({"generator": "lfsr8", "seed": -1}, r"^seed must be from 0 to "),
        (
            {"generator": "lfsr8", "uniforms": [[0.5]]},
            r"^generator must be left out with uniforms, .*got 'lfsr8'; pass one of the two",
        ),
    ],
)
def test_what_is_refused(options, sentence):
    with pytest.raises(ValueError if "shared must be True" not in sentence else TypeError) as error:
        spikegen.rate([0.5], 1, **options)
    assert error.match(sentence)
