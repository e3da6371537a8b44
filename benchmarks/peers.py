"""Other libraries, driven on arrays of ours; None where a library is not installed."""

import os


def snntorch_encoder(name, data, **options):
    """A call of one of snnTorch's encoders after ``torch.manual_seed(0)``, or None.

    Torch gets every core and keeps no gradients.
    """
    try:
        import torch
        from snntorch import spikegen
    except ImportError:
        return None
    torch.set_num_threads(os.cpu_count())
    tensor = torch.from_numpy(data)
    function = getattr(spikegen, name)

    def call():
        with torch.no_grad():
            torch.manual_seed(0)
            return function(tensor, **options)

    return call
