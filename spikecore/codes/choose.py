"""Choose the parameter of a code: by its error, or by its number of spikes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np

from spikecore import arguments
from spikecore.annotations import Array, ArrayLike, Number
from spikecore.codes import (
    bsa,
    filters,
    level_crossing,
    moving_window,
    sigma_delta,
    staircase,
    step_forward,
    temporal_contrast,
)
from spikecore.codes.metrics import Metrics, metrics
from spikecore.foreign import a_kind, misfit
from spikecore.results import by_value

BY = ("snr", "count", "rate")
BETWEEN = 8  # parameters tried between two neighbours in a round of refinement
LONG = 5.0  # seconds after which a search shows its progress


@by_value
class Choice(NamedTuple):
    """A parameter, what it gives, and all that were tried.

    Attributes
    ----------
    parameter : float
        The parameter that was chosen.
    metrics : Metrics
        Errors and number of spikes with it.
    tried : dict of str to numpy.ndarray
        ``parameter``, ``snr`` and ``count`` of every parameter, in rising order; NaN where the
        encoder refuses the threshold that it computes.
    """

    parameter: float
    metrics: Metrics
    tried: dict[str, Array]


# --- what is known of each encoder --------------------------------------------------------------


class Known(NamedTuple):
    """The parameter of an encoder, where to look for it, and how its spikes are decoded.

    ``grid(signal, options)`` and ``decode(signal, spikes, value, options)``.
    """

    parameter: str
    grid: Callable[..., Any]
    decode: Callable[..., Any]


def _shares(low, high):
    """A grid from one share of the signal's range to another."""

    def grid(signal, options):
        span = float(signal.max() - signal.min())
        if span == 0:
            remedy = "pass grid="
            arguments.refuse("signal", "vary, for a grid of its range", "a constant", remedy)
        return span * np.geomspace(low, high, 48)

    return grid


def _factors(signal, options):
    """Standard deviations above the mean."""
    return np.linspace(0, 3, 61)


def _fits(signal, options):
    """Thresholds of a filter: shares of a sum, or of what the filter takes away."""
    if options.get("criterion") == "multiply" or _profile(options).get("criterion") == "multiply":
        return np.linspace(0.8, 1.1, 31)
    taps = filters.taps_of(options["fir"], np.dtype(np.float64))
    return np.abs(taps).sum() * np.geomspace(0.002, 1, 48)


def _profile(options):
    """The axes of a profile of Ben's spiker."""
    return bsa.PROFILES.get(str(options.get("profile")).lower(), {})


def _stairs(signal, spikes, threshold, options, count_first=True):
    """The staircase from the first sample on."""
    initial = options.get("initial")
    return staircase.staircase(
        spikes,
        threshold,
        signal[0] if initial is None else np.asarray(initial, signal.dtype),
        threshold_down=options.get("threshold_down"),
        count_first=count_first,
        channels="signed" if spikes.ndim == signal.ndim else "up_down",
    )


def _later_stairs(signal, spikes, threshold, options):
    """The staircase from the first sample on, whose spikes do not count."""
    return _stairs(signal, spikes, threshold, {}, count_first=False)


def _contrast_stairs(signal, spikes, factor, options):
    """The same, of the threshold that the encoder computes."""
    names = ("statistic", "over", "ddof", "align", "edge", "profile")
    axes = {name: options[name] for name in names if name in options}
    limits = temporal_contrast.contrast_threshold(signal, factor, **axes)
    return _later_stairs(signal, spikes, limits, {})


def _level_stairs(signal, spikes, spacing, options):
    """The staircase from the level at or below the first sample, or from the given value."""
    kind = signal.dtype.type
    initial = options.get("initial", np.floor(signal[0] / kind(spacing)) * kind(spacing))
    return _stairs(signal, spikes, spacing, {"initial": initial})


def _samples_sent(signal, spikes, threshold, options):
    """The samples themselves, where they are sent."""
    fired = spikes if spikes.ndim == signal.ndim else spikes.any(axis=-1)
    return staircase.hold(signal, fired, options.get("initial"))


def _sum(signal, values, threshold, options):
    """The sum of the values from the receiver's first on."""
    initial = options.get("initial", 0)
    return sigma_delta.accumulate(values, signal[0] if initial is None else initial)


def _filtered(signal, spikes, threshold, options):
    """The convolution in the units of the signal."""
    given = {name: options[name] for name in ("shift", "gain") if options.get(name) is not None}
    scales = {"shift": 0, "gain": 1} | _profile(options) | given
    shift, gain = scales["shift"], scales["gain"]
    if isinstance(gain, str):
        span = signal.max(axis=0) - signal.min(axis=0)
        gain = np.where(span > 0, span, 1)
    if isinstance(shift, str):
        shift = signal.min(axis=0)
    return filters.convolve(spikes, options["fir"], shift, gain, dtype=signal.dtype)


KNOWN = {
    bsa.bsa: Known("threshold", _fits, _filtered),
    bsa.modified_hsa: Known("threshold", _fits, _filtered),
    level_crossing.level_crossing: Known("spacing", _shares(0.004, 0.8), _level_stairs),
    moving_window.moving_window: Known("threshold", _shares(0.004, 0.8), _later_stairs),
    sigma_delta.sigma_delta: Known("threshold", _shares(0.004, 0.8), _sum),
    step_forward.send_on_delta: Known("threshold", _shares(0.004, 0.8), _samples_sent),
    step_forward.step_forward: Known("threshold", _shares(0.004, 0.8), _stairs),
    temporal_contrast.temporal_contrast: Known("factor", _factors, _contrast_stairs),
}


# --- the search ---------------------------------------------------------------------------------


def choose(
    encoder: Callable[..., Any],
    signal: ArrayLike,
    by: Literal["snr", "count", "rate"] = "snr",
    target: Number | None = None,
    grid: ArrayLike | None = None,
    *,
    refine: int = 2,
    decoder: Callable[..., Any] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Choice:
    """Choose the parameter of an encoder that decodes best, or with the fewest spikes.

    The signal is encoded, decoded and measured with every parameter of a grid; then parameters
    between the best one and its neighbours are tried, in two rounds.

    Parameters
    ----------
    encoder : callable
        One of :func:`~spikecore.spikegen.bsa`, :func:`~spikecore.spikegen.level_crossing`,
        :func:`~spikecore.spikegen.modified_hsa`, :func:`~spikecore.spikegen.moving_window`,
        :func:`~spikecore.spikegen.send_on_delta`, :func:`~spikecore.spikegen.sigma_delta`,
        :func:`~spikecore.spikegen.step_forward` and
        :func:`~spikecore.spikegen.temporal_contrast` (its ``factor``); or any function
        ``encoder(signal, parameter, **options)``, with a ``decoder`` and a ``grid``.
    signal : array_like
        ``[num_steps, ...]``, in the host's memory.
    by : {"snr", "count", "rate"}
        What ``target`` is.  ``"snr"`` in dB: the fewest spikes that reach it; without a target, the
        highest ratio.  ``"count"``: the highest ratio with at most so many spikes.  ``"rate"``: the
        same, in spikes a step and feature.
    target : float
        Needed for ``"count"`` and ``"rate"``.
    grid : array_like
        Parameters to try first; if left out, 48 from 0.004 to 0.8 of the signal's range
        (``factor``: 61 from 0 to 3; of a filter: 48 from 0.002 to 1 of the sum of its taps' sizes,
        or 31 from 0.8 to 1.1 with ``criterion="multiply"``).
    refine : int
        Rounds after the grid; in each, 8 parameters on either side of the best.
    decoder : callable
        ``decoder(spikes, parameter)``: the decoded signal; if left out, that of the encoder in
        :mod:`spikecore.decode`, begun with the first sample.
    progress : bool
        True shows a bar on stderr, which needs ``tqdm`` (the extra ``spikecore[plot]``); if left
        out, one appears on a terminal after 5 seconds if tqdm is installed.
    **options
        What the encoder takes by keyword, such as ``window``, ``fir``, ``profile`` or ``device``.

    Returns
    -------
    Choice
        ``parameter``, its ``metrics``, and what was ``tried``.

    Raises
    ------
    ValueError, TypeError
        A target that no parameter of the grid reaches, or arguments that the encoder refuses.
    ImportError
        If ``progress=True`` and tqdm is not installed.

    Notes
    -----
    The ratio is neither smooth nor unimodal in a threshold, so that no search without a grid finds
    the best, and one between two of its parameters may still be better.  Of equal ratios the one
    with fewer spikes is taken, then the larger parameter.  The ratio is ``snr`` of
    :func:`metrics`, of all features together; it depends on the signal's distance from 0, the order
    of two parameters does not.

    Examples
    --------
    >>> import numpy as np
    >>> from spikecore import decode, spikegen
    >>> x = np.sin(np.linspace(0, 20, 1000))
    >>> best = decode.choose(spikegen.step_forward, x)
    >>> round(best.parameter, 4), round(best.metrics.snr), int(best.metrics.count)
    (0.0198, 37, 646)
    >>> fewer = decode.choose(spikegen.step_forward, x, "count", 50)
    >>> round(fewer.parameter, 4), round(fewer.metrics.snr), int(fewer.metrics.count)
    (0.274, 14, 39)
    """
    for name, value in {"encoder": encoder, "decoder": decoder}.items():
        if not callable(value) and (value is not None or name == "encoder"):
            remedy = "pass e.g. spikegen.step_forward, and decoder(spikes, parameter)"
            arguments.refuse(name, "be a function", a_kind(value), remedy, TypeError)
    by = arguments.choice("by", by, BY)
    target = _target(by, target)
    refine = arguments.integer("refine", refine, 0, 100)
    progress = None if progress is None else arguments.flag("progress", progress)
    values = arguments.real("signal", signal)
    if values.ndim == 0 or not values.size:
        must, remedy = "hold samples along a time axis", "pass [num_steps, ...]"
        arguments.refuse("signal", must, f"shape {values.shape}", remedy)
    search = _Search(values, by, target, _measure(encoder, values, decoder, options))
    found = _grid(encoder, grid, values, options)
    total = len(found) + 2 * BETWEEN * refine
    with _Progress(progress, total) as watch:
        search.run(watch(found))
        for _ in range(refine):
            search.run(watch(search.between()))
    return search.choice()


def _target(by, target):
    """The number to reach or to keep to, or None."""
    if target is None:
        if by != "snr":
            remedy = "pass the most spikes there may be"
            arguments.refuse("target", f"be given for by={by!r}", "None", remedy)
        return None
    return arguments.number("target", target)


def _grid(encoder, grid, signal, options):
    """The parameters to try first."""
    if grid is None:
        if (known := _known(encoder)) is None:
            remedy = "pass the parameters to try"
            arguments.refuse("grid", "be given for an encoder of your own", "None", remedy)
        grid = known.grid(signal, options)
    given = arguments.parameter("grid", grid)
    return sorted(set(np.asarray(given, np.float64).reshape(-1).tolist()))


def _known(encoder):
    """What is known of an encoder, or None of one of the caller's own, which may be unhashable."""
    return next((known for function, known in KNOWN.items() if function is encoder), None)


def _must_fit(name, form, function, /, *positional, **named):
    """Refuse what cannot be called like that, where its signature tells."""
    remedy = "pass what it takes by keyword" if name == "options" else f"pass {form}"
    fault = misfit(function, *positional, **named)
    if fault is not None:
        raise TypeError(f"{name} must fit {form}: {fault}; {remedy}")


def _measure(encoder, signal, decoder, options):
    """The function that encodes, decodes and measures; errors of the caller's own pass through."""
    known = _known(encoder)
    for name in ("out", "stream"):
        if name in options:
            remedy = "encode with the parameter that is chosen"
            arguments.refuse(name, "be left out", "it", remedy)
    if known is None and decoder is None:
        must, remedy = "be given for an encoder of your own", "pass decoder(spikes, parameter)"
        arguments.refuse("decoder", must, "None", remedy, TypeError)
    if decoder is not None:
        _must_fit("decoder", "decoder(spikes, parameter)", decoder, signal, 1)
    if known is not None and known.parameter in options:
        must, remedy = "be left out, because it is chosen", "pass grid=[...] to try only some"
        arguments.refuse(known.parameter, must, options[known.parameter], remedy)
    if known is None:
        _must_fit("encoder", "encoder(signal, parameter, **options)", encoder, signal, 1, **options)
    else:
        _must_fit("options", encoder.__name__, encoder, signal, **options, **{known.parameter: 1})

    def measure(value):
        named = (value,) if known is None else ()
        chosen = {} if known is None else {known.parameter: value}
        try:
            spikes = encoder(signal, *named, **chosen, **options)
        except temporal_contrast.ThresholdError:
            return None
        if decoder is not None:
            decoded = decoder(spikes, value)
        else:
            decoded = known.decode(signal, spikes, value, options)
        graded = encoder is sigma_delta.sigma_delta
        return metrics(signal, decoded, spikes != 0 if graded else spikes)

    return measure


class _Search:
    """The parameters that were tried, in rising order, and what they gave."""

    def __init__(self, signal, by, target, measure):
        self.by, self.target, self.measure = by, target, measure
        self.found: dict[float, Metrics | None] = {}

    def run(self, values):
        """Try some parameters."""
        for value in values:
            self.found[value] = self.measure(value)
        self.found = dict(sorted(self.found.items()))

    def order(self, value):
        """What the best parameter has most of, or None for one that does not meet the target."""
        found = self.found[value]
        if found is None:
            return None
        if self.by == "snr" and self.target is not None:
            return (-found.count, found.snr, value) if found.snr >= self.target else None
        if self.target is not None and getattr(found, self.by) > self.target:
            return None
        return found.snr, -found.count, value

    def best(self):
        """The best parameter."""
        able = [value for value in self.found if self.order(value) is not None]
        if not able:
            self.refuse()
        return max(able, key=self.order)

    def refuse(self):
        """No parameter meets the target, or none gives a threshold."""
        known = [found for found in self.found.values() if found is not None]
        if not known:
            remedy = "pass larger factors, or statistic='absolute'"
            arguments.refuse("grid", "have a factor that gives a threshold", "none", remedy)
        reached = [getattr(found, self.by) for found in known]
        end = max(reached) if self.by == "snr" else min(reached)
        remedy = f"the grid reaches {end:.6g}, so pass another target or another grid"
        arguments.refuse("target", "be met by a parameter of the grid", self.target, remedy)

    def between(self):
        """Parameters between the best and its neighbours."""
        values, best = list(self.found), self.best()
        place = values.index(best)
        beside = values[max(0, place - 1) : place] + values[place + 1 : place + 2]
        inner = [
            value for end in beside for value in np.linspace(best, end, BETWEEN + 2)[1:-1].tolist()
        ]
        return [value for value in dict.fromkeys(inner) if value not in self.found]

    def choice(self):
        """The result."""
        best = self.best()
        nothing = Metrics(*[np.nan] * len(Metrics._fields))
        found = [found or nothing for found in self.found.values()]
        tried = {
            "parameter": np.array(list(self.found)),
            "snr": np.array([measured.snr for measured in found]),
            "count": np.array([measured.count for measured in found]),
        }
        return Choice(best, self.found[best], tried)


class _Progress:
    """A bar on stderr, for searches that take long or where the caller asks for it."""

    def __init__(self, wanted, total):
        self.wanted, self.total, self.done = wanted, total, 0
        self.begin, self.bar = time.monotonic(), None

    def __enter__(self):
        if self.wanted:
            self.bar = self.start()
        return self.watch

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()

    def watch(self, values) -> Iterator[float]:
        """The values, counted as they are done."""
        for value in values:
            yield value
            self.done += 1
            if self.bar is not None:
                self.bar.update()
            elif self.wanted is None and time.monotonic() - self.begin > LONG:
                self.bar = self.start()

    def start(self):
        """The bar, or None where nobody asked for it and it cannot be shown."""
        if self.wanted is None and not sys.stderr.isatty():
            self.wanted = False
            return None
        try:
            from tqdm import tqdm
        except ImportError as error:
            if self.wanted is None:
                self.wanted = False
                return None
            raise ImportError(
                "progress=True needs tqdm, which is not installed; "
                "install it with pip install 'spikecore[plot]'"
            ) from error
        return tqdm(total=self.total, initial=self.done, desc="choose", unit="parameter")
