"""Bad values, each as the Python expression that makes it, so that a call can be printed.

``NAMES`` is what the expressions may refer to.
"""

import datetime
import io
import itertools
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import spikecore

MODULES = {
    "np": np,
    "math": math,
    "itertools": itertools,
    "io": io,
    "datetime": datetime,
    "spikecore": spikecore,
}
CLASSES = (Decimal, Fraction, Path, SimpleNamespace)


class Raises:
    """An object whose method ``name`` raises ``error``; its other methods behave."""

    def __new__(cls, name, error):
        def method(self, *args, **kwargs):
            raise error("the object's own message")

        return object.__new__(type("Raises", (), {name: method}))


class RaisesOn:
    """An object that raises ``error`` when its attribute ``name`` is read."""

    def __new__(cls, name, error):
        def read(self):
            raise error("the object's own message")

        return object.__new__(type("RaisesOn", (), {name: property(read)}))


class Sized:
    """Anything of a length, with nothing in it."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length


class Holder:
    """An object that NumPy converts to the array it holds, as a data frame is."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


class GpuArray:
    """What says that it lies on a GPU, where there is none."""

    def __init__(self, shape=(2, 3), typestr="<f4", **changes):
        described = {"shape": shape, "typestr": typestr, "data": (4096, False), "version": 3}
        self.__cuda_array_interface__ = {**described, **changes}


class Tensor:
    """A tensor that needs a gradient, as torch's tensors refuse to be converted."""

    requires_grad = True
    dtype, shape = "torch.float32", (2, 3)

    def __array__(self, *args, **kwargs):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.\nUse detach().")

    def detach(self):
        raise RuntimeError("cannot be detached")


class Text(str):
    """A string of a class of its own, which cannot be shown."""

    def __repr__(self):
        raise RuntimeError("no repr")


def read_only(values):
    """An array that cannot be written to."""
    values.flags.writeable = False
    return values


def unaligned(values):
    """The same values where no float may lie."""
    raw = np.empty(values.nbytes + 1, np.uint8)[1:]
    result = raw.view(values.dtype).reshape(values.shape)
    result[...] = values
    return result


def cyclic():
    """A list that holds itself."""
    values = []
    values.append(values)
    return values


def nested(depth):
    """Lists in lists."""
    values = 0.5
    for _ in range(depth):
        values = [values]
    return values


ERRORS = ("KeyError", "AttributeError", "IndexError", "RuntimeError", "ValueError", "TypeError")
ERRORS += ("ZeroDivisionError", "OverflowError", "RecursionError", "OSError")
METHODS = ("__array__", "__len__", "__index__", "__str__", "__repr__", "__iter__", "__float__")
METHODS += ("__bool__", "__eq__", "__hash__", "__int__", "__getitem__", "__fspath__", "__format__")
METHODS += ("__getattr__",)
ATTRIBUTES = ("dtype", "shape", "__array_interface__", "__array_struct__", "data", "weight")
ATTRIBUTES += ("__cuda_array_interface__", "ndim", "targets", "requires_grad", "lower")

SCALARS = """
None|True|False|0|1|2|3|-1|0.5|-0.5|1.5|-0.0|1e-320|1e-45|1e39|1e308|10**30|10**400|-10**400|10**5000|2**31
2**32|2**34|2**53+1|2**63|2**64-1|2**64|-2**63|math.nan|math.inf|-math.inf|1j|complex(math.nan)
Fraction(1, 3)|Fraction(10**400)|Decimal('0.5')|Decimal('NaN')|Decimal('sNaN')|''|'0.5'|'x'|'cpu'
'cuda'|'cuda:0'|'cuda:99'|'numpy'|'\\x00'|'a\\nb'|'é'*9|'x'*5000|'\\ud800'|b''|b'0.5'|bytearray(4)
memoryview(b'ab')|Ellipsis|NotImplemented|slice(1)|range(0)|range(3)|range(2**62)|object()|object
int|float|np.float32|len|print|lambda *a, **k: None|lambda: 1|math|np|Exception()|io.StringIO('x')
Path('.')|Path('none/such')|datetime.date(2020, 1, 1)|datetime.timedelta(1)|SimpleNamespace()
np.float16(0.5)|np.float32(0.5)|np.float64(math.nan)|np.longdouble(0.5)|np.int8(1)
np.uint64(2**64-1)|np.bool_(True)|np.complex64(1)|np.str_('x')|np.datetime64('2020')
np.datetime64('NaT')|np.timedelta64(1, 's')|np.void(b'ab')|np.ma.masked|np.dtype('f4')
np.dtype('>f4')|np.dtype('f2')|np.dtype([('a', 'f4')])|np.random.default_rng(0)
np.random.RandomState(0)|np.random.SeedSequence(0)|Text('x')|Text('cpu')|Tensor()|GpuArray()
GpuArray(typestr='<f8')|GpuArray(typestr='O')|GpuArray(shape=None)|GpuArray(strides=(1,))
GpuArray((0,))|GpuArray(data=None)|Sized(2)|Sized(0)|spikecore.LIF|spikecore.LIF(0.5)
spikecore.Linear(np.ones((3, 3), 'f4'))|spikecore.devices
"""

COLLECTIONS = """
[]|()|{}|set()|frozenset([1])|{0.5}|{'a': 1}|{1: 2}|{None: None}|dict(membrane=None)
dict(kind='LIF')|[None]|['x']|[[]]|[[], []]|[[0.1], [0.1, 0.2]]|[0.5]|[[0.5, 0.5]]|[[0.5], [0.5]]
[True, False]|[1, 'x']|[0.5, None]|[math.nan]|[10**400]|[2**64]|[1j]|['membrane']|[['membrane']]
['spikes', 'spikes']|('spikes',)|{'spikes': None}|{'spikes': np.zeros(3)}|[object()]|[{}]
[[[[[]]]]]|nested(70)|nested(2000)|cyclic()|iter([])|iter([0.5])|(x for x in [0.5])
(1/0 for x in [1])|zip()|map(int, ['x'])|[np.zeros(2), np.zeros(3)]|(np.zeros((3, 2)), np.zeros(3))
[Raises('__repr__', KeyError)]|[np.zeros(2), None]|{'a': Raises('__repr__', ValueError)}
[GpuArray()]|[Tensor()]|range(-3, 0)|itertools.count()|itertools.repeat('x')
"""

ARRAYS = """
np.zeros(0)|np.zeros((0, 3))|np.zeros((3, 0))|np.zeros((0, 0, 0))|np.zeros((2, 0, 3), 'f4')
np.array(0.5)|np.zeros(())|np.array(True)|np.array('x')|np.array(None)|np.zeros(1)|np.zeros((1, 1))
np.zeros((1,)*20)|np.zeros((2, 3))|np.zeros((4, 2, 3))|np.ones((2, 3), 'f4')
np.full((2, 3), 0.5, 'f2')|np.full((2, 3), 0.5, '>f4')|np.full((2, 3), 0.5, '>f8')
np.full((2, 3), 0.5, np.longdouble)|np.full((2, 3), 1, 'i8')|np.full((2, 3), 2**63, 'u8')
np.full((2, 3), -2**63)|np.eye(3, dtype=bool)|np.full((2, 3), 1j)|np.full((2, 3), 'x')
np.full((2, 3), b'x')|np.full((2, 3), None)|np.array([object()])
np.array([[0.5], 'x', None], object)|np.array(['2020'], 'M8[D]')|np.array([1], 'm8[s]')
np.array(['NaT'], 'M8[s]')|np.zeros(2, [('a', 'f4')])|np.zeros(2, 'V3')
np.zeros(3, np.dtypes.StringDType())|np.rec.array([(1, 2.0)])|np.ma.array([0.5, 0.5])
np.ma.array([0.5, 0.5], mask=[1, 0])|np.ma.masked_all((2, 3))|np.matrix([[0.5, 0.5]])
np.full((2, 3), math.nan)|np.full((2, 3), math.inf, 'f4')|np.array([[0.5, -math.inf, 0.5]] * 2)
np.full((2, 3), -1.0)|np.full((2, 3), 1e308)|np.full((2, 3), 1e-320)|np.full((4, 6), 0.5)[::2, ::2]
np.full((3, 2), 0.5).T|np.full((2, 3), 0.5)[::-1]|read_only(np.full((2, 3), 0.5, 'f4'))
unaligned(np.full((2, 3), 0.5, 'f4'))|unaligned(np.full((4, 2, 3), 0.5))
np.broadcast_to(0.5, (2, 3))|np.broadcast_to(0.5, (2**40, 3))
np.broadcast_to(np.float32(0), (2**20, 2**20))
np.lib.stride_tricks.as_strided(np.zeros(2), (2, 3), (8, 0))|np.arange(3)|np.arange(3.0)
np.arange(3, dtype='u1')|np.array([2, 0])|np.array([-1, 0])|np.array([0.0, math.nan])|np.eye(3)
np.char.array(['x'])|Holder([0.5])|Holder(None)|Holder([[1], [1, 2]])|Holder(np.zeros((2, 3)))
np.zeros(3).data|np.nditer(np.zeros(3))|np.zeros(3).flat|np.array([10**400])
np.array([Fraction(1, 2)])|np.full((2, 3), np.float16(65504))|np.full((4, 2, 3), 0.5, 'f4')
np.ones((5, 4, 3), bool)|np.full((4, 2, 3), 7, 'f4')|np.zeros((4, 2, 3), 'i1')[:, ::-1]
np.asfortranarray(np.zeros((4, 2, 3)))
"""


def expressions(table):
    """The expressions of a table, which ``|`` and the ends of lines divide."""
    return [text for line in table.split("\n") for text in line.split("|") if text]


HOSTILE = [f"Raises({method!r}, {error})" for method in METHODS for error in ERRORS]
HOSTILE += [f"RaisesOn({name!r}, {error})" for name in ATTRIBUTES for error in ERRORS]
KINDS = [expressions(SCALARS), expressions(COLLECTIONS), expressions(ARRAYS), HOSTILE]
SHARES = (4, 2, 4, 2)
WRAPPERS = (
    "[{}]",
    "({},)",
    "[{}, {}]",
    "{{'membrane': {}}}",
    "np.array({})",
    "np.array([{}], object)",
)
WRAPPERS += (
    "Holder({})",
    "iter([{}])",
    "{{'spikes': {}}}",
    "SimpleNamespace(weight={}, bias=None)",
)

NAMES = {**globals(), **MODULES, **{kind.__name__: kind for kind in CLASSES}}


def bad(random):
    """A bad value as an expression; sometimes one wrapped in another."""
    expression = random.choice(random.choices(KINDS, SHARES)[0])
    while random.random() < 0.08:
        wrapper = random.choice(WRAPPERS)
        expression = wrapper.format(*[expression] * wrapper.count("{}"))
    return expression
