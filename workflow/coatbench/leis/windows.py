"""Intensity in windows of energy or depth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .kinematics import Geometry, mean_mass_u
from .stopping import Stopping, depth_of_energy, energy_of_depth

if TYPE_CHECKING:
    from .spectrum import Spectrum


@dataclass(frozen=True)
class Window:
    """A named range of energy; `low_eV` or `high_eV` is None where the spectrum itself ends it."""

    name: str
    low_eV: float | None
    high_eV: float | None


def from_config(config: dict, geometry: Geometry, stopping: Stopping) -> list[Window]:
    """Turn the config's windows into energies.

    A bound is an energy in eV, an element (its elastic energy at the mean mass) or null (the end of the
    spectrum); a window in nm (`near_nm`, `far_nm`) is converted with the total stopping.
    """
    import numpy as np

    edge_mass = mean_mass_u(config["edge_element"])
    windows = []
    for name, bounds in config["windows"].items():
        if "near_nm" in bounds:
            depth, energy = energy_of_depth(stopping, geometry, edge_mass, "total")
            near, far = np.interp([bounds["near_nm"], bounds["far_nm"]], depth, energy)
            windows.append(Window(name, float(far), float(near)))
        else:
            low, high = (_bound(bounds[key], geometry) for key in ("low", "high"))
            windows.append(Window(name, low, high))
    return windows


def _bound(value: Any, geometry: Geometry) -> float | None:
    if value is None:
        return None
    return geometry.energy_eV(value) if isinstance(value, str) else float(value)


def integrate(
    spectrum: Spectrum, window: Window, geometry: Geometry, stopping: Stopping, edge_element: str
) -> dict[str, Any]:
    """Sum the channels of one window.

    Returns
    -------
    dict
        A row of leis_windows without sample and ratios. Counts are empty, and `note` says why, where
        the spectrum does not reach over the window: a part of a window is not that window.
    """
    import numpy as np

    energy = spectrum.energy_eV
    low = float(energy[0]) if window.low_eV is None else window.low_eV
    high = float(energy[-1]) if window.high_eV is None else window.high_eV
    row: dict[str, Any] = {"window": window.name, "energy_low_eV": low, "energy_high_eV": high}
    mass = mean_mass_u(edge_element)
    top = min(high, geometry.energy_eV(edge_element))
    for kind, suffix in (("total", ""), ("electronic", "_electronic")):
        near, far = depth_of_energy(np.array([top, low]), stopping, geometry, mass, kind)
        row[f"depth_near{suffix}_nm"], row[f"depth_far{suffix}_nm"] = float(near), float(far)
    # A channel that lies half outside still reaches the bound.
    half = 0.5 * spectrum.step_eV
    if low < energy[0] - half or high > energy[-1] + half:
        row["note"] = f"spectrum ends at {energy[0]:g} and {energy[-1]:g} eV"
        return row
    inside = (energy >= low) & (energy <= high)
    counts = spectrum.counts_per_nC[inside]
    row["counts_per_nC"] = float(counts.sum())
    # One event more or less is the least that a window can be uncertain by.
    row["counts_per_nC_sd"] = math.sqrt(
        spectrum.noise_per_intensity * max(counts.sum(), spectrum.noise_per_intensity)
    )
    if counts.sum() > 0:
        depth = depth_of_energy(energy[inside], stopping, geometry, mass, "total")
        known = np.isfinite(depth)
        if counts[known].sum() > 0:
            row["depth_mean_nm"] = float(np.average(depth[known], weights=counts[known]))
    return row
