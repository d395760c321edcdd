"""A short library of photoelectron lines: where they lie, and the start of a model for a region that has none."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data" / "components.csv"


@dataclass(frozen=True)
class LibraryLine:
    """One line: energies in eV, of doublets the first one's, splitting and area ratio of the second (None: no doublet)."""

    line: str
    component: str
    binding_energy_eV: float
    within_eV: float
    fwhm_eV: float
    splitting_eV: float | None
    ratio: float | None
    source: str


@cache
def library() -> dict[str, LibraryLine]:
    """Return the commonest state of each line, ``Nb 3d``."""
    return {line: entries[0] for line, entries in states().items()}


@cache
def states() -> dict[str, list[LibraryLine]]:
    """Return all states of each line, the commonest first."""
    text = _DATA.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in text if not line.startswith("#"))
    found: dict[str, list[LibraryLine]] = {}
    for row in rows:
        entry = LibraryLine(
            row["line"],
            row["component"],
            float(row["binding_energy_eV"]),
            float(row["within_eV"]),
            float(row["fwhm_eV"]),
            float(row["splitting_eV"]) if row["splitting_eV"] else None,
            float(row["ratio"]) if row["ratio"] else None,
            row["source"],
        )
        found.setdefault(entry.line, []).append(entry)
    return found


def proposed(line: str) -> str:
    """Return the start of a model for a region as one line of YAML, empty where the library does not know the line.

    Examples
    --------
    >>> proposed("Al 2p")
    'Al 2p: {window_eV: [69.2, 79.2], components: {oxide: {binding_energy_eV: 74.2, within_eV: 0.7, fwhm_eV: 1.6, fwhm_limits_eV: [1.0, 2.6]}}}'
    >>> proposed("Xx 9z")
    ''
    """
    entry = library().get(line)
    if entry is None:
        return ""
    above = (entry.splitting_eV or 0.0) + 5.0
    low, high = entry.binding_energy_eV - 5.0, entry.binding_energy_eV + above
    doublet = (
        f", doublet: {{splitting_eV: {entry.splitting_eV:g}, ratio: {entry.ratio:g}}}"
        if entry.splitting_eV
        else ""
    )
    limits = f"[{0.6 * entry.fwhm_eV:.1f}, {1.6 * entry.fwhm_eV:.1f}]"
    return (
        f"{line}: {{window_eV: [{low:.1f}, {high:.1f}]{doublet}, components: {{{entry.component}: "
        f"{{binding_energy_eV: {entry.binding_energy_eV:g}, within_eV: {entry.within_eV:g}, fwhm_eV: {entry.fwhm_eV:g}, "
        f"fwhm_limits_eV: {limits}}}}}}}"
    )
