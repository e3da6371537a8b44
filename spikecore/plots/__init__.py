"""How the plots of :mod:`spikecore.spikeplot` are drawn, a module for each kind of plot.

Matplotlib is imported inside functions only, when something is about to be drawn.
"""
