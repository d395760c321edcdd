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

from .kinematics import Geometry

if TYPE_CHECKING:
    import numpy as np

    from .spectrum import Spectrum

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
# Background beside the window that the fit sees, in widest peak widths.
MARGIN_WIDTHS = 1.0
MIN_CHANNELS = 12
VARIANCE_SMOOTHING_EV = 30.0


@dataclass
class Peak:
    """What was found in the window of one element (or of elements that are not resolved).

    Attributes
    ----------
    element : str
    elastic_energy_eV : float
        Highest of the elements.
    energy_eV, energy_eV_sd : float or None
        Maximum of the peak; None if there is none.
    area_counts_per_nC, area_counts_per_nC_sd : float or None
        Sum over channels; the best attempt also where nothing was detected; None: not measured.
    significance : float or None
        The smaller one of area / sd and of height above the low-energy side / sd.
    detected : bool
    channels : slice
        Channels of the fit; `background` and `model` are the curves on them.
    """

    element: str
    elastic_energy_eV: float
    window_low_eV: float
    window_high_eV: float
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


def find(spectrum: Spectrum, config: dict, geometry: Geometry) -> list[Peak]:
    """Look for every element of the config; those of one entry (`S/P`) make one peak."""
    return [_find_one(name, spectrum, config, geometry) for name in config["elements"]]


def _find_one(name: str, spectrum: Spectrum, config: dict, geometry: Geometry) -> Peak:
    import numpy as np

    elastic = [geometry.energy_eV(symbol) for symbol in name.split("/")]
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
    width = max(1, round(VARIANCE_SMOOTHING_EV / spectrum.step_eV)) | 1
    smooth = np.convolve(np.pad(y, width // 2, mode="edge"), np.ones(width) / width, "valid")
    floor = spectrum.noise_per_intensity
    variance = floor * np.maximum(smooth, floor)
    centres = np.arange(low, high + 0.5 * spectrum.step_eV, spectrum.step_eV)
    widths = np.linspace(narrow, wide, 6)
    scan = [(_fit(x, y, variance, c, w), c, w) for w in widths for c in centres]
    best, centre, fwhm = min(scan, key=lambda item: item[0].chi_square)
    _describe(peak, best, x, centre, fwhm, spectrum.step_eV)
    peak.detected = bool(peak.significance >= config["detection_significance"])
    if peak.detected:
        chi = np.array([f.chi_square for f, _, w in scan if w == fwhm])
        peak.energy_eV, peak.energy_eV_sd = _refine(centres, chi, best)
        peak.fwhm_eV = float(fwhm)
    return peak


@dataclass
class _Fit:
    chi_square: float
    reduced: float
    coefficients: np.ndarray
    covariance: np.ndarray
    design: np.ndarray


def _fit(x: np.ndarray, y: np.ndarray, variance: np.ndarray, centre: float, fwhm: float) -> _Fit:
    """Weighted linear least squares of Gaussian, constant, slope and step at one centre and width."""
    import numpy as np
    from scipy.special import erfc

    u = (x - centre) * FWHM_PER_SIGMA / fwhm
    design = np.stack(
        [np.exp(-0.5 * u * u), np.ones_like(x), (x - x.mean()) / np.ptp(x), 0.5 * erfc(u / 2**0.5)],
        axis=1,
    )
    weighted = design / np.sqrt(variance)[:, None]
    inverse = np.linalg.pinv(weighted.T @ weighted)
    coefficients = inverse @ (weighted.T @ (y / np.sqrt(variance)))
    residual = (y - design @ coefficients) / np.sqrt(variance)
    chi_square = float(residual @ residual)
    if coefficients[0] < 0:
        # A dip is no peak: compare such a centre as if it were background only.
        chi_square = math.inf
    # Centre and width are fitted too, by the scan.
    reduced = float(residual @ residual) / max(1, len(x) - design.shape[1] - 2)
    return _Fit(chi_square, reduced, coefficients, inverse * max(1.0, reduced), design)


def _describe(
    peak: Peak, fit: _Fit, x: np.ndarray, centre: float, fwhm: float, step_eV: float
) -> None:
    """Fill in the area, the significance and the curves of the best fit."""
    import numpy as np

    to_area = fwhm / FWHM_PER_SIGMA * math.sqrt(2 * math.pi) / step_eV
    height, height_sd = fit.coefficients[0], math.sqrt(fit.covariance[0, 0])
    peak.area_counts_per_nC = float(height * to_area)
    peak.area_counts_per_nC_sd = float(height_sd * to_area)
    peak.model = fit.design @ fit.coefficients
    peak.background = fit.design[:, 1:] @ fit.coefficients[1:]
    # A shoulder on the edge of the subsurface signal is no surface peak: the curve has to rise from
    # its low-energy side. The comparison is one of fitted values, so its uncertainty is the fit's.
    around = np.flatnonzero(np.abs(x - centre) <= 0.5 * fwhm)
    below = np.flatnonzero((x < centre) & (x >= centre - 1.5 * fwhm))
    top = around[np.argmax(peak.model[around])]
    foot = below[np.argmin(peak.model[below])] if len(below) else top
    contrast = fit.design[top] - fit.design[foot]
    rise = float(contrast @ fit.coefficients)
    rise_sd = math.sqrt(max(contrast @ fit.covariance @ contrast, 0.0))
    ratios = [height / height_sd if height_sd > 0 else 0.0, rise / rise_sd if rise_sd > 0 else 0.0]
    peak.significance = float(min(ratios))


def _refine(centres: np.ndarray, chi: np.ndarray, best: _Fit) -> tuple[float, float | None]:
    """Centre and its uncertainty from the parabola of chi-square around its minimum."""
    import numpy as np

    i = int(np.argmin(chi))
    if 0 < i < len(chi) - 1 and np.isfinite(chi[i - 1 : i + 2]).all():
        step = centres[1] - centres[0]
        curvature = chi[i - 1] - 2 * chi[i] + chi[i + 1]
        if curvature > 0:
            shift = 0.5 * (chi[i - 1] - chi[i + 1]) / curvature
            sd = step * math.sqrt(2 * max(1.0, best.reduced) / curvature)
            return float(centres[i] + shift * step), float(sd)
    return float(centres[i]), None
