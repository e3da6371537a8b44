"""NIR graphs in the integers of Loihi, as the NIR paper maps its LIF to Lava's fixed point.

``dv = int(4095*dt/tau)``, ``weight = int(256*w*dt/tau)`` and
``threshold = int(131071*v_threshold) >> 9``; the weights lie in a Dense, which delivers its sums
one step later.
"""

from __future__ import annotations

import math

import numpy as np

from spikecore import arguments
from spikecore.neurons import fixed
from spikecore.nir.build import RuleError
from spikecore.nir.nodes import neuron_shape

RULE = "lava-fixed"
LARGEST_WEIGHT = 2**15 - 1


def run(flat, spikes, dt, strict):
    """The spikes of the last layer of a chain of weights and LIF neurons."""
    chain = _chain(flat)
    values = _whole_numbers(spikes)
    begin = flat.nodes[chain[0]].fields["shape"]
    expected = tuple(np.ravel(begin).tolist())
    if values.ndim < 2 or values.shape[-len(expected) :] != expected or len(expected) > 1:
        must = f"have one axis of features, {expected}, for {RULE}"
        arguments.refuse("spikes", must, f"shape {values.shape}", "pass [num_steps, ..., features]")
    weight = None
    for name in chain[1:-1]:
        node = flat.nodes[name]
        if node.kind == "LIF":
            values = _layer(name, node, weight, values, dt, strict)
            weight = None
        elif node.kind in ("Linear", "Affine") and weight is None:
            _refuse_bias(name, node)
            weight = np.asarray(node.fields["weight"], np.float64)
        else:
            must = f"be a LIF, or weights before one, with rules={RULE!r}"
            _refuse(name, must, node.kind)
    if weight is not None:
        _refuse(chain[-2], f"be a LIF with rules={RULE!r}", "weights at the end")
    return values.astype(np.uint8)


def _chain(flat):
    """The nodes in a row, from the input to the output."""
    (inputs, outputs) = flat.of("Input"), flat.of("Output")
    targets = {
        name: [t for t, found in flat.sources.items() if name in found] for name in flat.nodes
    }
    single = len(inputs) == len(outputs) == 1
    single = single and all(
        len(found) <= 1 for found in (*targets.values(), *flat.sources.values())
    )
    chain = inputs[:1] if single else []
    while chain and targets[chain[-1]] and len(chain) < len(flat.nodes):
        chain.append(targets[chain[-1]][0])
    if not chain or len(chain) < max(3, len(flat.nodes)) or chain[-1] not in outputs:
        _refuse("graph", f"be a chain of layers with rules={RULE!r}", "branches or cycles")
    return chain


def _layer(name, node, weight, values, dt, strict):
    """The spikes of one layer of neurons, and of the weights before it."""
    fields = {key: np.asarray(value, np.float64) for key, value in node.fields.items()}
    zero = np.zeros(())
    for field, found, peer in (
        ("r", fields["r"] - 1, "be 1"),
        ("v_leak", fields["v_leak"], "be 0"),
        ("v_reset", fields.get("v_reset", zero), "be 0"),
    ):
        if np.any(found != 0) and (strict or field != "v_reset"):
            _refuse(f"{name}/{field}", f"{peer} with rules={RULE!r}", f"{fields[field].max()}")
    steps = dt / fields["tau"]
    if np.any(steps > 1):
        _refuse(f"{name}/tau", f"be at least dt, {dt}", f"{fields['tau'].min()}")
    size = math.prod(neuron_shape(fields)) if neuron_shape(fields) else values.shape[-1]
    weight = np.eye(values.shape[-1]) if weight is None else weight
    if weight.shape != (size, values.shape[-1]):
        _refuse(name, f"have weights of shape {(size, values.shape[-1])}", f"{weight.shape}")
    scaled = np.trunc(256 * weight * np.broadcast_to(steps, (size,))[:, None])
    if np.abs(scaled).max() > LARGEST_WEIGHT:
        _refuse(name, f"have weights below {LARGEST_WEIGHT / 256}", f"{np.abs(weight).max()}")
    threshold = np.trunc(131071 * fields["v_threshold"])
    if np.any(threshold < 0) or np.any(threshold >= 2**26):
        _refuse(f"{name}/v_threshold", "lie from 0 to 512", f"{fields['v_threshold'].max()}")
    layer = fixed.Linear(scaled.astype(np.int64), delay=1)
    neuron = fixed.LIF.profile(
        "loihi",
        synapse_decay=4095,
        decay=np.broadcast_to(np.trunc(4095 * steps), (size,)).astype(np.int64),
        threshold=np.broadcast_to(threshold.astype(np.int64) >> 9, (size,)),
    )
    current, _ = layer.run(values)
    return neuron.run(current, record=()).spikes


def _whole_numbers(spikes):
    """Spikes as integers."""
    given = arguments.array("spikes", spikes)
    whole = given.astype(np.int64)
    if given.dtype.kind == "f" and not (np.isfinite(given).all() and (whole == given).all()):
        must = f"be whole numbers with rules={RULE!r}"
        arguments.refuse("spikes", must, "fractions", "use rules='lava-float'")
    return whole


def _refuse_bias(name, node):
    bias = node.fields.get("bias")
    if bias is not None and np.any(bias != 0):
        must, got = f"be 0 with rules={RULE!r}", f"{np.abs(bias).max()}"
        _refuse(f"{name}/bias", must, got)


def _refuse(where, must, got):
    """Refuse what the rule cannot express."""
    arguments.refuse(where, must, got, "use rules='lava-float' or 'exact'", RuleError)
