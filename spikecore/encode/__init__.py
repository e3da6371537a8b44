"""Files of any size into files of spikes: ``python -m spikecore encode``."""
