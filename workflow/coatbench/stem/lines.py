"""X-ray lines of the elements as a detector shows them."""

from __future__ import annotations

import math

# Lines in keV with their share of the series, by series; J. A. Bearden, Rev. Mod. Phys. 39 (1967) 78.
SERIES: dict[str, dict[str, tuple[float, ...]]] = {
    "K": {
        "C": (0.277,), "N": (0.392,), "O": (0.525,), "F": (0.677,), "Na": (1.041,), "Mg": (1.254,), "Al": (1.487,),
        "Si": (1.740, 1.836), "P": (2.014, 2.139), "S": (2.308, 2.464), "Cl": (2.622, 2.816), "K": (3.314, 3.590),
        "Ca": (3.692, 4.013), "Ti": (4.511, 4.932), "V": (4.952, 5.427), "Cr": (5.415, 5.947), "Mn": (5.899, 6.490),
        "Fe": (6.404, 7.058), "Co": (6.930, 7.649), "Ni": (7.478, 8.265), "Cu": (8.048, 8.905), "Zn": (8.639, 9.572),
        "Zr": (15.775, 17.668), "Nb": (16.615, 18.623),
    },
    "L": {
        "Ti": (0.452,), "V": (0.511,), "Cr": (0.573,), "Mn": (0.637, 0.649), "Fe": (0.705, 0.719), "Co": (0.776, 0.791),
        "Ni": (0.852, 0.869), "Cu": (0.930, 0.950), "Zn": (1.012, 1.035), "Ga": (1.098, 1.125), "Ge": (1.188, 1.219),
        "Y": (1.923, 1.996), "Zr": (2.042, 2.124), "Nb": (2.166, 2.257), "Mo": (2.293, 2.395), "In": (3.287, 3.487),
        "Sn": (3.444, 3.663), "La": (4.651, 5.042),
    },
    "M": {
        "Ta": (1.710, 1.766), "W": (1.775, 1.835), "Ir": (1.980, 2.054), "Pt": (2.051, 2.127), "Au": (2.123, 2.205),
        "Pb": (2.346, 2.443), "Bi": (2.423, 2.526),
    },
}  # fmt: skip
SECOND_LINE = {"K": 0.1, "L": 0.6, "M": 0.6}  # of the first one


def fwhm_keV(line_keV: float) -> float:
    """Width of a line in a silicon drift detector: 130 eV at Mn K, electronic part and Fano statistics."""
    return math.sqrt(0.05**2 + (0.130**2 - 0.05**2) * line_keV / 5.899)


def line_of(element: str, low_keV: float, high_keV: float) -> tuple[str, tuple[float, ...]]:
    """Return the series and the lines of an element that a spectrum holds, K before L before M.

    Raises
    ------
    ValueError
        The element is not known, or none of its lines is in the spectrum.
    """
    known = [(s, SERIES[s][element]) for s in SERIES if element in SERIES[s]]
    if not known:
        names = dict.fromkeys(e for series in SERIES.values() for e in series)
        raise ValueError(f"no line of {element!r} is known; known: {', '.join(names)}")
    for series, lines in known:
        if low_keV + fwhm_keV(lines[0]) < lines[0] < high_keV - fwhm_keV(lines[0]):
            return series, lines
    places = ", ".join(f"{series} at {lines[0]} keV" for series, lines in known)
    raise ValueError(f"{element} {places}: outside the spectrum")


def overlaps(element: str, line_keV: float) -> list[tuple[str, str]]:
    """Return the elements and series that have a line within one detector width of a line."""
    width = fwhm_keV(line_keV)
    return [
        (other, series)
        for series, lines in SERIES.items()
        for other, energies in lines.items()
        if other != element and any(abs(e - line_keV) <= width for e in energies)
    ]
