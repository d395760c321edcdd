"""Spectra drawn for any ion, energy and angle, so that tests can go far from the shipped configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from coatbench.analysis import Analysis
from coatbench.leis.analyse import analyse
from coatbench.leis.kinematics import Geometry
from coatbench.simulate.write_qtac import write_qtac
from scipy.special import erfc

LOSS_EV = 50.0  # a maximum stands so far below its elastic energy
KEPT = Path(__file__).parent / "kept"
# Ion, energy, scattering angle, incidence.
GEOMETRIES = {
    "helium": (4.002603, 2500.0, 130.0, 20.0),
    "helium 3": (3.016029, 1500.0, 100.0, 50.0),
    "neon": (19.99244, 6000.0, 145.0, 10.0),
    "argon": (39.962383, 3000.0, 120.0, 0.0),
}


def geometry(name: str) -> Geometry:
    keys = ("ion_mass_u", "ion_energy_eV", "scattering_angle_deg", "incidence_angle_deg")
    return Geometry(dict(zip(keys, GEOMETRIES[name], strict=True)))


def known(rows: list[dict]) -> list[dict]:
    """Rows without their empty cells: one that is filled by a bug is a new place."""
    return [{k: v for k, v in row.items() if v is not None and v != ""} for row in rows]


def tail(energy: np.ndarray, onset: float, sigma: float, height: float) -> np.ndarray:
    """Signal of atoms below the surface."""
    return height * 0.5 * erfc((energy - onset) / (2**0.5 * sigma)) * (1 + (onset - energy) / 4000)


def peak(energy: np.ndarray, centre: float, area: float, fwhm: float) -> np.ndarray:
    """Surface peak whose sum over channels is its area."""
    shape: np.ndarray = np.exp(-4 * np.log(2) * ((energy - centre) / fwhm) ** 2)
    return area * shape / shape.sum()


def expected(
    energy: np.ndarray,
    geometry: Geometry,
    *,
    edge: str,
    uncovered: float = 1.0,
    shift_eV: float = 0.0,
    charging_eV: float = 0.0,
    height: float = 6.0,
    dark: float = 0.01,
    peaks: Mapping[str, tuple[float, float]] | None = None,
) -> np.ndarray:
    """Counts per nC of a matrix with its edge below an element's energy, and surface peaks (area, FWHM)."""
    onset = geometry.energy_eV(edge) - LOSS_EV - charging_eV
    found = uncovered * tail(energy, onset - shift_eV, 30.0, height) + dark
    for element, (area, fwhm) in (peaks or {}).items():
        found += peak(energy, geometry.energy_eV(element) - LOSS_EV - charging_eV, area, fwhm)
    return found


def measured(
    folder: Path, sample: str, spectra: Mapping[str, tuple[np.ndarray, np.ndarray]], config: dict,
    **cells: str,
) -> Analysis:  # fmt: skip
    """Write the spectra of a sample by heating temperature (energies, intensities) and analyse them."""
    rows, files = [], []
    for temperature, (energy, intensity) in spectra.items():
        file = folder / f"{sample}_{temperature}.txt"
        write_qtac(file, energy, intensity)
        rows.append(
            {"sample": sample, "file": file.name, "heating_temperature_degC": temperature} | cells
        )
        files.append(file)
    return analyse(rows, files, config)
