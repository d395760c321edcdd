"""Whether spectra stand on the energies that the config says, and on the same scale of intensity as the reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import Arrays
from .kinematics import Geometry

# The bare matrix shows ions up to the elastic energy of its edge, less what the detector's resolution hides.
LEAST_TOP = 0.93
TOP_SHARE, SMOOTHED_EV = 0.05, 20.0
UNLIKE = 3.0  # times as much scatter as the reference's: divided by another number, or smoothed


def top_energy_eV(spectrum: Arrays) -> float:
    """Return the highest energy at which a spectrum still holds some share of what it holds on average."""
    energy, intensity = np.asarray(spectrum["energy_eV"]), np.asarray(spectrum["intensity"])
    width = round(SMOOTHED_EV / float(energy[1] - energy[0])) | 1
    smooth = np.convolve(intensity, np.ones(width) / width, "same")
    return float(energy[np.flatnonzero(smooth > TOP_SHARE * float(smooth.mean()))[-1]])


def off_energies(reference: Mapping[str, Arrays], geometry: Geometry, element: str) -> str:
    """Say that the reference's spectra end far below the edge of the matrix; empty where one does not.

    Then the ion, its energy or the angle is not that of the config, or the first column is no energy.
    """
    if not reference:
        return ""
    top = max(top_energy_eV(spectrum) for spectrum in reference.values())
    edge = geometry.energy_eV(element)
    if top > LEAST_TOP * edge:
        return ""
    return (
        f"the reference's spectrum ends at {top:.0f} eV, while {element} would scatter to {edge:.0f} eV: "
        "see ion_mass_u, ion_energy_eV, scattering_angle_deg and edge_element of leis"
    )


def unlike_scatter(base: Arrays, own: Arrays) -> str:
    """Say that channels scatter otherwise than those of the reference's spectrum do; empty where they are alike."""
    factor = _noise(own) / _noise(base)
    if 1 / UNLIKE < factor < UNLIKE:
        return ""
    return f"channels scatter {factor:.2g} times as much as the reference's: scaled or smoothed otherwise, so the ratio may be wrong"


def _noise(spectrum: Arrays) -> float:
    """Variance over mean of the counts that the dose makes of a spectrum."""
    intensity = np.asarray(spectrum["intensity"])
    at = int(intensity.argmax())
    variance = float(np.asarray(spectrum["intensity_sd"])[at]) ** 2
    return variance / float(intensity[at]) * float(spectrum.attrs["dose_nC"])
