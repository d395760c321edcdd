"""From the energy that an ion lost to the depth at which it turned: a stopping-power depth scale.

The ion goes in straight, is scattered once, and comes out straight. With the total stopping the depth is a
lower limit (part of the nuclear loss is the collision itself), with the electronic stopping alone an
upper one: the two are the bracket of this model.
"""

from __future__ import annotations

import csv
import functools
import math
from dataclasses import dataclass

import numpy as np

from .kinematics import DATA, Geometry, OutOfReach, UnknownName, mean_mass_u

MAX_DEPTH_NM = 60.0
STEP_NM = 0.02
# Projectiles with a table, by mass in u; a stopping power belongs to one nucleus, another isotope has its own.
TABLES = {"he": 4.002603, "ne": 19.992440}
SAME_MASS = 0.015  # relative: natural neon is 0.9 % heavier than 20Ne, 3He 25 % lighter than 4He


@dataclass(frozen=True)
class Stopping:
    """Stopping power of one material for the projectile of the table.

    Attributes
    ----------
    material : str
    energy_eV, electronic_eV_nm, nuclear_eV_nm : tuples of float
        Ascending in energy.
    """

    material: str
    energy_eV: tuple[float, ...]
    electronic_eV_nm: tuple[float, ...]
    nuclear_eV_nm: tuple[float, ...]

    def power(self, kind: str) -> tuple[float, ...]:
        """Return the stopping power on the table's energies; `kind` is ``total`` or ``electronic``."""
        if kind == "electronic":
            return self.electronic_eV_nm
        return tuple(e + n for e, n in zip(self.electronic_eV_nm, self.nuclear_eV_nm, strict=True))


@functools.cache
def load(material: str, ion_mass_u: float = TABLES["he"]) -> Stopping:
    """Return the stopping of a material for a projectile from the frozen tables.

    Raises
    ------
    OutOfReach
        There is no table for this projectile.
    UnknownName
        The material is not in the table.
    """
    name = next((n for n, m in TABLES.items() if abs(ion_mass_u / m - 1) <= SAME_MASS), None)
    if name is None:
        known = ", ".join(f"{n.capitalize()} ({m:g} u)" for n, m in TABLES.items())
        raise OutOfReach(
            f"no stopping power for ions of {ion_mass_u:g} u, so no depths; there are tables for {known}"
        )
    with (DATA / f"stopping_{name}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    own = [row for row in rows if row["material"] == material]
    if not own:
        known = ", ".join(dict.fromkeys(row["material"] for row in rows))
        raise UnknownName(f"no stopping power of {material!r} in the table; known: {known}")
    columns = ("energy_eV", "electronic_eV_nm", "nuclear_eV_nm")
    return Stopping(material, *(tuple(float(row[c]) for row in own) for c in columns))


@dataclass(frozen=True)
class DepthScale:
    """Depth against energy for one material, edge and geometry; without a stopping power there are no depths.

    Attributes
    ----------
    stopping : Stopping or None
    geometry : Geometry
    mass_u : float
        Mass of the atom that the ion turns at.
    missing : str
        Why there is no depth, in words; empty where there is.
    """

    stopping: Stopping | None
    geometry: Geometry
    mass_u: float
    missing: str = ""

    def depth_nm(self, energy_eV: np.ndarray | float, kind: str) -> np.ndarray:
        """Depth of these energies; NaN where there is none."""
        if self.stopping is None:
            return np.full(np.shape(energy_eV), np.nan)
        return depth_of_energy(energy_eV, self.stopping, self.geometry, self.mass_u, kind)


def depth_scale(material: str, geometry: Geometry, element: str) -> DepthScale:
    """Return the depth scale of a material, counted from an element's elastic energy.

    A projectile without a stopping power, an energy beyond the table and an atom that does not scatter the
    ion leave a scale without depths that says why.
    """
    mass = mean_mass_u(element)
    try:
        top = geometry.of_mass_eV(mass)
        stopping = load(material, geometry.ion_mass_u)
        low, high = stopping.energy_eV[0], stopping.energy_eV[-1]
        if geometry.ion_energy_eV > high or top <= low:
            raise OutOfReach(
                f"no stopping power at {geometry.ion_energy_eV:g} and {top:.0f} eV, so no depths; the table "
                f"of {material} holds {low:g} to {high:g} eV"
            )
    except OutOfReach as error:
        return DepthScale(None, geometry, mass, str(error))
    return DepthScale(stopping, geometry, mass)


@functools.lru_cache(maxsize=32)  # each window and curve of a sample's spectra asks again
def energy_of_depth(
    stopping: Stopping, geometry: Geometry, mass_u: float, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Energy at the detector of an ion that turned at an atom of `mass_u` in a given depth.

    Returns
    -------
    depth_nm, energy_eV : arrays
        Depth ascending from 0, energy descending; they end where the ion would come out with
        less than the lowest energy of the table.
    """
    table_energy = np.array(stopping.energy_eV)
    table_power = np.array(stopping.power(kind))
    floor = table_energy[0]

    def power(energy: np.ndarray) -> np.ndarray:
        return np.interp(energy, table_energy, table_power)

    path_in = 1 / math.cos(math.radians(geometry.incidence_angle_deg))
    path_out = 1 / math.cos(math.radians(geometry.exit_angle_deg))
    factor = geometry.of_mass_eV(mass_u) / geometry.ion_energy_eV
    n = int(MAX_DEPTH_NM / STEP_NM) + 1
    # Energies before the collision at each depth, by the midpoint rule.
    inward = np.full(n, np.nan)
    energy = geometry.ion_energy_eV
    for i in range(n):
        if energy * factor <= floor:
            break
        inward[i] = energy
        middle = energy - 0.5 * STEP_NM * path_in * float(power(np.array(energy)))
        energy -= STEP_NM * path_in * float(power(np.array(middle)))
    inward = inward[~np.isnan(inward)]
    # All depths leave together: at each step those that are still inside move one layer up.
    outward = inward * factor
    for layer in range(len(outward) - 1, 0, -1):
        inside = outward[layer:]
        middle = np.maximum(inside - 0.5 * STEP_NM * path_out * power(inside), floor)
        outward[layer:] = np.maximum(inside - STEP_NM * path_out * power(middle), 0.0)
    keep = outward > floor
    found = (STEP_NM * np.arange(len(outward)))[keep], outward[keep]
    for array in found:
        array.flags.writeable = False  # one for all who ask
    return found


def depth_of_energy(
    energy_eV: np.ndarray | float, stopping: Stopping, geometry: Geometry, mass_u: float, kind: str
) -> np.ndarray:
    """Depth in nm at which ions of these energies turned; NaN above the elastic energy or off the table."""
    depth, energy = energy_of_depth(stopping, geometry, mass_u, kind)
    wanted = np.asarray(energy_eV, float)
    # A window that starts at the elastic energy itself starts at the surface, whatever the rounding.
    wanted = np.where(np.isclose(wanted, energy[0], rtol=0, atol=1e-6), energy[0], wanted)
    return np.interp(wanted, energy[::-1], depth[::-1], left=np.nan, right=np.nan)
