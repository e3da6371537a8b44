"""The CUDA kernel of a layer's dense product, by tiles in shared memory."""

from functools import cache

import numpy as np
from numba import cuda

from spikecore.arithmetic import accumulate, like

SIDE = 16  # of the square blocks that share tiles


@cache
def dense_product(spike_dtype, dtype):
    """The sums of ``event_product`` over all inputs: products with 0 change no sum."""

    @cuda.jit
    def product(spikes, weights, bias, out):
        num_rows, num_inputs = spikes.shape
        num_outputs = weights.shape[1]
        inputs = cuda.shared.array((SIDE, SIDE), spike_dtype)
        tile = cuda.shared.array((SIDE, SIDE), dtype)
        x = np.int64(cuda.threadIdx.x)
        y = np.int64(cuda.threadIdx.y)
        o = np.int64(cuda.blockIdx.x) * SIDE + x
        r = np.int64(cuda.blockIdx.y) * SIDE + y
        total = like(bias[0], 0)
        for k in range(0, num_inputs, SIDE):
            inputs[y, x] = 0
            if r < num_rows and k + x < num_inputs:
                inputs[y, x] = spikes[r, k + x]
            tile[y, x] = 0
            if o < num_outputs and k + y < num_inputs:
                tile[y, x] = weights[k + y, o]
            cuda.syncthreads()
            for j in range(SIDE):
                total = accumulate(total, like(total, inputs[y, j]), tile[j, x])
            cuda.syncthreads()
        if r < num_rows and o < num_outputs:
            out[r, o] = total + bias[o]

    return product
