"""Compare a network with the reference, layer by layer.

Each layer is judged by itself: the reference gets the input that the candidate's layer had, as far
as the candidate gave it, so that a mistake shows in the layer that made it and not in those after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import TIMEOUT_MAX
from typing import Any

import numpy as np

from spikecore import arguments, random
from spikecore.annotations import ArrayLike, Number
from spikecore.network import Graph, LayerRun, Linear
from spikecore.nir import Network, NetworkRun
from spikecore.validate.candidate import Candidate, Observed, RefusedError, shaped
from spikecore.validate.layers import Reference, compare_layer
from spikecore.validate.libraries import ARRAYS, Arrays, returned
from spikecore.validate.report import Check, Report
from spikecore.validate.subject import BAND

MEMBRANE = ".membrane"  # after the name of a layer
STEPS, SAMPLES, DENSITY = 40, 2, 0.3  # of the default input


def network(
    candidate: Callable[..., Any] | Mapping[str, Any],
    against: Graph | Network,
    *,
    inputs: ArrayLike | Mapping[str, ArrayLike] | None = None,
    rules: str = "exact",
    dt: Number | None = None,
    states: bool = True,
    strict: bool = False,
    band: Number = BAND,
    arrays: Arrays = "auto",
    timeout: Number = 60.0,
) -> Report:
    """Compare a network with the reference layer by layer: which layer differs, where and why.

    A layer is run on the input that the candidate's layer had: the candidate's own outputs of the
    layers before it, where they are given, and what the reference makes of them elsewhere.  So
    spikes that differ only because those before differ are not called wrong.

    Parameters
    ----------
    candidate : callable or dict of str to array_like
        A callable takes the inputs, one array ``[T, ...]`` for each of ``against.inputs``, and
        returns a dict of the outputs of its layers by their names in ``against``, all of them or
        some: ``[T, ...]``, or ``(spikes, membranes)`` of a neuron; membranes may stand by
        themselves as ``"NAME.membrane"``.  A single array is the output of the network.  A dict is
        what it would return for ``inputs``, recorded before.
    against : spikecore.network.Graph or spikecore.nir.Network
        The reference.
    inputs : array_like or dict of str to array_like, optional
        ``[T, ...]``; a dict by name if there are several.  By default random spikes, float32
        ``[40, 2, ...]``.
    rules : str
        Of a NIR network: one of :func:`spikecore.nir.rules`.
    dt : float
        Of a NIR network: the time step, as in :meth:`spikecore.nir.Network.to_graph`.
    states : bool
        Compare membranes too, where they are given.
    strict : bool
        Fail on differences that are rounding.
    band : float
        What counts as rounding in neurons, in ulp; as in :func:`neuron`.  In a weighted sum of n
        products, rounding is up to ``n`` times epsilon times the sum of their sizes: no order of
        the sum comes further from another.
    arrays : {"auto", "numpy", "torch", "jax"}
        As in :func:`neuron`.
    timeout : float
        Seconds that the call of the candidate may take.

    Returns
    -------
    Report
        A check for each layer in the order in which they are run.  The diagnosis names the first
        layer that differs, its first step and element, and the cause if one is known.

    Raises
    ------
    ValueError, TypeError
        A reference that is no network, inputs that it does not take, or a candidate that is
        neither.  What the candidate does wrong is in the report, never raised.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import LIF, validate
    >>> from spikecore.network import Linear, Sequential
    >>> layer = Linear.draw(6, 4, seed=0)
    >>> net = Sequential(layer, LIF(0.9, 0.3), names=["w", "lif"])
    >>> def mine(spikes):
    ...     current = layer(spikes, exact=True)
    ...     return {"w": current, "lif": LIF(0.9, 0.3, reset="value").run(current)}
    >>> report = validate.network(mine, net)
    >>> [(check.name, check.verdict) for check in report.checks]
    [("layer 'w' (1 of 2)", 'exact'), ("layer 'lif' (2 of 2)", 'wrong')]
    >>> print(report.diagnosis[0])
    layer 'lif' (2 of 2), step ..., element (...): you set the membrane ...
    """
    states, strict = arguments.flag("states", states), arguments.flag("strict", strict)
    band = arguments.number("band", band, 0)
    timeout = arguments.number("timeout", timeout, 0, TIMEOUT_MAX, open_low=True)
    arrays = arguments.choice("arrays", arrays, ARRAYS)
    recorded = isinstance(candidate, Mapping)
    theirs: Any = candidate if recorded else Candidate(candidate, timeout, "spikes", arrays)
    if recorded and inputs is None:
        must, remedy = "be those of recorded outputs", "pass the inputs that they were recorded on"
        arguments.refuse("inputs", must, None, remedy, TypeError)
    reference, subject = referred(against, inputs, rules, dt)
    name = "recorded outputs" if recorded else theirs.name
    try:
        given = theirs if recorded else _called(theirs, reference)
        observed = _outputs(given, reference)
    except RefusedError as error:
        checks, causes, notes = [Check("all layers", "failed", str(error))], (), ()
    else:
        checks, causes = _judged(reference, observed, states, band)
        left_out = [layer for layer in reference.order if layer not in observed]
        notes = (f"not given, so computed by the reference: {', '.join(left_out)}",)
        notes = notes if left_out else ()
    return Report(
        subject=subject,
        candidate=name,
        checks=tuple(checks),
        diagnosis=tuple(sentence for sentence, _ in causes),
        causes=tuple(cause for _, cause in causes if cause),
        notes=(*notes, "each layer is judged on the input that the candidate's layer had"),
        strict=strict,
    )


def referred(against, inputs, rules, dt):
    """The reference run on the inputs, and how a report calls it."""
    if not isinstance(against, (Graph, Network)):
        must, remedy = "be a network.Graph or a nir.Network", "pass a Sequential, or nir.read(path)"
        arguments.refuse("against", must, arguments.shown(against), remedy, TypeError)
    if isinstance(against, Graph):
        if dt is not None or rules != "exact":
            must = "be left out against a Graph, which is in steps already"
            arguments.refuse("dt and rules", must, f"{dt} and {rules!r}", "leave them out")
        given = _default(against) if inputs is None else inputs
        subject = f"the {type(against).__name__} of {', '.join(against.layers)}"
        return Reference(against, given, None), subject
    if dt is None:
        must, remedy = "be the time step for a NIR network", "pass dt=1e-3, in the unit of tau"
        arguments.refuse("dt", must, None, remedy, TypeError)
    given = _default(against.to_graph(dt, rules)) if inputs is None else inputs
    graph, given, state = against._prepared(given, dt, rules)
    return Reference(graph, given, state), f"the NIR network by the rule {rules}"


def _default(graph):
    """Random spikes for each input."""
    found = {}
    for name, shape in graph.inputs.items():
        first = next(layer for n, layer in graph.layers.items() if (name, n) in graph.edges)
        if shape is None and isinstance(first, Linear):
            shape = (first.in_features,)
        if shape is None:
            must, remedy = f"be given, as the shape of {name!r} is not known", "pass inputs=spikes"
            arguments.refuse("inputs", must, None, remedy)
        drawn = random.uniforms(len(found), (STEPS, SAMPLES, *shape)) < DENSITY
        found[name] = drawn.astype(np.float32)
    return found if len(found) > 1 else next(iter(found.values()))


def _called(candidate, reference):
    """What a callable returned."""
    given = [values.copy() for values in reference.given.values()]
    return candidate.guarded(lambda: candidate.function(*given))


def _outputs(value, reference):
    """The candidate's outputs by the name of their layer."""
    graph = reference.graph
    value = value.layers if isinstance(value, NetworkRun) else value
    if not isinstance(value, Mapping):
        if len(graph.outputs) > 1:
            raise RefusedError(f"it must return a dict by name for the outputs {graph.outputs}")
        value = {graph.outputs[0]: value}
    single = {out: graph._sources[out][0] for out in graph.outputs if len(graph._sources[out]) == 1}
    found, membranes = {}, {}
    for name, output in value.items():
        neuron = name.removesuffix(MEMBRANE) if isinstance(name, str) else name
        if name not in reference.outputs and neuron != name and neuron in reference.outputs:
            membranes[neuron] = returned(output)
            continue
        layer = name if name in reference.outputs else single.get(name)
        if layer is None:
            raise RefusedError(f"it names the layer {name!r}; use names of {reference.order}")
        if isinstance(output, LayerRun) and output.spikes is None and not output.recorded:
            continue  # of a layer that only leads back into a cycle
        found[layer] = _observed(layer, returned(output), reference.outputs[layer].shape)
    for name, membrane in membranes.items():
        if name not in found:
            raise RefusedError(f"it has membranes of {name!r} and no spikes; give both")
        shape = reference.outputs[name].shape
        membrane = shaped(f"membranes of {name!r}", membrane, shape)
        found[name] = found[name]._replace(membrane=membrane)
    return found


def _observed(name, output, shape):
    """Values of a layer, and membranes where they were given."""
    membrane = None
    if hasattr(output, "recorded") and hasattr(output, "spikes"):  # a LayerRun or a Run
        spikes = output.recorded.get("membrane") if output.spikes is None else output.spikes
        output = (spikes, output.recorded.get("membrane"))
    if isinstance(output, (tuple, list)) and len(output) == 2 != shape[0]:
        output, membrane = output
    values = shaped(f"outputs of {name!r}", output, shape)
    if membrane is not None:
        membrane = shaped(f"membranes of {name!r}", membrane, shape)
    return Observed(values, membrane)


def _judged(reference, observed, states, band):
    """A check for each layer that was given, and what to say of the first that differs."""
    checks, causes, count = [], [], len(reference.order)
    for number, name in enumerate(reference.order, 1):
        if name not in observed:
            continue
        title = f"layer {name!r} ({number} of {count})"
        current = reference.input_of(name, observed)
        first = not any(check.verdict == "wrong" for check in checks)
        check, found = compare_layer(reference, name, current, observed[name], states, band, first)
        checks.append(check._replace(name=title))
        if check.verdict == "wrong" and first:
            where = ", ".join(map(str, check.difference.element))
            place = f"{title}, step {check.difference.step}, element ({where})"
            causes = [(f"{place}: {sentence}", cause) for sentence, cause in found]
            causes = causes or [(f"{place}: no known cause reproduces this", "")]
    return checks, causes
