"""How far electrons come: the inelastic mean free path of a material by TPP-2M, its effective attenuation length by S3.

TPP-2M: lambda = E / (Ep^2 (b ln(g E) - C/E + D/E^2)) in angstrom, with Ep = 28.8 (Nv rho/M)^0.5, b = -0.10 + 0.944 (Ep^2 + Eg^2)^-0.5 +
0.069 rho^0.1, g = 0.191 rho^-0.5, C = 1.97 - 0.91 U, D = 53.4 - 20.8 U, U = Nv rho/M (S. Tanuma, C. J. Powell, D. R. Penn, Surf.
Interface Anal. 21 (1994) 165). Elastic scattering is not in it: attenuation lengths of quantitative analysis are 10 to 20 % shorter.

S3: L = (5.8 + 0.0041 Z^1.7 + 0.088 E^0.93) a^1.82 / (Z^0.38 (1 - W)) in nm, with a^3 the volume per atom, Z the mean atomic number, W = 0.02 Eg (M. P. Seah,
Surf. Interface Anal. 44 (2012) 1353). Elastic scattering is in it, for emission angles below some 60 degrees.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .quantify import AL_KALPHA_EV, ESCAPE_EXPONENT, kinetic_of

if TYPE_CHECKING:
    from ..config_types import SeahS3Config, Tpp2mConfig, XpsCoverage


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


def seah_s3_nm(
    kinetic_eV: float,
    density_g_cm3: float,
    molar_mass_g_mol: float,
    atoms: float,
    mean_atomic_number: float,
    band_gap_eV: float = 0.0,
) -> float:
    """Return the effective attenuation length in nm.

    Parameters
    ----------
    kinetic_eV : float
        100 to 30000 eV, for which the equation was made.
    density_g_cm3, molar_mass_g_mol : float
    atoms : float
        Per formula unit.
    mean_atomic_number : float
        Over these atoms.
    band_gap_eV : float

    Examples
    --------
    >>> round(seah_s3_nm(1384, 2.19, 60.08, 3, 10, 9.1), 2)  # SiO2
    3.19
    """
    volume_nm3 = molar_mass_g_mol / (density_g_cm3 * 602.214 * atoms)
    z = mean_atomic_number
    numerator = (5.8 + 0.0041 * z**1.7 + 0.088 * kinetic_eV**0.93) * volume_nm3 ** (1.82 / 3)
    return float(numerator / (z**0.38 * (1 - 0.02 * band_gap_eV)))


def length_of(line: str, photon_eV: float, material: Tpp2mConfig | SeahS3Config) -> float:
    """Return how far a line's electrons come in a material in nm: ``{equation: what it needs}``."""
    kinetic_eV = kinetic_of(line, photon_eV)
    if "tpp_2m" in material:
        return tpp_2m_nm(kinetic_eV, **material["tpp_2m"])
    return seah_s3_nm(kinetic_eV, **material["seah_s3"])


def material_of(given: float | Tpp2mConfig | SeahS3Config) -> Tpp2mConfig | SeahS3Config | None:
    """Return what an attenuation length is of: at other energies it follows from that; None where a number is given."""
    return None if isinstance(given, int | float) else given


def lattice_length_nm(coverage: XpsCoverage) -> float:
    """Return the attenuation length of the lattice line at Al K-alpha in nm."""
    given = coverage["attenuation_length_nm"]
    if isinstance(given, int | float):
        return given
    return length_of(coverage["lattice_region"], AL_KALPHA_EV, given)


def attenuation_nm(line: str, photon_eV: float, coverage: XpsCoverage) -> float:
    """Return the attenuation length of a line's electrons along the normal, in nm.

    That of the configuration holds for the lattice line at Al K-alpha; others grow with kinetic energy to the power 0.75, or
    as TPP-2M or S3 says of its material.
    """
    first = line.split(",")[0]
    kinetic = kinetic_of(first, photon_eV)
    material = material_of(coverage["attenuation_length_nm"])
    if material and kinetic > 0:
        length = length_of(first, photon_eV, material)
    else:
        reference = kinetic_of(coverage["lattice_region"], AL_KALPHA_EV)
        ratio = kinetic / reference if kinetic > 0 and reference > 0 else 1.0
        length = lattice_length_nm(coverage) * ratio**ESCAPE_EXPONENT
    return float(length * math.cos(math.radians(coverage["emission_angle_deg"])))
