"""Show a NIR file, and run it by the rule of an importer, or by all of them to compare."""

import math

import numpy as np

from spikecore.foreign import reason
from spikecore.nir.network import read
from spikecore.nir.rules import NAMES

HELP = "show a NIR file and run it by the rules of its importers"
MOST_VALUES = 2**28  # of the random input


def add_arguments(parser):
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="a NIR file")
    parser.add_argument("--dt", type=float, required=True, metavar="SECONDS", help="time step")
    parser.add_argument(
        "--rules", default="exact", metavar="NAME", help=f"one of {', '.join(NAMES)} (%(default)s)"
    )
    parser.add_argument(
        "--compare", action="store_true", help="run by every rule, and count what differs"
    )
    parser.add_argument(
        "--as-importer", action="store_true", help="ignore what the importer ignores in silence"
    )
    parser.add_argument(
        "--input", metavar="FILE.npy", help="spikes or currents, time first (random spikes)"
    )
    parser.add_argument(
        "--steps", type=int, default=100, metavar="N", help="of random spikes (%(default)s)"
    )
    parser.add_argument(
        "--density", type=float, default=0.3, metavar="P", help="of random spikes (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of random spikes (%(default)s)"
    )


def run(arguments):
    """Show the file and run it."""
    try:
        return _run(arguments)
    except (ValueError, TypeError, ImportError) as error:
        arguments.refuse(str(error))


def _run(arguments):
    net = read(arguments.file)
    spikes = _input(arguments, net)
    strict = not arguments.as_importer
    first = net.run(spikes, arguments.dt, arguments.rules, strict=strict).outputs
    print(f"{arguments.file}: {len(net.nodes)} nodes, written by nir {net.version or 'unknown'}\n")
    print(f"{net}\n")
    if arguments.rules != "lava-fixed":
        graph = net.to_graph(arguments.dt, arguments.rules, strict=strict)
        print(f"by rules={arguments.rules!r} and dt={arguments.dt:g}:\n\n{graph}\n")
    for name, output in _named(first):
        print(f"{name}: shape {list(output.shape)}, sum {output.sum():g}")
    if arguments.compare:
        print(f"\n{'rules':22} {'sum':>12} {'differs in':>12}")
        for line in _comparison(net, spikes, first, arguments, strict):
            print(line)
    return 0


def _comparison(net, spikes, first, arguments, strict):
    """A line for each rule: sum of the outputs, and in how many values they differ."""
    expected = _flat(first)
    for name in NAMES:
        try:
            found = _flat(net.run(spikes, arguments.dt, name, strict=strict).outputs)
        except (ValueError, TypeError) as error:
            yield f"{name:22} refused: {error}"
            continue
        differing = "another shape"
        if found.shape == expected.shape:
            differing = f"{np.count_nonzero(found != expected)} of {found.size}"
        yield f"{name:22} {found.sum():12g} {differing:>12}"


def _input(arguments, net):
    """The caller's input, or random spikes."""
    inputs = [name for name, node in net.nodes.items() if node.kind == "Input"]
    shapes = {name: net.nodes[name].fields["shape"] for name in inputs}
    if arguments.input is not None:
        if len(shapes) > 1:
            raise ValueError(
                f"--input must be left out for a network with {len(shapes)} inputs, got a file; "
                "call nir.Network.run"
            )
        with open(arguments.input, "rb") as file:
            try:
                return np.load(file, allow_pickle=False)
            except Exception as error:  # of a file that is none of NumPy's
                raise ValueError(
                    f"--input must be a .npy file, got {arguments.input!r} ({reason(error)}); "
                    "write it with numpy.save"
                ) from None
    for name, value, low, high in (
        ("--steps", arguments.steps, 1, MOST_VALUES),
        ("--density", arguments.density, 0, 1),
        ("--seed", arguments.seed, 0, 2**63),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} must lie from {low} to {high}, got {value}; correct it")
    generator = np.random.default_rng(arguments.seed)
    found = {}
    for name, shape in shapes.items():
        whole = (arguments.steps, *map(int, np.ravel(shape)))
        if math.prod(whole) > MOST_VALUES:
            raise ValueError(
                f"--steps must give at most {MOST_VALUES} values, got {arguments.steps} of shape "
                f"{whole[1:]}; pass fewer"
            )
        found[name] = (generator.random(whole) < arguments.density).astype(np.uint8)
    return found if len(found) > 1 else next(iter(found.values()), np.zeros((1, 1), np.uint8))


def _named(outputs):
    """Outputs by name."""
    return outputs.items() if isinstance(outputs, dict) else [("output", outputs)]


def _flat(outputs):
    """All outputs in one array."""
    return np.concatenate([np.ravel(value).astype(np.float64) for _, value in _named(outputs)])
