"""What the validator knows of each code, a file each, found through ``CODES``.

``neuron`` and ``execution`` are the known ways in which neurons differ, ``fixed`` and
``fixed_execution`` those of neurons in fixed point.
"""

from spikecore.validate.causes import delta, latency, poisson, rate, table, targets

CODES = {
    code.kind: code
    for code in (
        rate.CODE,
        rate.VARYING,
        latency.CODE,
        delta.CODE,
        targets.CODE,
        latency.OF_LABELS,
        targets.ONE_HOT,
        *table.TABLE,
        poisson.CODE,
    )
}
KINDS = tuple(CODES)
GROUPS = ("neuron", "fixed neuron", *dict.fromkeys(code.group for code in CODES.values()))
