"""Surface peaks: atoms of the outermost layer, a little below their elastic energy.

Inelastic losses move a maximum 40 to 80 eV below the elastic energy, which is about where the peak's
high-energy foot stands. So an element is looked for in a window below its elastic energy, not around it.
Atoms below the surface make no peak but a step, which tails off to lower energies: the local model is a
line and a step (the background) with a Gaussian on top, and only what rises out of its background counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import peakfit
from .kinematics import Geometry, OutOfReach
from .peakfit import FWHM_PER_SIGMA, Fits
from .spectrum import Spectrum

if TYPE_CHECKING:
    from ..config_types import LeisConfig

# Area of a Gaussian over height x FWHM.
TO_AREA = math.sqrt(2 * math.pi) / FWHM_PER_SIGMA
# Background beside the window that the fit sees, in widest peak widths.
MARGIN_WIDTHS = 1.0
MIN_CHANNELS = 12
WIDTH_STEP_EV = 5.0
VARIANCE_SMOOTHING_EV = 30.0


@dataclass
class Peak:
    """What was found in the window of one element (or of elements that are not resolved).

    Attributes
    ----------
    element : str
    elastic_energy_eV, window_low_eV, window_high_eV : float or None
        Highest of the elements; None: too light to scatter the ion to the detector.
    energy_eV, energy_eV_sd : float or None
        Maximum of the peak; None if there is none.
    area_counts_per_nC, area_counts_per_nC_sd : float or None
        Sum over channels; the best attempt also where nothing was detected; None: not measured.
    significance : float or None
        The smallest one of area / sd, of height above the low-energy side / sd, and of the root of the
        gain in chi-square over an edge without a peak.
    detected : bool
    channels : slice
        Channels of the fit; `background` and `model` are the curves on them.
    """

    element: str
    elastic_energy_eV: float | None
    window_low_eV: float | None
    window_high_eV: float | None
    channels: slice
    background: Any = None
    model: Any = None
    energy_eV: float | None = None
    energy_eV_sd: float | None = None
    area_counts_per_nC: float | None = None
    area_counts_per_nC_sd: float | None = None
    fwhm_eV: float | None = None
    significance: float | None = None
    detected: bool = False
    note: str = ""

    def row(self) -> dict[str, Any]:
        """Row of leis_surface_peaks without the sample."""
        skip = ("channels", "background", "model")
        return {k: v for k, v in self.__dict__.items() if k not in skip}


def find(spectrum: Spectrum, config: LeisConfig, geometry: Geometry) -> list[Peak]:
    """Look for every element of the config; those of one entry (`S/P`) make one peak."""
    return [_find_one(name, spectrum, config, geometry) for name in config["elements"]]


def _find_one(name: str, spectrum: Spectrum, config: LeisConfig, geometry: Geometry) -> Peak:
    elastic, unseen = [], []
    for symbol in name.split("/"):
        try:
            elastic.append(geometry.energy_eV(symbol))
        except OutOfReach as error:
            unseen.append(str(error))
    if not elastic:
        return Peak(name, None, None, None, slice(0, 0), np.empty(0), np.empty(0), note=unseen[0])
    low = min(elastic) - config["peak_window_below_eV"]
    high = max(elastic) + config["peak_window_above_eV"]
    energy = spectrum.energy_eV
    narrow, wide = config["peak_fwhm_eV"]
    margin = MARGIN_WIDTHS * wide
    first, last = np.searchsorted(energy, [low - margin, high + margin])
    peak = Peak(name, max(elastic), low, high, slice(0, 0), np.empty(0), np.empty(0))
    if low < energy[0] or high > energy[-1]:
        peak.note = f"window outside the spectrum ({energy[0]:g} to {energy[-1]:g} eV)"
        return peak
    peak.channels = slice(int(first), int(last))
    x = energy[peak.channels]
    if len(x) < MIN_CHANNELS:
        peak.note = f"only {len(x)} channels"
        peak.channels = slice(0, 0)
        return peak
    y = spectrum.counts_per_nC[peak.channels]
    width = round(VARIANCE_SMOOTHING_EV / spectrum.step_eV) | 1
    smooth = np.convolve(np.pad(y, width // 2, mode="edge"), np.ones(width) / width, "valid")
    # Of one channel: the fit finds out by itself which go together.
    floor = spectrum.noise_per_intensity / spectrum.alike
    variance = floor * np.maximum(smooth, floor)
    centres = np.arange(low, high + 0.5 * spectrum.step_eV, spectrum.step_eV)
    widths = np.linspace(narrow, wide, max(2, 1 + round((wide - narrow) / WIDTH_STEP_EV)))
    fits, without = peakfit.scan(x, y, variance, centres, widths)
    best = min(fits, key=lambda f: f.chi_square.min())
    # Exports that were smoothed have fewer independent channels than channels.
    independent = peakfit.correlation((y - best.model()) / np.sqrt(variance))
    for one in fits:
        one.correlation = independent
    gain = (without - best.chi_square.min()) / best.inflation
    peak.significance = min(
        _over(*best.height()), _over(*_rise(best, x)), math.sqrt(max(0.0, gain))
    )
    peak.detected = bool(peak.significance >= config["detection_significance"])
    if not peak.detected:
        # What no peak is needed for is described by the edge; a peak on it is bounded by its area.
        fits = [f for f in fits if f.edge]
        best = min(fits, key=lambda f: f.chi_square.min())
    peak.model, peak.background = best.model(), best.background()
    _average(peak, fits, spectrum.step_eV)
    return peak


def _over(value: float, sd: float) -> float:
    return value / sd if sd > 0 else 0.0


def _rise(fits: Fits, x: np.ndarray) -> tuple[float, float]:
    """Height of the fitted maximum above its low-energy side, and its uncertainty.

    A shoulder on the edge of the subsurface signal is no surface peak. The comparison is one of fitted
    values, so its uncertainty is the fit's.
    """
    i = fits.best
    centre, design = fits.centres[i], fits.design[i]
    model = fits.model()
    around = np.flatnonzero(np.abs(x - centre) <= 0.5 * fits.fwhm)
    below = np.flatnonzero((x < centre) & (x >= centre - 1.5 * fits.fwhm))
    top = around[np.argmax(model[around])]
    foot = below[np.argmin(model[below])]
    contrast = design[top] - design[foot]
    variance = float(contrast @ fits.covariance @ contrast)
    return float(contrast @ fits.coefficients[i]), math.sqrt(max(variance, 0.0))


def _average(peak: Peak, fits: list[Fits], step_eV: float) -> None:
    """Fill in energy, width and area, averaged over widths and steps by how well each describes the data.

    Weights are exp(-delta chi-square / 2) (Burnham and Anderson, Model Selection, 2002), so that the
    uncertainties include the choice of the background.
    """
    usable = [f for f in fits if np.isfinite(f.chi_square.min())]
    if not usable:  # a dip everywhere
        peak.area_counts_per_nC = 0.0
        heights = [f.height()[1] * f.fwhm for f in fits]
        peak.area_counts_per_nC_sd = max(heights) * TO_AREA / step_eV
        return
    best = min(usable, key=lambda f: f.chi_square.min())
    chi = np.array([f.chi_square.min() for f in usable])
    weight = np.exp(-0.5 * (chi - chi.min()) / best.inflation)
    weight /= weight.sum()

    def mean(values: list[tuple[float, float]]) -> tuple[float, float]:
        value, sd = np.array(values).T
        centre = float(weight @ value)
        return centre, math.sqrt(float(weight @ (sd**2 + (value - centre) ** 2)))

    areas = [tuple(h * f.fwhm * TO_AREA / step_eV for h in f.height()) for f in usable]
    peak.area_counts_per_nC, peak.area_counts_per_nC_sd = mean(areas)  # type: ignore[arg-type]
    if peak.detected:
        peak.energy_eV, peak.energy_eV_sd = mean([f.centre() for f in usable])
        peak.fwhm_eV = float(weight @ np.array([f.fwhm for f in usable]))
