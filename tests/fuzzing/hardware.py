"""Good values of fixed-point and of continuous neurons: call, tables of arguments, weight."""

INTEGERS = ["0", "7", "np.array([1, 2, 3])", "[3, 2, 1]"]
WEIGHTS = ["[[1, -2, 3], [0, 4, 5]]", "np.array([[1, 2, 3]])", "np.eye(3, dtype=int)"]
SPIKES = ["np.ones((4, 2, 3), 'u1')", "np.zeros((4, 3), int)", "np.array([[True, False, True]])"]
DEVICE = {"device": ["None", "'numpy'", "'cpu'"], "stream": ["None"]}
FIELDS = {
    "decay": INTEGERS, "threshold": INTEGERS, "synapse_decay": ["None", *INTEGERS],
    "bias": INTEGERS, "bias_exponent": ["0", "-2"], "lower_threshold": ["None", "-5"],
    "decay_form": ["'factor'", "'complement'", "'shift'", "'constant'"], "decay_bits": ["7", "12"],
    "decay_offset": ["0", "1"], "synapse_offset": ["0", "1"], "decay_at": ["'step'", "'event'"],
    "rounding": ["'floor'", "'zero'", "'nearest'"], "product_bits": ["None", "32"],
    "bits": ["16", "24"], "synapse_bits": ["24"], "frac": ["0", "6"],
    "overflow": ["'saturate'", "'wrap'"], "synapse_overflow": ["'symmetric'", "'wrap-high'"],
    "input_bits": ["16"], "threshold_bits": ["12"], "bias_bits": ["13"], "input_shift": ["0", "6"],
    "threshold_shift": ["0", "6"], "compare": ["'>'", "'>='"],
    "reset": ["'value'", "'subtract'", "'none'"], "reset_value": ["0", "-3"],
    "reset_at": ["'same'", "'next'"], "report_spike": ["'new'", "'old'"],
    "reset_interval": ["0", "4"], "reset_offset": ["0", "1"],
}  # fmt: skip
RUN = {
    "current": ["np.ones((4, 2, 3), int)", "np.zeros((4, 3), 'i4')", "[[1, 2, 3]]"],
    "*state": ["None", "np.zeros((2, 3), int)", "np.zeros(3, 'i4')"],
    "time_events": ["None", "np.array([True, False, True, False])"],
    "record": ["('membrane',)", "()", "['synapse']"],
    "dtype": ["None", "np.int8", "bool", "'u1'"],
    "out": ["None", "np.empty((4, 2, 3), 'i4')", "{'membrane': np.empty((4, 3), 'i4')}"],
    **DEVICE,
}
STEP = {**RUN, "current": ["np.ones((2, 3), int)", "[1, 2, 3]"], "time_events": ["None", "True"]}
LAYER = {
    "weight": WEIGHTS, "exponent": ["0", "-2"], "delay": ["0", "1"],
    "name": ["'loihi'", "'spiker'"],
    "spikes": SPIKES, "before": ["None", "np.zeros((1, 3), int)"],
    "profile": ["'loihi'", "'tinyodin'"], "bits": ["None", "4"],
    "sign_mode": ["'mixed'", "'excitatory'"], "scale": ["1.0", "256"], **DEVICE,
}  # fmt: skip
TIMES = ["()", "[0.5, 1, 1.5]", "np.array([0.25])"]
EXACT = {
    "tau": ["1.0", "20"], "threshold": ["1.0", "0.5"], "leak": ["0.0", "0.25"],
    "resistance": ["1.0", "2"], "reset": ["'value'", "'subtract'"], "reset_value": ["0.0", "-1"],
    "refractory": ["0.0", "0.5"], "synapse_tau": ["None", "0.5"], "duration": ["2.0", "3", "0"],
    "input_times": TIMES, "weights": ["1.0", "[0.5, 0.25, 1]"], "current": ["0.0", "1.5", "[2]"],
    "current_times": ["None", "[0.5]"], "sample_times": TIMES, "state": ["None"],
}  # fmt: skip
MADE = ("'loihi'", "'loihi-ternary'", "'tinyodin', decay=2", "'q-format', decay=[1, 2, 3]")
STATES = ("membrane", "synapse", "clock", *FIELDS)
CALLS = [
    ("fixed.LIF", (FIELDS,), 3.0, ()),
    *((f"fixed.LIF.profile({made}).run", (RUN,), 1.0, STATES) for made in MADE),
    *((f"fixed.LIF.profile({made})", (STEP,), 0.7, STATES) for made in MADE),
    ("fixed.LIF.profile('q-format').to_integers", ({"values": ["[0.5, -1.0]", "0.25"]},), 0.5, ()),
    ("fixed.LIF.profile('q-format').to_reals", ({"values": INTEGERS},), 0.5, ()),
    ("fixed.Linear", (LAYER,), 1.0, ()),
    ("fixed.Linear.profile", (LAYER,), 1.0, ("profile",)),
    ("fixed.Linear([[1, -2, 3]])", (LAYER,), 1.0, ()),
    ("fixed.Linear([[1, -2, 3]], delay=1).run", (LAYER,), 1.0, ()),
    ("fixed.quantize", (LAYER,), 1.0, ()),
    ("fixed.profiles", (), 0.1, ()),
    ("exact.LIF", (EXACT,), 1.0, ()),
    ("exact.LIF(1.0).run", (EXACT,), 2.0, ()),
    ("exact.LIF(1.0, synapse_tau=0.5, refractory=0.1).run", (EXACT,), 2.0, ()),
]
