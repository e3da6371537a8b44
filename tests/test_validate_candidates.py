"""Candidates that hold their own state, and candidates of torch and JAX.

Neither library is needed: where it is not installed, a module of its name stands in for it whose
arrays know only what is used here, and refuse NumPy's as the library does.
"""

import sys
from types import ModuleType

import numpy as np
import pytest

from spikecore import LIF, spikegen, validate
from spikecore.validate import libraries
from spikecore.validate.neuron_candidate import RESETS

FLOAT32 = np.float32


class Holding:
    """snnTorch's neuron that holds its membrane and takes one step."""

    def __init__(self):
        self.membrane = None

    def __call__(self, current):
        if self.membrane is None or self.membrane.shape != current.shape:
            self.membrane = np.zeros_like(current)
        spikes, self.membrane = LIF(0.9)(current, self.membrane)
        return spikes


class Exposing(Holding):
    """It shows the array in which it holds its state."""

    def __init__(self):
        super().__init__()
        self.shown = None

    def __call__(self, current):
        spikes = super().__call__(current)
        if self.shown is None or self.shown.shape != current.shape:
            self.shown = np.zeros_like(current)
        self.shown[...] = self.membrane
        return spikes, self.shown

    def step(self, current):
        return self(current)


def with_method(name):
    """A neuron with a method that forgets, and that cannot be copied."""

    def forget(self):
        self.membrane = None

    def refuse(self, memo):
        raise TypeError("it cannot be copied")

    return type("Forgetting", (Holding,), {name: forget, "__deepcopy__": refuse})()


class OfFixedSize(Exposing):
    """It takes the five neurons of a step of that size, not a whole sequence."""

    def __call__(self, current):
        if current.ndim > 1 and len(current) > 5:
            raise ValueError("one step only")
        return super().__call__(current)


# --- a state of its own --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "candidate", [Holding(), Holding, Exposing(), Exposing, Exposing().step, OfFixedSize()]
)
def test_a_neuron_that_holds_its_own_state_is_recognised(candidate):
    report = validate.neuron(candidate, "snntorch-1.0", decay=0.9)
    assert report.verdict == "exact"
    assert "an object that holds its state" in report.notes[0]


@pytest.mark.parametrize("name", RESETS)
def test_the_method_that_forgets_is_found_by_its_name(name):
    assert validate.neuron(with_method(name)).verdict == "exact"


@pytest.mark.parametrize("form", ["auto", "stateful"])
def test_what_forgets_can_be_said(form):
    neuron = with_method("clear")
    for reset_call in ("clear", neuron.clear):
        report = validate.neuron(neuron, form=form, reset_call=reset_call)
        assert report.verdict == "exact"
    function = neuron.__call__.__func__
    held = Exposing()
    report = validate.neuron(
        lambda current: function(held, current), reset_call=lambda: setattr(held, "membrane", None)
    )
    assert report.verdict == "exact"


def test_the_membrane_of_a_neuron_that_holds_it_is_compared():
    class Posterior(Exposing):
        def __call__(self, current):
            spikes, membrane = super().__call__(current)
            return spikes, membrane - spikes

    assert validate.neuron(Posterior()).causes[0] == "report-after"


def test_a_mistake_in_a_neuron_that_holds_its_state_is_named():
    class Soft(Holding):
        def __call__(self, current):
            self.membrane = current if self.membrane is None else self.membrane
            self.membrane = np.broadcast_to(self.membrane, current.shape)
            spikes, self.membrane = LIF(0.9, compare=">=")(current, 0 * current + self.membrane)
            return spikes

        def reset(self):
            self.membrane = FLOAT32(0)

    neuron = Soft()
    neuron.reset()
    assert validate.neuron(neuron).causes[0] == "compare=>="


def test_the_object_that_was_passed_is_left_as_it_was():
    neuron = Holding()
    assert validate.neuron(neuron).passed
    assert neuron.membrane is None


class Sequence:
    """A neuron of whole sequences; ``calls`` counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, current):
        self.calls += 1
        current = current.copy()
        current[0] += FLOAT32(0.5 * (self.calls > 1))
        return LIF(0.9).run(current).spikes


def test_an_object_of_whole_sequences_is_told_apart():
    class Clean(Sequence):
        def reset(self):
            self.calls = 0

    for candidate in (Clean(), LIF(0.9), LIF(0.9).run):
        report = validate.neuron(candidate)
        assert report.verdict == "exact" and "whole sequences" in report.notes[0]


def test_a_state_that_leaks_from_call_to_call_still_shows():
    report = validate.neuron(Sequence())
    verdicts = {check.name: check.verdict for check in report.checks}
    assert verdicts["pulses"] == "exact"  # the first call: it was not tried out on this object
    assert verdicts["pulses again"] == "wrong" and "whole sequences" in report.notes[0]


@pytest.mark.parametrize(
    ("candidate", "options", "error", "sentence"),
    [
        (Holding(), {"reset_call": "nosuch"}, ValueError, "reset_call must be .* got 'nosuch'"),
        (Holding(), {"reset_call": 3}, ValueError, "reset_call must be .* got 3"),
        (with_method("clear"), {"form": "stateful"}, ValueError, "pass reset_call"),
        (lambda current: current > 1, {"form": "stateful"}, ValueError, "pass reset_call"),
        (LIF, {}, TypeError, "class LIF, which cannot be made without arguments"),
    ],
)
def test_what_cannot_begin_anew_is_refused(candidate, options, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        validate.neuron(candidate, **options)
    assert "\n" not in str(caught.value)


def test_a_reset_that_raises_is_told():
    def spoil():
        raise RuntimeError("no reset today")

    report = validate.neuron(Holding(), reset_call=spoil)
    assert report.verdict == "failed" and "no reset today" in str(report)


# --- arrays of other libraries -------------------------------------------------------------------


class Tensor:
    """What torch's and JAX's arrays have in common here; NumPy's are refused."""

    def __init__(self, array):
        self.array, self.requires_grad = np.asarray(array), True
        self.shape, self.dtype = self.array.shape, self.array.dtype

    def _of(self, value):
        if isinstance(value, np.ndarray):
            raise TypeError("unsupported operand: 'Tensor' and 'numpy.ndarray'")
        return value.array if isinstance(value, Tensor) else value

    def __add__(self, value):
        return Tensor(self.array + self._of(value))

    def __sub__(self, value):
        return Tensor(self.array - self._of(value))

    def __mul__(self, value):
        return Tensor(self.array * FLOAT32(value))

    def __gt__(self, value):
        return Tensor(self.array > self._of(value))

    def float(self):
        return Tensor(self.array.astype(FLOAT32))

    def detach(self):
        detached = Tensor(self.array)
        detached.requires_grad = False
        return detached

    def cpu(self):
        return self

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return np.array(self.array, dtype)


class Array(Tensor):
    """One of JAX's, which become NumPy's at once."""

    def __init__(self, array):
        super().__init__(array)
        self.requires_grad = False
        self.at = self


@pytest.fixture
def torch(monkeypatch):
    """A module that stands in for torch."""
    module = ModuleType("torch")
    module.from_numpy = Tensor
    monkeypatch.setitem(sys.modules, "torch", module)


@pytest.fixture
def jax(monkeypatch):
    """A module that stands in for JAX, with arrays of float32 only."""
    module, numpy = ModuleType("jax"), ModuleType("jax.numpy")
    numpy.asarray = lambda array: Array(array.astype(FLOAT32) if array.dtype.kind == "f" else array)
    monkeypatch.setitem(sys.modules, "jax", module)
    monkeypatch.setitem(sys.modules, "jax.numpy", numpy)


def tensor_step(current, membrane):
    """snnTorch's neuron on tensors."""
    reset = (membrane > 1).float()
    membrane = membrane * 0.9 + current - reset
    return (membrane > 1).float(), membrane


def jax_step(current, membrane):
    """The same, with what only JAX's arrays have."""
    assert current.at is not None
    return LIF(0.9)(np.asarray(current), np.asarray(membrane))


@pytest.mark.parametrize("arrays", ["auto", "torch"])
def test_a_neuron_of_torch_is_given_tensors(torch, arrays):
    report = validate.neuron(tensor_step, decay=0.9, arrays=arrays)
    assert report.verdict == "exact"
    assert report.notes[0].endswith("as arrays of torch")


def test_an_encoder_of_torch_is_given_tensors(torch):
    def at_once(data, uniforms):
        return data - uniforms > 0

    def with_one(data, uniforms):
        return (data + data.float()).float() > uniforms + uniforms

    for encoder in (with_one, at_once):
        assert validate.encoder(encoder, "rate", arrays="torch", num_steps=8).passed
    assert validate.encoder(with_one, "rate", num_steps=8).passed


@pytest.mark.parametrize("arrays", ["auto", "jax"])
def test_a_neuron_of_jax_is_given_its_arrays(torch, jax, arrays):
    report = validate.neuron(jax_step, decay=0.9, arrays=arrays)
    assert report.verdict == "exact"
    assert report.notes[0].endswith("as arrays of jax")


def test_float64_that_jax_turns_into_float32_is_told(jax):
    report = validate.neuron(jax_step, dtype=np.float64, arrays="jax")
    assert "JAX made float32 of float64; set jax_enable_x64 to True" in report.checks[0].detail


def test_a_mistake_of_a_candidate_is_told_for_both_kinds_of_arrays(torch):
    def wrong(current, membrane):
        return current.nosuch, membrane

    (check,) = validate.neuron(wrong).checks
    assert "'numpy.ndarray' object has no attribute 'nosuch'; given arrays of torch" in check.detail
    assert "'Tensor' object has no attribute 'nosuch'" in check.detail


def test_arrays_of_numpy_can_be_insisted_on(torch):
    report = validate.neuron(tensor_step, arrays="numpy")
    assert report.verdict == "failed" and "torch" not in report.checks[0].detail


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_library_that_is_missing_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"arrays is '{name}', but {name} is not installed"):
        validate.encoder(spikegen.delta, "delta", arrays=name)
    with pytest.raises(ValueError, match="arrays must be one of"):
        validate.neuron(LIF(0.9), arrays="cupy")


def test_no_library_is_imported_unless_named(monkeypatch):
    monkeypatch.setattr(libraries, "import_module", lambda name: pytest.fail(f"imported {name}"))
    assert validate.neuron(LIF(0.9)).passed


def test_what_a_tensor_writes_to_is_the_input(torch):
    def writes(current):
        current.array[...] = 0
        return LIF(0.9).run(current.array).spikes

    (check,) = validate.neuron(writes, arrays="torch").checks
    assert "it wrote to its input current" in check.detail
