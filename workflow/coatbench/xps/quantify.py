"""From areas to atomic percent: sensitivity factors and the transmission of the analyser.

Atomic percent = area / (RSF x T(E_kin)), normalised over the modelled regions of one spot. No escape depth is
applied: a layered sample has none that would be right for all of its lines.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from ..arrays import Arrays
from .asymmetry import anisotropy
from .shells import edges_eV, shells

_DATA = Path(__file__).parent / "data" / "rsf.csv"


@cache
def rsf_tables() -> dict[str, dict[str, float]]:
    """Return the frozen sensitivity factors: library -> line (``S 2p``) -> factor."""
    lines = [s for s in _DATA.read_text(encoding="utf-8").splitlines() if not s.startswith("#")]
    tables: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(lines):
        tables.setdefault(row["library"], {})[row["line"]] = float(row["rsf"])
    return tables


AL_KALPHA_EV, WITHIN_EV = 1486.6, 2.0  # the tables' photon energy, and how far one may be off
ESCAPE_EXPONENT = 0.75  # attenuation lengths grow with kinetic energy like this; Cumpson, Seah, Surf. Interface Anal. 25 (1997) 430
ESCAPE, ANGLE = "scofield_escape", "scofield_angle"
COMPUTED = ("scofield", ESCAPE, ANGLE)


def libraries() -> tuple[str, ...]:
    """Return the names of all choices of sensitivity factors."""
    return tuple(dict.fromkeys([*rsf_tables(), *COMPUTED]))


def rsf(
    library: str,
    line: str,
    extra: Mapping[str, float] | None = None,
    photon_eV: float = AL_KALPHA_EV,
    angle_deg: float = math.nan,
) -> float | None:
    """Return the sensitivity factor of a whole line, both parts of a doublet.

    Parameters
    ----------
    library : str
        ``scofield``: photoionisation cross sections relative to C 1s, from the frozen table for Al K-alpha, else
        computed at the photon energy; ``scofield_escape``: the same times the escape depth of the electrons
        relative to C 1s; ``scofield_angle``: times the anisotropy relative to C 1s (`asymmetry`); the others: empirical, for Al K-alpha only.
    line : str
        Element and orbital, ``Nb 3d``.
    extra : mapping, optional
        Factors of further lines from the configuration; they come first, for Al K-alpha only.
    photon_eV : float
        Photon energy; NaN counts as Al K-alpha.
    angle_deg : float
        Between X-rays and detected electrons; NaN: not known.

    Returns
    -------
    float or None
        None where the library has no factor for this line at this photon energy.

    Raises
    ------
    ValueError
        Unknown library.

    Examples
    --------
    >>> rsf("scofield", "Ni 2p")
    22.18
    >>> rsf("wagner", "Nb 3d") is None
    True
    """
    if library not in libraries():
        raise ValueError(f"unknown RSF library {library!r}; known: {', '.join(libraries())}")
    at_table = not abs(photon_eV - AL_KALPHA_EV) > WITHIN_EV
    if at_table and extra and line in extra:
        return float(extra[line])
    table = rsf_tables().get("scofield" if library in COMPUTED else library, {})
    factor = table.get(line) if at_table else None
    if library not in COMPUTED:
        return factor
    photon = AL_KALPHA_EV if at_table else photon_eV
    if factor is None:
        factor = computed_rsf(line, photon)
    if factor is None or library == "scofield":
        return factor
    if library == ANGLE:
        own, carbon = (anisotropy(x, photon, angle_deg) for x in (line, "C 1s"))
        return factor * own / carbon if own and carbon else None
    escape = kinetic_of(line, photon) / kinetic_of("C 1s", photon)
    return float(factor * escape**ESCAPE_EXPONENT)


@cache
def computed_rsf(line: str, photon_eV: float) -> float | None:
    """Return the photoionisation cross section of a line relative to C 1s at a photon energy, None if there is none.

    Cross sections are xraylib's (Kissel's partial photoelectric cross sections), summed over the subshells of
    the line; they agree with Scofield's of 1976 to 0.12 % for the lines of the frozen table.
    """
    own, carbon = _cross_section(line, photon_eV), _cross_section("C 1s", photon_eV)
    return own / carbon if own and carbon else None


def _cross_section(line: str, photon_eV: float) -> float:
    """Return the cross section per atom in cm^2/mol; 0 where the photons cannot ionise the line, or it is not one."""
    import xraylib

    total = 0.0
    for number, shell in shells(line):
        try:
            per_gram = xraylib.CS_Photo_Partial(number, shell, photon_eV / 1000)
            total += per_gram * xraylib.AtomicWeight(number)
        except ValueError:
            continue
    return total


@cache
def kinetic_of(line: str, photon_eV: float) -> float:
    """Return the nominal kinetic energy of a line's electrons in eV, from the element's edge energies."""
    edges = edges_eV(line)
    return photon_eV - min(edges) if edges else math.nan


def phi_transmission(kinetic_eV: float, pass_energy_eV: float, a: float, b: float) -> float:
    """Transmission of PHI analysers, T = E_p (a^2 / (a^2 + (E_k/E_p)^2))^b.

    `a` and `b` are the IntensityCalCoeff of the file (the law CasaXPS and MultiPak apply).
    """
    ratio = kinetic_eV / pass_energy_eV
    return pass_energy_eV * (a * a / (a * a + ratio * ratio)) ** b


def transmission(block: Arrays, kinetic_eV: float) -> tuple[float, str]:
    """Return T at a kinetic energy and where it is from: ``phi``, ``file`` or ``none`` (then 1).

    T is relative: only ratios within one measurement mean something.
    """
    coefficients = block.attrs.get("transmission_coefficients")
    pass_energy = block.attrs.get("pass_energy_eV", math.nan)
    if coefficients and pass_energy > 0 and kinetic_eV > 0:
        return phi_transmission(kinetic_eV, pass_energy, *coefficients), "phi"
    if "transmission" in block and (block["transmission"] != 1).any():
        order = np.argsort(block["kinetic_energy_eV"])
        kinetic = block["kinetic_energy_eV"][order]
        return float(np.interp(kinetic_eV, kinetic, block["transmission"][order])), "file"
    return 1.0, "none"
