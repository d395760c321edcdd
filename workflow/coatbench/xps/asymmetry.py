"""Where photoelectrons go: more of them leave across the X-rays than along them, and s lines more so than others.

L = 1 - beta/4 (3 cos^2 psi - 1) with psi the angle between X-rays and detected electrons, X-rays unpolarised (R. F. Reilman, A. Msezane,
S. T. Manson, J. Electron Spectrosc. Relat. Phenom. 8 (1976) 389); 1 at the magic angle of 54.7 degrees. Elastic scattering in the solid makes the
anisotropy smaller, a monochromator that polarises changes it: neither is in it. The parameter beta: `data/asymmetry.csv`.
"""

from __future__ import annotations

import csv
import math
from functools import cache
from pathlib import Path

from .shells import edges_eV, shells

_DATA = Path(__file__).parent / "data" / "asymmetry.csv"
LOWEST_EV, HIGHEST_EV = 1480.0, 10000.0  # photon energies that the equation was made for


@cache
def _coefficients() -> dict[str, list[float]]:
    lines = [s for s in _DATA.read_text(encoding="utf-8").splitlines() if not s.startswith("#")]
    return {row[0]: [float(v or 0) for v in row[1:]] for row in list(csv.reader(lines))[1:]}


def anisotropy(line: str, photon_eV: float, angle_deg: float) -> float | None:
    """Return L of a line, both parts of a doublet together; None where beta or the angle is not known.

    Parameters
    ----------
    line : str
        Element and orbital, ``Nb 3d``.
    photon_eV : float
    angle_deg : float
        Between X-rays and detected electrons.

    Examples
    --------
    >>> round(anisotropy("C 1s", 1486.6, 45.0), 3)
    0.751
    >>> round(anisotropy("Ni 2p", 1486.6, 45.0), 3)
    0.818
    """
    found = beta(line, photon_eV)
    if found is None or not math.isfinite(angle_deg):
        return None
    return 1 - 0.25 * found * (3 * math.cos(math.radians(angle_deg)) ** 2 - 1)


@cache
def beta(line: str, photon_eV: float) -> float | None:
    """Return the asymmetry parameter of a line, of doublets the mean by their degeneracies; None outside of the equation's range."""
    table, orbital = _coefficients(), line.partition(" ")[2][:2]
    edges, of = edges_eV(line), shells(line)
    if not of or len(edges) < len(of) or max(edges) >= photon_eV:
        return None
    if not 3 <= of[0][0] <= 98 or not LOWEST_EV <= photon_eV <= HIGHEST_EV:
        return None
    highest = 2 * "spdf".index(orbital[1]) + 1  # twice the j of the last subshell
    total = weight = 0.0
    for (number, _), edge, twice_j in zip(
        of, edges, (highest - 2, highest)[-len(of) :], strict=True
    ):
        name = orbital if len(of) == 1 else f"{orbital}{twice_j}/2"
        if name not in table:
            return None
        total += (twice_j + 1) * _beta(table[name], number, photon_eV, photon_eV - edge, orbital[1])
        weight += twice_j + 1
    return total / weight


def _beta(of: list[float], number: int, photon_eV: float, kinetic_eV: float, orbital: str) -> float:
    z, h = number / 100, photon_eV / 1000
    a, b, c, d, e, f, g, i, j, k, l, m = of  # noqa: E741  the names of the file
    if orbital == "s":
        rise = c * h**d * z ** (e * h**f)
        return a + b * h + rise - g * h**i * math.exp(j * h**k * z)
    parabola = c * h**d * (z - e * h**f) ** 2 * z ** (g * h)
    return a + b * h - parabola - i * math.exp(-((kinetic_eV / (j + k * h)) ** (l + m / h)))
