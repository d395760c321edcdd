"""How far electrons come: the inelastic mean free path of a material by TPP-2M.

lambda = E / (Ep^2 (b ln(g E) - C/E + D/E^2)) in angstrom, with Ep = 28.8 (Nv rho/M)^0.5, b = -0.10 + 0.944 (Ep^2 + Eg^2)^-0.5 +
0.069 rho^0.1, g = 0.191 rho^-0.5, C = 1.97 - 0.91 U, D = 53.4 - 20.8 U, U = Nv rho/M (S. Tanuma, C. J. Powell, D. R. Penn, Surf.
Interface Anal. 21 (1994) 165). Elastic scattering is not in it: attenuation lengths of quantitative analysis are some 10 %
shorter, which is within the equation's own uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .quantify import AL_KALPHA_EV, kinetic_of

MATERIAL = "attenuation_material"  # added to the section `xps.coverage`


def tpp_2m_nm(
    kinetic_eV: float,
    density_g_cm3: float,
    molar_mass_g_mol: float,
    valence_electrons: float,
    band_gap_eV: float = 0.0,
) -> float:
    """Return the inelastic mean free path in nm.

    Parameters
    ----------
    kinetic_eV : float
        50 to 2000 eV, for which the equation was made.
    density_g_cm3, molar_mass_g_mol : float
    valence_electrons : float
        Per formula unit.
    band_gap_eV : float

    Examples
    --------
    >>> round(tpp_2m_nm(1384, 2.19, 60.08, 16, 9.1), 2)  # SiO2
    3.92
    """
    u = valence_electrons * density_g_cm3 / molar_mass_g_mol
    plasmon = 28.8 * math.sqrt(u)
    b = -0.10 + 0.944 / math.hypot(plasmon, band_gap_eV) + 0.069 * density_g_cm3**0.1
    g = 0.191 / math.sqrt(density_g_cm3)
    c, d = 1.97 - 0.91 * u, 53.4 - 20.8 * u
    e = kinetic_eV
    return 0.1 * e / (plasmon**2 * (b * math.log(g * e) - c / e + d / e**2))


def length_of(line: str, photon_eV: float, material: Mapping[str, float]) -> float:
    """Return the mean free path of a line's electrons in a material in nm."""
    return tpp_2m_nm(kinetic_of(line, photon_eV), **material)


def resolved(coverage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the section `xps.coverage` with the attenuation length as a number, of the lattice line at Al K-alpha.

    A material that it is of stands under `MATERIAL`: lengths at other energies follow from it.
    """
    given = coverage["attenuation_length_nm"]
    if not isinstance(given, Mapping):
        return coverage
    material = given["tpp_2m"]
    length = length_of(coverage["lattice_region"], AL_KALPHA_EV, material)
    return {**coverage, "attenuation_length_nm": length, MATERIAL: material}
