"""What ``numpy`` and ``cpu`` share: copying arrays, and the product by BLAS."""

import numpy as np

from spikecore.backends.floats import standard_floats

resident = False  # new arrays are never on a GPU


def fill(out, value):
    """Set an array to one value."""
    out[...] = value


def copy(values):
    """A new array of the values."""
    return np.array(values)


def copy_into(out, values):
    """Set an array to values of the same number."""
    out[...] = values.reshape(out.shape)


def dense_product(spikes, weights, bias, out):
    """``spikes @ weights + bias`` by BLAS, in its own order of summation."""
    # BLAS's threads keep the mode in which NumPy was imported.  A sum may overflow.
    with standard_floats(), np.errstate(over="ignore", invalid="ignore"):
        np.matmul(spikes.astype(out.dtype, copy=False), weights, out=out)
        out += bias


def largest_by(each, equation, data, shared, numbers, samples):
    """Each sample's largest ``equation(x, shared, numbers)``, with a backend's ``each``."""
    values = np.empty_like(data)
    each(equation, data, shared, numbers, values)
    return values.reshape(samples, -1).max(axis=1)
