"""The surface that the XPS simulator looks at: a patchy layer on an oxide, under a thin contamination.

One model gives all areas: a coating of some coverage and thickness on the substrate, carbonate and adventitious
carbon on top of everything. Signals of a layer of thickness d rise with 1 - exp(-d/L), those below it fall with
exp(-d/L); L grows with kinetic energy as E^0.75. Areas are density x L x cross section x transmission.

A sample without a planted surface (the precursor powder) is a thick coating of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

PHOTON_EV = 1486.6
# Scofield cross sections relative to C 1s, whole doublets (J. Electron Spectrosc. Relat. Phenom. 8 (1976) 129).
CROSS_SECTION = {"C 1s": 1.0, "O 1s": 2.93, "S 2p": 1.677, "P 2p": 1.192, "Ni 2p": 22.18}
ENERGY_EV = {"C 1s": 285.0, "O 1s": 531.0, "S 2p": 165.0, "P 2p": 133.0, "Ni 2p": 858.0}
ATTENUATION_NM, ATTENUATION_AT_EV = 3.0, 955.0
# Atoms per nm3: Li2CO3 (2.11 g/cm3), adventitious hydrocarbon, LiNi0.85Co0.10Mn0.05O2 (4.78 g/cm3).
CARBONATE = {"C": 17.2, "O": 51.6}
CARBON_PER_NM3 = 45.0
SUBSTRATE = {"Ni": 25.2, "O": 59.3}
# PHI VersaProbe II, IntensityCalCoeff of real exports of this instrument.
TRANSMISSION = (180.254, 0.348)
SCALE = 1.5  # counts/s x eV per unit of signal
THICK_NM = 1e4

Areas = dict[str, dict[str, float]]


def attenuation_nm(line: str) -> float:
    """Return the attenuation length of the electrons of a line in nm."""
    kinetic = PHOTON_EV - ENERGY_EV[line]
    return float(ATTENUATION_NM * (kinetic / ATTENUATION_AT_EV) ** 0.75)


def transmission(line: str, pass_energy_eV: float) -> float:
    """Return the transmission of the analyser for a line (PHI's law)."""
    a, b = TRANSMISSION
    ratio = (PHOTON_EV - ENERGY_EV[line]) / pass_energy_eV
    return float(pass_energy_eV * (a * a / (a * a + ratio * ratio)) ** b)


def areas(truth: Mapping[str, float], pass_energy_eV: float, uncovered: float = 1.0) -> Areas:
    """Return the area of every component in counts/s x eV: region -> component -> area.

    Parameters
    ----------
    truth : mapping
        Planted quantities of the sample (``surface.*``, ``xps.*``).
    pass_energy_eV : float
    uncovered : float
        Factor on the uncovered share of the surface: spots differ.
    """
    coverage = truth.get("surface.coverage", 1.0)
    coverage = 1 - min((1 - coverage) * uncovered, 1.0)
    thickness = truth.get("surface.layer_thickness_nm", THICK_NM)
    carbonate, carbon = truth["xps.carbonate_nm"], truth["xps.carbon_nm"]

    def strength(line: str) -> float:
        return (
            SCALE * CROSS_SECTION[line] * transmission(line, pass_energy_eV) * attenuation_nm(line)
        )

    def below(line: str, depth: float) -> float:
        return math.exp(-depth / attenuation_nm(line))

    def layer(line: str, depth: float, top: float) -> float:
        return (1 - below(line, depth)) * below(line, top)

    def substrate(line: str) -> float:
        seen = 1 - coverage + coverage * below(line, thickness)
        return seen * below(line, carbonate + carbon)

    def coating(line: str) -> float:
        return coverage * layer(line, thickness, carbonate + carbon)

    sulfur = strength("S 2p") * truth["xps.coating_sulfur_per_nm3"] * coating("S 2p")
    phosphorus = strength("P 2p") * truth["xps.coating_phosphorus_per_nm3"] * coating("P 2p")
    oxygen = truth["xps.coating_oxygen_per_nm3"] * coating("O 1s")
    oxygen += CARBONATE["O"] * layer("O 1s", carbonate, carbon)
    adventitious = strength("C 1s") * CARBON_PER_NM3 * layer("C 1s", carbon, 0.0)
    oxidised = truth["xps.oxidised_carbon_fraction"]
    return {
        "C 1s": {
            "adventitious": adventitious * (1 - oxidised),
            "C-O": adventitious * oxidised,
            "carbonate": strength("C 1s") * CARBONATE["C"] * layer("C 1s", carbonate, carbon),
        },
        "O 1s": {
            "lattice": strength("O 1s") * SUBSTRATE["O"] * substrate("O 1s"),
            "surface": strength("O 1s") * oxygen,
        },
        "S 2p": _share(truth, "S 2p", sulfur),
        "P 2p": _share(truth, "P 2p", phosphorus),
        "Ni 2p": {"nickel": strength("Ni 2p") * SUBSTRATE["Ni"] * substrate("Ni 2p")},
    }


def _share(truth: Mapping[str, float], region: str, total: float) -> dict[str, float]:
    """Split an area by the planted fractions ``xps.<region>.<component>.fraction``."""
    head, tail = f"xps.{region}.", ".fraction"
    shares = {
        q.removeprefix(head).removesuffix(tail): v
        for q, v in truth.items()
        if q.startswith(head) and q.endswith(tail)
    }
    norm = sum(shares.values())
    return {name: total * v / norm for name, v in shares.items()}
