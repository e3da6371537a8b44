"""What is called: every public function with values that its arguments take.

A target is a callable as an expression, and for each argument the expressions of good values; an
argument whose first good value is ``LEFT_OUT`` may be missing.  Names that start with ``*`` stand
for positional arguments that have no name.
"""

import inspect
from typing import NamedTuple

import spikecore
from fuzzing import hardware
from spikecore import decode, neurons, spikegen, spikeplot, statistics, utils
from spikecore.neurons.units import UNITS
from spikecore.validate import causes

TABLE = "Events([0, 2, 2], [1, 0, 2], 3, 4)"  # of 4 steps and 3 elements
LEFT_OUT = None


class Target(NamedTuple):
    """A callable and good values of its arguments."""

    call: str
    good: dict  # name -> expressions
    names: tuple  # which a message may begin with, besides the arguments
    weight: float = 1.0  # how often it is drawn


IMAGES = ["np.full((2, 3), 0.5, 'f4')", "np.linspace(0, 1, 6).reshape(2, 3)", "[0.1, 0.9]"]
SERIES = ["np.linspace(0, 1, 24, dtype='f4').reshape(4, 2, 3)", "np.ones((4, 3))", "[1, 2, 0, 2.9]"]
SERIES += ["np.arange(8).reshape(4, 2)", "np.zeros((4, 2, 3), '>f8')", "np.ones((0, 3), 'f4')"]
CURRENTS = [text for text in SERIES if "arange" not in text]
SPIKES = ["np.eye(4, 3, dtype='u1')", "np.ones((4, 3), 'i1')", "np.eye(4, 3)", "np.eye(4)[:, :3]"]
RATES = ["0.5", "1", "0", "np.float32(0.25)"]
FLAGS = ["False", "True"]
LABELS = ["[2, 0]", "np.array([0, 1, 2])", "np.zeros(0, int)", "np.array([1.0, 2.0])"]
OUTS = ["np.empty((4, 2, 3), 'f4')", "np.empty((2, 3), 'f4')", "np.empty((4, 2, 3), bool)"]
OUTS += ["np.empty((4, 3), 'f4')", "np.empty(4, 'f4')"]
PARAMETERS = ["0.5", "np.array([0.5, 0.25, 0.125])", "1", "np.full((2, 3), 0.5)"]
THRESHOLDS = ["1", "0.5", "np.array([1.0, 2.0, 3.0])"]
INITIALS = ["0.25", "np.zeros((2, 3), 'f4')", "np.zeros(3)", "np.float32(0.5)"]
SIGNAL_CODES = ("contrast_threshold", "level_crossing", "moving_window", "send_on_delta")
SIGNAL_CODES += ("sigma_delta", "step_forward", "temporal_contrast")
SIGNAL_CODES += ("bsa", "hsa", "modified_hsa", "pulse_width")

# Good values by the name of an argument, wherever it has that meaning.
GOOD = {
    "data": IMAGES,
    "num_steps": ["4", "None", "np.int64(4)", "1"],
    "gain": PARAMETERS[:1],
    "offset": ["0.25", "0"],
    "first_spike_time": ["0", "1", "3"],
    "time_var_input": FLAGS,
    "seed": ["0", "None", "2**64 - 1", "np.random.default_rng(0)"],
    "uniforms": ["None", "np.zeros((4, 2, 3))", "np.zeros(4)"],
    "dtype": ["None", "bool", "'u1'", "np.int8", "np.dtype('f4')", "float"],
    "out": ["None", *OUTS],
    "generator": ["None", "'lfsr16'"],
    "shared": FLAGS,
    "first_element": ["0", "5"],
    "first_step": ["0", "9"],
    "device": ["None", "'numpy'", "'cpu'"],
    "stream": ["None"],
    "threshold": ["0.01", "0.5"],
    "padding": FLAGS,
    "sparse": FLAGS,
    "off_spike": FLAGS,
    "tau": ["1", "5.0"],
    "on_target": ["1", "0.75"],
    "off_target": ["0", "0.25"],
    "clip": FLAGS,
    "normalize": [*FLAGS, "'sample'"],
    "linear": FLAGS,
    "interpolate": FLAGS,
    "bypass": FLAGS,
    "epsilon": ["1e-7"],
    "targets": LABELS,
    "num_classes": ["3", "4"],
    "code": ["'rate'", "'latency'"],
    "correct_rate": RATES[:2],
    "incorrect_rate": RATES[2:],
    "rate": RATES,
    "firing_pattern": ["'regular'", "'uniform'", "'poisson'"],
    "one_hot_targets": IMAGES,
    "one_hot_label": ["np.eye(3)", "[[0, 1], [1, 0]]"],
    "spike_time": ["np.array([0, 3])", "[0.0, 3.0]"],
    "law": ["None", "'decay'", "'exponential'", "'inverse'"],
    "compare": ["None", "'>='", "'>'"],
    "profile": ["None", *(repr(name) for name in spikegen.profiles())],
}
# Of the codes of signals and their decoders, where the meaning of a name differs.
SIGNALS = {
    "data": [*SERIES, "np.full((4, 2, 3), -2.0, 'f4')"],
    "values": [*SERIES, "np.zeros((4, 2, 3), 'i1')"],
    "spikes": ["np.ones((4, 2, 3), 'i1')", *SPIKES, "np.ones((4, 3, 2))", "np.zeros(4, bool)"],
    "threshold": ["0.25", "np.full((2, 3), 0.5)", "np.array([1.0, 2.0, 3.0])", "1"],
    "threshold_down": ["None", "0.5", "np.full(3, 0.25)"],
    "factor": ["1", "0.5", "np.float32(2)"],
    "statistic": ["None", "'absolute'", "'signed'"],
    "over": ["None", "'steps'", "'changes'"],
    "ddof": ["None", "1", "0"],
    "align": ["None", "'start'", "'end'"],
    "edge": ["None", "'repeat'", "'zero'"],
    "compare": ["None", "'>='", "'>'"],
    "baseline": ["None", "'signal'", "'step'"],
    "multi": ["None", *FLAGS],
    "refractory": ["0", "2", "2**31 - 1"],
    "initial": ["None", *INITIALS],
    "channels": ["'signed'", "'up_down'", "None"],
    "count_first": FLAGS,
    "window": ["2", "1", "9", "2**31"],
    "first": ["None", "'window'", "'growing'"],
    "spacing": ["0.5", "1", "1e-3"],
    "fir": ["[0.2, 0.5, 0.3]", "np.ones((2, 3), 'f4') / 4", "np.full(1, 0.5)"],
    "criterion": ["None", "'subtract'", "'multiply'"],
    "shift": ["None", "0", "-2.5"],
    "gain": ["None", "1", "0.5"],
    "offsets": ["None", "(0, 0, 0)", "(1, 0, 0)"],
    "tail": ["None", "'truncate'", "'whole'"],
    "period": ["4", "2", "1"],
    "low": ["0", "-1.0"],
    "high": ["1", "2.5"],
    "delay": ["0", "1"],
    "signal": [*SERIES],
    "decoded": [*SERIES],
    "per_feature": FLAGS,
    "encoder": [f"spikegen.{name}" for name in ("step_forward", *SIGNAL_CODES)],
    "by": ["'snr'", "'count'", "'rate'"],
    "target": ["None", "10", "0.5"],
    "grid": ["None", "[0.1, 0.2]", "np.linspace(0.1, 1, 5)"],
    "refine": ["0", "1"],
    "decoder": ["None", "decode.staircase", "lambda spikes, parameter: spikes"],
    "**fir": [LEFT_OUT, "[0.2, 0.5, 0.3]"],
    "**window": [LEFT_OUT, "2"],
    "**threshold": [LEFT_OUT, "0.5"],
    "progress": ["False", "None"],
    "feedback": ["None", "'residual'", "'decoder'"],
    "cum_error": ["None", *FLAGS],
    "step": ["None", "0.25", "1"],
    "num_bits": ["None", "8", "2"],
    "profile": ["None", *(repr(name) for name in spikegen.profiles())],
    "dtype": ["None", "np.int8", "np.dtype('f4')", "float", "bool", "'u1'"],
    "out": ["None", *OUTS, "np.empty((4, 2, 3))", "np.empty((4, 2, 3, 2), 'f4')"],
}
# Of the codes of values and their decoders, where the meaning of a name differs.
VALUE_CODES = ("burst", "current", "phase", "poisson", "population", "rank_order")
VALUES = {
    "num_bits": ["3", "1", "30"],
    "clip": ["None", *FLAGS],
    "max_spikes": ["5", "1", "32767"],
    "min_interval": ["2", "0.5", "1"],
    "max_interval": ["10", "4", "2.5"],
    "gap": ["None", "0", "1"],
    "rounds": ["None", "'spikes'", "'interval'"],
    "neurons": ["5", "3", "2"],
    "low": ["0", "-0.5"],
    "high": ["1", "2.5"],
    "beta": ["1.5", "1"],
    "sigma": ["None", "0.25"],
    "centres": ["None", "'even'", "'bohte'"],
    "output": ["None", "'spikes'", "'times'", "'activity'", "'winner'"],
    "decay": ["None", "0.5", "0.9"],
    "threshold": ["None", "1", "0.5"],
    "gain": ["None", "0.25", "1"],
    "first_only": FLAGS,
    "refractory": ["0", "2", "32767"],
    "rate_is": ["None", "'hazard'", "'mean'"],
    "ties": ["'share'", "'index'"],
    "out": ["None", *OUTS, "np.empty((4, 2, 3, 5), 'f4')", "np.empty((2, 3, 5), 'f4')"],
}
DECODED = {
    "spikes": SPIKES,
    "code": ["np.eye(5)", "np.ones((2, 5))", "np.ones((4, 2, 5), 'u1')"],
    "max_spikes": ["5", "4"],
    "min_interval": ["None", "2"],
    "max_interval": ["None", "10"],
    "centre": FLAGS,
    "interval": FLAGS,
    "centres": ["'bohte'", "'even'"],
    "output": ["'activity'", "'winner'", "'times'", "'spikes'"],
    "method": ["'ratio'", "'mean'"],
    "modulation": ["0.5", "0.9"],
    "normalize": FLAGS,
    "law": ["None", "'decay'"],
}
VALUE_DECODERS = ("burst", "current", "latency", "phase", "population", "rank_order", "rate")
STATISTICS = {
    "spikes": [
        *SPIKES,
        "Events([0, 2, 2], [1, 0, 2], 3, 4)",
        "np.zeros((4, 2, 3))",
        "[0, 2, 0, 1]",
        "np.zeros((0, 3), bool)",
    ],
    "targets": ["None", *SPIKES],
    "dt": ["None", "0.5", "np.float32(1)", "1e-3"],
    "start": ["0", "1"],
    "stop": ["None", "2", "4"],
    "window": ["'half-open'", "'closed'"],
    "axis": ["None", "1", "(1, 2)", "-1"],
    "ddof": ["0", "1"],
    "bin_steps": ["1", "3"],
    "output": ["'sum'", "'mean'", "'rate'", "'counts'", "'border'", "'coefficient'"],
    "sigma": ["1.0", "0.5", "30"],
    "kernel": ["'gaussian'", "'exponential'"],
    "border_correction": FLAGS,
    "cutoff": ["None", "5", "0"],
    "refractory": ["0", "0.5"],
    "max_lag": ["1", "0", "3"],
    "cost": ["0.5", "0", "10"],
    "tau": ["1", "5.0"],
    "max_tau": ["None", "1.0"],
}
NEURON = {
    "decay": PARAMETERS,
    "alpha": ["0.9", "np.array([0.9, 0.8, 0.7])"],
    "beta": PARAMETERS,
    "V": PARAMETERS,
    "threshold": THRESHOLDS,
    "gain": PARAMETERS,
    "leak": ["0", "0.5"],
    "compare": ["'>='", "'>'"],
    "reset": ["'subtract'", "'value'", "'none'"],
    "reset_value": ["0", "0.1"],
    "reset_at": ["'next'", "'same'", "'exchange'"],
    "decay_reset": FLAGS,
    "drop_input": FLAGS,
    "spikes": ["'single'", "'multi'"],
    "report_spike": ["'new'", "'old'"],
    "refractory": ["0", "2", "1.5"],
    "refractory_holds": ["'input'", "'membrane'", "'spike'"],
    "refractory_mode": ["'steps'", "'fraction'"],
    "initial": ["None", *PARAMETERS],
    "synapse_decay": ["None", *PARAMETERS],
    "synapse_order": ["'decay-jump-use'", "'use-decay-jump'", "'jump-use-decay'"],
    "synapse_gain": PARAMETERS,
    "adaptation_decay": ["None", *PARAMETERS],
    "adaptation_scale": PARAMETERS,
    "adaptation_of": ["'threshold'", "'input'"],
    "input_delay": ["0", "1", "5"],
    "threshold_low": ["None", "-0.5", "np.full(3, -1.0)"],
    "spike_map": ["'linear'", "'quadratic'", "'exponential'"],
    "map_scale": PARAMETERS,
    "map_onset": PARAMETERS,
    "map_slope": THRESHOLDS,
    "inhibition": FLAGS,
    "lower": ["None", "-1"],
    "amplitude": ["1", "0.5"],
    "reset_mechanism": ["'subtract'", "'zero'", "'none'"],
    "reset_delay": ["True", "False"],
    "graded_spikes_factor": ["1", "2"],
    "R": ["None", "5"],
    "C": ["None", "2.0"],
    "time_step": ["1", "0.5"],
    "all_to_all": ["False", "True"],
    "recurrent": ["None", "Linear.draw(3, 3, seed=0)"],
    "mem": ["np.array([0.5, 1.5])", "np.zeros((2, 3), 'f4')"],
    "x": ["1.0", "np.array([1.0, 1.0])"],
    "w": PARAMETERS[:1],
}
RUN = {
    "current": CURRENTS,
    "*state": [LEFT_OUT, "None", "np.zeros((2, 3), 'f4')", "np.zeros(3)"],
    "record": ["('membrane',)", "()", "'membrane'", "['synapse']", "['spikes']"],
    "out": ["None", *OUTS, "{'membrane': np.empty((4, 2, 3), 'f4')}", "{}"],
}
STEP = {"*state": RUN["*state"], "current": IMAGES}
LAYERS = ["Linear.draw(3, 2, seed=0)", "Leaky(0.9)", "Linear.draw(2, 3, seed=0)", "LIF(0.5)"]
LAYERS += ["Linear(np.ones((3, 3)))", "RLeaky(0.5, all_to_all=False)"]
NETWORK = {
    "recurrent": ["None", "{'leaky1': Linear.draw(2, 2, seed=0)}"],
    "weight": ["np.ones((2, 3), 'f4')", "np.eye(3)", "[[0.5, 1.5]]"],
    "bias": ["None", "np.zeros(2, 'f4')", "np.zeros(3)"],
    "in_features": ["3", "4"],
    "out_features": ["2"],
    "skip": ["0", "7"],
    "layer": ["SimpleNamespace(weight=np.ones((2, 3)), bias=None)"],
    "*layers": LAYERS,
    "names": ["None", "['a', 'b']", "'ab'"],
    "input_shape": ["None", "(3,)", "[4]"],
    "spikes": SPIKES,
    "state": ["None", "{}", "{'leaky1': (np.zeros(2, 'f4'),)}"],
    "record": ["('spikes', 'membrane')", "()", "'spikes'"],
    "steps_per_chunk": ["None", "1", "3"],
    "exact": FLAGS,
    "out": ["None", "np.empty((4, 2), 'f4')"],
}
KERNELS = {
    "Conv1d": ["np.ones((2, 3, 2), 'f4')", "np.ones((4, 1, 3))"],
    "Conv2d": ["np.ones((2, 3, 2, 2), 'f4')", "np.ones((4, 1, 3, 1))"],
}
LAYER = {
    "bias": ["None", "np.zeros(2, 'f4')", "np.zeros(4)"],
    "stride": ["1", "2", "(2, 1)"],
    "padding": ["0", "1", "'same'", "'valid'"],
    "dilation": ["1", "2"],
    "groups": ["1", "2"],
    "kernel_size": ["2", "(1, 2)", "[3, 3]"],
    "start": ["-3", "-2"],
    "end": ["-1", "-2"],
    "scale": PARAMETERS,
    "threshold": PARAMETERS,
    "steps": ["1", "0", "[1, 2, 0]", "np.int64(3)"],
    "nodes": ["{'a': Leaky(0.9)}", "{'a': LIF(0.5), 'b': Linear(np.ones((3, 3)))}"],
    "edges": [
        "[('input', 'a'), ('a', 'output')]",
        "(('input', 'a'), ('a', 'b'), ('b', 'a'), ('a', 'output'))",
    ],
    "inputs": ["('input',)", "{'input': (3,)}", "'input'"],
    "outputs": ["('output',)", "'output'"],
}
IN_NETWORKS = {  # calls of layers and graphs
    "spikes": [*SPIKES, "np.ones((4, 2, 3, 5), 'u1')"],
    "delayed": ["None", "np.zeros((1, 3), 'u1')"],
    "state": ["None", "{}", "{'w': (np.zeros(3, 'f4'),)}"],
}
LAYER_MADE = ("Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Flatten", "Scale")
LAYER_MADE += ("Threshold", "Delay")
LOOP = "{'a': Leaky(0.9), 'w': Linear.draw(3, 3, seed=0)}, "
LOOP += "[('input', 'a'), ('a', 'w'), ('w', 'a'), ('a', 'output')]"
NUMBERS = {
    "elements": ["[0, 1, 2]", "5", "np.arange(3)"],
    "step": ["0", "2**34 - 1"],
    "stream": ["'rate'", "'targets'", "'weights'"],
    "shape": ["(2, 3)", "[2]", "(0,)"],
}
SETS = ["(np.zeros((6, 2, 2)), np.arange(6))", "SimpleNamespace(data=np.zeros(6), targets=[1] * 6)"]
UTILS = {
    "dataset": SETS,
    "subset": ["2", "1", "6"],
    "idx": ["0", "1"],
    "ds_train": SETS,
    "ds_val": ["None"],
    "split": RATES,
    "images": [*SETS, "np.zeros((6, 2))"],
    "labels": ["None", "np.arange(6)"],
    "batch_size": ["2", "1"],
    "shuffle": FLAGS,
    "size": ["None", "(9, 9)", "[8, 8]"],
    "root": ["'data'", "Path('data')", "'broken'", "'none'", "'file'"],
    "train": ["True", "False"],
    "download": ["False", "True"],
    "mirrors": ["('http://localhost:1',)"],  # refused at once: nothing listens there
    "checksums": ["None", "datasets.MNIST_CHECKSUMS"],
    "progress": ["False"],
}
EVENTS = {
    "step": ["[0, 2, 2]", "np.array([0, 1, 3])", "[]"],
    "element": ["[1, 0, 2]", "np.array([0, 1, 2], 'u1')", "[]"],
    "shape": ["3", "(3,)", "(1, 3)"],
    "num_steps": ["4", "5"],
    "value": ["None", "[1, -1, 2]", "np.ones(3, 'f4')"],
    "dt": ["None", "0.1", "1e-4", "1"],
    "combine": ["'error'", "'any'", "'count'", "'signed'"],
    "spikes": SPIKES,
    "times": ["[0.0, 0.2, 0.3]", "np.array([0, 1, 2])"],
    "start": ["0", "-0.5"],
    "stop": ["None", "1.0"],
    "bypass": FLAGS,
    "packed": ["np.array([[128], [0]], 'u1')"],
    "parts": [f"[{TABLE}, {TABLE}]", f"({TABLE},)"],
    "over": ["'time'", "'elements'"],
    "elements": ["[0, 2]", "1", "slice(0, 2)"],
    "dtype": ["None", "np.float32", "bool", "'i1'"],
}
MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
MNIST_FILES += ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
AXES = ["Figure().subplots()", "Figure().add_axes((0, 0, 1, 1))"]
PLOTS = {
    "data": ["np.eye(4, 3)", "np.ones((4, 3, 3), 'u1')", "np.array([0, 1, 0, 1])", "np.eye(3)[1]"],
    "spike_times": ["np.ones((4, 3))", "np.full(4, np.nan)"],
    "ax": ["None", *AXES],
    "fig": ["None", "Figure()"],
    "off_color": ["'red'", "(1, 0, 0)"],
    "origin": ["None", "'upper'"],
    "density": ["None", *FLAGS],
    "legend": ["None", *FLAGS],
    "bin_steps": ["1", "2"],
    "time_step": ["False", "0.001"],
    "threshold": ["None", "1.0"],
    "labels": ["None", "['a', 'b', 'c']"],
    "num_steps": ["False", "2"],
    "animate": FLAGS,
    "interpolate": ["1"],
    "gridshader": FLAGS,
    "interval": ["25"],
    "cmap": ["'gray'", "'plasma'"],
    "step_label": FLAGS,
    "spk": ["None", "np.eye(4, 3)"],
    "dim": ["(3, 3)", "(1, 1)"],
    "spk_height": ["5"],
    "titles": ["None", "['a']"],
    "mark_spikes": FLAGS,
    "show_axes": FLAGS,
    "ylabel": ["'Membrane'"],
    "ylim": ["None", "(0, 1)"],
    "sharey": FLAGS,
    "image": ["None", "np.ones((3, 3))"],
    "spikes": ["np.array([0, 1, 0, -1])", "np.eye(4, 2)", "[0.5, 0, 0, 0]"],
    "decoded": ["np.zeros(4)", "[0, 1, 1, 0]"],
    "bound": ["None", "0.5"],
    "codes": ["{'a': {'count': [1, 9], 'snr': np.array([2.0, 30.0])}}"],
    "animation": ["spikeplot.animator(np.ones((2, 3, 3)))"],
    "path": ["'film.gif'", "'none/film.gif'", "'film.txt'"],
    "progress": ["False"],
    "fps": ["None", "10"],
    "net": ["Sequential(Linear.draw(3, 2, seed=0), Leaky(0.9))"],
    "run": ["None", "{}"],
    "**color": [LEFT_OUT, "'red'", "(0, 0, 1)"],
    "**label": [LEFT_OUT, "'spikes'"],
    "**c": [LEFT_OUT, "'red'", "np.ones(4)"],
    "**s": [LEFT_OUT, "20"],
    "**alpha": [LEFT_OUT, "0.5"],
    "**marker": [LEFT_OUT, "'o'"],
    "**linewidths": [LEFT_OUT, "1.0"],
}
STYLE = {
    "raster": ("c", "s", "alpha", "marker", "linewidths", "label", "color"),
    "psth": ("color", "label", "alpha"),
    "latency_curve": ("color", "label", "marker", "alpha", "c"),
    "correlogram": ("color", "label", "alpha"),
    "isi_histogram": ("color", "label", "alpha"),
}
VALIDATE = {
    "candidate": ["len"],  # fails at once; others are compared for seconds
    "kind": [repr(kind) for kind in causes.KINDS],
    "against": ["'snntorch-1.0'", "'rate'"],
    "strict": FLAGS,
    "timeout": ["60.0"],
    "form": ["'auto'", "'step'", "'sequence'", "'stateful'"],
    "arrays": ["'auto'", "'numpy'"],
    "reset_call": ["None", "'reset'", "lambda: None"],
    "data_dtype": ["'f4'"],
    "states": FLAGS,
    "band": ["1e-6"],
    "initial": ["None", "0"],
    "false_alarm": ["1e-6"],
    "draws": ["2**10"],
    "stream": ["'auto'", "'own'", "'spikecore'"],
    "**num_steps": [LEFT_OUT, "4"],
    "**threshold": [LEFT_OUT, "0.5"],
    "**decay": [LEFT_OUT, "0.5"],
    "**reset": [LEFT_OUT, "'value'"],
}
BLOCKS = {
    "work": ["spikegen.delta", "spikegen.rate", "spikegen.phase", "LIF(0.5)", "decode.accumulate"],
    "data": [*SERIES, "iter([np.ones((4, 3)), np.ones((2, 3))])"],
    "block_steps": ["None", "2"],
    "**num_steps": [LEFT_OUT, "4"],
}
# Callables with axes that differ: what a run asks of its arguments depends on them.
RUNNING = (
    "LIF(0.5)", "LIF(np.array([0.5, 0.5, 0.5]), refractory=2, lower=-1, leak=0.1, gain=0.5)",
    "LIF(0.5, spikes='multi', compare='>=')", "Leaky(0.9, inhibition=True)",
    "Leaky(0.5, graded_spikes_factor=2)", "Synaptic(0.9, 0.5)", "Alpha(0.9, 0.5)", "Lapicque(0.9)",
    "RLeaky(0.5, all_to_all=False)", "RLeaky(0.5, recurrent=Linear.draw(3, 3, seed=0))",
    "Quantized(Leaky(0.9), [-1, 0, 0.5, 1, 1.5])",
)  # fmt: skip
QUANTIZED = {
    "neuron": ["Leaky(0.9)", "LIF(0.5, reset='value')"],
    "levels": ["[-1, 0, 0.5, 1]", "state_levels(3)", "np.array([0.5], 'f4')"],
    "num_bits": ["8", "3"],
    "uniform": FLAGS,
    "threshold_centered": FLAGS,
    "threshold": ["1.0", "0.5"],
    "lower_limit": ["0.0", "0.2"],
    "upper_limit": ["0.2", "0.5"],
    "multiplier": ["None", "0.5"],
}
CLASSES = ("LIF", "Leaky", "Lapicque", "Synaptic", "Alpha", "RLeaky")
WORKING_DICTS = ["LIF(0.5, reset='value').to_dict()", "Leaky(0.9).to_dict()", "{'decay': 0.5}"]


def signature(call):
    """The parameters of a callable that an expression of this file names."""
    from fuzzing.calls import evaluate

    return inspect.signature(evaluate(call)).parameters


def good_values(key, call, tables):
    """The good values of one argument, from the first table that has them."""
    for table in tables:
        if key in table:
            return table[key]
    names = [name for name, value in globals().items() if any(value is table for table in tables)]
    raise LookupError(
        f"{key}, an argument of {call}, must have good values, got none; add {key!r} to "
        f"{' or '.join(names) or 'the tables of its target'} in tests/fuzzing/targets.py"
    )


def target(call, tables, weight=1.0, names=(), more=(), without=()):
    """A target, its good values looked up by the names of its arguments."""
    found = {}
    for name, parameter in signature(call).items():
        if parameter.kind is parameter.VAR_KEYWORD or name in without:
            continue
        key = f"*{name}" if parameter.kind is parameter.VAR_POSITIONAL else name
        good = good_values(key, call, tables)
        has_default = parameter.default is not parameter.empty
        found[key] = [LEFT_OUT, *good] if has_default else good
    for name in more:
        found[f"**{name}"] = good_values(f"**{name}", call, tables)
    return Target(call, found, names, weight)


def all_targets():
    """Every target."""
    found = []
    for name in spikegen.__all__:
        own = VALUES if name in VALUE_CODES else SIGNALS if name in SIGNAL_CODES else GOOD
        found.append(target(f"spikegen.{name}", (own, GOOD), 3.0))
    for name in filter(str.islower, decode.__all__):  # not the results
        own = (DECODED, VALUES) if name in VALUE_DECODERS else (SIGNALS,)
        if name == "choose":  # it calls an encoder many times, whose options it takes
            names, more = ("options", *SIGNALS, *GOOD, *NEURON), ("fir", "window", "threshold")
            found.append(target("decode.choose", (*own, GOOD), 0.5, names, more))
        else:
            found.append(target(f"decode.{name}", (*own, GOOD), 3.0))
    found += [target(f"statistics.{name}", (STATISTICS,), 1.5) for name in statistics.__all__]
    for name in ("seed_of", "words", "uniforms", "torch_uniforms"):
        found.append(target(f"random.{name}", (NUMBERS, GOOD)))
    for name in utils.__all__:
        found.append(target(f"utils.{name}", (UTILS, GOOD), 1.5))
    found.append(target("datasets.digits", (UTILS,), 0.5))
    found += [target(f"datasets.{name}", (), 0.1) for name in ("ecg", "moving_digits")]
    made = ("Events", "Events.from_dense", "Events.from_times", "Events.unpack")
    asked = (f"{TABLE}.{name}" for name in ("counts", "take", "to_dense", "pack", "to_numpy"))
    for call in (*made, "events.concatenate", *asked):
        found.append(target(call, (EVENTS,), 0.7))
    told = ("options", *GOOD, *SIGNALS, *VALUES, *RUN)
    found.append(
        target("lazy.blocks", (BLOCKS,), 1.0, told, ("num_steps",), ("arguments_of_work",))
    )
    found.append(target("datasets.mnist", (UTILS,), 2.0, MNIST_FILES))
    found += neuron_targets() + network_targets() + plot_targets() + validate_targets()
    found += [target(call, tables, weight, names) for call, tables, weight, names in hardware.CALLS]
    found.append(target("spikecore.profiles", ()))
    found.append(target("spikecore.devices", (), 0.1))
    return found


def neuron_targets():
    """Constructors, runs, single steps, profiles and descriptions."""
    fields = tuple(NEURON)
    found = [target(name, (NEURON,), 3.0) for name in CLASSES]
    found.append(target("leaky_integrate_and_fire", (NEURON,), 2.0))
    found += [target(name, (QUANTIZED,), 0.5) for name in ("Quantized", "state_levels")]
    for neuron in RUNNING:
        names = (*fields, "membrane", "synapse", "excitatory", "inhibitory", "spikes", "refractory",
                 "adaptation", "delayed")  # fmt: skip
        found.append(target(f"{neuron}.run", (RUN, GOOD), 1.0, names))
        found.append(target(neuron, (STEP, GOOD), 0.7, names))
    for name in CLASSES:
        description = {"description": [*WORKING_DICTS, f"{{'kind': {name!r}, 'beta': 0.5}}"]}
        found.append(target(f"{name}.from_dict", (description,), 0.5, (*fields, "kind")))
    changed = {
        name: [LEFT_OUT, *good] for name, good in NEURON.items() if hasattr(spikecore.LIF, name)
    }
    found.append(Target("LIF.from_units", units_values(), tuple(UNIT_NUMBERS)))
    profile = {"name": [repr(name) for name in neurons.profiles()]}
    found.append(Target("LIF.profile", {**profile, "decay": [LEFT_OUT, "0.5"], **changed}, fields))
    return found


UNIT_NUMBERS = {  # arguments of some simulators; one of another is refused by its name
    "dt": ["0.1", "1"],
    "tau_m": ["10.0", "2"],
    "t_ref": ["0", "2.0"],
    "V_th": ["-55.0", "-50"],
    "tau_syn_ex": ["2.0", "5"],
    "delay": ["1.0", "0.1"],
    "input": ["'spikes'", "'current'"],
    "method": ["'exact'", "'euler'"],
    "decay_input": FLAGS,
    "v_reset": ["None", "0.0", "-65"],
}


def units_values():
    """The names that have units, and arguments that may be left out."""
    left_out = {name: [LEFT_OUT, *good] for name, good in UNIT_NUMBERS.items()}
    return {"name": [repr(name) for name in UNITS], **left_out}


def network_targets():
    """Layers and networks, and what they do."""
    tables = (NETWORK, GOOD)
    network_names = ("current", "membrane", "linear1", "leaky1")
    found = [target(name, tables, 2.0) for name in ("Linear", "Sequential")]
    found += [
        target(f"Linear.{name}", tables, 1.0, ("weight", "bias")) for name in ("draw", "from_torch")
    ]
    found.append(target("Linear(np.ones((2, 3), 'f4'))", tables, 2.0))
    files = {"path": ["'none.npz'", "'none.safetensors'"], "name": ["''", "'fc1'"]}
    for name in ("Linear", "Conv2d"):
        found.append(target(f"{name}.from_file", (files,), 0.5))
    net = "Sequential(Linear.draw(3, 2, seed=0), Leaky(0.9))"
    found.append(target(f"{net}.run", tables, 2.0, network_names))
    found.append(target("Sequential(LIF(0.5), Leaky(0.9)).run", tables, 1.0, network_names))
    for name in LAYER_MADE:
        own = ({"weight": KERNELS.get(name, [])}, LAYER, *tables, NEURON)
        found.append(target(name, own, 1.0))
    found += [target(name, (NEURON, LAYER, GOOD), 1.0) for name in ("LI", "CubaLI")]
    found.append(target("Graph", (LAYER, *tables), 2.0, ("names", "layers")))
    calls = (IN_NETWORKS, *tables)
    for made in ("Conv2d(np.ones((2, 2, 1, 2)))", "Scale([0.5, 2, 1])", "Threshold(0.5)"):
        found.append(target(made, calls, 0.5, ("the output of",)))
    found.append(target("Delay(1).run", calls, 0.5))
    found.append(target("LI(0.5).run", (RUN, *tables), 0.5, ("membrane",)))
    names = (*network_names, "output")
    found.append(target(f"Graph({LOOP}).run", calls, 1.0, names))
    return found


def plot_targets():
    """Plots, which take longest."""
    found = []
    for name in spikeplot.__all__:
        style = STYLE.get(name, ())
        found.append(target(f"spikeplot.{name}", (PLOTS, GOOD), 0.3, ("keyword", *style), style))
    return found


def validate_targets():
    """The comparison with the reference, which runs for seconds once its arguments are right."""
    names = ("options", "changes", *GOOD, *NEURON)
    more = {"encoder": ("num_steps", "threshold"), "neuron": ("decay", "reset")}
    found = [
        target(f"validate.{name}", (VALIDATE, GOOD), 0.3, names, own) for name, own in more.items()
    ]
    own = {
        "against": ["Sequential(Linear.draw(3, 2, seed=0), Leaky(0.9))"],
        "inputs": ["None", "np.ones((4, 2, 3), 'f4')"],
        "rules": ["'exact'"],
        "dt": ["None"],
    }
    words = ("spikes", "dt and rules", "layer")
    return [*found, target("validate.network", (own, VALIDATE, GOOD), 0.3, words)]
