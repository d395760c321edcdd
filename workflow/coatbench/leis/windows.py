"""Intensity in windows of energy or depth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..quality import Quality, doubtful, unusable
from .kinematics import Geometry, OutOfReach
from .spectrum import Spectrum
from .stopping import DepthScale, energy_of_depth

if TYPE_CHECKING:
    from ..config_types import DepthWindowConfig, EnergyWindowConfig

# Fewer counts than this in a window are a background, whatever it is.
FEW_COUNTS = 25


@dataclass(frozen=True)
class Window:
    """A named range of energy; `low_eV` or `high_eV` is None where the spectrum itself ends it.

    `problem` says why the ion, the geometry or the stopping power leaves no such window.
    """

    name: str
    low_eV: float | None
    high_eV: float | None
    problem: str = ""


def from_config(
    ranges: Mapping[str, EnergyWindowConfig | DepthWindowConfig],
    geometry: Geometry,
    depths: DepthScale,
) -> list[Window]:
    """Turn the config's windows into energies.

    A bound is an energy in eV, an element (its elastic energy at the mean mass) or null (the end of the
    spectrum); a window in nm (`near_nm`, `far_nm`) is converted with the total stopping.
    """
    return [_window(name, bounds, geometry, depths) for name, bounds in ranges.items()]


def _window(
    name: str,
    bounds: EnergyWindowConfig | DepthWindowConfig,
    geometry: Geometry,
    depths: DepthScale,
) -> Window:
    if "near_nm" in bounds:
        if depths.stopping is None:
            return Window(name, None, None, depths.missing)
        scale = energy_of_depth(depths.stopping, geometry, depths.mass_u, "total")
        shallow, deep, deepest = bounds["near_nm"], bounds["far_nm"], float(scale[0][-1])
        near, far = (float(e) for e in np.interp([shallow, deep], *scale))
        if not shallow < deep:
            return Window(name, far, near, f"from {shallow:g} to {deep:g} nm is no window")
        if deep > deepest:
            why = f"the table of stopping powers reaches {deepest:.1f} nm deep, the window {deep:g} nm"
            return Window(name, None, None, why)
        return Window(name, far, near)
    try:
        low, high = (_bound(end, geometry) for end in (bounds["low"], bounds["high"]))
    except OutOfReach as error:
        return Window(name, None, None, str(error))
    if low is not None and high is not None and low >= high:
        why = f"from {low:.0f} to {high:.0f} eV is no window; give bounds for this ion and energy"
        return Window(name, low, high, why)
    return Window(name, low, high)


def _bound(value: float | str | None, geometry: Geometry) -> float | None:
    if value is None:
        return None
    return geometry.energy_eV(value) if isinstance(value, str) else float(value)


def integrate(spectrum: Spectrum, window: Window, depths: DepthScale) -> dict[str, Any]:
    """Sum the channels of one window.

    Returns
    -------
    dict
        A row of leis_windows without sample and ratios. Counts are empty, and `quality_note` says why, where
        the spectrum does not reach over the window: a part of a window is not that window.
    """
    if window.problem:
        bounds = {"energy_low_eV": window.low_eV, "energy_high_eV": window.high_eV}
        return {"window": window.name, **bounds, **unusable(window.problem).columns()}
    energy = spectrum.energy_eV
    low = float(energy[0]) if window.low_eV is None else window.low_eV
    high = float(energy[-1]) if window.high_eV is None else window.high_eV
    row: dict[str, Any] = {"window": window.name, "energy_low_eV": low, "energy_high_eV": high}
    if depths.stopping is not None:
        top = min(high, depths.geometry.of_mass_eV(depths.mass_u))
        for kind, suffix in (("total", ""), ("electronic", "_electronic")):
            near, far = depths.depth_nm(np.array([top, low]), kind)
            row[f"depth_near{suffix}_nm"], row[f"depth_far{suffix}_nm"] = float(near), float(far)
    # A channel that lies half outside still reaches the bound.
    half = 0.5 * spectrum.step_eV
    if low < energy[0] - half or high > energy[-1] + half:
        ends = f"the spectrum ends at {energy[0]:g} and {energy[-1]:g} eV"
        return row | unusable(ends).columns()
    inside = (energy >= low) & (energy <= high)
    counts = spectrum.counts_per_nC[inside]
    row["counts_per_nC"] = float(counts.sum())
    # One event more or less is the least that a window can be uncertain by.
    row["counts_per_nC_sd"] = math.sqrt(
        spectrum.noise_per_intensity * max(counts.sum(), spectrum.noise_per_intensity)
    )
    # Dark counts above the edge have no depth; of ions from deeper than the table tells there is no mean.
    if math.isfinite(row.get("depth_far_nm", math.nan)):
        depth = depths.depth_nm(energy[inside], "total")
        known = np.isfinite(depth)
        if counts[known].sum() > 0:
            row["depth_mean_nm"] = float(np.average(depth[known], weights=counts[known]))
    return row | _judged(spectrum, float(counts.sum()), depths).columns()


def _judged(spectrum: Spectrum, counts_per_nC: float, depths: DepthScale) -> Quality:
    """Judge a window by its counts; that it has no depth is a note, for a ratio needs none."""
    notes = (depths.missing,) if depths.missing else ()
    counts = counts_per_nC / spectrum.noise_per_intensity
    if counts < FEW_COUNTS:
        return doubtful(f"{counts:.0f} counts, expected at least {FEW_COUNTS}")
    return doubtful(spectrum.doubt) if spectrum.doubt else Quality(notes=notes)
