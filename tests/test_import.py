"""What importing costs, which names there are, and that calls read as snnTorch 1.0.0's."""

import inspect
import subprocess
import sys
from types import ModuleType

import pytest
from conftest import OF_VALUES, TIME_SERIES

import spikecore
from spikecore import decode, spikegen

MODULES = [
    value
    for value in (getattr(spikecore, name) for name in spikecore.__all__)
    if isinstance(value, ModuleType)
]


def loaded_by(code):
    """Names of the modules that a new process has loaded after running the code."""
    code = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    command = [sys.executable, "-W", "error", "-c", code]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


# Numba loads SciPy where it is installed, so that is no fault of ours.
UNWANTED = {"matplotlib", "pandas", "torch", "numba_cuda", "tqdm", "requests", "PIL"}


def families(modules):
    return {name.partition(".")[0] for name in modules}


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_by("import spikecore")
    assert "spikecore" in loaded
    assert not families(loaded) & {"numpy", "numba", "llvmlite", "matplotlib", "scipy", "torch"}
    ours = {name for name in loaded if name.startswith("spikecore")}
    assert ours == {"spikecore"}


def test_importing_the_encoders_loads_no_plots_and_no_cuda():
    loaded = loaded_by("from spikecore import spikegen")
    assert not families(loaded) & UNWANTED
    assert not [name for name in loaded if name.startswith("numba.cuda")]
    assert "spikecore.spikeplot" not in loaded
    assert "spikecore.datasets" not in loaded


def test_importing_the_types_of_signatures_loads_numpy_alone():
    loaded = loaded_by("import spikecore.annotations")
    assert families(loaded) & {"numpy", "numba", "llvmlite", "matplotlib", "scipy"} == {"numpy"}


def test_encoding_loads_no_plots_and_no_cuda():
    code = """
import numpy as np
from spikecore import spikegen
for device in ("cpu", "numpy"):
    spikegen.rate(np.zeros(3, np.float32), 2, seed=0, device=device)
    spikegen.latency(np.zeros(3, np.float32), 2, normalize=True, device=device)
"""
    loaded = loaded_by(code)
    assert not families(loaded) & UNWANTED
    assert not [name for name in loaded if name.startswith("numba.cuda")]


def test_the_interpreted_backend_alone_loads_no_compiled_kernels():
    code = "from spikecore import spikegen; spikegen.rate([0.5], 2, seed=0, device='numpy')"
    assert "spikecore.backends.cpu" not in loaded_by(code)


@pytest.mark.parametrize(
    "name", ["spikegen", "decode", "random", "spikeplot", "statistics", "datasets", "nir", "utils"]
)
def test_submodules_load_when_touched(name):
    assert name in spikecore.__all__
    assert f"spikecore.{name}" in loaded_by(f"import spikecore\nspikecore.{name}")


def test_the_package_lists_its_names():
    assert set(spikecore.__all__) <= set(dir(spikecore))
    assert dir(spikecore) == sorted(dir(spikecore))
    for name in spikecore.__all__:
        assert getattr(spikecore, name) is not None
    assert spikecore.__version__.count(".") == 2


@pytest.mark.parametrize(
    "module",
    MODULES,
    ids=lambda module: module.__name__,
)
def test_a_module_lists_its_public_names_alone(module):
    assert {name for name in dir(module) if not name.startswith("__")} == set(module.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'spikecore' has no attribute 'nope'$"):
        spikecore.nope  # noqa: B018
    with pytest.raises(ImportError):
        from spikecore import nope  # noqa: F401
    assert not hasattr(spikecore, "backward")


# --- signatures ---------------------------------------------------------------------------------

# Positional arguments of snnTorch 1.0.0 with their defaults; its False for "no number of steps"
# is None here, and still accepted.
LATENCY = "threshold=0.01 tau=1 first_spike_time=0"
SNNTORCH = {
    "delta": "data threshold=0.1 padding=False off_spike=False",
    "from_one_hot": "one_hot_label",
    "latency": f"data num_steps=None {LATENCY} on_target=1 off_target=0 clip=False "
    "normalize=False linear=False interpolate=False bypass=False epsilon=1e-07",
    "latency_code": f"data num_steps=None {LATENCY} normalize=False linear=False epsilon=1e-07",
    "latency_code_linear": f"data num_steps=None {LATENCY} normalize=False",
    "latency_code_log": f"data num_steps=None {LATENCY} normalize=False epsilon=1e-07",
    "latency_interpolate": "spike_time num_steps on_target=1 off_target=0",
    "rate": "data num_steps=None gain=1 offset=0 first_spike_time=0 time_var_input=False",
    "rate_conv": "data",
    "rate_interpolate": "spike_time num_steps on_target=1 off_target=0 epsilon=1e-07",
    "target_rate_code": "num_steps first_spike_time=0 rate=1 firing_pattern='regular'",
    "targets_convert": "targets num_classes code='rate' num_steps=None first_spike_time=0 "
    "correct_rate=1 incorrect_rate=0 on_target=1 off_target=0 firing_pattern='regular' "
    "interpolate=False epsilon=1e-07 threshold=0.01 tau=1 clip=False normalize=False linear=False "
    "bypass=False",
    "targets_latency": "targets num_classes num_steps=None first_spike_time=0 on_target=1 "
    "off_target=0 interpolate=False threshold=0.01 tau=1 clip=False normalize=False linear=False "
    "epsilon=1e-07 bypass=False",
    "targets_rate": "targets num_classes num_steps=None first_spike_time=0 correct_rate=1 "
    "incorrect_rate=0 on_target=1 off_target=0 firing_pattern='regular' interpolate=False "
    "epsilon=1e-07",
    "to_one_hot": "targets num_classes",
    "to_one_hot_inverse": "one_hot_targets",
}

OURS = {
    "delta": "dtype out device stream sparse",
    "from_one_hot": "",
    "latency": "law compare profile dtype out device stream sparse",
    "latency_code": "device stream",
    "latency_code_linear": "device stream",
    "latency_code_log": "device stream",
    "latency_interpolate": "dtype out",
    "rate": "seed uniforms generator shared dtype out first_element first_step device stream "
    "sparse",
    "rate_conv": "seed uniforms dtype out first_element first_step device stream sparse",
    "rate_interpolate": "dtype out",
    "target_rate_code": "seed uniforms dtype out first_element device",
    "targets_convert": "seed uniforms dtype out first_element device sparse",
    "targets_latency": "dtype out device sparse",
    "targets_rate": "seed uniforms dtype out first_element device sparse",
    "to_one_hot": "dtype out",
    "to_one_hot_inverse": "dtype out",
}


# The codes of other toolboxes: positional arguments, and those by keyword.
TAIL = "dtype out device stream"
SIGNALS = {
    "bsa": ("data fir threshold", f"criterion shift gain offsets tail profile {TAIL}"),
    "contrast_threshold": (
        "data factor", "statistic over ddof align edge profile device stream",
    ),
    "hsa": ("data fir", f"shift gain {TAIL}"),
    "level_crossing": ("data spacing", f"initial channels {TAIL} sparse"),
    "modified_hsa": ("data fir threshold", f"shift gain {TAIL}"),
    "moving_window": ("data threshold window", f"compare first channels profile {TAIL} sparse"),
    "profiles": ("", ""),
    "pulse_width": ("data period", f"low high {TAIL}"),
    "send_on_delta": (
        "data threshold",
        f"threshold_down compare multi refractory initial channels profile {TAIL} sparse",
    ),
    "sigma_delta": (
        "data threshold",
        "initial compare feedback cum_error step num_bits profile out device stream sparse",
    ),
    "step_forward": (
        "data threshold",
        f"threshold_down compare baseline multi refractory initial channels profile {TAIL} sparse",
    ),
    "temporal_contrast": (
        "data threshold=None factor=None",
        f"compare align edge statistic over ddof channels profile {TAIL} sparse",
    ),
}  # fmt: skip
VALUES = {
    "burst": (
        "data num_steps max_spikes=5 min_interval=2 max_interval=10", f"gap rounds profile {TAIL}",
    ),
    "current": ("data num_steps", f"decay threshold gain first_only profile {TAIL}"),
    "phase": ("data num_bits num_steps=None", f"clip profile {TAIL}"),
    "poisson": (
        "data num_steps=None",
        "refractory rate_is time_var_input seed profile dtype out first_element device stream",
    ),
    "population": (
        "data neurons low high", f"beta sigma centres output num_steps profile {TAIL}",
    ),
    "rank_order": ("data num_steps=None", f"ties {TAIL}"),
}  # fmt: skip
DECODERS = {
    "Choice": ("parameter metrics tried", ""),
    "Metrics": ("snr centred_snr rmse r2 count rate efficiency", ""),
    "accumulate": ("values initial=0", TAIL),
    "choose": (
        "encoder signal by='snr' target=None grid=None", "refine decoder progress",
    ),
    "convolve": ("spikes fir shift=0 gain=1 delay=0", TAIL),
    "hold": ("data spikes initial=None", ""),
    "metrics": ("signal decoded spikes", "per_feature"),
    "pulse_width": ("spikes period", f"low high {TAIL}"),
    "burst": ("spikes max_spikes=5 min_interval=None max_interval=None", "gap interval"),
    "current": ("spikes", "decay threshold gain profile interval"),
    "latency": (
        "spikes threshold=0.01 tau=1 first_spike_time=0", "normalize linear epsilon law interval",
    ),
    "phase": ("spikes num_bits", "centre interval"),
    "population": (
        "code neurons low high", "beta sigma centres output num_steps method",
    ),
    "rank_order": ("spikes modulation=0.5", ""),
    "rate": ("spikes gain=1 offset=0", ""),
    "staircase": (
        "spikes threshold initial=0", f"threshold_down count_first channels {TAIL}",
    ),
}  # fmt: skip


def test_every_encoder_of_snntorch_is_there():
    assert set(SNNTORCH) == set(OURS)
    assert set(spikegen.__all__) == set(SNNTORCH) | set(SIGNALS) | set(VALUES)
    assert set(SIGNALS) == TIME_SERIES
    assert set(VALUES) == OF_VALUES
    assert spikegen.__all__ == sorted(spikegen.__all__)
    for name in spikegen.__all__:
        assert callable(getattr(spikegen, name))
        assert getattr(spikegen, name).__doc__


@pytest.mark.parametrize("name", sorted(SNNTORCH))
def test_positional_arguments_are_those_of_snntorch(name):
    annotated = inspect.signature(getattr(spikegen, name)).parameters.values()
    parameters = [p.replace(annotation=p.empty) for p in annotated]
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword_only = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert " ".join(str(p).replace(" ", "") for p in positional) == SNNTORCH[name]
    assert " ".join(p.name for p in keyword_only) == OURS[name]
    assert len(positional) + len(keyword_only) == len(parameters)
    assert all(p.default in (None, 0, "philox") for p in keyword_only)


@pytest.mark.parametrize(
    ("home", "table"),
    [(spikegen, SIGNALS), (spikegen, VALUES), (decode, DECODERS)],
    ids=["time series", "values", "decode"],
)
def test_the_signatures_of_other_codes_and_of_decoders(home, table):
    assert set(table) <= set(home.__all__)
    for name, (positional, keywords) in table.items():
        annotated = inspect.signature(getattr(home, name)).parameters.values()
        parameters = [p.replace(annotation=p.empty) for p in annotated]
        first = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        rest = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
        assert " ".join(str(p).replace(" ", "") for p in first) == positional
        assert " ".join(p.name for p in rest) == keywords


def test_every_decoder_is_listed():
    assert set(decode.__all__) == set(DECODERS)
    assert decode.__all__ == sorted(decode.__all__)
