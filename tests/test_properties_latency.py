"""What the latency code promises: one spike a feature, the sooner the brighter, nearest step."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikecore import spikegen

DEVICES = st.sampled_from(["cpu", "numpy"])
DTYPES = st.sampled_from([np.float32, np.float64])
# On a grid, two values differ by far more than a rounding: neighbouring floats may have ratios
# x/(x - threshold) that round to the same or to swapped numbers.
GRID = st.integers(0, 1000).map(lambda k: k / 1000)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
IMAGES = hnp.arrays(np.float64, SHAPES, elements=GRID | st.floats(0, 1))
GRID_IMAGES = hnp.arrays(np.float64, SHAPES, elements=GRID)
CODES = st.fixed_dictionaries(
    {
        "threshold": st.sampled_from([0.01, 0.05, 0.25, 0.5, 0.9]),
        "tau": st.sampled_from([0.3, 1.0, 5.0, 20.0]),
        "normalize": st.sampled_from([False, True, "sample"]),
        "linear": st.booleans(),
        "first_spike_time": st.integers(0, 3),
    }
)


@given(data=IMAGES, code=CODES, dtype=DTYPES, clip=st.booleans(), num_steps=st.integers(4, 30),
       device=DEVICES)  # fmt: skip
def test_every_train_has_at_most_one_spike(data, code, dtype, clip, num_steps, device):
    data = data.astype(dtype)
    code = {**code, "device": device}
    spikes = spikegen.latency(data, num_steps, clip=clip, bypass=True, **code)
    assert spikes.shape == (num_steps, *data.shape)
    assert np.isin(spikes, (0, 1)).all()
    counts = spikes.sum(axis=0)
    times, silent = spikegen.latency_code(data, num_steps, **code)
    fires = (np.rint(times) <= num_steps - 1) & ~(silent & clip)
    np.testing.assert_array_equal(counts, fires)
    np.testing.assert_array_equal(np.argmax(spikes, axis=0)[fires], np.rint(times)[fires])
    np.testing.assert_array_equal(silent, data < dtype(code["threshold"]))


@given(data=GRID_IMAGES, code=CODES, dtype=DTYPES, device=DEVICES)
def test_a_brighter_feature_never_fires_later(data, code, dtype, device):
    data = data.astype(dtype)
    times, _ = spikegen.latency_code(data, 40, device=device, **code)
    steps = np.rint(times)
    alone = code["normalize"] == "sample" and data.ndim > 1
    for sample in range(len(data) if alone else 1):
        part = (sample,) if alone else ()
        order = np.argsort(data[part], axis=None)
        assert (np.diff(steps[part].reshape(-1)[order]) <= 0).all()


@given(data=IMAGES, code=CODES, dtype=DTYPES, device=DEVICES)
def test_no_spike_comes_before_the_first_spike_time(data, code, dtype, device):
    times, _ = spikegen.latency_code(data.astype(dtype), 40, device=device, **code)
    assert (times >= code["first_spike_time"]).all()
    if code["normalize"]:
        # Two roundings of the stretch, of half an ulp of 39 each, may pass the last step.
        assert (times <= 39 + 2 * np.spacing(dtype(39))).all()


@given(data=IMAGES, code=CODES, dtype=DTYPES, num_steps=st.integers(4, 200), device=DEVICES)
def test_a_normalised_code_always_fits(data, code, dtype, num_steps, device):
    code = {**code, "normalize": code["normalize"] or True}
    data = data.astype(dtype)
    spikes = spikegen.latency(data, num_steps, device=device, **code)  # would refuse a late spike
    assert (spikes.sum(axis=0) == 1).all()
    if not code["linear"] and data.size:  # the latest spike falls on the last step
        samples = len(data) if code["normalize"] == "sample" and data.ndim > 1 else 1
        assert spikes[-1].reshape(samples, -1).any(axis=1).all()


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("normalize", [True, "sample"])
def test_a_code_of_which_every_time_is_zero_stays_at_the_first_step(normalize, device):
    data = np.ones((2, 3), np.float32)
    code = {"threshold": 1e-9, "normalize": normalize, "device": device}  # 1/(1 - 1e-9) rounds to 1
    times, _ = spikegen.latency_code(data, 10, first_spike_time=2, **code)
    np.testing.assert_array_equal(times, np.full((2, 3), 2, np.float32))


@given(
    data=hnp.arrays(np.float64, (4, 3), elements=GRID | st.floats(0, 1)),
    code=CODES,
    dtype=DTYPES,
    chosen=st.lists(st.integers(0, 3), min_size=1, max_size=4),
    device=DEVICES,
)
@example(np.array([[1.0] * 3, [0] * 3, [0.5] * 3, [0.2] * 3]), {"tau": 1.0}, np.float32, [0], "cpu")
def test_a_sample_normalised_code_does_not_depend_on_the_batch(data, code, dtype, chosen, device):
    code = {**code, "normalize": "sample", "device": device}
    data = data.astype(dtype)
    whole = spikegen.latency(data, 20, **code)
    part = spikegen.latency(data[chosen], 20, **code)
    np.testing.assert_array_equal(part, whole[:, chosen])
    times = spikegen.latency_code(data, 20, **code)[0]
    alone = spikegen.latency_code(data[chosen[0]], 20, **code)[0]
    np.testing.assert_array_equal(times[chosen[0]], alone)


def test_a_batch_normalised_code_depends_on_the_batch():
    """snnTorch's rule, kept under its name."""
    bright = np.array([[0.5, 0.9]])
    dark = np.array([[0.0, 0.9]])
    alone = spikegen.latency(bright, 100, normalize=True).argmax(axis=0)
    together = spikegen.latency(np.vstack([bright, dark]), 100, normalize=True).argmax(axis=0)
    assert alone[0, 0] == 99
    assert together[0, 0] < 5


# --- the values -----------------------------------------------------------------------------------


@given(x=GRID | st.floats(0, 1), tau=st.floats(0.1, 50), threshold=st.floats(1e-3, 0.99))
def test_the_times_are_those_of_the_equations(x, tau, threshold):
    """In float64, against the mathematics in math.log.

    The ratio x'/(x' - threshold) carries the rounding of the difference, which is relative to x':
    up to eps*x'/(x' - threshold), at most eps/epsilon = 2.3e-9 of the ratio and so of the time in
    units of tau; four such roundings are allowed.
    """
    saturated = max(x, threshold + 1e-7)
    expected = tau * math.log(saturated / (saturated - threshold))
    time = spikegen.latency_code_log(np.array([x]), tau=tau, threshold=threshold)[0]
    assert math.isclose(time, expected, rel_tol=1e-14, abs_tol=tau * 4 * 2.3e-9)
    expected = min(-tau * (x - 1), -tau * (threshold - 1))
    time = spikegen.latency_code_linear(np.array([x]), tau=tau, threshold=threshold)[0]
    assert time == expected


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_half_steps_round_to_even(device):
    data = np.array([0.875, 0.625, 0.375, 0.125])
    spikes = spikegen.latency(data, 5, normalize=True, linear=True, device=device)
    assert spikes.argmax(axis=0).tolist() == [0, 2, 2, 4]


@given(data=IMAGES, code=CODES, dtype=DTYPES, shift=st.integers(0, 9), device=DEVICES)
def test_the_first_spike_time_only_shifts_a_code(data, code, dtype, shift, device):
    """The linear code of exactly representable data; elsewhere the sum rounds."""
    data = np.round(data * 64).astype(dtype) / 64
    code = {**code, "normalize": False, "linear": True, "threshold": 0.25, "tau": 8.0}
    code["device"] = device
    code["first_spike_time"] = 0
    plain = spikegen.latency(data, 30, **code)
    shifted = spikegen.latency(data, 30 + shift, **{**code, "first_spike_time": shift})
    halves = np.mod(data * 8, 1) == 0.5  # at half a step, evenness changes with an odd shift
    plain, shifted = plain[:, ~halves], shifted[:, ~halves]
    np.testing.assert_array_equal(shifted[shift:], plain)
    assert not shifted[:shift].any()


@given(
    data=IMAGES,
    code=CODES,
    dtype=DTYPES,
    on=st.integers(-8, 8),
    off=st.integers(-8, 8),
    clip=st.booleans(),
    device=DEVICES,
)
def test_a_spike_is_on_target_and_all_else_off_target(data, code, dtype, on, off, clip, device):
    data = data.astype(dtype)
    code = {**code, "clip": clip, "bypass": True, "device": device}
    spikes = spikegen.latency(data, 20, **code)
    levels = spikegen.latency(data, 20, on_target=on / 4, off_target=off / 4, **code)
    np.testing.assert_array_equal(levels, np.where(spikes == 1, on / 4, off / 4))
    whole = spikegen.latency(data, 20, on_target=on, off_target=off, dtype=np.int8, **code)
    np.testing.assert_array_equal(whole, np.where(spikes == 1, on, off))


@given(
    data=IMAGES,
    code=CODES,
    dtype=DTYPES,
    on=st.floats(-8, 8),
    off=st.floats(-8, 8),
    clip=st.booleans(),
    device=DEVICES,
)
def test_a_ramp_leads_to_every_spike_and_nowhere_else(data, code, dtype, on, off, clip, device):
    data = data.astype(dtype)
    code = {**code, "clip": clip, "bypass": True, "device": device, "dtype": dtype}
    spikes = spikegen.latency(data, 12, **code)
    ramps = spikegen.latency(data, 12, on_target=on, off_target=off, interpolate=True, **code)
    on, off = float(dtype(on)), float(dtype(off))
    for index in np.ndindex(data.shape):
        train, ramp = spikes[(slice(None), *index)], ramps[(slice(None), *index)].tolist()
        if not train.any():
            assert ramp == [off] * 12
            continue
        step = int(train.argmax())
        assert ramp[step] == on
        assert ramp[step + 1 :] == [off] * (11 - step)
        assert step == 0 or ramp[0] == off
        for s in range(step):
            # four roundings (on - off, the fraction, their product, the sum) of values below 16
            bound = 4 * 16 * float(np.finfo(dtype).eps)
            assert math.isclose(ramp[s], off + (on - off) * s / step, abs_tol=bound)


@given(data=IMAGES, code=CODES, dtype=DTYPES, device=DEVICES)
def test_clipping_removes_the_features_below_the_threshold_and_no_other(data, code, dtype, device):
    data = data.astype(dtype)
    code = {**code, "bypass": True, "device": device}
    plain = spikegen.latency(data, 20, **code)
    clipped = spikegen.latency(data, 20, clip=True, **code)
    np.testing.assert_array_equal(clipped, np.where(data < dtype(code["threshold"]), 0, plain))


@pytest.mark.parametrize("device", ["cpu", "numpy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threshold", [0.1, 0.25, 0.7])
def test_a_feature_at_the_threshold_is_not_below_it(threshold, dtype, device):
    at = dtype(threshold)
    data = np.array([np.nextafter(at, dtype(0)), at, np.nextafter(at, dtype(1))])
    code = {"threshold": threshold, "normalize": True, "device": device}
    spikes = spikegen.latency(data, 9, clip=True, **code)
    assert spikes.sum(axis=0).tolist() == [0, 1, 1]
    assert spikegen.latency_code(data, 9, **code)[1].tolist() == [True, False, False]


@given(data=IMAGES, code=CODES, dtype=DTYPES, num_steps=st.integers(4, 30), device=DEVICES)
def test_bypass_drops_late_spikes_and_no_other(data, code, dtype, num_steps, device):
    data = data.astype(dtype)
    code = {**code, "normalize": False, "bypass": True, "device": device}
    everything = spikegen.latency(data, **code)
    assert everything[-1].any() or not data.size
    some = spikegen.latency(data, num_steps, **code)
    common = min(num_steps, len(everything))
    np.testing.assert_array_equal(some[:common], everything[:common])
    assert not some[common:].any()


@given(data=IMAGES, code=CODES, dtype=DTYPES, device=DEVICES)
def test_as_many_steps_as_the_last_spike_needs_are_accepted_and_one_less_refused(
    data, code, dtype, device
):
    data = data.astype(dtype)
    code = {**code, "normalize": False, "device": device}
    needed = len(spikegen.latency(data, bypass=True, **code))
    if data.size:
        everything = spikegen.latency(data, needed, **code)
        assert (everything.sum(axis=0) == 1).all()
    if data.size and needed - 1 > code["first_spike_time"]:
        with pytest.raises(ValueError, match=f"^num_steps is {needed - 1}, but the last spike"):
            spikegen.latency(data, needed - 1, **code)


@given(data=IMAGES, code=CODES, device=DEVICES)
def test_nothing_but_the_result_is_touched(data, code, device):
    copy = data.copy()
    state = np.random.get_state()[1].copy()
    spikegen.latency(data, 20, bypass=True, device=device, **code)
    np.testing.assert_array_equal(data, copy)
    assert data.flags.writeable
    np.testing.assert_array_equal(np.random.get_state()[1], state)


# --- interpolation of given times -----------------------------------------------------------------


@given(
    times=hnp.arrays(np.float64, (5,), elements=st.floats(0, 12) | st.integers(0, 24).map(
        lambda k: k / 2)),
    dtype=DTYPES,
    num_steps=st.integers(1, 10),
)  # fmt: skip
def test_given_times_are_rounded_to_even_and_climbed_to(times, dtype, num_steps):
    times = times.astype(dtype)
    ramps = spikegen.latency_interpolate(times, num_steps, 0.9, 0.2)
    assert ramps.dtype == dtype
    assert ramps.shape == (num_steps, 5)
    for time, ramp in zip(times, ramps.T, strict=True):
        step = round(float(time))
        if step > num_steps - 1:
            assert (ramp == dtype(0.2)).all()
        else:
            assert ramp[step] == dtype(0.9)
            assert (np.diff(ramp[: step + 1]) > 0).all()
            assert (ramp[step + 1 :] == dtype(0.2)).all()
            assert step == 0 or ramp[0] == dtype(0.2)


@pytest.mark.parametrize("on", np.arange(0, 1.01, 0.05))
def test_the_value_at_a_spike_is_on_target_for_every_pair_of_targets(on):
    """The pairs on this grid at which snnTorch loses the spike to rounding."""
    for off in np.arange(0, 1.01, 0.05):
        ramps = spikegen.latency_interpolate(np.float32([0, 1, 2, 3, 7]), 8, on, off)
        assert ramps[[0, 1, 2, 3, 7], range(5)].tolist() == [float(np.float32(on))] * 5
