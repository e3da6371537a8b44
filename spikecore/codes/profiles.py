"""The toolboxes whose choices the codes of signals and of values know by name."""

from typing import NamedTuple

from spikecore.codes import (
    bsa,
    burst,
    current,
    first_spike,
    moving_window,
    phase,
    poisson,
    population,
    sigma_delta,
    step_forward,
    temporal_contrast,
)


class Profile(NamedTuple):
    """The choices of one toolbox.

    Attributes
    ----------
    toolbox, version : str
        Whose they are.
    source : str
        Where the version was taken from.
    codes : dict
        For each encoder that knows the profile, its name and the arguments that are set.
    """

    toolbox: str
    version: str
    source: str
    codes: dict


_GUO = "github.com/SausageMuffins/bic-coding-schemes"
_MAVLAB = "github.com/tudelft/SpikeCoding"
_ROCKPOOL = "pypi.org/project/rockpool"
TOOLBOXES = {
    "adm": ("spiking-space-radio", "a767bb8", "github.com/maxbortone/spiking-space-radio"),
    "bindsnet": ("BindsNET", "0.3.4", "pypi.org/project/bindsnet"),
    "elephant": ("Elephant", "1.2.1", "pypi.org/project/elephant"),
    "guo": ("bic-coding-schemes, after Guo et al. 2021", "9941c4e", _GUO),
    "kedri": ("KEDRI snn-encoder-tools", "3d6cf09", "github.com/KEDRI-AUT/snn-encoder-tools"),
    "lava": ("Lava", "0.10.0", "pypi.org/project/lava-nc"),
    "lava-dl": ("lava-dl", "d825ac5", "github.com/lava-nc/lava-dl"),
    "mavlab": ("MAVLab SpikeCoding, Python", "960f166", _MAVLAB),
    "mavlab-matlab": ("MAVLab SpikeCoding, MATLAB", "960f166", _MAVLAB),
    "norse": ("Norse", "1.1.0", "pypi.org/project/norse"),
    "pyspikes": ("Spikes", "4ff50e2", "github.com/akshaybabloo/Spikes"),
    "rockpool": ("Rockpool, UpDownTorch", "3.1.0", _ROCKPOOL),
    "rockpool-refractory": ("Rockpool, UpDownTorch(n_ref_steps > 0)", "3.1.0", _ROCKPOOL),
    "spicoder": ("SpiCoder, Batch", "8c15fe0", "recorded from its repository"),
    "spikify": ("spikify", "1.1.0", "pypi.org/project/innuce-spikify"),
    "spikingjelly": ("SpikingJelly", "2.0.0", "pypi.org/project/spikingjelly"),
    "vasilache": ("Spike-Encoding", "3e310a5", "github.com/Alex-Vasilache/Spike-Encoding"),
}
CODES = {
    "bsa": bsa.PROFILES,
    "burst": burst.PROFILES,
    "current": current.PROFILES,
    "latency": first_spike.PROFILES,
    "moving_window": moving_window.PROFILES,
    "phase": phase.PROFILES,
    "poisson": poisson.PROFILES,
    "population": population.PROFILES,
    "send_on_delta": step_forward.FOLLOWING,
    "sigma_delta": sigma_delta.PROFILES,
    "step_forward": step_forward.PROFILES,
    "temporal_contrast": temporal_contrast.PROFILES,
}


def profiles():
    """What ``profile=`` may be: each toolbox with its source, and the arguments that it sets.

    Returns
    -------
    dict of str to Profile
        By name.  ``codes`` of a profile names the encoders that know it.

    Examples
    --------
    >>> from spikecore import spikegen
    >>> spikegen.profiles()["lava"].codes
    {'sigma_delta': {'compare': '>=', 'feedback': 'residual'}}
    """
    return {
        name: Profile(
            *toolbox,
            {code: dict(known[name]) for code, known in CODES.items() if name in known},
        )
        for name, toolbox in TOOLBOXES.items()
    }
