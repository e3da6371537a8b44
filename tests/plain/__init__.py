"""Plain twins of the encoders and the neuron, and wrong ones made of them."""
