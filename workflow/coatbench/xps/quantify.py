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

_DATA = Path(__file__).parent / "data" / "rsf.csv"


@cache
def rsf_tables() -> dict[str, dict[str, float]]:
    """Return the frozen sensitivity factors: library -> line (``S 2p``) -> factor."""
    lines = [s for s in _DATA.read_text(encoding="utf-8").splitlines() if not s.startswith("#")]
    tables: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(lines):
        tables.setdefault(row["library"], {})[row["line"]] = float(row["rsf"])
    return tables


def rsf(library: str, line: str, extra: Mapping[str, float] | None = None) -> float | None:
    """Return the factor of a line, from the configuration's own table first; None if unknown.

    Raises
    ------
    ValueError
        Unknown library.
    """
    if extra and line in extra:
        return float(extra[line])
    tables = rsf_tables()
    if library not in tables:
        raise ValueError(f"unknown RSF library {library!r}; known: {', '.join(tables)}")
    return tables[library].get(line)


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
