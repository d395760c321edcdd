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
from typing import TYPE_CHECKING

from .kinematics import DATA, Geometry

if TYPE_CHECKING:
    import numpy as np

MAX_DEPTH_NM = 60.0
STEP_NM = 0.02


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
def load(material: str) -> Stopping:
    """Return the stopping of a material from the frozen table.

    Raises
    ------
    ValueError
        The material is not in the table.
    """
    with (DATA / "stopping_he.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    own = [row for row in rows if row["material"] == material]
    if not own:
        known = ", ".join(dict.fromkeys(row["material"] for row in rows))
        raise ValueError(f"no stopping power of {material!r} in the table; known: {known}")
    columns = ("energy_eV", "electronic_eV_nm", "nuclear_eV_nm")
    return Stopping(material, *(tuple(float(row[c]) for row in own) for c in columns))


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
    import numpy as np

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
    depth = STEP_NM * np.arange(len(outward))
    return depth[keep], outward[keep]


def depth_of_energy(
    energy_eV: np.ndarray | float, stopping: Stopping, geometry: Geometry, mass_u: float, kind: str
) -> np.ndarray:
    """Depth in nm at which ions of these energies turned; NaN above the elastic energy or off the table."""
    import numpy as np

    depth, energy = energy_of_depth(stopping, geometry, mass_u, kind)
    wanted = np.asarray(energy_eV, float)
    # A window that starts at the elastic energy itself starts at the surface, whatever the rounding.
    wanted = np.where(np.isclose(wanted, energy[0], rtol=0, atol=1e-6), energy[0], wanted)
    return np.interp(wanted, energy[::-1], depth[::-1], left=np.nan, right=np.nan)
