"""NEST and Brian2: adapters that run a whole network of unconnected neurons for each input.

Both compute in float64.  Their neurons rest at 0, so that the membrane that they report is not
rounded by a resting potential.
"""

import importlib
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

BRIAN2_STEP, NEST_STEP = 0.1, 0.1  # ms
LATER = 20  # steps of NEST after which a membrane has been recorded, twice the delay


def brian2_lif(current, method="exact", refractory=0.0):
    """Brian2's equation; spikes, and the membrane at the end of each step."""
    brian2 = importlib.import_module("brian2")
    brian2.prefs.codegen.target = "numpy"
    columns = current.reshape(len(current), -1).astype(np.float64)
    ms, dt = brian2.ms, BRIAN2_STEP * brian2.ms
    flag = " (unless refractory)" if refractory else ""
    group = brian2.NeuronGroup(
        columns.shape[1], f"dv/dt = (drive(t, i) - v)/(10*ms) : 1{flag}", threshold="v > 1",
        reset="v = 0", refractory=refractory * ms, method=method, dt=dt,
        namespace={"drive": brian2.TimedArray(columns, dt=dt)},
    )  # fmt: skip
    fired = brian2.SpikeMonitor(group)
    states = brian2.StateMonitor(group, "v", record=True, when="end")
    brian2.Network(group, fired, states).run(len(columns) * dt)
    spikes = np.zeros(columns.shape)
    spikes[np.rint(np.asarray(fired.t / dt)).astype(int), np.asarray(fired.i)] = 1
    return spikes.reshape(current.shape), np.asarray(states.v).T.reshape(current.shape)


def nest_lif(current, model, **given):
    """NEST's neurons that are sent weights of spikes; spikes and membranes, by the step's end.

    NEST does not run outside the main thread, so it has a process of its own.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), _silence) as process:
        return process.submit(_nest, current, model, given).result()


def _silence():
    """Discard what NEST prints as it is imported."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _nest(current, model, given):
    nest = importlib.import_module("nest")
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = NEST_STEP
    columns = current.reshape(len(current), -1).astype(np.float64)
    steps, count = columns.shape
    resting = {"E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "V_th": 15.0}
    neurons = nest.Create(model, count, params={**resting, **given})
    times = np.round(NEST_STEP * np.arange(1, steps + 1), 1)
    sent = [{"spike_times": times, "spike_weights": column} for column in columns.T]
    senders = nest.Create("spike_generator", count, params=sent)
    nest.Connect(senders, neurons, "one_to_one", {"weight": 1.0, "delay": 1.0})
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": NEST_STEP})
    nest.Connect(neurons, recorder)
    nest.Connect(meter, neurons)
    nest.Simulate(NEST_STEP * (steps + LATER))

    def place(events):
        step = np.rint(events["times"] / NEST_STEP).astype(int) - 1
        return step, events["senders"] - neurons[0].global_id

    spikes, membranes = np.zeros((2, steps + LATER, count))
    spikes[place(recorder.events)] = 1
    membranes[place(meter.events)] = meter.events["V_m"]
    return tuple(array[:steps].reshape(current.shape) for array in (spikes, membranes))
