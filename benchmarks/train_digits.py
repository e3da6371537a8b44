"""Train the network of digits that ships with spikecore: ``python -m benchmarks.train_digits``.

A network of 64, 128 and 10 neurons of snnTorch learns the digits of ``datasets.digits()`` whose
number is no multiple of 5, each as a rate code and as a latency code.  It needs torch and snnTorch
and takes 3 minutes.  The file that ships was trained with seed 0, torch 2.13.0+cpu and snnTorch
1.0.0; ``--out FILE`` says where to write another one, whose weights may differ in the last bits.
"""

import argparse
import sys
from itertools import pairwise

import numpy as np
import snntorch
import torch
from snntorch import surrogate

from spikecore import datasets, spikegen
from spikecore.files import whole

SIZES = (64, 128, 10)
STEPS = 25
BETA = 0.9  # of a step of 0.1 ms, for a time constant of 1 ms
EPOCHS = 250
BATCH = 32
RATE = 3e-3  # of learning, at the first epoch
SHARE = 0.5  # of a spike in a logit; with whole spikes a lead of few is already enough
MOVES = 0.04  # standard deviation of the entries of the matrix that moves an image; its width is 2
NOISE = 0.1  # of the weights in training, in their standard deviations


class Network(torch.nn.Module):
    """Two layers without biases, and leaky neurons that are set to 0 in the step of a spike."""

    def __init__(self):
        super().__init__()
        self.weights = torch.nn.ParameterList(
            torch.nn.init.kaiming_uniform_(torch.empty(outputs, inputs), a=5**0.5)
            for inputs, outputs in pairwise(SIZES)
        )
        self.neurons = torch.nn.ModuleList(
            snntorch.Leaky(
                beta=BETA, reset_mechanism="zero", reset_delay=False,
                spike_grad=surrogate.atan(),
            )
            for _ in self.weights
        )  # fmt: skip

    def forward(self, spikes):
        """Number of spikes of each output, ``[batch, 10]``, for spikes ``[STEPS, batch, 64]``."""
        weights = [self.noisy(weight) for weight in self.weights]
        membranes = [neuron.reset_mem() for neuron in self.neurons]
        counts = 0
        for x in spikes:
            for layer, (weight, neuron) in enumerate(zip(weights, self.neurons, strict=True)):
                x, membranes[layer] = neuron(x @ weight.T, membranes[layer])
            counts = counts + x
        return counts

    def noisy(self, weight):
        """A weight, in training with noise."""
        if not self.training:
            return weight
        return weight + NOISE * weight.detach().std() * torch.randn_like(weight)


def codes(images, seed):
    """A rate code and a latency code of the images, float32, ``[STEPS, images, 64]``."""
    pixels = images.reshape(len(images), -1)
    rate = spikegen.rate(pixels, STEPS, seed=seed)
    latency = spikegen.latency(pixels, STEPS, linear=True, normalize=True, clip=True)
    return torch.from_numpy(rate), torch.from_numpy(latency)


def moved(images):
    """Each image turned, sheared, resized and shifted a little, at random."""
    images = torch.from_numpy(images)[:, None]
    change = MOVES * torch.randn(len(images), 2, 3)
    grid = torch.nn.functional.affine_grid(
        torch.eye(2, 3) + change, list(images.shape), align_corners=False
    )
    there = torch.nn.functional.grid_sample(images, grid, align_corners=False)
    return there[:, 0].clamp(0, 1).numpy()


def train(images, labels, seed):
    """The network after all epochs."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # sums in one order
    net = Network()
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    targets = torch.from_numpy(labels)
    for epoch in range(EPOCHS):
        rate, latency = codes(moved(images), seed + epoch)
        order = torch.randperm(len(targets)).split(BATCH)
        for chosen in order:
            spikes = torch.cat([rate[:, chosen], latency[:, chosen]], dim=1)
            logits = SHARE * net(spikes)
            loss = torch.nn.functional.cross_entropy(logits, targets[chosen].repeat(2))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {loss.item():.3f}", flush=True)
    return net.eval()


def correct(net, images, labels):
    """How many digits of each code the network recognises."""
    with torch.no_grad():
        found = [net(spikes).argmax(1).numpy() for spikes in codes(images, 0)]
    return [int(np.count_nonzero(answers == labels)) for answers in found]


def write(net, path):
    """Write the network as NIR has it: r = 1, and weights in units of r times the input."""
    # A step of snnTorch adds the input itself, NIR's LIF dt/tau = 1 - BETA of it.
    scaled = [weight.detach().double().numpy() / (1 - BETA) for weight in net.weights]
    hidden, answer = (weight.astype(np.float32) for weight in scaled)
    with whole(path) as part:
        np.savez_compressed(part, hidden=hidden, answer=answer, tau=1e-3, v_threshold=1.0)


def main():
    """Train, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="digits-network.npz", metavar="FILE")
    parser.add_argument("--seed", default=0, type=int)
    arguments = parser.parse_args()
    images, labels = datasets.digits()
    held = np.arange(len(images)) % 5 == 0
    net = train(images[~held], labels[~held], arguments.seed)
    print(f"torch {torch.__version__}, snnTorch {snntorch.__version__}, seed {arguments.seed}")
    for name, chosen in (("learnt", ~held), ("held back", held)):
        rate, latency = correct(net, images[chosen], labels[chosen])
        print(f"{name}: {rate} by rate and {latency} by latency of {chosen.sum()}")
    write(net, arguments.out)
    print(f"wrote {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
