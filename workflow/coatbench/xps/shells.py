"""The subshells that a photoelectron line is of, as xraylib counts them."""

from __future__ import annotations

SUBSHELLS = {
    "1s": ("K",), "2s": ("L1",), "2p": ("L2", "L3"), "3s": ("M1",), "3p": ("M2", "M3"), "3d": ("M4", "M5"),
    "4s": ("N1",), "4p": ("N2", "N3"), "4d": ("N4", "N5"), "4f": ("N6", "N7"), "5s": ("O1",), "5p": ("O2", "O3"),
    "5d": ("O4", "O5"), "6s": ("P1",), "6p": ("P2", "P3"),
}  # fmt: skip


def shells(line: str) -> list[tuple[int, int]]:
    """Return atomic number and xraylib's shells of a line, the lower j first; nothing for what is no line."""
    import xraylib

    element, _, orbital = line.partition(" ")
    try:
        number = xraylib.SymbolToAtomicNumber(element)
    except ValueError:
        return []
    return [(number, getattr(xraylib, f"{s}_SHELL")) for s in SUBSHELLS.get(orbital[:2], ())]


def edges_eV(line: str) -> list[float]:
    """Return the edge energies of a line's subshells that the element has."""
    import xraylib

    found = []
    for number, shell in shells(line):
        try:
            found.append(1000 * xraylib.EdgeEnergy(number, shell))
        except ValueError:
            continue
    return found
