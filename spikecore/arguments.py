"""Check and convert arguments, before anything is allocated or computed.

Every error is one sentence that names the argument, its value and the remedy.
"""

import math
import operator
import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import NoReturn, get_args

import numpy as np

from spikecore import backends, memory
from spikecore.annotations import SpikeName
from spikecore.backends.floats import standard_floats
from spikecore.foreign import a_kind, has, reason, shown

SPIKE_DTYPES = tuple(np.dtype(name) for name in get_args(SpikeName))
LARGEST_EXACT = 2**53  # float64 holds every integer up to here
MOST_ITEMS = 2**16  # of an argument that holds a few names or sizes
_WHOLE_INDEX = ContextVar("whole index", default=lambda index: index)
MAX_STEPS = 2**34  # the counter of the random stream holds step // 4 in 32 bits


def refuse(name, must, got, remedy, error=ValueError) -> NoReturn:
    """Raise one sentence: what an argument must be, what it is, and what to do."""
    raise error(f"{name} must {must}, got {shown(got, str)}; {remedy}") from None


def array(name, value, gpu=False):
    """``value`` as an array of real numbers; anything with ``__array__`` is accepted.

    An array on a GPU is used in place with ``gpu=True``, and refused without.
    """
    if backends.on_gpu(value):
        if not gpu:
            remedy = "copy it to the host first"
            refuse(name, "lie in the host's memory", "an array on a GPU", remedy, TypeError)
        return _gpu_array(name, value)
    try:
        count = np.ma.count_masked(value) if np.ma.is_masked(value) else 0
        result = np.asarray(value)
    except Exception as error:  # an object's __array__ may raise anything
        raise TypeError(
            f"{name} must be convertible to a NumPy array, but converting {a_kind(value)} "
            f"failed with {reason(error)!r}; pass a "
            "rectangular array of numbers that lies in host memory and needs no gradient"
        ) from error
    if count:
        remedy = "replace them, for example with filled(0)"
        refuse(name, "not have masked values", f"{count} of them", remedy)
    if result.dtype.kind not in "biuf" or result.dtype.itemsize > 8:
        must = "hold real numbers of at most 64 bits"
        remedy = "convert it to float32 or float64 first"
        refuse(name, must, f"dtype {result.dtype}", remedy, TypeError)
    return result


def fits_copy(name, given, dtype):
    """Refuse an array of which a copy is needed that is larger than the memory that is free."""
    lack = memory.lack(given.shape, dtype)
    if lack is not None:
        got, remedy = f"shape {given.shape}, whose copy {lack}", "pass a part of it"
        refuse(name, "fit into memory", got, remedy)


def _adopt(name, value):
    """An array on a GPU as Numba's, without a copy."""
    try:
        return backends.adopt(value)
    except backends.DeviceError as error:
        raise backends.DeviceError(f"{name} lies on a GPU, but {error}") from None
    except Exception as error:  # a foreign interface holds whatever it likes
        must, remedy = "be an array that Numba can use", "copy it to the host first"
        refuse(name, must, f"one that it refused with {reason(error)!r}", remedy, TypeError)


def _gpu_array(name, value):
    """An array on a GPU, used in place."""
    result = _adopt(name, value)
    if result.dtype not in SPIKE_DTYPES or not result.is_c_contiguous():
        must = "be C-contiguous and float32, float64, bool, int8 or uint8 when it lies on a GPU"
        got = f"dtype {result.dtype} and strides {result.strides}"
        refuse(name, must, got, "copy it to that form", TypeError)
    return result


def real(name, value):
    """``value`` as contiguous read-only float32 or float64 data, as NumPy promotes its dtype.

    Always read-only, because Numba compiles again when that flag changes.
    """
    return _real(name, array(name, value))


def _real(name, given):
    """As ``real``, for an array that has been checked and may be on a GPU."""
    if backends.on_gpu(given):
        if given.dtype.kind != "f":
            must = "be float32 or float64 when it lies on a GPU"
            refuse(name, must, given.dtype, "convert it there", TypeError)
        return given
    if given.dtype.kind in "iu" and given.dtype.itemsize == 8 and given.size:
        largest = max(abs(int(given.max())), abs(int(given.min())))
        if largest > LARGEST_EXACT:
            raise ValueError(
                f"{name} holds the integer {largest}, which float64 cannot represent exactly; "
                "scale it below 2**53"
            )
    dtype = np.result_type(given.dtype.newbyteorder("="), np.float32)
    if given.dtype != dtype or not given.flags.c_contiguous:
        fits_copy(name, given, dtype)
    result = np.require(given, dtype, ["C", "A"]).view(np.ndarray)
    result.flags.writeable = False
    return result


def currents(name, value):
    """As ``real``, but integers are refused: a neuron computes in the dtype of its current."""
    return _currents(name, array(name, value))


def _currents(name, given):
    """As ``currents``, for an array that has been checked and may be on a GPU."""
    if given.dtype.kind != "f":
        remedy = "convert it with astype(numpy.float32)"
        refuse(name, "be floating", f"dtype {given.dtype}", remedy, TypeError)
    return _real(name, given)


def state(name, value, shape, dtype, backend, spikes=False):
    """A state of the neurons' shape and of the current's dtype, to which numbers are converted.

    With ``spikes=True`` it may also have another dtype of spikes, such as uint8.
    """
    given = array(name, value, gpu=True)
    if given.size == 1 and math.prod(shape) == 1:  # one neuron, as numpy.zeros(1) or as 0.0
        given = given.reshape(shape)
    if given.shape != shape:
        remedy = "pass one value per neuron, or None to begin at rest"
        refuse(name, f"have the shape of the neurons, {shape}", given.shape, remedy)
    exact = spikes and isinstance(given, np.ndarray) and given.dtype.kind in "bui"
    if has(value, "dtype") and given.dtype != dtype and not exact:
        must = f"have the dtype of the current, {dtype}"
        refuse(name, must, given.dtype, "convert one of the two with astype", TypeError)
    if backends.on_gpu(given) and backend.resident:
        return given
    if backends.on_gpu(given):
        must, remedy = "lie in the host's memory, as the current does", "bring the two together"
        refuse(name, must, "an array on a GPU", remedy, TypeError)
    result = np.ascontiguousarray(given, dtype)
    finite(name, result, backend)
    return result


def parameter(name, value, low=-math.inf, high=math.inf, **bounds):
    """A number, or a read-only float64 or float32 array of numbers within bounds."""
    given = array(name, value)
    fits_copy(name, given, np.float64)
    if given.dtype.kind == "b":
        refuse(name, "be real", shown(value), "pass a float or an array of floats", TypeError)
    if not given.size:
        refuse(name, "hold a number", f"an array of shape {given.shape}", "pass a float")
    if given.ndim == 0:
        return number(name, given.item(), low, high, **bounds)
    _refuse_outlier(name, given, low, high, **bounds)
    result = np.array(given, given.dtype if given.dtype.kind == "f" else np.float64)
    result.flags.writeable = False
    return result


def _refuse_outlier(name, values, low, high, **bounds):
    """Refuse an array by its first element that ``number`` would refuse."""
    below = values <= low if bounds.get("open_low") else values < low
    above = values >= high if bounds.get("open_high") else values > high
    bad = np.argwhere(below | above | ~np.isfinite(values))
    if len(bad):
        index = tuple(bad[0].tolist())
        where = ", ".join(map(str, index))
        number(f"{name}[{where}]", values[index].item(), low, high, **bounds)


def per_neuron(name, value, shape, dtype):
    """A parameter in the current's dtype: a scalar, or one value for each neuron, flat."""
    if np.ndim(value) == 0:
        return dtype.type(value)
    try:
        spread = np.broadcast_to(value, shape)
    except ValueError:
        must = f"be a number or broadcast to the neurons' shape {shape}"
        refuse(name, must, f"shape {np.shape(value)}", "pass one value per neuron")
    result = spread.astype(dtype).reshape(-1)
    result.flags.writeable = False
    return result


def within(name, values, low, high, backend, meaning):
    """Refuse data if any value is NaN, infinite or outside [low, high]."""
    cast = values.dtype.type
    where = backend.first_outside(values.reshape(-1), cast(low), cast(high))
    if where < 0:
        return
    index = ", ".join(map(str, whole_index(np.unravel_index(where, values.shape))))
    place = f"{name}[{index}]" if values.ndim else "it"
    raise ValueError(
        f"{name} must be {meaning}, but {place} is {values.reshape(-1)[where]}; clean or rescale "
        "it first"
    )


def whole_index(index):
    """An index in the data as one in the whole that they are a part of."""
    return _WHOLE_INDEX.get()(index)


@contextmanager
def part_of_a_whole(find):
    """Let complaints about data name ``find(index)`` for an index in the data."""
    token = _WHOLE_INDEX.set(find)
    try:
        yield
    finally:
        _WHOLE_INDEX.reset(token)


def finite(name, values, backend):
    """Refuse data with NaN or infinity."""
    limit = _largest(values.dtype)
    within(name, values, -limit, limit, backend, "finite")


@cache
def _largest(dtype):
    """The largest finite number of a dtype, kept because ``numpy.finfo`` takes 2 us."""
    return np.finfo(dtype).max


def integer(name, value, low, high=None, remedy="pass a whole number in that range"):
    """``value`` as an int in [low, high]."""
    bounds = f"at least {low}" if high is None else f"from {low} to {high}"
    if isinstance(value, (bool, np.bool_)):
        refuse(name, f"be an integer {bounds}", shown(value), remedy, TypeError)
    try:
        result = operator.index(value)
    except Exception:  # TypeError, or what a foreign __index__ raises
        refuse(name, f"be an integer {bounds}", shown(value), remedy, TypeError)
    if result < low or (high is not None and result > high):
        refuse(name, f"be {bounds}", result, remedy)
    return result


def optional_steps(name, value, remedy="pass the number of time steps"):
    """A positive number of steps, or None for None and False (snnTorch's "not given")."""
    if value is None or value is False:
        return None
    return integer(name, value, 1, MAX_STEPS, remedy=remedy)


def number(name, value, low=-math.inf, high=math.inf, *, open_low=False, open_high=False):
    """``value`` as a finite float between the bounds, which an open side excludes."""
    value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    kinds = (bool, np.bool_, np.timedelta64)  # which call themselves numbers
    if isinstance(value, kinds) or not isinstance(value, Real):
        refuse(name, "be a real number", shown(value), "pass a plain float", TypeError)
    try:
        result = float(value)
    except OverflowError:  # an int or a Fraction past the largest float
        result = math.inf if value > 0 else -math.inf
    except Exception:  # a foreign class raises whatever it likes
        refuse(name, "be a real number", shown(value), "pass a plain float", TypeError)
    below = result <= low if open_low else result < low
    above = result >= high if open_high else result > high
    if below or above or not math.isfinite(result):
        interval = f"{'(' if open_low or low == -math.inf else '['}{low}, {high}"
        interval += ")" if open_high or high == math.inf else "]"
        refuse(name, f"lie in {interval}", result, "choose a value in it")
    return result


def flag(name, value):
    """``value`` as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        refuse(name, "be True or False", shown(value), "pass one of the two", TypeError)
    return bool(value)


def choice(name, value, options):
    """``value`` as one of the names in ``options``, in lower case."""
    if not isinstance(value, str) or value.lower() not in options:
        error = ValueError if isinstance(value, str) else TypeError
        refuse(name, f"be one of {options}", shown(value), "pass one of these names", error)
    return value.lower()


def items(name, value, must, remedy):
    """What an iterable holds, as a tuple; one without an end is refused."""
    try:
        found = tuple(islice(value, MOST_ITEMS + 1))
    except Exception:  # TypeError, or what a foreign iterator raises
        refuse(name, must, shown(value), remedy, TypeError)
    if len(found) > MOST_ITEMS:
        refuse(name, must, f"more than {MOST_ITEMS} items", remedy)
    return found


def names(name, value):
    """Names as a tuple; a single one may stand by itself."""
    remedy = "pass a tuple of strings, () for none"
    found = (value,) if isinstance(value, str) else items(name, value, "be names", remedy)
    for wanted in found:
        if not isinstance(wanted, str):
            refuse(name, "be names", f"{shown(wanted)} among them", remedy, TypeError)
    return found


def path(name, value, must, remedy):
    """A path that the file system can be asked about."""
    try:
        result = Path(value)
        if b"\0" not in os.fsencode(result):
            return result
    except Exception:  # TypeError, surrogates, or what a foreign __fspath__ raises
        pass
    kind = ValueError if isinstance(value, (str, Path)) else TypeError
    refuse(name, must, shown(value), remedy, kind)


def scalar(name, value, dtype, **bounds):
    """``value`` as a finite scalar of a floating ``dtype``, within bounds after rounding too."""
    number(name, value, **bounds)
    with standard_floats(), np.errstate(over="ignore"):
        result = dtype.type(value)
    number(name, result, **bounds)
    return result


def spike_dtype(dtype, out, data_dtype):
    """The spikes' dtype: ``dtype``, else that of ``out``, else float64 for float64 data only."""
    name, must = "dtype", "be one of"
    if dtype is None:
        name, must = "out", "have a dtype of"
        if isinstance(out, np.ndarray):
            dtype = out.dtype
        elif backends.on_gpu(out):
            dtype = _adopt("out", out).dtype
        else:
            dtype = np.float64 if data_dtype.newbyteorder("=") == np.float64 else np.float32
    try:
        result = np.dtype(dtype)
    except Exception:  # TypeError, or what foreign attributes raise
        result = np.dtype(object)
    if result not in SPIKE_DTYPES:
        must = f"{must} {', '.join(map(str, SPIKE_DTYPES))}"
        refuse(name, must, shown(dtype), "pass one of these", TypeError)
    return result


def level(name, value, dtype):
    """``value`` as a scalar of ``dtype``, refused where the dtype cannot hold it."""
    value = number(name, value)
    if dtype.kind == "f":
        return scalar(name, value, dtype)
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if value != int(value) or not low <= value <= high:
        raise ValueError(
            f"{name} is {value}, which dtype {dtype} cannot hold; choose dtype=numpy.float32"
        )
    return dtype.type(int(value))


def levels(on_target, off_target, dtype, interpolate):
    """The values at a spike and elsewhere, in the output's dtype."""
    if interpolate and dtype.kind != "f":
        raise ValueError(
            f"dtype is {dtype}, which cannot hold interpolated values; use dtype=numpy.float32"
        )
    on = level("on_target", on_target, dtype)
    off = level("off_target", off_target, dtype)
    if interpolate and abs(float(on) - float(off)) > float(np.finfo(dtype).max):
        raise ValueError(
            f"on_target {shown(on_target)} and off_target {shown(off_target)} are further apart "
            f"than {dtype} can express, and interpolation needs their difference; choose smaller "
            "values"
        )
    return on, off


def uniforms(value, seed, shape, backend):
    """Uniforms in [0, 1) of the expected shape, given instead of a seed."""
    if seed is not None:
        must = "not be given together with seed"
        refuse("uniforms", must, f"seed={shown(seed)}", "pass one of the two")
    result = _real("uniforms", array("uniforms", value, gpu=backend.resident))
    if result.shape != shape:
        must = f"have shape {shape}, one for each spike"
        refuse("uniforms", must, result.shape, "draw them with that shape")
    below_one = np.nextafter(result.dtype.type(1), result.dtype.type(0))
    within("uniforms", result, 0, below_one, backend, "within [0, 1)")
    return result


def output(out, shape, dtype, backend=None, **inputs):
    """The array to fill: ``out`` when it fits, or a new one when memory is large enough."""
    if backend is not None and backend.resident:
        return _gpu_output(out, shape, dtype, backend)
    if out is None:
        memory.fits_memory(shape, dtype)
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        must, got = "be a NumPy array (numpy.memmap included)", a_kind(out)
        refuse("out", must, got, f"pass numpy.empty({shape}, numpy.{dtype})", TypeError)
    if out.shape != shape or out.dtype != dtype:
        must = f"have shape {shape} and dtype {dtype}"
        got = f"shape {out.shape} and dtype {out.dtype}"
        remedy = f"pass numpy.empty({shape}, numpy.{dtype}) or give dtype="
        refuse("out", must, got, remedy)
    if not (out.flags.c_contiguous and out.flags.writeable and out.flags.aligned):
        got = f"strides {out.strides} and writeable={out.flags.writeable}"
        remedy = "pass a whole array or its leading rows"
        refuse("out", "be C-contiguous, aligned and writable", got, remedy)
    for name, given in inputs.items():
        if isinstance(given, np.ndarray) and np.may_share_memory(np.asarray(out), given):
            raise ValueError(
                f"out overlaps the memory of {name}, of shape {given.shape}, which would be "
                "overwritten while it is read; pass another array"
            )
    return out


def _gpu_output(out, shape, dtype, backend):
    """The array to fill for data on a GPU, which is on the GPU too."""
    if out is None:
        return backend.empty(shape, dtype)
    if not backends.on_gpu(out):
        must, got = "lie on the GPU, as the data do", a_kind(out)
        refuse("out", must, got, "leave it out, or copy the data to the host", TypeError)
    result = _adopt("out", out)
    if result.shape != shape or result.dtype != dtype or not result.is_c_contiguous():
        must = f"be C-contiguous of shape {shape} and dtype {dtype}"
        got = f"shape {result.shape} and dtype {result.dtype}"
        refuse("out", must, got, "leave it out to have it made")
    return result


class Call:
    """One call of a public function: its data, dtype, ``out``, device and CUDA stream, checked.

    It takes the arguments as the caller gave them.  After the function has checked its other
    arguments, ``start`` chooses the backend and checks the data, and ``output`` returns the array
    to fill.
    """

    def __init__(self, name, value, dtype=None, out=None, device=None, stream=None, floating=False):
        self.name, self.data, self.out = name, value, out
        self.device, self.stream = device, stream
        self.given = array(name, value, gpu=True)
        self.values = (_currents if floating else _real)(name, self.given)
        self.dtype = spike_dtype(dtype, out, self.given.dtype)

    def start(self, outputs):
        """Choose the backend for a number of outputs, and refuse data that are not finite."""
        self.choose(outputs)
        finite(self.name, self.values, self.backend)
        return self.backend

    def choose(self, outputs):
        """Choose the backend; the caller checks the data."""
        self.backend = backends.choose(self.device, self.data, stream=self.stream, outputs=outputs)
        return self.backend

    def output(self, shape, **inputs):
        """The array to fill, which shares no memory with the data and the inputs."""
        inputs[self.name] = self.given
        return output(self.out, shape, self.dtype, self.backend, **inputs)
