"""What neurons and networks refuse, in one sentence that names the argument."""

import itertools
import math
import re
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from fuzzing.values import Raises, Tensor, nested

from spikecore import LIF, Alpha, Lapicque, Leaky, RLeaky, Synaptic, leaky_integrate_and_fire
from spikecore.network import Linear, Sequential

NAN, INF = math.nan, math.inf
CURRENT = np.full((4, 2, 3), 0.5, np.float32)
STATE = np.zeros((2, 3), np.float32)
EYE = Linear(np.eye(3, dtype=np.float32))
NET = Sequential(EYE, Leaky(0.9))
SPIKES = np.ones((4, 2, 3), np.uint8)
NO_REPR, NO_ARRAY = Raises("__repr__", ValueError), Raises("__array__", KeyError)
NO_ITEMS, NO_ATTRIBUTES = Raises("__iter__", KeyError), Raises("__getattr__", OSError)
HUGE = np.broadcast_to(0.5, (4, 2**40, 3))
BROKEN_LAYER = SimpleNamespace(weight=Tensor(), bias=None)


def poisoned(value):
    current = CURRENT.copy()
    current[2, 1, 0] = value
    return current


def a_view_of_readonly():
    out = np.zeros(CURRENT.shape, np.float32)
    out.flags.writeable = False
    return out


FRACTION = {
    "refractory": 1.5, "refractory_mode": "fraction", "refractory_holds": "membrane",
    "reset": "value", "reset_at": "same",
}  # fmt: skip
LATE = LIF(0.5, input_delay=2)
OVERLAPPING = np.zeros(CURRENT.shape, np.float32)

# (what is called, kind of error, what the message says)
MAKING = [
    # LIF
    (lambda: LIF(1.7), ValueError, r"decay must lie in \[0, 1\], got 1.7"),
    (lambda: LIF(-0.1), ValueError, r"decay must lie in \[0, 1\], got -0.1"),
    (lambda: LIF(NAN), ValueError, "decay must lie in"),
    (lambda: LIF([0.5, 1.5]), ValueError, r"decay\[1\] must lie in \[0, 1\], got 1.5"),
    (lambda: LIF(0.9, [1.0, 0.0]), ValueError, r"threshold\[1\] must lie in \(0, inf\), got 0.0"),
    (lambda: LIF("0.5"), TypeError, "decay must hold real numbers"),
    (lambda: LIF(True), TypeError, "decay must be real"),
    (lambda: LIF(None), TypeError, "decay must hold real numbers"),
    (lambda: LIF(0.5, threshold=np.zeros(0)), ValueError, "threshold must hold a number"),
    (lambda: LIF(np.broadcast_to(0.5, (2**40, 3))), ValueError, "decay must fit into memory"),
    (lambda: LIF(np.timedelta64(1)), TypeError, "decay must hold real numbers"),
    (lambda: LIF(0.5, amplitude=np.timedelta64(1)), TypeError, "amplitude must be a real number"),
    (lambda: LIF(0.5, amplitude=10**5000), ValueError, "amplitude must lie in"),
    (
        lambda: LIF(0.5, amplitude=NO_REPR),
        TypeError,
        "amplitude must be .*, got a value of type Raises",
    ),
    (lambda: LIF(0.5, lower=NO_REPR), TypeError, "lower must hold real numbers"),
    (lambda: LIF(0.5, reset=nested(2000)), TypeError, "reset must be one of"),
    (lambda: LIF(NO_ARRAY), TypeError, "decay must be convertible .* failed with .*own message"),
    (lambda: LIF(NO_ATTRIBUTES), TypeError, "decay must "),
    # descriptions
    (lambda: LIF.from_dict(None), TypeError, "description must be a dict"),
    (lambda: LIF.from_dict(NO_ATTRIBUTES), TypeError, "description must be a dict"),
    (lambda: LIF.from_dict({1: 2}), TypeError, "description must be a dict with names"),
    (lambda: LIF.from_dict({}), ValueError, "description must have the field 'decay', got"),
    (lambda: Alpha.from_dict({"alpha": 0.5}), ValueError, "description must have the field 'beta'"),
    (lambda: LIF.from_dict({"kind": NO_REPR}), ValueError, "kind must be 'LIF', got a value of"),
    (lambda: LIF.from_dict({"kind": np.ones(2)}), ValueError, "kind must be 'LIF', got array"),
    # recurrence, weights and names
    (lambda: RLeaky(0.5, recurrent=NO_REPR), TypeError, "recurrent must be a Linear layer"),
    (lambda: RLeaky(0.5, recurrent=itertools), TypeError, "recurrent must be a Linear layer"),
    (lambda: Linear(NO_ATTRIBUTES), TypeError, "weight must be convertible"),
    (lambda: Linear(np.broadcast_to(0.5, (2**40, 3))), ValueError, "weight must fit into memory"),
    (lambda: Linear.from_torch(NO_ATTRIBUTES), TypeError, "layer must have weight and bias"),
    (lambda: Linear.from_torch(BROKEN_LAYER), TypeError, "weight must be a tensor that can be"),
    (lambda: Sequential(Leaky(0.9), names=[["a"]]), TypeError, r"names must be names, got \['a'\]"),
    (lambda: Sequential(Leaky(0.9), names=NO_ITEMS), TypeError, "names must be names, got"),
    (lambda: LIF([[0.5], [0.5, 0.6]]), TypeError, "decay must be convertible"),
    (lambda: LIF(0.5, threshold=0), ValueError, r"threshold must lie in \(0"),
    (lambda: LIF(0.5, threshold=[1, -1]), ValueError, r"threshold\[1\] must lie in \(0"),
    (lambda: LIF(0.5, threshold=INF), ValueError, "threshold must lie in"),
    (lambda: LIF(0.5, gain=NAN), ValueError, "gain must lie in"),
    (lambda: LIF(0.5, leak=INF), ValueError, "leak must lie in"),
    (lambda: LIF(0.5, reset="value", reset_value=NAN), ValueError, "reset_value must lie in"),
    (lambda: LIF(0.5, compare="<"), ValueError, "compare must be one of .*, got '<'"),
    (lambda: LIF(0.5, compare=1), TypeError, "compare must be one of"),
    (lambda: LIF(0.5, reset="zero"), ValueError, "reset must be one of .*, got 'zero'"),
    (lambda: LIF(0.5, reset_at="now"), ValueError, "reset_at must be one of"),
    (lambda: LIF(0.5, spikes="many"), ValueError, "spikes must be one of"),
    (lambda: LIF(0.5, report_spike="both"), ValueError, "report_spike must be one of"),
    (lambda: LIF(0.5, decay_reset=1), TypeError, "decay_reset must be True or False"),
    (lambda: LIF(0.5, drop_input=0), TypeError, "drop_input must be True or False"),
    (lambda: LIF(0.5, inhibition="yes"), TypeError, "inhibition must be True or False"),
    (lambda: LIF(0.5, refractory=-1), ValueError, r"refractory must lie in \[0"),
    (lambda: LIF(0.5, refractory="1"), TypeError, "refractory must be a real number"),
    (lambda: LIF(0.5, refractory=2**24 + 1), ValueError, r"refractory must lie in \[0"),
    (lambda: LIF(0.5, initial=NAN), ValueError, "initial must lie in"),
    (lambda: LIF(0.5, synapse_decay=1.1), ValueError, r"synapse_decay must lie in \[0"),
    (lambda: LIF(0.5, synapse_decay=0.5, synapse_gain=INF), ValueError, "synapse_gain must lie"),
    (lambda: LIF(0.5, adaptation_decay=-1), ValueError, r"adaptation_decay must lie in \[0"),
    (lambda: LIF(0.5, input_delay=1.5), TypeError, "input_delay must be an integer"),
    (lambda: LIF(0.5, input_delay=-1), ValueError, "input_delay must be from 0"),
    (lambda: LIF(0.5, threshold_low="-1"), TypeError, "threshold_low must hold real"),
    (
        lambda: LIF(0.5, spike_map="exponential", map_slope=0),
        ValueError,
        r"map_slope must lie in \(0",
    ),
    (lambda: LIF(0.5, synapse_decay=None, gain=None), TypeError, "gain must"),
    (lambda: LIF(0.5, lower=NAN), ValueError, "lower must lie in"),
    (lambda: LIF(0.5, lower=[0, NAN]), ValueError, r"lower\[1\] must lie in"),
    (lambda: LIF(0.5, amplitude=NAN), ValueError, "amplitude must lie in"),
    (lambda: LIF(0.5, amplitude="1"), TypeError, "amplitude must be a real number"),
    # combinations that mean nothing
    (lambda: LIF(0.5, decay_reset=True, reset="value"), ValueError, "^decay_reset is True"),
    (lambda: LIF(0.5, decay_reset=True, reset="none"), ValueError, "^decay_reset is True"),
    (lambda: LIF(0.5, decay_reset=True, reset_at="same"), ValueError, "^decay_reset is True"),
    (lambda: LIF(0.5, decay_reset=True, reset_at="exchange"), ValueError, "^decay_reset is True"),
    (lambda: LIF(0.5, drop_input=True), ValueError, "^drop_input is True"),
    (
        lambda: LIF(0.5, drop_input=True, reset="value", reset_at="same"),
        ValueError,
        "^drop_input is True",
    ),
    (lambda: LIF(0.5, reset_value=0.1), ValueError, "^reset_value is not 0"),
    (lambda: LIF(0.5, reset="none", reset_value=[0, 0.1]), ValueError, "^reset_value is not 0"),
    (lambda: LIF(0.5, reset="none", reset_at="same"), ValueError, "^reset_at is 'same'"),
    (lambda: LIF(0.5, reset="none", reset_at="exchange"), ValueError, "^reset_at is 'exchange'"),
    (lambda: LIF(0.5, reset="value", reset_at="exchange"), ValueError, "^reset_at is 'exchange'"),
    (lambda: LIF(0.5, reset_at="same", report_spike="old"), ValueError, "^report_spike is 'old'"),
    *(
        (partial(LIF, **{"decay": 0.5, **fields}), ValueError, sentence)
        for fields, sentence in (
            (
                {"synapse_order": "jump-use-decay"},
                "^synapse_order is 'jump-use-decay' with synapse_decay=None, where it has no use",
            ),
            ({"synapse_gain": [1, 2]}, "^synapse_gain is .* with synapse_decay=None"),
            ({"adaptation_of": "input"}, "^adaptation_of is 'input' with adaptation_decay=None"),
            ({"adaptation_scale": 2}, "^adaptation_scale is 2.0 with adaptation_decay=None"),
            ({"adaptation_decay": 0.5}, "^adaptation_of is 'threshold' with reset_at='next'"),
            (
                {"adaptation_decay": 0.5, "adaptation_scale": -1, "reset_at": "same"},
                "^adaptation_scale is -1.0 with adaptation_of='threshold', which could fall to 0",
            ),
            (
                {"adaptation_decay": 0.5, "adaptation_of": "input", "threshold_low": -1},
                "^adaptation_decay is given with threshold_low",
            ),
            ({"refractory_holds": "spike"}, "^refractory_holds is 'spike' with refractory=0"),
            ({"refractory_mode": "fraction"}, "^refractory_mode is 'fraction' with refractory=0"),
            (
                {"refractory_holds": "spike", "refractory": 2},
                "^refractory_holds is 'spike' with reset_at='next'; a membrane that may not fire",
            ),
            (
                {"refractory_holds": "membrane", "refractory": 2, "reset_at": "exchange"},
                "^refractory_holds is 'membrane' with reset_at='exchange'",
            ),
            ({"map_scale": 2}, "^map_scale is 2.0 with spike_map='linear', where it has no use"),
            ({"map_onset": 2}, "^map_onset is 2.0 with spike_map='linear'"),
            (
                {"spike_map": "quadratic", "map_slope": 2},
                "^map_slope is 2.0 with spike_map='quadratic'",
            ),
            ({"threshold_low": 1}, "^threshold_low is 1.0, which is not below the threshold 1.0"),
            (
                {"threshold_low": -1, "lower": -1},
                "^lower is -1.0 with threshold_low=-1.0, which no membrane would fall below",
            ),
            (
                {"threshold_low": -1, "spikes": "multi", "compare": ">="},
                "^threshold_low is given with spikes='multi'",
            ),
            (
                {"threshold_low": -1, "reset_at": "exchange"},
                "^threshold_low is given with reset_at='exchange'",
            ),
            *(
                ({**FRACTION, **fields}, f"^refractory_mode is 'fraction', which needs {needed}")
                for fields, needed in (
                    ({"refractory_holds": "input"}, "a membrane that is held"),
                    ({"reset": "subtract"}, "a value from which"),
                    ({"decay": 1.0}, "a decay that has a rate"),
                    ({"decay": [0.5, 0.0]}, "a decay that has a rate"),
                    ({"spikes": "multi", "compare": ">="}, "one time for each spike"),
                    ({"threshold_low": -1}, "one threshold"),
                    ({"spike_map": "quadratic"}, "an equation with a solution"),
                    ({"inhibition": True}, "a time for each crossing"),
                )
            ),
        )
    ),
    (
        lambda: LIF(0.5, reset_at="exchange", report_spike="old"),
        ValueError,
        "^report_spike is 'old'",
    ),
    (lambda: LIF(0.5, spikes="multi"), ValueError, "^compare is '>' with spikes='multi'"),
    (lambda: LIF(0.5, lower=1.0), ValueError, "^lower is 1.0"),
    (lambda: LIF(0.5, lower=0.6, threshold=[1, 0.5]), ValueError, "^lower is 0.6.* threshold 0.5"),
    (lambda: LIF.profile("brian"), ValueError, "^name must be one of .*'snntorch-1.0'"),
    (lambda: LIF.profile(3), TypeError, "^name must be one of"),
    (lambda: LIF.profile("lava", decay=2), ValueError, "^decay must lie in"),
    (lambda: LIF.profile("sinabs", reset="none"), ValueError, "^reset_at is 'same'"),
    # snnTorch's models
    (lambda: Leaky(NAN), ValueError, "beta must lie in"),
    (lambda: Leaky("a"), TypeError, "beta must hold real numbers"),
    (lambda: Leaky(True), TypeError, "beta must be real"),
    (lambda: Leaky(None), TypeError, "beta must hold real numbers"),
    (lambda: Leaky(0.5, threshold=-1), ValueError, "threshold must lie in"),
    (lambda: Leaky(0.5, reset_mechanism="value"), ValueError, "reset_mechanism must be one of"),
    (lambda: Leaky(0.5, reset_mechanism=None), TypeError, "reset_mechanism must be one of"),
    (lambda: Leaky(0.5, reset_delay=0), TypeError, "reset_delay must be True or False"),
    (lambda: Leaky(0.5, inhibition=None), TypeError, "inhibition must be True or False"),
    (lambda: Leaky(0.5, graded_spikes_factor=INF), ValueError, "graded_spikes_factor must lie in"),
    (lambda: Synaptic("a", 0.5), TypeError, "alpha must hold real numbers"),
    (lambda: Synaptic(0.5, NAN), ValueError, "beta must lie in"),
    (lambda: Alpha(0.5, 0.5), ValueError, "alpha must be larger than beta"),
    (lambda: Alpha(0.5, 0.6), ValueError, "alpha must be larger than beta"),
    (lambda: Alpha(0.5, 0.0), ValueError, "beta larger than 0"),
    (lambda: Alpha(1.5, 0.5), ValueError, r"alpha must lie in \[0, 1\], got 1.5"),
    (lambda: Alpha([0.5, 0.6], [0.4, 0.3, 0.2]), ValueError, "alpha and beta must broadcast"),
    (lambda: Alpha([0.5, 0.6], [0.4, 0.6]), ValueError, "alpha must be larger than beta"),
    (lambda: Lapicque(), ValueError, "beta, R and C must be given"),
    (lambda: Lapicque(R=1), ValueError, r"beta, R and C must be given.*\['R'\]"),
    (lambda: Lapicque(C=1), ValueError, r"beta, R and C must be given.*\['C'\]"),
    (lambda: Lapicque(0.9, 1, 1), ValueError, "beta, R and C must be given"),
    (lambda: Lapicque(beta=1), ValueError, r"beta must lie in \(0, 1\), got 1"),
    (lambda: Lapicque(beta=0), ValueError, r"beta must lie in \(0, 1\), got 0"),
    (lambda: Lapicque(beta=[0.9, 0.8]), TypeError, "beta must be a real number"),
    (lambda: Lapicque(R=0, C=1), ValueError, r"R must lie in \(0, inf\)"),
    (lambda: Lapicque(R=1, C=-1), ValueError, r"C must lie in \(0, inf\)"),
    (lambda: Lapicque(R=1, C=1, time_step=0), ValueError, r"time_step must lie in \(0"),
    (lambda: Lapicque(R=1, C=1, time_step=1.5), ValueError, r"time_step must be at most R\*C"),
    (lambda: Lapicque(beta=0.3), ValueError, r"time_step must be at most R\*C"),
    (lambda: RLeaky(0.9), ValueError, "recurrent must be a Linear layer"),
    (lambda: RLeaky(0.9, recurrent=np.eye(3)), TypeError, "recurrent must be a Linear layer"),
    (
        lambda: RLeaky(0.9, recurrent=Linear(np.ones((2, 3)))),
        ValueError,
        "recurrent must have as many outputs as inputs",
    ),
    (lambda: RLeaky(0.9, all_to_all=False, recurrent=EYE), ValueError, "recurrent must be None"),
    (lambda: RLeaky(0.9, V=NAN, all_to_all=False), ValueError, "V must lie in"),
    (lambda: RLeaky(0.9, all_to_all=1), TypeError, "all_to_all must be True or False"),
    # layers
    (lambda: Linear(np.eye(2, dtype=int)), TypeError, "weight must be floating"),
    (lambda: Linear(np.ones(3)), ValueError, "weight must be a matrix"),
    (lambda: Linear(np.ones((0, 3))), ValueError, "weight must be a matrix"),
    (
        lambda: Linear(np.array([[1, NAN]])),
        ValueError,
        r"weight must be finite, but weight\[0, 1\]",
    ),
    (lambda: Linear(np.eye(2), np.ones(3)), ValueError, r"bias must have shape \(2,\)"),
    (lambda: Linear(np.eye(2), [1, 2]), TypeError, "bias must be floating"),
    (lambda: Linear(np.eye(2), np.array([INF, 0])), ValueError, "bias must be finite"),
    (
        lambda: Linear(np.eye(2, dtype=np.float32), np.array([1e300, 0])),
        ValueError,
        "bias must be finite",
    ),
    (lambda: Linear.draw(0, 2), ValueError, "in_features must be at least 1"),
    (lambda: Linear.draw(2, 2.5), TypeError, "out_features must be an integer"),
    (lambda: Linear.draw(2, 2, seed="a"), TypeError, "seed"),
    (lambda: Linear.draw(2, 2, bias=1), TypeError, "bias must be True or False"),
    (lambda: Linear.draw(2, 2, skip=-1), ValueError, "skip must be at least 0"),
    (lambda: Sequential(), ValueError, "layers must not be empty"),
    (lambda: Sequential(EYE), ValueError, "layers must end with a neuron"),
    (lambda: Sequential(np.eye(3), Leaky(0.5)), TypeError, "layers must be Linear layers or"),
    (
        lambda: Sequential(EYE, Leaky(0.5), Linear(np.eye(4, dtype=np.float32)), Leaky(0.5)),
        ValueError,
        "layers must fit, but",
    ),
    (
        lambda: Sequential(EYE, Leaky(0.5), Linear(np.eye(3)), Leaky(0.5)),
        ValueError,
        "layers must fit, but .* of one dtype",
    ),
    (lambda: Sequential(EYE, Leaky(0.5), names=("a",)), ValueError, "names must be 2 distinct"),
    (lambda: Sequential(EYE, Leaky(0.5), names=("a", "a")), ValueError, "names must be 2 distinct"),
    (lambda: Sequential(EYE, Leaky(0.5), names=5), TypeError, "names must be"),
]

RUNNING = [
    (lambda: Leaky(0.5).run(CURRENT.astype(int)), TypeError, "current must be floating"),
    (lambda: Leaky(0.5).run(CURRENT > 0), TypeError, "current must be floating"),
    (lambda: Leaky(0.5).run(CURRENT * 1j), TypeError, "current must hold real numbers"),
    (lambda: Leaky(0.5).run([["a"]]), TypeError, "current must hold real numbers"),
    (lambda: Leaky(0.5).run(np.float32(1)), ValueError, "current must have a time axis"),
    (
        lambda: Leaky(0.5).run(poisoned(NAN)),
        ValueError,
        r"current must be finite, but current\[2, 1, 0\] is nan",
    ),
    (
        lambda: Leaky(0.5).run(poisoned(-INF), device="numpy"),
        ValueError,
        r"current must be finite, but current\[2, 1, 0\] is -inf",
    ),
    (
        lambda: Leaky(0.5)(poisoned(NAN)[2]),
        ValueError,
        r"current must be finite, but current\[1, 0\] is nan",
    ),
    (lambda: Leaky(0.5).run(CURRENT, STATE[0]), ValueError, "membrane must have the shape"),
    (lambda: Leaky(0.5)(CURRENT, STATE), ValueError, "membrane must have the shape"),
    (lambda: Leaky(0.5).run(CURRENT, 0.0), ValueError, "membrane must have the shape"),
    (
        lambda: Leaky(0.5).run(CURRENT, STATE.astype(np.float64)),
        TypeError,
        "membrane must have the dtype of the current, float32, got float64",
    ),
    (lambda: Leaky(0.5).run(CURRENT, STATE.astype(int)), TypeError, "membrane must have the dtype"),
    (lambda: Leaky(0.5).run(CURRENT, STATE * NAN), ValueError, "membrane must be finite"),
    (lambda: Leaky(0.5).run(CURRENT, "rest"), TypeError, "membrane must hold real numbers"),
    (lambda: Leaky(0.5).run(CURRENT, STATE, STATE), TypeError, "state must be at most 1 arrays"),
    (
        lambda: LIF(0.5, refractory=1).run(CURRENT, STATE, STATE[:1]),
        ValueError,
        "refractory must have the shape",
    ),
    (
        lambda: Synaptic(0.5, 0.5).run(CURRENT, STATE + np.float32(INF)),
        ValueError,
        "synapse must be finite",
    ),
    (
        lambda: RLeaky(0.5, all_to_all=False).run(CURRENT, "s"),
        TypeError,
        "spikes must hold real numbers",
    ),
    (lambda: Leaky(0.5).run(CURRENT, record=("spike",)), ValueError, "record must name states"),
    (lambda: Leaky(0.5).run(CURRENT, record="synapse"), ValueError, "record must name states"),
    (lambda: Leaky(0.5).run(CURRENT, record=None), TypeError, "record must be names, got None"),
    (lambda: LIF(0.5).run(CURRENT, record=("refractory",)), ValueError, "record must name states"),
    (lambda: LATE.run(CURRENT, record=("delayed",)), ValueError, "record must name states"),
    (lambda: LATE.run(CURRENT, None, STATE), ValueError, r"delayed must have .*\(2, 2, 3\)"),
    (lambda: LATE.run(CURRENT, STATE, None, STATE), TypeError, "state must be at most 2 arrays"),
    (
        lambda: LIF(0.5, threshold_low=-1).run(CURRENT, dtype=bool),
        ValueError,
        "^dtype must hold spikes of both signs, got bool; use dtype=numpy.int8",
    ),
    (
        lambda: LIF(0.5, threshold_low=-1).run(CURRENT, dtype=np.uint8),
        ValueError,
        "^dtype must hold spikes of both signs, got uint8",
    ),
    (lambda: LIF(0.5).run(CURRENT, record=[["membrane"]]), TypeError, "record must be names"),
    (lambda: LIF(0.5).run(CURRENT, record=NO_ITEMS), TypeError, "record must be names"),
    (lambda: LIF(0.5).run(CURRENT, record=(1 / 0 for _ in [1])), TypeError, "record must be names"),
    (lambda: LIF(0.5).run(CURRENT, record=[NO_REPR]), TypeError, "record must be names"),
    (lambda: LIF(0.5).run(CURRENT, out={NO_REPR: STATE}), ValueError, "out must name 'spikes' or"),
    (lambda: LIF(0.5).run(NO_ARRAY), TypeError, "current must be convertible .* failed with"),
    (lambda: LIF(0.5).run(CURRENT, NO_ATTRIBUTES), TypeError, "membrane must be convertible"),
    (lambda: LIF(0.5).run(CURRENT, dtype=nested(2000)), TypeError, "dtype must be one of"),
    (lambda: LIF(0.5).run(CURRENT, device=CURRENT), TypeError, "device must be one of"),
    (lambda: Leaky(0.5).run(CURRENT, dtype=int), TypeError, "dtype must be one of"),
    (lambda: Leaky(0.5).run(CURRENT, device="tpu"), ValueError, "device must be one of"),
    (lambda: Leaky(0.5).run(CURRENT, device=1), TypeError, "device must be one of"),
    (lambda: Leaky(0.5).run(CURRENT, out=[1]), TypeError, "out must be a NumPy array"),
    (
        lambda: Leaky(0.5).run(CURRENT, out=np.zeros((4, 6), np.float32)),
        ValueError,
        r"out must have shape \(4, 2, 3\)",
    ),
    (
        lambda: Leaky(0.5).run(CURRENT, out=a_view_of_readonly()),
        ValueError,
        "out must be C-contiguous, aligned and writable",
    ),
    (
        lambda: Leaky(0.5).run(CURRENT, out=CURRENT),
        ValueError,
        "out overlaps the memory of current",
    ),
    (
        lambda: Leaky(0.5).run(CURRENT, out={"membrane": CURRENT}),
        ValueError,
        "out overlaps the memory of current",
    ),
    (
        lambda: Leaky(0.5).run(CURRENT, out={"spikes": OVERLAPPING, "membrane": OVERLAPPING}),
        ValueError,
        "out holds arrays that overlap",
    ),
    (
        lambda: Leaky(0.5).run(CURRENT, out={"synapse": OVERLAPPING}),
        ValueError,
        "out must name 'spikes' or recorded states",
    ),
    (
        lambda: Leaky(0.5).run(CURRENT, record=(), out={"membrane": OVERLAPPING}),
        ValueError,
        "out must name 'spikes' or recorded states",
    ),
    (
        lambda: Leaky(0.5).run(CURRENT, out=OVERLAPPING, dtype=np.uint8),
        ValueError,
        "out must have shape .* and dtype uint8",
    ),
    (
        lambda: LIF(0.5, amplitude=2.5).run(CURRENT, dtype=np.uint8),
        ValueError,
        "amplitude is 2.5, which dtype uint8 cannot hold",
    ),
    (
        lambda: LIF(0.5, amplitude=2).run(CURRENT, dtype=bool),
        ValueError,
        "amplitude is 2.0, which dtype bool cannot hold",
    ),
    (
        lambda: LIF(0.5, amplitude=1e300).run(CURRENT),
        ValueError,
        "amplitude must lie in",
    ),
    (
        lambda: LIF.profile("sinabs").run(CURRENT, dtype=np.uint8),
        ValueError,
        "dtype is uint8, which may not hold several spikes",
    ),
    (
        lambda: Leaky(0.5, inhibition=True)(np.float32(1)),
        ValueError,
        "current must have an axis of neurons for inhibition",
    ),
    # parameters that do not fit the current
    (lambda: LIF([0.5, 0.6]).run(CURRENT), ValueError, r"decay must be a number or broadcast"),
    (lambda: Leaky([0.5, 0.6]).run(CURRENT), ValueError, r"beta must be a number or broadcast"),
    (
        lambda: Leaky(0.5, threshold=[1, 1]).run(CURRENT),
        ValueError,
        "threshold must be a number or broadcast",
    ),
    (lambda: Synaptic([0.5] * 2, 0.5).run(CURRENT), ValueError, "^alpha must be a number or"),
    (lambda: Synaptic(0.5, [0.5] * 2).run(CURRENT), ValueError, "^beta must be a number or"),
    (lambda: Alpha([0.5] * 2, 0.4).run(CURRENT), ValueError, "^alpha must be a number or"),
    (
        lambda: RLeaky(0.5, V=[1, 2], all_to_all=False).run(CURRENT),
        ValueError,
        "^V must be a number or",
    ),
    (lambda: LIF(0.5, leak=1e300).run(CURRENT), ValueError, "^leak is inf when rounded to float32"),
    (lambda: LIF(0.5, gain=[1, 1, 1e300]).run(CURRENT), ValueError, "^gain is inf when rounded to"),
    (
        lambda: LIF(0.5, threshold=1e-60).run(CURRENT),
        ValueError,
        "^threshold is 0.0 when rounded to float32",
    ),
    (
        lambda: Alpha(0.5, 0.5 - 1e-12).run(CURRENT),
        ValueError,
        "alpha must be larger than beta in float32 too",
    ),
    (
        lambda: RLeaky(0.5, recurrent=EYE).run(CURRENT[:, :, :2]),
        ValueError,
        "current must have 3 neurons on its last axis",
    ),
    (
        lambda: RLeaky(0.5, recurrent=EYE).run(np.ones(3, np.float32)),
        ValueError,
        "current must have 3 neurons on its last axis",
    ),
    (
        lambda: RLeaky(0.5, recurrent=EYE).run(CURRENT.astype(np.float64)),
        TypeError,
        "current must have the dtype of recurrent, float32, got float64",
    ),
    # the tutorial's neuron
    (lambda: leaky_integrate_and_fire(0, 1.0, 0.4, 0.8), TypeError, "mem must be floating"),
    (lambda: leaky_integrate_and_fire(NAN, 1.0, 0.4, 0.8), ValueError, "mem must be finite"),
    (lambda: leaky_integrate_and_fire(0.0, INF, 0.4, 0.8), ValueError, "x must be finite"),
    (lambda: leaky_integrate_and_fire(0.0, "x", 0.4, 0.8), TypeError, "x must hold real numbers"),
    (
        lambda: leaky_integrate_and_fire(np.zeros(2), np.ones(3), 0.4, 0.8),
        ValueError,
        r"x must be a number or have the shape of mem, \(2,\), got \(3,\)",
    ),
    (
        lambda: leaky_integrate_and_fire(np.zeros(2), 1.0, 0.4, [0.1, 0.2, 0.3]),
        ValueError,
        "beta must be a number or broadcast",
    ),
    (
        lambda: leaky_integrate_and_fire(np.zeros(2), 1.0, [0.1, 0.2, 0.3], 0.4),
        ValueError,
        "w must be a number or broadcast",
    ),
    (
        lambda: leaky_integrate_and_fire(np.zeros(2, np.float32), 1.0, 1e39, 0.4),
        ValueError,
        "^w is inf when rounded to float32",
    ),
    (lambda: leaky_integrate_and_fire(0.0, 1.0, NAN, 0.8), ValueError, "w must lie in"),
    (lambda: leaky_integrate_and_fire(0.0, 1.0, 0.4, 1.8), ValueError, "beta must lie in"),
    (lambda: leaky_integrate_and_fire(0.0, 1.0, 0.4, 0.8, 0), ValueError, "threshold must lie in"),
    # layers
    (lambda: EYE(SPIKES.astype(int)), TypeError, "spikes must be bool, int8, uint8"),
    (lambda: EYE(SPIKES[..., :2]), ValueError, "spikes must have 3 inputs on their last axis"),
    (lambda: EYE(np.float32(1)), ValueError, "spikes must have 3 inputs on their last axis"),
    (lambda: EYE(poisoned(NAN)), ValueError, r"spikes must be finite, but spikes\[2, 1, 0\]"),
    (lambda: EYE(np.array([0, 1e300, 0])), ValueError, "spikes must be finite"),
    (lambda: EYE(SPIKES, exact=1), TypeError, "exact must be True or False"),
    (lambda: EYE(SPIKES, device="tpu"), ValueError, "device must be one of"),
    (lambda: EYE(SPIKES, out=np.zeros(3)), ValueError, "out must have shape"),
    (lambda: EYE(CURRENT, out=CURRENT), ValueError, "out overlaps the memory of spikes"),
    # networks
    (lambda: NET.run(np.ones(3, np.uint8)), ValueError, "spikes must have a time axis"),
    (lambda: NET.run(SPIKES[..., :2]), ValueError, "spikes must have 3 features for linear1"),
    (lambda: NET.run(SPIKES.astype(int)), TypeError, "spikes must be bool, int8, uint8"),
    (lambda: NET.run(poisoned(NAN)), ValueError, "spikes must be finite"),
    (lambda: NET.run(SPIKES, record=("synapse",)), ValueError, "record must name 'spikes' or"),
    (lambda: NET.run(SPIKES, record=5), TypeError, "record must be names"),
    (lambda: NET.run(SPIKES, record=[["membrane"]]), TypeError, "record must be names"),
    (lambda: NET.run(SPIKES, state={NO_REPR: ()}), ValueError, "state must name layers of neurons"),
    (lambda: NET.run(HUGE), ValueError, "spikes must fit into memory"),
    (lambda: NET.run(SPIKES, steps_per_chunk=0), ValueError, "steps_per_chunk must be at least 1"),
    (lambda: NET.run(SPIKES, exact=None), TypeError, "exact must be True or False"),
    (lambda: NET.run(SPIKES, state={"leaky2": (STATE,)}), ValueError, "state must name layers"),
    (lambda: NET.run(SPIKES, state=(STATE,)), TypeError, "state must be a dict"),
    (lambda: NET.run(SPIKES, state={"leaky1": STATE}), TypeError, "state must hold tuples"),
    (
        lambda: NET.run(SPIKES, state={"leaky1": (STATE[0],)}),
        ValueError,
        "membrane must have the shape",
    ),
    (
        lambda: Sequential(Leaky(0.5)).run(SPIKES),
        TypeError,
        "spikes must be floating",
    ),
    (
        lambda: Sequential(EYE, Leaky([0.5, 0.5])).run(SPIKES),
        ValueError,
        "beta must be a number or broadcast",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), MAKING, ids=[m for *_, m in MAKING])
def test_what_cannot_be_made(call, kind, message):
    with pytest.raises(kind, match=message) as refusal:
        call()
    is_one_sentence_with_a_remedy(str(refusal.value))


@pytest.mark.parametrize(("call", "kind", "message"), RUNNING, ids=[m for *_, m in RUNNING])
def test_what_cannot_be_run(call, kind, message):
    with pytest.raises(kind, match=message) as refusal:
        call()
    is_one_sentence_with_a_remedy(str(refusal.value))


def is_one_sentence_with_a_remedy(message):
    assert "; " in message, "no remedy"
    assert not message.endswith(".") and "\n" not in message
    assert not re.search(r"\. [A-Za-z]", re.sub(r"'.*'|\".*\"", "", message))


def test_refusals_leave_everything_as_it_was():
    current, state, out = CURRENT.copy(), STATE.copy(), np.full(CURRENT.shape, 7, np.float32)
    for arguments in (
        {"record": ("spike",)},
        {"dtype": int},
        {"record": ("membrane",), "out": {"spikes": out, "membrane": np.zeros(3)}},
    ):
        with pytest.raises((ValueError, TypeError)):
            Leaky(0.5).run(current, state, **{"out": out, **arguments})
    with pytest.raises(ValueError, match="finite"):
        Leaky(0.5).run(poisoned(NAN), state, out=out)
    assert (out == 7).all()
    np.testing.assert_array_equal(current, CURRENT)
    np.testing.assert_array_equal(state, STATE)


def test_more_than_memory_holds_is_refused_before_it_is_allocated(monkeypatch):
    monkeypatch.setattr("spikecore.memory.available_memory", lambda: 50)
    with pytest.raises(
        ValueError, match=r"the output of shape \(4, 2, 3\) and dtype float32 needs"
    ):
        Leaky(0.5).run(CURRENT)
    with pytest.raises(ValueError, match="the output of shape"):
        NET.run(SPIKES)


def test_what_looks_odd_and_is_meant():
    assert LIF(0.5, reset_value=0.0) == LIF(0.5)
    assert LIF(0.5, lower=-1, threshold=[1, 2]).lower == -1
    assert LIF(1) == LIF(1.0) and LIF(np.float32(0.5)) == LIF(0.5)
    assert LIF([1, 0]).decay.dtype == np.float64
    assert Leaky(0.5, inhibition=np.True_).inhibition is True
    assert Leaky(0.5).run(CURRENT.astype(np.float16), device="numpy").spikes.dtype == np.float32
    assert Leaky(0.5).run(CURRENT, None, device="numpy").spikes.shape == CURRENT.shape
    big = CURRENT.astype(CURRENT.dtype.newbyteorder())
    np.testing.assert_array_equal(
        Leaky(0.5).run(big, device="numpy").recorded["membrane"],
        Leaky(0.5).run(CURRENT, device="numpy").recorded["membrane"],
    )
