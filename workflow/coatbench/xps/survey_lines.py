"""Where an element's photoelectron lines and Auger groups lie in a survey.

Energies: the library of lines, else xraylib's edges (BSD licence; T. Schoonjans et al., Spectrochim. Acta B 66 (2011) 776).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from .library import library, states
from .quantify import rsf
from .shells import SUBSHELLS

TOLERANCE_EV = (
    2.4,
    4.5,
)  # how far a peak may lie from an energy of the library's states, and from one of xraylib
AUGER_K_EV = 22.0, 26.0  # how far a K group reaches below and above what edges give: many lines
# The same for a line of other groups; two holes in deep shells repel each other: above, by the number of those in M1 to M3.
AUGER_EV = 6.0, (14.0, 22.0, 30.0)
VALENCE_EV = 12.0  # below it lie valence bands
# Lines that are broadened by fast decay, as a factor on the height of their peak.
_NARROW = {"2s": 0.4, "3s": 0.25, "3p": 0.35, "4s": 0.2, "4p": 0.15, "4d": 0.3}
# Groups, and how high they are at most relative to the element's highest line.
_AUGER = {
    ("K", "L1", "L1"): math.inf, ("K", "L1", "L3"): math.inf, ("K", "L3", "L3"): math.inf, ("L3", "M1", "M3"): 0.25, ("L3", "M3", "M3"): 0.25,
    ("L3", "M3", "M5"): 0.4, ("L3", "M5", "M5"): 0.8, ("L2", "M5", "M5"): 0.25, ("M5", "N3", "N3"): 1.0, ("M5", "N5", "N5"): 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class SurveyLine:
    """A line as a survey shows it: first and last energy of its parts, tolerance in eV, sensitivity factor, relative height."""

    line: str
    energy_eV: float
    last_eV: float
    tolerance_eV: float
    factor: float
    height: float


@cache
def lines_of(element: str, photon_eV: float) -> tuple[SurveyLine, ...]:
    """Return an element's lines, those with the highest peaks first."""
    import xraylib

    number, found = xraylib.SymbolToAtomicNumber(element), []
    for orbital, shells in SUBSHELLS.items():
        line = f"{element} {orbital}"
        try:
            edges = [
                1000 * xraylib.EdgeEnergy(number, getattr(xraylib, f"{s}_SHELL")) for s in shells
            ]
        except ValueError:
            continue
        known = library().get(line)
        energy = known.binding_energy_eV if known else min(edges)
        span = (known.splitting_eV or 0.0) if known else max(edges) - min(edges)
        factor = rsf("scofield", line, photon_eV=photon_eV)
        if factor and VALENCE_EV < energy < photon_eV - 50:
            # Slow electrons come from less far: Mg 1s is no higher than Mg 2s.
            height = (rsf("scofield_escape", line, photon_eV=photon_eV) or 0.0) * _NARROW.get(
                orbital, 1.0
            )
            tolerance = TOLERANCE_EV[1]
            if known:
                own = [entry.binding_energy_eV for entry in states()[line]]
                energy = (min(own) + max(own)) / 2
                tolerance = TOLERANCE_EV[0] + (max(own) - min(own)) / 2
            found.append(SurveyLine(line, energy, energy + span, tolerance, factor, height))
    return tuple(sorted(found, key=lambda f: -f.height))


@cache
def auger_of(element: str, photon_eV: float) -> tuple[tuple[float, float, float], ...]:
    """Return first and last apparent binding energy of an element's Auger groups in eV, and their greatest relative height."""
    import xraylib

    number = xraylib.SymbolToAtomicNumber(element)
    groups: dict[str, list[float]] = {}
    most: dict[str, float] = {}
    for names, share in _AUGER.items():
        try:
            a, b, c = (
                1000 * xraylib.EdgeEnergy(number, getattr(xraylib, f"{n}_SHELL")) for n in names
            )
        except ValueError:
            continue
        if a - b - c > 50:
            # The lines of a K group overlap, those of others stand apart: a peak between them may be a photoelectron line.
            group = names[0] if names[0] == "K" else " ".join(names)
            groups.setdefault(group, []).append(photon_eV - (a - b - c))
            most[group] = share
    deep = {g: sum(name in ("M1", "M3") for name in g.split()) for g in groups}
    reach = {g: AUGER_K_EV if g == "K" else (AUGER_EV[0], AUGER_EV[1][deep[g]]) for g in groups}
    return tuple((min(v) - reach[g][0], max(v) + reach[g][1], most[g]) for g, v in groups.items())
