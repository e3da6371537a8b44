"""Timings of spikecore beside other libraries and beside the memory limit.

A case's outputs are checked before it is timed; a case that fails gets the reason and no number.
"""
