"""Elastic binary collisions: the energy of an ion after one collision with a surface atom."""

from __future__ import annotations

import csv
import functools
import math
from pathlib import Path

DATA = Path(__file__).parent / "data"


def elastic_energy_eV(
    target_mass_u: float, ion_mass_u: float, ion_energy_eV: float, angle_deg: float
) -> float:
    """Return the energy of an ion scattered elastically by an atom at rest.

    E = E0 ((cos theta + sqrt(A^2 - sin^2 theta)) / (1 + A))^2 with A = target mass / ion mass.

    Parameters
    ----------
    target_mass_u, ion_mass_u : float
        Masses in u.
    ion_energy_eV : float
        Primary energy in eV.
    angle_deg : float
        Scattering angle in degrees.

    Raises
    ------
    ValueError
        The atom is too light to scatter the ion by this angle.

    References
    ----------
    H. H. Brongersma, M. Draxler, M. de Ridder, P. Bauer, Surf. Sci. Rep. 62 (2007) 63, eq. 2.
    """
    ratio = target_mass_u / ion_mass_u
    theta = math.radians(angle_deg)
    under_root = ratio**2 - math.sin(theta) ** 2
    factor = math.cos(theta) + math.sqrt(under_root) if under_root >= 0 else -1.0
    if factor <= 0:
        raise ValueError(
            f"an atom of {target_mass_u:g} u does not scatter an ion of {ion_mass_u:g} u "
            f"by {angle_deg:g} degrees"
        )
    return ion_energy_eV * (factor / (1 + ratio)) ** 2


@functools.cache
def isotopes(element: str) -> tuple[tuple[float, float], ...]:
    """Return (mass in u, natural abundance) of the stable isotopes of an element.

    Raises
    ------
    ValueError
        The element is not in the table.
    """
    with (DATA / "isotopes.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    found = tuple(
        (float(row["mass_u"]), float(row["abundance"])) for row in rows if row["element"] == element
    )
    if not found:
        known = ", ".join(dict.fromkeys(row["element"] for row in rows))
        raise ValueError(f"no isotopes of {element!r} in the table; known: {known}")
    return found


def mean_mass_u(element: str) -> float:
    """Return the abundance-weighted mass of an element in u."""
    table = isotopes(element)
    return sum(m * a for m, a in table) / sum(a for _, a in table)


class Geometry:
    """Projectile, primary energy and angles of one set of spectra, from the config.

    Parameters
    ----------
    config : dict
        `ion_mass_u`, `ion_energy_eV`, `scattering_angle_deg`, `incidence_angle_deg` (to the normal).
    """

    def __init__(self, config: dict) -> None:
        self.ion_mass_u = float(config["ion_mass_u"])
        self.ion_energy_eV = float(config["ion_energy_eV"])
        self.scattering_angle_deg = float(config["scattering_angle_deg"])
        self.incidence_angle_deg = float(config["incidence_angle_deg"])

    @property
    def exit_angle_deg(self) -> float:
        """Angle of the detected ions to the surface normal."""
        return 180.0 - self.scattering_angle_deg - self.incidence_angle_deg

    def energy_eV(self, element: str) -> float:
        """Elastic energy of an element at its mean mass, as labels and windows use it."""
        return self.of_mass_eV(mean_mass_u(element))

    def of_mass_eV(self, mass_u: float) -> float:
        """Elastic energy of an atom of this mass."""
        return elastic_energy_eV(
            mass_u, self.ion_mass_u, self.ion_energy_eV, self.scattering_angle_deg
        )


def elastic_energies(config: dict) -> list[dict[str, float | str | None]]:
    """List the elastic energies of the config's elements: of the natural mixture and of each isotope."""
    geometry = Geometry(config)
    names = [e for entry in config["elements"] for e in entry.split("/")]
    rows: list[dict[str, float | str | None]] = []
    for element in dict.fromkeys([*names, config["edge_element"]]):
        mean = mean_mass_u(element)
        mixture = {
            "isotope": None,
            "abundance": None,
            "elastic_energy_eV": geometry.of_mass_eV(mean),
        }
        rows.append({"element": element, "mass_u": mean, **mixture})
        for mass, abundance in isotopes(element):
            energy = geometry.of_mass_eV(mass)
            rows.append(
                {
                    "element": element,
                    "mass_u": mass,
                    "isotope": round(mass),
                    "abundance": abundance,
                    "elastic_energy_eV": energy,
                }
            )
    return rows
