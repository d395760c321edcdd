"""Fits that CasaXPS has stored in a VAMAS file: evaluate them, and fit the same model with our own method.

Energies in CasaXPS's comments are kinetic and calibrated: raw binding energy = photon energy - position - sum of
its calibrations. A link ties area and width by a factor and the position by a shift in kinetic energy.
`Av Width` n of a region means 2n + 1 points averaged at each end. All channels weigh alike in the fit of the
stored model: public files whose background CasaXPS exported are reproduced to 0.5 % that way, and to 5 % with
weights from counts.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..arrays import Arrays
from . import lineshapes
from .background import CrossSection
from .lines import Lines
from .model import RegionModel, build
from .region import RegionFit, fit_region

if TYPE_CHECKING:
    from ..config_types import ComponentConfig, RegionConfig, XpsConfig

# CasaXPS's names of backgrounds that we have; `same` says whether the two are the same thing.
BACKGROUNDS: tuple[tuple[re.Pattern[str], Literal["shirley", "linear", "tougaard"], bool], ...] = (
    (re.compile(r"(?i)\bshirley\b"), "shirley", True),
    (re.compile(r"(?i)\blinear\b"), "linear", True),
    (re.compile(r"(?i)tougaard"), "tougaard", False),
)


def cross_section(region: Any) -> CrossSection | None:
    """Return the cross section that a Tougaard region stores, None where it stores none that we know."""
    # B T / ((C - T^2)^2 + D T^2) above T0: with two parameters C is negative, and D and T0 are 0.
    b, c, d, t0 = (*region.cross_section, 0.0, 0.0, 0.0, 0.0)[:4]
    known = re.match(r"(?i)U [23] Tougaard", region.background)
    return CrossSection(b, c, d, t0) if known and b > 0 and c != 0 else None


def stored_names(block: Arrays) -> list[str]:
    """Return unique names of the stored components: repeated ones are numbered."""
    seen: dict[str, int] = {}
    names = []
    for component in block.attrs["casaxps"].components:
        name = component.name or "component"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return names


def stored_model(block: Arrays) -> tuple[RegionModel | None, str]:
    """Return the stored fit as a model of ours, or None and why not.

    Positions are raw binding energies, so the model fits the spectrum as measured.
    """
    fit = block.attrs["casaxps"]
    photon = block.attrs["photon_energy_eV"]
    if not fit.regions:
        return None, "no region is stored"
    if not math.isfinite(fit.shift_eV):
        return None, "its calibration names a range of energies, not how far the axis was shifted"
    for component in fit.components:
        try:
            lineshapes.shape(component.shape)
        except ValueError:
            return None, f"line shape {component.shape} is not one of ours"
    region = fit.regions[0]
    edges = [photon - e - fit.shift_eV for e in (region.start_eV, region.end_eV)]
    kind = next((k for pattern, k, _ in BACKGROUNDS if pattern.search(region.background)), None)
    if kind is None:
        return None, f"background {region.background} is not one of ours"
    names = stored_names(block)
    components = {
        name: _component(c, names, photon - fit.shift_eV)
        for name, c in zip(names, fit.components, strict=True)
    }
    section: RegionConfig = {
        "window_eV": [min(edges), max(edges)],
        "background": kind,
        "line_shape": "GL(30)",
        "components": components,
    }
    try:
        return build(str(block.attrs["region"]), section, section), ""
    except ValueError as error:
        return None, str(error)


def _component(c: Any, names: list[str], reference_eV: float) -> ComponentConfig:
    entry: ComponentConfig = {
        "line_shape": c.shape,
        "binding_energy_eV": reference_eV - c.position.value,
        "fwhm_eV": c.fwhm.value,
    }
    if 0 <= c.area.link < len(names):
        entry["area"] = f"{c.area.factor!r} * {names[c.area.link]}"
    if 0 <= c.fwhm.link < len(names):
        entry["fwhm_eV"] = f"{c.fwhm.factor!r} * {names[c.fwhm.link]}"
    elif 0 < c.fwhm.low <= c.fwhm.value <= c.fwhm.high:
        entry["fwhm_limits_eV"] = [c.fwhm.low, c.fwhm.high]
    if 0 <= c.position.link < len(names):
        # Higher kinetic energy is lower binding energy.
        entry["binding_energy_eV"] = f"{names[c.position.link]} + {-c.position.factor!r}"
    else:
        span = min(c.position.value - c.position.low, c.position.high - c.position.value)
        entry["within_eV"] = max(span, 0.0) if math.isfinite(span) else 0.0
    return entry


def evaluate(block: Arrays) -> np.ndarray:
    """Return the stored components (n, m) in counts/s on the block's axis, without background.

    Raises
    ------
    ValueError
        A line shape that is not one of ours.
    """
    fit = block.attrs["casaxps"]
    model, why = stored_model(block)
    if model is None:
        raise ValueError(why)
    reference = block.attrs["photon_energy_eV"] - fit.shift_eV
    position = np.array([reference - c.position.value for c in fit.components])
    fwhm = np.array([c.fwhm.value for c in fit.components])
    area = np.array([c.area.value for c in fit.components])
    x = block["binding_energy_eV"]
    return np.asarray(Lines(model.components).evaluate(x, position, fwhm)[0] * area)


def refit(block: Arrays, config: XpsConfig) -> tuple[RegionFit | None, str]:
    """Fit the stored model (shapes, links, limits, background) to the spectrum with our own method."""
    model, why = stored_model(block)
    if model is None:
        return None, why
    region = block.attrs["casaxps"].regions[0]
    settings: XpsConfig = {**config, "end_points": 2 * max(region.average_width, 0) + 1}
    own = cross_section(region)
    x, y = block["binding_energy_eV"], block["intensity_cps"]
    fit = fit_region(x, y, math.nan, model, 0.0, settings, cross_section=own)
    if fit is None:
        return None, "the stored window is outside of the data"
    same = next(s for p, _, s in BACKGROUNDS if p.search(region.background))
    same = same or own is not None
    return fit, "" if same else f"{region.background} compared with our {fit.background}"


def stored_rows(
    block: Arrays, shift_eV: float, own: RegionFit | None, config: XpsConfig
) -> list[dict[str, Any]]:
    """Return one row per stored component: stored, refitted, and the nearest one of our own model.

    Energies are charge-corrected by our own shift, so that both stand on one axis.
    """
    fit, why = refit(block, config)
    stored = block.attrs["casaxps"]
    reference = block.attrs["photon_energy_eV"] - stored.shift_eV - shift_eV
    n = len(stored.components)
    rows = []
    for j, (name, c) in enumerate(zip(stored_names(block), stored.components, strict=True)):
        row: dict[str, Any] = {
            "component": name,
            "shape": c.shape,
            "background": stored.regions[0].background if stored.regions else None,
            "stored_binding_energy_eV": reference - c.position.value,
            "stored_fwhm_eV": c.fwhm.value,
            "stored_area_cps_eV": c.area.value,
            "nearest_component": _nearest(own, reference + shift_eV - c.position.value),
            "note": why,
        }
        if fit is not None:
            p, sd = fit.estimate.p, fit.estimate.sd
            row |= {
                "refit_binding_energy_eV": float(p[n + j]) - shift_eV,
                "refit_binding_energy_eV_sd": float(sd[n + j]) or None,
                "refit_fwhm_eV": float(p[2 * n + j]),
                "refit_area_cps_eV": float(p[j]),
                "refit_area_cps_eV_sd": float(sd[j]),
                "area_ratio": float(p[j]) / c.area.value if c.area.value > 0 else None,
            }
        rows.append(row)
    return rows


def _nearest(own: RegionFit | None, binding_eV: float) -> str | None:
    if own is None or not math.isfinite(binding_eV):
        return None
    n = len(own.model.names)
    distances = np.abs(own.estimate.p[n : 2 * n] - binding_eV)
    return own.model.names[int(np.argmin(distances))]
