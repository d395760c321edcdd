"""What CasaXPS keeps in the comment of a VAMAS block: calibration, regions and fitted components.

A component line reads ``CASA comp (*name*) (*shape*) Area v lo hi link factor MFWHM ... Position ...``.
A link of -1 is a free parameter, else the index of the component that it is tied to: by a factor for area
and width, by a shift in kinetic energy for the position. Energies are kinetic, in the calibrated frame:
binding energy = photon energy - position. Areas are in counts/s x eV over all energies.
Layout after the public description of cheminfo/vamas and pynxtools-xps.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_REGION = re.compile(rf"CASA region \(\*(.*?)\*\) \(\*(.*?)\*\)((?:\s+{_NUMBER})+)")
_COMPONENT = re.compile(r"CASA comp \(\*(.*?)\*\) \(\*(.*?)\*\)\s+(.*)")
_PARAMETER = re.compile(
    rf"\b(Area|MFWHM|Position)\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})\s+(-?\d+)\s+({_NUMBER})"
)
_CALIBRATION = re.compile(rf"Calib M = ({_NUMBER}) A = ({_NUMBER}) (BE|KE) ADD(.*)")
_RSF = re.compile(rf"\bRSF ({_NUMBER})")


@dataclass(frozen=True)
class CasaParameter:
    """Value, limits and link of one parameter (link -1: free)."""

    value: float
    low: float
    high: float
    link: int
    factor: float


@dataclass(frozen=True)
class CasaComponent:
    """One fitted component as stored."""

    name: str
    shape: str
    area: CasaParameter
    fwhm: CasaParameter
    position: CasaParameter
    rsf: float

    def binding_energy_eV(self, photon_energy_eV: float) -> float:
        """Binding energy in the calibrated frame, in eV."""
        return photon_energy_eV - self.position.value


@dataclass(frozen=True)
class CasaRegion:
    """One quantification region: kinetic start and end in eV, background type, RSF, points averaged, cross section (B, C, D, T0)."""

    name: str
    background: str
    start_eV: float
    end_eV: float
    rsf: float
    average_width: int
    cross_section: tuple[float, ...] = ()


@dataclass(frozen=True)
class CasaFit:
    """All that CasaXPS stored with a block.

    Attributes
    ----------
    shift_eV : float
        Sum of the calibrations, actual minus measured binding energy; NaN where one of them does not say it.
    regions, components : list
    """

    shift_eV: float = 0.0
    regions: list[CasaRegion] = field(default_factory=list)
    components: list[CasaComponent] = field(default_factory=list)


def parse(lines: list[str]) -> tuple[CasaFit | None, list[str]]:
    """Read the CasaXPS part of a block comment.

    Returns
    -------
    fit : CasaFit or None
        None where the comment holds no CasaXPS information.
    problems : list of str
        Lines that look like CasaXPS and do not parse; they are left out.
    """
    if not any(line.startswith(("Casa Info Follows", "CASA ", "Calib M")) for line in lines):
        return None, []
    shift, regions, components, problems = 0.0, [], [], []
    for line in lines:
        if line.startswith("CASA region"):
            region = _region(line)
            regions.append(region) if region else problems.append(line)
        elif line.startswith("CASA comp"):
            component = _component(line)
            components.append(component) if component else problems.append(line)
        elif match := _CALIBRATION.match(line):
            measured, actual = float(match[1]), float(match[2])
            step = actual - measured
            shift += step if match[3] == "BE" else -step
        elif line.startswith("Calib"):
            # `Calib M = 282.4,283.5 A = 286.8 BE ADD`: the maximum in that range was put there; how far that was is not said.
            shift = math.nan
            problems.append(line)
    notes = [f"CasaXPS comment not understood: {line[:60]!r}" for line in problems]
    return CasaFit(shift, regions, components), notes


def _region(line: str) -> CasaRegion | None:
    match = _REGION.match(line)
    if not match:
        return None
    values = [float(v) for v in match[3].split()]
    if len(values) < 4:
        return None
    cross = tuple(values[6:10]) if len(values) >= 10 else ()
    return CasaRegion(match[1], match[2], values[0], values[1], values[2], int(values[3]), cross)


def _component(line: str) -> CasaComponent | None:
    match = _COMPONENT.match(line)
    if not match:
        return None
    found = {
        p[1]: CasaParameter(float(p[2]), float(p[3]), float(p[4]), int(p[5]), float(p[6]))
        for p in _PARAMETER.finditer(match[3])
    }
    rsf = _RSF.search(match[3])
    if set(found) != {"Area", "MFWHM", "Position"}:
        return None
    return CasaComponent(
        match[1],
        match[2],
        found["Area"],
        found["MFWHM"],
        found["Position"],
        float(rsf[1]) if rsf else float("nan"),
    )
