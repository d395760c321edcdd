"""Elastic binary collisions: the energy of an ion after one collision with a surface atom."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StudyError

if TYPE_CHECKING:
    from ..config_types import LeisConfig

DATA = Path(__file__).parent / "data"


class UnknownName(StudyError, ValueError):
    """An element or material of the config that is in no table."""

    def __init__(self, problem: str) -> None:
        super().__init__([f"config: leis: {problem}"])


class OutOfReach(ValueError):
    """What this ion cannot do: scatter from an atom that is too light, or lose energy by a table that there is not."""


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
    OutOfReach
        The atom is too light to scatter the ion by this angle.

    References
    ----------
    H. H. Brongersma, M. Draxler, M. de Ridder, P. Bauer, Surf. Sci. Rep. 62 (2007) 63, eq. 2.
    """
    ratio = target_mass_u / ion_mass_u
    theta = math.radians(angle_deg)
    under_root = ratio**2 - math.sin(theta) ** 2
    factor = math.cos(theta) + math.sqrt(under_root) if under_root >= 0 else None
    if factor is None or factor <= 0:
        raise OutOfReach(
            f"an atom of {target_mass_u:g} u does not scatter an ion of {ion_mass_u:g} u "
            f"by {angle_deg:g} degrees"
        )
    return ion_energy_eV * (factor / (1 + ratio)) ** 2


@functools.cache
def isotopes(element: str) -> tuple[tuple[float, float], ...]:
    """Return (mass in u, natural abundance) of the stable isotopes of an element.

    Raises
    ------
    UnknownName
        The element is not in the table.
    """
    with (DATA / "isotopes.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    found = tuple(
        (float(row["mass_u"]), float(row["abundance"])) for row in rows if row["element"] == element
    )
    if not found:
        known = ", ".join(dict.fromkeys(row["element"] for row in rows))
        raise UnknownName(f"no isotopes of {element!r} in the table; known: {known}")
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

    def __init__(self, config: LeisConfig) -> None:
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


def elastic_energies(elements: Iterable[str], geometry: Geometry) -> list[dict[str, Any]]:
    """List the elastic energies of elements: of the natural mixture and of each isotope.

    The energy of an atom that is too light to scatter the ion is None.
    """

    def energy(mass: float) -> float | None:
        try:
            return geometry.of_mass_eV(mass)
        except OutOfReach:
            return None

    rows: list[dict[str, Any]] = []
    for element in dict.fromkeys(elements):
        mean = mean_mass_u(element)
        kinds = [(mean, None, None), *((m, round(m), a) for m, a in isotopes(element))]
        rows += [
            {
                "element": element,
                "mass_u": mass,
                "isotope": isotope,
                "abundance": abundance,
                "elastic_energy_eV": energy(mass),
            }
            for mass, isotope, abundance in kinds
        ]
    return rows
