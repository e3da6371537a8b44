"""A network from a NIR file, and one of convolutions, beside other libraries.

``python -m benchmarks.networks`` takes about a minute; fully connected networks are timed by
``benchmarks.neurons``.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import peers, run
from benchmarks.harness import Case, Check, Rival
from spikecore import Leaky, nir
from spikecore.network import Conv2d, Sequential, SumPool2d

BRAILLE = Path(__file__).parents[1] / "tests/golden/nir/braille_noDelay_bias_zero.nir"
STEP = 1e-4  # seconds
BETA = 0.9
DENSITIES = 0.02, 0.1
SHAPE = 2, 34, 34  # of an event camera's patch, as N-MNIST's


def main(argv=None):
    """Measure every case and print the table."""
    return run.main([cases], __doc__.splitlines()[0], argv)


def cases(scale):
    """Builders of the cases by name."""
    densities = {
        f"convolutions, {100 * d:g} %": partial(convolutions, scale, d) for d in (0.02, 0.1)
    }
    return {"NIR network, Braille": partial(braille, scale), **densities}


def braille(scale):
    """The recurrent network of the NIR paper, every sample of a batch, by Norse's rule."""
    network = nir.read(BRAILLE)
    shape = 256, scale.batch, 12
    spikes = (np.random.default_rng(0).random(shape, np.float32) < 0.05).astype(np.float32)

    def call():
        return network.run(spikes, STEP, rules="norse-1.1", strict=False).outputs

    theirs = peers.norse_nir(BRAILLE, spikes, STEP)
    rivals = (Rival("Norse", theirs, 10, Check("Norse", theirs, call)),) if theirs else ()
    work = f"12-38-7, recurrent, 256 steps x {scale.batch}, 5 % of the inputs spike"
    return Case(work=work, function=call, bytes_moved=spikes.nbytes, peers=rivals)


def convolutions(scale, density):
    """Two convolutions with a neuron and a pool each; weights whose sums are exact."""
    rng = np.random.default_rng(0)
    weights = [_grained(rng, (16, 2, 5, 5)), _grained(rng, (32, 16, 3, 3))]
    ours = Sequential(
        Conv2d(weights[0], padding=2), Leaky(BETA), SumPool2d(2),
        Conv2d(weights[1], padding=1), Leaky(BETA),
    )  # fmt: skip
    shape = scale.steps, scale.batch // 8, *SHAPE
    spikes = (rng.random(shape, np.float32) < density).astype(np.uint8)

    def call():
        return ours.run(spikes, record=())["leaky2"].counts

    theirs = peers.snntorch_convolutions(spikes, weights, BETA)
    check = Check("snnTorch", theirs, call)
    rivals = (Rival("snnTorch", theirs, 3, check),) if theirs else ()
    work = f"2-16-32 channels of 34x34, {scale.steps} steps x {shape[1]}, {100 * density:g} % spike"
    return Case(work=work, function=call, bytes_moved=spikes.nbytes, peers=rivals)


def _grained(rng, shape):
    """Weights of torch's size in multiples of 2**-12, whose sums are exact in any order."""
    bound = np.prod(shape[1:]) ** -0.5
    return np.rint(rng.uniform(-bound, bound, shape) * 4096).astype(np.float32) / 4096


if __name__ == "__main__":
    sys.exit(main())
